"""What the form of an answer says about the kind of a request, and about how complex it is."""

from __future__ import annotations

from router.types.decision import Guess, Kind
from router.types.form import Form, FormShape

_ONE_VALUE = frozenset(
    {
        FormShape.LABEL,
        FormShape.DATE,
        FormShape.TIME,
        FormShape.PHONE,
        FormShape.MONEY,
        FormShape.CSV,
        FormShape.LIST,
    }
)
_SHORT_SENTENCES, _SHORT_WORDS = 2, 30
_BOUNDED_FACTOR = 0.4


def informed(guess: Guess, form: Form | None) -> Guess:
    """The guess with what the form of the answer says of the request.

    Whoever wants only a command, a query or a regular expression wants code, in whatever story the
    wish stands. Whoever bounds the answer to one value, a list or a sentence seldom asks for
    something complex: its judge reads the wish, and not how little of an answer there is to be.
    """
    if form is None or form.given:
        return guess
    if form.shape is FormShape.CODE and guess.kind is not Kind.CODE:
        return guess.model_copy(update={"kind": Kind.CODE})
    if _bounded(form):
        complexity = round(guess.complexity * _BOUNDED_FACTOR, 4)
        return guess.model_copy(update={"complexity": complexity})
    return guess


def _bounded(form: Form) -> bool:
    if form.shape in _ONE_VALUE or form.case is not None:
        return True
    sentences, words = form.max_sentences, form.max_words
    return (sentences is not None and sentences <= _SHORT_SENTENCES) or (
        words is not None and words <= _SHORT_WORDS
    )
