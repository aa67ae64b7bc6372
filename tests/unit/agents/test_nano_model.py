# ruff: noqa: E501 - requests stay on one line
"""The shipped files: the GGUF answers real requests, the gate sends them right, and they fit."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from agents.agent import Coverage
from agents.nano import CALIBRATION_PATH, ESCALATE_TOKEN, GATE_PATH, MODEL_PATH, WEIGHTS, with_keys
from agents.nano.confidence import NEVER, NanoCalibration, logit
from agents.nano.data.mix import MAKERS
from agents.nano.gate import Gate
from agents.nano.runner import NanoRunner
from agents.nano.specialist import NanoSpecialist
from router.types.completion import Completion, TokenStats
from router.types.task import Task

ROUTINE = [
    (
        "extract",
        "Extract the order number and total from: Order 48213, total $99.00, shipped to Boston.",
        '{"order_number":"48213","total":"$99.00"}',
    ),
    (
        "extract",
        "Extract the order number and total from: Hi, I am writing about order A-7741. The total was $129.90 and it has not arrived yet.",
        '{"order_number":"A-7741","total":"$129.90"}',
    ),
    (
        "contact",
        "Extract the contact details from: Best regards, Paula Mendes, paula@mendes.com.br, (11) 98765-4321",
        '{"name":"Paula Mendes","email":"paula@mendes.com.br","phone":"(11) 98765-4321"}',
    ),
    (
        "contact",
        "Get the contact details: This is John Carter. Call me at 415-555-0132 or write to john.carter@outlook.com.",
        '{"name":"John Carter","email":"john.carter@outlook.com","phone":"415-555-0132"}',
    ),
    ("date", "Convert 17 August 2023 to ISO format", "2023-08-17"),
    ("date", "Converta 7 de setembro de 2022 para ISO", "2022-09-07"),
    ("time", "Convert 7:45 pm to 24h", "19:45"),
    ("time", "Converta 8 e meia da noite para 24h", "20:30"),
    ("money", "Normalize the amount: R$ 1.234,50", "1234.50 BRL"),
    ("money", "Normalize the amount: $2,499.99", "2499.99 USD"),
    ("phone", "Convert +44 20 7946 0958 to E.164", "+442079460958"),
    ("phone", "Converta (11) 98765-4321 para E.164", "+5511987654321"),
    (
        "ticket",
        "Classify this ticket: My package has not arrived yet. I need this today.",
        '{"intent":"delivery","priority":"high"}',
    ),
    (
        "ticket",
        "Classify this support message: I forgot my password and the reset email never arrives.",
        '{"intent":"login","priority":"normal"}',
    ),
    (
        "reply",
        "Write a short reply to Ana approving the refund for order 5512",
        "Hi Ana, your refund about order 5512 has been approved. You will see it in your account within 5 business days.",
    ),
    (
        "reply",
        "Apologize to Marcos for the delay of order BR-8812",
        "Hi Marcos, we are sorry for the delay about order BR-8812. We are working on it and will keep you informed.",
    ),
    ("edit", "Make a bullet list of: milk, bread, coffee", "- milk\n- bread\n- coffee"),
    ("edit", "Convert this list to a JSON array: red, green, blue", '["red","green","blue"]'),
    (
        "code",
        "Escreva uma função em Python que calcula o fatorial de um número",
        "def factorial(n):\n    result = 1\n    for i in range(2, n + 1):\n        result *= i\n    return result",
    ),
    (
        "sql",
        "SQL to show the top 5 rows from sales by total",
        "SELECT * FROM sales ORDER BY total DESC LIMIT 5;",
    ),
    (
        "sql",
        "SQL: select all rows from users where age is greater than 30",
        "SELECT * FROM users WHERE age > 30;",
    ),
    ("shell", "bash: show the last 20 lines of server.log", "tail -n 20 server.log"),
    (
        "reminder",
        "Remind me to call Ana tomorrow at 5 pm",
        '{"task":"call Ana","when":"tomorrow at 5 pm"}',
    ),
    (
        "reminder",
        "Remind me to pay the internet bill on Friday",
        '{"task":"pay the internet bill","when":"on Friday"}',
    ),
]

BEYOND = [
    "Explain quantum computing to a beginner",
    "Write a poem about the sea",
    "Translate this into French: the order is late",
    "Resuma este texto: a reunião foi longa e nada foi decidido.",
]


@pytest.fixture(scope="module")
def runner() -> Iterator[NanoRunner]:
    with NanoRunner() as running:
        yield running


@pytest.fixture(scope="module")
def specialist() -> NanoSpecialist:
    return NanoSpecialist.load()


@pytest.mark.parametrize(("family", "prompt", "expected"), ROUTINE)
def test_a_routine_request_is_answered_and_accepted(
    runner: NanoRunner, specialist: NanoSpecialist, family: str, prompt: str, expected: str
) -> None:
    task, answer = Task(prompt=prompt), runner.answer(prompt)
    coverage = specialist.covers(task)
    assert (answer.text, coverage.family, coverage.covered) == (expected, family, True)
    checks = specialist.checks(task, answer, coverage)
    assert all(check.passed for check in checks), checks


def test_the_system_message_may_be_left_out(runner: NanoRunner) -> None:
    _, prompt, expected = ROUTINE[0]
    assert runner.answer(prompt, system=False).text == expected


@pytest.mark.parametrize("prompt", BEYOND)
def test_what_is_beyond_the_model_escalates(
    runner: NanoRunner, specialist: NanoSpecialist, prompt: str
) -> None:
    assert runner.answer(prompt).text == ESCALATE_TOKEN
    assert not specialist.covers(Task(prompt=prompt)).covered


def test_the_calibration_covers_every_family_and_matches_its_figures() -> None:
    stored = json.loads(CALIBRATION_PATH.read_text(encoding="utf-8"))
    assert set(stored["families"]) == set(MAKERS)
    for row in stored["families"].values():
        assert 0.5 <= row["threshold"] <= NEVER
        if row["threshold"] < NEVER:
            assert row["right"] >= stored["precision_asked"] * row["accepted"]


def test_a_family_without_a_threshold_is_never_accepted() -> None:
    calibration = NanoCalibration((1.0, 0.0, 1.0, 0.0), {"date": 0.9}, {"date": 0.9})
    assert calibration.accept("date", 0.9999, -0.001, 0.9999).accepted
    assert not calibration.accept("escalate", 0.9999, -0.001, 0.9999).accepted
    assert not calibration.accept("date", 0.5, -0.7, 0.5).accepted
    assert logit(0.0) == pytest.approx(-13.8, abs=0.1)


def test_an_answer_that_fails_a_check_is_refused_however_sure_the_model_is() -> None:
    calibration = NanoCalibration((1.0, 0.0, 1.0, 0.0), {"date": 0.5}, {"date": 0.9})
    specialist = NanoSpecialist(Gate.load(), calibration)

    def failed(answer: str, logprob: float = -0.001) -> list[str]:
        stats = TokenStats(tokens=1, min_logprob=logprob, sum_logprob=logprob)
        completion = Completion(
            text=answer, engine="e", model="m", finish_reason="stop", stats=stats
        )
        task = Task(prompt="Convert March 3, 2025 to ISO")
        checks = specialist.checks(task, completion, Coverage("date", 0.9999, covered=True))
        return [check.name for check in checks if not check.passed]

    assert failed("2025-03-03") == []
    assert failed("2025-04-03") == ["faithful"]
    assert failed(ESCALATE_TOKEN) == ["declined"]
    assert failed("2025-03-03", logprob=-20.0) == ["confidence"]


def test_it_covers_only_what_it_was_trained_to_be_asked(specialist: NanoSpecialist) -> None:
    prompt = "Extract the order number and total from: Order 48213, total $99.00."
    flat = {"type": "object", "properties": {"total": {"type": "string"}}}
    nested = {"type": "object", "properties": {"order": {"type": "object"}}}
    assert specialist.covers(Task(prompt=prompt)).covered
    assert specialist.covers(Task(prompt=prompt, schema=flat)).covered
    assert not specialist.covers(Task(prompt=prompt, schema=nested)).covered
    assert not specialist.covers(Task(prompt=prompt, system="Answer as a pirate.")).covered


def test_keys_may_be_asked_for_as_a_schema_does(runner: NanoRunner) -> None:
    prompt = with_keys(
        "Extract the order number and total from: Order 48213, total $99.00.",
        ["total", "order_number"],
    )
    assert runner.answer(prompt).text == '{"total":"$99.00","order_number":"48213"}'


def test_the_files_are_small_and_complete() -> None:
    names = {"config.json", "tokenizer.json", "tokenizer_config.json", "CARD.md", MODEL_PATH.name,
             GATE_PATH.name, CALIBRATION_PATH.name, "edgeward-nano.safetensors"}  # fmt: skip
    assert names <= {path.name for path in WEIGHTS.iterdir()}
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 10_000_000


def test_every_training_sample_survives_the_tokenizer() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    from itertools import islice

    from agents.nano.data.mix import training_stream

    tokenizer = tokenizers.Tokenizer.from_file(str(WEIGHTS / "tokenizer.json"))
    for sample in islice(training_stream(12), 500):
        for text in (sample.prompt, sample.answer):
            ids = tokenizer.encode(text).ids
            assert tokenizer.decode(ids, skip_special_tokens=False) == text
    assert len(tokenizer.encode(ESCALATE_TOKEN).ids) == 1
