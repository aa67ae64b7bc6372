# ruff: noqa: E501, SIM905 - a template or a word list stays in one piece
"""Slot values: names, e-mails, identifiers, amounts, dates, words, drawn by split."""

from __future__ import annotations

import functools

from agents.nano.data.grammar import Draw, Frames
from agents.nano.data.phrasing import strip_accents

FIRST = (
    "Ana Maria Beatriz Carla Fernanda Gabriela Helena Isabela Julia Larissa Mariana Paula Renata"
    " Sofia Tatiana Vanessa Rafael Bruno Carlos Diego Eduardo Felipe Gustavo Henrique Joao Lucas"
    " Marcos Mateus Pedro Rodrigo Thiago Vinicius Wagner João José Antônio Cláudia Patrícia Lúcia"
    " Márcia Sérgio Fábio André Débora Mônica Emma Olivia Ava Mia Grace Chloe Hannah Laura Alice"
    " Rachel Nina Karen Susan Linda Tom Thomas James John Robert Michael William David Richard"
    " Daniel Mark Paul George Kevin Brian Jason Ryan Eric Adam Peter Oliver Jack Harry Noah Liam"
    " Ethan Priya Ravi Amit Wei Yuki Omar Fatima Ahmed Leila Ivan Olga Sven Ingrid Marco Giulia"
    " Pierre Claire Hans Petra Diego Lucia Carmen Pablo Chen Mei Aisha Kofi Zara Leandro Caio"
).split()
LAST = (
    "Silva Souza Santos Oliveira Pereira Costa Rodrigues Almeida Nascimento Lima Araujo Ribeiro"
    " Carvalho Gomes Martins Rocha Barbosa Alves Moreira Cardoso Teixeira Correia Mendes Nunes"
    " Freitas Vieira Monteiro Duarte Ramos Campos Gonçalves Magalhães Conceição Assunção Smith"
    " Johnson Brown Taylor Wilson Davies Evans Walker Wright Thompson White Hughes Edwards Green"
    " Hall Wood Harris Lewis Clarke Jackson Turner Hill Scott Cooper Morris Ward Baker King Young"
    " Allen Parker Bell Murphy Kelly Price Bennett Gray Cook Reed Patel Khan Singh Kumar Nguyen"
    " Chen Wang Tanaka Sato Kim Park Rossi Ferrari Müller Weber Schmidt Novak Kowalski Ivanov"
    " Haddad Okafor Mensah Larsen Berg Dubois Moreau Garcia Lopez Fernandez Torres Vargas Castro"
).split()
CITIES = (
    "São Paulo|Rio de Janeiro|Curitiba|Recife|Salvador|Fortaleza|Manaus|Campinas|Porto Alegre"
    "|Belo Horizonte|Brasília|Goiânia|Florianópolis|Natal|Belém|Santos|Niterói|Lisbon|Lisboa|Porto"
    "|Boston|Chicago|Denver|Seattle|Austin|Dallas|Houston|Miami|Atlanta|Portland|New York|Los Angeles"
    "|San Diego|San Jose|Phoenix|Detroit|London|Leeds|Bristol|Manchester|Dublin|Toronto|Vancouver"
    "|Sydney|Melbourne|Berlin|Madrid|Paris|Rome|Vienna|Oslo|Prague|Nairobi|Lagos|Mumbai|Tokyo|Osaka"
    "|Joinville|Londrina|Sorocaba|Uberlândia|Cuiabá|Maceió|Aracaju|Vitória|Braga|Coimbra|Faro"
).split("|")
WORDS = {
    "en": (
        "apple bread chair table lamp phone laptop mouse keyboard monitor cable printer paper pencil"
        " notebook backpack jacket shirt shoes hat scarf glove umbrella bottle cup plate knife spoon"
        " pan kettle toaster blender fan heater filter battery charger adapter router camera lens"
        " tripod speaker headset drone watch ring wallet bag box tape glue brush paint ladder hammer"
        " drill screw nail rope chain lock key door window curtain carpet pillow blanket mattress sofa"
        " desk shelf drawer mirror clock vase candle soap towel sponge bucket broom garden hose seed"
        " soil plant flower tree grass stone brick sand cement pipe valve pump engine tire wheel brake"
        " mirror oil fuel coffee tea sugar salt pepper rice beans flour egg milk cheese butter honey"
        " orange banana grape lemon mango peach tomato potato onion carrot garlic fish chicken beef"
        " red blue green black white yellow purple brown small large heavy light fast slow new old hot"
        " cold dry wet open closed north south city river mountain beach forest island bridge street"
        " market school office hospital library museum station airport hotel train plane boat truck"
        " report meeting budget invoice contract project team client manager review draft email call"
        " plan note list file folder page line word number name date time price order item value user"
        " status amount country region level score state type color size weight height width id age"
        " tag title author genre rating stock vendor salary grade points visits clicks address notes"
    ).split(),
    "pt": (
        "maçã pão cadeira mesa lâmpada telefone caderno mochila camisa sapato chapéu guarda-chuva"
        " garrafa copo prato faca colher panela chaleira ventilador filtro bateria carregador câmera"
        " lente relógio anel carteira bolsa caixa fita cola pincel tinta escada martelo furadeira"
        " parafuso prego corda corrente chave porta janela cortina tapete travesseiro cobertor colchão"
        " sofá estante gaveta espelho vaso vela sabão toalha esponja balde vassoura jardim mangueira"
        " semente planta flor árvore grama pedra tijolo areia cimento cano bomba motor pneu roda freio"
        " óleo café chá açúcar sal pimenta arroz feijão farinha ovo leite queijo manteiga mel laranja"
        " banana uva limão manga pêssego tomate batata cebola cenoura alho peixe frango carne vermelho"
        " azul verde preto branco amarelo roxo marrom pequeno grande pesado leve novo velho quente"
        " frio seco cidade rio montanha praia floresta ilha ponte rua mercado escola hospital museu"
        " estação aeroporto hotel trem avião barco caminhão relatório reunião orçamento contrato"
        " projeto equipe cliente gerente revisão rascunho plano nota lista arquivo pasta página linha"
        " palavra número nome data hora preço pedido item valor usuário estado tipo cor tamanho peso"
        " altura idade título autor estoque salário pontos visitas endereço teclado monitor impressora"
    ).split(),
}
_ONSETS = (
    "b c d f g h j k l m n p r s t v w z br cr dr fr gr pr tr bl cl fl gl pl st sp ch sh".split()
)
_VOWELS = "a e i o u ai ea io oa ou".split()
_CODAS = ["", "", "", "n", "r", "s", "l", "m", "t", "x", "ck", "nd", "st"]
_DOMAINS = ["com", "com", "com.br", "net", "org", "io", "co.uk", "com.br", "pt", "dev", "edu", "de"]
_COMPANY_ENDS = [
    "Ltd",
    "Inc",
    "Ltda",
    "Labs",
    "Foods",
    "Group",
    "Tech",
    "Logistics",
    "& Sons",
    "Systems",
    "Corp",
    "S.A.",
    "Studio",
    "Trading",
    "Comércio",
    "Transportes",
    "Media",
]
_ADJECTIVES = {
    "en": "wireless portable leather wooden steel ceramic cotton plastic digital electric mini pro"
    " classic smart red blue green black white small large folding heavy foldable".split(),
    "pt": "sem fio|portátil|de couro|de madeira|de aço|de cerâmica|de algodão|digital|elétrico|mini"
    "|clássico|inteligente|vermelho|azul|verde|preto|branco|pequeno|grande|dobrável".split("|"),
}
STREETS = {
    "en": [
        "{n} {w} Street",
        "{n} {w} Avenue",
        "{n} {w} Road",
        "{n} {w} Lane",
        "{n} {w} Drive",
        "{n} {w} St",
        "{n} {w} Ave, Apt {k}",
        "{n} {w} Blvd, Suite {k}",
    ],
    "pt": [
        "Rua {w}, {n}",
        "Avenida {w}, {n}",
        "Av. {w}, {n}",
        "Rua {w} {x}, {n}",
        "Travessa {w}, {n}",
        "Rua {w}, {n}, apto {k}",
        "Alameda {w}, {n}",
        "R. {w}, {n}",
    ],
}


def syllables(draw: Draw) -> str:
    count = draw.pick([1, 2, 2, 2, 3])
    parts = (draw.pick(_ONSETS) + draw.pick(_VOWELS) for _ in range(count))
    return "".join(parts) + draw.pick(_CODAS)


def digits(draw: Draw, count: int) -> str:
    return str(draw.integer(1, 9)) + "".join(str(draw.integer(0, 9)) for _ in range(count - 1))


def any_word(draw: Draw, language: str) -> str:
    """A common word of the language, or now and then of the other, or a made-up one."""
    kind = draw.rng.random()
    if kind < 0.56:
        return draw.pick(WORDS[language])
    if kind < 0.64:
        return draw.pick(WORDS["en"]) if kind < 0.6 else draw.pick(_template_words()).lower()
    return syllables(draw)


@functools.cache
def _template_words() -> list[str]:
    return sorted(Frames.vocabulary)


def word(draw: Draw, language: str) -> str:
    return draw.held(lambda d: any_word(d, language))


def words(draw: Draw, language: str, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        candidate = word(draw, language)
        if candidate not in found:
            found.append(candidate)
    return found


def identifier_word(draw: Draw, language: str) -> str:
    """A lower-case ASCII name for a table, a column, a file or a function."""

    def make(d: Draw) -> str:
        name = strip_accents(any_word(d, language)).replace("-", "_")
        if d.chance(0.2):
            name += "_" + strip_accents(any_word(d, language)).replace("-", "_")
        return name

    return draw.held(make)


def first_name(draw: Draw) -> str:
    def make(d: Draw) -> str:
        kind = d.rng.random()
        return d.pick(FIRST) if kind < 0.75 else syllables(d).capitalize()

    return draw.held(make)


def _any_surname(draw: Draw) -> str:
    kind = draw.rng.random()
    if kind < 0.7:
        return draw.pick(LAST)
    if kind < 0.8:
        return draw.pick(WORDS["en"]).capitalize()
    return syllables(draw).capitalize()


def _any_full_name(draw: Draw) -> str:
    first = draw.pick(FIRST) if draw.chance(0.75) else syllables(draw).capitalize()
    last = _any_surname(draw)
    kind = draw.rng.random()
    if kind < 0.12:
        return f"{first} {draw.pick(['da', 'de', 'dos', 'van', 'do', 'De'])} {last}"
    if kind < 0.2:
        return f"{first} {_any_surname(draw)} {last}"
    if kind < 0.24:
        return f"{first} {last[0]}. {last}"
    return f"{first} {last}"


def full_name(draw: Draw) -> str:
    return draw.held(_any_full_name)


def email(draw: Draw, name: str | None = None) -> str:
    def make(d: Draw) -> str:
        if name and d.chance(0.5):
            parts = strip_accents(name.lower().replace(".", "").replace("'", "")).split()
        else:
            parts = [strip_accents(_any_full_name(d).lower().split()[0]), syllables(d)]
        local = d.pick(
            [
                ".".join(parts[:2]),
                parts[0],
                "".join(parts[:2]),
                "_".join(parts),
                parts[0][0] + parts[-1],
                "-".join(parts[:2]),
                ".".join(parts[:2]),
            ]
        )
        if d.chance(0.25):
            local += digits(d, d.integer(1, 4))
        host = d.pick(
            [
                syllables(d),
                syllables(d),
                syllables(d) + syllables(d),
                d.pick(WORDS["en"]),
                "gmail",
                "example",
                "outlook",
                "hotmail",
                d.pick(WORDS["en"]) + d.pick(WORDS["en"]),
                syllables(d) + "-" + syllables(d),
            ]
        )
        return f"{local}@{host}.{d.pick(_DOMAINS)}"

    return draw.held(make)


def local_phone(draw: Draw, country: str) -> tuple[str, str]:
    """A number as people write it at home, and its E.164 form (br, us or pt)."""
    while True:
        written, international = _any_phone(draw, country)
        plain = "".join(c for c in written if c.isdigit())
        if draw.held_bucket(plain):
            return written, international


def _any_phone(draw: Draw, country: str) -> tuple[str, str]:
    if country == "br":
        area = str(draw.integer(11, 99))
        number = (
            ("9" + digits(draw, 8))
            if draw.chance(0.7)
            else str(draw.integer(2, 5)) + digits(draw, 7)
        )
        a, b = number[:-4], number[-4:]
        written = draw.pick(
            [
                f"({area}) {a}-{b}",
                f"({area}) {a} {b}",
                f"{area} {a}-{b}",
                f"{area}{a}{b}",
                f"{area} {a}{b}",
                f"({area}){a}-{b}",
                f"{area}-{a}-{b}",
                f"{area} {a} {b}",
            ]
        )
        return written, f"+55{area}{number}"
    if country == "us":
        area, mid, end = digits(draw, 3), digits(draw, 3), digits(draw, 4)
        written = draw.pick(
            [
                f"({area}) {mid}-{end}",
                f"{area}-{mid}-{end}",
                f"{area}.{mid}.{end}",
                f"{area} {mid} {end}",
                f"{area}{mid}{end}",
                f"({area}) {mid} {end}",
                f"({area}){mid}-{end}",
            ]
        )
        return written, f"+1{area}{mid}{end}"
    number = "9" + str(draw.pick([1, 2, 3, 6])) + digits(draw, 7)
    a, b, c = number[:3], number[3:6], number[6:]
    return draw.pick([f"{a} {b} {c}", f"{a}{b}{c}", f"{a}-{b}-{c}"]), f"+351{number}"


def plus_phone(draw: Draw) -> tuple[str, str]:
    """A number that already names its country with +, and its E.164 form."""
    code = draw.pick(
        ["55", "1", "44", "351", "49", "33", "34", "39", "52", "54", "91", "81", "61", "971"]
    )
    groups = draw.pick(
        [(2, 4, 4), (2, 5, 4), (3, 3, 4), (2, 3, 4), (1, 4, 4), (3, 3, 3), (2, 4, 3)]
    )
    while True:
        parts = [digits(draw, n) for n in groups]
        if draw.held_bucket(code + "".join(parts)):
            break
    first = draw.pick([f"({parts[0]})", parts[0], parts[0]])
    join = draw.pick([" ", "-", " ", "."])
    return (
        f"+{code}{draw.pick([' ', ' ', '-'])}{first} {join.join(parts[1:])}",
        "+" + code + "".join(parts),
    )


def phone(draw: Draw, language: str) -> str:
    """A phone number in any usual spelling."""
    if draw.chance(0.2):
        return plus_phone(draw)[0]
    return local_phone(draw, draw.pick(["br", "br", "pt"]) if language == "pt" else "us")[0]


def code_number(draw: Draw, kind: str) -> str:
    """An identifier as shops write it; kind is order, invoice or tracking."""
    prefixes = {
        "order": ["", "", "", "#", "#", "ORD-", "A-", "PO-", "SO", "BR-", "W", "OD-", "PED-", "X"],
        "invoice": [
            "INV-",
            "INV",
            "NF-",
            "F-",
            "FT ",
            "",
            "#",
            "INV/",
            "NFe ",
            "2025-",
            "2024/",
            "B-",
        ],
        "tracking": ["BR", "TRK-", "1Z", "LX", "TBA", "PX", "JD", "RR", "TR"],
    }

    def make(d: Draw) -> str:
        body = digits(d, d.integer(3, 8) if kind != "tracking" else d.integer(7, 10))
        if d.chance(0.15):
            body = body[:3] + "-" + body[3:]
        tail = d.pick(["", "", "", "", "A", "BR", "-B", "X"])
        if kind == "tracking":
            tail = d.pick(["BR", "CN", "US", "", "", "PT"])
        return d.pick(prefixes[kind]) + body + tail

    return draw.held(make)


def amount(draw: Draw, language: str) -> str:
    """A price with its currency, as written in a message."""

    def make(d: Draw) -> str:
        whole = d.integer(1, d.pick([99, 999, 9999, 99999]))
        cents = d.integer(0, 99)
        if language == "pt":
            number = f"{whole:,}".replace(",", ".") + (f",{cents:02d}" if d.chance(0.85) else "")
            return d.pick(
                ["R$ {}", "R$ {}", "R${}", "R$ {}", "{} reais", "€ {}", "{} €", "US$ {}"]
            ).format(number)
        number = (f"{whole:,}" if d.chance(0.8) else str(whole)) + (
            f".{cents:02d}" if d.chance(0.8) else ""
        )
        return d.pick(
            ["${}", "${}", "${}", "€{}", "£{}", "{} USD", "{} EUR", "US$ {}", "{} dollars"]
        ).format(number)

    return draw.held(make)


def company(draw: Draw, language: str) -> str:
    def make(d: Draw) -> str:
        head = d.pick(
            [
                syllables(d).capitalize(),
                syllables(d).capitalize(),
                d.pick(WORDS["en"]).capitalize(),
                d.pick(LAST),
                d.pick(WORDS[language]).capitalize(),
            ]
        )
        if d.chance(0.2):
            head += " " + d.pick([syllables(d), d.pick(WORDS["en"])]).capitalize()
        return head + (" " + d.pick(_COMPANY_ENDS) if d.chance(0.75) else "")

    return draw.held(make)


def city(draw: Draw) -> str:
    return draw.held(lambda d: d.pick(CITIES) if d.chance(0.7) else syllables(d).capitalize())


def product(draw: Draw, language: str) -> str:
    def make(d: Draw) -> str:
        noun = d.pick(WORDS[language][:110]) if d.chance(0.75) else syllables(d)
        kind = d.rng.random()
        if kind < 0.35:
            extra = d.pick(_ADJECTIVES[language])
            return f"{extra} {noun}" if language == "en" else f"{noun} {extra}"
        if kind < 0.5:
            return f"{noun} {d.pick(['X', 'Pro', 'S', 'Max', 'Mini', 'Z'])}{digits(d, d.integer(1, 3))}"
        if kind < 0.65:
            return (
                f"{noun} {d.pick(WORDS[language][:110])}"
                if language == "en"
                else f"{noun} de {syllables(d)}"
            )
        return noun.capitalize() if kind < 0.72 else noun

    return draw.held(make)


def street(draw: Draw, language: str) -> str:
    def make(d: Draw) -> str:
        name = d.pick([d.pick(LAST), d.pick(WORDS["en"]).capitalize(), syllables(d).capitalize()])
        return d.pick(STREETS[language]).format(
            n=d.integer(1, 2999), w=name, x=d.pick(LAST), k=d.integer(1, 300)
        )

    return draw.held(make)


def postcode(draw: Draw, language: str) -> str:
    def make(d: Draw) -> str:
        if language == "pt":
            return f"{digits(d, 5)}-{digits(d, 3)}"
        return d.pick(
            [
                digits(d, 5),
                f"{d.pick('SWENB')}{d.integer(1, 9)} {d.integer(1, 9)}{d.pick('ABDEF')}{d.pick('GHJLN')}",
            ]
        )

    return draw.held(make)
