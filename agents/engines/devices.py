"""Which devices this machine has for models: memory of the machine, and NVIDIA cards."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Card:
    """One NVIDIA card, as its driver reports it."""

    name: str
    total_bytes: int
    used_bytes: int


class NoCard(Exception):
    """There is no card to be used; the message says why, in words."""


def nvidia_cards() -> tuple[Card, ...]:
    """The cards in the driver's order, asked of nvidia-smi; at least one, or NoCard."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        raise NoCard("no NVIDIA driver found")
    query = "--query-gpu=name,memory.total,memory.used"
    command = [tool, query, "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoCard(f"nvidia-smi does not answer: {error}") from error
    cards = []
    for line in done.stdout.strip().splitlines():
        name, total, used = (part.strip() for part in line.rsplit(",", 2))
        with suppress(ValueError):  # "[N/A]" for what a virtual card does not tell
            cards.append(Card(name, int(total) * 2**20, int(used) * 2**20))
    if not cards:
        raise NoCard("nvidia-smi lists no card")
    return tuple(cards)


def machine_memory_bytes() -> int:
    """What this process may use: the machine's memory, or its container's share."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total
