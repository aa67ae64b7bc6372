"""The embedded engine beyond the contract: the library's traps, slots, threads and lifecycle."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tiny_gguf import CHATML, ESCALATE, RING, write_tiny_gguf
from waiting import bounded

from agents.engines.lane_engine import LaneEngine
from agents.engines.llamacpp import llamacpp_engine, physical_cores
from router.engine import Constraint, Delta, GenerateRequest, generate
from router.errors import ContextOverflow, EngineRejected, EngineTimeout, EngineUnavailable
from router.types.completion import Completion
from router.types.task import Message


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of real models: brief, endless, escalating, and one slow at reading prompts."""
    directory = tmp_path_factory.mktemp("models")
    write_tiny_gguf(directory / "brief.gguf")
    write_tiny_gguf(directory / "endless.gguf", ends_after=None)
    write_tiny_gguf(directory / "escalates.gguf", escalates=True)
    write_tiny_gguf(directory / "slow.gguf", ends_after=None, width=128, layers=8)
    return directory


@asynccontextmanager
async def opened(path: Path, **changes: Any) -> AsyncIterator[LaneEngine]:
    settings: dict[str, Any] = {"context_tokens": 2048, "threads": 1, **changes}
    engine = llamacpp_engine(model_path=path, model=path.stem, **settings)
    try:
        await engine.open()
        yield engine
    finally:
        await engine.close()


def ask(prompt: str = "hi", *, within_s: float = 30.0, **changes: Any) -> GenerateRequest:
    settings: dict[str, Any] = {"max_tokens": 256, **changes}
    return GenerateRequest(
        messages=(Message(role="user", content=prompt),),
        deadline=time.monotonic() + within_s,
        **settings,
    )


async def test_characters_of_several_bytes_come_out_whole(models: Path) -> None:
    async with opened(models / "brief.gguf") as engine:
        parts = [part async for part in engine.stream(ask("hi"))]

    texts = [part.text for part in parts if isinstance(part, Delta)]
    assert "".join(texts) in RING
    assert {"é", "日", "😀"} <= set(texts), "each is made of two to four tokens, and sent as one"


async def test_an_answer_cut_inside_a_character_has_no_half_of_it(models: Path) -> None:
    async with opened(models / "brief.gguf") as engine:
        whole = (await generate(engine, ask())).text
        before = whole[: whole.index("😀")]
        tokens = len(before.encode())
        for cut in (1, 2, 3):
            completion = await generate(engine, ask(max_tokens=tokens + cut))
            assert completion.text == before
            assert completion.finish_reason == "length"


async def test_probabilities_leave_out_the_end_of_the_turn(models: Path) -> None:
    async with opened(models / "brief.gguf") as engine:
        completion = await generate(engine, ask("hello"))

    assert completion.stats is not None
    tokens = len(completion.text.encode())
    assert completion.usage.completion_tokens == tokens + 1, "the end counts as used"
    assert completion.stats.tokens == len(completion.text), "one probability a character, no end"
    assert completion.stats.min_logprob < -1, "where the ring is entered is a guess"
    rest = completion.stats.sum_logprob - completion.stats.min_logprob
    assert -2 < rest < 0, "and from there on everything is sure"


async def test_special_tokens_are_text_only_where_asked_and_never_the_end(models: Path) -> None:
    async with opened(models / "escalates.gguf", special_tokens_as_text=True) as engine:
        deltas = [part async for part in engine.stream(ask())]
        spoken = deltas[-1]
    async with opened(models / "escalates.gguf") as engine:
        silent = await generate(engine, ask())

    assert isinstance(spoken, Completion)
    assert spoken.text == ESCALATE
    assert "".join(part.text for part in deltas[:-1] if isinstance(part, Delta)) == ESCALATE
    assert silent.text == ""
    for completion in (spoken, silent):
        assert completion.stats is not None
        assert completion.stats.tokens == 1
        assert completion.finish_reason == "stop"


async def test_a_repeated_prompt_is_read_from_the_cache(models: Path) -> None:
    async with opened(models / "brief.gguf", parallel=1) as engine:
        first = await generate(engine, ask("the same long question"))
        second = await generate(engine, ask("the same long question"))

    assert first.usage.cached_tokens == 0
    assert second.usage.cached_tokens == first.usage.prompt_tokens - 1
    assert second.text == first.text


async def test_the_window_belongs_to_each_request(models: Path) -> None:
    prompt = "x" * 900
    async with opened(models / "brief.gguf", context_tokens=1024, parallel=4) as engine:
        completions = await asyncio.gather(*(generate(engine, ask(prompt)) for _ in range(4)))
        assert all(completion.usage.prompt_tokens > 900 for completion in completions)
        with pytest.raises(ContextOverflow) as caught:
            await generate(engine, ask("x" * 1100))

    assert caught.value.limit_tokens == 1024
    assert caught.value.prompt_tokens is not None
    assert caught.value.prompt_tokens > 1100


async def test_the_window_is_no_wider_than_the_model_was_trained_for(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "narrow.gguf", context=512)
    async with opened(path, context_tokens=4096) as engine:
        assert engine.caps.context_tokens == 512
        with pytest.raises(ContextOverflow):
            await generate(engine, ask("x" * 600))


async def test_an_answer_that_fills_the_window_is_cut_off(models: Path) -> None:
    async with opened(models / "endless.gguf", context_tokens=512) as engine:
        completion = await generate(engine, ask(max_tokens=100_000))

    assert completion.finish_reason == "length"
    assert completion.usage.prompt_tokens + completion.usage.completion_tokens <= 512


async def test_a_seed_repeats_a_sampled_answer(models: Path) -> None:
    async with opened(models / "brief.gguf") as engine:
        texts = {
            seed: [
                (await generate(engine, ask(temperature=1.5, seed=seed, max_tokens=12))).text
                for _ in range(2)
            ]
            for seed in range(6)
        }

    assert all(first == second for first, second in texts.values())
    assert len({first for first, _ in texts.values()}) > 1


async def test_sixteen_answers_on_four_slots_are_those_given_one_by_one(models: Path) -> None:
    async with opened(models / "brief.gguf", parallel=4) as engine:
        requests = [ask("hello" * number or "Why?") for number in range(16)]
        alone = [(await generate(engine, request)).text for request in requests]
        together = await asyncio.gather(*(generate(engine, request) for request in requests))

    assert [completion.text for completion in together] == alone
    assert len(set(alone)) > 1, "the questions have different answers"


async def test_leaving_mid_answer_gives_the_slot_to_the_next_at_once(models: Path) -> None:
    async with opened(models / "endless.gguf", parallel=1, context_tokens=32_768) as engine:
        for _ in range(20):
            async with aclosing(engine.stream(ask(max_tokens=30_000))) as parts:
                await anext(parts)
            with bounded("a slot that is free"):
                await generate(engine, ask(max_tokens=2))


async def test_a_deadline_is_kept_while_the_prompt_is_read(models: Path) -> None:
    prompt = "word " * 500
    async with opened(models / "slow.gguf", parallel=1, context_tokens=8192) as engine:
        began = time.monotonic()
        whole = await generate(engine, ask(prompt, max_tokens=1))
        took = time.monotonic() - began
        assert took > 0.2, "long enough for what follows to mean something"

        shares = []
        for attempt in range(5):  # the least: on a busy machine some are the scheduler's
            began = time.monotonic()
            with pytest.raises(EngineTimeout, match="no token yet"):
                await generate(engine, ask(f"{attempt} {prompt}", max_tokens=1, within_s=took / 4))
            await generate(engine, ask(max_tokens=1))
            shares.append((time.monotonic() - began) / took)
        assert min(shares) < 0.8, "and the slot is free soon after"
    assert whole.usage.prompt_tokens > 2500


async def test_a_deadline_is_kept_in_the_queue(models: Path) -> None:
    async with opened(models / "endless.gguf", parallel=1, context_tokens=32_768) as engine:
        async with aclosing(engine.stream(ask(max_tokens=30_000))) as parts:
            await anext(parts)
            with bounded("a deadline"), pytest.raises(EngineTimeout):
                await generate(engine, ask(within_s=0.2))
        assert (await generate(engine, ask(max_tokens=2))).finish_reason == "length"


async def test_waiting_requests_are_served_in_their_order(models: Path) -> None:
    served: list[int] = []

    async with opened(models / "brief.gguf", parallel=1) as engine:

        async def one(number: int) -> None:
            await generate(engine, ask(f"question {number}"))
            served.append(number)

        await asyncio.gather(*(one(number) for number in range(8)))

    assert served == sorted(served)


async def test_the_event_loop_keeps_running_during_generation(models: Path) -> None:
    lags: list[float] = []
    done = asyncio.Event()

    async def heartbeat() -> None:
        while not done.is_set():
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.005):
                    await asyncio.Event().wait()
            lags.append(time.monotonic() - began - 0.005)

    async with opened(models / "endless.gguf", parallel=2, context_tokens=8192) as engine:
        pulse = asyncio.create_task(heartbeat())
        await asyncio.gather(*(generate(engine, ask(max_tokens=1500)) for _ in range(2)))
        done.set()
        await pulse

    # The median: on a machine with more work than cores the worst beats are the scheduler's.
    assert len(lags) > 10
    assert sorted(lags)[len(lags) // 2] < 0.05


async def test_twenty_loads_and_unloads_leave_no_thread(models: Path) -> None:
    engine = llamacpp_engine(model_path=models / "brief.gguf", model="brief", threads=1)
    texts = set()
    threads = set()
    async with asyncio.timeout(60):
        for _ in range(20):
            await engine.open()
            texts.add((await generate(engine, ask(max_tokens=8))).text)
            await engine.close()
            threads.add(sum("llamacpp" in thread.name for thread in threading.enumerate()))
    assert len(texts) == 1
    assert threads == {0}


async def test_unloading_what_served_no_request_does_not_wait_for_ever(models: Path) -> None:
    async with asyncio.timeout(30):
        for _ in range(5):
            async with opened(models / "brief.gguf"):
                pass


async def test_an_open_that_is_cancelled_can_be_closed_and_opened(models: Path) -> None:
    engine = llamacpp_engine(model_path=models / "slow.gguf", model="slow", threads=1)
    opening = asyncio.create_task(engine.open())
    await asyncio.sleep(0)  # let it start its thread
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening

    async with asyncio.timeout(30):
        await engine.close()
        with pytest.raises(EngineUnavailable):
            await generate(engine, ask())
        await engine.open()
        assert (await generate(engine, ask(max_tokens=2))).text
        await engine.close()


async def test_opening_at_once_from_several_tasks_loads_once(models: Path) -> None:
    engine = llamacpp_engine(model_path=models / "brief.gguf", model="brief", threads=1)
    await asyncio.gather(*(engine.open() for _ in range(4)))
    assert (await generate(engine, ask())).text
    await asyncio.gather(*(engine.close() for _ in range(4)))


async def test_closing_ends_the_running_and_the_waiting(models: Path) -> None:
    engine = llamacpp_engine(
        model_path=models / "endless.gguf",
        model="endless",
        context_tokens=32_768,
        parallel=1,
        threads=1,
    )
    await engine.open()
    tasks = [asyncio.create_task(generate(engine, ask(max_tokens=30_000))) for _ in range(4)]
    await asyncio.wait(tasks, timeout=0.1)

    async with asyncio.timeout(10):
        await engine.close()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(outcome, EngineUnavailable) for outcome in outcomes)


async def test_a_stream_that_is_only_dropped_ends_too(models: Path) -> None:
    async with opened(models / "endless.gguf", parallel=1, context_tokens=32_768) as engine:
        parts = engine.stream(ask(max_tokens=30_000))
        await anext(parts)
        del parts
        gc.collect()
        async with asyncio.timeout(10):
            assert (await generate(engine, ask(max_tokens=2))).finish_reason == "length"


async def test_a_missing_file_is_unavailable_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="no such model file") as caught:
        async with opened(tmp_path / "none.gguf"):
            pass
    assert caught.value.model == "none"


async def test_a_truncated_file_is_unavailable_with_the_reason(
    tmp_path: Path, models: Path
) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes((models / "brief.gguf").read_bytes()[:-1000])
    with pytest.raises(EngineUnavailable, match="cut short"):
        async with opened(path):
            pass


async def test_a_kind_of_model_the_library_does_not_know_is_unavailable(
    tmp_path: Path, models: Path
) -> None:
    path = tmp_path / "strange.gguf"
    content = (models / "brief.gguf").read_bytes()
    path.write_bytes(content.replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0lamma", 1))
    with pytest.raises(EngineUnavailable, match=r"cannot load .*lamma"):
        async with opened(path):
            pass


async def test_an_engine_that_failed_to_open_can_be_closed_and_opened_again(
    tmp_path: Path, models: Path
) -> None:
    path = tmp_path / "late.gguf"
    engine = llamacpp_engine(model_path=path, model="late", threads=1)
    with pytest.raises(EngineUnavailable):
        await engine.open()
    await engine.close()

    path.write_bytes((models / "brief.gguf").read_bytes())

    await engine.open()
    assert (await generate(engine, ask())).text
    await engine.close()


async def test_a_complaint_of_the_chat_template_is_a_rejection(tmp_path: Path) -> None:
    complaint = (
        "{% if messages[-1]['content'] == 'twice' %}"
        "{{ raise_exception('roles must alternate') }}{% endif %}"
    )
    path = write_tiny_gguf(tmp_path / "strict.gguf", chat_template=complaint + CHATML)
    async with opened(path) as engine:
        with pytest.raises(EngineRejected, match="roles must alternate"):
            await generate(engine, ask("twice"))
        assert (await generate(engine, ask("once"))).text


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "half a pair: \ud800"},
        {"seed": 2**70},
        {"constraint": Constraint(json_schema={"const": "\ud800"})},
        {"constraint": Constraint(json_schema={"const": {1, 2}})},
    ],
)
async def test_a_request_that_is_no_json_is_a_rejection(
    models: Path, changes: dict[str, Any]
) -> None:
    async with opened(models / "brief.gguf") as engine:
        with pytest.raises(EngineRejected):
            await generate(engine, ask(**changes))
        assert (await generate(engine, ask())).text


def test_a_program_that_forgets_to_close_still_ends(models: Path) -> None:
    program = f"""
import asyncio, time
from pathlib import Path
from agents.engines.llamacpp import llamacpp_engine
from router.engine import GenerateRequest
from router.types.task import Message

async def main():
    path = Path({str(models / "endless.gguf")!r})
    engine = llamacpp_engine(model_path=path, model="m", threads=1)
    await engine.open()
    ask = GenerateRequest((Message(role="user", content="hi"),), time.monotonic() + 30, 4000)
    print(await anext(engine.stream(ask)))

asyncio.run(main())
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    assert "Delta" in done.stdout
    assert done.stderr == ""


def test_importing_the_engine_does_not_import_the_library() -> None:
    root = Path(__file__).resolve().parents[3]
    program = "import sys, agents.engines.llamacpp; assert 'xllamacpp' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True, timeout=30)


async def test_threads_need_not_be_named(models: Path) -> None:
    async with opened(models / "brief.gguf", threads=None) as engine:
        assert (await generate(engine, ask())).text


async def test_two_models_enforce_their_schemas_side_by_side(models: Path) -> None:
    schema = {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2}
    async with (
        opened(models / "brief.gguf") as one,
        opened(models / "slow.gguf") as other,
    ):
        answers = await asyncio.gather(
            *(
                generate(engine, ask(constraint=Constraint(json_schema=schema)))
                for engine in (one, other) * 8
            )
        )
    assert all(len(json.loads(answer.text)) == 2 for answer in answers)


def test_there_is_at_least_one_core() -> None:
    assert physical_cores() >= 1
