"""Short ways to write policies in tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from sesreport.policy import Exposure, Organization, analyze

OWN, MEMBER, VENDOR, OUTSIDER = "123456789012", "222233334444", "444455556666", "111122223333"
ORG, FOREIGN = "o-a1b2c3d4e5", "o-zzzzzzzzzz"
DOMAIN = f"arn:aws:ses:us-east-1:{OWN}:identity/example.com"
ADDRESS = f"arn:aws:ses:us-east-1:{OWN}:identity/news@example.com"
TODAY = date(2026, 11, 24)
ORGANIZATION = Organization(ORG, {OWN, MEMBER})
REGISTER = {VENDOR: "Mail vendor"}
COGNITO = {"Service": "cognito-idp.amazonaws.com"}


def allow(principal: Any = "*", condition: Any = None, **more: Any) -> dict[str, Any]:
    found = {"Effect": "Allow", "Principal": principal, "Action": "ses:Send*", "Resource": "*", **more}
    return {**found, "Condition": condition} if condition else found


def deny(principal: Any = "*", condition: Any = None, **more: Any) -> dict[str, Any]:
    return allow(principal, condition, **{"Effect": "Deny", **more})


def policy(*statements: Any, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def exposure(*statements: Any, identity: str = DOMAIN, **more: Any) -> Exposure:
    return analyze(
        identity,
        {"p": policy(*statements)},
        **{"organization": ORGANIZATION, "register": REGISTER, "today": TODAY, **more},
    )
