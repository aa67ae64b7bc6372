"""edgeward: routine tasks on small local models, complex ones in the cloud, and an account of both.

The one public module. It re-exports lazily, so that importing it costs nothing, after making sure
that the packages it names are edgeward's own.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphs.app import Router as Router
    from graphs.events import Attempted as Attempted
    from graphs.events import Finished as Finished
    from graphs.events import Routed as Routed
    from graphs.events import Token as Token
    from graphs.queue import open_queue as open_queue
    from graphs.workflow.api import Workflow as Workflow
    from graphs.workflow.execution.outcome import Answer as Answer
    from graphs.workflow.execution.outcome import RunResult as RunResult
    from router.errors import EdgewardError as EdgewardError
    from router.settings.settings import Settings as Settings
    from router.types.result import Attempt as Attempt
    from router.types.result import Result as Result
    from router.types.task import Privacy as Privacy
    from router.types.task import Task as Task
    from workers.commands.cli import main as main

__version__ = "0.1.0"

_EXPORTS = {
    "Router": "graphs.app",
    "open_queue": "graphs.queue",
    "Workflow": "graphs.workflow.api",
    "Answer": "graphs.workflow.execution.outcome",
    "RunResult": "graphs.workflow.execution.outcome",
    "Routed": "graphs.events",
    "Token": "graphs.events",
    "Attempted": "graphs.events",
    "Finished": "graphs.events",
    "EdgewardError": "router.errors",
    "Settings": "router.settings.settings",
    "Attempt": "router.types.result",
    "Privacy": "router.types.task",
    "Result": "router.types.result",
    "Task": "router.types.task",
    "main": "workers.commands.cli",
}

__all__ = [*_EXPORTS]

_PACKAGES = ("router", "agents", "graphs", "workers")
_MARK = '__distribution__ = "edgeward"'


def _require_own_packages() -> None:
    """Stops when another distribution has overwritten one of the four; runs none of its code."""
    for name in _PACKAGES:
        spec = find_spec(name)
        origin = spec.origin if spec else None
        text = ""
        if origin is not None:
            with open(origin, encoding="utf-8") as file:
                text = file.read()
        if _MARK not in text:
            known = " (openai-agents installs one of that name)" if name == "agents" else ""
            raise SystemExit(
                f"edgeward: the package `{name}` at {origin or 'no file'} is not edgeward's: "
                f"another distribution has overwritten it{known}. Install edgeward in a virtual "
                "environment of its own: python3 -m venv .venv && .venv/bin/pip install edgeward"
            )


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'edgeward' has no attribute {name!r}; it has {__all__}")
    _require_own_packages()
    value = getattr(importlib.import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value
