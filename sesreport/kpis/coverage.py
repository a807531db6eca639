"""How much of the estate the pack rests on."""

from __future__ import annotations

from sesreport.analysis.basis import places, read_places
from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis
from sesreport.kpis.registry import Measure, kpi


@kpi(
    order=110,
    label="Accounts and Regions read",
    question="How much of the organization does this report rest on?",
    definition=(
        "Account × Region places whose identities and policies were read without a gap, of all places that are "
        "enabled. A suspended account cannot be read by anyone and is listed, not counted."
    ),
    formula="places read / places expected",
    source="coverage of the snapshot",
    unit="share",
    direction="higher",
    target=0.95,
    watch=0.90,
    owner="FinOps",
    datasets=(),
)
def coverage(analysis: Analysis) -> Measure:
    """One row per place, unread ones first."""
    expected = places(analysis.coverage)
    read = read_places(analysis.coverage, ("identities", "policies")).assign(read=True)
    frame = joined(expected, read, on=["account_id", "region"])
    frame = frame.assign(read=frame["read"].astype("boolean").fillna(False)).sort_values(
        ["read", "account_id", "region"], ignore_index=True
    )
    if frame.empty:
        return Measure(None, frame, 0, 0, "Nothing could be read.")
    done = int(frame["read"].sum())
    return Measure(done / len(frame), frame, done, len(frame), f"{len(frame) - done} of {len(frame)} places not read.")
