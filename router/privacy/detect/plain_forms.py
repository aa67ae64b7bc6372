"""Decodes a text into plain forms, with every character traced to its origin.

A value can be hidden by encodings: JSON escapes, entities, percent signs, quoted-printable,
zero-width characters, a line break in a number, a table whose column head names the value. Each
form undoes one of these; a find in it is a span of the original text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from html.entities import html5

from router.privacy.detect.columns import announced_cells, inserted_values
from router.privacy.detect.encoded import encoded_texts
from router.privacy.detect.form import Form, Reading, Trace
from router.privacy.detect.found import HIDDEN, plain

LAYERS = 4
"""The most decodings of a text: an answer in a log line in a request is JSON in JSON in JSON."""

_ENCODED = re.compile(
    r"\\(?:u(?P<u>[0-9a-fA-F]{4})|u\{(?P<braced>[0-9a-fA-F]{1,6})\}|U(?P<long>[0-9a-fA-F]{8})"
    r"|x(?P<x>[0-9a-fA-F]{2})|(?P<octal>[0-3][0-7]{2})|(?P<letter>[abefnrtv0])"
    r"|(?P<continued>\r?\n[ \t]{0,40})|(?P<mark>[^\w\s]|_))"
    r"|&(?:#(?P<decimal>\d{1,7});?|#[xX](?P<hexadecimal>[0-9a-fA-F]{1,6});?"
    r"|(?P<entity>[A-Za-z][A-Za-z0-9]{1,31};))"
    r"|(?P<percent>%[0-7][0-9a-fA-F]|(?:%[c-fC-F][0-9a-fA-F])(?:%[89abAB][0-9a-fA-F]){1,3}|%[aA]0)"
    r"|(?P<plus>\+(?=\d))"
    r"|(?P<emphasis>\*\*|`)"
    r"|<(?P<tag>!--[^<>]{0,200}--|/?(?:wbr|b|i|em|strong|span|font|u|mark|small|code|a|sub|sup|s|tt"
    r"|kbd|ins|del|var|samp|bdi)(?:\s[^<>]{0,200})?/?)>"
    r"|(?P<data><!\[CDATA\[|\]\]>)"
    r"|<(?P<block>(?:br|tr|td|th|li|p|div|dt|dd|h[1-6])|/(?:tr|td|th|li|p|div|dt|dd|h[1-6]))"
    r"(?:\s[^<>]{0,200})?/?>"
    r"|(?P<control>[\x00-\x08\x0b\x0e-\x1f\x7f])"
)
# Quoted-printable is read apart: `=20` begins a number as well. Marks that values have, no others.
_QUOTED_PRINTABLE = re.compile(
    r"(?<=[^\n]{60})=\r?\n|=(?:2[0BDEF]|(?<![A-Za-z]=)2[89]|3[AD]|40|5F|09"
    r"|[C-F][0-9A-F](?:=[89AB][0-9A-F]){1,3})"
)
# What opens a cell parts it from the one before; what else opens or closes begins a line.
_BLOCKS = {"td": "|", "th": "|", "dd": "|", "/td": "", "/th": "", "/dt": "", "/tr": ""}
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_QUERY = re.compile(r"[?&][\w.\-]{1,40}=|%2[0B]")
_IN_A_NUMBER = re.compile(r"\d[.\-/]|[.\-/]\d")
_SPACED_DIGITS = re.compile(r"(?<![\w.,\-])\d(?:[ .\-_]\d){8,18}(?![\w.,\-]*\d| \d)")
_DIGIT_RUN = re.compile(r"[\d .\-/()\t\r\n]{9,}")
_BREAK = re.compile(r"[ \t\r\n]*[\t\r\n][ \t\r\n]*")
_MOST_DIGITS = 34


def plain_forms(text: str) -> Iterator[Form]:
    """The forms of a text, itself in plain characters first; one that changes nothing is left out.

    The time for all of them grows as the text does. A find counts where `is_new` says so.
    """
    form = Form(plain(text))
    for layer in range(LAYERS + 1):
        decoded = _decoded(form) if layer < LAYERS else None
        yield form if decoded is None else replace(form, decoded=decoded)
        yield from _beside(form)
        if decoded is None:
            return
        form = decoded


def _beside(form: Form) -> Iterator[Form]:
    """The form without zero-width characters, without breaks in numbers, and with its tables as
    lines.
    """
    tight = form
    if HIDDEN in form.text:
        hidden = ((m.start(), m.end(), "") for m in re.finditer(f"{HIDDEN}+", form.text))
        tight = _rewritten(form, hidden, Reading.ALL) or form
        yield tight
    if "=" in tight.text:
        quoted = _rewritten(tight, _quoted_printable(tight.text), Reading.ALL)
        if quoted is not None:
            yield Form(plain(quoted.text).replace(HIDDEN, " "), quoted.traces)
    coded = _rewritten(tight, encoded_texts(tight.text), Reading.ALL)
    if coded is not None:
        yield Form(plain(coded.text), coded.traces)
    spaced = _rewritten(tight, _spaced(tight.text), Reading.NUMBERS)
    if spaced is not None:
        yield spaced
    if "\n" in tight.text or "\t" in tight.text:
        for gap in (" ", ""):
            joined = _rewritten(tight, _breaks(tight.text, gap), Reading.NUMBERS)
            if joined is not None:
                yield joined

    columns = _columns(tight)
    if columns is not None:
        yield columns


def _decoded(form: Form) -> Form | None:
    text = form.text
    if not any(mark in text for mark in "\\&%<+*`") and text.isprintable():
        return None
    in_query = "+" in text and _QUERY.search(text) is not None

    def edits() -> Iterator[tuple[int, int, str]]:
        for match in _ENCODED.finditer(text):
            meant = _MEANINGS[match.lastgroup or ""](match)
            if match.lastgroup == "plus":
                before = text[max(0, match.start() - 3) : match.start()]
                meant = " " if in_query and before[-1:].isdigit() and before[0] != "%" else None
            elif match.lastgroup == "emphasis":
                beside = (
                    text[match.start() - 1 : match.start()] + text[match.end() : match.end() + 1]
                )
                meant = HIDDEN if _IN_A_NUMBER.fullmatch(beside) else None
            if meant is not None:
                yield match.start(), match.end(), meant

    decoded = _rewritten(form, edits(), Reading.ALL)
    return decoded and Form(plain(decoded.text), decoded.traces)


def _rewritten(form: Form, edits: Iterable[tuple[int, int, str]], reading: Reading) -> Form | None:
    """The form with these spans replaced; None where there are none."""
    pieces: list[str] = []
    trace, at, length = Trace(), 0, 0
    for start, end, new in edits:
        pieces += [form.text[at:start], new]
        length += start - at
        trace.add(length, length + len(new), start, end)
        length, at = length + len(new), end
    if not pieces:
        return None
    pieces.append(form.text[at:])
    return Form("".join(pieces), (trace, *form.traces), reading)


def _breaks(text: str, gap: str) -> Iterator[tuple[int, int, str]]:
    """The line breaks and tabs inside what may be one number: digits enough, and not a column's."""
    for run in _DIGIT_RUN.finditer(text):
        written = run[0].strip(" .-/\t\r\n")
        digits = sum(map(str.isdigit, written))
        if not 8 < digits <= _MOST_DIGITS or not ("\n" in written or "\t" in written):
            continue
        start = text.index(written, run.start(), run.end())
        for match in _BREAK.finditer(text, start, start + len(written)):
            beside = text[match.start() - 1] + text[match.end()]
            yield match.start(), match.end(), gap if beside.isdigit() else ""


def _spaced(text: str) -> Iterator[tuple[int, int, str]]:
    """What parts digits that are written one by one."""
    for match in _SPACED_DIGITS.finditer(text):
        for at in range(match.start() + 1, match.end(), 2):
            yield at, at + 1, ""


def _columns(form: Form) -> Form | None:
    """Every cell below a head that announces something, as a line: `head: cell`."""
    pieces: list[str] = []
    trace, length = Trace(), 0
    text = form.text
    cells = announced_cells(text) if "\n" in text or "\t" in text else ()
    for head, start, end in sorted((*cells, *inserted_values(text)), key=lambda cell: cell[1:]):
        prefix = f"\n{head}: "
        trace.add(length, length + len(prefix), start, start)
        pieces += [prefix, form.text[start:end]]
        length += len(prefix) + end - start
    if not pieces:
        return None
    return Form("".join(pieces), (trace, *form.traces), Reading.ANNOUNCED)


def _code_point(base: int) -> Callable[[re.Match[str]], str | None]:
    def meant(match: re.Match[str]) -> str | None:
        number = int(match[match.lastgroup or 0], base)
        return chr(number) if 0 < number < 0x110000 else None

    return meant


def _bytes(match: re.Match[str]) -> str | None:
    text = match[match.lastgroup or 0]
    raw = bytes.fromhex(text.replace("%", ""))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _quoted_printable(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _QUOTED_PRINTABLE.finditer(text):
        written = match[0].replace("=", "")
        meant = "" if written.isspace() else bytes.fromhex(written).decode(errors="replace")
        yield match.start(), match.end(), meant


_MEANINGS: dict[str, Callable[[re.Match[str]], str | None]] = {
    **dict.fromkeys(("u", "braced", "long", "x", "hexadecimal"), _code_point(16)),
    "octal": _code_point(8),
    "decimal": _code_point(10),
    "letter": lambda match: _LETTERS.get(match["letter"], " "),
    "mark": lambda match: match["mark"],
    "entity": lambda match: html5.get(match["entity"]),
    "percent": _bytes,
    **dict.fromkeys(("plus", "emphasis"), lambda match: None),
    "block": lambda match: _BLOCKS.get(match["block"].lower(), "\n"),
    **dict.fromkeys(("continued", "tag", "data", "control"), lambda match: HIDDEN),
}
