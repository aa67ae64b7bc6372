"""Does a block of code parse? One parser a language; none of them runs the code."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import json
import os
import re
import shutil
import sqlite3
import warnings
from collections.abc import Awaitable, Callable
from textwrap import dedent

import yaml

from router.classify.code_language import Block

_PARSER_TIMEOUT_S = 10.0
# A parser's answer: what is wrong, or None.
_Problem = str | None

_SQL_SYNTAX = re.compile(r"syntax error|incomplete input|unrecognized token")
# What is valid in PostgreSQL, MySQL, SQL Server or Oracle, or as a placeholder, but not in SQLite.
_SQL_OTHER_DIALECT = re.compile(
    r"::|\$\$|@\w|%s|%\(|\{\w+\}|=\s*(?:any|all)\s*\(|^\s*(?:go|show|use|set|exec|call|describe|declare)\b"
    r"|\b(?:ilike|interval|delimiter|auto_increment|lateral|unnest|grant|revoke|merge|truncate"
    r"|qualify|pivot|rlike|straight_join|procedure|rollup|elsif|unsigned|engine)\b"
    r"|\b(?:top|fetch (?:first|next))\s+\d|\b(?:date|time|timestamp)\s+'|\b(?:array|n)\s*['\[]"
    r"|\b(?:extract|position|trim|overlay|substring)\s*\(|\b(?:cross|outer) apply\b"
    r"|\b(?:create|drop|alter)\s+(?:or replace\s+)?(?:function|type|extension|schema|database"
    r"|user|role|sequence|materialized|event|package|domain|policy|index concurrently)\b"
    r"|\balter table\b[\s\S]*\b(?:constraint|modify|column|key|add\s*\()\b"
    r"|\b(?:for update|at time zone|similar to|comment on|within group|grouping sets|distinct on"
    r"|on duplicate key|start transaction|insert ignore|generated always|partition by (?:range"
    r"|list|hash)|with ties|using (?:gin|gist|btree|hash)|update\s+\w+\s+(?:\w+\s+)?(?:inner "
    r"|left )?join|delete\s+\w+\s+from)\b",
    re.IGNORECASE | re.MULTILINE,
)
_PLACEHOLDER = re.compile(r"(?<!<)<[A-Za-z][\w-]*(?: [\w-]+)*>(?!>)")
_MARKUP = re.compile(r"</[A-Za-z][\w.]*>|/>|<>")
_MODULE = re.compile(r"^\s*(?:import\b(?!\()|export\b)|^(?:const .* = )?await\b", re.MULTILINE)
# Node 22.13 and newer can strip types, which parses the whole file; older versions report an error.
_STRIP_TYPES = """
const { stripTypeScriptTypes } = require("node:module");
if (!stripTypeScriptTypes) process.exit(86);
const code = require("node:fs").readFileSync(0, "utf8");
try { stripTypeScriptTypes(code, { mode: "transform" }); }
catch (error) { console.error(`SyntaxError: ${error.message.split("\\n")[0]}`); process.exit(1); }
"""
_NODE_IS_TOO_OLD = 86


class NotChecked(Exception):
    """No parser for this language is installed; the message says what is missing."""


async def _parse_python(block: Block) -> _Problem:
    code = dedent(block.code)
    try:
        if re.match(r"\s*>>> ", code):
            code = "".join(e.source for e in doctest.DocTestParser().get_examples(code))
        # Notebook magics are not Python.
        code = re.sub(r"^[!%].*$", "", code, flags=re.MULTILINE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "answer", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return str(error)
    return None


async def _parse_json(block: Block) -> _Problem:
    try:
        json.loads(block.code)
    except RecursionError:
        return "nested too deep"
    except ValueError as error:
        try:  # one value a line
            for line in filter(str.strip, block.code.splitlines()):
                json.loads(line)
        except (ValueError, RecursionError):
            return str(error)
    return None


async def _parse_yaml(block: Block) -> _Problem:
    # Composed, not constructed: custom tags (!Ref) are accepted and aliases are not expanded.
    try:
        for _document in yaml.compose_all(block.code, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as error:
        return " ".join(str(error).split())
    except RecursionError:
        return "nested too deep"
    return None


async def _parse_sql(block: Block) -> _Problem:
    for statement in _statements(block.code):
        problem = _prepare(statement)
        if problem is None:
            continue
        if block.tag not in {"sqlite", "sql", ""} or _SQL_OTHER_DIALECT.search(statement):
            raise NotChecked("SQLite cannot read it, another database may")
        return problem
    return None


def _statements(code: str) -> list[str]:
    statements, held = [], ""
    for part in re.split(r"(?<=;)", code):
        held += part
        if sqlite3.complete_statement(held):
            statements.append(held)
            held = ""
    return [*statements, held] if held.strip() else statements


def _prepare(statement: str) -> _Problem:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        # Some pragmas take effect when they are prepared.
        database.set_authorizer(
            lambda action, *_: (
                sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_PRAGMA else sqlite3.SQLITE_OK
            )
        )
        try:
            database.executemany(statement, ())  # prepared, then executed for zero rows
        except sqlite3.ProgrammingError:  # prepared without error; it is a query, or has parameters
            return None
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            return str(error) if _SQL_SYNTAX.search(str(error)) else None
    return None


async def _parse_shell(block: Block) -> _Problem:
    wanted = block.tag if block.tag in {"sh", "zsh"} else "bash"
    shell = shutil.which(wanted)
    if shell is None:
        raise NotChecked(f"{wanted} is not installed")
    return await _problem_of([shell, "-n"], _PLACEHOLDER.sub("placeholder", block.code))


async def _parse_javascript(block: Block) -> _Problem:
    node = _node()
    if block.tag == "jsx":
        raise NotChecked("Node does not read JSX")
    kinds = ("module", "commonjs") if _MODULE.search(block.code) else ("commonjs", "module")
    for kind in kinds:
        option = ["--input-type=module"] if kind == "module" else []
        problem = await _problem_of([node, *option, "--check", "-"], block.code)
        if problem is None:
            return None
    if _MARKUP.search(block.code):
        raise NotChecked("Node does not read JSX")
    return problem


async def _parse_typescript(block: Block) -> _Problem:
    node = _node()
    problem = await _problem_of([node, "--no-warnings", "-e", _STRIP_TYPES], block.code)
    if problem is not None and _MARKUP.search(block.code):
        raise NotChecked("Node does not read JSX")
    return problem


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise NotChecked("node is not installed")
    return node


async def _problem_of(command: list[str], text: str) -> _Problem:
    """Runs a parser that reads standard input and executes nothing; returns its error message."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
    )
    try:
        async with asyncio.timeout(_PARSER_TIMEOUT_S):
            _, said = await process.communicate(text.encode(errors="replace"))
    except TimeoutError:
        raise NotChecked(f"{command[0]} took more than {_PARSER_TIMEOUT_S:g} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == 0:
        return None
    if process.returncode == _NODE_IS_TOO_OLD:
        raise NotChecked("node is older than 22.13")
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    named = [line for line in lines if "rror" in line]
    return (named or lines or [f"{command[0]} gave up"])[0].removeprefix(f"{command[0]}: ")


PARSERS: dict[str, Callable[[Block], Awaitable[_Problem]]] = {
    "python": _parse_python,
    "json": _parse_json,
    "yaml": _parse_yaml,
    "sql": _parse_sql,
    "shell": _parse_shell,
    "javascript": _parse_javascript,
    "typescript": _parse_typescript,
}
"""By language: what is wrong with a block, in words, or None. They raise NotChecked."""
