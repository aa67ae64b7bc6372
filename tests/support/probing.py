"""Probes a configuration's general model, and answers a probe's questions right."""

from __future__ import annotations

import json

from agents.models.cards import place_of
from agents.models.probe import ask, card_from
from agents.models.questions import Question, probe_questions
from agents.roster import build_roster
from router.account.pricing import Prices
from router.settings.settings import Settings
from router.types.card import Card


def right_answer(question: Question) -> str:
    """What a question's judge takes for right; a question mark where code is asked for."""
    judge = question.judge
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
