"""`edgeward route`: what a request is taken for, and where it would go; nothing is generated."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.options import AsJson, Config, settings_in_force

if TYPE_CHECKING:
    from router.settings import Settings


def route(
    prompt: Annotated[str | None, typer.Argument(help="The request; a pipe is joined.")] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Say what a request is and where it would go, without running it."""
    from rich.console import Console
    from rich.table import Table

    from workers.inputs import read_prompt

    facts = route_facts(settings_in_force(config), read_prompt(prompt, None))
    if as_json:
        typer.echo(json.dumps(facts))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        shown = f"{value:.2f}" if isinstance(value, float) else str(value)
        table.add_row(f"[dim]{name.replace('_', ' ')}", shown)
    Console().print(table)


def route_facts(settings: Settings, prompt: str) -> dict[str, Any]:
    """What the decision is made of, and the decision; opens no model and no store."""
    from agents.roles import cast
    from router import policy
    from router.classify import signals
    from router.classify.gain import expected_gain
    from router.classify.kinds import NgramClassifier
    from router.pricing import Prices, estimate_tokens
    from router.privacy import Gate
    from router.types import Task

    task = Task(prompt=prompt)
    guess = NgramClassifier.load().classify(prompt)
    agents = cast(settings, Prices.load(settings.prices), os.environ)
    role = policy.role_for(guess.kind)
    agent = agents.local[role]
    coverage = agent.specialist.covers(task) if agent.specialist else None
    gate = Gate(settings.privacy)
    judged = gate.judge(task)
    decision = policy.decide(
        guess,
        policy.LocalOption(
            role=role,
            covered=coverage.covered if coverage else None,
            family=coverage.family if coverage else None,
            prompt_tokens=estimate_tokens(prompt),
            window_tokens=agent.engine.caps.context_tokens,
            wait_s=0.0,
            patience_s=math.inf,
        ),
        policy.CloudOption(absent=agents.cloud_absent),
        settings.policy,
        must_stay_local=not gate.may_leave(judged.label),
    )
    local, cloud = expected_gain(guess, signals.read(prompt))
    return {
        "kind": guess.kind.value,
        "confidence": guess.confidence,
        "language": guess.language,
        "complexity": guess.complexity,
        "label": judged.label.value,
        "role": role,
        "model": agent.engine.caps.model,
        "expected_local_score": local,
        "expected_cloud_score": cloud,
        "route": decision.route,
        "reason": decision.reason,
    }
