"""The questions of a probe: about 120, drawn from templates with fresh values, and their judge."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from agents.checks.code_examples import solution
from agents.checks.numbers import NUMBER, readings_of
from agents.checks.sandbox import Limits
from agents.checks.source import Source
from agents.checks.trial import tried
from agents.schema_in_words import bare_json
from router.classify.code_language import fenced_blocks
from router.errors import ConfigError
from router.types.base import Frozen
from router.types.decision import Kind

VERSION = 1
"""Of the templates and the judge: another version's partial results are not continued."""

TEMPLATES = Path(__file__).parent / "probe_questions.yaml"
PROBE_QUESTIONS = 120
QUICK_QUESTIONS = 40
_LIMITS = Limits(wall_s=5.0, cpu_s=3.0)

_NAMES = (
    "Ana Prado", "Tom Fielding", "Beatriz Lobo", "Owen Marsh", "Rita Campos", "Sofia Duarte",
    "Greta Holm", "Hugo Serra", "Nadia Rahman", "Liam Corrigan", "Inês Vidal", "Paul Becker",
)  # fmt: skip
_CITIES = ("Lisbon", "Recife", "Leeds", "Braga", "Austin", "Porto", "Utrecht", "Faro", "Bergen")
_COMPANIES = ("Norvik", "Altamira", "Brightwell", "Tecnosul", "Harbour Foods", "Lumen Office")
_WORDS = ("suffix", "mark", "tail", "stamp", "note")
_MONTHS = (
    ("March", "março", "03"), ("May", "maio", "05"), ("August", "agosto", "08"),
    ("October", "outubro", "10"), ("November", "novembro", "11"),
)  # fmt: skip
_COUNTRIES = (
    ("Norway", "Oslo", "da Noruega", "Oslo"), ("Peru", "Lima", "do Peru", "Lima"),
    ("Japan", "Tokyo", "do Japão", "Tóquio"), ("Egypt", "Cairo", "do Egito", "Cairo"),
    ("Kenya", "Nairobi", "do Quénia", "Nairobi"), ("Austria", "Vienna", "da Áustria", "Viena"),
)  # fmt: skip
_ELEMENTS = (("iron", "ferro", "Fe"), ("sodium", "sódio", "Na"), ("gold", "ouro", "Au"),
             ("potassium", "potássio", "K"), ("silver", "prata", "Ag"))  # fmt: skip
_BOOKS = (
    ("Don Quixote", "Cervantes", "Os Lusíadas", "Camões"),
    ("Moby-Dick", "Melville", "Dom Casmurro", "Assis"),
    ("Pride and Prejudice", "Austen", "Os Maias", "Queir"),
)


class Question(Frozen):
    """A prompt and what a right answer is.

    kind: None for what the classifier says that it is. language: of the answer; None where it is
    free. form: the prompt demands a form. answer: judged as `is_right` says; else `judge` says how,
    in the words of `probe_questions.yaml`. system: None for the role's own prompt.
    """

    prompt: str = Field(min_length=1)
    answer: str | None = Field(default=None, min_length=1)
    judge: dict[str, Any] = Field(default_factory=dict)
    kind: Kind | None = None
    language: Literal["en", "pt"] | None = None
    form: bool = False
    system: str | None = None


class Template(Frozen):
    """A question before its values are drawn."""

    kind: Kind
    language: Literal["en", "pt"]
    prompt: str
    judge: dict[str, Any]
    form: bool = False


@cache
def templates() -> tuple[Template, ...]:
    """Those that ship with the package."""
    rows = yaml.safe_load(TEMPLATES.read_text(encoding="utf-8"))
    return tuple(Template.model_validate(row) for row in rows)


def probe_questions(
    count: int = PROBE_QUESTIONS, kinds: frozenset[Kind] | None = None, seed: int = 0
) -> list[Question]:
    """`count` questions in random order, every template before one is drawn again.

    kinds: None for all. The same seed gives the same questions.
    """
    rng = random.Random(seed)
    wanted = [one for one in templates() if kinds is None or one.kind in kinds]
    found: list[Question] = []
    while len(found) < count:
        rng.shuffle(wanted)
        found += [_drawn(one, rng) for one in wanted]
    return found[:count]


def read_questions(path: Path) -> list[Question]:
    """One JSON object a line. Raises ConfigError that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} cannot be read: it is no text in UTF-8") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        example = '{"prompt": "...", "answer": "...", "kind": "extraction"}, without the kind too'
        try:
            question = Question.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            at = ".".join(map(str, first["loc"])) or "the line"
            raise ConfigError(
                f"{path}, line {number}: {at}: {first['msg']}: a line is {example}"
            ) from None
        if question.answer is None and not question.judge:
            raise ConfigError(f"{path}, line {number}: no answer is given: a line is {example}")
        found.append(question)
    if not found:
        raise ConfigError(f"{path} holds no question: write one JSON object a line")
    return found


def _drawn(template: Template, rng: random.Random) -> Question:
    values = _values(rng)

    def filled(part: Any) -> Any:
        if isinstance(part, str):
            return _filled(part, values)
        if isinstance(part, Mapping):
            return {key: filled(value) for key, value in part.items()}
        if isinstance(part, list):
            return [filled(value) for value in part]
        return part

    speaks = template.kind not in (Kind.CODE, Kind.TRANSLATION, Kind.TOOL)
    return Question(
        prompt=filled(template.prompt.replace("{{", "\0").replace("}}", "\1"))
        .replace("\0", "{")
        .replace("\1", "}"),
        judge=filled(template.judge),
        kind=template.kind,
        language=template.language if speaks else None,
        form=template.form,
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{([\w+*/-]+)\}", lambda found: values.get(found[1], found[0]), text)


def _values(rng: random.Random) -> dict[str, str]:
    name, other = rng.sample(_NAMES, 2)
    city, city2, city3 = rng.sample(_CITIES, 3)
    month, mes, mm = rng.choice(_MONTHS)
    country, capital, pais, capital_pt = rng.choice(_COUNTRIES)
    element, elemento, symbol = rng.choice(_ELEMENTS)
    book, author, livro, autor = rng.choice(_BOOKS)
    day = rng.randint(3, 17)
    later = day + rng.randint(2, 10)
    a, b, c, d = (
        rng.randint(120, 890),
        rng.randint(13, 99),
        rng.randint(11, 40),
        rng.randint(3, 9),
    )
    hours = rng.randint(2, 7)
    first = name.split()[0]
    plain = {"Inês": "ines"}.get(first, first).lower()
    return {
        "name": name, "first": first, "other": other, "city": city, "city2": city2, "city3": city3,
        "CITY": city.upper(), "company": rng.choice(_COMPANIES), "word": rng.choice(_WORDS),
        "order": f"{rng.choice('ABKR')}{rng.choice('DTXZ')}-{rng.randint(1000, 99999)}",
        "email": f"{plain}.{rng.choice(('work', 'home', 'desk'))}{rng.randint(2, 99)}@example.org",
        "amount": f"{rng.randint(11, 480)}.{rng.choice(('50', '25', '75', '40'))}",
        "month": month, "mes": mes, "mm": mm, "day": str(day), "later": str(later),
        "later2": f"{later:02d}", "country": country, "capital": capital,
        "pais": pais, "capital_pt": capital_pt,
        "element": element, "elemento": elemento, "symbol": symbol,
        "book": book, "author": author, "livro": livro, "autor": autor,
        "a": str(a), "b": str(b), "c": str(c), "d": str(d), "e": str(150 * hours),
        "a+b": str(a + b), "c*d": str(c * d), "a-c+d": str(a - c + d), "e/150": str(hours),
    }  # fmt: skip


async def is_right(question: Question, text: str) -> bool:
    """Whether a model's answer is right."""
    if question.answer is not None:
        return _is_answer(question.answer, text)
    judge = question.judge
    said = text.strip()
    if not said or len(said.split()) > judge.get("most_words", 10**6):
        return False
    if "text" in judge:
        case = bool(judge.get("case"))
        return any(_bare(one, case) == _bare(said, case) for one in judge["text"].split("|"))
    if "number" in judge:
        return _is_number(judge["number"], said)
    if "json" in judge:
        return _equal(judge["json"], _json_of(said))
    if "holds" in judge:
        low = said.casefold()
        wanted: Sequence[str] = judge["holds"]
        return all(any(one in low for one in part.casefold().split("|")) for part in wanted)
    return await _holds(judge["examples"], text)


def _bare(text: str, case: bool) -> str:
    blocks = fenced_blocks(text)
    text = " ".join((blocks[0].code if blocks else text).split()).strip(" \"'`*“”.!:;")
    return text if case else text.casefold()


def _is_number(wanted: str, said: str) -> bool:
    found = re.findall(NUMBER, said)
    return bool(found) and Decimal(wanted) in readings_of(found[-1])


def _json_of(text: str) -> Any:
    """The JSON in an answer; None where there is none in it."""
    try:
        return json.loads(bare_json(text))
    except (ValueError, RecursionError):
        return None


def _equal(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, Mapping):
        return (
            isinstance(found, Mapping)
            and wanted.keys() == found.keys()
            and all(_equal(wanted[key], found[key]) for key in wanted)
        )
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return False
    one, other = str(wanted).strip(), str(found).strip()
    if one.casefold() == other.casefold():
        return True
    return bool(re.fullmatch(r"\d+\.\d+", one)) and bool(readings_of(other) & {Decimal(one)})


async def _holds(examples: Sequence[str], text: str) -> bool:
    code, defined = solution(fenced_blocks(text) or fenced_blocks(f"```python\n{text}\n```"))
    if not defined:
        return False
    halves = [one.split(" == ") for one in examples]
    plain = [{"form": "value", "source": call, "expected": value} for call, value in halves]
    trial = await tried(code, plain, _LIMITS)
    return trial.problem is None and trial.stopped_by is None and trial.held == len(examples)


def _is_answer(expected: str, text: str) -> bool:
    """It is the same, has the same value as JSON, or, for an answer of one line, holds it."""
    expected, text = expected.strip(), text.strip()
    if text == expected:
        return True
    wanted = _json_of(expected)
    if isinstance(wanted, dict | list):
        return bool(_json_of(text) == wanted)
    if "\n" in expected:
        return " ".join(expected.split()) in " ".join(text.split())
    return Source.read(text).holds(expected)
