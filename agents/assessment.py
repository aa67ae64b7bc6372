"""Assesses a task, predicts what each way of answering it will bring, and chooses one.

The graph and `edgeward route` both use this module, so that they report the same facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.agent import Agent, Coverage
from agents.candidates import Candidate
from router.account.pricing import estimate_tokens
from router.classify.gain import ExpectedScores, Gains
from router.classify.signals import Signals
from router.classify.sub_kind import with_sub_kind
from router.policy import decide as policy
from router.policy.answer_length import answer_tokens
from router.policy.speed import Speed, SpeedEstimates
from router.privacy.operations import SHORT_WORDS
from router.settings.policy import PolicySettings
from router.types.card import Card
from router.types.decision import Expected, Guess, Kind, RouteDecision
from router.types.task import Message, Task


@dataclass(frozen=True, slots=True)
class Assessment:
    """The kind of a task, the agent that would answer it here, and the expected scores.

    coverage: what the agent says of the task if it is a specialist, None for a general model.
    """

    guess: Guess
    agent: Agent
    coverage: Coverage | None
    scores: ExpectedScores


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """The conditions around a task.

    clouds: in the order in which they are tried. absent: why there is no cloud, in words; empty
    where there is one. scarce: its budget is nearly used up. patience_s: seconds that the task may
    wait for a local slot. hides_work: a cloud would see placeholders in place of the values that
    the task works on.
    """

    clouds: Sequence[Agent]
    absent: str
    scarce: bool
    patience_s: float
    must_stay_local: bool
    policy: PolicySettings
    hides_work: bool = False


def assess(task: Task, guess: Guess, facts: Signals, asked: Candidate, gains: Gains) -> Assessment:
    """Everything that is known of a task before generation.

    guess: the classifier's, or a model's second opinion; facts: the signals of its prompt; asked:
    the local agent that is to be asked.
    """
    guess = with_sub_kind(guess, task, facts)
    agent, coverage = asked.agent, asked.coverage
    scores = gains.expected(guess, facts, agent.engine.caps.model)
    if agent.card is not None:
        scores = _by_card(scores, agent.card, guess.kind)
    if coverage is not None and coverage.expected is not None:
        local = min(1.0, max(0.0, coverage.expected + scores.learned_local))
        scores = replace(scores, local=local)
    return Assessment(guess, agent, coverage, scores)


_SHIPPED_WEIGHT = 4
"""Questions of a probe that weigh as much as the shipped measurements of other models."""


def _by_card(scores: ExpectedScores, card: Card, kind: Kind) -> ExpectedScores:
    """The expected scores with what a probe saw of this very model in this kind of task."""
    seen = card.kinds.get(kind)
    if card.source != "probed" or seen is None or not seen.asked:
        return scores
    shipped = scores.local - scores.learned_local
    local = (seen.right + _SHIPPED_WEIGHT * shipped) / (seen.asked + _SHIPPED_WEIGHT)
    return replace(scores, local=min(1.0, max(0.0, round(local + scores.learned_local, 4))))


def choose_route(
    task: Task,
    seen: Assessment,
    circumstances: Circumstances,
    speeds: SpeedEstimates,
    *,
    history: tuple[Message, ...] = (),
    facts: Sequence[str] = (),
) -> RouteDecision:
    """Where the task goes, with the expectations for both ways."""
    agent, coverage = seen.agent, seen.coverage
    caps, outlook = agent.engine.caps, agent.engine.outlook()
    nobody_else = bool(circumstances.absent) or circumstances.must_stay_local
    # A cloud may read the whole session. Without a cloud the local model gets the newest turns.
    shown = agent.recalled(task, history, facts) if nobody_else else history
    prompt_tokens = _prompt_tokens(agent, task, shown, facts)
    decision = policy.decide(
        seen.guess,
        seen.scores,
        policy.LocalOption(
            role=agent.role,
            # Specialists are not trained to call tools.
            covered=coverage.covered and not task.tools if coverage else None,
            family=coverage.family if coverage else None,
            prompt_tokens=prompt_tokens,
            window_tokens=caps.context_tokens,
            wait_s=outlook.before_start_s,
            patience_s=circumstances.patience_s,
            card_known=agent.card is not None or circumstances.policy.unverified == "accept",
        ),
        policy.CloudOption(absent=circumstances.absent, scarce=circumstances.scarce),
        circumstances.policy,
        must_stay_local=circumstances.must_stay_local,
    )
    # The shipped measurements are of general models: they do not apply outside a specialist's
    # training.
    known = coverage is None or coverage.covered or seen.scores.learned_local != 0
    local = _expected(
        agent,
        task,
        seen.scores.local if known else None,
        prompt_tokens,
        speeds.of(caps.model) or agent.speed,
        seen.guess,
        before_s=outlook.before_start_s,
    )
    if circumstances.clouds and not circumstances.absent:
        cloud = circumstances.clouds[0]
        speed = speeds.of(cloud.engine.caps.model) or cloud.speed
        asked_tokens = _prompt_tokens(cloud, task, history, facts)
        there = _expected(cloud, task, seen.scores.cloud, asked_tokens, speed, seen.guess)
    else:
        there = Expected(score=seen.scores.cloud)
    decision = decision.model_copy(update={"local": local, "cloud": there})
    return _here_first(decision, task, agent) if circumstances.hides_work else decision


def _here_first(decision: RouteDecision, task: Task, agent: Agent) -> RouteDecision:
    """Answers a short task that works on a value locally if possible, where the value is visible.

    Escalation to the cloud stays possible; such an answer carries a warning.
    """
    if decision.route != "cloud" or agent.specialist or len(task.prompt.split()) > SHORT_WORDS:
        return decision
    reason = f"{decision.reason}; but it works on a value that the cloud would not see"
    here = {"route": "local", "agent": agent.role, "reason": reason, "escalation": None}
    # Other policies decide the same here.
    return decision.model_copy(update={**here, "weighed": None})


def refused_elsewhere(agent: Agent) -> RouteDecision:
    """The text must stay here, and the model of its role runs on another machine."""
    reason = (
        f"the task must stay on this machine, and the model of role {agent.role}, "
        f"{agent.engine.caps.model}, is served by another one: if that is yours, set "
        f"models.{agent.role}.trusted, or name a model that runs here"
    )
    return RouteDecision(route="local", agent=None, reason=reason)


def _prompt_tokens(
    agent: Agent, task: Task, history: tuple[Message, ...], facts: Sequence[str]
) -> int:
    messages = agent.messages(task, history, facts=facts)
    return sum(estimate_tokens(message.content) for message in messages)


def _expected(
    agent: Agent,
    task: Task,
    score: float | None,
    prompt_tokens: int,
    speed: Speed | None,
    guess: Guess,
    *,
    before_s: float = 0.0,
) -> Expected:
    most = min(task.max_tokens or agent.max_tokens, agent.max_tokens)
    tokens = answer_tokens(guess.kind, estimate_tokens(task.prompt), most)
    return Expected(
        score=score,
        cost_usd=agent.price(prompt_tokens, tokens) if agent.price else 0.0,
        wait_s=None if speed is None else round(before_s + speed.answer_s(tokens), 3),
    )
