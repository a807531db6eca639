"""Who can send as us: policies, outside accounts, identities."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.approvals import IN_DATE, Approvals
from sesreport.analysis.joins import joined
from sesreport.analysis.joins import rows as values_of
from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import IDENTITY
from sesreport.kpis.contributions import COUNT, DISTINCT, contributions
from sesreport.kpis.registry import Measure, kpi, measured
from sesreport.settings.register import STANDINGS

SES_POLICIES = "SES GetEmailIdentity (identity policies)"
UNPROVEN = ("public", "external", "needs review")
"""Scopes of a wildcard that is not proven to be held to somebody we know."""
POLICY = [*IDENTITY, "policy_name"]


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
    policies = (
        wildcard.assign(open=wildcard["scope"].isin(UNPROVEN))
        .groupby([*POLICY, "grantee_kind", "effect"], as_index=False)
        .agg(open=("open", "max"), scope=("scope", "first"), why=("why", "first"))
    )
    safe = len(policies) - int(policies["open"].sum())
    reason = f"{len(policies)} of {len(analysis.policies)} policies name the principal *"
    reason += f"; {safe} held to people we know" if safe else ""
    broken = grants.loc[grants["grantee_kind"] == "unreadable", POLICY].drop_duplicates()
    unreadable = len(broken)
    reason += (
        f"; {unreadable} {'policy' if unreadable == 1 else 'policies'} cannot be read in full." if unreadable else "."
    )
    exposures = analysis.exposures
    identities = exposures[IDENTITY].assign(unread=exposures["exposure"].isna())
    every = joined(analysis.policies[POLICY], policies[[*POLICY, "open"]], on=POLICY)
    every = joined(every, broken.assign(broken=True), on=POLICY)
    every = joined(every, identities, how="outer", on=IDENTITY)  # those without a policy as well
    opened = every["open"].astype("boolean").fillna(value=False)
    hidden = every["broken"].notna() | every["unread"].astype("boolean").fillna(value=True)
    exists = every["policy_name"].notna().astype("Float64")
    given = contributions(
        every, COUNT, str(analysis.period), numerator=opened.mask(hidden & ~opened), denominator=exists
    )
    return measured(given, policies, reason)


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
    place = [*IDENTITY, "grantee_account_id"]
    grants = analysis.grants
    outside = grants[
        (grants["effect"] == "Allow")
        & grants["can_send"]
        & grants["grantee_account_id"].notna()
        & grants["scope"].isin(["vendor", "external", "needs review"])
        & ~grants["register_status"].isin(["own", "organization"])
    ]
    named = outside[[*place, "any_from_address"]].assign(grants=1)
    others = _let_in(analysis.exposures).astype(named.dtypes.drop("grants"))
    others = joined(others, named[place].drop_duplicates(), on=place, indicator=True).query("_merge == 'left_only'")
    rows = pd.concat([named, others.drop(columns="_merge").assign(grants=0)], ignore_index=True)
    approvals = Approvals(analysis.register)
    here = [approvals.standing(account, name) for name, account in values_of(rows, ("identity", "grantee_account_id"))]
    rows = rows.assign(register_status=pd.array(here, dtype="string"))
    numbered = rows.assign(place=rows.groupby(IDENTITY, dropna=False).ngroup())
    accounts = numbered.groupby("grantee_account_id", as_index=False).agg(
        identities=("place", "nunique"),
        grants=("grants", "sum"),
        any_from_address=("any_from_address", "max"),
    )
    names = {account: each[0].name for account, each in approvals.by_account.items()}
    rank = rows["register_status"].map({status: rank for rank, status in enumerate(STANDINGS)})
    worst = rows.assign(_rank=rank).sort_values("_rank", ascending=False)
    standing = worst.drop_duplicates("grantee_account_id").set_index("grantee_account_id")["register_status"]
    accounts.insert(1, "name", accounts["grantee_account_id"].map(names).astype("string"))
    accounts.insert(2, "register_status", accounts["grantee_account_id"].map(standing).astype("string"))
    unknown = ~accounts["register_status"].isin(IN_DATE)
    expired = int((accounts["register_status"] == "expired").sum())
    frame = accounts.assign(unknown=unknown).sort_values(["unknown", "identities"], ascending=False, ignore_index=True)
    count = int(unknown.sum())
    reason = f"{len(accounts)} outside accounts can send: {len(accounts) - count} approved, {expired} expired, "
    reason += f"{count - expired} not registered."
    named_by = rows[[*place, "register_status"]].drop_duplicates()
    named_by = named_by.assign(numerator=(~named_by["register_status"].isin(IN_DATE)).astype("Float64"))
    every = pd.concat([named_by, every_identity(analysis)], ignore_index=True)
    given = contributions(
        every, DISTINCT, str(analysis.period), numerator=every["numerator"], counted=every["grantee_account_id"]
    )
    return measured(given, frame, reason)


def _let_in(exposures: pd.DataFrame) -> pd.DataFrame:
    """Each outside account that can send, by identity: also by a condition on the principal, or a service's source."""
    columns = [*IDENTITY, "any_from_address"]
    parts = [
        exposures[[*columns, name]].explode(name).rename(columns={name: "grantee_account_id"})
        for name in ("external_accounts", "service_accounts")
    ]
    return pd.concat(parts).dropna(subset="grantee_account_id").drop_duplicates([*IDENTITY, "grantee_account_id"])


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
    public = (exposures["exposure"] == "public").fillna(value=False)  # NA: could not be read, so it needs review
    return _identities(analysis, public)


@kpi(
    order=52,
    label="Identities open to unguarded services",
    question="On how many identities can an AWS service send as us for a stranger?",
    definition=(
        "Identities whose policies let an AWS service send without holding it to sources we know (the confused "
        "deputy): a stranger's resource is enough. Identities open to anyone are counted there, not here."
    ),
    formula="count of identities with a service that can send and is not guarded",
    source=f"{SES_POLICIES}; IAM User Guide, The confused deputy problem",
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Platform security",
    datasets=("identities", "policies"),
)
def unguarded_services(analysis: Analysis) -> Measure:
    """One row per such identity, and per identity that needs review."""
    guarded = analysis.exposures["guarded"]  # NA: no service can send, or everybody can
    return _identities(analysis, (~guarded).fillna(value=False))


def every_identity(analysis: Analysis) -> pd.DataFrame:
    """Every identity with the ``numerator`` 0, or NA where something of it could not be read or judged.

    Beside what is counted of identities it says where there is nothing, and where it is the least there is.
    """
    exposures = analysis.exposures
    nothing = pd.Series(0.0, index=exposures.index, dtype="Float64")
    return exposures[IDENTITY].assign(numerator=nothing.mask(exposures["needs_review"]))


def _identities(analysis: Analysis, bad: pd.Series) -> Measure:
    """Of all identities those that are bad, beside those that need review."""
    exposures = analysis.exposures
    review = exposures["needs_review"] & ~bad
    frame = exposures[bad | review].drop(columns=["external_accounts", "services"])
    given = contributions(exposures, COUNT, str(analysis.period), numerator=bad.mask(review))
    reason = f"{int(bad.sum())} of {len(exposures)} identities; {int(review.sum())} more need review."
    return measured(given, frame.reset_index(drop=True), reason)
