"""Patterns of English and Portuguese instructions, questions, and headings that stand for one.

All patterns of this package are written for folded text: lower case, no accents (`folded`).
"""

from __future__ import annotations

import re
import unicodedata


def _any(words: str) -> str:
    return "|".join(words.split())


_ORDER_EN = _any(
    "write create build make implement code fix debug refactor explain describe summari[sz]e sum "
    "shorten condense extract list find identify give tell show translate rewrite rephrase reword "
    "paraphrase proofread correct convert format calculate compute solve prove compare contrast "
    "design draft compose reply respond answer generate analy[sz]e classify categori[sz]e tag "
    "label return parse pull get set turn book schedule remind send play add remove delete cancel "
    "order call check evaluate determine simplify review optimi[sz]e plan suggest recommend "
    "propose research outline develop discuss choose decide complete continue improve edit change "
    "replace sort count merge normali[sz]e transcribe polish boil say put help derive show name "
    "assess critique argue invent script query rank split capitali[sz]e uppercase lowercase open "
    "switch start stop pause block transfer pay report tl;?dr recap imagine act pretend factor "
    "expand estimate round integrate differentiate predict detect triage construct provide "
    "insert print enhance update modify define prepare come copy fill mark redact anonymi[sz]e "
    "weigh distill wake dim navigate roll flip skip congratulate thank invite tighten adapt "
    "localize"
)
_ORDER_PT = _any(
    "escrev[ae]r? cri[ae]r? fac?a fazer faz construa construir implement[ae]r? corrija corrigir "
    "corrige refator[ae]r? explique explicar explica descrev[ae]r? resum[aei]r? sintetiz[ae]r? "
    "encurt[ae]r? condens[ae]r? extraia extrair extrai list[ae]r? encontr[ae]r? identifique "
    "identificar identifica de diga dizer diz mostr[ae]r? traduza traduzir traduz reescrev[ae]r? "
    "reformul[ae]r? parafrasei?[ae]r? parafraseie revis[ae]r? convert[ae]r? converter formate "
    "formatar calcul[ae]r? resolv[ae]r? prov[ae]r? demonstr[ae]r? compar[ae]r? projet[ae]r? "
    "desenh[ae]r? redija redigir redige elabor[ae]r? componha compor respond[ae]r? ger[ae]r? "
    "analis[ae]r? classifique classificar classifica categoriz[ae]r? retorn[ae]r? devolv[ae]r? "
    "coloque colocar coloca transform[ae]r? pass[ae]r? troqu[ae]r? substitu[aei]r? agend[ae]r? "
    "marque marcar marca lembr[ae]r? me_lembra envi[ae]r? mand[ae]r? toqu[ae] tocar toca ligue "
    "ligar liga deslig[aeu]e?r? adicion[ae]r? remov[ae]r? cancel[ae]r? reserv[ae]r? "
    "verifi(?:que|ca) "
    "verificar avali[ae]r? determin[ae]r? simplifique simplificar simplifica otimiz[ae]r? "
    "planej[ae]r? "
    "sugira sugerir sugere recomend[ae]r? proponha propor pesquis[ae]r? desenvolv[ae]r? "
    "discut[aei]r? "
    "escolh[ae]r? complet[ae]r? continu[ae]r? melhor[ae]r? edit[ae]r? mud[ae]r? orden[ae]r? "
    "cont[ae]r? "
    "normaliz[ae]r? transcrev[ae]r? ajud[ae]r? monte montar monta preencha preencher apont[ae]r? "
    "cit[ae]r? enumer[ae]r? justifique argument[ae]r? invent[ae]r? depur[ae]r? conserte consertar "
    "arrume arrumar arruma separe separar ache achar acha pegue pegar pega bloquei[ae] bloquear "
    "abr[ae] abrir fech[ae]r? aument[ae]r? diminu[ai]r? apagu?[ae]r? acend[ae]r? consult[ae]r? "
    "deix[ae]r? torn[ae]r? derive derivar deduza imagine estime fatore integre descubra obtenha "
    "prepar[ae]r? adapt[ae]r? destaqu[ae]r? destacar copi[ae]r? preciso anonimiz[ae]r? "
    "assinal[ae]r? "
    "agradec[ae]r? parabeniz[ae]r? convid[ae]r? avis[ae]r? pec[ae] pedir defin[aei]r? use usar "
    "leia ler"
)
POLITE = (
    r"(?:(?:please|pls|plz|kindly|hi|hello|hey|ok|okay|now|first|then|and|also|ola|oi|bom dia|"
    r"boa tarde|por favor|pfv|pf|favor|agora|primeiro|depois|e|tambem|task|tarefa|instruction|"
    r"instrucao)[\s,:!.]+)*"
    r"(?:(?:can|could|would|will) (?:you|u) (?:please |kindly |just |help me )*(?:to )?|"
    r"i(?:'d| would)? (?:need|want|like) (?:you )?to |(?:i )?(?:need|want) you to |help me "
    r"(?:to )?|"
    r"your (?:task|job) is to |let'?s |(?:voce |vc |tu )?(?:pode(?:ria)?|consegue) (?:me |por "
    r"favor )*|"
    r"(?:eu )?(?:preciso|quero|queria|gostaria)(?: que voce| que vc| que| de)? |me ajud[ae] a |"
    r"sua tarefa e |vamos |(?:me|nos) )?(?:please |por favor,? )?"
)
ORDER = re.compile(
    rf"[\s\-*#>\d.)(]*{POLITE}(?:{_ORDER_EN}|{_ORDER_PT})(?:-(?:me|o|a|os|as|lo|la))?\b(?!['/@])"
)
"""A sentence that opens with an imperative, politely or not."""

CUE = re.compile(
    r"[\s\-*#]*(?:(?:in )?summary|tl;?dr|to sum up|in short|abstract|highlights|translation|"
    r"answer|(?:em )?resumo|resumindo|sintese|traducao|resposta|solution|solucao)\b[^\w]*$|"
    r".{0,160}\b(?:this|these|that|the (?:above|following|given)|following|given the|ess[ea]s?|"
    r"est[ea]s?|"
    r"d?esse|n?este|d?o seguinte|o|do|da|a|dos|deste|nesse|neste) (?:\w+ )?(?:texts?|articles?|"
    r"passages?|"
    r"documents?|emails?|dialogues?|dialogs?|conversations?|sentences?|paragraphs?|context|"
    r"reports?|"
    r"transcripts?|textos?|artigos?|trechos?|documentos?|conversas?|dialogos?|frases?|"
    r"paragrafos?|contexto|relatorios?)\b(?! (?:is|are|was|were|says|states))"
)
"""A line that asks without an imperative: a heading to be answered, or talk of what was pasted."""
_CUE_WORDS = (
    "sum", "tl;dr", "tldr", "in short", "abstract", "highlight", "trans", "answer", "sint",
    "traduc", "respos", "solu", "text", "artic", "artig", "passag", "docum", "email", "dialog",
    "convers", "senten", "paragra", "report", "trecho", "frase", "relator",
)  # fmt: skip
"""What every cue has one of; looking for these is ten times as fast as the pattern."""


def is_cue(plain: str) -> bool:
    """Whether a folded line asks without an imperative."""
    return any(word in plain for word in _CUE_WORDS) and CUE.match(plain) is not None


QUESTION = re.compile(
    r"[\s\-*#>]*(?:q:\s*)?(?:who|what|when|where|why|which|whose|how|is|are|does|do|did|was|were|"
    r"can i|should|quem|qual|quais|quando|onde|por ?que|porque|quanto|quanta|quantos|quantas|como|"
    r"o que|oq|em que|de que|para que|existe|sera que)\b"
)
"""A sentence that opens like a question; many are typed without their mark."""


_COMBINING = re.compile("[\u0300-\u036f]")
_ESCAPE = re.compile(r"\\.|\[[^\]]*\]|\(\?[:!=]")
_LETTERS = re.compile(r"[a-z]{3,}")
_STEM_CHARS = 3
# Words that stand in many patterns and in most texts: they say nothing of either.
_COMMON = frozenset(["the", "and", "for", "que", "com", "por", "uma", "you", "para", "que"])


def folded(text: str) -> str:
    """Lower case without accents: what the word lists of this package are written in."""
    if text.isascii():
        return text.lower()
    return _COMBINING.sub("", unicodedata.normalize("NFD", text)).lower()


def beginnings(text: str) -> frozenset[str]:
    """The first three letters of every word of a folded text that has as many."""
    return frozenset([word[:_STEM_CHARS] for word in _LETTERS.findall(text)])


def stems(pattern: str) -> frozenset[str]:
    """The beginnings of the literal words in a regular expression.

    A text that shares none of them cannot match, provided that every branch of the pattern holds
    a word of three letters or more that is not among the commonest: then the search, ten times
    as slow as looking into two sets, is not made.
    """
    words = _LETTERS.findall(_ESCAPE.sub(" ", pattern))
    return frozenset(word[:_STEM_CHARS] for word in words if word not in _COMMON)
