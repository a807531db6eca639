"""Means, medians and ages, by hand; and what makes two findings one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from estate import STRANGER, VENDOR, Estate, policy
from hypothesis import given, settings
from hypothesis import strategies as st

from sesreport.analysis import judged as policies
from sesreport.analysis import remembered
from sesreport.findings import findings as judged
from sesreport.findings.findings import found
from sesreport.findings.fingerprint import fingerprint, list_principals
from sesreport.findings.survival import age_class, median_days, times_by_group
from sesreport.kpis.registry import kpis

SEEN = pd.Timestamp("2026-10-01", tz="UTC")


def lives(*rows: tuple[str, float, float | None]) -> pd.DataFrame:
    """``(status, days at least, days at most)``; resolved ones in October."""
    return pd.DataFrame(
        [
            {
                "status": status, "days_low": low, "days_high": high, "days": low if high is None else high,
                "severity": "high", "rule": "open_to_anyone",
                "resolved_in": "2026-10" if status == "resolved" else None,
                "last_seen": SEEN, "opened_by": SEEN - pd.Timedelta(days=low),
            }
            for status, low, high in rows
        ]
    ).astype({"days_low": "Float64", "days_high": "Float64", "days": "Float64"})  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("resolved", 2, 2), ("resolved", 4, 4), ("resolved", 9, 9)], 4),
        ([("resolved", 2, 2), ("resolved", 4, 4), ("resolved", 9, 9), ("resolved", 20, 20)], 4),
        # after 2 of 4: S = 3/4; one censored at 3; at 4 of 2: S = 3/8
        ([("resolved", 2, 2), ("open", 3, 3), ("resolved", 4, 4), ("open", 50, 50)], 4),
        ([("resolved", 2, 2), ("open", 30, 30), ("open", 40, 40)], None),
        ([("open", 30, 30)], None),
        # there at the first look: it lasted at least 9 days, and no more is known
        ([("resolved", 9, None), ("resolved", 2, 2)], 2),
        ([("resolved", 9, None)], None),
    ],
)
def test_the_median_counts_what_is_still_open(
    rows: list[tuple[str, float, float | None]], expected: float | None
) -> None:
    assert median_days(lives(*rows)) == expected


def by_hand(known: list[tuple[str, int]]) -> int | None:
    """The median by the product of Kaplan and Meier, in fractions."""
    still_open = Fraction(1)
    for day in sorted({days for status, days in known if status == "resolved"}):
        at_risk = sum(days >= day for _, days in known)
        still_open *= 1 - Fraction(known.count(("resolved", day)), at_risk)
        if still_open <= Fraction(1, 2):
            return day
    return None


@settings(deadline=None)  # the first case imports scipy.stats
@given(st.lists(st.tuples(st.sampled_from(["resolved", "open"]), st.integers(0, 12)), min_size=1, max_size=40))
def test_the_median_is_that_of_the_product_by_hand(known: list[tuple[str, int]]) -> None:
    assert median_days(lives(*[(status, days, days) for status, days in known])) == by_hand(known)


def test_the_mean_is_of_the_month_and_the_longest_it_can_have_been() -> None:
    made = times_by_group(lives(("resolved", 2, 6), ("resolved", 10, None), ("open", 70, 70)), "2026-10")
    whole = made.set_index(["dimension", "group"]).loc[("all", "all")]
    assert (whole["resolved"], whole["mean_days"], whole["at_least"]) == (2, 8, 1)
    assert (whole["open"], whole["oldest_days"]) == (1, 70)
    assert set(made["dimension"]) == {"all", "severity", "rule"}


def test_a_month_without_a_resolution_has_no_mean_and_says_why() -> None:
    row = times_by_group(lives(("open", 3, 3)), "2026-10").iloc[0]
    assert pd.isna(row["mean_days"]) and pd.isna(row["median_days"])
    assert row["reason"] == "nothing was resolved in 2026-10; nothing was ever resolved"


def test_accepted_risks_stand_apart() -> None:
    row = times_by_group(lives(("excepted", 300, 300), ("open", 3, 3)), "2026-10").iloc[0]
    assert (row["excepted"], row["open"], row["oldest_days"]) == (1, 1, 3)


def test_an_age_nobody_knows_is_not_young() -> None:
    made = lives(("open", 0, None), ("open", 91, None), ("open", 30, 30), ("open", 30, 31), ("open", 90, 91))
    ages = age_class(made.assign(opened_after=pd.Series([pd.NaT] * 5, dtype="datetime64[us, UTC]")), "2026-10")
    assert ages.tolist() == [
        "since before the first snapshot", "over 90 days", "up to 30 days", "31 to 90 days", "over 90 days",
    ]  # fmt: skip


def test_what_was_not_there_at_a_look_in_the_month_is_new() -> None:
    made = lives(("open", 0, 33), ("open", 0, 2), ("open", 0, 64), ("open", 0, 245))
    looks = pd.to_datetime(pd.Series(["2026-10-01", "2026-11-01", "2026-08-31", "2026-03-03"]), utc=True)
    ages = age_class(made.assign(opened_after=looks), "2026-10").tolist()
    assert ages == ["new this month", "new this month", "31 to 90 days", "over 90 days"]


def test_neighbors_do_not_run_into_each_other() -> None:
    places = [
        ("r", "1", "eu", "a", "b\x1fc"), ("r", "1", "eu", "a\x1fb", "c"), ("r", "1", "eu", "a", None),
        ("r", "1", "eu", "a", ""), ("r", "1", "eu", "", "a"), ("r", "1", "eu", 'a", "b', "c"),
    ]  # fmt: skip
    assert len({fingerprint(place) for place in places}) == len(places)
    assert list_principals(["a, b"]) != list_principals(["a", "b"]) and list_principals(['"a']) != list_principals(
        ["a"]
    )


def test_one_account_written_twice_is_one() -> None:
    root = f"arn:aws:iam::{STRANGER}:root"
    assert fingerprint(("r", "1", "eu", "a", root)) == fingerprint(("r", "1", "eu", "a", STRANGER))
    assert fingerprint(("r", "1", "eu", "a", f"x{root}")) != fingerprint(("r", "1", "eu", "a", f"x{STRANGER}"))
    assert list_principals([root, STRANGER, "b"]) == list_principals(["b", STRANGER, root])


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what was found is kept, of any snapshot, however small."""
    monkeypatch.setattr(remembered, "WORTH", 0)
    monkeypatch.setattr(remembered, "cache_folder", lambda _: tmp_path / "cache")
    return tmp_path / "cache" / "months"


def test_a_snapshot_is_judged_once(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate = Estate().identity(policies={"p": policy(STRANGER)})
    first = estate.analysis(tmp_path / "a")
    expected = found(first)
    again = estate.analysis(tmp_path / "unused")
    again.snapshot = first.snapshot
    monkeypatch.setattr(judged, "find", lambda _: pytest.fail("was judged again"))
    pd.testing.assert_frame_equal(found(again), expected)


def test_policies_of_a_month_whose_findings_are_known_are_not_judged_again(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = policy({"Service": "sns.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": STRANGER}})
    estate = Estate().identity(policies={"p": policy(VENDOR), "q": policy("*"), "r": "no policy"})
    estate.identity("shop.example.com", policies={"p": held}).identity("example.net", read=False)
    first = estate.analysis(tmp_path / "a")
    found(first)
    plain = policies.judged(first)
    first.release()
    (unknown,) = [each for each in kpis() if each.id == "unknown_accounts"]
    again = estate.analysis(tmp_path / "unused")
    again.snapshot = first.snapshot
    monkeypatch.setattr(policies, "judge", lambda *_: pytest.fail("was judged again"))
    pd.testing.assert_frame_equal(again.grants, plain.grants)
    pd.testing.assert_frame_equal(again.exposures, plain.exposures)
    assert set(unknown.measure(again).frame["grantee_account_id"]) == {VENDOR, STRANGER}


@pytest.mark.parametrize("damage", [b"", b"PAR1 broken", None])
def test_what_was_kept_and_is_damaged_is_made_again(tmp_path: Path, kept: Path, damage: bytes | None) -> None:
    estate = Estate().identity(policies={"p": policy(STRANGER)})
    first = estate.analysis(tmp_path / "a")
    expected = found(first)
    contents = {file: file.read_bytes() for file in kept.iterdir()}
    for file, content in contents.items():
        file.write_bytes(content[:-9] + b"." + content[-8:] if damage is None else damage)
    again = estate.analysis(tmp_path / "unused")
    again.snapshot = first.snapshot
    pd.testing.assert_frame_equal(found(again), expected)
    assert {file: file.read_bytes() for file in kept.iterdir()} == contents


@pytest.mark.parametrize("what", ["register", "settings", "day before"])
def test_of_another_input_nothing_is_kept(tmp_path: Path, kept: Path, what: str) -> None:
    estate = Estate().identity(policies={"p": policy(STRANGER)})
    first = estate.analysis(tmp_path / "a")
    found(first)
    before = set(kept.iterdir())
    other = estate.analysis(tmp_path / "unused")
    other.snapshot = first.snapshot
    match what:
        case "register":
            other.register = other.register.iloc[:0]
        case "settings":
            report = other.config.report.model_copy(update={"expiry_warning_days": 1})
            other.config = other.config.model_copy(update={"report": report})
        case "day before":
            other.previous = first
    found(other)
    assert len(set(kept.iterdir()) - before) == len(before)
