"""Placeholders: the same for the same value, and the text comes back, whole or in pieces."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.privacy.detect.detectors import Detectors
from router.privacy.detect.found import Found
from router.privacy.redaction import Redaction, StreamRestorer

DETECTORS = Detectors()


def redacted(redaction: Redaction, text: str) -> str:
    return redaction.redact(text, DETECTORS.find(text))


def streamed(restorer: StreamRestorer, pieces: list[str]) -> str:
    return "".join([*(restorer.feed(piece) for piece in pieces), restorer.close()])


def test_a_value_has_one_placeholder_in_all_texts_of_a_task() -> None:
    redaction = Redaction()

    assert redacted(redaction, "a@b.com or c@d.org") == "[EMAIL_1] or [EMAIL_2]"
    assert redacted(redaction, "again c@d.org") == "again [EMAIL_2]"
    assert redaction.mapping == {"[EMAIL_1]": "a@b.com", "[EMAIL_2]": "c@d.org"}


def test_a_number_is_the_same_with_and_without_dots_and_comes_back_as_first_written() -> None:
    redaction = Redaction()

    assert redacted(redaction, "529.982.247-25, cpf 52998224725") == "[CPF_1], cpf [CPF_1]"
    assert redaction.restore("[CPF_1]") == "529.982.247-25"


@pytest.mark.parametrize("pieces", [1, 7, 400])
def test_a_spelling_comes_back_where_the_same_words_lead_to_it(pieces: int) -> None:
    redaction = Redaction()
    text = 'Formatted: 529.982.247-25\n{"cpf": "52998224725"}\nRaw again: 52998224725'
    sent = redacted(redaction, text)
    answer = f'{sent}\n{{"cpf":"[CPF_1]"}} and [CPF_1].'
    back = f'{text}\n{{"cpf":"52998224725"}} and 529.982.247-25.'

    split_up = [answer[at : at + pieces] for at in range(0, len(answer), pieces)]
    assert redaction.restore(answer) == back
    assert streamed(redaction.restorer(), split_up) == back


@pytest.mark.parametrize(
    "copy",
    ["aHVudGVyMjIhIQ==", "aHVudGVyMjIhIQ", "68756e74657232322121", "68756E74657232322121"],
)
def test_a_secret_is_replaced_where_it_stands_in_base64_or_hexadecimal(copy: str) -> None:
    redaction = Redaction()

    assert "hunter" not in redacted(redaction, "password: hunter22!!")
    sent = redacted(redaction, f"and in the file: {copy} .")
    assert copy.rstrip("=") not in sent
    assert redaction.restore(sent) == f"and in the file: {copy} ."


def test_a_copy_that_nothing_points_at_is_replaced_too() -> None:
    redaction = Redaction()
    text = "senha: hunter22! Type hunter22! and not hunter22!x"

    assert redacted(redaction, text) == "senha: [SECRET_1] Type [SECRET_1] and not [SECRET_1]x"
    assert redacted(redaction, "is it hunter22!?") == "is it [SECRET_1]?"


def test_a_placeholder_that_the_text_holds_already_is_not_given_out() -> None:
    redaction = Redaction()
    text = "write to a@b.com, not to [EMAIL_1] or [email_2]"

    assert redacted(redaction, text) == "write to [EMAIL_3], not to [EMAIL_1] or [email_2]"
    assert redaction.restore(redacted(redaction, text)) == text


def test_a_later_text_that_holds_our_placeholder_literally_keeps_it() -> None:
    redaction = Redaction()
    redacted(redaction, "a@b.com")
    text = r"what does [EMAIL_1] or \[email_1\] mean to a@b.com?"

    hidden = redacted(redaction, text)

    assert hidden == "what does [LITERAL_1] or [LITERAL_2] mean to [EMAIL_1]?"
    assert redaction.restore(hidden) == text


@pytest.mark.parametrize(
    ("answer", "restored"),
    [
        ("[email_1]", "a@b.com"),
        ("**[EMAIL_1]**", "**a@b.com**"),
        (r"\[EMAIL_1\]", "a@b.com"),
        (r"\\[EMAIL_1\\]", "a@b.com"),
        (r"[EMAIL\_1]", "a@b.com"),
        ("[ Email 1 ]", "a@b.com"),
        ("`[EMAIL_1]`.", "`a@b.com`."),
        ("[[EMAIL_1]]", "[a@b.com]"),
        ("[EMAIL_10] [EMAIL_2] [1] [x](y)", "[EMAIL_10] [EMAIL_2] [1] [x](y)"),
        ("write to EMAIL_1.", "write to a@b.com."),
        ("<EMAIL_1>, {EMAIL_1}, {{EMAIL_1}}", "a@b.com, a@b.com, a@b.com"),
        ("Ana (EMAIL_1)", "Ana (a@b.com)"),
        ("[EMAIL-1] [E-MAIL 1] [email 1] [EMAIL1] [Email_01]", " ".join(["a@b.com"] * 5)),
        ("[**EMAIL_1**] **EMAIL_1** `EMAIL_1`", "a@b.com **a@b.com** `a@b.com`"),
        (
            "mailto:%5BEMAIL_1%5D?x %5bemail%5f1%5d %255BEMAIL_1%255D",
            "mailto:a@b.com?x a@b.com a@b.com",
        ),
        ("&#91;EMAIL_1&#93; &lbrack;EMAIL_1&rbrack; &lt;EMAIL_1&gt;", "a@b.com a@b.com a@b.com"),
        ("\\u005bEMAIL_1\\u005d", "a@b.com"),
        ("[CORREO_1] [Correo electrónico 1] [E-MAIL_1]", "a@b.com a@b.com a@b.com"),
        ("［EMAIL_1］ 【EMAIL_1】", "a@b.com a@b.com"),
        ("mail [EMAIL_1", "mail [a@b.com"),
        (
            "[EMAIL\u200b_1] [EMAIL\u20111] [EMAIL #1] [Email\n1] [EMAIL.1]",
            " ".join(["a@b.com"] * 5),
        ),
        ("［ＥＭＡＩＬ＿１］", "a@b.com"),
        (
            r"\textbf{EMAIL\_1} List<EMAIL_1> f'{EMAIL_1}'",
            r"\textbf{a@b.com} List<a@b.com> f'a@b.com'",
        ),
        ('["EMAIL_1", "[EMAIL_1]"]', '["a@b.com", "a@b.com"]'),
    ],
)
def test_what_models_make_of_a_placeholder_is_restored(answer: str, restored: str) -> None:
    redaction = Redaction()
    redacted(redaction, "a@b.com")

    assert redaction.restore(answer) == restored
    assert streamed(redaction.restorer(), list(answer)) == restored


@pytest.mark.parametrize(
    "answer",
    [
        *("EMAIL_1 = get()", "MY_EMAIL_1, EMAIL_12, EMAIL_1_HASH", "$EMAIL_1 or ${EMAIL_1}"),
        *("row.EMAIL_1, EMAIL_1.lower(), EMAIL_1(x)", "</EMAIL_1>", "f(email_1)", "<email_1>"),
        *("my email 1 is old", "[1] EMAIL [2]", "E-1", "[EMAIL 1 2]"),
    ],
)
def test_what_can_mean_something_else_is_left_alone(answer: str) -> None:
    redaction = Redaction()
    redacted(redaction, "a@b.com")

    assert redaction.restore(answer) == answer
    assert streamed(redaction.restorer(), list(answer)) == answer


def test_a_value_in_a_url_or_in_html_is_encoded_as_its_placeholder_was() -> None:
    redaction = Redaction()
    redacted(redaction, "call +351 912 345 678")
    hidden = redaction.redact("pa<ss & w", [Found("secret", 0, 9)])

    assert hidden == "[SECRET_1]"
    assert redaction.restore("tel:%5BPHONE_1%5D") == "tel:%2B351%20912%20345%20678"
    assert redaction.restore("<b>&#91;SECRET_1&#93;</b>") == "<b>pa&lt;ss &amp; w</b>"


@pytest.mark.parametrize(
    "form",
    [
        *("EMAIL_1", "<EMAIL_1>", "[EMAIL-1]", "(EMAIL_1)", "[E-mail 1]", "%5BEMAIL_1%5D"),
        *("[CORREO_1]", "&#91;EMAIL_1&#93;", "e-mail 1", "the mail (1)", "{{EMAIL_1}}"),
    ],
)
def test_a_form_of_a_placeholder_that_a_user_wrote_stays_what_it_is(form: str) -> None:
    first = Redaction()
    text = f"{form} is not a@b.com"
    hidden = redacted(first, text)

    assert hidden.endswith("is not [EMAIL_2]")
    assert first.restore(hidden) == text
    assert first.left_in(first.restore(hidden)) == ()

    later = Redaction()
    redacted(later, "a@b.com")
    hidden = redacted(later, text)
    assert later.restore(hidden) == text


def test_what_reads_as_a_placeholder_only_beside_another_one_stays_too() -> None:
    redaction = Redaction()
    texts = ["a@b.comEMAIL_1", "xEMAIL_2", "c@d.org"]
    finds = [[Found("email", 0, 7)], [Found("x", 0, 1)], [Found("email", 0, 7)]]

    hidden = [redaction.redact(*each) for each in zip(texts, finds, strict=True)]

    assert [redaction.restore(text) for text in hidden] == texts


def test_what_looks_like_a_placeholder_and_stands_for_nothing_is_named() -> None:
    redaction = Redaction()
    redacted(redaction, "a@b.com and [CPF_7] and card 4539 1488 0343 6467")

    def left(answer: str) -> tuple[str, ...]:
        return redaction.left_in(redaction.restore(answer))

    assert left("[EMAIL_1], EMAIL_1 and CARD_1") == ()
    assert left("[EMAIL_9], [CPF_7], [1], [NOTE_1]") == ("[EMAIL_9]",)
    assert left("email_1 = x") == ("email_1",)
    assert left("</EMAIL_1>, [EMAIL]") == ("EMAIL_1", "[EMAIL]")
    assert left("[Email address], [e-mail one]") == ("[Email address]", "[e-mail one]")
    redacted(redaction, "Fill in [EMAIL] with a@b.com")
    assert left("[EMAIL] or [email]") == ()


@pytest.mark.parametrize(
    ("kind", "value", "copies"),
    [
        (
            "nif",
            "123456789",
            ("123 456 789", "123.456.789", "PT123456789", "PT 123 456 789", "123\n456\t789"),
        ),
        (
            "cpf",
            "529.982.247-25",
            (
                *("52998224725", "529 982 247 25", "529-982-247/25", "529982247-25"),
                *("529\u00ad982\u200b24725", "529\\u002e982.247-25", "529%2E982%2E247-25"),
                *("\uff15\uff12\uff19982247-25", "529 . 982 . 247 - 25", "&#53;29.982.247-25"),
            ),
        ),
        ("phone", "+351 912 345 678", ("912345678", "00351912345678", "(912) 345-678")),
        ("phone", "(11) 98765-4321", ("98765-4321", "11 98765 4321", "+55 11 98765-4321")),
        ("phone", "020 7946 0958", ("+44 20 7946 0958", "2079460958", "02079460958")),
        (
            "email",
            "Ana@Example.org",
            (
                "ana@example.org",
                "ANA@EXAMPLE.ORG",
                "ana%40example.org",
                "ana\\u0040example.org",
                "ana&#64;example.org",
            ),
        ),
        ("email", "ana [at] example [dot] org", ("ana@example.org",)),
        ("secret", "hunter22!", ("hunter22!", "hunter22\\u0021", "hunter22%21")),
        ("project", "blue heron 7", ("Blue\nheron 7", "BLUE  HERON 7", "blue\\nheron 7")),
    ],
)
def test_a_value_found_in_one_text_is_replaced_in_every_spelling_in_all(
    kind: str, value: str, copies: tuple[str, ...]
) -> None:
    for copy in copies:
        redaction = Redaction()
        texts = [f"before: {copy}.", f"\\n{copy}\\n", f"it is {value}", f"({copy})x"]
        redaction.learn(texts[2], [Found(kind, 6, 6 + len(value))])

        hidden = [redaction.redact(text) for text in texts]

        left = "".join(hidden)
        for rest in (
            value,
            copy,
            "456",
            "982",
            "912",
            "7946",
            "4321",
            "example",
            "hunter",
            "heron",
        ):
            assert rest.casefold() not in left.casefold(), (copy, left)


def test_one_value_of_two_kinds_has_one_placeholder_of_the_kind_that_says_more() -> None:
    redaction = Redaction()
    texts = ["call 912 345 678", "NIF 912345678", "and 912345678"]
    finds = [[Found("phone", 5, 16)], [Found("nif", 4, 13)], []]
    for text, found in zip(texts, finds, strict=True):
        redaction.learn(text, found)

    hidden = [redaction.redact(text, found) for text, found in zip(texts, finds, strict=True)]

    assert hidden == ["call [NIF_1]", "NIF [NIF_1]", "and [NIF_1]"]


def test_values_that_overlap_leave_nothing_of_either() -> None:
    redaction = Redaction()
    text = "ab12-cd34 and cd34-ef56"
    redaction.learn(text, [Found("x", 0, 9), Found("x", 14, 23)])

    hidden = redaction.redact("so ab12-cd34-ef56!")

    assert hidden == "so [X_1]!"
    assert redaction.restore(hidden) == "so ab12-cd34-ef56!"


def test_many_values_with_a_common_beginning_take_no_longer_than_others() -> None:
    # 10 s for 116 kB when each value was tried at each place; the bound is for slow machines.
    values = [f"user.of.one.company-{number:05}@mail.example.org" for number in range(10_000)]
    text = " ".join(values)
    redaction, began = Redaction(), time.process_time()
    at, finds = 0, []
    for value in values:
        finds.append(Found("email", at, at + len(value)))
        at += len(value) + 1

    hidden = redaction.redact(text, finds)
    again = redaction.redact(text)

    assert hidden == again == " ".join(f"[EMAIL_{number}]" for number in range(1, 10_001))
    assert redaction.restore(hidden) == text
    assert time.process_time() - began < 10


def test_a_value_inside_json_stays_valid_json() -> None:
    redaction = Redaction()
    value = 'pa"ss\\wörd\n9'
    hidden = redaction.redact(value, [Found("secret", 0, len(value))])
    answer = json.dumps({"password": f"it is {hidden}", "escaped": r"\[secret_1\]"})

    restored = json.loads(redaction.restore(answer, json=True))

    assert restored == {"password": f"it is {value}", "escaped": value}
    assert json.loads(streamed(redaction.restorer(json=True), list(answer))) == restored


def test_a_stream_keeps_back_only_what_may_be_a_placeholder() -> None:
    redaction = Redaction()
    redacted(redaction, "a@b.com")
    restorer = redaction.restorer()

    assert restorer.feed("see [the") == "see [the"
    assert restorer.feed(" list] and [EM") == " list] and "
    assert restorer.feed("AIL_1") == ""
    assert restorer.feed("] or [EMAIL_7") == "a@b.com or [EMAIL_7"
    assert restorer.feed(" [E") == " "
    assert restorer.close() == "[E"


@pytest.mark.parametrize(
    "finds", [[Found("email", 0, 4), Found("phone", 3, 6)], [Found("email", 5, 99)]]
)
def test_finds_of_another_text_are_refused(finds: list[Found]) -> None:
    with pytest.raises(ValueError, match="of this very text"):
        Redaction().redact("some text", finds)


SCRAPS = st.sampled_from(
    [
        *("[EMAIL_1]", r"\[EMAIL_1\]", "[email_2]", "[SECRET_1]", "[LITERAL_1]", "[X_1]", "[E"),
        *("\\", "[", "]", "_1]", "EMAIL_1", "a@b.com", "ana@uol.com.br", "529.982.247-25", " "),
        *("senha: hunter22!", "hunter22!", "(11) 98765-4321", "\n", '"', "**"),
        *("<EMAIL_1>", "{EMAIL_1}", "EMAIL_1", "EMAIL-1", "CORREO_1", "[E-MAIL 1]", "SECRET_1"),
        *("%5BEMAIL_1%5D", "%5B", "%5D", "&#91;", "&#93;", "<", ">", "{", "}", "(", ")", "=", "_1"),
        *("EMAIL", "E", "_", "-", "1", "LITERAL_1", "ADDRESS_1", "$", "*", "%", "X_1"),
    ]
)
TEXTS = st.lists(st.one_of(SCRAPS, st.text(max_size=6)), max_size=12).map("".join)


@st.composite
def texts_with_finds(draw: st.DrawFn) -> tuple[str, list[Found]]:
    """A text and any finds in it, of kinds whose values are taken as they are written."""
    text = draw(TEXTS)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    kinds = st.sampled_from(["address", "secret", "x", "literal", "e-mail"])
    return text, [
        Found(draw(kinds), start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]


def split(text: str, draw: st.DataObject) -> list[str]:
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(st.lists(texts_with_finds(), min_size=1, max_size=3), st.data())
def test_any_texts_with_any_finds_come_back_whole_and_in_pieces(
    given_texts: list[tuple[str, list[Found]]], data: st.DataObject
) -> None:
    redaction = Redaction()
    hidden = [redaction.redact(text, finds) for text, finds in given_texts]

    for (text, _), each in zip(given_texts, hidden, strict=True):
        assert redaction.restore(each) == text
        assert streamed(redaction.restorer(), split(each, data)) == text


@given(TEXTS, st.data())
def test_a_streamed_answer_is_restored_as_the_whole_would_be(
    answer: str, data: st.DataObject
) -> None:
    redaction = Redaction()
    redacted(redaction, "a@b.com, senha: hunter22! and (11) 98765-4321")

    assert streamed(redaction.restorer(), split(answer, data)) == redaction.restore(answer)


@given(TEXTS)
def test_what_was_found_comes_back_and_does_not_survive_redaction(text: str) -> None:
    redaction = Redaction()

    hidden = redacted(redaction, text)

    assert redaction.restore(hidden) == text
    left = {hidden[find.start : find.end] for find in DETECTORS.find(hidden)}
    assert left.isdisjoint(redaction.mapping.values())


@pytest.mark.parametrize(
    "text",
    [
        "call +351 912 345 678 or +244 912 345 678",
        "tel 912 345 678 (Ana), +244 912 345 678 (Rui)",
        "tel +1 202 555 0143 and +34 612 345 678 and +351 612345678",
        "tel +55 11 98765-4321, +86 119 8765 4321",
    ],
)
def test_numbers_of_two_countries_are_two_numbers(text: str) -> None:
    redaction = Redaction()
    assert redaction.restore(redacted(redaction, text)) == text
