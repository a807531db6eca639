"""Security Token Service: who am I, and the audit role of each member account."""

from __future__ import annotations

import re
from typing import Any

from sesreport.demo.calls import AwsError, Call, access_denied, operation
from sesreport.demo.credentials import assumed_credentials

_ROLE = re.compile(r"arn:aws:iam::(?P<account>\d{12}):role/(?P<role>[\w+=,.@/-]+)")


@operation("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    return {"UserId": call.caller.user_id, "Account": call.account_id, "Arn": call.caller.arn}


@operation("sts", "AssumeRole")
def assume_role(call: Call) -> dict[str, Any]:
    """Only the management account may, only the audit role, only in active accounts that have it."""
    arn, session = str(call.params["RoleArn"]), str(call.params["RoleSessionName"])
    match = _ROLE.fullmatch(arn)
    if match is None:
        raise AwsError("ValidationError", f"{arn} is invalid")
    organization = call.world.organization
    account = call.world.accounts.get(match["account"])
    allowed = (
        account is not None
        and account.role
        and account.status(call.world.today) == "ACTIVE"
        and match["role"] == organization.role
        and call.account_id == organization.management_account
    )
    if not allowed:
        raise access_denied(call, arn, "no identity-based policy allows")
    seconds = int(call.params.get("DurationSeconds", 3600))
    if not 900 <= seconds <= 43200:
        raise AwsError("ValidationError", "The requested DurationSeconds must be between 900 and 43200.")
    return {
        "Credentials": assumed_credentials(match["account"], session, seconds),
        "AssumedRoleUser": {
            "AssumedRoleId": f"AROADEMO{match['account']}:{session}",
            "Arn": f"arn:aws:sts::{match['account']}:assumed-role/{match['role']}/{session}",
        },
        "PackedPolicySize": 0,
    }
