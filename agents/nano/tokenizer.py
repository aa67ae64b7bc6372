"""The tokenizer: words, spaces, digits and marks are always cut apart, then BPE inside a word.

So a word has one spelling in tokens wherever it stands, and copying it is token for token. The cut
equals llama.cpp's `deepseek-coder` pre-tokenizer for every merge this vocabulary can make.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from agents.nano import ESCALATE_TOKEN, STOP_TOKEN
from agents.nano.data.mix import training_stream

VOCABULARY = 2048
START_TOKEN = "<|im_start|>"
PAD_TOKEN = "<|pad|>"
SPECIAL = [PAD_TOKEN, START_TOKEN, STOP_TOKEN, ESCALATE_TOKEN]
LLAMA_CPP_PRE = "deepseek-coder"
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def train_tokenizer(samples: int = 60_000, seed: int = 1) -> Tokenizer:
    """A byte-level BPE of VOCABULARY tokens, learnt from the generated data."""
    tokenizer = Tokenizer(models.BPE())
    pieces = Regex(r"\p{L}+|[^\p{L}]")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pieces, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    stream = itertools.islice(training_stream(seed), samples)
    tokenizer.train_from_iterator((f"{s.prompt}\n{s.answer}" for s in stream), trainer)
    return tokenizer


def chat(prompt: str, system: str | None = None) -> str:
    """The prompt as the chat template spells it, up to where the answer begins."""
    head = f"{START_TOKEN}system\n{system}{STOP_TOKEN}\n" if system else ""
    return f"{head}{START_TOKEN}user\n{prompt}{STOP_TOKEN}\n{START_TOKEN}assistant\n"


def load_tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))
