"""The ExLlamaV2 engine beyond the contract, with the real library on a CPU."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from exl2_extra import needs_the_extra

needs_the_extra()

import torch
from exl2_cpu import LETTERS, library_on_cpu, write_tiny_model
from waiting import wait_until

from agents.engines import exl2_attention, exl2_library
from agents.engines.exl2_library import (
    LibraryUnavailable,
    gpu_library,
    load_library,
    require_gpu,
)
from agents.engines.exllamav2 import ExLlamaV2Runner
from agents.engines.lane import Lane
from agents.engines.lane_engine import LaneEngine
from router.engine import Constraint, GenerateRequest, generate
from router.errors import (
    ContextOverflow,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
)
from router.types.task import Message

RING = LETTERS[: LETTERS.index("Z") + 1]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_tiny_model(folder / "once", recites="once")
    write_tiny_model(folder / "ever", recites="for ever", context_tokens=8192)
    write_tiny_model(folder / "random", seed=3)
    return folder


@asynccontextmanager
async def opened(path: Path, lane: Lane | None = None, **changes: Any) -> AsyncIterator[LaneEngine]:
    settings: dict[str, Any] = {"context_tokens": 2048, **changes}
    with library_on_cpu():
        runner = ExLlamaV2Runner(model_path=path, model=path.name, library=load_library, **settings)
        engine = LaneEngine(runner, lane)
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


def tensors() -> int:
    """How many are alive."""
    return sum(issubclass(type(item), torch.Tensor) for item in gc.get_objects())


async def test_it_ends_at_the_token_that_only_generation_config_names(models: Path) -> None:
    async with opened(models / "once") as engine:
        completion = await generate(engine, ask())
    assert completion.text == RING
    assert completion.finish_reason == "stop"
    assert completion.usage.completion_tokens == len(RING) + 1, "the end counts as used"
    assert completion.stats is not None
    assert completion.stats.tokens == len(RING), "and says nothing of the answer"


async def test_statistics_are_those_before_temperature_and_constraint(models: Path) -> None:
    async with opened(models / "random") as engine:
        free = await generate(engine, ask(max_tokens=20))
        held = await generate(
            engine, ask(max_tokens=20, constraint=Constraint(regex="(coder|general)"))
        )
    assert free.stats is not None
    assert free.stats.mean_logprob < -0.05, "greedy, and yet not certain"
    assert free.stats.mean_entropy is not None
    assert free.stats.mean_entropy > 0.1
    assert free.stats.min_margin is not None
    assert free.stats.min_allowed_mass is None
    assert held.text in ("coder", "general")
    assert held.stats is not None
    assert held.stats.min_allowed_mass is not None
    assert held.stats.min_allowed_mass < 0.5, "a random model is forced on every label"


async def test_statistics_are_those_of_the_reference_implementation(models: Path) -> None:
    from tokenizers import Tokenizer
    from transformers import Qwen2ForCausalLM

    path = models / "random"
    async with opened(path) as engine:
        answer = await generate(engine, ask("hi", max_tokens=24))
    ids = Tokenizer.from_file(str(path / "tokenizer.json")).encode
    prompt = ids("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n").ids
    said = ids(answer.text).ids
    model = Qwen2ForCausalLM.from_pretrained(path, dtype=torch.float32)
    with torch.no_grad():
        logits = model(torch.tensor([prompt + said])).logits[0, len(prompt) - 1 : -1].double()
    logprobs = logits.log_softmax(-1)
    chosen = logprobs[range(len(said)), said]
    top = logits.topk(2).values
    assert answer.usage.prompt_tokens == len(prompt)
    stats = answer.stats
    assert stats is not None
    assert stats.tokens == len(said) > 5
    # The engine computes in half precision.
    assert stats.sum_logprob == pytest.approx(float(chosen.sum()), rel=0.005)
    assert stats.min_logprob == pytest.approx(float(chosen.min()), abs=0.02)
    assert stats.mean_entropy == pytest.approx(
        float(-(logprobs.exp() * logprobs).sum(-1).mean()), rel=0.005
    )
    assert stats.min_margin == pytest.approx(float((top[:, 0] - top[:, 1]).min()), abs=0.02)


async def test_a_constraint_that_leads_nowhere_ends_in_an_error_and_not_in_half_an_answer(
    models: Path,
) -> None:
    unspeakable = Constraint(regex="abç")  # the tokenizer has letters for its front only
    async with opened(models / "random") as engine:
        with pytest.raises(EngineUnavailable, match="no token may follow"):
            await generate(engine, ask(constraint=unspeakable))
        assert (await generate(engine, ask(max_tokens=3))).text


async def test_every_answer_under_a_constraint_satisfies_it(models: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 6}, "n": {"enum": [1, 22]}},
        "required": ["city", "n"],
        "additionalProperties": False,
    }
    async with opened(models / "random") as engine:
        for seed in range(4):
            answer = await generate(
                engine,
                ask(temperature=1.0, seed=seed, constraint=Constraint(json_schema=schema)),
            )
            value = json.loads(answer.text)
            assert value["n"] in (1, 22)
            assert answer.text == json.dumps(value, separators=(",", ":"))
            assert answer.finish_reason == "stop"


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(regex="(?=a)b"),
        Constraint(regex="("),
        Constraint(json_schema={"type": "poem"}),
        Constraint(json_schema={"const": {1, 2}}),
    ],
)
async def test_a_constraint_that_cannot_be_compiled_is_refused(
    models: Path, constraint: Constraint
) -> None:
    async with opened(models / "once") as engine:
        with pytest.raises(EngineRejected, match="cannot be"):
            await generate(engine, ask(constraint=constraint))
        assert (await generate(engine, ask())).text == RING


async def test_a_repeated_front_is_read_from_the_cache(models: Path) -> None:
    async with opened(models / "once") as engine:
        first = await generate(engine, ask("the same long question, and then one"))
        second = await generate(engine, ask("the same long question, and then other"))
    assert first.usage.cached_tokens == 0
    assert second.usage.cached_tokens > 30
    assert second.text == first.text


async def test_a_seed_repeats_a_sampled_answer(models: Path) -> None:
    async with opened(models / "random") as engine:
        texts = [
            (await generate(engine, ask(temperature=1.5, seed=seed, max_tokens=12))).text
            for seed in (1, 1, 2)
        ]
    assert texts[0] == texts[1] != texts[2]


async def test_text_held_back_for_a_stop_string_is_not_lost(models: Path) -> None:
    async with opened(models / "once") as engine:
        kept = await generate(engine, ask(stop=("Z!!",)))
        cut = await generate(engine, ask(stop=("d", "")))
    assert kept.text == RING, "the end came while Z might still have become Z!!"
    assert cut.text == "abc"


async def test_the_window_is_kept_and_an_overlong_prompt_refused(models: Path) -> None:
    async with opened(models / "ever", context_tokens=300) as engine:
        assert engine.caps.context_tokens == 300
        full = await generate(engine, ask(max_tokens=5000))
        with pytest.raises(ContextOverflow) as caught:
            await generate(engine, ask("x" * 400))
    assert full.usage.prompt_tokens + full.usage.completion_tokens == 300
    assert full.finish_reason == "length"
    assert caught.value.limit_tokens == 300
    assert caught.value.prompt_tokens is not None
    assert caught.value.prompt_tokens > 400


async def test_a_window_of_whole_pages_is_filled_to_its_last_token(models: Path) -> None:
    async with opened(models / "ever", context_tokens=512) as engine:
        full = await generate(engine, ask(max_tokens=5000))
        longest = "x" * (511 - full.usage.prompt_tokens + len("hi"))
        last = await generate(engine, ask(longest, max_tokens=5000))
    assert full.usage.prompt_tokens + full.usage.completion_tokens == 512
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (511, 1)


async def test_the_window_is_no_wider_than_the_models_own(models: Path) -> None:
    async with opened(models / "once", context_tokens=100_000) as engine:
        assert engine.caps.context_tokens == 2048


async def test_a_prompt_of_several_chunks_can_be_cancelled_while_it_is_read(models: Path) -> None:
    async with opened(models / "ever", context_tokens=8192) as engine:
        began = time.monotonic()
        whole = await generate(engine, ask("x " * 3500, max_tokens=1))
        took_s = time.monotonic() - began
        began = time.monotonic()
        with pytest.raises(EngineTimeout, match="no token yet"):
            await generate(engine, ask("y " * 3500, max_tokens=1, within_s=took_s / 4))
        assert (await generate(engine, ask(max_tokens=2))).text
        assert time.monotonic() - began < took_s
    assert whole.usage.prompt_tokens > 7000


async def test_leaving_mid_answer_gives_the_model_to_the_next(models: Path) -> None:
    async with opened(models / "ever") as engine:
        for _ in range(3):
            async with aclosing(engine.stream(ask(max_tokens=1500))) as parts:
                await anext(parts)
            assert (await generate(engine, ask(max_tokens=2))).usage.completion_tokens == 2


async def test_a_failure_of_the_library_ends_the_job_and_not_the_engine(models: Path) -> None:
    async with opened(models / "ever") as engine:
        runner = engine.runner
        assert isinstance(runner, ExLlamaV2Runner)
        running = asyncio.create_task(generate(engine, ask(max_tokens=1500)))
        await wait_until(lambda: runner._running is not None, "it to run")
        assert runner._loaded is not None

        def broken() -> None:
            raise RuntimeError("CUDA error: unspecified launch failure\nand much more")

        runner._loaded.generator.iterate = broken
        with pytest.raises(EngineUnavailable, match="ExLlamaV2 failed: RuntimeError: CUDA error"):
            await running
        assert (await generate(engine, ask(max_tokens=5))).text == "abcde"


async def test_two_models_on_one_lane_take_turns_and_swap(models: Path) -> None:
    lane = Lane("gpu", capacity_bytes=100)
    with library_on_cpu():
        engines = [
            LaneEngine(
                ExLlamaV2Runner(
                    model_path=models / name,
                    model=name,
                    context_tokens=1024,
                    footprint_bytes=60,
                    library=load_library,
                ),
                lane,
            )
            for name in ("once", "ever")
        ]
        try:
            for engine in engines:
                await engine.open()
            answers = await asyncio.gather(
                *(generate(engine, ask(max_tokens=6)) for engine in engines * 3)
            )
            state = lane.state()
        finally:
            for engine in engines:
                await engine.close()
    assert {answer.text for answer in answers} == {"abcdef"}
    assert 1 <= state.swaps <= 2, "three jobs a model, gathered"


async def test_ten_loads_and_unloads_leave_nothing_behind(models: Path) -> None:
    with library_on_cpu():
        runner = ExLlamaV2Runner(model_path=models / "once", model="once", library=load_library)
        counts = []
        for _ in range(10):
            runner.load()
            runner.unload()
            counts.append(tensors())
    assert counts[-1] <= counts[1], counts


def test_a_card_that_is_too_small_is_said_in_words_and_left_empty(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with library_on_cpu() as library:
        runner = ExLlamaV2Runner(model_path=models / "once", model="once", library=load_library)
        runner.load()
        runner.unload()
        before = tensors()

        def full(*ignored: Any, **also: Any) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB\nand more")

        with monkeypatch.context() as patch:
            patch.setattr(library, "ExLlamaV2Cache", full)
            with pytest.raises(EngineUnavailable, match=r"memory is not enough.*edgeward models"):
                runner.load()
        assert tensors() <= before
        runner.load()
        runner.unload()


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("config.json", None, "config.json: the file is missing"),
        ("config.json", "{", "cannot be read as JSON"),
        ("config.json", '{"hidden_size": 0}', "`hidden_size` must be a positive number"),
        ("tokenizer.json", None, "tokenizer.json"),
        ("model.safetensors", None, "safetensors"),
    ],
)
async def test_a_broken_directory_is_unavailable_with_the_reason(
    tmp_path: Path, file: str, content: str | None, reason: str
) -> None:
    write_tiny_model(tmp_path, recites="once")
    path = tmp_path / file
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(EngineUnavailable, match=reason):
        async with opened(tmp_path):
            pass


@pytest.mark.parametrize("kv", ["fp16"])
async def test_the_lane_sees_one_slot_and_what_it_is_told_of_memory(models: Path, kv: Any) -> None:
    runner = ExLlamaV2Runner(
        model_path=models / "once", model="once", kv=kv, footprint_bytes=123, load_estimate_s=0.7
    )
    assert (runner.slots, runner.footprint_bytes, runner.load_estimate_s) == (1, 123, 0.7)
    assert not runner.step()


def test_without_a_card_the_reason_is_one_line() -> None:
    with pytest.raises(LibraryUnavailable) as caught:
        require_gpu()
    assert "\n" not in str(caught.value)
    assert "CUDA" in str(caught.value)
    assert exl2_library.unavailable_reason() == str(caught.value)
    with pytest.raises(LibraryUnavailable):
        gpu_library()


async def test_an_engine_that_cannot_run_here_says_why(models: Path) -> None:
    runner = ExLlamaV2Runner(model_path=models / "once", model="once")
    with pytest.raises(EngineUnavailable, match="CUDA") as caught:
        await LaneEngine(runner).open()
    assert isinstance(caught.value, EngineError)
    assert caught.value.retryable


def test_the_librarys_import_without_a_toolkit_is_one_reason_and_leaves_nothing() -> None:
    with pytest.raises(LibraryUnavailable, match=r"no CUDA|extension") as caught:
        load_library()
    assert "\n" not in str(caught.value)
    assert not [name for name in sys.modules if name.split(".")[0] == "exllamav2"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError("CUDA_HOME environment variable is not set."), "no CUDA toolkit"),
        (IndexError("list index out of range"), "TORCH_CUDA_ARCH_LIST"),
        (NameError("name 'exllamav2_ext' is not defined"), "no CUDA runtime"),
        (RuntimeError("Error building extension\n" + "x" * 900), "could not be compiled"),
        (ImportError("undefined symbol: _ZN3c10"), "does not fit this torch: ImportError"),
        (ModuleNotFoundError("No module named 'x'", name="tokenizers"), "tokenizers not installed"),
        (exl2_attention.UnknownAttention("takes (q)"), "cannot be imported"),
    ],
)
def test_each_way_of_failing_to_import_has_its_words(error: Exception, reason: str) -> None:
    said = exl2_library._why_not_imported(error)
    assert reason in said
    assert "\n" not in said
    assert len(said) < 320
