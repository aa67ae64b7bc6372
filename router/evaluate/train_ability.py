"""Fit abilities: `python -m router.evaluate.train_ability PAIRS.parquet ... [--out FILE.json]`.

An item response model over shares of right answers: those of the files' rows that are marked
`train_ok` and on the `dev` side, and the published figures of configs/models.yaml. The log-odds of
a share are the model's ability less the test's difficulty; an ability is a line in the logarithm of
the size, plus what its family and the model itself add, both held small.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from router.evaluate.files import read_rows
from router.evaluate.pairs import Pair
from router.policy.ability import AREA_OF_TEST, AREAS, WEIGHTS, Abilities, doublings, key_of
from router.policy.cloud_tier import Tier, tier_of
from router.policy.model_names import NamedModel, read_model_name
from router.settings.shipped import config_path
from router.settings.yaml_nodes import read_yaml_file

REFERENCE = ("Phi-3-mini-4k-instruct", "Phi-3.5-mini-instruct", "Qwen2.5-3B-Instruct")
"""The local models that the shipped expectations were measured on: `train_gain.SMALL`."""

_AREA_OF_SOURCE = {
    **dict.fromkeys(("routellm-gsm8k", "zeroeval-gsm", "zeroeval-math-l5"), "math"),
    **dict.fromkeys(("routellm-mmlu", "mmlu-pro"), "knowledge"),
}
_AREA_OF_DOMAIN = {
    # Of a source that mixes them. Its MMLU and GPQA rows are below chance for one of two models:
    # the form of the answers was scored there.
    **dict.fromkeys(("gsm8k", "math", "agentverse-mgsm"), "math"),
    **dict.fromkeys(("human_eval", "mbpp"), "code"),
    **dict.fromkeys(
        ("arc_challenge", "commonsense_qa", "openbook_qa", "natural_qa", "trivia_qa"), "knowledge"
    ),
    "commongen": "text",
}
_FEWEST_ROWS = 50
_PUBLISHED_WEIGHT, _MEASURED_WEIGHT = 20.0, 40.0
"""Questions that a share counts as: the ways of asking differ by more than chance does."""
_LEAST_SHARE = 0.01
_RIDGE = {
    **{"slope": 20.0, "family": 2.0, "family_area": 4.0, "model": 6.0},
    **{"tier": 0.01, "test": 0.001, "size": 0.001},
}
"""How many questions at even odds hold each part at zero; the common slope is free."""
_STEPS = 30


class Outcome(Pair):
    """A row with the domain of its prompt, where the file says one."""

    domain: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """The share of one test that one model got right. tier: of a cloud's model, whose size is
    unknown or beyond what people run."""

    model: str
    test: str
    area: str
    right: float
    weight: float
    tier: Tier | None = None


def measured(rows: Iterable[Outcome]) -> list[Share]:
    """Shares by model and test, of both sides."""
    found: dict[tuple[str, str, str, bool], dict[str, float]] = defaultdict(dict)
    for row in rows:
        area = _AREA_OF_SOURCE.get(row.source) or _AREA_OF_DOMAIN.get(row.domain)
        if area is None:
            continue
        test = f"{row.source} {row.domain}" if row.source not in _AREA_OF_SOURCE else row.source
        found[row.local_model, test, area, True][row.question] = row.local
        found[row.cloud_model, test, area, False][row.question] = row.cloud
    return [
        Share(
            model=model,
            test=test,
            area=area,
            right=sum(scores.values()) / len(scores),
            weight=_MEASURED_WEIGHT,
            tier=None if local else _tier(model),
        )
        for (model, test, area, local), scores in found.items()
        if len(scores) >= _FEWEST_ROWS
    ]


def published() -> list[Share]:
    """Of the catalogue's figures."""
    listed = read_yaml_file(config_path("models.yaml")).data["published"]
    return [
        Share(
            model=one["name"],
            test=test,
            area=AREA_OF_TEST[test],
            right=percent / 100,
            weight=_PUBLISHED_WEIGHT,
            tier=_tier(one["name"]),
        )
        for one in listed
        for test, percent in one["scores"].items()
    ]


def _tier(model: str) -> Tier | None:
    """Of what is no model of the sizes that people run."""
    named = read_model_name(model)
    if named.billions is None:
        return tier_of(model) or "large"
    return "mid" if named.billions > 40 else None


def _parts(share: Share) -> dict[str, float]:
    """What the log-odds of a share are the sum of: part by part, with its factor."""
    parts = {f"test {share.test}": -1.0}
    if share.tier is not None:
        return parts | {f"tier {share.tier} {share.area}": 1.0}
    named = read_model_name(share.model)
    if named.billions is None:
        raise ValueError(f"{share.model}: its name does not say its size")
    steps = doublings(named.billions)
    own = f"model {_id(named, share.model)} {share.area}"
    parts |= {"size": steps, f"slope {share.area}": steps, own: 1.0}
    if named.family is not None:
        parts |= {f"family {named.family}": 1.0, f"family_area {named.family} {share.area}": 1.0}
    return parts


def _id(named: NamedModel, model: str) -> str:
    return key_of(named) or model


def solved(shares: Sequence[Share]) -> dict[str, float]:
    """Every part's value: logistic regression on shares, by Newton steps."""
    present = [_parts(share) for share in shares]
    names = sorted({name for parts in present for name in parts})
    at = {name: number for number, name in enumerate(names)}
    x = np.zeros((len(shares), len(names)))
    for number, parts in enumerate(present):
        for name, factor in parts.items():
            x[number, at[name]] = factor
    right = np.clip([share.right for share in shares], _LEAST_SHARE, 1 - _LEAST_SHARE)
    weight = np.array([share.weight for share in shares])
    ridge = np.array([_RIDGE[name.partition(" ")[0]] for name in names])
    w: NDArray[np.float64] = np.zeros(len(names))
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (weight * (p - right)) + ridge * w
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        w -= np.linalg.solve(hessian, gradient)
    return dict(zip(names, w.tolist(), strict=True))


def fit(shares: Sequence[Share], reference_models: Sequence[str] = REFERENCE) -> Abilities:
    """Abilities against those of the reference models."""
    parts = solved(shares)

    def of(named: NamedModel, model: str) -> dict[str, float]:
        assert named.billions is not None, "shares were fitted of it"
        steps = doublings(named.billions)
        return {
            area: (parts["size"] + parts.get(f"slope {area}", 0.0)) * steps
            + parts.get(f"family {named.family}", 0.0)
            + parts.get(f"family_area {named.family} {area}", 0.0)
            + parts.get(f"model {_id(named, model)} {area}", 0.0)
            for area in AREAS
        }

    known = [of(read_model_name(model), model) for model in REFERENCE]
    reference: dict[str, float] = {
        area: sum(one[area] for one in known) / len(known) for area in AREAS
    }
    families = {name.split(" ")[1] for name in parts if name.startswith("family ")}
    listed = {key_of(read_model_name(s.model)): s.model for s in shares if s.tier is None}
    return Abilities(
        size={area: parts["size"] + parts.get(f"slope {area}", 0.0) for area in AREAS},
        usual={area: -reference[area] for area in AREAS},
        families={
            family: {
                area: parts[f"family {family}"] + parts.get(f"family_area {family} {area}", 0.0)
                for area in AREAS
            }
            for family in families
        },
        published={
            key: _less(of(read_model_name(model), model), reference)
            for key, model in listed.items()
            if key is not None
        },
        tiers={tier: _below_frontier(parts, tier) for tier in ("small", "mid")},
    )


def _below_frontier(parts: Mapping[str, float], tier: str) -> dict[str, float]:
    """By area; an area without figures of both is the mean of the others. Never above 0."""
    known = {
        area: parts[f"tier {tier} {area}"] - parts[f"tier large {area}"]
        for area in AREAS
        if f"tier {tier} {area}" in parts and f"tier large {area}" in parts
    }
    common = sum(known.values()) / len(known)
    return {area: min(0.0, known.get(area, common)) for area in AREAS}


def _less(abilities: Mapping[str, float], reference: Mapping[str, float]) -> dict[str, float]:
    return {area: abilities[area] - reference[area] for area in AREAS}


def training_rows(paths: Iterable[Path]) -> list[Outcome]:
    """What may be learned from: `train_ok`, on the `dev` side."""
    rows = [row for path in paths for row in read_rows(path, Outcome)]
    return [row for row in rows if row.train_ok and row.split == "dev"]


def main() -> None:
    """Fit, save, and say what a doubling of parameters is worth."""
    parser = argparse.ArgumentParser(description="Fit abilities by size, family and figures.")
    parser.add_argument("pairs", nargs="+", type=Path, help="files of measured pairs")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    shares = measured(training_rows(arguments.pairs)) + published()
    abilities = fit(shares)
    abilities.save(arguments.out)
    models = len({share.model for share in shares})
    sys.stdout.write(f"{len(shares)} shares of {models} models\n")
    for area in AREAS:
        sys.stdout.write(f"{area}: {abilities.size[area]:+.2f} log-odds a doubling\n")


if __name__ == "__main__":
    main()
