"""The converter's launcher, as the process that it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from exl2_extra import needs_the_extra

ROOT = Path(__file__).resolve().parents[3]


def test_where_it_cannot_run_it_says_why_in_a_line_and_fails() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agents.engines.exl2_convert", "-i", "nowhere"],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("ExLlamaV2 cannot convert here: ")
    assert done.stderr.count("\n") == 1


def test_it_hands_its_arguments_to_the_converter_once_the_mask_is_back() -> None:
    needs_the_extra()
    program = """
import sys
from exl2_cpu import library_on_cpu
from agents.engines import exl2_convert, exl2_library
exl2_convert.gpu_library = exl2_library.load_library
with library_on_cpu():
    try:
        exl2_convert.main()
    finally:
        mended = sys.modules["exllamav2.attn"].ExLlamaV2Attention._attn_torch
        print(mended.__module__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, "--help"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests/support")])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "usage: convert_exl2.py" in done.stdout
    assert done.stdout.endswith("\nagents.engines.exl2_attention\n")


def test_importing_the_engine_imports_neither_torch_nor_the_library() -> None:
    program = (
        "import sys, agents.engines.exllamav2, agents.engines.exl2_convert\n"
        "assert not {'torch', 'exllamav2', 'llguidance', 'tokenizers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
