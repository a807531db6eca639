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

from sesreport.analysis.basis import place_basis
from sesreport.collection.run import collect
from sesreport.config import Config
from sesreport.errors import CollectError, ConfigError, CredentialsError
from sesreport.store import Snapshot, load

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
Read = Callable[..., Snapshot]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Collects one account in one Region from a double that answers as told."""

    def make(*, organization: bool = False, settings: dict[str, object] | None = None, **answers: object) -> Snapshot:
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
                    "collect": {"max_attempts": 2, "datasets_skip": ["costs"]},
                    "paths": {"snapshots": str(tmp_path)},
                    **(settings or {}),
                }
            )
            return load(collect(config, clock=lambda: NOW, single_account=not organization))

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
    assert regional["status"].tolist() == ["denied"]  # the account says the Region is enabled: this is a gap
    assert place_basis(snapshot.coverage, ("identities",)).expected == 1


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


def test_what_two_pages_both_list_is_read_once(read: Read) -> None:
    def pages(path: str, parameters: dict[str, str]) -> Answer:
        first = "NextToken" not in parameters
        addresses = [{"Ip": ip, "WarmupStatus": "DONE", "WarmupPercentage": 100} for ip in ("192.0.2.1", "192.0.2.2")]
        return 200, {"DedicatedIps": addresses if first else addresses[1:], **({"NextToken": "1"} if first else {})}

    snapshot = read(dedicated_ips=pages)
    assert snapshot.dedicated_ips["ip"].tolist() == ["192.0.2.1", "192.0.2.2"]
    assert status(snapshot, "dedicated_ips")[0] == "ok"


def test_a_value_of_another_type_is_a_gap_and_costs_nothing_else(read: Read) -> None:
    snapshot = read(account=(200, {"SendingEnabled": True, "EnforcementStatus": 5}))
    found, reason = status(snapshot, "sending_accounts")
    assert found == "error"
    assert reason.startswith("unexpected answer: frame sending_accounts")
    assert snapshot.sending_accounts.empty
    assert status(snapshot, "identities")[0] == "ok"


def test_a_policy_that_is_no_text_takes_its_identities_with_it(read: Read) -> None:
    entries = (200, {"EmailIdentities": [named("a.example.com")]})
    snapshot = read(identities=entries, identity=(200, {"Policies": {"p": 5}}))
    assert status(snapshot, "identities")[0] == status(snapshot, "policies")[0] == "error"


def test_a_dataset_skipped_twice_is_skipped_once(read: Read) -> None:
    snapshot = read(settings={"collect": {"datasets_skip": ["costs", "costs", "changes"]}})
    assert snapshot.coverage.loc[snapshot.coverage["status"] == "skipped", "dataset"].tolist() == ["changes", "costs"]


def test_a_region_that_does_not_exist_is_an_error_not_a_disabled_one(read: Read) -> None:
    with pytest.raises(ConfigError, match="SES has no Region 'eu-wset-1'; did you mean 'eu-west-1'"):
        read(settings={"organization": {"regions": ["eu-wset-1"]}})


def test_an_organization_of_one_is_read(read: Read) -> None:
    snapshot = read(organization=True)
    assert snapshot.accounts["organization_id"].tolist() == ["o-exampleorg1"]
    assert place_basis(snapshot.coverage, ("identities", "policies")).share == 1


def test_an_account_that_moved_while_it_was_listed_is_one_account(read: Read) -> None:
    def units(path: str, parameters: dict[str, str]) -> Answer:
        found = [{"Id": "ou-1", "Name": "Prod"}] if parameters["ParentId"] == "r-1" else []
        return 200, {"OrganizationalUnits": found}

    snapshot = read(organization=True, ListOrganizationalUnitsForParent=units)
    assert snapshot.accounts["ou_path"].tolist() == ["Root/Prod"]


@pytest.mark.parametrize(
    ("operation", "answer", "says"),
    [
        ("DescribeOrganization", (400, error("TooManyRequestsException")), "could not be listed: .*TooManyRequests"),
        ("ListAccountsForParent", (500, error("ServiceException")), "could not be listed: .*ServiceException"),
        ("ListRoots", (200, "not JSON"), "could not be listed: .*nothing could be read"),
        ("ListAccountsForParent", (200, {"Accounts": [{"Name": "no id"}]}), "could not be listed: .*'Id'"),
        ("DescribeOrganization", (400, error("AccessDeniedException")), "may not list .* --single-account"),
    ],
)
def test_without_all_accounts_there_is_no_snapshot(
    read: Read, operation: str, answer: Answer, says: str, tmp_path: Path
) -> None:
    with pytest.raises(CollectError, match=says):
        read(organization=True, **{operation: answer})
    assert list(tmp_path.iterdir()) == []


def test_no_organization_at_all_is_a_single_account(read: Read) -> None:
    snapshot = read(organization=True, DescribeOrganization=(400, error("AWSOrganizationsNotInUseException")))
    assert snapshot.accounts["account_id"].tolist() == [OWN]
    assert not snapshot.accounts["in_organization"].any()


def test_when_no_account_can_be_entered_its_places_are_still_expected(read: Read) -> None:
    accounts = [{"Id": OWN, "Name": "own", "Status": "ACTIVE"}, {"Id": "210000000002", "Status": "ACTIVE"}]
    denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    snapshot = read(
        organization=True,
        settings={"organization": {"regions": [REGION], "accounts_include": ["210000000002"]}},
        ListAccountsForParent=(200, {"Accounts": accounts}),
        AssumeRole=(403, denied),
    )
    basis = place_basis(snapshot.coverage, ("identities", "policies"))
    assert (basis.read, basis.expected) == (0, 2)
    whole = snapshot.coverage[snapshot.coverage["dataset"] == "everything"].set_index("account_id")["status"]
    assert whole.to_dict() == {OWN: "skipped", "210000000002": "denied"}
