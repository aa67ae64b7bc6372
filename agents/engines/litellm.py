"""The cloud engine: one model of any provider that LiteLLM speaks to, over its streaming API.

LiteLLM takes seconds to import, so it is imported in a thread when it is first needed; until then
nothing here costs anything and nothing is looked up in the network. Its own retries, fallbacks,
budgets, price downloads and telemetry are off: the router has its own attempt loop and ledger.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import re
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from types import ModuleType
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from agents.engines.answer_text import AnswerText
from agents.engines.chat_api import (
    UNKNOWN_FIELD,
    Waits,
    chat_base,
    finish_reason,
    list_models,
    wire_messages,
)
from agents.engines.litellm_library import close_clients, load_litellm, silence_warnings
from agents.engines.litellm_wire import (
    PlainContent,
    counts_of,
    field_of,
    response_format,
    says_something,
    text_of,
    thinking_tokens,
)
from agents.engines.providers import PROVIDERS, environment_key, provider_of
from agents.engines.schema_form import has_optional, without_nulls
from agents.engines.sending import told
from agents.engines.thinking import Thinking, with_thinking_counted
from agents.engines.upstream import Upstream
from router.account.consumption import Counts, believed
from router.account.pricing import Prices
from router.engine import Delta, EngineCaps, GenerateRequest, WaitEstimate
from router.errors import (
    ConfigError,
    ContextOverflow,
    EngineDenied,
    EngineError,
    EngineOverloaded,
    EngineRejected,
    EngineUnavailable,
)
from router.types.completion import Completion, Usage

_FREE = (EngineRejected, EngineDenied, ContextOverflow, EngineOverloaded)
"""Refusals before anything was generated, which providers do not charge for. A 500 is not one:
nobody knows how far the generation had come.
"""

_SOCKET_SLACK_S = 5.0
"""LiteLLM's own timeout lies this far beyond ours. It must not vary from request to request:
LiteLLM keeps one HTTP client for every timeout it has seen."""
_FIRST_PAUSE_S = 0.5
_AUTO = "openai/auto"
_SOME_EFFORT = "medium"
_LEAST_EFFORTS = ("none", "minimal", "low")
"""The `reasoning_effort` for a model that must not think, the least first; not every model takes
each.
"""
_EFFORT = re.compile(r"reasoning|thinking|effort|chat_template", re.IGNORECASE)

_engines_in_loop: Counter[int] = Counter()
"""Open engines of each event loop: they share LiteLLM's HTTP clients, the last one closes them."""


class LiteLLMEngine:
    """One cloud model.

    model: LiteLLM's name, "openai/gpt-5.4-mini", "anthropic/claude-haiku-4-5"; None takes the first
    that the server at `api_base` lists, and is called "openai/auto" until that has been asked.
    api_base: an OpenAI-compatible gateway, or None for the provider's own address.
    api_key: None leaves it to the provider's usual environment variable (`OPENAI_API_KEY`, ...).
    timeout_s: longest silence, before the first word and between two; a request's deadline is
    separate. max_tokens: a ceiling over what requests ask for. retries: how often a busy or absent
    provider is asked again before its first word; never after it.
    reasoning_effort: "none", "minimal", "low" ... for models that think; dropped for others.
    """

    def __init__(
        self,
        *,
        model: str | None,
        prices: Prices,
        max_tokens: int,
        api_base: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        retries: int = 1,
        reasoning_effort: str | None = None,
    ) -> None:
        if model is None and api_base is None:
            raise ConfigError(
                "the cloud needs a model, or the address of a server that lists one: "
                f"name a model, for example {PROVIDERS[0].default_model}"
            )
        self._model = model or _AUTO
        self._prices = prices
        self._max_tokens = max_tokens
        self._provider = provider_of(self._model)
        self._api_base = self._wire_base(api_base)
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._retries = retries
        self._reasoning_effort = reasoning_effort
        self._efforts = {"off": list(_LEAST_EFFORTS), "on": [_SOME_EFFORT], "auto": []}
        self._system_role = True
        self._opens_thinking = False
        self._waits = Waits()
        self._loop_id: int | None = None
        self._litellm: ModuleType | None = None

    @property
    def caps(self) -> EngineCaps:
        known = self._map_entry()
        return EngineCaps(
            engine="litellm",
            model=self._model,
            local=False,
            context_tokens=known.get("max_input_tokens"),
            json_schema=self._litellm is None or "response_format" in self._supported_parameters(),
        )

    def outlook(self) -> WaitEstimate:
        """Nothing is known of a provider's queue."""
        return WaitEstimate()

    async def open(self) -> None:
        """Makes the engine usable; imports nothing and sends nothing."""
        self._waits.closed = False

    async def load_library(self) -> None:
        """Imports LiteLLM now (2 to 6 s of one core), so that the first request need not."""
        if self._litellm is None:
            self._litellm = await asyncio.to_thread(load_litellm, self._api_base)

    async def warm(self) -> None:
        """Imports it, and finds the name of a server's model."""
        await self.load_library()
        silence_warnings()
        if self._loop_id is None:
            self._loop_id = id(asyncio.get_running_loop())
            _engines_in_loop[self._loop_id] += 1
        if self._model == _AUTO and self._api_base is not None:
            # LiteLLM finds the key of the environment by itself; here it must be handed over.
            key = self._api_key or self._environment_key() or None
            name = await first_model(self._api_base, api_key=key, timeout_s=self._timeout_s)
            self._model = f"openai/{name}"

    async def stream(self, request: GenerateRequest) -> AsyncGenerator[Delta | Completion, None]:
        started = time.monotonic()
        request.remaining_s(self._model)
        self._refuse_without_key()
        await self._wait(self.warm, request, silence_s=math.inf)
        self._refuse_completion_model()
        wire, head = await self._begin(request)
        thinking = Thinking(asked=request.messages, opened=self._opens_thinking)
        answer = AnswerText(
            stops=request.stop, compact_json=request.constraint is not None, thinking=thinking
        )
        refusal, ttft_s, meter = "", 0.0, request.meter
        most_tokens = min(request.max_tokens, self._max_tokens)
        schema = request.schema_only(self._model)
        loose = schema is not None and has_optional(schema)
        try:
            while True:
                chunk = head.popleft() if head else await self._next(wire, request, answer.pieces)
                if chunk is None:
                    break
                thought = field_of(chunk, "reasoning_content")
                meter.arrived(text_of(chunk) + thought)
                if meter.exceeds(most_tokens):
                    break
                if thought:
                    thinking.also(thought)
                refusal += field_of(chunk, "refusal")
                # After a stop string the rest is read for its token counts, and dropped.
                said = text_of(chunk)
                # Thinking counts too: speed estimates count all tokens.
                ttft_s = ttft_s or (time.monotonic() - started if said or thought else 0.0)
                text = answer.feed(said)
                if (text or answer.restarted) and not loose:
                    yield Delta(text, restarts=answer.restarted)
            reported = str(wire.received_finish_reason)
            text = answer.rest(cut_off=finish_reason(reported) == "length")
            whole = answer.text
            if loose and schema is not None:
                # Which nulls of the strict form to drop shows only in the complete text.
                text = whole = without_nulls(whole, schema)
            if text:
                yield Delta(text)
            cut = meter.exceeds(most_tokens)
            # LiteLLM makes up a "stop" of its own where the provider's stream ended without one.
            if wire.received_finish_reason is None and not cut:
                why = "it ended without a finish reason"
                raise self._upstream().broke_off(why, streamed=answer.pieces)
            self._opens_thinking = thinking.closed_alone
            refused = bool(refusal) and not whole
            usage, odd = self._usage(wire, request, cut=cut)
            reason = finish_reason("length" if cut else str(wire.received_finish_reason))
            yield Completion(
                text=whole,
                engine="litellm",
                model=self._model,
                finish_reason="stop" if answer.stopped else "content_filter" if refused else reason,
                usage=with_thinking_counted(usage, thinking.text),
                ttft_s=ttft_s,
                latency_s=time.monotonic() - started,
                thinking=thinking.text,
                refusal=refusal,
                warnings=odd,
            )
        finally:
            meter.reported = self._reported(wire, request)
            await wire.aclose()

    async def close(self) -> None:
        """Ends every stream with EngineUnavailable and closes the connections to the provider."""
        self._waits.close()
        if self._loop_id is None:
            return
        loop_id, self._loop_id = self._loop_id, None
        _engines_in_loop[loop_id] -= 1
        if not _engines_in_loop[loop_id]:
            del _engines_in_loop[loop_id]
            await close_clients(self._module(), loop_id, last=not _engines_in_loop)

    async def _begin(self, request: GenerateRequest) -> tuple[Any, deque[Any]]:
        """The running answer and what came of it so far, up to its first text.

        Retries where that can help, and where the pause fits the deadline and `max_wait_s`: nothing
        has been handed out yet.
        """

        async def pause(seconds: float) -> None:
            await self._wait(lambda: asyncio.sleep(seconds), request, silence_s=math.inf)

        async for attempt in AsyncRetrying(
            stop=lambda state: (
                state.attempt_number > self._retries
                or (request.max_wait_s is not None and state.upcoming_sleep > request.max_wait_s)
                or time.monotonic() + state.upcoming_sleep >= request.deadline
            ),
            wait=_pause_s,
            retry=retry_if_exception(
                lambda error: isinstance(error, EngineError) and error.retryable
            ),
            sleep=pause,
            reraise=True,
        ):
            with attempt:
                return await self._ask_for_what_it_takes(request)
        raise AssertionError("tenacity returns or raises")

    async def _ask_for_what_it_takes(self, request: GenerateRequest) -> tuple[Any, deque[Any]]:
        """Retries without a parameter that the model refused, if the task does not need it;
        remembers it.
        """
        while True:
            arguments = self._arguments(request)
            try:
                return await self._ask(arguments, request)
            except EngineRejected as error:
                if error.about == "system" and self._system_role:
                    self._system_role = False
                elif self._effort(request) and _EFFORT.search(error.said):
                    # It refused this value, or the whole parameter.
                    efforts = self._efforts[request.thinking]
                    del efforts[: None if UNKNOWN_FIELD.search(error.said) else 1]
                else:
                    raise

    def _template_wish(self, request: GenerateRequest) -> dict[str, Any] | None:
        """Asks a server of open models to think or not, through its chat template; not for other
        providers.
        """
        openai_api = self._provider is None or self._provider.prefix == "openai"
        if not (self._api_base and openai_api and self._effort(request)):
            return None
        return {"chat_template_kwargs": {"enable_thinking": request.thinking == "on"}}

    def _effort(self, request: GenerateRequest) -> str | None:
        """The `reasoning_effort` for the request; None where the model takes none."""
        return next(iter(self._efforts[request.thinking]), None)

    async def _ask(
        self, arguments: Mapping[str, Any], request: GenerateRequest
    ) -> tuple[Any, deque[Any]]:
        meter, before, wire = request.meter, request.meter.sent, None
        head: deque[Any] = deque()
        try:
            wire = await self._wait(lambda: self._module().acompletion(**arguments), request)
            if wire.completion_stream is not None:
                wire.completion_stream = PlainContent(wire.completion_stream)
            while not head or (head[-1] is not None and not says_something(head[-1])):
                head.append(await self._next(wire, request, 0))
            if head[-1] is None and wire.received_finish_reason is None:
                raise self._upstream().empty()
        except BaseException as error:
            if _is_free(error):
                meter.turned_down(meter.sent - before)
            if wire is not None:
                meter.reported = self._reported(wire, request)
                await wire.aclose()
            raise
        return wire, head

    async def _next(self, wire: Any, request: GenerateRequest, streamed: int) -> Any | None:
        """The next chunk; None after the last."""
        try:
            return await self._wait(wire.__anext__, request, streamed=streamed)
        except StopAsyncIteration:
            return None

    async def _wait(
        self,
        start: Callable[[], Awaitable[Any]],
        request: GenerateRequest,
        *,
        streamed: int = 0,
        silence_s: float | None = None,
    ) -> Any:
        """Runs `start` and returns its result; every failure is an EngineError of ours.

        LiteLLM's exception is not chained to it: that one carries the request's messages, and a
        traceback would write them into a log.
        """
        upstream = self._upstream()
        try:
            with told(request.meter):
                return await self._waits.on(
                    start,
                    upstream,
                    deadline=request.deadline,
                    silence_s=self._timeout_s if silence_s is None else silence_s,
                    streamed=streamed,
                )
        except (EngineError, StopAsyncIteration):
            raise
        except Exception as error:  # noqa: BLE001  LiteLLM raises whatever its providers' code does
            failure = await self._translated(error, upstream, streamed)
        raise failure

    async def _translated(self, error: Exception, upstream: Upstream, streamed: int) -> EngineError:
        if type(error).__name__ == "UnsupportedParamsError" and not streamed:
            return EngineRejected(
                f"{upstream.place} cannot do what the request to {self._model} asks for "
                f"({upstream.words(error)}): use another model",
                model=self._model,
            )
        if getattr(error, "llm_provider", None) == "" or "LLM Provider NOT provided" in str(error):
            return EngineRejected(
                f"{self._model!r} names no provider: write it as provider/model, for example "
                f"{PROVIDERS[0].default_model}; known providers are "
                f"{', '.join(provider.prefix for provider in PROVIDERS)} and LiteLLM's others",
                model=self._model,
            )
        return await upstream.looked_at(error, self._api_base, streamed=streamed)

    def _arguments(self, request: GenerateRequest) -> dict[str, Any]:
        """LiteLLM's arguments. Unsupported sampling wishes are dropped, a schema never is."""
        schema = request.schema_only(self._model)
        if schema is not None and "response_format" not in self._supported_parameters():
            raise EngineRejected(
                f"{self._model} cannot be held to a JSON schema: use another model, or drop the "
                "schema from the task",
                model=self._model,
                about="schema",
            )
        arguments: dict[str, Any] = {
            "model": self._model,
            "messages": wire_messages(request.messages, system_role=self._system_role),
            "max_tokens": min(request.max_tokens, self._max_tokens),
            "temperature": request.temperature,
            "seed": request.seed,
            "stop": list(request.stop) or None,
            "reasoning_effort": self._effort(request) or self._reasoning_effort,
            # LiteLLM knows nothing of a model at the user's own address and would drop the schema.
            "allowed_openai_params": ["reasoning_effort"]
            if self._api_base and not self._map_entry() and self._effort(request)
            else None,
            "extra_body": self._template_wish(request),
            "response_format": response_format(schema),
            "stream": True,
            "stream_options": {"include_usage": True},
            "timeout": self._timeout_s + _SOCKET_SLACK_S,
            "num_retries": 0,
            "max_retries": 0,
            "drop_params": True,
            "api_base": self._api_base,
            "api_key": self._sent_key(),
        }
        return {name: value for name, value in arguments.items() if value is not None}

    def _wire_base(self, api_base: str | None) -> str | None:
        """The base as LiteLLM wants it: with `/v1` for OpenAI's API, without for the others."""
        if api_base is None:
            return None
        base = chat_base(api_base)
        openai_api = self._provider is None or self._provider.prefix == "openai"
        return base if openai_api else base.removesuffix("/v1")

    def _sent_key(self) -> str | None:
        """None where LiteLLM finds the key in the environment as it is to be sent."""
        if self._api_key:
            return self._api_key
        if own := self._environment_key():
            return None if own == self._environment_raw() else own
        # A gateway without keys: OpenAI's client insists on something.
        return None if self._api_base is None else "none"

    def _environment_raw(self) -> str:
        return os.environ.get(self._provider.key_variable, "") if self._provider else ""

    def _environment_key(self) -> str:
        try:
            return environment_key(self._provider, os.environ) if self._provider else ""
        except ValueError as error:
            raise EngineDenied(str(error), model=self._model) from None

    def _refuse_without_key(self) -> None:
        if self._provider and not self._sent_key() and not self._environment_key():
            raise EngineDenied(
                f"there is no key for {self._provider.title}: set {self._provider.key_variable} "
                f"to use {self._model}",
                model=self._model,
            )

    def _refuse_completion_model(self) -> None:
        """Refuses models of the older completions API: their SDK clients follow redirects."""
        name = self._model.rpartition("/")[2]
        of_old = name in self._module().open_ai_text_completion_models
        if of_old or self._model.startswith("text-completion-"):
            raise EngineRejected(
                f"{self._model} completes texts and cannot chat: name a chat model, for example "
                f"{PROVIDERS[0].default_model}",
                model=self._model,
            )

    def _upstream(self) -> Upstream:
        title = self._provider.title if self._provider else self._model.partition("/")[0]
        place = f"the server at {self._api_base}" if self._api_base else title
        variable = self._provider.key_variable if self._provider else "the provider's key"
        return Upstream(
            model=self._model,
            place=place,
            key_cure=f"check {variable}" if self._api_key is None else "check the configured key",
            reach_cure="check the network connection"
            if self._api_base is None
            else "check the address, and that the server is running",
            model_cure="check the spelling, and that the account may use it",
            secrets=(self._api_key or "", self._environment_raw().strip()),
        )

    def _usage(
        self, wire: Any, request: GenerateRequest, *, cut: bool
    ) -> tuple[Usage, tuple[str, ...]]:
        """Tokens as the provider counts them, where plausible, their price, and what was
        implausible.

        cut: the answer ran past its limit, and the whole reservation is charged.
        """
        said, most_tokens = counts_of(wire), min(request.max_tokens, self._max_tokens)
        if cut:
            said = Counts(said.prompt, most_tokens, said.cached)
        usage, odd = believed(said, request, most_tokens, self._model)
        if cut:
            odd += (
                f"{self._model}: the answer ran past its limit of {most_tokens:,} tokens and was "
                "cut: as many are booked, an estimate; compare the provider's invoice",
            )
        tokens = usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens
        cost = self._prices.cost(self._model, *tokens)
        if cost is None:
            cost = self._map_cost(*tokens)
        update = {
            "cost_usd": cost,
            "estimated": usage.estimated or cut,
            "thinking_tokens": min(thinking_tokens(wire), usage.completion_tokens),
        }
        return usage.model_copy(update=update), odd

    def _reported(self, wire: Any, request: GenerateRequest) -> Usage | None:
        """The provider's token counts so far, for an answer that may not finish; else None."""
        said, most_tokens = counts_of(wire), min(request.max_tokens, self._max_tokens)
        if not said.prompt:
            return None
        return believed(said, request, most_tokens, self._model)[0]

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """By the user's and the shipped list, else by LiteLLM's map, which `warm` brings."""
        cost = self._prices.cost(self._model, prompt_tokens, completion_tokens)
        return self._map_cost(prompt_tokens, completion_tokens, 0) if cost is None else cost

    def _map_cost(self, prompt: int, completion: int, cached: int) -> float | None:
        if not self._map_entry():
            return None
        price_in, price_out = self._module().cost_per_token(
            model=self._model,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cache_read_input_tokens=cached,
        )
        return float(price_in + price_out)

    def _map_entry(self) -> Mapping[str, Any]:
        """The model in LiteLLM's offline map; empty before the import and for unknown models."""
        known: Mapping[str, Any] = self._litellm.model_cost if self._litellm else {}
        bare = self._model.partition("/")[2]
        return known.get(self._model) or known.get(bare) or {}

    def _supported_parameters(self) -> list[str]:
        name, _, rest = self._model.partition("/")
        module = self._module()
        provider = name if rest and name in module.provider_list else None
        return module.get_supported_openai_params(rest or name, provider) or []

    def _module(self) -> ModuleType:
        assert self._litellm is not None, "warm() comes first"
        return self._litellm


async def first_model(api_base: str, *, api_key: str | None, timeout_s: float) -> str:
    """The first model that an OpenAI-compatible server lists, for a base given without a model.

    Accepts the address with and without `/v1`. Raises as `list_models`, and EngineUnavailable
    where the list is empty.
    """
    base = chat_base(api_base)
    names = await list_models(base, api_key=api_key, timeout_s=timeout_s)
    if not names:
        raise EngineUnavailable(f"the server at {base} lists no model: load one", model=base)
    return names[0]


def _is_free(error: BaseException) -> bool:
    """Whether a refusal costs nothing. A content filter has read the prompt, which Azure charges
    for."""
    read = isinstance(error, EngineRejected) and error.about == "policy"
    return isinstance(error, _FREE) and not read


def _pause_s(state: RetryCallState) -> float:
    """The provider's Retry-After, or 0.5 s doubled at every retry, with a jitter of a half."""
    error = state.outcome.exception() if state.outcome else None
    wish = getattr(error, "retry_after_s", None)
    if wish is not None:
        return float(wish)
    return float(_FIRST_PAUSE_S * 2 ** (state.attempt_number - 1) * random.uniform(0.5, 1.5))
