"""The converter's launcher, as the process that it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_where_it_cannot_run_it_says_why_in_a_line_and_fails() -> None:
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "agents.engines.exl2_convert", "-i", "nowhere"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("ExLlamaV2 cannot convert here: ")
    assert done.stderr.count("\n") == 1


def test_importing_the_engine_imports_neither_torch_nor_the_library() -> None:
    root = Path(__file__).resolve().parents[3]
    program = (
        "import sys, agents.engines.exllamav2, agents.engines.exl2_convert\n"
        "assert not {'torch', 'exllamav2', 'llguidance', 'tokenizers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True, timeout=60)
