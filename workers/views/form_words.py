"""A form in a few words, for people."""

from __future__ import annotations

from typing import Any

from router.types.form import Form, FormShape

_SHAPES = {
    FormShape.NUMBER: "a number",
    FormShape.DATE: "a date",
    FormShape.TIME: "a time",
    FormShape.PHONE: "a telephone number",
    FormShape.MONEY: "an amount",
    FormShape.TABLE: "a table",
    FormShape.CSV: "CSV",
}


def form_words(form: Form) -> str:
    """Such as "JSON with name, age (number), only that" or "at most 8 words"."""
    parts = [shape] if (shape := _shape(form)) else []
    parts += [f"at least {form.min_words} words"] if form.min_words else []
    for most, unit in (
        (form.max_words, "word"),
        (form.max_sentences, "sentence"),
        (form.max_chars, "character"),
        (form.max_lines, "line"),
    ):
        parts += [f"at most {most} {unit}{'s' * (most != 1)}"] if most else []
    parts += [f"{form.case} case"] if form.case else []
    parts += [f"in {form.language}"] if form.language else []
    parts += ["persons' values hidden"] if form.masked else []
    parts += ["only that"] if form.alone else []
    return ", ".join(parts)


def _shape(form: Form) -> str:
    match form.shape:
        case FormShape.TEXT:
            return ""
        case FormShape.JSON:
            if form.given:
                return "JSON by the given schema"
            keys = _keys(form.json_schema or {})
            return f"JSON with {', '.join(keys)}" if keys else "JSON"
        case FormShape.LABEL:
            return f"{'some' if form.several else 'one'} of {', '.join(form.labels)}"
        case FormShape.CODE:
            return "a regular expression" if form.code_language == "regex" else _code(form)
        case FormShape.LIST:
            return f"a list of {form.items}" if form.items else "a list"
    named = _SHAPES[form.shape]
    if form.layout:
        return f"{named} as {form.layout}"
    return f"{named} with {', '.join(form.columns)}" if form.columns else named


def _code(form: Form) -> str:
    return f"code in {form.code_language}" if form.code_language else "code"


def _keys(schema: dict[str, Any]) -> list[str]:
    inner = schema.get("items", {}) if schema.get("type") == "array" else schema
    return [
        f"{name} ({part['type'][0]})" if isinstance(part.get("type"), list) else name
        for name, part in inner.get("properties", {}).items()
    ]
