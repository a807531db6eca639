"""Accounts outside the organization that can send as it."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.charts.look import BAD, GOOD, MUTED, WATCH, bar_rows, canvas, finish, value_axis
from sesreport.charts.names import LABEL
from sesreport.charts.registry import chart
from sesreport.charts.text import counted, shortened
from sesreport.results import Results
from sesreport.words import within

_STANDING = {"not registered": BAD, "expired": WATCH, "registered": GOOD}
_SHAPES = {"not registered": "■", "expired": "▲", "registered": "●"}
ROWS = 15


def outside_accounts_of(grants: pd.DataFrame) -> pd.DataFrame:
    """One row per outside account that can (or may) send: account_id, label, standing, identities.

    ``standing`` is ``registered`` (also when about to expire), ``expired`` or ``not registered``; what is not known
    counts as not registered, and a grant not known to exclude sending counts as one that allows it.
    """
    outside = grants[grants["scope"].isin(["external", "vendor"]) & grants["can_send"].fillna(True).astype(bool)]
    outside = outside[outside["effect"].fillna("Allow").str.casefold() == "allow"]
    who = outside["grantee_account_id"].fillna(outside["grantee"])
    expired = outside["register_status"].fillna("").eq("expired")
    registered = outside["registered"].fillna(False).astype(bool) & ~expired
    rows = pd.DataFrame(
        {
            "account_id": who.astype(str),
            "name": outside["grantee_name"],
            "standing": registered.map({True: "registered", False: "not registered"}).mask(expired, "expired"),
            "place": outside[["account_id", "region", "identity"]].agg("/".join, axis=1) if len(outside) else who,
        }
    )
    worst = pd.CategoricalDtype(list(_STANDING), ordered=True)
    rows["standing"] = rows["standing"].astype(worst)
    accounts = rows.groupby("account_id", as_index=False).agg(
        name=("name", "first"), standing=("standing", "min"), identities=("place", "nunique")
    )
    accounts["label"] = accounts["name"].fillna(accounts["account_id"].replace("*", ANYONE))
    return accounts.sort_values(
        ["identities", "standing", "account_id"], ascending=[False, True, True], ignore_index=True
    )


ANYONE = "anyone, held by a condition"
"""A wildcard that lets in a foreign organization or network, not everybody: shown, but no account to count."""


@chart("outside_accounts", "Outside accounts able to send", "grants")
def outside_accounts(
    grants: pd.DataFrame, *, results: Results | None = None, ax: Axes | None = None, scope: str = ""
) -> Figure:
    """Sorted by the number of identities each can send as; color, shape and word say what the register knows.

    ``results`` say in how many places anybody could look.
    """
    where = "" if results is None else within(results.coverage.places)
    accounts = outside_accounts_of(grants)
    subtitle = "identities each can send as, by account"
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
    named = accounts[accounts["account_id"] != "*"]
    total = named["standing"].value_counts()
    message = (
        f"{counted(len(named), 'outside account')} can send as us; "
        f"{int(total['not registered']):,} {'is' if total['not registered'] == 1 else 'are'} not registered"
        + (f", {int(total['expired']):,} expired" if total["expired"] else "")
        + where
    )
    rest = len(accounts) - len(shown)
    if rest:
        subtitle += (
            f"; {counted(rest, 'more account')} with at most {int(accounts['identities'].iloc[len(shown)]):,} not drawn"
        )
        ax.tick_params(axis="x", colors=MUTED)
    listed = "; ".join(f"{a.label} {a.identities} ({a.standing})" for a in shown.head(8).itertuples())
    return finish(
        ax, scope=scope, message=message, subtitle=subtitle, alt=f"{message}. Most identities first: {listed}."
    )
