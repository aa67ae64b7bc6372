"""The words of a request that are the user's own: not what was pasted, quoted or fenced.

An article may speak of JSON and a forwarded mail may order "one word only"; neither is an order to
the one who reads it for the user.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property

from router.classify.lexicon import ORDER, QUESTION
from router.form.typing_errors import corrected

_HEAD_CHARS, _TAIL_CHARS = 1600, 900
_QUOTE_WORDS = 6
_SHORT_CHARS = 240
_LINE_CHARS, _LINE_END_CHARS, _ORDER_CHARS = 600, 280, 160

_FENCE = re.compile(r"```[^\n]*\n.*?(?:```|\Z)", re.DOTALL)
_APART = re.compile(r"\n[ \t]*(?:\n|[-=*_~]{3,}[ \t]*(?=\n|\Z))")
_QUOTED = re.compile(
    r"\"[^\"\n]{1,600}\"|“[^”]{1,600}”|«[^»]{1,600}»|(?<![\w'])'[^'\n]{8,400}'(?!\w)"
)
_OPENS_QUOTE = re.compile(r"\s*(?:[\"“«>|]|'(?=\w)|[-•–]\s*\w+:|\[\d|[#@\[(]?\w{2,20}[#\])]?: )")
_CODE_LINE = re.compile(
    r"\s*(?:def \w+ ?\(|class \w+ ?[(:{]|import \w+$|from [\w.]+ import |#include|public \w+"
    r"|using [A-Z]\w+|func(?:tion)? \w+ ?\(|(?:const|let|var) \w+ =|package \w+|>>> |@\w+$"
    r"|return\b[^.]*[;)]?$|[\w.\[\]]+ = \S|.*[;{]\s*$|</?\w+>?|\"\"\"|\'\'\'|///|# >>>)"
)
_SAID = re.compile(
    r"\b(?:said|says|told|wrote|asked|disse|diz(?:ia)?|falou|escreveu|called|titled|chamad[oa]"
    r"|replied)(?: (?:me|us|him|her|that|que))*:? ?$",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"\s*(?:de|from|para|to|assunto|subject|re|fwd|cc|bcc|data|date|sent|enviado|text[oe]?|email"
    r"|e-mail|message|mensagem|mensaje|review|comment|comentario|ticket|input|entrada|article"
    r"|artigo|user|utilizador|usuario|cliente|customer|nota|transcript|paragraph|paragrafo|context"
    r"|contexto|document|documento|question|pergunta)\s*:",
    re.IGNORECASE,
)
"""A line that begins what was pasted."""
_GREETS = re.compile(
    r"\s*(?:dear|prezad[oa]s?|car[oa]s?|estimad[oa]s?|exm[oa]s?\.?|srs?\.?|hi [a-z]+[,!]"
    r"|hello [a-z]+,|best,|regards|att\b|cumprimentos|abra?cos?\b|obrigad[oa],)"
)
_SPEAKS_OF_FORM = re.compile(
    r"\s*[-*(^\[]*\s*(?:<?-+>? ?)?(?:only|just|so|apenas|somente|json|csv|sql|format\w*|output"
    r"|saida|answer|reply|respon\w+|result\w*|max\w*|no max|at most|up to|ate|keys?|fields?|chaves?"
    r"|campos?|colum\w*|colunas?|labels?|options?|opcoes|etiquetas?|one|uma?|in|em|as|no|nothing"
    r"|sem|nada|exactly|exatamente|use|each|cada|that|this|these|the above|iss?o|esses?|isto|esta"
    r"|este|aqui|acima|above|please|pls|pf|por favor|devolv\w+|want|quero|queria|need|preciso|i "
    r"|eu |can|could|pode|make|keep|nao|don.?t|do not|must|deve|e |and |also|tambem|yes|sim)\b"
)
_FORM_WORD = re.compile(
    r"\b(?:json|csv|sql|yaml|only|just|apenas|somente|so [oae]s?|so|nada|nothing|words?|palavras?"
    r"|frases?|sentences?|caracteres|characters|linha|line|virgulas?|commas?|separad\w+|separated"
    r"|table|tabela|one of|formato?|aaaa|yyyy|maiusculas|minusculas|uppercase|lowercase|caps|ingles"
    r"|english|portugu\w+|sim ou nao|yes or no|numero|number|lista?|topicos|bullets?|traduz\w*"
    r"|translate)\b"
)
PLACEHOLDER = re.compile(
    r"\.\.\.|…|<[^<>\n]{1,40}>|\"\"|''|:\s*(?:\[\s*\]|\{\s*\}|0(?:\.0+)?\s*[,}])|\b(?:yyyy|aaaa"
    r"|hh:mm|dd/mm)|:\s*\"?(?:number|numero|string|texto?|str|int\w*|float|bool\w*|boolean|list"
    r"|lista|array|inteiro|true ?[/|] ?false)\b",
    re.IGNORECASE,
)
"""What stands for a value in the sketch of a JSON."""
_ANNOUNCES = re.compile(
    r"\b(?:like|format\w*|formato|assim|exemplo|example|estrutura|structure|shape|schema|este|this"
    r"|template|modelo|keys|chaves)\b[^\n]{0,20}:\s*$"
)
_LIST_ITEM = re.compile(r"\s*(?:[-*•–]|\(?(?:\d{1,2}|[A-Ja-j])[.)])\s+\S")
_NAMES_PARTS = re.compile(
    r"\b(?:one of|labels?|options?|categor\w+|tags?|keys?|fields?|columns?|campos?|chaves?|colunas?"
    r"|etiquetas?|opcoes|classes|um[ae]? d[eoa]s?|format\w*|json)\b[^\n]*:\s*$"
)
"""A line after which the parts of the form are listed, one a line."""


_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_SOMEBODY = (
    r"(?:my|our|his|her|the|an?|o|os|a|as|um|uma|o meu|a minha|meu|minha|nosso|nossa) "
    r"(?:[a-z']+ ){1,3}?|(?:he|she|they|ele|ela|eles|elas) "
)
_NARRATES = re.compile(
    rf"\b(?:{_SOMEBODY})(?:told|tells|asked|asks|wants?|wanted|said|says|insists?|requested|expects?"
    r"|keeps?|types?|wrote|sent|used to|fez|fizeram|aceitava\w*|mandava\w*|responde|respondia"
    r"|enviou"
    r"|escreveu|criou|was|were|always|only (?:speaks?|answers?|repl(?:y|ies))|pediu|pede|pedem"
    r"|quer|querem|queria"
    r"|disse|mandou|exige|foi|era|has|have|tem|tinha|so (?:fala|responde|respondeu))\b"
    r"|\b(?:i used to|we had to|i read|li num|li que|someone told|era uma vez|once upon)\b"
    r"|\bi (?:asked|told|already)\b|\b(?:answered|replied|respondeu|responderam|pediram|tirei)\b"
    r"|\bonly (?:got|returned|shows?)\b|\bso (?:devolve|retorna|aparece|mostra)\b"
    r"|\b(?:pedi|mandei|disse)(?: a[os]?| ao| para| pra)\b"
)
"""Tells what somebody else wants or did."""
_WONDERS = re.compile(
    r"(?:anyway,? |and |but |so |e |mas |entao |ok,? )?(?:why\b|is (?:that|there|it|this)\b"
    r"|are (?:there|they)\b"
    r"|do(?:es)? (?:that|anyone|people)\b|should i\b|how long (?:should|does)|how come\b"
    r"|how (?:do|can|should|would) (?:i|we) (?!write|say|format|convert|spell|express|put|get"
    r"|turn|make|do)"
    r"|porque\b|por ?que\b|por que e que|sera que|devo\b|sabes? (?:que|qual)|ha alguma"
    r"|existe alguma"
    r"|hoje em dia|como (?:e que )?(?:convenco|digo a|explico|posso|aprendo|faco para)"
    r"|[a-z]+ (?:o|a) (?:miudo|rapaz|colega|chefe)\b)"
)
"""Openings of questions that want advice or an explanation."""
_ALTERNATIVES = re.compile(r" or | ou |\w ?/ ?\w|\b(?:only|just|so|apenas) (?:the|o|a|one|um)\b")
_ASIDE = re.compile(
    r"\b(?:about|sobre) (?:an?|the|um|uma|o|a|os|as|someone|somebody|alguem)\b(?: [a-z-]+){0,3}?"
    r"(?P<aside> (?:who|that|que|whose|cujo)\b[^.;?!\n]*)"
    r"|\b(?:e-?mail|letter|message|note|carta|mensagem|recado|post|tweet)\b[^.?!\n]{0,60}?"
    r"(?P<wish> (?:asking|requesting|telling|a pedir|pedindo|a dizer|dizendo)\b[^.;?!\n]*)"
)
"""What a story or a letter is about."""


@dataclass(frozen=True)
class Request:
    """The user's own words. text: as written; plain: the same in lower case without accents, letter
    for letter in the same places; what was quoted at length is blank in both."""

    text: str
    plain: str

    @cached_property
    def unquoted(self) -> str:
        """`plain` with all that stands in quotation marks blank."""
        if not any(mark in self.plain for mark in "\"“«'"):
            return self.plain
        return _QUOTED.sub(lambda quoted: " " * len(quoted[0]), self.plain)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(_WORD.findall(self.plain))


_WORD = re.compile(r"[a-z]{2,}|\d+")

_BARE = str.maketrans(
    "áàâãäåéèêëíìîïóòôõöúùûüçñýÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑÝ’‘“”–—\u00a0º",
    "aaaaaaeeeeiiiiooooouuuucnyaaaaaaeeeeiiiiooooouuuucny''\"\"-- o",
)


def plain_of(text: str) -> str:
    """Lower case without accents, of the same length; letters of other scripts stay."""
    if text.isascii():
        return text.lower()
    lowered = text.translate(_BARE).lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(c if len(c.lower()) != 1 else c.lower() for c in text.translate(_BARE))


def request_of(prompt: str) -> Request:
    """The user's own words in a prompt; of a long one, those at its two ends."""
    text = _window(prompt)
    if "```" in text:
        text = _FENCE.sub("\n\n", text)
    text = corrected(text)
    kept = "\n".join(_own_parts(text))
    if '"' in kept or "“" in kept or "«" in kept or "'" in kept:
        kept = _QUOTED.sub(_without_long_quote, kept)
    return _without_asides(Request(kept, plain_of(kept)))


def _without_asides(request: Request) -> Request:
    """The request without what it only tells: what somebody else wanted, what a letter shall ask
    for, what the hero of a story does. It is blank, so that all else keeps its place."""
    spans = [match.span(match.lastgroup or 0) for match in _ASIDE.finditer(request.plain)]
    if _NARRATES.search(request.plain) or "?" in request.plain or _WONDERS.match(request.plain):
        sentences = [match.span() for match in _SENTENCE.finditer(request.plain)]
        spans += [span for span in sentences if _wonders(request.plain[slice(*span)])]
        told = [span for span in sentences if _NARRATES.search(request.plain, *span)]
        asks = [span for span in sentences if span not in told]
        if any(_asks(request.plain[slice(*span)]) for span in asks):
            spans += told
    if not spans:
        return request
    text, plain = request.text, request.plain
    for begin, end in spans:
        blank = " " * (end - begin)
        text = f"{text[:begin]}{blank}{text[end:]}"
        plain = f"{plain[:begin]}{blank}{plain[end:]}"
    return Request(text, plain)


def _wonders(sentence: str) -> bool:
    """Whether a sentence asks about the world, and not for a text in some form; one that names
    alternatives may name the allowed answers."""
    body = sentence.strip()
    return _WONDERS.match(body) is not None and _ALTERNATIVES.search(body) is None


def _asks(sentence: str) -> bool:
    body = sentence.strip()
    return body.endswith("?") or ORDER.match(body) is not None or QUESTION.match(body) is not None


def _window(prompt: str) -> str:
    if len(prompt) <= _HEAD_CHARS + _TAIL_CHARS:
        return prompt
    head, tail = prompt[:_HEAD_CHARS], prompt[-_TAIL_CHARS:]
    # What is cut in the middle of a line is no line of the user's.
    return f"{head[: head.rfind(chr(10)) + 1] or head}\n\n{tail[tail.find(chr(10)) + 1 :]}"


def _without_long_quote(match: re.Match[str]) -> str:
    quoted = match[0]
    said = _SAID.search(match.string, max(0, match.start() - 24), match.start()) is not None
    if quoted.count(" ") < _QUOTE_WORDS and not said:
        return quoted
    return f"{quoted[0]}{' ' * (len(quoted) - 2)}{quoted[-1]}"


def _own_parts(text: str) -> list[str]:
    """The lines that are the user's: of the first paragraph, of those that go on with it, and of
    the last where it asks."""
    paragraphs = [part for part in _APART.split(text) if part.strip()]
    kept: list[str] = []
    pasted = False
    for place, paragraph in enumerate(paragraphs):
        plain = plain_of(paragraph)
        first, last = place == 0, place == len(paragraphs) - 1
        if (_is_pasted(paragraph, plain, first=first) and len(paragraphs) > 1) or (
            pasted and not last
        ):
            pasted = True
            continue
        if _is_data(paragraph) and not (kept and _ANNOUNCES.search(plain_of(kept[-1]))):
            pasted = True
            continue
        if not (first or _addresses(plain) or (last and _FORM_WORD.search(plain))):
            pasted = True
            continue
        lines = _own_lines(paragraph, plain, first=first)
        kept += lines
        pasted = pasted or paragraph.rstrip().endswith(":")
    return kept


def _ends_of(line: str) -> str:
    """A line, without the middle of one that is too long to be a request."""
    if len(line) <= _LINE_CHARS:
        return line
    head, tail = line[:_LINE_END_CHARS], line[-_LINE_END_CHARS:]
    colon = head.find(": ", 0, _ORDER_CHARS)
    stop = max(head.rfind(mark) for mark in (". ", "? ", "! "))
    begin = colon if colon > 0 and ORDER.match(plain_of(head)) else stop
    kept = head[: begin + 1] if begin > 0 else head
    starts = [at for mark in (". ", "? ", "! ") if (at := tail.rfind(mark, 0, -4)) >= 0]
    end = tail[max(starts) + 2 :] if starts else ""
    return f"{kept}\n{end}" if _addresses(plain_of(end)) else kept


def _is_data(paragraph: str) -> bool:
    """Whether a paragraph is JSON with values, not the sketch of one."""
    body = paragraph.strip()
    if body[:1] + body[-1:] not in ("{}", "[]") or len(body) < 2:
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return PLACEHOLDER.search(body) is None


def _is_pasted(paragraph: str, plain: str, *, first: bool) -> bool:
    if not first and (_FIELD.match(plain) or _GREETS.match(plain)):
        return True
    body = paragraph.strip()
    if body[:1] in "\"“«'" and body[-1:] in "\"”»'" and len(body) > 1:
        return True
    return body.startswith(">") and not body.startswith(">>")


def _addresses(plain: str) -> bool:
    """Whether a passage speaks to the one who answers."""
    body = plain.strip()
    if ORDER.match(body) or _SPEAKS_OF_FORM.match(body) or body[:1] in "{[(^":
        return True
    if body.startswith(">>") or (len(body) <= _SHORT_CHARS and QUESTION.match(body)):
        return True
    ends = re.split(r"(?<=[.!?])\s+|\n", body)
    return len(ends) > 1 and any(ORDER.match(end) is not None for end in ends[-2:] + ends[:2])


def _own_lines(paragraph: str, plain: str, *, first: bool) -> list[str]:
    """The lines of a paragraph up to what was pasted into it, and those after it that ask."""
    lines, plains = paragraph.split("\n"), plain.split("\n")
    if len(lines) == 1:
        return [_ends_of(paragraph)]
    kept: list[str] = []
    listed, material = False, False
    for place, (line, folded) in enumerate(zip(lines, plains, strict=True)):
        if listed and _LIST_ITEM.match(line) and len(line) < 60:
            kept.append(line)
            continue
        listed = False
        if _CODE_LINE.match(line) and line.strip()[:1] not in "{}[":
            material = True
            continue
        opens = place == 0 or line.lstrip()[:1] in "{}["
        if _OPENS_QUOTE.match(line) and not (opens or _SPEAKS_OF_FORM.match(folded)):
            material = True
            continue
        if place and material and not opens and not _addresses(folded):
            continue
        if place and (_LIST_ITEM.match(line) or _FIELD.match(folded) or _GREETS.match(folded)):
            material = True
            continue
        if place and not opens and kept and kept[-1].rstrip().endswith(":"):
            material = not _addresses(folded)
            if material:
                continue
        kept.append(_ends_of(line))
        listed = _NAMES_PARTS.search(folded) is not None
    return kept
