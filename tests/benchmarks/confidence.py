"""An ordinary model: what a calibration and each check know of its answers.

    python tests/benchmarks/confidence.py [--n 40]

The model is the shipped specialist's file, played as an ordinary model with the specialist's system
prompt: it is the one real model at hand everywhere. It learns from questions with the values of its
training and is tried on held-out values, half of them in wordings it never met. The second table
applies the checks to its first answers, without repairs: what each of them, left out, would let in.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agents.agent import Agent
from agents.calibration import Sureness, confidence
from agents.checks.evidence import evidence_checks
from agents.checks.general import general_checks
from agents.logistic import auroc, calibration_error
from agents.models.probe import Asked, ask, card_from
from agents.models.questions import Question
from agents.nano import MODEL_PATH, SYSTEM_PROMPT
from agents.nano.data.grammar import Split
from agents.nano.data.mix import MAKERS, held_out
from agents.roster import build_roster
from router.account.pricing import Prices
from router.settings.settings import Settings
from router.types.card import Card
from router.types.task import Task

LEAST = (0.5, 0.8, 0.95)


def questions(count: int, values: Split, phrasings: Sequence[Split], seed: int) -> list[Question]:
    return [
        Question(prompt=one.prompt, answer=one.answer, system=SYSTEM_PROMPT)
        for family in MAKERS
        for phrasing in phrasings
        for one in held_out(family, count, values=values, phrasing=phrasing, seed=seed)
    ]


async def answers(model: Path, asked: Sequence[Question]) -> tuple[Agent, list[Asked]]:
    settings = Settings.model_validate(
        {"models": {"general": {"path": str(model), "context_tokens": 1024}}}
    )
    agent = build_roster(settings, Prices.load(settings.prices), {}).local["general"]
    try:
        return agent, [one async for one in ask(agent, asked)]
    finally:
        await agent.engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=40, help="questions a family and wording")
    count = parser.parse_args().n
    with tempfile.TemporaryDirectory() as folder:
        model = Path(shutil.copy(MODEL_PATH, Path(folder) / "nano.gguf"))
        learnt_from = questions(count, "calibration", ("train", "calibration"), seed=5)
        tried_on = questions(count, "test", ("train", "test"), seed=6)
        agent, learnt = asyncio.run(answers(model, learnt_from))
        card = card_from(agent, learnt, "")
        _, tried = asyncio.run(answers(model, tried_on))
    confidences(card, tried)
    asyncio.run(ablation(card, tried))


def confidences(card: Card, tried: Sequence[Asked]) -> None:
    columns = " | ".join(f"at {least:g}: accepted, right" for least in LEAST)
    print(f"| kind | answers | right | AUROC | expected calibration error | {columns} |")
    print("|---|---|---|---|---|" + "---|" * len(LEAST))
    for name in (*sorted({one.kind.value for one in tried}), "all"):
        rows = [one for one in tried if name in ("all", one.kind.value) and one.completion]
        sure = [
            confidence(card, one.kind, one.completion.stats) or 0.0
            for one in rows
            if one.completion is not None
        ]
        right = [one.right for one in rows]
        area = auroc(sure, right)
        cells = []
        for least in LEAST:
            kept = [ok for ok, score in zip(right, sure, strict=True) if score >= least]
            cells.append(f"{len(kept)}, {sum(kept) / len(kept):.1%}" if kept else "0, -")
        print(
            f"| {name} | {len(rows)} | {sum(right)} | "
            f"{'-' if area is None else f'{area:.3f}'} | {calibration_error(sure, right):.3f} | "
            + " | ".join(cells)
            + " |"
        )


async def ablation(card: Card, tried: Sequence[Asked]) -> None:
    sureness = Sureness(0.5, min_confidence=0.8)
    failed: list[tuple[bool, frozenset[str]]] = []
    names: dict[str, None] = {}
    for one in tried:
        if one.completion is None:
            continue
        task, kind = Task(prompt=one.question.prompt), one.kind
        checks = [*general_checks(task, kind, one.completion, sureness, card)]
        checks += await evidence_checks(task, kind, one.completion)
        names |= dict.fromkeys(check.name for check in checks)
        failed.append((one.right, frozenset(check.name for check in checks if not check.passed)))
    wrong = sum(not right for right, _ in failed)
    print("\n| without | accepted | right of them | wrong caught |\n|---|---|---|---|")
    without: list[tuple[str, set[str]]] = [
        ("(nothing)", set()),
        *((name, {name}) for name in names),
    ]
    without += [("all but confidence", set(names) - {"confidence"}), ("any check", set(names))]
    for title, left_out in without:
        taken = [right for right, names_failed in failed if not names_failed - left_out]
        caught = wrong - sum(not right for right in taken)
        share = f"{sum(taken) / len(taken):.1%}" if taken else "-"
        print(f"| {title} | {len(taken)} | {share} | {caught}/{wrong} ({caught / wrong:.1%}) |")


if __name__ == "__main__":
    main()
