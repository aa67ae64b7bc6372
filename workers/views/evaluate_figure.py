"""Pictures of an evaluation: the cost-quality curve, and the classifier's confusion matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from graphs.workflow.picture.figure import blank
from router.errors import ConfigError
from router.evaluate.kinds import KindsReport
from router.evaluate.routing_report import RoutingReport

_INCHES = (8.0, 5.0)

# Distinguishable with red-green blindness, and by their dashes in black and white.
_LINES = (
    ("#0072b2", "-"),
    ("#d55e00", "-"),
    ("#009e73", "--"),
    ("#7f7f7f", ":"),
    ("#cc79a7", "-."),
    ("#56b4e9", "--"),
    ("#e69f00", "-."),
)


def draw_curves(report: RoutingReport, path: Path) -> None:
    """Mean score over the share of cloud calls, one line a router. Raises ConfigError."""
    figure, axes = _figure()
    for curve, (colour, dash) in zip(report.curves, _LINES * 3, strict=False):
        shares = np.linspace(0, 100, len(curve.quality))
        axes.plot(shares, curve.quality, color=colour, linestyle=dash, label=curve.name)
    local, cloud = report.always_local.value, report.always_cloud.value
    target = report.target * cloud
    axes.axhline(target, color="#bbbbbb", linewidth=0.8, zorder=0)
    axes.annotate(
        f"{report.target:.0%} of the cloud's score",
        (100, target),
        textcoords="offset points",
        xytext=(0, -11),
        ha="right",
        fontsize=8,
        color="#777777",
    )
    axes.plot([0], [local], "ks", markersize=6, label="always local")
    axes.plot([100], [cloud], "kD", markersize=6, label="always cloud")
    axes.plot(
        [100 * report.configured.calls],
        [report.configured.score],
        "k*",
        markersize=12,
        label="configuration in force",
    )
    axes.set_xlabel("share of tasks sent to the cloud, %")
    axes.set_ylabel("mean score, 0 to 1")
    axes.set_title(
        f"Quality and cost on {Path(report.file).name} ({report.check_rows:,} check rows)",
        fontsize=11,
    )
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="lower right", framealpha=0.9)
    _save(figure, path)


def draw_confusion(report: KindsReport, path: Path) -> None:
    """The shares of each label's prompts by their classification. Raises ConfigError."""
    labels = sorted({one.label for one in report.confusion})
    kinds = sorted({one.taken_for for one in report.confusion})
    counts = np.zeros((len(labels), len(kinds)))
    for one in report.confusion:
        counts[labels.index(one.label), kinds.index(one.taken_for)] = one.rows
    shares = counts / counts.sum(axis=1, keepdims=True)
    figure, axes = _figure()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.argwhere(counts > 0).tolist():
        dark = shares[row, column] > 0.5
        axes.text(
            column,
            row,
            f"{int(counts[row, column]):,}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if dark else "black",
        )
    axes.set_xticks(range(len(kinds)), kinds, rotation=35, ha="right", fontsize=9)
    axes.set_yticks(range(len(labels)), labels, fontsize=9)
    axes.set_xlabel("taken for")
    axes.set_ylabel("is")
    axes.set_title(f"Kinds on {Path(report.file).name} ({report.rows:,} rows)", fontsize=11)
    figure.colorbar(image, label="share of the row")
    _save(figure, path)


def _figure() -> tuple[Any, Any]:
    """A sheet, and its axes."""
    figure = blank(figsize=_INCHES, layout="constrained")
    return figure, figure.add_subplot()


def _save(figure: Any, path: Path) -> None:
    try:
        figure.savefig(path.expanduser())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
