"""What changed since the earlier snapshot, in the words of a reader."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.schema import Frame, account_id, text

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

PLACE = ["account_id", "region", "identity", "subject"]
SCOPES = ("none", "own", "service", "organization", "vendor", "external", "needs review", "public")
"""From narrow to wide."""
WIDE = ("external", "public", "needs review")


@derived(CHANGES_SINCE)
def changes_since(analysis: Analysis) -> pd.DataFrame:
    """Places that were not read in either snapshot are left out: their absence is not a removal."""
    before = analysis.previous
    if before is None:
        return CHANGES_SINCE.empty()
    unread = _unread(analysis) | _unread(before)
    parts = [
        _difference(what, values(before), values(analysis), unread)
        for what, values in (
            ("identity", _identities),
            ("owner", _owners),
            ("exposure", _exposures),
            ("grant", _grants),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def _difference(what: str, old: pd.DataFrame, new: pd.DataFrame, unread: set[tuple[str, str]]) -> pd.DataFrame:
    if old.empty and new.empty:  # pandas cannot join two empty columns of text
        return CHANGES_SINCE.empty()
    both = old.merge(new, how="outer", on=PLACE, suffixes=("_old", "_new"), indicator=True)
    read = [place not in unread for place in zip(both["account_id"], both["region"], strict=True)]
    both = both[pd.Series(read, index=both.index, dtype=bool)]
    differs = (both["value_old"] != both["value_new"]).fillna(False).astype(bool) | (
        both["value_old"].isna() != both["value_new"].isna()
    )
    if what in ("owner", "exposure"):  # a new or deleted identity is told once, as an identity
        differs &= both["_merge"] == "both"
    both = both[differs]
    change = both["_merge"].map({"left_only": "removed", "right_only": "added", "both": "changed"})
    wider = both["value_new"].isin(WIDE) & (both["_merge"] != "left_only")
    return pd.DataFrame(
        {
            "what": pd.Series(what, index=both.index, dtype="string"),
            **{name: both[name] for name in PLACE},
            "change": change.astype("string"),
            "before": both["value_old"],
            "after": both["value_new"],
            "severity": wider.map({True: "high", False: "low"}).astype("string"),
        }
    )


def _unread(analysis: Analysis) -> set[tuple[str, str]]:
    """Places where identities or policies have a gap."""
    from sesreport.analysis.basis import places, read_places

    def pairs(frame: pd.DataFrame) -> set[tuple[str, str]]:
        return set(zip(frame["account_id"], frame["region"], strict=True))

    return pairs(places(analysis.coverage)) - pairs(read_places(analysis.coverage, ("identities", "policies")))


def _identities(analysis: Analysis) -> pd.DataFrame:
    frame = analysis.identities
    return frame.assign(subject=frame["identity"], value=frame["identity_type"])[[*PLACE, "value"]]


def _owners(analysis: Analysis) -> pd.DataFrame:
    frame = analysis.identities
    return frame.assign(subject=frame["identity"], value=frame["owner"])[[*PLACE, "value"]]


def _exposures(analysis: Analysis) -> pd.DataFrame:
    frame = analysis.exposures
    return frame.assign(subject=frame["identity"], value=frame["exposure"])[[*PLACE, "value"]]


def _grants(analysis: Analysis) -> pd.DataFrame:
    frame = analysis.grants
    frame = frame[frame["effect"].ne("Deny").fillna(True).astype(bool)]  # what cannot be read has no effect to name
    frame = frame.assign(
        subject=frame["grantee"] + " in " + frame["policy_name"],
        value=frame["scope"],
        reach=frame["scope"].map({scope: reach for reach, scope in enumerate(SCOPES)}).astype("Int64"),
    )
    widest = frame.sort_values("reach", ascending=False, kind="stable").drop_duplicates(PLACE)
    return widest[[*PLACE, "value"]]
