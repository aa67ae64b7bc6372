"""Toolbox: the tools of one task; it enforces what they may do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal

from agents.tools.arguments import judged, narrowed, reply_schema
from agents.tools.audit import Audit, AuditRecord, ToolResult
from agents.tools.call import Answer, Malformed, Repeated, digest, names, read_arguments, read_reply
from agents.tools.permission import Permission
from agents.tools.schemas import Schema, shown_name
from agents.tools.shown import as_data, cleaned, one_line
from agents.tools.tool import PUBLIC, Output, Tool, ToolFailed, ToolFault, ToolRefused
from router.errors import ConfigError

Approve = Callable[[Tool, Mapping[str, Any]], Awaitable[bool]]
"""Asks the person who may approve a tool that changes something; only True approves."""


class Toolbox:
    """One task's tools, for one role. Nothing that a model writes changes role or permission.

    unavailable: by tool or by server, why what the role may use is not there. approve: None
    refuses every tool that changes something. local_only: refuses what sends its arguments away.
    result_chars: of a result that the model is shown; it and the account are told of a cut. Raises
    ConfigError for a limit of an argument that the tool does not have.
    """

    def __init__(
        self,
        tools: Iterable[Tool],
        *,
        task_id: str,
        role: str,
        permission: Permission,
        audit: Audit,
        approve: Approve | None = None,
        unavailable: Mapping[str, str] | None = None,
        local_only: bool = False,
        timeout_s: float = 30.0,
        approval_timeout_s: float = 600.0,
        result_chars: int = 8000,
    ) -> None:
        self.task_id = task_id
        self.role = role
        self.calls = 0
        self._permission = permission
        self._audit = audit
        self._approve = approve
        self._unavailable = dict(unavailable or {})
        self._local_only = local_only
        self._timeout_s = timeout_s
        self._approval_timeout_s = approval_timeout_s
        self._result_chars = result_chars
        self._wrong_in_a_row = 0
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            if permission.allows(tool.name) and self._limits_fit(tool):
                self._tools[tool.name] = tool

    def keep_here(self) -> None:
        """From now on refuses tools that send arguments away: the task saw private text."""
        self._local_only = True

    @property
    def exhausted(self) -> bool:
        """Whether the task has asked for more calls than it may make."""
        return self.calls > self._permission.max_calls

    def _limits_fit(self, tool: Tool) -> bool:
        for name in self._permission.limits_of(tool.name):
            if name in tool.schema["properties"]:
                continue
            known = ", ".join(tool.schema["properties"]) or "none"
            fault = f"the limit of {tool.name}.{name} is of no argument; there are: {known}"
            if "." not in tool.name:
                raise ConfigError(fault)
            # A server may change its tools at any time; that must not fail the task.
            self._unavailable[tool.name] = fault
            return False
        return True

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Those that can be called, by name: a prompt that lists them stays the same."""
        shown = (self._tools[name] for name in sorted(self._tools))
        return tuple(tool for tool in shown if not (self._local_only and tool.leaves))

    def schemas(self) -> tuple[Schema, ...]:
        """Each tool as `name`, `description` and `parameters`, the role's limits included."""
        return tuple(
            {
                "name": tool.name,
                "description": tool.description,
                "parameters": narrowed(tool, self._permission.limits_of(tool.name)),
            }
            for tool in self.tools
        )

    def call_schema(self, answer: Mapping[str, Any] | None = None) -> Schema:
        """One schema for a whole reply: a call of one of the tools, or an answer.

        answer: the schema of the answer; text where there is none. A decoder can enforce all of
        it; what it cannot, such as patterns, is left out here and judged when the tool is called.
        """
        return reply_schema(self.tools, self._permission, answer)

    async def reply(self, text: str) -> Answer | ToolResult:
        """Handles a reply under `call_schema`: its answer, or the result of its call."""
        try:
            read = read_reply(text)
        except Malformed as error:
            return await self._recorded("", text, self._unread(error))
        return read if isinstance(read, Answer) else await self.call(read.tool, read.arguments)

    async def call(self, name: str, arguments: Mapping[str, Any] | str) -> ToolResult:
        """Makes a call and returns its result; a model's mistakes are results, never exceptions.

        arguments: an object, or the JSON of one. Every call counts and is recorded, also one that
        is cancelled.
        """
        return await self._recorded(name, arguments, self._called(name, arguments))

    async def _recorded(
        self, name: str, written: Mapping[str, Any] | str, outcome: Awaitable[ToolResult]
    ) -> ToolResult:
        at, began = time.time(), time.monotonic()
        self.calls += 1

        def record(
            outcome: Literal["done", "refused", "failed", "malformed", "cancelled"], reason: str
        ) -> None:
            self._audit(
                AuditRecord(
                    task_id=self.task_id,
                    role=self.role,
                    tool=shown_name(name).strip("'"),
                    outcome=outcome,
                    reason=reason,
                    arguments_sha256=digest(written),
                    argument_names=names(written),
                    at=at,
                    seconds=time.monotonic() - began,
                )
            )

        try:
            result = await outcome
        except asyncio.CancelledError:
            record("cancelled", "the call was cancelled")
            raise
        record(result.status, result.reason)
        return result

    async def _unread(self, error: Malformed) -> ToolResult:
        status: Literal["refused", "malformed"] = (
            "refused" if isinstance(error, Repeated) else "malformed"
        )
        return self._wrong(status, str(error))

    async def _called(self, name: str, written: Mapping[str, Any] | str) -> ToolResult:
        tool: Tool | None = None
        try:
            tool = self._admitted(name)
            limits = self._permission.limits_of(tool.name)
            arguments = judged(tool, limits, self.role, read_arguments(written))
            if tool.changes:
                await self._ask(tool, arguments)
            output = await self._run(tool, arguments)
        except Malformed as error:
            return await self._unread(error)
        except ToolFault as fault:
            return self._fault(tool, fault)
        self._wrong_in_a_row = 0
        shown, cut = as_data(tool.name, output.text, self._result_chars)
        return ToolResult("done", shown, output.label or tool.label, cut, output=output.text)

    def _fault(self, tool: Tool | None, fault: ToolFault) -> ToolResult:
        status: Literal["refused", "failed"] = (
            "refused" if isinstance(fault, ToolRefused) else "failed"
        )
        if fault.mendable:
            return self._wrong(status, fault.reason)
        self._wrong_in_a_row = 0
        said = f"{status}: {fault.reason}" + (f": {fault.detail}" if fault.detail else "")
        label = fault.label or (tool.label if tool and status == "failed" else PUBLIC)
        return ToolResult(status, cleaned(said), label, fault.reason)

    def _wrong(self, status: Literal["refused", "failed", "malformed"], reason: str) -> ToolResult:
        self._wrong_in_a_row += 1
        again = self._wrong_in_a_row > 1
        text = f"{status}: {reason}" + ("" if again else ". Write the call again, correctly.")
        return ToolResult(status, text, PUBLIC, reason, "escalate" if again else "repair")

    def _admitted(self, name: str) -> Tool:
        if self.calls > self._permission.max_calls:
            most = self._permission.max_calls
            raise ToolRefused(f"too many calls: this task may make {most}; answer without a tool")
        tool = self._tools.get(name)
        known = ", ".join(tool.name for tool in self.tools) or "none"
        if tool is None:
            why = self._unavailable.get(name) or self._unavailable.get(name.partition(".")[0])
            if why and self._permission.allows(name):
                raise ToolFailed(why)
            raise ToolRefused(
                f"there is no such tool for the role {self.role!r}; there are: {known}",
                mendable=True,
            )
        if self._local_only and tool.leaves:
            raise ToolRefused(
                f"{name} sends its arguments off this machine, which this task must not; "
                f"there are: {known}"
            )
        return tool

    async def _ask(self, tool: Tool, arguments: Mapping[str, Any]) -> None:
        if self._approve is None:
            raise ToolRefused(f"{tool.name} changes something, and nobody is there to approve it")
        try:
            async with asyncio.timeout(self._approval_timeout_s):
                # A copy, so that the callback cannot change what is run after approval.
                approved = await self._approve(tool, read_arguments(arguments))
        except TimeoutError:
            waited = f"within {self._approval_timeout_s:g} s"
            raise ToolRefused(f"{tool.name} changes something; no approval {waited}") from None
        except Exception as error:
            kind = type(error).__name__
            raise ToolRefused(f"{tool.name} changes something; asking raised {kind}") from error
        if approved is not True:
            raise ToolRefused(f"{tool.name} changes something, and it was not approved")

    async def _run(self, tool: Tool, arguments: Mapping[str, Any]) -> Output:
        timeout_s = tool.timeout_s or self._timeout_s
        deadline = asyncio.timeout(timeout_s)
        try:
            async with deadline:
                return await tool.run(arguments)
        except ToolFault:
            raise
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise ToolFailed(f"{tool.name} was cancelled from within") from None
        except TimeoutError as error:
            if deadline.expired():
                raise ToolFailed(f"{tool.name} did not end within {timeout_s:g} s") from error
            raise ToolFailed(f"{tool.name} raised TimeoutError") from error
        except (Exception, SystemExit) as error:
            reason = f"{tool.name} raised {type(error).__name__}"
            raise ToolFailed(reason, one_line(str(error))) from error
