"""Holds an answer to a Constraint, with llguidance: which tokens may come next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agents.engines.schema_form import without_remarks
from router.engine import Constraint

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]


class ConstraintRefused(Exception):
    """The constraint cannot be compiled; the message says why."""


class Guide:
    """Compiles constraints for one model's tokenizer, and keeps what compiling them needs.

    tokenizer_json: the content of the model's tokenizer.json. end_tokens: all that end an answer.
    vocab: how many logits the model has, padding included.
    """

    def __init__(self, tokenizer_json: str, end_tokens: tuple[int, ...], vocab: int) -> None:
        from llguidance import LLTokenizer

        self._vocab = vocab
        self._tokenizer = LLTokenizer(tokenizer_json, eos_token=sorted(end_tokens))

    def follow(self, constraint: Constraint) -> Follower:
        """A fresh follower for one answer. Raises ConstraintRefused."""
        from llguidance import LLMatcher

        grammar = _grammar(constraint)
        if reason := LLMatcher.validate_grammar(grammar, self._tokenizer):
            raise ConstraintRefused(f"the {_name(constraint)} cannot be enforced: {reason}")
        follower = Follower(LLMatcher(self._tokenizer, grammar, log_level=0), self._vocab)
        try:
            # An expression that nothing matches compiles, and shows only when a token is asked for.
            follower.allowed()
        except ConstraintRefused as error:
            raise ConstraintRefused(f"the {_name(constraint)} cannot be enforced: {error}") from (
                error
            )
        return follower


class Follower:
    """One answer under a constraint. After its end only a token that ends the answer is allowed."""

    def __init__(self, matcher: Any, vocab: int) -> None:
        self._matcher = matcher
        self._vocab = vocab

    def allowed(self) -> Mask:
        """(vocab,) of the next token; never all false. Raises ConstraintRefused."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        # In a dead end, or past a limit of its own, the library allows the end and says so only
        # here: the answer would stop short of the constraint and pass for whole.
        if self._matcher.is_error():
            raise ConstraintRefused(f"no token may follow ({self._why()})")
        mask = np.zeros(self._vocab, np.bool_)
        known = np.unpackbits(bits, bitorder="little")[: self._vocab]
        mask[: len(known)] = known.astype(np.bool_)
        return mask

    def take(self, token: int) -> None:
        """The token that was chosen. Raises ConstraintRefused for one that was not allowed."""
        if not self._matcher.consume_token(token):
            raise ConstraintRefused(f"token {token} may not follow ({self._why()})")

    def _why(self) -> str:
        """The first line only: the library appends its whole state."""
        return str(self._matcher.get_error()).partition("\n")[0]


def _name(constraint: Constraint) -> str:
    return "JSON schema" if constraint.regex is None else f"expression {constraint.regex!r}"


def _grammar(constraint: Constraint) -> str:
    from llguidance import LLMatcher

    if constraint.regex is not None:
        return str(LLMatcher.grammar_from_regex(constraint.regex))
    assert constraint.json_schema is not None, "a constraint has one of the two"
    # Among the remarks is the library's own keyword, with which a schema could have other parts of
    # it ignored; others it refuses, as it does all that it does not know.
    schema = without_remarks(constraint.json_schema)
    try:
        # White space between the parts would be legal without end.
        return str(
            LLMatcher.grammar_from_json_schema(schema, overrides={"whitespace_flexible": False})
        )
    except (ValueError, TypeError) as error:
        raise ConstraintRefused(f"the JSON schema cannot be read: {error}") from error
