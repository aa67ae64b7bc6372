"""The labels among which a request asks for one, or for several."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.form.counts import COUNT
from router.form.request import plain_of

_YES_NO = re.compile(
    r"\b(?P<a>yes|sim|true|verdadeiro|s|y|certo) ?(?:/|\||,? or |,? ou | e | and |,) ?(?P<b>no\b"
    r"|nao|false|falso|n\b|errado)(?=[\"'”]? ?(?:[.,;:!?)\n]|$|[-—]|please|pls|only|pf\b|and no"
    r"|e (?:mais )?nada|e so|so\b|apenas|in one|thx|por favor|se\b|if\b|answer|resposta))"
)
_YES_NO_ANSWER = re.compile(
    r"\b(?:only|just|so|apenas|somente|answer|reply|respond\w*|respost\w*|diz\w*|diga|say|one word"
    r"|uma palavra|single word|nothing else|sem explica\w+|nada mais|mais nada|no explanation|pls"
    r"|please|pf|por favor|quick|return|output|give me|me diz|fala|preciso de|quero|simples|direto"
    r"|curto)\b"
)
_ITEM = r"[\"'“`\[]?[^\W_][\w'&+-]*(?:[ /-][\w'&+-]+){0,3}?[\"'”`\]]?"
_LIST_END = (
    r"(?= ?(?:[.?!:;()\n\]→]|$|--?|, | only\b| so\b| e (?:nada|mais|so)| and (?:nothing|give|that"
    r"|return|no\b|only|reply)| nothing| pls| please| por favor| pf\b| for (?:each|this|the)"
    r"| apenas| sem | with no| in one| one word| numa| em uma| based| para (?:est|ess|o |a )| for\b"
    r"| thx| thanks| no explan| from| just| \"))"
)
_COMMA_LIST = re.compile(
    rf"(?P<first>{_ITEM})(?P<more>(?: ?[,;] ?{_ITEM}){{0,11}}?) ?,? ?(?:\bor\b|\bou\b"
    rf"|\bvs\.?\b) ?(?:a |an |um |uma )?(?P<last>{_ITEM}){_LIST_END}"
)
_MARK_LIST = re.compile(
    rf"(?P<items>{_ITEM}(?: ?(?P<mark>[/|]) ?{_ITEM}(?: ?(?P=mark) ?{_ITEM}){{0,11}})){_LIST_END}"
)
_PLAIN_LIST = re.compile(
    rf"(?P<items>{_ITEM}(?: ?[,;] ?{_ITEM}){{1,13}}(?: ?,? (?:and|e) {_ITEM})?)(?= ?(?:[.?!)\n\]]"
    rf"|$))"
)

_NAMED = re.compile(
    r"(?:\b(?:choose|pick|escolh[ae]r?) (?:from|between|among|entre)(?= ?:)"
    r"|\bone (?:or more )?of(?: these| the following| the| my)?(?: (?:labels?|categories|tags"
    r"|options|words|values|teams|buckets))?|\bum[ae]? (?:ou mais )?(?:de|destas?|dess[ae]s|destes"
    r"|das|dos)(?: (?:etiquetas|categorias|opcoes|labels|rotulos))?|\b(?:labels?|options?"
    r"|categor(?:y|ies|ia|ias)|tags?|opcao|opcoes|etiquetas?|rotulos?|classes?|answers|respostas"
    r"|choices|buckets?|values|valores|setor(?:es)?|departa?ment(?:o|os|s)?|niveis|nivel|levels?"
    r"|sentimentos?|sentiment|tipos?|types?|teams?|equipas?|areas?|queues?|filas?|intents?"
    r"|intencoes|topics?|temas?|priorit(?:y|ies)|prioridades?|severity|gravidade|mood|humor"
    r"|emotions?|emocao|emocoes|status|tone|tom|generos?|genres?)(?: (?:are|sao|is|allowed"
    r"|permitid[ao]s|validas?|possiveis|available|disponiveis|e|from|between|entre|to choose from"
    r"|here|apply|fit|se aplicam?|cabem?))*(?: \([^():,\n]{0,40}\)(?=:))?(?: (?:que"
    r"|that) [^:\n]{0,40}(?=:))?)(?P<mark> ?[:=(-] ?| )"
)
"""What is followed by labels, by its name; a mark after it makes it sure."""
_CHOOSE = re.compile(
    r"\b(?:(?:answer|response|output|resposta|saida) (?:must|should|has to|deve|tem de"
    r"|tem que) (?:be|ser)(?: either| one of)?|choose|pick|escolh[ae]r?|(?:reply|answer"
    r"|respond)(?: with)?(?: only| just| either)*|(?:say|as)(?: only| just| either)+"
    r"|respond[ae]s?(?: com| so| apenas| somente)*|mark(?: it)?|marque|marca|devolv[ae](?: so)?"
    r"|nothing but|diz(?:-me)?(?: so)?(?: se e)?|diga(?: so)?(?: se e)?|(?:tell me|say|decide|check"
    r"|diz|diga|ve|veja)(?: me)? (?:whether|if|se) (?:it is|it.s|this is|e|esta|ta)) "
)
_SORTED_INTO = re.compile(r"\b(?:as|into|em|como|entre|between|among) |(?:->|=>|→) ?")
_CHOICES = re.compile(
    r"(?:labels?|options?|categor|tags?|opcao|opcoes|etiquetas?|rotulos?|choices|answers|respostas"
    r"|buckets?|intents?|sentiment|priorit|prioridade|severity|gravidade)"
)
"""Names that stand for what is to be chosen from, and for little else."""
_PICKS = re.compile(
    r"\b(?:choose|pick|which|what|qual|escolh\w+|marca|marque|assign|encaminh\w+)\b"
)
_NUMBERED = re.compile(rf"\b{COUNT}(?: \w+)? $")
_STRONGLY = (
    r"classif\w+|categori[sz]\w+|categorias?|label|labell?ed|tag|tagged|bucket|triage|etiquet\w+"
    r"|rotul\w+|sentiment\w*"
    r"|priori\w+|urgenc\w*|urgency|severity|gravidade|tone|intent|enquadr\w+|flag"
)
_SORTS = re.compile(
    rf"\b(?:{_STRONGLY}|sort|mark|rate|assign|marc(?:a|ar|que)|identifi\w+|encaminh\w+|route|judge"
    r"|grade|review|decid\w+|tom|tipo|setor)\b"
)
"""What is done with a text that is given a label."""
_OPENS = re.compile(
    r"\b(?:sounds?|feels?|seems?|parece|soa) |[:(?\n\[-] ?|\bis (?:it|this|that)(?: (?:e-?mail"
    r"|message|review|comment|text|tweet|sms|ticket|one|post))? |\b(?P<verb>e|ta|esta|is) |^|[.!] "
)
_REPLIES = re.compile(
    r"\b(?:one word|uma (?:so )?palavra|single word|(?:so|apenas|somente|only|just) (?:a|o|the|that"
    r"|com a|com o|with the)? ?(?:palavra|sigla|nome|etiqueta|rotulo|categoria|label|word|name"
    r"|tag|bucket|setor|opcao)|nothing (?:else|fancier|more)|mais nada|nada mais|pick one"
    r"|choose one|escolh[ae] uma?|one letter|no explan\w+|sem explic\w+|label\?|which one\?"
    r"|answer (?:with|only)|responde? so|responda (?:so|apenas))"
)
_NOT_LABELS_WORDS = (
    "two three four five tres quatro cinco better best worth going ao aos as into to em como "
    "entre between are i you we he she it they me my your this that these those the is was be "
    "been do does did can could would should will not if so please pls how what which who why "
    "where when there here eu voce vc ele ela isso isto esse essa este esta que se quando onde "
    "quem qual por para pra foi era ser ter tem than json csv sql words word palavras palavra "
    "sentence sentences frases linhas lines only just apenas somente someone anything something "
    "nothing everything more less mais menos translate summarize classify write classifica "
    "classifique escolhe escolha responde responda diz diga label tag one uma um dois its from "
    "with com about sobre and e text texto fix make give want need quero preciso either nem "
    "letters numbers digits lowercase uppercase characters chars number numero string"
)
_NOT_LABELS = frozenset(_NOT_LABELS_WORDS.split())
SEVERAL = re.compile(
    r"\bone or more\b|\ball (?:that|which|the labels that) apply|\b(?:can|may|could) (?:be|have"
    r"|apply|pick|choose) (?:more than one|several|multiple)|more than one (?:is )?(?:ok|okay"
    r"|allowed|fine|possible|label|may|can)|as many as (?:apply|fit|needed)|any (?:that|which) appl"
    r"|\bmulti-?label|multiple (?:labels|tags|categories|answers)|\bumas? ou mais|\bum ou (?:mais"
    r"|varios)|\buma ou varias|mais d[eo] (?:que )?uma? (?:se|etiqueta|categoria|opcao|rotulo|tag"
    r"|pode|etiq|label|ok)|pode(?:m)? (?:ser|ter|haver|dar|marcar|usar|escolher) (?:mais|varias"
    r"|varios)|tod[ao]s (?:as|os) que|as que (?:se aplic|couber|fizer|servir)|quantas? (?:se aplic"
    r"|couber|forem)|which(?:ever)? (?:\w+ )?apply|multiple (?:are |is )?(?:allowed|ok|possible)"
    r"|varias? permitid|that apply|que se apli"
)
_EACH = re.compile(
    r"\b(?:one|label|tag|um|uma|etiqueta|rotulo|categoria) (?:per|por|a) (?:line|linha|row|item)\b"
    r"|\b(?:for|to|of|next to|para|a|de|em) (?:each|every|cada)\b"
    r"|\b(?:classif\w+|label|tag|sort|categori\w+|etiquet\w+|rotul\w+|marc\w+|mark)"
    r" (?:each|every|cada)"
    r"|\bcada (?:um|uma)\b"
)
"""Several texts are given a label each: how many there are is not known from the words."""
TRIGGERS = re.compile(r"[,/|]| (?:or|ou|vs) |yes|sim\b|true")
_NEAR_CHARS, _MOST_LABELS = 140, 16
_ASKED = re.compile(rf"\b(?:{_STRONGLY})\b|{_REPLIES.pattern}")


def read_labels(text: str, plain: str) -> tuple[tuple[str, ...], bool]:
    """The labels as they are written, and whether more than one may be given; empty where "
    "unsure."""
    if not TRIGGERS.search(plain) or _EACH.search(plain):
        return (), False
    several = SEVERAL.search(plain) is not None
    found = _listed(text, plain) or _yes_no(text, plain)
    return (found, several) if found else ((), False)


def _yes_no(text: str, plain: str) -> tuple[str, ...]:
    match = _YES_NO.search(plain)
    if match is None:
        return ()
    short = match["a"] in ("s", "y")
    if short and match["b"] != "n":
        return ()
    lone = plain[: match.start()].rstrip()[-1:] in ("", "?", "(", ".", ":", "-", "\n") or plain[
        match.end() :
    ][:1] in (")", "")
    near = plain[max(0, match.start() - 60) : match.end() + 60]
    if not (lone or _YES_NO_ANSWER.search(near)):
        return ()
    return tuple(text[slice(*match.span(group))].strip() for group in ("a", "b"))


_EITHER = re.compile(r"[/|]| (?:or|ou|vs\.?) ")


def _listed(text: str, plain: str) -> tuple[str, ...]:
    """The longest list of labels that stands in the surest place where one is asked for."""
    either = _EITHER.search(plain) is not None
    more = (_after_choosing, _after_sorting, _after_openings) if either or "[" in plain else ()
    for places in (_after_names, *more):
        best: tuple[str, ...] = ()
        for at, without_or, most in places(plain):
            for pattern in (_MARK_LIST, _COMMA_LIST, *((_PLAIN_LIST,) if without_or else ())):
                listed = pattern.match(plain, at)
                items = _items(text, listed, pattern) if listed else ()
                if items and len(items) <= most:
                    best = max(best, items, key=len)
                    break
        if best:
            return best
    return ()


_Places = Iterator[tuple[int, bool, int]]
"""Where a list may begin, whether one without an "or" is one, and how many labels it may have."""


def _after_names(plain: str) -> _Places:
    for match in _NAMED.finditer(plain):
        said = match[0].strip()
        if said.startswith(("one ", "um", "choose", "pick", "escolh")):
            yield match.end(), True, _MOST_LABELS
            continue
        counted = _NUMBERED.search(plain, max(0, match.start() - 24), match.start())
        asked = _near(_ASKED, plain, match.start(), match.end()) or _PICKS.search(
            plain, max(0, match.start() - _NEAR_CHARS), match.start()
        )
        sure = match["mark"].strip() != "" or said.endswith((" are", " sao"))
        sure = sure and counted is None and bool(asked or _CHOICES.match(said))
        if sure or _near(_SORTS, plain, match.start(), match.end()):
            yield match.end(), sure, _MOST_LABELS


def _after_choosing(plain: str) -> _Places:
    for match in _CHOOSE.finditer(plain):
        yield match.end(), False, _MOST_LABELS


def _after_sorting(plain: str) -> _Places:
    for match in _SORTED_INTO.finditer(plain):
        if _SORTS.search(plain, max(0, match.start() - _NEAR_CHARS), match.start()):
            yield match.end(), False, _MOST_LABELS


def _after_openings(plain: str) -> _Places:
    if _REPLIES.search(plain) or _SORTS.search(plain):
        for match in _OPENS.finditer(plain):
            bare = match["verb"] is not None
            if _near(_REPLIES if bare else _ASKED, plain, match.start(), match.end()):
                yield match.end(), match[0][:1] == "[", 2 if bare else _MOST_LABELS


def _near(pattern: re.Pattern[str], plain: str, begin: int, end: int) -> bool:
    return pattern.search(plain, max(0, begin - _NEAR_CHARS), end + _NEAR_CHARS) is not None


def _items(text: str, match: re.Match[str], pattern: re.Pattern[str]) -> tuple[str, ...]:
    begin, end = match.span()
    if pattern is _MARK_LIST:
        parts = re.split(r" ?[/|] ?", text[begin:end])
    else:
        parts = re.split(r" ?[,;] ?(?:(?:or|ou|and|e) )?| (?:or|ou|and|e|vs\.?) ", text[begin:end])
    cleaned = tuple(part.strip().strip("\"'“”`[]") for part in parts if part.strip())
    folded = [plain_of(item) for item in cleaned]
    quoted = {part.strip()[1:-1].lower() for part in parts if part.strip()[:1] in _MARKS}
    if len(cleaned) < 2 or len(set(folded)) < len(folded):
        return ()
    for item in folded:
        words = item.split()
        if not words or len(item) > 32 or (len(words) == 1 and len(item) < 1):
            return ()
        if _FORMAT.fullmatch(item) or any(_FORMAT.fullmatch(word) for word in words):
            return ()
        if item in quoted:
            continue
        if len(words) > _MOST_WORDS or not _CONJUNCTIONS.isdisjoint(words):
            return ()
        if words[0] in ("not", "nao") and " ".join(words[1:]) in folded:
            continue
        if len(words) > 1 and words[0] in ("a", "the", "an", "o", "os", "as"):
            return ()
        if words[0] in _NOT_LABELS or words[-1] in _NOT_LABELS or item.isdigit():
            return ()
    return cleaned


_MOST_WORDS = 3
_CONJUNCTIONS = frozenset(("and", "or", "ou", "nor", "nem", "if", "que", "is", "was", "were"))
_MARKS = "\"'“`["
_FORMAT = re.compile(r"[dmya]{2,4}|hh|mm|ss|[ap]m|https?|km|kg|\d+|h")
