"""Single grants: approvals, environments, limits.

A grant here lets its grantee really send, every Deny and condition considered. Those of an identity that could not be
read or judged in full stand beside the counted ones as unknown.
"""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from sesreport.analysis.approvals import APPROVED, NO_TICKET
from sesreport.analysis.grant_facts import OUTSIDE
from sesreport.analysis.joins import rows
from sesreport.analysis.registry import Analysis
from sesreport.analysis.reviews import facts_hashes, grant_facts
from sesreport.core.vocabulary import IDENTITY
from sesreport.kpis.contributions import COUNT, RATIO, Contributions, contributions
from sesreport.kpis.measures.exposure import SES_POLICIES, every_identity
from sesreport.kpis.registry import Measure, kpi, measured
from sesreport.settings.attestations import ABOUT, GRANT, KEEP

REGISTER = f"{SES_POLICIES}; register of outside accounts"
NON_PRODUCTION = ("staging", "dev", "sandbox")
COVERED = (APPROVED, NO_TICKET)
"""Of grants that allow no more than their approval."""
QUARTER = timedelta(days=92)
"""The longest quarter."""
COLUMNS = [*GRANT, "statement", "grantee_name", "register_status", "why"]


@kpi(
    order=54,
    label="Grants to unregistered accounts",
    question="Which outside accounts were let in without anybody writing it down?",
    definition="Grants that let an outside account send of which the register knows nothing.",
    formula="count of grants to outside accounts without a register entry",
    source=REGISTER,
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Vendor management",
    datasets=("identities", "policies"),
)
def unregistered_grants(analysis: Analysis) -> Measure:
    """One row per grant."""
    grants = of_outside_accounts(analysis.grants)
    return _counted(analysis, grants, grants["register_status"].isna())


@kpi(
    order=60,
    label="Grants past their approval",
    question="Which approvals ended while the permission stayed?",
    definition="Grants that let an outside account send whose register entry has expired or is not yet approved.",
    formula="count of grants with register status 'expired'",
    source=REGISTER,
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Vendor management",
    datasets=("identities", "policies"),
)
def expired_grants(analysis: Analysis) -> Measure:
    """One row per grant."""
    grants = of_outside_accounts(analysis.grants)
    return _counted(analysis, grants, (grants["register_status"] == "expired").fillna(value=False))


@kpi(
    order=61,
    label="Grants attested in the last quarter",
    question="Which outside permissions did somebody look at lately, and approve?",
    definition=(
        "Grants to outside accounts that an approval in the register covers which is valid and was given, or given "
        "anew, within the 92 days before the month's end, and those about exactly whose facts a reviewer answered "
        "'keep' within them. A grant without an approval, that allows more than its approval, or whose approval gives "
        "no date, is attested by an answer alone."
    ),
    formula=(
        "grants within an approval given, or answered with 'keep', in the last 92 days / grants to outside accounts"
    ),
    source=f"{REGISTER}; attestations",
    unit="share",
    direction="higher",
    target=1.0,
    watch=0.8,
    owner="Vendor management",
    datasets=("identities", "policies"),
)
def attested_grants(analysis: Analysis) -> Measure:
    """One row per grant, those longest without attestation first; ``approved_at`` is that of its approval,
    ``answered_at`` that of a reviewer's answer."""
    grants = of_outside_accounts(analysis.grants)
    given_at = analysis.register.set_index("approval_id")["approved_at"]
    end = pd.Timestamp(analysis.period.end)
    approved = pd.Series(given_at.reindex(grants["approval_id"]).array, index=grants.index)
    answered = _kept_at(analysis, grants)
    recent, kept = (((at >= end - QUARTER) & (at < end)).fillna(value=False) for at in (approved, answered))
    attested = (recent & grants["registered"] & grants["approval"].isin(COVERED) | kept).astype("boolean")
    frame = grants[COLUMNS].assign(approved_at=approved, answered_at=answered, attested=attested)
    order = ["attested", "approved_at", "answered_at"]
    frame = frame.sort_values(order, na_position="first", kind="stable", ignore_index=True)
    reason = f"{int((~attested).sum())} of {len(grants)} grants to outside accounts not attested since "
    reason += f"{(end - QUARTER).date()}."
    given = _contributed(analysis, grants, attested, RATIO)
    return measured(given, frame, reason if len(grants) else "No outside account is named and can send.")


def _kept_at(analysis: Analysis, grants: pd.DataFrame) -> pd.Series:
    """When a reviewer answered last to keep each grant with the very facts it has; NaT where none did."""
    reviews = analysis.reviews
    kept = reviews[reviews["answer"] == KEEP]
    if kept.empty:
        return pd.Series(pd.NaT, index=grants.index, dtype="datetime64[us, UTC]")
    at = dict(zip(rows(kept, ABOUT), kept["answered_at"], strict=True))
    facts = facts_hashes(grant_facts(analysis).reindex(grants.index))
    found = [at.get(about) for about in rows(grants[GRANT].assign(facts_sha256=facts), ABOUT)]
    return pd.Series(found, index=grants.index, dtype="datetime64[us, UTC]")


@kpi(
    order=62,
    label="Non-production allowed on production",
    question="Where can a development, staging or sandbox account send as production?",
    definition=(
        "Grants that let an account of our organization in another environment than prod send as an identity of a "
        "production account. Where the environment of either is not known, the grant is not judged."
    ),
    formula="count of grants from prod identities to staging, dev and sandbox accounts",
    source=f"{SES_POLICIES}; account tags and OUs",
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Platform security",
    datasets=("identities", "policies"),
)
def nonproduction_on_production(analysis: Analysis) -> Measure:
    """One row per grant that is, or may be, one."""
    grants = sending(analysis.grants)
    grants = grants[grants["register_status"].isin(["organization"])]
    ours, theirs = grants["identity_environment"], grants["grantee_environment"]
    certain = (ours.notna() & (ours != "prod")) | (theirs == "prod") | (ours.notna() & theirs.notna())
    crossing = (ours == "prod") & theirs.isin(NON_PRODUCTION)
    flags = crossing.astype("boolean").fillna(value=False).mask(~certain.fillna(value=False))
    return _counted(analysis, grants, flags, "identity_environment", "grantee_environment")


@kpi(
    order=63,
    label="Outside grants without a condition",
    question="Which outside permissions have no limit at all?",
    definition=(
        "Grants that reach beyond the organization (outside accounts, AWS services, everybody) and whose statement "
        "carries no condition: no limit on sender, recipient, source or time."
    ),
    formula="count of grants beyond the organization with no condition",
    source=SES_POLICIES,
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Platform security",
    datasets=("identities", "policies"),
)
def unconditional_grants(analysis: Analysis) -> Measure:
    """One row per grant."""
    grants = beyond(analysis.grants)
    return _counted(analysis, grants, grants["conditions"].list.len() == 0, "scope")


@kpi(
    order=64,
    label="Outside grants for any address",
    question="Who outside may write as anybody here, the chief executive included?",
    definition=(
        "Grants that reach beyond the organization and allow an arbitrary From address of the domain. Excluding a "
        "few addresses does not limit; a grant on an address identity is limited to that address."
    ),
    formula="count of grants beyond the organization with any_from_address",
    source=SES_POLICIES,
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Platform security",
    datasets=("identities", "policies"),
)
def any_address_grants(analysis: Analysis) -> Measure:
    """One row per grant."""
    grants = beyond(analysis.grants)
    return _counted(analysis, grants, grants["any_from_address"], "scope")


def sending(grants: pd.DataFrame) -> pd.DataFrame:
    """The grants that let somebody send."""
    return grants[(grants["effect"] == "Allow") & (grants["scope"] != "none") & grants["can_send"]]


def of_outside_accounts(grants: pd.DataFrame) -> pd.DataFrame:
    """The grants that let an outside account send, named by its id."""
    able = sending(grants)
    ours = able["register_status"].isin(["own", "organization"])
    return able[able["grantee_account_id"].notna() & ~ours]


def beyond(grants: pd.DataFrame) -> pd.DataFrame:
    """The grants that let somebody beyond the organization send."""
    able = sending(grants)
    return able[able["scope"].isin(OUTSIDE)]


def _counted(analysis: Analysis, grants: pd.DataFrame, flags: pd.Series, *more: str) -> Measure:
    """How many of the grants; those for which the flag is NA stand in the frame as well."""
    bad = flags.astype("boolean")
    frame = grants.loc[bad.fillna(value=True), [*COLUMNS, *more]].reset_index(drop=True)
    unknown = int(bad.isna().sum())
    reason = f"{int(bad.sum())} of {len(grants)} grants"
    reason += f"; {unknown} more cannot be judged." if unknown else "."
    return measured(_contributed(analysis, grants, bad, COUNT), frame, reason)


def _contributed(analysis: Analysis, grants: pd.DataFrame, flags: pd.Series, reduction: str) -> Contributions:
    """One row per grant, and one per identity that says whether it could be judged in full."""
    counted = grants[IDENTITY].assign(numerator=flags.astype("Float64"), denominator=1.0)
    rows = pd.concat([counted, every_identity(analysis)], ignore_index=True)
    return contributions(
        rows, reduction, str(analysis.period), numerator=rows["numerator"], denominator=rows["denominator"]
    )
