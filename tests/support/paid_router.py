"""A Router whose cloud is a server on loopback that keeps a bill, and the books of both sides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provider_server import Assessment, ProviderServer

from graphs.app import Router
from router.account.budget import NANO, Budget
from router.account.records import AttemptRecord
from router.settings.settings import Settings
from router.store.store import Store
from router.types.task import Task

INPUT_USD, OUTPUT_USD = 1e-6, 4e-6
"""US dollars for a token, also in `prices_in`."""


def prices_in(folder: Path) -> Path:
    """A price list of the two models that the server has."""
    path = folder / "prices.yaml"
    entry = "input_per_mtok_usd: 1, output_per_mtok_usd: 4, source: made up, as_of: 2026-01-01"
    models = ("openai/test-model", "openai/other-model")
    path.write_text("prices:\n" + "".join(f"- {{model: {name}, {entry}}}\n" for name in models))
    return path


def paid_settings(
    url: str, redis_url: str, namespace: str, folder: Path, *, cloud: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """The default local models, and a cloud at `url` with a daily budget; `more` overrides."""
    return {
        "cloud": {
            "url": url,
            "model": "test-model",
            "api_key": "test-key",
            "retries": 0,
            "cool_down_s": 0,
            "witnesses": [],
            **cloud,
        },
        "prices": str(prices_in(folder)),
        "memory": {"cache": False},
        "budget": {"day_usd": 100.0},
        "store": {"url": redis_url, "namespace": namespace, "home": str(folder / "home")},
        **more,
    }


@asynccontextmanager
async def paid_router(
    store: Store, url: str, folder: Path, *, cloud: dict[str, Any] | None = None, **more: Any
) -> AsyncIterator[Router]:
    settings = paid_settings(
        url, store.url, store.keys.namespace, folder, cloud=cloud or {}, **more
    )
    async with Router.open(Settings.model_validate(settings), env={}) as router:
        yield router


@dataclass(frozen=True, slots=True)
class Books:
    """The cost by the ledger and by the day's budget, in US dollars; the cloud's attempts."""

    account_usd: float
    spent_usd: float
    reserved_usd: float
    attempts: tuple[AttemptRecord, ...]
    open_calls: int

    @property
    def agree(self) -> bool:
        """Up to a nanodollar a call, to which the budget rounds up."""
        apart = abs(self.account_usd - self.spent_usd)
        return apart <= (len(self.attempts) + 1) / NANO and not self.reserved_usd


async def books_of(router: Router) -> Books:
    """The books, after the calls of killed processes were recorded."""
    await router.book_for_the_dead()
    records = [record async for record in router.ledger.read()]
    attempts = tuple(
        one for one in records if isinstance(one, AttemptRecord) and one.route == "cloud"
    )
    scopes = Budget(router.store, router.settings.budget).scopes(Task(prompt="x"))
    budget = next(one for one in scopes if one.name == "the day")
    redis, keys = router.store.redis, router.store.keys
    spent, reserved = await redis.hmget(budget.key, "spent", "reserved")
    return Books(
        account_usd=sum(one.cost_usd or 0.0 for one in attempts),
        spent_usd=int(spent or 0) / NANO,
        reserved_usd=int(reserved or 0) / NANO,
        attempts=attempts,
        open_calls=await redis.zcard(keys.reservations()),
    )


def billed_usd(calls: list[Assessment]) -> float:
    """What the provider charges for these calls."""
    prompt = sum(one.prompt_tokens for one in calls)
    return INPUT_USD * prompt + OUTPUT_USD * sum(one.answer_tokens for one in calls)


def bill(provider: ProviderServer) -> float:
    return billed_usd(provider.requests)
