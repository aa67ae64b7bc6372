"""Judges how complex a request is from what is asked: a linear model over words and their classes.

What was typed to the assistant is told from what was pasted along: a long lease with "when does it
end?" is routine, two lines that ask what to do about a landlord are not. Words typed count one by
one, in pairs, and by class (`requests/words.txt`); of pasted text only its size and its nature do.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from router.classify.lexicon import ORDER, QUESTION, folded, is_cue
from router.classify.signals import Signals
from router.errors import ConfigError

WEIGHTS = Path(__file__).parent / "weights" / "complexity.json"
WORDS = Path(__file__).parent / "requests" / "words.txt"

_HEAD_CHARS = 600
_TAIL_CHARS = 350
_SHORT_CHARS = 400
_LEAD_CHARS = 110
_LONG_CHARS = 900
_REST_CHARS = 300
_OPENING_WORDS = 5
_WORDS_SHARE = 5.0
ROUTINE = "routine"
DELIVERABLE = "deliverable"
_MOST_WORDS = 60
_STEM_CHARS = 5

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_QUOTED = re.compile(r"\"[^\"]{3,}\"|“[^”]{3,}”|«[^»]{3,}»|(?<!\w)'[^'\n]{6,}'(?!\w)")
_QUOTE = re.compile("[\"“«']")
_WORD = re.compile(r"[a-z][a-z'+#]*|\d+|\?")
_SENTENCE = re.compile(r"(?:[^\n.!?;]|[.!?;](?!\s|$))+[.!?;]?")
_CODE_LINE = re.compile(
    r"\s{2,}\S|\t|.*[;{}]\s*$|\s*(?:def |class |import |from \w+ import|return\b|const |let |var |func |"
    r"public |private |for .*:$|if .*:$|while .*:$|try:|except|else:|@\w|</?\w+|#include|//|\w+ = )"
)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s", re.MULTILINE)
_FIRST = frozenset("i my me we our us i'm im ive i've eu meu minha meus minhas nos nosso nossa me".split())


@dataclass(frozen=True, slots=True)
class Parts:
    """asks: the sentences that ask; story: what else the user says; rest: the beginning of what it
    is said of. All folded. pasted: characters beside these. quoted: some of them in quotes. lines:
    of the whole that are no code; code_lines: those that are. bullets: of the whole.
    """

    asks: tuple[str, ...]
    story: str
    rest: str
    pasted: int
    quoted: bool
    lines: int
    code_lines: int
    bullets: int


def parts_of(prompt: str) -> Parts:
    """What was typed, and what was pasted along."""
    if len(prompt) > _HEAD_CHARS + _TAIL_CHARS:
        seen = f"{prompt[:_HEAD_CHARS]}\n{prompt[-_TAIL_CHARS:]}"
    else:
        seen = prompt
    bare = _FENCE.sub("\n", seen) if "```" in seen else seen
    unquoted = _QUOTED.sub(" ", bare) if _QUOTE.search(bare) else bare
    found = [line for line in folded(unquoted).split("\n") if line.strip()]
    lines = [line for line in found if not _CODE_LINE.match(line)] if len(found) > 2 else found
    typed, rest = _divided(lines)
    asks, story = _asked(typed)
    return Parts(
        asks=asks,
        story=story,
        rest=rest[:_REST_CHARS],
        pasted=max(0, len(prompt) - len(typed)),
        quoted=len(unquoted) != len(bare),
        lines=len(lines),
        code_lines=len(found) - len(lines) + (bare.count("\n") < seen.count("\n")) * 10,
        bullets=len(_BULLET.findall(seen)),
    )


def _divided(lines: list[str]) -> tuple[str, str]:
    if not lines:
        return "", ""
    first, last = lines[0], lines[-1]
    if len(lines) == 1:
        return _lead(first)
    opens, closes = _asks(first), _asks(last)
    if opens and closes and len(last) <= _SHORT_CHARS:
        lead, rest = _lead(first)
        return f"{lead}\n{last}", " ".join([rest, *lines[1:-1]])
    if closes:
        return last[-_LONG_CHARS:], " ".join(lines[:-1])
    if opens:
        lead, rest = _lead(first)
        return lead, " ".join([rest, *lines[1:]])
    whole = "\n".join(lines)
    return (whole, "") if len(whole) <= _SHORT_CHARS else (first[:_LONG_CHARS], whole)


def _asks(line: str) -> bool:
    return (
        line.rstrip().endswith(("?", ":"))
        or any(_is_asked(part) for part in _SENTENCE.findall(line)[:6])
        or (len(line) < _LEAD_CHARS and is_cue(line))
    )


def _is_asked(sentence: str) -> bool:
    return (
        sentence.endswith("?")
        or ORDER.match(sentence) is not None
        or QUESTION.match(sentence) is not None
    )


def _asked(typed: str) -> tuple[tuple[str, ...], str]:
    sentences = [part for part in _SENTENCE.findall(typed) if part.strip()]
    asks = tuple(part for part in sentences if _is_asked(part))
    if not asks or len(sentences) <= 2:
        # One or two sentences without a sign of asking: both are the request.
        asks = tuple(sentences if len(sentences) <= 2 else (sentences[0], sentences[-1]))
    return asks, " ".join([part for part in sentences if part not in asks])


def _lead(line: str) -> tuple[str, str]:
    """A line without what follows the colon of a short routine order, "fix the typos: ..."."""
    at = line.find(": ", 0, _LEAD_CHARS)
    if at > 0 and ROUTINE in _found(_WORD.findall(line[:at])):
        return line[: at + 1], line[at + 2 :]
    return line, ""


@cache
def _classes() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Classes of whole words and phrases, and of beginnings of words."""
    whole: dict[str, frozenset[str]] = {}
    begun: dict[str, frozenset[str]] = {}
    name = ""
    for row in WORDS.read_text("utf-8").splitlines():
        if row.startswith("## "):
            name = row[3:].strip()
        elif not row.startswith("#"):
            for word in row.split():
                phrase = word.rstrip(".").replace("-", " ")
                table = whole if word.endswith(".") or " " in phrase else begun
                table[phrase] = table.get(phrase, frozenset()) | {name}
    return whole, begun


def _found(words: list[str]) -> dict[str, int]:
    """How many words or phrases of each class."""
    whole, begun = _classes()
    found: dict[str, int] = {}
    seen: set[str] = set()
    for at, word in enumerate(words):
        hits: list[frozenset[str]] = []
        if word not in seen:
            seen.add(word)
            if word in whole:
                hits.append(whole[word])
            hits += [begun[word[:size]] for size in range(3, len(word) + 1) if word[:size] in begun]
        phrase = word
        for nxt in words[at + 1 : at + 4]:
            phrase = f"{phrase} {nxt}"
            if phrase in whole:
                hits.append(whole[phrase])
        for names in hits:
            for name in names:
                found[name] = found.get(name, 0) + 1
    return found


def features(parts: Parts, facts: Signals) -> Features:
    """The features of a request in three groups: words that ask, words of the story, and marks."""
    asked: list[str] = []
    of_asks: set[str] = set()
    opens: set[str] = set()
    for sentence in parts.asks:
        words = ["0" if word.isdigit() else word for word in _WORD.findall(sentence)]
        words = words[:_MOST_WORDS]
        asked += words
        of_asks.update(words)
        of_asks.update([word[:_STEM_CHARS] + "*" for word in words if len(word) > _STEM_CHARS])
        bounded = ["^", *words, "$"]
        of_asks.update([f"{a} {b}" for a, b in zip(bounded, bounded[1:], strict=False)])
        opens.update(_found(words[:_OPENING_WORDS]))
    story = _WORD.findall(parts.story)[: 2 * _MOST_WORDS]
    of_story = {word for word in story if not word.isdigit()}
    of_story |= {word[:_STEM_CHARS] + "*" for word in of_story if len(word) > _STEM_CHARS}
    found, told = _found(asked), _found(story)
    listed = _found(_WORD.findall(parts.rest)) if parts.rest else {}
    names = sorted(found)
    marks = [f"#{name}" for name in names]
    marks += [f"#{name} 2" for name, count in found.items() if count > 1]
    marks += [f"^{name}" for name in opens]
    marks += [f"deliverables {min(found.get(DELIVERABLE, 0) + listed.get(DELIVERABLE, 0), 5)}"]
    marks += [f"#{a}&{b}" for at, a in enumerate(names) for b in names[at + 1 :]]
    marks += [f"={name}" for name in told]
    marks += [f"~{name}" for name in listed]
    length = sum(len(asked) >= edge for edge in (5, 9, 15, 25, 40))
    told_length = sum(len(story) >= edge for edge in (1, 8, 20, 40))
    pasted = sum(parts.pasted >= edge for edge in (10, 60, 200, 600))
    coded = sum(parts.code_lines >= edge for edge in (1, 4, 12))
    first = not _FIRST.isdisjoint(asked) or not _FIRST.isdisjoint(story)
    marks += [
        f"length {length}", f"story {told_length}", f"pasted {pasted}", f"code {coded}",
        f"length {length} pasted {pasted > 1}", f"length {min(length, 3)} story {told_length}",
        f"story {told_length} first {first}", f"asks {min(len(parts.asks), 3)}",
    ]  # fmt: skip
    marks += [
        name
        for name, present in (
            ("commas", sum(part.count(",") for part in parts.asks) > 2),
            ("several lines", parts.lines > 3),
            ("bullets", parts.bullets > 2),
            ("hard", facts.complexity >= 0.2),
            ("harder", facts.complexity >= 0.4),
            ("quoted", parts.quoted),
            ("first", first),
            ("table", facts.has_table),
            ("json", facts.has_json),
            ("choices", facts.has_choices),
        )
        if present
    ]
    return Features(tuple(of_asks), tuple(of_story), tuple(marks))


@dataclass(frozen=True, slots=True)
class Features:
    """Names of what was found, by group; each at most once in its group."""

    asks: tuple[str, ...]
    story: tuple[str, ...]
    marks: tuple[str, ...]

    def groups(self) -> dict[str, tuple[str, ...]]:
        """By the name under which a model keeps the weights."""
        return {"asks": self.asks, "story": self.story, "marks": self.marks}


def share(group: str, size: int) -> float:
    """What a feature counts: that of words is divided by the root of their number."""
    return 1.0 if group == "marks" else _WORDS_SHARE / math.sqrt(max(1, size))


@dataclass(frozen=True, slots=True)
class ComplexityModel:
    """Weights by group and feature. The log-odds are the bias plus each group's weights, each times
    the group's `share`.
    """

    bias: float
    weights: Mapping[str, Mapping[str, float]]

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> ComplexityModel:
        """Read what `save` wrote. ConfigError where the file is missing or not ours."""
        try:
            stored = json.loads(path.read_text("utf-8"))
            weights = {str(group): dict(stored["weights"][group]) for group in stored["weights"]}
            return cls(float(stored["bias"]), weights)
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise ConfigError(
                f"{path} is not a model of complexity: {error!r}; reinstall the package, or train "
                "it again with python -m router.classify.train_complexity"
            ) from error

    def save(self, path: Path) -> None:
        """Write JSON; the same model gives the same bytes."""
        stored = {"bias": self.bias, "weights": self.weights}
        path.write_text(json.dumps(stored, indent=0, sort_keys=True) + "\n", "utf-8")

    def complexity(self, prompt: str, facts: Signals) -> float:
        """0..1; facts: the signals of `prompt`. Never raises, whatever the text."""
        odds = self.bias
        for group, names in features(parts_of(prompt), facts).groups().items():
            known = self.weights[group]
            odds += share(group, len(names)) * sum([known.get(name, 0.0) for name in names])
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
