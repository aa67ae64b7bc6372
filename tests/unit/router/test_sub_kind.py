"""What lies below the kind, in both languages: language of the code, calls, form of the answer."""

from __future__ import annotations

import pytest

from router.classify import signals
from router.classify.sub_kind import with_sub_kind
from router.types.decision import Guess, Kind
from router.types.task import Task

CODE = [
    ("Write a Python function that reverses a linked list", "python"),
    ("Escreva uma função em Rust que some dois números", "rust"),
    ("Crie um script bash que apague arquivos antigos", "shell"),
    ("Write a SQL query that joins orders and customers", "sql"),
    ("Escreva uma consulta que liste os clientes da tabela pedidos", "sql"),
    ("Write a query to find all rows in the users table older than 30", "sql"),
    ("Implement quicksort in Go", "go"),
    ("Implemente um quicksort em Go", "go"),
    ("Fix the bug in src/main.rs please", "rust"),
    ("Corrija o erro em utils.py", "python"),
    ("Convert this Python function to Kotlin: def f(): pass", "kotlin"),
    ("Converta este código de Java para C#", "c#"),
    ("How do I group a pandas dataframe by month?", "python"),
    ("Como agrupo um dataframe do pandas por mês?", "python"),
    ("Write a Linux command that finds large files", "shell"),
    ("Qual o comando do terminal para ver o espaço em disco?", "shell"),
    ("Crie um componente React com um botão", "javascript"),
    ("Create a Dockerfile for a small service", "dockerfile"),
    ("Use C++ to implement a stack", "c++"),
    ("In R, plot a histogram of ages", "r"),
    ("Crie um docker-compose.yml com redis", "yaml"),
    ("Write a script in Python that prints JSON", "python"),
    ("Write a function that merges two sorted lists", None),
    ("Escreva uma função que junte duas listas", None),
    ("Write a regular expression for e-mail addresses", None),
    ("Do it in Python or Go, as you like", None),
    ("How can I go on from here, and make it swift?", None),
]
PASTED = [
    ("What is wrong?\n```js\nconst x = 1;\nconsole.log(x\n```", "javascript"),
    ("O que há de errado?\n```\nfn main() {\n    let mut x = 1;\n}\n```", "rust"),
    (f"{'It worked until today. ' * 40}\n\n```rb\nputs 1\n```\nWhat broke?", "ruby"),
    ("Fix this:\n\ndef total(xs):\n    for x in xs:\n        print(x)\n", "python"),
    ("Rewrite this in Rust:\n```python\nprint(1)\n```", "rust"),
]
STRUCTURED = [
    ("Extract the name and date as JSON: Ana, 3 May", True),
    ("Extraia nome e data em JSON: Ana, 3 de maio", True),
    ("Compare Lisbon and Porto in a table", True),
    ("Compare Lisboa e Porto em uma tabela", True),
    ("List the capitals of South America as CSV", True),
    ("Liste as capitais em formato CSV", True),
    ("Return a JSON object with the keys name and age for: Bob is 5", True),
    ("Devolva um JSON com os campos nome e idade: Bob tem 5", True),
    ("Put the following into a markdown table: a 1, b 2", True),
    ("Monte uma tabela com os preços", True),
    ("What is JSON?", False),
    ("Explain what a CSV file is", False),
    ("O que é XML?", False),
    ("Summarise the table below in two sentences", False),
    ("Resuma a tabela abaixo em duas frases", False),
    ("Translate to Portuguese: the table is in the kitchen", False),
    ("Convert this JSON to a paragraph: {}", False),
    ("Who wrote Dom Casmurro?", False),
]


def described(prompt: str, kind: Kind, **more: object) -> Guess:
    guess = Guess(kind=kind, confidence=0.9, language="en")
    task = Task.model_validate({"prompt": prompt, **more})
    return with_sub_kind(guess, task, signals.read(prompt))


@pytest.mark.parametrize(("prompt", "language"), CODE)
def test_the_language_of_the_code_is_told(prompt: str, language: str | None) -> None:
    assert described(prompt, Kind.CODE).code_language == language
    assert described(prompt, Kind.UNSURE).code_language == language


@pytest.mark.parametrize(("prompt", "language"), PASTED)
def test_the_language_of_pasted_code_stands_for_the_one_that_is_not_named(
    prompt: str, language: str
) -> None:
    assert described(prompt, Kind.CODE).code_language == language


def test_code_in_a_text_that_nobody_understands_says_nothing() -> None:
    assert described("Hm?\n```py\nprint(1)\n```", Kind.UNSURE).code_language is None


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.CODE, Kind.UNSURE}))
def test_what_is_no_code_has_no_language_of_code(kind: Kind) -> None:
    assert described("Write a Python function", kind).code_language is None


@pytest.mark.parametrize(("prompt", "structured"), STRUCTURED)
def test_a_form_of_the_answer_is_told_from_talk_of_one(prompt: str, structured: bool) -> None:
    assert described(prompt, Kind.EXTRACTION).structured is structured


def test_a_schema_asks_for_a_form_whatever_the_words() -> None:
    assert described("Who is it?", Kind.KNOWLEDGE, schema={"type": "object"}).structured
    assert described("Write a function", Kind.CODE, schema={"type": "object"}).structured


def test_code_that_works_on_data_is_no_data() -> None:
    assert not described("Write a Python script that converts CSV to JSON", Kind.CODE).structured
    assert described("Write a YAML file for a workflow that runs tests", Kind.CODE).structured


def test_a_call_is_told_by_the_kind_and_by_functions_in_the_prompt() -> None:
    functions = '[{"name": "get_weather", "parameters": {"city": "string"}}]'
    assert described("Set an alarm for 7", Kind.TOOL).tool
    assert described(f"{functions}\nWhat is it like in Porto?", Kind.KNOWLEDGE).tool
    assert not described("What is it like in Porto?", Kind.KNOWLEDGE).tool


def test_a_pasted_document_says_nothing_of_the_form() -> None:
    page = "The clerk kept all figures as JSON, in a table, as CSV. " * 60
    assert not described(f"Summarise this text:\n\n{page}", Kind.SUMMARISATION).structured


def test_a_guess_without_a_sub_kind_is_left_as_it_is() -> None:
    guess = Guess(kind=Kind.WRITING, confidence=0.9, language="en")
    prompt = "Write a birthday card"
    assert with_sub_kind(guess, Task(prompt=prompt), signals.read(prompt)) is guess
