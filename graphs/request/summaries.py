"""Keeps the latest summaries of sessions, in memory alone: what is forgotten is kept nowhere."""

from __future__ import annotations

from collections import OrderedDict

_MOST_KEPT = 64


class Summaries:
    """Summaries by the content that they are of."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()

    def get(self, key: str) -> str | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: str, summary: str) -> None:
        self._kept[key] = summary
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
