"""A folder's configuration that runs programs: refused, looked at, trusted, and asked for again."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest
from command import COMMAND, Edgeward

COMMANDS = [
    ("ask", "Convert the date to ISO format: March 7, 2026"),
    ("demo",),
    ("report",),
    ("submit", "x"),
    ("work",),
    ("prove",),
    ("route", "x"),
    ("calibrate", "--target-quality", "0.9", "--dry-run"),
    ("models", "probe"),
    ("outbox", "ls"),
    ("queue", "ls"),
    ("learn", "ls"),
]


def planted(folder: Path) -> Path:
    """A configuration whose check leaves a trace when it runs."""
    (folder / "edgeward.yaml").write_text(
        f"checks: [{{name: c, command: [touch, {folder / 'trace'}]}}]\ncloud: {{model: off}}\n"
    )
    return folder / "trace"


@pytest.mark.parametrize("words", COMMANDS)
def test_no_command_uses_what_nobody_has_trusted(
    edgeward: Edgeward, tmp_path: Path, words: tuple[str, ...]
) -> None:
    trace = planted(tmp_path)
    done = edgeward(*words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "edgeward config trust" in done.stderr
    assert f"runs touch {trace}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not trace.exists()


def test_it_is_trusted_as_it_stands_and_asked_for_again_when_it_changes(
    edgeward: Edgeward, tmp_path: Path
) -> None:
    trace = planted(tmp_path)
    ask = ("ask", "Convert the date to ISO format: March 7, 2026")
    assert "not trusted yet" in edgeward("config", "validate").stdout
    assert "# not trusted yet" in edgeward("config", "show").stdout
    found = edgeward("doctor", "--json")
    assert found.returncode == 1
    assert "edgeward config trust" in found.stdout

    done = edgeward("config", "trust")
    assert done.returncode == 0, done.stderr
    assert f"runs touch {trace}" in done.stdout
    assert edgeward(*ask).returncode == 0
    assert trace.exists()

    (tmp_path / "edgeward.yaml").write_text(
        (tmp_path / "edgeward.yaml").read_text() + "privacy: {redact: off}\n"
    )
    again = edgeward(*ask)
    assert again.returncode == 2
    assert "line 3, privacy.redact" in again.stderr
    assert edgeward("config", "trust", "edgeward.yaml").returncode == 0
    assert edgeward(*ask).returncode == 0
    assert edgeward("config", "distrust").returncode == 0
    assert edgeward(*ask).returncode == 2
    assert edgeward("config", "trust", "edgeward.yaml").returncode == 0
    nowhere = edgeward("config", "distrust", "nope.yaml")
    assert nowhere.returncode == 2
    assert "no nope.yaml" in nowhere.stderr
    assert str(tmp_path / "edgeward.yaml") in " ".join(nowhere.stderr.split()).replace(" ", "")


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2), ("\n", 2)])
def test_a_person_at_a_terminal_is_asked_once(
    edgeward: Edgeward, tmp_path: Path, home: Path, answer: str, status: int
) -> None:
    planted(tmp_path)
    mine, theirs = pty.openpty()
    env = {**os.environ, "EDGEWARD_HOME": str(home), "HOME": str(tmp_path / "user")}
    env.pop("EDGEWARD_CONFIG", None)
    process = subprocess.Popen(
        [str(COMMAND), "report"], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE,
        cwd=tmp_path, env=env, text=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(mine, answer.encode())
    process.communicate(timeout=120)
    said = os.read(mine, 65_536).decode()
    os.close(mine)
    assert process.returncode == status, said
    assert "Do you trust it, as it stands now?" in said
    again = edgeward("report", env={"HOME": str(tmp_path / "user")})
    assert again.returncode == status


def test_what_is_gone_is_distrusted_and_what_never_was_is_an_error(
    edgeward: Edgeward, tmp_path: Path
) -> None:
    none = edgeward("config", "distrust")
    assert none.returncode == 2
    assert "trusted are none" in " ".join(none.stderr.split())

    planted(tmp_path)
    assert edgeward("config", "distrust").stdout == "edgeward.yaml: was not trusted\n"
    assert edgeward("config", "trust").returncode == 0
    (tmp_path / "edgeward.yaml").unlink()
    assert edgeward("config", "distrust").stdout == "edgeward.yaml: no longer trusted\n"


@pytest.mark.parametrize("gone", [False, True])
def test_what_the_environment_names_is_distrusted_as_it_was_trusted(
    edgeward: Edgeward, tmp_path: Path, gone: bool
) -> None:
    planted(tmp_path)
    (tmp_path / "edgeward.yaml").rename(tmp_path / "other.yaml")
    named = {"EDGEWARD_CONFIG": "other.yaml"}
    assert edgeward("config", "trust", env=named).returncode == 0
    if gone:
        (tmp_path / "other.yaml").unlink()
    taken_back = edgeward("config", "distrust", env=named)
    assert taken_back.stdout == "other.yaml: no longer trusted\n", taken_back.stderr
