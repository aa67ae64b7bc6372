"""`edgeward models inspect`: what a file or directory holds, and what it is good for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agents.models.inspect import ModelInfo


def inspect(
    path: Annotated[Path, typer.Argument(help="A model file, or a model's directory.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """What a model file or directory holds. Reads headers only."""
    import json

    from rich.console import Console

    from agents.models.inspect import inspect_model

    info = inspect_model(path)
    if as_json:
        typer.echo(json.dumps(as_dict(info), indent=2))
    else:
        Console().print(view(info))


def as_dict(info: ModelInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "path": str(info.path),
        "format": info.format,
        "quantisation": info.quantisation,
        "bits_per_weight": info.bpw,
        "family": info.family,
        "parameters": info.parameters,
        "size_bytes": info.size_bytes,
        "context_tokens": info.context_tokens,
        "chat_template": info.chat_template,
        "licence": info.licence,
        "name_means": dict(info.meanings),
        "engine": info.engine,
        "suits": info.suits,
        "warnings": list(info.warnings),
    }


def view(info: ModelInfo) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    bits = f", {info.bpw:.2f} bits a weight" if info.bpw else ""
    rows = [
        ("format", f"{info.format}: {info.quantisation}{bits}"),
        ("family", info.family),
        ("parameters", _count(info.parameters)),
        ("size", f"{info.size_bytes / 2**30:.2f} GiB"),
        ("context", f"{info.context_tokens:,} tokens" if info.context_tokens else "not stated"),
        ("chat template", "yes" if info.chat_template else "none"),
        ("licence", info.licence or "not stated"),
        ("suits", info.suits),
    ]
    for label, value in rows:
        table.add_row(label, Text(value))
    parts: list[RenderableType] = [Text(info.name, "bold"), table]
    if info.meanings:
        named = Table(box=None, show_header=False, pad_edge=False)
        named.add_column(style="cyan", no_wrap=True)
        named.add_column(overflow="fold")
        for part, meaning in info.meanings:
            named.add_row(Text(part), Text(meaning))
        parts += [Text("\nits name says", "dim"), named]
    parts += [Text(f"! {warning}", "yellow") for warning in info.warnings]
    return Group(*parts)


def _count(parameters: int | None) -> str:
    if parameters is None:
        return "not in the headers"
    if parameters >= 10**9:
        return f"{parameters / 10**9:.2f} billion"
    return f"{parameters / 10**6:.1f} million"
