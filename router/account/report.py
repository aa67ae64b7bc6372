"""The account, added up: what was asked, where it went, what it cost and what it avoided. Pure.

Money is added as whole nano-dollars (1e-9 $), so that a sum does not depend on the order of its
parts and does not drift; each part is rounded once. An attempt whose price is unknown is counted
as such and adds nothing: the dollars spent are then a lower bound.
"""

from __future__ import annotations

import csv
import heapq
import io
import math
import re
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from pydantic import Field

from router.account.budget import BudgetStatus
from router.account.records import SHADOW_ROLE, AttemptRecord, Record, TaskRecord
from router.errors import ConfigError
from router.types.base import Frozen

NANO = 1_000_000_000

_RUN = 65_536
"""Latencies that are sorted at a time."""

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Row(Frozen):
    """Tasks and attempts of one kind, model and route; an empty name stands for none, or for all.

    A task counts in the row of the model and route that its answer came from, an attempt in the
    row of its own. estimated_usd: the part of the dollars spent that is ours to guess, because no
    provider's word could be had for it. avoided_usd: an estimate, of the tasks.
    """

    kind: str = ""
    model: str = ""
    route: str = ""
    tasks: int = 0
    attempts: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    cancelled: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    spent_usd: float = 0.0
    unknown_price_attempts: int = 0
    estimated_attempts: int = 0
    estimated_usd: float = 0.0
    avoided_usd: float = 0.0


class Escalations(Frozen):
    """How often one reason sent a task elsewhere.

    before: decided before anything was generated. after: an attempt's answer was not good enough.
    """

    before: int = 0
    after: int = 0


class Tokens(Frozen):
    """Tokens of all attempts on one route; cached ones are part of the prompt's."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0


class Latency(Frozen):
    """Seconds from request to answer, whole tasks; nearest-rank percentiles."""

    tasks: int
    p50_s: float
    p95_s: float


class Report(Frozen):
    """The account of a stretch of time.

    first, last: epoch seconds of the earliest and latest record, None without any.
    by_verification: why the answers from this machine may be believed: `verified`, `trusted` or
    `unverified`. cloud_calls: how often a request went out to a cloud, repeated ones counted.
    shadow_attempts, shadow_usd: of the attempts and the dollars spent, those of shadow runs.
    rows: the finest table, by kind, model and route; all other tables are sums of it.
    budgets: how they stand now, whatever the period of the report.
    """

    first: float | None
    last: float | None
    tasks: int
    by_status: dict[str, int]
    by_route: dict[str, int]
    by_verification: dict[str, int] = Field(default_factory=dict)
    cache_hits: int
    attempts: int
    by_outcome: dict[str, int]
    escalations: dict[str, Escalations]
    tokens: dict[str, Tokens]
    spent_usd: float
    unknown_price_attempts: int
    estimated_attempts: int = 0
    estimated_usd: float = 0.0
    cloud_calls: int = 0
    avoided_usd: float
    shadow_attempts: int = 0
    shadow_usd: float = 0.0
    latency: dict[str, Latency]
    kinds: tuple[Row, ...]
    models: tuple[Row, ...]
    rows: tuple[Row, ...]
    budgets: tuple[BudgetStatus, ...] = ()

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)

    def to_csv(self) -> str:
        """`rows` with a header: one line per kind, model and route, ready for a pivot table.

        Every column of numbers adds up to the report's total, so nothing is counted twice.
        """
        text = io.StringIO()
        writer = csv.DictWriter(text, list(Row.model_fields), lineterminator="\n")
        writer.writeheader()
        for row in self.rows:
            writer.writerow(row.model_dump())
        return text.getvalue()


@dataclass(slots=True)
class _Sum:
    """A row being added up, in nano-dollars."""

    counts: Counter[str] = field(default_factory=Counter)
    spent: int = 0
    estimated: int = 0
    avoided: int = 0

    def add(self, record: AttemptRecord | TaskRecord) -> None:
        if isinstance(record, TaskRecord):
            self.counts["tasks"] += 1
            self.avoided += _nanos(record.avoided_usd)
            return
        self.counts["attempts"] += 1
        self.counts[record.outcome] += 1
        self.counts["prompt_tokens"] += record.prompt_tokens
        self.counts["completion_tokens"] += record.completion_tokens
        if record.cost_usd is None:
            self.counts["unknown_price_attempts"] += 1
        else:
            self.spent += _nanos(record.cost_usd)
        if record.estimated and record.route == "cloud":
            self.counts["estimated_attempts"] += 1
            self.estimated += _nanos(record.cost_usd or 0.0)

    def row(self, *, kind: str = "", model: str = "", route: str = "") -> Row:
        return Row(
            kind=kind,
            model=model,
            route=route,
            spent_usd=self.spent / NANO,
            estimated_usd=self.estimated / NANO,
            avoided_usd=self.avoided / NANO,
            **self.counts,
        )


class ReportBuilder:
    """Adds records up one by one, in any order; keeps one number a task, and the sums.

    So a report takes the memory of its tables and eight bytes a task, however long the account is.
    """

    def __init__(self) -> None:
        self._total = _Sum()
        self._cells: defaultdict[tuple[str, str, str], _Sum] = defaultdict(_Sum)
        self._kinds: defaultdict[str, _Sum] = defaultdict(_Sum)
        self._models: defaultdict[str, _Sum] = defaultdict(_Sum)
        self._statuses: Counter[str] = Counter()
        self._routes: Counter[str] = Counter()
        self._verifications: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._before: Counter[str] = Counter()
        self._after: Counter[str] = Counter()
        self._tokens: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._latencies: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self._shadows = _Sum()
        self._cache_hits = self._cloud_calls = 0
        self._first, self._last = math.inf, -math.inf

    def add(self, record: Record) -> None:
        if not isinstance(record, AttemptRecord | TaskRecord):
            return  # it costs nothing of its own
        self._first = min(self._first, record.time)
        self._last = max(self._last, record.time)
        model = record.model or ""
        for part in (
            self._total,
            self._cells[(record.kind.value, model, record.route)],
            self._kinds[record.kind.value],
            self._models[model],
        ):
            part.add(record)
        if isinstance(record, TaskRecord):
            self._add_task(record)
        else:
            self._add_attempt(record)

    def _add_task(self, record: TaskRecord) -> None:
        self._statuses[record.status] += 1
        self._routes[record.route] += 1
        if record.route == "local" and record.verification is not None:
            self._verifications[record.verification.value] += 1
        self._cache_hits += record.cache_hit
        self._latencies[record.route].append(record.latency_s)
        if record.escalation:
            self._before[record.escalation.value] += 1

    def _add_attempt(self, record: AttemptRecord) -> None:
        self._outcomes[record.outcome] += 1
        self._cloud_calls += record.sent
        if record.role == SHADOW_ROLE:
            self._shadows.add(record)
        tokens = self._tokens[record.route]
        tokens["prompt"] += record.prompt_tokens
        tokens["completion"] += record.completion_tokens
        tokens["cached"] += record.cached_tokens
        if record.escalation:
            self._after[record.escalation.value] += 1

    def report(self) -> Report:
        whole = self._total.row()
        reasons = sorted({*self._before, *self._after})
        found = self._first <= self._last
        return Report(
            first=self._first if found else None,
            last=self._last if found else None,
            tasks=whole.tasks,
            by_status=dict(sorted(self._statuses.items())),
            by_route=dict(sorted(self._routes.items())),
            by_verification=dict(sorted(self._verifications.items())),
            cache_hits=self._cache_hits,
            attempts=whole.attempts,
            by_outcome=dict(sorted(self._outcomes.items())),
            escalations={
                reason: Escalations(before=self._before[reason], after=self._after[reason])
                for reason in reasons
            },
            tokens={route: Tokens(**counts) for route, counts in sorted(self._tokens.items())},
            spent_usd=whole.spent_usd,
            unknown_price_attempts=whole.unknown_price_attempts,
            estimated_attempts=whole.estimated_attempts,
            estimated_usd=whole.estimated_usd,
            cloud_calls=self._cloud_calls,
            avoided_usd=whole.avoided_usd,
            shadow_attempts=self._shadows.counts["attempts"],
            shadow_usd=self._shadows.spent / NANO,
            latency={route: _latency(times) for route, times in sorted(self._latencies.items())},
            kinds=tuple(part.row(kind=kind) for kind, part in sorted(self._kinds.items())),
            models=tuple(part.row(model=model) for model, part in sorted(self._models.items())),
            rows=tuple(
                part.row(kind=cell[0], model=cell[1], route=cell[2])
                for cell, part in sorted(self._cells.items())
            ),
        )


def build_report(records: Iterable[Record]) -> Report:
    """Add up records in any order. Reads them once."""
    builder = ReportBuilder()
    for record in records:
        builder.add(record)
    return builder.report()


def _nanos(dollars: float) -> int:
    return round(dollars * NANO)


def _latency(seconds: array[float]) -> Latency:
    """Sorted in runs that are merged: sorting all at once would make an object of each number."""
    runs = [
        array("d", sorted(seconds[begin : begin + _RUN])) for begin in range(0, len(seconds), _RUN)
    ]
    ranks = [max(0, math.ceil(share * len(seconds)) - 1) for share in (0.50, 0.95)]
    wanted = {
        rank: number
        for rank, number in enumerate(islice(heapq.merge(*runs), ranks[-1] + 1))
        if rank in ranks
    }
    return Latency(tasks=len(seconds), p50_s=wanted[ranks[0]], p95_s=wanted[ranks[1]])


def parse_since(text: str, *, now: float | None = None) -> float:
    """Epoch seconds of `7d`, `24h`, `30m`, `90s`, `2w` ago, or of an ISO date or time.

    A date without a time zone is the local one's. Raises ConfigError for anything else, and for
    a time that is yet to come.
    """
    moment = time.time() if now is None else now
    wanted = text.strip()
    if ago := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([smhdw])", wanted):
        return max(0.0, moment - float(ago[1]) * UNITS_S[ago[2]])
    try:
        since = datetime.fromisoformat(wanted).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(
            f"{text!r} is no point in time: write 30m, 24h, 7d or 2w for so long ago, "
            "or a date such as 2026-01-31 or 2026-01-31T08:00"
        ) from error
    if since > moment:
        raise ConfigError(f"{text!r} is yet to come: nothing can be reported since then")
    return max(0.0, since)
