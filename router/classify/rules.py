"""Rules for instructions whose wording is unambiguous: rare, but exact."""

from __future__ import annotations

import re

from router.classify.lexicon import POLITE, stems
from router.types.decision import Kind

_TONGUE = (
    r"english|spanish|portuguese|french|german|italian|japanese|chinese|mandarin|russian|arabic|"
    r"korean|dutch|hindi|greek|turkish|polish|swedish|latin|ingles|espanhol|portugues|frances|"
    r"alemao|italiano|japones|chines|russo|arabe|coreano|holandes|grego"
)
_START = rf"(?:^|\n)\s*{POLITE}"
_CODE_WORD = (
    r"code|codigo|function|funcao|query|script|class|program\w*|method|metodo|loop|regex|"
    r"sql|python|javascript|typescript|java|rust|php"
)
_NO_LETTER = (
    r"(?!.{0,40}\b(?:e-?mail|letter|message|memo|post|story|poem|speech|carta|mensagem|comunicado|"
    r"historia|conto|discurso)\b.{0,40}\b(?:summary|resumo)\b)"
)
"""A letter that has a summary in it is no summary."""
_PROGRAMMERS_WORD = (
    r"mutex(?:es)?|semaphores?|recursion|recursao|garbage collect(?:ion|or)|coletor de lixo|"
    r"dependency injection|injecao de dependencias?|global variables?|variaveis globais|"
    r"linked lists?|listas? ligadas?|hash (?:tables?|maps?)|tabelas? hash|unit tests?|"
    r"testes? unitarios?|refactoring|refatoracao|microservices?|microsservicos?|websockets?|"
    r"webhooks?|graphql|nosql|message queues?|filas? de mensagens|race conditions?|"
    r"memory leaks?|vazamentos? de memoria|design patterns?|object-oriented|orientacao a objetos|"
    r"functional programming|programacao funcional|abstract class(?:es)?|classes? abstratas?|"
    r"rest apis?|api rest|docker|kubernetes|git (?:merge|rebase)|regular expressions?|"
    r"binary search|busca binaria|big o notation|continuous integration|integracao continua|"
    r"composition (?:over|rather than|instead of|or|and) inheritance|async(?:/| and )await"
)
_GAP = re.compile(r"(?<!\(\?!)\.\{\d+,\d+\}\??|\[\^\\n\]\{\d+,\d+\}")
_NOT_CODE = rf"(?!.{{0,60}}\b(?:{_CODE_WORD})\b)"


def _object(pattern: str) -> str:
    """The part of a pattern that a text must share a word with: what follows the gap, if any.

    The verbs before the gap stand in every other prompt; what they are about does not.
    """
    return _GAP.split(pattern.replace(POLITE, " ").replace(_NOT_CODE, " "))[-1]


_UNMISTAKABLE: tuple[tuple[str, re.Pattern[str], frozenset[str]], ...] = tuple(
    (kind, re.compile(pattern), stems(_object(pattern)))
    for kind, patterns in {
        "translation": (
            rf"{_START}(?:translate|traduz(?:a|ir)?)\b{_NOT_CODE}",
            rf"\bhow (?:do|would|can) (?:you|i|we) say\b.{{1,80}}\bin (?:\w+ )?(?:{_TONGUE})\b",
            rf"\bcomo (?:se|eu|que se) (?:diz|fala|digo|falo)\b.{{1,80}}\bem (?:{_TONGUE})\b",
            rf"\b(?:what(?:'s| is|s) the|qual e a) (?:{_TONGUE}) (?:(?:word|term) )?for\b",
            rf"\b(?:palavra|termo) em (?:{_TONGUE}) para\b",
        ),
        "summarisation": (
            rf"{_START}(?:summari[sz]e|sum up|recap|resum(?:a|e|ir)|sintetiz[ae]r?)\b{_NOT_CODE}",
            r"(?:^|\n)\s*tl;?dr\b|\b(?:tl;?dr|in a nutshell|in short|in summary|to sum up|"
            r"to sum up this \w+|boils down to[^.?!\n]{0,40}|em resumo|em suma|em sintese|"
            r"resumindo|resumo da opera)\W*$",
            rf"(?:^|\n)\s*{POLITE}(?:what are|list|give me|quais (?:sao )?|liste|me de "
            rf")\s*(?:the|os|as)? "
            r"?(?:key|main|most important|principais|pontos) (?:points|takeaways|ideas|findings|"
            r"pontos|"
            r"ideias|principais|chave)\b",
            rf"{_START}(?:given (?:the|this) .{{1,40}}, )?(?:write|give|make|generate|produce|"
            rf"create|provide|faca|escreva|gere|crie|de|quero|preciso)\b{_NO_LETTER}.{{0,30}}\b"
            r"(?:summary (?:of|for)|resumo d[oae]s?)\b",
            r"\b(?:write|give|make|generate|escreva|faca|gere|crie) (?:me )?(?:a|an|um) "
            r"(?:\w+ )?(?:summary|resumo)\W*$",
        ),
        "rewriting": (
            rf"{_START}(?:rewrite|rephrase|reword|paraphrase|proofread|reescrev\w+|reformul\w+|"
            rf"parafrase\w+)\b{_NOT_CODE}",
            rf"{_START}(?:fix|correct|check|corrij\w+|corrig\w+|revis\w+|arrum\w+) "
            r"(?:(?:the|my|any|this|all|o|os|a|as) )?(?:grammar|spelling|typos|punctuation|"
            r"gramatica|ortografia|pontuacao|portugues|erros de (?:portugues|digitacao))\b",
        ),
        "writing": (
            rf"{_START}(?:write|draft|compose|escreva|redija|componha) (?:me )?(?:an?|um|uma) "
            r"(?:\w+ ){0,2}(?:e-?mail|letter|memo|story|poem|speech|essay|blog post|carta|conto|"
            r"historia|poema|discurso|redacao|convite) (?:to|that|which|about|in which|where|que|"
            r"para|sobre|em que)\b",
        ),
        "code": (
            rf"{_START}(?:write|create|implement|fix|debug|refactor|escrev\w+|crie|implement\w+|"
            r"corrija|faca|refator\w+|gere|generate)\b.{0,40}\b(?:(?:python|javascript|typescript|"
            r"java|rust|go|php|bash|c\+\+|sql|shell|powershell|kotlin|ruby) "
            r"(?:function|script|code|query|class|program|method|command|one-liner)|"
            r"(?:funcao|script|codigo|consulta|query|classe|programa|comando) (?:em )?(?:python|"
            r"javascript|typescript|java|rust|go|php|bash|sql|shell|kotlin|ruby)|unit tests?|"
            r"testes unitarios|regex|expressao regular|regular expression|dockerfile)\b",
            rf"{_START}(?:using|use|in|write|create|construct|design|develop|build|implement|"
            r"generate|define|make|edit|modify|update|enhance|optimi[sz]e|add|print|declare|convert|"
            r"calculate|find|sort|how (?:would|do|can|could) (?:you|i)|what would be|crie|escreva|"
            r"usando|em|desenvolva|construa|implemente|gere|faca|como)\b(?!.{0,60}\b(?:essay|article|"
            r"poem|story|emails?|blog|post|tweet|redacao|artigo|historia|poema)\b)[^\n]{0,90}(?:\b(?:"
            r"python|javascript|typescript|java|golang|php|sql|mysql|html|css|jquery|node\.js|numpy|"
            r"pandas|tensorflow|dataframe|linked list|pseudo-?code|shell script|c (?:program|"
            r"function|code)|binary tree|lista ligada|pseudocodigo)\b|\bc\+\+|\bc#)",
            rf"{_START}(?:design|architect|propose|projet[ae]r?|desenh[ae]r?|proponha)\b[^\n]{{0,40}}"
            r"\b(?:architecture|arquitetura|database schema|esquema do banco|data model|"
            r"modelo de dados|microservices?|microsservicos)\b",
            # A question about an idea of programming.
            r"(?:^|\n)\s*(?:what|why|when|where|which|how|is|are|does|do|should|can|explain|"
            r"describe|compare|o que|por ?que|para que|quando|onde|qual|quais|como|explique|"
            r"explica)\b"
            rf"[^\n]{{0,80}}\b(?:{_PROGRAMMERS_WORD})\b",
        ),
        "math": (
            rf"{_START}(?:solve|resolv[ae]r?)\b.{{0,25}}\b(?:equation|equacao|for x|system)\b",
            rf"{_START}(?:prove|show|prove|demonstre|mostre) (?:that|que|by induction|por inducao)"
            r".*(?:\d|\$|=|\bprimes?\b|\bprimos?\b|\birra[tc]ional\b|\bnumbers?\b|\bnumeros?\b)",
            rf"{_START}(?:what is|what's|qual e|find|compute|calculate|evaluate|calcul\w+|ache|"
            rf"encontre)"
            r" (?:the|a|o) (?:derivative|integral|antiderivative|derivada|primitiva) (?:of|de|"
            r"da)\b",
            r"^\s*(?:what is|what's|how much is|quanto e|quanto da|calculate|calcule|compute)?\s*"
            r"[\d.,()\s]*\d\s*(?:[-+*/^]|x|vezes|mais|menos|times|plus|minus|% of|% de)\s*"
            r"[-\d.,()\s+*/x^]*\d\s*[=?.]*\s*$",
        ),
        "extraction": (
            rf"{_START}(?:extract|extraia|extrair|pull out)\b.{{0,20}}\b(?:(?:tracking|postal|zip|"
            r"promo|discount|error|product|country) code|codigo (?:de (?:rastreio|rastreamento|"
            r"barras|erro)|postal))\b",
            rf"{_START}(?:extract|extraia|extrair|pull out)\b"
            rf"(?!.{{0,20}}\b(?:points|insights|ideas|pontos|ideias)\b){_NOT_CODE}",
            r"\b(?:positive,? (?:or|negative)|negative or positive|positiv[oa],? (?:ou|"
            r"negativ[oa])|"
            r"spam or not|spam ou nao)\b",
            rf"{_START}(?:according to|based on|segundo|de acordo com|com base n?[oa]?) ?(?:the "
            rf"|o |a )?"
            r"(?:above |following |given )?(?:text|passage|article|document|email|context|contract|"
            r"texto|trecho|artigo|documento|contexto|contrato)\b",
            rf"{_START}(?:classify|triage|categori[sz]e|classifique|categorize) (?:this|the|these|"
            r"ess[ea]s?|est[ea]s?|[oa]s?|el[ea]s?)\b.{0,20}\b(?:ticket|email|message|request|"
            r"review|"
            r"tweet|complaint|chamado|mensagem|pedido|avaliacao|reclamacao|comentario|comment)s?\b",
        ),
        "tool": (
            rf"{_START}(?:set|create|add|start|coloc\w+|cri[ae]|defin\w+|ponh\w+|bot[ae]) "
            r"(?:(?:an?|the|my|um) )?(?:\w+ )?(?:alarm|timer|reminder|alarme|despertador|"
            r"lembrete)\b",
            rf"{_START}remind me (?:to|at|about|in|on|tomorrow)\b",
            r"(?:^|\n)\s*(?:por favor,? )?(?:me lembr[ae]|lembre-me) (?:de|as|amanha|que)\b",
            rf"{_START}(?:turn|switch) (?:on|off)\b|\bwake me up\b",
            rf"{_START}(?:lig(?:a|ue)|deslig(?:a|ue)|apag(?:a|ue)|acend[ae]) (?:[oa]s? )"
            r"(?:luz\w*|tv|televisao|ar|ventilador|lampada\w*|som)\b",
        ),
    }.items()
    for pattern in patterns
)
"""Kind, wording, and what `lexicon.stems` says that a text must share to match at all."""


_SUM_CHARS = 80


def kind_by_rule(asked: str, present: frozenset[str]) -> Kind | None:
    """The kind that the wording leaves no doubt about; None too where two rules disagree.

    asked, present: an instruction as `lexicon.folded` and `lexicon.beginnings` give it.
    """
    # A bare sum has no word to be known by; tl;dr, C++ and C# none that is long enough.
    wordless = {
        "math": len(asked) <= _SUM_CHARS,
        "summarisation": "tl" in asked,
        "code": "c++" in asked or "c#" in asked,
    }
    found = {
        kind
        for kind, pattern, needed in _UNMISTAKABLE
        if (wordless.get(kind, False) or not needed.isdisjoint(present)) and pattern.search(asked)
    }
    return Kind(found.pop()) if len(found) == 1 else None
