"""What one change newly allows.

The identity as the change left it is compared with the identity before it: its other policies as they are now, and
this policy as it was (``earlier``). Where its earlier text is not known, the comparison is with
the identity without this policy. That shows everything the policy lets in, and may show what it let in before; but it
cannot show what an earlier Deny in it kept out. So "nothing new" is said without the earlier text only when nobody is
allowed anything now; else the change cannot be judged, and the message says what is at stake.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sesreport.governance.monitor.attached import Attached, Reader
from sesreport.governance.monitor.earlier import EarlierText
from sesreport.governance.monitor.event import Change
from sesreport.governance.monitor.judgement import Judgement, Outcome
from sesreport.governance.monitor.known import Known
from sesreport.governance.monitor.offers import Offer, domains_above, offers
from sesreport.policy import (
    CLASSES,
    CallerKind,
    Comparison,
    Exposure,
    Request,
    analyze,
    narrower_or_equal,
    read_identity,
)
from sesreport.policy.fixes import NONE
from sesreport.snapshot.events import EventKind

Policies = Mapping[str, str]


def judge(change: Change, now: Attached, earlier: EarlierText, known: Known, arn: str, read: Reader) -> Judgement:
    """Judges one change that took effect.

    ``now`` are the policies attached when the event is handled, ``arn`` is the identity's, and ``read`` asks for
    another identity of the account and Region (an address's domain).
    """
    try:
        found = _Case(change, now, earlier, known, arn, read).judge()
    except Exception as fault:  # noqa: BLE001 - whatever it is, somebody must hear of the change
        words = f"the change could not be judged ({type(fault).__name__}: {fault})"
        found = Judgement(Outcome.UNKNOWN, words, "nothing")
    if found.outcome in (Outcome.NEW, Outcome.UNKNOWN):
        found = replace(found, offers=_offers(change, now, known, arn, read))
    return replace(found, notes=(*found.notes, *filter(None, [earlier.note])))


def _offers(change: Change, now: Attached, known: Known, arn: str, read: Reader) -> tuple[Offer, ...]:
    """The fixes; what goes wrong with them costs no message."""
    try:
        return offers(change, now, known, arn, read)
    except Exception as fault:  # noqa: BLE001 - whatever it is, somebody must hear of the change
        return (Offer(change.policy_name or "", NONE, f"none could be made ({type(fault).__name__}: {fault})"),)


@dataclass(frozen=True)
class _Case:
    change: Change
    now: Attached
    earlier: EarlierText
    known: Known
    arn: str
    read: Reader

    def judge(self) -> Judgement:
        kind = self.change.kind
        if kind is EventKind.BEGINS_IDENTITY:
            return _begun(self.change)
        if kind is EventKind.DELETES_IDENTITY:
            return self._without_policies("nobody can send through an identity that is gone")
        if self.change.policy_name is None:
            return self._unknown("the event does not say which policy was changed")
        if kind is EventKind.DELETES_POLICY:
            return self._deleted()
        return self._put(self.change.policy_name)

    def _put(self, name: str) -> Judgement:
        now, text = self.now.policies, self.change.policy
        if text is None and now is None:
            return self._unknown(f"the event hides the policy's text, and it cannot be read ({self.now.reason})")
        if text is None:
            assert now is not None
            if name not in now:
                return self._unknown("the event hides the policy's text, and the policy is gone again")
            text = now[name]
        if now is None:
            return self._alone({name: text})
        notes: tuple[str, ...] = ()
        if now.get(name) is None:
            notes = ("the policy is no longer attached: this is what it allowed while it was",)
        elif _parsed(now[name]) != _parsed(text):
            notes = ("the policy was changed again since: this is what this call left behind",)
        found = self._compared({**now, name: text})
        return replace(found, notes=(*found.notes, *notes))

    def _alone(self, policy: Policies) -> Judgement:
        """The policy alone, when the identity's other policies cannot be read.

        Its requests are new unless another policy allowed or denies them; that it adds none is certain only when it was
        not there before.
        """
        reason = f"the identity's other policies cannot be read ({self.now.reason})"
        compared = self._compare(policy, self._before({}))
        if compared.witness is not None:
            found = self._new(compared, None)
            return replace(found, notes=(*found.notes, f"{reason}: judged by this policy alone"))
        if compared and self.earlier.known and self.earlier.text is None:
            return Judgement(Outcome.NOTHING, "the policy lets nobody in", self.earlier.since)
        return self._unknown("; ".join([reason, *_doubts(compared)]))

    def _deleted(self) -> Judgement:
        now = self.now.policies
        if now is None:
            if self.now.gone:
                return self._without_policies("nobody can send through an identity that is gone")
            return self._unknown(f"the policies that are left cannot be read ({self.now.reason})")
        left = {name: text for name, text in now.items() if name != self.change.policy_name}
        if not left:
            return self._without_policies("no policy is left, so only the own account can send")
        return self._compared(left)

    def _compared(self, after: Policies) -> Judgement:
        """The identity as the change left it with the identity before it."""
        exposure = self._exposure(after)
        others = {name: text for name, text in after.items() if name != self.change.policy_name}
        compared = self._compare(after, self._before(others))
        if compared.witness is not None:
            found = self._new(compared, exposure)
            return self._with_services(self._with_stake(found, after, exposure), self._exposure(self._before(others)))
        if not compared:
            return replace(self._unknown("; ".join(_doubts(compared))), exposure=exposure)
        if self.earlier.known:
            words = "nothing is allowed that was not allowed before"
            return Judgement(Outcome.NOTHING, words, self._since(), exposure=exposure)
        if self._compare(after, {}):
            return Judgement(Outcome.NOTHING, "nobody is allowed anything", self._since(), exposure=exposure)
        reach, words, witness = self._at_stake(after, exposure)
        unguarded = exposure.guarded is False
        return Judgement(Outcome.UNKNOWN, words, self._since(), reach, exposure, unguarded, request=witness)

    def _with_stake(self, found: Judgement, after: Policies, exposure: Exposure) -> Judgement:
        """What was let in, and what a Deny in the earlier text may have kept out besides."""
        reach, words, _ = ("none", "", None) if self.earlier.known else self._at_stake(after, exposure)
        if CLASSES.index(reach) <= CLASSES.index(found.reach):
            return found
        return replace(found, reach=reach, notes=(*found.notes, words))

    def _with_services(self, found: Judgement, before: Exposure) -> Judgement:
        """What was let in, and a service that acts for anybody besides: a witness is an account where it can be."""
        exposure = found.exposure
        if exposure is None or exposure.guarded is not False or before.guarded is False:
            return found
        words = [w.words for w in exposure.witnesses if w.request.caller.kind is CallerKind.SERVICE]
        return replace(found, unguarded=True, notes=(*found.notes, *words))

    def _at_stake(self, after: Policies, exposure: Exposure) -> tuple[str, str, Request | None]:
        """The widest class that a lost Deny may have kept out, in words, and a request: all that is allowed now."""
        anything = self._compare(after, {})
        what = anything.words or "; ".join(_doubts(anything))
        words = (
            "the earlier text is not known: if it held a Deny, what that kept out is allowed from now on. At stake is "
            f"all that the identity's policies allow: {what}"
        )
        return self._reach(anything.witness, exposure), words, anything.witness

    def _without_policies(self, words: str) -> Judgement:
        """An identity left without policies: an address then falls under the policies of its domains.

        SES Developer Guide, "Sending authorization policies": an address's policies take precedence over its domain's.
        """
        name = read_identity(self.arn).name
        nothing = Judgement(Outcome.NOTHING, words, self._since())
        if "@" not in name or self.earlier.bare:
            return nothing
        for domain in domains_above(name):
            found = self.read(domain)
            if found.gone or found.policies == {}:
                continue
            if found.policies is None:
                return self._unknown(f"{name} now falls under the policies of {domain}, unread ({found.reason})")
            arn = f"{self.arn.partition(':identity/')[0]}:identity/{domain}"
            allowed = self._compare({**found.policies, _unused(found.policies): _only_from(name)}, {}, arn)
            if not allowed:
                what = allowed.words or "; ".join(_doubts(allowed))
                return Judgement(
                    Outcome.UNKNOWN,
                    f"{name} has no policies of its own left to come before those of {domain}, and these allow: {what}",
                    self._since(),
                    self._reach(allowed.witness, self._exposure(found.policies, arn)),
                    request=allowed.witness,
                )
        return nothing

    def _before(self, others: Policies) -> Policies:
        text, name = self.earlier.text, self.change.policy_name
        return {**others, name: text} if text is not None and name is not None else others

    def _compare(self, after: Policies, before: Policies, arn: str | None = None) -> Comparison:
        return narrower_or_equal(
            after,
            before,
            identity_arn=arn or self.arn,
            organization=self.known.organization,
            register=self.known.approved(read_identity(self.arn).name),
            today=self.known.today,
        )

    def _exposure(self, policies: Policies, arn: str | None = None) -> Exposure:
        return analyze(
            arn or self.arn,
            policies,
            organization=self.known.organization,
            register=self.known.approved(read_identity(self.arn).name),
            today=self.known.today,
        )

    def _new(self, compared: Comparison, exposure: Exposure | None) -> Judgement:
        reach = self._reach(compared.witness, exposure)
        notes = tuple(f"cannot be read: {error}" for error in compared.errors)
        return Judgement(
            Outcome.NEW, compared.words, self._since(), reach, exposure, notes=notes, request=compared.witness
        )

    def _unknown(self, words: str) -> Judgement:
        return Judgement(Outcome.UNKNOWN, words, self._since())

    def _since(self) -> str:
        if self.earlier.known:
            return self.earlier.since
        return "the identity without this policy, as its earlier text is not known"

    def _reach(self, witness: Request | None, exposure: Exposure | None) -> str:
        """The class of exposure that a witness stands for; someone who cannot be placed is external or public."""
        if witness is None:
            return "none"
        if witness.caller.kind is CallerKind.SERVICE:
            return "service"
        account, organization = witness.caller.account, self.known.organization
        own = read_identity(self.arn)
        if account == own.account:
            return "own"
        member = organization.id is not None and organization.id in witness.context.get("aws:principalorgid", ())
        if member or account in organization.accounts:
            return "organization"
        if account in self.known.approved(own.name):
            return "vendor"
        if exposure is None or not exposure.public or account in exposure.external_accounts:
            return "external"
        return "public"


def _begun(change: Change) -> Judgement:
    again = "" if change.event_name == "CreateEmailIdentity" else " (one that was there already is verified again)"
    words = (
        f"an identity was begun{again}. Once it is verified, its account can send as it; nobody else can until a "
        "policy is put. Delete it if nobody meant this"
    )
    return Judgement(Outcome.CONFIRM, words, label="LOW")


def _doubts(compared: Comparison) -> list[str]:
    return [*(f"cannot be read: {error}" for error in compared.errors), *compared.undecided]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _unused(policies: Policies) -> str:
    name = "only-this-address"
    while name in policies:
        name += "-"
    return name


def _only_from(address: str) -> str:
    """A Deny of all that does not send as one address."""
    value = "".join(f"${{{letter}}}" if letter in "*?$" else letter for letter in address)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"ses:FromAddress": value}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
