"""Finds passwords by their place in a call: `login("ana", VALUE)`, `setPassword(VALUE)`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from router.privacy.detect.found import Found
from router.privacy.detect.secret_words import PASSWORD, TOKEN
from router.privacy.detect.values import is_bare_secret, is_secret, is_sign

# A word will do as the second argument of these; of the others it must have the form of a password.
_SURELY = r"log_?in|log_?on|network_?credential|basic_?auth|password_?credentials?|entrar|auth"
_CALL = re.compile(
    rf"(?:(?P<surely>{_SURELY})|sign_?in|authenticate|connect(?:ion)?|credentials?"
    r"|(?:create|add)_?(?:super)?_?user|iniciar_?sess[aã]o|autenticar|password_?authentication"
    r"|\bpdo|mysqli|ps_?credential"
    r"|(?P<sql>insert\s{1,3}into\s{1,3}[\w.\"`]{0,20}(?:user|account|login|member|client|utilizador|usuari"
    r"|conta|admin|credential)[\w\"`]{0,20}\s{1,4}values))"
    r"\s?(?:[=:]\s?)?\(",
    re.IGNORECASE,
)
_ARGUMENT = re.compile(
    r"\s{0,16}(?P<key>\w{1,30}\s?=\s?)?(?:\"(?P<double>(?:[^\"\\\n]|\\.){0,200})\""
    r"|'(?P<single>(?:[^'\\\n]|\\.){0,200})'|[^,()\"'\n]{1,80})\s{0,4}(?P<end>[,)]|\Z)"
)
_MOST_ARGUMENTS = 3
"""After a host and a user comes the password, and then what is none."""
_SETTER = re.compile(
    rf"(?:(?P<password>{PASSWORD})|{TOKEN})s?(?:_?hash)?(?:\.(?:of|from\w{{0,12}}|new|create|parse))?\s?\(\s{{0,4}}"
    r"(?:\"(?P<double>(?:[^\"\\\n]|\\.){4,200})\"|'(?P<single>(?:[^'\\\n]|\\.){4,200})')",
    re.IGNORECASE,
)
_VERB = re.compile(r"[\w.]*\Z")
_SETS = re.compile(r"(?:set|with|use|encrypt\w*)_?\Z|\.\Z", re.IGNORECASE)
_NAMES_SOMETHING = re.compile(
    r"get|read|load|prompt|ask|find|lookup|forgot|reset|has_|label|field|validate|column|input|env",
    re.IGNORECASE,
)
_PUT = re.compile(
    rf"\b(?:put|set|set_?property|set_?option|add|append|setenv|putenv|define|with|param|field|header|config)\w{{0,12}}"
    rf"\(\s{{0,4}}[\"'][\w.\-]{{0,40}}(?:(?P<password>{PASSWORD})|{TOKEN})[\w.\-]{{0,20}}[\"']\s?,\s{{0,4}}"
    r"(?:\"(?P<double>(?:[^\"\\\n]|\\.){4,200})\"|'(?P<single>(?:[^'\\\n]|\\.){4,200})')",
    re.IGNORECASE,
)
_NO_PASSWORD = re.compile(
    r"@[\w-]+\.|\(\)$|^\w+(?:\.\w+){1,}$|/|^(?:admin|root|user|localhost|google|github)$", re.I
)
_PROVIDERS = re.compile(
    r"[\"'](?:google|github|facebook|apple|credentials|azure\w*|saml|email|sms)\b", re.I
)


def find_by_position(text: str, words: Sequence[int]) -> Iterator[Found]:
    """The values in a part of a text; they may overlap.

    words: where `secret_words.WORDS` begin.
    """
    if "(" not in text:
        return
    for call in _CALL.finditer(text):
        yield from _arguments(text, call)
    for at in words:
        if (match := _SETTER.match(text, at)) is None:
            continue
        before = _VERB.search(text, max(0, at - 30), at)
        verb = before[0] if before else ""
        if not _NAMES_SOMETHING.search(verb):
            yield from _value(text, match, plain=_SETS.search(verb) is not None)
    for put in _PUT.finditer(text) if words else ():
        yield from _value(text, put, plain=True)


def _arguments(text: str, call: re.Match[str]) -> Iterator[Found]:
    at, surely = call.end(), call["surely"] is not None
    for place in range(_MOST_ARGUMENTS):
        argument = _ARGUMENT.match(text, at)
        if argument is None:
            return
        name = next((one for one in ("double", "single") if argument[one] is not None), None)
        if place == 0:
            surely = surely and not _PROVIDERS.match(text, at)
        elif name and not argument["key"] and not _NO_PASSWORD.search(argument[name]):
            value = argument[name]
            word = surely and place == 1
            if is_secret(value, password=True, quoted=True) and (
                word or (is_bare_secret(value, password=True) if call["sql"] else _is_strong(value))
            ):
                yield Found("secret", *argument.span(name))
        if argument["end"] != ",":
            return
        at = argument.end()


def _value(text: str, match: re.Match[str], *, plain: bool) -> Iterator[Found]:
    start, end = match.span("double" if match["double"] is not None else "single")
    value, password = text[start:end], match["password"] is not None
    if _NO_PASSWORD.search(value) and not any(map(is_sign, value.replace("@", ""))):
        return
    if is_secret(value, password=password, quoted=True) and (plain or _is_strong(value)):
        yield Found("secret", start, end)


def _is_strong(value: str) -> bool:
    """Whether a value is no name, no number and no date: letters with digits or signs."""
    letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    signs = any(map(is_sign, value))
    return len(value) >= 6 and letters and (signs or (digits and value[0].isalnum()))
