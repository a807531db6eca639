"""Identities with and without a tagged owner."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.kpis.results import Results
from sesreport.kpis.words import within
from sesreport.report.charts.look import BAD, LIGHT, bar_rows, canvas, finish, legend, no_data, value_axis
from sesreport.report.charts.names import account_labels
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import counted, shortened

ROWS = 18


@chart("ownership", "Identities by owner tag", "identities", "accounts")
def ownership(
    identities: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    *,
    by: str = "account_id",
    results: Results | None = None,
    ax: Axes | None = None,
    scope: str = "",
) -> Figure:
    """Stacked bars per account (or ``by="environment"``), most identities without an owner first.

    Identities whose tags could not be read are left out, and counted in the subtitle. ``results`` say in how many
    places anybody could look.
    """
    where = "" if results is None else within(results.coverage.places)
    read = identities["tags"].notna() if "tags" in identities else pd.Series(True, index=identities.index)
    unread = int((~read).sum())
    if unread == len(identities):
        return no_data("Identities by owner tag", f"the tags of {unread:,} identities could not be read", ax)
    identities = identities[read]
    groups = identities[by].astype("string").fillna("not known")
    owned = identities["owner"].fillna("").str.strip().ne("")
    counts = pd.crosstab(groups, owned.map({True: "owned", False: "unowned"})).reindex(
        columns=["unowned", "owned"], fill_value=0
    )
    counts["name"] = counts.index
    counts = counts.sort_values(["unowned", "owned", "name"], ascending=[False, False, True])
    shown = counts.head(ROWS)
    names = shown.index.to_series()
    labels = list(account_labels(names, accounts) if by == "account_id" else names.map(lambda n: shortened(n, 30)))
    ax = canvas(ax, height=0.27 * len(shown) + 0.1, labels=labels, right=1.3, above=0.3)
    most = max(int(shown[["unowned", "owned"]].sum(axis=1).max()), 1)
    for row, (without, having) in enumerate(zip(shown["unowned"], shown["owned"], strict=True)):
        ax.barh(row, without, height=0.62, color=BAD)
        ax.barh(row, having, left=without, height=0.62, color=LIGHT)
        ax.text(without + having + most * 0.012, row, f"{without:,} of {without + having:,}", va="center")
    bar_rows(ax, labels)
    ax.set_xlim(0, most)
    value_axis(ax)
    legend(ax, [("no owner", BAD), ("owner tagged", LIGHT)])
    what = "account" if by == "account_id" else by
    missing, places = int(counts["unowned"].sum()), int((counts["unowned"] > 0).sum())
    message = (
        f"{missing:,} of {counted(len(identities), 'identity', 'identities')} without an owner, "
        f"in {counted(places, what)}"
        if missing
        else f"Every one of {len(identities):,} identities has an owner"
    )
    message += where
    rest = len(counts) - len(shown)
    subtitle = f"identities without and with an owner tag, by {what}" + (f"; {rest:,} more not drawn" if rest else "")
    subtitle += f"; the tags of {unread:,} more could not be read" if unread else ""
    listed = "; ".join(
        f"{label} {without} of {without + having}"
        for label, without, having in list(zip(labels, shown["unowned"], shown["owned"], strict=True))[:8]
    )
    return finish(ax, scope=scope, message=message, subtitle=subtitle, alt=f"{message}. Without an owner: {listed}.")
