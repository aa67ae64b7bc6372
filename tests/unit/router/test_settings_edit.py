"""Editing a configuration: the keys change, the rest of the text does not."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from router.errors import ConfigError
from router.settings.edit import edited, replace_file
from router.settings.file import render
from router.settings.settings import Settings

VALUES = {"max_gain": 0.25, "max_gain_by_kind": {"math": 0.3, "code": -0.1}}

TEXTS = {
    "empty": "",
    "no section": "cloud:\n  model: off  # mine\n",
    "no line at the end": "cloud: {model: off}",
    "plain": "policy:\n  max_gain: 0.1  # mine\n  local_share: 0.5\ncloud:\n  model: off\n",
    "deeper": "policy:\n    local_share: 0.5\n",
    "all commented out": "policy:\n  # max_gain: 0.1\n  # local_share: 0.5\ncloud: {model: off}\n",
    "head alone": "policy:",
    "flow": "policy: {local_share: 0.5}\ncloud: {model: off}\n",
    "empty flow": "policy: {}\n",
    "block by kind": (
        "policy:\n  max_gain_by_kind:\n    math: 0.9\n    tool: 0.1\n  local_share: 0.5\n"
    ),
    "empty by kind": "policy:\n  max_gain_by_kind:\n  local_share: 0.5\n",
    "rendered": render(Settings()),
    "variables": "cloud:\n  api_key: ${MY_KEY}\npolicy:\n  max_gain: ${GAIN:-0.1}\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_keys_are_set_and_all_others_are_as_before(name: str) -> None:
    before = yaml.safe_load(TEXTS[name]) or {}
    after = yaml.safe_load(edited(TEXTS[name], "policy", VALUES))
    assert after["policy"] == {**(before.get("policy") or {}), **VALUES}
    assert {key: after[key] for key in after if key != "policy"} == {
        key: before[key] for key in before if key != "policy"
    }


@pytest.mark.parametrize("name", ["plain", "rendered", "variables", "all commented out"])
def test_comments_and_other_lines_stay_as_they_were(name: str) -> None:
    before = TEXTS[name].splitlines()
    after = edited(TEXTS[name], "policy", VALUES).splitlines()
    changed = {line for line in before if line not in after}
    assert all("max_gain" in line for line in changed), changed
    assert len(after) - len(before) <= 2


def test_a_key_that_stands_commented_out_is_set_in_its_place() -> None:
    lines = edited(render(Settings()), "policy", VALUES).splitlines()
    at = lines.index("  max_gain_by_kind: {math: 0.3, code: -0.1}")
    assert lines[at - 1].startswith("  # the same for one kind")


def test_setting_the_same_twice_changes_nothing() -> None:
    once = edited(TEXTS["rendered"], "policy", VALUES)
    assert edited(once, "policy", VALUES) == once


def test_the_old_file_is_kept_beside_the_new_one_with_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text("old")
    path.chmod(0o600)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    backup = replace_file(link, "new")
    assert backup == tmp_path / "edgeward.yaml.bak"
    assert (path.read_text(), backup.read_text()) == ("new", "old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert link.is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "edgeward.yaml",
        "edgeward.yaml.bak",
        "link.yaml",
    ]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        replace_file(tmp_path / "none" / "edgeward.yaml", "x")
