"""Do the equations of an answer hold, and is the sum that was asked for right?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from agents.checks.asked_sum import asked_sum, misses
from agents.checks.expression import (
    CHUNK,
    MOST_SIDES,
    OTHER_ARITHMETIC,
    REMAINDER,
    ROUNDED,
    Side,
    neutral,
    shown_number,
    side_of,
)
from agents.checks.source import plain_text
from agents.nano.lexicon import fold
from router.classify import signals
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_LIST_MARK = re.compile(r"^ {0,20}(?:[-*+]|\d{1,3}\)) +")
_PIECE = re.compile(r"[.,](?!\d)|(?<!\d)[.,]")
_CHAIN_CHARS = 2000

# An expression after one of these words belongs to something that is not recomputed.
_BOUND_WORDS = re.compile(
    r"sin|cos|tan|log|ln|exp|sqrt|sen|raiz|root|of|de|da|do|mod|lim|max|min|if|se|suppose|suponha"
    r"|not|nao|instead|wrong|half|metade|twice|dobro|average|mean|media|sum|soma"
)
_OPEN_END = re.compile(
    r"[^\W\d]|[!°√{\[:?]| (?:[b-z]\b|mil\b|thousand|million|milh|billion|bilh"
    r"|is (?:wrong|false|not|in)|e errad|esta errad)|\?"
)
"""What shows that a side goes on after it: a factor, a factorial, a unit of thousands, a "?"."""


def arithmetic(task: Task, kind: Kind, completion: Completion) -> CheckResult:
    """The equations of the answer hold, and it gives the value of an expression that is asked for.

    Exact, in either reading of 1,234 and 1.234; a number with decimals may be rounded or cut. An
    equation that the prompt holds already is not the answer's. Code is not read.
    """
    folded = neutral(fold(task.prompt))
    if kind is Kind.CODE or OTHER_ARITHMETIC.search(folded[-4000:] + folded[:4000]):
        return CheckResult.found("arithmetic", "nothing to recompute")
    answer = neutral(fold(completion.text))
    given = re.sub(r"[ $]", "", folded)
    facts = signals.read(task.prompt)
    rounded = ROUNDED.search(plain_text(facts.instruction)) is not None
    marks = ",." if facts.language == "pt" else ".,"
    recomputed = 0
    inexact: set[str] = set()
    for left, right, approximate in _equations(answer):
        if f"{left.text}={right.text}".replace(" ", "") in given:
            continue
        if inexact & {*left.tokens, *right.tokens}:
            continue
        verdict = _compare(left, right, marks, inexact, rounded=rounded or approximate)
        if isinstance(verdict, Fraction):
            finding = f"{left.text[:80]} is {shown_number(verdict)}, not {right.text[:80]}"
            return CheckResult.found("arithmetic", finding, EscalationReason.UNFAITHFUL)
        recomputed += verdict
    asked = asked_sum(folded, kind)
    if asked is not None and (wrong := misses(asked, answer, marks, rounded=rounded)):
        return CheckResult.found("arithmetic", wrong, EscalationReason.UNFAITHFUL)
    recomputed += asked is not None
    if not recomputed:
        return CheckResult.found("arithmetic", "nothing to recompute")
    finding = f"{recomputed} recomputed, right"
    return CheckResult.found("arithmetic", finding, proves=asked is not None)


def _compare(
    left: Side, right: Side, marks: str, inexact: set[str], *, rounded: bool
) -> bool | Fraction:
    """Whether an equation could be recomputed; the left side's value where the right one is wrong.

    marks: "." and ",", the likelier decimal mark first. inexact: gains the literals that stand for
    a rounded value; what follows from them is as inexact.
    """
    readable, wrong = False, Fraction(0)
    for mark in marks:
        one, other = left.value(mark), right.value(mark)
        if one is None or other is None:
            continue
        if one == other:
            return True
        step = max(left.step(mark, rounded=rounded), right.step(mark, rounded=rounded))
        if abs(one - other) < step:
            inexact.update(side.tokens[-1] for side in (left, right) if not side.operates)
            return True
        if not readable:
            readable, wrong = True, one
    return wrong if readable else False


def _equations(answer: str) -> Iterator[tuple[Side, Side, bool]]:
    """Pairs of neighbouring sides, one with an operator; True where the sign means "about"."""
    sides = 0
    for chunk in CHUNK.finditer(answer):
        if "=" not in chunk[0] and "≈" not in chunk[0]:
            continue
        pieces = _PIECE.split(chunk[0])
        for number, piece in enumerate(pieces):
            if len(piece) > _CHAIN_CHARS or ("=" not in piece and "≈" not in piece):
                continue
            before = answer[max(0, chunk.start() - 24) : chunk.start()] if number == 0 else ""
            before = before.rpartition("\n")[2]
            after = answer[chunk.end() : chunk.end() + 24] if number == len(pieces) - 1 else ""
            parts = re.split(r"(==?|≈)", piece)
            if not before:
                parts[0] = _LIST_MARK.sub("", parts[0])
            read = [side_of(part) for part in parts[::2]]
            if _open_front(before, parts[0]):
                read[0] = None
            trailing = " " * parts[-1].endswith(" ") + after
            if _OPEN_END.match(trailing) or (REMAINDER.search(after)):
                read[-1] = None
            for i, (left, right) in enumerate(pairwise(read)):
                if left and right and (left.operates or right.operates):
                    yield left, right, parts[2 * i + 1] == "≈"
            sides += len(read)
            if sides > MOST_SIDES:
                return


def _open_front(before: str, side: str) -> bool:
    """Whether the side goes on to the left of the chunk in which it was found."""
    if not before:
        return False
    opening = side.lstrip()[:1]
    if not side.startswith(" ") and not re.search(r"(?:[\"'“‘«(\[{<>;—→⇒|`]|\D:)$", before):
        return True
    last = before.rstrip()
    if opening in ("+", "*", "/", "^", "-", "=", "≈") or last.endswith((" :", "√", "}", "]", "!")):
        return True
    words = re.findall(r"[^\W\d_]+", last)
    if not words or not last.endswith(words[-1]):
        return False
    return _BOUND_WORDS.fullmatch(words[-1]) is not None or (
        len(words[-1]) == 1 and words[-1] not in "aeo"
    )
