"""`edgeward report` over a long account: peak memory and time of the command's own process.

    python tests/benchmarks/report.py [--records 200000 1000000]

The account is written by the ledger itself, into a private redis-server that keeps nothing on disk;
the server's memory is not in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from router.account.ledger import Ledger
from router.account.records import AttemptRecord, Record, TaskRecord
from router.store.embedded import Place, peek
from router.store.redis_binary import find_binary
from router.store.store import open_store
from router.types.decision import EscalationReason, Kind

BATCH = 1000
SEED = 20_261_201

CHILD = """
import sys
from edgeward import main
sys.argv = ["edgeward", "report", "--json"]
try:
    main()
finally:
    status = open("/proc/self/status").read()
    sys.stderr.write(status.split("VmHWM:")[1].split()[0])
"""
"""The command as installed; VmHWM is of this program alone, where ru_maxrss has what started it."""

MODELS = {"local": ("edgeward-nano", "qwen3-4b.gguf"), "cloud": ("openai/gpt-5.4-mini", "other/m")}


def task_of(number: int, draw: random.Random) -> list[Record]:
    """One attempt and its task, with the fields that an ordinary one has."""
    kind, route = draw.choice(list(Kind)), draw.choice(("local", "local", "local", "cloud"))
    model = draw.choice(MODELS[route])
    latency_s = draw.expovariate(1)
    common = {
        "task_id": f"{number:032x}",
        "time": 1_790_000_000.0 + number,
        "kind": kind,
        "language": "en",
        "latency_s": latency_s,
        "cost_usd": draw.random() / 100 if route == "cloud" else 0.0,
        "model": model,
        "route": route,
    }
    attempt = AttemptRecord.model_validate(
        common
        | {
            "number": 1,
            "role": "general",
            "engine": "litellm" if route == "cloud" else "llamacpp",
            "outcome": draw.choice(("accepted", "accepted", "rejected", "failed")),
            "prompt_tokens": draw.randrange(2000),
            "completion_tokens": draw.randrange(500),
            "probability": draw.random(),
            "label": "public",
        }
    )
    whole = TaskRecord.model_validate(
        common
        | {
            "status": "done",
            "decided": route,
            "attempts": 1,
            "escalation": EscalationReason.COMPLEX if route == "cloud" else None,
            "avoided_usd": draw.random() / 100,
            "complexity": draw.random(),
            "confidence": draw.random(),
            "prompt_chars": draw.randrange(5000),
        }
    )
    return [attempt, whole]


async def fill(url: str, begin: int, records: int) -> None:
    draw = random.Random(SEED + begin)
    async with await open_store(url=url) as store:
        ledger = Ledger(store)
        for first in range(begin, records, BATCH):
            rows = [one for task in range(first, first + BATCH, 2) for one in task_of(task, draw)]
            await ledger.append(rows)


def measure(url: str, home: Path, records: int) -> None:
    env = {**os.environ, "REDIS_URL": url, "EDGEWARD_HOME": str(home), "HOME": str(home)}
    env.pop("EDGEWARD_CONFIG", None)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", CHILD], env=env, cwd=home, capture_output=True, text=True, check=True
    )
    wall = time.perf_counter() - began
    found = json.loads(done.stdout)
    assert found["tasks"] + found["attempts"] == records, found
    print(
        f"| {records:,} | {int(done.stderr) / 1024:.0f} | {wall:.1f} | {records / wall:,.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[200_000, 1_000_000])
    wanted = sorted(parser.parse_args().records)
    folder = Path(tempfile.mkdtemp(prefix="edgeward-", dir="/tmp"))
    place = Place(data=folder, socket=folder / "redis.sock")
    command = [str(find_binary().path), "--port", "0", "--save", "", "--dir", str(folder)]
    command += ["--unixsocket", str(place.socket), "--unixsocketperm", "700"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            while peek(place) != "+PONG":
                time.sleep(0.05)
            print("| records | peak MB | wall s | a second |\n|---|---|---|---|")
            written = 0
            for records in (0, *wanted):
                asyncio.run(fill(f"unix://{place.socket}", written, records))
                written = records
                measure(f"unix://{place.socket}", folder, records)
        finally:
            server.terminate()
            server.wait(30)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
