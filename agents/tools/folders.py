"""Folders: the places that tools may read, opened so that no path and no link leads out of them."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agents.tools.tool import PUBLIC, ToolFailed, ToolRefused
from router.errors import ConfigError

_MOST_CHARS = 1000
_DEEPEST = 40
_SYSTEM = ("/proc", "/sys", "/dev")
_ELSEWHERE = re.compile(r"^[A-Za-z]:|^[\\/]{2}|://|^file:|%(?:2e|2f|5c|00)", re.IGNORECASE)
_OPEN = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
# Should a pipe or terminal stand in place of a file: never block on it, nor acquire it.
_OPEN |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that tools may read, with all that is in it.

    label: of what is read from it. name: what a model calls it; the path's last part if empty.
    hidden: whether names that begin with a dot may be read too.
    """

    path: Path
    label: str = PUBLIC
    name: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """An open file or folder; the descriptor belongs to whoever opened it. shown: its path."""

    descriptor: int
    shown: str
    folder: Folder
    facts: os.stat_result


class Folders:
    """Folders by name. A path is `name/...`; without a name where there is one folder only.

    Every part of a path is opened in the one before it and no link is followed, so that nothing
    can be exchanged between a check and the opening. A folder within another one has its own
    label. Raises ConfigError for one that is not there, or that holds no user's files.
    """

    def __init__(self, folders: Iterable[Folder]) -> None:
        if os.open not in os.supports_dir_fd:
            raise ConfigError("folders for tools: this system cannot open a file within a folder")
        self._folders: dict[str, Folder] = {}
        for folder in folders:
            path = Path(os.path.realpath(os.path.expanduser(folder.path)))
            if not path.is_dir():
                raise ConfigError(f"folders for tools: {folder.path} is not a folder")
            if path == Path("/") or any(path.is_relative_to(system) for system in _SYSTEM):
                raise ConfigError(f"folders for tools: {path} belongs to the system, not to a user")
            name = folder.name or path.name
            if "/" in name:
                raise ConfigError(f"folders for tools: the name {name!r} must not hold a slash")
            if name in self._folders:
                raise ConfigError(f"folders for tools: two are called {name!r}: give one a `name`")
            self._folders[name] = Folder(path, folder.label, name, folder.hidden)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._folders)

    @contextmanager
    def opened(self, path: str, *, directory: bool = False) -> Iterator[Place]:
        """The file or folder at `path`, until the block ends. Raises ToolRefused, ToolFailed."""
        folder, parts = self._located(path)
        roots = self._roots()
        place = _root(folder)
        try:
            for number, part in enumerate(parts, start=1):
                before = place
                place = _within(before, part, directory or number < len(parts), roots)
                os.close(before.descriptor)
            if not directory and not parts:
                raise ToolFailed("that is a folder, and no file", label=folder.label)
            yield place
        finally:
            os.close(place.descriptor)

    @contextmanager
    def entered(self, place: Place, name: str, *, directory: bool) -> Iterator[Place]:
        """What is called `name` in an open folder, as `opened` does it."""
        inner = _within(place, name, directory, self._roots())
        try:
            yield inner
        finally:
            os.close(inner.descriptor)

    def real_path(self, place: Place) -> Path:
        """The path of an open file. Another file may be there by now: compare the inode."""
        _, parts = self._located(place.shown)
        return self._folders[place.shown.partition("/")[0]].path.joinpath(*parts)

    def _roots(self) -> dict[tuple[int, int], Folder]:
        """The folders by device and inode: however a path spells one, it is recognised."""
        found = {}
        for folder in self._folders.values():
            try:
                facts = folder.path.stat()
            except OSError:
                continue
            found[facts.st_dev, facts.st_ino] = folder
        return found

    def _located(self, path: str) -> tuple[Folder, tuple[str, ...]]:
        """The folder of a path and the rest of the path, by its text; the disk is not read."""
        known = f"there are: {', '.join(self._folders) or 'none'}"
        _refuse_tricks(path, known)
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/"):
            for folder in sorted(self._folders.values(), key=lambda one: -len(one.path.parts)):
                root = folder.path.parts[1:]
                if tuple(parts[: len(root)]) == root:
                    return folder, tuple(parts[len(root) :])
            raise ToolRefused(f"the path is outside the folders that may be read; {known}")
        if parts and parts[0] in self._folders:
            return self._folders[parts[0]], tuple(parts[1:])
        if len(self._folders) == 1:
            return next(iter(self._folders.values())), tuple(parts)
        raise ToolRefused(f"the path must begin with a folder that may be read; {known}")


def _refuse_tricks(path: str, known: str) -> None:
    if not path or len(path) > _MOST_CHARS or path.count("/") > _DEEPEST:
        raise ToolRefused(f"the path is empty, too long or too deep; {known}")
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in path):
        raise ToolRefused("the path holds a sign that cannot be seen")
    if "\\" in path or path.startswith("~") or _ELSEWHERE.search(path):
        raise ToolRefused(f"the path must be written as folder/name, from its folder; {known}")
    for part in path.split("/"):
        # Characters that look like dots and slashes, or become some on another system.
        plain = unicodedata.normalize("NFKC", part)
        if ".." in (part, plain):
            raise ToolRefused(f"the path must not hold '..'; {known}")
        looks = re.search(r"[/\\\u2044\u2215\u29f8\u29f5\x00]", plain)
        if looks or (plain[:1] in ("~", ".") and plain[:1] != part[:1]):
            raise ToolRefused("the path holds a sign that only looks like a dot or a slash")


def _root(folder: Folder) -> Place:
    try:
        descriptor = os.open(folder.path, _OPEN | getattr(os, "O_DIRECTORY", 0))
    except OSError as error:
        raise ToolFailed(
            f"the folder {folder.name} cannot be opened", label=folder.label
        ) from error
    return Place(descriptor, folder.name, folder, os.fstat(descriptor))


def _within(
    place: Place, name: str, directory: bool, roots: dict[tuple[int, int], Folder]
) -> Place:
    """Opens `name` in an open folder, checking it before and after."""
    label = place.folder.label
    if name.startswith(".") and not place.folder.hidden:
        raise ToolRefused("names that begin with a dot are hidden, and not read")
    descriptor = -1
    try:
        _refuse_special(os.stat(name, dir_fd=place.descriptor, follow_symlinks=False), directory)
        descriptor = os.open(name, _OPEN, dir_fd=place.descriptor)
        facts = os.fstat(descriptor)
        _refuse_special(facts, directory)
        folder = roots.get((facts.st_dev, facts.st_ino), place.folder)
        if directory and facts.st_dev != place.facts.st_dev and folder is place.folder:
            raise ToolRefused("another file system begins there, which is not read")
    except (ToolRefused, ToolFailed) as fault:
        _close(descriptor)
        fault.label = label
        raise
    except OSError as error:
        _close(descriptor)
        raise _told(error, label) from error
    return Place(descriptor, f"{place.shown}/{name}", folder, facts)


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


def _refuse_special(facts: os.stat_result, directory: bool) -> None:
    if stat.S_ISLNK(facts.st_mode):
        raise ToolRefused("a part of the path is a symbolic link; links are not followed")
    if directory and stat.S_ISREG(facts.st_mode):
        raise ToolFailed("a part of the path is a file, and no folder")
    if not directory and stat.S_ISDIR(facts.st_mode):
        raise ToolFailed("that is a folder, and no file")
    if not stat.S_ISDIR(facts.st_mode) and not stat.S_ISREG(facts.st_mode):
        raise ToolRefused("that is a device, a pipe or a socket, and no file")


def _told(error: OSError, label: str) -> ToolRefused | ToolFailed:
    if error.errno == errno.ELOOP:
        return ToolRefused("a part of the path is a symbolic link; links are not followed")
    if error.errno == errno.ENOENT:
        return ToolFailed("there is no such file or folder", label=label)
    if error.errno in (errno.EACCES, errno.EPERM):
        return ToolFailed("this user may not read it", label=label)
    return ToolFailed(f"it cannot be opened ({errno.errorcode.get(error.errno or 0, '?')})")
