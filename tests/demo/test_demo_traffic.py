"""The numbers: the same for a day in every run, consistent with each other, shaped like a business's."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from sesreport.demo import data_path
from sesreport.demo.traffic import SLOTS, Sender
from sesreport.demo.world import World

SHOP, MARKETING, SANDBOX = (
    ("210000000006", "eu-west-1"),
    ("210000000008", "eu-west-1"),
    ("210000000017", "us-east-1"),
)


def daily(world: World, place: tuple[str, str], start: date, end: date) -> dict[str, np.ndarray]:
    return world.volume(world.senders[place], start, end).grouped(SLOTS).metrics


def every_sender(world: World) -> list[Sender]:
    return list(world.senders.values())


def test_a_day_has_the_same_numbers_whatever_today_is(world: World) -> None:
    later = World.load(data_path(), world.today + timedelta(days=47))
    span = (date(2026, 9, 20), world.today)
    for place in world.senders:
        for name, counts in daily(world, place, *span).items():
            assert counts.tolist() == daily(later, place, *span)[name].tolist(), (place, name)


def test_a_days_reputation_is_the_same_whatever_today_is(world: World) -> None:
    later = World.load(data_path(), world.today + timedelta(days=47))
    span = (date(2026, 9, 20), world.today)
    here, there = (one.reputation(one.senders[SHOP], *span) for one in (world, later))
    assert [rates.tolist() for rates in here] == [rates.tolist() for rates in there]


def test_nothing_is_known_after_yesterday(world: World) -> None:
    sender = world.senders[SHOP]
    volume = world.volume(sender, world.today - timedelta(days=1), world.today + timedelta(days=9))
    assert len(volume.send) == SLOTS
    assert len(world.volume(sender, world.today, world.today + timedelta(days=9)).send) == 0


def test_what_was_sent_was_delivered_bounced_or_rejected(world: World) -> None:
    for sender in every_sender(world):
        volume = world.volume(sender, world.history_start, world.today)
        assert (volume.send == volume.delivery + volume.bounce + volume.reject).all()
        assert (volume.complaint <= volume.delivery).all()
        assert min(counts.min() for counts in volume.metrics.values()) >= 0


def test_senders_differ(world: World) -> None:
    span = (date(2026, 10, 1), date(2026, 10, 8))
    assert len({tuple(daily(world, place, *span)["Send"]) for place in world.senders}) > 20


def test_office_mail_rests_at_the_weekend(world: World) -> None:
    week = daily(world, ("210000000007", "eu-central-1"), date(2026, 10, 5), date(2026, 10, 12))["Send"]
    assert week[:5].min() > 2.5 * week[5:].max()


def test_retail_peaks_before_christmas_and_dips_after(world: World) -> None:
    weeks = {
        "october": (date(2025, 10, 6), date(2025, 10, 13)),
        "december": (date(2025, 12, 15), date(2025, 12, 22)),
        "holidays": (date(2025, 12, 24), date(2025, 12, 31)),
    }
    sent = {name: daily(world, SHOP, *span)["Send"].sum() for name, span in weeks.items()}
    assert sent["december"] > 1.5 * sent["october"]
    assert sent["holidays"] < 0.7 * sent["october"]


def test_growth_shows_within_a_year(world: World) -> None:
    before = daily(world, SHOP, date(2025, 10, 1), date(2025, 11, 1))["Send"].sum()
    after = daily(world, SHOP, date(2026, 10, 1), date(2026, 11, 1))["Send"].sum()
    assert 1.2 < after / before < 1.35


def test_every_sender_stays_within_its_quota(world: World) -> None:
    for sender in every_sender(world):
        sent = world.volume(sender, world.history_start, world.today).grouped(SLOTS).send
        assert sent.max() <= sender.quota, (sender.account, sender.region)


def test_shares_of_a_senders_identities_add_up(world: World) -> None:
    for account, region in world.senders:
        if identities := world.identities_in(account, region):
            total = sum(identity.share for identity in identities)
            assert total == pytest.approx(1.0), (account, region)
