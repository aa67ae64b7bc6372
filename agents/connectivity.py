"""Finds out why the cloud does not answer, by probing the network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from agents.engines.providers import provider_of
from router.machine import is_loopback
from router.settings.cloud import CloudSettings
from router.types.result import CloudState

_CONNECT_S = 2.0
_KNOWN_S = 10.0
"""How long a finding is used. Afterwards the network is probed again, or the cloud is tried."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The cloud's state, and the evidence for it, in words."""

    state: CloudState
    words: str


class Connectivity:
    """Probes the network after a cloud failed, and caches the finding for some seconds."""

    def __init__(self, cloud: CloudSettings, models: Sequence[str]) -> None:
        self._places = _places(cloud, models)
        self._witnesses = tuple(_host_port(witness, 443) for witness in cloud.witnesses)
        self._needs_network = cloud.url is None or not is_loopback(cloud.url)
        self._known_s = min(_KNOWN_S, cloud.cool_down_s)
        self._found: Finding | None = None
        self._at = 0.0
        self._looking = asyncio.Lock()

    @property
    def known(self) -> Finding | None:
        """The cached finding; None where the cloud may be tried."""
        fresh = time.monotonic() - self._at < self._known_s
        return self._found if fresh else None

    def served(self) -> None:
        """The cloud answered: discard the finding."""
        self._found = None

    async def look(self, answered: str = "") -> Finding:
        """After a failure: whether the provider or the network is down. Takes at most about 4 s.

        answered: what the provider did, in words, where it is known to have answered.
        """
        async with self._looking:
            if (known := self.known) is not None:
                return known
            self._found, self._at = await self._look(answered), time.monotonic()
            return self._found

    async def probe(self) -> Finding:
        """Before any failure: whether the provider accepts connections. For diagnosis."""
        if await _any_answers(self._places):
            return Finding(CloudState.OPEN, f"{self._named} takes connections")
        return await self._no_way()

    async def _look(self, answered: str) -> Finding:
        if answered:
            return Finding(CloudState.PROVIDER_DOWN, f"{self._named} {answered}")
        if await _any_answers(self._places):
            words = f"{self._named} takes connections, but does not answer requests"
            return Finding(CloudState.PROVIDER_DOWN, words)
        return await self._no_way()

    async def _no_way(self) -> Finding:
        """The provider accepts no connection: whether any other host does."""
        alone = not self._needs_network or not self._witnesses
        if alone or await _any_answers(self._witnesses):
            return Finding(CloudState.PROVIDER_DOWN, f"{self._named} cannot be reached")
        words = f"there is no network: neither {self._named} nor others"
        return Finding(CloudState.NO_NETWORK, words)

    @property
    def _named(self) -> str:
        return ", ".join(f"{host}:{port}" for host, port in self._places) or "the provider"


def _places(cloud: CloudSettings, models: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Where the cloud models are served, as far as it is known."""
    if cloud.url is not None:
        return (_host_port(cloud.url, 443),)
    providers = (provider_of(model) for model in models)
    return tuple(dict.fromkeys((one.host, 443) for one in providers if one is not None))


def _host_port(address: str, port: int) -> tuple[str, int]:
    parts = urlsplit(address if "://" in address else f"//{address}")
    default = 80 if parts.scheme == "http" else port
    return parts.hostname or address, parts.port or default


async def _any_answers(places: Sequence[tuple[str, int]]) -> bool:
    """Whether one of them takes a connection."""
    return any(await asyncio.gather(*(_answers(*place) for place in places)))


async def _answers(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError, UnicodeError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
