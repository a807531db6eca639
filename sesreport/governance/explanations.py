"""Who can send as one identity, in words: from a snapshot, or from a policy file with or without one."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from sesreport.analysis import Analysis, analyze
from sesreport.analysis.basis import place_basis
from sesreport.analysis.judged import judged
from sesreport.analysis.judged_identities import JudgedIdentity
from sesreport.core.errors import ConfigError
from sesreport.core.files import read_text
from sesreport.core.vocabulary import IDENTITY, SEVERITIES
from sesreport.findings.findings import find
from sesreport.findings.registry import rules
from sesreport.governance.given_policies import analysis_of
from sesreport.policy import Explanation, Section, explain, read_identity
from sesreport.settings.config import Config
from sesreport.settings.register import register_of
from sesreport.snapshot.storage import snapshots_folder
from sesreport.snapshot.store import Snapshot, in_hand, load, others, snapshots


@dataclass(frozen=True)
class Explained:
    """One identity in words, and the severities of its open findings on policies."""

    explanation: Explanation
    severities: frozenset[str]
    unread: bool = False
    """Whether policies of an identity of that name could not be read somewhere."""

    def __str__(self) -> str:
        return str(self.explanation)

    def fails(self, threshold: str) -> bool:
        """Whether a finding of this severity, or a worse one, is open, or may be where it could not be read."""
        return self.unread or not self.severities.isdisjoint(SEVERITIES[: SEVERITIES.index(threshold) + 1])


def of_identity(identity: str, config: Config, *, snapshot: Path | None = None) -> list[Explained]:
    """Explanations of every identity of that name or ARN in a snapshot (the newest), one per account and Region.

    Raises ConfigError when there is no such identity, or its policies could not be read.
    """
    evidence = newest_or(config, snapshot)
    analysis = analyze(evidence, config)
    identities = analysis.identities
    chosen = identities[(identities["identity"] == identity) | (identities["arn"] == identity)]
    if chosen.empty:
        near = difflib.get_close_matches(identity, list(identities["identity"]), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"no identity {identity!r} in snapshot {analysis.snapshot.id}{hint}")
    places = list(zip(*(chosen[name] for name in IDENTITY), strict=True))
    read = [place for place in places if place in judged(analysis).by_identity]
    if not read:
        raise ConfigError(f"the policies of {identity!r} could not be read; see coverage of {analysis.snapshot.id}")
    findings = _findings(analysis)
    unread = [place for place in places if place not in judged(analysis).by_identity]
    before = _not_looked_at(analysis, unread)
    explained = [_explained(judged(analysis).by_identity[place], findings, place, before) for place in read]
    return [replace(one, unread=bool(unread)) for one in explained]


def _not_looked_at(analysis: Analysis, unread: Sequence[tuple[str, str, str]]) -> tuple[Section, ...]:
    """Where else the name is, or may be, and snapshots that are not of this organization."""
    told = [f"its policies in {account} {region} could not be read" for account, region, _ in unread]
    basis = place_basis(analysis.coverage, ("identities", "policies"))
    if not basis.whole:
        missing = basis.expected - basis.read
        told.append(f"{missing} of {basis.expected} places (account × Region), where the name may be as well")
    sections = (Section("Not read", tuple(told)),) if told else ()
    folder = analysis.snapshot.path.parent
    left_out = others(folder, analysis.snapshot.organization)
    if not left_out:
        return sections
    return (*sections, Section("Left out", (f"{len(left_out)} snapshots of other organizations in {folder}",)))


def of_policy(
    policy: Path, identity_arn: str, config: Config, *, today: date, snapshot: Path | None = None
) -> Explained:
    """The explanation of one policy file for an identity, as if it were the identity's only policy.

    With a ``snapshot`` its organization and its address identities count; without one, ``[organization] id`` and
    ``accounts`` of the settings do. Raises ConfigError for an unreadable file or an ARN that is not an identity's.
    """
    try:
        identity = read_identity(identity_arn)
        text = read_text(policy)
    except OSError as error:
        raise ConfigError(f"{policy}: cannot be read: {error}") from error
    except ValueError as error:
        raise ConfigError(f"--identity: {error}") from error
    evidence = load(snapshot) if snapshot is not None else None
    day = evidence.started_at.date() if evidence is not None else today
    register = register_of(config, day)
    given = {identity: {policy.stem: text}}
    with analysis_of(given, config, register, today=day, evidence=evidence) as analysis:
        place = (identity.account, identity.region, identity.name)
        found = judged(analysis).by_identity[place]
        findings = _findings(analysis)
    assumed = Section("Assumed", tuple(_assumed(found, register, config, evidence, day)))
    return _explained(found, findings, place, (assumed,))


def newest_or(config: Config, path: Path | None) -> Snapshot:
    folder = snapshots_folder(config)
    kept = snapshots(folder, of=in_hand(folder, config.organization.id))
    if path is None and not kept:
        raise ConfigError(f"no snapshot in {folder}; collect one, or explain a file with --policy")
    return load(path or kept[-1])


def _findings(analysis: Analysis) -> pd.DataFrame:
    """Findings by the rules that rest on policies."""
    return find(analysis, [rule for rule in rules().values() if "policies" in rule.datasets and not rule.upkeep])


def _explained(
    identity: JudgedIdentity, findings: pd.DataFrame, place: tuple[str, str, str], before: Collection[Section]
) -> Explained:
    here = findings[(findings[IDENTITY] == pd.Series(place, index=IDENTITY)).all(axis=1)]
    active = here[here["status"] == "open"]
    lines = tuple(
        f"{row['severity']}: {row['title']} ({row['rule_id']}): {row['evidence']}" for row in here.to_dict("records")
    )
    explanation = explain(identity.exposure, before=before, after=(Section("Findings", lines),))
    return Explained(explanation, frozenset(active["severity"]))


def _assumed(
    identity: JudgedIdentity, register: pd.DataFrame, config: Config, evidence: Snapshot | None, day: date
) -> list[str]:
    organization = identity.trusted.organization
    members = len(organization.accounts)
    if organization.id is None:
        who = "no organization is known: every other account counts as an outside one. Name it under [organization] id"
    else:
        who = f"the organization is {organization.id}, with {members} known account{'' if members == 1 else 's'}"
        who += f" (snapshot {evidence.id})" if evidence is not None else " ([organization] of the settings)"
    approved = len(identity.trusted.register)
    path = Path(config.paths.register_file)
    if path.exists():
        count = f"{approved} of {register['account_id'].nunique()} outside accounts with a valid approval"
        said = f"the register is {path}: {count}"
    else:
        said = f"there is no register at {path}: no outside account counts as approved"
    return [who, said, f"the day is {day.isoformat()}", "the identity has no other policy than this one"]
