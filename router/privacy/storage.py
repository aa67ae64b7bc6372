"""Decides which text may be written to the Redis in use.

A remote Redis never gets local_only text, whoever writes it and whenever the label became so
strict. It gets public text, and internal text unredacted: redaction is for clouds, not for the
store that the user chose. See docs/deployment.md.
"""

from __future__ import annotations

from collections.abc import Callable

from router.errors import EdgewardError, PrivacyViolation
from router.privacy.gate import Gate, may_be_kept
from router.settings.privacy import PrivacySettings
from router.store.store import Store
from router.types.task import Privacy

CURE = "use a Redis on this machine"

Judge = Callable[[str], Privacy]
"""The label of a text by what is found in it."""


def judge_by_default() -> Judge:
    """What the detectors find with default settings."""
    return Gate(PrivacySettings()).label_of


def may_be_written(label: Privacy, store: Store) -> bool:
    """Whether text with this label may be written to the store."""
    return may_be_kept(label, store_is_local=store.local)


def why_not_written(what: str, label: Privacy, store: Store, cure: str = CURE) -> str:
    """The refusal in words, without a word of the text. what: names it."""
    return (
        f"{what} must stay on this machine, as it is {label.value}, but {store.description} is on "
        f"another: it was not written; {cure}"
    )


def require_may_be_written(
    label: Privacy,
    store: Store,
    what: str,
    *,
    cure: str = CURE,
    error: type[EdgewardError] = PrivacyViolation,
) -> None:
    """Raises `error` where the text may not be written to the store. what: names it in words."""
    if not may_be_written(label, store):
        raise error(why_not_written(what, label, store, cure))
