"""Two scripted models for the test provider that find passages by the words of a question.

`reads` plays a small local model that copies relevant passages from a text; `answers` plays a cloud
model that answers from what it is sent, either extracts or a whole document.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

_STOP = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been but by can did do does for from had has have how if in into is "
        "it its may name no not of on or that the their them then there these they this to used "
        "was were what when where which who why will with you your",
    )
)
_WORD = re.compile(r"[a-z0-9_]+")

SHARE = 0.5
"""Least share of the question's words that a passage must contain to be copied."""

EXTRACT_CHARS = 600
SHORT_CHARS = 80


def words(text: str) -> set[str]:
    """The significant words of a text, without endings."""
    return {_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP}


def passages(text: str) -> list[str]:
    """The paragraphs, each with the heading above it and a `New in version` note below it."""
    found: list[str] = []
    above = ""
    for paragraph in re.split(r"\n\s*\n", text):
        line = " ".join(paragraph.split())
        if found and re.match(r"(New|Changed) in version", line):
            found[-1] += f" {line}"
        elif len(line) < SHORT_CHARS and not line.endswith("."):
            above = line
        elif line:
            found.append(f"{above} {line}".strip())
            above = ""
    return found


def reads(prompt: str, schema: dict[str, Any] | None) -> str:
    """The passage of the text with the most of the question's words, if it has half of them."""
    wanted = words(_question(prompt))
    before, part, after = prompt.partition("\nText (part ")
    text = after.partition(":\n")[2] if part else _after_question(before)
    best = max(passages(text), key=lambda one: len(wanted & words(one)), default="")
    enough = len(wanted & words(best)) >= SHARE * len(wanted)
    extract = best[:EXTRACT_CHARS] if enough else ""
    if schema is None:
        return extract or "The text does not say."
    return json.dumps({"extract": extract}, ensure_ascii=False)


def answers(prompt: str, schema: dict[str, Any] | None) -> str:
    """The two passages with the most, and the rarest, of the question's words; or a plan."""
    question = _question(prompt)
    wanted = words(question)
    if schema is not None:
        told = "Copy the sentences that speak of: " + ", ".join(sorted(wanted))
        return json.dumps({"instructions": [told[:300]]}, ensure_ascii=False)
    found = [(one, words(one)) for one in dict.fromkeys(passages(_after_question(prompt)))]
    common = Counter(word for _, has in found for word in has)

    def weight(has: set[str]) -> float:
        return sum(math.log(1 + len(found) / common[word]) for word in wanted & has)

    best = sorted(found, key=lambda one: -weight(one[1]))[:2]
    return " ".join(one for one, has in best if wanted & has) or "It does not say."


def counter(model: str) -> Callable[[str], int]:
    """How many tokens a text has, by the tokenizer that LiteLLM ships."""
    import litellm

    def count(text: str) -> int:
        return int(litellm.token_counter(model=model, text=text))

    return count


def _question(prompt: str) -> str:
    found = re.search(r"Question: (.+)", prompt) or re.search(
        r"answer this question:\s+(.+)", prompt
    )
    assert found is not None, "only questions are asked of these"
    return found[1]


def _after_question(prompt: str) -> str:
    rest = prompt.split(_question(prompt), 1)[1]
    return re.sub(r"\n(Answer from the extracts alone|---|Extracts from).*", "\n\n", rest)


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word
