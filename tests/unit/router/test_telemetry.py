"""A program that uses the library: warnings on standard error, its standard output untouched."""

from __future__ import annotations

import json
import subprocess
import sys

CODE = """
import structlog
from router.telemetry import configure_logging
configure_logging("warning")
log = structlog.get_logger()
log.info("task.routed", kind="code")
log.warning("store.gone", task_id="t")
"""


def test_warnings_go_to_standard_error_as_json() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    event = json.loads(done.stderr)
    assert (event["event"], event["task_id"], event["level"]) == ("store.gone", "t", "warning")
