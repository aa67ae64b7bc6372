"""Translates Redis's exceptions: what could not be reached, why, and the remedy."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from router.errors import StoreUnavailable
from router.settings.urls import shown_url

_IN_SCRIPT = re.compile(r"Error running script [^:]*: (?:@user_script: ?\d+: )+(?:-|ERR )?")
_REFUSED_IN_SCRIPT = "user executing the script can't run this command"


def redacted(url: str) -> str:
    """A Redis URL that can be shown: the password and every query value replaced by stars."""
    if _BARE.fullmatch(url):
        return url
    return shown_url(url) or "the given Redis URL"


_BARE = re.compile(r"(?:localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::[0-9]{1,5})?(?:/[0-9]*)?")
"""What is written where the scheme was forgotten, and surely holds no password."""

_QUOTED = re.compile(r",? with args beginning with:.*", re.S)
"""How an old server, or one of another make, says a command back: with the password of an AUTH."""


@contextmanager
def store_errors(description: str) -> Iterator[None]:
    """Turns every exception of the Redis client inside into StoreUnavailable about `description`.

    A programming error (DataError) and a lost optimistic lock (WatchError) pass: the first is a
    bug, the second a result that the caller handles. Never wrap a `yield` in it.
    """
    from redis.exceptions import DataError, RedisError, WatchError

    try:
        yield
    except (DataError, WatchError):
        raise
    except (RedisError, OSError) as error:
        # An error that quotes a password or a prompt is not chained: a traceback would show it.
        cause = None if _QUOTED.search(str(error)) else error
        raise StoreUnavailable(f"{description} {_explained(error)}") from cause


def _explained(error: Exception) -> str:
    """The cause and the cure, to follow the name of the store."""
    from redis import exceptions as redis

    if error.args and isinstance(error.args[0], redis.RedisError):
        error = error.args[0]  # a refused greeting comes wrapped in a ConnectionError
    said = _QUOTED.sub("", str(error))
    if quoting := re.match(r"Command # \d+ \(.*\) of pipeline caused error: ", said, re.S):
        # It quotes the command, and with it somebody's prompt; the rest is a tuple in words.
        said = said[quoting.end() :].strip("(),'\"")
    if in_script := _IN_SCRIPT.match(said):
        # An error of a command inside a script is shown as that of the command alone.
        said = said[in_script.end() :]
        code = "NOPERM" if _REFUSED_IN_SCRIPT in said else said.partition(" ")[0]
        error = {
            "OOM": redis.OutOfMemoryError,
            "READONLY": redis.ReadOnlyError,
            "NOPERM": redis.NoPermissionError,
        }.get(code, redis.ResponseError)(said)
    match error:
        case redis.AuthenticationError():
            return (
                f"refused the user name or password ({said}): "
                "check them in the URL, redis://user:password@host:6379/0"
            )
        case redis.BusyLoadingError():
            return "is still loading its data: try again in a moment"
        case redis.TimeoutError() | TimeoutError():
            return "did not answer in time: is it overloaded, or is a firewall in between?"
        case redis.OutOfMemoryError():
            return f"is out of memory ({said}): raise its maxmemory, or shorten the retention"
        case redis.ReadOnlyError():
            return f"is a read-only replica ({said}): give the address of the primary"
        case redis.NoPermissionError():
            return f"does not let this user do that ({said}): change its ACL"
        case redis.InvalidResponse():
            return "does not speak Redis's protocol: check the port, or use rediss:// for TLS"
    if said.startswith("MISCONF"):
        return f"cannot write to its disk ({said}): free some space there and try again"
    if said.startswith("WRONGTYPE"):
        return "has a key of ours with foreign contents: use another namespace"
    if said.startswith("unknown command"):
        return f"lacks a command ({said}): Redis 6.2 or newer, or Valkey, is needed"
    if said.startswith("No connection available"):
        return "was so busy that no connection became free in time: run fewer tasks at once"
    if isinstance(error, redis.ResponseError):
        return f"refused a command: {said}"
    if _caused_by(error, socket.gaierror):
        return f"cannot be found ({said}): check the host name"
    return f"cannot be reached, or the connection broke ({said}): is the server running there?"


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False
