"""What all charts look like: colors, canvas, title block, and the figure that says there are no data.

The rules are those of the International Business Communication Standards (IBCS): the title is the message, the
subtitle says who, what, unit and period; actual values are solid and dark, uncertain ones hatched; color means good
or bad; labels stand at the data, not in a legend. Sizes are inches, as matplotlib has them.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sesreport.core.text import visible
from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.charts.text import compact, lines, shortened

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

INK, MUTED, GRID, PAPER = "#1B1B1B", "#595959", "#D9D9D9", "#FFFFFF"
ACTUAL, LIGHT, PALE = "#404040", "#A6A6A6", "#E4E4E4"
GOOD, WATCH, BAD, WORST = "#0072B2", "#E69F00", "#A4262C", SEVERITY_COLORS["critical"]

WIDTH = 8.0
CHARACTER = 0.079
"""Width of an average character of the label font, with room to spare: whatever font a browser has, labels fit."""
_RC: Mapping[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the layout is the same on every machine
    "font.size": 9.5,
    "text.parse_math": False,  # a "$" in a name is a "$"
    "text.color": INK,
    "axes.edgecolor": LIGHT,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.9,
    "figure.facecolor": PAPER,
    "figure.dpi": 120,
    "svg.fonttype": "none",
    "svg.hashsalt": "sesreport",
    "timezone": "UTC",
}


class ChartFigure(Figure):
    """A figure with its message, and its alternative text for everyone who does not see it.

    A notebook that ends a cell with one shows a PNG whose alternative text is in the output's metadata.
    """

    message: str = ""
    subtitle: str = ""
    alt: str = ""
    title_block: float = 0.0
    """Height of the title block in inches; :func:`sesreport.report.charts.svg.figure_svg` can leave it out."""

    def __repr__(self) -> str:
        return f"Chart: {self.alt or self.message}"

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        buffer = io.BytesIO()
        with look():
            FigureCanvasAgg(self).print_png(buffer, metadata={"Software": None})
        png = base64.b64encode(buffer.getvalue()).decode("ascii")
        return {"image/png": png, "text/plain": repr(self)}, {"image/png": {"alt": self.alt}}


@contextmanager
def look() -> Iterator[None]:
    """Within it, matplotlib draws as every chart here does; the analyst's own settings come back after."""
    with matplotlib.rc_context(dict(_RC)):
        yield


def canvas(
    ax: Axes | None,
    *,
    height: float,
    labels: Sequence[str] = (),
    right: float = 0.3,
    below: float = 0.35,
    above: float = 0.0,
) -> Axes:
    """Axes of ``height`` inches on a figure of their own, with room for y ``labels``; or the given axes, unchanged.

    ``right``, ``below`` and ``above`` are inches around the plot, for labels, ticks, and a key.
    """
    if ax is not None:
        return ax
    left = min(max((len(label) for label in labels), default=4) * CHARACTER + 0.15, WIDTH * 0.6)
    whole = height + below + above
    figure = ChartFigure(figsize=(WIDTH, whole))
    return figure.add_axes((left / WIDTH, below / whole, (WIDTH - left - right) / WIDTH, height / whole))


def finish(ax: Axes, *, message: str, subtitle: str, alt: str, scope: str = "") -> Figure:
    """The figure with its title block on top and its alternative text; on axes of someone else, their title.

    ``scope`` (who, and which period) begins the subtitle.
    """
    figure: Any = ax.figure
    message, alt = visible(message), visible(alt)
    subtitle = visible(f"{scope}, {subtitle}" if scope else subtitle)
    subtitle = subtitle[:1].upper() + subtitle[1:]
    if not isinstance(figure, ChartFigure):
        ax.set_title("\n".join([*lines(message, 60), subtitle]), loc="left", fontsize=9.5)
        figure.alt = f"{getattr(figure, 'alt', '')} {alt}".strip()
        return cast(Figure, figure)
    heading, note = lines(message, 78), lines(subtitle, 104)
    block = 0.12 + 0.21 * len(heading) + 0.165 * len(note) + 0.16
    _make_room(figure, block)
    height = figure.get_figheight()
    figure.text(
        0, 1 - 0.03 / height, "\n".join(heading), va="top", fontsize=11.5, fontweight="bold", linespacing=1.25,
        gid="title-block",
    )  # fmt: skip
    figure.text(
        0, 1 - (0.08 + 0.21 * len(heading)) / height, "\n".join(note), va="top", fontsize=9, color=MUTED,
        linespacing=1.25, gid="title-block",
    )  # fmt: skip
    figure.message, figure.subtitle, figure.alt, figure.title_block = message, subtitle, alt, block
    return figure


def _make_room(figure: ChartFigure, block: float) -> None:
    """Grow the figure upwards by ``block`` inches; axes and texts keep their place and size."""
    old = figure.get_figheight()
    new = old + block
    for axes in figure.axes:
        box = axes.get_position()
        axes.set_position((box.x0, box.y0 * old / new, box.width, box.height * old / new))
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position((x, y * old / new))
    figure.set_figheight(new)


def no_data(title: str, reason: str, ax: Axes | None = None) -> Figure:
    """A figure that says that there is nothing to draw, and why; never an empty chart that looks like good news."""
    with look():
        ax = canvas(ax, height=1.1, right=0.02, below=0.02)
        if isinstance(ax.figure, ChartFigure):
            ax.set_position((0, 0.02, 1, 0.96))
        ax.set_xticks([])
        ax.set_yticks([])
        for spine in ax.spines.values():
            spine.set_visible(False)
        ax.set_facecolor("none")
        text = "\n".join(["No data", *lines(shortened(reason, 300), 88)])
        ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=MUTED, linespacing=1.5)
        return finish(ax, message=title, subtitle="No data", alt=f"{title}: no data. {reason}")


def value_axis(ax: Axes, *, axis: Literal["x", "y"] = "x", share: bool = False) -> None:
    """Few light gridlines with short numbers: ``12.5 k``, or percent for a ``share``."""
    target: Any = ax.xaxis if axis == "x" else ax.yaxis
    target.set_major_formatter(FuncFormatter((lambda v, _: f"{v * 100:.4g} %") if share else (lambda v, _: compact(v))))
    target.get_major_locator().set_params(nbins=5, min_n_ticks=2, steps=[1, 2, 5, 10], integer=not share)
    ax.grid(axis=axis)
    ax.spines["left" if axis == "y" else "bottom"].set_visible(False)


def bar_rows(ax: Axes, labels: Sequence[str]) -> None:
    """Row labels of a horizontal bar chart, first row on top."""
    ax.set_yticks(range(len(labels)), [visible(label) for label in labels])
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.tick_params(axis="y", pad=5)


def legend(ax: Axes, entries: Sequence[tuple[str, str]], *, y: float = 0.08) -> None:
    """Colored words above the plot, each ``(words, color)`` with a square in its color: read in the order drawn."""
    box, figure = ax.get_position(), ax.get_figure(root=True)
    assert figure is not None  # axes are drawn on one
    x, width, height = 0.0, box.width * figure.get_figwidth(), box.height * figure.get_figheight()
    for words, color in entries:
        ax.text(x / width, 1 + y / height, "■", transform=ax.transAxes, color=color, va="bottom", fontsize=11)
        ax.text((x + 0.17) / width, 1 + y / height, words, transform=ax.transAxes, va="bottom", fontsize=9)
        x += 0.17 + len(words) * CHARACTER * 0.98 + 0.12


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """The positions moved apart so that no two are nearer than ``gap``, each as near its own as it can be."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    placed = [positions[i] for i in order]
    for _ in range(200):
        moved = False
        for i in range(1, len(placed)):
            short = gap - (placed[i] - placed[i - 1])
            if short > gap * 1e-6:
                placed[i - 1] -= short / 2
                placed[i] += short / 2
                moved = True
        if not moved:
            break
    result = [0.0] * len(positions)
    for place, i in zip(placed, order, strict=True):
        result[i] = place
    return result
