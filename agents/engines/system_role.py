"""A conversation for a model whose chat template knows no system role."""

from __future__ import annotations

from collections.abc import Sequence

from router.types.task import Message


def without_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same with what the system says at the head of the first user turn, and no two turns of
    one role in a row, which the templates of such models refuse as well."""
    said = [message.content for message in messages if message.role == "system"]
    turns: list[Message] = []
    for message in (one for one in messages if one.role != "system"):
        content = message.content
        if message.role == "user" and said:
            content, said = "\n\n".join((*said, content)), []
        if turns and turns[-1].role == message.role:
            content = f"{turns.pop().content}\n\n{content}"
        turns.append(message.model_copy(update={"content": content}))
    if said:
        turns.insert(0, Message(role="user", content="\n\n".join(said)))
    return tuple(turns)
