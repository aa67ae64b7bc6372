"""Shadow runs: compares some local answers with the cloud's after they were delivered.

A task is drawn by a hash of its id. Only public text is sent, through the gate, within the budgets
and a limit of its own; each attempt is recorded in the ledger as one whose answer was not
delivered. No run waits for its shadow.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import structlog
from langgraph.runtime import Runtime

from agents.agent import Agent
from agents.checks.general import complete, satisfies_schema
from graphs.request.attempt import Sent
from graphs.request.cloud import call_cloud
from graphs.request.state import Deps, Run, State
from graphs.run_options import RunOptions
from graphs.shadow.compare import can_compare, compare, judge_question, read_judgement
from router.account.budget import Scope
from router.account.ledger import Ledger
from router.account.records import SHADOW_ROLE, ShadowRecord, records_of
from router.cancellation import end
from router.engine import Constraint
from router.errors import EdgewardError, PrivacyViolation, StoreUnavailable
from router.privacy.gate import Released, strictest
from router.privacy.redaction import Redaction
from router.store.store import Store
from router.types.completion import Completion
from router.types.decision import EscalationReason
from router.types.result import Result
from router.types.task import Message, Privacy, Task

MOST_AT_ONCE = 4
"""Beyond this many, shadow runs are skipped: they must not pile up behind a slow cloud."""

CLOSE_WAIT_S = 10.0
"""How long a closing Router waits for shadow runs; after that they are cancelled and accounted."""

ACCOUNT_WAIT_S = 5.0
"""How long recording a cancelled shadow run may take."""

_ONCE_S = 86_400
_CAP_LIVES_S = 3 * 86_400

Found = Literal["agree", "differ", "judged", "unclear", "cloud_failed", "interrupted"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Compared:
    """The result of a comparison. Scores: 0..1, None where the answers could not be compared."""

    found: Found
    local: float | None = None
    cloud: float | None = None


class ShadowRuns:
    """The shadow runs of one Router; to be entered before its first task."""

    def __init__(self, deps: Deps, ledger: Ledger, store: Store) -> None:
        self._deps = deps
        self._settings = deps.settings.learning
        self._ledger = ledger
        self._store = store
        self._running: set[asyncio.Task[None]] = set()
        self._closing = False

    async def __aenter__(self) -> ShadowRuns:
        return self

    async def __aexit__(self, failed: type[BaseException] | None, *_: object) -> None:
        """Waits up to CLOSE_WAIT_S for shadow runs, but not if the Router closes on an error."""
        self._closing = True
        if failed is None:
            await self.drain(CLOSE_WAIT_S)
        for one in self._running:
            one.cancel()
        if self._running:  # once: a second cancellation would interrupt the recording
            await asyncio.wait(self._running, timeout=ACCOUNT_WAIT_S)
        await end(*self._running)

    async def drain(self, timeout_s: float) -> None:
        """Waits until no shadow run is in progress, at most this long."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout_s)

    def consider(self, state: State, run: Run, result: Result) -> None:
        """Starts the shadow of a finished run, if it is drawn; returns at once."""
        if self._closing or len(self._running) >= MOST_AT_ONCE:
            return
        if not self._wanted(state, run, result):
            return
        shadow = asyncio.create_task(self._follow(state, result))
        self._running.add(shadow)
        shadow.add_done_callback(self._ended)

    def _ended(self, shadow: asyncio.Task[None]) -> None:
        self._running.discard(shadow)
        if not shadow.cancelled() and (error := shadow.exception()) is not None:
            log.error("shadow.failed", error=type(error).__name__)

    def _wanted(self, state: State, run: Run, result: Result) -> bool:
        task, deps = state["task"], self._deps
        if not drawn(task.task_id, self._settings.shadow_rate):
            return False
        answered = result.status == "done" and result.route == "local" and bool(deps.clouds)
        free = not run.upgrade and not task.tools  # a tool would have its effect twice
        public = strictest((task.privacy, result.label)) is Privacy.PUBLIC
        # Nor for a caller whose options keep the task on this machine.
        affordable = state.get("cloud_open", False) and not state.get("cloud_scarce", False)
        telling = self._settings.shadow_judge or can_compare(result.guess.kind, task)
        return answered and free and public and affordable and telling

    async def _follow(self, state: State, result: Result) -> None:
        run = Run(
            deps=self._deps,
            deadline=time.monotonic() + self._deps.settings.cloud.timeout_s,
            emit=lambda _: None,
            options=RunOptions(scopes=(self._cap(),)),
        )
        compared = Compared("interrupted")
        try:
            if await self._first(result.task_id):
                compared = await self._compared(state, run, result)
        except PrivacyViolation:
            log.warning("shadow.blocked")
        except EdgewardError as error:
            log.info("shadow.left_out", error=type(error).__name__)
        finally:
            if run.journal:
                await self._account(state["task"], run, result, compared)

    async def _first(self, task_id: str) -> bool:
        """Whether the task has had no shadow yet: it may be run again after a crash."""
        key = self._store.keys.shadow(task_id)
        with self._store.errors():
            return bool(await self._store.redis.set(key, b"1", nx=True, ex=_ONCE_S))

    async def _compared(self, state: State, run: Run, result: Result) -> Compared:
        task = state["task"]
        agent = self._deps.cooldown.ready(self._deps.clouds)[0]
        turns = agent.recalled(task, state["history"], state["facts"])
        asked = agent.messages(task, turns, facts=state["facts"])
        completion = await self._ask(agent, asked, None, state, run)
        if completion is None or not _usable(task, result, completion):
            return Compared("cloud_failed", cloud=0.0)
        _mark(run, "accepted")
        same = compare(result.guess.kind, result.text, completion.text)
        if same:
            return Compared("agree", 1.0, 1.0)
        if self._settings.shadow_judge:
            judged = await self._judged(agent, state, run, result, completion)
            if judged is not None:
                return judged
        if same is None:
            return Compared("unclear")
        return Compared("differ", 0.0, 1.0)

    async def _judged(
        self, agent: Agent, state: State, run: Run, result: Result, completion: Completion
    ) -> Compared | None:
        """The cloud's verdict on both answers; it is not told which is its own."""
        swapped = _chance(f"order {result.task_id}") < 0.5
        texts = (result.text, completion.text)
        messages, constraint = judge_question(
            state["task"].prompt, *(reversed(texts) if swapped else texts)
        )
        said = await self._ask(agent, messages, constraint, state, run)
        judgement = read_judgement(said.text) if said else None
        if judgement is None:
            return None
        _mark(run, "accepted")
        local, cloud = reversed(judgement) if swapped else judgement
        return Compared("judged", float(local), float(cloud))

    async def _ask(
        self,
        agent: Agent,
        asked: tuple[Message, ...],
        constraint: Constraint | None,
        state: State,
        run: Run,
    ) -> Completion | None:
        """One call through the gate and within the budgets; None where there is no answer."""
        redaction = Redaction()
        schema = state["task"].json_schema if constraint is None else constraint.json_schema
        # A judge is also shown the answer under comparison, so that is a part of the text.
        sent = Sent.of(state, redaction, state["label"], draft=state["label"])
        gate = self._deps.gate
        released: Released = await gate.releasing(sent.label, asked, redaction, schema)
        runtime = Runtime(context=run)
        answered = await call_cloud(agent, released, sent, constraint, run.deadline, state, runtime)
        completion = answered.get("completion")
        if completion is not None:
            _mark(run, "rejected")  # until it is known to be usable
        return completion

    async def _account(self, task: Task, run: Run, result: Result, compared: Compared) -> None:
        """Records the attempts in the ledger, also those of an interrupted shadow run."""
        attempts = [
            one.model_copy(update={"role": SHADOW_ROLE, "number": len(result.attempts) + place})
            for place, one in enumerate(run.journal, start=1)
        ]
        seen = result.model_copy(update={"attempts": tuple(attempts), "tool_calls": ()})
        *records, whole = records_of(task, seen)
        shared = set(ShadowRecord.model_fields) - {"record", "time"}
        found: dict[str, Any] = {
            "time": time.time(),
            "found": compared.found,
            "cloud_model": attempts[0].model,
            "local_score": compared.local,
            "cloud_score": compared.cloud,
        }
        shadow = ShadowRecord.model_validate(whole.model_dump(include=shared) | found)
        try:
            await run.settle_the_rest()
            await self._ledger.append([*records, shadow], run.open_calls)
        except StoreUnavailable as error:
            log.warning("shadow.not_in_the_account", error=str(error))
            return
        log.info("shadow.compared", found=compared.found, kind=result.guess.kind.value)

    def _cap(self) -> Scope:
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        key = self._store.keys.budget("shadow", day)
        limit_usd = self._settings.shadow_usd_per_day
        return Scope("shadow runs of the day", key, limit_usd, _CAP_LIVES_S)


def drawn(task_id: str, rate: float) -> bool:
    """Whether the task is drawn for a shadow run; depends on its id only. rate: 0..1."""
    return _chance(f"shadow {task_id}") < rate


def _chance(text: str) -> float:
    """A pseudorandom number from 0 to just under 1, the same for the same text."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _usable(task: Task, result: Result, completion: Completion) -> bool:
    """Whether the answer passes the checks of every cloud answer; a cut-off one may."""
    checks = [complete(task, result.guess.kind, completion)]
    if task.json_schema is not None:
        checks.append(satisfies_schema(task, result.guess.kind, completion))
    return all(one.passed or one.reason is EscalationReason.CUT_OFF for one in checks)


def _mark(run: Run, outcome: Literal["accepted", "rejected"]) -> None:
    run.journal[-1] = run.journal[-1].model_copy(update={"outcome": outcome})
