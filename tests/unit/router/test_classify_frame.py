"""Greetings, labels, thanks and an empty "Answer:" change nothing of what a request is."""

from __future__ import annotations

import random

import pytest

from router.classify import signals
from router.classify.frame import core
from router.classify.kinds import NgramClassifier
from router.classify.phrasings import framed
from router.types.decision import Kind

PAGE = "The ferry leaves at nine and returns at five. Tickets cost twelve euros. " * 6


@pytest.fixture(scope="module")
def classifier() -> NgramClassifier:
    return NgramClassifier.load()


@pytest.mark.parametrize(
    ("prompt", "left"),
    [
        ("Question: Who built the Colosseum?\nAnswer:", "Who built the Colosseum?"),
        ("Who built the Colosseum? Answer:", "Who built the Colosseum?"),
        ("Who built it?\n\n**Answer:**", "Who built it?"),
        ("Who built it?\nAnswer (one word):", "Who built it?"),
        ("Q: Who built it?\nA:", "Who built it?"),
        ("Pergunta 3: quem fez isto?\nR:", "quem fez isto?"),
        ("Solve x + 1 = 2.\n\nSolução:", "Solve x + 1 = 2."),
        ("Qual rio é esse?\nA resposta é", "Qual rio é esse?"),
        ("Hello! Please answer the following question: why is it so? Thanks!", "why is it so?"),
        ("Bom dia, que rio é esse? Desde já agradeço.", "que rio é esse?"),
        ("How far is it? Let's think step by step.", "How far is it?"),
    ],
)
def test_what_asks_for_nothing_is_taken_away(prompt: str, left: str) -> None:
    assert core(prompt) == left


@pytest.mark.parametrize(
    "prompt",
    [
        "Hello!",
        "obrigado",
        "Thank you",
        "Answer:",
        "find the answer",
        "What is the solution?",
        "the letter A:",
        "Translate: hello, thanks",
        "Traduza para o inglês: bom dia, obrigado",
        "What comes after\na",
        "",
        " \n ",
    ],
)
def test_a_text_that_is_all_there_is_stays(prompt: str) -> None:
    assert core(prompt) == prompt


@pytest.mark.parametrize("label", ["Context", "Passage", "Texto", "Trecho", "Tweet"])
@pytest.mark.parametrize("cue", ["Answer:", "Resposta:", "Label:"])
def test_after_pasted_material_a_cue_is_left_and_is_an_order(label: str, cue: str) -> None:
    prompt = f"{label}: {PAGE}\n{cue}"
    assert core(prompt) == prompt
    if cue != "Label:":
        assert signals.read(prompt).instructions == 1
    assert signals.read("Who left first, and when did it happen?\nAnswer:").instructions == 0


ASKED = [
    ("Which gas do plants take in at night?", Kind.KNOWLEDGE),
    ("Que metal é líquido à temperatura ambiente?", Kind.KNOWLEDGE),
    ("A kettle holds 1.5 litres and a cup 0.25. How many cups does it fill?", Kind.MATH),
    ("Um saco tem 48 balas para 6 crianças. Quantas balas recebe cada uma?", Kind.MATH),
    ("Write a Python function that counts the vowels of a string.", Kind.CODE),
    ("Escreva uma função em Java que ordene uma lista de nomes.", Kind.CODE),
    ("Set a timer for twelve minutes.", Kind.TOOL),
    ("Desliga a luz da sala.", Kind.TOOL),
    ("Write a short poem about an old lighthouse.", Kind.WRITING),
    ("Escreva um convite para o aniversário da Rita.", Kind.WRITING),
    ("Translate to German: the bakery opens at six.", Kind.TRANSLATION),
    ("Traduza para o inglês: o trem chega às oito.", Kind.TRANSLATION),
    ("Rewrite this more politely: send me the file now.", Kind.REWRITING),
    ("Corrija os erros: nós foi ao mercado ontem.", Kind.REWRITING),
    (f"Summarize the text below.\n\n{PAGE}", Kind.SUMMARISATION),
    (f"Resuma o texto abaixo.\n\n{PAGE}", Kind.SUMMARISATION),
    (f"Extract all prices from this text.\n\n{PAGE}", Kind.EXTRACTION),
    (f"Extraia os horários do texto.\n\n{PAGE}", Kind.EXTRACTION),
]


@pytest.mark.parametrize(("prompt", "kind"), ASKED)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "\nAnswer:"),
        ("", "\n\nResposta:"),
        ("", "\nSolution:"),
        ("", "\nA:"),
        ("Question: ", "\nAnswer:"),
        ("Olá! ", " Obrigado!"),
        ("Hi,\n", "\nThanks in advance."),
        ("Tarefa: ", ""),
    ],
)
def test_every_kind_stays_what_it_is_in_a_frame(
    classifier: NgramClassifier, before: str, after: str, prompt: str, kind: Kind
) -> None:
    assert classifier.classify(f"{before}{prompt}{after}").kind is kind


def test_frames_that_no_list_holds_cost_next_to_nothing(classifier: NgramClassifier) -> None:
    chance = random.Random(5)
    wrong = [
        shown
        for prompt, kind in ASKED
        for language in ("en", "pt")
        for _ in range(10)
        if classifier.classify(shown := framed(prompt, chance, language, held_out=True)).kind
        is not kind
    ]
    assert len(wrong) <= 0.05 * len(ASKED) * 20, wrong
