"""Things that are found by being there: one registered function in a file of the right folder is all a new one takes.

The one loader of datasets, frames, formats, rules, KPIs, news, charts, sheets, slides, sections, destinations and
commands.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Hashable, Iterator, Mapping
from threading import RLock
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
OWN = "sesreport"

FOLDERS: Mapping[str, tuple[str, ...]] = {
    "collected frame": ("sesreport.snapshot.frames", "sesreport.collect.datasets"),
    "dataset": ("sesreport.collect.datasets",),
    "frame": ("sesreport.analysis", "sesreport.findings"),
    "file system": ("sesreport.aws",),
    "waste": ("sesreport.analysis.waste_kinds",),
    "cost export format": ("sesreport.usage.formats",),
    "rule": ("sesreport.findings.rules",),
    "KPI": ("sesreport.kpis.measures",),
    "happening": ("sesreport.kpis.happened",),
    "chart": ("sesreport.report.charts",),
    "sheet": ("sesreport.report.workbook.sheets",),
    "slide": ("sesreport.report.deck.slides",),
    "section": ("sesreport.report.html.sections",),
    "destination": ("sesreport.report.delivery.destinations",),
    "plan format": ("sesreport.governance.check.formats",),
    "fix format": ("sesreport.governance.fix.formats",),
    "check output": ("sesreport.governance.check.outputs",),
    "operation": ("sesreport.demo.operations",),
    "command": ("sesreport.cli.commands",),
}
"""Packages whose files are imported before the things of a kind are listed.

They are named here and imported by nobody above them, so that a frame of a later package is one of the analysis all
the same.
"""


def load_plugins(kind: str) -> None:
    """Imports every file that may register a thing of a kind."""
    for package in FOLDERS[kind]:
        folder = importlib.import_module(package).__path__
        for name in sorted(module.name for module in pkgutil.iter_modules(folder)):
            importlib.import_module(f"{package}.{name}")


_REGISTRIES: list[Registry[Any]] = []


def extended() -> bool:
    """Whether a module outside this package has registered anything: what it makes, no hash of our code covers."""
    return any(owner(module) != OWN for registry in _REGISTRIES for module in registry._modules.values())


class Registry(Mapping[str, Item], Generic[Item]):
    """The things of one kind in the order of their names, however they were imported; loaded when first asked for."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, Item] = {}
        self._modules: dict[str, str] = {}
        self._places: dict[Hashable, str] = {}
        self._loaded = self._loading = False
        self._lock = RLock()
        _REGISTRIES.append(self)

    def add(self, name: str, item: Item, module: str, *, place: Hashable = None) -> None:
        """Registers a thing that a module defines; ``place`` is a number that no two of a kind may have.

        The same module may register its thing again, as when a notebook's cell is run twice. Raises ValueError where
        another has taken the name or the place.
        """
        if owner(module) != OWN:
            self._load()  # so that what is taken is known
        if self._modules.get(name, module) != module:
            raise ValueError(f"there are two {self.kind}s named {name!r}: in {self._modules[name]} and in {module}")
        if place is not None and self._places.setdefault(place, name) != name:
            raise ValueError(f"{self.kind} {name!r}: {place} is taken by {self._places[place]!r}")
        self._items[name] = item
        self._modules[name] = module

    def __getitem__(self, name: str) -> Item:
        self._load()
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._items))

    def __len__(self) -> int:
        self._load()
        return len(self._items)

    def _load(self) -> None:
        if self._loaded:
            return
        with self._lock:  # another thread must not see half of them
            if not self._loading:
                self._loading = True  # files that are being imported may ask for what is there
                try:
                    load_plugins(self.kind)
                    self._loaded = True
                finally:
                    self._loading = False


def owner(module: str) -> str:
    """Whose a module is: that of this package, or itself."""
    return OWN if module.partition(".")[0] == OWN else module
