"""The configuration: what is accepted, and what a person is told about a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.errors import ConfigError
from router.settings.file import render
from router.settings.settings import Settings, load_settings
from router.settings.shipped import config_path

MISTAKES = [
    (
        "modles:\n  general: {builtin: nano}\n",
        ":1: modles: unknown key `modles` (did you mean `models`?)",
    ),
    (
        "models:\n  general:\n    path: a.gguf\n    ctx: 3\n",
        ":4: models.general.ctx: unknown key `ctx`",
    ),
    (
        "models:\n  general:\n    path: a.gguf\n    url: http://x/v1\n",
        ":2: models.general: give exactly one of `builtin`, `path`, `url`, `script` "
        "(found `path` and `url`)",
    ),
    ("models:\n  general: {threads: 2}\n", "(found none)"),
    (
        "policy:\n  max_gain: 3\n",
        ":2: policy.max_gain: input should be less than or equal to 1, found 3",
    ),
    ("policy: {gain: {cooking: 1}}\n", "'code', 'math', 'extraction'"),
    ("cloud:\n  model: x\n  model: y\n", ":3: `model` is given twice, first in line 2"),
    ("cloud:\n  api_key: ${NOT_SET}\n", ":2: the environment variable NOT_SET is not set"),
    ("store: [\n", ":2:1: not valid YAML"),
    ("- a\n- b\n", ":1: expected keys and values, found list"),
    ("log_level: loud\n", ":1: log_level: input should be 'debug', 'info', 'warning' or 'error'"),
    ("store:\n  namespace: 'a b'\n", ":2: store.namespace: string should match pattern"),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_is_told_with_file_line_path_and_choices(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {})
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_every_mistake_in_a_file_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text("modles: 1\nlog_level: loud\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {})
    assert len(str(caught.value).splitlines()) == 2


def test_a_named_file_that_is_missing_is_an_error_and_a_missing_default_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="does not exist"):
        load_settings(tmp_path / "none.yaml", {})
    with pytest.raises(ConfigError, match="is a directory"):
        load_settings(tmp_path, {})
    with pytest.raises(ConfigError, match="does not exist"):
        load_settings(None, {"EDGEWARD_CONFIG": str(tmp_path / "none.yaml")})
    assert load_settings(None, {}) == (Settings(), None)


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_settings(path, {})


@pytest.mark.parametrize("written", ["${KEY}", "os.environ/KEY", "${KEY:-other}"])
def test_the_environment_fills_a_reference(tmp_path: Path, written: str) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text(f"cloud: {{model: openai/x, api_key: '{written}'}}\n")
    settings, _ = load_settings(path, {"KEY": "secret"})
    assert settings.cloud.api_key == "secret"


def test_a_reference_may_carry_its_default(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text("store: {url: '${NOWHERE:-redis://localhost:7/1}'}\n")
    assert load_settings(path, {})[0].store.url == "redis://localhost:7/1"


def test_redis_url_and_home_come_from_the_environment_and_the_file_wins_the_url(
    tmp_path: Path,
) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text("store: {url: 'redis://file'}\n")
    env = {"REDIS_URL": "redis://env", "EDGEWARD_HOME": str(tmp_path)}
    settings, _ = load_settings(path, env)
    assert (settings.store.url, settings.store.home) == ("redis://file", tmp_path)
    path.write_text("")
    assert load_settings(path, env)[0].store.url == "redis://env"


def test_what_init_writes_is_valid_and_equals_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text(render(Settings()))
    assert load_settings(path, {})[0] == Settings()


def test_the_shipped_file_is_what_init_writes() -> None:
    assert config_path("edgeward.yaml").read_text() == render(Settings())


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text(
        "cloud: {model: openai/x, api_key: hunter2}\n"
        "store: {url: 'rediss://me:hunter2@host:6380/0'}\n"
        "models: {general: {url: 'http://a/v1', api_key: hunter2}}\n"
    )
    shown = render(load_settings(path, {})[0].redacted(), comments=False)
    assert "hunter2" not in shown
    assert "rediss://me:***@host:6380/0" in shown


def test_thinking_is_switched_per_role_also_where_yaml_reads_a_boolean(tmp_path: Path) -> None:
    path = tmp_path / "edgeward.yaml"
    path.write_text(
        "models:\n  general: {builtin: nano, thinking: on}\n"
        "  coder: {builtin: nano, thinking: off}\ncloud: {thinking: auto}\n"
    )
    settings, _ = load_settings(path, env={})
    modes = (settings.models.general.thinking, settings.models.coder.thinking)
    assert (*modes, settings.cloud.thinking) == ("on", "off", "auto")
