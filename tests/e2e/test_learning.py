"""`edgeward feedback` and `edgeward learn` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Edgeward

MAIL = "Extract the email from: write to ana@example.com"


@pytest.fixture
def own_home(tmp_path: Path) -> dict[str, str]:
    """An account of the test's own, in the shared Redis."""
    folder = tmp_path / "learning"
    folder.mkdir()
    return {"EDGEWARD_CONFIG": str(folder / "edgeward.yaml"), "WHERE": str(folder)}


def test_from_an_answer_to_a_version_and_back(
    edgeward: Edgeward, own_home: dict[str, str], home: Path, redis_url: str
) -> None:
    folder = Path(own_home["WHERE"])
    place = {"url": redis_url, "namespace": "learning", "home": str(folder)}
    Path(own_home["EDGEWARD_CONFIG"]).write_text(json.dumps({"store": place}))
    env = own_home | {"EDGEWARD_HOME": str(folder)}

    empty = edgeward("feedback", env=env)
    assert (empty.returncode, empty.stdout) == (0, "no task was answered yet: try  edgeward ask\n")
    assert "nothing new was recorded" in edgeward("learn", env=env).stdout

    answered = edgeward("ask", MAIL, env=env)
    assert "ana@example.com" in answered.stdout
    given = edgeward("feedback", "last", "bad", "--note", "too [bold] short", env=env)
    assert given.returncode == 0, given.stderr
    task_id = given.stdout.partition(":")[0]
    listed = json.loads(edgeward("feedback", "--json", env=env).stdout)
    assert [(one["task_id"], one["verdict"], one["note"]) for one in listed] == [
        (task_id, "bad", "too [bold] short")
    ]
    assert "too [bold] short" in edgeward("feedback", env=env).stdout

    learned = json.loads(edgeward("learn", "--json", env=env).stdout)
    assert learned["version"]["outcomes"] == {"checks": 1, "feedback": 1}
    routed = edgeward("route", MAIL, "--json", env=env)
    assert json.loads(routed.stdout)["decision"]["outcomes"] == 2

    back = edgeward("learn", "rollback", env=env)
    assert back.stdout == "version 2 serves: its expectations are the shipped ones\n"
    versions = json.loads(edgeward("learn", "ls", "--json", env=env).stdout)
    assert [(one["number"], one["restores"]) for one in versions] == [(1, None), (2, 0)]
    (folder / "learned" / "0002.json").write_text("{")
    broken = edgeward("learn", "ls", env=env)
    assert broken.returncode == 0
    assert "0002.json is no learned version" in broken.stdout
    findings = json.loads(edgeward("doctor", "--json", env=env).stdout)
    assert [one["state"] for one in findings if one["subject"] == "learned"] == ["note"]
    served = edgeward("ask", MAIL, env=env)
    assert (served.returncode, served.stdout) == (0, answered.stdout)
    assert "learned.unreadable" in served.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("feedback", "last"), "say what the answer was: edgeward feedback last good, or bad"),
        (("feedback", "no-such-task", "good"), "no task begins with 'no-such-task'"),
        (("feedback", "last", "fine"), "'fine' is no verdict: say good or bad"),
        (("learn", "rollback", "77"), "nothing was learned yet"),
        (("learn", "--since", "soon"), "'soon' is no point in time"),
    ],
)
def test_a_mistake_is_a_sentence(
    edgeward: Edgeward, tmp_path: Path, redis_url: str, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "edgeward.yaml").write_text(
        json.dumps({"store": {"url": redis_url, "namespace": "mistakes"}})
    )
    ended = edgeward(*words, env={"EDGEWARD_HOME": str(tmp_path / "home")})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("edgeward: ")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
