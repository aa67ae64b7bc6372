"""The facts of a decision: on every result, and the same ones from `edgeward route`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from scripted_router import PRICE, script, scripted_router

from agents.assessment import Circumstances, assess, choose_route
from agents.candidates import Candidate, candidate
from agents.roster import build_roster
from graphs.app import Router
from graphs.events import Finished, Routed
from router.account.pricing import Prices
from router.classify import signals
from router.classify.gain import ExpectedScores
from router.classify.kinds import NgramClassifier
from router.classify.signals import Signals
from router.policy.answer_length import ANSWER_TOKENS
from router.policy.speed import HOSTED, SpeedEstimates
from router.settings.settings import Settings
from router.store.store import Store
from router.types.decision import Guess, Kind
from router.types.result import Result
from router.types.task import Task
from workers.commands.route_facts import route_facts

PROMPTS = [
    "Extract the order number from: order A-17 was late.",
    "Escreva uma função em Rust que some dois números",
    "What is the capital of Australia?",
    "Prove step by step that there are infinitely many primes of the form 4k+3, in two ways.",
    "Traduza para o inglês: bom dia a todos",
    "Devolva um JSON com os campos nome e idade: Bob tem 5",
    "Set an alarm for seven",
    "My CPF is 529.982.247-25, write a letter with it.",
]
REPLY = [{"reply": "an answer of some words"}]


def scripted(folder: Path, *, cloud: bool) -> Settings:
    """What `scripted_router` opens, without a store of its own."""
    model = {"script": str(script(folder / "local.yaml", *REPLY))}
    clouded: dict[str, Any] = {"model": "off"}
    if cloud:
        clouded = {"script": str(script(folder / "cloud.yaml", *REPLY, price=PRICE))}
    return Settings.model_validate(
        {
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "cloud": clouded,
            "memory": {"cache": False},
        }
    )


@pytest.mark.parametrize("cloud", [True, False])
@pytest.mark.parametrize("prompt", PROMPTS)
async def test_the_command_and_the_result_tell_the_same(
    store: Store, tmp_path: Path, prompt: str, cloud: bool
) -> None:
    replies = REPLY if cloud else None
    async with scripted_router(store, tmp_path, local=REPLY, cloud=replies) as router:
        events = [event async for event in router.stream(Task(prompt=prompt))]
    routed = next(event for event in events if isinstance(event, Routed))
    finished = events[-1]
    assert isinstance(finished, Finished)
    result = finished.result
    said = route_facts(scripted(tmp_path, cloud=cloud), prompt)
    # A run has so many seconds for its turn; a question about a request has any.
    apart = {"weighed": None}
    assert said.guess == routed.guess
    assert said.decision.model_copy(update=apart) == routed.decision.model_copy(update=apart)
    assert (said.label, said.label_reasons) == (result.label, result.label_reasons)
    assert said.cloud == result.cloud
    assert (result.guess, result.decision) == (routed.guess, routed.decision)
    assert said.decision.local is not None
    assert said.decision.cloud is not None


async def test_a_result_carries_what_each_way_was_expected_to_bring(
    store: Store, tmp_path: Path
) -> None:
    async with scripted_router(store, tmp_path, local=REPLY, cloud=REPLY) as router:
        result = await router.run(Task(prompt="What is the capital of Australia?"))
        local, cloud = router.roster.local["general"], router.roster.clouds[0]
    decision = Result.model_validate_json(result.model_dump_json()).decision
    assert decision == result.decision
    assert decision.local is not None
    assert decision.cloud is not None
    assert decision.local.score is not None
    assert decision.cloud.score is not None
    assert decision.gain == pytest.approx(decision.cloud.score - decision.local.score)
    assert decision.outcomes == 0
    assert (decision.local.cost_usd, decision.local.wait_s) == (0.0, None)
    tokens = ANSWER_TOKENS[Kind.KNOWLEDGE]
    asked = cloud.messages(Task(prompt="What is the capital of Australia?"), ())
    prompt_tokens = sum(math.ceil(len(one.content) / 4) for one in asked)
    assert decision.cloud.cost_usd == pytest.approx(prompt_tokens * PRICE[0] + tokens * PRICE[1])
    assert decision.cloud.wait_s == pytest.approx(HOSTED.answer_s(tokens), abs=0.001)
    assert local.price is None


async def test_a_wait_is_known_once_a_model_has_answered(store: Store, tmp_path: Path) -> None:
    slow = [{"reply": "one two three four five", "tokens_per_s": 50}]
    async with scripted_router(store, tmp_path, local=slow) as router:
        first = await router.run(Task(prompt=PROMPTS[0]))
        second = await router.run(Task(prompt=PROMPTS[0] + " Now."))
    assert first.decision.local is not None
    assert first.decision.local.wait_s is None
    assert second.decision.local is not None
    assert second.decision.local.wait_s == pytest.approx(
        ANSWER_TOKENS[Kind.EXTRACTION] / 50, rel=0.5
    )


async def test_the_longest_answer_of_a_task_bounds_what_it_is_expected_to_cost(
    store: Store, tmp_path: Path
) -> None:
    async def cost(router: Router, **more: Any) -> float:
        result = await router.run(Task(prompt="What is the capital of Peru?", **more))
        assert result.decision.cloud is not None
        assert result.decision.cloud.cost_usd is not None
        return result.decision.cloud.cost_usd

    async with scripted_router(store, tmp_path, local=REPLY, cloud=REPLY) as router:
        whole, short = await cost(router), await cost(router, max_tokens=10)
    saved = (ANSWER_TOKENS[Kind.KNOWLEDGE] - 10) * PRICE[1]
    assert whole - short == pytest.approx(saved)


async def test_what_was_expected_is_kept_where_the_cloud_cannot_be_had(
    store: Store, tmp_path: Path
) -> None:
    down = [{"fail": "unavailable"}]
    async with scripted_router(store, tmp_path, local=REPLY, cloud=down) as router:
        result = await router.run(Task(prompt="What is the capital of Australia?"))
    assert (result.status, result.degraded) == ("done", True)
    assert result.decision.route == "parked"
    assert result.decision.gain is not None
    assert result.decision.cloud is not None


async def test_a_schema_is_a_form(store: Store, tmp_path: Path) -> None:
    replies = [{"reply": '{"order": "A-17"}'}]
    schema = {"type": "object", "properties": {"order": {"type": "string"}}}
    async with scripted_router(store, tmp_path, local=replies) as router:
        asked = await router.run(Task(prompt=PROMPTS[0], schema=schema))
        plain = await router.run(Task(prompt=PROMPTS[0]))
    assert (asked.guess.structured, plain.guess.structured) == (True, False)


def test_the_specialists_own_measurements_stand_for_what_it_covers() -> None:
    settings = Settings.model_validate({"cloud": {"model": "off"}})
    known = route_facts(settings, "Convert the date to ISO format: March 7, 2026")
    assert known.specialist
    assert known.decision.local is not None
    # agents/nano/weights/calibration.json, family date
    assert known.decision.local.score == pytest.approx(0.93, abs=0.03)
    unknown = route_facts(settings, "Write a limerick about a parrot")
    assert unknown.decision.local is not None
    assert unknown.decision.local.score is None


def test_what_was_learned_corrects_a_specialists_own_measurement() -> None:
    prompt = "Convert the date to ISO format: March 7, 2026"
    settings = Settings.model_validate({"cloud": {"model": "off"}})
    agent = build_roster(settings, Prices.load(), {}).local["general"]
    task, facts = Task(prompt=prompt), signals.read(prompt)
    guess = NgramClassifier.load().classify(prompt, facts)
    asked = candidate("general", {"general": agent}, (), task)
    measured = route_facts(settings, prompt).decision.local
    assert measured is not None
    assert measured.score is not None
    for learned in (0.0, -0.2):
        gains = Learned(ExpectedScores(0.8 + learned, 0.9, 25, learned_local=learned))
        found = assess(task, guess, facts, asked, gains).scores
        assert found.local == pytest.approx(measured.score + learned)
        assert found.outcomes == 25


def test_a_text_that_must_stay_and_a_model_elsewhere_do_not_come_together() -> None:
    elsewhere = {"url": "http://198.51.100.7:8000/v1", "model": "m"}
    settings = Settings.model_validate(
        {"models": {"general": elsewhere, "coder": elsewhere}, "cloud": {"model": "off"}}
    )
    key = "AKIA" + "J4KX2P7QWERTY3ZB"
    facts = route_facts(settings, f"What is this? aws_access_key_id = {key}")
    assert facts.label.value == "local_only"
    assert (facts.decision.route, facts.decision.agent) == ("local", None)
    assert "models.general.trusted" in facts.decision.reason


@dataclass(frozen=True, slots=True)
class Learned:
    """Gains of one answer, whatever the task."""

    scores: ExpectedScores

    def expected(self, guess: Guess, signals: Signals, model: str) -> ExpectedScores:
        return self.scores


async def test_learned_gains_decide_and_say_how_many_outcomes_they_rest_on(
    store: Store, tmp_path: Path
) -> None:
    prompt = "What is the capital of Australia?"
    task, facts = Task(prompt=prompt), signals.read(prompt)
    guess = NgramClassifier.load().classify(prompt, facts)
    async with scripted_router(store, tmp_path, local=REPLY, cloud=REPLY) as router:
        agent = router.roster.local["general"]
        circumstances = Circumstances(
            clouds=router.roster.clouds,
            absent="",
            scarce=False,
            patience_s=math.inf,
            must_stay_local=False,
            policy=router.settings.policy,
        )
        for scores, route in (
            (ExpectedScores(0.9, 0.95, outcomes=40), "local"),
            (ExpectedScores(0.3, 0.95, outcomes=7), "cloud"),
        ):
            seen = assess(task, guess, facts, Candidate(agent, None), Learned(scores))
            decision = choose_route(task, seen, circumstances, SpeedEstimates())
            assert (decision.route, decision.outcomes) == (route, scores.outcomes)
            assert decision.local is not None
            assert decision.local.score == scores.local


def test_the_facts_are_one_json_object_with_the_keys_of_a_result() -> None:
    settings = Settings.model_validate({"cloud": {"model": "off"}})
    said = json.loads(route_facts(settings, PROMPTS[1]).model_dump_json())
    assert {"guess", "decision", "label", "label_reasons", "cloud"} <= set(said) & set(
        Result.model_fields
    )
    assert said["guess"] == {
        "kind": "code",
        "confidence": said["guess"]["confidence"],
        "language": "pt",
        "complexity": said["guess"]["complexity"],
        "code_language": "rust",
        "tool": False,
        "structured": False,
    }
    assert set(said["decision"]) >= {"route", "reason", "gain", "outcomes", "local", "cloud"}
    assert set(said["decision"]["cloud"]) == {"score", "cost_usd", "wait_s"}
    assert 0 < said["decision_cpu_ms"] < 50


def test_a_result_from_before_there_were_such_facts_can_still_be_read() -> None:
    old = {
        "task_id": "1",
        "status": "done",
        "text": "x",
        "route": "local",
        "reason": "r",
        "guess": {"kind": "math", "confidence": 0.9, "language": "en"},
        "decision": {"route": "local", "agent": "general", "reason": "r"},
    }
    result = Result.model_validate_json(json.dumps(old))
    assert (result.guess.code_language, result.decision.local, result.decision.gain) == (None,) * 3
