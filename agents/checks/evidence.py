"""The checks that collect evidence by kind of answer, the cheap ones first."""

from __future__ import annotations

from agents.checks.ambiguous import unambiguous
from agents.checks.arithmetic import arithmetic
from agents.checks.code import code_given, code_parses, examples_pass, language_kept
from agents.checks.exact import computed
from agents.checks.grounded import grounded
from agents.checks.injected import not_injected
from agents.checks.left_out import nothing_left_out
from agents.checks.prose_language import in_language
from agents.checks.sandbox import Limits
from router.classify.code_language import canonical_language
from router.errors import ConfigError
from router.types.completion import Completion
from router.types.decision import Kind
from router.types.result import CheckResult
from router.types.task import Task

_EXAMPLE_S = 10.0
_LEAST_S = 0.1


async def evidence_checks(
    task: Task,
    kind: Kind,
    completion: Completion,
    *,
    default_language: str | None = None,
    seconds: float = _EXAMPLE_S,
) -> tuple[CheckResult, ...]:
    """What the answer's own text shows of its quality, by kind.

    What can be computed is. Code must be there; it is parsed, held to its programming language,
    and run on the task's examples. An extraction's values are looked up in the text. The sums and
    the language of anything but code are checked, and that it has lost no figure, settles nothing
    that the request leaves open and obeys no order of the pasted text. default_language: as
    `language_kept` takes it. seconds: the task's time that is left; a program gets at most 10 of
    them, and is run only where all else passed.
    """
    if kind is not Kind.CODE:
        found = computed(task, kind, completion)
        if found.proves:
            # The others guess what this one knows.
            return (found,)
        return (
            grounded(task, kind, completion),
            arithmetic(task, kind, completion),
            in_language(task, kind, completion),
            nothing_left_out(task, kind, completion),
            unambiguous(task, kind, completion),
            not_injected(task, kind, completion),
            found,
        )
    judged = (
        code_given(task, completion),
        language_kept(task, completion, default_language),
        await code_parses(task, kind, completion),
    )
    if not all(one.passed for one in judged) or seconds < _LEAST_S:
        return judged
    limits = Limits(wall_s=min(seconds, _EXAMPLE_S))
    return (*judged, await examples_pass(task, kind, completion, limits=limits))


def require_language(name: str | None) -> None:
    """Raises ConfigError where a configured programming language has no name here."""
    if name is not None and canonical_language(name) is None:
        raise ConfigError(
            f"policy.default_language is {name!r}, which is not known: use a usual name such as "
            "python, typescript, rust, go, java, c++ or c#"
        )
