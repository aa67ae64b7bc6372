"""Reads a JSON object as people sketch one: `{"a", "b": number, "c": [{"d": ...}]}`."""

from __future__ import annotations

import re

from router.form.types_of import BOTH, TYPE_OF, kind_in

_QUOTES = "\"'`“”"
_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>\"[^\"\n]*\"|'[^'\n]*'|“[^”\n]*”|`[^`\n]*`)|(?P<mark>[{}\[\]:,;])"
    r"|(?P<bare>(?:[^\s{}\[\]:,;\"'“`]|(?<=\w):(?=\w))(?:[^\n{}\[\]:,;\"“`]"
    r"|(?<=[A-Za-z]):(?=[A-Za-z]))*))"
)


class Example:
    """Reads an object as people sketch one: values may be left out, or be names of types."""

    def __init__(self, body: str) -> None:
        self._tokens = [m for m in _TOKEN.finditer(body) if m[0].strip()]
        self._at = 0
        self.paths: list[str] = []
        self.types: dict[str, str] = {}
        self.bare = False
        self.quoted = False
        """bare: a key stands without a value; quoted: one is in quotation marks."""

    def read(self) -> bool:
        try:
            self._object("")
        except (IndexError, ValueError):
            return False
        return self._at == len(self._tokens) and len(set(self.paths)) == len(self.paths)

    def _next(self) -> re.Match[str]:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _peek(self) -> str | None:
        return self._tokens[self._at]["mark"] if self._at < len(self._tokens) else None

    def _object(self, prefix: str) -> None:
        if self._next()["mark"] != "{":
            raise ValueError
        while self._peek() != "}":
            key = self._next()
            name = (key["quoted"] or key["bare"] or "").strip().strip(_QUOTES).strip()
            if name in ("...", "…", "etc", "etc."):
                name = ""
            elif not re.fullmatch(r"[^\W\d][\w-]*(?:\[\])?\??", name):
                raise ValueError
            self.quoted = self.quoted or key["quoted"] is not None
            path = f"{prefix}{name.rstrip('?')}"
            if self._peek() == ":":
                self._at += 1
                self._value(path)
            elif name:
                self.bare = True
                self.paths.append(path)
            if self._peek() in (",", ";"):
                self._at += 1
            elif self._peek() != "}":
                raise ValueError
        self._at += 1

    def _value(self, path: str) -> None:
        mark = self._peek()
        if mark == "{":
            before = len(self.paths)
            self._object(f"{path}.")
            if len(self.paths) == before:
                self.paths.append(path)
        elif mark == "[":
            self._array(path)
        elif mark in (",", "}"):
            self.bare = True
            self.paths.append(path)
        else:
            written = ""
            while self._peek() is None:
                token = self._next()
                written += token["quoted"] or token["bare"]
            self.paths.append(path)
            kind = _kind_of_value(written)
            if self._peek() == "[":  # string[]
                self._at += 2
                kind = "array"
            if kind:
                self.types[path] = kind

    def _array(self, path: str) -> None:
        self._at += 1
        before = len(self.paths)
        depth = 1
        if self._peek() == "{":
            self._object(f"{path}[].")
        while depth:
            mark = self._next()["mark"]
            depth += (mark == "[") - (mark == "]")
        if len(self.paths) == before:
            self.paths.append(path)
            self.types[path] = "array"


def _kind_of_value(written: str) -> str | None:
    quoted = written[:1] in _QUOTES
    bare = written.strip().strip(_QUOTES).strip("<> ").lower()
    if BOTH.fullmatch(bare) or (not quoted and bare in ("true", "false")):
        return "boolean"
    if not quoted and re.fullmatch(r"-?\d+(?:[.,]\d+)?", bare):
        return "number"
    return TYPE_OF.get(bare) or kind_in(bare if len(bare.split()) <= 3 and not quoted else "")
