"""How numbers, changes and statuses are written, the same in every output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesreport.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH, Kpi

if TYPE_CHECKING:
    from sesreport.kpis.registry import Definition

SHAPES = {ON_TARGET: "●", WATCH: "▲", OFF_TARGET: "■", NOT_MEASURABLE: "○"}
"""A shape beside the word, so that color is never the only sign."""
COLORS = {ON_TARGET: "#0072B2", WATCH: "#E69F00", OFF_TARGET: "#A4262C", NOT_MEASURABLE: "#595959"}
"""Distinguishable under protanopia and deuteranopia; the amber takes black text."""
SEVERITY_COLORS = {"critical": "#7A0C18", "high": "#A4262C", "medium": "#E69F00", "low": "#595959"}
UNKNOWN = "not known"


def number(value: float | None, unit: str) -> str:
    """A value in words: ``12``, ``1,234,567``, ``87.5 %``, ``0.07 %``, ``6.0 days``."""
    if value is None:
        return UNKNOWN
    if value < 0:
        return f"−{number(-value, unit)}"
    if unit == "share":
        return f"{value:.1%}".replace("%", " %")
    if unit == "rate":
        return f"{value:.2%}".replace("%", " %")
    if unit == "days":
        return f"{value:,.1f} days"
    return f"{value:,.0f}"


def change(kpi: Kpi) -> str:
    """The change since the prior period with its sign: ``+3``, ``-1.2 points``, ``no change``, ``no earlier value``."""
    if kpi.change is None:
        return "no earlier value"
    if abs(kpi.change) < 1e-12:
        return "no change"
    sign = "+" if kpi.change > 0 else "−"
    if kpi.unit in ("share", "rate"):
        points = f"{abs(kpi.change) * 100:.{1 if kpi.unit == 'share' else 2}f}"
        return f"{sign}{points} points" if float(points) else "no change"
    return f"{sign}{number(abs(kpi.change), kpi.unit)}"


def status(value: str) -> str:
    """``■ off target``."""
    return f"{SHAPES[value]} {value}"


def judgement(kpi: Kpi) -> str:
    """The status with its shape; ``no target`` for a figure that is only shown."""
    return "no target" if _only_shown(kpi) else status(kpi.status)


def judgement_color(kpi: Kpi) -> str:
    """The color of :func:`judgement`."""
    return COLORS[NOT_MEASURABLE] if _only_shown(kpi) else COLORS[kpi.status]


def _only_shown(kpi: Kpi) -> bool:
    return kpi.target is None and kpi.status != NOT_MEASURABLE


def fraction(kpi: Kpi) -> str:
    """``61 of 71``; ``1 case`` under a mean of days; empty where there is no such thing."""
    if kpi.numerator is None or kpi.denominator is None:
        return ""
    if kpi.unit == "days":
        return f"over {kpi.denominator:,.0f} {'case' if kpi.denominator == 1 else 'cases'}"
    return f"{kpi.numerator:,.0f} of {kpi.denominator:,.0f}"


def target(kpi: Kpi | Definition) -> str:
    """``≤ 0``, ``< 5.00 %``, ``> 3.00 %``, ``≥ 95.0 %`` or ``no target``."""
    if kpi.target is None:
        return "no target"
    below, above = ("<", ">") if kpi.unit == "rate" else ("≤", "≥")  # AWS acts when its line is reached
    return f"{below if kpi.direction == 'lower' else above} {number(kpi.target, kpi.unit)}"
