"""`edgeward models pull`: fetches a model from the Hugging Face Hub, after checking its files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pull(
    repo: Annotated[str, typer.Argument(help="As Qwen/Qwen2.5-0.5B-Instruct.")],
    revision: Annotated[str | None, typer.Option(help="A branch, tag or commit.")] = None,
    include: Annotated[str | None, typer.Option(help="Which weight files, as *Q4_K_M*.")] = None,
    to: Annotated[
        Path | None, typer.Option(help="Where to; else ~/models and its name.", show_default=False)
    ] = None,
    vram: Annotated[str | None, typer.Option(help="For which card, as 6GB; else yours.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="An edgeward.yaml.", show_default=False)
    ] = None,
) -> None:
    """Fetch a model; the same command goes on after an interruption."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from agents.models.pull import check_fit, check_room, fetch, look
    from router.privacy.offline import forbid_outbound
    from router.settings.settings import load_settings

    settings, _ = load_settings(config)
    if settings.offline:
        forbid_outbound()
    remote = look(repo, revision=revision, include=include)
    target = (to or Path("~/models") / repo.rpartition("/")[2]).expanduser()
    check_room(remote, target)
    console = Console(stderr=True)
    licence = remote.licence or "licence not stated"
    console.print(
        f"{remote.repo} ({licence}): {len(remote.files)} files, "
        f"{remote.total_bytes / 2**30:.2f} GiB → {target}",
        markup=False,
    )
    budget, where = _room_for_models(vram, gguf=any(f.name.endswith(".gguf") for f in remote.files))
    if warning := check_fit(remote, budget, where):
        console.print(f"! {warning}", style="yellow", markup=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(
        *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=console
    ) as progress:
        task = progress.add_task("", total=remote.total_bytes)

        def advance(name: str, more: int) -> None:
            progress.update(task, advance=more, description=name[-32:])

        fetch(remote, target, advance)
    typer.echo(target)


def _room_for_models(vram: str | None, *, gguf: bool) -> tuple[int, str]:
    from agents.engines.devices import NoCard, machine_memory_bytes, nvidia_cards
    from agents.engines.vram import PROCESS_BYTES, budget_bytes
    from agents.local_engines import CPU_SHARE
    from workers.models.plan import parse_size

    if vram is not None:
        return budget_bytes(parse_size(vram)) - PROCESS_BYTES, f"a card of {vram}"
    if not gguf:
        try:
            card = nvidia_cards()[0]
        except NoCard:
            pass
        else:
            return budget_bytes(card.total_bytes) - PROCESS_BYTES, card.name
    return int(machine_memory_bytes() * CPU_SHARE), "this machine"
