"""The forms of a placeholder: ours, and those that models make of one."""

from __future__ import annotations

import html
import json as json_text
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from router.privacy.spelling import decoded

Name = tuple[str, int]
"""The word of a placeholder, without its separators, and the number: ("EMAIL", 1)."""

_WORDS = {
    "EMAIL": "mail emailaddress mailaddress correo correoelectronico correio correioeletronico "
    "enderecodeemail emailadresse courriel",
    "PHONE": "telephone telefone telefono telefon tel fone celular movil mobile telemovel "
    "phonenumber telephonenumber numerodetelefone numerodetelefono cellphone",
    "CARD": "cartao tarjeta carte karte creditcard cardnumber cartaodecredito tarjetadecredito "
    "numerodocartao",
    "SECRET": "segredo secreto geheimnis",
    "TITULO": "titulodeeleitor voterid",
    "SSN": "socialsecuritynumber",
    "NIF": "taxid taxnumber",
}
_OTHERS = {word: tuple(others.upper().split()) for word, others in _WORDS.items()}
_WORD_OF = {other: word for word, others in _OTHERS.items() for other in others}
_ANY_WORD = frozenset({"NUMBER", "NUMERO", "NO", "NR", "ADDRESS", "ADRESSE", "ID"})
"""Last words of longer names, such as "phone number": they may belong to any placeholder."""

_MOST = 60
# Unseen signs, dashes of every kind and line breaks too: some models write them into a name.
_SIGNS = r"\w\-\s\\#.:\u00ad\u200b-\u200d\u2010-\u2015\u2060\ufeff\uff0d\uff3f"
_INNER = rf"[^\W_](?:[{_SIGNS}]|%5[Ff]|%20){{1,{_MOST}}}?"
_NAME_CHARS = re.compile(rf"(?:[{_SIGNS}*]|%5[Ff]|%20)*")
_MARKS = r"[ *]{0,3}"
_ROUND = {
    "[": "]",
    "\\[": "\\]",
    "\\\\[": "\\\\]",
    "【": "】",
    "［": "］",
    "⟦": "⟧",
    "%5b": "%5d",
    "%255b": "%255d",
    "&#91;": "&#93;",
    "&#x5b;": "&#x5d;",
    "&lbrack;": "&rbrack;",
    "&lsqb;": "&rsqb;",
    "\\u005b": "\\u005d",
    # Only around a name in capitals: otherwise a tag or the name of a variable may be meant.
    "<": ">",
    "{": "}",
    "{{": "}}",
    "«": "»",
    "⟨": "⟩",
    "&lt;": "&gt;",
    "%3c": "%3e",
}
_CAPITALS_ONLY = frozenset({"<", "{", "{{", "«", "⟨", "&lt;", "%3c"})
_NOT_AFTER = {"{": r"(?<![$#%{\w])", "<": r"(?<!\w)"}
"""Where these belong to what stands before them."""

_MOST_OPENING = max(map(len, _ROUND))
_PAIRS = "|".join(
    rf"{_NOT_AFTER.get(opening[0], '')}{re.escape(opening)}{_MARKS}"
    rf"(?P<n{place}>{_INNER}){_MARKS}{re.escape(closing)}"
    for place, (opening, closing) in enumerate(_ROUND.items())
)
_BARE = (
    r"(?<![^\W_])(?<![^\W_]_)(?<![$%@.\\#&\-])(?<!</)(?<![$%#]\{)"
    r"(?P<bare>(?-i:[A-Z][A-Z0-9]*(?:\\?[_\-][A-Z0-9]+){0,5}?\\?[_\-]\d{1,6}))"
    r"(?![^\W_]|\\?[_\-][^\W_]|\.[a-z]| ?=(?!=)| ?\()"
)
_WRITTEN = re.compile(rf"{_PAIRS}|{_BARE}", re.IGNORECASE)
# By its first character alone it is told apart where one can begin.
_BEGINS = re.compile(r"[\[\\【［⟦%&<{«⟨]|(?<![^\W_])[A-Z]")
_AT_ITS_END = re.compile(r"(?: ?=?|\.|\\?[_\-]?)")
# Of a text that a user wrote every word before a number counts: too many rather than too few.
_NUMBERED = re.compile(r"(?<![^\W\d_])(?P<word>[^\W\d_]++)[\W_]{0,4}(?P<number>\d{1,6})(?!\d)")
_SEPARATED = re.compile(r"(?<![^\W_])(?P<word>[^\W_]++)[\W_]{1,4}(?P<number>\d{1,6})(?!\d)")
_NAMED = re.compile(r"(?P<word>.*?)[\W_]*(?P<number>\d{1,6})", re.DOTALL)
_ENCODED = re.compile(r"%5[Ff]|%20")
_SEPARATOR = re.compile(r"[\W_]+")
_LOOSE = re.compile(
    r"(?<![^\W_])(?P<name>[^\W\d_](?:[^\W_]|[_\-](?=[^\W_])){0,40}?\\?[_\-]?\d{1,6})(?![^\W_])"
)
_BRACKETED = re.compile(rf"\[(?P<name>{_INNER})\]")


@dataclass(frozen=True, slots=True)
class Written:
    """A placeholder as it was found in a text, in any form."""

    start: int
    end: int
    name: Name
    opening: str = ""

    def filled(self, value: str, *, json: bool) -> str:
        """The value, as its place wants it: in a URL, in HTML, in a string of JSON."""
        if self.opening.startswith("%"):
            value = quote(value, safe="@:/")
        elif self.opening.startswith("&"):
            value = html.escape(value, quote=False)
        return json_text.dumps(value, ensure_ascii=False)[1:-1] if json else value


def name_of(text: str) -> Name | None:
    """The name in `E-MAIL 1`, `email\\_1`, `Telefone_1`; None for any other text."""
    match = _NAMED.fullmatch(_unaccented(_ENCODED.sub("_", text)).upper())
    word = "" if match is None else _SEPARATOR.sub("", match["word"])
    return (word_of(word), int(match["number"])) if match and word else None


def word_of(word: str) -> str:
    """Our placeholder word for a word in another language."""
    return _WORD_OF.get(word, word)


def key_word(kind: str) -> str:
    """The word of a kind's placeholders without separators, as in a Name."""
    return word_of(re.sub(r"[^A-Z0-9]+", "", kind.upper()))


class Names:
    """The placeholders of a request, and names that its texts already contain."""

    def __init__(self) -> None:
        self._given: dict[Name, str] = {}
        self._written: set[Name] = set()
        self._bracketed: set[str] = set()
        self._last: dict[str, int] = {}
        self._beginnings: dict[str, set[str]] = {}

    def read(self, text: str) -> None:
        """Remembers every placeholder name in the text, so that `new` does not use it."""
        self._bracketed.update(match[0].casefold() for match in _BRACKETED.finditer(text))
        if not any(char.isdigit() for char in text):
            return
        for plain_text in {_unaccented(text), _unaccented(decoded(text).text)}:
            for pattern in (_NUMBERED, _SEPARATED):
                for match in pattern.finditer(plain_text):
                    word = word_of(match["word"].upper())
                    self._written.add(("" if word in _ANY_WORD else word, int(match["number"])))

    def new(self, kind: str) -> str:
        """A new placeholder that no text contains, such as `[EMAIL_1]`."""
        word = re.sub(r"[^A-Z0-9]+", "_", kind.upper())[:40].strip("_") or "VALUE"
        key = key_word(word)
        endings = {key, word_of(word.rpartition("_")[2])}
        number = self._last.get(key, 0) + 1
        while (key, number) in self._given or any(
            (end, number) in self._written for end in (*endings, "")
        ):
            number += 1
        self._last[key] = number
        placeholder = f"[{word}_{number}]"
        self._given[key, number] = placeholder
        digits = str(number)
        begun = self._beginnings.setdefault(key, set())
        begun.update(digits[:count] for count in range(1, len(digits) + 1))
        return placeholder

    def found(self, text: str, start: int = 0) -> Iterator[tuple[Written, str]]:
        """Our placeholders in a text, in any form, in order and without overlaps."""
        at = start
        for begin in _BEGINS.finditer(text, start) if self._given else ():
            if begin.start() < at or (match := _WRITTEN.match(text, begin.start())) is None:
                continue
            written = _read(match)
            if written and (placeholder := self._given.get(written.name)):
                yield written, placeholder
                at = match.end()

    def may_begin(self, text: str, start: int) -> int:
        """From where on, not before `start`, the text's end may be the beginning of one of ours."""
        if not self._given:
            return len(text)
        least = max(start, len(text) - _MOST - 2 * _MOST_OPENING - 10)
        complete = [(one.start, one.end) for one, _ in self.found(text, least)]
        for match in _BEGINS.finditer(text, least):
            at = match.start()
            if any(begun < at < end for begun, end in complete):
                continue
            if self._begins(text[at:]):
                return at
        return len(text)

    def left_in(self, text: str) -> tuple[str, ...]:
        """What looks like a placeholder of ours and stands for nothing: in order, each once.

        What the texts held themselves is none.
        """
        words = set(self._beginnings)
        left: dict[str, None] = {}
        for match in _LOOSE.finditer(text):
            name = name_of(match["name"])
            joined = re.search(r"[_\-]", match["name"]) is not None
            if name and joined and name in self._given and name not in self._written:
                left[match[0]] = None
        for match in _BRACKETED.finditer(text):
            name = name_of(match["name"])
            first = re.split(r"[\s_]", match["name"], maxsplit=1)[0]
            word = key_word(match["name"]) if name is None else name[0]
            ours = word in words or (name is None and key_word(first) in words)
            theirs = name in self._written or match[0].casefold() in self._bracketed
            if ours and not theirs:
                left.pop(match["name"], None)
                left[match[0]] = None
        return tuple(left)

    def _begins(self, text: str) -> bool:
        low = text.lower()
        for opening, closing in _ROUND.items():
            if len(low) <= len(opening):
                if opening.startswith(low):
                    return True
            elif low.startswith(opening) and self._inner_begins(text[len(opening) :], closing):
                return True
        return text[:1].isupper() and self._bare_begins(text)

    def _inner_begins(self, text: str, closing: str) -> bool:
        """Whether the text, to its end, is the beginning of a name of ours and its bracket."""
        inner = text.lstrip(" *")
        if len(text) - len(inner) > 3 or len(inner) > _MOST + len(closing) + 6:
            return False
        if self._named_so(_cut_encoding(inner)):
            return True
        low = inner.lower()
        return any(
            low.endswith(closing[:count]) and self._named_so(inner[:-count], whole=True)
            for count in range(1, len(closing))
        )

    def _bare_begins(self, text: str) -> bool:
        match = re.match(r"[A-Z0-9]+(?:\\?[_\-][A-Z0-9]+)*", text)
        if match is None:
            return False
        rest = text[match.end() :]
        if not rest or rest in ("\\", "_", "-", "\\_", "\\-"):
            return self._named_so(match[0])
        return self._named_so(match[0], whole=True) and _AT_ITS_END.fullmatch(rest) is not None

    def _named_so(self, text: str, *, whole: bool = False) -> bool:
        """Whether a name of ours begins so, in any language; whole: is so."""
        if _NAME_CHARS.fullmatch(text) is None:
            return False
        bare = _unaccented(_SEPARATOR.sub("", _ENCODED.sub("", text))).upper()
        for key, numbers in self._beginnings.items():
            for each in (key, *_OTHERS.get(key, ())):
                if each.startswith(bare) and not whole:
                    return True
                number = bare.removeprefix(each).lstrip("0")
                if bare.startswith(each) and (number in numbers or not number):
                    return True
        return False


def _read(match: re.Match[str]) -> Written | None:
    if match["bare"] is not None:
        name = name_of(match["bare"])
        return None if name is None else Written(match.start(), match.end(), name)
    place = next(place for place in range(len(_ROUND)) if match[f"n{place}"] is not None)
    opening = list(_ROUND)[place]
    inner = match[f"n{place}"]
    if opening in _CAPITALS_ONLY and inner != inner.upper():
        return None
    name = name_of(inner)
    return None if name is None else Written(match.start(), match.end(), name, opening)


def _cut_encoding(text: str) -> str:
    """Without a percent sign whose digits have not arrived."""
    return re.sub(r"%[25]?\Z", "", text)


def _unaccented(text: str) -> str:
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return "".join(char for char in parts if not unicodedata.combining(char))
