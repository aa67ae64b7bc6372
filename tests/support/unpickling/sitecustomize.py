"""Prevents all unpickling in a process with this folder on its path, and records each attempt.

EDGEWARD_UNPICKLED names the file that gets a line for each attempt.
"""

import os
import pickle
import sys
from pathlib import Path
from typing import Any, NoReturn

_NOTED = Path(os.environ["EDGEWARD_UNPICKLED"])


def _refuse(*_: Any, **__: Any) -> NoReturn:
    with _NOTED.open("a") as noted:
        noted.write(f"{sys.argv[0]} unpickles\n")
    raise pickle.UnpicklingError("no process of this test may unpickle anything")


def _watch(event: str, _: tuple[Any, ...]) -> None:
    if event == "pickle.find_class":
        _refuse()


# The names that others import, as cloudpickle does; the audit hook catches earlier references.
pickle.load = pickle.loads = pickle.Unpickler = pickle._Unpickler = _refuse  # type: ignore
sys.addaudithook(_watch)
