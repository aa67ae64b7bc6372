"""The engine for each model that runs on the user's own hardware, and the lanes they share."""

from __future__ import annotations

from agents.engines.devices import NoCard, machine_memory_bytes, nvidia_cards
from agents.engines.gguf import read_gguf
from agents.engines.lane import Lane
from agents.engines.llamacpp import llamacpp_engine
from agents.engines.openai_server import OpenAIServerEngine
from agents.engines.scripted import ScriptedEngine
from agents.nano.engine import nano_engine
from router.engine import Engine
from router.settings import LaneSettings, ModelSettings, Settings

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
                capacity = nvidia_cards()[0].total_bytes
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
        return OpenAIServerEngine(
            url=model.url,
            model=model.model,
            api_key=model.api_key,
            context_tokens=model.context_tokens,
        )
    assert model.script is not None, "settings hold exactly one place"
    return ScriptedEngine.from_file(model.script, model=f"scripted-{role}", local=True)


def _file_engine(model: ModelSettings, lanes: Lanes, *, pinned: bool) -> Engine:
    path = model.path
    assert path is not None, "the caller looked"
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
