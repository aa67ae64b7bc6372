"""The error of an expression, with its place."""

from __future__ import annotations

from router.errors import ConfigError
from router.wording import printable, shown


class ExpressionError(ConfigError):
    """An expression cannot be parsed or evaluated.

    offset: characters of the expression before the mistake. begins: characters of the surrounding
    text before the expression.
    """

    def __init__(self, message: str, *, expression: str, offset: int, begins: int = 0) -> None:
        self.reason = printable(message)
        self.expression = expression
        self.begins = begins
        self.offset = min(max(offset, 0), len(expression))
        super().__init__(f"column {self.offset + 1} of `{shown(expression)}`: {self.reason}")
