# ruff: noqa: E501, SIM905 - a template or a word list stays in one piece
"""Families `code`, `sql` and `shell`: fixed operations, with the names of the request copied in."""

from __future__ import annotations

from dataclasses import dataclass

from agents.nano.data import values
from agents.nano.data.grammar import Draw, Frames, Sample
from agents.nano.data.phrasing import dress


@dataclass(frozen=True, slots=True)
class Operation:
    """A small function: its default name, its wordings, and its body in both languages.

    The wordings finish "a function that ..." (en) and "uma função que ..." (pt); one line each for
    training, and the last of each for the test, the last but one for calibration.
    """

    name: str
    python: str
    javascript: str
    en: tuple[str, ...]
    pt: tuple[str, ...]


def _op(name: str, python: str, javascript: str, en: str, pt: str) -> Operation:
    return Operation(name, python, javascript, tuple(en.split("|")), tuple(pt.split("|")))


# A wording `verb;object` gives "verbs object", "to verb object" and "verb object".
OPERATIONS = [
    _op("reverse_string", "(s):\n    return s[::-1]", "(s) {\n  return s.split('').reverse().join('');\n}",
        "reverse;a string|reverse;a text|reverse;the given string|return;a string reversed|return;the reverse of a string|flip;a string|write;a string backwards|mirror;the letters of a string",
        "inverte;uma string|inverte;um texto|inverte;a string dada|retorna;uma string invertida|retorna;o inverso de uma string|devolve;o texto de trás para frente|espelha;as letras de uma string"),
    _op("is_even", "(n):\n    return n % 2 == 0", "(n) {\n  return n % 2 === 0;\n}",
        "check;if a number is even|check;whether a number is even|test;if a number is even|return;true if a number is even|tell;if a number is even|determine;whether n is even|verify;that an integer is even|say;whether an integer divides by two",
        "verifica;se um número é par|checa;se um número é par|testa;se um número é par|retorna;verdadeiro se um número é par|diz;se um número é par|determina;se n é par|confere;se um inteiro é par"),
    _op("is_odd", "(n):\n    return n % 2 == 1", "(n) {\n  return Math.abs(n % 2) === 1;\n}",
        "check;if a number is odd|check;whether a number is odd|test;if a number is odd|return;true if a number is odd|tell;if a number is odd|determine;whether n is odd|verify;that an integer is odd",
        "verifica;se um número é ímpar|checa;se um número é ímpar|testa;se um número é ímpar|retorna;verdadeiro se um número é ímpar|diz;se um número é ímpar|determina;se n é ímpar|confere;se um inteiro é ímpar"),
    _op("factorial", "(n):\n    result = 1\n    for i in range(2, n + 1):\n        result *= i\n    return result",
        "(n) {\n  let result = 1;\n  for (let i = 2; i <= n; i++) result *= i;\n  return result;\n}",
        "compute;the factorial of a number|calculate;the factorial of n|return;the factorial of a number|find;the factorial of a number|get;a factorial|give;n factorial|work out;the factorial of an integer",
        "calcula;o fatorial de um número|calcula;o fatorial de n|retorna;o fatorial de um número|encontra;o fatorial de um número|computa;o fatorial|dá;n fatorial|obtém;o fatorial de um inteiro"),
    _op("sum_list", "(items):\n    return sum(items)", "(items) {\n  return items.reduce((a, b) => a + b, 0);\n}",
        "sum;a list of numbers|sum;the numbers in a list|add up;a list of numbers|return;the sum of a list|compute;the sum of a list|calculate;the sum of the numbers in an array|add;all numbers of a list|total;the values of a list",
        "soma;uma lista de números|soma;os números de uma lista|soma;todos os valores de uma lista|retorna;a soma de uma lista|calcula;a soma de uma lista|calcula;a soma dos números de um array|totaliza;os valores de uma lista"),
    _op("average", "(items):\n    return sum(items) / len(items)", "(items) {\n  return items.reduce((a, b) => a + b, 0) / items.length;\n}",
        "compute;the average of a list|calculate;the average of a list of numbers|return;the mean of a list|find;the average of numbers|calculate;the mean of an array|get;the average of a list|work out;the mean value of a list",
        "calcula;a média de uma lista|calcula;a média de uma lista de números|retorna;a média de uma lista|encontra;a média dos números|calcula;a média de um array|obtém;a média de uma lista|dá;o valor médio de uma lista"),
    _op("max_item", "(items):\n    return max(items)", "(items) {\n  return Math.max(...items);\n}",
        "find;the largest number in a list|return;the maximum of a list|return;the largest number in a list|get;the max of a list|find;the biggest number in a list|find;the maximum value in an array|pick;the greatest item of a list",
        "encontra;o maior número de uma lista|retorna;o máximo de uma lista|retorna;o maior número de uma lista|acha;o maior valor de uma lista|encontra;o maior valor de um array|obtém;o máximo de uma lista|escolhe;o item mais alto de uma lista"),
    _op("min_item", "(items):\n    return min(items)", "(items) {\n  return Math.min(...items);\n}",
        "find;the smallest number in a list|return;the minimum of a list|return;the smallest number in a list|get;the min of a list|find;the lowest number in a list|find;the minimum value in an array|pick;the least item of a list",
        "encontra;o menor número de uma lista|retorna;o mínimo de uma lista|retorna;o menor número de uma lista|acha;o menor valor de uma lista|encontra;o menor valor de um array|obtém;o mínimo de uma lista|escolhe;o item mais baixo de uma lista"),
    _op("count_vowels", "(s):\n    return sum(c in 'aeiou' for c in s.lower())", "(s) {\n  return (s.match(/[aeiou]/gi) || []).length;\n}",
        "count;the vowels in a string|count;vowels|return;the number of vowels in a string|count;how many vowels a text has|count;the vowels of a word|compute;the number of vowels of a string|tell;how many vowels a word holds",
        "conta;as vogais de uma string|conta;vogais|retorna;o número de vogais de uma string|conta;quantas vogais um texto tem|conta;as vogais de uma palavra|calcula;o número de vogais de uma string|diz;quantas vogais há em uma palavra"),
    _op("is_palindrome", "(s):\n    return s == s[::-1]", "(s) {\n  return s === s.split('').reverse().join('');\n}",
        "check;if a string is a palindrome|check;whether a word is a palindrome|test;if a string is a palindrome|return;true if a string is a palindrome|tell;if a text is a palindrome|detect;palindromes|say;whether a word reads the same backwards",
        "verifica;se uma string é palíndromo|checa;se uma palavra é palíndromo|testa;se uma string é um palíndromo|retorna;verdadeiro se o texto é palíndromo|diz;se um texto é palíndromo|detecta;palíndromos|confere;se uma palavra se lê igual ao contrário"),
    _op("unique_items", "(items):\n    return list(dict.fromkeys(items))", "(items) {\n  return [...new Set(items)];\n}",
        "remove;duplicates from a list|remove;the duplicates of a list|return;a list without duplicates|remove;repeated items from a list|get;the unique items of a list|remove;duplicates from an array|drop;the repeats of a list|deduplicate;a list",
        "remove;duplicados de uma lista|remove;os duplicados de uma lista|retorna;uma lista sem duplicados|remove;itens repetidos de uma lista|obtém;os itens únicos de uma lista|tira;duplicados de um array|elimina;as repetições de uma lista"),
    _op("word_count", "(text):\n    return len(text.split())", "(text) {\n  return text.trim().split(/\\s+/).length;\n}",
        "count;the words in a text|count;words in a string|return;the number of words in a text|count;how many words a text has|count;the words of a sentence|compute;the word count of a text|tell;how many words a sentence holds",
        "conta;as palavras de um texto|conta;palavras em uma string|retorna;o número de palavras de um texto|conta;quantas palavras um texto tem|conta;as palavras de uma frase|calcula;o número de palavras de um texto|diz;quantas palavras há em uma frase"),
    _op("celsius_to_fahrenheit", "(c):\n    return c * 9 / 5 + 32", "(c) {\n  return c * 9 / 5 + 32;\n}",
        "convert;celsius to fahrenheit|convert;Celsius to Fahrenheit|turn;celsius into fahrenheit|change;a temperature from celsius to fahrenheit|convert;degrees celsius to fahrenheit|return;the fahrenheit value of a celsius temperature|translate;celsius degrees into fahrenheit",
        "converte;celsius para fahrenheit|converte;Celsius em Fahrenheit|passa;celsius para fahrenheit|muda;uma temperatura de celsius para fahrenheit|converte;graus celsius em fahrenheit|retorna;o valor em fahrenheit de uma temperatura em celsius|traduz;graus celsius em fahrenheit"),
    _op("capitalize_words", "(text):\n    return ' '.join(w.capitalize() for w in text.split())",
        "(text) {\n  return text.split(' ').map((w) => w[0].toUpperCase() + w.slice(1)).join(' ');\n}",
        "capitalize;every word of a text|capitalize;each word in a string|capitalize;the words of a sentence|capitalize;all words|return;a text with every word capitalized|make;each word start with a capital letter|give;every word a capital initial",
        "capitaliza;cada palavra de um texto|capitaliza;as palavras de uma string|capitaliza;as palavras de uma frase|capitaliza;todas as palavras|retorna;o texto com cada palavra capitalizada|coloca;maiúscula no início de cada palavra|dá;inicial maiúscula a cada palavra"),
    _op("flatten", "(items):\n    return [x for row in items for x in row]", "(items) {\n  return items.flat();\n}",
        "flatten;a list of lists|flatten;a nested list|flatten;an array of arrays|flatten;a list|return;a flat list from a list of lists|merge;a list of lists into one list|unnest;a list of lists",
        "achata;uma lista de listas|achata;uma lista aninhada|achata;um array de arrays|achata;uma lista|retorna;uma lista plana de uma lista de listas|junta;uma lista de listas em uma só|desaninha;uma lista de listas"),
    _op("sort_desc", "(items):\n    return sorted(items, reverse=True)", "(items) {\n  return [...items].sort((a, b) => b - a);\n}",
        "sort;a list in descending order|sort;numbers in descending order|sort;a list from largest to smallest|return;a list sorted in descending order|sort;an array in descending order|order;a list from high to low|rank;numbers from the biggest down",
        "ordena;uma lista em ordem decrescente|ordena;números em ordem decrescente|ordena;uma lista do maior para o menor|retorna;a lista em ordem decrescente|ordena;um array em ordem decrescente|classifica;uma lista do maior ao menor|arruma;os números do mais alto ao mais baixo"),
    _op("filter_even", "(items):\n    return [x for x in items if x % 2 == 0]", "(items) {\n  return items.filter((x) => x % 2 === 0);\n}",
        "return;the even numbers of a list|filter;the even numbers of a list|keep;only the even numbers of a list|get;the even numbers from a list|filter;even numbers|select;the even numbers in an array|leave;only even values in a list",
        "retorna;os números pares de uma lista|filtra;os números pares de uma lista|mantém;só os números pares de uma lista|obtém;os pares de uma lista|filtra;números pares|seleciona;os números pares de um array|deixa;só os valores pares de uma lista"),
    _op("is_leap_year", "(year):\n    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)",
        "(year) {\n  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);\n}",
        "check;if a year is a leap year|check;whether a year is leap|test;if a year is a leap year|return;true if a year is a leap year|tell;if a year is leap|determine;whether a year is a leap year|say;if a year has 366 days",
        "verifica;se um ano é bissexto|checa;se um ano é bissexto|testa;se o ano é bissexto|retorna;verdadeiro se o ano é bissexto|diz;se um ano é bissexto|determina;se um ano é bissexto|confere;se um ano tem 366 dias"),
]  # fmt: skip

CODE = {
    "en": Frames(
        """
        (write|create|make|give me|show me|generate|implement|code) a {l} function (that|which) {s}
        (write|create|make|give me|show me|generate) a function in {l} (that|which) {s}
        (write|create|make|give me|show me|implement) a {l} function to {i}
        (write|create|make|give me|implement) a function to {i} in {l}
        {l} function (to {i}|that {s})
        function in {l} (to {i}|that {s})
        I need a {l} function (to {i}|that {s})
        (write|give me|show me) (some|) {l} code (to {i}|that {s})
        ?how (do I|to|can I) {i} in {l}
        {i} in {l}
        in {l}, {i}
        in {l}, write a function (to {i}|that {s})
        """,
        "(craft|produce) a {l} routine (to {i}|that {s})",
        "(put together|define) a {l} function for me which {s}\n{l}: {i}",
    ),
    "pt": Frames(
        """
        (escreva|crie|faça|me dê|mostre|gere|implemente) uma função (em|de|no) {l} que {s}
        (escreva|crie|faça|me dê|gere|implemente) uma função {l} que {s}
        (escreva|crie|faça|implemente) uma função que {s} em {l}
        função (em|) {l} que {s}
        preciso de uma função em {l} que {s}
        (escreva|me dê|mostre) (um|) código (em|) {l} que {s}
        em {l}, (escreva|crie|faça) uma função que {s}
        quero uma função {l} que {s}
        """,
        "(elabore|produza) uma rotina em {l} que {s}",
        "(monte|defina) para mim uma função em {l} que {s}\n{l}: função que {s}",
    ),
}
_NAMED = {"en": [" called {n}", " named {n}", ", call it {n}", " with the name {n}", ". Name it {n}"],
          "pt": [" chamada {n}", " com o nome {n}", ", chame de {n}", " de nome {n}"]}  # fmt: skip
_PYTHON = ["Python", "Python", "python", "Python 3"]
_JAVASCRIPT = ["JavaScript", "JavaScript", "Javascript", "JS", "javascript"]


def third_person(verb: str) -> str:
    """The English verb with its s: `check` gives `checks`, `work out` gives `works out`."""
    head, *rest = verb.split(" ")
    head = (
        head[:-1] + "ies"
        if head.endswith("fy")
        else head + ("es" if head.endswith(("ch", "sh", "x")) else "s")
    )
    return " ".join([head, *rest])


def code(draw: Draw, language: str) -> Sample:
    operation = draw.pick(OPERATIONS)
    readings = operation.en if language == "en" else operation.pt
    known = {"train": readings[:-2], "calibration": readings[-2:-1], "test": readings[-1:]}[
        draw.phrasing
    ]
    verb, thing = draw.pick(known).split(";")
    python = draw.chance(0.6)
    spelling = draw.pick(_PYTHON if python else _JAVASCRIPT)
    says = f"{third_person(verb) if language == 'en' else verb} {thing}"
    ask = draw.phrase(CODE[language], l=spelling, s=says, i=f"{verb} {thing}")
    name = operation.name
    if (draw.chance(0.25) and "unction" in ask) or (draw.chance(0.25) and "unção" in ask):
        name = values.identifier_word(draw, language)
        ask += draw.pick(_NAMED[language]).replace("{n}", name)
    elif not python:
        head, *rest = name.split("_")
        name = head + "".join(part.capitalize() for part in rest)
    prompt = dress(draw, ask, language) + draw.pick(["", "", ".", "."])
    answer = f"def {name}{operation.python}" if python else f"function {name}{operation.javascript}"
    return Sample("code", language, prompt, answer)


# Each form: its wordings in both languages and the statement it stands for.
SQL: dict[str, tuple[str, dict[str, Frames]]] = {
    "all": ("SELECT * FROM {t};", {
        "en": Frames("""
            (select|get|list|show|fetch|return) (all|everything|all rows|all records|all columns) (from|in) {q}
            (SQL|query|SQL query) to (select|get|list|show) (all rows|everything|all records) (from|of) {q}
            """, "(bring|load) every row of {q}", "(dump|display) the whole {q}"),
        "pt": Frames("""
            (selecione|liste|mostre|busque|retorne) (tudo|todos os registros|todas as linhas|todas as colunas) (de|da) {q}
            (SQL|consulta|consulta SQL) para (selecionar|listar|mostrar) (tudo|todos os registros|todas as linhas) (de|da) {q}
            """, "(traga|carregue) cada linha da {q}", "(exiba|despeje) {q} inteira"),
    }),
    "cols": ("SELECT {a}, {b} FROM {t};", {
        "en": Frames("""
            (select|get|list|show|fetch|return) (the|) {a} and {b} (from|of|in) {q}
            (select|get|list|show) (columns|the columns) {a} and {b} (from|of|in) {q}
            (SQL|query|SQL query) (for|to get|to select|to list) {a} and {b} (from|of) {q}
            """, "(bring|load) {a} with {b} of {q}", "(display|project) {a} plus {b} out of {q}"),
        "pt": Frames("""
            (selecione|liste|mostre|busque|retorne) {a} e {b} (de|da) {q}
            (selecione|liste|mostre) as colunas {a} e {b} (de|da) {q}
            (SQL|consulta|consulta SQL) para (buscar|selecionar|listar) {a} e {b} (de|da) {q}
            """, "(traga|carregue) {a} com {b} da {q}", "(exiba|projete) {a} mais {b} da {q}"),
    }),
    "count": ("SELECT COUNT(*) FROM {t};", {
        "en": Frames("""
            (count|get the number of|find the number of) (all|the|) (rows|records|entries) (in|of|from) {q}
            ?how many (rows|records|entries) (are|are there) in {q}
            (SQL|query|SQL query) to count (the|all|) (rows|records) (in|of) {q}
            """, "(tally|total) the rows of {q}", "row count of {q}"),
        "pt": Frames("""
            (conte|obtenha o número de|encontre o número de) (linhas|registros|entradas) (em|da|na) {q}
            ?quantas linhas (há|existem|tem) (em|na) {q}
            (SQL|consulta|consulta SQL) para contar (as linhas|os registros) (de|da) {q}
            """, "(some|totalize) as linhas da {q}", "total de linhas da {q}"),
    }),
    "where": ("SELECT * FROM {t} WHERE {a} = '{w}';", {
        "en": Frames("""
            (select|get|list|show|find|return) (all|) (rows|records|everything|entries) (from|in) {q} where {a} (is|equals|=) (|'){w}
            (select|get|list|find) (everything|all rows|the rows) (from|in|of) {q} with {a} (equal to|=|of) {w}
            (SQL|query|SQL query) (for|to find) (rows|records) (in|of) {q} where {a} is {w}
            """, "(bring|load) the rows of {q} having {a} {w}", "(filter|restrict) {q} to {a} {w}"),
        "pt": Frames("""
            (selecione|liste|mostre|busque|retorne) (tudo|os registros|as linhas) (de|da) {q} onde {a} (é|é igual a|=) {w}
            (selecione|liste|encontre) (as linhas|os registros) (de|da) {q} com {a} (igual a|=) {w}
            (SQL|consulta SQL) para (achar|buscar) (registros|linhas) (de|da) {q} onde {a} é {w}
            """, "(traga|carregue) as linhas da {q} que têm {a} {w}", "(filtre|restrinja) {q} a {a} {w}"),
    }),
    "above": ("SELECT * FROM {t} WHERE {a} > {n};", {
        "en": Frames("""
            (select|get|list|show|find|return) (all|) (rows|records|everything|entries) (from|in) {q} where {a} (is greater than|is above|is more than|>|is over|exceeds) {n}
            (select|get|list|find) (rows|records) (from|in|of) {q} with {a} (above|over|greater than|more than) {n}
            """, "(bring|load) the rows of {q} whose {a} passes {n}", "(filter|restrict) {q} to {a} beyond {n}"),
        "pt": Frames("""
            (selecione|liste|mostre|busque|retorne) (tudo|os registros|as linhas) (de|da) {q} onde {a} (é maior que|é maior do que|>|passa de|está acima de) {n}
            (selecione|liste|encontre) (as linhas|os registros) (de|da) {q} com {a} (acima de|maior que|maior do que) {n}
            """, "(traga|carregue) as linhas da {q} cujo {a} supera {n}", "(filtre|restrinja) {q} a {a} além de {n}"),
    }),
    "top": ("SELECT * FROM {t} ORDER BY {a} DESC LIMIT {n};", {
        "en": Frames("""
            (select|get|list|show|find|return) (the|) top {n} (rows|records|) (from|of|in) {q} by {a}
            (select|get|list|show) the {n} (rows|records) (of|from|in) {q} with the (highest|largest|biggest) {a}
            (SQL|query|SQL query) (for|to get) the top {n} (of|from) {q} by {a}
            """, "(bring|load) the {n} leaders of {q} by {a}", "(rank|display) {q} by {a}, best {n} only"),
        "pt": Frames("""
            (selecione|liste|mostre|busque|retorne) (os|) top {n} (de|da) {q} por {a}
            (selecione|liste|mostre) (os|as) {n} (registros|linhas) (de|da) {q} com maior {a}
            (SQL|consulta SQL) para os {n} maiores (de|da) {q} por {a}
            """, "(traga|carregue) os {n} líderes da {q} por {a}", "(classifique|exiba) {q} por {a}, só {n} melhores"),
    }),
    "order": ("SELECT * FROM {t} ORDER BY {a};", {
        "en": Frames("""
            (select|get|list|show|return) (all|everything|all rows|rows) (from|in|of) {q} (ordered|sorted) by {a}
            (sort|order) (the|all|) (rows|records) (of|in|from) {q} by {a}
            (SQL|query|SQL query) to (list|sort|order) {q} by {a}
            """, "(bring|load) {q} arranged by {a}", "(display|dump) {q} in order of {a}"),
        "pt": Frames("""
            (selecione|liste|mostre|retorne) (tudo|todas as linhas|os registros) (de|da) {q} (ordenado|ordenados|ordenadas) por {a}
            ordene (as linhas|os registros) (de|da) {q} por {a}
            (SQL|consulta SQL) para (listar|ordenar) {q} por {a}
            """, "(traga|carregue) {q} arrumada por {a}", "(exiba|despeje) {q} na ordem de {a}"),
    }),
    "group": ("SELECT {a}, COUNT(*) FROM {t} GROUP BY {a};", {
        "en": Frames("""
            (count|get the number of) (rows|records|entries) (in|of|from) {q} (by|per|for each|grouped by|group by) {a}
            ?how many (rows|records) (are there|are) in {q} (per|by|for each) {a}
            (SQL|query|SQL query) to count (rows|records) (in|of) {q} (by|per|grouped by) {a}
            """, "(tally|total) the rows of {q} per {a}", "row counts of {q} split by {a}"),
        "pt": Frames("""
            (conte|obtenha o número de) (linhas|registros) (de|da|em) {q} (por|para cada|agrupados por|agrupadas por) {a}
            ?quantas linhas (há|existem|tem) (em|na) {q} (por|para cada) {a}
            (SQL|consulta SQL) para contar (linhas|registros) (de|da) {q} por {a}
            """, "(some|totalize) as linhas da {q} a cada {a}", "totais de linhas da {q} divididos por {a}"),
    }),
    "sum": ("SELECT SUM({a}) FROM {t};", {
        "en": Frames("""
            (sum|add up|total) (the|all|) {a} (in|of|from) {q}
            (get|find|calculate|compute|show) the (sum|total) of {a} (in|from) {q}
            (SQL|query|SQL query) (for|to get) the (sum|total) of {a} (in|from) {q}
            """, "(gather|accumulate) {a} over {q}", "overall {a} across {q}"),
        "pt": Frames("""
            (some|totalize) (o|a|) {a} (de|da|em) {q}
            (obtenha|encontre|calcule|mostre) (a soma|o total) de {a} (em|da) {q}
            (SQL|consulta SQL) para (a soma|o total) de {a} (em|da) {q}
            """, "(acumule|reúna) {a} sobre {q}", "{a} geral em toda a {q}"),
    }),
    "avg": ("SELECT AVG({a}) FROM {t};", {
        "en": Frames("""
            (average|calculate the average|compute the average of|get the average|find the average|show the mean) {a} (in|of|from) {q}
            ?what is the (average|mean) {a} (in|of) {q}
            (SQL|query|SQL query) (for|to get) the (average|mean) {a} (in|from) {q}
            """, "mean value of {a} over {q}", "typical {a} across {q} (average|mean)"),
        "pt": Frames("""
            (calcule|obtenha|encontre|mostre) a média de {a} (em|da|de) {q}
            ?qual é a média de {a} (em|da) {q}
            (SQL|consulta SQL) para a média de {a} (em|da) {q}
            """, "valor médio de {a} na {q}", "{a} médio em toda a {q}"),
    }),
}  # fmt: skip
_TABLE = {
    "en": ["{t}", "the {t} table", "table {t}", "the table {t}", "{t} table"],
    "pt": ["tabela {t}", "tabela {t}", "tabela {t}", "{t}"],
}
_SQL_LEAD = {"en": ["SQL: ", "SQL to ", "write SQL to ", "write a SQL query to ", "write a SQL query to ", "write a SQL query to ", "SQL query: ", "in SQL, "],
             "pt": ["SQL: ", "em SQL, ", "em SQL: ", "SQL - ", "consulta SQL: ", "no SQL, "]}  # fmt: skip


def sql(draw: Draw, language: str) -> Sample:
    form = draw.pick(list(SQL))
    statement, frames = SQL[form]
    names: list[str] = []
    while len(names) < 3:
        name = values.identifier_word(draw, language)
        if name not in names:
            names.append(name)
    table, a, b = names
    if table[-1] not in "s" and draw.chance(0.5):
        table += "s"
    slots = {
        "t": table,
        "a": a,
        "b": b,
        "n": str(draw.integer(2, draw.pick([10, 50, 1000]))),
        "w": values.word(draw, language),
    }
    spoken = draw.pick(_TABLE[language]).replace("{t}", table)
    ask = draw.phrase(frames[language], q=spoken, **slots).replace(
        f"'{slots['w']}", f"'{slots['w']}'"
    )
    if "SQL" not in ask:
        if ask.startswith("?"):
            ask = ask[1:]
            lead = draw.pick(["SQL: ", "SQL - "]) if draw.chance(0.6) else ""
        else:
            lead = draw.pick(_SQL_LEAD[language])
        if lead == "" or draw.chance(0.25):
            ask += draw.pick(
                [" (SQL)", " in SQL", ", SQL", " using SQL"]
                if language == "en"
                else [" (SQL)", " em SQL", ", SQL", " usando SQL"]
            )
        else:
            ask = lead + ask
    prompt = dress(draw, ask, language) + draw.pick(["", "", ".", ""])
    return Sample("sql", language, prompt, draw.expand_slots(statement, **slots))


# Each form: the command and its wordings; every name is copied from the request.
SHELL: dict[str, tuple[str, dict[str, Frames]]] = {
    "find": ("find {d} -name '*.{x}'", {
        "en": Frames("""
            (find|list|show|locate|search for) (all|the|) (.|*.){x} files (in|under|inside|within) {d}
            (find|list|show) (all|the|) files (ending in|with extension|ending with) .{x} (in|under|inside) {d}
            """, "(look up|gather) every .{x} file below {d}", "(trace|dig up) .{x} files across {d}"),
        "pt": Frames("""
            (encontre|liste|mostre|ache|procure) (todos os|os|) arquivos (.|*.){x} (em|na pasta|dentro de) {d}
            (encontre|liste|mostre) (todos os|os|) arquivos com extensão (.|){x} (em|na pasta) {d}
            """, "(levante|reúna) cada arquivo .{x} abaixo de {d}", "(rastreie|descubra) arquivos .{x} por toda {d}")}),
    "lines": ("wc -l {f}", {
        "en": Frames("""
            (count|show|get|print) (the|the number of|) lines (in|of) {f}
            ?how many lines (does {f} have|are in {f}|are there in {f})
            """, "line count of {f}", "(tally|number) the lines of {f}"),
        "pt": Frames("""
            (conte|mostre o número de|conte as) linhas (de|do arquivo|em) {f}
            ?quantas linhas (tem|há em|o arquivo) {f} (tem|)
            """, "número de linhas de {f}", "(some|totalize) as linhas de {f}")}),
    "size": ("du -sh {d}", {
        "en": Frames("""
            (show|get|print|check|find) (the|) (size|disk usage|total size) of (the folder|the directory|folder|directory|) {d}
            ?how (big|large) is (the folder|the directory|folder|directory) {d}
            ?how much (space|disk space) does {d} (use|take)
            """, "disk space taken by {d}", "(measure|weigh) the {d} folder"),
        "pt": Frames("""
            (mostre|veja|obtenha|verifique) o (tamanho|uso de disco|tamanho total) (da pasta|do diretório|de) {d}
            ?quanto espaço (a pasta|o diretório|) {d} (ocupa|usa)
            ?qual é o tamanho (da pasta|do diretório) {d}
            """, "espaço em disco ocupado por {d}", "(meça|pese) a pasta {d}")}),
    "mkdir": ("mkdir -p {d}", {
        "en": Frames("""
            (create|make|add) (a|the|) (folder|directory|dir) (called|named|) {d}
            (make|create) a new (folder|directory) {d}
            """, "(set up|open) a directory {d}", "a fresh folder named {d} (please|)"),
        "pt": Frames("""
            (crie|faça|adicione) (a|uma) (pasta|nova pasta) (chamada|de nome|) {d}
            (crie|faça) (o|um) diretório (chamado|) {d}
            """, "(abra|prepare) um diretório {d}", "uma pasta nova de nome {d}")}),
    "grep": ("grep -rn '{w}' {d}", {
        "en": Frames("""
            (search|look|grep) for (the word|the text|) {w} (in|inside|under) (all files in|the folder|) {d}
            (find|search) (the word|the text|) {w} in (all files of|the files of|the files in) {d}
            """, "(hunt|scan) for {w} through the files of {d}", "(spot|trace) {w} within the files under {d}"),
        "pt": Frames("""
            (procure|busque) (a palavra|o texto|) {w} (nos arquivos de|na pasta|em) {d}
            (encontre|ache) (a palavra|o texto|) {w} nos arquivos (de|da pasta) {d}
            """, "(vasculhe|varra) os arquivos de {d} por {w}", "(rastreie|detecte) {w} nos arquivos sob {d}")}),
    "copy": ("cp {f} {g}", {
        "en": Frames("""
            copy (the file|) {f} (to|as|into) {g}
            make a copy of {f} (as|named|called) {g}
            """, "duplicate {f} as {g}", "(clone|replicate) {f} to {g}"),
        "pt": Frames("""
            copie (o arquivo|) {f} (para|como) {g}
            faça uma cópia de {f} (como|chamada|com o nome) {g}
            """, "duplique {f} como {g}", "(clone|replique) {f} em {g}")}),
    "move": ("mv {f} {g}", {
        "en": Frames("""
            (rename|move) (the file|) {f} (to|as|into) {g}
            change the name of {f} to {g}
            """, "give {f} the name {g}", "(relabel|retitle) {f} as {g}"),
        "pt": Frames("""
            (renomeie|mova) (o arquivo|) {f} para {g}
            mude o nome de {f} para {g}
            """, "dê a {f} o nome {g}", "(rebatize|transfira) {f} como {g}")}),
    "tar": ("tar -czf {z}.tar.gz {d}", {
        "en": Frames("""
            (compress|archive|pack|zip) (the folder|the directory|) {d} (into|to|as) {z}.tar.gz
            (create|make) (an archive|a tarball|a tar.gz|a tar archive) {z}.tar.gz (of|from|with) {d}
            """, "(bundle|shrink) {d} into {z}.tar.gz", "{z}.tar.gz out of (the folder|) {d}"),
        "pt": Frames("""
            (comprima|arquive|empacote|compacte) (a pasta|o diretório|) {d} (em|para|como) {z}.tar.gz
            (crie|faça) (um arquivo|um tar.gz|um pacote) {z}.tar.gz (de|da pasta|com) {d}
            """, "(embrulhe|encolha) {d} em {z}.tar.gz", "{z}.tar.gz a partir (da pasta|de) {d}")}),
    "tail": ("tail -n {n} {f}", {
        "en": Frames("""
            (show|print|get|display|see) the last {n} lines (of|in|from) {f}
            last {n} lines of {f}
            """, "the final {n} lines of {f}", "the closing {n} lines in {f}"),
        "pt": Frames("""
            (mostre|imprima|veja|exiba) as últimas {n} linhas (de|do arquivo) {f}
            últimas {n} linhas de {f}
            """, "as {n} linhas finais de {f}", "as {n} linhas do fim de {f}")}),
    "head": ("head -n {n} {f}", {
        "en": Frames("""
            (show|print|get|display|see) the first {n} lines (of|in|from) {f}
            first {n} lines of {f}
            """, "the initial {n} lines of {f}", "the opening {n} lines in {f}"),
        "pt": Frames("""
            (mostre|imprima|veja|exiba) as primeiras {n} linhas (de|do arquivo) {f}
            primeiras {n} linhas de {f}
            """, "as {n} linhas iniciais de {f}", "as {n} linhas do começo de {f}")}),
    "chmod": ("chmod +x {f}", {
        "en": Frames("""
            make (the file|the script|) {f} executable
            (give|add) (execute|execution) permission to {f}
            """, "let {f} be executed", "turn {f} into an executable file"),
        "pt": Frames("""
            (torne|deixe) (o arquivo|o script|) {f} executável
            (dê|adicione) permissão de execução (a|ao arquivo|para) {f}
            """, "permita executar {f}", "transforme {f} em arquivo executável")}),
}  # fmt: skip
_SHELL_LEAD = {"en": ["shell command to ", "shell command to ", "bash: ", "command to ", "command to ", "linux command to ", "in bash, ", "shell: ", "terminal command to ", "bash command to "],
               "pt": ["comando para ", "comando para ", "comando para ", "bash: ", "no terminal, ", "no bash, ", "comando shell: ", "shell: ", "no linux, ", "comando bash: "]}  # fmt: skip
EXTENSIONS = (
    "txt md py js csv json log yaml html css png jpg pdf sql xml ts go rs conf sh bak zip".split()
)


def shell(draw: Draw, language: str) -> Sample:
    statement, frames = SHELL[draw.pick(list(SHELL))]
    stems = [values.identifier_word(draw, language) for _ in range(4)]
    extension = draw.pick(EXTENSIONS)
    script = "sh" if "chmod" in statement else extension
    folder = draw.pick(["", "", "./", "/", "~/", stems[3] + "/"]) + stems[0]
    slots = {"d": folder, "f": f"{stems[1]}.{script}", "g": f"{stems[2]}.{draw.pick([extension, extension, draw.pick(EXTENSIONS)])}",
             "x": extension, "w": values.word(draw, language), "z": stems[2], "n": str(draw.integer(2, draw.pick([20, 500])))}  # fmt: skip
    if draw.chance(0.2):
        slots["f"] = f"{stems[3]}/{slots['f']}"
    ask = draw.phrase(frames[language], **slots)
    question = ask.startswith("?")
    ask = " ".join(ask.removeprefix("?").split())
    if not question and draw.chance(0.7):
        lead = draw.pick(_SHELL_LEAD[language])
        ask = lead + (_infinitive(ask) if lead == "comando para " else ask)
    elif draw.chance(0.6):
        ask += draw.pick(
            [" in bash", " (bash)", " in the shell", ", bash command", " in the terminal"]
            if language == "en"
            else [" no bash", " (bash)", " no terminal", ", comando bash"]
        )
    prompt = dress(draw, "?" + ask if question else ask, language) + (
        "?" if question else draw.pick(["", "", "."]) if ask[-1] != "." else ""
    )
    return Sample("shell", language, prompt, draw.expand_slots(statement, **slots))


_INFINITIVES = {"faça": "fazer", "crie": "criar", "mova": "mover", "veja": "ver", "dê": "dar", "torne": "tornar", "encontre": "encontrar",
                "conte": "contar", "mude": "mudar", "procure": "procurar", "exiba": "exibir", "comprima": "comprimir", "obtenha": "obter",
                "verifique": "verificar", "busque": "buscar"}  # fmt: skip


def _infinitive(ask: str) -> str:
    """A Portuguese imperative as an infinitive, by its ending (liste -> listar)."""
    head, _, rest = ask.partition(" ")
    if head in _INFINITIVES:
        head = _INFINITIVES[head]
    elif head.endswith("ie"):
        head = head[:-1] + "ar"
    elif head.endswith("que"):
        head = head[:-3] + "car"
    elif head.endswith("e"):
        head = head[:-1] + "ar"
    return f"{head} {rest}"
