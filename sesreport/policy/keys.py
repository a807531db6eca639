"""Condition keys: where a key's value comes from, what form it has, and whether it can have several values.

Sources: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference, "Condition keys
for Amazon SES"; Amazon SES Developer Guide, "Identity policy anatomy" (the keys SES documents).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Source(StrEnum):
    """What decides a key's value."""

    PRINCIPAL = "principal"  # who signs, and on whose behalf a service calls
    NETWORK = "network"  # where the call comes from
    TIME = "time"
    FROM = "from"  # the From address: one of the identity's
    FIXED = "fixed"  # the same in every request to one identity
    TAG = "tag"  # tags that a user's or role's own account sets
    CALLER = "caller"  # whatever the caller likes, or nothing


class Form(StrEnum):
    """What a value looks like."""

    TEXT = "text"
    BOOL = "bool"
    NUMBER = "number"
    DATE = "date"
    IP = "ip"


class Key(NamedTuple):
    """One condition key; ``documented`` tells whether SES documents it for identity policies."""

    source: Source
    form: Form = Form.TEXT
    multivalued: bool = False
    documented: bool = False


_KEYS = {
    "aws:principalaccount": Key(Source.PRINCIPAL),
    "aws:principalarn": Key(Source.PRINCIPAL),
    "aws:principalorgid": Key(Source.PRINCIPAL, documented=True),
    "aws:principalorgpaths": Key(Source.PRINCIPAL, multivalued=True),
    "aws:principaltype": Key(Source.PRINCIPAL),
    "aws:principalisawsservice": Key(Source.PRINCIPAL, Form.BOOL),
    "aws:principalservicename": Key(Source.PRINCIPAL),
    "aws:principalservicenameslist": Key(Source.PRINCIPAL, multivalued=True),
    "aws:userid": Key(Source.PRINCIPAL),
    "aws:username": Key(Source.PRINCIPAL),
    "aws:federatedprovider": Key(Source.PRINCIPAL),
    "aws:sourceaccount": Key(Source.PRINCIPAL, documented=True),
    "aws:sourcearn": Key(Source.PRINCIPAL, documented=True),
    "aws:sourceorgid": Key(Source.PRINCIPAL),
    "aws:sourceorgpaths": Key(Source.PRINCIPAL, multivalued=True),
    "aws:sourceip": Key(Source.NETWORK, Form.IP, documented=True),
    "aws:sourcevpc": Key(Source.NETWORK, documented=True),
    "aws:sourcevpcarn": Key(Source.NETWORK),
    "aws:sourcevpce": Key(Source.NETWORK, documented=True),
    "aws:vpceaccount": Key(Source.NETWORK),
    "aws:vpceorgid": Key(Source.NETWORK),
    "aws:vpcsourceip": Key(Source.NETWORK, Form.IP, documented=True),
    "aws:currenttime": Key(Source.TIME, Form.DATE, documented=True),
    "aws:epochtime": Key(Source.TIME, Form.DATE, documented=True),
    "aws:securetransport": Key(Source.FIXED, Form.BOOL, documented=True),
    "aws:requestedregion": Key(Source.FIXED),
    "aws:resourceaccount": Key(Source.FIXED),
    "aws:resourceorgid": Key(Source.FIXED),
    "aws:useragent": Key(Source.CALLER, documented=True),
    "aws:referer": Key(Source.CALLER),
    "aws:sourceidentity": Key(Source.CALLER),
    "aws:multifactorauthpresent": Key(Source.CALLER, Form.BOOL),
    "aws:multifactorauthage": Key(Source.CALLER, Form.NUMBER),
    "aws:tokenissuetime": Key(Source.CALLER, Form.DATE),
    "aws:viaawsservice": Key(Source.CALLER, Form.BOOL),
    "aws:calledvia": Key(Source.CALLER, multivalued=True),
    "aws:tagkeys": Key(Source.CALLER, multivalued=True),
    "ses:fromaddress": Key(Source.FROM, documented=True),
    "ses:fromdisplayname": Key(Source.CALLER, documented=True),
    "ses:feedbackaddress": Key(Source.CALLER, documented=True),
    "ses:recipients": Key(Source.CALLER, multivalued=True, documented=True),
    "ses:apiversion": Key(Source.CALLER, documented=True),
}

#: The keys as AWS writes them.
KEY_NAMES = (
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalServiceName",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:CurrentTime",
    "aws:SecureTransport",
    "aws:UserAgent",
    "ses:FromAddress",
    "ses:FromDisplayName",
    "ses:FeedbackAddress",
    "ses:Recipients",
)

_TAG = Key(Source.TAG)
_UNKNOWN = Key(Source.CALLER, multivalued=True)  # it may be either


def key(name: str) -> Key:
    """The key of that name in lower case; one nobody documents counts as up to the caller."""
    found = _KEYS.get(name)
    if found is None:
        found = _TAG if name.startswith("aws:principaltag/") else _UNKNOWN
    return found
