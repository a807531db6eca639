"""Which identities' policies come before a domain's.

Amazon SES Developer Guide, "Sending authorization policies": the policies of an address identity take precedence
over those of its domain, both ways.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sesreport.policy.scene import Identity


def within(address: str, domain: str) -> bool:
    """Whether an address identity takes precedence over a domain identity; both by name."""
    host = address.rpartition("@")[2]
    return "@" in address and "@" not in domain and (host == domain or host.endswith(f".{domain}"))


def comes_first(arn: str, identity: Identity) -> bool:
    """Whether the identity of an ARN is an address of a domain identity."""
    place, _, name = arn.partition(":identity/")
    return place == identity.arn.partition(":identity/")[0] and within(name, identity.name)


def addresses_by_domain(names: Iterable[str]) -> dict[str, list[str]]:
    """The address identities among ``names`` by every domain that they take precedence over."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if "@" in name:
            labels = name.rpartition("@")[2].split(".")
            for start in range(len(labels)):
                found[".".join(labels[start:])].append(name)
    return found
