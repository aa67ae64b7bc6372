"""The words that name the type of a value in a JSON."""

from __future__ import annotations

import re

_NAMES = {
    "number": "number numeric numero num inteiro integer int float decimal numerico numeros numbers"
    " integers inteiros",
    "string": "string text texto str strings",
    "boolean": "boolean bool booleano booleana booleanos booleans",
    "array": "list array lista vetor arrays lists listas",
}
TYPE_OF = {name: kind for kind, names in _NAMES.items() for name in names.split()}
BOTH = re.compile(
    r"(?:true|verdadeiro) ?(?:/|\||or|ou) ?(?:false|falso)|(?:false|falso) ?(?:/|\||or|ou) ?(?:true"
    r"|verdadeiro)"
)
"""Both values of a boolean, which stand for its type."""
KIND = rf"(?:{'|'.join(sorted(TYPE_OF, key=len, reverse=True))})"
KIND_OR_BOTH = rf"(?:{KIND}|{BOTH.pattern})"

_WORD = re.compile(r"[a-z]+")


def kind_in(note: str) -> str | None:
    """The one type that a folded note names; a list of something is a list."""
    if BOTH.search(note):
        return "boolean"
    found = {TYPE_OF[word] for word in _WORD.findall(note) if word in TYPE_OF}
    if "array" in found:
        return "array"
    return found.pop() if len(found) == 1 else None
