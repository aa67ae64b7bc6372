"""A connection that is not what it should be is called what it is, with the cure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from plain_server import plain_server
from provider_server import ProviderServer
from tls import OPENSSL, Certificate, certificate

from agents.engines.chat_api import list_models
from agents.engines.litellm import LiteLLMEngine
from agents.engines.openai_server import OpenAIServerEngine
from router.account.pricing import Prices
from router.engine import Engine, GenerateRequest, generate
from router.errors import EngineUnavailable, EngineUntrusted
from router.types.task import Message

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="there is no openssl command")


def cloud(model: str) -> Callable[[str], Engine]:
    return lambda url: LiteLLMEngine(
        model=model,
        prices=Prices.load(),
        max_tokens=20,
        api_base=url,
        api_key="test-key",
        timeout_s=60,
        retries=1,
    )


ENGINES: dict[str, Callable[[str], Engine]] = {
    "local": lambda url: OpenAIServerEngine(url=url, model="test-model", api_key="test-key"),
    "openai": cloud("openai/test-model"),
    "anthropic": cloud("anthropic/test-model"),
    "gemini": cloud("gemini/test-model"),
}

BAD = {
    "self-signed": (
        dict[str, object](),
        r"is self-signed: if the server is yours, .*SSL_CERT_FILE",
    ),
    "expired": (
        {"valid": ("20200101000000Z", "20200201000000Z")},
        "has expired: it must be renewed",
    ),
    "not yet": (
        {"valid": ("20480101000000Z", "20490101000000Z")},
        "not valid yet: check the clock",
    ),
    "other name": ({"name": "DNS:models.example"}, "is for another name .*127.0.0.1"),
    "unknown authority": (
        {"self_signed": False},
        r"authority that nobody here knows: .*SSL_CERT_FILE",
    ),
}


async def question(engine: Engine) -> str:
    messages = (Message(role="user", content="count to 3"),)
    try:
        request = GenerateRequest(messages=messages, deadline=time.monotonic() + 120)
        return (await generate(engine, request)).text
    finally:
        await engine.close()


async def never(_: web.BaseRequest) -> web.Response:
    raise AssertionError("nothing may be sent over such a connection")


@pytest.mark.parametrize(
    ("name", "kind"),
    [*((name, kind) for name in ("local", "openai") for kind in BAD), ("gemini", "expired")],
)
async def test_a_certificate_that_does_not_hold_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    wrong, said = BAD[kind]
    bad = certificate(tmp_path, **wrong)  # type: ignore[arg-type]
    if kind not in ("self-signed", "unknown authority"):  # so that only this is wrong with it
        monkeypatch.setenv("SSL_CERT_FILE", str(bad.vouched_by))
    async with plain_server(never, tls=bad.server_context()) as server:
        with pytest.raises(EngineUntrusted, match=said) as caught:
            await question(ENGINES[name](server.url))
    assert not caught.value.retryable
    assert caught.value.escalates
    assert "[SSL" not in str(caught.value), "nor in OpenSSL's words"
    assert server.bodies == []


async def test_a_certificate_of_ones_own_is_believed_once_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificate(tmp_path, self_signed=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(own.vouched_by))
    async with serving_tls(own) as url:
        assert await question(ENGINES["local"](url)) == "1 2 3"
        assert await list_models(f"{url}/v1", api_key="test-key", timeout_s=5) == ["test-model"]


def serving_tls(own: Certificate) -> _Behind:
    return _Behind(own)


class _Behind:
    """The well-behaved provider, behind something that ends TLS."""

    def __init__(self, own: Certificate) -> None:
        self._own = own
        self._provider = ProviderServer(models=("test-model",))

    async def __aenter__(self) -> str:
        await self._provider.__aenter__()
        self._front = await asyncio.start_server(
            self._pass_on, "127.0.0.1", 0, ssl=self._own.server_context()
        )
        return f"https://127.0.0.1:{self._front.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._front.close()
        await self._provider.__aexit__()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._provider.port)
        await asyncio.gather(copy(reader, back_writer), copy(back_reader, writer))


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()


@pytest.mark.parametrize("name", ENGINES)
async def test_https_to_a_server_without_tls(name: str) -> None:
    async with ProviderServer() as server:
        with pytest.raises(EngineUntrusted, match=r"speaks no TLS.*write http:// there"):
            await question(ENGINES[name](server.url.replace("http:", "https:")))


@pytest.mark.parametrize("name", ENGINES)
async def test_http_to_a_server_with_tls(tmp_path: Path, name: str) -> None:
    context = certificate(tmp_path).server_context()
    async with plain_server(never, tls=context) as server:
        with pytest.raises(EngineUntrusted, match=r"speaks TLS.*write https:// there"):
            await question(ENGINES[name](server.url.replace("https:", "http:")))
    assert server.bodies == []


@pytest.mark.parametrize("name", ["local", "openai"])
async def test_what_a_gateway_says_of_a_server_behind_it_is_not_said_of_the_gateway(
    name: str,
) -> None:
    async def behind(_: web.BaseRequest) -> web.Response:
        said = "upstream: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"
        return web.json_response({"error": {"message": said}}, status=502)

    async with plain_server(behind) as server:
        with pytest.raises(EngineUnavailable, match=r"\(502: upstream: ") as caught:
            await question(ENGINES[name](server.url))
    assert not isinstance(caught.value, EngineUntrusted)


async def test_a_list_of_models_says_the_same(tmp_path: Path) -> None:
    async with plain_server(never, tls=certificate(tmp_path).server_context()) as server:
        with pytest.raises(EngineUntrusted, match="is self-signed"):
            await list_models(f"{server.url}/v1", api_key=None, timeout_s=5)
