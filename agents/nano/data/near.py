# ruff: noqa: E501, SIM905 - a template or a word list stays in one piece
"""Family `escalate`, near: look-alikes of every family which the model cannot do."""

from __future__ import annotations

from collections.abc import Callable

from agents.nano.data import calendar, coding, desk, edit, values
from agents.nano.data.fields import (
    ASK,
    CONTACT,
    FIELDS,
    ask_for,
    choose,
    enumerated,
    message,
    wording,
)
from agents.nano.data.grammar import Draw, Frames
from agents.nano.data.phrasing import attach, dress, request

_UNKNOWN_FIELDS = {
    "en": "colour|color|weight|height|age|birthday|nationality|salary|gender|mood|sentiment|language|flight number|seat|brand|model|serial number|username|password|passport number"
          "|driver name|job title|department|discount|shipping cost|tax|refund reason|main problem|topic|summary|subject|sender|warranty|size|material|website|country|state|signature"
          "|account balance|interest rate|bank|card number|IBAN|license plate|room number|gate|temperature|opening hours|unit price|most important point|tone|intention|deadline reason".split("|"),
    "pt": "a cor|o peso|a altura|a idade|o aniversário|a nacionalidade|o salário|o gênero|o humor|o sentimento|o idioma|o número do voo|o assento|a marca|o modelo|o número de série|o usuário"
          "|a senha|o passaporte|o cargo|o departamento|o desconto|o frete|o imposto|o motivo|o problema principal|o assunto|o resumo|o remetente|a garantia|o tamanho|o material|o site|o país"
          "|o estado|a assinatura|o saldo|a taxa de juros|o banco|o cartão|a placa|o quarto|o portão|a temperatura|o preço unitário|o tom|a intenção|o CPF|o CNPJ".split("|"),
}  # fmt: skip
_OTHER_OPERATIONS = {
    "en": Frames(
        """
        (summarize|translate|paraphrase|rewrite|proofread|improve|shorten|expand|criticize|explain|analyze|interpret|simplify|evaluate|rate|score|correct|continue|complete|answer|reply creatively to|anonymize|redact|encrypt|compress|spell check) (this|the|the following) (text|message|email|note|order|sentence)
        (translate|put) (this|the following|the message) (into|to) (French|Spanish|German|Portuguese|Italian|Chinese)
        ?is (this|the) (message|email|text) (angry|polite|spam|a complaint|true|urgent|formal|written by a robot)
        ?(who|what|why|where|how) (is|does|did|was) the (author|sender|customer|writer) (angry|want|mean|so upset|feel|ask)
        (write|draft) a (long|creative|funny|formal|detailed|persuasive) (reply|answer|response|story|poem) (to|about|from) (this|the) (message|email|text)
        (count|number) the (words|letters|vowels|characters|sentences|orders) in (this|the) (text|message)
        ?how (many|much) (words|letters|items|days|money) (are|is) (in|mentioned in) (this|the) (text|message|order)
        (convert|turn|change) (this|the) (text|message|order) (into|to) (XML|YAML|CSV|HTML|a table|uppercase|lowercase|a poem|a tweet|SQL|Markdown|title case)
        (sort|shuffle|reverse|filter|group|deduplicate|rank|alphabetize) (this|these|the following|the list|the items)
        (classify|label) (this|the) (text|message) (as|into) (positive or negative|spam or not spam|formal or informal|sports or politics|by language|by topic|by sentiment)
        (find|list|highlight|underline) (the|all) (verbs|nouns|adjectives|errors|mistakes|typos|keywords|entities|synonyms) (in|of) (this|the) (text|message)
        (calculate|compute|work out) the (discount|tax|average|difference|unit price|exchange rate|number of days) (in|from|of) (this|the) (text|message|order)
        (delete|remove|mask|hide) (the|all) (names|numbers|emails|dates|adjectives|spaces|vowels) (in|from) (this|the) (text|message)
        (uppercase|capitalize|lowercase|reverse) (this|the|the following) (text|sentence|word)
        ?what (language|tone|style) is (this|the) (text|message) (in|)
        (compare|merge|match) (this|the) (message|order) with (the last one|my records|the invoice)
        """,
        "(distil|recap) this (message|text)",
        "(poeticise|dramatise|gloss) this (message|text)\nwhat would you answer to this (message|text)",
    ),
    "pt": Frames(
        """
        (resuma|traduza|parafraseie|reescreva|revise|melhore|encurte|expanda|critique|explique|analise|interprete|simplifique|avalie|corrija|continue|complete|anonimize|criptografe) (este texto|a mensagem|este email|esta frase|este pedido)
        (traduza|passe) (isto|este texto|a mensagem) para (inglês|espanhol|francês|alemão|italiano)
        ?(esta mensagem|este texto) (está|é) (irritada|educado|spam|uma reclamação|verdade|formal)
        ?(o que|por que|como) o (autor|remetente|cliente) (quer|está bravo|se sente|pede)
        (escreva|redija) (uma resposta longa|um poema|uma história|uma resposta criativa|uma resposta formal) (para|sobre) (esta mensagem|este texto|este email)
        conte (as palavras|as letras|as vogais|os caracteres|as frases) (deste texto|da mensagem)
        ?quant(os|as) (itens|dias|palavras|letras) (há|existem) (neste texto|na mensagem)
        (converta|transforme|passe) (este texto|a mensagem|este pedido) (em|para) (XML|YAML|CSV|HTML|uma tabela|maiúsculas|minúsculas|um poema|Markdown)
        (ordene|embaralhe|inverta|filtre|agrupe) (isto|estes itens|a lista)
        (classifique|rotule) (este texto|a mensagem) (em|como) (positivo ou negativo|spam ou não|formal ou informal|por idioma|por tema)
        (encontre|liste|destaque) (os verbos|os substantivos|os erros|as palavras-chave|os sinônimos) (do texto|da mensagem)
        (calcule|compute) (o desconto|o imposto|a média|a diferença|o preço unitário) (deste texto|do pedido)
        (apague|remova|esconda) (os nomes|os números|os emails|as datas|as vogais) (do texto|da mensagem)
        ?(em que idioma|em que tom|em que estilo) (está o texto|está a mensagem)
        (compare|junte) (esta mensagem|este pedido) com (o anterior|a fatura)
        """,
        "(sintetize|recapitule) esta mensagem",
        "(poetize|dramatize) esta mensagem\no que você responderia a este texto",
    ),
}


def _other_operation(draw: Draw, language: str) -> str:
    kind = draw.integer(0, 3)
    if kind == 0:
        text = message(draw, language)[0]
    elif kind == 1:
        text = desk.complaint(draw, language)[0]
    elif kind == 2:
        text = ", ".join(values.words(draw, language, 3))
    else:
        text = " ".join(values.any_word(draw, language) for _ in range(6))
    return request(draw, _OTHER_OPERATIONS[language], language, text)


def _absent_field(draw: Draw, language: str) -> str:
    """Asks for a known field which the text does not state."""
    text, found = message(draw, language)
    twins = {"customer": "name", "name": "customer", "date": "due", "due": "date"}
    absent = [f for f in FIELDS[language] if f not in found and twins.get(f) not in found]
    wanted = choose(draw, found)[: draw.pick([0, 1, 1, 2, 3])]
    wanted.insert(draw.integer(0, len(wanted)), draw.pick(absent))
    return ask_for(draw, language, wanted, text)[0]


def _unknown_field(draw: Draw, language: str) -> str:
    text, found = message(draw, language)
    phrases = [wording(draw, f, language) for f in choose(draw, found)[: draw.pick([0, 0, 1, 2])]]
    phrases.insert(draw.integer(0, len(phrases)), draw.pick(_UNKNOWN_FIELDS[language]))
    return request(draw, ASK[language], language, text, f=enumerated(draw, phrases, language))


def _no_contact(draw: Draw, language: str) -> str:
    text = (
        desk.complaint(draw, language)[0]
        if draw.chance(0.5)
        else ", ".join(values.words(draw, language, 4))
    )
    return request(draw, CONTACT[language], language, text)


_DATES = {
    "en": Frames(
        """
        (convert|write|change) {v} (to|in|as) (the American format|DD/MM/YYYY|words|Roman numerals|a Unix timestamp|French|the Hebrew calendar|Julian date|MM/DD/YYYY|RFC 2822)
        ?(what day of the week is|how many days until|how long ago was|what happened on|is|which week is) {v}
        (add|subtract) {n} (days|weeks|months) (to|from) {v}
        (convert|change) {r} (to|into) (ISO|YYYY-MM-DD)
        ?what date is {n} (days|weeks) (after|before) {v}
        (convert|change) {b} (to|into) (ISO|ISO format|YYYY-MM-DD)
        ?what is {r} in ISO
        (find|get) the number of days between {v} and {u}
        """,
        "in which season falls {v}",
        "(which zodiac sign|what moon phase) belongs to {v}",
    ),
    "pt": Frames(
        """
        (converta|escreva|passe) {v} (para|em) (formato americano|por extenso|números romanos|timestamp Unix|inglês|MM/DD/AAAA)
        ?(que dia da semana é|quantos dias faltam para|o que aconteceu em|há quanto tempo foi) {v}
        (some|subtraia) {n} (dias|semanas|meses) (a|de) {v}
        (converta|passe) {r} para (ISO|AAAA-MM-DD)
        ?que data é {n} (dias|semanas) (depois|antes) de {v}
        (converta|passe) {b} para (ISO|AAAA-MM-DD)
        (calcule|ache) os dias entre {v} e {u}
        """,
        "em que estação cai {v}",
        "(qual signo|que fase da lua) tem {v}",
    ),
}
_RELATIVE = {"en": ["tomorrow", "next Friday", "yesterday", "in two weeks", "the day after Christmas", "last Monday", "Easter", "the end of the month", "March 3", "May 2024"],
             "pt": ["amanhã", "sexta que vem", "ontem", "daqui a duas semanas", "o dia depois do Natal", "segunda passada", "o fim do mês", "3 de março", "maio de 2024"]}  # fmt: skip


def _date(draw: Draw, language: str) -> str:
    v, u = (calendar.spell(draw, calendar.any_day(draw), language) for _ in range(2))
    bad = draw.pick(
        ["February 30, 2023", "31 April 2022", "31/02/2021", "45/13/2020", "Month 14, 2020"]
        if language == "en"
        else ["30 de fevereiro de 2023", "31/04/2022", "45/13/2020"]
    )
    if language == "en" and draw.chance(0.5):
        month, d = draw.rng.sample(range(1, 13), 2)
        bad = f"{month:02d}/{d:02d}/{draw.integer(1970, 2035)}"
    return dress(
        draw,
        draw.phrase(
            _DATES[language],
            v=v,
            u=u,
            n=str(draw.integer(2, 90)),
            r=draw.pick(_RELATIVE[language]),
            b=bad,
        ),
        language,
    )


_TIMES = {
    "en": Frames(
        """
        (convert|change) {v} (to|into|from) (UTC|EST|GMT|London time|Tokyo time|12-hour format|seconds|minutes|words|decimal hours)
        ?what time is {v} in (London|Tokyo|New York|São Paulo|GMT|UTC)
        (add|subtract) {n} (minutes|hours) (to|from) {v}
        ?how (long|many minutes|many hours) (until|from|since) {v}
        ?what is {v} plus {n} (minutes|hours)
        """, "is {v} a good time to call", "(round|delay) {v} by {n} minutes"),
    "pt": Frames(
        """
        (converta|passe) {v} para (UTC|GMT|horário de Londres|horário de Tóquio|formato 12 horas|segundos|minutos|por extenso)
        ?que horas são {v} em (Londres|Tóquio|Nova York|Lisboa)
        (some|subtraia) {n} (minutos|horas) (a|de) {v}
        ?quanto tempo (falta para|desde) {v}
        """, "{v} é boa hora para ligar", "(arredonde|atrase) {v} em {n} minutos"),
}  # fmt: skip
_AMOUNTS = {
    "en": Frames(
        """
        (convert|change) {v} (to|into) (euros|dollars|yen|pounds|reais|words|cents|pesos|bitcoin)
        ?how much is {v} in (euros|dollars|yen|pounds|reais|words|pesos)
        (add|apply) (a|) {n}% (discount|tax|tip|VAT) to {v}
        ?what is {n}% of {v}
        (split|divide) {v} (among|between|by) {n} (people|friends)
        (normalize|standardize) (the amount|) {o}
        ?is {v} a (good|fair) price
        (round|write out|spell) {v} (in words|to the nearest ten|)
        """, "(invest|lend) {v} for {n} years: what do I get", "(tax|index) {v} at {n} percent"),
    "pt": Frames(
        """
        (converta|mude|passe) {v} para (euros|dólares|ienes|libras|extenso|centavos|pesos)
        ?quanto (é|são|dá) {v} em (euros|dólares|ienes|libras|pesos)
        (some|aplique) {n}% de (desconto|imposto|gorjeta) a {v}
        ?quanto é {n}% de {v}
        (divida|reparta) {v} (entre|por) {n} (pessoas|amigos)
        (normalize|padronize) (o valor|) {o}
        (arredonde|escreva por extenso) {v}
        """, "(invista|empreste) {v} por {n} anos: quanto recebo", "(tribute|corrija) {v} em {n} por cento"),
}  # fmt: skip
_PHONES = {
    "en": Frames(
        """
        (convert|format|put|normalize) {k} (to|in|into|as) (E.164|E.164 format|international format)(|, it is a {c} number| ({c})|, {c} number)
        (normalize|format) (the|this) (phone|number) ({c}): {k}
        (convert|format) {v} (to|in|as) (national format|RFC 3966|words|a vCard|a link|hexadecimal|local format)
        ?(who owns|what country is|which carrier has|is it safe to call|where is) {v}
        (call|text|block|save|dial) {v}
        """, "(look up|trace) the owner of {v}", "(ring up|verify) {v}"),
    "pt": Frames(
        """
        (converta|formate|passe) {k} para (E.164|formato internacional)(|, número da {c}| ({c}))
        (normalize|formate) (o telefone|este número) ({c}): {k}
        (converta|formate) {v} para (formato nacional|por extenso|um link|vCard|hexadecimal)
        ?(de quem é|de que país é|qual operadora tem) o número {v}
        (ligue para|bloqueie|salve) {v}
        """, "(descubra|rastreie) o dono de {v}", "(telefone para|valide) {v}"),
}  # fmt: skip
_ELSEWHERE = {"en": "UK|German|French|Indian|Japanese|Mexican|Spanish|Italian|Chinese|Argentine|Australian".split("|"),
              "pt": "Inglaterra|Alemanha|França|Índia|Japão|Itália|China|Argentina|Austrália|Espanha".split("|")}  # fmt: skip


def _foreign_number(draw: Draw) -> str:
    def d(count: int) -> str:
        return values.digits(draw, count)

    return draw.pick(
        [
            f"020 {d(4)} {d(4)}",
            f"0{d(4)} {d(6)}",
            f"0{d(2)} {d(7)}",
            f"0{d(1)} {d(2)} {d(2)} {d(2)} {d(2)}",
            d(5),
            d(4),
            f"0{d(3)}-{d(3)}-{d(3)}",
            d(6),
            f"555-{d(4)}",
            f"1-800-{draw.pick(['FLOWERS', 'CALL-NOW', 'HELPME'])}",
        ]
    )


def _figures(draw: Draw, language: str) -> str:
    n = str(draw.integer(2, 90))
    kind = draw.integer(0, 2)
    if kind == 0:
        v = calendar.hour_text(
            draw, language, draw.integer(0, 23), draw.pick([0, 15, 30, draw.integer(1, 59)])
        )
        return dress(draw, draw.phrase(_TIMES[language], v=v, n=n), language)
    if kind == 1:
        odd = draw.pick(
            [
                f"{n} CHF",
                f"₹{n}00",
                f"¥{n}000",
                f"{n}k dollars",
                f"{n} million dollars",
                "twenty dollars",
                "fifty bucks",
                f"{n}.5k",
                f"{n} kg",
                f"{n}%",
            ]
            if language == "en"
            else [
                f"{n} ienes",
                f"{n} mil reais",
                f"{n} milhões de reais",
                "vinte reais",
                "cem pratas",
                f"{n} pesos",
                f"{n} kg",
                f"{n}%",
            ]
        )
        return dress(
            draw,
            draw.phrase(_AMOUNTS[language], v=values.amount(draw, language), n=n, o=odd),
            language,
        )
    return dress(
        draw,
        draw.phrase(
            _PHONES[language],
            v=values.phone(draw, language),
            k=_foreign_number(draw),
            c=draw.pick(_ELSEWHERE[language]),
        ),
        language,
    )


_TASKS = {
    "en": Frames(
        """
        ?(what|which) reminders do I have {w}
        (delete|cancel|move|postpone|list|show|edit) (my|the) (reminder|reminders) (to {t}|{w}|for {w})
        (schedule|book) a meeting with (the team|everyone|{t}) and send invites
        remind {p} to {t} {w}
        remind me to {t}
        remind me {w}
        ?did I {t}
        ?(how|why|when) (should|do) I {t}
        (write|draft) a plan to {t} {w}
        """, "(snooze|forget) the reminder to {t}", "(who else|what else) must {t} {w}"),
    "pt": Frames(
        """
        ?quais lembretes eu tenho {w}
        (apague|cancele|adie|liste|mostre|edite) (meu lembrete|meus lembretes|o lembrete) (de {t}|{w})
        (marque|agende) uma reunião com (a equipe|todos) e envie convites
        lembre {p} de {t} {w}
        me lembre de {t}
        me lembre {w}
        ?(como|por que|quando) devo {t}
        (escreva|faça) um plano para {t} {w}
        """, "(silencie|esqueça) o lembrete de {t}", "(quem mais|o que mais) deve {t} {w}"),
}  # fmt: skip


def _reminder(draw: Draw, language: str) -> str:
    return dress(
        draw,
        draw.phrase(
            _TASKS[language],
            t=calendar.task(draw, language),
            w=calendar.moment(draw, language),
            p=draw.pick(values.FIRST),
        ),
        language,
    )


_LETTERS = {
    "en": Frames(
        """
        (write|draft|send|compose) a (reply|message|email|letter|note) to {n} (rejecting|denying|refusing|negotiating|explaining|about) (the refund|the new policy|a raise|a discount|the contract|his performance|a complaint|a partnership|{w}s)
        (write|draft|compose) (a|an) (love letter|cover letter|resignation letter|apology for forgetting the birthday|invitation|complaint|thank-you note|condolence message|job offer|newsletter|sales pitch|birthday message) (to|for) {n}
        (reply|respond) to {n} (that we cannot refund|and ask for more details|with a joke|in French|and negotiate the price|declining the offer|asking for the invoice)
        (tell|ask|convince|warn|invite|congratulate|thank) {n} (that the price changed|to pay the invoice|about the {w}|to join us|for the {w}|to sign)
        """, "(woo|console) {n} by email", "(scold|praise) {n} in a letter about {w}"),
    "pt": Frames(
        """
        (escreva|redija|envie) (uma resposta|uma mensagem|um email|uma carta) para {n} (recusando|negando|negociando|explicando) (o reembolso|a nova política|um aumento|um desconto|o contrato)
        (escreva|redija) (uma carta de amor|uma carta de apresentação|um pedido de demissão|um convite|uma reclamação|um agradecimento|uma mensagem de aniversário) para {n}
        (responda) a {n} (que não podemos reembolsar|pedindo mais detalhes|com uma piada|em inglês|recusando a oferta)
        (diga a|peça a|convença|convide|parabenize|agradeça a) {n} (que o preço mudou|para pagar a fatura|sobre {w}|por {w})
        """, "(corteje|console) {n} por email", "(repreenda|elogie) {n} em uma carta sobre {w}"),
}  # fmt: skip


def _letter(draw: Draw, language: str) -> str:
    return dress(
        draw,
        draw.phrase(
            _LETTERS[language], n=values.first_name(draw), w=values.any_word(draw, language)
        ),
        language,
    )


_CODE_TASKS = (
    "sort a list with merge sort|sort a list alphabetically|sort a dictionary by value|check if a number is prime|check if a number is divisible by three|find the second largest number in a list"
    "|find the median of a list|count the consonants in a string|count the letters of a word|count lines in a file|reverse a list|reverse the words of a sentence|reverse a linked list|reverse an integer"
    "|compute the fibonacci numbers|multiply the numbers of a list|sum the digits of a number|sum two matrices|convert kilometers to miles|convert fahrenheit to celsius|convert a string to binary"
    "|remove vowels from a string|remove spaces|remove an item from a list|merge two lists|merge two dictionaries|flatten a dictionary|split a list in chunks|rotate a list|shuffle a list"
    "|filter the odd numbers of a list|filter words longer than five letters|find the longest word|find the mode of a list|find common elements of two lists|check if two strings are anagrams"
    "|check if a list is sorted|check if a string is a number|check if a year is in the 20th century|validate an email|parse a date|read a CSV file|download a page|send an email|open a file"
    "|connect to a database|generate a random password|compute the greatest common divisor|compute the power of a number|compute the square root|compute the standard deviation|draw a chart"
    "|capitalize the first letter|swap two variables|print a triangle|calculate the area of a circle|calculate the age from a date|encode in base64|hash a password|call an API|find a substring"
).split("|")
_CODE_PT = (
    "ordena uma lista com merge sort|ordena em ordem alfabética|verifica se um número é primo|encontra o segundo maior número|calcula a mediana|conta consoantes|inverte uma lista|inverte as palavras"
    "|calcula fibonacci|multiplica os números de uma lista|soma os dígitos de um número|converte quilômetros em milhas|converte fahrenheit para celsius|remove vogais|remove espaços|junta duas listas"
    "|divide uma lista em partes|embaralha uma lista|filtra os números ímpares|encontra a palavra mais longa|encontra a moda|verifica se duas palavras são anagramas|valida um CPF|valida um email"
    "|lê um arquivo CSV|baixa uma página|envia um email|gera uma senha|calcula o MDC|calcula a potência|calcula a raiz quadrada|calcula o desvio padrão|troca duas variáveis|calcula a idade"
).split("|")
_OTHER_LANGUAGES = [
    "Rust",
    "Go",
    "Java",
    "C++",
    "C",
    "TypeScript",
    "Ruby",
    "PHP",
    "Kotlin",
    "Swift",
    "Haskell",
    "Bash",
    "R",
    "Scala",
    "Perl",
    "Lua",
    "Dart",
]


def _code(draw: Draw, language: str) -> str:
    """Another operation in a known language, or a known operation in another language."""
    if draw.chance(0.35):
        prompt = coding.code(draw, language).prompt
        for known in (
            "Python 3",
            "Python",
            "python",
            "JavaScript",
            "Javascript",
            "javascript",
            "JS",
        ):
            prompt = prompt.replace(known, draw.pick(_OTHER_LANGUAGES))
        return prompt
    spelling = draw.pick(["Python", "Python", "JavaScript", "JS", "python"])
    if language == "pt":
        ask = draw.phrase(coding.CODE["pt"], l=spelling, s=draw.pick(_CODE_PT), i="")
    else:
        verb, _, thing = draw.pick(_CODE_TASKS).partition(" ")
        ask = draw.phrase(
            coding.CODE["en"],
            l=spelling,
            s=f"{coding.third_person(verb)} {thing}",
            i=f"{verb} {thing}",
        )
    if draw.chance(0.15):
        ask += draw.pick(
            [
                " and explain it",
                " with tests",
                " recursively",
                " without loops",
                " using recursion",
                " in one line",
                " with type hints",
            ]
            if language == "en"
            else [
                " e explique",
                " com testes",
                " com recursão",
                " sem laços",
                " com anotações de tipo",
            ]
        )
    return dress(draw, ask, language)


_QUERIES = {
    "en": Frames(
        """
        SQL (to|query to|) join {t} (and|with) {u} (on|by|using) {a}
        (write a SQL query to|SQL to|SQL:) (delete|update|insert into|drop|alter|truncate) {t} (where {a} is {b}|set {a} to {b}|the column {a}|)
        (write a SQL query to|SQL to|SQL:) (find|get|show) the (second highest|median|duplicate|most common|oldest|last|running total of|difference between {a} and) {b} (in|of|from) {t}
        (write a SQL query to|SQL to|SQL:) (select|get|list) {a} from {t} (joined with|that are not in|and also from|grouped by month with) {u}
        (write a SQL query to|SQL:) (create a table|create an index on|create a view of) {t} (with {a} and {b}|)
        (explain|optimize|fix) (the|this) (query|SQL): SELECT {a} FROM {t}
        (write a SQL query to|SQL to|SQL:) (get|show) {t} (with {a} between {n} and {m}|where {a} is null|where {a} starts with {b}|from last month|where {a} is {b} and {b} is {n}|without {a})
        ?how do I (install|back up|use|normalise) (SQL|MySQL|Postgres|{t})
        (write a MongoDB query|a pandas snippet|an Excel formula) to get {a} from {t}
        """, "SQL window over {t} by {a}", "pivot {t} on {a} in SQL\nSQL: upsert {a} in {t}"),
    "pt": Frames(
        """
        (SQL|consulta SQL) para (juntar|fazer join de) {t} (e|com) {u} por {a}
        (SQL:|consulta SQL para|em SQL,) (apagar|atualizar|inserir em|excluir|alterar) {t} (onde {a} é {b}|)
        (SQL:|consulta SQL para|em SQL,) (achar|mostrar) (o segundo maior|a mediana de|os duplicados de|o mais comum) {b} (em|da tabela) {t}
        (SQL:|consulta SQL para) (criar a tabela|criar um índice em|criar uma visão de) {t}
        (explique|otimize|corrija) (a consulta|este SQL): SELECT {a} FROM {t}
        (SQL:|consulta SQL para) (listar|buscar) {t} (com {a} entre {n} e {m}|onde {a} é nulo|onde {a} começa com {b}|do mês passado|sem {a})
        ?como (instalo|uso|faço backup de) (SQL|MySQL|{t})
        """, "janela SQL sobre {t} por {a}", "pivote {t} em {a} no SQL"),
}  # fmt: skip
_COMMANDS = {
    "en": Frames(
        """
        (bash command to|shell command to|command to|in bash,|linux command to|) (delete|remove|erase|wipe) (all|the|) (.{x} files in {d}|{f}|folder {d})
        (bash command to|shell command to|command to|in bash,|) rename all .{x} (files|) to .{y}(| in {d})
        (bash command to|shell command to|command to|linux command to|) (kill|stop|restart|install|update|start|monitor|schedule) {w}
        (bash command to|shell command to|command to|) (download|upload|mount|format|sync|encrypt|split|merge|sort|compare|replace text in) {f} (with {w}|to {d}|)
        (bash command to|shell command to|command to|) (find|list) files (larger than {n} MB|modified in the last {n} days|older than {n} days|owned by {w}) in {d}
        (bash command to|shell command to|command to|) (show|count|list) (the|) (processes|users|ports|open files|environment variables|git branches|docker containers|words in {f}|columns of {f})
        (write a|a|create a) (bash|shell) script (that|to|which) (backs up|monitors|deploys|renames|converts|cleans) {d} (every hour|daily|and emails me|)
        (PowerShell|Windows|cmd|fish) command to (list files in {d}|copy {f}|find .{x} files)
        (extract|unpack|unzip|decompress) {f}
        (move|copy) all .{x} files (from {d} |)to {w}
        """, "(watch|tail -f) {f} from the shell", "(symlink|chown) {f} in bash"),
    "pt": Frames(
        """
        (comando para|comando bash para|no terminal,|) (apagar|remover|excluir) (todos os arquivos .{x} de {d}|{f}|a pasta {d})
        (comando para|comando bash para|no bash,|) renomear todos os .{x} para .{y}
        (comando para|comando bash para|) (matar|parar|reiniciar|instalar|atualizar|agendar) {w}
        (comando para|comando bash para|) (baixar|enviar|montar|sincronizar|criptografar|dividir|comparar) {f}
        (comando para|comando bash para|) (achar|listar) arquivos (maiores que {n} MB|modificados nos últimos {n} dias|com mais de {n} dias) em {d}
        (comando para|) (mostrar|listar) (os processos|os usuários|as portas|os contêineres docker|as colunas de {f})
        (escreva|crie) um script (bash|shell) que (faz backup de|monitora|limpa) {d}
        (extraia|descompacte) {f}
        comando do (Windows|PowerShell) para listar {d}
        """, "(observe|acompanhe) {f} no terminal", "link simbólico de {f} no bash"),
}  # fmt: skip


def _query(draw: Draw, language: str) -> str:
    t, u, a, b = (values.identifier_word(draw, language) for _ in range(4))
    if draw.chance(0.5):
        n = draw.integer(2, 60)
        return dress(
            draw,
            draw.phrase(
                _QUERIES[language], t=t, u=u, a=a, b=b, n=str(n), m=str(n + draw.integer(1, 90))
            ),
            language,
        )
    x, y = draw.rng.sample(coding.EXTENSIONS, 2)
    ask = draw.phrase(
        _COMMANDS[language],
        f=f"{t}.{x}",
        d=draw.pick(["", "./", "/", "~/"]) + u,
        w=a,
        x=x,
        y=y,
        n=str(draw.integer(2, 90)),
    )
    return dress(draw, ask.strip(), language)


_LISTS = {
    "en": Frames(
        """
        (sort|alphabetize|reverse|shuffle|deduplicate|group|rank|translate|categorize|count) (these|these items|the list|this list|the following)
        (turn|convert|make) (this|these|the list|these items) into (a table|a paragraph|CSV|XML|YAML|HTML|a sentence|a poem|a tree|a Markdown table|a Python tuple|a dictionary)
        (add|insert) {a} (to|in) (the list|these items) (at the end|twice|)
        (remove|delete|drop|take out) {a} (from|in) (the list|these items|the sentence|this)
        replace {a} (with|by) (a synonym|its plural|something better|the right word|the opposite) in
        replace every (verb|noun|adjective|vowel|second word) (with|by) {a} in
        (bullet|number) (the main points|the arguments|the pros and cons|key ideas) of
        (capitalize|uppercase|bold|highlight|italicize|underline) {a} in
        ?which of these (is the largest|is not like the others|is a fruit|comes first)
        """, "(intersperse|pad) these with {a}", "(pluralise|rhyme) each of these"),
    "pt": Frames(
        """
        (ordene|inverta|embaralhe|agrupe|traduza|categorize|conte) (estes itens|a lista|o seguinte)
        (transforme|converta) (isto|estes itens|a lista) em (uma tabela|um parágrafo|CSV|XML|HTML|uma frase|um poema|um dicionário|tabela Markdown)
        (adicione|insira) {a} (na lista|nestes itens) (no fim|)
        (remova|apague|tire) {a} (da lista|da frase|destes itens)
        (troque|substitua) {a} por (um sinônimo|seu plural|algo melhor|o oposto) em
        (coloque em maiúsculas|destaque|sublinhe) {a} em
        ?qual destes (é o maior|é uma fruta|vem primeiro)
        """, "(intercale|preencha) estes com {a}", "(pluralize|rime) cada um destes"),
}  # fmt: skip
_TICKETS = {
    "en": ["I love your new store, congratulations", "Do you have jobs for designers?", "What are your opening hours?", "Do you ship to {c}?", "My dog ate the {w}", "Happy new year to the whole team",
           "Which {w} do you recommend?", "I want to become a partner", "Can you sponsor our event?", "{w} {x}", "The weather is nice today", "asdf {w}", "How do I cook {w}?", "Is {c} expensive?"],
    "pt": ["Adorei a loja nova, parabéns", "Vocês têm vagas para designers?", "Qual é o horário de funcionamento?", "Entregam em {c}?", "Meu cachorro comeu o item {w}", "Feliz ano novo a todos",
           "Qual {w} vocês recomendam?", "Quero ser parceiro", "Podem patrocinar nosso evento?", "{w} {x}", "O tempo está bom hoje", "Como se cozinha {w}?", "{c} é uma cidade cara?"],
}  # fmt: skip


def _desk(draw: Draw, language: str) -> str:
    one, other = values.words(draw, language, 2)
    if draw.chance(0.5):
        text = (
            draw.pick(_TICKETS[language])
            .replace("{w}", one)
            .replace("{x}", other)
            .replace("{c}", draw.pick(values.CITIES))
        )
        if draw.chance(0.2):
            return text
        return request(draw, desk.TICKET[language], language, text)
    return attach(
        draw,
        dress(draw, draw.phrase(_LISTS[language], a=one), language),
        ", ".join([*values.words(draw, language, 4), one]),
    )


def _bare(draw: Draw, language: str) -> str:
    """A text with no instruction, or an instruction with no text."""
    if draw.chance(0.5):
        return message(draw, language)[0] if draw.chance(0.7) else desk.complaint(draw, language)[0]
    fields = enumerated(
        draw,
        [wording(draw, f, language) for f in draw.rng.sample(list(FIELDS[language]), 2)],
        language,
    )
    lists = edit.EDIT[language]
    frames = [
        ASK[language],
        CONTACT[language],
        desk.TICKET[language],
        lists["bullets"],
        lists["json"],
    ]
    return dress(draw, draw.phrase(draw.pick(frames), f=fields), language) + draw.pick(
        ["", ":", "."]
    )


NEAR: list[tuple[float, Callable[[Draw, str], str]]] = [
    (4, _other_operation), (4, _absent_field), (2.5, _unknown_field), (0.7, _no_contact), (1.5, _date), (2.5, _figures),
    (1.2, _reminder), (1.5, _letter), (2.2, _code), (1.8, _query), (2.5, _desk), (0.8, _bare),
]  # fmt: skip


def near(draw: Draw, language: str) -> str:
    """A look-alike of one family."""
    make = draw.rng.choices([maker for _, maker in NEAR], [weight for weight, _ in NEAR])[0]
    return make(draw, language)
