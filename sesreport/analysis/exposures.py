"""What an identity's policies add up to: one row per identity, also for those without a policy."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sesreport.analysis.joins import rows
from sesreport.analysis.judged_identities import JudgedIdentity
from sesreport.core.schema import Frame, count, flag, text, texts
from sesreport.core.vocabulary import IdentityKey
from sesreport.snapshot.frames.identities import IDENTITIES

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
        "external_orgs": texts("Foreign organizations that can send."),
        "services": texts("AWS services that can send; '*' is any."),
        "guarded": flag("Whether those act only for sources we know; NA when none can send, or anybody can."),
        "service_accounts": texts("Outside accounts a guarded service may act for."),
        "limited_by": texts("'network' when unknown accounts can send, but only from a fixed network."),
        "from_patterns": texts("From addresses the widest class is limited to; empty means none."),
        "reasons": texts("A request of the widest class that is allowed, as proof; and what needs review."),
        "policies": count("Policies attached; NA when the identity could not be read."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "identity_type": "DOMAIN", "owner": "shop", "environment": "prod", "exposure": "external", "public": False,
         "needs_review": False, "any_from_address": True, "external_accounts": ["310000000002"], "services": [],
         "reasons": ["The account 310000000002 can send as a@shop.example.com"], "policies": 2},
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "billing@example.com",
         "identity_type": "EMAIL_ADDRESS", "exposure": "none", "public": False, "needs_review": False,
         "any_from_address": False, "external_accounts": [], "services": [], "reasons": [], "policies": 0},
        {"account_id": "210000000003", "region": "us-east-1", "identity": "example.org", "identity_type": "DOMAIN",
         "needs_review": True, "reasons": ["its policies could not be read"]},
    ),
)  # fmt: skip


def exposures(by_identity: Mapping[IdentityKey, JudgedIdentity], identities: pd.DataFrame) -> pd.DataFrame:
    """An identity that could not be read needs review, and nothing else is said of it."""
    out = []
    names = [*IDENTITIES.keys, "identity_type", "owner", "environment", "policies"]
    for values in rows(identities, names):
        base = dict(zip(names, values, strict=True))
        identity = by_identity.get((base["account_id"], base["region"], base["identity"]))
        if identity is None:
            out.append({**base, "needs_review": True, "reasons": ["its policies could not be read"]})
            continue
        found = identity.exposure
        out.append(
            {
                **base,
                "exposure": found.exposure,
                "public": found.public,
                "needs_review": found.needs_review,
                "any_from_address": found.any_from_address,
                "external_accounts": sorted(found.external_accounts),
                "external_orgs": sorted(found.external_orgs),
                "services": sorted(found.services),
                "guarded": found.guarded,
                "service_accounts": sorted(found.service_accounts),
                "limited_by": list(found.limited_by),
                "from_patterns": list(found.from_patterns),
                "reasons": [
                    *(witness.words for witness in found.witnesses[:1]),
                    *(str(error) for error in found.errors),
                    *found.undecided,
                ],
            }
        )
    return EXPOSURES.from_rows(out)
