"""`edgeward models`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hub_server import Hub, running
from shapes import SHAPES
from tiny_safetensors import write_model
from typer.testing import CliRunner

from agents.models.planner import PlanRefused
from router.errors import ConfigError, TaskError
from workers.commands.cli import app
from workers.models.plan import parse_size
from workers.models.quantize import fitting


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["models", *arguments], env={"COLUMNS": "80"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def configured(tmp_path: Path) -> str:
    """A configuration with a model of published figures, and one that only its name tells of."""
    path = tmp_path / "own.yaml"
    path.write_text(
        f"""
models:
  general: {{url: "http://127.0.0.1:11434/v1", model: "qwen2.5:7b"}}
  coder: {{url: "http://127.0.0.1:11434/v1", model: "our-coder-0.5b"}}
  router: {{url: "http://127.0.0.1:11434/v1", model: "ours"}}
store: {{home: "{tmp_path}"}}
cloud: {{model: "off"}}
"""
    )
    return str(path)


def test_how_each_model_is_known_is_listed(configured: str) -> None:
    rows = json.loads(run("ls", "--json", "--config", configured))
    assert {row["role"]: (row["card"], row["billions"]) for row in rows} == {
        "general": ("published", 7.0),
        "coder": ("estimated", 0.5),
        "router": (None, None),
    }
    shown = run("ls", "--config", configured)
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert "nothing: edgeward models probe" in shown


def test_a_card_says_how_it_is_known_and_where_figures_were_read(configured: str) -> None:
    figures = " ".join(run("card", "--config", configured).split())
    assert "known by published" in figures
    assert "gsm8k 91.6" in figures
    assert "arXiv 2412.15115" in figures
    estimate = run("card", "--config", configured, "--role", "coder")
    assert "known by    estimated" in estimate
    assert "figures" not in estimate
    card = json.loads(run("card", "--config", configured, "--role", "coder", "--json"))
    assert (card["source"], card["billions"]) == ("estimated", 0.5)
    with pytest.raises(TaskError, match=r"neither its name nor its file.*edgeward models probe"):
        run("card", "--config", configured, "--role", "router")


def test_a_plan_for_a_card_fits_a_narrow_terminal_and_adds_up() -> None:
    shown = run("plan", "--device", "turing")
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert "RTX 2060" in shown
    assert "of 5.20" in shown
    (plan,) = json.loads(run("plan", "--device", "turing", "--json"))
    parts = ("weights", "head", "kv", "scratch", "activations")
    for role in plan["roles"]:
        assert role["total_bytes"] == sum(role[f"{part}_bytes"] for part in parts)
        assert role["tokens_per_s"] < role["tokens_per_s_roofline"]
    assert plan["total_bytes"] <= plan["budget_bytes"]


def test_every_class_of_hardware_gets_a_plan() -> None:
    plans = json.loads(run("plan", "--classes", "--json"))
    assert [plan["device"] for plan in plans] == [
        "no GPU, 8 GB of memory",
        "4 GB card",
        "6 GB card",
        "8 GB card",
        "12 GB card",
        "24 GB card",
    ]


def test_without_a_card_it_plans_for_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no GPU (no NVIDIA driver found)" in run("plan", "--roles", "general")


def test_models_at_hand_are_planned_with_as_they_are(tmp_path: Path) -> None:
    write_model(tmp_path / "small-4.0bpw", exl2_bits=4.0)
    write_model(tmp_path / "unquantised")
    (tmp_path / "notes").mkdir()
    (plan,) = json.loads(run("plan", "--vram", "6GB", "--models", str(tmp_path), "--json"))
    assert {role["model"] for role in plan["roles"]} == {"small-4.0bpw"}
    assert {role["bits_per_weight"] for role in plan["roles"]} == {4.0}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--vram", "six"], "'six' is no amount of memory"),
        (["--vram", "0GB"], "'0GB' is no amount of memory"),
        (["--device", "voodoo"], "'voodoo' is not in the table"),
        (["--vram", "6GB", "--roles", "poet"], "role 'poet' is unknown: known are router"),
        (["--vram", "6GB", "--roles", ","], "no role is named"),
        (["--vram", "6GB", "--kv", "q5"], "cache 'q5' is unknown: known are fp16"),
        (["--vram", "6GB", "--context", "7"], "a window of 7 tokens"),
        (["--vram", "6GB", "--models", "/nowhere"], "no such directory"),
        (["--vram", "1GB"], "nothing fits into"),
        (["--device", "cpu", "--models", "."], "leave out --models"),
        (["--classes", "--vram", "6GB"], "leave out --vram"),
    ],
)
def test_a_mistake_is_answered_in_words(arguments: list[str], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        run("plan", *arguments)


def test_a_refusal_comes_with_the_nearest_plan() -> None:
    done = CliRunner().invoke(app, ["models", "plan", "--vram", "1.8GB"], env={"COLUMNS": "80"})
    assert isinstance(done.exception, PlanRefused)
    assert "the nearest plan that fits" in done.output
    nearest = done.exception.nearest
    assert nearest is not None
    assert f"{nearest.seats[0].kv} cache" in done.output


def test_a_long_name_never_pushes_the_figures_off_the_screen(tmp_path: Path) -> None:
    write_model(tmp_path / "Qwen2.5-Coder-1.5B-Instruct-exl2-4.25bpw-of-somebody", exl2_bits=4.25)
    shown = run("plan", "--vram", "6GB", "--models", str(tmp_path))
    assert "…" not in shown
    for word in ("window", "tokens/s", "stays", "router", "2,048"):
        assert word in shown


def test_a_directory_without_exl2_models_says_what_is_there(tmp_path: Path) -> None:
    write_model(tmp_path / "unquantised")
    with pytest.raises(ConfigError, match=r"no EXL2 model .*unquantised is safetensors"):
        run("plan", "--vram", "6GB", "--models", str(tmp_path))


def test_inspect_shows_what_a_model_is(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny-instruct-4.5bpw", exl2_bits=4.5)
    shown = run("inspect", str(folder))
    assert "exl2: 4.5 bpw" in shown
    assert "its name says" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert json.loads(run("inspect", str(folder), "--json"))["engine"] == "exllamav2"


def test_amounts_of_memory_are_read_as_people_write_them() -> None:
    assert parse_size("6GB") == parse_size("6 GiB") == parse_size("6") == 6 * 2**30
    assert parse_size("5800mb") == 5800 * 2**20


def test_pull_brings_a_model_and_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Hub({"config.json": b"{}", "model.safetensors": bytes(5000)})) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        shown = run("pull", "owner/tiny", "--to", str(tmp_path / "m"), "--vram", "6GB")
    assert str(tmp_path / "m") in shown.replace("\n", "")
    assert (tmp_path / "m" / "model.safetensors").stat().st_size == 5000


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "either how many bits, as --bpw 4.5, or for which card"),
        (["--bpw", "4", "--fit", "6GB"], "either how many bits"),
        (["--bpw", "9"], "9 bits a weight: EXL2 has from 2 to 8"),
        (["--bpw", "4", "--head-bits", "7"], "head bits 7: known are 2, 3, 4, 5, 6, 8"),
        (["--fit", "6GB", "--role", "poet"], "role 'poet' is unknown"),
        (["--fit", "6GB", "--role", "coder,general"], "are chosen for one role"),
        (["--fit", "0.9GB"], "nothing fits|do not fit"),
        (["--bpw", "4", "--calibration", "/nowhere"], "no such file of calibration texts"),
        (["--bpw", "4"], "quantising needs ExLlamaV2 on an NVIDIA card: "),
        (["--fit", "6GB"], "quantising needs ExLlamaV2 on an NVIDIA card: "),
    ],
)
def test_quantize_answers_a_mistake_in_words(
    tmp_path: Path, arguments: list[str], reason: str
) -> None:
    folder = write_model(tmp_path / "m")
    with pytest.raises(ConfigError, match=reason):
        run("quantize", str(folder), *arguments)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m"]


def test_the_most_bits_that_fit_are_fewer_beside_others_than_alone() -> None:
    shape = SHAPES["Qwen3-4B"]
    settings = {"role": "general", "context": 4096, "kv": "fp16"}
    beside = fitting(shape, "6GB", alone=False, **settings)  # type: ignore[arg-type]
    alone = fitting(shape, "6GB", alone=True, **settings)  # type: ignore[arg-type]
    assert 3.5 < beside < alone
    assert fitting(shape, "4GB", alone=True, **settings) < alone  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="even 2 bits a weight do not fit"):
        fitting(shape, "2GB", alone=True, **settings)  # type: ignore[arg-type]


def test_more_bits_for_the_head_leave_fewer_for_the_layers() -> None:
    shape = SHAPES["Qwen3-4B"]
    settings = {"role": "general", "alone": True, "context": 4096, "kv": "fp16"}
    bits = [fitting(shape, "4GB", head_bits=head, **settings) for head in (2, 8)]  # type: ignore[arg-type]
    assert bits[0] > bits[1]


def test_inspect_shows_what_files_say_as_it_is(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny", license="[/bold]mine", model_type="[red]odd")
    shown = run("inspect", str(folder))
    assert "[/bold]mine" in shown
    assert "[red]odd" in shown
