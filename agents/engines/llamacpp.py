"""Runs a GGUF model inside this process, on llama.cpp through xllamacpp.

One pool thread is one slot of llama.cpp: a request holds a thread from its prompt to the end of
its last callback, so a slot is free exactly when its thread is. What cannot run waits in the lane.
"""

from __future__ import annotations

import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from agents.engines.gguf import GgufInfo, read_gguf
from agents.engines.grammar import SchemaRefused, compact_grammar, regex_grammar
from agents.engines.lane import Lane
from agents.engines.lane_engine import LaneEngine
from agents.engines.lane_job import Job
from agents.engines.thinking import Answered, Thinking, with_thinking_counted
from router.engine import Constraint, EngineCaps, GenerateRequest
from router.errors import (
    ConfigError,
    ContextOverflow,
    EngineError,
    EngineOverloaded,
    EngineRejected,
    EngineUnavailable,
)
from router.types.completion import Completion, TokenStats, Usage

ENGINE = "llamacpp"

_SMALL_FILE_BYTES = 64 * 2**20
"""Below this a second thread costs more in waiting for the first than it computes."""

_CPU_BATCH_TOKENS = 128
"""Prompt tokens between two looks at the deadline. Larger is no faster on a CPU, and a cancelled
prompt holds its slot for one batch."""

_GPU_BATCH_TOKENS = 512

_READ_BYTES_PER_S = 1e9
"""Of a model file, before a load was measured: an ordinary solid-state disk."""


def llamacpp_engine(
    *,
    model_path: Path,
    model: str,
    context_tokens: int = 4096,
    parallel: int = 2,
    threads: int | None = None,
    gpu_layers: int = 0,
    special_tokens_as_text: bool = False,
    lane: Lane | None = None,
    pinned: bool = False,
) -> LaneEngine:
    """The engine for a model file, on a lane of its own where none is given.

    The first arguments are those of LlamaCppRunner, the last two those of LaneEngine.
    """
    runner = LlamaCppRunner(
        model_path=model_path,
        model=model,
        context_tokens=context_tokens,
        parallel=parallel,
        threads=threads,
        gpu_layers=gpu_layers,
        special_tokens_as_text=special_tokens_as_text,
    )
    return LaneEngine(runner, lane, pinned=pinned)


class LlamaCppRunner:
    """A model file and `parallel` slots to run it in: a `Runner` with threads of its own.

    model: its name in the configuration. context_tokens: the window of one request, prompt and
    answer together; the file's own window where that is smaller. threads: None takes 1 for a file
    under 64 MB, else the physical cores. special_tokens_as_text: the answer's special tokens appear
    in its text, except the one that ends it; for models trained to speak with them.
    A model that can think aloud is asked not to, unless a request says otherwise; its thoughts are
    no part of the text, but count as tokens.
    """

    def __init__(
        self,
        *,
        model_path: Path,
        model: str,
        context_tokens: int = 4096,
        parallel: int = 2,
        threads: int | None = None,
        gpu_layers: int = 0,
        special_tokens_as_text: bool = False,
    ) -> None:
        self._path = model_path
        self._model = model
        self._context_tokens = context_tokens
        self._parallel = parallel
        self._threads = threads
        self._gpu_layers = gpu_layers
        self._special = special_tokens_as_text
        self._end_tokens: frozenset[int] = frozenset()
        self._footprint_bytes: int | None = None
        self._pool: ThreadPoolExecutor | None = None
        # Never copied to a local: a frame kept by a traceback would keep the model in memory.
        self._server: Any = None
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
        return self._parallel

    @property
    def footprint_bytes(self) -> int:
        """File and key-value cache; 0 while the file cannot be read, which `load` then says."""
        if self._footprint_bytes is None:
            try:
                info = read_gguf(self._path)
            except ConfigError:
                return 0
            window = min(self._context_tokens, info.context_length or self._context_tokens)
            cache = info.kv_bytes_per_token * window * self._parallel
            self._footprint_bytes = info.file_bytes + cache
        return self._footprint_bytes

    @property
    def load_estimate_s(self) -> float:
        return self.footprint_bytes / _READ_BYTES_PER_S

    def start(self, job: Job) -> None:
        assert self._pool is not None, "the lane starts jobs of a loaded model only"
        self._pool.submit(self._work, job)

    def step(self) -> bool:
        """False: the runner has its own threads."""
        return False

    def unload(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)
        self._server = None

    def abandon(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
        self._server = None

    def load(self) -> None:
        try:
            info = read_gguf(self._path)
        except ConfigError as error:
            raise self._unavailable(str(error)) from error
        # Threads that spin while they wait starve each other on a busy machine; OpenMP reads
        # this when it is first loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        try:
            import xllamacpp
        except ImportError as error:
            raise self._unavailable(
                f"xllamacpp cannot be imported ({error}): reinstall edgeward"
            ) from error
        if info.context_length is not None:
            self._context_tokens = min(self._context_tokens, info.context_length)
        self._end_tokens = info.end_token_ids
        try:
            self._server = xllamacpp.Server(self._parameters(xllamacpp, info))
        except (RuntimeError, ValueError, MemoryError) as error:
            raise self._unavailable(
                f"llama.cpp cannot load {self._path} ({info.architecture}, "
                f"{info.quantisation}, {info.file_bytes / 2**20:,.0f} MiB): not enough memory, "
                "a broken chat template, or a kind of model that xllamacpp does not know"
            ) from error
        self._warm_up()
        self._pool = ThreadPoolExecutor(self._parallel, f"{ENGINE}-{self._model}")

    def _parameters(self, xllamacpp: Any, info: GgufInfo) -> Any:
        threads = self._threads
        if threads is None:
            threads = 1 if info.file_bytes < _SMALL_FILE_BYTES else physical_cores()
        batch = _GPU_BATCH_TOKENS if self._gpu_layers else _CPU_BATCH_TOKENS
        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
        params.n_ctx = self._context_tokens * self._parallel  # the slots share it out
        params.n_parallel = self._parallel
        params.n_batch = params.n_ubatch = batch
        params.n_gpu_layers = self._gpu_layers
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.special = self._special
        params.fit_params = False  # otherwise the window shrinks to fit the free memory
        params.ctx_shift = False  # a prompt that does not fit is refused, never cut
        params.cache_ram_mib = 0  # otherwise old prompts are cached in up to 8 GiB of memory
        params.enable_reasoning = 0
        params.warmup = False
        params.verbosity = -1
        # The library opens a port on 127.0.0.1 whether one is wanted or not; nobody knows this key.
        params.api_keys = [secrets.token_urlsafe(32)]
        params.n_threads_http = 1
        params.endpoint_slots = False
        params.ui = False
        return params

    def _warm_up(self) -> None:
        """Generate one token: unloading a server that has served nothing waits for ever."""
        answers: list[Any] = []
        try:
            self._server.handle_completions({"prompt": "a", "n_predict": 1}, answers.append)
        except Exception as error:  # noqa: BLE001  whatever a foreign library raises
            answers = [{"error": {"message": str(error)}}]
        if not answers or "error" in answers[0]:
            time.sleep(1.0)  # the other way to make its loop start
            self._server = None
            raise self._unavailable(f"{self._path} loads but cannot write: {_reason(answers)}")

    # What follows runs in the pool's threads.

    def _work(self, job: Job) -> None:
        """One request from prompt to last callback."""
        job.finish(job.timeout(self._model) if job.stopped else self._answer(job))

    def _answer(self, job: Job) -> Completion | EngineError:
        thinking = Thinking(asked=job.request.messages, opened=self._opens_thinking)
        answer = _Answer(job, self._end_tokens, thinking)
        try:
            self._server.handle_chat_completions(self._payload(job.request), answer.take)
        except EngineError as error:
            return error
        except (ValueError, TypeError) as error:
            # The chat template's own complaint, for instance of two user turns in a row, or a
            # value that is no JSON, such as half of a surrogate pair.
            return self._rejected(f"llama.cpp refuses the request: {error}")
        except Exception as error:  # noqa: BLE001  whatever a foreign library raises
            return self._unavailable(f"llama.cpp failed: {type(error).__name__}: {error}")
        if answer.failure is not None:
            return self._unavailable(f"its answer could not be read: {answer.failure!r}")
        if answer.error is not None:
            return self._translate(answer.error)
        if answer.finish is None:
            return job.timeout(self._model)
        self._opens_thinking = thinking.closed_alone
        return answer.completion(self._model)

    def _payload(self, request: GenerateRequest) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "messages": [message.model_dump() for message in request.messages],
            "max_tokens": min(request.max_tokens, self._context_tokens),
            "temperature": request.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
            # A callback for each batch of the prompt, or nothing could stop a long one.
            "return_progress": True,
            "logprobs": True,
            "top_logprobs": 1,
        }
        if request.thinking == "on":
            payload["chat_template_kwargs"] = {"enable_thinking": True}
        if request.temperature == 0:
            payload["top_k"] = 1
        if request.seed is not None:
            payload["seed"] = request.seed
        if stop := [text for text in request.stop if text]:
            payload["stop"] = stop
        if request.constraint is not None:
            payload["grammar"] = self._grammar(request.constraint)
        return payload

    def _grammar(self, constraint: Constraint) -> str:
        try:
            if constraint.regex is not None:
                return regex_grammar(constraint.regex)
            assert constraint.json_schema is not None, "a constraint has one of the two"
            return compact_grammar(constraint.json_schema)
        except SchemaRefused as error:
            raise EngineRejected(
                f"{self._model}: {error}", model=self._model, about="schema"
            ) from error

    def _translate(self, error: dict[str, Any]) -> EngineError:
        reason = error.get("message", "no reason given")
        if error.get("type") == "exceed_context_size_error":
            prompt, limit = error["n_prompt_tokens"], error["n_ctx"]
            return ContextOverflow(
                f"{self._model}: the prompt has {prompt:,} tokens, the window is {limit:,}: send "
                "less, or raise context_tokens",
                model=self._model,
                prompt_tokens=prompt,
                limit_tokens=limit,
            )
        if error.get("code") == 503:
            return EngineOverloaded(f"{self._model}: {reason}", model=self._model)
        if error.get("code") == 400:
            return self._rejected(reason)
        return self._unavailable(f"llama.cpp failed: {reason}")

    def _rejected(self, reason: str) -> EngineRejected:
        return EngineRejected(f"{self._model}: {reason}", model=self._model)

    def _unavailable(self, reason: str) -> EngineUnavailable:
        return EngineUnavailable(f"{self._model}: {reason}", model=self._model)


class _Answer:
    """Gathers one answer from the library's chunks.

    `take` is the library's callback: True stops the generation. An exception there would be
    swallowed by the library, so it is kept in `failure`.
    Of a character made of several tokens, and of text held back because it might become a stop
    string, the library reports the last token's probability only; `stats` counts what is reported.
    """

    def __init__(self, job: Job, end_tokens: frozenset[int], thinking: Thinking) -> None:
        self._job = job
        self._thinking = thinking
        self._end_tokens = end_tokens
        self._texts: list[str] = []
        self._logprobs: list[float] = []
        self._ttft_s: float | None = None
        self._usage = Usage()
        self.finish: Literal["stop", "length"] | None = None
        self.error: dict[str, Any] | None = None
        self.failure: Exception | None = None

    def take(self, chunk: dict[str, Any]) -> bool:
        try:
            self._read(chunk)
        except Exception as error:  # noqa: BLE001  the library would swallow it
            self.failure = error
            return True
        # After `finish` the text is complete; only the token count follows.
        return self.finish is None and self._job.stopped

    def completion(self, model: str) -> Completion:
        latency_s = time.monotonic() - self._job.submitted
        stats = None
        if self._logprobs:
            stats = TokenStats(
                tokens=len(self._logprobs),
                min_logprob=min(self._logprobs),
                sum_logprob=sum(self._logprobs),
            )
        return Completion(
            text="".join(self._texts),
            engine=ENGINE,
            model=model,
            finish_reason=self.finish or "stop",
            usage=with_thinking_counted(self._usage, self._thinking.text),
            stats=stats,
            ttft_s=latency_s if self._ttft_s is None else self._ttft_s,
            latency_s=latency_s,
            thinking=self._thinking.text,
        )

    def _read(self, chunk: dict[str, Any]) -> None:
        self._job.progress()
        if "error" in chunk:
            self.error = chunk["error"]
            return
        for choice in chunk["choices"]:
            text = choice["delta"].get("content") or ""
            if thought := choice["delta"].get("reasoning_content"):
                self._mark_first()
                self._thinking.also(thought)
            for token in (choice.get("logprobs") or {}).get("content") or ():
                self._mark_first()
                if token["id"] in self._end_tokens:
                    text = text.removesuffix(token["token"])
                else:
                    self._logprobs.append(min(0.0, token["logprob"]))
            if text:
                self._mark_first()
                self._give(self._thinking.feed(text))
            if self._thinking.thinks:
                self._logprobs.clear()
            if reason := choice["finish_reason"]:
                self.finish = "length" if reason == "length" else "stop"
                self._give(Answered(self._thinking.rest(cut_off=reason == "length")))
        if usage := chunk.get("usage"):
            self._usage = Usage(
                prompt_tokens=usage["prompt_tokens"],
                completion_tokens=usage["completion_tokens"],
                cached_tokens=usage.get("prompt_tokens_details", {}).get("cached_tokens", 0),
            )

    def _give(self, answered: Answered) -> None:
        if answered.restarts:
            self._texts.clear()
            self._logprobs.clear()
        if answered.text:
            self._texts.append(answered.text)
        if answered.text or answered.restarts:
            self._job.emit(answered.text, restarts=answered.restarts)

    def _mark_first(self) -> None:
        if self._ttft_s is None:
            self._ttft_s = time.monotonic() - self._job.submitted


def physical_cores() -> int:
    """Cores this process may use: two hyperthreads are one, and a container's quota counts."""
    try:
        logical = os.sched_getaffinity(0)
    except AttributeError:  # not Linux
        return max(1, (os.cpu_count() or 2) // 2)
    siblings = set()
    for cpu in logical:
        listing = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        with suppress(OSError):
            siblings.add(listing.read_text())
    cores = len(siblings) or len(logical)
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def _reason(answers: list[Any]) -> str:
    return str(answers[0]["error"].get("message", answers[0])) if answers else "no answer"
