"""How long texts are kept, as a configuration says it: longer, or shorter, than the user wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retention:
    """What one setting keeps.

    usual: the shipped value, in `unit`. forgets: a shorter time also drops what was kept before,
    by whatever configuration.
    """

    what: str
    usual: float
    unit: str
    forgets: bool = False

    def weaker(self, value: float, wanted: float, whose: str) -> str | None:
        """What is to be told of the value; None where it is harmless.

        wanted: the value that `whose` ("the usual", "your own") configuration has.
        """
        if value > wanted:
            how = f"keeps {self.what} for {value:g} {self.unit}, longer than"
        elif value < wanted and self.forgets:
            how = f"drops {self.what} after {value:g} {self.unit}, sooner than"
        else:
            return None
        return f"{how} {whose} {wanted:g}"


RETENTION: Mapping[str, Retention] = {
    "memory.session_days": Retention("what sessions said", 30.0, "days", forgets=True),
    "memory.cache_hours": Retention("answers", 24.0, "hours"),
    "memory.facts_days": Retention("facts", 90.0, "days"),
    "outbox.keep_hours": Retention("tasks that wait for a cloud", 168.0, "hours"),
    "queue.keep_hours": Retention("tasks and their results", 24.0, "hours"),
    "queue.dead_days": Retention("tasks that were set aside", 14.0, "days", forgets=True),
}
"""By the name of the setting. The account (`memory.ledger_days`) keeps no text."""
