"""What the detectors find, what they let be, and that no text keeps them long."""

from __future__ import annotations

import json
import time

import pytest
from detector_cases import all_cases, harmless_texts
from hypothesis import given
from hypothesis import strategies as st
from marked_values import FIRST, LATER, MarkedText, marked_texts

from router.errors import ConfigError
from router.privacy.detect.detectors import KINDS, Detectors
from router.privacy.detect.form import PIECE_CHARS
from router.privacy.detect.found import Found, plain, settle
from router.privacy.detect.plain_forms import LAYERS, plain_forms

DETECTORS = Detectors()
KEY = "Ab3dEf6hIj9kLmN0pQrStUvWxYz12345kLm7"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75r\nabcd\n-----END RSA PRIVATE KEY-----"
PIECES = st.sampled_from(
    [
        *("529.982.247-25", "52998224725", "４１１１ 1111 1111 1111", "a@b.com", "senha: x1y2z3w4"),
        *("+55 11 98765-4321", "PT50 0002 0123 1234 5678 9015 4", "NIF 501964843", "[EMAIL_1]"),
        *(f"sk-{KEY}", PEM[:40], "-----BEGIN PRIVATE KEY-----", "\u200b", "\\", "\n", " ", ", "),
        *("\\n", "\\u0040", "&#64;", "%2E", "=40", "<b>", "a,senha\n", "\t"),
        *("\\n", "\\u0040", "&#64;", "%2E", "=40", "<b>", "a,senha\n", "\t"),
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=8).map("".join)


def found(text: str, detectors: Detectors = DETECTORS) -> list[tuple[str, str]]:
    return [(find.kind, text[find.start : find.end]) for find in detectors.find(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Meu CPF é 529.982.247-25, ok", "cpf", "529.982.247-25"),
        ("cliente 52998224725 comprou", "cpf", "52998224725"),
        ('{"user_cpf":"52998224725"}', "cpf", "52998224725"),
        ("CPF 529\u00a0982\u00a0247\u00a025", "cpf", "529\u00a0982\u00a0247\u00a025"),
        ("CPF ５２９.９８２.２４７－２５", "cpf", "５２９.９８２.２４７－２５"),
        ("CPF 529.982.247\u201125!", "cpf", "529.982.247\u201125"),
        ("CPF 529\u200b.982.247-25", "cpf", "529\u200b.982.247-25"),
        ("a,52998224725,b", "cpf", "52998224725"),
        ("16.727.230/0001-97", "cnpj", "16.727.230/0001-97"),
        ("empresa 16727230000197.", "cnpj", "16727230000197"),
        ("12.ABC.345/01DE-35", "cnpj", "12.ABC.345/01DE-35"),
        ("cnpj 12ABC34501DE35", "cnpj", "12ABC34501DE35"),
        ("card 4111 1111 1111 1111 123, 12/27", "card", "4111 1111 1111 1111"),
        ("paid with 378282246310005 today", "card", "378282246310005"),
        ("PT50 0002 0123 1234 5678 9015 4 OBRIGADO", "iban", "PT50 0002 0123 1234 5678 9015 4"),
        ("to de89370400440532013000.", "iban", "de89370400440532013000"),
        ("536-90-4399", "ssn", "536-90-4399"),
        ("social security number: 536904399", "ssn", "536904399"),
        ("NIF: PT501964843", "nif", "PT501964843"),
        ("501 964 843 é o meu NIF", "nif", "501 964 843"),
        ("PIS 120.56874.10-7", "pis", "120.56874.10-7"),
        ("CNH 97625655678", "cnh", "97625655678"),
        ("título de eleitor 0043 5687 0906", "titulo", "0043 5687 0906"),
        ("Ligue (11) 98765-4321", "phone", "(11) 98765-4321"),
        ("ou 11 98765-4321 24h", "phone", "11 98765-4321"),
        ("+55 11 98765-4321 2 vezes", "phone", "+55 11 98765-4321"),
        ("whatsapp 11987654321", "phone", "11987654321"),
        ("o meu número: 912 345 678", "phone", "912 345 678"),
        ("415-555-2671", "phone", "415-555-2671"),
        ("at 020 7946 0958.", "phone", "020 7946 0958"),
        ("'ana@uol.com.br'", "email", "ana@uol.com.br"),
        ("<o'neil+x@mail.example.org>", "email", "o'neil+x@mail.example.org"),
        ("maria (at) uol (dot) com (dot) br", "email", "maria (at) uol (dot) com (dot) br"),
        ("é joao arroba gmail ponto com", "email", "joao arroba gmail ponto com"),
        (f"OPENAI=sk-proj-{KEY}", "secret", f"sk-proj-{KEY}"),
        (f"AIza{KEY[:35]}", "secret", f"AIza{KEY[:35]}"),
        ("AKIAJ4KX2P7QWERTY3ZB", "secret", "AKIAJ4KX2P7QWERTY3ZB"),
        (f"aws_secret_access_key = {KEY}/x+9", "secret", f"{KEY}/x+9"),
        (f"git push https://ghp_{KEY}", "secret", f"ghp_{KEY}"),
        (f"glpat-{KEY[:20]}", "secret", f"glpat-{KEY[:20]}"),
        (f"Authorization: Bearer {KEY}", "secret", KEY),
        ("password = hunter22!", "secret", "hunter22!"),
        ('senha: "cavalo"', "secret", "cavalo"),
        ("a senha é Abc12345.", "secret", "Abc12345"),
        ('{"dbPassword": "pa55word"}', "secret", "pa55word"),
        ("postgres://u:s3cr3t@db.local/x", "secret", "s3cr3t"),
        (f"x {PEM} y", "secret", PEM),
        (f"{PEM[:52]}\n\nplease explain this.", "secret", PEM[:52].rstrip()),
        ("\n".join(["key:", PEM.replace("\n", "\\n")]), "secret", PEM.replace("\n", "\\n")),
    ],
)
def test_it_finds_the_value_and_nothing_around_it(text: str, kind: str, value: str) -> None:
    assert found(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "CPF 529.982.247-26",
        "pedido 52998224725",
        "Order #52998224725",
        "111.111.111-11",
        "9952998224725001",
        "CNPJ 16.727.230/0001-98",
        "4111 1111 1111 1112",
        "order 4111-1111-1111-1111",
        "PT51 0002 0123 1234 5678 9015 4",
        "666-12-1234",
        "536904399",
        "501964843",
        "NIF 501964842",
        "order 4829103847, version 1.2.3.4 of 2024-01-15 10:00:00 on 192.168.100.200",
        "126.151.138.79",
        "2024-01-15T10:42:07 and 15/01/2024",
        "912 345 678 habitantes, R$ 912.345.678,90 and $912 345 678",
        "550e8400-e29b-41d4-a716-446655440000 and da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "isbn 978-0-306-40615-7",
        "logo@2x.png, git@github.com:ours/repo.git, look at the dot com boom, @app.route",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxx AKIAIOSFODNN7EXAMPLE",
        ".sk-folding-cube-animation-container",
        "password: changeme, password: <YOUR_PASSWORD>, password=${DB_PASS}, password: '********'",
        "the password is incorrect; password: must be long; max_tokens: 4096",
        "token = get_token(); password=os.environ['X']; token: 12345",
        '{"password": "string", "token": "string"}',
        "postgres://user:password@localhost/db",
    ],
)
def test_it_lets_near_misses_be(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (r"CPF\n529.982.247-25", "cpf", "529.982.247-25"),
        (r"CPF: \u00a0529.982.247-25", "cpf", "529.982.247-25"),
        (r"529\u002e982\u002e247\u002d25", "cpf", r"529\u002e982\u002e247\u002d25"),
        (r"529\.982\.247\-25", "cpf", r"529\.982\.247\-25"),
        ("529.982.247&#45;25", "cpf", "529.982.247&#45;25"),
        ("cpf%3D529.982.247%2D25%26a", "cpf", "529.982.247%2D25"),
        ("529.98\u200b2.247-25", "cpf", "529.98\u200b2.247-25"),
        ("529.982.\r\n247-25", "cpf", "529.982.\r\n247-25"),
        ("5 2 9 9 8 2 2 4 7 2 5", "cpf", "5 2 9 9 8 2 2 4 7 2 5"),
        ("529.982.247<br>-25", "cpf", "529.982.247<br>-25"),
        ("CPF **529.982.247**-25", "cpf", "529.982.247**-25"),
        ("4111%2B1111", None, ""),
        ("4111+1111+1111+1111", None, ""),
        ("?card=4111+1111+1111+1111&x=1", "card", "4111+1111+1111+1111"),
        ("4111&nbsp;1111&nbsp;1111&nbsp;1111", "card", "4111&nbsp;1111&nbsp;1111&nbsp;1111"),
        ("card: 4111\t1111\t1111\t1111", "card", "4111\t1111\t1111\t1111"),
        ("1 4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
        ("row 12 4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
        ("PT50 0002 0123 1234\n5678 9015 4", "iban", "PT50 0002 0123 1234\n5678 9015 4"),
        ("nome;NIF\nAna;501964843", "nif", "501964843"),
        (r"NIF\t501964843", "nif", "501964843"),
        (r"\tana@x.com", "email", "ana@x.com"),
        ("mailto:ana%40x.com", "email", "ana%40x.com"),
        ("ana%2540x.com", "email", "ana%2540x.com"),
        ("ana=40x.com", "email", "ana=40x.com"),
        ("ana&commat;x&period;com", "email", "ana&commat;x&period;com"),
        ("ana[at]x[.]com", "email", "ana[at]x[.]com"),
        ("ana dot lima at x dot com", "email", "ana dot lima at x dot com"),
        (rf"\nsk-{KEY}", "secret", f"sk-{KEY}"),
        (rf"sk\u002d{KEY}", "secret", rf"sk\u002d{KEY}"),
        (r"senha: Gato#1234\nobrigado", "secret", "Gato#1234"),
        ("<p>Senha:</p> <b>Gato#1234</b>", "secret", "Gato#1234"),
        ("(%2B351) %2B351%20912%20345%20678", "phone", "%2B351%20912%20345%20678"),
    ],
)
def test_a_value_is_found_in_the_plain_form_and_marked_in_the_text_as_given(
    text: str, kind: str | None, value: str
) -> None:
    assert found(text) == ([(kind, value)] if kind else [])


@pytest.mark.parametrize("depth", range(1, LAYERS + 1))
def test_json_in_json_is_read_as_deep_as_it_is_decoded(depth: int) -> None:
    text = "first line\n529.982.247-25"
    for _ in range(depth):
        text = json.dumps({"text": text})

    assert found(text) == [("cpf", "529.982.247-25")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"use token {KEY}", KEY),
        (f"the API key is {KEY}", KEY),
        (f"my key is {KEY}", KEY),
        (f"GET https://x.io/v1?key={KEY}&page=2", KEY),
        (f"Authorization: Token {KEY}", KEY),
        (f"<apiKey>{KEY}</apiKey>", KEY),
        ("the password for the guest network is Lisboa#2024", "Lisboa#2024"),
        ("a senha do wi-fi é Lisboa#2024", "Lisboa#2024"),
        ("use password hunter22 to log in", "hunter22"),
        ("curl -u ana:swordfish https://x.io", "swordfish"),
        ("mysql --password hunter22 -h db", "hunter22"),
        ("CREATE USER ana IDENTIFIED BY 'swordfish'", "swordfish"),
        ("<password>swordfish</password>", "swordfish"),
        ("- name: DB_PASSWORD\n  value: sw0rdfish", "sw0rdfish"),
        ("| user | password |\n|---|---|\n| ana | hunter22! |", "hunter22!"),
        ("nome,senha\nana,hunter22!", "hunter22!"),
        ("<tr><th>User</th><th>Pass</th></tr><tr><td>ana</td><td>Gato#1234</td></tr>", "Gato#1234"),
        ("login: admin / P@ssw0rd9", "P@ssw0rd9"),
        ('"password": "sword\\"fish9"', 'sword\\"fish9'),
        ("use token 8f3kd92kfj38dkf93", "8f3kd92kfj38dkf93"),
        ("token: q8f3kd92kfj38dkf9 for the build", "q8f3kd92kfj38dkf9"),
        ("the password is iNcilMsoBVuI", "iNcilMsoBVuI"),
    ],
)
def test_words_commands_markup_and_columns_announce_a_secret(text: str, value: str) -> None:
    assert found(text) == [("secret", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(020) 7946 0958", "(020) 7946 0958"),
        ("(06 12 34 56 78)", "06 12 34 56 78"),
        ("Ana, 612 34 56 78", "612 34 56 78"),
        ("1 912 345 678", "912 345 678"),
        ("1) 912 345 678", "912 345 678"),
        ("12. (11) 98765-4321", "(11) 98765-4321"),
        ("móvil 612345678", "612345678"),
        ("my number is 4155552671", "4155552671"),
        ("número 912345678", "912345678"),
        ("envia para o número 912345678", "912345678"),
        ("+44 (0)20 7946 0958", "+44 (0)20 7946 0958"),
        ("0044 20 7946 0958", "0044 20 7946 0958"),
        ("https://wa.me/351912345678", "351912345678"),
        ("nome,telefone\nana,912345678", "912345678"),
    ],
)
def test_telephones_are_tried_in_every_country_that_they_may_be_of(text: str, value: str) -> None:
    assert found(text) == [("phone", value)]


def test_of_the_generated_cases_nearly_all_are_found() -> None:
    cases = all_cases()
    finds = [[(one.kind, one.start, one.end) for one in DETECTORS.find(c.text)] for c in cases]
    missed = [case for case, of in zip(cases, finds, strict=True) if not case.is_found(of)]

    assert len(cases) >= 1_500
    assert len(missed) <= len(cases) // 100, missed[:10]


@pytest.mark.parametrize(
    "case", [*marked_texts(FIRST), *marked_texts(LATER)], ids=lambda case: case.text[:40]
)
def test_every_marked_value_is_found_and_little_around_it(case: MarkedText) -> None:
    finds = [(find.kind, find.start, find.end) for find in DETECTORS.find(case.text)]
    assert not case.missed(finds), found(case.text)


def test_of_harmless_texts_hardly_any_is_marked() -> None:
    texts = harmless_texts()
    marked = [(text, found(text)) for text in texts if found(text)]

    assert len(texts) >= 300
    assert len(marked) <= len(texts) // 100, marked


@given(TEXTS)
def test_every_form_traces_its_characters_to_the_text_as_given(text: str) -> None:
    for form in plain_forms(text):
        spans = [form.origin(at, at + 1) for at in range(len(form.text))]
        assert all(0 <= start <= end <= len(text) for start, end in spans)
        assert spans == sorted(spans)


def test_a_long_text_is_read_in_pieces_that_lose_nothing_between_them() -> None:
    line = "call 912 345 678 or write to ana@x.com, the senha is Gato#1234, CPF 529.982.247-25\n"
    text = line * (3 * PIECE_CHARS // len(line))

    assert found(text) == found(line) * (len(text) // len(line))


def test_each_number_belongs_to_the_word_that_names_it() -> None:
    assert found("NIF 501964843, tel 912345678") == [("nif", "501964843"), ("phone", "912345678")]


def test_a_list_has_one_heading() -> None:
    assert [kind for kind, _ in found("NIFs: 501964843, 502757191")] == ["nif", "nif"]


def test_two_private_keys_of_which_one_is_cut_off_are_two_finds() -> None:
    text = f"{PEM[:52].rstrip()}\n{PEM}"

    assert found(text) == [("secret", PEM[:52].rstrip()), ("secret", PEM)]


def test_only_the_kinds_asked_for_are_found() -> None:
    text = "529.982.247-25 a@b.com"

    assert found(text, Detectors(frozenset({"email"}))) == [("email", "a@b.com")]
    assert found(text, Detectors(frozenset())) == []


def test_a_pattern_of_the_users_is_found_under_its_name() -> None:
    detectors = Detectors(patterns={"badge": r"EW-\d{4}"})

    assert found("EW-1234 for a@b.com", detectors) == [("badge", "EW-1234"), ("email", "a@b.com")]


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("badge", "(", "'badge' is not a regular expression"),
        ("cpf", r"\d+", "'cpf' has the name of a built-in detector; give it another name"),
        ("badge", r"\d*", "'badge' also matches nothing"),
        ("Badge 1", r"\d+", "'Badge 1' needs a name of small letters"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_named_with_its_cure(
    name: str, source: str, words: str
) -> None:
    with pytest.raises(ConfigError, match="pattern") as raised:
        Detectors(patterns={name: source})

    assert words in str(raised.value)


def test_an_unknown_kind_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'cfp'.*card, cnh, cnpj, cpf"):
        Detectors(frozenset({"cfp"}))


def test_of_overlapping_finds_the_longest_names_the_kind_and_covers_the_rest() -> None:
    finds = [Found("phone", 4, 9), Found("cpf", 0, 7), Found("email", 20, 25)]

    assert settle(finds, ()) == (Found("cpf", 0, 9), Found("email", 20, 25))


def test_a_secret_names_the_kind_even_where_it_is_shorter() -> None:
    assert settle([Found("email", 0, 9), Found("secret", 0, 3)], ()) == (Found("secret", 0, 9),)


@given(TEXTS)
def test_finds_lie_in_the_text_sorted_and_apart(text: str) -> None:
    finds = DETECTORS.find(text)

    ends = [0, *(find.end for find in finds)]
    assert all(end <= find.start < find.end for end, find in zip(ends, finds, strict=False))
    assert ends[-1] <= len(text)
    assert {find.kind for find in finds} <= KINDS


@given(st.text())
def test_the_plain_text_has_every_character_in_its_place(text: str) -> None:
    assert len(plain(text)) == len(text)
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "1", "1-", "123 456 789 01 ", "\\[", "a@a.", "o'", "-sk-eyJ", "://a:b", "１２３."),
        *("password=\"token='", "-----BEGIN PRIVATE KEY-----\n", "eyJaaaaaaaa.", "bearer ", "+1 "),
        *("a [at] ", "PT50 ", "(11) 98765-4321 ", "call 11987654321 ", "-----END PRIVATE KEY-----"),
        *("\\\\", "\\n", "&#64;", "%41", "=40", "1\u200b", "<b>", "1\n", "a,senha\n", "key is "),
        *("password the a ", "a at x dot ", "user x / ", "name: password ", "?key=a", "-u a:b "),
    ],
)
def test_no_text_takes_more_than_its_length_explains(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    before = time.process_time()

    DETECTORS.find(text)

    # A fifth of a megabyte takes 0.1 to 0.7 s; what is quadratic would take minutes.
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('<a href="mailto:leonor.v@atelier.pt">write</a>', "leonor.v@atelier.pt"),
        ('<td data-mail="leonor.v@atelier.pt">x</td>', "leonor.v@atelier.pt"),
        ("<!-- ask leonor.v@atelier.pt -->", "leonor.v@atelier.pt"),
        ('<a href="tel:+351224579637">call</a>', "+351224579637"),
        ('<span title="CPF 529.982.247-25">x</span>', "529.982.247-25"),
    ],
)
def test_a_value_in_a_tag_or_a_comment_is_found(text: str, value: str) -> None:
    assert [text[find.start : find.end] for find in DETECTORS.find(text)] == [value]


@pytest.mark.parametrize(
    "text",
    ["-{}", "Contacts:\n-{}\n", ".{}", "*-{}", "+{}\n", "bob@acme.com -{}"],
)
def test_a_mark_before_an_address_does_not_hide_it(text: str) -> None:
    address = "joana.silva@empresa.pt"
    text = text.format(address)
    assert address in [text[find.start : find.end] for find in DETECTORS.find(text)]
