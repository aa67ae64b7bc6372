"""Classifies a request and decides its route as the graph does, without generating."""

from __future__ import annotations

import math
import os
import time

from agents.assessment import Assessment, Circumstances, assess, choose_route, refused_elsewhere
from agents.candidates import candidate
from agents.guards import clean
from agents.roster import build_roster
from router.account.pricing import Prices
from router.classify import signals
from router.classify.kinds import NgramClassifier
from router.form.guess import informed
from router.form.read import read_form
from router.learned.gains import gains_of
from router.policy import decide as policy
from router.policy.speed import SpeedEstimates
from router.privacy.gate import Gate
from router.settings.settings import Settings
from router.types.base import Frozen
from router.types.decision import Guess, RouteDecision
from router.types.form import Form
from router.types.result import CloudState
from router.types.task import Privacy, Task

TIMED = 20
"""Decisions that are timed, to average the time of one."""


class RouteFacts(Frozen):
    """The routing decision and what it is based on.

    guess, form, decision, cloud, label and label_reasons are those of a Result. role, model: who
    would answer locally; specialist: whether that only knows a few families of tasks. cloud_model:
    None without a cloud. max_gain, max_complexity: the limits for this task. decision_cpu_ms: CPU
    time of one decision in a warm process, without the search for private text.
    """

    guess: Guess
    form: Form | None
    label: Privacy
    label_reasons: tuple[str, ...]
    role: str
    model: str
    specialist: bool
    cloud: CloudState
    cloud_model: str | None
    max_gain: float
    max_complexity: float
    decision: RouteDecision
    decision_cpu_ms: float


def route_facts(settings: Settings, prompt: str) -> RouteFacts:
    """The facts for a request without a session; opens no model and no store."""
    task = Task(prompt=clean(Task(prompt=prompt).prompt)[0])
    agents = build_roster(settings, Prices.load(settings.prices), os.environ)
    classifier, speeds = NgramClassifier.load(), SpeedEstimates()
    gains = gains_of(settings, agents.cloud_model)
    gate = Gate(settings.privacy)
    judged = gate.judge(task)
    circumstances = Circumstances(
        clouds=agents.clouds,
        absent=agents.cloud_absent,
        scarce=False,
        patience_s=math.inf,
        must_stay_local=not gate.may_leave(judged.label),
        policy=settings.policy,
        hides_work=gate.hides_what_is_worked_on(task, judged),
    )

    def decided() -> tuple[Assessment, RouteDecision, Form | None]:
        facts = signals.read(task.prompt)
        form = read_form(task.prompt, task.json_schema)
        guess = informed(classifier.classify(task.prompt, facts), form)
        role = policy.role_for(guess.kind)
        asked = candidate(role, agents.local, agents.specialists, task)
        seen = assess(task, guess, facts, asked, gains)
        if circumstances.must_stay_local and not seen.agent.engine.caps.local:
            return seen, refused_elsewhere(seen.agent), form
        return seen, choose_route(task, seen, circumstances, speeds), form

    seen, decision, form = decided()
    began = time.process_time()
    for _ in range(TIMED):
        decided()
    took_s = (time.process_time() - began) / TIMED
    return RouteFacts(
        guess=seen.guess,
        form=form,
        label=judged.label,
        label_reasons=judged.reasons,
        role=seen.agent.role,
        model=seen.agent.engine.caps.model,
        specialist=seen.agent.specialist is not None,
        cloud=agents.cloud_state,
        cloud_model=agents.cloud_model if agents.clouds else None,
        max_gain=policy.max_gain_for(seen.guess.kind, settings.policy, scarce=False),
        max_complexity=settings.policy.max_complexity,
        decision=decision,
        decision_cpu_ms=round(1000 * took_s, 3),
    )
