"""Dates: written in another form, their day of the week, and the days between them."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from agents.exact.answer import Exact
from agents.exact.ask import LONGEST_WORDING, Ask
from agents.exact.calendar_dates import WEEKDAYS, Written, replaced, written
from agents.exact.figures import SMALL, small
from agents.exact.words import words

FAMILY = "date"
_D = r"[\ue010-\ue01f]"
_FIRST = 0xE010
_MOST = 8


_ISO = re.compile(
    r"\b(?:(?:the |o )?(?:format |formato )?iso(?:[ -]?8601)?(?: ?(?:date|data))?(?: "
    r"format| formato| style"
    r"| notation| standard)?|(?:formato |padrao |norma )iso(?:[ -]?8601)?|8601)\b"
)
_NUMERIC = re.compile(
    r"\b(?P<a>yyyy|aaaa|dd?|mm?)(?P<sep>[-/.]?)(?P<b>dd?|mm?)(?P=sep)(?P<c>yyyy|aaaa"
    r"|yy|aa|dd?|mm?)\b"
    r"(?: format| formato)?"
)
_NAMED = re.compile(
    r"\b(?P<md>(?:month|mmmm) (?:dd?|day)(?P<comma>,?) (?:yyyy|year))\b"
    r"|\b(?P<dm>(?P<d>dd?|day) (?:month|mmmm) (?:yyyy|year))\b|\b(?P<dmy>dd? mmm (?:yyyy|year))\b"
    r"|\b(?P<pt>(?P<dia>dd?|dia) de (?:mes|mmmm) de (?:aaaa|ano))\b"
)
_LIKE = re.compile(
    r"(?:\b(?:like|such as|e\.g\.?|eg|as in|in the (?:form|format|style)(?: of)?"
    r"|format(?:ted as)?|tipo"
    r"|como|(?:no|em) formato|no estilo|do genero|igual a|por exemplo|ex)[:.]? ?[\"'(]*"
    rf"({_D})[\"')]*)"
)
_TO_US = re.compile(
    r"\b(?:to|in|into|as|using|em|no|para|pro|para o) (?:the |o )?(?:formato )?(?:us"
    r"|usa|american|americano"
    r"|estadunidense)\b(?: date)?(?: format| style| notation| order)?"
)
_TO_UK = re.compile(
    r"\b(?:to|in|into|as|using|em|no|para|pro|para o) (?:the |o )?(?:(?:uk"
    r"|british)(?: date)? (?:format|style|notation"
    r"|order)|brazilian (?:date )?(?:format|style)|formato (?:brasileiro|do brasil|portugues))\b"
)
_FROM_US = re.compile(
    r"\b(?:from )?(?:this |the |an? )?(?:us|usa|u\.s\.|american)(?:-style| style| "
    r"format(?:ted)?)? dates?\b"
    r"|\bfrom (?:us|american) (?:format|style|notation)\b|\bdata (?:americana|dos eua)\b"
    r"|\b(?:do|de) formato americano\b|\bmonth first\b"
)
_FROM_UK = re.compile(
    r"\b(?:from )?(?:this |the |an? )?(?:uk|british|european|brazilian|portuguese)(?:-style| style"
    r"| format(?:ted)?)? dates?\b|\bfrom (?:uk|british|european) (?:format|style|notation)\b"
    r"|\bday first\b|\bdata (?:brasileira|portuguesa|europeia)\b"
)
_FROM = re.compile(
    r"\b(?:(?:which |that |it )?is (?:written )?(?:in|as)|from|de|do formato|do)\s*"
    r"(?P<a>dd?|mm?)(?P<sep>[-/.])(?P<b>dd?|mm?)(?P=sep)(?:yyyy|aaaa|yy|aa)\b"
)
_WEEKDAY = re.compile(
    r"\b(?:what|which|on what|on which|on what) (?:(?:day of the week|weekday|week "
    r"day)|day(?= (?:was|is|will"
    rf"|did|does|of the week| {_D})))(?: (?:it )?(?:was|is|will|did|does|falls?))?(?: "
    r"(?:it|be|fall|falls|land))?"
    r"(?: on)?\b|\b(?:the )?(?:day of (?:the )?week|weekday)(?: (?:of|for|on))?\b"
    r"|\b(?:em |a |cai em )?(?:que|qual)(?: e| foi| era)?(?: o)? dia da semana(?: "
    r"que)?\b|\bdia da semana\b"
)
_FALLS = re.compile(r"\b(?:cai|caiu|calha|calhou|fall|falls|falling|land|lands|happen)\b")
_DAYS_BETWEEN = re.compile(
    r"\b(?:how many|(?:the )?number of|count the|quantos|quantas|(?:o )?numero de|conta os) "
    r"(?P<unit>days?|weeks?|dias|semanas)\b(?: are| is| passed| have passed| there| "
    r"vao| tem| ha| passam"
    r"| se passaram| passaram| decorrem)*(?: in)?"
)
_BETWEEN = re.compile(
    rf"(?:\bbetween|\bfrom|\bsince|\bentre|\bde|\bdesde)?(?: the| o dia| os dias| o)? ?({_D}) ?"
    rf"(?:\band|\bto|\buntil|\btill|\be|\ba|\bate|-)(?: o dia| o| the)? ?({_D})"
)
_N = rf"(?P<n>\d{{1,5}}|{SMALL})"
_UNIT = r"(?P<unit>days?|weeks?|months?|years?|dias?|semanas?|mes(?:es)?|anos?)"
_SHIFT = (
    re.compile(
        rf"\b{_N} {_UNIT} (?P<way>after|before|from|later than|prior to|depois d[eo]"
        r"|antes d[eo]|apos"
        rf"|a partir d[eo])(?: the| o)?(?: dia| date| data)?(?: de)? ?({_D})"
    ),
    re.compile(
        rf"\b(?:add|some|soma|adiciona|acrescenta)r? {_N} {_UNIT} (?:to|a|ao|em) (?:dia )?({_D})"
    ),
    re.compile(rf"({_D}) ?(?:\+|plus|mais) ?{_N} {_UNIT}\b"),
    re.compile(rf"({_D}) ?(?P<way>-|minus|menos) ?{_N} {_UNIT}\b"),
)
_LEAP = re.compile(
    r"\b(?:is|was|will)?(?: the year)? ?(?P<a>\d{4})(?: be)?(?: is| was)? a leap year\b"
    r"|\b(?:o ano )?(?:de )?(?P<b>\d{4}) (?:e|foi|era|sera)(?: um)?(?: ano)? bissexto\b"
    r"|\b(?:e|foi) bissexto(?: o ano)?(?: de)? (?P<c>\d{4})\b"
)
_YES_NO = re.compile(
    r"\b(?:(?:with |by )?(?:a )?(?:just |only )?yes or no|yes/no|(?:com |so )?(?:um "
    r")?sim ou nao|sim/nao|y/n)\b"
)
_NOUNS = words(
    "date dates data datas format formato formatted formatada formatado written "
    "escrita style dia day "
    "notation form falls padrao forma numa num escrevo escrever valor value inserir enter"
)
_LAST = re.compile(r"(?:por extenso|long (?:form|format|date))\b(?: form| format)?")
_HARMLESS = words(
    "american americano americana brazilian british european brasileiro brasileira portugues us"
)
_STEPS = {"d": 1, "w": 7, "s": 7}


def exact(prompt: str) -> Exact | None:
    """The date asked for; None where there is none, or more than one reading."""
    if len(prompt) > LONGEST_WORDING:
        return None
    ask = Ask(prompt, prompt)
    if leap := ask.one(_LEAP):
        return _leap(ask, int(leap["a"] or leap["b"] or leap["c"]))
    dates: list[Written] = []

    def put(found: Written) -> str:
        dates.append(found)
        return chr(_FIRST + len(dates) - 1) if len(dates) <= _MOST else found.text

    ask.text = replaced(ask.text, put)
    if not 0 < len(dates) <= _MOST:
        return None
    return _Dates(ask, dates).answer()


def _leap(ask: Ask, year: int) -> Exact | None:
    ask.take(_YES_NO)
    if not ask.nothing_left() or not 1600 <= year <= 9999:
        return None
    yes = calendar.isleap(year)
    text = ("Sim" if yes else "Não") if ask.language == "pt" else ("Yes" if yes else "No")
    return Exact(text, FAMILY, f"by the rule of the Gregorian calendar for {year}")


class _Dates:
    """A wording with its dates, taken apart."""

    def __init__(self, ask: Ask, dates: list[Written]) -> None:
        self.ask = ask
        self.dates = dates
        self.month_first: bool | None = None
        self.by_language = False

    def answer(self) -> Exact | None:
        ask = self.ask
        example = ask.one(_LIKE)
        us, uk = ask.take(_FROM_US), ask.take(_FROM_UK)
        told = [found["a"][0] == "m" for found in ask.taken(_FROM)]
        told += [True] * us + [False] * uk
        if len(set(told)) > 1:
            return None
        self.month_first = told[0] if told else None
        if example is None and (found := self._between() or self._shifted() or self._weekday()):
            return found
        return self._rewritten(example)

    def _value(self, mark: str) -> date | None:
        found = self.dates[ord(mark) - _FIRST]
        if found.open:
            if self.month_first is None and self.ask.language != "pt":
                return None
            self.by_language = self.month_first is None
        return found.value(month_first=bool(self.month_first))

    def _nothing_left(self) -> bool:
        closed = not any(one.open for one in self.dates)
        return self.ask.nothing_left(_NOUNS, remarks=closed, harmless=_HARMLESS)

    def _weekday(self) -> Exact | None:
        ask = self.ask
        if len(self.dates) != 1 or not ask.take(_WEEKDAY):
            return None
        ask.take(_FALLS)
        value = self._value(chr(_FIRST))
        if value is None or not self._nothing_left():
            return None
        text = WEEKDAYS[ask.language][value.weekday()]
        return Exact(text, FAMILY, f"{value.isoformat()} is a {WEEKDAYS['en'][value.weekday()]}")

    def _between(self) -> Exact | None:
        ask = self.ask
        asked = ask.one(_DAYS_BETWEEN)
        if asked is None or len(self.dates) != 2:
            return None
        ends = ask.one(_BETWEEN)
        if ends is None:
            return None
        first, second = self._value(ends[1]), self._value(ends[2])
        if first is None or second is None or first >= second or not self._nothing_left():
            return None
        days = (second - first).days
        step = 1 if asked["unit"].startswith("d") else 7
        if days % step:
            return None
        return Exact(str(days // step), FAMILY, f"from {first} to {second} are {days} days")

    def _shifted(self) -> Exact | None:
        ask = self.ask
        found = next((one for form in _SHIFT if (one := ask.one(form))), None)
        if found is None or len(self.dates) != 1:
            return None
        count, unit = small(found["n"]), found["unit"]
        start = self._value(chr(_FIRST))
        if start is None:
            return None
        way = found.groupdict().get("way") or ""
        back = way.startswith(("before", "prior", "antes", "-", "minus", "menos"))
        moved = _moved(start, -count if back else count, unit)
        style = self._target() or self._own_style(self.dates[0])
        if moved is None or not style or not self._nothing_left():
            return None
        return Exact(
            written(moved, style, self.dates[0].language or ask.language),
            *(FAMILY, f"{count} {unit} {'before' if back else 'after'} {start}"),
        )

    def _rewritten(self, example: re.Match[str] | None) -> Exact | None:
        ask = self.ask
        if example is not None:
            like = self.dates[ord(example[1]) - _FIRST]
            others = [one for one in self.dates if one is not like]
            style = self._own_style(like)
            ask.take(_LAST)
            if (named := self._target()) and named != style:
                return None
        else:
            others, style = self.dates, self._target()
        if len(others) != 1 or not style:
            return None
        source = others[0]
        value = self._value(chr(_FIRST + self.dates.index(source)))
        if value is None or not self._nothing_left():
            return None
        language = ask.language
        if example is not None:
            language = like.language or language
        if "%b" in style and (language == "pt" or not style):
            return None
        how = f"{source.text} is {value.isoformat()}"
        if self.by_language:
            how += ", the day first as in Portuguese"
        return Exact(written(value, style, language), FAMILY, how)

    def _own_style(self, found: Written) -> str:
        if found.named or found.style.startswith("%"):
            return found.style
        sep, digits = found.style[0], found.style[1:]
        first = found.month_first if found.month_first is not None else self.month_first
        front = f"%m{sep}%d" if first else f"%d{sep}%m"
        return f"{front}{sep}{'%Y' if digits == '4' else '%y'}"

    def _target(self) -> str:
        """The one style that the wording names; empty for none or several."""
        ask = self.ask
        styles: set[str] = set()
        for found in ask.taken(_NUMERIC):
            styles.add(_numeric_style(found))
        for found in ask.taken(_NAMED):
            styles.add(_named_style(found))
        if ask.take(_ISO):
            styles.add("%Y-%m-%d")
        if ask.take(_TO_US):
            styles.add("%m/%d/%Y")
        if ask.take(_TO_UK):
            styles.add("%d/%m/%Y")
        return styles.pop() if len(styles) == 1 else ""


def _numeric_style(found: re.Match[str]) -> str:
    letters = {"y": "%Y", "a": "%Y"}
    parts: list[str] = []
    for name in "abc":
        token = found[name]
        if token in ("yy", "aa"):
            parts.append("%y")
        elif token[0] in letters:
            parts.append("%Y")
        else:
            parts.append(f"%{'' if len(token) == 2 else '-'}{token[0]}")
    kinds = {part[-1].lower() for part in parts}
    return found["sep"].join(parts) if kinds == {"y", "m", "d"} else ""


def _named_style(found: re.Match[str]) -> str:
    if found["md"]:
        day = "%d" if " dd" in found[0] else "%-d"
        return f"%B {day}{found['comma']} %Y"
    if found["dm"]:
        return f"{'%d' if found['d'] == 'dd' else '%-d'} %B %Y"
    if found["dmy"]:
        return f"{'%d' if found[0].startswith('dd') else '%-d'} %b %Y"
    return f"{'%d' if found['dia'] == 'dd' else '%-d'} de %B de %Y"


def _moved(start: date, count: int, unit: str) -> date | None:
    try:
        if unit[0] in "dw" or unit.startswith("sem"):
            return start + timedelta(days=count * (1 if unit[0] == "d" else 7))
        months = count * (12 if unit[0] in "ya" else 1)
        year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
        # 31 January and a month has no one date.
        return date(year, month + 1, start.day)
    except (ValueError, OverflowError):
        return None
