"""The header reader: what it says of a whole file, and that it survives every damaged one."""

from __future__ import annotations

import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_gguf import SPECIALS, write_tiny_gguf

from agents.engines.gguf import read_gguf
from router.errors import ConfigError


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", layers=1, width=32)


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_gguf(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_whole_file_says_what_it_is(whole: Path) -> None:
    info = read_gguf(whole)

    assert (info.architecture, info.name, info.version) == ("llama", "tiny", 3)
    assert info.context_length == 32_768
    assert info.vocab_size == 256 + len(SPECIALS)
    assert info.quantisation == "F32"
    assert info.has_chat_template
    assert info.tensors == 12
    assert info.file_bytes - 4 * info.parameters < 20_000, "float32 weights and a short header"
    assert info.end_token_ids == {256, 258}, "the end of the text, and of a turn"
    assert info.notes == ()


def test_a_missing_chat_template_is_a_note(tmp_path: Path) -> None:
    info = read_gguf(write_tiny_gguf(tmp_path / "bare.gguf", chat_template=None))

    assert not info.has_chat_template
    assert "chat template" in info.notes[0]


def test_a_missing_file_is_told_with_the_names_beside_it(tmp_path: Path) -> None:
    (tmp_path / "qwen2.5-0.5b-q4.gguf").touch()

    message = refusal(tmp_path / "qwen2.5-0.5b.gguf")

    assert "did you mean qwen2.5-0.5b-q4.gguf?" in message


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    assert "models is not there either" in refusal(tmp_path / "models" / "x.gguf")


def test_a_directory_is_told_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "some.gguf").touch()

    assert "some.gguf" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (struct.pack("<Q", 200) + b'{"__metadata__":', "safetensors"),
        (b"PK\x03\x04rest", "PyTorch"),
        (b"\x80\x02}q\x00", "PyTorch"),
        (b"<!DOCTYPE html><html><title>404", "web page"),
        (b"\n <html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"FUGG\x00\x00\x00\x03", "big-endian"),
        (b"hello", "b'hello'"),
    ],
)
def test_another_kind_of_file_is_called_by_its_name(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    message = refusal(path)

    assert "not a GGUF" in message
    assert words in message


@pytest.mark.parametrize(
    ("version", "words"), [(1, "version 1"), (99, "version 99"), (3 << 24, "big-endian")]
)
def test_an_unknown_version_is_told(tmp_path: Path, version: int, words: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", version, 0, 0))

    assert words in refusal(path)


def test_a_file_cut_short_is_told_with_both_lengths(tmp_path: Path, whole: Path) -> None:
    size = whole.stat().st_size
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole.read_bytes()[: size - 5000])

    message = refusal(path)

    assert f"{size:,}" in message
    assert f"{size - 5000:,}" in message


def test_a_header_cut_short_is_told_with_where(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole.read_bytes()[:500])

    assert "ends inside" in refusal(path)


DAMAGE = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


def parse_within_bounds(path: Path) -> None:
    tracemalloc.start()
    try:
        with suppress(ConfigError):
            read_gguf(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20, "a length in a damaged header is never allocated"


@DAMAGE
@given(keep=st.floats(0, 1))
def test_any_truncation_is_refused_in_words(tmp_path: Path, whole: Path, keep: float) -> None:
    content = whole.read_bytes()
    path = tmp_path / "cut.gguf"
    # To the fourth power, so that most cuts fall into the header, where the reader is busy.
    path.write_bytes(content[: int(len(content) * keep**4)])
    parse_within_bounds(path)


@DAMAGE
@given(flips=st.lists(st.tuples(st.integers(4, 9000), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_flipped_bytes_parse_or_are_refused_in_words(
    tmp_path: Path, whole: Path, flips: list[tuple[int, int]]
) -> None:
    content = bytearray(whole.read_bytes())
    for place, value in flips:
        content[place] = value
    path = tmp_path / "flipped.gguf"
    path.write_bytes(content)
    parse_within_bounds(path)
