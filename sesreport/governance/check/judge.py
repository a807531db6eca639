"""What the identity policies of a file add up to once they are applied: the rules and the engine of a snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, count
from pathlib import Path

import pandas as pd

from sesreport.analysis import Analysis
from sesreport.analysis.judged import judged
from sesreport.analysis.judged_identities import JudgedIdentity, texts_of
from sesreport.core.errors import ConfigError
from sesreport.core.vocabulary import IDENTITY, SEVERITIES
from sesreport.findings.findings import collated
from sesreport.findings.registry import rules
from sesreport.governance.check.planned import DELETE, UNCHANGED, Asked, Planned, PlannedPolicy
from sesreport.governance.check.read import read_planned
from sesreport.governance.given_policies import analysis_of
from sesreport.policy import Identity, analyze, headline, narrower_or_equal
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

    All files count together, as if all of them were applied. ``against`` is a snapshot: then only what would be newly
    allowed counts, and its organization and address identities are those that matter. Without it ``[organization]``
    of the settings does. Raises ConfigError for a register that cannot be read.
    """
    day = max(today, against.started_at.date()) if against is not None else today
    judge = _Judge(config, register_of(config, day), day, against)
    planned, errors = [], []
    for file in files:
        try:
            planned.append(read_planned(file, asked or Asked()))
        except ConfigError as error:
            errors.append(error)
    return judge.judged(planned), errors


@dataclass(frozen=True)
class _Judge:
    config: Config
    register: pd.DataFrame
    today: date
    against: Snapshot | None

    def judged(self, files: Sequence[Planned]) -> list[Checked]:
        """The verdicts on all files, which are applied together."""
        told_apart = _told_apart(files)
        policies = [policy for file in told_apart for policy in file.policies]
        live = _live(self.against, policies) if self.against is not None else {}
        after = _after(policies, live)
        if not after:
            return [
                Checked(
                    file,
                    tuple(
                        _fingerprinted(_undecided(policy, compared=self.against is not None))
                        for policy in file.policies
                    ),
                    (),
                )
                for file in told_apart
            ]
        with analysis_of(after, self.config, self.register, today=self.today, evidence=self.against) as analysis:
            by_identity = judged(analysis).by_identity
            scene = _Scene(
                after,
                {each: by_identity[each.account, each.region, each.name] for each in after},
                _found(analysis),
                self._wider(after, live, analysis),
                _bearers(policies) if self.against is not None else {},
            )
        assumed = tuple(self._assumed())
        return [
            Checked(file, tuple(_shown(_fingerprinted(scene.verdict(policy))) for policy in file.policies), assumed)
            for file in told_apart
        ]

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
            yield "no organization is known, so every other account is an outside one: set [organization] id, accounts"
        if self.against is None:
            yield "the identities have no other policies than these; --against SNAPSHOT counts the live ones"
        valid = int(self.register["status"].isin(["valid", "expiring"]).sum())
        yield f"{valid} approvals of outside accounts are valid on {self.today}"


@dataclass(frozen=True)
class _Scene:
    """All identities as they will be, and what is found on them."""

    after: Mapping[Identity, Mapping[str, str]]
    judged: Mapping[Identity, JudgedIdentity]
    found: Mapping[tuple[str, str, str], Sequence[Mapping[str, str]]]
    wider: Mapping[Identity, str] | None
    bearers: Mapping[Identity, tuple[PlannedPolicy, frozenset[str]]]

    def verdict(self, policy: PlannedPolicy) -> Verdict:
        identity = policy.identity
        if identity is None or policy.unknown:
            return _undecided(policy, compared=self.wider is not None)
        says = headline(self.judged[identity].exposure)
        if policy.action == DELETE:
            says = f"removed; what is left of {identity.name}: {says}"
        if self.wider is not None and not self.wider[identity]:
            return Verdict(policy, says, "", (), left_out="nothing that is not allowed now")
        about = self._about(policy, identity)
        findings = tuple(map(_finding, about))
        if self.wider is not None:
            says = f"{says} New: {self.wider[identity]}"
        proof = self._proof(identity, {policy.policy_name, *(row["policy_name"] for row in about)}) if findings else ""
        return Verdict(policy, says, proof, findings)

    def _proof(self, identity: Identity, names: Set[str]) -> str:
        """A request that one of these policies lets in, in words: of all that are let in, else of what they let in."""
        here = self.judged[identity]
        found = [each.words for each in here.exposure.witnesses if each.statement.policy in names]
        if found or self.wider is not None:
            return found[0] if found else ""
        texts = self.after[identity]
        alone = analyze(
            identity.arn,
            {name: text for name, text in texts.items() if name in names or "Deny" in text},
            organization=here.trusted.organization, register=here.trusted.register, today=here.trusted.today,
            identities={each.arn: named for each, named in self.after.items() if "@" in each.name and each != identity},
        )  # fmt: skip
        return alone.witnesses[0].words if alone.witnesses else ""

    def _about(self, policy: PlannedPolicy, identity: Identity) -> list[Mapping[str, str]]:
        """The findings that count for a policy: its own, those of its identity, and for one policy those of live ones.

        A Deny that is removed or narrowed has no finding of its own: what it kept out is let in by other policies,
        which may be in no file. One policy of the identity bears their findings.
        """
        here = self.found.get((identity.account, identity.region, identity.name), [])
        bearer, planned = self.bearers.get(identity, (None, frozenset()))
        named = set() if policy.action == DELETE else {policy.policy_name}
        return [
            row
            for row in here
            if row["policy_name"] in named
            or (pd.isna(row["policy_name"]) and policy.action != DELETE)
            or (policy is bearer and row["policy_name"] not in planned)
        ]


def _bearers(policies: Sequence[PlannedPolicy]) -> dict[Identity, tuple[PlannedPolicy, frozenset[str]]]:
    """For each identity the policy that bears what is found in its other live ones, and the names of planned ones."""
    out = {}
    for identity, several in _by_identity(policies).items():
        fit = sorted(several, key=lambda each: (bool(each.unknown), each.action == UNCHANGED))
        out[identity] = (fit[0], frozenset(each.policy_name for each in several if each.action != DELETE))
    return out


def _by_identity(policies: Iterable[PlannedPolicy]) -> dict[Identity, list[PlannedPolicy]]:
    out: dict[Identity, list[PlannedPolicy]] = {}
    for policy in policies:
        if policy.identity is not None:
            out.setdefault(policy.identity, []).append(policy)
    return out


def _told_apart(files: Iterable[Planned]) -> list[Planned]:
    """The files; of two policies that take the same name on one identity either may win, so both are judged."""
    taken: set[tuple[Identity, str]] = set()

    def apart(policy: PlannedPolicy, path: Path) -> PlannedPolicy:
        if policy.action == DELETE or policy.identity is None:
            return policy
        name, where = policy.policy_name, chain([policy.address], (f"{path}: {policy.address}, {n}" for n in count(2)))
        while (policy.identity, name) in taken:
            name = f"{policy.policy_name} ({next(where)})"
        taken.add((policy.identity, name))
        return replace(policy, policy_name=name)

    return [replace(file, policies=tuple(apart(policy, file.path) for policy in file.policies)) for file in files]


def _after(
    policies: Sequence[PlannedPolicy], live: Mapping[Identity, Mapping[str, str]]
) -> dict[Identity, dict[str, str]]:
    """The policies of each identity as they stand when the files have been applied."""
    out: dict[Identity, dict[str, str]] = {}
    for identity, several in _by_identity(policies).items():
        named = out.setdefault(identity, dict(live.get(identity, {})))
        for policy in several:
            if policy.action == DELETE:
                named.pop(policy.policy_name, None)
        for policy in several:
            if policy.action != DELETE and policy.text is not None:
                named[policy.policy_name] = policy.text
            elif policy.action != DELETE:
                named.pop(policy.policy_name, None)
    return out


def _live(snapshot: Snapshot, policies: Sequence[PlannedPolicy]) -> dict[Identity, dict[str, str]]:
    """The policies of the planned identities in a snapshot; an identity that was not read in full is left out."""
    texts = texts_of(snapshot.policies)
    counts = snapshot.identities.set_index(IDENTITY)["policies"]
    out: dict[Identity, dict[str, str]] = {}
    for identity in _by_identity(policies):
        place = (identity.account, identity.region, identity.name)
        if place not in counts.index:
            out[identity] = {}
        elif pd.notna(counts[place]) and int(counts[place]) == len(texts.get(place, {})):
            out[identity] = dict(texts.get(place, {}))
    return out


def _found(analysis: Analysis) -> dict[tuple[str, str, str], list[Mapping[str, str]]]:
    """What the rules about policies find, by identity; every policy has its own, also where several share a cause."""
    about = [rule for rule in rules().values() if "policies" in rule.datasets and not rule.upkeep]
    places = {rule.slug: rule.places(analysis) for rule in about}
    found = collated(
        places, analysis.accounts, analysis.identities, analysis.config.findings, analysis.today, by_policy=True
    )
    out: dict[tuple[str, str, str], list[Mapping[str, str]]] = {}
    for row in found[found["status"] == "open"].to_dict("records"):
        named = {str(column): value for column, value in row.items()}
        out.setdefault((named["account_id"], named["region"], named["identity"]), []).append(named)
    return out


def _finding(row: Mapping[str, str]) -> CheckFinding:
    grantee = row["grantee"]
    return CheckFinding(
        row["rule_id"], row["severity"], row["title"], row["evidence"], row["why"], row["recommendation"],
        "" if pd.isna(grantee) else grantee,
    )  # fmt: skip


def _undecided(policy: PlannedPolicy, *, compared: bool) -> Verdict:
    """A policy of which too little is known; one that is removed lets nobody in, but may have kept somebody out."""
    if policy.action == DELETE and not compared:
        return Verdict(replace(policy, unknown=""), "removed", "", ())
    if not policy.unknown:
        unknown, remedy = "whose policy is removed, the file does not say", "Give --account and --region."
        policy = replace(policy, unknown=unknown, remedy=remedy)
    finding = CheckFinding(
        UNDECIDABLE,
        "high",
        UNDECIDABLE_TITLE,
        policy.unknown,
        "A policy that nobody can read before it is applied may let in anybody.",
        policy.remedy,
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


def _shown(verdict: Verdict) -> Verdict:
    """The verdict without what its policy says, where that is sensitive."""
    if not verdict.planned.sensitive:
        return verdict
    hidden = "not shown, since the text is marked as sensitive"
    findings = tuple(
        finding if finding.rule_id == UNDECIDABLE else replace(finding, evidence=hidden, grantee="")
        for finding in verdict.findings
    )
    return replace(verdict, says=verdict.says.partition(" New: ")[0], proof="", findings=findings)
