"""Makes an EXL2 model of an unquantised one: ExLlamaV2's converter in a process, watched.

The converter keeps its state in a working directory: the same command goes on after an
interruption, and the directory is removed once the model is there.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.engines.model_files import read_json
from agents.engines.safetensors import read_safetensors
from agents.engines.vram import HEAD_BITS, ModelShape, estimate
from router.errors import ConfigError, EdgewardError

LEAST_BPW, MOST_BPW = 2.0, 8.0

_LAYER = re.compile(r"^ -- Layer: \S+ \((\w+)\)")
_LAST_LINES = 12
_SPARE_BYTES = 2**30


class QuantizeFailed(EdgewardError):
    """The converter gave up; its working directory stays, and the same command goes on."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is made of what. bpw: bits a weight of the layers, on average; calibration: a parquet
    file of the user's own texts, None for those that come with the converter."""

    source: Path
    target: Path
    work: Path
    bpw: float
    head_bits: int
    shape: ModelShape
    calibration: Path | None = None


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
    source = source.expanduser()
    shape = quantizable(source)
    if not LEAST_BPW <= bpw <= MOST_BPW:
        raise ConfigError(f"{bpw:g} bits a weight: EXL2 has from {LEAST_BPW:g} to {MOST_BPW:g}")
    if head_bits not in HEAD_BITS:
        raise ConfigError(f"head bits {head_bits}: known are {', '.join(map(str, HEAD_BITS))}")
    if calibration is not None and not calibration.is_file():
        raise ConfigError(f"{calibration}: there is no such file of calibration texts")
    target = target or source.with_name(f"{source.name}-{bpw:g}bpw-exl2")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(f"{target} exists and is not empty: name another place with --out")
    need = estimate(shape, bpw=bpw, context_tokens=256).weights * 2 + _SPARE_BYTES
    place = next(one for one in target.absolute().parents if one.exists())
    free = shutil.disk_usage(place).free
    if need > free:
        raise ConfigError(
            f"the conversion needs about {need / 2**30:.1f} GiB on the disk of {place}, "
            f"{free / 2**30:.1f} are free"
        )
    work = target.with_name(f".{target.name}.work")
    return Conversion(source, target, work, bpw, head_bits, shape, calibration)


def quantizable(source: Path) -> ModelShape:
    """The dimensions of a model that the converter can take. Raises ConfigError for another."""
    if not source.is_dir():
        raise ConfigError(f"{source}: a directory with an unquantised model is wanted")
    config = read_json(source / "config.json")
    method = (config.get("quantization_config") or {}).get("quant_method")
    if method:
        raise ConfigError(f"{source} is quantised already ({method}): fetch the original model")
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
        "intermediate_size": shape.intermediate,
    }
    for name, size in inputs.items():
        if size % 32:
            raise ConfigError(f"{source}: {name} is {size}, EXL2 needs a multiple of 32")
    return shape


def conversion_command(conversion: Conversion) -> list[str]:
    """The converter's command line, through our launcher, which mends its attention."""
    command = [sys.executable, "-m", "agents.engines.exl2_convert"]
    command += ["-i", str(conversion.source), "-o", str(conversion.work)]
    command += ["-cf", str(conversion.target)]
    command += ["-b", f"{conversion.bpw:g}", "-hb", str(conversion.head_bits)]
    # Turing has no memory to spare for longer samples, and small models gain little by them.
    command += ["-l", "1024", "-ml", "1024"]
    if conversion.calibration is not None:
        command += ["-c", str(conversion.calibration)]
    return command


def convert(
    conversion: Conversion,
    on_progress: Callable[[Progress], None],
    *,
    command: Sequence[str] | None = None,
) -> None:
    """Run the converter to its end; removes the working directory if it succeeds.

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
    if status != 0 or not (conversion.target / "config.json").is_file():
        words = "\n  ".join(last) or "it said nothing"
        raise QuantizeFailed(
            f"the conversion of {conversion.source.name} ended with status {status}; its last "
            f"words:\n  {words}\nits state is in {conversion.work}: the same command goes on"
        )
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
    tries some thirty settings for each and takes most of the time.
    """

    def __init__(self, layers: int) -> None:
        self._modules = 2 * layers
        self._step, self._begin, self._seen = "starting", 0.0, 0

    def read(self, line: str) -> Progress | None:
        for start, step, begin in _STEPS:
            if line.startswith(start):
                self._step, self._begin, self._seen = step, begin, 0
                return Progress(begin, step)
        if (match := _LAYER.match(line)) and self._step in _WIDTHS:
            if match[1] in ("Attention", "MLP"):
                self._seen = min(self._seen + 1, self._modules)
            width = _WIDTHS[self._step]
            share = self._begin + width * max(self._seen - 1, 0) / self._modules
            return Progress(share, self._step)
        return None
