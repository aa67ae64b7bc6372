"""OpenAI's chat completions: a request read, an answer written, whole or as a stream."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from graphs.app import Router
from router.types.result import Result
from router.types.task import Privacy
from workers.gateway.asked import Asked, asked_of, messages_of, refuse_tools, text_of
from workers.gateway.refused import Refused
from workers.gateway.told import beside, finish_of, usage_of

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def read(
    body: Mapping[str, Any], headers: Mapping[str, str], router: Router, floor: Privacy | None
) -> Asked:
    """The request. Raises Refused; fields that are not known are none of our business."""
    if body.get("n") not in (None, 1):
        raise Refused(400, "`n` must be 1: ask again for another answer")
    refuse_tools(body)
    system: list[str] = []
    said: list[tuple[str, str]] = []
    for where, message in messages_of(body):
        role = _ROLES.get(str(message.get("role")))
        if role is None or message.get("tool_calls"):
            what = f"role {message.get('role')!r}" if role is None else "tool_calls"
            raise Refused(400, f"{where}: {what} is not served yet", code="unsupported")
        text = text_of(message.get("content"), where)
        if role == "system":
            system.append(text)
        else:
            said.append((role, text))
    stop, options = body.get("stop"), body.get("stream_options")
    fields = {
        "schema": _schema(body.get("response_format")),
        "max_tokens": body.get("max_completion_tokens") or body.get("max_tokens"),
        "temperature": body.get("temperature"),
        "seed": body.get("seed"),
        "stop": [stop] if isinstance(stop, str) else stop,
    }
    usage = isinstance(options, Mapping) and options.get("include_usage") is True
    return asked_of(
        *(body, headers, router, floor), system=system, said=said, fields=fields, usage=usage
    )


def _schema(wanted: Any) -> dict[str, Any] | None:
    if not isinstance(wanted, Mapping) or wanted.get("type") in (None, "text"):
        return None
    if wanted["type"] == "json_object":
        return {"type": "object"}
    inner = wanted.get("json_schema")
    schema = inner.get("schema") if isinstance(inner, Mapping) else None
    if wanted["type"] != "json_schema" or not isinstance(schema, dict):
        raise Refused(
            400, "`response_format` must be text, json_object or json_schema with a schema"
        )
    return schema


def whole(asked: Asked, result: Result) -> dict[str, Any]:
    """The answer at once."""
    message = {"role": "assistant", "content": result.text}
    return {
        **_frame(asked, "chat.completion"),
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_of(result)}
        ],
        "usage": _usage(result),
        "edgeward": beside(result),
    }


async def stream(asked: Asked, parts: AsyncIterator[str | Result | None]) -> AsyncIterator[str]:
    """The answer as server-sent events."""
    yield _chunk(asked, {"role": "assistant", "content": ""})
    try:
        async for part in parts:
            if part is None:
                yield ": still here\n\n"
            elif isinstance(part, str):
                yield _chunk(asked, {"content": part})
            else:
                yield _chunk(asked, {}, finish=finish_of(part), edgeward=beside(part))
                if asked.usage:
                    last = {**_frame(asked, "chat.completion.chunk"), "choices": []}
                    yield _event({**last, "usage": _usage(part)})
    except Refused as refused:
        yield _event(error(refused))
        return
    yield "data: [DONE]\n\n"


def error(refused: Refused) -> dict[str, Any]:
    """The body of a refusal."""
    kind = "invalid_request_error" if refused.status < 500 else "server_error"
    said = {"message": refused.message, "type": kind, "param": None, "code": refused.code}
    return {"error": said}


def _frame(asked: Asked, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{asked.task.task_id}",
        "object": kind,
        "created": int(time.time()),
        "model": asked.model,
    }


def _chunk(asked: Asked, delta: dict[str, Any], *, finish: str | None = None, **more: Any) -> str:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    usage = {"usage": None} if asked.usage else {}
    frame = _frame(asked, "chat.completion.chunk")
    return _event({**frame, "choices": [choice], **usage, **more})


def _event(body: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"


def _usage(result: Result) -> dict[str, Any]:
    usage = usage_of(result)
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.thinking_tokens},
    }
