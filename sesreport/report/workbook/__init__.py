"""The workbook of a pack: one sheet per question, real tables, values only."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from sesreport.report.contents import Pack
from sesreport.report.workbook.description import registered
from sesreport.report.workbook.evidence import finished_at
from sesreport.report.workbook.writer import Page, Properties, write

__all__ = ["write_workbook"]

COVER, CONTENTS = "Cover", "Contents"


def write_workbook(pack: Pack, path: Path) -> None:
    """Write the pack's workbook to ``path``; the same pack gives the same bytes.

    Raises WriteError when the file system refuses; ``path`` is then as it was.
    """
    contents = {each.title: each.build(pack) for each in registered()}
    listing = contents[CONTENTS]
    counts = listing.rows["sheet"].map({title: len(content.rows) for title, content in contents.items()})
    contents[CONTENTS] = dataclasses.replace(listing, rows=listing.rows.assign(rows=counts))
    about = properties(pack)
    pages = [
        Page(
            each.title,
            each.group,
            contents[each.title],
            heading=about.title if each.title == COVER else "",
            back_to=None if each.title == CONTENTS else CONTENTS,
        )
        for each in registered()
    ]
    write(pages, path, about)


def properties(pack: Pack) -> Properties:
    """Document properties and footer of a pack's workbook."""
    results = pack.results
    return Properties(
        title=f"{results.title}, {results.period_name}",
        subject=f"{results.organization_name}: {results.headline}",
        classification=results.classification,
        creator=f"sesreport {results.snapshot.tool_version}",
        footer=f"Snapshot {results.snapshot.sha256[:12]}",
        accent=pack.branding.accent.lstrip("#").upper(),
        finished_at=finished_at(pack),
    )
