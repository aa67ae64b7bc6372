"""Lists: sorted, turned round, without duplicates, in other letters, or counted."""

from __future__ import annotations

import re

from agents.exact.answer import Exact
from agents.exact.ask import FORM, Ask
from agents.exact.figures import readings
from agents.exact.flat import flat
from agents.exact.items import MOST, Items, kind_of, ordered
from agents.exact.parts import Part, computed
from agents.exact.words import words

FAMILY = "list"

_LETTERS = re.compile(
    r"\b(?:sort |put |order |arrange |alphabetically |list )?(?:them |it |these "
    r")?(?:in |into |by |por |em |pela |na )?"
    r"(?:an? |the )?(?:alphabetical(?:ly)?(?: order)?|alphabeti[sz]ed?(?: order)?"
    r"|alphabetic order|alpha order|alphabet|a ?(?:to|-|a|ate|→|->) ?z\b"
    r"|(?:ordem |de forma )?alfabetic(?:a|amente)|alfabeticamente)\b|a\s?→\s?z"
)
_LETTERS_DOWN = re.compile(
    r"\b(?:reverse alphabetical(?:ly)?(?: order)?|z ?(?:to|-|a|ate) ?a|ordem "
    r"alfabetica (?:inversa|invertida))\b"
)
_UP = re.compile(
    r"\b(?:(?:in |em |por |into )?(?:an? )?(?:ascending|increasing|numerical|numeric"
    r"|ordem crescente|ordem numerica|crescente|ascendente)(?: order| numerical "
    r"order)?"
    r"|numerically|(?:from )?(?:the )?(?:smallest|lowest|least|low)(?: one)? (?:to"
    r"|first)(?: the)?(?: (?:largest|biggest|highest|greatest|high))?(?: one)?"
    r"|d[oa]s? menor(?:es)? (?:para|pro|pra|ao|a|p/)(?: [oa]s?)? ?maior(?:es)?"
    r"|menor(?:es)? primeiro)\b"
)
_DOWN = re.compile(
    r"\b(?:(?:in |em |por |into )?(?:an? )?(?:descending|decreasing|ordem "
    r"decrescente|decrescente|descendente)(?: order| numerical order)?"
    r"|(?:from )?(?:the )?(?:largest|biggest|highest|greatest|high)(?: one)? (?:to"
    r"|first)(?: the)?(?: (?:smallest|lowest|least|low))?(?: one)?"
    r"|d[oa]s? maior(?:es)? (?:para|pro|pra|ao|a|p/)(?: [oa]s?)? ?menor(?:es)?"
    r"|maior(?:es)? primeiro)\b"
)
_PRICE_UP = re.compile(
    r"\b(?:(?:by price,? )?(?:from )?(?:the )?cheapest (?:to|first)(?: the)?(?: "
    r"(?:most expensive|priciest|dearest))?"
    r"|(?:pelo preco,? )?d[oa] mais barat[oa] (?:para|pro|pra|ao|a|p/)(?: [oa])? ?mais car[oa])\b"
)
_PRICE_DOWN = re.compile(
    r"\b(?:(?:by price,? )?(?:from )?(?:the )?(?:most expensive|priciest|dearest) "
    r"(?:to|first)(?: the)?(?: cheapest)?"
    r"|d[oa] mais car[oa] (?:para|pro|pra|ao|a|p/)(?: [oa])? ?mais barat[oa])\b"
)
_TIME_UP = re.compile(
    r"\b(?:(?:by date,? )?(?:from )?(?:the )?(?:oldest|earliest) (?:to|first)(?: "
    r"the)?(?: (?:newest|latest|most recent))?|(?:in )?chronological(?:ly)?(?: "
    r"order)?"
    r"|(?:pela data,? )?d[oa] mais antig[oa] (?:para|pro|pra|ao|a|p/)(?: [oa])? "
    r"?mais (?:recente|nov[oa])|(?:por |em )?ordem cronologica|cronologicamente)\b"
)
_TIME_DOWN = re.compile(
    r"\b(?:(?:by date,? )?(?:from )?(?:the )?(?:newest|latest|most recent) (?:to"
    r"|first)(?: the)?(?: (?:oldest|earliest))?"
    r"|d[oa] mais (?:recente|nov[oa]) (?:para|pro|pra|ao|a|p/)(?: [oa])? ?mais antig[oa])\b"
)
_LENGTH = re.compile(
    r"\bby (?:the )?(?:length|number of (?:letters|characters))\b|\bpel[oa] "
    r"(?:comprimento|tamanho|numero de letras)\b|\bby word length\b"
)
_SURNAME = re.compile(
    r"\b(?:by|pel[oa]|por) (?:the |their )?(?:last name|surname|family name|apelido"
    r"|sobrenome|ultimo nome)s?\b"
)
_SORT = re.compile(
    r"\b(?:sort(?:ed|ing)?|order(?:ed)?|arrange|rank|alphabeti[sz]ed?|orden(?:a|e|ar"
    r"|ad[oa]s?)|organi[sz][ae]r?|(?:em|por|in|na) (?:ordem|order)|ordem)\b"
)
_REVERSE = re.compile(
    r"\b(?:reverse(?:d)?|invert[ae]r?|flip)(?: the| a)?(?: (?:order|ordem))?(?: "
    r"(?:of|d[aeo]s?))?\b|\b(?:in|em|na) (?:reverse|inverse|ordem inversa|ordem "
    r"contraria)(?: order)?\b"
)
_DEDUPE = re.compile(
    r"\b(?:(?:remove|drop|delete|take out|get rid of|eliminate|strip|without|no"
    r"|tir[ae]r?|retir[ae]r?|remov[ae]r?|elimin[ae]r?|apag[ae]r?|sem|limp[ae]r?)"
    r"(?: (?:all|any|out|the|os|as|todos|todas))*"
    r" (?:(?P<emails>emails?|e-mails?|names?|nomes?|itens|items?|entradas|entries"
    r"|linhas|lines|valores|values|numeros|numbers|palavras|words|ingredientes|tags) "
    r")?"
    r"(?:duplicat(?:es?|ed)|duplicad[oa]s?|duplicatas|dupes?|dups?|repeats?|repeated"
    r"|repetid[oa]s?|repeticoes|repetitions)"
    r"(?: (?:ones?|entries|items?|values?|names?|lines?|words?|numbers?|emails?"
    r"|itens|nomes?|linhas|entradas|tags|valores|numeros))?"
    r"|de-?dup(?:e|licate)?d?|de-?duplica(?:r|te)?|only (?:the )?(?:unique"
    r"|distinct)(?: (?:values?|items?|entries|ones|names|words|numbers|lines))?"
    r"|uniq(?:ue)?(?: (?:values?|items?|entries|ones|names|words|numbers|lines))? only)\b"
)
_ANY_CASE = re.compile(
    r"\b(?:ignoring|ignore|regardless of|case|ignora(?:r|ndo)?|sem distinguir|sem "
    r"diferenciar)(?: a| the)?[ -]?(?:upper/?lower ?)?(?:case|insensitive(?:ly)?"
    r"|maiusculas? ?(?:/|e|ou) ?minusculas?|maiusculas?)(?: differences)?\b"
    r"|\bcase-?insensitive(?:ly)?\b"
)
_KEEP = re.compile(
    r"\b(?:(?:and |but )?(?:keep(?:ing)?|preserv(?:e|ing)|maintain(?:ing)?"
    r"|mant(?:endo|em|enha)|preserv(?:a|ando)|conserv(?:a|ando)|in|na|pela|by)"
    r"(?: (?:the|a|o|its|sua))? ?(?:(?:original|first|same|existing|primeira) "
    r")?(?:order|ordem)(?: (?:of )?(?:first )?(?:appearance|original|de aparicao|em "
    r"que aparecem))?"
    r"|(?:keep(?:ing)?|mant(?:endo|em)|fic(?:a|ando)) (?:the |a |o )?(?:first"
    r"|primeir[oa])(?: (?:one|occurrence|appearance|ocorrencia|of each(?: one)?|de "
    r"cada(?: um| uma)?))?(?: (?:as (?:it's "
    r"|it is )?written|como (?:ta|esta) escrito))?"
    r"|(?:keep )?first (?:appearance|occurrence) order)\b"
)
_LOWER = re.compile(
    r"\b(?:and |all |everything )*(?:in |to |em |make (?:it |them )?)?(?:lower "
    r"?-?case(?:d)?(?: (?:everything|all|them))?|(?:tudo (?:em )?)?minusculas?)\b"
)
_UPPER = re.compile(
    r"\b(?:and |all |everything )*(?:in |to |em |make (?:it |them )?)?(?:upper "
    r"?-?case(?:d)?(?: (?:everything|all|them))?|all caps|(?:tudo (?:em "
    r")?)?maiusculas?)\b"
)
_LINES = re.compile(
    r"\b(?:(?:with )?(?:one|each|1|um|uma|cada)(?: (?:name|item|word|number|entry"
    r"|nome|email|um|numero|one|on|palavra))? (?:per|on|a|in|por|em|na|each)(?: "
    r"(?:its|a|an|sua|own|uma|cada|new|separate|propria|cada))* ?(?:line|linha)"
    r"|(?:on |in |em )?(?:separate|linhas separadas|different)(?: lines)?|line by "
    r"line|uma linha cada(?: um)?)\b"
)
_COMMAS = re.compile(
    r"\b(?:(?:as |in |to )?(?:an? )?(?:(?:comma|virgula)[- ]?separated"
    r"|separ(?:ad[oa]s?|a|e|ar|ando)(?: (?:tudo|os itens|eles))? "
    r"(?:por|com|de) virgulas?|separate(?:d)?(?: them)? (?:by|with) (?:a "
    r")?commas?)(?: list| lista)?"
    r"|(?:with |and )*commas? between(?: them)?|(?:with|by|com|por) (?:commas?"
    r"|virgulas?)(?: (?:between|entre)(?: them| eles)?)?)\b"
)
_ONE_LINE = re.compile(
    r"\b(?:all )?(?:on|in|em|n?uma|numa)?(?: an?| one| uma?)? ?(?:so )?(?:single "
    r"|same |mesma )?(?:line|linha)\b"
)
_KEPT_AS = re.compile(
    r"\b(?:mantendo|keeping|mantem|keep)(?: the| o)?(?: (?:format|formato))? *\"[^\"\n]{1,40}\""
)
_NOUNS = words(
    "list lists lista listas items itens item names nomes words palavras numbers "
    "numeros entries values valores names "
    "surnames elements lines linhas emails tags fruits cities countries cidades "
    "paises frutas them ones versions "
    "order ordem array column repeats line e-mails keep and e prices precos dates "
    "datas anos years letters letras"
)
_HARMLESS = words("list lista two three duas tres new")
_SIGNS = (
    ("letters", True, _LETTERS_DOWN),
    ("letters", False, _LETTERS),
    ("surnames", False, _SURNAME),
    ("length", False, _LENGTH),
    ("price", False, _PRICE_UP),
    ("price", True, _PRICE_DOWN),
    ("time", False, _TIME_UP),
    ("time", True, _TIME_DOWN),
    ("", False, _UP),
    ("", True, _DOWN),
)


def exact(prompt: str) -> Exact | None:
    """The list as asked; None where it is open which item comes first or where one ends."""
    return computed(prompt, _compute)


def _compute(ask: Ask, part: Part) -> Exact | None:
    ask.take(_KEPT_AS, FORM)
    dedupe = ask.take(_DEDUPE)
    any_case, keep = ask.take(_ANY_CASE), ask.take(_KEEP)
    found = [(kind, down) for kind, down, pattern in _SIGNS if ask.take(pattern)]
    reverse = ask.take(_REVERSE)
    sort = ask.take(_SORT) or bool(found)
    if not (dedupe or sort or reverse):
        return None
    lower, upper = ask.take(_LOWER), ask.take(_UPPER)
    lines, commas = ask.take(_LINES), ask.take(_COMMAS)
    ask.take(_ONE_LINE)
    glue = "\n" if lines else ", " if commas else None
    if (
        (lines and commas)
        or (lower and upper)
        or (any_case and not dedupe)
        or not ask.nothing_left(_NOUNS, harmless=_HARMLESS)
    ):
        return None
    items = Items.read(part.data if part.marked else _unlabelled(part.data))
    if items is None or not 1 < len(items.values) <= MOST:
        return None
    if items.odd:
        return None
    values: list[str] | None = list(items.values)
    assert values is not None
    if dedupe:
        values = _unique(values, any_case=any_case or lower or upper)
    if values and sort:
        values = _sorted(values, found, reverse=reverse)
    elif values and reverse:
        values = values[::-1]
    if not values or (keep and sort):
        return None
    if lower or upper:
        values = [value.lower() if lower else value.upper() for value in values]
    how = f"{len(items.values)} items" + (f", {len(values)} different" if dedupe else "")
    return Exact(items.written(values, glue), FAMILY, how)


def _unlabelled(data: str) -> str:
    """`tags: a, b` is a list of two items."""
    first, _, rest = data.partition(": ")
    labelled = re.fullmatch(r"\w+", first.strip()) and "\n" not in data and ": " not in rest
    return rest if labelled else data


def _unique(values: list[str], *, any_case: bool) -> list[str] | None:
    kept: dict[str, str] = {}
    for value in values:
        kept.setdefault(value.casefold(), value)
    exactly = list(dict.fromkeys(values))
    if len({frozenset(readings(value)) or value for value in exactly}) < len(exactly):
        return None
    # Ana and ana may be the same or not.
    return exactly if len(exactly) == len(kept) else list(kept.values()) if any_case else None


def _sorted(values: list[str], found: list[tuple[str, bool]], *, reverse: bool) -> list[str] | None:
    kinds = {kind for kind, _ in found if kind}
    down = any(way for _, way in found)
    if len(kinds) > 1 or (len({way for _, way in found}) > 1 and kinds):
        return None
    kind = kinds.pop() if kinds else kind_of(values)
    if kind == "time":
        kind = "versions" if ordered(values, "versions", down=down) else "dates"
    if kind == "price":
        kind = "numbers"
        units = {
            re.sub(
                r"[\d.,]+",
                "",
                re.sub(r".*?((?:r\$|[$€£])? ?[\d.,]+ ?[$€£]?)\W*$", r"\1", flat(value)),
            ).strip()
            for value in values
        }
        if len(units) != 1:
            return None
    if kind == "letters" and any(re.search(r"\d", value) for value in values):
        return None
    if reverse and found and not down:
        down = True
    elif reverse:
        return None
    return ordered(values, kind, down=down) if kind else None
