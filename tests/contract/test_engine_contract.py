"""The one suite that every engine passes: what router.engine.Engine promises, in tests."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from engine_subject import Subject
from waiting import BOUND_S

from router.engine import Constraint, Delta, Engine, GenerateRequest, generate
from router.errors import ContextOverflow, EngineError, EngineTimeout, EngineUnavailable
from router.types.completion import Completion
from router.types.task import Message

PATIENCE_S = 10.0
"""Far above what any of these waits takes on a busy machine, far below a hang."""

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 12}, "count": {"enum": [1, 2, 3]}},
    "required": ["city", "count"],
    "additionalProperties": False,
}


def ask(prompt: str = "question 7", *, within_s: float = 30.0, **changes: Any) -> GenerateRequest:
    settings: dict[str, Any] = {"max_tokens": 512, **changes}
    return GenerateRequest(
        messages=(Message(role="user", content=prompt),),
        deadline=time.monotonic() + within_s,
        **settings,
    )


async def parts_of(engine: Engine, request: GenerateRequest) -> tuple[list[Delta], Completion]:
    parts = [part async for part in engine.stream(request)]
    *deltas, last = parts
    assert isinstance(last, Completion)
    assert all(isinstance(part, Delta) for part in deltas), "one Completion, and it comes last"
    return [part for part in deltas if isinstance(part, Delta)], last


async def first_delta(engine: Engine) -> str:
    """Start an endless answer and leave it after its first piece."""
    async with aclosing(engine.stream(ask(max_tokens=20_000))) as parts:
        async for part in parts:
            assert isinstance(part, Delta)
            return part.text
    raise AssertionError("an endless answer has a first piece")


async def test_an_answer_is_its_deltas_then_one_completion(brief: Engine) -> None:
    deltas, completion = await parts_of(brief, ask())

    assert completion.text == "".join(delta.text for delta in deltas)
    assert completion.text
    assert all(delta.text for delta in deltas), "a delta carries text"
    assert completion.finish_reason == "stop"
    assert completion.engine == brief.caps.engine
    assert completion.model == brief.caps.model
    assert 0 <= completion.ttft_s <= completion.latency_s < PATIENCE_S


async def test_usage_is_counted(brief: Engine) -> None:
    completion = await generate(brief, ask())

    assert completion.usage.prompt_tokens > 0
    assert completion.usage.completion_tokens > 0
    assert 0 <= completion.usage.cached_tokens <= completion.usage.prompt_tokens


async def test_probabilities_are_reported_where_promised(subject: Subject, brief: Engine) -> None:
    completion = await generate(brief, ask())

    assert brief.caps.logprobs == subject.supports_logprobs
    if subject.supports_logprobs:
        assert completion.stats is not None
        assert completion.stats.tokens > 0
        assert completion.stats.sum_logprob <= completion.stats.min_logprob <= 0


async def test_the_same_question_gets_the_same_answer(brief: Engine) -> None:
    first = await generate(brief, ask())
    assert (await generate(brief, ask())).text == first.text


async def test_opening_twice_is_opening_once(brief: Engine) -> None:
    await brief.open()
    assert (await generate(brief, ask())).text


async def test_a_stop_string_ends_the_answer_and_is_not_part_of_it(brief: Engine) -> None:
    whole = (await generate(brief, ask())).text
    stop = whole[4:7]

    deltas, completion = await parts_of(brief, ask(stop=(stop,)))

    assert completion.text == whole[: whole.index(stop)]
    assert completion.text == "".join(delta.text for delta in deltas)
    assert completion.finish_reason == "stop"


async def test_max_tokens_cuts_the_answer_off(brief: Engine) -> None:
    whole = (await generate(brief, ask())).text

    completion = await generate(brief, ask(max_tokens=3))

    assert completion.finish_reason == "length"
    assert completion.usage.completion_tokens == 3
    assert whole.startswith(completion.text)
    assert len(completion.text) < len(whole)


async def test_a_deadline_in_the_past_is_a_timeout(brief: Engine) -> None:
    with pytest.raises(EngineTimeout):
        await generate(brief, ask(within_s=-1.0))


async def test_an_answer_slower_than_its_deadline_is_a_timeout_soon_after(endless: Engine) -> None:
    began = time.monotonic()

    with pytest.raises(EngineTimeout):
        await generate(endless, ask(within_s=0.5, max_tokens=20_000))

    assert 0.4 < time.monotonic() - began < BOUND_S


async def test_after_a_timeout_the_engine_serves_the_next_request(endless: Engine) -> None:
    with pytest.raises(EngineTimeout):
        await generate(endless, ask(within_s=0.2, max_tokens=20_000))

    async with asyncio.timeout(PATIENCE_S):
        assert (await generate(endless, ask(max_tokens=3))).finish_reason == "length"


async def test_leaving_an_answer_early_frees_its_place(subject: Subject, endless: Engine) -> None:
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(2 * (subject.lanes or 2)):
            assert await first_delta(endless)
        assert (await generate(endless, ask(max_tokens=3))).finish_reason == "length"


async def test_cancelling_the_task_frees_its_place(subject: Subject, endless: Engine) -> None:
    places = subject.lanes or 2
    started = asyncio.Semaphore(0)

    async def reader() -> None:
        parts = endless.stream(ask(max_tokens=20_000))
        async with aclosing(parts):
            await anext(parts)
            started.release()
            async for _ in parts:
                pass

    async with asyncio.timeout(PATIENCE_S):
        tasks = [asyncio.create_task(reader()) for _ in range(places)]
        for _ in range(places):
            await started.acquire()
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
        assert (await generate(endless, ask(max_tokens=3))).finish_reason == "length"


async def test_an_exception_in_the_reader_is_the_readers_and_frees_the_place(
    subject: Subject, endless: Engine
) -> None:
    async def careless() -> None:
        async with aclosing(endless.stream(ask(max_tokens=20_000))) as parts:
            async for _ in parts:
                raise ZeroDivisionError

    async with asyncio.timeout(PATIENCE_S):
        for _ in range(subject.lanes or 2):
            with pytest.raises(ZeroDivisionError):
                await careless()
        assert (await generate(endless, ask(max_tokens=3))).finish_reason == "length"


async def test_many_answers_at_once_are_those_given_one_by_one(brief: Engine) -> None:
    requests = [ask(f"question {number}") for number in range(8)]
    alone = [(await generate(brief, request)).text for request in requests]

    async with asyncio.timeout(PATIENCE_S):
        together = await asyncio.gather(*(generate(brief, request) for request in requests))

    assert [completion.text for completion in together] == alone


async def test_a_slow_reader_loses_nothing(brief: Engine) -> None:
    whole = (await generate(brief, ask())).text
    read = ""
    async for part in brief.stream(ask()):
        if isinstance(part, Delta):
            read += part.text
            await asyncio.sleep(0.002)
    assert read == whole


async def test_a_schema_is_enforced_or_refused_never_dropped(
    subject: Subject, brief: Engine
) -> None:
    assert brief.caps.json_schema == subject.supports_schema
    request = ask("Answer in JSON.", constraint=Constraint(json_schema=SCHEMA))
    if not subject.supports_schema:
        with pytest.raises(EngineError):
            await generate(brief, request)
        return
    completion = await generate(brief, request)
    answer = json.loads(completion.text)
    jsonschema.validate(answer, SCHEMA)
    assert completion.text == json.dumps(answer, separators=(",", ":"), ensure_ascii=False)


async def test_a_prompt_over_the_window_is_refused_with_both_counts(
    subject: Subject, brief: Engine
) -> None:
    if subject.overflow_prompt is None:
        pytest.skip(f"{subject.name} does not know its window")
    with pytest.raises(ContextOverflow) as caught:
        await generate(brief, ask(subject.overflow_prompt))

    assert caught.value.limit_tokens is not None
    assert caught.value.prompt_tokens is not None
    assert caught.value.prompt_tokens > caught.value.limit_tokens
    assert (await generate(brief, ask())).finish_reason == "stop"


async def test_closing_twice_is_closing_once(brief: Engine) -> None:
    await brief.close()
    await brief.close()


async def test_closing_what_was_never_opened_does_nothing(subject: Subject, tmp_path: Path) -> None:
    async with subject.make(tmp_path, "brief") as engine:
        await engine.close()


async def test_a_closed_engine_is_unavailable(brief: Engine) -> None:
    await brief.close()
    with pytest.raises(EngineUnavailable) as caught:
        await generate(brief, ask())
    assert caught.value.model == brief.caps.model


async def test_closing_ends_the_answers_under_way(endless: Engine) -> None:
    parts = endless.stream(ask(max_tokens=20_000))
    assert await anext(parts)

    async with asyncio.timeout(PATIENCE_S):
        await endless.close()
        with pytest.raises(EngineError):
            async for _ in parts:
                pass


async def test_every_failure_is_an_engine_error_that_names_the_model(brief: Engine) -> None:
    with pytest.raises(EngineError) as caught:
        await generate(brief, ask(constraint=Constraint(json_schema={"type": "nothing known"})))
    assert caught.value.model == brief.caps.model
