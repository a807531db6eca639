"""Access keys: the audit user's own, and those of role sessions (whose token says whose they are)."""

from __future__ import annotations

import base64
import binascii
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from sesreport.demo.calls import Signer
from sesreport.demo.world import World


def assumed_credentials(account_id: str, session: str, seconds: int) -> dict[str, Any]:
    """Credentials of a role session, as AssumeRole returns them.

    They expire by the real clock, since the SDK renews them by it.
    """
    name = f"{account_id}/{session}"
    return {
        "AccessKeyId": f"ASIADEMO{account_id}",
        "SecretAccessKey": f"demonstration/only/{zlib.crc32(name.encode()):010d}/not/a/secret",
        "SessionToken": base64.b64encode(name.encode()).decode(),
        "Expiration": datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds),
    }


def caller_of(world: World, access_key_id: str, session_token: str | None) -> Signer | None:
    """Who signed; None when the key is nobody's or does not belong to the token."""
    organization = world.organization
    if access_key_id == organization.caller.access_key_id:
        account_id, user = organization.management_account, organization.caller.user
        return Signer(account_id, f"arn:aws:iam::{account_id}:user/{user}", "AIDADEMOEXAMPLECORP1")
    try:
        account_id, _, session = base64.b64decode(session_token or "").decode().partition("/")
    except (binascii.Error, ValueError):
        return None
    if access_key_id != f"ASIADEMO{account_id}" or account_id not in world.accounts:
        return None
    arn = f"arn:aws:sts::{account_id}:assumed-role/{organization.role}/{session}"
    return Signer(account_id, arn, f"AROADEMO{account_id}:{session}")
