"""What an answer must hold before anybody sees it, checked each time and by other means than it was found.

That the referee allows every witness needs no check here: :func:`sesreport.policy.evidence.witnesses` asks it about
each, and what it does not allow is no witness.

A fault here is one of the engine, not of the policies. It costs this identity alone: the exposure stays,
and what does not hold makes it one that needs review.
"""

from __future__ import annotations

from collections.abc import Iterator

from sesreport.policy.engine import Question
from sesreport.policy.evaluator import CallerKind
from sesreport.policy.exposure import CLASSES, Exposure, Witness
from sesreport.policy.model import Policy


def doubts(question: Question, exposure: Exposure, witnesses: tuple[Witness, ...]) -> tuple[str, ...]:
    """What does not hold of an exposure and its witnesses, in words; empty when all does."""
    if exposure.undecided:
        return ()
    return tuple(f"the answer failed a check of its own: {said}" for said in _doubts(question, exposure, witnesses))


def _doubts(question: Question, exposure: Exposure, witnesses: tuple[Witness, ...]) -> Iterator[str]:
    widest = max((w.exposure for w in witnesses), key=CLASSES.index, default="none")
    if widest != exposure.exposure or exposure.public != (widest == "public"):
        yield f"it says {exposure.exposure}, and the widest request that proves a class proves {widest}"
    if exposure.services and not any(witness.exposure == "service" for witness in witnesses):
        yield "it says that a service can send, and no request proves it"
    for witness in witnesses:
        if not _stands_for(question, exposure, witness):
            yield f"the request that proves {witness.exposure} is one of another class"
    if exposure.exposure != "none":
        yield from _inventions(question, exposure)


def _stands_for(question: Question, exposure: Exposure, witness: Witness) -> bool:
    """Whether the caller of a witness is of its class, by its account and organization alone."""
    caller, organization = witness.request.caller, question.organization
    if caller.kind is CallerKind.SERVICE:
        return witness.exposure == "service"
    account = caller.account or ""
    of_ours = organization.id is not None and witness.request.context.get("aws:principalorgid") == (organization.id,)
    if account == question.identity_arn.split(":", 5)[4]:
        return witness.exposure == "own"
    if account in organization.accounts or of_ours:
        return witness.exposure == "organization"
    if account in question.register:
        return witness.exposure == "vendor"
    return witness.exposure == (
        "public" if exposure.public and account not in exposure.external_accounts else "external"
    )


def _inventions(question: Question, exposure: Exposure) -> Iterator[str]:
    """Names in the answer that nobody gave: they stand neither in a policy nor in the register."""
    given = _given(question.policies)
    for account in (*exposure.external_accounts, *exposure.service_accounts):
        if account not in question.register and not any(account in text for text in given):
            yield f"it names the account {account}, which stands in no policy"
    for organization in exposure.external_orgs:
        if not any(organization in text for text in given):
            yield f"it names the organization {organization}, which stands in no policy"
    for service in exposure.services - {"*"}:
        if not any(service in text.lower() for text in given):
            yield f"it names the service {service}, which stands in no policy"
    for pattern in exposure.from_patterns:
        if pattern.replace("${*}", "*").replace("${?}", "?") not in given and pattern not in given:
            yield f"it names the address {pattern}, which stands in no policy"


def _given(policies: tuple[Policy, ...]) -> set[str]:
    statements = [statement for policy in policies for statement in policy.statements]
    found = {principal.value for statement in statements for principal in statement.principals}
    for statement in statements:
        for condition in statement.conditions:
            found.update(condition.values)
    return found
