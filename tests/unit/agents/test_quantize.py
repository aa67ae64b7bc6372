"""The converter as a process: what is looked at before, how it is watched, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_safetensors import write_model

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
target.mkdir()
(target / "config.json").write_text("{}")
print(" -- Finished")
"""
"""What the converter prints for a model of two layers, shortened."""


def prepared(tmp_path: Path) -> Conversion:
    return prepare(write_model(tmp_path / "m"), bpw=4.5)


def script(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def test_the_converter_gets_what_was_asked_for(tmp_path: Path) -> None:
    conversion = prepared(tmp_path)
    command = conversion_command(conversion)
    assert command[:3] == [sys.executable, "-m", "agents.engines.exl2_convert"]
    options = dict(zip(command[3::2], command[4::2], strict=True))
    assert options["-i"] == str(tmp_path / "m")
    assert options["-cf"] == str(tmp_path / "m-4.5bpw-exl2")
    assert (options["-b"], options["-hb"]) == ("4.5", "6")
    assert "-c" not in options


def test_progress_only_grows_and_the_work_is_cleared_away(tmp_path: Path) -> None:
    conversion = prepared(tmp_path)
    seen: list[Progress] = []
    convert(conversion, seen.append, command=script(PRINTS, conversion.target))
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

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        convert(prepared(tmp_path), interrupt, command=script(code))
    assert time.monotonic() - began < 20
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
        ({"hidden_size": 80}, "hidden_size is 80, EXL2 needs a multiple of 32"),
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
