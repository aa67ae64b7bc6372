"""Finds secrets by the words before them: in prose, settings, commands, headers and markup."""

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
    is_named_thing,
    is_placeholder,
    is_wordy,
)

_LONG_TOKEN_CHARS = 12
"""What follows "token" with nothing between must be so long: `token v2` is not a secret."""

# What closes the name itself: a quote, a bracket, Markdown's emphasis.
_CLOSED = r"(?:[_-]?(?:value|hash|\d))?[\"'`]?\]?\)?"
_VALUE = (
    r"(?:\"(?P<double>(?:[^\"\\\n]|\\.){4,}+)\"|'(?P<single>[^'\n]{4,}+)'|`(?P<tick>[^`\n]{4,}+)`"
    r"|“(?P<curly>[^”\n]{4,200}+)”|«\s?(?P<angled>[^»\n]{4,200}+)»"
    r"|(?:\*\*|__)(?P<bold>[^\s*]{4,200}+)(?:\*\*|__)"
    r"|[\"'`]?(?P<bare>[^\s\"'`,;<>(){}\[\]|]{4,}+))"
)
_QUOTED = ("double", "single", "tick", "curly", "angled", "bold")
_SIGN = r"(?:=>|->|→|:=|==?|:)"
_IS = (
    r"(?:is|was|are|é|eh|era|será|foi|es|est|ist)(?:\s(?:now|set to|agora|definida como))?"
    r"|(?:to|para|como|as)(?=\s[^\s]*\d)"
)
# "the password for the router is", "senha do wi-fi:", "token de acesso (produção):"
_BETWEEN = r"(?:[ \t]{1,2}\(?[^\W\d_][\w'’.\-]{0,19}\)?){0,4}?"
_SIGNED = re.compile(
    rf"(?:(?P<password>{PASSWORD}|{PASS})|{TOKEN}){_CLOSED}(?P<between>{_BETWEEN})"
    rf"(?:\*\*|__)?[ \t]{{0,4}}(?:{_SIGN}|(?P<is>(?<=\s)(?:{_IS})(?::|(?=\s))))(?:\*\*|__)?"
    rf"\s{{0,16}}{_VALUE}",
    re.IGNORECASE,
)
# What is called no more than a key: in a program that is most often none.
_KEY = re.compile(
    r"(?<![^\W_])(?:key|chave|llave|cl[ée]|schl[üu]ssel)[\"'`]?(?:\s?(?:=|:)|\s(?:is|é|es|est|ist):?)"
    r"\s{1,8}[\"'`]?(?P<bare>[A-Za-z0-9_+/=-]{20,500})(?![\w.])",
    re.IGNORECASE,
)
_USER_AND = re.compile(
    r"\b(?:log-?in|credentials?|creds|credenciais|acesso|user(?:name)?|utilizador|usuário)"
    r"\s{0,3}[:=]?\s{1,3}[^\s/|]{1,60}\s{0,2}/\s{0,2}(?P<bare>[^\s\"'`,;<>(){}\[\]|/]{6,200})(?!/)",
    re.IGNORECASE,
)
_FOLLOWED = re.compile(
    rf"(?:(?P<password>{PASSWORD})|{TOKEN})(?!\w){_CLOSED}(?:\*\*|__)?"
    rf"(?:[ \t]{{0,20}}[|\t,;][ \t]{{0,20}}|\s{{1,3}}\(?){_VALUE}",
    re.IGNORECASE,
)
_NAME = rf"[\w.\-]{{0,40}}(?:(?P<password>{PASSWORD}|{PASS})|{TOKEN})[\w.\-]{{0,20}}"
# <password>X</password>; name="password" value="X"; - name: DB_PASSWORD, value: X
_ELEMENT = re.compile(
    rf"<(?:\w{{1,20}}:)?{_NAME}(?:\s[^<>]{{0,100}})?>\s{{0,8}}(?P<bare>[^<>\n]{{4,500}})</", re.I
)
_PAIR = re.compile(
    rf"(?<![^\W_])(?:name|key|id|field)[\"']?\s{{0,2}}[:=]\s{{0,2}}[\"']?{_NAME}[\"']?[\s,]{{0,12}}"
    rf"[\"']?value[\"']?\s{{0,2}}[:=]\s{{0,2}}{_VALUE}",
    re.IGNORECASE,
)
_QUERY = re.compile(
    r"[?&;](?P<name>[\w.\-]{0,30}(?:key|token|auth|sig|signature|secret|credential)|pwd|pass"
    r"|password|passwd|senha)=(?P<bare>[^\s&#\"'<>`;,)\]}]{4,2000})",
    re.IGNORECASE,
)
_FLAG = re.compile(
    rf"(?<![\w-])--?(?:[\w]{{1,20}}-){{0,3}}?(?:(?P<password>{PASSWORD}|{PASS})|{TOKEN}|key)"
    rf"(?:=|[ \t]{{1,3}}){_VALUE}",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"(?P<curl>\b(?:curl|wget|https?)\b[^\n]{0,400}?)?"
    r"(?<!\S)(?:-u|--user|--proxy-user)[ =]{1,2}"
    r"[\"']?[^\s:\"'$]{1,80}:(?P<bare>[^\s\"']{3,200})"
)
_COMMAND = re.compile(
    r"(?:\bsshpass\s{1,2}-p ?|\bredis-cli\b[^\n]{0,80}\s-a ?|\bmysql\w{0,8}\b[^\n]{0,80}\s-p"
    r"|^[ \t]{0,8}(?:requirepass|masterauth|AUTH)[ \t]{1,4}"
    r"|\bidentified\s{1,4}(?:with\s{1,4}\S{1,40}\s{1,4})?(?:by|as)\s{1,4}(?:password\s{1,4})?(?=['\"])"
    r"|\b(?:with|encrypted|set)\s{1,4}password\s{1,4}(?:=\s{0,4}|for\s{1,2}\S{1,60}\s{0,4}=\s{0,4})?(?=['\"])"
    r"|\blogin\s{1,4}\S{1,80}\s{1,4}password\s{1,4})"
    rf"{_VALUE}",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER = re.compile(
    r"\b(?:proxy-)?authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<scheme>[a-z][\w-]{1,20})\s{1,3}"
    r"(?:token=)?[\"']?(?P<bare>[A-Za-z0-9._~+/=:-]{8,})",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\bbearer\s{1,3}(?P<bare>[A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE)


# Each expression above needs one of these words; without any, none is tried.
_STEMS = (
    *("pass", "pwd", "pw", "pin", "senha", "kennwort", "contrase", "mdp", "token", "key", "secret"),
    *("chave", "segredo", "credencial", "credential", "clave", "bearer", "auth", "sig=", "--user"),
    *("-u ", "-u=", "--proxy-user", "mysql", "redis-cli", "identified", "curl", "wget"),
    *(
        "llave",
        "cle",
        "clé",
        "schl",
        "login",
        "log-in",
        "cred",
        "acesso",
        "user",
        "utilizador",
        "usuário",
    ),
)
_BEFORE_CHARS = 64
_AFTER_CHARS = 256
_LONGEST_VALUE_CHARS = 4_096


def find_announced(text: str) -> Iterator[Found]:
    """The values without the words before them; they may overlap."""
    for start, end in _places(text):
        for find in _find_in(text[start:end]):
            yield Found(find.kind, start + find.start, start + find.end)


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


def _find_in(text: str) -> Iterator[Found]:
    for match in _SIGNED.finditer(text):
        start, end, quoted = _span(text, match)
        value, password = text[start:end], match["password"] is not None
        if quoted is None and text[end : end + 1] in ("(", "["):
            continue
        far = match["between"] != "" or _is_loose(match)
        if _is_secret(value, password=password, quoted=quoted is not None) and not (
            far and not _is_strong(value, quoted=quoted is not None)
        ):
            yield Found("secret", start, end)
    for match in _FOLLOWED.finditer(text):
        start, end, quoted = _span(text, match)
        if text[end : end + 1] not in ("(", "[") and _is_bare_secret(
            text[start:end], password=match["password"] is not None
        ):
            yield Found("secret", start, end)
    for pattern in (_ELEMENT, _PAIR, _FLAG):
        for match in pattern.finditer(text):
            start, end, quoted = _span(text, match)
            marked = quoted is not None or pattern is _ELEMENT
            value, password = text[start:end], match["password"] is not None
            if not value.startswith("-") and _is_secret(value, password=password, quoted=marked):
                yield Found("secret", start, end)
    yield from _commands(text)


def _commands(text: str) -> Iterator[Found]:
    for match in _COMMAND.finditer(text):
        start, end, _ = _span(text, match)
        if _is_secret(text[start:end], password=True, quoted=True):
            yield Found("secret", start, end)
    for match in _LOGIN.finditer(text):
        value = match["bare"]
        if not value.isdigit() and _is_secret(
            value, password=True, quoted=match["curl"] is not None
        ):
            yield Found("secret", *match.span("bare"))
    for match in _QUERY.finditer(text):
        value, password = match["bare"], match["name"].lower().startswith(("p", "senha"))
        if _is_secret(value, password=password, quoted=False) and (
            password or (len(value) >= _LONG_TOKEN_CHARS and not is_wordy(value))
        ):
            yield Found("secret", *match.span("bare"))
    for match in _HEADER.finditer(text):
        if looks_random(match["bare"], digits=match["scheme"].lower() != "basic"):
            yield Found("secret", *match.span("bare"))
    for match in _KEY.finditer(text):
        if _is_mixed(match["bare"]) and looks_random(match["bare"]):
            yield Found("secret", *match.span("bare"))
    for match in _USER_AND.finditer(text):
        start, end, _ = _span(text, match)
        if _is_bare_secret(text[start:end], password=True):
            yield Found("secret", start, end)
    for match in _BEARER.finditer(text):
        if looks_random(match["bare"]):
            yield Found("secret", *match.span("bare"))


def _span(text: str, match: re.Match[str]) -> tuple[int, int, str | None]:
    """Where the value of a match stands, and how it is quoted."""
    groups = match.re.groupindex
    quoted = next((name for name in _QUOTED if name in groups and match[name]), None)
    start, end = match.span(quoted or "bare")
    value = text[start:end]
    if quoted is None:
        # `?a=1&password=x&b=2`: the value ends where the next name begins.
        if "&" in value and re.search(
            r"[?&][\w.\-]{0,40}\Z", text[max(0, match.start() - 40) : match.start()]
        ):
            value = value.partition("&")[0]
        value = value.rstrip(".?:*_\\") or value
    else:
        value = value.rstrip("\\")
    return start, start + len(value), quoted


def _is_loose(match: re.Match[str]) -> bool:
    """Whether the linking word is ambiguous: "set the password to", "use it as"."""
    return (match["is"] or "").lower() in ("to", "para", "como", "as")


def _is_secret(value: str, *, password: bool, quoted: bool) -> bool:
    """Whether a value assigned to a name such as `password` or `token` is one.

    A password may be a word when it is quoted, and mere digits; whatever else is called a token or
    a key must look like one. A value with spaces is a sentence about passwords.
    """
    if is_placeholder(value) or value.lower() in NO_VALUES or re.search(r"\s", value):
        return False
    if not password:
        return len(value) >= 8 and looks_random(value)
    if value.isdigit():
        return len(value) >= 4
    letters, other = (any(map(test, value)) for test in (str.isalpha, _neither_word_nor_path))
    digit = any(map(str.isdigit, value))
    return len(value) >= 4 if quoted else len(value) >= 6 and letters and (digit or other)


def _is_strong(value: str, *, quoted: bool) -> bool:
    """Whether a value is a secret even with words between it and its announcing word."""
    if quoted:
        return any(map(str.isdigit, value)) or any(map(_neither_word_nor_path, value))
    return _is_bare_secret(value, password=True)


def _is_bare_secret(value: str, *, password: bool) -> bool:
    """Whether a value that merely follows the word is a secret, by its form alone."""
    if not _is_secret(value, password=password, quoted=False) or not any(map(str.isdigit, value)):
        return False
    if not password:
        return len(value) >= _LONG_TOKEN_CHARS and not is_wordy(value)
    if value.isdigit():
        return len(value) >= 6
    if is_named_thing(value):
        return False
    if any(map(_neither_word_nor_path, value)):
        return True
    return not is_wordy(value) or re.fullmatch(r"[^\W\d_]{3,}\d{2,6}", value) is not None


def _is_mixed(value: str) -> bool:
    """Whether capitals, small letters and digits are mixed as in a key, not as in names."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, value)) for kind in kinds) and not is_wordy(value)


def _neither_word_nor_path(mark: str) -> bool:
    return not mark.isalnum() and mark not in "._-/:"
