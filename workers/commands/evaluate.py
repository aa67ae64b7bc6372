"""`edgeward eval`: evaluates routing and the classifier on a file of prompts with outcomes."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.options import AsJson, Config, settings_in_force

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from router.evaluate.pairs import Judged
    from router.settings.settings import Settings

eval_app = typer.Typer(
    help="How good routing and the classifier are, on a file of prompts with known outcomes.",
    no_args_is_help=True,
)

Png = Annotated[
    Path | None, typer.Option("--png", help="Draw it into a PNG file too.", show_default=False)
]
Samples = Annotated[int, typer.Option(min=20, max=100_000, help="Bootstrap samples.")]


@eval_app.command("routing")
def eval_routing(
    file: Annotated[
        Path,
        typer.Argument(
            help="Parquet or JSON Lines with the columns prompt, local_score (or weak_score) and "
            "cloud_score (or strong_score), 0..1; also read: split, kind, source, local_model, "
            "cloud_model."
        ),
    ],
    target_quality: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Share of the cloud's quality to keep.")
    ] = 0.95,
    samples: Samples = 1000,
    png: Png = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """What routing by the expected gain is worth, beside the baselines that cost nothing."""
    from rich.console import Console

    from router.evaluate.routing import Plan, evaluate, traffic
    from router.evaluate.thresholds import fit_quality, thresholds_in
    from workers.views.evaluate import routing_view

    settings = settings_in_force(config)
    if png is not None:
        writable_figure(png)
    judged = judged_file(settings, file)
    in_force = thresholds_in(settings.policy)
    fitted = fit_quality(
        traffic(judged.only(judged.dev)), target_quality, (in_force.max_complexity, 1.0)
    )
    with waiting("measuring") as tell:
        plan = Plan(target=target_quality, samples=samples, told=lambda name: tell(0, name))
        report = evaluate(judged, in_force, fitted, str(file), plan)
    if png is not None:
        from workers.views.evaluate_figure import draw_curves

        draw_curves(report, png)
    if as_json:
        typer.echo(report.to_json())
    else:
        Console().print(routing_view(report))


@eval_app.command("kinds")
def eval_kinds(
    file: Annotated[
        Path,
        typer.Argument(
            help="Parquet or JSON Lines with the columns prompt and kind (or label); also read: "
            "language (or lang), source, split (then only its check rows count)."
        ),
    ],
    samples: Samples = 1000,
    png: Png = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """How often the classifier names the right kind, how sure it is, and how fast."""
    from rich.console import Console

    from router.classify.kinds import NgramClassifier
    from router.evaluate.kinds import ask, read_labelled, report
    from workers.views.evaluate import kinds_view

    settings_in_force(config)
    if png is not None:
        writable_figure(png)
    rows, part = read_labelled(file)
    with waiting("classifying", len(rows)) as tell:
        answers = ask(rows, NgramClassifier.load(), lambda done: tell(done, ""))
    found = report(answers, str(file), part, samples)
    if png is not None:
        from workers.views.evaluate_figure import draw_confusion

        draw_confusion(found, png)
    if as_json:
        typer.echo(found.to_json())
    else:
        Console().print(kinds_view(found))


def judged_file(settings: Settings, file: Path) -> Judged:
    """The pairs of a file, with the classification and expected gains of the settings in force."""
    import os

    from agents.roster import build_roster
    from router.account.pricing import Prices
    from router.classify.kinds import NgramClassifier
    from router.evaluate.pairs import judge, read_pairs
    from router.learned.gains import gains_of

    pairs = read_pairs(file)
    agents = build_roster(settings, Prices.load(settings.prices), os.environ)
    with waiting("classifying", len(pairs)) as tell:
        return judge(
            pairs,
            NgramClassifier.load(),
            gains_of(settings, agents.cloud_model),
            settings.policy,
            agents.local["general"].engine.caps.model,
            told=lambda done: tell(done, ""),
        )


def writable_figure(path: Path) -> None:
    """ConfigError, before the long work, where no picture could be drawn there."""
    from importlib.util import find_spec

    from router.errors import ConfigError

    if path.suffix.lower() != ".png":
        raise ConfigError(f"--png {path}: name a file that ends in .png")
    if not path.expanduser().absolute().parent.is_dir():
        raise ConfigError(f"--png {path}: there is no folder {path.parent}")
    if find_spec("matplotlib") is None:
        raise ConfigError("--png needs matplotlib: pip install 'edgeward[eval]', or leave it out")


@contextmanager
def waiting(what: str, total: int | None = None) -> Iterator[Callable[[int, str], None]]:
    """A progress bar on standard error; none where that is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    console = Console(stderr=True)
    columns = [SpinnerColumn(), TextColumn("{task.description}")]
    columns += [BarColumn(), MofNCompleteColumn()] if total else []
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        bar = bars.add_task(what, total=total)

        def tell(done: int, detail: str) -> None:
            bars.update(bar, completed=done, description=f"{what} {detail}".strip())

        yield tell
