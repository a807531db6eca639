"""Why an exposure is what it is: witnesses and grants, worked out when asked for.

An exposure keeps only its question, not the spaces it was read off, so that thousands of them stay small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sesreport.policy.callers import Standing, Who
from sesreport.policy.evaluator import CallerKind, Request, decide, names
from sesreport.policy.exposure import CLASSES, Grant, Witness
from sesreport.policy.model import Condition, Effect, Principal, Statement
from sesreport.policy.reach import Reach, example
from sesreport.policy.reader import read_policies
from sesreport.policy.scene import SENDING_ACTIONS
from sesreport.policy.verdict import (
    Outcome,
    Question,
    class_mask,
    decide_exposure,
    from_limits,
    standing_class,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The question behind an exposure; ``texts`` are its policies where they have not been read yet."""

    asked: Question
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def question(self) -> Question:
        """The question, with its policies read."""
        if self.asked.policies or not self.texts:
            return self.asked
        return replace(self.asked, policies=read_policies(dict(self.texts)))

    def outcome(self) -> Outcome:
        """Run the engine again."""

        return decide_exposure(self.question)

    def witnesses(self) -> tuple[Witness, ...]:
        """One request for every class that can send, widest first, each allowed by the referee.

        A class that rests only on something undecided has no witness.
        """
        question, outcome = self.question, self.outcome()
        found = []
        for exposure in reversed(CLASSES[1:]):
            witness = _witness(question, outcome, exposure)
            if witness is not None:
                found.append(witness)
        return tuple(found)

    def grants(self) -> tuple[Grant, ...]:
        """Every Allow statement for sending, once for each grantee."""
        outcome = self.outcome()
        return tuple(
            _grant(statement, actions, principal, widest_of(outcome, statement, principal))
            for statement, actions in outcome.scene.statements
            if statement.effect is Effect.ALLOW
            for principal in statement.principals
        )


def _witness(question: Question, outcome: Outcome, exposure: str) -> Witness | None:
    for reached in outcome.reaches or ():
        if exposure == "public" and reached.public is not None:
            parts = [reached.public]
        else:
            part = reached.part_with(class_mask(reached, exposure, outcome.exposure.public))
            parts = [] if part is None else [part]
        for part in parts:
            request, who, _ = example(outcome.scene, reached.space, part.box)
            decision = decide(question.policies, request)
            if decision.allowed and decision.statement is not None:
                words = say(question.register, request, who, decision.statement)
                return Witness(exposure, request, decision.statement, words)
    return None


def widest_of(outcome: Outcome, statement: Statement, principal: Principal) -> str:
    """The widest class that one Allow statement lets in by one of its principals."""
    widest = "none"
    for reached in outcome.reaches or ():
        mask = _mask_of(reached, statement)
        for index, who in reached.numbered():
            if mask >> index & 1 and (statement.not_principal or names(principal, who.caller)):
                found = standing_class(who, _is_public(reached, statement))
                widest = max(widest, found, key=CLASSES.index)
    return widest


def _mask_of(reached: Reach, statement: Statement) -> int:
    mask = 0
    for through in reached.parts:
        if through.statement == statement:
            mask |= through.box[0]
    return mask


def _is_public(reached: Reach, statement: Statement) -> bool:
    return any(through.statement == statement for through in reached.publics)


def _grant(statement: Statement, actions: int, principal: Principal, widest: str) -> Grant:
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
    )


def condition_words(condition: Condition) -> str:
    """A condition on one line: ``StringEquals aws:PrincipalOrgID o-1234567890, o-abcdefghij``."""
    return f"{condition.operator} {condition.key} {', '.join(condition.values)}"


_STANDING = {
    Standing.OWN: "of the identity's own account",
    Standing.MEMBER: "of an account of the organization",
    Standing.VENDOR: "of an approved outside account",
    Standing.NAMED: "of an outside account that the policies name",
    Standing.STRANGER: "of an account nobody knows",
}


def say(register: Mapping[str, str], request: Request, who: Who, statement: Statement) -> str:
    """A witness in one sentence."""
    context = request.context
    sender = context.get("ses:fromaddress", ("",))[0]
    does = f"can send as {sender} ({request.action}" if sender else f"can call {request.action} ("
    if request.caller.kind is CallerKind.SERVICE:
        caller = f"The AWS service {request.caller.arn}"
        if who.source is None:
            caller += ", calling without naming a source resource,"
        elif who.account is not None:
            whose = _STANDING[who.source].removeprefix("of ")
            caller += f", calling for a resource of {who.account} ({whose}),"
    else:
        caller = f"The {request.caller.kind.value} {request.caller.arn}"
        vendor = f" ({register[who.account]})" if who.account is not None and who.account in register else ""
        caller += f", {_STANDING[who.standing]}{vendor}"
        if who.organization is not None and who.standing not in (Standing.OWN, Standing.MEMBER):
            caller += f" in the organization {who.organization}"
        caller += ","
    where = ""
    if "aws:sourceip" in context:
        where = f" from {context['aws:sourceip'][0]}"
    elif "aws:sourcevpc" in context:
        where = f" through a VPC endpoint of {context['aws:sourcevpc'][0]}"
    when = f" on {context['aws:currenttime'][0][:10]}" if "aws:currenttime" in context else ""
    extra = [
        f"{name} = {', '.join(context[name])}"
        for name in sorted(context)
        if name.startswith(("aws:principaltag/", "aws:useragent", "aws:referer", "ses:")) and name != "ses:fromaddress"
    ]
    with_ = f", with {' and '.join(extra)}" if extra else ""
    how = f"{where}{when}{with_}" if sender else f"{where}{when}{with_}".strip()
    return f"{caller} {does}{how}): allowed by {statement.label}."
