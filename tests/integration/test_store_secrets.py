"""The password in a Redis URL is never shown, whatever is wrong with the URL or with the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import ConfigError, EdgewardError, StoreUnavailable
from router.settings.file import render
from router.settings.settings import Settings, load_settings
from router.settings.store import StoreSettings
from router.settings.urls import shown_url
from router.store.errors import redacted
from router.store.store import is_this_machine, open_store, store_status

SIGNS = ["#", "/", "?", "@", ":", "%", "[", "]", "\\", " ", "&", "=", "//", "#/", "@@", "?a=", "é"]
FORMS = [
    "redis://:{}@127.0.0.1:1/0",
    "redis://user:{}@127.0.0.1:1/0",
    "redis://{}@127.0.0.1:1",
    "REDIS://:{}@127.0.0.1:1",
    "Rediss://user:{}@127.0.0.1:1/0",
    "redis+sentinel://:{}@127.0.0.1:1/mymaster",
    "redis://:{}@",
    "redis://:{}@:1/0",
    "redis://user:{}",
    "redis:///{}",
    "redis://127.0.0.1:1/{}",
    "redis://127.0.0.1:1/0?password={}",
    "redis://127.0.0.1:1/0?{}",
    "redis://127.0.0.1:1/0#{}",
    "redis://127.0.0.1:{}/0",
    "redis://[{}]:1/0",
    "redis:/:{}@127.0.0.1:1",
    "redis::{}@127.0.0.1:1",
    ":{}@127.0.0.1:1",
    "'redis://:{}@127.0.0.1:1'",
    "unix://:{}@/nowhere/redis.sock",
    "unix:///nowhere/redis.sock?password={}",
    "http://:{}@127.0.0.1:1",
    "redis://:{}@127.0.0.1:1\n",
]


def everything_said(error: BaseException) -> str:
    """Its text, its repr, and what a traceback of it and of all that it is chained to shows."""
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\n".join([*map(str, chain), *map(repr, chain)])


def nothing_of_it_in(text: str) -> None:
    assert "hunter2" not in text
    assert "secret" not in text.replace("secrets", "")


@pytest.mark.parametrize("form", FORMS)
async def test_nothing_of_a_password_is_shown_wherever_a_sign_breaks_it(form: str) -> None:
    for sign in SIGNS:
        if form in AMBIGUOUS and sign in ("@", "@@", ":"):
            continue
        url = form.format(f"hunter2{sign}secret")
        nothing_of_it_in(redacted(url))
        nothing_of_it_in(repr(StoreSettings(url=url)))
        nothing_of_it_in(render(Settings(store=StoreSettings(url=url)).redacted()))
        is_this_machine(url)
        with pytest.raises(EdgewardError) as caught:
            await open_store(url=url)
        said = everything_said(caught.value)
        nothing_of_it_in(said)
        if isinstance(caught.value, ConfigError):
            assert "percent-encoded" in said
            with pytest.raises(ConfigError):
                await store_status(url=url)
        else:
            nothing_of_it_in((await store_status(url=url)).detail)


AMBIGUOUS = ("redis://user:{}", "redis://127.0.0.1:{}/0", "redis://{}@127.0.0.1:1")
"""With an `@` or a `:` more, these are whole URLs of another host or a user: nobody can know."""

PARTS = st.text(alphabet=st.sampled_from([*"#/?@:%[]\\&=+. ", "a", "é", "1"]), max_size=6)


@settings(max_examples=1500, deadline=None)
@given(PARTS, PARTS, PARTS, PARTS, st.sampled_from(sorted({*FORMS} - {*AMBIGUOUS})))
def test_no_sign_around_a_secret_lets_it_be_shown(
    before: str, between: str, after: str, end: str, form: str
) -> None:
    url = form.format(f"{before}HUNTER2x{between}SECRETx{after}") + end
    for text in (redacted(url), shown_url(url) or ""):
        assert "HUNTER2" not in text
        assert "SECRET" not in text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:pw@h:1/0", "redis://:***@h:1/0"),
        ("redis://:a:b@h:1/0", "redis://:***@h:1/0"),
        ("redis://a:b:c@h", "redis://***@h"),
        ("redis://token@h", "redis://***@h"),
        ("rediss://[::1]:6380/2?ssl_cert_reqs=none&x=y", "rediss://[::1]:6380/2?ssl_cert_reqs=***&***=***"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("https://me:pw@host/v1?key=1", "https://me:***@host/v1?***=***"),
        ("unix:///tmp/a b/r.sock", "unix:///tmp/a b/r.sock"),
        ("redis://h:99999/0", None),
        ("redis://h/mine", None),
        ("ftp://h/0", None),
    ],
)  # fmt: skip
def test_what_is_no_secret_is_shown(url: str, shown: str | None) -> None:
    assert shown_url(url) == shown


def test_where_only_the_scheme_was_forgotten_the_place_is_shown() -> None:
    for url in ("localhost", "localhost:6379", "10.0.0.1:6379/0"):
        assert redacted(url) == url
    for url in ("hunter2", "hunter2:6379", ":hunter2@localhost"):
        assert redacted(url) == "the given Redis URL"


@pytest.mark.parametrize(
    "text",
    [
        "store: redis://:hunter2/secret@h\n",
        "store: redis://:hunter2secret@h\n",
        "store: {namespace: 'redis://:hunter2#secret@h'}\n",
        "store: {url: [redis://:hunter2@h]}\n",
        "log_level: redis://:hunter2/secret@h\n",
        "cloud: {model: [hunter2], api_key: true}\n",
    ],
)
def test_a_mistake_in_the_configuration_does_not_quote_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {})
    nothing_of_it_in(str(caught.value))


def test_tokens_of_mcp_servers_and_keys_are_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text(
        "tools: {servers: {a: {command: [x], env: {TOKEN: hunter2}}, "
        "b: {url: 'http://me:hunter2@127.0.0.1/x', headers: {Authorization: Bearer hunter2}}}}\n"
        "cloud: {model: m, api_key: hunter2, url: 'http://u:hunter2@127.0.0.1/v1'}\n"
        "models: {general: {url: 'http://u:hunter2@127.0.0.1/v1', api_key: hunter2}}\n"
    )
    settings, _ = load_settings(path, {})
    for text in (render(settings.redacted()), repr(settings), str(settings)):
        nothing_of_it_in(text)


@asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    """A server that knows no command and says each back with its words, as Redis before 6 did."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            words = []
            for _ in range(int(head[1:])):
                length = int((await reader.readline())[1:])
                words.append((await reader.readexactly(length + 2))[:-2].decode())
            rest = " ".join(f"`{word}`," for word in words[1:])
            writer.write(
                f"-ERR unknown command `{words[0]}`, with args beginning with: {rest} \r\n".encode()
            )
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_a_server_that_says_the_password_back_is_not_quoted() -> None:
    async with echoing() as port:
        with pytest.raises(StoreUnavailable) as caught:
            await open_store(url=f"redis://me:hunter2@127.0.0.1:{port}/0")
    nothing_of_it_in(everything_said(caught.value))
    assert "lacks a command" in str(caught.value)


async def test_an_open_store_does_not_show_its_url(redis_url: str) -> None:
    async with await open_store(url=f"{redis_url}?client_name=hunter2\n") as store:
        nothing_of_it_in(repr(store))
        nothing_of_it_in(store.description)
