"""All rules over one analysis: fingerprints, severities, exceptions, and since when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from sesreport.analysis.exposures import EXPOSURES
from sesreport.analysis.grants import GRANTS
from sesreport.analysis.joins import joined, rows
from sesreport.analysis.judged import Judged
from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.remembered import remembered_frame
from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.schema import Frame, account_id, at, real, text
from sesreport.core.vocabulary import IDENTITY, SEVERITIES
from sesreport.findings.fingerprint import fingerprints
from sesreport.findings.registry import EVIDENCE, OfPolicies, Rule, rules
from sesreport.settings.config import FindingException, FindingsSetting

SUBJECT = {
    "rule": text("Name of the rule, as in the settings.", required=True),
    "rule_id": text("Its number.", required=True),
    "title": text("What is wrong.", required=True),
    "severity": text("critical, high, medium or low.", required=True),
    "account_id": account_id("Account of the identity.", required=True),
    "account_name": text("Its name."),
    "region": text("Region of the identity.", required=True),
    "identity": text("The identity, or '(whole account)'.", required=True),
    "policy_name": text("The policy, where one is to blame."),
    "grantee": text("The principal, where one is to blame."),
}
"""Columns that say what was found, and where."""
FINDINGS = Frame(
    "findings",
    "One row per rule and place it fired on. Excepted findings stay here, and stay counted.",
    keys={"fingerprint": text("Hash of rule and place; the same finding has the same one in every snapshot.")},
    columns={
        **SUBJECT,
        "evidence": text("What was seen, and where.", required=True),
        "why": text("Why it matters.", required=True),
        "recommendation": text("What to do.", required=True),
        "owner": text("Who answers for the identity, or for its account."),
        "environment": text("Environment of the account."),
        "first_seen": at("When it was first read as open, as it is now; its life is in the frame 'lives'."),
        "opened_at": at("When it was opened, where a change event or the register says; NA where only first_seen is "
                        "known."),
        "days_open": real("Days it has been open at the snapshot, at most; at least, where it was there at the first "
                          "snapshot.", minimum=0),
        "age": text("The class of that, as in the frame 'lives'."),
        "resolved_at": at("NA: a finding of this snapshot is not resolved."),
        "status": text("open or excepted.", required=True),
        "exception": text("Reason and end of the exception."),
    },
    samples=(
        {"fingerprint": "5d1c0a9be2f04417", "rule": "open_to_anyone", "rule_id": "SES001",
         "title": "Anyone can send as this identity",
         "severity": "critical", "account_id": "210000000001", "account_name": "shop-prod", "region": "eu-west-1",
         "identity": "shop.example.com", "policy_name": "terraform", "grantee": "*",
         "evidence": "terraform, statement 1: wildcard principal", "why": "Any AWS account can send.",
         "recommendation": "Name the accounts.", "owner": "shop", "environment": "prod", "status": "open"},
        {"fingerprint": "1f77c2a4b8d93e02", "rule": "expired_approval", "rule_id": "SES003",
         "title": "A vendor's approval ended, its permission did not", "severity": "high",
         "account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "policy_name": "agency", "grantee": "310000000002", "evidence": "agency, statement 1: expired",
         "why": "The contract is over.", "recommendation": "Remove the grant.", "status": "open"},
        {"fingerprint": "93a0be1172cc5d60", "rule": "no_owner", "rule_id": "SES051",
         "title": "The identity has no owner",
         "severity": "low", "account_id": "210000000003", "region": "us-east-1", "identity": "example.org",
         "evidence": "no owner tag", "why": "Nobody can say.", "recommendation": "Tag it.", "status": "excepted",
         "exception": "moves to shop in December (until 2026-12-31)"},
    ),
)  # fmt: skip

_LATER = ("first_seen", "opened_at", "days_open", "age", "resolved_at")
FOUND = Frame(
    "found",
    "Findings as one snapshot shows them by itself: 'findings' without their history.",
    keys=FINDINGS.keys,
    columns={name: column for name, column in FINDINGS.columns.items() if name not in _LATER},
)


@derived(FINDINGS)
def findings(analysis: Analysis) -> pd.DataFrame:
    """The findings of the snapshot, with when each was opened by its life."""
    lives, here = analysis.lives, found(analysis)
    current = lives[lives["last_seen"].eq(pd.Timestamp(analysis.snapshot.started_at)) & lives["resolved_by"].isna()]
    since = current[["fingerprint", "first_seen", "opened_at", "days", "age"]].rename(columns={"days": "days_open"})
    resolved = pd.Series(pd.NaT, index=here.index, dtype="datetime64[us, UTC]")
    return joined(here.assign(resolved_at=resolved), since, on=["fingerprint"])


def found(analysis: Analysis) -> pd.DataFrame:
    """What one snapshot shows by itself (:data:`FOUND`); the frame ``findings`` adds since when, by all snapshots."""
    return analysis.once(_found)


def _found(analysis: Analysis) -> pd.DataFrame:
    return remembered_frame(analysis, FOUND, lambda: _find(analysis))


def _find(analysis: Analysis) -> pd.DataFrame:
    """What all rules find; grants and exposures are kept with it, or KPIs would have the policies judged again."""
    made = find(analysis)
    for frame in (GRANTS, EXPOSURES):
        analysis.frame(frame.name)
    return made


def find(analysis: Analysis, among: Collection[Rule] | None = None) -> pd.DataFrame:
    """What all rules, or some, find in a snapshot."""
    places = {rule.slug: rule.places(analysis) for rule in (rules().values() if among is None else among)}
    return collated(places, analysis.accounts, analysis.identities, analysis.config.findings, analysis.today)


def find_in_policies(judged: Judged, settings: FindingsSetting) -> pd.DataFrame:
    """What the rules about policies find in those of any time."""
    places = {rule.slug: rule.places.at(judged) for rule in rules().values() if isinstance(rule.places, OfPolicies)}
    return collated(places, judged.accounts, judged.identities, settings, judged.today)


def collated(
    places: Mapping[str, pd.DataFrame],
    accounts: pd.DataFrame,
    identities: pd.DataFrame,
    settings: FindingsSetting,
    today: date,
    *,
    by_policy: bool = False,
) -> pd.DataFrame:
    """The places at which rules fired, by slug, as findings (:data:`FOUND`).

    Findings of the same rule, place and grantee are one, their evidence joined; with ``by_policy``, which is for
    policies that are somebody's change each, they are one for each policy, and their fingerprints names of the run.
    """
    known = rules()
    nothing = pd.DataFrame(columns=[*EVIDENCE, "rule", "rule_id", "title", "severity", "why", "recommendation"])
    parts = [
        where.assign(
            rule=slug,
            rule_id=known[slug].id,
            title=known[slug].title,
            severity=settings.severity.get(slug, known[slug].severity),
            why=known[slug].why,
            recommendation=known[slug].recommendation,
        )
        for slug, where in places.items()
        if len(where)
    ]
    found = pd.concat([nothing, *parts], ignore_index=True).astype("string")
    found = found.assign(fingerprint=pd.array(fingerprints(found), dtype="string"))
    if by_policy:
        found = found.assign(fingerprint=found["fingerprint"] + found["policy_name"].fillna(""))
    merged = _merged(found)
    by_id = accounts.set_index("account_id")
    own = joined(merged, identities[[*IDENTITY, "owner"]], on=IDENTITY)["owner"]
    exceptions = [
        next((each for each in several if each.in_force(today)), None)
        for several in exceptions_of(merged, settings.exceptions)
    ]
    severity = pd.Categorical(merged["severity"], SEVERITIES, ordered=True)
    frame = merged.assign(
        account_name=merged["account_id"].map(by_id["name"]).astype("string"),
        owner=own.fillna(merged["account_id"].map(by_id["owner"])).astype("string"),
        environment=merged["account_id"].map(by_id["environment"]).astype("string"),
        status=pd.array(["excepted" if e else "open" for e in exceptions], dtype="string"),
        exception=pd.array([f"{e.reason} (until {e.expires})" if e else None for e in exceptions], dtype="string"),
        _severity=severity,
    )
    frame = frame.sort_values(["_severity", "rule", *IDENTITY, "grantee"], ignore_index=True)
    return FOUND.conform(frame)


def check_rule_names(config_rules: list[str]) -> None:
    """Raises ConfigError for a rule id in the settings that does not exist."""
    known = rules()
    for name in config_rules:
        if name not in known:
            raise ConfigError(f"findings: no rule {name!r}{suggestion(name, known)}")


def _merged(found: pd.DataFrame) -> pd.DataFrame:
    """One row for each fingerprint: the first, with the evidence of all."""
    first = found.groupby("fingerprint", as_index=False, sort=False).first()
    several = found[found["fingerprint"].duplicated(keep=False)]
    told: dict[str, dict[str, None]] = defaultdict(dict)
    for key, evidence in rows(several, ("fingerprint", "evidence")):
        told[key][evidence] = None
    evidence = (
        first["fingerprint"]
        .map({key: "; ".join(each) for key, each in told.items()})
        .astype("string")
        .fillna(first["evidence"])
    )
    return first.assign(evidence=evidence)


def exceptions_of(found: pd.DataFrame, exceptions: Sequence[FindingException]) -> list[tuple[FindingException, ...]]:
    """The exceptions that accept each row of a frame with the columns :data:`SUBJECT`, whenever they are in force."""
    if not exceptions:
        return [()] * len(found)
    return [tuple(each for each in exceptions if _matches(each, row)) for row in found.to_dict("records")]


def _matches(exception: FindingException, row: dict[Any, Any]) -> bool:
    wanted = {name: getattr(exception, name) for name in ("rule", "account_id", "region", "identity", "grantee")}
    return all(value is None or value == row[name] for name, value in wanted.items())
