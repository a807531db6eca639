"""What the project says it needs is what it uses: pyproject.toml, environment.yml, and the imports of the package."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
CONDA = {"matplotlib-base": "matplotlib", "nbconvert-core": "nbconvert", "python-duckdb": "duckdb"}
"""Packages that conda-forge has under another name."""
IMPORTS = {"python-pptx": "pptx"}
"""Packages that are imported under another name."""


def requirements(lines: Iterable[str]) -> dict[str, str]:
    """Bounds by name."""
    found = {}
    for line in lines:
        name, bounds = re.match(r"([\w-]+)\s*(.*)", line).groups()  # type: ignore[union-attr]
        found[CONDA.get(name, name).replace("_", "-")] = bounds.replace(" ", "")
    return found


def imported(path: Path) -> set[str]:
    """The third-party packages that a file imports anywhere in it; _typeshed is known to type checkers alone."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0]
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"sesreport", "_typeshed"}


def test_every_imported_package_is_declared() -> None:
    declared = requirements([*PROJECT["dependencies"], *EXTRAS["dask"]])
    known = {IMPORTS.get(name, name).replace("-", "_") for name in declared}
    found = {path: imported(path) - known for path in (ROOT / "sesreport").rglob("*.py")}
    assert {str(path.relative_to(ROOT)): names for path, names in found.items() if names} == {}


def test_environment_yml_lists_what_pyproject_does() -> None:
    wanted = requirements([*PROJECT["dependencies"], *EXTRAS["lab"]])
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    listed = requirements([line for line in conda if isinstance(line, str)])
    assert listed.pop("python") == PROJECT["requires-python"]
    listed.pop("pip")
    assert listed == wanted


def test_every_dependency_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text[text.index("dependencies = [") : text.index("[dependency-groups]")]
    lines = [line for line in block.splitlines() if line.startswith('  "')]
    assert len(lines) > 10
    assert all(re.search(r" # \w+", line) for line in lines)
