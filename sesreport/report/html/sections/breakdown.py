"""Every KPI by environment, OU, owner and account."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sesreport.analysis.basis import Basis
from sesreport.kpis import words
from sesreport.kpis.breakdown import judgements
from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, WATCH, Kpi
from sesreport.report.charts.text import counted
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, section
from sesreport.report.html.table import TableColumn, table

_COLUMNS = (
    TableColumn("label", "KPI", "name", facet=True),
    TableColumn("dimension", "By", facet=True),
    TableColumn("group", "Group", "name"),
    TableColumn("name", "Account", missing=""),
    TableColumn("state", "Status", facet=True),
    TableColumn("actual", "Actual"),
    TableColumn("before", "Prior"),
    TableColumn("target", "Target"),
    TableColumn("places_read", "Places read", "integer"),
    TableColumn("places_expected", "of", "integer"),
    TableColumn("reason", "What it leaves out", "long", missing=""),
)
_DIMENSIONS = ("environment", "ou", "owner", "account")
_WORST_FIRST = {OFF_TARGET: 0, WATCH: 1, NOT_MEASURABLE: 2}


@section(25, "breakdown", "By account and owner")
def breakdown(pack: Pack) -> SectionContent:
    frame = pack.frames.get("kpi_breakdown")
    rows = None if frame is None else _rows(pack, frame)
    return SectionContent(
        heading=heading(frame, pack.results.coverage.places),
        so_what=so_what(frame),
        tables=(
            table("t-breakdown", "Every KPI by environment, OU, owner and account, off target first", pack.frames,
                  "kpi_breakdown", _COLUMNS, rows=rows, none="No group was expected."),
        ),
    )  # fmt: skip


def heading(frame: pd.DataFrame | None, places: Basis) -> str:
    """The environment that misses most targets; that of the coverage is told elsewhere."""
    missed = _missed(frame, "environment")
    if missed is None or (missed.empty and not places.read):
        return "How the environments compare is not known"
    if missed.empty:
        return f"No environment misses a target{words.within(places)}"
    many = missed.iloc[0]
    first = [str(group) for group in missed.index[missed == many]]
    return f"{' and '.join(first[:3])} {'misses' if len(first) == 1 else 'each miss'} {counted(int(many), 'target')}"


def so_what(frame: pd.DataFrame | None) -> str:
    """The owners that miss most targets, and the groups of which nothing is known."""
    missed, told = _missed(frame, "owner"), []
    if missed is not None and len(missed):
        told.append("Most misses by owner: " + ", ".join(f"{name} {count}" for name, count in missed[:3].items()) + ".")
    if frame is not None and len(frame):
        accounts = frame[frame["dimension"] == "account"]
        places = accounts.groupby("group")[["places_read", "places_expected"]].max()
        unread = int(((places["places_read"] == 0) & (places["places_expected"] > 0)).sum())
        told.append(f"Of {counted(unread, 'account')} nothing was read." if unread else "")
    return " ".join(filter(None, told))


def _missed(frame: pd.DataFrame | None, dimension: str) -> pd.Series | None:
    """KPIs off target by group, most first; None where there is no such group."""
    groups = None if frame is None else frame[frame["dimension"] == dimension]
    if groups is None or groups.empty:
        return None
    counts = groups.loc[(groups["status"] == OFF_TARGET) & (groups["kpi"] != "coverage"), "group"].value_counts()
    return counts.sort_index().sort_values(ascending=False, kind="stable")


def _rows(pack: Pack, frame: pd.DataFrame) -> pd.DataFrame:
    """As text, since every KPI has its own unit."""
    kpis = {kpi.id: kpi for kpi in pack.results.kpis}
    rows = frame[frame["dimension"].isin(list(_DIMENSIONS)) & frame["kpi"].isin(list(kpis))]
    accounts = pack.frames.get("accounts")
    names = {} if accounts is None else dict(zip(accounts["account_id"], accounts["name"], strict=True))
    state = judgements(rows, {name: kpi.target for name, kpi in kpis.items()})
    rows = rows.assign(
        label=rows["kpi"].map({name: kpi.label for name, kpi in kpis.items()}),
        name=rows["group"].map(names).where(rows["dimension"] == "account"),
        state=state,
        actual=_told(rows["value"], rows["kpi"], kpis),
        before=_told(rows["prior"], rows["kpi"], kpis),
        target=rows["kpi"].map({name: words.target(kpi) for name, kpi in kpis.items()}),
        worst=rows["status"].map(_WORST_FIRST).mask(state.eq(words.NO_TARGET)).fillna(3),
        place=rows["dimension"].map({name: place for place, name in enumerate(_DIMENSIONS)}),
        of=rows["kpi"].map({name: place for place, name in enumerate(kpis)}),
    )
    return rows.sort_values(["place", "worst", "of", "group"], kind="stable")


def _told(values: pd.Series, ids: pd.Series, kpis: Mapping[str, Kpi]) -> list[str]:
    pairs = zip(values.astype(object), (kpis[name] for name in ids), strict=True)
    return [words.number(None if pd.isna(value) else float(value), kpi.unit, kpi.currency) for value, kpi in pairs]
