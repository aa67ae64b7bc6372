"""Does a request work on the form of a value, which a model that sees a placeholder cannot?

To pass a value on (write to it, extract it, name it) a placeholder serves as well as the value.
To format it, check its digits, count, spell, sort, encode it or take it apart, it must be seen.
Two signs of it, in English, Portuguese and Spanish. The words of an operation, in the sentence in
which the value stands, or a word for it. And, in a request of a few words: that the value is what
the verb is about (`make X loud`, `is X real?`), and not to whom, of whom or with what something
else is done (`reply to X`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

SHORT_WORDS = 40
"""In a request of so few words "it" and "this" are most likely the value."""

_INSTRUCTION_CHARS = 4_000

_MARKS = (
    r"(?:dots?|pontos?|puntos?|full stops?|periods?|commas?|virgulas?|comas?|dash(?:es)?|hyphens?"
    r"|hifen|hifens|tracos?|tracinhos?|guion(?:es)?|spaces?|espacos?|espacios?|slash(?:es)?"
    r"|barras?|parenthes[ei]s|parenteses|parentesis|brackets?|separators?|separador(?:es)?"
    r"|punctuation|pontuacao|puntuacion|symbols?|simbolos?|zeros?|ceros?|mascara|mask|groups?"
    r"|grupos?|blocks?|blocos?|bloques?|quotes?|aspas)"
)
_PUTTING = (
    r"(?:with|without|com|sem|con|sin|in|em|en|by|por|add\w*|put\w*|insert\w*|insir\w*|remov\w*"
    r"|retir\w*|tir[ae]\w*|quit\w*|coloc\w*|coloqu\w*|ponh\w*|poe|pon|poner|por|adicion\w*"
    r"|agreg\w*|acrescent\w*|us\w+|strip\w*|drop|delete|apag\w*|elimin\w*|missing|no|into)"
)
_OPERATIONS = (
    # its punctuation
    rf"{_PUTTING} (?:\w+ ){{0,4}}{_MARKS}",
    r"(?:re)?format(?:s|ted|ting|ar|e|em|a|ado|ada|ear|ea|eado|acao|o|os)?",
    r"(?:remov\w*|strip|drop|delete|take|tir[ae]\w*|retir\w*|quit[ae]\w*|elimin\w*|apag\w*)"
    r" (?:\S+ ){1,5}(?:from|off|of|do|da|de|del) (?:\S+ ){0,3}@",
    r"punctuat\w*|pontu(?:e|ar|ado)|normali[sz]\w*|normaliz\w*|padroni\w+|standardi[sz]\w*|e\.?164",
    r"prettif\w*|tidy|clean(?:ed)? up|canonical\w*|unformat\w*|desformat\w*",
    r"(?:only|just|so|apenas|somente|solo|bare|unicamente) (?:\w+ ){0,2}"
    r"(?:digits|numbers|digitos|numeros|cifras|alphanumeric\w*|letters|letras)",
    r"upper ?-?case\w*|lower ?-?case\w*|capitali[sz]\w*|capitals?|maiuscul\w*|minuscul\w*"
    r"|mayuscul\w*|mask(?:ed|ing|s)?|mascar(?:a|ar|e|ado)|enmascar\w*|obfuscat\w*|ofusc\w*"
    r"|censor\w*|asterisk\w*|asterisc\w*",
    # its signs
    r"digits?|digitos?|cifras?|characters?|caracter(?:e|es)?|alphanumeric\w*|letters|letras",
    r"spell\w*|soletr\w*|deletr\w*|pronounc\w*|pronunci\w*|phonetic\w*|fonetic\w*|read aloud"
    r"|(?:in|as) words|por extenso|em palavras|en palabras|en letras",
    r"backwards?|revers\w*|invert\w*|inverta|al reves|do avesso|ao contrario|de tras (?:para|pra)"
    r"|right to left|mirror\w*|flip\w*|shuffl\w*|embaralh\w*|palindrom\w*|anagram\w*",
    r"lengths?|how long|comprimento|longitud|quao longo",
    r"(?:first|last|final|middle|primeir\w+|ultim\w+) (?:\w+ )?(?:\d+|two|three|four|five|six|eight"
    r"|dois|duas|tres|quatro|cinco|seis|oito|dos|cuatro|ocho|half|part|parte|metade|mitad|block"
    r"|bloco|group|grupo|segment\w*)(?= (?:of|do|da|de|del|dos)\b| ?\W| ?$)",
    r"sort\w*|alphabeti\w*|alfabetic\w*|orden(?:ar?|e|em|ado|ados|acao)|ascending|descending"
    r"|crescente|decrescente|ascendente|descendente",
    r"next number|proximo numero|siguiente numero|increment\w*|divisible|divisivel|divisible|prime"
    r"|primo|even or odd|par ou impar|par o impar|modulo|mod ?\d+|square|multipl[yi]\w*|sum of",
    # whether it is one
    r"(?:in)?valid\w*|verif(?:y|ies|ied|ying|ica\w*|ique\w*|icar)|check ?-?digits?|check ?-?sums?"
    r"|luhn|verificador(?:es)?|well-?formed|malformed|bem formad\w+|bien formad\w+|plausible"
    r"|syntactically|is (?:it|this|that|the \w+) (?:a )?(?:real|correct|genuine|possible|legit)\w*"
    r"|typos?|mistyped|(?:confer\w+|confir[ae]\w*|cheque|checa\w*|comprueb\w*|check) (?:if|whether"
    r"|se|si|that|este|esse|esta|essa|o|a|el|la|this|these|the|my|meu|minha|mi)\b",
    # what it says
    r"(?:which|what|whose|qual|quais|que|cual|extract\w*|extra[ií]\w*|identif\w*|get|give|find|tell"
    r"|diga|diz|from|de|in|do|da|del|determin\w*|infer\w*|guess\w*|name|show|return|split\w*)"
    r" (?:\w+ ){0,5}(?:domains?|dominio\w*|user ?names?|usuario|local part|part before|parte antes"
    r"|tld|issuers?|issuing|emissor\w*|emisor\w*|bandeira|brands?|networks?|bin|bancos?|banks?"
    r"|area codes?|country codes?|ddd|ddi|indicativo|prefix\w*|prefij\w*|prefixo|codigo do pais"
    r"|codigo de area|codigo de pais|carrier|operadora|operador|states?|estados?|countr(?:y|ies)"
    r"|pais|paises|regions?|regiao|region|city|cidade|ciudad|provider|provedor|proveedor)",
    r"infer\w*|guess\w*|deduc\w*|deduz\w*|deduzir|adivinh\w*|adivin\w*|initials|iniciais|iniciales",
    # something else made of it
    r"base ?64|hash\w*|md5|sha ?-?\d+|encod\w*|decod\w*|codific\w*|descodific\w*|hex\w*|binary"
    r"|binario|octal|rot ?-?13|cipher\w*|caesar|encrypt\w*|decrypt\w*|cript\w*|encript\w*|cifr(?:ar"
    r"|e|ado)|qr|bar ?-?code|percent|escap\w+|morse|roman|regex\w*|regular expression"
    r"|expressao regular|expresion regular|slug\w*|user ?names?|nome de usuario|leet\w*|braille",
    r"convert\w*|transform\w*|transliter\w*|tokeni[sz]\w*|split\w*|concat\w*|truncat\w*|pad(?:ded)?"
    r"|abbreviat\w*|abrevi\w*|trunc\w*|shorten\w*|encurt\w*|acort\w*",
)
_OPERATION = re.compile("|".join(rf"(?<!\w)(?:{one})(?!\w)" for one in _OPERATIONS))
_OF_A_DOCUMENT = re.compile(
    r"\b(?:re)?format\w* (?:\S+ ){0,6}?(?:as|in|into|como|em|en|a) (?:\w+ ){0,2}?"
    r"(?:html|markdown|json|xml|yaml|csv|latex|tables?|tabelas?|tablas?|lists?|listas?"
    r"|bullets?|bullet points|topicos|paragraphs?"
    r"|paragrafos?|letters?|cartas?|an? e-?mail|reports?|relatorios?|memos?)\b"
    r"|\b(?:html|markdown|json|xml|yaml|csv|latex|table|list) formats?\b"
    r"|\bformato (?:html|markdown|json|xml|yaml|csv|latex|de (?:tabela|tabla|lista|carta))\b"
)
_PLACEHOLDER = re.compile(r"\[[a-z][a-z0-9_]*_\d+\]")
_NOUN = re.compile(
    r"\b(?:numbers?|numeros?|cards?|cartao|cartoes|tarjetas?|accounts?|contas?|cuentas?|phones?"
    r"|telephones?|telefones?|telefonos?|celular(?:es)?|mobiles?|movil|telemovel|e-?mails?|mails?"
    r"|correos?|address(?:es)?|enderecos?|direccion(?:es)?|values?|valor(?:es)?|codes?|codigos?"
    r"|documents?|documentos?|ids?|identifiers?|identificador(?:es)?|contribuinte|licen[cs]es?"
    r"|passwords?|senhas?|keys?|chaves?|tokens?|data|dados|datos|strings?)\b"
)
_PRONOUN = re.compile(
    r"\b(?:it|this|that|these|those|them|below|above|here|isto|isso|isto|aquilo|est[ea]s?|ess[ea]s?"
    r"|el[ea]s?|abaixo|acima|aqui|esto|eso|aquello|lo|la|los|las|arriba|abajo)\b"
    r"|\w-l?[oa]s?\b"
)
_IN_PLACE = re.compile(
    r"\bplace-?holders?\b|\bmarcador(?:es)? de posi\w+|\bespacos? reservados?\b"
    r"|\b(?:redacted|masked|anonymi[sz]ed|anonimizad\w+|ocultad\w+|mascarad\w+) (?:\w+ ){0,2}"
    r"(?:value|number|data|address"
    r"|card|valor|numero|dado|endereco|cartao)s?\b|\b(?:real|actual) (?:value|number|digits)\b"
)
_FEW_WORDS = 14
_DONE_WITH_OTHERS = re.compile(
    r"\b(?:extra[ctií]\w*|find|encontr\w+|list(?:e|a|ar)?|repl(?:y|ies)|respond\w*|answer|draft"
    r"|redij\w+|compose|send|envi\w+|mand[ae]\w*|call|lig[au]\w*|llam\w+|contact\w*|contat\w+|invit\w+"
    r"|convid\w+|remind\w*|lembr\w+|recuerd\w+|thank\w*|agradec\w+|inform\w*|avis\w+"
    r"|(?:tell|diga|diz)(?! (?:me|if|whether|se)\b)"
    r"|ask|pergunt\w+|pregunt\w+|summar\w+|resum\w+|translat\w+|tradu[zc]\w*|classif\w+|clasific\w+"
    r"|fill|preench\w+|rellen\w+|creat\w+|cri(?:e|ar)|crear?|generat\w+|ger(?:e|ar)|gener[ae]\w*"
    r"|(?:make|write|build|need|want|plan|escrev\w+|faca|fazer|haz|escrib\w+)(?: me)?"
    r" (?:an?|some|two|three|um|uma|un|code|python|sql|html)"
    r"|(?:rewrit\w+|rephras\w+|reword\w*|paraphras\w+|reescrev\w+|reformul\w+|reescrib\w+)(?!:? @)"
    r"|explain|explic\w+|expli\w+|prove|why|por ?que|who|quem|quien|when|quando|cuando|where|onde"
    r"|donde|schedul\w+|agend\w+|book|save|stor\w+|remember|guard\w+|keep|not[ae]|anot\w+|search"
    r"|procur\w+|busc\w+|meet\w*|is from|e de|pay|pag\w+|sell|buy|deliver\w*|entreg\w+)\b"
)
_DETERMINED = (
    r"(?:(?:the|this|that|these|my|your|his|her|our|its|following|o|os|a|as|este|esse|esta|essa|meu"
    r"|minha|seu|sua|el|la|los|mi|su|seguinte|siguiente)\s)*"
)
_TOWARDS = re.compile(
    r"(?:\b(?:to|for|about|with|from|at|by|via|of|in|on|as|and|or|than|para|pra|sobre|com|de|do|da"
    r"|por|em|no|na|ao|con|del|al|acerca|e|ou|y|que|that|named|called)\s"
    r"|(?<=\w )(?:is|am)\s|\b(?:sou|soy)\s"
    rf"|[(\[\"'<,;/]\s?)"
    rf"{_DETERMINED}(?:\w+\s)?$|\ba\s$"
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n\s*")


def instruction_of(prompt: str) -> str:
    """Where a request says what is wanted: its beginning and its end."""
    if len(prompt) <= 2 * _INSTRUCTION_CHARS:
        return prompt
    return f"{prompt[:_INSTRUCTION_CHARS]}\n{prompt[-_INSTRUCTION_CHARS:]}"


def works_on_a_value(request: str, kinds: Iterable[str]) -> bool:
    """Whether a request asks for what needs a value itself.

    request: with placeholders for the values, or without any where they stand in earlier turns.
    kinds: of those that were replaced.
    """
    names = "|".join(re.escape(kind.replace("_", " ")) for kind in kinds)
    kind = re.compile(rf"\b(?:{names or '$^'})s?\b")
    text = re.sub(r":\s*\n\s*", ": ", _simple(request))
    short = len(_PLACEHOLDER.sub("", text).split()) <= SHORT_WORDS
    if _is_about_the_value(text):
        return True
    for sentence in _SENTENCE.split(text):
        named = _PLACEHOLDER.search(sentence) or _NOUN.search(sentence) or kind.search(sentence)
        if not (named or (short and _PRONOUN.search(sentence))):
            continue
        # A placeholder's own words are no instruction.
        told = _OF_A_DOCUMENT.sub(" ", _PLACEHOLDER.sub(" @ ", sentence))
        if _OPERATION.search(" ".join(told.split())):
            return True
    return False


def _is_about_the_value(text: str) -> bool:
    """Whether a short request does something with a value itself, whatever the operation."""
    told = " ".join(_PLACEHOLDER.sub(" @ ", text).split())
    words = [word for word in told.split() if word != "@"]
    if not 0 < len(words) <= _FEW_WORDS:
        return False
    if _DONE_WITH_OTHERS.search(told) or _OF_A_DOCUMENT.search(told):
        return False
    return any(
        not _TOWARDS.search(told[max(0, place.start() - 80) : place.start()])
        for place in re.finditer("@", told)
    )


def only_repeats(request: str, answer: str) -> bool:
    """Whether an answer is nothing but values of a request that holds little else.

    Whatever was asked for, in whatever language: nothing was done. Both with placeholders.
    """
    values = _PLACEHOLDER.findall(request.lower())
    rest = re.sub(r"[\W_]+", " ", _PLACEHOLDER.sub(" ", answer.lower())).split()
    words = _PLACEHOLDER.sub(" ", request.lower()).split()
    said = _PLACEHOLDER.findall(answer.lower())
    return bool(said) and not rest and set(said) <= set(values) and len(words) <= 6


def speaks_of_placeholders(request: str, answer: str) -> bool:
    """Whether a model says that it was shown something in place of the value."""
    return bool(_IN_PLACE.search(_simple(answer))) and not _IN_PLACE.search(_simple(request))


def _simple(text: str) -> str:
    """In small letters, without accents."""
    parts = unicodedata.normalize("NFKD", text.lower())
    return "".join(char for char in parts if not unicodedata.combining(char))
