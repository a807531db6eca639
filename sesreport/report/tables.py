"""Small tables for notebooks: results as a frame to look at, numbers in words."""

from __future__ import annotations

import pandas as pd

from sesreport.kpis import words
from sesreport.kpis.results import Coverage, Results


def scorecard(results: Results, *, headline: bool = False) -> pd.DataFrame:
    """KPIs as text: ``KPI``, ``Actual``, ``Target``, ``Change``, ``Status``, ``Owner``, ``Rests on``."""
    chosen = [kpi for kpi in results.kpis if kpi.headline or not headline]
    rows = [
        {
            "KPI": kpi.label,
            "Actual": words.number(kpi.value, kpi.unit),
            "Target": words.target(kpi),
            "Change": words.change(kpi),
            "Status": words.judgement(kpi),
            "Owner": kpi.owner,
            "Rests on": f"{kpi.coverage.read} of {kpi.coverage.expected} places",
        }
        for kpi in chosen
    ]
    return pd.DataFrame(rows).set_index("KPI")


def breakdown(results: Results, frame: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """The frame ``kpi_breakdown`` as text: a row per KPI, a column per group, ``not known`` where nothing was read.

    ``dimension`` is ``account``, ``environment``, ``ou`` or ``owner``; ``Overall`` stands beside the groups.
    """
    groups = frame[frame["dimension"] == dimension]
    values = dict(zip(zip(groups["kpi"], groups["group"], strict=True), groups["value"], strict=True))
    told = [
        {
            "KPI": kpi.label,
            "Overall": words.number(kpi.value, kpi.unit),
            **{
                group: words.number(_known(values.get((kpi.id, group))), kpi.unit)
                for group in sorted({*groups["group"]})
            },
        }
        for kpi in results.kpis
    ]
    return pd.DataFrame(told).set_index("KPI")


def _known(value: float | None) -> float | None:
    return None if pd.isna(value) else value


def definition(results: Results, kpi_id: str) -> pd.DataFrame:
    """How one KPI is computed, a row per property."""
    kpi = results.kpi(kpi_id)
    rows = {
        "Question": kpi.question,
        "Definition": kpi.definition,
        "Formula": kpi.formula,
        "Source": kpi.source,
        "Actual": words.number(kpi.value, kpi.unit),
        "Target": words.target(kpi),
        "Status": f"{words.judgement(kpi)}: {kpi.reason}",
        "Evidence": f"data/{kpi.frame}.parquet",
    }
    return pd.DataFrame({kpi.label: rows})


def series(results: Results) -> pd.DataFrame:
    """Thirteen months of every KPI: one column per KPI id, NA where a month is not known."""
    columns = {kpi.id: {point.period: point.value for point in kpi.series} for kpi in results.kpis}
    return pd.DataFrame(columns).astype("Float64").rename_axis("period")


def gaps(coverage: Coverage) -> pd.DataFrame:
    """What could not be read, one row each."""
    rows = [
        {
            "Account": gap.account_name or gap.account_id,
            "Region": gap.region,
            "Dataset": gap.dataset,
            "Status": gap.status,
            "Reason": gap.reason,
        }
        for gap in coverage.gaps
    ]
    return pd.DataFrame(rows, columns=["Account", "Region", "Dataset", "Status", "Reason"])


def decisions(results: Results) -> pd.DataFrame:
    """What the board is asked to decide; where nothing is, one row that says in how much of the organization."""
    rows = [{"Decision": d.decision, "Owner": d.owner, "Due": d.due, "If not": d.effect} for d in results.decisions]
    if not rows:
        rows = [{"Decision": words.no_decision(results.coverage), "Owner": "", "Due": "", "If not": ""}]
    return pd.DataFrame(rows, columns=["Decision", "Owner", "Due", "If not"])
