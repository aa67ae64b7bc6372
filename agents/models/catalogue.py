"""Models worth running on small hardware, and the hardware, as configs/models.yaml lists them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agents.engines.vram import ModelShape
from router.errors import ConfigError
from router.policy.ability import key_of
from router.policy.model_names import read_model_name
from router.settings.shipped import config_path
from router.settings.yaml_nodes import read_yaml_file
from router.types.base import Frozen

Role = Literal["router", "coder", "general"]

ROLES: tuple[Role, ...] = ("router", "coder", "general")

OPEN_LICENCES = frozenset({"apache-2.0", "mit"})
"""Licences that let anybody use a model for anything."""

CPU_BANDWIDTH_GB_S = 30.0
"""Of an ordinary desktop's memory, two channels of DDR4; an estimate."""

UNKNOWN_BANDWIDTH_GB_S = 300.0
"""Of a card that the table does not know: that of a modest one."""


class Shape(Frozen):
    """A model's dimensions, as its config.json gives them."""

    hidden: int = Field(ge=1)
    layers: int = Field(ge=1)
    heads: int = Field(ge=1)
    kv_heads: int = Field(ge=1)
    head_dim: int = Field(ge=1)
    intermediate: int = Field(ge=1)
    vocab: int = Field(ge=1)
    window: int = Field(ge=1)


class Listed(Frozen):
    """A model that can be fetched. roles: what it was trained for. worth: see the file's head."""

    name: str
    source: str
    licence: str
    roles: tuple[Role, ...]
    worth: float = 0.0
    shape: Shape

    def model_shape(self) -> ModelShape:
        size = self.shape
        return ModelShape(
            architecture=self.name,
            hidden=size.hidden,
            layers=size.layers,
            heads=size.heads,
            kv_heads=size.kv_heads,
            head_dim=size.head_dim,
            intermediate=size.intermediate,
            vocab=size.vocab,
            max_position_tokens=size.window,
        )


class Published(Frozen):
    """What is reported of a model. scores: percent right, by test. source: where it was read."""

    name: str
    scores: dict[str, float]
    source: str


class Device(Frozen):
    """A card by its makers' figures."""

    name: str
    also: tuple[str, ...] = ()
    memory_gib: float = Field(gt=0)
    bandwidth_gb_s: float = Field(gt=0)


class Catalogue(Frozen):
    """The whole file."""

    models: tuple[Listed, ...]
    published: tuple[Published, ...]
    devices: tuple[Device, ...]

    @classmethod
    def load(cls) -> Catalogue:
        """The list that ships with edgeward."""
        return read_yaml_file(config_path("models.yaml")).validated(cls)

    def figures(self, name: str) -> Published | None:
        """What is reported of a model, under whatever name; None where nothing is."""
        by_key = {key_of(read_model_name(one.name)): one for one in self.published}
        wanted = key_of(read_model_name(name))
        return by_key.get(wanted) if wanted else None

    def device(self, name: str) -> Device:
        """By its name or a short one, capitals and spaces ignored. Raises ConfigError."""
        wanted = _plain(name)
        for device in self.devices:
            if wanted in {_plain(known) for known in (device.name, *device.also)}:
                return device
        known = ", ".join(device.name for device in self.devices)
        raise ConfigError(f"device {name!r} is not in the table; known are {known}, and cpu")

    def reported(self, name: str) -> Device | None:
        """The device that a driver calls `name`, as NVIDIA GeForce RTX 2060; None if unknown.

        The whole name counts: a 2060 SUPER, a 3060 Ti and a laptop's 3060 are other cards.
        """
        brands = ("nvidia", "geforce")
        plain = _plain(" ".join(word for word in name.split() if word.lower() not in brands))
        return next((device for device in self.devices if _plain(device.name) == plain), None)


def _plain(name: str) -> str:
    return "".join(name.lower().split())
