"""Workflows in processes of their own: killed, resumed, and handed to workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from command import COMMAND, Edgeward
from waiting import wait_for

PRICES = """
prices:
- {model: openai/test-model, input_per_mtok_usd: 1, output_per_mtok_usd: 4, source: made up, as_of: 2026-01-01}
"""  # noqa: E501


@contextmanager
def started(home: Path, folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    clean = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    environment = {**clean, "EDGEWARD_HOME": str(home), "HOME": str(folder), "COLUMNS": "200"}
    with subprocess.Popen(
        [str(COMMAND), *words],
        env=environment | {"OPENAI_API_KEY": "test-key"},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def requests_of(provider: str, word: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{provider.removesuffix('/v1')}/_requests") as answer:
        seen: list[dict[str, Any]] = json.load(answer)
    return [one for one in seen if word in str(one["body"]["messages"][-1]["content"])]


def test_killed_and_resumed_it_repeats_and_pays_nothing_twice(
    edgeward: Edgeward, home: Path, tmp_path: Path, provider: str
) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES)
    (tmp_path / "edgeward.yaml").write_text(
        f"cloud: {{url: '{provider}', model: test-model}}\nprices: prices.yaml\n"
        "memory: {cache: false}\n"
    )
    (tmp_path / "paid.yaml").write_text(
        """
name: paid
budget: {max_usd: 1}
steps:
  - {id: each, for_each: "${{ range(12) }}", max_parallel: 2, agent: cloud, prompt: "Killed workflow, number ${{ item }}."}
  - {id: judged, agent: cloud, prompt: "Killed workflow, the last.", verify: {command: [./judge.sh]}}
outputs: {n: "${{ len(compact(steps.each.output)) }}"}
"""  # noqa: E501
    )
    (tmp_path / "judge.sh").write_text(
        f"#!/bin/sh\necho x >> {tmp_path}/judged\nif [ ! -e {tmp_path}/go ]; then sleep 60; fi\n"
    )
    (tmp_path / "judge.sh").chmod(0o755)
    with started(
        home, tmp_path, "run", "paid.yaml", "--id", "killed", "-c", "edgeward.yaml"
    ) as run:
        wait_for(lambda: len(requests_of(provider, "Killed workflow")) >= 4, "some items", 40)
        run.send_signal(signal.SIGKILL)
        run.wait()
    first = requests_of(provider, "Killed workflow")
    assert '"status": "interrupted"' in edgeward("runs", "--json", "-c", "edgeward.yaml").stdout
    with started(home, tmp_path, "resume", "killed", "-c", "edgeward.yaml") as run:
        wait_for((tmp_path / "judged").exists, "the judge to be asked", 40)
        run.send_signal(signal.SIGKILL)
        run.wait()
    (tmp_path / "go").touch()
    key = {"OPENAI_API_KEY": "test-key"}
    done = edgeward("resume", "killed", "-c", "edgeward.yaml", "--json", env=key)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["outputs"] == {"n": 12}
    asked = requests_of(provider, "Killed workflow")
    texts = [one["body"]["messages"][-1]["content"] for one in asked]
    assert len({*texts}) == 13
    twice = [text for text in texts if texts.count(text) > 1]
    cut_off = [one["body"]["messages"][-1]["content"] for one in first if not one["finished"]]
    assert {*twice} <= {*cut_off} | {*texts[len(first) - 2 : len(first)]}
    assert "Killed workflow, the last." not in twice, "it was paid for before the second kill"
    assert result["cost_usd"] > 0
    proof = edgeward("prove", "-c", "edgeward.yaml", env=key)
    assert proof.returncode == 0, proof.stdout + proof.stderr


def test_workers_drive_what_is_submitted_whoever_dies(
    edgeward: Edgeward, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "slow.yaml").write_text(
        "models: {general: {script: slow-script.yaml}}\ncloud: {model: 'off'}\n"
        "memory: {cache: false}\nqueue: {lease_s: 2}\n"
    )
    (tmp_path / "slow-script.yaml").write_text("rules: [{reply: hello there, delay_s: 0.6}]\n")
    (tmp_path / "many.yaml").write_text(
        """
name: many
steps:
  - {id: each, for_each: "${{ range(8) }}", max_parallel: 1, agent: general, prompt: "Greet friend ${{ item }}.", verify: {command: [./seen.sh]}}
  - {id: ok, approve: {message: send}}
outputs: {n: "${{ len(steps.each.output) }}", said: "${{ steps.ok.output.comment }}"}
"""  # noqa: E501
    )
    config = ("-c", "slow.yaml")
    # The judge writes down how often an answer was judged.
    (tmp_path / "seen.sh").write_text(
        f"#!/bin/sh\necho >> {tmp_path}/asked\necho >> {tmp_path}/asked\n"
    )
    (tmp_path / "seen.sh").chmod(0o755)
    submit = ("submit", "--workflow", "many.yaml", "--key", "once", "--no-wait", *config)
    task_id = edgeward(*submit).stdout.strip()
    assert task_id, "submitted"
    assert edgeward(*submit).stdout.strip() == task_id, "the same key is the same run"
    rows = json.loads(edgeward("runs", "--json", *config).stdout)
    (run_id,) = [one["run_id"] for one in rows if one["workflow"] == "many"]

    asked = tmp_path / "asked"

    def status() -> str:
        return str(json.loads(edgeward("show", run_id, "--json", *config).stdout)["status"])

    with started(home, tmp_path, "work", "--slots", "1", *config) as first:
        wait_for(lambda: asked.exists() and asked.stat().st_size >= 4, "some items", 40)
        first.send_signal(signal.SIGKILL)
        first.wait()
    with started(home, tmp_path, "work", "--slots", "1", *config) as second:
        wait_for(lambda: status() == "waiting", "the question", 90)
        handed = edgeward("resume", run_id, "--yes", "--comment", "send", *config)
        assert (handed.returncode, "the workers go on with it" in handed.stderr) == (0, True)
        wait_for(lambda: status() == "done", "the end", 40)
        second.send_signal(signal.SIGTERM)
        second.wait(40)
    shown = json.loads(edgeward("show", run_id, "--json", *config).stdout)
    assert shown["outputs"] == {"n": 8, "said": "send"}
    assert asked.stat().st_size // 2 <= 8 + 1, "only the item in hand was done again"
