"""What can be configured, its defaults and its limits; the only reader of YAML and environment.

The file is found in this order: the path given (`--config`), `EDGEWARD_CONFIG`, `edgeward.yaml` in
the working directory, `~/.config/edgeward/edgeward.yaml`. Without any, the defaults serve. One in
the working directory may be somebody else's: what it may not do unasked is in `dangers`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from router.errors import ConfigError
from router.settings.budget import BudgetSettings
from router.settings.checks import CheckSettings
from router.settings.cloud import CloudSettings
from router.settings.dangers import Danger, dangers
from router.settings.file import SECRET_KEYS, SettingsFile
from router.settings.learning import LearningSettings
from router.settings.memory import MemorySettings, OutboxSettings
from router.settings.models import LanesSettings, ModelsSettings
from router.settings.policy import PolicySettings
from router.settings.privacy import PrivacySettings
from router.settings.queue import QueueSettings
from router.settings.store import StoreSettings
from router.settings.tools import ToolsSettings
from router.settings.trust import UntrustedConfig, is_trusted, own_folder
from router.settings.urls import shown_url
from router.types.base import Frozen

CONFIG_NAME = "edgeward.yaml"


class Settings(Frozen):
    """Everything that can be configured."""

    models: ModelsSettings = ModelsSettings()
    lanes: LanesSettings = LanesSettings()
    cloud: CloudSettings = CloudSettings()
    policy: PolicySettings = PolicySettings()
    budget: BudgetSettings = BudgetSettings()
    privacy: PrivacySettings = PrivacySettings()
    outbox: OutboxSettings = OutboxSettings()
    tools: ToolsSettings = ToolsSettings()
    queue: QueueSettings = QueueSettings()
    learning: LearningSettings = LearningSettings()
    offline: bool = Field(default=False, description="no connection leaves this machine")
    checks: tuple[CheckSettings, ...] = Field(
        default=(),
        description="your own checks of local answers: [{name: style, command: [./style.sh]}]",
    )
    store: StoreSettings = StoreSettings()
    memory: MemorySettings = MemorySettings()
    prices: Path | None = Field(
        default=None, description="a YAML file of prices over the shipped ones"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="what is logged to standard error"
    )

    def redacted(self) -> Settings:
        """The same with every secret replaced by `***`, to be shown."""
        return Settings.model_validate(_hidden(self.model_dump()))


_OF_A_PROGRAM = frozenset({"env", "headers"})
"""What an MCP server is given, tokens among it."""


def _hidden(data: dict[str, Any]) -> dict[str, Any]:
    """Keys and the passwords in URLs replaced, at every depth."""
    shown: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            secret = key in _OF_A_PROGRAM
            shown[key] = dict.fromkeys(value, "***") if secret else _hidden(value)
        elif key in SECRET_KEYS and value is not None:
            shown[key] = "***"
        elif key == "url" and value is not None:
            shown[key] = shown_url(value) or "***"
        else:
            shown[key] = value
    return shown


def find_config(given: Path | None, env: Mapping[str, str]) -> Path | None:
    """The configuration file to read; ConfigError when one was named and is not there."""
    named = given or (Path(env["EDGEWARD_CONFIG"]) if env.get("EDGEWARD_CONFIG") else None)
    if named is not None:
        named = named.expanduser()
        if not named.is_file():
            raise ConfigError(
                f"configuration file {named} "
                + ("is a directory" if named.is_dir() else "does not exist")
                + ": name an existing YAML file, or write one with `edgeward config init`"
            )
        return named
    for place in (Path(CONFIG_NAME), own_folder() / CONFIG_NAME):
        if place.is_file():
            return place
    return None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and the file that they are from (None: the defaults).

    dangers: what the file does that the user should review. trusted: the user has reviewed it,
    named the file, or owns it.
    """

    settings: Settings
    path: Path | None = None
    sha256: str = ""
    dangers: tuple[Danger, ...] = ()
    trusted: bool = True


def load_settings(
    path: Path | None = None, env: Mapping[str, str] | None = None
) -> tuple[Settings, Path | None]:
    """The settings and the file they came from (None: defaults).

    Raises ConfigError, and UntrustedConfig for a file of the working directory that does what only
    a trusted one may.
    """
    loaded = look_at_settings(path, env, chosen=True)
    if loaded.path is not None and not loaded.trusted:
        raise UntrustedConfig(loaded.path.absolute(), loaded.sha256, loaded.dangers)
    return loaded.settings, loaded.path


def look_at_settings(
    path: Path | None = None, env: Mapping[str, str] | None = None, *, chosen: bool = False
) -> Loaded:
    """The same to be shown and judged, and to be used only if it is trusted; ConfigError.

    chosen: a `path` was named to be used; else it is judged like one that was found.
    """
    env = os.environ if env is None else env
    found = find_config(path, env)
    if found is None:
        return Loaded(with_environment(Settings(), env))
    file = SettingsFile.read(found, env)
    settings = file.validated(Settings)
    sha256 = file.document.sha256
    if (path is not None and chosen) or _is_own(found, path, env):
        return Loaded(with_environment(settings, env), found, sha256)
    told = tuple(dangers(file, settings, _own_settings(env)))
    trusted = not told or is_trusted(found, sha256)
    return Loaded(with_environment(settings, env), found, sha256, told, trusted)


def _is_own(found: Path, given: Path | None, env: Mapping[str, str]) -> bool:
    """Whether the user's environment names the file, or it is in the user's own folder.

    A relative EDGEWARD_CONFIG does not count: whoever made the working directory chose its file.
    """
    named = env.get("EDGEWARD_CONFIG")
    if given is None and named:
        return Path(named).expanduser().is_absolute()
    return found.parent.resolve() == own_folder().resolve()


def _own_settings(env: Mapping[str, str]) -> Settings | None:
    """The user's own settings, to be compared with; ConfigError where they cannot be read."""
    path = own_folder() / CONFIG_NAME
    return SettingsFile.read(path, env).validated(Settings) if path.is_file() else None


def with_environment(settings: Settings, env: Mapping[str, str]) -> Settings:
    """REDIS_URL fills what the file leaves open; EDGEWARD_HOME is stronger than the file."""
    store = {}
    if settings.store.url is None and env.get("REDIS_URL"):
        store["url"] = env["REDIS_URL"]
    if env.get("EDGEWARD_HOME"):
        store["home"] = str(Path(env["EDGEWARD_HOME"]).expanduser())
    if not store:
        return settings
    merged = settings.store.model_dump() | store
    return settings.model_copy(update={"store": StoreSettings.model_validate(merged)})
