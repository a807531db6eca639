"""The Config rule end to end: a scheduled invocation in, evaluations out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from sesreport.core.errors import ConfigError
from sesreport.governance.monitor.config_rule import ACCOUNT, IDENTITY, EvaluationError, handler
from sesreport.governance.monitor.event import EventError
from tests.governance.monitor.cloudtrail import ARN, CONTEXT, MEMBER, OUTSIDER, OWN, Account, allow, deny, policy

AT = "2026-11-24T06:00:00.000Z"


def invocation(token: str = "token", **parameters: Any) -> dict[str, Any]:
    """As AWS Config invokes a rule on a schedule (AWS Config Developer Guide, "Example events")."""
    return {
        "version": "1.0",
        "invokingEvent": json.dumps(
            {"awsAccountId": OWN, "notificationCreationTime": AT, "messageType": "ScheduledNotification"}
        ),
        "ruleParameters": json.dumps(parameters),
        "resultToken": token,
        "eventLeftScope": False,
        "configRuleName": "ses-identity-policies",
        "accountId": OWN,
    }


@dataclass
class Config:
    """AWS Config's two operations: what it was given, and what it was told to answer."""

    put: list[dict[str, Any]] = field(default_factory=list)
    earlier: list[str] = field(default_factory=list)
    refuse: str = ""
    failed: int = 0
    denied: bool = False

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if operation == "PutEvaluations":
            types = {one["ComplianceResourceType"] for one in request["Evaluations"]}
            if self.refuse in types:
                said = f"The resource type {self.refuse} is invalid. Only the following values are permitted: [...]"
                return 400, {"__type": "InvalidParameterValueException", "message": said}
            self.put.append(request)
            return 200, {"FailedEvaluations": request["Evaluations"][: self.failed]}
        if self.denied:
            return 400, {"__type": "AccessDeniedException", "message": "no"}
        start = int(request.get("NextToken", 0))
        page, rest = self.earlier[start : start + 1], self.earlier[start + 1 :]
        results = [
            {
                "EvaluationResultIdentifier": {
                    "EvaluationResultQualifier": {"ResourceType": IDENTITY, "ResourceId": name}
                }
            }
            for name in page
        ]
        return 200, {"EvaluationResults": results, **({"NextToken": str(start + 1)} if rest else {})}

    def said(self) -> dict[str, tuple[str, str]]:
        """Compliance and annotation by resource id."""
        rows = [one for request in self.put for one in request["Evaluations"]]
        return {one["ComplianceResourceId"]: (one["ComplianceType"], one["Annotation"]) for one in rows}


@pytest.fixture
def config(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    told = Config()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = told.answer(self.headers["X-Amz-Target"].rpartition(".")[2], request)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_CONFIG_SERVICE", f"http://127.0.0.1:{server.server_port}")
    yield told
    server.shutdown()
    server.server_close()


def arn(name: str) -> str:
    return ARN.replace("example.com", name)


def sends(account: str, name: str, **more: Any) -> str:
    return policy(allow(account, Resource=arn(name), **more))


def test_every_identity_and_the_account_get_an_evaluation(account: Account, config: Config) -> None:
    account.identity("closed.example.com")
    account.identity("open.example.com", p=sends("*", "open.example.com"))
    assert handler(invocation(), CONTEXT) == {"COMPLIANT": 1, "NON_COMPLIANT": 1, "NOT_APPLICABLE": 0}
    (request,) = config.put
    assert request["ResultToken"] == "token" and request["TestMode"] is False
    types = {one["ComplianceResourceId"]: one["ComplianceResourceType"] for one in request["Evaluations"]}
    assert types == {"closed.example.com": IDENTITY, "open.example.com": IDENTITY, OWN: ACCOUNT}
    said = config.said()
    assert said["closed.example.com"] == ("COMPLIANT", "none")
    assert said["open.example.com"][0] == "NON_COMPLIANT" and said["open.example.com"][1].startswith("public: Anybody ")
    assert said[OWN][0] == "NON_COMPLIANT" and said[OWN][1].startswith("1 of 2 identities not compliant; open.")


def test_an_account_without_identities_is_compliant(account: Account, config: Config) -> None:
    handler(invocation(), CONTEXT)
    assert config.said() == {OWN: ("COMPLIANT", "0 identities, all compliant")}


def test_annotations_are_short_and_on_one_line(account: Account, config: Config) -> None:
    name = "long.example.com"
    account.identity(name, p=sends("*", name, Sid="x\n" * 300))
    handler(invocation(), CONTEXT)
    annotation = config.said()[name][1]
    assert len(annotation) == 256 and "\n" not in annotation


def test_a_hundred_evaluations_go_in_a_call(account: Account, config: Config) -> None:
    for number in range(100):
        account.identity(f"{number:03}.example.com")
    handler(invocation(), CONTEXT)
    assert [len(request["Evaluations"]) for request in config.put] == [100, 1]


@pytest.mark.parametrize(
    ("text", "annotation"),
    [
        ("{", "Not judged: policy 'p'"),
        (policy({**allow(), "Principal": {"Service": "cognito-idp.amazonaws.com"}}), "a service for anybody: "),
        (policy(allow(OUTSIDER)), "external: "),
        (policy(allow(OUTSIDER, Action="ses:UpdateEmailIdentityPolicy")), "managed from outside: "),
        (policy(allow(MEMBER, Action="ses:*")), "managed from outside: "),
    ],
)
def test_what_is_not_compliant_says_why(
    account: Account, config: Config, monkeypatch: pytest.MonkeyPatch, text: str, annotation: str
) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_ACCOUNTS", MEMBER)
    account.identity("example.com", p=text)
    handler(invocation(), CONTEXT)
    compliance, said = config.said()["example.com"]
    assert compliance == "NON_COMPLIANT" and said.startswith(annotation)


@pytest.mark.parametrize(
    "text",
    [
        policy(allow(OWN, Action="ses:*")),
        policy(allow(MEMBER)),
        policy(allow(), deny(Condition={"StringNotEquals": {"aws:PrincipalAccount": [OWN, MEMBER]}})),
        policy(
            {
                **allow(Condition={"StringEquals": {"aws:SourceAccount": OWN}}),
                "Principal": {"Service": "cognito-idp.amazonaws.com"},
            }
        ),
    ],
)
def test_what_stays_inside_is_compliant(
    account: Account, config: Config, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_ACCOUNTS", f"{OWN},{MEMBER}")
    account.identity("example.com", p=text)
    handler(invocation(), CONTEXT)
    assert config.said()["example.com"][0] == "COMPLIANT"


def test_the_rule_may_be_stricter(account: Account, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_ACCOUNTS", MEMBER)
    account.identity("example.com", p=policy(allow(MEMBER)))
    handler(invocation(widest="own"), CONTEXT)
    assert config.said()["example.com"][0] == "NON_COMPLIANT"


def test_an_address_with_policies_is_not_under_its_domain(account: Account, config: Config) -> None:
    only = {"StringEquals": {"ses:FromAddress": "news@example.com"}}
    account.identity("example.com", p=policy(allow(OUTSIDER, Condition=only)))
    account.identity("news@example.com", p=policy(deny(Resource=arn("news@example.com"))))
    handler(invocation(), CONTEXT)
    assert config.said()["example.com"][0] == "COMPLIANT"


def test_a_deleted_identity_is_no_longer_applicable(account: Account, config: Config) -> None:
    config.earlier = ["gone.example.com", "example.com", "old.example.com"]
    account.identity("example.com")
    handler(invocation(), CONTEXT)
    said = {name: compliance for name, (compliance, _) in config.said().items()}
    gone = {"gone.example.com": "NOT_APPLICABLE", "old.example.com": "NOT_APPLICABLE"}
    assert said == {"example.com": "COMPLIANT", OWN: "COMPLIANT", **gone}


def test_where_earlier_evaluations_cannot_be_read_the_rest_is_put(account: Account, config: Config) -> None:
    config.denied = True
    account.identity("example.com")
    handler(invocation(), CONTEXT)
    assert set(config.said()) == {"example.com", OWN}


def test_identities_that_cannot_be_listed_are_not_called_gone(
    account: Account, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.earlier = ["example.com"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"{account.queue_url}/nowhere")
    handler(invocation(), CONTEXT)
    for name in ("example.com", OWN):
        compliance, annotation = config.said()[name]
        assert compliance == "NON_COMPLIANT" and annotation.startswith("Not judged: the identities cannot be listed")


def test_what_the_time_does_not_suffice_for_is_not_judged(account: Account, config: Config) -> None:
    account.identity("example.com")
    late = SimpleNamespace(**{**vars(CONTEXT), "get_remaining_time_in_millis": lambda: 10_000})
    handler(invocation(), late)
    assert config.said()["example.com"][1].startswith("Not judged: the function's time ran out")


def test_a_resource_type_that_config_refuses_leaves_the_account(account: Account, config: Config) -> None:
    config.refuse = IDENTITY
    account.identity("example.com", p=policy(allow()))
    handler(invocation(), CONTEXT)
    assert set(config.said()) == {OWN}
    assert config.said()[OWN][0] == "NON_COMPLIANT"


def test_the_account_alone_can_be_asked_for(account: Account, config: Config) -> None:
    account.identity("example.com")
    handler(invocation(resourceType=ACCOUNT), CONTEXT)
    assert set(config.said()) == {OWN}


def test_evaluations_that_config_does_not_take_fail_the_invocation(account: Account, config: Config) -> None:
    config.failed = 1
    with pytest.raises(EvaluationError, match="did not take 1 of 1"):
        handler(invocation(), CONTEXT)
    config.failed, config.refuse = 0, ACCOUNT
    with pytest.raises(EvaluationError, match="does not take the evaluations"):
        handler(invocation(), CONTEXT)


@pytest.mark.parametrize("how", [invocation("TESTMODE"), invocation(testMode="true")])
def test_a_test_run_is_one_for_aws(account: Account, config: Config, how: dict[str, Any]) -> None:
    handler(how, CONTEXT)
    assert [request["TestMode"] for request in config.put] == [True]


def test_a_test_run_is_taken_by_moto(account: Account) -> None:
    account.identity("example.com")
    run = {**invocation("TESTMODE"), "configRuleName": ""}  # moto does not have earlier evaluations
    assert handler(run, CONTEXT)["COMPLIANT"] == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({}, EventError),
        ({**invocation(), "invokingEvent": "{}"}, EventError),
        ({**invocation(), "invokingEvent": invocation()["invokingEvent"].replace("Scheduled", "Other")}, EventError),
        ({**invocation(), "accountId": MEMBER}, EventError),
        (invocation(widst="own"), ConfigError),
        (invocation(widest="everybody"), ConfigError),
        (invocation(resourceType="AWS::S3::Bucket"), ConfigError),
        ({**invocation(), "ruleParameters": "[]"}, ConfigError),
    ],
)
def test_a_wrong_invocation_is_one_clear_line(account: Account, wrong: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        handler(wrong, CONTEXT)
    assert "\n" not in str(raised.value)


def test_an_evaluation_that_asks_for_something_says_what_to_do(
    account: Account, config: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_ACCOUNTS", OWN)
    account.identity(agency=policy(allow(OUTSIDER)))
    handler(invocation(), CONTEXT)
    compliance, annotation = config.said()["example.com"]
    assert compliance == "NON_COMPLIANT" and f"account {OUTSIDER}" in annotation
    assert f"Fix: delete policy agency (statement 1: {OUTSIDER} goes: it is not approved)" in annotation
    assert any("Fix: delete policy agency" in record.getMessage() for record in caplog.records)
