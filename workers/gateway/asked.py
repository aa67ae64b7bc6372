"""What a client asks, whatever its dialect: the task, who may answer it, and how it is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from graphs.app import Router
from graphs.run_options import RunOptions
from router.types.task import Message, Privacy, Task
from workers.gateway.refused import Refused

PRIVACY_HEADER = "x-edgeward-privacy"
_VENDORS = re.compile(r"(?:gpt|claude|o\d|chatgpt|gemini)[\w.:-]*")
"""Names that clients insist on: whoever answers, they are answered."""


@dataclass(frozen=True, slots=True)
class Asked:
    """model: the name that was asked for, which the answer repeats. usage: tell token counts at the
    end of a stream."""

    task: Task
    options: RunOptions
    model: str
    stream: bool = False
    usage: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    options: RunOptions
    privacy: Privacy | None = None


def targets(router: Router) -> dict[str, Target]:
    """The model names that are served, and who answers them."""
    found = {
        "auto": Target(RunOptions()),
        "auto-local": Target(RunOptions(place="local")),
        "auto-private": Target(RunOptions(), Privacy.LOCAL_ONLY),
    }
    roles: tuple[Literal["general", "coder"], ...] = ("general", "coder")
    for role in roles:
        agent = router.roster.local.get(role)
        if agent is None:
            continue
        found[role] = Target(RunOptions(role=role))
        if agent.specialist is None:
            named = f"local/{agent.engine.caps.model}"
            found.setdefault(named, Target(RunOptions(role=role, place="local")))
    for agent in router.roster.clouds[:1]:
        found[f"cloud/{agent.engine.caps.model}"] = Target(RunOptions(place="cloud"))
    return found


def target_of(router: Router, model: str) -> Target:
    """Who answers under a name. Raises Refused for one that nobody has."""
    known = targets(router)
    if (found := known.get(model)) is not None:
        return found
    if _VENDORS.fullmatch(model):
        return known["auto"]
    raise Refused(
        404, f"there is no model {model!r}: known are {', '.join(known)}", code="model_not_found"
    )


def messages_of(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each message of a request, with what it is called in a refusal. Raises Refused."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "`messages` is missing: a list of at least one message")
    for place, message in enumerate(messages):
        where = f"messages[{place}]"
        if not isinstance(message, Mapping):
            raise Refused(400, f"{where} is no object")
        yield where, message


def text_of(content: Any, where: str) -> str:
    """The text of a message's content, which may come in parts. Raises Refused for other parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Refused(400, f"{where}.content is neither a text nor a list of parts")
    texts = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind not in ("text", "input_text", "output_text"):
            raise Refused(
                400, f"{where}: a part of type {kind!r} is not served yet", code="unsupported"
            )
        texts.append(str(part.get("text", "")))
    return "\n".join(texts)


def refuse_tools(body: Mapping[str, Any]) -> None:
    """Raises Refused where a request's tools may be called."""
    choice = body.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, Mapping) else choice
    if body.get("tools") and kind != "none":
        raise Refused(400, "`tools` are not served yet: ask without them", code="unsupported")


def asked_of(
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    router: Router,
    floor: Privacy | None,
    *,
    system: Sequence[str],
    said: Sequence[tuple[str, str]],
    fields: Mapping[str, Any],
    usage: bool = False,
) -> Asked:
    """What a dialect has read. system: its prompts; said: role and text of each turn; fields: of
    the task, beside these. Raises Refused."""
    model = body.get("model")
    if not isinstance(model, str):
        raise Refused(400, "`model` is missing: `auto` lets edgeward choose")
    target = target_of(router, model)
    turns, prompt = _turns_of(said)
    told = {"prompt": prompt, "system": "\n\n".join(system) or None, "messages": turns}
    return Asked(
        task=_task_of(target, headers, {**told, **fields}, floor),
        options=target.options,
        model=model,
        stream=body.get("stream") is True,
        usage=usage,
    )


def _turns_of(said: Sequence[tuple[str, str]]) -> tuple[tuple[Message, ...], str]:
    """The turns before the last request, and that; neighbours of one role are one turn.

    Raises Refused where the last word is not the user's.
    """
    joined: list[tuple[str, str]] = []
    for role, text in said:
        if joined and joined[-1][0] == role:
            joined[-1] = (role, f"{joined[-1][1]}\n\n{text}")
        else:
            joined.append((role, text))
    if not joined or joined[-1][0] != "user":
        raise Refused(400, "the last message must be the user's: there is nothing to answer")
    *before, (_, prompt) = joined
    turns = tuple(Message.model_validate({"role": role, "content": text}) for role, text in before)
    return turns, prompt


def _task_of(
    target: Target, headers: Mapping[str, str], fields: Mapping[str, Any], floor: Privacy | None
) -> Task:
    """The task of a request. floor: the least strict label that the key allows.

    Raises Refused for values that a task cannot have.
    """
    wished = headers.get(PRIVACY_HEADER)
    labels = [label for label in (target.privacy, floor) if label is not None]
    try:
        labels += [Privacy(wished)] if wished else []
    except ValueError:
        known = ", ".join(label.value for label in Privacy)
        raise Refused(400, f"{PRIVACY_HEADER} is {wished!r}: known are {known}") from None
    order = list(Privacy)
    strictest = max(labels, key=order.index, default=Privacy.PUBLIC)
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        # A client waits for its answer: nothing is kept for a cloud that comes later.
        return Task.model_validate({**given, "privacy": strictest, "upgrade_within_s": 0})
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        raise Refused(400, f"{at}: {said}" if at else said) from None
