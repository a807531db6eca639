"""Sparklines: a small line in each row over the row's months, which Excel keeps in an extension of the sheet.

Written as ``x14:sparklineGroup`` ([MS-XLSX] 2.6.13 CT_SparklineGroup); applications that do not know it show an
empty cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

from sesreport.report.workbook.description import SheetColumn

_MONTH = re.compile(r"\d{4}-\d{2}")
_GROUP = (
    '<ext uri="{{05C60535-1F16-4fd2-B633-F4F36F0B64E0}}" '
    'xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main">'
    '<x14:sparklineGroups xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main">'
    '<x14:sparklineGroup lineWeight="1.5" displayEmptyCellsAs="gap">'
    '<x14:colorSeries rgb="FF{color}"/><x14:colorNegative rgb="FF{color}"/><x14:colorAxis rgb="FF000000"/>'
    '<x14:colorMarkers rgb="FF{color}"/><x14:colorFirst rgb="FF{color}"/><x14:colorLast rgb="FF{color}"/>'
    '<x14:colorHigh rgb="FF{color}"/><x14:colorLow rgb="FF{color}"/>'
    "<x14:sparklines>{lines}</x14:sparklines></x14:sparklineGroup></x14:sparklineGroups></ext>"
)


def group(
    sheet: str, columns: Sequence[SheetColumn], letters: Sequence[str], first_row: int, last_row: int, color: str
) -> bytes | None:
    """The extension element for a sheet with a ``spark`` column and month columns; None for any other sheet."""
    spark = next((i for i, column in enumerate(columns) if column.kind == "spark"), None)
    months = [i for i, column in enumerate(columns) if _MONTH.fullmatch(column.source)]
    if spark is None or not months:
        return None
    first, last, cell = (letters[i] for i in (months[0], months[-1], spark))
    name = escape(sheet.replace("'", "''"))
    lines = "".join(
        f"<x14:sparkline><xm:f>'{name}'!{first}{row}:{last}{row}</xm:f><xm:sqref>{cell}{row}</xm:sqref></x14:sparkline>"
        for row in range(first_row, last_row + 1)
    )
    return _GROUP.format(color=color, lines=lines).encode()
