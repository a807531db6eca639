"""The front door: from policies to exposure, each question answered once.

Answers are remembered for questions asked before, and for policies that differ from earlier ones in names
alone (:mod:`sesreport.policy.likeness`).
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sesreport.policy.evidence import Evidence
from sesreport.policy.exposure import Exposure
from sesreport.policy.likeness import put_back, standardize
from sesreport.policy.model import Policy
from sesreport.policy.reader import read_policies
from sesreport.policy.scene import Organization, read_identity
from sesreport.policy.verdict import Question, decide_exposure

Policies = Mapping[str, Any]

_MAX_ANSWERS = 4096


def analyze(
    identity_arn: str,
    policies: Policies,
    *,
    organization: Organization,
    register: Mapping[str, str],
    today: date,
    identities: Mapping[str, Policies] | Iterable[tuple[str, Policies]] = (),
) -> Exposure:
    """Decide who can send through an identity.

    ``policies`` maps policy name to JSON text or parsed object; ``register`` the ids of approved outside
    accounts to their names; ``identities`` are the other verified identities of the same account and Region
    (ARN) with their policies: an address that has some takes precedence over its domain.

    Raises ``ValueError`` when ``identity_arn`` is not the ARN of an SES identity. Policies never raise: what
    cannot be read is in ``Exposure.errors``.
    """
    others = tuple(identities.items() if isinstance(identities, Mapping) else identities) if identities else ()
    question = _key(identity_arn, policies, organization, register, today, others)
    if question is not None:
        known = _answers.get(question)
        if known is not None:
            return known
    own = tuple(arn for arn, attached in others if attached)
    answer = None
    if question is not None and not own:
        answer = _alike(identity_arn, policies, organization, register, today)
    if answer is None:
        answer = analyze_models(
            identity_arn,
            read_policies(policies),
            organization=organization,
            register=register,
            today=today,
            own_identities=own,
        )
    if question is not None:
        _remember(_answers, question, answer)
    return answer


def analyze_models(
    identity_arn: str,
    policies: Iterable[Policy],
    *,
    organization: Organization,
    register: Mapping[str, str],
    today: date,
    own_identities: Iterable[str] = (),
) -> Exposure:
    """The same for policies that have been read; ``own_identities``: ARNs of addresses with own policies."""
    question = Question(identity_arn, tuple(policies), organization, dict(register), today, tuple(own_identities))
    errors = tuple(error for policy in question.policies for error in policy.errors)
    outcome = decide_exposure(question)
    return replace(outcome.exposure, errors=errors, evidence=Evidence(question))


class _Surroundings:
    """Organizations and registers seen, each pair with a number that stands for it in keys."""

    def __init__(self) -> None:
        self.last: tuple[Organization, dict[str, str]] | None = None
        self.numbers: dict[tuple[Organization, frozenset[tuple[str, str]]], int] = {}
        self.number = 0

    def of(self, organization: Organization, register: Mapping[str, str]) -> int:
        """The number of a pair; most calls repeat the last one."""
        last = self.last
        if last is None or (organization is not last[0] and organization != last[0]) or register != last[1]:
            pair = (organization, frozenset(register.items()))
            self.number = self.numbers.setdefault(pair, len(self.numbers))
            self.last = (organization, dict(register))
        return self.number


_surroundings = _Surroundings()
_answers: dict[Any, Exposure] = {}
_standards: dict[Any, Exposure] = {}


def _remember(answers: dict[Any, Exposure], key: Any, answer: Exposure) -> None:
    if len(answers) >= _MAX_ANSWERS:
        answers.clear()
    answers[key] = answer


def _key(
    identity: str,
    policies: Policies,
    organization: Organization,
    register: Mapping[str, str],
    today: date,
    others: tuple[tuple[str, Policies], ...],
) -> Any:
    """What the answer depends on, hashable; None when it cannot be told apart from others."""
    try:
        texts = tuple(policies.items())
        for _, text in texts:
            if type(text) is not str:
                texts = tuple((name, marshal.dumps(text, 2)) for name, text in texts)
                break
        beside = tuple((arn, bool(attached)) for arn, attached in others) if others else ()
        key = (identity, texts, _surroundings.of(organization, register), today, beside)
        hash(key)
    except (ValueError, TypeError, RecursionError):
        return None
    return key


def _alike(
    identity_arn: str,
    policies: Policies,
    organization: Organization,
    register: Mapping[str, str],
    today: date,
) -> Exposure | None:
    """The answer for policies like others but for names; None: they must be looked at themselves."""
    texts = tuple(policies.items())
    if not all(isinstance(text, str) for _, text in texts):
        return None
    identity = read_identity(identity_arn)
    standard = standardize(identity, texts, organization, register)
    if standard is None:
        return None
    key = (standard.key, today)
    known = _standards.get(key)
    if known is None:
        known = analyze_models(
            standard.identity_arn,
            read_policies(dict(standard.texts)),
            organization=standard.organization,
            register=dict.fromkeys(standard.register, ""),
            today=today,
        )
        _remember(_standards, key, known)
    if known.needs_review:
        return None
    question = Question(identity_arn, (), organization, dict(register), today, ())
    return put_back(known, standard, identity, Evidence(question, texts))
