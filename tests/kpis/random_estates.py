"""Random organizations for the KPIs: every kind of policy, accounts and places that were not read, gaps, nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from estate import DEV, EU, FORMER, ORGANIZATION, SHOP, STRANGER, THIRD, US, VENDOR, Estate, policy

NOWHERE, DENIED, SUSPENDED = "210000000004", "210000000005", "210000000006"
ACCOUNTS = (SHOP, DEV, THIRD, NOWHERE)
OWNERS = ("shop", "crm", "platform", None)
LIMIT = {"StringEquals": {"ses:FromAddress": "news@example.com"}}
COGNITO = {"Service": "cognito-idp.amazonaws.com"}


def random_estate(seed: int) -> Estate:
    """Always the same for a seed; seed 0 is an organization in which nothing was read."""
    pick = Random(seed)
    estate = Estate()
    for account, environment, status in (
        (NOWHERE, None, "ACTIVE"), (DENIED, "staging", "ACTIVE"), (SUSPENDED, "prod", "SUSPENDED")
    ):  # fmt: skip
        estate.account(account, None if account == NOWHERE else f"name {account}", environment, status=status)
    for row in estate.rows["accounts"]:
        owner = pick.choice(OWNERS)
        row["tags"] = row["tags"].replace('"platform"', f'"{owner}"' if owner else '""')
        row["ou_path"] = pick.choice(["Root/Shops", "Root/Shops/Prod", "Root/Labs", None])
    estate.register[0]["approved_at"] = datetime(2026, 7, 1, tzinfo=UTC) + timedelta(days=pick.randrange(130))
    estate.gap(SUSPENDED, "global", "everything", "skipped")
    for region in (EU, US):
        estate.gap(DENIED, region, "everything", "denied")
    if seed == 0:
        for account in ACCOUNTS:
            estate.gap(account, EU, "everything", pick.choice(["denied", "throttled"]))
        return estate
    for account in ACCOUNTS:
        for region in (EU, US):
            _place(estate, pick, account, region)
    for number in range(3):
        for day in ("2026-05-20", "2026-08-20", "2026-10-20")[: pick.randrange(4)]:
            estate.answered(pick.choice(["keep", "keep", "revoke"]), day, f"{number}.example.com")
    return estate


def _place(estate: Estate, pick: Random, account: str, region: str) -> None:
    kind = pick.random()
    if kind < 0.12:
        estate.gap(account, region, "everything", pick.choice(["denied", "throttled", "error", "region_disabled"]))
        return
    estate.place(account, region)
    for number in range(pick.randrange(4)):
        name = f"{'news@' if pick.random() < 0.2 else ''}{number}.example.com"
        owner = pick.choice(OWNERS)
        documents = {f"p{i}": _document(pick) for i in range(pick.choice([0, 1, 1, 2, 3]))}
        estate.identity(
            name, documents, account=account, region=region, tags={"owner": owner} if owner else {},
            read=pick.random() > 0.08,
        )  # fmt: skip
    _sends(estate, pick, account, region)
    quota = pick.choice([None, 0.0, -1.0, 200.0, 50_000.0])
    status = pick.choice(["HEALTHY", "HEALTHY", "HEALTHY", "PROBATION", "SHUTDOWN", None])
    estate.quota(quota, account=account, region=region, enforcement_status=status)
    if pick.random() < 0.15:
        estate.gap(account, region, pick.choice(["metrics", "sending_accounts", "policies", "changes"]))


def _document(pick: Random) -> Any:
    principal = pick.choice([STRANGER, "420000000002", VENDOR, FORMER, SHOP, DEV, THIRD, NOWHERE, "*", COGNITO])
    condition = pick.choice(
        [
            None,
            None,
            LIMIT,
            {"StringEquals": {"aws:SourceAccount": SHOP}},
            {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
            {"StringEquals": {"aws:PrincipalAccount": [VENDOR, "430000000009"]}},
        ]
    )
    if pick.random() < 0.08:
        return "{"
    elements = {"Condition": condition} if condition else {}
    return policy(principal, *pick.choice([(), (), ("ses:*",), ("ses:GetEmailIdentity",)]), **elements)


def _sends(estate: Estate, pick: Random, account: str, region: str) -> None:
    days = [f"2026-{month:02d}-{pick.randrange(1, 28):02d}" for month in (8, 9, 10, 10, 11)]
    for metric, most in (("Send", 900.0), ("Delivery", 800.0), ("Bounce", 9.0), ("Complaint", 2.0)):
        if pick.random() < 0.75:
            values = {day: float(pick.randrange(int(most) + 1)) for day in days}
            estate.days(metric, values, account=account, region=region)
    for metric, most in (("Reputation.BounceRate", 0.12), ("Reputation.ComplaintRate", 0.006)):
        if pick.random() < 0.6:
            estate.days(metric, {day: pick.random() * most for day in days[2:]}, account=account, region=region)
