"""What is asked, of whom, since when and until when, how often it was asked, and what became of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import pandas as pd

from sesreport.analysis.joins import rows
from sesreport.analysis.registry import Analysis, derived
from sesreport.core.schema import Frame, account_id, at, count, flag, integer, money, real, text, texts
from sesreport.core.vocabulary import IDENTITY, SEVERITIES, IdentityKey
from sesreport.findings.asks import SharedNames, Subject, ask_in_words
from sesreport.findings.findings import exceptions_of
from sesreport.findings.fingerprint import fingerprint
from sesreport.findings.harm import EXPOSURES, Harm
from sesreport.findings.known_events import ACCOUNT
from sesreport.findings.registry import Rule, rules
from sesreport.settings.config import FindingException, FindingsSetting

OPEN, OVERDUE, DONE, ACCEPTED, WITHDRAWN = OUTCOMES = ("open", "overdue", "done", "accepted", "withdrawn")
STANDING = (OPEN, OVERDUE)
"""Outcomes of what is still asked."""
EXACT, FIRST_SEEN = "exact", "first seen"

_DAY = {day: datetime.fromisoformat(f"{day}T00:00+00:00") for day in (
    "2025-10-08", "2025-10-15", "2026-10-14", "2026-11-13", "2026-09-01", "2026-10-01", "2026-10-20")}  # fmt: skip

ACTIONS = Frame(
    "actions",
    "One row per ask about one identity, or one whole account, and time it was open: since when, until when, how often "
    "it was asked, and what became of it. What is done and comes back is a new action with a new date.",
    keys={
        "fingerprint": text("Hash of the rule and the identity or account it asks about; the same in every month."),
        "episode": integer("1 for the first time it was asked, 2 when it came back …", minimum=1),
    },
    columns={
        "ask": text("What is asked.", required=True),
        "rule": text("Name of the rule that asks.", required=True),
        "severity": text("critical, high, medium or low.", required=True),
        "incident": flag("Whether it is about something that happened, which is asked about first.", required=True),
        "account_id": account_id("Account of the identity.", required=True),
        "account_name": text("Its name."),
        "region": text("Region of the identity.", required=True),
        "identity": text("The identity, or '(whole account)'.", required=True),
        "outside_accounts": texts("The outside accounts that it is about, named."),
        "asked_of": text("Team or person that is asked, in full; NA where nobody is known to answer for it."),
        "opened_at": at("Since when: the moment of a change event or of the register, else when it was first seen.",
                        required=True),
        "opened_by": text("What that rests on: exact, or first seen.", required=True),
        "due": at("The day by which it should be done: opened_at and the days of the settings for the severity, of an "
                  "incident the day it was first seen and those for incidents; no later report moves it.",
                  required=True),
        "times_asked": count("Months whose report showed it as open, this one included.", required=True),
        "asked_before": flag("Whether the report of the month before showed it as open.", required=True),
        "outcome": text("open, overdue, done, accepted (for a time, by the settings) or withdrawn.", required=True),
        "outcome_at": at("When it was done, or since when it is not asked any more."),
        "accepted_until": at("The last day on which it is accepted."),
        "days_overdue": count("Days since it was due; NA unless it is overdue."),
        "outcome_reason": text("Why it was withdrawn or accepted; where nobody could look again, why "
                               "not."),
        "effect": text("What follows if it is not done.", required=True),
        "exposure": text("How far the identity is open; NA when that is not known, and for a whole account."),
        "messages": real("Messages of the month that ride on it: those of its account and Region; NA where not "
                         "read.", minimum=0),
        "value": money("What they are worth; NA without a setting."),
        "currency": text("Of the value."),
        "reach": text("The same in words.", required=True),
        "rank": count("1 for what does most harm; NA for what is not asked any more."),
    },
    samples=(
        {"fingerprint": "5d1c0a9be2f0441793a0be1172cc5d60", "episode": 1,
         "ask": "Close shop.example.com to everyone but the accounts that need it", "rule": "open_to_anyone",
         "severity": "critical", "incident": False, "account_id": "210000000001", "account_name": "shop-prod",
         "region": "eu-west-1", "identity": "shop.example.com", "outside_accounts": [], "asked_of": "shop",
         "opened_at": _DAY["2025-10-08"], "opened_by": "first seen", "due": _DAY["2025-10-15"], "times_asked": 13,
         "asked_before": True, "outcome": "overdue", "days_overdue": 384,
         "effect": "Any AWS account can send mail that our domain signs.", "exposure": "public",
         "messages": 6124000.0, "value": Decimal(30620), "currency": "EUR",
         "reach": "anyone can send as it; 6,124,000 messages of its account and Region in October 2026", "rank": 2},
        {"fingerprint": "93a0be1172cc5d605d1c0a9be2f04417", "episode": 1,
         "ask": "Stop sending from sandbox (us-east-1); rotate the keys used", "rule": "volume_spike",
         "severity": "high", "incident": True, "account_id": "210000000003", "account_name": "sandbox",
         "region": "us-east-1", "identity": "(whole account)", "outside_accounts": [], "opened_at": _DAY["2026-10-14"],
         "opened_by": "first seen", "due": _DAY["2026-10-14"], "times_asked": 1, "asked_before": False,
         "outcome": "open", "effect": "So does whoever holds a stolen key.", "messages": 50000.0,
         "reach": "50,000 messages of its account and Region in October 2026", "rank": 1},
        {"fingerprint": "1f77c2a4b8d93e0293a0be1172cc5d60", "episode": 2,
         "ask": "Renew or end the expired approval of Brightside (310000000002) on promo.example.com",
         "rule": "expired_approval", "severity": "high", "incident": False, "account_id": "210000000001",
         "region": "eu-west-1", "identity": "promo.example.com",
         "outside_accounts": ["Brightside (310000000002)"], "asked_of": "marketing", "opened_at": _DAY["2026-09-01"],
         "opened_by": "exact", "due": _DAY["2026-10-01"], "times_asked": 1, "asked_before": True, "outcome": "done",
         "outcome_at": _DAY["2026-10-20"], "effect": "The vendor's account can still send as us.",
         "exposure": "vendor", "messages": 6124000.0,
         "reach": "approved outside accounts can send as it; 6,124,000 messages of its account and Region in "
                  "October 2026"},
    ),
)  # fmt: skip

_ABOUT = ("rule", *IDENTITY)
_LIFE = (
    *_ABOUT, "severity", "account_name", "grantee", "owner", "first_seen", "last_seen", "opened_at",
    "resolved_at", "resolved_by", "reason",
)  # fmt: skip
_ACCOUNT_ID = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


@derived(ACTIONS)
def actions(analysis: Analysis) -> pd.DataFrame:
    """Of all findings that something is asked about, by their lives; what is still asked first, by harm.

    An action lasts as long as at every look some finding of its rule was there: who removes one outside account and
    lets in another has not done what was asked.
    """
    reports = [Report.of(each) for each in analysis.chain]
    names = dict(rows(analysis.register, ("account_id", "name")))
    harm = Harm(analysis)
    asked = asked_by(reports, analysis.lives, analysis.config.findings, names)
    found = [row | harm.of((row["account_id"], row["region"], row["identity"])) for row in asked]
    return _ranked(ACTIONS.from_rows(found)) if found else ACTIONS.empty()


def asked_by(
    reports: Sequence[Report], lives: pd.DataFrame, settings: FindingsSetting, names: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    """All of the actions that the lives tell but the harm, as rows of :data:`ACTIONS`.

    ``reports`` are those up to now, oldest first; ``names`` are those of outside accounts.
    """
    asked = {slug: rule for slug, rule in rules().items() if rule.ask}
    judging = _Judging(reports, settings, names)
    by_place = _actions_by_place(lives, settings, asked)
    shared = SharedNames.of(judging.subject(action) for several in by_place.values() for action in several)
    return [
        judging.row(action, asked[action.rule], number, shared)
        for several in by_place.values()
        for number, action in enumerate(several, 1)
    ]


@dataclass(frozen=True)
class Report:
    """What one month's report could show."""

    period: str
    started: pd.Timestamp
    finished: pd.Timestamp
    today: date
    members: frozenset[str]
    """Accounts of the organization; none where they were not listed."""

    @classmethod
    def of(cls, analysis: Analysis) -> Report:
        snapshot = analysis.snapshot
        accounts = snapshot.accounts
        listed = accounts.loc[accounts["in_organization"].fillna(value=False).astype(bool), "account_id"]
        times = pd.Timestamp(snapshot.started_at), pd.Timestamp(snapshot.finished_at)
        return cls(str(analysis.period), *times, analysis.today, frozenset(listed))

    def lacks(self, account: str) -> bool:
        """Whether an account had left the organization."""
        return bool(self.members) and account not in self.members


@dataclass(frozen=True)
class _Life:
    """One episode of a finding."""

    severity: str
    account_name: str | None
    grantee: str | None
    owner: str | None
    first_seen: pd.Timestamp
    last_seen: pd.Timestamp
    opened_at: pd.Timestamp | None
    resolved_at: pd.Timestamp | None
    resolved_by: pd.Timestamp | None
    reason: str | None
    exceptions: tuple[FindingException, ...]

    @property
    def opened(self) -> pd.Timestamp:
        return self.first_seen if self.opened_at is None else self.opened_at

    @property
    def ended(self) -> pd.Timestamp | None:
        return self.resolved_by if self.resolved_at is None else self.resolved_at

    def open_at(self, report: Report) -> bool:
        """Whether it was open at a report to all that was known; what could not be read again stays open."""
        if report.started < self.first_seen:
            return False
        return self.resolved_by is None or report.started <= self.last_seen or report.finished < self.resolved_by


@dataclass
class _Action:
    """The lives of findings that one ask is about, without a gap between them."""

    rule: str
    place: IdentityKey
    lives: list[_Life]

    @property
    def opened(self) -> pd.Timestamp:
        return self.lives[0].opened

    @property
    def first_seen(self) -> pd.Timestamp:
        return min(life.first_seen for life in self.lives)

    @property
    def ended(self) -> pd.Timestamp | None:
        """When the last of them was gone; None while one is not."""
        ends = [life.ended for life in self.lives if life.ended is not None]
        return max(ends) if len(ends) == len(self.lives) else None

    @property
    def about(self) -> _Life:
        """The life that tells of the place, the last that was seen of those that are left."""
        return max(self.left or self.lives, key=lambda life: life.last_seen)

    @cached_property
    def left(self) -> list[_Life]:
        """Those that are not gone."""
        return [life for life in self.lives if life.ended is None]


def _actions_by_place(
    lives: pd.DataFrame, settings: FindingsSetting, asked: Mapping[str, Rule]
) -> dict[tuple[str, ...], list[_Action]]:
    """The actions about each place, oldest first."""
    lives = lives[lives["rule"].isin(list(asked))].reset_index(drop=True)
    accepted = exceptions_of(lives, settings.exceptions)
    by_place: dict[tuple[str, ...], list[_Life]] = defaultdict(list)
    for values, exceptions in zip(rows(lives, _LIFE), accepted, strict=True):
        row = dict(zip(_LIFE, values, strict=True))
        times = {name: _moment(row.pop(name)) for name in ("opened_at", "resolved_at", "resolved_by")}
        about = tuple(str(row.pop(name)) for name in _ABOUT)
        by_place[about].append(_Life(**row, **times, exceptions=exceptions))  # type: ignore[arg-type]
    return {about: _without_gaps(about, each) for about, each in by_place.items()}


def _without_gaps(about: tuple[str, ...], lives: Sequence[_Life]) -> list[_Action]:
    rule, account, region, identity = about
    made: list[_Action] = []
    for life in sorted(lives, key=lambda life: (life.opened, life.first_seen)):
        if made and ((ended := made[-1].ended) is None or life.opened <= ended):
            made[-1].lives.append(life)
        else:
            made.append(_Action(rule, (account, region, identity), [life]))
    return made


@dataclass(frozen=True)
class _Judging:
    """What became of actions, by the reports up to now."""

    reports: Sequence[Report]
    settings: FindingsSetting
    names: Mapping[str, str | None]
    """Names of outside accounts."""

    @property
    def now(self) -> Report:
        return self.reports[-1]

    def subject(self, action: _Action) -> Subject:
        account, region, identity = action.place
        return Subject(account, action.about.account_name, region, identity, self._outside(action))

    def row(self, action: _Action, rule: Rule, number: int, shared: SharedNames) -> dict[str, Any]:
        """All of an action but its harm."""
        account, region, identity = action.place
        about, subject = action.about, self.subject(action)
        due = self._due(action, rule, about.severity)
        asked = {report.period for report in self.reports if self._asks(action, report)}
        return {
            "fingerprint": fingerprint((action.rule, *action.place, None)),
            "episode": number,
            "ask": ask_in_words(rule.ask, [subject], shared),
            "rule": action.rule,
            "severity": about.severity,
            "incident": rule.incident,
            "account_id": account,
            "account_name": about.account_name,
            "region": region,
            "identity": identity,
            "outside_accounts": list(subject.accounts),
            "asked_of": about.owner,
            "opened_at": action.opened,
            "opened_by": FIRST_SEEN if action.lives[0].opened_at is None else EXACT,
            "due": due,
            "times_asked": len(asked),
            "asked_before": len(self.reports) > 1 and self._asks(action, self.reports[-2]),
            "effect": rule.why,
            **self._outcome(action, rule, due),
        }

    def _due(self, action: _Action, rule: Rule, severity: str) -> pd.Timestamp:
        """What happened is to be seen to at once; other asks have the days of their severity."""
        days = self.settings.due_days
        if rule.incident:
            return action.first_seen.normalize() + timedelta(days=days.incident)
        return action.opened.normalize() + timedelta(days=days.of(severity))

    def _outside(self, action: _Action) -> tuple[str, ...]:
        ids = sorted(
            {found for life in action.left or action.lives for found in _ACCOUNT_ID.findall(life.grantee or "")}
        )
        return tuple(
            f"{name} ({each})" if (name := self.names.get(each)) else f"outside account {each}" for each in ids
        )

    def _asks(self, action: _Action, report: Report) -> bool:
        """Whether the report showed the action as open."""
        if report.lacks(action.place[0]):
            return False
        return any(life.open_at(report) and self._acceptance(life, report) is None for life in action.lives)

    def _acceptance(self, life: _Life, report: Report) -> FindingException | None:
        """The exception by which a finding was accepted at a report.

        One that tells no beginning and is still in force is not known to have been there before this report.
        """
        for each in life.exceptions:
            known = report is self.now or each.accepted_at is not None or not each.in_force(self.now.today)
            if known and each.in_force(report.today):
                return each
        return None

    def _outcome(self, action: _Action, rule: Rule, due: pd.Timestamp) -> dict[str, Any]:
        ended = action.ended
        if ended is not None:
            if rule.passing:
                reason = "it is about one month alone, and no later snapshot can show whether it was done"
                return {"outcome": WITHDRAWN, "outcome_at": ended, "outcome_reason": reason}
            return {"outcome": DONE, "outcome_at": ended}
        if self.now.lacks(action.place[0]):
            since = self._left_since(action.place[0])
            return {
                "outcome": WITHDRAWN,
                "outcome_at": since,
                "outcome_reason": "the account has left the organization",
            }
        accepted = [self._acceptance(life, self.now) for life in action.left]
        if (first := min((e for e in accepted if e), key=lambda e: e.expires, default=None)) and all(accepted):
            since_day = None if first.accepted_at is None else _midnight(first.accepted_at)
            return {"outcome": ACCEPTED, "outcome_at": since_day, "accepted_until": _midnight(first.expires),
                    "outcome_reason": first.reason}  # fmt: skip
        unread = next((life.reason for life in action.left if life.reason), None)
        late = (_midnight(self.now.today) - due).days
        if late > 0:
            return {"outcome": OVERDUE, "days_overdue": late, "outcome_reason": unread}
        return {"outcome": OPEN, "outcome_reason": unread}

    def _left_since(self, account: str) -> pd.Timestamp:
        """The beginning of the first report, since the last that had it, at which an account had left."""
        since = self.now.started
        for report in reversed(self.reports):
            if not report.lacks(account):
                break
            since = report.started
        return since


def _ranked(found: pd.DataFrame) -> pd.DataFrame:
    """What is still asked first, the most harm first, and new before old; the rest by when it ended, newest first."""
    exposures = [name for name in EXPOSURES if name]
    exposures.insert(list(EXPOSURES).index(""), "?")
    whole = found["identity"].eq(ACCOUNT)
    order = pd.DataFrame(
        {
            "ended": ~found["outcome"].isin(STANDING),
            "at": -found["outcome_at"].astype("int64").where(found["outcome_at"].notna(), 0),
            "calm": ~found["incident"].astype(bool),
            "severity": found["severity"].map({name: rank for rank, name in enumerate(SEVERITIES)}),
            "exposure": found["exposure"].fillna("?").map({n: r for r, n in enumerate(exposures)}).mask(whole, 0),
            "messages": -found["messages"].fillna(float("inf")),
            "opened": -found["opened_at"].astype("int64"),
            **{name: found[name] for name in ("rule", *IDENTITY, "episode")},
        }
    )
    order.loc[~order["ended"], "at"] = 0
    found = found.loc[order.sort_values(list(order.columns), kind="stable").index].reset_index(drop=True)
    asked = found["outcome"].isin(STANDING)
    return found.assign(rank=asked.cumsum().where(asked).astype("Int64"))


def _moment(value: Any) -> pd.Timestamp | None:
    return None if pd.isna(value) else pd.Timestamp(value)


def _midnight(day: date) -> pd.Timestamp:
    return pd.Timestamp(datetime(day.year, day.month, day.day, tzinfo=UTC))
