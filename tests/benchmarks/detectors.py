"""Measure the detectors: `python tests/benchmarks/detectors.py [--misses] [--of PART]`: Markdown.

First the cases of tests/support/detector_cases.py: every kind of value in the ways that programs
and people write it, secrets and telephones that words announce, and harmless texts; by writing.
With them the texts of tests/support/marked_values.py, written by hand.
Then texts of another author, who had seen neither the detectors nor these cases.
Precision and recall on sentences made from a seed, English and Portuguese, with numbers in the
forms people write and with near misses: wrong check digits, order numbers, versions, dates,
addresses of machines, hashes, prices, ISBNs, parcels. Then the time for a kilobyte, and for a
megabyte of the texts that are hardest on a regular expression, beside that for a tenth of it.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import string
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from detector_cases import all_cases, harmless_texts
from marked_values import FIRST, LATER, marked_texts
from stdnum import luhn
from stdnum.br import cnpj, cpf
from stdnum.iso7064 import mod_97_10
from stdnum.pt import nif

from router.privacy.detect.brazil import is_cnh, is_pis, is_titulo
from router.privacy.detect.detectors import Detectors
from tests.support.markdown import print_table

SEED = 20260701
EACH = 300
NEAR_MISSES = 4_000
OTHER_HAND = Path(__file__).resolve().parents[1] / "support" / "other_hand.jsonl"

NEUTRAL = (
    "Please update the record of {} before Friday.",
    "{} was on the form she sent.",
    "O formulário dela traz {}, confirma?",
    "Atualize o cadastro: {}.",
    "Name: Ana Souza; {}; Lisbon",
    '{{"name": "Rui", "value": "{}"}}',
    "Cliente João da Silva ({}) pediu o reembolso.",
    "Is {} right?",
    "Segue: {}\nObrigado!",
    "a,b,{},c",
)
LABELLED = ("{label}: {}", "{label} {}", "{label} nº {}", "my {label} is {}", "o {label} dele é {}")
AROUND = ("{}", "Hello, {}. Thanks.", "Boa tarde! {}, pode ver?", "- {}\n- next", "Note that {}")
NO_NUMBER = (
    *("order {}", "Order #{}", "pedido {}", "o pedido nº {} atrasou", "invoice no. {}"),
    *("tracking number {}", "código de rastreio {}", "protocolo {}", "ticket {}", "fatura {}"),
    *("serial {}", "part number {}", "ref. {}", "contrato {}", "transaction id {}", "lote {}"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence and the one value in it that is to be found; None for a near miss."""

    text: str
    kind: str | None
    value: str = ""


def digits(rng: random.Random, count: int) -> str:
    """Random digits."""
    return "".join(rng.choices(string.digits, k=count))


def having(rng: random.Random, count: int, valid: Callable[[str], bool]) -> str:
    """Random digits that pass a check."""
    while not valid(number := digits(rng, count)):
        pass
    return number


def shaped(number: str, shape: str) -> str:
    """The characters of a number in the places of `0` in a shape."""
    characters = iter(number)
    return "".join(next(characters) if mark == "0" else mark for mark in shape)


def make_cpf(rng: random.Random) -> str:
    base = digits(rng, 9)
    return base + cpf._calc_check_digits(base)


def make_cnpj(rng: random.Random) -> str:
    base = digits(rng, 8) + rng.choice(("0001", "0002", "0147"))
    return base + cnpj.calc_check_digits(base)


def make_new_cnpj(rng: random.Random) -> str:
    base = "".join(rng.choices(string.ascii_uppercase + string.digits, k=12))
    return base + cnpj.calc_check_digits(base)


def make_card(rng: random.Random) -> str:
    prefix, count = rng.choice(
        [("4", 16), ("53", 16), ("2345", 16), ("37", 15), ("6011", 16), ("36", 14), ("506700", 16)]
    )
    base = prefix + digits(rng, count - 1 - len(prefix))
    return base + luhn.calc_check_digit(base)


def make_iban(rng: random.Random) -> str:
    country, bban = rng.choice(
        [
            ("PT", digits(rng, 21)),
            ("DE", digits(rng, 18)),
            ("ES", digits(rng, 20)),
            ("FR", digits(rng, 21) + digits(rng, 2)),
            ("GB", "".join(rng.choices(string.ascii_uppercase, k=4)) + digits(rng, 14)),
            ("BR", digits(rng, 23) + "C1"),
        ]
    )
    return f"{country}{mod_97_10.calc_check_digits(bban + country)}{bban}"


def make_ssn(rng: random.Random) -> str:
    return f"{rng.randint(1, 665):03}{rng.randint(1, 99):02}{rng.randint(1, 9999):04}"


def make_nif(rng: random.Random) -> str:
    base = rng.choice("123569") + digits(rng, 7)
    return base + nif.calc_check_digit(base)


def groups_of_four(number: str) -> str:
    """As a card or an account is printed."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


@dataclass(frozen=True, slots=True)
class Making:
    """How a kind is made and written; `labels` where it needs one, in half the cases otherwise."""

    make: Callable[[random.Random], str]
    shapes: Sequence[str]
    labels: Sequence[str]
    needs_label: bool = False


CPF_SHAPES = ("000.000.000-00", "00000000000", "000 000 000 00", "000000000-00", "000.000.000‑00")
CNPJ_SHAPES = ("00.000.000/0000-00", "00000000000000", "00 000 000 0000 00", "00000000/0000-00")
SSN_LABELS = ("SSN", "social security number", "SSN number")
MAKINGS = {
    "cpf": [Making(make_cpf, CPF_SHAPES, ("CPF", "cpf", "CPF do titular"))],
    "cnpj": [
        Making(make_cnpj, CNPJ_SHAPES, ("CNPJ", "cnpj da empresa")),
        Making(make_new_cnpj, ("00.000.000/0000-00",), ("CNPJ", "CNPJ novo")),
    ],
    "card": [Making(make_card, (), ("card", "cartão", "Visa", "cartão de crédito"))],
    "iban": [Making(make_iban, (), ("IBAN", "iban"))],
    "ssn": [
        Making(make_ssn, ("000-00-0000",), SSN_LABELS),
        Making(make_ssn, ("000000000", "000 00 0000"), SSN_LABELS, needs_label=True),
    ],
    "nif": [
        Making(
            make_nif,
            ("000000000", "000 000 000", "PT000000000", "000.000.000"),
            ("NIF", "contribuinte", "nif", "número de contribuinte"),
            needs_label=True,
        )
    ],
    "pis": [
        Making(
            lambda rng: having(rng, 11, is_pis),
            ("00000000000", "000.00000.00-0"),
            ("PIS", "PIS/PASEP", "NIS"),
            needs_label=True,
        )
    ],
    "cnh": [
        Making(
            lambda rng: having(rng, 11, is_cnh),
            ("00000000000",),
            ("CNH", "carteira de habilitação"),
            needs_label=True,
        )
    ],
    "titulo": [
        Making(
            lambda rng: having(rng, 12, is_titulo),
            ("000000000000", "0000 0000 0000"),
            ("título de eleitor", "título eleitoral"),
            needs_label=True,
        )
    ],
}


def written(rng: random.Random, kind: str, making: Making, number: str) -> str:
    """A number as somebody may write it."""
    if kind in ("card", "iban"):
        grouped = groups_of_four(number)
        if kind == "card" and len(number) == 15:
            grouped = shaped(number, "0000 000000 00000")
        elif kind == "card" and len(number) == 14:
            grouped = shaped(number, "0000 000000 0000")
        forms = [grouped, number, grouped.replace(" ", "\u00a0")]
        forms += [grouped.replace(" ", "-")] if kind == "card" else []
        return rng.choice(forms)
    value = shaped(number, rng.choice(making.shapes))
    wide = rng.random() < 0.05
    return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in value) if wide else value


def sentence(rng: random.Random, making: Making, value: str) -> str:
    """A sentence around a value, with a word that names it where one is needed."""
    if making.needs_label or rng.random() < 0.5:
        named = rng.choice(LABELLED).replace("{label}", rng.choice(making.labels)).format(value)
        return rng.choice(AROUND).format(named)
    return rng.choice(NEUTRAL).format(value)


def positives(rng: random.Random) -> list[Case]:
    """Sentences with one number each."""
    cases = []
    for kind, makings in MAKINGS.items():
        for at in range(EACH):
            making = makings[at % len(makings)]
            value = written(rng, kind, making, making.make(rng))
            cases.append(Case(sentence(rng, making, value), kind, value))
    return cases


def wrong_checks(rng: random.Random) -> list[Case]:
    """Numbers with one digit changed, with the label of the real one in half the cases."""
    cases = []
    for kind, makings in MAKINGS.items():
        for at in range(EACH):
            making = makings[at % len(makings)]
            number = "".join(making.make(rng))
            if kind == "ssn":
                changed = rng.choice(("000", "666", "9" + digits(rng, 2))) + number[3:]
            else:
                last = len(number) - 1
                changed = number[:last] + str((int(number[last]) + rng.randint(1, 8)) % 10)
            value = written(rng, kind, making, changed)
            cases.append(Case(sentence(rng, making, value), None))
    return cases


def near_miss(rng: random.Random) -> str:
    """Something with digits that is no person's, in a sentence."""
    count = rng.choice((9, 10, 11, 11, 12, 14, 14, 15, 16, 16, 18))
    number = digits(rng, count)
    prefixed = rng.choice("345") + digits(rng, 15)
    plain = (
        ".".join(str(rng.randint(0, 255)) for _ in range(4)),
        f"v{rng.randint(0, 20)}.{rng.randint(0, 40)}.{rng.randint(0, 9999)}",
        f"{rng.randint(1990, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} 10:42:07",
        f"{rng.randint(1, 28):02}/{rng.randint(1, 12):02}/{rng.randint(1990, 2030)}",
        f"{rng.getrandbits(160):040x}",
        str(uuid.UUID(int=rng.getrandbits(128))),
        f"R$ {rng.randint(1, 999)}.{digits(rng, 3)}.{digits(rng, 3)},{digits(rng, 2)}",
        f"${rng.randint(1, 999)},{digits(rng, 3)},{digits(rng, 3)}.{digits(rng, 2)}",
        f"ISBN 978-{rng.randint(0, 9)}-{digits(rng, 3)}-{digits(rng, 5)}-{digits(rng, 1)}",
        f"1Z{''.join(rng.choices(string.ascii_uppercase + string.digits, k=16))}",
        f"{''.join(rng.choices(string.ascii_uppercase, k=2))}{digits(rng, 9)}BR",
        f"9400 1{digits(rng, 3)} {digits(rng, 4)} {digits(rng, 4)} {digits(rng, 4)} 00",
        f"0.{digits(rng, 16)}",
        f"{rng.randint(1, 999)} {digits(rng, 3)} {digits(rng, 3)} habitantes",
        f"1{digits(rng, 12)} ms since the epoch",
    )
    pick = rng.random()
    if pick < 0.5:
        return rng.choice(NEUTRAL).format(rng.choice(plain))
    if pick < 0.9:
        named = rng.choice(NO_NUMBER).format(rng.choice((number, number, prefixed)))
        return rng.choice(AROUND).format(named)
    return rng.choice(NEUTRAL).format(number)


PROSE = (
    "The committee met again on Tuesday and agreed, after some discussion, to leave the plan as it "
    "was. A reunião seguinte ficou marcada para a próxima semana; ninguém levantou objeções. "
) * 24
PHONES = (
    *("(11) 9{4}-{4}", "11 9{4}-{4}", "+55 21 9{4}-{4}", "+55 (31) 9{4}-{4}", "(41) 3{3}-{4}"),
    *("+351 91{1} {3} {3}", "93{1} {3} {3}", "+351 21{1}{3}{3}", "+1 415-7{2}-{4}"),
    *("(212) 7{2}-{4}", "312-8{2}-{4}", "+44 20 7{3} {4}", "020 7{3} {4}", "07400 {6}"),
)


def filled(rng: random.Random, form: str) -> str:
    """A form with its counts in braces replaced by so many digits."""
    pieces = form.replace("}", "{").split("{")
    return "".join(digits(rng, int(p)) if at % 2 else p for at, p in enumerate(pieces))


def other_positives(rng: random.Random) -> list[Case]:
    """Phones, addresses and secrets: not check digits, but measured the same way."""
    letters = string.ascii_letters + string.digits

    def key(count: int) -> str:
        return "".join(rng.choices(letters, k=count))

    cases = []
    for _ in range(EACH):
        phone = filled(rng, rng.choice(PHONES))
        cases.append(Case(rng.choice(NEUTRAL).format(phone), "phone", phone))
        user = rng.choice(("ana.souza", "rui", "j.smith+news", "maria_42", "o'neil", "joão"))
        mail = f"{user}@{rng.choice(('uol.com.br', 'sapo.pt', 'mail.example.org', 'x.io'))}"
        cases.append(Case(rng.choice(NEUTRAL).format(mail), "email", mail))
        secret, form = rng.choice(
            [
                (f"sk-proj-{key(48)}", "{}"),
                (f"sk-ant-api03-{key(80)}", "key {}"),
                (f"AIza{key(35)}", "{}"),
                (f"AKIA{key(16).upper()}", "aws {}"),
                (key(40), "aws_secret_access_key = {}"),
                (f"ghp_{key(36)}", "use {} to push"),
                (f"glpat-{key(20)}", "{}"),
                (f"xoxb-{digits(rng, 12)}-{key(24)}", "{}"),
                (f"sk_live_{key(24)}", "{}"),
                (f"hf_{key(34)}", "HF_TOKEN={}"),
                (key(32), "Authorization: Bearer {}"),
                (key(12), "password = {}"),
                (f"{key(5)}9!", "a senha é {} desde ontem"),
                (key(10), '"senha": "{}"'),
                (key(14), "postgres://app:{}@db.internal:5432/main"),
            ]
        )
        cases.append(Case(form.format(secret), "secret", secret))
    return cases


def scores(cases: Sequence[Case], kinds: Sequence[str], *, misses: bool) -> list[list[str]]:
    """For each kind: positives, precision, recall. A find counts if its span is the value's."""
    detectors = Detectors()
    right, wrong, missed = (dict.fromkeys(kinds, 0) for _ in range(3))
    for case in cases:
        finds = [
            (find.kind, case.text[find.start : find.end]) for find in detectors.find(case.text)
        ]
        for found in finds:
            table = right if found == (case.kind, case.value) else wrong
            table[found[0]] += 1
        if case.kind and (case.kind, case.value) not in finds:
            missed[case.kind] += 1
        if misses and finds != ([(case.kind, case.value)] if case.kind else []):
            print(case, finds, file=sys.stderr)
    return [
        [
            kind,
            str(right[kind] + missed[kind]),
            f"{right[kind] / max(1, right[kind] + wrong[kind]):.3f}",
            f"{right[kind] / max(1, right[kind] + missed[kind]):.3f}",
        ]
        for kind in kinds
    ]


def by_writing(*, misses: bool) -> list[list[str]]:
    """For each way of writing a value: how many there are, and the share that is found."""
    detectors = Detectors()
    found: dict[str, list[bool]] = {}
    for case in all_cases():
        finds = [(find.kind, find.start, find.end) for find in detectors.find(case.text)]
        found.setdefault(case.writing, []).append(case.is_found(finds))
        if misses and not found[case.writing][-1]:
            print(case, finds, file=sys.stderr)
    found["all"] = [one for ones in list(found.values()) for one in ones]
    return [
        [writing, str(len(ones)), str(sum(ones)), f"{sum(ones) / len(ones):.3f}"]
        for writing, ones in found.items()
    ]


def by_hand(*, misses: bool) -> list[list[str]]:
    """For each group of texts that were written by hand: values, found."""
    detectors = Detectors()
    found: dict[str, list[int]] = {}
    for case in (*marked_texts(FIRST), *marked_texts(LATER)):
        finds = [(find.kind, find.start, find.end) for find in detectors.find(case.text)]
        missed = case.missed(finds)
        counts = found.setdefault(case.writing, [0, 0])
        counts[0] += len(case.values)
        counts[1] += len(case.values) - len(missed)
        if misses and missed:
            print(f"missed {missed}: {case.text!r}", file=sys.stderr)
    found["all"] = [sum(counts) for counts in zip(*found.values(), strict=True)]
    return [[writing, *map(str, counts)] for writing, counts in found.items()]


def marked_harmless(*, misses: bool) -> tuple[int, int]:
    """How many harmless texts are marked, and how many there are."""
    detectors, texts = Detectors(), harmless_texts()
    marked = [text for text in texts if detectors.find(text)]
    if misses:
        print(*marked, sep="\n", file=sys.stderr)
    return len(marked), len(texts)


def by_another_hand(*, misses: bool) -> list[list[str]]:
    """Texts of an author who had seen neither the detectors nor the other texts: values, found,
    by kind; and how many of the texts without any were marked."""
    detectors, found = Detectors(), dict[str, list[int]]()
    marked, harmless = 0, 0
    for line in OTHER_HAND.read_text("utf-8").splitlines():
        row = json.loads(line)
        text, finds = row["text"], detectors.find(row["text"])
        harmless += not row["values"]
        marked += bool(finds) and not row["values"]
        for value in row["values"]:
            places = [at for at, sign in enumerate(value, text.index(value)) if sign.isalnum()]
            inside = sum(any(one.start <= at < one.end for one in finds) for at in places)
            hit = inside >= 0.9 * len(places)
            found.setdefault(row["kind"], []).append(hit)
            if misses and not hit:
                print(f"missed {row['kind']}: {text!r}", file=sys.stderr)
    lines = [[kind, str(len(hits)), str(sum(hits))] for kind, hits in sorted(found.items())]
    every = [hit for hits in found.values() for hit in hits]
    return [
        *lines,
        ["all", str(len(every)), str(sum(every))],
        ["harmless, marked", f"{harmless}", f"{marked}"],
    ]


def seconds(text: str) -> float:
    """CPU time of one call."""
    detectors = Detectors()
    before = time.process_time()
    detectors.find(text)
    return time.process_time() - before


def hard_texts(rng: random.Random) -> dict[str, str]:
    """A megabyte each of what a careless expression would never finish."""
    size = 1_000_000
    rows = {
        "one letter": "a",
        "digits": "1",
        "digits and dashes": "1-",
        "groups of digits": "123 456 789 01 ",
        "backslashes and brackets": "\\[",
        "at signs": "a@a.",
        "quotes in names": "o'",
        "key beginnings": "-sk-eyJ",
        "assignments": "password=\"token='",
        "private keys begun": "-----BEGIN PRIVATE KEY-----\n",
        "URLs begun": "://a:b",
        "wide digits": "１２３.",
    }
    texts = {name: unit * (size // len(unit)) for name, unit in rows.items()}
    texts["valid CPFs"] = " ".join(make_cpf(rng) for _ in range(size // 12))
    texts["valid cards"] = "\n".join(groups_of_four(make_card(rng)) for _ in range(size // 20))
    texts["accounts"] = "\n".join(groups_of_four(make_iban(rng)) for _ in range(size // 30))
    texts["phones"] = "\n".join(filled(rng, rng.choice(PHONES)) for _ in range(size // 16))
    texts["prose"] = (PROSE * (size // len(PROSE) + 1))[:size]
    texts["JSON with escapes"] = json.dumps(['a line\n\tand "another" of 12'] * (size // 42))
    texts["escapes alone"] = "\\n" * (size // 2)
    texts["backslashes"] = "\\" * size
    texts["entities"] = "&#64;" * (size // 5)
    texts["percent signs"] = "%41" * (size // 3)
    texts["hidden marks"] = "1\u200b" * (size // 2)
    texts["lines of digits"] = "1234\n" * (size // 5)
    texts["announcing words"] = "password the a b token c " * (size // 25)
    rows = "".join(
        f"ana,{make_nif(rng)},91{digits(rng, 7)},x7#{digits(rng, 5)}\n" for _ in range(32_000)
    )
    texts["a table of secrets"] = f"name,nif,telefone,senha\n{rows}"[:size]
    values = {
        "passwords with signs": "password: a,b(c;d ",
        "values before words": "aB3!x is the ",
        "calls": 'login("a", ',
        "inserts": "insert into users (a, password) values (1, ",
        "Base64": "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo= ",
        "signs with room": "ana @ b ",
        "lists of telephones": "tel 912345678/",
        "raised digits": "⁹¹² ",
    }
    texts |= {name: unit * (size // len(unit)) for name, unit in values.items()}
    texts["labelled digits"] = " ".join(f"call {digits(rng, 11)}" for _ in range(size // 17))
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="each error to standard error")
    parts = ("writings", "another-hand", "kinds", "time")
    parser.add_argument("--of", choices=parts, action="append", help="only this part")
    arguments = parser.parse_args()
    rng = random.Random(SEED)
    wanted = arguments.of or parts
    if "writings" in wanted:
        head = ("written", "cases", "found", "share")
        print_table(head, by_writing(misses=arguments.misses))
        marked, texts = marked_harmless(misses=arguments.misses)
        print_table(("by hand", "values", "found"), by_hand(misses=arguments.misses))
        print(f"Harmless texts marked: {marked} of {texts}.\n")
    if "another-hand" in wanted:
        print_table(("kind", "values", "found"), by_another_hand(misses=arguments.misses))
    none = [Case(near_miss(rng), None) for _ in range(NEAR_MISSES)] + wrong_checks(rng)
    cases = [*positives(rng), *other_positives(rng), *none]
    if "kinds" in wanted:
        print(
            f"{len(cases):,} sentences, {len(none):,} of them near misses; Python "
            f"{platform.python_version()}, seed {SEED}\n"
        )
        head = ("kind", "positives", "precision", "recall")
        kinds = [*MAKINGS, "phone", "email", "secret"]
        print_table(head, scores(cases, kinds, misses=arguments.misses))
    if "time" in wanted:
        print_times(rng, "\n".join(case.text for case in cases))


def print_times(rng: random.Random, sentences: str) -> None:
    """Of a kilobyte, and of the megabytes that are hardest."""
    pages = [sentences[at : at + 1024] for at in range(0, len(sentences), 1024)]
    page_ms = statistics.median(seconds(page) for page in pages) * 1000
    print(f"Median of {len(pages)} kilobytes of these sentences: {page_ms:.2f} ms a kilobyte;")
    letters_ms = statistics.median(seconds(PROSE) for _ in range(200)) / len(PROSE) * 1024e3
    print(f"of prose without numbers: {letters_ms:.2f} ms a kilobyte.\n")
    lines = []
    for name, text in hard_texts(rng).items():
        tenth, whole = seconds(text[: len(text) // 10]), seconds(text)
        lines.append([name, f"{whole:.2f} s", f"{whole / tenth:.1f}"])
    print_table(("a megabyte of", "CPU time", "times that of a tenth"), lines)


if __name__ == "__main__":
    main()
