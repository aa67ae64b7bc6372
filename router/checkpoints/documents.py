"""The LangGraph store: JSON items under hierarchical namespaces, in plain Redis keys.

One key an item, so that Redis itself expires it, and one sorted set of all items' paths in lexical
order, by which namespaces are listed and searched. Reading skips a path whose item has expired, and
takes it out of the set.

Where it differs from LangGraph's InMemoryStore: results come in the order of namespace and key
instead of insertion; `created_at` survives an update; a namespace without items is not listed;
values are JSON, so a tuple comes back as a list; comparing a missing or textual value with `$gt`
and its kin is false instead of an exception. There are no vectors: `query` ranks by the share of
its words that occur in the item, and drops items with none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    validate_op_namespace,
)
from pydantic import ValidationError

from router.checkpoints.document_filters import fits, matches, share_of_words
from router.privacy.storage import Judge, judge_by_default, require_may_be_written
from router.store.keys import quoted, unquoted
from router.store.store import Store
from router.types.base import Frozen

PAGE = 200
"""Items read in one round trip."""

Path = tuple[tuple[str, ...], str]
"""An item's namespace and key."""


class _Stored(Frozen):
    """An item as it lies in Redis. ttl_ms: renewed by reading; None keeps it."""

    value: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    ttl_ms: int | None


class Documents(BaseStore):
    """LangGraph's store; asynchronous only.

    ttl: LangGraph's own defaults for items that name no TTL, in minutes. judge: labels a text by
    what is found in it, before an item is written to a remote Redis; PrivacyViolation where that
    may not hold it.
    """

    supports_ttl = True

    def __init__(
        self,
        store: Store,
        *,
        ttl: TTLConfig | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._store = store
        self._judge = judge or judge_by_default()
        self.ttl_config = ttl

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        raise NotImplementedError(
            "edgeward's document store is asynchronous: use aget, aput, asearch and abatch"
        )

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Reads see the store as it was before the batch; the last write to a path wins.

        All writes of a batch happen together or not at all.
        """
        results: list[Result] = []
        puts: dict[Path, PutOp] = {}
        for op in ops:
            validate_op_namespace(op)
            if isinstance(op, PutOp):
                if isinstance(op.index, list):
                    raise NotImplementedError(
                        "edgeward's document store has no vector index: leave `index` out"
                    )
                puts[(op.namespace, op.key)] = op
                results.append(None)
            elif isinstance(op, GetOp):
                results.append(await self._get(op))
            elif isinstance(op, SearchOp):
                results.append(await self._search(op))
            elif isinstance(op, ListNamespacesOp):
                results.append(await self._list(op))
            else:
                raise ValueError(f"unknown operation {type(op).__name__}")
        if puts:
            await self._write(puts)
        return results

    async def _get(self, op: GetOp) -> Item | None:
        found = await self._read([(op.namespace, op.key)], refresh=op.refresh_ttl)
        return found[0] if found else None

    async def _search(self, op: SearchOp) -> list[SearchItem]:
        """Pages through the namespace; stops early where neither filter nor query decides."""
        paths = await self._paths(op.namespace_prefix)
        words = set(re.findall(r"\w+", op.query.casefold())) if op.query else set()
        enough = None if op.filter or words else op.offset + op.limit
        found: list[SearchItem] = []
        for start in range(0, len(paths), PAGE):
            for item in await self._read(paths[start : start + PAGE], refresh=False):
                score = share_of_words(words, item) if words else None
                if score != 0 and matches(item.value, op.filter or {}):
                    found.append(_as_result(item, score))
            if enough is not None and len(found) >= enough:
                break
        if words:
            found.sort(key=lambda item: -(item.score or 0))  # stable: equal ones stay in order
        chosen = found[op.offset : op.offset + op.limit]
        if op.refresh_ttl and chosen:
            await self._read([(item.namespace, item.key) for item in chosen], refresh=True)
        return chosen

    async def _list(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        paths = await self._paths(())
        live = await self._alive(paths)
        namespaces = {
            namespace[: op.max_depth]
            for namespace, _ in live
            if all(fits(condition, namespace) for condition in op.match_conditions or ())
        }
        return sorted(namespaces)[op.offset : op.offset + op.limit]

    async def _write(self, puts: dict[Path, PutOp]) -> None:
        keys, now = self._store.keys, datetime.now(UTC)
        for (_, key), op in puts.items():
            if op.value is not None and not self._store.local:
                label = self._judge(json.dumps(op.value, ensure_ascii=False))
                require_may_be_written(label, self._store, f"the item {key!r}")
        before = {
            (item.namespace, item.key): item.created_at
            for item in await self._read(
                [path for path, op in puts.items() if op.value is not None], refresh=False
            )
        }
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=True) as pipe:
                for path, op in puts.items():
                    member = _member(*path)
                    if op.value is None:
                        pipe.delete(keys.document(member))
                        pipe.zrem(keys.documents(), member)
                        continue
                    ttl_ms = None if op.ttl is None else max(1, int(op.ttl * 60_000))
                    text = json.dumps(
                        {
                            "value": dict(op.value),
                            "created_at": before.get(path, now).isoformat(),
                            "updated_at": now.isoformat(),
                            "ttl_ms": ttl_ms,
                        }
                    )
                    pipe.set(keys.document(member), text, px=ttl_ms)
                    pipe.zadd(keys.documents(), {member: 0})
                await pipe.execute()

    async def _read(self, paths: Sequence[Path], *, refresh: bool) -> list[Item]:
        """The existing items, in order. refresh: renews their TTL."""
        if not paths:
            return []
        names = [self._store.keys.document(_member(*path)) for path in paths]
        with self._store.errors():
            texts: Any = await self._store.redis.mget(names)
        found, ttls, gone = [], {}, []
        for path, name, text in zip(paths, names, texts, strict=True):
            stored = _parsed(text)
            if stored is None:
                gone.append(path)
                continue
            if stored.ttl_ms is not None:
                ttls[name] = stored.ttl_ms
            found.append(
                Item(
                    value=stored.value,
                    namespace=path[0],
                    key=path[1],
                    created_at=stored.created_at,
                    updated_at=stored.updated_at,
                )
            )
        if refresh and ttls:
            with self._store.errors():
                async with self._store.redis.pipeline(transaction=False) as pipe:
                    for name, ttl_ms in ttls.items():
                        pipe.pexpire(name, ttl_ms)
                    await pipe.execute()
        await self._forget(gone)
        return found

    async def _alive(self, paths: Sequence[Path]) -> list[Path]:
        """Those paths whose items have not expired."""
        if not paths:
            return []
        with self._store.errors():
            async with self._store.redis.pipeline(transaction=False) as pipe:
                for path in paths:
                    pipe.exists(self._store.keys.document(_member(*path)))
                present = await pipe.execute()
        return [path for path, here in zip(paths, present, strict=True) if here]

    async def _forget(self, paths: Sequence[Path]) -> None:
        """Take expired items out of the set of paths, unless somebody has just put them again."""
        from redis.exceptions import WatchError

        documents = self._store.keys.documents()
        for path in paths:
            member = _member(*path)
            with self._store.errors():
                async with self._store.redis.pipeline(transaction=True) as pipe:
                    await pipe.watch(self._store.keys.document(member))
                    if await pipe.exists(self._store.keys.document(member)):
                        continue
                    if await pipe.zscore(documents, member) is None:
                        continue
                    pipe.multi()  # type: ignore[no-untyped-call]
                    pipe.zrem(documents, member)
                    try:
                        await pipe.execute()
                    except WatchError:
                        continue

    async def _paths(self, prefix: tuple[str, ...]) -> list[Path]:
        """The paths of a namespace and all below it, in order."""
        start = "".join(f"{quoted(label)}/" for label in prefix)
        low, high = (f"[{start}", f"({start[:-1]}0") if start else ("-", "+")  # 0 follows /
        with self._store.errors():
            members: Any = await self._store.redis.zrangebylex(
                self._store.keys.documents(), low, high
            )
        return [_path(member.decode()) for member in members]


def _member(namespace: tuple[str, ...], key: str) -> str:
    """`users/ana/!theme`: labels and key are quoted, so `/` and `!` are ours alone."""
    return "".join(f"{quoted(label)}/" for label in namespace) + "!" + quoted(key)


def _path(member: str) -> Path:
    *labels, key = member.split("/")
    return tuple(map(unquoted, labels)), unquoted(key[1:])


def _parsed(text: bytes | None) -> _Stored | None:
    """None for an item that is not there, or that cannot be read."""
    try:
        return None if text is None else _Stored.model_validate(json.loads(text))
    except (ValueError, ValidationError):
        return None


def _as_result(item: Item, score: float | None) -> SearchItem:
    return SearchItem(
        namespace=item.namespace,
        key=item.key,
        value=item.value,
        created_at=item.created_at,
        updated_at=item.updated_at,
        score=score,
    )
