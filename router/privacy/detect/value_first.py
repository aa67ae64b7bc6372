"""Finds secrets that stand before the word that says what they are: "X is the password"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.privacy.detect.found import Found
from router.privacy.detect.secret_words import PASSWORD, TOKEN
from router.privacy.detect.values import is_bare_secret, is_secret

_LEAST_WORD_CHARS = 6
_FIRST = (
    r"(?:\"(?P<double>[^\"\s]{4,200})\"|'(?P<single>[^'\s]{4,200})'|`(?P<tick>[^`\s]{4,200})`"
    r"|“(?P<curly>[^”\s]{4,200})”|(?:\*\*|__)(?P<bold>[^\s*]{4,200})(?:\*\*|__)"
    r"|(?<![^\s\"'`(\[*:>,=])(?P<bare>[^\s\"'`,;<>(){}\[\]|]{6,200}+))"
)
_QUOTED = ("double", "single", "tick", "curly", "bold")
_ONE = rf"(?:(?P<password>{PASSWORD}|(?<![^\W_])(?:pin|pass|pw))|{TOKEN})(?![\w-])"
_PREPOSITIONS = (
    r"for|of|to|do|da|de|del|dos|das|para|pra|pour|on|at|in|no|na|that|which|you|he|she|we|they|now"
    r"|and|e|y|et|que|until|since|from|so|but|mas|pero|agora|here|aqui|yesterday|today|ontem|hoje"
    r"|if|se|when|quando|just|please|por favor|nova|novo|antiga|actual|atual|but|or|ou"
)
# What is more than the password itself, such as "password policy", goes on with another word.
_END = rf"(?=[\"'`*]{{0,2}}\s{{0,2}}(?:[.,;:!?)\]\"'\n\-]|\Z|(?:{_PREPOSITIONS})\b))"
_WHOSE = r"(?P<between>(?:[^\W\d_][\w'’\-]{0,14}[ \t]){0,4}?)"
_ARTICLES = (
    r"(?:(?:the|my|your|our|his|her|their|a|o|as|os|minha|meu|tua|teu|sua|seu|nossa|nova|new|old"
    r"|admin|root|wi-?fi|la|el|mi|tu|su|mon|le|both)[ \t]){0,3}"
)
_BEFORE = re.compile(
    rf"{_FIRST}(?:"
    rf"[ \t]{{1,2}}(?P<verb>is|was|are|were|(?:should|will|must) be|became|será|é|era|foi|eram"
    rf"|es|est|ist)"
    rf"(?:[ \t]now|[ \t]agora)?[ \t]{{1,2}}{_WHOSE}"
    rf"|(?:[ \t][^\W\d_][\w'’]{{0,11}}){{0,3}}?[ \t]{{1,2}}(?:as|como|comme|por)[ \t]{_ARTICLES}"
    rf"|[,;.]?[ \t]{{1,2}}(?:-[ \t])?(?:that['’]?s|that is|this is|which is|it['’]?s"
    rf"|é essa|essa é|esta é|que é)"
    rf"[ \t]{_ARTICLES}"
    rf"|[ \t]{{0,2}}\((?:[^\W\d_][\w'’\-]{{0,14}}[ \t]){{0,3}}(?P<aside>)"
    rf"|[ \t]{{1,2}}(?:<-+|<=|←)[ \t]{_ARTICLES}"
    rf"|[ \t]{{1,2}}[-,][ \t](?:the|my|our|your|minha|nossa|sua|a|mi|la)[ \t]{_ARTICLES}"
    rf"(?:[^\W\d_][\w'’\-]{{0,14}}[ \t])?)"
    rf"{_ONE}(?(aside)\)|{_END})",
    re.IGNORECASE,
)
_NOT_THE = re.compile(
    r"\b(?:an|um|uma|not|no|never|weak|strong|bad|good|better|poor|common|typical|valid|invalid|wrong"
    r"|incorrect|default|não|fraca|forte|boa|má|inválida|errada|sample|example|exemplo)\b",
    re.IGNORECASE,
)
_ENGLISH = frozenset({"is", "was", "are", "were", "should be", "will be", "must be", "became"})


def find_before_words(text: str) -> Iterator[Found]:
    """The values in a part of a text; they may overlap."""
    for match in _BEFORE.finditer(text):
        between = match["between"] or ""
        english = (match["verb"] or "").lower() in _ENGLISH
        if (english and between[:2].lower() == "a ") or _NOT_THE.search(between):
            continue
        quoted = next((name for name in _QUOTED if match[name]), None)
        start, end = match.span(quoted or "bare")
        if _is_one(text[start:end], password=match["password"] is not None, quoted=bool(quoted)):
            yield Found("secret", start, end)


def _is_one(value: str, *, password: bool, quoted: bool) -> bool:
    if not (quoted and password):
        return is_bare_secret(value, password=password)
    return len(value) >= _LEAST_WORD_CHARS and is_secret(value, password=True, quoted=True)
