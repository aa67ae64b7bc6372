"""The lane's threads: who is in memory, who waits, who is cancelled, and what happens to a hang."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from itertools import pairwise
from typing import Any

import pytest
from stepped import SteppedRunner
from waiting import wait_until

from agents.engines.lane import Lane
from agents.engines.lane_engine import LaneEngine
from agents.engines.lane_order import Idle, ModelLoad, Start, Step, swap_aware
from router.engine import GenerateRequest, generate
from router.errors import EngineOverloaded, EngineTimeout, EngineUnavailable
from router.types.completion import Completion
from router.types.task import Message, Priority


def ask(
    prompt: str = "hi", *, tokens: int = 3, within_s: float = 20.0, **changes: Any
) -> GenerateRequest:
    return GenerateRequest(
        messages=(Message(role="user", content=prompt),),
        deadline=time.monotonic() + within_s,
        max_tokens=tokens,
        **changes,
    )


class House:
    """Engines on one lane, closed together."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.engines: list[LaneEngine] = []

    async def open(self, runner: SteppedRunner, *, pinned: bool = False) -> LaneEngine:
        engine = LaneEngine(runner, self.lane, pinned=pinned)
        self.engines.append(engine)
        await engine.open()
        return engine

    async def close(self) -> None:
        for engine in self.engines:
            await engine.close()


@pytest.fixture
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """A lane with room for two models of 100 bytes, or as the test's own parameters say."""
    settings = {"capacity_bytes": 200} | getattr(request, "param", {})
    house = House(Lane("test", **settings))
    async with asyncio.timeout(30):
        yield house
        await house.close()
        await wait_until(lambda: not _lane_threads(), "the lane's threads to end")


def _lane_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("lane-test")]


async def test_one_thread_does_everything_with_every_model(house: House) -> None:
    runners = [SteppedRunner(name) for name in "ab"]
    engines = [await house.open(runner) for runner in runners]

    await asyncio.gather(*(generate(engine, ask()) for engine in engines * 3))

    assert {thread for runner in runners for _, thread in runner.log} == {"lane-test"}


async def test_models_with_work_take_turns_token_by_token(house: House) -> None:
    engines = [await house.open(SteppedRunner(name, token_s=0.005)) for name in "ab"]
    order: list[str] = []

    async def read(engine: LaneEngine) -> None:
        async for _ in engine.stream(ask(tokens=20)):
            order.append(engine.caps.model)  # noqa: PERF401  as they come

    await asyncio.gather(*(read(engine) for engine in engines))

    changes = sum(one != other for one, other in pairwise(order))
    assert changes > 30, "out of 41 if none ran ahead"


async def test_a_third_model_pushes_out_the_one_unused_the_longest(house: House) -> None:
    a, b, c = [SteppedRunner(name) for name in "abc"]
    engines = [await house.open(runner) for runner in (a, b, c)]
    assert (a.loaded, b.loaded, c.loaded) == (True, True, False), "opening pushes nobody out"
    await generate(engines[0], ask())

    await generate(engines[2], ask())

    assert (a.loaded, b.loaded, c.loaded) == (True, False, True)
    state = house.lane.state()
    assert (state.loads, state.swaps, state.free_bytes) == (3, 1, 0)
    assert state.resident == ("a", "c")


async def test_a_pinned_model_stays(house: House) -> None:
    a, b, c = [SteppedRunner(name) for name in "abc"]
    await house.open(a, pinned=True)
    await house.open(b)
    engine = await house.open(c)

    await generate(engine, ask())

    assert (a.loaded, b.loaded, c.loaded) == (True, False, True)


async def test_a_model_that_can_never_fit_says_by_how_much(house: House) -> None:
    await house.open(SteppedRunner("router", footprint_bytes=150), pinned=True)
    with pytest.raises(EngineUnavailable, match=r"it needs .* GiB.* pinned models"):
        await house.open(SteppedRunner("large", footprint_bytes=100))


@pytest.mark.parametrize("house", [{"idle_s": 0.15}], indirect=True)
async def test_an_idle_model_is_unloaded_and_comes_back_when_asked(house: House) -> None:
    idle, pinned = SteppedRunner("idle"), SteppedRunner("pinned")
    engine = await house.open(idle)
    await house.open(pinned, pinned=True)

    await wait_until(lambda: not idle.loaded, "the idle model to be unloaded")

    assert pinned.loaded
    assert (await generate(engine, ask())).text == "1 2 3 "


async def test_a_high_priority_overtakes_and_a_low_one_waits(house: House) -> None:
    runner = SteppedRunner("a", token_s=0.01)
    engine = await house.open(runner)
    running = asyncio.create_task(generate(engine, ask("first", tokens=15)))
    await wait_until(lambda: bool(runner.jobs), "the first to run")

    await asyncio.gather(
        generate(engine, ask("low", priority=Priority.LOW)),
        generate(engine, ask("normal")),
        generate(engine, ask("high", priority=Priority.HIGH)),
        running,
    )

    assert runner.order == ["first", "high", "normal", "low"]


async def test_a_near_deadline_overtakes(house: House) -> None:
    runner = SteppedRunner("a", token_s=0.01)
    engine = await house.open(runner)
    running = asyncio.create_task(generate(engine, ask("first", tokens=15)))
    await wait_until(lambda: bool(runner.jobs), "the first to run")

    await asyncio.gather(
        generate(engine, ask("patient")), generate(engine, ask("hurried", within_s=2)), running
    )

    assert runner.order == ["first", "hurried", "patient"]


async def test_a_job_that_may_not_wait_longer_gives_up_as_overloaded(house: House) -> None:
    runner = SteppedRunner("a", token_s=0.02)
    engine = await house.open(runner)
    async with aclosing(engine.stream(ask(tokens=500))) as parts:
        await anext(parts)
        began = time.monotonic()
        with pytest.raises(EngineOverloaded, match=r"waiting for its turn after 0\.2 s"):
            await generate(engine, ask("second", max_wait_s=0.2))
        assert time.monotonic() - began > 0.15
    await wait_until(lambda: not runner.jobs, "the first to be cancelled")
    assert "second" not in runner.order


async def test_a_job_that_has_begun_may_take_its_time(house: House) -> None:
    engine = await house.open(SteppedRunner("a", token_s=0.02))
    completion = await generate(engine, ask(tokens=20, max_wait_s=0.1))
    assert completion.usage.completion_tokens == 20


async def test_cancelling_a_waiting_job_means_that_it_never_starts(house: House) -> None:
    runner = SteppedRunner("a", token_s=0.01)
    engine = await house.open(runner)
    running = asyncio.create_task(generate(engine, ask("first", tokens=30)))
    await wait_until(lambda: bool(runner.jobs), "the first to run")
    waiting = asyncio.create_task(generate(engine, ask("second")))
    await wait_until(lambda: house.lane.state().queued == 1, "the second to wait")

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert house.lane.state().queued == 0
    await running
    await generate(engine, ask("third"))
    assert runner.order == ["first", "third"]


async def test_cancelling_a_job_whose_model_is_being_loaded_starts_it_not(house: House) -> None:
    for name in "ab":
        await house.open(SteppedRunner(name))
    slow = SteppedRunner("slow", load_s=0.3)
    engine = await house.open(slow)
    task = asyncio.create_task(generate(engine, ask()))
    await wait_until(lambda: ("load", "lane-test") in slow.log, "the load to begin")

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await wait_until(lambda: slow.loaded, "the load to end")

    await generate(engine, ask("next"))
    assert slow.order == ["next"]


async def test_a_deadline_that_passes_while_the_model_is_loaded_is_a_timeout(house: House) -> None:
    for name in "ab":
        await house.open(SteppedRunner(name))
    slow = SteppedRunner("slow", load_s=2.0)
    engine = await house.open(slow)
    with pytest.raises(EngineTimeout):
        await generate(engine, ask(within_s=0.1))
    assert not slow.loaded, "it did not wait for the load"


async def test_a_load_that_fails_is_the_error_of_all_who_waited_and_may_be_tried_again(
    house: House,
) -> None:
    for name in "ab":
        await house.open(SteppedRunner(name))
    broken = SteppedRunner("broken")
    engine = await house.open(broken)
    broken.fails_in = "load"

    outcomes = await asyncio.gather(
        *(generate(engine, ask()) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(outcome, EngineUnavailable) for outcome in outcomes)
    assert "load failed: ZeroDivisionError: in load" in str(outcomes[0])

    broken.fails_in = None
    assert (await generate(engine, ask())).text


async def test_a_step_that_fails_fails_the_running_and_the_model_is_loaded_afresh(
    house: House,
) -> None:
    runner = SteppedRunner("a", token_s=0.01)
    engine = await house.open(runner)
    running = asyncio.create_task(generate(engine, ask(tokens=500)))
    await wait_until(lambda: bool(runner.jobs), "it to run")

    runner.fails_in = "step"
    with pytest.raises(EngineUnavailable, match="in step"):
        await running
    runner.fails_in = None

    assert (await generate(engine, ask())).text
    assert [call for call, _ in runner.log].count("load") == 2


@pytest.mark.parametrize("house", [{"stall_s": 0.3}], indirect=True)
async def test_a_model_that_hangs_is_dropped_and_the_others_go_on(house: House) -> None:
    hanging, sound = SteppedRunner("hanging", token_s=0.01), SteppedRunner("sound")
    engine, other = await house.open(hanging), await house.open(sound)
    running = asyncio.create_task(generate(engine, ask(tokens=500)))
    await wait_until(lambda: bool(hanging.jobs), "it to run")

    hanging.hangs_in = "step"
    with pytest.raises(EngineUnavailable, match="has not come back") as caught:
        await running
    assert caught.value.retryable
    assert not house.lane.state().healthy
    assert house.lane.state().stalls == 1

    assert (await generate(other, ask())).text, "a fresh thread serves the other model"
    assert (await generate(engine, ask())).text, "and the same model, loaded afresh"
    assert house.lane.state().healthy
    assert ("abandon", "lane-test-watch") in hanging.log
    hanging.released.set()


class SelfRunning(SteppedRunner):
    """Needs nothing of the lane's thread, and says nothing for a while."""

    silent = True

    def step(self) -> bool:
        return False if self.silent else super().step()


@pytest.mark.parametrize("house", [{"stall_s": 0.3}], indirect=True)
async def test_a_model_with_threads_of_its_own_that_falls_silent_is_loaded_afresh(
    house: House,
) -> None:
    runner = SelfRunning("silent")
    engine = await house.open(runner)

    with pytest.raises(EngineUnavailable, match=r"no token for 0\.3 s; it is loaded afresh"):
        await generate(engine, ask())

    runner.silent = False
    assert (await generate(engine, ask())).text == "1 2 3 "
    calls = [call for call, _ in runner.log]
    assert calls.count("load") == 2
    assert "abandon" in calls
    assert "unload" not in calls, "who hangs cannot be asked to leave"


@pytest.mark.parametrize("house", [{"load_limit_s": 0.3, "stall_s": 0.2}], indirect=True)
async def test_a_load_that_hangs_fails_its_jobs_and_the_lane_goes_on(house: House) -> None:
    await house.open(SteppedRunner("b"))
    sound = await house.open(SteppedRunner("a"))
    hanging = SteppedRunner("hanging")
    engine = await house.open(hanging)
    hanging.hangs_in = "load"

    with pytest.raises(EngineUnavailable, match="load has not come back"):
        await generate(engine, ask())

    assert (await generate(sound, ask())).text
    hanging.released.set()


@pytest.mark.parametrize("house", [{"stall_s": 0.3}], indirect=True)
async def test_a_long_load_is_no_hang_of_the_model_beside_it(house: House) -> None:
    engine = await house.open(SteppedRunner("a", token_s=0.01))
    await house.open(SteppedRunner("b"))
    slow = await house.open(SteppedRunner("slow", load_s=1.0))

    loading = asyncio.create_task(generate(slow, ask()))
    outcome = await generate(engine, ask(tokens=20))

    assert isinstance(outcome, Completion)
    await loading
    assert house.lane.state().stalls == 0


async def test_closing_one_model_leaves_the_others_at_work(house: House) -> None:
    a, b = SteppedRunner("a", token_s=0.01), SteppedRunner("b", token_s=0.01)
    one, other = await house.open(a), await house.open(b)
    ended = asyncio.create_task(generate(one, ask(tokens=500)))
    goes_on = asyncio.create_task(generate(other, ask(tokens=60)))
    await wait_until(lambda: bool(a.jobs and b.jobs), "both to run")

    await one.close()

    with pytest.raises(EngineUnavailable, match="it was closed during the answer"):
        await ended
    assert (await goes_on).usage.completion_tokens == 60
    assert not a.loaded


async def test_a_close_that_is_cancelled_and_an_open_after_it_agree(house: House) -> None:
    runner = SteppedRunner("a", load_s=0.05)
    engine = await house.open(runner)
    closing = asyncio.create_task(engine.close())
    await asyncio.sleep(0)  # let it leave its wish
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)

    await engine.open()

    assert (await generate(engine, ask())).text


async def test_the_outlook_tells_the_wait_and_the_swap(house: House) -> None:
    a, b, c = [SteppedRunner(name, token_s=0.01, load_s=0.1) for name in "abc"]
    engines = [await house.open(runner) for runner in (a, b, c)]
    for engine in engines:
        await generate(engine, ask(tokens=10))

    # The reader has the last word a moment before the lane has put the job away.
    await wait_until(lambda: engines[2].outlook().queued == 0, "the lane to come to rest")
    at_rest = engines[2].outlook()
    assert (at_rest.resident, at_rest.queued, at_rest.before_start_s) == (True, 0, 0)
    away = next(engine for engine in engines if not engine.runner.loaded).outlook()
    assert not away.resident
    assert 0.1 <= away.swap_s < 1

    tasks = [asyncio.create_task(generate(engines[2], ask(tokens=10))) for _ in range(4)]
    await wait_until(lambda: bool(c.jobs), "one to run")
    busy = engines[2].outlook()
    assert busy.queued == 4
    assert 0.2 < busy.wait_s < 4, "four jobs of about a tenth of a second before it"
    await asyncio.gather(*tasks)


async def test_a_reader_who_leaves_just_before_the_start_does_no_harm() -> None:
    runner = SteppedRunner("a")

    def hasty(models: Sequence[ModelLoad], free_bytes: float, now: float) -> Step:
        """Starts what nobody waits for any more, as it looks when the reader leaves just then."""
        step = swap_aware(models, free_bytes, now)
        return Start(models[0].name) if isinstance(step, Idle) and next(rushes, False) else step

    rushes = iter([True, True])
    engine = LaneEngine(runner, Lane("test", order=hasty))
    await engine.open()
    assert (await generate(engine, ask())).text == "1 2 3 "
    assert (await generate(engine, ask())).text == "1 2 3 "
    await engine.close()


async def test_a_hundred_readers_who_come_and_go_leave_a_lane_that_works(house: House) -> None:
    runner = SteppedRunner("a", token_s=0.001)
    engine = await house.open(runner)
    rng = random.Random(3)

    async def restless() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(rng.uniform(0, 0.3)):
                await generate(engine, ask(tokens=20))

    await asyncio.gather(*(restless() for _ in range(100)))

    await wait_until(lambda: house.lane.state().running == 0, "the last to end")
    assert house.lane.state().queued == 0
    assert (await generate(engine, ask())).text == "1 2 3 "


async def test_an_engine_without_a_lane_gets_one_of_its_own() -> None:
    engine = LaneEngine(SteppedRunner("alone"))
    await engine.open()
    assert (await generate(engine, ask())).text == "1 2 3 "
    await engine.close()
