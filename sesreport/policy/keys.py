"""Condition keys: where a key's value comes from, what form it has, and whether it can have several values.

Sources: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference, "Condition keys
for Amazon SES"; Amazon SES Developer Guide, "Identity policy anatomy" (the keys SES documents).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class ValueSource(StrEnum):
    """What decides a key's value."""

    PRINCIPAL = "principal"  # who signs, and on whose behalf a service calls
    NETWORK = "network"  # where the call comes from
    TIME = "time"
    FROM = "from"  # the From address: one of the identity's
    FIXED = "fixed"  # the same in every request to one identity
    TAG = "tag"  # tags that a user's or role's own account sets
    CALLER = "caller"  # whatever the caller likes, or nothing


class ValueType(StrEnum):
    """What a value looks like."""

    TEXT = "text"
    BOOL = "bool"
    NUMBER = "number"
    DATE = "date"
    IP = "ip"


class Key(NamedTuple):
    """One condition key; ``documented`` tells whether SES documents it for identity policies."""

    source: ValueSource
    value_type: ValueType = ValueType.TEXT
    multivalued: bool = False
    documented: bool = False


_KEYS = {
    "aws:principalaccount": Key(ValueSource.PRINCIPAL),
    "aws:principalarn": Key(ValueSource.PRINCIPAL),
    "aws:principalorgid": Key(ValueSource.PRINCIPAL, documented=True),
    "aws:principalorgpaths": Key(ValueSource.PRINCIPAL, multivalued=True),
    "aws:principaltype": Key(ValueSource.PRINCIPAL),
    "aws:principalisawsservice": Key(ValueSource.PRINCIPAL, ValueType.BOOL),
    "aws:principalservicename": Key(ValueSource.PRINCIPAL),
    "aws:principalservicenameslist": Key(ValueSource.PRINCIPAL, multivalued=True),
    "aws:userid": Key(ValueSource.PRINCIPAL),
    "aws:username": Key(ValueSource.PRINCIPAL),
    "aws:federatedprovider": Key(ValueSource.PRINCIPAL),
    "aws:sourceaccount": Key(ValueSource.PRINCIPAL, documented=True),
    "aws:sourcearn": Key(ValueSource.PRINCIPAL, documented=True),
    "aws:sourceorgid": Key(ValueSource.PRINCIPAL),
    "aws:sourceorgpaths": Key(ValueSource.PRINCIPAL, multivalued=True),
    "aws:sourceip": Key(ValueSource.NETWORK, ValueType.IP, documented=True),
    "aws:sourcevpc": Key(ValueSource.NETWORK, documented=True),
    "aws:sourcevpcarn": Key(ValueSource.NETWORK),
    "aws:sourcevpce": Key(ValueSource.NETWORK, documented=True),
    "aws:vpceaccount": Key(ValueSource.NETWORK),
    "aws:vpceorgid": Key(ValueSource.NETWORK),
    "aws:vpcsourceip": Key(ValueSource.NETWORK, ValueType.IP, documented=True),
    "aws:currenttime": Key(ValueSource.TIME, ValueType.DATE, documented=True),
    "aws:epochtime": Key(ValueSource.TIME, ValueType.DATE, documented=True),
    "aws:securetransport": Key(ValueSource.FIXED, ValueType.BOOL, documented=True),
    "aws:requestedregion": Key(ValueSource.FIXED),
    "aws:resourceaccount": Key(ValueSource.FIXED),
    "aws:resourceorgid": Key(ValueSource.FIXED),
    "aws:useragent": Key(ValueSource.CALLER, documented=True),
    "aws:referer": Key(ValueSource.CALLER),
    "aws:sourceidentity": Key(ValueSource.CALLER),
    "aws:multifactorauthpresent": Key(ValueSource.CALLER, ValueType.BOOL),
    "aws:multifactorauthage": Key(ValueSource.CALLER, ValueType.NUMBER),
    "aws:tokenissuetime": Key(ValueSource.CALLER, ValueType.DATE),
    "aws:viaawsservice": Key(ValueSource.CALLER, ValueType.BOOL),
    "aws:calledvia": Key(ValueSource.CALLER, multivalued=True),
    "aws:tagkeys": Key(ValueSource.CALLER, multivalued=True),
    "ses:fromaddress": Key(ValueSource.FROM, documented=True),
    "ses:fromdisplayname": Key(ValueSource.CALLER, documented=True),
    "ses:feedbackaddress": Key(ValueSource.CALLER, documented=True),
    "ses:recipients": Key(ValueSource.CALLER, multivalued=True, documented=True),
    "ses:apiversion": Key(ValueSource.CALLER, documented=True),
}

_TAG = Key(ValueSource.TAG)
_UNKNOWN = Key(ValueSource.CALLER, multivalued=True)  # it may be either


def key(name: str) -> Key:
    """The key of that name in lower case; one nobody documents counts as up to the caller."""
    found = _KEYS.get(name)
    if found is None:
        found = _TAG if name.startswith("aws:principaltag/") else _UNKNOWN
    return found
