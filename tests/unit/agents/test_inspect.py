"""What is said of a model from its headers, and of what is none."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_gguf import write_tiny_gguf
from tiny_safetensors import write_model, write_safetensors

from agents.models.inspect import inspect_model
from agents.models.names import meanings
from router.errors import ConfigError


def test_an_unquantised_model_is_counted_tensor_by_tensor(tmp_path: Path) -> None:
    info = inspect_model(write_model(tmp_path / "Qwen2.5-0.5B-Instruct"))
    assert (info.format, info.bpw, info.family) == ("safetensors", 16.0, "Qwen2 / Qwen2.5")
    linears = 2 * (64 * 64 * 2 + 64 * 32 * 2 + 64 * 128 * 3)
    assert info.parameters == linears + 2 * 320 * 64 + 5 * 64
    assert info.context_tokens == 2048
    assert info.chat_template
    assert info.engine is None
    assert "edgeward models quantize" in info.suits
    assert info.size_bytes == (info.path / "model.safetensors").stat().st_size


def test_an_exl2_model_is_read_with_its_bits_and_its_need(tmp_path: Path) -> None:
    info = inspect_model(write_model(tmp_path / "m-4.5bpw-h6-exl2", exl2_bits=4.5))
    assert (info.format, info.bpw, info.engine) == ("exl2", 4.5, "exllamav2")
    assert info.quantisation == "4.5 bpw, head 6 bits"
    assert info.parameters == 2 * (64 * 64 * 2 + 64 * 32 * 2 + 64 * 128 * 3) + 2 * 320 * 64
    assert "NVIDIA card from 4 GB" in info.suits
    assert info.vram is not None
    assert info.vram.weights < info.size_bytes


@pytest.mark.parametrize(
    ("quantisation", "form", "suits"),
    [
        ({"quant_method": "exl3", "bits": 3.0}, "exl3", "ExLlamaV3"),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, "awq", "vLLM"),
        ({"quant_method": "gptq", "bits": 4, "group_size": 32}, "gptq", "vLLM"),
        ({"quant_method": "bitsandbytes"}, "safetensors", "quantize"),
    ],
)
def test_other_quantisations_are_told_apart(
    tmp_path: Path, quantisation: dict[str, Any], form: str, suits: str
) -> None:
    info = inspect_model(write_model(tmp_path / "m", quantization_config=quantisation))
    assert info.format == form
    assert suits in info.suits


def test_a_gguf_is_read_by_itself_and_through_its_directory(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny-instruct-Q4_K_M.gguf")
    info = inspect_model(path)
    assert info == inspect_model(tmp_path)
    assert (info.format, info.engine, info.family) == ("gguf", "llamacpp", "Llama")
    assert info.parameters
    assert info.bpw == pytest.approx(32, rel=0.2)
    assert dict(info.meanings)["Q4_K_M"] == "about 4 bits a weight, mixed by layer"
    write_tiny_gguf(tmp_path / "other.gguf")
    with pytest.raises(ConfigError, match=r"2 GGUF files .*: name one"):
        inspect_model(tmp_path)


def test_the_licence_is_that_of_the_card_or_not_stated(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    assert inspect_model(folder).licence is None
    card = folder / "README.md"
    card.write_text("---\nlicense: apache-2.0\n---\n")
    assert inspect_model(folder).licence == "apache-2.0"
    card.write_text("---\nlicense: other\nlicense_name: qwen-research\n---\n")
    assert inspect_model(folder).licence == "qwen-research"
    card.write_text("# Model\n\nlicense: mit\n")
    assert inspect_model(folder).licence is None


def test_the_hubs_cache_is_named_after_the_repository(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--Qwen--Qwen2.5-1.5B" / "snapshots" / "8fa1c"
    write_model(tmp_path / "blobs")
    snapshot.mkdir(parents=True)
    for file in (tmp_path / "blobs").iterdir():
        (snapshot / file.name).symlink_to(file)
    assert inspect_model(snapshot).name == "Qwen2.5-1.5B"


def test_a_model_that_does_not_answer_is_warned_of(tmp_path: Path) -> None:
    base = write_model(tmp_path / "Qwen3-Embedding-0.6B")
    for name in ("tokenizer_config.json", "tokenizer.json"):
        (base / name).write_text("{}")
    warnings = " ".join(inspect_model(base).warnings)
    assert "no chat template" in warnings
    assert "(Embedding) it does not answer" in warnings


def test_gemma_3_on_exllamav2_is_warned_of(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "g", exl2_bits=4.0, architectures=["Gemma3ForCausalLM"])
    assert "Gemma 3 is untested" in " ".join(inspect_model(folder).warnings)


def test_a_config_without_dimensions_is_no_reason_to_give_up(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", hidden_size=None)
    info = inspect_model(folder)
    assert info.parameters
    assert "`hidden_size` must be a positive number" in info.warnings[0]


def test_a_lone_file_says_that_it_needs_its_directory(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "model.safetensors", {"a": ("F16", (2,))})
    assert "its directory" in inspect_model(path).suits


def test_onnx_is_recognised_and_what_only_calls_itself_so_is_not(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x09rest")
    assert inspect_model(path).format == "onnx"
    assert inspect_model(tmp_path).format == "onnx"
    path.write_bytes(b"PK")
    with pytest.raises(ConfigError, match="not an ONNX file"):
        inspect_model(path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("modell.gguf", r"no such file or directory; near it are model\.gguf"),
        ("notes.txt", "what is this"),
        ("empty", "it is empty"),
        ("pickled", "may run code"),
        ("headless", r"config\.json is missing"),
        ("unweighted", "no .safetensors file"),
    ],
)
def test_what_is_no_model_is_named_with_the_cure(tmp_path: Path, name: str, reason: str) -> None:
    write_tiny_gguf(tmp_path / "model.gguf")
    (tmp_path / "notes.txt").write_text("")
    for folder in ("empty", "pickled", "headless", "unweighted"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"")
    write_safetensors(tmp_path / "headless" / "model.safetensors", {"a": ("F16", (1,))})
    (tmp_path / "unweighted" / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match=reason):
        inspect_model(tmp_path / name)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    file=st.sampled_from(["config.json", "tokenizer_config.json", "model.safetensors"]),
    content=st.one_of(st.binary(max_size=60), st.integers(0, 400)),
)
def test_whatever_is_broken_a_sentence_comes_of_it(
    tmp_path: Path, file: str, content: bytes | int
) -> None:
    folder = write_model(tmp_path / "m")
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[:content] if isinstance(content, int) else content)
    try:
        inspect_model(folder)
    except ConfigError as error:
        assert str(tmp_path) in str(error) or "config.json" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Qwen2.5-Coder-1.5B-Instruct", ["Coder", "1.5B", "Instruct"]),
        ("Llama-3.2-3B-Instruct-4.5bpw-h6-exl2", ["3B", "Instruct", "4.5bpw", "h6", "exl2"]),
        ("phi-3-mini-4k-instruct-q4.gguf", ["mini", "4k", "instruct"]),
        ("Qwen3-30B-A3B-GPTQ-Int4", ["30B", "A3B", "GPTQ", "Int4"]),
        ("gemma-3-4b-it-IQ3_XXS", ["4b", "it", "IQ3_XXS"]),
        ("llama-guard-3-1b", ["guard", "1b"]),
        ("DeepSeek-R1-Distill-Qwen-1.5B", ["R1", "Distill", "1.5B"]),
        ("mymodel", []),
    ],
)
def test_the_parts_of_a_name_are_explained(name: str, expected: list[str]) -> None:
    assert [part for part, _ in meanings(name)] == expected


def test_json_of_the_whole_is_plain(tmp_path: Path) -> None:
    from workers.models.inspect import as_dict

    shown = as_dict(inspect_model(write_model(tmp_path / "m-base", exl2_bits=3.5)))
    assert json.loads(json.dumps(shown))["bits_per_weight"] == 3.5
    assert shown["name_means"] == {"base": "not trained to answer: continues text"}


@pytest.mark.parametrize("value", [5, True, 1.5, "x", [1], {"a": 1}, None])
@pytest.mark.parametrize(
    "key", ["architectures", "model_type", "license", "quantization_config", "text_config"]
)
def test_a_config_of_strange_values_is_described_or_refused(
    tmp_path: Path, key: str, value: object
) -> None:
    folder = write_model(tmp_path / "m", **{key: value})
    with suppress(ConfigError):
        assert inspect_model(folder).name == "m"


@pytest.mark.parametrize("name", ["chat_template.jinja", "tokenizer.json"])
def test_a_text_file_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    folder = write_model(tmp_path / "m")
    (folder / "tokenizer_config.json").write_text('{"chat_template": [5]}')
    (folder / name).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=f"{name}: cannot be read as text"):
        inspect_model(folder)


def test_narrow_heads_keep_their_cache_in_full(tmp_path: Path) -> None:
    def said(width: int) -> str:
        folder = write_model(tmp_path / str(width), exl2_bits=4.0, head_dim=width)
        return " ".join(inspect_model(folder).warnings)

    assert "16 wide" in said(16)
    assert "wide" not in said(64)
