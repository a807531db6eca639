"""Who answers for an identity."""

from __future__ import annotations

from sesreport.analysis.registry import Analysis
from sesreport.kpis.contributions import RATIO, contributions
from sesreport.kpis.registry import Measure, kpi, measured


@kpi(
    order=40,
    label="Identities with an owner",
    question="For which identities does somebody answer?",
    definition="Identities that carry an owner tag, of those whose tags could be read.",
    formula="identities with an owner tag / identities whose tags were read",
    source="SES GetEmailIdentity (tags)",
    unit="share",
    direction="higher",
    target=0.95,
    watch=0.85,
    owner="FinOps",
    headline=True,
    datasets=("identities", "policies"),
)
def owned_identities(analysis: Analysis) -> Measure:
    """Identities without an owner come first in the frame, with whom to ask."""
    identities = analysis.identities
    read = identities[identities["tags"].notna()]
    columns = ["account_id", "region", "identity", "account_name", "environment", "owner", "account_owner", "ticket"]
    frame = read[columns].sort_values("owner", na_position="first", kind="stable", ignore_index=True)
    owned, unread = int(read["owner"].notna().sum()), len(identities) - len(read)
    reason = f"{len(read) - owned} of {len(read)} identities have no owner tag"
    reason += f"; the tags of {unread} more could not be read." if unread else "."
    if read.empty:
        reason = "No identity's tags could be read."
    owner = identities["owner"].notna().astype("boolean").mask(identities["tags"].isna())
    return measured(contributions(identities, RATIO, str(analysis.period), numerator=owner), frame, reason)
