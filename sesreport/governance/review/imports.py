"""Answers of reviewers imported: checked, added to the attestations, and turned into a register and a list of fixes."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from sesreport.analysis import analyze
from sesreport.analysis.joins import records
from sesreport.core.errors import ConfigError, WriteError
from sesreport.core.files import alone_in, check_writable, write_whole
from sesreport.core.text import FORMULA_STARTS, visible
from sesreport.governance.review.approvals import (
    check_register,
    left_out,
    register_csv,
    updated,
    with_pending,
    without_replaced,
)
from sesreport.governance.review.checks import (
    Answer,
    Checker,
    contradictions,
    disagreement,
    disagreements,
    due_of,
    midnight,
    said_of,
)
from sesreport.governance.review.reading import AnsweredWorkbook, Problem, read_workbook
from sesreport.governance.review.updates import new_update, newest_update
from sesreport.settings.approvals import Entry, read_entries
from sesreport.settings.attestations import (
    KEEP,
    REVOKE,
    added,
    attestation_id,
    attestations_sha256,
    read_attestations,
    write_attestations,
)
from sesreport.settings.config import Config
from sesreport.settings.register import entries_of
from sesreport.snapshot.storage import snapshots_folder
from sesreport.snapshot.store import in_hand, load, snapshots

FIXES = (
    "due", "answer", "account_id", "region", "identity", "policy_name", "statement", "grantee", "ticket", "comment",
    "reviewer",
)  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """What became of reviewers' files. With problems, and without ``partial``, nothing was written."""

    problems: tuple[Problem, ...]
    """Everything that is wrong, by file and row."""
    answers: int = 0
    """Answers that were added."""
    known: int = 0
    """Answers that had been imported before."""
    attestations: Path | None = None
    """The file they were added to; None where nothing was."""
    register: Path | None = None
    """The register brought up to date, beside the one in use; None where it would be the same."""
    diff: Path | None = None
    """What differs between the two."""
    fixes: Path | None = None
    """What is to be narrowed and revoked, and by when; None where nothing is."""
    pending: Path | None = None
    """The update written before that is not taken over yet; ``register`` holds what it changed as well."""
    left_out: tuple[str, ...] = ()
    """Approvals that stood in it, and are neither in the register in use nor asked for by an answer."""

    @property
    def written(self) -> list[Path]:
        """All files that were written."""
        return [path for path in (self.attestations, self.register, self.diff, self.fixes) if path is not None]


def review_import(
    files: Sequence[str | Path],
    config: Config | None = None,
    *,
    today: date,
    partial: bool = False,
    reviewer: str | None = None,
) -> Imported:
    """Imports the answers in reviewers' workbooks, as of ``today`` (UTC).

    Each answer is checked against the newest snapshot. When anything is wrong nothing is written; with ``partial``
    the rows that are right are, and the others are listed. ``reviewer`` answered where a row does not say who.
    Raises ConfigError for settings, a register or attestations that cannot be read, SnapshotError, WriteError.
    """
    config = config or Config()
    if reviewer is not None:
        reviewer = visible(reviewer)
        if reviewer.startswith(FORMULA_STARTS):
            raise ConfigError(f"reviewer: {reviewer!r:.40} begins like a formula; name who answered")
    with alone_in(Path(config.paths.attestations).resolve().parent):
        return _imported(files, config, today, partial, reviewer)


def _imported(
    files: Sequence[str | Path], config: Config, today: date, partial: bool, reviewer: str | None
) -> Imported:
    before = attestations_sha256(config)
    given = read_attestations(Path(config.paths.attestations))
    books = _books(files)
    checker = _checker(config, given, books, today, reviewer)
    checker.check_about(books)
    sound = [book for book in books if book.about is not None and not _refused(book)]
    answers = [answer for book in sound for answer in checker.answers(book)]
    differing = [*disagreements(answers), *contradictions(answers, given)]
    problems = [each for book in books for each in book.problems]
    problems += [disagreement(answer, what) for answer, what in differing]
    if problems and not partial:
        return Imported(tuple(problems))
    unsettled = {answer.about for answer, _ in differing}
    settled = [answer for answer in answers if answer.about not in unsettled]
    return _written(config, checker, before, settled, problems)


def _books(files: Sequence[str | Path]) -> list[AnsweredWorkbook]:
    """The files read; one that is given twice, or copied, once."""
    books: dict[str, AnsweredWorkbook] = {}
    for file in files:
        book = read_workbook(Path(file))
        books.setdefault(book.sha256 or str(book.path), book)
    return list(books.values())


def _refused(book: AnsweredWorkbook) -> bool:
    """Whether a file as a whole cannot be imported."""
    return book.without_rows or any(not problem.sheet for problem in book.problems)


def _checker(
    config: Config, given: pd.DataFrame, books: Sequence[AnsweredWorkbook], today: date, reviewer: str | None
) -> Checker:
    folder = snapshots_folder(config)
    kept = snapshots(folder, of=in_hand(folder, config.organization.id))
    if not kept:
        raise ConfigError(f"no snapshot in {folder}; answers are checked against the newest: collect one first")
    by_id = {each.name: each for each in kept}
    wanted = {book.about.snapshot for book in books if book.about} & by_id.keys()
    analyses = {name: analyze(load(by_id[name]), config, attestations=given) for name in {*wanted, kept[-1].name}}
    return Checker(analyses[kept[-1].name], analyses, today, reviewer)


def _written(
    config: Config, checker: Checker, before_sha256: str, answers: Sequence[Answer], problems: Sequence[Problem]
) -> Imported:
    """Writes what is new: the register and the lists first, so that no answer is in without them."""
    path, given = Path(config.paths.attestations), checker.newest.attestations
    rows = [attestation_row(answer, checker, config.review.revoke_days) for answer in answers]
    frame = added(given, rows)
    new = records(frame.iloc[len(given) :])
    ids = {row["attestation_id"] for row in new}
    fresh = [answer for answer, row in zip(answers, rows, strict=True) if row["attestation_id"] in ids]
    if not new:
        return Imported(tuple(problems), known=len(answers))
    register = Path(config.paths.register_file)
    for folder in {path.parent, register.parent}:
        check_writable(folder)
        folder.mkdir(parents=True, exist_ok=True)
    earlier = newest_update(register)
    earlier_entries = _entries_of(earlier)
    before, pending, after = _registers(config, checker, frame, fresh, earlier_entries)
    texts: dict[str, str] = {}
    if pending != after:
        check_register(after)
        texts[".csv"] = after
    asked = [row for row in new if row["answer"] != KEEP]
    if asked:
        texts["-fixes.csv"] = _fixes(asked)
    stem = new_update(register, fresh[0].quarter)
    if pending != after:
        names = (register.name, stem.name + ".csv")
        lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), *names)
        texts[".diff"] = "".join(lines)
    made = {ending: stem.with_name(stem.name + ending) for ending in texts}
    if attestations_sha256(config) != before_sha256:  # another import, where the file system has no locks
        raise WriteError(f"{path}: was changed meanwhile, so nothing was written; import the files again")
    _write_all({made[ending]: text for ending, text in texts.items()}, path, frame)
    return Imported(
        tuple(problems), len(new), len(answers) - len(new), path, made.get(".csv"), made.get(".diff"),
        made.get("-fixes.csv"), None if pending == before else earlier,
        tuple(each.key for each in left_out(entries_of(config), earlier_entries, records(frame))),
    )  # fmt: skip


def attestation_row(answer: Answer, checker: Checker, days: int) -> dict[str, Any]:
    """The answer as a row of the attestations."""
    row = {
        **said_of(answer),
        "answered_at": midnight(checker.today),
        "due": due_of(answer, checker.newest.attestations, checker.today, days),
        "snapshot": checker.newest.snapshot.id,
    }
    return {**row, "attestation_id": attestation_id(row)}


def _entries_of(update: Path | None) -> list[Entry]:
    """The entries of an update. Raises ConfigError, which says that it is one, as nobody has to know its file."""
    try:
        return read_entries(update) if update else []
    except ConfigError as error:
        raise ConfigError(f"{error}; it is an update that imports go on from: correct it, or take it away") from error


def _write_all(texts: Mapping[Path, str], attestations: Path, frame: pd.DataFrame) -> None:
    """Writes files and the attestations; where one cannot be written, those before it are taken away again."""
    try:
        for path, text in texts.items():
            write_whole(path, text)
        write_attestations(attestations, frame)
    except (WriteError, OSError):
        for path in texts:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        raise


def _registers(
    config: Config, checker: Checker, frame: pd.DataFrame, fresh: Sequence[Answer], earlier: Sequence[Entry]
) -> tuple[str, str, str]:
    """The register in use, with what ``earlier`` updates changed in it, and brought up to date, all as CSV.

    An approval ends where all grants that stand by it are to be revoked; else it stays for the others.
    """
    entries = entries_of(config)
    given = records(frame)
    reviews = records(analyze(checker.newest.snapshot, config, attestations=frame).reviews)
    covered = [row for row in reviews if row["approval"] in COVERED]
    revoked = [row for row in covered if row["answer"] == REVOKE]
    mine = {answer.review["approval_id"] for answer in fresh if answer.answer == REVOKE}
    kept = {row["approval_id"] for row in covered if row["answer"] != REVOKE}
    ends = {row["approval_id"]: row["due"].date() for row in revoked if row["approval_id"] in mine - kept}
    valid = with_pending(entries, without_replaced(earlier, entries, reviews, fresh), given)
    after = updated(valid, fresh, ends, checker.today)
    return register_csv(entries), register_csv(with_pending(entries, earlier, given)), register_csv(after)


COVERED = ("approved", "no ticket", "wider From")
"""How an approval may fit a grant that it was given for; by others a grant does not stand."""


def _fixes(rows: Sequence[Mapping[str, Any]]) -> str:
    """What is to be narrowed and revoked, the first due first; no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FIXES)
    for row in sorted(rows, key=lambda each: (each["due"], each["answer"])):
        writer.writerow([_inert({**row, "due": row["due"].date()}[name]) for name in FIXES])
    return out.getvalue()


def _inert(value: Any) -> str:
    text = "" if value is None else visible(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
