"""Files of outcomes: what is read of them, and what is said where they are wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from router.errors import ConfigError
from router.evaluate.kinds import read_labelled
from router.evaluate.pairs import read_pairs, side_of

GOOD = {"prompt": "What is the capital of Chad?", "local_score": 0, "cloud_score": 1}


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


def many(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{**GOOD, "prompt": f"question {number}", **more} for number in range(count)]


def test_both_names_of_the_columns_are_read_from_both_formats(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"q{n}", "weak_score": 0.25, "strong_score": 1.0, "weak_model": "small", "x": 1}
        for n in range(20)
    ]
    table = tmp_path / "pairs.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), table)
    from_parquet = read_pairs(table)
    from_lines = read_pairs(lines(tmp_path / "pairs.jsonl", *rows))
    assert from_parquet == from_lines
    first = from_parquet[0]
    assert (first.local, first.cloud, first.local_model) == (0.25, 1.0, "small")


def test_without_a_split_a_question_is_always_on_the_same_side(tmp_path: Path) -> None:
    rows = read_pairs(lines(tmp_path / "a.jsonl", *many(200)))
    sides = [row.split for row in rows]
    assert sides == [side_of(row.question) for row in rows]
    assert 70 < sides.count("dev") < 130
    assert len({row.question for row in rows}) == 200


def test_a_split_of_the_file_is_kept(tmp_path: Path) -> None:
    rows = [*many(3, split="train"), *many(2, split="check")]
    assert [row.split for row in read_pairs(lines(tmp_path / "a.jsonl", *rows))] == [
        *["dev"] * 3,
        *["check"] * 2,
    ]


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("none.jsonl", None, ["no such file"]),
        ("a.csv", "prompt,local_score", [".csv", ".parquet and .jsonl"]),
        ("a.jsonl", "", ["holds no rows", "local_score or weak_score"]),
        ("a.jsonl", "{", ["line 1", "not JSON"]),
        ("a.jsonl", "[1]", ["line 1", "expected an object, found list"]),
        ("a.jsonl", '{"prompt": "x"}', ["line 1", "no `local_score` or `weak_score`"]),
        (
            "a.jsonl",
            json.dumps({**GOOD, "local_score": 7}),
            ["line 1", "local_score", "less than or equal to 1", "found 7"],
        ),
        ("a.jsonl", json.dumps({**GOOD, "local_score": "good"}), ["line 1", "valid number"]),
        ("a.jsonl", json.dumps({**GOOD, "prompt": ""}), ["line 1", "prompt"]),
        ("a.jsonl", json.dumps({**GOOD, "split": "left"}), ["line 1", "split", "'dev' or 'check'"]),
        ("a.jsonl", json.dumps({**GOOD, "split": "dev"}), ["no rows on the check side"]),
        ("a.parquet", "not parquet", ["cannot be read as Parquet"]),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(
    tmp_path: Path, name: str, text: str | None, parts: list[str]
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_pairs(path)
    for part in (str(path), *parts):
        assert part in str(raised.value)


def test_many_bad_rows_are_named_up_to_a_limit(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", *({**GOOD, "cloud_score": 3} for _ in range(14)))
    with pytest.raises(ConfigError) as raised:
        read_pairs(path)
    said = str(raised.value).splitlines()
    assert len(said) == 11
    assert said[-1] == "... and 4 more"


def test_some_rows_without_a_split_are_an_error(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {**GOOD, "split": "dev"}, GOOD)
    with pytest.raises(ConfigError, match="`split` is empty in 1 of 2 rows"):
        read_pairs(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        read_pairs(tmp_path)


def test_a_parquet_without_a_column_says_which_it_has(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"prompt": ["x"], "weak_score": [1.0]}), path)
    with pytest.raises(
        ConfigError, match="no column `cloud_score` or `strong_score`: it has prompt"
    ):
        read_pairs(path)


def test_without_pyarrow_the_cure_is_named_and_lines_still_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"prompt": ["x"]}), path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'edgeward\[eval\]'"):
        read_pairs(path)
    assert len(read_pairs(lines(tmp_path / "a.jsonl", *many(50)))) == 50


def test_labels_are_read_under_both_names_and_unknown_ones_are_named(tmp_path: Path) -> None:
    rows = [{"prompt": "x", "label": "general"}, {"prompt": "y", "kind": "code"}]
    read, part = read_labelled(lines(tmp_path / "a.jsonl", *rows))
    assert [row.label for row in read] == ["general", "code"]
    assert part == "all rows"
    with pytest.raises(ConfigError, match="line 1: kind: input should be 'code', 'math'"):
        read_labelled(lines(tmp_path / "b.jsonl", {"prompt": "x", "kind": "poetry"}))


def test_of_a_file_with_a_split_the_check_rows_count(tmp_path: Path) -> None:
    rows = [{"prompt": n, "kind": "code", "split": n} for n in ("dev", "check")]
    read, part = read_labelled(lines(tmp_path / "a.jsonl", *rows))
    assert [row.prompt for row in read] == ["check"]
    assert part == "check rows"
