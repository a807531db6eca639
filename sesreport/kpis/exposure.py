"""Who can send as us."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis
from sesreport.kpis.registry import Measure, kpi

SES_POLICIES = "SES GetEmailIdentity (identity policies)"
UNPROVEN = ("public", "external", "needs review")
"""Scopes of a wildcard that is not proven to be held to somebody we know."""


@kpi(
    order=10,
    label="Open wildcard policies",
    question="Which policies let anyone send as us?",
    definition=(
        "Identity policies with an Allow statement for the principal * that, Denies included, lets in somebody other "
        "than our own account, our organization, a registered vendor or an AWS service. What cannot be judged is open."
    ),
    formula="count of policies with an open wildcard grant",
    source=SES_POLICIES,
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Platform security",
    headline=True,
    datasets=("identities", "policies"),
)
def wildcard_policies(analysis: Analysis) -> Measure:
    """Wildcards that a condition or a Deny makes safe stay in the frame, with their scope."""
    grants = analysis.grants
    wildcard = grants[(grants["grantee_kind"] == "anyone") & (grants["effect"] == "Allow") & grants["can_send"]]
    place = ["account_id", "region", "identity", "policy_name"]
    policies = (
        wildcard.assign(open=wildcard["scope"].isin(UNPROVEN))
        .groupby(place, as_index=False)
        .agg(open=("open", "max"), scope=("scope", "first"), why=("why", "first"))
    )
    opened = int(policies["open"].sum())
    safe = len(policies) - opened
    reason = f"{len(policies)} of {len(analysis.policies)} policies name the principal *"
    reason += f"; {safe} held to people we know" if safe else ""
    unreadable = len(grants.loc[grants["grantee_kind"] == "unreadable", place].drop_duplicates())
    reason += (
        f"; {unreadable} {'policy' if unreadable == 1 else 'policies'} cannot be read in full." if unreadable else "."
    )
    return Measure(opened, policies, opened, len(analysis.policies), reason)


@kpi(
    order=20,
    label="Unknown accounts that can send",
    question="Which accounts outside our organization can send as us without a valid approval?",
    definition=(
        "Distinct 12-digit account ids outside the organization that an identity policy names, as principal or in a "
        "condition, and lets send, and that have no register entry or one that has expired."
    ),
    formula="count of distinct outside account ids without a valid register entry",
    source=f"{SES_POLICIES}; register of outside accounts",
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Platform security",
    headline=True,
    datasets=("identities", "policies"),
)
def unknown_accounts(analysis: Analysis) -> Measure:
    """One row per outside account that can send, approved or not; ``grants`` are those that name it as principal."""
    place = ["account_id", "region", "identity", "grantee_account_id"]
    grants = analysis.grants
    outside = grants[
        (grants["effect"] == "Allow")
        & grants["can_send"]
        & grants["grantee_account_id"].notna()
        & grants["scope"].isin(["vendor", "external", "needs review"])
        & ~grants["register_status"].isin(["own", "organization"])
    ]
    named = outside[[*place, "any_from_address"]].assign(grants=1)
    otherwise = [
        {**dict(zip(place, [*key, account], strict=True)), "any_from_address": verdict.exposure.any_from_address}
        for key, verdict in analysis.verdicts.items()
        for account in sorted({*verdict.exposure.external_accounts, *verdict.exposure.service_accounts})
    ]  # by a condition on the principal, or on the source of a service
    others = pd.DataFrame(otherwise, columns=[*place, "any_from_address"]).astype(named.dtypes.drop("grants"))
    others = joined(others, named[place].drop_duplicates(), on=place, indicator=True).query("_merge == 'left_only'")
    rows = pd.concat([named, others.drop(columns="_merge").assign(grants=0)], ignore_index=True)
    accounts = rows.groupby("grantee_account_id", as_index=False).agg(
        identities=("identity", "nunique"),
        grants=("grants", "sum"),
        any_from_address=("any_from_address", "max"),
    )
    register = analysis.register.set_index("account_id")
    for position, (column, source) in enumerate((("name", "name"), ("register_status", "status")), start=1):
        accounts.insert(position, column, accounts["grantee_account_id"].map(register[source]).astype("string"))
    unknown = ~accounts["register_status"].isin(["valid", "expiring"])
    expired = int((accounts["register_status"] == "expired").sum())
    frame = accounts.assign(unknown=unknown).sort_values(["unknown", "identities"], ascending=False, ignore_index=True)
    count = int(unknown.sum())
    reason = f"{len(accounts)} outside accounts can send: {len(accounts) - count} approved, {expired} expired, "
    reason += f"{count - expired} not registered."
    return Measure(count, frame, count, len(accounts), reason)


@kpi(
    order=50,
    label="Identities open to anyone",
    question="On how many identities can a stranger send as us?",
    definition="Identities whose policies, Denies included, let an AWS account that is named nowhere send.",
    formula="count of identities with exposure 'public'",
    source=SES_POLICIES,
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Platform security",
    datasets=("identities", "policies"),
)
def public_identities(analysis: Analysis) -> Measure:
    """Identities that need review are in the frame and in the reason: not proven public, not proven safe."""
    exposures = analysis.exposures
    public = (exposures["exposure"] == "public").fillna(False)  # NA: could not be read, so it needs review
    review = exposures["needs_review"] & ~public
    frame = exposures[public | review].drop(columns=["external_accounts", "services"])
    count = int(public.sum())
    reason = f"{count} of {len(exposures)} identities; {int(review.sum())} more need review."
    return Measure(count, frame.reset_index(drop=True), count, len(exposures), reason)


@kpi(
    order=60,
    label="Grants past their approval",
    question="Which approvals ended while the permission stayed?",
    definition="Grants that let an outside account send whose register entry has expired or is not yet approved.",
    formula="count of grants with register status 'expired'",
    source=f"{SES_POLICIES}; register of outside accounts",
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Vendor management",
    datasets=("identities", "policies"),
)
def expired_grants(analysis: Analysis) -> Measure:
    """One row per grant."""
    grants = analysis.grants
    sending = grants[
        (grants["effect"] == "Allow")
        & (grants["scope"] != "none")
        & grants["can_send"]
        & grants["grantee_account_id"].notna()
    ]
    expired = sending[sending["register_status"] == "expired"].reset_index(drop=True)
    columns = ["account_id", "region", "identity", "policy_name", "grantee", "grantee_name", "register_status", "why"]
    return Measure(len(expired), expired[columns], len(expired), len(sending))
