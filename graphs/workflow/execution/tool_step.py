"""Calls a tool for a workflow's step, without a model, with permissions, limits and audit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from agents.tools.audit import AuditRecord, ToolResult
from agents.tools.configured import WORKFLOW
from graphs.app import Router
from router.account.records import ToolRecord
from router.types.decision import Kind
from router.types.task import Privacy


async def call_tool(
    router: Router,
    name: str,
    arguments: Mapping[str, Any],
    *,
    task_id: str,
    label: Privacy,
    timeout_s: float,
) -> ToolResult:
    """The tool's result, recorded in the ledger in every case.

    The role `workflow` of `tools.roles` says which tools may be called; without it, the shipped
    ones. label: of the arguments; private ones are refused to tools that send them to another
    machine. timeout_s: for a tool without a timeout of its own. Raises ConfigError for an invalid
    permission, and StoreUnavailable.
    """
    tools, calls = router.tools, list[AuditRecord]()
    toolbox = await tools.registry.toolbox(
        task_id=task_id,
        role=WORKFLOW,
        permissions=tools.permissions,
        audit=calls.append,
        approve=tools.approve,
        local_only=label is not Privacy.PUBLIC,
        timeout_s=timeout_s,
    )
    try:
        return await toolbox.call(name, arguments)
    finally:
        await router.ledger.append([_record(one) for one in calls])


def _record(call: AuditRecord) -> ToolRecord:
    told = dataclasses.asdict(call)
    del told["reason"]
    return ToolRecord(**told, time=told.pop("at"), kind=Kind.TOOL, language="other")
