"""What a person can get wrong: a sentence that names it, the right status, no traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Edgeward

ROUTINE = "Convert the date to ISO format: March 7, 2026"


def told(done: object, status: int, *parts: str) -> None:
    """The command ended with this status and said each of these parts, and nothing like a crash."""
    returncode, said = done.returncode, done.stderr  # type: ignore[attr-defined]
    assert "Traceback" not in said, said
    assert returncode == status, said
    flat = " ".join(said.split())
    for part in parts:
        assert part in flat, said


def test_no_prompt(edgeward: Edgeward) -> None:
    told(edgeward("ask"), 2, "there is no prompt", "--file or by a pipe")
    told(edgeward("ask", "  "), 2, "there is no prompt")


def test_a_prompt_of_five_megabytes(edgeward: Edgeward) -> None:
    told(edgeward("ask", stdin="x" * 5_000_000), 2, "the limit is 1,000,000")


def test_a_file_that_is_not_there(edgeward: Edgeward) -> None:
    told(edgeward("ask", "x", "--file", "none.txt"), 2, "no such file: none.txt")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "is not JSON"),
        ("[]", "a JSON Schema is an object"),
        ('{"type": "strange"}', "not a valid JSON Schema"),
        ('{"items": {"$ref": "#/$defs/none"}}', "'#/$defs/none' leads to nothing in it"),
    ],
)
def test_a_schema_that_is_none(edgeward: Edgeward, tmp_path: Path, text: str, part: str) -> None:
    (tmp_path / "schema.json").write_text(text)
    told(edgeward("ask", ROUTINE, "--schema", "schema.json"), 2, part)


def test_an_option_that_does_not_exist(edgeward: Edgeward) -> None:
    told(edgeward("ask", "x", "--lokal"), 2, "No such option", "--lokal")
    told(edgeward("aks", "x"), 2, "No such command")


def test_a_time_out_that_is_none(edgeward: Edgeward) -> None:
    told(edgeward("ask", "x", "--timeout", "-1"), 2, "timeout_s", "greater than 0")
    told(edgeward("ask", "x", "--max-wait", "0"), 2, "max_wait_s", "greater than 0")
    told(edgeward("ask", "x", "--priority", "urgent"), 2, "priority", "'high', 'normal' or 'low'")


def test_a_model_that_is_not_there_is_named_by_every_command(
    edgeward: Edgeward, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    told(edgeward("models", "inspect", "none.gguf"), 2, "none.gguf", "no such file")
    told(edgeward("models", "inspect", "empty"), 2, "it is empty")
    told(edgeward("models", "plan", "--vram", "much"), 2, "'much' is no amount of memory")
    told(edgeward("models", "quantize", "empty", "--bpw", "4"), 2, "config.json", "missing")
    (tmp_path / "edgeward.yaml").write_text("models: {general: {path: empty}}\n")
    told(edgeward("config", "validate"), 2, "it is empty")
    told(edgeward("ask", "x"), 2, "it is empty")


def test_a_configuration_that_is_wrong(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "edgeward.yaml").write_text("cloud:\n  modle: x\n")
    for words in (["ask", "x"], ["config", "validate"], ["report"], ["demo"]):
        told(edgeward(*words), 2, "edgeward.yaml:2: cloud.modle", "did you mean `model`?")
    done = edgeward("doctor")
    assert done.returncode == 1
    assert "did you mean `model`?" in " ".join(done.stdout.split())


def test_a_configuration_that_is_not_there(edgeward: Edgeward) -> None:
    told(edgeward("ask", "x", "--config", "none.yaml"), 2, "none.yaml", "config init")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (None, "no such model file"),
        (b"<!DOCTYPE html><html>not found</html>", "web page"),
        (b"GGUF\x03\x00\x00\x00\x01\x00", "ends inside"),
        (b"", "empty"),
    ],
)
def test_a_model_file_that_cannot_be_read(
    edgeward: Edgeward, tmp_path: Path, content: bytes | None, part: str
) -> None:
    if content is not None:
        (tmp_path / "model.gguf").write_bytes(content)
    (tmp_path / "edgeward.yaml").write_text("models: {general: {path: model.gguf}}\n")
    status = 2 if content is None else 1
    told(edgeward("ask", "Write a short poem about rain"), status, "model.gguf", part)
    told(edgeward("config", "validate"), 2, "model.gguf", part)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("redis://127.0.0.1:1/0", ("127.0.0.1:1", "cannot be reached")),
        ("redis://:hunter2@127.0.0.1:1/0", ("127.0.0.1:1",)),
        ("unix:///nowhere/redis.sock", ("/nowhere/redis.sock",)),
    ],
)
def test_a_redis_that_does_not_answer(edgeward: Edgeward, url: str, parts: tuple[str, ...]) -> None:
    for words in (["ask", "x"], ["report"], ["demo"]):
        done = edgeward(*words, env={"REDIS_URL": url})
        told(done, 1, *parts)
        assert "hunter2" not in done.stderr
    assert edgeward("doctor", env={"REDIS_URL": url}).returncode == 1


def test_a_redis_url_that_is_none(edgeward: Edgeward) -> None:
    told(edgeward("ask", "x", env={"REDIS_URL": "localhost"}), 2, "localhost", "redis://")


def test_a_home_that_cannot_be_written(edgeward: Edgeward) -> None:
    told(edgeward("ask", "x", env={"EDGEWARD_HOME": "/proc/edgeward"}), 1, "/proc/edgeward")


def test_a_key_that_is_refused(edgeward: Edgeward, provider: str) -> None:
    done = edgeward(
        "ask",
        "Prove that the square root of 2 is irrational.",
        *("--cloud-url", provider, "--cloud-model", "openai/test-model"),
        env={"OPENAI_API_KEY": "wrong-key"},
    )
    told(done, 1, "OPENAI_API_KEY")
    assert "wrong-key" not in done.stderr


def test_a_cloud_model_that_does_not_exist(edgeward: Edgeward, provider: str) -> None:
    done = edgeward(
        "ask",
        "Prove that the square root of 2 is irrational.",
        *("--cloud-url", provider, "--cloud-model", "openai/no-such-model"),
        env={"OPENAI_API_KEY": "test-key"},
    )
    told(done, 1, "no-such-model")


def test_a_cloud_that_is_not_there(edgeward: Edgeward) -> None:
    done = edgeward(
        "ask",
        "Prove that the square root of 2 is irrational.",
        *("--cloud-url", "http://127.0.0.1:1/v1", "--cloud-model", "m"),
    )
    told(done, 3, "127.0.0.1:1")


def test_request_files_that_are_wrong(edgeward: Edgeward, tmp_path: Path) -> None:
    told(edgeward("demo", "--file", "none.jsonl"), 2, "no such file: none.jsonl")
    (tmp_path / "r.jsonl").write_text(json.dumps({"promt": "x"}) + "\nnope\n")
    told(edgeward("demo", "--file", "r.jsonl"), 2, "r.jsonl:1", "known keys", "r.jsonl:2")


def test_a_point_in_time_that_is_none(edgeward: Edgeward) -> None:
    told(edgeward("report", "--since", "yesterdy"), 2, "'yesterdy'", "7d")


def test_an_existing_configuration_is_not_overwritten(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "edgeward.yaml").write_text("log_level: info\n")
    told(edgeward("config", "init"), 2, "exists", "--force")
    assert (tmp_path / "edgeward.yaml").read_text() == "log_level: info\n"
    assert edgeward("config", "init", "--force").returncode == 0
    assert edgeward("config", "validate").returncode == 0


def test_a_probe_of_what_has_no_card(edgeward: Edgeward, tmp_path: Path) -> None:
    told(edgeward("models", "probe"), 2, "the shipped specialist", "models.general.path")
    told(edgeward("models", "probe", "--role", "poet"), 2, "'poet'", "general, coder or router")
    (tmp_path / "edgeward.yaml").write_text("models:\n  general: {url: 'http://127.0.0.1:9/v1'}\n")
    told(edgeward("models", "probe"), 1, "cannot be reached")
    both = edgeward("models", "probe", "--quick", "--questions", "mine.jsonl")
    told(both, 2, "--quick is about the shipped questions")


def test_a_default_language_that_nobody_knows(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "edgeward.yaml").write_text("policy: {default_language: piton}\n")
    told(edgeward("ask", ROUTINE), 2, "policy.default_language is 'piton'", "typescript")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("report", "--json", "--csv"), ("--json and --csv exclude each other",)),
        (
            ("workflow", "plan", "none.yaml", "--json", "--mermaid"),
            ("--json and --mermaid exclude each other",),
        ),
        (("prove", "--verify", "x", "--since", "7d"), ("--verify and --since exclude",)),
        (("prove", "--verify", "x", "--export", "y"), ("--verify and --export exclude",)),
        (("outbox", "drop", "some", "--all"), ("ids and --all exclude each other",)),
    ],
)
def test_options_of_which_one_would_be_dropped(
    edgeward: Edgeward, words: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    told(edgeward(*words), 2, *parts)


def test_dead_letters_that_are_put_back_are_told_as_json(edgeward: Edgeward) -> None:
    assert json.loads(edgeward("queue", "dlq", "--retry", "--json").stdout) == {"put_back": 0}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("report", "--since", ""), "'' is no point in time"),
        (("prove", "--since", " "), "' ' is no point in time"),
        (("learn", "--since", "", "--dry-run"), "'' is no point in time"),
        (
            ("calibrate", "--cloud-share", "0.2", "--dry-run", "--since", ""),
            "'' is no point in time",
        ),
        (("models", "plan", "--vram", "", "--device", "cpu"), "'' is no amount of memory"),
        (("models", "plan", "--device", ""), "device '' is not in the table"),
        (("models", "plan", "--device", "cpu", "--kv", ""), "cache '' is unknown"),
        (("ask", "x", "--cloud-model", ""), "--cloud-model '': the name of the model is empty"),
        (("submit", "x", "--delay", "nan"), "delay: nan is no delay"),
        (("submit", "x", "--delay", "-1"), "delay: -1 is no delay"),
        (("submit", "x", "--expires", "0"), "expires: 0 is no time to wait"),
        (("submit", "x", "--expires", "inf"), "expires: inf is no time to wait"),
        (("submit", "x", "--key", ""), "the idempotency key is empty"),
    ],
)
def test_an_option_that_is_empty_or_no_figure(
    edgeward: Edgeward, words: tuple[str, ...], part: str
) -> None:
    told(edgeward(*words), 2, part)


def test_one_key_for_several_requests(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "two.jsonl").write_text('{"prompt": "a"}\n{"prompt": "b"}\n')
    told(edgeward("submit", "--file", "two.jsonl", "--key", "k"), 2, "--key names one task")
