"""Anthropic's messages: a request read, an answer written, whole or as a stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from graphs.app import Router
from router.account.pricing import estimate_tokens
from router.types.result import Result
from router.types.task import Privacy
from workers.gateway.asked import Asked, asked_of, messages_of, refuse_tools, text_of
from workers.gateway.refused import Refused
from workers.gateway.told import beside, finish_of, usage_of

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}
_STOPS = {"stop": "end_turn", "length": "max_tokens"}
_BILLING = "x-anthropic-billing-header:"
"""A block for the vendor's own accounts, which is nobody else's business."""


def read(
    body: Mapping[str, Any], headers: Mapping[str, str], router: Router, floor: Privacy | None
) -> Asked:
    """The request. Raises Refused; fields that are not known are none of our business."""
    refuse_tools(body)
    system, said = conversation(body)
    fields = {
        "schema": _schema(body.get("output_config")),
        "max_tokens": body.get("max_tokens"),
        "temperature": body.get("temperature"),
        "stop": body.get("stop_sequences"),
    }
    return asked_of(*(body, headers, router, floor), system=system, said=said, fields=fields)


def conversation(body: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, str]]]:
    """The system prompts, and what the others said."""
    system = _system(body.get("system"))
    said: list[tuple[str, str]] = []
    for where, message in messages_of(body):
        role = message.get("role")
        if role not in ("system", "user", "assistant"):
            raise Refused(400, f"{where}: role {role!r} is not known: user or assistant")
        text = text_of(_spoken(message.get("content")), where)
        if role == "system":
            system.append(text)
        else:
            said.append((role, text))
    return system, said


def _system(given: Any) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, str | list):
        raise Refused(400, "`system` is neither a text nor a list of parts")
    blocks = [given] if isinstance(given, str) else [text_of([one], "system") for one in given]
    return [one for one in blocks if one and not one.startswith(_BILLING)]


def _spoken(content: Any) -> Any:
    """Without thinking, which is nobody's word."""
    if not isinstance(content, list):
        return content
    silent = ("thinking", "redacted_thinking")
    return [one for one in content if not (isinstance(one, Mapping) and one.get("type") in silent)]


def _schema(config: Any) -> dict[str, Any] | None:
    form = config.get("format") if isinstance(config, Mapping) else None
    schema = form.get("schema") if isinstance(form, Mapping) else None
    return schema if isinstance(schema, dict) else None


def counted(body: Mapping[str, Any]) -> dict[str, int]:
    """An estimate of a request's tokens: which model would count is not known yet."""
    system, said = conversation(body)
    tools = json.dumps(body.get("tools") or [])
    texts = [*system, *(text for _, text in said), *([tools] if tools != "[]" else [])]
    return {"input_tokens": sum(estimate_tokens(text) for text in texts)}


def whole(asked: Asked, result: Result) -> dict[str, Any]:
    """The answer at once."""
    return {
        **_frame(asked),
        "content": [{"type": "text", "text": result.text}],
        "stop_reason": _STOPS.get(finish_of(result), "end_turn"),
        "usage": _usage(result),
        "edgeward": beside(result),
    }


async def stream(asked: Asked, parts: AsyncIterator[str | Result | None]) -> AsyncIterator[str]:
    """The answer as server-sent events."""
    begun = {**_frame(asked), "content": [], "usage": {"input_tokens": 0, "output_tokens": 0}}
    yield _event("message_start", {"message": begun})
    yield _event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
    try:
        async for part in parts:
            if part is None:
                yield _event("ping", {})
            elif isinstance(part, str):
                delta = {"type": "text_delta", "text": part}
                yield _event("content_block_delta", {"index": 0, "delta": delta})
            else:
                yield _event("content_block_stop", {"index": 0})
                stop = _STOPS.get(finish_of(part), "end_turn")
                ended = {"stop_reason": stop, "stop_sequence": None}
                told = {"delta": ended, "usage": _usage(part), "edgeward": beside(part)}
                yield _event("message_delta", told)
    except Refused as refused:
        yield _event("error", error(refused))
        return
    yield _event("message_stop", {})


def error(refused: Refused) -> dict[str, Any]:
    """The body of a refusal."""
    kind = _TYPES.get(refused.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": refused.message}}


def _frame(asked: Asked) -> dict[str, Any]:
    return {
        "id": f"msg_{asked.task.task_id}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "stop_reason": None,
        "stop_sequence": None,
    }


def _event(name: str, body: Mapping[str, Any]) -> str:
    data = json.dumps({"type": name, **body}, ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n"


def _usage(result: Result) -> dict[str, int]:
    usage = usage_of(result)
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.completion_tokens,
    }
