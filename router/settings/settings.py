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
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from router.errors import ConfigError
from router.settings.api_key import cleaned_key
from router.settings.dangers import Danger, dangers
from router.settings.file import SECRET_KEYS, SettingsFile
from router.settings.learning import LearningSettings
from router.settings.privacy import PrivacySettings
from router.settings.queue import QueueSettings
from router.settings.tools import ToolsSettings
from router.settings.trust import UntrustedConfig, is_trusted, own_folder
from router.settings.urls import shown_url
from router.types.base import Frozen
from router.types.decision import Kind
from router.types.task import ThinkingMode

CONFIG_NAME = "edgeward.yaml"


def _mode(value: object) -> object:
    """YAML 1.1 reads a bare `on` and `off` as booleans."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


Thinking = Annotated[ThinkingMode, BeforeValidator(_mode)]


class ModelSettings(Frozen):
    """Which model plays a role: one of `builtin`, `path`, `url`, `script` says where it is."""

    builtin: Literal["nano"] | None = Field(
        default=None, description="`nano`: the small specialist that ships with edgeward"
    )
    path: Path | None = Field(
        default=None,
        description="a GGUF file (llama.cpp) or a directory in EXL2 format (ExLlamaV2, NVIDIA "
        "cards), run inside the process",
    )
    url: str | None = Field(
        default=None,
        repr=False,
        description="an OpenAI-compatible local server, as http://127.0.0.1:11434/v1",
    )
    script: Path | None = Field(
        default=None, description="a YAML file of scripted replies, for dry runs and tests"
    )
    model: str | None = Field(
        default=None, description="the model's name at `url`; empty: the first one it lists"
    )
    api_key: str | None = Field(
        default=None, repr=False, description="the key `url` asks for, if it does"
    )
    context_tokens: int = Field(
        default=4096, ge=256, description="window of one request, prompt and answer together"
    )
    max_tokens: int = Field(default=1024, ge=1, description="longest answer")
    thinking: Thinking = Field(
        default="auto",
        description="whether the model thinks aloud before it answers, which costs tokens of "
        "max_tokens: `on`, `off`, `auto`: not for routine tasks",
    )
    parallel: int = Field(
        default=2, ge=1, le=64, description="requests served at the same time (ExLlamaV2: one)"
    )
    threads: int | None = Field(
        default=None, ge=1, description="CPU threads; empty: one for tiny models, else the cores"
    )
    gpu_layers: int = Field(default=0, ge=0, description="layers kept on a GPU by llama.cpp")
    kv_cache: Literal["fp16", "q8", "q6", "q4"] = Field(
        default="fp16", description="precision of ExLlamaV2's key-value cache; less is slower"
    )
    trusted: bool = Field(
        default=False,
        description="`url` is a machine of yours that may see everything as it is; another one "
        "that is not is shown what a cloud may see",
    )
    pinned: bool = Field(default=False, description="never unloaded to make room for another")

    @field_validator("path", "script")
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path else None

    @field_validator("api_key")
    @classmethod
    def _clean(cls, key: str | None) -> str | None:
        return cleaned_key(key) or None if key else None

    @model_validator(mode="after")
    def _one_place(self) -> ModelSettings:
        given = [key for key in ("builtin", "path", "url", "script") if getattr(self, key)]
        if len(given) != 1:
            found = " and ".join(f"`{key}`" for key in given) or "none"
            raise ValueError(
                f"give exactly one of `builtin`, `path`, `url`, `script` (found {found})"
            )
        return self


class LaneSettings(Frozen):
    """One device whose models share its memory."""

    memory_gib: float | None = Field(
        default=None, gt=0, description="for all loaded models together; empty: by the device"
    )
    idle_s: float | None = Field(
        default=300.0,
        gt=0,
        description="a model unused this long is unloaded, unless pinned; null: never",
    )
    stall_s: float = Field(
        default=60.0,
        gt=0,
        description="a model at work that makes no token for this long is loaded afresh",
    )


class LanesSettings(Frozen):
    """The devices that models run on inside the process: who is in memory, and who waits."""

    cpu: LaneSettings = Field(default=LaneSettings(), description="GGUF files")
    gpu: LaneSettings = Field(
        default=LaneSettings(), description="EXL2 directories, and GGUF files with gpu_layers"
    )


class ModelsSettings(Frozen):
    """One model a role. General and coder default to the specialist that ships with edgeward."""

    general: ModelSettings = Field(
        default=ModelSettings(builtin="nano"), description="everything that is not code"
    )
    coder: ModelSettings = Field(
        default=ModelSettings(builtin="nano"), description="code, SQL and shell"
    )
    router: ModelSettings | None = Field(
        default=None,
        description="asked what a request is where the classifier is not sure; empty: nobody is",
    )
    guard: ModelSettings | None = Field(
        default=None,
        description="asked whether each request and each answer is safe; empty: nobody is",
    )


class CloudSettings(Frozen):
    """The cloud model that complex tasks are escalated to."""

    model: str = Field(
        default="auto",
        description="`auto`: by the key found in the environment; `off`: never; else a LiteLLM "
        "name as openai/gpt-5.4-mini or anthropic/claude-haiku-4-5",
    )
    url: str | None = Field(
        default=None, repr=False, description="an OpenAI-compatible server that plays the cloud"
    )
    api_key: str | None = Field(
        default=None,
        repr=False,
        description="as ${MY_KEY}; empty: the provider's usual variable (OPENAI_API_KEY, ...)",
    )
    script: Path | None = Field(
        default=None, description="a YAML file of scripted replies, for dry runs and tests"
    )
    timeout_s: float = Field(default=60.0, gt=0, description="seconds for one call")
    max_tokens: int = Field(default=2048, ge=1, description="longest answer")
    thinking: Thinking = Field(
        default="auto", description="`on`, `off`, `auto`: as the provider's model has it"
    )
    witnesses: tuple[str, ...] = Field(
        default=("1.1.1.1:443", "9.9.9.9:443", "8.8.8.8:443"),
        description="where a connection is tried, after a provider failed, to tell a provider that "
        "is down from a network that is",
    )
    retries: int = Field(default=1, ge=0, le=5, description="further tries after a failed call")
    fallbacks: tuple[str, ...] = Field(
        default=(), description="models to ask next, in this order, when the first does not answer"
    )
    cool_down_s: float = Field(
        default=30.0, ge=0, description="seconds that a model which failed is left alone"
    )
    hold_back_chars: int = Field(
        default=0,
        ge=0,
        description="an answer's first characters that are held back: a stream that dies within "
        "them goes on with the next model unseen, one that dies later visibly",
    )
    reference: str = Field(
        default="openai/gpt-5.4-mini",
        description="model whose price values the dollars avoided where the cloud has none",
    )

    @field_validator("api_key")
    @classmethod
    def _clean(cls, key: str | None) -> str | None:
        return cleaned_key(key) or None if key else None


class PolicySettings(Frozen):
    """When a task goes to the cloud, and when a local answer is good enough."""

    max_gain: float = Field(
        default=0.20,
        ge=-1,
        le=1,
        description="a task goes to the cloud when its expected gain there (its score less the "
        "local one, 0..1) is above this",
    )
    max_gain_by_kind: dict[Kind, Annotated[float, Field(ge=-1, le=1)]] = Field(
        default_factory=dict,
        description="the same for one kind, over max_gain: {math: 0.3}; 'edgeward calibrate' sets "
        "both",
    )
    gain: dict[Kind, float] = Field(
        default_factory=dict,
        description="expected gain by kind, over what was measured (0: the local model is as good)",
    )
    max_complexity: float = Field(
        default=0.4, ge=0, le=1, description="from here on a task goes to the cloud, of any kind"
    )
    min_probability: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="least geometric-mean token probability of an uncalibrated model's answer",
    )
    min_confidence: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="least probability of being right, of a model that 'edgeward models calibrate' "
        "has seen",
    )
    second_opinion: bool = Field(
        default=True,
        description="compare an answer with that of a second local model that is loaded and idle",
    )
    default_language: str | None = Field(
        default=None,
        description="the programming language of code where a task names none, such as typescript",
    )
    local_share: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="share of a task's time that local attempts may use when a cloud stands behind",
    )
    max_wait_s: float = Field(
        default=20.0,
        gt=0,
        description="no task waits longer for a local model's turn; it then goes to the cloud, "
        "if there is one",
    )


class BudgetSettings(Frozen):
    """US dollars for the cloud. Local work goes on when one is used up; cloud steps wait."""

    task_usd: float | None = Field(default=None, ge=0, description="for one task, all its calls")
    session_usd: float | None = Field(default=None, ge=0, description="for one session")
    day_usd: float | None = Field(default=None, ge=0, description="for one day (UTC)")
    month_usd: float | None = Field(default=None, ge=0, description="for one month (UTC)")
    tags_usd: dict[str, float] = Field(
        default_factory=dict, description="for the tasks with a tag in one month, by tag"
    )
    careful_from: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="share of a budget from which on only what gains more goes to the cloud",
    )

    @property
    def limited(self) -> bool:
        limits = (self.task_usd, self.session_usd, self.day_usd, self.month_usd)
        return bool(self.tags_usd) or any(limit is not None for limit in limits)


class CheckSettings(Frozen):
    """A program of the user's that judges answers: status 0 accepts, 1 rejects."""

    name: str = Field(pattern=r"^[\w.-]{1,40}$", description="how results name it")
    command: tuple[str, ...] = Field(min_length=1, description="the program and its arguments")
    kinds: tuple[Kind, ...] = Field(default=(), description="of task; empty: all")
    timeout_s: float = Field(default=10.0, gt=0, le=600, description="seconds it may take")


class StoreSettings(Frozen):
    """The one Redis. Without a URL a private server is found on the PATH or in the wheel."""

    url: str | None = Field(
        default=None,
        repr=False,
        description="redis://, rediss:// or unix://; signs in a password "
        "percent-encoded (# is %23)",
    )
    namespace: str = Field(
        default="edgeward", pattern=r"^[A-Za-z0-9_.-]+$", description="prefix of every key"
    )
    idle_s: float = Field(
        default=300.0, gt=0, description="the private server stops after this long unused"
    )
    home: Path = Field(
        default=Path("~/.local/share/edgeward"),
        description="where the private server keeps its data",
    )


class MemorySettings(Frozen):
    """What is remembered, and for how long."""

    session_days: float = Field(
        default=30.0, gt=0, description="a session unused this long is gone"
    )
    history_messages: int = Field(
        default=20, ge=0, description="messages of a session that a model is shown"
    )
    cache: bool = Field(default=True, description="answer an identical request from memory")
    cache_hours: float = Field(default=24.0, gt=0, description="how long an answer is kept")
    facts_days: float = Field(default=90.0, gt=0, description="how long a shared fact is kept")
    facts_tokens: int = Field(
        default=50_000, ge=1, description="tokens of all facts together; the least used go first"
    )
    fact_tokens: int = Field(default=1000, ge=1, description="tokens of one fact at most")
    recall_tokens: int = Field(
        default=0,
        ge=0,
        description="tokens of matching facts that general models and the cloud are shown, and at "
        "most of a session's turns; 0: no facts, and the newest turns that fit the window",
    )
    ledger_days: float = Field(default=90.0, gt=0, description="how long the account is kept")


class OutboxSettings(Frozen):
    """Tasks whose cloud step waits for a cloud."""

    keep_hours: float = Field(
        default=168.0, ge=0, description="how long one waits at most; 0: none is kept"
    )
    most: int = Field(default=1000, ge=1, description="tasks that may wait at the same time")


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
