"""Mends the usual slips of the fingers in the words that name a form, and no others."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = (
    "json csv words sentence sentences character characters palavra palavras frase frases "
    "caracteres number numero numeros only nothing answer format formato exactly maximum maximo "
    "minimum minimo table tabela column columns coluna colunas labels label fields campos chaves "
    "apenas somente resposta responde responda command comando query regex expression expressao "
    "language english ingles portuguese portugues spanish espanhol french frances german alemao "
    "uppercase lowercase maiusculas minusculas capitals lines linhas bullets bullet separated "
    "separado separados separadas virgula virgulas positive negative neutral positivo negativo "
    "translate traduzir traduza explanation explicacao between characters function funcao python "
    "javascript typescript markdown currency"
)
_KNOWN = frozenset(_WORDS.split())
_REAL_WORDS = (
    "works sword swords world worlds fases rase liens fame filed fileds tale tables cabs label "
    "lable form formas format formats number numbers only on one once ones query queries answers "
    "sentence tabla column capital camp campo chave chaves frases line lines linha pal colonel "
    "expressao expression regexp comand comanda onde ony nothings quer queer resposta respostas "
    "words word negative lower upper portugues espanol marcas bullet bullets between better "
    "labels numeros numero nomero json jason jon son cvs csv lados separado separados separada "
    "separadas respond responde responda respondo responder number apena penas pena mande maximos"
)
_REAL = frozenset(_REAL_WORDS.split())
_LEAST = 5
_TOKEN = re.compile(r"[a-z]{4,16}")
_SLIPS: dict[str, str] = {
    "jsno": "json", "josn": "json", "jsson": "json", "sjon": "json", "jsonn": "json",
    "wrods": "words", "wrod": "word", "wordss": "words", "onyl": "only", "olny": "only",
    "onlly": "only", "jsut": "just", "juts": "just", "nubmer": "number", "numer": "number",
    "numbre": "number", "sentance": "sentence", "sentances": "sentences", "sentece": "sentence",
    "seperated": "separated", "seperate": "separate", "charachters": "characters",
    "caracters": "characters", "charcters": "characters", "lables": "labels", "lable": "label",
    "chracters": "characters", "maximun": "maximum", "exacly": "exactly", "exactally": "exactly",
    "frazes": "frases", "fraze": "frase", "palvras": "palavras", "palvra": "palavra",
    "plavras": "palavras", "plavra": "palavra", "apnas": "apenas", "apeans": "apenas",
    "sometne": "somente", "somnete": "somente", "resopnda": "responda", "repsonda": "responda",
    "caractere": "caracteres", "carateres": "caracteres", "carater": "caracteres",
    "exatamnete": "exatamente", "taduz": "traduz", "tarduz": "traduz", "potuguese": "portuguese",
    "portugese": "portuguese", "portguese": "portuguese", "engish": "english",
    "inlgish": "english", "engilsh": "english", "ingels": "ingles", "uppercse": "uppercase",
    "capslock": "capslock", "tabel": "table", "tabble": "table", "collumns": "columns",
    "colums": "columns", "regx": "regex", "reggex": "regex", "comando": "comando",
    "postive": "positive", "possitive": "positive", "negitive": "negative", "netural": "neutral",
    "nuetral": "neutral", "langauge": "language", "bulet": "bullet", "bullits": "bullets",
}  # fmt: skip


def _made() -> dict[str, str]:
    """Slips of one key: two letters changed places, one is missing, one is double."""
    made: dict[str, str] = {}
    for word in _KNOWN:
        if len(word) < _LEAST:
            continue
        slips = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 1)}
        slips |= {word[: i + 1] + word[i:] for i in range(1, len(word))}
        if len(word) > _LEAST + 1:
            slips |= {word[:i] + word[i + 1 :] for i in range(1, len(word) - 1)}
        for slip in slips - _KNOWN - _REAL:
            made.setdefault(slip, word)
    return made


@lru_cache(maxsize=1)
def _slips() -> dict[str, str]:
    return {**_made(), **_SLIPS}


def corrected(text: str) -> str:
    """The text with such slips mended; the text itself where there are none."""
    slips = _slips()
    found = [
        match for match in _TOKEN.finditer(text) if match[0] in slips and _is_whole(text, match)
    ]
    for match in reversed(found):
        text = text[: match.start()] + slips[match[0]] + text[match.end() :]
    return text


def _is_whole(text: str, match: re.Match[str]) -> bool:
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return not (before.isalnum() or after.isalnum() or before in ("_", ".", "@", "/", "'", '"'))
