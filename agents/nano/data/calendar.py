# ruff: noqa: E501, SIM905 - a template or a word list stays in one piece
"""Families `date`, `time` and `reminder`: written dates and hours, and when to remember what."""

from __future__ import annotations

import datetime as dt

from agents.nano.data import values
from agents.nano.data.grammar import Draw, Frames, Sample, compact
from agents.nano.data.phrasing import dress, inline, strip_accents

MONTHS = {
    "en": "January February March April May June July August September October November December".split(),
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split(),
}
DAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "pt": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo".split(),
}


def any_day(draw: Draw) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=draw.integer(0, 25000))


def day(draw: Draw) -> dt.date:
    return dt.date.fromisoformat(draw.held(lambda d: any_day(d).isoformat()))


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def spell(draw: Draw, date: dt.date, language: str, long: bool = True) -> str:
    """A date as people write it, never ambiguous in its language."""
    month, d, y = MONTHS[language][date.month - 1], date.day, date.year
    short = month[:3]
    if language == "en":
        forms = [
            f"{month} {d}, {y}",
            f"{month} {_ordinal(d)}, {y}",
            f"{d} {month} {y}",
            f"{_ordinal(d)} {month} {y}",
            f"{short} {d}, {y}",
            f"{d} {short} {y}",
            f"{month} {d} {y}",
            f"{d}-{short}-{y}",
            f"{short} {d} {y}",
        ]
        if long:
            forms += [
                f"the {_ordinal(d)} of {month} {y}",
                f"the {_ordinal(d)} of {month}, {y}",
                f"{DAYS['en'][date.weekday()]}, {month} {d}, {y}",
                f"{_ordinal(d)} of {month} {y}",
                f"{DAYS['en'][date.weekday()]} {d} {month} {y}",
                f"{short}. {d}, {y}",
            ]
        if d > 12:
            forms += [
                f"{d:02d}/{date.month:02d}/{y}",
                f"{date.month:02d}/{d:02d}/{y}",
                f"{date.month}/{d}/{y}",
                f"{d}.{date.month:02d}.{y}",
            ]
        forms += [f"{y}/{date.month:02d}/{d:02d}", f"{y}.{date.month:02d}.{d:02d}"]
        return draw.pick(forms)
    forms = [
        f"{d} de {month} de {y}",
        f"{d} de {month} de {y}",
        f"{d:02d}/{date.month:02d}/{y}",
        f"{d}/{date.month}/{y}",
        f"{d:02d}-{date.month:02d}-{y}",
        f"{d:02d}.{date.month:02d}.{y}",
        f"{d} de {strip_accents(month)} de {y}",
        f"{d:02d}/{date.month:02d}/{y}",
        f"{d}/{short}/{y}",
        f"{d} de {month}, {y}",
    ]
    if long:
        forms += [
            f"{DAYS['pt'][date.weekday()]}, {d} de {month} de {y}",
            f"dia {d} de {month} de {y}",
            f"{d} {month} {y}",
            f"{y}/{date.month:02d}/{d:02d}",
            f"{d} de {month.capitalize()} de {y}",
        ]
        if d == 1:
            forms += [f"1º de {month} de {y}"] * 3
    return draw.pick(forms)


def written(draw: Draw, language: str) -> str:
    """A date for a message: any spelling, the ISO one too."""
    date = day(draw)
    return date.isoformat() if draw.chance(0.15) else spell(draw, date, language, long=False)


DATE = {
    "en": Frames(
        """
        (convert|change|turn|rewrite|put|transform|normalize|normalise|format) {v} (to|into|as|in) (ISO|ISO format|ISO 8601|ISO date|ISO date format|YYYY-MM-DD|yyyy-mm-dd|the format YYYY-MM-DD)
        (convert|change|turn|rewrite|normalize|format) (the|this) date {v} (to|into|as) (ISO|ISO format|ISO 8601|YYYY-MM-DD)
        (convert|change|turn|rewrite|normalize) (the|this) date (to|into|in) (ISO|ISO format|ISO 8601|YYYY-MM-DD): {v}
        (write|express|give|return|show) {v} (as|in) (an ISO date|ISO|ISO format|ISO 8601|YYYY-MM-DD|YYYY-MM-DD format)
        ?what is {v} (in|as) (ISO|ISO format|ISO 8601|YYYY-MM-DD|an ISO date)
        ?{v} (in|to|as) (ISO|ISO format|ISO 8601|YYYY-MM-DD|an ISO date)
        ISO date (for|of) {v}
        (give|tell) me the ISO (date|format|version) (of|for) {v}
        (normalize|normalise|standardize) (the|this) date: {v}
        date to ISO: {v}
        (find|extract|get) the date and (write|give|return) it (in|as) (ISO|ISO format|YYYY-MM-DD): {c}
        (find|extract|get|give me) the ISO date (in|from|of) (this|the) (text|sentence|message): {c}
        ?what is the date in (ISO|ISO format|YYYY-MM-DD)? {c}
        {c} (Write|Give|Return) the date in (ISO|ISO format|YYYY-MM-DD)
        """,
        """
        (render|represent) {v} (as|in) (ISO|ISO 8601)
        ISO 8601 for {v}
        """,
        """
        (restate|recast|spell) {v} as (YYYY-MM-DD|an ISO 8601 date)
        I need {v} in ISO notation
        (reformat|standardise) {v} (to|as) ISO
        machine-readable ISO date of: {v}
        """,
    ),
    "pt": Frames(
        """
        (converta|mude|passe|transforme|escreva|coloque|formate|normalize|reescreva) {v} (para|em|no formato|para o formato) (ISO|ISO 8601|AAAA-MM-DD|YYYY-MM-DD)
        (converta|mude|passe|transforme|escreva|normalize) a data {v} (para|em|no formato|para o formato) (ISO|ISO 8601|AAAA-MM-DD|YYYY-MM-DD)
        (converta|mude|transforme|passe) (a|esta) data (para|em) (ISO|ISO 8601|formato ISO|AAAA-MM-DD): {v}
        ?(qual é|como fica|como escrever) {v} (em|no formato) (ISO|ISO 8601|AAAA-MM-DD)
        ?{v} (em|no formato|para) (ISO|ISO 8601|AAAA-MM-DD|YYYY-MM-DD)
        data ISO (de|para) {v}
        (me dê|me diga|retorne) a data ISO de {v}
        (normalize|padronize) a data: {v}
        data em ISO: {v}
        (encontre|extraia|pegue) a data e (escreva|devolva|retorne) em (ISO|formato ISO|AAAA-MM-DD): {c}
        (extraia|encontre|me dê) a data ISO (deste texto|desta frase|da mensagem): {c}
        {c} (Escreva|Dê|Retorne) a data em (ISO|formato ISO|AAAA-MM-DD)
        """,
        """
        (represente|apresente) {v} em (ISO|ISO 8601)
        ISO 8601 para {v}
        """,
        """
        (redija|grafe) {v} como (AAAA-MM-DD|data ISO 8601)
        preciso de {v} na notação ISO
        (reformate|ajuste) {v} para ISO
        """,
    ),
}
_DATE_TEXT = {
    "en": ["The meeting is on {v}.", "I was born on {v}.", "We leave on {v}.", "The contract ends on {v}.",
           "{v} is the deadline.", "Delivery is expected by {v}.", "She arrived on {v}.", "The invoice is dated {v}."],
    "pt": ["A reunião será em {v}.", "Nasci em {v}.", "Viajamos em {v}.", "O contrato termina em {v}.",
           "A entrega está prevista para {v}.", "Ela chegou em {v}.", "A fatura é de {v}.", "O prazo é {v}."],
}  # fmt: skip


def date(draw: Draw, language: str) -> Sample:
    when = day(draw)
    written_date = spell(draw, when, language)
    text = draw.pick(_DATE_TEXT[language]).replace("{v}", written_date)
    prompt = inline(draw, DATE[language], language, v=written_date, c=text)
    return Sample("date", language, prompt, when.isoformat())


TIME = {
    "en": Frames(
        """
        (convert|change|turn|put|rewrite|transform) {v} (to|into|in|as) (24h|24-hour|24 hour|24-hour time|24h time|24-hour format|24h format|the 24-hour clock|military time|HH:MM)
        (write|express|give|show) {v} (in|as) (24h|24-hour time|24-hour format|24h format|the 24-hour clock|military time)
        ?what is {v} (in|as) (24h|24-hour time|24-hour format|24h format|military time)
        ?{v} (in|to|as) (24h|24-hour time|24-hour format|24h|military time)
        (convert|change|turn) (the|this) time (to|into) (24h|24-hour format|24-hour time): {v}
        (normalize|normalise) (the|this) time: {v}
        24h (time|format) (for|of) {v}
        (convert|change) the time {v} (to|into) (24h|24-hour format|24-hour time)
        """,
        """
        (render|represent) {v} on a 24-hour clock
        24-hour clock: {v}
        """,
        """
        (restate|recast|say) {v} using (24 hours|the 24-hour notation)
        ?how do you write {v} in (24h|24-hour) (style|notation)
        """,
    ),
    "pt": Frames(
        """
        (converta|mude|passe|transforme|escreva|coloque|reescreva) {v} (para|em|no formato) (24h|24 horas|formato 24h|formato 24 horas|HH:MM)
        (converta|passe|escreva) (o horário|a hora) {v} (para|em|no formato) (24h|24 horas|formato 24h)
        (converta|mude|passe) (o horário|a hora|esta hora) (para|em) (24h|24 horas|formato 24h): {v}
        ?(quanto é|como fica|qual é) {v} (em|no formato) (24h|24 horas|formato 24h)
        ?{v} (em|no formato|para) (24h|24 horas|formato 24h)
        (normalize|padronize) (o horário|a hora): {v}
        horário em 24h (de|para) {v}
        """,
        """
        (represente|apresente) {v} em (24h|24 horas)
        relógio de 24 horas: {v}
        """,
        """
        (redija|grafe) {v} usando (24 horas|a notação de 24h)
        ?como se escreve {v} em (24h|24 horas)
        """,
    ),
}
_NUMBERS = {
    "en": "one two three four five six seven eight nine ten eleven twelve".split(),
    "pt": "uma duas três quatro cinco seis sete oito nove dez onze doze".split(),
}


def _part_pt(hour: int) -> str:
    return (
        "da madrugada"
        if hour < 6
        else "da manhã"
        if hour < 12
        else "da tarde"
        if hour < 18
        else "da noite"
    )


def hour_text(draw: Draw, language: str, hour: int, minute: int) -> str:
    """A time of day in words or on the 12-hour clock; always says which half of the day."""
    twelve = hour % 12 or 12
    if language == "en":
        half = (
            draw.pick([" am", "am", " AM", "AM", " a.m."])
            if hour < 12
            else draw.pick([" pm", "pm", " PM", "PM", " p.m."])
        )
        part = (
            "in the morning" if hour < 12 else "in the afternoon" if hour < 18 else "in the evening"
        )
        if minute == 0 and hour in (0, 12) and draw.chance(0.7):
            return "midnight" if hour == 0 else "noon"
        name, following = _NUMBERS["en"][twelve - 1], _NUMBERS["en"][twelve % 12]
        words = {
            0: f"{name} o'clock",
            15: f"quarter past {name}",
            30: f"half past {name}",
            45: f"quarter to {following}",
        }
        if minute in words and hour not in (0, 11, 12, 17, 23) and draw.chance(0.6):
            return f"{words[minute]} {part}"
        clock = f"{twelve}:{minute:02d}" if minute or draw.chance(0.4) else str(twelve)
        return clock + half if hour in (0, 12) or draw.chance(0.85) else f"{clock} {part}"
    if minute == 0 and hour in (0, 12) and draw.chance(0.7):
        return "meia-noite" if hour == 0 else "meio-dia"
    if draw.chance(0.35):
        return draw.pick(
            [
                f"{hour}h{minute:02d}",
                f"{hour}h{minute:02d}",
                f"{hour}h{minute:02d}min",
                f"{hour} horas e {minute} minutos",
            ]
            if minute
            else [f"{hour}h", f"{hour} horas", f"{hour}h00"]
        )
    part = _part_pt(hour)
    if minute == 30 and draw.chance(0.7) and hour not in (0, 12):
        return f"{draw.pick([str(twelve), _NUMBERS['pt'][twelve - 1]])} e meia {part}"
    if minute == 0:
        return draw.pick(
            [f"{twelve} {part}", f"{_NUMBERS['pt'][twelve - 1]} {part}", f"{twelve}h {part}"]
        )
    return draw.pick(
        [
            f"{twelve}:{minute:02d} {part}",
            f"{twelve}h{minute:02d} {part}",
            f"{twelve} e {minute} {part}",
        ]
    )


def _hour(draw: Draw) -> tuple[int, int]:
    minute = draw.pick(
        [0, 0, 15, 30, 30, 45, draw.integer(0, 59), draw.integer(0, 59), draw.integer(0, 59)]
    )
    return draw.integer(0, 23), minute


def time(draw: Draw, language: str) -> Sample:
    hour, minute = (
        int(p) for p in draw.held(lambda d: "{:02d}:{:02d}".format(*_hour(d))).split(":")
    )
    prompt = inline(draw, TIME[language], language, v=hour_text(draw, language, hour, minute))
    return Sample("time", language, prompt, f"{hour:02d}:{minute:02d}")


_REMIND = {
    "en": Frames(
        """
        remind me to {t} {w}
        remind me {w} to {t}
        (set|create|add|make|schedule) (a|) reminder to {t} {w}
        (set|create|add|make) (a|) reminder {w} to {t}
        (set|create|add) (a|) reminder: {t} {w}
        reminder: {t} {w}
        (don't|do not) let me forget to {t} {w}
        I (need|have|want) to {t} {w}, (remind me|set a reminder|please remind me)
        {w} remind me to {t}
        I want a reminder to {t} {w}
        """,
        """
        make sure I remember to {t} {w}
        put a reminder for me to {t} {w}
        """,
        """
        ping me {w} to {t}
        give me a nudge to {t} {w}
        (register|log) a reminder to {t} {w}
        """,
    ),
    "pt": Frames(
        """
        me lembre de {t} {w}
        me lembre {w} de {t}
        lembre-me de {t} {w}
        (crie|faça|adicione|coloque|programe) um lembrete para {t} {w}
        (crie|adicione) um lembrete {w} para {t}
        (crie|adicione) um lembrete: {t} {w}
        lembrete: {t} {w}
        não me deixe esquecer de {t} {w}
        (preciso|tenho que|quero) {t} {w}, (me lembre|crie um lembrete)
        {w} me lembre de {t}
        quero um lembrete para {t} {w}
        """,
        """
        me faça lembrar de {t} {w}
        ponha um lembrete de {t} {w}
        """,
        """
        me avise {w} para {t}
        me dê um toque para {t} {w}
        (registre|anote) um lembrete para {t} {w}
        """,
    ),
}
_TASKS = {
    "en": ["call {n}", "email {n}", "pay the {w} bill", "buy {w} and {x}", "buy {w}", "send the {w} to {n}", "meet {n}", "book the {w}",
           "water the {w}", "clean the {w}", "pick up {n}", "review the {w} {x}", "return the {w}", "check the {w}", "order {w}",
           "talk to {n} about the {w}", "renew the {w}", "take the {w} to the {x}", "print the {w}", "feed the {w}", "text {n}",
           "prepare the {w} for {n}", "cancel the {w}", "finish the {w} report", "visit {n}", "sign the {w} contract"],
    "pt": ["ligar para {n}", "escrever para {n}", "pagar a conta de {w}", "comprar {w} e {x}", "comprar {w}", "enviar {w} para {n}",
           "encontrar {n}", "reservar {w}", "regar {w}", "limpar {w}", "buscar {n}", "revisar {w}", "devolver {w}", "conferir {w}",
           "pedir {w}", "falar com {n} sobre {w}", "renovar {w}", "levar {w} para {x}", "imprimir {w}", "visitar {n}",
           "preparar {w} para {n}", "cancelar {w}", "terminar o relatório de {w}", "assinar o contrato de {w}"],
}  # fmt: skip


def moment(draw: Draw, language: str) -> str:
    """When to be reminded, in words: the answer copies it as it stands."""
    hour = hour_text(
        draw, language, draw.integer(6, 22), draw.pick([0, 0, 15, 30, 30, 45, draw.integer(1, 59)])
    )
    weekday = draw.pick(DAYS[language])
    if language == "en":
        return draw.pick(
            [
                "tomorrow",
                f"tomorrow at {hour}",
                f"at {hour}",
                f"on {weekday}",
                f"on {weekday} at {hour}",
                "tonight",
                f"next {weekday}",
                f"in {draw.integer(2, 59)} minutes",
                f"in {draw.integer(2, 9)} hours",
                f"today at {hour}",
                f"in {draw.integer(2, 20)} days",
                f"on {spell(draw, day(draw), 'en', long=False)}",
                "tomorrow morning",
                "next week",
                f"every {weekday}",
                f"every day at {hour}",
                f"on {weekday} morning",
                f"by {weekday}",
            ]
        )
    return draw.pick(
        [
            "amanhã",
            f"amanhã às {hour}",
            f"às {hour}",
            f"na {weekday}",
            f"{weekday} às {hour}",
            "hoje à noite",
            f"em {draw.integer(2, 59)} minutos",
            f"daqui a {draw.integer(2, 9)} horas",
            f"hoje às {hour}",
            f"em {draw.integer(2, 20)} dias",
            f"em {spell(draw, day(draw), 'pt', long=False)}",
            "amanhã de manhã",
            "semana que vem",
            f"toda {weekday}",
            f"todo dia às {hour}",
            f"na próxima {weekday}",
            f"na {weekday} às {hour}",
            f"na {weekday} de manhã",
        ]
    )


_VERBS = {
    "en": "call buy send pay check clean fix book ask write visit bring move read paint wash update order sell".split(),
    "pt": "ligar comprar enviar pagar ver limpar consertar marcar pedir escrever visitar levar ler pintar lavar vender".split(),
}
_LINKS = {"en": "the|a|my|for the|with|to the|from|and|of the|in the|about".split("|"),
          "pt": "o|a|para o|com a|para a|do|da|e|no|na|meu|minha|sobre o|com".split("|")}  # fmt: skip


def _free_task(draw: Draw, language: str) -> str:
    """A task of no fixed pattern: a verb and a few words."""
    parts = [draw.pick(_VERBS[language])]
    for _ in range(draw.pick([1, 1, 2, 2, 3])):
        if draw.chance(0.7):
            parts.append(draw.pick(_LINKS[language]))
        parts.append(values.first_name(draw) if draw.chance(0.2) else values.word(draw, language))
    return " ".join(parts)


def task(draw: Draw, language: str) -> str:
    one, other = values.words(draw, language, 2)
    if draw.chance(0.3):
        return _free_task(draw, language)
    name = values.first_name(draw) if draw.chance(0.6) else values.full_name(draw)
    return (
        draw.pick(_TASKS[language]).replace("{w}", one).replace("{x}", other).replace("{n}", name)
    )


def reminder(draw: Draw, language: str) -> Sample:
    what, when = task(draw, language), moment(draw, language)
    prompt = dress(draw, draw.phrase(_REMIND[language], t=what, w=when), language)
    if draw.chance(0.35):
        prompt += "."
    keys = ("task", "when") if language == "en" else ("tarefa", "quando")
    return Sample("reminder", language, prompt, compact(dict(zip(keys, (what, when), strict=True))))
