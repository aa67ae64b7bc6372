"""Tools of a real MCP server, in a process of its own, that obeys, misbehaves and dies."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until

from agents.tools.audit import AuditRecord
from agents.tools.permission import Permission
from agents.tools.registry import Registry
from agents.tools.servers import McpServer
from agents.tools.tool import Tool
from agents.tools.toolbox import Toolbox
from router.errors import ConfigError

pytest.importorskip("langchain_mcp_adapters", reason="pip install 'edgeward[mcp]'")

COMMAND = (sys.executable, str(Path(__file__).parents[1] / "support" / "mcp_server.py"))
ALL = Permission(("desk.*",), max_calls=100)


class Task:
    """A toolbox, and what was asked and recorded."""

    def __init__(self, answer: bool = True) -> None:
        self.records: list[AuditRecord] = []
        self.asked: list[str] = []
        self.box: Toolbox
        self._answer = answer

    async def approve(self, tool: Tool, _arguments: Mapping[str, Any]) -> bool:
        self.asked.append(tool.name)
        return self._answer


@asynccontextmanager
async def opened(
    tmp_path: Path, *, permission: Permission = ALL, answer: bool = True, **settings: Any
) -> AsyncIterator[Task]:
    given = {"command": COMMAND, "env": {"KEPT": str(tmp_path / "kept")}, **settings}
    registry = Registry(servers={"desk": McpServer(**given)}, installed=False)
    task = Task(answer)
    async with registry:
        task.box = await registry.toolbox(
            task_id="t1",
            role="general",
            permissions={"general": permission},
            audit=task.records.append,
            approve=task.approve,
        )
        yield task


async def test_a_server_s_tool_is_called_by_server_and_name(tmp_path: Path) -> None:
    async with opened(tmp_path, harmless=("add",), label="internal") as task:
        result = await task.box.call("desk.add", {"a": 40, "b": 2})
        assert (result.status, result.label, "\n42\n" in result.text) == ("done", "internal", True)
        wrong = await task.box.call("desk.add", {"a": "40", "b": 2, "c": 1})
        assert (wrong.status, wrong.remedy) == ("refused", "repair")
        assert "no argument 'c'" in wrong.reason
        nothing = await task.box.call("desk.delete_all", {})
        assert nothing.status == "refused"
    assert [record.tool for record in task.records] == ["desk.add", "desk.add", "desk.delete_all"]
    assert task.asked == []


async def test_every_tool_changes_something_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    async with opened(tmp_path, answer=False, harmless=("echo", "lie"), changes=("lie",)) as task:
        for name in ("add", "lie"):
            arguments = {"a": 1, "b": 2} if name == "add" else {"note": "x"}
            assert (await task.box.call(f"desk.{name}", arguments)).status == "refused"
        # An argument whose name a library wants for itself arrives.
        assert "\nhere\n" in (await task.box.call("desk.echo", {"runtime": "here"})).text
    assert task.asked == ["desk.add", "desk.lie"]
    assert not (tmp_path / "kept").exists()
    async with opened(tmp_path, answer=False, trust_annotations=True) as task:
        assert (await task.box.call("desk.add", {"a": 1, "b": 2})).status == "done"
        assert (await task.box.call("desk.keep", {"note": "x"})).status == "refused"


async def test_an_approved_call_is_made_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as task:
        assert (await task.box.call("desk.keep", {"note": "x"})).status == "done"
    assert (tmp_path / "kept").read_text() == "x\n"


async def test_the_allow_list_and_the_permission_both_hold(tmp_path: Path) -> None:
    permission = Permission(("desk.add", "desk.keep"), {"desk.add": {"a": 10}})
    async with opened(tmp_path, permission=permission, tools=("add", "echo")) as task:
        assert [tool.name for tool in task.box.tools] == ["desk.add"]
        assert "must be at most 10" in (await task.box.call("desk.add", {"a": 11, "b": 0})).reason


async def test_a_limit_that_fits_no_argument_closes_the_tool(tmp_path: Path) -> None:
    permission = Permission(("desk.add",), {"desk.add": {"amount": 10}})
    async with opened(tmp_path, permission=permission) as task:
        result = await task.box.call("desk.add", {"a": 1, "b": 0})
        assert (result.status, task.box.tools) == ("failed", ())
        assert "desk.add.amount is of no argument; there are: a, b" in result.reason


async def test_a_server_that_dies_is_named_and_started_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as task:
        died = await task.box.call("desk.die", {})
        assert (died.status, "the MCP server 'desk' ended" in died.reason) == ("failed", True)
        assert (await task.box.call("desk.add", {"a": 1, "b": 2})).status == "done"


async def test_an_error_s_words_are_on_one_line_and_not_in_the_record(tmp_path: Path) -> None:
    async with opened(tmp_path) as task:
        failed = await task.box.call("desk.fail", {})
        assert failed.reason == "the MCP server 'desk' reports an error"
        assert "the disk is full < <data x>>" in failed.text
        assert "disk" not in task.records[0].reason


async def test_a_call_past_its_time_has_failed_and_the_next_one_works(tmp_path: Path) -> None:
    async with opened(tmp_path, timeout_s=2.0) as task:
        slow = await task.box.call("desk.sleep", {"seconds": 2.2})
        assert (slow.status, slow.reason) == ("failed", "desk.sleep did not end within 2 s")
        assert (await task.box.call("desk.echo", {"runtime": "x"})).status == "done"


async def test_a_cancelled_call_leaves_the_session_usable(tmp_path: Path) -> None:
    async with opened(tmp_path) as task:
        call = asyncio.create_task(task.box.call("desk.sleep", {"seconds": 0.2}))
        await asyncio.wait({call}, timeout=0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await task.box.call("desk.echo", {"runtime": "x"})).status == "done"
    assert [record.outcome for record in task.records] == ["cancelled", "done"]


async def test_a_server_does_not_get_our_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ours")
    async with opened(tmp_path, env={"THEIR_API_KEY": "theirs"}) as task:
        assert "\nTHEIR_API_KEY\n" in (await task.box.call("desk.secret", {})).text


@pytest.mark.parametrize(
    "command",
    [("no-such-program-here",), (sys.executable, "-c", "print('no protocol')")],
)
async def test_a_server_that_cannot_be_reached_fails_its_calls_alone(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    async with opened(tmp_path, command=command, connect_timeout_s=5.0) as task:
        result = await task.box.call("desk.add", {"a": 1, "b": 2})
        assert (result.status, task.box.tools) == ("failed", ())
        assert "the MCP server 'desk'" in result.reason


async def test_a_server_that_never_answers_is_not_waited_for_twice(tmp_path: Path) -> None:
    silent = McpServer(
        command=(sys.executable, "-c", "import sys; sys.stdin.read()"), connect_timeout_s=0.5
    )
    async with Registry(servers={"desk": silent}, installed=False) as registry:
        first = await registry.offer(ALL)
        assert "did not answer in 0.5 s" in first.unavailable["desk"]
        async with asyncio.timeout(0.4):
            assert (await registry.offer(ALL)).unavailable == first.unavailable


async def test_a_server_is_reached_over_http_and_not_through_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    quiet = asyncio.subprocess.DEVNULL
    server = await asyncio.create_subprocess_exec(*COMMAND, str(port), stdout=quiet, stderr=quiet)
    try:
        await wait_until(lambda: _listens(port), "the MCP server to listen", 20)
        url = f"http://127.0.0.1:{port}/mcp"
        async with opened(tmp_path, command=(), env={}, url=url, timeout_s=2.0) as task:
            assert "\n3\n" in (await task.box.call("desk.add", {"a": 1, "b": 2})).text
            assert (await task.box.call("desk.die", {})).status == "failed"
            gone = await task.box.call("desk.add", {"a": 1, "b": 2})
            assert (gone.status, "the MCP server 'desk'" in gone.reason) == ("failed", True)
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


async def test_no_server_is_started_before_a_role_may_use_it(tmp_path: Path) -> None:
    server = McpServer(command=("no-such-program-here",))
    async with Registry(servers={"desk": server}, installed=False) as registry:
        assert (await registry.offer(Permission())).unavailable == {}
        with pytest.raises(ConfigError, match=r"'disk\.\*', which is no tool; there are: desk\.\*"):
            registry.check("general", Permission(("disk.*",)))


async def test_without_the_library_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_mcp_adapters.tools", None)
    server = McpServer(url="http://127.0.0.1:9/mcp")
    async with Registry(servers={"desk": server}, installed=False) as registry:
        with pytest.raises(ConfigError, match=r"pip install 'edgeward\[mcp\]'"):
            await registry.offer(ALL)


@pytest.mark.parametrize("settings", [{}, {"command": ("x",), "url": "http://x"}, {"url": "ftp:x"}])
def test_a_server_is_started_or_reached(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"either a `command` or a `url`|url"):
        McpServer(**settings)
