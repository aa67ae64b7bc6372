"""E-mail addresses, also where the sign is spelled out to hide them from machines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.privacy.detect.found import Found

_LOCAL = r"(?<![\w.+%~-])(?P<local>[\w+%~][\w.+%'~-]{0,63}+)"
_NO_DOMAIN = r"(?:png|jpe?g|gif|webp|svg|bmp|ico|pdf|js|css|json|html?|txt|yaml|yml|md5|lock)"
_ADDRESS = re.compile(
    rf"{_LOCAL}@(?:[^\W_](?:[\w-]{{0,62}})\.)+(?!{_NO_DOMAIN}\b)(?:xn--[a-z\d-]{{2,40}}|[^\W\d_]{{2,24}})"
    r"(?![^\W_])",
    re.IGNORECASE,
)
_AT = r"(?: ?[\[({] ?(?:at|arroba) ?[\])}] ?| arroba )"
_DOT = r"(?: ?[\[({] ?(?:dot|ponto) ?[\])}] ?| (?:dot|ponto) |\.)"
_SPELLED = re.compile(
    rf"{_LOCAL}{_AT}[^\W_][\w-]{{0,62}}(?:{_DOT}[^\W\d_][\w-]{{1,24}}){{1,3}}", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"://[^\s/@]{0,100}:$")


def find_mail(text: str) -> Iterator[Found]:
    """The addresses of a plain text; not `git@host:repository`, not the password of a URL."""
    if "@" in text:
        for match in _ADDRESS.finditer(text):
            if match["local"] == "git" and text[match.end() : match.end() + 1] in (":", "/"):
                continue
            start = match.start()
            if not _URL_PASSWORD.search(text, max(0, start - 110), start):
                yield Found("email", start, match.end())
    if re.search(r"\b(?:at|arroba)\b", text, re.IGNORECASE):
        for match in _SPELLED.finditer(text):
            yield Found("email", match.start(), match.end())
