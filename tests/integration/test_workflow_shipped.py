"""The shipped workflows, run: what each gives, and what of it went to the cloud."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from workflow_runs import outputs, routed, shipped, watch

from graphs.workflow.api import Workflow
from router.store.store import Store

TICKET = """Good morning, I am Ana Prado, ana.prado@example.org. Export crashes. When is it mended?
May I have my money back?"""
FACTS = {
    "customer": "Ana Prado",
    "product": "Export",
    "problem": "bug",
    "urgency": "high",
    "questions": ["When is it mended?", "May I have my money back?"],
}
AT_THE_DESK = [
    {"match": "^Extract the facts", "reply": json.dumps(FACTS)},
    {"match": "^Write a bug report", "reply": "Export crashes when it is started."},
    {"match": "asks: When", "reply": "A colleague will look into it."},
    {"match": "asks: May I", "reply": "Accounts will write to you."},
]


@pytest.mark.parametrize("approved", [True, False])
async def test_a_ticket_is_sorted_here_and_a_person_has_the_last_word(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, approved: bool
) -> None:
    asked = watch(monkeypatch)
    cloud = [{"reply": "from the cloud"}]
    async with routed(store, tmp_path, local=AT_THE_DESK, cloud=cloud) as router:
        waiting = await shipped("triage").run({"ticket": TICKET}, router=router, run_id="t1")
        (question,) = waiting.waits_for
        result = await Workflow.resume("t1", router=router, answers={"approval": approved})
    assert waiting.status == "waiting"
    assert question.message.startswith("HIGH: bug, Export\n")
    assert "A colleague will look into it." in question.message
    assert "Export crashes when it is started." in question.message
    assert outputs(result) == {
        "problem": "bug",
        "team": "developers",
        "urgent": True,
        "bug_report": "Export crashes when it is started.",
        "replies": ["A colleague will look into it.", "Accounts will write to you."],
        "approved": approved,
    }
    assert asked.cloud == []
    assert len(asked.here) == 4


async def test_a_ticket_that_could_not_be_read_is_taken_up_again(
    store: Store, tmp_path: Path
) -> None:
    async with routed(store, tmp_path, local=[{"reply": "I see no ticket."}]) as router:
        failed = await shipped("triage").run({"ticket": TICKET}, router=router, run_id="t2")
    async with routed(store, tmp_path, local=AT_THE_DESK) as router:
        waiting = await Workflow.resume("t2", router=router)
        result = await Workflow.resume("t2", router=router, answers={"approval": True})
    assert failed.status == "failed"
    assert [*failed.steps] == ["facts"]
    assert waiting.status == "waiting"
    assert len(outputs(result)["replies"]) == 2
    assert outputs(result)["bug_report"] == "Export crashes when it is started."


CODE = "def total(numbers):\n    return sum(numbers[:-1])\n"
MENDED = "def total(numbers):\n    return sum(numbers)\n"
TESTS = "def test_total():\n    assert total([1, 2, 3]) == 6\n"
FINDING = {"line": 2, "severity": "wrong", "problem": "the last number is left out"}


@pytest.mark.parametrize(
    ("here", "away", "mended", "why_not"),
    [
        (MENDED, None, MENDED, None),
        (CODE, MENDED, MENDED, None),
        (CODE, CODE, None, "the cloud's answer .* assert total"),
        (CODE, None, None, "assert total.* switched off"),
    ],
    ids=["here", "in the cloud", "nowhere", "not here and there is no cloud"],
)
async def test_code_is_mended_only_if_it_passes_its_tests(
    store: Store,
    tmp_path: Path,
    here: str,
    away: str | None,
    mended: str | None,
    why_not: str | None,
) -> None:
    local = [
        {"match": "^Review this", "reply": json.dumps({"findings": [FINDING]})},
        {"match": "^A reviewer says of line 2", "reply": '{"real": true, "proof": "[:-1]"}'},
        {"match": "^Mend this", "reply": here},
    ]
    cloud = None if away is None else [{"match": "Mend this", "reply": away}]
    async with routed(store, tmp_path, local=local, cloud=cloud) as router:
        given = outputs(
            await shipped("code-review").run({"code": CODE, "tests": TESTS}, router=router)
        )
    assert given["findings"] == [FINDING]
    assert given["second_opinions"] == [{"real": True, "proof": "[:-1]"}]
    assert given["wrong"] is True
    assert given["mended"] == mended
    assert re.search(why_not, given["not_mended_because"]) if why_not else why_not is None


async def test_code_without_findings_and_tests_is_left_alone(store: Store, tmp_path: Path) -> None:
    local = [{"match": "^Review this", "reply": '{"findings": []}'}]
    async with routed(store, tmp_path, local=local) as router:
        result = await shipped("code-review").run({"code": CODE}, router=router)
    assert outputs(result)["mended"] is None
    assert result.steps["mend"].status == "skipped"


async def test_without_tests_a_mended_version_is_taken_as_it_is(
    store: Store, tmp_path: Path
) -> None:
    local = [
        {"match": "^Review this", "reply": json.dumps({"findings": [FINDING]})},
        {"match": "^A reviewer says", "reply": '{"real": true, "proof": "[:-1]"}'},
        {"match": "^Mend this", "reply": CODE},
    ]
    async with routed(store, tmp_path, local=local) as router:
        result = await shipped("code-review").run({"code": CODE}, router=router)
    assert outputs(result)["mended"] == CODE


async def test_a_folder_is_summarised_file_by_file_and_nothing_of_it_leaves(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    (notes / "old").mkdir(parents=True)
    (notes / "cats (draft).txt").write_text("Cats sleep.")
    (notes / "dogs.txt").write_text("Dogs bark.\n\n" * 900)
    (notes / "picture.png").write_bytes(b"\x89PNG\x00\x01")
    local = [
        {"match": "part of a longer text(?s:.*)Cats", "reply": "on cats"},
        {"match": "part of a longer text(?s:.*)Dogs", "reply": "a part on dogs"},
        {"match": "^Make one summary(?s:.*)a part on dogs\n\na part on dogs", "reply": "on dogs"},
        {"match": "^Summaries of the files(?s:.*)on cats\n\non dogs", "reply": "on animals"},
    ]
    asked = watch(monkeypatch)
    tools = {"folders": [{"path": str(notes)}]}
    cloud = [{"reply": "from the cloud"}]
    async with routed(store, tmp_path, local=local, cloud=cloud, tools=tools) as router:
        given = outputs(await shipped("summarise-folder").run({"folder": "notes"}, router=router))
    assert given == {"summary": "on animals", "files": ["on cats", "on dogs"], "read": 2}
    assert asked.cloud == []


async def test_documents_become_rows_and_one_that_cannot_be_read_is_counted(
    store: Store, tmp_path: Path
) -> None:
    row = {"date": "2026-03-07", "supplier": "Sá, Lda", "total": 12.5, "currency": "EUR"}
    local = [
        {"match": "Invoice A1", "reply": json.dumps({"number": "A1", **row}, ensure_ascii=False)},
        {"match": "Invoice A2", "reply": json.dumps({"number": "A2", **row}, ensure_ascii=False)},
        {"match": "Invoice B", "reply": "I see no invoice here."},
    ]
    documents = [f"Invoice {one} of 2026-03-07, Sá, Lda: 12.5 EUR" for one in ("A1", "B", "A2")]
    async with routed(store, tmp_path, local=local) as router:
        result = await shipped("extract-csv").run({"documents": documents}, router=router)
    given = outputs(result)
    assert given["csv"].splitlines() == [
        "number,date,supplier,total,currency",
        'A1,2026-03-07,"Sá, Lda",12.5,EUR',
        'A2,2026-03-07,"Sá, Lda",12.5,EUR',
    ]
    assert (given["rows"], given["not_read"]) == (2, 1)
    assert result.steps["rows"].tries == 2


@pytest.mark.parametrize(
    ("cloud", "approved", "text"),
    [(True, True, "polished"), (True, False, "the draft"), (False, True, "the draft")],
    ids=["approved", "refused", "no cloud"],
)
async def test_a_draft_leaves_after_a_yes_and_its_notes_never(
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cloud: bool,
    approved: bool,
    text: str,
) -> None:
    asked = watch(monkeypatch)
    local = [
        {"match": "^Write an outline", "reply": "1. the outline"},
        {"match": "^Write the text", "reply": "the draft"},
    ]
    clouded = [{"match": "Polish the style", "reply": "polished"}] if cloud else None
    async with routed(store, tmp_path, local=local, cloud=clouded) as router:

        async def approve(ask: Any) -> bool:
            assert "the draft" in ask.message
            assert asked.cloud == []
            return approved

        result = await shipped("draft-and-polish").run(
            {"brief": "Invite the neighbours; mind the quarrel."}, router=router, approve=approve
        )
    given = outputs(result)
    assert given == {"text": text, "polished": text == "polished"}
    sent = asked.cloud
    assert len(sent) == int(cloud and approved)
    assert all("the draft" in one for one in sent)
    assert not any("quarrel" in one or "outline" in one for one in sent)
