"""Learned versions as numbered files in the home: written atomically, never changed.

A rollback is a new version with the offsets of an old one: the history stays, and outcomes that
were undone are not learned again. The version with the greatest number is in use; one that cannot
be read is skipped, with a warning.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from router.errors import ConfigError
from router.learned.version import FORMAT, Version

KEPT_VERSIONS = 200
"""Older files are removed; one has some kilobytes."""

_NAME = re.compile(r"(\d{4,9})\.json")

log = structlog.get_logger()


class Versions:
    """The files of one home. Reading creates nothing."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "learned"

    def stamp(self) -> tuple[int, int]:
        """Changes when a file was added or removed: the folder's time alone may be too coarse.

        Zeros where there is no folder. Raises ConfigError.
        """
        try:
            changed = self.folder.stat().st_mtime_ns
        except OSError:
            return (0, 0)
        return (changed, self.next_number())

    def numbers(self) -> list[int]:
        """Of the files, whatever is in them, in their order. Raises ConfigError."""
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigError(f"{self.folder} cannot be read: {error.strerror}") from None
        return sorted(int(found[1]) for name in names if (found := _NAME.fullmatch(name)))

    def load(self, number: int) -> Version:
        """Raises ConfigError for one that is not there, damaged, or of another program."""
        path = self.path(number)
        cure = "the version before it serves; remove the file, or put it back from a copy"
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            known = ", ".join(map(str, self.numbers()[-10:])) or "none"
            raise ConfigError(f"there is no learned version {number}: known are {known}") from None
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}: {cure}") from None
        try:
            stored: dict[str, Any] = json.loads(text)
            said = stored.pop("checksum")
            version = Version.model_validate(stored)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            what = "a value is wrong" if isinstance(error, ValidationError) else "not its form"
            raise ConfigError(f"{path} is no learned version ({what}): {cure}") from None
        if version.format != FORMAT:
            raise ConfigError(
                f"{path} is of format {version.format}, and this program reads {FORMAT}: {cure}"
            )
        if said != _checksum(stored) or version.number != number:
            raise ConfigError(f"{path} was changed after it was written: {cure}")
        return version

    def newest(self) -> Version | None:
        """The one that serves; None: the shipped figures. Warns of each that cannot be read."""
        for number in reversed(self.numbers()):
            try:
                return self.load(number)
            except ConfigError as error:
                log.warning("learned.unreadable", number=number, error=str(error))
        return None

    def save(self, version: Version) -> Path:
        """Written whole or not at all; ConfigError where the home cannot hold it."""
        stored = version.model_dump(mode="json")
        text = json.dumps(stored | {"checksum": _checksum(stored)}, indent=1) + "\n"
        path = self.path(version.number)
        made = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with made.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            made.replace(path)
            _sync(self.folder)
            for number in self.numbers()[:-KEPT_VERSIONS]:
                self.path(number).unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
        return path

    def next_number(self) -> int:
        return max(self.numbers(), default=0) + 1

    def path(self, number: int) -> Path:
        return self.folder / f"{number:04d}.json"

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One process at a time makes versions; ConfigError for the second one.

        What a killed one left half written is removed.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"{self.folder} cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in self.folder.glob(".*.json.*"):
                left.unlink(missing_ok=True)
            yield
        except BlockingIOError:
            raise ConfigError(
                f"another process is writing to {self.folder}: try again once it has ended"
            ) from None
        finally:
            os.close(lock)


def _checksum(stored: dict[str, Any]) -> str:
    shape = json.dumps(stored, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(shape.encode()).hexdigest()


def _sync(folder: Path) -> None:
    """So that the new name survives a crash of the machine too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
