"""What the graph costs beside the engine, and how long the commands take to start.

    python tests/benchmarks/overhead.py [--requests 200]

Both sides run alternately in one process, over the private Redis, with the shipped specialist; the
CPU seconds are the process's own, the model's threads included.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agents.agent import Agent
from graphs.app import Router
from router.engine import generate
from router.settings.settings import Settings
from router.types.task import Task

PROMPTS = (
    "Convert the date to ISO format: March 7, 2026",
    "Normalize this amount: R$ 1.234,50",
    "What time is this in 24-hour format: 7:45 pm",
)


async def direct(agent: Agent, task: Task) -> None:
    messages = agent.messages(task, ())
    await generate(agent.engine, agent.request(task, messages, time.monotonic() + 60))


async def compare(requests: int) -> None:
    settings = Settings.model_validate({"memory": {"cache": False}, "models": {"exact": False}})
    async with Router.open(settings) as router:
        agent = router.roster.local["general"]
        for prompt in PROMPTS:
            await router.run(Task(prompt=prompt))
        cpu: dict[str, list[float]] = {"engine": [], "graph": []}
        wall: dict[str, list[float]] = {"engine": [], "graph": []}
        for number in range(requests):
            task = Task(prompt=PROMPTS[number % len(PROMPTS)])
            for name in ("engine", "graph"):
                began, before = time.perf_counter(), time.process_time()
                await (direct(agent, task) if name == "engine" else router.run(task))
                cpu[name].append(time.process_time() - before)
                wall[name].append(time.perf_counter() - began)
    print("| | engine alone | through the graph | difference | ratio |")
    print("|---|---|---|---|---|")
    for title, rows in (("CPU ms a request", cpu), ("wall ms a request", wall)):
        one = statistics.median(rows["engine"]) * 1000
        other = statistics.median(rows["graph"]) * 1000
        print(
            f"| {title}, median | {one:.1f} | {other:.1f} | {other - one:.1f} | {other / one:.2f} |"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory of the process: {peak:.0f} MB; {requests} requests each way.\n")


def start_up() -> None:
    command = str(Path(sys.executable).with_name("edgeward"))
    print("| command | wall s, best of 5 | CPU s, best of 5 |")
    print("|---|---|---|")
    for words in (["--help"], ["config", "show"], ["ask", "--json"]):
        walls, cpus = [], []
        for number in range(5):
            # Another request each time: the same one would come from memory.
            asked = [f"Convert the date to ISO format: March {number + 1}, 2026"]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.perf_counter()
            subprocess.run(
                [command, *words, *(asked if words[0] == "ask" else [])],
                check=True,
                stdout=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "COLUMNS": "100"},
            )
            walls.append(time.perf_counter() - began)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        shown = " ".join(words[:1] if words[0] == "ask" else words)
        print(f"| edgeward {shown} | {min(walls):.2f} | {min(cpus):.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["EDGEWARD_HOME"] = home
        asyncio.run(compare(arguments.requests))
        start_up()


if __name__ == "__main__":
    main()
