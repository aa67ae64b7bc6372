"""E-mail addresses, also where the signs are spelled out to hide them from machines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.privacy.detect.found import Found

_BEGINS = r"(?<![\w%~])(?<!\w[.+-])"
"""A hyphen, a dot or a plus before an address is a list's or a difference's, unless a word leads to
it."""

_LOCAL = rf"{_BEGINS}(?P<local>[\w%~][\w.+%'~-]{{0,63}}+)"
_NO_DOMAIN = r"(?:png|jpe?g|gif|webp|svg|bmp|ico|pdf|js|css|json|html?|txt|yaml|yml|md5|lock)"
_ADDRESS = re.compile(
    rf"{_LOCAL}@(?:[^\W_](?:[\w-]{{0,62}})\.)+(?!{_NO_DOMAIN}\b)(?:xn--[a-z\d-]{{2,40}}|[^\W\d_]{{2,24}})"
    r"(?![^\W_])",
    re.IGNORECASE,
)
_OPEN, _CLOSE = r" ?[\[({<] ?", r" ?[\])}>] ?"
_DOT_WORD = rf"(?:{_OPEN}(?:dot|ponto|punto|point|d[o0]t|\.){_CLOSE}| (?:dot|ponto|punto) )"
_NAME = r"[\w%~][\w.+%'~-]{0,63}+"
_DOMAIN = r"[^\W_][\w-]{0,62}"
_SPELLED = re.compile(
    rf"{_BEGINS}(?P<local>{_NAME}(?:{_DOT_WORD}{_NAME}){{0,3}})"
    rf"(?:(?:{_OPEN}(?:at|arroba|@|a){_CLOSE}| arroba )(?P<domain>{_DOMAIN})"
    rf"(?:(?:{_DOT_WORD}|\.)[^\W\d_][\w-]{{1,24}}){{1,3}}"
    rf"|(?: (?:at|@) |@)(?P<bare>{_DOMAIN})(?:\.[\w-]{{1,40}}){{0,2}}"
    rf"(?:{_DOT_WORD}[^\W\d_][\w-]{{1,24}}){{1,3}}"
    rf"| @ {_DOMAIN}(?: \. [^\W\d_]{{2,24}}){{0,2}} \. (?:com|org|net|edu|gov|io|pt|br|es|fr)\b"
    rf"|(?-i: AT )(?P<shouted>{_DOMAIN})(?:\.[\w-]{{1,40}}){{0,2}}"
    rf"\.(?!{_NO_DOMAIN}\b)[^\W\d_]{{2,24}})"
    r"(?![^\W_])",
    re.IGNORECASE,
)
# With room around the sign, or a line's end; quoted, or at the address of a machine; with the
# sign's name, where a word says what it is.
_TOP = (
    r"(?:com|org|net|edu|gov|info|dev|app|io|ai|co|me|eu|pt|br|es|fr|uk|us|de|it|nl|be|ch|ie|pl|se|ao"
    r"|mz|cv)\b(?![\w(]|\.\w)"
)
_ROOMY = re.compile(
    rf"{_BEGINS}(?P<local>{_NAME})(?: {{1,2}}@ {{0,2}}|@ {{1,2}}|@ {{0,2}}\n[ \t]{{0,8}}"
    rf"|(?P<broken> ?\n[ \t]{{0,8}}@))(?:{_DOMAIN} ?\. ?){{1,4}}{_TOP}"
    rf"|{_BEGINS}{_NAME}@(?:{_DOMAIN} \. ){{1,3}}{_TOP}"
    rf"|\"[^\"\n@]{{1,64}}\"@(?:{_DOMAIN}\.)+[^\W\d_]{{2,24}}(?!\w)"
    rf"|{_BEGINS}{_NAME}@\[[\da-f.:]{{7,45}}\]"
    rf"|(?P<part>(?<![^\W_])[^\W_]{{2,30}}(?:\.[^\W_]{{1,30}}){{0,3}})(?P<glue>[_-])(?:at|arroba)(?P=glue)"
    rf"[^\W_]{{2,40}}(?:(?P=glue)(?:dot|ponto)(?P=glue)[^\W_]{{2,24}}){{1,3}}(?![^\W_])",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    rf"(?<![^\W_])(?:e-?mail|mail|correio|correo|courriel|endereço eletr[oó]nico)"
    rf"(?:\s(?:me|us|is|é|es|to|address|dele|dela|her|him|them|para|do|da|at)){{0,2}}[\s:=]{{1,3}}"
    rf"(?P<address>(?P<named>{_NAME}) (?:at|arroba) "
    rf"(?:{_DOMAIN}(?:\.| dot | ponto )){{1,3}}{_TOP})",
    re.IGNORECASE,
)
_BEFORE_HANDLES = (
    "us me you him them we contact look meet here see live now tickets thanks thank follow via by"
    " from and or more questions team nos sigam siga veja obrigado obrigada em com por"
)
_NO_NAMES = frozenset(_BEFORE_HANDLES.split())
_SPELLED_SIGN = re.compile(
    r"\b(?:at|arroba)\b|[\[({] ?[@a] ?[\])}]|[\[(]\.[\])]| @ |\b(?:dot|ponto|punto)\b",
    re.IGNORECASE,
)
_ROOMY_SIGN = re.compile(r"@(?:(?= |\[|\n|[\w-]{1,63} \.)|(?<=[ \n\"]@))")
_GLUED_SIGN = re.compile(r"[_-](?:at|arroba)(?=[_-])", re.IGNORECASE)
_AROUND_CHARS = 100
_NO_HOST = frozenset(
    [
        "the",
        "a",
        "an",
        "this",
        "that",
        "these",
        "those",
        "my",
        "your",
        "our",
        "their",
        "his",
        "her",
        "its",
        "each",
        "every",
        "any",
        "one",
        "some",
        "o",
        "um",
        "uma",
        "as",
        "os",
        "el",
        "la",
        "les",
        "le",
        "un",
        "une",
    ]
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
    for start, end in _around_signs(text):
        for match in _ROOMY.finditer(text, start, end):
            if _is_roomy(match):
                yield Found("email", match.start(), match.end())
    if _SPELLED_SIGN.search(text):
        for match in _SPELLED.finditer(text):
            host = match["bare"] or match["shouted"] or ""
            if host.lower() not in _NO_HOST and not (match["shouted"] and match["local"].isupper()):
                yield Found("email", match.start(), match.end())
        for match in _ANNOUNCED.finditer(text):
            if match["named"].lower() not in _NO_NAMES:
                yield Found("email", *match.span("address"))


def _around_signs(text: str) -> Iterator[tuple[int, int]]:
    """Where a sign has room around it, or is glued in as a word; in order and apart."""
    begun = last = -1
    for at in sorted(
        sign.start() for one in (_ROOMY_SIGN, _GLUED_SIGN) for sign in one.finditer(text)
    ):
        if begun >= 0 and at - _AROUND_CHARS > last:
            yield begun, last
            begun = -1
        begun = max(0, at - _AROUND_CHARS) if begun < 0 else begun
        last = min(len(text), at + _AROUND_CHARS)
    if begun >= 0:
        yield begun, last


def _is_roomy(match: re.Match[str]) -> bool:
    """Whether what stands before a sign with room around it is a name, not "follow us @acme.io"."""
    local = match["local"]
    if local is None:
        return True
    # A line that begins with the sign: also a decorator does.
    named = re.search(r"[.\d_+-]", local) is not None
    return local.lower() not in _NO_NAMES and (match["broken"] is None or named)
