"""The one text model of the project: a softmax over hashed word and character n-grams.

Features of a text: its words and pairs of words, and its runs of 3 to 5 characters, each hashed
into one of `buckets` rows of a weight table. Case is folded, digits become one class, accents are
dropped; a word that had accents counts a second time with them, so Portuguese works typed either
way. A caller may add marks, names of what it saw in the text: they are a third group. Each of the
groups is a set (presence, not counts) scaled to unit length. Nothing here depends on Python's
randomised `hash`: the same text gives the same rows on every machine.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router.errors import ConfigError

FORMAT = 1
HEAD_CHARS = 1400
TAIL_CHARS = 700
"""A longer text is seen through these two windows: what is asked stands at one of its ends."""

_CHAR_SIZES = (3, 4, 5)
_PRIME = np.uint32(0x01000193)
_SALT_PAIR = np.uint32(0x9E3779B9)
_SALT_ACCENT = 0x5BD1E995
_SALT_MARK = 77
_WORDS = re.compile(rb"[0-9a-z_\x80-\xff]+|[^\s]")
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_DIGIT_RUN = re.compile(rb"0{4,}")
_SPACES = re.compile(rb"\s+")
_COMBINING = re.compile("[\u0300-\u036f]")

Rows = NDArray[np.uint32]


def windows(text: str, head: int = HEAD_CHARS, tail: int = TAIL_CHARS) -> str:
    """`text` itself, or its first `head` and last `tail` characters with a line break between."""
    return text if len(text) <= head + tail else f"{text[:head]}\n{text[-tail:]}"


def rows(text: str, buckets: int) -> tuple[Rows, Rows]:
    """The table rows `text` touches: (words and pairs, character runs), each sorted and unique."""
    text = windows(text).lower()
    accented: list[int] = []
    if text.isascii():
        folded = text.encode()
    else:
        composed = unicodedata.normalize("NFC", text)
        accented = [
            zlib.crc32(word.encode("utf-8", "replace"), _SALT_ACCENT)
            for word in re.findall(r"\w+", composed)
            if not word.isascii()
        ]
        plain = _COMBINING.sub("", unicodedata.normalize("NFKD", text))
        folded = plain.encode("utf-8", "replace")
    folded = _DIGIT_RUN.sub(b"0000", folded.translate(_DIGITS))
    words = [zlib.crc32(word) for word in _WORDS.findall(folded)]
    chars = np.frombuffer(b" %b " % _SPACES.sub(b" ", folded).strip(), dtype=np.uint8)
    of_words = _word_hashes(words, accented)
    mixed = _mixed(np.concatenate([of_words, *_char_hashes(chars.astype(np.uint32))]), buckets)
    return _distinct(mixed[: len(of_words)]), _distinct(mixed[len(of_words) :])


def mark_rows(marks: Sequence[str], buckets: int) -> Rows:
    """The table rows of `marks`, which differ from each other."""
    return np.array([_mark_row(mark, buckets) for mark in marks], dtype=np.uint32)


@cache
def _mark_row(mark: str, buckets: int) -> int:
    hashed = np.array([zlib.crc32(mark.encode(), _SALT_MARK)], dtype=np.uint32)
    return int(_mixed(hashed, buckets)[0])


def _word_hashes(words: list[int], accented: list[int]) -> Rows:
    # A zero at either end makes the first and the last word features of their own.
    bounded = np.array([0, *words, 0], dtype=np.uint32)
    pairs = (bounded[:-1] * _PRIME) ^ (bounded[1:] + _SALT_PAIR)
    return np.concatenate([bounded[1:-1], pairs, np.array(accented, dtype=np.uint32)])


def _char_hashes(chars: Rows) -> list[Rows]:
    """Polynomial hashes of all runs, modulo 2**32; a run extends the one that is a byte shorter."""
    found: list[Rows] = []
    running = chars.copy()
    for size in range(2, max(_CHAR_SIZES) + 1):
        if len(running) < 2:
            break
        running = running[:-1] * _PRIME + chars[size - 1 :]
        if size in _CHAR_SIZES:
            found.append(running + np.uint32(size))
    return found


def _mixed(hashes: Rows, buckets: int) -> Rows:
    # The low bits of a polynomial hash are weak: mix before reducing (Murmur3's finaliser).
    mixed = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    mixed %= np.uint32(buckets)
    return mixed


def _distinct(found: Rows) -> Rows:
    found.sort()
    if len(found) < 2:
        return found
    new = np.empty(len(found), dtype=bool)
    new[0] = True
    np.not_equal(found[1:], found[:-1], out=new[1:])
    return found[new]


@dataclass(frozen=True, slots=True, eq=False)
class LinearModel:
    """Labels and their weights. Immutable, and safe to share between threads.

    weights: (buckets, labels) int8; scale, bias: (labels,) float32. A label's logit is
    bias + scale * (sum of its word weights / sqrt(words) + the same over character runs).
    """

    labels: tuple[str, ...]
    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def load(cls, path: str | Path) -> LinearModel:
        """Read what `save` wrote. ConfigError where the file is missing or not ours."""
        try:
            # Opened here, because numpy leaves a damaged file open.
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
                if int(stored["format"]) != FORMAT:
                    raise ConfigError(
                        f"{path} has format {int(stored['format'])}, this version reads {FORMAT}: "
                        "train the weights again"
                    )
                return cls(
                    labels=tuple(str(label) for label in stored["labels"]),
                    weights=stored["weights"],
                    scale=stored["scale"],
                    bias=stored["bias"],
                )
        except FileNotFoundError:
            raise ConfigError(
                f"no model weights at {path}: reinstall the package, or train them"
            ) from None
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ConfigError(f"{path} is not a model written by save(): {error}") from error

    def save(self, path: str | Path) -> None:
        """Write one compressed .npz; the same model gives the same bytes."""
        # An open file, because numpy would append .npz to a name that lacks it.
        with open(path, "wb") as file:
            np.savez_compressed(
                file,
                format=np.array(FORMAT),
                labels=np.array(self.labels),
                weights=self.weights,
                scale=self.scale,
                bias=self.bias,
            )

    def logits(self, text: str, marks: Sequence[str] = ()) -> NDArray[np.float32]:
        """(labels,) float32, unnormalised log-odds."""
        total = np.zeros(len(self.labels), dtype=np.float32)
        for group in _groups(text, marks, len(self.weights)):
            if len(group):
                # Whole numbers that a float32 holds exactly: a product with ones is their sum.
                ones = np.ones(len(group), dtype=np.float32)
                summed = ones @ self.weights.take(group, axis=0)
                total += summed / np.float32(math.sqrt(len(group)))
        return self.bias + self.scale * total

    def probabilities(self, text: str, marks: Sequence[str] = ()) -> dict[str, float]:
        """Every label with its probability; they sum to one. Any text will do."""
        logits = self.logits(text, marks)
        odds = np.exp(logits - np.max(logits))
        return dict(zip(self.labels, (odds / odds.sum()).tolist(), strict=True))

    def tempered(self, temperature: float) -> LinearModel:
        """The same model with all logits divided by `temperature`: above 1 it is less sure."""
        factor = np.float32(1 / temperature)
        return replace(self, scale=self.scale * factor, bias=self.bias * factor)

    def calibrated(
        self,
        texts: Sequence[str],
        labels: Sequence[str],
        marks: Sequence[Sequence[str]] | None = None,
    ) -> LinearModel:
        """Temper by the temperature that fits `texts` best; they must not be training texts."""
        pairs = zip(texts, marks or [()] * len(texts), strict=True)
        logits = np.stack([self.logits(*pair) for pair in pairs]).astype(np.float64)
        truth = np.array([self.labels.index(label) for label in labels])
        candidates = np.geomspace(0.2, 5.0, 129)
        losses = [_log_loss(logits / temperature, truth) for temperature in candidates]
        return self.tempered(float(candidates[int(np.argmin(losses))]))


def _log_loss(logits: NDArray[np.float64], truth: NDArray[Any]) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return float((log_sum - shifted[np.arange(len(truth)), truth]).mean())


def fit(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    buckets: int = 2**16,
    epochs: int = 8,
    seed: int = 0,
    l2: float = 1e-5,
    sample_weight: Sequence[float] | None = None,
    marks: Sequence[Sequence[str]] | None = None,
    batch: int = 256,
    learning_rate: float = 0.2,
) -> LinearModel:
    """Softmax regression by minibatch AdaGrad; the same arguments give the same model.

    l2: strength of the quadratic penalty, per weight and step. sample_weight: one a text, mean
    about 1. marks: those of each text, where the model will be asked with marks. About 3 s an epoch
    for 30,000 prompts on one core. ValueError where there is nothing
    to learn from.
    """
    if len(texts) != len(labels) or len(set(labels)) < 2:
        raise ValueError(
            f"{len(texts)} texts with {len(labels)} labels of {len(set(labels))} kinds: "
            "give one label a text, and at least two kinds"
        )
    names = tuple(sorted(set(labels)))
    truth = np.array([names.index(label) for label in labels])
    importance = np.asarray(
        np.ones(len(texts)) if sample_weight is None else sample_weight, dtype=np.float32
    )
    of_each = marks or [()] * len(texts)
    encoded = [_scaled_rows(*pair, buckets) for pair in zip(texts, of_each, strict=True)]
    weights = np.zeros((buckets, len(names)), dtype=np.float32)
    bias = np.zeros(len(names), dtype=np.float32)
    seen_weights, seen_bias = np.full_like(weights, 1e-8), np.full_like(bias, 1e-8)
    order = np.random.default_rng(seed)
    for epoch in range(epochs):
        rate = np.float32(learning_rate * (1 - epoch / epochs))
        shuffled = order.permutation(len(texts))
        for start in range(0, len(texts), batch):
            chosen = shuffled[start : start + batch]
            flat = np.concatenate([encoded[i][0] for i in chosen])
            values = np.concatenate([encoded[i][1] for i in chosen])
            lengths = np.array([len(encoded[i][0]) for i in chosen])
            error = _errors(weights, bias, flat, values, lengths, truth[chosen])
            error *= importance[chosen, None] / np.float32(len(chosen))
            gradient = _scatter(error, flat, values, lengths, buckets)
            gradient += np.float32(l2) * weights
            seen_weights += gradient * gradient
            weights -= rate * gradient / np.sqrt(seen_weights)
            bias_gradient = error.sum(axis=0)
            seen_bias += bias_gradient * bias_gradient
            bias -= rate * bias_gradient / np.sqrt(seen_bias)
    return _quantised(names, weights, bias)


def _groups(text: str, marks: Sequence[str], buckets: int) -> tuple[Rows, ...]:
    return *rows(text, buckets), mark_rows(marks, buckets)


def _scaled_rows(text: str, marks: Sequence[str], buckets: int) -> tuple[Rows, NDArray[np.float32]]:
    """Rows of all groups in one array, and the value of each: 1 / sqrt(size of its group)."""
    groups = _groups(text, marks, buckets)
    values = [np.full(len(g), 1 / math.sqrt(max(len(g), 1)), dtype=np.float32) for g in groups]
    return np.concatenate(groups), np.concatenate(values)


def _errors(
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
    flat: Rows,
    values: NDArray[np.float32],
    lengths: NDArray[Any],
    truth: NDArray[Any],
) -> NDArray[np.float32]:
    """(texts, labels): predicted probability minus truth, for texts laid end to end in `flat`."""
    # Every text has at least one row (the pair of its two ends), so no segment is empty.
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    logits = np.add.reduceat(weights[flat] * values[:, None], starts, axis=0) + bias
    odds: NDArray[np.float32] = np.exp(logits - logits.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    odds[np.arange(len(truth)), truth] -= 1
    return odds


def _scatter(
    error: NDArray[np.float32],
    flat: Rows,
    values: NDArray[np.float32],
    lengths: NDArray[Any],
    buckets: int,
) -> NDArray[np.float32]:
    """(buckets, labels): each text's error added to every row it touched."""
    owner = np.repeat(np.arange(len(lengths)), lengths)
    columns = [
        np.bincount(flat, weights=column[owner] * values, minlength=buckets) for column in error.T
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _quantised(
    names: tuple[str, ...], weights: NDArray[np.float32], bias: NDArray[np.float32]
) -> LinearModel:
    peak = np.abs(weights).max(axis=0)
    scale = np.where(peak > 0, peak, 1).astype(np.float32) / np.float32(127)
    return LinearModel(names, np.rint(weights / scale).astype(np.int8), scale, bias)
