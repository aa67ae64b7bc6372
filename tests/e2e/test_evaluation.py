"""`eval`, `calibrate` and `replay` as a person types them."""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from command import Edgeward
from recorded import accepted, escalated

from router.account.ledger import Ledger
from router.account.records import Record
from router.store.store import open_store
from router.types.decision import Kind

PNG = b"\x89PNG\r\n\x1a\n"


HARD = (
    "Let $A_{{{}}}$ be the matrix whose entries are $a_{{ij}} = \\frac{{1}}{{i+j-1}}$. Compute its "
    "determinant, its trace and the sum of all its eigenvalues, and prove each step of the way."
)


def pairs(path: Path) -> Path:
    """Sums that the local model mostly gets wrong, and extractions that it gets right."""
    rows = []
    for number in range(160):
        math = number % 2 == 0
        rows.append(
            {
                "prompt": HARD.format(number)
                if math
                else f"Extract the order number from: order A-{number} was late.",
                "local_score": float(number % 5 == 0) if math else 1.0,
                "cloud_score": 1.0,
                "source": "mine",
            }
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_routing_is_measured_beside_its_baselines(edgeward: Edgeward, tmp_path: Path) -> None:
    pairs(tmp_path / "mine.jsonl")
    words = ("eval", "routing", "mine.jsonl", "--samples", "50")
    done = edgeward(*words, "--png", "curve.png")
    assert done.returncode == 0, done.stderr
    for part in ("APGR", "CPT 50 %", "always local", "always cloud", "prompt length", "random"):
        assert part in done.stdout
    assert (tmp_path / "curve.png").read_bytes().startswith(PNG)
    assert (tmp_path / "curve.png").stat().st_size > 20_000
    found = json.loads(edgeward(*words, "--json").stdout)
    ours = {one["name"]: one for one in found["routers"]}
    assert ours["expected gain"]["apgr"]["value"] > ours["random"]["apgr"]["value"] == 0.5
    assert ours["(oracle)"]["apgr"]["value"] >= ours["expected gain"]["apgr"]["value"]
    assert found["dev_rows"] + found["check_rows"] == found["rows"] == 160
    assert {kind["name"] for kind in found["kinds"]} == {"extraction", "math", "all"}
    assert found["sources"][0]["source"] == "mine"


def test_kinds_are_measured(edgeward: Edgeward, tmp_path: Path) -> None:
    rows = [
        {"prompt": "Write a Python function that reverses a list.", "kind": "code", "lang": "en"},
        {"prompt": "Traduza para o inglês: bom dia a todos.", "kind": "translation", "lang": "pt"},
        {"prompt": "What is 17 times 23?", "kind": "math", "lang": "en"},
        {"prompt": "What is 18 times 24?", "kind": "code", "lang": "en"},
    ]
    (tmp_path / "kinds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ("eval", "kinds", "kinds.jsonl", "--samples", "50")
    done = edgeward(*words, "--png", "confusion.png")
    assert done.returncode == 0, done.stderr
    for part in ("right when sure", "recall", "precision", "calibration error", "p99"):
        assert part in done.stdout
    assert (tmp_path / "confusion.png").read_bytes().startswith(PNG)
    found = json.loads(edgeward(*words, "--json").stdout)
    assert found["overall"]["accuracy"]["value"] == 0.75
    assert {one["name"]: one["accuracy"]["value"] for one in found["languages"]} == {
        "en": pytest.approx(2 / 3),
        "pt": 1.0,
    }
    labels = {one["label"]: one for one in found["labels"]}
    assert (labels["code"]["recall"]["value"], labels["code"]["precision"]["value"]) == (0.5, 1.0)
    assert labels["math"]["precision"]["value"] == 0.5
    assert {"label": "code", "taken_for": "math", "rows": 1} in found["confusion"]


def configured(tmp_path: Path, redis_url: str, records: list[Record] | None = None) -> Path:
    """A configuration with comments, over a ledger with these records."""
    namespace = f"test-{uuid.uuid4().hex}"
    path = tmp_path / "edgeward.yaml"
    path.write_text(
        "# mine\n"
        f"store: {{url: '{redis_url}', namespace: {namespace}}}\n"
        "policy:\n  max_gain: 0.5  # as I like it\n  local_share: 0.7\n"
    )

    async def write() -> None:
        async with await open_store(url=redis_url, namespace=namespace) as store:
            await Ledger(store).append(records or [])

    if records:
        asyncio.run(write())
    return path


def misjudged() -> list[Record]:
    """What is expected of code is too good, of knowledge too bad."""
    return [
        *accepted(Kind.CODE, 200, 0.4, (0.8, 0.85)),
        *escalated(Kind.CODE, 40, (0.8, 0.85)),
        *accepted(Kind.KNOWLEDGE, 200, 0.98, (0.5, 0.9)),
    ]


def test_calibrate_writes_what_the_ledger_teaches_and_replay_shows_it_first(
    edgeward: Edgeward, tmp_path: Path, redis_url: str
) -> None:
    path = configured(tmp_path, redis_url, misjudged())
    before = path.read_text()
    words = ("calibrate", "--target-quality", "0.95")
    dry = edgeward(*words, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "nothing was written" in dry.stdout
    assert "+  max_gain_by_kind:" in dry.stdout
    assert path.read_text() == before

    assert edgeward(*words, "--write", "new.yaml").returncode == 0
    assert path.read_text() == before
    replayed = json.loads(edgeward("replay", "--policy", "new.yaml", "--json").stdout)
    moved = {one["kind"]: one["moved"] for one in replayed["kinds"]}
    assert moved == {"code": 240, "knowledge": 0}
    assert replayed["total"]["quality"]["low"] > 0.1
    shown = edgeward("replay", "--policy", "new.yaml", "--since", "36500d")
    assert shown.returncode == 0, shown.stderr
    for part in ("sent to the cloud", "expected quality", "code-escalated-0039", "local to cloud"):
        assert part in shown.stdout

    done = edgeward(*words)
    assert done.returncode == 0, done.stderr
    for part in ("expected on the outcomes held back", "the old one is kept", "40 by escalation"):
        assert part in done.stdout
    after = path.read_text()
    assert after.startswith("# mine\n")
    assert "local_share: 0.7" in after
    assert "# as I like it" in after
    assert (tmp_path / "edgeward.yaml.bak").read_text() == before
    policy: dict[str, Any] = yaml.safe_load(after)["policy"]
    assert policy["max_gain_by_kind"]["code"] < 0.05
    assert policy["max_gain_by_kind"]["knowledge"] >= 0.4
    assert edgeward("config", "validate").returncode == 0


def test_calibrate_from_a_file_says_what_it_wrote(edgeward: Edgeward, tmp_path: Path) -> None:
    pairs(tmp_path / "mine.jsonl")
    words = ("calibrate", "--cloud-share", "0.25", "--file", "mine.jsonl", "--write", "new.yaml")
    found = json.loads(edgeward(*words, "--json").stdout)
    assert found["written"] == "new.yaml"
    assert found["sent"] <= 0.25
    assert found["expected"][-1]["name"] == "all"
    policy = yaml.safe_load((tmp_path / "new.yaml").read_text())["policy"]
    assert policy["max_gain_by_kind"] == found["after"]["max_gain_by_kind"]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("calibrate",), ("give one aim", "--target-quality 0.95", "--cloud-share 0.2")),
        (("calibrate", "--target-quality", "0.9", "--cloud-share", "0.1"), ("give one aim",)),
        (("calibrate", "--target-quality", "2"), ("--target-quality", "less than or equal to 1")),
        (("calibrate", "--target-quality", "0.9"), ("--write edgeward.yaml", "--dry-run")),
        (
            ("calibrate", "--target-quality", "0.9", "--write", "no/where.yaml"),
            ("there is no folder no",),
        ),
        (
            (
                "calibrate",
                "--cloud-share",
                "0.9",
                "--file",
                "a.jsonl",
                "--since",
                "3d",
                "--dry-run",
            ),
            ("--since is about the ledger",),
        ),
        (("eval", "routing", "none.jsonl"), ("no such file: none.jsonl",)),
        (("eval", "routing", "none.jsonl", "--png", "x.jpg"), ("ends in .png",)),
        (("eval", "routing", "none.jsonl", "--png", "no/x.png"), ("there is no folder no",)),
        (("eval", "kinds", "."), ("is a folder",)),
        (("replay", "--policy", "none.yaml"), ("none.yaml does not exist",)),
        (("replay",), ("--policy",)),
    ],
)
def test_a_mistake_is_a_sentence(
    edgeward: Edgeward, words: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    done = edgeward(*words)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    flat = " ".join(done.stderr.split())
    for part in parts:
        assert part in flat, flat


def test_too_few_outcomes_say_how_many_there_are(
    edgeward: Edgeward, tmp_path: Path, redis_url: str
) -> None:
    configured(tmp_path, redis_url, [*accepted(Kind.CODE, 3, 1.0, (0.6, 0.8))])
    done = edgeward("calibrate", "--target-quality", "0.95")
    assert done.returncode == 2
    for part in ("3 tasks whose local and cloud score", "needed: 100", "learning.shadow_rate"):
        assert part in done.stderr


def test_nothing_recorded_is_nothing_to_replay(
    edgeward: Edgeward, tmp_path: Path, redis_url: str
) -> None:
    path = configured(tmp_path, redis_url)
    done = edgeward("replay", "--policy", path.name)
    assert done.returncode == 0, done.stderr
    assert "nothing is recorded that could be replayed yet" in done.stdout
