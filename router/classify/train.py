"""Train the kind classifier: `python -m router.classify.train [DATA.parquet] [--out kinds.npz]`.

Learns from generated prompts, and from the rows of the parquet that are marked `train_ok` and are
on the `dev` side of its split. Without the parquet it works from the generator alone. A
development script: reading the parquet needs pandas, which the package does not depend on.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from router.classify import shapes, signals
from router.classify.generator import generate
from router.classify.kinds import WEIGHTS, NgramClassifier, shown
from router.classify.language import language_of
from router.classify.ngrams import LinearModel, fit
from router.classify.phrasings import framed
from router.classify.rules import kind_by_rule
from router.types.decision import Kind

GENERATED = 48_000
ROW_WEIGHT = 4.0
"""A row against a generated prompt: people wrote the rows."""

FRAMED = 0.25
"""The share of prompts that are learned with a greeting, a label or thanks around them."""

BUCKETS = 2**18
L2 = 1e-7
CALIBRATION = 1_800
UNSEEN_TEMPERATURE = 1.6
"""Over the one that fits phrasings held out: people write further from what was learned than that.
It is what the log loss asks for on six groups of sources, each left out of a training."""

DOCUMENT_CHARS = 250

# A "general" row is what an assistant is asked beside the other kinds. Where the source is made of
# one template family, the family says which of our kinds that is; the others say nothing reliable.
_GENERAL = {
    "p3-paws": Kind.REWRITING,
    "p3-glue": Kind.REWRITING,
    "p3-cnn": Kind.WRITING,
    "p3-app": Kind.WRITING,
    "p3-common": Kind.WRITING,
    "p3-gigaword": Kind.WRITING,
    "p3-samsum": Kind.WRITING,
    "p3-wiki": Kind.WRITING,
    "ulab-commongen": Kind.WRITING,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt of the parquet. `kind` is None where its label has no counterpart here."""

    prompt: str
    kind: Kind | None
    label: str
    language: str
    split: str
    source: str
    train_ok: bool


def read_rows(path: Path) -> list[Row]:
    """The parquet's rows with their labels translated to kinds."""
    import pandas

    return [
        Row(
            prompt=row.prompt,
            kind=_kind(row.prompt, row.label, row.source),
            label=row.label,
            language=row.lang,
            split=row.split,
            source=row.source,
            train_ok=bool(row.train_ok),
        )
        for row in pandas.read_parquet(path).itertuples()
    ]


def _kind(prompt: str, label: str, source: str) -> Kind | None:
    if label == "general":
        return _GENERAL.get(source)
    # The intent data sets also have "what is 10 + 20" and "how do you say thanks in Spanish", which
    # are other kinds here: such rows are neither learned nor counted.
    if label == "tool":
        facts = signals.read(prompt)
        if kind_by_rule(facts.plain, facts.beginnings) in (Kind.MATH, Kind.TRANSLATION):
            return None
    return Kind(label)


def train(rows: Sequence[Row], *, seed: int = 0, epochs: int = 6) -> LinearModel:
    """A calibrated model. The temperature comes from held-out phrasings, and from sources left out:
    rows of those that were trained on look easier than anything a user will type.
    """
    learned = [
        (row.prompt, row.kind)
        for row in rows
        if row.train_ok and row.split == "dev" and row.kind is not None
    ]
    # Long prompts serve as documents too, under orders of every kind, and words out of them as
    # subjects: then neither what a text is about nor its style says what is asked.
    documents = [prompt for prompt, _ in learned if len(prompt) >= DOCUMENT_CHARS]
    made = generate(GENERATED, seed=seed, documents=documents)
    weights = [ROW_WEIGHT] * len(learned) + [1.0] * len(made)
    learned += [(example.prompt, example.kind) for example in made]
    # Equal say for every kind: the rows are mostly knowledge and mathematics.
    totals: dict[Kind, float] = defaultdict(float)
    for (_, kind), weight in zip(learned, weights, strict=True):
        totals[kind] += weight
    chance = random.Random(seed)
    texts, marks = _read([_now_and_then_framed(prompt, chance) for prompt, _ in learned])
    model = fit(
        texts,
        [kind.value for _, kind in learned],
        buckets=BUCKETS,
        epochs=epochs,
        seed=seed,
        l2=L2,
        sample_weight=[
            weight * len(learned) / len(totals) / totals[kind]
            for (_, kind), weight in zip(learned, weights, strict=True)
        ],
        marks=marks,
    )
    held = generate(CALIBRATION, seed=seed + 1, held_out=True)
    texts, marks = _read([example.prompt for example in held])
    fitted = model.calibrated(texts, [example.kind.value for example in held], marks)
    return fitted.tempered(UNSEEN_TEMPERATURE)


def _now_and_then_framed(prompt: str, chance: random.Random) -> str:
    if chance.random() >= FRAMED:
        return prompt
    language = language_of(prompt)
    return framed(prompt, chance, "pt" if language == "pt" else "en")


def _read(prompts: Sequence[str]) -> tuple[list[str], list[tuple[str, ...]]]:
    """What the classifier will show the model of each prompt, and the marks of each."""
    texts, marks = [], []
    for prompt in prompts:
        facts = signals.read(prompt)
        texts.append(shown(facts))
        marks.append(shapes.read(facts).marks)
    return texts, marks


def accuracy(classifier: NgramClassifier, examples: Sequence[tuple[str, Kind]]) -> float:
    """Share of prompts whose best kind is right; UNSURE counts as wrong."""
    right = sum(classifier.classify(prompt).kind is kind for prompt, kind in examples)
    return right / max(len(examples), 1)


def main() -> None:
    """Train, save, and print the accuracies that the model card quotes."""
    parser = argparse.ArgumentParser(description="Train the kind classifier.")
    parser.add_argument("data", nargs="?", type=Path, help="parquet of labelled prompts")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=6)
    arguments = parser.parse_args()

    rows = read_rows(arguments.data) if arguments.data else []
    model = train(rows, seed=arguments.seed, epochs=arguments.epochs)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    model.save(arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes, {len(model.labels)} kinds")

    classifier = NgramClassifier.load(arguments.out)
    for language in ("en", "pt"):
        unseen = [
            (e.prompt, e.kind)
            for e in generate(3_600, seed=arguments.seed + 2, held_out=True)
            if e.language == language
        ]
        print(f"held-out phrasings, {language}: {accuracy(classifier, unseen):.3f}")
        check = [
            (row.prompt, row.kind)
            for row in rows
            if row.split == "check" and row.kind is not None and row.language == language
        ]
        if check:
            print(f"check rows, {language}: {accuracy(classifier, check):.3f} of {len(check)}")


if __name__ == "__main__":
    main()
