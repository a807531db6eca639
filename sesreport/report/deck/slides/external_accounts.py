"""Outside accounts: who they are and how many identities each can send from; those without an approval first."""

from __future__ import annotations

import pandas as pd

from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import SlideContent, slide
from sesreport.report.deck.evidence import bars, method, nothing

TOP = 9


@slide(order=50)
def external_accounts(pack: Pack) -> SlideContent:
    """The title counts the red bars; where they are more than fit, the subtitle says so."""
    accounts = pack.columns("kpi_unknown_accounts", ("grantee_account_id", "name", "identities", "unknown"))
    accounts = accounts.assign(unknown=accounts["unknown"].fillna(value=True).astype("bool"))
    accounts = accounts.sort_values(["unknown", "identities", "grantee_account_id"], ascending=[False, False, True])
    shown = accounts.head(TOP)
    labels = [
        str(account) if pd.isna(name) else f"{name} ({account})"
        for account, name in zip(shown["grantee_account_id"], shown["name"], strict=True)
    ]
    red = SEVERITY_COLORS["high"]
    counted = [
        (label, count, red if unknown else None)
        for label, count, unknown in zip(labels, shown["identities"], shown["unknown"], strict=True)
    ]
    told = "; ".join(f"{label} {count}{' (no valid approval)' if color else ''}" for label, count, color in counted)
    rest = f"; {TOP} of {len(accounts):,} accounts" if len(accounts) > TOP else ""
    measured = pack.results.find_kpi("unknown_accounts")
    return SlideContent(
        title=titles.unknown_accounts(measured) if measured else "Outside accounts that can send as us",
        subtitle=f"Identities each outside account can send from, count{rest}; without a valid approval in red",
        body=(bars(pack, "Identities", counted, f"Identities per outside account: {told}."),)
        if counted
        else nothing(pack, "kpi_unknown_accounts", "outside accounts that can send"),
        source="kpi_unknown_accounts, register",
        kpi=measured,
        notes=method(pack, (measured,), f"Rows of data/kpi_unknown_accounts.parquet: {told}."),
    )
