"""What the chat-API engines share: addresses, the list of models, and waiting with a deadline."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from agents.engines.upstream import Upstream
from router.errors import ConfigError, EngineUnavailable
from router.settings.urls import shown_url
from router.types.task import Message

T = TypeVar("T")
FinishReason = Literal["stop", "length", "cancelled", "content_filter"]

_FINISH_REASONS: Mapping[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}


def finish_reason(reported: str) -> FinishReason:
    """Ours for theirs. Tool calls, end_turn and stop_sequence all mean that the model was done."""
    return _FINISH_REASONS.get(reported, "stop")


def wire_messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def chat_base(url: str) -> str:
    """The base under which `/chat/completions` and `/models` lie; `http://host:1234` gets `/v1`.

    A path that is already there is kept, for servers that mount the API elsewhere (`/v3`,
    `/openai/v1`); a pasted `/chat/completions` is taken off. Raises ConfigError for anything that
    is not an http address.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        plain = not {*url} & {*"@?#"}  # else there may be a password in it
        named = repr(url) if plain else shown_url(url) or "the given URL"
        raise ConfigError(
            f"{named} is not the address of a model server: write it as http://127.0.0.1:8080/v1"
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path or '/v1'}"


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own, which no proxy can reach for us."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def list_models(base: str, *, api_key: str | None, timeout_s: float) -> list[str]:
    """The model names that the server at `base` (see `chat_base`) lists, in its order.

    Raises EngineUnavailable, EngineTimeout or EngineDenied; `model` is then the address.
    """
    import httpx

    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    place = Upstream(
        model=base,
        place=f"the server at {base}",
        key_cure="pass the key that this server expects",
        reach_cure="check the address, and that the server is running",
        model_cure="the address must be the one that ends in /v1",
        secrets=(api_key or "",),
    )
    failure: Exception
    try:
        async with httpx.AsyncClient(timeout=timeout_s, trust_env=not is_loopback(base)) as client:
            response = await client.get(f"{base}/models", headers=headers)
            response.raise_for_status()
            listed = response.json()
        return [str(entry["id"]) for entry in listed["data"]]
    except httpx.HTTPError as error:
        failure = place.error(error)
    except (ValueError, KeyError, TypeError):
        failure = EngineUnavailable(
            f"{base}/models answered, but not with a list of models: is this the address of an "
            "OpenAI-compatible API? It usually ends in /v1",
            model=base,
        )
    raise failure


class Waits:
    """Every wait on an upstream, so that `close` can end them all at once."""

    def __init__(self) -> None:
        self._running: set[asyncio.Timeout] = set()
        self.closed = False

    async def on(
        self,
        start: Callable[[], Awaitable[T]],
        upstream: Upstream,
        *,
        deadline: float,
        silence_s: float,
        streamed: int = 0,
    ) -> T:
        """What the awaitable made by `start` gives.

        Raises EngineTimeout past `deadline` (`time.monotonic()`) or after `silence_s` seconds,
        EngineUnavailable once closed, and lets every other exception through.
        """
        self.refuse_if_closed(upstream)
        left = deadline - time.monotonic()
        try:
            async with asyncio.timeout(min(left, silence_s)) as timeout:
                self._running.add(timeout)
                try:
                    return await start()
                finally:
                    self._running.discard(timeout)
        except TimeoutError:
            if not timeout.expired():
                raise
        self.refuse_if_closed(upstream)
        if left <= silence_s:
            raise upstream.out_of_time(streamed=streamed)
        raise upstream.silent(silence_s, streamed=streamed)

    def refuse_if_closed(self, upstream: Upstream) -> None:
        if self.closed:
            raise EngineUnavailable(f"{upstream.model} is closed", model=upstream.model)

    def close(self) -> None:
        self.closed = True
        now = asyncio.get_running_loop().time()
        for timeout in self._running:
            if not timeout.expired():
                timeout.reschedule(now)
