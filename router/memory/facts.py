"""Facts that agents and sessions share, with a label, an expiry and a search by words.

A fact is written under a key of the writer's choice; writing it again replaces it. The total of all
facts is limited in tokens: the least recently used are evicted, private ones last. A fact that must
stay on this machine is not written to a remote Redis.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from pydantic import ValidationError

from router.account.pricing import estimate_tokens
from router.errors import ConfigError, PrivacyViolation, TaskError
from router.memory.facts_index import FactIndex
from router.memory.facts_search import scores, words
from router.memory.facts_types import LABELS, Fact, FactStats, label_of
from router.privacy.gate import strictest
from router.privacy.storage import CURE, Judge, judge_by_default, may_be_written, why_not_written
from router.store.keys import escaped
from router.store.store import Store
from router.types.task import Privacy

__all__ = ["LABELS", "Fact", "FactStats", "Facts", "label_of"]

LONGEST_LIFE_S = 100 * 365 * 86_400.0


class Facts:
    """The facts of one store.

    ttl_s: the lifetime of a fact that names no other; None: until it is evicted. max_tokens_total:
    of all facts together; where processes differ, each applies its own when it writes.
    max_tokens_fact: of one. judge: labels a text by what is found in it, before a fact is written
    to a remote Redis. Raises ConfigError where max_tokens_fact is more than max_tokens_total.
    """

    def __init__(
        self,
        store: Store,
        *,
        ttl_s: float | None = 90 * 86_400.0,
        max_tokens_total: int = 50_000,
        max_tokens_fact: int = 1_000,
        judge: Judge | None = None,
    ) -> None:
        if not 1 <= max_tokens_fact <= max_tokens_total:
            raise ConfigError(
                f"one fact may have {max_tokens_fact} tokens, and all together {max_tokens_total}: "
                "make the first at least 1 and at most the second"
            )
        self._store = store
        self._index = FactIndex(store)
        self._ttl_s = ttl_s
        self._max_total = max_tokens_total
        self._max_fact = max_tokens_fact
        self._judge = judge or judge_by_default()

    async def put(
        self,
        key: str,
        text: str,
        *,
        label: str,
        source: str,
        subjects: Sequence[str] = (),
        ttl_s: float | None = None,
        derived_from: Sequence[str | Fact] = (),
    ) -> Fact:
        """Stores a fact, in place of what the key held before.

        derived_from: facts that it was made from, as they were read, or their keys. Its label is
        the strictest of theirs, its own, and those that its key held since it was last free,
        whoever wrote them; a source that is gone counts as local_only, as its label is unknown.
        Raises TaskError for a fact that is too large or malformed, and PrivacyViolation for one
        that must stay local where the store is remote. Nothing is written then.
        """
        read = [one.label for one in derived_from if isinstance(one, Fact)]
        strict = strictest((label_of(label), *read))
        store = self._store
        if not store.local:
            strict = strictest((strict, *map(self._judge, (key, text, *subjects))))
        lives_s = self._ttl_s if ttl_s is None else ttl_s
        fact = self._fact(key, text, strict, source, tuple(subjects), lives_s)
        got = await self._index.put(
            fact,
            made_from=[one for one in derived_from if not isinstance(one, Fact)],
            most_label=next(one for one in reversed(LABELS) if may_be_written(one, store)),
            max_tokens_total=self._max_total,
        )
        if got is None:
            raise PrivacyViolation(
                why_not_written(
                    f"fact {key!r}", Privacy.LOCAL_ONLY, store, f"{CURE}, or do not keep it"
                )
            )
        return fact.model_copy(update={"label": got})

    async def get(self, key: str) -> Fact | None:
        """None where it is missing, expired, or malformed. Reading counts as a use."""
        (found,) = await self._index.use([key])
        return found

    async def find(
        self,
        query: str | None = None,
        *,
        subject: str | None = None,
        label_at_most: str = "local_only",
        limit: int = 50,
        prefix: str | None = None,
    ) -> tuple[Fact, ...]:
        """The facts that share words with the query, the best first, then the newest.

        Without a query all facts, newest first, which does not count as a use; a match by words
        does. subject: only what is about that person. prefix: of their keys.
        """
        _require_subject(subject)
        facts = [
            fact
            for fact in await self._allowed(label_at_most)
            if (prefix is None or fact.key.startswith(prefix))
            and (subject is None or fact.is_about(subject))
        ]
        if query is None:
            return tuple(sorted(facts, key=lambda fact: -fact.created_at)[:limit])
        found = _ranked(query, facts)[:limit]
        await self._index.use([fact.key for fact in found])
        return tuple(found)

    async def recall(
        self, prompt: str, *, budget_tokens: int, label_at_most: str
    ) -> tuple[Fact, ...]:
        """The facts that fit a prompt best, as many as fit the budget, the best first.

        One that is too large is skipped. The budget counts the texts of the facts alone.
        """
        chosen, left = [], budget_tokens
        for fact in _ranked(prompt, await self._allowed(label_at_most)):
            if fact.tokens <= left:
                chosen.append(fact)
                left -= fact.tokens
        await self._index.use([fact.key for fact in chosen])
        return tuple(chosen)

    async def forget(
        self,
        key: str | None = None,
        *,
        subject: str | None = None,
        session: str | None = None,
        before: float | None = None,
    ) -> int:
        """Forget the facts of which everything given holds; how many there were.

        session: whose source it is. before: written earlier than this, epoch seconds. What is
        written anew meanwhile stays, unless only its key is named. Raises TaskError where nothing
        is given: `clear` forgets everything.
        """
        _require_subject(subject)
        if subject is None and session is None and before is None:
            if key is None:
                raise TaskError("name what to forget: a key, a person, a session or a time")
            return await self._index.remove([(escaped(key), "*")])
        cards = await self._index.cards()
        return await self._index.remove(
            [
                (escaped(fact.key), cards[escaped(fact.key)].id)
                for fact in await self._index.read(list(cards))
                if (key is None or fact.key == key)
                and (subject is None or fact.is_about(subject))
                and (session is None or fact.source == session)
                and (before is None or fact.created_at < before)
            ]
        )

    async def clear(self) -> int:
        """Forget every fact, those that cannot be read too; how many there were."""
        return await self._index.remove([(member, "*") for member in await self._index.cards()])

    async def stats(self) -> FactStats:
        """How many facts there are and what they weigh."""
        cards = (await self._index.cards()).values()
        return FactStats(
            facts=len(cards),
            tokens=sum(card.tokens for card in cards),
            facts_by_label={label: sum(card.label == label for card in cards) for label in LABELS},
            tokens_by_label={
                label: sum(card.tokens for card in cards if card.label == label) for label in LABELS
            },
        )

    async def _allowed(self, label_at_most: str) -> list[Fact]:
        most = label_of(label_at_most)
        facts = await self._index.read(list(await self._index.cards()))
        return [fact for fact in facts if fact.may_go(most)]

    def _fact(
        self,
        key: str,
        text: str,
        label: Privacy,
        source: str,
        subjects: tuple[str, ...],
        lives_s: float | None,
    ) -> Fact:
        """The fact as it will stand; TaskError with what is wrong about it."""
        now, tokens = time.time(), max(1, estimate_tokens(text))
        if tokens > self._max_fact:
            raise TaskError(
                f"fact {key!r} has about {tokens:,} tokens, the limit is {self._max_fact:,}: "
                "shorten it, or keep its parts under keys of their own"
            )
        if lives_s is not None and not 0 < lives_s <= LONGEST_LIFE_S:
            raise TaskError(
                f"fact {key!r} cannot live {lives_s} seconds: give more than 0, at most 100 years"
            )
        try:
            return Fact(
                key=key,
                text=text,
                label=label,
                source=source,
                subjects=subjects,
                created_at=now,
                expires_at=None if lives_s is None else now + lives_s,
                tokens=tokens,
            )
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise TaskError(f"fact {key!r} cannot be kept: {where}: {first['msg']}") from None


def _ranked(query: str, facts: Sequence[Fact]) -> list[Fact]:
    """Those that share a word with the query, the best first, then the newest."""
    texts = [words(" ".join((fact.key, fact.text, *fact.subjects))) for fact in facts]
    scored = [pair for pair in zip(scores(words(query), texts), facts, strict=True) if pair[0] > 0]
    return [fact for _, fact in sorted(scored, key=lambda pair: (-pair[0], -pair[1].created_at))]


def _require_subject(subject: str | None) -> None:
    """A blank key would be found in every text."""
    if subject is not None and not subject.strip():
        raise TaskError("the person's key is empty: name one, such as customer:42 or an e-mail")
