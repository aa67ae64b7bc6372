"""Forbids this process every connection to another machine, where `offline` is set."""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from router.errors import Offline
from router.machine import address_is_here, names_this_machine

_DEFAULT_PORTS = (80, 443, 1080, 3128)
"""Ports of a proxy that is configured without one; the default differs by program."""

_forbidden = False
_hooked = False


def forbid_outbound() -> None:
    """From now on every connection of this process to another machine raises Offline.

    Python's own audit events are used, so it holds for every socket that Python code opens, and it
    cannot be undone: for a process of edgeward's own, such as the command. A proxy of the
    environment counts as another machine wherever it listens: it forwards.
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
        if isinstance(address, tuple) and address:
            _require_here(str(address[0]), address[1] if len(address) > 1 else None)
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and arguments[0]:
        host = arguments[0]
        name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
        if not names_this_machine(name):
            raise Offline(f"`offline` is set, and something wanted to look up {name}")


def _require_here(host: str, port: object) -> None:
    if host and not (address_is_here(host) or names_this_machine(host)):
        raise Offline(f"`offline` is set, and something wanted to connect to {host}")
    if (variable := _proxy_at(port)) is not None:
        raise Offline(
            f"`offline` is set, and something wanted to go through the proxy on port {port} of "
            f"this machine ({variable}), which is a way out of it"
        )


def _proxy_at(port: object) -> str | None:
    """The source of a proxy on this port of this machine: a variable, or the system's settings."""
    named = [(name, value) for name, value in os.environ.items() if name.lower().endswith("_proxy")]
    named += [(f"the system's {kind} proxy", value) for kind, value in getproxies().items()]
    for name, value in named:
        if name.lower() == "no_proxy" or name == "the system's no proxy":
            continue
        try:
            parts = urlsplit(value if "://" in value else f"//{value}")
            ports = (parts.port,) if parts.port is not None else _DEFAULT_PORTS
        except ValueError:
            continue
        if port in ports and names_this_machine(parts.hostname or ""):
            return name
    return None
