"""Accounts outside the organization that can send as it."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.kpis.results import Results
from sesreport.kpis.words import within
from sesreport.report.charts.look import BAD, GOOD, MUTED, WATCH, bar_rows, canvas, finish, value_axis
from sesreport.report.charts.names import LABEL
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import counted, shortened

_STANDING = {"not registered": BAD, "expired": WATCH, "approved": GOOD}
_SHAPES = {"not registered": "■", "expired": "▲", "approved": "●"}
ROWS = 15


@chart("outside_accounts", "Outside accounts able to send", "grants", "kpi_unknown_accounts")
def outside_accounts(
    grants: pd.DataFrame,
    kpi_unknown_accounts: pd.DataFrame | None = None,
    *,
    results: Results | None = None,
    ax: Axes | None = None,
    scope: str = "",
) -> Figure:
    """The rows of the KPI unknown_accounts, by the number of identities each can send as; color, shape and word say
    what the register knows. Those without a valid approval come first.

    ``grants`` tell of identities that outsiders can use whom no account id names. ``results`` say in how many places
    anybody could look.
    """
    where = "" if results is None else within(results.coverage.places)
    accounts = _accounts(kpi_unknown_accounts)
    unnamed = grants[(grants["scope"] == "external") & grants["grantee_account_id"].isna() & grants["can_send"]]
    few = len(unnamed.drop_duplicates(["account_id", "region", "identity"]))
    subtitle = "identities each can send as, by account" + (
        f"; outsiders without a named account can send as {counted(few, 'identity', 'identities')}" if few else ""
    )
    if accounts.empty:
        message = f"No account outside the organization can send as it{where}"
        ax = canvas(ax, height=0.2, below=0.0)
        ax.set_axis_off()
        return finish(
            ax, scope=scope, message=message, subtitle=f"{subtitle}; {len(grants):,} grants read", alt=message + "."
        )
    shown = accounts.head(ROWS)
    labels = [shortened(label, LABEL) for label in shown["label"]]
    ax = canvas(ax, height=0.27 * len(shown) + 0.1, labels=labels, right=1.75)
    most = max(int(shown["identities"].max()), 1)
    for row, (standing, count) in enumerate(zip(shown["standing"], shown["identities"], strict=True)):
        ax.barh(row, count, height=0.62, color=_STANDING[standing])
        ax.text(count + most * 0.012, row, f"{count:,}  {_SHAPES[standing]} {standing}", va="center")
    bar_rows(ax, labels)
    ax.set_xlim(0, most)
    value_axis(ax)
    total = accounts["standing"].value_counts()
    message = (
        f"{counted(len(accounts), 'outside account')} can send as us; "
        f"{int(total['not registered']):,} {'is' if total['not registered'] == 1 else 'are'} not registered"
        + (f", {int(total['expired']):,} expired" if total["expired"] else "")
        + where
    )
    rest = len(accounts) - len(shown)
    if rest:
        subtitle += f"; {counted(rest, 'more account')} not drawn"
        ax.tick_params(axis="x", colors=MUTED)
    listed = "; ".join(f"{a.label} {a.identities} ({a.standing})" for a in shown.head(8).itertuples())
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle=subtitle,
        alt=f"{message}. Those without an approval first: {listed}.",
    )


def _accounts(found: pd.DataFrame | None) -> pd.DataFrame:
    """One row per outside account: label, identities, and standing; what is not known to be approved is not."""
    if found is None or found.empty:
        return pd.DataFrame(columns=["label", "identities", "standing"])
    expired = found["register_status"].eq("expired").fillna(value=False)
    standing = found["unknown"].fillna(value=True).astype("bool").map({True: "not registered", False: "approved"})
    worst = pd.CategoricalDtype(list(_STANDING), ordered=True)
    made = found.assign(
        label=found["name"].fillna(found["grantee_account_id"]),
        standing=standing.mask(expired, "expired").astype(worst),
    )
    order = ["standing", "identities", "grantee_account_id"]
    return made.sort_values(order, ascending=[True, False, True], ignore_index=True)
