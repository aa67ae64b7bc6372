"""How a request is dressed: politeness, case, typos, and where the text stands beside it."""

from __future__ import annotations

import re
import unicodedata

from agents.nano.data.grammar import Draw, Frames

_BEFORE = {
    "en": [
        "please ",
        "pls ",
        "can you ",
        "could you ",
        "could you please ",
        "can you please ",
        "I need you to ",
        "hi, ",
        "hey, ",
        "hello! please ",
        "I want you to ",
        "kindly ",
        "would you ",
        "help me: ",
        "quick one: ",
        "now ",
        "you must ",
        "I'd like you to ",
    ],
    "pt": [
        "por favor, ",
        "por favor ",
        "pode ",
        "você pode ",
        "poderia ",
        "preciso que você ",
        "oi, ",
        "olá, ",
        "olá! por favor, ",
        "me ajude: ",
        "quero que você ",
        "favor ",
        "rapidinho: ",
        "agora ",
        "consegue ",
        "bom dia, ",
    ],
}
_AFTER = {
    "en": [" please", ", please", ", thanks", " for me", ", thank you", " pls", " now", " asap"],
    "pt": [" por favor", ", por favor", ", obrigado", " pra mim", " para mim", ", valeu", " pfv"],
}

_LAYOUTS = Frames(
    """
    {ask}: {text}
    {ask}: {text}
    {ask}: {text}
    {ask}:\\n{text}
    {ask}:\\n\\n{text}
    {ask}.\\n\\n{text}
    {ask}. {text}
    {ask}\\n{text}
    {ask}\\n\\n{text}
    {ask}: "{text}"
    {ask}: '{text}'
    {ask}\\n"{text}"
    {ask} - {text}
    {text}\\n\\n{ask}
    {text}\\n\\n{ask}.
    {text}\\n{ask}
    "{text}"\\n{ask}.
    "{text}" {ask}
    {ask}:\\n---\\n{text}\\n---
    """,
    """
    {ask} -> {text}
    {text}\\n---\\n{ask}
    {ask}: {text}
    {ask}:\\n{text}
    """,
    """
    {ask} >> {text}
    {ask}:\\n```\\n{text}\\n```
    {ask}:  {text}
    {ask}:\\n"{text}"
    """,
)


def strip_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def dress(draw: Draw, ask: str, language: str) -> str:
    """The instruction as people type it. A leading `?` marks a wording that takes no politeness."""
    ask = re.sub(" {2,}", " ", ask).strip()
    if ask.startswith("?"):
        ask = ask[1:]
    else:
        if draw.chance(0.35):
            ask = draw.pick(_BEFORE[language]) + ask
        if draw.chance(0.12):
            ask += draw.pick(_AFTER[language])
    if draw.chance(0.75):
        ask = ask[:1].upper() + ask[1:]
    return ask


def roughen(draw: Draw, ask: str, language: str) -> str:
    """Missing accents, all lower case, or one typo; only for text that holds no value."""
    if language == "pt" and draw.chance(0.15):
        ask = strip_accents(ask)
    if draw.chance(0.08):
        ask = ask.lower()
    if draw.chance(0.05) and len(ask) > 12:
        at = draw.integer(1, len(ask) - 3)
        if ask[at].isalpha() and ask[at + 1].isalpha():
            ask = draw.pick(
                [ask[:at] + ask[at + 1] + ask[at] + ask[at + 2 :], ask[:at] + ask[at + 1 :]]
            )
    return ask


def attach(draw: Draw, ask: str, text: str) -> str:
    """The instruction and the text it is about, in one of the usual arrangements."""
    return draw.phrase(_LAYOUTS, ask=ask.rstrip(":.") if ask[-1:] in ":." else ask, text=text)


def request(draw: Draw, frames: Frames, language: str, text: str, **slots: str) -> str:
    """A whole prompt about a text; the frame may place `{text}` itself."""
    template = draw.pick(frames.of(draw.phrasing))
    if "{text}" in template:
        return dress(draw, draw.expand(template, text=text, **slots), language)
    ask = draw.expand(template, **slots)
    ask = dress(draw, ask if slots else roughen(draw, ask, language), language)
    return attach(draw, ask, text)


def inline(draw: Draw, frames: Frames, language: str, **slots: str) -> str:
    """A whole prompt whose values stand inside the instruction."""
    ask = dress(draw, draw.phrase(frames, **slots), language)
    return ask + draw.pick(["", "", ".", ".", "", "!"]) if ask[-1].isalnum() else ask
