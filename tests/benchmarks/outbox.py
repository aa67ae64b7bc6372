"""A thousand tasks parked without a cloud, processes killed all the while, then the way is free.

    python tests/benchmarks/outbox.py [--n 1000] [--workers 4]

Real processes on one real Redis. Those that park, and later those that deliver, are killed with
SIGKILL every half second and started again; the provider is a server on loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import structlog
from provider_server import ProviderServer

from graphs.app import Router
from router.settings.settings import Settings

PROMPT = "Prove step by step, in all detail, that {} is not the last prime; compare two proofs."
PARK = """
import asyncio, sys
import structlog
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
from graphs.app import Router
from router.settings.settings import Settings
from router.types.task import Task
async def main(home, first, end, prompt):
    settings = Settings.model_validate({"store": {"home": home}, "memory": {"cache": False}})
    async with Router.open(settings, env={}) as router:
        there = {parked.task.task_id for parked in await router.outbox.waiting()}
        for number in range(int(first), int(end)):
            if f"t{number}" not in there:
                await router.run(
                    Task(prompt=prompt.format(number), task_id=f"t{number}", timeout_s=5)
                )
asyncio.run(main(*sys.argv[1:]))
"""
DELIVER = """
import asyncio, sys
import structlog
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
from graphs.app import Router
from router.settings.settings import Settings
async def main(home, url):
    settings = Settings.model_validate({
        "store": {"home": home}, "memory": {"cache": False},
        "cloud": {"url": url, "model": "test-model", "api_key": "test-key"},
    })
    async with Router.open(settings, env={}) as router:
        while await router.outbox.waiting():
            await router.deliver()
            await asyncio.sleep(0.2)
asyncio.run(main(*sys.argv[1:]))
"""


def start(code: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, *words])


async def with_kills(commands: list[tuple[str, ...]], rng: random.Random) -> tuple[int, float]:
    """Runs all to their end, one killed every half second; the kills, and the seconds it took."""
    began, kills = time.monotonic(), 0
    running = [start(*command) for command in commands]
    while any(process.poll() is None for process in running):
        await asyncio.sleep(0.5)
        alive = [place for place, process in enumerate(running) if process.poll() is None]
        # The last stretch is left alone, or nobody would ever get to the end.
        if alive and kills < 10 * len(commands):
            place = rng.choice(alive)
            running[place].send_signal(signal.SIGKILL)
            running[place].wait()
            running[place] = start(*commands[place])
            kills += 1
    assert all(process.returncode == 0 for process in running)
    return kills, time.monotonic() - began


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=4)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    rng, n = random.Random(3), arguments.n
    with tempfile.TemporaryDirectory(prefix="edgeward-", dir="/tmp") as home:
        settings = Settings.model_validate({"store": {"home": home}})
        async with Router.open(settings, env={}) as router, ProviderServer() as provider:
            edges = [n * part // arguments.workers for part in range(arguments.workers + 1)]
            parkers = [
                (PARK, home, str(first), str(end), PROMPT)
                for first, end in itertools.pairwise(edges)
            ]
            park_kills, park_s = await with_kills(parkers, rng)
            parked = {one.task.task_id for one in await router.outbox.waiting()}
            deliverers = [(DELIVER, home, provider.openai_url)] * arguments.workers
            kills, deliver_s = await with_kills(deliverers, rng)
            delivered = Counter(one.task_id for one in await router.outbox.delivered(n * 2))
            left = len(await router.outbox.waiting())
            twice = sum(count > 1 for count in delivered.values())
            calls = len(provider.requests)
    print("| what | figure |\n|---|---|")
    print(f"| tasks parked | {len(parked)} of {n}, {park_kills} kills, {park_s:.0f} s |")
    print(f"| delivered | {len(delivered)}, {kills} kills, {deliver_s:.0f} s |")
    print(f"| delivered twice | {twice} |")
    print(f"| lost | {n - len(delivered)}, still waiting {left} |")
    print(f"| calls of the provider | {calls}: {calls - n} more than tasks, of killed processes |")


if __name__ == "__main__":
    asyncio.run(main())
