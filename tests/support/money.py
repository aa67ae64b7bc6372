"""Runs many paid tasks at once, while some are cancelled, time out or lose their process, and
compares the provider's bill, the ledger and the budget."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos import Redis
from paid_router import Books, billed_usd, books_of, paid_settings
from provider_server import Assessment, Failure, ProviderServer
from waiting import wait_until

from graphs.app import Router
from graphs.queue import open_queue
from router.queue.task_queue import TaskQueue
from router.queue.types import ENDED, member_of
from router.settings.settings import Settings
from router.store.store import Store, open_configured
from router.types.task import Task

FATES = ("answered", "cancelled", "timed out", "killed", "lease lost")
LIMIT_S = 40.0
"""Timeout of a task that is meant to time out."""

_PROMPT = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs. Case {number}: {ending}."
)
_ENDINGS = ("say it in full", "say nothing", "stop in the middle")
_WORK = """
import asyncio, json, signal, sys
from graphs.app import Router
from graphs.queue import open_queue
from router.settings.settings import Settings
from workers.consumer.worker import Worker


async def main():
    settings, stop = Settings.model_validate(json.loads(sys.argv[1])), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Router.open(settings, env={}) as router, open_queue(settings, env={}) as queue:
        await router.roster.clouds[0].engine.load_library()
        print("ready", flush=True)
        await Worker(router=router, queue=queue, slots=int(sys.argv[2])).run(stop)


asyncio.run(main())
"""


@dataclass(slots=True)
class Side:
    """The tasks of one fate, and their cost by the provider's bill and by the ledger.

    killed: tasks that the killed process was running; lease lost: tasks that another process took
    over from a live one. below: tasks whose cost in the ledger is lower than the provider's bill;
    twice: tasks of which the provider sent more than one whole answer.
    """

    tasks: int = 0
    calls: int = 0
    counted_calls: int = 0
    billed_usd: float = 0.0
    account_usd: float = 0.0
    estimated_usd: float = 0.0
    below: int = 0
    twice: int = 0


@dataclass(slots=True)
class MoneyReport:
    """limit_usd: the day's budget. never_sent: tasks that the provider got no request for."""

    fates: dict[str, Side] = field(default_factory=dict)
    states: Counter[str] = field(default_factory=Counter)
    limit_usd: float = 0.0
    spent_usd: float = 0.0
    reserved_usd: float = 0.0
    never_sent: int = 0
    open_calls: int = 0
    seconds: float = 0.0

    @property
    def billed_usd(self) -> float:
        return sum(side.billed_usd for side in self.fates.values())

    @property
    def account_usd(self) -> float:
        return sum(side.account_usd for side in self.fates.values())

    @property
    def overspent_usd(self) -> float:
        """By the highest of the three sums."""
        most = max(self.billed_usd, self.account_usd, self.spent_usd + self.reserved_usd)
        return max(0.0, most - self.limit_usd)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The intended fate of each task, unless its process is killed."""

    tasks: int

    def fate(self, number: int) -> str:
        """Of nine tasks one is cancelled and one times out; a kill hits any task."""
        return {0: "cancelled", 1: "timed out"}.get(number % 9, "answered")

    def task(self, number: int) -> Task:
        fate = self.fate(number)
        ending = _ENDINGS[0] if fate == "answered" else _ENDINGS[1 + number // 9 % 2]
        return Task(
            prompt=_PROMPT.format(number=number, ending=ending),
            task_id=f"t{number}",
            timeout_s=LIMIT_S if fate == "timed out" else 600.0,
            upgrade_within_s=0.0,
        )


async def money(
    tasks: int, *, processes: int = 3, limit_usd: float = 100.0, kill_at: float = 0.5
) -> MoneyReport:
    """Submits all tasks at once, cancels some, kills a process in the middle, and waits for all
    ends.

    kill_at: when the provider has seen this share of the tasks' calls.
    """
    began, plan = time.monotonic(), _Plan(tasks)
    report = MoneyReport(limit_usd=limit_usd, fates={name: Side() for name in FATES})
    provider = ProviderServer(reply=("a word " * 12).strip(), token_delay_s=0.2, behave=_behaviour)
    with tempfile.TemporaryDirectory(prefix="edgeward-", dir="/tmp") as name:
        folder, redis = Path(name), Redis(Path(name))
        await redis.start()
        try:
            async with provider:
                settings = paid_settings(
                    *(provider.openai_url, redis.url, "money", folder),
                    cloud={"max_tokens": 64, "timeout_s": 600.0},
                    budget={"day_usd": limit_usd, "careful_from": 1.0},
                    queue={"lease_s": 30.0, "retries": 0, "most_runs": 50},
                    log_level="error",
                )
                in_hand = await _attacked(plan, provider, settings, processes, kill_at)
                await _judge(plan, provider, settings, in_hand, report)
        finally:
            redis.kill()
    report.seconds = time.monotonic() - began
    return report


def _behaviour(prompt: str) -> Failure | None:
    if _ENDINGS[1] in prompt:
        return Failure("hang")
    return Failure("hang_mid_stream", after_tokens=5) if _ENDINGS[2] in prompt else None


async def _attacked(
    plan: _Plan,
    provider: ProviderServer,
    settings: dict[str, Any],
    processes: int,
    kill_at: float,
) -> set[int]:
    """The numbers of the tasks that the killed process had in hand."""
    slots, parsed = -(-plan.tasks // processes), Settings.model_validate(settings)
    async with (
        await open_configured(parsed.store) as store,
        open_queue(parsed, env={}) as queue,
        _Workers(settings, slots) as workers,
    ):
        await asyncio.gather(*(workers.start() for _ in range(processes)))
        await queue.submit_many([plan.task(number) for number in range(plan.tasks)])
        cancelling = asyncio.create_task(_cancel(plan, provider, queue))
        await wait_until(
            lambda: len(provider.requests) >= plan.tasks * kill_at, "calls to be under way", 300
        )
        victim = workers.kill_one()
        in_hand = {n for n in range(plan.tasks) if await _worker(store, n) == victim}
        await workers.start()
        await _ended(plan, queue)
        await cancelling
        return in_hand


async def _worker(store: Store, number: int) -> int | None:
    """The process that runs the task, or ran it until its lease expired; None if there is none."""
    key = f"{store.keys.of('queue', 'task')}:{member_of(f't{number}')}"
    state, name = await store.redis.hmget(key, ["state", "worker"])
    return int(name.rpartition(b"-")[2]) if name and state in (b"running", b"queued") else None


async def _cancel(plan: _Plan, provider: ProviderServer, queue: TaskQueue) -> None:
    """Cancels each task once the provider has its call, half of them once the answer has begun."""
    left = {number for number in range(plan.tasks) if plan.fate(number) == "cancelled"}
    while left:
        calls = _calls(provider)
        for number in sorted(left):
            wanted = 5 if _ENDINGS[2] in plan.task(number).prompt else 0
            ended = (await queue.status(f"t{number}")).state in ENDED  # there was no budget for it
            if ended or any(
                one.prompt_tokens and one.answer_tokens >= wanted for one in calls.get(number, [])
            ):
                await queue.cancel(f"t{number}")
                left.discard(number)
        await asyncio.sleep(0.2)


async def _ended(plan: _Plan, queue: TaskQueue) -> None:
    left = {f"t{number}" for number in range(plan.tasks)}
    deadline = time.monotonic() + 400
    while left:
        left = {one for one in left if (await queue.status(one)).state not in ENDED}
        assert time.monotonic() < deadline, f"{len(left)} tasks have no end: {sorted(left)[:5]}"
        await asyncio.sleep(0.5)


class _Workers:
    """Worker processes of the queue; they end with the context."""

    def __init__(self, settings: dict[str, Any], slots: int) -> None:
        self._command = (sys.executable, "-c", _WORK, json.dumps(settings), str(slots))
        self._processes: list[asyncio.subprocess.Process] = []

    async def start(self) -> None:
        """Returns once it is ready to call the provider."""
        process = await asyncio.create_subprocess_exec(
            *self._command, stdout=asyncio.subprocess.PIPE
        )
        self._processes.append(process)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"

    def kill_one(self) -> int:
        """Kills one; returns its process id."""
        self._processes[0].kill()
        return self._processes[0].pid

    async def __aenter__(self) -> _Workers:
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        await asyncio.gather(*(process.wait() for process in self._processes))


def _calls(provider: ProviderServer) -> dict[int, list[Assessment]]:
    """What the provider saw, by the number of the task."""
    found: dict[int, list[Assessment]] = {}
    for seen in provider.requests:
        case = re.search(r"Case (\d+):", seen.body["messages"][-1]["content"])
        assert case is not None
        found.setdefault(int(case[1]), []).append(seen)
    return found


@asynccontextmanager
async def _router(settings: dict[str, Any]) -> AsyncIterator[Router]:
    async with Router.open(Settings.model_validate(settings), env={}) as router:
        yield router


async def _judge(
    plan: _Plan,
    provider: ProviderServer,
    settings: dict[str, Any],
    in_hand: set[int],
    report: MoneyReport,
) -> None:
    async with _router(settings) as router:
        books = await books_of(router)
    report.spent_usd, report.reserved_usd = books.spent_usd, books.reserved_usd
    report.open_calls = books.open_calls
    async with open_queue(Settings.model_validate(settings), env={}) as queue:
        calls = _calls(provider)
        for number in range(plan.tasks):
            status = await queue.status(f"t{number}")
            report.states[status.state] += 1
            fate = "lease lost" if status.runs > 1 else plan.fate(number)
            fate = "killed" if number in in_hand else fate
            _compare(report.fates[fate], calls.get(number, []), books, f"t{number}")
            report.never_sent += not calls.get(number)


def _compare(side: Side, calls: list[Assessment], books: Books, task_id: str) -> None:
    counted = [one for one in books.attempts if one.task_id == task_id]
    billed = billed_usd(calls)
    account = sum(one.cost_usd or 0.0 for one in counted)
    side.tasks += 1
    side.calls += len(calls)
    side.counted_calls += sum(one.sent for one in counted)
    side.billed_usd += billed
    side.account_usd += account
    side.estimated_usd += sum(one.cost_usd or 0.0 for one in counted if one.estimated)
    side.below += account < billed - 1e-9
    side.twice += sum(one.finished for one in calls) > 1
