"""The cloud: which models, where, and how long a failed one is left alone."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from router.settings.api_key import cleaned_key
from router.settings.thinking import Thinking
from router.types.base import Frozen


class CloudSettings(Frozen):
    """The cloud model that complex tasks are escalated to."""

    model: str = Field(
        default="auto",
        description="`auto`: by the key found in the environment; `off`: never; else a LiteLLM "
        "name as openai/gpt-5.4-mini or anthropic/claude-haiku-4-5",
    )
    url: str | None = Field(
        default=None, repr=False, description="an OpenAI-compatible server that plays the cloud"
    )
    api_key: str | None = Field(
        default=None,
        repr=False,
        description="as ${MY_KEY}; empty: the provider's usual variable (OPENAI_API_KEY, ...)",
    )
    script: Path | None = Field(
        default=None, description="a YAML file of scripted replies, for dry runs and tests"
    )
    timeout_s: float = Field(default=60.0, gt=0, description="seconds for one call")
    max_tokens: int = Field(default=2048, ge=1, description="longest answer")
    thinking: Thinking = Field(
        default="auto", description="`on`, `off`, `auto`: as the provider's model has it"
    )
    witnesses: tuple[str, ...] = Field(
        default=("1.1.1.1:443", "9.9.9.9:443", "8.8.8.8:443"),
        description="where a connection is tried, after a provider failed, to tell a provider that "
        "is down from a network that is",
    )
    retries: int = Field(default=1, ge=0, le=5, description="further tries after a failed call")
    fallbacks: tuple[str, ...] = Field(
        default=(), description="models to ask next, in this order, when the first does not answer"
    )
    cool_down_s: float = Field(
        default=30.0, ge=0, description="seconds that a model which failed is left alone"
    )
    hold_back_chars: int = Field(
        default=0,
        ge=0,
        description="an answer's first characters that are held back: a stream that dies within "
        "them goes on with the next model unseen, one that dies later visibly",
    )
    reference: str = Field(
        default="openai/gpt-5.4-mini",
        description="model whose price values the dollars avoided where the cloud has none",
    )

    @field_validator("model", "fallbacks")
    @classmethod
    def _named(cls, given: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not all(name.strip() for name in ((given,) if isinstance(given, str) else given)):
            raise ValueError("the name of the model is empty: write a LiteLLM name, auto or off")
        return given

    @field_validator("api_key")
    @classmethod
    def _clean(cls, key: str | None) -> str | None:
        return cleaned_key(key) or None if key else None
