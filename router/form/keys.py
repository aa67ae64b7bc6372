"""The keys of a JSON that a request asks for: from an example, or from a list of names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from router.form.example import Example
from router.form.request import PLACEHOLDER, plain_of
from router.form.types_of import KIND, KIND_OR_BOTH, TYPE_OF, kind_in

_NAME = r"[\"'`“]?(?P<name>[^\W\d]\w*(?:(?:\[\])?[-.]\w+)*)(?P<list>\[\])?[\"'`”]?"
_ITEM = re.compile(
    rf"[ \n]*(?:[-*•] ?|\d[.)] )?(?:an? |the |o |a |os |as |um |uma "
    rf"|its )?(?:(?P<before>{KIND}) (?=[\"'`]))?{_NAME}"
    r"(?: ?\((?P<note>[^()\n]{1,60})\)| ?(?::|=|as|como|is|e) ?(?:an? |um |uma )?"
    rf"(?P<kind>{KIND_OR_BOTH})\b)?"
)
_SEP = re.compile(
    r" ?(?:[,;/&|+]| and\b| e\b| plus\b| mais\b| -(?= )|\n)(?: ?(?:and|e|plus|mais)\b)? *\n?"
)
_ENDS = re.compile(
    r" ?(?:$|[.!?:)\n]|--|->|<-|←|[-(]|(?:pls|please|plz|from|for|of|in|out|de|do|da|dos|das|desta"
    r"|deste|desse|dessa|disso|disto|dele|neste|nesse|no|na|pf|pfv|por favor|only|just|nothing|so"
    r"|as|com|with|where|onde|sendo|obg|obrigad[oa]|valeu|thx|thanks|ta|apenas|and nothing|and no"
    r"|e nada|e mais|e so|para|pra|to|in that|nessa|nesta|using|based|que|which|per|por|each|cada"
    r"|exactly|\{|\[|\"|“)\b)"
)
_NOT_KEYS_WORDS = (
    "json one each every all no nothing only just key keys field fields chave chaves campo campos "
    "array list lista object objeto objects entry item items format formato valid it them this "
    "that these these values value valor dados data following seguinte seguintes same mesmo "
    "mesmos mesmas you i we uma um dois duas two three quatro four tres five cinco sem without "
    "with com any the a o os as e and or ou output answer result resultado texto abaixo acima "
    "below above please pls pf por para pra isso isto esse essa este esta what which who where "
    "when como how if se so apenas somente todos todas tudo everything both ambos exactly "
    "exatamente exact double single quotes aspas indentation proper good plain minified pretty "
    "compact commentary explanation"
)
_NOT_KEYS = frozenset(_NOT_KEYS_WORDS.split())
_MAYBE_KEYS_WORDS = "data valor value texto items item result resultado output answer"
_MAYBE_KEYS = frozenset(_MAYBE_KEYS_WORDS.split())
"""Words about keys that are also common names of keys; in a list of several they count."""

_INTRODUCED = re.compile(
    r"(?<!no )(?<!sem )(?<!without )\b(?:keys?|fields?|properties|attributes|chaves?|campos?"
    r"|propriedades|atributos)\b(?: (?:named|called|chamad[oa]s|are|is|sao|e|exactly|exatamente"
    r"|must be|should be|devem ser|do json|tem de ser|tem que ser|of the json|with|de nome"
    r"|nomead[oa]s|being|just|only|so|apenas|the|os|as|named exactly))*[ ]?[:=(\-]?[ ]?"
)
_JSON_WITH = re.compile(
    r"\bjson\b(?: (?:object|objeto|only|output|blob|pls|please|so|simples|array|formatado|valido"
    r"|formato?))*[ ]?(?:(?:with|w/|com|contendo|containing|that has|que tenha|tendo|having|of"
    r"|de) ?:?|:|-+>?|=|,|\()[ ]?(?:exactly |just |only |apenas |so |the |o |os |as )*"
)
_LISTED_AS = re.compile(
    r"[ ,]*(?:\(?(?:as|in|to|into|em|num|para|pra|como|->|→)\)? (?:a |an |um |valid )?)json\b"
)
_VERBS = re.compile(
    r"\b(?:extract|pull|get|grab|give me|want|need|return|extrai\w*|extraia|pega\w*|tir[ae]|quero"
    r"|devolve|devolva|retorn\w+|separa|separe|puxa)(?: (?:out|me|the|o|a|os|as|so|just|only"
    r"|apenas))* "
)
_ALL_OF = re.compile(
    rf"\b(?:all|tudo|todos|todas|both|ambos|every(?:thing)?)(?: (?:the )?(?:keys|values"
    rf"|of them))?(?: (?:as|como|are|sao|is))? (?:an? )?(?P<kind>{KIND})\b"
)


@dataclass(slots=True)
class Keys:
    """paths: dotted, lists as `items[].name`. types: by path. array: the JSON itself is a list.
    sketched: from an object or list that is written out."""

    paths: list[str] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)
    array: bool = False
    sketched: bool = False

    @property
    def schema(self) -> dict[str, Any] | None:
        """What a JSON with these keys satisfies; None where nothing is known of it."""
        if not self.paths:
            if not self.array:
                return None
            kind = self.types.get("[]")
            return {"type": "array", "items": {"type": kind} if kind else {}}
        root: dict[str, Any] = {}
        for path in self.paths:
            _place(root, path.removeprefix("[].").split("."), self.types.get(path))
        made = _object(root)
        return {"type": "array", "items": made} if self.array else made


def _place(node: dict[str, Any], steps: list[str], kind: str | None) -> None:
    name, rest = steps[0], steps[1:]
    if rest:
        inner = node.setdefault(name, {})
        if isinstance(inner, dict):
            _place(inner, rest, kind)
    else:
        node.setdefault(name, kind)


def _object(node: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, inner in node.items():
        if isinstance(inner, dict):
            made = _object(inner)
        else:
            # A value that the text does not have is null, whatever its type would be.
            made = {} if inner is None else {"type": [inner, "null"]}
        if name.endswith("[]"):
            made = {"type": "array", "items": made}
        properties[name.removesuffix("[]")] = made
    return {"type": "object", "properties": properties, "required": list(properties)}


def read_keys(text: str, plain: str) -> Keys:
    """The keys that a request for JSON names; none where a name cannot be told for sure."""
    keys = _of_examples(text, plain)
    if keys is None:
        keys = Keys(array=_ARRAY.search(plain) is not None)
        keys.sketched = keys.array
        keys.paths, keys.types = _of_lists(text, plain)
        if keys.array and not keys.paths:
            match = _ARRAY_OF.search(plain)
            if match is not None:
                keys.types["[]"] = TYPE_OF[match["kind"]]
    _add_types(keys, plain)
    return keys


_ARRAY = re.compile(
    r"\bjson[ -](?:array|list|lista)\b|\b(?:array|lista|list)(?: (?:de|of|em|in))?[ -](?:objetos "
    r"|objects )?(?:em |in )?json\b|\b(?:array|list|lista) (?:of|de) (?:objects|objetos)\b"
    r"|\bjson (?:array|list)s?\b|\[\s*\"(?:\.\.\.|…|string|texto?|item)?\"(?:, ?\"?\.\.\.\"?)?\s*\]"
    r"|\barray de json\b"
)
_ARRAY_OF = re.compile(
    r"\b(?:array|lista|list)(?: json)? (?:of|de|com) (?P<kind>numeros|numbers|strings|integers"
    r"|inteiros)\b"
)


def _of_lists(text: str, plain: str) -> tuple[list[str], dict[str, str]]:
    """From "fields: a, b (number) and c", "json with a, b", or "a, b and c as json"."""
    for pattern, least in ((_INTRODUCED, 1), (_JSON_WITH, 2)):
        for match in pattern.finditer(plain):
            names, types, _ = _listed(text, plain, match.end(), least)
            if names:
                return names, types
    for match in _VERBS.finditer(plain):
        names, types, end = _listed(text, plain, match.end(), 2, unfinished=True)
        if names and _LISTED_AS.match(plain, end):
            return names, types
    return [], {}


_INNER = re.compile(r"\{([^{}]*)\}")


def _listed(
    text: str, plain: str, at: int, least: int, *, unfinished: bool = False
) -> tuple[list[str], dict[str, str], int]:
    """The names from `at` on, and where they end; none where one of them is more than a word."""
    names: list[str] = []
    types: dict[str, str] = {}
    while len(names) < 24:
        item = _ITEM.match(plain, at)
        if item is None:
            break
        start, end = item.span("name")
        name = text[start:end]
        quoted = text[start - 1 : start] in ('"', "'", "`", "“")
        known = (
            not quoted and item["name"] in _NOT_KEYS and not (item["name"] in _MAYBE_KEYS and names)
        )
        if known and not (item["name"] in _MAYBE_KEYS and _SEP.match(plain, item.end())):
            break
        path = name + (item["list"] or "")
        kind = kind_in(item["note"] or item["kind"] or item["before"] or "")
        if kind:
            types[path] = kind
        inner = _INNER.search(text[slice(*item.span("note"))]) if item["note"] else None
        parts = re.findall(r"\w+", inner[1]) if inner else []
        if parts:
            types.pop(path, None)
            mark = "[]" if kind == "array" else ""
        names += [f"{path}{mark}.{part}" for part in parts] if parts else [path]
        at = item.end()
        separator = _SEP.match(plain, at)
        if separator is None:
            if not (_ENDS.match(plain, at) or unfinished):
                return [], {}, at  # a name of two words, or a sentence
            break
        after = _ITEM.match(plain, separator.end())
        if after is None or (after["name"] in _NOT_KEYS and after["name"] not in _MAYBE_KEYS):
            break
        if (
            "\n" in separator[0]
            and not re.match(r"\s*[-*•\d]", plain[separator.end() - 1 :])
            and ("," not in separator[0])
        ):
            break
        at = separator.end()
    return (
        (names, types, at)
        if len(names) >= least and len(set(names)) == len(names)
        else ([], {}, at)
    )


_TYPED = (
    r"[\"'`]?(?:,? (?:and|e|&) \w+(?= (?:as|como|are|sao) \w+s\b))? ?(?:is |are |e |sao |has to be "
    r"|must be |should be |deve ser |tem de ser |tem que ser |vai )?(?:as|como|=|:|em|->|→|is|a|in"
    r"|\()? ?(?:an? |um |uma |the )?(?:json |whole |plain )?"
    rf"(?P<kind>{KIND_OR_BOTH})\b"
)
"""What says of which type the key before it is."""


def _add_types(keys: Keys, plain: str) -> None:
    for path in keys.paths:
        leaf = path.removesuffix("[]").rsplit(".", 1)[-1]
        if path in keys.types or len(leaf) < 2:
            continue
        match = re.search(rf"(?<!\w){re.escape(plain_of(leaf))}{_TYPED}", plain)
        kind = kind_in(match["kind"]) if match else None
        if kind:
            keys.types[path] = kind
    every = _ALL_OF.search(plain)
    if every is not None:
        kind = TYPE_OF[every["kind"]]
        for path in keys.paths:
            keys.types.setdefault(path, kind)


_CUE = re.compile(
    r"(?:\b(?:json|formato?|like|tipo|assim|keys|chaves|estrutura|structure|shape|schema|output"
    r"|saida|return|devolv\w+|reply|respond\w*|retorn\w+|into|as|form|preench\w+|fill|want|quero"
    r"|with|give|com|so|only|entende|understands|template|modelo|em|to|para|tira|extra\w+|pra|just)"
    r"|[-=]>|→)[ :]*\[?\s*$"
)
_MOST_EXAMPLE, _NESTED_CHARS = 900, 40


def _of_examples(text: str, plain: str) -> Keys | None:
    """From an object written out as an example, with or without values."""
    begin = text.find("{")
    while begin >= 0:
        end = _closing(text, begin)
        if end < 0:
            return None
        body = text[begin : end + 1]
        before = text[:begin].rstrip()
        listed = before[-1:] == "[" or _ARRAY.search(plain, 0, begin) is not None
        if before.rfind("(") > before.rfind(")") and before.rfind("(") > begin - _NESTED_CHARS:
            return None  # of one key among others
        reader = Example(body)
        if reader.read() and _is_example(body, reader, plain[max(0, begin - 60) : begin], plain):
            keys = Keys(array=listed, sketched=True)
            keys.paths = [f"[].{path}" for path in reader.paths] if listed else reader.paths
            keys.types = {(f"[].{p}" if listed else p): kind for p, kind in reader.types.items()}
            return keys
        begin = text.find("{", end + 1)
    return None


def _is_example(body: str, reader: Example, before: str, plain: str) -> bool:
    if not reader.paths or not (reader.quoted or "json" in plain):
        return False
    if reader.bare or PLACEHOLDER.search(body):
        return True
    return _CUE.search(before) is not None


def _closing(text: str, begin: int) -> int:
    depth = 0
    for at in range(begin, min(len(text), begin + _MOST_EXAMPLE)):
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return at
    return -1
