"""Telephone numbers in another form, by libphonenumber."""

from __future__ import annotations

import re

from agents.exact.answer import Exact
from agents.exact.ask import LONGEST_WORDING, Ask
from agents.exact.words import words

FAMILY = "phone"
_P = "\ue030"

_NUMBER = re.compile(r"(?<![\w.,/:-])(?:\+ ?)?\(?\d(?:[\d ().\-/]|xx){5,22}\d(?![\w]|[.,/:-]\d)")
_XX = re.compile(r"\(?\b0?(?:xx) ?\(?(?=\d\d\b)|\(0xx")
_E164 = re.compile(
    r"\b(?:the )?(?:(?:in|to|as|em|para|no|formato|padrao) )*(?:e\.? ?-?164)(?: "
    r"format| formato)?(?: it)?\b"
)
_INTERNATIONAL = re.compile(
    r"\b(?:the )?(?:formato |padrao |forma )?interna(?:t|c)ional(?: (?:phone "
    r")?(?:number )?(?:format|formatting|notation|dialling format))?\b"
)
_NATIONAL = re.compile(r"\b(?:the )?(?:formato )?national(?: format)?\b|\bformato nacional\b")
_DIGITS = re.compile(r"\b(?:only|just) (?:the )?digits\b|\bso (?:os )?digitos\b")
_TEMPLATE = re.compile(
    r"(?<![\w+])(?:\+\d{1,3}[ -]?)?\(?[x#9]{2,3}\)?(?:[ .-]?[x#9]{2,5}){1,4}(?!\w)"
)
_SPACED = re.compile(r"\b(?:with|com) (?:the |os )?(?:spaces|espacos)\b")
_PLACES = {
    "US": r"u\.?s\.?a?|united states|america|american|usa|eua|estados unidos|chicago|new "
        r"york|boston|texas|california|americano",
    "GB": r"uk|u\.k\.|united kingdom|british|england|english|london|reino unido|ingles"
        r"|inglaterra|britanico|londres",
    "BR": r"brazil|brazilian|brasil|brasileiro|brasileira|sao paulo|sp|rio de janeiro|rj"
        r"|bh|mg|de sao paulo|br",
    "PT": r"portugal|portuguese|portugues|portuguesa|lisbon|lisboa|porto|pt",
    "ES": r"spain|spanish|espanha|espanhol|madrid|barcelona",
    "FR": r"france|french|franca|frances|paris",
    "DE": r"germany|german|alemanha|alemao|berlin",
    "IT": r"italy|italian|italia|italiano|rome|roma",
    "IE": r"ireland|irish|irlanda|irlandes|dublin",
    "CA": r"canada|canadian|canadense|canadiano|toronto",
    "AU": r"australia|australian|sydney",
    "NL": r"netherlands|dutch|holanda|holandes|amsterdam",
}  # fmt: skip
_REGIONS = {
    region: re.compile(
        r"\b(?:(?:it's|its|this is|that's|is|e|eh|from|in|the|a|an|de|do|da|dos|um|uma"
        rf"|no|na|este|esse) )*(?:{names})\b"
        r"(?: mesmo)?(?: one| number| phone| mobile| landline)?"
    )
    for region, names in _PLACES.items()
}
_NOUNS = words(
    "phone telephone number numbers mobile cell cellphone landline tel contact telefone telefones "
    "numero celular telemovel fixo contato contacto fone format formatted formato formata formate "
    "formatado padrao ddi code country brackets normalize normalise standard arruma arrume output "
    "customer client one's cliente"
)
_PLUS = re.compile(r"\b(?:with|including|com) (?:the |o )?(?:country code|codigo do pais|\+|ddi)")


def exact(prompt: str) -> Exact | None:
    """The number in the form asked; None without a country that is sure."""
    if len(prompt) > LONGEST_WORDING:
        return None
    ask = Ask(prompt, prompt)
    template = ask.one(_TEMPLATE)
    ask.text = _XX.sub("(", ask.text)
    numbers: list[str] = []

    def put(found: re.Match[str]) -> str:
        if not 7 <= len(re.sub(r"\D", "", found[0])) <= 15:
            return found[0]
        numbers.append(found[0])
        return _P

    ask.text = _NUMBER.sub(put, ask.text)
    if len(numbers) != 1:
        return None
    wants = [
        name
        for name, pattern in (("e164", _E164), ("int", _INTERNATIONAL), ("nat", _NATIONAL))
        if ask.take(pattern)
    ]
    spaced = ask.take(_SPACED)
    if ask.take(_PLUS):
        wants = wants or ["int"]
    regions = [region for region, pattern in _REGIONS.items() if ask.take(pattern)]
    if len(wants) + (template is not None) != 1 or len(regions) > 1:
        return None
    # Whoever speaks of other countries beside may change which one it is.
    if not ask.nothing_left(_NOUNS, remarks=numbers[0].strip().startswith("+")):
        return None
    if template is not None:
        return _filled(template[0], numbers[0], regions)
    # Without a word on spaces the form that has none leaves nothing to taste.
    want = "e164" if wants[0] == "int" and not spaced else wants[0]
    return _formatted(numbers[0], want, regions[0] if regions else None)


def _formatted(text: str, want: str, region: str | None) -> Exact | None:
    import phonenumbers as library

    forms = library.PhoneNumberFormat
    form = {"e164": forms.E164, "int": forms.INTERNATIONAL, "nat": forms.NATIONAL}[want]
    try:
        number = library.parse(text, region)
    except library.NumberParseException:
        return None
    code = library.country_code_for_region(region) if region else number.country_code
    possible = (
        library.is_possible_number_with_reason(number) == library.ValidationResult.IS_POSSIBLE
    )
    if not possible or number.country_code != code or number.extension:
        return None
    if region is None and not text.strip().startswith("+"):
        return None
    where = region or library.region_code_for_number(number) or f"+{code}"
    return Exact(library.format_number(number, form), FAMILY, f"read as a number of {where}")


def _filled(template: str, text: str, regions: list[str]) -> Exact | None:
    """The digits of the number in the places of the template's letters."""
    import phonenumbers as library

    coded = re.match(r"\+(\d{1,3})", template)
    digits = re.sub(r"\D", "", text)
    code = coded[1] if coded else ""
    if regions and code and str(library.country_code_for_region(regions[0])) != code:
        return None
    places = re.findall(r"[x#9]", template[coded.end() if coded else 0 :])
    if text.strip().startswith("+") and code and digits.startswith(code):
        digits = digits[len(code) :]
    if len(digits) == len(places) + 1:
        digits = digits.removeprefix("0")
    if len(digits) != len(places) or not places:
        return None
    front = template[: coded.end()] if coded else ""
    rest = iter(digits)
    body = re.sub(r"[x#9]", lambda _: next(rest), template[len(front) :])
    return Exact(front + body, FAMILY, "its digits in the places of the form")
