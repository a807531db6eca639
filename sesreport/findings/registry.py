"""A rule is one function from an analysis to the places where it fires, registered with what it means."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from sesreport.analysis.registry import Analysis

PLACE = ["account_id", "region", "identity", "policy_name", "grantee", "evidence"]
"""Columns a rule returns; ``policy_name`` and ``grantee`` are NA for findings about an identity as a whole."""


@dataclass(frozen=True)
class Rule:
    """A registered rule."""

    id: str
    places: Callable[[Analysis], pd.DataFrame]
    title: str
    severity: str
    """critical, high, medium or low; ``[findings.severity]`` may say otherwise."""
    why: str
    recommendation: str
    ask: str
    """What the board is asked to see to; ``{identities}`` becomes ``3 identities``. Empty for what needs no board."""


_RULES: dict[str, Rule] = {}

Places = Callable[[Analysis], pd.DataFrame]


def rule(*, title: str, severity: str, why: str, recommendation: str, ask: str = "") -> Callable[[Places], Places]:
    """Registers a rule under its function's name."""

    def register(places: Places) -> Places:
        name = getattr(places, "__name__")  # noqa: B009 (a Callable has no __name__ for the type checker)
        _RULES[name] = Rule(name, places, title, severity, why, recommendation, ask)
        return places

    return register


def rules() -> dict[str, Rule]:
    """All rules by id, in the order of their files."""
    import sesreport.findings as package

    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")
    return dict(_RULES)


def at_grants(grants: pd.DataFrame) -> pd.DataFrame:
    """The places of grants, with the reason of their scope as evidence."""
    where = grants["policy_name"] + ", statement " + grants["statement"].astype("string")
    where = where.where(grants["statement"] > 0, grants["policy_name"])
    return grants.assign(evidence=where + ": " + grants["why"])[PLACE]


def at_identities(identities: pd.DataFrame, evidence: pd.Series | str) -> pd.DataFrame:
    """The places of identities."""
    return identities.assign(
        policy_name=pd.array([pd.NA] * len(identities), dtype="string"),
        grantee=pd.array([pd.NA] * len(identities), dtype="string"),
        evidence=evidence,
    )[PLACE]
