"""Times of the day: with 24 hours or with am and pm, and the time between two of them."""

from __future__ import annotations

import re

from agents.exact.answer import Exact
from agents.exact.ask import LONGEST_WORDING, Ask
from agents.exact.figures import SMALL, small
from agents.exact.words import words

FAMILY = "time"
_T = r"[\ue020-\ue02f]"
_FIRST = 0xE020
_MOST = 8

_HALF = r"(?P<half>a\.?m\b\.?|p\.?m\b\.?)"
_PART = (
    r"(?:,? ?(?:in the |at |da |de |d[ao] |a |à )?(?P<part>morning|afternoon|evening"
    r"|night|manha|tarde"
    r"|noite|madrugada))"
)
_FIGURES = re.compile(
    rf"(?<![\d.,:/-])(?P<h>\d{{1,2}})(?:(?P<sep>:|h ?|\.(?=\d\d "
    rf"?[ap]\.?m))(?P<m>\d{{2}})(?!\d)(?::(?P<s>\d{{2}}))?)? ?"
    rf"(?:{_HALF}|(?:horas? )?{_PART}|(?P<hours>h(?:oras|rs|s)?\b))?(?![\d:]|[.,/-]\d)"
)
_H = rf"(?P<h>\d{{1,2}}|{SMALL})"
_SPOKEN = (
    re.compile(
        rf"\b(?P<past>half|a quarter|quarter|\d{{1,2}}) (?:past|after) {_H} ?(?:{_HALF}|{_PART})"
    ),
    re.compile(rf"\b(?P<to>a quarter|quarter|\d{{1,2}}) to {_H} ?(?:{_HALF}|{_PART})"),
    re.compile(
        rf"\b(?:as |às )?{_H}(?: horas)? e (?P<past>meia|um quarto|quinze|\d{{1,2}})(?: "
        rf"minutos)? {_PART}"
    ),
    re.compile(rf"\b(?P<to>um quarto|quinze|\d{{1,2}}) para (?:as |a )?{_H} {_PART}"),
    re.compile(rf"\b(?:as )?(?P<h>{SMALL})(?: o'clock| horas)? ?{_PART}"),
)
_NAMED = re.compile(
    r"\b(?P<noon>12 noon|noon|midday|meio-dia|meio dia)\b|\b(?:midnight|meia-noite)\b"
)
_MINUTES = {"half": 30, "meia": 30, "quarter": 15, "a quarter": 15, "um quarto": 15, "quinze": 15}

_TO_24 = re.compile(
    r"\b(?:the )?24(?:[ -]?h(?:ours?|oras?|rs?|s)?\b)?(?:[ -]?(?:clock|format|time"
    r"|notation))*(?: horas)?"
    r"(?:,? ?\(?hh:mm\)?)?|\bmilitary (?:time|format)\b|\bhh:mm\b(?: (?:24h|24-hour))?"
    r"|\bformato (?:de )?24 ?h(?:oras)?\b"
)
_TO_12 = re.compile(
    r"\b(?:the )?12(?:[ -]?h(?:ours?|oras?|rs?|s)?\b)(?:[ -]?(?:clock|format|time|notation))*"
    r"|\b(?:formato (?:de )?)?a\.?m\.? ?(?:/|or|and|ou|e) ?p\.?m\b\.?(?: format| formato)?"
    r"|\bformato (?:de )?12 ?h(?:oras)?\b|\bam pm\b"
)
_LENGTH = re.compile(
    r"\bhow (?:long|much time)\b(?: is| was| does| passes)?(?: it| there)?(?: take)?"
    r"|\b(?P<min>how many minutes|quantos minutos)\b(?: are| is| vao| ha| tem| passam)?(?: there)?"
    r"|\bquanto tempo\b(?: passa| vai| ha| tem)?|\b(?:time )?difference\b"
)
_ENDS = re.compile(
    rf"\b(?:from|between|das?|de|entre)(?: as)? ?({_T}) ?(?:to|and|until|till|as|a"
    rf"|ate(?: as)?|e)(?: as)? ?({_T})"
)
_HMM = re.compile(r"\bh{1,2}:mm\b(?: format)?")
_IN_MINUTES = re.compile(r"\bin minutes\b|\bem minutos\b")
_ELSEWHERE = re.compile(
    r"\b(?:i'm|im|we're|he's|she's|they're|estou|estamos|tou) (?:in|at|em|no|na)\b"
    r"|\b(?!the |this |that |what |hour |military |which |a |start |day )[a-z]+ time\b"
    r"|\b(?:time ?zone|zone|fuso|utc|gmt|est|pst|cet|hora de)\b"
)
"""Another time zone may be meant."""
_NOUNS = words(
    "time hour hours hora horas horario clock format formato formatted formatada as de escrevo day "
    "dia minutes no at"
)


def exact(prompt: str) -> Exact | None:
    """The time asked for; None where there is none, or more than one reading."""
    if len(prompt) > LONGEST_WORDING:
        return None
    ask = Ask(prompt, prompt)
    length = ask.one(_LENGTH)
    to_24, to_12 = ask.take(_TO_24) if not length else False, ask.take(_TO_12)
    times: list[_Time] = []

    def put(found: re.Match[str]) -> str:
        time = _Time.read(found)
        if time is None or len(times) == _MOST:
            return found[0]
        times.append(time)
        return chr(_FIRST + len(times) - 1)

    for form in (*_SPOKEN, _FIGURES, _NAMED):
        ask.text = form.sub(put, ask.text)
    if length is not None:
        return _between(ask, times, minutes=length["min"] is not None)
    if _ELSEWHERE.search(ask.text):
        return None
    if to_24 == to_12 or len(times) != 1 or not ask.nothing_left(_NOUNS):
        return None
    text = times[0].in_24() if to_24 else times[0].in_12()
    return Exact(text, FAMILY, f"{times[0].text.strip()} is {text}") if text else None


def _between(ask: Ask, times: list[_Time], *, minutes: bool) -> Exact | None:
    ends = ask.one(_ENDS)
    if ends is None or len(times) != 2:
        return None
    minutes = ask.take(_IN_MINUTES) or minutes
    short = ask.take(_HMM)
    first, second = (times[ord(mark) - _FIRST].minutes() for mark in ends.groups())
    if first is None or second is None or second <= first:
        return None
    if not ask.nothing_left(_NOUNS, remarks=False) or minutes + short != 1:
        return None
    hours, rest = divmod(second - first, 60)
    text = str(second - first) if minutes else f"{hours}:{rest:02d}"
    return Exact(text, FAMILY, f"{second - first} minutes lie between the two times")


class _Time:
    """A time as it is written. half: `a` or `p`, empty where nothing says; noon: 12 is noon."""

    def __init__(self, text: str, hour: int, minute: int, second: int | None, half: str) -> None:
        self.text, self.hour, self.minute, self.second, self.half = text, hour, minute, second, half

    @classmethod
    def read(cls, found: re.Match[str]) -> _Time | None:
        groups = found.groupdict()
        if "noon" in groups:
            return cls(found[0], 12, 0, None, "p" if groups["noon"] else "a")
        half = (groups.get("half") or "")[:1]
        hour = small(groups["h"])
        if part := groups.get("part"):
            half = _half_of(part, hour)
        if "past" in groups or "to" in groups:
            minutes = groups.get("past") or groups.get("to") or ""
            minute = (
                _MINUTES.get(minutes) or int(minutes)
                if minutes.isdigit() or minutes in _MINUTES
                else 0
            )
            if "to" in groups:
                hour, minute = hour - 1 or 12, 60 - minute
        else:
            minute = int(groups.get("m") or 0)
        written = any(groups.get(name) for name in ("half", "part", "m", "hours", "past", "to"))
        second = int(groups["s"]) if groups.get("s") else None
        if not written or hour > 23 or minute > 59 or (second or 0) > 59:
            return None
        if half == "?" or (half and not 1 <= hour <= 12 and not (half == "p" and part)):
            return None
        return cls(found[0], hour, minute, second, "" if hour > 12 else half)

    def hour_of_day(self) -> int:
        if self.half:
            return self.hour % 12 + 12 * (self.half == "p")
        return self.hour

    def minutes(self) -> int | None:
        """Since midnight; None where there are seconds."""
        if self.second is not None:
            return None
        return self.hour_of_day() * 60 + self.minute

    def in_24(self) -> str:
        """HH:MM; empty where it may be before or after noon."""
        if not self.half and 0 < self.hour <= 12:
            return ""
        seconds = "" if self.second is None else f":{self.second:02d}"
        return f"{self.hour_of_day():02d}:{self.minute:02d}{seconds}"

    def in_12(self) -> str:
        hour = self.hour_of_day()
        seconds = "" if self.second is None else f":{self.second:02d}"
        half = "PM" if hour >= 12 else "AM"
        return "" if self.half else f"{hour % 12 or 12}:{self.minute:02d}{seconds} {half}"


def _half_of(part: str, hour: int) -> str:
    """`a` or `p`; `?` where the part of the day does not say."""
    if part in ("afternoon", "evening", "tarde"):
        return "p"
    if part in ("night", "noite"):
        return "p" if 6 <= hour <= 11 else "?"
    return "a" if hour != 12 else "?"
