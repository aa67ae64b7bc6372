"""What one process needs to drive a run, and what its checkpoints need not hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.definition.order import needs
from graphs.workflow.execution.outcome import Answer, Facts, WorkflowEvent
from graphs.workflow.execution.scheduling import RunProgress
from graphs.workflow.expressions.values import Json
from router.account.budget import Scope
from router.types.task import Privacy

if TYPE_CHECKING:
    from graphs.app import Router


class Call(Protocol):
    """Runs another workflow as a part of this one; what it waits for, this one waits for."""

    def __call__(
        self,
        called: WorkflowDefinition,
        inputs: Mapping[str, Json],
        *,
        where: str,
        again: bool,
        answers: Mapping[str, Answer],
        scopes: tuple[Scope, ...],
        label: Privacy,
        timeout_s: float | None,
    ) -> Awaitable[Facts]: ...


@dataclass(slots=True, kw_only=True)
class RunContext:
    """thread: names the run's checkpoints, and its tasks. prefix: of the paths of its steps, as
    `sub[3]/` in a workflow that is called. attempt: how often it was taken up after a failure.
    scopes: budgets that everything in it falls under. label: of what it was given.
    run: as it stood when work was last handed out; it does not change before all of that is done.
    stop: set where a step has failed, so that what has not begun does not begin.
    wanted: of each step those that end before it. opened: the workflows that it calls, by file.
    """

    router: Router
    workflow: WorkflowDefinition
    thread: str
    prefix: str
    attempt: int
    scopes: tuple[Scope, ...]
    label: Privacy
    emit: Callable[[WorkflowEvent], None]
    call: Call
    run: RunProgress | None = None
    slots: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    opened: dict[str, WorkflowDefinition] = field(default_factory=dict)
    stop: bool = False
    wanted: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.wanted = needs(self.workflow)  # read out of the texts once, not before each step
