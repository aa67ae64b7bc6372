"""A Router whose models are scripted engines, over the test's own real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from graphs.app import Router
from router.settings.settings import Settings
from router.store.store import Store

PRICE = (0.000001, 0.000004)
"""US dollars for a token of the prompt and of the answer."""


def script(path: Path, *rules: dict[str, Any], price: tuple[float, float] = (0.0, 0.0)) -> Path:
    """Writes a script file of `rules`; requests beyond these get the default reply."""
    path.write_text(yaml.safe_dump({"rules": list(rules), "usd_per_token": list(price)}))
    return path


@asynccontextmanager
async def scripted_router(
    store: Store,
    folder: Path,
    *,
    local: list[dict[str, Any]],
    cloud: list[dict[str, Any]] | None = None,
    **settings: Any,
) -> AsyncIterator[Router]:
    """Both local roles are scripted by `local`, and nobody is asked before them; None for `cloud`
    means that there is no cloud.

    The local answers are believed without evidence, unless `policy` says otherwise.
    """
    policy = {"unverified": "accept", **settings.pop("policy", {})}
    if "models" in settings:
        settings["models"] = {"specialist": None, "exact": False, **settings["models"]}
    model = {"script": str(script(folder / "local.yaml", *local))}
    clouded: dict[str, Any] = {"model": "off"}
    if cloud is not None:
        clouded = {"script": str(script(folder / "cloud.yaml", *cloud, price=PRICE))}
    configuration = {
        "models": {"general": model, "coder": model, "specialist": None, "exact": False},
        "cloud": clouded,
        "store": {"url": store.url, "namespace": store.keys.namespace},
        "policy": policy,
        **settings,
    }
    async with Router.open(Settings.model_validate(configuration), env={}) as router:
        yield router
