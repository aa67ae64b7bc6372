"""Prompts of all nine kinds in English and Portuguese, made from phrasings: the data we own.

The phrasings are in `phrases/*.txt`. Every sixth template of a kind is held out: it makes no
training prompt, so that accuracy on phrasings never seen can be measured. Generation is
deterministic by seed.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from router.types import Kind

Written = Literal["en", "pt"]

KINDS = tuple(kind for kind in Kind if kind is not Kind.UNSURE)

_HELD_OUT_EVERY = 6
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
_POOLS = ("sentences", "material")
_LISTS = ("openings", "closings")


@dataclass(frozen=True, slots=True)
class Example:
    """One generated prompt and what it is."""

    prompt: str
    kind: Kind
    language: Written


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's file: templates by kind, slot fillers by name, and pools of whole lines."""

    templates: dict[Kind, tuple[str, ...]]
    slots: dict[str, tuple[str, ...]]
    sentences: tuple[str, ...]
    material: tuple[str, ...]
    openings: tuple[str, ...]
    closings: tuple[str, ...]


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
        writer = _Writer(chance, language, documents)
        made.append(Example(writer.prompt(kind, held_out), kind, language))
    return made


def templates(kind: Kind, language: Written, *, held_out: bool) -> list[str]:
    """The phrasings of one kind, on one side of the split."""
    every = phrases(language).templates[kind]
    return [
        template
        for position, template in enumerate(every)
        if (position % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1) == held_out
    ]


@cache
def phrases(language: Written) -> Phrases:
    """Read one language's phrasings from the package."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    text = files("router.classify").joinpath(f"phrases/{language}.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("## "):
            current = sections.setdefault(line[3:].strip(), [])
        elif line.strip() and not line.startswith("# "):
            current.append(line.replace("\\n", "\n"))
    fillers = {
        name: tuple(part.strip() for part in " ".join(lines).split(";"))
        for name, lines in sections.items()
        if name.startswith("slot ") or name in _LISTS
    }
    return Phrases(
        templates={kind: tuple(sections[kind.value]) for kind in KINDS},
        slots={name[5:]: values for name, values in fillers.items() if name.startswith("slot ")},
        sentences=tuple(sections["sentences"]),
        material=tuple(sections["material"]),
        openings=fillers["openings"],
        closings=fillers["closings"],
    )


class _Writer:
    """Fills templates of one language with values drawn from `chance`."""

    def __init__(
        self, chance: random.Random, language: Written, documents: Sequence[str] = ()
    ) -> None:
        self._chance = chance
        self._documents = documents
        self._phrases = phrases(language)
        self._language = language
        # Made fresh each time; everything else is drawn from the slots of the file.
        self._makers: dict[str, Callable[[], str]] = {
            "n": self._number,
            "pct": lambda: str(chance.choice([5, 8, 10, 12, 15, 18, 20, 25, 30, 50, 75])),
            "eq": self._equation,
            "fx": self._expression,
            "doc": self._document,
            "sentence": lambda: chance.choice(self._either().sentences),
            "dialogue": self._dialogue,
            "snippet": lambda: chance.choice(_SNIPPETS),
            "table": self._table,
            "material": self._material,
        }

    def prompt(self, kind: Kind, held_out: bool) -> str:
        language = self._language
        template = self._chance.choice(templates(kind, language, held_out=held_out))
        parts = [self._filled(part).strip() for part in template.split("||")]
        material_first = "{" in template.split("||")[0][:3] and len(parts) > 1
        if len(parts) == 1:
            return self._dressed(parts[0], whole=True)
        order, material = (parts[1], parts[0]) if material_first else (parts[0], parts[1])
        order = self._dressed(order, whole=False)
        return self._joined(order, material, material_first=material_first)

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
        while found := _CHOICE.search(text):
            chosen = self._chance.choice(found[1].split("|"))
            text = text[: found.start()] + chosen + text[found.end() :]
        return _SLOT.sub(self._slot, re.sub(r" {2,}(?=\S)", " ", text).replace(" ?", "?"))

    def _slot(self, found: re.Match[str]) -> str:
        foreign = 1.0 if found[1] == "any" else _FOREIGN_SUBJECTS * (found[1] in _SUBJECTS)
        if self._documents and self._chance.random() < foreign:
            return self._subject()
        maker = self._makers.get(found[1])
        return maker() if maker else self._chance.choice(self._phrases.slots[found[1]])

    def _subject(self) -> str:
        """One to four words out of the middle of a document: no kind owns a subject."""
        words = self._chance.choice(self._documents).split()
        start = self._chance.randrange(max(1, len(words) - 4))
        chosen = words[start : start + self._chance.randint(1, 4)]
        return " ".join(chosen).strip(".,;:!?\"'()") or "it"

    def _dressed(self, order: str, *, whole: bool) -> str:
        """Courtesies, capitals, missing marks, slips of the finger: how people really type."""
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
        """Material is often in the other language: it must not decide anything."""
        if self._chance.random() < 0.75:
            return self._phrases
        return phrases("en" if self._language == "pt" else "pt")

    def _number(self) -> str:
        chance = self._chance
        value = chance.choice(
            [chance.randint(2, 12), chance.randint(2, 99), chance.randint(10, 999)]
        )
        return str(value) if chance.random() < 0.9 else f"{value}.{chance.randint(1, 99)}"

    def _equation(self) -> str:
        a, b, c = (self._chance.randint(2, 20) for _ in range(3))
        return self._chance.choice(
            [
                f"{a}x + {b} = {c}", f"x^2 - {a}x + {b} = 0", f"{a}x - {b} = {c}x", f"2^x = {a}",
                f"{a}(x + {b}) = {c}", f"x + y = {a}, x - y = {b}", f"\\frac{{x}}{{{a}}} = {b}",
                f"log(x) = {a}", f"a + b = {c}", f"{a}x^2 = {b}x",
            ]
        )  # fmt: skip

    def _expression(self) -> str:
        a, b = (self._chance.randint(2, 20) for _ in range(2))
        return self._chance.choice(
            [
                f"x^{a} + {b}x", f"{a}x^2 - {b}x", "sin(x)", f"e^({a}x)", f"ln({a}x)",
                f"x^2 - {a * a}", f"\\sqrt{{{a}x + {b}}}", f"({a}x + {b})^2", f"{a}/x",
            ]
        )  # fmt: skip

    def _document(self) -> str:
        """One sentence to some 25, in paragraphs, sometimes with a greeting or speaker names."""
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


_SNIPPETS = (
    "def add(a, b):\n    return a - b",
    "for i in range(len(items)):\n    print(items[i])",
    "const sum = (a, b) => {\n  return a + b\n}\nconsole.log(sum(1))",
    "SELECT name, COUNT(*) FROM orders GROUP BY city",
    "public static int max(int[] values) {\n    int best = 0;\n    return best;\n}",
    'import json\nwith open("data.json") as f:\n    data = json.load(f)\nprint(data["name"])',
    "#include <stdio.h>\nint main() {\n  int *p = NULL;\n  *p = 3;\n  return 0;\n}",
    "function total(list) {\n  let t = 0;\n  for (var i = 0; i <= list.length; i++)\n"
    "    t += list[i].price;\n  return t;\n}",
    'Traceback (most recent call last):\n  File "app.py", line 12, in <module>\n    main()\n'
    "KeyError: 'user'",
    "while True:\n    try:\n        n = int(input())\n    except:\n        pass",
    "package main\n\nfunc main() {\n\tch := make(chan int)\n\tch <- 1\n}",
    "<?php\n$q = \"SELECT * FROM users WHERE id = \" . $_GET['id'];\nmysqli_query($db, $q);\n?>",
    "class Node:\n    def __init__(self, value):\n        self.value = value",
    "df = pd.read_csv('vendas.csv')\ndf.groupby('cidade')['valor'].sum()",
    "<div class='box'><span>hello</span></div>\n.box { float: left; margin: 0 auto; }",
    "git push origin main\n! [rejected] main -> main (non-fast-forward)",
    "let mut v = vec![1, 2, 3];\nlet first = &v[0];\nv.push(4);",
    "numeros = [3, 1, 2]\nfor n in numeros:\n    if n % 2 = 0:\n        print(n)",
)
"""Short programs and messages, some of them wrong, for the prompts that bring code along."""
