"""What the identity policies of a file add up to once they are applied: the rules and the engine of a snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from sesreport.analysis import Analysis
from sesreport.analysis.judged import judged
from sesreport.analysis.judged_identities import texts_of
from sesreport.core.errors import ConfigError
from sesreport.core.vocabulary import IDENTITY, SEVERITIES
from sesreport.findings.findings import collated
from sesreport.findings.registry import rules
from sesreport.governance.check.planned import DELETE, UNCHANGED, Asked, Planned, PlannedPolicy
from sesreport.governance.check.read import read_planned
from sesreport.governance.given_policies import analysis_of
from sesreport.policy import Exposure, Identity, headline, narrower_or_equal
from sesreport.settings.config import Config
from sesreport.settings.register import register_of
from sesreport.snapshot.store import Snapshot

UNDECIDABLE = "SES000"
"""Stands for a policy that cannot be judged before it is applied; it counts as high."""
UNDECIDABLE_TITLE = "The policy is not known before it is applied"


@dataclass(frozen=True)
class CheckFinding:
    """A rule that fires on a planned policy, or that the policy cannot be judged."""

    rule_id: str
    severity: str
    title: str
    evidence: str
    why: str
    recommendation: str
    grantee: str = ""
    fingerprint: str = ""
    """The same for the same finding in every run; neither lines nor texts are in it."""


@dataclass(frozen=True)
class Verdict:
    """One planned policy and what is to be said of it."""

    planned: PlannedPolicy
    says: str
    """The exposure of its identity with all that is planned for it, on one line."""
    proof: str
    """A request that would be allowed, in words; empty where nobody from outside can send."""
    findings: tuple[CheckFinding, ...]
    left_out: str = ""
    """Why findings of this policy do not count, as with a snapshot to compare with."""

    @property
    def undecidable(self) -> bool:
        return bool(self.planned.unknown)


@dataclass(frozen=True)
class Checked:
    """The verdicts on one file."""

    planned: Planned
    verdicts: tuple[Verdict, ...]
    assumed: tuple[str, ...]

    @property
    def findings(self) -> Iterator[tuple[Verdict, CheckFinding]]:
        """Worst first."""
        every = [(verdict, finding) for verdict in self.verdicts for finding in verdict.findings]
        return iter(sorted(every, key=lambda pair: SEVERITIES.index(pair[1].severity)))

    def fails(self, threshold: str) -> bool:
        """Whether a finding of this severity, or a worse one, is there."""
        severe = SEVERITIES[: SEVERITIES.index(threshold) + 1]
        return any(finding.severity in severe for _, finding in self.findings)


def check(
    files: Iterable[Path],
    config: Config,
    *,
    today: date,
    asked: Asked | None = None,
    against: Snapshot | None = None,
) -> tuple[list[Checked], list[ConfigError]]:
    """Judges the identity policies that files plan; a file that cannot be read is an error of its own.

    ``against`` is a snapshot: then only what would be newly allowed counts, and its organization and address
    identities are those that matter. Without it ``[organization]`` of the settings does. Raises ConfigError for a
    register that cannot be read.
    """
    register = register_of(config, against.started_at.date() if against is not None else today)
    judge = _Judge(config, register, against.started_at.date() if against is not None else today, against)
    checked, errors = [], []
    for file in files:
        try:
            checked.append(judge.judge(read_planned(file, asked or Asked())))
        except ConfigError as error:
            errors.append(error)
    return checked, errors


@dataclass(frozen=True)
class _Judge:
    config: Config
    register: pd.DataFrame
    today: date
    against: Snapshot | None

    def judge(self, planned: Planned) -> Checked:
        planned = replace(planned, policies=tuple(_told_apart(planned.policies)))
        live = _live(self.against, planned) if self.against is not None else {}
        after = _after(planned, live)
        if not after:
            return Checked(planned, tuple(_undecided(policy) for policy in planned.policies), ())
        evidence = self.against
        with analysis_of(after, self.config, self.register, today=self.today, evidence=evidence) as analysis:
            found = _found(analysis)
            exposures = {
                identity: judged(analysis).by_identity[identity.account, identity.region, identity.name].exposure
                for identity in after
            }
            wider = self._wider(after, live, analysis)
        verdicts = [
            _verdict(policy, exposures, found, wider) if policy.identity else _undecided(policy)
            for policy in planned.policies
        ]
        return Checked(planned, tuple(map(_fingerprinted, verdicts)), tuple(self._assumed()))

    def _wider(
        self,
        after: Mapping[Identity, Mapping[str, str]],
        live: Mapping[Identity, Mapping[str, str]],
        analysis: Analysis,
    ) -> dict[Identity, str] | None:
        """In words what each identity newly allows, empty for nothing; None where there is nothing to compare with."""
        if self.against is None:
            return None
        out = {}
        for identity, named in after.items():
            whom = judged(analysis).by_identity[identity.account, identity.region, identity.name].trusted
            if identity not in live:  # its policies were not read: all of it may be new
                out[identity] = "its live policies could not be read, so all of it counts as new"
                continue
            answer = narrower_or_equal(
                named, live[identity], identity_arn=identity.arn, organization=whom.organization,
                register=whom.register, today=self.today,
            )  # fmt: skip
            out[identity] = "" if answer else answer.words or "it could not be proved that nothing new is allowed"
        return out

    def _assumed(self) -> Iterator[str]:
        known = self.config.organization
        if self.against is not None:
            yield f"compared with the live policies of snapshot {self.against.id}"
        elif known.id:
            yield f"the organization is {known.id}, with {len(known.accounts)} accounts in the settings"
        else:
            yield "no organization is known: every other account counts as an outside one; name it in the settings"
            yield "the identities have no other policies than these; give --against SNAPSHOT to count the live ones"
        valid = int(self.register["status"].isin(["valid", "expiring"]).sum())
        yield f"{valid} approvals of outside accounts are valid on {self.today}"


def _told_apart(policies: Iterable[PlannedPolicy]) -> Iterator[PlannedPolicy]:
    """The policies; of two that take the same name on one identity either may win, so both are judged."""
    taken = set()
    for policy in policies:
        key = (policy.identity, policy.policy_name)
        if policy.action != DELETE and policy.identity is not None:
            if key in taken:
                policy = replace(policy, policy_name=f"{policy.policy_name} ({policy.address})")
            taken.add(key)
        yield policy


def _after(planned: Planned, live: Mapping[Identity, Mapping[str, str]]) -> dict[Identity, dict[str, str]]:
    """The policies of each identity as they stand when the file has been applied."""
    out: dict[Identity, dict[str, str]] = {}
    for policy in planned.policies:
        if policy.identity is not None:
            out.setdefault(policy.identity, dict(live.get(policy.identity, {})))
    for policy in planned.policies:
        if policy.identity is not None and policy.action == DELETE:
            out[policy.identity].pop(policy.policy_name, None)
    for policy in planned.policies:
        if policy.identity is None or policy.action == DELETE:
            continue
        if policy.text is None:
            out[policy.identity].pop(policy.policy_name, None)
        else:
            out[policy.identity][policy.policy_name] = policy.text
    return out


def _live(snapshot: Snapshot, planned: Planned) -> dict[Identity, dict[str, str]]:
    """The policies of the planned identities in a snapshot; an identity that was not read in full is left out."""
    texts = texts_of(snapshot.policies)
    counts = snapshot.identities.set_index(IDENTITY)["policies"]
    out: dict[Identity, dict[str, str]] = {}
    for identity in {policy.identity for policy in planned.policies if policy.identity is not None}:
        place = (identity.account, identity.region, identity.name)
        if place not in counts.index:
            out[identity] = {}
        elif pd.notna(counts[place]) and int(counts[place]) == len(texts.get(place, {})):
            out[identity] = dict(texts.get(place, {}))
    return out


def _found(analysis: Analysis) -> dict[tuple[str, str, str], list[Mapping[str, str]]]:
    """What the rules about policies find, by identity; every policy has its own, also where several share a cause.

    A finding of a snapshot is one for an identity and a grantee, whichever of its policies are to blame. Here each
    policy is somebody's change, so that those of an identity are looked at one after the other.
    """
    about = [rule for rule in rules().values() if "policies" in rule.datasets and not rule.upkeep]
    places = {rule.slug: rule.places(analysis) for rule in about}
    policies = analysis.snapshot.policies
    numbers = policies.assign(number=policies.groupby(IDENTITY).cumcount())[[*IDENTITY, "policy_name", "number"]]
    numbered = {slug: rows.merge(numbers, on=[*IDENTITY, "policy_name"], how="left") for slug, rows in places.items()}
    of_identity = -1  # a finding about an identity as a whole
    numbered = {slug: rows.assign(number=rows["number"].fillna(of_identity)) for slug, rows in numbered.items()}
    out: dict[tuple[str, str, str], list[Mapping[str, str]]] = {}
    for number in range(of_identity, int(numbers["number"].max()) + 1 if len(numbers) else 0):
        chosen = {slug: rows[rows["number"] == number].drop(columns="number") for slug, rows in numbered.items()}
        about_one = collated(chosen, analysis.accounts, analysis.identities, analysis.config.findings, analysis.today)
        for row in about_one[about_one["status"] == "open"].to_dict("records"):
            named = {str(column): value for column, value in row.items()}
            out.setdefault((named["account_id"], named["region"], named["identity"]), []).append(named)
    return out


def _verdict(
    policy: PlannedPolicy,
    exposures: Mapping[Identity, Exposure],
    found: Mapping[tuple[str, str, str], Sequence[Mapping[str, str]]],
    wider: Mapping[Identity, str] | None,
) -> Verdict:
    identity = policy.identity
    assert identity is not None  # only those with one come here
    if policy.unknown:
        return _undecided(policy)
    exposure = exposures[identity]
    says = headline(exposure)
    if policy.action == DELETE:
        return Verdict(policy, f"removed; what is left of {identity.name}: {says}", "", ())
    proof = next((each.words for each in exposure.witnesses if each.statement.policy == policy.policy_name), "")
    here = found.get((identity.account, identity.region, identity.name), [])
    mine = [row for row in here if pd.isna(row["policy_name"]) or row["policy_name"] == policy.policy_name]
    findings = tuple(_finding(row) for row in mine)
    if wider is None:
        return Verdict(policy, says, proof, findings)
    if not wider[identity] or policy.action == UNCHANGED:
        return Verdict(policy, says, "", (), left_out="nothing that is not allowed now")
    return Verdict(policy, f"{says} New: {wider[identity]}", proof, findings)


def _finding(row: Mapping[str, str]) -> CheckFinding:
    grantee = row["grantee"]
    return CheckFinding(
        row["rule_id"], row["severity"], row["title"], row["evidence"], row["why"], row["recommendation"],
        "" if pd.isna(grantee) else grantee,
    )  # fmt: skip


def _undecided(policy: PlannedPolicy) -> Verdict:
    if not policy.unknown:  # deleted, of an identity that is not known
        return Verdict(policy, "removed", "", ())
    if policy.action == DELETE:
        return Verdict(replace(policy, unknown=""), "removed", "", ())
    finding = CheckFinding(
        UNDECIDABLE,
        "high",
        UNDECIDABLE_TITLE,
        policy.unknown,
        "A policy that nobody can read before it is applied may let in anybody.",
        "Make the text known when the plan is made, and plan again.",
    )
    return Verdict(policy, "cannot be judged before it is applied", "", (finding,))


def _fingerprinted(verdict: Verdict) -> Verdict:
    policy = verdict.planned
    findings = []
    for finding in verdict.findings:
        named = [finding.rule_id, policy.address, policy.identity_name, policy.policy_name, finding.grantee]
        digest = hashlib.sha256(json.dumps(named).encode()).hexdigest()[:32]
        findings.append(replace(finding, fingerprint=digest))
    return replace(verdict, findings=tuple(findings))
