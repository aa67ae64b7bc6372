"""The tokens of the expression language, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from graphs.workflow.expressions.errors import ExpressionError
from router.wording import shown

MAX_CHARS = 4_000
MAX_TOKENS = 1_000

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/%<>!()\[\],.])"
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "/": "/"}
_CODE_POINT = re.compile(r"[0-9A-Fa-f]{4}")
_INSTEAD = {
    "=": "equality is written `==`",
    "&": "write `and` or `&&`",
    "|": "write `or` or `||`",
    "?": "write `condition and this or that`",
    "{": "there are no objects in expressions",
    "`": "text stands in quotes: 'like this'",
    "$": "inside `${{ }}` names stand alone, without `$`",
    "’": "use plain quotes: '",
    "“": 'use plain quotes: "',
}

Class = Literal["number", "string", "name", "sign", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    """text: as written; for a string, its value. at: characters before it."""

    is_a: Class
    text: str
    at: int


def tokens(expression: str) -> tuple[Token, ...]:
    """All tokens and an `end`. Raises ExpressionError for a wrong token, or too many of them."""
    if len(expression) > MAX_CHARS:
        raise ExpressionError(
            f"it has {len(expression):,} characters, the limit is {MAX_CHARS:,}",
            expression=expression,
            offset=MAX_CHARS,
        )
    found: list[Token] = []
    at = 0
    while at < len(expression):
        if expression[at] in "'\"":
            text, end = _string(expression, at)
            found.append(Token("string", text, at))
        elif match := _TOKEN.match(expression, at):
            end = match.end()
            if (is_a := match.lastgroup) != "space":
                found.append(Token(is_a, match.group(), at))  # type: ignore[arg-type]
        else:
            char = expression[at]
            cure = f": {_INSTEAD[char]}" if char in _INSTEAD else ""
            raise ExpressionError(
                f"`{shown(char)}` means nothing here{cure}", expression=expression, offset=at
            )
        at = end
        if len(found) > MAX_TOKENS:
            raise ExpressionError(
                f"it has more than {MAX_TOKENS:,} words: split it over several steps",
                expression=expression,
                offset=at,
            )
    return (*found, Token("end", "", len(expression)))


def string_end(text: str, start: int) -> int:
    """The position after the string that opens at `start`, or -1 if it does not end."""
    quote, at = text[start], start + 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == quote:
            if text[at + 1 : at + 2] != quote:
                return at + 1
            at += 2
        else:
            at += 1
    return -1


def _string(expression: str, start: int) -> tuple[str, int]:
    """The value of a quoted string, and where it ends. A doubled quote stands for one quote."""
    end = string_end(expression, start)
    if end < 0:
        raise ExpressionError(
            f"the text that opens here is never closed: {expression[start]} is missing",
            expression=expression,
            offset=start,
        )
    quote, parts, at = expression[start], [], start + 1
    while at < end - 1:
        char = expression[at]
        if char == quote:
            parts.append(quote)
            at += 2
        elif char != "\\":
            parts.append(char)
            at += 1
        elif (code := expression[at + 1]) in _ESCAPES:
            parts.append(_ESCAPES[code])
            at += 2
        elif code == "u" and (match := _CODE_POINT.match(expression, at + 2)):
            number = int(match.group(), 16)
            if 0xD800 <= number <= 0xDFFF:
                raise ExpressionError(
                    "half a character: write it itself", expression=expression, offset=at
                )
            parts.append(chr(number))
            at += 6
        else:
            raise ExpressionError(
                f"`\\{shown(code)}` is no escape: known are \\n \\t \\r \\\\ \\' \\\" \\u0041",
                expression=expression,
                offset=at,
            )
    return "".join(parts), end
