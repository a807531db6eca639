"""Identities with their policies, and the exposure that the engine computed for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import chain
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import pandas as pd

from sesreport.analysis.approvals import Approvals
from sesreport.analysis.joins import rows
from sesreport.core.vocabulary import IDENTITY, PLACE, IdentityKey
from sesreport.policy import (
    Exposure,
    ExposureCache,
    Organization,
    Policy,
    Statement,
    addresses_by_domain,
    analyze,
    analyze_models,
    read_policies,
)
from sesreport.settings.config import OrganizationSettings

Made = TypeVar("Made")
Of = ParamSpec("Of")


@dataclass(frozen=True)
class JudgedIdentity:
    """One identity's policies and what they add up to."""

    arn: str
    policies: Mapping[str, str]
    exposure: Exposure
    trusted: TrustedAccounts
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, make: Callable[Concatenate[JudgedIdentity, Of], Made], *of: Of.args, **named: Of.kwargs) -> Made:
        """What ``make`` makes of this identity and of hashable arguments, made when first asked for and not changed."""
        key = (make, of, *named.items())
        if key not in self._made:
            self._made[key] = make(self, *of, **named)
        return self._made[key]  # type: ignore[no-any-return]

    def read(self) -> tuple[Policy, ...]:
        """The policies, read."""
        return self.once(_read)

    def without(self, statement: Statement) -> Summary:
        """Who could send if a statement were not there."""
        evidence = self.exposure.evidence
        if evidence is None:
            return self.summary
        kept = [replace(p, statements=tuple(s for s in p.statements if s != statement)) for p in self.read()]
        return summary(
            analyze_models(
                self.arn,
                kept,
                organization=self.trusted.organization,
                register=self.trusted.register,
                today=self.trusted.today,
                own_identities=evidence.own_identities,
            )
        )

    @property
    def summary(self) -> Summary:
        """Who can send, to compare with."""
        return summary(self.exposure)


def _read(identity: JudgedIdentity) -> tuple[Policy, ...]:
    return read_policies(identity.policies)


Summary = tuple[object, ...]
"""What two exposures are compared by."""


def summary(exposure: Exposure) -> Summary:
    """All that an exposure says of who can send, and as whom."""
    return (
        exposure.exposure,
        exposure.external_accounts,
        exposure.external_orgs,
        exposure.services,
        exposure.guarded,
        exposure.service_accounts,
        exposure.any_from_address,
        exposure.limited_by,
        tuple((g.policy, g.statement, g.grantee, g.exposure) for g in exposure.grants),
    )


@dataclass(frozen=True)
class TrustedAccounts:
    """Whom we trust on the day: the organization, and outside accounts with a valid approval."""

    organization: Organization
    register: Mapping[str, str]
    """Names by account id, of those that are trusted on every identity."""
    today: date
    approvals: Approvals | None = field(default=None, repr=False, compare=False)
    """By which others are trusted on some; None where ``register`` has all that are."""
    _on: dict[frozenset[str], TrustedAccounts] = field(default_factory=dict, init=False, repr=False, compare=False)

    def on(self, identity: str) -> TrustedAccounts:
        """Whom we trust on one identity, by its name."""
        if self.approvals is None:
            return self
        here = self.approvals.trusted(identity)
        if here not in self._on:
            register = {account: self.approvals.by_account[account][0].name for account in sorted(here)}
            self._on[here] = TrustedAccounts(self.organization, register, self.today)
        return self._on[here]

    def decide(
        self, arn: str, policies: Mapping[str, str], identities: Mapping[str, Mapping[str, str]], cache: ExposureCache
    ) -> Exposure:
        """The engine's answer for one identity; ``identities`` are addresses whose policies may come before its own.

        An identity whose ARN is none needs review, like one whose policies cannot be judged.
        """
        try:
            return analyze(
                arn,
                policies,
                organization=self.organization,
                register=self.on(arn.partition(":identity/")[2]).register,
                today=self.today,
                identities=identities,
                cache=cache,
            )
        except ValueError as error:
            return Exposure(arn, "public", True, undecided=(f"{error}: taken for public",), judged=False)


def trusted_accounts(
    accounts: pd.DataFrame,
    register: pd.DataFrame,
    organization_id: str | None,
    settings: OrganizationSettings,
    today: date,
) -> TrustedAccounts:
    """Members of the organization, and accounts with an approval that is valid (expiring ones are).

    An account is trusted on an identity by an approval that covers it, and by no other. Where AWS was not asked for
    the organization, the settings name it.
    """
    members = set(accounts.loc[accounts["in_organization"], "account_id"])
    management = accounts.loc[accounts["management_account"], "account_id"]
    ours = organization_id
    if ours is None and settings.id:
        ours = settings.id
        members |= set(settings.accounts)
    approvals = Approvals(register)
    return TrustedAccounts(
        Organization(ours, members, management.iloc[0] if len(management) else None),
        {account: approvals.by_account[account][0].name for account in sorted(approvals.everywhere)},
        today,
        approvals,
    )


class JudgedIdentityCache(ExposureCache):
    """Exposures worked out before, and the judged identities they belong to with what was made of them.

    An exposure that is the same object was asked for with the same ARN, policies, organization and register, and on the
    same day where that matters; so the judged identity is the same, too.
    """

    def __init__(self, most: int = 50_000) -> None:
        super().__init__(most)
        self._judged: dict[int, JudgedIdentity] = {}

    def judged(self, asked: IdentityPolicies, exposure: Exposure, whom: TrustedAccounts) -> JudgedIdentity:
        """The judged identity of an exposure."""
        found = self._judged.get(id(exposure))
        if found is None or found.exposure is not exposure:
            trusted = whom.on(asked.arn.partition(":identity/")[2])
            found = JudgedIdentity(asked.arn, asked.policies, exposure, trusted)
            self._add(self._judged, id(exposure), found)
        return found


Texts = Mapping[str, str]
"""Policies by name."""


class IdentityPolicies(NamedTuple):
    """One identity to judge, with its policies."""

    arn: str
    policies: Texts
    near: Mapping[str, Texts]
    """Policies of addresses that take precedence over its own, by ARN."""


def identity_policies(identities: pd.DataFrame, policies: pd.DataFrame) -> dict[IdentityKey, IdentityPolicies]:
    """The identities of a snapshot whose policies were read (:mod:`sesreport.analysis.identities` knows of which).

    An address takes precedence over its domain only where it is verified and its policies were read in full.
    """
    documents = texts_of(policies)
    read = identities[identities["policies"].notna()]
    asked: dict[IdentityKey, IdentityPolicies] = {}
    for _, place in read.groupby(PLACE):
        account, region = str(place["account_id"].iloc[0]), str(place["region"].iloc[0])
        whole = [
            len(documents.get((account, region, name), {})) == count
            for name, count in rows(place, ("identity", "policies"))
        ]  # else some of its texts could not be stored
        place = place[whole]
        arns = {str(name): str(arn) for name, arn in rows(place, ("identity", "arn"))}
        attached = {name: documents[account, region, name] for name in arns if (account, region, name) in documents}
        verified = set(place.loc[place["verification_status"].eq("SUCCESS").fillna(False), "identity"])
        before = addresses_by_domain(name for name in attached if name in verified)
        for name, arn in arns.items():
            near = {arns[address]: attached[address] for address in before.get(name, ())}
            whose = f":ses:{region}:{account}:identity/{name}"
            told = arn if arn.endswith(whose) else f"not of {whose}: {arn}"
            asked[account, region, name] = IdentityPolicies(told, attached.get(name, {}), near)
    return asked


def texts_of(policies: pd.DataFrame) -> dict[IdentityKey, dict[str, str]]:
    """The policies of each identity by name, from the frame ``policies``."""
    out: dict[IdentityKey, dict[str, str]] = defaultdict(dict)
    for account, region, identity, name, document in rows(policies, (*IDENTITY, "policy_name", "document")):
        out[account, region, identity][name] = document
    return dict(out)


def judge(
    asked: Mapping[IdentityKey, IdentityPolicies],
    whom: TrustedAccounts,
    cache: JudgedIdentityCache,
    executor: Executor | None = None,
) -> dict[IdentityKey, JudgedIdentity]:
    """Computes the exposure of each identity by ``executor`` in tasks of :data:`CHUNK`."""
    every = list(asked.values())
    chunks = [every[start : start + CHUNK] for start in range(0, len(every), CHUNK)]
    answers = chain.from_iterable((executor.map if executor else map)(partial(_decide, whom, cache), chunks))
    return {key: cache.judged(one, exposure, whom) for (key, one), exposure in zip(asked.items(), answers, strict=True)}


CHUNK = 500
"""Identities judged in one task of an executor."""


def _decide(whom: TrustedAccounts, cache: ExposureCache, asked: list[IdentityPolicies]) -> list[Exposure]:
    return [whom.decide(*question, cache) for question in asked]
