"""Evidence about text answers: right ones pass in every spelling, wrong ones are named."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.checks.arithmetic import arithmetic
from agents.checks.grounded import grounded
from agents.checks.prose_language import in_language
from router.types.completion import Completion
from router.types.decision import EscalationReason, Kind
from router.types.result import CheckResult
from router.types.task import Task

Check = Callable[[Task, Kind, Completion], CheckResult]

ORDER_EN = (
    "Extract the fields as JSON from this email:\n"
    "Hi, this is João Figueiredo (joao.f@lum.com, +55 11 98765-4321). On Friday, March 7, 2026 I "
    "ordered 2 red apples and three pears for $1,234.50, order A-7741, to be delivered at 2:30 pm "
    "to 12 Elm Street, Springfield. The discount was 15% and the depot weighs 1.5 million tons."
)
ORDER_PT = (
    "Extraia os campos em JSON deste texto:\n"
    "Meu nome é MARIA DA CONCEIÇÃO, CPF 123.456.789-09, telefone (11) 98765-4321. Comprei dois "
    "cadernos no dia 7 de março de 2026 por R$ 1.234,50, pedido 4471, entrega às 14h30 na Rua das "
    "Flores, 12, Recife. O contrato vence em 03/04/26."
)


def completion(text: str) -> Completion:
    return Completion(text=text, engine="e", model="m", finish_reason="stop")


def check(
    made: Check,
    prompt: str,
    answer: str,
    *,
    kind: Kind = Kind.EXTRACTION,
    schema: dict[str, Any] | None = None,
    session: str | None = None,
    system: str | None = None,
) -> CheckResult:
    task = Task(prompt=prompt, schema=schema, session=session, system=system)
    return made(task, kind, completion(answer))


@pytest.mark.parametrize(
    "answer",
    [
        '{"name":"João Figueiredo","email":"joao.f@lum.com"}',
        '{"name":"Joao Figueiredo","email":"JOAO.F@LUM.COM"}',
        '{"name":"Figueiredo, João"}',
        '{"first_name":"João","last_name":"Figueiredo"}',
        '{"phone":"+5511987654321"}',
        '{"phone":"5511987654321"}',
        '{"phone":"(11) 98765-4321"}',
        '{"date":"2026-03-07"}',
        '{"date":"07/03/2026"}',
        '{"date":"2026-03-07T14:30:00"}',
        '{"date":"2026-03-07T00:00:00Z"}',
        '{"date":"20260307"}',
        '{"month":"2026-03","year":2026,"day":7}',
        '{"time":"14:30"}',
        '{"time":"2:30 PM"}',
        '{"total":1234.5}',
        '{"total":1234.50,"currency":"USD"}',
        '{"total":"$1,234.50"}',
        '{"total":"1.234,50"}',
        '{"total":"USD 1234.50"}',
        '{"total":"1234.50 USD"}',
        '{"discount":0.15}',
        '{"discount":"15%","percent":15}',
        '{"items":[{"name":"apple","quantity":2},{"name":"pears","quantity":3}]}',
        '{"items":["2 apples","three pears"]}',
        '{"items":"apples, pears"}',
        '{"order":"A7741"}',
        '{"order":"a-7741","address":"12 Elm Street, Springfield"}',
        '{"weight":1500000}',
        '{"weight":"1.5 million tons"}',
        '{"gift":false,"note":null,"coupon":"","agent":"not given","tax":"N/A"}',
        '```json\n{"order":"A-7741"}\n```',
        '{"sentiment":"neutral","number_of_items":2,"reason":"wants a delivery"}',
        "A-7741",
        "$1,234.50",
        "The order number is A-7741.",
        "Order: A-7741\nTotal: $1,234.50\nDate: 2026-03-07",
        "- João Figueiredo\n- joao.f@lum.com",
        "1. apples\n2. pears",
        "The customer João Figueiredo ordered for 1234.50 dollars on 2026-03-07.",
        "null",
        "[]",
    ],
)
def test_values_of_an_english_text_are_found_in_any_spelling(answer: str) -> None:
    found = check(grounded, ORDER_EN, answer)
    assert found.passed, found.finding


@pytest.mark.parametrize(
    "answer",
    [
        '{"nome":"Maria da Conceição"}',
        '{"nome":"Maria da Conceicao","cpf":"12345678909"}',
        '{"cpf":"123.456.789-09"}',
        '{"telefone":"+5511987654321"}',
        '{"telefone":11987654321}',
        '{"data":"2026-03-07"}',
        '{"data":"07/03/2026"}',
        '{"data":"March 7, 2026"}',
        '{"vencimento":"2026-04-03"}',
        '{"total":1234.5,"moeda":"BRL"}',
        '{"total":"R$ 1.234,50"}',
        '{"total":"R$1234,50"}',
        '{"total":"1234.50 BRL"}',
        '{"total":"1.234,50 reais"}',
        '{"quantidade":2,"produto":"caderno"}',
        '{"produto":"Cadernos"}',
        '{"hora":"14:30"}',
        '{"pedido":4471}',
        '{"pedido":"4471","urgente":true}',
        '{"endereco":{"rua":"Rua das Flores","numero":"12","cidade":"Recife"}}',
        '{"endereco":"Rua das Flores, 12 - Recife"}',
        '{"cupom":"não informado"}',
        "O número do pedido é 4471.",
        "Recife",
        "Nome: Maria da Conceição\nPedido: 4471",
    ],
)
def test_values_of_a_portuguese_text_are_found_in_any_spelling(answer: str) -> None:
    found = check(grounded, ORDER_PT, answer)
    assert found.passed, found.finding


@pytest.mark.parametrize(
    ("prompt", "answer", "named"),
    [
        (ORDER_EN, '{"name":"João Figueira"}', "João Figueira"),
        (ORDER_EN, '{"name":"João Figueired"}', "João Figueired"),
        (ORDER_EN, '{"name":"Ana Lima"}', "'Ana Lima' (name)"),
        (ORDER_EN, '{"customer":{"contact":[{"email":"joao@lum.com"}]}}', "customer.contact.email"),
        (ORDER_EN, '{"date":"2026-03-08"}', "2026-03-08"),
        (ORDER_EN, '{"date":"2025-03-07"}', "2025-03-07"),
        (ORDER_EN, '{"date":"2026-03-07T15:30:00"}', "15:30"),
        (ORDER_EN, '{"date":"March 9, 2026"}', "March 9"),
        (ORDER_EN, '{"time":"16:45"}', "16:45"),
        (ORDER_EN, '{"total":1234}', "1234"),
        (ORDER_EN, '{"total":123450}', "123450"),
        (ORDER_EN, '{"total":"$1,235.50"}', "1,235.50"),
        (ORDER_EN, '{"total":"1234.50 EUR"}', "EUR"),
        (ORDER_EN, '{"phone":"+551198765432"}', "+551198765432"),
        (ORDER_EN, '{"phone":"+5511987654322"}', "+5511987654322"),
        (ORDER_EN, '{"order":"A-7742"}', "A-7742"),
        (ORDER_EN, '{"order":"7741A"}', "7741A"),
        (ORDER_EN, '{"items":["2 apples","2 pears"]}', "2 pears"),
        (ORDER_EN, '{"weight":"2 million tons"}', "2 million"),
        (ORDER_EN, "A-7742", "A-7742"),
        (ORDER_EN, "The order number is A-7742.", "A-7742"),
        (ORDER_EN, "Order: A-7741\nTotal: $1,243.50", "1,243.50"),
        (
            ORDER_EN,
            "The order of the customer João Pereira was placed for 1234.50.",
            "João Pereira",
        ),
        (ORDER_EN, "The customer paid 1243.50 in total for the whole order he placed.", "1243.50"),
        (ORDER_PT, '{"nome":"Mariana da Conceição"}', "Mariana"),
        (ORDER_PT, '{"cpf":"123.456.789-00"}', "123.456.789-00"),
        (ORDER_PT, '{"data":"2026-07-04"}', "2026-07-04"),
        (ORDER_PT, '{"data":"8 de março de 2026"}', "8 de março"),
        (ORDER_PT, '{"total":1234.05}', "1234.05"),
        (ORDER_PT, '{"total":"US$ 1.234,50"}', "US$"),
        (ORDER_PT, '{"pedido":4417}', "4417"),
        (ORDER_PT, '{"cidade":"Olinda"}', "Olinda"),
        (ORDER_PT, "O número do pedido é 4417.", "4417"),
    ],
)
def test_a_value_that_the_text_does_not_hold_is_named(prompt: str, answer: str, named: str) -> None:
    found = check(grounded, prompt, answer)
    assert found.reason is EscalationReason.UNFAITHFUL
    assert named in found.finding


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("Extract the date: due on 7/3/2026", '{"date":"2026-03-07"}'),
        ("Extract the date: due on 7/3/2026", '{"date":"2026-07-03"}'),
        ("Extract the date: Mar 3rd", '{"date":"2026-03-03"}'),
        ("Extract the dates: from 7 to 9 March 2026", '["2026-03-07","2026-03-09"]'),
        ("Extract the dates: March 7-9, 2026", '["2026-03-07","2026-03-09"]'),
        ("Extraia as datas: de 7 a 9 de março de 2026", '["2026-03-07","2026-03-09"]'),
        ("Extraia a data: 1º de abril de 2026", '{"data":"2026-04-01"}'),
        ("Extract the date: see you tomorrow", '{"date":"2026-03-08"}'),
        ("Extraia a data: pagar na próxima sexta-feira", '{"data":"2026-03-13"}'),
        ("Extract the time: meet at quarter to eight in the evening", '{"time":"19:45"}'),
        ("Extract the time: starts at 9am, ends 5 pm", '{"start":"09:00","end":"17:00"}'),
        ("Extract the quantity: twenty-five chairs", '{"quantity":25}'),
        ("Extraia a quantidade: cento e vinte cadeiras", '{"quantidade":120}'),
        ("Extraia o valor: 12 mil reais", '{"valor":12000}'),
        ("Extract the website: visit lum.com today", '{"url":"https://www.lum.com/"}'),
        ("Extract the network: wi-fi is Home-5", '{"network":"wifi"}'),
        ("Extract the IP and version: 10.0.0.1 runs 3.11.2", '{"ip":"10.0.0.1","v":"3.11.2"}'),
        ("Extract the phone: call 020 7946 0958", '{"phone":"+442079460958"}'),
        ("Extract the phone: +5511987654321", '{"phone":"11987654321"}'),
        ("Extract the IBAN: DE89 3704 0044 0532", '{"iban":"DE89370400440532"}'),
        ("Extract the price: 1 234,50 €", '{"price":1234.5,"currency":"EUR"}'),
        ("Extract the balance: -12.50", '{"balance":-12.5}'),
        ("提取城市:我住在北京市朝阳区", '{"city":"北京"}'),
        ("Classify the sentiment: I love it", "Positive"),
        ("Extract the product and translate it: uma camisa", '{"product":"shirt"}'),
        ("How many orders are there? Extract: A-1, A-2, A-3", '{"orders":3}'),
    ],
)
def test_what_people_normalise_is_not_taken_for_an_invention(prompt: str, answer: str) -> None:
    found = check(grounded, prompt, answer)
    assert found.passed, found.finding


def test_labels_that_the_schema_names_are_exempt_and_others_are_not() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "level": {"enum": ["gold", "silver"]},
            "rank": {"type": "integer", "enum": [7, 8]},
            "area": {"type": "string", "description": "one of: sales, support"},
        },
    }
    prompt = "Extract level and area: Ana wants a new invoice"
    for right in ('{"level":"gold"}', '{"rank":7}', '{"area":"support"}'):
        assert check(grounded, prompt, right, schema=schema).passed
    assert not check(grounded, prompt, '{"level":"bronze"}', schema=schema).passed
    assert not check(grounded, prompt, '{"level":"gold"}').passed


def test_the_system_prompt_is_a_text_to_take_from_and_an_earlier_turn_may_be() -> None:
    prompt, answer = "Extract the city: I live there", '{"city":"Recife"}'
    assert not check(grounded, prompt, answer).passed
    assert check(grounded, prompt, answer, system="The customer lives in Recife.").passed
    assert "earlier turn" in check(grounded, prompt, answer, session="s").finding


def test_only_extractions_are_compared_with_their_text() -> None:
    found = check(grounded, "Write about a city", '{"city":"Recife"}', kind=Kind.WRITING)
    assert found.passed
    assert found.finding == "not an extraction"


def test_the_values_compared_are_counted_and_their_number_is_bounded() -> None:
    assert check(grounded, ORDER_EN, '["João","A-7741",true]').finding.startswith("2 compared")
    prompt = "Extract the words: " + "word " * 40_000
    answer = "[" + ",".join(f'"{"word " * n}"' for n in range(1, 400)) + "]"
    assert "of 399 values" in check(grounded, prompt, answer).finding


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("What is 17 * 23?", "391"),
        ("What is 17 x 23?", "17 × 23 = 391"),
        ("what's 17 times 23", "It is 391."),
        ("Calculate (2 + 3) * 4.", "(2 + 3) * 4 = 5 * 4 = 20"),
        ("Quanto é 15% de 80?", "15% de 80 é 12."),
        ("Quanto é 15% de 80?", "12,00"),
        ("Quanto é 1.234,50 + 1?", "1.235,50"),
        ("Quanto é 1.234 + 1?", "1.235"),
        ("What is 1,234 + 1?", "1,235"),
        ("What is 15 percent of $80?", "$12.00"),
        ("What is 100 / 7?", "About 14.29"),
        ("What is 100 / 7?", "14.2857142857..."),
        ("What is 100 / 7? Round to the nearest integer.", "14"),
        ("What is 100 divided by 7?", "14 remainder 2"),
        ("Quanto é 100 dividido por 7?", "14 com resto 2"),
        ("What is 10 / 3?", "10/3 = 3 1/3"),
        ("What is 10 / 3?", "\\(\\frac{10}{3}\\)"),
        ("What is 2^10?", "**1024**"),
        ("What is 2**10?", "2**10 = 1,024"),
        ("What is 12 squared?", "144"),
        ("Quanto é 12 ao quadrado?", "12² = 144"),
        ("Sum of 3, 4 and 5?", "3 + 4 + 5 = 12"),
        ("Some 3, 4 e 5.", "12"),
        ("What is the average of 3, 4 and 6?", "(3 + 4 + 6) / 3 = 13 / 3 ≈ 4.33"),
        ("Qual é a média de 3, 4 e 5?", "4"),
        ("Add 3 to 5", "8"),
        ("Subtraia 3 de 5", "2"),
        ("Increase 80 by 15%", "92"),
        ("What percent of 80 is 12?", "15%"),
        ("What is 5 - 8?", "-3"),
        ("What is 2 + 2?", "Four"),
        ("Quanto é 2 + 2? Responda só com o número.", "4"),
        ("What is 1000 * 1000?", "1 million"),
        ("What is 1.5 million?", "It is 1500000."),
        ("What is 9/11?", "An attack in New York on September 11, 2001"),
        ("What is 7 + 1 in base 8?", "10"),
        ("Using only primes, what is 5 + 3?", "7"),
        ("What is 17 * 23? Then double it.", "782"),
        ("Tell me about 1984", "George Orwell wrote it in 1949."),
    ],
)
def test_a_right_sum_passes_in_every_spelling(prompt: str, answer: str) -> None:
    found = check(arithmetic, prompt, answer, kind=Kind.UNSURE)
    assert found.passed, found.finding


@pytest.mark.parametrize(
    ("prompt", "answer", "said"),
    [
        ("What is 17 * 23?", "392", "17 * 23 is 391"),
        ("What is 17 x 23?", "The answer is 381.", "is 391"),
        ("Quanto é 15% de 80?", "15% de 80 é 15.", "is 12,"),
        ("Quanto é 1.234,50 + 1?", "1.236,50", "1235.5"),
        ("What is 100 / 7?", "14.39", "14.2857"),
        ("What is (2 + 3) * 4?", "14", "is 20"),
        ("Calcule 2^10.", "1000", "is 1024"),
        ("Some 3, 4 e 5", "13", "is 12"),
        ("What is the average of 3, 4 and 5?", "6", "is 4"),
        ("What percent of 80 is 12?", "16%", "is 15"),
        ("Subtract 3 from 5", "It gives 8", "is 2"),
        ("What is 0.1 + 0.2?", "0.4", "is 0.3"),
        ("How much is 15% of 80?", "$15.00", "is 12"),
        ("I have 3 apples and buy 4", "3 + 4 = 8 apples", "3 + 4 is 7, not 8"),
        ("Explain", "So 17 × 23 = 392, of course.", "17 * 23 is 391, not 392"),
        ("Explain", "(17 * 20) + (17 * 3) = 340 + 51 = 401", "340 + 51 is 391, not 401"),
        ("Explain", "- 3 + 5 = 9", "3 + 5 is 8"),
        ("Explique", "R$ 5,00 + R$ 3,50 = R$ 8,00", "8.5"),
        ("Explique como você fez a conta.", "Logo, 1.000 + 1.500 = 3.500.", "2500"),
        ("Explain", "10 / 4 = 2", "2.5"),
        ("Explain", "\\(17 \\times 23 = 392\\)", "391"),
        ("Explain", "12 / 80 = 16%", "0.15"),
        ("Explain", "1. 2 + 3 = 6", "2 + 3 is 5"),
        ("Explain", "**2 + 3 = 6**", "2 + 3 is 5"),
    ],
)
def test_a_wrong_sum_fails_with_the_right_value(prompt: str, answer: str, said: str) -> None:
    found = check(arithmetic, prompt, answer, kind=Kind.MATH)
    assert found.reason is EscalationReason.UNFAITHFUL
    assert said in found.finding


@pytest.mark.parametrize(
    "answer",
    [
        "2x + 3 = 7, so x = 2",
        "x + 3 = 7",
        "f(3) + 1 = 12",
        "sin 30 + 1 = 1.5",
        "log 100 + 1 = 3",
        "sqrt(16) + 1 = 5",
        "√16 + 1 = 5",
        "2 * sqrt(9 + 16) = 10",
        "5! = 120",
        "9:15 + 30 = 9:45",
        "10 : 2 + 1 = 6",
        "10 / 4 = 2 remainder 2",
        "10 / 4 = 2 resto 2",
        "2 * 3 = 6 apples",
        "2 + 3 apples = 5 apples",
        "2 * 500 = 1 thousand",
        "5 mil + 3 mil = 8 mil",
        "17 * 23 = 392 is wrong",
        "Is 2 + 2 = 5?",
        "If 2 + 2 = 5, then I am the Pope.",
        "10/3 = 3.33, and 3.33 * 3 = 10",
        "3/7/2026 = 2026-03-07",
        "80 + 15% = 92",
        "10 % 3 = 1",
        "0x10 + 1 = 17",
        "a = 3 - 1 = 2",
        "7 // 2 = 3",
        "2 + 3 = 5 + y",
        "1 000 000 = 10^6",
        "```\n2 + 2 = 5\n```",
        "2 + 2 >= 5",
        "2 ** 3 = 8",
        "1e3 + 1 = 1001",
        "= 5\n+ 3 = 9",
        "1/0 = 0",
        "2^99999999 = 1",
        "((((((((((((((((((((((((1+1 = 3))))))",
    ],
)
def test_what_only_looks_like_a_wrong_equation_is_left_alone(answer: str) -> None:
    found = check(arithmetic, "Explain", answer, kind=Kind.MATH)
    assert found.passed, found.finding


def test_an_equation_of_the_prompt_may_be_repeated() -> None:
    prompt = "Translate: he wrote 2 + 2 = 5 on the wall"
    answer = "Ele escreveu 2 + 2 = 5 na parede"
    assert check(arithmetic, prompt, answer, kind=Kind.TRANSLATION).passed
    assert not check(arithmetic, "Translate the note", answer, kind=Kind.TRANSLATION).passed


def test_code_and_prose_have_nothing_to_recompute() -> None:
    for kind, answer in ((Kind.CODE, "2 + 2 = 5"), (Kind.WRITING, "Once upon a time.")):
        found = check(arithmetic, "Write it", answer, kind=kind)
        assert found.passed
        assert found.finding == "nothing to recompute"


@given(
    a=st.integers(0, 10**6),
    b=st.integers(1, 10**6),
    sign=st.sampled_from("+-*"),
    off=st.integers(1, 1000),
)
@settings(max_examples=150)
def test_every_sum_of_two_numbers_is_told_right_from_wrong(
    a: int, b: int, sign: str, off: int
) -> None:
    value = {"+": a + b, "-": a - b, "*": a * b}[sign]
    prompt = f"What is {a} {sign} {b}?"
    assert check(arithmetic, prompt, f"{a} {sign} {b} = {value}").passed
    assert check(arithmetic, prompt, f"{value:,}").passed
    assert not check(arithmetic, prompt, f"{a} {sign} {b} = {value + off}").passed


EN = (
    "The water cycle describes how water moves between the sea, the air and the land, and it is "
    "driven by the heat of the sun."
)
PT = (
    "O ciclo da água descreve como a água circula entre o mar, o ar e a terra, e é movido pelo "
    "calor do sol durante o ano inteiro."
)


@pytest.mark.parametrize(
    ("prompt", "answer", "kind"),
    [
        ("Explain the water cycle.", EN, Kind.KNOWLEDGE),
        ("Explique o ciclo da água.", PT, Kind.KNOWLEDGE),
        ("Explain the water cycle in Portuguese.", PT, Kind.KNOWLEDGE),
        ("Explique o ciclo da água. Responda em inglês.", EN, Kind.KNOWLEDGE),
        (f"Translate to Portuguese: {EN}", PT, Kind.TRANSLATION),
        (f"Traduza para o inglês: {PT}", EN, Kind.TRANSLATION),
        (f"Translate from Portuguese to English: {PT}", EN, Kind.TRANSLATION),
        (f"Translate: {PT}", EN, Kind.TRANSLATION),
        (f"Summarise this text:\n\n{PT}\n{PT}", PT, Kind.SUMMARISATION),
        (f"Summarise this text:\n\n{PT}\n{PT}", EN, Kind.SUMMARISATION),
        (f"Fix the grammar: {PT}", PT, Kind.REWRITING),
        ("Explain the water cycle in Spanish.", PT, Kind.KNOWLEDGE),
        ("How do you say 'the water cycle' in Portuguese?", EN, Kind.TRANSLATION),
        ("Do not answer in English: what is the water cycle?", PT, Kind.KNOWLEDGE),
        ("Answer in English and Portuguese: what is the water cycle?", PT, Kind.KNOWLEDGE),
        (f"Resuma o texto em inglês: {EN}", PT, Kind.SUMMARISATION),
        ("List the differences in Portuguese grammar.", PT, Kind.KNOWLEDGE),
        ("fotossíntese", EN, Kind.KNOWLEDGE),
        (
            "List ten Brazilian cities.",
            "São Paulo, Rio de Janeiro, São Luís, Belém",
            Kind.KNOWLEDGE,
        ),
        ("List them all.", "\n".join(["- São João da Boa Vista"] * 12), Kind.KNOWLEDGE),
        ("Quanto é 2 + 2?", "The answer is 4.", Kind.MATH),
        ("Qual é a capital da França?", "Paris.", Kind.KNOWLEDGE),
        ("Escreva uma função que soma dois números.", EN, Kind.CODE),
        ("Extraia os campos do texto.", '{"title": "' + EN + '"}', Kind.EXTRACTION),
        ("Como listo os arquivos?", "```\n" + EN + "\n```", Kind.KNOWLEDGE),
        ("Quem disse a frase?", f'Foi ele: "{EN}"', Kind.KNOWLEDGE),
    ],
)
def test_an_answer_in_a_language_that_may_be_meant_passes(
    prompt: str, answer: str, kind: Kind
) -> None:
    found = check(in_language, prompt, answer, kind=kind)
    assert found.passed, found.finding


@pytest.mark.parametrize(
    ("prompt", "answer", "said"),
    [
        ("Explain the water cycle.", PT, "in Portuguese, asked for English"),
        ("Explique o ciclo da água.", EN, "in English, asked for Portuguese"),
        ("Explain the water cycle in Portuguese.", EN, "asked for Portuguese"),
        ("Explique o ciclo da água. Responda em inglês.", PT, "asked for English"),
        ("Answer in Portuguese, please: what is the water cycle?", EN, "asked for Portuguese"),
        (f"Translate to Portuguese: {EN}", EN, "asked for Portuguese"),
        (f"Translate this text into Brazilian Portuguese:\n{EN}", EN, "asked for Portuguese"),
        (f"Traduza para o inglês: {PT}", PT, "asked for English"),
        (f"Resuma o texto: {PT}", EN, "asked for Portuguese"),
        (
            "Explain the water cycle.",
            "水循环描述水如何在海洋空气和陆地之间移动",
            "another language",
        ),
        ("Explique o ciclo da água.", "Круговорот воды описывает движение", "another language"),
    ],
)
def test_an_answer_in_another_language_fails(prompt: str, answer: str, said: str) -> None:
    found = check(in_language, prompt, answer, kind=Kind.UNSURE)
    assert found.reason is EscalationReason.UNFAITHFUL
    assert said in found.finding


def test_a_system_prompt_may_ask_for_the_language_and_the_prompt_goes_before_it() -> None:
    system = "You are kind. Always answer in Portuguese."
    asked = "Explain the water cycle."
    assert check(in_language, asked, PT, kind=Kind.KNOWLEDGE, system=system).passed
    assert not check(in_language, asked, EN, kind=Kind.KNOWLEDGE, system=system).passed
    asked = "Explain the water cycle in English."
    assert check(in_language, asked, EN, kind=Kind.KNOWLEDGE, system=system).passed


def test_too_little_prose_is_too_short_to_tell() -> None:
    for answer in ("Paris.", "", "391", "Ana Lima, Pedro Costa", "`ls -la`"):
        found = check(in_language, "Explain the water cycle.", answer, kind=Kind.KNOWLEDGE)
        assert found.finding == "too short to tell"


CHECKS = (grounded, arithmetic, in_language)
TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(alphabet='{}[]"\\:,.0123456789eE+-*/^()%=≈ $R\nxa', max_size=120),
    st.lists(
        st.sampled_from(
            [
                *("1", "2,5", "03/04/26", "7", "=", " + ", "^", "(", ")", "%", " of ", "²", "e"),
                *("\ud83d", "ã", "\n", '"', "March ", "{", "}", "[", "]", ":", "\\"),
                *("translate ", "in English"),
            ]
        ),
        max_size=30,
    ).map("".join),
).map(lambda text: text.encode("utf-8", "ignore").decode())


@pytest.mark.parametrize("made", CHECKS)
@given(
    prompt=TEXTS, answer=TEXTS, kind=st.sampled_from([Kind.EXTRACTION, Kind.MATH, Kind.TRANSLATION])
)
@settings(max_examples=250)
def test_no_text_makes_a_check_raise(made: Check, prompt: str, answer: str, kind: Kind) -> None:
    found = check(made, f"Extract: {prompt}", answer, kind=kind)
    assert found.passed == (found.reason is None)
    assert found.finding


@given(value=st.text(min_size=1, max_size=60), before=st.text(max_size=40))
@settings(max_examples=250)
def test_a_value_copied_between_spaces_always_occurs(value: str, before: str) -> None:
    value, before = (t.encode("utf-8", "ignore").decode() for t in (value, before))
    import json

    found = check(grounded, f"Extract it: {before} {value} .", json.dumps([value]))
    assert found.passed, found.finding


HOSTILE = [
    "1" * 200_000,
    "1 " * 100_000,
    "1 111.11111111 " * 13_000,
    "1=" * 100_000,
    "1+1=" * 50_000,
    "2^9=" * 50_000,
    "(" * 200_000,
    "[" * 200_000,
    " " * 199_999 + "x",
    "-" * 200_000,
    "**1" * 66_000,
    "1/1/11 " * 28_000,
    "march 7 " * 25_000,
    "a" * 200_000,
    "a@" * 100_000,
    "Aa " * 66_000,
    '"a" ' * 50_000,
    "```" * 66_000,
    "e \n" * 66_000,
    "A-1\n" * 50_000,
    "".join(f"{n}\n" for n in range(30_000)),
    "".join(f"K{n}: v{n}\n" for n in range(14_000)),
    "[" + ",".join(f'"{n} x"' for n in range(20_000)) + "]",
    "[" + ",".join(str(n) for n in range(30_000)) + "]",
    '["' + ", ".join(f"x{n}" for n in range(30_000)) + '"]',
    "para " * 40_000,
    "traduza in english " * 10_000,
    "\\frac{1}{" * 22_000,
    "ã" * 200_000,
    "\u0301" * 200_000,
]


@pytest.mark.parametrize("made", CHECKS)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_two_hundred_kilobytes_of_hostile_text_take_under_a_second(made: Check, text: str) -> None:
    for prompt, answer in (("Extract the order: A-1", text), (f"Extract: {text}", text)):
        started = time.process_time()
        found = check(made, prompt, answer)
        assert time.process_time() - started < 1.0
        assert found.finding
