"""Texts in Base64 and in hexadecimal digits."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

_CODED = re.compile(
    r"(?<![A-Za-z0-9+/_\-])(?:0x(?=[0-9a-fA-F]{16}))?"
    r"(?:[A-Za-z0-9+/]{16,}+={0,2}(?![A-Za-z0-9_\-=])|[A-Za-z0-9_\-]{16,}+={0,2}(?![A-Za-z0-9+/=]))"
)
LEAST_CHARS = 16
"""Shorter words are too often something else."""
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_LOOKED_AT_CHARS = 24
_MOST_CHARS = 1_000_000


def encoded_texts(text: str) -> Iterator[tuple[int, int, str]]:
    """Where a word is a text in Base64 or hexadecimal digits, and that text."""
    if max(map(len, text.split()), default=0) < LEAST_CHARS:
        return
    for match in _CODED.finditer(text):
        word = match[0].removeprefix("0x")
        start = match.end() - len(word)
        if (meant := _text_in(word)) is not None:
            yield start, match.end(), meant


def reads_as_text(word: str) -> bool:
    """Whether a word, however short, is a text in one of the two."""
    return len(word) >= 8 and _text_in(word.removeprefix("0x")) is not None


def _text_in(word: str) -> str | None:
    # The beginning tells nearly always: a word or a hash decodes to bytes that are no text.
    cut = len(word) > _LOOKED_AT_CHARS
    if _HEX.fullmatch(word, 0, _LOOKED_AT_CHARS if cut else len(word)):
        beginning = bytes.fromhex(word[:_LOOKED_AT_CHARS])
        if _is_text(beginning, cut=cut) and _HEX.fullmatch(word):
            return _decoded(bytes.fromhex(word), cut=False)
    if not any(map(str.isupper, word)) and not word.endswith("="):
        return None
    beginning_64 = _from_base64(word[:_LOOKED_AT_CHARS] if cut else word)
    if beginning_64 is None or not _is_text(beginning_64, cut=cut):
        return None
    whole = _from_base64(word[:_MOST_CHARS])
    return None if whole is None else _decoded(whole, cut=False)


def _from_base64(word: str) -> bytes | None:
    bare = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_text(raw: bytes, *, cut: bool) -> bool:
    return _decoded(raw, cut=cut) is not None


def _decoded(raw: bytes, *, cut: bool) -> str | None:
    """The text; None where it has other signs. cut: its last character may be incomplete."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as bad:
        if not cut or bad.start < len(raw) - 3:
            return None
        text = raw[: bad.start].decode()
    plain = sum(mark.isprintable() or mark in "\r\n\t" for mark in text)
    return text if text and plain == len(text) else None
