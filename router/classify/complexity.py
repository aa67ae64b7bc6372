"""Estimates the complexity of an instruction, 0..1, from markers such as proofs and constraints.

One of the signals of a prompt, which expected scores rest on; `complexity_model` judges from it and
from all that is asked.
"""

from __future__ import annotations

import re

from router.classify.lexicon import POLITE, beginnings, folded, stems

_BULLET = re.compile(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])\s", re.MULTILINE)
_ROUTINE = re.compile(
    rf"\s*{POLITE}(?:extract|list the (?:names?|dates?|emails?)|summari[sz]e|tl;?dr|translate|"
    r"classify|tag|label|convert|proofread|(?:fix|correct) (?:the |any |my )?(?:typos?|spelling|"
    r"grammar)|set (?:an? )|remind|reply|turn (?:on|off)|parse|rewrite|rephrase|paraphrase|"
    r"extraia|extrair|resuma|resumir|traduza|traduzir|traduz|classifique|converta|corrija (?:a|os|"
    r"o) |lembr|reescrev|reformul|respond[ae] (?:a|o|ao|esta|este)|faca um resumo)"
)
"""Instructions that stay easy whatever their object is."""

_HOW_MANY = re.compile(
    r"\bhow (?:many|much|long|far|old|fast)\b|\bwhat (?:is|was|will be) (?:the|his|her|their)\b|"
    r"\bquant[oa]s?\b|\bqual (?:e|foi|sera|era) [oa]\b"
)

_CONSTRAINT = re.compile(
    r"\b(?:must|should|without|at least|at most|no more than|ensure|exactly|only if|unless|each|"
    r"support(?:s|ing)?|handle|include|deve(?:m|ra)?|sem|pelo menos|no minimo|no maximo|garanta|"
    r"exatamente|a menos que|cada|suport[ae]r?|inclua|incluindo|including|trate)\b"
)

_CONSTRAINT_STEMS = stems(_CONSTRAINT.pattern)

_HARD: tuple[tuple[float, re.Pattern[str], frozenset[str]], ...] = tuple(
    (weight, re.compile(pattern), stems(pattern))
    for weight, pattern in (
        (0.6,
            r"\bprov(?:e|ing) (?:that|why|the|by|it|or|que|a |o |por|\$)|\bproof\b|"
            r"\bdemonstr(?:e|ar|ate) (?:que|that|a|o)\b"),
        (0.5,
            r"\b(?:design|architect|projet[ae]r?|"
            r"desenh[ae]r?) (?:\w+ ){0,4}?(?:architectures?|systems?|platforms?|schemas?|"
            r"protocols?|pipelines?|services?|api|databases?|arquiteturas?|sistemas?|"
            r"plataformas?|esquemas?|protocolos?|servicos?|bancos?)\b"),
        (0.35,
            r"\b(?:architectures?|arquiteturas?|high availability|alta disponibilidade|"
            r"scalab\w+|escalab\w+|escalavel|multi-?tenant|microservi\w+|microsservic\w+)\b"),
        (0.45,
            r"\btrade-?offs?\b|\bpros and cons\b|\bvantagens e (?:as )?desvantagens\b|"
            r"\bpros e (?:os )?contras\b|\bcompromissos entre\b|\badvantages and (?:dis)?"),
        (0.35,
            r"\b(?:compare|contrast|compar[ae]r?|comparison|comparacao|versus)\b"),
        (0.45,
            r"\b(?:essay|op-ed|dissertation|thesis|white ?paper|redacao (?:dissertativa|"
            r"argumentativa|sobre)|ensaio|dissertacao|artigo (?:de|sobre|cientifico)|"
            r"article (?:about|on)|monografia|business plan|plano de negocios?|(?:grant|"
            r"research) proposal)\b"),
        (0.45,
            r"\b(?:[3-9]\d\d|\d[.,]?\d{3})[ -]?(?:words?|palavras)\b"),
        (0.3,
            r"\bstep[ -]by[ -]step\b|\bpasso a passo\b|\bshow (?:all )?(?:your|the) (?:work|"
            r"reasoning|working)\b|\bmostr[ae] (?:o|seu) raciocinio\b|\bthink (?:carefully|"
            r"through)\b"),
        (0.45,
            r"\bresearch\b|\bliterature review\b|\bstate of the art\b|\bpesquis[ae]r?\b|"
            r"\brevisao (?:bibliografica|da literatura|sistematica)\b|\bestado da arte\b|"
            r"\bsurvey (?:of )?(?:the|recent|current)\b"),
        (0.3,
            r"\bin[ -]depth\b|\bdetailed\b|\bcomprehensive\b|\bthorough\w*\b|\brigorous\w*\b|"
            r"\bdetalhad[oa]s?\b|\baprofundad[oa]\b|\bem profundidade\b|\brigor\w*\b|"
            r"\bfull(?:y)? working\b|\bend[ -]to[ -]end\b|\bponta a ponta\b"),
        (0.4,
            r"\b(?:analy[sz]e|evaluate|critique|assess|discuss|argue|analis[ae]r?|avali[ae]r?|"
            r"critiqu[ae]r?|discut[aeir]+|argument[ae])\b"),
        (0.35,
            r"\bstrateg\w+\b|\bestrategi\w+\b|\broadmap\b|\bgo-to-market\b|\b(?:migration|"
            r"rollout|incident|recovery|contingency|marketing|study|training) plan\b|"
            r"\bplano de (?:migracao|acao|marketing|estudos|contingencia|implantacao|"
            r"recuperacao)\b"),
        (0.25,
            r"\bjustif\w+\b|\bwhy\b.*\b(?:and|but|instead)\b|\broot cause\b|\bcausa raiz\b|"
            r"\bimplications?\b|\bimplicacoes\b|\bconsequenc\w+\b|\bimpactos? (?:d|n|soc|"
            r"econ)|\bimpacts? of\b|\bfrom first principles\b"),
        (0.5,
            r"\bconcurren\w*\b|\bthread[ -]?(?:safe|pool)\w*\b|\block-?free\b|\bdistributed\b|"
            r"\braft\b|\bpaxos\b|\bconsensus\b|\brace condition\w*\b|\bdeadlock\w*\b|"
            r"\bmemory leak\w*\b|\bconcorren\w+\b|\bdistribuid[oa]s?\b|\bconsenso\b|"
            r"\bcondic(?:ao|oes) de corrida\b|\bvazamento de memoria\b|\bseguro para threads\b"),
        (0.5,
            r"\b(?:parser|compiler|interpreter|tokenizer|lexer|virtual machine|"
            r"garbage collector|type ?checker|query planner|scheduler|operating system|"
            r"compilador|interpretador|analisador sintatico|maquina virtual|coletor de lixo|"
            r"escalonador)\b"),
        (0.4,
            r"\boptimi[sz]e\b|\botimiz[ae]r?\b|\bo\((?:n|log|1)|\bperformance bottleneck\w*\b|"
            r"\bgargalos?\b|\bcuda\b|\bsimd\b|\bcryptograph\w*\b|\bcriptograf\w*\b|"
            r"\bneural networks?\b|\bredes? neura\w+\b|\bbackpropagation\b|\bb-?tree\b|"
            r"\bred-?black\b|\bfenwick\b|\bsegment tree\b|\blru cache\b|\brate limiter\b|"
            r"\bbloom filter\b|\bevent sourcing\b|\bdynamic programming\b|"
            r"\bprogramacao dinamica\b|\ba\* search\b"),
        (0.3,
            r"\bfrom scratch\b|\bdo zero\b|\bfull[ -]stack\b|\b(?:complete|whole|"
            r"entire) (?:app\w*|system|project|program|codebase)\b|\b(?:aplicativo|sistema|"
            r"aplicacao|projeto) (?:complet[oa]|inteir[oa])\b|\brefactor\w*\b.*\b(?:into|"
            r"module|service|legacy)|\bmigrat\w+\b|\bmigra(?:r|cao)\b|\bmonolit\w+\b"),
        (0.4,
            r"\b(?:integrals?|integral|derivatives?|theorem|lemma|corollary|converges?|"
            r"eigen\w+|induction|differential equations?|modulo \d|irrational|derivadas?|"
            r"teorema|lema|converge|autoval\w+|inducao|equac(?:ao|oes) diferencia\w+|"
            r"irracional|isomorphi\w+|continuous|bijection|combinatori\w+|expected value|"
            r"valor esperado|maximi[sz]e\w*|minimi[sz]e\w*|infinitely many|infinitos)\b|"
            r"\\(?:frac|sum|int|sqrt|binom)"),
        (0.4,
            r"\b(?:short story|story|novel|chapter|screenplay|sonnet|epic poem|conto|"
            r"historia (?:sobre|de|em que|curta)|capitulo|roteiro|soneto|romance)\b"),
        (0.3,
            r"\b(?:philosoph\w+|filosof\w+|ethic\w+|etic[oa]s?|geopolit\w+|macroeconom\w+|"
            r"constitution\w*|constituc\w+|epistemolog\w+|jurisprud\w+|legal opinion|"
            r"parecer juridico|due diligence|threat model|modelo de ameacas)\b"),
        (0.3,
            r"\b(?:build|develop|devise|redesign|engineer|plan|deliver|invent|construa|"
            r"desenvolva|desenvolver|planej[ae]r?|elabor[ae]r?|estruture|"
            r"reformul[ae]r? o sistema|projetaria|arquitetaria)\b"),
        (0.3,
            r"\b(?:operator|engine|framework|platform|application|web app|simulator|"
            r"recommender|chatbot|curriculum|\w+-week course|scheme|polic(?:y|ies)|gui|"
            r"back-?end|pipeline|legislation|healthcare system|operador|motor|plataforma|"
            r"aplicacao|simulador|curriculo|politica publica|legislacao|sistema de \w+|"
            r"estudo (?:comparativo|de caso|de viabilidade))\b"),
        (0.4,
            r"\bhow would you\b|\bhow should (?:a|the|we|an)\b|\bcomo voce (?:faria|"
            r"projetaria|resolveria|organizaria|montaria)\b|\bweigh\b|\bcompeting\b|"
            r"\breconcile\b|\bcomparativo\b|\bin (?:two|three|four|"
            r"several) (?:different )?ways\b|\bde (?:duas|tres|quatro|varias) (?:maneiras|"
            r"formas)\b"),
        (0.4,
            r"\b(?:derive|deriving|deduza|derivar|failover|fault[ -]toleran\w+|"
            r"tolerancia a falhas|backtracking|quantum|quantic\w+|tensor|lagrangian\w*|"
            r"thermodynamic\w*|in production|em producao|per second|por segundo|"
            r"jurisdictions?|tax[ -]\w*optimi[sz]\w+|regulator\w+)\b"),
        (0.25,
            r"\b(?:\w+ chapters|capitulos|\w+-week|\w+ weeks|budget of|orcamento de|semanas|"
            r"with sources|com fontes|citing|citando|for a family of)\b"),
        (0.2,
            r"\bexplain\b.*\band (?:derive|show|prove|why|how|explain|compare|implement)\b|"
            r"\bexpli(?:que|ca)\b.*\be (?:deduza|mostre|prove|por que|como|compare|"
            r"implemente)\b"),
    )
)  # fmt: skip
"""What makes an instruction hard, and how far each marker alone raises the complexity.

The third of each is what `lexicon.stems` says that a text must share to hold the marker at all.
"""


def complexity_of(
    asked: str, present: frozenset[str], prose: str, orders: int, numbers: int
) -> float:
    """1 - product of (1 - weight) over the markers found; a repeated one counts once."""
    # Requirements are often listed under the order: with no long document they belong to it.
    whole = folded(prose) if len(prose) <= 700 else asked
    routine = _ROUTINE.match(asked) is not None
    left = 1.0
    wordless = "o(" in asked or "op-ed" in asked
    for weight, marker, needed in _HARD:
        if (wordless or not needed.isdisjoint(present)) and marker.search(asked):
            left *= 1 - weight
    if routine:
        # "Summarise this research report" names hard things and asks an easy one.
        return round((1 - left) * 0.45, 3)
    present = present if whole is asked else beginnings(whole)
    constraints = 0 if _CONSTRAINT_STEMS.isdisjoint(present) else len(_CONSTRAINT.findall(whole))
    left *= 1 - min(0.5, 0.12 * max(0, constraints - 1))
    left *= 1 - min(0.4, 0.1 * max(0, len(_BULLET.findall(whole)) - 1))
    left *= 1 - min(0.4, 0.15 * max(0, orders - 2))
    if numbers >= 3 and len(prose) >= 100 and _HOW_MANY.search(whole):
        left *= 0.5
    left *= 1 - min(0.45, max(0, len(asked) - 160) / 900)
    return round(1 - left, 3)
