"""Plans one step: how often it runs, who answers, how much is read and written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from agents.agent import Agent
from graphs.workflow.definition.files import output_schema
from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.execution.scheduling import list_of
from graphs.workflow.expressions.expressions import condition, holds, render_data
from graphs.workflow.plan.answers import json_chars
from graphs.workflow.plan.placement import GAP, Seat, Seats
from graphs.workflow.plan.sizes import (
    Knowledge,
    Size,
    items_of,
    size_of_item,
    size_of_text,
    words_of,
)
from router.policy.answer_length import answer_tokens
from router.privacy.gate import Judgement
from router.types.task import MAX_PROMPT_CHARS, Privacy, Task

Runs = Literal["yes", "no", "perhaps"]


@dataclass(frozen=True, slots=True)
class Turns:
    """How often a step runs. each: what is known in each iteration, or once for all of them."""

    times: int | None
    each: tuple[Knowledge, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """The expected cost of one answer, on average; None: unknown.

    more: names of what `prompt_tokens` do not include. longest_chars: of the longest prompt.
    answer_usd: of one cloud answer. here_s, cloud_s: seconds of one answer from either.
    """

    seat: Seat
    judged: Judgement
    more: frozenset[str]
    longest_chars: int
    prompt_tokens: int
    completion_tokens: int
    answer_usd: float | None
    here_s: float | None
    cloud_s: float | None

    @property
    def usd(self) -> float | None:
        share = self.seat.cloud_share
        return 0.0 if share == 0 else None if self.answer_usd is None else self.answer_usd * share

    def seconds(self, times: int, max_parallel: int) -> float | None:
        """Seconds for `times` answers: local ones in sequence, cloud ones in parallel."""
        here_s = 0.0 if self.seat.place == "cloud" else self.here_s
        cloud_s = 0.0 if self.seat.place == "here" else self.cloud_s
        if here_s is None or cloud_s is None:
            return None
        there_s = cloud_s * self.seat.cloud_share * math.ceil(times / max_parallel)
        return round(here_s * times + there_s, 3)


def runs(step: Step, known: Knowledge) -> Runs:
    """Whether the step runs according to its `if`, as far as that is known."""
    if step.condition is None:
        return "yes"
    node = condition(step.condition).node
    assert node is not None
    if not known.has(node):
        return "perhaps"
    return "yes" if holds(step.condition, known.scope) else "no"


def turns(step: Step, known: Knowledge) -> Turns:
    """Raises ExpressionError for a `for_each` that cannot be evaluated, or is no list."""
    if step.for_each is None:
        return Turns(1, (known,))
    if isinstance(step.for_each, str):
        piece = condition(step.for_each)
        assert piece.node is not None
        if not known.has(piece.node):
            count = items_of(piece.node, known)
            size = size_of_item(piece.node, piece.text, known, count)
            return Turns(count, (replace(known, item=size),))
        found: Any = known.value(piece.node, piece.text)
    elif known.has_all(step.for_each):
        found = render_data(step.for_each, known.scope)
    else:
        return Turns(len(step.for_each), (replace(known, item=_longest(step.for_each, known)),))
    items = list_of(found, step)
    scopes = (replace(known.scope, item=one, index=index) for index, one in enumerate(items))
    return Turns(len(items), tuple(replace(known, scope=scope) for scope in scopes))


def asking(
    workflow: WorkflowDefinition,
    step: Step,
    label: Privacy,
    each: Sequence[Knowledge],
    seats: Seats,
) -> Asking:
    """Raises ExpressionError for a prompt that cannot be rendered."""
    assert step.prompt is not None
    schema = output_schema(workflow, step)
    words = sound(words_of(step.prompt, each[0], GAP))[:MAX_PROMPT_CHARS]
    system = None if step.system is None else sound(words_of(step.system, each[0], GAP))
    task = Task(
        prompt=words if words.strip() else GAP, system=system, json_schema=schema, privacy=label
    )
    judged = seats.gate.judge(task)
    seat = seats.seat(step, task, judged.label)
    prompts = [size_of_text(step.prompt, known) for known in each]
    size = sum(prompts, Size())
    if step.system is not None:
        size = sum((size_of_text(step.system, known) for known in each), size)
    chars = -(-size.chars // len(each))

    def read_by(agent: Agent | None) -> int:
        own = len(agent.system_prompt) if agent is not None and step.system is None else 0
        return Size(chars + own).tokens

    def written(prompt_tokens: int, most: int) -> int:
        if schema is not None:
            return min(most, Size(json_chars(schema)).tokens)
        return answer_tokens(seat.kind, prompt_tokens, most)

    here, there = seat.here, seats.cloud
    asked, answered = read_by(there), written(Size(chars).tokens, seats.settings.cloud.max_tokens)
    own = answered if here is None else written(Size(chars).tokens, here.max_tokens)
    return Asking(
        seat=seat,
        judged=judged,
        more=size.more,
        longest_chars=max(one.chars for one in prompts),
        prompt_tokens=asked if here is None else read_by(here),
        completion_tokens=own,
        answer_usd=seats.usd(asked, answered),
        here_s=here.speed.answer_s(own) if here is not None and here.speed else None,
        cloud_s=there.speed.answer_s(answered) if there is not None and there.speed else None,
    )


def sound(text: str) -> str:
    """Without surrogates, which UTF-8 cannot encode: an input may contain them, a task may not."""
    return text.encode(errors="replace").decode()


def _longest(values: Sequence[object], known: Knowledge) -> Size:
    sizes = [size_of_text(one, known) for one in values if isinstance(one, str)]
    return max(sizes, key=lambda one: one.chars, default=Size())
