"""The workbooks of a quarterly review: what a reviewer is asked about each grant, with cells for the answers."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from sesreport.analysis import Analysis, analyze
from sesreport.core.errors import ConfigError
from sesreport.core.period import Period
from sesreport.core.quarter import Quarter
from sesreport.governance.review.rows import (
    ABOUT_SHEET,
    ANSWERS,
    FACTS,
    KEY,
    NOBODY,
    ORGANIZATION,
    PROPERTIES,
    QUARTER,
    ROWS,
    SHEET,
    SNAPSHOT,
    asked,
    sheet_rows,
)
from sesreport.report.compute import branding, earlier_snapshots
from sesreport.report.workbook.description import SheetColumn, SheetContent
from sesreport.report.workbook.writer import Page, Properties, write
from sesreport.settings import attestations
from sesreport.settings.config import Config
from sesreport.snapshot.storage import snapshots_folder
from sesreport.snapshot.store import in_hand, load, snapshots

WIDTHS = {
    "identity": 22, "changed": 18, "grantee": 20, "exposure": 22, "allowed": 24, "account": 15, "policy": 12,
    "last_use": 10, "approval": 17, "last_answer": 14, "answer": 10, "expires_at": 12, "ticket": 11, "comment": 20,
    "reviewer": 11,
}  # fmt: skip
"""Characters; all of them fit on a page in landscape."""
PROMPTS = {
    "answer": "keep: it is needed as it is. narrow: it is needed, but lets in too much. revoke: it is not needed.",
    "expires_at": "With keep: the last day of the new approval, such as 2027-12-31. Leave it empty where the approval "
    "lasts beyond the quarter.",
    "ticket": "The record of this decision.",
    "comment": "With narrow: what is enough. Anything else that the next reviewer should know.",
    "reviewer": "Your name.",
}
HOW_TO = (
    ("Read a row", "Each row is one permission to send mail as us. It says who has it, what it allows, and what "
     "changed since somebody last answered for it. What changed comes first, then the worst."),
    ("Answer it", "Choose keep, narrow or revoke in the column Answer. Every row needs an answer."),
    ("keep", "The permission is needed, exactly as the row says. Your answer counts for that and nothing wider."),
    ("narrow", "It is needed, but lets in too much. Write into Comment what is enough."),
    ("revoke", "It is not needed. It will be taken away."),
    ("New expiry", "With keep, where the approval ends before the quarter does, or there is none: the last day of the "
     "new one, as 2027-12-31."),
    ("Sort and filter", "As you like; you may also hide or move columns. Do not change, rename or delete what is not "
     "yellow: an answer about other facts is not taken."),
    ("Hand it back", "Save it as .xlsx and send it to whoever sent it. What is wrong is told by row and column."),
)  # fmt: skip


def review_export(
    config: Config | None = None,
    *,
    quarter: str | Quarter,
    by: str | None = None,
    output: str | Path | None = None,
    snapshot: str | Path | None = None,
) -> list[Path]:
    """Writes what is to be answered for in a quarter as workbooks, and returns their paths.

    One for all, or with ``by="owner"`` one for each owner; into ``output``, by default ``review-<quarter>`` in the
    folder of packs. ``snapshot`` defaults to the newest. Raises ConfigError when nothing is to be answered for, when
    the quarter has not begun or is long over, or when a file of that name is there: it may hold answers.
    """
    config = config or Config()
    chosen = quarter if isinstance(quarter, Quarter) else Quarter.parse(quarter)
    if by not in (None, "owner"):
        raise ConfigError(f"review: workbooks can be parted by owner, not by {by!r:.40}")
    analysis = _analysis(config, snapshot)
    running = Quarter.of(analysis.today)
    if not running.shift(-1) <= chosen <= running.shift(1):
        raise ConfigError(
            f"quarter {chosen}: snapshot {analysis.snapshot.id} is of {running}; it cannot be asked about"
        )
    reviews = asked(analysis, chosen)
    if reviews.empty:
        raise ConfigError(f"quarter {chosen}: no grant is to be answered for, by snapshot {analysis.snapshot.id}")
    folder = Path(output) if output is not None else Path(config.paths.output) / f"review-{chosen}"
    parts = _parts(reviews, by, folder, chosen)
    for path in parts:
        if path.exists():
            raise ConfigError(f"{path}: is there and may hold answers; nothing was written; move it, or use --output")
    folder.mkdir(parents=True, exist_ok=True)
    for path, (owner, part) in parts.items():
        _write(path, analysis, part, chosen, owner)
    return list(parts)


def _analysis(config: Config, snapshot: str | Path | None) -> Analysis:
    """The analysis of a snapshot with those of the months before, which tell since when a grant is there."""
    folder = snapshots_folder(config)
    kept = snapshots(folder, of=in_hand(folder, config.organization.id))
    if snapshot is None and not kept:
        raise ConfigError(f"no snapshot in {folder}; collect one with 'sesreport collect'")
    chosen = load(snapshot or kept[-1])
    month = Period(chosen.started_at.year, chosen.started_at.month)
    previous = None
    for period, old in earlier_snapshots(folder, month, chosen).items():
        previous = analyze(old, config, period=period, previous=previous)
    return analyze(chosen, config, previous=previous)


def _parts(
    reviews: pd.DataFrame, by: str | None, folder: Path, quarter: Quarter
) -> dict[Path, tuple[str | None, pd.DataFrame]]:
    """Reviews by the file that asks about them, with whose they are."""
    if by is None:
        return {folder / f"review-{quarter}.xlsx": (None, reviews)}
    parts: dict[Path, tuple[str | None, pd.DataFrame]] = {}
    for owner, part in reviews.groupby(reviews["owner"].fillna(NOBODY), sort=True):
        name = re.sub("[^a-z0-9]+", "-", str(owner).casefold()).strip("-")[:60] or "owner"
        number, path = 1, folder / f"review-{quarter}-{name}.xlsx"
        while path in parts:
            number += 1
            path = folder / f"review-{quarter}-{name}-{number}.xlsx"
        parts[path] = (str(owner), part)
    return parts


def _write(path: Path, analysis: Analysis, reviews: pd.DataFrame, quarter: Quarter, owner: str | None) -> None:
    snapshot, config = analysis.snapshot, analysis.config
    organization = config.organization.name or snapshot.organization
    about = {
        QUARTER: str(quarter), ORGANIZATION: snapshot.organization, SNAPSHOT: snapshot.id, ROWS: str(len(reviews)),
    }  # fmt: skip
    title = f"Review of outside permissions, {quarter}"
    whose = f"{organization}{f', {owner}' if owner else ''}"
    pages = [
        Page(SHEET, "evidence", _review(analysis, reviews, quarter, whose), heading=title),
        Page("How to", "reference", _pairs("How to answer", HOW_TO, "Step", "What to do")),
        Page(ABOUT_SHEET, "reference", _pairs(whose, tuple(about.items()), "Name", "Value")),
    ]
    properties = Properties(
        title=title,
        subject=whose,
        classification=config.report.classification,
        creator=f"sesreport {snapshot.manifest['tool']['sesreport']}",
        footer=f"Snapshot {snapshot.id}",
        accent=branding(config).accent.lstrip("#").upper(),
        finished_at=snapshot.finished_at,
        custom={PROPERTIES[name]: value for name, value in about.items()},
    )
    write(pages, path, properties)


def _review(analysis: Analysis, reviews: pd.DataFrame, quarter: Quarter, whose: str) -> SheetContent:
    changed = int(reviews["changed"].notna().sum())
    facts = [SheetColumn(name, title, width=WIDTHS[name]) for name, title in FACTS.items()]
    answers = [
        SheetColumn(
            name,
            title,
            "input_date" if name == "expires_at" else "input",
            choices=attestations.ANSWERS if name == "answer" else (),
            prompt=PROMPTS[name],
            width=WIDTHS[name],
        )
        for name, title in ANSWERS.items()
    ]
    return SheetContent(
        subtitle=f"{whose}: {len(reviews)} {'permission' if len(reviews) == 1 else 'permissions'} to answer for, "
        f"{changed} changed since the last answer",
        note=f"Answer every row in the yellow cells; the sheet 'How to' says how. As of {analysis.today}.",
        columns=(*facts, *answers, SheetColumn("key", KEY, width=12, hidden=True)),
        rows=sheet_rows(analysis, reviews, quarter),
        most_lines=20,
    )


def _pairs(subtitle: str, pairs: tuple[tuple[str, str], ...], one: str, other: str) -> SheetContent:
    columns = (SheetColumn("one", one, width=24), SheetColumn("other", other, width=110))
    return SheetContent(subtitle, "", columns, pd.DataFrame(pairs, columns=["one", "other"], dtype="string"))
