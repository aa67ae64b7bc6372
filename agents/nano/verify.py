"""Checks of a nano answer against its prompt that need no model: copied values, forms, names."""

from __future__ import annotations

import ast
import datetime as dt
import json
import re
from collections.abc import Callable

from agents.nano.data.calendar import MONTHS
from agents.nano.data.coding import OPERATIONS, SHELL, SQL
from agents.nano.data.desk import INTENTS, PRIORITIES, REPLIES
from agents.nano.data.fields import FIELDS
from agents.nano.data.grammar import compact
from agents.nano.lexicon import fold, is_wording, unfamiliar

Check = Callable[[str, str], str | None]

_EXPLICIT_KEYS = re.compile(
    r"(?:keys|fields|chaves|campos|JSON|json|containing|contendo|are|são|esquema):?\s+"
    r"((?:[a-z]\w*)(?:(?:, | and | e )[a-z]\w*)+|[a-z]+(?:_[a-z]+)+)(?=[\s.:]|$)"
)
_LAST_KEY = re.compile(r"(?i)(?:json object containing|keys|key|chaves|chave):? (\w+)\W*$")
# Names that also name the text itself ("from this email") say nothing about what is asked.
_AMBIGUOUS = {
    "email",
    "mail",
    "e-mail",
    "pedido",
    "fatura",
    "nota fiscal",
    "day",
    "item",
    "order id",
}
_NUMBER_FIELDS = {
    "phone",
    "date",
    "due",
    "total",
    "quantity",
    "order",
    "invoice",
    "tracking",
    "postcode",
}

_WORD_FIELDS = {"name", "customer", "company", "city", "product"}

# Fields whose names overlap ("name" lies in "customer name").
_TWINS = {"name": "customer", "customer": "name", "date": "due", "due": "date"}


def verify(family: str, prompt: str, answer: str) -> str | None:
    """None where nothing is wrong, else what is, in plain English."""
    check = _CHECKS.get(family)
    if check is None:
        return f"{family} is not a family that is answered here"
    if not answer.strip():
        return "the answer is empty"
    return check(prompt, answer) or unfamiliar(family, prompt, answer)


def digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _object(answer: str) -> dict[str, str] | None:
    """The flat JSON object of strings that an answer is, or None."""
    try:
        parsed = json.loads(answer)
    except ValueError:
        return None
    if not isinstance(parsed, dict) or not parsed:
        return None
    if not all(isinstance(v, str) and v for v in parsed.values()):
        return None
    # Only the compact spelling; this refuses a key that stands twice, too.
    return parsed if compact(parsed) == answer else None


def _field_of(key: str) -> str | None:
    for table in FIELDS.values():
        for name, field in table.items():
            if key == field.key or key in field.keys:
                return name
    return None


def _misfit(field: str | None, value: str) -> bool:
    """Whether a value cannot be of its field."""
    if field == "email":
        return re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", value) is None
    if field == "phone":
        return not 6 <= len(digits(value)) <= 15
    if field in ("name", "customer", "city"):
        return any(c.isdigit() or c == "@" for c in value) or _trails_off(value)
    if field in ("order", "invoice"):
        return len(digits(value)) < _SHORTEST_NUMBER
    return field in _NUMBER_FIELDS and not digits(value)


_SHORTEST_NUMBER = 3


def _trails_off(name: str) -> bool:
    """Whether a name of several words ends in a small letter: "Ana Lima asks"."""
    return " " in name and name.rsplit(" ", 1)[1][:1].islower()


_NAMES_KEYS = re.compile(r"(?i)keys|fields|chaves|campos|json: |contain|contendo")
_DUE = re.compile(r"(?i)(due|deadline|payable|pay by|vence|vencimento|prazo|pague)[^.;,\n]{0,12}$")
_UNITS = re.compile(r"(?i) ?(years|months|days|anos|dias|meses|horas|%|pm\b)")
_SURNAME = re.compile(r" (?:(?:de|da|do|dos|van|De) )?[A-ZÀ-Ý][a-zà-ÿ]")


def _stands_as(field: str | None, value: str, prompt: str) -> bool:
    """Whether a value stands whole, somewhere, with nothing beside it that says otherwise."""
    for match in re.finditer(rf"(?<![\w]){re.escape(value)}(?!\w|[.,-]\w)", prompt):
        before, after = prompt[: match.start()], prompt[match.end() :]
        if field == "date" and _DUE.search(before):
            continue
        if field in ("name", "customer") and _SURNAME.match(after):
            continue
        if field == "quantity" and (_UNITS.match(after) or re.search(r"[\d$€£][.,]?$", before)):
            continue
        if field == "quantity" and re.match(r" [A-Z]", after):  # the number of a house
            continue
        return True
    return False


def asked_fields(instruction: str) -> set[str]:
    """The fields that an instruction names, the longest names first so that none counts twice."""
    text = fold(instruction)
    found: set[str] = set()
    names = [
        (fold(n), f) for table in FIELDS.values() for f, field in table.items() for n in field.names
    ]
    for name, field in sorted(set(names), key=lambda pair: -len(pair[0])):
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        if re.search(pattern, text):
            text = re.sub(pattern, "#", text)
            if name not in _AMBIGUOUS:
                found.add(field)
    return found


def _extract(prompt: str, answer: str) -> str | None:
    pairs = _object(answer)
    if pairs is None:
        return "the answer is not a flat JSON object of strings"
    for key, value in pairs.items():
        if value not in prompt:
            return f"{value!r} does not occur in the prompt"
        if _misfit(_field_of(key), value) or not _stands_as(_field_of(key), value, prompt):
            return f"{value!r} cannot be the {key}"
        if _field_of(key) in _WORD_FIELDS and is_wording("extract", value):
            return f"{value!r} holds a word of the sentence around it"
    if len(set(pairs.values())) < len(pairs):
        return "two fields have the same value"
    explicit = [re.split(r", | and | e ", m.group(1)) for m in _EXPLICIT_KEYS.finditer(prompt)]
    if any(keys == list(pairs) for keys in explicit):
        return None
    meant = [keys for keys in explicit if len(keys) > 1 or "_" in keys[0]]
    meant += [[m.group(1)] for m in _LAST_KEY.finditer(prompt)]
    if list(pairs) in meant:
        return None
    if any(all(_field_of(key) for key in keys) for keys in meant):
        return f"the keys {list(pairs)} are not those asked for"
    canonical = {field.key for table in FIELDS.values() for field in table.values()}
    if not set(pairs) <= canonical and not _NAMES_KEYS.search(prompt):
        return f"the keys {list(pairs)} are not the usual ones"
    answered = {_field_of(key) for key in pairs}
    if None in answered:
        return f"the keys {list(pairs)} are not all known"
    named = asked_fields(prompt)
    for key in pairs:
        field = _field_of(key)
        if field not in named | {"email", "product", "order", "invoice"} and not _has_word(
            prompt, key
        ):
            return f"the prompt does not ask for the {key}"
    return _missed(prompt, pairs, {f for f in answered if f is not None})


def _missed(prompt: str, pairs: dict[str, str], answered: set[str]) -> str | None:
    """A field that the instruction names and the answer lacks; only where the instruction leads."""
    head = re.split(r"[:\n]", prompt, maxsplit=1)[0]
    if any(value in head for value in pairs.values()):
        return None
    asked = asked_fields(head)
    if asked & _TWINS.keys() & answered:
        asked -= {_TWINS[f] for f in answered if f in _TWINS}
    missed = sorted(asked - answered)
    return f"the {missed[0]} was asked for and not given" if asked & answered and missed else None


def _contact(prompt: str, answer: str) -> str | None:
    pairs = _object(answer)
    if pairs is None or not set(pairs) <= {"name", "nome", "email", "phone", "telefone"}:
        return "the answer is not a contact in JSON"
    if len(pairs) < 2:
        return "a contact has at least two of name, email and phone"
    for key, value in pairs.items():
        if value not in prompt or _misfit(_field_of(key), value):
            return f"{value!r} is not the {key} of the prompt"
    if "@" in prompt and "email" not in pairs:
        return "the email of the prompt is missing"
    return None


def _date(prompt: str, answer: str) -> str | None:
    try:
        date = dt.date.fromisoformat(answer)
    except ValueError:
        return f"{answer!r} is not an ISO date"
    numbers = [int(n) for n in re.findall(r"\d+", prompt)]
    months = [MONTHS[language][date.month - 1] for language in MONTHS]
    text = fold(prompt)
    by_name = any(re.search(rf"(?<![a-z]){fold(m)[:3]}", text) for m in months)
    if date.year not in numbers or date.day not in numbers:
        return f"the year or the day of {answer} is not in the prompt"
    if not by_name and numbers.count(date.month) < (2 if date.day == date.month else 1):
        return f"the month of {answer} is not in the prompt"
    return None


_HOURS = {
    fold(word): hour
    for words in ("one two three four five six seven eight nine ten eleven twelve",
                  "uma duas tres quatro cinco seis sete oito nove dez onze doze")
    for hour, word in enumerate(words.split(), 1)
}  # fmt: skip


def _time(prompt: str, answer: str) -> str | None:
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", answer)
    if match is None:
        return f"{answer!r} is not a time of day"
    hour, minute = int(match[1]), int(match[2])
    text = fold(prompt)
    numbers = {int(n) for n in re.findall(r"\d+", text)}
    # Minutes follow a colon or an h; the 24 of "24-hour" is no hour of the day.
    leading = re.findall(r"(?<![:h\d])\d+", re.sub(r"\b24", " ", text))
    hours = {int(n) % 12 for n in leading if int(n) < 24} | {
        _HOURS[w] % 12 for w in re.findall(r"[a-z]+", text) if w in _HOURS
    }
    if re.search(r"noon|midnight|meio-dia|meia-noite", text):
        hours.add(0)
    if re.search(r"quarter to", text):
        hours = {(h - 1) % 12 for h in hours}
    if hour % 12 not in hours:
        return f"the hour of {answer} is not in the prompt"
    spoken = {15: "quarter", 45: "quarter", 30: r"half|meia", 0: ""}
    if minute not in numbers and (minute not in spoken or not re.search(spoken[minute], text)):
        return f"the minutes of {answer} are not in the prompt"
    evening = re.search(r"\d ?p\.?m\b|evening|afternoon|da tarde|da noite", text)
    morning = re.search(r"\d ?a\.?m\b|morning|da manha|da madrugada", text)
    if (evening and hour < 12) or (morning and hour >= 12):
        return f"{answer} is in the wrong half of the day"
    return None


_CURRENCIES = {
    "BRL": r"r\$|brl|rea(is|l)",
    "USD": r"(?<!r)\$|usd|dollar|dolar",
    "EUR": r"€|eur",
    "GBP": r"£|gbp|pound|libra",
}


def _money(prompt: str, answer: str) -> str | None:
    match = re.fullmatch(r"(\d+)\.(\d\d) (BRL|USD|EUR|GBP)", answer)
    if match is None:
        return f"{answer!r} is not an amount with its currency"
    if not re.search(_CURRENCIES[match[3]], fold(prompt)):
        return f"the prompt does not speak of {match[3]}"
    written = [re.sub(r"[.,]", "", n) for n in re.findall(r"\d[\d.,]*", prompt)]
    whole, cents = match[1], match[2]
    accepted = (
        {whole + cents}
        | ({whole} if cents == "00" else set())
        | ({whole + cents[0]} if cents[1] == "0" else set())
    )
    return None if accepted & set(written) else f"the amount of {answer!r} is not in the prompt"


_NATIONAL = {"55": ((10, 11), 2), "1": ((10,), 3), "351": ((9,), 3)}
"""By country code: how many digits a number has, and how many of them are the area's."""


def _phone(prompt: str, answer: str) -> str | None:
    if not re.fullmatch(r"\+[1-9]\d{7,14}", answer):
        return f"{answer!r} is not an E.164 number"
    number = answer[1:]
    if international := re.search(r"\+\d[\d ().-]*\d", prompt):
        written = digits(international[0])
        return None if written == number else f"{answer} is not the number of the prompt"
    for run in re.findall(r"[(\d][\d ().-]{4,}\d", prompt):
        groups = re.findall(r"\d+", run)
        for code, (lengths, area) in _NATIONAL.items():
            whole = len(groups) == 1 or len(groups[0]) == area
            if whole and len(digits(run)) in lengths and number == code + digits(run):
                return None
    return f"{answer} is not the number of the prompt with a known country code"


def _ticket(prompt: str, answer: str) -> str | None:
    pairs = _object(answer)
    if pairs is None or list(pairs) != ["intent", "priority"]:
        return "the answer is not JSON with intent and priority"
    if pairs["intent"] not in INTENTS or pairs["priority"] not in PRIORITIES:
        return f"unknown intent or priority in {answer}"
    return None


def _template(text: str, slot: str) -> str:
    """A pattern that matches a template, each slot captured by its name."""
    parts = re.split(r"\{(\w+)\}", text)
    pattern, seen = re.escape(parts[0]), set[str]()
    for name, rest in zip(parts[1::2], parts[2::2], strict=True):
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{slot})"
        seen.add(name)
        pattern += re.escape(rest)
    return pattern


_REFUSAL = re.compile(
    r"\b(cannot|can't|not|refus\w+|reject\w*|den(y|ied|ying)|declin\w+|nao|neg\w+|recus\w+)\b"
)


def _reply(prompt: str, answer: str) -> str | None:
    if _REFUSAL.search(fold(prompt)):
        return "the prompt asks for a refusal, and no fixed reply is one"
    for texts in REPLIES.values():
        for text in texts.values():
            match = re.fullmatch(_template(text, ".*?"), answer)
            if match is None:
                continue
            for value in match.groupdict().values():
                bare = re.sub(r"^ (about order|sobre o pedido) ", "", value).strip()
                if bare and bare not in prompt:
                    return f"{bare!r} does not occur in the prompt"
            return None
    return "the answer is none of the fixed replies"


_FORMS = {
    "[": r"json",
    "- ": r"bullet|marcador|topico|dash|traco|itemi",
    "1. ": r"number|numer|enumer|count off|conte",
}


def _edit(prompt: str, answer: str) -> str | None:
    for start, asked in _FORMS.items():
        if answer.startswith(start):
            if not re.search(asked, fold(prompt)):
                return "the answer is not in the form asked for"
            items = _items(answer)
            return "the answer is not a JSON list" if items is None else _listed(prompt, items)
    if answer in prompt:
        return "nothing was changed"
    items = [item.strip(".,") for item in answer.split()]
    missing = [item for item in items if item not in prompt]
    return f"{missing[0]!r} does not occur in the prompt" if missing else None


def _items(answer: str) -> list[str] | None:
    if not answer.startswith("["):
        return [re.sub(r"^(- |\d+\. )", "", line) for line in answer.split("\n")]
    try:
        parsed = json.loads(answer)
    except ValueError:
        return None
    return parsed if all(isinstance(item, str) for item in parsed) else None


def _listed(prompt: str, items: list[str]) -> str | None:
    """Whether the items are a whole list of the prompt: none left out, none added."""
    missing = [item for item in items if item not in prompt]
    if missing or not items:
        return f"{missing[0]!r} does not occur in the prompt" if missing else "an empty list"
    parts = [re.escape(item) for item in items]
    match = re.search(r"(?:, and |, e | and | e |, |; |\n)".join(parts), prompt)
    if match is None:
        return "the items are not the list of the prompt"
    before, after = prompt[: match.start()], prompt[match.end() :]
    by_lines = "\n" in match.group() or len(items) == 1
    if re.search(r"[,;] ?$", before) or re.match(r"[,;] ?\w", after):
        return "an item of the list is missing"
    if by_lines and re.search(r"(?<![:.>\n\"-])\n$", before) and re.match(r"\"?$", after):
        return "an item of the list is missing"
    return None


_LANGUAGES = re.compile(
    r"(?i)\b(rust|go|golang|java|c|typescript|ruby|php|kotlin|swift|haskell|bash|r|scala|perl|lua|dart)\b(?!')|c\+\+|c#"
)


def _code(prompt: str, answer: str) -> str | None:
    python = answer.startswith("def ")
    match = re.fullmatch(r"(?:def|function) (\w+)(.*)", answer, re.DOTALL)
    if match is None:
        return "the answer is not one function"
    name, body = match.groups()
    if python:
        try:
            ast.parse(answer)
        except SyntaxError as error:
            return f"the code does not parse: {error.msg}"
    known = next((o for o in OPERATIONS if body == (o.python if python else o.javascript)), None)
    if known is None:
        return "the code is none of the known functions"
    if not re.search(r"(?i)python" if python else r"(?i)javascript|\bjs\b", prompt):
        return "the prompt does not name the language of the answer"
    if _LANGUAGES.search(prompt):
        return "the prompt names another programming language"
    default = re.sub("_", "", known.name).casefold()
    if name.replace("_", "").casefold() != default and not _has_word(prompt, name):
        return f"the name {name} is not in the prompt"
    return None


_PATH = re.compile(r"[\w-]+(?:[./][\w-]+)+")


def _statement(prompt: str, answer: str, forms: list[str], slot: str, what: str) -> str | None:
    for form in forms:
        match = re.fullmatch(_template(form, slot), answer)
        if match is None:
            continue
        values = list(match.groupdict().values())
        for value in values:
            if not _has_word(fold(prompt), fold(value)):
                return f"{value!r} is not named in the prompt"
        if len(set(values)) < len(values):
            return f"{values[0]!r} stands twice"
        left_out = [path for path in _PATH.findall(prompt) if path not in answer]
        return f"{left_out[0]!r} is left out" if left_out else None
    return f"the answer is none of the known {what}"


_CHANGES = re.compile(
    r"\b(delete|update|insert|drop|alter|truncate|create|apag\w+|atualiz\w+|inser\w+|exclu\w+)\b"
)


def _sql(prompt: str, answer: str) -> str | None:
    if _CHANGES.search(fold(prompt)):
        return "the prompt asks to change the table"
    return _statement(prompt, answer, [form for form, _ in SQL.values()], r"[\w-]+", "statements")


def _shell(prompt: str, answer: str) -> str | None:
    return _statement(prompt, answer, [form for form, _ in SHELL.values()], r"[^\s']+", "commands")


def _reminder(prompt: str, answer: str) -> str | None:
    pairs = _object(answer)
    if pairs is None or list(pairs) not in (["task", "when"], ["tarefa", "quando"]):
        return "the answer is not JSON with the task and its moment"
    text = prompt.casefold()  # what opens the prompt has a capital there
    missing = [value for value in pairs.values() if value.casefold() not in text]
    return f"{missing[0]!r} does not occur in the prompt" if missing else None


def _copy(prompt: str, answer: str) -> str | None:
    if answer not in prompt:
        return "the answer is not a part of the prompt"
    # The text is one end of the prompt, or stands between quotes or rules.
    bounded = prompt.startswith(answer) or re.search(
        rf"[\"'\n]{re.escape(answer)}[\"'\n]|{re.escape(answer)}$", prompt
    )
    return None if bounded else "the answer is only a part of the text"


_CHECKS: dict[str, Check] = {
    "extract": _extract, "contact": _contact, "date": _date, "time": _time, "money": _money,
    "phone": _phone, "ticket": _ticket, "reply": _reply, "edit": _edit, "code": _code,
    "sql": _sql, "shell": _shell, "reminder": _reminder, "copy": _copy,
}  # fmt: skip
