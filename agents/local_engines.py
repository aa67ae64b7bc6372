"""The engine for each model that runs on the user's own hardware, and the lanes they share."""

from __future__ import annotations

from pathlib import Path

from agents.engines.devices import NoCard, machine_memory_bytes, nvidia_cards
from agents.engines.exllamav2 import ExLlamaV2Runner
from agents.engines.gguf import read_gguf
from agents.engines.lane import Lane
from agents.engines.lane_engine import LaneEngine
from agents.engines.llamacpp import llamacpp_engine
from agents.engines.model_files import read_json
from agents.engines.openai_server import OpenAIServerEngine
from agents.engines.safetensors import read_safetensors, stored_weights
from agents.engines.scripted import ScriptedEngine
from agents.engines.vram import (
    PROCESS_BYTES,
    ModelShape,
    budget_bytes,
    load_seconds,
    with_weights,
)
from agents.gated_engine import GatedEngine
from agents.models.inspect import inspect_model
from agents.nano.engine import nano_engine
from router.engine import Engine
from router.errors import ConfigError
from router.settings.models import LaneSettings, ModelSettings
from router.settings.settings import Settings

CPU_SHARE = 0.75
"""Of the machine's memory for models, where the settings do not say: the rest is the user's."""


class Lanes:
    """The lanes of one configuration, each made when its first model asks for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, Lane] = {}

    @property
    def used(self) -> tuple[Lane, ...]:
        return tuple(self._made.values())

    def cpu(self) -> Lane:
        if "cpu" not in self._made:
            capacity = int(machine_memory_bytes() * CPU_SHARE)
            self._made["cpu"] = self._lane("cpu", self._settings.lanes.cpu, capacity)
        return self._made["cpu"]

    def gpu(self) -> Lane:
        if "gpu" not in self._made:
            try:
                card = nvidia_cards()[0]
                capacity: int | None = budget_bytes(card.total_bytes) - PROCESS_BYTES
            except NoCard:
                capacity = None  # the engine says what is missing when it is opened
            self._made["gpu"] = self._lane("gpu", self._settings.lanes.gpu, capacity)
        return self._made["gpu"]

    def _lane(self, name: str, settings: LaneSettings, capacity_bytes: int | None) -> Lane:
        if settings.memory_gib is not None:
            capacity_bytes = int(settings.memory_gib * 2**30)
        return Lane(
            name,
            capacity_bytes=capacity_bytes,
            idle_s=settings.idle_s,
            bound_s=self._settings.policy.max_wait_s,
            stall_s=settings.stall_s,
        )


def local_engine(role: str, model: ModelSettings, lanes: Lanes, *, pinned: bool) -> Engine:
    """The engine that the settings of a role ask for. Opens nothing; raises ConfigError."""
    if model.builtin == "nano":
        return nano_engine(parallel=model.parallel, lane=lanes.cpu())
    if model.path is not None:
        return _file_engine(model, lanes, pinned=pinned)
    if model.url is not None:
        server = OpenAIServerEngine(
            url=model.url,
            model=model.model,
            api_key=model.api_key,
            context_tokens=model.context_tokens,
            trusted=model.trusted,
        )
        return server if server.caps.local else GatedEngine(server)
    assert model.script is not None, "settings hold exactly one place"
    return ScriptedEngine.from_file(model.script, model=f"scripted-{role}", local=True)


def check_model_path(path: Path) -> None:
    """Reads the headers of a model file or directory; ConfigError where no engine could run it."""
    if not path.is_dir():
        read_gguf(path)
        return
    info = inspect_model(path)
    if info.format == "gguf":
        raise ConfigError(f"{path} is a directory: name the file in it, {info.path.name}")
    if info.format not in ("exl2", "safetensors"):
        raise ConfigError(f"{path} is {info.format}: it suits {info.suits}")
    if info.shape is None:
        raise ConfigError(f"{path}: {info.warnings[0]}")
    if not info.chat_template:
        raise ConfigError(f"{path}: {info.warnings[0]}: choose an instruct or chat model")


def _file_engine(model: ModelSettings, lanes: Lanes, *, pinned: bool) -> Engine:
    path = model.path
    assert path is not None, "the caller looked"
    if path.is_dir():
        return _exllamav2_engine(path, model, lanes, pinned=pinned)
    if not path.is_file():
        read_gguf(path)  # raises, naming what is there instead
    return llamacpp_engine(
        model_path=path,
        model=path.stem,
        context_tokens=model.context_tokens,
        parallel=model.parallel,
        threads=model.threads,
        gpu_layers=model.gpu_layers,
        lane=lanes.gpu() if model.gpu_layers else lanes.cpu(),
        pinned=pinned,
    )


def _exllamav2_engine(path: Path, model: ModelSettings, lanes: Lanes, *, pinned: bool) -> Engine:
    check_model_path(path)
    config = read_json(path / "config.json")
    shape = ModelShape.from_config(config)
    window = min(model.context_tokens, shape.max_position_tokens)
    stored = stored_weights(read_safetensors(path))
    parts = with_weights(shape, stored.decoder, stored.head, window, model.kv_cache)
    runner = ExLlamaV2Runner(
        model_path=path,
        model=path.resolve().name,
        context_tokens=window,
        kv=model.kv_cache,
        footprint_bytes=parts.total,
        load_estimate_s=load_seconds(parts),
    )
    return LaneEngine(runner, lanes.gpu(), pinned=pinned)
