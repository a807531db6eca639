"""How much is sent and how well it is received."""

from __future__ import annotations

import pandas as pd

from sesreport.kpis import words
from sesreport.kpis.results import OFF_TARGET, WATCH, Results
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, consequence, kpi_of, reasons, section, why_unknown
from sesreport.report.html.table import TableColumn, table

_PLACES = (
    TableColumn("name", "Account", facet=True),
    TableColumn("account_id", "Account id", "id"),
    TableColumn("region", "Region", "id", facet=True),
    TableColumn("bounce_rate", "Bounce rate", "percent", decimals=2),
    TableColumn("bounce_line", "Bounce line reached", facet=True),
    TableColumn("complaint_rate", "Complaint rate", "percent", decimals=3),
    TableColumn("complaint_line", "Complaint line reached", facet=True),
    TableColumn("enforcement_status", "AWS's standing", facet=True),
    TableColumn("sending_enabled", "Sending enabled", facet=True),
    TableColumn("production_access", "Production access", facet=True),
    TableColumn("sent_last_24_hours", "Sent in 24 h", "integer"),
    TableColumn("quota", "24 h quota"),
)
_MONTH = (
    TableColumn("account_name", "Account"),
    TableColumn("account_id", "Account id", "id"),
    TableColumn("environment", "Environment", facet=True),
    TableColumn("sent", "Sent", "integer"),
    TableColumn("delivered", "Delivered", "integer"),
    TableColumn("bounces", "Bounces", "integer"),
    TableColumn("complaints", "Complaints", "integer"),
    TableColumn("rejects", "Rejects", "integer"),
    TableColumn("complete", "Read whole", facet=True),
)


_CONSEQUENCE = "AWS may put an account under review, and pause its sending, until the rate is down."


_RATES = ("bounce_rate", "complaint_rate")


@section(70, "sending", "Sending and reputation")
def sending(pack: Pack) -> SectionContent:
    results, monthly = pack.results, pack.frames.get("monthly")
    month = monthly
    if monthly is not None and len(monthly):
        month = monthly[monthly["period"] == results.period].sort_values(
            ["sent", "account_id"], ascending=[False, True]
        )
    so_what = (consequence(results, _CONSEQUENCE, "bounce_rate", "complaint_rate"), reasons(results, "quota_use"))
    return SectionContent(
        heading=heading(results),
        so_what=" ".join(filter(None, so_what)),
        charts=("bounce_rate", "complaint_rate", "monthly_volume", "daily_volume"),
        tables=(
            table("t-places", "Accounts and Regions, highest bounce rate first", pack.frames, "sending_accounts",
                  _PLACES, rows=_places(pack)),
            table("t-month", f"Messages of {results.period_name} by account", pack.frames, "monthly", _MONTH,
                  rows=month, none=f"Nothing is known of {results.period_name}."),
        ),
    )  # fmt: skip


def heading(results: Results) -> str:
    """The rates beyond their target, else the volume."""
    rates = [kpi for kpi_id in _RATES if (kpi := kpi_of(results, kpi_id))]
    sent = kpi_of(results, "sent_volume")
    volume = f"{words.value_of(sent)} messages sent" if sent else ""
    if not rates:
        unknown = f"Bounce and complaint rates are not known. {why_unknown(results, 'bounce_rate', 'complaint_rate')}"
        return f"{volume}. {unknown}" if volume else unknown
    beyond = [k for k in rates if k.status in (OFF_TARGET, WATCH)]
    within = [k.label.lower() for k in rates if k not in beyond]
    missing = [k.label.lower() for k in results.kpis if k.id in _RATES and k.value is None]
    parts = [
        f"{' and '.join(f'{k.label.lower()} {words.value_of(k)}' for k in beyond)}: beyond target" if beyond else "",
        f"{' and '.join(within)} within target" if within and not beyond else "",
        f"{' and '.join(missing)} not known" if missing else "",
        volume if not beyond else "",
    ]
    told = "; ".join(filter(None, parts))
    return told[0].upper() + told[1:]


def _places(pack: Pack) -> pd.DataFrame | None:
    frame = pack.frames.get("sending_accounts")
    if frame is None or frame.empty:
        return frame
    accounts = pack.frames.get("accounts")
    names = (
        frame["account_id"].map(accounts.set_index("account_id")["name"])
        if accounts is not None
        else frame["account_id"]
    )
    quota = frame["max_24_hour_send"]
    written = quota.map(lambda v: None if pd.isna(v) else "unlimited" if v < 0 else f"{v:,.0f}")
    made = frame.assign(name=names, quota=written)
    return made.sort_values(["bounce_rate", "account_id", "region"], ascending=[False, True, True], na_position="first")
