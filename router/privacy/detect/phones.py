"""Finds phone numbers by how their digits are grouped, and checks them with libphonenumber."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.privacy.detect.found import HIDDEN, Found
from router.privacy.detect.labels import Label, label_of

MOST_ASKED = 5_000
"""The most look-ups in the library for one text, some tenths of a second; then the form decides."""

_TIGHT_CHARS = 14
_LONGEST_GAP_CHARS = 16
"""Between two numbers of a list."""
_FRONT = r"(?<![^\W_])(?<!\d[.,:/\-])(?<!#)"
_BACK = r"(?![^\W_]|[.,:/\-]\d)"
_GAP = rf"(?:[ .\-{HIDDEN}]|\) ?| \(| ?- ?)"
_CODED = re.compile(
    r"(?<![^\W_])\+ ?[1-9]\d{0,2}[ .\-]?(?:\(\d{1,4}\)[ .\-]?)?"
    rf"\d(?:{_GAP}{{0,2}}\d){{5,12}}{_BACK}",
    re.ASCII,
)
_NATIONAL = re.compile(
    rf"(?:{_FRONT}(?<!\d )|(?=\())\(?\d{{1,5}}(?:{_GAP}\d{{1,9}}){{1,6}}{_BACK}"
    rf"|{_FRONT}\d{{8,15}}{_BACK}",
    re.ASCII,
)
_REGIONS = ("PT", "BR", "US", "GB", "ES", "FR")
"""Whose national forms are known; the first that has such a number is not asked to be the only."""

# The groups of the digits as each country writes them. Where spaces alone part them, and for the
# regions in `_SPACED`, the same groups may be an amount.
_GROUPINGS: dict[tuple[int, ...], tuple[str, ...]] = {
    (2, 5, 4): ("BR",),
    (2, 4, 4): ("BR",),
    (3, 5, 4): ("BR",),
    (3, 4, 4): ("GB", "BR"),
    (2, 1, 4, 4): ("BR",),
    (4, 3, 4): ("GB", "BR"),
    (3, 3, 4): ("US",),
    (1, 3, 3, 4): ("US",),
    (4, 4, 4): ("GB",),
    (3, 8): ("GB",),
    (5, 6): ("GB",),
    (5, 3, 3): ("GB",),
    (4, 7): ("GB",),
    (5, 5): ("GB",),
    (3, 3, 3): ("PT",),
    (2, 3, 2, 2): ("PT", "ES"),
    (3, 2, 2, 2): ("ES", "PT"),
    (2, 2, 2, 2, 2): ("FR",),
}
_WITH_TRUNK = frozenset({"GB", "FR"})
"""Their national numbers begin with 0, or are none that stands alone."""
_LIST_MARK = re.compile(
    r"[/,](?<=\d{3}.)(?=\+?\(?\d(?:[ .\-()]{0,2}\d){7})|-(?<=\d{9}-)(?=\+?\d{9}(?!\d))", re.ASCII
)
_ENDS_LONG = re.compile(r"\d(?:[ .\-()]{0,2}\d){7}\Z", re.ASCII)
_NEXT_OF_LIST = re.compile(
    r"\s{0,2}(?:[;,/|&]\s{0,3}|\s(?:and|or|e|ou|y|o|et|und|oder)\s|\n\s{0,8}(?:[-*.]\s|\d{1,2}[.)]\s)?)"
    r"(?:(?:and|or|e|ou|y|o|et|und|oder)\s)?[(+]{0,2}"
)
_LINK = re.compile(r"(?:\bwa\.me/|\b(?:tel|sms|callto|phone=|whatsapp):?)$", re.IGNORECASE)
# Years, dates, decimals.
_OTHER_NUMBERS = re.compile(
    r"^(?:(?:19|20)\d\d\D{1,3}){1,4}(?:19|20)\d\d$|^\d{4}-\d\d-\d\d|^\d\d?[.-]\d\d?[.-]\d{4}$"
)
_ROW_NUMBER = re.compile(r"[1-9]\d{0,2} ?(?:- ?|(?<= ))(?=\d)")
_AMOUNT_BEFORE = re.compile(r"(?:[$€£]|\b(?:USD|EUR|GBP|BRL)) {0,2}$")
_AMOUNT_AFTER = re.compile(
    r" ?(?:[€$£%]|(?:euros?|reais|dollars?|pounds|libras|people|pessoas|habitantes|habitants"
    r"|inhabitants|bytes|rows|linhas|tokens|km|kg|m|ms|m²|users|utilizadores|usuários|times|vezes"
    r"|items|itens|anos|years|lines|views|downloads|in total|no total|am|pm)\b)"
)


class Lookups:
    """The library's results for the numbers of one text."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], bool] = {}

    def exists(self, number: str, region: str) -> bool:
        """Whether the number exists; assumed after MOST_ASKED look-ups."""
        asked = (number, region)
        if asked not in self._known:
            if len(self._known) >= MOST_ASKED:
                return True
            self._known[asked] = _exists(number, region)
        return self._known[asked]


def find_phones(text: str, lookups: Lookups, *, announced: bool = False) -> Iterator[Found]:
    """The phone numbers of a plain text.

    One with a country code is one anywhere; one in the groups of its country, unless a word says
    otherwise; any other digits only after a word such as "call". announced: only those that a word
    or a country code gives away.
    """
    text = _LIST_MARK.sub(lambda mark: _parting(text, mark), text)
    for match in _CODED.finditer(text):
        if chars := _coded_chars(match[0], lookups):
            yield Found("phone", match.start(), match.start() + chars)
    last = -_LONGEST_GAP_CHARS
    for match in _NATIONAL.finditer(text):
        for start in _starts(text, match):
            number = text[start : match.end()]
            listed = start - last < _LONGEST_GAP_CHARS and _NEXT_OF_LIST.fullmatch(
                text, last, start
            )
            if listed and not _OTHER_NUMBERS.search(number):
                chars = _announced_chars(number, lookups)
            else:
                chars = _chars(text, start, number, lookups, announced=announced)
            if chars and not _AMOUNT_AFTER.match(text, start + chars):
                yield Found("phone", start, start + chars)
                last = start + chars
                break


def _parting(text: str, mark: re.Match[str]) -> str:
    """What stands for a mark between two numbers, either of which is long enough for a telephone's:
    elsewhere it is a part of a number."""
    before = text[max(0, mark.start() - 24) : mark.start()]
    return ";" if _ENDS_LONG.search(before) else mark[0]


def _starts(text: str, match: re.Match[str]) -> Iterator[int]:
    """Where a number may begin: not with the bracket around it, nor with its row's number."""
    start, number = match.start(), match[0]
    closed, opened = number.find(")"), number.find("(")
    if closed >= 0 and not 0 <= opened < closed:
        start += closed + 1 + (number[closed + 1 : closed + 2] == " ")
    elif opened == 0 and closed < 0:
        start += 1
    yield start
    row = _ROW_NUMBER.match(text, start, match.end())
    if row and not text[max(0, start - 8) : start].rpartition("\n")[2].strip(" #|\t"):
        yield row.end()


def _chars(text: str, start: int, number: str, lookups: Lookups, *, announced: bool) -> int:
    """How many characters of a candidate are a telephone number; 0 where it is none."""
    if text[start - 1 : start] == "+" or _AMOUNT_BEFORE.search(text, max(0, start - 6), start):
        return 0
    label = label_of(text, start, start + len(number))
    linked = _LINK.search(text, max(0, start - 10), start)
    if linked or (label is not None and label.names("phone") and not label.spent):
        return _announced_chars(number, lookups)
    if announced or number.isdigit() or not _may_stand_alone(label, number):
        return 0
    return _grouped_chars(number, lookups)


def _may_stand_alone(label: Label | None, number: str) -> bool:
    if label is None or label.names("phone") or _has_area(number):
        return True
    return label.spent or label.gap > _TIGHT_CHARS


def _has_area(number: str) -> bool:
    """Whether a code in brackets leads it: `(11) 98765-4321`, not `(98765`."""
    return number.startswith("(") and ")" in number


def _cuts(candidate: str, fewest_digits: int) -> Iterator[str]:
    """The candidate, and without its last groups: a number that follows may have been drawn in."""
    while sum(map(str.isdigit, candidate)) >= fewest_digits:
        yield candidate
        shorter = re.match(rf"(.+\d){_GAP}{{1,2}}\d+\Z", candidate, re.DOTALL)
        if shorter is None:
            return
        candidate = shorter[1]


def _coded_chars(candidate: str, lookups: Lookups) -> int:
    """How many characters of what begins with a country code are a number that exists."""
    return next((len(cut) for cut in _cuts(candidate, 7) if lookups.exists(cut, "ZZ")), 0)


def _announced_chars(candidate: str, lookups: Lookups) -> int:
    """The same of what a word announces: a number of any region, and abroad after 00."""
    for cut in _cuts(candidate, 8):
        if _OTHER_NUMBERS.search(cut) or (" " in cut and "." in cut):
            continue
        if any(lookups.exists(cut, region) for region in _regions_of(cut)):
            return len(cut)
    # What is written as one and said to be one, is meant as one: also where none was given out.
    groups = tuple(map(len, re.findall(r"\d+", candidate)))
    if any(_is_written_as(region, candidate) for region in _GROUPINGS.get(groups, ())):
        return len(candidate)
    return 0


def _regions_of(candidate: str) -> tuple[str, ...]:
    return ("PT",) if candidate.startswith("00") else _REGIONS


def _grouped_chars(candidate: str, lookups: Lookups) -> int:
    """The same of what nothing announces: in the very groups of a region, and not among others."""
    for cut in _cuts(candidate, 9):
        if cut.startswith("00") and lookups.exists(cut, "PT"):
            return len(cut)
        if cut is not candidate and not ("-" in cut or _has_area(cut)):
            return 0
        groups = tuple(map(len, re.findall(r"\d+", cut)))
        for region in _GROUPINGS.get(groups, ()):
            if _is_written_as(region, cut) and lookups.exists(cut, region):
                return len(cut)
    return 0


def _is_written_as(region: str, number: str) -> bool:
    """Whether the marks are the region's too: an amount has spaces alone, a date has dots."""
    if region in _WITH_TRUNK:
        return number.lstrip("(").startswith("0")
    if _has_area(number):
        return True
    if region == "BR":
        return "-" in number or re.match(r"0?\d\d 9\d{4} ", number) is not None
    if region == "PT":
        return number[0] in "29" and (
            "." not in number or number.count(".") == len(number) - 9 == 2
        )
    if region == "ES":
        return number[0] in "6789" and "." not in number
    return True


def _exists(number: str, region: str) -> bool:
    """Whether, dialled in the region, it is a number; for ZZ: with the code that it begins with."""
    from phonenumbers import NumberParseException, is_valid_number, parse

    try:
        return is_valid_number(
            parse(number.replace(HIDDEN, ""), None if region == "ZZ" else region)
        )
    except NumberParseException:
        return False
