"""now, days_between, add_to_date and weekday: the calendar, which models get wrong."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from agents.tools.tool import Tool, ToolFailed, tool

_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")
_Days = Annotated[int, Field(ge=-4_000_000, le=4_000_000)]
_Date = Annotated[date, Field(description="YYYY-MM-DD")]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def date_tools(now: Callable[[], datetime] = _utc_now) -> tuple[Tool, ...]:
    """The four tools. now: the time, with its zone."""

    @tool(name="now")
    def now_(
        zone: Annotated[
            str, Field(max_length=100, description="such as America/Sao_Paulo; local: this one's")
        ] = "local",
    ) -> str:
        """The date, the time and the day of the week, now, in a time zone."""
        moment = now().astimezone(_zone(zone))
        return f"{moment:%Y-%m-%d %H:%M:%S %z}, {_named(moment)}, week {moment.isocalendar().week}"

    @tool
    def days_between(first: _Date, second: _Date) -> str:
        """How many days lie between two dates, and how many weeks; negative if second is first."""
        days = (second - first).days
        weeks, rest = divmod(abs(days), 7)
        return f"{days} days ({weeks} weeks and {rest} days)"

    @tool
    def add_to_date(
        start: _Date, days: _Days = 0, weeks: _Days = 0, months: _Days = 0, years: _Days = 0
    ) -> str:
        """The date so many years, months, weeks and days later, or earlier if negative.

        Years and months come first; a day that the month does not have becomes its last.
        """
        try:
            moved = _months_later(start, 12 * years + months) + timedelta(days=days, weeks=weeks)
        except (OverflowError, ValueError) as error:
            raise ToolFailed("that date is outside the years 1 to 9999") from error
        return f"{moved.isoformat()}, {_named(moved)}"

    @tool
    def weekday(day: _Date) -> str:
        """The day of the week of a date."""
        return f"{_named(day)}, week {day.isocalendar().week} of {day.isocalendar().year}"

    return (now_, days_between, add_to_date, weekday)


def _zone(name: str) -> tzinfo | None:
    """None is the machine's own. Raises ToolFailed."""
    if name == "local":
        return None
    if name.upper() in ("UTC", "Z", "GMT"):
        return UTC
    try:
        if not _ZONE.fullmatch(name):
            raise ValueError
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        wanted = "write it as Europe/Lisbon or America/Sao_Paulo, or UTC"
        raise ToolFailed(f"there is no such time zone here; {wanted}") from error


def _months_later(start: date, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last))


def _named(day: date) -> str:
    # strftime's name would be in the language of the machine.
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return names[day.weekday()]
