"""Accounts of the organization with status, tags and OU path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sesreport.aws.statuses import status_of
from sesreport.collect.lane import Lane, StoppedError
from sesreport.collect.operation import Operation
from sesreport.collect.outage import is_unserved
from sesreport.collect.registry import collector
from sesreport.core.errors import CredentialsError, SesReportError
from sesreport.core.schema import Row
from sesreport.snapshot.coverage import DENIED, ERROR
from sesreport.snapshot.frames.accounts import ACCOUNTS

DESCRIBE = Operation("organizations", "describe_organization", must=("Organization",))
ROOTS = Operation("organizations", "list_roots", items="Roots", never_empty=True)
ACCOUNTS_OF = Operation("organizations", "list_accounts_for_parent", items="Accounts")
UNITS_OF = Operation("organizations", "list_organizational_units_for_parent", items="OrganizationalUnits")
TAGS = Operation("organizations", "list_tags_for_resource", items="Tags")
UNSERVED = 10
"""Accounts in a row whose tags are not served, after which those of the others are not asked for."""


@collector(
    ACCOUNTS,
    scope="organization",
    permissions=(
        "organizations:DescribeOrganization",
        "organizations:ListRoots",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListAccountsForParent",
        "organizations:ListTagsForResource",
    ),
)
def accounts(lane: Lane) -> Iterator[tuple[str, Row]]:
    """Walks the OU tree from its root, so that every account comes with its path."""
    if lane.site.single_account:
        yield "accounts", _account(lane.account_id)
        return
    try:
        organization = lane.call(DESCRIBE)["Organization"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "AWSOrganizationsNotInUseException":
            raise _explained(lane, error) from error
        yield "accounts", _account(lane.account_id)
        return
    tags = _Tags(lane)
    try:
        for root in lane.pages(ROOTS):
            for path, account in _walk(lane, root["Id"], root.get("Name") or "Root"):
                yield (
                    "accounts",
                    {
                        "account_id": account["Id"],
                        "name": account.get("Name"),
                        "email": account.get("Email"),
                        "status": account.get("State") or account.get("Status") or "UNKNOWN",
                        "ou_path": path,
                        "tags": tags.of(account["Id"]),
                        "organization_id": organization["Id"],
                        "management_account": account["Id"] == organization.get("MasterAccountId"),
                        "in_organization": True,
                    },
                )
    except ClientError as error:
        raise _explained(lane, error) from error


def _walk(lane: Lane, parent: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for account in lane.pages(ACCOUNTS_OF, ParentId=parent):
        yield path, account
    for unit in lane.pages(UNITS_OF, ParentId=parent):
        yield from _walk(lane, unit["Id"], f"{path}/{unit['Name']}")


@dataclass
class _Tags:
    """Asks for the tags of one account after the other."""

    lane: Lane
    _unserved: int = 0
    """Accounts in a row that were not served."""

    def of(self, account: str) -> str | None:
        """Tags as JSON; None for a gap."""
        if self._unserved >= UNSERVED:
            self.lane.gap("account_tags", (ERROR, f"not asked for, after {UNSERVED} in a row were not served"), account)
            return None
        try:
            tags = list(self.lane.pages(TAGS, ResourceId=account))
            self._unserved = 0
            return json.dumps({tag["Key"]: tag["Value"] for tag in tags}, ensure_ascii=False, sort_keys=True)
        except (SesReportError, StoppedError):
            raise
        except Exception as error:  # noqa: BLE001 - the account is there all the same
            self._unserved = self._unserved + 1 if is_unserved(error) else 0
            self.lane.gap("account_tags", error, account)
            return None


def _account(account: str) -> Row:
    return {
        "account_id": account,
        "status": "ACTIVE",
        "management_account": False,
        "in_organization": False,
    }


def _explained(lane: Lane, error: ClientError) -> Exception:
    """What to do about a denial; any other error as it is."""
    if status_of(error)[0] != DENIED:
        return error
    code = error.response["Error"]["Code"]
    return CredentialsError(
        f"{lane.aws.caller.arn} may not list the organization's accounts ({error.operation_name}: {code}): use "
        "credentials of the management account or a delegated administrator, or read this account alone with "
        "--single-account"
    )
