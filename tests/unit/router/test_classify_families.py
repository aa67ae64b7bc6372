"""Families of requests that were misread: by hand, in words that no phrasing has."""

from __future__ import annotations

import pytest

from router.classify.kinds import NgramClassifier
from router.types.decision import Kind

FAMILIES: dict[str, tuple[Kind, tuple[str, ...]]] = {
    "role-play": (
        Kind.WRITING,
        (
            "You're a sleepy night porter at a grand hotel. A guest lost her key at 3 am. Go.",
            "Speak to me like a submarine captain who has just lost radio contact.",
            "I'll be the judge and you'll be the burglar pleading his case. Your turn first.",
            "Assume the persona of a Victorian ghost hunter and size up my flat.",
            "Você é um pescador velho de Nazaré. Me conte da maior onda que já viu.",
            "Fala comigo como se fosses a minha consciência às duas da manhã.",
            "Faça o papel de uma professora de piano muito exigente e comente meu ensaio de ontem.",
        ),
    ),
    "what-if": (
        Kind.WRITING,
        (
            "What if bees had been domesticated before dogs?",
            "Suppose paper had never reached Europe. How might the Renaissance have gone?",
            "How different would our cities be if elevators had never been invented?",
            "Imagine that nobody could lie any more. What becomes of politics?",
            "E se a capital do Brasil nunca tivesse saído de Salvador?",
            "Como seria a vida se a noite durasse três dias?",
            "Imagine que os portugueses tivessem colonizado a Austrália. O que mudaria?",
        ),
    ),
    "estimates": (
        Kind.MATH,
        (
            "About how many umbrellas get lost in London each year? Explain your steps.",
            "Estimate the number of eggs eaten for breakfast in France on a Sunday, step by step.",
            "How many trees would it take to print every newspaper in Italy for a day? Show your "
            "assumptions.",
            "How many times does a postman climb stairs in his career? Walk through the reasoning.",
            "Quantas gravatas existem em Brasília? Explique o raciocínio passo a passo.",
            "Estime quantos litros de gasolina os táxis de Lisboa gastam por mês, passo a passo.",
            "Quantos passos um carteiro dá durante a carreira? Mostre as suposições.",
        ),
    ),
    "advice": (
        Kind.WRITING,
        (
            "How can I stop comparing myself to my cousins?",
            "What's a sensible way to bring up money with my girlfriend?",
            "My roommate eats my food and denies it. What would you do?",
            "Any tips for someone moving in with their in-laws?",
            "Como posso ser menos tímido nas reuniões?",
            "Meu vizinho estaciona na minha vaga todo dia. O que eu faço?",
            "Dá-me dicas para aguentar um colega que fala sem parar.",
        ),
    ),
    "recommendations": (
        Kind.WRITING,
        (
            "Recommend a few slow, gentle films for a Sunday with my grandmother.",
            "What should I read after finishing One Hundred Years of Solitude?",
            "Suggest a gift for a colleague who collects maps.",
            "Which board games work well with only two people?",
            "Me indica uns livros curtos para ler na praia?",
            "Que séries você recomenda para quem gosta de mistério?",
            "Sugere um vinho para acompanhar bacalhau.",
        ),
    ),
    "ideas of programming": (
        Kind.CODE,
        (
            "What is the difference between a mutex and a semaphore?",
            "Why are global variables considered a bad habit?",
            "When is it better to use composition rather than inheritance?",
            "How does garbage collection know what to free?",
            "Qual a diferença entre uma lista ligada e um vetor?",
            "Para que serve injeção de dependência?",
            "Quando faz sentido usar uma fila de mensagens?",
        ),
    ),
    "jobs for code": (
        Kind.CODE,
        (
            "Make the sidebar collapse when the window gets narrow.",
            "Take a list of temperatures and give back the longest run above average.",
            "I need something that checks my disk every hour and warns me when it is nearly full.",
            "Given two sorted lists of integers, merge them without sorting again.",
            "Faça o menu sumir quando a tela for pequena.",
            "Dado um vetor de inteiros, devolva os três maiores.",
            "Quero juntar todas as planilhas de uma pasta automaticamente.",
        ),
    ),
    "calls": (
        Kind.TOOL,
        (
            "Get the closing price of Siemens for the last five trading days.",
            "Find me three-star hotels near Gare du Nord for 12 May, two guests.",
            "Cancel order 5512 and refund the customer.",
            "Fetch the open support tickets of customer 88 sorted by date.",
            "Busque a cotação do dólar de ontem.",
            "Reserve um carro em Faro de 3 a 9 de agosto em nome de Nuno.",
            "Mostre os pedidos do cliente 410 que ainda não foram entregues.",
        ),
    ),
    "unfinished sentences": (
        Kind.KNOWLEDGE,
        (
            "The layer of the atmosphere in which most weather occurs is called",
            "When a gas is compressed at constant temperature, its pressure",
            "A court order that forbids a person to do something is known as",
            "The main reason that sailors once suffered from scurvy was",
            "O órgão que filtra o sangue é conhecido como",
            "Quando a demanda sobe e a oferta fica igual, o preço",
        ),
    ),
    "another text in the order": (
        Kind.WRITING,
        (
            "Write an email to the board that includes a short summary of the audit.",
            "Write a story about a translator who loses her dictionary.",
            "Draft a blog post explaining how to proofread your own novel.",
            "Escreva um conto sobre um revisor que apaga a palavra errada.",
            "Escreva um email que inclua o resumo da reunião e peça as traduções.",
        ),
    ),
    "Portuguese chat": (
        Kind.TOOL,
        ("sim", "não", "tchau", "até logo", "kkkk", "ajuda", "cancelar", "quem é você?",
         "que chato", "conta uma piada", "gostei", "você é um robô?"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def classifier() -> NgramClassifier:
    return NgramClassifier.load()


@pytest.mark.parametrize("family", FAMILIES)
def test_four_in_five_of_a_family_have_their_kind(classifier: NgramClassifier, family: str) -> None:
    kind, prompts = FAMILIES[family]
    wrong = [
        (prompt, guess.kind.value, guess.confidence)
        for prompt in prompts
        if (guess := classifier.classify(prompt)).kind is not kind
    ]
    assert len(wrong) <= len(prompts) // 5, wrong


def test_the_confidence_is_no_higher_than_the_share_that_is_right(
    classifier: NgramClassifier,
) -> None:
    guesses = [
        (classifier.classify(prompt), kind)
        for kind, prompts in FAMILIES.values()
        for prompt in prompts
    ]
    confidence = sum(guess.confidence for guess, _ in guesses) / len(guesses)
    right = sum(guess.kind is kind for guess, kind in guesses) / len(guesses)
    assert confidence <= right + 0.05
