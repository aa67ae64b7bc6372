"""Loads a workflow from YAML, or reports every mistake in it with its place and its cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.definition.problems import Problem, WorkflowError
from graphs.workflow.definition.source import Source
from graphs.workflow.wording import listed, nearest
from router.settings.yaml_nodes import Place, YamlError, read_text, read_yaml
from router.wording import shown

_ELSEWHERE = {
    "run": "commands are run by a tool, or by `verify: {command: [...]}`",
    "uses": "another workflow is called by `workflow`, a tool by `tool`",
    "with": "a tool takes `arguments`, a workflow takes `inputs`",
    "args": "a tool takes `arguments`",
    "name": "a step is named by `id`, and told in `description`",
    "on": "a workflow is started by whoever runs it",
    "jobs": "a workflow has `steps`; `needs` says what runs side by side",
    "model": "models are named in edgeward.yaml; a step names an `agent`",
    "strategy": "write `for_each` and `max_parallel`",
    "matrix": "write `for_each`",
    "loop": "write `for_each`",
    "depends_on": "write `needs`",
    "depends-on": "write `needs`",
    "after": "write `needs`",
    "when": "write `if`",
    "condition": "write `if`",
    "timeout": "write `timeout_s`, in seconds",
    "timeout-minutes": "write `timeout_s`, in seconds",
    "retries": "write `retry`",
    "schema": "write `output: {schema: ...}`",
    "env": "values come in through `inputs`",
    "secrets": "a workflow holds no secrets; keys are in the environment",
    "max_usd": "write `budget: {max_usd: ...}`",
    "local_only": "write `privacy: local_only`",
}
_MESSAGES = {
    "bool_type": "write true or false",
    "string_type": "a text is wanted: put it in quotes",
    "int_type": "a whole number is wanted",
    "model_type": "keys and values are wanted",
    "model_attributes_type": "keys and values are wanted",
    "dict_type": "keys and values are wanted",
    "tuple_type": "a list is wanted",
    "too_short": "at least one is wanted",
}
_FOUND = {list: "a list", tuple: "a list", dict: "keys and values", type(None): "nothing"}


def load_workflow(path: Path) -> WorkflowDefinition:
    """The workflow in a file; WorkflowError (a ConfigError) with every mistake, in order."""
    try:
        text = read_text(path)[0]
    except YamlError as error:
        raise _workflow_error(error) from None
    return _read(text, Source(str(path), text, path.absolute().parent, path))


def loads(text: str, base: Path | None = None, *, name: str = "(workflow)") -> WorkflowDefinition:
    """The workflow in a text. base: the folder that paths in it start from."""
    return _read(text, Source(name, text, base or Path()))


def _read(text: str, source: Source) -> WorkflowDefinition:
    try:
        document = read_yaml(text, source.name, "a workflow")
    except YamlError as error:
        raise _workflow_error(error) from None
    data = document.data
    if not isinstance(data, dict):
        found = "nothing" if data is None else "a list" if isinstance(data, list) else "a value"
        message = f"a workflow has keys and values, such as `name` and `steps`; found {found}"
        raise WorkflowError([Problem(source.name, 1, 1, "", message)])
    source = Source(
        source.name, text, source.base, source.path, document.marks, _ids(data.get("steps"))
    )
    try:
        workflow = WorkflowDefinition.model_validate(data)
    except ValidationError as error:
        told: list[dict[str, Any]] = [dict(one) for one in error.errors()]
        if data.get("steps"):
            # Pydantic counts only the valid steps; the invalid ones have errors of their own.
            told = [one for one in told if (one["loc"], one["type"]) != (("steps",), "too_short")]
        problems = {_problem(one, source): None for one in told}
        raise WorkflowError([*problems]) from None
    workflow._source = source
    return workflow


def _workflow_error(error: YamlError) -> WorkflowError:
    return WorkflowError(
        [Problem(error.name, one.line, one.column, "", one.message) for one in error.faults]
    )


def _ids(steps: Any) -> tuple[str, ...]:
    if not isinstance(steps, list):
        return ()
    named = (one.get("id") if isinstance(one, dict) else None for one in steps)
    return tuple(one if isinstance(one, str) else "" for one in named)


def _problem(item: dict[str, Any], source: Source) -> Problem:
    """A pydantic error as a Problem: with its place in the file, in our words."""
    facts = item.get("ctx", {})
    place: Place = tuple(part for part in item["loc"] if part != "[key]")
    if item["type"] in ("missing", "extra_forbidden"):
        return _about_key(item["type"], place, source)
    # Pydantic appends the tag of a union's variant to the place: no file has such a key.
    arms = len(place)
    while place and place not in source.marks:
        place = place[:-1]
    place = (*place, *facts.get("inside", ()))
    message = str(item["msg"]).removeprefix("Value error, ")
    message = _MESSAGES.get(item["type"], message)
    if len(place) < arms and item["type"] in ("string_type", "dict_type"):
        message = "the name of a file, or keys and values, are wanted"
    value = item.get("input")
    if isinstance(value, str | int | float | bool) and item["type"] not in ("expression", "rule"):
        written = str(value).lower() if isinstance(value, bool) else repr(value)
        message += f", found {shown(written, 60)}"
    elif item["type"] in _MESSAGES:
        message += f", found {_FOUND.get(type(value), 'something else')}"
    if item["type"] == "literal_error" and isinstance(value, str):
        message += nearest(value, str(facts.get("expected", "")).replace("'", "").split(", "))
    message = f"{message[:1].lower()}{message[1:]}"
    if item["type"] == "expression":
        return source.in_expression(place, message, facts["begins"], facts["offset"])
    return source.problem(place, message)


def _about_key(kind: str, place: Place, source: Source) -> Problem:
    owner, key = _model_at(place[:-1]), str(place[-1])
    known = [one.alias or name for name, one in owner.model_fields.items()] if owner else []
    if kind == "missing":
        return source.problem(place, f"`{key}` is missing")
    hint = nearest(key, known)
    if key in _ELSEWHERE and (owner is Step or owner is WorkflowDefinition):
        hint = f" ({_ELSEWHERE[key]})"
    return source.problem(place, f"unknown key `{shown(key)}`{hint}; known keys: {listed(known)}")


def _model_at(place: Place) -> type[BaseModel] | None:
    """The model whose keys stand at a place of the file."""
    model: type[BaseModel] | None = WorkflowDefinition
    for part in place:
        if isinstance(part, int) or model is None:
            continue
        field = next(
            (one for name, one in model.model_fields.items() if (one.alias or name) == part), None
        )
        if field is not None:
            model = _model_in(field.annotation)
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _model_in(one))), None)
