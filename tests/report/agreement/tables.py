"""What every table of an output must show, row by row, made from results.json and the frames."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import pandas as pd
from lxml import html as lxml_html

from agreement.extraction import Table
from agreement.facts import BUDGET, LINES, PLACE, Facts
from agreement.sayings import due
from sesreport.governance.evidence import controls
from sesreport.governance.fix import proposals
from sesreport.kpis import words
from sesreport.kpis.results import Kpi, Results
from sesreport.report import tables

CUT = re.compile(r"(…|\.\.\.)( \([\d,]+ more characters\))?$")
Row = tuple[Any, ...]


def wrong(table: Table, facts: Facts) -> list[str]:
    """What a table shows that the pack does not know, or the other way round."""
    if table.output not in ("workbook", "deck", "page", "mail"):
        known = (table.header, table.rows) in shown_in_notebooks(facts) or not table.rows
        return [] if known else ["no frame or selection of the notebook looks like it"]
    header = _expected(table.output, table.where, table.header, facts)[0]
    loose = [name for name in table.header if name not in header and _digits(table, name)]
    if loose:
        return [f"nobody says what the columns {loose} should show"]
    names = tuple(name for name in header if name in table.header)
    paged = table.output == "deck" and {"Actual", "Formula"} & {*table.header}  # the rest is on another slide
    here = frozenset(row[0] for row in table.rows) if paged else None
    known_rows = _known(table.output, table.where, table.header, names, here, facts)
    at = [table.header.index(name) for name in names]
    shown = Counter(tuple(_plain(row[place]) for place in at) for row in table.rows)
    more, less = shown - known_rows, known_rows - shown
    return [] if _same_but_cut(more, less) else [f"shown: {list(more)[:3]}, known: {list(less)[:3]}"]


def _digits(table: Table, name: str) -> bool:
    at = table.header.index(name)
    return any(re.search(r"\d", str(row[at])) for row in table.rows if row[at] is not None)


def _plain(value: Any) -> Any:
    """A value as it is compared: what is not known, and words for it, are nothing."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp | datetime):
        return pd.Timestamp(value).tz_localize(None).round("s").isoformat()
    if isinstance(value, int | float):
        return f"{float(value):.9g}"
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return _plain("; ".join(str(each) for each in value))
    text = " ".join(str(value).split())
    return text if re.search(r"\d", text) or CUT.search(text) else ""


def _same_but_cut(shown: Counter[Row], known: Counter[Row]) -> bool:
    """Whether the rows are the same but for texts that were shortened, and rows without a number."""
    rest = list(known.elements())
    for row in filter(any, shown.elements()):
        match = next((other for other in rest if all(map(_same_beginning, row, other))), None)
        if match is None:
            return False
        rest.remove(match)
    return not any(map(any, rest))


def _same_beginning(shown: str, known: str) -> bool:
    if shown == known or not CUT.search(shown):
        return shown == known
    left = CUT.sub("", shown).rstrip()
    return known.startswith(left) or not (known or re.search(r"\d", left))


@cache
def _known(
    output: str, where: str, header: tuple[str, ...], names: tuple[str, ...], labels: frozenset[str] | None,
    facts: Facts,
) -> Counter[Row]:  # fmt: skip
    """The rows that a table should show, in these columns; with ``labels``, those that begin with one of them."""
    every, rows = _expected(output, where, header, facts)
    at = [list(every).index(name) for name in names]
    wanted = rows if labels is None else [row for row in rows if row[0] in labels]
    return Counter(tuple(_plain(row[place]) for place in at) for row in wanted)


@cache
def _expected(output: str, where: str, header: tuple[str, ...], facts: Facts) -> tuple[Sequence[str], Sequence[Row]]:
    if output == "workbook":
        return SHEETS[where](facts)
    if output == "page" and where.startswith("t-"):
        return PAGE[where.removesuffix(", whole")](facts)
    return _written(output, header, facts.results, facts)


def under(rows: pd.DataFrame, columns: dict[str, str]) -> tuple[list[str], list[Row]]:
    """The columns of a frame under the headers that show them."""
    return list(columns), list(rows[list(columns.values())].itertuples(index=False, name=None))


def _named(names: Sequence[str], **others: str) -> dict[str, str]:
    """Headers that are a column's name in words, and ``others``."""
    return {name.replace("_", " ").capitalize(): name for name in names} | others


def _scorecard(facts: Facts) -> tuple[list[str], list[Row]]:
    months = [str(month) for month in facts.month.back(13)]
    header = ["KPI", "Status", "Actual", "Target", "Prior", "Change", "Reading", *months, "Numerator", "Denominator",
              "Rests on"]  # fmt: skip
    rows = [
        (kpi.label, words.judgement(kpi), kpi.value, kpi.target, kpi.prior, kpi.change, kpi.reason,
         *(point.value for point in kpi.series), kpi.numerator, kpi.denominator,
         f"{kpi.coverage.read} of {kpi.coverage.expected} places")
        for kpi in facts.results.kpis
    ]  # fmt: skip
    return header, rows


def _cover(facts: Facts) -> tuple[list[str], list[Row]]:
    results, snapshot = facts.results, facts.results.snapshot
    page = results.page_one
    rows: list[Row] = [
        (f"What happened {n}", f"{words.SHAPES[each.status]} {each.text}") for n, each in enumerate(page.happened, 1)
    ]
    rows += [("What it costs", page.cost), *((f"Are we safer {n}", told) for n, told in enumerate(page.safer, 1))]
    rows += [
        (None, f"{words.judgement(k)}: {words.value_of(k)} ({words.target(k)})") for k in results.kpis if k.headline
    ]
    rows += [
        (f"Asked of you {n}", f"{d.decision} · {d.owner} · {due(rows)}")
        for n, (d, rows) in enumerate(zip(results.decisions, facts.ask_lines, strict=False), 1)
    ]
    rows.append(("More asks", f"{facts.more_asks(len(results.decisions))}: sheet Actions"))
    rest = [results.coverage.statement, results.compared_with, results.contact,
            f"{results.period_name} ({results.period}), months in UTC",
            f"{snapshot.id}, collection finished {snapshot.finished_at}"]  # fmt: skip
    rows += [(None, text) for text in rest]
    return ["Item", "What it says"], [*rows, ("Snapshot SHA-256", snapshot.sha256), (None, results.limits)]


def _contents(facts: Facts) -> tuple[list[str], list[Row]]:
    counts = [(name, len(made(facts)[1])) for name, made in SHEETS.items() if name not in ("Contents", "Cover")]
    results = facts.results
    cover = (
        len(results.page_one.happened)
        + 1
        + len(results.page_one.safer)
        + sum(kpi.headline for kpi in results.kpis)
        + len(results.decisions)
        + 8
    )
    cover += bool(results.more_asks)
    cover += bool(results.compared_with) + bool(results.contact)
    return ["Sheet", "Rows"], [("Cover", cover), *counts]


def _breakdown(facts: Facts) -> pd.DataFrame:
    rows = facts["kpi_breakdown"].query("dimension != 'overall'")
    kpis = {kpi.id: kpi for kpi in facts.results.kpis}
    return rows.assign(
        label=rows["kpi"].map({name: kpi.label for name, kpi in kpis.items()}),
        target=rows["kpi"].map({name: kpi.target for name, kpi in kpis.items()}),
        change=(rows["value"] - rows["prior"]).where(rows["places_read"] >= rows["places_expected"]),
    )


def _breakdown_in_words(facts: Facts) -> tuple[list[str], list[Row]]:
    kpis = {kpi.id: kpi for kpi in facts.results.kpis}
    rows = []
    for row in _breakdown(facts).itertuples():
        kpi = kpis[row.kpi]
        value, prior = (
            words.number(None if pd.isna(v) else float(v), kpi.unit, kpi.currency) for v in (row.value, row.prior)
        )
        rows.append(
            (kpi.label, row.group, value, prior, words.target(kpi), row.places_read, row.places_expected, row.reason)
        )
    return ["KPI", "Group", "Actual", "Prior", "Target", "Places read", "of", "What it leaves out"], rows


def _trends(facts: Facts) -> tuple[list[str], list[Row]]:
    rows = [(kpi.label, p.period, p.value, kpi.target) for kpi in facts.results.kpis for p in kpi.series]
    return ["KPI", "Month", "Value", "Target"], rows


def _sending(facts: Facts) -> tuple[list[str], list[Row]]:
    rows = facts["monthly"].assign(
        lines=[_lines(facts, *key) for key in facts["monthly"][["account_id", "period"]].to_numpy()]
    )
    columns = _named(
        ["account_id", "sent", "delivered", "bounces", "complaints", "rejects", "bounce_rate", "complaint_rate"],
        Month="period", **{"AWS lines reached": "lines"},
    )  # fmt: skip
    return under(rows, columns)


def _lines(facts: Facts, account: str, period: str) -> str:
    """The lines of AWS that an account has reached in the month, the pause lines first."""
    if period != facts.results.period:
        return ""
    places = facts["sending_accounts"].query("account_id == @account")
    highest = {rate: places[rate].max() for rate in LINES}
    told = []
    for which in (1, 0):
        for rate, lines in LINES.items():
            reached = highest[rate] >= lines[which] and (which == 1 or highest[rate] < lines[1])
            if pd.notna(highest[rate]) and reached:
                told.append(f"{rate.split('_')[0]} {('review', 'pause')[which]} line ({lines[which] * 100:g} %)")
    return "; ".join(told)


def _unusual(facts: Facts) -> tuple[list[str], list[Row]]:
    header = ["Account id", "Region", "From", "Worst or about", "Until", "Value", "Expected", "Low", "High", "Line",
              "Deviations", "In words"]  # fmt: skip
    found = facts["anomalies"].assign(threshold=None)
    ahead = facts["forecasts"].assign(deviations=None)
    columns = (
        ("first_day", "day", "last_day", "value", "expected"),
        ("earliest_at", "crosses_at", "latest_at", "current", "forecast"),
    )  # fmt: skip
    rows: list[Row] = []
    for part, names in zip((found, ahead), columns, strict=True):
        wanted = [*PLACE, *names, "low", "high", "threshold", "deviations", "words"]
        rows += part[wanted].itertuples(index=False, name=None)
    return header, rows


def _costs(facts: Facts) -> tuple[list[str], list[Row]]:
    """The organization's 13 months, and the groups of the last."""
    frame, months = facts["unit_costs"], [str(month) for month in facts.month.back(13)]
    whole = frame[frame["dimension"].eq("organization") & frame["period"].isin(months)]
    rows = pd.concat([whole, facts.costs_of_month])
    before = frame.assign(
        period=[str(pd.Period(month) + 1) for month in frame["period"]], prior=frame["billed_cost"]
    )  # fmt: skip
    keys = ["period", "dimension", "group", "billing_currency"]
    rows = rows.merge(before[[*keys, "prior"]], how="left", on=keys)
    labels = [facts.kpi(name).label for name in
              ("billed_cost", "cost_per_thousand_delivered", "cost_with_owner", "budget_used")]  # fmt: skip
    order = [kpi.label for kpi in facts.results.kpis if kpi.label in labels]
    read = set(facts["kpi_cost_with_owner"]["account_id"])
    rows = rows.assign(
        behind=["; ".join(order) if group in read else "none" for group in rows["group"]],
        budget=[BUDGET if dimension == "organization" else None for dimension in rows["dimension"]],
    )
    decimals = ["billed_cost", "prior", "usage_cost", "fees", "taxes", "credits", "refunds", "recipients", "delivered",
                "cost_per_thousand_recipients", "cost_per_thousand_delivered"]  # fmt: skip
    return under(
        rows.astype(dict.fromkeys(decimals, "Float64")),
        _named(["group", "recipients", "delivered", "fees", "taxes", "refunds", "budget"])
        | {"Month": "period", "Cost": "billed_cost", "Month before": "prior", "Usage": "usage_cost",
           "Per 1,000 recipients": "cost_per_thousand_recipients",
           "Per 1,000 delivered": "cost_per_thousand_delivered", "Credits, discounts": "credits",
           "Behind KPI": "behind"},
    )  # fmt: skip


def _showback(facts: Facts, by: str) -> pd.DataFrame:
    """As the page writes it: cents, percent."""
    rows = facts.showback(by)
    return rows.assign(
        cost=rows["cost"].round(2), avoidable=rows["avoidable"].round(2), share=(rows["share"] * 100).round(1)
    )


def _accounts_of_costs(facts: Facts) -> pd.DataFrame:
    costs = facts.costs_of_month.query("dimension == 'account'")
    rows = _showback(facts, "account").merge(costs, on="group")
    return rows.astype({"recipients": "Float64", "delivered": "Float64"}).assign(
        each=rows["cost_per_thousand_delivered"].astype("Float64").round(3)
    )


def _dearest(facts: Facts) -> tuple[list[str], list[Row]]:
    """The three largest amounts, as a slide shows them."""
    rows = facts["waste"].head(3)
    header = ["Amount", "Avoidable", "Where", "What to do"]
    return header, [
        (words.money(row.amount, "USD"), f"{row.kind}: {row.subject}", f"{row.account_name}, {row.region}", row.action)
        for row in rows.itertuples()
    ]


def _run(facts: Facts) -> tuple[list[str], list[Row]]:
    results, snapshot = facts.results, facts.results.snapshot
    texts = [results.period, results.organization_id, snapshot.id, snapshot.sha256, snapshot.started_at,
             snapshot.finished_at, snapshot.tool_version, results.configuration_sha256, results.register_sha256,
             results.compared_with or "none", results.format]  # fmt: skip
    items = [(None, text) for text in texts]
    items[3] = ("Snapshot SHA-256", snapshot.sha256)
    items[7], items[8] = ("Configuration SHA-256", items[7][1]), ("Register SHA-256", items[8][1])
    return ["Item", "Value"], [*items, *((f"Rows of {name}", f"{len(facts[name]):,}") for name in facts.frames)]


def _definitions(facts: Facts) -> tuple[list[str], list[Row]]:
    header = ["KPI", "Question", "Definition", "Formula", "Source", "Target", "Watch limit", "Rows behind it", "Id"]
    return header, [
        (k.label, k.question, k.definition, k.formula, k.source, k.target, k.watch, f"data/{k.frame}.parquet", k.id)
        for k in facts.results.kpis
    ]


_FINDING = {"Finding": "title", "Policy": "policy_name", "Account": "account_name", "Opened (UTC)": "opened_at",
            "First seen (UTC)": "first_seen", "Resolved (UTC)": "resolved_at"}  # fmt: skip
_IN_PLACE = ["account_id", "region", "identity"]


def _fixes(facts: Facts) -> pd.DataFrame:
    """The frame with the titles of the findings instead of their fingerprints."""
    titles = facts["findings"].set_index("fingerprint")["title"]
    frame = facts["fixes"]

    def told(column: str, of: Callable[[str], str]) -> list[str | None]:
        return ["; ".join(map(of, value)) if _is_list(value) else None for value in frame[column]]

    return frame.assign(
        ends=told("resolves", lambda one: titles[one]),
        stays=told("remains", lambda one: titles[one]),
        changes=told("changes", str),
        folder=[f"fixes/{fix.name}" if fix.offered else None for fix in proposals(frame, facts["findings"])],
    )


def _with_fix(facts: Facts) -> pd.DataFrame:
    """Findings with the words that stand beside them."""
    told: dict[str, list[str]] = {}
    for row in facts["fixes"].to_dict("records"):
        verb = {"replace": "narrow", "delete": "delete"}.get(row["fix"])
        for column in ("resolves", "remains"):
            for fingerprint in row[column] if _is_list(row[column]) else ():
                if verb is None:
                    words = f"not offered: {row['reason']}"
                elif column == "remains":
                    words = "none: the register approves what it is about; limit the approval first"
                else:
                    words = f"{verb} policy {row['policy_name']}: {'; '.join(row['changes'])}"
                told.setdefault(fingerprint, []).append(words)
    findings = facts["findings"]
    return findings.assign(
        fix=["; ".join(told.get(one, ["none: it is not about a policy"])) for one in findings["fingerprint"]]
    )


def _grantee(row: Any) -> str:
    """A grantee in words."""
    if pd.isna(row.grantee_account_id):
        return str(row.grantee)
    named = "" if pd.isna(row.grantee_name) else f"{row.grantee_name}, "
    plain = row.grantee in (row.grantee_account_id, f"arn:aws:iam::{row.grantee_account_id}:root")
    return f"{named}account {row.grantee_account_id}{'' if plain else f' ({row.grantee})'}"


def _is_list(value: object) -> bool:
    return value is not None and hasattr(value, "__iter__") and not isinstance(value, str)


SHEETS: dict[str, Callable[[Facts], tuple[Sequence[str], Sequence[Row]]]] = {
    "Cover": _cover,
    "Contents": _contents,
    "Scorecard": _scorecard,
    "By account, OU, owner": lambda facts: under(
        _breakdown(facts),
        _named(["group", "prior", "change", "target", "numerator", "denominator", "places_read", "places_expected"])
        | {"KPI": "label", "Actual": "value", "Not judged": "unknown", "What it leaves out": "reason"},
    ),
    "Trends": _trends,
    "Changes": lambda facts: under(
        facts["changes_since"], _named([*_IN_PLACE, "subject", "before", "after"])
    ),
    "Exposure": lambda facts: under(
        facts["exposures"],
        _named([*_IN_PLACE, "external_accounts", "reasons", "policies"], **{"AWS services": "services"}),
    ),
    "Grants": lambda facts: under(
        facts["grants"],
        _named(
            [*_IN_PLACE, "grantee", "grantee_account_id", "approval_id", "from_patterns", "actions", "conditions",
             "why", "statement", "sid"],
            Policy="policy_name",
        ),
    ),
    "Trust register": lambda facts: under(
        facts.register,
        _named(["account_id", "ticket"])
        | {"Identities it can send from": "live", "Live grants": "grants", "Approved on": "approved_at",
           "Approval": "approval_id", "Grants by this approval": "used_by", "Reviewed every": "reviewed",
           "Expires on": "expires_at", "Approved identities": "identities", "Approved From patterns": "from_patterns",
           "Justification": "justification"},
    ),
    "Reviews": lambda facts: under(
        facts["reviews"].assign(every=facts["reviews"]["review_every"].fillna("3 months")),
        _named([*_IN_PLACE, "grantee", "statement", "approval_id"])
        | {"To answer for": "due_quarter", "What that means": "exposure", "What the policy allows": "allowed",
           "Changed since the last answer": "changed", "Answered for": "answered_quarter", "Answered on": "answered_at",
           "To be done by": "due", "First seen": "since", "Reviewed every": "every", "Policy": "policy_name"},
    ),
    "Ownership": lambda facts: under(
        facts["identities"],
        _named([*_IN_PLACE, "ticket", "configuration_set", "bounce_topic", "complaint_topic", "policies"]),
    ),
    "Sending & reputation": _sending,
    "Sending places": lambda facts: under(
        facts.sending_places,
        _named([*PLACE, "busiest_day", "quota_use", "sent", "bounces", "complaints"])
        | {"AWS bounce rate": "bounce_rate", "AWS complaint rate": "complaint_rate",
           "24-hour quota": "max_24_hour_send"},
    ),
    "Anomalies & forecasts": _unusual,
    "Cost": _costs,
    "Waste": lambda facts: under(
        facts["waste"].astype({"amount": "Float64"}),
        _named([*PLACE, "amount", "subject", "formula"], **{"What to do": "action", "Account": "account_name"}),
    ),
    "Actions": lambda facts: under(
        facts["actions"].astype({"value": "Float64"}),
        _named(
            [*_IN_PLACE, "rank", "ask", "asked_of", "due", "days_overdue", "times_asked", "accepted_until",
             "outside_accounts", "fingerprint", "episode"],
            **{"Outcome since (UTC)": "outcome_at", "Why": "outcome_reason", "What rides on it": "reach",
               "If it is not done": "effect", "Opened (UTC)": "opened_at", "Account": "account_name",
               "Messages of its account and Region": "messages", "Worth": "value"},
        ),
    ),
    "Findings": lambda facts: under(
        _with_fix(facts),
        _FINDING
        | _named(
            [*_IN_PLACE, "fix", "grantee", "age", "days_open", "evidence", "recommendation", "fingerprint"]
        ),
    ),
    "Fixes": lambda facts: under(
        _fixes(facts),
        _named(["identity", "account_id", "region", "fix"])
        | {"Policy": "policy_name", "Findings it ends": "ends", "Findings that stay": "stays",
           "What changes": "changes", "Why none is offered": "reason", "Policy as it is": "before",
           "Policy as it would be": "after", "Folder in the pack": "folder"},
    ),
    "Evidence": lambda facts: under(
        _evidence(facts),
        _named(["standard", "control", "population", "exceptions", "sample"])
        | {"What is shown": "shows", "Population: frame": "of", "Numbers": "kpis", "Folder under evidence/": "folder"},
    ),
    "Remediation": lambda facts: under(
        facts["lives"],
        _FINDING
        | _named([*_IN_PLACE, "grantee", "reopened", "fingerprint", "episode"])
        | {"Last seen (UTC)": "last_seen", "Days, at least": "days_low", "Days, at most": "days_high",
           "Opened after (UTC)": "opened_after", "Opened before (UTC)": "opened_by",
           "Resolved after (UTC)": "resolved_after",
           "Resolved before (UTC)": "resolved_by", "Counts as opened in": "opened_in",
           "Counts as resolved in": "resolved_in", "Why not observed": "reason"},
    ),
    "Data quality": lambda facts: under(
        facts["coverage"], _named([*PLACE, "reason", "rows", "seconds"], **{"API calls": "calls"})
    ),
    "Definitions": _definitions,
    "Run": _run,
}  # fmt: skip
"""The table of each sheet."""


def _page(
    rows: pd.DataFrame, columns: dict[str, str], *, percents: dict[str, int] | None = None
) -> tuple[list[str], list[Row]]:
    """As the page writes a frame: days, lists with commas, shares in percent of so many digits."""
    made = rows.copy()
    for name in made.columns:
        if isinstance(made[name].dtype, pd.DatetimeTZDtype) or str(made[name].dtype).startswith("timestamp"):
            made[name] = [None if pd.isna(v) else f"{v:%Y-%m-%d}" for v in made[name]]
        elif name in (percents or {}):
            made[name] = [None if pd.isna(v) else round(float(v) * 100, (percents or {})[name]) for v in made[name]]
        else:
            made[name] = [_listed(value) for value in made[name].astype("object")]
    return under(made, columns)


def _listed(value: Any) -> Any:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return value
    return ", ".join(str(each) for each in value)


def _days(rows: pd.DataFrame, *names: str) -> pd.DataFrame:
    return rows.assign(**{n: [None if pd.isna(v) else f"{v:,.1f}" for v in rows[n].astype("object")] for n in names})


PAGE: dict[str, Callable[[Facts], tuple[Sequence[str], Sequence[Row]]]] = {
    "t-breakdown": _breakdown_in_words,
    "t-changes": lambda facts: _page(
        facts["changes_since"], _named(["identity", "subject", "before", "after", "region"], Account="account_id")
    ),
    "t-exposures": lambda facts: _page(
        facts["exposures"],
        _named(["identity", "region", "policies"])
        | {"Outside accounts": "external_accounts", "Account": "account_id", "Why": "reasons"},
    ),
    "t-grants": lambda facts: _page(
        facts.grants_beyond,
        _named(["identity", "region", "conditions", "why"])
        | {"Outside account": "grantee_account_id", "Account": "account_id", "Policy": "policy_name",
           "From addresses": "from_patterns"},
    ),
    "t-register": lambda facts: _page(
        facts["register"],
        _named(["ticket", "justification"])
        | {"Outside account": "account_id", "Approval": "approval_id", "Expires": "expires_at",
           "Approved for": "identities", "Approved": "approved_at"},
    ),
    "t-reviews": lambda facts: _page(
        facts["reviews"].assign(who=[_grantee(row) for row in facts["reviews"].itertuples()]),
        _named(["identity", "region"])
        | {"To answer for": "due_quarter", "Who may send": "who", "What that means": "exposure",
           "Changed since the last answer": "changed", "Answered": "answered_at", "To be done by": "due",
           "Account": "account_id", "Policy": "policy_name"},
    ),
    "t-unowned": lambda facts: _page(
        facts["identities"].query("owner.isna() and tags.notna()"),
        _named(["identity", "region", "policies", "ticket"], Account="account_id"),
    ),
    "t-places": lambda facts: _page(
        facts["sending_accounts"].assign(
            quota=["unlimited" if v < 0 else f"{v:,.0f}" for v in facts["sending_accounts"]["max_24_hour_send"]]
        ),
        _named([*PLACE, "bounce_rate", "complaint_rate"])
        | {"Sent in 24 h": "sent_last_24_hours", "24 h quota": "quota"},
        percents={"bounce_rate": 2, "complaint_rate": 3},
    ),
    "t-month": lambda facts: _page(
        facts["monthly"].query("period == @facts.results.period"),
        _named(["account_id", "sent", "delivered", "bounces", "complaints", "rejects"]),
    ),
    "t-anomalies": lambda facts: _page(
        facts["anomalies"], _named([*PLACE, "days"]) | {"Worst day": "day", "In words": "words"}
    ),
    "t-forecasts": lambda facts: _page(
        facts["forecasts"],
        _named(PLACE) | {"Earliest": "earliest_at", "About": "crosses_at", "Latest": "latest_at", "In words": "words"},
    ),
    "t-cost-owners": lambda facts: under(
        _showback(facts, "owner"),
        _named(["cost", "share", "avoidable"]) | {"Owner": "group", "Exposed identities": "exposed"},
    ),
    "t-cost-accounts": lambda facts: under(
        _accounts_of_costs(facts),
        _named(["cost", "share", "avoidable", "recipients", "delivered"])
        | {"Account id": "group", "Exposed identities": "exposed", "Per 1,000 delivered": "each"},
    ),
    "t-waste": lambda facts: under(
        facts["waste"].assign(cents=facts["waste"]["amount"].astype("Float64").round(2)),
        _named([*PLACE, "subject"])
        | {"Amount": "cents", "What to do": "action", "How it was computed": "formula"},
    ),
    "t-stakes": lambda facts: _page(
        facts["stakes"],
        _named(["identity", "region"])
        | {"Account": "account_id", "Messages of the month": "messages", "Shared by identities": "shared_by"},
    ),
    "t-runway": lambda facts: _page(
        facts["runway"],
        _named([*PLACE, "sent", "bounces", "complaints"])
        | {"More until review": "bounces_to_review", "More until pause": "bounces_to_pause",
           "More complaints until review": "complaints_to_review", "More complaints until pause":
           "complaints_to_pause"},
    ),
    "t-budgets": lambda facts: under(
        facts["budget_agreement"].astype({"amount": "Float64"}),
        {"A month": "amount", "Budget": "budget_name", "In words": "words"},
    ),
    "t-findings": lambda facts: _page(
        _with_fix(facts).assign(mark=facts["findings"]["fingerprint"].str[:12]),
        _named(["fix", *_IN_PLACE, "grantee", "evidence", "recommendation", "first_seen", "age"])
        | {"Finding": "title", "Opened": "opened_at", "Fingerprint": "mark"},
    ),
    "t-times": lambda facts: _page(
        _days(facts["remediation_times"], "mean_days", "median_days", "oldest_days"),
        _named(["open", "not_observed", "excepted", "mean_days"])
        | {"Resolved in the month": "resolved", "Median days, open ones counted": "median_days",
           "Oldest, days": "oldest_days", "Why there is none": "reason", "Which": "group"},
    ),
    "t-lives": lambda facts: _page(
        _days(facts["lives"].assign(mark=facts["lives"]["fingerprint"].str[:12]), "days_low", "days_high"),
        _named([*_IN_PLACE, "grantee", "first_seen", "last_seen", "resolved_by", "reopened"])
        | {"Finding": "title", "Days, at least": "days_low", "Days, at most": "days_high", "Why not observed": "reason",
           "Fingerprint": "mark"},
    ),
    "t-gaps": lambda facts: (
        ["Account id", "Region", "Dataset", "Reason"],
        [(gap.account_id, gap.region, gap.dataset, gap.reason) for gap in facts.results.coverage.gaps],
    ),
}  # fmt: skip
"""The tables of the page by their ids, with all their rows."""


def standing_rows(static: Table, whole: Table) -> list[str]:
    """Where the rows that stand in the page are not the first of those that its script draws."""
    for number, (shown, known) in enumerate(zip(static.rows, whole.rows, strict=False), 1):
        for cell, value in zip(shown, known, strict=True):
            if isinstance(value, int | float) and not isinstance(value, bool):
                if float(cell.replace(",", "").replace(" %", "")) != float(value):
                    return [f"row {number}: {cell}, not {value}"]
            elif _plain(cell) != _plain(value):
                return [f"row {number}: {cell}, not {value}"]
    return [] if len(static.rows) == min(50, len(whole.rows)) else [f"{len(static.rows)} rows stand in the page"]


def _evidence(facts: Facts) -> pd.DataFrame:
    """The controls with how many rows there are of each kind."""
    findings = facts["findings"]
    rows = []
    for control in controls():
        whole = facts[control.population]
        of_rules = int(findings["rule"].isin(list(control.rules)).sum())
        unread = None
        if control.population == "coverage":
            disabled = whole["status"].eq("region_disabled") & whole["dataset"].eq("everything")
            unread = whole["status"].ne("ok") & ~disabled
        told = [f"{k.label}: {words.value_of(k)} ({k.status})" for k in facts.results.kpis if k.id in control.kpis]
        rows.append(
            (control.standard, control.id, control.shows, control.population, len(whole),
             of_rules if unread is None else int(unread.sum()), min(25, len(whole)), "; ".join(told), control.folder)
        )  # fmt: skip
    names = ["standard", "control", "shows", "of", "population", "exceptions", "sample", "kpis", "folder"]
    return pd.DataFrame(rows, columns=names)


def _standards(facts: Facts) -> tuple[Sequence[str], Sequence[Row]]:
    """The controls by standard, as the appendix lists them."""
    rows = [
        (standard, ", ".join(part["control"]), f"{int(part['exceptions'].gt(0).sum())} of {len(part)}")
        for standard, part in _evidence(facts).groupby("standard", sort=False)
    ]
    return ["Standard", "Controls", "With exceptions"], rows


def _written(
    output: str, header: tuple[str, ...], results: Results, facts: Facts
) -> tuple[Sequence[str], Sequence[Row]]:
    """Tables of results as text: scorecards, decisions, gaps, definitions."""
    if header[0] == "KPI" and "Formula" in header:
        shown = [kpi for kpi in results.kpis if kpi.headline or output != "deck"]
        return ["KPI", "Definition", "Formula", "Source"], [(k.label, k.definition, k.formula, k.source) for k in shown]
    if header[0] in ("KPI", "Control"):
        return _scores(output, results.kpis)
    if header[0] == "Standard":
        return _standards(facts)
    if header[0] == "Amount":
        return _dearest(facts)
    if header[0] == "Decision" or (header[0] == "Asked" and "What rides on it" in header):
        return _asked(facts)
    return _gaps(facts)


def _asked(facts: Facts) -> tuple[Sequence[str], Sequence[Row]]:
    """The decisions by the frame of actions; only their words are those of the results."""
    header = ["Decision", "Asked", "Owner", "Of", "By", "Due", "What rides on it", "If not done"]
    lines = zip(facts.results.decisions, facts.ask_lines, strict=False)
    return header, [
        (
            each.decision,
            each.decision,
            rows.iloc[0]["asked_of"],
            rows.iloc[0]["asked_of"],
            due(rows),
            due(rows),
            rows.iloc[0]["reach"],
            rows.iloc[0]["effect"],
        )
        for each, rows in lines
    ]


def _scores(output: str, kpis: Sequence[Kpi]) -> tuple[Sequence[str], Sequence[Row]]:
    """The scorecard as the output writes it; a mail shows the board's own numbers, and what misses its target."""
    header = ["KPI", "Actual", "Target", "Change", "Status", "Control", "Value", "Owner, basis"]
    rows: list[Row] = []
    for kpi in kpis:
        if output == "mail" and not (kpi.headline or (kpi.target is not None and kpi.status != "on target")):
            continue
        value, change, page = words.value_of(kpi), words.change(kpi), output == "page"
        since = " since the month before" if kpi.change is not None else ""
        rows.append(
            (
                f"{kpi.label} {kpi.reason}" if page else kpi.label,
                f"{value} {words.fraction(kpi)}" if page else value,
                words.target(kpi), change, words.judgement(kpi),
                f"{kpi.label} {words.aim(kpi)}; {change}{since}", value,
                f"{kpi.owner} {kpi.coverage.read} of {kpi.coverage.expected} places",
            )
        )  # fmt: skip
    return header, rows


def _gaps(facts: Facts) -> tuple[Sequence[str], Sequence[Row]]:
    """The nine places of the slide: those that count as not read, then those read in part."""
    unread = set(map(tuple, facts.unread(("identities", "policies"))[PLACE].to_numpy()))
    places: dict[tuple[str, str], str] = {}
    for gap in facts.results.coverage.gaps:
        places.setdefault((gap.account_id, gap.region), gap.reason)
    order = sorted(places, key=lambda place: (place not in unread, place[1] == "global"))
    return ["Account id", "Region", "Reason"], [(*place, places[place]) for place in order[:9]]


@cache
def shown_in_notebooks(facts: Facts) -> list[tuple[tuple[str, ...], tuple[Row, ...]]]:
    """Every table of a notebook as pandas shows it."""
    shown = []
    for width in (50, None):  # that of a kernel, and of what is shown whole
        with pd.option_context("display.max_columns", 20, "display.max_rows", 60, "display.max_colwidth", width):
            shown += [_repr(made) for made in _selections(facts)]
    return shown


def _repr(made: pd.DataFrame) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    root = lxml_html.fromstring(made._repr_html_())  # type: ignore[operator]
    rows = tuple(_texts(row) for row in root.xpath(".//tbody/tr"))
    return _texts(root.xpath(".//thead/tr")[0]), rows


def _texts(row: Any) -> tuple[str, ...]:
    return tuple(" ".join(" ".join(cell.itertext()).split()) for cell in row.xpath("./th | ./td"))


def _selections(facts: Facts) -> Iterator[pd.DataFrame]:
    results, month = facts.results, facts.results.period
    yield from (
        tables.decisions(results),
        tables.last_asks(results),
        tables.scorecard(results),
        tables.series(results),
        tables.gaps(results.coverage),
        tables.answers(facts["attestations"]),
    )
    yield tables.reviews(facts["reviews"]).head(25)
    yield tables.fixes(facts.frames).head(25)
    yield facts["kpi_oldest_unreviewed_grant"].head(25)
    yield tables.breakdown(results, facts["kpi_breakdown"], "environment")
    for name in ("wildcard_policies", "unknown_accounts", "owned_identities", "mean_time_to_remediate",
                 "share_answered_keep"):  # fmt: skip
        yield tables.definition(results, name)
    for name in (
        "changes_since", "kpi_public_identities", "kpi_wildcard_policies", "kpi_unknown_accounts", "register",
        "approvals", "kpi_expired_grants", "kpi_sent_volume", "kpi_bounce_rate",
    ):  # fmt: skip
        yield facts[name]
    grants, lives, anomalies, forecasts = (facts[n] for n in ("grants", "lives", "anomalies", "forecasts"))
    scopes = grants["scope"].isin(["public", "external", "needs review"])
    yield grants.loc[scopes, ["identity", "policy_name", "grantee", "scope", "why"]]
    owned = facts["kpi_owned_identities"]
    yield owned[owned["owner"].isna()].head(25)
    by = facts["kpi_breakdown"].query("kpi == 'owned_identities' and dimension == 'environment'").set_index("group")
    yield by[["numerator", "denominator", "value", "places_read", "places_expected"]]
    yield facts["kpi_quota_use"].head(15)
    places = facts["sending_accounts"]
    yield places[places["enforcement_status"].fillna("not known") != "HEALTHY"]
    grave = anomalies[anomalies["severity"].isin(["critical", "high", "medium"])]
    yield grave[[*PLACE, "kind", "severity", "first_day", "last_day", "deviations", "words"]]
    yield forecasts.loc[forecasts["state"] != "no crossing", [*PLACE, "state", "earliest_at", "words"]]
    told = [
        "severity",
        "title",
        "identity",
        "grantee",
        "first_seen",
        "resolved_by",
        "resolved_basis",
        "days_low",
        "days_high",
    ]
    yield lives.loc[lives["resolved_in"].eq(month), told]
    yield facts["remediation_times"].set_index(["dimension", "group"])
    standing = lives[lives["status"].eq("open") & lives["severity"].isin(["critical", "high"])]
    yield standing[
        ["severity", "title", "account_name", "identity", "grantee", "owner", "first_seen", "days", "reopened"]
    ]
    yield from (tables.costs_by(facts.frames, month, by).head(15) for by in ("owner", "account"))
    yield tables.waste(facts["waste"]).head(15)
    yield tables.definition(results, "billed_cost")
    yield tables.cost_bases(facts["costs"], month)
    yield tables.cost_gaps(facts["cost_export_gaps"])
    yield tables.stakes(facts["stakes"])
    yield tables.runway(facts["runway"]).head(15)
    yield facts["coverage"].groupby(["dataset", "status"])[["calls", "retries", "rows", "seconds"]].sum()
