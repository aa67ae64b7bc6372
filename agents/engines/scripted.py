"""Answers by rules written down beforehand: for demos, dry runs, benchmarks and tests."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn

import jsonschema
from jsonschema.validators import Draft202012Validator
from pydantic import Field, ValidationError, model_validator

from agents.engines.thinking import without_thinking
from router.engine import Constraint, Delta, EngineCaps, GenerateRequest, WaitEstimate
from router.errors import (
    ConfigError,
    ContextOverflow,
    EngineDenied,
    EngineOverloaded,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
)
from router.settings.yaml_nodes import YamlError, read_yaml_file
from router.types.base import Frozen
from router.types.completion import Completion, TokenStats, Usage

ENGINE = "scripted"

Failure = Literal["timeout", "overloaded", "denied", "rejected", "unavailable", "overflow"]

_WORDS = re.compile(r"\s*\S+|\s+\Z")
"""A word with the space before it; together the words are the whole text."""


class Rule(Frozen):
    """One reply. The first rule whose `match` is found in the last user message answers.

    match: regular expression, found anywhere, capitals ignored; empty matches everything.
    reply: the text; `\\1` and `\\g<name>` stand for what the groups of `match` found.
    delay_s: wait before the first word. tokens_per_s: None is as fast as can be.
    fail: raise this failure after the delay instead of answering.
    min_logprob: probability reported for the least sure token, nats; None reports no probabilities.
    """

    match: str = ""
    reply: str = ""
    delay_s: float = Field(default=0.0, ge=0)
    tokens_per_s: float | None = Field(default=None, gt=0)
    fail: Failure | None = None
    finish_reason: Literal["stop", "length", "content_filter"] = "stop"
    min_logprob: float | None = Field(default=-0.05, le=0)

    @model_validator(mode="after")
    def _expands(self) -> Rule:
        try:
            re.compile(self.match)
        except re.error as error:
            raise ValueError(f"match {self.match!r} is no regular expression: {error}") from error
        try:
            # Group references are checked against a match; `|` lets the empty text be one.
            re.sub(f"{self.match}|", self.reply, "")
        except (re.error, IndexError) as error:
            raise ValueError(f"reply: {error}; a plain backslash is written twice") from error
        return self


class ScriptedEngine:
    """Plays `rules` in order, then the default reply; a token is a word.

    usd_per_token: (of the prompt, of the answer). local: whether it stands in for a model on this
    machine. A price of zero with `local=False` is a free cloud, which is seldom what is meant.

    What a reply has between <think> and </think> at its head is thinking, as with any model.

    Under a constraint it behaves as a constrained model does: a reply that satisfies it is sent,
    JSON in compact form; any other never comes to its end, so the answer is empty with
    finish_reason `length`, which every caller has to expect of a constrained model anyway.
    """

    def __init__(
        self,
        *,
        model: str,
        rules: Sequence[Rule] = (),
        default_reply: str = "This is a scripted answer.",
        tokens_per_s: float | None = None,
        context_tokens: int = 8192,
        usd_per_token: tuple[float, float] = (0.0, 0.0),
        local: bool = True,
    ) -> None:
        self._model = model
        self._rules = (*rules, Rule(reply=_literal(default_reply), tokens_per_s=tokens_per_s))
        self._context_tokens = context_tokens
        self._usd_per_token = usd_per_token
        self._local = local
        self._closed = asyncio.Event()
        self._is_open = False

    @classmethod
    def from_file(cls, path: Path, *, model: str, local: bool = True) -> ScriptedEngine:
        """Read a YAML or JSON file: `rules`, `default_reply`, `tokens_per_s`, `context_tokens`,
        `usd_per_token`, every one optional. Raises ConfigError with the file and the entry."""
        script = _read_script(path)
        return cls(
            model=model,
            local=local,
            rules=script.rules,
            default_reply=script.default_reply,
            tokens_per_s=script.tokens_per_s,
            context_tokens=script.context_tokens,
            usd_per_token=script.usd_per_token,
        )

    @property
    def caps(self) -> EngineCaps:
        return EngineCaps(
            engine=ENGINE,
            model=self._model,
            local=self._local,
            context_tokens=self._context_tokens,
            logprobs=True,
            json_schema=True,
            regex=True,
        )

    def outlook(self) -> WaitEstimate:
        """Always ready: it plays any number of replies at once."""
        return WaitEstimate()

    async def warm(self) -> None:
        """There is nothing to wait for."""

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """What the script says a token costs."""
        of_prompt, of_answer = self._usd_per_token
        return prompt_tokens * of_prompt + completion_tokens * of_answer

    async def load_library(self) -> None:
        """It needs none."""

    async def open(self) -> None:
        """Does nothing but allow requests; a closed engine may be opened again."""
        self._is_open = True
        self._closed = asyncio.Event() if self._closed.is_set() else self._closed

    async def close(self) -> None:
        """Answers under way end with EngineUnavailable."""
        self._is_open = False
        self._closed.set()

    async def stream(self, request: GenerateRequest) -> AsyncGenerator[Delta | Completion, None]:
        began = time.monotonic()
        request.remaining_s(self._model)
        if not self._is_open:
            raise self._unavailable("it is not open")
        prompt_tokens = sum(len(message.content.split()) for message in request.messages)
        if prompt_tokens >= self._context_tokens:
            self._fail("overflow", prompt_tokens)
        rule, reply = self._reply(request)
        if rule.fail != "unavailable":  # that one is not reached
            await request.meter.sending()
        await self._wait(rule.delay_s, request)
        if rule.fail is not None:
            if rule.fail not in ("unavailable", "timeout"):
                request.meter.turned_down(1)
            self._fail(rule.fail, prompt_tokens)

        finish = rule.finish_reason
        thought, reply = without_thinking(reply, request.messages)
        thoughts = _WORDS.findall(thought)
        if request.constraint is not None:
            held = self._constrain(reply, request.constraint)
            reply, finish = (held, finish) if held is not None else ("", "length")
        reply = _until_stop(reply, request.stop)
        room = min(request.max_tokens, self._context_tokens - prompt_tokens)
        words = _WORDS.findall(reply)
        if len(thoughts) + len(words) > room:
            thoughts = thoughts[:room]
            words, finish = words[: room - len(thoughts)], "length"
        ttft_s: float | None = None
        for word in words:
            await self._wait(1 / rule.tokens_per_s if rule.tokens_per_s else 0.0, request)
            ttft_s = time.monotonic() - began if ttft_s is None else ttft_s
            request.meter.arrived(word)
            yield Delta(word)
        latency_s = time.monotonic() - began
        yield Completion(
            text="".join(words),
            engine=ENGINE,
            model=self._model,
            finish_reason=finish,
            usage=self._usage(prompt_tokens, len(words), len(thoughts)),
            stats=_stats(rule.min_logprob, len(words)),
            ttft_s=latency_s if ttft_s is None else ttft_s,
            latency_s=latency_s,
            thinking="".join(thoughts),
        )

    def _reply(self, request: GenerateRequest) -> tuple[Rule, str]:
        asked = [message.content for message in request.messages if message.role == "user"]
        prompt = asked[-1] if asked else ""
        for rule in self._rules:
            if found := re.search(rule.match, prompt, re.IGNORECASE):
                return rule, found.expand(rule.reply)
        raise AssertionError("the default reply matches everything")

    def _constrain(self, reply: str, constraint: Constraint) -> str | None:
        """The reply as the constraint wants it, None where it refuses it."""
        if constraint.json_schema is not None:
            return self._compact(reply, constraint.json_schema)
        assert constraint.regex is not None, "a constraint has one of the two"
        try:
            return reply if re.fullmatch(constraint.regex, reply) else None
        except re.error as error:
            raise EngineRejected(
                f"{self._model}: {constraint.regex!r} is no regular expression: {error}",
                model=self._model,
            ) from error

    def _compact(self, reply: str, schema: dict[str, Any]) -> str | None:
        """The reply as compact JSON; None where it does not satisfy the schema."""
        try:
            Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            raise EngineRejected(
                f"{self._model}: this is no JSON schema: {error.message}", model=self._model
            ) from error
        try:
            value = json.loads(reply)
            jsonschema.validate(value, schema, cls=Draft202012Validator)
        except (json.JSONDecodeError, jsonschema.ValidationError):
            return None
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    async def _wait(self, seconds: float, request: GenerateRequest) -> None:
        """Sleep, cut short by the deadline (EngineTimeout) and by `close` (EngineUnavailable)."""
        left = request.deadline - time.monotonic()
        try:
            async with asyncio.timeout(min(seconds, max(left, 0.0))):
                await self._closed.wait()
        except TimeoutError:
            if seconds >= left:
                self._fail("timeout", 0)
            return
        raise self._unavailable("it was closed during the answer")

    def _usage(self, prompt_tokens: int, answer_tokens: int, thinking_tokens: int) -> Usage:
        completion_tokens = answer_tokens + thinking_tokens
        return Usage(
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            thinking_tokens=thinking_tokens,
            cost_usd=self.price(prompt_tokens, completion_tokens),
        )

    def _fail(self, failure: Failure, prompt_tokens: int) -> NoReturn:
        model = self._model
        match failure:
            case "timeout":
                raise EngineTimeout(f"{model}: the deadline passed", model=model)
            case "overloaded":
                raise EngineOverloaded(f"{model}: too busy", model=model, retry_after_s=0.05)
            case "denied":
                raise EngineDenied(f"{model}: the key is refused", model=model)
            case "rejected":
                raise EngineRejected(f"{model}: the request is refused", model=model)
            case "unavailable":
                raise self._unavailable("not reachable")
            case "overflow":
                raise ContextOverflow(
                    f"{model}: the prompt has {prompt_tokens:,} tokens, the window is "
                    f"{self._context_tokens:,}",
                    model=model,
                    prompt_tokens=prompt_tokens,
                    limit_tokens=self._context_tokens,
                )

    def _unavailable(self, reason: str) -> EngineUnavailable:
        return EngineUnavailable(f"{self._model}: {reason}", model=self._model)


class _Script(Frozen):
    """The file that `ScriptedEngine.from_file` reads."""

    rules: tuple[Rule, ...] = ()
    default_reply: str = "This is a scripted answer."
    tokens_per_s: float | None = Field(default=None, gt=0)
    context_tokens: int = Field(default=8192, ge=1)
    usd_per_token: tuple[float, float] = (0.0, 0.0)


def _read_script(path: Path) -> _Script:
    try:
        document = read_yaml_file(path)
    except YamlError as error:
        what = "neither YAML nor JSON: " if "not valid YAML" in str(error) else ""
        raise ConfigError(f"the script {what}{error}") from None
    if document.data is None:
        return _Script()
    try:
        return document.validated(_Script)
    except ValidationError as error:
        problems = "; ".join(_problems(error))
        raise ConfigError(f"{path}: {problems}") from error


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        place = ""
        for step in problem["loc"]:
            place += f"[{step}]" if isinstance(step, int) else f".{step}"
        yield f"{place.lstrip('.') or 'the file'}: {problem['msg']}"


def _literal(text: str) -> str:
    """Text in which a backslash is no group reference."""
    return text.replace("\\", r"\\")


def _until_stop(text: str, stops: tuple[str, ...]) -> str:
    ends = [text.index(stop) for stop in stops if stop and stop in text]
    return text[: min(ends)] if ends else text


def _stats(min_logprob: float | None, tokens: int) -> TokenStats | None:
    """Token statistics as if all tokens but the least sure one were certain."""
    if min_logprob is None or tokens == 0:
        return None
    return TokenStats(tokens=tokens, min_logprob=min_logprob, sum_logprob=min_logprob)
