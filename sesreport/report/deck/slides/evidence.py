"""Appendix: which controls the pack gives evidence for, by standard."""

from __future__ import annotations

from sesreport.governance.evidence import index
from sesreport.report.contents import Pack
from sesreport.report.deck.description import Cell, SlideContent, SlideTable, slide


@slide(order=132, appendix=True)
def evidence(pack: Pack) -> SlideContent:
    rows = index(pack.frames, pack.results)
    by_standard = rows.groupby("standard", sort=False)
    return SlideContent(
        title=f"Evidence for {len(rows)} controls is in this pack",
        subtitle="By standard; the workbook's sheet Evidence has each control",
        body=SlideTable(
            headers=("Standard", "Controls", "With exceptions"),
            rows=tuple(
                (
                    Cell(str(standard), bold=True),
                    Cell(", ".join(part["control"])),
                    Cell(_with_exceptions(part["exceptions"].isna().sum(), part["exceptions"].gt(0).sum(), len(part))),
                )
                for standard, part in by_standard
            ),
            widths=(2.2, 7.0, 2.6),
            alt="; ".join(f"{standard}: {len(part)} controls" for standard, part in by_standard),
            lines=3,
        ),
        source="results of this pack",
        takeaway="Each control has a folder under evidence/: population, exceptions, a sample, hashes.",
        notes="\n".join(f"{row.standard} {row.control}: {row.shows}" for row in rows.itertuples()),
    )


def _with_exceptions(unknown: int, some: int, of: int) -> str:
    """``3 of 6``, or that it is not known of some."""
    return f"{some} of {of}" + (f"; not known of {unknown}" if unknown else "")
