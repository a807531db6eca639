"""How numbers, changes and statuses are written, the same in every output."""

from __future__ import annotations

from sesreport.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH, Kpi

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
        return f"{sign}{abs(kpi.change) * 100:.{1 if kpi.unit == 'share' else 2}f} points"
    return f"{sign}{number(abs(kpi.change), kpi.unit)}"


def status(value: str) -> str:
    """``■ off target``."""
    return f"{SHAPES[value]} {value}"


def target(kpi: Kpi) -> str:
    """``≤ 0``, ``≥ 95.0 %`` or ``no target``."""
    if kpi.target is None:
        return "no target"
    return f"{'≤' if kpi.direction == 'lower' else '≥'} {number(kpi.target, kpi.unit)}"
