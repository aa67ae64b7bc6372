"""What is said of the machine's devices, with a real program in nvidia-smi's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.engines.devices import Card, NoCard, machine_memory_bytes, nvidia_cards


def driver(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_each_card_is_read_with_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "NVIDIA GeForce RTX 2060, 6144, 512\\nTesla T4, Rev 2, 15360, 0\\n"
    driver(tmp_path, monkeypatch, f"printf '{lines}'")
    assert nvidia_cards() == (
        Card("NVIDIA GeForce RTX 2060", 6144 * 2**20, 512 * 2**20),
        Card("Tesla T4, Rev 2", 15360 * 2**20, 0),
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 9", "nvidia-smi does not answer"),
        ("true", "lists no card"),
        ("echo 'vGPU, [N/A], [N/A]'", "lists no card"),
    ],
)
def test_a_driver_that_is_no_help_is_no_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    driver(tmp_path, monkeypatch, script)
    with pytest.raises(NoCard, match=reason):
        nvidia_cards()


def test_without_a_driver_there_is_no_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCard, match="no NVIDIA driver found"):
        nvidia_cards()


def test_the_machine_has_some_memory() -> None:
    assert 2**26 < machine_memory_bytes() < 2**50
