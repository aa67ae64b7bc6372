"""Sessions and cached answers, on a real Redis."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import wait_until

from router.memory.sessions import AnswerCache, CachedAnswer, Memory, cache_key
from router.store.store import Store
from router.types.decision import Kind
from router.types.task import Message, Privacy, Task


def user(text: str) -> Message:
    return Message(role="user", content=text)


async def test_what_was_said_comes_back_in_order(store: Store) -> None:
    memory = Memory(store)
    turns = (user("olá"), Message(role="assistant", content="oi 👋\x00"), user(""))
    await memory.append("ana", *turns[:2])
    await memory.append("ana", turns[2])
    assert await memory.history("ana") == turns
    assert await memory.history("nobody") == ()


async def test_of_a_long_session_the_last_messages_are_kept(store: Store) -> None:
    memory = Memory(store, max_messages=3)
    await memory.append("s", *(user(str(n)) for n in range(10)))
    assert [message.content for message in await memory.history("s")] == ["7", "8", "9"]


async def test_appending_nothing_makes_no_session(store: Store) -> None:
    memory = Memory(store)
    await memory.append("s")
    assert await memory.sessions() == ()


async def test_concurrent_turns_are_never_torn_apart(store: Store) -> None:
    memory = Memory(store)
    pairs = [(user(f"q{n}"), Message(role="assistant", content=f"a{n}")) for n in range(20)]
    await asyncio.gather(*(memory.append("s", *pair) for pair in pairs))
    history = await memory.history("s")
    assert len(history) == 40
    assert {(history[at], history[at + 1]) for at in range(0, 40, 2)} == set(pairs)


async def test_sessions_are_listed_last_used_first_until_forgotten(store: Store) -> None:
    memory = Memory(store)
    for name in ("one", "two", "três", "one"):
        await memory.append(name, user("x"))
    assert await memory.sessions() == ("one", "três", "two")
    await memory.forget("one")
    await memory.forget("never there")
    assert await memory.sessions() == ("três", "two")
    assert await memory.history("one") == ()


async def test_a_session_is_forgotten_after_its_time_and_renewed_by_use(store: Store) -> None:
    await Memory(store, ttl_s=1.0).append("s", user("x"))
    await Memory(store, ttl_s=60.0).append("s", user("y"))
    for key in await keys_of(store):
        assert await store.redis.pttl(key) > 50_000
    memory = Memory(store, ttl_s=0.1)
    await memory.append("s", user("z"))

    async def forgotten() -> bool:
        return await memory.history("s") == () and await memory.sessions() == ()

    await wait_until(forgotten, "the session to expire")
    assert await keys_of(store) == []


async def test_names_of_sessions_cannot_reach_into_each_other(store: Store) -> None:
    memory = Memory(store)
    names = ["a", "a:b", "a%3Ab", "*", "a\nb", "=a", "A", " a", "a" * 500, "a" * 501, "ç", "a/b"]
    for name in names:
        await memory.append(name, user(name))
    for name in names:
        assert [message.content for message in await memory.history(name)] == [name]
    assert set(await memory.sessions()) == set(names)
    prefix = f"{store.keys.namespace}:"
    assert all(key.startswith(prefix) for key in await keys_of(store))


async def test_two_namespaces_share_nothing(store: Store, redis_url: str) -> None:
    from router.store.store import open_store

    async with await open_store(url=redis_url, namespace="other") as other:
        await Memory(store).append("s", user("x"))
        assert await Memory(other).history("s") == ()


async def test_an_unreadable_entry_is_left_out(store: Store) -> None:
    memory = Memory(store)
    await memory.append("s", user("before"))
    await store.redis.rpush(store.keys.memory("s"), b"\xff{", '{"role": "robot", "content": ""}')
    await memory.append("s", user("after"))
    assert [message.content for message in await memory.history("s")] == ["before", "after"]


ANSWER = CachedAnswer(text="4", model="nano", route="local", cost_usd=None, kind=Kind.MATH)


async def test_an_answer_is_found_again_until_it_expires(store: Store) -> None:
    cache = AnswerCache(store, ttl_s=0.2)
    assert await cache.get("k") is None
    await cache.put("k", ANSWER)
    assert await cache.get("k") == ANSWER

    async def expired() -> bool:
        return await cache.get("k") is None

    await wait_until(expired, "the answer to expire")


@pytest.mark.parametrize("junk", [b"", b"\xff\x00", b"null", b"{}", b'{"text": 4}', b"[" * 9999])
async def test_an_unreadable_answer_is_a_miss_and_is_deleted(store: Store, junk: bytes) -> None:
    cache = AnswerCache(store)
    await store.redis.set(store.keys.answer("k"), junk)
    assert await cache.get("k") is None
    assert await store.redis.exists(store.keys.answer("k")) == 0
    await cache.put("k", ANSWER)
    assert await cache.get("k") == ANSWER


def test_the_same_question_has_the_same_key_and_any_difference_another() -> None:
    base = Task(prompt="2+2?")
    variants: list[str | None] = [
        cache_key(base, (), "v1"),
        cache_key(base, (), "v2"),
        cache_key(base, (user("earlier"),), "v1"),
        cache_key(base, (Message(role="assistant", content="earlier"),), "v1"),
    ]
    changes: list[dict[str, object]] = [
        {"prompt": "2+2? "},
        {"system": "be brief"},
        {"json_schema": {"type": "object"}},
        {"json_schema": {}},
        {"privacy": Privacy.LOCAL_ONLY},
        {"max_tokens": 5},
        {"seed": 1},
        {"seed": 1, "temperature": 0.5},
    ]
    variants += [cache_key(base.model_copy(update=change), (), "v1") for change in changes]
    assert None not in variants
    assert len(set(variants)) == len(variants)
    again = Task(prompt="2+2?", session="s", tags=("t",), timeout_s=5)
    assert cache_key(again, (), "v1") == variants[0]


def test_a_sampled_answer_without_a_seed_is_not_cached() -> None:
    assert cache_key(Task(prompt="x", temperature=0.1), (), "v1") is None


@given(st.text(min_size=1), st.text(min_size=1), st.text(), st.text())
def test_texts_cannot_be_shifted_between_the_parts_of_a_key(
    one: str, other: str, head: str, tail: str
) -> None:
    def key(system: str, print_: str) -> str | None:
        return cache_key(Task(prompt="p" + one, system=system), (user(other),), print_)

    assert (key(head + tail, "") == key(head, tail)) == (tail == "")


async def keys_of(store: Store) -> list[str]:
    found = await store.redis.keys(f"{store.keys.namespace}:*")
    return sorted(key.decode() for key in found)
