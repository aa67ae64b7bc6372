"""Which facts fit some words, and whether a text names a person. Plain words, no vectors; pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"\w+")
_COMBINING = re.compile("[\u0300-\u036f]")

# Words that say nothing about the subject, English and Portuguese, as `words` folds them.
_COMMON_WORDS = """
a about an and any are as at be by can could did do doe for from get give had has have he her
hi him how i if in into is it its let me my no not of on or our please she should so tell than
that the their them there they thi to u up wa we were what when where which who why will with
would you your
ao com como da de dela dele e ela ele em entre era esse esta este eu foi ha isso isto ja ma mai
meu minha na nao nossa nosso num o onde ou para pela pelo por porque qual quando que quem sao se
sem ser seu sobre sua tem ter um uma voce
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def words(text: str) -> frozenset[str]:
    """The words of a text: case, accents and a plural's s folded away, common words left out."""
    folded = text.casefold()
    if not folded.isascii():
        folded = _COMBINING.sub("", unicodedata.normalize("NFKD", folded))
    found = frozenset(
        word[:-1] if len(word) > 2 and word.endswith("s") else word
        for word in _WORD.findall(folded)
    )
    # Where nothing else is left they count: a search for "the who" is a search all the same.
    return found - _COMMON or found


def scores(wanted: frozenset[str], texts: Sequence[frozenset[str]]) -> list[float]:
    """For each text the sum over the words it shares; a word counts more the fewer texts have it.

    0.0 means that no word is shared.
    """
    shared = [wanted & text for text in texts]
    frequency = Counter(word for some in shared for word in some)
    weight = {word: math.log(1 + len(texts) / count) for word, count in frequency.items()}
    return [math.fsum(weight[word] for word in some) for some in shared]


def same(one: str, other: str) -> bool:
    """Whether two keys of persons are one, however their letters are cased or composed."""
    return _folded(one) == _folded(other)


def names(text: str, subject: str) -> bool:
    """Whether the subject's key occurs literally, and not as part of a longer word.

    `customer:4` does not occur in `customer:42`, nor `ana@x.org` in `joana@x.org`.
    """
    wanted = _folded(subject)
    if not wanted:
        return False
    before = r"(?<!\w)" if wanted[:1].isalnum() else ""
    after = r"(?!\w)" if wanted[-1:].isalnum() else ""
    return re.search(before + re.escape(wanted) + after, _folded(text)) is not None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).strip()
