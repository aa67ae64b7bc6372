"""Runs an EXL2 model on an NVIDIA card: ExLlamaV2 as a lane drives it, a token a step.

The dynamic generator without paging has one active job a model, and keeps the longest common front
of the last prompt. Nothing of the library or of torch is imported before a model is loaded.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.engines.answer_text import AnswerText
from agents.engines.chat_template import ChatTemplate, TemplateRefused
from agents.engines.exl2_library import Library, LibraryUnavailable, brief, gpu_library
from agents.engines.guidance import ConstraintRefused, Follower, Guide
from agents.engines.lane_job import Job
from agents.engines.model_files import end_tokens, read_json
from agents.engines.refusals import about
from agents.engines.system_role import without_system
from agents.engines.thinking import Thinking, with_thinking_counted
from agents.engines.token_stats import StatsGatherer
from agents.engines.vram import PREFILL_TOKENS, KvType, ModelShape, max_dq_elements
from router.engine import EngineCaps, GenerateRequest
from router.errors import (
    ConfigError,
    ContextOverflow,
    EngineError,
    EngineRejected,
    EngineUnavailable,
)
from router.types.completion import Completion, Usage

ENGINE = "exllamav2"

_PAGE_TOKENS = 256
"""The library's caches are a multiple of this long."""

_CACHES = {
    "fp16": "ExLlamaV2Cache",
    "q8": "ExLlamaV2Cache_Q8",
    "q6": "ExLlamaV2Cache_Q6",
    "q4": "ExLlamaV2Cache_Q4",
}


@dataclass(eq=False, slots=True)
class _Loaded:
    """Everything in memory for a model; released together."""

    library: Library
    model: Any
    cache: Any
    tokenizer: Any
    generator: Any
    filter_class: Any
    encode: Callable[[str], list[int]]
    template: ChatTemplate
    guide: Guide
    end_tokens: tuple[int, ...]


@dataclass(eq=False, slots=True)
class _Running:
    """The running job and its partial results."""

    job: Job
    task: Any
    stats: StatsGatherer
    thinking: Thinking
    answer: AnswerText
    ttft_s: float | None = None


class ExLlamaV2Runner:
    """A directory in EXL2 format, or of unquantised safetensors: a `Runner` that works in `step`.

    model: its name in the configuration. context_tokens: the window of one request, prompt and
    answer together; the model's own where that is smaller. kv: precision of the cache; what is less
    than fp16 is smaller and slower. footprint_bytes: what it takes on the card, from `vram`.
    library: where the library comes from; raises LibraryUnavailable.
    """

    def __init__(
        self,
        *,
        model_path: Path,
        model: str,
        context_tokens: int = 4096,
        kv: KvType = "fp16",
        footprint_bytes: int = 0,
        load_estimate_s: float = 2.0,
        library: Callable[[], Library] = gpu_library,
    ) -> None:
        self._path = model_path
        self._model = model
        self._context_tokens = context_tokens
        self._kv = kv
        self._footprint_bytes = footprint_bytes
        self._load_estimate_s = load_estimate_s
        self._library = library
        self._loaded: _Loaded | None = None
        self._running: _Running | None = None
        self._opens_thinking = False

    @property
    def caps(self) -> EngineCaps:
        return EngineCaps(
            engine=ENGINE,
            model=self._model,
            local=True,
            context_tokens=self._context_tokens,
            logprobs=True,
            json_schema=True,
            regex=True,
        )

    @property
    def slots(self) -> int:
        return 1

    @property
    def footprint_bytes(self) -> int:
        return self._footprint_bytes

    @property
    def load_estimate_s(self) -> float:
        return self._load_estimate_s

    def load(self) -> None:
        try:
            self._loaded = self._load()
            self._warm_up(self._loaded)
        except (LibraryUnavailable, ConfigError) as error:
            raise self._unavailable(str(error)) from error
        except Exception as error:  # noqa: BLE001  whatever the library or CUDA raises
            reason = self._why_not_loaded(error)
            error.__traceback__ = None  # its frames reference what was loaded so far
            self._free()
            raise self._unavailable(reason) from None

    def _load(self) -> _Loaded:
        library = self._library()
        # Cheap checks come before gigabytes of weights.
        config_json = read_json(self._path / "config.json")
        shape = ModelShape.from_config(config_json)
        template = ChatTemplate.load(self._path)
        encoder = _encoder(self._path)
        # All end tokens: the library takes only one from the config.
        ends = end_tokens(self._path, config_json, encoder.token_to_id)
        config = library.root.ExLlamaV2Config(str(self._path))
        config.arch_compat_overrides(quiet=True)
        window = min(self._context_tokens, int(config.max_seq_len))
        self._context_tokens = window
        # A window and buffers of our size: the rotary table, the prefill's activations and the
        # dequantisation buffer are otherwise made for the model's whole window and for 2048 tokens.
        config.max_seq_len = -(-window // _PAGE_TOKENS) * _PAGE_TOKENS
        config.max_batch_size = 1
        config.max_input_len = PREFILL_TOKENS
        config.max_attention_size = PREFILL_TOKENS * config.max_seq_len
        config.max_dq_size = max_dq_elements(shape)
        model = library.root.ExLlamaV2(config)
        # Not load_autosplit, which sets memory aside and runs 2048 tokens through the head.
        model.load()
        cache_class = getattr(library.root, _CACHES[self._kv])
        cache = cache_class(model, batch_size=1, max_seq_len=config.max_seq_len)
        tokenizer = library.root.ExLlamaV2Tokenizer(config)
        # The head has as many rows as are a multiple of 32.
        logits = -(-int(config.vocab_size) // 32) * 32
        return _Loaded(
            library=library,
            model=model,
            cache=cache,
            tokenizer=tokenizer,
            generator=_generator(library, model, cache, tokenizer),
            filter_class=_watching_filter(library.filters.ExLlamaV2Filter),
            encode=lambda text: list(encoder.encode(text, add_special_tokens=False).ids),
            template=template,
            guide=Guide(encoder.to_str(), ends, logits),
            end_tokens=ends,
        )

    def _warm_up(self, loaded: _Loaded) -> None:
        """Two prefill chunks and a few tokens: kernels are tuned at their first call, and what
        does not fit fails now and not in an answer."""
        room = loaded.generator.max_total_tokens - 8
        ids = [loaded.end_tokens[0]] * min(room, PREFILL_TOKENS + 8)
        job = self._library_job(loaded, ids, 4, 0.0, 0, [], [])
        loaded.generator.enqueue(job)
        while loaded.generator.num_remaining_jobs():
            loaded.generator.iterate()
        loaded.generator.reset_page_table()

    def unload(self) -> None:
        if self._running is not None:
            self._end(self._unavailable("it was unloaded during the answer"))
        self._free()

    def _free(self) -> None:
        """Generator, cache, model, in this order: each holds the next."""
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.generator = loaded.cache = loaded.filter_class = loaded.guide = None  # type: ignore[assignment]
            loaded.model.unload()
            del loaded
        gc.collect()
        if (torch := sys.modules.get("torch")) is not None:
            torch.cuda.empty_cache()

    def abandon(self) -> None:
        self._loaded = self._running = None

    def start(self, job: Job) -> None:
        loaded = self._loaded
        assert loaded is not None, "the lane starts jobs of a loaded model only"
        assert self._running is None, "one job at a time"
        request = job.request
        try:
            ids = loaded.encode(_prompt(loaded.template, request))
            follower = loaded.guide.follow(request.constraint) if request.constraint else None
        except TemplateRefused as error:
            raise EngineRejected(f"{self._model}: {error}", model=self._model) from error
        except ConstraintRefused as error:
            raise EngineRejected(
                f"{self._model}: {error}", model=self._model, about="schema"
            ) from error
        room = self._context_tokens - len(ids)
        if room < 1:
            raise ContextOverflow(
                f"{self._model}: the prompt has {len(ids):,} tokens, the window is "
                f"{self._context_tokens:,}: send less, or raise context_tokens",
                model=self._model,
                prompt_tokens=len(ids),
                limit_tokens=self._context_tokens,
            )
        stats = StatsGatherer()
        watch = loaded.filter_class(
            loaded.model, loaded.tokenizer, stats, follower, frozenset(loaded.end_tokens)
        )
        task = self._library_job(
            loaded,
            ids,
            min(request.max_tokens, room),
            request.temperature,
            request.seed,
            [text for text in request.stop if text],
            [watch],
        )
        loaded.generator.enqueue(task)
        thinking = Thinking(asked=request.messages, opened=self._opens_thinking)
        self._running = _Running(job, task, stats, thinking, AnswerText(thinking=thinking))

    def _library_job(
        self,
        loaded: _Loaded,
        ids: list[int],
        max_tokens: int,
        temperature: float,
        seed: int | None,
        stop: list[str],
        filters: list[Any],
    ) -> Any:
        import torch

        generators = loaded.library.generators
        # No penalties: they would change the logits that the statistics are made of.
        settings = generators.ExLlamaV2Sampler.Settings.greedy()
        if temperature > 0:
            settings.temperature, settings.top_k = temperature, 0
        return generators.ExLlamaV2DynamicJob(
            input_ids=torch.tensor([ids], dtype=torch.long),
            max_new_tokens=max_tokens,
            gen_settings=settings,
            seed=seed,
            stop_conditions=[*loaded.end_tokens, *stop],
            filters=filters,
        )

    def step(self) -> bool:
        running, loaded = self._running, self._loaded
        if running is None or loaded is None:
            return False
        if running.job.stopped:
            loaded.generator.cancel(running.task)
            self._end(running.job.timeout(self._model))
            return True
        try:
            events = loaded.generator.iterate()
        except Exception as error:  # noqa: BLE001  whatever the library or CUDA raises
            reason = self._why_not_loaded(error)
            loaded.generator = None
            loaded.generator = _generator(
                loaded.library, loaded.model, loaded.cache, loaded.tokenizer
            )
            self._end(self._unavailable(f"ExLlamaV2 failed: {reason}"))
            return True
        running.job.progress()
        for event in events:
            if event["stage"] == "streaming":
                self._read(running, event)
        return True

    def _read(self, running: _Running, event: dict[str, Any]) -> None:
        if running.ttft_s is None:
            running.ttft_s = time.monotonic() - running.job.submitted
        text = event.get("text", "")
        if event["eos"] and event["eos_reason"] == "stop_token":
            # What was held back, because it might have become a stop string, is not in the text.
            text += event.get("held", {}).get("text", "")
            text = text.removesuffix(self._spoken(event["eos_triggering_token_id"]))
        if event["eos"]:
            text = text.rstrip("�")  # half a character, cut off by max_tokens
        given = running.answer.feed(text)
        if given or running.answer.restarted:
            running.job.emit(given, restarts=running.answer.restarted)
        if event["eos"]:
            cut_off = event["eos_reason"] == "max_new_tokens"
            if last := running.answer.rest(cut_off=cut_off):
                running.job.emit(last)
            self._end(self._completion(running, event))

    def _spoken(self, token: int) -> str:
        """How the library writes a token that ends an answer: not at all, if it is special."""
        assert self._loaded is not None, "it is running"
        pieces: list[str] = self._loaded.tokenizer.get_id_to_piece_list(False)
        return pieces[token]

    def _completion(self, running: _Running, event: dict[str, Any]) -> Completion:
        latency_s = time.monotonic() - running.job.submitted
        self._opens_thinking = running.thinking.closed_alone
        usage = Usage(
            prompt_tokens=event["prompt_tokens"],
            completion_tokens=event["new_tokens"],
            cached_tokens=min(event["cached_tokens"], event["prompt_tokens"]),
        )
        return Completion(
            text=running.answer.text,
            engine=ENGINE,
            model=self._model,
            finish_reason="length" if event["eos_reason"] == "max_new_tokens" else "stop",
            usage=with_thinking_counted(usage, running.thinking.text),
            thinking=running.thinking.text,
            stats=running.stats.result(),
            ttft_s=latency_s if running.ttft_s is None else running.ttft_s,
            latency_s=latency_s,
        )

    def _end(self, outcome: Completion | EngineError) -> None:
        running, self._running = self._running, None
        assert running is not None, "only what runs ends"
        running.job.finish(outcome)

    def _why_not_loaded(self, error: Exception) -> str:
        if type(error).__name__ == "OutOfMemoryError":
            return (
                "the card's memory is not enough; see `edgeward models plan`, and lower "
                "context_tokens, kv_cache or the lane's memory_gib"
            )
        return brief(error)

    def _unavailable(self, reason: str) -> EngineUnavailable:
        return EngineUnavailable(f"{self._model}: {reason}", model=self._model)


def _prompt(template: ChatTemplate, request: GenerateRequest) -> str:
    """Raises TemplateRefused."""
    thinking = request.thinking == "on"
    try:
        return template.render(request.messages, thinking=thinking)
    except TemplateRefused as error:
        if about(str(error)) != "system":
            raise
        return template.render(without_system(request.messages), thinking=thinking)


def _generator(library: Library, model: Any, cache: Any, tokenizer: Any) -> Any:
    # One job at a time: paging needs flash-attn. Left to itself it sets buffers for 256 jobs aside.
    return library.generators.ExLlamaV2DynamicGenerator(
        model=model, cache=cache, tokenizer=tokenizer, max_batch_size=1, paged=False
    )


def _watching_filter(base: Any) -> Any:
    """A filter of the library's that sees the raw logits and, if there is a constraint, masks a
    copy of them. (`return_logits` would copy the whole vocabulary for each token.)"""

    class WatchingFilter(base):  # type: ignore[misc]
        def __init__(
            self,
            model: Any,
            tokenizer: Any,
            stats: StatsGatherer,
            follower: Follower | None,
            end_tokens: frozenset[int],
        ) -> None:
            super().__init__(model, tokenizer)
            self._stats = stats
            self._follower = follower
            self._end_tokens = end_tokens

        def begin(self, prefix_str: str) -> None:
            pass

        def can_mask_logits(self) -> bool:
            return True

        def prepare_logit_mask(self) -> bool:
            return True

        def mask_logits(self, logits: Any) -> Any:
            import torch

            allowed = self._follower.allowed() if self._follower else None
            self._stats.observe(logits.numpy(), allowed)
            if allowed is None:
                return logits
            return logits.masked_fill(~torch.from_numpy(allowed), -torch.inf)

        def feed(self, token: Any) -> None:
            chosen = int(token.item())
            if self._follower:
                self._follower.take(chosen)
            if chosen not in self._end_tokens:
                self._stats.chose(chosen)

    return WatchingFilter


def _encoder(folder: Path) -> Any:
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ConfigError(f"{path}: the file is missing: fetch the model again")
    return Tokenizer.from_file(str(path))
