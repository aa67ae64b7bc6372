"""Headers of safetensors files, whole and broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_safetensors import write_model, write_safetensors

from agents.engines.safetensors import (
    INDEX,
    read_header,
    read_safetensors,
    shards,
    stored_weights,
)
from router.errors import ConfigError


def test_the_tensors_of_all_shards_are_read(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "one.safetensors", {"a": ("F16", (2, 3))})
    write_safetensors(tmp_path / "two.safetensors", {"b": ("F32", (4,)), "c": ("I32", ())})
    tensors = read_safetensors(tmp_path)
    assert [(one.name, one.dtype, one.elements, one.bytes) for one in tensors] == [
        ("a", "F16", 6, 12),
        ("b", "F32", 4, 16),
        ("c", "I32", 1, 4),
    ]


def test_only_the_files_of_the_index_count_and_each_must_be_there(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "one.safetensors", {"a": ("F16", (2,))})
    write_safetensors(tmp_path / "stray.safetensors", {"b": ("F16", (2,))})
    index = tmp_path / INDEX
    index.write_text(json.dumps({"weight_map": {"a": "one.safetensors"}}))
    assert [one.name for one in read_safetensors(tmp_path)] == ["a"]
    index.write_text(json.dumps({"weight_map": {"a": "one.safetensors", "c": "gone.safetensors"}}))
    with pytest.raises(ConfigError, match=r"1 of 2 weight files are missing.*gone\.safetensors"):
        read_safetensors(tmp_path)


def test_a_pickle_is_named_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02")
    with pytest.raises(ConfigError, match="may run code"):
        read_safetensors(tmp_path)


def test_an_empty_directory_and_one_with_something_else_say_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it is empty"):
        read_safetensors(tmp_path)
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(ConfigError, match=r"it holds notes\.txt"):
        read_safetensors(tmp_path)


def test_a_models_bytes_are_sorted_by_where_they_go(tmp_path: Path) -> None:
    tensors = read_safetensors(write_model(tmp_path / "hf"))
    weights = stored_weights(tensors)
    assert weights.embedding == weights.head == 320 * 64 * 2
    assert weights.decoder == sum(one.bytes for one in tensors) - 2 * weights.head
    tied = tuple(one for one in tensors if not one.name.startswith("lm_head"))
    assert stored_weights(tied).head == weights.embedding


def test_a_git_lfs_pointer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(ConfigError, match="Git LFS pointer"):
        read_header(path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 2000))
def test_a_file_cut_anywhere_is_refused_in_words(tmp_path: Path, cut: int) -> None:
    path = write_safetensors(
        tmp_path / "m.safetensors", {"a": ("F16", (20, 20)), "b": ("F32", (9,))}
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: min(cut, len(whole) - 1)])
    with pytest.raises(ConfigError, match="no usable safetensors file"):
        read_header(path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    noise=st.binary(max_size=300),
    header=st.one_of(
        st.none(),
        st.recursive(
            st.one_of(st.none(), st.integers(), st.text(max_size=5)),
            lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(max_size=9), inner)),
            max_leaves=8,
        ),
    ),
)
def test_whatever_the_bytes_are_nothing_but_a_sentence_comes_of_it(
    tmp_path: Path, noise: bytes, header: object
) -> None:
    raw = json.dumps(header).encode()
    path = tmp_path / "noise.safetensors"
    for content in (noise, len(raw).to_bytes(8, "little") + raw + noise):
        path.write_bytes(content)
        try:
            read_header(path)
        except ConfigError as error:
            assert str(path) in str(error)  # noqa: PT017  both outcomes are allowed


def test_an_index_that_came_along_from_the_unquantised_model_does_not_count(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "output.safetensors", {"a": ("F16", (2, 2))})
    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": names}))
    assert [path.name for path in shards(tmp_path)] == ["output.safetensors"]
    write_safetensors(tmp_path / names["a"], {"a": ("F16", (2, 2))})
    with pytest.raises(ConfigError, match="1 of 2 weight files are missing"):
        shards(tmp_path)
