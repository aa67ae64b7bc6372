"""Probes a configuration's general model, and answers a probe's questions right."""

from __future__ import annotations

import json
import re

from agents.models.cards import place_of
from agents.models.probe import ask, card_from
from agents.models.questions import Question, probe_questions
from agents.roster import build_roster
from router.account.pricing import Prices
from router.settings.settings import Settings
from router.types.card import Card

_SOLUTIONS = {
    r"(add_\w+|junta_\w+)\(text\w*\) .{0,80}'(\w+)'": "def {0}(text):\n    return text + '{1}'",
    r"(count_vowels)\(": "def {0}(s):\n    return sum(one in 'aeiou' for one in s.lower())",
    r"(evens)\(": "def {0}(numbers):\n    return [one for one in numbers if one % 2 == 0]",
    r"(merge)\(": "import heapq\n\ndef {0}(a, b):\n    return list(heapq.merge(a, b))",
    r"maiores\(": "def maiores(numeros, limite):\n    return [um for um in numeros if um > limite]",
    r"(inverte)\(": "def {0}(palavras):\n    return palavras[::-1]",
}
"""Code for the questions of a probe that ask for some, by what only they say."""


def right_answer(question: Question) -> str:
    """What a question's judge takes for right; raises ValueError for code that nobody wrote."""
    judge = question.judge
    if "examples" in judge:
        for asks, code in _SOLUTIONS.items():
            if found := re.search(asks, question.prompt, re.DOTALL):
                return "```python\n" + code.format(*found.groups()) + "\n```"
        raise ValueError(f"no solution is known here: {question.prompt!r}")
    if "json" in judge:
        return json.dumps(judge["json"], ensure_ascii=False)
    if "holds" in judge:
        return " ".join(part.split("|")[0] for part in judge["holds"])
    return str(judge.get("text", judge.get("number", "?"))).split("|")[0]


async def probed(settings: Settings) -> Card:
    """Asks the general model all questions of a probe, and keeps its card."""
    place = place_of(settings.models.general, settings.store.home)
    assert place is not None, "the shipped specialist has no card"
    agent = build_roster(settings, Prices.load(None), {}).local["general"]
    try:
        asked = [one async for one in ask(agent, probe_questions())]
    finally:
        await agent.engine.close()
    card = card_from(agent, asked, place.fingerprint)
    place.save(card)
    return card
