"""The installed command, and the type of the fixture that runs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

COMMAND = Path(sys.executable).with_name("edgeward")

Edgeward = Callable[..., subprocess.CompletedProcess[str]]
