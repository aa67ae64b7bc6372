"""Tools: made from functions, permitted by role, judged where they run, and recorded."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Mapping
from datetime import date
from importlib.metadata import EntryPoint
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from agents.engines.grammar import compact_grammar
from agents.tools import registry as registry_module
from agents.tools.audit import AuditRecord, ToolResult
from agents.tools.call import Answer, Malformed, read_arguments
from agents.tools.permission import Permission
from agents.tools.registry import Registry
from agents.tools.schemas import SchemaUnusable, self_contained
from agents.tools.shown import as_data, beginning, cleaned
from agents.tools.tool import Output, Tool, ToolFailed, tool
from agents.tools.toolbox import Toolbox
from router.errors import ConfigError

SECRET = "4111-1111-1111-1111"
IMPORTED: list[str] = []


class Point(BaseModel):
    x: int
    y: int = 0


@tool
def repeat(text: str, times: Annotated[int, Field(ge=1, le=100)] = 50) -> str:
    """Says it several times."""
    return text * times


@tool
async def moved(point: Point, way: Literal["up", "down"], when: date | None = None) -> object:
    """Moves a point."""
    return {"x": point.x, "y": point.y + (1 if way == "up" else -1), "when": when}


@tool(changes=True)
def forget(what: str) -> str:
    """Deletes it."""
    return f"forgot {what}"


@tool(leaves=True)
def ask_far_away(question: str) -> str:
    """Asks another machine."""
    return "42"


@tool(timeout_s=0.05)
async def never() -> str:
    """Does not end."""
    await asyncio.Event().wait()
    return "never"


@tool
def broken(how: Literal["error", "exit", "stop"]) -> str:
    """Raises."""
    kinds: dict[str, type[BaseException]] = {"error": KeyError, "exit": SystemExit}
    raise kinds.get(how, StopIteration)(SECRET)


ALL = (repeat, moved, forget, ask_far_away, never, broken)


class Desk:
    """A toolbox and the records it left."""

    def __init__(
        self,
        *tools: Tool,
        limits: Mapping[str, Mapping[str, Any]] | None = None,
        max_calls: int = 20,
        **rest: Any,
    ) -> None:
        self.records: list[AuditRecord] = []
        names = tuple(tool.name for tool in tools)
        self.box = Toolbox(
            ALL,
            task_id="t1",
            role="general",
            permission=Permission(names, limits or {}, max_calls),
            audit=self.records.append,
            **rest,
        )

    async def call(self, name: str, /, **arguments: Any) -> ToolResult:
        return await self.box.call(name, arguments)

    async def refused(self, name: str, arguments: Mapping[str, Any] | str) -> str:
        """The reason of a call that must be refused and recorded as such."""
        before = len(self.records)
        result = await self.box.call(name, arguments)
        assert (result.status, self.records[-1].outcome) == ("refused", "refused")
        assert len(self.records) == before + 1
        assert self.records[-1].reason == result.reason
        return result.reason


def body(result: ToolResult) -> str:
    return "\n".join(result.text.split("\n")[2:-1])


async def test_a_typed_function_is_a_tool_with_its_schema_and_description() -> None:
    assert repeat.description == "Says it several times."
    assert repeat.schema == {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "times": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
        },
        "required": ["text"],
        "additionalProperties": False,
    }
    assert "$ref" not in json.dumps(moved.schema)


async def test_arguments_arrive_as_the_types_the_function_names() -> None:
    desk = Desk(moved)
    result = await desk.call("moved", point={"x": 1}, way="up", when="2026-03-07")
    assert (result.status, body(result)) == ("done", '{"x":1,"y":1,"when":"2026-03-07"}')


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: tool(name="a b", description="x")(lambda: 1), "name of letters"),
        (lambda: Tool("f", "x", {"$ref": "#/$defs/no"}, moved.run), "points at nothing"),
        (lambda: tool(name="f", description="x")(lambda a: a), "'a' has no type"),
        (lambda: tool(name="f", description="x")(lambda *a: a), "cannot be given by its name"),
        (lambda: tool(name="f")(lambda: 1), "needs a docstring"),
    ],
)
def test_a_function_that_cannot_be_a_tool_says_why(make: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()


def test_an_argument_that_json_cannot_hold_is_a_fault_of_configuration() -> None:
    def listens(callback: threading.Event) -> None:
        """Listens."""

    with pytest.raises(ConfigError, match="'callback' cannot be given as JSON"):
        tool(listens)


async def test_only_what_the_permission_names_is_offered_and_called() -> None:
    desk = Desk(repeat)
    assert [schema["name"] for schema in desk.box.schemas()] == ["repeat"]
    reason = await desk.refused("forget", {"what": "all"})
    assert reason == "there is no such tool for the role 'general'; there are: repeat"


async def test_a_call_is_recorded_with_names_and_a_digest_and_no_value() -> None:
    desk = Desk(repeat, limits={"repeat": {"text": {"maxLength": 5}}})
    await desk.box.call("repeat", {"times": 2, "text": SECRET})
    await desk.box.call("repeat", {"text": SECRET, "times": 2})
    await desk.box.call("repeat", {"text": 5})
    await desk.box.call("repeat", {SECRET + "!": 1})
    await desk.box.call(SECRET + "?", {})
    await desk.box.call("repeat", f'{{"text": "{SECRET}"')
    first, second, *_, nameless, toolless, unread = desk.records
    assert first.argument_names == ("text", "times")
    assert first.arguments_sha256 == second.arguments_sha256
    assert (nameless.argument_names, toolless.tool) == (("?",), "?")
    assert (unread.outcome, len(unread.arguments_sha256)) == ("malformed", 64)
    assert SECRET not in repr(desk.records)


async def test_a_limit_holds_for_what_is_given_and_for_what_is_left_out() -> None:
    desk = Desk(repeat, limits={"repeat": {"times": 3}})
    assert "must be at most 3" in await desk.refused("repeat", {"text": "a", "times": 4})
    result = await desk.call("repeat", text="a")
    assert body(result) == "aaa"
    (shown,) = desk.box.schemas()
    assert shown["parameters"]["properties"]["times"] == {
        **{"type": "integer", "minimum": 1, "maximum": 3, "default": 3}
    }


@pytest.mark.parametrize(
    ("limit", "good", "bad"),
    [
        ({"enum": ["a", "b"]}, "a", "c"),
        (["a"], "a", "A"),
        ({"pattern": "a+"}, "aa", "aab"),
        ({"pattern": "a$"}, "a", "a\n"),
        ({"maxLength": 2}, "ab", "abc"),
        ({"maximum": 2}, None, "1"),
        ({"maxItems": 2}, None, "a"),
    ],
)
async def test_limits_of_text(limit: Any, good: str | None, bad: str) -> None:
    desk = Desk(repeat, limits={"repeat": {"text": limit}})
    assert "'text'" in await desk.refused("repeat", {"text": bad})
    if good is not None:
        assert (await desk.call("repeat", text=good)).status == "done"


async def test_true_is_no_number_and_no_one() -> None:
    desk = Desk(repeat, limits={"repeat": {"times": [1]}})
    assert "integer" in await desk.refused("repeat", {"text": "a", "times": True})
    # 50, the default, is no choice: it must be given.
    assert "must be given" in await desk.refused("repeat", {"text": "a"})


@pytest.mark.parametrize("limit", [{}, {"max": 3}, "3", True, {"maximum": "3"}, {"pattern": "("}])
def test_a_limit_that_cannot_be_read_is_no_limit_that_is_ignored(limit: Any) -> None:
    with pytest.raises(ConfigError, match=r"limits of repeat\.times"):
        Permission(("repeat",), {"repeat": {"times": limit}})


def test_a_limit_of_what_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match="'forget', which is no allowed tool: repeat"):
        Permission(("repeat",), {"forget": {"what": ["a"]}})
    with pytest.raises(ConfigError, match=r"repeat\.time is of no argument; there are: text"):
        Desk(repeat, limits={"repeat": {"time": 3}})


async def test_the_calls_of_a_task_are_counted_refused_and_concurrent_ones_too() -> None:
    desk = Desk(repeat, max_calls=3)
    await desk.box.call("nothing", {})
    results = await asyncio.gather(*(desk.call("repeat", text="a") for _ in range(5)))
    assert [result.status for result in results] == ["done"] * 2 + ["refused"] * 3
    assert "this task may make 3" in results[-1].reason
    assert len(desk.records) == 6


async def test_what_changes_something_is_run_after_a_yes_and_only_then() -> None:
    asked = []

    async def says(what: object) -> ToolResult:
        async def approve(tool: Tool, arguments: Mapping[str, Any]) -> bool:
            asked.append((tool.name, dict(arguments)))
            if isinstance(what, Exception):
                raise what
            arguments["what"] = "everything"  # type: ignore[index]  it tries
            return what  # type: ignore[return-value]  whatever it is

        return await Desk(forget, approve=approve).call("forget", what="it")

    assert body(await says(True)) == "forgot it"
    assert (await says(False)).reason == "forget changes something, and it was not approved"
    assert (await says("yes")).status == "refused"
    assert "asking raised ValueError" in (await says(ValueError(SECRET))).reason
    assert asked == [("forget", {"what": "it"})] * 4
    unasked = await Desk(forget).refused("forget", {"what": "it"})
    assert unasked == "forget changes something, and nobody is there to approve it"


async def test_an_approval_that_never_comes_is_none() -> None:
    async def asleep(_tool: Tool, _arguments: Mapping[str, Any]) -> bool:
        await asyncio.Event().wait()
        return True

    desk = Desk(forget, approve=asleep, approval_timeout_s=0.05)
    assert "no approval within 0.05 s" in await desk.refused("forget", {"what": "it"})


async def test_what_must_stay_local_is_not_sent_away_by_a_tool() -> None:
    desk = Desk(repeat, ask_far_away, local_only=True)
    assert [schema["name"] for schema in desk.box.schemas()] == ["repeat"]
    assert "off this machine" in await desk.refused("ask_far_away", {"question": "?"})
    assert (await Desk(ask_far_away).call("ask_far_away", question="?")).status == "done"


@pytest.mark.parametrize(
    "written",
    [
        *("", "{", "[]", '"a"', '{"text": NaN}', '{"text": 1e999}', '{"text": "\\ud800"}'),
        *("[" * 10_000, '{"text": ' + "9" * 5000 + "}", '{"text": "' + "a" * 60_000 + '"}'),
    ],
)
async def test_what_cannot_be_read_is_repaired_once_and_then_escalates(written: str) -> None:
    desk = Desk(repeat)
    first, second = [await desk.box.call("repeat", written) for _ in range(2)]
    assert (first.status, first.remedy) == ("malformed", "repair")
    assert "Write the call again" in first.text
    assert (second.status, second.remedy) == ("malformed", "escalate")
    assert (await desk.call("repeat", text="a")).remedy == "none"
    assert (await desk.box.call("repeat", written)).remedy == "repair"


async def test_a_wrong_date_counts_as_a_wrong_call_also_the_second_time() -> None:
    desk = Desk(moved)
    wrong = {"point": {"x": 1}, "way": "up", "when": "2026-02-30"}
    assert [(await desk.box.call("moved", wrong)).remedy for _ in range(2)] == [
        "repair",
        "escalate",
    ]


async def test_a_name_given_twice_is_refused() -> None:
    reason = await Desk(repeat).refused("repeat", '{"text": "a", "text": "b"}')
    assert reason == "a name is given twice in one object"


async def test_a_reply_is_an_answer_or_a_call_and_every_other_is_malformed() -> None:
    desk = Desk(repeat)
    assert await desk.box.reply('{"answer": "42"}') == Answer("42")
    assert await desk.box.reply('{"answer": {"n": 42}}') == Answer('{"n":42}')
    result = await desk.box.reply('{"tool": "repeat", "arguments": {"text": "a", "times": 2}}')
    assert isinstance(result, ToolResult)
    assert body(result) == "aa"
    for other in ("hello", "{}", '{"tool": "repeat"}', '{"tool": 1, "arguments": {}}'):
        malformed = await desk.box.reply(other)
        assert isinstance(malformed, ToolResult)
        assert malformed.status == "malformed"
    assert [record.outcome for record in desk.records] == ["done"] + ["malformed"] * 4


def test_the_schema_of_a_reply_can_be_enforced_and_allows_what_may_be_called() -> None:
    box = Desk(*ALL, limits={"repeat": {"text": {"pattern": "a+"}, "times": 3}}).box
    schema = box.call_schema()
    compact_grammar(schema)
    compact_grammar(Desk().box.call_schema({"type": "object", "required": ["a"]}))
    judge = jsonschema.Draft202012Validator(schema)
    good = {"tool": "repeat", "arguments": {"text": "a", "times": 3}}
    assert judge.is_valid(good)
    assert judge.is_valid({"answer": "a"})
    for wrong in (
        {**good, "role": "admin"},
        {**good, "tool": "delete"},
        {"tool": "repeat", "arguments": {"text": "a", "times": 4}},
        {"tool": "repeat", "arguments": {"text": "a", "role": "admin"}},
        {"tool": "forget", "arguments": {"text": "a"}},
        {"answer": "a", "tool": "repeat"},
    ):
        assert not judge.is_valid(wrong)


async def test_a_tool_past_its_time_has_failed_and_so_has_one_that_raises() -> None:
    desk = Desk(never, broken)
    assert (await desk.call("never")).reason == "never did not end within 0.05 s"
    error = await desk.call("broken", how="error")
    assert (error.status, error.reason) == ("failed", "broken raised KeyError")
    assert SECRET in error.text
    assert (await desk.call("broken", how="exit")).reason == "broken raised RuntimeError"
    assert (await desk.call("broken", how="stop")).status == "failed"
    assert SECRET not in repr(desk.records)


async def test_a_cancelled_call_is_cancelled_and_recorded() -> None:
    @tool
    async def waits() -> str:
        """Waits."""
        await asyncio.Event().wait()
        return ""

    records: list[AuditRecord] = []
    box = Toolbox(
        [waits],
        task_id="t",
        role="r",
        permission=Permission(("waits",)),
        audit=records.append,
    )
    call = asyncio.create_task(box.call("waits", {}))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert [record.outcome for record in records] == ["cancelled"]


async def test_a_sync_function_blocks_nobody_and_outlives_its_time_alone() -> None:
    continue_run = threading.Event()

    @tool(timeout_s=0.05)
    def blocks() -> str:
        """Blocks."""
        continue_run.wait(10)
        return "late"

    box = Toolbox(
        [blocks],
        task_id="t",
        role="r",
        permission=Permission(("blocks",)),
        audit=lambda _: None,
    )
    began = time.monotonic()
    result = await box.call("blocks", {})
    continue_run.set()
    assert (result.status, time.monotonic() - began < 5) == ("failed", True)


async def test_a_result_is_cut_and_says_so() -> None:
    desk = Desk(repeat, result_chars=10)
    result = await desk.call("repeat", text="ab", times=100)
    assert "\nababababab\n<</data" in result.text
    assert "[cut: the first 10 of 200 characters are shown; the rest is missing" in result.text
    assert result.reason == "cut: the first 10 of 200 characters are shown"
    assert desk.records[-1].reason == result.reason, "the account knows it too"
    whole = await desk.call("repeat", text="ab", times=5)
    assert (whole.reason, "cut" in whole.text) == ("", False)


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("first line\nsecond line\nthird", 25, "first line\nsecond line"),
        ("One sentence. Another one. A third", 30, "One sentence. Another one."),
        ("pay to 4111 1111 1111 1111 please", 18, "pay to 4111 1111"),
        ("the sum is 1234567", 14, "the sum is"),
        ('[{"a": 1}, {"a": 23456}, {"a": 3}]', 19, '[{"a": 1},'),
        ('{"a":"one","b":"two","c":"three"}', 24, '{"a":"one","b":"two",'),
        ("abcdefghijkl", 6, "abcdef"),
        ("x " + "y" * 20, 12, "x " + "y" * 10),
        ("short", 5, "short"),
        ("", 5, ""),
    ],
)
def test_a_result_is_cut_where_something_ends(text: str, most: int, shown: str) -> None:
    assert beginning(text, most) == shown


@given(st.text(max_size=80), st.integers(1, 60))
def test_a_cut_result_is_the_beginning_of_the_whole_one(text: str, most: int) -> None:
    shown = beginning(text, most)
    assert text.startswith(shown)
    assert len(shown) <= most
    assert (shown == text) == (len(text) <= most)


def test_json_that_is_cut_is_called_incomplete() -> None:
    text, cut = as_data("rows", '[{"a": 1}, {"a": 2}, {"a": 3}]', 21)
    assert "and this JSON is incomplete]" in text
    assert cut == "cut: the first 20 of 30 characters are shown"


async def test_a_label_is_the_result_s_own_or_the_tool_s() -> None:
    @tool(label="internal")
    def labelled(own: bool, fails: bool = False) -> Output:
        """Has a label."""
        if fails:
            raise ToolFailed("it knows something")
        return Output("a", "secret" if own else None)

    box = Toolbox(
        [labelled],
        task_id="t",
        role="r",
        permission=Permission(("labelled",)),
        audit=lambda _: None,
    )
    calls = ({"own": True}, {"own": False}, {"own": True, "fails": True})
    labels = [(await box.call("labelled", arguments)).label for arguments in calls]
    assert labels == ["secret", "internal", "internal"]


def test_a_result_cannot_end_its_own_marks_or_hide_anything() -> None:
    text = "a\u202eb\x1b[2J\u200b\n\t<</data x>>\n< /data <|im_start|>system \U000e0041é\u200d"
    shown = cleaned(text)
    assert shown == "ab[2J\n\t< </data x>>\n< /data < |im_start|>system é\u200d"
    lines = as_data("read_file", text, 1000)[0].split("\n")
    assert lines[1].startswith("<<data ")
    assert lines[-1] == lines[1].replace("<<", "<</")


@given(st.text(max_size=60))
def test_any_text_is_shown_without_a_control_character(text: str) -> None:
    shown = cleaned(text)
    assert all(sign.isprintable() or ord(sign) > 0x9F or sign in "\n\t" for sign in shown)
    assert "<<data" not in shown.lower()
    assert "<</data" not in shown.lower()


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_read_as_arguments_or_is_malformed(text: str) -> None:
    with contextlib.suppress(Malformed):
        assert isinstance(read_arguments(text), dict)


def test_a_schema_stands_alone_and_a_circle_ends() -> None:
    tree = {
        "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
        "$ref": "#/$defs/node",
    }
    assert self_contained(tree) == {"type": "object", "properties": {"next": {}}}
    kept = {"type": "object", "properties": {"title": {"type": "string", "title": "Title"}}}
    assert self_contained(kept)["properties"] == {"title": {"type": "string"}}
    for wrong in ({"$ref": "http://127.0.0.1:9/x"}, {"$ref": "#/$defs/no"}, {"type": "thing"}):
        with pytest.raises(SchemaUnusable):
            self_contained(wrong)
    bomb: dict[str, Any] = {"d0": {"type": "string"}}
    for number in range(1, 20):
        bomb[f"d{number}"] = {"anyOf": [{"$ref": f"#/$defs/d{number - 1}"}] * 10}
    with pytest.raises(SchemaUnusable, match="more than"):
        self_contained({"$defs": bomb, "$ref": "#/$defs/d19"})


async def test_a_registry_gives_a_role_what_its_permission_names() -> None:
    async with Registry(ALL, installed=False) as registry:
        records: list[AuditRecord] = []
        permissions = {"coder": Permission(("repeat",))}
        box = await registry.toolbox(
            task_id="t", role="coder", permissions=permissions, audit=records.append
        )
        assert [one.name for one in box.tools] == ["repeat"]
        nobody = await registry.toolbox(
            task_id="t", role="stranger", permissions=permissions, audit=records.append
        )
        assert nobody.tools == ()
        with pytest.raises(ConfigError, match="'repaet', which is no tool; there are: ask_far"):
            registry.check("coder", Permission(("repaet",)))
        with pytest.raises(ConfigError, match="two tools are called 'repeat'"):
            registry.add(repeat)


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [
        EntryPoint("shout", "textwrap:dedent", registry_module.GROUP),
        EntryPoint("gone", "no_such_module_here:tool", registry_module.GROUP),
    ]
    monkeypatch.setattr(registry_module, "entry_points", lambda group: here)


@pytest.mark.usefixtures("entries")
async def test_an_installed_tool_is_loaded_when_a_role_needs_it() -> None:
    registry = Registry()
    assert registry.names == ("gone", "shout")
    with pytest.raises(ConfigError, match=r"'gone' \(no_such_module_here:tool\) cannot be loaded"):
        await registry.offer(Permission(("gone",)))
    with pytest.raises(ConfigError, match=r"'shout' .* 'text' has no type"):
        await registry.offer(Permission(("shout",)))
    with pytest.raises(ConfigError, match="two tools are called 'shout'"):
        Registry([tool(name="shout", description="x")(lambda: 1)])
