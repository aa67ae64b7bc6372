"""Makes an EXL2 model of an unquantised one: ExLlamaV2's converter in a process, watched.

The converter keeps its state in a working directory: the same command goes on after an
interruption. The model is made in there too, and moved to its place whole; the rest is removed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agents.engines.model_files import read_json
from agents.engines.safetensors import read_safetensors
from agents.engines.vram import HEAD_BITS, ModelShape, estimate, head_bytes
from router.errors import ConfigError, EdgewardError

LEAST_BPW, MOST_BPW = 2.0, 8.0

SAMPLE_TOKENS = 1024
"""Of one calibration text. A small card has no memory to spare for the converter's 2048."""

_SAMPLES = 115
"""Texts that the converter keeps the hidden states of, twice while it saves them."""

_JOB = "job_new.json"
_LAYER = re.compile(r"^ -- Layer: [^\s\d]*(\d+)\S* \(([^)]*)\)")
_LAST_LINES = 12
_SPARE_BYTES = 2**29


class QuantizeFailed(EdgewardError):
    """The converter gave up; its working directory stays, and the same command goes on."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is made of what; all paths are absolute, for the converter writes them down. bpw: bits
    a weight of the layers, on average; calibration: a parquet file of the user's own texts, None
    for those that come with the converter. afresh: nothing that lies in `work` can be gone on with.
    """

    source: Path
    target: Path
    work: Path
    bpw: float
    head_bits: int
    shape: ModelShape
    calibration: Path | None = None
    afresh: bool = False

    @property
    def made(self) -> Path:
        """Where the model is until it is whole."""
        return self.work / "model"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: 0..1, and in which of its steps."""

    share: float
    step: str


def prepare(
    source: Path,
    *,
    bpw: float,
    head_bits: int = 6,
    target: Path | None = None,
    calibration: Path | None = None,
) -> Conversion:
    """The conversion, if everything that can be looked at beforehand is right; else ConfigError."""
    source = _absolute(source)
    shape = quantizable(source)
    if not LEAST_BPW <= bpw <= MOST_BPW:
        raise ConfigError(f"{bpw:g} bits a weight: EXL2 has from {LEAST_BPW:g} to {MOST_BPW:g}")
    if head_bits not in HEAD_BITS:
        raise ConfigError(f"head bits {head_bits}: known are {', '.join(map(str, HEAD_BITS))}")
    if calibration is not None:
        calibration = _absolute(calibration)
        _check_parquet(calibration)
    target = _absolute(target or source.with_name(f"{source.name}-{bpw:g}bpw-exl2"))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(f"{target} exists and is not empty: name another place with --out")
    place = next(one for one in target.parents if one.exists())
    free = shutil.disk_usage(place).free
    need = disk_bytes(shape, bpw, head_bits)
    if need > free:
        raise ConfigError(
            f"the conversion needs about {need / 2**30:.1f} GiB on the disk of {place}, "
            f"{free / 2**30:.1f} are free"
        )
    work = target.with_name(f".{target.name}.work")
    conversion = Conversion(source, target, work, bpw, head_bits, shape, calibration)
    return replace(conversion, afresh=not _resumable(conversion))


def disk_bytes(shape: ModelShape, bpw: float, head_bits: int) -> int:
    """What a conversion takes at most: every matrix in the work and in the model, the embedding as
    it is, and the calibration's hidden states (16 bits) twice."""
    matrices = estimate(shape, bpw=bpw, context_tokens=256).weights + head_bytes(shape, head_bits)
    states = _SAMPLES * SAMPLE_TOKENS * shape.hidden * 2
    return 2 * matrices + 2 * shape.hidden * shape.vocab + 2 * states + _SPARE_BYTES


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))


def _check_parquet(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        raise ConfigError(f"{path}: there is no such file of calibration texts") from None
    if start != b"PAR1":
        raise ConfigError(f"{path}: calibration texts must be in a parquet file, this is none")


def _resumable(conversion: Conversion) -> bool:
    """Whether what lies in the working directory is an earlier start of the same conversion.

    The converter would go on with its old settings, whatever it is asked for. Raises ConfigError
    where they are others.
    """
    try:
        job = json.loads((conversion.work / _JOB).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    # Killed while it wrote: its hidden states and its place in the model do not agree.
    if not isinstance(job, dict) or "invalid" in job:
        return False
    wanted = _settings(conversion)
    differing = [name for name, value in wanted.items() if job.get(name) != value]
    if differing:
        name = differing[0]
        raise ConfigError(
            f"{conversion.work} holds an unfinished conversion with {name} {job.get(name)}, now it "
            f"is {wanted[name]}: finish that one, remove the directory, or name another --out"
        )
    return True


def _settings(conversion: Conversion) -> dict[str, object]:
    """By the names under which the converter writes them down."""
    calibration = conversion.calibration
    return {
        "in_dir": str(conversion.source),
        "bits": conversion.bpw,
        "head_bits": conversion.head_bits,
        "cal_dataset": str(calibration) if calibration else None,
        "compile_full": str(conversion.made),
    }


def quantizable(source: Path) -> ModelShape:
    """The dimensions of a model that the converter can take. Raises ConfigError for another."""
    if not source.is_dir():
        raise ConfigError(f"{source}: a directory with an unquantised model is wanted")
    config = read_json(source / "config.json")
    if quantised := config.get("quantization_config"):
        method = quantised.get("quant_method") if isinstance(quantised, dict) else None
        raise ConfigError(
            f"{source} is quantised already ({method or 'method unknown'}): fetch the original "
            "model"
        )
    architectures = config.get("architectures")
    if not isinstance(architectures, list) or len(architectures) != 1:
        raise ConfigError(f"{source}/config.json: `architectures` must name exactly one")
    if not (source / "tokenizer.json").is_file():
        raise ConfigError(f"{source}: tokenizer.json is missing: the converter reads no other")
    read_safetensors(source)
    shape = ModelShape.from_config(config)
    inputs = {
        "hidden_size": shape.hidden,
        "num_attention_heads x head_dim": shape.heads * shape.head_dim,
        "num_key_value_heads x head_dim": shape.kv_heads * shape.head_dim,
        "intermediate_size": shape.intermediate,
    }
    for name, size in inputs.items():
        if size % 32:
            raise ConfigError(f"{source}: {name} is {size}, EXL2 needs a multiple of 32")
    return shape


def conversion_command(conversion: Conversion) -> list[str]:
    """The converter's command line, through our launcher, which mends its attention."""
    # -P: a directory called agents where the user stands is not ours. -u: what the converter says
    # is lost otherwise when it ends itself, and late before.
    command = [sys.executable, "-P", "-u", "-m", "agents.engines.exl2_convert"]
    command += ["-i", str(conversion.source), "-o", str(conversion.work)]
    command += ["-cf", str(conversion.made)]
    command += ["-b", repr(conversion.bpw), "-hb", str(conversion.head_bits)]
    # Beyond a model's positions the library reads past its tables, unchecked.
    length = str(min(SAMPLE_TOKENS, conversion.shape.max_position_tokens))
    command += ["-l", length, "-ml", length]
    if conversion.afresh:
        command.append("-nr")
    if conversion.calibration is not None:
        command += ["-c", str(conversion.calibration)]
    return command


def convert(
    conversion: Conversion,
    on_progress: Callable[[Progress], None],
    *,
    command: Sequence[str] | None = None,
) -> None:
    """Run the converter to its end; moves the model to its place and clears the work away.

    Raises QuantizeFailed with the converter's last words. An exception in here, an interrupt too,
    ends the converter's processes.
    """
    conversion.work.mkdir(parents=True, exist_ok=True)
    reader = _Reader(conversion.shape.layers)
    last: deque[str] = deque(maxlen=_LAST_LINES)
    with subprocess.Popen(
        command or conversion_command(conversion),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None, "it is a pipe"
        try:
            for line in process.stdout:
                if line.strip():
                    last.append(line.rstrip())
                if (progress := reader.read(line)) is not None:
                    on_progress(progress)
            status = process.wait()
        except BaseException:
            _end(process)
            raise
    if status != 0 or not (conversion.made / "config.json").is_file():
        words = "\n  ".join(last) or "it said nothing"
        raise QuantizeFailed(
            f"the conversion of {conversion.source.name} ended with status {status}; its last "
            f"words:\n  {words}\nits state is in {conversion.work}: the same command goes on"
        )
    conversion.made.replace(conversion.target)
    shutil.rmtree(conversion.work)


def _end(process: subprocess.Popen[str]) -> None:
    """The converter and its children: it leaves at the second interrupt only, so it is killed."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


_STEPS = (
    # What a line begins with, the step that it begins, and the share that is done by then.
    (" -- Measuring", "measuring", 0.0),
    (" -- Optimizing...", "choosing bits", 0.75),
    (" -- Quantizing...", "quantising", 0.77),
    (" -- Compiling", "writing", 0.97),
    (" -- Finished", "done", 1.0),
)
_WIDTHS = {"measuring": 0.75, "quantising": 0.2}


class _Reader:
    """Makes progress of what the converter prints.

    It goes over the layers twice, attention and MLP apart: to measure and to quantise. Measuring
    tries some thirty settings for each and takes most of the time. The layers are known by their
    numbers, for a conversion that goes on begins in the middle.
    """

    def __init__(self, layers: int) -> None:
        self._layers = layers
        self._step, self._begin = "starting", 0.0

    def read(self, line: str) -> Progress | None:
        for start, step, begin in _STEPS:
            if line.startswith(start):
                self._step, self._begin = step, begin
                return Progress(begin, step)
        if (match := _LAYER.match(line)) and self._step in _WIDTHS:
            behind = int(match[1]) + (0.5 if "MLP" in match[2] else 0.0)
            part = min(behind / self._layers, 1.0)
            return Progress(self._begin + _WIDTHS[self._step] * part, self._step)
        return None
