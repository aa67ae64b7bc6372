"""LiteLLM itself: imported without network, .env, telemetry and banners, and made to keep to ours.

It takes seconds to import, so that happens in a thread when it is first needed.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import threading
import warnings
from collections.abc import MutableMapping
from types import ModuleType
from typing import Any

from agents.engines.redirects import guard, guard_maker
from agents.engines.sending import watch_clients
from router.account.consumption import only_counts
from router.errors import EngineUnavailable
from router.machine import is_loopback

_ENVIRONMENT = {
    "LITELLM_MODE": "PRODUCTION",  # DEV loads .env from the working directory into the environment
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # otherwise the import downloads a price list
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",  # otherwise the first Claude call downloads one
}
_FIRST_CALL_IMPORTS = (
    "litellm.litellm_core_utils.default_encoding",
    "litellm.proxy._types",
    "openai.resources",
)
"""What LiteLLM would otherwise import in the event loop during its first call: half a second."""
_HARMLESS_WARNINGS = (
    ".*Accessing the.*attribute on the instance is deprecated",
    ".*`ReadOnly` qualifier",
    ".*conflict with protected namespace",
    # A call was cancelled while LiteLLM prepared it in a thread; no request was sent.
    r"coroutine '.*(acompletion_dispatch|async_streaming)' was never awaited",
    # A server sent another type than the SDK has; token counts are checked in this module.
    "Pydantic serializer warnings",
)
_import_lock = threading.Lock()


def load_litellm(api_base: str | None) -> ModuleType:
    """LiteLLM, imported without network, .env, telemetry and banners. Blocks for seconds."""
    with _import_lock:
        os.environ.update(_ENVIRONMENT)
        if api_base is not None and is_loopback(api_base):
            _never_proxy_loopback(os.environ)
        try:
            import litellm

            for name in _FIRST_CALL_IMPORTS:
                importlib.import_module(name)
        except ImportError as error:
            failure = EngineUnavailable(
                f"LiteLLM cannot be imported ({error}): reinstall edgeward", model="litellm"
            )
        else:
            from litellm.llms.custom_httpx.aiohttp_transport import LiteLLMAiohttpTransport

            watch_clients(LiteLLMAiohttpTransport)
            _take_only_counts(litellm.Usage)
            _guard_clients(litellm)
            _read_answers_in_one_form(litellm)
            litellm.telemetry = False
            litellm.suppress_debug_info = True
            litellm.disable_hf_tokenizer_download = True
            litellm.disable_streaming_logging = True
            logging.getLogger("LiteLLM").setLevel(logging.ERROR)
            return litellm  # type: ignore[no-any-return]
    raise failure


def _guard_clients(litellm: ModuleType) -> None:
    """Makes its clients refuse redirects, which would send the prompt elsewhere; covers all
    factories.
    """
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler, HTTPHandler
    from litellm.llms.openai.common_utils import BaseOpenAILLM

    guard_maker(AsyncHTTPHandler, "create_client")
    guard_maker(HTTPHandler, "create_client")
    guard_maker(BaseOpenAILLM, "_get_async_http_client")
    guard_maker(BaseOpenAILLM, "_get_sync_http_client")
    for made in (litellm.module_level_aclient, litellm.module_level_client):
        guard(made.client)


def _read_answers_in_one_form(litellm: ModuleType) -> None:
    """Normalises answers wherever LiteLLM makes a client for chat APIs."""
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler
    from litellm.llms.openai.common_utils import BaseOpenAILLM

    from agents.engines.chat_wire import made_to_read_in_one_form, read_in_one_form

    read_in_one_form(litellm.module_level_aclient.client)  # made at LiteLLM's import
    made_to_read_in_one_form(AsyncHTTPHandler, "create_client")
    made_to_read_in_one_form(BaseOpenAILLM, "_get_async_http_client")


_FIGURES = ("prompt_tokens", "completion_tokens", "total_tokens", "reasoning_tokens")
"""The order in which LiteLLM's usage takes them."""

_taken: set[type] = set()


def _take_only_counts(usage: type) -> None:
    """Makes LiteLLM drop malformed token counts, wherever they come from; idempotent for each
    class.

    Otherwise a NaN or a string would make LiteLLM fail on an answer that has arrived complete. A
    dropped count is treated as missing.
    """
    if usage in _taken:
        return
    _taken.add(usage)
    made = vars(usage)["__init__"]

    def make(self: Any, *figures: Any, **named: Any) -> None:
        made(self, **only_counts({**dict(zip(_FIGURES, figures, strict=False)), **named}))

    usage.__init__ = make  # type: ignore[misc]


def silence_warnings() -> None:
    """Suppresses pydantic's warnings about LiteLLM's types, whenever they come after the import.

    LiteLLM sets such filters itself, once; a test runner or `warnings.catch_warnings` that restores
    the earlier filters undoes that.
    """
    for message in _HARMLESS_WARNINGS:
        warnings.filterwarnings("ignore", message=message)


def _never_proxy_loopback(environment: MutableMapping[str, str]) -> None:
    """Adds this machine to NO_PROXY: LiteLLM's clients take their proxy from the environment."""
    names = [name for name in ("no_proxy", "NO_PROXY") if name in environment] or ["NO_PROXY"]
    for name in names:
        hosts = [host for host in environment.get(name, "").split(",") if host]
        missing = [host for host in ("localhost", "127.0.0.1", "::1") if host not in hosts]
        environment[name] = ",".join([*hosts, *missing])


async def close_clients(litellm: ModuleType, loop_id: int, *, last: bool) -> None:
    """Closes and forgets the HTTP clients that LiteLLM keeps for one event loop.

    last: no engine is open in any other loop.

    Its own `close_litellm_async_clients` closes those of every loop and leaves them in the cache,
    where the next call finds them closed.
    """
    cache = litellm.in_memory_llm_clients_cache
    for key in [key for key in cache.cache_dict if key.endswith(f"-{loop_id}")]:
        client = cache.cache_dict.pop(key)
        cache.ttl_dict.pop(key, None)
        close = getattr(client, "close", None)
        if close is not None and asyncio.iscoroutinefunction(close):
            await close()
    if last:
        # Anthropic's API goes over a client of the whole process, which comes back when needed.
        await litellm.module_level_aclient.close()
