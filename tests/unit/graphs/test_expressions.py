"""The expression language: what it says, what it refuses, and that nothing gets out of it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.workflow.expressions.chunks import chunks
from graphs.workflow.expressions.errors import ExpressionError
from graphs.workflow.expressions.evaluate import Scope
from graphs.workflow.expressions.expressions import (
    evaluate,
    holds,
    references,
    references_in,
    render,
    render_data,
    render_text,
)
from graphs.workflow.expressions.functions import FUNCTIONS
from router.errors import ConfigError

SCOPE = Scope(
    inputs={
        "n": 3,
        "half": 0.5,
        "word": "Ada",
        "yes": True,
        "none": None,
        "people": [{"name": "Ada", "age": 36}, {"name": "Bob"}, {}],
        "big": "x" * 900_000,
        "numbers": list(range(50_000)),
        "format": "{0.__class__}",
    },
    steps={
        "facts": {
            "output": {
                "problem": "bug",
                "due-date": "May",
                "questions": ["a", "b"],
                "__class__": 1,
            },
            "status": "done",
        },
        "skipped": {"output": None, "status": "skipped"},
        "text": {"output": "plain words", "status": "done", "cost_usd": 0.25},
    },
    item={"id": 7},
    index=4,
)

VALUES: list[tuple[str, Any]] = [
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("-2 - -3", 1),
    ("-inputs.n", -3),
    ("2 * -inputs.n", -6),
    ("6 / 3", 2),
    ("7 / 2", 3.5),
    ("-7 % 3", 2),
    ("1e3", 1000.0),
    ("'a' + 'b'", "ab"),
    ("[1] + [2, 3]", [1, 2, 3]),
    ("'it''s'", "it's"),
    (r"'tab\tnew\nline \u00e9 \\'", "tab\tnew\nline é \\"),
    ('"it\'s"', "it's"),
    ("true && false || true", True),
    ("true or false and false", True),
    ("not true or true", True),
    ("not (true or true)", False),
    ("!inputs.none", True),
    ("!inputs.n == false", True),
    ("not inputs.n == 3", False),
    ("inputs.none or 'otherwise'", "otherwise"),
    ("inputs.word and 'there'", "there"),
    ("1 == 1.0", True),
    ("1 == true", False),
    ("0 == false", False),
    ("'1' == 1", False),
    ("null == inputs.none", True),
    ("[1, [2]] == [1, [2]]", True),
    ("'a' < 'b'", True),
    ("2 >= 2 and 2 <= 2 and 3 > 2", True),
    ("'b' in ['a', 'b']", True),
    ("'c' not in ['a', 'b']", True),
    ("true in [1]", False),
    ("'d' in 'Ada'", True),
    ("'problem' in steps.facts.output", True),
    ("'x' in null", False),
    ("inputs.people[0].name", "Ada"),
    ("inputs['word']", "Ada"),
    ("inputs.people[-3].name", "Ada"),
    ("inputs.people[9].name.first", None),
    ("inputs.people.*.name", ["Ada", "Bob", None]),
    ("(inputs.people.*.name)[0]", "Ada"),
    ("steps.facts.output['due-date']", "May"),
    ("steps['facts'].output.questions[inputs.n - 2]", "b"),
    ("steps.facts.output.nothing", None),
    ("steps.skipped.output.anything.at.all", None),
    ("steps.text.cost_usd", 0.25),
    ("steps.text.error", None),
    ("item.id + index", 11),
    ("len('abc') + len([1]) + len(steps.facts.output)", 8),
    ("lower('ÀB') + upper('ß')", "àbSS"),
    ("trim('  a ')", "a"),
    ("contains('abc', 'b') and contains([1, 2], 2)", True),
    ("startsWith('abc', 'ab') and endsWith('abc', 'bc')", True),
    ("join([1, 'a', null, true], '-')", "1-a--true"),
    ("join(['a', 'b'])", "a, b"),
    ("split('a,b', ',')", ["a", "b"]),
    ("slice('abcdef', 1, 3)", "bc"),
    ("slice([1, 2, 3], -2)", [2, 3]),
    ("format('{0} is {1}, {{0}}', 'x', 1.0)", "x is 1, {0}"),
    ("default(inputs.none, 'd')", "d"),
    ("default(false, 'd')", False),
    ("string(3) + string(2.0) + string(null) + string(true)", "32true"),
    ("number('4.5') + number(true)", 5.5),
    ("boolean('') or boolean([])", False),
    ("json([1, 'é'])", '[1, "é"]'),
    (r'fromJson("{\"a\": [1]}")', {"a": [1]}),
    ("keys(inputs.people[0])", ["name", "age"]),
    ("values(inputs.people[0])", ["Ada", 36]),
    ("round(2.5) + round(2.567, 2)", 4.57),
    ("min(3, 1, 2) + max([4, 5])", 6),
    ("min([])", None),
    ("sum([1, 2.5])", 3.5),
    ("range(3)", [0, 1, 2]),
    ("range(5, 1, -2)", [5, 3]),
    ("flatten([[1], 2, [[3]]])", [1, 2, [3]]),
    ("compact(['a', null, '', 0, false, []])", ["a", 0, False]),
    ("csv(inputs.people, 'name', 'age')", "name,age\nAda,36\nBob,\n,\n"),
    ("csv([], 'a')", "a\n"),
]


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_an_expression_has_this_value(expression: str, value: Any) -> None:
    found = evaluate(expression, SCOPE)
    assert found == value
    assert type(found) is type(value)
    assert evaluate(f"${{{{ {expression} }}}}", SCOPE) == value


MISTAKES = [
    ("", "column 1 of ``: the expression is empty"),
    ("1 +", "column 4 of `1 +`: it ends too early: a value is missing"),
    ("(1", "`)` is missing"),
    ("1 2", "column 3 of `1 2`: expected an operator, found `2`"),
    (
        "inputs.n = 3",
        "column 10 of `inputs.n = 3`: `=` means nothing here: equality is written `==`",
    ),
    ("a < b", "unknown name `a`: known are inputs, steps, item, index"),
    ("1 < 2 < 3", "comparisons do not chain: write `a < b and b < c`"),
    ("input.n", "unknown name `input` (did you mean `inputs`?)"),
    ("inputs.m", "unknown input `m`: known are n, half, word"),
    ("inputs.wrod", "(did you mean `word`?)"),
    ("inputs", "after `inputs` stands an input's name"),
    ("inputs[inputs.word]", "after `inputs` stands an input's name"),
    (
        "steps.fcats.output",
        "unknown step `fcats` (did you mean `facts`?): known are facts, skipped",
    ),
    ("steps.facts.outputs", "a step has no `outputs` (did you mean `output`?)"),
    ("steps.facts", "after `steps.facts` stands one of output, status, error, cost_usd"),
    ("steps.text.output.name", "a string has no keys: has the step an `output.schema`?"),
    ("steps.facts.output.questions.first", "a list is read by number, or by .* in every element"),
    ("lenght([])", "unknown function `lenght` (did you mean `len`?)"),
    ("len", "(a function is called: `len(...)`)"),
    ("len()", "`len` is called as len(x)"),
    ("len(3)", "`len` takes array or object or string as argument 1, found number"),
    ("lower(inputs.none)", "found null: give it a value with default(...)"),
    ("'a' + 1", "cannot add string and number: write string(...) or number(...)"),
    ("inputs.none > 1", "cannot compare null with number: give it a value with default(...)"),
    ("1 / 0", "column 3 of `1 / 0`: division by zero"),
    ("'open", "column 1 of `'open`: the text that opens here is never closed"),
    (r"'\q'", r"`\q` is no escape"),
    ("number('three')", "'three' is no number"),
    ("fromJson('{')", "it is no JSON"),
    ("format('{1}', 'a')", "the format wants {1}, and has 1 values"),
    ("true ? 1 : 2", "write `condition and this or that`"),
    ("'a' not 'b'", "expected `in` after `not`"),
    ("`ls`", "text stands in quotes"),
    ("csv([1])", "csv wants a list of objects"),
]


@pytest.mark.parametrize(("expression", "told"), MISTAKES)
def test_a_mistake_names_the_expression_the_column_and_what_is_known(
    expression: str, told: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, SCOPE)
    assert told in str(caught.value)
    assert isinstance(caught.value, ConfigError)


ESCAPES = [
    "().__class__",
    "''.__class__.__mro__",
    "(1).__class__.__base__.__subclasses__()",
    "[].__class__.__base__.__subclasses__()",
    "[]['__class__']",
    "len.__globals__",
    "len.__self__",
    "format.__globals__['os']",
    "inputs.word.__class__",
    "inputs.word['__class__']",
    "inputs.n.real",
    "inputs.people.__len__()",
    "inputs.people.append(1)",
    "inputs.people[0].__class__.__init__.__globals__",
    "inputs.people[0].get('name')",
    "inputs.__class__",
    "steps.__init__.output",
    "steps.facts.__class__",
    "__import__('os').system('id')",
    "__builtins__",
    "eval('1')",
    "exec('import os')",
    "open('/etc/passwd')",
    "getattr(inputs, 'x')",
    "globals()",
    "(lambda: 1)()",
    "[x for x in inputs.people]",
    "inputs.people[0:1]",
    "format('{0.__class__}', 'a')",
    "format('{0[0]}', 'a')",
    "format(inputs.format, 'a')",
    "'%s' % inputs.people",
    "f'{inputs.n}'",
    "inputs.n if true else 2",
    "inputs.n := 4",
    "inputs.n; 1",
    "import os",
    "self",
    "None.__class__",
    "`id`",
    "$(id)",
    "fromJson('NaN')",
    "fromJson('!!python/object/apply:os.system [id]')",
]


@pytest.mark.parametrize("expression", ESCAPES)
def test_no_way_leads_to_a_python_object(expression: str) -> None:
    try:
        found = evaluate(expression, SCOPE)
    except ExpressionError:
        return
    # Where a key may be anything, it is only a key, and one that is not there.
    assert found is None


def test_a_dunder_name_is_a_key_like_any_other() -> None:
    assert evaluate("steps.facts.output.__class__", SCOPE) == 1
    assert evaluate("steps.facts.output.__init__", SCOPE) is None


@pytest.mark.parametrize(
    "strange", [object(), (1, 2), {1, 2}, b"bytes", type("S", (str,), {})("a")]
)
def test_what_is_no_plain_data_is_refused_wherever_it_comes_from(strange: Any) -> None:
    scope = Scope(inputs={"x": strange, "deep": {"a": [strange]}})
    for expression in ("inputs.x", "json(inputs.deep)", "inputs.deep.a[0]", "inputs.x == 1"):
        with pytest.raises(ExpressionError, match="no plain data"):
            evaluate(expression, scope)


@pytest.mark.parametrize(
    "expression",
    [
        "inputs.big + inputs.big",
        "join([inputs.big, inputs.big])",
        "format('{0}{0}', inputs.big)",
        "json([inputs.big, inputs.big])",
        "upper(inputs.big + slice(inputs.big, 0, 200000))",
        "range(10001)",
        "range(9000000000000000000)",
        "range(-1, 9000000000000000000)",
        "9000000000000000000 * 9000000000000000000",
        "1e308 * 10",
        "99999999999999999999",
        "1e999",
        "number('1e999')",
        "fromJson('" + "[" * 300 + "')",
        "fromJson('1" + "0" * 3000 + "')",
        "(" * 500,
        "(" * 200 + "1" + ")" * 200,
        "!" * 500 + "1",
        "-" * 500 + "inputs.n",
        "[" * 500,
        "1" + "+1" * 400,
        "inputs.people" + ".a" * 400,
        "inputs.people" + ".*" * 400,
        "x" * 5000,
        "inputs.numbers + inputs.numbers + inputs.numbers",
        "flatten([" + ", ".join(["inputs.numbers"] * 40) + "])",
        "sum(inputs.numbers) + " * 60 + "sum(inputs.numbers)",
        "inputs.numbers == inputs.numbers and " * 45 + "true",
        "chunks(inputs.big, 1)",
        "split(inputs.big, 'x')",
        "round(1.5, 400)",
    ],
)
def test_what_would_be_too_large_too_deep_or_too_long_ends_soon(expression: str) -> None:
    began = time.monotonic()
    with pytest.raises(ExpressionError):
        evaluate(expression, SCOPE)
    assert time.monotonic() - began < 5


def test_a_text_keeps_its_words_and_an_expression_alone_its_type() -> None:
    assert (
        render("n=${{ inputs.n }}, ${{ inputs.none }}${{ [1, null] }}!", SCOPE) == "n=3, [1, null]!"
    )
    assert render("  ${{ steps.facts.output.questions }}\n", SCOPE) == ["a", "b"]
    assert render_text("${{ inputs.n }}", SCOPE) == "3"
    assert render("no expression, {{ inputs.n }} and $x }}", SCOPE) == (
        "no expression, {{ inputs.n }} and $x }}"
    )
    assert render("${{ '}}' }}${{ '${{' }}", SCOPE) == "}}${{"
    assert render_data({"a": ["${{ inputs.n }}", 1], "${{ k }}": None}, SCOPE) == {
        "a": [3, 1],
        "${{ k }}": None,
    }


def test_what_an_expression_gives_is_never_read_as_an_expression_again() -> None:
    scope = Scope(inputs={"x": "${{ inputs.secret }}", "secret": "s"})
    assert render("a ${{ inputs.x }}", scope) == "a ${{ inputs.secret }}"


def test_the_place_of_a_mistake_is_counted_in_the_whole_text() -> None:
    with pytest.raises(ExpressionError) as caught:
        render("ab ${{ inputs.n }} ${{ inputs.n + }}", SCOPE)
    assert caught.value.begins + caught.value.offset == 34
    with pytest.raises(ExpressionError, match="`}}` is missing"):
        render("a ${{ inputs.n }", SCOPE)


def test_a_condition_is_one_expression() -> None:
    assert holds("inputs.n > 2", SCOPE)
    assert not holds("${{ inputs.none }}", SCOPE)
    with pytest.raises(ExpressionError, match="this is one expression"):
        holds("${{ inputs.n }} > 2", SCOPE)


def test_item_and_index_are_known_in_a_loop_only() -> None:
    for name in ("item", "index"):
        with pytest.raises(ExpressionError, match="inside a step with `for_each` only"):
            evaluate(name, Scope())
    assert evaluate("item", Scope(item=None, index=0)) is None


def test_references_are_known_before_anything_runs() -> None:
    found = references("steps.a.output[inputs.x].b == default(steps['c'].status, item)")
    assert (found.steps, found.inputs, found.loop) == ({"a", "c"}, {"x"}, True)
    found = references_in({"k": ["x ${{ steps.b.output.*.z }}", 3, "steps.no.output"]})
    assert (found.steps, found.inputs, found.loop) == ({"b"}, frozenset(), False)


def test_a_cell_that_a_spreadsheet_would_run_starts_with_a_quote() -> None:
    scope = Scope(inputs={"rows": [{"a": "=HYPERLINK(1)", "b": -5, "c": 'x,"y"'}, None]})
    assert evaluate("csv(inputs.rows)", scope) == 'a,b,c\n\'=HYPERLINK(1),-5,"x,""y"""\n'


@given(st.text(alphabet="ab .\n", max_size=2000), st.integers(100, 400))
@settings(max_examples=100)
def test_chunks_lose_nothing_and_are_never_too_long(text: str, size: int) -> None:
    found = list(chunks(text, size))
    assert all(0 < len(one) <= size for one in found)
    assert "".join("".join(found).split()) == "".join(text.split())


SOURCES = [expression for expression, _ in VALUES] + [expression for expression, _ in MISTAKES]
PIECES = [*FUNCTIONS, "inputs.n", "inputs.big", "inputs.numbers", "steps.facts.output", "item",
          *"+-*/%()[],.!<>'\"\\", "==", "and", "not", "in", ".*", "1e9", "null", "{0}"]  # fmt: skip


def only_its_own_error(expression: str) -> None:
    began = time.monotonic()
    for attempt in (evaluate, render, lambda text, _: references(text)):
        try:
            attempt(expression, SCOPE)
        except ExpressionError as error:
            told = error
        else:
            continue
        assert str(told).isprintable()
        assert 0 <= told.offset <= len(told.expression)
    assert time.monotonic() - began < 5


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_random_bytes_raise_nothing_but_the_modules_own_error(raw: bytes) -> None:
    only_its_own_error(raw.decode("utf-8", "replace"))
    only_its_own_error(raw.decode("latin-1"))


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.sampled_from(["", " "]))
@settings(max_examples=500)
def test_words_of_the_language_in_any_order_raise_nothing_else(words: list[str], by: str) -> None:
    only_its_own_error(by.join(words))
    only_its_own_error("${{" + by.join(words) + "}}")


@given(st.sampled_from(SOURCES), st.data())
@settings(max_examples=500)
def test_mutated_expressions_raise_nothing_else(source: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(at, min(len(source), at + 5)))
    put = data.draw(st.sampled_from(PIECES) | st.text(max_size=3))
    only_its_own_error(source[:at] + put + source[end:])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ),
    st.sampled_from([*FUNCTIONS]),
)
@settings(max_examples=400)
def test_a_function_given_any_data_raises_nothing_else(value: Any, name: str) -> None:
    scope = Scope(inputs={"x": value, "y": "a"}, item=value, index=1)
    for expression in (
        f"{name}(inputs.x)",
        f"{name}(inputs.x, inputs.x)",
        f"{name}(inputs.y, item)",
    ):
        try:
            evaluate(expression, scope)
            render_text(f"a ${{{{ {expression} }}}}", scope)
        except ExpressionError:
            continue
