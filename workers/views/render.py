"""How results and reports look in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from router.types.decision import Expected, Guess, RouteDecision
from router.types.result import Attempt, CloudState, Result
from router.types.task import Privacy, Task
from workers.views.form_words import form_words

PREVIEW_CHARS = 110
ANSWER_LINES = 6

_STYLE = {"local": "green", "cloud": "cyan", "cache": "green", "parked": "yellow", "none": "red"}


def dollars(amount: float | None) -> str:
    """An amount of US dollars; four digits, as most calls cost less than a cent."""
    return "unknown" if amount is None else f"${amount:.4f}"


def seconds(duration_s: float | None) -> str:
    if duration_s is None:
        return "unknown"
    return f"{duration_s * 1000:.0f} ms" if duration_s < 1 else f"{duration_s:.1f} s"


def score(expected: float | None) -> str:
    return "unknown" if expected is None else f"{expected:.2f}"


def nature(guess: Guess) -> str:
    """What a task was classified as, in a few words."""
    parts = [f"{guess.kind.value} ({guess.confidence:.2f})"]
    parts += [f"in {guess.code_language}"] if guess.code_language else []
    parts += ["a tool call"] if guess.tool else []
    parts += ["structured"] if guess.structured else []
    return ", ".join((*parts, guess.language, f"complexity {guess.complexity:.2f}"))


def expectation(expected: Expected) -> str:
    """Expected score, cost and wait of one way of answering."""
    return (
        f"score {score(expected.score)}, cost {dollars(expected.cost_usd)}, "
        f"wait {seconds(expected.wait_s)}"
    )


def gain_words(decision: RouteDecision) -> str:
    """The expected gain of the cloud, and how many of this user's own outcomes it is based on."""
    own = f" (from {decision.outcomes:,} outcomes of your own too)" if decision.outcomes else ""
    return f"{decision.gain or 0.0:+.2f}{own}"


def weighed(decision: RouteDecision) -> list[Text]:
    """The lines on the expectations before anything was generated; none where there were none."""
    lines = []
    if decision.local is not None:
        lines.append(Text.assemble(("here      ", "dim"), expectation(decision.local)))
    if decision.cloud is not None:
        lines.append(Text.assemble(("cloud     ", "dim"), expectation(decision.cloud)))
    if decision.gain is not None:
        lines.append(Text.assemble(("gain      ", "dim"), gain_words(decision)))
    return lines


def one_line(text: str, limit: int = PREVIEW_CHARS) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def where(result: Result) -> tuple[str, str]:
    """The word and the style for where a task ended."""
    word = result.status if result.status != "done" else result.route
    return word, _STYLE.get(word, "red")


def result_block(task: Task, result: Result, label: str) -> RenderableType:
    """One request of the demo: what it was, where it went and why, the answer and its checks."""
    word, style = where(result)
    guess = result.guess
    head = Text.assemble(
        (f"{label}  ", "dim"), (one_line(task.prompt), "bold"), overflow="ellipsis", no_wrap=True
    )
    route = Text.assemble(
        (f"{guess.kind.value} {guess.confidence:.2f} {guess.language}", "magenta"),
        " → ",
        (word + (f" {result.model}" if result.model and result.status == "done" else ""), style),
        (f"  {result.reason}", "dim"),
    )
    lines: list[RenderableType] = [head, Padding(route, (0, 0, 0, 5))]
    if result.text:
        lines.append(Padding(_answer(result.text), (0, 0, 0, 5)))
    lines += [Padding(attempt_line(item), (0, 0, 0, 5)) for item in result.attempts]
    lines += [Padding(Text(f"warning: {item}", "yellow"), (0, 0, 0, 5)) for item in result.warnings]
    return Group(*lines, Text())


def _answer(text: str) -> Text:
    lines = text.strip().splitlines()
    shown = lines[:ANSWER_LINES]
    if len(lines) > ANSWER_LINES:
        shown.append(f"… {len(lines) - ANSWER_LINES} more lines")
    return Text("\n".join(shown))


def attempt_line(attempt: Attempt) -> Text:
    """One attempt: who, what the checks found, how long, what it cost."""
    text = Text()
    text.append(f"{attempt.role}/{attempt.model}: ", "dim")
    if attempt.error:
        text.append(f"✗ {attempt.error}", "red")
    for check in attempt.checks:
        mark, style = ("✓ ", "green") if check.passed else ("✗ ", "yellow")
        text.append(mark, style)
        text.append(f"{check.name}", "" if check.passed else style)
        if not check.passed or check.name == "confidence":
            text.append(f" ({check.finding})", "dim")
        text.append("  ")
    usage = attempt.usage
    text.append(
        f"{seconds(attempt.latency_s)}  {usage.prompt_tokens}+{usage.completion_tokens} tokens  "
        f"{dollars(usage.cost_usd)}",
        "dim",
    )
    return text


def label_words(label: Privacy, reasons: Sequence[str]) -> str:
    return f"{label.value} ({'; '.join(reasons)})" if reasons else label.value


def _time(attempt: Attempt) -> str:
    if not attempt.ttft_s:
        return seconds(attempt.latency_s)
    return f"{seconds(attempt.latency_s)} (first token after {seconds(attempt.ttft_s)})"


def _form(result: Result) -> list[Text]:
    if result.form is None:
        return []
    return [Text.assemble(("form      ", "dim"), form_words(result.form))]


def explanation(result: Result) -> RenderableType:
    """The whole path of one task, for `--explain`."""
    guess, decision = result.guess, result.decision
    word, style = where(result)
    lines: list[RenderableType] = [
        Text.assemble(("kind      ", "dim"), nature(guess)),
        *_form(result),
        Text.assemble(("label     ", "dim"), label_words(result.label, result.label_reasons)),
        *weighed(decision),
        Text.assemble(("decision  ", "dim"), f"{decision.route}: {decision.reason}"),
    ]
    if result.cloud is not CloudState.OPEN:
        lines.append(Text.assemble(("no cloud  ", "dim"), result.cloud.value))
    for attempt in result.attempts:
        lines.append(
            Text.assemble(
                (f"attempt {attempt.number} ", "dim"),
                f"{attempt.route}, {attempt.role}/{attempt.model}: {attempt.outcome}, "
                f"{_time(attempt)}, {dollars(attempt.usage.cost_usd)}",
            )
        )
        if attempt.host:
            trusted = "trusted" if attempt.trusted else "shown what a cloud may see"
            lines.append(Text(f"          at {attempt.host}, another machine, {trusted}"))
        if thought := attempt.usage.thinking_tokens:
            of = f"{attempt.usage.completion_tokens:,} tokens"
            lines.append(Text(f"          {thought:,} of its {of} were thinking"))
        if attempt.redacted:
            lines.append(Text(f"          sent with {attempt.redacted} values replaced"))
        if attempt.error:
            lines.append(Text(f"          ✗ {attempt.error}", "red"))
        for check in attempt.checks:
            mark = "✓" if check.passed else "✗"
            lines.append(Text(f"          {mark} {check.name}: {check.finding}"))
    if result.thinking:
        lines.append(Text.assemble(("thinking  ", "dim"), result.thinking))
    lines.append(
        Text.assemble(
            ("result    ", "dim"),
            (word, style),
            f": {result.reason}; {seconds(result.latency_s)}, {dollars(result.cost_usd)}, "
            f"avoided about {dollars(result.avoided_usd)}",
        )
    )
    return Group(*lines)
