"""Builds the agents of a configuration: each role's engine, prompt and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.agent import Agent
from agents.calibration import Sureness
from agents.connectivity import Finding
from agents.engines.lane import Lane
from agents.engines.litellm import LiteLLMEngine
from agents.engines.providers import cloud_from_environment, provider_of
from agents.engines.scripted import ScriptedEngine
from agents.gated_engine import GatedCloud
from agents.local_engines import Lanes, check_model_path, local_engine
from agents.models.cards import card_of
from agents.nano import MAX_TOKENS, SPEED, SYSTEM_PROMPT
from router.account.pricing import Prices
from router.engine import CloudEngine, Engine
from router.errors import ConfigError
from router.policy.decide import EXACT, SPECIALIST
from router.policy.speed import HOSTED, Speed
from router.privacy.machine import is_loopback
from router.settings.cloud import CloudSettings
from router.settings.models import ModelSettings
from router.settings.settings import Settings
from router.settings.urls import shown_url
from router.types.result import CloudState

PROMPTS = Path(__file__).parent / "prompts"
CODER = "coder"
ROUTER = "router"
GUARD = "guard"
CLOUD = "cloud"

LONGEST_TOKENS = 32_768
"""Of a computed answer, which costs nothing and is as long as the data is."""

TURN_MARKS = ("<|im_end|>", "<|im_start|>", "<end_of_turn>", "<start_of_turn>", "<|eot_id|>")
"""Ends of a turn, which a model that was trained on another template writes as ordinary text."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Every agent of a configuration.

    clouds: in the order in which they are tried, each behind the gate; if empty, `cloud_state` and,
    in words, `cloud_absent` say why. cloud_model: the model whose price gives the saving of local
    answers. specialists: asked before the role's model where they know a task, in this order.
    router, guard: None unless the settings name a model for it. lanes: those that models
    run on.
    """

    local: Mapping[str, Agent]
    specialists: tuple[Agent, ...]
    router: Agent | None
    guard: Agent | None
    lanes: tuple[Lane, ...]
    clouds: tuple[Agent, ...]
    cloud_state: CloudState
    cloud_absent: str
    cloud_model: str

    @property
    def roles(self) -> Mapping[str, Agent]:
        """Every local role that has a model."""
        more = {ROUTER: self.router, GUARD: self.guard}
        return {**self.local, **{role: agent for role, agent in more.items() if agent}}

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Each engine once: roles with the same settings share one."""
        agents = [*self.roles.values(), *self.specialists, *self.clouds]
        return tuple({id(agent.engine): agent.engine for agent in agents}.values())


def build_roster(settings: Settings, prices: Prices, env: Mapping[str, str]) -> Roster:
    """The agents that the settings ask for. Opens nothing; raises ConfigError."""
    lanes = Lanes(settings)
    engines: dict[ModelSettings, Engine] = {}
    local: dict[str, Agent] = {}
    for role, model in local_models(settings):
        # Whether it shall think is said with each request.
        shared = model.model_copy(update={"thinking": "auto"})
        if shared not in engines:
            pinned = model.pinned or model == settings.models.router
            engines[shared] = local_engine(role, model, lanes, pinned=pinned)
        if settings.offline:
            _require_this_machine(role, model, engines[shared])
        local[role] = _local_agent(role, model, engines[shared], settings)
    specialists = _specialists(settings, lanes, local)
    found = _cloud_agents(settings, prices, env)
    clouds = () if isinstance(found, Finding) else found
    absent = found if isinstance(found, Finding) else Finding(CloudState.OPEN, "")
    name = clouds[0].engine.caps.model if clouds else settings.cloud.reference
    return Roster(
        router=local.pop(ROUTER, None),
        guard=local.pop(GUARD, None),
        local=local,
        specialists=specialists,
        lanes=lanes.used,
        clouds=clouds,
        cloud_state=absent.state,
        cloud_absent=absent.words,
        cloud_model=name,
    )


def _require_this_machine(role: str, model: ModelSettings, engine: Engine) -> None:
    """ConfigError where `offline` is set and a role's model runs on another machine."""
    if (host := engine.caps.host) is not None:
        what = f"url is {shown_url(model.url or '') or 'a URL that cannot be shown'}"
        if is_loopback(model.url or ""):
            what = f"model is {model.model}, which is run by {host}"
        raise ConfigError(
            f"`offline` is set and models.{role}.{what}, another machine: name a server on this "
            "one, or a model file"
        )


def local_models(settings: Settings) -> list[tuple[str, ModelSettings]]:
    """Each local role with its model; router and guard only where one is set.

    The shipped specialist goes first anyway: where it is all that the coder has, code that it
    declines is the general model's.
    """
    models = settings.models
    coder = models.general if models.coder.builtin and not models.general.builtin else models.coder
    found = [("general", models.general), ("coder", coder)]
    more = {ROUTER: models.router, GUARD: models.guard}
    return found + [(role, model) for role, model in more.items() if model is not None]


def check_model_files(settings: Settings) -> None:
    """Reads the headers of every model that the settings name; ConfigError for a bad one."""
    for _, model in local_models(settings):
        if model.path is not None:
            check_model_path(model.path)


def _prompt(role: str, settings: Settings) -> str:
    prompt = (PROMPTS / f"{role}.md").read_text(encoding="utf-8").strip()
    language = settings.policy.default_language
    if language is None or role not in (CODER, CLOUD):
        return prompt
    return f"{prompt}\nWhere the request names no programming language, write {language}."


def _specialists(settings: Settings, lanes: Lanes, local: Mapping[str, Agent]) -> tuple[Agent, ...]:
    """Those that go before the models of the roles: what is computed, then the nano, which not
    where it plays a role itself."""
    first = (_exact(),) if settings.models.exact else ()
    if settings.models.specialist is None or any(agent.specialist for agent in local.values()):
        return first
    model = ModelSettings(builtin="nano")
    engine = local_engine(SPECIALIST, model, lanes, pinned=True)
    return (*first, _nano(SPECIALIST, model, engine))


def _exact() -> Agent:
    # Its libraries are nobody else's.
    from agents.exact.engine import ExactEngine
    from agents.exact.specialist import ExactSpecialist

    return Agent(
        role=EXACT,
        engine=ExactEngine(),
        system_prompt="",
        max_tokens=LONGEST_TOKENS,
        history_messages=0,
        repairs=False,
        specialist=ExactSpecialist(),
        speed=Speed(first_s=0.001, token_s=0.0),
    )


def _nano(role: str, model: ModelSettings, engine: Engine) -> Agent:
    # Its gate and calibration are files that only this model needs.
    from agents.nano.specialist import NanoSpecialist

    return Agent(
        role=role,
        engine=engine,
        system_prompt=SYSTEM_PROMPT,
        max_tokens=min(model.max_tokens, MAX_TOKENS),
        history_messages=0,
        repairs=False,
        specialist=NanoSpecialist.load(),
        speed=SPEED,
    )


def _local_agent(role: str, model: ModelSettings, engine: Engine, settings: Settings) -> Agent:
    if model.builtin == "nano":
        return _nano(role, model, engine)
    return Agent(
        role=role,
        engine=engine,
        system_prompt=_prompt(role, settings),
        max_tokens=model.max_tokens,
        history_messages=settings.memory.history_messages,
        repairs=True,
        thinking=model.thinking,
        stop=TURN_MARKS if model.path is not None else (),
        recall_tokens=settings.memory.recall_tokens or None,
        card=card_of(model, settings.store.home.expanduser()),
        sureness=Sureness(
            min_probability=settings.policy.min_probability,
            min_confidence=settings.policy.min_confidence,
        ),
    )


def _cloud_agents(
    settings: Settings, prices: Prices, env: Mapping[str, str]
) -> tuple[Agent, ...] | Finding:
    """The cloud's agents, or why there is none."""
    if settings.offline:
        return Finding(CloudState.OFFLINE, "`offline` is set")
    first = _cloud_engine(settings.cloud, prices, env)
    if isinstance(first, Finding):
        return first
    others = [_litellm_engine(name, settings.cloud, prices) for name in settings.cloud.fallbacks]
    return tuple(
        Agent(
            role=CLOUD,
            engine=GatedCloud(engine),
            system_prompt=_prompt(CLOUD, settings),
            max_tokens=settings.cloud.max_tokens,
            history_messages=settings.memory.history_messages,
            repairs=False,
            price=engine.price,
            sends=1 + settings.cloud.retries,
            speed=HOSTED,
            thinking=settings.cloud.thinking,
            recall_tokens=settings.memory.recall_tokens or None,
        )
        for engine in (first, *others)
    )


def _cloud_engine(
    cloud: CloudSettings, prices: Prices, env: Mapping[str, str]
) -> CloudEngine | Finding:
    """The engine, or why there is none."""
    if cloud.model == "off":
        return Finding(CloudState.OFF, "the cloud is switched off")
    if cloud.script is not None:
        return ScriptedEngine.from_file(cloud.script, model="scripted-cloud", local=False)
    model = cloud.model
    if model == "auto" and cloud.url is None:
        choice = cloud_from_environment(env)
        if choice is None:
            return Finding(CloudState.NO_KEY, "no cloud key is set")
        model = choice.model
    return _litellm_engine(model, cloud, prices)


def _litellm_engine(model: str, cloud: CloudSettings, prices: Prices) -> LiteLLMEngine:
    return LiteLLMEngine(
        model=_at_url(model) if cloud.url else model,
        api_base=cloud.url,
        api_key=cloud.api_key,
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
