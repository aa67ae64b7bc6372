"""Explains connection failures that are more than silence: in words, with the remedy."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agents.engines.redirects import RedirectRefused
from router.machine import address_is_here

if TYPE_CHECKING:
    import httpx


class SpeaksTls(Exception):
    """The server hung up on plain HTTP because it expects TLS."""


class WrongMachine(Exception):
    """A name that should mean this machine resolved to another one. Nothing was sent there."""


_NAME_IT = "name the certificate (a PEM file) that vouches for it in SSL_CERT_FILE"
_CURES = {
    9: "its certificate is not valid yet: check the clock of this machine",
    10: "its certificate has expired: it must be renewed, or the clock of this machine is wrong",
    18: f"its certificate is self-signed: if the server is yours, {_NAME_IT}",
    19: "its certificate comes from an authority that nobody here knows, perhaps of a proxy that "
    f"reads along: if that is wanted, {_NAME_IT}",
    20: f"its certificate comes from an authority that nobody here knows: {_NAME_IT}",
}
"""Remedies by OpenSSL's error number for a certificate."""

_OTHER_NAME = frozenset({62, 64})

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
_OLD_TLS = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION"})
_NOT_US = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE")

_SPEAKS_TLS = re.compile(
    # The start of the alert that a TLS server sends to a plain-text client; then what other servers
    # say.
    r"\\x15\\x03|\x15\x03|plain HTTP request was sent to HTTPS|HTTP request to an HTTPS",
    re.IGNORECASE,
)
_REASON = re.compile(r"\[SSL: (\w+)\]|(CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER)")
_BAD_HEADER = re.compile(
    r"(?:illegal|invalid) header value|(?:carriage return|control character).* in headers",
    re.IGNORECASE,
)

_UNREADABLE = frozenset(
    # Of Python, httpx, aiohttp and pydantic, in which OpenAI's SDK and LangChain read answers.
    {"UnicodeDecodeError", "JSONDecodeError", "DecodingError", "ContentEncodingError"}
    | {"ValidationError"}
)


def fault(chain: Iterable[BaseException], *, answered: bool = False) -> str | None:
    """What was wrong with the server that was reached; None where nothing of the kind is known.

    chain: a failure and its causes. answered: it sent an HTTP error, so that what it says about TLS
    concerns a server behind it.
    """
    failures = tuple(chain)
    for one in failures:
        if isinstance(one, RedirectRefused):
            return (
                f"it wants the request to be sent to {one.target} ({one.status}), where it was not "
                "sent: if that is the right address, write it into the configuration"
            )
        if isinstance(one, WrongMachine):
            return str(one)
    if any(isinstance(one, SpeaksTls) or _SPEAKS_TLS.search(str(one)) for one in failures):
        return "it speaks TLS, and the address says http: write https:// there"
    return None if answered else _tls_fault(failures)


def _tls_fault(failures: Sequence[BaseException]) -> str | None:
    for one in failures:
        # aiohttp's own class of this name has no code, and is made from the one that has.
        if isinstance(code := getattr(one, "verify_code", None), int):
            return _certificate(code, str(getattr(one, "verify_message", "")))
    for one in failures:
        if isinstance(one, ssl.SSLError):
            return _tls(one.reason or "")
        if match := _REASON.search(str(one)):  # of one that was kept as a text
            return _tls(match[1] or match[2])
    return None


def hung_up(chain: Iterable[BaseException]) -> bool:
    """Whether the server accepted the connection, and closed it without an answer."""
    names = ("RemoteProtocolError", "ServerDisconnectedError", "ReadError", "ConnectionResetError")
    return any(type(one).__name__ in names or "Server disconnected" in str(one) for one in chain)


async def speaks_tls(url: str, *, within_s: float = 1.0) -> bool:
    """Whether the server answers a TLS ClientHello; nothing else is sent."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or 80, ssl=_unverified()
            )
    except (OSError, TimeoutError, ValueError):
        return False
    writer.transport.abort()
    return True


def _unverified() -> ssl.SSLContext:
    """Certificates are not verified in this probe: it sends no secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def verified() -> ssl.SSLContext | bool:
    """How certificates are judged: by SSL_CERT_FILE where it is set, else as httpx does."""
    named = os.environ.get("SSL_CERT_FILE")
    return ssl.create_default_context(cafile=named) if named else True


def keep_here(client: httpx.AsyncClient) -> None:
    """Makes an httpx client raise WrongMachine before sending, where a local name leads elsewhere.

    The name was judged to be this machine's, but a resolver's answer may change afterwards.
    """

    async def look(request: httpx.Request) -> None:
        request.extensions = {**request.extensions, "trace": _look_at_peer}

    hooks = client.event_hooks
    client.event_hooks = {**hooks, "request": [*hooks["request"], look]}


async def _look_at_peer(event: str, told: Mapping[str, Any]) -> None:
    if event != "connection.connect_tcp.complete":
        return
    stream = told["return_value"]
    address = stream.get_extra_info("server_addr")
    if not (isinstance(address, tuple) and address_is_here(str(address[0]))):
        await stream.aclose()
        found = address[0] if isinstance(address, tuple) else "something else"
        raise WrongMachine(
            f"its name is one of this machine's and leads to another one, {found}, to which "
            "nothing was sent: write that address, or mend the hosts file"
        )


def is_garbled(chain: Iterable[BaseException]) -> bool:
    """Whether a response arrived but could not be decoded."""
    return any(
        type(one).__name__ in _UNREADABLE or "while decompressing data" in str(one) for one in chain
    )


def is_bad_header(chain: Iterable[BaseException]) -> bool:
    """Whether the key has a character not allowed in a header: a line break, or non-ASCII."""
    return any(
        _BAD_HEADER.search(str(one))
        or (isinstance(one, UnicodeEncodeError) and one.encoding in ("ascii", "latin-1"))
        for one in chain
    )


def _certificate(code: int, message: str) -> str:
    if code in _OTHER_NAME:
        return f"its certificate is for another name ({message}): write the name that it is for"
    return _CURES.get(code) or f"its certificate does not hold ({message}): it must be mended there"


def _tls(reason: str) -> str:
    if reason in _NO_TLS:
        return "it speaks no TLS, and the address says https: write http:// there"
    if reason in _OLD_TLS:
        return "it speaks no version of TLS that is still safe: it must be brought up to date"
    if reason == "CERTIFICATE_VERIFY_FAILED":
        return _CURES[20]
    if any(reason.endswith(one) for one in _NOT_US):
        return f"it does not accept this side of the TLS connection ({reason})"
    return f"the TLS connection failed ({reason or 'it was broken off'}): is that a TLS port?"
