"""The charts by name. A new chart is one function with ``@chart`` in a module of this package."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sesreport.analysis.basis import COLLECTED, Basis, place_basis
from sesreport.core.registry import Registry
from sesreport.kpis.results import Results
from sesreport.kpis.words import within
from sesreport.report.charts.look import look, no_data


@dataclass(frozen=True)
class Chart:
    """One registered chart."""

    name: str
    title: str
    """What it shows, in neutral words (the drawn title is the message)."""
    frames: tuple[str, ...]
    """Frames it takes, in this order; the first must have rows, the others only add names. None: it takes Results."""
    draw: Callable[..., Figure]


CHARTS: Registry[Chart] = Registry("chart")

_REGIONAL = {"identities", "policies", "sending", "metrics", "sending_accounts", "changes", "dedicated_ips"}
"""Datasets that are read place by place."""


def chart(name: str, title: str, *frames: str) -> Callable[[Callable[..., Figure]], Callable[..., Figure]]:
    """Register a chart function ``(frame, …, *, ax=None, scope="", …) -> Figure``.

    The function draws within :func:`look`, and is not called for a frame without rows: that makes a figure that
    says so (with ``reason`` where the caller knows it).
    """

    def register(function: Callable[..., Figure]) -> Callable[..., Figure]:
        @functools.wraps(function)
        def draw(*data: Any, ax: Any = None, reason: str | None = None, **options: Any) -> Figure:
            if isinstance(data[0], pd.DataFrame) and data[0].empty:
                return no_data(title, reason or f"the frame {frames[0]} has no rows", ax)
            with look():
                return function(*data, ax=ax, **options)

        CHARTS.add(name, Chart(name, title, frames, draw), function.__module__)
        return draw

    return register


def why_empty(name: str, frames: Mapping[str, pd.DataFrame]) -> str:
    """Why a frame has no rows, as far as coverage knows."""
    if name not in frames:
        return f"the frame {name} is not part of this pack"
    if name == "register":
        return "the register of approved outside accounts has no rows"
    coverage = frames.get("coverage")
    datasets = COLLECTED.get(name, (name,))
    basis = Basis(0, 0) if coverage is None or coverage.empty else place_basis(coverage, datasets)
    if name == "changes_since":
        what = "there is no earlier snapshot to compare with, or nothing changed"
        return what + ("" if basis.whole or not basis.expected else within(basis))
    if basis.whole:
        return f"everything was read and there is nothing in the frame {name}"
    if basis.expected and set(datasets) <= _REGIONAL:
        told = " and ".join(each.replace("_", " ") for each in datasets)
        return f"{told}: read in {basis.read:,} of {basis.expected:,} places (account × Region)"
    return f"the frame {name} has no rows"


def draw(name: str, results: Results, frames: Mapping[str, pd.DataFrame], **options: Any) -> Figure:
    """A chart by name, from a pack's results and frames; KeyError when there is no such chart."""
    entry = CHARTS[name]
    wanted = inspect.signature(entry.draw).parameters
    options.setdefault("scope", f"{results.organization_name}, {results.period_name}")
    if "as_of" in wanted:
        options.setdefault("as_of", results.snapshot.finished_at)
    if "results" in wanted and entry.frames:
        options.setdefault("results", results)
    if not entry.frames:
        return entry.draw(results, **options)
    first, *others = entry.frames
    frame = frames.get(first)
    if frame is None or frame.empty:
        return no_data(entry.title, why_empty(first, frames))
    return entry.draw(frame, *(frames.get(other) for other in others), **options)
