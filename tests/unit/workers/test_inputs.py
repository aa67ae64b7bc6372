"""What a person hands over: prompts, request files, schemas, and their mistakes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from router.errors import TaskError
from router.types.task import MAX_PROMPT_CHARS
from workers.commands.demo import shipped_requests
from workers.commands.inputs import make_task, read_prompt, read_requests, read_schema


class Terminal(io.StringIO):
    """A standard input that nobody types into."""

    def isatty(self) -> bool:
        return True


def test_the_prompt_is_joined_from_argument_file_and_pipe(tmp_path: Path) -> None:
    file = tmp_path / "mail.txt"
    file.write_text("from a file")
    assert read_prompt("words", None, Terminal()) == "words"
    assert read_prompt("words", file, io.StringIO("piped")) == "words\n\nfrom a file\n\npiped"
    assert read_prompt(None, None, io.StringIO("piped\n")) == "piped\n"
    assert read_prompt("words", None, io.StringIO("")) == "words"


@pytest.mark.parametrize("words", [None, "", "  \n"])
def test_no_prompt_is_an_error_that_says_how_to_pass_one(words: str | None) -> None:
    with pytest.raises(TaskError, match="--file or by a pipe"):
        read_prompt(words, None, Terminal())


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    binary = tmp_path / "scan.pdf"
    binary.write_bytes(b"%PDF\xff\xfe")
    for path, told in (
        (tmp_path / "none.txt", "no such file"),
        (tmp_path, "is a directory"),
        (binary, "not text in UTF-8"),
    ):
        with pytest.raises(TaskError, match=told) as caught:
            read_prompt("x", path, Terminal())
        assert str(path) in str(caught.value)


def test_a_prompt_over_the_limit_is_refused_with_both_figures_and_not_read_to_its_end() -> None:
    endless = io.StringIO("x" * (5 * 1024 * 1024))
    prompt = read_prompt(None, None, endless)
    assert len(prompt) == MAX_PROMPT_CHARS + 1
    with pytest.raises(TaskError, match=r"1,000,001 characters, the limit is 1,000,000"):
        make_task(prompt=prompt)


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "is not JSON"), ("[1]", "holds list"), ('"a"', "holds str")],
)
def test_a_schema_that_is_none_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "schema.json"
    path.write_text(text)
    with pytest.raises(TaskError, match=told):
        read_schema(path)


def test_every_bad_line_of_a_request_file_is_named_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text(
        '{"prompt": "fine"}\n'
        "not json\n"
        "\n"
        '["a"]\n'
        '{"promt": "x"}\n'
        '{"prompt": ""}\n'
        '{"prompt": "x", "timeout_s": -1}\n'
    )
    with pytest.raises(TaskError) as caught:
        read_requests(path)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "4", "5", "6", "7"]
    assert "known keys: prompt, task_id" in str(caught.value)
    assert "the prompt is empty" in str(caught.value)
    assert "timeout_s" in str(caught.value)


def test_a_file_without_requests_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text("\n\n")
    with pytest.raises(TaskError, match="holds no requests"):
        read_requests(path)


def test_the_shipped_requests_are_about_forty_in_two_languages() -> None:
    tasks = shipped_requests()
    assert 35 <= len(tasks) <= 50
    assert len({task.prompt for task in tasks}) == len(tasks)


def test_text_that_is_not_unicode_is_refused() -> None:
    piped = io.TextIOWrapper(io.BytesIO(b"caf\xff"), encoding="utf-8")
    with pytest.raises(TaskError, match="not text in UTF-8"):
        read_prompt("x", None, piped)
    with pytest.raises(TaskError, match="not valid text at character 3"):
        make_task(prompt="caf\udcff")
