"""The least-privilege policies: exactly the actions the collectors register, all of them reads."""

from __future__ import annotations

from typing import Any

from sesreport.collection.registry import collectors
from sesreport.config import Config


def member_policy() -> dict[str, Any]:
    """The policy of the role that is assumed in each account (and of the caller, for its own account)."""
    actions = {action for c in collectors().values() if c.scope == "region" for action in c.permissions}
    return _policy([{"Sid": "ReadSes", "Action": sorted(actions | {"account:ListRegions"}), "Resource": "*"}])


def caller_policy(config: Config) -> dict[str, Any]:
    """What the caller needs besides: listing the organization, its cost, and the role in each account."""
    actions = {action for c in collectors().values() if c.scope == "organization" for action in c.permissions}
    return _policy(
        [
            {"Sid": "ReadOrganization", "Action": sorted(actions), "Resource": "*"},
            {
                "Sid": "EnterAccounts",
                "Action": ["sts:AssumeRole"],
                "Resource": f"arn:aws:iam::*:role/{config.organization.role_name}",
            },
        ]
    )


def _policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
