"""The narrowest policy that lets in what was approved, and nothing that is not let in now.

A policy is rewritten statement by statement: principals that nobody approved go, those that are approved get the limits
of their approval. The result is proved twice by :func:`sesreport.policy.narrower_or_equal`: it allows nothing that the
identity's policies do not allow now, and it keeps every approved request. What cannot be proved is not offered.
"""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Any

from sesreport.policy import patterns
from sesreport.policy.analyze import analyze
from sesreport.policy.compare import OTHER_ACTIONS, narrower_or_equal
from sesreport.policy.exposure import Exposure
from sesreport.policy.model import Effect, Policy, Principal, PrincipalKind, Statement
from sesreport.policy.reader import read_policy
from sesreport.policy.scene import SENDING_ACTIONS, Organization, read_identity

APPROVED_ACTIONS = (*SENDING_ACTIONS, "ses:SendBulkEmail")
"""What an approval is for: to send, and not to manage the identity."""
NOTHING_BEYOND = "it lets in nobody beyond what is approved"
LONGEST = 4096
"""Characters of an identity policy (Amazon SES Developer Guide, "Amazon SES quotas": 4 KB)."""
MOST_APPROVALS = 4
"""Approvals of one account for one identity that are told apart in a proof."""
MOST_SENDERS = 25
"""Approvals for one identity that are written into a policy for everybody."""
FROM, NOW, ORGANIZATION, ACCOUNT = "ses:FromAddress", "aws:CurrentTime", "aws:PrincipalOrgID", "aws:PrincipalAccount"


@dataclass(frozen=True)
class ApprovedSender:
    """An outside account that may send as an identity."""

    account: str
    from_patterns: tuple[str, ...] = ()
    """Globs of From addresses; empty for any."""
    last_day: date | None = None
    """The last day on which it may; None for no end."""


@dataclass(frozen=True)
class Approved:
    """Whom an identity's policies may let in, besides its own account: the organization, and outside accounts."""

    organization: Organization
    senders: tuple[ApprovedSender, ...] = ()
    refused: frozenset[str] = frozenset()
    """Accounts of the organization that may not send as this identity, such as sandboxes on a production domain."""

    def of(self, account: str) -> tuple[ApprovedSender, ...]:
        """The approvals of an account."""
        return tuple(sender for sender in self.senders if sender.account == account)


@dataclass(frozen=True)
class Narrowed:
    """A policy that may take the place of one that is there."""

    text: str | None
    """None where nothing of it is approved: the policy is to be deleted."""
    changes: tuple[str, ...]
    """What was changed, in words."""


class NotNarrowedError(ValueError):
    """No policy can be offered; the text says why."""


def narrowed(identity_arn: str, policies: Mapping[str, str], name: str, approved: Approved, *, today: date) -> Narrowed:
    """The narrowest policy that lets in what is approved, for the policy of that name.

    Raises NotNarrowedError where the policy cannot be read in full, where nothing about it would change, where the
    result would be too long, or where one of the two proofs does not succeed.
    """
    texts = {each: read_policy(text, each) for each, text in policies.items()}
    read = texts[name]
    if read.errors:
        raise NotNarrowedError(f"the policy cannot be read in full ({read.errors[0].message}); rewrite it by hand")
    document = json.loads(policies[name])
    written = document["Statement"]
    written = written if isinstance(written, list) else [written]
    work = _Work(identity_arn, policies, texts, _that_matter(approved, policies, texts.values()), today)
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
    made = work.useful(document, name, _numbered(made), written)
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
            yield _Part(_with_principals(raw, kept))
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
            yield from self._senders(_with_principals(raw, principals), statement, principals[0].account or "")
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
        return ours and exposure.judged and not exposure.needs_review and not _manages(statement)

    def _guarded(self, statement: Statement, principal: Principal) -> bool:
        exposure = self._exposure(statement, principal)
        return exposure.guarded is not False and not exposure.needs_review

    def _exposure(self, statement: Statement, principal: Principal | None = None) -> Exposure:
        """What a statement adds up to by itself, or for one of its principals, with every Deny of the identity."""
        alone = {"sesreport-alone": _only(self.policies[statement.policy], {statement.index}, principal)}
        for name, text in self.policies.items():
            denies = {each.index for each in self.read[name].statements if each.effect is Effect.DENY}
            if denies:
                alone[name] = _only(text, denies)
        return analyze(
            self.identity_arn, alone, organization=self.approved.organization,
            register={sender.account: sender.account for sender in self.approved.senders}, today=self.today,
        )  # fmt: skip

    def _members(self, raw: dict[str, Any], statement: Statement, members: list[Principal]) -> Iterator[_Part]:
        made, manages = _sending_only(_with_principals(raw, members), statement)
        yield _Part(made, "accounts of the organization may only send" if manages else "")

    def _services(self, raw: dict[str, Any], services: list[Principal]) -> _Part:
        made = _with_principals(raw, services)
        organization = self.approved.organization.id
        key, value = ("aws:SourceOrgID", organization) if organization else ("aws:SourceAccount", self.own)
        names = ", ".join(service.value for service in services)
        return _Part(_limited(made, "StringEquals", key, [value]), f"{names} is held to {key} {value}")

    def _senders(self, raw: dict[str, Any], statement: Statement, account: str) -> Iterator[_Part]:
        """One statement for each approval of an account, with its From addresses and its end."""
        for sender in self.approved.of(account):
            made, manages = _sending_only(raw, statement)
            said = ["may only send"] if manages else []
            if made:
                limited = _limited_to(made, sender)
                said += list(_said(made, limited, sender))
                made = limited
            yield _Part(made, f"{account} {', '.join(said)}" if said else "")

    def _anyone(self, raw: dict[str, Any], statement: Statement) -> Iterator[_Part]:
        """What takes the place of a statement for everybody: our organization, and each approved account by name."""
        organization = self.approved.organization.id
        base, manages = _sending_only(raw, statement)
        yield _Part(None, "everybody goes; whom the organization and the register approve stays")
        if manages or not organization:
            yield _Part(_for_account(raw, self.own))
        if base is None:
            return
        if organization:
            yield _Part(_limited(base, "StringEquals", ORGANIZATION, [organization]))
        alike: dict[tuple[Any, ...], list[ApprovedSender]] = defaultdict(list)
        for sender in self.approved.senders:
            alike[sender.from_patterns, sender.last_day].append(sender)
        for senders in alike.values():
            accounts = sorted({sender.account for sender in senders})
            yield _Part(_limited_to(_for_account(base, *accounts), senders[0]))

    def useful(
        self, document: dict[str, Any], name: str, made: list[dict[str, Any]], written: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The statements without new ones that let in nobody whom the others do not."""
        out = list(made)
        for statement in [each for each in made if each["Effect"] == "Allow" and each not in written]:
            rest = [each for each in out if each is not statement]
            if self._within(self._with(name, _text(document, out)), self._with(name, _text(document, rest))):
                out = rest
        return out

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
        named = sorted(set(self._services_named()))
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

    def _services_named(self) -> Iterator[str]:
        for policy in self.read.values():
            for statement in policy.statements:
                for principal in statement.principals:
                    if principal.kind is PrincipalKind.SERVICE and not statement.not_principal:
                        yield principal.value


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
            condition["DateGreaterThanEquals"] = {NOW: _instant(max(ends))}
        yield condition


def _deny(condition: dict[str, Any], **actions: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", **actions, "Resource": "*", "Condition": condition}


def _only(text: str, indexes: Collection[int], principal: Principal | None = None) -> str:
    """A policy's text with some of its statements, or for one of their principals."""
    document = json.loads(text)
    written = document["Statement"]
    written = written if isinstance(written, list) else [written]
    chosen = [each for index, each in enumerate(written) if index in indexes]
    if principal is not None:
        chosen = [_with_principals(each, [principal]) for each in chosen]
    return json.dumps({**document, "Statement": chosen})


def _that_matter(approved: Approved, policies: Mapping[str, str], read: Collection[Policy]) -> Approved:
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


def _for_account(raw: dict[str, Any], *accounts: str) -> dict[str, Any]:
    """The statement for some accounts, in the usual order of its elements."""
    rest = {key: value for key, value in raw.items() if key not in ("Principal", "NotPrincipal")}
    head: dict[str, Any] = {key: rest.pop(key) for key in ("Sid", "Effect") if key in rest}
    return {**head, "Principal": {"AWS": accounts[0] if len(accounts) == 1 else list(accounts)}, **rest}


def _limited_to(raw: dict[str, Any], sender: ApprovedSender) -> dict[str, Any] | None:
    """The statement with the limits of an approval; None where nothing is left of it."""
    made = _from_limited(raw, sender.from_patterns) if sender.from_patterns else raw
    return _until(made, sender.last_day) if made and sender.last_day else made


def _said(before: dict[str, Any], after: dict[str, Any] | None, sender: ApprovedSender) -> Iterator[str]:
    """In words, which limits of an approval a statement did not have."""
    if after is None:
        yield "goes: none of its From addresses is approved"
        return
    if sender.from_patterns and _from_limited(before, sender.from_patterns) != before:
        yield f"sends as {', '.join(sender.from_patterns)}"
    if sender.last_day and before.get("Condition", {}).get("DateLessThan") != after["Condition"].get("DateLessThan"):
        yield f"until {sender.last_day}"


def _with_principals(raw: dict[str, Any], principals: Collection[Principal]) -> dict[str, Any]:
    """The statement for some of its principals, each under the key it stands under."""
    wanted = {principal.value for principal in principals}
    written = raw.get("Principal")
    if not isinstance(written, dict):
        return raw
    out = {}
    for key, values in written.items():
        several = values if isinstance(values, list) else [values]
        if chosen := [value for value in several if value in wanted]:
            out[key] = chosen if isinstance(values, list) and len(chosen) > 1 else chosen[0]
    return {**raw, "Principal": out}


def _manages(statement: Statement) -> bool:
    """Whether a statement is for anything of an identity but sending."""
    covered = {action for action in OTHER_ACTIONS if any(_like_action(action, one) for one in statement.actions)}
    return bool((set(OTHER_ACTIONS) - covered if statement.not_action else covered) - set(APPROVED_ACTIONS))


def _sending_only(raw: dict[str, Any], statement: Statement) -> tuple[dict[str, Any] | None, bool]:
    """The statement for sending alone, None where nothing is left; and whether it allowed anything else."""
    if not _manages(statement):
        return raw, False
    covered = [
        each
        for each in APPROVED_ACTIONS
        if any(_like_action(each, one) for one in statement.actions) != statement.not_action
    ]
    if not covered:
        return None, True
    return {
        "Action" if key in ("Action", "NotAction") else key: covered if key in ("Action", "NotAction") else value
        for key, value in raw.items()
    }, True


def _limited(raw: dict[str, Any], operator: str, key: str, values: Sequence[str]) -> dict[str, Any] | None:
    """The statement with one more condition; where one on the key is there, with the values that both have.

    None where they have none in common.
    """
    out = copy.deepcopy(raw)
    conditions = out.setdefault("Condition", {})
    there = conditions.setdefault(operator, {})
    same = next((name for name in there if name.casefold() == key.casefold()), None)
    if same is None:
        there[key] = values[0] if len(values) == 1 else list(values)
        return out
    before = there[same] if isinstance(there[same], list) else [there[same]]
    there[same] = [value for value in before if value in values]
    return out if there[same] else None


def _from_limited(raw: dict[str, Any], patterns: Sequence[str]) -> dict[str, Any] | None:
    """The statement for the From addresses that both it and the approval allow; None where there are none."""
    out = copy.deepcopy(raw)
    conditions = out.setdefault("Condition", {})
    for operator in ("StringLike", "StringEquals"):
        for name, value in conditions.get(operator, {}).items():
            if name.casefold() != FROM.casefold():
                continue
            before = value if isinstance(value, list) else [value]
            inside = [one for one in before if any(_like(one, pattern) for pattern in patterns)]
            if operator == "StringLike":
                inside += [one for one in patterns if one not in inside and any(_like(one, other) for other in before)]
            if inside == before:
                return raw
            conditions[operator][name] = inside[0] if len(inside) == 1 else inside
            return out if inside else None
    return _limited(raw, "StringLike", FROM, list(patterns))


def _until(raw: dict[str, Any], last_day: date) -> dict[str, Any]:
    """The statement until the end of a day, or until its own end where that is earlier."""
    out = copy.deepcopy(raw)
    there = out.setdefault("Condition", {}).setdefault("DateLessThan", {})
    same = next((name for name in there if name.casefold() == NOW.casefold()), NOW)
    before = there.get(same)
    end = _instant(last_day)
    if isinstance(before, str) and before[:19] <= end[:19]:
        return raw
    there[same] = end
    return out


def _instant(last_day: date) -> str:
    """The first instant after a day."""
    return f"{last_day + timedelta(days=1)}T00:00:00Z"


def _numbered(statements: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements with a Sid of its own each; IAM takes none twice in a policy."""
    taken: set[str] = set()
    out = []
    for statement in statements:
        sid = statement.get("Sid")
        if sid in taken:
            number = next(n for n in range(2, len(taken) + 3) if f"{sid}{n}" not in taken)
            statement = {**statement, "Sid": f"{sid}{number}"}
        if sid:
            taken.add(statement["Sid"])
        out.append(statement)
    return out


def _text(document: dict[str, Any], statements: list[dict[str, Any]]) -> str | None:
    return json.dumps({**document, "Statement": statements}) if statements else None


def _like(text: str, pattern: str) -> bool:
    """Whether a glob matches a text; a glob as the text stands for itself, so that what it matches lies within."""
    return patterns.matches(patterns.parse(pattern, wildcards=True, variables=False), text)


def _like_action(action: str, pattern: str) -> bool:
    """The same for an action; their names compare without case."""
    return _like(action.casefold(), pattern.casefold())
