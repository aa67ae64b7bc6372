"""Asks every family whether it can compute the answer to a request."""

from __future__ import annotations

import importlib
import re
from functools import lru_cache

from agents.exact.answer import Exact
from agents.exact.flat import composed, flat

LONGEST_CHARS = 20_000
_WORDING_CHARS = 600
"""At both ends of a long request; what is asked stands there."""

_FAMILIES = {
    "dates": r"\biso\b|8601|\b(?:yyyy|aaaa|dd|mm|d|m)[-/. ]?(?:m|d)|day|week|\bdate|\bdias?\b"
        r"|\bdata\b"
    r"|extenso|leap|bissext|\bmonth\b|\blike\b|\btipo\b|\bform",
    "clock": r"\b(?:24|12)(?=\D)|\bam\b|\bpm\b|a\.m|p\.m|clock|hh:?mm|military|how long"
        r"|quanto tempo"
    r"|minut",
    "phones": r"e\.? ?-?164|interna[tc]ional|phone|\btel|celular|fone|mobile|x{3}|\+\d",
    "units": r"\d|\b(?:an?|um|uma|one|two|three|dois|duas|tres|half|meia)\b",
    "money": r"[$€£]|dollar|dolar|\busd|\beuros?\b|\beur\b|reais|\breal\b|\bbrl|moeda"
        r"|currency|pound"
    r"|\bgbp|thousand|milhar|plain number|numero simples|ponto decimal|decimal point",
    "documents": r"\bcpf|\bcnpj|\bnif\b|\biban|\bisbn|\bcard|cartao|luhn|\bcep\b|contribuinte",
    "lists": r"sort|order|alphabet|orden|alfab|ordem|organi|rank|arrang|ascend|cresc|revers"
        r"|invert|flip"
    r"|dup|repe|uniq|distinct|oldest|newest|earliest|latest|smallest|largest|biggest|lowest|highest"
    r"|cheapest|expensive|barat|menor|maior|antig|recente|a ?(?:-|to|a|→) ?z",
    "case": r"case|caps|capital|maiuscul|minuscul|small letters",
    "replacing": r"replac|chang|swap|substitu|troc|troqu|\bmud|alter|remov|\btir|retir|strip"
        r"|delet|drop"
    r"|\bdiz\b|says|bump|apag|elimin|rename|turn|convert",
    "masking": r"mask|redact|anonym|anonim|mascar|ocult|censu|censor|replac|tro[cq]|substitu|hide"
    r"|swap|\bput\b|escond|asteris|change",
    "counting": r"how many|how often|count|number of|quant[ao]s|\bcont[ae]|numero de|total of",
    "arithmetic": r"\d",
    "tables": r"\bcsv\b|\bjson\b|markdown|\bmd\b",
}  # fmt: skip
_HINTS = {name: re.compile(hint) for name, hint in _FAMILIES.items()}


@lru_cache(maxsize=256)
def exact(prompt: str) -> Exact | None:
    """The computed answer; None unless the request has one reading and nothing is left over.

    Two families that read it differently leave it open. Pure, and linear in the prompt.
    """
    text = composed(prompt)
    if len(text) > LONGEST_CHARS:
        return None
    wording = (
        text
        if len(text) <= 2 * _WORDING_CHARS
        else (f"{text[:_WORDING_CHARS]}\n{text[-_WORDING_CHARS:]}")
    )
    wording = flat(wording)
    found: Exact | None = None
    for name, hint in _HINTS.items():
        if hint.search(wording) is None:
            continue
        # Its patterns are compiled when the first request needs them.
        answer: Exact | None = importlib.import_module(f"agents.exact.{name}").exact(text)
        if answer is not None and found is not None and answer.text != found.text:
            return None
        found = found or answer
    return found
