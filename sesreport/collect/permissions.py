"""The least-privilege policies: exactly the actions the collectors register, all of them reads."""

from __future__ import annotations

from typing import Any

from sesreport.collect.registry import collectors
from sesreport.settings.config import Config


def member_policy() -> dict[str, Any]:
    """The policy of the role that is assumed in each account."""
    return _policy([_read_ses()])


def caller_policy(config: Config) -> dict[str, Any]:
    """The caller's whole policy: the organization, its cost and budgets, the role in each account, and its own account.

    The caller's own account is read with its own credentials, without a role.
    """
    actions = {action for c in collectors().values() if c.scope == "organization" for action in c.permissions}
    return _policy(
        [
            {"Sid": "ReadOrganization", "Action": sorted(actions), "Resource": "*"},
            _read_ses(),
            {
                "Sid": "EnterAccounts",
                "Action": ["sts:AssumeRole"],
                "Resource": f"arn:aws:iam::*:role/{config.organization.role_name}",
            },
        ]
    )


def _read_ses() -> dict[str, Any]:
    actions = {action for c in collectors().values() if c.scope == "region" for action in c.permissions}
    return {"Sid": "ReadSes", "Action": sorted(actions | {"account:ListRegions"}), "Resource": "*"}


def _policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
