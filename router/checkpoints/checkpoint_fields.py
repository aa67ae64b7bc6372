"""The fields of a saved LangGraph thread: their names, and how a value is packed into one.

Names, with each part quoted and NUL between the parts; those marked * are members of the index:

    c NS ID          * a checkpoint without its channel values; its head is the parent's id
    m NS ID            the checkpoint's metadata
    b NS CHANNEL VER   one version of a channel's value, shared by all checkpoints that saw it
    w NS ID TASK IDX * a pending write; its head is what it is sorted by, and its channel
    r RUN            * (index only) a run that saved to the thread
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from router.store.keys import quoted, unquoted

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

NUL = "\x00"


def join(*parts: str) -> str:
    """Parts as one name; no part can contain the separator."""
    return NUL.join(map(quoted, parts))


def split(name: str) -> tuple[str, ...]:
    """The parts that `join` joined."""
    return tuple(map(unquoted, name.split(NUL)))


def pack(head: str, kind: str, payload: bytes) -> bytes:
    """A value as LangGraph's serialiser gives it, `kind` and `payload`, with a head of our own."""
    return b"\n".join((head.encode(), kind.encode(), payload))


def unpack(packed: bytes) -> tuple[str, tuple[str, bytes]]:
    """The head, and what the serialiser wants back. A head has no newline: it is quoted."""
    head, kind, payload = packed.split(b"\n", 2)
    return head.decode(), (kind.decode(), payload)


@dataclass(frozen=True, slots=True)
class Address:
    """A checkpoint's place. ns None: any namespace of the thread. id None: the latest."""

    thread: str
    ns: str | None
    id: str | None

    @classmethod
    def of(cls, config: RunnableConfig) -> Address:
        """What a LangGraph config names; without a namespace it means the root's."""
        wanted = config["configurable"]
        return cls(
            thread=str(wanted["thread_id"]),
            ns=wanted.get("checkpoint_ns") or "",
            id=wanted.get("checkpoint_id"),
        )

    def with_id(self, checkpoint_id: str) -> Address:
        return replace(self, id=checkpoint_id)

    def config(self) -> RunnableConfig:
        named = {"checkpoint_ns": self.ns, "checkpoint_id": self.id}
        chosen = {key: value for key, value in named.items() if value is not None}
        return {"configurable": {"thread_id": self.thread, **chosen}}

    @property
    def namespace_prefix(self) -> str:
        """What the index members of this namespace's checkpoints begin with."""
        return join("c", self.ns or "") + NUL

    def field(self, kind: str, *more: str) -> str:
        return join(kind, self.ns or "", self.id or "", *more)

    def blob(self, channel: str, version: str | int | float) -> str:
        return join("b", self.ns or "", channel, str(version))
