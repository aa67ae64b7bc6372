"""Generates prompts of all nine kinds in English and Portuguese: training data that we own.

The phrasings are in `phrases/*.txt`, one part of them held out (`router/classify/phrasings.py`).
Generation is deterministic by seed.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from router.classify.phrasings import KINDS, Phrases, Written, phrases, side, templates
from router.classify.problems import SNIPPETS, drawing, equation, expression, formula, heading
from router.types.decision import Kind

_WHOLE = 0.3
_WHOLES = {
    Kind.CODE: ("defn",),
    Kind.MATH: ("story",),
    Kind.KNOWLEDGE: ("trivia", "trivia", "completion", "completion", "puzzle"),
    Kind.TOOL: ("request", "request", "trouble"),
}
"""Pools and makers of whole prompts by kind, and how often one of them stands for a template."""

_FOREIGN_DOCUMENTS = 0.6
_FOREIGN_SUBJECTS = 0.3
_SUBJECTS = frozenset(
    [
        "topic",
        "product",
        "place",
        "person",
        "word",
        "short",
        "concept",
        "phrase",
        "system",
        "entity",
        "matter",
        "things",
        "work",
        "phenomenon",
        "event",
    ]
)
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_SPACE_BEFORE = re.compile(r"(?<=\w) +(?=[?.,](?:\s|$))")
_NAMES = re.compile(
    r"(?<![.!?] )(?<!^)\b[A-ZÀ-Ú][a-zà-ú]{2,}"
    r"(?: (?:of |the |de |da |do |e )?[A-ZÀ-Ú][a-zà-ú]+){0,3}"
)
"""Capitalised words that do not open a sentence."""


@dataclass(frozen=True, slots=True)
class Example:
    """One generated prompt and what it is."""

    prompt: str
    kind: Kind
    language: Written


def generate(
    count: int,
    *,
    seed: int = 0,
    held_out: bool = False,
    portuguese: float = 0.45,
    documents: Sequence[str] = (),
) -> list[Example]:
    """`count` prompts, kinds in turn; `portuguese` is the share of that language.

    held_out: from the held-out phrasings only, instead of from all the others. documents: texts
    to work on besides those of the phrase files; every kind gets them, so that they teach the
    classifier what not to look at.
    """
    chance = random.Random(f"{seed}-{held_out}")
    made: list[Example] = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        language: Written = "pt" if chance.random() < portuguese else "en"
        writer = _Writer(chance, language, documents, held_out=held_out)
        made.append(Example(writer.prompt(kind), kind, language))
    return made


class _Writer:
    """Fills templates of one language with values drawn from `chance`."""

    def __init__(
        self,
        chance: random.Random,
        language: Written,
        documents: Sequence[str] = (),
        *,
        held_out: bool = False,
    ) -> None:
        self._chance = chance
        self._held_out = held_out
        self._documents = documents
        self._phrases = phrases(language)
        self._language = language
        # Made fresh each time; everything else is drawn from the slots of the file.
        self._makers: dict[str, Callable[[], str]] = {
            "n": self._number,
            "pct": lambda: str(chance.choice([5, 8, 10, 12, 15, 18, 20, 25, 30, 50, 75])),
            "eq": lambda: equation(chance),
            "fx": lambda: expression(chance),
            "doc": self._document,
            "sentence": lambda: chance.choice(self._either().sentences),
            "dialogue": self._dialogue,
            "snippet": lambda: chance.choice(SNIPPETS),
            "table": self._table,
            "material": self._material,
            "obj": lambda: chance.choice(self._phrases.slots["things"]),
            "story": self._story,
            "docask": self._question_on_page,
            "Name": self._name,
            "tex": lambda: formula(chance),
            "drawing": lambda: drawing(chance),
            "defn": self._heading,
        }
        # Who and what a story is about, while it is told.
        self._cast: dict[str, str] = {}
        # The document of this prompt: a question about it uses its words.
        self._page = ""

    def prompt(self, kind: Kind) -> str:
        template = self._template(kind)
        parts = [self._filled(part).strip() for part in template.split("||")]
        material_first = "{" in template.split("||")[0][:3] and len(parts) > 1
        if len(parts) == 1:
            return self._dressed(parts[0], whole=True)
        order, material = (parts[1], parts[0]) if material_first else (parts[0], parts[1])
        order = self._dressed(order, whole=False)
        return self._joined(order, material, material_first=material_first)

    def _template(self, kind: Kind) -> str:
        if kind in _WHOLES and self._chance.random() < _WHOLE:
            return f"{{{self._chance.choice(_WHOLES[kind])}}}"
        return self._chance.choice(templates(kind, self._language, held_out=self._held_out))

    def _line(self, pool: str) -> str:
        lines = self._phrases.pools[pool]
        # A pool of fewer lines than that has no side to hold out: its lines are material.
        return self._chance.choice(side(lines, held_out=self._held_out) or lines)

    def _joined(self, order: str, material: str, *, material_first: bool) -> str:
        chance = self._chance
        if "```" not in material and chance.random() < 0.15 and "\n" in material:
            material = f"```\n{material}\n```"
        elif chance.random() < 0.2 and "\n" not in material:
            material = f'"{material}"'
        if material_first or chance.random() < 0.25:
            return material + chance.choice(["\n\n", "\n", "\n\n---\n"]) + order
        parting = chance.choice([":\n\n", "\n\n", ": ", ":\n", "\n"])
        return order.rstrip(":") + parting + material

    def _filled(self, text: str) -> str:
        return _SLOT.sub(self._slot, self._unnested(text))

    def _unnested(self, text: str) -> str:
        while found := _CHOICE.search(text):
            chosen = self._chance.choice(found[1].split("|"))
            text = text[: found.start()] + chosen + text[found.end() :]
        return _SPACE_BEFORE.sub("", re.sub(r" {2,}(?=\S)", " ", text))

    def _slot(self, found: re.Match[str]) -> str:
        foreign = 1.0 if found[1] == "any" else _FOREIGN_SUBJECTS * (found[1] in _SUBJECTS)
        if self._documents and self._chance.random() < foreign:
            return self._subject()
        if found[1] in self._cast:
            return self._cast[found[1]]
        if maker := self._makers.get(found[1]):
            return maker()
        if found[1] in self._phrases.pools:
            return self._filled(self._line(found[1]))
        value = self._chance.choice(self._phrases.slots[found[1]])
        return self._filled(value) if "{" in value else value

    def _story(self) -> str:
        """A problem in words: some facts about the same people and things, and a question."""
        chance, known = self._chance, self._phrases
        things = [
            self._subject() if self._documents and chance.random() < 0.3 else thing
            for thing in chance.sample(known.slots["things"], 2)
        ]
        who = chance.sample(known.slots["who"], 2)
        lines = [self._line("fact") for _ in range(chance.choice([1, 2, 2, 3, 3, 4, 5]))]
        lines.append(self._line("mathask"))
        self._cast = dict(zip(("obj", "obj2", "who", "who2"), (*things, *who), strict=True))
        told = [self._filled(line) for line in lines]
        self._cast = {}
        return " ".join(line[:1].upper() + line[1:] for line in told)

    def _question_on_page(self) -> str:
        """A question in words of the document that the prompt shows before or after it."""
        chance = self._chance
        self._page = self._page or self._document()
        words = self._page.split()
        start = chance.randrange(max(1, len(words) - 6))
        about = " ".join(words[start : start + chance.randint(2, 6)]).strip(".,;:!?\"'()")
        asked = chance.choice(self._phrases.slots["docword"])
        return f"{asked} {about}{chance.choice(['?', '?', '?', ''])}"

    def _name(self) -> str:
        """A name out of a document, or one of the lists."""
        chance, slots = self._chance, self._phrases.slots
        if self._documents and chance.random() < 0.7:
            found: list[str] = _NAMES.findall(chance.choice(self._documents)[:2000])
            if found:
                return chance.choice(found)
        return chance.choice(slots[chance.choice(["person", "work", "place", "who"])]).title()

    def _heading(self) -> str:
        chance, slots = self._chance, self._phrases.slots
        task = chance.choice(slots["docstring"] if chance.random() < 0.5 else slots["codetask"])
        return heading(chance, chance.choice(slots["fname"]), task)

    def _subject(self) -> str:
        """One to four words out of the middle of a document: no kind owns a subject."""
        words = self._chance.choice(self._documents).split()
        start = self._chance.randrange(max(1, len(words) - 4))
        chosen = words[start : start + self._chance.randint(1, 4)]
        return " ".join(chosen).strip(".,;:!?\"'()") or "it"

    def _dressed(self, order: str, *, whole: bool) -> str:
        """Adds courtesies, capitals, missing punctuation and typing errors, as people type."""
        chance = self._chance
        if chance.random() < 0.16:
            order = f"{chance.choice(self._phrases.openings)} {order}"
        if chance.random() < 0.1 and "\n" not in order:
            order = f"{order.rstrip('?.')}, {chance.choice(self._phrases.closings)}"
        if chance.random() < 0.55:
            order = order[:1].upper() + order[1:]
        if chance.random() < 0.3 and order[-1:].isalnum():
            order += chance.choice([".", ".", "!", ""])
        if whole and chance.random() < 0.2:
            order = order.rstrip("?.!")
        if self._language == "pt" and chance.random() < 0.35:
            order = "".join(
                c for c in unicodedata.normalize("NFD", order) if not unicodedata.combining(c)
            )
        if chance.random() < 0.12:
            order = self._mistyped(order)
        return order.upper() if chance.random() < 0.01 else order

    def _mistyped(self, text: str) -> str:
        """One letter dropped, doubled or swapped with the next."""
        if len(text) < 8:
            return text
        at = self._chance.randrange(1, len(text) - 1)
        slip = self._chance.choice(
            [text[at + 1] + text[at], text[at + 1], text[at] * 2 + text[at + 1]]
        )
        return text[:at] + slip + text[at + 2 :]

    def _either(self) -> Phrases:
        """The phrases for material, sometimes of the other language, so that it does not decide
        anything.
        """
        if self._chance.random() < 0.75:
            return self._phrases
        return phrases("en" if self._language == "pt" else "pt")

    def _number(self) -> str:
        chance = self._chance
        value = chance.choice(
            [chance.randint(2, 12), chance.randint(2, 99), chance.randint(10, 999)]
        )
        return str(value) if chance.random() < 0.9 else f"{value}.{chance.randint(1, 99)}"

    def _document(self) -> str:
        """One sentence to some 25, in paragraphs, sometimes with a greeting or speaker names."""
        if self._page:
            return self._page
        self._page = self._drawn_document()
        return self._page

    def _drawn_document(self) -> str:
        chance = self._chance
        if self._documents and chance.random() < _FOREIGN_DOCUMENTS:
            text = chance.choice(self._documents)
            start = chance.randrange(max(1, len(text) // 2))
            return text[start : start + chance.randint(80, 1500)].partition(" ")[2] or text
        pool = self._either().sentences
        length = chance.choice([1, 2, 3, 4, 6, 10, 25])
        sentences = [chance.choice(pool) for _ in range(length)]
        paragraphs = [" ".join(sentences[i : i + 4]) for i in range(0, length, 4)]
        return chance.choice(["\n", "\n\n"]).join(paragraphs)

    def _dialogue(self) -> str:
        chance = self._chance
        speakers = chance.sample(self._phrases.slots["who"], 2)
        pool = self._either().sentences
        turns = chance.randint(3, 12)
        return "\n".join(f"{speakers[i % 2]}: {chance.choice(pool)}" for i in range(turns))

    def _table(self) -> str:
        chance = self._chance
        mark = chance.choice([",", " | ", ";", "\t"])
        columns = chance.sample(("id", "name", "city", "date", "total", "qty", "price"), 3)
        names = self._phrases.slots["who"]
        lines = [[chance.choice(names), self._number(), self._number()] for _ in range(4)]
        return "\n".join(mark.join(line) for line in [columns, *lines])

    def _material(self) -> str:
        chance = self._chance
        if chance.random() < 0.3:
            return self._document()
        pool = self._either()
        return chance.choice(pool.material if chance.random() < 0.7 else pool.sentences)
