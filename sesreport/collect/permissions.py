"""The least-privilege policies: exactly the actions that collectors register and cost exports need, all reads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sesreport.collect.registry import collectors
from sesreport.settings.config import Config


def member_policy() -> dict[str, Any]:
    """The policy of the role that is assumed in each account."""
    return _policy([_read_ses()])


def caller_policy(config: Config) -> dict[str, Any]:
    """The caller's whole policy: the organization, its cost and budgets, the role in each account, and its own account.

    The caller's own account is read with its own credentials, without a role. Where the settings name cost exports in
    S3, statements of their own (``ListCostExports``, ``ReadCostExports``) let it read these.
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
            *_read_exports(config),
        ]
    )


def _read_ses() -> dict[str, Any]:
    actions = {action for c in collectors().values() if c.scope == "region" for action in c.permissions}
    return {"Sid": "ReadSes", "Action": sorted(actions | {"account:ListRegions"}), "Resource": "*"}


def _read_exports(config: Config) -> list[dict[str, Any]]:
    """What reading the cost exports in S3 needs; nothing where the settings name none there.

    An export of which only ``data`` is named has its manifests in ``metadata`` beside it.
    """
    buckets, objects = set(), set()
    for url in map(urlsplit, config.costs.exports):
        if url.scheme == "s3":
            arn, key = f"arn:aws:s3:::{url.netloc}", url.path.strip("/")
            buckets.add(arn)
            objects |= {f"{arn}/{key}", f"{arn}/{key}/*"} if key else {f"{arn}/*"}
            above, data, _ = f"/{key}/".rpartition("/data/")
            if data:
                objects.add(f"{arn}{above}/metadata/*")
    if not buckets:
        return []
    return [
        {"Sid": "ListCostExports", "Action": ["s3:ListBucket"], "Resource": sorted(buckets)},
        {"Sid": "ReadCostExports", "Action": ["s3:GetObject"], "Resource": sorted(objects)},
    ]


def _policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
