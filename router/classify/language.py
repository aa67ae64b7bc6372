"""Tell English, Portuguese and the rest apart, on texts as short as an instruction."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from router.classify.lexicon import folded

Language = Literal["en", "pt", "other"]

_READ_CHARS = 400
_WORD = re.compile(r"[^\W\d_]+")

_EN = (
    "the of and is are was were what how this that these those with for from your my you please "
    "which who when where why can could would should have has it its into in on to write make "
    "about by be an or not there their give me show tell find list create text following below "
    "above email words word sentence between than if i'm we our they his her one two"
)
_EN_STRONG = (
    "the what how this with from your please which write summarize summarise translate explain "
    "rewrite extract answer following below english who where there would should could make give"
)
_PT = (
    "de que um uma os com na em por para se seu sua meu minha mais mas ou foi esta este isso essa "
    "esse como quando qual quais quem onde porque sao ao aos das dos pelo pela nao sim texto "
    "abaixo "
    "ser ter tem voce vc eu ele ela nos nas entre sobre cada favor frase palavra palavras quero "
    "preciso pra pro ate ja so tudo todos e da do o as"
)
_PT_STRONG = (
    "uma um voce vc nao com para minha meu qual quais isso esta abaixo texto resuma traduza "
    "escreva "
    "extraia explique reescreva corrija liste faca crie responda calcule converta classifique "
    "quanto quantos quantas quero preciso obrigado ola oi pelo pela dos das ingles portugues "
    "seguinte "
    "em na pra sao tambem hoje amanha ontem kd oq tenho ingles traduz resume lembre agende como foi"
)
# Words of the neighbours that neither English nor Portuguese uses: they keep Spanish, French,
# Italian, German and Dutch from passing for one of the two.
_OTHER = (
    "el los las y con una del es cual pero muy por qué quien donde hola escribe traduce resume una "
    "le les des est et une pour dans avec sur pas vous nous je cette qui quel quelle au aux ce "
    "ecris "
    "ecrivez bonjour il di che per sono gli della dei nel non scrivi questo come der die das "
    "und ist "
    "nicht ein eine mit fur auf den dem von zu schreibe wie bitte ich sie het een niet van voor ik "
    "siguiente texto hacer esto ingles palabras correo mi tu sus lista frase funcion espanol "
    "resumen "
    "la lo en al son mas texte phrase suivant riassumi traduci ubersetze fasse zusammen schreib "
    "erklare was wer warum resumez traduisez explique moi mot mots ces ses plus sans"
)


def _votes() -> dict[str, tuple[tuple[str, float], ...]]:
    gathered: dict[str, dict[str, float]] = {}
    for language, words, vote in (
        ("en", _EN, 1.0),
        ("en", _EN_STRONG, 1.0),
        ("pt", _PT, 1.0),
        ("pt", _PT_STRONG, 1.0),
        ("other", _OTHER, 1.3),
    ):
        for word in words.split():
            of_word = gathered.setdefault(word, {})
            of_word[language] = of_word.get(language, 0.0) + vote
    return {word: tuple(of_word.items()) for word, of_word in gathered.items()}


_VOTES = _votes()
"""For each known word, the languages it speaks for and how strongly."""

_ENDINGS = (
    ("pt", re.compile(r"(?:cao|coes|mente|dade|agem|inho|inha|ndo|aria|eiro|eira|vel|ista)$")),
    ("en", re.compile(r"(?:ing|tion|ness|ment|ould|ght|ck|th|sh|ed|wn|ly|ee|oo\w)$|^wh")),
    ("other", re.compile(r"(?:cion|ciones|zione|heit|keit|ung|eux|ez|ette|schaft)$")),
)
"""Endings that vote for words that are in no list."""


@lru_cache(maxsize=4096)
def _endings(word: str) -> tuple[tuple[str, float], ...]:
    return tuple((language, 0.7) for language, ending in _ENDINGS if ending.search(word))


def language_of(text: str) -> Language:
    """The language of a sentence by its function words, endings and diacritics.

    Without any evidence: English where the letters are Latin, else other.
    """
    text = text[:_READ_CHARS]
    lowered = text.lower()
    votes = {"en": 0.0, "pt": 0.0, "other": 0.0}
    if not text.isascii():
        letters = [c for c in text if c.isalpha()]
        if sum(ord(c) > 0x24F for c in letters) > len(letters) / 2:
            return "other"
        votes["pt"] += 2 * len(re.findall("[ãõ]|ç[aãoõeu]", lowered))
        votes["pt"] += 0.5 * len(re.findall("[áâàéêíóôú]", lowered))
        votes["other"] += 2 * len(re.findall("[ñ¿¡äöüßøåæœèùìòîû]", lowered))
    for word in _WORD.findall(folded(lowered)):
        for language, vote in _VOTES.get(word) or _endings(word):
            votes[language] += vote
    if not any(votes.values()):
        return "en"
    # Ties go to the language that is listed first.
    best = max(votes, key=lambda language: votes[language])
    return "pt" if best == "pt" else "en" if best == "en" else "other"
