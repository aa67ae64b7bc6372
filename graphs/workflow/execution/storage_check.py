"""Checks, before anything is written, whether the open store may hold a run's texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from graphs.workflow.definition.bundle import with_called
from graphs.workflow.definition.labels import labels
from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.execution.outcome import Answer, Facts
from router.errors import ConfigError, TaskError
from router.privacy.gate import strictest
from router.privacy.storage import CURE, may_be_written, require_may_be_written
from router.types.task import MAX_PROMPT_CHARS, Privacy, Task

if TYPE_CHECKING:
    from graphs.app import Router


def label_of_inputs(router: Router, inputs: Mapping[str, Any]) -> Privacy:
    """The label of all inputs of a run: the strictest that the detectors find."""
    return _label_of_text(router, json.dumps(inputs, ensure_ascii=False))


def require_room(
    router: Router,
    workflow: WorkflowDefinition,
    inputs: Mapping[str, Any],
    files: Mapping[str, str],
) -> None:
    """ConfigError when private text would be written to another machine's Redis.

    files: those that are kept with the run, by their path from the workflow's folder.
    """
    if router.store.local:
        return
    found = [label_of_inputs(router, inputs)]
    for one in with_called(workflow):
        found += [wanted.privacy for wanted in one.inputs.values()]
        found += [*labels(one).values(), _label_of_text(router, one.source.text)]
    found += [_label_of_text(router, text) for text in files.values()]
    paths = tuple(str(workflow.base / name) for name in (workflow.source.name, *files))
    found.append(router.label_of_task(Task(prompt="-", files=paths)))
    label = strictest(found)
    if not may_be_written(label, router.store):
        raise ConfigError(
            f"{workflow.name} holds {label.value} text, and what its runs remember would be kept "
            f"by {router.store.description}: {CURE}"
        )


def require_room_for_answers(router: Router, answers: Iterable[Answer]) -> None:
    """TaskError when a private comment would be written to another machine's Redis."""
    if router.store.local:
        return
    label = strictest(_label_of_text(router, answer.comment) for answer in answers)
    require_may_be_written(label, router.store, "the comment", error=TaskError)


def label_of_channels(router: Router, label: Privacy) -> Callable[[Mapping[str, Any]], Privacy]:
    """A function that labels a run's state before it is saved. label: of the run's inputs."""

    def judged(values: Mapping[str, Any]) -> Privacy:
        return strictest((label, *_labels_in(router, values)))

    return judged


def _labels_in(router: Router, value: Any) -> Iterator[Privacy]:
    if isinstance(value, Facts):
        yield value.label
    elif isinstance(value, Answer):
        yield _label_of_text(router, value.comment)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _labels_in(router, one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _labels_in(router, one)


def _label_of_text(router: Router, text: str) -> Privacy:
    """Judged in overlapping parts: what is split between two is whole in another."""
    found = Privacy.PUBLIC
    for at in range(0, len(text), MAX_PROMPT_CHARS // 2):
        found = router.label_of(text[at : at + MAX_PROMPT_CHARS], found)
    return found
