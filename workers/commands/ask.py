"""`edgeward ask`: one request, with its tokens as they come, the answer, and why it was routed
so."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from rich.console import Console

from agents.tools.tool import Tool
from agents.tools.toolbox import Approve
from graphs.app import Router
from graphs.events import Attempted, Finished, Token
from router.settings.settings import Settings
from router.types.decision import EscalationReason
from router.types.result import NOTHING_FOR_IT, Attempt, CloudState, Result, Verification
from router.types.task import Task
from workers.views.render import explanation
from workers.views.terminal_text import for_terminal

NEXT_STEP = (
    "To have it answered: export OPENAI_API_KEY=... or ANTHROPIC_API_KEY=..., pass --cloud-url, "
    "or give a larger local model (edgeward config init)."
)
WITHHELD = "There is a local answer that nothing speaks for: without --strict it is shown."
WAITS = "Its cloud step waits: edgeward outbox ls, run, drop."


async def answer(settings: Settings, task: Task, *, as_json: bool, explain: bool) -> Result:
    """Runs the task. The answer alone goes to standard output, all else to standard error."""
    notes = Console(stderr=True, highlight=False)
    live = sys.stdout.isatty() and not as_json
    approve = ask_at_terminal(notes) if sys.stdin.isatty() else None
    async with Router.open(settings, approve=approve) as router:
        result = await _follow(router, task, notes, live=live)
    if as_json:
        sys.stdout.write(result.model_dump_json() + "\n")
    elif result.text and not live:
        sys.stdout.write(result.text.rstrip("\n") + "\n")
    if explain:
        notes.print(explanation(result))
    elif result.status != "done" and not as_json:
        notes.print(f"[yellow]{result.status}[/yellow]: ", end="")
        notes.print(result.reason, markup=False)
        if result.status == "parked" and result.cloud in (CloudState.NO_KEY, CloudState.OFF):
            notes.print(NEXT_STEP, style="dim", markup=False)
    if result.verification is Verification.UNVERIFIED and not as_json:
        notes.print(f"unverified: {result.doubt or NOTHING_FOR_IT}", style="yellow", markup=False)
    if not as_json and (offer := _probe_offer(result)):
        notes.print(offer, style="dim", markup=False)
    if result.withheld and not as_json:
        notes.print(WITHHELD, style="dim", markup=False)
    if result.degraded and not as_json:
        why = f"answered here, without the cloud: {result.reason}"
        notes.print(why, style="yellow", markup=False)
    if result.in_outbox and not as_json:
        notes.print(WAITS, style="dim", markup=False)
    for warning in result.warnings:
        notes.print(f"warning: {warning}", style="yellow", markup=False)
    return result


def _probe_offer(result: Result) -> str:
    """How a model comes to be believed that nobody has measured; empty where that is not why."""
    for attempt in result.attempts:
        sure = [check for check in attempt.checks if check.name == "confidence"]
        unknown = not any(check.calibrated for check in sure)
        doubted = attempt.escalation is EscalationReason.UNVERIFIED or (
            attempt.number == result.attempt and result.verification is Verification.UNVERIFIED
        )
        if attempt.role in ("general", "coder") and unknown and doubted:
            return (
                f"What {attempt.model} can do is not known: edgeward models probe --role "
                f"{attempt.role} asks it 120 questions, in some minutes."
            )
    return ""


async def _follow(router: Router, task: Task, notes: Console, *, live: bool) -> Result:
    """Writes tokens as they come. A rejected attempt's text stays on the screen, marked as such."""
    written = ""
    async with aclosing(router.stream(task)) as events:
        async for event in events:
            if isinstance(event, Token) and live:
                if event.restarts:
                    sys.stdout.write("\n")
                    notes.print("that was thinking; the answer:", style="yellow", markup=False)
                    written = ""
                sys.stdout.write(for_terminal(event.text))
                sys.stdout.flush()
                written += event.text
            elif isinstance(event, Attempted) and written and (said := unusable(event.attempt)):
                sys.stdout.write("\n")
                notes.print(said, style="yellow", markup=False)
                written = ""
            elif isinstance(event, Finished):
                if live and event.result.text:
                    sys.stdout.write("\n" if written else for_terminal(event.result.text) + "\n")
                return event.result
    raise AssertionError("a stream ends with Finished")


def ask_at_terminal(notes: Console) -> Approve:
    """Asks the person at the terminal before a tool changes something."""

    async def approve(tool: Tool, arguments: Mapping[str, Any]) -> bool:
        given = json.dumps(dict(arguments), ensure_ascii=False)
        notes.print(f"{tool.name} wants to change something: {given}", style="yellow", markup=False)
        answer = await asyncio.to_thread(notes.input, "Let it? [y/N] ", markup=False)
        return answer.strip().lower() in ("y", "yes", "s", "sim")

    return approve


def unusable(attempt: Attempt) -> str:
    """Why an attempt's text is not the answer; empty if it is."""
    if attempt.outcome == "failed":
        return f"broken off ({attempt.model}: {attempt.error})"
    if attempt.outcome != "rejected":
        return ""
    failed = next((check for check in attempt.checks if not check.passed), None)
    why = f"{failed.name}: {failed.finding}" if failed else f"{attempt.model} filtered its answer"
    return f"not usable ({why})"
