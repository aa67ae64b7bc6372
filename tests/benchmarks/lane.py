"""The lane against first come, first served, and its own cost.

    python tests/benchmarks/lane.py [--jobs 200] [--seed 1]

Three models share a lane with room for two. Real models under llama.cpp serve the same arrival
traces in both orders, one after the other in one process; seconds are measured, not modelled. A
second table runs the same orders in virtual time with the figures expected of a 6 GB card.
"""

from __future__ import annotations

import argparse
import queue
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import structlog
from fifo_order import fifo
from lane_simulation import Arrival, Model, simulate
from stepped import SteppedRunner
from tiny_gguf import write_tiny_gguf

from agents.engines.lane import Lane
from agents.engines.lane_job import Job, Part, Runner
from agents.engines.lane_order import Order, swap_aware
from agents.engines.llamacpp import LlamaCppRunner
from router.engine import Delta, GenerateRequest
from router.types.completion import Completion
from router.types.task import Message

BOUND_S = 20.0
NAMES = ("router", "coder", "general")
TOKENS = 12
ORDERS: dict[str, Order] = {"first come": fifo, "lane": swap_aware}

CARD = {
    # Expected of an RTX 2060 for 150 tokens: 0.5B at 6 bits, Coder-1.5B at 5, 3B at 4.5, and loads
    # of 0.5, 1 and 2 seconds from the page cache. One job a model, as ExLlamaV2 has it on Turing.
    "router": Model(100, 1, load_s=0.5, service_s=0.6),
    "coder": Model(100, 1, load_s=1.0, service_s=0.9),
    "general": Model(100, 1, load_s=2.0, service_s=1.5),
}

CARD_GAP_S = 0.6
"""Mean seconds between two jobs: about what two of the three can do at once without any swap."""


def traces(jobs: int, seed: int, gap_s: float) -> dict[str, list[Arrival]]:
    """gap_s: mean seconds between two jobs."""
    rng = random.Random(seed)

    def poisson() -> Iterator[Arrival]:
        at = 0.0
        for _ in range(jobs):
            at += rng.expovariate(1 / gap_s)
            yield Arrival(at, rng.choices(NAMES, (5, 3, 2))[0])

    def bursts() -> Iterator[Arrival]:
        at, made = 0.0, 0
        while made < jobs:
            size = min(rng.randint(4, 10), jobs - made)
            name = rng.choice(NAMES)
            for _ in range(size):
                yield Arrival(at, name)
            made += size
            at += rng.expovariate(1 / (gap_s * size))

    alternating = [Arrival(number * gap_s, NAMES[number % 3]) for number in range(jobs)]
    return {"poisson": list(poisson()), "bursts": list(bursts()), "alternating": alternating}


@dataclass(frozen=True, slots=True)
class Served:
    """waits_s: from submission to start."""

    waits_s: list[float]
    swaps: int
    took_s: float

    def row(self, title: str) -> str:
        ordered = sorted(self.waits_s)
        p95 = ordered[int(0.95 * len(ordered))]
        late = sum(wait > BOUND_S for wait in ordered)
        return (
            f"| {title} | {self.swaps} | {statistics.mean(ordered):.2f} | {p95:.2f} "
            f"| {ordered[-1]:.2f} | {late} | {self.took_s:.0f} |"
        )


HEAD = (
    "| trace | order | swaps | mean wait s | p95 wait s | longest s | past 20 s | took s |\n"
    "|---|---|---|---|---|---|---|---|"
)


def request(tokens: int) -> GenerateRequest:
    message = Message(role="user", content="go on")
    return GenerateRequest((message,), time.monotonic() + 3600, tokens)


@contextmanager
def opened(lane: Lane, runners: dict[str, LlamaCppRunner]) -> Iterator[None]:
    for runner in runners.values():
        lane.add(runner)
    yield
    for runner in runners.values():
        gone = threading.Event()
        lane.remove(runner, gone.set)
        gone.wait()


def serve(order: Order, path: Path, trace: list[Arrival]) -> Served:
    """The trace in real time, on fresh models."""
    runners = {name: bench_runner(path, name) for name in NAMES}
    room = 2 * next(iter(runners.values())).footprint_bytes
    lane = Lane("bench", capacity_bytes=room, bound_s=BOUND_S, order=order)
    ended: queue.Queue[Part] = queue.Queue()
    jobs = []

    def post(part: Part) -> None:
        if not isinstance(part, Delta):
            ended.put(part)

    with opened(lane, runners):
        began = time.monotonic()
        for arrival in trace:
            time.sleep(max(0.0, began + arrival.at - time.monotonic()))
            job = Job(request(TOKENS), post)
            jobs.append(job)
            lane.submit(runners[arrival.model], job)
        for _ in trace:
            part = ended.get()
            assert isinstance(part, Completion), part
        took_s = time.monotonic() - began
        swaps = lane.state().swaps
    return Served([job.started - job.submitted for job in jobs], swaps, took_s)


def bench_runner(path: Path, name: str) -> LlamaCppRunner:
    return LlamaCppRunner(model_path=path, model=name, context_tokens=512, parallel=1, threads=1)


def calibrate(path: Path) -> tuple[float, float]:
    """Seconds of a load with its unload, and of a job, one at a time."""
    runner = bench_runner(path, "calibration")
    loads, jobs = [], []
    for _ in range(3):
        began = time.monotonic()
        runner.load()
        loaded = time.monotonic()
        for _ in range(3):
            before = time.monotonic()
            bare(runner, TOKENS)
            jobs.append(time.monotonic() - before)
        before = time.monotonic()
        runner.unload()
        loads.append(loaded - began + time.monotonic() - before)
    return statistics.median(loads), statistics.median(jobs)


def bare(runner: Runner, tokens: int) -> None:
    """One job straight into the runner."""
    ended = threading.Event()
    job = Job(request(tokens), lambda part: None if isinstance(part, Delta) else ended.set())
    assert job.begin(lambda job, whole: None)
    runner.start(job)
    while runner.step():
        pass
    ended.wait()


def through(lane: Lane, runner: Runner, tokens: int) -> None:
    """One job through the lane."""
    ended = threading.Event()
    post = lambda part: None if isinstance(part, Delta) else ended.set()  # noqa: E731
    lane.submit(runner, Job(request(tokens), post))
    ended.wait()


def own_cost(title: str, runner: Runner, tokens: int, rounds: int) -> str:
    """Tokens a second through the lane over those of the bare runner, alternately."""
    lane = Lane("cost")
    lane.add(runner)
    loaded = threading.Event()
    lane.warm(runner, lambda error: loaded.set())
    loaded.wait()
    ratios, speeds = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        bare(runner, tokens)
        middle = time.perf_counter()
        through(lane, runner, tokens)
        alone_s, lane_s = middle - began, time.perf_counter() - middle
        ratios.append(alone_s / lane_s)
        speeds.append(tokens / alone_s)
    gone = threading.Event()
    lane.remove(runner, gone.set)
    gone.wait()
    return f"| {title} | {statistics.median(speeds):.0f} | {statistics.median(ratios):.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        write_tiny_gguf(path, ends_after=None, width=512, layers=12)
        load_s, job_s = calibrate(path)
        size = path.stat().st_size / 2**20
        print(f"Model {size:.0f} MiB; load and unload {load_s:.3f} s, a job {job_s:.3f} s.\n")
        # Two models work side by side on two cores; at three quarters of that there is no backlog
        # for an order that never swaps.
        gap_s = job_s / 2 / 0.75
        print(HEAD)
        for name, trace in traces(arguments.jobs, arguments.seed, gap_s).items():
            for title, order in ORDERS.items():
                print(serve(order, path, trace).row(f"{name} | {title}"), flush=True)
        print("\nVirtual time, a 6 GB card:\n\n" + HEAD)
        for name, trace in traces(arguments.jobs, arguments.seed, CARD_GAP_S).items():
            for title, order in ORDERS.items():
                done = simulate(order, CARD, trace, capacity_bytes=200)
                served = Served(done.waits_s, done.swaps, done.finished_at)
                print(served.row(f"{name} | {title}"))
        print("\n| the lane's own cost | tokens/s bare | through the lane, ratio |\n|---|---|---|")
        print(own_cost("llama.cpp, threads of its own", bench_runner(path, "one"), 400, 9))
    print(own_cost("stepped by the lane, 3 ms a token", SteppedRunner("s", token_s=0.003), 300, 9))


if __name__ == "__main__":
    main()
