"""The report adds up: every task once, every token once, and no dollar that nobody knows of."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import subprocess
import sys
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.account.records import AttemptRecord, Record, TaskRecord
from router.account.report import Report, Row, build_report, parse_since
from router.errors import ConfigError
from router.types.decision import EscalationReason, Kind

NAMES = st.sampled_from(["nano", "cloud/big, with comma", 'quo"te'])
MONEY = st.floats(0, 100, allow_nan=False)
COUNT = st.integers(0, 10_000)
SECONDS = st.floats(0, 1000)
REASONS = st.none() | st.sampled_from(EscalationReason)
COMMON = {
    "task_id": st.sampled_from(["t1", "t2"]),
    "time": st.floats(1, 2e9),
    "kind": st.sampled_from(Kind),
    "language": st.just("en"),
    "escalation": REASONS,
    "latency_s": SECONDS,
}
ATTEMPTS = st.builds(
    AttemptRecord,
    **COMMON,
    number=COUNT,
    role=st.just("coder"),
    engine=st.just("llamacpp"),
    model=NAMES,
    route=st.sampled_from(["local", "cloud"]),
    outcome=st.sampled_from(["accepted", "rejected", "failed", "cancelled"]),
    prompt_tokens=COUNT,
    completion_tokens=COUNT,
    cached_tokens=COUNT,
    cost_usd=st.none() | MONEY,
)
TASKS = st.builds(
    TaskRecord,
    **COMMON,
    status=st.sampled_from(["done", "parked", "failed"]),
    route=st.sampled_from(["local", "cloud", "cache", "none"]),
    decided=st.sampled_from(["local", "cloud", "parked"]),
    model=st.none() | NAMES,
    avoided_usd=MONEY,
    cache_hit=st.booleans(),
)


def attempt(**changes: object) -> AttemptRecord:
    whole: dict[str, object] = {
        "task_id": "t",
        "time": 100.0,
        "kind": Kind.CODE,
        "language": "en",
        "number": 1,
        "role": "coder",
        "engine": "llamacpp",
        "model": "nano",
        "route": "local",
        "outcome": "accepted",
    }
    return AttemptRecord.model_validate(whole | changes)


def task(**changes: object) -> TaskRecord:
    whole: dict[str, object] = {
        "task_id": "t",
        "time": 101.0,
        "kind": Kind.CODE,
        "language": "en",
        "status": "done",
        "route": "local",
        "decided": "local",
        "model": "nano",
    }
    return TaskRecord.model_validate(whole | changes)


@settings(max_examples=80)
@given(st.lists(ATTEMPTS | TASKS, max_size=30), st.randoms())
def test_every_task_and_attempt_is_counted_exactly_once(
    records: list[Record], dice: random.Random
) -> None:
    report = build_report(records)
    tasks = [record for record in records if isinstance(record, TaskRecord)]
    attempts = [record for record in records if isinstance(record, AttemptRecord)]

    assert report.tasks == len(tasks)
    assert sum(report.by_status.values()) == len(tasks)
    assert sum(report.by_route.values()) == len(tasks)
    assert sum(latency.tasks for latency in report.latency.values()) == len(tasks)
    assert report.attempts == sum(report.by_outcome.values()) == len(attempts)
    assert sum(e.before for e in report.escalations.values()) == sum(
        one.escalation is not None for one in tasks
    )
    assert sum(e.after for e in report.escalations.values()) == sum(
        one.escalation is not None for one in attempts
    )
    assert sum(t.prompt for t in report.tokens.values()) == sum(a.prompt_tokens for a in attempts)
    assert report.unknown_price_attempts == sum(a.cost_usd is None for a in attempts)
    assert report.spent_usd == pytest.approx(
        math.fsum(a.cost_usd or 0.0 for a in attempts), abs=1e-9 * (1 + len(attempts))
    )
    assert report.avoided_usd == pytest.approx(
        math.fsum(t.avoided_usd for t in tasks), abs=1e-9 * (1 + len(tasks))
    )
    for table in (report.rows, report.kinds, report.models):
        assert_adds_up(table, report)
    for latency in report.latency.values():
        assert latency.p50_s <= latency.p95_s

    shuffled = records.copy()
    dice.shuffle(shuffled)
    assert build_report(shuffled) == report
    assert build_report(iter(records)) == report


def assert_adds_up(table: tuple[Row, ...], report: Report) -> None:
    for column in ("tasks", "attempts", "unknown_price_attempts"):
        assert sum(getattr(row, column) for row in table) == getattr(report, column)
    for outcome in ("accepted", "rejected", "failed", "cancelled"):
        assert sum(getattr(row, outcome) for row in table) == report.by_outcome.get(outcome, 0)
    for column in ("spent_usd", "avoided_usd"):
        nanos = sum(round(getattr(row, column) * 1e9) for row in table)
        assert nanos == round(getattr(report, column) * 1e9)


def test_an_empty_account_is_a_report_of_zeros() -> None:
    report = build_report([])
    assert (report.tasks, report.spent_usd, report.first, report.rows) == (0, 0.0, None, ())
    assert json.loads(report.to_json())["tasks"] == 0
    assert report.to_csv().count("\n") == 1


def test_many_small_sums_do_not_drift() -> None:
    price = 0.000_000_1
    report = build_report(attempt(cost_usd=price) for _ in range(20_000))
    assert Fraction(repr(report.spent_usd)) == Fraction(repr(price)) * 20_000


def test_an_unknown_price_is_counted_and_not_taken_for_nothing() -> None:
    report = build_report([attempt(cost_usd=None, model="x"), attempt(cost_usd=0.5)])
    assert report.spent_usd == 0.5
    assert report.unknown_price_attempts == 1
    assert {row.model: row.unknown_price_attempts for row in report.models} == {"x": 1, "nano": 0}


def test_a_rejected_answer_is_paid_for_and_an_escalation_has_its_reason() -> None:
    report = build_report(
        [
            attempt(outcome="rejected", escalation="schema", prompt_tokens=10, cached_tokens=4),
            attempt(number=2, route="cloud", model="big", cost_usd=0.02, completion_tokens=7),
            task(route="cloud", model="big", latency_s=2.0),
            task(route="cloud", model="big", escalation="complex", decided="cloud", latency_s=4.0),
            task(route="cache", cache_hit=True, avoided_usd=0.01),
        ]
    )
    assert report.escalations["schema"].model_dump() == {"before": 0, "after": 1}
    assert report.escalations["complex"].model_dump() == {"before": 1, "after": 0}
    assert report.by_route == {"cache": 1, "cloud": 2}
    assert report.cache_hits == 1
    assert report.tokens["local"].model_dump() == {"prompt": 10, "completion": 0, "cached": 4}
    assert report.tokens["cloud"].completion == 7
    assert (report.first, report.last) == (100.0, 101.0)
    (local,) = [row for row in report.rows if row.route == "local"]
    assert (local.rejected, local.tasks) == (1, 0)
    (cloud,) = [row for row in report.rows if row.route == "cloud"]
    assert (cloud.accepted, cloud.tasks, cloud.spent_usd) == (1, 2, 0.02)


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    report = build_report(task(latency_s=float(seconds)) for seconds in range(1, 21))
    assert report.latency["local"].model_dump() == {"tasks": 20, "p50_s": 10.0, "p95_s": 19.0}
    one = build_report([task(latency_s=3.0)]).latency["local"]
    assert (one.p50_s, one.p95_s) == (3.0, 3.0)


def test_the_table_opens_in_a_spreadsheet_and_its_columns_add_up() -> None:
    report = build_report(
        [
            attempt(model='a "big", model', cost_usd=0.25, prompt_tokens=3),
            attempt(kind=Kind.MATH, cost_usd=0.5),
            task(model='a "big", model', avoided_usd=1.5),
            task(model=None, status="failed", route="none"),
        ]
    )
    rows = list(csv.DictReader(io.StringIO(report.to_csv())))
    assert list(rows[0]) == list(Row.model_fields)
    assert {row["model"] for row in rows} == {"", 'a "big", model', "nano"}
    assert sum(float(row["spent_usd"]) for row in rows) == report.spent_usd == 0.75
    assert sum(int(row["tasks"]) for row in rows) == report.tasks == 2


def test_the_json_can_be_read_back() -> None:
    report = build_report([attempt(), task()])
    assert Report.model_validate_json(report.to_json()) == report


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("7d", NOW - 7 * 86_400),
        ("24h", NOW - 86_400),
        (" 30m ", NOW - 1800),
        ("90 s", NOW - 90),
        ("2w", NOW - 14 * 86_400),
        ("1.5h", NOW - 5400),
        ("0d", NOW),
        ("999999d", 0.0),
        ("0001-01-01T00:00:00Z", 0.0),
        ("2026-02-01T00:00:00Z", datetime(2026, 2, 1, tzinfo=UTC).timestamp()),
        ("2026-02-01", datetime(2026, 2, 1).timestamp()),
        ("2026-02-01 08:30", datetime(2026, 2, 1, 8, 30).timestamp()),
    ],
)
def test_a_point_in_time_is_understood(text: str, since: float) -> None:
    assert parse_since(text, now=NOW) == since


@pytest.mark.parametrize(
    "text", ["", "7", "d", "-7d", "7 days", "yesterday", "2026-13-01", "1e9d", "٣d"]
)
def test_anything_else_is_a_mistake_that_shows_what_to_write(text: str) -> None:
    with pytest.raises(ConfigError, match="write 30m, 24h, 7d or 2w") as caught:
        parse_since(text, now=NOW)
    assert repr(text) in str(caught.value)


def test_a_time_that_is_yet_to_come_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="is yet to come"):
        parse_since("2026-03-02T00:00Z", now=NOW)


def test_importing_the_account_and_the_store_does_not_cost_a_redis_client() -> None:
    imports = "import sys, router.account.report, router.memory, router.store"
    code = f"{imports}; print('redis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
