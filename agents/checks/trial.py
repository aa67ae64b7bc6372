"""Runs Python code against examples or tests, judged by a process other than the code's own.

The judge (`agents.checks.apart.judge`) alone knows the expected results. The code's process, beside
it in the sandbox, only reports what the functions return.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.checks.sandbox import Limits, StoppedBy, run_program

_START = (
    "import sys; sys.path.insert(0, 'apart'); from agents.checks.apart.judge import main; "
    "del sys.path[0]; main()"
)


@functools.cache
def _judge() -> dict[str, str]:
    """The judge's files, in the sandbox under their names here."""
    folder = Path(__file__).with_name("apart")
    return {f"apart/agents/checks/apart/{one.name}": one.read_text() for one in folder.glob("*.py")}


@dataclass(frozen=True, slots=True)
class Trial:
    """held: examples that the judge saw hold. ran: test functions of a file of tests. problem: what
    does not hold, as a sentence. unjudged: why each other example proves nothing. not_run: why the
    code was not run. stopped_by: the limit that was passed. At most one of problem, not_run and
    stopped_by is set.
    """

    held: int = 0
    ran: int = 0
    problem: str | None = None
    unjudged: tuple[str, ...] = ()
    not_run: str | None = None
    stopped_by: StoppedBy | None = None


async def tried(code: str, examples: Sequence[Mapping[str, str]], limits: Limits) -> Trial:
    """Runs them one after another, to the first that fails.

    examples: `form`, `source` and `expected` of each, as `code_examples.Example` has them; the form
    `tests` is a whole file of tests.
    """
    ran = await run_program(
        (sys.executable, "-I", "-c", _START),
        files={"solution.py": code, **_judge()},
        limits=limits,
        stdin=json.dumps([dict(one) for one in examples]),
    )
    if ran.status == "unavailable":
        return Trial(not_run=ran.reason)
    if ran.stopped_by is not None:
        return Trial(stopped_by=ran.stopped_by)
    verdict: dict[str, object] = {}
    with contextlib.suppress(ValueError):
        verdict = json.loads(ran.stdout)
    if "load" in verdict:
        lacking = _lacking(code, verdict)
        return (
            Trial(not_run=lacking)
            if lacking
            else Trial(problem=f"the code does not load: {verdict['load']}")
        )
    found = verdict.get("found")
    if not isinstance(found, list):
        code_of = verdict.get("ended", ran.exit_code)
        why = verdict.get("why")
        said = f": {why}" if why else f" with exit code {code_of}"
        return Trial(problem=f"the code ended its own process{said}")
    failed = next((one for one in found if one.get("problem")), None)
    if failed is not None:
        lacking = _lacking(code, failed)
        return Trial(not_run=lacking) if lacking else Trial(problem=failed["problem"])
    unjudged = tuple(one["unjudged"] for one in found if "unjudged" in one)
    return Trial(
        held=len(found) - len(unjudged),
        ran=sum(one.get("ran", 0) for one in found),
        unjudged=unjudged,
    )


def _lacking(code: str, said: Mapping[str, object]) -> str | None:
    """What the code says the sandbox lacks, where its text confirms that it needs it."""
    tree = ast.parse(code)
    needs = said.get("needs")
    if isinstance(needs, str) and "ModuleNotFoundError" in str(said.get("load") or said["problem"]):
        top = needs.split(".")[0]
        if top in _imported(tree) - sys.stdlib_module_names:
            return f"the code needs {needs}"
    if str(said.get("load")).startswith("EOFError"):
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if named & {"input", "sys"}:
            return "the code asks for input"
    return None


def _imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found
