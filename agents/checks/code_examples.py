"""The examples and tests that a prompt carries for Python code, and the code of an answer."""

from __future__ import annotations

import ast
import builtins
import doctest
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from router.classify.code_language import Block, fenced_blocks

_RAISES = re.compile(
    r"`?\s*#?\s*(?:->|=>|→)?\s*(?:should |must |deve )?"
    r"(?:raises?|throws?|lan[çc]ar?|levantar?|gerar?)\s+(?:an? |uma? )?`?"
    r"([A-Za-z_]\w*(?:Error|Exception|Warning|Exit|Iteration)|Exception)\b"
)
_CALL = re.compile(r"(?<![\w.])[A-Za-z_]\w*\(")
_GIVES = re.compile(
    r"`?\s*#?\s*(?:->|=>|→|==|(?:should |must |deve )?"
    r"(?:returns?|gives?|is|be|retornar?|devolver?|devolve|dá|dar|é|ser)\b:?)\s*`?"
)
# What may follow a value in prose. After anything else the expression may go on ("4 + n").
_AFTER_VALUE = re.compile(
    r"[`.,;)\]\"']*\s*(?:$|[#/(-]|(?:and|because|since|if|e|pois)\b)|[.,;]\s+[^\W\d]"
)
_BARE_PAIR = re.compile(r",\s*[-\d\"'\[({TFN]")
# A line with one of these words may say what the code does but should not do.
_COMPLAINT = re.compile(
    r"\b(?:but|instead|wrong|wrongly|bug|incorrect\w*|currently|however|not|never|mas|por[ée]m|errad\w+"
    r"|erro|incorret\w+|atualmente|em vez|n[ãa]o|nunca)\b|n't\b",
    re.IGNORECASE,
)
# Imports of tests that exist in the sandbox.
_TESTING = re.compile(
    r"import (?:math|pytest|unittest)|from (?:math|pytest|unittest) import [\w, ]+"
)
_MAX_VALUE_CHARS = 300
_MAX_EXAMPLES = 50
# The parser tries every possible end of a call or a value; this bounds the cost.
_MAX_PROMPT_CHARS = 20_000
_MAX_LINE_CHARS = 1000
_MAX_NESTED = 8


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to try. `source` is an expression for `value`, whose literal is `expected`; code
    that must not raise for `code`; a statement whose output is `expected` for `doctest`, and one
    that raises the class `expected` for `raises`.

    names: what it needs of the answer.
    """

    form: Literal["value", "code", "doctest", "raises"]
    source: str
    expected: str
    names: frozenset[str]


def examples_of(prompt: str) -> tuple[Example, ...]:
    """The examples of a prompt's first 20,000 characters; at most 50, and only those that can be
    read in one way.

    Read are: `f(2) -> 4` (also =>, ==, "returns", "devolve", in running text) with literal
    arguments and a literal result, and `f(2) raises ValueError`; `assert` statements on a line or
    in a fenced block; test functions without parameters and unittest's cases in a fenced block;
    doctests. A definition beside them in the prompt is not run: it may be the one to mend.
    """
    prompt = prompt[:_MAX_PROMPT_CHARS]
    found = [*_doctests(prompt)]
    for block in fenced_blocks(prompt):
        found += _tests(block.code)
    prose = _without_assertions(prompt)
    found += _undisputed([e for line in prose.splitlines() for e in _values(line)])
    if not any(example.form == "code" for example in found):
        found += [example for line in prompt.splitlines() for example in _tests(line.strip(" -*`"))]
    return tuple(dict.fromkeys(found))[:_MAX_EXAMPLES]


def _without_assertions(prompt: str) -> str:
    """The text without the lines that are read as code or as doctests, so that nothing counts
    twice.
    """
    return "\n".join(
        line for line in prompt.splitlines() if not re.match(r"\W*(assert\b|>>>)", line)
    )


def _undisputed(values: list[Example]) -> list[Example]:
    """The examples without those that have two results: perhaps one is actual and one is wanted."""
    results: dict[str, set[str]] = {}
    for value in values:
        results.setdefault(value.source, set()).add(value.expected)
    return [value for value in values if len(results[value.source]) == 1]


def _values(line: str) -> Iterator[Example]:
    if len(line) > _MAX_LINE_CHARS or _COMPLAINT.search(line):
        return
    for match in _CALL.finditer(line):
        end = _end_of_call(line, match.start())
        if end is None:
            continue
        source, gives = line[match.start() : end], _GIVES.match(line, end)
        raises = _RAISES.match(line, end)
        if raises and _has_literal_arguments(source):
            yield Example("raises", source, raises[1], frozenset({source.split("(")[0]}))
        if gives is None:
            continue
        expected = _literal_at(line[gives.end() : gives.end() + _MAX_VALUE_CHARS])
        if expected is not None and _has_literal_arguments(source):
            yield Example("value", source, expected, frozenset({source.split("(")[0]}))


def _end_of_call(line: str, start: int) -> int | None:
    """Just past the parenthesis that closes the call at `start`."""
    position = start
    for _ in range(_MAX_NESTED):
        position = line.find(")", position) + 1
        if position == 0:
            return None
        if _parsed(line[start:position]) is not None:
            return position
    return None


def _parsed(source: str) -> ast.expr | None:
    try:
        return ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def _has_literal_arguments(source: str) -> bool:
    node = _parsed(source)
    if not isinstance(node, ast.Call):
        return False
    return all(map(_is_literal, [*node.args, *(keyword.value for keyword in node.keywords)]))


def _literal_at(text: str) -> str | None:
    """The longest literal at the start of the text, where its end is unambiguous."""
    for end in range(len(text), 0, -1):
        source = text[:end].strip()
        node = _parsed(source)
        if node is None or not _is_literal(node):
            continue
        if isinstance(node, ast.Tuple) and not source.startswith("("):
            continue  # "4, 9": one tuple or two values?
        if source.endswith("."):
            continue  # the full stop ends the sentence, not the number
        rest = text[end:]
        return source if _AFTER_VALUE.match(rest) and not _BARE_PAIR.match(rest) else None
    return None


def _tests(code: str) -> Iterator[Example]:
    """The assertions and the test functions of a piece of Python, each as a program of its own."""
    if "assert" not in code and "def test" not in code:
        return
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    imports = [one for one in map(ast.unparse, tree.body) if _TESTING.fullmatch(one)]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            if node.args.args or node.decorator_list:
                continue  # it takes fixtures or parameters, which only pytest can supply
        elif not isinstance(node, ast.Assert) and not _is_case(node):
            continue
        source = "\n".join((*imports, ast.unparse(node)))
        names = _needed(ast.parse(source))
        if names:
            yield Example("code", source, "", names)


def _is_case(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        ast.unparse(base).split(".")[-1] == "TestCase" for base in node.bases
    )


def _needed(tree: ast.AST) -> frozenset[str]:
    """The names that a piece of code takes from outside, builtins left out."""
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.ExceptHandler):
            bound.add(node.name or "")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return frozenset(used - bound - set(dir(builtins)))


def _doctests(prompt: str) -> Iterator[Example]:
    try:
        examples = doctest.DocTestParser().get_examples(prompt)
    except ValueError:  # the indentation of a prompt can be anything
        return
    bound: set[str] = set()
    for example in examples:
        try:
            tree = ast.parse(example.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        needed = _needed(tree) - bound
        bound |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - needed
        if isinstance(tree.body[0], ast.Import | ast.ImportFrom):
            continue  # imported from the module that the answer replaces
        if example.exc_msg is None:
            yield Example("doctest", example.source, example.want, needed)
        elif isinstance(tree.body[0], ast.Expr) and len(tree.body) == 1:
            raised = example.exc_msg.split(":")[0].strip().rpartition(".")[2]
            yield Example("raises", example.source.strip(), raised, needed)


def solution(blocks: tuple[Block, ...]) -> tuple[str, frozenset[str]]:
    """The answer's Python up to the last block that defines something, and the names it defines.

    What comes after shows how to use it.
    """
    kept, pending, names = "", "", set[str]()
    for block in blocks:
        if block.language != "python":
            continue
        try:
            tree = ast.parse(block.code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # the syntax check reports it
        defined = _defined(tree)
        pending += block.code + "\n"
        if defined:
            kept, pending = kept + pending, ""
            names |= defined
    return kept, frozenset(names)


def _defined(tree: ast.Module) -> set[str]:
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names
