"""Checks of answers that hold code: does it parse, in the right language, and do as told?"""

from __future__ import annotations

import functools
import re

from agents.checks.code_examples import examples_of, solution
from agents.checks.code_syntax import PARSERS, NotChecked
from agents.checks.sandbox import Limits
from agents.checks.source import plain_text
from agents.checks.trial import tried
from router.classify import signals
from router.classify.code_language import (
    NOT_PROGRAMS,
    asked_languages,
    canonical_language,
    fenced_blocks,
    languages_of,
)
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_EXAMPLE_LIMITS = Limits(wall_s=10.0, cpu_s=5.0)
_OTHER_DATABASE = re.compile(
    r"postgres|mysql|mariadb|sql server|t-sql|pl/?sql|oracle|bigquery|snowflake|redshift|duckdb"
    r"|clickhouse|spark|hive|presto|trino",
    re.IGNORECASE,
)


_WRITES = re.compile(
    r"\b(?:write|create|implement|generate|give me|code|build|make|need|escrev\w+|cri[ae]r?"
    r"|implement\w+|fa[cz]\w*|ger[ae]r?|preciso)\b.{0,60}\b(?:function|script|query|regexp?"
    r"|regular expression|class|program|command|one-?liner|snippet|method|macro|sql|funcao|consulta"
    r"|comando|classe|programa|metodo|expressao regular)\b"
)
_STATEMENT = re.compile(
    r"\s*(?:def \w+\(|class \w+[(:]|import \w|from \w+ import |function \w+\(|const \w+ ?="
    r"|let \w+ ?=|(?:export |async )+function|#!/|(?:SELECT|select)\b.{1,400}\b(?:FROM|from)\b"
    r"|INSERT INTO\b|UPDATE \w+ SET\b|DELETE FROM\b|CREATE (?:TABLE|VIEW|INDEX)\b"
    r"|WITH \w+ AS \(|\^\S.*\$\s*$)",
    re.DOTALL,
)
_CODE_SIGN = re.compile(r"[(){};=|\\$^<>`]|(?<!\w)--?\w|\w/\w")
_PROSE_WORDS = 6


def code_given(task: Task, completion: Completion) -> CheckResult:
    """There is code in it, where the request wants some written and not explained."""
    asked = _WRITES.search(plain_text(signals.read(task.prompt).instruction))
    text = completion.text
    prose = len(text.split()) >= _PROSE_WORDS and not _CODE_SIGN.search(text)
    if asked and prose and not fenced_blocks(text):
        finding = f"a {asked[0].split()[-1]} was asked for, and the answer has no code"
        return CheckResult.found("code", finding, EscalationReason.INCOMPLETE)
    return CheckResult.found("code", "there is code" if asked else "none was asked for")


def is_code(text: str) -> bool:
    """Whether an answer is itself a program, a query or a pattern, without a fence around it."""
    return _STATEMENT.match(text) is not None


async def code_parses(task: Task, _kind: Kind, completion: Completion) -> CheckResult:
    """Its blocks of Python, JSON, YAML, SQL, shell, JavaScript and TypeScript parse.

    Nothing is executed. Python is compiled; SQL is prepared by SQLite against an empty database,
    where a missing table is no error, and what SQLite refuses but another dialect may know is left
    alone; shell goes through `bash -n` (`sh`, `zsh`), JavaScript and TypeScript through Node. Where
    one of them is not installed the finding says that the language was not checked.
    """
    parsed: list[str] = []
    unchecked: dict[str, str] = {}
    for number, block in enumerate(fenced_blocks(completion.text), start=1):
        parse = PARSERS.get(block.language or "")
        if parse is None or not block.code.strip():
            continue
        assert block.language is not None
        try:
            problem = await parse(block)
        except NotChecked as missing:
            unchecked[block.language] = str(missing)
            continue
        if problem and block.language == "sql" and _OTHER_DATABASE.search(task.prompt):
            unchecked["sql"] = "SQLite cannot read it, and the task is about another database"
            continue
        if problem is not None:
            finding = f"the {block.language} of block {number} does not parse: {problem}"
            return CheckResult.found("syntax", finding, EscalationReason.SYNTAX)
        parsed.append(block.language)
    findings = [f"{', '.join(dict.fromkeys(parsed))} parses"] if parsed else []
    findings += [f"{language} not checked: {why}" for language, why in unchecked.items()]
    return CheckResult.found("syntax", "; ".join(findings) or "nothing to parse")


def language_kept(
    task: Task, completion: Completion, default_language: str | None = None
) -> CheckResult:
    """Its code is in the language asked for, else in that of the prompt's code, else the default.

    Small models drift to Python. Where nobody asked for a language, blocks that are no program
    (shell, SQL, JSON, markup) are let be: a default language says nothing about them. Raises
    ValueError for a default language without a name here.
    """
    default = _canonical_default(default_language)
    asked = asked_languages(task.prompt) or asked_languages(task.system or "")
    why = "was asked for"
    if not asked:
        programs = languages_of(fenced_blocks(task.prompt)) - NOT_PROGRAMS
        asked, why = programs, "is the language of the code in the question"
    if not asked and default is not None:
        asked, why = frozenset({default}), "is the project's language"
    if not asked:
        return CheckResult.found("language", "no language was asked for")
    wanted = " or ".join(sorted(asked))
    written = languages_of(fenced_blocks(completion.text))
    if why != "was asked for":
        written -= NOT_PROGRAMS
    if not written:
        return CheckResult.found("language", f"{wanted} {why}; no code whose language can be told")
    if asked & written:
        return CheckResult.found("language", f"{wanted}, as it should be")
    finding = f"{wanted} {why}, the code is {' and '.join(sorted(written))}"
    return CheckResult.found("language", finding, EscalationReason.UNFAITHFUL)


@functools.cache
def _canonical_default(name: str | None) -> str | None:
    if name is None:
        return None
    language = canonical_language(name)
    if language is None:
        raise ValueError(
            f"default_language {name!r} is not known: use a usual name such as python, "
            "typescript, rust, go, java, c++ or c#"
        )
    return language


async def examples_pass(
    task: Task, _kind: Kind, completion: Completion, *, limits: Limits = _EXAMPLE_LIMITS
) -> CheckResult:
    """Its Python does what the prompt's examples, assertions, tests and doctests say.

    They run in the sandbox, judged by another process than the code's. Where there is no sandbox,
    or the answer's code needs what it has not, the result passes and says "not run", with the
    reason; so it does of examples that compare objects of the code's own by the code's own word.
    """
    carried = examples_of(task.prompt)
    if not carried:
        return CheckResult.found("examples", "the task carries none")
    code, defined = solution(fenced_blocks(completion.text))
    if not defined:
        return CheckResult.found("examples", "not run: the answer defines nothing in Python")
    examples = tuple(example for example in carried if example.names <= defined)
    if not examples:
        missing = ", ".join(sorted(frozenset().union(*(e.names for e in carried)) - defined))
        return CheckResult.found("examples", f"not run: the answer defines no {missing}")
    plain = [{"form": e.form, "source": e.source, "expected": e.expected} for e in examples]
    trial = await tried(code, plain, limits)
    if trial.not_run is not None:
        return CheckResult.found("examples", f"not run: {trial.not_run}")
    if trial.stopped_by is not None:
        finding = f"the code was stopped on the task's examples: limit of {trial.stopped_by} passed"
        return CheckResult.found("examples", finding, EscalationReason.UNFAITHFUL)
    if trial.problem is not None:
        return CheckResult.found("examples", trial.problem, EscalationReason.UNFAITHFUL)
    found = f"{trial.held} of the task's examples {'holds' if trial.held == 1 else 'hold'}"
    apart = ""
    if trial.unjudged:
        apart = f"{len(trial.unjudged)} cannot be judged apart from the code: {trial.unjudged[0]}"
    if not trial.held:
        return CheckResult.found("examples", f"not run: {apart}")
    found = f"{found}; {apart}" if apart else found
    return CheckResult.found("examples", found, proves=not apart)
