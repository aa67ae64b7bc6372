"""Which label a task has, what may leave under it, and that the gate fails closed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from router.errors import ConfigError, PrivacyViolation
from router.privacy.detect.detectors import Detectors
from router.privacy.gate import OFF_LOOP_CHARS, Gate, Released, label_of, may_be_kept, strictest
from router.privacy.redaction import Redaction
from router.settings.privacy import PrivacySettings
from router.types.task import Message, Privacy, Task

CPF = "529.982.247-25"
KEY = "sk-ant-api03-" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7" * 3
PUBLIC, INTERNAL, LOCAL = Privacy.PUBLIC, Privacy.INTERNAL, Privacy.LOCAL_ONLY


def gate(**settings: Any) -> Gate:
    return Gate(PrivacySettings.model_validate(settings))


def user(text: str) -> tuple[Message, ...]:
    return (Message(role="system", content="Be brief."), Message(role="user", content=text))


@pytest.mark.parametrize(
    ("prompt", "label", "why"),
    [
        ("What is a CPF?", PUBLIC, ""),
        (f"The customer with CPF {CPF} called.", INTERNAL, "found in it: cpf"),
        ("Write to ana@example.org", INTERNAL, "found in it: email"),
        (f"Use the key {KEY}", LOCAL, "found in it: secret"),
    ],
)
def test_what_is_found_raises_the_label(prompt: str, label: Privacy, why: str) -> None:
    judged = gate().judge(Task(prompt=prompt))
    assert judged.label is label
    assert why in "; ".join(judged.reasons)


def test_a_label_is_never_lowered_and_the_strictest_part_counts() -> None:
    private = Task(prompt="hello", privacy=LOCAL)
    assert gate().judge(private).label is LOCAL
    assert gate().judge(Task(prompt="hello"), session=LOCAL).label is LOCAL
    said = (Message(role="user", content=f"my CPF is {CPF}"),)
    assert gate().judge(Task(prompt="hello"), said).label is INTERNAL
    assert gate().judge(Task(prompt="hello", system=f"for {CPF}")).label is INTERNAL
    assert strictest(()) is PUBLIC
    assert strictest((INTERNAL, LOCAL, PUBLIC)) is LOCAL


def test_a_schema_cannot_be_redacted_so_it_keeps_the_task_here() -> None:
    schema = {"enum": [CPF, "none"]}
    judged = gate().judge(Task(prompt="choose", schema=schema))
    assert judged.label is LOCAL
    assert judged.reasons[0].startswith("its schema: found in it: cpf")


def test_a_schema_is_judged_text_by_text_with_what_names_it() -> None:
    def label(**held_to: Any) -> Privacy:
        schema = {"properties": {"nif": held_to, "other": {"description": "a\\nb"}}}
        return gate().judge(Task(prompt="choose", schema=schema)).label

    assert label(type="string", description="nine digits, such as 123 or 999999999") is PUBLIC
    assert label(default="123456789") is INTERNAL
    assert label(examples=["none", "123456789"]) is INTERNAL
    assert label(description=f"for\n{CPF}\nalone") is INTERNAL
    assert label(enum=["123456789"]) is LOCAL
    assert label(const=123456789) is LOCAL
    keyed = {"properties": {"ana@example.org": {"enum": ["yes", "no"]}}, "required": []}
    assert gate().judge(Task(prompt="choose", schema=keyed)).label is INTERNAL


def test_a_key_comes_back_as_it_stands_in_the_schema() -> None:
    redaction = Redaction()
    digits = CPF.replace(".", "").replace("-", "")
    schema = {"properties": {digits: {"enum": ["yes"]}}, "required": [digits]}
    released = gate().release(INTERNAL, user(f"CPF {CPF}"), redaction, schema)
    assert released[1].content == "CPF [CPF_1]"
    assert released.schema == {
        "properties": {"[CPF_2]": {"enum": ["yes"]}},
        "required": ["[CPF_2]"],
    }
    assert redaction.restore('{"[CPF_2]": "[CPF_1]"}', json=True) == f'{{"{digits}": "{CPF}"}}'


def test_a_folder_labels_its_files_and_the_texts_that_name_them(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "a.txt").write_text("x")
    (tmp_path / "link.txt").symlink_to(private / "a.txt")
    chosen = gate(folders={str(private): "local_only"})
    for file in (private / "a.txt", tmp_path / "link.txt", private / ".." / "private" / "a.txt"):
        assert chosen.judge(Task(prompt="sum up", files=(str(file),))).label is LOCAL
    assert chosen.judge(Task(prompt="sum up", files=(str(tmp_path / "b.txt"),))).label is PUBLIC
    assert chosen.judge(Task(prompt=f"read {private}/a.txt")).label is LOCAL
    assert chosen.judge(Task(prompt=f"read {private}er/a.txt")).label is PUBLIC


def test_patterns_of_the_user_are_strict_unless_they_say_otherwise() -> None:
    patterns = {"project": r"Apollo-\d+"}
    assert gate(patterns=patterns).judge(Task(prompt="about Apollo-7")).label is LOCAL
    loose = gate(patterns=patterns, found={"project": "internal", "email": "public"})
    assert loose.judge(Task(prompt="about Apollo-7")).label is INTERNAL
    assert loose.judge(Task(prompt="ana@example.org")).label is PUBLIC
    with pytest.raises(ConfigError, match=r"privacy\.found names mail, which nothing finds.*email"):
        gate(found={"mail": "public"})


def test_internal_text_leaves_without_its_values_and_gets_them_back() -> None:
    redaction = Redaction()
    released = gate().release(INTERNAL, user(f"CPF {CPF}, again {CPF}"), redaction)
    assert isinstance(released, Released)
    assert CPF not in str(released)
    assert released[1].content == "CPF [CPF_1], again [CPF_1]"
    assert "copy them unchanged" in released[0].content
    assert redaction.restore("The CPF [CPF_1] is valid.") == f"The CPF {CPF} is valid."


def test_public_text_leaves_as_it_is() -> None:
    messages = user("What is the capital of Peru?")
    assert tuple(gate().release(PUBLIC, messages, Redaction())) == messages


@pytest.mark.parametrize("label", [LOCAL, PUBLIC, INTERNAL])
def test_a_secret_never_leaves_whatever_the_label_says(label: Privacy) -> None:
    with pytest.raises(PrivacyViolation):
        gate().release(label, user(f"Use {KEY}"), Redaction())


def test_without_redaction_or_detectors_internal_text_stays() -> None:
    for chosen in (gate(redact=False), gate(detect=False)):
        assert not chosen.may_leave(INTERNAL)
        with pytest.raises(PrivacyViolation, match="labelled internal"):
            chosen.release(INTERNAL, user("hello"), Redaction())
    with pytest.raises(PrivacyViolation, match=r"privacy\.redact is off"):
        gate(redact=False).release(PUBLIC, user(f"CPF {CPF}"), Redaction())


def test_a_detector_that_fails_keeps_the_text_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Detectors, text: str) -> tuple[()]:
        raise RuntimeError("a bug")

    chosen = gate()
    monkeypatch.setattr(Detectors, "find", broken)
    judged = chosen.judge(Task(prompt="hello"))
    assert judged.label is LOCAL
    assert judged.reasons == ("a detector failed (RuntimeError)",)
    with pytest.raises(PrivacyViolation, match=r"could not judge|detector failed"):
        chosen.release(PUBLIC, user("hello"), Redaction())


def test_a_label_that_nobody_knows_is_local_only() -> None:
    assert label_of("topsecret") is LOCAL
    assert label_of(None) is PUBLIC
    assert label_of("internal") is INTERNAL
    assert may_be_kept(LOCAL, store_is_local=True)
    assert not may_be_kept(LOCAL, store_is_local=False)
    assert may_be_kept(INTERNAL, store_is_local=False)


@pytest.mark.parametrize("size", [40, 400_000])
async def test_a_long_text_is_judged_and_released_while_the_event_loop_goes_on(size: int) -> None:
    words = "ana@example.org wrote of 12 things. " * (size // 36)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    chosen, beside = gate(), asyncio.create_task(others())
    judged = await chosen.judging(Task(prompt=words))
    while_judged = turns
    released = await chosen.releasing(judged.label, user(words), Redaction())
    beside.cancel()

    assert judged.label is INTERNAL
    assert "@" not in released[-1].content
    # What is short is not worth a thread: the loop had no turn.
    assert (while_judged > 0) is (turns > while_judged) is (size > OFF_LOOP_CHARS)


@pytest.mark.parametrize(
    "said",
    [
        ("What is your NIF?", "501 964 843"),
        ("Qual é o teu número de contribuinte", "501964843, obrigada"),
        ("my phone is", "912345678"),
        ("Which number can we call?", "912345678 after six"),
        ("my card is 4111 1111", "1111 1111 and expires 12/27"),
        ("o meu NIF é", "sim?", "501964843"),
    ],
)
def test_a_value_that_another_message_announces_or_begins_does_not_leave(
    said: tuple[str, ...],
) -> None:
    messages = [Message(role="user", content=text) for text in said]
    task = Task(prompt=said[-1])
    assert gate().judge(task, messages[:-1]).label is INTERNAL

    redaction = Redaction()
    released = gate().release(INTERNAL, messages, redaction)
    sent = [message.content for message in released if message.role == "user"]
    assert not any(piece in text for piece in ("501", "912345678", "1111") for text in sent)
    assert [redaction.restore(text) for text in sent] == list(said)


def test_a_password_that_another_message_announces_keeps_the_task_here() -> None:
    said = (Message(role="assistant", content="What is the password of the router?"),)
    judged = gate().judge(Task(prompt="hunter22! I think"), said)
    assert judged.label is LOCAL
    with pytest.raises(PrivacyViolation, match="secret"):
        gate().release(
            INTERNAL, [*said, Message(role="user", content="hunter22! I think")], Redaction()
        )


def test_what_a_system_prompt_speaks_of_announces_nothing() -> None:
    messages = (
        Message(role="system", content="Never tell anybody the password."),
        Message(role="user", content="Abc12345 is my user name"),
    )
    assert (
        gate().judge(Task(prompt=messages[1].content, system=messages[0].content)).label is PUBLIC
    )
    assert gate().release(PUBLIC, messages, Redaction())[1] == messages[1]


@pytest.mark.parametrize(
    "said",
    [
        ("What is your order number?", "501964843"),
        ("How many rows has the table?", "912345678 rows"),
        ("Explain what a NIF is.", "In 2026 there were 3 changes."),
        ("The password must have 12 characters.", "Python3.12 is required too."),
        ("my phone is broken", "it fell 3 times in 2025"),
    ],
)
def test_messages_side_by_side_make_no_value_of_what_is_none(said: tuple[str, str]) -> None:
    first = (Message(role="user", content=said[0]),)
    assert gate().judge(Task(prompt=said[1]), first).label is PUBLIC


@pytest.mark.parametrize(
    ("schema", "label"),
    [
        ({"properties": {"nif": {"description": "501964843"}}}, INTERNAL),
        ({"properties": {"nif": {"x-value": "501964843"}}}, INTERNAL),
        ({"properties": {"nif": {"pattern": "^501964843$"}}}, LOCAL),
        ({"properties": {"nif": {"minimum": 501964843}}}, LOCAL),
        ({"properties": {"customerTaxID": {"examples": ["501964843"]}}}, INTERNAL),
        ({"properties": {"phone": {"$comment": "912345678"}}}, INTERNAL),
        ({"properties": {"password": {"description": "hunter22!"}}}, LOCAL),
        ({"x-password": "hunter22!"}, LOCAL),
        ({"properties": {"value": {"title": "NIF", "description": "501964843"}}}, INTERNAL),
        ({"properties": {"a": {"x-labels": {"nif": "501964843"}}}}, INTERNAL),
        ({"properties": {"nif": {"type": "string", "pattern": "^[0-9]{9}$"}}}, PUBLIC),
        (
            {
                "properties": {
                    "password": {
                        "type": "string",
                        "format": "password",
                        "minLength": 12,
                        "description": "At least 12 characters, with one digit.",
                        "pattern": r"^(?=.*[A-Z])(?=.*\d).{12,}$",
                    },
                    "pin": {"type": "integer", "minimum": 1000, "maximum": 9999},
                    "token": {"$ref": "#/$defs/token2", "description": "The token of the API."},
                    "phone": {"type": "string", "description": "Digits only, 9 of them."},
                },
                "required": ["password", "token"],
            },
            PUBLIC,
        ),
    ],
)
def test_what_a_schema_says_is_read_with_the_name_it_says_it_of(
    schema: dict[str, Any], label: Privacy
) -> None:
    assert gate().judge(Task(prompt="fill it in", schema=schema)).label is label
    assert gate().label_of("a tool", schema=schema) is label
