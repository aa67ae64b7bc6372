"""Runs a graph independently of a LangGraph graph that it is called from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def isolated() -> Iterator[None]:
    """Hides the surrounding graph, and keeps LangChain from sending traces to LangSmith.

    A graph that is invoked in another graph's node would write its checkpoints to that graph's
    saver, under its name. LangSmith's environment variables would send text out past the gate.
    """
    from langchain_core.runnables.config import var_child_runnable_config
    from langsmith.run_helpers import tracing_context

    around = var_child_runnable_config.set(None)
    try:
        with tracing_context(enabled=False):
            yield
    finally:
        var_child_runnable_config.reset(around)
