"""What a step of a workflow costs beside what it does, and beside LangGraph used directly.

    python tests/benchmarks/workflow_overhead.py [--rounds 12] [--steps 50]

A chain of steps, each the same call of `Router.run` with a scripted engine: called bare in a loop;
as the nodes of a `StateGraph` without a saver; of one with the same Redis saver and `sync`
durability; and as a workflow. Alternated in one process over one real Redis.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypedDict

import structlog
from langgraph.graph import END, START, StateGraph

from graphs.app import Router
from graphs.run_options import RunOptions
from graphs.workflow.api import Workflow
from graphs.workflow.execution.driver import saver
from router.settings.settings import Settings
from router.types.task import Task

HERE = RunOptions(role="general", place="local", escalates=False)
PROMPT = "Write a greeting for friend number {}."

Way = Callable[[Router], Awaitable[None]]


async def call(router: Router, number: int, run_id: str) -> str:
    task = Task(prompt=PROMPT.format(number), task_id=f"{run_id}/{number}")
    result = await router.run(task, options=HERE)
    assert result.status == "done", result.reason
    return result.text


def bare(steps: int) -> Way:
    async def chain(router: Router) -> None:
        run_id = uuid.uuid4().hex
        for number in range(steps):
            await call(router, number, run_id)

    return chain


def with_langgraph(steps: int, *, saved: bool) -> Way:
    """The graph is compiled for each run, as that of a workflow is."""

    async def chain(router: Router) -> None:
        run_id = uuid.uuid4().hex
        state: Any = TypedDict("State", {f"s{one}": str for one in range(steps)}, total=False)  # type: ignore[misc]
        graph: Any = StateGraph(state)
        names = [f"step{number}" for number in range(steps)]
        for number, name in enumerate(names):

            async def node(_: Any, number: int = number) -> dict[str, str]:
                return {f"s{number}": await call(router, number, run_id)}

            graph.add_node(name, node)
        for one, other in zip([START, *names], [*names, END], strict=True):
            graph.add_edge(one, other)
        made = graph.compile(checkpointer=saver(router.store) if saved else None)
        config = {"configurable": {"thread_id": run_id}, "recursion_limit": steps + 5}
        durability = {"durability": "sync"} if saved else {}
        found = await made.ainvoke({}, config, **durability)
        assert len(found) == steps

    return chain


def as_workflow(steps: int, folder: Path) -> Way:
    listed = [
        {
            "id": f"s{number}",
            "agent": "general",
            "placement": "local",
            "prompt": PROMPT.format(number),
        }
        for number in range(steps)
    ]
    path = folder / "chain.yaml"
    path.write_text(json.dumps({"name": "chain", "steps": listed}))
    workflow = Workflow.load(path)

    async def chain(router: Router) -> None:
        result = await workflow.run(router=router)
        assert result.status == "done", result.error

    return chain


async def measured(steps: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds a step, a number for each round."""
    with tempfile.TemporaryDirectory(prefix="edgeward-", dir="/tmp") as name:
        folder = Path(name)
        (folder / "local.yaml").write_text(
            json.dumps({"rules": [{"reply": "Hello there, friend."}]})
        )
        model = {"script": str(folder / "local.yaml")}
        settings = Settings.model_validate(
            {
                "models": {"general": model, "coder": model, "specialist": None, "exact": False},
                "cloud": {"model": "off"},
                "memory": {"cache": False},
                "store": {"home": str(folder)},
            }
        )
        ways = {
            "`Router.run` in a loop": bare(steps),
            "LangGraph, no saver": with_langgraph(steps, saved=False),
            "LangGraph, saver, `sync`": with_langgraph(steps, saved=True),
            "a workflow": as_workflow(steps, folder),
        }
        found: dict[str, list[float]] = {name: [] for name in ways}
        async with Router.open(settings, env={}) as router:
            for warm in ways.values():
                await warm(router)
            for _ in range(rounds):
                for name, way in ways.items():
                    began = time.perf_counter()
                    await way(router)
                    found[name].append((time.perf_counter() - began) * 1000 / steps)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=50)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    found = asyncio.run(measured(arguments.steps, arguments.rounds))
    first, *_ = found.values()
    print("| way | ms a step, median | quartiles | beside the bare call, ms | ratio, by rounds |")
    print("|---|---|---|---|---|")
    for name, rows in found.items():
        low, _, high = statistics.quantiles(rows, n=4)
        more = statistics.median(one - bare for one, bare in zip(rows, first, strict=True))
        ratio = statistics.median(one / bare for one, bare in zip(rows, first, strict=True))
        print(
            f"| {name} | {statistics.median(rows):.1f} | {low:.1f} to {high:.1f} | {more:.1f} "
            f"| {ratio:.2f} |"
        )


if __name__ == "__main__":
    main()
