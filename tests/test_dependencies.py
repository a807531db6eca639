"""What the project says it needs is what it uses: pyproject.toml, environment.yml, and the imports of the package."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
CONDA = {"matplotlib-base": "matplotlib", "nbconvert-core": "nbconvert", "python-duckdb": "duckdb"}
"""Packages that conda-forge has under another name."""
IMPORTS = {"python-pptx": "pptx", "pyyaml": "yaml", "z3-solver": "z3"}
"""Packages that are imported under another name."""


def requirements(lines: Iterable[str]) -> dict[str, str]:
    """Bounds by name."""
    found = {}
    for line in lines:
        name, bounds = re.match(r"([\w-]+)\s*(.*)", line).groups()  # type: ignore[union-attr]
        found[CONDA.get(name, name).replace("_", "-")] = bounds.replace(" ", "")
    return found


def required(*extras: str) -> dict[str, str]:
    """What a plain install and these extras require: bounds by name."""
    return requirements([*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])])


def declared(*extras: str) -> set[str]:
    """The names under which the packages of a plain install and of these extras are imported."""
    return {IMPORTS.get(name, name).replace("-", "_") for name in required(*extras)}


def imported(path: Path) -> set[str]:
    """The third-party packages that a file imports anywhere in it; _typeshed is known to type checkers alone."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0]
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"sesreport", "_typeshed"}


def test_every_imported_package_is_declared() -> None:
    everywhere, in_demo = declared("dask"), declared("dask", "demo")
    missing = {}
    for path in (ROOT / "sesreport").rglob("*.py"):
        where = path.relative_to(ROOT).as_posix()
        missing[where] = imported(path) - (in_demo if where.startswith("sesreport/demo/") else everywhere)
    assert {where: names for where, names in missing.items() if names} == {}


def test_every_package_that_tests_and_benchmarks_import_is_declared() -> None:
    files = [path for name in ("tests", "benchmarks") for path in (ROOT / name).rglob("*.py")]
    ours = {name for path in files for name in (path.stem, path.parent.name)}
    needed = set().union(*map(imported, files)) - ours
    assert needed - declared("demo", "dev") == RIVALS


RIVALS = {"policyuniverse", "prowler"}
"""What a benchmark compares with where somebody has installed it."""
LOCKS = {"run": (), "demo": ("demo",), "dev": ("demo", "dev"), "lab": ("demo", "lab")}
"""The files of requirements/, and the extras that each installs."""


def pinned(name: str) -> dict[str, set[str]]:
    """The versions of each package in a lock file, one for each kind of machine; every one has a hash."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text().replace("\\\n", " ")
    assert "://" not in text, "a lock file names no place"
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        package, version = re.match(r"([\w.-]+)==(\S+) .*--hash=sha256:[0-9a-f]{64}", line).groups()  # type: ignore[union-attr]
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize(("name", "extras"), LOCKS.items())
def test_a_lock_file_holds_what_is_declared(name: str, extras: tuple[str, ...]) -> None:
    locked = pinned(name)
    for package, bounds in required(*extras).items():
        assert locked.get(package), f"{package} is missing: run 'make lock'"
        assert all(version in SpecifierSet(bounds) for version in locked[package]), f"{package}: run 'make lock'"


def test_a_plain_install_has_no_web_server_and_no_second_statistics() -> None:
    unwanted = requirements(EXTRAS["demo"]).keys() | {"statsmodels"}
    assert unwanted <= pinned("dev").keys()
    assert not unwanted & pinned("run").keys()


def test_the_locks_agree_with_each_other() -> None:
    everything = pinned("dev") | pinned("lab")
    for name in LOCKS:
        for package, versions in pinned(name).items():
            assert versions == everything[package], package


def test_environment_yml_lists_what_pyproject_does() -> None:
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    listed = requirements([line for line in conda if isinstance(line, str)])
    assert listed.pop("python") == PROJECT["requires-python"]
    listed.pop("pip")
    assert listed == required("demo", "lab")


def test_every_dependency_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text[text.index("dependencies = [") : text.index("[dependency-groups]")]
    lines = [line for line in block.splitlines() if line.startswith('  "')]
    assert len(lines) > 10
    assert all(re.search(r" # \w+", line) for line in lines)
