# ruff: noqa: E501, SIM905 - a template or a word list stays in one piece
"""Family `edit`: bullets, numbering, JSON list, joining lines, replacing a word."""

from __future__ import annotations

from agents.nano.data import values
from agents.nano.data.fields import enumerated
from agents.nano.data.grammar import Draw, Frames, Sample, compact
from agents.nano.data.phrasing import request

EDIT = {
    "en": {
        "bullets": Frames(
            """
            (turn|convert|make|change|transform|rewrite|put|format) (this|these|the list|this list|these items|the following|the items) (into|as|to|in) (bullets|bullet points|a bulleted list|a bullet list)
            (make|create|write|give me|return) (a|) (bullet|bulleted) list (of|from|with) (this|these|these items|the following|the items)
            (bullet points|bullets|bullet list) (from|for|of) (this|these|these items)
            (list|show|write) (these|the items|these items|them) as (bullets|bullet points|a bullet list)
            """,
            "(lay out|arrange) these as bullets",
            "(itemise|itemize) (these|the following) with (dashes|bullets)",
        ),
        "numbers": Frames(
            """
            (turn|convert|make|change|transform|rewrite|put|format) (this|these|the list|this list|these items|the following) (into|as|to|in) (a numbered list|a list with numbers)
            (make|create|write|give me|return) (a|) numbered list (of|from|with) (this|these|these items|the following)
            number (these|these items|the items|the list)
            numbered list (of|from|for) (this|these|these items)
            """,
            "(lay out|arrange) these as a numbered list",
            "(enumerate|count off) (these|the following) items (one per line|with numbers)",
        ),
        "json": Frames(
            """
            (turn|convert|make|change|transform|rewrite|put|format) (this|these|the list|this list|these items|the following) (into|as|to|in) (a JSON list|a JSON array|JSON|a json array)
            (make|create|write|give me|return) (a|) JSON (list|array) (of|from|with) (this|these|these items|the following)
            JSON (list|array) (of|from|for) (this|these|these items)
            (return|write|show) (these|the items|these items) as (a JSON array|a JSON list)
            """,
            "(serialise|serialize) these items as a JSON array",
            "(encode|dump) (these|the following) (to|as) a JSON array",
        ),
        "join": Frames(
            """
            (join|put|merge|combine|write) (these|the|these) (lines|items) (in|into|on|as) (one line|a single line) (with commas|separated by commas)
            (turn|convert|make|change) (these lines|this list|the lines|these items) (into|to) (a comma separated list|a comma-separated line|comma separated values)
            (comma separated|comma-separated) list (of|from) (these lines|this list|the lines)
            join (with commas|by commas|these with commas)
            """,
            "(glue|link) these lines with commas",
            "(flatten|collapse) the lines into comma separated text",
        ),
        "replace": Frames(
            """
            replace {a} (with|by) {b} (in|in the text|in this|in this sentence|in the sentence|in the following)
            (change|swap) {a} (to|for) {b} (in|in the text|in this|in this sentence|in the following)
            (substitute) {b} for {a} (in|in this sentence|in the text)
            replace the word {a} (with|by) (the word|) {b} (in|in this sentence|in the text|in the following)
            in (this|the) (sentence|text|line), replace {a} (with|by) {b}
            in (this|the) (sentence|text), (change|swap) {a} (to|for) {b}
            """,
            "put {b} instead of {a} in this (sentence|text)",
            "(exchange|switch) {a} (for|with) {b} (in|within) the (line|sentence)",
        ),
    },
    "pt": {
        "bullets": Frames(
            """
            (transforme|converta|coloque|passe|formate|reescreva) (isto|estes itens|a lista|esta lista|o seguinte|os itens) em (tópicos|uma lista com marcadores|marcadores|bullets|lista de tópicos)
            (faça|crie|escreva|monte) uma lista (com marcadores|de tópicos|em tópicos) (com|de) (estes itens|isto|o seguinte)
            (tópicos|lista com marcadores) (de|com|para) (estes itens|isto)
            (liste|mostre|escreva) (estes itens|os itens) em (tópicos|marcadores)
            """,
            "(disponha|arrume) estes itens em tópicos",
            "(itemize|discrimine) o seguinte com (traços|marcadores)",
        ),
        "numbers": Frames(
            """
            (transforme|converta|coloque|passe|formate|reescreva) (isto|estes itens|a lista|esta lista|o seguinte) em (uma lista numerada|lista numerada)
            (faça|crie|escreva|monte) uma lista numerada (com|de) (estes itens|isto|o seguinte)
            numere (estes itens|os itens|a lista)
            lista numerada (de|com) (estes itens|isto)
            """,
            "(disponha|arrume) estes itens em lista numerada",
            "(enumere|conte) os itens a seguir (um por linha|com números)",
        ),
        "json": Frames(
            """
            (transforme|converta|coloque|passe|formate|reescreva) (isto|estes itens|a lista|esta lista|o seguinte) em (uma lista JSON|um array JSON|JSON)
            (faça|crie|escreva|monte|retorne) (uma lista JSON|um array JSON) (com|de) (estes itens|isto|o seguinte)
            (lista|array) JSON (de|com) (estes itens|isto)
            (retorne|escreva|mostre) (estes itens|os itens) como (array JSON|lista JSON)
            """,
            "serialize estes itens em um array JSON",
            "(codifique|despeje) o seguinte em um array JSON",
        ),
        "join": Frames(
            """
            (junte|coloque|una|escreva) (estas linhas|as linhas|os itens) em (uma linha|uma só linha) (com vírgulas|separadas por vírgulas)
            (transforme|converta) (estas linhas|esta lista|as linhas) em (lista separada por vírgulas|valores separados por vírgula)
            lista separada por vírgulas (destas linhas|desta lista)
            junte (com vírgulas|por vírgulas|estas linhas com vírgulas)
            """,
            "(cole|ligue) estas linhas com vírgulas",
            "(achate|reúna) as linhas em texto separado por vírgulas",
        ),
        "replace": Frames(
            """
            (troque|substitua) {a} por {b} (em|no texto|na frase|nesta frase|neste texto|no seguinte)
            (troque|substitua) a palavra {a} (por|pela palavra) {b} (em|no texto|na frase|nesta frase)
            (mude|altere) {a} para {b} (no texto|na frase|nesta frase|neste texto)
            (na frase|no texto|nesta frase), (troque|substitua) {a} por {b}
            """,
            "ponha {b} no lugar de {a} (nesta frase|no texto)",
            "(permute) {a} com {b} (dentro da frase|na linha)\nno lugar de {a} escreva {b} no texto",
        ),
    },
}
_PATTERNS = {
    "en": ["The {0} is next to the {1}", "I bought {0}, {1} and {2}", "We need a {0} for the {1}", "{0} and {1} are here", "Put the {0} in the {1} today",
           "The {0} {1} arrived with the {2}", "She likes {0} more than {1}", "My {0} is {1}", "Send the {0} to the {1} before noon", "Where is the {0} of the {1}"],
    "pt": ["O item {0} está perto do item {1}", "Comprei {0}, {1} e {2}", "Precisamos de {0} para {1}", "{0} e {1} estão aqui", "Coloque {0} em {1} hoje",
           "Ela prefere {0} a {1}", "Meu item é {0} e {1}", "Envie {0} para {1} antes do meio-dia", "Onde está {0} de {1}"],
}  # fmt: skip


def _items(draw: Draw, language: str) -> list[str]:
    count = draw.pick([2, 3, 3, 4, 4, 5])
    if draw.chance(0.15):
        return [values.full_name(draw) for _ in range(count)]
    if draw.chance(0.15):
        return [values.product(draw, language) for _ in range(count)]
    return values.words(draw, language, count)


def edit(draw: Draw, language: str) -> Sample:
    kind = draw.pick(
        ["bullets", "bullets", "json", "json", "numbers", "join", "replace", "replace", "replace"]
    )
    frames = EDIT[language][kind]
    if kind == "replace":
        return _replace(draw, language, frames)
    items = _items(draw, language)
    if kind == "join":
        mark = draw.pick(["", "", "- ", "* "])
        text = "\n".join(mark + item for item in items)
        return Sample("edit", language, request(draw, frames, language, text), ", ".join(items))
    text = draw.pick([", ", ", ", ", ", "; ", "\n"]).join(items)
    if ", " in text and draw.chance(0.2):
        text = (
            enumerated(draw, items, language)
            .replace(" & ", " e " if language == "pt" else " and ")
            .replace(" + ", ", ")
        )
    text = text.replace(" the ", " ")
    answer = {"bullets": "\n".join(f"- {i}" for i in items), "json": compact(items),
              "numbers": "\n".join(f"{n}. {i}" for n, i in enumerate(items, 1))}[kind]  # fmt: skip
    return Sample("edit", language, request(draw, frames, language, text), answer)


def _replace(draw: Draw, language: str, frames: Frames) -> Sample:
    old, new, *others = values.words(draw, language, 5)
    if draw.chance(0.45):
        text = _free_sentence(draw, language, old)
        return _replaced(draw, language, frames, text, old, new)
    slots = [old, *others]
    pattern = draw.pick(_PATTERNS[language])
    slots = slots[: pattern.count("{")]
    draw.rng.shuffle(slots)
    if old not in slots:
        slots[0] = old
    text = pattern.format(*slots)
    text = (
        (text[0].upper() if pattern[0] != "{" else text[0]) + text[1:] + draw.pick([".", ".", ""])
    )
    return _replaced(draw, language, frames, text, old, new)


_GLUE = {"en": "the the a of in with and near to for is was on my sat went before at from".split(),
         "pt": "o a de em com e perto para por é foi no na meu antes do da um uma".split()}  # fmt: skip


def _free_sentence(draw: Draw, language: str, word: str) -> str:
    """A run of words in which `word` stands once or twice."""
    parts: list[str] = []
    for _ in range(draw.integer(2, 6)):
        if draw.chance(0.7):
            parts.append(draw.pick(_GLUE[language]))
        parts.append(values.any_word(draw, language))
    for _ in range(draw.pick([1, 1, 1, 2])):
        parts.insert(draw.integer(1, len(parts)), word)
    text = " ".join(parts)
    return text[0].upper() + text[1:] + draw.pick([".", ".", ""])


def _replaced(draw: Draw, language: str, frames: Frames, text: str, old: str, new: str) -> Sample:
    quote = draw.pick(["{}", "{}", '"{}"', "'{}'"])
    prompt = request(draw, frames, language, text, a=quote.format(old), b=quote.format(new))
    answer = " ".join(_swap(piece, old, new) for piece in text.split(" "))
    return Sample("edit", language, prompt, answer)


def _swap(piece: str, old: str, new: str) -> str:
    bare = piece.rstrip(".,")
    return new + piece[len(bare) :] if bare == old else piece
