"""Numbers that carry check digits or belong to a known range: identity, tax, card and account."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from router.privacy.detect.brazil import is_cnh, is_pis, is_titulo
from router.privacy.detect.found import HIDDEN, Found
from router.privacy.detect.labels import OTHER, Label, label_of

_TIGHT_CHARS = 14
"""A formatted number counts as an order's number only if the word "order" is this close."""

_S = rf"[ .\-/_{HIDDEN}]{{0,3}}"
_FRONT = r"(?<![^\W_])(?<!\d[.\-])"
_FIRST = r"\d(?<!\d\d)"
_FRESH = r"(?<!\d[.\-]\d)"
"""A number begins with this digit. It is looked for first: that is many times faster."""
_BACK = r"(?!\d|[.\-]\d)"
_ROW_NUMBER = re.compile(
    r"(?:[\n|;,\t]|\A|\b(?:row|line|linha|item|entry|registo|registro|nº|no\.) )"
    r"[ \t]*#?\d{1,3}[.):]?[ \t]+$",
    re.IGNORECASE,
)
_ROW_CHARS = 16
_CURRENCY = re.compile(r"[$€£] {0,2}$")
_COUNTRY = re.compile(r"PT[ \-]?\Z", re.IGNORECASE)
_NO_DIGIT_OR_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class NumberKind:
    """How a kind of number is written and checked.

    valid: of the letters and digits alone, upper case. plain_sight: a form so much the kind's own
    that no word beside it says otherwise. needs_label: in every other form.
    """

    kind: str
    pattern: re.Pattern[str]
    valid: Callable[[str], bool]
    needs_label: bool = False
    plain_sight: re.Pattern[str] | None = None


_DIGITS = re.compile(rf"\d(?:[ .\-/_{HIDDEN}]{{0,3}}\d){{7}}")
_AROUND_CHARS = 80


def find_numbers(text: str, kinds: frozenset[str]) -> Iterator[Found]:
    """The numbers of these kinds in a plain text; they may overlap."""
    specs = [spec for spec in _SPECS if spec.kind in kinds]
    for start, end in _digits(text):
        for spec in specs:
            for match in spec.pattern.finditer(text, start, end):
                if _is_meant(spec, text, match):
                    yield Found(spec.kind, _with_country(spec, text, match.start()), match.end())
    if "cnpj" in kinds:
        for match in _LETTERED.pattern.finditer(text):
            if _is_meant(_LETTERED, text, match):
                yield Found("cnpj", match.start(), match.end())
    if "iban" in kinds:
        yield from _ibans(text)


def _digits(text: str) -> Iterator[tuple[int, int]]:
    """Where enough digits stand together, with room around them; in order and apart."""
    begun = last = -1
    for match in _DIGITS.finditer(text):
        if begun >= 0 and match.start() - _AROUND_CHARS > last:
            yield begun, last
            begun = -1
        begun = max(0, match.start() - _AROUND_CHARS) if begun < 0 else begun
        last = min(len(text), match.end() + _AROUND_CHARS)
    if begun >= 0:
        yield begun, last


def _with_country(spec: NumberKind, text: str, start: int) -> int:
    """Where a number begins that may have its country's letters before it."""
    letters = _COUNTRY.search(text, max(0, start - 3), start) if spec.kind == "nif" else None
    return letters.start() if letters else start


def compact(number: str) -> str:
    """The letters and digits of a number, upper case."""
    return _NO_DIGIT_OR_LETTER.sub("", number).upper()


def _is_meant(spec: NumberKind, text: str, match: re.Match[str]) -> bool:
    number, start = match[0], match.start()
    label = None
    in_plain_sight = spec.plain_sight is not None and spec.plain_sight.fullmatch(number)
    glued = text[start - 1 : start].isalpha() or text[match.end() : match.end() + 1].isalpha()
    if (spec.needs_label or glued) and not in_plain_sight:
        label = label_of(text, start, match.end())
        if label is None or not label.names(spec.kind):
            return False
    if not spec.valid(compact(number)):
        return False
    if " " in number and _goes_on_before(text, start):
        return False
    if in_plain_sight:
        return True
    if _CURRENCY.search(text, max(0, start - 4), start):
        return False
    label = label or label_of(text, start, match.end())
    if label is not None and label.names(spec.kind):
        return True
    return not _named_otherwise(number, label)


def _goes_on_before(text: str, start: int) -> bool:
    """Whether the groups begin before `start`: not where that is the number of a row."""
    if not re.match(r"\d[ .\-]", text[max(0, start - 2) : start]):
        return False
    row = _ROW_NUMBER.search(text, max(0, start - _ROW_CHARS), start)
    # Where the text was cut, what stood before is unknown.
    return row is None or (row[0][0] in " #0123456789" and row.start() > 0)


def _named_otherwise(number: str, label: Label | None) -> bool:
    """Whether the word beside a number takes it for itself.

    An unformatted number belongs to any label before it. A formatted one is more likely what it
    looks like, so only "order 1234-..." takes it, not "order, paid with 1234-...".
    """
    if label is None or label.spent:
        return False
    return number.isalnum() or (label.family == OTHER and label.gap <= _TIGHT_CHARS)


@functools.lru_cache(maxsize=4096)
def _is_cpf(number: str) -> bool:
    from stdnum.br import cpf

    return len(set(number)) > 1 and cpf.is_valid(number)


@functools.lru_cache(maxsize=4096)
def _is_cnpj(number: str) -> bool:
    from stdnum.br import cnpj

    return len(set(number)) > 1 and cnpj.is_valid(number)


@functools.lru_cache(maxsize=4096)
def _is_ssn(number: str) -> bool:
    from stdnum.us import ssn

    return ssn.is_valid(ssn.format(number))


@functools.lru_cache(maxsize=4096)
def _is_nif(number: str) -> bool:
    from stdnum.pt import nif

    # The first digits that the Portuguese tax office gives out.
    return nif.is_valid(number) and re.match(r"(?:PT)?(?:[1235689]|45|7[0-9])", number) is not None


_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover, Elo
    r"|(?:30[0-5]|309|36\d|38\d|39\d)\d{11}"  # Diners
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}"  # Maestro
    r"|(?:504175|506699|5067[0-7]\d|509\d{3}|627780|636297|636368|606282)\d{10}"  # Elo, Hipercard
)


@functools.lru_cache(maxsize=4096)
def _is_card(number: str) -> bool:
    from stdnum import luhn

    return _ISSUERS.fullmatch(number) is not None and len(set(number)) > 1 and luhn.is_valid(number)


def _number(
    first: int, rest: str, back: str = _BACK, flags: re.RegexFlag = re.ASCII
) -> re.Pattern[str]:
    """So many digits, then the rest."""
    return re.compile(rf"{_FIRST}{_FRESH}\d{{{first - 1}}}{rest}{back}", flags)


def _formatted(first: int, rest: str, in_full: str) -> re.Pattern[str]:
    """The same, or in full, which is the kind's own form whatever stands beside it."""
    full = rf"(?<!\d\.\d)\d{{{first - 1}}}{in_full}(?!\d|\.\d{{3}})"
    return re.compile(rf"{_FIRST}(?:{_FRESH}\d{{{first - 1}}}{rest}{_BACK}|{full})", re.ASCII)


_G = rf"(?P<gap>[ \-._]|  | [\-.] |{HIDDEN}|)"
_CODE_MAY_FOLLOW = r"(?!\d|\.\d|-(?!\d{3}(?!\d))\d)"
"""A card's code of three digits may follow it: `4111-1111-1111-1111-123`."""
_CPF = r"\.\d{3}\.\d{3}-\d\d"
_CNPJ = r"\.\d{3}\.\d{3}/\d{4}-\d\d"
_SPECS = (
    NumberKind(
        "cpf",
        # The address of a machine is no CPF.
        _formatted(
            3, rf"(?!(?<=[012]\d\d)\.(?:[012]\d\d\.){{2}})(?:{_S}\d{{3}}){{2}}{_S}\d{{2}}", _CPF
        ),
        _is_cpf,
        plain_sight=re.compile(rf"\d{{3}}{_CPF}"),
    ),
    NumberKind(
        "cnpj",
        _formatted(2, rf"(?:{_S}\d{{3}}){{2}}{_S}\d{{4}}{_S}\d{{2}}", _CNPJ),
        _is_cnpj,
        plain_sight=re.compile(rf"\d\d{_CNPJ}"),
    ),
    NumberKind(
        "card",
        _number(4, rf"{_G}\d{{4}}(?P=gap)\d{{4}}(?P=gap)\d{{4}}", _CODE_MAY_FOLLOW),
        _is_card,
    ),
    NumberKind("card", _number(4, rf"{_G}\d{{6}}(?P=gap)\d{{4,5}}"), _is_card),
    NumberKind("card", _number(4, r"([ \-.])(?:\d{4}\1){3}\d{1,3}"), _is_card),
    NumberKind("card", _number(12, r"\d{0,7}"), _is_card),
    NumberKind("ssn", _number(3, r"-\d{2}-\d{4}"), _is_ssn),
    NumberKind("ssn", _number(3, rf"{_G}\d{{2}}(?P=gap)\d{{4}}"), _is_ssn, needs_label=True),
    NumberKind(
        "nif",
        _number(3, rf"{_G}\d{{3}}(?P=gap)\d{{3}}"),
        _is_nif,
        needs_label=True,
    ),
    NumberKind("pis", _number(3, rf"{_S}\d{{5}}{_S}\d{{2}}{_S}\d"), is_pis, needs_label=True),
    NumberKind("cnh", _number(11, ""), is_cnh, needs_label=True),
    NumberKind("titulo", _number(4, rf"{_G}\d{{4}}(?P=gap)\d{{4}}"), is_titulo, needs_label=True),
)

# The numbers with letters that are given out since July 2026.
_LETTERED = NumberKind(
    "cnpj",
    re.compile(
        rf"{_FRONT}[A-Z\d]{{2}}(?:[. ]?[A-Z\d]{{3}}){{2}}[/ ]?[A-Z\d]{{4}}[\- ]?\d{{2}}"
        rf"{_BACK}(?!\w)",
        re.ASCII | re.IGNORECASE,
    ),
    _is_cnpj,
    needs_label=True,
    plain_sight=re.compile(r"[A-Za-z\d]{2}(?:\.[A-Za-z\d]{3}){2}/[A-Za-z\d]{4}-\d\d"),
)

_IBAN_START = re.compile(
    r"(?:(?<![^\W_])|(?<=iban))[A-Z]{2}\d{2}(?=[ \-./_]?[A-Z0-9])", re.ASCII | re.IGNORECASE
)
_IBAN_PIECE = re.compile(rf"(?:[ \-./_{HIDDEN}]?[A-Z0-9]){{8,31}}", re.ASCII | re.IGNORECASE)


def _ibans(text: str) -> Iterator[Found]:
    from stdnum import iban

    for match in _IBAN_START.finditer(text):
        rest = _IBAN_PIECE.match(text, match.end())
        chars = _iban_chars(match[0][:2].upper())
        if rest is None or not chars:
            continue
        number, end = "", match.start()
        while len(number) < chars and end < rest.end():
            number, end = number + text[end] * text[end].isalnum(), end + 1
        # A currency or a name may be glued to a number that ends in digits.
        goes_on = text[end : end + 1].isdigit() or text[end - 1 : end + 1].isalpha()
        # Country's own check digits are not asked for: a typo in them is still an account.
        if not goes_on and len(number) == chars and iban.is_valid(number, False):
            yield Found("iban", match.start(), end)


@functools.cache
def _iban_chars(country: str) -> int:
    """The length of a country's account numbers; 0 where it has none."""
    from stdnum import numdb

    structure = numdb.get("iban").info(f"{country}00")[0][1].get("bban", "")
    return 4 + sum(map(int, re.findall(r"\d+", structure))) if structure else 0
