"""Tables as the benchmarks print them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence


def print_table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Print one Markdown table and a blank line."""
    rows = [head, ["---"] * len(head), *lines]
    sys.stdout.writelines(f"| {' | '.join(row)} |\n" for row in rows)
    sys.stdout.write("\n")
