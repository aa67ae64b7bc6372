"""Phone numbers: the ways they are written, and libphonenumber's word on whether they exist."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from router.privacy.detect.found import Found
from router.privacy.detect.labels import label_of

MOST_ASKED = 3_000
"""So many candidates of a text are looked up, half a second's work; then the shape decides."""

_TIGHT_CHARS = 14
_FRONT = r"(?<![^\W_])(?<!\d[ .,:/\-])(?<!#)"
_BACK = r"(?![^\W_]|[.,:/\-]\d)"
# Where nothing but spaces parts the groups, a digit further on would be another group.
_LONE = r"(?! ?\d)"
_SHAPES = re.compile(
    r"(?P<ZZ>(?<![^\W_])\+ ?[1-9]\d{0,2}[ .\-]?(?:\(\d{1,4}\)[ .\-]?)?\d(?:[ .\-]{0,2}\d){5,12})"
    rf"{_BACK}"
    rf"|{_FRONT}(?:"
    r"(?P<IDD>00[1-9]\d{0,2} ?\d(?:[ .\-]?\d){6,12})"
    r"|(?P<BR>\(0?\d\d\) ?9?[ .]?\d{4}[ .\-]?\d{4}|0?\d\d[ \-.]9?[ .]?\d{4}-\d{4}"
    r"|0?\d\d 9\d{4} \d{4}|0800[ \-]\d{3}[ \-]\d{4})"
    r"|(?P<US>(?:1[ .\-])?(?:\(\d{3}\) ?\d{3}[ .\-]\d{4}|\d{3}([ .\-])\d{3}[ .\-]\d{4}))"
    rf"|(?P<GB>(?:\(0\d{{2,4}}\) ?|0\d{{2,4}}[ \-])\d{{3,4}}(?:[ \-]\d{{3,4}}|\d{{2,3}}){_LONE})"
    rf"|(?P<PT>[29]\d\d([ \-])\d{{3}}[ \-]\d{{3}}{_LONE}|2[12] \d{{3}} \d\d \d\d{_LONE})"
    r"|(?P<bare>\d{9,13}|[29]\d\d\.\d{3}\.\d{3})"
    rf"){_BACK}",
    re.ASCII,
)
_BARE_REGIONS = {9: ("PT",), 10: ("US", "BR"), 11: ("BR", "GB", "US"), 12: ("BR",), 13: ("BR",)}
"""Where a number of so many digits may be from."""
_AMOUNT_BEFORE = re.compile(r"(?:[$€£]|\b(?:USD|EUR|GBP|BRL)) {0,2}$")
_AMOUNT_AFTER = re.compile(
    r" ?(?:[€$£%]|(?:euros?|reais|dollars?|pounds|libras|people|pessoas|habitantes|inhabitants"
    r"|bytes|rows|linhas|tokens|km|kg|m²|users|utilizadores|usuários)\b)"
)


def find_phones(text: str) -> Iterator[Found]:
    """The phone numbers of a plain text.

    One with a country code is one anywhere; one as Brazil, Portugal, the United States and Britain
    write theirs, unless a word says otherwise; mere digits only after a word such as "call".
    """
    asked = 0
    for match in _SHAPES.finditer(text):
        shape = match.lastgroup or "bare"
        if not _is_meant(text, match, shape):
            continue
        asked += 1
        end = match.end() if asked > MOST_ASKED else _known_end(match[0], shape) + match.start()
        if end > match.start():
            yield Found("phone", match.start(), end)


def _is_meant(text: str, match: re.Match[str], shape: str) -> bool:
    if shape == "ZZ":
        return True
    if _AMOUNT_BEFORE.search(text, max(0, match.start() - 6), match.start()):
        return False
    if _AMOUNT_AFTER.match(text, match.end()):
        return False
    label = label_of(text, match.start(), match.end())
    if shape in ("bare", "IDD"):
        return label is not None and label.family == "phone"
    if label is None or label.family == "phone" or match[0].startswith("("):
        return True
    return label.spent or label.gap > _TIGHT_CHARS


@functools.lru_cache(maxsize=4096)
def _known_end(candidate: str, shape: str) -> int:
    """How many characters of the candidate are a number that exists; 0 where none are.

    A country code alone may have drawn in the number that follows: it is cut off group by group.
    """
    from phonenumbers import Leniency, PhoneNumberMatcher

    regions = {"IDD": ("PT",), "bare": _BARE_REGIONS.get(sum(map(str.isdigit, candidate)), ())}
    while candidate:
        for region in regions.get(shape, (shape,)):
            matcher = PhoneNumberMatcher(candidate, region, Leniency.VALID, max_tries=2)
            found = next(iter(matcher), None)
            if found is not None and found.start == 0:
                return int(found.end)
        shorter = re.match(r"(.{8,})[ .\-]", candidate)
        candidate = shorter[1] if shorter and shape == "ZZ" else ""
    return 0
