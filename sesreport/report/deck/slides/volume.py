"""Volume: messages sent by month, and the account that moved most."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.kpis.results import Kpi
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Nothing, SlideContent, slide
from sesreport.report.deck.evidence import NEUTRAL, method
from sesreport.report.deck.kpi_series import chart, known


@slide(order=90, appendix=True)
def volume(pack: Pack) -> SlideContent | None:
    measured = pack.results.find_kpi("sent_volume")
    if measured is None:
        return None
    driver, moved = _driver(pack, measured)
    body = chart(pack, measured, kind="column")
    emphasis = (NEUTRAL,) * (len(body.categories) - 1) + (None,)
    return SlideContent(
        title=titles.volume(measured, driver),
        subtitle="Messages sent by month, all accounts and Regions that were read",
        body=(type(body)(**{**body.__dict__, "point_colors": emphasis}),)
        if known(measured)
        else Nothing(f"No data: {measured.reason}"),
        source="sending",
        kpi=measured,
        notes=method(pack, (measured,), moved),
    )


def _driver(pack: Pack, kpi: Kpi) -> tuple[str, str]:
    """The account with at least half of the change between the last two months, and that said in a sentence."""
    if not kpi.change or len(kpi.series) < 2:
        return "", ""
    rows = pack.columns("monthly", ("period", "account_id", "account_name", "sent"))
    months = [point.period for point in kpi.series[-2:]]
    rows = rows[rows["period"].isin(months)]
    sent = rows.pivot_table(index="account_id", columns="period", values="sent", aggfunc="sum")
    if set(months) - set(sent.columns):
        return "", ""
    moved = (sent[months[1]] - sent[months[0]]).dropna().astype("float64") * (1 if kpi.change > 0 else -1)
    if moved.empty or moved.max() < abs(kpi.change) / 2:
        return "", ""
    account = moved.idxmax()
    named = rows.loc[rows["account_id"] == account, "account_name"].dropna()
    name = str(named.iloc[0]) if len(named) else str(account)
    change = f"{'+' if kpi.change > 0 else '−'}{words.number(moved.max(), 'messages')}"
    return name, f"Largest change: {name} {change} messages (data/monthly.parquet)."
