"""The judge process: holds the examples, queries the code's process, and compares.

The code cannot trace or inspect it (PR_SET_DUMPABLE). It reads the examples from its own standard
input, imports from no directory that the code can write to, and writes the only output that counts.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import ctypes
import inspect
import io
import json
import os
import subprocess
import sys
import types
from typing import Any

from agents.checks.apart.comparing import Approx, raises, same
from agents.checks.apart.remote import Client, RemoteIterator, Unjudged, asked
from agents.checks.apart.wire import Ended

_PR_SET_DUMPABLE = 4
_KEPT_CHARS = 300
_MEASURES = {"pytest", "approx", "raises", "isclose", "np", "numpy", "fail", "assert_equal"}
"""Names that tests measure with, beside the built-in ones and modules."""

SERVE = (
    "import sys; sys.path.insert(0, 'apart'); from agents.checks.apart.server import main; "
    "del sys.path[0]; main(int(sys.argv[1]), int(sys.argv[2]))"
)


def problem_with(example: dict[str, str], names: dict[str, Any]) -> str | None:
    """What is wrong, as a sentence; None when the example holds. Raises what the code raises."""
    source, expected = example["source"], example["expected"]
    if example["form"] == "value":
        got = value_of(source, names)
        if same(got, ast.literal_eval(expected), expected):
            return None
        return f"{source} gives {got!r}, the task says {expected}"
    if example["form"] == "raises":
        try:
            value_of(source, names)
        except BaseException as error:
            if isinstance(error, Ended | Unjudged):
                raise
            raised = [one.__name__ for one in type(error).__mro__]
            if expected in raised:
                return None
            return f"{source.strip()} raises {raised[0]}, the task says {expected}"
        return f"{source.strip()} does not raise, the task says {expected}"
    if example["form"] == "code":
        run_code(source, names)
        return None
    import doctest  # imported here because it is slow, like the other late imports

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "<example>", "single"), names)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if doctest.OutputChecker().check_output(expected, printed.getvalue(), options):
        return None
    return f"{source.strip()} gives {printed.getvalue().strip()}, the task says {expected.strip()}"


def value_of(source: str, names: dict[str, Any]) -> Any:
    got = eval(source, names)
    if inspect.iscoroutine(got):
        import asyncio

        got = asyncio.run(got)
    if isinstance(got, RemoteIterator):
        return asked(got, "drain")
    return got


def run_code(source: str, names: dict[str, Any]) -> int:
    """Runs test functions and test cases; returns how many ran."""
    found = {"__name__": "__tests__", **names}
    exec(compile(source, "<tests>", "exec"), found)
    ran = 0
    for name, test in list(found.items()):
        if test is names.get(name):
            continue
        if name.startswith("test") and isinstance(test, types.FunctionType):
            test()
            ran += 1
        elif isinstance(test, type) and hasattr(test, "countTestCases"):
            ran += _run_case(test)
    return ran


def _run_case(case: Any) -> int:
    """Runs a unittest.TestCase up to its first failure."""
    import unittest

    count = 0
    for name in unittest.defaultTestLoader.getTestCaseNames(case):
        one = case(name)
        case.setUpClass()
        one.setUp()
        getattr(one, name)()
        one.tearDown()
        one.doCleanups()
        case.tearDownClass()
        count += 1
    return count


def judged(client: Client, example: dict[str, str], names: dict[str, Any]) -> dict[str, Any]:
    """problem: what is wrong, or null. unjudged: why the example proves nothing. needs: a module
    that the code says is missing. ran: number of test functions, for a file of tests.
    """
    client.leaned = client.opaque = False
    lines = example["source"].strip().splitlines()
    shown = next((line for line in lines if not line.startswith(("import ", "from "))), lines[0])
    ran = 0
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if example["form"] not in ("value", "raises"):
                _refuse_shadows(example["source"], names)
            if example["form"] == "tests":
                problem, ran = None, run_code(example["source"], names)
            else:
                problem = problem_with(example, names)
    except Ended:
        raise
    except Unjudged as error:
        return {"unjudged": str(error)}
    except AssertionError as error:
        if example["form"] == "tests":
            return {"problem": f"AssertionError: {str(error) or _failed_at(error, example)}"}
        problem = f"{shown} does not hold" + (f": {error}" if str(error) else "")
    except BaseException as error:
        if isinstance(error, MemoryError):
            raise
        if isinstance(error, SystemExit) and example["form"] == "tests":
            return {"problem": "the code ended its own process: SystemExit"}
        if not hasattr(error, "remote_module") and client.opaque:
            # Not the code's fault: the test did something with an object that cannot be done
            # remotely.
            return {"unjudged": f"{type(error).__name__}: {error}"[:_KEPT_CHARS]}
        said = type(error).__name__ + (f": {error}" if str(error) else "")
        said = said if example["form"] == "tests" else f"{shown} raises {said}"
        return {"problem": said, "needs": getattr(error, "remote_module", None)}
    if problem is None and (client.leaned or client.leaked):
        return {"unjudged": "it compares objects of the code's own by the code's own word"}
    return {"problem": problem, "ran": ran}


def _refuse_shadows(source: str, names: dict[str, Any]) -> None:
    """Refuses to judge where the code redefines a name such as `abs` or `math` that tests measure
    with.
    """
    tree = ast.parse(source)
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and _module(node) != "solution"
        for alias in node.names
    }
    modules = {
        node.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    } & sys.stdlib_module_names
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    measures = modules | (used & (set(dir(builtins)) | _MEASURES))
    if shadows := sorted((measures - imported) & set(names)):
        raise Unjudged(f"the code has a {shadows[0]!r} of its own, with which the tests measure")


def _module(node: ast.Import | ast.ImportFrom) -> str | None:
    return node.module if isinstance(node, ast.ImportFrom) else None


def _failed_at(error: AssertionError, example: dict[str, str]) -> str:
    """The line of the tests that failed."""
    place, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<tests>":
            place = trace.tb_lineno
        trace = trace.tb_next
    return example["source"].splitlines()[place - 1].strip()


def main() -> None:
    """Writes {"found": [as `judged` returns, ...]}; {"load": sentence, "needs": module} where the
    code cannot be loaded; or {"ended": exit code, "why": text} where its process has ended.
    """
    examples = json.loads(sys.stdin.read())
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError("the judge cannot be closed to the code that it judges")
    (listens, asks), (answered, answers) = os.pipe(), os.pipe()
    server = subprocess.Popen(
        (sys.executable, "-I", "-c", SERVE, str(listens), str(answers)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(listens, answers),
    )
    os.close(listens)
    os.close(answers)
    client = Client(os.fdopen(asks, "wb"), os.fdopen(answered, "rb"))
    out = sys.stdout
    try:
        verdict = _verdict(client, examples)
    except (Ended, OSError) as why:
        # The pipe closes when the server ends, so it has ended or is about to.
        verdict = {"ended": server.poll(), "why": str(why)[:_KEPT_CHARS]}
        with contextlib.suppress(subprocess.TimeoutExpired):
            verdict["ended"] = server.wait(0.5)
    server.kill()
    server.wait()
    out.write(json.dumps(verdict) + "\n")
    out.flush()
    os._exit(0)


def _verdict(client: Client, examples: list[dict[str, str]]) -> dict[str, Any]:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            names = client.exports()
    except BaseException as error:
        if isinstance(error, Ended | MemoryError) or not hasattr(error, "remote_module"):
            raise
        if isinstance(error, SystemExit):
            return {"ended": None, "why": "SystemExit"}
        said = f"{type(error).__name__}: {error}"
        return {"load": said, "needs": vars(error)["remote_module"]}
    sys.modules["solution"] = types.ModuleType("solution")
    vars(sys.modules["solution"]).update(names)
    testing = types.ModuleType("pytest")
    vars(testing).update(raises=raises, approx=Approx)
    sys.modules["pytest"] = testing
    found = []
    for example in examples:
        found.append(judged(client, example, names))
        if found[-1].get("problem"):
            break
    return {"found": found}
