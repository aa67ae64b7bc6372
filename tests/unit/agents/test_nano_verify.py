# ruff: noqa: E501 - requests stay on one line
"""verify(): right answers pass, planted errors do not."""

from __future__ import annotations

import pytest

from agents.nano.data.grammar import Split
from agents.nano.data.mix import MAKERS, held_out
from agents.nano.lexicon import CLOSED, is_wording, unfamiliar
from agents.nano.verify import verify

ORDER = "Extract the order number and total from: Order A-7741 for $12.50, shipped to Recife."

RIGHT = [
    ("extract", ORDER, '{"order_number":"A-7741","total":"$12.50"}'),
    (
        "extract",
        "Extract all: Order A-7741, Recife\nReturn JSON with keys order_id, town.",
        '{"order_id":"A-7741","town":"Recife"}',
    ),
    (
        "contact",
        "Contact details from: Ana Lima, ana@lum.com",
        '{"name":"Ana Lima","email":"ana@lum.com"}',
    ),
    ("date", "Convert March 3rd, 2025 to ISO", "2025-03-03"),
    ("date", "Converta 3 de março de 2025 para ISO", "2025-03-03"),
    ("time", "Convert 7:30 pm to 24h", "19:30"),
    ("time", "quarter to eight in the evening in 24h", "19:45"),
    ("money", "Normalize R$ 1.234,50", "1234.50 BRL"),
    ("phone", "Convert (11) 98765-4321 to E.164 (Brazil)", "+5511987654321"),
    ("phone", "Put +44 20 7946 0958 in E.164", "+442079460958"),
    ("ticket", "Classify: where is my parcel", '{"intent":"delivery","priority":"normal"}'),
    ("edit", "Make bullets: nail, rope", "- nail\n- rope"),
    ("edit", "JSON list of: nail, rope", '["nail","rope"]'),
    ("sql", "SQL: count rows in users by city", "SELECT city, COUNT(*) FROM users GROUP BY city;"),
    ("shell", "bash: last 5 lines of app.log", "tail -n 5 app.log"),
    (
        "code",
        "Python function that reverses a string",
        "def reverse_string(s):\n    return s[::-1]",
    ),
    ("reminder", "Remind me to call Ana tomorrow", '{"task":"call Ana","when":"tomorrow"}'),
    ("copy", "Repeat this: blue moon", "blue moon"),
]

WRONG = [
    (
        "reply",
        "Reply to Ana that we cannot refund order 12",
        "Hi Ana, your refund about order 12 has been approved. You will see it in your account within 5 business days.",
        "refusal",
    ),
    (
        "sql",
        "SQL: delete rows from logs where level is debug",
        "SELECT * FROM logs WHERE level = 'debug';",
        "change the table",
    ),
    ("extract", ORDER, '{"order_number":"A-7742","total":"$12.50"}', "does not occur"),
    ("extract", ORDER, '{"order_number":"A-7741"}', "was asked for"),
    ("extract", ORDER, '{"order_number":"A-7741","city":"Recife"}', "does not ask"),
    ("extract", ORDER, '{"order_number":"A-7741","total":"Recife"}', "cannot be"),
    ("extract", ORDER, "A-7741", "not a flat JSON"),
    ("extract", ORDER, '{"order_number":7741}', "not a flat JSON"),
    (
        "extract",
        "Get: Order A-7741, Recife\nReturn JSON with keys order_id, town.",
        '{"town":"Recife","order_id":"A-7741"}',
        "not those asked",
    ),
    (
        "contact",
        "Contact details from: Ana Lima, ana@lum.com",
        '{"name":"Ana Lima"}',
        "at least two",
    ),
    (
        "contact",
        "Contact details from: Ana Lima, ana@lum.com",
        '{"name":"Ana","email":"ana@lum.org"}',
        "is not the email",
    ),
    ("date", "Convert March 3rd, 2025 to ISO", "2025-04-03", "month"),
    ("date", "Convert March 3rd, 2025 to ISO", "2025-03-04", "day"),
    ("date", "Convert February 30, 2023 to ISO", "2023-02-30", "not an ISO date"),
    ("time", "Convert 7:30 pm to 24h", "07:30", "wrong half"),
    ("time", "Convert 7:30 pm to 24h", "18:30", "hour"),
    ("time", "Convert 7:30 pm to 24h", "25:30", "not a time"),
    ("money", "Normalize R$ 1.234,50", "1234.50 USD", "does not speak of USD"),
    ("money", "Normalize R$ 1.234,50", "123.45 BRL", "not in the prompt"),
    ("money", "Normalize R$ 1.234,50", "R$ 1234,50", "not an amount"),
    ("phone", "Convert 020 7946 0958 to E.164", "+14420794609", "not the number"),
    ("phone", "Convert (11) 98765-4321 to E.164 (Brazil)", "+551198765432", "not the number"),
    ("phone", "Put +44 20 7946 0958 in E.164", "+1442079460", "not the number"),
    (
        "ticket",
        "Classify: where is my parcel",
        '{"intent":"angry","priority":"high"}',
        "unknown intent",
    ),
    ("reply", "Reply to Ana about order 12", "Dear Ana, sorry.", "none of the fixed"),
    (
        "reply",
        "Apologize to Ana for the delay",
        "Hi Eva, we are sorry for the delay. We are working on it and will keep you informed.",
        "does not occur",
    ),
    ("edit", "Make bullets: nail, rope", "- nail\n- hope", "does not occur"),
    (
        "sql",
        "SQL: count rows in users by city",
        "SELECT town, COUNT(*) FROM users GROUP BY town;",
        "not named",
    ),
    ("sql", "SQL: list users", "LIST users;", "none of the known"),
    ("shell", "Rename all .txt to .md", "find docs -name '*.txt'", "not named"),
    ("shell", "delete tmp", "rm -rf tmp", "none of the known"),
    (
        "code",
        "merge sort in Rust",
        "def sort_desc(items):\n    return sorted(items, reverse=True)",
        "language",
    ),
    (
        "code",
        "Python function that reverses a string",
        "def reverse_string(s:\n    return s",
        "does not parse",
    ),
    (
        "reminder",
        "Remind me to call Ana tomorrow",
        '{"task":"call Eva","when":"tomorrow"}',
        "does not occur",
    ),
    ("copy", "Repeat this: blue moon", "blue noon", "not a part"),
    ("escalate", "hello", "hello", "not a family"),
    ("copy", "Repeat this: blue moon", " ", "empty"),
]


@pytest.mark.parametrize(("family", "prompt", "answer"), RIGHT)
def test_a_right_answer_has_no_finding(family: str, prompt: str, answer: str) -> None:
    assert verify(family, prompt, answer) is None


@pytest.mark.parametrize(("family", "prompt", "answer", "finding"), WRONG)
def test_a_planted_error_is_found(family: str, prompt: str, answer: str, finding: str) -> None:
    found = verify(family, prompt, answer)
    assert found is not None
    assert finding in found


@pytest.mark.parametrize("family", list(MAKERS))
def test_nearly_every_right_answer_of_the_generator_passes(family: str) -> None:
    # Where every word must be known, a held-out wording is refused for being one.
    wording: Split = "train" if family in CLOSED else "test"
    samples = held_out(family, 100, values="test", phrasing=wording, seed=4)
    findings = [verify(s.family, s.prompt, s.answer) for s in samples]
    assert sum(f is not None for f in findings) <= 3, [f for f in findings if f]


@pytest.mark.parametrize(
    ("family", "prompt", "answer", "finding"),
    [
        ("sql", "Write a SQL query to tally the rows of sales", "SELECT * FROM sales;", "'tally'"),
        (
            "shell",
            "bash: shrink notes.txt into a.tar.gz",
            "tar -czf a.tar.gz notes.txt",
            "'shrink'",
        ),
        ("shell", "rename a.txt to b.txt", "mv b.txt b.txt", "twice"),
        ("shell", "show the last 5 lines of logs/app.log", "tail -n 5 app.log", "left out"),
        ("phone", "E.164 for (950) 833-2390", "+559508332390", "not the number"),
        ("phone", "+971 (60) 58561 3625 to E.164", "+9716058561", "not the number"),
        (
            "extract",
            "Extract the customer name from: John Ferrari asks when it arrives.",
            '{"customer_name":"John Ferrari asks"}',
            "cannot be",
        ),
        (
            "extract",
            "Extract the quantity from: it goes to 292 Heater Lane.",
            '{"quantity":"292"}',
            "cannot be",
        ),
        (
            "extract",
            "Extract the invoice number from: Qty= 14",
            '{"invoice_number":"14"}',
            "cannot be",
        ),
        (
            "extract",
            "Show the phone in this text: call 867-866-4218. JSON object containing telephone",
            '{"phone":"867-866-4218"}',
            "keys",
        ),
        (
            "extract",
            "Grab the customer and the date out of this: the date is 09/22/2023.",
            '{"customer_name":"Grab","date":"09/22/2023"}',
            "sentence around",
        ),
    ],
)
def test_a_confident_guess_seen_in_calibration_is_found(
    family: str, prompt: str, answer: str, finding: str
) -> None:
    found = verify(family, prompt, answer)
    assert found is not None
    assert finding in found


def test_the_lexicon_knows_the_wordings_and_no_values() -> None:
    assert (
        unfamiliar("sql", "Count the rows in the table zebras", "SELECT COUNT(*) FROM zebras;")
        is None
    )
    assert is_wording("extract", "Grab")
    assert not is_wording("extract", "Marta Lindqvist")
    assert unfamiliar("extract", "any words whatever", "{}") is None
