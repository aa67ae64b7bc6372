"""Fetching a model, from a real server that speaks the Hub's protocol."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import COMMIT, Hub, running

from agents.models import pull
from agents.models.pull import PullFailed, check_fit, check_room, fetch, look
from router.errors import ConfigError

WEIGHTS = bytes(range(256)) * 120_000
"""Thirty megabytes: the Hub's client writes ten at a time, and less than that is lost."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    files = {
        "config.json": b"{}",
        "README.md": b"# tiny",
        "model.safetensors": WEIGHTS,
        "pytorch_model.bin": b"pickle",
        "original/consolidated.safetensors": b"twice the same",
        ".gitattributes": b"",
    }
    with running(Hub(files)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        yield hub


def test_it_lists_what_a_model_needs_and_leaves_pickles_alone(hub: Hub) -> None:
    remote = look("owner/tiny")
    assert sorted(file.name for file in remote.files) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    assert (remote.commit, remote.licence) == (COMMIT, "apache-2.0")
    assert remote.weights_bytes == len(WEIGHTS)
    assert hub.ranges == [], "and has downloaded nothing"


def test_everything_arrives_and_the_progress_adds_up(hub: Hub, tmp_path: Path) -> None:
    remote = look("owner/tiny")
    counted: dict[str, int] = {}

    def count(name: str, more: int) -> None:
        counted[name] = counted.get(name, 0) + more

    fetch(remote, tmp_path / "m", count)

    assert (tmp_path / "m" / "model.safetensors").read_bytes() == WEIGHTS
    assert counted["model.safetensors"] == len(WEIGHTS)
    asked = len(hub.ranges)
    fetch(remote, tmp_path / "m", count)
    assert len(hub.ranges) == asked, "what is there is not fetched again"


def test_a_download_cut_off_goes_on_where_it_was(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = look("owner/tiny")
    hub.cuts = [11_000_000, *[100] * 50]
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the Hub's own retries
    with pytest.raises(PullFailed, match="the same command goes on"):
        fetch(remote, tmp_path / "m", lambda name, more: None)
    hub.cuts = []
    hub.ranges.clear()

    fetch(remote, tmp_path / "m", lambda name, more: None)

    assert (tmp_path / "m" / "model.safetensors").read_bytes() == WEIGHTS
    (resumed,) = [wanted for name, wanted in hub.ranges if name == "model.safetensors"]
    assert resumed is not None
    assert not resumed.startswith("bytes=0-"), "only the rest was asked for"


def test_a_file_that_arrives_damaged_is_thrown_away(hub: Hub, tmp_path: Path) -> None:
    remote = look("owner/tiny")
    etag = hashlib.sha256(WEIGHTS).hexdigest()
    (tmp_path / "m").mkdir()
    partial = tmp_path / "m" / f".model.safetensors.{etag[:16]}.partial"
    partial.write_bytes(b"not the beginning of it")
    with pytest.raises(PullFailed, match="arrived damaged"):
        fetch(remote, tmp_path / "m", lambda name, more: None)
    fetch(remote, tmp_path / "m", lambda name, more: None)
    assert (tmp_path / "m" / "model.safetensors").read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("repo", "revision", "reason"),
    [
        ("owner/other", None, "knows no such model"),
        ("owner/gated", None, "is gated: accept its terms"),
        ("owner/tiny", "v9", "no revision 'v9'"),
        ("not a name", None, "no repository's name"),
    ],
)
def test_a_wrong_name_is_answered_in_words(
    hub: Hub, repo: str, revision: str | None, reason: str
) -> None:
    hub.refuses["owner/gated"] = (403, "GatedRepo")
    with pytest.raises(ConfigError, match=reason):
        look(repo, revision=revision)


def test_a_hub_in_trouble_is_worth_another_try(hub: Hub) -> None:
    hub.refuses["owner/busy"] = (500, "")
    with pytest.raises(PullFailed, match="the Hub answers 500") as caught:
        look("owner/busy")
    assert caught.value.retryable


def test_offline_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(PullFailed, match="is this machine offline"):
        look("owner/tiny")


def test_of_several_gguf_files_one_must_be_chosen(hub: Hub) -> None:
    hub.files = {"m-Q4_K_M.gguf": b"a", "m-Q8_0.gguf": b"bb", "config.json": b"{}"}
    with pytest.raises(ConfigError, match=r"2 GGUF files: choose with --include: m-Q4_K_M\.gguf"):
        look("owner/tiny")
    assert [f.name for f in look("owner/tiny", include="*Q4*").files] == [
        "m-Q4_K_M.gguf",
        "config.json",
    ]
    with pytest.raises(ConfigError, match=r"no weight file matches '\*Q5\*'; there are m-Q4"):
        look("owner/tiny", include="*Q5*")
    hub.files = {"m-00001-of-00002.gguf": b"a", "m-00002-of-00002.gguf": b"b"}
    assert len(look("owner/tiny").files) == 2


def test_a_repository_without_weights_says_what_it_has(hub: Hub) -> None:
    hub.files = {"pytorch_model.bin": b"pickle"}
    with pytest.raises(ConfigError, match=r"neither safetensors nor GGUF.*pytorch_model\.bin"):
        look("owner/tiny")


def test_a_full_disk_is_seen_before_the_first_byte(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = look("owner/tiny")
    check_room(remote, tmp_path / "new" / "m")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(pull.shutil, "disk_usage", lambda place: usage._replace(free=2**20))
    with pytest.raises(ConfigError, match=r"needs 0\.5 GiB .* 0\.0 are free"):
        check_room(remote, tmp_path / "m")


def test_what_does_not_fit_is_said(hub: Hub) -> None:
    remote = look("owner/tiny")
    assert check_fit(remote, 2**30, "a card") is None
    assert "only be used after quantising" in (check_fit(remote, 2**20, "a card") or "")


def test_another_version_of_the_same_size_replaces_the_first(hub: Hub, tmp_path: Path) -> None:
    hub.files = {"config.json": b"{}", "model.safetensors": b"A" * 5000}
    fetch(look("owner/tiny"), tmp_path, lambda name, more: None)
    hub.files["model.safetensors"] = b"B" * 5000

    fetch(look("owner/tiny"), tmp_path, lambda name, more: None)

    assert (tmp_path / "model.safetensors").read_bytes() == b"B" * 5000


def test_one_killed_between_its_last_byte_and_its_name_is_finished(
    hub: Hub, tmp_path: Path
) -> None:
    hub.files = {"model.safetensors": b"A" * 5000}
    etag = hashlib.sha256(b"A" * 5000).hexdigest()
    partial = tmp_path / f".model.safetensors.{etag[:16]}.partial"
    partial.write_bytes(b"A" * 5000)
    counted: list[int] = []

    fetch(look("owner/tiny"), tmp_path, lambda name, more: counted.append(more))

    assert (tmp_path / "model.safetensors").stat().st_size == sum(counted) == 5000
    assert hub.ranges == []


def test_a_partial_file_that_is_too_long_is_begun_again(hub: Hub, tmp_path: Path) -> None:
    hub.files = {"model.safetensors": b"A" * 5000}
    etag = hashlib.sha256(b"A" * 5000).hexdigest()
    partial = tmp_path / f".model.safetensors.{etag[:16]}.partial"
    partial.write_bytes(b"A" * 6000)
    fetch(look("owner/tiny"), tmp_path, lambda name, more: None)
    assert (tmp_path / "model.safetensors").read_bytes() == b"A" * 5000


def test_small_files_are_known_by_gits_checksum(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"hello\n")
    # As `git hash-object` says.
    git = "ce013625030ba8dba906f756967f9e9ca394464a"
    assert pull._checksum(tmp_path / "f", git) == git
    assert pull._checksum(tmp_path / "f", "weak-tag") is None


def test_a_full_disk_is_not_called_offline(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **settings: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    remote = look("owner/tiny")
    monkeypatch.setattr("huggingface_hub.file_download.http_get", full)
    with pytest.raises(PullFailed, match="cannot be written: No space left"):
        fetch(remote, tmp_path, lambda name, more: None)


def test_a_file_where_the_directory_should_be_is_refused(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "m").write_text("")
    with pytest.raises(ConfigError, match="m is a file: name a directory"):
        check_room(look("owner/tiny"), tmp_path / "m")


def test_what_was_fetched_already_needs_no_room(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = look("owner/tiny")
    free = pull._SPARE_BYTES + 20_000_000
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(pull.shutil, "disk_usage", lambda place: usage._replace(free=free))
    with pytest.raises(ConfigError, match="are free"):
        check_room(remote, tmp_path)
    (tmp_path / ".model.safetensors.0123456789abcdef.partial").write_bytes(WEIGHTS[:15_000_000])
    check_room(remote, tmp_path)


def test_two_quantisations_in_parts_are_a_choice_too(hub: Hub) -> None:
    hub.files = {
        f"m-{kind}-0000{part}-of-00002.gguf": b"a" for kind in ("Q4_K_M", "Q8_0") for part in (1, 2)
    }
    with pytest.raises(ConfigError, match="4 GGUF files: choose"):
        look("owner/tiny")
    assert len(look("owner/tiny", include="*Q8*").files) == 2


def test_weights_in_two_layouts_are_fetched_once(hub: Hub) -> None:
    hub.files |= {"consolidated.safetensors": b"same", "fp32/model.safetensors": b"same"}
    assert "model.safetensors" in {file.name for file in look("owner/tiny").files}
    assert len(look("owner/tiny").files) == 3
    assert "fp32/model.safetensors" in {f.name for f in look("owner/tiny", include="fp32/*").files}
    hub.files = {"consolidated.safetensors": b"the only one"}
    assert [file.name for file in look("owner/tiny").files] == ["consolidated.safetensors"]


def test_no_name_leaves_the_directory(hub: Hub) -> None:
    hub.files = dict.fromkeys(("a/../../m.safetensors", "/m.safetensors", "m.gguf"), b"")
    assert [file.name for file in look("owner/tiny").files] == ["m.gguf"]


def test_models_published_as_branches_are_offered_by_name(hub: Hub) -> None:
    hub.files = {"README.md": b"", "measurement.json": b"{}"}
    hub.branches = ("4_5bpw", "6_0bpw")
    with pytest.raises(ConfigError, match=r"choose with --revision: 4_5bpw, 6_0bpw$"):
        look("owner/tiny")


def test_a_wrong_token_is_named(hub: Hub) -> None:
    hub.refuses["owner/mine"] = (403, "")
    with pytest.raises(ConfigError, match=r"refuses \(403\): is HF_TOKEN right"):
        look("owner/mine")
