"""What stands around a request and asks for nothing: greetings, labels, thanks, an empty "Answer:".

A template or a person adds them to requests of every kind, so none of them says which kind it is.
A sentence at either end goes where all of its words are among those of such phrases. After material
that is labelled or fenced a last "Answer:" is left: there it is what is asked.
"""

from __future__ import annotations

import re

_MOST_LAYERS = 4
_WORD_CHARS = 32
_SENTENCE_CHARS = 100
_MOST_WORDS = 12
_MATERIAL_CHARS = 2_000
_MARKS = " \t\n#*>-,.!:?_=()\"'"

# Greetings, labels and who is addressed; please and thank you; asking for help, and how an answer
# should be, whatever it is.
_NEUTRAL_WORDS = """
    hi hello hey dear good morning afternoon evening there all everyone assistant again
    question questions q query problem exercise task request instruction instructions prompt
    input user human olá ola oi oie bom dia boa tarde noite pessoal gente amigo amiga novo
    pergunta p questão questao problema exercício exercicio tarefa pedido instrução
    instrucao instruções instrucoes usuário usuario utilizador assistente
    please pls thanks thank thx cheers regards kindly advance lot much very so really
    appreciate favor pfv por obrigado obrigada muito mesmo desde já ja agradeço agradeco
    valeu vlw grato grata abraço abraços
    can could would you u help me with this that it one i i'm im i'd i've have had has got a
    an the my your here here's is are be for of on in and or to do don't does not no need
    quick short brief concise simple careful carefully honest kind answer answers respond
    reply response following below as well possible best clear clearly precise exact take
    time today now soon asap urgent urgently just only keep if know let let's lets think
    reason step steps step-by-step through about too long was were wondering am sure sorry
    bother came come up asked ask sent send gave friend friends teacher colleague boss
    school work homework class thing things something next more okay ok listen go quickly
    looking forward counting it's its helpful expert pode podes poderia você voce vc me
    ajuda ajudar ajude ajude-me ajuda-me ajudar-me com isto isso aqui tenho tem uma um
    dúvida duvida preciso de da do o os as e é ser seja breve rápido rapido rápida rapida
    simples conciso claro cuidado calma pressa hoje agora logo urgente só apenas se souber
    responda responde responder seguinte seguintes abaixo melhor forma possível possivel
    pense pensar pensa raciocine passo vamos lá la sobre mais coisa coisas para pra que meu
    minha professor amigo colega chefe escola trabalho casa mandou perguntou surgiu desculpa
    desculpe incomodar então entao olha próxima proxima útil util prestativo fico no aguardo
    conto consegue está esta a à sou eu estava não nao sem disso resposta vai dê seu sua aí
    ai rapidinho numa sincero at we by myself
"""
_NEUTRAL = frozenset(_NEUTRAL_WORDS.split())
"""The words of which such a sentence is made. None of them says what is wanted."""

_ASKS_FOR_HELP = frozenset(
    [
        "can",
        "could",
        "would",
        "please",
        "pode",
        "podes",
        "poderia",
        "você",
        "voce",
        "consegue",
        "por",
        "me",
    ]
)
"""First words of a question that asks for nothing in particular."""

_FIRST_SENTENCE = re.compile(r"[\s#*>-]*([^.!?:;\n]{1,90})(?:[.!?:;*)]+(?=\s)|\n|,\s*\n)\s*")
_GREETING = re.compile(
    r"(?:hi|hello|hey|ol[áa]|oi|oie|bom dia|boa (?:tarde|noite))(?: \w+)?,\s+", re.IGNORECASE
)
_LAST_SENTENCE = re.compile(r"(?<=[.!?;)\]\"'\n])\s*([^.!?;\n]{2,90})[\s.!?:;*_]*\Z")
_MANNER = re.compile(
    r"(?:please )?(?:answer|reply|respond) in (?:english|portuguese)(?: please)?|"
    r"give (?:your )?reasons|"
    r"(?:please )?(?:explain|justify) your (?:answer|reasoning|choice)|"
    r"show your (?:work|reasoning)|"
    r"(?:por favor,? )?respond[ae] em (?:portugu[êe]s|ingl[êe]s)|d[êe] raz[õo]es|"
    r"(?:explique|justifique|explica|justifica) (?:a|sua|a sua|a tua) (?:resposta|escolha)",
    re.IGNORECASE,
)
"""How an answer is wanted, whatever is asked."""
_MANNER_ENDS = frozenset(
    [
        "english",
        "portuguese",
        "please",
        "reasons",
        "answer",
        "reasoning",
        "choice",
        "work",
        "português",
        "portugues",
        "inglês",
        "ingles",
        "razões",
        "razoes",
        "resposta",
        "escolha",
    ]
)
_NUMBER = re.compile(r"\d{1,4}")

_ANSWER = (
    r"(?:(?:the|your|my|final|correct|best|short|a|sua|tua|minha)[ \t]+){0,2}"
    r"(?:answer|ans|response|reply|solution|resposta|solu[çc][ãa]o|resolu[çc][ãa]o|gabarito)"
    r"(?: (?:is|final|correta|certa|é|:))?(?: \([^()\n]{1,40}\))?"
)
_CUE = re.compile(
    rf"(?:\n[\s#*]*(?:{_ANSWER}|assistant|assistente)\s*[\s:.*_?=-]*|"
    rf"(?<=[.?!:;)\]\"'\n])[\s#*]*(?:{_ANSWER}|[AR]|assistant|assistente)\**\s*:[\s*_]*)\s*\Z",
    re.IGNORECASE,
)
"""An empty place for an answer at the end."""
_CUE_ENDS = frozenset(
    [
        "answer",
        "ans",
        "response",
        "reply",
        "solution",
        "resposta",
        "solução",
        "solucao",
        "resolução",
        "resolucao",
        "gabarito",
        "final",
        "is",
        "é",
        "correta",
        "certa",
        "a",
        "r",
        "assistant",
        "assistente",
    ]
)
"""Its last words: looking for them is ten times as fast as the pattern."""

_MATERIAL = re.compile(
    r"```|(?:^|\n)[\s#*]*(?:context|passage|text|article|document|paragraph|story|plot|e-?mail|"
    r"message|tweet|review|comment|headline|sentence(?: \d)?|premise|hypothesis|title|abstract|"
    r"dialogue|conversation|transcript|table|schema|notes?|data|contexto|trecho|texto|passagem|"
    r"artigo|documento|par[áa]grafo|hist[óo]ria|mensagem|avalia[çc][ãa]o|coment[áa]rio|manchete|"
    r"frase(?: \d)?|premissa|hip[óo]tese|t[íi]tulo|di[áa]logo|conversa|tabela|dados)\**\s*:",
    re.IGNORECASE,
)
"""A label, or a fence, of what was pasted along."""


def core(prompt: str) -> str:
    """`prompt` without what stands around the request; itself where that would leave nothing."""
    text = _without_beginning(prompt)
    shorter = _without_end(text)
    return shorter if shorter.strip() else prompt


def _without_beginning(text: str) -> str:
    for _ in range(_MOST_LAYERS):
        if _word(text[:_WORD_CHARS].lstrip(_MARKS), 0) not in _NEUTRAL:
            break
        head = text[:_SENTENCE_CHARS]
        found = _GREETING.match(head)
        if found is None:
            found = _FIRST_SENTENCE.match(head)
            if found is None or not _is_neutral(found[1]):
                break
            if "?" in found[0] and _word(found[1], 0) not in _ASKS_FOR_HELP:
                break
        rest = text[found.end() :]
        if not rest.strip(_MARKS):
            break
        text = rest
    return text


def _without_end(text: str) -> str:
    for _ in range(_MOST_LAYERS):
        end = text[-_WORD_CHARS:].rstrip(_MARKS)
        last = _word(end, -1)
        tail = text[-_SENTENCE_CHARS:]
        found = None
        if last in _CUE_ENDS or tail.rstrip(" *_\n").endswith(":"):
            found = _CUE.search(tail)
            if found and _MATERIAL.search(text, 0, _MATERIAL_CHARS):
                break
        if found is None and (last in _NEUTRAL or last in _MANNER_ENDS):
            found = _LAST_SENTENCE.search(tail)
            if found and not (_is_neutral(found[1]) or _MANNER.fullmatch(found[1].strip())):
                found = None
        if found is None:
            break
        rest = text[: len(text) - len(tail) + found.start()].rstrip()
        if not rest.strip(_MARKS):
            break
        text = rest
    return text


def _word(text: str, at: int) -> str:
    words = text.split()
    return words[at].strip(_MARKS).lower() if words else ""


def _is_neutral(sentence: str) -> bool:
    words = [word.strip(_MARKS) for word in sentence.lower().split()]
    if len(words) > _MOST_WORDS:
        return False
    return all(not word or word in _NEUTRAL or _NUMBER.fullmatch(word) for word in words)
