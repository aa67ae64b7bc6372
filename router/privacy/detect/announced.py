"""Finds secrets by the words before them: in prose, settings, lists and blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from router.privacy.detect.encoded import reads_as_text
from router.privacy.detect.found import Found
from router.privacy.detect.secret_words import PASS, PASSWORD, SUFFIX, TOKEN, WORDS
from router.privacy.detect.values import (
    VALUE,
    is_bare_secret,
    is_secret,
    is_sign,
    is_strong,
    password_end,
    signed_value,
    span_of,
)

_WORD = rf"(?:(?P<password>(?P<full>{PASSWORD})|{PASS})|{TOKEN})(?P<plural>s(?![a-z]))?"
# What closes the name itself: a quote, a bracket, Markdown's emphasis.
_CLOSED = r"[\"'`]?\]?\)?"
_SIGN = r"(?:=>|->|<-|→|:=|:-|\?=|==?|:)"
_IS = (
    r"(?:is|was|are|were|é|eh|era|eram|são|será|foi|es|son|est|sont|ist|c'est|ficou|becomes?|became"
    r"|(?:should|will|must|can) be|has been|pass(?:a|ou) a ser)"
    r"(?:\s(?:now|set to|agora|definida como|the following|as follows|a seguinte|o seguinte"
    r"|la siguiente))?"
    r"|(?:to|para|como|as)(?=\s[^\s]*\d)"
)
# `password: str = `, `password string = `, `Dim password As String = `, `password VARCHAR DEFAULT`
_TYPED = (
    r":[ \t]{0,2}&?[A-Za-z][\w.\[\]<>|?]{0,40}[ \t]{0,2}=(?![=>])"
    r"(?=[ \t]{0,2}(?:[\"'`]|[\w.$:]{1,60}(?:\(|[ \t](?:\|\||\?\?|or))))"
    r"|[ \t](?:string|str|\[\]byte|as string)[ \t]{0,2}:?="
    r"|[ \t](?:var)?char[^,\n=]{0,20}[ \t]default(?=[ \t])"
)
# "the password for the router is", "senha do wi-fi:", "token de acesso (produção):"
_BETWEEN = r"(?:[ \t]{1,2}\(?[^\W\d_][\w'’.\-]{0,19}\)?){0,4}?"
# A block of YAML, a string over lines, a line that goes on.
_BLOCK = r"(?:(?:[|>][+-]?\d?[ \t]{0,4}\n|\"\"\"|'''|\\\n)\s{0,16})?"
# `SecretStr(`, `os.getenv("DB_PASSWORD", `, `Field(default=`, `process.env.PASSWORD || `
_WRAPPED = (
    r"(?P<wrap>[A-Za-z_$][\w.:$]{0,60}(?:\(\)[\w.]{0,30}){0,3}"
    r"(?:\((?:[\"'][\w.\-]{1,40}[\"'](?P<second>,)[ \t]?)?"
    r"(?:default[ \t]?=[ \t]?)?|(?:\(?[\"']?[\w.]{0,40}[\"']?\)|\[[\"']\w{1,40}[\"']\])?"
    r"[ \t](?P<or>\|\||\?\?|or)[ \t])(?=[\"'`]))?"
)
_ITEM = r"(?:(?:[-*.]|\d{1,2}[.)])[ \t]{1,3})?"
_KEYED = r"[\"']?[\w.@\-]{1,40}[\"']?\s{0,2}(?::|=>|=)\s{0,2}"
# The opening bracket of a list, or of what holds the passwords of several names.
_OPENED = (
    rf"(?:(?(plural)(?P<map>[ \t]{{0,4}}\{{?\s{{0,16}}{_KEYED})|(?!))"
    rf"|\s{{0,16}}{_BLOCK}(?P<open>[\[(]\s{{0,16}})?{_ITEM})"
)
_SIGNED = re.compile(
    rf"{_WORD}(?:[_-]?(?:value|hash|\d))?(?P<suffix>{SUFFIX})?{_CLOSED}(?P<between>{_BETWEEN})"
    rf"(?:,[ \t](?:(?:base-?64|hex)[\w-]{{0,12}}|(?=c'est)))?"
    rf"(?:\*\*|__)?[ \t]{{0,4}}"
    rf"(?:(?P<typed>{_TYPED})|{_SIGN}|(?P<is>(?<=\s)(?:{_IS})(?::|(?:\s[^\W\d_]{{1,14}}){{1,5}}:|(?=\s))|(?:['’]s|(?<=\s)-{{1,2}})(?=\s)))(?:\*\*|__)?"
    rf"{_OPENED}(?:{_WRAPPED}{VALUE}|(?P<sign>(?=[^\s\w])|(?=\w{{1,3}}[^\s\w])))",
    re.IGNORECASE,
)
# Without a sign between: `password X`, a cell, a heading and what stands below it.
_FOLLOWED = re.compile(
    rf"(?:(?P<password>{PASSWORD})|{TOKEN})(?P<plural>s)?(?!\w)(?:[_-]?(?:value|hash|\d))?{_CLOSED}"
    rf"(?:[ \t](?:old|new|current|temporary|antig[ao]|nov[ao]|ac?tual|tempor[aá]ri[ao]|nueva|vieja"
    rf"|antigua|provis[oó]ri[ao])"
    rf"|(?P<of>[ \t](?:do|da|de|del|du|of|for|para|to)(?:[ \t][^\W\d_]{{1,14}}){{1,4}}?"
    rf"(?=[ \t]\S{{0,40}}[^\w\s'’.,:;\-])))?"
    rf"(?:\*\*|__)?(?:[ \t]{{0,20}}[|\t,;][ \t]{{0,20}}|\n?[-=]{{3,20}}\n\s?"
    rf"|\s{{1,3}}\(?|[ \t]{{4,20}}){VALUE}",
    re.IGNORECASE,
)
_IN_A_FIELD = (
    r"[\"']?(?:value|default|example|const|plain|plaintext|valor|content|text|current)[\"']?"
    r"\s{0,2}[:=]\s{0,2}"
)
_OTHER_FIELDS = (
    r"(?:[\"']?[\w-]{1,20}[\"']?\s{0,2}[:=]\s{0,2}[\"']?[\w./-]{1,40}[\"']?"
    r"(?:,\s{0,16}|\s{1,16})){0,3}"
)
# `password: {type: x, default: VALUE}`, `[db.password]` and `value = VALUE` in the next line
_NESTED = re.compile(
    rf"(?:(?P<password>{PASSWORD})|{TOKEN})[\"'`]?(?:\s{{0,2}}[:=]\s{{1,16}}\{{?|\s{{0,2}}[:=]?\s?\{{|\]\s?\n|,\s{{0,4}})"
    rf"\s{{0,16}}{_OTHER_FIELDS}{_IN_A_FIELD}{VALUE}",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(
    rf"(?:{PASSWORD}|(?<![^\W_])pass)s?[_\-](?P<bare>[^\s/\\\"'`<>|:,;()\[\]{{}}=]{{6,60}})",
    re.IGNORECASE,
)
_ENDING = re.compile(r"\.[A-Za-z]\w{1,4}\Z")
_CAPITAL_AND_NUMBER = re.compile(r"[A-ZÀ-Þ][a-zß-ÿ]{2,}\d{2,6}")
_NEXT = re.compile(
    rf"[\"'`*]{{0,2}}"
    rf"(?:[ \t](?:for|para|pra|no|na|on|in|at|do|da|of|pour)(?:[ \t][^\W\d_]{{1,14}}){{1,3}}?)?"
    rf"[ \t]{{0,2}}(?:[,;/&][ \t]{{0,3}}(?:(?:and|or|e|ou|y|o|et|und|oder)[ \t]|\n\s{{0,16}})?"
    rf"|[ \t](?:and|or|e|ou|y|o|et|und|oder)[ \t](?:also[ \t])?|,?\n[ \t]{{0,16}}(?=[-*.\d\"']))"
    rf"{_ITEM}{VALUE}",
    re.IGNORECASE,
)
_NEXT_KEYED = re.compile(
    rf"[\"'`]?(?:,\s{{0,16}}|[ \t]{{0,4}}\n[ \t]{{0,16}}){_KEYED}{VALUE}", re.IGNORECASE
)
_TYPED_IN = re.compile(
    r"[\"'\])]{1,4}\.(?:send_?keys|type|fill|set_?value|val|enter_?text|set|press_sequentially)\(\s{0,4}"
    r"(?:\"(?P<double>(?:[^\"\\\n]|\\.){4,100})\"|'(?P<single>(?:[^'\\\n]|\\.){4,100})')"
    r"|(?P<filled>[\"']\s?,\s?)(?:\"(?P<second>(?:[^\"\\\n]|\\.){4,100})\"|'(?P<third>(?:[^'\\\n]|\\.){4,100})')\)",
    re.IGNORECASE,
)
_FILLS = re.compile(
    r"\b(?:fill|type|send_?keys|set_?value|enter|input)\w{0,8}\([^()]{0,40}\Z", re.IGNORECASE
)
_NO_SIGN_OF_ONE = re.compile(r"@[\w-]+\.|[+%~'’=]")
_MOST_LISTED = 40
_FIELD = re.compile(r"[\w.\-]{1,40}[=:]")
_CODED = re.compile(r"\b(?:base-?64|b64|hex\w{0,10})\b", re.IGNORECASE)
_READ_FROM = re.compile(
    r"get|read|fetch|load|find|lookup|env|input|prompt|resolve|path|open|url|label|text|name|field"
    r"|\b_\Z|\bt\Z",
    re.IGNORECASE,
)


def find_in_prose(text: str, words: Sequence[int]) -> Iterator[Found]:
    """The values in a part of a text, without the words before them; they may overlap.

    words: where `secret_words.WORDS` begin.
    """
    for at in words:
        if match := _SIGNED.match(text, at):
            yield from _signed(text, match)
        if match := _FOLLOWED.match(text, at):
            yield from _followed(text, match)
        if match := _NESTED.match(text, at):
            start, end, quoted = span_of(text, match)
            if is_secret(
                text[start:end], password=match["password"] is not None, quoted=quoted is not None
            ):
                yield Found("secret", start, end)
        if name := WORDS.match(text, at):
            yield from _typed_in(text, name)
        if match := _FILE_NAME.match(text, at):
            value = _ENDING.sub("", match["bare"].rstrip(".?!*"))
            if _is_in_a_file_name(value):
                yield Found("secret", match.start("bare"), match.start("bare") + len(value))


def _followed(text: str, match: re.Match[str]) -> Iterator[Found]:
    start, end, quoted = span_of(text, match)
    password = match["password"] is not None
    end = password_end(text, start, end) if password and not quoted else end
    field = text[start - 1 : start] in (",", ";") and _FIELD.match(text, start)
    called = text[end : end + 1] in ("(", "[")
    if match["of"] and (
        not password or not any(map(is_sign, _NO_SIGN_OF_ONE.sub("", text[start:end])))
    ):
        return
    if not field and not called and is_bare_secret(text[start:end], password=password):
        yield Found("secret", start, end)
        yield from _listed(text, end, password=password)


def _typed_in(text: str, name: re.Match[str]) -> Iterator[Found]:
    """`find("password").send_keys(VALUE)`, `fill("#password", VALUE)`."""
    match = _TYPED_IN.match(text, name.end())
    if match is None or (
        match["filled"] and not _FILLS.search(text, max(0, name.start() - 60), name.start())
    ):
        return
    group = next(one for one in ("double", "single", "second", "third") if match[one])
    if is_secret(match[group], password=True, quoted=True):
        yield Found("secret", *match.span(group))


def _signed(text: str, match: re.Match[str]) -> Iterator[Found]:
    password = match["password"] is not None
    if match["suffix"] and password and match["full"] is None:
        return
    if match["sign"] is not None:
        span = signed_value(text, match.end()) if password and not match["open"] else None
        if span and match["between"] == "":
            yield Found("secret", *span)
        return
    start, end, quote = span_of(text, match)
    quoted = quote is not None
    if password and not quoted:
        end = password_end(text, start, end)
    value = text[start:end]
    if not quoted and (match["wrap"] or text[end : end + 1] in ("(", "[")):
        return
    if match["wrap"] and (_FIELD.match(value) or not _is_default(match)):
        return
    if match["typed"] and not quoted:
        return
    coded = _CODED.search(text, max(0, match.start() - 32), start)
    if coded and reads_as_text(value):
        yield Found("secret", start, end)
        return
    listed = match["plural"] is not None or match["open"] is not None
    following = _NEXT_KEYED if match["map"] is not None else _NEXT
    items = list(_listed(text, end, following, password=password, any_quoted=listed and quoted))
    if (
        match["plural"]
        and value.isdigit()
        and not any(text[one.start : one.end].isdigit() for one in items)
    ):
        return
    far = match["between"] != "" or match["suffix"] or match["wrap"] or _is_loose(match)
    if (match["password"] or "").lower().startswith("pin") and re.fullmatch(r"\d{4,8}", value):
        far = _is_loose(match)
    if listed and not quoted and not password:
        far = True
    if is_secret(value, password=password, quoted=quoted) and not (
        far and not is_strong(value, quoted=quoted)
    ):
        yield Found("secret", start, end)
        yield from items
    elif match["plural"] and password and items and len(value) >= 4 and quoted:
        yield from items


def _listed(
    text: str,
    at: int,
    following: re.Pattern[str] = _NEXT,
    *,
    password: bool,
    any_quoted: bool = False,
) -> Iterator[Found]:
    """What follows a value as the next ones of a list do. any_quoted: also words, in quotes."""
    for _ in range(_MOST_LISTED):
        match = following.match(text, at)
        if match is None:
            return
        start, end, quoted = span_of(text, match)
        value = text[start:end]
        if _FIELD.match(value) or text[end : end + 2].lstrip("\"'`").startswith(("=", ":", "(")):
            return
        by_quotes = any_quoted and quoted and is_secret(value, password=password, quoted=True)
        short = value.isdigit() and 4 <= len(value) <= 8 and password
        if not (by_quotes or short or is_bare_secret(value, password=password)):
            return
        yield Found("secret", start, end)
        at = end


def _is_default(match: re.Match[str]) -> bool:
    """Whether what stands in a call is the value, and not the name by which it is read."""
    if match["or"] or match["second"] or "default" in match["wrap"].lower():
        return True
    return _READ_FROM.search(match["wrap"].rstrip("( \t")) is None


def _is_loose(match: re.Match[str]) -> bool:
    """Whether the linking word is ambiguous: "set the password to", "use it as"."""
    linking = (match["is"] or "").lower()
    return linking.endswith(":") or linking in ("to", "para", "como", "as", "-", "--", "'s", "’s")


def _is_in_a_file_name(value: str) -> bool:
    """Whether a part of a name is a password: not a version, a number of a build, or words."""
    if not is_bare_secret(value, password=True) or re.fullmatch(r"[\da-fA-F]+", value):
        return False
    if any(not mark.isalnum() and mark not in "._-~+" for mark in value):
        return True
    parts = re.split(r"[._-]", value)
    if len(parts) > 1:
        return False
    mixed = any(map(str.isupper, value)) and any(map(str.islower, value))
    return mixed and (
        _CAPITAL_AND_NUMBER.fullmatch(value) is not None
        or re.search(r"\d[A-Za-z]|[a-z][A-Z]", value) is not None
    )
