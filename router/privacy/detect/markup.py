"""Finds secrets in elements, attributes and pairs of a name and a value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.privacy.detect.found import HIDDEN, Found
from router.privacy.detect.secret_words import PASS, PASSWORD, TOKEN
from router.privacy.detect.values import VALUE, is_secret, span_of

_ONE = rf"(?<!reset[_-])(?<!forgot[_-])(?<!change[_-])(?:(?P<password>{PASSWORD}|{PASS})|{TOKEN})"
_NAME = rf"[\w.\-]{{0,40}}{_ONE}[\w.\-]{{0,20}}"
_QUOTED_NAME = rf"[\"'][\w.\-]{{0,40}}{_ONE}[\"']"
_ROOM = rf"\s{{0,16}}{HIDDEN}?\s{{0,16}}"
_TEXT = rf"{_ROOM}(?P<bare>[^<>\s{HIDDEN}][^<>\n{HIDDEN}]{{3,500}}?){_ROOM}"
_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE), marked)
    for pattern, marked in (
        # <password>X</password>
        (rf"<(?:\w{{1,20}}:)?{_NAME}(?:\s[^<>]{{0,100}})?>{_TEXT}</", True),
        # <password value="X"/>, <input type="password" value="X">
        (rf"<(?:\w{{1,20}}:)?{_NAME}\s[^<>]{{0,100}}?\bvalue\s?=\s?{VALUE}", False),
        (
            rf"<input\b[^<>]{{0,100}}\btype\s?=\s?[\"']?(?P<password>password)\b[^<>]{{0,100}}?\bvalue\s?=\s?{VALUE}",
            False,
        ),
        # <entry key="password">X</entry>, <property name="password"><value>X</value>
        (
            rf"<\w{{1,30}}\s[^<>]{{0,60}}?(?:key|name|id)\s?=\s?{_QUOTED_NAME}[^<>/]{{0,60}}>(?:\s{{0,16}}<(?:value|string)>)?{_TEXT}</",
            True,
        ),
        # <key>password</key><string>X</string>, <dt>Password</dt><dd>X</dd>
        (
            rf"<(key|name|dt|th)>\s{{0,4}}{_NAME}\s{{0,4}}</\1>\s{{0,16}}<(?:string|value|dd|td)>{_TEXT}</",
            True,
        ),
        # name="password" value="X"; - name: DB_PASSWORD, value: X
        (
            rf"(?<![^\W_])(?:name|key|id|field)[\"']?\s{{0,2}}[:=]\s{{0,2}}[\"']?{_NAME}[\"']?[\s,]{{0,12}}"
            rf"[\"']?value[\"']?\s{{0,2}}[:=]\s{{0,2}}{VALUE}",
            False,
        ),
    )
)


def find_in_markup(text: str) -> Iterator[Found]:
    """The values in a part of a text; they may overlap."""
    for pattern, marked in _PATTERNS:
        for match in pattern.finditer(text):
            start, end, quoted = span_of(text, match)
            value, password = text[start:end], match["password"] is not None
            if not value.startswith("-") and is_secret(
                value, password=password, quoted=marked or quoted is not None
            ):
                yield Found("secret", start, end)
