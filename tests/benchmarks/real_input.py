"""Prompts that nobody here wrote through `edgeward demo --file`, with a scripted cloud.

    python tests/benchmarks/real_input.py slm_mix.parquet [--rows 200]

Reads the rows of the `check` split (columns `prompt`, `split`; needs pandas and pyarrow) and prints
whether every one of them is accounted for, the wall seconds and the peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import yaml

PRICE = [0.25e-6, 2.0e-6]


def main() -> None:
    import pandas

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=200)
    arguments = parser.parse_args()
    table = pandas.read_parquet(arguments.file)
    prompts = table[table["split"] == "check"]["prompt"].head(arguments.rows).tolist()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requests = folder / "requests.jsonl"
        requests.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts))
        script = folder / "cloud.yaml"
        rule = {"reply": "A scripted cloud answers.", "delay_s": 0.05}
        script.write_text(yaml.safe_dump({"rules": [rule], "usd_per_token": PRICE}))
        config = folder / "edgeward.yaml"
        config.write_text(yaml.safe_dump({"cloud": {"script": str(script)}}))
        command = str(Path(sys.executable).with_name("edgeward"))
        environment = {**os.environ, "EDGEWARD_HOME": str(folder / "home")}
        began = time.perf_counter()
        done = subprocess.run(
            [command, "demo", "--file", str(requests), "--config", str(config), "--json"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=environment,
            check=False,
        )
        wall_s = time.perf_counter() - began
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        results = [json.loads(line) for line in done.stdout.splitlines()]
        report = subprocess.run(
            [command, "report", "--json", "--config", str(config)],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        )
    accounted = json.loads(report.stdout)["tasks"]
    print(done.stderr, end="", file=sys.stderr)
    ends = Counter(f"{row['status']}/{row['route']}" for row in results)
    print("| what | figure |")
    print("|---|---|")
    print(f"| rows sent, results, in the report | {len(prompts)}, {len(results)}, {accounted} |")
    print(f"| exit status | {done.returncode} |")
    print(f"| ended as | {', '.join(f'{end} {count}' for end, count in ends.most_common())} |")
    print(f"| dollars | {sum(row['cost_usd'] or 0 for row in results):.6f} |")
    print(f"| wall | {wall_s:.1f} s |")
    print(f"| peak memory | {peak_mb:.0f} MB |")
    for row in results:
        if row["route"] == "local":
            print(f"\nanswered locally ({row['guess']['kind']}): {row['text'][:120]!r}")


if __name__ == "__main__":
    main()
