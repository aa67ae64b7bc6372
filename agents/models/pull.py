"""Fetches a model from the Hugging Face Hub: looks first, then downloads, and goes on where it was.

Only what a model needs: weights as safetensors or GGUF, and the small files beside them. Pickles
are left where they are: reading one may run code. HF_ENDPOINT and HF_TOKEN count, as for the Hub's
own tools.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from router.errors import ConfigError, EdgewardError, Offline

if TYPE_CHECKING:
    import httpx
    from huggingface_hub import HfApi

_WEIGHTS = (".safetensors", ".gguf")
_BESIDE = (".json", ".jinja", ".model", ".txt", ".md", ".py")
_PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$")
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
    every = sorted(one.rfilename for one in info.siblings or ())
    wanted = _wanted(every, include)
    files = tuple(
        RemoteFile(one.rfilename, one.size or 0)
        for one in info.siblings or ()
        if one.rfilename in wanted
    )
    weights = [file for file in files if file.name.endswith(_WEIGHTS)]
    if not weights:
        raise ConfigError(_nothing(repo, revision, include, every))
    ggufs = [file for file in weights if file.name.endswith(".gguf")]
    if include is None and len(ggufs) > 1 and not _parts_of_one(ggufs):
        sizes = ", ".join(f"{file.name} ({file.bytes / 2**30:.1f} GiB)" for file in ggufs[:12])
        raise ConfigError(f"{repo} has {len(ggufs)} GGUF files: choose with --include: {sizes}")
    licence = (info.card_data or {}).get("license") if info.card_data else None
    return Remote(repo, info.sha or "main", files, licence)


def check_room(remote: Remote, target: Path) -> None:
    """ConfigError where the disk is too small for what is still to come."""
    place = next(one for one in (target, *target.parents) if one.exists())
    if not place.is_dir():
        raise ConfigError(f"{place} is a file: name a directory with --to")
    here = sum(min(file.bytes, _bytes_here(target / file.name)) for file in remote.files)
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
        with _said(remote.repo, remote.commit):
            (target / file.name).parent.mkdir(parents=True, exist_ok=True)
            _fetch_file(remote, file, target / file.name, progress)


def _fetch_file(
    remote: Remote, file: RemoteFile, path: Path, progress: Callable[[str, int], None]
) -> None:
    """Into a partial file named after the content, so that no two versions are mixed.

    The Hub's own functions for whole files begin again after every interruption.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    _watch_redirects()
    endpoint = os.environ.get("HF_ENDPOINT") or None
    url = hf_hub_url(remote.repo, file.name, revision=remote.commit, endpoint=endpoint)
    told = get_hf_file_metadata(url, endpoint=endpoint)
    etag = "".join(letter for letter in told.etag or "" if letter.isalnum())
    # Another version's weights have the same size: only the content tells.
    if path.is_file() and path.stat().st_size == told.size and _checksum(path, etag) == etag:
        progress(file.name, told.size)
        return
    partial = path.with_name(f".{path.name}.{etag[:16]}.partial")
    done = partial.stat().st_size if partial.exists() else 0
    if told.size is not None and done > told.size:
        partial.unlink()
        done = 0
    if done and done == told.size:
        progress(file.name, done)
    with partial.open("ab") as stream:
        http_get(
            url,
            stream,
            resume_size=done,
            headers=build_hf_headers(),
            expected_size=told.size,
            tqdm_class=_bar(file.name, progress),
        )
    if _checksum(partial, etag) not in (None, etag):
        partial.unlink()
        raise PullFailed(f"{file.name}: it arrived damaged and was thrown away: try again")
    partial.replace(path)


def _checksum(path: Path, etag: str) -> str | None:
    """In the kind that the Hub's tag is: SHA-256 of a large file, git's own of a small one.

    None for a tag that is neither.
    """
    if len(etag) == 64:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    if len(etag) == 40:
        content = path.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return None


def _bytes_here(path: Path) -> int:
    """Of a file and of what was fetched of it, whichever is more."""
    partials = path.parent.glob(f".{glob.escape(path.name)}.*.partial")
    return max((one.stat().st_size for one in (path, *partials) if one.is_file()), default=0)


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

    _watch_redirects()
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)


def _watch_redirects() -> None:
    """The Hub sends downloads on to where its files lie, which may be anywhere: over TLS, like the
    Hub itself, and nothing but a request for a file."""
    from huggingface_hub import get_session

    client = get_session()
    hooks = client.event_hooks
    if _refuse_unsafe not in hooks["response"]:
        client.event_hooks = {**hooks, "response": [*hooks["response"], _refuse_unsafe]}


def _refuse_unsafe(response: httpx.Response) -> None:
    if not response.has_redirect_location:
        return
    target = response.url.join(response.headers["location"])
    reads = response.request.method in ("GET", "HEAD")
    if not reads or (response.url.scheme == "https" and target.scheme != "https"):
        place = f"{target.scheme}://{target.host}"
        raise PullFailed(f"the Hub sends the request on to {place}, where it was not sent")


def _wanted(names: Sequence[str], include: str | None) -> set[str]:
    """Of a repository's files; without a pattern no copy of the weights in another layout."""
    # A name that leaves the directory is none that git would give.
    inside = [name for name in names if not {"", "..", "."} & set(name.split("/"))]
    visible = [name for name in inside if not name.startswith(("original/", "onnx/", "."))]
    beside = {name for name in visible if name.endswith(_BESIDE) and "/" not in name}
    weights = {name for name in visible if name.endswith(_WEIGHTS)}
    if include is not None:
        return beside | {name for name in weights if fnmatch(name, include)}
    top = {name for name in weights if name.endswith(".safetensors") and "/" not in name}
    # The publisher's own format, where there is the usual one too.
    usual = {name for name in top if not name.startswith("consolidated")} or top
    others = {name for name in weights if name.endswith(".gguf") or not usual}
    return beside | usual | others


def _parts_of_one(ggufs: list[RemoteFile]) -> bool:
    if not all(_PART.search(file.name) for file in ggufs):
        return False
    return len({_PART.sub("", file.name) for file in ggufs}) == 1


def _nothing(repo: str, revision: str | None, include: str | None, names: list[str]) -> str:
    weights = [name for name in names if name.endswith(_WEIGHTS)]
    if include is not None and weights:
        return f"{repo}: no weight file matches {include!r}; there are {', '.join(weights[:8])}"
    what = (
        f"{repo}: there are neither safetensors nor GGUF files in it; it has "
        f"{', '.join(names[:6]) or 'nothing'}"
    )
    if revision is not None:
        return what
    # EXL2 models are often published as a branch for each bit rate.
    with _said(repo, revision):
        branches = [one.name for one in _api().list_repo_refs(repo).branches]
    others = ", ".join(name for name in branches if name != "main")
    return f"{what}. It has branches, choose with --revision: {others}" if others else what


def _offline(error: BaseException | None) -> Offline | None:
    """That it was forbidden, however the libraries in between wrapped it."""
    while error is not None and not isinstance(error, Offline):
        error = error.__cause__ or error.__context__
    return error


class _said:
    """Turns the Hub's exceptions into sentences."""

    def __init__(self, repo: str, revision: str | None) -> None:
        self._repo = repo
        self._revision = revision

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if not isinstance(error, Exception) or isinstance(error, EdgewardError):
            return
        from huggingface_hub import errors

        repo = self._repo
        if (forbidden := _offline(error)) is not None:
            raise PullFailed(f"{repo}: {forbidden}: it was not asked for") from error
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
        if status in (401, 403):
            raise ConfigError(
                f"{repo}: the Hub refuses ({status}): is HF_TOKEN right, and may it read this?"
            ) from error
        if status is not None:
            raise PullFailed(f"{repo}: the Hub answers {status}: try again later") from error
        import httpx

        if isinstance(error, OSError) and error.errno and not isinstance(error, ConnectionError):
            raise PullFailed(
                f"{error.filename or 'the model'} cannot be written: {error.strerror}; what was "
                "fetched stays, and the same command goes on"
            ) from error
        if isinstance(error, OSError | httpx.HTTPError):
            reason = str(error).splitlines()[0][:150] if str(error) else type(error).__name__
            raise PullFailed(
                f"{repo}: the Hub cannot be reached ({reason}): is this machine offline? What was "
                "fetched stays, and the same command goes on"
            ) from error
