"""Which configurations of other folders the user has looked at and trusts, by their content.

Remembered in the user's own configuration folder, one small file for each path: the path, and the
SHA-256 of what was looked at. Another content is another configuration, and asked for again.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from router.errors import ConfigError
from router.settings.dangers import Danger
from router.wording import printable

MOST_TOLD = 50


class UntrustedConfig(ConfigError):
    """A configuration that was found, not named, does what only a trusted one may."""

    def __init__(self, path: Path, sha256: str, dangers: Sequence[Danger]) -> None:
        self.path, self.sha256, self.dangers = path, sha256, tuple(dangers)
        super().__init__(
            f"the configuration {printable(str(path))} was found in this folder, and nobody has "
            f"trusted what it says:\n{told(dangers)}"
            "Look at it, then run  edgeward config trust  in its folder; or name it with --config, "
            "or leave it out with --config and another file"
        )


def told(dangers: Sequence[Danger]) -> str:
    """One line each, for a terminal."""
    lines = [f"  {printable(str(one))}\n" for one in dangers[:MOST_TOLD]]
    if len(dangers) > MOST_TOLD:
        lines.append(f"  and {len(dangers) - MOST_TOLD} more\n")
    return "".join(lines)


def own_folder() -> Path:
    """The folder of the user's own configuration, which needs no trust: only they write there."""
    return Path("~/.config/edgeward").expanduser()


def is_trusted(path: Path, sha256: str) -> bool:
    """Whether the user has trusted this content at this place."""
    record = _record(path)
    try:
        seen = record.stat()
        if seen.st_uid != os.getuid() or stat.S_IMODE(seen.st_mode) & 0o022:
            return False  # somebody else may have written it
        kept = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(kept, dict) and kept == _entry(path, sha256)


def remember(path: Path, sha256: str) -> Path:
    """Trust this content at this place from now on; where that is kept. Raises ConfigError."""
    record = _record(path)
    try:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=record.parent)  # mode 600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(_entry(path, sha256), file)
        Path(name).replace(record)
    except OSError as error:
        raise ConfigError(f"{record} cannot be written: {error.strerror}") from None
    return record


def forget(path: Path) -> bool:
    """Trust no content at this place any more; whether one was trusted. Raises ConfigError."""
    try:
        _record(path).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigError(f"{_record(path)} cannot be removed: {error.strerror}") from None
    return True


def trusted_paths() -> list[str]:
    """Where a configuration is trusted, by name; what cannot be read is left out."""
    found = []
    for record in sorted((own_folder() / "trusted").glob("*.json")):
        try:
            found.append(str(json.loads(record.read_text(encoding="utf-8"))["path"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found)


def _place(path: Path) -> Path:
    """The folder and the name in it: a link to a trusted file is not trusted in another folder,
    where the relative paths in it mean other files."""
    return path.parent.resolve() / path.name


def _record(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(_place(path))).hexdigest()
    return own_folder() / "trusted" / f"{name}.json"


def _entry(path: Path, sha256: str) -> dict[str, str]:
    return {"path": os.fsencode(_place(path)).decode("utf-8", "replace"), "sha256": sha256}
