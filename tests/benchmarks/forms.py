"""How well the form of a request is read from its words: precision and recall of every field.

Rows of `form_requests/*.jsonl` are requests in human wording with the form that they ask for,
`null` where they ask for none. Precision: of the fields that are read, the share that is right;
recall: of the fields that are asked for, the share that is read right. `keys` are the dotted names
of a JSON's keys (lists as `items[].name`), `types` those that the words name.

    python tests/benchmarks/forms.py [--file PATH]... [--wrong]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from form_scores import REQUESTS, Tally, load, score

from router.form.read import read_form

ROUNDS = 5
"""The fastest of so many readings counts: the machine is shared."""


def _said(name: str, tally: Tally) -> str:
    return (
        f"{name:16} read {tally.read:4}  asked {tally.asked:4}  right {tally.right:4}  "
        f"precision {tally.precision:.3f}  recall {tally.recall:.3f}"
    )


def _ms(prompt: str) -> float:
    began = time.process_time()
    read_form(prompt, None)
    return 1000 * (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--file", type=Path, action="append", help="other rows than the shipped")
    parser.add_argument("--wrong", action="store_true", help="show what was read otherwise")
    options = parser.parse_args()
    files = options.file or sorted(REQUESTS.glob("*.jsonl"))
    for file in files:
        rows = load(file)
        print(f"{file.name}: {len(rows)} requests")
        whole = score(rows)
        for name in sorted(whole.fields):
            print("  " + _said(name, whole.fields[name]))
        for language in ("en", "pt"):
            part = score([row for row in rows if row["lang"] == language])
            print("  " + _said(language, part.overall))
        print("  " + _said("all", whole.overall))
        exact = len(rows) - len({wrong[0] for wrong in whole.wrong})
        print(f"  whole form right: {exact} of {len(rows)}")
        times = [min(_ms(row["prompt"]) for _ in range(ROUNDS)) for row in rows]
        times.sort()
        p99 = times[int(0.99 * len(times))]
        print(f"  {statistics.median(times):.3f} ms CPU a request, p99 {p99:.3f} ms")
        if options.wrong:
            by_id = {row["id"]: row["prompt"] for row in rows}
            for name, which, here, there in whole.wrong:
                print(f"  {name} {which}: read {here}, asked {there}\n      {by_id[name][:300]!r}")


if __name__ == "__main__":
    main()
