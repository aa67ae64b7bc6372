"""A server's own message, made fit for an error message: one line, no HTML, all printable."""

from __future__ import annotations

import ast
import html
import json
import re
from typing import Any

_MARKUP = re.compile(r"<\s*(?:!doctype|html|head|body|title|center|h1|p)\b", re.IGNORECASE)
_TITLE = re.compile(r"<(title|h1)\b[^>]*>(.*?)</\1", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,500}>")
_TRACEBACK = re.compile(r"\s*Traceback \(most recent call last\):.*", re.DOTALL)
_BYTES = re.compile(r"b(['\"]).*\1\.?", re.DOTALL)
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")

_SAID_IN = ("message", "msg", "error_description", "error", "detail", "details", "title", "reason")
"""Fields of error bodies that say what is wrong; other fields may repeat the request."""

A_PAGE = "a web page"
"""What `quoted` makes of HTML begins so."""

_TITLE_CHARS = 80
_UNREADABLE = 0.1
"""A share of the characters; text with more unprintable ones is binary."""


class PageAnswered(Exception):
    """A web page came under a status of success, where the answer of a chat API was due.

    page: as `quoted` shows it.
    """

    def __init__(self, content: bytes) -> None:
        self.page = _page(content.decode("utf-8", "replace"))
        super().__init__(self.page)


def quoted(text: str) -> str:
    """A printable version of the text. Of JSON only the message is kept: the rest may repeat the
    request.
    """
    text = _TRACEBACK.sub("", text).strip()
    if _BYTES.fullmatch(text):
        text = _decoded(text.removesuffix("."))
    if _MARKUP.search(text):
        return _page(text)
    if text[:1] in "{[" and (body := _parsed(text)) is not None:
        text = message_in(body) or "JSON that is no error message"
    text = " ".join(_ESCAPE.sub("", text).split())
    unreadable = sum(letter == "\ufffd" or not letter.isprintable() for letter in text)
    if unreadable > _UNREADABLE * len(text):
        return "what is no text"
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def message_in(body: Any, depth: int = 4) -> str:
    """The message in an error body of any of the usual shapes; empty where there is none."""
    if isinstance(body, str):
        return body
    if depth == 0:
        return ""
    if isinstance(body, list):
        return "; ".join(said for one in body[:3] if (said := message_in(one, depth - 1)))
    if not isinstance(body, dict):
        return ""
    said = next((said for key in _SAID_IN if (said := message_in(body.get(key), depth - 1))), "")
    place = body.get("loc")
    if said and isinstance(place, list | tuple):
        return f"{'.'.join(map(str, place))}: {said}"
    return said


def _page(text: str) -> str:
    match = _TITLE.search(text)
    title = " ".join(html.unescape(_TAG.sub(" ", match[2])).split()) if match else ""
    title = "".join(one for one in title if one.isprintable())[:_TITLE_CHARS]
    return f"{A_PAGE}, {title!r}" if title else A_PAGE


def _decoded(literal: str) -> str:
    """Text that an SDK wrote as a bytes literal."""
    try:
        content = ast.literal_eval(literal)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return literal
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else literal


def _parsed(text: str) -> Any | None:
    """JSON, or the Python literal that an SDK made of it."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return None
