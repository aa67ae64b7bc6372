"""Trains the gate on the generated data, and collects the lexicon.

python -m agents.nano.train_gate [--negatives FILE.parquet ...]
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
from pathlib import Path

from agents.nano import GATE_PATH, LEXICON_PATH
from agents.nano.data.grammar import Sample
from agents.nano.data.mix import training_stream
from agents.nano.lexicon import build
from router.classify.ngrams import fit

# A refusal that names the format of a family (a date with two readings "to ISO") differs from what
# is answered in ways that n-grams do not show; the decoder refuses it. One in five is kept.
_TARGETS = re.compile(r"ISO|YYYY|AAAA|E\.?164")


def _visible(sample: Sample) -> bool:
    return sample.family != "escalate" or not _TARGETS.search(sample.prompt)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=40_000)
    parser.add_argument("--buckets", type=int, default=2**15)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lexicon-only", action="store_true", help="leave the gate as it is")
    parser.add_argument("--negatives", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=GATE_PATH)
    args = parser.parse_args()
    # Four times as many samples as the gate needs: a word that is rare here counts as unknown.
    lexicon = build(itertools.islice(training_stream(98), 4 * args.samples))
    LEXICON_PATH.write_text(json.dumps(lexicon, indent=0) + "\n", encoding="utf-8")
    if args.lexicon_only:
        return
    negatives: list[str] = []
    if args.negatives:
        from agents.nano.train import read_negatives

        negatives = read_negatives(args.negatives)
    stream = (s for i, s in enumerate(training_stream(97, negatives)) if i % 5 == 0 or _visible(s))
    samples = list(itertools.islice(stream, args.samples))
    model = fit(
        [s.prompt for s in samples],
        [s.family for s in samples],
        buckets=args.buckets,
        epochs=args.epochs,
        seed=1,
    )
    model.save(args.out)


if __name__ == "__main__":
    main()
