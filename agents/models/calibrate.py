"""Asks one model questions with known answers, and keeps how sure it was of those it got right."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.agent import Agent
from agents.calibration import Trial
from agents.checks.source import Source
from agents.nano.data.mix import MAKERS, held_out
from router.classify.kinds import NgramClassifier
from router.engine import GenerateRequest, generate
from router.errors import ConfigError
from router.policy.decide import CODER_KINDS
from router.types.completion import Completion
from router.types.decision import Kind
from router.types.task import Task

_TIMEOUT_S = 120.0
_SUMS = (
    ("What is {a} {sign} {b}? Answer with the number alone.", "en"),
    ("Quanto é {a} {sign} {b}? Responda apenas com o número.", "pt"),
)


class Question(BaseModel):
    """A prompt and its right answer.

    kind: None for what the classifier says that it is. system: None for the role's own prompt.

    An answer is right that is the same, that has the same value as JSON, or, for a right answer of
    one line, that holds it in some spelling.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    kind: Kind | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what the model said, and the trial that it makes."""

    question: Question
    completion: Completion
    trial: Trial


def read_questions(path: Path) -> list[Question]:
    """One JSON object a line. Raises ConfigError that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(Question.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            at = ".".join(map(str, first["loc"])) or "the line"
            raise ConfigError(
                f"{path}, line {number}: {at}: {first['msg']}: a line is "
                '{"prompt": "...", "answer": "...", "kind": "extraction"}, without the kind too'
            ) from None
    if not found:
        raise ConfigError(f"{path} holds no question: write one JSON object a line")
    return found


def made_questions(count: int, kinds: frozenset[Kind], seed: int = 0) -> list[Question]:
    """About `count` generated questions of such kinds, English and Portuguese, in random order."""
    rng = random.Random(seed)
    each = -(-count // (len(MAKERS) + 2))
    found = [
        Question(prompt=sample.prompt, answer=sample.answer)
        for family in MAKERS
        for sample in held_out(family, each, values="train", phrasing="train", seed=seed)
    ]
    for number in range(2 * each):
        a, b = rng.randint(2, 10 ** rng.randint(1, 4)), rng.randint(2, 99)
        sign, value = rng.choice((("+", a + b), ("-", a - b), ("*", a * b)))
        text = _SUMS[number % 2][0].format(a=a, b=b, sign=sign)
        found.append(Question(prompt=text, answer=str(value), kind=Kind.MATH))
    classifier = NgramClassifier.load()
    asked = [with_kind(question, classifier) for question in found]
    chosen = [question for question in asked if question.kind in kinds]
    rng.shuffle(chosen)
    return chosen


def with_kind(question: Question, classifier: NgramClassifier) -> Question:
    if question.kind is not None:
        return question
    return question.model_copy(update={"kind": classifier.classify(question.prompt).kind})


def kinds_of(role: str) -> frozenset[Kind]:
    """What a role is asked for."""
    return CODER_KINDS if role == "coder" else frozenset(Kind) - CODER_KINDS


async def ask(agent: Agent, questions: Sequence[Question]) -> AsyncGenerator[Asked, None]:
    """The model's answers, one at a time, in order. Raises EngineError, and ConfigError for a model
    that does not report token probabilities."""
    await agent.engine.open()
    classifier = NgramClassifier.load()
    for question in questions:
        kind = with_kind(question, classifier).kind
        assert kind is not None, "the classifier always says one"
        request = GenerateRequest(
            messages=agent.messages(Task(prompt=question.prompt, system=question.system), ()),
            deadline=monotonic() + _TIMEOUT_S,
            max_tokens=agent.max_tokens,
        )
        completion = await generate(agent.engine, request)
        if completion.stats is None:
            raise ConfigError(
                f"{completion.model} does not report the probabilities of its tokens: only models "
                "in files can be calibrated"
            )
        right = is_right(question.answer, completion.text)
        yield Asked(question, completion, Trial(kind, completion.stats, right))


def is_right(expected: str, text: str) -> bool:
    """Whether an answer is the expected one, as `Question` says."""
    expected, text = expected.strip(), text.strip()
    if text == expected:
        return True
    wanted = _json(expected)
    if isinstance(wanted, dict | list):
        start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=0)
        end = max(text.rfind("}"), text.rfind("]")) + 1
        return bool(wanted == _json(text[start:end]))
    if "\n" in expected:
        return " ".join(expected.split()) in " ".join(text.split())
    return Source.read(text).holds(expected)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
