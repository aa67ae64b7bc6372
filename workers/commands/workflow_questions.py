"""Asks the person at the terminal for the answer to an `approve` step."""

from __future__ import annotations

import asyncio

from rich.console import Console

from graphs.workflow.execution.outcome import Answer, Ask
from graphs.workflow.execution.runs import AskPerson
from workers.views.workflow import Progress, asked

_YES, _NO = ("y", "yes", "s", "sim"), ("n", "no", "nao", "não")


def at_terminal(notes: Console, progress: Progress) -> AskPerson:
    """Asks once; any answer but yes and no leaves the run waiting."""

    async def approve(ask: Ask) -> Answer | None:
        progress.pause()
        notes.print(asked(ask))
        try:
            said = await asyncio.to_thread(notes.input, "Yes, no or later? [y/n/L] ", markup=False)
            said = said.strip().lower()
            if said not in _YES and said not in _NO:
                return None
            comment = await asyncio.to_thread(notes.input, "A comment, or nothing: ")
        except EOFError:
            return None
        finally:
            progress.continue_run()
        return Answer(approved=said in _YES, comment=comment.strip())

    return approve
