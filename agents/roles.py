"""The roles and their agents: which engine plays each, with which prompt and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.agent import Agent
from agents.engines.gguf import read_gguf
from agents.engines.litellm import LiteLLMEngine
from agents.engines.llamacpp import LlamaCppEngine
from agents.engines.openai_server import OpenAIServerEngine
from agents.engines.providers import cloud_from_environment, provider_of
from agents.engines.scripted import ScriptedEngine
from agents.nano import MAX_TOKENS, SYSTEM_PROMPTS
from agents.nano.engine import nano_engine
from router.engine import Engine
from router.pricing import Prices
from router.settings import CloudSettings, ModelSettings, Settings

PROMPTS = Path(__file__).parent / "prompts"
LOCAL_ROLES = ("general", "coder")
CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Cast:
    """Every agent of a configuration.

    cloud: None when there is none; `cloud_absent` then says why, in words.
    cloud_model: the model that prices what staying local avoided.
    """

    local: Mapping[str, Agent]
    cloud: Agent | None
    cloud_absent: str
    cloud_model: str

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Each engine once: roles with the same settings share one."""
        agents = [*self.local.values(), *([self.cloud] if self.cloud else [])]
        return tuple({id(agent.engine): agent.engine for agent in agents}.values())


def cast(settings: Settings, prices: Prices, env: Mapping[str, str]) -> Cast:
    """The agents that the settings ask for. Opens nothing; raises ConfigError."""
    engines: dict[ModelSettings, Engine] = {}
    local: dict[str, Agent] = {}
    for role in LOCAL_ROLES:
        model: ModelSettings = getattr(settings.models, role)
        if model not in engines:
            engines[model] = _local_engine(role, model)
        local[role] = _local_agent(role, model, engines[model], settings)
    cloud, absent = _cloud_agent(settings, prices, env)
    name = cloud.engine.caps.model if cloud else settings.cloud.reference
    return Cast(local=local, cloud=cloud, cloud_absent=absent, cloud_model=name)


def check_model_files(settings: Settings) -> None:
    """Reads the header of every GGUF that the settings name; ConfigError for a bad one."""
    for role in LOCAL_ROLES:
        path = getattr(settings.models, role).path
        if path is not None:
            read_gguf(path)


def _prompt(role: str) -> str:
    return (PROMPTS / f"{role}.md").read_text(encoding="utf-8").strip()


def _local_engine(role: str, model: ModelSettings) -> Engine:
    if model.builtin == "nano":
        return nano_engine(parallel=model.parallel)
    if model.path is not None:
        if not model.path.is_file():
            read_gguf(model.path)  # raises, naming what is there instead
        return LlamaCppEngine(
            model_path=model.path,
            model=model.path.stem,
            context_tokens=model.context_tokens,
            parallel=model.parallel,
            threads=model.threads,
            gpu_layers=model.gpu_layers,
        )
    if model.url is not None:
        return OpenAIServerEngine(
            url=model.url,
            model=model.model,
            api_key=model.api_key,
            context_tokens=model.context_tokens,
        )
    assert model.script is not None, "settings hold exactly one place"
    return ScriptedEngine.from_file(model.script, model=f"scripted-{role}", local=True)


def _local_agent(role: str, model: ModelSettings, engine: Engine, settings: Settings) -> Agent:
    if model.builtin == "nano":
        # Its gate and calibration are files that only this model needs.
        from agents.nano.specialist import NanoSpecialist

        return Agent(
            role=role,
            engine=engine,
            system_prompt=SYSTEM_PROMPTS[role],
            max_tokens=min(model.max_tokens, MAX_TOKENS),
            history_messages=0,
            repairs=False,
            specialist=NanoSpecialist.load(),
        )
    return Agent(
        role=role,
        engine=engine,
        system_prompt=_prompt(role),
        max_tokens=model.max_tokens,
        history_messages=settings.memory.history_messages,
        repairs=True,
        min_probability=settings.policy.min_probability,
    )


def _cloud_agent(
    settings: Settings, prices: Prices, env: Mapping[str, str]
) -> tuple[Agent | None, str]:
    engine = _cloud_engine(settings.cloud, prices, env)
    if isinstance(engine, str):
        return None, engine
    agent = Agent(
        role=CLOUD,
        engine=engine,
        system_prompt=_prompt(CLOUD),
        max_tokens=settings.cloud.max_tokens,
        history_messages=settings.memory.history_messages,
        repairs=False,
    )
    return agent, ""


def _cloud_engine(cloud: CloudSettings, prices: Prices, env: Mapping[str, str]) -> Engine | str:
    """The engine, or the reason in words why there is none."""
    if cloud.model == "off":
        return "the cloud is switched off"
    if cloud.script is not None:
        return ScriptedEngine.from_file(cloud.script, model="scripted-cloud", local=False)
    model, key = cloud.model, cloud.api_key
    if model == "auto" and cloud.url is None:
        choice = cloud_from_environment(env)
        if choice is None:
            return "no cloud key is set"
        model = choice.model
    return LiteLLMEngine(
        model=_at_url(model) if cloud.url else model,
        api_base=cloud.url,
        api_key=key,
        timeout_s=cloud.timeout_s,
        max_tokens=cloud.max_tokens,
        retries=cloud.retries,
        prices=prices,
    )


def _at_url(model: str) -> str | None:
    """LiteLLM's name for a model of an OpenAI-compatible server; None: the first that it lists."""
    if model == "auto":
        return None
    return model if provider_of(model) else f"openai/{model}"
