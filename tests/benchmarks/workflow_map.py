"""A long `for_each`: time and memory beside plain asyncio and LangGraph, and killed in the middle.

    python tests/benchmarks/workflow_map.py [--items 1000] [--rounds 3] [--kills 3]

The same `Router.run` with a scripted engine for every item, 16 at a time: gathered behind a
semaphore, sent as LangGraph's Sends without and with the Redis saver, and as a workflow. Each in a
process of its own, alternated. Then `edgeward run` with a model server on loopback that counts what
it is asked; the process is killed with SIGKILL and resumed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import operator
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypedDict

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import structlog
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from provider_server import ProviderServer
from waiting import wait_until

from graphs.app import Router
from graphs.run_options import RunOptions
from graphs.workflow.api import Workflow
from graphs.workflow.execution.driver import saver
from router.settings.settings import Settings
from router.store.store import open_configured
from router.types.task import Task

HERE = RunOptions(role="general", place="local", escalates=False)
PARALLEL = 16
PROMPT = "Write a greeting for friend number {}."
COMMAND = Path(sys.executable).with_name("edgeward")

Way = Callable[[Router, int, Path], Awaitable[int]]


async def call(router: Router, number: int, run_id: str) -> str:
    task = Task(prompt=PROMPT.format(number), task_id=f"{run_id}/{number}", timeout_s=600)
    result = await router.run(task, options=HERE)
    assert result.status == "done", result.reason
    return result.text


async def with_asyncio(router: Router, items: int, _: Path) -> int:
    run_id, slots = uuid.uuid4().hex, asyncio.Semaphore(PARALLEL)

    async def one(number: int) -> str:
        async with slots:
            return await call(router, number, run_id)

    return len(await asyncio.gather(*(one(number) for number in range(items))))


async def with_langgraph(router: Router, items: int, _: Path) -> int:
    return await _sent(router, items, saved=False)


async def with_saver(router: Router, items: int, _: Path) -> int:
    return await _sent(router, items, saved=True)


async def _sent(router: Router, items: int, *, saved: bool) -> int:
    run_id = uuid.uuid4().hex
    found = Annotated[dict[int, str], operator.or_]
    state: Any = TypedDict("State", {"found": found}, total=False)  # type: ignore[misc]
    graph: Any = StateGraph(state)

    async def one(given: Any) -> dict[str, dict[int, str]]:
        return {"found": {given["number"]: await call(router, given["number"], run_id)}}

    def spread(_: Any) -> list[Send]:
        return [Send("one", {"number": number}) for number in range(items)]

    graph.add_node("one", one)
    graph.add_conditional_edges(START, spread, ["one"])
    graph.add_edge("one", END)
    made = graph.compile(checkpointer=saver(router.store) if saved else None)
    config = {"configurable": {"thread_id": run_id}, "max_concurrency": PARALLEL}
    durability = {"durability": "sync"} if saved else {}
    return len((await made.ainvoke({"found": {}}, config, **durability))["found"])


async def with_workflow(router: Router, items: int, folder: Path) -> int:
    workflow = Workflow.load(written(folder, items, agent="general", placement="local"))
    result = await workflow.run(router=router)
    assert result.outputs is not None, result.error
    found = result.outputs["found"]
    assert isinstance(found, list)
    return len(found)


WAYS: dict[str, Way] = {
    "asyncio, a semaphore": with_asyncio,
    "LangGraph, no saver": with_langgraph,
    "LangGraph, saver, `sync`": with_saver,
    "a workflow": with_workflow,
}


def written(folder: Path, items: int, **step: str) -> Path:
    """The workflow's file."""
    one = {
        "id": "each",
        "for_each": f"range({items})",
        "max_parallel": PARALLEL,
        "prompt": PROMPT.format("${{ item }}"),
        **step,
    }
    path = folder / "map.yaml"
    outputs = {"found": "${{ steps.each.output }}"}
    path.write_text(json.dumps({"name": "map", "steps": [one], "outputs": outputs}))
    return path


def settings_with(folder: Path, model: dict[str, Any]) -> dict[str, Any]:
    return {
        "models": {"general": model, "coder": model, "specialist": None, "exact": False},
        "cloud": {"model": "off"},
        "memory": {"cache": False},
        "store": {"home": str(folder)},
        "log_level": "error",
    }


async def child(name: str, items: int) -> None:
    """Prints the seconds of the whole and the megabytes at its peak, and before it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="edgeward-", dir="/tmp") as home:
        folder = Path(home)
        (folder / "local.yaml").write_text(json.dumps({"rules": [{"reply": "Hello, my friend."}]}))
        settings = settings_with(folder, {"script": str(folder / "local.yaml")})
        async with Router.open(Settings.model_validate(settings), env={}) as router:
            assert await WAYS[name](router, PARALLEL, folder) == PARALLEL
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            began, cpu = time.perf_counter(), time.process_time()
            assert await WAYS[name](router, items, folder) == items
            took, used = time.perf_counter() - began, time.process_time() - cpu
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "cpu_s": used, "peak_mb": peak, "before_mb": before}))


def compare(items: int, rounds: int) -> None:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, rows in found.items():
            words = (sys.executable, __file__, "--child", name, "--items", str(items))
            said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
            rows.append(json.loads(said))
    first, *_ = found.values()
    print(
        f"| {items:,} items, {PARALLEL} at a time | seconds | CPU seconds | items a second | time"
        " beside asyncio's, median of rounds | MB at the peak | of them for the items |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, rows in found.items():
        middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        ratio = statistics.median(
            one["seconds"] / bare["seconds"] for one, bare in zip(rows, first, strict=True)
        )
        grown = statistics.median(row["peak_mb"] - row["before_mb"] for row in rows)
        print(
            f"| {name} | {middle['seconds']:.1f} | {middle['cpu_s']:.1f} "
            f"| {items / middle['seconds']:.0f} | {ratio:.2f} | {middle['peak_mb']:.0f} "
            f"| {grown:.0f} |"
        )


def asked_for(server: ProviderServer) -> Counter[int]:
    """How often the server was asked for each item."""
    texts = (seen.body["messages"][-1]["content"] for seen in server.requests)
    return Counter(int(match[1]) for text in texts if (match := re.search(r"number (\d+)", text)))


def greeting(prompt: str, _: object) -> str:
    number = prompt.rstrip(".").rpartition(" ")[2]
    return f"Hello, friend {number}."


async def written_down(settings: Settings, thread: str) -> set[int]:
    """The items whose facts are in Redis, where the process that wrote them is dead."""
    async with await open_configured(settings.store) as store:
        found = await saver(store).aget_tuple({"configurable": {"thread_id": thread}})
        assert found is not None
        assert found.pending_writes is not None
        kept = set(found.checkpoint["channel_values"].get("each.items", {}))
        for _, channel, value in found.pending_writes:
            kept |= set(value) if channel == "each.items" else set()
        return kept


async def killed(items: int, kills: int, rng: random.Random) -> None:
    with tempfile.TemporaryDirectory(prefix="edgeward-", dir="/tmp") as home:
        folder = Path(home)
        path = written(folder, items, agent="general", placement="local")
        async with ProviderServer(brain=greeting, token_delay_s=0.01) as server:
            model = {"url": server.openai_url, "model": "test-model", "api_key": server.key}
            settings = settings_with(folder, {**model, "parallel": PARALLEL})
            (folder / "edgeward.yaml").write_text(json.dumps(settings))
            words, finished = ["run", str(path), "--id", "bulk"], dict[int, int]()
            for number in range(kills):
                process = await started(folder, *words)
                goal = items * (number + 1) // (kills + 1) + rng.randrange(PARALLEL)
                await wait_until(lambda goal=goal: len(asked_for(server)) >= goal, "calls", 600)
                assert process.returncode is None, "it ended before it could be killed"
                process.kill()
                await process.wait()
                asked = asked_for(server)
                for item in await written_down(Settings.model_validate(settings), "bulk"):
                    finished.setdefault(item, asked[item])
                words = ["resume", "bulk"]
            process = await started(folder, *words)
            said, _ = await process.communicate()
            assert process.returncode == 0
            found, asked = json.loads(said)["found"], asked_for(server)
    right = sum(text == f"Hello, friend {number}." for number, text in enumerate(found))
    twice = sum(asked[item] != count for item, count in finished.items())
    print("| killed with SIGKILL | figure |\n|---|---|")
    print(f"| kills, at about | {kills}: every {items // (kills + 1)} calls |")
    print(f"| items in the output, each in its place | {right} of {items} |")
    print(f"| items that were never asked for | {items - len(asked)} |")
    print(f"| finished before a kill, and asked for again | {twice} of {len(finished)} |")
    print(f"| in hand at a kill, and asked for again | {sum(asked.values()) - len(asked)} |")


async def started(folder: Path, *words: str) -> asyncio.subprocess.Process:
    """The installed command, with the settings in the folder."""
    env = {**os.environ, "EDGEWARD_CONFIG": str(folder / "edgeward.yaml")}
    env.pop("REDIS_URL", None)
    nothing = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        *(COMMAND, *words), env=env, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=nothing
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        asyncio.run(child(arguments.child, arguments.items))
        return
    # Of a client that was killed in the middle of its answer the server would print a traceback.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    compare(arguments.items, arguments.rounds)
    print()
    asyncio.run(killed(arguments.items, arguments.kills, random.Random(7)))


if __name__ == "__main__":
    main()
