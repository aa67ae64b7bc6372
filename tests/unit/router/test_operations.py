"""Which requests work on the form of a value, and which only hand it on."""

from __future__ import annotations

import pytest

from router.privacy.detect.detectors import Detectors
from router.privacy.operations import only_repeats, speaks_of_placeholders, works_on_a_value
from router.privacy.redaction import Redaction

DETECTORS = Detectors()

WORKED_ON = (
    "Format this CPF with dots: 529.982.247-25",
    "Escreva este CPF com pontos: 529.982.247-25",
    "Is this card number valid? 4539 1488 0343 6467",
    "O cartão 4539 1488 0343 6467 é válido?",
    "Spell the e-mail ana@example.org backwards",
    "Soletre o e-mail ana@example.org de trás para frente",
    "Write 529.982.247-25 without punctuation",
    "Tire os pontos do CPF 529.982.247-25",
    "How many digits are in 529.982.247-25?",
    "What are the last four digits of my card 4539148803436467?",
    "Qual o DDD do telefone (11) 98765-4321?",
    "What is the domain of ana@example.org?",
    "Uppercase ana@example.org",
    "Put ana@example.org in upper case",
    "Coloque ana@example.org em maiúsculas",
    "Which bank issued the card 4539148803436467?",
    "Encode ana@example.org in base64",
    "Calcule o dígito verificador do CPF 529.982.247-25",
    "Ordene estes e-mails: b@x.org, a@x.org",
    "Convert the phone +351 912 345 678 to E.164",
    "Group the card 4539148803436467 in blocks of four",
    "Confira se esse CPF está certo: 529.982.247-25",
    "Mask the card 4539148803436467",
    "Reescreva o telefone (11) 98765-4321 no formato internacional",
    "Put the number 529.982.247-25 in words",
    "Escriba el correo ana@example.org al revés",
    "¿Es válido el CPF 529.982.247-25?",
    "529.982.247-25 sem pontuação, por favor",
    "Which state is the CPF 529.982.247-25 from?",
    "Sum the digits of 529.982.247-25",
    "Does ana@example.org match the regex ^a?",
    "Give me the user name of ana@example.org",
    "Format my CPF nicely\n529.982.247-25",
    "Print the characters of ana@example.org one per line",
    "Verify 529.982.247-25",
    "Valide: 529.982.247-25",
    "Add the check digits to CPF 529.982.247-25",
    "Remove the +351 from +351 912 345 678",
    "Write it with hyphens: 529.982.247-25",
    "Deletreia ana@example.org letra por letra",
    "Repita o CPF 529.982.247-25 só com números",
    "Read +351 912 345 678 digit by digit",
    "Replace the dots in 529.982.247-25 by spaces",
    "Agora deixe só os números do cpf 529.982.247-25",
    "Does the IBAN GB82 WEST 1234 5698 7654 32 have a correct checksum?",
    "Take ana@example.org apart into user name and domain",
    "Qual o último dígito do meu cartão 4539 1488 0343 6467?",
    "Sort a@x.org, c@x.org and b@x.org alphabetically",
    "Ponha um traço antes dos dois últimos dígitos: 529.982.247-25",
    "Return 529.982.247-25 as an integer with no punctuation",
    "Gere o hash sha256 de ana@example.org",
    "What country is +351 912 345 678 from?",
    "Turn ana@example.org into a username",
)

HANDED_ON = (
    "Write a polite reply to ana@example.org about the delay.",
    "Extract the e-mail from: Ana (ana@example.org) called.",
    "Resuma os principais pontos do e-mail de ana@example.org",
    "Who should I call at (11) 98765-4321?",
    "Translate into French: write to ana@example.org tomorrow.",
    "Draft a letter to ana@example.org. It should mention three points about the contract.",
    "Summarise this conversation between ana@example.org and bob@example.org in three bullets.",
    "Responda ao cliente com CPF 529.982.247-25 que o pedido foi enviado.",
    "Explain what a CPF is; mine is 529.982.247-25.",
    "Create a JSON with name Ana and email ana@example.org",
    "Write a SQL query to find the customer whose e-mail is ana@example.org",
    "Format the following as a table: Ana ana@example.org; Bob bob@example.org",
    "Is ana@example.org in the list of attendees? Attendees: bob@example.org",
    "Classify the sentiment: 'I hate ana@example.org'",
    "List all e-mail addresses in the text: write to a@x.org or b@x.org",
    "Escreva uma carta para ana@example.org pedindo um orçamento",
    "Quem é o remetente? De: ana@example.org",
    "Write an invitation to ana@example.org; it should be formal and short.",
    "Envie a resposta para ana@example.org e explique o atraso.",
    "Which product does the customer (CPF 529.982.247-25) complain about?",
    "Why did ana@example.org cancel the order?",
    "Crie uma tabela com os nomes e os e-mails: Ana ana@example.org, Rui rui@example.org",
    "Find the phone number in: call me at (11) 98765-4321 after six.",
    "Is the tone of this message friendly? 'Thanks, ana@example.org'",
    "Rewrite this more politely: tell ana@example.org to pay.",
    "Traduza para inglês: o cliente 529.982.247-25 pagou ontem.",
)


# Written after the rules, to see how far these reach.
MORE_WORKED_ON = (
    "Rewrite 52998224725 in the usual CPF style",
    "CPF 52998224725 bonitinho, com a pontuação oficial",
    "Does 4539 1488 0343 6467 pass the Luhn test?",
    "Esse CPF existe? 529.982.247-25",
    "Write ana@example.org in pig latin",
    "How many letters has ana@example.org?",
    "Quantos caracteres tem ana@example.org?",
    "Is GB82WEST12345698765432 a legit IBAN?",
    "Which bank does the IBAN GB82WEST12345698765432 belong to?",
    "Add hyphens every four digits: 4539148803436467",
    "Is 529.982.247-25 a palindrome?",
    "Escreva o telefone (11) 98765-4321 com DDI",
    "Me diga a bandeira do cartão 4539 1488 0343 6467",
    "Give the 3rd digit of 529.982.247-25",
    "dots please: cpf 52998224725",
    "Check this card: 4539 1488 0343 6467",
    "Is 4539 1488 0343 6467 Visa or Mastercard?",
    "Troque os pontos por espaços em 529.982.247-25",
    "What does the CPF 529.982.247-25 end with?",
    "529.982.247-25 -> only numbers",
    "Make ana@example.org ALL CAPS",
    "Hide all but the last 4 of 4539 1488 0343 6467",
    "Is ana@example.org a Gmail address?",
    "What's the first name in ana@example.org?",
    "Compare 529.982.247-25 and 111.444.777-35: which is larger?",
    "Reduce the CPF 529.982.247-25 modulo 97",
    "Formatea 52998224725 como CPF",
    "¿Cuántos dígitos tiene el CPF 529.982.247-25?",
    "Translate the digits of (11) 98765-4321 to words",
    "Return the phone (11) 98765-4321 in international form",
    "Guess whose e-mail ana.souza@example.org is: what is the surname?",
    "Corrija o CPF 529.982.247-25 se houver erro",
    "529.982.247-25: is it real?",
    "Is (11) 98765-4321 a mobile number?",
    "Diga se o cartão 4539 1488 0343 6467 é Visa",
    "Beautify 52998224725",
    "Coloca no padrão: 52998224725 cpf",
    "How would you say (11) 98765-4321 in Japanese?",
    "Round trip: decode the e-mail ana@example.org",
    "Censure o e-mail ana@example.org",
    "Read out (11) 98765-4321",
    "Make this CPF readable: 52998224725",
    "Can 529.982.247-25 be a CPF?",
    "What's wrong with 4539 1488 0343 6467?",
    "Duplicate ana@example.org three times with commas",
    "O 4539 1488 0343 6467 é um cartão válido?",
    "Write the CPF 52998224725 the official way",
    "put the e-mail ana@example.org in quotes and lower case",
    "Arrume o telefone 11 98765-4321 para o formato +55",
    "Invierte ana@example.org",
    "Quais são os 3 primeiros dígitos do CPF 529.982.247-25?",
    "Tell me the domain of ana@example.org",
)

MORE_HANDED_ON = (
    "Ask ana@example.org whether she can meet on Friday.",
    "Escreva um SMS para (11) 98765-4321 confirmando a consulta.",
    "Fill the contract with the CPF 529.982.247-25 and the name Ana Souza.",
    "Extraia nome e CPF: Ana Souza, CPF 529.982.247-25.",
    "Write Python code that sends a mail to ana@example.org.",
    "Is there an e-mail address in: contact ana@example.org?",
    "Give three reasons why ana@example.org may not answer.",
    "Explique para ana@example.org o que é um CPF.",
    "Make a list of tasks for ana@example.org.",
    "Summarise: ana@example.org said the order 12 is late and wants her money back.",
    "Write a haiku about ana@example.org",
    "Which of these people is from Brazil: Ana (ana@example.org) or Bob (bob@example.org)?",
    "Compose a reminder for the payment of the card 4539 1488 0343 6467",
    "Create a vCard for Ana, (11) 98765-4321, ana@example.org",
    "Answer this: what time does the bank open? Contact: ana@example.org",
    "Schedule a call with ana@example.org tomorrow at ten",
    "Please thank ana@example.org for the flowers",
    "Prepare a quote for the customer 529.982.247-25",
    "Reply: ana@example.org wants a refund",
    "Escreva um poema para ana@example.org",
    "Ligue para (11) 98765-4321",
    "Who owns the address ana@example.org?",
    "Resuma a conversa com ana@example.org",
    "Draft an apology to the holder of card 4539 1488 0343 6467",
    "Traduza: fale com ana@example.org",
    "My e-mail is ana@example.org. What is the capital of Peru?",
    "I am ana@example.org and want to cancel my order",
    "Subject ideas for a mail to ana@example.org",
)


def works(request: str) -> bool:
    found = DETECTORS.find(request)
    assert found, "there is something to be hidden in each"
    hidden = Redaction().redact(request, found)
    return works_on_a_value(hidden, {one.kind for one in found})


@pytest.mark.parametrize("request_", WORKED_ON)
def test_a_request_that_works_on_a_value_is_known_as_one(request_: str) -> None:
    assert works(request_)


@pytest.mark.parametrize("request_", HANDED_ON)
def test_a_request_that_hands_a_value_on_is_not(request_: str) -> None:
    assert not works(request_)


def test_of_requests_that_the_rules_were_not_made_of_few_are_taken_for_the_other() -> None:
    missed = [one for one in MORE_WORKED_ON if not works(one)]
    wrong = [one for one in MORE_HANDED_ON if works(one)]
    assert len(missed) <= 0.1 * len(MORE_WORKED_ON), missed
    assert len(wrong) <= 0.1 * len(MORE_HANDED_ON), wrong


def test_a_value_of_an_earlier_turn_is_worked_on_where_a_word_stands_for_it() -> None:
    assert works_on_a_value("Now write it with dots.", ["cpf"])
    assert works_on_a_value("Agora escreva-o com pontos.", ["cpf"])
    assert works_on_a_value("Is the CPF valid?", ["cpf"])
    assert not works_on_a_value("Thank you. What is the capital of Peru?", ["cpf"])


def test_an_answer_that_only_repeats_did_nothing() -> None:
    assert only_repeats("Pretty: [CPF_1]", "**[CPF_1]**.")
    assert not only_repeats("Pretty: [CPF_1]", "It is [CPF_1].")
    assert not only_repeats("Who of the two called us on the day before? [CPF_1]", "[CPF_1]")
    assert speaks_of_placeholders("Count [CPF_1]", "[CPF_1] is a placeholder, so I cannot.")
    assert not speaks_of_placeholders("What is a placeholder?", "A placeholder is a name.")
