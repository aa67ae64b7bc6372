"""How long the answer to a task will probably be, before anybody has written it."""

from __future__ import annotations

from collections.abc import Mapping

from router.types.decision import Kind
from router.types.form import Form, FormShape

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


_FEW = 32
_BESIDE = 16
"""Room for quotation marks, a unit, a line end and the like beside what is counted."""

_TOKENS_PER_WORD, _TOKENS_PER_SENTENCE = 3, 120
"""Generous: a Portuguese word takes up to three tokens of a small vocabulary."""

_VALUES = frozenset(
    (FormShape.NUMBER, FormShape.DATE, FormShape.TIME, FormShape.PHONE, FormShape.MONEY)
)


def most_answer_tokens(form: Form | None) -> int | None:
    """The most tokens that an answer in this form takes; None where the form sets no bound.

    A bound for generation: an answer that reaches it has left its form, or never ends.
    """
    if form is None or form.given:
        return None
    bounds: list[int] = []
    if form.shape in _VALUES and form.alone:
        bounds.append(_FEW)
    if form.shape is FormShape.LABEL and (form.alone or form.max_words == 1):
        longest = sum(map(len, form.labels)) if form.several else max(map(len, form.labels))
        bounds.append(_FEW + longest)
    if form.max_words is not None:
        bounds.append(form.max_words * _TOKENS_PER_WORD + _BESIDE)
    if form.max_chars is not None:
        bounds.append(form.max_chars + _BESIDE)
    if form.max_sentences is not None:
        bounds.append(form.max_sentences * _TOKENS_PER_SENTENCE + _BESIDE)
    if form.max_lines is not None and form.shape is not FormShape.CODE:
        bounds.append(form.max_lines * _TOKENS_PER_SENTENCE + _BESIDE)
    return min(bounds, default=None)
