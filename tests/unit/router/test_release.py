"""Whatever is in a request and wherever: the gate stops it, or no value is in what it releases."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from router.errors import PrivacyViolation
from router.privacy.gate import Gate, Released
from router.privacy.redaction import Redaction
from router.settings.privacy import PrivacySettings
from router.types.task import Message, Privacy

GATE = Gate(PrivacySettings())
ANNOUNCED = "Their NIF is 123456789, call (11) 98765-4321, write to Ana@Example.org."
SPELLINGS = (
    *("123456789", "123 456 789", "123.456.789", "PT123456789", "123-456-789"),
    *("11987654321", "+55 11 98765-4321", "98765-4321", "(11) 987654321"),
    *("ana@example.org", "ANA@EXAMPLE.ORG", "ana%40example.org", "ana&#64;example.org"),
)
LEFT = ("123456789", "456", "98765", "ana@", "example.org", "ana%40", "ana&#64;")
AROUND = st.sampled_from(
    [("", ""), ("see ", "."), ("\n", "\t"), ("\\n", "\\n"), ("(", ")"), ("x, ", " of"), ('"', '"')]
)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    """Words, with a value in some of them."""
    value = draw(st.one_of(st.just("nothing"), st.sampled_from(SPELLINGS)))
    before, after = draw(AROUND)
    return f"{before}{value}{after}"


TEXTS = _texts()
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.fixed_dictionaries({"type": st.just("string")}, optional={"description": TEXTS}),
        st.fixed_dictionaries({"default": TEXTS}),
        st.fixed_dictionaries({"examples": st.lists(TEXTS, max_size=2)}),
        st.fixed_dictionaries({"enum": st.lists(st.one_of(TEXTS, st.just("no")), max_size=2)}),
        st.fixed_dictionaries({"const": st.sampled_from([123456789, 1, "yes"])}),
        st.fixed_dictionaries({"title": TEXTS, "x-note": TEXTS}),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"properties": st.dictionaries(TEXTS, inner, max_size=2)}),
        st.fixed_dictionaries({"items": inner, "description": TEXTS}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, max_size=2)}),
        st.fixed_dictionaries({"$defs": st.dictionaries(TEXTS, inner, max_size=2)}),
    ),
    max_leaves=6,
)


def release(
    messages: list[Message], redaction: Redaction, schema: dict[str, Any] | None
) -> Released | str:
    """What the gate lets out, or why it lets nothing out."""
    try:
        return GATE.release(Privacy.INTERNAL, messages, redaction, schema)
    except PrivacyViolation as stopped:
        return str(stopped)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(TEXTS, min_size=1, max_size=3),
    st.integers(0, 3),
    st.one_of(st.none(), SCHEMAS),
)
def test_no_spelling_of_a_value_is_in_what_is_released(
    texts: list[str], place: int, schema: dict[str, Any] | None
) -> None:
    texts.insert(place, ANNOUNCED)
    messages = [Message(role="user", content=text) for text in texts]
    redaction = Redaction()
    released = release(messages, redaction, schema)
    if isinstance(released, str):
        event("stopped")
        assert not any(value in released for value in LEFT)
        return
    event("released")
    contents = [message.content for message in released if message.role == "user"]
    sent = "\n".join([*contents, json.dumps(released.schema, ensure_ascii=False)]).casefold()
    for value in LEFT:
        assert value not in sent
    if schema is None:
        assert [name for name in redaction.mapping if "NIF" in name] == ["[NIF_1]"]
