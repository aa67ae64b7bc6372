"""Which tasks must stay on the machine, and the one gate through which every cloud call goes."""

from __future__ import annotations

from router.errors import PrivacyViolation
from router.types import Message, Privacy, Task


def may_leave(task: Task) -> bool:
    """Whether the task's text may be sent to a cloud engine."""
    return task.privacy is Privacy.PUBLIC


def may_be_kept(task: Task, *, store_is_local: bool) -> bool:
    """Whether the text may be written to the Redis in use; a remote one is another machine."""
    return store_is_local or may_leave(task)


def release(task: Task, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The messages, released to a cloud engine; PrivacyViolation when the task must stay local.

    Every byte for a cloud passes here, whatever node sends it: a wrong decision upstream then
    fails closed instead of leaking.
    """
    if not may_leave(task):
        raise PrivacyViolation(
            f"task {task.task_id} is labelled {task.privacy.value} and was about to be sent to the "
            "cloud: it was stopped. Answer it locally, or submit it as public"
        )
    return messages
