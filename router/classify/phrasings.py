"""Reads the phrasings that prompts are generated from, and holds some of them out.

`en.txt` and `pt.txt` have the ordinary requests of each kind, `*_families.txt` families that were
added to them, and what asks for nothing around a request.

Every sixth template of a kind and every sixth line of a pool is held out: it makes no training
prompt, so that accuracy on phrasings never seen can be measured.
"""

from __future__ import annotations

import random
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


def framed(prompt: str, chance: random.Random, language: Written, *, held_out: bool = False) -> str:
    """`prompt` with what asks for nothing before it, after it, or both: "Hi,", "be brief."."""
    known = phrases(language).pools
    where = chance.choice(["before", "after", "both"])
    for pool in ("before", "after"):
        if where not in (pool, "both"):
            continue
        line = chance.choice(side(known[pool], held_out=held_out))
        line = line.replace("{n}", str(chance.randint(1, 60)))
        line = line if chance.random() < 0.3 else line[:1].upper() + line[1:]
        space = chance.choice([" ", "\n", "\n\n"])
        prompt = f"{line}{space}{prompt}" if pool == "before" else f"{prompt}{space}{line}"
    return prompt


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
    folder = files("router.classify").joinpath("phrases")
    for name in (f"{language}.txt", f"{language}_families.txt"):
        for line in folder.joinpath(name).read_text("utf-8").splitlines():
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
