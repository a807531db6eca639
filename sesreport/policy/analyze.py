"""From policies to exposure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sesreport.policy.cache import ExposureCache, depends_on_the_day
from sesreport.policy.checks import doubts
from sesreport.policy.engine import Question, decide_exposure, unjudged
from sesreport.policy.evidence import QuestionAsked, witnesses
from sesreport.policy.exposure import Exposure
from sesreport.policy.model import Policy
from sesreport.policy.precedence import comes_first
from sesreport.policy.reader import read_policies
from sesreport.policy.scene import Identity, Organization, read_identity

Policies = Mapping[str, Any]


def analyze(
    identity_arn: str,
    policies: Policies,
    *,
    organization: Organization,
    register: Mapping[str, str],
    today: date,
    identities: Mapping[str, Policies] | Iterable[tuple[str, Policies]] = (),
    cache: ExposureCache | None = None,
) -> Exposure:
    """Decide who can send through an identity.

    ``policies`` maps policy name to JSON text or parsed object; ``register`` the ids of approved outside
    accounts to their names; ``identities`` are the other verified identities of the same account and Region
    (ARN) with their policies: an address whose policies can all be read takes precedence over its domain.
    With a ``cache`` an equal question about texts is answered once.

    Raises ``ValueError`` when ``identity_arn`` is not the ARN of an SES identity. Policies never raise: what
    cannot be read is in ``Exposure.errors``, what cannot be judged in ``Exposure.undecided``.
    """
    identity = read_identity(identity_arn)
    try:
        return _analyze(identity, policies, organization, register, today, identities, cache)
    except Exception as fault:  # noqa: BLE001 - a policy must never end the judgement of the others
        question = Question(identity_arn, (), organization, dict(register), today)
        said = f"could not be judged ({type(fault).__name__}: {str(fault)[:200]}): taken for public"
        return unjudged(question, (said,))


def _analyze(
    identity: Identity,
    policies: Policies,
    organization: Organization,
    register: Mapping[str, str],
    today: date,
    identities: Mapping[str, Policies] | Iterable[tuple[str, Policies]],
    cache: ExposureCache | None,
) -> Exposure:
    others = identities.items() if isinstance(identities, Mapping) else identities
    near = [(arn, attached) for arn, attached in others if attached and comes_first(arn, identity)]
    if cache is None or not all(_are_texts(texts) for texts in (policies, *(attached for _, attached in near))):
        own = tuple(arn for arn, attached in near if not any(policy.errors for policy in read_policies(attached)))
        return _judge(Question(identity.arn, read_policies(policies), organization, dict(register), today, own))
    read = tuple([cache.read(name, text) for name, text in policies.items()])
    own = tuple(arn for arn, texts in near if not any(cache.read(name, text).errors for name, text in texts.items()))
    timed = any(depends_on_the_day(statement) for policy in read for statement in policy.statements)
    key: Hashable = (
        identity.arn,
        tuple(policies.items()),
        own,
        organization,
        frozenset(register.items()),
        today if timed else None,
    )
    known = cache.get(key)
    if known is None:
        known = _judge(Question(identity.arn, read, organization, dict(register), today, own))
        cache.put(key, known)
    return known


def analyze_models(
    identity_arn: str,
    policies: Iterable[Policy],
    *,
    organization: Organization,
    register: Mapping[str, str],
    today: date,
    own_identities: Iterable[str] = (),
) -> Exposure:
    """The same for policies that have been read; ``own_identities``: ARNs of addresses that take precedence."""
    return _judge(Question(identity_arn, tuple(policies), organization, dict(register), today, tuple(own_identities)))


def _are_texts(policies: Policies) -> bool:
    return all(type(text) is str for text in policies.values())


def _judge(question: Question) -> Exposure:
    """The engine's answer with its proofs, checked. Whatever goes wrong makes it one that needs review."""
    errors = tuple(error for policy in question.policies for error in policy.errors)
    decided = decide_exposure(question)
    try:
        found = decided.exposure
        proofs = witnesses(question, decided)
        said = (*found.undecided, *doubts(question, found, proofs))
    except Exception as fault:  # noqa: BLE001 - a policy must never end the judgement of the others
        said = (f"could not be proved ({type(fault).__name__}: {str(fault)[:200]}): taken for public",)
        found, proofs = unjudged(question, said), ()
    return replace(found, errors=errors, undecided=said, witnesses=proofs, evidence=QuestionAsked(question))
