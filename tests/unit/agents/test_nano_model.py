# ruff: noqa: E501 - requests stay on one line
"""The shipped files: the GGUF answers real requests, the gate sends them right, and they fit."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from agents.nano import CALIBRATION_PATH, ESCALATE_TOKEN, GATE_PATH, MODEL_PATH, WEIGHTS, with_keys
from agents.nano.confidence import NEVER, NanoCalibration, assess, logit
from agents.nano.data.mix import MAKERS
from agents.nano.gate import Gate, GateVerdict
from agents.nano.runner import NanoRunner

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
    return NanoRunner()


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate.load()


@pytest.mark.parametrize(("family", "prompt", "expected"), ROUTINE)
def test_a_routine_request_is_answered_and_accepted(
    runner: NanoRunner, gate: Gate, family: str, prompt: str, expected: str
) -> None:
    answer, verdict = runner.answer(prompt), gate.judge(prompt)
    assert (answer.text, verdict.family) == (expected, family)
    judged = assess(
        prompt, answer.text, min_p=answer.min_p, sum_logprob=answer.sum_logprob,
        verdict=verdict, calibration=NanoCalibration.load(),
    )  # fmt: skip
    assert judged.accepted, judged


def test_the_system_message_may_be_left_out(runner: NanoRunner) -> None:
    _, prompt, expected = ROUTINE[0]
    assert runner.answer(prompt, system=False).text == expected


@pytest.mark.parametrize("prompt", BEYOND)
def test_what_is_beyond_the_model_escalates(runner: NanoRunner, gate: Gate, prompt: str) -> None:
    assert runner.answer(prompt).text == ESCALATE_TOKEN
    assert gate.judge(prompt).family == "escalate"


def test_the_calibration_covers_every_family_and_matches_its_figures() -> None:
    stored = json.loads(CALIBRATION_PATH.read_text(encoding="utf-8"))
    assert set(stored["families"]) == set(MAKERS)
    for row in stored["families"].values():
        assert 0.5 <= row["threshold"] <= NEVER
        if row["threshold"] < NEVER:
            assert row["right"] >= stored["precision_asked"] * row["accepted"]


def test_a_family_without_a_threshold_is_never_accepted() -> None:
    calibration = NanoCalibration((1.0, 0.0, 1.0, 0.0), {"date": 0.9})
    assert calibration.accept("date", 0.9999, -0.001, 0.9999).accepted
    assert not calibration.accept("escalate", 0.9999, -0.001, 0.9999).accepted
    assert not calibration.accept("date", 0.5, -0.7, 0.5).accepted
    assert logit(0.0) == pytest.approx(-13.8, abs=0.1)


def test_an_answer_that_fails_a_check_is_refused_however_sure_the_model_is() -> None:
    calibration = NanoCalibration((1.0, 0.0, 1.0, 0.0), {"date": 0.5})

    def judged(answer: str, family: str = "date") -> str | None:
        return assess(
            "Convert March 3, 2025 to ISO", answer, min_p=0.9999, sum_logprob=-0.001,
            verdict=GateVerdict(family, 0.9999), calibration=calibration,
        ).finding  # fmt: skip

    assert judged("2025-03-03") is None
    assert "month" in (judged("2025-04-03") or "")
    assert "escalates" in (judged(ESCALATE_TOKEN) or "")
    assert "no family" in (judged("2025-03-03", "escalate") or "")
    assert "not calibrated" in (judged("2025-03-03", "money") or "")


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
