"""Words that announce a secret, and values after them that are not secrets."""

from __future__ import annotations

import re

PASSWORD = (
    r"(?:password|passwd|passphrase|passwort|kennwort|contrase[nñ]a|palavras?[- _]passe"
    r"|mots?[- _]de[- _]passe|(?<![^\W_])(?:pwd|senha|passcode|mdp))"
)
"""Words that are a password's whatever follows; `PASS` are so only where a sign follows."""
PASS = r"(?<![^\W_])(?:pass|psk|pin(?:[ -]?code)?|pw|c[óo]digo pin)"
TOKEN = (
    r"(?:api[_ -]?(?:key|token|secret)|(?<![^\W_])token|(?<=[a-z])Token"
    r"|(?:secret|client|webhook|consumer|app|shared|signing)[_ -]?secret"
    r"|secret(?:[_ -]?access)?(?:[_ -]?key)?"
    r"|(?:access|private|account|auth|encryption|signing|shared|subscription|service|master|storage"
    r"|license|master|deploy|session|project)[_ -]?(?:access[_ -]?)?(?:key|token|secret)"
    r"|chave (?:(?:da|de|do) )?(?:api|acesso)|chave[ _](?:secreta|privada|api)"
    r"|(?<![^\W_])(?:segredo|credencial|clave|bearer)|credential)"
)
WORDS = re.compile(rf"{PASSWORD}|{PASS}|{TOKEN}", re.IGNORECASE)
"""Where one of them begins; the words may go on."""

_NO_SECRETS = (
    r"(?:length|len|count|limit|max|min|size|policy|policies|type|kind|urls?|uri|file|path|dir|folder"
    r"|reset|regexp?|pattern|updated?|at|created|expir\w*|ttl|ids?|name|fields?|label|hint|strength"
    r"|score|errors?|messages?|msg|text|prompt|placeholder|title|rules?|required|valid\w*|check\w*|salt"
    r"|algo\w*|encoder|manager|service|provider|store|vault|env|var|ref|from|source|input|form"
    r"|changed?|attempts|tries|budget|usage|used|per|rate|window|index|idx|list|map|dict|class|tests?"
    r"|version|format|column|col|table|header|based|less|protected|free|like|only|style|txt|log|py|js"
    r"|ts|json|md|ya?ml|csv|html|go|rs|php|rb|java|is|in|of|by|with|was|age|days|date|time|on|off"
    r"|enabled|disabled|match\w*|mode|chars?|bytes|bits|issuer|audience|endpoint|request"
    r"|response|handler|storage|stream\w*|ids|s)"
)
SUFFIX = (
    rf"(?:[_.-](?!{_NO_SECRETS}(?![a-z]))[a-z0-9]{{1,16}}"
    rf"|(?-i:(?=[A-Z])(?!(?i:{_NO_SECRETS})(?![a-z]))[A-Z][a-z0-9]{{1,15}})){{1,3}}"
)
"""Ends of names that still name a secret, as in `DB_PASSWORD_PROD`, not as in `password_length`."""

_HEAD = re.compile(
    rf"(?:[\w.\-]{{1,20}}[ _.\-]|[a-z]{{1,12}})?(?:{PASSWORD}|{PASS}|{TOKEN})"
    r"(?:[ _-]?(?:value|\d))?",
    re.IGNORECASE,
)
_WORDS = """
password passwd pass pwd senha secret token string str text hidden required optional null none true
false undefined bearer basic access refresh username user value number integer object incorrect
correct wrong invalid expired missing strong weak bytes input type field label obrigatória
obrigatório inválida incorreta vazia forte fraca test yes no never prompt stdin
"""
NO_VALUES = frozenset(_WORDS.split())

_PLACEHOLDER = re.compile(
    r"^![A-Za-z]+$|x{4,}|X{4,}|[aA0]-[zZ9]|\*{3,}|\.{3}|…|^[<\[{]|<[A-Za-z_ -]+>"
    r"|\$\{|\{\{|^\$[({]|^\$[A-Za-z_]\w*+(?:\W{0,2}$|[./:\-])|^%|_{4,}|#\{"
    r"|(?i:(?<![a-z])(?:your|insert|replace|seu|sua)[-_ ]|change_?-?me|placeholder|example|exemplo"
    r"|dummy|redacted|(?<![a-z])(?:fake|todo)(?![a-z])"
    r"|^(?:os|process|env|config|settings|self|this|vault|request|ctx|args)\.|^https?:"
    r"|^(?:0123456789|1234567890|abcdefgh|abcdef0123456789))"
)
_NAMED_THING = re.compile(
    r"(?:sha|md|aes|rsa|des|utf|iso|rfc|rs|hs|es|ps|cve|pbkdf|argon|s?bcrypt|scrypt|base|oauth|tls"
    r"|ssl|v|pkcs|x|win|windows|python|php|java|node|api|section|chapter|step|page|field|option|part"
    r"|test|line|rule|version|policy|level|type|group|user|attempt|phase|item|case|example|day|week"
    r"|sec|\d{1,4}(?:st|nd|rd|th|x|s|m|h|d|kb?|mb|gb|chars?|days?|bits?|bytes?))"
    r"[\-_. ]?\d{0,5}[a-z]{0,4}",
    re.IGNORECASE,
)
_RUN = re.compile(r"[A-Z]?[a-zß-ÿ]+|[A-ZÀ-Þ]+|\d+")


def names_a_secret(head: str) -> bool:
    """Whether the head of a column, or the name of a field, is a secret's and nothing else."""
    return _HEAD.fullmatch(head) is not None


def is_placeholder(value: str) -> bool:
    """Whether a value only shows where a secret goes: `<YOUR_KEY>`, `sk-xxxx`, `${TOKEN}`."""
    return _PLACEHOLDER.search(value) is not None


def is_wordy(value: str) -> bool:
    """Whether a value is made of words and small numbers, as identifiers are: `token_test2`."""
    runs = _RUN.findall(value)
    return sum(map(len, runs)) >= 3 * len(runs)


def is_named_thing(value: str) -> bool:
    """Whether a word with digits names something: `SHA256`, `OAuth2`, `section7b`, `64chars`."""
    return _NAMED_THING.fullmatch(value) is not None
