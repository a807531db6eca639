"""What changed since the earlier snapshot, in the words of a reader."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.basis import POLICY_DATASETS
from sesreport.analysis.joins import joined, rows
from sesreport.analysis.read_identities import read_identities, read_lanes
from sesreport.analysis.registry import Analysis, derived
from sesreport.core.schema import Frame, account_id, text
from sesreport.core.vocabulary import IDENTITY

CHANGES_SINCE = Frame(
    "changes_since",
    "One row per identity, grant, owner or exposure that differs from the earlier snapshot; empty without one.",
    keys={
        "what": text("identity, grant, owner or exposure."),
        "account_id": account_id("Account of the identity."),
        "region": text("Its Region."),
        "identity": text("The identity."),
        "subject": text("What changed about it: the grantee and policy, or the identity itself."),
    },
    columns={
        "change": text("added, removed or changed.", required=True),
        "before": text("Value in the earlier snapshot."),
        "after": text("Value now."),
        "severity": text("high for new or wider exposure, low otherwise.", required=True),
    },
    samples=(
        {"what": "grant", "account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "subject": "310000000002 in agency", "change": "added", "after": "external", "severity": "high"},
        {"what": "owner", "account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "subject": "shop.example.com", "change": "changed", "before": "shop", "after": "crm", "severity": "low"},
        {"what": "identity", "account_id": "210000000003", "region": "us-east-1", "identity": "example.org",
         "subject": "example.org", "change": "removed", "before": "DOMAIN", "severity": "low"},
    ),
)  # fmt: skip

SUBJECT = [*IDENTITY, "subject"]
SCOPES = ("none", "own", "service", "organization", "vendor", "external", "needs review", "public")
"""Narrowest first; the last three are grave."""
GRAVE = SCOPES[-3:]


@derived(CHANGES_SINCE)
def changes_since(analysis: Analysis) -> pd.DataFrame:
    """What a snapshot did not read is left out: its absence is not a removal, its presence not an addition."""
    before = analysis.previous
    if before is None:
        return CHANGES_SINCE.empty()
    parts = [
        _difference(what, values(before), values(analysis), PolicyCoverage(before), PolicyCoverage(analysis))
        for what, values in (
            ("identity", _identities),
            ("owner", _owners),
            ("exposure", _exposures),
            ("grant", _grants),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def _difference(
    what: str, old: pd.DataFrame, new: pd.DataFrame, before: PolicyCoverage, now: PolicyCoverage
) -> pd.DataFrame:
    both = joined(old, new, how="outer", on=SUBJECT, suffixes=("_old", "_new"), indicator=True)
    told = [before.of(*p) and now.of(*p) for p in rows(both, IDENTITY)]
    both = both[pd.Series(told, index=both.index, dtype=bool)]
    differs = (both["value_old"] != both["value_new"]).fillna(False).astype(bool) | (
        both["value_old"].isna() != both["value_new"].isna()
    )
    if what in ("owner", "exposure"):  # a new or deleted identity is told once, as an identity
        differs &= both["_merge"] == "both"
    both = both[differs]
    change = both["_merge"].map({"left_only": "removed", "right_only": "added", "both": "changed"})
    rank = {scope: place for place, scope in enumerate(SCOPES)}
    wider = both["value_new"].map(rank).fillna(-1) > both["value_old"].map(rank).fillna(-1)
    grave = both["value_new"].isin(GRAVE) & wider
    return pd.DataFrame(
        {
            "what": pd.Series(what, index=both.index, dtype="string"),
            **{name: both[name] for name in SUBJECT},
            "change": change.astype("string"),
            "before": both["value_old"],
            "after": both["value_new"],
            "severity": grave.map({True: "high", False: "low"}).astype("string"),
        }
    )


class PolicyCoverage:
    """Of which identities a snapshot can tell who is let in.

    Of all, there or not, in places read whole and in accounts it had not; elsewhere of those it read by themselves.
    """

    def __init__(self, analysis: Analysis) -> None:
        self.places = analysis.once(read_lanes, POLICY_DATASETS)
        self.accounts = set(analysis.accounts["account_id"])
        self.single, _ = analysis.once(read_identities)

    def of(self, account: str, region: str, identity: str) -> bool:
        """Whether it can tell of an identity."""
        return self.of_place(account, region) or (account, region, identity) in self.single

    def of_place(self, account: str, region: str) -> bool:
        """Whether it can tell of all that is in a place."""
        return (account, region) in self.places or account not in self.accounts


def _identities(analysis: Analysis) -> pd.DataFrame:
    frame = analysis.identities
    return frame.assign(subject=frame["identity"], value=frame["identity_type"])[[*SUBJECT, "value"]]


def _owners(analysis: Analysis) -> pd.DataFrame:
    frame = analysis.identities
    return frame.assign(subject=frame["identity"], value=frame["owner"])[[*SUBJECT, "value"]]


def _exposures(analysis: Analysis) -> pd.DataFrame:
    frame = analysis.exposures
    return frame.assign(subject=frame["identity"], value=frame["exposure"])[[*SUBJECT, "value"]]


def _grants(analysis: Analysis) -> pd.DataFrame:
    frame = analysis.grants
    frame = frame[(frame["effect"] != "Deny").fillna(True)]  # NA: a statement that cannot be read
    frame = frame.assign(
        subject=frame["grantee"] + " in " + frame["policy_name"],
        value=frame["scope"],
        _rank=pd.Categorical(frame["scope"], SCOPES, ordered=True),
    )
    widest = frame.sort_values("_rank", ascending=False, kind="stable").drop_duplicates(SUBJECT)
    return widest[[*SUBJECT, "value"]]
