"""How a proof looks in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from router.account.hash_chain import (
    MOST_FINDINGS,
    moment,
)
from router.account.proof import FindingRow, Proof

_LOCAL, _ATTEMPT = b'"route":"local"', b'"record":"attempt"'

_SHOWN_FINDINGS = 20


def proof_view(proof: Proof) -> RenderableType:
    """The whole proof."""
    if not proof.records and not proof.unchained and proof.intact:
        return Text("nothing is recorded yet: try  edgeward demo")
    parts: list[RenderableType] = [_labels(proof), Text()]
    if proof.hosts:
        parts += [_hosts(proof), Text()]
    parts += [Text(sentence, "bold") for sentence in proof.sentences]
    if proof.breaches:
        parts += [Text(), *_lines(proof.breaches, proof.breaches_total)]
    parts += [Text(), _chain(proof)]
    if proof.findings:
        parts += [Text(), *_lines(proof.findings, proof.findings_total)]
    return Group(*parts)


def _labels(proof: Proof) -> Table:
    period = f" since {moment(proof.since)}" if proof.since is not None else ""
    title = f"what left this machine{period}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("label")
    for name in ("tasks", "local attempts", "sent to a cloud", "redacted", "stopped"):
        table.add_column(name, justify="right")
    table.add_column("to")
    for row in proof.labels:
        counts = (row.tasks, row.local_attempts, row.cloud_attempts, row.redacted, row.stopped)
        models = ", ".join(f"{name} {count}" for name, count in row.models.items())
        table.add_row(Text(row.label), *map(str, counts), Text(models))
    return table


def _hosts(proof: Proof) -> Table:
    title = "what models on other machines were given"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("machine", "trusted", "label"):
        table.add_column(name)
    for name in ("texts", "redacted", "stopped"):
        table.add_column(name, justify="right")
    table.add_column("to")
    for row in proof.hosts:
        counts = (str(row.texts), str(row.redacted), str(row.stopped))
        models = ", ".join(f"{name} {count}" for name, count in row.models.items())
        trusted = "yes, as they are" if row.trusted else "no"
        table.add_row(Text(row.host), trusted, Text(row.label), *counts, Text(models))
    return table


def _chain(proof: Proof) -> Table:
    table = Table.grid(padding=(0, 2))
    good = Text("intact", "green") if proof.intact else Text("not intact", "bold red")
    speed = f"{proof.records:,} records in {proof.seconds:.1f} s"
    table.add_row("ledger", Text.assemble(good, f": {speed}, from {proof.source}"))
    if proof.first_seq > 1:
        table.add_row("begins", f"with record {proof.first_seq}: those before are not kept so long")
    if proof.unchained:
        table.add_row("unchained", f"{proof.unchained:,} records of an earlier version, unproved")
    signed = f"{proof.signed_here:,} by this machine, {proof.signed_elsewhere:,} by others"
    table.add_row("countersigned", f"{signed}; {proof.remembered:,} heads remembered here")
    if proof.head_time is not None:
        head = f"record {proof.head_seq} of {moment(proof.head_time)}"
        table.add_row("head", f"{head}\n{proof.head_digest}")
    return table


def _lines(found: Sequence[FindingRow], total: int) -> list[Text]:
    lines = [
        Text.assemble((f"{one.what}: ", "bold red"), one.text) for one in found[:_SHOWN_FINDINGS]
    ]
    more = total - len(lines)
    if more:
        kept = f"the first {MOST_FINDINGS} are in --json"
        lines.append(Text(f"and {more:,} more; {kept}", "red"))
    return lines
