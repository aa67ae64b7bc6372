"""Tells what was typed to the assistant from what was pasted along.

A long lease with "when does it end?" is one short question; two lines about a landlord that end in
"what can I do" are a story and a question. Only what was typed says how complex a request is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from router.classify.lexicon import ORDER, QUESTION, folded, is_cue
from router.classify.word_classes import ROUTINE, classes_of

WORD = re.compile(r"[a-z][a-z'+#]*|\d+|\?")

_HEAD_CHARS = 600
_TAIL_CHARS = 350
_SHORT_CHARS = 400
_LONG_CHARS = 900
_REST_CHARS = 300
_LEAD_CHARS = 110
_LINE_END_CHARS = 60
_SENTENCES = 6

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_FENCED_LINES = 10
"""How many lines of code a fence stands for."""

_QUOTED = re.compile(r"\"[^\"]{3,}\"|“[^”]{3,}”|«[^»]{3,}»|(?<!\w)'[^'\n]{6,}'(?!\w)")
_QUOTE = re.compile("[\"“«']")
_SENTENCE = re.compile(r"(?:[^\n.!?;]|[.!?;](?!\s|$))+[.!?;]?")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s", re.MULTILINE)
_CODE_START = re.compile(
    r"\s{2,}\S|\t|\s*(?:def |class |import |from \w+ import|return\b|const |let |var |func |"
    r"public |private |for .*:$|if .*:$|while .*:$|try:|except|else:|@\w|</?\w+|#include|//|\w+ = )"
)
_CODE_END = re.compile(r"[;{}]\s*$|\w\([^()]*\):\s*$")


@dataclass(frozen=True, slots=True)
class Parts:
    """A request taken apart. All text is folded.

    asks: the sentences that ask; story: what else the user says; rest: the beginning of what it is
    said of. pasted: characters of the prompt beside what was typed. quoted: some text stands in
    quotes. lines: those that are no code; code_lines: those that are. bullets: items of lists.
    """

    asks: tuple[str, ...]
    story: str
    rest: str
    pasted: int
    quoted: bool
    lines: int
    code_lines: int
    bullets: int


def parts_of(prompt: str) -> Parts:
    """`prompt` taken apart; of a long one its two ends are looked at."""
    if len(prompt) > _HEAD_CHARS + _TAIL_CHARS:
        seen = f"{prompt[:_HEAD_CHARS]}\n{prompt[-_TAIL_CHARS:]}"
    else:
        seen = prompt
    bare = _FENCE.sub("\n", seen) if "```" in seen else seen
    unquoted = _QUOTED.sub(" ", bare) if _QUOTE.search(bare) else bare
    found = [line for line in folded(unquoted).split("\n") if line.strip()]
    lines = [line for line in found if not _is_code(line)] if len(found) > 2 else found
    typed, rest = _divided(lines)
    asks, story = _asking(typed)
    return Parts(
        asks=asks,
        story=story,
        rest=rest[:_REST_CHARS],
        pasted=max(0, len(prompt) - len(typed)),
        quoted=len(unquoted) != len(bare),
        lines=len(lines),
        code_lines=len(found) - len(lines) + (_FENCED_LINES if bare is not seen else 0),
        bullets=len(_BULLET.findall(seen)),
    )


def _is_code(line: str) -> bool:
    return bool(_CODE_START.match(line) or _CODE_END.search(line[-_LINE_END_CHARS:]))


def _divided(lines: list[str]) -> tuple[str, str]:
    """What was typed: the first line, the last, or both, whichever asks; and the rest."""
    if not lines:
        return "", ""
    first, last = lines[0], lines[-1]
    if len(lines) == 1:
        return _lead(first)
    opens, closes = _asks(first), _asks(last)
    if opens and closes and len(last) <= _SHORT_CHARS:
        lead, rest = _lead(first)
        return f"{lead}\n{last}", " ".join([rest, *lines[1:-1]])
    if closes:
        return last[-_LONG_CHARS:], " ".join(lines[:-1])
    if opens:
        lead, rest = _lead(first)
        return lead, " ".join([rest, *lines[1:]])
    whole = "\n".join(lines)
    return (whole, "") if len(whole) <= _SHORT_CHARS else (first[:_LONG_CHARS], whole)


def _asks(line: str) -> bool:
    return (
        line.rstrip().endswith(("?", ":"))
        or any(_is_asked(part) for part in _SENTENCE.findall(line)[:_SENTENCES])
        or (len(line) < _LEAD_CHARS and is_cue(line))
    )


def _is_asked(sentence: str) -> bool:
    return (
        sentence.endswith("?")
        or ORDER.match(sentence) is not None
        or QUESTION.match(sentence) is not None
    )


def _asking(typed: str) -> tuple[tuple[str, ...], str]:
    """The sentences that ask, and the others."""
    sentences = [part for part in _SENTENCE.findall(typed) if part.strip()]
    asks = tuple(part for part in sentences if _is_asked(part))
    if not asks or len(sentences) <= 2:
        # People ask without a sign of it, first or last; of two sentences both belong together.
        asks = tuple(sentences if len(sentences) <= 2 else (sentences[0], sentences[-1]))
    return asks, " ".join([part for part in sentences if part not in asks])


def _lead(line: str) -> tuple[str, str]:
    """A line without what follows the colon of a short routine order, "fix the typos: ..."."""
    at = line.find(": ", 0, _LEAD_CHARS)
    if at > 0 and ". " not in line[:at] and ROUTINE in classes_of(WORD.findall(line[:at])):
        return line[: at + 1], line[at + 2 :]
    return line, ""
