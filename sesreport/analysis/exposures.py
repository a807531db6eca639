"""What an identity's policies add up to: one row per identity, also for those without a policy."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.scopes import ORDER
from sesreport.collection.datasets.identities import IDENTITIES
from sesreport.schema import Frame, count, flag, text, texts

EXPOSURES = Frame(
    "exposures",
    "One row per identity: the widest class of senders its policies let in.",
    keys=IDENTITIES.keys,
    columns={
        "identity_type": text("DOMAIN or EMAIL_ADDRESS."),
        "owner": text("Owner by tag."),
        "environment": text("Environment of the account."),
        "exposure": text("none, own, service, organization, vendor, external, public; NA when nothing could be read."),
        "public": flag("Whether a stranger can send; NA when that is not known."),
        "needs_review": flag("Whether some policy could not be read or judged.", required=True),
        "any_from_address": flag("Whether somebody outside the account may use any address of the domain."),
        "external_accounts": texts("Outside account ids that can send."),
        "services": texts("AWS services that can send."),
        "reasons": texts("Which policies let in the widest class, and what needs review."),
        "policies": count("Policies attached; NA when the identity could not be read."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "identity_type": "DOMAIN", "owner": "shop", "environment": "prod", "exposure": "external", "public": False,
         "needs_review": False, "any_from_address": True, "external_accounts": ["310000000002"], "services": [],
         "reasons": ["agency: outside account without a valid approval"], "policies": 2},
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "billing@example.com",
         "identity_type": "EMAIL_ADDRESS", "exposure": "none", "public": False, "needs_review": False,
         "any_from_address": False, "external_accounts": [], "services": [], "reasons": [], "policies": 0},
        {"account_id": "210000000003", "region": "us-east-1", "identity": "example.org", "identity_type": "DOMAIN",
         "needs_review": True, "reasons": ["its policies could not be read"]},
    ),
)  # fmt: skip


@derived(EXPOSURES)
def exposures(analysis: Analysis) -> pd.DataFrame:
    """The widest scope of all grants that can send; a Deny is not credited, so an identity with one needs review."""
    grants = analysis.grants
    keys = list(IDENTITIES.keys)
    by_identity = dict(iter(grants.groupby(keys)))
    out = []
    for identity in analysis.identities.to_dict("records"):
        key = tuple(identity[k] for k in keys)
        base = {k: identity[k] for k in [*keys, "identity_type", "owner", "environment", "policies"]}
        base = {k: None if v is pd.NA else v for k, v in base.items()}
        if base["policies"] is None:
            out.append({**base, "needs_review": True, "reasons": ["its policies could not be read"]})
            continue
        out.append({**base, **_sum(by_identity.get(key, grants.iloc[:0]))})
    return EXPOSURES.from_rows(out)


def _sum(grants: pd.DataFrame) -> dict[str, object]:
    allow = grants[(grants["effect"] == "Allow") & grants["can_send"].fillna(False)]
    denied = bool((grants["effect"] == "Deny").any())
    review = grants[grants["scope"] == "needs review"]
    judged = allow[~allow["scope"].isin(["needs review"])]
    exposure = max(judged["scope"], key=ORDER.index, default="none")
    widest = judged[judged["scope"] == exposure]
    outside = allow[allow["scope"].isin(["vendor", "external", "organization", "public", "needs review"])]
    named = allow[allow["scope"].isin(["vendor", "external"])]
    open_to_others = exposure not in ("none", "own")
    reasons = [f"{name}: {why}" for name, why in zip(widest["policy_name"], widest["why"], strict=True)]
    reasons += [f"{name}: {why}" for name, why in zip(review["policy_name"], review["why"], strict=True)]
    if denied and open_to_others:
        reasons.append("a Deny may take some of this away; it is not credited")
    return {
        "exposure": exposure,
        "public": exposure == "public",
        "needs_review": bool(len(review)) or (denied and open_to_others),
        "any_from_address": bool(outside["any_from_address"].fillna(False).any()),
        "external_accounts": sorted(set(named["grantee_account_id"].dropna())),
        "services": sorted(set(allow.loc[allow["grantee_kind"] == "service", "grantee"])),
        "reasons": list(dict.fromkeys(reasons)),
    }
