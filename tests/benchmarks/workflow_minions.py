"""document-questions.yaml on a long real text: what the cloud was sent and charged for, and whether
the fact that was asked for came back.

    python tests/benchmarks/workflow_minions.py

The text is the reference of Python's language as every Python carries it (`pydoc_data.topics`).
Both models are servers on loopback that find passages by the words of the question
(`tests/support/extractive.py`): they know nothing, so an answer has only what they were sent. The
same "cloud" is asked once through the workflow and once with the whole text. Tokens are those of
LiteLLM's tokenizer, dollars those of `configs/prices.yaml`.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import structlog
from extractive import answers, counter, passages, reads
from provider_server import ProviderServer

from graphs.app import Router
from graphs.run_options import RunOptions
from graphs.workflow.api import Workflow
from router.settings.settings import Settings
from router.settings.shipped import config_path
from router.types.task import Task

CLOUD = "gpt-5.4-mini"
MARK = "HERON-INTERNAL"
WHOLE = "Question: {question}\n\nDocument:\n\n{document}\n\nAnswer from the document alone."

QUESTIONS = (
    ("In which version of Python was the matrix multiplication operator @ introduced?", r"3\.5"),
    (
        "From which files in the home and current directory does the debugger pdb read its "
        "commands at the start?",
        r"\.pdbrc",
    ),
    ("To what does casefold convert the German lowercase letter ß?", r"\bss\b"),
    ("Which method is called to implement evaluation of self[key]?", r"__getitem__"),
    ("Since which version is the insertion order of dictionaries guaranteed?", r"3\.7"),
    (
        "Which exception is raised when a local variable is used before it has been bound to a "
        "value?",
        r"UnboundLocalError",
    ),
    ("What does the id of an object stand for in CPython?", r"address"),
    ("In which version were formatted string literals added?", r"3\.6"),
    ("Which operator has the lowest precedence, the least binding, in an expression?", r":="),
    (
        "Which method is called by the repr() built-in to compute the official string "
        "representation of an object?",
        r"__repr__",
    ),
    ("What must __hash__ return for objects that compare equal?", r"same hash value"),
    (
        "Which built-in constant should a binary special method return when the operation is not "
        "implemented for the operands?",
        r"NotImplemented",
    ),
    ("In which order does popitem return key and value pairs?", r"LIFO"),
    ("What is raised by an integer division by zero?", r"ZeroDivisionError"),
    ("What does the presentation type 'x' output for an integer?", r"[Hh]ex|base 16"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: what went to the cloud for it, and whether the answer has the fact."""

    tokens: int
    cost_usd: float
    right: bool
    calls: int = 1
    passages: int = 0


async def by_workflow(
    router: Router, cloud: ProviderServer, document: str, question: str, fact: str
) -> tuple[Asked, str]:
    """And what left, in one text."""
    workflow = Workflow.load(config_path("workflows") / "document-questions.yaml")
    before = len(cloud.requests)
    result = await workflow.run({"document": document, "question": question}, router=router)
    assert result.outputs is not None, result.error
    sent = cloud.requests[before:]
    left = "\n".join(str(message["content"]) for one in sent for message in one.body["messages"])
    flat = " ".join(left.split())
    asked = Asked(
        tokens=sum(one.cloud_tokens for one in result.steps.values()),
        cost_usd=result.cost_usd or 0.0,
        right=bool(re.search(fact, str(result.outputs["answer"]))),
        calls=len(sent),
        passages=sum(one in flat for one in passages(document) if len(one) > 40),
    )
    return asked, left


async def in_whole(router: Router, document: str, question: str, fact: str) -> Asked:
    task = Task(prompt=WHOLE.format(question=question, document=document), timeout_s=300)
    result = await router.run(task, options=RunOptions(place="cloud"))
    assert (result.status, result.route) == ("done", "cloud"), result.reason
    usage = [one.usage for one in result.attempts]
    return Asked(
        tokens=sum(one.prompt_tokens + one.completion_tokens for one in usage),
        cost_usd=result.cost_usd or 0.0,
        right=bool(re.search(fact, result.text)),
    )


async def measure(document: str) -> None:
    # The local server counts words: nobody is charged for those.
    async with (
        ProviderServer(brain=reads, models=("reader",)) as local,
        ProviderServer(brain=answers, models=(CLOUD,), count=counter(CLOUD)) as cloud,
    ):
        model = {"url": local.openai_url, "model": "reader", "api_key": local.key}
        settings = {
            "models": {"general": model, "coder": model, "specialist": None, "exact": False},
            "cloud": {"model": f"openai/{CLOUD}", "url": cloud.openai_url, "api_key": cloud.key},
            "memory": {"cache": False},
            "privacy": {"patterns": {"heron": MARK}},
            "log_level": "error",
        }
        with tempfile.TemporaryDirectory(prefix="edgeward-", dir="/tmp") as home:
            loaded = Settings.model_validate({**settings, "store": {"home": home}})
            async with Router.open(loaded, env={}) as router:
                public, whole, private = [], [], []
                for question, fact in QUESTIONS:
                    asked, _ = await by_workflow(router, cloud, document, question, fact)
                    public.append(asked)
                    whole.append(await in_whole(router, document, question, fact))
                marked = f"{MARK}\n\n{document}"
                for question, fact in QUESTIONS:
                    asked, left = await by_workflow(router, cloud, marked, question, fact)
                    assert not left
                    private.append(asked)
    known = [one for one in passages(document) if len(one) > 40]
    print(f"{len(document):,} characters, {len(known):,} passages of more than 40 characters.\n")
    print(
        "| question | tokens, by the workflow | tokens, the whole text | share | dollars "
        "| dollars, whole | right | right, whole | right, `local_only` text |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for (question, _), one, other, kept in zip(QUESTIONS, public, whole, private, strict=True):
        print(
            f"| {question} | {one.tokens:,} | {other.tokens:,} | {one.tokens / other.tokens:.1%} "
            f"| {one.cost_usd:.4f} | {other.cost_usd:.4f} | {_said(one)} | {_said(other)} "
            f"| {_said(kept)} |"
        )
    print(_sums(public, whole, private))
    parts = statistics.median(one.passages for one in public)
    calls = sum(one.calls for one in private)
    print(
        f"\nOf the public document {parts:.0f} of {len(known):,} passages left as they stand "
        f"for a question (median; the most {max(one.passages for one in public)}), none of the "
        f"local_only one: {calls} requests reached the cloud's server in {len(private)} runs."
    )


def _said(asked: Asked) -> str:
    return "yes" if asked.right else "no"


def _sums(public: list[Asked], whole: list[Asked], private: list[Asked]) -> str:
    ours, theirs = sum(one.tokens for one in public), sum(one.tokens for one in whole)
    paid, other = sum(one.cost_usd for one in public), sum(one.cost_usd for one in whole)
    right = (sum(one.right for one in rows) for rows in (public, whole, private))
    told = " | ".join(f"{one} of {len(public)}" for one in right)
    return (
        f"| all | {ours:,} | {theirs:,} | {ours / theirs:.1%} | {paid:.4f} | {other:.4f} | {told} |"
    )


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asyncio.run(measure("\n\n".join(topics.values())))


if __name__ == "__main__":
    main()
