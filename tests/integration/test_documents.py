"""The LangGraph store, compared operation by operation with LangGraph's own store in memory."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    SearchOp,
)
from langgraph.store.memory import InMemoryStore
from waiting import wait_until

from router.checkpoints.documents import PAGE, Documents
from router.store.store import Store

LABELS = ["users", "ana", "a/b", "a", "!", "é", "a b"]
KEYS = ["k", "k2", "a/!b", "", "*"]
ALL = 10_000


def namespace(dice: random.Random, *, shortest: int = 1) -> tuple[str, ...]:
    return tuple(dice.choice(LABELS) for _ in range(dice.randint(shortest, 3)))


def value(dice: random.Random) -> dict[str, Any]:
    return {
        "n": dice.randint(0, 5),
        "color": dice.choice(["red", "blue", None]),
        "nested": {"deep": [dice.randint(0, 2), {"x": dice.choice([True, 1.5, "é"])}]},
    }


def condition(dice: random.Random) -> dict[str, Any]:
    return dice.choice(
        [
            {"n": dice.randint(0, 5)},
            {"color": dice.choice(["red", None])},
            {"n": {"$gt": dice.randint(0, 5)}, "color": {"$ne": "red"}},
            {"n": {"$gte": 1, "$lte": 3}},
            {"n": {"$lt": 2}},
            {"nested": {"deep": [1, {"x": True}]}},
            {"nested": {"deep": [1]}},
            {"nested": {"$eq": {"deep": [0, {"x": 1.5}]}}},
            {"absent": None},
            {"color": {"shade": 1}},
        ]
    )


def pattern(dice: random.Random) -> tuple[MatchCondition, ...]:
    return tuple(
        MatchCondition(
            dice.choice(["prefix", "suffix"]),
            tuple(dice.choice([*LABELS, "*"]) for _ in range(dice.randint(1, 2))),
        )
        for _ in range(dice.randint(1, 2))
    )


def operation(dice: random.Random) -> Op:
    match dice.randint(0, 9):
        case 0 | 1 | 2 | 3:
            return PutOp(namespace(dice), dice.choice(KEYS), value(dice))
        case 4:
            return PutOp(namespace(dice), dice.choice(KEYS), None)
        case 5 | 6:
            return GetOp(namespace(dice), dice.choice(KEYS))
        case 7 | 8:
            chosen = dice.choice([None, condition(dice)])
            return SearchOp(namespace(dice, shortest=0), filter=chosen, limit=ALL)
        case _:
            depth = dice.choice([None, 1, 2])
            conditions = dice.choice([None, pattern(dice)])
            return ListNamespacesOp(conditions, max_depth=depth, limit=ALL)


def plain(result: Any) -> Any:
    """A result without times, and without the order in which items were found."""
    if isinstance(result, Item):
        return (result.namespace, result.key, result.value)
    if isinstance(result, list):
        return sorted((plain(one) for one in result), key=repr)
    return result


def forget_empty_namespaces(theirs: InMemoryStore) -> None:
    """It lists a namespace for good once an item was asked for there; ours lists what is there."""
    for name in [name for name, items in theirs._data.items() if not items]:
        del theirs._data[name]


@pytest.mark.parametrize("seed", range(12))
async def test_random_operations_have_the_results_of_the_store_in_memory(
    store: Store, seed: int
) -> None:
    dice = random.Random(seed)
    ours, theirs = Documents(store), InMemoryStore()
    for _ in range(40):
        batch = [operation(dice) for _ in range(dice.randint(1, 4))]
        expected = []
        for op in batch:
            expected += [None] if isinstance(op, PutOp) else await theirs.abatch([op])
            forget_empty_namespaces(theirs)
        await theirs.abatch([op for op in batch if isinstance(op, PutOp)])
        forget_empty_namespaces(theirs)
        found = await ours.abatch(batch)
        for op, one, other in zip(batch, found, expected, strict=True):
            assert plain(one) == plain(other), op


async def test_pages_of_a_search_add_up_to_the_whole_in_order(store: Store) -> None:
    documents = Documents(store)
    names = [(("n", str(number % 3)), f"{number:04}") for number in range(PAGE + 50)]
    random.Random(1).shuffle(names)
    await documents.abatch([PutOp(ns, key, {"even": int(key) % 2 == 0}) for ns, key in names])
    for wanted in (None, {"even": True}):
        pages = []
        for offset in range(0, PAGE + 50, 40):
            page = await documents.asearch(("n",), filter=wanted, offset=offset, limit=40)
            pages += [(item.namespace, item.key) for item in page]
        expected = sorted((ns, key) for ns, key in names if not wanted or int(key) % 2 == 0)
        assert pages == expected
    listed = [await documents.alist_namespaces(offset=n, limit=1) for n in range(4)]
    assert listed == [[("n", "0")], [("n", "1")], [("n", "2")], []]


async def test_an_update_keeps_the_time_of_creation(store: Store) -> None:
    documents = Documents(store)
    await documents.aput(("a",), "k", {"v": 1})
    first = await documents.aget(("a",), "k")
    await documents.aput(("a",), "k", {"v": 2})
    second = await documents.aget(("a",), "k")
    assert first
    assert second
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at
    assert second.value == {"v": 2}


async def test_reads_in_a_batch_see_what_was_there_before_it_and_the_last_write_wins(
    store: Store,
) -> None:
    documents = Documents(store)
    path = (("a",), "k")
    results = await documents.abatch(
        [PutOp(*path, {"v": 1}), GetOp(*path), PutOp(*path, {"v": 2}), SearchOp(("a",))]
    )
    assert results == [None, None, None, []]
    item = await documents.aget(*path)
    assert item
    assert item.value == {"v": 2}


async def test_a_query_ranks_by_the_words_that_occur(store: Store) -> None:
    documents = Documents(store)
    for key, text in (("1", "Ana likes green tea"), ("2", "Rui likes Tea"), ("3", "coffee")):
        await documents.aput(("facts",), key, {"text": text})
    found = await documents.asearch(("facts",), query="green TEA?")
    assert [(item.key, item.score) for item in found] == [("1", 1.0), ("2", 0.5)]
    assert [item.key for item in await documents.asearch(("facts",), query="?")] == ["1", "2", "3"]


async def test_a_vector_index_is_refused(store: Store) -> None:
    documents = Documents(store)
    with pytest.raises(NotImplementedError, match="no vector index"):
        await documents.aput(("a",), "k", {"v": 1}, index=["v"])
    await documents.aput(("a",), "k", {"v": 1}, index=False)


async def test_an_unknown_filter_operator_is_named(store: Store) -> None:
    documents = Documents(store)
    await documents.aput(("a",), "k", {"v": 1})
    with pytest.raises(ValueError, match=r"unknown filter operator '\$near'"):
        await documents.asearch(("a",), filter={"v": {"$near": 1}})


async def test_comparing_what_is_no_number_is_false(store: Store) -> None:
    documents = Documents(store)
    await documents.aput(("a",), "k", {"v": "text", "n": float("nan")})
    for bound in ({"v": {"$gt": 1}}, {"absent": {"$lt": 1}}, {"n": {"$gte": 0}}, {"n": {"$lt": 0}}):
        assert await documents.asearch(("a",), filter=bound) == []


async def test_an_item_expires_and_leaves_nothing(store: Store) -> None:
    documents = Documents(store)
    await documents.aput(("a",), "k", {"v": 1}, ttl=0.2 / 60)
    await documents.aput(("b",), "k", {"v": 1})

    async def expired() -> bool:
        return await documents.aget(("a",), "k", refresh_ttl=False) is None

    await wait_until(expired, "the item to expire")
    assert await documents.alist_namespaces() == [("b",)]
    assert len(await documents.asearch(())) == 1
    assert len(await store.redis.keys(f"{store.keys.namespace}:*")) == 2
    assert await store.redis.zcard(store.keys.documents()) == 1


async def test_reading_renews_the_time_to_live_unless_told_otherwise(store: Store) -> None:
    documents = Documents(store, ttl={"default_ttl": 1.0})
    await documents.aput(("a",), "k", {"v": 1})
    name = store.keys.document("a/!k")

    async def renewed_by(read: Any) -> bool:
        await store.redis.pexpire(name, 20_000)
        await read
        return await store.redis.pttl(name) > 50_000

    assert await renewed_by(documents.aget(("a",), "k"))
    assert await renewed_by(documents.asearch(("a",)))
    assert not await renewed_by(documents.aget(("a",), "k", refresh_ttl=False))
    assert not await renewed_by(documents.asearch(("a",), refresh_ttl=False))
    assert not await renewed_by(documents.asearch(("a",), offset=1))
    lasting = Documents(store)
    await lasting.aput(("a",), "k", {"v": 1})
    assert await store.redis.pttl(name) == -1


async def test_an_unreadable_item_is_as_good_as_absent(store: Store) -> None:
    documents = Documents(store)
    await documents.aput(("a",), "k", {"v": 1})
    for junk in (b"\xff", b"{}", b"[]"):
        await store.redis.set(store.keys.document("a/!k"), junk)
        assert await documents.aget(("a",), "k") is None
        assert await documents.asearch(("a",)) == []
    await documents.aput(("a",), "k", {"v": 2})
    assert await documents.aget(("a",), "k")


async def test_writers_at_once_lose_nothing_to_the_sweeping_of_expired_items(store: Store) -> None:
    documents = Documents(store)

    async def write(number: int) -> None:
        await documents.aput(("a",), str(number % 5), {"v": number}, ttl=0.0001)
        await documents.asearch(("a",))
        await documents.aput(("a",), str(number % 5), {"v": number})

    await asyncio.gather(*(write(number) for number in range(50)))
    assert [item.key for item in await documents.asearch(("a",))] == list("01234")


async def test_namespaces_are_checked_also_in_a_batch(store: Store) -> None:
    documents = Documents(store)
    for wrong in (("a.b",), ("",), (3,)):
        with pytest.raises(InvalidNamespaceError):
            await documents.abatch([PutOp(wrong, "k", {})])  # type: ignore[arg-type]


async def test_values_that_are_not_json_are_refused_and_nothing_is_written(store: Store) -> None:
    documents = Documents(store)
    with pytest.raises(TypeError, match="not JSON serializable"):
        await documents.abatch([PutOp(("a",), "1", {"v": 1}), PutOp(("a",), "2", {"v": {1}})])
    assert await documents.asearch(("a",)) == []


async def test_the_synchronous_methods_say_what_to_call(store: Store) -> None:
    with pytest.raises(NotImplementedError, match="use aget"):
        Documents(store).get(("a",), "k")
