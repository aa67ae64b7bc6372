"""Generated cases for the detectors: private values, the ways programs and people write them.

A case is a kind of value x a way of writing it x a text around it. Values are made from a seed and
belong to nobody.
"""

from __future__ import annotations

import html
import json
import random
import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from stdnum import luhn
from stdnum.br import cnpj, cpf
from stdnum.iso7064 import mod_97_10
from stdnum.pt import nif

from router.privacy.detect.brazil import is_pis

SEED = 20261201
SURPLUS_CHARS = 3
"""Characters that a find may include beyond the value; more would redact the words around it."""


@dataclass(frozen=True, slots=True)
class WrittenCase:
    """A text, and the place of the private value in it."""

    kind: str
    writing: str
    text: str
    start: int
    end: int

    def is_found(self, finds: Sequence[tuple[str, int, int]]) -> bool:
        """Whether a find of this kind covers the value, with at most SURPLUS_CHARS more."""
        return any(
            kind == self.kind
            and self.start - SURPLUS_CHARS <= start <= self.start
            and self.end <= end <= self.end + SURPLUS_CHARS
            for kind, start, end in finds
        )


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices(string.digits, k=count))


def _key(rng: random.Random, count: int, letters: str = string.ascii_letters) -> str:
    made = "".join(rng.choices(letters + string.digits, k=count - 2))
    return made + rng.choice(string.digits) + rng.choice(letters)


def _shaped(number: str, shape: str) -> str:
    characters = iter(number)
    return "".join(next(characters) if mark == "0" else mark for mark in shape)


def _cpf(rng: random.Random) -> str:
    base = _digits(rng, 9)
    return _shaped(base + cpf._calc_check_digits(base), "000.000.000-00")


def _cnpj(rng: random.Random) -> str:
    base = _digits(rng, 8) + "0001"
    return _shaped(base + cnpj.calc_check_digits(base), "00.000.000/0000-00")


def _card(rng: random.Random) -> str:
    base = rng.choice(("4", "53", "6011"))
    base += _digits(rng, 15 - len(base))
    return _shaped(base + luhn.calc_check_digit(base), "0000 0000 0000 0000")


def _iban(rng: random.Random) -> str:
    bban = _digits(rng, 21)
    number = f"PT{mod_97_10.calc_check_digits(bban + 'PT')}{bban}"
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _ssn(rng: random.Random) -> str:
    return f"{rng.randint(1, 665):03}-{rng.randint(1, 99):02}-{rng.randint(1, 9999):04}"


def _nif(rng: random.Random) -> str:
    base = rng.choice("1235") + _digits(rng, 7)
    return _shaped(base + nif.calc_check_digit(base), "000 000 000")


def _pis(rng: random.Random) -> str:
    while not is_pis(number := _digits(rng, 11)):
        pass
    return _shaped(number, "000.00000.00-0")


def _mail(rng: random.Random) -> str:
    user = rng.choice(("ana.souza", "rui", "j.smith", "maria_42", "k-lima"))
    return f"{user}@{rng.choice(('uol.com.br', 'sapo.pt', 'mail.example.org', 'acme.io'))}"


def _phone(rng: random.Random) -> str:
    return rng.choice(
        (
            f"+351 91{_digits(rng, 1)} {_digits(rng, 3)} {_digits(rng, 3)}",
            f"(11) 9{rng.choice('6789')}{_digits(rng, 3)}-{_digits(rng, 4)}",
            f"+1 415-7{_digits(rng, 2)}-{_digits(rng, 4)}",
        )
    )


KINDS: dict[str, tuple[Callable[[random.Random], str], str]] = {
    "cpf": (_cpf, "CPF"),
    "cnpj": (_cnpj, "CNPJ"),
    "card": (_card, "card"),
    "iban": (_iban, "IBAN"),
    "ssn": (_ssn, "SSN"),
    "nif": (_nif, "NIF"),
    "pis": (_pis, "PIS"),
    "email": (_mail, "e-mail"),
    "phone": (_phone, "tel"),
    "secret": (lambda rng: f"sk-proj-{_key(rng, 48)}", "key"),
}

CONTEXTS = (
    "Please check the {label}: {}, it was on the form.",
    "O {label} do cliente é {} e ele quer o reembolso.",
    '{{"name": "Rui", "{label}": "{}"}}',
    "2026-03-01 INFO saved {label}={} ok",
    "- {label}: {}\n- next",
    "id;{label};note\n7;{};x",
)
_NOT_WORD = re.compile(r"[^A-Za-z0-9_]")


def _each_mark(written: Callable[[str], str]) -> Callable[[str], str]:
    """A way of writing that changes all punctuation and spaces."""
    return lambda value: _NOT_WORD.sub(lambda match: written(match[0]), value)


def _inside(gap: str) -> Callable[[str], str]:
    """A way of writing that inserts `gap` between two letters or digits near the middle."""

    def written(value: str) -> str:
        middle = len(value) // 2
        places = [at for at in range(2, len(value) - 1) if value[at - 1 : at + 1].isalnum()]
        at = min(places, key=lambda place: abs(place - middle))
        return value[:at] + gap + value[at:]

    return written


def _at_a_gap(gap: str) -> Callable[[str], str]:
    """A writing that breaks a value after or instead of a separator near its middle."""

    def written(value: str) -> str:
        places = [match.start() for match in re.finditer(r"[ .\-/]", value)]
        at = min(places, key=lambda place: abs(place - len(value) // 2))
        kept = "" if value[at] == " " else value[at]
        return value[:at] + kept + gap + value[at + 1 :]

    return written


_NAMED = {"@": "&commat;", ".": "&period;", " ": "&nbsp;", "-": "&hyphen;", "+": "&plus;"}
_NUMBERS = ("cpf", "cnpj", "card", "iban", "ssn", "nif", "pis")
_ALL = tuple(KINDS)
# name -> (kinds, how the value is written, what stands directly before it)
WRITINGS: dict[str, tuple[Sequence[str], Callable[[str], str], str]] = {
    "as it is": (_ALL, str, ""),
    "after a literal \\n": (_ALL, str, "\\n"),
    "after a literal \\t": (_ALL, str, "\\t"),
    "after a literal \\r\\n": (_ALL, str, "\\r\\n"),
    "after a literal \\u00a0": (_ALL, str, "\\u00a0"),
    "after a twice escaped \\n": (_ALL, str, "\\\\n"),
    "punctuation as \\u": (_ALL, _each_mark(lambda m: f"\\u{ord(m):04x}"), ""),
    "punctuation as \\x": (_ALL, _each_mark(lambda m: f"\\x{ord(m):02x}"), ""),
    "first character as \\u": (_ALL, lambda v: f"\\u{ord(v[0]):04X}{v[1:]}", ""),
    "back-slashed punctuation": (_ALL, _each_mark(lambda m: m if m == " " else f"\\{m}"), ""),
    "entities, decimal": (_ALL, _each_mark(lambda m: f"&#{ord(m)};"), ""),
    "entities, hexadecimal": (_ALL, _each_mark(lambda m: f"&#x{ord(m):X};"), ""),
    "entities, named": (_ALL, _each_mark(lambda m: _NAMED.get(m, m)), ""),
    "entities, twice": (_ALL, _each_mark(lambda m: f"&amp;#{ord(m)};"), ""),
    "every character an entity": (_ALL, lambda v: "".join(f"&#{ord(m)};" for m in v), ""),
    "percent": (_ALL, lambda v: quote(v, safe=""), ""),
    "percent, marks too": (_ALL, _each_mark(lambda m: f"%{ord(m):02X}"), ""),
    "percent, twice": (_ALL, lambda v: quote(quote(v, safe=""), safe=""), ""),
    "percent, every character": (_ALL, lambda v: "".join(f"%{ord(m):02x}" for m in v), ""),
    "after %20": (_ALL, str, "%20"),
    "after &nbsp;": (_ALL, str, "&nbsp;"),
    "zero-width space inside": (_ALL, _inside("\u200b"), ""),
    "soft hyphen inside": (_ALL, _inside("\u00ad"), ""),
    "word joiner inside": (_ALL, _inside("\u2060"), ""),
    "&shy; inside": (_ALL, _inside("&shy;"), ""),
    "\\u200b inside": (_ALL, _inside("\\u200b"), ""),
    "a tag inside": (_ALL, _inside("<wbr>"), ""),
    "line break at a gap": (_NUMBERS, _at_a_gap("\n"), ""),
    "line break inside a group": (_NUMBERS, _inside("\n"), ""),
    "tab at a gap": (_NUMBERS, _at_a_gap("\t"), ""),
    "literal \\n at a gap": (_NUMBERS, _at_a_gap("\\n"), ""),
    "quoted-printable": (_ALL, _each_mark(lambda m: f"={ord(m):02X}"), ""),
    "full width": (
        _ALL,
        lambda v: "".join(chr(ord(m) + 0xFEE0) if "!" <= m <= "~" else m for m in v),
        "",
    ),
    "[at] and [.]": (("email",), lambda v: v.replace("@", "[at]").replace(".", "[.]"), ""),
    "(at) and (dot)": (("email",), lambda v: v.replace("@", " (at) ").replace(".", " (dot) "), ""),
    "at and dot": (("email",), lambda v: v.replace("@", " at ").replace(".", " dot "), ""),
    "AT and DOT": (("email",), lambda v: v.replace("@", " AT ").replace(".", " DOT "), ""),
    "{at} and {dot}": (("email",), lambda v: v.replace("@", "{at}").replace(".", "{dot}"), ""),
    "[@] and .": (("email",), lambda v: v.replace("@", "[@]"), ""),
    "arroba and ponto": (
        ("email",),
        lambda v: v.replace("@", " arroba ").replace(".", " ponto "),
        "",
    ),
}


def written_cases() -> Iterator[WrittenCase]:
    """Every kind of value in every way of writing that it has, in every context."""
    rng = random.Random(SEED)
    for writing, (kinds, write, before) in WRITINGS.items():
        for kind in kinds:
            make, label = KINDS[kind]
            for context in CONTEXTS:
                value = write(make(rng))
                yield _placed(kind, writing, context.replace("{label}", label), value, before)
    yield from _json_in_json(rng)
    yield from _numbered_rows(rng)


def _placed(kind: str, writing: str, context: str, value: str, before: str = "") -> WrittenCase:
    front, _, back = context.partition("{}")
    front, back = front.replace("{{", "{").replace("}}", "}"), back.replace("}}", "}")
    start = len(front) + len(before)
    text = f"{front}{before}{value}{back}"
    return WrittenCase(kind, writing, text, start, start + len(value))


def _json_in_json(rng: random.Random) -> Iterator[WrittenCase]:
    for kind, (make, label) in KINDS.items():
        for depth in (1, 2, 3):
            value = make(rng)
            text: str = f"first line, {label}:\n{value}\tend"
            for _ in range(depth):
                text = json.dumps({"text": text})
            start = text.index(value)
            yield WrittenCase(kind, "JSON in JSON", text, start, start + len(value))
        page = html.escape(json.dumps({label: f"x\n{value}"}))
        start = page.index(value)
        yield WrittenCase(kind, "JSON in HTML", page, start, start + len(value))


def _numbered_rows(rng: random.Random) -> Iterator[WrittenCase]:
    for kind in _NUMBERS:
        make, label = KINDS[kind]
        for row in ("1 {}", "12. {}", "3) {}", "4\t{}", "#5 {}", "| 6 | {} |", "7 - {}", "8: {}"):
            yield _placed(kind, "a row number before", f"{label} list\n{row}\n", make(rng))


_PASSWORDS = ("Tr0ub4dor&3", "hunter22!", "Abc12345", "x7#Qp9!z", "Lisboa-2024!", "kX9vbQ2m")
ANNOUNCED_PASSWORDS = (
    *("the password is {}", "My password: {}", "password {} works", "Password = {}"),
    *("use password {} to log in", "log in with the password {} please", "pwd: {}", "pass: {}"),
    *("a senha é {}", "senha {}", "Senha: {}", "minha senha é {}, não conte", "senha do wifi: {}"),
    *("a palavra-passe é {}", "palavra-passe: {}", "a senha dele era {}", "use a senha {} para"),
    *("mysql --password {} -h db", "mysql --password={} -h db", "curl -u admin:{} https://x.io"),
    *("curl --user 'admin:{}' https://x.io", "sshpass -p {} ssh host", "PGPASSWORD={} psql"),
    *("CREATE USER ana IDENTIFIED BY '{}';", "ALTER ROLE ana WITH PASSWORD '{}';"),
    *("<password>{}</password>", "<add key='password' value='{}'/>", "requirepass {}"),
    *("machine api.x.io login ana password {}", "Server=db;Uid=sa;Pwd={};Database=x"),
    *("**Password:** {}", "| password | {} |", "POST /login?user=ana&password={} HTTP/1.1"),
    *("user: ana / password: {}", "login ana, senha {}", "the root password was set to {}"),
    *("password\n{}\n", '"dbPassword": "{}"', "spring.datasource.password={}", "contraseña: {}"),
    *("mot de passe : {}", "DB_PASS={}", "password → {}", "passphrase is {}", "PIN/senha: {}"),
)
ANNOUNCED_TOKENS = (
    *("use token {}", "API key {}", "the API key is {}", "api_key: {}", "my token is {}"),
    *("Authorization: Token {}", "Authorization: Bearer {}", "X-API-Key: {}", "apikey={}"),
    *("GET https://x.io/v1?key={}", "GET /v1/items?page=2&access_token={}", "client_secret={}"),
    *("--token {}", "--api-key {}", "export SERVICE_TOKEN={}", "ENV API_KEY {}"),
    *("a chave da API é {}", "chave de API: {}", "chave secreta {}", "o token é {}"),
    *("<token>{}</token>", "<apiKey>{}</apiKey>", "access key {}", "secret: {}"),
    *("Here is the secret key: {}", "AccountKey={};EndpointSuffix=x", "//reg.x.io/:_authToken={}"),
    *("token de acesso: {}", "Ocp-Apim-Subscription-Key: {}", "auth token {}", "webhook secret {}"),
    *("the token, {}, expires", "token `{}`", "credential: {}", "bearer {}", "segredo: {}"),
)
TABLES = (
    "| user | password |\n|---|---|\n| ana | {} |\n| rui | - |",
    "user,password\nana,{}\n",
    "user\tpassword\trole\nana\t{}\tadmin\n",
    "utilizador;senha\nana;{}\n",
    "| service | token | owner |\n|:--|:-:|--:|\n| mail | {} | ana |",
    "name,api_key,active\nmail,{},yes\n",
    '"login","senha"\n"ana","{}"\n',
    "host  | secret   | port\ndb    | {} | 5432\n",
)


def announced_secrets() -> Iterator[WrittenCase]:
    """Secrets that can only be recognised by the words, signs or columns around them."""
    rng = random.Random(SEED + 1)
    for writing, forms in (("prose", ANNOUNCED_PASSWORDS), ("column", TABLES)):
        for form in forms:
            for password in rng.sample(_PASSWORDS, 4):
                password = quote(password) if "?" in form else password
                yield _announced("secret", f"secret, {writing}", form, password)
    for writing, forms in (("prose", ANNOUNCED_TOKENS), ("column", TABLES)):
        for form in forms:
            for length in (24, 32, 40):
                token = _key(rng, length)
                yield _announced("secret", f"secret, {writing}", form, token)


def _announced(kind: str, writing: str, form: str, value: str) -> WrittenCase:
    start = form.index("{}")
    return WrittenCase(kind, writing, form.replace("{}", value), start, start + len(value))


_ANY = (
    *(
        [
            "sk-proj-:60",
            "sk-ant-api03-:90",
            "sk-or-v1-:64",
            "AIza:35",
            "gsk_:52",
            "pplx-:48",
            "r8_:37",
            "xai-:80",
        ]
    ),
    *(
        [
            "nvapi-:64",
            "csk-:48",
            "tvly-dev-:32",
            "pcsk_:70",
            "hvs.:95",
            "dckr_pat_:27",
            "ATATT3xFfGF0:180",
        ]
    ),
    *(
        [
            "glrt-:20",
            "glpat-:20",
            "ghp_:36",
            "hf_:34",
            "npm_:36",
            "fo1_:43",
            "pnu_:36",
            "sha256~:43",
            "sq0atp-:22",
        ]
    ),
    *(["lin_api_:40", "figd_:40", "tskey-auth-:30", "sk_live_:24", "xapp-1-A0:40", "ntn_:46"]),
)
_HEXADECIMAL = (
    "shpat_:32 dapi:32 pul-:40 dop_v1_:64 rubygems_:48 SK:32 sntryu_:64 squ_:40 xkeysib-:64"
)
_CAPITALS = "NRAK-:27 API-:26 AKIA:16"
# The prefix of a provider's key, the characters that follow, and the letters among them.
PROVIDER_KEYS: tuple[tuple[str, int, str], ...] = tuple(
    (row.rpartition(":")[0], int(row.rpartition(":")[2]), letters)
    for rows, letters in (
        (_ANY, string.ascii_letters),
        (_HEXADECIMAL.split(), "abcdef"),
        (_CAPITALS.split(), "ABCDEFGHJKLMNPQRSTUVWXYZ"),
    )
    for row in rows
)


def provider_keys() -> Iterator[WrittenCase]:
    """Keys in their providers' formats, without a context that announces them."""
    rng = random.Random(SEED + 2)
    keys = [
        (begin, begin + _key(rng, count, letters))
        for begin, count, letters in PROVIDER_KEYS
        for _ in range(3)
    ]
    keys += [
        ("LangSmith", f"lsv2_pt_{_key(rng, 32, 'abcdef')}_{_key(rng, 10, 'abcdef')}"),
        ("Grafana", f"glsa_{_key(rng, 32)}_{_key(rng, 8, 'abcdef')}"),
        ("Telegram", f"{_digits(rng, 10)}:AA{_key(rng, 33)}"),
        ("Discord", f"MT{_key(rng, 24)}.{_key(rng, 6)}.{_key(rng, 38)}"),
        ("SendGrid", f"SG.{_key(rng, 22)}.{_key(rng, 43)}"),
        ("Mailchimp", f"{_key(rng, 32, 'abcdef')}-us14"),
        ("Airtable", f"pat{_key(rng, 14)}.{_key(rng, 64, 'abcdef')}"),
        ("Azure AD", f"{_key(rng, 3)}8Q~{_key(rng, 34)}"),
        ("Terraform", f"{_key(rng, 14)}.atlasv1.{_key(rng, 64)}"),
        ("Postman", f"PMAK-{_key(rng, 24, 'abcdef')}-{_key(rng, 34, 'abcdef')}"),
        ("Dynatrace", f"dt0c01.{_key(rng, 24)}.{_key(rng, 64)}"),
        ("Doppler", f"dp.pt.{_key(rng, 43)}"),
    ]
    for _, key in keys:
        for form in ("it said {} and stopped", "x={}\n", '["{}"]'):
            yield _announced("secret", "secret, provider's form", form, key)


NATIONAL_PHONES = {
    "PT": ("91{1} {3} {3}", "91{7}", "21 {3} {2} {2}", "22{1} {3} {3}", "93{1}-{3}-{3}"),
    "BR": ("(11) 97{3}-{4}", "11 98{3}-{4}", "(21) 3{3}-{4}", "11 9 8{3}-{4}", "2199{7}"),
    "ES": ("61{1} {2} {2} {2}", "61{1} {3} {3}", "91 {3} {2} {2}", "65{7}", "93{1} {3} {3}"),
    "FR": ("06 {2} {2} {2} {2}", "01.4{1}.{2}.{2}.{2}", "06{8}", "07 6{1} {2} {2} {2}"),
    "UK": ("(020) 7946 0{3}", "020 7946 0{3}", "07400 {6}", "0161 496 0{3}", "(0161) 496 0{3}"),
    "US": ("(212) 7{2}-{4}", "415-7{2}-{4}", "415.7{2}.{4}", "3128{6}", "1-312-8{2}-{4}"),
}
PHONE_WORDS = (
    *("call me at {}", "my number is {}", "o meu número: {}", "whatsapp {}", "tel {}", "Tel.: {}"),
    *("móvil {}", "teléfono: {}", "phone: {}", "telefone {}", "telemóvel {}", "celular: {}"),
    *("cell {}", "Ligue para {}", "ligue já: {}", "tél. {}", "portable : {}", "text {} for help"),
    *("mobile no. {}", "contacto {}", '{{"phone": "{}"}}', "zap {}", "Número de telefone: {}"),
    *(
        "llámame al {}",
        "appelez le {}",
        "name,phone\nana,{}\n",
        "| nome | telefone |\n|--|--|\n| rui | {} |",
    ),
)
PHONE_UNANNOUNCED = {
    "PT": ("91{1} {3} {3}",),
    "BR": ("(11) 97{3}-{4}", "11 98{3}-{4}"),
    "ES": ("61{1} {2} {2} {2}",),
    "FR": ("06 1{1} {2} {2} {2}", "01.4{1}.{2}.{2}.{2}"),
    "UK": ("(020) 7946 0{3}", "020 7946 0{3}"),
    "US": ("(212) 7{2}-{4}", "415-7{2}-{4}"),
}


def _filled(rng: random.Random, form: str) -> str:
    return re.sub(r"\{(\d)\}", lambda match: _digits(rng, int(match[1])), form)


def national_phones() -> Iterator[WrittenCase]:
    """National forms of six countries after words that announce them, and without."""
    from phonenumbers import NumberParseException, is_valid_number, parse

    rng = random.Random(SEED + 3)

    def existing(form: str, country: str) -> str:
        region = "GB" if country == "UK" else country
        while True:
            number = _filled(rng, form)
            try:
                if is_valid_number(parse(number, region)):
                    return number
            except NumberParseException:
                continue

    for country, forms in NATIONAL_PHONES.items():
        for form in forms:
            for words in PHONE_WORDS:
                phone = existing(form, country)
                words = words.replace("{{", "{").replace("}}", "}")
                yield _announced("phone", f"phone announced, {country}", words, phone)
    for country, forms in PHONE_UNANNOUNCED.items():
        for form in forms:
            for words in ("Ana Lima, {}, Porto", "- {}\n- next", "({})", "see you! {}"):
                phone = existing(form, country)
                yield _announced("phone", f"phone alone, {country}", words, phone)


def all_cases() -> list[WrittenCase]:
    """The whole corpus."""
    return [
        *written_cases(),
        *announced_secrets(),
        *provider_keys(),
        *national_phones(),
    ]


def harmless_texts() -> list[str]:
    """Texts with nothing private in them, each close to something that would be."""
    written = (Path(__file__).parent / "harmless_texts.txt").read_text(encoding="utf-8")
    lines, *blocks = written.split("====\n")
    rng = random.Random(SEED + 4)
    hexadecimal = "0123456789abcdef"
    made = [
        form.format(
            n9=_digits(rng, 9),
            n11=_digits(rng, 11),
            n16=_digits(rng, 16),
            h40="".join(rng.choices(hexadecimal, k=40)),
            h64="".join(rng.choices(hexadecimal, k=64)),
            n3=_digits(rng, 3),
        )
        for form in (
            *("order {n11} was packed", "pedido nº {n9}", "sha1 {h40}", "blob {h64}"),
            *("job {n16} ended", "fatura {n9} paga", "build {n9}.{n3}", "tracking {n16}"),
            *("version 2.{n3}.{n3}", "{h40} refs/heads/main", "https://x.io/p/{n9}?ref={n3}"),
            *("part no. {n9}", "lote {n11}", "{n3} of {n9} rows", "offset {n11} bytes"),
            *("0.{n16}", "${n3},{n3}.00", "took {n9} ns", "isbn 978{n9}1"),
        )
        for _ in range(2)
    ]
    return [*lines.splitlines(), *(block.rstrip("\n") for block in blocks), *made]
