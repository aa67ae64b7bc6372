"""Reads the phrasings that prompts are generated from, and holds some of them out.

Every sixth template of a kind and every sixth line of a pool is held out: it makes no training
prompt, so that accuracy on phrasings never seen can be measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from router.types.decision import Kind

Written = Literal["en", "pt"]

KINDS = tuple(kind for kind in Kind if kind is not Kind.UNSURE)

_HELD_OUT_EVERY = 6
_LISTS = ("openings", "closings")


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's file: templates by kind, slot fillers by name, and pools of whole lines."""

    templates: dict[Kind, tuple[str, ...]]
    pools: dict[str, tuple[str, ...]]
    slots: dict[str, tuple[str, ...]]
    sentences: tuple[str, ...]
    material: tuple[str, ...]
    openings: tuple[str, ...]
    closings: tuple[str, ...]


def templates(kind: Kind, language: Written, *, held_out: bool) -> list[str]:
    """The phrasings of one kind, on one side of the split."""
    return side(phrases(language).templates[kind], held_out=held_out)


def side(lines: Sequence[str], *, held_out: bool) -> list[str]:
    """The lines on one side of the split; none on the held-out side where there are under six."""
    return [
        line
        for position, line in enumerate(lines)
        if (position % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1) == held_out
    ]


@cache
def phrases(language: Written) -> Phrases:
    """Read one language's phrasings from the package."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    text = files("router.classify").joinpath(f"phrases/{language}.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("## "):
            current = sections.setdefault(line[3:].strip(), [])
        elif line.strip() and not line.startswith("# "):
            current.append(line.replace("\\n", "\n"))
    fillers = {
        name: tuple(part.strip() for part in " ".join(lines).split(";"))
        for name, lines in sections.items()
        if name.startswith("slot ") or name in _LISTS
    }
    return Phrases(
        templates={kind: tuple(sections[kind.value]) for kind in KINDS},
        pools={
            name[5:]: tuple(lines) for name, lines in sections.items() if name.startswith("pool ")
        },
        slots={name[5:]: values for name, values in fillers.items() if name.startswith("slot ")},
        sentences=tuple(sections["sentences"]),
        material=tuple(sections["material"]),
        openings=fillers["openings"],
        closings=fillers["closings"],
    )
