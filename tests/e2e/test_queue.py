"""The queue as people use it: a worker in one terminal, requests from another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import COMMAND, Edgeward
from waiting import wait_for

ROUTINE = "Convert the date to ISO format: March 7, 2026"


@pytest.fixture
def worker(edgeward: Edgeward, home: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "EDGEWARD_HOME": str(home), "HOME": str(tmp_path)}
    command = [str(COMMAND), "work", "--slots", "2"]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_for(
                lambda: json.loads(edgeward("workers", "--json").stdout or "[]") != [],
                "the worker to be there",
                40,
            )
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=40)
            assert "ended:" in " ".join(said.split())
            assert process.returncode == 0


def test_a_request_is_run_by_the_worker(edgeward: Edgeward, worker: object) -> None:
    done = edgeward("submit", ROUTINE)
    assert (done.returncode, done.stdout) == (0, "2026-03-07\n"), done.stderr


def test_a_file_of_requests_shows_counts_and_cost(
    edgeward: Edgeward, worker: object, tmp_path: Path
) -> None:
    lines = [{"prompt": ROUTINE}, {"prompt": "Convert the date to ISO format: May 1, 2025"}]
    (tmp_path / "tasks.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = edgeward("submit", "--file", "tasks.jsonl")
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["2025-05-01", "2026-03-07"]
    assert "2/2" in done.stderr
    assert "local" in done.stderr
    assert "$0.0000" in done.stderr
    as_json = edgeward("submit", "--file", "tasks.jsonl", "--json")
    assert {json.loads(line)["route"] for line in as_json.stdout.splitlines()} <= {"local", "cache"}


def test_tasks_are_listed_shown_and_cancelled(edgeward: Edgeward) -> None:
    task_id = edgeward("submit", ROUTINE, "--no-wait", "--delay", "600").stdout.strip()
    again = edgeward("submit", "other", "--no-wait", "--delay", "600", "--key", "k").stdout
    same = edgeward("submit", "another", "--no-wait", "--delay", "600", "--key", "k").stdout
    assert again == same
    waiting = json.loads(edgeward("queue", "ls", "--json").stdout)
    assert task_id in [one["task_id"] for one in waiting]
    assert json.loads(edgeward("queue", "show", task_id, "--json").stdout)["state"] == "queued"
    assert edgeward("queue", "cancel", task_id).stdout == "1 told to end\n"
    assert "cancelled" in edgeward("queue", "show", task_id).stdout
    assert "cancelled" in edgeward("queue", "purge", "--yes").stdout
    assert edgeward("queue", "ls").stdout == "nothing waits\n"
    assert edgeward("queue", "dlq").stdout == "no dead letters\n"


def test_mistakes_are_named(edgeward: Edgeward) -> None:
    unknown = edgeward("queue", "show", "nope")
    assert (unknown.returncode, "Traceback" in unknown.stderr) == (2, False)
    assert "no task 'nope' is in the queue" in unknown.stderr
    roles = edgeward("work", "--roles", "poet")
    assert roles.returncode == 2
    assert "known are general, coder" in roles.stderr
    both = edgeward("submit", "x", "--file", "y.jsonl")
    assert both.returncode == 2
