"""Secrets: keys in their providers' forms, private keys, and what is assigned to a password."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from router.privacy.detect.found import Found

_PROVIDERS = tuple(
    (hint, re.compile(rf"(?<![A-Za-z0-9]){hint}{rest}"))
    for hint, rest in (
        ("sk-", r"[A-Za-z0-9_-]{20,}"),  # OpenAI, Anthropic and those that imitate them
        ("AIza", r"[A-Za-z0-9_-]{35}"),
        ("ya29", r"\.[A-Za-z0-9_-]{20,}"),
        ("GOCSPX-", r"[A-Za-z0-9_-]{20,}"),
        ("AKIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("ASIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("gh", r"[pousr]_[A-Za-z0-9]{30,}"),
        ("github_pat_", r"[A-Za-z0-9_]{22,}"),
        ("glpat-", r"[A-Za-z0-9_.-]{20,}"),
        ("xox", r"[abeprs]-[A-Za-z0-9-]{10,}"),
        ("xapp-", r"[A-Za-z0-9-]{20,}"),
        ("sk_", r"(?:live|test)_[A-Za-z0-9]{16,}"),
        ("rk_", r"(?:live|test)_[A-Za-z0-9]{16,}"),
        ("whsec_", r"[A-Za-z0-9+/=]{20,}"),
        ("hf_", r"[A-Za-z0-9]{30,}"),
        ("npm_", r"[A-Za-z0-9]{36,}"),
        ("pypi-", r"[A-Za-z0-9_-]{50,}"),
        ("gsk_", r"[A-Za-z0-9]{40,}"),
        ("xai-", r"[A-Za-z0-9]{40,}"),
        ("dop_v1_", r"[a-f0-9]{64}"),
        ("SG", r"\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,64}"),
    )
)
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]{8,}+", re.ASCII)
_SLACK_HOOK = re.compile(r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/_-]{20,})")
_BEARER = re.compile(r"\bbearer\s{1,3}([A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE)
_BASIC = re.compile(
    r"\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?basic\s{1,3}([A-Za-z0-9+/=]{8,})", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"://[^\s:/@\"'<>]{0,100}:([^\s/\"'<>]{1,200})@")

_PASSWORD = (
    r"(?:password|passwd|passphrase|(?<![^\W_])(?:pwd|pass|senha|palavra[- ]passe|passcode))"
)
_TOKEN = (
    r"(?:api[_ -]?key|secret(?:[_ -]?access)?(?:[_ -]?key)?|(?<![^\W_])(?:\w{1,20}_)?token"
    r"|(?:access|private|account|auth|encryption|signing|shared)[_ -]?(?:key|token)"
    r"|chave (?:da |de )?api|chave secreta|credential)"
)
_ASSIGNED = re.compile(
    rf"(?:(?P<password>{_PASSWORD})|{_TOKEN})(?:[_-]?(?:value|hash|\d))?\\?[\"'`]?\]?\s{{0,4}}"
    r"(?P<sign>=>|:=|==?|:|(?<=\s)(?:is|é|eh)(?::|(?=\s)))\s{0,4}"
    r"(?:\\?\"(?P<double>[^\"\n]{4,}+)\"|'(?P<single>[^'\n]{4,}+)'|`(?P<tick>[^`\n]{4,}+)`"
    r"|[\"'`]?(?P<bare>[^\s\"'`,;<>(){}\[\]]{4,}+))",
    re.IGNORECASE,
)

_PLACEHOLDER = re.compile(
    r"x{4,}|X{4,}|\*{3,}|\.{3}|…|^[<\[{]|<[A-Za-z_ -]+>|\$\{|\{\{|^\$[A-Za-z(]|^%|_{4,}|#\{"
    r"|(?i:(?<![a-z])(?:your|insert|replace|seu|sua)[-_ ]|change_?-?me|placeholder|example|exemplo"
    r"|dummy|redacted|(?<![a-z])(?:fake|todo)(?![a-z])"
    r"|^(?:os|process|env|config|settings|self|this|vault)\.|^https?:"
    r"|^(?:0123456789|1234567890|abcdefgh|abcdef0123456789))"
)
_WORDS = """
password passwd pass pwd senha secret token string str text hidden required optional null none true
false undefined bearer basic access refresh username user value number integer object incorrect
correct wrong invalid expired missing strong weak bytes input type field label obrigatória
obrigatório inválida incorreta vazia forte fraca test
"""
_NO_VALUES = frozenset(_WORDS.split())

_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(
    r"(?:(?:\s|\\[nr])*+(?:[A-Z][A-Za-z-]{2,20}: [^\n\\]{1,100}|[A-Za-z0-9+/=]{16,}+))*+"
    r"(?:(?:\s|\\[nr])++[A-Za-z0-9+/=]{1,15}(?=\s*+\Z|\n))?"
)


def find_secrets(text: str) -> Iterator[Found]:
    """The secrets of a text, without the words around them; they may overlap."""
    for hint, pattern in _PROVIDERS:
        if hint in text:
            for match in pattern.finditer(text):
                if looks_random(match[0][len(hint) :], digits=hint not in ("AKIA", "ASIA")):
                    yield Found("secret", match.start(), match.end())
    for pattern in (_JWT, _SLACK_HOOK, _BEARER, _BASIC):
        for match in pattern.finditer(text):
            group = pattern.groups
            if looks_random(match[group], digits=pattern is not _BASIC):
                yield Found("secret", match.start(group), match.end(group))
    for match in _URL_PASSWORD.finditer(text):
        if not is_placeholder(match[1]) and match[1].lower() not in _NO_VALUES:
            yield Found("secret", match.start(1), match.end(1))
    yield from _assigned(text)
    yield from _private_keys(text)


def is_placeholder(value: str) -> bool:
    """Whether a value only shows where a secret goes: `<YOUR_KEY>`, `sk-xxxx`, `${TOKEN}`."""
    return _PLACEHOLDER.search(value) is not None


def looks_random(value: str, *, digits: bool = True) -> bool:
    """Whether a value has the disorder of a key. digits: it must hold one."""
    if is_placeholder(value) or (digits and not any(mark.isdigit() for mark in value)):
        return False
    counts = Counter(value[:256])
    chars = sum(counts.values())
    bits = -sum(n / chars * math.log2(n / chars) for n in counts.values())
    return any(mark.isalpha() for mark in value) and bits >= min(3.0, math.log2(chars) - 0.8)


def _assigned(text: str) -> Iterator[Found]:
    for match in _ASSIGNED.finditer(text):
        quote = next((name for name in ("double", "single", "tick") if match[name]), None)
        name = quote or "bare"
        start, end = match.span(name)
        value = text[start:end].rstrip("\\" if quote else ".")
        if name == "bare" and text[end : end + 1] in ("(", "["):
            continue
        if _is_secret(value, password=match["password"] is not None, quoted=quote is not None):
            yield Found("secret", start, start + len(value))


def _is_secret(value: str, *, password: bool, quoted: bool) -> bool:
    """Whether a value assigned to a name such as `password` or `token` is one.

    A password may be a word when it is quoted, and mere digits; whatever else is called a token or
    a key must look like one. A value with spaces is a sentence about passwords.
    """
    if is_placeholder(value) or value.lower() in _NO_VALUES or re.search(r"\s", value):
        return False
    if not password:
        return len(value) >= 8 and looks_random(value)
    if value.isdigit():
        return len(value) >= 4
    letters, other = (any(map(test, value)) for test in (str.isalpha, _neither_word_nor_path))
    digit = any(map(str.isdigit, value))
    return len(value) >= 4 if quoted else len(value) >= 6 and letters and (digit or other)


def _neither_word_nor_path(mark: str) -> bool:
    return not mark.isalnum() and mark not in "._-/:"


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
