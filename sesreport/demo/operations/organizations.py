"""Organizations: accounts, units and tags. Only the management account may ask."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from sesreport.demo.calls import AwsError, Call, access_denied, operation
from sesreport.demo.organization import Account, parent_path
from sesreport.demo.paging import page


@operation("organizations", "DescribeOrganization")
def describe_organization(call: Call) -> dict[str, Any]:
    """Members may ask this one too, as in AWS."""
    organization = call.world.organization
    management = organization.accounts[organization.management_account]
    return {
        "Organization": {
            "Id": organization.id,
            "Arn": f"arn:aws:organizations::{management.id}:organization/{organization.id}",
            "FeatureSet": "ALL",
            "MasterAccountArn": organization.account_arn(management.id),
            "MasterAccountId": management.id,
            "MasterAccountEmail": management.email,
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


@operation("organizations", "ListAccounts")
def list_accounts(call: Call) -> dict[str, Any]:
    _management_only(call)
    return _page(call, "Accounts", [_account(call, account) for account in call.world.accounts.values()])


@operation("organizations", "DescribeAccount")
def describe_account(call: Call) -> dict[str, Any]:
    _management_only(call)
    return {"Account": _account(call, _member(call, call.params["AccountId"]))}


@operation("organizations", "ListRoots")
def list_roots(call: Call) -> dict[str, Any]:
    _management_only(call)
    organization = call.world.organization
    root = {"Id": organization.root, "Arn": organization.unit_arn(organization.root), "Name": "Root"}
    return _page(call, "Roots", [{**root, "PolicyTypes": []}])


@operation("organizations", "ListOrganizationalUnitsForParent")
def list_organizational_units_for_parent(call: Call) -> dict[str, Any]:
    _management_only(call)
    above = _unit_path(call, call.params["ParentId"])
    units = call.world.organization.units.items()
    return _page(
        call,
        "OrganizationalUnits",
        [_unit(call, path, unit) for path, unit in units if path and parent_path(path) == above],
    )


@operation("organizations", "DescribeOrganizationalUnit")
def describe_organizational_unit(call: Call) -> dict[str, Any]:
    _management_only(call)
    unit_id = call.params["OrganizationalUnitId"]
    path = call.world.organization.path(unit_id)
    if not path:
        raise AwsError(
            "OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist."
        )
    return {"OrganizationalUnit": _unit(call, path, unit_id)}


@operation("organizations", "ListAccountsForParent")
def list_accounts_for_parent(call: Call) -> dict[str, Any]:
    _management_only(call)
    path = _unit_path(call, call.params["ParentId"])
    accounts = [account for account in call.world.accounts.values() if _place(call, account) == path]
    return _page(call, "Accounts", [_account(call, account) for account in accounts])


@operation("organizations", "ListParents")
def list_parents(call: Call) -> dict[str, Any]:
    _management_only(call)
    organization = call.world.organization
    child = call.params["ChildId"]
    if child in call.world.accounts:
        above = _place(call, call.world.accounts[child])
    else:
        path = organization.path(child)
        if not path:
            raise AwsError("ChildNotFoundException", "You specified an account or unit that doesn't exist.")
        above = parent_path(path)
    kind = "ORGANIZATIONAL_UNIT" if above else "ROOT"
    return _page(call, "Parents", [{"Id": organization.units[above], "Type": kind}])


@operation("organizations", "ListTagsForResource")
def list_tags_for_resource(call: Call) -> dict[str, Any]:
    _management_only(call)
    resource = call.params["ResourceId"]
    if resource in call.world.organization.units.values():
        return {"Tags": []}
    tags = _member(call, resource, "TargetNotFoundException").tags
    return _page(call, "Tags", [{"Key": key, "Value": value} for key, value in tags.items()], size=50)


def _management_only(call: Call) -> None:
    if call.account_id != call.world.organization.management_account:
        raise access_denied(call)


def _member(call: Call, account_id: str, missing: str = "AccountNotFoundException") -> Account:
    if account_id not in call.world.accounts:
        raise AwsError(missing, "You specified an account that doesn't exist.")
    return call.world.accounts[account_id]


def _place(call: Call, account: Account) -> str:
    """An account closed later was elsewhere before."""
    if account.suspended is not None and account.status(call.world.today) == "ACTIVE":
        return "Workloads/Prod"
    return account.ou


def _account(call: Call, account: Account) -> dict[str, Any]:
    status = account.status(call.world.today)
    return {
        "Id": account.id,
        "Arn": call.world.organization.account_arn(account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": status,
        "State": status,
        "JoinedMethod": "INVITED" if account.name == "Kestrel Outdoor" else "CREATED",
        "JoinedTimestamp": datetime.combine(account.joined, time(9, 30), tzinfo=UTC),
    }


def _unit(call: Call, path: str, unit_id: str) -> dict[str, Any]:
    return {"Id": unit_id, "Arn": call.world.organization.unit_arn(unit_id), "Name": path.rpartition("/")[2]}


def _unit_path(call: Call, unit_id: str) -> str:
    path = call.world.organization.path(unit_id)
    if path is None:
        raise AwsError("ParentNotFoundException", "You specified a root or unit that doesn't exist.")
    return path


def _page(call: Call, key: str, items: list[dict[str, Any]], size: int = 10) -> dict[str, Any]:
    # AWS may hand out fewer than asked for; so small a page makes every reader turn it.
    wanted = min(int(call.params.get("MaxResults", size)), size)
    of = f"{call.operation} {call.params.get('ParentId', '')}"
    found, token = page(items, wanted, call.params.get("NextToken"), of=of, invalid="InvalidInputException")
    return {key: found, "NextToken": token}
