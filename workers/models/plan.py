"""`edgeward models plan`: which models fit a card together, and how fast they will be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agents.models.catalogue import Catalogue
    from agents.models.planner import Candidate, Plan, Seat, Wish

GIB = 2**30
CLASSES_GIB = (4, 6, 8, 12, 24)

_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(gb|gib|g|mb|mib|m)?\s*$", re.IGNORECASE)


def plan(
    vram: Annotated[str | None, typer.Option(help="The card's memory, as 6GB.")] = None,
    device: Annotated[
        str | None, typer.Option(help="The card, as turing, 3060, t4; or cpu.")
    ] = None,
    models: Annotated[
        Path | None, typer.Option(help="A directory of models at hand; else the catalogue.")
    ] = None,
    roles: Annotated[str, typer.Option(help="For which roles.")] = "router,coder,general",
    context: Annotated[int, typer.Option(help="Window of a request, in tokens.")] = 4096,
    kv: Annotated[str, typer.Option(help="Cache: fp16, q8, q6 or q4.")] = "fp16",
    headless: Annotated[bool, typer.Option(help="No desktop on the card.")] = False,
    classes: Annotated[bool, typer.Option(help="A plan for each class of hardware.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Which models fit together, at how many bits, and how fast they will be."""
    import json

    from rich.console import Console

    from agents.models.catalogue import Catalogue
    from agents.models.planner import PlanRefused, make_plan
    from router.errors import ConfigError

    catalogue = Catalogue.load()
    checked_kv(kv)  # a plan for the processor has no use for it
    if classes:
        if any(one is not None for one in (vram, device, models)):
            raise ConfigError("--classes is for all of them: leave out --vram, --device, --models")
        plans = [
            (
                f"{size} GB card",
                _for_card(catalogue, size * GIB, None, roles, context, kv, headless),
            )
            for size in CLASSES_GIB
        ]
        shown = [("no GPU, 8 GB of memory", _for_cpu(catalogue, 8 * GIB, roles, context)), *plans]
        made = [(title, make_plan(*wished)) for title, wished in shown]
    else:
        title, wish, offered = _wished(
            catalogue, vram, device, models, roles, context, kv, headless
        )
        try:
            made = [(title, make_plan(wish, offered))]
        except PlanRefused as refused:
            if refused.nearest is not None and not as_json:
                Console().print(view(f"{title}; the nearest plan that fits", refused.nearest))
            raise
    if as_json:
        typer.echo(json.dumps([as_dict(title, one) for title, one in made], indent=2))
        return
    for title, one in made:
        Console().print(view(title, one))


def parse_size(text: str) -> int:
    """Bytes of 6GB, 6GiB, 5800MB or 6; a card's GB are GiB. Raises ConfigError."""
    from router.errors import ConfigError

    match = _SIZE.match(text)
    if match is None or float(match[1]) <= 0:
        raise ConfigError(f"{text!r} is no amount of memory: write it as 6GB or 5800MB")
    megabytes = (match[2] or "gb").lower().startswith("m")
    return int(float(match[1]) * (2**20 if megabytes else GIB))


def _wished(
    catalogue: Catalogue,
    vram: str | None,
    device: str | None,
    models: Path | None,
    roles: str,
    context: int,
    kv: str,
    headless: bool,
) -> tuple[str, Wish, list[Candidate]]:
    from agents.engines.devices import NoCard, machine_memory_bytes, nvidia_cards
    from router.errors import ConfigError

    if device == "cpu":
        if models is not None:
            raise ConfigError("models at hand are planned for a card: leave out --models, or cpu")
        memory = machine_memory_bytes() if vram is None else parse_size(vram)
        wish, offered = _for_cpu(catalogue, memory, roles, context)
        return f"no GPU, {memory / GIB:.1f} GiB of memory", wish, offered
    named = None if device is None else catalogue.device(device)
    if vram is not None:
        size = parse_size(vram)
    elif named is not None:
        size = int(named.memory_gib * GIB)
    else:
        try:
            card = nvidia_cards()[0]
        except NoCard as reason:
            if models is not None:
                raise ConfigError(
                    f"{reason}: say for which card, as --vram 6GB --device turing"
                ) from None
            memory = machine_memory_bytes()
            wish, offered = _for_cpu(catalogue, memory, roles, context)
            return f"no GPU ({reason}), {memory / GIB:.1f} GiB of memory", wish, offered
        size, named = card.total_bytes, catalogue.reported(card.name)
        title = f"{card.name}, {size / GIB:.1f} GiB"
        wish, offered = _for_card(catalogue, size, named, roles, context, kv, headless)
        return title, wish, at_hand(models) if models else offered
    wish, offered = _for_card(catalogue, size, named, roles, context, kv, headless)
    title = f"{named.name}, {size / GIB:g} GiB" if named else f"a card of {size / GIB:g} GiB"
    return title, wish, at_hand(models) if models else offered


def _for_card(
    catalogue: Catalogue,
    size: int,
    device: Any,
    roles: str,
    context: int,
    kv: str,
    headless: bool,
) -> tuple[Wish, list[Candidate]]:
    from agents.engines.vram import budget_bytes
    from agents.models.catalogue import UNKNOWN_BANDWIDTH_GB_S
    from agents.models.planner import BIT_RATES, Wish, from_catalogue

    wish = Wish(
        budget_bytes=budget_bytes(size, headless=headless),
        bandwidth_gb_s=device.bandwidth_gb_s if device else UNKNOWN_BANDWIDTH_GB_S,
        roles=checked_roles(roles),
        context_tokens=checked_context(context),
        kv=checked_kv(kv),
    )
    return wish, from_catalogue(catalogue.models, BIT_RATES)


def _for_cpu(
    catalogue: Catalogue, memory: int, roles: str, context: int
) -> tuple[Wish, list[Candidate]]:
    from agents.local_engines import CPU_SHARE
    from agents.models.catalogue import CPU_BANDWIDTH_GB_S
    from agents.models.planner import GGUF_BITS, Wish, from_catalogue

    wish = Wish(
        budget_bytes=int(memory * CPU_SHARE),
        bandwidth_gb_s=CPU_BANDWIDTH_GB_S,
        roles=checked_roles(roles),
        context_tokens=checked_context(context),
        process_bytes=0,
    )
    return wish, from_catalogue(catalogue.models, (GGUF_BITS,))


def at_hand(folder: Path) -> list[Candidate]:
    """The EXL2 models in a directory's subdirectories. Raises ConfigError if there are none."""
    from agents.models.catalogue import ROLES
    from agents.models.inspect import inspect_model
    from agents.models.planner import Candidate
    from router.errors import ConfigError

    if not folder.expanduser().is_dir():
        raise ConfigError(f"{folder}: there is no such directory")
    places = sorted(one for one in folder.expanduser().iterdir() if one.is_dir())
    found, others = [], []
    for place in places:
        try:
            info = inspect_model(place)
        except ConfigError as error:
            others.append(str(error))
            continue
        if info.format == "exl2" and info.shape is not None and info.bpw is not None:
            found.append(
                Candidate(
                    name=info.name,
                    shape=info.shape,
                    bit_rates=(info.bpw,),
                    roles=ROLES,
                    licence=info.licence,
                    stored=(info.vram.weights, info.vram.head) if info.vram else None,
                )
            )
        else:
            others.append(f"{info.name} is {info.format}")
    if not found:
        seen = f" ({'; '.join(others[:3])})" if others else ""
        raise ConfigError(f"{folder}: there is no EXL2 model in its directories{seen}")
    return found


def checked_roles(text: str) -> Any:
    from agents.models.catalogue import ROLES
    from router.errors import ConfigError

    named = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [role for role in named if role not in ROLES]
    if unknown or not named:
        wrong = f"role {unknown[0]!r} is unknown" if unknown else "no role is named"
        raise ConfigError(f"{wrong}: known are {', '.join(ROLES)}")
    return tuple(dict.fromkeys(named))


def checked_kv(text: str) -> Any:
    from agents.engines.vram import KV_BYTES
    from router.errors import ConfigError

    if text not in KV_BYTES:
        raise ConfigError(f"cache {text!r} is unknown: known are {', '.join(KV_BYTES)}")
    return text


def checked_context(tokens: int) -> int:
    from router.errors import ConfigError

    if not 256 <= tokens <= 1_000_000:
        raise ConfigError(f"a window of {tokens} tokens: it must be from 256 to 1,000,000")
    return tokens


def as_dict(title: str, plan: Plan) -> dict[str, Any]:
    return {
        "device": title,
        "budget_bytes": plan.budget_bytes,
        "process_bytes": plan.process_bytes,
        "total_bytes": plan.total_bytes,
        "roles": [
            {
                "role": seat.role,
                "model": seat.name,
                "source": seat.source,
                "licence": seat.licence,
                "bits_per_weight": seat.bpw,
                "context_tokens": seat.context_tokens,
                "kv_cache": seat.kv,
                "weights_bytes": seat.parts.weights,
                "head_bytes": seat.parts.head,
                "kv_bytes": seat.parts.kv,
                "scratch_bytes": seat.parts.scratch,
                "activations_bytes": seat.parts.activations,
                "total_bytes": seat.parts.total,
                "resident": not seat.swapped,
                "load_s": round(seat.load_s, 2),
                "tokens_per_s": round(seat.speed.expected, 1),
                "tokens_per_s_roofline": round(seat.speed.roofline, 1),
            }
            for seat in plan.seats
        ],
    }


def view(title: str, plan: Plan) -> RenderableType:
    """Which model has which role, how the memory is used, and where to get each model."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    swapped = any(seat.swapped for seat in plan.seats)
    parts: list[RenderableType] = [
        Text(f"{title}; {plan.seats[0].kv} cache", "bold"),
        _cast(plan),
        Text(),
        _memory(plan),
    ]
    if swapped:
        parts.append(Text("The two that swap take turns; the larger one counts.", "dim"))
    notes = {
        seat.name: f"{seat.source or seat.name} ({seat.licence or 'licence not stated'})"
        for seat in plan.seats
    }
    parts += [Text(), Text(_how_to_get(plan), "dim")]
    parts += [Padding(Text(note, "dim"), (0, 0, 0, 2)) for note in notes.values()]
    return Group(*parts, Text())


def _how_to_get(plan: Plan) -> str:
    if not any(seat.source for seat in plan.seats):
        return "models at hand"
    if plan.process_bytes:
        return "edgeward models pull REPO, then edgeward models quantize DIR --bpw BITS:"
    return "a GGUF of each, at Q4_K_M, for llama.cpp:"


def _cast(plan: Plan) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1))
    table.add_column("role", no_wrap=True)
    table.add_column("model", overflow="fold")  # the only column that may be narrower than its text
    for name in ("bits", "window", "tokens/s"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for seat in plan.seats:
        table.add_row(
            seat.role,
            seat.name,
            f"{seat.bpw:g}",
            f"{seat.context_tokens:,}",
            f"≈ {seat.speed.expected:.0f}",
            f"swaps, {seat.load_s:.1f} s" if seat.swapped else "stays",
        )
    return table


def _memory(plan: Plan) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1))
    table.add_column("GiB", no_wrap=True)
    for name in ("weights", "head", "cache", "scratch", "activations", "sum"):
        table.add_column(name, justify="right", no_wrap=True)
    players: dict[tuple[str, float], list[Seat]] = {}
    for seat in plan.seats:
        players.setdefault((seat.name, seat.bpw), []).append(seat)
    for seats in players.values():
        parts = seats[0].parts
        cells = (parts.weights, parts.head, parts.kv, parts.scratch, parts.activations)
        names = ", ".join(seat.role for seat in seats)
        table.add_row(names, *(_gib(cell) for cell in (*cells, parts.total)))
    if plan.process_bytes:
        table.add_row("process", *[""] * 5, _gib(plan.process_bytes))
    budget = f"of {_gib(plan.budget_bytes)}"
    table.add_row("total", *[""] * 4, budget, _gib(plan.total_bytes), style="bold")
    return table


def _gib(size: float) -> str:
    return f"{size / GIB:.2f}"
