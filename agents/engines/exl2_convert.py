"""ExLlamaV2's converter with the causal mask put back: `python -m agents.engines.exl2_convert ...`.

A process of its own: the converter reads the command line and takes the signals when it is
imported, and ends its process on errors. It calibrates through the attention that lost its mask.
Takes the converter's own arguments.
"""

from __future__ import annotations

import runpy
import sys

from agents.engines.exl2_library import LibraryUnavailable, gpu_library

CONVERTER = "exllamav2.conversion.convert_exl2"


def main() -> None:
    try:
        gpu_library()
    except LibraryUnavailable as reason:
        sys.stderr.write(f"ExLlamaV2 cannot convert here: {reason}\n")
        raise SystemExit(1) from None
    runpy.run_module(CONVERTER, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
