"""The ExLlamaV2 engine on a real card: is it right, does it fit, does it come and go cleanly.

    python tests/benchmarks/gpu.py --report docs/gpu.json      # an NVIDIA card; under 8 minutes
    python tests/benchmarks/gpu.py --cpu --report docs/gpu-cpu.json

It makes its own models (random weights, and one that recites), so nothing is downloaded. With --cpu
the same real library runs on the processor, its compiled functions written in torch: what needs a
card (conversion, memory) is then left out and named. Each step's finding goes into a JSON report;
the exit status is 1 if one is not as it should be. Needs the extra, transformers and the dev extra.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import torch
from exl2_cpu import LETTERS, library_on_cpu, write_tiny_model
from transformers import AutoModelForCausalLM

from agents.engines import exl2_attention
from agents.engines.exl2_library import Library, gpu_library, load_library
from agents.engines.exllamav2 import ExLlamaV2Runner
from agents.engines.lane import Lane
from agents.engines.lane_engine import LaneEngine
from agents.engines.safetensors import read_safetensors, stored_weights
from agents.engines.vram import ModelShape, with_weights
from agents.models.quantize import convert, prepare
from router.engine import Constraint, GenerateRequest, generate
from router.errors import EngineTimeout, EngineUnavailable
from router.types.task import Message

PREFILLS = (1, 7, 300, 600)
GIB = 2**30
EMULATED_GIB = 5.2
CLEAR = 0.25
"""Logits between the first and the second from which on half precision changes nothing."""

Finding = dict[str, Any]


class Bench:
    """What the steps share: where the models are, and which library runs them."""

    def __init__(self, folder: Path, library: Callable[[], Library], *, gpu: bool) -> None:
        self.folder = folder
        self.library = library
        self.gpu = gpu
        self.device = "cuda:0" if gpu else "cpu"

    def runner(self, path: Path, **changes: Any) -> ExLlamaV2Runner:
        settings: dict[str, Any] = {"context_tokens": 2048, **changes}
        return ExLlamaV2Runner(model_path=path, model=path.name, library=self.library, **settings)

    @asynccontextmanager
    async def opened(
        self, path: Path, lane: Lane | None = None, **changes: Any
    ) -> AsyncIterator[LaneEngine]:
        engine = LaneEngine(self.runner(path, **changes), lane)
        await engine.open()
        yield engine
        await engine.close()


def ask(prompt: str, *, within_s: float = 60.0, **changes: Any) -> GenerateRequest:
    settings: dict[str, Any] = {"max_tokens": 64, **changes}
    message = Message(role="user", content=prompt)
    return GenerateRequest((message,), time.monotonic() + within_s, **settings)


def make_models(bench: Bench) -> Finding:
    """Random weights whose attention is far from uniform, and one model that recites."""
    write_tiny_model(bench.folder / "random", hidden=256, layers=4)
    for name in ("router", "coder", "general"):
        write_tiny_model(bench.folder / name, recites="once", hidden=256, seed=len(name))
    write_tiny_model(bench.folder / "endless", recites="for ever", context_tokens=8192)
    return {"ok": True}


def to_exl2(bench: Bench) -> Finding:
    """The converter, through our launcher: our command line, its progress and its result."""
    took = {}
    for name, bpw in (("random", 4.5), ("mid", 4.0)):
        if name == "mid":
            # Large enough that the allocator's rounding is no matter.
            write_tiny_model(bench.folder / name, hidden=2048, layers=8)
        began = time.monotonic()
        conversion = prepare(bench.folder / name, bpw=bpw, target=bench.folder / f"{name}-exl2")
        convert(conversion, lambda now: None)
        took[name] = round(time.monotonic() - began, 1)
    return {"ok": True, "seconds": took}


def agreement(bench: Bench) -> Finding:
    """Top-1 agreement with transformers at each length, with the fix and without it.

    Half precision turns near-ties of random weights either way, transformers' own too: what must
    hold is the agreement where the reference's first is clearly before its second.
    """
    found: Finding = {}
    ok = True
    for source, kind in [("random", "unquantised"), ("random-exl2", "exl2")]:
        if not (bench.folder / source).is_dir():
            continue
        reference = AutoModelForCausalLM.from_pretrained(
            bench.folder / "random", dtype=torch.float32
        )
        torch.manual_seed(1)
        prompts = [torch.randint(3, 60, (1, length)) for length in PREFILLS]
        for fixed in (True, False):
            with _library(bench, fixed=fixed) as library:
                model, cache = _bare(library, bench.folder / source)
                if kind == "exl2":
                    _copy_weights(model, reference)
                answers = [_logits(model, cache, prompt) for prompt in prompts]
                model.unload()
                del model, cache
                gc.collect()
            with torch.no_grad():
                wanted = [reference(prompt).logits[0] for prompt in prompts]
            rows = {}
            for length, got, want in zip(PREFILLS, answers, wanted, strict=True):
                same = got[:, : want.shape[1]].argmax(-1) == want.argmax(-1)
                best = want.topk(2).values
                clear = best[:, 0] - best[:, 1] > CLEAR
                rows[length] = {
                    "top1": round(float(same.float().mean()), 4),
                    "top1_where_clear": round(float(same[clear].float().mean()), 4),
                    "clear": round(float(clear.float().mean()), 3),
                }
            found[f"{kind}, {'fixed' if fixed else 'as it comes'}"] = rows
            if fixed:
                ok = ok and min(row["top1_where_clear"] for row in rows.values()) >= 0.99
    return {"ok": ok, "top1": found}


@contextlib.contextmanager
def _library(bench: Bench, *, fixed: bool) -> Iterator[Any]:
    """The library's root, with our attention or its own."""
    root = bench.library().root
    attn = sys.modules["exllamav2.attn"].ExLlamaV2Attention  # type: ignore[attr-defined]
    ours = attn._attn_torch
    if not fixed:
        attn._attn_torch = _as_it_comes()
    try:
        yield root
    finally:
        attn._attn_torch = ours


def _as_it_comes() -> Any:
    """The library's own function, out of its source: ours stands in its place."""
    import importlib.util

    spec = importlib.util.find_spec("exllamav2.attn")
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    return fresh.ExLlamaV2Attention._attn_torch


def _bare(library: Any, folder: Path) -> tuple[Any, Any]:
    config = library.ExLlamaV2Config(str(folder))
    config.max_seq_len, config.max_input_len = 1024, 512
    config.max_attention_size = 512 * 1024
    model = library.ExLlamaV2(config)
    model.load()
    return model, library.ExLlamaV2Cache(model, max_seq_len=1024)


def _logits(model: Any, cache: Any, prompt: torch.Tensor) -> torch.Tensor:
    cache.current_seq_len = 0
    with torch.inference_mode():
        chunks = [model.forward(chunk, cache) for chunk in prompt.split(512, dim=1)]
    return torch.cat(chunks, 1)[0].float().cpu()


def _copy_weights(model: Any, reference: Any) -> None:
    """The reference computes with the quantised weights, written out in full."""
    for name, parameter in reference.named_parameters():
        module = model.modules_dict.get(name.removesuffix(".weight"))
        if module is not None and hasattr(module, "get_weight_tensor_dq"):
            with torch.no_grad():
                exact = module.get_weight_tensor_dq().float().cpu().T
                parameter.copy_(exact[: parameter.shape[0], : parameter.shape[1]])


async def round_robin(bench: Bench) -> Finding:
    """Three models on one lane, three jobs each, a token a turn."""
    lane = Lane("bench")
    recited = LETTERS[: LETTERS.index("Z") + 1]
    order: list[str] = []
    async with contextlib.AsyncExitStack() as stack:
        engines = [
            await stack.enter_async_context(bench.opened(bench.folder / name, lane))
            for name in ("router", "coder", "general")
        ]

        async def read(engine: LaneEngine) -> str:
            text = ""
            async for part in engine.stream(ask("go")):
                text = getattr(part, "text", text)
                order.append(engine.caps.model)
            return text

        began = time.monotonic()
        texts = await asyncio.gather(*(read(engine) for engine in engines * 3))
        took_s = time.monotonic() - began
    turns = sum(one != other for one, other in pairwise(order)) / len(order)
    tokens = 9 * (len(recited) + 1)
    ok = set(texts) == {recited} and turns > 0.5
    return {"ok": ok, "tokens_per_s": round(tokens / took_s, 1), "changes_of_turn": round(turns, 2)}


async def cancelling(bench: Bench) -> Finding:
    """A job left in its prompt and one left in its answer; the next is served at once."""
    async with bench.opened(bench.folder / "endless", context_tokens=8192) as engine:
        began = time.monotonic()
        await generate(engine, ask("x " * 3500, max_tokens=1))
        prefill_s = time.monotonic() - began
        began = time.monotonic()
        with contextlib.suppress(EngineTimeout):
            await generate(engine, ask("y " * 3500, max_tokens=1, within_s=prefill_s / 4))
        await generate(engine, ask("hi", max_tokens=2))
        in_prefill_s = time.monotonic() - began
        async with aclosing(engine.stream(ask("hi", max_tokens=5000))) as parts:
            await anext(parts)
        began = time.monotonic()
        await generate(engine, ask("hi", max_tokens=2))
        in_decode_s = time.monotonic() - began
    ok = in_prefill_s < prefill_s and in_decode_s < 1.0
    return {
        "ok": ok,
        "prefill_of_7000_s": round(prefill_s, 3),
        "left_in_prefill_then_next_s": round(in_prefill_s, 3),
        "left_in_decode_then_next_s": round(in_decode_s, 3),
    }


async def constrained(bench: Bench) -> Finding:
    """A JSON schema and a regular expression, held by a model that knows neither."""
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 8}, "n": {"enum": [1, 2, 3]}},
        "required": ["city", "n"],
        "additionalProperties": False,
    }
    right = 0
    async with bench.opened(bench.folder / "random") as engine:
        for seed in range(10):
            held = Constraint(json_schema=schema)
            answer = await generate(engine, ask("go", temperature=1.0, seed=seed, constraint=held))
            value = json.loads(answer.text)
            right += value["n"] in (1, 2, 3) and len(value["city"]) <= 8
        label = await generate(engine, ask("go", constraint=Constraint(regex="(coder|general)")))
    return {"ok": right == 10 and label.text in ("coder", "general"), "valid": f"{right}/10"}


def ten_cycles(bench: Bench) -> Finding:
    """Memory after each of ten loads and unloads."""
    runner = bench.runner(bench.folder / "general")
    after = []
    for _ in range(10):
        runner.load()
        runner.unload()
        if bench.gpu:
            after.append(torch.cuda.memory_allocated())
        else:
            gc.collect()
            after.append(sum(issubclass(type(item), torch.Tensor) for item in gc.get_objects()))
    what = "bytes" if bench.gpu else "tensors"
    return {"ok": after[-1] <= after[1], f"{what}_left": after}


def memory(bench: Bench) -> Finding:
    """What `vram` foretells against what the allocator gave at most, of a converted model."""
    folder = bench.folder / "mid-exl2"
    shape = ModelShape.from_config(json.loads((folder / "config.json").read_text()))
    stored = stored_weights(read_safetensors(folder))
    ok, rows = True, {}
    for tokens in (2048, 8192):
        expected = with_weights(shape, stored.decoder, stored.head, tokens, "fp16").total
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        runner = bench.runner(folder, context_tokens=tokens)
        runner.load()  # which runs two chunks of a prompt
        measured = torch.cuda.max_memory_allocated() - before
        runner.unload()
        off = measured / expected - 1
        ok = ok and abs(off) <= 0.05
        rows[tokens] = {"expected": expected, "measured": measured, "off": round(off, 4)}
    return {"ok": ok, "bytes": rows}


def six_gigabytes(bench: Bench) -> Finding:
    """With the allocator bounded as on a 6 GB card: what fits runs, what does not says so."""
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(EMULATED_GIB * GIB / total)
    try:
        fits = bench.runner(bench.folder / "mid-exl2")
        fits.load()
        fits.unload()
        too_much = bench.runner(bench.folder / "mid", context_tokens=2048)
        ballast = torch.empty(
            int(EMULATED_GIB * GIB) - 200 * 2**20, dtype=torch.uint8, device="cuda"
        )
        try:
            too_much.load()
            said = "it loaded"
        except EngineUnavailable as error:
            said = str(error)
        del ballast
        torch.cuda.empty_cache()
        again = bench.runner(bench.folder / "general")
        again.load()
        again.unload()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    return {"ok": "memory is not enough" in said, "said": said}


def describe(bench: Bench) -> Finding:
    """Where this ran."""
    found: Finding = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "exllamav2": bench.library().root.__version__,
        "device": "the processor",
    }
    if bench.gpu:
        driver = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        done = subprocess.run(driver, capture_output=True, text=True, check=False)
        found |= {
            "device": torch.cuda.get_device_name(0),
            "capability": ".".join(map(str, torch.cuda.get_device_capability(0))),
            "cuda": torch.version.cuda,
            "driver": done.stdout.strip(),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="store_true", help="what can be done without a card")
    parser.add_argument("--report", type=Path, required=True)
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        if arguments.cpu:
            stack.enter_context(library_on_cpu())
        else:
            # The kernels that a Turing card has.
            torch.backends.cuda.enable_flash_sdp(False)
            torch.backends.cuda.enable_cudnn_sdp(False)
        library = load_library if arguments.cpu else gpu_library
        bench = Bench(Path(folder), library, gpu=not arguments.cpu)
        library()
        exl2_attention.apply(sys.modules["exllamav2.attn"])
        report: Finding = {"machine": describe(bench), "steps": {}}
        report["machine"]["extension_ready_after_s"] = round(time.monotonic() - began, 1)
        for step in (
            make_models,
            to_exl2,
            agreement,
            round_robin,
            cancelling,
            constrained,
            ten_cycles,
            memory,
            six_gigabytes,
        ):
            name = step.__name__
            if arguments.cpu and step in (to_exl2, memory, six_gigabytes):
                report["steps"][name] = {"left_out": "it needs a card"}
                continue
            started = time.monotonic()
            try:
                found = step(bench)
                finding = asyncio.run(found) if asyncio.iscoroutine(found) else found
            except Exception as error:  # noqa: BLE001  the other steps still have something to say
                finding = {"ok": False, "error": f"{type(error).__name__}: {error}"}
            finding["took_s"] = round(time.monotonic() - started, 1)
            report["steps"][name] = finding
            print(name, json.dumps(finding), flush=True)
    report["took_s"] = round(time.monotonic() - began, 1)
    report["ok"] = all(step.get("ok", True) for step in report["steps"].values())
    arguments.report.write_text(json.dumps(report, indent=2) + "\n")
    raise SystemExit(0 if report["ok"] else 1)


if __name__ == "__main__":
    main()
