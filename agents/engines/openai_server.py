"""The engine for a model server on the user's own hardware: any that speaks OpenAI's chat API.

Ollama, LM Studio, vLLM, llama.cpp's server, TabbyAPI, text-generation-webui and their like (the
table is in `servers`), through LangChain's ChatOpenAI, which takes seconds to import and is
imported in a thread when it is first needed.

Ollama through this API ignores the wanted context size: it runs with its own (4096 tokens unless
OLLAMA_CONTEXT_LENGTH says otherwise) and cuts longer prompts at the head without a word. Set that
variable where Ollama runs and give the same number as `context_tokens`.
"""

from __future__ import annotations

import asyncio
import functools
import math
import re
import time
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from types import ModuleType
from typing import Any

from agents.engines.answer_text import AnswerText
from agents.engines.chat_api import (
    UNKNOWN_FIELD,
    Waits,
    chat_base,
    finish_reason,
    list_models,
    wire_messages,
)
from agents.engines.connection import keep_here, verified
from agents.engines.redirects import guard
from agents.engines.thinking import Thinking, with_thinking_counted
from agents.engines.upstream import Upstream
from router.account.consumption import Counts, believed, count_of, only_counts
from router.account.pricing import estimate_tokens
from router.engine import Delta, EngineCaps, GenerateRequest, WaitEstimate
from router.errors import EngineError, EngineRejected, EngineUnavailable
from router.machine import authority, is_loopback
from router.types.completion import Completion, TokenStats, Usage

NO_KEY = "none"
"""What is sent to a server that wants no key: OpenAI's client insists on something."""
_CONNECT_TIMEOUT_S = 5.0
_LIST_TIMEOUT_S = 5.0
_FIRST_LISTED = "first-listed"

_SOMEBODY_ELSES = re.compile(r"[:-]cloud$")
"""How Ollama names models that it does not run itself."""

_THINKING_WISHES: Mapping[str, Mapping[str, Any]] = {
    "off": {
        # vLLM, SGLang and llama.cpp hand this to the chat template: Qwen's and GLM's variable, and
        # DeepSeek's and Granite's.
        "chat_template_kwargs": {"enable_thinking": False, "thinking": False},
        "reasoning_effort": "none",  # Ollama and LM Studio, as OpenAI names it
        "think": False,  # Ollama's own name, which proxies of it take
    },
    "on": {
        "chat_template_kwargs": {"enable_thinking": True, "thinking": True},
        "think": True,
    },
    "auto": {},
}
"""Each server knows one of these and ignores the others; after a refusal they are left out."""

_NAMED_IN_REFUSAL = {
    "logprobs": re.compile(r"log_?prob", re.IGNORECASE),
    "chat_template_kwargs": re.compile(r"chat_template_kwargs|enable_thinking", re.IGNORECASE),
    "reasoning_effort": re.compile(r"reasoning[ _]effort|reasoning\b", re.IGNORECASE),
    "think": re.compile(r"\bthink(ing)?\b", re.IGNORECASE),
}
"""How a refusal shows that it is about a parameter that the task does not need."""


class OpenAIServerEngine:
    """One model behind one server.

    url: with or without `/v1`. model: None takes the first that the server lists, and is called
    "first-listed" until it has been asked. context_tokens: the window that the server runs the
    model with; longer prompts are the server's to refuse. trusted: a server elsewhere is the user's
    too, so that prompts may go there which must not leave; what is not trusted takes only what
    passed the gate. Neither this machine nor a trusted one is reached through a proxy, and a name
    of this machine that leads to another one, today or later, is not connected to.
    Whether the server reports probabilities is known after the first answer; until then `caps`
    hopes so.
    """

    def __init__(
        self,
        *,
        url: str,
        model: str | None = None,
        api_key: str | None = None,
        context_tokens: int | None = None,
        trusted: bool = False,
    ) -> None:
        self._base = chat_base(url)
        self._model = model
        self._api_key = api_key or NO_KEY
        self._context_tokens = context_tokens
        self._trusted = trusted
        self._here = is_loopback(self._base)
        self._logprobs = True
        self._refused: set[str] = set()
        self._system_role = True
        self._opens_thinking = False
        self._waits = Waits()
        self._starting = asyncio.Lock()
        self._chat: Any | None = None
        self._http: tuple[Any, Any] | None = None

    @property
    def caps(self) -> EngineCaps:
        return EngineCaps(
            engine="openai_server",
            model=self._model or _FIRST_LISTED,
            local=self._trusted or self._host is None,
            host=self._host,
            context_tokens=self._context_tokens,
            logprobs=self._logprobs,
            json_schema=True,
        )

    @property
    def _host(self) -> str | None:
        """The other machine; also where Ollama forwards the model's requests to a cloud."""
        if not self._here:
            return authority(self._base)
        if self._model is not None and _SOMEBODY_ELSES.search(self._model):
            return f"ollama.com, by way of {authority(self._base)}"
        return None

    def outlook(self) -> WaitEstimate:
        """Nothing is known of a server's queue."""
        return WaitEstimate()

    async def open(self) -> None:
        """Makes the engine usable. The server is asked at the first request: it may start later."""
        self._waits.closed = False

    async def load_library(self) -> None:
        """Imports the client, which takes 2 s of one core."""
        await asyncio.to_thread(_load)

    async def stream(self, request: GenerateRequest) -> AsyncGenerator[Delta | Completion, None]:
        started = time.monotonic()
        request.remaining_s(self.caps.model)
        await self._wait(self._start, request)
        chunks, first = await self._begin(request)
        thinking = Thinking(asked=request.messages, opened=self._opens_thinking)
        answer = AnswerText(
            stops=request.stop, compact_json=request.constraint is not None, thinking=thinking
        )
        reason, refusal, counts, logprobs, ttft_s = "", "", None, list[float](), 0.0
        try:
            chunk = first
            while chunk is not None:
                reason = chunk.response_metadata.get("finish_reason") or reason
                counts = _counts(chunk) or counts
                if thought := chunk.additional_kwargs.get("reasoning_content"):
                    thinking.also(thought)
                refusal += chunk.additional_kwargs.get("refusal") or ""
                said = _text(chunk)
                request.meter.arrived(said + (thought or ""))
                # Thinking counts too: speed estimates count all tokens.
                ttft_s = ttft_s or (time.monotonic() - started if said or thought else 0.0)
                text = answer.feed(said)
                if answer.restarted:
                    logprobs.clear()
                if not answer.stopped and not thinking.thinks:
                    logprobs += _logprobs(chunk)
                if text or answer.restarted:
                    yield Delta(text, restarts=answer.restarted)
                chunk = await self._next(chunks, request, answer.pieces)
            if text := answer.rest(cut_off=finish_reason(reason) == "length"):
                yield Delta(text)
            if not reason:
                raise self._ended_early(answer.pieces)
            stats = _stats(logprobs)
            if answer.text:
                self._logprobs = self._logprobs and stats is not None
            self._opens_thinking = thinking.closed_alone
            usage, odd = (
                (_estimated(request, thinking.text + answer.text), tuple[str, ...]())
                if counts is None
                else believed(counts, request, request.max_tokens, self.caps.model)
            )
            yield Completion(
                text=answer.text,
                engine="openai_server",
                model=self.caps.model,
                finish_reason="stop" if answer.stopped else finish_reason(reason),
                usage=with_thinking_counted(usage, thinking.text),
                stats=stats,
                ttft_s=ttft_s,
                latency_s=time.monotonic() - started,
                thinking=thinking.text,
                refusal=refusal,
                warnings=odd,
            )
        finally:
            await chunks.aclose()

    async def close(self) -> None:
        """Ends every stream with EngineUnavailable and closes the connections to the server."""
        self._waits.close()
        self._chat = None
        if self._http is not None:
            (asynchronous, synchronous), self._http = self._http, None
            await asynchronous.aclose()
            synchronous.close()

    async def _start(self) -> None:
        """Imports the client and finds the model's name, once."""
        async with self._starting:
            if self._chat is not None:
                return
            chat_model, read_in_one_form, httpx = await asyncio.to_thread(_load)
            if self._model is None:
                self._model = await self._first_listed()
            timeout = httpx.Timeout(None, connect=_CONNECT_TIMEOUT_S)
            # The environment's proxy cannot reach this machine's own address for us.
            settings = {
                "timeout": timeout,
                # A proxy could read the prompt, and cannot reach this machine's own address for us.
                "trust_env": not (self._here or self._trusted),
                "verify": await asyncio.to_thread(verified),
            }
            # The synchronous one is never used, but left out it is made with the defaults.
            self._http = (
                read_in_one_form(httpx.AsyncClient(**settings)),
                httpx.Client(**settings),
            )
            guard(self._http[0])
            guard(self._http[1])
            if self._here:
                keep_here(self._http[0])
            self._chat = chat_model(
                model=self._model,
                base_url=self._base,
                api_key=self._api_key,
                http_async_client=self._http[0],
                http_client=self._http[1],
                openai_proxy="",  # OPENAI_PROXY of the environment would be refused beside a client
                # Else it logs what it did about them where the environment names a proxy.
                http_socket_options=(),
                timeout=timeout,
                stream_chunk_timeout=None,
                stream_usage=True,
                max_retries=0,
                use_responses_api=False,
            )

    async def _first_listed(self) -> str:
        names = await list_models(self._base, api_key=self._api_key, timeout_s=_LIST_TIMEOUT_S)
        names = [name for name in names if not (self._here and _SOMEBODY_ELSES.search(name))]
        if not names:
            raise EngineUnavailable(
                f"the server at {self._base} has no model loaded: load one, or name it in the "
                "configuration",
                model=_FIRST_LISTED,
            )
        return names[0]

    async def _begin(self, request: GenerateRequest) -> tuple[Any, Any]:
        """The running answer and its first chunk.

        Retries without an optional parameter that the server refuses; remembers what it refused.
        """
        while True:
            asked = self._wishes(request)
            try:
                return await self._ask(request, asked)
            except EngineRejected as error:
                if not self._yields(error, asked):
                    raise

    def _wishes(self, request: GenerateRequest) -> dict[str, Any]:
        """Optional parameters, without those that the server has refused."""
        wishes = {"logprobs": True, **_THINKING_WISHES[request.thinking]}
        kept = {name: wish for name, wish in wishes.items() if name not in self._refused}
        if not self._logprobs:
            kept.pop("logprobs", None)
        return kept

    def _yields(self, error: EngineRejected, asked: Mapping[str, Any]) -> bool:
        """Drops the optional parameter that the refusal is about; False where there is none to
        drop.
        """
        if error.about == "system" and self._system_role:
            self._system_role = False
            return True
        named = {name for name in asked if _NAMED_IN_REFUSAL[name].search(error.said)}
        if not named and UNKNOWN_FIELD.search(error.said):
            named = set(asked)
        self._refused |= named
        self._logprobs = self._logprobs and "logprobs" not in named
        return bool(named)

    async def _ask(self, request: GenerateRequest, asked: Mapping[str, Any]) -> tuple[Any, Any]:
        body: dict[str, Any] = {"max_tokens": request.max_tokens, **asked}
        schema = request.schema_only(self.caps.model)
        if schema is not None:
            named = {"name": "answer", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        wishes: dict[str, Any] = {
            "temperature": request.temperature,
            "stop": list(request.stop) or None,
            "seed": request.seed,
        }
        assert self._chat is not None, "_start comes first"
        chunks = self._chat.astream(
            wire_messages(request.messages, system_role=self._system_role),
            # In the body as they are: ChatOpenAI renames max_tokens, which not every server knows
            # by the new name, and parses a schema's JSON itself, raising where it was cut off.
            extra_body=body,
            **{name: wish for name, wish in wishes.items() if wish is not None},
        )
        try:
            first = await self._next(chunks, request, 0)
        except BaseException:
            await chunks.aclose()
            raise
        if first is None:
            raise self._upstream().empty()
        return chunks, first

    async def _next(self, chunks: Any, request: GenerateRequest, streamed: int) -> Any | None:
        """The next chunk; None after the last."""
        from langsmith import tracing_context

        async def step() -> Any:
            # LANGSMITH_TRACING in the environment would send every prompt to a cloud.
            with tracing_context(enabled=False):
                return await anext(chunks)

        try:
            return await self._wait(step, request, streamed=streamed)
        except StopAsyncIteration:
            return None

    async def _wait(
        self, start: Callable[[], Awaitable[Any]], request: GenerateRequest, *, streamed: int = 0
    ) -> Any:
        """Runs `start` and returns its result; every failure is an EngineError of ours.

        The client's exception is not chained to it: a traceback would write its request into a log.
        """
        upstream = self._upstream()
        try:
            return await self._waits.on(
                start,
                upstream,
                deadline=request.deadline,
                silence_s=math.inf,  # a server that is loading a model sends nothing for minutes
                streamed=streamed,
            )
        except (EngineError, StopAsyncIteration):
            raise
        except Exception as error:  # noqa: BLE001  whatever the client raises is translated here
            failure = await upstream.looked_at(error, self._base, streamed=streamed)
            if "No generation chunks" in str(error):  # LangChain's message for an empty stream
                failure = upstream.empty()
            unknown = getattr(error, "status_code", None) == 404 and not streamed
        raise await self._with_known_models(failure) if unknown else failure

    async def _with_known_models(self, failure: EngineError) -> EngineError:
        """A 404 again, this time with the names that would work."""
        try:
            names = await list_models(self._base, api_key=self._api_key, timeout_s=_LIST_TIMEOUT_S)
        except EngineError:
            return failure
        return EngineRejected(
            f"the server at {self._base} has no model {self._model}; it has "
            f"{', '.join(names) or 'none at all'}: correct the name in the configuration",
            model=self.caps.model,
        )

    def _ended_early(self, pieces: int) -> EngineError:
        upstream = self._upstream()
        if not pieces:
            return upstream.empty()
        return upstream.broke_off("it ended without a finish reason", streamed=pieces)

    def _upstream(self) -> Upstream:
        return Upstream(
            model=self.caps.model,
            place=f"the server at {self._base}",
            key_cure="give the server's key as api_key",
            reach_cure="start it (`ollama serve`, `llama-server -m model.gguf`, LM Studio's "
            "Developer tab, `vllm serve`), or correct the url",
            model_cure="is this the address that ends in /v1?",
            secrets=(self._api_key if self._api_key != NO_KEY else "",),
        )


def _load() -> tuple[Any, Any, ModuleType]:
    """The model class, what is done to its HTTP client, and httpx. Blocks for seconds at first."""
    try:
        import httpx
        import langchain_openai

        from agents.engines.chat_wire import read_in_one_form
    except ImportError as error:
        failure = EngineUnavailable(
            f"the client for model servers cannot be imported ({error}): reinstall edgeward",
            model="langchain-openai",
        )
    else:
        # LangChain warns its users about schemas in words; ours get an EngineRejected. It also
        # warns about content in parts, which is read correctly here.
        for message in (
            "(Invalid schema for|This model does not support) OpenAI's structured",
            "Pydantic serializer warnings",
        ):
            warnings.filterwarnings("ignore", message=message)
        return _keeping_more(langchain_openai.ChatOpenAI), read_in_one_form, httpx
    raise failure


@functools.cache
def _keeping_more(base: Any) -> Any:
    """ChatOpenAI, made to keep the fields that OpenAI's own API does not send."""

    class ChatServer(base):  # type: ignore[misc]
        def _convert_chunk_to_generation_chunk(self, chunk: Any, *rest: Any) -> Any:
            if isinstance(chunk.get("usage"), dict):
                # Malformed token counts would fail the answer here; they are checked later.
                chunk = {**chunk, "usage": only_counts(chunk["usage"])}
            made = super()._convert_chunk_to_generation_chunk(chunk, *rest)
            choices = chunk.get("choices") or ()
            delta = (choices[0].get("delta") or {}) if choices else {}
            for name in ("reasoning_content", "refusal"):
                if made is not None and delta.get(name):
                    made.message.additional_kwargs[name] = delta[name]
            return made

    return ChatServer


def _text(chunk: Any) -> str:
    return chunk.content if isinstance(chunk.content, str) else str(chunk.text)


def _estimated(request: GenerateRequest, text: str) -> Usage:
    """Estimated token counts, for a server that reports none."""
    prompt = "".join(message.content for message in request.messages)
    return Usage(
        prompt_tokens=estimate_tokens(prompt),
        completion_tokens=estimate_tokens(text),
        estimated=True,
    )


def _counts(chunk: Any) -> Counts | None:
    """Tokens as the server counts them; they cost nothing."""
    reported = chunk.usage_metadata
    if not reported:
        return None
    return Counts(
        count_of(reported["input_tokens"]),
        count_of(reported["output_tokens"]),
        count_of(reported.get("input_token_details", {}).get("cache_read")),
    )


def _logprobs(chunk: Any) -> list[float]:
    """Natural-log probabilities of the tokens in this chunk; none where the server sends none."""
    reported = (chunk.response_metadata.get("logprobs") or {}).get("content") or []
    return [float(token["logprob"]) for token in reported]


def _stats(logprobs: list[float]) -> TokenStats | None:
    if not logprobs:
        return None
    return TokenStats(
        tokens=len(logprobs), min_logprob=min(logprobs), sum_logprob=math.fsum(logprobs)
    )
