"""What an evaluation of routing reports."""

from __future__ import annotations

from router.evaluate.bootstrap import Interval
from router.evaluate.groups import Group
from router.types.base import Frozen


class Router(Frozen):
    """One way to route, on the check rows. Intervals hold 95 % of bootstrap samples.

    cpt50, cpt80: share of calls that recovers so much of the gap. saved95: of calls at 95 % of the
    cloud's quality, the threshold chosen on these very rows, which flatters. quality, saved: of a
    threshold fixed on dev, quality as a share of the cloud's. A value that does not exist is NaN,
    in JSON null.
    """

    name: str
    apgr: Interval
    cpt50: Interval
    cpt80: Interval
    saved95: Interval
    quality: Interval
    saved: Interval


class Breakdown(Frozen):
    """A source and its pair of models, on the check rows: APGR by router, in their order."""

    source: str
    models: str
    rows: int
    local: float
    cloud: float
    apgr: tuple[Interval, ...]


class Curve(Frozen):
    """Mean score at shares 0, 0.01, ... 1 of cloud calls."""

    name: str
    quality: tuple[float, ...]


class Point(Frozen):
    """Where the configuration in force stands: share of calls made, and mean score."""

    calls: float
    score: float


class RoutingReport(Frozen):
    """A file of pairs, routed. target: of the thresholds that were fixed on dev.

    kinds: our calibrated thresholds, kind by kind. configured: the policy in force, as it is.
    """

    file: str
    rows: int
    dev_rows: int
    check_rows: int
    questions: int
    target: float
    always_local: Interval
    always_cloud: Interval
    configured_quality: Interval
    configured_saved: Interval
    configured: Point
    routers: tuple[Router, ...]
    kinds: tuple[Group, ...]
    sources: tuple[Breakdown, ...]
    curves: tuple[Curve, ...]

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)
