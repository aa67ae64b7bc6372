"""Prompts that both sides have answered: what a file of them says, and what the router makes of it.

The columns are those of public routing data (`weak_score`, `strong_score`) or of a user's own
traffic (`local_score`, `cloud_score`); scores are 0..1, 1 is a perfect answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, Field, field_validator

from router.classify import signals
from router.classify.gain import Gains
from router.classify.kinds import Classifier
from router.classify.signals import Signals
from router.errors import ConfigError
from router.evaluate.curves import Outcomes
from router.evaluate.files import FileRow, read_rows
from router.policy.decide import gain_of
from router.settings.policy import PolicySettings
from router.types.decision import Guess

Part = Literal["dev", "check"]


class Pair(FileRow):
    """One prompt and what the local and the cloud model scored on it.

    split: thresholds are fixed on `dev` rows and judged on `check` rows. question: the same for
    prompts that ask the same thing; rows of one question are never on both sides.
    """

    prompt: str = Field(min_length=1)
    local: float = Field(ge=0, le=1, validation_alias=AliasChoices("local_score", "weak_score"))
    cloud: float = Field(ge=0, le=1, validation_alias=AliasChoices("cloud_score", "strong_score"))
    split: Part | Literal[""] = ""
    kind: str = ""
    source: str = ""
    local_model: str = Field(default="", validation_alias=AliasChoices("local_model", "weak_model"))
    cloud_model: str = Field(
        default="", validation_alias=AliasChoices("cloud_model", "strong_model")
    )
    question: str = Field(default="", validation_alias=AliasChoices("question", "prompt_hash"))
    train_ok: bool = False

    @field_validator("split", mode="before")
    @classmethod
    def _known_split(cls, value: object) -> object:
        named = {"train": "dev", "fit": "dev", "test": "check", "": ""}
        return named.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Pairs with what the router makes of each prompt before anybody has answered it.

    gain: (rows,) what the cloud is expected to add, as the policy counts it; dev: (rows,) on which
    side of the split.
    """

    pairs: Sequence[Pair]
    guesses: Sequence[Guess]
    facts: Sequence[Signals]
    gain: NDArray[np.float64]
    outcomes: Outcomes
    dev: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def complexity(self) -> NDArray[np.float64]:
        return np.array([guess.complexity for guess in self.guesses])

    @property
    def guessed(self) -> list[str]:
        """The kinds by which the policy decides."""
        return [guess.kind.value for guess in self.guesses]

    @property
    def kinds(self) -> list[str]:
        """The kinds by which figures are broken down: the file's own, else the guessed."""
        found = zip(self.pairs, self.guesses, strict=True)
        return [pair.kind or guess.kind.value for pair, guess in found]

    @property
    def questions(self) -> list[str]:
        return [pair.question for pair in self.pairs]

    def only(self, which: NDArray[np.bool_]) -> Judged:
        at = np.flatnonzero(which)
        places = at.tolist()
        return Judged(
            pairs=[self.pairs[i] for i in places],
            guesses=[self.guesses[i] for i in places],
            facts=[self.facts[i] for i in places],
            gain=self.gain[at],
            outcomes=self.outcomes.taken(at),
            dev=self.dev[at],
        )


def read_pairs(path: Path) -> list[Pair]:
    """The file's pairs, each with its question and its side. Raises ConfigError.

    A file without a `split` is cut in two halves by a hash of the question, always the same ones.
    """
    rows = read_rows(path, Pair)
    unsplit = sum(not row.split for row in rows)
    if 0 < unsplit < len(rows):
        raise ConfigError(
            f"{path}: `split` is empty in {unsplit} of {len(rows)} rows: give every row one (dev "
            "or check), or none"
        )
    placed = []
    for row in rows:
        question = row.question or hashlib.sha256(row.prompt.encode()).hexdigest()[:40]
        split = row.split or side_of(question)
        placed.append(row.model_copy(update={"question": question, "split": split}))
    for part in ("dev", "check"):
        if not any(row.split == part for row in placed):
            raise ConfigError(
                f"{path} has no rows on the {part} side of its split: thresholds are fixed on dev "
                "and judged on check, so both are needed; leave the column out to have the rows "
                "halved"
            )
    return placed


def side_of(question: str) -> Part:
    """Which half a question falls in: by its hash, so that it is the same every time."""
    return "dev" if hashlib.sha256(question.encode()).digest()[0] < 128 else "check"


def judge(
    pairs: Sequence[Pair],
    classifier: Classifier,
    gains: Gains,
    policy: PolicySettings,
    model: str = "",
    *,
    told: Callable[[int], None] = lambda _: None,
) -> Judged:
    """What the classifier and the gains make of each prompt.

    model: whose expected score is asked for where a row does not name its local model. told: called
    with the number of rows that are done, now and then.
    """
    guesses, facts, gain = [], [], np.zeros(len(pairs))
    known: dict[str, tuple[Guess, Signals]] = {}
    for at, pair in enumerate(pairs):
        if pair.prompt not in known:
            known[pair.prompt] = (classifier.classify(pair.prompt), signals.read(pair.prompt))
        guess, read = known[pair.prompt]
        scores = gains.expected(guess, read, pair.local_model or model)
        guesses.append(guess)
        facts.append(read)
        gain[at] = gain_of(guess, scores, policy)
        if at % 100 == 99:
            told(at + 1)
    told(len(pairs))
    return Judged(
        pairs=pairs,
        guesses=guesses,
        facts=facts,
        gain=gain,
        outcomes=Outcomes(
            np.array([pair.local for pair in pairs]), np.array([pair.cloud for pair in pairs])
        ),
        dev=np.array([pair.split == "dev" for pair in pairs]),
    )
