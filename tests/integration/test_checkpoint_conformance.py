"""The saver against LangGraph's own conformance suite, on a real Redis."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator

from langgraph.checkpoint.conformance import checkpointer_test, validate

from router.checkpoints.checkpoint import RedisSaver
from router.store.store import open_store


async def test_the_saver_passes_the_full_conformance_suite(redis_url: str) -> None:
    @checkpointer_test(name="RedisSaver")
    async def saver() -> AsyncGenerator[RedisSaver, None]:
        async with await open_store(url=redis_url, namespace=uuid.uuid4().hex) as store:
            yield RedisSaver(store)

    report = await validate(saver)

    failures = {name: one.failures for name, one in report.results.items() if not one.passed}
    assert failures == {}
    assert report.conformance_level() == "FULL"
    assert len(report.results) == 8
