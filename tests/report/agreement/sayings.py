"""Every sentence in which an output names a number, made anew from the pack's facts.

A text is explained when all its numbers stand in such sentences (:func:`unexplained`): a number that was changed, in
whatever output, is in none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from agreement.extraction import Text
from agreement.facts import BUDGET, LINES, METRICS, PLACE, POLICIES, SEVERITIES, Facts
from agreement.incidents import incidents
from sesreport.governance.evidence import controls
from sesreport.kpis import words
from sesreport.kpis.results import Kpi, standing
from sesreport.report.charts.names import EXPOSURES, LABEL
from sesreport.report.charts.text import compact, shortened

NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SPELLED = re.compile(rf"\b(none|{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
AGES = ("new this month", "up to 30 days", "31 to 90 days", "over 90 days", "since before the first snapshot")
CUT = "…"
FIXED = (
    "the name in cell A1 of every sheet", "Units: count, share (0 to 1), rate (0 to 1, small)",
    "SHA-256", "sha256",
    "its 90 % interval", "dtype: int64", "[pyarrow]", "reaches 91 days from", "AWS's lines in 91 days",
    "13 months each; dashed: target", "AWS reviews from 5.00 %, may pause from 10.00 %",
    "AWS reviews from 0.10 %, may pause from 0.50 %", "AWS reviews an account at 5 % bounces or 0.1 % complaints, and "
    "may pause it at 10 % or 0.5 %", "through the last 13 weeks, 91 days ahead",
)  # fmt: skip
"""Numbers that no pack changes: lines of AWS, units, intervals."""


def digits(text: str) -> str:
    """The text with its number words as digits."""
    return _SPELLED.sub(
        lambda found: "0" if found[1].lower() == "none" else str(NUMBER_WORDS.index(found[1].lower())), text
    )


def unexplained(said: Text, known: Iterable[str]) -> list[str]:
    """The numbers of a text that no sentence explains; ``known`` are the sentences, longest first."""
    text = digits(said.text) if said.is_title else said.text
    for sentence in known:
        if not re.search(r"\d", text):
            return []
        if sentence in text:
            text = re.sub(rf"(?<![\w,.−+]){re.escape(sentence)}(?![\w%]|[,.]\d)", "·", text)
        elif CUT in text and (start := text.find(sentence[:12])) >= 0:
            text = _without_cut(text, sentence, start)
    return re.findall(r"\S*\d\S*", text)


def _without_cut(text: str, sentence: str, start: int) -> str:
    """The text without the beginning of a sentence that was shortened for want of room."""
    end = text.find(CUT, start)
    part = text[start:end]
    return f"{text[:start]}·{text[end:]}" if end > 0 and sentence.startswith(part) else text


def sayings(facts: Facts) -> list[str]:
    """All sentences, longest first."""
    found = {" ".join(sentence.split()) for part in _PARTS for sentence in part(facts)}
    return sorted((s for s in found if re.search(r"\d", s)), key=lambda s: (-len(s), s))


def _results(facts: Facts) -> Iterator[str]:
    """What results.json has in words, and how pages name the evidence."""
    results, snapshot = facts.results, facts.results.snapshot
    yield from (results.headline, *results.verdict, results.limits, results.coverage.statement, results.title)
    yield from (f"{each.short[:1].upper()}{each.short[1:]}." for each in results.page_one.happened)
    yield from (results.period_name, results.period, results.configuration_sha256, results.register_sha256)
    yield from (snapshot.id, snapshot.sha256, snapshot.started_at, snapshot.finished_at, results.format)
    yield f"snapshot {snapshot.sha256[:12]}"
    yield f"sha256 {snapshot.sha256[:12]}"
    yield f"Snapshot {snapshot.sha256[:12]}"
    yield f"sesreport {snapshot.tool_version}"
    yield f"sesreport {results.organization_name} {snapshot.tool_version}"
    yield f"Read from AWS on {snapshot.finished_at[:10]}"
    yield f"Collected {snapshot.finished_at[:10]}"
    yield f"count, at {snapshot.finished_at[:10]}"
    yield from (f"Compared with {results.compared_with}", f"Compared with: {results.compared_with}")
    yield f"({results.period}), months in UTC"
    yield f"prior, the value of {facts.month.shift(-1).name};"
    yield from FIXED
    for kpi in results.kpis:
        yield from (kpi.definition, kpi.formula, kpi.source, kpi.reason, kpi.question)
    yield from _asks(facts)


def due(rows: pd.DataFrame) -> str:
    """By when a line of asks is due, as it is written."""
    first, times = rows.iloc[0], rows["times_asked"].max()
    late = f", overdue by {_counted(first['days_overdue'], 'day')}" if first["outcome"] == "overdue" else ""
    now = first["incident"] and first["outcome"] == "open"
    return (
        f"due {'now' if now else format(first['due'], '%Y-%m-%d')}{late}{f', asked {times} times' if times > 1 else ''}"
    )


def _asks(facts: Facts) -> Iterator[str]:
    """Each line of asks by the frame, and how many more there are."""
    for number, (each, rows) in enumerate(zip(facts.results.decisions, facts.ask_lines, strict=False), 1):
        first = rows.iloc[0]
        owner = "not known" if pd.isna(first["asked_of"]) else first["asked_of"]
        told = f"{each.decision} · {owner} · {due(rows)}"
        yield from (f"{number}. {told}", told, f"{told}. {first['reach']}. {first['effect']}")
        yield f"{each.decision} Owner: {owner} · {due(rows)}"
        yield f"{number}. {told} {facts.more_asks(number)}"  # of as many as a slide has room for
        if number == len(facts.results.decisions):
            yield f"{facts.more_asks(number)}: sheet Actions"
    if len(facts.asks):
        yield f"{len(facts.asks)} decisions requested"
    counts = facts["actions"]["outcome"].value_counts()
    told = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("overdue", "open", "accepted"))
    yield f"{told}{_within(facts)}"


def _incidents(facts: Facts) -> Iterator[str]:
    """The slide of the month's incidents."""
    page = facts.results.page_one
    places = set(zip(facts.grave["account_id"], facts.grave["region"], strict=True))
    many = len({account for account, _ in places})
    for each in page.happened:
        yield f"{many} {'account' if many == 1 else 'accounts'} with incidents: {each.short}"
    for one in incidents(facts):
        yield from (one.label, one.told)
    yield f"; 2 of {len(places)} places"


def _kpis(facts: Facts) -> Iterator[str]:
    """Each KPI as cards, tiles, lists, notes and alternative texts name it."""
    shown = 0
    for kpi in facts.results.kpis:
        value, aim, change = words.value_of(kpi), words.aim(kpi), words.change(kpi)
        told = f"{kpi.label}: {value}"
        rests = f"Rests on {kpi.coverage.read} of {kpi.coverage.expected} places"
        yield from (f"{told}, {words.judged(kpi)}", f"{told}, {aim}, {words.judged(kpi)}", f"{value} {kpi.label}")
        yield f"{words.judgement(kpi)} {told}"
        was = "no earlier value" if kpi.prior is None else f"was {words.number(kpi.prior, kpi.unit, kpi.currency)}"
        yield from (f"{words.judgement(kpi)[:1]} {value} {kpi.label}", f"{kpi.status}: {words.target(kpi)}, {was}")
        since = " since the month before" if kpi.change is not None else ""
        yield f"{told}, {words.judgement(kpi)} ({aim}; {change}{since})"
        yield f"{kpi.label} {value} {words.judgement(kpi)} {words.target(kpi)} {change}{since}"
        card = (value, kpi.label, words.fraction(kpi), aim[0].upper() + aim[1:], f"Change {change}", kpi.reason,
                f"Owner: {kpi.owner}", rests)  # fmt: skip
        yield " ".join(filter(None, card))
        prior = words.number(kpi.prior, kpi.unit, kpi.currency)
        yield f"{told}{_fraction(kpi)}; {aim}; prior {prior}; {words.judgement(kpi)}. {kpi.reason}"
        yield f"{rests} (account × Region). Rows: data/{kpi.frame}.parquet"
        yield f"Owner: {kpi.owner} {rests}"  # of a card whose reason had no room
        yield f"{kpi.label}, 13 months: {_span(kpi)}; {aim}."
        known = [point for point in kpi.series if point.value is not None]
        yield f"{kpi.label}, 13 months. {len(known)} of 13 months known: {_span(kpi)}; {aim}."
        yield f"{kpi.label}, 13 months. No month is known; {aim}."
        yield f"{kpi.label}, 13 months: no month is known; {aim}."
        series = ", ".join(
            f"{point.period} {words.number(point.value, kpi.unit, kpi.currency)}" for point in kpi.series
        )
        yield f"{kpi.label}: {series}; {aim}."
        shown += kpi.headline or (kpi.target is not None and kpi.status != "on target")
    yield f"The pack has {len(facts.results.kpis) - shown} more, on target or without one"


def _fraction(kpi: Kpi) -> str:
    if kpi.numerator is None or kpi.denominator is None:
        return ""
    above, below = (f"{n:,.0f}" if float(n).is_integer() else f"{n:,.4g}" for n in (kpi.numerator, kpi.denominator))
    return f" = {above} / {below} (n/d)"


def _span(kpi: Kpi) -> str:
    known = [point for point in kpi.series if point.value is not None]
    first, last = (known[0], known[-1]) if known else (kpi.series[0], kpi.series[-1])
    return (
        f"from {words.number(first.value, kpi.unit, kpi.currency)} in {first.period} "
        f"to {words.number(last.value, kpi.unit, kpi.currency)} in {last.period}"
    )


def _standing(facts: Facts) -> Iterator[str]:
    """How many controls have which status."""
    counts = standing(facts.results.kpis)
    judged, month = sum(counts.values()), facts.results.period_name
    on, unknown = counts["on target"], counts["not measurable"]
    others = f"{counts['off target']} off target, {counts['watch']} to watch"
    others += f", {unknown} not measurable" if unknown else ""
    pages = ["", *(f"({n} of 3)" for n in (1, 2, 3))]
    yield from (f"{on} of {judged} controls on target: {others} {page}" for page in pages)
    yield from (f"How the numbers are computed ({n} of 2)" for n in (1, 2))
    yield f"{on} of {judged} controls on target: {others}"
    yield f"{on} of {judged} KPIs on target"
    yield f"{on} of {judged} KPIs on target; {others}"
    yield f"{month}: " + " · ".join(f"{n} {words.status(s)}" for s, n in counts.items() if n)
    groups = facts["kpi_breakdown"].query("dimension != 'overall'")
    yield f"{len(facts.results.kpis)} KPIs of {month} in {len(groups):,} rows"
    missed = groups[(groups["status"] == "off target") & (groups["kpi"] != "coverage")]
    environments = missed[missed["dimension"] == "environment"]["group"].value_counts()
    yield f"{environments.index[0]} misses {environments.iloc[0]} targets"
    owners = missed[missed["dimension"] == "owner"]["group"].value_counts().sort_index()
    owners = owners.sort_values(ascending=False, kind="stable")[:3]
    accounts = groups[groups["dimension"] == "account"].groupby("group")[["places_read", "places_expected"]].max()
    unread = int((accounts["places_read"].eq(0) & accounts["places_expected"].gt(0)).sum())
    yield (
        f"Most misses by owner: {', '.join(f'{name} {n}' for name, n in owners.items())}. "
        f"Of {_counted(unread, 'account')} nothing was read."
    )


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _within(facts: Facts, datasets: tuple[str, ...] = POLICIES) -> str:
    found = facts.basis(datasets)
    return f" in what could be read: {found.read} of {found.expected} places"


def _coverage(facts: Facts) -> Iterator[str]:
    """How much was read, and what not: places everywhere."""
    places, accounts = facts.basis(POLICIES), facts.results.coverage.accounts
    missing = places.expected - places.read
    for datasets in (POLICIES, METRICS):
        found, why = facts.basis(datasets), facts.unread(datasets)["status"].value_counts().sort_index()
        told = ", ".join(f"{str(status).replace('_', ' ')} {n}" for status, n in why.items())
        yield f"Read in {found.read} of {found.expected} places (account × Region); not read: {told}. See Data quality."
    yield f"We read {places.read} of {places.expected} places; {missing} could not be assessed"
    yield f"{places.read} of {places.expected} places were read; {missing} could not be assessed"
    yield f"Accounts read {accounts.read} of {accounts.expected}"
    yield f"Places read {places.read} of {places.expected}"
    rows = facts["coverage"]["status"].value_counts().sort_index()
    told = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in rows.items())
    yield f"{places.read} of {places.expected} places (account × Region) read; rows of the table by status: {told}"
    yield f"Datasets by status: {told}."
    yield f"{facts.places_with_gaps - 9} more places with gaps"
    unread = set(map(tuple, facts.unread(POLICIES)[PLACE].to_numpy()))
    for gap in facts.results.coverage.gaps:
        state = "not read" if (gap.account_id, gap.region) in unread else "partly read"
        yield f"{gap.account_name} {gap.region}: {state}"
    yield f"What could not be read {len(facts.results.coverage.gaps)} rows"
    message = f"{missing} of {places.expected} places could not be read, {facts.partly} more only in part"
    yield message
    every = facts["coverage"][facts["coverage"]["region"] != "global"].drop_duplicates(PLACE)
    regions, members = every["region"].nunique(), facts["coverage"]["account_id"].nunique()
    gaps = pd.concat([facts.unread(POLICIES), facts.read(POLICIES).merge(_gap_places(facts), on=PLACE)])
    by_account = gaps.groupby("account_id").size().rename(facts.names).reset_index(name="n")
    listed = " and ".join(f"{row.account_id} ({row.n})" for row in by_account.sort_values("account_id").itertuples())
    yield f"Account × Region; {members - max(4, min(26, 300 // regions))} more accounts not drawn"
    yield (
        f"{message}. {message}. read {places.read - facts.partly}, not offered or off {len(every) - places.expected}, "
        f"partly read {facts.partly}, not read {missing}, not tried {members * regions - len(every)}. "
        f"Gaps by account: {listed}."
    )
    yield (
        f"{message}. read {places.read - facts.partly}, not offered or off {len(every) - places.expected}, "
        f"partly read {facts.partly}, not read {missing}, not tried {members * regions - len(every)}. "
        f"Gaps by account: {listed}."
    )


def _gap_places(facts: Facts) -> pd.DataFrame:
    return facts["coverage"].query("status != 'ok' and region != 'global'")[PLACE].drop_duplicates()


def _exposure(facts: Facts) -> Iterator[str]:
    """Who can send as which identities."""
    exposures, here = facts["exposures"], _within(facts)
    classes = exposures["exposure"].value_counts()
    counts = {name: int(classes.get(name, 0)) for name in EXPOSURES}
    public = facts.count("public_identities")
    yield f"Anyone can send from {public} identities{_movement(facts.kpi('public_identities'))}"
    yield f"Anyone with an AWS account can use {public} of our identities"
    by = "; ".join(f"{label} {counts[name]}" for name, label in EXPOSURES.items() if counts[name])
    yield from (f"Identities by widest sender: {by}.", f"Rows of data/exposures.parquet: {by}.")
    told = ", ".join(f"{counts[name]} {name}" for name in EXPOSURES if counts[name])
    yield f"{len(exposures)} identities by widest exposure: {told}{here}"
    wide = counts["public"] + counts["external"]
    message = f"{wide} of {len(exposures)} identities can be used by an outsider without an approval{here}"
    every = "; ".join(f"{label} {counts[name]}" for name, label in EXPOSURES.items())
    review = int(exposures["needs_review"].sum())
    yield from _chart(message, f"By class: {every}. {review} have a statement that needs review.")


def _chart(message: str, *more: str) -> Iterator[str]:
    """A chart's message, and its description with and without a heading of its own."""
    yield message
    yield f"{message}. {' '.join(more)}"
    yield f"{message}. {message}. {' '.join(more)}"


def _movement(kpi: Kpi) -> str:
    if kpi.change is None:
        return ""
    month = kpi.series[-2].period
    before = f"in {pd.Period(month).strftime('%B')}"
    if not kpi.change:
        return f", as many as {before}"
    return f", {abs(kpi.change):.0f} {'more' if kpi.change > 0 else 'fewer'} than {before}"


def _outside(facts: Facts) -> Iterator[str]:
    """Outside accounts, their grants and their approvals."""
    accounts, register, here = facts["kpi_unknown_accounts"], facts["register"], _within(facts)
    unknown, expired = facts.count("unknown_accounts"), facts.count("expired_grants")
    strangers = int(accounts["register_status"].isna().sum())
    ended = int(accounts["register_status"].eq("expired").sum())
    yield f"{unknown} unknown accounts can send as us{_movement(facts.kpi('unknown_accounts'))}"
    yield f"{expired} grants are past their approval{_movement(facts.kpi('expired_grants'))}"
    yield f"{unknown} accounts nobody approved can send as us; {expired} grants rest on expired approvals"
    yield (
        f"{len(facts['grants'])} grants; {len(accounts)} outside accounts can send, {unknown} of them without a valid "
        f"approval{here}"
    )
    registered = register["account_id"].drop_duplicates()
    idle = int((~registered.isin(accounts["grantee_account_id"])).sum())
    yield (
        f"{len(registered)} registered accounts, {idle} of them without a live grant; {strangers} accounts can send "
        f"that are not registered{here}"
    )
    ordered = accounts.sort_values(["unknown", "identities", "grantee_account_id"], ascending=[False, False, True])
    told = "; ".join(
        f"{_named(row)} {row.identities}{' (no valid approval)' if row.unknown else ''}"
        for row in ordered.head(9).itertuples()
    )
    yield f"Identities each outside account can send from, count; 9 of {len(accounts)} accounts"
    yield from (f"Identities per outside account: {told}.", f"Rows of data/kpi_unknown_accounts.parquet: {told}.")
    states = facts.outside_grants["register_status"].fillna("not registered").value_counts()
    labels = {"expired": "Past its approval", "not registered": "Not registered", "expiring": "Approval ends soon",
              "valid": "Approval in date"}  # fmt: skip
    told = "; ".join(f"{label} {states[name]}" for name, label in labels.items())
    yield f"Grants to outside accounts by approval: {told}."
    yield f"Rows of data/grants.parquet that let an outside account send: {told}."
    unnamed = facts.sending_grants.query("scope == 'external' and grantee_account_id.isna()")
    unnamed = unnamed.drop_duplicates(["account_id", "region", "identity"])
    yield f"outsiders without a named account can send as {len(unnamed)} identities"
    standings = accounts.assign(
        rank=accounts["unknown"]
        .map({True: 0, False: 2})
        .mask(accounts["register_status"].eq("expired").fillna(False), 1)
    ).sort_values(["rank", "identities", "grantee_account_id"], ascending=[True, False, True])
    words_of = {0: "not registered", 1: "expired", 2: "approved"}
    listed = "; ".join(
        f"{row.grantee_account_id if pd.isna(row.name) else row.name} {row.identities} ({words_of[row.rank]})"
        for row in standings.head(8).itertuples(index=False)
    )
    yield from _chart(
        f"{len(accounts)} outside accounts can send as us; {strangers} are not registered, {ended} expired{here}",
        f"Those without an approval first: {listed}.",
    )
    past, soon = (int(register["status"].eq(state).sum()) for state in ("expired", "expiring"))
    ends = register.assign(ended=register["status"].ne("expired")).sort_values(["ended", "expires_at", "account_id"])
    ends = "; ".join(
        f"{shortened(row.vendor, LABEL)} {row.expires_at:%Y-%m-%d}" for row in ends.head(8).itertuples(index=False)
    )
    yield from _chart(f"{past} approvals of {len(register)} expired, {soon} about to expire", f"They end: {ends}.")


def _named(row: object) -> str:
    account, name = getattr(row, "grantee_account_id"), getattr(row, "name")  # noqa: B009 (a row has no type)
    return str(account) if pd.isna(name) else f"{name} ({account})"


def _reviews(facts: Facts) -> Iterator[str]:
    """How far the quarterly review has come."""
    reviews, here = facts["reviews"], _within(facts)
    counts = {name: int(reviews["standing"].eq(name).sum()) for name in STANDINGS}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    yield f"{len(reviews)} grants to answer for: {told}{here}"
    late = reviews["standing"].str.endswith("overdue")
    asked = int((late & reviews["answer"].isin(["revoke", "narrow"]).fillna(False)).sum())
    listed = "; ".join(f"{label} {counts[name]}" for name, label in STANDINGS.items())
    yield from _chart(
        f"{int(late.sum())} of {len(reviews)} outside grants are overdue, {asked} of them after a reviewer asked for a "
        f"change{here}",
        f"By standing: {listed}.",
    )


STANDINGS = {
    "revoke overdue": "Not revoked in time", "narrow overdue": "Not narrowed in time",
    "overdue": "Not answered in time", "to revoke": "To revoke", "to narrow": "To narrow",
    "due": "To answer this quarter", "attested": "Answered: keep",
}  # fmt: skip
"""Standings in words, the worst first."""


def _ownership(facts: Facts) -> Iterator[str]:
    """Who answers for identities."""
    kpi, identities, here = facts.kpi("owned_identities"), facts["identities"], _within(facts)
    value, short = words.number(kpi.value, "share"), ((kpi.target or 0) - facts.value(kpi.id)) * 100
    yield f"{value} of identities have an owner, {short:.1f} points short of target"
    yield f"{value} of identities have an owner, {short:.1f} points short of the target"
    yield f"Owned: {value} ({words.target(kpi)}) · {len(identities)} identities listed, without an owner first{here}"
    counts = identities.assign(without=identities["owner"].isna()).groupby("account_id")["without"].agg(["sum", "size"])
    counts = counts.assign(owned=counts["size"] - counts["sum"]).reset_index()
    counts = counts.sort_values(["sum", "owned", "account_id"], ascending=[False, False, True])
    listed = "; ".join(f"{facts.names[row[1]]} {row[2]} of {row[3]}" for row in counts.head(8).itertuples())
    yield from _chart(
        f"{int(counts['sum'].sum())} of {len(identities)} identities without an owner, "
        f"in {int((counts['sum'] > 0).sum())} accounts{here}",
        f"Without an owner: {listed}.",
    )


def _reputation(facts: Facts) -> Iterator[str]:
    """AWS's rates against its lines."""
    places, names = facts["sending_accounts"], facts.names
    over = len(facts.accounts_over)
    rates = [facts.kpi("bounce_rate"), facts.kpi("complaint_rate")]
    yield f"{over} accounts are over a line at which AWS reviews sending"
    here = f"in {facts.results.period_name}{_within(facts, METRICS)}"
    yield f"{over} accounts have reached a line at which AWS acts {here}"
    told = [f"{kpi.label.lower()} {words.number(kpi.value, 'rate')}" for kpi in rates]
    yield f"{told[0][0].upper()}{told[0][1:]} and {told[1]}: beyond target"
    whole = [f"{text} ({words.judgement(kpi)})" for text, kpi in zip(told, rates, strict=True)]
    yield f"Whole organization: {' and '.join(whole)}."
    for rate, (review, _) in LINES.items():
        noun = rate.replace("_", " ").capitalize()
        known = places.dropna(subset=[rate]).sort_values([rate, *PLACE], ascending=[False, True, True])
        labels = [f"{names[account]}, {region}" for account, region in known[PLACE].itertuples(index=False)]
        reached = int((known[rate] >= review).sum())
        listed = labels[0] if reached == 1 else " and ".join(labels[:2])
        highest = "; ".join(
            f"{label} {words.number(value, 'rate')}" for label, value in list(zip(labels, known[rate], strict=True))[:8]
        )
        yield from _chart(
            f"{_counted(reached, 'place')} at or above AWS's {review * 100:g} % review line: {listed}",
            f"Highest first: {highest}. {len(places) - len(known)} not known.",
        )
        yield (
            f"{noun} as AWS computes it, by account and Region; {len(places) - len(known)} not known; "
            f"{len(known) - 14} lower ones not drawn"
        )
        worst = known.groupby("account_id")[rate].max().reset_index().sort_values(
            [rate, "account_id"], ascending=[False, True]
        )  # fmt: skip
        listed = ", ".join(f"{names[a]} {words.number(v, 'rate')}" for a, v in worst.head(4).itertuples(index=False))
        yield f"{noun.split()[0]}s by account: {listed}"


def _volume(facts: Facts) -> Iterator[str]:
    """How much is sent."""
    kpi, month = facts.kpi("sent_volume"), facts.results.period_name
    value, prior = facts.value("sent_volume"), kpi.prior or 0.0
    share = f"{abs(value - prior) / prior:.1%}".replace("%", " %")
    yield f"Sending {'grew' if value > prior else 'fell'} {share} to {value / 1e6:.1f} million messages"
    monthly = facts["monthly"]
    now = monthly[monthly["period"] == facts.results.period]
    yield f"{int((now['sent'] > 0).sum())} accounts sent in {month}{_within(facts, METRICS)}"
    yield f"Messages of {month} by account {len(now)} rows"
    totals = monthly.groupby("period")["sent"].sum(min_count=1)
    listed = "; ".join(
        f"{period} {compact(float(totals[str(period)])) if pd.notna(totals.get(str(period))) else 'not known'}"
        for period in facts.month.back(13)
    )
    moved = f"{share} {'more' if value > prior else 'less'} than the month before"
    yield from _chart(
        f"{compact(value)} messages sent in {month}, {moved}",
        f"{listed}.",
    )
    daily = facts["daily"].dropna(subset=["sent"])
    days = daily.groupby(daily["at"].dt.floor("D"))["sent"].sum()
    days = days.reindex(pd.date_range(days.index.max() - pd.Timedelta(days=61), days.index.max(), freq="D"))
    peak = days.astype("float64").idxmax()
    most = compact(float(days.max()))
    yield from _chart(
        f"The busiest of the last 62 days was {peak.day} {peak.strftime('%B %Y')} with {most} messages",
        f"The median day had {compact(float(days.median()))}. {int(days.isna().sum())} days are not known.",
    )


def _costs(facts: Facts) -> Iterator[str]:
    """What sending costs, what of it could be avoided, and whose it is."""
    month, kpis = facts.results.period_name, {kpi.id: kpi for kpi in facts.results.kpis}
    cost, used = words.value_of(kpis["billed_cost"]), words.value_of(kpis["budget_used"])
    avoidable = facts.value("avoidable_cost")
    wasted, over = words.money(avoidable, "USD"), facts.value("billed_cost") - BUDGET
    yield f"Sending cost {cost}, {used} of the budget; {wasted} could be avoided"
    yield f"Sending cost {cost}, USD {over:,.0f} over budget; USD {avoidable:,.0f} avoidable"
    yield f"{month}: {cost}, {used} of the budget"
    yield f"{wasted} avoidable in {month}, the dearest first{_within(facts, ('metrics',))}"
    by_month = list(zip(facts.month.back(13), facts.cost_by_month, strict=True))
    listed = "; ".join(f"{period} {words.money(value, '')}" for period, value in by_month)
    yield from _chart(
        f"Sending cost {cost} in {month}, {words.money(over, 'USD')} over budget", f"USD by month: {listed}."
    )
    listed = ", ".join(f"{period} {words.money(value, 'USD')}" for period, value in by_month)
    yield f"Cost of sending by month: {listed}; budget {words.money(BUDGET, 'USD')} a month."
    yield f"Cost of sending: {listed}; budget {words.money(BUDGET, 'USD')}."
    yield f"By month, budget of {words.money(BUDGET, '')} outlined"
    kinds = facts.waste_by_kind
    listed = "; ".join(f"{kind} {words.money(value, '')}" for kind, value in kinds.items())
    yield from _chart(f"{wasted} could be avoided, most of it: {next(iter(kinds))}", f"USD by kind: {listed}.")
    listed = ", ".join(f"{kind} {words.money(value, 'USD')}" for kind, value in kinds.items())
    yield f"Avoidable cost by kind: {listed}."
    amounts = facts["waste"][facts["waste"]["amount"] > 0]
    yield f"the 3 largest of {len(amounts)} avoidable amounts below"
    yield " ; ".join(_row(facts, row) for row in amounts.head(3).itertuples())
    yield "; ".join(_row(facts, row) for row in amounts.head(3).itertuples())
    for row in facts["waste"].head(3).itertuples():
        yield (
            f"{words.money(row.amount, 'USD')}, {row.kind}: {row.subject} in {row.account_name}, {row.region} "
            f"({'no owner' if pd.isna(row.owner) else row.owner}). {row.action} Computed from: {row.formula}."
        )
    owners = facts.showback("owner")
    top = owners.iloc[0]
    spends = words.money(top["cost"], "USD")
    yield f"{top['group']} spends {spends} of {cost}, of which {words.money(top['avoidable'], 'USD')} is avoidable"
    share = f"{top['share']:.1%}".replace("%", " %")
    listed = "; ".join(
        f"{row.group} {words.money(row.cost, '')}, avoidable "
        f"{'not known' if pd.isna(row.avoidable) else words.money(row.avoidable, '')}"
        for row in owners.head(8).itertuples()
    )
    yield from _chart(f"{top['group']} spends most: {spends}, {share} of the cost", f"USD by owner: {listed}.")
    yield f"{len(owners) - 8} more owners in the workbook"
    yield f"{_counted(len(owners) - 12, 'more owner')} not drawn"
    for column, name, unit, currency in (
        ("cost", "Cost", "money", "USD"), ("avoidable", "Avoidable", "money", "USD"),
        ("exposed", "Exposed identities", "count", ""),
    ):  # fmt: skip
        told = ", ".join(
            f"{group} {words.number(None if pd.isna(value) else float(value), unit, currency)}"
            for group, value in owners[["group", column]].head(8).itertuples(index=False)
        )
        yield f"{name} by owner: {told}."
    for kpi_id in ("billed_cost", "budget_used", "cost_per_thousand_delivered", "avoidable_cost", "cost_with_owner"):
        yield f"{kpis[kpi_id].label}: {words.value_of(kpis[kpi_id])}. {kpis[kpi_id].reason}"


def _row(facts: Facts, row: Any) -> str:
    return " · ".join(
        (words.money(row.amount, "USD"), f"{row.kind}: {row.subject}", f"{row.account_name}, {row.region}",
         "no owner" if pd.isna(row.owner) else row.owner, row.action)
    )  # fmt: skip


def _trends(facts: Facts) -> Iterator[str]:
    """What was out of the ordinary, and where it leads."""
    found, ahead, grave, names = facts["anomalies"], facts["forecasts"], facts.grave, facts.names
    first, pause = ahead[ahead["line"] != "pause"], ahead[ahead["line"] == "pause"]
    states = first["state"].value_counts()
    places = len(ahead.drop_duplicates(PLACE))
    above = int(states.get("already above", 0))
    yield (f"{len(grave)} grave anomalies this month in {places} sending places; {above} lines reached on the last day")
    order = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    worst = grave.sort_values("severity", key=lambda column: column.map(order), kind="stable")
    row = worst.iloc[0]
    yield f"{names[row['account_id']]}, {row['region']}: {row['words']}"
    shown = found.assign(rank=found["severity"].map(order), recent=found["in_period"].fillna(False).astype(bool))
    shown = shown.sort_values(["recent", "rank", "day"], ascending=[False, True, False])
    who = " and ".join(dict.fromkeys(
        f"{names[a]}, {r}" for a, r in shown[shown["recent"] & (shown["rank"] < 2)][PLACE].itertuples(index=False)
    ))  # fmt: skip
    yield from _chart(f"{len(grave)} grave anomalies of sending this month: {who}", " ".join(shown["words"].head(5)))
    told = [
        f"of {len(rows)} {what} " + ", ".join(f"{n} {state}" for state, n in _ordered(rows["state"]).items())
        for what, rows in (("quotas and review lines", first), ("pause lines", pause))
    ]
    yield f"{len(found)} anomalies, {len(grave)} grave this month; {'; '.join(told)}{_within(facts, METRICS)}"
    near = first[first["state"].eq("already above")]
    listed = " and ".join(dict.fromkeys(f"{names[a]}, {r}" for a, r in near[PLACE].itertuples(index=False)))
    share = first.assign(
        top=(first[["current", "high"]].max(axis=1) / first["threshold"]),
        label=[
            f"{names[a]}, {r}: {({'sent': 'quota', 'bounce_rate': 'bounces', 'complaint_rate': 'complaints'})[m]}"
            for a, r, m in first[[*PLACE, "metric"]].itertuples(index=False)
        ],
    ).sort_values(["top", "label"], ascending=[False, True])  # fmt: skip
    nearest = "; ".join(f"{row.label}: {row.words}" for row in share.head(5).itertuples())
    maybe = int(states.get("may cross", 0))
    yield from _chart(
        f"{above} lines reached on the last day ({listed}), {maybe} possible within three months",
        nearest,
    )
    listed = " ".join(f"{state} {n}" for state, n in ahead["state"].value_counts().items())
    yield f"state {listed} Name"
    yield f"90 % interval in 91 days, tick: expected; {len(first) - 14} further ones not drawn"


def _ordered(states: pd.Series) -> dict[str, int]:
    """States by how urgent they are."""
    order = ("already above", "crosses", "may cross", "not known", "too little data", "no crossing", "unlimited")
    counts = states.value_counts()
    return {state: int(counts[state]) for state in order if state in counts}


def _evidence(facts: Facts) -> Iterator[str]:
    """The controls that the pack gives evidence for."""
    every = controls()
    yield f"{len(every)} controls of SOC 2, PCI DSS 4.0, ISO 27001:2022 and NIST CSF 2.0"
    yield f"Evidence for {len(every)} controls is in this pack"
    by = Counter(control.standard for control in every)
    yield "; ".join(f"{standard}: {count} controls" for standard, count in by.items())
    for control in every:
        yield f"{control.standard} {control.id}: {control.shows}"


def _fixes(facts: Facts) -> Iterator[str]:
    """How many policies can be mended."""
    fixes = facts["fixes"]
    offered = int(fixes["fix"].ne("not offered").sum())
    yield f"{offered} of {len(fixes)} policies with a finding have a proved fix{_within(facts)}"


def _findings(facts: Facts) -> Iterator[str]:
    """What is open, how bad and how old."""
    active, here, lives = facts.open_findings, _within(facts), facts["lives"]
    by = active["severity"].value_counts()
    counts = {severity: int(by.get(severity, 0)) for severity in SEVERITIES}
    listed = ", ".join(f"{n} {severity}" for severity, n in counts.items())
    excepted = int(facts["findings"]["status"].eq("excepted").sum())
    yield f"{len(active)} findings are open{here} ({listed}); {excepted} with an accepted exception"
    yield f"{len(active)} findings are open{here} ({listed})"
    yield f"{len(active)} findings are open{here}, {counts['critical']} of them critical"
    older = int(active["age"].isin(["31 to 90 days", "over 90 days"]).sum())
    places = facts.basis(POLICIES)
    read = f"(read: {places.read} of {places.expected} places)"
    yield f"{len(active)} findings are open, {counts['critical']} of them critical {read}"
    yield f"{len(active)} findings are open, {counts['critical']} of them critical; {older} older than 30 days {read}"
    yield f"Of {int(active['owner'].isna().sum())} open ones neither identity nor account names an owner."
    ages = active.groupby(["severity", "age"]).size()
    known = [age for age in AGES if active["age"].eq(age).any()]
    told = "; ".join(
        f"{severity}: {', '.join(f'{age} {ages.get((severity, age), 0)}' for age in known)}" for severity in SEVERITIES
    )
    yield from (f"Open findings by severity and age: {told}.", f"Rows of data/findings.parquet: {told}.")
    yield f"{excepted} more have an accepted exception and are not counted."
    rules = pd.crosstab(active["title"], active["severity"]).reindex(columns=list(SEVERITIES), fill_value=0)
    rules = rules.reset_index().sort_values([*SEVERITIES, "title"], ascending=[False] * 4 + [True])
    titles = [shortened(title, 44) for title in rules["title"]]
    sums = rules[list(SEVERITIES)].sum(axis=1)
    by_rule = "; ".join(f"{title} {n}" for title, n in list(zip(titles, sums, strict=True))[:16])
    yield from _chart(
        f"{len(active)} findings open{here}; {counts['critical']} critical, led by “{titles[0]}”",
        f"{', '.join(f'{severity} {n}' for severity, n in counts.items())}. By rule: {by_rule}.",
    )
    yield f"Open findings by rule and severity; {len(rules) - 16} more rules not drawn"
    status = lives["status"].value_counts()
    resolved = lives["resolved_in"].eq(facts.results.period)
    least = "at least " if facts.kpi("findings_resolved").value is None else ""
    told = ", ".join(f"{status.get(name, 0)} {name}" for name in ("open", "not observed", "excepted", "resolved"))
    yield f"{told}; {least}{int(resolved.sum())} resolved in {facts.results.period_name}{here}"
    days = words.number(float(lives.loc[resolved, "days"].mean()), "days")
    many = _counted(int(resolved.sum()), "finding")
    yield f"{'At' if least else ''} {least[3:]}{many} resolved, after {days} on average"
    series = {name: facts.kpi(f"findings_{name}").series for name in ("opened", "resolved")}
    now = {name: words.number(points[-1].value, "count") for name, points in series.items()}
    by_month = "; ".join(
        f"{up.period} {words.number(up.value, 'count')} opened, {words.number(down.value, 'count')} resolved"
        for up, down in zip(series["opened"], series["resolved"], strict=True)
    )
    yield from _chart(
        f"Findings in {facts.results.period_name}: {now['resolved']} resolved, {now['opened']} opened", f"{by_month}."
    )


def _changes(facts: Facts) -> Iterator[str]:
    """What came and went since the earlier snapshot, if there is one."""
    frame, since = facts["changes_since"], facts.results.compared_with
    here = _within(facts)
    yield f"there is no earlier snapshot to compare with, or nothing changed{here}"
    if not since:
        return
    counts = frame.groupby(["what", "change"]).size()
    kinds = ("added", "changed", "removed")
    number = {(what, kind): int(counts.get((what, kind), 0)) for what in _NOUNS for kind in kinds}
    total = {kind: sum(number[what, kind] for what in _NOUNS) for kind in kinds}
    added, removed = number["grant", "added"], number["grant", "removed"]
    yield f"{added} grants added, {removed} removed since {since}"
    yield f"{added} grants added, {removed} removed since {since}{here}"
    yield f"Changes since {since}"
    told = "; ".join(
        f"{noun.lower()}: {', '.join(f'{number[what, kind]} {kind}' for kind in kinds)}"
        for what, noun in _NOUNS.items()
    )
    yield from (f"Changes since {since}: {told}.", f"Counts of rows of data/changes_since.parquet: {told}.")
    yield f"Compared with {since}: {total['added']} added, {total['removed']} removed, {total['changed']} changed{here}"
    listed = "; ".join(
        f"{noun} +{number[what, 'added']}, −{number[what, 'removed']}, {number[what, 'changed']} changed"
        for what, noun in _CHART_ORDER.items()
        if frame["what"].eq(what).any()
    )
    yield from _chart(
        f"{total['added']} added, {total['removed']} removed, {total['changed']} changed since the earlier snapshot",
        f"{listed}.",
    )


_NOUNS = {"grant": "Grants", "identity": "Identities", "owner": "Owners", "exposure": "Exposures"}
_CHART_ORDER = {"grant": "Grants", "exposure": "Exposures", "owner": "Owners", "identity": "Identities"}


def _rows(facts: Facts) -> Iterator[str]:
    """How many rows the tables of the page have."""
    identities = facts["identities"]
    groups = facts["kpi_breakdown"].query("dimension != 'overall'")
    unowned = identities[identities["owner"].isna() & identities["tags"].notna()]
    many = {
        "Every KPI by environment, OU, owner and account, off target first": len(groups),
        "Changes since the earlier snapshot": len(facts["changes_since"]),
        "Identities, widest exposure first": len(facts["exposures"]),
        "Grants that reach, or may reach, beyond the organization": len(facts.grants_beyond),
        "Register of approved outside accounts, next to expire first": len(facts["register"]),
        "Quarterly review of outside grants, overdue first": len(facts["reviews"]),
        "Identities without an owner tag, of those read": len(unowned),
        "Accounts and Regions, highest bounce rate first": len(facts["sending_accounts"]),
        "Days of sending unlike the account's own past, this month's first": len(facts["anomalies"]),
        "Quotas and AWS's lines in 91 days, nearest first": len(facts["forecasts"]),
        "Cost, avoidable cost and exposed identities by owner, the dearest first": len(facts.showback("owner")),
        "Cost by account, the dearest first": len(facts.showback("account")),
        "What need not be spent, before credits and taxes, the dearest first": len(facts["waste"]),
        "Mail that rides on exposed identities: of the whole account and Region, an upper bound for each": len(
            facts["stakes"]
        ),
        "How many more bounces and complaints until AWS's lines, by the month's messages (AWS counts a volume of its "
        "own); zero or less: reached": len(facts["runway"]),
        "The settings' budget and AWS's": len(facts["budget_agreement"]),
        "Findings, open and most severe first": len(facts["findings"]),
        "Days to remediation": len(facts["remediation_times"]),
        "Lives of findings, the resolved first": len(facts["lives"]),
    }
    for caption, rows in many.items():
        yield f"{caption} {_counted(rows, 'row')}"
        yield f"The first 50 of {rows:,} rows."
    yield f"13 rows × {len(facts.results.kpis)} columns"


_PARTS = (
    _results, _incidents, _kpis, _standing, _coverage, _exposure, _outside, _reviews, _ownership, _reputation, _volume,
    _costs, _trends,
    _findings,
    _fixes,
    _evidence,
    _changes, _rows,
)  # fmt: skip
