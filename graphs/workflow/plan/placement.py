"""Predicts who would answer a step, and where, from the configuration alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from agents.agent import Agent
from agents.assessment import Assessment, Circumstances, assess, choose_route, refused_elsewhere
from agents.candidates import candidate
from agents.roster import Roster, build_roster
from agents.tools.configured import WORKFLOW, Tools, configured_tools
from agents.tools.permission import Permission
from graphs.workflow.definition.model import Step
from graphs.workflow.plan.types import Place
from router.account.pricing import Prices
from router.classify import signals
from router.classify.gain import Gains
from router.classify.kinds import Classifier, NgramClassifier
from router.learned.gains import gains_of
from router.policy import decide as policy
from router.policy.speed import SpeedEstimates
from router.privacy.gate import Gate
from router.settings.settings import Settings
from router.types.decision import EscalationReason, Kind, RouteDecision
from router.types.task import Privacy, Task

GAP = "…"
"""Stands in a prompt for values that are not known yet."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who would answer a step. cloud_share: expected share of its answers that the cloud gives.

    here: the local agent that is asked; None for none. problem: why that would fail; empty where no
    reason is known.
    """

    who: str
    place: Place
    reason: str
    kind: Kind
    here: Agent | None = None
    model: str | None = None
    cloud_share: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Seats:
    """The agents, tools and prices of a configuration."""

    settings: Settings
    roster: Roster
    prices: Prices
    gate: Gate
    classifier: Classifier
    gains: Gains
    tools: Tools

    @classmethod
    def of(cls, settings: Settings, env: Mapping[str, str]) -> Seats:
        """Raises ConfigError for an invalid configuration."""
        prices = Prices.load(settings.prices)
        agents = build_roster(settings, prices, env)
        return cls(
            settings=settings,
            roster=agents,
            prices=prices,
            gate=Gate(settings.privacy),
            classifier=NgramClassifier.load(),
            gains=gains_of(settings, agents.cloud_model),
            tools=configured_tools(settings),
        )

    def against_tool(self, name: str) -> str:
        """Why a step cannot call the tool, as far as is known before servers start; else empty."""
        names = self.tools.registry.names
        server, dot, _ = name.partition(".")
        if (f"{server}.*" if dot else name) not in names:
            return f"there is no tool {name!r} in the configuration: {', '.join(names) or 'none'}"
        if not self.tools.permissions.get(WORKFLOW, Permission()).allows(name):
            return f"the tool {name!r} is not allowed: name it in `tools.roles.workflow`"
        return ""

    @property
    def cloud(self) -> Agent | None:
        return self.roster.clouds[0] if self.roster.clouds else None

    def usd(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """The price of one cloud answer; without a cloud, of the model whose price values local
        answers; None where no price is known."""
        if self.cloud is not None and self.cloud.price is not None:
            return self.cloud.price(prompt_tokens, completion_tokens)
        return self.prices.cost(self.roster.cloud_model, prompt_tokens, completion_tokens)

    def seat(self, step: Step, task: Task, label: Privacy) -> Seat:
        """task: the step's first prompt as far as it is known; label: of its text."""
        facts = signals.read(task.prompt)
        guess = self.classifier.classify(task.prompt, facts)
        leaves = self.gate.may_leave(label)
        if step.always_in_cloud:
            return self._in_cloud(guess.kind, leaves)
        role = step.agent if step.agent in self.roster.local else policy.role_for(guess.kind)
        first = () if role == step.agent else self.roster.specialists
        asked = candidate(role, self.roster.local, first, task)
        agent = asked.agent
        seen = assess(task, guess, facts, asked, self.gains)
        named = step.agent == role and step.escalate is None
        stays = not leaves or named or step.placement == "local"
        decision = self._decision(task, seen, only_hard=stays or step.agent != "auto")
        if not any(one.isalnum() for one in task.prompt):
            decision = RouteDecision(
                route="local", agent=role, reason="its prompt is not known yet"
            )
        if not agent.engine.caps.local and (not leaves or step.placement == "local"):
            return _here(agent, seen, "it must stay here", refused_elsewhere(agent).reason)
        if stays:
            why = "placement local" if step.placement == "local" else "no `escalate`"
            why = why if leaves else f"{label.value} text stays here"
            against = "" if decision.route == "local" else _hardly(role, decision.reason)
            return _here(agent, seen, why, against)
        return self._free(seen, agent, decision)

    def _in_cloud(self, kind: Kind, leaves: bool) -> Seat:
        problem = ""
        if not leaves:
            problem = "answered in the cloud, and the text must not leave this machine: that fails"
        elif self.cloud is None:
            absent = self.roster.cloud_absent
            problem = f"answered in the cloud, and there is none ({absent}): that fails"
        return Seat(
            who="cloud",
            place="cloud",
            reason="by the file",
            kind=kind,
            cloud_share=float(leaves),
            problem=problem,
        )

    def _decision(self, task: Task, seen: Assessment, *, only_hard: bool) -> RouteDecision:
        """The policy's decision if the text may leave and there is a cloud. only_hard: only limits
        of the model count against it, as in a run with a named role."""
        settings = self.settings.policy
        if only_hard:
            settings = policy.for_named(settings)
        circumstances = Circumstances(
            clouds=self.roster.clouds,
            absent="",
            scarce=False,
            patience_s=math.inf,
            must_stay_local=False,
            policy=settings,
        )
        return choose_route(task, seen, circumstances, SpeedEstimates())

    def _free(self, seen: Assessment, agent: Agent, decision: RouteDecision) -> Seat:
        """The seat of a step whose route the policy decides."""
        if decision.route == "local":
            if self.cloud is None:
                return _here(agent, seen, decision.reason, "")
            share = 1 - min(max(seen.scores.local, 0.0), 1.0)
            here = _here(agent, seen, decision.reason, "")
            return Seat(
                *(here.who, "here, then cloud", here.reason, here.kind, here.here, here.model),
                cloud_share=round(share, 3),
            )
        if self.cloud is not None:
            return Seat(
                who="cloud",
                place="cloud",
                reason=decision.reason,
                kind=seen.guess.kind,
                cloud_share=1.0,
            )
        absent = f"{decision.reason}; there is no cloud ({self.roster.cloud_absent})"
        tries = decision.escalation is EscalationReason.COMPLEX and (
            seen.coverage is None or seen.coverage.covered
        )
        end = "answered here, as well as may be" if tries else "that fails"
        return _here(agent, seen, decision.reason, f"{absent}: {end}")


def _here(agent: Agent, seen: Assessment, reason: str, problem: str) -> Seat:
    model = agent.engine.caps.model
    return Seat(agent.role, "here", reason, seen.guess.kind, agent, model, problem=problem)


def _hardly(role: str, why: str) -> str:
    return f"`{role}` can hardly answer, and nobody else may: {why}"
