"""Events of CloudTrail as rows: both API versions, and whatever shape they come in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from sesreport.collect.datasets.changes import _row, changes
from sesreport.collect.earlier import EarlierPlace
from sesreport.snapshot.events import ATTRIBUTES, EVENTS, SOURCE
from sesreport.snapshot.frames.changes import CHANGES

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)


def told(name: str, parameters: Any, **more: Any) -> dict[str, Any]:
    record = {"requestParameters": parameters, "userIdentity": {"arn": "arn:aws:iam::210000000001:user/u"}, **more}
    return {"EventId": f"{name}-1", "EventName": name, "EventTime": NOW - timedelta(days=1), "CloudTrailEvent": record}


class Lane(SimpleNamespace):
    """A lane whose CloudTrail has these events on pages of ``size``; ``asked`` are the values that were looked up."""

    def __init__(self, *events: dict[str, Any], earlier: EarlierPlace | None = None, size: int = 50) -> None:
        super().__init__(now=NOW, account_id="210000000001", region="eu-west-1", earlier=earlier, changed=set())
        self.events, self.size = events, size
        self.asked, self.gaps = [], []  # type: ignore[var-annotated]

    def pages(self, *_: Any, LookupAttributes: Any, **__: Any) -> list[dict[str, Any]]:  # noqa: N803 (AWS's name)
        self.asked.append(LookupAttributes[0]["AttributeValue"])
        return [event for event in self.events if event["EventName"] == self.asked[-1]]

    def call(self, *_: Any, LookupAttributes: Any, NextToken: str = "0", **__: Any) -> dict[str, Any]:  # noqa: N803
        self.asked.append(LookupAttributes[0]["AttributeValue"])
        following = int(NextToken) + self.size
        more = {"NextToken": str(following)} if following < len(self.events) else {}
        return {"Events": list(self.events[int(NextToken) : following]), **more}

    def gap(self, dataset: str, error: Exception, what: str = "") -> None:
        self.gaps.append(f"{dataset} {what}: {error}")


def row(event: dict[str, Any]) -> dict[str, Any]:
    """The one row of an event, as the frame holds it."""
    found: list[dict[str, Any]] = CHANGES.from_rows(dict(row) for _, row in changes(Lane(event))).to_dict("records")  # type: ignore[arg-type]
    assert len(found) == 1
    return {name: None if value != value or str(value) == "<NA>" else value for name, value in found[0].items()}


def reads(count: int, days: float) -> list[dict[str, Any]]:
    """So many calls that only read, newest first, over so many days."""
    each = timedelta(days=days) / max(1, count - 1)
    return [{"EventId": f"r{n}", "EventName": "GetAccount", "EventTime": NOW - n * each} for n in range(count)]


def names(lane: Lane) -> list[str]:
    return [row["event_name"] for _, row in changes(lane)]  # type: ignore[arg-type]


def test_a_place_with_few_events_is_asked_one_question() -> None:
    lane = Lane(*reads(20, 80), told("PutIdentityPolicy", {"identity": "example.com"}))
    assert (names(lane), lane.asked) == (["PutIdentityPolicy"], [SOURCE])


def test_all_pages_of_a_place_with_few_events_are_read() -> None:
    lane = Lane(*reads(25, 80), told("PutIdentityPolicy", {"identity": "example.com"}), size=10)
    assert (names(lane), lane.asked) == (["PutIdentityPolicy"], [SOURCE] * 3)


@pytest.mark.parametrize(("days", "pages"), [(3, 1), (340, 3)])
def test_every_event_is_looked_up_by_its_name_where_there_are_many(days: float, pages: int) -> None:
    lane = Lane(*reads(100, days), told("PutIdentityPolicy", {"identity": "example.com"}), size=10)
    assert names(lane) == ["PutIdentityPolicy"]
    assert lane.asked == [SOURCE] * pages + list(EVENTS)


@pytest.mark.parametrize("name", [None, ""])
def test_an_event_without_a_name_is_a_gap(name: str | None) -> None:
    lane = Lane({**told("PutIdentityPolicy", {"identity": "example.com"}), "EventName": name})
    assert names(lane) == []
    assert len(lane.gaps) == 1


@pytest.mark.parametrize(
    ("name", "parameters", "identity"),
    [
        ("VerifyEmailIdentity", {"emailAddress": "news@example.com"}, "news@example.com"),
        ("VerifyDomainIdentity", {"domain": "example.com"}, "example.com"),
        ("VerifyDomainDkim", {"Domain": "example.com"}, "example.com"),
        ("CreateEmailIdentity", {"emailIdentity": "example.com"}, "example.com"),
        ("CreateEmailIdentity", {"emailIdentity": "HIDDEN_DUE_TO_SECURITY_REASONS"}, None),
        ("PutAccountDetails", {"websiteURL": "https://example.com"}, None),
    ],
)
def test_an_event_names_its_identity(name: str, parameters: Any, identity: str | None) -> None:
    assert row(told(name, parameters))["identity"] == identity


@pytest.mark.parametrize(
    ("name", "parameters", "enabled"),
    [
        ("UpdateAccountSendingEnabled", {"enabled": True}, True),
        ("PutAccountSendingAttributes", {"sendingEnabled": False}, False),
        ("PutAccountDetails", {"productionAccessEnabled": True, "useCaseDescription": "HIDDEN_DUE_TO"}, True),
        ("PutAccountDetails", {"mailType": "MARKETING"}, None),
        ("CreateEmailIdentity", {"emailIdentity": "example.com", "enabled": True}, None),
    ],
)
def test_an_event_says_what_was_switched(name: str, parameters: Any, enabled: bool | None) -> None:
    assert row(told(name, parameters))["enabled"] is enabled


@pytest.mark.parametrize("record", [None, "", "{", "[]", "7", [], 7, "[" * 100_000, {"requestParameters": ["x"]}])
def test_an_event_of_the_wrong_shape_still_counts(record: Any) -> None:
    found = row({**told("VerifyEmailIdentity", {}), "CloudTrailEvent": record})
    assert (found["event_name"], found["identity"], found["principal_arn"]) == ("VerifyEmailIdentity", None, None)


def test_a_record_may_be_text_or_an_object() -> None:
    event = told("VerifyDomainIdentity", {"domain": "example.com"})
    assert row(event) == row({**event, "CloudTrailEvent": json.dumps(event["CloudTrailEvent"])})


def changed(*events: dict[str, Any]) -> set[str] | None:
    """Identities that an incremental collection reads again because of these events."""
    lane = Lane(*events, earlier=EarlierPlace(NOW - timedelta(days=2), [], {"example.com": {}}))
    list(changes(lane))  # type: ignore[arg-type]
    found: set[str] | None = lane.changed
    return found


def test_an_identity_is_read_again_by_its_name_where_the_event_has_its_arn() -> None:
    arn = "arn:aws:ses:eu-west-1:210000000001:identity/example.com"
    assert changed(told("PutIdentityPolicy", {"identity": arn, "policyName": "p"})) == {"example.com"}


@pytest.mark.parametrize("name", ["EXAMPLE.COM", " example.com", "arn:aws:ses:eu-west-1:1:identity/Example.com"])
def test_an_identity_is_read_again_however_an_event_spells_it(name: str) -> None:
    found = changed(told("PutIdentityPolicy", {"identity": name, "policyName": "p"}))
    assert found == {"example.com"}
    kept = EarlierPlace(NOW, [], {"Example.com": {}, "other.example": {}}).without(found or set())
    assert list(kept.identities) == ["other.example"]


def test_an_event_about_an_identity_that_nobody_knows_makes_all_read_again() -> None:
    assert changed(told("PutIdentityPolicy", {"identity": "exmaple.com", "policyName": "p"})) is None
    assert changed(told("VerifyDomainIdentity", {"domain": "new.example.com"})) == {"new.example.com"}


def test_a_change_of_the_account_makes_no_identity_read_again() -> None:
    assert changed(told("UpdateAccountSendingEnabled", {"enabled": True}), told("PutAccountDetails", {})) == set()


def test_an_event_that_hides_its_identity_makes_all_read_again() -> None:
    assert changed(told("VerifyDomainIdentity", None)) is None


def test_an_event_that_sets_an_attribute_is_looked_at_and_not_kept() -> None:
    lane = Lane(
        told(ATTRIBUTES[0], {"emailIdentity": "example.com"}), earlier=EarlierPlace(NOW, [], {"example.com": {}})
    )
    assert list(changes(lane)) == []  # type: ignore[arg-type]
    assert lane.changed == {"example.com"}


@pytest.mark.parametrize("about", [{"recipientAccountId": "210000000009"}, {"awsRegion": "us-west-2"}])
def test_an_event_of_another_place_is_a_gap(about: dict[str, str]) -> None:
    event = told("PutIdentityPolicy", {"identity": "example.com", "policyName": "p"})
    event["CloudTrailEvent"] = {**event["CloudTrailEvent"], **about}
    with pytest.raises(ValueError, match="an event of another place"):
        _row(Lane(), "PutIdentityPolicy", event)  # type: ignore[arg-type]
