"""Router: the composition root. It opens store, memory, ledger and agents, and runs tasks."""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import jsonschema
import structlog
from langchain_core.runnables import RunnableConfig

from agents.agent import Coverage
from agents.checks.evidence import require_language
from agents.checks.own import Check, command_checks, installed_checks
from agents.connectivity import Connectivity
from agents.engines.lane import LaneState
from agents.nano import MODEL_PATH
from agents.roster import Roster, build_roster, local_models
from agents.tools.audit import AuditRecord
from agents.tools.configured import Tools, configured_tools
from agents.tools.tool import Tool
from agents.tools.toolbox import Approve
from graphs.event_stream import stream_events
from graphs.events import Event, Finished
from graphs.isolation import isolated
from graphs.request.calls_in_flight import CallsUnderWay
from graphs.request.cooldown import Cooldown
from graphs.request.graph import build
from graphs.request.state import Deps, Outcome, Run, State
from graphs.run_options import DEFAULT_OPTIONS, RunOptions
from graphs.shadow.shadow import ShadowRuns
from router.account.budget import Budget
from router.account.feedback import Feedback, Judged, Verdict
from router.account.idempotency import PaidCalls
from router.account.ledger import Ledger, open_witness
from router.account.pricing import Prices, estimate_tokens
from router.checkpoints.checkpoint import RedisSaver
from router.checkpoints.documents import Documents
from router.classify.gain import ExpectedScores
from router.classify.kinds import NgramClassifier
from router.engine import CloudEngine
from router.errors import ConfigError, StoreUnavailable, TaskError
from router.learned.gains import gains_of
from router.memory.facts import Facts
from router.memory.sessions import AnswerCache, CachedAnswer, Memory
from router.policy.speed import SpeedEstimates
from router.privacy.gate import Gate, strictest
from router.privacy.storage import CURE, require_may_be_written
from router.queue.outbox import Outbox
from router.settings.settings import Settings, load_settings, with_environment
from router.store.connection import commands_end_by
from router.store.errors import redacted
from router.store.store import Store, is_this_machine, open_configured
from router.telemetry import configure_logging
from router.types.decision import Guess, Kind, RouteDecision
from router.types.result import Attempt, CloudState, Result, ToolCall
from router.types.task import Privacy, Task

CHECKPOINT_TTL_S = 3600.0
"""How long the finished state of a run can be looked at."""

_NOT_CLASSIFIED = Guess(kind=Kind.UNSURE, confidence=0.0, language="other")
_NOT_DECIDED = RouteDecision(route="local", agent=None, reason="the run ended before it was routed")


class Router:
    """Sends each task through the graph. Make one with `async with Router.open() as router`.

    Any number of tasks may run at once in one event loop. Cancelling a run cancels its job in the
    engine; what was attempted is in the ledger even so.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        roster: Roster,
        prices: Prices,
        store: Store,
        gate: Gate,
        tools: Tools,
        checks: tuple[Check, ...] = (),
    ) -> None:
        """Called by `open`, which opens and closes what is passed here."""
        self.settings = settings
        self.store = store
        self.ledger = Ledger(
            store,
            retention_s=settings.memory.ledger_days * 86_400,
            witness=open_witness(store, settings.store.home.expanduser()),
        )
        self.memory = Memory(store, ttl_s=settings.memory.session_days * 86_400)
        self.roster = roster
        self._prices = prices
        cache = AnswerCache(store, ttl_s=settings.memory.cache_hours * 3600)
        kept, outbox = settings.memory, settings.outbox
        self.facts = Facts(
            store,
            ttl_s=kept.facts_days * 86_400,
            max_tokens_total=kept.facts_tokens,
            max_tokens_fact=kept.fact_tokens,
            judge=gate.label_of,
        )
        self.outbox = Outbox(store, keep_s=outbox.keep_hours * 3600, most=outbox.most)
        self._deps = Deps(
            facts=self.facts if settings.memory.recall_tokens else None,
            settings=settings,
            local=roster.local,
            specialists=roster.specialists,
            router=roster.router,
            guard=roster.guard,
            clouds=roster.clouds,
            cooldown=Cooldown(settings.cloud.cool_down_s),
            connectivity=Connectivity(
                settings.cloud, [agent.engine.caps.model for agent in roster.clouds]
            ),
            gate=gate,
            cloud_state=roster.cloud_state,
            cloud_absent=roster.cloud_absent,
            paid=PaidCalls(store),
            under_way=CallsUnderWay(),
            tools=tools,
            own_checks=checks,
            budget=Budget(store, settings.budget),
            classifier=NgramClassifier.load(),
            gains=gains_of(settings, roster.cloud_model),
            speeds=SpeedEstimates(),
            memory=self.memory,
            cache=cache if settings.memory.cache else None,
            fingerprint=_fingerprint(settings, roster.cloud_model),
            store=store,
        )
        self.shadows = ShadowRuns(self._deps, self.ledger, store)
        self._saver = RedisSaver(
            store,
            ttl_s=CHECKPOINT_TTL_S,
            revived=(Outcome, Coverage, CachedAnswer, ExpectedScores),
            label_of=self._label_of_state,
        )
        self._graph = build(checkpointer=self._saver, store=Documents(store, judge=gate.label_of))

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings | Path | str | None = None,
        *,
        env: Mapping[str, str] | None = None,
        checks: Sequence[Check] = (),
        tools: Sequence[Tool | Callable[..., Any]] = (),
        approve: Approve | None = None,
    ) -> AsyncIterator[Router]:
        """A Router with everything that it needs opened.

        settings: a Settings, a path to an edgeward.yaml, or None: the file that is found, else the
        defaults. REDIS_URL applies where no URL is set; EDGEWARD_HOME overrides the configured
        home. Models are loaded by the first task that needs them.
        checks: functions that judge local answers, in addition to those of the configuration and of
        installed packages: (task, kind, completion) -> CheckResult, or None for no opinion.
        tools: typed functions that models may call, in addition to the shipped ones; the
        configuration says which role may use which. approve: asked before a tool that changes
        something is called.
        Raises ConfigError and StoreUnavailable.
        """
        env = os.environ if env is None else env
        if isinstance(settings, Settings):
            settings = with_environment(settings, env)
        else:
            settings, _ = load_settings(Path(settings) if settings else None, env)
        configure_logging(settings.log_level)
        if settings.offline and settings.store.url and not is_this_machine(settings.store.url):
            raise ConfigError(
                f"`offline` is set and store.url is {redacted(settings.store.url)}, another "
                "machine: leave it out for a private Redis, or name one on this machine"
            )
        prices = Prices.load(settings.prices)
        require_language(settings.policy.default_language)
        gate = Gate(settings.privacy)
        agents = build_roster(settings, prices, env)
        offered = configured_tools(settings, tools, approve)
        own = (*checks, *installed_checks(), *command_checks(settings.checks))
        if settings.budget.limited or settings.learning.shadow_rate:
            await _require_price(agents)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(offered.registry.close)
            for engine in agents.engines:
                stack.push_async_callback(engine.close)
            store = await open_configured(settings.store)
            stack.push_async_callback(store.close)
            router = cls(
                settings=settings,
                roster=agents,
                prices=prices,
                store=store,
                gate=gate,
                tools=offered,
                checks=own,
            )
            await stack.enter_async_context(router.shadows)
            await router.book_for_the_dead()
            yield router

    async def run(
        self,
        task: Task,
        *,
        options: RunOptions = DEFAULT_OPTIONS,
        emit: Callable[[Event], None] | None = None,
    ) -> Result:
        """The task's result, whatever it is: done, parked or failed.

        options: who may answer, and for how much. emit: takes each event; must not block.
        Raises TaskError for a task that cannot be run, and StoreUnavailable when Redis is gone
        before there is an answer.
        """
        return await self._run(task, emit or (lambda _: None), options=options)

    async def stream(self, task: Task) -> AsyncGenerator[Event, None]:
        """The task's events as they happen, the last one Finished. Closing it cancels the run.

        Raises as `run` does.
        """

        async def run(emit: Callable[[Event], None]) -> None:
            emit(Finished(await self._run(task, emit)))

        async with aclosing(stream_events(run)) as events:
            async for event in events:
                yield event

    async def deliver(
        self, on_upgrade: Callable[[Result], Awaitable[None]] | None = None
    ) -> tuple[Result, ...]:
        """Has the cloud answer the tasks in the outbox, the oldest first.

        Returns at once while the cloud is still unavailable. Each result is delivered once, even if
        other processes deliver too: to `on_upgrade`, and in `outbox.delivered()`.
        """
        delivered = []
        for parked in await self.outbox.waiting():
            lease = await self.outbox.lease(parked)
            if lease is None:
                continue
            try:
                result = await self._run(
                    lease.parked.task, lambda _: None, upgrade=True, floor=lease.parked.label
                )
                arrived = result.route == "cloud" and result.status == "done"
                if arrived and await self.outbox.deliver(lease, result):
                    delivered.append(result)
                    if on_upgrade is not None:
                        await on_upgrade(result)
            finally:
                await asyncio.shield(self.outbox.give_back(lease))
            if not arrived and result.cloud is not CloudState.OPEN:
                break
        return tuple(delivered)

    async def _run(
        self,
        task: Task,
        emit: Callable[[Event], None],
        *,
        upgrade: bool = False,
        floor: Privacy = Privacy.PUBLIC,
        options: RunOptions = DEFAULT_OPTIONS,
    ) -> Result:
        """floor: the label that the task had before; the new one is at least as strict."""
        _require_schema(task)
        judged = await self._deps.gate.judging(task)
        judged = judged.with_label(floor, f"it was {floor.value} when it was parked")
        self._require_room_for(task, judged.label)
        began = time.monotonic()
        run = Run(
            deps=self._deps,
            deadline=began + task.timeout_s,
            emit=emit,
            upgrade=upgrade,
            options=options,
        )
        state: State = {"task": task, "label": judged.label, "label_reasons": judged.reasons}
        with (
            structlog.contextvars.bound_contextvars(task_id=task.task_id),
            isolated(),
            commands_end_by(run.deadline),
        ):
            try:
                # A task that is run again starts without the checkpoint of its last run.
                await self._saver.adelete_thread(task.task_id)
                async for values in self._values(state, run):
                    state = values
            except StoreUnavailable as error:
                # The answer exists, perhaps paid for: it is delivered although Redis failed.
                state = {**state, **run.ended}
                if "outcome" not in state:
                    await self._record_interrupted(state, run, began)
                    raise
                state["warnings"] = (*state.get("warnings", ()), str(error))
            except BaseException:
                await asyncio.shield(self._record_interrupted(state, run, began))
                raise
            result = self._result(state, run, state["outcome"], time.monotonic() - began)
            try:
                if not upgrade:
                    result = await self._park(task, result)
                await run.settle_the_rest()
                await self.ledger.record(
                    task, result, judged.found, run.open_calls, upgrade=upgrade
                )
            except StoreUnavailable as error:
                missing = f"not in the account: {error}"
                return result.model_copy(update={"warnings": (*result.warnings, missing)})
        # Outside the task's context and deadline: a shadow run has a time limit of its own.
        self.shadows.consider(state, run, result)
        return result

    async def _park(self, task: Task, result: Result) -> Result:
        """Puts a task that the cloud could not answer into the outbox, if its text may leave."""
        waits = result.status == "parked" or result.degraded
        if not waits or result.cloud in _NOT_AWAITED or not self._deps.gate.may_leave(result.label):
            return result
        parked = await self.outbox.park(task, result.cloud, result.label, draft=result.degraded)
        return result.model_copy(update={"in_outbox": parked})

    def _require_room_for(self, task: Task, label: Privacy) -> None:
        """TaskError when a session would write private text to another machine."""
        if task.session:
            what = f"task {task.task_id}, which session {task.session!r} would remember,"
            cure = f"leave the session out, or {CURE}"
            require_may_be_written(label, self.store, what, cure=cure, error=TaskError)

    async def _record_interrupted(self, state: State, run: Run, began: float) -> None:
        """Records the attempts that were made before the run was cut short in the ledger."""
        if not run.journal:
            return
        result = self._result(state, run, _INTERRUPTED, time.monotonic() - began)
        with suppress(StoreUnavailable):
            await run.settle_the_rest()
            await self.ledger.record(state["task"], result, closes=run.open_calls)

    async def book_for_the_dead(self) -> int:
        """Records the calls that killed processes had sent and not recorded; returns how many."""
        return await self._deps.budget.calls.book_for_the_dead(self.ledger)

    async def calls_ended(self, task_id: str) -> None:
        """Returns once this process has no paid call under way for a task, or for a step of a
        workflow run: wait for it before cancelling, so that no call is paid for and its answer
        lost."""
        await self._deps.under_way.ended(task_id)

    @property
    def tools(self) -> Tools:
        """The tools that models and the steps of workflows may call."""
        return self._deps.tools

    async def require_price(self) -> None:
        """Raises ConfigError where the cloud's price is unknown: no budget could be enforced."""
        await _require_price(self.roster)

    def label_of(self, text: str, label: Privacy) -> Privacy:
        """The stricter of the given label and the one that the detectors find for the text."""
        return strictest((label, self._deps.gate.label_of(text)))

    def label_of_task(self, task: Task) -> Privacy:
        """The label of a task alone, before those of its session and its tools are known."""
        return self._deps.gate.judge(task).label

    async def feedback(self, task_id: str, verdict: Verdict, note: str = "") -> Judged:
        """Records whether a task's answer was good; `edgeward learn` gives this the most weight.

        task_id: an id, the beginning of one, or `last`. Raises TaskError for an unknown task.
        """
        keep_s = self.settings.memory.ledger_days * 86_400
        judgements = Feedback(
            self.store, self.ledger, keep_s=keep_s, judge=self._deps.gate.label_of
        )
        return await judgements.give(task_id, verdict, note)

    def lanes(self) -> tuple[LaneState, ...]:
        """Which models are in memory, who waits, and whether any hangs; one entry a device."""
        return tuple(lane.state() for lane in self.roster.lanes)

    async def state(self, task_id: str) -> State | None:
        """The graph's state when the task ended; None if it is unknown or has expired (an hour)."""
        config: RunnableConfig = {"configurable": {"thread_id": task_id}}
        values = (await self._graph.aget_state(config)).values
        return cast(State, values) if values else None

    def _values(self, state: State, run: Run) -> AsyncIterator[State]:
        """The state after each step of the graph."""
        return self._graph.astream(  # type: ignore[return-value]
            state,
            {"configurable": {"thread_id": state["task"].task_id}},
            context=run,
            stream_mode="values",
            durability="exit",
        )

    def _label_of_state(self, values: Mapping[str, Any]) -> Privacy:
        """The label of what a checkpoint would hold; local_only where the state has none."""
        state = values if "label" in values else values.get("__start__") or {}
        label = Privacy(state.get("label", Privacy.LOCAL_ONLY))
        outcome = values.get("outcome")
        said = [self._deps.gate.label_of(outcome.text)] if isinstance(outcome, Outcome) else []
        return strictest((label, *said))

    def _result(self, state: State, run: Run, outcome: Outcome, latency_s: float) -> Result:
        costs = [attempt.usage.cost_usd for attempt in run.journal]
        known = [cost for cost in costs if cost is not None]
        completion = state.get("completion")
        return Result(
            task_id=state["task"].task_id,
            status=outcome.status,
            text=outcome.text,
            route=outcome.route,
            reason=outcome.reason,
            guess=state.get("guess", _NOT_CLASSIFIED),
            decision=state.get("decision", _NOT_DECIDED),
            attempts=tuple(run.journal),
            model=outcome.model,
            cost_usd=math.fsum(known) if len(known) == len(costs) else None,
            avoided_usd=self._avoided(state["task"], outcome),
            latency_s=latency_s,
            warnings=(*state.get("warnings", ()), *_warnings(run.journal)),
            cloud=state.get("cloud_state", CloudState.OPEN),
            degraded=outcome.degraded,
            verification=outcome.verification,
            doubt=outcome.doubt,
            form=state.get("form"),
            attempt=outcome.attempt,
            withheld=outcome.withheld,
            tool_calls=tuple(_tool_call(record) for record in run.audit),
            label=state["label"],
            label_reasons=state["label_reasons"],
            thinking=completion.thinking if completion and outcome.status == "done" else "",
        )

    def _avoided(self, task: Task, outcome: Outcome) -> float:
        """What the cloud would have charged for this text: an estimate, by characters."""
        if outcome.status != "done" or outcome.route not in ("local", "cache"):
            return 0.0
        tokens = estimate_tokens(task.prompt), estimate_tokens(outcome.text)
        price = self._prices.cost(self.roster.cloud_model, *tokens)
        if price is None:
            price = self._prices.cost(self.settings.cloud.reference, *tokens)
        return price or 0.0


def _warnings(journal: Sequence[Attempt]) -> tuple[str, ...]:
    """The warnings of all attempts, each once."""
    return tuple(dict.fromkeys(said for one in journal for said in one.warnings))


def _tool_call(record: AuditRecord) -> ToolCall:
    told = asdict(record)
    del told["task_id"]
    return ToolCall.model_validate(told)


async def _require_price(agents: Roster) -> None:
    """Raises ConfigError where a budget is set and the cloud's price is unknown."""
    for cloud in agents.clouds:
        if cloud.price is None or cloud.price(1, 1) is not None:
            continue
        # LiteLLM has the longer price list, but takes seconds to import.
        await cast(CloudEngine, cloud.engine).warm()
        if cloud.price(1, 1) is None:
            raise ConfigError(
                "a budget is set, or learning.shadow_rate, and no price of "
                f"{cloud.engine.caps.model} is known: write one into a file and name that as "
                "`prices` (0 for a server of your own), or remove what is set"
            )


_NOT_AWAITED = (CloudState.OPEN, CloudState.OFF)
"""States in which a task does not wait for the cloud: it is there, or the user switched it off."""

_INTERRUPTED = Outcome("failed", "none", "", "the run was interrupted")


def _require_schema(task: Task) -> None:
    """TaskError where the task's JSON Schema is invalid, or the task is a workflow's run."""
    if task.workflow is not None:
        raise TaskError(f"task {task.task_id} is a run of a workflow: submit it to the queue")
    if task.json_schema is None:
        return
    try:
        jsonschema.validators.validator_for(task.json_schema).check_schema(task.json_schema)
    except jsonschema.exceptions.SchemaError as error:
        at = "/".join(str(part) for part in error.absolute_path) or "the root"
        raise TaskError(f"not a valid JSON Schema: {error.message} (at {at})") from None


def _fingerprint(settings: Settings, cloud_model: str) -> str:
    """Part of the answer cache's key: changes when a new answer might differ from a cached one.

    A model file's size and time are included: the same path may hold another model tomorrow.
    """
    models = [model for _, model in local_models(settings)]
    files = [MODEL_PATH, settings.cloud.script]
    files += [file for model in models for file in (model.path, model.script)]
    shaping = {"models", "cloud", "policy", "privacy"}
    shape = [cloud_model, settings.model_dump_json(include=shaping)]
    for file in files:
        if file is not None and file.exists():
            stat = file.stat()
            shape.append(f"{stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(shape).encode()).hexdigest()[:16]
