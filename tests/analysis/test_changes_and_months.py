"""What changed since the earlier snapshot, and months of sending."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from estate import DEV, EU, SHOP, STRANGER, US, VENDOR, Estate, policy, statement

OCTOBER_3 = datetime(2026, 10, 3, 6, tzinfo=UTC)


def changed(before: Estate, after: Estate, folder: Path) -> list[tuple[str, str, str, str]]:
    """``(what, change, subject, severity)`` of every row."""
    before.now = OCTOBER_3
    old = before.analysis(folder / "old")
    frame = after.analysis(folder / "new", previous=old).changes_since
    return list(frame[["what", "change", "subject", "severity"]].itertuples(index=False, name=None))


def test_without_an_earlier_snapshot_nothing_is_said_to_have_changed(tmp_path: Path) -> None:
    assert Estate().identity().analysis(tmp_path).changes_since.empty


def test_the_same_organization_has_not_changed(tmp_path: Path) -> None:
    estate = [Estate().identity(policies={"p": policy(STRANGER), "q": "{"}) for _ in range(2)]
    assert changed(estate[0], estate[1], tmp_path) == []


def test_two_empty_organizations_have_not_changed(tmp_path: Path) -> None:
    assert changed(Estate().place(), Estate().place(), tmp_path) == []


def test_a_new_grant_to_a_stranger_is_grave_and_its_end_is_not(tmp_path: Path) -> None:
    without, having = Estate().identity(), Estate().identity(policies={"p": policy(STRANGER)})
    assert changed(without, having, tmp_path / "1") == [
        ("exposure", "changed", "example.com", "high"),
        ("grant", "added", f"{STRANGER} in p", "high"),
    ]
    assert changed(having, without, tmp_path / "2") == [
        ("exposure", "changed", "example.com", "low"),
        ("grant", "removed", f"{STRANGER} in p", "low"),
    ]


def test_a_narrower_exposure_is_not_grave(tmp_path: Path) -> None:
    rows = changed(
        Estate().identity(policies={"p": policy("*"), "q": policy(STRANGER)}),
        Estate().identity(policies={"q": policy(STRANGER)}),
        tmp_path,
    )
    assert ("exposure", "changed", "example.com", "low") in rows


def test_an_owner_that_is_gone_is_a_change(tmp_path: Path) -> None:
    assert changed(Estate().identity(tags={"owner": "shop"}), Estate().identity(), tmp_path) == [
        ("owner", "changed", "example.com", "low")
    ]


@pytest.mark.parametrize(
    ("account", "region", "dataset", "status"),
    [
        (DEV, EU, "everything", "denied"),
        (DEV, EU, "identities", "throttled"),
        (DEV, EU, "policies", "error"),
        (DEV, EU, "everything", "region_disabled"),
        (DEV, "global", "everything", "skipped"),
    ],
)
def test_what_was_not_read_was_not_removed(
    account: str, region: str, dataset: str, status: str, tmp_path: Path
) -> None:
    before = Estate().identity().identity("dev.example.com", {"p": policy(STRANGER)}, account=DEV)
    after = Estate().identity().gap(account, region, dataset, status)
    assert changed(before, after, tmp_path / "lost") == []
    again = Estate().identity().identity("dev.example.com", {"p": policy(STRANGER)}, account=DEV)
    unread = Estate().identity().gap(account, region, dataset, status)
    assert changed(unread, again, tmp_path / "found") == []


def test_a_place_left_out_of_the_collection_was_not_removed(tmp_path: Path) -> None:
    before = Estate().identity().identity("us.example.com", region=US)
    assert changed(before, Estate().identity(), tmp_path) == []


def test_identities_of_a_new_account_are_new(tmp_path: Path) -> None:
    after = (
        Estate().identity().account("210000000004", "new", "prod").identity("new.example.com", account="210000000004")
    )
    assert changed(Estate().identity(), after, tmp_path) == [("identity", "added", "new.example.com", "low")]


def test_a_policy_that_became_unreadable_is_grave(tmp_path: Path) -> None:
    rows = changed(Estate().identity(policies={"p": policy(VENDOR)}), Estate().identity(policies={"p": "{"}), tmp_path)
    assert ("grant", "added", "unreadable in p", "high") in rows


def test_a_second_statement_that_is_wider_is_seen(tmp_path: Path) -> None:
    held = {"StringEquals": {"aws:PrincipalAccount": "1"}}
    before = {"Version": "2012-10-17", "Statement": [statement({"AWS": STRANGER}, Condition=held)]}
    after = {"Version": "2012-10-17", "Statement": [*before["Statement"], statement({"AWS": STRANGER})]}
    rows = changed(Estate().identity(policies={"p": before}), Estate().identity(policies={"p": after}), tmp_path)
    assert ("grant", "changed", f"{STRANGER} in p", "high") in rows


def test_a_month_is_the_sum_of_its_days_and_regions(tmp_path: Path) -> None:
    estate = Estate().days("Send", {"2026-10-01": 2.0, "2026-10-31": 3.0}).days("Send", {"2026-10-31": 5.0}, region=US)
    estate.days("Bounce", {"2026-10-31": 1.0}).days("Send", {"2026-11-01": 100.0})
    frame = estate.analysis(tmp_path).monthly
    assert frame[["period", "sent", "bounces", "days"]].values.tolist() == [["2026-10", 10.0, 1.0, 2]]
    assert frame["bounce_rate"].tolist() == [0.1] and frame["complete"].all()
    assert frame["complaints"].isna().all() and frame["complaint_rate"].isna().all()


@pytest.mark.parametrize("dataset", ["metrics", "everything"])
def test_a_month_with_an_unread_region_is_not_complete(dataset: str, tmp_path: Path) -> None:
    frame = Estate().days("Send", {"2026-10-01": 2.0}).gap(SHOP, US, dataset).analysis(tmp_path).monthly
    assert not frame["complete"].any()


def test_a_region_that_is_not_enabled_does_not_make_a_month_incomplete(tmp_path: Path) -> None:
    estate = Estate().days("Send", {"2026-10-01": 2.0}).gap(SHOP, US, "everything", "region_disabled")
    assert estate.analysis(tmp_path).monthly["complete"].all()


def test_the_oldest_month_is_whole_only_from_its_first_day(tmp_path: Path) -> None:
    """455 days before 3 November 2026 is 5 August 2025."""
    frame = Estate().days("Send", {"2025-08-20": 1.0, "2025-09-20": 1.0}).analysis(tmp_path).monthly
    assert dict(zip(frame["period"], frame["complete"], strict=True)) == {"2025-08": False, "2025-09": True}


def test_days_stand_side_by_side_and_an_unpublished_metric_is_not_known(tmp_path: Path) -> None:
    frame = Estate().days("Send", {"2026-10-01": 2.0}).days("Reject", {"2026-10-01": 0.0}).analysis(tmp_path).daily
    row = frame.iloc[0]
    assert (row["sent"], row["rejects"]) == (2.0, 0.0)
    assert frame[["delivered", "bounces", "complaints", "aws_bounce_rate"]].isna().all(axis=None)


def test_days_cloudwatch_forgot_are_told_by_the_earlier_snapshot(tmp_path: Path) -> None:
    """455 days before 3 October 2026 is 5 July 2025, before 3 November 5 August."""
    old = (
        Estate(OCTOBER_3)
        .days("Send", {"2025-08-02": 4.0, "2025-08-20": 1.0, "2026-09-30": 2.0})
        .analysis(tmp_path / "old")
    )
    now = Estate().days("Send", {"2025-08-20": 1.0, "2026-09-30": 3.0}).analysis(tmp_path / "new", previous=old)
    months = now.monthly.set_index("period")
    assert months["sent"].to_dict() == {"2025-08": 5.0, "2026-09": 3.0}
    assert months["complete"].all()


def test_months_between_two_snapshots_that_nobody_looked_at_are_not_complete(tmp_path: Path) -> None:
    old = Estate(datetime(2025, 1, 3, 6, tzinfo=UTC)).days("Send", {"2024-12-30": 4.0}).analysis(tmp_path / "old")
    now = Estate().days("Send", {"2025-08-20": 1.0, "2025-09-20": 1.0}).analysis(tmp_path / "new", previous=old)
    assert now.monthly.set_index("period")["complete"].to_dict() == {
        "2024-12": True, "2025-08": False, "2025-09": True,
    }  # fmt: skip
