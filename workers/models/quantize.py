"""`edgeward models quantize`: makes an EXL2 model from an unquantised one, with the bits that
fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agents.engines.vram import ModelShape


def quantize(
    source: Annotated[Path, typer.Argument(help="A directory with an unquantised model.")],
    bpw: Annotated[float | None, typer.Option(help="Bits a weight, as 4.5.")] = None,
    fit: Annotated[
        str | None, typer.Option(help="Instead: the most bits that fit a card, as 6GB.")
    ] = None,
    role: Annotated[str, typer.Option(help="For --fit: the role it will play.")] = "general",
    alone: Annotated[bool, typer.Option(help="For --fit: no other model on the card.")] = False,
    context: Annotated[int, typer.Option(help="For --fit: window in tokens.")] = 4096,
    kv: Annotated[str, typer.Option(help="For --fit: cache type.")] = "fp16",
    head_bits: Annotated[int, typer.Option(help="Bits of the output matrix.")] = 6,
    out: Annotated[Path | None, typer.Option(help="Where to.", show_default=False)] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="A parquet file of your own texts.", show_default=False)
    ] = None,
) -> None:
    """Make an EXL2 model; needs an NVIDIA card. Goes on after an interruption."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from agents.engines.devices import NoCard, nvidia_cards
    from agents.engines.exl2_library import LibraryUnavailable, require_packages
    from agents.models.quantize import convert, prepare, quantizable
    from router.errors import ConfigError

    if (bpw is None) == (fit is None):
        raise ConfigError("say either how many bits, as --bpw 4.5, or for which card, as --fit 6GB")
    shape = quantizable(source.expanduser())
    if bpw is None:
        assert fit is not None, "one of the two is given"
        bpw = fitting(
            shape, fit, role=role, alone=alone, context=context, kv=kv, head_bits=head_bits
        )
    conversion = prepare(source, bpw=bpw, head_bits=head_bits, target=out, calibration=calibration)
    try:
        # CUDA is not started here: its context would take memory from the conversion.
        require_packages()
        nvidia_cards()
    except (LibraryUnavailable, NoCard) as reason:
        raise ConfigError(f"quantising needs ExLlamaV2 on an NVIDIA card: {reason}") from None
    console = Console(stderr=True)
    console.print(
        f"{conversion.source.name} → {conversion.target} at {bpw:g} bits a weight", markup=False
    )
    columns = (
        TextColumn("{task.description:>14}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("starting", total=1.0)
        convert(
            conversion,
            lambda now: progress.update(task, completed=now.share, description=now.step),
        )
    typer.echo(conversion.target)


def fitting(
    shape: ModelShape,
    card: str,
    *,
    role: str,
    alone: bool,
    context: int,
    kv: str,
    head_bits: int = 6,
) -> float:
    """The most bits with which the model fits the card, beside those that play the other roles.

    Raises ConfigError where it does not fit at all.
    """
    from agents.engines.vram import PROCESS_BYTES, budget_bytes, largest_bpw
    from agents.models.catalogue import ROLES, UNKNOWN_BANDWIDTH_GB_S, Catalogue
    from agents.models.planner import BIT_RATES, Candidate, Wish, from_catalogue, make_plan
    from router.errors import ConfigError
    from workers.models.plan import GIB, checked_context, checked_kv, checked_roles, parse_size

    roles = checked_roles(role)
    if len(roles) > 1:
        raise ConfigError(f"--role {role}: the bits are chosen for one role, name one")
    (played,) = roles
    window, cache = checked_context(context), checked_kv(kv)
    budget = budget_bytes(parse_size(card))
    others = 0
    beside = ""
    if not alone:
        catalogue = from_catalogue(Catalogue.load().models, BIT_RATES)
        this = Candidate("this", shape, BIT_RATES, (played,))
        kept = [
            Candidate(
                one.name,
                one.shape,
                one.bit_rates,
                tuple(other for other in one.roles if other != played),
                one.licence,
                one.source,
                one.worth,
            )
            for one in catalogue
        ]
        wish = Wish(budget, UNKNOWN_BANDWIDTH_GB_S, ROLES, window, cache)
        plan = make_plan(wish, [this, *kept])
        seats = [seat for seat in plan.seats if seat.role != played and not seat.swapped]
        others = sum({(seat.name, seat.bpw): seat.parts.total for seat in seats}.values())
        beside = " beside " + " and ".join(seat.name for seat in seats) if seats else ""
    room = budget - PROCESS_BYTES - others
    bpw = largest_bpw(shape, room, context_tokens=window, kv=cache, head_bits=head_bits)
    if bpw is None:
        raise ConfigError(
            f"even 2 bits a weight do not fit into {max(room, 0) / GIB:.2f} GiB{beside}: take a "
            "smaller model, a smaller --context, or --alone"
        )
    return bpw
