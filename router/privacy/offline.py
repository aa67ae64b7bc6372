"""Forbids this process every connection to another machine, where `offline` is set."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

from router.errors import Offline

_forbidden = False
_hooked = False


def forbid_outbound() -> None:
    """From now on, whatever library it is: a connection elsewhere raises Offline.

    Python's own audit events are watched, so it holds for every socket that Python code opens, and
    it cannot be undone: for a process that is edgeward's own, such as the command.
    """
    global _forbidden, _hooked
    _forbidden = True
    if not _hooked:
        _hooked = True
        sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket.") or not _forbidden:
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and address and not _is_here(str(address[0])):
            raise Offline(f"`offline` is set, and something wanted to connect to {address[0]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and arguments[0]:
        host = arguments[0]
        name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
        if not _is_here(name):
            raise Offline(f"`offline` is set, and something wanted to look up {name}")


def _is_here(host: str) -> bool:
    """Whether an address is this machine's own: loopback, or the address to listen on all."""
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
