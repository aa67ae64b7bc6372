"""Cheap facts about a prompt: size, language, which part is the instruction, how hard it is.

Only the instruction decides. A prompt is often one sentence and ten pages of somebody's document:
the sentence is looked for at the two ends, and the document has no say in language or complexity.
All functions are pure, and look at no more than the two windows at the ends of a prompt.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from router.classify import frame, lexicon
from router.classify.complexity import complexity_of
from router.classify.language import Language, language_of

CHARS_PER_TOKEN = 4
_HEAD_CHARS = 600
_TAIL_CHARS = 350
_CHOICES_CHARS = 2400
_STEM_CHARS = 240
_LIST_CHARS = 120
_SHORT_CHARS = 300
_ASK_CHARS = 400
_INSTRUCTION_CHARS = 450
_ENDS = 4

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_QUOTED = re.compile(r"\"[^\"\n]{2,}\"|“[^”\n]{2,}”|«[^»\n]{2,}»|(?<!\w)'[^'\n]{2,}'(?!\w)")
_QUOTE = re.compile("[\"“«']")
_SEGMENT = re.compile(r"(?:[^\n.!?;:>]+|[.!?;:>](?!\s))+[.!?;:>]?|[.!?;:>]")
"""A sentence: up to a line break, or to a mark that white space follows."""
_CODE: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (hints, re.compile(pattern, re.MULTILINE))
    for hints, pattern in (
        (("```",), "```"),
        (("def ", "class ", "import ", "#include", "public ", "function", "const ", "let ", "var ",
          "fn ", "package ", "<?php", "#!/"),
            r"^[ \t]*(?:def |class \w+[(:]|import \w+|from [\w.]+ import |#include|public (?:static"
            r"|class)|function\s*\w*\(|const \w+ =|let \w+ =|var \w+ =|fn \w+\(|package \w+;"
            r"|<\?php|#!/)"),
        (("){", ") {", ");", ") ;", ")\n{"), r"\w\([^)\n]*\)\s*[{;]"),
        (("=>",), r"=>\s*[{(]"),
        (("Traceback (most recent",), r"\bTraceback \(most recent"),
        (("SELECT", "CREATE TABLE", "INSERT INTO"),
            r"^[ \t]*(?:SELECT\s.+\sFROM|CREATE TABLE|INSERT INTO)\b"),
        (("return ",), r"\breturn \w+;"),
        (("<div", "<html", "<span", "<p", "<a", "<script", "</"),
            r"</?(?:div|html|span|p|a|script)\b"),
    )
)  # fmt: skip
"""What code looks like, each with the strings of which it has one: looking for those is cheap."""
_TABLE = re.compile(
    r"^[^|\n]*\|[^|\n]*\|.*$|^(?:[^,\n]{1,40},){2,}[^,\n]*\n(?:[^,\n]{0,40},){2,}", re.M
)
_JSON = re.compile(r"[{\[]\s*\"[^\"\n]+\"\s*[:,\]]|\[\s*\{")
_FUNCTION = re.compile(r"\"name\"\s*:\s*\"[\w.\-]+\"")
_ARGUMENTS = re.compile(r"\"(?:params|parameters|arguments|args|input_?schema)\"\s*:", re.I)
_CHOICE = re.compile(r"^[ \t]*\(?[A-Ea-e][).:]\s", re.MULTILINE)
_CHOICE_MARKS = frozenset(").:")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Signals:
    """What can be told of a prompt without a model.

    tokens: an estimate, characters over four. questions, instructions: sentences at the two ends
    of the prompt that ask, by a question mark or by an imperative. instruction: those sentences,
    or both ends of the prompt where none is recognised (`asked` is then False). has_choices: a
    list A), B), C). core: the prompt without greetings, labels and an empty "Answer:" around it; of
    it is all that is said here but chars, lines and tokens. numbers: figures in the windows.
    complexity: 0..1, by markers such as "prove" or "trade-offs" alone; `Guess.complexity` is judged
    from it and from what is asked. has_tools: descriptions of functions to call.
    """

    chars: int
    lines: int
    tokens: int
    language: Language
    has_code: bool
    has_table: bool
    has_json: bool
    has_choices: bool
    numbers: int
    questions: int
    instructions: int
    asked: bool
    instruction: str
    complexity: float
    core: str
    plain: str
    beginnings: frozenset[str]
    has_tools: bool = False


def read(prompt: str) -> Signals:
    """Every signal of `prompt`; well under a millisecond, whatever its length."""
    core = frame.core(prompt)
    seen = _windows(core)
    prose = _FENCE.sub("\n", seen) if "```" in seen else seen
    orders, questions = _asks(prose)
    asked = bool(orders or questions)
    instruction = _capped(_span(prose, orders, questions))
    plain = lexicon.folded(instruction)
    beginnings = lexicon.beginnings(plain)
    numbers = len(_NUMBER.findall(seen))
    return Signals(
        chars=len(prompt),
        lines=prompt.count("\n") + 1,
        tokens=math.ceil(len(prompt) / CHARS_PER_TOKEN),
        language=language_of(_unquoted(instruction) if asked else prose),
        has_code=_has_code(seen),
        has_table=("|" in seen or "," in seen) and _TABLE.search(seen) is not None,
        has_json=("{" in seen or "[" in seen) and _JSON.search(seen) is not None,
        has_choices=_has_choices(core[-_CHOICES_CHARS:]),
        numbers=numbers,
        questions=len(questions),
        instructions=len(orders),
        asked=asked,
        instruction=instruction,
        complexity=complexity_of(plain, beginnings, prose, len(orders), numbers),
        core=core,
        plain=plain,
        beginnings=beginnings,
        has_tools='"name"' in seen
        and None not in (_FUNCTION.search(seen), _ARGUMENTS.search(seen)),
    )


def _has_choices(text: str) -> bool:
    # Line by line, three times as fast as one search through all of them.
    lines = text.split("\n")
    return len(lines) > 2 and sum(_is_choice(line) for line in lines) > 2


def _is_choice(line: str) -> bool:
    return line.lstrip(" \t(")[1:2] in _CHOICE_MARKS and _CHOICE.match(line + "\n") is not None


def question_with_choices(prompt: str) -> str:
    """The end of the text above a list of choices, and the beginning of the list."""
    seen = prompt[-_CHOICES_CHARS:]
    first = _CHOICE.search(seen)
    at = first.start() if first else len(seen)
    return seen[max(0, at - _STEM_CHARS) : at + _LIST_CHARS]


def _windows(prompt: str) -> str:
    if len(prompt) <= _HEAD_CHARS + _TAIL_CHARS:
        return prompt
    return f"{prompt[:_HEAD_CHARS]}\n{prompt[-_TAIL_CHARS:]}"


def _asks(prose: str) -> tuple[list[str], list[str]]:
    """Imperatives and questions among the first and the last few sentences, in order."""
    segments = [part.strip() for part in _SEGMENT.findall(prose)]
    segments = [part for part in segments if part]
    if len(segments) > 2 * _ENDS:
        segments = segments[:_ENDS] + segments[-_ENDS:]
    orders: list[str] = []
    questions: list[str] = []
    for segment in segments:
        if len(segment) > _ASK_CHARS:
            continue
        plain = lexicon.folded(segment)
        if lexicon.ORDER.match(plain):
            orders.append(segment)
        elif segment.endswith("?") or lexicon.QUESTION.match(plain):
            questions.append(segment)
        elif len(segments) > 1 and lexicon.is_cue(plain):
            orders.append(segment)
    return orders, questions


def _unquoted(text: str) -> str:
    return _QUOTED.sub(" ", text) if _QUOTE.search(text) else text


def _has_code(text: str) -> bool:
    for hints, pattern in _CODE:
        for hint in hints:
            if hint in text:
                if pattern.search(text):
                    return True
                break
    return False


def _capped(instruction: str) -> str:
    if len(instruction) <= _INSTRUCTION_CHARS:
        return instruction
    return (
        f"{instruction[: 2 * _INSTRUCTION_CHARS // 3]}\n{instruction[-_INSTRUCTION_CHARS // 3 :]}"
    )


def _span(prose: str, orders: list[str], questions: list[str]) -> str:
    if orders:
        # A document may end in a question of its own: beside an order only a last question counts.
        last = [q for q in questions[-1:] if prose.rstrip().endswith(q)]
        return "\n".join(orders + last)
    if questions:
        return "\n".join(questions)
    text = prose.strip()
    if len(text) <= _SHORT_CHARS:
        return text
    return f"{text[: _SHORT_CHARS // 2]}\n{text[-_SHORT_CHARS // 2 :]}"
