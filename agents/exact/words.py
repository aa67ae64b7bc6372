"""The words of requests that ask for nothing, and those that may change what is asked."""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    """The words of a text, once each."""
    return frozenset(text.split())


_EN = """
hi hey hello hiya morning afternoon evening good please pls plz plzz kindly thanks thank
thx ty cheers ta many ok okay so well um uh just quick quickly real can could would will you u ur
your me my mine i i'm im i'd we us our the a an this that these those it it's its they is are was
were be do does did what what's whats which how give gimme get show tell let let's lets make write
rewrite put turn transform convert change express present state output return reply respond answer
say type print send paste hand back of to into in as for on here there below above following given
need needs want wanna like love appreciate help have has got some one using use and now quickly
exactly exact simply really right way up out all lol haha asap mate folks everyone btw fyi
hope doing day again task job thing bit go them bot assistant ai chatgpt there's here's
equal equals whole entire
"""
_PT = """
oi ola bom boa dia tarde noite tudo bem pessoal galera gente amigo amiga por favor pf pfv pfvr
faz favor obrigado obrigada obg brigado valeu vlw agradeco agradecia grato grata desde ja
voce vc vcs tu me mim eu nos a o as os um uma uns umas de do da dos das no na nos nas em ao aos
para pra pro pros pras p que q qual quais como quanto quantos quantas e sao era foi esta estao ta
ser isto isso este esta esse essa estes estas esses essas aquele aquela aqui ai abaixo acima
seguinte seguintes preciso precisava quero queria gostaria pode podes poderia podia consegue
consegues conseguia da das de-me da-me me diz diga diz-me diga-me fala fale manda mande mandar
envia devolve devolva devolver da dar passa passe passar poe ponha por bota bote botar coloca
coloque colocar converte converta converter transforma transforme transformar muda mude mudar
escreve escreva escrever reescreve reescreva mostra mostre mostrar faz faca fazer deixa deixe
deixar responde responda apresenta apresente indica indique calcula calcule calcular vira
usar use usa usando la ca so entao ai ne tb tambem ok certo agora rapidinho mesmo sff se faz
meu minha meus minhas seu sua seus suas teu tua lhe ajuda ajude ajudar ficam fica ficar
tem ha existe desse dessa deste desta neste nesta nesse nessa disso disto nisso nela dela dele
existem sera seria inteiro inteira exatamente exato
exata
"""
_EN_ONLY = words(
    "the this that these what what's whats which how of is are was please convert into give write "
    "these make turn with and just only between number answer from"
)
_PT_ONLY = words(
    "o os um uma soma calcula media de do da dos das em para pra pro que qual "
    "quanto quantos quantas e sao isto isso "
    "este esse estes esses por favor preciso passa passe coloca coloque converte converta muda so "
    "apenas somente numero data lista responde responda formato ordena tira troca troque"
)

FILLERS = frozenset(word for word in (_EN + _PT).split())
"""Words that ask for nothing themselves, where something else in their clause is asked."""

_TURNS = """
not no never nothing none without except excluding ignoring ignore unless but however although
though instead rather want wants need needs must should shall require requires prefer prefers
expect expects only maybe perhaps possibly probably think guess suppose assume sure unsure either
or depends wait sorry actually correction mean meant then after afterwards before also too plus
next finally later each every per both half double twice first second third last other another
same different similar new
nao nem nunca nada sem exceto menos mas porem embora salvo caso senao quer querem quero queria
preciso precisa precisam deve devem devia gostaria exige exigem aceita aceitam so
apenas somente talvez acho parece provavelmente depende alias desculpa desculpe quero depois
antes tambem alem ainda finalmente cada metade dobro primeiro primeira segundo segunda terceiro
ultimo ultima ambos ambas outro outra mesmo mesma diferente novo nova ou entao
english french spanish portuguese german italian dutch chinese japanese latin brazilian british
american european ingles inglesa frances espanhol espanhola portugues portuguesa alemao italiano
brasileiro brasileira americano americana europeu europeia britanico
sort order ordered rank group list table json csv xml yaml html markdown uppercase lowercase upper
lower case caps capital title format formatted count number numbers replace remove delete mask
redact convert translate summarize summarise summary explain describe poem essay email code
function script query sql python regex round rounded digits decimals words characters letters
lines percent percentage average sum total add subtract multiply divide discount tax vat column
row header field key quotes bold ordenar ordem ordenado lista tabela maiuscula minuscula
maiusculas minusculas formato formata contar conta numero numeros substituir remover apagar
mascarar converter traduzir traduz resumir resumo explicar explica descreve poema texto codigo
funcao arredonda arredondado digitos casas decimais palavras caracteres letras linhas porcento
media soma desconto imposto iva coluna cabecalho campo chave aspas negrito
zero two three four five six seven eight nine ten dozen hundred thousand dois duas tres quatro
cinco seis sete oito nove dez cem mil duzia tomorrow today yesterday hoje amanha ontem
"""
TURNS = frozenset(_TURNS.split())
"""Words that may change what is asked: a clause that holds one is never a mere remark."""

_SUBJECTS = (
    r"(?:it|it's|this|that|these|there|my|our|his|her|their|the|your|a|an|someone"
    r"|somebody|o|a|os|as"
    r"|um|uma|meu|minha|meus|minhas|nosso|nossa|isto|isso|este|esta|esse|essa|aqui|la)"
)
_PERSONS = (
    r"(?:i|i'm|im|i've|we|we're|we've|he|he's|she|she's|they|they're|it's|eu|ele|ela"
    r"|eles|elas|estou"
    r"|to|ta|tou|tenho|temos|recebi|copiei|encontrei|achei|comprei|peguei|apanhei|foi|era|ha|tinha"
    r"|existem|veio|chegou|ficou|sou|somos|fiz)"
)
_VERBS = (
    r"(?:is|are|was|were|has|have|had|says|said|shows|came|comes|got|gave|sent|goes|keeps|looks"
    r"|accepts|arrived|left|leaves|starts|ends|opens|closes|begins|reads|weighs"
    r"|measures|sai|comeca|termina|abre|fecha|faz|pede|mede|pesa|custa|costs"
    r"|\w{3,}ed|e|esta|ta|estao|sao|foi|foram|era|ficou|fica|tem|tinha|veio"
    r"|vieram|vem|diz|mostra|marca|chegou|chegaram|mandou|cuspiu|disse|pediu|saiu|estava)"
)
REMARK = re.compile(
    rf"\W*(?:{_PERSONS}\b|(?:before i|antes de (?:eu )?|so (?:that )?i can|because"
    r"|porque|pois|since)\b"
    rf"|(?:{_SUBJECTS} )(?:[a-z'-]+ ){{0,6}}?{_VERBS}\b"
    r"|(?!(?:make|take|move|set|let|ensure|check|see|say|assume|suppose|note|find"
    r"|keep|round|get|give"
    r"|please|do|don't|use|put|add|write|tell|show) )[a-z]+ (?:(?:on|of|for|in|d[aeo]|no|na) )?"
    rf"(?:(?:the|my|our|a|o|minha|meu) )?(?:[a-z]+ )?{_VERBS}\b"
    r"|(?!(?:please|make|do|don't) )[a-z]+ (?:[a-z]+ ){0,5}"
    r"(?:was|were|came|said|sent|got|veio|foi|chegou|chegaram|ficou|mandou|cuspiu|disse|saiu)\b)"
)
"""How a statement begins; an order begins with its verb."""

PURPOSE = re.compile(
    r"(?<![^\s\x01\x02\ue000-\ue0ff])(?:(?:for|to go (?:in|into|on)|para|pra|p/) "
    r"(?:(?:the|my|our|a|an|this|o|os|as|um|uma|meu|minha|nosso|nossa) ){1,2}|pro |pros )"
    r"(?P<what>[a-z'-]+(?: [a-z'-]+){0,2}?) ?(?=$|\x01| and | e )"
)
PURPOSE_FIRST = re.compile(
    r"^\W*(?:para|pra|to) (?:eu )?(?:por|colar|meter|colocar|usar|enviar|mandar"
    r"|inserir|preencher|put"
    r"|paste|send|use|enter|add)(?: it| them)? (?:no|na|em|in|into|on|num|numa)"
    r"(?P<what>(?: [a-z'-]+){1,3}?) (?=preciso|quero|i need|i want|$)"
)
"""What the answer is for; it changes nothing."""

NEEDS = re.compile(
    rf"\W*(?:{_SUBJECTS} )?(?P<who>(?:[a-z'-]+ ){{1,5}}?)(?:only |so |apenas )?"
    r"(?:accepts?|needs?|wants?|requires?|expects?|takes?|uses|demands?|aceita|quer|pede|exige|usa"
    r"|precisa(?: de)?)(?: (?:only|so|apenas|dates?|it|them|datas?|times?|horas?|the"
    r"|a|o|as|in|em|no))*\s*[\x01\x02]"
)
"""Who needs it in the form that follows."""

POLITE = words(
    "please pls plz thanks thank thx ty cheers hi hey hello oi ola obrigado obrigada obg valeu vlw "
    "pf pfv grato grata ok"
)


def language_of(words: list[str]) -> str:
    """`pt`, `en`, or empty where the words do not say."""
    english = sum(word in _EN_ONLY for word in words)
    portuguese = sum(word in _PT_ONLY for word in words)
    if english == portuguese:
        return ""
    return "en" if english > portuguese else "pt"
