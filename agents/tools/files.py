"""read_file, list_files and search_text: what stands in the folders that may be read."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated

from pydantic import Field

from agents.tools.folders import Folders, Place
from agents.tools.tool import PUBLIC, Output, Tool, ToolFault, ToolRefused, tool

_BINARY = frozenset((*range(9), *range(14, 27), *range(28, 32)))
_MOST_ENTRIES = 10_000
_SEARCH_S = 5.0
_SEARCH_BYTES = 50_000_000
_SEARCH_FILE_BYTES = 2_000_000
_SEARCH_FILES = 5000
_SEARCH_DEPTH = 20
_LINE_CHARS = 200

_Path = Annotated[str, Field(description="folder/name, as list_files shows it", max_length=1000)]


def file_tools(folders: Folders) -> tuple[Tool, ...]:
    """The three tools, for these folders."""

    @tool
    def read_file(
        path: _Path,
        offset: Annotated[int, Field(ge=0, le=2**40, description="first byte to read")] = 0,
        max_bytes: Annotated[int, Field(ge=1, le=100_000)] = 20_000,
    ) -> Output:
        """Reads a text file, or a part of a long one."""
        with folders.opened(path) as place:
            raw = os.pread(place.descriptor, max_bytes, offset)
            text = decoded(raw, whole=offset == 0 and len(raw) < max_bytes)
            end, size = offset + len(raw), place.facts.st_size
            if end < size or offset:
                text += f"\n[bytes {offset} to {end} of {size}; offset {end} reads on]"
            return Output(text, place.folder.label)

    @tool
    def list_files(
        folder: Annotated[str, Field(description="'.' lists the folders", max_length=1000)] = ".",
        max_entries: Annotated[int, Field(ge=1, le=1000)] = 200,
    ) -> Output:
        """Lists what is in a folder: folders with a slash, files with their size."""
        if folder.strip("/") in ("", ".") and len(folders.names) != 1:
            return Output("\n".join(f"{name}/" for name in folders.names) or "nothing", PUBLIC)
        with folders.opened(folder, directory=True) as place:
            names, more = _names(place, max_entries)
            lines = [_entry(place, name) for name in names]
            if more:
                lines.append(f"[more than {len(names)} entries; only these are shown]")
            return Output("\n".join(lines) or "nothing", place.folder.label)

    @tool
    def search_text(
        text: Annotated[str, Field(min_length=1, max_length=200, description="to be found as is")],
        folder: Annotated[str, Field(max_length=1000)] = ".",
        same_case: bool = False,
        max_hits: Annotated[int, Field(ge=1, le=200)] = 50,
    ) -> Output:
        """Finds the lines that hold a text, in all files of a folder and of the folders in it."""
        search = _Search(folders, text, same_case, max_hits)
        with folders.opened(folder, directory=True) as place:
            search.walk(place, 0)
            lines = search.hits or ["nothing found"]
            if search.stopped:
                lines.append(f"[not searched to the end: {search.stopped}]")
            return Output("\n".join(lines), place.folder.label)

    return (read_file, list_files, search_text)


def decoded(raw: bytes, *, whole: bool = True) -> str:
    """Text of a file; a character cut at either end of a part is left out.

    What is not UTF-8 is read as Windows' Western European. Raises ToolRefused for a binary file.
    """
    if not _BINARY.isdisjoint(raw):
        raise ToolRefused("that is a binary file, and no text")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if whole:
            return raw.decode("cp1252", errors="replace")
        cut = raw.lstrip(bytes(range(0x80, 0xC0))) if error.start < 3 else raw
        try:
            cut.decode()
        except UnicodeDecodeError as again:
            if again.start < len(cut) - 3:
                return raw.decode("cp1252", errors="replace")
        return cut.decode(errors="ignore")


def _names(place: Place, most: int) -> tuple[list[str], bool]:
    """Names in a folder, sorted, the hidden ones left out; whether there are more."""
    with os.scandir(place.descriptor) as entries:
        found = [entry.name for entry in islice(entries, _MOST_ENTRIES)]
    shown = sorted(name for name in found if place.folder.hidden or not name.startswith("."))
    return shown[:most], len(shown) > most or len(found) == _MOST_ENTRIES


def _entry(place: Place, name: str) -> str:
    shown = f"{place.shown}/{name}".encode(errors="replace").decode()
    shown = "".join(sign if sign.isprintable() else "?" for sign in shown)
    try:
        facts = os.stat(name, dir_fd=place.descriptor, follow_symlinks=False)
    except OSError:
        return f"{shown} (gone)"
    if stat.S_ISDIR(facts.st_mode):
        return f"{shown}/"
    if stat.S_ISREG(facts.st_mode):
        return f"{shown} ({facts.st_size} bytes)"
    return f"{shown} ({'a link' if stat.S_ISLNK(facts.st_mode) else 'no file'}; not read)"


@dataclass
class _Search:
    """One search: plain text, no pattern, and an end to time, bytes, files and hits."""

    folders: Folders
    text: str
    same_case: bool
    most_hits: int
    hits: list[str] = field(default_factory=list)
    stopped: str = ""
    _bytes: int = 0
    _files: int = 0
    _until: float = field(default_factory=lambda: time.monotonic() + _SEARCH_S)

    def walk(self, place: Place, depth: int) -> None:
        names, more = _names(place, _MOST_ENTRIES)
        if more:
            self.stopped = "a folder has too many entries"
        for name in names:
            if self._enough():
                return
            self._look(place, name, depth)

    def _look(self, place: Place, name: str, depth: int) -> None:
        try:
            facts = os.stat(name, dir_fd=place.descriptor, follow_symlinks=False)
            directory = stat.S_ISDIR(facts.st_mode)
            if directory and depth >= _SEARCH_DEPTH:
                self.stopped = "the folders are too deep"
                return
            with self.folders.entered(place, name, directory=directory) as inner:
                if not directory:
                    self._read(inner)
                elif inner.folder is place.folder:
                    self.walk(inner, depth + 1)
                else:  # what is found there has another label
                    self.stopped = f"{inner.folder.name} is a folder of its own"
        except (OSError, ToolFault):
            return  # a link, a device, a binary file, one that is gone

    def _read(self, place: Place) -> None:
        self._files += 1
        raw = os.pread(place.descriptor, _SEARCH_FILE_BYTES, 0)
        self._bytes += len(raw)
        if len(raw) < place.facts.st_size:
            self.stopped = "of long files only the beginning"
        for number, line in enumerate(self._lines(raw), start=1):
            if self._enough():
                return
            found = line.find(self.text) if self.same_case else self._folded(line)
            if found >= 0:
                start = max(0, found - _LINE_CHARS // 2)
                shown = line[start : start + _LINE_CHARS].strip()
                self.hits.append(f"{place.shown}:{number}: {shown}")

    def _lines(self, raw: bytes) -> Iterator[str]:
        return iter(decoded(raw, whole=len(raw) < _SEARCH_FILE_BYTES).split("\n"))

    def _folded(self, line: str) -> int:
        return line.casefold().find(self.text.casefold())

    def _enough(self) -> bool:
        if len(self.hits) >= self.most_hits:
            self.stopped = f"{self.most_hits} hits"
        elif time.monotonic() > self._until:
            self.stopped = f"it took {_SEARCH_S:g} s"
        elif self._bytes > _SEARCH_BYTES:
            self.stopped = f"{_SEARCH_BYTES:,} bytes"
        elif self._files > _SEARCH_FILES:
            self.stopped = f"{_SEARCH_FILES:,} files"
        else:
            return False
        return True
