"""What the commands share: their common options, the settings in force, and the event loop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from router.settings.settings import Settings

Config = Annotated[
    Path | None, typer.Option("--config", "-c", help="An edgeward.yaml.", show_default=False)
]
CloudUrl = Annotated[
    str | None,
    typer.Option("--cloud-url", help="An OpenAI-compatible server that plays the cloud."),
]
CloudModel = Annotated[
    str | None,
    typer.Option("--cloud-model", help="A LiteLLM model name, or `off`; for --cloud-url its own."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def settings_in_force(
    config: Path | None, cloud_url: str | None = None, cloud_model: str | None = None
) -> Settings:
    """The settings, changed by the options; `offline` and the log level apply process-wide."""
    from pydantic import ValidationError

    from router.privacy.offline import forbid_outbound
    from router.settings.cloud import CloudSettings
    from router.telemetry import configure_logging
    from workers.trust import load_or_ask

    settings, _ = load_or_ask(config)
    configure_logging(settings.log_level)
    if settings.offline:
        forbid_outbound()
    given = {"url": cloud_url, "model": cloud_model}
    changed = {key: value for key, value in given.items() if value is not None}
    if not changed:
        return settings
    try:
        cloud = CloudSettings.model_validate(settings.cloud.model_dump() | changed)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(f"--cloud-model {cloud_model!r}: {said}") from None
    return settings.model_copy(update={"cloud": cloud})


def require_one(chosen: Mapping[str, bool]) -> None:
    """Raises ConfigError where more than one of these was given. chosen: by name, as typed."""
    given = [name for name, is_given in chosen.items() if is_given]
    if len(given) > 1:
        raise ConfigError(f"{' and '.join(given)} exclude each other: give one of them")


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    import asyncio

    return asyncio.run(coroutine)
