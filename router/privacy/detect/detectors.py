"""All detectors as one, with the kinds and the user's own patterns that a configuration names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from router.errors import ConfigError
from router.privacy.detect.form import Form, Reading
from router.privacy.detect.found import HIDDEN, Found, settle
from router.privacy.detect.mail import find_mail
from router.privacy.detect.number_kinds import find_numbers
from router.privacy.detect.phones import Lookups, find_phones
from router.privacy.detect.plain_forms import plain_forms
from router.privacy.detect.secrets import find_secrets

NUMBER_KINDS = frozenset({"cpf", "cnpj", "card", "iban", "ssn", "nif", "pis", "cnh", "titulo"})
SECRET = "secret"
KINDS: frozenset[str] = NUMBER_KINDS | {"phone", "email", SECRET}

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ORDER = (
    *(SECRET, "iban", "cpf", "cnpj", "card", "ssn", "nif", "pis", "cnh", "titulo"),
    *("email", "phone"),
)


class Detectors:
    """Finds personal numbers, addresses and secrets; about a millisecond a kilobyte.

    kinds: which of `KINDS`; None for all. patterns: name -> regular expression, looked for as well,
    in the text as it was given. The time that our own detectors take grows as the text does; a
    user's pattern takes what it takes. Raises ConfigError for a kind that does not exist, and for a
    pattern that cannot be used.
    """

    def __init__(
        self, kinds: frozenset[str] | None = None, patterns: Mapping[str, str] = {}
    ) -> None:
        unknown = sorted((kinds or frozenset()) - KINDS)
        if unknown:
            raise ConfigError(
                f"there is no detector for {', '.join(map(repr, unknown))}; "
                f"name some of {', '.join(sorted(KINDS))}"
            )
        self._kinds = KINDS if kinds is None else kinds
        self._patterns = {name: _compiled(name, source) for name, source in patterns.items()}

    def find(self, text: str) -> tuple[Found, ...]:
        """What is in the text: sorted, without overlaps."""
        return settle(self._all(text), (*self._patterns, *_ORDER))

    def _all(self, text: str) -> Iterator[Found]:
        lookups = Lookups()
        for form in plain_forms(text):
            for window in form.windows():
                part = form.text[window.start : window.end]
                for find in self._in_plain(part, form.reading, lookups):
                    start, end = _without_hidden(part, find.start, find.end)
                    start, end = window.start + start, window.start + end
                    if window.own_start <= start < window.own_end:
                        yield from _in_origin(form, find.kind, start, end)
                if form.traces and form.reading is Reading.ALL:
                    yield from self._own(part, form, window.start)
        yield from self._own(text, Form(text), 0)

    def _in_plain(self, text: str, reading: Reading, lookups: Lookups) -> Iterator[Found]:
        """What our own detectors find in a plain text."""
        yield from find_numbers(text, self._kinds)
        if "phone" in self._kinds:
            yield from find_phones(text, lookups, announced=reading is not Reading.ALL)
        if "email" in self._kinds and reading is Reading.ALL:
            yield from find_mail(text)
        if SECRET in self._kinds and reading is not Reading.NUMBERS:
            yield from find_secrets(text)

    def _own(self, text: str, form: Form, offset: int) -> Iterator[Found]:
        """What the user's patterns find in a part of a form."""
        for name, pattern in self._patterns.items():
            for match in pattern.finditer(text):
                start, end = offset + match.start(), offset + match.end()
                if end > start:
                    yield from _in_origin(form, name, start, end)


def _without_hidden(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without what takes no room at its ends: a tag around a value is not the value's."""
    while start < end and text[start] == HIDDEN:
        start += 1
    while start < end and text[end - 1] == HIDDEN:
        end -= 1
    return start, end


def _in_origin(form: Form, kind: str, start: int, end: int) -> Iterator[Found]:
    """A find of a form as one of the text as given; none where the form before has it already."""
    if not form.is_new(start, end):
        return
    start, end = form.outside_marks(start, end)
    if kind == SECRET:
        end = form.word_end(start, end)
    if start < end:
        yield Found(kind, *form.origin(start, end))


def _compiled(name: str, source: str) -> re.Pattern[str]:
    if name in KINDS:
        raise ConfigError(
            f"the pattern {name!r} has the name of a built-in detector; give it another name"
        )
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"the pattern {name!r} needs a name of small letters, digits and underscores, at most "
            "40 and a letter first: it becomes part of the placeholder"
        )
    try:
        pattern = re.compile(source)
    except (re.error, OverflowError, RecursionError) as bad:
        raise ConfigError(
            f"the pattern {name!r} is not a regular expression: {source!r}: {bad}; "
            "mend it, and put a backslash before signs that are meant literally"
        ) from None
    if pattern.match(""):
        raise ConfigError(
            f"the pattern {name!r} also matches nothing at all: {source!r}; "
            "ask for at least one character, with + in place of *"
        )
    return pattern
