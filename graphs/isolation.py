"""A graph that runs by itself, whatever runs around it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def isolated() -> Iterator[None]:
    """Hides the graph around this one, and keeps LangChain from telling LangSmith what it holds.

    A graph that is invoked in a node of another takes itself for a part of it: it would write to
    that one's saver, under its name. LangSmith's environment variables would open a way out of the
    machine past the one gate.
    """
    from langchain_core.runnables.config import var_child_runnable_config
    from langsmith.run_helpers import tracing_context

    around = var_child_runnable_config.set(None)
    try:
        with tracing_context(enabled=False):
            yield
    finally:
        var_child_runnable_config.reset(around)
