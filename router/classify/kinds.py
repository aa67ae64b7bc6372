"""Classifies the kind of task that a prompt is, with a confidence.

Two sources: a few rules for unambiguous instructions, and the n-gram model. A rule multiplies the
model's odds, so the confidence is always one probability; where no rule matches, the shape of the
prompt does the same with a smaller factor. The model reads the instruction and the signals of the
rest, not the document that was pasted along.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from router.classify import shapes, signals
from router.classify.complexity_model import ComplexityModel, shipped_complexity
from router.classify.rules import kind_by_rule
from router.types.decision import Guess, Kind

if TYPE_CHECKING:
    from router.classify.ngrams import LinearModel

WEIGHTS = Path(__file__).parent / "weights" / "kinds.npz"

UNSURE_BELOW = 0.36
"""Below this probability the best kind is reported as UNSURE."""

_OF_A_TEXT = (Kind.SUMMARISATION, Kind.EXTRACTION, Kind.TRANSLATION, Kind.REWRITING)
"""With these instructions a task keeps its kind where the text is a description of functions."""

_RULE_ODDS = 100.0
_LEANING_ODDS = 20.0
_TOOLS_ODDS = 1e5
_WHOLE_CHARS = 300
_WHOLE_ORDER_CHARS = 140
_CONTEXT_CHARS = 60
_QUESTION_CONTEXT_CHARS = 200
_END_CHARS = 150
_ASKED_CHARS = 400


class Classifier(Protocol):
    """Whatever turns a prompt into a guess. It never raises, whatever the text."""

    def classify(self, prompt: str, facts: signals.Signals | None = None) -> Guess:
        """facts: the signals of `prompt`, for a caller who has read them."""
        ...


class NgramClassifier:
    """Rules and the hashed n-gram model; well under a millisecond a prompt once it is loaded.

    complexity: None for the shipped model of it.
    """

    def __init__(
        self,
        model: LinearModel,
        *,
        unsure_below: float = UNSURE_BELOW,
        complexity: ComplexityModel | None = None,
    ) -> None:
        self._model = model
        self._complexity = complexity or shipped_complexity()
        self._unsure_below = unsure_below

    @classmethod
    def load(cls, path: Path = WEIGHTS, *, unsure_below: float = UNSURE_BELOW) -> NgramClassifier:
        """The classifier with the shipped weights, or those at `path`. Imports numpy."""
        from router.classify.ngrams import LinearModel

        return cls(LinearModel.load(path), unsure_below=unsure_below)

    def classify(self, prompt: str, facts: signals.Signals | None = None) -> Guess:
        """Kind, language and complexity. `confidence` is that of the best kind also when UNSURE."""
        facts = facts or signals.read(prompt)
        shape = shapes.read(facts)
        odds = self._model.probabilities(shown(facts), shape.marks)
        ruled = kind_by_rule(facts.plain, facts.beginnings)
        if facts.has_tools and ruled not in _OF_A_TEXT:
            odds[Kind.TOOL.value] = odds.get(Kind.TOOL.value, 0.0) * _TOOLS_ODDS
        elif ruled is not None:
            odds[ruled.value] = odds.get(ruled.value, 0.0) * _RULE_ODDS
        elif shape.leaning is not None:
            leaning = shape.leaning.value
            odds[leaning] = odds.get(leaning, 0.0) * _LEANING_ODDS
        best = max(odds, key=lambda kind: odds[kind])
        confidence = min(1.0, odds[best] / sum(odds.values()))
        return Guess(
            kind=Kind(best) if confidence >= self._unsure_below else Kind.UNSURE,
            confidence=round(confidence, 4),
            language=facts.language,
            complexity=self._complexity.complexity(prompt, facts),
        )


def shown(facts: signals.Signals) -> str:
    """The model's input: the instruction, both ends of the core, and words for the signals.

    The ends are short: they catch an instruction without an imperative ("In a nutshell,"), and show
    too little of a document to dominate.
    """
    prompt = facts.core
    if len(prompt) <= (_WHOLE_ORDER_CHARS if facts.instructions else _WHOLE_CHARS):
        text = prompt
    elif facts.has_choices and not facts.instructions:
        text = f"{signals.question_with_choices(prompt)}\n{prompt[:_CONTEXT_CHARS]}"
    elif facts.asked:
        asked = facts.instruction
        if len(asked) > _ASKED_CHARS:
            asked = f"{asked[: _ASKED_CHARS // 2]}\n{asked[-_ASKED_CHARS // 2 :]}"
        context = _CONTEXT_CHARS if facts.instructions else _QUESTION_CONTEXT_CHARS
        text = f"{asked}\n{prompt[:context]}\n{prompt[-_CONTEXT_CHARS:]}"
    else:
        text = f"{prompt[:_END_CHARS]}\n{prompt[-_END_CHARS:]}"
    return f"{' '.join(shapes.fact_words(facts))}\n{text}"
