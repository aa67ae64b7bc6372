# ruff: noqa: E501, SIM905 - a template or a word list stays in one piece
"""Family `escalate`, far: reasoning, essays, hard code, knowledge, open chat, other languages."""

from __future__ import annotations

from agents.nano.data import values
from agents.nano.data.desk import complaint
from agents.nano.data.fields import message
from agents.nano.data.grammar import Draw, Frames
from agents.nano.data.phrasing import dress

_TOPICS = {
    "en": "climate change|the French Revolution|quantum computing|remote work|inflation|black holes|democracy|the Roman Empire|vaccines|machine learning"
          "|interest rates|supply chains|nuclear energy|the stock market|artificial intelligence|photosynthesis|evolution|free will|blockchain|urban planning"
          "|renewable energy|cybersecurity|microservices|immigration|education reform|the water cycle|plate tectonics|game theory|modern art|jazz|stoicism"
          "|the Cold War|social media|sleep|nutrition|meditation|soil erosion|batteries|electric cars|space travel|DNA|antibiotics|chess openings|volcanoes"
          "|the human brain|gravity|poverty|trade unions|coffee production|opera|football tactics|the moon|language learning|deep sea life|bridges|tax law".split("|"),
    "pt": "mudanças climáticas|a Revolução Francesa|computação quântica|trabalho remoto|inflação|buracos negros|democracia|o Império Romano|vacinas"
          "|aprendizado de máquina|taxas de juros|logística|energia nuclear|a bolsa de valores|inteligência artificial|fotossíntese|evolução|livre-arbítrio"
          "|planejamento urbano|energia renovável|segurança digital|microsserviços|imigração|reforma da educação|o ciclo da água|teoria dos jogos|arte moderna"
          "|a Guerra Fria|redes sociais|sono|nutrição|meditação|baterias|carros elétricos|viagem espacial|DNA|antibióticos|vulcões|o cérebro|gravidade|pobreza"
          "|sindicatos|café|ópera|futebol|a lua|pontes|direito tributário|a Amazônia|o samba|Machado de Assis|a escravidão no Brasil|o Plano Real".split("|"),
}  # fmt: skip

_OPEN = {
    "en": Frames(
        """
        (explain|describe|discuss|analyze|analyse|summarize|outline|tell me about|teach me about|give an overview of) {t}
        (write|draft|compose) (an essay|a short story|a poem|a blog post|an article|a speech|a song|a haiku|a report|a proposal|a letter|a press release|a review) (about|on) {t}
        (explain|describe) {t} (to a child|in simple terms|to a beginner|in detail|step by step|with examples|in one paragraph)
        ?(what|how|why) (is|does|do we know about|do people care about|works in) {t}
        ?what are the (pros and cons|causes|effects|main ideas|advantages|risks|limits|origins) of {t}
        compare {t} (and|with|to) {u}
        ?(what is the difference between|how are) {t} and {u}(| related)
        ?(should|why should) (we|I|companies|governments) (worry about|care about|invest in|study) {t}
        ?who (invented|discovered|wrote about|started|is the best author on) {t}
        (give me|suggest|list|recommend) (5|five|ten|some|3) (ideas|books|questions|facts|arguments|examples|topics) (about|on|for) {t}
        (design|plan|propose|build|create) a (strategy|curriculum|business plan|system|roadmap|workshop|campaign|course) (for|about|on) {t}
        (critique|evaluate|improve|review) the (argument|claim|idea|view) that {t} is (overrated|important|dangerous|a myth|the future)
        ?(what do you think|what is your opinion|are you sure) (about|of|on) {t}
        (brainstorm|think about|imagine) (a world without {t}|new ways of teaching {t}|the future of {t})
        (translate|paraphrase|proofread|shorten|expand|rewrite|summarize) (this|the following) (text|paragraph|article|sentence): {s}
        (translate|put) (this|the following|it) (in|into|to) (French|German|Spanish|Portuguese|Italian|Japanese): {s}
        (summarize|condense|improve|fix the grammar of|make more formal|rewrite politely) {s}
        """,
        "(elaborate on|contextualise) {t}\nhow did {t} change {u}",
        "(reflect on|debate) {t}\nto what extent does {t} explain {u}",
    ),
    "pt": Frames(
        """
        (explique|descreva|discuta|analise|resuma|fale sobre|me ensine sobre|dê uma visão geral de) {t}
        (escreva|redija|componha) (uma redação|um conto|um poema|um artigo|um discurso|uma música|um relatório|uma proposta|uma carta|uma resenha) sobre {t}
        (explique|descreva) {t} (para uma criança|em termos simples|para iniciantes|em detalhes|passo a passo|com exemplos)
        ?(o que é|como funciona|por que existe|como surgiu) {t}
        ?quais são (os prós e contras|as causas|os efeitos|as vantagens|os riscos|as origens) de {t}
        compare {t} (e|com) {u}
        ?qual é a diferença entre {t} e {u}
        ?(devemos|por que devemos) (nos preocupar com|investir em|estudar) {t}
        ?quem (inventou|descobriu|escreveu sobre) {t}
        (me dê|sugira|liste|recomende) (5|cinco|dez|algumas|3) (ideias|perguntas|curiosidades|dicas|referências) sobre {t}
        (projete|planeje|proponha|crie) (uma estratégia|um curso|um plano de negócios|um sistema|uma oficina) (para|sobre) {t}
        (critique|avalie|revise) (o argumento|a ideia) de que {t} é (importante|perigoso|um mito|o futuro)
        ?(o que você acha|qual sua opinião) sobre {t}
        (imagine|pense em) (um mundo sem|o futuro de) {t}
        (traduza|parafraseie|revise|encurte|reescreva|resuma) (este texto|o parágrafo|esta frase): {s}
        (traduza|passe) (isto|o seguinte) para (inglês|francês|alemão|espanhol|italiano): {s}
        (resuma|melhore|corrija a gramática de|deixe mais formal) {s}
        """,
        "(aprofunde|contextualize) {t}\ncomo {t} mudou {u}",
        "(reflita sobre|debata) {t}\nem que medida {t} explica {u}",
    ),
}
_MATHS = {
    "en": Frames(
        """
        ?what is {a} (times|plus|minus|divided by|multiplied by|to the power of) {b}
        (calculate|compute|solve|evaluate) {a} (*|+|-|/|x) {b}
        solve {a}x + {b} = {c}
        {n} has {a} {w}s and gives {b} to {m}. How many (are left|does {n} have now)?
        A {w} costs ${a} and a {x} costs ${b}. (How much do {c} of each cost|What is the total for {c} of each)?
        If a train travels {a} km in {b} hours, (what is its speed|how long does it take to travel {c} km)?
        {n} reads {a} pages a day. How many days (to read|for) {c} pages? (Think step by step.|Show your work.|)
        (prove|show) that (the square root of {a} is irrational|there are infinitely many primes|{a} divides n^{b} - n)
        ?what is the (derivative|integral|limit) of (x^{b}|sin(x)|{a}x + {b})
        find the (probability|expected value|variance) of rolling {b} dice and getting {a}
        ?what is {b}% of {c}
        {n} is {a} years old, {m} is twice as old. How old will {m} be in {b} years?
        """,
        "(work out|resolve) {a} mod {b}",
        "{n} splits {a} {w}s among {b} friends; what does each get?",
    ),
    "pt": Frames(
        """
        ?quanto é {a} (vezes|mais|menos|dividido por|elevado a) {b}
        (calcule|resolva) {a} (*|+|-|/|x) {b}
        resolva {a}x + {b} = {c}
        {n} tem {a} {w}s e dá {b} para {m}. Quantos (sobram|restam)?
        Um item custa R$ {a} e outro custa R$ {b}. Quanto custam {c} de cada?
        Se um trem percorre {a} km em {b} horas, qual é a velocidade?
        {n} lê {a} páginas por dia. Em quantos dias lê {c} páginas?
        prove que (a raiz de {a} é irracional|há infinitos primos)
        ?qual é a (derivada|integral) de (x^{b}|sen x)
        ?quanto é {b}% de {c}
        {n} tem {a} anos e {m} tem o dobro. Quantos anos {m} terá em {b} anos?
        """,
        "(ache|determine) {a} módulo {b}",
        "{n} divide {a} {w}s entre {b} amigos; quanto recebe cada um?",
    ),
}
_HARD_CODE = Frames(
    """
    (write|implement|create|build|escreva|implemente|crie) a (Python|JavaScript|Go|Rust|Java|C++|TypeScript|Ruby|Kotlin|C#|Swift|PHP) (program|class|script|service|library|function|module|app) (that|for|to|with) {h}
    (implement|write|build|code|create|implemente|programe) {h} (in|em) (Python|JavaScript|Go|Rust|Java|C++|TypeScript|Ruby|C#|Swift|PHP)
    (implement|build|design|write|implemente) {h}
    (debug|fix|refactor|review|optimize|explain) (this|my) (code|function|class|query|script): {p}
    (write|add|create) (unit tests|type hints|documentation|logging|error handling) (for|to) (this|my) (code|function): {p}
    ?why (does|is) (this|my) (code|function|query) (fail|slow|wrong|crash): {p}
    ?what does this (code|function) do: {p}
    (convert|port|translate) this (code|function) (from Python to Rust|to Go|to Java|to TypeScript|to C): {p}
    """,
    "(architect|prototype) {h}",
    "(sketch|engineer) {h} in (Scala|Haskell|Elixir)",
)
_HARD = (
    "merge sort|quick sort|binary search|a binary tree|a linked list|an LRU cache|a web scraper|a REST API|a chat server|a thread pool|Dijkstra|depth first search"
    "|a JSON parser|a regular expression engine|a tokenizer|a game of life|a tic-tac-toe game|sudoku solver|matrix multiplication|the Fibonacci sequence with memoization"
    "|a rate limiter|an event loop|a bank account|a decorator that retries|a context manager|a generator of primes|the sieve of Eratosthenes|an async queue|a CLI todo app"
    "|a hash map|a priority queue|the longest common subsequence|edit distance|the n queens problem|a URL shortener|OAuth login|a blockchain|a neural network|k-means"
    "|a PDF reader|an email validator|a password generator|a CSV importer|a date parser|roman numerals|anagrams|prime numbers|greatest common divisor|bubble sort"
    "|string compression|balanced parentheses|a stack with two queues|file encryption|an image resizer|a stopwatch|a calculator|a currency converter|a Caesar cipher"
).split("|")
_SNIPPETS = [
    "def f({a}):\n    return {b}[0]", "for i in range({n}):\n    print({a}[i])", "SELECT * FROM {a} JOIN {b} ON {a}.id = {b}.id", "const {a} = async () => await {b}();",
    "class {a}:\n    def __init__(self):\n        self.{b} = {n}", "if {a} == {n}: {b}()", "x = [{a} for {a} in {b}]", "function {a}(x) { return x + {b}; }", "{a} = {b}({n})",
]  # fmt: skip
_FOREIGN = [
    "Extrae el número de pedido y el total de: Pedido {o} por {m}.", "¿Cuál es la capital de {c}?", "Convierte {d} a formato ISO", "Escribe una función en Python que invierta una cadena",
    "Extrais le numéro de commande de : Commande {o} pour {m}", "Convertis {d} au format ISO", "Écris un poème sur {c}", "Rappelle-moi d'appeler {n} demain", "Quelle heure est-il à {c} ?",
    "Extrahiere die Bestellnummer aus: Bestellung {o} über {m}", "Erinnere mich morgen an {n}", "Wie ist das Wetter in {c}?", "Schreibe eine Funktion in Python", "Übersetze das: {n} wohnt in {c}",
    "Estrai il numero d'ordine da: Ordine {o}, totale {m}", "Ricordami di chiamare {n} domani", "Scrivi una funzione Python", "Recuérdame llamar a {n} mañana", "Ordena esta lista: {n}, {c}",
    "Zet {d} om naar ISO", "Haal het ordernummer uit: bestelling {o}", "Napisz funkcję w Pythonie", "Skriv en funktion i Python", "Verilen metinden sipariş numarasını çıkar: {o}",
    "提取订单号: {o}", "注文番号を抜き出して: {o}", "주문 번호를 추출해줘: {o}", "Извлеки номер заказа из: заказ {o}", "استخرج رقم الطلب من: {o}", "Recuérdame pagar {m} en {c}",
    "¿Cuánto es {m} en euros?", "Clasifica este ticket: mi pedido {o} no llegó", "Classe ce ticket : ma commande {o} n'est pas arrivée", "Résume ce texte : {n} habite à {c}.",
]  # fmt: skip
_CHAT = {
    "en": Frames(
        """
        (hi|hello|hey|good morning|good evening|yo|hi there)(| there|, how are you?| {n}| friend)
        ?(how are you|who are you|what can you do|what is your name|are you human|tell me a joke|what's up|do you like {w}s)
        (I feel|I am) (sad|happy|bored|tired|stressed|lonely|anxious) (today|about {w}|because of work|)
        ?what (should I|can I) (cook|watch|read|wear|do|buy) (today|tonight|this weekend|for {n}|in {c})
        ?(what is the weather|what time is it|what is the best restaurant|is it safe|how do I get) (in|to) {c}
        ?(what is the capital of|how many people live in|where is|how old is) {c}
        (plan|organize|suggest) (a trip to {c}|a party for {n}|a week of meals|my day|a date in {c})
        ?(who won|who is|when was|where was) {n}(| born| the president| the match)
        {w}
        {w} {x}
        thanks
        ?can you help me
        (play|sing|draw|open|turn on|book|buy|stop|start|send) (the|a|my) {w}
        (recommend|find|buy me|book) a (flight|hotel|restaurant|gift|movie) (in {c}|for {n}|near {c})
        """,
        "(cheer me up|keep me company)",
        "(amuse me|surprise me), {n}",
    ),
    "pt": Frames(
        """
        (oi|olá|bom dia|boa noite|e aí)(|, tudo bem?| {n}| amigo)
        ?(como vai|quem é você|o que você faz|qual é seu nome|você é humano|conte uma piada|gosta de {w})
        (estou|me sinto) (triste|feliz|entediado|cansado|sozinho|ansioso) (hoje|com {w}|)
        ?o que (devo|posso) (cozinhar|ver|ler|vestir|fazer|comprar) (hoje|neste fim de semana|para {n}|em {c})
        ?(como está o tempo|que horas são|qual é o melhor restaurante|é seguro viver) em {c}
        ?(qual é a capital de|quantas pessoas vivem em|onde fica) {c}
        (planeje|organize|sugira) (uma viagem a {c}|uma festa para {n}|meu dia|um jantar em {c})
        ?(quem ganhou|quem é|quando nasceu|onde nasceu) {n}
        {w}
        {w} {x}
        obrigado
        (toque|desenhe|abra|ligue|reserve|compre|pare|envie) (o|a|um|uma) {w}
        """,
        "(me anime|me faça companhia)",
        "(me divirta|me surpreenda), {n}",
    ),
}


def _sentence(draw: Draw, language: str) -> str:
    return complaint(draw, language)[0] if draw.chance(0.4) else message(draw, language)[0]


def far(draw: Draw, language: str) -> str:
    """A request that needs a larger model, in any of the usual shapes."""
    kind = draw.rng.random()
    one, other = values.any_word(draw, language), values.any_word(draw, language)
    name, friend = draw.pick(values.FIRST), draw.pick(values.FIRST)
    if kind < 0.4:
        topics = _TOPICS[language] if draw.chance(0.75) else [one, f"{one} {other}"]
        text = draw.phrase(
            _OPEN[language], t=draw.pick(topics), u=draw.pick(topics), s=_sentence(draw, language)
        )
    elif kind < 0.58:
        text = draw.phrase(
            _MATHS[language],
            a=str(draw.integer(2, 400)),
            b=str(draw.integer(2, 30)),
            c=str(draw.integer(2, 999)),
            n=name,
            m=friend,
            w=one,
            x=other,
        )
    elif kind < 0.75:
        snippet = (
            draw.pick(_SNIPPETS)
            .replace("{a}", one)
            .replace("{b}", other)
            .replace("{n}", str(draw.integer(0, 99)))
        )
        text = draw.phrase(_HARD_CODE, h=draw.pick(_HARD), p=snippet)
    elif kind < 0.83:
        text = (
            draw.pick(_FOREIGN)
            .replace("{o}", values.code_number(draw, "order"))
            .replace("{m}", values.amount(draw, language))
        )
        date = f"{draw.integer(1, 28)}/{draw.integer(1, 12)}/2025"
        return (
            text.replace("{c}", draw.pick(values.CITIES)).replace("{n}", name).replace("{d}", date)
        )
    else:
        text = draw.phrase(_CHAT[language], n=name, c=draw.pick(values.CITIES), w=one, x=other)
    return dress(draw, text, language) + draw.pick(["", "", "?", "."])
