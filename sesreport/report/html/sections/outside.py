"""Accounts outside the organization, and the register that should know them."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.grant_facts import grantee_words
from sesreport.analysis.joins import records
from sesreport.analysis.reviews import worst_first
from sesreport.kpis.measures.grants import beyond
from sesreport.kpis.results import Results
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, consequence, kpi_of, section, where, why_unknown
from sesreport.report.html.table import TableColumn, table

_GRANTS = (
    TableColumn("grantee_account_id", "Outside account", "id", missing="everyone"),
    TableColumn("grantee_name", "Name"),
    TableColumn("standing", "Register", facet=True),
    TableColumn("identity", "Identity", "name"),
    TableColumn("can_send", "Can send", facet=True),
    TableColumn("from_patterns", "From addresses", missing="any"),
    TableColumn("conditions", "Conditions", "long", missing="none"),
    TableColumn("policy_name", "Policy"),
    TableColumn("account_id", "Account", "id"),
    TableColumn("region", "Region", "id", facet=True),
    TableColumn("why", "Why", "long"),
)
_REGISTER = (
    TableColumn("account_id", "Outside account", "id"),
    TableColumn("approval_id", "Approval", "id"),
    TableColumn("vendor", "Vendor"),
    TableColumn("status", "Status", facet=True),
    TableColumn("expires_at", "Expires", "date"),
    TableColumn("identities", "Approved for", missing="any identity"),
    TableColumn("owner", "Owner"),
    TableColumn("justification", "Justification", "long"),
    TableColumn("approved_by", "Approved by"),
    TableColumn("approved_at", "Approved", "date"),
    TableColumn("ticket", "Ticket"),
)


_REVIEWS = (
    TableColumn("standing", "Standing", facet=True),
    TableColumn("due_quarter", "To answer for", facet=True),
    TableColumn("identity", "Identity", "name"),
    TableColumn("who", "Who may send", "name"),
    TableColumn("owner", "Owner", facet=True, missing="no owner"),
    TableColumn("answer", "Last answer", facet=True, missing="none"),
    TableColumn("reviewer", "By", missing="nobody"),
    TableColumn("answered_at", "Answered", "date", missing="never"),
    TableColumn("due", "To be done by", "date", missing="nothing asked"),
    TableColumn("changed", "Changed since the last answer", "long", missing="nothing"),
    TableColumn("exposure", "What that means", "long"),
    TableColumn("policy_name", "Policy"),
    TableColumn("account_id", "Account", "id"),
    TableColumn("region", "Region", "id"),
)
_CONSEQUENCE = "Each needs an approval in the register with an end date, or its grant removed."


@section(50, "outside", "Outside accounts and register")
def outside(pack: Pack) -> SectionContent:
    register = pack.frames.get("register")
    ordered = register.sort_values(["expires_at", "account_id"]) if register is not None and len(register) else None
    return SectionContent(
        heading=heading(pack.results),
        so_what=consequence(pack.results, _CONSEQUENCE, "unknown_accounts", "expired_grants"),
        charts=("outside_accounts", "register_expiry", "review_standings"),
        tables=(
            table("t-grants", "Grants that reach, or may reach, beyond the organization", pack.frames, "grants",
                  _GRANTS, rows=_outside(pack.frames.get("grants")),
                  none="No grant that was read reaches beyond the organization."),
            table("t-register", "Register of approved outside accounts, next to expire first", pack.frames, "register",
                  _REGISTER, rows=ordered),
            table("t-reviews", "Quarterly review of outside grants, overdue first", pack.frames, "reviews",
                  _REVIEWS, rows=_reviewed(pack.frames.get("reviews"))),
        ),
    )  # fmt: skip


def _reviewed(reviews: pd.DataFrame | None) -> pd.DataFrame | None:
    """The reviews, worst first, with the grantee in words."""
    if reviews is None or reviews.empty:
        return reviews
    rows = worst_first(reviews)
    return rows.assign(who=[grantee_words(row) for row in records(rows)])


def heading(results: Results) -> str:
    """Unknown accounts first, then expired approvals."""
    unknown, expired = kpi_of(results, "unknown_accounts"), kpi_of(results, "expired_grants")
    if unknown is None and expired is None:
        return f"Outside accounts are not known. {why_unknown(results, 'unknown_accounts', 'expired_grants')}"
    known = [kpi for kpi in (unknown, expired) if kpi is not None]
    here = where(results, *(kpi.id for kpi in known), good=not any(kpi.value for kpi in known))
    parts = []
    if unknown is not None and unknown.value:
        one = unknown.value == 1
        parts.append(f"{unknown.value:,.0f} {'account' if one else 'accounts'} nobody approved can send as us")
    if expired is not None and expired.value:
        one = expired.value == 1
        parts.append(f"{expired.value:,.0f} {'grant rests' if one else 'grants rest'} on expired approvals")
    if not parts and unknown is None:
        reason = why_unknown(results, "unknown_accounts")
        return f"Approvals have not expired{here}, but who else can send is not known. {reason}"
    if not parts and expired is None:
        reason = why_unknown(results, "expired_grants")
        return f"No unknown account can send as us{here}; expired approvals are not known. {reason}"
    return ("; ".join(parts) or "Every outside account that can send as us has a valid approval") + here


def _outside(grants: pd.DataFrame | None) -> pd.DataFrame | None:
    if grants is None or grants.empty:
        return grants
    unjudged = grants[grants["scope"].eq("needs review").fillna(value=True) & grants["effect"].ne("Deny").fillna(True)]
    rows = grants.loc[beyond(grants).index.union(unjudged.index)]
    known = rows["registered"].fillna(False).astype(bool)
    standing = rows["register_status"].where(known | rows["register_status"].notna()).fillna("not registered")
    rank = standing.map({"not registered": 0, "expired": 1, "expiring": 2}).fillna(3)
    made = rows.assign(standing=standing, _rank=rank)
    return made.sort_values(["_rank", "grantee_account_id", "account_id", "identity"], na_position="first")
