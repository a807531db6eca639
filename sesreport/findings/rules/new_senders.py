"""Senders that were not there before: begun by somebody unusual, or sending from a new Region."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import IDENTITY
from sesreport.findings.known_events import ACCOUNT, Row, by_whom, events_of, month_start, newest_first, placed, recent
from sesreport.findings.registry import Example, event, rule
from sesreport.snapshot.events import RETENTION, EventKind, name_of

SANDBOX = 200.0
"""Recipients a day in SES's sandbox, where every account begins in every Region (SES Developer Guide, "Service
quotas")."""
JUMP = 2
"""A quota has jumped when it is at least so many times what it was."""
_QUIET = Example(sending_fields={"max_24_hour_send": SANDBOX})


@rule(
    id="SES073",
    title="An identity was begun by somebody who never began one before",
    severity="medium",
    why="A new sender is set up by few people and pipelines; anybody else may be using a stolen key.",
    recommendation="Ask who meant it; if nobody did, delete the identity and disable the credentials used.",
    ask="Confirm that {identities} was to be begun, by a principal that never began one",
    fires=Example(
        changes=[
            event("CreateEmailIdentity", 60, identity="shop.example.com"),
            event("VerifyEmailIdentity", 10, identity="news@example.com", principal_arn="arn:aws:iam::1:user/x"),
        ]
    ),
    clean=Example(
        changes=[
            event("VerifyDomainIdentity", 60, identity="shop.example.com"),
            event("CreateEmailIdentity", 10, identity="example.com"),
        ]
    ),
    datasets=("changes",),
    of_month=True,
)
def new_principal(analysis: Analysis) -> pd.DataFrame:
    """Identities begun in the month or after it by a principal who began none before it, in the history known.

    An event that names no principal counts; a verification asked for again, of an identity that the snapshot before
    held, does not.
    """
    begun = events_of(analysis, EventKind.BEGINS_IDENTITY)
    known = set(begun.loc[begun["at"] < month_start(analysis), "principal_arn"].dropna())
    there = _still_there(analysis)
    since = min(each.snapshot.started_at for each in newest_first(analysis)) - RETENTION
    return placed(
        {
            **row,
            "identity": ACCOUNT if pd.isna(row["identity"]) else name_of(row["identity"]),
            "evidence": f"{by_whom(row)}, who began none before in the history known (from {since:%Y-%m-%d} on)",
        }
        for row in recent(begun, analysis).to_dict("records")
        if row["principal_arn"] not in known
        and (row["event_name"] == "CreateEmailIdentity" or _identity(row) not in there)
    )


@rule(
    id="SES074",
    title="A quota jumped, and mail is sent from a Region that never sent",
    severity="high",
    why="So does whoever prepared an abuse: a Region nobody looks at, its limit raised, then bulk mail.",
    recommendation="Ask the owner; if nobody meant it, switch sending off in the Region and disable the credentials.",
    ask="Stop sending from {places}, which never sent before; rotate the keys used",
    incident=True,
    fires=Example(sending_fields={"max_24_hour_send": 50_000.0}, sent=(9_000.0, 15_000.0), earlier=_QUIET),
    clean=Example(
        sending_fields={"max_24_hour_send": 50_000.0}, sent=(300.0, *[0.0] * 60, 9_000.0, 15_000.0), earlier=_QUIET
    ),
    datasets=("sending_accounts", "metrics"),
    of_month=True,
)
def quota_and_volume(analysis: Analysis) -> pd.DataFrame:
    """Places whose quota is at least twice what it was, and that sent in bulk in the month or after it, never before.

    In bulk is more on a day than the sandbox lets out. A quota that no earlier snapshot shows is taken for the
    sandbox's: every Region begins with it.
    """
    daily = analysis.daily[analysis.daily["sent"] > 0]
    lately = daily["at"] >= month_start(analysis)
    keys = ["account_id", "region"]
    worst = daily[lately].sort_values("sent", ascending=False).drop_duplicates(keys)
    sent_before = set(daily.loc[~lately, keys].itertuples(index=False, name=None))
    quotas, earlier = _quotas(analysis), _earlier_quotas(analysis)
    found = []
    for row in worst[worst["sent"] > SANDBOX].to_dict("records"):
        place = (row["account_id"], row["region"])
        quota, before = quotas.get(place), earlier.get(place)
        if place not in sent_before and quota is not None and _jumped(SANDBOX if before is None else before, quota):
            found.append({**row, "evidence": f"{_quota_words(before, quota)}; {_sent_words(row, analysis)}"})
    return placed(found)


def _identity(row: Row) -> tuple[str, str, str]:
    return row["account_id"], row["region"], name_of(row["identity"]) if pd.notna(row["identity"]) else ACCOUNT


def _still_there(analysis: Analysis) -> set[tuple[str, str, str]]:
    """Identities that the snapshot before held and that no event deleted since."""
    if analysis.previous is None:
        return set()
    before = analysis.previous.snapshot
    deleted = events_of(analysis, EventKind.DELETES_IDENTITY)
    deleted = deleted[deleted["at"] >= pd.Timestamp(before.started_at)]
    held = before.identities[IDENTITY].itertuples(index=False, name=None)
    return set(held) - {_identity(row) for row in deleted.to_dict("records")}


def _quotas(analysis: Analysis) -> dict[tuple[str, str], float]:
    """Recipients a day by place, where SES said it."""
    known = analysis.snapshot.sending_accounts.dropna(subset=["max_24_hour_send"])
    columns = (known[name].tolist() for name in ("account_id", "region", "max_24_hour_send"))
    return {(account, region): float(quota) for account, region, quota in zip(*columns, strict=True)}


def _earlier_quotas(analysis: Analysis) -> dict[tuple[str, str], float]:
    """The same by the newest earlier snapshot that has it."""
    found: dict[tuple[str, str], float] = {}
    for each in reversed(list(newest_first(analysis))[1:]):
        found |= _quotas(each)
    return found


def _jumped(before: float, now: float) -> bool:
    """Whether a quota is at least twice what it was; -1 is unlimited."""
    return before >= 0 and (now < 0 or (now > before and now >= JUMP * before))


def _quota_words(before: float | None, now: float) -> str:
    then = "not known before" if before is None else f"{before:,.0f} before"
    return f"quota {'unlimited' if now < 0 else f'{now:,.0f}'} recipients a day, {then}"


def _sent_words(row: Row, analysis: Analysis) -> str:
    return f"{row['sent']:,.0f} messages on {row['at']:%Y-%m-%d}, none before {analysis.period.start:%Y-%m-%d}"
