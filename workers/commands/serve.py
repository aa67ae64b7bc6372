"""`edgeward serve`: any client of OpenAI's or Anthropic's APIs on this router; and its keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from workers.commands.options import AsJson, CloudModel, CloudUrl, Config, run, settings_in_force

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from router.settings.settings import Settings
    from workers.gateway.keys import AccessKeys

T = TypeVar("T")
PORT = 4141
keys_app = typer.Typer(help="Keys for `edgeward serve`.", no_args_is_help=True)


def serve(
    host: Annotated[str, typer.Option(help="Any but this machine's needs keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = PORT,
    cloud_url: CloudUrl = None,
    cloud_model: CloudModel = None,
    config: Config = None,
) -> None:
    """Answer clients: base_url http://127.0.0.1:4141/v1, model auto."""
    run(_serve(settings_in_force(config, cloud_url, cloud_model), host, port))


async def _serve(settings: Settings, host: str, port: int) -> None:
    import socket

    import uvicorn

    from graphs.app import Router
    from router.errors import ConfigError
    from router.machine import names_this_machine
    from workers.gateway.app import gateway
    from workers.gateway.keys import AccessKeys

    loopback = names_this_machine(host) and host not in ("0.0.0.0", "::")
    async with Router.open(settings) as router:
        if not loopback and not await AccessKeys(router.store).any():
            raise ConfigError(
                f"{host} can be reached from other machines, and there are no keys: make one with  "
                "edgeward keys create NAME"
            )
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family)
        except OSError as error:
            raise ConfigError(f"{host}:{port} cannot be listened on: {error.strerror}") from None
        bound = listening.getsockname()[1]
        named = f"[{host}]" if ":" in host else host
        typer.echo(f"serving on http://{named}:{bound}/v1: model auto; Ctrl-C ends it")
        server = uvicorn.Server(
            uvicorn.Config(
                gateway(router, loopback=loopback),
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_keep_alive=30,
                timeout_graceful_shutdown=10,
                server_header=False,
            )
        )
        await server.serve(sockets=[listening])


@keys_app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose it is.")],
    model: Annotated[
        list[str] | None, typer.Option(help="Names that it may ask for, as local/*; else all.")
    ] = None,
    label: Annotated[str, typer.Option(help="Of all that it sends, at least.")] = "public",
    config: Config = None,
) -> None:
    """A new key. It is shown once."""
    from router.errors import TaskError
    from router.types.task import Privacy

    try:
        floor = Privacy(label)
    except ValueError:
        known = ", ".join(one.value for one in Privacy)
        raise TaskError(f"label is {label!r}: known are {known}") from None
    if not name.strip():
        raise TaskError("the key's name is empty: say whose it is")
    typer.echo(
        _with_keys(config, lambda keys: keys.create(name, models=tuple(model or ()), label=floor))
    )


@keys_app.command("ls")
def list_keys(as_json: AsJson = False, config: Config = None) -> None:
    """Every key, without its secret."""
    from rich.console import Console
    from rich.table import Table

    found = _with_keys(config, lambda keys: keys.all())
    if as_json:
        shown = [
            {"id": one.key_id, "name": one.name, "models": one.models, "label": one.label,
             "created_at": one.created_at}
            for one in found
        ]  # fmt: skip
        typer.echo(json.dumps(shown))
    elif not found:
        typer.echo("no keys: edgeward keys create NAME")
    else:
        table = Table("id", "name", "models", "label", box=None, pad_edge=False)
        for one in found:
            table.add_row(one.key_id, one.name, ", ".join(one.models) or "all", one.label.value)
        Console().print(table)


@keys_app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="As `ls` shows it.")], config: Config = None
) -> None:
    """A key is a key no more."""
    _with_keys(config, lambda keys: keys.revoke(key_id))
    typer.echo(f"{key_id} revoked")


def _with_keys(config: Path | None, use: Callable[[AccessKeys], Awaitable[T]]) -> T:
    from router.store.store import open_configured
    from workers.gateway.keys import AccessKeys

    async def opened() -> T:
        async with await open_configured(settings_in_force(config).store) as store:
            return await use(AccessKeys(store))

    found: T = run(opened())
    return found
