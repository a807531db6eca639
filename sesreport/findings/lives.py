"""Every finding's life: when it was opened, seen last, resolved and opened again."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.core.schema import Frame, at, count, flag, integer, real, text
from sesreport.findings.episodes import EXCEPTED, OPEN, RESOLVED, episodes
from sesreport.findings.findings import SUBJECT, found
from sesreport.findings.looks import ABOUT, looks
from sesreport.findings.survival import age_class

_OCTOBER = {day: datetime.fromisoformat(f"2026-10-{day:02}T09:00+00:00") for day in (1, 2, 9, 20)}
_NOVEMBER = datetime.fromisoformat("2026-11-01T06:00+00:00")

LIVES = Frame(
    "lives",
    "One row per finding and episode of it, by all snapshots and change events: what is open, resolved, excepted, and "
    "what nobody could look at since.",
    keys={
        "fingerprint": text("Hash of rule and place, as in 'findings'."),
        "episode": integer("1 for the first time it was open, 2 when it came back …", minimum=1),
    },
    columns={
        **SUBJECT,
        "owner": text("Who answers for it."),
        "environment": text("Environment of the account."),
        "status": text("open, resolved, excepted (accepted for a time) or not observed (open when it was last read, "
                       "and not read since).", required=True),
        "first_seen": at("First look at which it was there.", required=True),
        "last_seen": at("Last look at which it was there.", required=True),
        "opened_at": at("When it was opened, where a change event or the register says."),
        "opened_after": at("It was not there at this look; NA when it was there at the first."),
        "opened_by": at("It was there by the end of this look.", required=True),
        "opened_basis": text("event (CloudTrail), register, or interval (between two looks).", required=True),
        "opened_in": text("Month it counts as opened in, YYYY-MM: the event's, or that the later look speaks for; NA "
                          "when it was there at the first look."),
        "opened_principal": text("Who made the change that opened it."),
        "resolved_at": at("When it was resolved, where a change event or the register says."),
        "resolved_after": at("It was still there at this look."),
        "resolved_by": at("It was gone by the end of this look; NA while not resolved."),
        "resolved_basis": text("event, register or interval."),
        "resolved_in": text("Month it counts as resolved in, YYYY-MM."),
        "resolved_principal": text("Who made the change that resolved it."),
        "reopened": count("How often it had been resolved before.", required=True),
        "excepted": flag("Whether the settings accept it now.", required=True),
        "days_low": real("Shortest time it can have been open (until the snapshot, while it is).", minimum=0),
        "days_high": real("Longest time; NA when it was there at the first look.", minimum=0),
        "days": real("What a mean takes: days_high, else days_low.", minimum=0),
        "age": text("How long it has been open, as every output tells it: new this month, up to 30 days, 31 to 90 "
                    "days, over 90 days, or since before the first snapshot; NA for a resolved one."),
        "reason": text("Why it is not observed."),
    },
    samples=(
        {"fingerprint": "5d1c0a9be2f0441793a0be1172cc5d60", "episode": 1, "rule": "open_to_anyone", "rule_id": "SES001",
         "title": "Anyone can send as this identity", "severity": "critical", "account_id": "210000000001",
         "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "terraform", "grantee": "*",
         "status": "resolved", "first_seen": _OCTOBER[2], "last_seen": _OCTOBER[2], "opened_at": _OCTOBER[2],
         "opened_after": _OCTOBER[2], "opened_by": _OCTOBER[2], "opened_basis": "event", "opened_in": "2026-10",
         "resolved_at": _OCTOBER[9], "resolved_after": _OCTOBER[9], "resolved_by": _OCTOBER[9],
         "resolved_basis": "event", "resolved_in": "2026-10", "reopened": 0, "excepted": False, "days_low": 7.0,
         "days_high": 7.0, "days": 7.0},
        {"fingerprint": "5d1c0a9be2f0441793a0be1172cc5d60", "episode": 2, "rule": "open_to_anyone", "rule_id": "SES001",
         "title": "Anyone can send as this identity", "severity": "critical", "account_id": "210000000001",
         "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "terraform", "grantee": "*",
         "status": "open", "first_seen": _OCTOBER[20], "last_seen": _NOVEMBER, "opened_at": _OCTOBER[20],
         "opened_after": _OCTOBER[20], "opened_by": _OCTOBER[20], "opened_basis": "event", "opened_in": "2026-10",
         "reopened": 1, "excepted": False, "days_low": 11.875, "days_high": 11.875, "days": 11.875,
         "age": "new this month"},
        {"fingerprint": "93a0be1172cc5d605d1c0a9be2f04417", "episode": 1, "rule": "no_owner", "rule_id": "SES051",
         "title": "The identity has no owner", "severity": "low", "account_id": "210000000003", "region": "us-east-1",
         "identity": "example.org", "status": "not observed", "first_seen": _OCTOBER[1], "last_seen": _OCTOBER[1],
         "opened_by": _OCTOBER[1], "opened_basis": "interval", "reopened": 0, "excepted": False, "days_low": 30.875,
         "age": "since before the first snapshot",
         "days": 30.875, "reason": "everything: denied (sts:AssumeRole: AccessDenied)"},
    ),
)  # fmt: skip


@derived(LIVES)
def lives(analysis: Analysis) -> pd.DataFrame:
    """The episodes of all findings of this snapshot and the earlier ones, newest opening first.

    Earlier snapshots are judged by today's settings and rules, and by the register as of their day, so that a life
    is of what was there and not of what was then thought of it.
    """
    sightings, about = looks(analysis.chain)
    made = episodes(sightings, now=pd.Timestamp(analysis.snapshot.started_at))
    now = found(analysis).set_index("fingerprint")["status"]
    excepted = made["status"].eq(OPEN) & made["fingerprint"].map(now).eq("excepted").fillna(False)
    made = made.assign(
        status=made["status"].mask(excepted, EXCEPTED),
        excepted=excepted.astype("boolean"),
        reopened=made["episode"] - 1,
        **{name: made["fingerprint"].map(about[name]).astype("string") for name in ABOUT},
    )
    made["age"] = age_class(made, str(analysis.period)).mask(made["status"].eq(RESOLVED))
    order = ["first_seen", "rule", "account_id", "region", "identity", "fingerprint"]
    made = made.sort_values(order, ascending=[False, *[True] * 5], kind="stable", ignore_index=True)
    return made[list(LIVES.all_columns)]
