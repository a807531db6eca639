"""What the native charts of the deck must draw, and which of their marks a title counts."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from agreement.extraction import Bars
from agreement.facts import BUDGET, LINES, SEVERITIES, Facts
from agreement.incidents import Drawn, Series, incidents
from agreement.sayings import AGES
from sesreport.kpis.results import Kpi
from sesreport.report.charts.names import EXPOSURES

RED, AMBER = "A4262C", "E69F00"


def wrong(bars: Bars, known: list[Drawn]) -> bool:
    """Whether the pack knows no chart with these categories and values."""
    return not any(bars.categories == labels and _same(bars.series, series) for labels, series in known)


def _same(shown: Series, known: Series) -> bool:
    """Sums of money may differ in what floats cannot hold."""
    return shown.keys() == known.keys() and all(
        len(shown[name]) == len(known[name])
        and all(
            one == other or (one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9))
            for one, other in zip(shown[name], known[name], strict=True)
        )
        for name in shown
    )


def drawn(facts: Facts) -> list[Drawn]:
    """Every chart of the deck: its categories, and its series by name."""
    return list(_drawn(facts))


def _drawn(facts: Facts) -> Iterator[Drawn]:
    yield from (each.drawn for each in incidents(facts))
    exposures = facts["exposures"]["exposure"].value_counts()
    shown = [name for name in EXPOSURES if exposures.get(name, 0)]
    yield tuple(EXPOSURES[n] for n in shown), {"Identities": tuple(float(exposures[n]) for n in shown)}
    accounts = facts["kpi_unknown_accounts"].sort_values(
        ["unknown", "identities", "grantee_account_id"], ascending=[False, False, True]
    )
    labels = tuple(
        str(row.grantee_account_id) if pd.isna(row.name) else f"{row.name} ({row.grantee_account_id})"
        for row in accounts.head(9).itertuples(index=False)
    )
    yield labels, {"Identities": tuple(map(float, accounts["identities"].head(9)))}
    states = facts.outside_grants["register_status"].fillna("not registered").value_counts()
    names = {"expired": "Past its approval", "not registered": "Not registered", "expiring": "Approval ends soon",
             "valid": "Approval in date"}  # fmt: skip
    found = [name for name in names if name in states]
    yield tuple(names[n] for n in found), {"Grants": tuple(float(states[n]) for n in found)}
    yield _months(facts.kpi("owned_identities"))
    yield _months(facts.kpi("sent_volume"))
    yield from (_rates(facts, *each) for each in (("bounce_rate", "Bounces"), ("complaint_rate", "Complaints")))
    months = _months(facts.kpi("sent_volume"))[0]
    yield months, {"Cost": tuple(facts.cost_by_month), "Budget": (BUDGET,) * 13}
    yield tuple(facts.waste_by_kind), {"Avoidable": tuple(facts.waste_by_kind.values())}
    owners = facts.showback("owner").head(8)
    for name, column in (("Cost", "cost"), ("Avoidable", "avoidable"), ("Exposed identities", "exposed")):
        yield tuple(owners["group"]), {name: tuple(None if pd.isna(v) else float(v) for v in owners[column])}
    active = facts.open_findings
    ages = active.groupby(["severity", "age"]).size()
    yield (
        tuple(severity.capitalize() for severity in SEVERITIES),
        {
            age.capitalize(): tuple(float(ages.get((severity, age), 0)) for severity in SEVERITIES)
            for age in AGES
            if active["age"].eq(age).any()
        },
    )
    counts = facts["changes_since"].groupby(["what", "change"]).size()
    kinds = ("grant", "identity", "owner", "exposure")
    yield (
        ("Grants", "Identities", "Owners", "Exposures"),
        {c.capitalize(): tuple(float(counts.get((k, c), 0)) for k in kinds) for c in ("added", "changed", "removed")},
    )


def _months(kpi: Kpi) -> Drawn:
    months = tuple(pd.Period(point.period).strftime("%b") for point in kpi.series)
    series = {"Actual": tuple(point.value for point in kpi.series)}
    return months, series | ({} if kpi.target is None else {"Target": (kpi.target,) * len(months)})


def _rates(facts: Facts, rate: str, name: str) -> Drawn:
    """The four accounts with the highest rate, and a place for the names of the lines."""
    highest = facts["sending_accounts"].dropna(subset=[rate]).groupby("account_id")[rate].max().reset_index()
    worst = highest.sort_values([rate, "account_id"], ascending=[False, True]).head(4)
    review, pause = LINES[rate]
    across = len(worst) + 1
    series = {name: (*map(float, worst[rate]), None), "Review": (review,) * across, "Pause": (pause,) * across}
    return (*(facts.names[account] for account in worst["account_id"]), "None"), series


def highlighted(bars: Bars) -> list[tuple[str, float]]:
    """The marks in red or amber of the first series, by category."""
    values = next(iter(bars.series.values()))
    return [
        (label, value)
        for label, value, color in zip(bars.categories, values, bars.colors, strict=True)
        if color in (RED, AMBER) and value is not None
    ]


def alone(bars: Bars) -> float:
    """The one mark of the first series in the color of the series; the others have one of their own."""
    values = next(iter(bars.series.values()))
    ((_, value),) = [
        (label, value)
        for label, value, color in zip(bars.categories, values, bars.colors, strict=True)
        if color is None
    ]
    return value or 0.0
