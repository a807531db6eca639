"""Cases of risk that change events opened and ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.verdicts import Known, known
from sesreport.schema import Frame, account_id, at, real, text

REMEDIATIONS = Frame(
    "remediations",
    "One row per time that a policy was changed to let somebody unknown send, until the change that ended it.",
    keys={
        "account_id": account_id("Account of the identity."),
        "region": text("Its Region."),
        "identity": text("The identity."),
        "policy_name": text("The policy."),
        "opened_at": at("When the change was made."),
    },
    columns={
        "opened_by": text("Who made it."),
        "resolved_at": at("When it was undone; NA while open."),
        "resolved_by": text("Who undid it."),
        "days": real("resolved_at - opened_at; NA while open.", minimum=0),
        "why": text("What made it a risk.", required=True),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "policy_name": "campaign", "opened_at": datetime.fromisoformat("2026-10-02T09:00+00:00"),
         "opened_by": "arn:aws:iam::210000000001:role/deploy",
         "resolved_at": datetime.fromisoformat("2026-10-09T21:00+00:00"), "days": 7.5,
         "why": "outside account without a valid approval"},
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "policy_name": "terraform", "opened_at": datetime.fromisoformat("2026-10-20T10:00+00:00"),
         "why": "wildcard principal"},
        {"account_id": "210000000003", "region": "us-east-1", "identity": "example.org", "policy_name": "test",
         "opened_at": datetime.fromisoformat("2026-09-01T10:00+00:00"),
         "resolved_at": datetime.fromisoformat("2026-09-01T11:12+00:00"), "days": 0.05, "why": "wildcard principal"},
    ),
    unique=False,  # CloudTrail counts seconds: a script may open, end and open a case within one
)  # fmt: skip


@derived(REMEDIATIONS)
def remediations(analysis: Analysis) -> pd.DataFrame:
    """Walks the changes of each policy in time; deleting the identity ends all its cases.

    CloudTrail remembers 90 days, earlier snapshots what it remembered then: all their events count once.
    """
    whom = known(analysis)
    changes = _all_changes(analysis)
    changes = changes[changes["error_code"].isna() & changes["identity"].notna()].sort_values("at", kind="stable")
    open_cases: dict[tuple[str, ...], dict[str, Any]] = {}
    cases: list[dict[str, Any]] = []
    for change in changes.to_dict("records"):
        identity = (change["account_id"], change["region"], change["identity"])
        if change["event_name"] in ("DeleteEmailIdentity", "DeleteIdentity"):
            ended = [key for key in open_cases if key[:3] == identity]
        elif pd.isna(change["policy_name"]):
            continue
        else:
            ended = [(*identity, change["policy_name"])]
        deleted = change["event_name"].startswith("Delete")
        if not deleted and pd.isna(change["policy"]):
            continue  # hidden: it may have ended the case or not
        risk = None if deleted else _risk(identity, change["policy"], whom)
        for key in ended:
            if risk is None and key in open_cases:
                case = open_cases.pop(key)
                days = (change["at"] - case["opened_at"]).total_seconds() / 86_400
                cases.append(
                    {**case, "resolved_at": change["at"], "resolved_by": _na(change["principal_arn"]), "days": days}
                )
            elif risk is not None and key not in open_cases:
                account, region, name, policy = key
                open_cases[key] = {
                    "account_id": account,
                    "region": region,
                    "identity": name,
                    "policy_name": policy,
                    "opened_at": change["at"],
                    "opened_by": _na(change["principal_arn"]),
                    "why": risk,
                }
    return REMEDIATIONS.from_rows([*cases, *open_cases.values()])


def _all_changes(analysis: Analysis) -> pd.DataFrame:
    found = [analysis.changes]
    before = analysis.previous
    while before is not None:
        found.append(before.changes)
        before = before.previous
    return pd.concat(found, ignore_index=True).drop_duplicates("event_id")


def _risk(place: tuple[str, str, str], document: str, whom: Known) -> str | None:
    """Why a policy text alone is a risk, or None."""
    account, region, identity = place
    found = whom.decide(f"arn:aws:ses:{region}:{account}:identity/{identity}", {"policy": document}, {})
    if found.exposure in ("external", "public"):
        return next((witness.words for witness in found.witnesses), f"exposure {found.exposure}")
    return next((str(error) for error in found.errors), next(iter(found.undecided), None))


def _na(value: Any) -> Any:
    return None if pd.isna(value) else value
