"""What was out of the ordinary in sending, and where it leads."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.trends.forecasts import ABOVE, CROSSES, TOO_LITTLE, UNKNOWN, first_lines
from sesreport.core.vocabulary import GRAVE, severity_rank
from sesreport.report.charts.text import counted
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, section
from sesreport.report.html.table import TableColumn, table

_ANOMALIES = (
    TableColumn("severity", "Severity", "rank", facet=True),
    TableColumn("kind", "What", facet=True),
    TableColumn("name", "Account", facet=True),
    TableColumn("account_id", "Account id", "id"),
    TableColumn("region", "Region", "id", facet=True),
    TableColumn("day", "Worst day", "date"),
    TableColumn("days", "Days", "integer"),
    TableColumn("in_period", "This month", facet=True),
    TableColumn("words", "In words", "long"),
)
_FORECASTS = (
    TableColumn("state", "Answer", facet=True),
    TableColumn("name", "Account", facet=True),
    TableColumn("account_id", "Account id", "id"),
    TableColumn("region", "Region", "id"),
    TableColumn("metric", "Metric", facet=True),
    TableColumn("line", "Line", facet=True),
    TableColumn("earliest_at", "Earliest", "date", missing="–"),
    TableColumn("crosses_at", "About", "date", missing="–"),
    TableColumn("latest_at", "Latest", "date", missing="–"),
    TableColumn("words", "In words", "long"),
)


@section(75, "trends", "Anomalies and forecasts")
def trends(pack: Pack) -> SectionContent:
    found = pack.frames.get("anomalies", pd.DataFrame())
    ahead = pack.frames.get("forecasts", pd.DataFrame())
    return SectionContent(
        heading=heading(found, ahead),
        so_what=so_what(_named(pack, found), ahead),
        charts=("anomalies", "forecasts"),
        tables=(
            table("t-anomalies", "Days of sending unlike the account's own past, this month's first", pack.frames,
                  "anomalies", _ANOMALIES, rows=_anomalies(pack, found)),
            table("t-forecasts", "Quotas and AWS's lines in 91 days, nearest first", pack.frames, "forecasts",
                  _FORECASTS, rows=_named(pack, ahead)),
        ),
    )  # fmt: skip


def heading(found: pd.DataFrame, ahead: pd.DataFrame) -> str:
    """Grave anomalies of the month and lines reached or expected; what could not be judged is no good news."""
    if ahead.empty:
        return "No account's sending is known, so none could be judged"
    places = counted(len(ahead[["account_id", "region"]].drop_duplicates()), "sending place")
    grave = len(_grave(found))
    first = (
        f"{counted(grave, 'grave anomaly', 'grave anomalies')} this month in {places}"
        if grave
        else f"No grave anomaly this month in the {places} that {'is' if places.startswith('1 ') else 'are'} known"
    )
    states = first_lines(ahead)["state"].value_counts()
    lines = [
        f"{counted(int(states[state]), 'line')} {words}"
        for state, words in ((ABOVE, "reached on the last day"), (CROSSES, "expected to be reached within 91 days"))
        if state in states
    ]
    return "; ".join([first, *lines])


def so_what(found: pd.DataFrame, ahead: pd.DataFrame) -> str:
    """The gravest in its own sentence, and how many could not be forecast."""
    grave = _grave(found)
    unknown = int(ahead["state"].isin([TOO_LITTLE, UNKNOWN]).sum()) if len(ahead) else 0
    parts = []
    if len(grave):
        worst = grave.iloc[0]
        name = worst["name"] if pd.notna(worst.get("name")) else worst["account_id"]
        parts.append(f"{name}, {worst['region']}: {worst['words']}")
    if unknown:
        parts.append(f"{counted(unknown, 'answer')} could not be given: too little is known.")
    return " ".join(parts)


def _grave(found: pd.DataFrame) -> pd.DataFrame:
    if found.empty:
        return found
    recent = found["in_period"].fillna(value=False).astype(bool)
    grave = found[recent & found["severity"].isin(GRAVE)]
    return grave.sort_values("severity", key=severity_rank, kind="stable")


def _anomalies(pack: Pack, found: pd.DataFrame) -> pd.DataFrame:
    if found.empty:
        return found
    earlier = ~found["in_period"].fillna(value=False).astype(bool)
    order = found.assign(earlier=earlier, rank=severity_rank(found["severity"]))
    order = order.sort_values(["earlier", "rank", "day"], ascending=[True, True, False], kind="stable")
    return _named(pack, order)


def _named(pack: Pack, rows: pd.DataFrame) -> pd.DataFrame:
    accounts = pack.frames.get("accounts")
    if rows.empty or accounts is None:
        return rows
    return rows.assign(
        name=rows["account_id"].map(accounts.drop_duplicates("account_id").set_index("account_id")["name"])
    )
