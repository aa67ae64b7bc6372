"""Puts a JSON schema into the prompt, for an engine that cannot enforce one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from router.types.task import Message

_FENCED = re.compile(r"```[a-z]*\s*\n(.*?)\n?\s*```", re.DOTALL | re.IGNORECASE)


def with_schema(messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[Message, ...]:
    """The conversation with a description of the schema at the end of the system message."""
    wanted = (
        "Answer with one JSON text and nothing else: no code fence, no word before or after it. "
        f"It must satisfy this JSON Schema:\n{json.dumps(schema, ensure_ascii=False)}"
    )
    first, *rest = messages
    if first.role != "system":
        return (Message(role="system", content=wanted), *messages)
    return (first.model_copy(update={"content": f"{first.content}\n\n{wanted}"}), *rest)


def bare_json(text: str) -> str:
    """The JSON in an answer, compactly written; the text itself where there is none in it."""
    for candidate in (text, *(match[1] for match in _FENCED.finditer(text)), _braced(text)):
        try:
            value = json.loads(candidate)
        except ValueError:
            continue
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text


def _braced(text: str) -> str:
    """From the first brace or bracket to the last."""
    begins = [at for mark in "{[" if (at := text.find(mark)) >= 0]
    return text[min(begins) : max(text.rfind("}"), text.rfind("]")) + 1] if begins else ""
