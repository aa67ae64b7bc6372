# ruff: noqa: E501 - a template or a word list stays in one piece
"""Families `money`, `phone` and `copy`: amounts and numbers in one fixed form, and plain copying."""

from __future__ import annotations

from agents.nano.data import values
from agents.nano.data.grammar import Draw, Frames, Sample
from agents.nano.data.phrasing import inline, request

MONEY = {
    "en": Frames(
        """
        (normalize|normalise|standardize|format|convert) (the|this) (amount|price|value|sum): {v}
        (normalize|normalise|standardize) {v}
        (normalize|format|write|convert|put) {v} as (a plain amount|an amount with currency code|amount and currency code|number and currency code|a normalized amount)
        (write|convert|change|turn|put) {v} (with|using|to|into|in) (the ISO currency code|an ISO currency code|a currency code|a plain number and currency code)
        ?what is {v} (as|in) (plain amount and currency code|amount and currency code|normalized form)
        (normalized|normalised|standard) amount (of|for): {v}
        (normalize|standardize|format) the (price|amount|total|value) {v}
        {v} (normalized|as amount and currency code|with currency code)
        (find|extract|get) the amount and (normalize|standardize) it: {c}
        (amount|price|money) to standard form: {v}
        """,
        """
        (clean up|tidy) the amount {v}
        standard form of the (sum|price) {v}
        """,
        """
        (canonicalise|canonicalize|regularise) (the amount|the price|) {v}
        (restate|recast) {v} as a plain amount with its code
        """,
    ),
    "pt": Frames(
        """
        (normalize|padronize|formate|converta) (o valor|este valor|a quantia|o preço): {v}
        (normalize|padronize) {v}
        (normalize|formate|escreva|converta|coloque) {v} (como|em) (valor e código da moeda|número e código da moeda|valor normalizado)
        (escreva|converta|passe) {v} com (o código da moeda|código ISO da moeda)
        ?(como fica|qual é) {v} (em valor e código da moeda|normalizado)
        (valor normalizado|valor padronizado) de: {v}
        (normalize|padronize|formate) (o preço|o valor|o total) {v}
        {v} (normalizado|com código da moeda)
        (encontre|extraia|pegue) o valor e (normalize|padronize): {c}
        valor em forma padrão: {v}
        """,
        """
        (arrume|limpe) o valor {v}
        forma padrão da quantia {v}
        """,
        """
        (regularize|uniformize) (o valor|a quantia) {v}
        (redija|ajuste) {v} como valor com código
        """,
    ),
}
_PRICES = {
    "en": ["The ticket costs {v}.", "We paid {v} for it.", "The rent is {v} a month.", "I owe you {v}.", "The fee was {v}."],
    "pt": ["O ingresso custa {v}.", "Pagamos {v} por isso.", "O aluguel é {v} por mês.", "Devo {v} a você.", "A taxa foi {v}."],
}  # fmt: skip
# How each currency is written before and after the number, by language of the message.
_SYMBOLS = {
    "en": [("USD", ["${}", "${}", "US${}", "$ {}", "{} dollars", "USD {}", "{} USD", "US$ {}"]), ("EUR", ["€{}", "€ {}", "{} euros", "EUR {}", "{} EUR"]),
           ("GBP", ["£{}", "£ {}", "{} pounds", "GBP {}", "{} GBP"]), ("BRL", ["R${}", "R$ {}", "BRL {}", "{} BRL", "{} reais"])],
    "pt": [("BRL", ["R$ {}", "R$ {}", "R${}", "{} reais", "BRL {}", "R$ {}"]), ("EUR", ["€ {}", "€{}", "{} euros", "{} €"]),
           ("USD", ["US$ {}", "US${}", "{} dólares", "USD {}"]), ("GBP", ["£ {}", "{} libras"])],
}  # fmt: skip


def money(draw: Draw, language: str) -> Sample:
    def make(d: Draw) -> str:
        return f"{d.integer(1, d.pick([99, 999, 9999, 99999, 999999]))}.{d.integer(0, 99):02d}"

    amount = draw.held(make)
    whole, cents = amount.split(".")
    if draw.chance(0.2):
        cents = draw.pick(["00", cents[0] + "0"])
    group, point = (",", ".") if language == "en" else (".", ",")
    shown = f"{int(whole):,}".replace(",", group) if draw.chance(0.7) else whole
    fraction = f"{point}{cents}" if cents != "00" or draw.chance(0.4) else ""
    if len(fraction) == 3 and fraction[2] == "0" and cents != "00" and draw.chance(0.3):
        fraction = fraction[:2]
    code, spellings = draw.pick(_SYMBOLS[language] + _SYMBOLS[language][:2])
    written = draw.pick(spellings).format(shown + fraction)
    text = draw.pick(_PRICES[language]).replace("{v}", written)
    prompt = inline(draw, MONEY[language], language, v=written, c=text)
    return Sample("money", language, prompt, f"{whole}.{cents} {code}")


# {k} is a country phrase or empty; the frame decides where it may stand.
PHONE = {
    "en": Frames(
        """
        (convert|change|turn|format|put|normalize|normalise|rewrite|write) {v} (to|into|in|as) (E.164|E164|e.164|E.164 format|the E.164 format|international format){k}
        (convert|format|normalize|put) (the|this) (phone|phone number|number|telephone) (to|into|in|as) (E.164|E164|E.164 format|international format){k}: {v}
        (convert|format|normalize) (the|this) (phone|phone number|number) {v} (to|into|in|as) (E.164|E164|E.164 format){k}
        (normalize|normalise|standardize) (the|this) (phone|phone number|telephone number){k}: {v}
        ?what is {v} in (E.164|E164|E.164 format|international format){k}
        ?{v} (in|to|as) (E.164|E164|E.164 format){k}
        (E.164|E164) (of|for|form of) {v}{k}
        (phone|number) to E.164{k}: {v}
        (give|tell) me {v} in (E.164|international format){k}
        """,
        """
        (render|represent) {v} as E.164{k}
        E.164 version{k}: {v}
        """,
        """
        (restate|recast|reformat) {v} (as|in) (E.164|E.164 notation){k}
        I need the E.164 notation of {v}{k}
        """,
    ),
    "pt": Frames(
        """
        (converta|mude|passe|formate|coloque|normalize|reescreva|escreva) {v} (para|em|no formato) (E.164|E164|formato E.164|formato internacional){k}
        (converta|formate|normalize|passe) (o telefone|este telefone|o número|este número) (para|em|no formato) (E.164|E164|formato internacional){k}: {v}
        (converta|formate|normalize) (o telefone|o número) {v} (para|em|no formato) (E.164|E164){k}
        (normalize|padronize) (o telefone|este número|o número de telefone){k}: {v}
        ?(qual é|como fica) {v} (em|no formato) (E.164|E164|formato internacional){k}
        ?{v} (em|no formato|para) (E.164|E164){k}
        (E.164|E164) (de|para) {v}{k}
        telefone em E.164{k}: {v}
        (me dê|me passe) {v} em (E.164|formato internacional){k}
        """,
        """
        (represente|apresente) {v} em E.164{k}
        versão E.164{k}: {v}
        """,
        """
        (redija|grafe|reformate) {v} (em|como) E.164{k}
        preciso da notação E.164 de {v}{k}
        """,
    ),
}
_COUNTRIES = {
    "en": {"us": [" (USA)", ", US number", ", it is a US number", ", country US", " for the US", " (United States)"],
           "br": [" (Brazil)", ", Brazilian number", ", it is a Brazilian number", ", country Brazil", " for Brazil", " (BR)"],
           "pt": [" (Portugal)", ", Portuguese number", ", country Portugal", " for Portugal"]},
    "pt": {"us": [" (EUA)", ", número dos EUA", ", país EUA", " (Estados Unidos)"],
           "br": [" (Brasil)", ", número brasileiro", ", país Brasil", ", número do Brasil"],
           "pt": [" (Portugal)", ", número português", ", país Portugal", ", número de Portugal"]},
}  # fmt: skip


def phone(draw: Draw, language: str) -> Sample:
    """English numbers are of the US and Portuguese ones of Brazil unless the request says more."""
    if draw.chance(0.25):
        (written, answer), where = values.plus_phone(draw), ""
    else:
        home = "us" if language == "en" else "br"
        country = draw.pick([home, home, "br", "us", "pt"])
        written, answer = values.local_phone(draw, country)
        needed = country != home or draw.chance(0.2)
        where = draw.pick(_COUNTRIES[language][country]) if needed else ""
    return Sample(
        "phone", language, inline(draw, PHONE[language], language, v=written, k=where), answer
    )


COPY = {
    "en": Frames(
        """
        (repeat|copy|echo|say|print|type|output|reproduce) (this|the text|the following|exactly this|exactly|this text)
        (repeat|copy|echo) (back|) (the following|this) (text|line|sentence|) (exactly|word for word|verbatim|as it is|unchanged|)
        (repeat|say) after me
        (return|give me) (this|the) (text|line|sentence) (unchanged|as is|exactly)
        """,
        "(restate|recite) this word by word",
        "(duplicate|mirror) the (line|text) without changes",
    ),
    "pt": Frames(
        """
        (repita|copie|ecoe|diga|escreva|reproduza) (isto|o texto|o seguinte|exatamente isto|exatamente)
        (repita|copie) (o seguinte texto|este texto|esta linha|esta frase) (exatamente|palavra por palavra|como está|sem mudar nada|)
        (repita|diga) comigo
        (devolva|me dê) (este texto|esta frase) (sem mudanças|como está|igual)
        """,
        "(recite|redite) isto palavra por palavra",
        "(duplique|espelhe) a linha sem alterações",
    ),
}


def copy(draw: Draw, language: str) -> Sample:
    """Pure copying of odd words, names and numbers: it trains the skill that the others need."""

    def piece(d: Draw) -> str:
        kind = d.rng.random()
        if kind < 0.55:
            return values.any_word(d, language)
        if kind < 0.7:
            return values.syllables(d).capitalize()
        if kind < 0.78:
            return "".join(
                d.pick("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
                for _ in range(d.integer(2, 7))
            )
        if kind < 0.86:
            return values.digits(d, d.integer(1, 8))
        return d.pick([values.full_name, values.email, values.city])(d)

    text = draw.held(lambda d: " ".join(piece(d) for _ in range(d.pick([1, 2, 3, 4, 5, 6, 8, 10]))))
    if draw.chance(0.2):
        text = text.replace(" ", draw.pick([", ", "-", "_", "\n", "/"]))
    return Sample("copy", language, request(draw, COPY[language], language, text), text)
