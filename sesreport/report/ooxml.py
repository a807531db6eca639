"""Workbook and deck as files: whole or not at all, the same bytes for the same content, inert text.

openpyxl, python-pptx and the XlsxWriter inside it stamp the clock into what they write and offer no way to
describe a chart to a screen reader or to quiet Excel's "number stored as text" mark. Both are settled here, in one
pass over the finished zip: entries sorted, times fixed, document dates taken from the snapshot, embedded workbooks
treated the same way, and named parts edited. Shapes of the parts: ECMA-376 part 1, SpreadsheetML and DrawingML.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO
from xml.sax.saxutils import quoteattr

from sesreport.core.text import marked, visible

Edit = Callable[[bytes], bytes]
"""Changes one part; of a worksheet it is given what follows the rows (``</sheetData>`` and after)."""

KEYWORDS = "Amazon SES; governance"
"""Of every document's properties."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_ROWS_END = b"</sheetData>"
_EMBEDDED = (".xlsx", ".xlsm", ".docx", ".pptx")
_CORE_DATE = re.compile(rb"(<dcterms:(?:created|modified)\b[^>]*>)[^<]*(</dcterms:)")
_UNNAMED_PROPERTIES = re.compile(rb"<((?:\w+:)?cNvPr)\b([^>]*?)\s*(/?)>")
_AFTER_IGNORED_ERRORS = re.compile(rb"<(?:smartTags|drawing|legacyDrawing|picture|tableParts|extLst)\b|</worksheet>")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def xstring(text: str) -> str:
    """The text as a value of type ST_Xstring (ECMA-376 part 1, 22.9.2.19), in which ``_x0041_`` stands for an A."""
    return _ESCAPE.sub("_x005F_", text)


def brief(text: str) -> str:
    """One line for a document property (at most 255 characters) or a footer."""
    return visible(text)[:250]


def moment(text: str) -> datetime:
    """An ISO 8601 time of the results as a timezone-aware datetime; UTC when it names no zone."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def rewrite(
    source: IO[bytes],
    target: IO[bytes],
    *,
    finished_at: datetime,
    edits: Mapping[str, Edit] | None = None,
    rows: Mapping[str, Iterable[bytes]] | None = None,
) -> None:
    """Copy an OOXML zip so that equal content gives equal bytes.

    ``finished_at`` (timezone-aware) becomes the document's created and modified date; ``edits`` maps part names to
    changes, ``rows`` worksheets to ``<row>`` elements to add after those they have. Raises KeyError when one of these
    names a part that the zip does not have.
    """
    pending, waiting = dict(edits or {}), dict(rows or {})
    stamp = finished_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with (
        zipfile.ZipFile(source) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in sorted(old.namelist()):
            edit = pending.pop(name, None)
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            with old.open(name) as part, new.open(info, "w", force_zip64=True) as out:
                if name.startswith("xl/worksheets/sheet"):
                    _copy_worksheet(part, out, edit, waiting.pop(name, ()))
                    continue
                content = part.read()
                if name.lower().endswith(_EMBEDDED):
                    inner = io.BytesIO()
                    rewrite(io.BytesIO(content), inner, finished_at=finished_at)
                    content = inner.getvalue()
                elif name == "docProps/core.xml":
                    content = _CORE_DATE.sub(rb"\g<1>" + stamp + rb"\g<2>", content)
                out.write(edit(content) if edit else content)
    if missing := sorted({*pending, *waiting}):
        raise KeyError(f"no part {missing[0]} to edit")


def _copy_worksheet(part: IO[bytes], out: IO[bytes], edit: Edit | None, rows: Iterable[bytes]) -> None:
    content = part.read()
    at = content.find(_ROWS_END)
    if at < 0:  # no row at all: <sheetData/>
        out.write(edit(content) if edit else content)
        return
    out.write(content[:at])
    for chunk in rows:
        out.write(chunk)
    tail = content[at:]
    out.write(edit(tail) if edit else tail)


def alt_texts(texts: Sequence[str]) -> Edit:
    """An edit of a spreadsheet drawing: the n-th chart or picture in it gets the n-th text as its description."""

    def edit(drawing: bytes) -> bytes:
        waiting = iter(texts)

        def describe(match: re.Match[bytes]) -> bytes:
            text = next(waiting, None)
            if text is None:
                return match[0]
            return b"<%b%b descr=%b%b>" % (match[1], match[2], quoteattr(marked(text)).encode(), match[3])

        return _UNNAMED_PROPERTIES.sub(describe, drawing)

    return edit


def text_numbers(*ranges: str) -> Edit:
    """An edit of a worksheet: no green triangle for digits kept as text (account ids) in these cell ranges."""

    def edit(tail: bytes) -> bytes:
        mark = b"".join(b'<ignoredError sqref="%b" numberStoredAsText="1"/>' % cells.encode() for cells in ranges)
        return _insert(tail, b"<ignoredErrors>" + mark + b"</ignoredErrors>", _AFTER_IGNORED_ERRORS)

    return edit


def extension(element: bytes) -> Edit:
    """An edit of a worksheet: one ``<ext>`` element (such as a sparkline group) at its end."""

    def edit(tail: bytes) -> bytes:
        return tail.replace(b"</worksheet>", b"<extLst>" + element + b"</extLst></worksheet>")

    return edit


def both(*edits: Edit) -> Edit:
    """One edit made of several, in order."""

    def edit(content: bytes) -> bytes:
        for each in edits:
            content = each(content)
        return content

    return edit


def _insert(tail: bytes, element: bytes, before: re.Pattern[bytes]) -> bytes:
    match = before.search(tail)
    at = match.start() if match else len(tail)
    return tail[:at] + element + tail[at:]
