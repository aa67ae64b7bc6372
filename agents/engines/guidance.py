"""Holds an answer to a Constraint, with llguidance: which tokens may come next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

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
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise ConstraintRefused(
                f"the {_name(constraint)} cannot be enforced: {matcher.get_error()}"
            )
        return Follower(matcher, self._vocab)


class Follower:
    """One answer under a constraint. After its end only a token that ends the answer is allowed."""

    def __init__(self, matcher: Any, vocab: int) -> None:
        self._matcher = matcher
        self._vocab = vocab

    def allowed(self) -> Mask:
        """(vocab,) of the next token; never all false."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        mask = np.zeros(self._vocab, np.bool_)
        known = np.unpackbits(bits, bitorder="little")[: self._vocab]
        mask[: len(known)] = known.astype(np.bool_)
        if not mask.any():
            raise ConstraintRefused(f"no token may follow: {self._matcher.get_error()}")
        return mask

    def take(self, token: int) -> None:
        """The token that was chosen among the allowed ones."""
        if not self._matcher.consume_token(token):
            raise ConstraintRefused(f"token {token} does not fit: {self._matcher.get_error()}")


def _name(constraint: Constraint) -> str:
    return "JSON schema" if constraint.regex is None else f"expression {constraint.regex!r}"


def _grammar(constraint: Constraint) -> str:
    from llguidance import LLMatcher

    if constraint.regex is not None:
        return str(LLMatcher.grammar_from_regex(constraint.regex))
    assert constraint.json_schema is not None, "a constraint has one of the two"
    try:
        # White space between the parts would be legal without end.
        return str(
            LLMatcher.grammar_from_json_schema(
                constraint.json_schema, overrides={"whitespace_flexible": False}
            )
        )
    except (ValueError, TypeError) as error:
        raise ConstraintRefused(f"the JSON schema cannot be read: {error}") from error
