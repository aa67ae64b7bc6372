"""What is this machine, and what only looks like it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from router.machine import address_is_here, is_loopback, names_this_machine

HERE = [
    "http://127.0.0.1:8080/v1",
    "http://127.0.0.2",
    "http://127.1",
    "http://2130706433:8080",
    "http://0x7f000001",
    "http://0177.0.0.1",
    "http://localhost:11434/v1",
    "HTTP://LOCALHOST/v1",
    "http://[::1]:8080",
    "http://[::ffff:127.0.0.1]:8080",
    "http://[0:0:0:0:0:0:0:1]",
    "http://0.0.0.0:11434",
    "http://[::]:11434",
    "http://user:password@127.0.0.1:8080",
    "  http://127.0.0.1  ",
]

ELSEWHERE = [
    "http://192.0.2.2:8080",
    "http://10.0.0.7",
    "http://[fd00::2]",
    "http://[::ffff:192.0.2.2]",
    "http://[::127.0.0.1]",
    "http://[64:ff9b::7f00:1]",
    "http://3221225986",  # 192.0.2.2
    "http://0300.0.2.2",
    "http://128.0.0.1",
    "http://127.0.0.1.example.org",
    "http://127.0.0.1@evil.example",
    "http://localhost@evil.example:80",
    "http://127.0.0.1:80@evil.example",
    "http://evil.example\\@127.0.0.1",
    "http://evil.example\\.localhost",
    "http://127.0.0.1\\@evil.example",
    "http://evil.example#@127.0.0.1",
    "http://evil.example?@127.0.0.1",
    "http://localhost.example.org",
    "http://notlocalhost",
    "http://gpu-box:8000/v1",
    "http://１２７.0.0.1",
    "http://loсalhost",
    "http://127.0.0.1%00.evil.example",
    "http://[::1]evil.example",
    "http://[::1",
    "http://",
    "127.0.0.1:8080",
    "",
]


@pytest.mark.parametrize("url", HERE)
def test_loopback_in_every_spelling_is_here(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_what_only_looks_like_it_is_elsewhere(url: str) -> None:
    assert not is_loopback(url)


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """The system's resolver says so, as a hosts file or a DNS server may; what it was asked."""
    asked: list[str] = []

    def answer(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        kind = socket.SOCK_STREAM
        return [
            (socket.AF_INET6, kind, 6, "", (one, 0, 0, 0))
            if ":" in one
            else (socket.AF_INET, kind, 6, "", (one, 0))
            for one in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


@pytest.mark.parametrize("name", ["localhost", "models.localhost"])
@pytest.mark.parametrize(
    ("addresses", "here"),
    [
        (("127.0.0.1", "::1"), True),
        (("127.0.0.3",), True),
        (("192.0.2.2",), False),
        (("127.0.0.1", "192.0.2.2"), False),
        (("::1", "fd00::2"), False),
        ((), False),
    ],
)
def test_a_local_name_is_what_it_resolves_to(
    monkeypatch: pytest.MonkeyPatch, name: str, addresses: tuple[str, ...], here: bool
) -> None:
    resolving(monkeypatch, *addresses)
    assert is_loopback(f"http://{name}:8080/v1") is here
    assert names_this_machine(name), "by its name alone"


def test_no_other_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolving(monkeypatch, "127.0.0.1")
    assert not is_loopback("http://rebinding.example:8080")
    assert asked == []


def test_an_address_of_a_socket_is_judged_by_its_number() -> None:
    here = ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::1%lo")
    assert all(address_is_here(one) for one in here)
    assert not any(address_is_here(one) for one in ("192.0.2.2", "fe80::1%eth0", "localhost", ""))
