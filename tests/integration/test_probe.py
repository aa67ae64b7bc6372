"""The probe against real servers and a real model: cards, interruptions, and what they lead to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.models.cards import place_of
from agents.models.probe import Asked, Partial
from agents.models.questions import probe_questions
from graphs.app import Router
from router.settings.models import ModelSettings
from router.settings.settings import Settings
from router.store.store import Store
from router.types.card import Card
from router.types.decision import Kind
from router.types.result import Verification
from router.types.task import Task
from tests.support.answer_server import answer_server
from tests.support.probing import probed, right_answer
from tests.support.real_models import SMOLLM2, fetched_or_skip
from tests.support.scripted_router import script

PROMPT = "Rewrite this politely: send me the file now."
SAID = "Could you send me the file, please?"


def settings(store: Store, folder: Path, url: str) -> Settings:
    cloud = script(folder / "cloud.yaml", {"reply": "from the cloud"})
    return Settings.model_validate(
        {
            "models": {
                "general": {"url": url, "model": "table"},
                "specialist": None,
                "exact": False,
            },
            "cloud": {"script": str(cloud)},
            "memory": {"cache": False},
            "store": {"url": store.url, "namespace": store.keys.namespace, "home": str(folder)},
        }
    )


@pytest.mark.parametrize("knows", [True, False])
async def test_a_server_that_knows_is_believed_once_probed_and_one_that_does_not_is_not(
    store: Store, tmp_path: Path, knows: bool
) -> None:
    table = {one.prompt: right_answer(one) for one in probe_questions()} if knows else {}

    def answers(message: str) -> str:
        return SAID if message == PROMPT else table.get(message, "I have no idea at all.")

    async with answer_server(answers) as url:
        chosen = settings(store, tmp_path, url)
        async with Router.open(chosen, env={}) as router:
            before = await router.run(Task(prompt=PROMPT))
        card = await probed(chosen)
        async with Router.open(chosen, env={}) as router:
            after = await router.run(Task(prompt=PROMPT))
    assert before.route == "cloud", "nobody has looked at it yet"
    rewriting = card.kinds[Kind.REWRITING]
    assert rewriting.share == (1.0 if knows else 0.0)
    if knows:
        assert (after.route, after.text) == ("local", SAID)
        assert after.verification is Verification.TRUSTED
    else:
        assert after.route == "cloud"


def test_a_probe_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """The command itself, killed with SIGKILL between two questions."""
    model = fetched_or_skip(SMOLLM2)
    own = tmp_path / model.name
    own.symlink_to(model)
    questions = tmp_path / "mine.jsonl"
    rows = [
        {"prompt": f"What is {n} + 1? The number only.", "answer": str(n + 1)} for n in range(3)
    ]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-c", "from workers.commands.cli import main; main()"]
    command += ["models", "probe", str(own), "--questions", str(questions), "--json"]
    env = {**os.environ, "EDGEWARD_HOME": str(tmp_path / "home"), "PYTHONUNBUFFERED": "1"}
    partial = tmp_path / f"{own.name}.card.json.partial"
    first = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        while first.poll() is None and (
            not partial.exists() or len(partial.read_text().splitlines()) < 2
        ):
            time.sleep(0.02)
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate()
    kept = partial.read_text().splitlines()[:2]
    again = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=240, check=False
    )
    assert again.returncode == 0, again.stderr
    assert "of 3 were asked before" in again.stderr
    card = Card.model_validate_json(again.stdout)
    assert sum(tally.asked for tally in card.kinds.values()) == 3
    assert card.tokens_per_s is not None
    assert len(kept) == 2
    assert not partial.exists()


def test_results_of_other_questions_are_not_continued(tmp_path: Path) -> None:
    model = ModelSettings(url="http://127.0.0.1:1/v1", model="m")
    place = place_of(model, tmp_path)
    assert place is not None
    place.partial.parent.mkdir(parents=True)
    for text in ("", "not json\n", '{"model": "x"}\n', "[]\n"):
        place.partial.write_text(text)
        assert Partial(place, probe_questions(5)).read() == []


def test_a_line_that_was_cut_off_costs_its_question_and_no_other(tmp_path: Path) -> None:
    place = place_of(ModelSettings(url="http://127.0.0.1:1/v1", model="m"), tmp_path)
    assert place is not None
    questions = probe_questions(4)

    def asked(at: int) -> Asked:
        return Asked(questions[at], Kind.MATH, right=at % 2 == 0, error=f"no answer to {at}")

    partial = Partial(place, questions)
    for at in range(3):
        partial.add(asked(at), first=at == 0)
    whole = place.partial.read_text()
    place.partial.write_text(whole[:-9])
    assert [one.error for one in partial.read()] == ["no answer to 0", "no answer to 1"]
    for at in (2, 3):
        partial.add(asked(at), first=False)
    assert [one.error for one in partial.read()] == [f"no answer to {at}" for at in range(4)]
    assert [one.right for one in partial.read()] == [True, False, True, False]
