"""Recognises an answer that goes on with turns that nobody took, or with a template's own marks."""

from __future__ import annotations

import re

from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

_MARK = re.compile(
    r"<\|(?:im_(?:start|end)|eot_id|eom_id|(?:start|end)_header_id|begin_of_text|end_?of_?text|end"
    r"|user|assistant|system)\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</s>\s*(?:<s>|\Z)"
    r"|^#{2,3} ?(?:Instruction|Response|Input|User|Assistant|Human|Instru[çc][ãa]o|Resposta) ?:",
    re.MULTILINE,
)
_ASKS = r"(?:User|Human|Question|Utilizador|Usu[áa]rio|Pergunta|Q)"
_ANSWERS = r"(?:Assistant|AI|Answer|Assistente|Resposta|IA|A)"
_TURN = re.compile(
    rf"^\W{{0,3}}{_ASKS}\W{{0,3}}:.*\n[\s\S]*?^\W{{0,3}}{_ANSWERS}\W{{0,3}}:", re.MULTILINE
)
_WANTS_TURNS = re.compile(
    r"dialog|di[áa]log|conversation|conversa|chat|interview|entrevista|script|FAQ|Q ?& ?A|questions"
    r"|perguntas|flash ?cards?|quiz|template|transcri",
    re.IGNORECASE,
)
_ABOUT_TEMPLATES = re.compile(
    r"template|fine-?tun|prompt|alpaca|chatml|tokens?\b|markdown|modelo de conversa", re.IGNORECASE
)
_CHARS = 20_000


def one_turn(task: Task, _kind: Kind, completion: Completion) -> CheckResult:
    """It ends where its turn ends: no marks of a chat template, and no further question of a user.

    What stands in the request, or is a conversation by its wish, may stand in the answer.
    """
    text = completion.text[:_CHARS]
    found = _MARK.search(text)
    if found and found[0] not in task.prompt and not _ABOUT_TEMPLATES.search(task.prompt):
        shown = " ".join(found[0].split())
        finding = f"it holds {shown!r}, a mark of a chat template"
        return CheckResult.found("one turn", finding, EscalationReason.LOOP)
    wished = _WANTS_TURNS.search(task.prompt) or _TURN.search(f"{task.prompt}\nAnswer:")
    if not wished and _TURN.search(text):
        finding = "it goes on with a question that nobody asked"
        return CheckResult.found("one turn", finding, EscalationReason.LOOP)
    return CheckResult.found("one turn", "it ends where its turn ends")
