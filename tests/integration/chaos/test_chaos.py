"""In small: the queue loses nothing and does nothing twice, whoever dies."""

from __future__ import annotations

from chaos import chaos

TASKS = 100
"""The long form is tests/benchmarks/queue_chaos.py."""


async def test_nothing_is_lost_and_nothing_done_twice_while_workers_and_redis_are_killed() -> None:
    report = await chaos(TASKS, workers=2, redis_kills=1, lease_s=2.0)
    assert report.lost == 0, report
    assert report.twice == 0, report
    assert report.states == {"done": TASKS}, report
    assert report.kills >= 1
    assert report.redis_kills == 1
