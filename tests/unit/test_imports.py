"""No two modules import each other, whether at the top, inside a function or for types alone."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("router", "agents", "graphs", "workers")


def imports_of(sources: dict[str, str]) -> dict[str, set[str]]:
    """By module, those of `sources` that it imports anywhere in its text."""
    found: dict[str, set[str]] = {}
    for module, text in sources.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                named |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{one.name}" for one in node.names}
                named |= (inner & sources.keys()) or {node.module}
        found[module] = named & sources.keys() - {module}
    return found


def require_no_circle(imports: dict[str, set[str]]) -> None:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        raise AssertionError(f"modules import each other: {' <- '.join(error.args[1])}") from None


def test_no_two_modules_import_each_other() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files}
    sources = {
        name.removesuffix(".__init__"): path.read_text("utf-8") for path, name in names.items()
    }
    assert len(sources) > 300
    require_no_circle(imports_of(sources))


@pytest.mark.parametrize(
    "back",
    ["from p import a", "def f():\n    from p.a import x", "if TYPE_CHECKING:\n    import p.a"],
)
def test_a_circle_is_noticed_wherever_the_import_stands(back: str) -> None:
    imports = imports_of({"p": "", "p.a": "from p.b import y", "p.b": back})
    with pytest.raises(AssertionError, match=r"p\.a"):
        require_no_circle(imports)
