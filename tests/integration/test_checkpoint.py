"""What the conformance suite does not ask of the saver: real graphs, expiry, forks, safety."""

from __future__ import annotations

import json
import operator
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple, empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from waiting import wait_until

from router.checkpoints.checkpoint import RedisSaver
from router.checkpoints.checkpoint_fields import Address, join, pack, split, unpack
from router.errors import StoreUnavailable
from router.store.store import Store, open_store
from router.types.decision import Kind
from router.types.task import Message, Task


class Talk(TypedDict, total=False):
    said: Annotated[list[Message], operator.add]
    kind: Kind
    approved: bool


async def listen(state: Talk) -> Talk:
    return {"said": [Message(role="user", content="delete it")], "kind": Kind.TOOL}


async def ask(state: Talk) -> Talk:
    return {"approved": interrupt("really?")}


def talk() -> StateGraph[Talk]:
    graph = StateGraph(Talk)
    graph.add_node("listen", listen)
    graph.add_node("ask", ask)
    graph.add_edge(START, "listen")
    graph.add_edge("listen", "ask")
    graph.add_edge("ask", END)
    return graph


def thread(name: str, **more: Any) -> RunnableConfig:
    return {"configurable": {"thread_id": name, **more}}


def checkpoint(ns: str = "") -> tuple[RunnableConfig, Any]:
    return thread("t", checkpoint_ns=ns), empty_checkpoint()


async def saved(saver: RedisSaver, name: str = "t") -> list[CheckpointTuple]:
    return [one async for one in saver.alist(thread(name))]


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
async def test_an_interrupted_graph_is_resumed_by_another_saver(
    store: Store, redis_url: str, durability: Any
) -> None:
    first = talk().compile(checkpointer=RedisSaver(store))
    paused = await first.ainvoke({}, thread("t"), durability=durability)
    assert paused["__interrupt__"][0].value == "really?"
    async with await open_store(url=redis_url, namespace=store.keys.namespace) as other:
        second = talk().compile(checkpointer=RedisSaver(other))
        done = await second.ainvoke(Command(resume=True), thread("t"), durability=durability)
    assert done["approved"] is True
    assert done["said"] == [Message(role="user", content="delete it")]
    assert done["kind"] is Kind.TOOL


async def test_two_forks_of_a_thread_do_not_overwrite_each_other(store: Store) -> None:
    graph = StateGraph(Talk)
    graph.add_node("echo", lambda state: {})
    graph.add_edge(START, "echo")
    app = graph.compile(checkpointer=RedisSaver(store))
    await app.ainvoke({"said": [Message(role="user", content="root")]}, thread("t"))
    root = (await app.aget_state(thread("t"))).config
    forks = [
        await app.aupdate_state(root, {"said": [Message(role="user", content=name)]})
        for name in ("left", "right")
    ]
    ends = [(await app.aget_state(fork)).values["said"][-1].content for fork in forks]
    assert ends == ["left", "right"]


async def test_history_is_that_of_the_saver_in_memory(store: Store) -> None:
    histories = []
    for saver in (RedisSaver(store), InMemorySaver()):
        app = talk().compile(checkpointer=saver)
        await app.ainvoke({}, thread("t"))
        await app.ainvoke(Command(resume=False), thread("t"))
        histories.append(
            [
                (one.values, one.next, one.metadata)
                async for one in app.aget_state_history(thread("t"))
            ]
        )
    assert histories[0] == histories[1]
    assert len(histories[0]) > 2


async def test_a_thread_expires_as_a_whole_and_leaves_nothing(store: Store) -> None:
    saver = RedisSaver(store, ttl_s=0.2)
    app = talk().compile(checkpointer=saver)
    await app.ainvoke({}, thread("t", run_id=str(uuid.uuid4())))

    async def empty() -> bool:
        return not await store.redis.keys(f"{store.keys.namespace}:*")

    assert not await empty()
    await wait_until(empty, "the thread to expire")
    assert await saver.aget_tuple(thread("t")) is None
    assert [one async for one in saver.alist(None)] == []


async def test_without_a_ttl_nothing_expires(store: Store) -> None:
    await talk().compile(checkpointer=RedisSaver(store, ttl_s=None)).ainvoke({}, thread("t"))
    keys = await store.redis.keys(f"{store.keys.namespace}:*")
    assert [await store.redis.ttl(key) for key in keys] == [-1] * len(keys)


async def test_a_deleted_thread_leaves_nothing(store: Store) -> None:
    saver = RedisSaver(store)
    await talk().compile(checkpointer=saver).ainvoke({}, thread("t"))
    await saver.adelete_thread("t")
    assert await store.redis.keys(f"{store.keys.namespace}:*") == []


async def test_pruning_drops_the_values_that_nobody_refers_to(store: Store) -> None:
    saver = RedisSaver(store)
    config = thread("t", checkpoint_ns="")
    for number in range(5):
        one = empty_checkpoint()
        one["channel_values"] = {"big": "x" * 1000 + str(number), "same": "s"}
        one["channel_versions"] = {"big": number + 1, "same": 1}
        new = {"big": number + 1} if number else {"big": 1, "same": 1}
        config = await saver.aput(config, one, {"step": number}, new)
        await saver.aput_writes(config, [("c", number)], "task")
    await saver.aprune(["t"])
    (kept,) = await saved(saver)
    assert kept.checkpoint["channel_values"] == {"big": "x" * 1000 + "4", "same": "s"}
    assert kept.pending_writes == [("task", "c", 4)]
    assert await store.redis.hlen(store.keys.checkpoints("t")) == 5  # c, m, w and two values
    assert await store.redis.zcard(store.keys.checkpoint_index("t")) == 2
    with pytest.raises(ValueError, match="use 'keep_latest' or 'delete'"):
        await saver.aprune(["t"], strategy="all")


async def test_pruning_keeps_what_a_delta_channel_is_rebuilt_from(store: Store) -> None:
    saver = RedisSaver(store)
    config = thread("t", checkpoint_ns="")
    for step, stored in enumerate(["too old", "snapshot", None, None]):
        one = empty_checkpoint()
        one["channel_versions"] = {"delta": step + 1}
        if stored:
            one["channel_values"] = {"delta": stored}
        metadata: Any = {"step": step}
        if not stored:
            metadata["counters_since_delta_snapshot"] = {"delta": (step - 1, step - 1)}
        config = await saver.aput(config, one, metadata, {"delta": step + 1})
        await saver.aput_writes(config, [("delta", f"after {step}")], "task")
    await saver.aprune(["t"])
    history = (await saver.aget_delta_channel_history(config=config, channels=["delta"]))["delta"]
    assert history["seed"] == "snapshot"
    assert [value for _, _, value in history["writes"]] == ["after 1", "after 2"]
    assert len(await saved(saver)) == 3


async def test_a_copied_thread_is_complete_and_independent(store: Store) -> None:
    saver = RedisSaver(store)
    app = talk().compile(checkpointer=saver)
    await app.ainvoke({}, thread("t"))
    await app.ainvoke({}, thread("copy"))  # is replaced
    await saver.acopy_thread("t", "copy")
    await saver.acopy_thread("t", "t")
    await saver.adelete_thread("t")
    assert (await app.ainvoke(Command(resume=True), thread("copy")))["approved"] is True


async def test_runs_are_deleted_from_copies_too(store: Store) -> None:
    saver = RedisSaver(store)
    config, one = checkpoint()
    await saver.aput(config, one, {"run_id": "r1"}, {})
    await saver.acopy_thread("t", "copy")
    await saver.adelete_for_runs(["r1"])
    assert await saved(saver) == []
    assert await saved(saver, "copy") == []


async def test_all_threads_are_listed_without_a_config(store: Store) -> None:
    saver = RedisSaver(store)
    for name in ("a", "b:c", "*", "é" * 300):
        await saver.aput(thread(name, checkpoint_ns=""), empty_checkpoint(), {"step": 1}, {})
    found = {one.config["configurable"]["thread_id"] async for one in saver.alist(None)}
    assert found == {"a", "b:c", "*", "é" * 300}
    assert len([one async for one in saver.alist(None, limit=2)]) == 2
    assert [one async for one in saver.alist(None, limit=0)] == []


async def test_strange_namespaces_and_channels_do_not_collide(store: Store) -> None:
    saver = RedisSaver(store)
    names = ["", "a", "a|b:1", "a\x00b", "%00", "x" * 400]
    configs = []
    for ns in names:
        config, one = checkpoint(ns)
        one["channel_values"] = {channel: [ns, channel] for channel in names}
        one["channel_versions"] = dict.fromkeys(names, 1)
        configs.append(await saver.aput(config, one, {}, one["channel_versions"]))
        await saver.aput_writes(configs[-1], [(channel, ns) for channel in names], "t\x00k", "p\n")
    for ns, config in zip(names, configs, strict=True):
        found = await saver.aget_tuple(config)
        assert found
        assert found.checkpoint["channel_values"] == {one: [ns, one] for one in names}
        assert found.pending_writes == [("t\x00k", channel, ns) for channel in names]
    assert len(await saved(saver)) == len(names)


async def test_writes_come_in_the_order_of_their_paths(store: Store) -> None:
    saver = RedisSaver(store)
    config, one = checkpoint()
    config = await saver.aput(config, one, {}, {})
    for task, path in (("z", "1"), ("a", "2"), ("m", "1")):
        await saver.aput_writes(config, [(f"{task}{n}", n) for n in range(12)], task, path)
    found = await saver.aget_tuple(config)
    assert found
    assert found.pending_writes
    expected = [f"{task}{n}" for task in ("m", "z", "a") for n in range(12)]
    assert [channel for _, channel, _ in found.pending_writes] == expected


@dataclass
class Stranger:
    text: str


async def test_a_class_that_was_not_named_is_not_revived(store: Store) -> None:
    for saver, revived in (
        (RedisSaver(store), False),
        (RedisSaver(store, revived=[Stranger]), True),
    ):
        config, one = checkpoint()
        one["channel_values"] = {"who": Stranger("hello"), "task": Task(prompt="x")}
        one["channel_versions"] = {"who": 1, "task": 1}
        stored = await saver.aput(config, one, {}, one["channel_versions"])
        found = await saver.aget_tuple(stored)
        assert found
        assert isinstance(found.checkpoint["channel_values"]["who"], Stranger) is revived
        assert isinstance(found.checkpoint["channel_values"]["task"], Task)


@pytest.mark.parametrize("kind", ["json", "pickle", "yaml", ""])
async def test_a_form_that_was_never_written_is_not_read(store: Store, kind: str) -> None:
    """LangGraph's serialiser makes objects out of `json`, such as a prompt that was put there."""
    thing = {"lc": 1, "type": "constructor", "kwargs": {"template": "x", "input_variables": []}}
    thing["id"] = ["langchain_core", "prompts", "prompt", "PromptTemplate"]
    with pytest.raises(NotImplementedError, match="which edgeward never writes"):
        RedisSaver(store).serde.loads_typed((kind, json.dumps(thing).encode()))


async def test_the_synchronous_methods_say_what_to_call(store: Store) -> None:
    with pytest.raises(NotImplementedError, match="such as ainvoke"):
        talk().compile(checkpointer=RedisSaver(store)).invoke({}, thread("t"))


async def test_a_store_that_is_gone_is_told_in_our_words(store: Store) -> None:
    await store.redis.set(store.keys.checkpoints("t"), "in the way")
    with pytest.raises(StoreUnavailable, match="use another namespace"):
        await talk().compile(checkpointer=RedisSaver(store)).ainvoke({}, thread("t"))


@given(st.lists(st.text(), min_size=1), st.binary())
def test_names_and_values_survive_packing(parts: list[str], payload: bytes) -> None:
    assert split(join(*parts)) == tuple(parts)
    head = join(*parts)
    assert unpack(pack(head, "msgpack", payload)) == (head, ("msgpack", payload))
    assert Address.of(Address(parts[0], "n", "i").config()) == Address(parts[0], "n", "i")
