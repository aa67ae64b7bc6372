"""Asks one model questions with known answers, and makes its card of what it said."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

from agents.agent import Agent
from agents.calibration import Trial, fit_of
from agents.checks.loops import LoopWatch
from agents.checks.prose_language import speaks
from agents.models.cards import CardPlace
from agents.models.questions import VERSION, Question, is_right
from router.classify.kinds import NgramClassifier
from router.engine import GenerateRequest
from router.errors import EngineError, EngineUnavailable
from router.types.card import Card, Tally
from router.types.completion import Completion
from router.types.decision import Kind
from router.types.task import Task

QUESTION_S = 60.0
"""Seconds for one question; a model that takes longer did not answer it."""

MOST_TOKENS = 256
"""Of one answer: the right ones are short, and a model that rambles is not waited for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what came of it. completion: None where the model gave none, for `error`."""

    question: Question
    kind: Kind
    right: bool
    completion: Completion | None = None
    error: str = ""

    @property
    def ended(self) -> bool:
        return self.completion is not None and self.completion.finish_reason == "stop"


async def ask(agent: Agent, questions: Sequence[Question]) -> AsyncGenerator[Asked, None]:
    """The model's answers, one at a time, in order.

    One that is too slow or fails counts as wrong; raises EngineUnavailable where nobody is there.
    """
    await agent.engine.open()
    classifier = NgramClassifier.load()
    for question in questions:
        kind = question.kind or classifier.classify(question.prompt).kind
        request = GenerateRequest(
            messages=agent.messages(Task(prompt=question.prompt, system=question.system), ()),
            deadline=time.monotonic() + QUESTION_S,
            max_tokens=min(agent.max_tokens, MOST_TOKENS),
            thinking="off" if agent.thinking == "auto" else agent.thinking,
        )
        try:
            completion = await _answer(agent, request)
        except EngineUnavailable:
            raise
        except EngineError as error:
            yield Asked(question, kind, right=False, error=f"{type(error).__name__}: {error}")
            continue
        right = await is_right(question, completion.text)
        yield Asked(question, kind, right, completion)


async def _answer(agent: Agent, request: GenerateRequest) -> Completion:
    """The model's whole answer, or what it said before it began to repeat itself."""
    watch, began = LoopWatch(), time.monotonic()
    looped = ""
    async with aclosing(agent.engine.stream(request)) as parts:
        async for part in parts:
            if isinstance(part, Completion):
                return part
            if looped := watch.fed(part.text):
                break
    caps = agent.engine.caps
    return Completion(
        text=looped,
        engine=caps.engine,
        model=caps.model,
        finish_reason="cancelled",
        latency_s=time.monotonic() - began,
    )


def card_from(agent: Agent, asked: Sequence[Asked], fingerprint: str) -> Card:
    """What the answers say of the model."""
    caps = agent.engine.caps
    kinds: defaultdict[Kind, list[bool]] = defaultdict(list)
    for one in asked:
        kinds[one.kind].append(one.right)
    answered = [one for one in asked if one.completion is not None]
    trials = [
        Trial(one.kind, one.completion.stats, one.right)
        for one in asked
        if one.completion is not None and one.completion.stats is not None
    ]
    spoken = [
        speaks(one.completion.text, one.question.language)
        for one in asked
        if one.completion is not None and one.question.language is not None
    ]
    return Card(
        model=caps.model,
        source="probed",
        fingerprint=fingerprint,
        kinds={kind: Tally.of(right) for kind, right in sorted(kinds.items())},
        confidence=fit_of(trials),
        language=Tally.of([said for said in spoken if said is not None]),
        forms=Tally.of([one.right for one in asked if one.question.form]),
        tools=Tally.of(kinds.get(Kind.TOOL, [])),
        ends=Tally.of([one.ended for one in answered]),
        context_tokens=caps.context_tokens,
        tokens_per_s=_speed([one.completion for one in answered if one.completion]),
        probed_at=time.time(),
    )


def _speed(completions: Sequence[Completion]) -> float | None:
    """Tokens a second after the first token, over all answers."""
    tokens = sum(max(0, one.usage.completion_tokens - 1) for one in completions)
    seconds = sum(max(0.0, one.latency_s - one.ttft_s) for one in completions)
    return round(tokens / seconds, 1) if tokens and seconds > 0 else None


class Partial:
    """The results of a probe so far, a line each, so that a probe that was broken off goes on.

    Those of another model, of other questions or of an earlier version are not continued.
    """

    def __init__(self, place: CardPlace, questions: Sequence[Question]) -> None:
        self._path: Path = place.partial
        prompts = [question.prompt for question in questions]
        self._head = {"model": place.fingerprint, "version": VERSION, "prompts": _digest(prompts)}
        self._questions = questions

    def read(self) -> list[Asked]:
        """What was asked already, to the first line that cannot be read, as one that was cut off;
        what follows such a line is dropped from the file, so that it can be added to."""
        rows = self._rows()
        if not rows or rows[0] != self._head:
            return []
        self._write("w", *rows)
        return [
            Asked(question, Kind(row["kind"]), row["right"], _completion(row), row["error"])
            for question, row in zip(self._questions, rows[1:], strict=False)
        ]

    def add(self, one: Asked, *, first: bool) -> None:
        """Keeps a result; survives the death of the process once this has returned."""
        completion = None if one.completion is None else one.completion.model_dump(mode="json")
        row = {"kind": one.kind, "right": one.right, "error": one.error, "completion": completion}
        if first:
            self._write("w", self._head, row)
        else:
            self._write("a", row)

    def _rows(self) -> list[dict[str, Any]]:
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []
        return list(takewhile(bool, map(_row, lines)))

    def _write(self, mode: Literal["w", "a"], *rows: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open(mode, encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())


def _digest(prompts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(prompts).encode()).hexdigest()[:16]


def _row(line: str) -> dict[str, Any]:
    """Empty for what is none."""
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _completion(row: dict[str, Any]) -> Completion | None:
    return None if row["completion"] is None else Completion.model_validate(row["completion"])
