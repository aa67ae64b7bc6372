"""Train the judge of complexity: `python -m router.classify.train_complexity [--out FILE]`.

From `requests/en.txt` and `requests/pt.txt`, and the generator's orders on a text. The same seed
gives the same file. A development script.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from router.classify import request_files, signals
from router.classify.complexity_features import features, share
from router.classify.complexity_model import WEIGHTS, ComplexityModel
from router.classify.generator import generate
from router.classify.lexicon import folded
from router.classify.parts import parts_of
from router.classify.train import Row, read_rows
from router.types.decision import Kind

REQUESTS = Path(__file__).parent / "requests"
PER_LINE = 80
GENERATED = 9_000
COMPLEX_SHARE = 0.5
L2 = {"asks": 7e-5, "story": 7e-5, "marks": 1e-3}
EPOCHS = 400
LEAST_WEIGHT = 0.05
LEAST_SEEN = 4

ROW_WEIGHT = 0.6
"""A row or a generated prompt against a drawn request: there are many, and of few manners."""

_LEAST_HARD = 0.3
_KINDS = frozenset(Kind) - {Kind.WRITING, Kind.UNSURE}
_HARD_SOURCES = (
    "math-l5", "ulab-math", "ulab-gpqa", "ulab-agentverse-logicgrid", "banking77",
)  # fmt: skip
"""Sources that are no routine: hard problems, and complaints to a bank that ask for advice."""

_OPENINGS = {
    "en": (
        "hi, ", "hello! ", "hey ", "please ", "pls ", "quick question: ", "ok so ", "quick one - ",
        "good morning. ", "can you ", "could you ", "hey there, ", "sorry to bother you. ",
        "one more thing: ", "my boss needs this in five minutes. ", "im on my phone so sorry. ",
        "so this may sound silly but ", "been at it all day. ", "for work: ",
    ),
    "pt": (
        "oi, ", "olá! ", "bom dia, ", "por favor ", "pf ", "uma pergunta rápida: ", "então, ",
        "gente, ", "boa tarde. ", "pode ", "podes ", "viva, ", "desculpa incomodar. ",
        "mais uma coisa: ", "o chefe quer isto em cinco minutos. ", "to no celular, desculpa. ",
        "se calhar é parvo mas ", "passei o dia nisso. ", "pro trabalho: ",
    ),
}  # fmt: skip
_SHORT_CLOSINGS = {
    "en": (
        " - only that", " just the result", " nothing else thx", " no explanation", " answer only",
        " one line only", ". only the number", ". keep it short", " thanks!",
        " and no comments please",
    ),
    "pt": (
        " - só isso", " apenas o resultado", " mais nada obg", " sem explicar", " só uma linha",
        " só a resposta", ". só o número", ". curto", " obrigada!", " e sem comentários",
    ),
}  # fmt: skip
_CLOSINGS = {
    "en": (
        " thanks",
        " thank you!",
        " pls",
        " thx in advance",
        " any help appreciated",
        " be honest",
    ),
    "pt": (" obrigado", " obg", " pfv", " desde já obrigada", " agradeço ajuda", " sê sincero"),
}
_SPELLINGS = {
    "en": {"you": "u", "are": "r", "please": "pls", "because": "cuz", "and": "&", "with": "w/"},
    "pt": {"que": "q", "você": "vc", "porque": "pq", "não": "n", "também": "tb", "está": "tá"},
}


def _typed(text: str, language: str, chance: random.Random, *, routine: bool) -> str:
    """As people type: openings, closings, no capitals, no accents, slips."""
    if chance.random() < 0.15:
        text = chance.choice(_OPENINGS[language]) + text
    closings = _SHORT_CLOSINGS if routine and chance.random() < 0.6 else _CLOSINGS
    if chance.random() < 0.15:
        text = text.rstrip(".?") + chance.choice(closings[language])
    if chance.random() < 0.3:
        spellings = _SPELLINGS[language]
        text = " ".join(
            spellings.get(word, word) if chance.random() < 0.5 else word for word in text.split(" ")
        )
    draw = chance.random()
    if draw < 0.25:
        text = folded(text)
    elif draw < 0.5:
        text = text[:1].upper() + text[1:]
    if chance.random() < 0.2:
        text = text.replace("?", "", 1)
    if chance.random() < 0.25 and len(text) > 12:
        for _ in range(1 + len(text) // 120):
            at = chance.randrange(1, min(len(text), 300) - 2)
            swapped = text[at + 1] + text[at]
            text = text[:at] + chance.choice([swapped, text[at], ""]) + text[at + 2 :]
    return text


def examples(seed: int, per_line: int = PER_LINE) -> list[tuple[str, bool, float]]:
    """Prompts, whether each is complex, and how much it counts."""
    chance = random.Random(seed)
    made: list[tuple[str, bool, float]] = []
    for language in ("en", "pt"):
        file = request_files.read(REQUESTS / f"{language}.txt", language)
        for line in file.lines:
            routine = line.group == "routine"
            drawn = sorted({file.draw(line, chance) for _ in range(per_line)})
            typed = [_typed(text, language, chance, routine=routine) for text in drawn]
            made += [(text, not routine, 1.0) for text in typed]
    return made


def known_routine(rows: Sequence[Row], seed: int) -> list[tuple[str, bool, float]]:
    """Generated prompts and rows that are routine, or left to what their kind is known to gain.

    Exam questions and sums are hard or easy whatever their wording: that is no complexity.
    """
    found = [e.prompt for e in generate(GENERATED, seed=seed) if e.kind in _KINDS]
    found += [
        row.prompt
        for row in rows
        if row.train_ok
        and row.split == "dev"
        and row.kind in _KINDS
        and not row.source.startswith(_HARD_SOURCES)
    ]
    easy = [prompt for prompt in found if signals.read(prompt).complexity < _LEAST_HARD]
    return [(prompt, False, ROW_WEIGHT) for prompt in easy]


def fit(made: Sequence[tuple[str, bool, float]], *, epochs: int = EPOCHS) -> ComplexityModel:
    """Logistic regression by AdaGrad; all complex requests together weigh `COMPLEX_SHARE`."""
    read = [features(parts_of(prompt), signals.read(prompt)).groups() for prompt, _, _ in made]
    counts = Counter((g, name) for found in read for g, names in found.items() for name in names)
    kept = sorted(key for key, count in counts.items() if count >= LEAST_SEEN)
    index = {key: at for at, key in enumerate(kept)}
    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for found in read:
        for group, names in found.items():
            # Sorted: sums in another order would differ in their last digit.
            known = sorted(index[group, name] for name in names if (group, name) in index)
            columns += known
            values += [share(group, len(names))] * len(known)
        starts.append(len(columns))
    truth = np.array([float(hard) for _, hard, _ in made])
    weight = np.array([share for _, _, share in made])
    for side, part in ((0.0, 1 - COMPLEX_SHARE), (1.0, COMPLEX_SHARE)):
        weight[truth == side] *= part / weight[truth == side].sum()
    penalty = np.array([L2[group] for group, _ in kept])
    fitted = _descend(
        np.array(columns), np.array(values), np.array(starts), truth, weight, penalty, epochs
    )
    weights: dict[str, dict[str, float]] = {group: {} for group in L2}
    for (group, name), value in zip(kept, fitted[:-1].tolist(), strict=True):
        if abs(value) >= LEAST_WEIGHT:
            weights[group][name] = round(value, 2)
    return ComplexityModel(round(float(fitted[-1]), 3), weights)


def _descend(
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
    starts: NDArray[np.int64],
    truth: NDArray[np.float64],
    weight: NDArray[np.float64],
    penalty: NDArray[np.float64],
    epochs: int,
) -> NDArray[np.float64]:
    """Weights of all columns, the bias last."""
    rows = np.repeat(np.arange(len(truth)), np.diff(starts))
    fitted = np.zeros(len(penalty) + 1)
    seen = np.full_like(fitted, 1e-10)
    for epoch in range(epochs):
        odds = np.bincount(rows, values * fitted[columns], len(truth)) + fitted[-1]
        error = weight * (1 / (1 + np.exp(-odds)) - truth)
        gradient = np.append(
            np.bincount(columns, values * error[rows], len(penalty)) + penalty * fitted[:-1],
            error.sum(),
        )
        seen += gradient * gradient
        fitted -= 0.5 * (1 - epoch / epochs) * gradient / np.sqrt(seen)
    return fitted


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description="Train the judge of complexity.")
    parser.add_argument("data", nargs="?", type=Path, help="parquet of labelled prompts")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rows = read_rows(arguments.data) if arguments.data else []
    made = examples(arguments.seed) + known_routine(rows, arguments.seed)
    model = fit(made)
    model.save(arguments.out)
    size = arguments.out.stat().st_size
    known = sum(len(group) for group in model.weights.values())
    print(f"{len(made):,} requests; {arguments.out}: {size:,} bytes, {known:,} features")


if __name__ == "__main__":
    main()
