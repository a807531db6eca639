"""How cells look: number formats, alignments and colors by column kind, with no word about openpyxl."""

from __future__ import annotations

from dataclasses import dataclass

from sesreport.kpis import words
from sesreport.kpis.results import OFF_TARGET, ON_TARGET, WATCH

FONT = "Arial"
"""Present, or metrically matched, on every system that opens a workbook."""
INK, MUTED, HAIRLINE, INPUT_FILL = "1F2933", "595959", "D9DEE4", "FFF8E1"


@dataclass(frozen=True)
class Look:
    """One named style."""

    number_format: str = "General"
    align: str = "left"
    wrap: bool = False
    color: str = INK
    bold: bool = False
    size: float = 10
    fill: str | None = None
    line: bool = True
    underline: bool = False
    quote: bool = False
    """Excel keeps the cell text when it is edited, whatever it starts with."""


BY_UNIT = {
    "count": "#,##0",
    "messages": "#,##0",
    "share": "0.0 %",
    "rate": "0.00 %",
    "days": "#,##0.0",
    "money": "[>=1]#,##0.00;[>=0]0.000;#,##0.00",
}
"""Number formats by unit of a KPI; the currency of money stands in a column of its own."""
MONEY_AXIS = "[=0]0;[>=10]#,##0;0.00"
"""Of a chart's axis: no more digits than its steps have."""


def _signed(number_format: str) -> str:
    """With its sign; the difference of two shares is in percentage points."""
    if ";" in number_format:  # of several ranges: the finest of them for all
        number_format = "#,##0.000"
    points = f'{number_format}" pts"' if "%" in number_format else number_format
    return f'+{points};"−"{points};"no change"'


LOOKS: dict[str, Look] = {
    "Text": Look("@"),
    "Text wrapped": Look("@", wrap=True),
    "Text guarded": Look("@", quote=True),
    "Text wrapped guarded": Look("@", wrap=True, quote=True),
    "Account id": Look("@"),
    "Integer": Look("#,##0", "right"),
    "Real": Look("#,##0.##", "right"),
    "Money": Look("#,##0.00", "right"),
    "Unit cost": Look("#,##0.000", "right"),
    "At": Look("yyyy-mm-dd hh:mm", "left"),
    "Date": Look("yyyy-mm-dd", "left"),
    "Signal": Look("@", bold=True),
    "Link": Look("@", color="0563C1", underline=True),
    "Input": Look("@", wrap=True, fill=INPUT_FILL),
    "Input date": Look("yyyy-mm-dd", fill=INPUT_FILL),
    **{f"Figure {unit}": Look(number_format, "right") for unit, number_format in BY_UNIT.items()},
    **{f"Change {unit}": Look(_signed(number_format), "right") for unit, number_format in BY_UNIT.items()},
}
"""Cell styles by name, as Excel's style gallery shows them."""

BY_KIND = {
    "text": "Text",
    "texts": "Text",
    "account_id": "Account id",
    "flag": "Text",
    "integer": "Integer",
    "share": "Figure share",
    "rate": "Figure rate",
    "days": "Figure days",
    "real": "Real",
    "money": "Money",
    "unit_cost": "Unit cost",
    "at": "At",
    "date": "Date",
    "signal": "Signal",
    "link": "Link",
    "input": "Input",
    "input_date": "Input date",
    "spark": "Text",
}
"""``figure`` and ``change`` are ``Figure <unit>`` and ``Change <unit>``, row by row."""


STATUS_COLORS = {words.status(status): color for status, color in words.COLORS.items()}
BAD, CAREFUL, GOOD = words.COLORS[OFF_TARGET], words.COLORS[WATCH], words.COLORS[ON_TARGET]


def frame_looks(accent: str) -> dict[str, Look]:
    """The styles around the table; ``accent`` as RRGGBB."""
    return {
        "Sheet title": Look(size=16, bold=True, color=accent, line=False),
        "Sheet subtitle": Look(size=11, bold=True, line=False),
        "Sheet note": Look(size=9, color=MUTED, line=False),
        "Back": Look(size=9, color="0563C1", underline=True, line=False),
        "Column header": Look(bold=True, color=on(accent), fill=accent, wrap=True, line=False),
        "Column header right": Look(bold=True, color=on(accent), fill=accent, wrap=True, align="right", line=False),
    }


def on(fill: str) -> str:
    """Black or white, whichever contrasts more with ``fill`` (WCAG relative luminance)."""
    channels = [int(fill[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return "FFFFFF" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179 else "000000"
