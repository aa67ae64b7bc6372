"""How long the answer to a task will probably be, before anybody has written it."""

from __future__ import annotations

from collections.abc import Mapping

from router.types.decision import Kind

ANSWER_TOKENS: Mapping[Kind, int] = {
    # A quarter of the median characters of frontier models' answers: AlpacaEval (gpt4_1106), for
    # mathematics ZeroEval (gpt-4o, claude-3.5-sonnet), by the kind that the classifier gives.
    Kind.CODE: 440,
    Kind.MATH: 150,
    Kind.EXTRACTION: 90,
    Kind.SUMMARISATION: 320,
    Kind.KNOWLEDGE: 560,
    Kind.WRITING: 600,
    Kind.UNSURE: 370,
    # One call with its arguments: judged.
    Kind.TOOL: 60,
}
"""Expected tokens of an answer, by kind; the others are as long as what they work on."""

_SHORTEST = 20


def answer_tokens(kind: Kind, prompt_tokens: int, most: int) -> int:
    """Expected tokens of an answer, at most `most`. An expectation: one answer may be a tenth or
    five times of it."""
    return min(most, ANSWER_TOKENS.get(kind, max(prompt_tokens, _SHORTEST)))
