"""The cloud providers a user may hold a key for, and the model we take when only a key is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from router.settings.api_key import cleaned_key


@dataclass(frozen=True, slots=True)
class Provider:
    """prefix: of litellm's model names. default_model: inexpensive, strong, with no announced end
    in litellm 1.106.2's offline price map. host: of its API."""

    prefix: str
    title: str
    key_variable: str
    default_model: str
    host: str


PROVIDERS = (
    Provider(
        "openai",
        "OpenAI",
        "OPENAI_API_KEY",
        "openai/gpt-5.4-mini",
        "api.openai.com",
    ),
    Provider(
        "anthropic",
        "Anthropic",
        "ANTHROPIC_API_KEY",
        "anthropic/claude-haiku-4-5",
        "api.anthropic.com",
    ),
    Provider(
        "gemini",
        "Google Gemini",
        "GEMINI_API_KEY",
        "gemini/gemini-3.8-flash",
        "generativelanguage.googleapis.com",
    ),
    Provider(
        "groq",
        "Groq",
        "GROQ_API_KEY",
        "groq/openai/gpt-oss-120b",
        "api.groq.com",
    ),
    Provider(
        "mistral",
        "Mistral",
        "MISTRAL_API_KEY",
        "mistral/mistral-large-latest",
        "api.mistral.ai",
    ),
    Provider(
        "deepseek",
        "DeepSeek",
        "DEEPSEEK_API_KEY",
        "deepseek/deepseek-v4-flash",
        "api.deepseek.com",
    ),
    Provider(
        "openrouter",
        "OpenRouter",
        "OPENROUTER_API_KEY",
        "openrouter/openai/gpt-5.4-mini",
        "openrouter.ai",
    ),
)
"""In the order in which a user with several keys gets one."""

KEY_VARIABLES = tuple(provider.key_variable for provider in PROVIDERS)

_BARE_NAMES = {
    "gpt-": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "claude-": "anthropic",
}


@dataclass(frozen=True, slots=True)
class CloudChoice:
    """A cloud model that can be reached with what is in the environment."""

    provider: Provider
    model: str


def environment_key(provider: Provider, env: Mapping[str, str]) -> str:
    """The provider's key, without what stands around it; empty where none is set.

    Raises ValueError, naming the variable, for one that cannot be sent.
    """
    try:
        return cleaned_key(env.get(provider.key_variable, ""))
    except ValueError as error:
        raise ValueError(f"the key in {provider.key_variable} cannot be sent: {error}") from None


def cloud_from_environment(env: Mapping[str, str]) -> CloudChoice | None:
    """The first provider whose key is set and not blank; None when there is none.

    Only looks: whether the cloud may be used at all is the caller's decision.
    """
    for provider in PROVIDERS:
        if _has_key(provider, env):
            return CloudChoice(provider=provider, model=provider.default_model)
    return None


def _has_key(provider: Provider, env: Mapping[str, str]) -> bool:
    """One that cannot be sent counts: the first call says what is wrong with it."""
    try:
        return bool(environment_key(provider, env))
    except ValueError:
        return True


def provider_of(model: str) -> Provider | None:
    """Who serves a litellm model name, by its prefix; None for one we have no words for."""
    prefix = model.partition("/")[0] if "/" in model else None
    if prefix is None:
        prefix = next(
            (name for start, name in _BARE_NAMES.items() if model.startswith(start)), None
        )
    return next((provider for provider in PROVIDERS if provider.prefix == prefix), None)
