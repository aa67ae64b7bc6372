"""Refuses redirects of requests that carry a prompt: the configuration decides who reads it.

A redirect that keeps the method sends the prompt elsewhere; any other one returns some page as the
answer. Both are refused, also on the same origin. Lists of models may redirect within their origin.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

_MOST_STEPS = 5


class RedirectRefused(Exception):
    """target: the origin that was named; the path and the query may hold secrets."""

    def __init__(self, status: int, target: str) -> None:
        super().__init__(f"redirected to {target} ({status})")
        self.status = status
        self.target = target


def guard(client: Any) -> None:
    """Makes an httpx client, sync or async, raise RedirectRefused instead of following."""
    import httpx

    hook: Any = _refuse if isinstance(client, httpx.Client) else _refuse_async
    client.follow_redirects = False
    hooks = client.event_hooks
    if hook not in hooks["response"]:
        client.event_hooks = {**hooks, "response": [*hooks["response"], hook]}


def guard_maker(owner: type, name: str) -> None:
    """Makes a library method that returns httpx clients return guarded ones; idempotent."""
    make = inspect.getattr_static(owner, name)
    is_static = isinstance(make, staticmethod)
    if is_static:
        make = make.__func__
    if hasattr(make, "_makes_guarded"):
        return

    @functools.wraps(make)
    def made(*arguments: Any, **named: Any) -> Any:
        client = make(*arguments, **named)
        guard(client)
        return client

    made._makes_guarded = True  # type: ignore[attr-defined]
    setattr(owner, name, staticmethod(made) if is_static else made)


async def get_on_origin(client: httpx.AsyncClient, url: str, **named: Any) -> httpx.Response:
    """A GET that follows redirects within its origin only; RedirectRefused for another origin."""
    response = await client.get(url, follow_redirects=False, **named)
    for _ in range(_MOST_STEPS):
        following = response.next_request
        if following is None:
            return response
        if _origin(following.url) != _origin(response.url):
            raise _refused(response)
        response = await client.send(following, follow_redirects=False)
    raise _refused(response)


def _refuse(response: httpx.Response) -> None:
    if response.has_redirect_location:
        raise _refused(response)


async def _refuse_async(response: httpx.Response) -> None:
    _refuse(response)


def _refused(response: httpx.Response) -> RedirectRefused:
    return RedirectRefused(response.status_code, _target(response))


def _target(response: httpx.Response) -> str:
    import httpx

    try:
        url = response.url.join(response.headers["location"])
        scheme, host, port = _origin(url)
    except (httpx.InvalidURL, ValueError):
        return "what is no address"
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" if port in (None, 80, 443) else f"{scheme}://{host}:{port}"


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host.rstrip("."), url.port or default
