"""`edgeward calibrate`: sets the thresholds of routing from outcomes, and writes the policy."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.options import AsJson, Config, run

if TYPE_CHECKING:
    from router.account.records import Record
    from router.evaluate.calibrate import Aim, Calibrated
    from router.settings.settings import Settings


def calibrate(
    target_quality: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=1.0,
            help="Keep this share of the cloud's quality, as 0.95, at least cost.",
        ),
    ] = None,
    cloud_share: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Send at most this share of tasks there, as 0.2."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            help="Learn from a file of outcomes, as `eval routing` reads it.", show_default=False
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Learn from the ledger since then: 30d, 24h, 2026-11-01.")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(help="Write this file, not the configuration in force.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, and write nothing.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Set the routing thresholds from outcomes (`models probe` is about a model's answers)."""
    from rich.console import Console

    from workers.trust import load_or_ask
    from workers.views.calibrate import calibrated_view

    aim = _aim(target_quality, cloud_share)
    settings, in_force = load_or_ask(config)
    target = _target(write, in_force, dry_run=dry_run)
    found = _calibrated(settings, aim, file, since)
    if not as_json:
        Console().print(calibrated_view(found))
    before, after = _texts(target or in_force, in_force, found)
    written = None
    if target is not None and not dry_run:
        written = _write(target, after, found, settings)
    if as_json:
        typer.echo(found.model_copy(update={"written": str(target) if written else None}).to_json())
        return
    name = str(target or in_force or "edgeward.yaml")
    changes = difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, name, lineterm="", n=1
    )
    Console(highlight=False).print("\n".join(changes), markup=False, soft_wrap=True)
    typer.echo(written or "nothing was written (--dry-run)")


def _aim(target_quality: float | None, cloud_share: float | None) -> Aim:
    from router.errors import ConfigError
    from router.evaluate.calibrate import Aim

    if (target_quality is None) == (cloud_share is None):
        raise ConfigError(
            "give one aim: --target-quality 0.95 (share of the cloud's quality to keep) or "
            "--cloud-share 0.2 (share of tasks that may go there)"
        )
    return Aim(quality=target_quality, share=cloud_share)


def _target(write: Path | None, in_force: Path | None, *, dry_run: bool) -> Path | None:
    """The file to write. Raises ConfigError, before the work begins, if there is none."""
    from router.errors import ConfigError

    if write is not None and write.is_dir():
        raise ConfigError(f"--write {write} is a folder: name a file")
    if write is not None and not write.expanduser().absolute().parent.is_dir():
        raise ConfigError(f"--write {write}: there is no folder {write.parent}")
    target = write or in_force
    if target is None and not dry_run:
        raise ConfigError(
            "no configuration file is in force that could be changed: name one with "
            "--write edgeward.yaml, or look first with --dry-run"
        )
    return target


def _calibrated(settings: Settings, aim: Aim, file: Path | None, since: str | None) -> Calibrated:
    from router.errors import ConfigError
    from router.evaluate.calibrate import from_file, from_ledger
    from router.evaluate.outcomes import known_of, task_histories
    from workers.commands.evaluate import judged_file

    if file is not None:
        if since is not None:
            raise ConfigError("--since is about the ledger: leave it out with --file")
        return from_file(judged_file(settings, file), settings.policy, aim, str(file))
    told = task_histories(run(recorded(settings, since)))
    source = "the ledger" if since is None else f"the ledger since {since}"
    return from_ledger(told, known_of(told), settings.policy, aim, source)


async def recorded(settings: Settings, since: str | None) -> list[Record]:
    """The ledger's records since then. Raises StoreUnavailable and ConfigError."""
    from router.account.ledger import Ledger
    from router.account.report import parse_since
    from router.store.store import open_configured

    start = parse_since(since) if since else None
    async with await open_configured(settings.store) as store:
        ledger = Ledger(store, retention_s=settings.memory.ledger_days * 86_400)
        return [record async for record in ledger.read(since=start)]


def _texts(target: Path | None, in_force: Path | None, found: Calibrated) -> tuple[str, str]:
    """The file's text before and after; a new file begins as a copy of that in force."""
    from router.settings.edit import edited

    source = target if target is not None and target.exists() else in_force
    text = source.read_text(encoding="utf-8") if source is not None else ""
    after = found.after
    changed = edited(
        text,
        "policy",
        {
            "max_gain": after.max_gain,
            "max_gain_by_kind": after.max_gain_by_kind,
            "max_complexity": after.max_complexity,
        },
    )
    existed = target is not None and target.exists()
    return (text if existed else "", changed)


def _write(target: Path, text: str, found: Calibrated, settings: Settings) -> str:
    """Writes the file if it reads back as intended; returns what was done, in words."""
    import tempfile

    from router.errors import ConfigError
    from router.evaluate.calibrate import merged
    from router.settings.edit import replace_file
    from router.settings.settings import load_settings
    from router.settings.trust import is_trusted, remember
    from router.settings.yaml_nodes import read_text

    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "edgeward.yaml"
        trial.write_text(text, encoding="utf-8")
        read, _ = load_settings(trial)
    wanted = merged(read.policy, found.after)
    if read.policy != wanted:
        raise ConfigError(
            f"{target} could not be edited so that it says what was calibrated: write the policy "
            "into it by hand, from --dry-run --json"
        )
    was_trusted = target.exists() and is_trusted(target, read_text(target)[1])
    backup = replace_file(target, text)
    if was_trusted:  # it stays trusted, as the change is ours
        remember(target, read_text(target)[1])
    kept = f"; the old one is kept as {backup}" if backup else ""
    return f"wrote {target}{kept}"
