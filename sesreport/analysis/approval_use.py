"""The approvals of the register, each with the grants it is used by."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from sesreport.analysis.approvals import Approvals
from sesreport.analysis.basis import POLICY_DATASETS, basis_of
from sesreport.analysis.joins import rows
from sesreport.analysis.registry import Analysis, derived
from sesreport.core.schema import Frame, account_id, at, count, flag, text, texts
from sesreport.settings.plain_approvals import covers
from sesreport.settings.register import FRAME as REGISTER

APPROVALS = Frame(
    "approvals",
    "One row per approval of the register, with the grants it is used by: those it fits best (see 'grants').",
    keys=REGISTER.keys,
    columns={
        "account_id": account_id("The outside account.", required=True),
        "name": text("What we call it.", required=True),
        "owner": text("Who in our organization answers for it."),
        "ticket": text("The change or contract record."),
        "approved_at": at("When it was approved."),
        "expires_at": at("The first instant at which it is no longer approved; NA means no end was set."),
        "review_every": text("How often its grants are reviewed, such as '6 months'; NA means every 3 months."),
        "status": text("valid, expiring (ends soon) or expired.", required=True),
        "grants": count("Allow statements it is used by, one for each grantee.", required=True),
        "used_on": texts("Identities of these grants.", required=True),
        "gone": flag("Whether it is in date and no grant of the account is left on the identities it is for; NA where "
                     "some of their policies could not be read."),
    },
    samples=(
        {"approval_id": "A-0d54b1a1e7", "account_id": "310000000001", "name": "Mailwise", "owner": "crm",
         "ticket": "SEC-1041", "status": "valid", "grants": 2, "used_on": ["news.example.com"], "gone": False},
        {"approval_id": "A-7c2f90be13", "account_id": "310000000002", "name": "Brightside agency",
         "owner": "marketing", "ticket": "MKT-88", "status": "expired", "grants": 0, "used_on": [], "gone": False},
        {"approval_id": "SUP-2026-7", "account_id": "310000000003", "name": "Helpdesk", "owner": "support",
         "ticket": "SUP-7", "status": "expiring", "grants": 0, "used_on": [], "gone": True},
    ),
)  # fmt: skip


@derived(APPROVALS)
def approvals(analysis: Analysis) -> pd.DataFrame:
    """In the order of the register."""
    grants = analysis.grants
    used = grants[grants["approval_id"].notna()].groupby("approval_id")["identity"]
    numbers, names = used.size(), used.agg(lambda each: sorted(set(each)))
    register = analysis.register
    ids = register["approval_id"]
    gone = _gone(analysis)
    return register.assign(
        grants=ids.map(numbers).fillna(0).astype("Int64"),
        used_on=pd.Series([list(names.get(each, ())) for each in ids], index=register.index, dtype=object),
        gone=pd.array([gone[each] for each in ids], dtype="boolean"),
    )


def _gone(analysis: Analysis) -> dict[str, bool | None]:
    """By approval id; see the column ``gone``."""
    let_in, unread = _let_in(analysis), _unread(analysis)
    whole = analysis.once(basis_of, POLICY_DATASETS).whole
    out: dict[str, bool | None] = {}
    for account, approvals in Approvals(analysis.register).by_account.items():
        for one in approvals:
            left = any(covers(one.identities, name) for name in let_in[account])
            known = whole and not any(covers(one.identities, name) for name in unread)
            out[one.id] = False if left or not one.in_date else (True if known else None)
    return out


def _let_in(analysis: Analysis) -> dict[str, set[str]]:
    """The identities on which policies let an account in, as principal or by a condition, by account."""
    grants = analysis.grants
    named = grants[grants["effect"].eq("Allow").fillna(value=False) & grants["grantee_account_id"].notna()]
    out: dict[str, set[str]] = defaultdict(set)
    for account, name in rows(named, ("grantee_account_id", "identity")):
        out[account].add(name)
    names = ("identity", "external_accounts", "service_accounts")
    for name, *accounts in rows(analysis.exposures, names):
        for account in {one for several in accounts if several is not None for one in several}:
            out[account].add(name)
    return out


def _unread(analysis: Analysis) -> set[str]:
    """Identities of which not all policies could be read or judged."""
    exposures, grants = analysis.exposures, analysis.grants
    unread = exposures.loc[exposures["exposure"].isna() | exposures["needs_review"], "identity"]
    return {*unread, *grants.loc[grants["grantee_kind"].eq("unreadable"), "identity"]}
