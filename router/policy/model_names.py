"""Reads a model's family and size from its name, as publishers and servers write it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_FAMILIES = (
    # In the order in which they are looked for: the more particular first.
    ("qwen2.5-coder", r"qwen-?2\.5-?coder"),
    ("qwen3", r"qwen-?3"),
    ("qwen2.5", r"qwen-?2\.5"),
    ("qwen2", r"qwen-?2"),
    ("llama-3.2", r"llama-?3\.2"),
    ("llama-3.1", r"llama-?3\.1"),
    ("llama-3.3", r"llama-?3\.3"),
    ("llama-3", r"llama-?3"),
    ("llama-2", r"llama-?2"),
    ("phi-4", r"phi-?4"),
    ("phi-3.5", r"phi-?3\.5"),
    ("phi-3", r"phi-?3"),
    ("phi-2", r"phi-?2"),
    ("gemma-3", r"gemma-?3"),
    ("gemma-2", r"gemma-?2(?![b.\d])"),
    ("gemma", r"gemma"),
    ("mixtral", r"mixtral"),
    ("mistral", r"mistral"),
    ("smollm2", r"smollm-?2"),
    ("smollm", r"smollm"),
    ("tinyllama", r"tinyllama"),
    ("gpt-4o", r"gpt-4o"),
)

_NAMED_SIZES = (
    # Billions, for names that say no number.
    (r"phi-?3-?mini", 3.8),
    (r"phi-?3\.5-?mini", 3.8),
    (r"phi-?4-?mini", 3.8),
    (r"phi-?3-?small", 7.4),
    (r"phi-?3-?medium", 14.0),
    (r"phi-?4(?!-?(?:mini|multimodal))", 14.7),
    (r"phi-?2", 2.8),
    (r"mistral-?nemo", 12.2),
    (r"tinyllama", 1.1),
)

_SERVED_AS = {
    # Billions that Ollama serves where its name has no tag, or `latest`.
    **{"llama3.1": 8.0, "llama3.2": 3.0, "qwen2.5": 7.0, "qwen2.5-coder": 7.0, "qwen3": 8.0},
    **{"gemma2": 9.0, "gemma3": 4.0, "mistral": 7.0, "phi3": 3.8, "phi4": 14.7, "smollm2": 1.7},
}

_NUMBER = r"(?<![a-z0-9.])(?:e)?(\d{1,4}(?:[._]\d{1,2})?)"
_END = r"(?![a-z0-9])"
_MIXTURE = re.compile(rf"(?<![a-z0-9.])(\d{{1,3}})x(\d{{1,3}}(?:\.\d)?)b{_END}")
_BILLIONS = re.compile(rf"{_NUMBER}b{_END}")
_MILLIONS = re.compile(rf"{_NUMBER}m{_END}")
_ACTIVE = re.compile(rf"(?<![a-z0-9.])a(\d{{1,3}}(?:\.\d{{1,2}})?)b{_END}")
_FEWEST_MILLIONS = 10
"""Below that it is a window in millions of tokens."""
_MOST_BILLIONS = 3000.0

_PLAIN = re.compile(
    r"instruct|it|chat|gguf|exl2|exl3|mlx|awq|gptq|bnb|fp16|bf16|f16|f32|fp8|int4|int8|latest|hf|v0|ct"
    r"|i?q\d\w*|ud|imatrix|\d+(?:\.\d+)?bpw|\d+bits?|\d+k|h\d|k|m|s|l|xl|\d|meta|qat|text|preview"
    r"|unsloth|bartowski|thebloke|microsoft|google|qwen|lmstudio|community|huggingfacetb|mini"
)
"""Parts that do not make another model of it: how it is packed, by whom, and that it answers."""


_ANSWERS = re.compile(r"(?<![a-z])(?:instruct|it|chat)(?![a-z])")
_TWINS = ("qwen2", "llama", "gemma", "smollm", "mistral", "mixtral")
"""Families whose models that only continue text have the same names, without a word for it."""


@dataclass(frozen=True, slots=True)
class NamedModel:
    """What a name tells. family: None where it is not known. billions: of parameters that count;
    None where the name does not say. A mixture of experts counts as much as a dense model between
    its size and what works on a token: their geometric mean. plain: nothing in the name says that
    it is another model than its family's of that size, such as a fine-tuned one.
    """

    family: str | None
    billions: float | None
    plain: bool
    mixture: bool = False


def read_model_name(name: str) -> NamedModel:
    """Of a file, a folder or a server's model: `qwen2.5-coder:7b`, `gemma-3-270m-it-Q8_0.gguf`."""
    whole = name.strip().lower()
    # A path or a maker's prefix says nothing of size; a tag does.
    text = re.sub(r"[:_\s]+", "-", re.sub(r"(?<=\d)_(?=\d)", ".", whole.rpartition("/")[2]))
    family, rest = None, text
    for known, pattern in _FAMILIES:
        if found := re.search(rf"(?<![a-z]){pattern}|(?<=meta-){pattern}", text):
            family = known
            rest = text[: found.start()] + "-" + text[found.end() :]
            break
    billions, mixture = _billions(text)
    if billions is None:
        for pattern, size in _NAMED_SIZES:
            if re.search(rf"(?<![a-z]){pattern}", text):
                billions = size
                break
        else:
            billions = _SERVED_AS.get(text.removesuffix("-latest"))
    for written in (_MIXTURE, _ACTIVE, _BILLIONS, _MILLIONS):
        rest = written.sub("", rest)
    parts = [part for part in re.split(r"[-.]+", rest) if part]
    plain = all(_PLAIN.fullmatch(part) for part in parts)
    # What a server lists with a tag, or by Ollama's names, answers.
    tagged = ":" in whole or text in _SERVED_AS
    if family is not None and family.startswith(_TWINS):
        plain = plain and (tagged or _ANSWERS.search(text) is not None)
    return NamedModel(family, billions, plain, mixture)


def _billions(text: str) -> tuple[float | None, bool]:
    if found := _MIXTURE.search(text):
        experts, each = int(found[1]), float(found[2])
        # Two experts work on a token.
        return _sane(each * math.sqrt(2 * experts)), True
    sizes = [float(one.replace("_", ".")) for one in _BILLIONS.findall(text)]
    active = _ACTIVE.search(text)
    if sizes and active:
        return _sane(math.sqrt(max(sizes) * float(active[1]))), True
    if sizes:
        return _sane(sizes[0]), False
    for one in _MILLIONS.findall(text):
        if float(one) >= _FEWEST_MILLIONS:
            return _sane(float(one) / 1000), False
    return None, False


def _sane(billions: float) -> float | None:
    return billions if 0 < billions <= _MOST_BILLIONS else None
