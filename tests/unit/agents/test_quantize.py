"""The converter as a process: what is looked at before, how it is watched, and how it ends."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from shapes import SHAPES
from tiny_safetensors import write_model
from waiting import bounded

from agents.models import quantize
from agents.models.quantize import (
    Conversion,
    Progress,
    QuantizeFailed,
    conversion_command,
    convert,
    prepare,
)
from router.errors import ConfigError

PRINTS = """
import sys, pathlib
print(" -- Beginning new job")
print(" -- Measuring quantization impact...", flush=True)
for layer in range(2):
    for kind in ("Attention", "MLP"):
        print(f" -- Layer: model.layers.{layer} ({kind})")
        print(" -- 4.1300 bpw  accuracy: 0.98")
print(" -- Optimizing...")
print(" -- Quantizing...")
for layer in range(2):
    for kind in ("Attention", "MLP"):
        print(f" -- Layer: model.layers.{layer} ({kind})")
print(" -- Compiling output file...")
target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True)
(target / "config.json").write_text("{}")
print(" -- Finished")
"""
"""What the converter prints for a model of two layers, shortened."""

FINISHES = "print(' !! Job is already finished.')"
"""A converter that was killed after its last file and asked again."""


def prepared(tmp_path: Path) -> Conversion:
    return prepare(write_model(tmp_path / "m"), bpw=4.5)


def script(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def test_the_converter_gets_what_was_asked_for(tmp_path: Path) -> None:
    conversion = prepared(tmp_path)
    command = conversion_command(conversion)
    assert command[:5] == [sys.executable, "-P", "-u", "-m", "agents.engines.exl2_convert"]
    options = dict(zip(command[5::2], command[6::2], strict=True))
    assert options["-i"] == str(tmp_path / "m")
    assert options["-cf"] == str(conversion.work / "model")
    assert (options["-b"], options["-hb"]) == ("4.5", "6")
    assert "-c" not in options


def test_progress_only_grows_and_the_work_is_cleared_away(tmp_path: Path) -> None:
    conversion = prepared(tmp_path)
    seen: list[Progress] = []
    convert(conversion, seen.append, command=script(PRINTS, conversion.made))
    shares = [progress.share for progress in seen]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    steps = list(dict.fromkeys(progress.step for progress in seen))
    assert steps == ["measuring", "choosing bits", "quantising", "writing", "done"]
    assert (conversion.target / "config.json").is_file()
    assert not conversion.work.exists()


def test_a_converter_that_fails_is_quoted_and_keeps_its_state(tmp_path: Path) -> None:
    conversion = prepared(tmp_path)
    code = "print(' ## Measurement/inference error (2)'); raise SystemExit(1)"
    with pytest.raises(QuantizeFailed, match=r"status 1.*\n.*inference error \(2\)") as caught:
        convert(conversion, lambda progress: None, command=script(code))
    assert caught.value.retryable
    assert conversion.work.is_dir()


def test_one_that_ends_well_without_a_model_has_failed(tmp_path: Path) -> None:
    with pytest.raises(QuantizeFailed, match="it said nothing"):
        convert(prepared(tmp_path), lambda progress: None, command=script("pass"))


def test_an_interrupt_ends_the_converter_and_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "child"
    code = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(marker)!r}, "w").write(str(child.pid))
print(" -- Measuring quantization impact...", flush=True)
time.sleep(60)
"""

    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    with bounded("a conversion that is interrupted"), pytest.raises(KeyboardInterrupt):
        convert(prepared(tmp_path), interrupt, command=script(code))
    states = subprocess.run(
        ["ps", "-o", "stat=", "-p", marker.read_text()], capture_output=True, text=True
    )
    assert states.stdout.strip()[:1] in ("", "Z"), "the child is gone with it"


def test_the_real_launcher_says_why_it_cannot_convert_here(tmp_path: Path) -> None:
    with pytest.raises(QuantizeFailed, match="ExLlamaV2 cannot convert here"):
        convert(prepared(tmp_path), lambda progress: None)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"quantization_config": {"quant_method": "awq"}}, r"quantised already \(awq\)"),
        ({"architectures": ["A", "B"]}, "must name exactly one"),
        ({"quantization_config": "bitsandbytes"}, r"quantised already \(method unknown\)"),
        ({"hidden_size": 80}, "hidden_size is 80, EXL2 needs a multiple of 32"),
        ({"num_key_value_heads": 1}, "num_key_value_heads x head_dim is 16"),
        ({"intermediate_size": None}, "`intermediate_size` must be a positive number"),
    ],
)
def test_what_cannot_be_converted_is_refused_before(
    tmp_path: Path, config: dict[str, object], reason: str
) -> None:
    folder = write_model(tmp_path / "m")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    with pytest.raises(ConfigError, match=reason):
        prepare(folder, bpw=4.0)


def test_a_target_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("")
    with pytest.raises(ConfigError, match="is not empty: name another place"):
        prepare(folder, bpw=4.0, target=tmp_path / "out")


def test_a_tokenizer_is_needed(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ConfigError, match=r"tokenizer\.json is missing"):
        prepare(folder, bpw=4.0)


def unfinished(conversion: Conversion, **changes: object) -> None:
    """The converter's state, with the keys that it writes."""
    conversion.work.mkdir()
    job = {
        "in_dir": str(conversion.source),
        "bits": conversion.bpw,
        "head_bits": conversion.head_bits,
        "cal_dataset": None,
        "compile_full": str(conversion.made),
        "progress": "quant",
    }
    (conversion.work / "job_new.json").write_text(json.dumps(job | changes))


def test_an_interrupted_conversion_goes_on(tmp_path: Path) -> None:
    unfinished(prepared(tmp_path))
    again = prepare(tmp_path / "m", bpw=4.5)
    assert not again.afresh
    assert "-nr" not in conversion_command(again)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"bpw": 5.0}, r"unfinished conversion with bits 4\.5, now it is 5\.0"),
        ({"bpw": 4.5, "head_bits": 8}, "unfinished conversion with head_bits 6, now it is 8"),
    ],
)
def test_it_does_not_go_on_with_other_settings(
    tmp_path: Path, settings: dict[str, float], reason: str
) -> None:
    folder = write_model(tmp_path / "m")
    unfinished(prepare(folder, bpw=4.5, target=tmp_path / "out"))
    with pytest.raises(ConfigError, match=reason):
        prepare(folder, target=tmp_path / "out", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ['{"bits": 4.5, "inv', '{"invalid": true}', "[]"])
def test_a_state_that_was_cut_short_is_begun_afresh(tmp_path: Path, state: str) -> None:
    conversion = prepared(tmp_path)
    conversion.work.mkdir()
    (conversion.work / "job_new.json").write_text(state)
    assert "-nr" in conversion_command(prepare(tmp_path / "m", bpw=4.5))


def test_one_that_ended_while_it_wrote_the_model_can_go_on(tmp_path: Path) -> None:
    conversion = prepared(tmp_path)
    code = """
import os, pathlib, sys
model = pathlib.Path(sys.argv[1])
model.mkdir(parents=True)
(model / "output_temp_1.safetensors").write_text("half")
(model / "config.json").write_text("{}")
os._exit(1)
"""
    with pytest.raises(QuantizeFailed, match="the same command goes on"):
        convert(conversion, lambda progress: None, command=script(code, conversion.made))
    assert not conversion.target.exists(), "what is there is whole"
    again = prepare(tmp_path / "m", bpw=4.5)
    convert(again, lambda progress: None, command=script(FINISHES, again.made))
    assert (conversion.target / "config.json").is_file()


def test_what_it_says_before_it_ends_itself_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    conversion = prepared(tmp_path)
    program = tmp_path / "converter.py"
    # Without a flush, as the converter does.
    program.write_text("import os\nprint(' ## Quantization error (2)')\nos._exit(1)\n")
    command = conversion_command(conversion)
    interpreter = command[: command.index("-m")]
    with pytest.raises(QuantizeFailed, match=r"Quantization error \(2\)"):
        convert(conversion, lambda progress: None, command=[*interpreter, str(program)])


def test_a_directory_called_agents_beside_the_user_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("raise SystemExit('a stranger was imported')")
    conversion = prepared(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QuantizeFailed, match="ExLlamaV2 cannot convert here"):
        convert(conversion, lambda progress: None)


def test_progress_of_a_conversion_that_goes_on_begins_where_it_was(tmp_path: Path) -> None:
    reader = quantize._Reader(layers=10)
    assert reader.read(" -- Quantizing...\n") == Progress(0.77, "quantising")
    # Mixtures of experts have MLPs of another name.
    seen = reader.read(" -- Layer: model.layers.7 (MoE MLP)\n")
    assert seen is not None
    assert seen.share == pytest.approx(0.77 + 0.2 * 0.75)
    assert reader.read(" -- Layer: model.norm (RMSNorm)\n") is None


def test_samples_are_no_longer_than_the_models_window(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", max_position_embeddings=512)
    command = conversion_command(prepare(folder, bpw=4.0))
    assert command[command.index("-l") + 1] == command[command.index("-ml") + 1] == "512"


def test_where_the_user_stands_does_not_matter_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "m")
    monkeypatch.chdir(tmp_path / "m")
    conversion = prepare(Path("."), bpw=4.0)
    assert conversion.source == tmp_path / "m"
    assert conversion.target == tmp_path / "m-4bpw-exl2"


def test_calibration_texts_must_be_parquet(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    (tmp_path / "texts").write_bytes(b"plain text")
    with pytest.raises(ConfigError, match="must be in a parquet file"):
        prepare(folder, bpw=4.0, calibration=tmp_path / "texts")
    (tmp_path / "texts").write_bytes(b"PAR1")
    command = conversion_command(prepare(folder, bpw=4.0, calibration=tmp_path / "texts"))
    assert command[command.index("-c") + 1] == str(tmp_path / "texts")


def test_the_disk_must_hold_work_model_and_calibration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "m")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(quantize.shutil, "disk_usage", lambda place: usage._replace(free=2**20))
    with pytest.raises(ConfigError, match=r"needs about 0\.5 GiB .* 0\.0 are free"):
        prepare(folder, bpw=4.0)
    big = SHAPES["Qwen2.5-3B"]
    # Weights 1.46, head 0.24, embedding 0.58, states 0.45 GiB.
    assert quantize.disk_bytes(big, 4.5, 6) / 2**30 == pytest.approx(5.3, abs=0.3)
