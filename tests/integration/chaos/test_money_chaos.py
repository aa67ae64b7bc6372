"""In small: every cent is counted, whatever becomes of a task and of its process."""

from __future__ import annotations

import pytest
from money import money


async def test_the_account_and_the_budget_agree_with_the_provider_whoever_dies() -> None:
    report = await money(27, kill_at=0.3)
    assert report.spent_usd == pytest.approx(report.account_usd, abs=1e-7), report
    assert (report.reserved_usd, report.open_calls) == (0.0, 0), report
    assert sum(side.below for side in report.fates.values()) == 0, report
    answered = report.fates["answered"]
    assert answered.account_usd == pytest.approx(answered.billed_usd, abs=1e-9), report
    assert answered.estimated_usd == 0, report
    for fate in ("answered", "cancelled", "timed out", "lease lost"):
        side = report.fates[fate]
        assert (side.calls, side.twice) == (side.counted_calls, 0), report
    assert report.states["cancelled"] == 3, report
    assert report.states["done"] == 21, report
