"""What LiteLLM's streams carry: text in parts, thinking, refusals and token counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.engines.chat_api import plain_text
from agents.engines.schema_form import strict_form
from router.account.consumption import Counts, count_of


def counts_of(wire: Any) -> Counts:
    """The provider's latest counts; none where LiteLLM could only give its own estimate."""
    for chunk in reversed(wire.chunks):
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            details = getattr(usage, "prompt_tokens_details", None)
            cached = count_of(getattr(details, "cached_tokens", None))
            return Counts(count_of(usage.prompt_tokens), count_of(usage.completion_tokens), cached)
    return Counts()


def thinking_tokens(wire: Any) -> int:
    """Those of the answer's tokens that were thinking, where the provider says so."""
    for chunk in reversed(wire.chunks):
        details = getattr(getattr(chunk, "usage", None), "completion_tokens_details", None)
        if (count := count_of(getattr(details, "reasoning_tokens", None))) is not None:
            return count
    return 0


def response_format(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    strict = {"name": "answer", "strict": True, "schema": strict_form(schema)}
    return {"type": "json_schema", "json_schema": strict}


class PlainContent:
    """The SDK's stream, with the text of content that comes in parts: LiteLLM drops what is no
    string, and everything else goes through as it is."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._parts = aiter(stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __aiter__(self) -> PlainContent:
        return self

    async def __anext__(self) -> Any:
        chunk = await anext(self._parts)
        for choice in getattr(chunk, "choices", None) or ():
            delta = getattr(choice, "delta", None)
            content = getattr(delta, "content", None)
            if delta is not None and not isinstance(content, str | None):
                delta.content = plain_text(content)
        return chunk


def text_of(chunk: Any) -> str:
    return field_of(chunk, "content")


def field_of(chunk: Any, name: str) -> str:
    if not chunk.choices:
        return ""
    delta = chunk.choices[0].delta
    more = getattr(delta, "provider_specific_fields", None) or {}
    return getattr(delta, name, None) or more.get(name) or ""


def says_something(chunk: Any) -> bool:
    return any(field_of(chunk, name) for name in ("content", "reasoning_content", "refusal"))
