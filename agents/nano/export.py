"""Writes the trained model as safetensors (transformers can load it) and as GGUF for llama.cpp.

python -m agents.nano.export --run DIR [--out agents/nano/weights]
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from agents.nano import ESCALATE_TOKEN, MODEL_PATH, STOP_TOKEN, WEIGHTS
from agents.nano.model import Nano, Shape
from agents.nano.tokenizer import (
    CHAT_TEMPLATE,
    LLAMA_CPP_PRE,
    PAD_TOKEN,
    SPECIAL,
    START_TOKEN,
    load_tokenizer,
)

NAME = MODEL_PATH.stem
_LAYER_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def load_model(run: Path, tokenizer: Tokenizer) -> Nano:
    model = Nano(Shape(vocabulary=tokenizer.get_vocab_size()))
    state = torch.load(run / "state-0.pt", weights_only=True)
    model.load_state_dict(state["model"])
    model.eval()
    return model


def write_transformers(model: Nano, run: Path, out: Path) -> None:
    """model file, config.json, tokenizer.json and tokenizer_config.json, as Qwen2ForCausalLM."""
    s, ids = model.s, {name: i for i, name in enumerate(SPECIAL)}
    tensors = {f"model.{k}": v.half().contiguous() for k, v in model.state_dict().items()}
    save_file(tensors, out / f"{NAME}.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "vocab_size": s.vocabulary,
        "hidden_size": s.hidden,
        "intermediate_size": s.intermediate,
        "num_hidden_layers": s.layers,
        "num_attention_heads": s.heads,
        "num_key_value_heads": s.kv_heads,
        "hidden_act": "silu",
        "max_position_embeddings": s.context,
        "rms_norm_eps": s.norm_eps,
        "rope_theta": s.rope_theta,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "torch_dtype": "float16",
        "bos_token_id": None,
        "eos_token_id": ids[STOP_TOKEN],
        "pad_token_id": ids[PAD_TOKEN],
    }
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": STOP_TOKEN,
        "pad_token": PAD_TOKEN,
        "additional_special_tokens": [START_TOKEN, ESCALATE_TOKEN],
        "model_max_length": s.context,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (out / "tokenizer_config.json").write_text(json.dumps(tokenizer_config, indent=1) + "\n")
    shutil.copyfile(run / "tokenizer.json", out / "tokenizer.json")


def write_gguf(model: Nano, tokenizer: Tokenizer, path: Path, q8: bool) -> None:
    s = model.s
    writer = gguf.GGUFWriter(str(path), "qwen2")
    writer.add_name(NAME)
    writer.add_license("mit")
    writer.add_context_length(s.context)
    writer.add_embedding_length(s.hidden)
    writer.add_block_count(s.layers)
    writer.add_feed_forward_length(s.intermediate)
    writer.add_head_count(s.heads)
    writer.add_head_count_kv(s.kv_heads)
    writer.add_layer_norm_rms_eps(s.norm_eps)
    writer.add_rope_freq_base(s.rope_theta)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if q8 else gguf.LlamaFileType.MOSTLY_F16)
    _write_vocabulary(writer, tokenizer)
    for name, tensor in model.state_dict().items():
        values = tensor.float().numpy()
        if values.ndim == 1:
            writer.add_tensor(_gguf_name(name), values)
        elif q8:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(_gguf_name(name), gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(_gguf_name(name), values.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_vocabulary(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    spec = json.loads(tokenizer.to_str())
    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    types = [gguf.TokenType.CONTROL if t in SPECIAL else gguf.TokenType.NORMAL for t in tokens]
    merges = [m if isinstance(m, str) else " ".join(m) for m in spec["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(LLAMA_CPP_PRE)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(tokens.index(STOP_TOKEN))
    writer.add_pad_token_id(tokens.index(PAD_TOKEN))
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _gguf_name(name: str) -> str:
    if name == "embed_tokens.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    _, number, rest = name.split(".", 2)
    module, kind = rest.rsplit(".", 1)
    return f"blk.{number}.{_LAYER_NAMES[module]}.{kind}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--f16", action="store_true", help="16-bit GGUF instead of Q8_0")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(args.run)
    model = load_model(args.run, tokenizer)
    write_transformers(model, args.run, args.out)
    write_gguf(model, tokenizer, args.out / MODEL_PATH.name, q8=not args.f16)


if __name__ == "__main__":
    main()
