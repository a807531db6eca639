"""Account management: which Regions are on."""

from __future__ import annotations

from typing import Any

from sesreport.demo.calls import AwsError, Call, access_denied, operation
from sesreport.demo.paging import page


@operation("account", "ListRegions")
def list_regions(call: Call) -> dict[str, Any]:
    _own_or_managed(call)
    wanted = call.params.get("RegionOptStatusContains")
    regions = [
        {"RegionName": name, "RegionOptStatus": status}
        for name, status in call.world.organization.regions.items()
        if not wanted or status in wanted
    ]
    size = int(call.params.get("MaxResults", 50))
    found, token = page(regions, size, call.params.get("NextToken"), of="ListRegions", invalid="ValidationException")
    return {"Regions": found, "NextToken": token}


@operation("account", "GetRegionOptStatus")
def get_region_opt_status(call: Call) -> dict[str, Any]:
    _own_or_managed(call)
    name = call.params["RegionName"]
    status = call.world.organization.regions.get(name)
    if status is None:
        raise AwsError("ValidationException", f"{name} is not a Region of this account")
    return {"RegionName": name, "RegionOptStatus": status}


def _own_or_managed(call: Call) -> None:
    """The management account may name a member, but not itself (API reference); others may name nobody."""
    asked = call.params.get("AccountId")
    management = call.account_id == call.world.organization.management_account
    if asked is not None and (not management or asked == call.account_id or asked not in call.world.accounts):
        raise access_denied(call)
