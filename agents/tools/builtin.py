"""The tools that come with the package: useful, and harmless."""

from __future__ import annotations

from collections.abc import Iterable

from agents.tools.calculate import calculate_tool
from agents.tools.dates import date_tools
from agents.tools.files import file_tools
from agents.tools.folders import Folder, Folders
from agents.tools.sqlite import sqlite_tool
from agents.tools.tool import Tool


def builtin_tools(folders: Iterable[Folder] = ()) -> tuple[Tool, ...]:
    """calculate and the calendar; with folders, reading files and databases in them too.

    Raises ConfigError for a folder that cannot be read.
    """
    always = (calculate_tool(), *date_tools())
    named = tuple(folders)
    if not named:
        return always
    places = Folders(named)
    return (*always, *file_tools(places), sqlite_tool(places))
