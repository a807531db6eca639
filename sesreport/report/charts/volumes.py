"""How much is sent: months and days, by environment."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.core.period import Period
from sesreport.report.charts.look import (
    ACTUAL,
    GOOD,
    LIGHT,
    MUTED,
    PALE,
    PAPER,
    canvas,
    finish,
    no_data,
    spread,
    value_axis,
)
from sesreport.report.charts.names import ENVIRONMENTS, month_labels
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import compact

_COLORS = {"prod": ACTUAL, "staging": GOOD, "dev": LIGHT, "sandbox": PALE}
_HATCHES = ("....", "xxxx", "----", "++++")


def _environments(frame: pd.DataFrame) -> list[str]:
    found = set(frame["environment"])
    return [*(e for e in ENVIRONMENTS if e in found), *sorted(found - set(ENVIRONMENTS))]


@chart("monthly_volume", "Messages sent by month", "monthly")
def monthly_volume(monthly: pd.DataFrame, *, ax: Axes | None = None, scope: str = "") -> Figure:
    """Stacked columns, 13 months to the last one; a month nobody read is a gap, one partly read is outlined."""
    known = monthly.dropna(subset=["sent"])
    if known.empty:
        return no_data("Messages sent by month", "no month's sending is known", ax)
    known = known.assign(environment=known["environment"].astype("string").fillna("not known"))
    last = Period.of(monthly["period"].max())
    periods = [str(p) for p in last.back(13)]
    table = known.pivot_table(index="period", columns="environment", values="sent", aggfunc="sum", observed=True)
    table = table.reindex(index=periods).astype("Float64")
    partial = (
        (~monthly["complete"].fillna(False).astype(bool) | monthly["sent"].isna()).groupby(monthly["period"]).any()
    )
    totals = table.sum(axis=1, min_count=1)
    ax = canvas(ax, height=2.3, labels=["1.25 M"], right=1.25, below=0.5)
    most = float(totals.max()) or 1.0
    ends: list[tuple[str, float]] = []
    base = pd.Series(0.0, index=periods)
    for n, environment in enumerate(_environments(known)):
        values = table[environment].astype("Float64").fillna(0).astype(float)
        hatch = None if environment in _COLORS else _HATCHES[n % len(_HATCHES)]
        color = _COLORS.get(environment, LIGHT)
        ax.bar(range(13), values, bottom=base, width=0.68, color=color, hatch=hatch, edgecolor=PAPER, linewidth=0.5)
        if values.iloc[-1]:
            ends.append((environment, float(base.iloc[-1] + values.iloc[-1] / 2)))
        base += values
    for i, period in enumerate(periods):
        if pd.isna(totals[period]):
            ax.text(i, most * 0.02, "not known", rotation=90, ha="center", va="bottom", color=MUTED, fontsize=8.5)
            continue
        words = ("≥" if partial.get(period, True) else "") + compact(base[period])
        ax.text(i, base[period] + most * 0.015, words, ha="center", va="bottom", fontsize=8)
    for (environment, _), y in zip(ends, spread([y for _, y in ends], most * 0.075), strict=True):
        ax.text(len(periods) - 0.5, y, environment, va="center", fontsize=9)
    ax.set_xticks(range(len(periods)), month_labels(periods))
    ax.set_xlim(-0.6, len(periods) - 0.5)
    ax.set_ylim(0, most * 1.1)
    value_axis(ax, axis="y")
    now, before = totals.iloc[-1], totals.iloc[-2]
    message = (
        f"{compact(float(now))} messages sent in {last.name}"
        if pd.notna(now)
        else f"Sending in {last.name} is not known"
    )
    if (
        pd.notna(now)
        and pd.notna(before)
        and before > 0
        and not partial.get(periods[-1], True)
        and not partial.get(periods[-2], True)
    ):
        step = float(now / before - 1)
        message += f", {abs(step):.1%} {'more' if step >= 0 else 'less'} than the month before".replace("%", " %")
    listed = "; ".join(f"{p} {'not known' if pd.isna(v) else compact(float(v))}" for p, v in totals.items())
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle="messages sent per month by environment; ≥: not every account was read whole",
        alt=f"{message}. {listed}.",
    )


@chart("daily_volume", "Messages sent by day", "daily", "accounts")
def daily_volume(
    daily: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    *,
    days: int = 62,
    ax: Axes | None = None,
    scope: str = "",
) -> Figure:
    """One line per environment over the last ``days``; a day that is not known is a gap in its line."""
    known = daily.dropna(subset=["sent"])
    if known.empty:
        return no_data("Messages sent by day", "no day's sending is known", ax)
    at = known["at"].dt.floor("D")
    last = at.max()
    environments = (
        known["account_id"].map(accounts.set_index("account_id")["environment"]).astype("string").fillna("not known")
        if accounts is not None and len(accounts)
        else pd.Series("all accounts", index=known.index, dtype="string")
    )
    table = known.assign(at=at, environment=environments).pivot_table(
        index="at", columns="environment", values="sent", aggfunc="sum", observed=True
    )
    table = table.reindex(pd.date_range(last - pd.Timedelta(days=days - 1), last, freq="D")).astype(float)
    order = [e for e in [*ENVIRONMENTS, *sorted(set(table.columns) - set(ENVIRONMENTS))] if e in table.columns]
    ax = canvas(ax, height=2.1, labels=["1.25 M"], right=1.1, below=0.4)
    x = range(len(table))
    most = float(table.max().max()) or 1.0
    ends = []
    for environment in order:
        color = {**_COLORS, "sandbox": MUTED, "dev": MUTED}.get(environment, MUTED)
        style = {"dev": (0, (4, 2)), "sandbox": (0, (1, 1.5))}.get(environment, "-")
        ax.plot(x, table[environment], color=color, linestyle=style, linewidth=1.6)
        valid = table[environment].dropna()
        ends.append((environment, color, float(valid.iloc[-1]) if len(valid) else 0.0))
    heights = spread([e[2] for e in ends], most * 0.09)
    lift = max(0.0, -min(heights))
    for (environment, color, _), y in zip(ends, heights, strict=True):
        ax.text(len(table) - 0.4, y + lift, environment, color=color, va="center", fontsize=9)
    ticks = [i for i, day in enumerate(table.index) if day.weekday() == 0 and i > 1][:: max(1, days // 62)]
    ax.set_xticks(ticks, [f"{table.index[i].day} {Period(2000, table.index[i].month).name[:3]}" for i in ticks])
    ax.set_xlim(0, len(table) - 1)
    ax.set_ylim(0, most * 1.08)
    value_axis(ax, axis="y")
    total = table.sum(axis=1, min_count=1)
    peak = pd.Timestamp(str(total.idxmax()))
    message = (
        f"The busiest of the last {days} days was {peak.day} {Period(peak.year, peak.month).name} "
        f"with {compact(float(total.max()))} messages"
    )
    gaps = int(total.isna().sum())
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle="messages sent per day (UTC) by environment" + (f"; {gaps} days not known" if gaps else ""),
        alt=f"{message}. The median day had {compact(float(total.median()))}. {gaps} days are not known.",
    )
