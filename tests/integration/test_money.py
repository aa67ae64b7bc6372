"""Every cent is counted: what a real provider saw, what the account says, what the budgets say."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from paid_router import OUTPUT_USD, Books, bill, books_of, paid_router
from provider_server import ProviderServer
from waiting import wait_until

from router.store.store import Store
from router.types.result import Result
from router.types.task import Task

COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as provider:
        yield provider


def most_usd(calls: int, answer_tokens: int = 0) -> float:
    """No call of COMPLEX can cost more, with the system prompt that stands before it."""
    return calls * 500e-6 + answer_tokens * OUTPUT_USD


async def one_task(
    store: Store, url: str, folder: Path, *, cancel_when: Any = None, **options: Any
) -> tuple[Result | None, Books]:
    """The result of COMPLEX, None where it was cancelled, and the books after it."""
    timeout_s = options.pop("timeout_s", 60.0)
    async with paid_router(store, url, folder, **options) as router:
        running = asyncio.create_task(router.run(Task(prompt=COMPLEX, timeout_s=timeout_s)))
        result = None
        if cancel_when is None:
            result = await running
        else:
            await wait_until(cancel_when, "the moment to cancel", 60)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return result, await books_of(router)


@pytest.mark.parametrize(
    ("failure", "details"),
    [
        ("hang", {}),
        ("reset_first_byte", {}),
        ("500", {}),
        ("not_json", {}),
        ("empty_choices", {}),
        ("hang_mid_stream", {"after_tokens": 3}),
        ("reset_mid_stream", {"after_tokens": 3}),
        ("truncated", {"after_tokens": 3}),
        ("malformed_sse", {"after_tokens": 3}),
        ("error_in_stream", {"after_tokens": 3}),
    ],
)
async def test_a_call_that_was_sent_and_failed_costs_what_came_at_the_most_of_its_prompt(
    store: Store, provider: ProviderServer, tmp_path: Path, failure: str, details: dict[str, Any]
) -> None:
    provider.fail(failure, **details)
    result, books = await one_task(store, provider.openai_url, tmp_path, cloud={"timeout_s": 1.0})
    assert result is not None
    assert result.status == "parked"
    (attempt,) = books.attempts
    assert (attempt.estimated, attempt.sent, len(provider.requests)) == (True, 1, 1)
    assert books.agree, books
    # Whether a 500 is billed nobody knows; this provider does not.
    assert bill(provider) <= books.account_usd < most_usd(1, 20)
    assert books.account_usd > 0
    assert result.cost_usd == pytest.approx(books.account_usd)
    assert books.open_calls == 0


@pytest.mark.parametrize("failure", ["hang", "hang_mid_stream"])
async def test_a_call_that_was_sent_and_cancelled_costs_something(
    store: Store, provider: ProviderServer, tmp_path: Path, failure: str
) -> None:
    provider.fail(failure, after_tokens=3)
    _, books = await one_task(
        store,
        provider.openai_url,
        tmp_path,
        cancel_when=lambda: provider.requests and provider.requests[0].prompt_tokens,
    )
    assert books.attempts[0].estimated
    assert books.agree, books
    assert 0 < bill(provider) <= books.account_usd < most_usd(1, 20)


async def test_a_call_over_another_client_is_seen_too(
    store: Store, provider: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISABLE_AIOHTTP_TRANSPORT", "True")
    provider.fail("hang")
    # LiteLLM keeps a client for each address of a key.
    _, books = await one_task(store, provider.openai_url, tmp_path, cloud={"timeout_s": 1.0})
    assert books.attempts[0].sent == 1
    assert books.agree, books
    assert 0 < bill(provider) <= books.account_usd


@pytest.mark.parametrize(
    "failure",
    ["400", "401", "403", "404", "413", "429", "quota", "503", "529", "context_length_exceeded"],
)
async def test_a_call_that_was_turned_down_costs_nothing(
    store: Store, provider: ProviderServer, tmp_path: Path, failure: str
) -> None:
    provider.fail(failure)
    _, books = await one_task(store, provider.openai_url, tmp_path)
    assert (books.account_usd, books.spent_usd, books.reserved_usd) == (0.0, 0.0, 0.0)
    assert books.open_calls == 0
    assert books.attempts[0].sent == 1


async def test_a_call_that_never_went_out_costs_nothing(store: Store, tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side goes
        writer.close()
        await writer.wait_closed()
        gone.set()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    silent_port = listening.sockets[0].getsockname()[1]
    for place, url in enumerate(
        (
            f"http://127.0.0.1:{closed}/v1",
            "http://cloud.invalid/v1",
            f"https://127.0.0.1:{silent_port}/v1",  # takes the connection and says no word of TLS
        )
    ):
        folder = tmp_path / str(place)
        folder.mkdir()
        _, books = await one_task(store, url, folder, cloud={"timeout_s": 1.0})
        assert (books.account_usd, books.spent_usd, books.reserved_usd) == (0.0, 0.0, 0.0), url
        assert [one.sent for one in books.attempts] == [0] * (place + 1)
    await gone.wait()
    listening.close()


async def test_each_time_that_a_request_is_repeated_counts(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.fail("reset_first_byte")
    result, books = await one_task(store, provider.openai_url, tmp_path, cloud={"retries": 1})
    assert result is not None
    assert result.status == "done"
    (attempt,) = books.attempts
    assert (attempt.sent, len(provider.requests), attempt.estimated) == (2, 2, True)
    assert bill(provider) <= books.account_usd
    assert books.agree, books


async def test_an_answer_costs_what_the_provider_says_to_the_last_nanodollar(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    result, books = await one_task(store, provider.openai_url, tmp_path)
    assert result is not None
    assert (books.attempts[0].estimated, books.attempts[0].sent) == (False, 1)
    assert books.account_usd == pytest.approx(bill(provider), abs=1e-9)
    assert books.agree, books
    assert result.warnings == ()


@pytest.mark.parametrize(
    "usage",
    [
        {},
        {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
        {"prompt_tokens": -1_000_000_000, "completion_tokens": -5, "total_tokens": -9},
        {"prompt_tokens": 10**12, "completion_tokens": 10**12, "total_tokens": 2 * 10**12},
        {"prompt_tokens": 10**400, "completion_tokens": 5, "total_tokens": 5},
        {"prompt_tokens": math.nan, "completion_tokens": math.inf, "total_tokens": 1},
        {"prompt_tokens": "many", "completion_tokens": 3.7, "total_tokens": 1},
        {"prompt_tokens": [1], "completion_tokens": {"a": 1}, "total_tokens": True},
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    ],
)
async def test_token_counts_that_cannot_be_are_not_booked(
    store: Store, provider: ProviderServer, tmp_path: Path, usage: dict[str, Any]
) -> None:
    provider.usage = usage
    result, books = await one_task(store, provider.openai_url, tmp_path, cloud={"max_tokens": 100})
    assert result is not None
    assert (result.status, result.route) == ("done", "cloud"), "the answer is as good as any"
    assert books.attempts[0].estimated
    assert any("provider's count" in said for said in result.warnings), result.warnings
    assert bill(provider) <= books.account_usd <= most_usd(1, 100)
    assert books.agree, books


@pytest.mark.parametrize("cached", [-40, None, math.nan, 10**12, "all"])
async def test_a_discount_that_cannot_be_makes_no_call_cheaper_than_free(
    store: Store, provider: ProviderServer, tmp_path: Path, cached: object
) -> None:
    details = {"cached_tokens": cached}
    provider.usage = {
        "prompt_tokens": 60,
        "completion_tokens": 9,
        "total_tokens": 69,
        "prompt_tokens_details": details,
    }
    result, books = await one_task(store, provider.openai_url, tmp_path)
    assert result is not None
    assert result.status == "done"
    assert books.account_usd == pytest.approx(60e-6 + 9 * OUTPUT_USD)


async def test_an_answer_that_runs_on_is_cut_at_what_was_set_aside_for_it(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.keeps_to_max_tokens = False
    provider.reply = "word and word " * 10_000
    result, books = await one_task(store, provider.openai_url, tmp_path, cloud={"max_tokens": 50})
    assert result is not None
    assert any("ran past its limit of 50 tokens" in said for said in result.warnings)
    assert books.attempts[0].completion_tokens == 50
    assert books.account_usd <= most_usd(1, 50)
    assert books.agree, books
    await wait_until(lambda: provider.requests[0].gave_up, "the connection to be closed")
    assert provider.requests[0].answer_tokens < 10_000


async def test_an_answer_that_keeps_to_its_limit_is_not_cut_however_it_is_cut_into_pieces(
    store: Store, provider: ProviderServer, tmp_path: Path
) -> None:
    provider.reply = "internationalisation, " * 50
    result, books = await one_task(store, provider.openai_url, tmp_path, cloud={"max_tokens": 200})
    assert result is not None
    assert result.text.strip() == provider.reply.strip()
    assert result.warnings == ()
    assert not books.attempts[0].estimated
