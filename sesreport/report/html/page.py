"""One period's pack as one HTML page that opens offline, on any screen and on paper."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from sesreport.core.errors import ConfigError
from sesreport.core.files import write_whole
from sesreport.core.resources import shipped
from sesreport.core.text import marked, visible
from sesreport.kpis import words
from sesreport.report import charts
from sesreport.report.contents import Pack
from sesreport.report.html.section import SECTIONS, ReportSection, SectionContent
from sesreport.report.html.table import STATIC_ROWS, HtmlTable, TableColumn, Value

ROW_BYTES = 640_000
"""Bytes of table rows the page may hold; beyond it the largest tables hold fewer rows and say so."""


def write_html(pack: Pack, path: Path) -> None:
    """Write the report to ``path``, whole or not at all.

    The same pack gives the same bytes. Raises WriteError when the file cannot be written (what was there before is
    untouched), ConfigError for an accent that is not a color.
    """
    write_whole(path, render_html(pack))


def render_html(pack: Pack) -> str:
    """The report as text."""
    accent = pack.branding.accent
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", accent):
        raise ConfigError(f"report accent {accent!r} is not a color: write #RRGGBB")
    contents = [(s, s.make(pack)) for s in sorted(SECTIONS.values(), key=lambda s: (s.order, s.id))]
    folder = shipped("templates/report")
    style = f":root{{--accent:{accent};--on-accent:{_ink_on(accent)}}}\n" + _squeezed(
        (folder / "report.css").read_text("utf-8")
    )
    script = (folder / "report.js").read_text("utf-8")
    text = (
        environment()
        .get_template("report.html.j2")
        .render(
            results=pack.results,
            sections=[(s, content, _figures(s, content, pack)) for s, content in _within_budget(contents)],
            style=Markup(style),  # our own file and a checked color
            script=Markup(script),
            style_hash=content_hash(style),
            script_hash=content_hash(script),
            static_rows=STATIC_ROWS,
        )
    )
    return marked(text).rstrip() + "\n"


def environment(folder: str = "templates/report") -> jinja2.Environment:
    """Our settings of Jinja for a folder of templates: escaped, strict, with the words and filters of every output."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped(folder)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(v=visible, cell=_cell, svg=Markup)
    made.globals.update(words=words)
    return made


def _cell(value: Value, head: TableColumn) -> str:
    """A value as the page shows it; report.js writes the same."""
    if value is None:
        return head.missing
    if head.kind == "percent":
        return f"{value:.{head.decimals}f} %"
    if head.kind == "money":
        return f"{value:,.{head.decimals}f}"
    return f"{value:,}" if head.kind == "integer" else str(value)


def _figures(of: ReportSection, content: SectionContent, pack: Pack) -> list[dict[str, str]]:
    figures = []
    for name in content.charts:
        figure: Any = charts.draw(name, pack.results, pack.frames, scope="")
        svg = charts.figure_svg(figure, prefix=f"{of.id}-{name.replace('_', '-')}", titles=False)
        figures.append({"svg": svg, "title": figure.message, "subtitle": figure.subtitle})
    return figures


def _within_budget(contents: list[tuple[ReportSection, SectionContent]]) -> list[tuple[ReportSection, SectionContent]]:
    """The same sections, the rows of the largest tables cut so that all rows together fit in ROW_BYTES."""
    sizes = {t.id: len(t.to_json().encode()) for _, content in contents for t in content.tables}
    allowed = _largest_share(sorted(sizes.values()), ROW_BYTES)

    def cut(table: HtmlTable) -> HtmlTable:
        if sizes[table.id] <= allowed:
            return table
        return table.head(max(STATIC_ROWS, int(table.held * allowed / sizes[table.id])))

    return [(s, _with_tables(content, tuple(map(cut, content.tables)))) for s, content in contents]


def _largest_share(sizes: list[int], budget: int) -> float:
    """The size no one may exceed so that all fit in ``budget``; ``sizes`` ascending."""
    left: float = budget
    for i, size in enumerate(sizes):
        share = left / (len(sizes) - i)
        if size > share:
            return share
        left -= size
    return float("inf")


def _with_tables(content: SectionContent, tables: tuple[HtmlTable, ...]) -> SectionContent:
    fields: dict[str, Any] = {name: getattr(content, name) for name in content.__dataclass_fields__}
    return SectionContent(**{**fields, "tables": tables})


def _ink_on(color: str) -> str:
    """Black or white, whichever has the higher contrast on the color (WCAG 2.2 relative luminance)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#ffffff"


def _squeezed(css: str) -> str:
    return re.sub(r"\n\s+", "\n", re.sub(r"/\*.*?\*/\s*", "", css, flags=re.DOTALL))


def content_hash(text: str) -> str:
    """The text's sha256 as a Content Security Policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
