"""What servers' refusals are about, in the words that servers use."""

from __future__ import annotations

import pytest

from agents.engines.refusals import about, is_overflow, overflow_tokens

TOO_LONG = {
    "OpenAI": (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in "
        "9000 tokens. Please reduce the length of the messages. [context_length_exceeded]",
        (9000, 8192),
    ),
    "OpenAI, newer": (
        "Your input exceeds the context window of this model. Please adjust your input and try "
        "again.",
        (None, None),
    ),
    "OpenAI, configured": (
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in "
        "300123 tokens. Please reduce the length of the messages.",
        (300123, 272000),
    ),
    "Azure": (
        "This model's maximum context length is 16384 tokens, however you requested 17500 tokens "
        "(16500 in your prompt; 1000 for the completion). Please reduce your prompt; or completion "
        "length.",
        None,
    ),
    "Azure, by characters": (
        "Invalid 'messages[1].content': string too long. Expected a string with maximum length "
        "1048576, but got a string with length 1500000 instead. [string_above_max_length]",
        (1500000, 1048576),
    ),
    "GitHub Models": (
        "Request body too large for gpt-4o model. Max size: 8000 tokens. [tokens_limit_reached]",
        None,
    ),
    "Copilot": ("prompt token count of 130001 exceeds the limit of 128000", (130001, 128000)),
    "Anthropic": ("prompt is too long: 213462 tokens > 200000 maximum", (213462, 200000)),
    "Anthropic, with the answer": (
        "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000, decrease "
        "input length or `max_tokens` and try again",
        None,
    ),
    "Gemini": (
        "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        (1196265, 1048575),
    ),
    "Vertex": (
        "Unable to submit request because the input token count is 40000 but model only supports "
        "up to 32768. Reduce the input token count and try again.",
        (40000, 32768),
    ),
    "Groq": ("Please reduce the length of the messages or completion.", (None, None)),
    "Cerebras": (
        "Please reduce the length of the messages or completion. Current length is 9021 while "
        "limit is 8192",
        (9021, 8192),
    ),
    "DeepSeek": (
        "This model's maximum context length is 131072 tokens. However, you requested 131134 "
        "tokens (122942 in the messages, 8192 in the completion). Please reduce the length of the "
        "messages or completion.",
        None,
    ),
    "Mistral": (
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum "
        "context length",
        (40000, 32768),
    ),
    "Perplexity": (
        "The prompt is too long. Please reduce the number of tokens in the messages.",
        (None, None),
    ),
    "Perplexity, by count": (
        "Input has 150000 tokens, which exceeds the limit of 127072 for this model",
        (150000, 127072),
    ),
    "SGLang": (
        "The input (61709 tokens) is longer than the model's context length (40960 tokens).",
        (61709, 40960),
    ),
    "SGLang, with the answer": (
        "Requested token count exceeds the model's maximum context length of 32768 tokens. You "
        "requested a total of 40000 tokens: 39000 tokens from the input messages and 1000 tokens "
        "for the completion. Please reduce the number of tokens in the input messages or the "
        "completion to fit within the limit.",
        None,
    ),
    "SGLang, by memory": (
        "Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens). Use a "
        "shorter input or enable --allow-auto-truncate.",
        (160062, 59862),
    ),
    "vLLM": (
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make "
        "sure that `max_model_len` is no smaller than the number of text tokens.",
        (5000, 4096),
    ),
    "vLLM, with the answer": (
        "'max_tokens' or 'max_completion_tokens' is too large: 1024. This model's maximum context "
        "length is 4096 tokens and your request has 3500 input tokens (1024 > 4096 - 3500).",
        None,
    ),
    "TGI": (
        "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000",
        (2000, 1024),
    ),
    "TGI, with the answer": (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 1500 "
        "`inputs` tokens and 1000 `max_new_tokens`",
        None,
    ),
    "LM Studio": (
        "Trying to keep the first 5231 tokens when context the overflows. However, the model is "
        "loaded with context length of only 4096 tokens, which is not enough. Try to load the "
        "model with a larger context length, or provide a shorter input",
        (5231, 4096),
    ),
    "LM Studio, older": (
        "The number of tokens to keep from the initial prompt is greater than the context length.",
        (None, None),
    ),
    "Ollama": ("the input length exceeds the context length", (None, None)),
    "Ollama, newer": ("prompt too long; exceeded max context length by 512 tokens", None),
    "llama.cpp": (
        "the request exceeds the available context size. try increasing the context size or "
        "enable context shift",
        (None, None),
    ),
    "llama.cpp, newer": (
        "request (5231 tokens) exceeds the available context size (4096 tokens), try increasing it",
        (5231, 4096),
    ),
    "TabbyAPI": ("Prompt length 5000 is greater than max_seq_len 4096", (5000, 4096)),
    "Fireworks": (
        "The prompt is too long: 140000, model maximum context length: 131071",
        (140000, 131071),
    ),
    "Cohere": (
        "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000. "
        "Try using a shorter prompt",
        (5000, 4081),
    ),
    "Bedrock": ("Input is too long for requested model.", (None, None)),
    "Bedrock, by count": (
        "Too many input tokens. Max input tokens: 8192, request input token count: 9000",
        (9000, 8192),
    ),
    "xAI": (
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        (537812, 131072),
    ),
    "OpenRouter": (
        "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 "
        "tokens (8000 of text input, 1000 in the output). Please reduce the length of either one.",
        None,
    ),
    "Moonshot": (
        "Invalid request: Your request exceeded model token limit: 131072",
        (None, 131072),
    ),
    "MiniMax": ("invalid params, context window exceeds limit", (None, None)),
    "Alibaba": ("Range of input length should be [1, 30720]", None),
    "Zhipu": ("Prompt 超长", (None, None)),
}

ANOTHER_MATTER = [
    "Invalid value for 'messages'.",
    "max_tokens is too large: 100000. This model supports at most 16384 completion tokens.",
    "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude",
    "temperature must be at most 2, got 2.5",
    "Invalid 'stop': array too long. Expected an array with maximum length 4, got length 5.",
    "logprobs is not supported by this server. [unsupported_parameter]",
    "top_logprobs must be less than or equal to 20",
    "The server had an error.",
    "Invalid schema for response_format 'answer': 'uniqueItems' is not permitted.",
    "Schema is too deep: at most 5 levels of nesting are supported",
    "System role not supported",
    "n must be no more than 1",
    "Your request was rejected as a result of our safety system.",
    "model `gpt-99` does not exist",
    "tools: at most 128 items are allowed",
    "CUDA out of memory. Tried to allocate 2.00 GiB",
]


@pytest.mark.parametrize(("said", "tokens"), TOO_LONG.values(), ids=TOO_LONG)
def test_a_prompt_that_is_too_long_is_known_in_every_servers_words(
    said: str, tokens: tuple[int | None, int | None] | None
) -> None:
    assert is_overflow(said)
    if tokens is not None:
        assert overflow_tokens(said) == tokens


@pytest.mark.parametrize("said", ANOTHER_MATTER)
def test_a_refusal_for_another_reason_is_not_taken_for_one(said: str) -> None:
    assert not is_overflow(said)


NO_SYSTEM = [
    "System role not supported",
    "Jinja Exception: System role not supported",
    "messages[0].role: 'system' is not supported with this model",
    "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
    "Developer instruction is not enabled for models/gemma-3-27b-it",
    "This model does not support system messages.",
    "System prompts aren't supported for this model",
    "Only user and assistant roles are supported!",
    "Conversation roles must alternate user/assistant/user/assistant/...",
    "messages.0.role: Input should be 'user' or 'assistant'",
    "Unknown role: system",
    "invalid role system, only user and assistant are allowed",
    "The system role is not allowed for this model",
]


@pytest.mark.parametrize("said", NO_SYSTEM)
def test_a_model_without_a_system_role_is_known_by_what_it_says(said: str) -> None:
    assert about(said) == "system"
    assert not is_overflow(said)


@pytest.mark.parametrize(
    "said",
    [
        "Invalid value for 'messages'.",
        "The system is overloaded, try again",
        "operating system error: file not supported",
        "the message was not accepted by our system",
    ],
)
def test_the_word_system_alone_is_no_such_refusal(said: str) -> None:
    assert about(said) == "request"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("Invalid schema for response_format 'answer': 'pattern' is not permitted.", "schema"),
        ("response_format of type json_schema is not supported by this model", "schema"),
        ("Failed to parse grammar", "schema"),
        ("guided decoding is not available on this backend", "schema"),
        (
            "The response was filtered due to the prompt triggering Azure OpenAI's content "
            "management policy.",
            "policy",
        ),
        ("Input was flagged by moderation", "policy"),
    ],
)
def test_schema_and_policy_are_told_apart(said: str, what: str) -> None:
    assert about(said) == what
