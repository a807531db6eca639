"""Whether every From address that some globs let through is among those that others let through."""

from __future__ import annotations

from collections.abc import Sequence

from sesreport.policy.automata import Budget, Text, explore
from sesreport.policy.forms import mail_address
from sesreport.policy.grammar import VARIABLE
from sesreport.policy.patterns import MANY, ONE, Pattern, lowered, matches, parse


def addresses_within(identity: str, asked: Sequence[str], approved: Sequence[str]) -> bool:
    """Whether all From addresses of an identity that match a glob of ``asked`` match one of ``approved``.

    Of a domain those are the addresses at it and at its subdomains, of an address that one. No ``asked`` means all of
    them, as does no ``approved``. Case does not count. A policy variable in ``asked`` stands for any text. What takes
    too much work to decide is not within.
    """
    if not approved:
        return True
    limits = [parse(glob.lower(), wildcards=True, variables=False) for glob in approved]
    name = identity.lower()
    if "@" in name:
        return any(matches(limit, name) for limit in limits)
    wanted = [parse(VARIABLE.sub("*", glob).lower(), wildcards=True, variables=False) for glob in asked]
    wanted = wanted or [(MANY, f"@{name}"), (MANY, "@", MANY, f".{name}")]
    if any(_is_outside(example, name, limits) for example in map(_example, wanted)):
        return False
    return all(any(_takes(limit, glob) for limit in limits) for glob in wanted) or _proved(name, wanted, limits)


def _example(glob: Pattern) -> str:
    return "".join("z" if piece == ONE else "zqx" if piece == MANY else str(piece) for piece in glob)


def _is_outside(address: str, domain: str, limits: Sequence[Pattern]) -> bool:
    """Whether a text is an address at a domain that no glob matches."""
    local, _, host = address.partition("@")
    real = bool(local) and (host == domain or host.endswith(f".{domain}")) and not host.startswith(".")
    return real and not any(matches(limit, address) for limit in limits)


def _takes(limit: Pattern, glob: Pattern) -> bool:
    """Whether one glob plainly takes in another: its ``*`` take in the other's wildcards.

    A wildcard of the other is a character here that no text has, so that nothing but a ``*`` takes it in.
    """
    opaque = "".join(piece if isinstance(piece, str) else "\0" for piece in glob)
    return ONE not in limit and matches(limit, opaque)


def _proved(domain: str, wanted: Sequence[Pattern], limits: Sequence[Pattern]) -> bool:
    """Whether no address at a domain matches a glob that is wanted and none of the limits."""
    groups = tuple(tuple(Text(lowered(one), fold=True) for one in side) for side in (wanted, limits))
    try:
        return all(found.accepted[0] & 0b11 != 0b01 for found in explore((groups,), mail_address(domain)))
    except Budget:
        return False
