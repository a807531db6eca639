"""What goes wrong becomes a coverage row: never an exception, never silence."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from double import OWN, REGION, Answer, Double, named, running

from sesreport.collection.run import collect
from sesreport.config import Config
from sesreport.errors import CredentialsError
from sesreport.store import Snapshot, load

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
Read = Callable[..., Snapshot]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Collects one account in one Region from a double that answers as told."""

    def make(**answers: object) -> Snapshot:
        double = Double({name.replace("_", "-"): answer for name, answer in answers.items()})  # type: ignore[misc]
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        with running(double) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
            monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
            monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
            config = Config.model_validate(
                {
                    "organization": {"regions": [REGION]},
                    "collect": {"max_attempts": 2},
                    "paths": {"snapshots": str(tmp_path)},
                }
            )
            return load(collect(config, clock=lambda: NOW, single_account=True))

    return make


def status(snapshot: Snapshot, dataset: str) -> tuple[str, str]:
    rows = snapshot.coverage[snapshot.coverage["dataset"] == dataset]
    assert len(rows) == 1, dataset
    row = rows.iloc[0]
    return row["status"], "" if pd.isna(row["reason"]) else row["reason"]


def error(code: str, message: str = "no") -> dict[str, str]:
    return {"__type": code, "message": message}


def test_an_account_without_anything_is_read_without_a_gap(read: Read) -> None:
    coverage = read().coverage
    regional = coverage[coverage["region"] != "global"]
    assert set(regional["status"]) == {"ok"}
    assert {"identities", "policies", "sending_accounts", "sending", "metrics", "changes"} <= set(regional["dataset"])


def test_every_page_of_identities_is_read(read: Read) -> None:
    def pages(path: str, parameters: dict[str, str]) -> Answer:
        number = int(parameters.get("NextToken", "0"))
        entries = [named(f"d{number}-{i}.example.com") for i in range(3)]
        return 200, {"EmailIdentities": entries, **({"NextToken": str(number + 1)} if number < 4 else {})}

    snapshot = read(identities=pages)
    assert len(snapshot.identities) == 15
    assert status(snapshot, "identities")[0] == "ok"


def test_a_page_that_names_itself_as_the_next_is_a_gap_not_a_loop(read: Read) -> None:
    snapshot = read(identities=(200, {"EmailIdentities": [named("a.example.com")], "NextToken": "same"}))
    assert status(snapshot, "identities") == (
        "error",
        "RepeatedPageError: list_email_identities: the service returned the same page token twice",
    )


def test_a_throttle_that_passes_leaves_no_gap(read: Read) -> None:
    calls = itertools.count()

    def throttled(path: str, parameters: dict[str, str]) -> Answer:
        if next(calls) == 0:
            return 429, error("TooManyRequestsException")
        return 200, {"SendingEnabled": True}

    snapshot = read(account=throttled)
    assert status(snapshot, "sending_accounts")[0] == "ok"
    retries = snapshot.coverage.loc[snapshot.coverage["dataset"] == "sending_accounts", "retries"].iloc[0]
    assert retries == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((429, error("TooManyRequestsException")), "throttled"),
        ((403, error("AccessDeniedException")), "denied"),
        ((404, "<html>no such page</html>"), "not_offered"),
        ((500, error("InternalFailure")), "error"),
        ((200, "this is not JSON"), "error"),
        ((400, error("SomethingNew")), "error"),
    ],
)
def test_one_operation_that_fails_is_one_row(read: Read, answer: Answer, expected: str) -> None:
    snapshot = read(account=answer)
    found, reason = status(snapshot, "sending_accounts")
    assert found == expected
    assert reason and "\n" not in reason
    assert snapshot.sending_accounts.empty
    assert status(snapshot, "identities")[0] == "ok"


def test_an_answer_without_a_required_member_is_a_row(read: Read) -> None:
    snapshot = read(identities=(200, {"EmailIdentities": [{"SendingEnabled": True}]}))
    assert status(snapshot, "identities") == ("error", "unexpected answer: KeyError: 'IdentityName'")


def test_a_region_that_rejects_the_credentials_is_one_row_for_all(read: Read) -> None:
    snapshot = read(identities=(403, error("UnrecognizedClientException", "The security token is invalid")))
    regional = snapshot.coverage[snapshot.coverage["region"] == REGION]
    assert regional["dataset"].tolist() == ["everything"]
    assert regional["status"].tolist() == ["region_disabled"]


def test_an_identity_deleted_between_two_calls_is_no_gap(read: Read) -> None:
    def detail(path: str, parameters: dict[str, str]) -> Answer:
        if "gone" in path:
            return 404, error("NotFoundException")
        return 200, {"Policies": {}}

    entries = [named("gone.example.com"), named("here.example.com")]
    snapshot = read(identities=(200, {"EmailIdentities": entries}), identity=detail)
    assert snapshot.identities["identity"].tolist() == ["here.example.com"]
    assert status(snapshot, "policies")[0] == "ok"


def test_an_identity_that_cannot_be_read_stays_with_unknown_policies(read: Read) -> None:
    def detail(path: str, parameters: dict[str, str]) -> Answer:
        return (403, error("AccessDeniedException")) if "secret" in path else (200, {"Policies": {"p": "{}"}})

    entries = [named("open.example.com"), named("secret.example.com")]
    snapshot = read(identities=(200, {"EmailIdentities": entries}), identity=detail)
    policies = snapshot.identities.set_index("identity")["policies"]
    assert policies["open.example.com"] == 1
    assert pd.isna(policies["secret.example.com"])
    assert status(snapshot, "policies")[0] == "denied"
    assert status(snapshot, "identities")[0] == "ok"


def test_notification_topics_that_are_denied_are_a_row_of_their_own(read: Read) -> None:
    denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    snapshot = read(identities=(200, {"EmailIdentities": [named("a.example.com")]}), topics=(403, denied))
    assert status(snapshot, "notification_topics")[0] == "denied"
    assert status(snapshot, "identities")[0] == "ok"


def test_a_policy_with_a_lone_surrogate_is_kept(read: Read) -> None:
    answer = (200, '{"Policies": {"p": "{\\"Id\\": \\"\\ud800\\"}"}}')
    snapshot = read(identities=(200, {"EmailIdentities": [named("a.example.com")]}), identity=answer)
    assert snapshot.policies["document"].tolist() == ['{"Id": "\\ud800"}']


def test_a_hidden_or_odd_event_still_counts_as_a_change(read: Read) -> None:
    def events(path: str, parameters: dict[str, object]) -> Answer:
        name = parameters["LookupAttributes"][0]["AttributeValue"]  # type: ignore[index]
        if name != "PutIdentityPolicy":
            return 200, {"Events": []}
        record = {
            "requestParameters": {
                "identity": "a.example.com",
                "policyName": "p",
                "policy": "HIDDEN_DUE_TO_SECURITY_REASONS",
            }
        }
        found = [
            {"EventId": "1", "EventTime": 1793000000, "EventName": name, "CloudTrailEvent": json.dumps(record)},
            {"EventId": "2", "EventTime": 1793000001, "EventName": name, "CloudTrailEvent": "[not an object"},
        ]
        return 200, {"Events": found}

    changes = read(lookup_events=events).changes.set_index("event_id")
    assert changes.loc["1", "identity"] == "a.example.com"
    assert pd.isna(changes.loc["1", "policy"])
    assert pd.isna(changes.loc["2", "identity"])


def test_regions_that_cannot_be_listed_are_guessed_and_said(read: Read) -> None:
    snapshot = read(regions=(403, error("AccessDeniedException")))
    found, reason = status(snapshot, "regions")
    assert found == "denied"
    assert "read the default Regions" in reason
    assert status(snapshot, "identities")[0] == "ok"


def test_credentials_that_do_not_work_are_one_line(read: Read) -> None:
    answer = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>"
    with pytest.raises(CredentialsError, match=r"do not work: .*ExpiredToken.* Log in again"):
        read(sts=(403, answer))


def test_the_caller_is_in_the_manifest(read: Read) -> None:
    assert read().manifest["caller"] == {"account_id": OWN, "arn": f"arn:aws:iam::{OWN}:user/audit"}
