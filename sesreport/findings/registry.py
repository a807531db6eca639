"""A rule is one function from an analysis to the places where it fires, registered with what it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper

import pandas as pd

from sesreport.analysis.judged import Judged, judged
from sesreport.analysis.judged_identities import JudgedIdentity
from sesreport.analysis.registry import Analysis
from sesreport.core.registry import Registry
from sesreport.core.vocabulary import IDENTITY
from sesreport.findings.examples import Example, allow, deny, event
from sesreport.findings.fingerprint import list_principals
from sesreport.policy import Statement

__all__ = [
    "EVIDENCE",
    "Example",
    "Rule",
    "allow",
    "at_grants",
    "at_identities",
    "at_statements",
    "deny",
    "event",
    "of_policies",
    "rule",
    "rules",
]

EVIDENCE = [*IDENTITY, "policy_name", "grantee", "evidence"]
"""Columns a rule returns; ``policy_name`` and ``grantee`` are NA for findings about an identity as a whole."""
_NOWHERE = pd.DataFrame(columns=EVIDENCE, dtype="string")
DATASETS = ("identities", "policies")


@dataclass(frozen=True)
class Rule:
    """A registered rule."""

    id: str
    """Number, as in ``SES001``: for people and papers."""
    slug: str
    """Name of the function, as in ``open_to_anyone``: for settings and frames."""
    places: Callable[[Analysis], pd.DataFrame]
    title: str
    severity: str
    """critical, high, medium or low; ``[findings.severity]`` may say otherwise."""
    why: str
    recommendation: str
    ask: str
    """What the board is asked to see to, in words of :mod:`sesreport.findings.asks`. Empty for what needs no board."""
    fires: Example
    """A small organization in which it fires."""
    clean: Example
    """One much like it in which it does not."""
    upkeep: bool = False
    """Whether it is about how an identity is looked after, and says nothing of who can send."""
    datasets: tuple[str, ...] = DATASETS
    """What must have been read at a place before the rule's silence there means that all is well."""
    of_month: bool = False
    """Whether it speaks only of what was done in the month or after it, so that it was not there before."""
    incident: bool = False
    """Whether it tells of something that happened and is asked about before everything else."""
    passing: bool = False
    """Whether it falls silent when its month is over, so that its silence does not show that anything was done."""


RULES: Registry[Rule] = Registry("rule")

Places = Callable[[Analysis], pd.DataFrame]


class OfPolicies:
    """The places at which a rule about policies fires; it can be asked of the policies of any time."""

    def __init__(self, places: Callable[[Judged], pd.DataFrame]) -> None:
        update_wrapper(self, places)
        self.at = places

    def __call__(self, analysis: Analysis) -> pd.DataFrame:
        return self.at(judged(analysis))


def of_policies(places: Callable[[Judged], pd.DataFrame]) -> OfPolicies:
    """Marks a rule that looks at policies alone: it then speaks of each moment at which one changed, too."""
    return OfPolicies(places)


def rule(
    *,
    id: str,  # noqa: A002 (what it is called)
    title: str,
    severity: str,
    why: str,
    recommendation: str,
    fires: Example,
    clean: Example,
    ask: str = "",
    upkeep: bool = False,
    datasets: tuple[str, ...] = DATASETS,
    of_month: bool = False,
    incident: bool = False,
    passing: bool = False,
) -> Callable[[Places], Places]:
    """Registers a rule under its function's name."""

    def register(places: Places) -> Places:
        name = getattr(places, "__name__")  # noqa: B009 (a Callable has no __name__ for the type checker)
        made = Rule(
            id, name, places, title, severity, why, recommendation, ask, fires, clean, upkeep, datasets, of_month,
            incident, passing or of_month,
        )  # fmt: skip
        RULES.add(name, made, places.__module__, place=id)
        return places

    return register


def rules() -> dict[str, Rule]:
    """All rules by slug, in the order of their numbers."""
    return dict(sorted(RULES.items(), key=lambda item: item[1].id))


def at_grants(grants: pd.DataFrame) -> pd.DataFrame:
    """The places of grants, with the reason of their scope as evidence."""
    if grants.empty:
        return _NOWHERE
    where = grants["policy_name"] + ", statement " + grants["statement"].astype("string")
    where = where.where(grants["statement"] > 0, grants["policy_name"])
    return grants.assign(evidence=where + ": " + grants["why"])[EVIDENCE]


def at_identities(identities: pd.DataFrame, evidence: pd.Series | str) -> pd.DataFrame:
    """The places of identities."""
    if identities.empty:
        return _NOWHERE
    return identities.assign(
        policy_name=pd.array([pd.NA] * len(identities), dtype="string"),
        grantee=pd.array([pd.NA] * len(identities), dtype="string"),
        evidence=evidence,
    )[EVIDENCE]


Say = Callable[[JudgedIdentity, Statement], str | None]
"""What there is to say of a statement; a function of a module, so that it is asked once of each identity."""


def _said(say: Say, identity: JudgedIdentity, statement: Statement) -> str | None:
    """What ``say`` has to say; where that fails, the statement is found as one the rule cannot judge."""
    try:
        return say(identity, statement)
    except Exception as fault:  # noqa: BLE001 - one policy must never end the analysis of the others
        return f"the rule cannot judge it ({type(fault).__name__}: {fault})"


def at_statements(judged: Judged, say: Say) -> pd.DataFrame:
    """The places of the statements that ``say`` has something to say about; that is the evidence."""
    rows = [
        (*place, *where) for place, identity in judged.by_identity.items() for where in identity.once(_statements, say)
    ]
    return pd.DataFrame(rows, columns=EVIDENCE, dtype="string") if rows else _NOWHERE


def _statements(identity: JudgedIdentity, say: Say) -> list[tuple[str, str, str]]:
    """Policy, grantees and evidence of the statements that ``say`` has something to say about."""
    return [
        (
            policy.name,
            list_principals(principal.value for principal in statement.principals),
            f"{policy.name}, statement {statement.index + 1}: {said}",
        )
        for policy in identity.read()
        for statement in policy.statements
        if (said := _said(say, identity, statement))
    ]
