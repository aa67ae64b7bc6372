"""The LangGraph checkpoint saver: a graph's state, into and out of Redis."""

from __future__ import annotations

import builtins
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NoReturn

from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
    get_checkpoint_id,
    get_checkpoint_metadata,
    writes_sort_key,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from router.checkpoints.checkpoint_fields import Address, join, pack, split, unpack
from router.checkpoints.checkpoint_rows import ThreadRows
from router.privacy.storage import may_be_written, require_may_be_written
from router.store.store import Store
from router.types.completion import Completion, TokenStats, Usage
from router.types.decision import EscalationReason, Expected, Guess, Kind, RouteDecision
from router.types.form import Form, FormShape
from router.types.result import Attempt, CheckResult, CloudState, Result, ToolCall
from router.types.task import Message, Priority, Privacy, Task

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

VOCABULARY = (
    *(Task, Message, Completion, Usage, TokenStats),
    *(CheckResult, Guess, Expected, RouteDecision, Attempt),
    *(Result, ToolCall, Kind, Privacy, CloudState),
    *(Priority, EscalationReason, Form, FormShape),
)
"""The classes of ours that a checkpoint may contain."""


_KINDS = frozenset({"null", "bytes", "bytearray", "msgpack"})


class _Serializer(JsonPlusSerializer):
    """Reads only the formats that it writes. LangGraph's own also revives objects from old JSON."""

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        if data[0] not in _KINDS:
            raise NotImplementedError(
                f"a checkpoint holds a value in the form {data[0][:40]!r}, which edgeward never "
                f"writes: known are {', '.join(sorted(_KINDS))}; delete the thread"
            )
        return super().loads_typed(data)


class RedisSaver(BaseCheckpointSaver[str]):
    """Saves and restores the state of graphs; asynchronous only.

    ttl_s: seconds after its last save that a thread expires; None: never. revived: further classes
    that the graphs' states contain. Only these and our own types are instantiated from what Redis
    holds; anything else comes back as plain data. Otherwise whoever can write to Redis could run
    code here. label_of: the label of channels by name. Channels that the store must not have are
    left out; without label_of everything is saved. refuses: raises PrivacyViolation instead of
    leaving out.
    """

    def __init__(
        self,
        store: Store,
        *,
        ttl_s: float | None = 7 * 86_400.0,
        revived: Iterable[type] = (),
        label_of: Callable[[Mapping[str, Any]], Privacy] | None = None,
        refuses: bool = False,
    ) -> None:
        super().__init__(serde=_Serializer(allowed_msgpack_modules=(*VOCABULARY, *revived)))
        self._rows = ThreadRows(store, ttl_s=ttl_s)
        self._store = store
        self._label_of = label_of
        self._refuses = refuses

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint and the channel values that are new in it, in one transaction."""
        parent = Address.of(config)
        at = parent.with_id(checkpoint["id"])
        values = checkpoint["channel_values"]
        if not self._may_save(values):
            return at.config()
        bare = {key: value for key, value in checkpoint.items() if key != "channel_values"}
        meta = get_checkpoint_metadata(config, metadata)
        fields = {
            at.field("c"): pack(join(parent.id or ""), *self.serde.dumps_typed(bare)),
            at.field("m"): pack("", *self.serde.dumps_typed(meta)),
        }
        for channel, version in new_versions.items():
            if channel in values:  # else the channel is empty in this version
                blob = self.serde.dumps_typed(values[channel])
                fields[at.blob(channel, version)] = pack("", *blob)
        await self._rows.save(
            at.thread, fields, indexed=[at.field("c")], run=meta.get("run_id") or None
        )
        return at.config()

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Save what one task wrote. Written twice, the first value stays; of errors the last."""
        at = Address.of(config)
        if not self._may_save(dict(writes)):
            return
        fields, keep = {}, []
        for position, (channel, value) in enumerate(writes):
            index = WRITES_IDX_MAP.get(channel, position)
            name = at.field("w", task_id, str(index))
            head = join(task_path, task_id, str(index), channel)
            fields[name] = pack(head, *self.serde.dumps_typed(value))
            if index >= 0:
                keep.append(name)
        await self._rows.save(at.thread, fields, keep=keep, indexed=fields)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that `config` names, or the latest of its thread and namespace."""
        at = Address.of(config)
        if at.id is None:
            latest = await self._rows.page(at, before=None, count=1)
            if not latest:
                return None
            at = latest[0]
        return await self._load(at)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Checkpoints of a thread, newest first in each namespace; of all threads without config.

        filter: metadata that must be equal. before: only those older than this checkpoint.
        """
        left = limit
        bound = get_checkpoint_id(before) if before else None
        async with aclosing(self._rows.addresses(config, before=bound)) as addresses:
            async for at in addresses:
                if left is not None and left <= 0:
                    return
                if filter:
                    metadata = await self._metadata(at)
                    if any(metadata.get(key) != wanted for key, wanted in filter.items()):
                        continue
                if (found := await self._load(at)) is None:
                    continue  # deleted while we were listing
                left = None if left is None else left - 1
                yield found

    async def adelete_thread(self, thread_id: str) -> None:
        await self._rows.delete(thread_id)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints of these runs, wherever they were saved, with their writes."""
        for run in run_ids:
            for thread in await self._rows.threads_of_run(run):
                doomed = [
                    at
                    for at in await self._all(thread)
                    if (await self._metadata(at)).get("run_id") == run
                ]
                await self._rows.drop(thread, doomed, run)
                await self._sweep(thread)
            await self._rows.forget_run(run)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Make the target an exact copy of the source, complete with every ancestor."""
        if source_thread_id != target_thread_id:
            await self._rows.copy(source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Drop old checkpoints (`keep_latest`) or everything (`delete`). Prune idle threads only.

        The ancestors that a delta channel of the latest checkpoint is rebuilt from are kept.
        """
        if strategy not in ("keep_latest", "delete"):
            raise ValueError(f"unknown strategy {strategy!r}: use 'keep_latest' or 'delete'")
        for thread in thread_ids:
            if strategy == "delete":
                await self._rows.delete(thread)
                continue
            saved = await self._all(thread)
            latest = {at.ns: at for at in reversed(saved)}
            kept = {needed for at in latest.values() for needed in await self._lineage(at)}
            await self._rows.drop(thread, [at for at in saved if at not in kept])
            await self._sweep(thread)

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Increasing, and with a random tail: two forks of a thread must not share a version."""
        number = 0 if current is None else int(str(current).split(".")[0])
        return f"{number + 1:032}.{random.random():016}"

    def _may_save(self, values: Mapping[str, Any]) -> bool:
        """Asked for each write: the label may have become stricter since the last one."""
        if self._label_of is None or self._store.local:
            return True
        label = self._label_of(values)
        if self._refuses:
            require_may_be_written(label, self._store, "the state of a run")
        return may_be_written(label, self._store)

    async def _load(self, at: Address) -> CheckpointTuple | None:
        """Two round trips: the checkpoint with the names of its writes, then all values."""
        bare, meta, writes = await self._rows.head(at)
        if bare is None or meta is None:
            return None
        head, typed = unpack(bare)
        (parent,) = split(head)
        checkpoint = self.serde.loads_typed(typed)
        versions: ChannelVersions = checkpoint["channel_versions"]
        blobs = [at.blob(channel, version) for channel, version in versions.items()]
        values = await self._rows.read(at.thread, [*blobs, *writes])
        checkpoint["channel_values"] = {
            channel: self.serde.loads_typed(unpack(blob)[1])
            for channel, blob in zip(versions, values, strict=False)
            if blob is not None
        }
        return CheckpointTuple(
            config=at.config(),
            checkpoint=checkpoint,
            metadata=self.serde.loads_typed(unpack(meta)[1]),
            parent_config=at.with_id(parent).config() if parent else None,
            pending_writes=self._pending(values[len(blobs) :]),
        )

    def _pending(self, packed: Iterable[bytes | None]) -> builtins.list[PendingWrite]:
        """Writes in the order in which a run applies them."""
        found = []
        for write in packed:
            if write is not None:
                head, typed = unpack(write)
                path, task_id, index, channel = split(head)
                found.append((writes_sort_key(path, task_id, int(index)), channel, typed))
        found.sort(key=lambda write: write[0])
        return [(key[1], channel, self.serde.loads_typed(typed)) for key, channel, typed in found]

    async def _metadata(self, at: Address) -> dict[str, Any]:
        (packed,) = await self._rows.read(at.thread, [at.field("m")])
        return dict(self.serde.loads_typed(unpack(packed)[1])) if packed else {}

    async def _all(self, thread: str) -> Sequence[Address]:
        """Every checkpoint of a thread, newest first in each namespace."""
        return [at async for at in self._rows.addresses(Address(thread, None, None).config())]

    async def _lineage(self, at: Address) -> Sequence[Address]:
        """A checkpoint, and those of its ancestors that its delta channels are rebuilt from."""
        chain = [at]
        found = await self._load(at)
        missing = set(found.metadata.get("counters_since_delta_snapshot", ())) if found else set()
        while found:
            missing -= set(found.checkpoint["channel_values"])
            if not missing or found.parent_config is None:
                break
            chain.append(Address.of(found.parent_config))
            found = await self._load(chain[-1])
        return chain

    async def _sweep(self, thread: str) -> None:
        """Delete the channel values that no checkpoint refers to any more."""
        needed: set[str] = set()
        for at in await self._all(thread):
            (packed,) = await self._rows.read(thread, [at.field("c")])
            if packed:
                versions = self.serde.loads_typed(unpack(packed)[1])["channel_versions"]
                needed |= {at.blob(channel, version) for channel, version in versions.items()}
        await self._rows.keep_blobs(thread, needed)

    def _asynchronous(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError(
            "edgeward's checkpoints are asynchronous: call the graph's asynchronous methods, "
            "such as ainvoke and aget_state"
        )

    get_tuple = list = put = put_writes = _asynchronous
    delete_thread = delete_for_runs = _asynchronous
    copy_thread = prune = _asynchronous
    get_delta_channel_history = _asynchronous
