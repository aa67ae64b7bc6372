"""The one reader of YAML: words stay words, and a file made to be expensive is refused cheaply."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.engines.scripted import ScriptedEngine
from graphs.workflow.definition.load import loads
from router.account.pricing import Prices
from router.errors import ConfigError
from router.settings.cloud import CloudSettings
from router.settings.file import render
from router.settings.settings import Settings, load_settings
from router.settings.yaml_nodes import MAX_BYTES, YamlError, dumped, read_yaml

WELL_UNDER_A_SECOND = 0.8
"""CPU seconds, so that a busy machine changes nothing."""

ROOM = MAX_BYTES - 100
BOMBS = {
    "laughing": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{after}: &{after} [{','.join([f'*{before}'] * 10)}]\n"
        for before, after in pairwise("abcdefghijk")
    ),
    "mappings": "a: &a {x: 1}\n"
    + "".join(
        f"{after}: &{after} {{l: *{before}, r: *{before}}}\n"
        for before, after in zip(
            "abcdefghijklmnopqrstuvwxy", "bcdefghijklmnopqrstuvwxyz", strict=True
        )
    ),
    "merged": "a0: &a0 {k: 1}\n"
    + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40)),
    "itself": "a: &a [*a]\n",
    "deep lists": "a: " + "[" * ROOM,
    "deep mappings": "{a: " * (ROOM // 4),
    "deep blocks": "- " * (ROOM // 2),
    "deep keys": "? " * (ROOM // 2),
    "many values": "a: [" + "x," * (ROOM // 2) + "]",
    "many keys": "".join(f"k{i}: 1\n" for i in range(ROOM // 11)),
    "many aliases": "a: &a x\nb:\n" + "- *a\n" * (ROOM // 5),
    "same keys": "{" + "a: 1, " * (ROOM // 6) + "}",
    "tags": "- !t x\n" * (ROOM // 7),
    "large": "a: " + "x" * 3_000_000,
    "open references": 'a: "' + "${a:-" * (ROOM // 5) + '"',
}


def read_configuration(path: Path) -> Any:
    return load_settings(path, {})


def read_script(path: Path) -> Any:
    return ScriptedEngine.from_file(path, model="m")


READERS = [read_configuration, Prices.load, read_script]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("name", BOMBS)
def test_a_file_made_to_be_expensive_is_refused_in_well_under_a_second(
    tmp_path: Path, name: str, read: Callable[[Path], Any]
) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(BOMBS[name])
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert time.process_time() - began < WELL_UNDER_A_SECOND
    assert len(str(caught.value)) < 60_000
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["laughing", "mappings", "merged"])
def test_a_workflow_that_multiplies_is_refused_as_well(name: str) -> None:
    with pytest.raises(ConfigError, match="with its anchors the file has over 50,000 values"):
        loads(BOMBS[name])


def test_thousands_of_unknown_keys_are_told_fast_and_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text("".join(f"key{number}: 1\n" for number in range(4000)))
    began = time.process_time()
    with pytest.raises(ConfigError, match="and 3950 more"):
        load_settings(path, {})
    assert time.process_time() - began < 2 * WELL_UNDER_A_SECOND


@pytest.mark.parametrize(
    "word",
    [
        "off",
        "on",
        "yes",
        "no",
        "y",
        "n",
        "Off",
        "NO",
        "1.10",
        "1.0",
        "007",
        "12",
        "1e5",
        "1:30",
        "190:20:30",
        "2026-01-31",
        "0o17",
        "0x1F",
        "1_000",
        "+1",
        ".5",
        "-0",
        "=",
        ".inf",
        "0b11",
    ],
)
def test_a_text_is_what_stands_there(tmp_path: Path, word: str) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text(
        f"cloud:\n  model: {word}\n  api_key: {word}\n  fallbacks: [{word}]\n"
        f"policy: {{default_language: {word}}}\nbudget: {{tags_usd: {{{word}: 1}}}}\n"
        f"checks: [{{name: c, command: [{word}, {word}]}}]\nprices: {word}\n"
    )
    settings = load_settings(path, {})[0]
    assert settings.cloud.model == settings.cloud.api_key == word
    assert settings.cloud.fallbacks == (word,)
    assert settings.policy.default_language == word
    assert settings.budget.tags_usd == {word: 1.0}
    assert settings.checks[0].command == (word, word)
    assert str(settings.prices) == word


def test_the_cloud_is_switched_off_as_our_own_comment_says(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text("cloud: {model: off}\n")
    assert load_settings(path, {})[0].cloud.model == "off"


@pytest.mark.parametrize(
    ("word", "value"),
    [("on", True), ("yes", True), ("true", True), ("off", False), ("no", False), ("FALSE", False)],
)
def test_a_switch_may_be_written_with_any_of_its_words(
    tmp_path: Path, word: str, value: bool
) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text(f"offline: {word}\nprivacy: {{detect: {word}}}\n")
    settings = load_settings(path, {})[0]
    assert (settings.offline, settings.privacy.detect) == (value, value)


@pytest.mark.parametrize("word", ["true", "[a]", "{a: b}"])
def test_what_is_no_text_is_told_where_one_is_wanted(tmp_path: Path, word: str) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text(f"cloud: {{model: {word}}}\n")
    with pytest.raises(ConfigError, match=r"cloud\.model: input should be a valid string"):
        load_settings(path, {})


def test_a_reply_and_a_price_are_what_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(
        "prices: [{model: 4.10, input_per_mtok_usd: 1, output_per_mtok_usd: 2, source: no, "
        "as_of: 2026-01-31}]\n"
    )
    price = Prices.load(path).find("4.10")
    assert price is not None
    assert (price.source, str(price.as_of)) == ("no", "2026-01-31")


@given(st.text(max_size=30), st.sampled_from(["1e5", "1.10", "no", "12", "=", "<<", "~", ""]))
def test_a_text_that_is_written_out_is_read_back(text: str, other: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    data = {"a": text, "b": [other, text], "c": {other + "k": 1.5}}
    assert read_yaml(dumped(data), "t").data == data


@pytest.mark.parametrize("word", ["off", "1e5", "1.10", "no", "${X}", "a: b", "12"])
def test_settings_that_are_rendered_are_read_back(tmp_path: Path, word: str) -> None:
    path = tmp_path / "edgeward.yaml"
    settings = Settings(
        cloud=CloudSettings(model=word, fallbacks=(word,)),
    )
    path.write_text(render(settings))
    filled = load_settings(path, {"X": "${X}"})[0]
    assert filled == settings


def test_every_mistake_has_its_place() -> None:
    with pytest.raises(YamlError) as caught:
        read_yaml("a: !x 1\nb: !y 2\n", "f")
    assert [(one.line, one.column) for one in caught.value.faults] == [(1, 4), (2, 4)]
