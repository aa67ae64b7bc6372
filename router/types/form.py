"""The form that an answer must have, as the request's words or its schema ask for it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from router.types.base import Frozen


class FormShape(StrEnum):
    """What the whole answer is. `text`: prose, perhaps with a limit or in another language."""

    JSON = "json"
    LABEL = "label"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    PHONE = "phone"
    MONEY = "money"
    CODE = "code"
    TABLE = "table"
    CSV = "csv"
    LIST = "list"
    TEXT = "text"


class Form(Frozen):
    """The form that an answer must have.

    json_schema: of a JSON answer, as far as the request names its keys. labels: the allowed ones of
    a LABEL; several: whether more than one may be given. pattern: a regular expression that the
    whole answer matches, without look-around and back-references; of a NUMBER, DATE, TIME, PHONE or
    MONEY in a named format. layout: that format by its usual name: "YYYY-MM-DD", "HH:MM", "E.164",
    "R$ 1.234,56". code_language: of CODE: "sql", "bash", "regex", "python". columns: of a CSV or
    TABLE. items: how many a LIST or TABLE has. min_words, max_words, max_sentences, max_chars,
    max_lines: limits of the text. case: of its letters. language: ISO 639-1 code of the natural
    language that it is in, where the request names one. masked: values of persons are hidden in it.
    alone: the request wants nothing beside it ("only", "apenas"). given: by the caller's schema,
    not read from words.
    """

    shape: FormShape = FormShape.TEXT
    json_schema: dict[str, Any] | None = None
    labels: tuple[str, ...] = ()
    several: bool = False
    pattern: str | None = None
    layout: str | None = None
    code_language: str | None = None
    columns: tuple[str, ...] = ()
    items: int | None = Field(default=None, ge=1)
    min_words: int | None = Field(default=None, ge=1)
    max_words: int | None = Field(default=None, ge=1)
    max_sentences: int | None = Field(default=None, ge=1)
    max_chars: int | None = Field(default=None, ge=1)
    max_lines: int | None = Field(default=None, ge=1)
    case: Literal["upper", "lower", "title"] | None = None
    language: str | None = None
    masked: bool = False
    alone: bool = False
    given: bool = False
