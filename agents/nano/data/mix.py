"""The families with their shares, and the one function that draws a sample of any split."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from agents.nano import ESCALATE_TOKEN
from agents.nano.data import calendar, coding, desk, edit, far, fields, figures, near
from agents.nano.data.grammar import Draw, Sample, Split

MAKERS: dict[str, Callable[[Draw, str], Sample]] = {
    "extract": fields.sample,
    "contact": fields.contact,
    "date": calendar.date,
    "time": calendar.time,
    "reminder": calendar.reminder,
    "money": figures.money,
    "phone": figures.phone,
    "copy": figures.copy,
    "ticket": desk.ticket,
    "reply": desk.reply,
    "edit": edit.edit,
    "code": coding.code,
    "sql": coding.sql,
    "shell": coding.shell,
}
FAMILIES = (*MAKERS, "escalate")
# Shares of the training samples: copying skills weigh more than figures, near misses an eighth.
SHARES = {
    "extract": 24, "contact": 6, "date": 7, "time": 9, "reminder": 6, "money": 3, "phone": 7,
    "copy": 3, "ticket": 4, "reply": 4, "edit": 11, "code": 6, "sql": 9, "shell": 7,
    "near": 14, "far": 5,
}  # fmt: skip
PORTUGUESE_SHARE = 0.4


def draw_sample(draw: Draw, family: str, negatives: Sequence[str] = ()) -> Sample:
    """One sample of a family; `near` and `far` are the two kinds of `escalate`.

    negatives: real prompts that may stand in for half of the far ones.
    """
    language = "pt" if draw.chance(PORTUGUESE_SHARE) else "en"
    if family in MAKERS:
        return MAKERS[family](draw, language)
    if family == "escalate":
        family = "near" if draw.chance(0.65) else "far"
    if family == "far" and negatives and draw.chance(0.5):
        return Sample("escalate", language, draw.pick(negatives), ESCALATE_TOKEN)
    prompt = (near.near if family == "near" else far.far)(draw, language)
    return Sample("escalate", language, prompt, ESCALATE_TOKEN)


def training_stream(seed: int, negatives: Sequence[str] = ()) -> Iterator[Sample]:
    """An endless stream of training samples, the same for the same seed."""
    draw = Draw(seed)
    names, weights = list(SHARES), list(itertools.accumulate(SHARES.values()))
    while True:
        yield draw_sample(draw, draw.rng.choices(names, cum_weights=weights)[0], negatives)


def held_out(family: str, count: int, *, values: Split, phrasing: Split, seed: int) -> list[Sample]:
    """Samples of one family from a split, without repeated prompts."""
    draw = Draw(seed, values, phrasing)
    found: dict[str, Sample] = {}
    while len(found) < count:
        sample = draw_sample(draw, family)
        found.setdefault(sample.prompt, sample)
    return list(found.values())
