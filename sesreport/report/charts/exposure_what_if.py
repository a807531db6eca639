"""Identities by exposure as they are, and as they would be."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from sesreport.analysis.joins import rows
from sesreport.report.charts.look import ACTUAL, BAD, GOOD, LIGHT, bar_rows, canvas, finish, legend, look, value_axis
from sesreport.report.charts.names import EXPOSURES
from sesreport.report.charts.text import counted


def exposure_what_if(classes: pd.DataFrame, *, scope: str = "") -> Figure:
    """Two bars a class, widest first: light as it is, solid as it would be; what is wide and grows is red.

    ``classes`` has ``exposure``, ``before`` and ``after`` (see :class:`sesreport.governance.what_if.WhatIf`).
    """
    numbers = {str(name): (int(was), int(now)) for name, was, now in rows(classes, ("exposure", "before", "after"))}
    labels = [EXPOSURES.get(name, "Not known") for name in numbers]
    wide = [numbers.get(name, (0, 0)) for name in ("public", "external")]
    before, after = sum(one[0] for one in wide), sum(one[1] for one in wide)
    if before == after:
        message = f"{counted(before, 'identity', 'identities')} open to outsiders without an approval, as before"
    else:
        message = (
            f"{after:,} instead of {counted(before, 'identity', 'identities')} open to outsiders without an approval"
        )
    with look():
        ax = canvas(None, height=0.42 * len(numbers), labels=labels, right=1.4, above=0.3)
        most = max(max(pair) for pair in numbers.values()) or 1
        for row, (name, (was, now)) in enumerate(numbers.items()):
            ax.barh(row - 0.19, was, height=0.34, color=LIGHT)
            ax.barh(row + 0.19, now, height=0.34, color=_color(name, was, now))
            words = f"{now:,}" if now == was else f"{now:,} ({now - was:+,})".replace("-", "−")
            ax.text(
                max(was, now) + most * 0.012, row, words, va="center", fontweight="normal" if now == was else "bold"
            )
        bar_rows(ax, labels)
        ax.set_xlim(0, most)
        value_axis(ax)
        legend(ax, [("as it is", LIGHT), ("as it would be", ACTUAL)])
        told = "; ".join(
            f"{label} {was}, then {now}" for label, (was, now) in zip(labels, numbers.values(), strict=True)
        )
        subtitle = "identities by widest exposure, as they are and as they would be"
        return finish(ax, scope=scope, message=message, subtitle=subtitle, alt=f"{message}. By class: {told}.")


def _color(name: str, was: int, now: int) -> str:
    """Blue and red where a class of outsiders without an approval shrinks or grows; dark elsewhere."""
    if name not in ("public", "external") or was == now:
        return ACTUAL
    return GOOD if now < was else BAD
