"""Identities by what their policies allow."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.kpis.results import Results
from sesreport.kpis.words import within
from sesreport.report.charts.look import ACTUAL, BAD, GOOD, LIGHT, PAPER, WORST, bar_rows, canvas, finish, value_axis
from sesreport.report.charts.names import EXPOSURES
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import counted

_COLORS = {"public": WORST, "external": BAD, "vendor": GOOD, "organization": ACTUAL}


@chart("exposure_by_class", "Identities by exposure", "exposures")
def exposure_by_class(
    exposures: pd.DataFrame, *, results: Results | None = None, ax: Axes | None = None, scope: str = ""
) -> Figure:
    """Sorted from widest to none; the hatched part holds identities with a statement that needs review.

    ``results`` say in how many places anybody could look.
    """
    where = "" if results is None else within(results.coverage.places)
    known = exposures["exposure"].where(exposures["exposure"].isin(list(EXPOSURES)))
    review = exposures["needs_review"].fillna(True).astype(bool)
    counts = pd.crosstab(known.fillna("not known"), review.map({True: "review", False: "clear"}))
    order = [name for name in [*EXPOSURES, "not known"] if name != "not known" or name in counts.index]
    order = ["not known"] if known.isna().all() else order  # no class is empty of which nothing is known
    counts = counts.reindex(index=order, columns=["clear", "review"], fill_value=0)
    labels = [EXPOSURES.get(name, "Not known") for name in order]
    ax = canvas(ax, height=0.33 * len(order), labels=labels, right=1.6)
    most = max(int(counts.sum(axis=1).max()), 1)
    for row, name in enumerate(order):
        clear, doubtful = int(counts["clear"][name]), int(counts["review"][name])
        color = _COLORS.get(name, LIGHT)
        ax.barh(row, clear, height=0.62, color=color)
        ax.barh(row, doubtful, left=clear, height=0.62, facecolor=PAPER, edgecolor=color, hatch="/////", linewidth=0.8)
        words = f"{clear + doubtful:,}" + (f", {doubtful:,} to review" if doubtful else "")
        ax.text(clear + doubtful + most * 0.012, row, words, va="center", fontweight="bold" if row < 2 else "normal")
    bar_rows(ax, labels)
    ax.set_xlim(0, most)
    value_axis(ax)
    total, wide = len(exposures), int(counts.reindex(["public", "external"], fill_value=0).sum().sum())
    unknown = int(known.isna().sum())
    of = counted(total, "identity", "identities")
    if unknown == total:
        message = f"Of {of} it is not known who can send"
    elif wide:
        message = f"{wide:,} of {of} can be used by an outsider without an approval"
    else:
        message = f"None of {of} is known to be open to an outsider without an approval"
    if unknown < total:
        message += (f"; of {unknown:,} it is not known" if unknown else "") + where
    sizes = "; ".join(f"{label} {counts.sum(axis=1)[name]}" for name, label in zip(order, labels, strict=True))
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle="identities by widest exposure; hatched: a statement needs review",
        alt=f"{message}. By class: {sizes}. {int(counts['review'].sum())} have a statement that needs review.",
    )
