"""Opens the queue for submitting tasks, without loading any model."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from router.classify.kinds import NgramClassifier
from router.policy import decide as policy
from router.queue.task_queue import TaskQueue, labels_by
from router.settings.settings import Settings, load_settings, with_environment
from router.store.store import Store, open_configured
from router.types.task import Task


@asynccontextmanager
async def open_queue(
    settings: Settings | Path | str | None = None, *, env: Mapping[str, str] | None = None
) -> AsyncIterator[TaskQueue]:
    """The queue of these settings (a Settings, a path, or None as for `Router.open`).

    Raises ConfigError and StoreUnavailable.
    """
    env = os.environ if env is None else env
    if isinstance(settings, Settings):
        settings = with_environment(settings, env)
    else:
        settings, _ = load_settings(Path(settings) if settings else None, env)
    store = await open_configured(settings.store)
    async with store, queue_in(store, settings) as queue:
        yield queue


def queue_in(store: Store, settings: Settings) -> TaskQueue:
    """The queue of an open store, as a context manager to enter. Raises ConfigError."""
    return TaskQueue(store, settings.queue, by_kind(), labels_by(settings.privacy))


def by_kind() -> Callable[[Task], str]:
    """Gives the role that a task must be taken by: by its kind, or `general` for a workflow."""
    classifier = NgramClassifier.load()

    def capability(task: Task) -> str:
        if task.workflow is not None:
            return "general"
        return policy.role_for(classifier.classify(task.prompt).kind)

    return capability
