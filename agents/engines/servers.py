"""The model servers people run on their own machines: where they listen, and how to tell which."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

READ_TIMEOUT_S = 2.0
"""For a server that accepted the connection: some list models only after a look at the disk."""


@dataclass(frozen=True, slots=True)
class ServerKind:
    """How one server is recognised.

    port: where it listens unless told otherwise. path: a GET that only this server answers so that
    `known_by`, given the JSON (or the text, where it is none), says yes.
    chat_path: where its OpenAI-compatible API begins.
    """

    name: str
    port: int
    path: str
    known_by: Callable[[Any], bool]
    notes: str
    chat_path: str = "/v1"


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that answered. models: as it lists them, not all of them loaded."""

    name: str
    url: str
    models: tuple[str, ...]


def _has(*keys: str) -> Callable[[Any], bool]:
    return lambda answer: isinstance(answer, dict) and all(key in answer for key in keys)


def _lm_studio(answer: Any) -> bool:
    models = answer.get("models") if isinstance(answer, dict) else None
    return isinstance(models, list) and all("key" in model for model in models)


def _service_is_tabby(answer: Any) -> bool:
    return _has("software")(answer) and "tabby" in str(answer["software"]).lower()


SERVERS = (
    ServerKind(
        "TabbyAPI", 5000, "/.well-known/serviceinfo", _service_is_tabby,
        "its key lists only the loaded model; /health stays 503 after any error",
    ),
    ServerKind(
        "Ollama", 11434, "/api/version", _has("version"),
        "/v1 ignores num_ctx and cuts long prompts at the head: set OLLAMA_CONTEXT_LENGTH",
    ),
    ServerKind(
        "LM Studio", 1234, "/api/v1/models", _lm_studio,
        "lists every downloaded model and loads on request; unloads after an idle hour",
    ),
    ServerKind(
        "text-generation-webui", 5000, "/v1/internal/health", _has("status"),
        "needs --api; loading needs the admin key",
    ),
    ServerKind(
        "Foundry Local", 5272, "/openai/status", _has("Endpoints"),
        "its port changes from start to start: `foundry service status` prints it",
    ),
    ServerKind(
        "llama-swap", 8080, "/running", _has("running"),
        "starts and stops llama.cpp servers by model name",
    ),
    ServerKind(
        "llama.cpp", 8080, "/props", _has("total_slots"),
        "503 while it loads; the true window is n_ctx in /props",
    ),
    ServerKind(
        "vLLM", 8000, "/version", _has("version"),
        "one base model a server; max_model_len in /v1/models",
    ),
    ServerKind(
        "OpenVINO Model Server", 8000, "/v2/health/live", lambda answer: answer in ("", {}),
        "chat is under /v3", chat_path="/v3",
    ),
)  # fmt: skip
"""In the order in which an unknown address is asked: what only one server has comes first, because
several also answer the later paths."""

UNKNOWN = "OpenAI-compatible server"
DEFAULT_PORTS = tuple(dict.fromkeys(server.port for server in SERVERS))


async def discover(
    ports: Iterable[int] = DEFAULT_PORTS, *, connect_timeout_s: float = 0.3
) -> list[FoundServer]:
    """The model servers on this machine, in the order of `ports`; the network is not searched.

    All ports are asked at once. What answers but is no model server is left out.
    """
    import httpx

    timeout = httpx.Timeout(READ_TIMEOUT_S, connect=connect_timeout_s)
    # Without trust_env=False a proxy of the environment would be asked for this machine's ports.
    async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
        found = await asyncio.gather(*(_probe(client, port) for port in ports))
    return [server for server in found if server is not None]


async def _probe(client: httpx.AsyncClient, port: int) -> FoundServer | None:
    root = f"http://127.0.0.1:{port}"
    kinds = [*(kind for kind in SERVERS if kind.port == port), *SERVERS]
    if not await _listens(client, root):
        return None
    for kind in dict.fromkeys(kinds):
        if kind.known_by(await _get(client, f"{root}{kind.path}")):
            models = _ids(await _get(client, f"{root}{kind.chat_path}/models"))
            return FoundServer(kind.name, f"{root}{kind.chat_path}", models or ())
    models = _ids(await _get(client, f"{root}/v1/models"))
    return None if models is None else FoundServer(UNKNOWN, f"{root}/v1", models)


async def _listens(client: httpx.AsyncClient, root: str) -> bool:
    """Whether anything speaks HTTP there, so that a closed port costs one attempt, not ten."""
    import httpx

    try:
        await client.get(root)
    except httpx.HTTPError:
        return False
    return True


async def _get(client: httpx.AsyncClient, url: str) -> Any:
    """The JSON at `url`, its text where it is none, None for anything but a 200."""
    import httpx

    try:
        answer = await client.get(url)
    except httpx.HTTPError:
        return None
    if answer.status_code != 200:
        return None
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _ids(listing: Any) -> tuple[str, ...] | None:
    """The model names in an answer of `/models`; None where it is no such answer."""
    if not isinstance(listing, dict) or not isinstance(listing.get("data"), list):
        return None
    return tuple(str(entry["id"]) for entry in listing["data"] if "id" in entry)
