"""Finds secrets in commands, headers, queries and connection strings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.privacy.detect.entropy import looks_random
from router.privacy.detect.found import Found
from router.privacy.detect.secret_words import (
    NO_VALUES,
    PASS,
    PASSWORD,
    TOKEN,
    is_placeholder,
    is_wordy,
)
from router.privacy.detect.values import (
    LONG_TOKEN_CHARS,
    VALUE,
    is_bare_secret,
    is_mixed,
    is_secret,
    password_end,
    span_of,
)

_KEY = re.compile(
    r"(?<![^\W_])(?:key|chave|llave|cl[ée]|schl[üu]ssel)[\"'`]?(?:\s?(?:=|:)|\s(?:is|é|es|est|ist):?)"
    r"\s{1,8}[\"'`]?(?P<bare>[A-Za-z0-9_+/=-]{20,500})(?![\w.])",
    re.IGNORECASE,
)
"""What is called no more than a key: in a program that is most often none."""
_QUERY = re.compile(
    r"[?&;](?P<name>[\w.\-]{0,30}(?:key|token|auth|sig|signature|secret|credential)|pwd|pass"
    r"|password|passwd|senha)=(?P<bare>[^\s&#\"'<>`;,)\]}]{4,2000})",
    re.IGNORECASE,
)
_FLAG = re.compile(
    rf"(?<![\w-])--?(?:[\w]{{1,20}}-){{0,3}}?(?:(?P<password>{PASSWORD}|{PASS}|\w{{1,8}}pass)|{TOKEN}|key)"
    rf"(?:=|[ \t]{{1,3}}){VALUE}",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"(?P<curl>\b(?:curl|wget|https?)\b[^\n]{0,400}?)?"
    r"(?<!\S)(?:-u|--user|--proxy-user)[ =]{1,2}"
    r"[\"']?[^\s:\"'$%]{1,80}[:%](?P<bare>[^\s\"']{3,200})"
)
_COMMAND = re.compile(
    r"(?:\bsshpass\s{1,2}-p ?|\bredis-cli\b[^\n]{0,80}\s-a ?|\bmysql\w{0,8}\b[^\n]{0,80}\s-p"
    r"|^[ \t]{0,8}(?:requirepass|masterauth|AUTH)[ \t]{1,4}"
    r"|\bidentified\s{1,4}(?:with\s{1,4}\S{1,40}\s{1,4})?(?:by|as)\s{1,4}(?:password\s{1,4})?(?=['\"])"
    r"|\b(?:with|encrypted|set)\s{1,4}password\s{1,4}(?:=\s{0,4}|for\s{1,2}\S{1,60}\s{0,4}=\s{0,4})?(?=['\"])"
    r"|\blogin\s{1,4}\S{1,80}\s{1,4}password\s{1,4}"
    rf"|#\s?define\s{{1,4}}\w{{0,40}}(?:{PASSWORD}|{PASS})\w{{0,20}}\s{{1,8}}(?=\")"
    r"|\bConvertTo-SecureString\s{1,3}(?:-String\s{1,3})?(?=[\"'])"
    r"|\bpass(?:in|out|wd)\s{1,2}pass:)"
    rf"{VALUE}",
    re.IGNORECASE | re.MULTILINE,
)
# The form must say that it is a password: these options mean something else elsewhere.
_OPTION = re.compile(
    r"(?:\b(?:login|mongo\w{0,10}|mysql\w{0,8}|mosquitto_\w{3,4})\b[^\n]{0,120}?\s-[pP][ =]{1,2}"
    r"|\b(?:un)?zip\b[^\n]{0,80}?\s-P ?|\b(?:7z|rar|unrar)\b[^\n]{0,80}?\s-p"
    r"|\bldap\w{3,10}\b[^\n]{0,160}?\s-w ?|\bnet\s{1,2}user\s{1,2}\S{1,40}\s{1,2}"
    r"|\bhtpasswd\s{1,2}-\w{0,3}b\w{0,3}\s{1,2}\S{1,80}\s{1,2}\S{1,60}\s{1,2}"
    r"|(?<=\s)/p(?:ass\w{0,4})?:|\bssh-keygen\b[^\n]{0,120}?\s-[NP] ?"
    r"|-U ?[\w.\\\-]{1,40}%"
    r"|(?:\bthin:|\b(?:sqlplus|impdp|expdp|rman|sqlldr)\s{1,3})[^\s/:@]{1,40}/(?=[^\s/@]{4,60}@))"
    r"[\"']?(?P<bare>[^\s\"'|@]{4,200})"
)
_SHORT_OPTION = re.compile(
    r" -[pPwUbNS]|/p|chpasswd|thin:|sqlplus|[ei]xpdp|impdp|net {1,2}user", re.IGNORECASE
)
_PIPED = re.compile(
    r"(?<![^\s\"'])(?:[\w.\-]{1,40}:)?(?P<bare>[^\s\"':]{4,100})[\"']?\s{0,3}\|\s{0,3}"
    r"(?:(?:sudo\s)?chpasswd|sudo\s-S)"
)
# A word may be a password here: nothing else stands between these marks.
_CONNECTION = re.compile(
    r"(?:(?P<odbc>(?<=;)\s{0,2}|\A)|(?P<pair>(?<![^\W_])[\w.]{1,30}=[^\s,;()=]{1,80}[ ,])"
    r"|(?P<redis>:\d{4,5},))(?:password|passwd|pwd)\s?=\s?"
    r"(?:\{(?P<braced>[^{}\n]{4,100})\}|(?P<bare>[^\s;,\"'{}&]{4,100}))(?=;|,\w{2,20}=|\s|[\"']|\Z)",
    re.IGNORECASE,
)
_USER_AND = re.compile(
    r"(?:\b|(?<=g)|(?<=hot))(?:log-?in|mail|account|conta|credentials?|creds|credenciais|acesso|user(?:name)?|utilizador|usuário)"
    r"\s{0,3}(?:[:=]|\s(?:is|é|es|são|are))?\s{1,3}[^\s/|]{1,60}\s{0,2}/\s{0,2}(?P<bare>[^\s\"'`,;<>(){}\[\]|/]{6,200})(?!/)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\b(?:proxy-)?authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<scheme>[a-z][\w-]{1,20})\s{1,3}"
    r"(?:token=)?[\"']?(?P<bare>[A-Za-z0-9._~+/=:-]{8,})",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\bbearer\s{1,3}(?P<bare>[A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE)


def find_in_commands(text: str) -> Iterator[Found]:
    """The values in a part of a text; they may overlap."""
    for match in _FLAG.finditer(text) if "-" in text else ():
        start, end, quoted = span_of(text, match)
        value, password = text[start:end], match["password"] is not None
        if not value.startswith("-") and is_secret(value, password=password, quoted=bool(quoted)):
            yield Found("secret", start, end)
    for match in _COMMAND.finditer(text):
        start, end, _ = span_of(text, match)
        if is_secret(text[start:end], password=True, quoted=True):
            yield Found("secret", start, end)
    for match in _LOGIN.finditer(text) if "-u" in text or "user" in text else ():
        value = match["bare"]
        if not value.isdigit() and is_secret(
            value, password=True, quoted=match["curl"] is not None
        ):
            yield Found("secret", *match.span("bare"))
    for pattern in (_OPTION, _PIPED) if _SHORT_OPTION.search(text) else ():
        for match in pattern.finditer(text):
            if is_bare_secret(match["bare"], password=True):
                yield Found("secret", *match.span("bare"))
    if "/" in text:
        for match in _USER_AND.finditer(text):
            value = match["bare"].rstrip(".?:*_")
            if not value.isdigit() and is_bare_secret(value, password=True):
                yield Found("secret", *match.span("bare"))
    if "=" in text:
        yield from _in_connections(text)
    yield from _in_requests(text)


def _in_connections(text: str) -> Iterator[Found]:
    for match in _CONNECTION.finditer(text):
        start, end = match.span("braced" if match["braced"] else "bare")
        value = text[start:end]
        if match["bare"]:
            end = password_end(text, start, end) if text[end : end + 1] != ";" else end
        if match["odbc"] is not None and ";" not in (
            text[match.start() - 1 : match.start()],
            text[end : end + 1],
        ):
            continue
        if not is_placeholder(value) and value.lower() not in NO_VALUES and not value.isdigit():
            yield Found("secret", start, end)


def _in_requests(text: str) -> Iterator[Found]:
    for match in _QUERY.finditer(text) if "=" in text else ():
        value, password = match["bare"], match["name"].lower().startswith(("p", "senha"))
        if is_secret(value, password=password, quoted=False) and (
            password or (len(value) >= LONG_TOKEN_CHARS and not is_wordy(value))
        ):
            yield Found("secret", *match.span("bare"))
    for match in _HEADER.finditer(text):
        if looks_random(match["bare"], digits=match["scheme"].lower() != "basic"):
            yield Found("secret", *match.span("bare"))
    for match in _KEY.finditer(text):
        if is_mixed(match["bare"]) and looks_random(match["bare"]):
            yield Found("secret", *match.span("bare"))
    for match in _BEARER.finditer(text):
        if looks_random(match["bare"]):
            yield Found("secret", *match.span("bare"))
