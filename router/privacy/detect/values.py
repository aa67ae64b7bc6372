"""What a secret looks like in a text: how it is quoted, where it ends, how strong its form is."""

from __future__ import annotations

import re

from router.privacy.detect.entropy import looks_random
from router.privacy.detect.secret_words import (
    NO_VALUES,
    is_named_thing,
    is_placeholder,
    is_wordy,
)

LONG_TOKEN_CHARS = 12
"""What follows "token" with nothing between must be so long: `token v2` is not a secret."""

VALUE = (
    r"(?:\"(?P<double>(?:[^\"\\\n]|\\.){4,}+)\"|'(?P<single>(?:[^'\\\n]|\\.){4,}+)'"
    r"|`(?P<tick>[^`\n]{4,}+)`"
    r"|“(?P<curly>[^”\n]{4,200}+)”|«\s?(?P<angled>[^»\n]{4,200}+)»"
    r"|(?:\*\*|__)(?P<bold>[^\s*]{4,200}+)(?:\*\*|__)"
    r"|[\"'`]?(?P<bare>[^\s\"'`,;<>(){}\[\]|]{4,}+))"
)
"""A value in any quotes, or in none; which, `span_of` says."""
_QUOTED = ("double", "single", "tick", "curly", "angled", "bold")

_NAME = re.compile(r"(?:[A-Za-z]+|v?\d{1,4})(?:[-_.](?:[A-Za-z]+|v?\d{1,4}))+")
"""Such as `postgres-secret-2024`, which names a secret that is kept elsewhere."""
_FIELD = r"[\w.\-]{1,40}[\"'`]?\s{0,2}[=:]"
# Signs inside a password: not what ends a value, as a bracket does that was opened before it.
_MORE = re.compile(
    rf"(?:[,;|>)}}\]\"'`]|[<({{\[](?!/?[a-zA-Z]{{1,10}}[\s/>])){{1,3}}(?!{_FIELD})"
    r"[^\s\"'`,;<>(){}\[\]|]{1,60}"
)
_BEGINS_WITH_SIGN = re.compile(rf"[^\s\"'`,;<>(){{}}\[\]|]{{0,3}}(?:{_MORE.pattern}){{1,8}}")
_CLOSING = {")": "(", "]": "[", "}": "{", ">": "<"}
_LETTERS_OR_DIGITS = re.compile(r"[^\W\d_]+|\d+")
_TURNS = 6
_LISTED_WORD = re.compile(r"[a-zß-ÿ]+|\d+[a-z]{0,3}|[a-zß-ÿ]+\d{0,3}|[A-Z]+")
_EXPRESSION = re.compile(r"\(\?|\\[dwsDWSb]|\[\^?\w-|[\])]\{\d|\.[*+]|\.\{")
"""Signs of a regular expression."""
_CALLED = re.compile(r"\w\([^()]*\)?\Z|^\w+(?:\[[^\[\]]*\])+\Z")
"""A call, or what has an index."""


def span_of(text: str, match: re.Match[str]) -> tuple[int, int, str | None]:
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


def password_end(text: str, start: int, end: int) -> int:
    """Where a password without quotes ends that holds commas, brackets or quotes; `end` if it
    holds none."""
    whole = end
    if text[end - 1 : end] in ("=", ":"):
        return end
    for more in _pieces(text, end):
        closing = next((mark for mark in more[0] if mark in _CLOSING), None)
        if closing and text.count(_CLOSING[closing], start, more.start()) == 0:
            break
        listed = more[0][0] in ",;|/" and is_bare_secret(more[0][1:], password=True)
        if listed and is_bare_secret(text[start:end], password=True):
            break
        whole = more.end()
    value = text[start:whole].rstrip(".?:")
    following = text[start + len(value) : start + len(value) + 1]
    if following in _CLOSING and value.count(_CLOSING[following]) > value.count(following):
        value += following
    while value and value[-1] in ")]}>\"'`" and not _is_open(value):
        value = value[:-1]
    if whole == end or _is_code(value):
        return end
    return start + len(value) if is_bare_secret(value, password=True) else end


def signed_value(text: str, start: int) -> tuple[int, int] | None:
    """A password that has such a sign among its first characters: no `VALUE` begins there."""
    match = _BEGINS_WITH_SIGN.match(text, start)
    if match is None or match.end() - start < 6:
        return None
    value = match[0].rstrip(".?:")
    if value[0] in "\"'`<" or _is_code(value) or not is_bare_secret(value, password=True):
        return None
    closing = next((mark for mark in value if mark in _CLOSING), None)
    if closing and value.find(_CLOSING[closing]) < 0 and not value.startswith(closing):
        return None
    return start, start + len(value)


def _pieces(text: str, at: int) -> list[re.Match[str]]:
    pieces: list[re.Match[str]] = []
    while len(pieces) < 8 and (more := _MORE.match(text, at)):
        pieces.append(more)
        at = more.end()
    return pieces


def _is_open(value: str) -> bool:
    """Whether the bracket or quote at the end of a value was opened in it."""
    opening = _CLOSING.get(value[-1], value[-1])
    return opening in value[:-1]


def _is_code(value: str) -> bool:
    """Whether a value with signs in it is rather a call, a list of words, or rules."""
    if _EXPRESSION.search(value):
        return True
    if _CALLED.search(value) or value.count("(") != value.count(")") > 0:
        return True
    if re.search(r"[<>(){}\[\]\"'`]", value):
        return False
    pieces = [piece for piece in re.split(r"[,;|]+", value) if piece]
    return all(_LISTED_WORD.fullmatch(piece) or piece.lower() in NO_VALUES for piece in pieces)


def is_secret(value: str, *, password: bool, quoted: bool) -> bool:
    """Whether a value assigned to a name such as `password` or `token` is one.

    A password may be a word when it is quoted, and mere digits; whatever else is called a token or
    a key must look like one. A value with spaces is a sentence about passwords.
    """
    if is_placeholder(value) or value.lower() in NO_VALUES or re.search(r"\s", value):
        return False
    if not password:
        random = looks_random(value) or is_interleaved(value)
        return len(value) >= 8 and random and not _NAME.fullmatch(value)
    if value.isdigit():
        return len(value) >= 4
    letters, other = (any(map(test, value)) for test in (str.isalpha, is_sign))
    digit = any(map(str.isdigit, value))
    if quoted:
        return len(value) >= 4
    return len(value) >= 6 and letters and (digit or other or is_odd_cased(value))


def is_strong(value: str, *, quoted: bool) -> bool:
    """Whether a value is a secret even with words between it and its announcing word."""
    if quoted:
        return any(map(str.isdigit, value)) or any(map(is_sign, value))
    return is_bare_secret(value, password=True)


def is_bare_secret(value: str, *, password: bool) -> bool:
    """Whether a value that merely follows the word is a secret, by its form alone."""
    if not is_secret(value, password=password, quoted=False):
        return False
    if not any(map(str.isdigit, value)):
        return password and is_odd_cased(value)
    if not password:
        return len(value) >= LONG_TOKEN_CHARS and not is_wordy(value)
    if value.isdigit():
        return len(value) >= 6
    if is_named_thing(value):
        return False
    if any(map(is_sign, value)):
        return True
    return not is_wordy(value) or re.fullmatch(r"[^\W\d_]{3,}\d{2,6}", value) is not None


def is_mixed(value: str) -> bool:
    """Whether capitals, small letters and digits are mixed as in a key, not as in names."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, value)) for kind in kinds) and not is_wordy(value)


def is_interleaved(value: str) -> bool:
    """Whether letters and digits take turns as no name has them: `8f3kd92kfj38dkf93`."""
    runs = _LETTERS_OR_DIGITS.findall(value)
    return len(value) >= LONG_TOKEN_CHARS and len(runs) >= _TURNS and value.isalnum()


def is_odd_cased(value: str) -> bool:
    """Whether letters change between capitals and small ones as in no word: `iNcilMsoBVuI`."""
    cased = any(map(str.isupper, value)) and any(map(str.islower, value))
    return value.isalpha() and cased and len(value) >= 8 and not is_wordy(value)


def is_sign(mark: str) -> bool:
    """Whether a character is of neither a word nor a path."""
    return not mark.isalnum() and mark not in "._-/:"
