"""The labels among which a request asks for one, or for several."""

from __future__ import annotations

import re

_YES_NO = re.compile(
    r"\b(?P<a>yes|sim|true|verdadeiro|s|y|certo) ?(?:/|\||,? or |,? ou | e | and "
    r"|,) ?(?P<b>no\b(?! m)|nao|false"
    r"|falso|n\b|errado)"
)
_YES_NO_ANSWER = re.compile(
    r"\b(?:only|just|so|apenas|somente|answer|reply|respond\w*|respost\w*|diz\w*|diga|say|one word"
    r"|uma"
    r" palavra|single word|nothing else|sem explica\w+|nada mais|mais nada|no explanation|pls"
    r"|please"
    r"|pf|por favor|quick|return|output|give me|me diz|fala|preciso de|quero|simples|direto"
    r"|curto)\b"
)
_ITEM = r"[\"'“`\[]?[^\W_][\w'&+-]*(?:[ /-][\w'&+-]+){0,3}?[\"'”`\]]?"
_COMMA_LIST = re.compile(
    rf"(?P<first>{_ITEM})(?P<more>(?: ?[,;] ?{_ITEM}){{0,11}}?) ?,? ?(?:\bor\b|\bou\b"
    rf"|\bvs\.?\b) ?(?:a |an |um |uma )?(?P<last>{_ITEM})"
    r"(?= ?(?:[.?!:;()\n\]→]|$|--?|, | only\b| so\b| e (?:nada|mais|so)| and (?:nothing|give|that"
    r"|return|no\b|only"
    r"|reply)| nothing| pls| please| por favor| pf\b| for (?:each|this|the)| apenas| sem | with no"
    r"| in one| one"
    r" word| numa| em uma| based| para (?:est|ess|o |a )| for\b| thx| thanks| no explan| from"
    r"| just| \"))"
)
_MARK_LIST = re.compile(
    rf"(?P<items>{_ITEM}(?: ?(?P<mark>[/|]) ?{_ITEM}(?: ?(?P=mark) ?{_ITEM}){{0,11}}))"
)
_PLAIN_LIST = re.compile(
    rf"(?P<items>{_ITEM}(?: ?[,;] ?{_ITEM}){{1,13}}(?: ?,? (?:and|e) {_ITEM})?)(?= ?(?:[.?!)\n\]]"
    rf"|$))"
)

_ANCHOR = (
    r"(?:\bone of(?: these| the following| the| my)?(?: (?:labels?|categories|tags|options|words"
    r"|values|teams|buckets))?[ :(]"
    r"|\bum[ae]? (?:de|destas?|dess[ae]s|destes|das|dos)(?: (?:etiquetas|categorias|opcoes|labels"
    r"|rotulos))?[ :(]"
    r"|\b(?:labels?|options?|categor(?:y|ies|ia|ias)|tags?|opco?es|etiquetas?|rotulos?|classes?"
    r"|choices|buckets?"
    r"|values|valores|setores|departamentos|niveis|sentimentos?|sentiment|tipos?|types?|teams?"
    r"|equipas?)"
    r"(?: (?:are|sao|is|allowed|permitid[ao]s|validas?|possiveis|available|disponiveis|e|from"
    r"|between|entre|to choose from|here))*"
    r" ?(?::|=|-|\()"
    r"|[:(→>]|->|=>|\b(?:as|into|to|em|como|entre|between|among|either|choose|pick|escolh[ae]r?"
    r"|reply(?: with)?"
    r"|answer(?: with)?|say|respond[ae]?(?: with| com| so| apenas)*|output|return|mark(?: it)?"
    r"|marque|marca|label|tag"
    r"|devolv[ae]|retorn[ae]|just|only|so|apenas|somente|nothing but|com|with|if (?:it.s|this is"
    r"|it is)"
    r"|whether (?:it is|it.s|this is)|se (?:e|esta|for|foi|ta)|is (?:it|this|that)|diz|diga|digas?"
    r"|e|is|ta|esta|use)\b)"
)
_TOPIC = re.compile(
    r"classif|categor|\blabel|\btag\b|\btags\b|bucket|triag|\bsort (?:it|this|them) |sentiment"
    r"|etiquet|rotul|encaminh|\broute\b|escolh"
    r"|choose|pick (?:one|from)|opc[oa]|options|one word|uma palavra|single word|so a palavra"
    r"|nothing else|nothing fancier|nothing but"
    r"|so a sigla|so o nome|mais nada|nada mais|one of|uma? d[ea]s|only|just|apenas|somente|\bso\b"
    r"|priorid|priority"
    r"|urgen|severity|gravidade|intent|intenc|\btone\b|\btom\b|which (?:team|label|category|dep"
    r"|queue|one)|qual (?:setor|categoria"
    r"|etiqueta|departamento|destas)|what (?:kind|category|label|team)|spam|mark\b|marca\b|marque"
    r"|answer with|reply with"
    r"|respond[ae] com|devolv\w+ "
)
_STRONG = re.compile(
    r"classif|categor|\blabel|\btag\b|bucket|triag|sentiment|etiquet|rotul|one word|uma palavra"
    r"|single word|so a palavra"
    r"|nothing else|nothing fancier|nothing but|so a sigla|mais nada|nada mais|one of|only|just"
    r"|apenas|somente|\bso\b|answer with"
    r"|reply|respond[ae]|pick one|choose|escolh|marca\b|marque|mark\b|spam|no explan|sem explic"
)
_NOT_LABELS_WORDS = (
    "i you we he she it they me my your this that these those the is are was be been do does did "
    "can could would should will not if so please pls how what which who why where when there "
    "here eu voce vc ele ela isso isto esse essa este esta que se como quando onde quem qual por "
    "para pra foi era ser ter tem than json csv sql words word palavras palavra sentence "
    "sentences frases linhas lines only just apenas somente someone anything something nothing "
    "everything more less mais menos translate summarize classify write classifica classifique "
    "escolhe escolha responde responda diz diga label tag one two uma um dois its from with com "
    "about sobre and e text texto fix make give want need quero preciso either nem letters "
    "numbers digits lowercase uppercase characters chars number numero string"
)
_NOT_LABELS = frozenset(_NOT_LABELS_WORDS.split())
SEVERAL = re.compile(
    r"\bone or more\b|\ball (?:that|which|the labels that) apply|\b(?:can|may|could) (?:be|have"
    r"|apply|pick|choose) (?:more than"
    r" one|several|multiple)|more than one (?:is )?(?:ok|okay|allowed|fine|possible|label|may|can)"
    r"|as many as (?:apply|fit|needed)"
    r"|any (?:that|which) appl|\bmulti-?label|multiple (?:labels|tags|categories|answers)"
    r"|\bumas? ou mais|\bum ou (?:mais|varios)"
    r"|\buma ou varias|mais d[eo] (?:que )?uma? (?:se|etiqueta|categoria|opcao|rotulo|tag|pode"
    r"|etiq|label|ok)|pode(?:m)? (?:ser|ter|haver|dar|marcar|usar"
    r"|escolher) (?:mais|varias|varios)|tod[ao]s (?:as|os) que|as que (?:se aplic|couber|fizer"
    r"|servir)|quantas? (?:se aplic|couber|forem)"
    r"|which(?:ever)? (?:ones )?apply|that apply|que se apli"
)
TRIGGERS = re.compile(
    r"\bor\b|\bou\b|/|\||yes|sim\b|true|y/n|s/n|one of|labels?\b|categor|opc|options|etiquet"
    r"|tags?\b|rotul|vs"
)
_BEFORE_CHARS, _NEAR_CHARS = 40, 160


def read_labels(text: str, plain: str) -> tuple[tuple[str, ...], bool]:
    """The labels as they are written, and whether more than one may be given; empty where "
    "unsure."""
    if not TRIGGERS.search(plain):
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


def _listed(text: str, plain: str) -> tuple[str, ...]:
    best: tuple[str, ...] = ()
    for match in re.finditer(_ANCHOR, plain):
        at = match.end()
        while plain[at : at + 1] in (" ", "\n"):
            at += 1
        for pattern in (_MARK_LIST, _COMMA_LIST, _PLAIN_LIST):
            listed = pattern.match(plain, at)
            if listed is None:
                continue
            items = _items(text, plain, listed, pattern)
            if items and _is_asked(plain, match, listed, items, plain_list=pattern is _PLAIN_LIST):
                if len(items) > len(best):
                    best = items
                break
    return best


def _items(
    text: str, plain: str, match: re.Match[str], pattern: re.Pattern[str]
) -> tuple[str, ...]:
    begin, end = match.span()
    if pattern is _MARK_LIST:
        parts = re.split(r" ?[/|] ?", text[begin:end])
    else:
        parts = re.split(r" ?[,;] ?(?:(?:or|ou|and|e) )?| (?:or|ou|and|e|vs\.?) ", text[begin:end])
    cleaned = tuple(part.strip().strip("\"'“”`[]") for part in parts if part.strip())
    folded = [item.lower() for item in cleaned]
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
        if words[0] in _NOT_LABELS or words[-1] in _NOT_LABELS or item.isdigit():
            return ()
    return cleaned


_MARKS = "\"'“`["
_FORMAT = re.compile(r"[dmya]{2,4}|hh|mm|ss|[ap]m|https?|km|kg|\d+|h")
_LABELLED = re.compile(
    r"one of|um[ae]? d|labels?|options?|categor|tags?|opco?es|etiquetas?|rotulos?|classes?|choices"
    r"|buckets?|values|valores|setores"
    r"|departamentos|niveis|teams?|equipas?|tipos?|types?|sentiment"
)


def _is_asked(
    plain: str,
    anchor: re.Match[str],
    listed: re.Match[str],
    items: tuple[str, ...],
    *,
    plain_list: bool,
) -> bool:
    near = plain[max(0, anchor.start() - _NEAR_CHARS) : listed.end() + _NEAR_CHARS]
    named = _LABELLED.match(anchor[0].strip())
    if plain_list:
        return bool(named) and _TOPIC.search(near) is not None
    if named:
        return True
    return (_STRONG if len(items) == 2 else _TOPIC).search(near) is not None
