"""Which model plays which local role, and the devices that they share."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from router.settings.api_key import cleaned_key
from router.settings.thinking import Thinking
from router.types.base import Frozen


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
    """One model a role. General and coder default to the specialist that ships with edgeward.

    A general model named alone answers code too. The specialist stays in front of both: it is
    asked first where it was trained for a task.
    """

    specialist: Literal["nano"] | None = Field(
        default="nano",
        description="asked before the models below where it knows the task; null: never",
    )
    exact: bool = Field(
        default=True,
        description="what has one reading is computed before any model is asked: dates, numbers, "
        "lists, tables",
    )

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
