"""How long an answer may be: words, sentences, characters and lines, read from a request."""

from __future__ import annotations

import re

from router.form.counts import COUNT, count_of

_UNITS = {
    "word": "words", "palavra": "words", "sentence": "sentences", "frase": "sentences",
    "oraco": "sentences", "char": "chars", "carac": "chars",
    "carat": "chars", "line": "lines", "linha": "lines",
}  # fmt: skip
_TRIGGERS_WORDS = (
    "word words palavra palavras sentence sentences frase frases oracoes char "
    "chars character characters caracter caracteres carateres line lines liner linha linhas"
)
TRIGGERS = frozenset(_TRIGGERS_WORDS.split())
_UNIT = (
    r"(?P<unit>words?|palavras?|sentences?|frases?|oracoes|char(?:acter)?s?|caracter(?:es)?"
    r"|carateres|lines?|linhas?)\b"
)
_KIND = r"(?:(?:short|simple|plain|clear|full|complete|curtas?|simples|completas?|single|unica) )?"
_N = rf"(?P<n>{COUNT})[ -]{_KIND}"
_ABOUT = re.compile(
    r"(?:\b(?:about|around|approximately|approx\.?|roughly|circa|some|cerca d[ea]|un?s|umas"
    r"|mais ou menos|por volta d[ea]|aproximadamente|quase|nearly|almost|perto d[ea])|~|≈|±"
    r"|\+/-) ?$"
)
_OR_SO = re.compile(
    r"(?: or (?:so|two)\b| ?-?ish| mais ou menos| aproximadamente| approx\w*|,? give or take)"
)
_EACH = re.compile(
    r"(?: long)?(?: max(?:imum|imo)?| no max(?:imo)?)?,?(?: each\b| per (?!answer|reply|response)|/"
    r"| apiece| a piece| cada\b| por (?!favor|resposta)| em cada| in each| every\b| at a time"
    r"| de cada vez)"
)
_OF_WHAT = re.compile(
    r" ?(?:below|above|abaixo|acima|seguintes?|following|here\b|deste|desse|deste|do texto|da frase"
    r"|of (?:the|this|each|every|code|codigo|text)|in (?:the|this|each|every)|que (?!resum|cont)"
    r"|that (?:are|were|is|start|begin)|mais usad|most |repeated|apart|later|cada)"
)
_STRICT = (
    r"(?:under|below|(?:less|fewer|shorter) than|abaixo d[eao]s?|menos (?:de|que|do que)|inferior a"
    r"|<(?!=))"
)
_MOST = (
    r"(?:at (?:the )?most|no more than|not more than|no longer than|nothing over|not over"
    r"|max(?:imum|imo)?\.?(?: (?:of|de|length|tamanho|is|e)\b)?:?|up to|within|tops:?"
    r"|limit(?:ed)?(?: it| yourself)?(?: (?:to|of|is))?:?|(?:keep|kept|cap(?:ped)?|cut|trim|shorten"
    r"|boil|get|squeeze|condense|reduce)(?: (?:it|this|that|them|the \w+|your \w+"
    r"|everything))?(?: down)? (?:to|at|into)(?: max)?|(?:no|ao|em|com|de) max(?:imo)?\.?(?: de| em"
    r"|,)?|ate(?: a| ao)?(?: max\w* de)?|(?:nao )?mais (?:de|que|do que)|limite(?: maximo)?:?(?: de"
    r"| e)?|nao (?:pode |deve )?(?:passar?|ultrapass\w+|exced\w+)(?: de| as| os| das| dos)?"
    r"|dentro de|caber? em|<=|≤|max ?=)"
)
_BEFORE = re.compile(
    rf"(?<![a-z])(?:(?P<strict>{_STRICT})|(?P<most>{_MOST})) ?(?:as |os |de |the )?{_N}{_UNIT}"
)
_AFTER = re.compile(
    rf"(?<![\w.,-]){_N}{_UNIT},? ?\(?(?:max\b|maximum|maximo|tops|at (?:the )?most|or (?:less|fewer"
    r"|under|shorter|below)|limit\b|cap\b|(?:no|ao) max(?:imo)?\b|ou menos|e nada mais|no maximum)"
)
_EXACT = re.compile(
    rf"(?<![a-z])(?:exactly|precisely|exatamente|exactamente|precisamente) (?:as )?{_N}{_UNIT}"
    rf"|(?<![\w.,-])(?P<n2>{COUNT})[ -]{_KIND}(?P<unit2>words?|palavras?|sentences?|frases?"
    r"|char(?:acter)?s?|caracteres|lines?|linhas?),? (?:exactly|exatamente|exactamente"
    r"|certinh[oa]s?|no more,? no less|nem mais nem menos)"
)
_LEAST = re.compile(
    r"(?<![a-z])(?:at least|no (?:fewer|less) than|min(?:imum|imo)?\.?(?: of| de)?:?|pelo menos"
    rf"|no minimo|ao menos|over|more than|acima de) {_N}{_UNIT}"
)
_BETWEEN = re.compile(
    rf"(?<![a-z])(?:(?:between|entre|de|from|in|em) )?(?P<low>{COUNT}) ?(?:and|to|e|a|-|ou"
    rf"|or) ?(?P<high>{COUNT})[ -]{_KIND}{_UNIT}"
)
_IN = re.compile(
    rf"(?<![a-z])(?:in|em|num|numa|with|com|just|only|so|apenas|somente|into|para|using|a|de|:|->|→"
    rf"|=) ?(?:just |only |so |apenas |somente |exactly |no max\w* |a |uma? |the )?{_N}{_UNIT}"
)
_INSIDE = ("in", "em", "num", "into", "just", "only", "so ", "apenas", ":", "-", "→")
_ADJECTIVE = re.compile(
    rf"(?<![\w.,-])(?P<n>{COUNT}|single)-(?P<unit>word|sentence|line|character)r?s?\b"
)
_ONE = re.compile(
    r"(?<![\w-])(?P<n>one|single|1|numa|num|uma?(?: unica| so)?|unica)[ -](?:short |single |unica "
    r"|so )?(?P<unit>word|sentence|line|palavra|frase|linha)\b(?!s| normal| comum)"
)
_ROUND_WORDS = 20
_ONES = ("one", "sin", "1", "num", "uma", "um", "uni", "um ", "uma")
_NOT_ONE_BEFORE = re.compile(
    r"(?:\b(?:every|each|another|any|this|that|cada|outra|mais|per|por|the|there is|there.?s|ha|tem"
    r"|is|nenhuma|change|replace|add|remove|mude|troqu?e|troca|acrescenta|tira|of|da|de|na|know"
    r"|understand|entendi|have|with|not|nem|dizer|sabia|say|said|saying|knows|disse)|-) $"
)
_NOT_ONE_AFTER = re.compile(
    r"[ -]?(?:per\b|por\b(?! favor)|each\b|cada\b|at a time|that\b|which\b|que (?!diga|resum|cont"
    r"|expl|ex|inclu|fal|d[ie])|is\b|are\b|errada|wrong|missing|of (?:the|this|code)|da |do |break"
    r"|height|spacing|item\b|by\b|a mais|in (?:the|this)|entry|de comando|de codigo)"
)


def read_limits(plain: str) -> dict[str, int]:
    """The limits that a folded request names, as fields of a Form; a unit with two is left out."""
    found: dict[str, set[tuple[str, int]]] = {}
    taken: list[tuple[int, int]] = []

    def note(match: re.Match[str], unit: str, *bounds: tuple[str, int]) -> None:
        span = match.span()
        if any(begin < span[1] and span[0] < end for begin, end in taken):
            return
        taken.append(span)
        if not _EACH.match(plain, span[1]) and not _EACH_BEFORE.search(plain[: span[0]][-30:]):
            found.setdefault(unit, set()).update(bounds)
        else:
            found.setdefault(unit, set())

    def vague(match: re.Match[str], group: str = "n") -> bool:
        before = plain[max(0, match.start(group) - 20) : match.start(group)]
        if _ABOUT.search(before) or _OR_SO.match(plain, match.end()):
            taken.append(match.span())
            return True
        return False

    for match in _BETWEEN.finditer(plain):
        low, high, unit = count_of(match["low"]), count_of(match["high"]), _unit(match["unit"])
        if low < high and not vague(match, "low"):
            note(match, unit, ("min", low), ("max", high))
    for match in _EXACT.finditer(plain):
        count, unit = count_of(match["n"] or match["n2"]), _unit(match["unit"] or match["unit2"])
        note(match, unit, ("min", count), ("max", count))
    for match in _LEAST.finditer(plain):
        if not _negated(plain, match):
            note(match, _unit(match["unit"]), ("min", count_of(match["n"])))
    for match in _BEFORE.finditer(plain):
        if not vague(match):
            count = count_of(match["n"]) - bool(match["strict"])
            if count > 0:
                note(match, _unit(match["unit"]), ("max", count))
    for match in _AFTER.finditer(plain):
        if not vague(match):
            note(match, _unit(match["unit"]), ("max", count_of(match["n"])))
    for match in _IN.finditer(plain):
        unit = _unit(match["unit"])
        loose = unit in ("chars", "lines") and not match[0].startswith(_INSIDE)
        if not (loose or vague(match) or _OF_WHAT.match(plain, match.end())):
            note(match, unit, ("max", count_of(match["n"])))
    for match in (*_ADJECTIVE.finditer(plain), *_ONE.finditer(plain)):
        before = plain[max(0, match.start() - 12) : match.start()]
        if match.re is _ONE and (
            _NOT_ONE_BEFORE.search(before) or _NOT_ONE_AFTER.match(plain, match.end())
        ):
            continue
        if not vague(match):
            count = 1 if match["n"][:3] in _ONES else count_of(match["n"])
            if match.re is _ONE or count < _ROUND_WORDS:  # "a 200-word story" may have 210
                note(match, _unit(match["unit"]), ("max", count))
    return _fields(found)


_EACH_BEFORE = re.compile(
    r"\b(?:each|every|cada)(?: \w+){0,3}[ ,:(]+(?:with |of |de |com |a |at most |ate |in |em )?$"
)


def _negated(plain: str, match: re.Match[str]) -> bool:
    """ "No more than" ends in what alone would be a lower limit."""
    before = plain[max(0, match.start() - 6) : match.start()]
    return before.endswith(("no ", "not ", "nao ", "n't ", "dont "))


def _unit(written: str) -> str:
    return next(unit for begins, unit in _UNITS.items() if written.startswith(begins))


def _fields(found: dict[str, set[tuple[str, int]]]) -> dict[str, int]:
    fields: dict[str, int] = {}
    for unit, bounds in found.items():
        for side in ("min", "max"):
            values = {value for of, value in bounds if of == side}
            name = f"{side}_{unit}"
            if len(values) == 1 and (side == "max" or unit == "words"):
                fields[name] = values.pop()
    return fields
