"""Whether the answer is to be JSON, CSV or a table, and with which columns.

The same names stand for what is pasted: "this CSV" is not asked for, "as CSV" is.
"""

from __future__ import annotations

import re

_NEGATED = re.compile(
    r"\b(?:no|not|nao|sem|without|instead of|em vez de|never|nem|isn.t|don.?t want)(?: in| em| as"
    r"| um)? $"
)
_JSON = re.compile(r"(?<![\w./-])json\b(?!\.\w|-?lines|-?ld\b)")
_JSON_INPUT_BEFORE = re.compile(
    r"\b(?:this|these|that|the following|following|esse|este|esses|desse|deste|neste|nesse|from|my"
    r"|meu|minha|own|broken|invalid|parse|parses?|of|o seguinte|do|o meu|aquele|attached|pasted|raw"
    r"|from a|dum|read|reads|reading|ler|le|load|valida\w*|validate|package|um arquivo|a"
    r"|your) (?:\w+ )?$"
)
_JSON_INPUT_AFTER = re.compile(
    r" ?(?:into|to\b|vira|->|→|=>|para\b|pra\b|em (?:csv|tabela|texto|lista)|below|above|abaixo"
    r"|acima|file|arquivo|ficheiro|parser|parsing|has|tem\b|is (?:broken|invalid|wrong|not)"
    r"|nao (?:abre|valida|fecha)|response from|que (?:veio|recebi|chegou)|i (?:got|have|pasted)"
    r"|string|payload (?:from|below)|feed|web|schema)"
)
_JSON_OUTPUT = re.compile(
    r"(?:\b(?:as|in|into|to|em|num|numa|para|pra|como|return|output|be|ser|reply|respond|answer"
    r"|give|only|just|valid|so|o|um|apenas|somente|devolve\w*|retorn\w+|saida|formato|format|want"
    r"|need|quero|preciso|monta|make|faz\w*|cria\w*|gera\w*|array|single|one|strict|vira|virar"
    r"|array|tira\w*|extra\w+|raw|plain)[ :]+|[:>→,(\n(-]\s*|^\s*)(?:an? |one |um |o |the |it |me "
    r"|isto |isso |this |de |dai um |valid |strict |only |so |puro |pure |just |em |in |as |a )*$"
)
_JSON_THEN = re.compile(
    r" ?(?:only|so\b|please|pls|pf|with|com|:|array|object|objeto|keys|containing|contendo|format"
    r"|thx|thanks|out of|d[oae]s?\b|dess[ea]s?|dest[ea]s?|of (?:the|this|these)|nesse|[.!]?$)"
)


def asks_json(plain: str, *, has_example: bool, codes: bool) -> bool:
    """Whether the answer is to be JSON."""
    if codes:
        return False
    for match in _JSON.finditer(plain):
        before, after = plain[max(0, match.start() - 40) : match.start()], match.end()
        if _NEGATED.search(before):
            continue
        if _JSON_INPUT_AFTER.match(plain, after) and not re.match(
            r" (?:to|para|pra) (?:my|import|o sistema|paste|colar|i |the api|an? api|minha|meu)",
            plain[after:],
        ):
            continue
        if _JSON_OUTPUT.search(before):
            return True
        if _JSON_THEN.match(plain, after) and not _JSON_INPUT_BEFORE.search(before):
            return True
    return has_example


_CSV = re.compile(r"(?<![\w./])csv\b(?!\.\w)")
_CSV_OUTPUT_BEFORE = re.compile(
    r"(?:\b(?:as|in|into|to|em|num|para|pra|vira|virar|como|a|um|o|so o|only|just|valid|return"
    r"|output|gera\w*|make|monta\w*|formato|format|simple|quero|want|need|plain|cria\w*|faz\w*"
    r"|devolv\w+|exporta\w*|export|formatado|saida)[ :]+|[>→:,(\n]\s*|^\s*)(?:an? |um |o |the |it "
    r"|de |formato |proper |valid |simple |clean |so )*$"
)
_CSV_INPUT_AFTER = re.compile(
    r" ?(?:into|to\b|vira|->|→|para\b|pra\b|em (?:json|tabela)|below|above|abaixo|acima|file (?:i"
    r"|has|called|with|named)|column|arquivo|export (?:has|i)|parser|i (?:got|have|pasted)"
    r"|rows below|that (?:has|i)|que (?:recebi|tenho|veio)|has\b|tem\b|is\b|upload|import)"
)
_CSV_INPUT_BEFORE = re.compile(
    r"\b(?:this|these|that|my|from|esse|este|desse|deste|do|the attached|le|reads?|parse|load|of"
    r"|meu|from a|from the|um arquivo|a file|para ler (?:um|o)|ler um|open|abrir) (?:\w+ )?$"
)


def asks_csv(plain: str, *, codes: bool) -> bool:
    if codes:
        return False
    for match in _CSV.finditer(plain):
        before = plain[max(0, match.start() - 30) : match.start()]
        if _NEGATED.search(before):
            continue
        if _CSV_INPUT_BEFORE.search(before) or (
            _CSV_INPUT_AFTER.match(plain, match.end())
            and not re.match(
                r" (?:to|para|pra) (?:paste|import|colar|importar|i |o excel|excel|my|meu|minha)",
                plain[match.end() :],
            )
        ):
            continue
        if _CSV_OUTPUT_BEFORE.search(before) or re.match(
            r" ?(?:only|so\b|please|pls|with|com|:|format)", plain[match.end() :]
        ):
            return True
    return False


_TABLE = re.compile(
    r"\b(?:as|in|into|to|em|num|numa|para|pra|como) (?:an? |uma |forma de |formato de |nice "
    r"|simple |formato )*(?:(?:\d|two|three|four|five|duas|tres|comparison|markdown|md|simple"
    r"|simples|small|little|neat|nice)[ -](?:columns?[ -]|colunas )?)*(?:table|tabela"
    r"|quadro comparativo|tabelinha)\b(?! (?:called|named|chamada|of contents|for (?:\d|two|four"
    r"|five)|`))|\b(?:markdown|md|comparison|html) tables?\b|\btabelas? (?:em |de )?(?:markdown|md"
    r"|comparativa)\b|\b(?:make|give|create|build|draw|want|need|show|put|produce|return|output"
    r"|faz\w*|fac[ao]|cria\w*|monta\w*|monte|gera\w*|quero|queria|preciso de|devolv\w+|me da|da-me"
    r"|organiza\w*|desenh\w+)(?: me)?(?: it| this| these| isso| isto| com isso| com isto)? (?:in "
    r"|into |as |em |num |numa |so )?(?:a |an |uma |the )?(?:small |simple |quick |little |neat "
    r"|pequena |simples |nice )?(?:\d[ -]column )?(?:table|tabela|tabelinha)\b(?! (?:called|named"
    r"|chamada|of contents|for (?:\d|two|four|five)|in the|at|de contents|na base|no banco|sql"
    r"|de verdade|reservation|\())|\b(?:\d|two|three|four|duas|tres|quatro)[- ](?:column"
    r"|coluna)s? (?:table|tabela)\b|\btable (?:only|format)\b|\b(?:so|apenas|only|just) (?:the"
    r"|a) (?:table|tabela)\b|\b(?:table|tabela) (?:with|com) (?:\d+ |two |three |four |duas |tres "
    r"|quatro |the |as )?(?:columns?|colunas?)\b"
)
_TABLE_NOT = re.compile(
    r"\b(?:(?:in|no|on|em) (?:word|excel|google|sheets|docs|powerpoint|notion|access)|sql|sqlite"
    r"|query|database|banco de dados|base de dados|create table|schema|postgres\w*|mysql)\b"
)
_COLUMNS = re.compile(
    r"\b(?:table|tabela|csv)(?: format| com| with)? \(|\bcolumn table: |\b(?:columns?|colunas?"
    r"|header(?: row)?|cabecalhos?|headers)(?: (?:named|called|are|should be|must be|chamad[oa]s"
    r"|sao|com|is|e|with|of|de))*[ ]?[:=(\-]?[ ]?"
)
_COLUMNS_LIST_SEP = re.compile(r" ?(?:[,;|/&+]| and\b| e\b)(?: ?(?:and|e)\b)? ?")
_COLUMN = re.compile(
    r"[\"'`“]?(?P<name>[^\W\d_][\w.%$€/-]*(?: (?!and\b|e\b|or\b|ou\b|in\b|em\b|from\b|only\b|so\b"
    r"|please|pls|as\b|with\b|com\b|for\b|para\b|pra\b|no\b|na\b|nothing|sem\b|separad|por\b|that"
    r"|que\b|the\b|one\b|um\b|mais\b|apenas|of\b|then\b"
    r"|using)[\w.%$€/-]+){0,2})[\"'`”]?(?: ?\([^()\n]{1,40}\))?"
)


def asks_table(plain: str, *, codes: bool) -> bool:
    return not codes and _TABLE.search(plain) is not None and not _TABLE_NOT.search(plain)


_COLUMN_NOT_WORDS = (
    "separated separadas separado by por with com only so apenas the as os and e in em order "
    "ordem row rows one um uma two three names nomes each cada like tipo none headers header no "
    "sem first below above"
)
_COLUMN_NOT = frozenset(_COLUMN_NOT_WORDS.split())


def read_columns(text: str, plain: str) -> tuple[str, ...]:
    """The columns that are named, as written."""
    for match in _COLUMNS.finditer(plain):
        names: list[str] = []
        at = match.end()
        while len(names) < 16:
            item = _COLUMN.match(plain, at)
            if item is None or item["name"].split()[0] in _COLUMN_NOT:
                break
            names.append(text[slice(*item.span("name"))].strip(" .-/"))
            at = item.end()
            separator = _COLUMNS_LIST_SEP.match(plain, at)
            if separator is None:
                break
            at = separator.end()
        if len(names) > 1 and len({name.lower() for name in names}) == len(names):
            return tuple(names)
    return ()
