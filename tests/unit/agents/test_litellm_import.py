"""LiteLLM's import, in a process of its own: no network, no .env, no noise, a running loop."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

PROGRAM = """
import asyncio, json, os, socket, sys, time

sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests/support"]
attempts = []
listening = set()
connect, look_up = socket.socket.connect, socket.getaddrinfo

def refuse_connect(self, address, *rest):
    attempts.append(repr(address))
    raise OSError("no network in this test")

def refuse_look_up(host, *rest, **more):
    attempts.append(repr(host))
    raise socket.gaierror("no network in this test")

socket.socket.connect = refuse_connect
socket.getaddrinfo = refuse_look_up

from agents.engines.litellm import LiteLLMEngine
from router.account.pricing import Prices

async def main():
    engine = LiteLLMEngine(model="openai/gpt-5-mini", api_key="k", max_tokens=10,
                           prices=Prices.load())
    began = time.perf_counter()
    await engine.open()
    opened_s, loaded_by_open = time.perf_counter() - began, "litellm" in sys.modules
    gaps = []

    async def tick():
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            gaps.append(now - last - 0.005)
            last = now

    ticking = asyncio.create_task(tick())
    began = time.perf_counter()
    await asyncio.gather(*(engine.warm() for _ in range(3)))
    warm_s = time.perf_counter() - began
    ticking.cancel()
    gaps.sort()
    caps = engine.caps
    await engine.close()
    print(json.dumps({
        "opened_s": opened_s, "loaded_by_open": loaded_by_open, "warm_s": warm_s,
        "lag_p99_s": gaps[int(len(gaps) * 0.99)], "lag_max_s": gaps[-1],
        "attempts": attempts, "planted": os.environ.get("PLANTED"),
        "context_tokens": caps.context_tokens, "json_schema": caps.json_schema,
    }))

asyncio.run(main())
"""


def test_the_import_is_quiet_offline_and_leaves_the_loop_running(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PLANTED=yes\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(ROOT)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    seen = json.loads(done.stdout)
    assert seen["attempts"] == []
    assert seen["planted"] is None, ".env was read into the environment"
    assert not seen["loaded_by_open"]
    assert seen["opened_s"] < 0.05
    assert seen["lag_p99_s"] < 0.25, seen
    assert seen["context_tokens"] == 272_000
    assert seen["json_schema"] is True
