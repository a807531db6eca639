"""Rules on what incidents begin with: what is not known counts, and what is known to be harmless does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sesreport.findings.examples import OWN, REGION, Example, event
from sesreport.findings.registry import rules

OFF, ON = {"enabled": False}, {"enabled": True}
SWITCH = "UpdateAccountSendingEnabled"
STRANGER = f"arn:aws:iam::{OWN}:user/stranger"
BULK = (9_000.0, 15_000.0)


def evidence(slug: str, example: Example, folder: Path) -> dict[str, str]:
    """What a rule says of an example, by identity."""
    found = rules()[slug].places(example.analysis(folder))
    assert set(zip(found["account_id"], found["region"], strict=True)) <= {(OWN, REGION)}
    return dict(zip(found["identity"], found["evidence"], strict=True))


def switched(*changes: Mapping[str, Any], before: bool | None = None) -> Example:
    """An account whose sending was switched so; ``before`` is its state in the snapshot before, if there is one."""
    earlier = None if before is None else Example(sending_fields={"sending_enabled": before})
    return Example(changes=changes, earlier=earlier)


def test_production_access_names_who_asked_and_when(tmp_path: Path) -> None:
    found = evidence("production_access", Example(changes=[event("PutAccountDetails", 10, **ON)]), tmp_path)
    by = f"arn:aws:iam::{OWN}:role/deploy from 203.0.113.7"
    assert found == {"(whole account)": f"PutAccountDetails on 2026-10-22 06:00 UTC by {by}"}


def test_details_that_are_hidden_may_ask_for_production_access(tmp_path: Path) -> None:
    hidden = event("PutAccountDetails", 10, principal_arn=None, source_ip=None)
    (found,) = evidence("production_access", Example(changes=[hidden]), tmp_path).values()
    assert found.endswith("by somebody the event does not name, whether for production access is not known")


@pytest.mark.parametrize(
    ("example", "says"),
    [
        (switched(event(SWITCH, 10, **ON), before=False), "off before, since 2026-10-01 or longer"),
        (switched(event(SWITCH, 20, **OFF), event(SWITCH, 10, **ON), before=True), "off before, since 2026-10-12"),
        (switched(event(SWITCH, 10, **ON)), "whether it was off before is not known"),
        (switched(event(SWITCH, 20), event(SWITCH, 10, **ON), before=True), "whether it was off before is not known"),
        (switched(event(SWITCH, 10), before=False), "off before"),
        (switched(event(SWITCH, 10, **OFF), event("PutAccountSendingAttributes", 10, **ON)), "off before"),
    ],
)
def test_sending_that_was_off_or_may_have_been_is_found(example: Example, says: str, tmp_path: Path) -> None:
    (found,) = evidence("sending_switched_on", example, tmp_path).values()
    assert says in found


@pytest.mark.parametrize(
    "example",
    [
        switched(event(SWITCH, 10, **ON), before=True),
        switched(event(SWITCH, 50, **ON), event(SWITCH, 10, **ON)),
        switched(event(SWITCH, 10, **OFF), before=True),
        switched(event(SWITCH, 20, **OFF), event(SWITCH, 10, error_code="AccessDenied", **ON)),
        switched(event(SWITCH, 50, **OFF), event(SWITCH, 40, **ON)),
    ],
)
def test_sending_that_was_on_or_stayed_off_is_not_found(example: Example, tmp_path: Path) -> None:
    assert evidence("sending_switched_on", example, tmp_path) == {}


def begun(days: int, principal: str | None = STRANGER, name: str = "VerifyDomainIdentity", **fields: Any) -> Any:
    return event(name, days, **{"identity": "new.example.com", "principal_arn": principal, **fields})


def test_every_identity_of_a_new_principal_is_found(tmp_path: Path) -> None:
    example = Example(changes=[begun(10), begun(9, identity="other.example.com")])
    found = evidence("new_principal", example, tmp_path)
    assert found.keys() == {"new.example.com", "other.example.com"}
    assert all("who began none before in the history known (from 2026-08-03 on)" in text for text in found.values())


def test_what_an_earlier_snapshot_holds_is_known(tmp_path: Path) -> None:
    example = Example(changes=[begun(10)], earlier=Example(changes=[begun(80, identity="old.example.com")]))
    assert evidence("new_principal", example, tmp_path) == {}


def test_a_failed_attempt_makes_nobody_known(tmp_path: Path) -> None:
    example = Example(changes=[begun(60, error_code="LimitExceededException"), begun(10)])
    assert evidence("new_principal", example, tmp_path).keys() == {"new.example.com"}


def test_an_event_that_names_nobody_is_found(tmp_path: Path) -> None:
    example = Example(changes=[begun(60, None), begun(10, None)])
    assert evidence("new_principal", example, tmp_path).keys() == {"new.example.com"}


def test_an_event_that_hides_its_identity_is_found(tmp_path: Path) -> None:
    assert evidence("new_principal", Example(changes=[begun(10, identity=None)]), tmp_path).keys() == {
        "(whole account)"
    }


def test_an_identity_is_named_by_name_where_the_event_has_its_arn(tmp_path: Path) -> None:
    arn = f"arn:aws:ses:{REGION}:{OWN}:identity/new.example.com"
    assert evidence("new_principal", Example(changes=[begun(10, identity=arn)]), tmp_path).keys() == {"new.example.com"}


def test_a_verification_that_is_asked_for_again_begins_nothing(tmp_path: Path) -> None:
    again = Example(changes=[begun(10, identity="example.com")], earlier=Example())
    assert evidence("new_principal", again, tmp_path) == {}


def test_an_identity_that_was_deleted_in_between_is_begun_anew(tmp_path: Path) -> None:
    deleted = event("DeleteIdentity", 11, identity="example.com")
    anew = Example(changes=[deleted, begun(10, identity="example.com")], earlier=Example())
    assert evidence("new_principal", anew, tmp_path).keys() == {"example.com"}


def quota(now: float | None, before: float | None = 200.0, sent: tuple[float, ...] = BULK) -> Example:
    earlier = Example(sending_fields={"max_24_hour_send": before})
    return Example(sending_fields={"max_24_hour_send": now}, sent=sent, earlier=earlier)


@pytest.mark.parametrize(
    ("example", "says"),
    [
        (quota(50_000.0), "200 before; 15,000 messages on 2026-10-31, none before 2026-10-01"),
        (quota(-1.0), "quota unlimited recipients a day, 200 before"),
        (quota(50_000.0, None), "quota 50,000 recipients a day, not known before"),
        (replace(quota(50_000.0), earlier=None), "not known before"),
        (quota(400.0, sent=(201.0,)), "quota 400 recipients a day, 200 before; 201 messages"),
    ],
)
def test_a_jump_with_bulk_mail_from_a_silent_region_is_found(example: Example, says: str, tmp_path: Path) -> None:
    (found,) = evidence("quota_and_volume", example, tmp_path).values()
    assert says in found


@pytest.mark.parametrize(
    "example",
    [
        quota(50_000.0, 40_000.0),
        quota(50_000.0, -1.0),
        quota(None),
        quota(50_000.0, sent=()),
        quota(50_000.0, sent=(20.0, 200.0)),
        quota(50_000.0, sent=(5.0, *[0.0] * 40, *BULK)),
    ],
)
def test_a_small_raise_little_mail_or_a_sender_of_old_is_not_found(example: Example, tmp_path: Path) -> None:
    assert evidence("quota_and_volume", example, tmp_path) == {}
