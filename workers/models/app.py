"""`edgeward models`: inspects, plans, fetches, quantizes and probes models."""

from __future__ import annotations

import typer

from workers.models.inspect import inspect
from workers.models.plan import plan
from workers.models.probe import card, probe
from workers.models.pull import pull
from workers.models.quantize import quantize

models_app = typer.Typer(
    help="Look at models, plan for a graphics card, fetch, quantise and probe."
)
models_app.command()(inspect)
models_app.command()(plan)
models_app.command()(pull)
models_app.command()(quantize)
models_app.command()(probe)
models_app.command()(card)
