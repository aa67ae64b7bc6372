"""A person's judgement of an answer, found by the task's id and written into the ledger.

The ledger holds the verdict. A note, which may quote anything, is stored beside it and expires with
the record.
"""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from router.account.ledger import Beside, Ledger
from router.account.records import AttemptRecord, FeedbackRecord, Record, TaskRecord
from router.errors import TaskError
from router.privacy.gate import strictest
from router.privacy.storage import Judge, judge_by_default, require_may_be_written
from router.store.store import Store

Verdict = Literal["good", "bad"]
VERDICTS: tuple[Verdict, ...] = ("good", "bad")

LAST = "last"
"""Selects the task that ended last with an answer."""

_LONGEST_NOTE = 2000
_NEAR = 500
"""How many of the latest tasks a mistyped id is compared with."""


# KEYS: verdict, note. ARGV: the verdict as it was read, the note, milliseconds to live.
_NOTE = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A task, and what was said of its answer. verdict: None where nothing was."""

    task: TaskRecord
    verdict: Verdict | None = None
    note: str = ""


class Feedback:
    """The judgements in one ledger. keep_s: how long a note is kept, as the ledger's records.

    judge: the label of a text by what is found in it, asked before a note is written to another
    machine.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        *,
        keep_s: float,
        judge: Judge | None = None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._keep_s = keep_s
        self._judge = judge or judge_by_default()
        self._note = store.redis.register_script(_NOTE)

    async def give(self, task_id: str, verdict: Verdict, note: str = "") -> Judged:
        """Judges the answer of a task.

        task_id: or its beginning, or LAST. The same verdict again changes nothing, another one
        replaces it. Raises TaskError for a task that does not exist, has no answer, or is
        ambiguous; StoreUnavailable.
        """
        if verdict not in VERDICTS:
            raise TaskError(f"{verdict!r} is no verdict: say good or bad")
        if len(note) > _LONGEST_NOTE:
            raise TaskError(
                f"the note has {len(note):,} characters, the limit is {_LONGEST_NOTE:,}: shorten it"
            )
        found = await self._find(task_id)
        task = found.task
        if task.status != "done" or not task.model:
            raise TaskError(f"task {task.task_id} has no answer to judge: it is {task.status}")
        if note and not self._store.local:
            require_may_be_written(
                strictest((task.privacy, self._judge(note))),
                self._store,
                f"the note on task {task.task_id}",
                cure="give the verdict without it",
                error=TaskError,
            )
        while not await self._put(found, verdict, note):
            pass  # somebody else judged it meanwhile; that judgement is replaced
        return Judged(task, verdict, note or found.note)

    async def _put(self, found: Judged, verdict: Verdict, note: str) -> bool:
        """Judges and notes in one step; False where the verdict has changed since it was read."""
        task, keys = found.task, self._store.keys
        key, note_key = keys.verdict(task.task_id), keys.note(task.task_id)
        with self._store.errors():
            kept: Any = await self._store.redis.get(key)
        seen = kept.decode("utf-8", "replace") if kept else ""
        keep_ms = int(self._keep_s * 1000)
        run = f"{task.time!r} "  # a task that ran again is not judged yet
        before = seen.removeprefix(run) if seen.startswith(run) else found.verdict
        if before != verdict:
            record = await self._record(task, verdict, cast("Verdict | None", before))
            beside = Beside(key, seen, f"{run}{verdict}", note_key, note, keep_ms)
            return await self._ledger.append([record], beside=beside)
        if not note:
            return True
        with self._store.errors():
            return bool(await self._note(keys=[key, note_key], args=[seen, note, keep_ms]))

    async def latest(self, count: int) -> tuple[Judged, ...]:
        """The last tasks with an answer, newest first."""
        verdicts: dict[str, Verdict] = {}
        tasks: dict[str, TaskRecord] = {}
        async for record in self._ledger.newest():
            _note_record(record, verdicts, tasks)
            if len(tasks) >= count:
                break
        return await self._with_notes(list(tasks.values()), verdicts)

    async def _find(self, given: str) -> Judged:
        if given == LAST:
            latest = await self.latest(1)
            if not latest:
                raise TaskError("no task was answered yet, so there is nothing to judge")
            return latest[0]
        if not given:
            raise TaskError("name a task: `edgeward feedback` lists the latest ones")
        verdicts: dict[str, Verdict] = {}
        tasks: dict[str, TaskRecord] = {}
        begins = f'"task_id":{json.dumps(given, ensure_ascii=False)[:-1]}'.encode()
        async for record in self._ledger.newest(begins):
            if isinstance(record, TaskRecord) and record.task_id == given:
                tasks = {given: record}
                break  # its latest run; feedback on it comes later in the stream
            if record.task_id.startswith(given):
                _note_record(record, verdicts, tasks, answered_only=False)
        if len(tasks) > 1:
            shown = ", ".join(sorted(tasks)[:5])
            raise TaskError(
                f"{len(tasks)} tasks begin with {given!r}: {shown}: write more of the id"
            )
        if not tasks:
            raise TaskError(await self._unknown(given))
        (found,) = await self._with_notes(list(tasks.values()), verdicts)
        return found

    async def _unknown(self, given: str) -> str:
        known = [one.task.task_id for one in await self.latest(_NEAR)]
        near = difflib.get_close_matches(given, [one[: len(given)] for one in known], n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        return f"no task begins with {given!r}{hint}: `edgeward feedback` lists the latest ones"

    async def _record(
        self, task: TaskRecord, verdict: Verdict, replaces: Verdict | None
    ) -> FeedbackRecord:
        kept = task.model_dump(include=set(FeedbackRecord.model_fields) - {"record", "time"})
        answered = task.route if task.route in ("local", "cloud") else await self._side(task)
        return FeedbackRecord.model_validate(
            kept
            | {
                "time": time.time(),
                "verdict": verdict,
                "answered": answered,
                "replaces": replaces,
            }
        )

    async def _side(self, task: TaskRecord) -> str:
        """The route of a cached answer: that of its model's latest attempt."""
        wanted = f'"model":{json.dumps(task.model, ensure_ascii=False)}'.encode()
        async for record in self._ledger.newest(wanted):
            if isinstance(record, AttemptRecord) and record.model == task.model:
                return record.route
        raise TaskError(
            f"task {task.task_id} was answered from memory, and the ledger no longer knows who "
            "gave that answer first: judge a later one"
        )

    async def _with_notes(
        self, tasks: Sequence[TaskRecord], verdicts: Mapping[str, Verdict]
    ) -> tuple[Judged, ...]:
        if not tasks:
            return ()
        with self._store.errors():
            keys = [self._store.keys.note(task.task_id) for task in tasks]
            notes: Any = await self._store.redis.mget(keys)
        return tuple(
            Judged(task, verdicts.get(task.task_id), (note or b"").decode("utf-8", "replace"))
            for task, note in zip(tasks, notes, strict=True)
        )


def _note_record(
    record: Record,
    verdicts: dict[str, Verdict],
    tasks: dict[str, TaskRecord],
    *,
    answered_only: bool = True,
) -> None:
    """Records come newest first: the first feedback on a task is the valid one."""
    if isinstance(record, FeedbackRecord):
        verdicts.setdefault(record.task_id, record.verdict)
    elif isinstance(record, TaskRecord) and (record.status == "done" or not answered_only):
        tasks.setdefault(record.task_id, record)
