"""Where the configuration files that ship with edgeward are."""

from __future__ import annotations

from pathlib import Path


def config_path(name: str) -> Path:
    """A shipped file of `configs/`: inside the installed package, or beside it in a source tree."""
    package = Path(__file__).parents[1]
    installed = package / "configs" / name
    return installed if installed.exists() else package.parent / "configs" / name
