"""What is believed of local sides that know, that guess and that are wrong, on people's requests.

    python tests/benchmarks/verification.py [--requests FILE] [--sides nano,smollm2,...] [--n 300]

The requests were written by somebody who had not seen the code: routine ones with answers that can
be checked, ones that look like them and must not be answered as fact, and complex ones. Each goes
through the whole graph, once with a cloud (scripted; whatever reaches it is not local) and once
without. Local sides: as shipped, two real models from the package registry, and servers on loopback
that give the right answer to everything, or a plausible wrong one, and say so with the same
sureness. `--probe` gives each side its card first.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from agents.models.questions import probe_questions
from graphs.app import Router
from router.settings.settings import Settings
from router.types.result import Result, Verification
from router.types.task import Task
from tests.support.answer_server import answer_server, from_table
from tests.support.probing import probed, right_answer
from tests.support.real_models import GEMMA3, SMOLLM2, fetched
from tests.support.right_answers import Request, read_requests, right
from tests.support.scripted_router import script

REQUESTS = Path(__file__).parent / "requests" / "human.jsonl"
SIDES = ("nano", "smollm2", "gemma3", "right", "wrong")
NO_IDEA = "I think that it is best to look at this another time."


@dataclass(frozen=True, slots=True)
class Judged:
    """One request and what became of it; right: None where nothing can be right."""

    request: Request
    result: Result
    right: bool | None

    @property
    def local(self) -> bool:
        return self.result.status == "done" and self.result.route == "local"

    @property
    def believed(self) -> bool:
        return self.local and self.result.verification is not Verification.UNVERIFIED


def table_of(requests: Sequence[Request], which: str) -> dict[str, str]:
    """What a server that is always right, or always wrong, says to each prompt."""
    known = probe_questions() if which == "right" else []
    return {one.prompt: right_answer(one) for one in known} | {
        one["prompt"]: str(one.get("answer", NO_IDEA) if which == "right" else one["wrong"])
        for one in requests
    }


@asynccontextmanager
async def models_of(
    side: str, requests: Sequence[Request], folder: Path
) -> AsyncIterator[dict[str, Any]]:
    """The section `models` of a local side; a model's card belongs into the folder, and goes with
    it."""
    if side == "nano":
        yield {}
    elif side in ("smollm2", "gemma3"):
        model = SMOLLM2 if side == "smollm2" else GEMMA3
        path = folder / model.file
        path.symlink_to(fetched(model))
        yield {"general": {"path": str(path), "max_tokens": 512}}
    else:
        async with answer_server(from_table(table_of(requests, side), NO_IDEA)) as url:
            yield {"general": {"url": url, "model": "table"}}


async def through(
    side: str, requests: Sequence[Request], *, cloud: bool, probe: bool
) -> list[Judged]:
    """Every request through the whole graph."""
    with tempfile.TemporaryDirectory() as folder:
        clouded: dict[str, Any] = {"model": "off"}
        if cloud:
            clouded = {"script": str(script(Path(folder) / "cloud.yaml", {"reply": "the cloud"}))}
        async with models_of(side, requests, Path(folder)) as models:
            settings = Settings.model_validate(
                {
                    "models": models,
                    "cloud": clouded,
                    "memory": {"cache": False},
                    "store": {"home": folder},
                }
            )
            if probe and side != "nano":
                await probed(settings)
            async with Router.open(settings, env={}) as router:
                return [await _one(router, request) for request in requests]


async def _one(router: Router, request: Request) -> Judged:
    result = await router.run(Task(prompt=request["prompt"]))
    judged = right(request, result.text) if request["group"] == "routine" else None
    return Judged(request, result, judged)


def row(side: str, found: Sequence[Judged], *, cloud: bool) -> str:
    """A line of the table."""
    routine = [one for one in found if one.request["group"] == "routine"]
    kept = [one for one in routine if (one.local if cloud else one.believed)]
    good = sum(one.right is True for one in kept)
    leaked = {
        group: sum(
            one.local if cloud else one.believed for one in found if one.request["group"] == group
        )
        for group in ("look_alike", "complex")
    }
    marks = Counter(
        str(one.result.verification.value)
        for one in routine
        if one.local and one.result.verification
    )
    said = ", ".join(f"{count} {name}" for name, count in sorted(marks.items())) or "-"
    return (
        f"| {side} | {good} / {len(kept) - good} / {len(routine) - len(kept)} "
        f"| {leaked['look_alike']} | {leaked['complex']} | {said} |"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description="What is believed of a local side.")
    parser.add_argument("--requests", type=Path, default=REQUESTS)
    parser.add_argument("--sides", default=",".join(SIDES))
    parser.add_argument("--n", type=int, default=10**6, help="at most so many of each group")
    parser.add_argument("--probe", action="store_true", help="give each side its card first")
    parser.add_argument("--list", action="store_true", help="show what was believed wrongly")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    requests = [
        one
        for group in ("routine", "look_alike", "complex")
        for one in [one for one in read_requests(given.requests) if one["group"] == group][
            : given.n
        ]
    ]
    sizes = Counter(one["group"] for one in requests)
    print(", ".join(f"{count} {group}" for group, count in sizes.items()))
    for cloud in (True, False):
        believed = "local" if cloud else "verified or trusted"
        print(f"\n{'With' if cloud else 'Without'} a cloud; counted as local: {believed}\n")
        print("| local side | routine right / wrong / not | look-alikes | complex | routine |")
        print("|---|---|---|---|---|")
        for side in given.sides.split(","):
            began = time.monotonic()
            found = await through(side, requests, cloud=cloud, probe=given.probe)
            print(row(side, found, cloud=cloud), f"{time.monotonic() - began:.0f} s", flush=True)
            if given.list:
                show(found)


def show(found: Sequence[Judged]) -> None:
    for one in found:
        bad = one.right is False or one.request["group"] != "routine"
        if one.local and (one.believed or one.result.route == "local") and bad:
            attempt = one.result.attempts[-1]
            print(f"  {one.request['id']} {one.request['family']} {one.result.verification}")
            print(f"    {one.request['prompt'][:160]!r}")
            print(f"    {one.result.text[:120]!r} by {attempt.role}")


if __name__ == "__main__":
    asyncio.run(main())
