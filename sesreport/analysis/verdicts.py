"""The exposure engine's answer for every identity, worked out once per analysis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from sesreport.analysis.registry import Analysis

Place = tuple[str, str, str]
"""account_id, region, identity."""


@dataclass(frozen=True)
class Verdict:
    """One identity's policies and what they add up to."""

    arn: str
    policies: Mapping[str, str]
    exposure: Exposure
    known: Known

    def read(self) -> tuple[Policy, ...]:
        """The policies, read."""
        return read_policies(self.policies)

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
                organization=self.known.organization,
                register=self.known.register,
                today=self.known.today,
                own_identities=evidence.question.own_identities,
            )
        )

    @property
    def summary(self) -> Summary:
        """Who can send, to compare with."""
        return summary(self.exposure)


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
class Known:
    """Whom we know on the day: the organization, and outside accounts with a valid approval."""

    organization: Organization
    register: Mapping[str, str]
    today: date

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
                register=self.register,
                today=self.today,
                identities=identities,
                cache=cache,
            )
        except ValueError as error:
            return Exposure(arn, "public", True, undecided=(f"{error}: taken for public",), judged=False)


def known(analysis: Analysis) -> Known:
    """Members of the organization, and register entries that are valid (expiring ones are).

    Where AWS was not asked for the organization, the settings name it.
    """
    accounts, register = analysis.accounts, analysis.register
    members = accounts.loc[accounts["in_organization"], "account_id"]
    management = accounts.loc[accounts["management_account"], "account_id"]
    members, ours = set(members), analysis.organization_id
    if ours is None and analysis.config.organization.id:
        ours = analysis.config.organization.id
        members |= set(analysis.config.organization.accounts)
    valid = register[register["status"].isin(["valid", "expiring"])]
    return Known(
        Organization(ours, members, management.iloc[0] if len(management) else None),
        dict(zip(valid["account_id"], valid["name"], strict=True)),
        analysis.today,
    )


def verdicts(analysis: Analysis) -> dict[Place, Verdict]:
    """Every identity whose policies were read (:func:`sesreport.analysis.identities.identities` knows of which).

    An address takes precedence over its domain only where it is verified and its policies were read in full.
    """
    whom = known(analysis)
    documents: dict[Place, dict[str, str]] = defaultdict(dict)
    policies = analysis.snapshot.policies
    for account, region, identity, name, document in zip(
        *(policies[c] for c in ("account_id", "region", "identity", "policy_name", "document")), strict=True
    ):
        documents[account, region, identity][name] = document
    identities = analysis.identities
    read = identities[identities["policies"].notna()]
    questions: dict[Place, _Question] = {}
    for _, lane in read.groupby(["account_id", "region"]):
        account, region = str(lane["account_id"].iloc[0]), str(lane["region"].iloc[0])
        whole = [
            len(documents.get((account, region, name), {})) == count
            for name, count in zip(lane["identity"], lane["policies"], strict=True)
        ]  # else some of its texts could not be stored
        lane = lane[whole]
        arns = {str(name): str(arn) for name, arn in zip(lane["identity"], lane["arn"], strict=True)}
        attached = {name: documents[account, region, name] for name in arns if (account, region, name) in documents}
        verified = set(lane.loc[lane["verification_status"].eq("SUCCESS").fillna(False), "identity"])
        before = addresses_by_domain(name for name in attached if name in verified)
        for name, arn in arns.items():
            near = {arns[address]: attached[address] for address in before.get(name, ())}
            whose = f":ses:{region}:{account}:identity/{name}"
            told = arn if arn.endswith(whose) else f"not of {whose}: {arn}"
            questions[account, region, name] = (told, attached.get(name, {}), near)
    asked = list(questions.values())
    chunks = [asked[start : start + CHUNK] for start in range(0, len(asked), CHUNK)]
    decide = partial(_decide, whom, analysis.cache)
    answers = chain.from_iterable((analysis.executor.map if analysis.executor else map)(decide, chunks))
    return {
        place: Verdict(arn, texts, exposure, whom)
        for (place, (arn, texts, _)), exposure in zip(questions.items(), answers, strict=True)
    }


CHUNK = 500
"""Identities judged in one task of an executor."""
_Question = tuple[str, Mapping[str, str], Mapping[str, Mapping[str, str]]]
"""ARN, its policies, and those of the addresses that take precedence over it."""


def _decide(whom: Known, cache: ExposureCache, questions: list[_Question]) -> list[Exposure]:
    return [whom.decide(*question, cache) for question in questions]
