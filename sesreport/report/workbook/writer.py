"""The one module that knows openpyxl: sheets' descriptions in, a workbook file out.

openpyxl writes everything but the tables' rows, which :mod:`sesreport.report.workbook.rows` streams into the
finished file: memory and time grow little with them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import openpyxl
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.formatting.rule import Rule
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Alignment, Border, Color, Font, NamedStyle, PatternFill, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.table import Table, TableStyleInfo
from openpyxl.writer.excel import ExcelWriter

from sesreport.core.files import write_whole
from sesreport.report.ooxml import (
    KEYWORDS,
    Edit,
    alt_texts,
    both,
    brief,
    extension,
    rewrite,
    text_numbers,
    xstring,
)
from sesreport.report.workbook import charts, sparklines
from sesreport.report.workbook.description import SheetColumn, SheetContent
from sesreport.report.workbook.rows import ColumnLayout, nothing, stream
from sesreport.report.workbook.styles import FONT, HAIRLINE, LOOKS, Look, frame_looks, on
from sesreport.report.workbook.values import INPUTS, NUMBERS, cells, lines, text

HEADER_ROW = 5
MAX_TABLE_ROWS = 100_000
"""Rows beyond these are in the pack's data folder; a note says so."""
PRINTED_CHARACTERS = 200
"""Characters across a landscape page that can still be read; wider tables go over two or three pages."""
TAB_COLORS = {"evidence": "6B7280", "reference": "BFC5CD"}


@dataclass(frozen=True)
class Properties:
    """Document properties and what every printed page says."""

    title: str
    subject: str
    classification: str
    creator: str
    footer: str
    accent: str
    """RRGGBB."""
    finished_at: datetime
    custom: Mapping[str, str] = field(default_factory=dict)
    """Custom document properties, for programs that read the workbook."""


@dataclass(frozen=True)
class Page:
    """One sheet to write."""

    title: str
    group: str
    content: SheetContent
    heading: str = ""
    """Written in A1; the title when empty."""
    back_to: str | None = None
    """The sheet its A1 leads to."""


def write(pages: Sequence[Page], path: Path, properties: Properties) -> None:
    """Write the pages as one .xlsx; whole or not at all. Raises WriteError when the file system refuses."""
    staged = io.BytesIO()
    edits, rows = _stage(pages, staged, properties)
    write_whole(path, lambda out: rewrite(staged, out, finished_at=properties.finished_at, edits=edits, rows=rows))


def _stage(
    pages: Sequence[Page], staged: IO[bytes], properties: Properties
) -> tuple[dict[str, Edit], dict[str, Iterator[bytes]]]:
    """Save what openpyxl says well: all but the tables' rows; the edits and rows that complete it, by part."""
    book: Any = openpyxl.Workbook(write_only=True)
    _describe(book, properties)
    _add_styles(book, properties.accent)
    sheets = [_Sheet(book, page, properties) for page in pages]
    positions = {sheet.page.title: sheet.position for sheet in sheets}
    edits: dict[str, Edit] = {}
    drawings = 0
    for sheet in sheets:
        sheet.write()
        drawn = charts.add(sheet.sheet, sheet.page.content, positions, sheet.position)
        if drawn:
            drawings += 1
            edits[f"xl/drawings/drawing{drawings}.xml"] = alt_texts(drawn)
    parts = {f"xl/worksheets/sheet{number}.xml": sheet for number, sheet in enumerate(sheets, 1)}
    edits |= {part: sheet.edit() for part, sheet in parts.items()}
    rows = {part: sheet.rows() for part, sheet in parts.items()}
    with zipfile.ZipFile(staged, "w", zipfile.ZIP_STORED) as archive:
        ExcelWriter(book, archive).save()
    return edits, rows


def _describe(book: Any, properties: Properties) -> None:
    about = book.properties
    about.title, about.subject = brief(properties.title), brief(properties.subject)
    about.creator, about.category, about.keywords = properties.creator, brief(properties.classification), KEYWORDS
    for name, value in properties.custom.items():
        book.custom_doc_props.append(StringProperty(name=name, value=xstring(brief(value))))
    about.created = about.modified = properties.finished_at.astimezone(UTC).replace(tzinfo=None)


def _add_styles(book: Any, accent: str) -> None:
    book._named_styles["Normal"].font = Font(name=FONT, size=10)
    for name, look in {**frame_looks(accent), **LOOKS}.items():
        book.add_named_style(_named(name, look))


def _named(name: str, look: Look) -> NamedStyle:
    side = Side(style="hair" if look.fill else "thin", color=HAIRLINE)
    header = name.startswith("Column header")
    return NamedStyle(
        name=name,
        font=Font(
            name=FONT,
            size=look.size,
            bold=look.bold,
            color=look.color,
            underline="single" if look.underline else None,
        ),
        fill=PatternFill("solid", start_color=look.fill) if look.fill else PatternFill(),
        border=Border(bottom=side) if look.line else Border(),
        alignment=Alignment(
            horizontal=look.align,
            vertical="center" if header else "top" if look.line else None,
            wrap_text=look.wrap,
            indent=1 if look.line or header else 0,
        ),
        number_format=look.number_format,
    )


class _Sheet:
    """One sheet while it is being written."""

    def __init__(self, book: Any, page: Page, properties: Properties) -> None:
        self.page, self.properties = page, properties
        content = page.content
        self.columns = list(content.columns)
        titles = [column.title for column in self.columns]
        if len({title.strip().casefold() for title in titles}) != len(titles):
            raise ValueError(f"sheet {page.title!r}: two columns have the same header")
        self.shown = content.rows.iloc[:MAX_TABLE_ROWS]
        letters = [get_column_letter(i) for i in range(1, len(self.columns) + 1)]
        self.layouts = [
            ColumnLayout.of(column, letter, self.shown) for column, letter in zip(self.columns, letters, strict=True)
        ]
        self.last_row = HEADER_ROW + max(len(self.shown), 1)
        self.sheet: Any = book.create_sheet(page.title)
        self.styles = {name: self._style_id(name) for name in LOOKS}
        self.position = charts.TablePosition(
            title=page.title,
            first_row=HEADER_ROW + 1,
            last_row=self.last_row,
            letters=dict(zip(titles, letters, strict=True)),
            widths=tuple(layout.width for layout in self.layouts),
        )

    def write(self) -> None:
        self._set_up()
        for row in self._head():
            self.sheet.append(row)
        self.sheet.row_dimensions[HEADER_ROW].height = 14 * self._header_lines() + 6
        self.sheet.append(
            [
                self._cell(column.title, "Column header right" if column.kind in NUMBERS else "Column header")
                for column in self.columns
            ]
        )
        self._links()
        self._table()
        self._conditions()
        self._choices()

    def edit(self) -> Edit:
        """What openpyxl cannot write into this sheet."""
        digits = [self._range(i) for i, column in enumerate(self.columns) if column.kind == "account_id"]
        edits = [text_numbers(*digits)] if digits else []
        letters = [layout.letter for layout in self.layouts]
        span = (HEADER_ROW + 1, self.last_row)
        if element := sparklines.group(self.page.title, self.columns, letters, *span, self.properties.accent):
            edits.append(extension(element))
        return both(*edits)

    def _set_up(self) -> None:
        sheet, properties = self.sheet, self.properties
        for layout in self.layouts:
            sheet.column_dimensions[layout.letter].width = layout.width
            sheet.column_dimensions[layout.letter].hidden = layout.column.hidden
        sheet.freeze_panes = f"B{HEADER_ROW + 1}"
        sheet.sheet_view.showGridLines = False
        sheet.sheet_view.zoomScale = 100
        sheet.sheet_properties.tabColor = TAB_COLORS.get(self.page.group, properties.accent)
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
        sheet.page_setup.fitToWidth = min(
            3, max(1, round(sum(p.width for p in self.layouts if not p.column.hidden) / PRINTED_CHARACTERS + 0.15))
        )
        sheet.page_setup.fitToHeight = 0
        sheet.print_title_cols = "A:A"
        sheet.page_margins.left = sheet.page_margins.right = 0.4
        sheet.page_margins.top, sheet.page_margins.bottom = 0.5, 0.7
        sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
        footer = sheet.oddFooter
        footer.left.text, footer.center.text = _footer(properties.classification), _footer(properties.footer)
        footer.right.text = "&P of &N"
        for part in (footer.left, footer.center, footer.right):
            part.size = 8

    def _head(self) -> Iterator[list[Cell | None]]:
        content, page = self.page.content, self.page
        title = self._cell(page.heading or page.title, "Sheet title")
        back = None
        if page.back_to:
            title.hyperlink = _internal(page.back_to, "Back to the contents")
            title.style = "Sheet title"
            back = self._cell(f"← {page.back_to}", "Back")
            back.hyperlink = _internal(page.back_to, "Back to the contents")
            back.style = "Back"
        note = content.note
        if content.empty and not len(content.rows):
            note = content.empty
        elif len(content.rows) > len(self.shown):
            note = f"The first {len(self.shown):,} of {len(content.rows):,} rows; all are in {content.file}. {note}"
        for row, height in ((1, 24), (2, 18), (3, 15), (4, 15)):
            self.sheet.row_dimensions[row].height = height
        yield [title]
        yield [self._cell(content.subtitle, "Sheet subtitle")]
        yield [self._cell(note, "Sheet note")]
        yield [back]

    def _cell(self, value: str, style: str) -> Any:
        cell: Any = WriteOnlyCell(self.sheet)
        cell._value, cell.data_type = xstring(text(value)), "s"  # whatever it starts with
        cell.style = style
        return cell

    def _header_lines(self) -> int:
        return max(lines(layout.column.title, layout.width - 2) for layout in self.layouts)

    def rows(self) -> Iterator[bytes]:
        """The table's rows, made when they are asked for."""
        most_lines = self.page.content.most_lines
        if len(self.shown):
            return stream(self.shown, self.layouts, HEADER_ROW + 1, self.styles.__getitem__, most_lines)
        return nothing(self.layouts, HEADER_ROW + 1, self.styles.__getitem__)

    def _style_id(self, name: str) -> int:
        cell: Any = WriteOnlyCell(self.sheet)
        cell.style = name
        cell._style.quotePrefix = int(LOOKS[name].quote)
        return int(cell.style_id)

    def _links(self) -> None:
        for layout in self.layouts:
            if layout.column.kind == "link":
                for row, value in enumerate(cells(self.shown, layout.column), HEADER_ROW + 1):
                    link = _internal(str(value), f"Go to {value}")
                    link.ref = f"{layout.letter}{row}"
                    self.sheet._hyperlinks.append(link)

    def _range(self, index: int) -> str:
        letter = self.layouts[index].letter
        return f"{letter}{HEADER_ROW + 1}:{letter}{self.last_row}"

    def _table(self) -> None:
        last = self.layouts[-1].letter
        name = "".join(part for part in self.page.title.title() if part.isalnum())
        table: Any = Table(displayName=f"Table{name}", ref=f"A{HEADER_ROW}:{last}{self.last_row}")
        table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
        table._initialise_columns()
        for column, described in zip(table.tableColumns, self.columns, strict=True):
            column.name = xstring(described.title)
        self.sheet.tables.add(table)

    def _conditions(self) -> None:
        for i, column in enumerate(self.columns):
            first = f"{self.layouts[i].letter}{HEADER_ROW + 1}"
            for value, color in column.colors.items():
                fill = color.lstrip("#")
                style = DifferentialStyle(
                    font=Font(color=on(fill), bold=True),
                    fill=PatternFill(bgColor=Color(rgb=f"FF{fill}"), fill_type="solid"),
                )
                rule = Rule(type="expression", dxf=style, formula=[f'{first}="{value}"'])
                self.sheet.conditional_formatting.add(self._range(i), rule)

    def _choices(self) -> None:
        for i, column in enumerate(self.columns):
            if column.kind in INPUTS and len(self.shown):
                choice = _validation(column)
                choice.promptTitle, choice.prompt = column.header, column.prompt
                choice.showInputMessage = choice.showErrorMessage = True
                choice.add(self._range(i))
                self.sheet.data_validations.append(choice)


def _validation(column: SheetColumn) -> Any:
    """What may be written into a column's cells."""
    if column.kind == "input_date":
        allowed = DataValidation(type="date", operator="greaterThan", formula1="36526", allow_blank=True)
        allowed.error = "Write a date, such as 2027-12-31"
    elif column.choices:
        allowed = DataValidation(type="list", formula1=f'"{",".join(column.choices)}"', allow_blank=True)
        allowed.error = f"Choose one of: {', '.join(column.choices)}"
    else:
        return DataValidation(allow_blank=True)
    allowed.errorTitle = column.header
    return allowed


def _internal(sheet: str, tooltip: str) -> Hyperlink:
    quoted = sheet.replace("'", "''")
    return Hyperlink(ref="", location=f"'{quoted}'!A1", tooltip=tooltip, display=sheet)


def _footer(value: str) -> str:
    """Footer codes start with an ampersand: outside text must not."""
    return xstring(brief(value)[:80]).replace("&", "&&")
