"""Which file imports which: down the flow never, in a circle never; computed from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

from sesreport.core import registry
from sesreport.core.resources import PACKAGE

PACKAGES = (
    "core", "settings", "policy", "snapshot", "aws", "collect", "usage", "analysis", "findings", "kpis", "governance",
    "report", "demo", "cli",
)  # fmt: skip
"""The flow: a package imports from those before it."""
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def imports(module: str, path: Path) -> Iterator[tuple[str, int]]:
    """Modules of this package that a file names in an import, wherever it stands, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            named = [name if name in MODULES else str(node.module) for name in full]
        else:
            continue
        yield from ((name, node.lineno) for name in named if name in MODULES and name != module)


@cache
def edges() -> list[tuple[str, str, int]]:
    """A module, one that it imports, and the line."""
    return [(module, to, line) for module, path in MODULES.items() for to, line in imports(module, path)]


def package_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def where(module: str, line: int) -> str:
    return f"{MODULES[module].relative_to(PACKAGE.parent)}:{line}"


def test_every_package_has_its_place_in_the_flow() -> None:
    beside = {path.name for path in PACKAGE.iterdir() if path.is_file() and not path.name.startswith(".")}
    assert beside == {"__init__.py", "__main__.py", "py.typed"}
    assert {package_of(module) for module in MODULES} - {"", "__main__"} <= set(PACKAGES)


def test_no_import_goes_down_the_flow() -> None:
    wrong = [
        f"{where(module, line)} imports {to}"
        for module, to, line in edges()
        if package_of(module) in PACKAGES
        and (not package_of(to) or PACKAGES.index(package_of(to)) > PACKAGES.index(package_of(module)))
    ]
    assert wrong == []


def test_no_file_imports_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for module, to, _ in edges():
        graph.setdefault(module, set()).add(to)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        lines = [where(a, next(n for x, y, n in edges() if (x, y) == (a, b))) for a, b in pairwise(circle)]
        pytest.fail(f"{' -> '.join(circle)} ({', '.join(lines)})")


@pytest.mark.parametrize("package", sorted({p for folders in registry.FOLDERS.values() for p in folders}))
def test_folders_whose_files_are_found_are_there(package: str) -> None:
    assert package in MODULES


@pytest.mark.parametrize("package", [name for name in PACKAGES if f"sesreport.{name}" in MODULES])
def test_every_package_says_what_it_holds_and_where_the_next_thing_goes(package: str) -> None:
    said = ast.get_docstring(ast.parse(MODULES[f"sesreport.{package}"].read_text(encoding="utf-8"))) or ""
    assert "May import" in said
    assert len(said.splitlines()) >= 3
