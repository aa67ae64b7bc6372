"""Secrets: keys in their providers' forms, private keys, and what words or a URL give away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.privacy.detect.announced import find_announced
from router.privacy.detect.found import Found
from router.privacy.detect.providers import find_provider_keys
from router.privacy.detect.secret_words import NO_VALUES, is_placeholder

_URL_PASSWORD = re.compile(r"://[^\s:/@\"'<>]{0,100}:([^\s/\"'<>]{1,200})@")

_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(
    r"(?:(?:\s|\\[nr])*+(?:[A-Z][A-Za-z-]{2,20}: [^\n\\]{1,100}|[A-Za-z0-9+/=]{16,}+))*+"
    r"(?:(?:\s|\\[nr])++[A-Za-z0-9+/=]{1,15}(?=\s*+\Z|\n))?"
)


def find_secrets(text: str) -> Iterator[Found]:
    """The secrets of a text, without the words around them; they may overlap."""
    yield from find_provider_keys(text)
    for match in _URL_PASSWORD.finditer(text):
        if not is_placeholder(match[1]) and match[1].lower() not in NO_VALUES:
            yield Found("secret", match.start(1), match.end(1))
    yield from find_announced(text)
    yield from _private_keys(text)


def _private_keys(text: str) -> Iterator[Found]:
    """Whole blocks; one that is cut off reaches as far as what can be the key."""
    ends = [match.end() for match in _PEM_END.finditer(text)]
    begins = list(_PEM_BEGIN.finditer(text))
    place = 0
    for number, begin in enumerate(begins):
        following = begins[number + 1].start() if number + 1 < len(begins) else len(text)
        while place < len(ends) and ends[place] < begin.end():
            place += 1
        if place < len(ends) and ends[place] <= following:
            yield Found("secret", begin.start(), ends[place])
        elif body := _PEM_BODY.match(text, begin.end(), following):
            yield Found("secret", begin.start(), body.end())
