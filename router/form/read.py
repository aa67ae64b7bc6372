"""Reads the form that an answer must have from the words of a request, or from its schema.

A form that is misread does harm, so what is not sure is left open.
"""

from __future__ import annotations

import re
from typing import Any

from router.form import alone, code, layouts, limits, lists, tables, tongue
from router.form import labels as labelled
from router.form.keys import Keys, read_keys
from router.form.request import Request, request_of
from router.types.form import Form, FormShape

_TEXTS = re.compile(
    r"\b(?:e-?mails?|messages?|mensage(?:m|ns)|articles?|artigos?|paragraphs?|paragrafos?|story"
    r"|stories|historia|posts?|letters?|cartas?|essays?|redacao|summar\w+|resum\w+|translat\w+"
    r"|traduz\w*|(?<!no )(?<!extra )(?<!other )(?<!sem )texto?s?|poem|poema|speech|discurso|bio"
    r"|descri\w+|replace|substitu\w+|everywhere|lembrete|reminder|agenda|schedule|plan|plano|report"
    r"|relatorio|dates|datas|times|horarios|all of them|todas|todos|each|cada|list|lista|lines?"
    r"|linhas?|phones|telefones|numbers|numeros|prices|precos|valores|column|coluna|rows|json|csv"
    r"|extenso|in words|spell(?:ed|ing)? out|written out"
    r"|table|tabela|function|funcao|fields?|campos?|explain|explique|explica)\b"
)
"""A request with one of these wants more than one value, or a value within a text."""
_CONVERTS = re.compile(
    r"\b(?:convert\w*|converta|format\w*|formato|pass[ae]|put|(?:re)?write|escrev\w+"
    r"|como (?:escrevo|fica|e)|turn|make|standardi[sz]e|normali[sz]\w+|iso|padroni\w+|padrao|need"
    r"|preciso|quero|what(?:.s| is| time| date)|que horas|qual|when|quando|transform\w+|muda|mude"
    r"|change|clean|arruma|poe|coloc\w+|please|pls|pf|por favor|just|only|so|like|style|tipo|usa?"
    r"|use)\b"
)
_KEYS = re.compile(r"\b(?:keys|chaves|campos|fields)\b")
_EACH_VALUE = frozenset((FormShape.DATE, FormShape.TIME, FormShape.PHONE, FormShape.MONEY))
_IN_NO_LANGUAGE = frozenset((FormShape.CODE, *_EACH_VALUE))
_PROSE = frozenset((FormShape.TEXT, FormShape.LIST))


def read_form(prompt: str, json_schema: dict[str, Any] | None) -> Form | None:
    """The form that the prompt asks for, in English or Portuguese; None where it names none.

    json_schema: the caller's own, which goes before all words.
    """
    if json_schema is not None:
        return Form(shape=FormShape.JSON, json_schema=json_schema, given=True)
    request = request_of(prompt)
    fields = _shape_of(request)
    shape = fields.get("shape", FormShape.TEXT)
    plain = request.unquoted
    if alone.read_alone(plain):
        fields["alone"] = True
    if shape in _PROSE and not limits.TRIGGERS.isdisjoint(request.words):
        fields |= limits.read_limits(plain)
    elif shape is FormShape.CODE and limits.read_limits(plain).get("max_lines") == 1:
        fields["max_lines"] = 1
    if shape in (*_PROSE, FormShape.LABEL) and not tongue.CASE_TRIGGERS.isdisjoint(request.words):
        case = tongue.read_case(plain)
        fields |= {"case": case} if case else {}
    if shape not in _IN_NO_LANGUAGE and not tongue.LANGUAGE_TRIGGERS.isdisjoint(request.words):
        language = tongue.read_language(plain)
        fields |= {"language": language} if language else {}
    hides = shape not in _IN_NO_LANGUAGE and tongue.MASK_TRIGGERS.search(request.plain)
    if hides and tongue.read_masked(request.plain):
        fields["masked"] = True
    return Form(**fields) if fields else None


def _shape_of(request: Request) -> dict[str, Any]:
    """What the whole answer is, with what belongs to it; empty where it is prose, or unsure."""
    text, plain = request.text, request.plain
    codes = code.read_code(plain) if code.TRIGGERS.search(plain) else None
    keys = read_keys(text, plain) if "{" in text or "json" in plain or "[" in text else Keys()
    named = "json" in plain and len(keys.paths) > 1 and _KEYS.search(plain) is not None
    example = keys.sketched or named
    json = ("json" in plain or example) and tables.asks_json(
        plain, has_example=example, codes=codes is not None
    )
    csv = "csv" in plain and tables.asks_csv(plain, codes=codes is not None)
    if codes is not None:
        if "json" in plain and codes.language is None:
            return {}
        found: dict[str, Any] = {"shape": FormShape.CODE}
        return found | ({"code_language": codes.language} if codes.language else {})
    if json and csv:
        return {}
    if json:
        schema = keys.schema
        return {"shape": FormShape.JSON} | ({"json_schema": schema} if schema else {})
    if csv or (
        ("table" in plain or "tabel" in plain or "quadro" in plain)
        and tables.asks_table(plain, codes=False)
    ):
        columns = tables.read_columns(text, plain)
        return {"shape": FormShape.CSV if csv else FormShape.TABLE} | (
            {"columns": columns} if columns else {}
        )
    several_of, several = labelled.read_labels(text, plain)
    if several_of:
        return {"shape": FormShape.LABEL, "labels": several_of} | (
            {"several": True} if several else {}
        )
    return _value_of(text, plain) or _list_of(plain)


def _value_of(text: str, plain: str) -> dict[str, Any]:
    """One value in a named format, or one number."""
    if layouts.TRIGGERS.search(plain) and not _TEXTS.search(plain) and _CONVERTS.search(plain):
        layout = _layout(text, plain)
        if layout is not None:
            return {"shape": layout.shape, "layout": layout.name, "pattern": layout.pattern}
    if layouts.NUMBER_TRIGGERS.search(plain) and layouts.number_only(plain):
        return {"shape": FormShape.NUMBER, "pattern": layouts.NUMBER_PATTERN}
    return {}


def _layout(text: str, plain: str) -> layouts.Layout | None:
    day, clock = layouts.date_layout(plain), layouts.time_layout(plain)
    found = [
        layout
        for layout in (
            day,
            clock,
            layouts.phone_layout(text, plain),
            layouts.money_layout(text, plain),
        )
        if layout
    ]
    if day and clock and len(found) == 2 and re.search(r"(?:dd|yyyy|aaaa) hh:mm", plain):
        return layouts.Layout(
            FormShape.DATE, f"{day.name} {clock.name}", f"{day.pattern} {clock.pattern}"
        )
    return found[0] if len(found) == 1 else None


def _list_of(plain: str) -> dict[str, Any]:
    if not lists.TRIGGERS.search(plain):
        return {}
    listed = lists.read_list(plain)
    if not listed.asked:
        return {}
    return {"shape": FormShape.LIST} | ({"items": listed.items} if listed.items else {})
