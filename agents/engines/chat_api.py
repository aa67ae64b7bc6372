"""What the chat-API engines share: addresses, the list of models, and waiting with a deadline."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from agents.engines.connection import WrongMachine, keep_here, verified
from agents.engines.redirects import RedirectRefused, get_on_origin
from agents.engines.system_role import without_system
from agents.engines.upstream import Upstream
from router.errors import ConfigError, EngineUnavailable
from router.machine import is_loopback
from router.settings.urls import shown_url
from router.types.task import Message

T = TypeVar("T")
UNKNOWN_FIELD = re.compile(
    r"(extra|additional|unknown|unexpected|unrecogni[sz]ed|unsupported|not permitted).{0,40}"
    r"(field|input|propert|parameter|argument|key|param)|extra_forbidden",
    re.IGNORECASE,
)
"""How a refusal shows that the server rejects unknown parameters."""

FinishReason = Literal["stop", "length", "cancelled", "content_filter"]

_FINISH_REASONS: Mapping[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
    "model_length": "length",
    "max_output_tokens": "length",
}


def finish_reason(reported: str) -> FinishReason:
    """Our name for a server's finish reason. Tool calls, end_turn and stop_sequence all mean
    `stop`.
    """
    return _FINISH_REASONS.get(reported.casefold(), "stop")


def wire_messages(messages: Sequence[Message], *, system_role: bool = True) -> list[dict[str, str]]:
    """The conversation as the APIs want it. system_role: False for a model that knows none."""
    shown = messages if system_role else without_system(messages)
    return [{"role": message.role, "content": message.content} for message in shown]


def plain_text(content: Any) -> str:
    """The text in an answer's content, which some servers send in typed parts; thinking is none."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(map(plain_text, content))
    if not isinstance(content, Mapping) or content.get("type") not in (None, "text", "output_text"):
        return ""
    return plain_text(content.get("text"))


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
        async with httpx.AsyncClient(
            timeout=timeout_s, trust_env=not is_loopback(base), verify=verified()
        ) as client:
            if is_loopback(base):
                keep_here(client)
            response = await get_on_origin(client, f"{base}/models", headers=headers)
            response.raise_for_status()
            listed = response.json()
        return [str(entry["id"]) for entry in listed["data"]]
    except (httpx.HTTPError, RedirectRefused, WrongMachine) as error:
        failure = await place.looked_at(error, base)
    except (ValueError, KeyError, TypeError):
        failure = EngineUnavailable(
            f"{base}/models answered, but not with a list of models: is this the address of an "
            "OpenAI-compatible API? It usually ends in /v1",
            model=base,
        )
    raise failure


class Waits:
    """Runs every wait on an upstream, so that `close` can end them all at once."""

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
