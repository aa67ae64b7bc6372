"""What a request asks, word by word: whatever no family accounts for leaves something over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from agents.exact.flat import flat
from agents.exact.forms import BARE, FORMS, KEEP
from agents.exact.spelling import spelled
from agents.exact.words import (
    FILLERS,
    NEEDS,
    POLITE,
    PURPOSE,
    PURPOSE_FIRST,
    REMARK,
    TURNS,
    language_of,
)
from router.classify import language

ORDER, FORM = "\x01", "\x02"
"""What stands in place of words that were understood: as an order, or as the form of the answer."""

VALUE = "\ue000"
"""What stands in place of the text or the value that is worked on."""

LONGEST_WORDING = 350
"""Characters; who asks for one thing at greater length asks for more than that."""

_CLAUSE = re.compile(
    r" (?:and|e|but|mas) (?=i've |i'm |o meu |a minha |(?:i |we |eu )?(?:need|want"
    r"|preciso|quero|queria|have|got|tenho)\b)"
    r"|[.!?;:,()\[\]\n|]+|(?:^|\s)[-*>]+(?=\s|$)|->|=>|→|➜|…"
)
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_REST = re.compile(
    r"[^\W_\ue000-\ue0ff]+(?:'[^\W_]+)*|[^\w\s\x01\x02\ue000-\ue0ff\"'`.,;:!?()\[\]|*>→➜…^-]|_"
)
_WANTING = re.compile(f"{VALUE}\\W*(?:needs?|wants?|has|have|is|are)\\b")
"""A statement about the text, which asks something else of it."""
_LAUGH = re.compile(r"\b(?:k{2,}|(?:rs){2,}|(?:ha){2,}h?|lol|lmao)\b")
_SHORT = re.compile(r"\bp/(?= ?[a-z])")
_ONLY = re.compile(
    r"(?<=[\x01\x02]) (?:only|alone|so|apenas|somente)\b|\b(?:only|so|apenas|somente) (?=\x01)"
)
_MARKS = re.compile("[\x01\x02\ue000-\ue0ff]")
_LONGEST_REMARK = 25


class Ask:
    """The wording of one request, of which the understood parts are taken out one by one.

    text: flat; what was taken stands as ORDER or FORM, as long as it was. bare: only the number is
    wanted, without its unit. language: `en` or `pt`, by the wording.
    """

    def __init__(self, wording: str, prompt: str) -> None:
        self.text, language, self.bare = _begun(wording)
        self.language = language or _guessed(prompt)

    def take(self, pattern: re.Pattern[str], mark: str = ORDER) -> bool:
        """Whether the pattern occurs; all its occurrences count as understood."""
        self.text, times = pattern.subn(lambda found: mark * len(found[0]), self.text)
        return times > 0

    def taken(self, pattern: re.Pattern[str], mark: str = ORDER) -> list[re.Match[str]]:
        """The occurrences of the pattern, which count as understood."""
        found = list(pattern.finditer(self.text))
        if found:
            self.take(pattern, mark)
        return found

    def one(self, pattern: re.Pattern[str], mark: str = ORDER) -> re.Match[str] | None:
        """The only occurrence of the pattern; None, and nothing taken, for none or several."""
        found = list(pattern.finditer(self.text))
        if len(found) != 1:
            return None
        self.take(pattern, mark)
        return found[0]

    def nothing_left(
        self,
        nouns: frozenset[str] = frozenset(),
        *,
        remarks: bool = True,
        harmless: frozenset[str] = frozenset(),
    ) -> bool:
        """Whether every word is accounted for: taken, a filler, or of a remark.

        nouns: what the family's data is called. remarks: whether statements in other words may
        stand, where they ask for nothing. harmless: words that may stand in them here, although
        they can change what is asked elsewhere.
        """
        for line in self.text.split("\n"):
            words = _REST.findall(line)
            lone = len(words) == 1 and words[0] not in POLITE and words[0] not in nouns
            if lone and ORDER not in line and FORM not in line and "\n" in self.text:
                return False
        if _WANTING.search(self.text) or self._goes_on():
            return False
        for clause in self._clauses():
            orders = ORDER in clause
            found = NEEDS.match(clause)
            if found and not (TURNS - harmless) & set(found["who"].split()):
                clause = clause[found.end() - 1 :]
            clause = _ONLY.sub("", clause)
            for form in (PURPOSE, PURPOSE_FIRST):
                purpose = form.search(clause)
                if purpose and not (TURNS - harmless) & set(purpose["what"].split()):
                    clause = clause[: purpose.start()] + clause[purpose.end() :]
            unknown = [
                word for word in _REST.findall(clause) if word not in FILLERS and word not in nouns
            ]
            if not unknown:
                continue
            if orders or VALUE in clause or not remarks or not _is_remark(clause, harmless):
                return False
        return True

    def _goes_on(self) -> bool:
        """Whether a text that was not taken for the data stands where data stands."""
        return any(
            not _MARKS.search(piece) and bool(set(_REST.findall(piece)) - POLITE)
            for line in self.text.split("\n")
            for piece in line.split(":")[1:]
        )

    def _clauses(self) -> Iterator[str]:
        for clause in _CLAUSE.split(self.text):
            if clause.strip():
                yield clause


def _is_remark(clause: str, harmless: frozenset[str]) -> bool:
    """Whether it is a statement that asks for nothing."""
    found = REMARK.match(clause)
    words = [] if found is None else _REST.findall(clause[found.end() :])
    if found is None or len(words) > _LONGEST_REMARK:
        return False
    return all(
        word.isalpha() or re.fullmatch(r"[a-z]+'[a-z]{1,2}", word) for word in words
    ) and not ((TURNS - harmless) & set(words) or any(word.endswith("n't") for word in words))


@lru_cache(maxsize=64)
def _begun(wording: str) -> tuple[str, str, bool]:
    """The flat text without the form of the answer, the language, and whether it is a bare number.

    Every family begins so with the same few wordings of one request.
    """
    text = _LAUGH.sub("", spelled(_SHORT.sub("pra", flat(wording))))
    text = KEEP.sub(_form, text)
    text, bare = BARE.subn(_form, text)
    return FORMS.sub(_form, text), language_of(_WORD.findall(text)), bare > 0


def _form(found: re.Match[str]) -> str:
    return FORM * len(found[0])


@lru_cache(maxsize=64)
def _guessed(prompt: str) -> str:
    return "pt" if language.language_of(prompt) == "pt" else "en"
