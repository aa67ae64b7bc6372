"""What a fact is, and the labels that say where it may go."""

from __future__ import annotations

from pydantic import Field

from router.errors import TaskError
from router.memory.facts_search import names, same
from router.types.base import Frozen
from router.types.task import Privacy

LABELS = tuple(Privacy)
"""In order of strictness."""


def label_of(value: str) -> Privacy:
    """A label from its name or from a `Privacy`; TaskError for an unknown one."""
    for label in LABELS:
        if value == label:
            return label
    raise TaskError(f"label {str(value)!r} is unknown: known are {', '.join(LABELS)}")


class Fact(Frozen):
    """One thing that is remembered.

    source: who wrote it, a role or a session. subjects: keys of the persons that it is about, as
    `customer:42` or an e-mail address. expires_at: None where it does not; both times are epoch
    seconds of the writer's clock. tokens: an estimate, of the text alone.
    """

    key: str = Field(min_length=1, max_length=500)
    text: str = Field(min_length=1)
    label: Privacy
    source: str = Field(min_length=1, max_length=500)
    subjects: tuple[str, ...] = Field(default=(), max_length=100)
    created_at: float
    expires_at: float | None
    tokens: int = Field(ge=1)

    def is_about(self, subject: str) -> bool:
        """Whether the person is one of its subjects, or is named in its key, source or text."""
        return any(same(one, subject) for one in self.subjects) or names(
            f"{self.key}\n{self.source}\n{self.text}", subject
        )

    def may_go(self, label_at_most: Privacy) -> bool:
        """Whether it may be shown where only that label or a laxer one is allowed."""
        return LABELS.index(self.label) <= LABELS.index(label_at_most)


class FactStats(Frozen):
    """How much is remembered. Labels without facts are zero."""

    facts: int
    tokens: int
    facts_by_label: dict[Privacy, int]
    tokens_by_label: dict[Privacy, int]
