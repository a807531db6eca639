"""The policies that are attached to an identity now, and why not when they cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError


@dataclass(frozen=True)
class Attached:
    """What GetEmailIdentity says: policies by name, or None and the reason."""

    policies: Mapping[str, str] | None
    reason: str = ""
    gone: bool = False
    """There is no such identity."""
    verified: bool = False
    """Whether SES has verified it: only then do an address's policies come before its domain's."""


Reader = Callable[[str], Attached]
"""From an identity's name to its policies."""


def attached(client: Any, identity: str) -> Attached:
    """Asks SES (API v2) for one identity; one call. Never raises for what AWS answers."""
    try:
        answer = client.get_email_identity(EmailIdentity=identity)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        return Attached(None, f"GetEmailIdentity: {code}", gone=code == "NotFoundException")
    except (BotoCoreError, ValueError) as error:
        return Attached(None, f"GetEmailIdentity: {error}")
    policies = answer.get("Policies")
    if not isinstance(policies, dict) or not all(isinstance(document, str) for document in policies.values()):
        return Attached(None, "GetEmailIdentity: the answer does not say which policies there are")
    return Attached(policies, verified=answer.get("VerificationStatus") == "SUCCESS")


def identity_names(client: Any) -> Iterator[str]:
    """Every identity of the account and Region; botocore has no paginator for ListEmailIdentities.

    Raises ``ClientError`` or ``BotoCoreError``, of which an answer that is not AWS's own is one.
    """
    token: dict[str, str] = {}
    while True:
        answer = client.list_email_identities(PageSize=1000, **token)
        yield from (entry["IdentityName"] for entry in answer.get("EmailIdentities", []))
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}
