"""Real clients of two vendors on the gateway, over a real Redis; the models behind are scripted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
import uvicorn
from scripted_router import scripted_router

from graphs.app import Router
from router.store.store import Store
from router.types.task import Privacy
from workers.gateway.app import gateway
from workers.gateway.keys import AccessKeys

ROUTINE = "Extract the order number from: order A-17 was late."
COMPLEX = (
    "Prove step by step that there are infinitely many primes of the form 4k+3, then compare two "
    "alternative proofs and discuss their trade-offs."
)
LOCAL = [{"reply": "A-17"}]
CLOUD = [{"reply": "the cloud says so"}]


@dataclass(frozen=True)
class Served:
    """A gateway that listens. url: without /v1."""

    url: str
    router: Router

    def openai(self, key: str = "any", **more: Any) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, **more)

    def anthropic(self, key: str = "any") -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(base_url=self.url, api_key=key, max_retries=0)


@asynccontextmanager
async def served(
    store: Store, folder: Path, *, loopback: bool = True, **more: Any
) -> AsyncIterator[Served]:
    given = {"local": LOCAL, "cloud": CLOUD, "memory": {"cache": False}, **more}
    async with scripted_router(store, folder, **given) as router:
        config = uvicorn.Config(
            gateway(router, loopback=loopback), port=0, log_config=None, lifespan="off"
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        running = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Served(f"http://127.0.0.1:{port}", router)
        finally:
            server.should_exit = True
            await running


async def test_openais_client_gets_answers_from_both_sides(store: Store, tmp_path: Path) -> None:
    async with served(store, tmp_path) as here, here.openai() as client:
        listed = [model.id async for model in client.models.list()]
        local = await client.chat.completions.create(
            model="auto", messages=[{"role": "user", "content": ROUTINE}]
        )
        cloud = await client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": COMPLEX}]
        )
    assert listed[:3] == ["auto", "auto-local", "auto-private"]
    assert {"general", "coder", "cloud/scripted-cloud"} <= set(listed)
    assert local.choices[0].message.content == "A-17"
    assert (local.model, local.choices[0].finish_reason) == ("auto", "stop")
    assert local.model_extra is not None
    assert local.model_extra["edgeward"]["route"] == "local"
    assert local.model_extra["edgeward"]["cost_usd"] == 0
    assert (cloud.model, cloud.choices[0].message.content) == ("gpt-5", "the cloud says so")
    assert cloud.usage is not None
    assert cloud.usage.total_tokens == cloud.usage.prompt_tokens + cloud.usage.completion_tokens > 0


@pytest.mark.parametrize(("prompt", "said"), [(ROUTINE, "A-17"), (COMPLEX, "the cloud says so")])
async def test_a_stream_is_the_answer_and_ends_with_its_usage(
    store: Store, tmp_path: Path, prompt: str, said: str
) -> None:
    async with served(store, tmp_path) as here, here.openai() as client:
        stream = await client.chat.completions.create(
            model="auto",
            messages=[{"role": "user", "content": prompt}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in chunks[:-1]) == said
    assert [c.choices[0].finish_reason for c in chunks[:-1]][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert len({c.id for c in chunks}) == 1


async def test_a_rejected_local_answer_is_never_shown(store: Store, tmp_path: Path) -> None:
    refusing = [{"reply": "I'm sorry, but I can't help with that."}]
    async with served(store, tmp_path, local=refusing) as here, here.openai() as client:
        stream = await client.chat.completions.create(
            model="auto", messages=[{"role": "user", "content": ROUTINE}], stream=True
        )
        text = [c.choices[0].delta.content or "" async for c in stream if c.choices]
    assert "".join(text) == "the cloud says so"


async def test_the_client_keeps_the_conversation(store: Store, tmp_path: Path) -> None:
    local = [{"match": "(?s)blue.*ok.*what colour", "reply": "blue"}, {"reply": "no idea"}]
    async with served(store, tmp_path, local=local) as here, here.openai() as client:
        answer = await client.chat.completions.create(
            model="general",
            messages=[
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": "my car is blue"},
                {"role": "assistant", "content": "ok"},
                {"role": "user", "content": [{"type": "text", "text": "what colour is it?"}]},
            ],
        )
        kept = await here.router.memory.sessions()
    assert answer.choices[0].message.content in ("blue", "no idea")
    assert not kept


async def test_a_schema_is_held_to(store: Store, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
    local = [{"reply": '{"order": "A-17"}'}]
    async with served(store, tmp_path, local=local) as here, here.openai() as client:
        answer = await client.chat.completions.create(
            model="auto",
            messages=[{"role": "user", "content": ROUTINE}],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "order", "schema": schema},
            },
        )
    assert json.loads(answer.choices[0].message.content or "") == {"order": "A-17"}


async def test_anthropics_client_gets_whole_answers_and_streams(
    store: Store, tmp_path: Path
) -> None:
    async with served(store, tmp_path) as here, here.anthropic() as client:
        answer = await client.messages.create(
            model="claude-sonnet-4-5",
            max_tokens=500,
            system=[
                {"type": "text", "text": "x-anthropic-billing-header: cc_version=2"},
                {"type": "text", "text": "Be exact."},
            ],
            messages=[{"role": "user", "content": ROUTINE}],
        )
        counted = await client.messages.count_tokens(
            model="auto", messages=[{"role": "user", "content": "word " * 100}]
        )
        async with client.messages.stream(
            model="auto", max_tokens=500, messages=[{"role": "user", "content": COMPLEX}]
        ) as stream:
            pieces = [text async for text in stream.text_stream]
            final = await stream.get_final_message()
        models = await client.models.list()
    assert [block.text for block in answer.content if block.type == "text"] == ["A-17"]
    assert (answer.stop_reason, answer.model) == ("end_turn", "claude-sonnet-4-5")
    assert counted.input_tokens > 50
    assert "".join(pieces) == "the cloud says so"
    assert final.usage.output_tokens > 0
    assert models.data[0].id == "auto"


async def test_auto_private_never_leaves_and_auto_local_asks_no_cloud(
    store: Store, tmp_path: Path
) -> None:
    async with served(store, tmp_path) as here, here.openai() as client:
        for model in ("auto-private", "auto-local"):
            answer = await client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": COMPLEX}]
            )
            assert answer.model_extra is not None
            assert answer.model_extra["edgeward"]["route"] == "local"
        labelled = await client.chat.completions.create(
            model="auto",
            messages=[{"role": "user", "content": COMPLEX}],
            extra_headers={"x-edgeward-privacy": "local_only"},
        )
    assert labelled.model_extra is not None
    assert labelled.model_extra["edgeward"]["label"] == "local_only"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"messages": [{"role": "user", "content": "x"}]}, 400, "`model` is missing"),
        (
            {"model": "nobody", "messages": [{"role": "user", "content": "x"}]},
            404,
            "known are auto",
        ),
        ({"model": "auto", "messages": []}, 400, "`messages` is missing"),
        ({"model": "auto", "messages": [{"role": "user", "content": " "}]}, 400, "empty"),
        ({"model": "auto", "messages": [{"role": "assistant", "content": "x"}]}, 400, "the user's"),
        ({"model": "auto", "n": 2, "messages": [{"role": "user", "content": "x"}]}, 400, "`n`"),
        (
            {"model": "auto", "messages": [{"role": "user", "content": "x"}], "temperature": 9},
            400,
            "temperature",
        ),
        (
            {
                "model": "auto",
                "messages": [{"role": "user", "content": [{"type": "image_url"}]}],
            },
            400,
            "'image_url' is not served yet",
        ),
        (
            {
                "model": "auto",
                "messages": [{"role": "user", "content": "x"}],
                "tools": [{"type": "function", "function": {"name": "f"}}],
            },
            400,
            "`tools` are not served yet",
        ),
        ([], 400, "no JSON object"),
    ],
)
async def test_what_cannot_be_answered_is_told_in_the_clients_dialect(
    store: Store, tmp_path: Path, body: Any, status: int, said: str
) -> None:
    async with served(store, tmp_path) as here, httpx.AsyncClient(base_url=here.url) as client:
        ours = await client.post("/v1/chat/completions", json=body)
        theirs = await client.post("/v1/messages", json=body)
    assert ours.status_code == status
    assert said in ours.json()["error"]["message"]
    assert ours.headers["x-should-retry"] == "false"
    assert theirs.json()["type"] == "error" or theirs.status_code == 200


async def test_no_cloud_and_no_answer_is_a_status_and_no_stream(
    store: Store, tmp_path: Path
) -> None:
    failing = [{"fail": "unavailable"}]
    async with (
        served(store, tmp_path, local=failing, cloud=failing) as here,
        here.openai() as client,
    ):
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(
                model="auto", messages=[{"role": "user", "content": ROUTINE}], stream=True
            )
    assert caught.value.status_code in (502, 503)
    assert "not reachable" in str(caught.value)


async def test_keys_are_needed_elsewhere_and_bound_models_and_labels(
    store: Store, tmp_path: Path
) -> None:
    async with served(store, tmp_path, loopback=False) as here:
        keys = AccessKeys(store)
        async with here.openai() as client:
            with pytest.raises(openai.AuthenticationError):
                await client.models.list()
        key = await keys.create("ana", models=("auto*",), label=Privacy.LOCAL_ONLY)
        (kept,) = await keys.all()
        assert key not in json.dumps([str(kept)])
        async with here.openai(key) as client:
            assert [one.id async for one in client.models.list()] == [
                "auto", "auto-local", "auto-private"
            ]  # fmt: skip
            answer = await client.chat.completions.create(
                model="auto", messages=[{"role": "user", "content": COMPLEX}]
            )
            assert answer.model_extra is not None
            assert answer.model_extra["edgeward"]["label"] == "local_only"
            with pytest.raises(openai.PermissionDeniedError):
                await client.chat.completions.create(
                    model="general", messages=[{"role": "user", "content": ROUTINE}]
                )
        for wrong in (key[:-1], f"{key}x", "ew-00000000-x", "", key.upper()):
            async with here.anthropic(wrong or "x") as other:
                with pytest.raises(anthropic.AuthenticationError):
                    await other.models.list()
        await keys.revoke(kept.key_id)
        async with here.openai(key) as client:
            with pytest.raises(openai.AuthenticationError):
                await client.models.list()


async def test_a_page_of_another_site_cannot_ask(store: Store, tmp_path: Path) -> None:
    asks = {"model": "auto", "messages": [{"role": "user", "content": ROUTINE}]}
    async with served(store, tmp_path) as here, httpx.AsyncClient(base_url=here.url) as client:
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            refused = await client.post("/v1/chat/completions", json=asks, headers=headers)
            assert refused.status_code == 403
        large = await client.post("/v1/chat/completions", content=b" " * (17 * 2**20))
        garbled = await client.post("/v1/chat/completions", content=b"\xff{")
        health = await client.get("/health")
        ready = await client.get("/ready")
    assert (large.status_code, garbled.status_code) == (413, 400)
    assert (health.status_code, ready.status_code) == (200, 200)


async def test_a_client_that_hangs_up_ends_the_run(store: Store, tmp_path: Path) -> None:
    slow = [{"reply": "word " * 400, "tokens_per_s": 20}]
    async with served(store, tmp_path, cloud=slow) as here:
        async with here.openai(timeout=2.0) as client:
            with pytest.raises(openai.APITimeoutError):
                await client.chat.completions.create(
                    model="auto", messages=[{"role": "user", "content": COMPLEX}]
                )
        for _ in range(200):
            records = [record async for record in here.router.ledger.read()]
            if records:
                break
            await asyncio.sleep(0.05)
    assert records, "what was sent is in the account"
