"""The file of a workflow as frozen models: which keys there are, and what may stand there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue, PrivateAttr, StrictBool, model_validator

from graphs.workflow.definition.fields import Condition, Data, FilePath, Listing, Name, Text
from graphs.workflow.definition.rules import (
    ACTIONS,
    KEYS_OF,
    at,
    fits,
    one_action_schema,
    refuse_empty,
)
from graphs.workflow.definition.source import Source
from router.types.base import Frozen
from router.types.task import Privacy

Dollars = Annotated[float, Field(ge=0, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=90 * 86_400)]


class Part(Frozen):
    """A part of the file. Keys are known by the names that they have there, and by no other."""

    model_config = ConfigDict(populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _full(cls, given: Any) -> Any:
        refuse_empty(given)
        return given


class Input(Part):
    """A value that whoever starts the workflow gives."""

    type: Literal["string", "number", "integer", "boolean", "array", "object"] = "string"
    description: str = ""
    required: StrictBool | None = Field(
        default=None, description="whether it must be given; without a default it must"
    )
    default: JsonValue = None
    enum: tuple[JsonValue, ...] | None = Field(
        default=None, min_length=1, description="the only values it may have"
    )
    privacy: Privacy = Field(
        default=Privacy.PUBLIC,
        description="local_only: neither it nor what is made of it goes to a cloud",
    )

    @model_validator(mode="after")
    def _agrees(self) -> Input:
        if self.required and "default" in self.model_fields_set:
            raise at("default", "an input that is required needs no default: take one of them away")
        if self.default is not None and not fits(self.default, self.type):
            raise at("default", f"the default is no {self.type}, found {self.default!r}")
        for value in self.enum or ():
            if not fits(value, self.type):
                raise at("enum", f"all values are of type {self.type}, found {value!r}")
        if self.enum and self.default is not None and self.default not in self.enum:
            raise at("default", f"the default {self.default!r} is not in `enum`")
        return self

    @property
    def must_be_given(self) -> bool:
        return "default" not in self.model_fields_set if self.required is None else self.required


class Output(Part):
    """What a step's answer must look like."""

    json_schema: FilePath | dict[str, Any] = Field(
        alias="schema", description="a JSON Schema: a file, or written out"
    )


class Verify(Part):
    """How an answer is judged beside the checks that every answer passes."""

    tests: FilePath | None = Field(default=None, description="a file of tests for the code")
    test_code: Text | None = Field(
        default=None, description="the tests themselves; where they are blank, there are none"
    )
    command: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="a program; it reads the answer and ends with 0"
    )
    json_schema: FilePath | dict[str, Any] | None = Field(
        default=None, alias="schema", description="a JSON Schema that the answer satisfies"
    )


class Escalate(Part):
    """Where an answer that is not good enough is asked for again."""

    to: Literal["cloud"]
    max_usd: Dollars | None = Field(default=None, description="at most, for one answer")


class BudgetOf(Part):
    """What may be spent."""

    max_usd: Dollars


class Approve(Part):
    """A question to a person; days may pass."""

    message: Text


class Wait(Part):
    """Time that passes before the next step."""

    seconds: Annotated[float, Field(ge=0, le=90 * 86_400)] | None = None
    until: Text | None = Field(default=None, description="a moment such as 2030-01-31T09:00:00Z")

    @model_validator(mode="after")
    def _one(self) -> Wait:
        if (self.seconds is None) == (self.until is None):
            raise ValueError("give exactly one of `seconds`, `until`")
        return self


class Step(Part):
    """One step: exactly one of `prompt`, `tool`, `workflow`, `approve`, `wait`."""

    model_config = ConfigDict(json_schema_extra=one_action_schema)

    id: Name
    description: str = ""
    agent: Literal["general", "coder", "auto", "cloud"] = Field(
        default="auto", description="who answers; auto: whoever suits the prompt"
    )
    prompt: Text | None = None
    system: Text | None = None
    tool: str | None = Field(default=None, min_length=1, description="the name of a tool")
    arguments: dict[str, Data] = Field(default_factory=dict, description="what the tool is given")
    workflow: FilePath | None = Field(default=None, description="the file of another workflow")
    inputs: dict[str, Data] = Field(default_factory=dict, description="what that one is given")
    approve: Approve | None = None
    wait: Wait | None = None
    output: Output | None = None
    needs: tuple[Name, ...] | None = Field(
        default=None, description="steps that end before this one; without it, the one above"
    )
    condition: Condition | None = Field(
        default=None,
        alias="if",
        description="an expression; where it is false, the step is skipped",
    )
    for_each: Listing | None = Field(
        default=None, description="a list; the step is done once for each `item` in it"
    )
    max_parallel: int = Field(default=4, ge=1, le=256, strict=True)
    retry: int = Field(default=0, ge=0, le=10, strict=True, description="further tries on failure")
    timeout_s: Seconds | None = None
    continue_on_error: StrictBool = False
    placement: Literal["local", "cloud", "auto"] = "auto"
    privacy: Privacy = Privacy.PUBLIC
    budget: BudgetOf | None = Field(default=None, description="for all items and tries together")
    verify: Verify | None = None
    escalate: Escalate | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Step:
        given = {type(self).model_fields[name].alias or name for name in self.model_fields_set}
        actions = [one for one in ACTIONS if getattr(self, one) is not None]
        if len(actions) != 1:
            found = " and ".join(f"`{one}`" for one in actions) or "none"
            choices = ", ".join(f"`{one}`" for one in ACTIONS)
            raise at("", f"a step has exactly one of {choices} (found {found})")
        action = actions[0]
        for key in sorted(given - KEYS_OF[action]):
            raise at(key, f"`{key}` means nothing in a step with `{action}`: take it away")
        if "max_parallel" in given and self.for_each is None:
            raise at("max_parallel", "`max_parallel` is for steps with `for_each`")
        if self.agent == "cloud" and self.placement == "local":
            raise at("placement", "agent `cloud` does not answer on this machine")
        if self.escalate and self.always_in_cloud:
            raise at(
                "escalate", "the step is in the cloud already: there is nothing to escalate to"
            )
        if self.escalate and self.placement == "local":
            raise at("escalate", "placement `local` does not escalate: take one of them away")
        if self.verify and self.verify.model_fields_set == set():
            raise at("verify", "give at least one of `tests`, `test_code`, `command`, `schema`")
        return self

    @property
    def action(self) -> Literal["prompt", "tool", "workflow", "approve", "wait"]:
        if self.prompt is not None:
            return "prompt"
        if self.tool is not None:
            return "tool"
        if self.workflow is not None:
            return "workflow"
        return "approve" if self.approve is not None else "wait"

    @property
    def always_in_cloud(self) -> bool:
        return self.agent == "cloud" or self.placement == "cloud"

    @property
    def may_use_cloud(self) -> bool:
        """By its own words; a label may still forbid it."""
        return self.always_in_cloud or self.escalate is not None


class WorkflowDefinition(Part):
    """A workflow: what it is given, its steps, and what it gives."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    description: str = ""
    inputs: dict[Name, Input] = Field(default_factory=dict)
    budget: BudgetOf | None = Field(default=None, description="for the whole run")
    steps: tuple[Step, ...] = Field(min_length=1, max_length=500)
    outputs: dict[Name, Data] = Field(default_factory=dict)

    _source: Source = PrivateAttr(default_factory=Source)

    @property
    def source(self) -> Source:
        """The file it was read from, with the places of its keys."""
        return self._source

    @property
    def base(self) -> Path:
        """The folder that paths in it start from."""
        return self._source.base

    def step(self, step_id: str) -> Step:
        """Raises KeyError for an id that is not there."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)
