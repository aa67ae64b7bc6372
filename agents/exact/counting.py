"""Words, characters, lines, items and occurrences, counted where there is one way to count."""

from __future__ import annotations

import re

from agents.exact.answer import Exact
from agents.exact.ask import Ask
from agents.exact.flat import flat
from agents.exact.items import Items
from agents.exact.parts import QUOTED, Part, computed, inside
from agents.exact.words import words

FAMILY = "count"

_HOW = (
    r"(?:how many|count(?:ing)?(?: up)?|(?:the )?number of|number of|quant[ao]s"
    r"|conta(?:r)?|conte|(?:o )?numero de|total (?:number )?of)(?: the| of the| as| "
    r"os| all)*"
)
_ARE = (
    r"(?: (?:are|is|do|does|did|has|have|tem|ha|existem|sao|estao|esta|aparecem"
    r"|there|i|a|o|esta|este|this|these|it)\b)*"
)
_WHAT = {
    "words": r"words?|palavras?",
    "spaced": r"(?:characters?|chars?|caracteres?|caracter)(?:,? ?\(?(?:including|incl\.?|with"
    r"|counting|incluindo|contando|com)(?: the| os)? (?:spaces?|espacos?)\)?)",
    "bare": r"(?:characters?|chars?|caracteres?|caracter)(?:,? ?\(?(?:excluding|excl\.?"
    r"|without|not counting|ignoring|sem(?: contar)?|excluindo)(?: the| os)? "
    r"(?:spaces?|espacos?)\)?)",
    "chars": r"(?:characters?|chars?|caracteres?|caracter)",
    "letters": r"letters?|letras?",
    "lines": r"(?:lines|linhas)(?: of text| de texto)?",
    "items": r"items?|itens|elements?|elementos?|entries|entradas|things|coisas|names?|nomes?"
    r"|numbers|numeros|fruits|cities|emails?",
    "digits": r"digits|digitos|algarismos",
    "vowels": r"vowels|vogais",
}
_COUNT = re.compile(
    "|".join(rf"(?P<{name}>\b{_HOW} (?:{names})\b{_ARE})" for name, names in _WHAT.items())
)
_SPACES = re.compile(
    r"\b(?:including|incl\.?|with|counting|incluindo|contando|com)(?: the| os)? "
    r"(?:spaces?|espacos?)\b"
)
_NO_SPACES = re.compile(
    r"\b(?:excluding|excl\.?|without|not counting|ignoring|sem(?: contar)?"
    r"|excluindo)(?: the| os)? (?:spaces?|espacos?)\b"
)
_ENDING = re.compile(
    r"\b(?:that |which |que )?(?:(?P<ends>end(?:s|ing)? (?:in|with)|terminam? (?:em"
    r"|com)|acabam? em)|(?P<starts>(?:start|begin)(?:s|ning|ing)? with|comecam? "
    r"(?:com|por))"
    r"|(?P<has>contain(?:s|ing)?|contem|com))(?: the letter| a letra| letter)? "
    r"?(?P<what>[\ue070-\ue07f]|\.?[a-z0-9]{1,8})(?![\w])"
)
_TIMES = re.compile(
    r"\b(?:how many times|how often|quantas vezes|(?:the )?number of (?:times"
    r"|occurrences of)|count (?:the )?occurrences of|conta(?:r)? (?:as "
    r")?(?:ocorrencias|vezes)(?: (?:de|da|do|que))?)"
    r"(?:,? ?(?:do|does|did|is|the|a|o|aparece|surge|ocorre|occurs?|que))*"
    r"(?: ?(?P<kind>letters?|words?|letra|palavra|termo|character|caracter))? "
    r"?(?:\(?so o numero\)?)?(?P<what>[\ue070-\ue07f]|\b[a-z0-9]{1,20}\b)"
    r"(?: (?:appears?|occurs?|shows? up|comes up|used|aparece|surge|ocorre|tem|e usada|esta))*"
)
_LETTER = re.compile(
    rf"\b{_HOW} (?:letters?|letras?) (?P<what>[\ue070-\ue07f]"
    rf"|[a-z])(?:'s)?{_ARE}(?![\w])|\b{_HOW} (?P<plural>[a-z])'s\b{_ARE}"
)
_IN = re.compile(
    r"\b(?:in|na|no|em|nesta|neste|nessa|inside|within)(?: (?:the |a |this "
    r"|following )?(?:word|palavra))? (?P<word>[a-z]{3,30})\W*$"
)
_NOUNS = words(
    "word words palavra palavras text texto sentence frase phrase list lista "
    "tagline string paragraph line linha in na no nesta neste nessa "
    "desta deste da do there total appear appears e title titulo message mensagem "
    "have tem count letters does thread email contained aqui"
)


def exact(prompt: str) -> Exact | None:
    """How many there are; None where two ways of counting differ."""
    return _in_a_word(prompt) or computed(prompt, lambda _, part: _compute(part, prompt))


def _in_a_word(prompt: str) -> Exact | None:
    """How many of a letter are in the word that ends the question."""
    if "\n" in prompt.strip() or len(prompt) > 200:
        return None
    found = _IN.search(flat(prompt))
    if found is None:
        return None
    data = prompt[found.start("word") : found.end("word")]
    wording = f"{prompt[: found.start('word')]} \ue000 {prompt[found.end('word') :]}"
    return _compute(Part(wording, data, marked=True), prompt, letters=True)


def _compute(part: Part, prompt: str, *, letters: bool = False) -> Exact | None:
    arguments: list[str] = []

    def put(found: re.Match[str]) -> str:
        arguments.append(inside(found))
        return chr(0xE070 + len(arguments) - 1) if len(arguments) < 9 else found[0]

    ask = Ask(QUOTED.sub(put, part.wording), prompt)
    count: int | None = None
    if asked := ask.one(_LETTER):
        count = _occurrences(
            part.data, _argument(asked["what"] or asked["plural"], arguments), "letter"
        )
    elif asked := ask.one(_TIMES):
        count = _occurrences(part.data, _argument(asked["what"], arguments), asked["kind"] or "")
    elif not letters and (asked := ask.one(_COUNT)):
        kind = next(name for name in _WHAT if asked[name])
        spaces, bare = ask.take(_SPACES), ask.take(_NO_SPACES)
        if ((spaces or bare) and kind != "chars") or (spaces and bare):
            return None
        ending = ask.one(_ENDING)
        kind = "spaced" if spaces else "bare" if bare else kind
        count = _counted(kind, part, _condition(ending, arguments) if ending else None)
    left = any(chr(0xE070 + n) in ask.text for n in range(len(arguments)))
    if count is None or left or not ask.nothing_left(_NOUNS):
        return None
    return Exact(str(count), FAMILY, f"{count} counted")


def _argument(text: str, arguments: list[str]) -> str:
    return arguments[ord(text) - 0xE070] if len(text) == 1 and ord(text) >= 0xE070 else text


def _condition(found: re.Match[str], arguments: list[str]) -> tuple[str, str]:
    way = next(name for name in ("ends", "starts", "has") if found[name])
    return way, _argument(found["what"], arguments).casefold()


def _counted(kind: str, part: Part, condition: tuple[str, str] | None) -> int | None:
    data = part.data.strip("\n")
    if condition is not None and kind not in ("items", "words"):
        return None
    if kind == "items" or condition is not None:
        values: list[str] = re.findall(r"[^\W_]+", data) if kind == "words" else []
        if kind == "items":
            items = Items.read(data)
            if items is None or items.odd:
                return None
            values = list(items.values)
        return _fitting(values, condition) if condition else len(values)
    if kind == "words":
        words, runs = data.split(), re.findall(r"[^\W_]+", data)
        # it's, well-known, 3.5 and "&" are one word to some and two to others.
        return len(words) if len(words) == len(runs) else None
    if kind == "lines":
        lines = data.split("\n")
        return len(lines) if len(lines) > 1 and all(line.strip() for line in lines) else None
    letters = sum(char.isalpha() for char in data)
    if kind == "letters":
        return letters
    if kind == "digits":
        return sum(char.isdigit() for char in data)
    if kind == "vowels":
        return None if "y" in data.lower() else sum(char in "aeiou" for char in flat(data))
    if "\n" in data:
        return None
    if kind == "chars":
        # With or without the spaces is not said.
        return len(data) if not re.search(r"\s", data) else None
    return len(data) if kind == "spaced" else len(re.sub(r"\s", "", data))


def _fitting(values: list[str], condition: tuple[str, str]) -> int:
    way, what = condition
    tests = {"ends": str.endswith, "starts": str.startswith, "has": str.__contains__}
    return sum(tests[way](value.casefold(), what) for value in values)


def _occurrences(data: str, what: str, kind: str) -> int | None:
    if not what:
        return None
    if len(what) == 1 and not kind.startswith(("word", "palavra")):
        same = sum(char == what.lower() for char in data.lower())
        if same != max(data.count(what.lower()), data.count(what.upper())):
            return None
        # Letters with accents, and such as are written both large and small, count or not.
        if sum(char == flat(what) for char in flat(data)) != same:
            return None
        return same
    if kind.startswith(("letter", "letra", "char")):
        return None
    whole = re.findall(rf"(?<!\w){re.escape(what)}(?!\w)", data, re.I)
    parts = len(re.findall(re.escape(what), data, re.I))
    if not kind and parts != len(whole):
        return None
    return len(whole)
