"""Whether a Redis may lose data, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from router.store.store import Store


@dataclass(frozen=True, slots=True)
class Forgetting:
    """One way in which a Redis loses data. follows: what is then lost; cure: what its administrator
    does.
    """

    setting: str
    follows: str
    cure: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.follows}; {self.cure}"


_UNKNOWN = Forgetting(
    "its user may not run INFO",
    "whether it evicts keys or keeps them over a restart cannot be seen",
    "allow the user +info, or see to maxmemory-policy noeviction and appendonly yes",
)


async def forgettings(store: Store) -> tuple[Forgetting, ...]:
    """Every way in which this Redis may lose data; none for a durable one.

    By INFO, which hosted ones allow, and CONFIG GET where it is allowed too. Raises
    StoreUnavailable.
    """
    from redis.exceptions import NoPermissionError, ResponseError

    with store.errors():
        try:
            memory = dict(await store.redis.info("memory"))
            persistence = dict(await store.redis.info("persistence"))
        except NoPermissionError:
            return (_UNKNOWN,)
        config: dict[Any, Any] = {}
        for name in ("save", "appendfsync"):
            with suppress(ResponseError):  # forbidden, or renamed away, on a hosted one
                config.update(await store.redis.config_get(name))
    return judged(memory, persistence, config)


def judged(
    memory: Mapping[str, Any], persistence: Mapping[str, Any], config: Mapping[str, Any]
) -> tuple[Forgetting, ...]:
    """The same by what the server says of itself; what it does not say is not held against it."""
    found = [_eviction(memory), _restart(persistence, config)]
    return tuple(one for one in found if one is not None)


def _eviction(memory: Mapping[str, Any]) -> Forgetting | None:
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if policy == "noeviction":
        return None
    when = "when its memory is full" if memory.get("maxmemory") else "once it is given a maxmemory"
    lost = (
        "results, sessions, kept answers and reservations of money vanish"
        if policy.startswith("volatile-")
        else "waiting tasks, the account, budgets and sessions vanish"
    )
    return Forgetting(
        f"maxmemory-policy is {policy}",
        f"{lost} without an error {when}",
        "set maxmemory-policy noeviction: a full Redis then refuses, and nothing is lost",
    )


def _restart(persistence: Mapping[str, Any], config: Mapping[str, Any]) -> Forgetting | None:
    if "aof_enabled" not in persistence:
        return None
    cure = "set appendonly yes"
    if not int(persistence["aof_enabled"]):
        lost = "what was written since its last snapshot"
        if config.get("save") == "":
            lost = "everything, as it takes no snapshots either"
        return Forgetting(
            "it has no append-only file",
            f"a crash or a restart loses {lost}: queued tasks, the account, what was spent",
            cure,
        )
    if str(persistence.get("aof_last_write_status", "ok")) != "ok":
        return Forgetting(
            "its append-only file cannot be written",
            "a restart loses what was written since",
            "free space on its disk",
        )
    if config.get("appendfsync") == "no":
        return Forgetting(
            "appendfsync is no",
            "a crash of its machine loses about the last half minute",
            "set appendfsync everysec",
        )
    return None
