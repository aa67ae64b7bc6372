"""What routing by a score is worth on judged pairs, beside the baselines that cost nothing.

A threshold is fixed on the dev rows and judged on the check rows; every figure has a bootstrap
interval. A ranking that learns does so from dev rows alone, and its threshold comes from scores of
dev rows that it had not seen: on the rows that it was fitted on a ranking looks better.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from router.evaluate.bootstrap import Resampling, ratio
from router.evaluate.curves import Cut, Floats, Ranked, cut_for
from router.evaluate.groups import Rows, groups_of, working
from router.evaluate.pairs import Judged
from router.evaluate.routing_report import Breakdown, Curve, Point, Router, RoutingReport
from router.evaluate.thresholds import Thresholds, Traffic, calibrated, lines

FOLDS = 5
CURVE_POINTS = 101
LEAST_GAP = 0.04
"""APGR divides by the gap between cloud and local scores: under this it is noise."""

Ranking = Callable[[Judged], Floats]
"""Scores all rows; one that learns looks at the outcomes of the dev rows only."""

OURS = "expected gain"
RANDOM = "random"
CALIBRATED = "calibrated gain"


def by_gain(judged: Judged) -> Floats:
    """As the policy in force ranks: by what the cloud is expected to add."""
    return judged.gain


def by_calibrated_gain(judged: Judged) -> Floats:
    """As `edgeward calibrate` would have it rank: the gain by each kind's own line."""
    return calibrated(traffic(judged), lines(traffic(judged.only(judged.dev))))


def by_length(judged: Judged) -> Floats:
    """The baseline that is hard to beat where difficulty is all that differs."""
    return np.array([float(len(pair.prompt)) for pair in judged.pairs])


def by_chance(judged: Judged) -> Floats:
    """No ranking: each share of calls falls on anybody."""
    return np.zeros(len(judged))


def by_oracle(judged: Judged) -> Floats:
    """What nobody can know beforehand: the best that any ranking could do."""
    return judged.outcomes.gain


RANKINGS: Mapping[str, Ranking] = {
    OURS: by_gain,
    CALIBRATED: by_calibrated_gain,
    "prompt length": by_length,
    RANDOM: by_chance,
    "(oracle)": by_oracle,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of an evaluation.

    told: called with a line on what is being worked out, for somebody who waits.
    """

    target: float = 0.95
    samples: int = 1000
    rankings: Mapping[str, Ranking] | None = None
    told: Callable[[str], None] = lambda _: None


def traffic(judged: Judged) -> Traffic:
    """The rows as thresholds see them: one task each, none forced anywhere."""
    return Traffic(
        kinds=np.array(judged.guessed),
        gain=judged.gain,
        complexity=judged.complexity,
        outcomes=judged.outcomes,
        weights=np.ones(len(judged)),
        forced=np.zeros(len(judged), dtype=bool),
    )


def by_kind(judged: Judged) -> Rows:
    """The rows to be broken down by kind."""
    return Rows(judged.kinds, judged.questions, judged.outcomes, np.ones(len(judged)))


def evaluate(
    judged: Judged, configured: Thresholds, fitted: Thresholds, file: str, plan: Plan
) -> RoutingReport:
    """Everything that is reported of one file.

    configured: the thresholds in force. fitted: those that calibration sets by the dev rows.
    """
    rankings = RANKINGS if plan.rankings is None else plan.rankings
    check = judged.only(~judged.dev)
    again = Resampling.by(check.questions, plan.samples)
    routers, curves, scores = [], [], []
    for name, ranking in rankings.items():
        plan.told(name)
        found = ranking(judged)[~judged.dev]
        known, dev = out_of_fold(judged, ranking)
        cut = cut_for(known, dev.outcomes, plan.target)
        routers.append(measured(name, found, check, cut, again))
        curves.append(_curve(name, found, check))
        scores.append(found)
    plan.told("kinds and sources")
    always = again.intervals(lambda w: _means(w, check))
    sent = configured.sends(traffic(check))
    quality, saved = again.intervals(lambda w: working(sent, check.outcomes, w))
    return RoutingReport(
        file=file,
        rows=len(judged),
        dev_rows=int(judged.dev.sum()),
        check_rows=len(check),
        questions=len(set(judged.questions)),
        target=plan.target,
        always_local=always[0],
        always_cloud=always[1],
        configured_quality=quality,
        configured_saved=saved,
        configured=Point(
            calls=float(sent.mean()),
            score=float(np.where(sent, check.outcomes.cloud, check.outcomes.local).mean()),
        ),
        routers=tuple(routers),
        kinds=groups_of(by_kind(check), fitted.sends(traffic(check)), plan.samples),
        sources=tuple(_sources(check, scores, plan.samples)),
        curves=tuple(curves),
    )


def out_of_fold(judged: Judged, ranking: Ranking) -> tuple[Floats, Judged]:
    """Scores of the dev rows by rankings that did not learn from them, and the dev rows.

    Five folds by question: the same question is in one fold only.
    """
    dev = judged.only(judged.dev)
    folds = [hashlib.sha256(q.encode()).digest()[1] % FOLDS for q in dev.questions]
    fold = np.array(folds)
    scores = np.zeros(len(dev))
    for number in sorted(set(folds)):
        inside = fold != number if len(set(folds)) > 1 else np.ones(len(dev), dtype=bool)
        rest = Judged(dev.pairs, dev.guesses, dev.facts, dev.gain, dev.outcomes, inside)
        scores[fold == number] = ranking(rest)[fold == number]
    return scores, dev


def measured(name: str, scores: Floats, rows: Judged, cut: Cut, again: Resampling) -> Router:
    """One ranking's figures on these rows, at a cut that was fixed elsewhere."""
    ranked = Ranked.of(scores, rows.outcomes)
    sent = cut.sends(scores)

    def figures(weights: Floats) -> Sequence[float]:
        read = ranked.figures(weights)
        return (
            read.apgr,
            read.cpt50,
            read.cpt80,
            read.saved95,
            *working(sent, rows.outcomes, weights),
        )

    apgr, cpt50, cpt80, saved95, quality, saved = again.intervals(figures)
    return Router(
        name=name,
        apgr=apgr,
        cpt50=cpt50,
        cpt80=cpt80,
        saved95=saved95,
        quality=quality,
        saved=saved,
    )


def _sources(check: Judged, scores: Sequence[Floats], samples: int) -> list[Breakdown]:
    """Each source and pair of models, where the file says which is which."""
    labels = [(pair.source, _models(pair.local_model, pair.cloud_model)) for pair in check.pairs]
    found = []
    for label in sorted(set(labels)):
        if label == ("", ""):
            continue
        which = np.array([one == label for one in labels])
        own = check.only(which)
        ranked = [Ranked.of(one[which], own.outcomes) for one in scores]
        again = Resampling.by(own.questions, samples)
        found.append(
            Breakdown(
                source=label[0],
                models=label[1],
                rows=len(own),
                local=float(own.outcomes.local.mean()),
                cloud=float(own.outcomes.cloud.mean()),
                apgr=tuple(
                    again.intervals(
                        lambda w, ranked=ranked: [  # type: ignore[misc]
                            one.figures(w).apgr for one in ranked
                        ]
                    )
                ),
            )
        )
    return found


def _models(local: str, cloud: str) -> str:
    return " / ".join(name.rsplit("/", 1)[-1] for name in (local, cloud) if name)


def _curve(name: str, scores: Floats, rows: Judged) -> Curve:
    calls, quality = Ranked.of(scores, rows.outcomes).blocks(np.ones(len(rows)))
    shares = np.linspace(0, calls[-1], CURVE_POINTS)
    mean = np.interp(shares, calls, quality) / len(rows)
    return Curve(name=name, quality=tuple(round(float(one), 5) for one in mean))


def _means(weights: Floats, rows: Judged) -> list[float]:
    each = np.ones(len(rows))
    return [ratio(weights, side, each) for side in (rows.outcomes.local, rows.outcomes.cloud)]
