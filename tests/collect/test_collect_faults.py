"""What goes wrong becomes a coverage row: never an exception, never silence."""

from __future__ import annotations

import itertools
import json
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.loaders import create_loader
from botocore.utils import parse_timestamp
from double import OWN, READ, REGION, STATISTICS, STS, Answer, Double, named, running, whole
from urllib3.exceptions import NewConnectionError

from sesreport.analysis.basis import place_basis
from sesreport.aws.clients import _timestamp
from sesreport.aws.statuses import status_of
from sesreport.collect.datasets.metrics import BY_NAME
from sesreport.collect.run import collect
from sesreport.core.errors import CollectError, ConfigError, CredentialsError
from sesreport.kpis.results import Basis
from sesreport.settings.config import Config
from sesreport.snapshot.coverage import OK, STATUSES
from sesreport.snapshot.events import SOURCE
from sesreport.snapshot.store import Snapshot, load

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
Read = Callable[..., Snapshot]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Collects one account in one Region from a double that answers as told; ``environment`` adds variables."""

    def make(environment: dict[str, str] | None = None, **answers: object) -> Snapshot:
        double = Double({name.replace("_", "-"): answer for name, answer in answers.items()})  # type: ignore[misc]
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setattr("botocore.loaders.create_loader", loader)  # service models are read once, not per test
        with running(double) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
            monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
            monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
            for name, value in (environment or {}).items():
                monkeypatch.setenv(name, value)
            config = Config.model_validate(
                {
                    "organization": {"regions": [REGION]},
                    "collect": {"pace": 0, "max_attempts": 2},
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


loader = cache(create_loader)
DOWN = "http://127.0.0.1:1"


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
    found, reason = status(snapshot, "identities")
    assert found == "error"
    assert reason.endswith("RepeatedPageError: list_email_identities: the service returned the same page twice")


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
        ((404, "<html>no such page</html>"), "error"),
        ((404, error("UnknownOperationException")), "not_offered"),
        ((500, error("InternalFailure")), "error"),
        ((503, "<html>down</html>"), "error"),
        ((200, "this is not JSON"), "error"),
        ((200, "[1, 2]"), "error"),
        ((200, {"SendQuota": "much"}), "error"),
        ((200, {"SendQuota": {"Max24HourSend": "much"}}), "error"),
        ((200, {"SendQuota": {"SentLast24Hours": -5}}), "error"),
        ((200, {"SendingEnabled": 7}), "error"),
        ((200, {"SendingEnabled": "yes"}), "error"),
        ((200, {"SendingEnabled": True, "SendQuota": {"MaxSendRate": True}}), "error"),
        ((200, {"SendingEnabled": True, "SendQuota": {"MaxSendRate": "14"}}), "error"),
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
    for dataset in ("identities", "policies"):
        assert status(snapshot, dataset) == ("error", "list_email_identities: an entry without a name")


def test_a_region_that_rejects_the_credentials_is_one_row_for_all(read: Read) -> None:
    rejected = (403, error("UnrecognizedClientException", "The security token is invalid"))
    snapshot = read(lookup_events=rejected, dedicated_ips=rejected, identities=rejected, account=rejected)
    regional = snapshot.coverage[snapshot.coverage["region"] == REGION]
    assert regional["dataset"].tolist() == ["everything"]
    assert regional["status"].tolist() == ["denied"]  # the account says that the Region is enabled: this is a gap


def test_a_rejection_after_ses_has_answered_is_not_a_region_that_is_off(read: Read) -> None:
    snapshot = read(account=(403, error("UnrecognizedClientException")))
    assert status(snapshot, "sending_accounts")[0] == "denied"  # the account says that the Region is enabled
    assert status(snapshot, "identities")[0] == "ok"
    assert place_basis(snapshot.coverage, ("sending_accounts",)) == Basis(0, 1)


def not_found(path: str, parameters: dict[str, str]) -> Answer:
    """The details of an identity; one that is gone has none."""
    return (404, error("NotFoundException")) if "gone" in path else (200, READ)


def test_an_identity_that_is_gone_when_listed_again_has_vanished(read: Read) -> None:
    lists = itertools.count()

    def pages(path: str, parameters: dict[str, str]) -> Answer:
        names = ["gone.example.com", "here.example.com"] if next(lists) == 0 else ["here.example.com"]
        return 200, {"EmailIdentities": [named(name) for name in names]}

    snapshot = read(identities=pages, identity=not_found)
    assert snapshot.identities["identity"].tolist() == ["here.example.com"]
    assert status(snapshot, "policies") == ("ok", "")
    assert status(snapshot, "identities") == ("ok", "vanished while collecting (1): gone.example.com")


def test_an_identity_that_is_listed_still_and_not_found_was_not_read(read: Read) -> None:
    entries = [named("gone.example.com"), named("here.example.com")]
    snapshot = read(identities=(200, {"EmailIdentities": entries}), identity=not_found)
    assert snapshot.identities["identity"].tolist() == ["gone.example.com", "here.example.com"]
    assert snapshot.identities["policies"].isna().tolist() == [True, False]
    for dataset in ("identities", "policies"):
        found, reason = status(snapshot, dataset)
        assert found == "error" and reason.startswith("gone.example.com: listed twice, and not found")


def test_an_identity_that_cannot_be_read_stays_with_unknown_policies(read: Read) -> None:
    def detail(path: str, parameters: dict[str, str]) -> Answer:
        return (
            (403, error("AccessDeniedException"))
            if "secret" in path
            else (200, {"Policies": {"p": "{}"}, "Tags": [], "IdentityType": "DOMAIN"})
        )

    entries = [named("open.example.com"), named("secret.example.com")]
    snapshot = read(identities=(200, {"EmailIdentities": entries}), identity=detail)
    policies = snapshot.identities.set_index("identity")["policies"]
    assert policies["open.example.com"] == 1
    assert pd.isna(policies["secret.example.com"])
    for dataset in ("identities", "policies"):  # its tags are as unknown as its policies
        found, reason = status(snapshot, dataset)
        assert found == "denied" and reason.startswith("secret.example.com: ")


def test_notification_topics_that_are_denied_are_a_row_of_their_own(read: Read) -> None:
    denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    snapshot = read(identities=(200, {"EmailIdentities": [named("a.example.com")]}), topics=(403, denied))
    assert status(snapshot, "notification_topics")[0] == "denied"
    assert status(snapshot, "identities")[0] == "ok"


def test_a_policy_with_a_lone_surrogate_is_kept(read: Read) -> None:
    answer = (200, '{"Tags": [], "IdentityType": "DOMAIN", "Policies": {"p": "{\\"Id\\": \\"\\ud800\\"}"}}')
    snapshot = read(identities=(200, {"EmailIdentities": [named("a.example.com")]}), identity=answer)
    assert snapshot.policies["document"].tolist() == ['{"Id": "\\ud800"}']


def test_a_hidden_or_odd_event_still_counts_as_a_change(read: Read) -> None:
    def events(path: str, parameters: dict[str, object]) -> Answer:
        name = "PutIdentityPolicy"
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
    assert "read the default Regions but for those that organization.regions leaves out: " in reason
    assert status(snapshot, "identities")[0] == "ok"


def test_credentials_that_do_not_work_are_one_line(read: Read) -> None:
    answer = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>"
    with pytest.raises(CredentialsError, match=r"do not work: .*ExpiredToken.* Log in again"):
        read(sts=(403, answer))


def test_the_caller_is_in_the_manifest(read: Read) -> None:
    assert read().manifest["caller"] == {"account_id": OWN, "arn": f"arn:aws:iam::{OWN}:user/audit"}


def test_an_endpoint_that_is_down_is_an_error_that_counts(read: Read) -> None:
    """Nobody knows what is there, so the place stays among those that should have been read."""
    snapshot = read({"AWS_ENDPOINT_URL_SESV2": DOWN, "AWS_ENDPOINT_URL_SES": DOWN})
    found, reason = status(snapshot, "everything")
    assert found == "error"
    assert reason.startswith("EndpointConnectionError")
    assert place_basis(snapshot.coverage, ("identities",)) == Basis(0, 1)


def test_another_service_that_is_down_hides_nothing_of_ses(read: Read) -> None:
    snapshot = read({"AWS_ENDPOINT_URL_CLOUDTRAIL": DOWN}, identities=(200, {"EmailIdentities": [named("a.example")]}))
    assert status(snapshot, "changes")[0] == "error"
    assert status(snapshot, "identities")[0] == "ok"
    assert snapshot.identities["identity"].tolist() == ["a.example"]


def test_a_name_that_does_not_exist_is_not_offered_and_one_that_cannot_be_looked_up_is_an_error() -> None:
    def failed(number: int) -> EndpointConnectionError:
        try:
            raise NewConnectionError(None, "no") from socket.gaierror(number, "no")  # type: ignore[arg-type]
        except NewConnectionError as cause:
            return EndpointConnectionError(endpoint_url="https://email.example", error=cause)

    assert status_of(failed(socket.EAI_NONAME))[0] == "not_offered"
    assert status_of(failed(socket.EAI_AGAIN))[0] == "error"


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ServiceUnavailable", "NewError"])
def test_what_is_not_recognized_is_never_ok(code: str) -> None:
    answer = {"Error": {"Code": code, "Message": "one\ntwo"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
    found, reason = status_of(ClientError(answer, "GetAccount"))  # type: ignore[arg-type]
    assert found in STATUSES and found != OK
    assert reason == f"GetAccount: {code}: one"


def test_tokens_that_go_round_in_a_circle_are_a_gap(read: Read) -> None:
    def pages(path: str, parameters: dict[str, str]) -> Answer:
        following = {"": "1", "1": "2", "2": "1"}[parameters.get("NextToken", "")]
        return 200, {"EmailIdentities": [named(f"d{following}.example.com")], "NextToken": following}

    snapshot = read(identities=pages)
    assert status(snapshot, "identities")[0] == "error"


def test_a_list_that_breaks_off_keeps_nothing_as_whole(read: Read) -> None:
    def pages(path: str, parameters: dict[str, str]) -> Answer:
        if "NextToken" in parameters:
            return 500, error("InternalFailure")
        return 200, {"EmailIdentities": [named("a.example.com")], "NextToken": "2"}

    snapshot = read(identities=pages)
    for dataset in ("identities", "policies"):
        assert status(snapshot, dataset)[0] == "error"


def test_one_identity_whose_answer_is_unreadable_spares_the_others(read: Read) -> None:
    def detail(path: str, parameters: dict[str, str]) -> Answer:
        return 200, ("garbage" if "bad" in path else {"Policies": {"p": "{}"}, "Tags": [], "IdentityType": "DOMAIN"})

    entries = [named("bad.example.com"), named("good.example.com")]
    snapshot = read(identities=(200, {"EmailIdentities": entries}), identity=detail)
    assert snapshot.policies["identity"].tolist() == ["good.example.com"]
    assert len(snapshot.identities) == 2
    assert status(snapshot, "policies")[0] == "error"


def test_an_identity_listed_on_two_pages_is_one(read: Read) -> None:
    def pages(path: str, parameters: dict[str, str]) -> Answer:
        following = {} if "NextToken" in parameters else {"NextToken": "2"}
        return 200, {"EmailIdentities": [named("a.example.com")], **following}

    assert read(identities=pages).identities["identity"].tolist() == ["a.example.com"]


def test_a_truth_value_that_is_none_costs_its_identity_alone(read: Read) -> None:
    """botocore makes false of it: an identity that signs would not, and one that may send could not."""

    def detail(path: str, parameters: dict[str, str]) -> Answer:
        signing: object = 1 if "odd" in path else True
        return 200, {
            "Policies": {},
            "Tags": [],
            "IdentityType": "DOMAIN",
            "DkimAttributes": {"SigningEnabled": signing},
        }

    entries = [named("odd.example.com"), named("plain.example.com")]
    snapshot = read(identities=(200, {"EmailIdentities": entries}), identity=detail)
    signs = snapshot.identities.set_index("identity")["dkim_signing"]
    assert pd.isna(signs["odd.example.com"]) and signs["plain.example.com"]
    found, reason = status(snapshot, "identities")
    assert found == "error" and "DkimAttributes.SigningEnabled is 1, not boolean" in reason


def test_hostile_names_come_back_as_they_are(read: Read) -> None:
    names = ["=cmd|' /C calc'!A0", "<script>", "a/../b", "x\u202ey"]
    entries = [named(name) for name in names]
    snapshot = read(identities=(200, {"EmailIdentities": entries}))
    assert set(snapshot.identities["identity"]) == set(names)


def test_a_name_no_request_can_carry_is_a_row(read: Read) -> None:
    snapshot = read(identities=(200, {"EmailIdentities": [named("a\ud800b")]}))
    assert status(snapshot, "identities")[0] == "error"


def test_statistics_without_a_point_are_no_gap(read: Read) -> None:
    empty = STATISTICS.replace("<SendDataPoints/>", "")
    assert status(read(statistics=(200, empty)), "sending")[0] == "ok"


def test_an_answer_that_is_no_xml_is_a_row(read: Read) -> None:
    assert status(read(statistics=(200, "Service Unavailable")), "sending")[0] == "error"


def test_an_event_on_two_pages_is_one_change(read: Read) -> None:
    def events(path: str, parameters: dict[str, object]) -> Answer:
        name = "PutIdentityPolicy"
        if parameters["LookupAttributes"][0]["AttributeValue"] not in (name, SOURCE):  # type: ignore[index]
            return 200, {"Events": []}
        following = {} if "NextToken" in parameters else {"NextToken": "2"}
        return 200, {"Events": [{"EventId": "1", "EventTime": 1793000000, "EventName": name}], **following}

    snapshot = read(lookup_events=events)
    assert len(snapshot.changes) == 1
    assert status(snapshot, "changes")[0] == "ok"


@pytest.mark.parametrize("moment", [7, NOW.timestamp() + 86_400, None])
def test_a_metric_with_a_value_of_another_time_is_a_gap(read: Read, moment: float | None) -> None:
    midnight = NOW.replace(hour=0).timestamp()
    results = [whole(f"m{n}", Timestamps=[midnight - 86_400], Values=[1.0]) for n in range(len(BY_NAME))]
    results[0] = whole("m0", Timestamps=[moment, midnight - 86_400], Values=[1.0, 2.0])
    snapshot = read(metric_data=(200, {"MetricDataResults": results}))
    found, reason = status(snapshot, "metrics")
    assert found == "error" and ("Send" in reason or "at is missing" in reason)
    assert set(snapshot.metrics["at"].dt.year) == {NOW.year}
    assert len(snapshot.metrics) >= len(BY_NAME) - 1


def test_a_metric_that_is_broken_on_one_page_is_a_gap_though_the_next_page_is_whole(read: Read) -> None:
    pages = itertools.count()

    def values(path: str, parameters: dict[str, str]) -> Answer:
        results = [whole(f"m{number}") for number in range(len(BY_NAME))]
        if next(pages) == 0:
            results[0] = whole("m0", StatusCode="PartialData", Timestamps=[NOW.timestamp() - 86_400], Values=[])
            return 200, {"MetricDataResults": results, "NextToken": "2"}
        return 200, {"MetricDataResults": results}

    found, reason = status(read(metric_data=values), "metrics")
    assert (found, reason) == ("error", "Send account: get_metric_data: has not as many values as times")


@pytest.mark.parametrize("answer", [{"Regions": [{"Name": "x"}]}, {"Regions": "x"}])
def test_regions_of_another_shape_are_guessed_and_said(read: Read, answer: dict[str, object]) -> None:
    snapshot = read(regions=(200, answer))
    assert status(snapshot, "regions")[0] == "error"
    assert status(snapshot, "identities")[0] == "ok"


def test_a_region_that_is_not_enabled_is_a_row_and_not_read(read: Read) -> None:
    snapshot = read(regions=(200, {"Regions": [{"RegionName": REGION, "RegionOptStatus": "DISABLED"}]}))
    assert status(snapshot, "everything") == ("region_disabled", "the Region is not enabled in this account")


@pytest.mark.parametrize("answer", [(200, "hello"), (200, "<a/>"), (500, "<html/>")])
def test_an_endpoint_that_is_not_aws_is_one_line(read: Read, answer: Answer) -> None:
    with pytest.raises(CollectError) as caught:
        read(sts=answer)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 4


@pytest.mark.parametrize("answer", [(200, "hello"), (200, "<html>Sign in</html>"), (404, "<html>no such page</html>")])
def test_a_page_that_is_not_awss_is_no_reason_to_end_when_aws_answers_next(read: Read, answer: Answer) -> None:
    asked = itertools.count()
    snapshot = read(sts=lambda path, parameters: answer if next(asked) == 0 else (200, STS))
    assert snapshot.manifest["caller"]["account_id"] == OWN


@pytest.mark.parametrize("lost", [OWN, f"arn:aws:iam::{OWN}:user/audit"])
def test_an_answer_that_does_not_say_whose_the_credentials_are_is_one_line(read: Read, lost: str) -> None:
    with pytest.raises(CollectError, match="did not say whose"):
        read(sts=(200, STS.replace(f">{lost}<", "><")))


def test_an_address_that_is_none_is_one_line(read: Read) -> None:
    with pytest.raises(ConfigError, match=r"Invalid endpoint: nonsense.*AWS_ENDPOINT_URL"):
        read({"AWS_ENDPOINT_URL": "nonsense"})


def test_no_credentials_say_how_to_get_some(read: Read) -> None:
    empty = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    with pytest.raises(CredentialsError, match=r"no AWS credentials: .*--profile, AWS_PROFILE.*aws sso login"):
        read({**empty, "AWS_SHARED_CREDENTIALS_FILE": os.devnull})


def test_a_configuration_of_the_sdk_that_is_broken_is_one_line(read: Read, tmp_path: Path) -> None:
    (tmp_path / "aws").write_text("[profile\nx")
    with pytest.raises(CredentialsError, match="the AWS configuration cannot be used: ") as caught:
        read({"AWS_CONFIG_FILE": str(tmp_path / "aws")})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        "2026-10-12T09:14:03Z", "2026-10-12T09:14:03.123Z", "2026-10-12T09:14:03.123456789Z",
        "2026-10-12T09:14:03+02:00", "20261012T091403Z", "Mon, 12 Oct 2026 09:14:03 GMT", 1760000000, 1760000000.123,
        "1760000000", "1760000000.5", "20261012", -1,
    ],
)  # fmt: skip
def test_a_timestamp_is_what_botocore_makes_of_it(written: object) -> None:
    assert _timestamp(written) == parse_timestamp(written)


@pytest.mark.parametrize("written", ["2026-10-12T09:14:03", "2026-10-12 09:14:03", "2026-10-12"])
def test_a_timestamp_without_a_zone_is_utc(written: str) -> None:
    assert _timestamp(written) == parse_timestamp(written).replace(tzinfo=UTC)


@pytest.mark.parametrize("written", ["soon", "2026-13-01T00:00:00Z", None, [], ""])
def test_what_is_no_timestamp_is_an_error(written: object) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        _timestamp(written)
