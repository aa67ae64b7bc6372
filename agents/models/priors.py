"""A card for a model that nobody has probed: by published figures, else by its size and family."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agents.engines.gguf import read_gguf
from agents.models.inspect import inspect_model, name_of
from router.errors import ConfigError
from router.policy.ability import shipped_abilities
from router.policy.model_names import NamedModel, read_model_name
from router.settings.models import ModelSettings
from router.types.card import Card

_LEAST_BILLIONS = 0.03
"""A smaller model is trained for a few tasks: its size says nothing of how well it does those."""

_LEAST_BYTES, _MOST_BYTES = 0.1, 4.5
"""Of a parameter, by quantisation: a name whose size is beyond that of its file is not believed."""


def prior_card(model: ModelSettings) -> Card | None:
    """None where neither the name nor the file tells how large the model is.

    A file's header is read only where its name does not say enough: that takes a quarter of a
    second.
    """
    if model.path is not None:
        named, shown = _of_file(model.path), name_of(model.path)
    elif model.url is not None and model.model is not None:
        named, shown = read_model_name(model.model), model.model
    else:
        return None
    if named.billions is None or named.billions < _LEAST_BILLIONS:
        return None
    abilities, published = shipped_abilities(), shipped_abilities().published_of(named)
    return Card(
        model=shown,
        source="estimated" if published is None else "published",
        abilities=published or abilities.estimated(named.family, named.billions),
        billions=round(named.billions, 3),
    )


def _of_file(path: Path) -> NamedModel:
    """By the name; by the header where that says no size, or one that cannot be."""
    named = read_model_name(name_of(path))
    if named.billions is not None and (path.is_dir() or _may_be(named, path)):
        return named
    try:
        parameters, also = _header(path)
    except ConfigError:
        return replace(named, billions=None)  # the engine says what is wrong with it
    if parameters is None:
        return replace(named, billions=None)
    family = named.family or next((one.family for one in also if one.family), None)
    return NamedModel(family, parameters / 1e9, plain=False)


def _may_be(named: NamedModel, path: Path) -> bool:
    """Whether a file is as large as its name says. Of a mixture of experts all are in it."""
    assert named.billions is not None, "the caller looked"
    each = path.stat().st_size / (named.billions * 1e9)
    return named.mixture or _LEAST_BYTES <= each <= _MOST_BYTES


def _header(path: Path) -> tuple[int | None, list[NamedModel]]:
    """The number of parameters, and what else in the header may name the family."""
    if path.is_dir():
        info = inspect_model(path)
        return info.parameters, [read_model_name(info.family)]
    header = read_gguf(path)
    also = (header.name or "", header.architecture)
    return header.parameters, [read_model_name(one) for one in also]
