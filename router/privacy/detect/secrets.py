"""Secrets: keys in their providers' forms, private keys, and what words or a URL give away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.privacy.detect.announced import find_in_prose
from router.privacy.detect.commands import find_in_commands
from router.privacy.detect.found import Found
from router.privacy.detect.markup import find_in_markup
from router.privacy.detect.positions import find_by_position
from router.privacy.detect.providers import find_provider_keys
from router.privacy.detect.secret_words import NO_VALUES, WORDS, is_placeholder
from router.privacy.detect.value_first import find_before_words
from router.privacy.detect.values import is_bare_secret, is_sign

_URL_PASSWORD = re.compile(r"://[^\s:/@\"'<>]{0,100}:([^\s/\"'<>]{1,200})@")

# `ana:VALUE@db.x.io`, without a scheme; not `mailto:ana@x.io`.
_USER_PASSWORD = re.compile(r"(?<![\w/.:])[\w.\-]{1,40}:(?P<bare>[^\s:/@\"'<>]{6,60})\Z")
_HOST = re.compile(r"@[\w.\-]{1,60}(?::\d{2,5}(?!\w)|\.[a-z]{2,10}(?![\w.]))")
# A line of `.pgpass`.
_PASS_FILE = re.compile(
    r"^[\w.\-*]{1,60}:(?:\d{2,5}|\*):[\w\-*]{1,40}:[\w\-*.]{1,40}:(?P<bare>[^\s:]{6,100})$",
    re.MULTILINE,
)

_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(
    r"(?:(?:\s|\\[nr])*+(?:[A-Z][A-Za-z-]{2,20}: [^\n\\]{1,100}|[A-Za-z0-9+/=]{16,}+))*+"
    r"(?:(?:\s|\\[nr])++[A-Za-z0-9+/=]{1,15}(?=\s*+\Z|\n))?"
)


# Each detector below needs one of these words nearby; without any, none is asked.
_STEMS = (
    *("pass", "pwd", "pw", "pin", "senha", "kennwort", "contrase", "mdp", "token", "key", "secret"),
    *("chave", "segredo", "credencial", "credential", "clave", "bearer", "auth", "sig=", "--user"),
    *("-u ", "-u=", "--proxy-user", "mysql", "redis-cli", "identified", "curl", "wget", "llave"),
    *("cle", "clé", "schl", "login", "log_in", "log-in", "cred", "acesso", "user", "utilizador"),
    *("usuário", "signin", "sign_in", "logon", "connect", "entrar", "autentic", "iniciar", "zip "),
    *("ldap", "sqlplus", "thin:", "mongo", "mosquitto", "mot de", "mots de", "impdp", "expdp"),
    *("psk", "securestring", "/p:", "pdo(", "sudo -s", "mail", "conta"),
)
_BEFORE_CHARS = 64
_AFTER_CHARS = 256
_LONGEST_VALUE_CHARS = 4_096


def find_secrets(text: str) -> Iterator[Found]:
    """The secrets of a text, without the words around them; they may overlap."""
    yield from find_provider_keys(text)
    for match in _URL_PASSWORD.finditer(text):
        if not is_placeholder(match[1]) and match[1].lower() not in NO_VALUES:
            yield Found("secret", match.start(1), match.end(1))
    for host in _HOST.finditer(text):
        user = _USER_PASSWORD.search(text, max(0, host.start() - 102), host.start())
        signs = (mark for mark in user["bare"] if mark not in "+%'~") if user else ()
        if user and any(map(is_sign, signs)) and is_bare_secret(user["bare"], password=True):
            yield Found("secret", *user.span("bare"))
    for match in _PASS_FILE.finditer(text):
        if is_bare_secret(match["bare"], password=True):
            yield Found("secret", *match.span("bare"))
    yield from _announced(text)
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


def _announced(text: str) -> Iterator[Found]:
    """The values without the words that announce them; they may overlap."""
    for start, end in _places(text):
        for find in _announced_in(text[start:end]):
            yield Found(find.kind, start + find.start, start + find.end)


def _announced_in(part: str) -> Iterator[Found]:
    words = [word.start() for word in WORDS.finditer(part)]
    if words:
        yield from find_in_prose(part, words)
        yield from find_before_words(part)
        yield from find_in_markup(part)
    yield from find_in_commands(part)
    yield from find_by_position(part, words)


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Where such a word stands, with what is around it; in order and apart."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(small if len(small := mark.lower()) == 1 else mark for mark in text)
    stems = sorted(at for stem in _STEMS for at in _all_of(lower, stem))
    begun = last = -1
    for at in stems:
        if begun >= 0 and at - _BEFORE_CHARS > last:
            yield begun, _value_end(text, last)
            begun = -1
        begun = max(0, at - _BEFORE_CHARS) if begun < 0 else begun
        last = at + _AFTER_CHARS
    if begun >= 0:
        yield begun, _value_end(text, last)


def _all_of(text: str, stem: str) -> Iterator[int]:
    at = text.find(stem)
    while at >= 0:
        yield at
        at = text.find(stem, at + len(stem))


def _value_end(text: str, at: int) -> int:
    """The end of the line, or of the word, that a place lies in."""
    high = min(len(text), at + _LONGEST_VALUE_CHARS)
    end = text.find(" ", at, high)
    return high if end < 0 else end
