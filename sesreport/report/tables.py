"""Small tables for notebooks: results as a frame to look at, numbers in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from sesreport.analysis.grant_facts import grantee_words
from sesreport.analysis.joins import records
from sesreport.analysis.joins import rows as rows_of
from sesreport.analysis.reviews import worst_first
from sesreport.core.money import total
from sesreport.core.text import visible
from sesreport.core.vocabulary import severity_rank
from sesreport.kpis import words
from sesreport.kpis.results import Coverage, Results
from sesreport.report.fixes import with_fixes
from sesreport.report.showback import showback
from sesreport.settings.attestations import ANSWERS


def scorecard(results: Results, *, headline: bool = False) -> pd.DataFrame:
    """KPIs as text: ``KPI``, ``Actual``, ``Target``, ``Change``, ``Status``, ``Owner``, ``Rests on``."""
    chosen = [kpi for kpi in results.kpis if kpi.headline or not headline]
    rows = [
        {
            "KPI": kpi.label,
            "Actual": words.value_of(kpi),
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
            "Overall": words.value_of(kpi),
            **{
                group: words.number(_known(values.get((kpi.id, group))), kpi.unit, kpi.currency)
                for group in sorted({*groups["group"]})
            },
        }
        for kpi in results.kpis
    ]
    return pd.DataFrame(told).set_index("KPI")


def _known(value: float | None) -> float | None:
    return None if pd.isna(value) else value


MONEY_KPIS = ("billed_cost", "budget_used", "cost_per_thousand_delivered", "avoidable_cost", "cost_with_owner")


def cost_lines(results: Results) -> list[str]:
    """What the KPIs of money say and rest on, a line each; why a number is not known."""
    found = [kpi for name in MONEY_KPIS if (kpi := results.find_kpi(name)) is not None]
    return [f"{kpi.label}: {words.value_of(kpi)}. {kpi.reason}".strip() for kpi in found]


def costs_by(frames: Mapping[str, pd.DataFrame], period: str, dimension: str) -> pd.DataFrame:
    """Cost, share, avoidable cost and exposed identities by ``owner`` or ``account``, as text, the dearest first."""
    rows = showback(frames, dimension, period)
    names = frames["accounts"].drop_duplicates("account_id").set_index("account_id")["name"]
    named = rows["group"].map(names).fillna(rows["group"]) if dimension == "account" else rows["group"]
    made = {
        "Cost": _amounts(rows["cost"], rows["billing_currency"], "none charged"),
        "Share": [words.number(_known(share), "share") for share in rows["share"]],
        "Avoidable": _amounts(rows["avoidable"], rows["billing_currency"]),
        "Exposed identities": [words.number(_known(many), "count") for many in rows["exposed"]],
    }
    return pd.DataFrame(made, index=pd.Index(named, name=dimension.capitalize()))


def waste_lines(frame: pd.DataFrame) -> list[str]:
    """Rows of the frame ``waste``, a line each: amount, kind, place, owner, what to do, how it was computed."""
    names = ("amount", "billing_currency", "kind", "subject", "account_name", "account_id", "region", "owner")
    return [
        f"{words.money(amount, currency)}, {kind}: {subject} in {name or account}, {region} ({owner or 'no owner'}). "
        f"{action} Computed from: {formula}."
        for amount, currency, kind, subject, name, account, region, owner, action, formula in rows_of(
            frame, (*names, "action", "formula")
        )
    ]


def waste(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame ``waste`` as text, the dearest first: amount, kind, place, owner, what the amount rests on."""
    made = {
        "Amount": _amounts(frame["amount"], frame["billing_currency"]),
        "What": frame["kind"] + ": " + frame["subject"],
        "Account": frame["account_name"].fillna(frame["account_id"]),
        "Region": frame["region"],
        "Owner": frame["owner"].fillna("no owner"),
        "Basis": frame["cost_basis"],
    }
    return pd.DataFrame(made).set_index("Amount")


def stakes(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame ``stakes`` as text: the month's mail that rides on each identity, and its worth where known."""
    made = {
        "Identity": frame["identity"],
        "Exposure": frame["exposure"].fillna(words.UNKNOWN),
        "Owner": frame["owner"].fillna("no owner"),
        "Region": frame["region"],
        "Messages": _counts(frame["messages"]),
        "Shared by identities": _counts(frame["shared_by"]),
    }
    worth = {"Worth": _amounts(frame["value"], frame["currency"])} if frame["value"].notna().any() else {}
    return pd.DataFrame(made | worth).set_index("Identity")


def runway(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame ``runway`` as text: how many more bounces and complaints until AWS's lines; zero or less: reached."""
    columns = {
        "Sent": "sent",
        "Bounces until review": "bounces_to_review",
        "Until pause": "bounces_to_pause",
        "Complaints until review": "complaints_to_review",
    }
    made = {"Region": frame["region"], **{title: _counts(frame[name]) for title, name in columns.items()}}
    return pd.DataFrame(made).set_index(pd.Index(frame["account_name"].fillna(frame["account_id"]), name="Account"))


def _counts(values: pd.Series) -> list[str]:
    return [words.number(_known(value), "count") for value in values]


def cost_bases(costs: pd.DataFrame, period: str) -> pd.DataFrame:
    """How much of the month's cost rests on what: accounts and cost by basis and currency."""
    month = costs[costs["period"].eq(period)]
    rows = [
        (basis, part["sub_account_id"].nunique(), words.money(total(part["billed_cost"]) or 0, str(currency)))
        for (basis, currency), part in month.groupby(["cost_basis", "billing_currency"])
    ]
    return pd.DataFrame(rows, columns=["Basis", "Accounts", "Cost"]).set_index("Basis")


def cost_gaps(gaps: pd.DataFrame) -> pd.DataFrame:
    """What could not be read of the cost exports; where there is nothing, one row that says so."""
    if gaps.empty:
        return pd.DataFrame({"Gap": ["None: no cost export was named, or all of it was read."]}).set_index("Gap")
    return gaps[["problem", "period", "rows", "file"]].rename(columns={"problem": "Gap"}).set_index("Gap")


def reviews(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame ``reviews`` as text, the worst first: standing, grant, owner, and the answer that stands."""
    rows = worst_first(frame)
    made = {
        "Standing": rows["standing"],
        "To answer for": rows["due_quarter"],
        "Identity": rows["identity"],
        "Who may send": [grantee_words(row) for row in records(rows)],
        "Owner": rows["owner"].fillna("no owner"),
        "Last answer": (rows["answer"] + ", " + rows["answered_quarter"]).fillna("none"),
        "By": rows["reviewer"].fillna("nobody"),
        "Due": rows["due"].dt.strftime("%Y-%m-%d").astype("string").fillna(""),
    }
    return pd.DataFrame(made).set_index("Standing")


def changed_lines(frame: pd.DataFrame, most: int) -> list[str]:
    """What is different of grants since somebody answered, a line each; of more than ``most`` how many more."""
    rows = records(worst_first(frame[frame["changed"].notna()]))
    told = [visible(f"{row['identity']}, {grantee_words(row)}: {row['changed']}") for row in rows]
    if len(told) > most:
        return [*told[:most], f"{len(told) - most:,} more"]
    return told or ["Nothing."]


def answers(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame ``attestations`` as text: how many answers each reviewer gave for each quarter, the newest first."""
    if frame.empty:
        return _nothing("Quarter", "No reviewer has answered.")
    counts = pd.crosstab([frame["quarter"], frame["reviewer"]], frame["answer"])
    counts = counts.reindex(columns=list(ANSWERS), fill_value=0).sort_index(ascending=[False, True]).reset_index()
    told = {name.capitalize(): counts[name] for name in ("quarter", "reviewer", *ANSWERS)}
    return pd.DataFrame(told).set_index("Quarter")


def _amounts(values: pd.Series, currencies: pd.Series, unknown: str = words.UNKNOWN) -> list[str]:
    pairs = zip(values, currencies, strict=True)
    return [unknown if pd.isna(value) else words.money(value, str(currency)) for value, currency in pairs]


def exposure_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """What a what-if changes of the frame ``exposures``, as text: class and outside accounts, before and after."""
    if changes.empty:
        return _nothing("Identity", "No identity would be exposed otherwise.")
    made = {
        "Identity": changes["identity"],
        "Account": changes["account_id"],
        "Region": changes["region"],
        **{f"Exposure {when}": _side(changes, "exposure", when).map(_class) for when in _SIDES},
        **{f"Outside accounts {when}": _side(changes, "external_accounts", when).map(_listed) for when in _SIDES},
    }
    return pd.DataFrame(made).set_index("Identity")


def grant_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """What it changes of the frame ``grants``, as text: whom each lets in, before and after."""
    if changes.empty:
        return _nothing("Grantee", "No grant would change.")
    made = {
        "Grantee": changes["grantee"],
        "What": changes["change"],
        "Identity": changes["identity"],
        "Region": changes["region"],
        "Policy": changes["policy_name"] + ", statement " + changes["statement"].astype("string"),
        **{f"Lets in {when}": _side(changes, "scope", when).map(_class) for when in _SIDES},
    }
    return pd.DataFrame(made).set_index("Grantee")


def finding_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """What it changes of the frame ``findings``, as text, the worst first."""
    if changes.empty:
        return _nothing("Finding", "No finding would be gone, new or changed.")
    told = {name: _either(changes, name) for name in ("title", "severity", "identity", "grantee", "region")}
    made = {
        "Finding": told["title"],
        "What": changes["change"],
        "Severity": told["severity"],
        "Identity": told["identity"],
        "Region": told["region"],
        "Grantee": told["grantee"].fillna(""),
    }
    order = severity_rank(told["severity"]).sort_values(kind="stable").index
    return pd.DataFrame(made).loc[order].set_index("Finding")


def kpi_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """KPIs that a what-if changes, as text: before, after, change."""
    if changes.empty:
        return _nothing("KPI", "No KPI would change.")
    units = list(zip(changes["unit"], changes["currency"], strict=True))
    made = {
        title: [words.number(_known(value), *unit) for value, unit in zip(changes[name], units, strict=True)]
        for title, name in (("Before", "before"), ("After", "after"))
    }
    change = [words.signed(_known(value), *unit) for value, unit in zip(changes["change"], units, strict=True)]
    return pd.DataFrame({**made, "Change": change}, index=pd.Index(changes["label"], name="KPI"))


def fixes(frames: Mapping[str, pd.DataFrame], environments: Sequence[str] = ()) -> pd.DataFrame:
    """Open findings about a policy as text, the worst first, each beside its fix or why there is none.

    With ``environments``, those of identities of these alone.
    """
    findings = frames["findings"]
    chosen = findings["policy_name"].notna() & findings["status"].eq("open")
    if environments:
        chosen &= findings["environment"].isin(environments)
    shown = with_fixes(frames, findings[chosen.fillna(value=False)])
    if shown.empty:
        return _nothing("Finding", "No finding is open about a policy.")
    made = {
        "Finding": shown["title"],
        "Severity": shown["severity"],
        "Identity": shown["identity"].map(visible),
        "Policy": shown["policy_name"].map(visible),
        "Fix": shown["fix"].map(visible),
    }
    return pd.DataFrame(made).set_index("Finding")


def not_revoked_lines(notes: Sequence[str], most: int) -> list[str]:
    """What edits of policies cannot revoke, a line each; of more than ``most`` how many more there are."""
    more = len(notes) - most
    told = [visible(note) for note in notes[:most]] or ["Nothing: all that was asked for can be revoked so."]
    return [*told, f"{more:,} more"] if more > 0 else told


_SIDES = ("before", "after")


def _side(changes: pd.DataFrame, name: str, when: str) -> pd.Series:
    """One side of a column; of one in which nothing differs there is none."""
    column = f"{name}_{when}"
    return changes[column] if column in changes else pd.Series("unchanged", index=changes.index, dtype="string")


def _either(changes: pd.DataFrame, name: str) -> pd.Series:
    return _side(changes, name, "before").fillna(_side(changes, name, "after"))


def _class(value: str | None) -> str:
    return "" if pd.isna(value) else str(value)


def _listed(value: object) -> str:
    return value if isinstance(value, str) else ", ".join(map(str, value)) if isinstance(value, Iterable) else ""


def _nothing(title: str, sentence: str) -> pd.DataFrame:
    return pd.DataFrame({title: [sentence]}).set_index(title)


def definition(results: Results, kpi_id: str) -> pd.DataFrame:
    """How one KPI is computed, a row per property."""
    kpi = results.kpi(kpi_id)
    rows = {
        "Question": kpi.question,
        "Definition": kpi.definition,
        "Formula": kpi.formula,
        "Source": kpi.source,
        "Actual": words.value_of(kpi),
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
    columns = ["Decision", "Owner", "Due", "What rides on it", "If not"]
    rows = [(one.decision, one.owner, words.due(one), one.reach, one.effect) for one in results.decisions]
    if not rows:
        rows = [(words.no_decision(results.coverage), "", "", "", "")]
    if results.more_asks:
        rows.append((f"{words.more_asks(results.more_asks)}: frame actions", "", "", "", ""))
    return pd.DataFrame(rows, columns=columns)


def last_asks(results: Results) -> pd.DataFrame:
    """What the report before asked, and what became of it; the first row adds up."""
    last = results.last_asks
    rows = [(words.last_asks(last), "", "", "")]
    rows += [(one.decision, one.owner, one.since, words.due(one)) for one in last.asks]
    if last.more:
        rows.append((f"{words.more_asks(last.more)}: frame actions", "", "", ""))
    return pd.DataFrame(rows, columns=["Asked", "Owner", "Since", "Outcome"])
