"""The CloudFormation templates: valid, in step with the code, and no wider than the calls that are made."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto.events.models import EventPattern

from sesreport.collect.datasets.costs import SERVICE
from sesreport.core.resources import shipped
from sesreport.governance.monitor.config_rule import ACCOUNT, IDENTITY, PARAMETERS
from sesreport.governance.monitor.config_rule import handler as rule
from sesreport.governance.monitor.settings import PREFIX, read_settings, variables
from sesreport.governance.monitor.watch import handler as watch
from sesreport.policy import CLASSES
from sesreport.snapshot.events import EVENTS
from tests.governance.monitor.cloudtrail import CONTEXT, Account, allow, event, policy, put
from tests.governance.monitor.test_config_rule import Config, config, invocation  # noqa: F401 (a fixture)
from tests.governance.monitor.test_earlier import day, snapshot

FOLDER = shipped("templates/aws")
TEMPLATES = sorted(path.name for path in FOLDER.glob("*.yaml"))
README = (FOLDER / "README.md").read_text(encoding="utf-8")


class Loader(yaml.SafeLoader):
    """CloudFormation's tags as ``{"Fn": value}``."""


def _tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    construct = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}
    return {suffix: construct[type(node)](node)}  # type: ignore[index, operator]


Loader.add_multi_constructor("!", _tag)


def template(name: str) -> dict[str, Any]:
    return dict(yaml.load((FOLDER / name).read_text(encoding="utf-8"), Loader))


def resources(name: str, kind: str) -> dict[str, Any]:
    return {n: r["Properties"] for n, r in template(name)["Resources"].items() if r["Type"] == kind}


def statements(name: str) -> Iterator[dict[str, Any]]:
    for role in resources(name, "AWS::IAM::Role").values():
        for inline in role["Policies"]:
            yield from inline["PolicyDocument"]["Statement"]
    for inline in resources(name, "AWS::IAM::Policy").values():
        yield from inline["PolicyDocument"]["Statement"]


def actions(name: str) -> set[str]:
    found = [one["Action"] for one in statements(name)]
    return {action for one in found for action in ([one] if isinstance(one, str) else one)}


def test_the_templates_pass_cfn_lint() -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "eu-west-1", "us-east-1", "--", *TEMPLATES]
    run = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_guide_tells_of_every_template(name: str) -> None:
    assert f"`{name}`" in README


def test_the_guide_tells_of_every_setting() -> None:
    assert [name for name in variables() if f"`{name}`" not in README] == []


def test_the_rule_asks_for_the_events_that_are_judged_and_took_effect() -> None:
    (found,) = resources("policy-watch.yaml", "AWS::Events::Rule").values()
    names = found["EventPattern"]["detail"]["eventName"]
    assert sorted(names) == sorted(EVENTS)
    pattern = EventPattern.load(json.dumps(found["EventPattern"]))
    assert pattern.matches_event(put(policy(allow())))
    assert not pattern.matches_event(event("PutIdentityPolicy", {}, errorCode="AccessDenied"))
    assert not pattern.matches_event(event("GetEmailIdentity", {}))
    assert not pattern.matches_event({**put(""), "source": "aws.iam"})


@pytest.mark.parametrize("name", ["policy-watch.yaml", "config-rule.yaml"])
def test_a_function_has_a_handler_and_variables_that_are_settings(name: str) -> None:
    (function,) = resources(name, "AWS::Lambda::Function").values()
    module, _, attribute = function["Handler"]["If"][2].rpartition(".")
    assert callable(getattr(import_module(module), attribute))
    given = function["Environment"]["Variables"]
    examples = {"NOTIFY": "all", "TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:x", "ORGANIZATION_ID": "o-a1b2c3d4e5"}
    switches = {"SECURITY_HUB", "ASK_ORGANIZATIONS"}
    named = [variable.removeprefix(PREFIX) for variable in given]
    read_settings({PREFIX + n: "true" if n in switches else examples.get(n, "x") for n in named})


def test_the_rules_parameters_are_those_of_the_code() -> None:
    (found,) = resources("config-rule.yaml", "AWS::Config::ConfigRule").values()
    assert set(found["InputParameters"]) <= set(PARAMETERS)
    parameters = template("config-rule.yaml")["Parameters"]
    assert set(parameters["Widest"]["AllowedValues"]) <= set(CLASSES)
    assert set(parameters["ResourceType"]["AllowedValues"]) == {IDENTITY, ACCOUNT}


OWN_ACTIONS = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}
"""What Lambda itself does under the role: its log, and the dead-letter queue."""


@pytest.fixture
def calls(account: Account) -> Iterator[set[str]]:
    """IAM actions of the calls made from here on."""
    made: set[str] = set()

    def note(model: Any, **_: Any) -> None:
        service = {"sesv2": "ses"}.get(model.service_model.service_name, model.service_model.service_name)
        action = f"{service}:{model.name}"
        made.add({"s3:ListObjectsV2": "s3:ListBucket"}.get(action, action))

    session = boto3.DEFAULT_SESSION
    assert session is not None
    session.events.register("before-call", note)
    yield made
    session.events.unregister("before-call", note)


def test_the_watch_may_do_what_it_does_and_nothing_else(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: set[str]
) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="governance", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="governance", Key="register.csv", Body=b"account_id,name\n")
    made = snapshot(tmp_path, day(1), agency=policy(allow()))
    for file in made.iterdir():
        s3.upload_file(str(file), "governance", f"snapshots/{made.name}/{file.name}")
    boto3.client("organizations").create_organization(FeatureSet="ALL")
    account.identity()
    for name, value in {
        "REGISTER": "s3://governance/register.csv",
        "SNAPSHOTS": "s3://governance/snapshots",
        "SECURITY_HUB": "true",
        "ASK_ORGANIZATIONS": "true",
        "NOTIFY": "all",
    }.items():
        monkeypatch.setenv(PREFIX + name, value)
    calls.clear()
    watch(put(policy(allow(Action="ses:*"))), CONTEXT)
    assert calls == actions("policy-watch.yaml") - OWN_ACTIONS


def test_the_rule_may_do_what_it_does_and_nothing_else(
    account: Account,
    config: Config,  # noqa: F811 (a fixture)
    monkeypatch: pytest.MonkeyPatch,
    calls: set[str],
) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="governance", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="governance", Key="register.csv", Body=b"account_id,name\n")
    boto3.client("organizations").create_organization(FeatureSet="ALL")
    account.identity()
    monkeypatch.setenv(f"{PREFIX}REGISTER", "s3://governance/register.csv")
    monkeypatch.setenv(f"{PREFIX}ASK_ORGANIZATIONS", "true")
    calls.clear()
    rule(invocation(), CONTEXT)
    assert calls == actions("config-rule.yaml") - OWN_ACTIONS


@pytest.mark.parametrize("name", ["policy-watch.yaml", "config-rule.yaml"])
def test_no_resource_is_everything_where_one_can_be_named(name: str) -> None:
    everything = {action for one in statements(name) if one["Resource"] == "*" for action in _listed(one["Action"])}
    # List operations and PutEvaluations have no resource to name (Service Authorization Reference).
    assert everything <= {
        "ses:ListEmailIdentities",
        "config:PutEvaluations",
        "organizations:DescribeOrganization",
        "organizations:ListAccounts",
    }


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_reputation_alarms_ring_where_aws_reviews_an_account() -> None:
    defaults = {n: p.get("Default") for n, p in template("reputation-alarms.yaml")["Parameters"].items()}
    assert (defaults["BounceRate"], defaults["ComplaintRate"]) == (0.05, 0.001)
    alarms = resources("reputation-alarms.yaml", "AWS::CloudWatch::Alarm")
    assert {a.get("MetricName") for a in alarms.values()} == {"Reputation.BounceRate", "Reputation.ComplaintRate", None}
    assert all("Dimensions" not in alarm for alarm in alarms.values())  # the account's, not a configuration set's
    assert alarms["Quota"]["TreatMissingData"] == "notBreaching"


def test_a_budget_is_that_of_all_of_ses_a_month() -> None:
    (found,) = resources("budget.yaml", "AWS::Budgets::Budget").values()
    budget = found["Budget"]
    assert (budget["BudgetType"], budget["TimeUnit"]) == ("COST", "MONTHLY")
    assert budget["BudgetLimit"] == {"Amount": {"Ref": "MonthlyLimit"}, "Unit": {"Ref": "Currency"}}
    parameters = template("budget.yaml")["Parameters"]
    assert budget["CostFilters"] == {"Service": [{"Ref": "ServiceName"}]}
    assert parameters["ServiceName"]["Default"] == SERVICE
    assert "Default" not in parameters["MonthlyLimit"]  # nobody else knows it


def test_a_budget_warns_at_four_fifths_at_all_and_of_a_forecast_of_all() -> None:
    (found,) = resources("budget.yaml", "AWS::Budgets::Budget").values()
    parameters = template("budget.yaml")["Parameters"]
    told = []
    for each in found["NotificationsWithSubscribers"]:
        threshold = each["Notification"]["Threshold"]
        percent = parameters[threshold["Ref"]]["Default"] if isinstance(threshold, dict) else threshold
        told.append((each["Notification"]["NotificationType"], percent))
        subscribers = [one["If"][1] for one in each["Subscribers"]]
        assert subscribers == [
            {"SubscriptionType": "EMAIL", "Address": {"Ref": "Email"}},
            {"SubscriptionType": "SNS", "Address": {"Ref": "TopicArn"}},
        ]
    assert told == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]


def test_the_service_control_policy_denies_every_change_of_a_policy() -> None:
    (found,) = resources("scp.yaml", "AWS::Organizations::Policy").values()
    (statement,) = found["Content"]["Statement"]
    changes = {f"ses:{name}" for name in EVENTS if name.endswith("Policy")}
    assert set(statement["Action"]) == changes
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": {"Ref": "RoleArns"}}}
