"""Every identity of one account and Region, judged for AWS Config: compliant or not, and why in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError

from sesreport.aws.clients import own_client
from sesreport.governance.monitor.attached import Attached, Reader, attached, identity_names
from sesreport.governance.monitor.known import Known
from sesreport.governance.monitor.message import FunctionPlace
from sesreport.governance.monitor.offers import in_short, offers_of
from sesreport.policy import CLASSES, CallerKind, addresses_by_domain, analyze, narrower_or_equal

GONE = Attached(None, "there is no such identity", gone=True)
COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE = "COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"


@dataclass(frozen=True)
class Evaluation:
    """What is said of one identity, or of the account."""

    identity: str
    compliance: str
    annotation: str
    fix: str = ""
    """What would make it compliant, in short, or why nothing is offered; empty where nothing is asked for."""


def evaluate(
    here: FunctionPlace, known: Known, widest: str, earlier: Iterable[str], time_is_left: Callable[[], bool]
) -> Iterator[Evaluation]:
    """One evaluation for each identity of the place, and for each that was evaluated earlier and is gone.

    A verified address with policies takes precedence over its domain, so all are read before any is judged. When the
    list of identities cannot be read, none is called gone, and those evaluated earlier are not judged.
    """
    client = own_client("sesv2", region=here.region)
    try:
        names = list(identity_names(client))
    except (ClientError, BotoCoreError) as error:
        for name in earlier:
            yield _not_judged(name, f"the identities cannot be listed: {error}")
        yield _not_judged("", f"the identities cannot be listed: {error}")
        return
    late = Attached(None, "the function's time ran out; give it more, or fewer identities")
    read = {name: attached(client, name) if time_is_left() else late for name in names}
    arns = {name: f"arn:{here.partition}:ses:{here.region}:{here.account_id}:identity/{name}" for name in names}
    own = {name: found.policies for name, found in read.items() if found.policies and found.verified}
    before = addresses_by_domain(own)
    for name, found in read.items():
        if found.policies is not None:
            near = {arns[address]: own[address] for address in before.get(name, ())}
            try:
                one = _judged(name, arns[name], found.policies, near, known, here, widest)
                yield _with_fix(one, arns[name], found.policies, known, lambda other: read.get(other, GONE))
            except Exception as fault:  # noqa: BLE001 - the other identities must be evaluated all the same
                yield _not_judged(name, f"{type(fault).__name__}: {fault}")
        elif found.gone:
            yield Evaluation(name, NOT_APPLICABLE, "The identity was deleted.")
        else:
            yield _not_judged(name, found.reason)
    for name in earlier:
        if name not in read:
            yield Evaluation(name, NOT_APPLICABLE, "The identity was deleted.")


def _with_fix(one: Evaluation, arn: str, policies: Mapping[str, str], known: Known, read: Reader) -> Evaluation:
    """The evaluation with fixes of the identity's policies; what goes wrong with them costs no evaluation."""
    if one.compliance != NON_COMPLIANT:
        return one
    try:
        return replace(one, fix=in_short(list(offers_of(policies, list(policies), known, arn, read))))
    except Exception as fault:  # noqa: BLE001 - the evaluation counts
        return replace(one, fix=f"No fix is offered: none could be made ({type(fault).__name__})")


def _judged(
    name: str,
    arn: str,
    policies: Mapping[str, str],
    near: Mapping[str, Mapping[str, str]],
    known: Known,
    here: FunctionPlace,
    widest: str,
) -> Evaluation:
    register = known.approved(name)
    found = analyze(
        arn,
        policies,
        organization=known.organization,
        register=register,
        today=known.today,
        identities=near,
    )
    if not found.judged:
        return _not_judged(name, "; ".join([*map(str, found.errors), *found.undecided]))
    words = found.witnesses[0].words if found.witnesses else ""
    if CLASSES.index(found.exposure) > CLASSES.index(widest):
        return Evaluation(name, NON_COMPLIANT, f"{found.exposure}: {words}")
    if found.guarded is False:
        service = next((w.words for w in found.witnesses if w.request.caller.kind is CallerKind.SERVICE), words)
        return Evaluation(name, NON_COMPLIANT, f"a service for anybody: {service}")
    if found.needs_review:
        return _not_judged(name, "; ".join([*map(str, found.errors), *found.undecided]))
    if found.bulk_beyond:
        wide = max((grant.exposure for grant in found.bulk_beyond), key=CLASSES.index)
        return Evaluation(name, NON_COMPLIANT, f"{wide}: by ses:SendBulkEmail, which AWS does not list for policies")
    managed = _managed_from_outside(name, arn, policies, known, here)
    if managed is not None:
        return managed
    return Evaluation(name, COMPLIANT, f"{found.exposure}: {words}" if words else found.exposure)


def _managed_from_outside(
    name: str, arn: str, policies: Mapping[str, str], known: Known, here: FunctionPlace
) -> Evaluation | None:
    """Whether another account may change the identity, or let others in.

    SES Developer Guide, "Identity policy anatomy": management actions are for principals and services of the own
    account.
    """
    statement = {"Effect": "Deny", "Principal": "*", "Action": "ses:Send*", "Resource": "*"}
    own = {"Effect": "Allow", "Principal": {"AWS": here.account_id}, "Action": "*", "Resource": "*"}
    beyond = narrower_or_equal(
        {**policies, "but (no) sending": {"Statement": [statement]}},
        {"own": {"Statement": [own]}},
        identity_arn=arn,
        organization=known.organization,
        register=known.approved(name),
        today=known.today,
    )
    if beyond.witness is not None and beyond.witness.caller.kind is not CallerKind.SERVICE:
        return Evaluation(name, NON_COMPLIANT, f"managed from outside: {beyond.words}")
    if not beyond and beyond.witness is None:
        return _not_judged(name, "; ".join([*map(str, beyond.errors), *beyond.undecided]))
    return None


def _not_judged(name: str, why: str) -> Evaluation:
    return Evaluation(name, NON_COMPLIANT, f"Not judged: {why}")


def of_account(found: list[Evaluation]) -> Evaluation:
    """What the identities add up to: one that is not compliant makes the account so.

    An account without identities is compliant; one whose identities cannot be listed is not.
    """
    unlisted = next((one for one in found if not one.identity), None)
    if unlisted is not None:
        return unlisted
    present = [one for one in found if one.compliance != NOT_APPLICABLE]
    bad = [one for one in present if one.compliance == NON_COMPLIANT]
    if not bad:
        return Evaluation("", COMPLIANT, f"{len(present)} identities, all compliant")
    first = f"{bad[0].identity}: {bad[0].annotation}"
    return Evaluation("", NON_COMPLIANT, f"{len(bad)} of {len(present)} identities not compliant; {first}")
