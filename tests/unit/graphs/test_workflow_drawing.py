"""The picture of a workflow: boxes do not touch, texts are whole, arrows miss both."""

from __future__ import annotations

import sys
import warnings
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from graphs.workflow.definition.load import load_workflow, loads
from graphs.workflow.definition.model import WorkflowDefinition
from graphs.workflow.definition.order import needs, waves
from graphs.workflow.definition.validate import check
from graphs.workflow.picture.drawing import MOST_STEPS, _curve, _Picture, draw
from graphs.workflow.picture.drawing_layout import Box, Layout
from router.errors import ConfigError
from router.settings.shipped import config_path

SHIPPED = [load_workflow(path) for path in sorted(config_path("workflows").glob("*.yaml"))]
LONG = "contains(steps.start.output, 'words that nobody would put there, and more of them')"
ODD = check(
    loads(
        "name: 'all $x^2$ of & <it>'\nsteps:\n"
        "  - {id: start, prompt: x}\n"
        "  - {id: a, needs: [start], tool: t, arguments: {x: '${{ steps.start.output }}'}}\n"
        f'  - {{id: b, needs: [start], agent: cloud, prompt: x, if: "{LONG} or {LONG}"}}\n'
        "  - {id: c, needs: [start], prompt: x, for_each: [1, 2, 3]}\n"
        "  - {id: d, needs: [start], prompt: x, privacy: local_only}\n"
        "  - {id: e, needs: [start], prompt: x}\n"
        "  - {id: f, needs: [start], prompt: x, escalate: {to: cloud}}\n"
        "  - {id: g, needs: [start], prompt: x}\n"
        "  - {id: w, needs: [a], wait: {seconds: 5}}\n"
        "  - {id: ok, needs: [w, b], approve: {message: x}}\n"
        f"  - {{id: {'long_' * 12}, needs: [ok, c, start], prompt: '${{{{ steps.d.output }}}}'}}\n"
        "  - {id: last, needs: [e, f, g, start, ok], prompt: x}\n"
    )
)
WIDE = loads(
    "name: wide\nsteps:\n  - {id: s, prompt: x}\n"
    + "".join(f"  - {{id: p{n}, needs: [s], prompt: x}}\n" for n in range(50))
    + "".join(
        f"  - {{id: q{n}, needs: [p{n}], prompt: '${{{{ steps.s.output }}}}'}}\n" for n in range(50)
    )
)
DRAWN = [*SHIPPED, ODD, WIDE]
NAMES = [one.name for one in DRAWN]


def apart(one: Box, other: Box) -> bool:
    return (
        abs(one.x - other.x) >= (one.width + other.width) / 2
        or abs(one.y - other.y) >= (one.height + other.height) / 2
    )


def crossed(layout: Layout) -> list[tuple[tuple[str, str], str]]:
    """Arrows that go through a box, as they are drawn."""
    return [
        (arrow, name)
        for arrow, points in layout.ways.items()
        for line in _curve(points).to_polygons(closed_only=False)
        for one, other in pairwise(line)
        for x, y in ((one * part + other * (10 - part)) / 10 for part in range(11))
        for name, box in layout.boxes.items()
        if abs(x - box.x) < box.width / 2 - 1 and abs(y - box.y) < box.height / 2 - 1
    ]


@pytest.mark.parametrize("workflow", DRAWN, ids=NAMES)
def test_no_box_touches_another_and_no_arrow_goes_through_one(workflow: WorkflowDefinition) -> None:
    layout = _Picture(workflow).layout
    assert layout.boxes.keys() == {step.id for step in workflow.steps}
    for one, other in combinations(layout.boxes.values(), 2):
        assert apart(one, other)
    assert crossed(layout) == []


@pytest.mark.parametrize("workflow", DRAWN, ids=NAMES)
def test_every_step_stands_below_what_it_waits_for_with_an_arrow_from_it(
    workflow: WorkflowDefinition,
) -> None:
    layout = _Picture(workflow).layout
    arrows = {(other, name) for name, others in needs(workflow).items() for other in others}
    assert layout.ways.keys() == arrows
    for (source, target), points in layout.ways.items():
        start, end = layout.boxes[source], layout.boxes[target]
        assert points[0] == (start.x, start.y + start.height / 2)
        assert points[-1][1] == end.y - end.height / 2
        assert abs(points[-1][0] - end.x) < end.width / 2
        assert all(above[1] <= below[1] for above, below in pairwise(points))
    for earlier, later in pairwise(waves(workflow)):
        assert max(layout.boxes[name].y for name in earlier) < min(
            layout.boxes[name].y for name in later
        )


@pytest.mark.parametrize("workflow", DRAWN, ids=NAMES)
def test_every_text_is_inside_its_box_and_every_box_inside_the_picture(
    workflow: WorkflowDefinition,
) -> None:
    picture = _Picture(workflow)
    figure = picture.figure
    figure.canvas.draw()
    (axes,) = figure.axes
    whole = figure.bbox
    for name, texts in picture.texts.items():
        box = picture.layout.boxes[name]
        corners = [
            (box.x + sign * box.width / 2, box.y + sign * box.height / 2) for sign in (-1, 1)
        ]
        (left, top), (right, bottom) = axes.transData.transform(corners)
        assert whole.x0 < left < right < whole.x1
        assert whole.y0 < bottom < top < whole.y1
        for text in texts:
            extent = text.get_window_extent()
            assert left < extent.x0
            assert extent.x1 < right
            assert bottom < extent.y0
            assert extent.y1 < top
        for one, other in pairwise(texts):
            assert other.get_window_extent().y1 <= one.get_window_extent().y0 + 1
    for text in axes.texts:
        extent = text.get_window_extent()
        assert whole.x0 <= extent.x0
        assert extent.x1 <= whole.x1


def test_a_long_condition_is_cut_and_a_formula_stays_text() -> None:
    picture = _Picture(ODD)
    assert picture.texts["b"][-1].get_text().endswith(" ...")
    assert "all $x^2$ of & <it>" in [one.get_text() for one in picture.figure.axes[0].texts]


def test_cloud_is_dashed_and_local_only_is_green() -> None:
    patches = _Picture(ODD).figure.axes[0].patches
    green = [
        one
        for one in patches
        if one.get_edgecolor()[:3] == pytest.approx((34 / 255, 170 / 255, 119 / 255))
    ]
    assert len(green) == 2  # `d`, and what reads it
    boxes = [one for one in patches if one.get_linewidth() in (1.2, 2.6)]
    assert sum(one.get_linestyle() != "-" for one in boxes) == 1


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_file_is_a_picture_in_the_format_of_its_name(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"w.{ending}"
    draw(SHIPPED[0], path)
    written = path.read_bytes()
    assert written.startswith(b"\x89PNG\r\n" if ending == "png" else b"<?xml")
    assert len(written) > 5_000


def test_letters_that_the_font_has_not_are_no_warning(tmp_path: Path) -> None:
    workflow = loads("name: 概要\nsteps:\n  - {id: a, prompt: x, if: \"inputs.x == '概要'\"}\n"
                     "inputs: {x: {}}\n")  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw(workflow, tmp_path / "w.png")


def test_what_cannot_be_drawn_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=r"no picture is called so; formats are .*png"):
        draw(SHIPPED[0], tmp_path / "w.doc")
    with pytest.raises(ConfigError, match="cannot be written: No such file or directory"):
        draw(SHIPPED[0], tmp_path / "none" / "w.png")
    steps = "".join(f"  - {{id: s{n}, prompt: x}}\n" for n in range(MOST_STEPS + 1))
    with pytest.raises(ConfigError, match="has 121 steps, a picture has room for 120"):
        draw(loads(f"name: n\nsteps:\n{steps}"), tmp_path / "w.png")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match=r"pip install 'edgeward\[eval\]'"):
        draw(SHIPPED[0], tmp_path / "w.png")
