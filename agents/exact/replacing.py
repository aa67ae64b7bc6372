"""Words and signs of a text replaced by others, and nothing else touched."""

from __future__ import annotations

import re

from agents.exact.answer import Exact
from agents.exact.ask import VALUE, Ask
from agents.exact.parts import QUOTED, Part, computed, inside
from agents.exact.words import words

FAMILY = "replace"
_A, _B = "\ue070", "\ue071"

_ARG = (
    r"(?:\b(?:the |a |o |every |all |each |todos? |todas? |cada )*(?:word|words|text"
    r"|phrase|string|palavra|expressao|texto|termo|name|nome)s? "
    r")?(?P<{0}>[\ue070-\ue07f])"
)
_SIGNS = {
    " ": r"spaces?|whitespace|white space|blanks?|espacos?(?: em branco)?",
    ",": r"commas?|virgulas?", ".": r"(?:full )?stops?|dots?|periods?|pontos?(?: finais)?",
    "-": r"dash(?:es)?|hyphens?|hifens?|hifen|tracos?|tracinhos?", "_": r"underscores?|underlines?",
    ";": r"semi-?colons?|ponto e virgula|pontos e virgulas?", ":": r"colons?|dois pontos",
    "/": r"(?:forward )?slash(?:es)?|barras?", "|": r"pipes?",
    "\n": r"line breaks?|newlines?|quebras? de linha", "\t": r"tabs?|tabulac(?:ao|oes)",
}  # fmt: skip
_SIGN_NAMES = re.compile(
    "|".join(rf"(?P<s{n}>\b(?:{names})\b)" for n, names in enumerate(_SIGNS.values()))
)
_ALL = r"(?:all |every |each |any |the |of |todos? |todas? |cada |os |as |o |a )*"
_REPLACE = (
    re.compile(
        r"\b(?:replac(?:e|ing)|swap(?:ping)?(?: out)?|chang(?:e|ing)|substitut(?:e|ing)"
        r"|turn|convert|bump|rename|substitu(?:i|a|ir|is)|troc(?:a|ar|as)|troque|mud(?:a"
        r"|e|ar|as)|alter(?:a|e|ar))"
        r"(?: (?:the|o|a|price|preco|word|palavra|in|no|na|nesta|neste|this|listing"
        r"|anuncio|from|de|occurrences?|ocorrencias?|of|instances?))*? "
        rf"?{_ALL}{_ARG.format('a')}"
        r"(?: (?:everywhere|em todo lado|throughout))? ?(?:with|by|to|for|into|por|para"
        rf"|pra|pro|com)(?: an?| the| o| a| um| uma)? ?{_ARG.format('b')}"
    ),
    re.compile(
        r"\b(?:where(?:ver)? (?:it )?says?|onde (?:diz|esta|tem|aparece)|em vez de)(?: o"
        rf"| a)? ?{_ARG.format('a')},? ?"
        r"(?:put|write|use|make it|change (?:it )?to|poe|ponha|muda(?:r)? para|mude para"
        r"|troca(?:r)? por|coloca|coloque|escreve|escreva|usa)(?: o| a)? "
        rf"?{_ARG.format('b')}"
    ),
)
_REMOVE = re.compile(
    r"\b(?:remov(?:e|a|ing|er)|strip|delete|drop|take out|get rid of|tir(?:a|e|ar)"
    r"|retir(?:a|e|ar)|elimin(?:a|e|ar|ate)|apag(?:a|ue|ar))(?: out)? "
    rf"{_ALL}{_ARG.format('a')}"
)
_UNQUOTED = re.compile(
    r"\b(?:(?:from|replace|swap|change|troca|troque|substitui|substitua|onde diz"
    r"|where it says|muda|mude) )(?P<a>\$?[\w$€.%-]*\w|[A-ZÀ-Ý][\w]*(?: "
    r"[A-ZÀ-Ý]\w*){1,3})"
    r" (?:with|by|to|for|por|para|muda para|mude para|troca por|put|write|põe|poe) "
    r"(?P<b>[A-ZÀ-Ý]\w*(?: [A-ZÀ-Ý]\w*){1,3}|\$?[\w$€.%-]*\w)(?=[\s,.:;?]|$)"
)
_EVERYWHERE = re.compile(
    r"\b(?:everywhere(?: it (?:appears|occurs))?|throughout|in all places|all (?:of "
    r")?(?:the )?(?:occurrences|instances)|every time|em todo o (?:texto|lado)|em "
    r"todos os lugares|sempre que aparece[r]?|todas as (?:vezes|ocorrencias)|toda "
    r"ocorrencia)\b"
)
RETURN = re.compile(
    r"\b(?:and |e )?(?:return|give(?: me)?|paste(?: me)?|send(?: me)?|devolve"
    r"|devolva|manda|mostra)(?: it| back| me)* (?:the |o |a )?(?:full |whole "
    r"|complete |entire |updated )?"
    r"(?:text|listing|sentence|line|message|texto|frase|mensagem|anuncio|result"
    r"|resultado)(?: (?:inteir[oa]|complet[oa]|back|todo|toda))*\b(?: (?:with )?no "
    r"extra words)?"
)
NOUNS = words(
    "text texto sentence frase phrase string line linha paragraph paragrafo message "
    "mensagem listing anuncio price preco word words "
    "palavra palavras occurrence occurrences instances ocorrencias email value "
    "number numero convite invite note nota rest code "
    "from list and e it"
)


def exact(prompt: str) -> Exact | None:
    """The text with the replacement made; None where it is open which places are meant."""
    return computed(prompt, lambda ask, part: _compute(part, prompt))


def _compute(part: Part, prompt: str) -> Exact | None:
    arguments: list[str] = []

    def put(text: str) -> str:
        arguments.append(text)
        return chr(ord(_A) + len(arguments) - 1) if len(arguments) < 9 else text

    wording = QUOTED.sub(lambda found: put(inside(found)), part.wording)
    if not arguments:
        wording = _UNQUOTED.sub(
            lambda found: (
                found[0]
                .replace(found["a"], put(found["a"]), 1)
                .replace(found["b"], put(found["b"]), 1)
            ),
            wording,
        )
    quoted = len(arguments)
    ask = Ask(wording, prompt)
    ask.text = _SIGN_NAMES.sub(lambda found: put(_sign(found)), ask.text)
    for form in _REPLACE:
        if found := ask.one(form):
            old, new = (arguments[ord(found[name]) - ord(_A)] for name in "ab")
            break
    else:
        found = ask.one(_REMOVE)
        if found is None or ord(found["a"]) - ord(_A) < quoted:
            # What becomes of the spaces around a removed word is open.
            return None
        old, new = arguments[ord(found["a"]) - ord(_A)], ""
    ask.take(_EVERYWHERE), ask.take(RETURN)
    left = any(chr(ord(_A) + n) in ask.text for n in range(len(arguments)))
    if left or not ask.nothing_left(NOUNS) or VALUE not in ask.text:
        return None
    return _done(part.data, old, new)


def _sign(found: re.Match[str]) -> str:
    index = next(int(name[1:]) for name, text in found.groupdict().items() if text is not None)
    return list(_SIGNS)[index]


def _done(data: str, old: str, new: str) -> Exact | None:
    times = data.count(old)
    if not times or old == new:
        return None
    if any(char.isalnum() for char in old):
        front = r"(?<!\w)" if old[0].isalnum() else ""
        back = r"(?!\w)" if old[-1].isalnum() else ""
        whole = len(re.findall(front + re.escape(old) + back, data))
        # A part of a longer word, or the same in other letters, may be meant or not.
        if whole != times or len(re.findall(re.escape(old), data, re.I)) != times:
            return None
    return Exact(data.replace(old, new), FAMILY, f"{times} replaced")
