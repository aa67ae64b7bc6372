"""A Redis on another machine holds no word of what must stay on this one, whoever writes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_router import script
from workflow_runs import workflow

from agents.roster import build_roster
from agents.tools.configured import configured_tools
from agents.tools.tool import Tool, tool
from graphs.app import Router
from graphs.queue import queue_in
from graphs.workflow.execution.outcome import Answer
from graphs.workflow.execution.runs import say
from router.account.feedback import Feedback
from router.account.pricing import Prices
from router.checkpoints.documents import Documents
from router.errors import ConfigError, PrivacyViolation, TaskError
from router.memory.sessions import AnswerCache, CachedAnswer, Memory
from router.privacy.gate import Gate
from router.privacy.storage import may_be_written, require_may_be_written
from router.queue.outbox import Outbox
from router.queue.runs import RunRecord, Runs
from router.queue.task_queue import TaskQueue
from router.settings.settings import Settings
from router.store.store import Store
from router.types.decision import Kind
from router.types.result import CloudState
from router.types.task import Message, Privacy, Task
from workers.consumer.worker import Worker

PUBLIC, INTERNAL, LOCAL = Privacy
SECRET = "AKIAJ4KX2P7QWERTY3ZB"
PRIVATE = "Zebra-Quince"
CALL = json.dumps({"tool": "look_up", "arguments": {"name": "safe"}})


@pytest.fixture
def remote(store: Store) -> Store:
    """The same Redis, as if it ran on another machine."""
    return replace(store, local=False)


async def all_that_is_kept(store: Store) -> str:
    """Every key and every value of the namespace, as text."""
    found: list[Any] = []
    async for key in store.redis.scan_iter(match=f"{store.keys.namespace}*", count=500):
        kind = (await store.redis.type(key)).decode()
        read: dict[str, Callable[[], Any]] = {
            "string": lambda key=key: store.redis.get(key),
            "list": lambda key=key: store.redis.lrange(key, 0, -1),
            "hash": lambda key=key: store.redis.hgetall(key),
            "set": lambda key=key: store.redis.smembers(key),
            "zset": lambda key=key: store.redis.zrange(key, 0, -1),
            "stream": lambda key=key: store.redis.xrange(key),
        }
        found += [key, await read[kind]()]
    return repr(found)


def looked_up(label: str = "local_only", said: str = f"The password is {PRIVATE}.") -> Tool:
    @tool(label=label)
    async def look_up(name: str) -> str:
        """Looks a thing up."""
        return said

    return look_up


@asynccontextmanager
async def routed(
    store: Store, folder: Path, *rules: dict[str, Any], tools: tuple[Tool, ...] = (), **more: Any
) -> AsyncIterator[Router]:
    """A Router with scripted local models and no cloud, over a store that is as it says."""
    model = {"script": str(script(folder / "local.yaml", *(rules or ({"reply": "Noted."},))))}
    settings = Settings.model_validate(
        {
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "cloud": {"model": "off"},
            "tools": {
                "roles": {"general": {"tools": ["look_up"]}, "workflow": {"tools": ["look_up"]}}
            },
            **more,
        }
    )
    prices = Prices.load()
    yield Router(
        settings=settings,
        roster=build_roster(settings, prices, {}),
        prices=prices,
        store=store,
        gate=Gate(settings.privacy),
        tools=configured_tools(settings, tools or (looked_up(),)),
    )


TELLS = (
    {"match": "password is", "reply": json.dumps({"answer": f"It is {PRIVATE}."})},
    {"match": "(?s).*", "reply": CALL},
)


def test_one_place_decides(store: Store, remote: Store) -> None:
    assert all(may_be_written(label, store) for label in Privacy)
    assert [label for label in Privacy if may_be_written(label, remote)] == [PUBLIC, INTERNAL]
    with pytest.raises(TaskError, match="the note must stay on this machine, as it is local_only"):
        require_may_be_written(LOCAL, remote, "the note", error=TaskError)


@pytest.mark.parametrize(
    ("task", "kept"),
    [
        ({"prompt": f"Greet {PRIVATE}.", "privacy": "local_only"}, False),
        ({"prompt": f"Greet {SECRET}."}, False),
        ({"prompt": "Greet.", "system": f"The key is {SECRET}."}, False),
        ({"prompt": "Greet.", "schema": {"const": f"ana@{PRIVATE}.example.org"}}, False),
        ({"prompt": "Greet.", "files": ["/srv/vault/a.txt"]}, False),
        ({"prompt": "Greet.", "tags": [SECRET]}, False),
        ({"prompt": "Greet ana@example.org."}, True),
        ({"prompt": "Greet.", "privacy": "internal"}, True),
    ],
)
async def test_a_task_is_refused_before_a_byte_of_it_is_written(
    remote: Store, task: dict[str, Any], kept: bool
) -> None:
    settings = Settings.model_validate({"privacy": {"folders": {"/srv/vault": "local_only"}}})
    async with queue_in(remote, settings) as queue:
        before = await all_that_is_kept(remote)
        wanted = queue.submit(Task.model_validate(task), key="wish")
        if kept:
            assert (await wanted).is_new
            return
        with pytest.raises(TaskError, match="is local_only, and the queue is in"):
            await wanted
        assert await all_that_is_kept(remote) == before


@asynccontextmanager
async def working(router: Router) -> AsyncIterator[TaskQueue]:
    """The queue of the router's store, and a worker for it."""
    stop = asyncio.Event()
    async with queue_in(router.store, router.settings) as queue:
        running = asyncio.create_task(Worker(router=router, queue=queue).run(stop))
        try:
            yield queue
        finally:
            stop.set()
            await running


async def test_what_a_tool_told_is_in_no_thread_session_answer_event_or_result(
    remote: Store, tmp_path: Path
) -> None:
    async with routed(remote, tmp_path, *TELLS, tools=(looked_up(),)) as router:
        direct = await router.run(Task(prompt="Write what opens it.", tools=True, session="s"))
        assert direct.text == f"It is {PRIVATE}."
        assert direct.label is LOCAL
        assert any("not remembered" in warning for warning in direct.warnings)
        assert await router.state(direct.task_id) is None
        async with working(router) as queue:
            handle = await queue.submit(Task(prompt="Write what opens it, please.", tools=True))
            with pytest.raises(TaskError, match="its answer must stay on this machine"):
                await handle.result(20)
            events = [event async for event in handle.events()]
    assert [event["type"] for event in events if event["type"] == "token"] == []
    assert events[-1]["state"] == "failed"
    kept = await all_that_is_kept(remote)
    assert PRIVATE not in kept
    assert "opens it, please" in kept, "the task itself may be there"


async def test_the_same_on_this_machine_is_kept_under_its_label(
    store: Store, tmp_path: Path
) -> None:
    async with routed(store, tmp_path, *TELLS, tools=(looked_up(),)) as router:
        first = await router.run(Task(prompt="Write what opens it.", tools=True))
        again = await router.run(Task(prompt="Write what opens it.", tools=True, session="s"))
        assert (first.label, first.route) == (LOCAL, "local")
        # Who takes the answer out of memory takes its label too.
        assert (again.route, again.text, again.label) == ("cache", first.text, LOCAL)
        assert await router.memory.label("s") is LOCAL
        async with working(router) as queue:
            handle = await queue.submit(Task(prompt="Write what opens it, please.", tools=True))
            assert (await handle.result(20)).text == f"It is {PRIVATE}."


async def test_what_is_found_in_a_tools_result_raises_the_label(
    remote: Store, tmp_path: Path
) -> None:
    public = looked_up("public", f"The key is {SECRET}, and the password is none.")
    rules = ({"match": "password is", "reply": json.dumps({"answer": SECRET})}, TELLS[1])
    async with routed(remote, tmp_path, *rules, tools=(public,)) as router:
        result = await router.run(Task(prompt="Write what opens it.", tools=True, session="s"))
    assert (result.text, result.label) == (SECRET, LOCAL)
    assert SECRET not in await all_that_is_kept(remote)


async def test_what_a_model_says_by_itself_is_judged_before_it_is_kept(
    remote: Store, tmp_path: Path
) -> None:
    async with routed(remote, tmp_path, {"reply": f"Take {SECRET}."}) as router:
        result = await router.run(Task(prompt="Write a greeting.", session="s"))
        assert result.text == f"Take {SECRET}."
    assert SECRET not in await all_that_is_kept(remote)


async def test_a_worker_that_finds_more_than_the_submitter_generates_nothing(
    remote: Store, tmp_path: Path
) -> None:
    mine = {"privacy": {"patterns": {"project": "Zebra-[A-Z][a-z]+"}}}
    async with (
        queue_in(remote, Settings()) as front,
        routed(remote, tmp_path, **mine) as router,
        working(router),
    ):
        handle = await front.submit(Task(prompt=f"Write about {PRIVATE}."))
        with pytest.raises(TaskError, match="must stay on this machine, as it is local_only"):
            await handle.result(20)
        assert [record async for record in router.ledger.read()] == []


async def test_internal_text_is_written_as_it_is_by_choice(remote: Store, tmp_path: Path) -> None:
    async with routed(remote, tmp_path) as router:
        result = await router.run(Task(prompt="Write to ana@example.org.", session="s"))
    assert result.label is INTERNAL
    assert "ana@example.org" in await all_that_is_kept(remote)


async def test_sessions_answers_facts_items_and_what_waits_are_refused(
    remote: Store, tmp_path: Path
) -> None:
    answer = CachedAnswer(
        text=PRIVATE, model="m", route="local", cost_usd=0.0, kind=Kind.MATH, label=LOCAL
    )
    outbox = Outbox(remote, keep_s=60.0, most=10)
    task = Task(prompt=PRIVATE)
    documents = Documents(remote, judge=Gate(Settings().privacy).label_of)
    async with routed(remote, tmp_path) as router:
        said = Message(role="user", content=PRIVATE)
        for wanted in (
            Memory(remote).append("s", said, label=LOCAL),
            AnswerCache(remote).put("k", answer),
            outbox.park(task, CloudState.NO_KEY, LOCAL, draft=False),
            router.facts.put("k", PRIVATE, label="local_only", source="s"),
            router.facts.put("k", f"the key is {SECRET}", label="public", source="s"),
            documents.aput(("a",), "k", {"key": SECRET}),
            Runs(remote).save(RunRecord(run_id="r", workflow="w", text=PRIVATE, label=LOCAL)),
        ):
            with pytest.raises(PrivacyViolation, match="must stay on this machine"):
                await wanted
    assert await all_that_is_kept(remote) == "[]"


async def test_an_upgrade_that_turned_out_private_is_delivered_without_its_text(
    remote: Store, tmp_path: Path
) -> None:
    outbox = Outbox(remote, keep_s=60.0, most=10)
    task = Task(prompt="Write.")
    await outbox.park(task, CloudState.NO_KEY, PUBLIC, draft=False)
    (parked,) = await outbox.waiting()
    lease = await outbox.lease(parked)
    assert lease is not None
    async with routed(remote, tmp_path) as router:
        result = await router.run(Task(prompt="Write a greeting."))
    private = result.model_copy(update={"text": PRIVATE, "label": LOCAL})
    assert await outbox.deliver(lease, private)
    (kept,) = await outbox.delivered()
    assert kept.text == ""
    assert "its answer must stay on this machine" in kept.warnings[-1]
    assert PRIVATE not in await all_that_is_kept(remote)


async def test_a_note_is_judged_by_what_it_says(remote: Store, tmp_path: Path) -> None:
    async with routed(remote, tmp_path) as router:
        result = await router.run(Task(prompt="Write a greeting."))
        with pytest.raises(TaskError, match="give the verdict without it"):
            await router.feedback(result.task_id, "bad", f"it should have said {SECRET}")
        assert (await router.feedback(result.task_id, "bad", "too long")).note == "too long"
        plain = Feedback(remote, router.ledger, keep_s=60)
        assert (await plain.give(result.task_id, "good")).verdict == "good"
    assert SECRET not in await all_that_is_kept(remote)


STEPS = "steps: [{id: a, prompt: Greet a friend.}]\n"


@pytest.mark.parametrize(
    ("text", "files"),
    [
        (f"steps: [{{id: a, prompt: 'Greet {SECRET}.'}}]\n", {}),
        (f"description: of {SECRET}\n{STEPS}", {}),
        (
            "steps: [{id: a, prompt: Greet., verify: {tests: t.py}}]\n",
            {"t__py": f"assert '{SECRET}'\n"},
        ),
        ("steps: [{id: a, workflow: b.yaml}]\n", {"b__yaml": f"name: b\n# {SECRET}\n{STEPS}"}),
    ],
)
async def test_a_workflows_own_text_and_files_are_judged_before_a_run_is_written_down(
    remote: Store, tmp_path: Path, text: str, files: dict[str, str]
) -> None:
    made = workflow(tmp_path, text, **files)
    async with routed(remote, tmp_path) as router:
        with pytest.raises(ConfigError, match=r"holds local_only text.*use a Redis on this"):
            await made.run(router=router)
    assert await all_that_is_kept(remote) == "[]"


async def test_a_workflow_in_a_private_folder_is_not_written_down(
    remote: Store, tmp_path: Path
) -> None:
    made = workflow(tmp_path, STEPS)
    mine = {"privacy": {"folders": {str(tmp_path): "local_only"}}}
    async with routed(remote, tmp_path, **mine) as router:
        with pytest.raises(ConfigError, match="holds local_only text"):
            await made.run(router=router)


@pytest.mark.parametrize(
    ("label", "said"), [("local_only", PRIVATE), ("public", f"the key is {SECRET}")]
)
async def test_a_step_whose_tool_tells_what_must_stay_fails_and_is_not_remembered(
    remote: Store, tmp_path: Path, label: str, said: str
) -> None:
    made = workflow(tmp_path, "steps: [{id: a, tool: look_up, arguments: {name: x}}]\n")
    async with routed(remote, tmp_path, tools=(looked_up(label, said),)) as router:
        result = await made.run(router=router)
    assert result.status == "failed"
    assert "its text turned out to be local_only" in (result.error or "")
    kept = await all_that_is_kept(remote)
    assert PRIVATE not in kept
    assert SECRET not in kept


async def test_what_a_person_comments_is_judged_too(remote: Store, tmp_path: Path) -> None:
    made = workflow(tmp_path, "steps: [{id: a, approve: {message: 'May it go on?'}}]\n")
    private = Answer(approved=True, comment=f"yes, with {SECRET}")
    async with routed(remote, tmp_path) as router:
        waiting = await made.run(router=router, run_id="r")
        assert waiting.status == "waiting"
        with pytest.raises(TaskError, match="the comment must stay on this machine"):
            await say(router, "r", {"a": private})
        with pytest.raises(TaskError, match="the comment must stay on this machine"):
            await made.run(router=router, run_id="r", approve=lambda _: _said(private))
        await say(router, "r", {"a": Answer(approved=True, comment="yes")})
        assert (await made.run(router=router, run_id="r")).status == "done"
    assert SECRET not in await all_that_is_kept(remote)


async def _said(answer: Answer) -> Answer:
    return answer
