"""What a generation costs: the price list, the lookup of a model in it, and the token estimate."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from router.errors import ConfigError
from router.settings.shipped import config_path
from router.settings.yaml_nodes import Document, YamlError, read_yaml_file
from router.types.base import Frozen

Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_UNPRICED_PREFIXES = ("openai/", "anthropic/", "openrouter/openai/", "openrouter/anthropic/")
"""Ways to write a name that do not change its price: `openai/gpt-5-mini` is `gpt-5-mini`, and
OpenRouter passes the vendors' list prices on."""

_SNAPSHOT = re.compile(r"-(?:latest|\d{8}|\d{4}-\d{2}-\d{2})$")
"""A dated snapshot costs what its family costs, unless the list has the snapshot itself."""


class Price(Frozen):
    """The list price of one model, US dollars for a million tokens.

    cached_input_per_mtok_usd: prompt tokens that the provider had in its cache; None: no discount.
    source, as_of: where the figure was read, and the day it was true.
    """

    model: str = Field(min_length=1)
    input_per_mtok_usd: Dollars
    output_per_mtok_usd: Dollars
    cached_input_per_mtok_usd: Dollars | None = None
    source: str
    as_of: datetime.date

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float:
        """US dollars. `cached_tokens` are part of `prompt_tokens`."""
        cached_price = self.cached_input_per_mtok_usd
        if cached_price is None:
            cached_price = self.input_per_mtok_usd
        cached = min(cached_tokens, prompt_tokens)
        return (
            (prompt_tokens - cached) * self.input_per_mtok_usd
            + cached * cached_price
            + completion_tokens * self.output_per_mtok_usd
        ) / 1_000_000


class Prices:
    """A price list. A model that is not on it costs None, never 0: unknown is not free."""

    def __init__(self, prices: Iterable[Price]) -> None:
        """Of two entries for one model the later counts."""
        self._by_name = {_canonical(price.model): price for price in prices}

    @classmethod
    def load(cls, path: Path | None = None) -> Prices:
        """The list that ships with edgeward, overridden entry by entry by the file at `path`.

        Raises ConfigError naming the file and the entry.
        """
        shipped = _read(config_path("prices.yaml"))
        return cls([*shipped, *_read(path)] if path is not None else shipped)

    def __len__(self) -> int:
        return len(self._by_name)

    def find(self, model: str) -> Price | None:
        """The entry for `model`: itself, or the family of a dated snapshot."""
        name = _canonical(model)
        return self._by_name.get(name) or self._by_name.get(_SNAPSHOT.sub("", name))

    def cost(
        self, model: str, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0
    ) -> float | None:
        """US dollars for one generation; None where no price is known.

        cached_tokens: the part of `prompt_tokens` that the provider read from its cache.
        """
        price = self.find(model)
        return price.cost(prompt_tokens, completion_tokens, cached_tokens) if price else None


def estimate_tokens(text: str) -> int:
    """About how many tokens a cloud model would count: a quarter of the characters, rounded up.

    The rule of thumb of the vendors for English. Portuguese and code come out up to a third too
    low, Chinese and Japanese several times too low. For estimates that say they are estimates.
    """
    return -(-len(text) // 4)


def _canonical(model: str) -> str:
    name = model.strip().lower()
    prefix = next((known for known in _UNPRICED_PREFIXES if name.startswith(known)), "")
    return name.removeprefix(prefix)


def _read(path: Path) -> list[Price]:
    try:
        document = read_yaml_file(path)
    except YamlError as error:
        what = f"{path} is not YAML: " if "not valid YAML" in str(error) else ""
        raise ConfigError(f"the price list {what}{error}") from None
    content = document.data
    entries = content.get("prices") if isinstance(content, dict) else None
    if not isinstance(entries, list) or len(content) != 1:
        raise ConfigError(
            f"the price list {path} must have one key, `prices`, with a list of entries "
            "(model, input_per_mtok_usd, output_per_mtok_usd, source, as_of)"
        )
    return [_entry(path, document, index) for index in range(len(entries))]


def _entry(path: Path, document: Document, index: int) -> Price:
    try:
        return document.validated(Price, ("prices", index))
    except ValidationError as error:
        entry = document.data["prices"][index]
        name = entry.get("model") if isinstance(entry, dict) else None
        label = f"entry {index + 1}" + (f" ({name})" if name else "")
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'the entry'}: {fault['msg'].lower()}"
            for fault in error.errors()
        )
        raise ConfigError(f"{path}, {label}: {faults}") from error
