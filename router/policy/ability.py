"""What a model can do beside those whose outcomes the shipped expectations were measured on.

An item response model: the log-odds of a right answer are the model's ability less the request's
difficulty. `GainModel` knows the difficulty, as the score of the models that it was fitted to;
another model's ability moves that score. Abilities come from published figures, else from the
number of parameters and the family. `train_ability` fits all of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from router.errors import ConfigError
from router.policy.model_names import NamedModel
from router.types.decision import Kind

WEIGHTS = Path(__file__).parent / "weights" / "abilities.json"

Area = Literal["math", "knowledge", "code", "tool", "text"]
"""What abilities are told apart by: there are published figures of these."""

AREAS: tuple[Area, ...] = ("math", "knowledge", "code", "tool", "text")

AREA_OF_TEST: Mapping[str, Area] = {
    **dict.fromkeys(("gsm8k", "math", "math_500"), "math"),
    **dict.fromkeys(("mmlu", "mmlu_pro", "mmlu_redux"), "knowledge"),
    **dict.fromkeys(("humaneval", "mbpp"), "code"),
    **dict.fromkeys(("bfcl_v2", "bfcl_v3"), "tool"),
    **dict.fromkeys(("ifeval_strict", "ifeval_mean", "ifeval_google"), "text"),
}
"""Work on a text is measured by how instructions are followed: there is nothing nearer."""

_AREA_OF_KIND: Mapping[Kind, Area] = {
    Kind.MATH: "math",
    Kind.KNOWLEDGE: "knowledge",
    Kind.CODE: "code",
    Kind.TOOL: "tool",
}

USUAL_BILLIONS = 3.8
"""Of a model whose size says nothing against or for it: that of the measured ones."""

_LEAST_BILLIONS, _MOST_BILLIONS = 0.1, 32.0
"""Sizes of nearly all models that figures were published of: beyond them the line is a guess."""

_BELIEVED_ABOVE = 0.25
"""The part that is believed of an ability above that of the measured models, until a probe shows
it: with more of it, larger models that were left out are expected too much (docs/benchmarks.md)."""

_SUREST = 0.98
"""No expectation is a certainty."""


def doublings(billions: float) -> float:
    """How many times a model is twice as large as the usual one; negative for a smaller one."""
    return math.log2(min(max(billions, _LEAST_BILLIONS), _MOST_BILLIONS) / USUAL_BILLIONS)


def key_of(named: NamedModel) -> str | None:
    """By what published figures of a model are found; None for a name that is not plain."""
    if named.family is None or named.billions is None or not named.plain:
        return None
    return f"{named.family} {named.billions:g}b"


@dataclass(frozen=True, slots=True)
class Abilities:
    """Log-odds by area, all against the models that the shipped expectations were measured on.

    size: for each doubling of parameters. usual: of a model of the usual size and no family.
    families: what a family adds. published: of models with figures, by `key_of`. tiers: of clouds
    that are less than a frontier model, against one.
    """

    size: Mapping[str, float]
    usual: Mapping[str, float]
    families: Mapping[str, Mapping[str, float]]
    published: Mapping[str, Mapping[str, float]]
    tiers: Mapping[str, Mapping[str, float]]

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Abilities:
        """Read what `save` wrote. ConfigError where the file is missing or not ours."""
        try:
            stored = json.loads(path.read_text("utf-8"))
            return cls(
                size=_by_area(stored["size"]),
                usual=_by_area(stored["usual"]),
                families={name: _by_area(one) for name, one in stored["families"].items()},
                published={name: _by_area(one) for name, one in stored["published"].items()},
                tiers={name: _by_area(one) for name, one in stored["tiers"].items()},
            )
        except (OSError, KeyError, ValueError, AttributeError, TypeError) as error:
            raise ConfigError(
                f"{path} holds no abilities: {error!r}; reinstall the package, or fit them again "
                "with python -m router.evaluate.train_ability"
            ) from error

    def save(self, path: Path) -> None:
        """Write JSON; the same abilities give the same bytes."""

        def rounded(one: Mapping[str, float]) -> dict[str, float]:
            return {area: round(one[area], 3) for area in AREAS}

        def each(many: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
            return {name: rounded(many[name]) for name in sorted(many)}

        stored = {
            "size": rounded(self.size),
            "usual": rounded(self.usual),
            "families": each(self.families),
            "published": each(self.published),
            "tiers": each(self.tiers),
        }
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")

    def estimated(self, family: str | None, billions: float) -> dict[Kind, float]:
        """By size and family; a family that was not measured is an average one."""
        by_family = self.families.get(family or "", {})
        steps = doublings(billions)
        return _by_kind(
            {
                area: self.usual[area] + self.size[area] * steps + by_family.get(area, 0.0)
                for area in AREAS
            }
        )

    def published_of(self, named: NamedModel) -> dict[Kind, float] | None:
        """None where no figures of this model were published."""
        found = self.published.get(key_of(named) or "")
        return None if found is None else _by_kind(found)

    def tier(self, name: str) -> dict[Kind, float]:
        return _by_kind(self.tiers[name])


@cache
def shipped_abilities() -> Abilities:
    """Those that come with the package, read once."""
    return Abilities.load()


def moved(score: float, ability: float) -> float:
    """A score, 0..1, of the measured models, for one with another ability (log-odds)."""
    score = min(max(score, 1 - _SUREST), _SUREST)
    odds = math.log(score / (1 - score)) + ability
    return min(max(1 / (1 + math.exp(-odds)), 1 - _SUREST), _SUREST)


def area_of(kind: Kind) -> Area:
    """Of a kind that is clear."""
    return _AREA_OF_KIND.get(kind, "text")


def _by_kind(abilities: Mapping[str, float]) -> dict[Kind, float]:
    believed = {
        area: ability * (_BELIEVED_ABOVE if ability > 0 else 1.0)
        for area, ability in abilities.items()
    }
    found = {kind: round(believed[area_of(kind)], 3) for kind in Kind}
    found[Kind.UNSURE] = round(sum(believed.values()) / len(believed), 3)
    return found


def _by_area(stored: Mapping[str, float]) -> dict[str, float]:
    return {area: float(stored[area]) for area in AREAS}
