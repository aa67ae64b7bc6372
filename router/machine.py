"""Tells this machine's own addresses: what is sent to any other one leaves the machine."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

_AUTHORITY = re.compile(r"(?:[^@\\\s]*@)?(\[[\w:.%-]+\]|[\w.-]+)(?::\d*)?", re.ASCII)
"""Hosts that every URL parser reads in the same way; all others count as elsewhere."""

_NUMERIC = re.compile(r"[0-9][0-9a-fx.]*", re.ASCII)


def is_loopback(url: str) -> bool:
    """Whether the server at this address runs on this machine, reached directly.

    Only loopback counts, in every spelling, and names that are this machine's by definition
    (`localhost` and what ends in it), where all that they resolve to is loopback. Other names are
    not looked up: they may resolve differently tomorrow.
    """
    try:
        authority = urlsplit(url.strip()).netloc
    except ValueError:
        return False
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return False
    host = match[1].strip("[]")
    if not names_this_machine(host):
        return False
    return _numeric(host) is not None or _resolves_here(host)


def authority(url: str) -> str:
    """Where an address leads, as host:port, without the name and the password that may be in it."""
    parts = urlsplit(url.strip())
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def names_this_machine(host: str) -> bool:
    """As `is_loopback`, for a host and without a look-up: by its number, or by its name alone."""
    host = host.lower().rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    number = _numeric(host)
    return number is not None and address_is_here(number)


def address_is_here(address: str) -> bool:
    """Whether a socket's address is loopback, or the wildcard address."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(number, "ipv4_mapped", None)
    number = mapped or number
    return number.is_loopback or number.is_unspecified


def _numeric(host: str) -> str | None:
    """A host that is a number, in the usual form; None for a name.

    As the system's own resolver reads it: 127.1, 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1.
    """
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    if not _NUMERIC.fullmatch(host.lower()):
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _resolves_here(name: str) -> bool:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(address_is_here(str(sockaddr[0])) for *_, sockaddr in found)
