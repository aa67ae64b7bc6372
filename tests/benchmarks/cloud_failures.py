"""What a user sees of twelve ways in which a cloud fails, how long it takes and what it costs.

    python tests/benchmarks/cloud_failures.py

Each failure is a real one: a provider's server on loopback that speaks its protocol and then does
not. A task that needs the cloud goes through the whole graph, with one retry and a deadline of 8 s.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import structlog
from provider_server import ProviderServer

from graphs.app import Router
from router.settings.settings import Settings
from router.types.result import Result
from router.types.task import Task

DEADLINE_S = 8.0
PROMPT = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)

FAILURES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("401, wrong key", "401", {}),
    ("429, busy", "429", {"retry_after_s": 0.3}),
    ("500", "500", {}),
    ("no answer at all", "hang", {}),
    ("slow first byte (1 s)", "slow_first_byte", {"delay_s": 1.0}),
    ("connection reset in the answer", "reset_mid_stream", {}),
    ("malformed stream", "malformed_sse", {}),
    ("content filter", "content_filter", {}),
    ("context overflow", "context_length_exceeded", {}),
)


async def one(folder: Path, url: str) -> tuple[Result, float]:
    """The task's result behind this cloud, and the seconds it took."""
    prices = folder / "prices.yaml"
    prices.write_text(
        "prices:\n- {model: openai/test-model, input_per_mtok_usd: 1, output_per_mtok_usd: 4,"
        " source: made up, as_of: 2026-01-01}\n"
    )
    settings = Settings.model_validate(
        {
            "cloud": {
                "url": url,
                "model": "test-model",
                "api_key": "test-key",
                "retries": 1,
                "timeout_s": DEADLINE_S / 2,
            },
            "prices": str(prices),
            "memory": {"cache": False},
        }
    )
    async with Router.open(settings) as router:
        began = time.monotonic()
        result = await router.run(Task(prompt=PROMPT, timeout_s=DEADLINE_S))
        return result, time.monotonic() - began


def row(title: str, result: Result, took_s: float) -> str:
    reason = " ".join(result.reason.split())
    shown = reason if len(reason) <= 150 else reason[:147] + "..."
    cost = "unknown" if result.cost_usd is None else f"{result.cost_usd:.6f}"
    return f"| {title} | {result.status} | {shown} | {took_s:.1f} | {cost} |"


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    print("| failure | the task is | the reason given | seconds | dollars |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with ProviderServer() as provider:
            await one(folder, provider.openai_url)  # LiteLLM's import is no failure's fault
            result, took_s = await one(folder, provider.openai_url)
            print(row("(none)", result, took_s))
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                closed = free.getsockname()[1]
            for title, url in (
                ("connection refused", f"http://127.0.0.1:{closed}/v1"),
                ("name that does not resolve", "http://cloud.invalid/v1"),
                ("TLS with a server that has none", f"https://127.0.0.1:{provider.port}/v1"),
            ):
                print(row(title, *await one(folder, url)), flush=True)
        for title, failure, details in FAILURES:
            async with ProviderServer() as provider:
                for _ in range(3):
                    provider.fail(failure, **details)
                print(row(title, *await one(folder, provider.openai_url)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
