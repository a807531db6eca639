"""Native charts from :class:`~sesreport.report.workbook.description.SheetChart`, placed beside or below the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openpyxl.chart import BarChart, LineChart
from openpyxl.chart.data_source import AxDataSource, NumData, NumDataSource, NumRef, NumVal, StrData, StrRef, StrVal
from openpyxl.chart.marker import Marker
from openpyxl.chart.series import Series as XlSeries
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.text import CharacterProperties, Font, Paragraph, ParagraphProperties
from openpyxl.drawing.xdr import XDRPositiveSize2D

from sesreport.core.text import marked
from sesreport.report.ooxml import xstring
from sesreport.report.workbook.description import Cells, SheetChart, SheetContent
from sesreport.report.workbook.styles import BY_UNIT, FONT, HAIRLINE, MONEY_AXIS, MUTED

WIDTH, HEIGHT, GAP = 3_960_000, 2_520_000, 180_000
"""EMU: 11 × 7 cm, 5 mm apart."""
PER_ROW = 2
_EMU_PER_CHARACTER = 7 * 9525
_EMU_PER_ROW = 13.5 * 12700


@dataclass(frozen=True)
class TablePosition:
    """Where a sheet's table is."""

    title: str
    first_row: int
    last_row: int
    letters: Mapping[str, str]
    widths: tuple[float, ...]

    def reference(self, cells: Cells) -> str:
        letter = self.letters[cells.header]
        quoted = self.title.replace("'", "''")
        return f"'{quoted}'!${letter}${self.first_row + cells.first}:${letter}${self.first_row + cells.last}"


def add(
    sheet: Any, content: SheetContent, positions: Mapping[str, TablePosition], position: TablePosition
) -> list[str]:
    """Add the content's charts to the sheet; their alternative texts, in order."""
    for number, chart in enumerate(content.charts):
        native = _native(chart, positions)
        native.anchor = _beside(position, number) if content.charts_beside else _below(position, number)
        sheet.add_chart(native)
    return [chart.alt for chart in content.charts]


def _beside(position: TablePosition, number: int) -> OneCellAnchor:
    row, column = divmod(number, 2)
    top = position.first_row - 1 + round(row * (HEIGHT + GAP) / _EMU_PER_ROW)
    return _anchor(len(position.widths), GAP + column * (WIDTH + GAP), top)


def _below(position: TablePosition, number: int) -> OneCellAnchor:
    """From column B on: column A is repeated on every printed page, with whatever lies on it."""
    row, column = divmod(number, PER_ROW)
    left = column * (WIDTH + GAP)
    index = min(1, len(position.widths) - 1)
    while index < len(position.widths) - 1 and left >= (size := round(position.widths[index] * _EMU_PER_CHARACTER)):
        left -= size
        index += 1
    return _anchor(index, left, position.last_row + 1 + round(row * (HEIGHT + GAP) / _EMU_PER_ROW))


def _anchor(column: int, offset: int, row: int) -> OneCellAnchor:
    return OneCellAnchor(_from=AnchorMarker(col=column, colOff=offset, row=row), ext=XDRPositiveSize2D(WIDTH, HEIGHT))


def _native(chart: SheetChart, positions: Mapping[str, TablePosition]) -> Any:
    number_format = BY_UNIT.get(chart.unit, "#,##0")
    native: Any = LineChart() if chart.kind == "line" else BarChart()
    if chart.kind in ("bar", "stacked"):
        native.type = "bar"
    if chart.kind == "stacked":
        native.grouping, native.overlap = "stacked", 100
    if chart.kind != "line":
        native.gapWidth = 45
    if chart.kind == "column" and any(series.dashed for series in chart.series):
        native.overlap = 100  # an outline stands around the column
    for series in chart.series:
        native.series.append(_series(chart, series, positions, number_format))
    native.title = marked(chart.title)
    native.title.tx.rich.p[0].pPr = ParagraphProperties(defRPr=_characters(1100, bold=True))
    for run in native.title.tx.rich.p[0].r:
        run.rPr = _characters(1100, bold=True)
    native.title.overlay = False
    native.legend = None if len(chart.series) == 1 else native.legend
    if native.legend is not None:
        native.legend.position, native.legend.txPr = "b", _text(900)
    native.x_axis.delete = native.y_axis.delete = False
    native.x_axis.majorTickMark = native.y_axis.majorTickMark = "none"
    axis_format = MONEY_AXIS if chart.unit == "money" else number_format
    native.x_axis.number_format, native.y_axis.number_format = "@", axis_format
    native.y_axis.majorGridlines.spPr = _line(HAIRLINE, 6350)
    native.x_axis.graphicalProperties, native.y_axis.graphicalProperties = _line("9AA5B1", 9525), _none()
    native.x_axis.txPr = native.y_axis.txPr = _text(900)
    native.y_axis.scaling.min = 0 if _never_negative(chart) else None
    native.x_axis.tickLblSkip = 4 if chart.kind in ("line", "column") else None
    native.display_blanks = "gap"
    native.graphical_properties = _line(HAIRLINE, 9525)
    native.graphical_properties.solidFill = "FFFFFF"
    native.roundedCorners = False
    return native


def _series(chart: SheetChart, series: Any, positions: Mapping[str, TablePosition], number_format: str) -> XlSeries:
    native = XlSeries()
    native.tx = SeriesLabel(v=xstring(marked(series.name)))
    native.val = _numbers(series.values, positions, number_format)
    native.cat = _categories(chart.categories, positions)
    color = series.color.lstrip("#")
    if chart.kind == "line":
        native.graphicalProperties = GraphicalProperties(
            ln=LineProperties(
                solidFill=color, w=19_050 if series.dashed else 28_575, prstDash="dash" if series.dashed else None
            )
        )
        native.marker = Marker(symbol="none" if series.dashed else "circle", size=None if series.dashed else 5)
        if not series.dashed:
            native.marker.graphicalProperties = GraphicalProperties(solidFill=color, ln=LineProperties(solidFill=color))
        native.smooth = False
    else:
        outline = LineProperties(solidFill=color, w=12_700)
        native.graphicalProperties = (
            GraphicalProperties(noFill=True, ln=outline) if series.dashed else GraphicalProperties(solidFill=color)
        )
        native.invertIfNegative = False
    return native


def _numbers(
    values: Cells | tuple[float | None, ...], positions: Mapping[str, TablePosition], number_format: str
) -> NumDataSource:
    if isinstance(values, Cells):
        return NumDataSource(numRef=NumRef(f=positions[values.sheet].reference(values)))
    points = [NumVal(idx=i, v=str(value)) for i, value in enumerate(values) if value is not None]
    return NumDataSource(numLit=NumData(formatCode=number_format, ptCount=len(values), pt=points))


def _categories(values: Cells | tuple[str, ...], positions: Mapping[str, TablePosition]) -> AxDataSource:
    if isinstance(values, Cells):
        return AxDataSource(strRef=StrRef(f=positions[values.sheet].reference(values)))
    points = [StrVal(idx=i, v=xstring(marked(value))) for i, value in enumerate(values)]
    return AxDataSource(strLit=StrData(ptCount=len(values), pt=points))


def _never_negative(chart: SheetChart) -> bool:
    return chart.unit in BY_UNIT


def _characters(size: int, *, bold: bool = False) -> CharacterProperties:
    return CharacterProperties(sz=size, b=bold, solidFill="1F2933" if bold else MUTED, latin=Font(typeface=FONT))


def _text(size: int) -> RichText:
    return RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=_characters(size)), endParaRPr=_characters(size))])


def _line(color: str, width: int) -> GraphicalProperties:
    return GraphicalProperties(ln=LineProperties(solidFill=color, w=width))


def _none() -> GraphicalProperties:
    return GraphicalProperties(ln=LineProperties(noFill=True))
