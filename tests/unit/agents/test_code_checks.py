"""Answers with code: what parses and what does not, which language, and the task's own examples."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from agents.checks.code import code_parses, examples_pass, language_kept
from agents.checks.code_examples import examples_of
from agents.checks.sandbox import Limits, ProgramResult
from router.classify.code_language import asked_languages, evident_language, fenced_blocks
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task


def answer(text: str) -> Completion:
    return Completion(text=text, engine="e", model="m", finish_reason="stop")


def fenced(tag: str, code: str) -> str:
    return f"Here it is:\n\n```{tag}\n{code}\n```\n"


async def syntax(text: str, prompt: str = "p") -> CheckResult:
    return await code_parses(Task(prompt=prompt), Kind.CODE, answer(text))


def _node_version() -> tuple[int, ...]:
    node = shutil.which("node")
    if node is None:
        return (0,)
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.strip().lstrip("v").split("."))


NODE = _node_version()
with_node = pytest.mark.skipif(NODE == (0,), reason="node is not installed")
with_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")

GOOD = [
    ("python", "def f(x: int) -> int:\n    return x + 1"),
    ("py", "await fetch()\nasync for x in y:\n    print(x)"),
    ("python", "    x = 1\n    y = 2"),
    ("python", ">>> f(2)\n4\n>>> g(3)\n9"),
    ("python", "%matplotlib inline\n!pip install x\nimport x"),
    ("python", "print('\\d')"),
    ("json", '{"a": [1, 2, null]}'),
    ("json", '{"a": 1}\n{"a": 2}'),
    ("yaml", "a: 1\nb: [x, y]\n---\nc: !Ref d"),
    ("sql", "SELECT a, count(*) FROM t JOIN u USING (id) WHERE b > ? GROUP BY a;"),
    ("sql", "CREATE TABLE t (id INTEGER PRIMARY KEY);\nINSERT INTO t VALUES (1);\n-- done"),
    ("sql", "WITH r AS (SELECT 1) SELECT missing(x) FROM r, nowhere WHERE y = 'a;b'"),
    ("sql", "CREATE TRIGGER t AFTER INSERT ON u BEGIN UPDATE v SET a = 1; DELETE FROM w; END;"),
    ("sqlite", "PRAGMA table_info(t);"),
    ("rust", "fn f( {"),
    ("", "no particular language ((("),
]
BAD = [
    ("python", "def f(:\n    pass"),
    ("python", "def f(x):\nreturn x"),
    ("python", "for x in y:\n    continue\nbreak"),
    ("python", "print 'hello'"),
    ("python", ">>> f(2\n4"),
    ("json", '{"a": 1,}'),
    ("json", "[" * 100_000),
    ("yaml", "a: [1, 2\nb: 3"),
    ("yaml", "a: 1\n  b: 2"),
    ("sql", "SELECT a FROM WHERE b = 1"),
    ("sql", "SELECT a, FROM t;"),
    ("sql", "SELECT (a FROM t"),
    ("sql", "CREATE TABLE t (id INTEGER,);"),
    ("sql", "SELECT 1;\nSELEC 2;"),
    ("sql", "UPDATE t SET WHERE a = 1;"),
    ("sql", "INSERT INTO t (a, b VALUES (1, 2);"),
]
NODE_GOOD = [
    "const f = (x) => x ** 2;\nconsole.log(f(2));",
    "import a from 'b';\nexport const c = await a();",
    "const a = require('a');\nreturn a;",
]
NODE_BAD = ["const f = (x => {", "function (x) { return x }}", "let a = 1; let a = 2;"]
SHELL_GOOD = [
    'for f in *.txt; do\n  echo "$f"\ndone',
    "git checkout <branch>\ncat <<EOF > x\na\nEOF",
]
SHELL_BAD = ["if [ -f x ]; then\n  echo y", "for f in *; do echo $f", "echo 'open"]


@pytest.mark.parametrize(("tag", "code"), GOOD)
async def test_code_that_parses_passes(tag: str, code: str) -> None:
    result = await syntax(fenced(tag, code))
    assert result.passed, result.finding


@pytest.mark.parametrize(("tag", "code"), BAD)
async def test_code_that_does_not_parse_is_caught(tag: str, code: str) -> None:
    result = await syntax(fenced(tag, code))
    assert result.reason is EscalationReason.SYNTAX
    assert "does not parse" in result.finding


@with_node
@pytest.mark.parametrize("code", NODE_GOOD)
async def test_javascript_that_node_reads_passes(code: str) -> None:
    assert (await syntax(fenced("js", code))).finding == "javascript parses"


@with_node
@pytest.mark.parametrize("code", NODE_BAD)
async def test_javascript_that_node_does_not_read_is_caught(code: str) -> None:
    result = await syntax(fenced("javascript", code))
    assert result.reason is EscalationReason.SYNTAX
    assert "SyntaxError" in result.finding


@with_node
async def test_jsx_is_left_alone() -> None:
    result = await syntax(fenced("js", "const A = () => <div className='a'>{b}</div>;"))
    assert result.passed
    assert result.finding == "javascript not checked: Node does not read JSX"


@with_node
async def test_typescript_is_checked_where_node_can_and_said_not_to_be_where_it_cannot() -> None:
    good = await syntax(fenced("ts", "enum E { A }\nconst f = (x: number): string => `${x}`;"))
    bad = await syntax(fenced("ts", "const f = (x: number: string => x;"))
    if NODE >= (22, 13):
        assert good.finding == "typescript parses"
        assert bad.reason is EscalationReason.SYNTAX
    else:
        assert good.finding == "typescript not checked: node is older than 22.13"
        assert bad.passed


@with_bash
@pytest.mark.parametrize("code", SHELL_GOOD)
async def test_shell_that_bash_reads_passes(code: str) -> None:
    assert (await syntax(fenced("bash", code))).finding == "shell parses"


@with_bash
@pytest.mark.parametrize("code", SHELL_BAD)
async def test_shell_that_bash_does_not_read_is_caught(code: str) -> None:
    assert (await syntax(fenced("sh", code))).reason is EscalationReason.SYNTAX


async def test_what_is_not_installed_is_said_not_to_be_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = await syntax(fenced("js", "const (") + fenced("bash", "if") + fenced("json", "[]"))
    assert result.passed
    assert result.finding == (
        "json parses; javascript not checked: node is not installed; "
        "shell not checked: bash is not installed"
    )


async def test_checking_the_syntax_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    await syntax(
        fenced("python", f"open({str(mark)!r}, 'w')")
        + fenced(
            "sql", f"ATTACH DATABASE '{mark}' AS m; CREATE TABLE m.t (a); VACUUM INTO '{mark}';"
        )
        + fenced("bash", f"touch {mark}; $(touch {mark})")
        + fenced("js", f"require('fs').writeFileSync('{mark}', '')")
        + fenced("ts", f"require('fs').writeFileSync('{mark}', '')")
        + fenced("yaml", f"!!python/object/apply:os.system ['touch {mark}']")
    )
    assert not mark.exists()


@pytest.mark.parametrize(
    ("code", "prompt"),
    [
        ("SELECT a::int FROM t WHERE b ILIKE 'x%'", "p"),
        ("SELECT * FROM t WHERE d > now() - INTERVAL '1 day'", "p"),
        ("SELECT TOP 10 * FROM t", "p"),
        ("SELECT * FROM t WHERE a = %s", "p"),
        ("SELECT a FROM t LIMIT 5 PERCENT", "the first 5 % of a table in SQL Server"),
    ],
)
async def test_sql_of_another_database_is_left_alone(code: str, prompt: str) -> None:
    result = await syntax(fenced("sql", code), prompt)
    assert result.passed
    assert result.finding.startswith("sql not checked: SQLite cannot read it")


async def test_the_finding_names_what_was_parsed_and_where_the_fault_is() -> None:
    text = fenced("python", "x = 1") + fenced("json", "{}")
    assert (await syntax(text)).finding == "python, json parses"
    assert (await syntax("Only words.")).finding == "nothing to parse"
    assert "the json of block 3 does not" in (await syntax(text + fenced("json", "{"))).finding


def test_blocks_are_found_as_markdown_has_them() -> None:
    text = (
        "a\n```PY title=x\none\n```\n1. b\n   ~~~js\n   two\n     three\n   ~~~\n"
        "````text\n```\ninner\n```\n````\n```sql\nSELECT 1"
    )
    assert [(block.tag, block.language, block.code) for block in fenced_blocks(text)] == [
        ("py", "python", "one\n"),
        ("js", "javascript", "two\n  three\n"),
        ("text", None, "```\ninner\n```\n"),
        ("sql", "sql", "SELECT 1\n"),
    ]
    assert fenced_blocks("no code, ``` in a line") == ()


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("def f(x):\n    return x", "python"),
        ("import os\nprint(os.getcwd())", "python"),
        ('fn main() {\n    println!("a");\n}', "rust"),
        ("package main\n\nfunc main() {\n\tx := 1\n}", "go"),
        ("const a = 1;\nconsole.log(a)", "javascript"),
        ("interface A { x: string }\nconst f = (a: number) => a", "typescript"),
        ("public class A { public static void main(String[] a) {} }", "java"),
        ('#include <stdio.h>\nint main(void) {\n    printf("a");\n}', "c"),
        ("#include <vector>\nstd::vector<int> v;", "c++"),
        ("def f(x)\n  x + 1\nend", "ruby"),
        ("select a\nfrom b", "sql"),
        ("#!/bin/sh\necho a", "shell"),
        ('{"a": 1}', "json"),
        ("nothing to go by", None),
    ],
)
def test_a_block_without_a_tag_is_told_by_its_marks(code: str, language: str | None) -> None:
    assert evident_language(code) == language
    assert fenced_blocks(fenced("", code))[0].language == language


@pytest.mark.parametrize(
    ("prompt", "languages"),
    [
        ("Write a function in Rust that parses JSON.", {"rust"}),
        ("Escreva um quicksort em Go.", {"go"}),
        ("write a bash script that renames files", {"shell"}),
        ("Crie uma função JavaScript que some dois números", {"javascript"}),
        ("Preciso de um script de shell que apague logs", {"shell"}),
        ("Escreva em C# uma classe", {"c#"}),
        ("a linked list in C++, please", {"c++"}),
        ("a linked list in C", {"c"}),
        ("reverse a list in rust", {"rust"}),
        ("A Node.js server", {"javascript"}),
        ("Give me a TypeScript function", {"typescript"}),
        ("Port this Python function to Go", {"go"}),
        ("Reescreva este script Python em Rust", {"rust"}),
        ("Read JSON in a Python script and print YAML", {"python"}),
        ("Write it in Rust or Go", {"rust", "go"}),
        ("uma consulta SQL que junte duas tabelas", {"sql"}),
        ("Convert a string to JSON in Python", {"python"}),
        ("do it without using Python", set()),
        ("I want to go home in a swift car", set()),
        ("Write code that reverses a string", set()),
        ("Escreva o código de uma pilha", set()),
        ("Explain the island of Java", set()),
        ("fix it:\n```python\nin Rust\n```", set()),
    ],
)
def test_the_language_asked_for_is_read_from_the_prompt(prompt: str, languages: set[str]) -> None:
    assert asked_languages(prompt) == languages


@pytest.mark.parametrize(
    ("prompt", "text", "default", "kept"),
    [
        ("in Rust, reverse a list", fenced("rust", "fn f() {}"), None, True),
        ("in Rust, reverse a list", fenced("python", "def f(): ..."), None, False),
        ("in Rust, reverse a list", fenced("", "def f():\n    pass"), None, False),
        ("in Rust", fenced("bash", "cargo run") + fenced("rust", "fn f() {}"), None, True),
        ("in Rust", "Use `iter().rev()`.", None, True),
        ("reverse a list", fenced("python", "def f(): ..."), "rust", False),
        ("reverse a list", fenced("rs", "fn f() {}"), "Rust", True),
        ("which git command undoes it?", fenced("bash", "git revert"), "rust", True),
        ("reverse a list", fenced("python", "def f(): ..."), None, True),
        ("em Python, inverta", fenced("python", "def f(): ..."), "rust", True),
        ("fix:\n```go\nfunc f() {}\n```", fenced("python", "def f(): ..."), None, False),
        ("fix:\n```go\nfunc f() {}\n```", fenced("go", "func f() {}"), "rust", True),
        ("write a bash script", fenced("python", "import os"), None, False),
        ("a page with JavaScript", fenced("html", "<script>f()</script>"), None, True),
        ("a page with JavaScript", fenced("html", "<p>f</p>"), None, False),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_project_s(
    prompt: str, text: str, default: str | None, kept: bool
) -> None:
    result = language_kept(Task(prompt=prompt), answer(text), default)
    assert result.passed is kept, result.finding
    assert result.reason is (None if kept else EscalationReason.UNFAITHFUL)


def test_the_language_may_be_asked_for_in_the_system_prompt_and_the_finding_says_both() -> None:
    task = Task(prompt="reverse a list", system="Always answer in Kotlin.")
    result = language_kept(task, answer(fenced("python", "x = 1")), "go")
    assert result.finding == "kotlin was asked for, the code is python"


def test_a_default_language_without_a_name_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="default_language 'brainfog' is not known"):
        language_kept(Task(prompt="p"), answer("a"), "brainfog")


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("f(2) -> 4", [("f(2)", "4")]),
        (
            "e.g. `soma(2, -3) -> -1` e soma(0, 0) devolve 0.",
            [("soma(2, -3)", "-1"), ("soma(0, 0)", "0")],
        ),
        ('f("a)b", k=[1, (2, 3)]) => {"x": None}', [('f("a)b", k=[1, (2, 3)])', '{"x": None}')]),
        ("f(1.5) == 2.25, and f(2.0) should return 4.0", [("f(1.5)", "2.25"), ("f(2.0)", "4.0")]),
        ("f(2) -> 4. Then stop.", [("f(2)", "4")]),
        ("f(2)  # -> (1, 2)", [("f(2)", "(1, 2)")]),
        ("def f(x: int) -> int:", []),
        ("f(n) -> 4", []),
        ("f(2) -> 4 + n", []),
        ("f(2) -> 4 items", []),
        ("f(7, 2) -> 3, 1", []),
        ("f(2) -> true", []),
        ("if f(2) == 4:", []),
        ("f(2) returns 5 but should return 4", []),
        ("f(2) devolve 5, em vez de 4", []),
        ("It gives:\nf(2) -> 5\nIt should give:\nf(2) -> 4", []),
        ("nothing here", []),
    ],
)
def test_examples_are_read_only_where_they_can_be_read_in_one_way(
    prompt: str, found: list[tuple[str, str]]
) -> None:
    read = [(example.source, example.expected) for example in examples_of(prompt)]
    assert read == found


def test_a_prompt_made_to_be_hard_to_read_does_not_hold_up_the_router() -> None:
    started = time.monotonic()
    hard = ["f(" * 500_000, "f(f(f(f())))->\n" * 60_000, "convert " * 100_000, "f(1)->[\n" * 99_000]
    for prompt in hard:
        assert examples_of(prompt) == ()
        assert asked_languages(prompt) == set()
    assert time.monotonic() - started < 20


DOUBLE = fenced("python", "def double(x):\n    return 2 * x")
TRIPLE = fenced("python", "def double(x):\n    return 3 * x")


async def examples(prompt: str, text: str, limits: Limits | None = None) -> CheckResult:
    task = Task(prompt=prompt)
    if limits is None:
        return await examples_pass(task, Kind.CODE, answer(text))
    return await examples_pass(task, Kind.CODE, answer(text), limits=limits)


@pytest.fixture
async def sandboxed() -> None:
    result = await examples("double(2) -> 4", DOUBLE)
    if result.finding.startswith("not run"):
        pytest.skip(result.finding)


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    "prompt",
    [
        "Write double. double(2) -> 4 and double(0) -> 0",
        "It must satisfy:\n- assert double(2) == 4",
        "Tests:\n```python\nfrom it import double\nassert double(2) == 4, 'two'\n```",
        "```python\ndef test_double():\n    for x in (1, 2):\n        assert double(x) == x + x\n",
        "Like this:\n>>> double(2)\n4\n>>> y = double(3)\n>>> y\n6\n",
        "Escreva double; double(1.5) deve devolver 3.0",
    ],
)
async def test_code_is_tried_on_the_task_s_own_examples(prompt: str) -> None:
    right, wrong = await examples(prompt, DOUBLE), await examples(prompt, TRIPLE)
    assert right.passed
    assert "of the task's examples hold" in right.finding
    assert wrong.reason is EscalationReason.UNFAITHFUL
    assert "double(" in wrong.finding or "test_double" in wrong.finding


@pytest.mark.usefixtures("sandboxed")
async def test_the_finding_shows_the_example_that_failed() -> None:
    result = await examples("double(2) -> 4", TRIPLE)
    assert result.finding == "double(2) gives 6, the task says 4"
    result = await examples("double(2) -> 4", fenced("python", "def double(x):\n    return x / 0"))
    assert result.finding == "double(2) raises ZeroDivisionError: division by zero"


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("mean(1, 2, 2) -> 1.67", "def mean(*x):\n    return sum(x) / len(x)"),
        ("up(3) -> [1, 2, 3]", "def up(n):\n    yield from range(1, n + 1)"),
        ("f(1) -> 2", "async def f(x):\n    return x + 1"),
        ("f(1) -> 2", "def f(x):\n    print(x)\n    return x + 1\nprint(f(9))"),
        ("f(1) -> 2", "f = lambda x: x + 1"),
        ("f(1) -> 2", "def f(x):\n    return x + 1\nif __name__ == '__main__':\n    input()"),
    ],
)
async def test_values_are_compared_as_a_reader_would(prompt: str, code: str) -> None:
    result = await examples(prompt, fenced("python", code))
    assert result.finding == "1 of the task's examples holds"


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("def double(x):\n    while True:\n        pass", "limit of cpu passed"),
        ("def double(x):\n    import time\n    time.sleep(60)", "limit of time passed"),
        (
            "def double(x):\n    kept = []\n    while True:\n        kept.append('x' * 10**6)",
            "memory",
        ),
        ("def double(x):\n    import os\n    os._exit(3)", "with exit code 3"),
        ("def double(x):\n    raise SystemExit", "double(2) raises SystemExit"),
        ("def double(x):\n    return 2 * x\nraise RuntimeError('no')", "does not load: Runtime"),
    ],
)
async def test_code_that_does_not_come_to_an_end_is_caught(code: str, finding: str) -> None:
    # Only where the clock is the limit may a busy machine come to it first.
    wall_s = 2 if "time" in finding else 60
    limits = Limits(wall_s=wall_s, cpu_s=0.5, memory_bytes=64 * 2**20)
    result = await examples("double(2) -> 4", fenced("python", code), limits)
    assert result.reason is EscalationReason.UNFAITHFUL
    assert finding in result.finding


@pytest.mark.parametrize(
    ("prompt", "text", "finding"),
    [
        ("Write double.", DOUBLE, "the task carries none"),
        ("double(2) -> 4", "Multiply by two.", "not run: the answer defines nothing in Python"),
        ("double(2) -> 4", fenced("rust", "fn double() {}"), "not run: the answer defines nothing"),
        ("twice(2) -> 4", DOUBLE, "not run: the answer defines no twice"),
    ],
)
async def test_where_there_is_nothing_to_try_it_says_so_and_passes(
    prompt: str, text: str, finding: str
) -> None:
    result = await examples(prompt, text)
    assert result.passed
    assert result.finding.startswith(finding)


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("import no_such_thing\ndef double(x): return 2", "not run: the code needs no_such_thing"),
        ("def double(x): return 2\nn = input()", "not run: the code asks for input"),
    ],
)
async def test_what_the_sandbox_has_not_is_not_held_against_the_code(
    code: str, finding: str
) -> None:
    result = await examples("double(2) -> 4", fenced("python", code))
    assert result.passed
    assert result.finding == finding


async def test_without_a_sandbox_the_examples_are_not_run_and_the_result_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def none_here(*_: object, **__: object) -> ProgramResult:
        return ProgramResult("unavailable", reason="sandbox unavailable: it needs Linux")

    monkeypatch.setattr("agents.checks.trial.run_program", none_here)
    result = await examples("double(2) -> 4", TRIPLE)
    assert result.passed
    assert result.finding == "not run: sandbox unavailable: it needs Linux"


@pytest.mark.usefixtures("sandboxed")
async def test_the_definition_to_mend_in_the_prompt_does_not_replace_the_answer_s() -> None:
    prompt = "Mend it:\n```python\ndef double(x):\n    return 5\nassert double(2) == 4\n```"
    assert (await examples(prompt, DOUBLE)).finding == "1 of the task's examples holds"
    both = "Before:\n" + TRIPLE + "After:\n" + DOUBLE
    assert (await examples(prompt, both)).passed
