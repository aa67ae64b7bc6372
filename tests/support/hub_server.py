"""A real HTTP server with the part of the Hugging Face Hub's API that a download needs."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

COMMIT = "8fa1c0ffee00112233445566778899aabbccddee"


@dataclass
class Hub:
    """What the hub serves, and the requests that it got. cuts: after how many bytes each of the
    next downloads is broken off. refuses: repository -> (status, Hub's error code)."""

    files: dict[str, bytes]
    repo: str = "owner/tiny"
    branches: tuple[str, ...] = ()
    licence: str | None = "apache-2.0"
    cuts: list[int] = field(default_factory=list)
    refuses: dict[str, tuple[int, str]] = field(default_factory=dict)
    ranges: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/models/{owner}/{name}", self._info)
        app.router.add_get("/api/models/{owner}/{name}/revision/{revision}", self._info)
        app.router.add_get("/api/models/{owner}/{name}/refs", self._refs)
        # This also handles HEAD.
        app.router.add_get("/{owner}/{name}/resolve/{revision}/{file:.*}", self._file)
        return app

    def _refusal(self, request: web.Request) -> web.Response | None:
        asked = f"{request.match_info['owner']}/{request.match_info['name']}"
        status, code = self.refuses.get(asked, (404, "RepoNotFound"))
        revision = request.match_info.get("revision", "main")
        if asked == self.repo:
            if revision in ("main", COMMIT):
                return None
            status, code = 404, "RevisionNotFound"
        return web.Response(status=status, headers={"X-Error-Code": code})

    async def _refs(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        branches = [
            {"name": name, "ref": f"refs/heads/{name}", "targetCommit": COMMIT}
            for name in ("main", *self.branches)
        ]
        return web.json_response({"branches": branches, "converts": [], "tags": []})

    async def _info(self, request: web.Request) -> web.StreamResponse:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        siblings = [
            {"rfilename": name, "size": len(content)} for name, content in self.files.items()
        ]
        card = {"license": self.licence} if self.licence else None
        return web.json_response(
            {"id": self.repo, "modelId": self.repo, "sha": COMMIT, "siblings": siblings}
            | ({"cardData": card} if card else {})
        )

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        name = request.match_info["file"]
        content = self.files[name]
        etag = hashlib.sha256(content).hexdigest()
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if request.method == "HEAD":
            return web.Response(headers=headers | {"Content-Length": str(len(content))})
        wanted = request.headers.get("Range")
        self.ranges.append((name, wanted))
        start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
        body = content[start:]
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        response = web.StreamResponse(status=206 if wanted else 200, headers=headers)
        response.content_length = len(body)
        await response.prepare(request)
        if self.cuts and len(body) > self.cuts[0]:
            await response.write(body[: self.cuts.pop(0)])
            await asyncio.sleep(0.05)
            assert request.transport is not None
            request.transport.abort()
            return response
        await response.write(body)
        await response.write_eof()
        return response


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    """The hub on a free port of the loopback, in a thread of its own."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        runner = web.AppRunner(hub.app())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        hub.url = site.name
        port = runner.addresses[0][1]
        hub.url = f"http://127.0.0.1:{port}"
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield hub
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
