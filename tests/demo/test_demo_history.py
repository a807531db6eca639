"""The same data on another day: what was opened, repaired, named and suspended in thirteen months."""

from __future__ import annotations

from datetime import date

import pytest

from sesreport.demo import data_path
from sesreport.demo.world import World

MONTHS = [date(2025, 11, 3), date(2026, 2, 3), date(2026, 5, 3), date(2026, 8, 3), date(2026, 11, 3)]


def on(today: date) -> World:
    return World.load(data_path(), today)


def test_more_identities_have_an_owner_each_quarter() -> None:
    shares = []
    for world in map(on, MONTHS):
        standing = [entry for entry in world.identities.values() if entry.exists(world.today)]
        shares.append(sum("owner" in entry.tags(world.today) for entry in standing) / len(standing))
    assert shares == sorted(shares)
    assert shares[0] < 0.80 < shares[-1] < 0.95


@pytest.mark.parametrize(
    ("day", "stands"),
    [
        (date(2026, 9, 29), False),
        (date(2026, 9, 30), True),
        (date(2026, 10, 13), True),
        (date(2026, 10, 14), False),
    ],
)
def test_a_policy_stands_from_its_first_day_until_its_last(day: date, stands: bool) -> None:
    entry = on(day).identities["210000000006", "eu-west-1", "orders.example.com"]
    assert ("example" in entry.documents(day)) is stands


def test_a_changed_policy_shows_its_text_of_the_day() -> None:
    place = ("210000000010", "ap-southeast-2", "rewards.example.net")
    before, after = (on(day).identities[place].documents(day)["surveyline"] for day in MONTHS[-2:])
    assert "ses:FromAddress" in before
    assert "ses:FromAddress" not in after


def test_identities_come_and_go() -> None:
    place = ("210000000008", "us-east-1", "sweepstake.example.com")
    assert [world.identities[place].exists(world.today) for world in map(on, MONTHS)] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert not any(entry.identity == place[2] for entry in on(MONTHS[-1]).identities_in(*place[:2]))


def test_accounts_join_and_are_suspended() -> None:
    worlds = list(map(on, MONTHS))
    assert ["210000000012" in world.accounts for world in worlds] == [False, False, False, True, True]
    states = [world.accounts["210000000019"].status(world.today) for world in worlds]
    assert states == ["ACTIVE", "ACTIVE", "ACTIVE", "SUSPENDED", "SUSPENDED"]


def test_aws_standing_has_a_history() -> None:
    staging = on(MONTHS[0]).senders["210000000013", "eu-west-1"]
    days = [date(2026, 3, 15), date(2026, 3, 16), date(2026, 4, 12), date(2026, 4, 13)]
    assert [staging.standing(day).status for day in days] == ["HEALTHY", "PROBATION", "PROBATION", "HEALTHY"]


def test_there_are_no_plans_before_there_were_any() -> None:
    loyalty = on(MONTHS[0]).senders["210000000010", "ap-southeast-2"]
    assert [loyalty.plan_on(day) for day in (date(2026, 7, 20), date(2026, 7, 21))] == ["NONE", "ESSENTIALS"]
