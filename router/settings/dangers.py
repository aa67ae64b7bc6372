"""Lists the dangerous settings of a configuration that somebody else may have written.

Dangerous is what runs a program, sends text or the environment elsewhere, understates costs, keeps
less than before or texts for longer, or switches a protection off. Every setting that is not known
to be harmless is listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from router.settings.file import SettingsFile
from router.settings.retention import RETENTION
from router.settings.urls import shown_url
from router.settings.yaml_nodes import Place
from router.types.task import Privacy
from router.wording import shown as shortened

_MOST_SHOWN = 2000
"""Characters of a command: one whose end cannot be seen must not be trusted."""


def shown(text: str) -> str:
    """The text on one line, whole unless it is longer than any honest one."""
    return shortened(text, _MOST_SHOWN)


@dataclass(frozen=True, slots=True)
class Danger:
    """One thing that a file does. line: where it stands, 1 for what the file leaves out."""

    line: int
    key: str
    what: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.key}: {self.what}"


HARMLESS = frozenset(
    {
        "log_level",
        "offline",
        *(f"cloud.{name}" for name in ("timeout_s", "max_tokens", "retries", "cool_down_s")),
        *(f"cloud.{name}" for name in ("hold_back_chars", "reference", "script", "thinking")),
        "learning.use",
        "learning.shadow_judge",
        "memory.history_messages",
        "memory.cache",
        "memory.summarise",
        "memory.fact_tokens",
        "memory.recall_tokens",
        "models.exact",
        "models.specialist",
        "outbox.most",
        "privacy.folders",
        "privacy.patterns",
        "store.idle_s",
        "store.namespace",
    }
)
"""Settings that cannot do harm: sizes, times, names, and what only adds protection. A model's file,
and one of scripted replies, are data that no program runs.
"""

HARMLESS_PARTS = ("budget.", "lanes.", "policy.", "queue.")
_MODEL_HARMLESS = frozenset(
    {
        "builtin",
        "path",
        "script",
        "model",
        "api_key",
        "context_tokens",
        "max_tokens",
        "parallel",
        "thinking",
    }
    | {"threads", "gpu_layers", "kv_cache", "pinned"}
)
"""Of a model on this machine: its key goes no further than its `url`."""

_THIS_MACHINE = re.compile(
    r"(?:(?:https?|rediss?)://(?:[^@/\\?#\s]*@)?"
    r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._/-]*)?"
    r"|unix://[^?#]*)"
)
"""Narrow on purpose: an address that may lead elsewhere, or that programs read differently, is
listed.
"""

Judge = Callable[[Any, Any], str | None]
"""(value, all settings) -> what the value does; None where it is harmless after all."""


def stays_here(url: str | None) -> bool:
    return url is None or _THIS_MACHINE.fullmatch(url) is not None


def _url(what: str) -> Judge:
    def judge(url: str | None, _: Any) -> str | None:
        return None if stays_here(url) else f"{what} {_named(str(url))}, another machine"

    return judge


def _named(url: str) -> str:
    return shown_url(url) or "a URL that cannot be shown"


def _cloud_model(model: str, settings: Any) -> str | None:
    if model in ("auto", "off") or _plays_here(settings):
        return None
    return f"sends text to {shown(model)}"


def _fallbacks(models: tuple[str, ...], settings: Any) -> str | None:
    # A script plays the first model alone.
    url = settings.cloud.url
    here = url is not None and stays_here(url)
    return None if here else f"sends text to {shown(', '.join(models))}"


def _plays_here(settings: Any) -> bool:
    cloud = settings.cloud
    return cloud.script is not None or (cloud.url is not None and stays_here(cloud.url))


def _cloud_key(_: str, settings: Any) -> str | None:
    if _plays_here(settings):
        return None
    return "sends text on the account of whoever owns this key"


def _found(labels: Mapping[str, Privacy], _: Any) -> str | None:
    weaker = [name for name, label in labels.items() if label is not Privacy.LOCAL_ONLY]
    return f"lets a text leave that has {shown(', '.join(weaker))} in it" if weaker else None


def _checks(checks: tuple[Any, ...], _: Any) -> str:
    return f"runs {'; '.join(shown(' '.join(one.command)) for one in checks)}"


def _servers(servers: Mapping[str, Mapping[str, Any]], _: Any) -> str:
    told = []
    for name, server in servers.items():
        command, url = server.get("command"), server.get("url")
        if isinstance(url, str):
            told.append(f"gives tools' arguments to {_named(url)}")
        elif isinstance(command, list):
            told.append(f"runs {shown(' '.join(map(str, command)))}")
        else:
            told.append(f"starts {shown(name)}")
    return "; ".join(told)


def _folders(folders: tuple[Any, ...], _: Any) -> str:
    return "lets models read " + shown(", ".join(f"{one.path} ({one.label})" for one in folders))


def _always(what: str) -> Judge:
    return lambda value, _: what


def _less(what: str, than: float) -> Judge:
    return lambda value, _: what.format(value) if value < than else None


JUDGED: dict[str, Judge] = {
    "cloud.model": _cloud_model,
    "cloud.fallbacks": _fallbacks,
    "cloud.url": _url("sends text to"),
    "cloud.api_key": _cloud_key,
    "cloud.witnesses": _always("connects to other machines"),
    "models.*.url": _url("sends text to"),
    "models.*.trusted": _always("lets what must stay on this machine go to another one"),
    "store.url": _url("keeps what is asked, answered and remembered on"),
    "store.home": lambda home, _: f"keeps data, and reads what was learned, in {shown(str(home))}",
    "privacy.detect": _always("does not look for personal data and secrets"),
    "privacy.redact": _always("does not take personal data out of what is sent"),
    "privacy.found": _found,
    "learning.shadow_rate": _always("sends tasks that were answered here to the cloud as well"),
    "learning.shadow_usd_per_day": lambda usd, settings: (
        f"lets shadow runs cost ${usd:g} a day" if settings.learning.shadow_rate else None
    ),
    "checks": _checks,
    "tools.folders": _folders,
    "tools.roles": lambda roles, _: f"lets models call tools: {shown(', '.join(roles))}",
    "tools.servers": _servers,
    "prices": lambda path, _: f"counts money by the prices in {shown(str(path))}",
    "memory.ledger_days": _less("drops the account after {} days", 90.0),
    "memory.facts_tokens": _less("drops the facts beyond {} tokens", 50_000),
}


def dangers(file: SettingsFile, settings: BaseModel, own: Any = None) -> list[Danger]:
    """What the file does, in the order of its lines.

    settings: a Settings, as the file makes it. own: the user's own one, which this would replace.
    """
    found = [
        _danger(file, place, f"reads {' and '.join(names)} from the environment")
        for place, names in file.references.items()
    ]
    for place, value in _changed(settings, type(settings)(), ()):
        pattern = pattern_of(place)
        if harmless(pattern) or pattern in RETENTION:
            continue
        judge = JUDGED.get(pattern, _always("is not known to be harmless"))
        if what := judge(value, settings):
            filled = any(one[: len(place)] == place for one in file.references)
            what = _without_environment(file, place, judge, type(settings)) if filled else what
            found.append(_danger(file, place, what))
    found += [_danger(file, place, what) for place, what in _retained(settings, own)]
    if own is not None:
        found += [_danger(file, place, what) for place, what in _weaker(settings, own)]
    return sorted(set(found), key=lambda one: (one.line, one.key, one.what))


def pattern_of(place: Place) -> str:
    """`models.*.url` of models.coder.url."""
    parts = [str(part) for part in place]
    if parts[0] == "models" and len(parts) > 2:
        parts[1] = "*"
    return ".".join(parts)


def harmless(pattern: str) -> bool:
    of_model = pattern.removeprefix("models.*.")
    return pattern not in RETENTION and (
        pattern in HARMLESS
        or pattern.startswith(HARMLESS_PARTS)
        or (of_model != pattern and of_model in _MODEL_HARMLESS)
    )


def _danger(file: SettingsFile, place: Place, what: str) -> Danger:
    return Danger(file.line(place), ".".join(map(str, place)), what)


def _without_environment(
    file: SettingsFile, place: Place, judge: Judge, model: type[BaseModel]
) -> str:
    """What the setting does, as written: values of the environment must not be shown."""
    try:
        settings: Any = file.written.validated(model)
    except ValidationError:  # a number or a switch comes from a variable
        return "does what the environment says"
    value = settings
    for name in place:
        value = getattr(value, str(name))
    return judge(value, settings) or "does what the environment says"


def _changed(settings: BaseModel, default: BaseModel | None, at: Place) -> list[tuple[Place, Any]]:
    """Every setting that is not the default, with its place."""
    found: list[tuple[Place, Any]] = []
    for name in type(settings).model_fields:
        value, usual = getattr(settings, name), getattr(default, name, None)
        if value == usual:
            continue
        if isinstance(value, BaseModel):
            # Where nothing is usual: the model with its defaults, whatever its own rules say of it.
            same = usual if isinstance(usual, type(value)) else type(value).model_construct()
            found += _changed(value, same, (*at, name))
        elif value is not None:
            found.append(((*at, name), value))
    return found


def _retained(settings: Any, own: Any) -> list[tuple[Place, str]]:
    """Texts that are kept for longer or shorter than the user's own configuration keeps them."""
    found: list[tuple[Place, str]] = []
    for name, retention in RETENTION.items():
        place: Place = tuple(name.split("."))
        wanted = retention.usual if own is None else _value_at(own, place)
        whose = "the usual" if own is None else "your own"
        what = retention.weaker(_value_at(settings, place), wanted, whose)
        if what is not None:
            found.append((place, what))
    return found


def _weaker(settings: Any, own: Any) -> list[tuple[Place, str]]:
    """Protections of the user's own configuration that this one, in its place, does not have."""
    found: list[tuple[Place, str]] = []
    if own.offline and not settings.offline:
        found.append((("offline",), "lets connections leave, which your own configuration forbids"))
    if own.cloud.model == "off" and settings.cloud.model != "off":
        found.append((("cloud", "model"), "uses the cloud, which your own configuration does not"))
    for name in ("patterns", "folders", "found"):
        wanted, given = getattr(own.privacy, name), getattr(settings.privacy, name)
        lost = [key for key, value in wanted.items() if given.get(key) != value]
        if lost:
            what = f"does not have your own {shown(', '.join(map(str, lost)))}"
            found.append((("privacy", name), what))
    for name in ("task_usd", "session_usd", "day_usd", "month_usd"):
        limit, allowed = getattr(own.budget, name), getattr(settings.budget, name)
        if limit is not None and (allowed is None or allowed > limit):
            what = f"allows more than your own ${limit:g}"
            found.append((("budget", name), what))
    for tag, limit in own.budget.tags_usd.items():
        if settings.budget.tags_usd.get(tag, limit + 1) > limit:
            found.append(
                (("budget", "tags_usd"), f"allows more than your own ${limit:g} for {tag}")
            )
    if settings.memory.cache and not own.memory.cache:
        found.append((("memory", "cache"), "keeps answers, which your own configuration does not"))
    if own.memory.ledger_days > max(90.0, settings.memory.ledger_days):
        what = f"keeps the account for less than your own {own.memory.ledger_days:g} days"
        found.append((("memory", "ledger_days"), what))
    if own.budget.limited and settings.store.namespace != own.store.namespace:
        found.append((("store", "namespace"), "counts money apart from your own budget"))
    if own.models.guard not in (None, settings.models.guard):
        found.append((("models", "guard"), "does not ask your own guard model"))
    told = {place for place, _ in found}
    for place, value in _changed(own, type(own)(), ()):
        pattern = pattern_of(place)
        judged = harmless(pattern) or pattern in RETENTION
        if judged or place[:2] in told or place in told:
            continue
        if _value_at(settings, place) != value:
            found.append((place, "does not have what your own configuration says"))
    return found


def _value_at(settings: Any, place: Place) -> Any:
    for name in place:
        settings = getattr(settings, str(name), None)
    return settings
