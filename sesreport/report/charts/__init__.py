"""Charts for notebooks and reports: ``charts.exposure_by_class(ses.exposures)``, or by name with :func:`draw`.

Every chart is one registered function (see :data:`CHARTS`) that takes its frame, draws on a figure of its own or on
``ax``, and returns the figure. The figure carries its alternative text; ending a notebook cell with it shows it so.
A new chart is a new function with ``@chart`` in any module of this package: nothing else is edited.
"""

from __future__ import annotations

from collections.abc import Callable

from sesreport.report.charts import backend  # noqa: F401 (imports matplotlib)

# isort: split
from matplotlib.figure import Figure

from sesreport.report.charts.exposure_what_if import exposure_what_if
from sesreport.report.charts.kpi_series import sparkline
from sesreport.report.charts.look import ChartFigure, no_data
from sesreport.report.charts.registry import CHARTS, Chart, chart, draw, why_empty
from sesreport.report.charts.svg import figure_svg

__all__ = [
    "CHARTS",
    "Chart",
    "ChartFigure",
    "chart",
    "draw",
    "exposure_what_if",
    "figure_svg",
    "no_data",
    "sparkline",
    "why_empty",
]


def __getattr__(name: str) -> Callable[..., Figure]:
    """A registered chart's function by its name."""
    if name in CHARTS:
        return CHARTS[name].draw
    raise AttributeError(f"there is no chart {name!r}: {', '.join(sorted(CHARTS))}")


def __dir__() -> list[str]:
    return sorted([*__all__, *CHARTS])
