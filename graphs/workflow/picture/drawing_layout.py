"""Lays out the boxes and arrows of a chart: arithmetic, in points, y downwards.

Boxes are in rows from top to bottom; an arrow that passes rows has a lane in each, so that it
crosses no box. The order in a row, and then the positions, follow the neighbours', as in Sugiyama's
method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
_Node = tuple[str, int]
"""A box in its row, or a lane in a row, by the box and the kind of arrow that it belongs to."""

GAP_X = 22.0
GAP_Y = 44.0
HEAD = 7.0
"""Points of an arrow's head, which stands above the row of its box."""

_LANE = 6.0
_SWEEPS = 8


@dataclass(frozen=True, slots=True)
class Box:
    """x, y: its centre."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """ways: the points of each arrow: vertical lines beside or to a box, from the first point to
    the second, the third to the fourth and so on, with curves between them."""

    boxes: dict[str, Box]
    ways: dict[tuple[str, str], tuple[Point, ...]]
    width: float
    height: float


def lay_out(
    sizes: Mapping[str, Point], rows: Sequence[Sequence[str]], arrows: Mapping[tuple[str, str], str]
) -> Layout:
    """sizes: width and height of the boxes, by name (one word). arrows: from a row to a later one,
    with their kinds; arrows of one kind and one source share their lanes."""
    row_of = {name: number for number, row in enumerate(rows) for name in row}
    chains = {arrow: _chain(arrow, kind, row_of) for arrow, kind in arrows.items()}
    above: dict[_Node, list[_Node]] = {}
    below: dict[_Node, list[_Node]] = {}
    for chain in chains.values():
        for one, other in pairwise(chain):
            if other not in below.setdefault(one, []):
                below[one].append(other)
                above.setdefault(other, []).append(one)
    nodes: list[list[_Node]] = [[(name, number) for name in row] for number, row in enumerate(rows)]
    lanes = dict.fromkeys(node for chain in chains.values() for node in chain[1:-1])
    for node in lanes:
        nodes[node[1]].append(node)

    def width(node: _Node) -> float:
        return sizes[node[0]][0] if node[0] in sizes else _LANE

    _order(nodes, above, below)
    places = _places(nodes, above, below, width)
    left = min(places[node] - width(node) / 2 for row in nodes for node in row)
    right = max(places[node] + width(node) / 2 for row in nodes for node in row)
    heights = [max(sizes[name][1] for name in row) for row in rows]
    tops = [sum(heights[:number]) + GAP_Y * number for number in range(len(rows))]
    boxes = {
        name: Box(places[name, number] - left, tops[number] + heights[number] / 2, *sizes[name])
        for name, number in row_of.items()
    }
    ways = {}
    for (source, target), chain in chains.items():
        entries = sorted(above[target, row_of[target]], key=places.__getitem__)
        start, end = boxes[source], boxes[target]
        points: list[Point] = [(start.x, start.y + start.height / 2)]
        for node, following in pairwise(chain):
            points.append((places[node] - left, tops[node[1]] + heights[node[1]]))
            if following != chain[-1]:
                points.append((places[following] - left, tops[following[1]]))
        share = (entries.index(chain[-2]) + 1) / (len(entries) + 1)
        x = end.x + (share - 0.5) * end.width * 0.7
        points += [(x, tops[row_of[target]] - HEAD), (x, end.y - end.height / 2)]
        ways[source, target] = tuple(points)
    return Layout(boxes, ways, right - left, tops[-1] + heights[-1])


def _chain(arrow: tuple[str, str], kind: str, row_of: Mapping[str, int]) -> list[_Node]:
    source, target = arrow
    first, last = row_of[source], row_of[target]
    lanes = [(f"{source} {kind}", number) for number in range(first + 1, last)]
    return [(source, first), *lanes, (target, last)]


def _order(
    nodes: list[list[_Node]],
    above: Mapping[_Node, list[_Node]],
    below: Mapping[_Node, list[_Node]],
) -> None:
    """Sorts each row by the mean position of its neighbours, downwards and upwards again."""
    for sweep in range(_SWEEPS):
        neighbours, rows = (above, nodes) if sweep % 2 == 0 else (below, nodes[::-1])
        number: dict[_Node, float] = {}
        for row in rows:
            own = {node: float(at) for at, node in enumerate(row)}
            row.sort(key=lambda node, own=own: _mean(neighbours, node, number, own[node]))  # type: ignore[misc]
            number |= {node: float(at) for at, node in enumerate(row)}


def _places(
    nodes: list[list[_Node]],
    above: Mapping[_Node, list[_Node]],
    below: Mapping[_Node, list[_Node]],
    width: Callable[[_Node], float],
) -> dict[_Node, float]:
    """The middle of each node: near its neighbours', as far as those beside it leave room."""
    places: dict[_Node, float] = {}
    for row in nodes:
        _set_out(row, dict.fromkeys(row, 0.0), width, places)
    for sweep in range(_SWEEPS):
        neighbours, rows = (above, nodes) if sweep % 2 == 0 else (below, nodes[::-1])
        for row in rows:
            wanted = {node: _mean(neighbours, node, places, places[node]) for node in row}
            _set_out(row, wanted, width, places)
    return places


def _set_out(
    row: Sequence[_Node],
    wanted: Mapping[_Node, float],
    width: Callable[[_Node], float],
    places: dict[_Node, float],
) -> None:
    """Positions as near as possible to the wanted ones, with the gap between any two; their mean is
    not shifted to either side."""
    at = float("-inf")
    for node in row:
        at = max(wanted[node], at + width(node) / 2)
        places[node] = at
        at += width(node) / 2 + GAP_X
    off = sum(places[node] - wanted[node] for node in row) / len(row)
    for node in row:
        places[node] -= off


def _mean(
    neighbours: Mapping[_Node, list[_Node]],
    node: _Node,
    places: Mapping[_Node, float],
    otherwise: float,
) -> float:
    found = [places[one] for one in neighbours.get(node, ()) if one in places]
    return sum(found) / len(found) if found else otherwise
