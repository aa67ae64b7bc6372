"""The two chat-API engines as subjects of the engine contract, each with a provider on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine_subject import Behaviour, Subject
from provider_server import ProviderServer

from agents.engines.litellm import LiteLLMEngine
from agents.engines.openai_server import OpenAIServerEngine
from router.account.pricing import Prices
from router.engine import Engine


def _provider(behaviour: Behaviour) -> ProviderServer:
    if behaviour == "endless":
        return ProviderServer(reply="and so on " * 1000, token_delay_s=0.02)
    return ProviderServer(context_tokens=2048)


@asynccontextmanager
async def _litellm(directory: Path, behaviour: Behaviour) -> AsyncIterator[Engine]:
    async with _provider(behaviour) as provider:
        engine = LiteLLMEngine(
            model="openai/test-model",
            api_base=provider.openai_url,
            api_key=provider.key,
            max_tokens=50_000,
            prices=Prices.load(),
        )
        # On a busy machine the import alone can outlast a test's deadline.
        await engine.warm()
        yield engine


@asynccontextmanager
async def _openai_server(directory: Path, behaviour: Behaviour) -> AsyncIterator[Engine]:
    async with _provider(behaviour) as provider:
        yield OpenAIServerEngine(url=provider.url, model="test-model", api_key=provider.key)


LITELLM = Subject(
    name="litellm",
    make=_litellm,
    supports_schema=True,
    overflow_prompt="word " * 3000,
)
OPENAI_SERVER = Subject(
    name="openai_server",
    make=_openai_server,
    supports_schema=True,
    supports_logprobs=True,
    overflow_prompt="word " * 3000,
)
