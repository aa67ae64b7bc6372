"""Where a model's card is kept: beside its file, or in the home for a server's model."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agents.models.fingerprint import fingerprint
from router.errors import ConfigError
from router.settings.models import ModelSettings
from router.types.card import Card

_PROBE = "edgeward models probe"


@dataclass(frozen=True, slots=True)
class CardPlace:
    """Where one model's card belongs. path: the card's file; partial: of a probe that was
    interrupted. fingerprint: what the card must have been made for.
    """

    path: Path
    fingerprint: str

    @property
    def partial(self) -> Path:
        return self.path.with_name(f"{self.path.name}.partial")

    def load(self) -> Card | None:
        """None where there is none. Raises ConfigError for one that cannot be read, or that was
        made for another file."""
        if not self.path.is_file():
            return None
        cure = f"probe again with '{_PROBE}', or remove {self.path}"
        try:
            card = Card.model_validate_json(self.path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ValidationError) as error:
            raise ConfigError(f"{self.path} is no card ({type(error).__name__}): {cure}") from None
        if card.fingerprint != self.fingerprint:
            raise ConfigError(f"{self.path} belongs to another model than {card.model}: {cure}")
        return card

    def save(self, card: Card) -> None:
        """Replaces the card in one step, and forgets the partial results. Raises ConfigError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new = self.path.with_name(f"{self.path.name}.new")
            new.write_text(
                json.dumps(card.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n",
                encoding="utf-8",
            )
            os.replace(new, self.path)
            self.partial.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be written: {error.strerror}") from None


def place_of(model: ModelSettings, home: Path) -> CardPlace | None:
    """None for what needs no card: the shipped specialist and scripted replies.

    A server says little of what it serves: its address and the model's name stand for it.
    """
    if model.path is not None:
        if not model.path.exists():
            return None  # the engine says what is missing
        return CardPlace(beside(model.path), fingerprint(model.path))
    if model.url is None:
        return None
    at = re.sub(r"^\w+://(?:[^@/]*@)?|/+$", "", model.url).lower()
    name = model.model or "auto"
    digest = hashlib.sha256(f"{at}\n{name}".encode()).hexdigest()[:16]
    shown = re.sub(r"[^\w.-]+", "-", name)[:60].strip("-")
    return CardPlace(home / "cards" / f"{shown}.{digest}.json", digest)


def beside(model_path: Path) -> Path:
    """Beside a file, or inside a directory."""
    if model_path.is_dir():
        return model_path / "edgeward-card.json"
    return model_path.with_name(f"{model_path.name}.card.json")


def card_of(model: ModelSettings, home: Path) -> Card | None:
    """The card of a configured model. Raises ConfigError for one that cannot be used."""
    place = place_of(model, home)
    return None if place is None else place.load()
