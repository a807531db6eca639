"""Accounts AWS is about to stop."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.findings.registry import EVIDENCE, Example, rule


@rule(
    id="SES061",
    title="AWS has the account under review or paused",
    severity="high",
    why="AWS reviews an account before it pauses its sending; a paused account sends no invoices.",
    recommendation="Answer AWS's case, find the cause of bounces and complaints, and fix it.",
    ask="Answer AWS's review of {places}",
    incident=True,
    fires=Example(sending_fields={"enforcement_status": "PROBATION"}),
    clean=Example(),
    datasets=("sending_accounts",),
)
def enforcement(analysis: Analysis) -> pd.DataFrame:
    """Sending places whose enforcement status is not HEALTHY."""
    places = analysis.sending_accounts
    ill = places[places["enforcement_status"].notna() & (places["enforcement_status"] != "HEALTHY")]
    return ill.assign(
        identity="(whole account)",
        policy_name=pd.array([pd.NA] * len(ill), dtype="string"),
        grantee=pd.array([pd.NA] * len(ill), dtype="string"),
        evidence="enforcement status " + ill["enforcement_status"],
    )[EVIDENCE]
