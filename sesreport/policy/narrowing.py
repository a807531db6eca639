"""The narrowest policy that lets in what was approved, and nothing that is not let in now.

A policy is rewritten statement by statement: principals that nobody approved go, those that are approved get the limits
of their approval. The result is proved twice by :func:`sesreport.policy.narrower_or_equal`: it allows nothing that the
identity's policies do not allow now, and it keeps every approved request. What cannot be proved is not offered.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import Any

from sesreport.policy.analyze import analyze
from sesreport.policy.approved import Approved, ApprovedSender, services_named
from sesreport.policy.compare import narrower_or_equal
from sesreport.policy.exposure import Exposure
from sesreport.policy.model import Effect, Policy, Principal, PrincipalKind, Statement
from sesreport.policy.reader import read_policy
from sesreport.policy.rewriting import (
    ACCOUNT,
    APPROVED_ACTIONS,
    FROM,
    NOW,
    ORGANIZATION,
    for_account,
    for_services,
    from_limited,
    instant,
    limited,
    manages_more,
    numbered,
    only,
    sending_only,
    text_of,
    until,
    with_principals,
)
from sesreport.policy.scene import read_identity

NOTHING_BEYOND = "it lets in nobody beyond what is approved"
LONGEST = 4096
"""Characters of an identity policy (Amazon SES Developer Guide, "Amazon SES quotas": 4 KB)."""
MOST_APPROVALS = 4
"""Approvals of one account for one identity that are told apart in a proof."""
MOST_SENDERS = 25
"""Approvals for one identity that are written into a policy for everybody."""


@dataclass(frozen=True)
class Narrowed:
    """A policy that may take the place of one that is there."""

    text: str | None
    """None where nothing of it is approved: the policy is to be deleted."""
    changes: tuple[str, ...]
    """What was changed, in words."""


class NotNarrowedError(ValueError):
    """No policy can be offered; the text says why."""


def narrowed(
    identity_arn: str,
    policies: Mapping[str, str],
    name: str,
    approved: Approved,
    *,
    today: date,
    settled: Collection[str] = (),
    services: Collection[str] | None = None,
) -> Narrowed:
    """The narrowest policy that lets in what is approved, for the policy of that name.

    What another policy lets in as well is left out only where that one is among ``settled``: it might be narrowed
    later, and nobody would be let in then. ``services`` are the AWS services that are approved; by default those that
    the policies name.

    Raises NotNarrowedError where the policy cannot be read in full, where nothing about it would change, where the
    result would be too long, or where one of the two proofs does not succeed.
    """
    texts = {each: read_policy(text, each) for each, text in policies.items()}
    read = texts[name]
    if read.errors:
        raise NotNarrowedError(f"the policy cannot be read in full ({read.errors[0].message}); rewrite it by hand")
    unread = sorted(each for each, other in texts.items() if other.errors)
    if unread:
        raise NotNarrowedError(f"nothing can be proved beside policy {unread[0]!r}, which cannot be read in full")
    document = json.loads(policies[name])
    written = document["Statement"]
    written = written if isinstance(written, list) else [written]
    named = services_named(texts.values()) if services is None else services
    matter = that_matter(approved, policies, texts.values())
    work = _Work(identity_arn, policies, texts, matter, today, frozenset(settled), frozenset(named))
    made: list[dict[str, Any]] = []
    changes: list[str] = []
    for raw, statement in zip(written, read.statements, strict=True):
        if statement.effect is Effect.DENY:
            made.append(raw)
            continue
        parts = list(work.parts(raw, statement))
        made += [part.statement for part in parts if part.statement]
        changes += [f"statement {statement.index + 1}: {part.change}" for part in parts if part.change]
    if not changes:
        raise NotNarrowedError(NOTHING_BEYOND)
    if len(json.dumps(made)) > 2 * LONGEST:
        raise NotNarrowedError(f"the result would have many more characters than the {LONGEST:,} that SES takes")
    made = work.useful(document, name, numbered(made), written)
    text = json.dumps({**document, "Statement": made}, indent=2, ensure_ascii=False) if made else None
    if text is not None and len(text) > LONGEST:
        text = json.dumps({**document, "Statement": made}, separators=(",", ":"), ensure_ascii=False)
    if text is not None and len(text) > LONGEST:
        raise NotNarrowedError(f"the result would have {len(text):,} characters, and SES takes {LONGEST:,}")
    work.prove(name, text)
    return Narrowed(text, tuple(changes))


@dataclass(frozen=True)
class _Part:
    """A statement that takes the place of one, and what was changed; either may be missing."""

    statement: dict[str, Any] | None
    change: str = ""


@dataclass(frozen=True)
class _Work:
    """What all statements of one policy are narrowed by."""

    identity_arn: str
    policies: Mapping[str, str]
    read: Mapping[str, Policy]
    approved: Approved
    today: date
    settled: frozenset[str]
    services: frozenset[str]

    @property
    def own(self) -> str:
        return read_identity(self.identity_arn).account

    def parts(self, raw: dict[str, Any], statement: Statement) -> Iterator[_Part]:
        """The statements that take the place of an Allow."""
        groups: dict[str, list[Principal]] = defaultdict(list)
        for principal in statement.principals:
            groups[self._kind(statement, principal)].append(principal)
        if set(groups) <= {"own", "kept"}:
            yield _Part(raw)
            return
        if kept := groups["own"] + groups["kept"]:
            yield _Part(with_principals(raw, kept))
        if groups["member"]:
            yield from self._members(raw, statement, groups["member"])
        for principal in groups["dropped"]:
            yield _Part(None, f"{principal.value} goes: it is not approved")
        if groups["service"]:
            yield self._services(raw, groups["service"])
        by_approval: dict[tuple[ApprovedSender, ...], list[Principal]] = defaultdict(list)
        for principal in groups["approved"]:
            by_approval[self.approved.of(principal.account or "")].append(principal)
        for principals in by_approval.values():
            yield from self._senders(with_principals(raw, principals), statement, principals[0].account or "")
        if groups["anyone"]:
            yield from self._anyone(raw, statement)

    def _kind(self, statement: Statement, principal: Principal) -> str:
        """What becomes of a principal."""
        account, members = principal.account, self.approved.organization.accounts
        if principal.kind is PrincipalKind.ANYONE or statement.not_principal:
            return "kept" if self._held_to_ours(statement) else "anyone"
        if principal.kind is PrincipalKind.SERVICE:
            return "kept" if self._guarded(statement, principal) else "service"
        if account == self.own:
            return "own"
        if account is not None and account in members:
            return "dropped" if account in self.approved.refused else "member"
        return "approved" if account is not None and self.approved.of(account) else "dropped"

    def _held_to_ours(self, statement: Statement) -> bool:
        """Whether a statement for everybody lets in only our own organization, every Deny considered, to send."""
        exposure = self._exposure(statement)
        ours = exposure.exposure in ("none", "own", "organization", "service") and exposure.guarded is not False
        return ours and exposure.judged and not exposure.needs_review and not manages_more(statement)

    def _guarded(self, statement: Statement, principal: Principal) -> bool:
        exposure = self._exposure(statement, principal)
        return exposure.guarded is not False and not exposure.needs_review

    def _exposure(self, statement: Statement, principal: Principal | None = None) -> Exposure:
        """What a statement adds up to by itself, or for one of its principals, with every Deny of the identity."""
        alone = {"sesreport-alone": only(self.policies[statement.policy], {statement.index}, principal)}
        for name, text in self.policies.items():
            denies = {each.index for each in self.read[name].statements if each.effect is Effect.DENY}
            if denies:
                alone[name] = only(text, denies)
        return analyze(
            self.identity_arn, alone, organization=self.approved.organization,
            register={sender.account: sender.account for sender in self.approved.senders}, today=self.today,
        )  # fmt: skip

    def _members(self, raw: dict[str, Any], statement: Statement, members: list[Principal]) -> Iterator[_Part]:
        made, manages = sending_only(with_principals(raw, members), statement)
        yield _Part(made, "accounts of the organization may only send" if manages else "")

    def _services(self, raw: dict[str, Any], services: list[Principal]) -> _Part:
        made = with_principals(raw, services)
        key, value = self._ours()
        names = ", ".join(service.value for service in services)
        return _Part(limited(made, "StringEquals", key, [value]), f"{names} is held to {key} {value}")

    def _ours(self) -> tuple[str, str]:
        """The condition that holds a service to our resources."""
        organization = self.approved.organization.id
        return ("aws:SourceOrgID", organization) if organization else ("aws:SourceAccount", self.own)

    def _senders(self, raw: dict[str, Any], statement: Statement, account: str) -> Iterator[_Part]:
        """One statement for each approval of an account, with its From addresses and its end."""
        for sender in self.approved.of(account):
            made, manages = sending_only(raw, statement)
            said = ["may only send"] if manages else []
            if made:
                held = _limited_to(made, sender)
                said += list(_said(made, held, sender))
                made = held
            yield _Part(made, f"{account} {', '.join(said)}" if said else "")

    def _anyone(self, raw: dict[str, Any], statement: Statement) -> Iterator[_Part]:
        """What takes the place of a statement for everybody: our organization, and each approved account by name."""
        organization = self.approved.organization.id
        base, manages = sending_only(raw, statement)
        yield _Part(None, "everybody goes; whom the organization and the register approve stays")
        if manages or not organization:
            yield _Part(for_account(raw, self.own))
        services = sorted(self.services - {each.value for each in statement.principals})
        if services:
            key, value = self._ours()
            yield _Part(limited(for_services(raw, services), "StringEquals", key, [value]))
        if base is None:
            return
        if organization:
            yield _Part(limited(base, "StringEquals", ORGANIZATION, [organization]))
        alike: dict[tuple[Any, ...], list[ApprovedSender]] = defaultdict(list)
        for sender in self.approved.senders:
            alike[sender.from_patterns, sender.last_day].append(sender)
        for senders in alike.values():
            accounts = sorted({sender.account for sender in senders})
            yield _Part(_limited_to(for_account(base, *accounts), senders[0]))

    def useful(
        self, document: dict[str, Any], name: str, made: list[dict[str, Any]], written: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The statements without new ones that let in nobody whom the others, and settled policies, do not."""
        out = list(made)
        around = {each: self._as_it_stands(each) for each in self.read if each != name}

        def let_in(statements: list[dict[str, Any]]) -> dict[str, Policy]:
            text = text_of(document, statements)
            return around if text is None else {**around, name: read_policy(text, name)}

        for statement in [each for each in made if each["Effect"] == "Allow" and each not in written]:
            rest = [each for each in out if each is not statement]
            if self._within(let_in(out), let_in(rest)):
                out = rest
        return out

    def _as_it_stands(self, name: str) -> Policy:
        """A policy as far as its place is certain: what it denies, and when it is settled what it allows."""
        read = self.read[name]
        if name in self.settled:
            return read
        return replace(read, statements=tuple(each for each in read.statements if each.effect is Effect.DENY))

    def prove(self, name: str, text: str | None) -> None:
        """Raises NotNarrowedError unless nothing new is allowed, and everything approved still is."""
        new = self._with(name, text)
        if not self._within(new, self.read):
            raise NotNarrowedError("it could not be proved that the result allows nothing new")
        approved = {**self.read, "sesreport-approved": read_policy(self._denials(), "sesreport-approved")}
        if not self._within(approved, new):
            raise NotNarrowedError("it could not be proved that the result keeps everything that is approved")

    def _with(self, name: str, text: str | None) -> dict[str, Policy]:
        others = {each: policy for each, policy in self.read.items() if each != name}
        return others if text is None else {**others, name: read_policy(text, name)}

    def _within(self, new: Mapping[str, Policy], old: Mapping[str, Policy]) -> bool:
        return bool(
            narrower_or_equal(
                new, old, identity_arn=self.identity_arn, organization=self.approved.organization, today=self.today
            )
        )

    def _denials(self) -> dict[str, Any]:
        """A policy that refuses all that is not approved, written apart from how the result is made."""
        organization, senders = self.approved.organization.id, self.approved.senders
        person = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
        accounts = sorted({self.own, *(sender.account for sender in senders)})
        strangers: dict[str, list[str]] = {ACCOUNT: accounts}
        if organization:
            strangers[ORGANIZATION] = [organization]
        denied: list[dict[str, Any]] = [{"StringNotEquals": strangers, **person}]
        if self.approved.refused:
            denied.append({"StringEquals": {ACCOUNT: sorted(self.approved.refused)}})
        for account in sorted({sender.account for sender in senders}):
            denied += _outside(account, self.approved.of(account))
        service = {"Bool": {"aws:PrincipalIsAWSService": "true"}}
        named = sorted(self.services)
        if named:
            denied.append({"StringNotEquals": {"aws:PrincipalServiceName": named}, **service})
            ours = {"aws:SourceOrgID": [organization]} if organization else {"aws:SourceAccount": [self.own]}
            denied.append({"StringNotEquals": ours, **service})
        else:
            denied.append(service)
        statements = [_deny(condition, Action="*") for condition in denied]
        manages = {"StringNotEquals": {ACCOUNT: [self.own]}, **person}
        statements.append(_deny(manages, NotAction=list(APPROVED_ACTIONS)))
        return {"Version": "2012-10-17", "Statement": statements}


def _outside(account: str, approvals: Sequence[ApprovedSender]) -> Iterator[dict[str, Any]]:
    """Conditions under which an account has none of its approvals: each is outside by its address or by its end."""
    if len(approvals) > MOST_APPROVALS:
        raise NotNarrowedError(f"{account} has {len(approvals)} approvals for this identity; join them in the register")
    ways = []
    for approval in approvals:
        here: list[tuple[str, Any]] = []
        if approval.from_patterns:
            here.append(("from", approval.from_patterns))
        if approval.last_day:
            here.append(("end", approval.last_day))
        ways.append(here)
    for way in product(*ways):
        patterns = sorted({pattern for what, value in way if what == "from" for pattern in value})
        ends = [value for what, value in way if what == "end"]
        condition: dict[str, Any] = {"StringEquals": {ACCOUNT: [account]}}
        if patterns:
            condition["StringNotLike"] = {FROM: patterns}
        if ends:
            condition["DateGreaterThanEquals"] = {NOW: instant(max(ends))}
        yield condition


def _deny(condition: dict[str, Any], **actions: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", **actions, "Resource": "*", "Condition": condition}


def that_matter(approved: Approved, policies: Mapping[str, str], read: Collection[Policy]) -> Approved:
    """Without approvals of accounts that the policies neither name nor let in with everybody."""
    allows = [each for one in read for each in one.statements if each.effect is Effect.ALLOW]
    if any(each.not_principal or any(p.kind is PrincipalKind.ANYONE for p in each.principals) for each in allows):
        if len(approved.senders) > MOST_SENDERS:
            raise NotNarrowedError(
                f"the register approves {len(approved.senders)} accounts for this identity, and the policy lets in "
                "everybody: say in the register which identities each is for"
            )
        return approved
    named = tuple(one for one in approved.senders if any(one.account in text for text in policies.values()))
    return replace(approved, senders=named)


def _limited_to(raw: dict[str, Any], sender: ApprovedSender) -> dict[str, Any] | None:
    """The statement with the limits of an approval; None where nothing is left of it."""
    made = from_limited(raw, sender.from_patterns) if sender.from_patterns else raw
    return until(made, sender.last_day) if made and sender.last_day else made


def _said(before: dict[str, Any], after: dict[str, Any] | None, sender: ApprovedSender) -> Iterator[str]:
    """In words, which limits of an approval a statement did not have."""
    if after is None:
        yield "goes: none of its From addresses is approved"
        return
    if sender.from_patterns and from_limited(before, sender.from_patterns) != before:
        yield f"sends as {', '.join(sender.from_patterns)}"
    if sender.last_day and before.get("Condition", {}).get("DateLessThan") != after["Condition"].get("DateLessThan"):
        yield f"until {sender.last_day}"
