"""How much of the estate the pack rests on."""

from __future__ import annotations

from sesreport.analysis.basis import UNREAD, place_states
from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import PLACE
from sesreport.kpis.contributions import RATIO, contributions
from sesreport.kpis.registry import Measure, kpi, measured


@kpi(
    order=110,
    label="Accounts and Regions read",
    question="How much of the organization does this report rest on?",
    definition=(
        "Account × Region places whose identities and policies were read without a gap, of all places that are "
        "enabled. A suspended account cannot be read by anyone and is listed, not counted. Where nothing was read it "
        "is 0 %, which is known and off target; it is not measurable only where no place was expected."
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
    states = place_states(analysis.coverage)
    frame = states[PLACE].assign(read=states["state"].ne(UNREAD).astype("boolean"))
    frame = frame.sort_values(["read", *PLACE], ignore_index=True)
    unread = int((~frame["read"]).sum())
    reason = f"{unread} of {len(frame)} places not read." if len(frame) else "No place could be asked for."
    return measured(contributions(frame, RATIO, str(analysis.period), numerator=frame["read"]), frame, reason)
