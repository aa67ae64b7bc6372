"""Which engines the contract runs over: add a factory and one line to SUBJECTS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from chat_subjects import LITELLM, OPENAI_SERVER
from engine_subject import Behaviour, Subject
from exl2_extra import installed
from tiny_gguf import write_tiny_gguf

from agents.engines.lane_engine import LaneEngine
from agents.engines.llamacpp import llamacpp_engine
from agents.engines.scripted import Rule, ScriptedEngine
from router.engine import Engine


@asynccontextmanager
async def _llamacpp(directory: Path, behaviour: Behaviour) -> AsyncIterator[Engine]:
    endless = behaviour == "endless"
    model = write_tiny_gguf(directory / "tiny.gguf", ends_after=None if endless else "Z")
    yield llamacpp_engine(
        model_path=model,
        model="tiny",
        context_tokens=32_768 if endless else 2048,
        parallel=2,
        threads=1,
    )


@asynccontextmanager
async def _scripted(directory: Path, behaviour: Behaviour) -> AsyncIterator[Engine]:
    if behaviour == "endless":
        yield ScriptedEngine(model="script", default_reply="and so on " * 1000, tokens_per_s=50)
        return
    yield ScriptedEngine(
        model="script",
        context_tokens=2048,
        default_reply="It is noted.",
        rules=(
            Rule(match=r"JSON", reply='{"city": "Porto", "count": 3}'),
            Rule(match=r"question (\d+)", reply=r"The answer to number \1 is twelve."),
        ),
    )


@asynccontextmanager
async def _exllamav2(directory: Path, behaviour: Behaviour) -> AsyncIterator[Engine]:
    """The real library on the CPU, its compiled functions written in torch."""
    from exl2_cpu import library_on_cpu, write_tiny_model

    from agents.engines.exl2_library import load_library
    from agents.engines.exllamav2 import ExLlamaV2Runner

    endless = behaviour == "endless"
    model = write_tiny_model(
        directory,
        recites="for ever" if endless else "once",
        context_tokens=32_768 if endless else 2048,
    )
    with library_on_cpu():
        runner = ExLlamaV2Runner(
            model_path=model,
            model="tiny",
            context_tokens=32_768 if endless else 2048,
            library=load_library,
        )
        engine = LaneEngine(runner)
        yield engine
        await engine.close()


EXLLAMAV2 = Subject(
    name="exllamav2",
    make=_exllamav2,
    lanes=1,
    supports_schema=True,
    supports_logprobs=True,
    overflow_prompt="word " * 1000,
)

SUBJECTS = (
    Subject(
        name="llamacpp",
        make=_llamacpp,
        lanes=2,
        supports_schema=True,
        supports_logprobs=True,
        overflow_prompt="word " * 1000,
    ),
    Subject(
        name="scripted",
        make=_scripted,
        supports_schema=True,
        supports_logprobs=True,
        overflow_prompt="word " * 3000,
    ),
    LITELLM,
    OPENAI_SERVER,
    # Where the extra is installed; `.ci/run` has an environment for it.
    *([EXLLAMAV2] if installed() else []),
)


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.name)
def subject(request: pytest.FixtureRequest) -> Subject:
    """Each engine in turn."""
    chosen: Subject = request.param
    return chosen


@pytest.fixture
async def brief(subject: Subject, tmp_path: Path) -> AsyncIterator[Engine]:
    """The subject, open, giving short answers."""
    async with subject.make(tmp_path, "brief") as engine:
        await engine.open()
        yield engine
        await engine.close()


@pytest.fixture
async def endless(subject: Subject, tmp_path: Path) -> AsyncIterator[Engine]:
    """The subject, open, giving an answer that does not end by itself."""
    async with subject.make(tmp_path, "endless") as engine:
        await engine.open()
        yield engine
        await engine.close()
