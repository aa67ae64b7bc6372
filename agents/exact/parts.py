"""The ways in which a request may fall into its wording and the text that it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from agents.exact.answer import Exact
from agents.exact.ask import FORM, LONGEST_WORDING, VALUE, Ask
from agents.exact.flat import flat

_FENCE = re.compile(r"```[^\n`]*\n(.*?)\n?```", re.DOTALL)
QUOTED = re.compile(
    r"\"([^\"]+)\"|“([^”]+)”|«([^»]+)»|(?<![^\s(:,])'([^'\n]+)'(?![^\s),.:;?!])|`([^`\n]+)`"
)
_SIGN = re.compile(r":(?=\s|$)|\s(?:->|=>|→|➜|>>)\s|\s[-–—]\s|\n")
_RUN = re.compile(
    r"(?<![^\s(])[^\s,;:.!?()]+(?:, ?[^\s,;:.!?()]+)+(?:,? (?:and|e) [^\s,;:.!?()]+)?(?=[\s.?!:]|$)"
)
_NUMBERS = re.compile(r"(?<![^\s])-?\d+(?:\.\d+)*(?: +-?\d+(?:\.\d+)*)+(?=\s*$|\s)")
_TAIL = re.compile(r"(?<=[.!?;\n])\s*(?=[^\s.!?;])")
_POLITE = re.compile(
    r"\W*(?:(?:please|pls|plz|thanks|thank you|thx|ty|cheers|many thanks|thanks a lot|por favor|pf"
    r"|obrigad[oa]|obg|valeu|vlw|grat[oa])\W*)+"
)
_ORDERS = (
    r"then|also|next|finally|after that|afterwards|depois|tambem|em seguida|por fim"
    r"|translate"
    r"|explain|describe|summari[sz]e|rewrite|reply|respond|answer|return|convert|sort|count|replace"
    r"|remove|format|list|tell|show"
    r"|(?:give|make|put|write|add|use|keep|do|don't|send|turn) (?:me|it|them|this"
    r"|these|the|all|each"
    r"|every|a|an|not)|use (?:french|german|spanish|english|portuguese)|ignore|finish|end with"
    r"|start with|what is|traduz\w*|explic\w*|descrev\w*|resum\w*|reescrev\w*|respond\w*|devolv\w*"
    r"|convert\w*|orden\w*|cont[ae]|troc\w*|troqu\w*|substitu\w*|remov\w*|tir[ae]"
    r"|format\w*|list[ae]"
    r"|diz|diga|mostr\w*|escrev\w*|acrescent\w*|adicion\w*|us[ae]|nao|ignor[ae]"
    r"|termin[ae]|comec[ae]"
)
GOES_ON = re.compile(rf"(?:and|e|{_ORDERS})\b")
_AFTER_COMMA = re.compile(rf"(?:(?:and|e) )?(?:{_ORDERS})\b")
"""How a further order begins, which may have been taken for an end of the data."""
_ASIDE = re.compile(r"\s[-–—]\s|\)\W*$|[\s,](?:please|pls|plz|thanks|por favor|pf|obrigad[oa])\W*$")
"""What stands at the end of a line of data, and is perhaps none."""
_FORM_TAIL = re.compile(
    r"(?:^|[\s,(])(?:(?:but|except|mas|exceto|menos)\b[^\n]*|(?:in|into|as|with|em"
    r"|como|com|para|without|sem)"
    r" (?:a |an |the |um |uma |o )?(?:bold|italics?|emojis?|roman|reverse|english|french|spanish"
    r"|portuguese|german|italian|dutch|ingles|frances|espanhol|portugues|alemao"
    r"|italiano|json|csv|xml"
    r"|yaml|html|markdown|uppercase|lowercase|caps|maiusculas|minusculas|words"
    r"|bullets?|quotes|table"
    r"|list|lista|tabela|aspas|negrito)"
    r"(?: [a-z]+)?)\W*$"
)
_QUESTION = re.compile(
    r"\W*(?:is|are|was|were|does|isn't|aren't|sera que|esta|estao) (?:this|these|it"
    r"|that|the|my|isto|isso|este|esta|"
    r"esse|essa|o|a|os|as)\b"
)
"""What is to be answered with yes or no."""
_ENDS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """wording: what is asked, with VALUE where the data stood. data: as it is written. marked:
    quotes or a fence say where it begins and ends. same_line: it begins or ends on the line of what
    is asked."""

    wording: str
    data: str
    marked: bool = False
    same_line: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether a further order may have been taken for data."""
        if self.marked:
            return False
        data = flat(self.data.strip())
        if self.same_line and ("\n" in data or _ASIDE.search(data)):
            return True
        last = data.rpartition(",")[2].lstrip()
        if _FORM_TAIL.search(data) or (self.same_line and "," in data and _AFTER_COMMA.match(last)):
            return True
        found = _TAIL.split(self.data.strip())
        return len(found) > 1 and any(GOES_ON.match(flat(found[end])) for end in (0, -1))


def computed(prompt: str, compute: Callable[[Ask, Part], Exact | None]) -> Exact | None:
    """The answer on which every way of dividing the request agrees that gives one."""
    answer: Exact | None = None
    for part in parts(prompt):
        ask = Ask(part.wording, prompt)
        if part.goes_on or _QUESTION.match(ask.text):
            continue
        found = compute(ask, part)
        if found is not None and answer is not None and found.text != answer.text:
            return None
        answer = found or answer
    return answer


@lru_cache(maxsize=4)
def parts(prompt: str) -> tuple[Part, ...]:
    """Every division worth trying, each once; the data is never empty."""
    return tuple(_worth_trying(prompt))


def _worth_trying(prompt: str) -> Iterator[Part]:
    seen: set[tuple[str, str]] = set()
    for part in _divided(prompt):
        if not part.data.strip() or len(part.wording) > LONGEST_WORDING:
            continue
        part = _without_tail(part)
        key = (part.wording, part.data)
        if key not in seen:
            seen.add(key)
            yield part


def _divided(prompt: str) -> Iterator[Part]:
    if "```" in prompt:
        found = _FENCE.search(prompt)
        if found and prompt.count("```") == 2:
            yield Part(_around(prompt, found.start(), found.end()), found[1], marked=True)
        return
    quoted = list(QUOTED.finditer(prompt))
    if len(quoted) == 1:
        found = quoted[0]
        yield Part(_around(prompt, found.start(), found.end()), inside(found), marked=True)
    elif len(quoted) > 1:
        # What to look for or to put is short, and the text is long.
        *_, second, found = sorted(quoted, key=lambda one: len(one[0]))
        if len(found[0]) >= 2 * len(second[0]):
            yield Part(_around(prompt, found.start(), found.end()), inside(found), marked=True)
    for sign in list(_SIGN.finditer(prompt, 0, LONGEST_WORDING))[:4]:
        after = prompt[sign.end() :]
        same = sign[0] != "\n" and bool(after.partition("\n")[0].strip())
        wording = f"{prompt[: sign.start()]}: {VALUE}"
        yield Part(wording, after.strip("\n "), same_line=same)
    for sign in list(_SIGN.finditer(prompt, max(0, len(prompt) - LONGEST_WORDING)))[-3:]:
        if sign[0].strip() != ":":
            wording = f"{VALUE} : {prompt[sign.end() :].lstrip('^ ')}"
            before = prompt[: sign.start()].strip("\n ")
            yield Part(wording, before, same_line=sign[0] != "\n")
    yield from _between(prompt)
    if len(prompt) <= LONGEST_WORDING:
        for run in (*_RUN.finditer(prompt), *_NUMBERS.finditer(prompt)):
            yield Part(_around(prompt, run.start(), run.end()), run[0])


def _between(prompt: str) -> Iterator[Part]:
    """Lines at both ends that ask, and the data between them."""
    lines = prompt.split("\n")
    for front in range(_ENDS):
        for end in range(_ENDS):
            body = lines[front : len(lines) - end]
            if front + end < 2 or not body or not any(line.strip() for line in body):
                continue
            wording = "\n".join((*lines[:front], VALUE, *lines[len(lines) - end :]))
            yield Part(wording, "\n".join(body).strip("\n"))


def _around(prompt: str, start: int, end: int) -> str:
    return f"{prompt[:start]} {VALUE} {prompt[end:]}"


def inside(found: re.Match[str]) -> str:
    """What stands between the quotes."""
    return next(group for group in found.groups() if group is not None)


def _without_tail(part: Part) -> Part:
    """The form of the answer, where it is said after the data, belongs to the wording."""
    for _ in range(2):
        if part.marked:
            break
        ends = [found.start() for found in _TAIL.finditer(part.data)]
        if not ends:
            break
        body, tail = part.data[: ends[-1]].rstrip(), part.data[ends[-1] :].strip()
        own_line = body != part.data[: ends[-1]] or part.data[ends[-1] - 1] == "\n"
        if not (_is_form(tail) or (own_line and "\n\n" in part.data and _POLITE.fullmatch(tail))):
            break
        body = re.sub(r"(?<=[^.])\.$", "", body) if "\n" not in body else body
        part = replace(part, wording=f"{part.wording}\n{tail}", data=body)
    return part


def _is_form(tail: str) -> bool:
    if len(tail) > 80 or _POLITE.fullmatch(tail):
        return False
    ask = Ask(tail, tail)
    return FORM in ask.text and ask.nothing_left(remarks=False)
