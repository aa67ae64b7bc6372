"""Fetches a model from the Hugging Face Hub: looks first, then downloads, and goes on where it was.

Only what a model needs: weights as safetensors or GGUF, and the small files beside them. Pickles
are left where they are: reading one may run code. HF_ENDPOINT and HF_TOKEN count, as for the Hub's
own tools.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from router.errors import ConfigError, EdgewardError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_WEIGHTS = (".safetensors", ".gguf")
_BESIDE = (".json", ".jinja", ".model", ".txt", ".md", ".py")
_SPARE_BYTES = 500 * 2**20
"""That stay free on the disk after the download."""


class PullFailed(EdgewardError):
    """The Hub cannot be reached, or does not give the model; what was fetched stays there."""

    retryable = True


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository. bytes: 0 where the Hub does not tell."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository at one commit, and the files of it that are wanted."""

    repo: str
    commit: str
    files: tuple[RemoteFile, ...]
    licence: str | None

    @property
    def total_bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def weights_bytes(self) -> int:
        return sum(file.bytes for file in self.files if file.name.endswith(_WEIGHTS))


def look(repo: str, *, revision: str | None = None, include: str | None = None) -> Remote:
    """What there is to fetch; downloads nothing.

    include: a pattern for the weight files, as *Q4_K_M*. Raises ConfigError for a wrong name or
    where a choice must be made, PullFailed where the Hub cannot be asked.
    """
    with _said(repo, revision):
        info = _api().model_info(repo, revision=revision, files_metadata=True)
    files = tuple(
        RemoteFile(one.rfilename, one.size or 0)
        for one in info.siblings or ()
        if _wanted(one.rfilename, include)
    )
    weights = [file for file in files if file.name.endswith(_WEIGHTS)]
    if not weights:
        every = sorted(one.rfilename for one in info.siblings or ())
        raise ConfigError(_nothing(repo, include, every))
    ggufs = [file for file in weights if file.name.endswith(".gguf")]
    if include is None and len(ggufs) > 1 and not _parts_of_one(ggufs):
        sizes = ", ".join(f"{file.name} ({file.bytes / 2**30:.1f} GiB)" for file in ggufs[:12])
        raise ConfigError(f"{repo} has {len(ggufs)} GGUF files: choose with --include: {sizes}")
    licence = (info.card_data or {}).get("license") if info.card_data else None
    return Remote(repo, info.sha or "main", files, licence)


def check_room(remote: Remote, target: Path) -> None:
    """ConfigError where the disk is too small for what is still to come."""
    place = next(one for one in (target, *target.parents) if one.exists())
    here = sum(
        file.bytes
        for file in remote.files
        if (target / file.name).is_file() and (target / file.name).stat().st_size == file.bytes
    )
    free = shutil.disk_usage(place).free
    need = remote.total_bytes - here + _SPARE_BYTES
    if need > free:
        raise ConfigError(
            f"{remote.repo} needs {need / 2**30:.1f} GiB on the disk of {place}, "
            f"{free / 2**30:.1f} are free: free some, or name another place with --to"
        )


def check_fit(remote: Remote, budget_bytes: int, where: str) -> str | None:
    """A warning where the weights alone are more than `budget_bytes`; the window comes on top."""
    if remote.weights_bytes <= budget_bytes:
        return None
    return (
        f"the weights are {remote.weights_bytes / 2**30:.1f} GiB, {where} has "
        f"{budget_bytes / 2**30:.1f} for models: it can only be used after quantising"
    )


def fetch(remote: Remote, target: Path, progress: Callable[[str, int], None]) -> None:
    """Download what is missing into `target`, the small files first; a second call goes on.

    progress: called with the file and how many more bytes of it are there; fewer where the server
    begins again. Raises PullFailed.
    """
    for file in sorted(remote.files, key=lambda file: file.bytes):
        path = target / file.name
        if path.is_file() and path.stat().st_size == file.bytes:
            progress(file.name, file.bytes)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with _said(remote.repo, remote.commit):
            _fetch_file(remote, file, path, progress)


def _fetch_file(
    remote: Remote, file: RemoteFile, path: Path, progress: Callable[[str, int], None]
) -> None:
    """Into a partial file named after the content, so that no two versions are mixed.

    The Hub's own functions for whole files begin again after every interruption.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    endpoint = os.environ.get("HF_ENDPOINT") or None
    url = hf_hub_url(remote.repo, file.name, revision=remote.commit, endpoint=endpoint)
    told = get_hf_file_metadata(url, endpoint=endpoint)
    etag = "".join(letter for letter in told.etag or "" if letter.isalnum())
    partial = path.with_name(f".{path.name}.{etag[:16]}.partial")
    done = partial.stat().st_size if partial.exists() else 0
    with partial.open("ab") as stream:
        http_get(
            url,
            stream,
            resume_size=done,
            headers=build_hf_headers(),
            expected_size=told.size,
            tqdm_class=_bar(file.name, progress),
        )
    # Large files are named by their checksum.
    if len(etag) == 64 and _sha256(partial) != etag:
        partial.unlink()
        raise PullFailed(f"{file.name}: it arrived damaged and was thrown away: try again")
    partial.replace(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _bar(name: str, progress: Callable[[str, int], None]) -> type:
    """The Hub's progress bar, silent, and telling us instead."""
    from huggingface_hub.utils import tqdm

    class Telling(tqdm):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            already = settings.get("initial") or 0
            super().__init__(*arguments, **(settings | {"disable": True}))
            if already:
                progress(name, int(already))

        def update(self, n: float | None = 1) -> None:
            progress(name, int(n or 0))

    return Telling


def _api() -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)


def _wanted(name: str, include: str | None) -> bool:
    if name.startswith(("original/", "onnx/", ".")):
        return False
    if name.endswith(_WEIGHTS):
        return include is None or fnmatch(name, include)
    return name.endswith(_BESIDE) and "/" not in name


def _parts_of_one(ggufs: list[RemoteFile]) -> bool:
    return all("-of-" in file.name for file in ggufs)


def _nothing(repo: str, include: str | None, names: list[str]) -> str:
    weights = [name for name in names if name.endswith(_WEIGHTS)]
    if include is not None and weights:
        return f"{repo}: no weight file matches {include!r}; there are {', '.join(weights[:8])}"
    return (
        f"{repo}: there are neither safetensors nor GGUF files in it; it has "
        f"{', '.join(names[:6]) or 'nothing'}"
    )


class _said:
    """Turns the Hub's exceptions into sentences."""

    def __init__(self, repo: str, revision: str | None) -> None:
        self._repo = repo
        self._revision = revision

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if not isinstance(error, Exception):
            return
        from huggingface_hub import errors

        repo = self._repo
        if isinstance(error, errors.HFValidationError):
            raise ConfigError(
                f"{repo!r} is no repository's name: write it as owner/name"
            ) from error
        if isinstance(error, errors.GatedRepoError):
            raise ConfigError(
                f"{repo} is gated: accept its terms on its page, and set HF_TOKEN to your token"
            ) from error
        if isinstance(error, errors.RepositoryNotFoundError):
            raise ConfigError(
                f"{repo}: the Hub knows no such model, or it is private: check the name, or set "
                "HF_TOKEN"
            ) from error
        if isinstance(error, errors.RevisionNotFoundError):
            raise ConfigError(f"{repo} has no revision {self._revision!r}") from error
        if isinstance(error, errors.OfflineModeIsEnabled):
            raise PullFailed("HF_HUB_OFFLINE is set: unset it to fetch a model") from error
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status is not None:
            raise PullFailed(f"{repo}: the Hub answers {status}: try again later") from error
        import httpx

        if isinstance(error, OSError | httpx.HTTPError):
            reason = str(error).splitlines()[0][:150] if str(error) else type(error).__name__
            raise PullFailed(
                f"{repo}: the Hub cannot be reached ({reason}): is this machine offline? What was "
                "fetched stays, and the same command goes on"
            ) from error
