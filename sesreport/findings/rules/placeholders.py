"""Account ids copied from documentation."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.judged import Judged
from sesreport.findings.registry import Example, allow, at_grants, of_policies, rule
from sesreport.settings.reference import reference_table


@rule(
    id="SES011",
    title="A placeholder account id from documentation is granted",
    severity="high",
    why="The id was copied from an example; whoever holds that account can send as us.",
    recommendation="Replace it with the account that was meant, or remove the grant.",
    ask="Replace example account ids on {identities}",
    fires=Example({"p": allow("123456789012")}),
    clean=Example({"p": allow("420000000001")}),
)
@of_policies
def placeholder_account(judged: Judged) -> pd.DataFrame:
    """Grantees whose account id is a known example."""
    placeholders = [row["account_id"] for row in reference_table("placeholder_accounts")]
    grants = judged.grants
    known = grants["grantee_account_id"].isin(placeholders) & ~grants["register_status"].isin(["own", "organization"])
    return at_grants(grants[known & (grants["effect"] == "Allow")])
