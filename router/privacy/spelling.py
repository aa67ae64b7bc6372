"""Normalises values, so that different spellings of one value compare equal."""

from __future__ import annotations

import html
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from router.privacy.detect.detectors import NUMBER_KINDS
from router.privacy.detect.found import HIDDEN, plain
from router.privacy.detect.number_kinds import compact

LEAST_DIGITS = 7
"""Shorter numbers are searched for only as written: other spellings are too often other numbers."""

_NATIONAL_CODES = frozenset({351, 55, 34, 33, 44, 1})
"""Countries whose numbers are found without their code; elsewhere a bare number is another one."""

_UNIT = re.compile(
    r"\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[nrtbfv]|\\[^\w\s]"
    r"|(?:%[89A-Fa-f][0-9A-Fa-f])+|%[0-7][0-9A-Fa-f]"
    rf"|&\#?\w{{1,8}};|{HIDDEN}",
    re.ASCII,
)
_NEEDS_DECODING = re.compile(rf"[\\%&{HIDDEN}]")
_BESIDE_A_DIGIT = re.compile(r"(?<=[0-9])[^\W_0-9a-z]|[^\W_0-9a-z](?=[0-9])")
"""Such as the sign of a footnote, or of "number": it is no part of the number."""

_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}
_SPELLED_AT = re.compile(r" ?[\[({]? ?\b(?:at|arroba)\b ?[\])}]? ?")
_SPELLED_DOT = re.compile(r" ?[\[({]? ?\b(?:dot|ponto|punto)\b ?[\])}]? ?")
_NUMBER = re.compile(r"[\d\W_]*\d[\d\W_]*")


@dataclass(frozen=True, slots=True)
class Plain:
    """A text as it reads once escapes, entities and percent signs are decoded, in small letters.

    starts, ends: where each of its characters stands in the text that was given; None: there too.
    """

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def given(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of the plain text stands in the one that was given; `start < end`."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def decoded(text: str) -> Plain:
    """One layer of what programs wrap a text in is taken off: JSON's escapes, HTML's, URLs'."""
    simple = _lower(plain(text))
    if not simple.isascii():
        simple = _BESIDE_A_DIGIT.sub("*", simple)
    if not _NEEDS_DECODING.search(simple):
        return Plain(simple)
    pieces: list[str] = []
    starts, ends, at = array("q"), array("q"), 0
    for unit in _UNIT.finditer(simple):
        pieces.append(simple[at : unit.start()])
        starts.extend(range(at, unit.start()))
        ends.extend(range(at + 1, unit.start() + 1))
        meant = _decoded_unit(unit[0])
        pieces.append(meant)
        starts.extend([unit.start()] * len(meant))
        ends.extend([unit.end()] * len(meant))
        at = unit.end()
    pieces.append(simple[at:])
    starts.extend(range(at, len(simple)))
    ends.extend(range(at + 1, len(simple) + 1))
    return Plain("".join(pieces), starts, ends)


def identities(kind: str, value: str) -> tuple[str, ...]:
    """What a value is known by: two values that share one are the same.

    A number is its digits, a telephone number with and without its country's code, an address its
    small letters, also where its signs are spelled out. Anything else is itself.
    """
    if kind in NUMBER_KINDS:
        number = compact(decoded(value).text)
        bare = number.removeprefix("PT")
        forms = (number, bare, f"PT{bare}") if kind == "nif" else (number,)
        return tuple(f"# {one}" for one in dict.fromkeys(forms))
    if kind == "phone":
        return tuple(f"# {one}" for one in _phone_forms(plain(value)))
    if kind == "email":
        read = decoded(value)
        address = address_of(read.text)
        if "@" in address and read.starts is None:
            return (f"@ {address}",)
    return (f"= {value}",)


def numbers_in(kind: str, value: str) -> tuple[str, ...]:
    """The digits and letters that a value is looked for by, however they are grouped."""
    if kind in NUMBER_KINDS or kind == "phone":
        forms = [one.removeprefix("# ") for one in identities(kind, value)]
        if kind == "phone":
            forms.append(compact(plain(value).rpartition(")")[2]))  # without its area code
        return tuple(form for form in forms if len(form) >= LEAST_DIGITS)
    read = decoded(value).text
    digits = compact(read)
    return (digits,) if len(digits) >= LEAST_DIGITS and _NUMBER.fullmatch(read) else ()


def address_of(text: str) -> str:
    """An e-mail address whose signs may be spelled out, with its signs."""
    if "@" in text:
        return text
    return _SPELLED_DOT.sub(".", _SPELLED_AT.sub("@", text))


def is_international(number: str) -> bool:
    """Whether a telephone number says its country."""
    return plain(number).strip().startswith(("+", "00"))


def _phone_forms(value: str) -> tuple[str, ...]:
    """Its digits as they are, and with and without country code and leading zero."""
    import phonenumbers

    digits = compact(value)
    written = value.strip()
    international = f"+{digits.removeprefix('00')}" if written.startswith(("+", "00")) else ""
    forms = [digits]
    if international:
        try:
            parsed = phonenumbers.parse(international)
        except phonenumbers.NumberParseException:
            return (digits,)
        national, country = str(parsed.national_number), str(parsed.country_code)
        forms += [f"{country}{national}", f"00{country}{national}"]
        if parsed.country_code in _NATIONAL_CODES:
            forms += [national, f"0{national}"]
    else:
        national = digits.lstrip("0")
        forms += [national, f"0{national}"]
    return tuple(dict.fromkeys(form for form in forms if form))


def _decoded_unit(unit: str) -> str:
    if unit == HIDDEN:
        return ""
    if unit.startswith("&"):
        meant = html.unescape(unit)
        return _lower(plain(meant)).replace(HIDDEN, "")
    if unit.startswith("%"):
        return _lower(plain(bytes.fromhex(unit.replace("%", "")).decode("utf-8", "replace")))
    if unit[1] in "ux" and len(unit) > 2:
        return _lower(plain(chr(int(unit[2:], 16)))).replace(HIDDEN, "")
    return _CONTROLS.get(unit[1], unit[1])


def _lower(text: str) -> str:
    """In small letters, character for character."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(each if len(each := char.lower()) == 1 else char for char in text)
