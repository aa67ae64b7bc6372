"""Draws a workflow with matplotlib: its steps in waves from top to bottom, as in the Mermaid
chart."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from graphs.workflow.definition.labels import labels
from graphs.workflow.definition.model import Step, WorkflowDefinition
from graphs.workflow.definition.order import needs, reads, waves
from graphs.workflow.picture.drawing_layout import HEAD, Box, Point, lay_out
from graphs.workflow.picture.figure import DPI, blank
from graphs.workflow.picture.mermaid import title
from router.errors import ConfigError
from router.types.task import Privacy
from router.wording import printable, shown

MOST_STEPS = 120
"""With more steps a picture is unreadable."""

_ROW = 5
"""Boxes in a row; a wave with more of them takes several rows."""

_WRAP = 38
_MOST_WRAP = 48
_LINES = 3
_PARTS = re.compile(r"[^\s.,()]*[\s.,()]+|[^\s.,()]+")
_FONT = 9.0
_LINE = 13.0
_PAD = (12.0, 8.0)
_MARGIN = 24.0
_POINTS = 72.0
_MOST_PIXELS = 12_000

# Light fills that differ in brightness too, for people who see red and green alike.
_FILLS = {
    "prompt": "#eef3fb",
    "tool": "#fdf3e1",
    "workflow": "#f1ecf8",
    "approve": "#fdeceb",
    "wait": "#f0f0f0",
}
_SLANT = 9.0
_LEGEND = (
    "dashed: always in the cloud    green: local_only    "
    "arrows: text flows; dotted: only waits or decides"
)


def draw(workflow: WorkflowDefinition, path: Path) -> None:
    """Writes the picture of a checked workflow; the file's suffix decides the format.

    Raises ConfigError where matplotlib is missing, the format is unknown, or the file cannot be
    written.
    """
    if len(workflow.steps) > MOST_STEPS:
        raise ConfigError(
            f"{workflow.name} has {len(workflow.steps)} steps, a picture has room for "
            f"{MOST_STEPS}: leave out --png"
        )
    try:
        with warnings.catch_warnings():
            # A letter that the font lacks is drawn as a box, which is warning enough.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            picture = _Picture(workflow)
            picture.figure.savefig(path.expanduser(), dpi=picture.figure.dpi)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    except ValueError:
        known = ", ".join(sorted(picture.figure.canvas.get_supported_filetypes()))
        raise ConfigError(f"{path}: no picture is called so; formats are {known}") from None


class _Picture:
    """layout: in the units of the axes; texts: the lines of each box, as matplotlib has them."""

    def __init__(self, workflow: WorkflowDefinition) -> None:
        self.figure = blank()
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.axis("off")
        self._workflow = workflow
        lines = {step.id: [step.id, *_wrapped(step)] for step in workflow.steps}
        sizes = {step.id: self._size(step, lines[step.id]) for step in workflow.steps}
        wanted = needs(workflow)
        arrows = {
            (other, name): "text" if other in reads(workflow.step(name)).data.steps else "wait"
            for name, others in wanted.items()
            for other in others
        }
        self.layout = lay_out(sizes, _rows(workflow), arrows)
        self.texts: dict[str, list[Any]] = {}
        self._set_size()
        self._draw_arrows()
        kept = labels(workflow)
        for step in workflow.steps:
            self._draw_step(step, lines[step.id], kept[step.id] is Privacy.LOCAL_ONLY)

    def _size(self, step: Step, lines: list[str]) -> Point:
        width = max(self._width(text, bold=number == 0) for number, text in enumerate(lines))
        slant = 2 * _SLANT if step.action in ("workflow", "approve", "wait", "tool") else 0.0
        return width + 2 * _PAD[0] + slant, len(lines) * _LINE + 2 * _PAD[1]

    def _width(self, text: str, *, bold: bool = False) -> float:
        """The width of a line of text, in points."""
        measured = self._text(0, 0, text, **_style(bold))
        pixels: float = measured.get_window_extent(self.figure.canvas.get_renderer()).width
        measured.remove()
        return pixels * _POINTS / float(self.figure.dpi)

    def _set_size(self) -> None:
        """One unit of the axes is a point; y goes down."""
        layout, head, name = self.layout, 2.4 * _LINE, shown(self._workflow.name)
        least = max(self._width(_LEGEND), 1.5 * self._width(name, bold=True))
        width, height = max(layout.width, least), layout.height + head + 1.8 * _LINE
        beside = (width - layout.width) / 2 + _MARGIN
        self._axes.set_xlim(-beside, layout.width + beside)
        self._axes.set_ylim(layout.height + 1.8 * _LINE + _MARGIN, -head - _MARGIN)
        inches = [(one + 2 * _MARGIN) / _POINTS for one in (width, height)]
        self.figure.set_size_inches(*inches)
        self.figure.set_dpi(min(DPI, _MOST_PIXELS / max(inches)))
        middle = layout.width / 2
        self._text(middle, -head, name, fontsize=1.3 * _FONT, weight="bold")
        self._text(middle, layout.height + 1.8 * _LINE, _LEGEND, color="#666666")

    def _draw_arrows(self) -> None:
        from matplotlib.patches import PathPatch, Polygon

        for (source, target), points in self.layout.ways.items():
            flows = source in reads(self._workflow.step(target)).data.steps
            colour, (x, y) = "#444444" if flows else "#777777", points[-1]
            dashes = "-" if flows else (0, (1, 2))
            shape = _curve((*points[:-1], (x, y - HEAD)))
            self._axes.add_patch(
                PathPatch(shape, fill=False, color=colour, linewidth=1.1, linestyle=dashes)
            )
            half = HEAD / 2.4
            corners = [(x - half, y - HEAD), (x + half, y - HEAD), (x, y)]
            self._axes.add_patch(Polygon(corners, color=colour, linewidth=0))

    def _draw_step(self, step: Step, lines: list[str], stays: bool) -> None:
        box = self.layout.boxes[step.id]
        for number, patch in enumerate(_outline(step.action, box)):
            patch.set_facecolor(_FILLS[step.action] if number == 0 else "none")
            patch.set_edgecolor("#22aa77" if stays else "#444444")
            patch.set_linewidth(2.6 if stays else 1.2)
            patch.set_linestyle((0, (4, 3)) if step.always_in_cloud else "-")
            self._axes.add_patch(patch)
        first = box.y - (len(lines) - 1) * _LINE / 2
        self.texts[step.id] = [
            self._text(box.x, first + number * _LINE, text, **_style(number == 0))
            for number, text in enumerate(lines)
        ]

    def _text(self, x: float, y: float, text: str, **style: Any) -> Any:
        # Texts from the file must not be parsed as formulas.
        common = {"fontsize": _FONT, "ha": "center", "va": "center", "parse_math": False}
        return self._axes.text(x, y, printable(text), **(common | style))


def _rows(workflow: WorkflowDefinition) -> list[tuple[str, ...]]:
    """The waves, a wide one as several rows of about the same length."""
    rows: list[tuple[str, ...]] = []
    for wave in waves(workflow):
        count = -(-len(wave) // _ROW)
        most = -(-len(wave) // count)
        rows += [wave[at : at + most] for at in range(0, len(wave), most)]
    return rows


def _style(bold: bool) -> dict[str, Any]:
    return {"weight": "bold" if bold else "normal"}


def _wrapped(step: Step) -> list[str]:
    return [line for row in title(step) for line in _filled(row)]


def _filled(text: str) -> list[str]:
    """The text in lines about as wide as a box, cut after spaces, dots and brackets, or anywhere in
    longer words; what needs too many lines is left out."""
    lines = [""]
    for part in _PARTS.findall(" ".join(text.split())):
        if lines[-1] and len(lines[-1] + part.rstrip()) > _WRAP:
            lines.append("")
        lines[-1] += part
        while len(lines[-1]) > _MOST_WRAP:
            lines[-1:] = [lines[-1][:_WRAP], lines[-1][_WRAP:]]
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1].rstrip()} ..."]
    return [line.strip() for line in lines]


def _curve(points: tuple[Point, ...]) -> Any:
    """A path through all points: lines and curves in turn, vertical at each point."""
    from matplotlib.path import Path as Shape

    vertices, codes = [points[0]], [Shape.MOVETO]
    for number, (x, y) in enumerate(points[1:]):
        before_x, before_y = points[number]
        if number % 2 == 0:
            vertices.append((x, y))
            codes.append(Shape.LINETO)
            continue
        middle = (before_y + y) / 2
        vertices += [(before_x, middle), (x, middle), (x, y)]
        codes += [Shape.CURVE4] * 3
    return Shape(vertices, codes)


def _outline(action: str, box: Box) -> list[Any]:
    """The shape for a kind of step; the parts after the first are not filled."""
    from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle

    width, height = box.width, box.height
    left, top = box.x - width / 2, box.y - height / 2
    right, bottom = left + width, top + height
    if action == "workflow":
        corners = [(left + _SLANT, top), (right, top), (right - _SLANT, bottom), (left, bottom)]
        return [Polygon(corners)]
    if action == "approve":
        corners = [
            *((left + _SLANT, top), (right - _SLANT, top), (right, box.y)),
            *((right - _SLANT, bottom), (left + _SLANT, bottom), (left, box.y)),
        ]
        return [Polygon(corners)]
    if action == "tool":
        inner = Rectangle((left + _SLANT / 2, top), width - _SLANT, height)
        return [Rectangle((left, top), width, height), inner]
    radius = height / 2 if action == "wait" else 4.0
    shape = f"round,pad=0,rounding_size={min(radius, height / 2, width / 2)}"
    return [FancyBboxPatch((left, top), width, height, boxstyle=shape)]
