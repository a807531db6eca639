"""Why an exposure is what it is: witnesses, and grants worked out when asked for.

An exposure keeps only its question, not the spaces it was read off, so that thousands of them stay small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sesreport.policy.accounts import Standing
from sesreport.policy.callers import Who
from sesreport.policy.engine import (
    DecidedExposure,
    Question,
    class_masks,
    decide_exposure,
    from_limits,
    standing_class,
)
from sesreport.policy.evaluator import Caller, CallerKind, Request, decide, names
from sesreport.policy.exposure import CLASSES, Exposure, Grant, Witness
from sesreport.policy.model import Effect, Principal, Statement
from sesreport.policy.proof import condition_words, sender_words
from sesreport.policy.reach import Reach, Through, example
from sesreport.policy.scene import SENDING_ACTIONS, Scene

#: The sending action that SES does not list for identity policies (Service Authorization Reference, SES API v2).
BULK = ("ses:SendBulkEmail",)


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """The question behind an exposure."""

    question: Question

    @property
    def own_identities(self) -> tuple[str, ...]:
        """ARNs of the addresses whose policies come before the domain's."""
        return self.question.own_identities

    def decided(self) -> DecidedExposure:
        """Run the engine again."""
        return decide_exposure(self.question)

    def grants(self) -> tuple[Grant, ...]:
        """Every Allow statement for sending, once for each grantee; none where nothing could be decided."""
        decided = self.decided()
        return tuple(
            _grant(decided, statement, actions, principal)
            for statement, actions in decided.scene.statements
            if statement.effect is Effect.ALLOW and decided.reaches is not None
            for principal in statement.principals
        )

    def bulk_grants(self) -> tuple[Grant, ...]:
        """Every Allow statement for ``ses:SendBulkEmail``, once for each grantee."""
        return QuestionAsked(replace(self.question, actions=BULK)).grants()

    def without_precedence(self) -> Exposure | None:
        """The exposure without the rule that an address's policies come before its domain's; None if none does."""
        question = replace(self.question, own_identities=())
        return decide_exposure(question).exposure if self.question.own_identities else None

    def bulk(self) -> str:
        """The widest class that holds ``ses:SendBulkEmail``."""
        return decide_exposure(replace(self.question, actions=BULK)).exposure.exposure


def witnesses(question: Question, decided: DecidedExposure) -> tuple[Witness, ...]:
    """One request for every class that can send, widest first.

    Where nobody of the widest class gets through but by what is undecided, its witness says so.
    """
    exposure = decided.exposure
    reaches = decided.reaches or ()
    public = any(reached.public is not None for reached in reaches)
    masks = [(reached, class_masks(reached, public)) for reached in reaches]
    found = []
    for name in reversed(CLASSES[1:]):
        witness = _witness(question, decided, name, masks) if any(name in of for _, of in masks) else None
        if witness is not None:
            found.append(witness)
    if exposure.undecided and (not found or found[0].exposure != exposure.exposure):
        assumed = _assumed(question, decided, masks)
        found[:0] = [] if assumed is None else [assumed]
    return tuple(found)


_Masks = list[tuple[Reach, dict[str, int]]]


def _witness(question: Question, decided: DecidedExposure, exposure: str, masks: _Masks) -> Witness | None:
    for reached, part in _parts(exposure, masks):
        request, who, _ = example(decided.scene, reached.space, part.box)
        decision = decide(question.policies, request)
        if decision.allowed and decision.statement is not None:
            return _told(question, decided.scene, reached, exposure, request, who, decision.statement)
    return None


def _parts(exposure: str, masks: _Masks) -> Iterator[tuple[Reach, Through]]:
    """Parts that somebody of a class gets through by."""
    for reached, of in masks:
        if exposure == "public":
            yield from ((reached, part) for part in reached.publics)
        elif exposure in of:
            for mask in _widest_first(reached, of[exposure]) if exposure == "service" else (of[exposure],):
                yield from ((reached, part) for part in reached.parts_with(mask))


def _widest_first(reached: Reach, services: int) -> Iterator[int]:
    """Services that nobody names and that act for anybody, then those that act for anybody, then all."""
    unguarded = common = 0
    for index, who in reached.numbered():
        if services >> index & 1 and who.source in (None, Standing.STRANGER):
            unguarded |= 1 << index
            common |= who.common << index
    yield from (mask for mask in (common, unguarded, services) if mask)


def _told(
    question: Question, scene: Scene, reached: Reach, exposure: str, request: Request, who: Who, statement: Statement
) -> Witness:
    vendor = question.register.get(who.account) if who.account is not None else None
    sender = sender_words(scene, request, reached.space.fresh)
    return Witness(exposure, request, statement, who, vendor or None, sender)


def _assumed(question: Question, decided: DecidedExposure, masks: _Masks) -> Witness | None:
    """A request of the widest class that gets through if what is undecided is as it was counted."""
    widest, undecided = decided.exposure.exposure, decided.exposure.undecided
    for reached, part in _parts(widest, masks):
        request, who, _ = example(decided.scene, reached.space, part.box)
        return replace(_told(question, decided.scene, reached, widest, request, who, part.statement), assumed=undecided)
    allows = [s for policy in question.policies for s in policy.statements if s.effect is Effect.ALLOW]
    if decided.reaches is not None or not allows:
        return None
    account = "690000000000"
    role = f"arn:aws:iam::{account}:role/zq"
    caller = Caller(CallerKind.ROLE_SESSION, f"arn:aws:sts::{account}:assumed-role/zq/zq", account, role)
    request = Request(caller, SENDING_ACTIONS[0], question.identity_arn, {})
    return Witness("public", request, allows[0], Who(caller, {}, Standing.STRANGER, account), assumed=undecided)


def widest_of(decided: DecidedExposure, statement: Statement, principal: Principal) -> str:
    """The widest class that one Allow statement lets in by one of its principals."""
    found = (standing_class(who, public) for who, public in _let_in(decided, statement, principal))
    return max(found, key=CLASSES.index, default="none")


def _let_in(decided: DecidedExposure, statement: Statement, principal: Principal) -> Iterator[tuple[Who, bool]]:
    """Who gets through by a statement and principal, and whether strangers do by this statement."""
    for reached in decided.reaches or ():
        mask = 0
        for through in reached.parts:
            if through.statement == statement:
                mask |= through.box[0]
        public = any(through.statement == statement for through in reached.publics)
        for index, who in reached.numbered():
            if mask >> index & 1 and (statement.not_principal or names(principal, who.caller)):
                yield who, public


def _grant(decided: DecidedExposure, statement: Statement, actions: int, principal: Principal) -> Grant:
    let_in = list(_let_in(decided, statement, principal))
    widest = max((standing_class(who, public) for who, public in let_in), key=CLASSES.index, default="none")
    people = [(who, public) for who, public in let_in if who.standing is not Standing.SERVICE]
    tied = [who for who, public in people if who.standing is Standing.STRANGER and not public]
    network = any(who.common for who in tied)  # who is let in by a place needs no organization
    orgs = [] if network else [who.organization for who in tied if who.organization in decided.scene.named_orgs]
    outside = (Standing.VENDOR, Standing.NAMED)
    services = [who for who, _ in let_in if who.standing is Standing.SERVICE]
    known = [who.source is not None and who.source is not Standing.STRANGER for who in services]
    guarded = all(known) if services and widest != "public" else None
    prefix = "everybody but " if statement.not_principal else ""
    return Grant(
        statement.policy,
        statement.index,
        statement.sid,
        prefix + principal.value,
        principal.kind.value,
        principal.account,
        tuple(action for index, action in enumerate(SENDING_ACTIONS) if actions >> index & 1),
        from_limits(statement),
        tuple(condition_words(condition) for condition in statement.conditions),
        widest,
        frozenset(
            [w.account for w, _ in people if w.standing in outside and w.account and w.account in decided.scene.named]
        ),
        frozenset([one for one in orgs if one is not None]),
        ("network",) if network else (),
        guarded,
        frozenset([who.account for who in services if guarded and who.source in outside and who.account]),
    )
