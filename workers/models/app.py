"""`edgeward models`: inspects, plans, fetches, quantizes and calibrates models."""

from __future__ import annotations

import typer

from workers.models.calibrate import calibrate
from workers.models.inspect import inspect
from workers.models.plan import plan
from workers.models.pull import pull
from workers.models.quantize import quantize

models_app = typer.Typer(help="Look at models, plan a card, fetch, quantise and calibrate.")
models_app.command()(inspect)
models_app.command()(plan)
models_app.command()(pull)
models_app.command()(quantize)
models_app.command()(calibrate)
