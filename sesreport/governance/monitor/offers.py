"""The fixes that a message offers: the narrowest approved policy, where all is known that it follows from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from shlex import quote

from sesreport.governance.monitor.attached import Attached, Reader
from sesreport.governance.monitor.event import Change
from sesreport.governance.monitor.known import Known
from sesreport.policy import Effect, Identity, PrincipalKind, read_identity, read_policy
from sesreport.policy.fixes import DELETE, NONE, Fix, fixes_of
from sesreport.policy.narrowing import LONGEST, NOTHING_BEYOND
from sesreport.snapshot.events import EventKind

_POLICY_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
"""Amazon SES API v2 Reference, CreateEmailIdentityPolicy: what a policy's name may hold."""
_IDENTITY = re.compile("[!-~]+")


@dataclass(frozen=True)
class Offer:
    """The fix of one policy, or why there is none."""

    policy_name: str
    fix: str
    reason: str = ""
    changes: tuple[str, ...] = ()
    policy: str = ""
    """The policy that takes its place, as JSON in ASCII; empty where none does."""
    commands: tuple[str, ...] = ()
    """AWS CLI: one that keeps the text that is there, and one that applies the fix."""

    @property
    def offered(self) -> bool:
        return self.fix != NONE

    @property
    def deletes(self) -> bool:
        return self.fix == DELETE


def offers(change: Change, now: Attached, known: Known, arn: str, read: Reader) -> tuple[Offer, ...]:
    """Fixes of the policies that are attached now, the changed one first: a lost Deny is another policy's matter.

    ``read`` asks for another identity: an address that loses its last policy falls under its domain's.
    """
    name = change.policy_name or ""
    if now.policies is None:
        return (Offer(name, NONE, f"the identity's policies cannot be read ({now.reason})"),)
    gone = name not in now.policies and change.kind is not EventKind.DELETES_POLICY
    if gone and not now.policies:
        return (Offer(name, NONE, "the policy is no longer attached; there is nothing to fix"),)
    wanted = sorted(now.policies, key=lambda each: (each != name, each))
    made = list(offers_of(now.policies, wanted, known, arn, read))
    telling = [offer for offer in made if offer.reason != NOTHING_BEYOND]
    return tuple(telling or made[:1])


def offers_of(
    policies: Mapping[str, str], wanted: Sequence[str], known: Known, arn: str, read: Reader
) -> Iterator[Offer]:
    """The fixes of some of an identity's policies."""
    identity = read_identity(arn)
    gaps = {name: _gap(policies[name], name, known, identity.account) for name in wanted}
    clear = [name for name in wanted if not gaps[name]]
    under = len(clear) == len(policies) and _under_a_domain(identity.name, read)
    first = {**{name: policies[name] for name in clear}, **policies}
    approved = known.may_send(identity.name, identity.account)
    made = fixes_of(arn, first, approved, today=known.today, under_a_domain=under)
    fixes = dict(islice(made, len(clear)))
    for name in wanted:
        yield _offer(identity, name, Fix(NONE, gaps[name]) if gaps[name] else fixes[name])


def _gap(text: str, name: str, known: Known, own: str) -> str:
    """What is not known and a fix of the policy would follow from; empty where nothing is missing.

    A fix takes permissions away from whom nobody approved: who is approved, and who is ours, must not be guessed.
    """
    if known.register_unusable:
        return "the register cannot be used, so nobody knows whom it approves"
    allows = [one for one in read_policy(text, name).statements if one.effect is Effect.ALLOW]
    principals = [each for one in allows for each in one.principals]
    wide = any(one.not_principal for one in allows) or any(
        each.kind in (PrincipalKind.ANYONE, PrincipalKind.SERVICE) for each in principals
    )
    if wide and known.organization.id is None:
        return "the organization's id is not known (SESREPORT_WATCH_ORGANIZATION_ID): its accounts would lose access"
    approved = {entry.account_id for entry in known.entries}
    named = {each.account for each in principals if each.account} - {own} - approved
    if named and not known.organization.accounts:
        told = ", ".join(sorted(named)[:3])
        return f"the organization's accounts are not known (SESREPORT_WATCH_ACCOUNTS): {told} may be one of them"
    return ""


def _under_a_domain(name: str, read: Reader) -> bool:
    """Whether an address without policies of its own would fall under a domain's, or may."""
    return "@" in name and any(not read(domain).gone for domain in domains_above(name))


def _offer(identity: Identity, name: str, fix: Fix) -> Offer:
    """The fix as it is written in a message: JSON in which every character can be seen, and commands on one line."""
    if fix.fix == NONE:
        return Offer(name, NONE, fix.reason or "")
    if not _POLICY_NAME.fullmatch(name) or not _IDENTITY.fullmatch(identity.name):
        return Offer(name, NONE, "its name is none that SES takes; narrow it by hand")
    document = None if fix.after is None else json.loads(fix.after)
    compact = json.dumps(document, separators=(",", ":"))
    if len(compact) > LONGEST:
        return Offer(name, NONE, f"written in ASCII it has {len(compact):,} characters; 'sesreport fix' writes it")
    where = f"--region {quote(identity.region)} --email-identity={quote(identity.name)}"
    put = "" if document is None else f" --policy {quote(compact)}"
    verb = "delete" if fix.fix == DELETE else "update"
    query = quote(f"Policies.{json.dumps(name)}")
    return Offer(
        name,
        fix.fix,
        changes=fix.changes,
        policy="" if document is None else json.dumps(document, indent=2),
        commands=(
            f"aws sesv2 get-email-identity-policies {where} --query {query} --output text > before-{name}.json",
            f"aws sesv2 {verb}-email-identity-policy {where} --policy-name={name}{put}",
        ),
    )


def in_short(offers: Sequence[Offer]) -> str:
    """The fixes in one line: what to do with which policy, or why none is offered."""
    offered = [offer for offer in offers if offer.offered]
    if not offered:
        return "No fix is offered: " + "; ".join(dict.fromkeys(offer.reason for offer in offers))
    return "Fix: " + "; ".join(
        f"{'delete' if offer.deletes else 'narrow'} policy {offer.policy_name} ({'; '.join(offer.changes)})"
        for offer in offered
    )


def domains_above(address: str) -> list[str]:
    """The domains that an address can be sent under: its own, and those above it, but for the last label."""
    labels = address.rpartition("@")[2].split(".")
    return [".".join(labels[start:]) for start in range(max(len(labels) - 1, 1))]
