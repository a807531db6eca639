"""Native, editable charts from :class:`~sesreport.report.deck.description.SlideChart`, labeled directly."""

from __future__ import annotations

import copy
import dataclasses
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.chart.xlsx import CategoryWorkbookWriter
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
    XL_TICK_MARK,
)
from pptx.enum.dml import MSO_LINE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Pt
from xlsxwriter import Workbook

from sesreport.core.period import Period
from sesreport.core.text import marked
from sesreport.kpis import words
from sesreport.report.deck.description import SlideChart, SlideSeries
from sesreport.report.deck.grid import SMALL_SIZE, Box
from sesreport.report.deck.master import FONT
from sesreport.report.deck.shapes import emu
from sesreport.report.deck.textfit import fit, width, wrap
from sesreport.report.ooxml import xstring
from sesreport.report.workbook.styles import BY_UNIT, INK, MONEY_AXIS, MUTED, on

DENSE, WEEK = 16, 7
"""Columns that have a label each at most; of more, every so many categories do."""
_TYPES = {
    "line": XL_CHART_TYPE.LINE,
    "column": XL_CHART_TYPE.COLUMN_CLUSTERED,
    "bar": XL_CHART_TYPE.BAR_CLUSTERED,
    "stacked": XL_CHART_TYPE.BAR_STACKED,
}
_AXIS_FORMATS = {**BY_UNIT, "share": "0%", "rate": "0.0%", "money": MONEY_AXIS}
_LABEL_FORMATS = {**BY_UNIT, "share": "0.0%", "rate": "0.00%", "money": "[>=1000]#,##0;[>=1]#,##0.00;0.000"}
_NO_ZERO = '{0};{0};""'
_MOST_LABEL = 0.42
"""Of a bar chart's width, at most, for the names of its bars."""
_MONTH = re.compile(r"\d{4}-\d{2}")


class _InertWorkbook(CategoryWorkbookWriter):
    """The chart's own workbook, in which outside text is neither a formula nor a link."""

    @contextmanager
    def _open_worksheet(self, xlsx_file: Any) -> Iterator[tuple[Any, Any]]:
        book = Workbook(xlsx_file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        yield book, book.add_worksheet()
        book.close()


class _InertData(CategoryChartData):
    @property
    def _workbook_writer(self) -> CategoryWorkbookWriter:
        return _InertWorkbook(self)  # type: ignore[no-untyped-call]  # python-pptx's constructors have no types


def add(slide: Any, chart: SlideChart, box: Box, name: str) -> Any:
    """Add the chart to the slide; the graphic frame."""
    number_format = _LABEL_FORMATS.get(chart.unit, "General")
    data: CategoryChartData = _InertData(number_format=number_format)  # type: ignore[no-untyped-call]  # as above
    chart = _with_room(chart)
    _categorize(data, chart, box)
    for series in chart.series:
        data.add_series(marked(series.name), series.values)
    frame = slide.shapes.add_chart(_TYPES[chart.kind], *emu(box), data)
    frame.name = name
    frame._element.nvGraphicFramePr.cNvPr.set("descr", marked(chart.alt))
    native = frame.chart
    for value in native._chartSpace.iter(qn("c:v")):  # the chart's own workbook has its texts escaped by XlsxWriter
        value.text = xstring(value.text or "")
    native.has_title = False
    native.has_legend = False
    native.font.size, native.font.name = Pt(SMALL_SIZE), FONT
    native.font.color.rgb = RGBColor.from_string(MUTED)
    _axes(native, chart)
    _paint(native, chart)
    if chart.kind == "column" and any(series.role == "line" for series in chart.series):
        _lines_over_columns(native, chart)
    if chart.kind != "column" or _over_columns(chart):
        _inner_plot(native, chart, box)
    return frame


def _over_columns(chart: SlideChart) -> bool:
    return chart.kind == "column" and any(series.role == "line" for series in chart.series)


def _is_time(chart: SlideChart) -> bool:
    return len(chart.categories) > 1 and all(_MONTH.fullmatch(category) for category in chart.categories)


def _is_dense(chart: SlideChart) -> bool:
    """Whether there are too many columns for a label each: then the highest has one, and each week's first day."""
    return chart.kind == "column" and len(chart.categories) > DENSE and not _is_time(chart)


def _with_room(chart: SlideChart) -> SlideChart:
    """Limits drawn over columns get a category without a column at the end, for their labels."""
    if not _over_columns(chart) or _is_time(chart):
        return chart
    series = tuple(
        dataclasses.replace(each, values=(*each.values, each.values[-1] if each.role == "line" else None))
        for each in chart.series
    )
    return dataclasses.replace(chart, categories=(*chart.categories, " "), series=series)


def _categorize(data: Any, chart: SlideChart, box: Box) -> None:
    """Months below their years; other labels fitted to the room they have."""
    if _is_time(chart):
        year = None
        for category in chart.categories:
            if year is None or year.label != category[:4]:
                year = data.add_category(category[:4])
            year.add_sub_category(Period.of(category).name[:3])
        return
    if chart.kind in ("bar", "stacked"):
        labels = [fit(category, box.width * _MOST_LABEL, SMALL_SIZE) for category in chart.categories]
    else:
        across = box.width * 0.78 / len(chart.categories)
        labels = ["\n".join(_two_lines(category, across)) for category in chart.categories]
    if _is_dense(chart):
        labels = [category if not i % WEEK else " " for i, category in enumerate(chart.categories)]
    for label in labels:
        data.add_category(label)


def _two_lines(label: str, across: float) -> list[str]:
    """A name broken after a hyphen or at a space, each line fitted."""
    lines = [line.replace("- ", "-") for line in wrap(marked(label).replace("-", "- "), across, SMALL_SIZE)]
    return [fit(line, across, SMALL_SIZE) for line in (lines if len(lines) <= 2 else [lines[0], "".join(lines[1:])])]


def _axes(native: Any, chart: SlideChart) -> None:
    category, value = native.category_axis, native.value_axis
    category.format.line.color.rgb = RGBColor.from_string("9AA5B1")
    category.major_tick_mark = value.major_tick_mark = XL_TICK_MARK.NONE
    category.has_major_gridlines = False
    category.tick_labels.font.size = value.tick_labels.font.size = Pt(SMALL_SIZE)
    value.minimum_scale = 0
    value.format.line.fill.background()
    value.tick_labels.number_format = _AXIS_FORMATS.get(chart.unit, "#,##0")
    value.tick_labels.number_format_is_linked = False
    if chart.kind in ("bar", "stacked"):
        category.reverse_order = True
        value.has_major_gridlines = False
        value.tick_label_position = XL_TICK_LABEL_POSITION.NONE
        category.tick_labels.font.color.rgb = RGBColor.from_string(INK)
    else:
        value.has_major_gridlines = True
        value.major_gridlines.format.line.color.rgb = RGBColor.from_string("E3E7EB")
        value.major_gridlines.format.line.width = Pt(0.75)
        value.maximum_scale = _ceiling(chart)


def _ceiling(chart: SlideChart) -> float | None:
    """Room for labels above the highest mark; a share ends at 100 %."""
    highest = max((value for series in chart.series for value in series.values if value is not None), default=0.0)
    if chart.unit == "share":
        return 1.0
    return None if highest <= 0 or chart.kind == "line" else _round_up(highest * 1.15)


def _round_up(value: float) -> float:
    """The next number of one or two digits: 0.132 → 0.15, 2.8 million → 3 million."""
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * size >= value)


def _paint(native: Any, chart: SlideChart) -> None:
    plot = native.plots[0]
    if chart.kind != "line":
        plot.gap_width = 45
    for series, described in zip(plot.series, chart.series, strict=True):
        color = RGBColor.from_string(described.color.lstrip("#"))
        if chart.kind == "line":
            _draw_line(series, described, chart)
            continue
        series.invert_if_negative = False
        if described.role == "outline":
            series.format.fill.background()
            series.format.line.color.rgb, series.format.line.width = color, Pt(1)
            plot.overlap = 100
            continue
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = color
        for i, point_color in enumerate(chart.point_colors if described.role == "actual" else ()):
            if point_color is not None:
                point = series.points[i].format.fill
                point.solid()
                point.fore_color.rgb = RGBColor.from_string(point_color.lstrip("#"))
        if described.role == "actual":
            _label_marks(series, described, chart)
    if chart.kind == "stacked":
        native.has_legend = True
        native.legend.position = XL_LEGEND_POSITION.TOP
        native.legend.include_in_layout = False
        native.legend.font.size = Pt(SMALL_SIZE)
        plot.overlap = 100


def _label_marks(series: Any, described: SlideSeries, chart: SlideChart) -> None:
    labels = series.data_labels
    number_format = _LABEL_FORMATS.get(chart.unit, "#,##0")
    if _is_time(chart) or _is_dense(chart):
        known = [i for i, value in enumerate(described.values) if value is not None]
        highest = max(known, key=lambda i: described.values[i] or 0.0, default=None)
        last = highest if _is_dense(chart) else max(known, default=None)
        if last is not None and (last > 1 or not _is_dense(chart)):  # it would stand on the axis
            _text(
                series,
                last,
                words.number(described.values[last], chart.unit, chart.currency),
                XL_LABEL_POSITION.OUTSIDE_END,
                INK,
            )
        return
    labels.show_value = True
    labels.number_format = _NO_ZERO.format(number_format) if chart.kind == "stacked" else number_format
    labels.number_format_is_linked = False
    labels.font.size, labels.font.bold = Pt(SMALL_SIZE), True
    stacked = chart.kind == "stacked"
    labels.position = XL_LABEL_POSITION.CENTER if stacked else XL_LABEL_POSITION.OUTSIDE_END
    labels.font.color.rgb = RGBColor.from_string(on(described.color.lstrip("#")) if stacked else INK)


SPARSE = 4
"""Up to so many known values a line shows its points."""


def _draw_line(series: Any, described: SlideSeries, chart: SlideChart) -> None:
    series.smooth = False
    if described.role == "line" or sum(value is not None for value in described.values) > SPARSE:
        series.marker.style = XL_MARKER_STYLE.NONE
    else:  # a line needs two neighbors to be seen
        series.marker.style, series.marker.size = XL_MARKER_STYLE.CIRCLE, 7
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = RGBColor.from_string(described.color.lstrip("#"))
    line = series.format.line
    line.color.rgb = RGBColor.from_string(described.color.lstrip("#"))
    line.width = Pt(1.75 if described.role == "line" else 3)
    if described.role == "line":
        line.dash_style = MSO_LINE.DASH
    known = [i for i, value in enumerate(described.values) if value is not None]
    if known:
        value = described.values[known[-1]]
        if described.role == "line":
            text, color = f"{described.name} {_short(value, chart.unit, chart.currency)}", MUTED
        else:
            text, color = words.number(value, chart.unit, chart.currency), described.color.lstrip("#")
        position = XL_LABEL_POSITION.RIGHT if chart.kind == "line" else XL_LABEL_POSITION.ABOVE
        _text(series, known[-1], text, position, color)


def _short(value: float | None, unit: str, currency: str) -> str:
    """A limit without its trailing zeros: ``5 %``, ``0.1 %``, ``95 %``."""
    if value is None or unit not in ("share", "rate"):
        return words.number(value, unit, currency)
    return f"{value * 100:.4g} %"


def _text(series: Any, index: int, text: str, position: Any, color: str) -> None:
    label = series.points[index].data_label
    label.has_text_frame = True
    paragraph = label.text_frame.paragraphs[0]
    paragraph.text = marked(text)
    for run in paragraph.runs:
        run.font.size, run.font.bold = Pt(SMALL_SIZE), True
        run.font.color.rgb = RGBColor.from_string(color)
    label.position = position


def _lines_over_columns(native: Any, chart: SlideChart) -> None:
    """Move the series that are limits from the bar plot to a line plot on the same axes."""
    bars = native._chartSpace.find(".//" + qn("c:barChart"))
    lines = parse_xml(f"<c:lineChart {nsdecls('c')}/>")
    for tag, value in (("c:grouping", "standard"), ("c:varyColors", "0")):
        etree.SubElement(lines, qn(tag)).set("val", value)
    for series, described in zip(bars.findall(qn("c:ser")), chart.series, strict=True):
        if described.role == "line":
            for tag in ("c:invertIfNegative", "c:spPr", "c:dLbls"):
                for element in series.findall(qn(tag)):
                    series.remove(element)
            lines.append(series)
    etree.SubElement(lines, qn("c:marker")).set("val", "1")
    lines.extend(copy.deepcopy(axis) for axis in bars.findall(qn("c:axId")))
    bars.addnext(lines)
    plot = native.plots[1]
    for series, described in zip(plot.series, (each for each in chart.series if each.role == "line"), strict=True):
        _draw_line(series, described, chart)


def _inner_plot(native: Any, chart: SlideChart, box: Box) -> None:
    """Fix the plot so that the labels beside it have the room they need."""
    area = native._chartSpace.find(".//" + qn("c:plotArea"))
    layout = area.find(qn("c:layout"))
    if layout is None:
        layout = etree.Element(qn("c:layout"))
        area.insert(0, layout)
    manual = etree.SubElement(layout, qn("c:manualLayout"))
    left, right, top, height = 0.1, 0.22, 0.06, 0.76
    if chart.kind in ("bar", "stacked"):
        widest = max(width(fit(label, box.width * _MOST_LABEL, SMALL_SIZE), SMALL_SIZE) for label in chart.categories)
        left, right = widest / box.width + 0.03, 0.07
        top, height = (0.12, 0.86) if chart.kind == "stacked" else (0.02, 0.96)
    elif chart.kind == "column":
        left, right = 0.11, 0.05
    for tag, value in (
        ("layoutTarget", "inner"), ("xMode", "edge"), ("yMode", "edge"), ("x", f"{left}"), ("y", f"{top}"),
        ("w", f"{1 - left - right:.3f}"), ("h", f"{height}"),
    ):  # fmt: skip
        etree.SubElement(manual, qn(f"c:{tag}")).set("val", value)
