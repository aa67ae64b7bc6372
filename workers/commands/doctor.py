"""`edgeward doctor`: what works here, what does not, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from agents.agent import Agent
from agents.checks.sandbox import run_program
from agents.connectivity import Connectivity
from agents.engines.devices import NoCard, nvidia_cards
from agents.engines.exl2_library import unavailable_reason
from agents.engines.providers import KEY_VARIABLES
from agents.engines.servers import discover
from agents.roster import build_roster, check_model_files, local_models
from router.account.pricing import Prices
from router.engine import EngineCaps
from router.errors import ConfigError, EdgewardError, StoreUnavailable
from router.learned.versions import Versions
from router.settings.settings import Settings, load_settings
from router.settings.trust import UntrustedConfig
from router.store.durability import forgettings
from router.store.store import open_configured, store_status
from router.telemetry import configure_logging
from router.types.result import CloudState

LEAST_FREE_BYTES = 200 * 1024 * 1024

State = Literal["ok", "note", "fails"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination. cure: what to do; empty when there is nothing to do."""

    subject: str
    state: State
    what: str
    cure: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


async def examine(config: Path | None, env: Mapping[str, str] | None = None) -> list[Finding]:
    """Every finding, in the order in which a person would fix them. Starts nothing."""
    env = os.environ if env is None else env
    findings = [_python(), *_packages()]
    try:
        settings, found = load_settings(config, env)
    except EdgewardError as error:
        untrusted = isinstance(error, UntrustedConfig)
        cure = "edgeward config trust" if untrusted else "edgeward config validate"
        findings.append(Finding("configuration", "fails", str(error), cure))
        return findings
    configure_logging(settings.log_level)
    where = str(found) if found else "defaults (no edgeward.yaml found)"
    findings.append(Finding("configuration", "ok", where))
    findings.append(_disk(settings.store.home.expanduser()))
    findings += await _redis(settings)
    findings += _models(settings, env)
    findings += await _cloud_reach(settings, env)
    findings.append(_keys(env))
    findings.append(_learned(settings))
    findings.append(await _sandbox())
    findings.append(await asyncio.to_thread(_gpu))
    findings.append(await asyncio.to_thread(_exllamav2, settings))
    findings.append(await _servers())
    return findings


def _python() -> Finding:
    name = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("python", "ok", name)


def _packages() -> list[Finding]:
    findings = []
    for name, role in (("xllamacpp", "llama.cpp engine"), ("litellm", "cloud tier")):
        try:
            findings.append(Finding(name, "ok", f"{version(name)} ({role})"))
        except PackageNotFoundError:
            cure = "reinstall: pip install --force-reinstall edgeward"
            findings.append(Finding(name, "fails", f"not installed ({role})", cure))
    try:
        clash = version("openai-agents")
    except PackageNotFoundError:
        return findings
    findings.append(
        Finding(
            "openai-agents",
            "note",
            f"{clash} is in this environment and installs a package `agents`, as edgeward does",
            "keep the two in separate virtual environments",
        )
    )
    return findings


async def _sandbox() -> Finding:
    """Whether code that a model wrote can be tried on a task's examples."""
    result = await run_program((sys.executable, "-c", "pass"), files={})
    if result.succeeded:
        return Finding("sandbox", "ok", "code is tried on a task's examples, locked in")
    why = result.reason or result.stderr.strip() or f"it ended with {result.exit_code}"
    return Finding("sandbox", "note", f"code is not tried on a task's examples: {why}")


def _disk(home: Path) -> Finding:
    place = next(parent for parent in (home, *home.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    what = f"{free / 2**30:.1f} GiB free at {place}"
    if not os.access(place, os.W_OK):
        return Finding("disk", "fails", f"{place} is not writable", "set EDGEWARD_HOME elsewhere")
    if free < LEAST_FREE_BYTES:
        return Finding("disk", "fails", what, "free some, or set EDGEWARD_HOME elsewhere")
    return Finding("disk", "ok", what)


async def _redis(settings: Settings) -> list[Finding]:
    try:
        status = await store_status(url=settings.store.url, home=settings.store.home.expanduser())
    except ConfigError as error:
        return [Finding("redis", "fails", str(error), "mend store.url, or REDIS_URL")]
    usable = status.running or status.origin in ("path", "wheel")
    findings = [Finding("redis", "ok" if usable else "fails", status.detail)]
    if status.origin == "url" and status.running:  # the one that edgeward starts is durable
        with suppress(StoreUnavailable):
            async with await open_configured(settings.store) as store:
                findings += [
                    Finding("redis may forget", "note", f"{one.setting}: {one.follows}", one.cure)
                    for one in await forgettings(store)
                ]
    return findings


def _models(settings: Settings, env: Mapping[str, str]) -> list[Finding]:
    try:
        agents = build_roster(settings, Prices.load(settings.prices), env)
        check_model_files(settings)
    except EdgewardError as error:
        return [Finding("models", "fails", str(error), "mend the configuration")]
    findings = []
    for role, agent in agents.roles.items():
        findings.append(_role(role, agent.engine.caps))
        if agent.specialist is None and role in ("general", "coder"):
            findings.append(_card(role, agent))
    if not agents.clouds:
        cure = "set OPENAI_API_KEY or ANTHROPIC_API_KEY, or cloud.url in the configuration"
        findings.append(Finding("cloud", "note", agents.cloud_absent, cure))
    else:
        names = ", then ".join(agent.engine.caps.model for agent in agents.clouds)
        findings.append(Finding("cloud", "ok", names))
    return findings


def _card(role: str, agent: Agent) -> Finding:
    if agent.card is None:
        what = f"what {agent.engine.caps.model} can do is not known: unverified answers escalate"
        return Finding(f"card of {role}", "note", what, f"edgeward models probe --role {role}")
    right = sum(tally.right for tally in agent.card.kinds.values())
    asked = sum(tally.asked for tally in agent.card.kinds.values())
    return Finding(f"card of {role}", "ok", f"{right} of {asked} questions right")


def _role(role: str, caps: EngineCaps) -> Finding:
    what = f"{caps.model} on {caps.engine}"
    if caps.host is None:
        return Finding(f"role {role}", "ok", what)
    if caps.local:
        what += f" at {caps.host}, another machine, which is trusted with every text as it is"
        return Finding(f"role {role}", "ok", what)
    what += f" at {caps.host}, another machine: it is shown what a cloud may see, and no more"
    cure = f"if it is yours, set models.{role}.trusted"
    return Finding(f"role {role}", "note", what, cure)


async def _cloud_reach(settings: Settings, env: Mapping[str, str]) -> list[Finding]:
    """Whether the cloud can be reached, by trying the connection."""
    try:
        agents = build_roster(settings, Prices.load(settings.prices), env)
    except EdgewardError:
        return []  # said already
    if not agents.clouds or settings.cloud.script is not None:
        return []
    found = await Connectivity(
        settings.cloud, [one.engine.caps.model for one in agents.clouds]
    ).probe()
    if found.state is CloudState.OPEN:
        return [Finding("network", "ok", found.words)]
    cure = "until then tasks are answered here and wait in the outbox"
    return [Finding("network", "note", f"{found.state.value}: {found.words}", cure)]


def _keys(env: Mapping[str, str]) -> Finding:
    present = [name for name in KEY_VARIABLES if env.get(name, "").strip()]
    return Finding("keys", "ok" if present else "note", ", ".join(present) or "none set")


def _learned(settings: Settings) -> Finding:
    versions = Versions(settings.store.home.expanduser())
    try:
        newest = versions.newest()
        unreadable = bool(numbers := versions.numbers()) and (
            newest is None or newest.number != numbers[-1]
        )
    except EdgewardError as error:
        return Finding("learned", "fails", str(error), "mend the folder's permissions")
    if unreadable:
        what = f"version {numbers[-1]} cannot be read, and an older one serves"
        return Finding("learned", "note", what, "edgeward learn ls")
    if newest is None:
        return Finding("learned", "ok", "nothing yet: the shipped expectations serve")
    if not settings.learning.use:
        return Finding("learned", "note", f"version {newest.number}, and learning.use is off")
    if newest.drifts:
        shown = "; ".join(f"{one.side} {one.kind} ({one.model})" for one in newest.drifts)
        cure = "run edgeward learn again once there is more, and edgeward calibrate"
        return Finding("learned", "note", f"version {newest.number}; drift: {shown}", cure)
    return Finding("learned", "ok", f"version {newest.number} serves")


def _gpu() -> Finding:
    try:
        cards = nvidia_cards()
    except NoCard as reason:
        return Finding("gpu", "note", f"{reason}: models run on the CPU")
    shown = "; ".join(
        f"{card.name}, {card.total_bytes / 2**30:.1f} GiB, {card.used_bytes / 2**30:.1f} in use"
        for card in cards
    )
    return Finding("gpu", "ok", shown)


def _exllamav2(settings: Settings) -> Finding:
    """A failure only where a role's model is a directory, which needs ExLlamaV2."""
    reason = unavailable_reason()
    if reason is None:
        return Finding("exllamav2", "ok", "ready for EXL2 models")
    wanted = any(model.path and model.path.is_dir() for _, model in local_models(settings))
    return Finding("exllamav2", "fails" if wanted else "note", f"not available: {reason}")


async def _servers() -> Finding:
    found = await discover()
    if not found:
        return Finding("local servers", "note", "none answers on this machine's usual ports")
    shown = "; ".join(f"{server.name} at {server.url}" for server in found)
    return Finding("local servers", "ok", shown, "use one: models: {general: {url: ...}}")
