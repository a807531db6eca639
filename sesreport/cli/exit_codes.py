"""What a command ends with.

0 done; 1 findings at or above ``--fail-on``; 2 usage or configuration; 3 finished but incomplete (anything not read,
with ``--strict``; a snapshot or pack for which no place was read, always); 4 failed (a notebook, a write); 5 made but
not delivered; 130 interrupted. Where several apply, the first of 4, 5, 3, 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesreport.core.vocabulary import SEVERITIES

if TYPE_CHECKING:
    from sesreport.report.build import Made
    from sesreport.snapshot.store import Snapshot

WRONG, INCOMPLETE, FAILED, UNDELIVERED, INTERRUPTED = 2, 3, 4, 5, 130


def code_of_pack(made: Made, snapshot: Snapshot, fail_on: str | None, strict: bool, *, delivered: bool = True) -> int:
    """The code for a pack that was made of a snapshot."""
    if made.failed:
        return FAILED
    if not delivered:
        return UNDELIVERED
    results = made.pack.results
    counts = results.findings.by_severity
    if not results.coverage.places.read or (strict and has_gaps(snapshot)):
        return INCOMPLETE
    if fail_on and any(counts[name] for name in SEVERITIES[: SEVERITIES.index(fail_on) + 1]):
        return 1
    return 0


def code_of_snapshot(snapshot: Snapshot, strict: bool) -> int:
    """The code for a collection."""
    from sesreport.analysis.basis import POLICY_DATASETS, place_basis

    nothing = not place_basis(snapshot.coverage, POLICY_DATASETS).read
    return INCOMPLETE if nothing or (strict and has_gaps(snapshot)) else 0


def has_gaps(snapshot: Snapshot) -> bool:
    """Whether anything was not read that should have been; a dataset that the settings leave out should not."""
    from sesreport.analysis.basis import is_gap
    from sesreport.snapshot.coverage import EVERYTHING, SKIPPED

    coverage = snapshot.coverage
    left_out = coverage["status"].eq(SKIPPED) & coverage["dataset"].ne(EVERYTHING)
    return bool((is_gap(coverage) & ~left_out).any())
