"""Runs the shipped GGUF through xllamacpp on one thread, for calibration, benchmarks and tests."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.nano import ESCALATE_TOKEN, MAX_TOKENS, MODEL_PATH, SYSTEM_PROMPTS


@dataclass(frozen=True, slots=True)
class Answer:
    """A greedy answer; probabilities are over its tokens, the closing one included."""

    text: str
    min_p: float
    sum_logprob: float
    finished: bool

    @property
    def escalates(self) -> bool:
        return self.text.startswith(ESCALATE_TOKEN) or not self.finished


class NanoRunner:
    """A llama.cpp server in this process; answers one request after the other."""

    def __init__(self, path: Path = MODEL_PATH) -> None:
        import xllamacpp

        p = xllamacpp.CommonParams()
        p.model.path = str(path)
        p.n_ctx, p.n_parallel, p.verbosity, p.warmup = 1024, 1, -1, False
        p.port, p.api_keys, p.n_threads_http = 0, [secrets.token_hex(16)], 1
        p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
        p.special = True
        self._server = xllamacpp.Server(p)
        self.answer("Hi")  # a server that never answered cannot be unloaded

    def answer(self, prompt: str, system: bool = True) -> Answer:
        messages = [{"role": "user", "content": prompt}]
        if system:
            messages.insert(0, {"role": "system", "content": SYSTEM_PROMPTS["general"]})
        replies: list[dict[str, Any]] = []
        request = {
            "messages": messages, "temperature": 0, "max_tokens": MAX_TOKENS,
            "logprobs": True, "top_logprobs": 1, "cache_prompt": True,
        }  # fmt: skip

        def keep(reply: dict[str, Any]) -> bool:
            replies.append(reply)
            return False  # True would cancel

        self._server.handle_chat_completions(request, keep)
        reply = replies[0]
        if "choices" not in reply:
            return Answer("", 0.0, -math.inf, finished=False)
        choice = reply["choices"][0]
        logprobs = [token["logprob"] for token in choice["logprobs"]["content"]]
        return Answer(
            text=choice["message"]["content"].removesuffix("<|im_end|>"),
            min_p=math.exp(min(logprobs)),
            sum_logprob=sum(logprobs),
            finished=choice["finish_reason"] == "stop",
        )
