"""The classifier on prompts written by hand: kinds, languages, complexity, and odd input."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from router.classify import complexity, rules, signals
from router.classify.generator import generate
from router.classify.kinds import NgramClassifier
from router.classify.lexicon import beginnings, folded
from router.types.decision import Kind

ARTICLE = (
    "The city council voted on Tuesday to convert the abandoned railway line into a public park. "
    "Construction is expected to take eighteen months and to cost 4.2 million euros, a third of "
    "which comes from a regional fund. Residents of the northern district had asked for the park "
    "since 2011, when the last freight train ran. Mayor Helen Ortiz called the vote a turning "
    "point. Opponents argue that the money should go to the hospital, whose roof has leaked for "
    "years. The opposition has announced a request for a referendum. How did it come to this? "
) * 6
ARTIGO = (
    "A câmara municipal aprovou na terça-feira a transformação da antiga linha férrea em parque. "
    "As obras devem durar dezoito meses e custar 4,2 milhões de euros, um terço vindo de um fundo "
    "regional. Moradores da zona norte pediam o parque desde 2011, quando passou o último trem de "
    "carga. A prefeita Helena Ortiz chamou a votação de virada. A oposição diz que o dinheiro "
    "devia ir para o hospital, cujo telhado tem goteiras há anos. Como se chegou a isto? "
) * 6

UNMISTAKABLE = [
    ("Write a Python function that returns the n-th Fibonacci number.", Kind.CODE, "en"),
    ("Escreva uma função em JavaScript que valide um CNPJ.", Kind.CODE, "pt"),
    ("write a sql query to get the ten most recent orders of each customer", Kind.CODE, "en"),
    ("me faz uma query sql que conta os clientes por estado", Kind.CODE, "pt"),
    ("Fix this code:\n```python\nfor i in range(3)\n    print(i)\n```", Kind.CODE, "en"),
    ("What is 17 * 23?", Kind.MATH, "en"),
    ("quanto é 15% de 240?", Kind.MATH, "pt"),
    ("Solve the equation 3x + 7 = 22", Kind.MATH, "en"),
    ("Resolva a equação x^2 - 5x + 6 = 0", Kind.MATH, "pt"),
    (
        "A baker makes 24 loaves and sells 17 at $3 each. The rest are sold at half price. "
        "How much money does the baker make?",
        Kind.MATH,
        "en",
    ),
    (f"Extract all dates and amounts from the text below.\n\n{ARTICLE}", Kind.EXTRACTION, "en"),
    (f"Extraia os nomes das pessoas citadas no texto:\n\n{ARTIGO}", Kind.EXTRACTION, "pt"),
    ("Classify this ticket by priority: the app crashes when I pay", Kind.EXTRACTION, "en"),
    (f"Summarize the following article in two sentences.\n\n{ARTICLE}", Kind.SUMMARISATION, "en"),
    (f"Resuma o texto abaixo em três tópicos:\n\n{ARTIGO}", Kind.SUMMARISATION, "pt"),
    (f"{ARTICLE}\n\ntl;dr", Kind.SUMMARISATION, "en"),
    ("What is the capital of Australia?", Kind.KNOWLEDGE, "en"),
    ("Quem escreveu Memórias Póstumas de Brás Cubas?", Kind.KNOWLEDGE, "pt"),
    ("por que o mar é salgado", Kind.KNOWLEDGE, "pt"),
    ("Set an alarm for 6:45 tomorrow", Kind.TOOL, "en"),
    ("me lembra de tomar o remédio às 22h", Kind.TOOL, "pt"),
    ("what's my account balance", Kind.TOOL, "en"),
    ("desliga a luz da cozinha", Kind.TOOL, "pt"),
    ("Write a short poem about the first snow.", Kind.WRITING, "en"),
    ("Escreva um email para meu chefe pedindo folga na sexta.", Kind.WRITING, "pt"),
    ("Translate to French: the shop closes at nine.", Kind.TRANSLATION, "en"),
    ("Traduza para o inglês: onde fica a farmácia mais próxima?", Kind.TRANSLATION, "pt"),
    ("How do you say 'see you soon' in Japanese?", Kind.TRANSLATION, "en"),
    ("Rewrite this sentence in a more formal tone: gonna be late, sorry", Kind.REWRITING, "en"),
    ("Corrija a gramática: nós vai na praia amanhã", Kind.REWRITING, "pt"),
]

ORDINARY = [
    ("how do I center a div vertically", Kind.CODE, "en"),
    ("bash one-liner to delete all empty folders", Kind.CODE, "en"),
    ("regex pra pegar tudo entre aspas", Kind.CODE, "pt"),
    ("Why does this throw a NullPointerException?\n\nString s = null;\ns.trim();", Kind.CODE, "en"),
    ("Refatore este método para não repetir código:\n\ndef f(x):\n    return x", Kind.CODE, "pt"),
    ("add docstrings to this class\n\nclass A:\n    def b(self): ...", Kind.CODE, "en"),
    ("como eu desfaço um commit que já foi pro remoto no git", Kind.CODE, "pt"),
    ("If 5 machines make 5 widgets in 5 minutes, how long do 100 machines need for 100 widgets?",
     Kind.MATH, "en"),
    ("Find the derivative of x^3 sin(x).", Kind.MATH, "en"),
    ("Joana tem 48 figurinhas e deu um quarto ao irmão. Com quantas ficou?", Kind.MATH, "pt"),
    ("convert 72 fahrenheit to celsius", Kind.MATH, "en"),
    ("Qual a área de um triângulo de base 10 e altura 7?", Kind.MATH, "pt"),
    ("what's a 18% tip on $64.50", Kind.MATH, "en"),
    ("Return a JSON object with keys name, company and phone from this signature:\nBest, Ana Dias, "
     "Acme Ltd, +1 415 555 0100", Kind.EXTRACTION, "en"),
    ("Is this review positive or negative? 'The soup was cold and the waiter rude.'",
     Kind.EXTRACTION, "en"),
    ("Qual é o valor total desta nota? Serviço: 300,00. Imposto: 45,00. Total: 345,00",
     Kind.EXTRACTION, "pt"),
    (f"According to the text, who called the vote a turning point?\n\n{ARTICLE}",
     Kind.EXTRACTION, "en"),
    ("Liste os emails que aparecem aqui: fale com ana@ex.com ou com o rui (rui@ex.com)",
     Kind.EXTRACTION, "pt"),
    (f"What are the key takeaways from this article?\n\n{ARTICLE}", Kind.SUMMARISATION, "en"),
    (f"Quais são os pontos principais?\n\n{ARTIGO}", Kind.SUMMARISATION, "pt"),
    (f"{ARTIGO}\n\nFaça um resumo curto disso.", Kind.SUMMARISATION, "pt"),
    ("Give me a one-paragraph summary of this thread:\nAna: can we ship?\nBo: tests are red\n"
     "Ana: then Monday", Kind.SUMMARISATION, "en"),
    ("who painted the ceiling of the sistine chapel", Kind.KNOWLEDGE, "en"),
    ("Explain how a refrigerator works.", Kind.KNOWLEDGE, "en"),
    ("qual a diferença entre clima e tempo", Kind.KNOWLEDGE, "pt"),
    ("When did the Berlin wall fall?", Kind.KNOWLEDGE, "en"),
    ("O que é um quilombo?", Kind.KNOWLEDGE, "pt"),
    ("Which gas do plants absorb?\nA) oxygen\nB) carbon dioxide\nC) helium\nD) neon",
     Kind.KNOWLEDGE, "en"),
    ("play something relaxing", Kind.TOOL, "en"),
    ("i want to report a stolen card", Kind.TOOL, "en"),
    ("qual a previsão do tempo pra amanhã em Recife", Kind.TOOL, "pt"),
    ("reserva uma mesa pra dois amanhã às 20h", Kind.TOOL, "pt"),
    ("where is my package", Kind.TOOL, "en"),
    ("quero cancelar minha assinatura", Kind.TOOL, "pt"),
    ("Reply to this customer and offer a refund: my blender arrived broken.", Kind.WRITING, "en"),
    ("Responda a este cliente com educação: o produto veio errado e quero meu dinheiro de volta",
     Kind.WRITING, "pt"),
    ("hello, how are you?", Kind.WRITING, "en"),
    ("oi, tudo bem?", Kind.WRITING, "pt"),
    ("Give me five names for a vegan bakery", Kind.WRITING, "en"),
    ("crie uma legenda para uma foto na praia", Kind.WRITING, "pt"),
    ("Draft a LinkedIn post announcing our new office", Kind.WRITING, "en"),
    ("como se fala 'parafuso' em inglês", Kind.TRANSLATION, "pt"),
    ("traduz isso pra espanhol: a loja abre às dez", Kind.TRANSLATION, "pt"),
    ("what's the German word for squirrel", Kind.TRANSLATION, "en"),
    ("Please put this email into Portuguese:\n\nDear Sir, the goods were shipped on Monday.",
     Kind.TRANSLATION, "en"),
    ("make this shorter: We would like to take this opportunity to thank you for your patience.",
     Kind.REWRITING, "en"),
    ("Deixe este texto mais formal: e aí, bora fechar o contrato?", Kind.REWRITING, "pt"),
    ("Proofread my paragraph.\n\nTheir going to the the store yesterday.", Kind.REWRITING, "en"),
    ("reescreva na voz passiva: o gato comeu o peixe", Kind.REWRITING, "pt"),
    ("turn this into bullet points: we need milk, also bread, and do not forget the eggs",
     Kind.REWRITING, "en"),
]  # fmt: skip

ROUTINE = [
    "Extract the invoice number from this email: invoice 4411 is due on Friday.",
    "Extraia o nome e o telefone: falar com a Bia, 11 98888-7777.",
    "Convert 3 March 2024 to ISO format.",
    "Converta a data 12/05/2023 para o formato ISO.",
    "Classify this ticket by intent and priority: I cannot log in.",
    "Classifique este chamado por prioridade: a impressora parou.",
    "Write a Python function that reverses a string.",
    "Escreva uma função em Python que some uma lista.",
    "SQL query to count orders per customer.",
    "consulta sql com os clientes de Curitiba",
    "bash command to list files by size",
    "comando para apagar os arquivos .tmp",
    "Reply to the customer that the parcel ships tomorrow.",
    "Responda ao cliente que o pedido chega amanhã.",
    "Translate to Spanish: good morning.",
    "Traduza para o inglês: bom dia.",
    "Summarise this research report on distributed systems in three bullets: it is long.",
    "Resuma este artigo de pesquisa em uma frase: o estudo é novo.",
    "What is 12 * 9?",
    "Set a timer for ten minutes.",
    "me lembra de pagar o aluguel amanhã",
    "What is the capital of Peru?",
    "Quem descobriu o Brasil?",
    "Fix the spelling: I recieved teh letter.",
    "Write a thank you note to my neighbour.",
    "Escreva uma mensagem de aniversário para a Ana.",
    f"Summarize this.\n\n{ARTICLE}",
]

COMPLEX = [
    "Prove that there are infinitely many primes of the form 4k + 3.",
    "Demonstre que a raiz quadrada de 2 é irracional e explique cada passo.",
    "Design the architecture of a multi-tenant billing system with high availability.",
    "Projete a arquitetura de um sistema de pagamentos escalável, com tolerância a falhas.",
    "Write a 1500-word essay on the causes of the French Revolution.",
    "Escreva uma redação dissertativa de 800 palavras sobre o trabalho remoto.",
    "Compare microservices and monoliths, discuss the trade-offs and recommend one for a bank.",
    "Compare Kafka e RabbitMQ, com vantagens e desvantagens, e justifique a escolha para um banco.",
    "Research the state of the art in battery recycling and write a detailed report with sources.",
    "Faça uma revisão bibliográfica aprofundada sobre vacinas de RNA.",
    "Implement a thread-safe LRU cache in C++ with O(1) operations and unit tests.",
    "Implemente um parser de expressões com precedência de operadores, do zero, em Rust.",
    "Write a distributed rate limiter on top of Redis and explain how it behaves under partitions.",
    "Find the race condition in this code and explain step by step how to fix it without locks.",
    "Optimize this algorithm from O(n^2) to O(n log n) and prove that it is correct.",
    "Otimize este algoritmo e analise a complexidade passo a passo.",
    "Analyze the geopolitical implications of rising sea levels for three countries, in depth.",
    "Analise as consequências econômicas da crise de 1929 e compare com a de 2008.",
    "Create a comprehensive go-to-market strategy for a fintech startup entering Brazil.",
    "Elabore um plano de negócios detalhado para uma fábrica de painéis solares.",
    "Write a compiler for a small language: it must have closures, must report errors with line "
    "numbers, and should optimise constant expressions.",
    "Evaluate the integral of e^(-x^2) over the real line, showing all your work step by step.",
    "Write a short story with two timelines that converge in the last chapter, about 900 words.",
    "Refactor this legacy monolith into services and write a migration plan with rollback steps.",
    "Discuss the ethical implications of facial recognition and argue for a position.",
    "Crie um sistema completo de reservas, com concorrência, testes e plano de implantação.",
    "Alice, Bob and Carol have 3, 5 and 8 coins. Each day the richest gives 1 coin to each of the "
    "others. After 7 days, how many coins does Bob have? Think step by step.",
]


@pytest.fixture(scope="module")
def classifier() -> NgramClassifier:
    return NgramClassifier.load()


@pytest.mark.parametrize(("prompt", "kind", "language"), UNMISTAKABLE)
def test_an_unmistakable_prompt_has_its_kind(
    classifier: NgramClassifier, prompt: str, kind: Kind, language: str
) -> None:
    guess = classifier.classify(prompt)
    assert guess.kind is kind
    assert guess.language == language


def test_nine_in_ten_realistic_prompts_have_their_kind(classifier: NgramClassifier) -> None:
    cases = UNMISTAKABLE + ORDINARY
    wrong = [
        (prompt[:80], guess.kind.value, guess.confidence)
        for prompt, kind, _ in cases
        if (guess := classifier.classify(prompt)).kind is not kind
    ]
    assert len(wrong) <= len(cases) // 10, wrong


def test_nearly_all_realistic_prompts_have_their_language() -> None:
    cases = UNMISTAKABLE + ORDINARY
    wrong = [prompt[:80] for prompt, _, language in cases if language != _language(prompt)]
    assert len(wrong) <= 2, wrong


@pytest.mark.parametrize(
    "prompt",
    [
        "Escribe una carta para mi jefe sobre las vacaciones.",
        "¿Cuál es la capital de Perú?",
        "Résumez le texte suivant en trois phrases.",
        "Schreibe bitte eine E-Mail an den Kunden.",
        "この文章を要約してください。",
        "Напиши письмо начальнику.",
    ],
)
def test_other_languages_do_not_pass_for_english_or_portuguese(prompt: str) -> None:
    assert _language(prompt) == "other"


def test_a_document_in_another_language_does_not_change_the_language() -> None:
    assert _language(f"Resuma este texto em português:\n\n{ARTICLE}") == "pt"
    assert _language(f"Summarize this text in English:\n\n{ARTIGO}") == "en"
    assert _language(f"{ARTICLE}\n\nTraduza para o português.") == "pt"
    assert _language(f"{ARTIGO}\n\nTranslate this into English.") == "en"


def test_portuguese_without_accents_is_portuguese(classifier: NgramClassifier) -> None:
    guess = classifier.classify(
        "voce pode traduzir essa frase pra ingles: nao sei onde esta o meu carro"
    )
    assert guess.kind is Kind.TRANSLATION
    assert guess.language == "pt"


@pytest.mark.parametrize("document", [ARTICLE, ARTIGO])
@pytest.mark.parametrize(
    ("order", "kind"),
    [
        ("Summarize this.", Kind.SUMMARISATION),
        ("Translate this text to German.", Kind.TRANSLATION),
        ("Extract every person and date as JSON.", Kind.EXTRACTION),
        ("Proofread the text below.", Kind.REWRITING),
        ("Resuma o texto.", Kind.SUMMARISATION),
        ("Traduza o texto para o espanhol.", Kind.TRANSLATION),
        ("Extraia os nomes e as datas em JSON.", Kind.EXTRACTION),
    ],
)
def test_one_sentence_decides_over_a_long_document_at_either_end(
    classifier: NgramClassifier, document: str, order: str, kind: Kind
) -> None:
    assert classifier.classify(f"{order}\n\n{document}").kind is kind
    assert classifier.classify(f"{document}\n\n{order}").kind is kind


def test_code_in_a_document_does_not_make_a_summary_a_code_task(
    classifier: NgramClassifier,
) -> None:
    log = "Traceback (most recent call last):\n  File 'a.py', line 3\nKeyError: 'x'\n" * 20
    assert classifier.classify(f"Summarize what happened in this log:\n{log}").kind is (
        Kind.SUMMARISATION
    )


def test_a_list_of_choices_in_a_document_does_not_hide_the_order(
    classifier: NgramClassifier,
) -> None:
    quiz = f"{ARTICLE}\nWhich park is meant?\nA) the north one\nB) the railway\nC) neither\n"
    assert classifier.classify(f"Translate this quiz into French:\n\n{quiz}").kind is (
        Kind.TRANSLATION
    )
    assert classifier.classify(f"Make this text sound friendlier:\n\n{quiz}").kind is (
        Kind.REWRITING
    )


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("Extract the tracking code and city from: BR12PT left Coimbra", Kind.EXTRACTION),
        ("Extraia o código de rastreio: BR12PT saiu de Coimbra", Kind.EXTRACTION),
        ("Design the architecture of a booking platform: services, data, failure", Kind.CODE),
        ("Projete a arquitetura de um sistema de reservas", Kind.CODE),
    ],
)
def test_a_code_in_a_parcel_and_the_plan_of_a_system_are_told_by_their_wording(
    classifier: NgramClassifier, prompt: str, kind: Kind
) -> None:
    assert classifier.classify(prompt).kind is kind


TOOLS = (
    '[{"name": "weather.forecast", "description": "Forecast for a city", "params": ["city"]}, '
    '{"name": "area", "description": "Area of a triangle", "params": ["base", "height"]}]'
)


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ("Calculate the area of a triangle with base 4 and height 3.", Kind.TOOL),
        ("Como vai estar o tempo em Recife amanhã?", Kind.TOOL),
        ("Summarize what these functions do.", Kind.SUMMARISATION),
    ],
)
def test_functions_to_call_make_a_tool_call_unless_they_are_the_text(
    classifier: NgramClassifier, request_: str, kind: Kind
) -> None:
    assert classifier.classify(f"Functions available: {TOOLS}\n{request_}").kind is kind


def test_looking_for_words_first_never_hides_a_rule_or_a_marker() -> None:
    prompts = [example.prompt for example in generate(1_500, seed=7)]
    for prompt in [*prompts, *ROUTINE, *COMPLEX, *(case[0] for case in ORDINARY + UNMISTAKABLE)]:
        asked = folded(prompt[:1500])
        present = beginnings(asked)
        for _, marker, needed in complexity._HARD:
            if needed.isdisjoint(present) and marker.search(asked):
                assert "o(" in asked or "op-ed" in asked, (prompt, marker.pattern)
        for kind, wording, needed in rules._UNMISTAKABLE:
            if needed.isdisjoint(present) and wording.search(asked):
                short = len(asked) <= 80
                assert (
                    (kind == "math" and short) or "tl" in asked or "c++" in asked or "c#" in asked
                )


def test_complexity_separates_routine_from_complex_prompts() -> None:
    routine = [signals.read(prompt).complexity for prompt in ROUTINE]
    complex_ = [signals.read(prompt).complexity for prompt in COMPLEX]
    too_high = [ROUTINE[i][:70] for i, value in enumerate(routine) if value >= 0.4]
    too_low = [COMPLEX[i][:70] for i, value in enumerate(complex_) if value < 0.4]
    assert not too_high
    assert len(too_low) <= 2, too_low
    assert sum(complex_) / len(complex_) > sum(routine) / len(routine) + 0.4


def test_a_hard_document_does_not_make_an_easy_order_complex() -> None:
    paper = (
        "We prove that the distributed consensus protocol converges; see the architecture. " * 30
    )
    assert signals.read(f"Extract the author names.\n\n{paper}").complexity < 0.4


def test_below_the_threshold_the_kind_is_unsure_and_the_confidence_stays() -> None:
    prompt = "What is the capital of Australia?"
    best = NgramClassifier.load().classify(prompt)
    strict = NgramClassifier.load(unsure_below=1.01).classify(prompt)
    assert best.kind is Kind.KNOWLEDGE
    assert strict.kind is Kind.UNSURE
    assert strict.confidence == best.confidence


@pytest.mark.parametrize(
    "prompt", ["", " ", "\n\n\n", "?", "a", "\ud800", "\x00\x00", "🙂" * 50, "```"]
)
def test_the_emptiest_prompt_gets_a_guess(classifier: NgramClassifier, prompt: str) -> None:
    assert 0 <= classifier.classify(prompt).confidence <= 1


@pytest.mark.parametrize(
    "unit", ["a", " ", "\n", "word ", "'", '"', "|", "{", "1,", "a,", "```", "ção "]
)
def test_a_megabyte_of_anything_is_classified_at_once(
    classifier: NgramClassifier, unit: str
) -> None:
    prompt = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    started = time.perf_counter()
    classifier.classify(prompt)
    assert time.perf_counter() - started < 2.0


def test_the_same_prompt_gives_the_same_guess(classifier: NgramClassifier) -> None:
    again = NgramClassifier.load()
    for prompt, _, _ in UNMISTAKABLE:
        assert classifier.classify(prompt) == again.classify(prompt)


def test_importing_the_package_does_not_import_numpy() -> None:
    check = "import sys, router.classify.kinds; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_signals_count_what_is_there() -> None:
    facts = signals.read("Fix this:\n\n```\nx = 1\n```\n\nWhy does it fail?")
    assert facts.has_code
    assert (facts.questions, facts.instructions) == (1, 1)
    assert facts.lines == 7
    assert facts.tokens == -(-facts.chars // 4)
    assert signals.read('Parse {"a": 1, "b": [2]}').has_json
    assert signals.read("name,age,city\nann,3,rome\n").has_table
    assert not signals.read("One, two, and three.").has_table
    assert signals.read("Which?\nA) one\nB) two\nC) three").has_choices


def _language(prompt: str) -> str:
    return signals.read(prompt).language
