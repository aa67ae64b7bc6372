"""Facts, and what a person's key finds in sessions and kept answers, on a real Redis."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import wait_until

from router.errors import ConfigError, PrivacyViolation, TaskError
from router.memory.facts import Fact, Facts
from router.memory.facts_search import names, words
from router.memory.sessions import AnswerCache, CachedAnswer, Memory
from router.memory.traces import Traces
from router.store.store import Store, open_store
from router.types.decision import Kind
from router.types.task import Message, Privacy

FOUR = "four tokens here"  # 16 characters


def user(text: str) -> Message:
    return Message(role="user", content=text)


async def put(facts: Facts, key: str, text: str = FOUR, **fields: Any) -> Fact:
    return await facts.put(key, text, **({"label": "public", "source": "test"} | fields))


async def keys_of(store: Store) -> list[str]:
    found: Any = await store.redis.keys(f"{store.keys.namespace}:*")
    return sorted(key.decode() for key in found)


async def all_keys(facts: Facts) -> set[str]:
    return {fact.key for fact in await facts.find(limit=10_000)}


async def test_a_fact_comes_back_whole_and_writing_it_again_replaces_it(store: Store) -> None:
    facts = Facts(store, ttl_s=60)
    written = await facts.put(
        "ana/likes:tea\n*",
        "Ana prefere chá 🍵\x00",
        label=Privacy.LOCAL_ONLY,
        source="trip",
        subjects=["customer:42"],
    )
    assert await facts.get("ana/likes:tea\n*") == written
    assert written.expires_at is not None
    assert written.expires_at - written.created_at == pytest.approx(60)
    again = await put(facts, "ana/likes:tea\n*", "coffee")
    assert await facts.find() == (again,)
    assert (await facts.stats()).tokens == again.tokens == 2
    assert await facts.get("never there") is None


async def test_what_cannot_be_kept_is_refused_in_words_and_nothing_is_written(
    store: Store,
) -> None:
    facts = Facts(store, max_tokens_total=100, max_tokens_fact=10)
    refused: list[tuple[str, dict[str, Any]]] = [
        ("about 11 tokens, the limit is 10", {"text": "x" * 41}),
        ("label 'secret' is unknown: known are public, internal", {"label": "secret"}),
        ("cannot live 0 seconds", {"ttl_s": 0}),
        ("cannot live nan seconds", {"ttl_s": float("nan")}),
        ("text: ", {"text": ""}),
        ("text: ", {"text": "\ud800"}),
        ("key: ", {"key": ""}),
        ("source: ", {"source": ""}),
    ]
    for said, fields in refused:
        with pytest.raises(TaskError, match=said):
            await put(facts, **({"key": "k", "text": "x"} | fields))
    with pytest.raises(ConfigError, match="make the first at least 1"):
        Facts(store, max_tokens_total=5, max_tokens_fact=6)
    assert await keys_of(store) == []


async def test_a_private_fact_is_not_written_to_another_machine(store: Store) -> None:
    remote = Facts(dataclasses.replace(store, local=False))
    await put(remote, "k", label="internal")
    with pytest.raises(PrivacyViolation, match="must stay on this machine"):
        await put(remote, "p", label="local_only")
    await put(Facts(store), "p", label="local_only")
    with pytest.raises(PrivacyViolation):
        await put(remote, "derived", derived_from=["p"])
    assert await all_keys(remote) == {"k", "p"}


async def test_what_is_made_from_facts_has_the_strictest_of_their_labels(store: Store) -> None:
    facts = Facts(store)
    for label in ("public", "internal", "local_only"):
        await put(facts, label, label=label)
    cases = [
        ("public", [], "public"),
        ("public", ["public", "internal"], "internal"),
        ("internal", ["public"], "internal"),
        ("public", ["internal", "local_only"], "local_only"),
        ("public", ["public", "long gone"], "local_only"),
    ]
    for own, sources, expected in cases:
        derived = await put(facts, "derived", label=own, derived_from=sources)
        assert derived.label == expected, (own, sources)
        assert await facts.get("derived") == derived


async def test_a_fact_expires_and_leaves_nothing_behind(store: Store) -> None:
    facts = Facts(store, ttl_s=0.05)
    for n in range(20):
        await put(facts, f"short {n}", subjects=["ana"])
    await put(facts, "longer", ttl_s=0.3)

    async def only_longer() -> bool:
        return await all_keys(facts) == {"longer"}

    await wait_until(only_longer, "the short ones to expire")
    assert (await facts.stats()).tokens == 4

    async def nothing() -> bool:
        return await keys_of(store) == []

    await wait_until(nothing, "everything to expire though nobody looks")


async def test_indices_outlive_the_longest_fact_and_end_with_the_last(store: Store) -> None:
    facts = Facts(store, ttl_s=None)
    await put(facts, "for ever")
    await put(facts, "an hour", ttl_s=3600)
    assert {await store.redis.pttl(key) for key in await keys_of(store) if "fact:" not in key} == {
        -1
    }
    assert await facts.forget("for ever") == 1
    for key in await keys_of(store):
        assert 3_500_000 < await store.redis.pttl(key) <= 3_601_000
    await put(facts, "an hour", ttl_s=60)
    for key in await keys_of(store):
        assert await store.redis.pttl(key) <= 61_000
    await facts.clear()
    assert await keys_of(store) == []


async def test_the_least_recently_used_make_room_private_ones_last(store: Store) -> None:
    facts = Facts(store, max_tokens_total=16, max_tokens_fact=16)
    await put(facts, "private", label="local_only")
    for key in ("one", "two", "three"):
        await put(facts, key)
    await facts.get("one")
    await put(facts, "four")
    assert await all_keys(facts) == {"private", "one", "three", "four"}
    await put(facts, "big", "x" * 48)
    assert await all_keys(facts) == {"private", "big"}
    await put(facts, "all of it", "x" * 64)
    assert await all_keys(facts) == {"all of it"}


async def test_neither_what_is_replaced_nor_what_expired_takes_room(store: Store) -> None:
    facts = Facts(store, max_tokens_total=8, max_tokens_fact=8)
    await put(facts, "old")
    for _ in range(5):
        await put(facts, "again")
    assert await all_keys(facts) == {"old", "again"}
    await put(facts, "again", ttl_s=0.02)

    async def expired() -> bool:
        return not await store.redis.exists(store.keys.of("facts", "fact", "again"))

    await wait_until(expired, "it to expire")
    await put(facts, "new")
    assert await all_keys(facts) == {"old", "new"}


async def test_found_by_words_is_a_use_and_looked_through_is_none(store: Store) -> None:
    facts = Facts(store, max_tokens_total=12, max_tokens_fact=12)
    for key in ("apple", "pear", "plum"):
        await put(facts, key)
    await facts.find()
    await facts.find("apple")
    await facts.recall("pear", budget_tokens=10, label_at_most="public")
    await put(facts, "fig")
    assert await all_keys(facts) == {"apple", "pear", "fig"}


async def test_facts_are_found_by_words_whatever_their_accents_and_case(store: Store) -> None:
    facts = Facts(store)
    await put(facts, "a", "O endereço de São João fica em Lisboa")
    await put(facts, "b", "Invoices are paid within 30 days")
    await put(facts, "invoice/c", "the one of the bakery is late")

    async def found(query: str | None, **fields: Any) -> list[str]:
        return [fact.key for fact in await facts.find(query, **fields)]

    assert await found("ENDERECO joao") == ["a"]
    assert await found("which invoice of the bakery?") == ["invoice/c", "b"]
    assert await found("invoices") == ["invoice/c", "b"], "the newest first where they are equal"
    assert await found("is there of the") == []
    assert await found("?!") == []
    assert await found(None) == ["invoice/c", "b", "a"]
    assert await found(None, limit=1) == ["invoice/c"]
    assert await found(None, prefix="inv") == ["invoice/c"]


async def test_a_stricter_label_than_asked_for_is_never_shown(store: Store) -> None:
    facts = Facts(store)
    for label in ("public", "internal", "local_only"):
        await put(facts, label, f"tea is {label}", label=label)
    for most, expected in (
        ("public", {"public"}),
        (Privacy("public"), {"public"}),
        ("internal", {"public", "internal"}),
        ("local_only", {"public", "internal", "local_only"}),
    ):
        assert {fact.key for fact in await facts.find("tea", label_at_most=most)} == expected
        recalled = await facts.recall("tea", budget_tokens=999, label_at_most=most)
        assert {fact.key for fact in recalled} == expected
    with pytest.raises(TaskError, match="unknown"):
        await facts.recall("tea", budget_tokens=999, label_at_most="Public")


async def test_recalled_facts_fit_the_budget_and_the_best_come_first(store: Store) -> None:
    facts = Facts(store)
    await put(facts, "best", "The green tea from Porto costs nine euros a tin")
    await put(facts, "long", "green tea " * 20)
    await put(facts, "fits", "tea is drunk at five")
    await put(facts, "other", "the car is red")
    prompt = "What does the green tea from Porto cost?"
    best, fits = await facts.recall(prompt, budget_tokens=20, label_at_most="public")
    assert (best.key, fits.key) == ("best", "fits")
    assert best.tokens + fits.tokens <= 20
    assert await facts.recall(prompt, budget_tokens=0, label_at_most="public") == ()


async def test_facts_are_forgotten_by_all_that_is_given(store: Store) -> None:
    facts = Facts(store)
    await put(facts, "a", subjects=["customer:4", "bia@x.org"], source="s1")
    await put(facts, "b", subjects=["customer:42"], source="s1")
    await put(facts, "c", "Write to Ana@X.org, please", source="s2")
    last = await put(facts, "d", "joana@x.org likes cake", source="s2")
    assert [fact.key for fact in await facts.find(subject="customer:4")] == ["a"]
    assert await facts.forget(subject="ana@x.org", session="s1") == 0
    assert await facts.forget(subject="ana@x.org") == 1
    assert await facts.forget("b", session="s2") == 0
    assert await facts.forget("b") == 1
    assert await facts.forget("b") == 0
    assert await facts.forget(session="s2", before=last.created_at) == 0
    assert await facts.forget(before=last.created_at + 1) == 2
    assert await keys_of(store) == []
    with pytest.raises(TaskError, match="name what to forget"):
        await facts.forget()
    for nobody in ("", " "):
        with pytest.raises(TaskError, match="the person's key is empty"):
            await facts.forget(subject=nobody)


async def test_what_is_written_anew_while_it_is_looked_for_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = Facts(store)
    await put(facts, "k", "about ana")
    read = facts._index.read

    async def read_slowly(members: Any) -> list[Fact]:
        found = await read(members)
        await put(facts, "k", "about bia")
        return found

    monkeypatch.setattr(facts._index, "read", read_slowly)
    assert await facts.forget(subject="ana") == 0
    kept = await facts.get("k")
    assert kept is not None
    assert kept.text == "about bia"


async def test_a_fact_outside_the_indices_is_never_shown(store: Store) -> None:
    facts = Facts(store)
    await put(facts, "k", "tea")
    for index in ("cards", "used", "expiry"):
        await store.redis.delete(store.keys.of("facts", index))
    assert await facts.find("tea") == ()
    assert await facts.recall("tea", budget_tokens=99, label_at_most="local_only") == ()
    assert await facts.get("k") is None
    assert await keys_of(store) == []


@pytest.mark.parametrize("junk", [b"", b"\xff\x00", b"null", b'{"key": 4}'])
async def test_an_unreadable_fact_is_left_out_and_can_be_cleared(store: Store, junk: bytes) -> None:
    facts = Facts(store)
    await put(facts, "bad")
    await put(facts, "good")
    await store.redis.set(store.keys.of("facts", "fact", "bad"), junk)
    assert await facts.get("bad") is None
    assert await all_keys(facts) == {"good"}
    assert await facts.clear() == 2
    assert await keys_of(store) == []


async def test_two_namespaces_share_nothing(store: Store, redis_url: str) -> None:
    async with await open_store(url=redis_url, namespace="other") as other:
        await put(Facts(store), "k")
        assert await all_keys(Facts(other)) == set()


async def test_stats_count_by_label(store: Store) -> None:
    facts = Facts(store)
    await put(facts, "a")
    await put(facts, "b")
    await put(facts, "c", label="local_only")
    stats = await facts.stats()
    assert (stats.facts, stats.tokens) == (3, 12)
    assert stats.facts_by_label == {"public": 2, "internal": 0, "local_only": 1}
    assert stats.tokens_by_label == {"public": 8, "internal": 0, "local_only": 4}


# One step, so that no writer comes in between: what all facts weigh by their own word.
WEIGH = """
local sum = 0
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  sum = sum + cjson.decode(redis.call('GET', key)).tokens
end
return sum
"""


async def weight(store: Store) -> int:
    pattern = f"{store.keys.of('facts', 'fact')}:*"
    return int(await store.redis.eval(WEIGH, 0, pattern))


WRITES = st.lists(
    st.tuples(
        st.integers(0, 8),  # the key
        st.integers(1, 40),  # characters
        st.sampled_from(["public", "internal", "local_only"]),
        st.sampled_from([None, None, 0.001, 60.0]),  # seconds to live
        st.sampled_from(["put", "put", "put", "get", "forget"]),
    ),
    max_size=25,
)


@settings(max_examples=40)
@given(st.lists(WRITES, min_size=1, max_size=4))
def test_concurrent_writers_never_exceed_the_bound(
    redis_url: str, writers: list[list[tuple[int, int, str, float | None, str]]]
) -> None:
    async def write(store: Store, writes: list[tuple[int, int, str, float | None, str]]) -> None:
        facts = Facts(store, max_tokens_total=20, max_tokens_fact=10, ttl_s=None)
        for key, size, label, ttl_s, deed in writes:
            if deed == "put":
                await put(facts, str(key), "x" * size, label=label, ttl_s=ttl_s)
            elif deed == "get":
                await facts.get(str(key))
            else:
                await facts.forget(str(key))

    async def main() -> None:
        async with await open_store(url=redis_url, namespace=f"p-{uuid.uuid4().hex}") as store:
            writing = asyncio.gather(*(write(store, writes) for writes in writers))
            while not writing.done():
                assert await weight(store) <= 20
            await writing

            async def agreed() -> bool:
                return (await Facts(store).stats()).tokens == await weight(store) <= 20

            await wait_until(agreed, "what expires in between to be gone")
            await Facts(store).clear()
            assert await keys_of(store) == []

    asyncio.run(main())


PROCESS = """
import asyncio, sys
from router.memory.facts import Facts
from router.store.store import open_store

async def main(url, namespace, name):
    async with await open_store(url=url, namespace=namespace) as store:
        facts = Facts(store, max_tokens_total=100, max_tokens_fact=30)
        for n in range(200):
            size = 4 * (n % 30) + 1
            await facts.put(f"{name} {n % 40}", "x" * size, label="public", source=name)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_neither_do_several_processes(store: Store) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROCESS, store.url, store.keys.namespace, name
        )
        for name in ("one", "two", "three", "four")
    ]
    done = asyncio.gather(*(process.wait() for process in processes))
    heaviest = 0
    while not done.done():
        heaviest = max(heaviest, await weight(store))
    assert await done == [0, 0, 0, 0]
    assert 50 < heaviest <= 100
    assert (await Facts(store).stats()).tokens == await weight(store) <= 100


@given(st.text(), st.text(), st.text())
def test_a_person_is_named_where_the_key_stands_alone(head: str, key: str, tail: str) -> None:
    assert names(f"{head} {key} {tail}", key) == bool(key.strip())


def test_a_key_inside_a_longer_word_is_another_key() -> None:
    assert names("From: ANA@x.org.", "ana@x.org")
    assert names("café", "cafe\u0301")
    assert names("call +351 91", "+351 91")
    assert not names("joana@x.org", "ana@x.org")
    assert not names("customer:42", "customer:4")


def test_words_lose_accents_case_plurals_and_what_says_nothing() -> None:
    assert words("As Ações da Bolsa") == {"acoe", "bolsa"}
    assert words("What is the total of invoices A-17?") == {"total", "invoice", "17"}
    assert words("the who") == {"the", "who"}


ANSWER = CachedAnswer(text="4", model="nano", route="local", cost_usd=None, kind=Kind.MATH)


async def test_a_person_is_found_in_sessions_and_answers_and_forgotten(store: Store) -> None:
    memory, cache, traces = Memory(store), AnswerCache(store), Traces(store)
    await memory.append("s1", user("mail\nana@x.org"), user("ok"), label=Privacy.INTERNAL)
    await memory.append("ana@x.org", user("hello"))
    await memory.append("s2", user("mail joana@x.org"))
    await cache.put("k1", ANSWER.model_copy(update={"text": 'Her mail is "Ana@x.org"'}))
    await cache.put("k2", ANSWER)
    call = store.keys.call("t", "m")
    await store.redis.set(call, json.dumps({"completion": {"text": "ana@x.org"}}))
    running = store.keys.call("t", "n")
    await store.redis.set(running, "running ana@x.org")

    sessions = await traces.sessions("ana@x.org")
    assert [(one.name, one.messages, one.label) for one in sessions] == [
        ("ana@x.org", 1, "public"),
        ("s1", 2, "internal"),
    ]
    assert len(await traces.sessions()) == 3
    assert (await traces.answers("ana@x.org"), await traces.answers()) == (2, 3)

    assert await traces.forget_sessions("ana@x.org") == 2
    assert await traces.forget_answers("ana@x.org") == 2
    assert await memory.sessions() == ("s2",)
    assert await memory.history("s1") == ()
    assert await cache.get("k2") == ANSWER
    assert await store.redis.exists(running) == 1
    assert await store.redis.exists(call) == 0

    assert (await traces.forget_sessions(), await traces.forget_answers()) == (1, 1)
    assert await keys_of(store) == [running]


@pytest.mark.parametrize("name", ["s/1", "s" * 500])
async def test_a_session_that_the_list_has_lost_is_found_all_the_same(
    store: Store, name: str
) -> None:
    await Memory(store).append(name, user("ana@x.org"), label=Privacy.INTERNAL)
    await store.redis.delete(store.keys.sessions())
    traces = Traces(store)
    (lost,) = await traces.sessions("ana@x.org")
    assert (lost.messages, lost.last_used) == (1, None)
    assert await traces.forget_sessions("ana@x.org") == 1
    assert await keys_of(store) == []


async def test_hundreds_of_answers_are_each_found_once(store: Store) -> None:
    cache, traces = AnswerCache(store), Traces(store)
    for n in range(450):
        await cache.put(str(n), ANSWER.model_copy(update={"text": "ana" if n % 3 else "bia"}))
    assert await traces.answers("bia") == 150
    assert await traces.forget_answers("bia") == 150
    assert await traces.answers() == 300
