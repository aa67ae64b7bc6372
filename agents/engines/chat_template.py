"""Writes a conversation as the model's own chat template wants it, from its tokenizer's files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from agents.engines.model_files import read_json
from router.errors import ConfigError
from router.types.task import Message

if TYPE_CHECKING:
    from jinja2.ext import Extension
    from jinja2.nodes import Node
    from jinja2.parser import Parser

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""For a tokenizer that knows its marks and brings no template."""


_COMPLAINTS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""Exceptions from a template's own expressions, as `none + 'text'`; Jinja lets them through."""


class TemplateRefused(Exception):
    """The template does not take this conversation; the message is its own complaint."""


class ChatTemplate:
    """A model's template, compiled once. The same messages always give the same text."""

    def __init__(self, source: str, special_tokens: dict[str, str]) -> None:
        """source: Jinja. Raises ConfigError for one that is no Jinja."""
        import jinja2
        from jinja2.ext import loopcontrols
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        # As the library that templates are written for sets it up.
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _generation_blocks()]
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _complain
        environment.globals["strftime_now"] = _strftime_now
        self._special = special_tokens
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(f"the chat template is broken in line {error.lineno}: {error}") from (
                error
            )

    @classmethod
    def load(cls, folder: Path) -> ChatTemplate:
        """From chat_template.jinja, chat_template.json or tokenizer_config.json of a model folder.

        Raises ConfigError where there is none, or it cannot be read.
        """
        settings = read_json(folder / "tokenizer_config.json", missing={})
        special = {}
        for name in ("bos_token", "eos_token", "unk_token", "pad_token"):
            value = settings.get(name)
            value = value.get("content") if isinstance(value, dict) else value
            special[name] = value if isinstance(value, str) else ""
        source = _source(folder, settings)
        if source is None:
            raise ConfigError(
                f"{folder}: the model has no chat template, so it is a base model that was never "
                "trained to answer: choose its instruct or chat version"
            )
        return cls(source, special)

    def render(self, messages: Sequence[Message], *, thinking: bool = False) -> str:
        """The prompt, up to where the assistant's answer begins. Raises TemplateRefused.

        thinking: whether a model that can think aloud is asked to.
        """
        import jinja2

        try:
            return self._template.render(
                messages=[message.model_dump() for message in messages],
                add_generation_prompt=True,
                enable_thinking=thinking,
                tools=None,
                documents=None,
                **self._special,
            )
        except _COMPLAINTS as error:
            raise TemplateRefused(f"the chat template cannot write the messages: {error}") from (
                error
            )
        except jinja2.TemplateError as error:
            raise TemplateRefused(f"the chat template refuses the messages: {error}") from error


def _source(folder: Path, settings: dict[str, Any]) -> str | None:
    jinja = folder / "chat_template.jinja"
    if jinja.is_file():
        return _text(jinja)
    source = read_json(folder / "chat_template.json", missing={}).get("chat_template")
    source = settings.get("chat_template") if source is None else source
    if isinstance(source, list):
        # Several by name; the others are for tools and documents.
        items = [item for item in source if isinstance(item, dict)]
        named = {item.get("name"): item.get("template") for item in items}
        source = named.get("default")
    if isinstance(source, str):
        return source
    tokenizer = folder / "tokenizer.json"
    if tokenizer.is_file() and '"<|im_start|>"' in _text(tokenizer):
        return CHATML
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as text: {error}") from error


def _generation_blocks() -> type[Extension]:
    """The tag around what an assistant has said. Training masks by it; here its content counts."""
    from jinja2.ext import Extension
    from jinja2.nodes import Scope

    class GenerationBlocks(Extension):
        tags = {"generation"}  # noqa: RUF012  as Jinja declares it

        def parse(self, parser: Parser) -> Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return Scope(body, lineno=line)

    return GenerationBlocks


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    # Jinja's own would write < and > as HTML wants them.
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _complain(message: str) -> NoReturn:
    import jinja2

    raise jinja2.TemplateError(message)


def _strftime_now(form: str) -> str:
    return datetime.now().strftime(form)
