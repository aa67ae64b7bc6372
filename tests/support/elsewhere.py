"""A non-loopback address of this machine that a test can serve on."""

from __future__ import annotations

import socket

import pytest

from agents.engines import openai_server

_ANYWHERE = ("192.0.2.1", 9)
"""Nothing is sent there: a datagram socket that is connected only learns its own address."""


def another_host(monkeypatch: pytest.MonkeyPatch) -> str:
    """This machine's address in its network, which the code under test takes for another machine's.

    Without a network: loopback, patched to be taken for another machine.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)
            found = str(probe.getsockname()[0])
        except OSError:
            found = "127.0.0.1"
    if found.startswith("127."):
        monkeypatch.setattr(openai_server, "is_loopback", lambda _: False)
    return found
