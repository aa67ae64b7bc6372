"""`edgeward config trust`, and loading settings: a person at a terminal is asked for trust."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from router.settings.dangers import Danger
    from router.settings.settings import Settings


def load_or_ask(config: Path | None) -> tuple[Settings, Path | None]:
    """As `load_settings`; a person at a terminal is asked whether to trust a found file."""
    from router.settings.settings import load_settings
    from router.settings.trust import UntrustedConfig, remember

    try:
        return load_settings(config)
    except UntrustedConfig as error:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        sys.stderr.write(_told(error.path, error.dangers))
        if not typer.confirm("Do you trust it, as it stands now?", err=True):
            raise
        remember(error.path, error.sha256)
    return load_settings(config)


def trust(
    path: Annotated[Path | None, typer.Argument(help="The file; else the one found here.")] = None,
) -> None:
    """Look at what a folder's configuration does, and let it do that, as it stands now."""
    from router.errors import ConfigError
    from router.settings.settings import look_at_settings
    from router.settings.trust import remember

    loaded = look_at_settings(path)
    if loaded.path is None:
        raise ConfigError("there is no edgeward.yaml here: name one, edgeward config trust PATH")
    if not loaded.dangers:
        typer.echo(f"{loaded.path}: does nothing that it would have to be trusted for")
        return
    typer.echo(_told(loaded.path, loaded.dangers), nl=False)
    remember(loaded.path, loaded.sha256)
    typer.echo("trusted, as it stands now; edgeward config distrust takes it back")


def distrust(
    path: Annotated[Path | None, typer.Argument(help="The file; else the one found here.")] = None,
) -> None:
    """Ask again before a folder's configuration is used."""
    from router.errors import ConfigError
    from router.settings.settings import CONFIG_NAME
    from router.settings.trust import forget, trusted_paths
    from router.wording import printable

    # Not `find_config`: what is trusted can be gone by now, and is forgotten all the same.
    named = os.environ.get("EDGEWARD_CONFIG") or CONFIG_NAME
    place = path or Path(named).expanduser()
    if forget(place):
        typer.echo(f"{place}: no longer trusted")
        return
    if not place.exists():
        trusted = ", ".join(map(printable, trusted_paths())) or "none"
        raise ConfigError(
            f"there is no {printable(str(place))} and none was trusted there: trusted are {trusted}"
        )
    typer.echo(f"{place}: was not trusted")


def untrusted_note(dangers: Sequence[Danger]) -> str:
    """The note on a configuration that is shown, but not trusted yet."""
    return f"not trusted yet, {len(dangers)} things are asked for: edgeward config trust"


def _told(path: Path, dangers: Sequence[Danger]) -> str:
    from router.settings.trust import told
    from router.wording import printable

    return f"{printable(str(path.absolute()))}\n{told(dangers)}"
