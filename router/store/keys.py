"""Names every key that edgeward has in Redis, with its content and lifetime.

All start with `{namespace}:`. Whatever a user chose (a session's name, a thread's id) is escaped,
so that no two names share a key. Redis Cluster is not supported: the parts of one record lie in
several slots.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from router.errors import ConfigError

ESCAPED_LIMIT = 96
"""Characters of an escaped name above which its hash stands for it."""


@lru_cache(maxsize=4096)
def quoted(part: str) -> str:
    """Percent-encoded: letters, digits and `_.-~%` only. Reversible, whatever the name contains."""
    return quote(part.encode("utf-8", "surrogatepass"), safe="")


def unquoted(part: str) -> str:
    """The name that `quoted` encoded."""
    return unquote_to_bytes(part).decode("utf-8", "surrogatepass")


def escaped(part: str) -> str:
    """A name as part of a key: readable where it is short, and never the same for two names.

    Contains no colon and no glob character. A hash is marked by `=`, which no quoted name has.
    """
    text = quoted(part)
    if len(text) <= ESCAPED_LIMIT:
        return text
    return f"={hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one namespace. Raises ConfigError for a namespace that could break out of it."""

    namespace: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", self.namespace):
            raise ConfigError(
                f"{self.namespace!r} cannot be the namespace of the keys in Redis: "
                "use 1 to 64 letters, digits, dots, dashes and underscores"
            )

    def of(self, *parts: str) -> str:
        """The key of any record: each part escaped, joined by colons."""
        return ":".join((self.namespace, *map(escaped, parts)))

    def memory(self, session: str) -> str:
        """List of a session's messages as JSON, oldest first. TTL: Memory.ttl_s from the last."""
        return self.of("memory", session)

    def sessions(self) -> str:
        """Sorted set of session names by last use, epoch seconds. TTL: Memory.ttl_s."""
        return self.of("sessions")

    def answer(self, cache_key: str) -> str:
        """One cached answer as JSON. TTL: AnswerCache.ttl_s, not renewed by reading."""
        return self.of("answer", cache_key)

    def ledger(self) -> str:
        """Stream of attempt, task and other records. TTL: Ledger.retention_s from the last one."""
        return self.of("ledger")

    def ledger_head(self) -> str:
        """Hash: the latest link of the ledger's chain, and the latest that was dropped by age. No
        TTL: it shows when the ledger was lost, and where its numbers continue.
        """
        return self.of("ledger", "head")

    def budget(self, *scope: str) -> str:
        """Hash of what a scope spent and has reserved, nanodollars. TTL: by the kind of scope."""
        return self.of("budget", *scope)

    def reservations(self) -> str:
        """Sorted set of the open calls, by expiry, epoch seconds. No TTL: each is booked in the
        ledger, by its own process or on its behalf.
        """
        return self.of("reservations")

    def reservation(self, call: str) -> str:
        """Hash of an open call: process, reservation, least cost, record. No TTL either."""
        return f"{self.reservations()}:{call}"

    def call(self, task_id: str, messages: str) -> str:
        """A cloud call: its claim, or its answer as JSON. TTL: its deadline, then a day."""
        return self.of("call", task_id, messages)

    def access_keys(self) -> str:
        """Hash of the gateway's keys by id, as JSON with a hash of the secret. No TTL."""
        return self.of("access", "keys")

    def note(self, task_id: str) -> str:
        """What a person wrote beside a judgement. TTL: Ledger.retention_s."""
        return self.of("note", task_id)

    def verdict(self, task_id: str) -> str:
        """The judgement of a task's latest run that is in force. TTL: Ledger.retention_s."""
        return self.of("verdict", task_id)

    def shadow(self, task_id: str) -> str:
        """Marks a task whose shadow run was made, so that there is no second one. TTL: a day."""
        return self.of("shadow", task_id)

    def checkpoints(self, thread_id: str) -> str:
        """Hash of all that a LangGraph thread saved. TTL: RedisSaver.ttl_s from the last save."""
        return self.of("thread", thread_id)

    def checkpoint_index(self, thread_id: str) -> str:
        """Sorted set, in lexical order, of that hash's checkpoints and writes. The same TTL."""
        return self.of("thread", thread_id, "index")

    def threads(self) -> str:
        """Sorted set of thread ids by last save, epoch seconds. The same TTL."""
        return self.of("threads")

    def run_threads(self, run_id: str) -> str:
        """Set of the thread ids that a LangGraph run saved to. The same TTL."""
        return self.of("run", run_id)

    def workflow_run(self, run_id: str) -> str:
        """A run of a workflow as JSON. TTL: runs.KEPT_S from its last change."""
        return self.of("workflow", run_id)

    def workflow_runs(self) -> str:
        """Sorted set of run ids by their beginning, epoch seconds. The same TTL."""
        return self.of("workflows")

    def workflow_lease(self, run_id: str) -> str:
        """Who drives a run. TTL: runs.LEASE_S, renewed while it is driven."""
        return self.of("workflow", run_id, "lease")

    def document(self, member: str) -> str:
        """One item of the LangGraph store as JSON. TTL: the item's own, or none."""
        return self.of("document", member)

    def documents(self) -> str:
        """Sorted set, in lexical order, of all items' paths. No TTL; swept of expired items."""
        return self.of("documents")
