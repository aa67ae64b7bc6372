"""An address that is not loopback, and on which a test can serve all the same."""

from __future__ import annotations

import socket

import pytest

from agents.engines import openai_server

_ANYWHERE = ("192.0.2.1", 9)
"""Nothing is sent there: a datagram socket that is connected only learns its own address."""


def another_host(monkeypatch: pytest.MonkeyPatch) -> str:
    """This machine's address in its network: for what is judged here it is another machine's.

    Where there is no network, loopback, which is then judged to be another machine.
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
