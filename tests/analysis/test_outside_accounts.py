"""An outside account that can send is found however the policy names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sesreport.findings.examples import Example, allow, deny
from sesreport.kpis.registry import Measure, kpis


def measured(example: Example, folder: Path) -> tuple[Measure, set[str]]:
    made = example.analysis(folder)
    (definition,) = [d for d in kpis() if d.id == "unknown_accounts"]
    return definition.measure(made), set(made.findings["rule"])


def held(key: str, value: str, operator: str = "StringEquals") -> dict[str, Any]:
    return allow("*", Condition={operator: {key: value}})


SNS = {"Service": "sns.amazonaws.com"}
WAYS = {
    "principal": lambda account: allow(account),
    "role": lambda account: allow(f"arn:aws:iam::{account}:role/mailer"),
    "identity provider": lambda account: allow({"Federated": f"arn:aws:iam::{account}:saml-provider/x"}),
    "aws:PrincipalAccount": lambda account: held("aws:PrincipalAccount", account),
    "aws:PrincipalArn": lambda account: held("aws:PrincipalArn", f"arn:aws:iam::{account}:role/x", "ArnEquals"),
    "aws:SourceAccount": lambda account: allow(SNS, Condition={"StringEquals": {"aws:SourceAccount": account}}),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_account_is_counted_and_found(way: str, tmp_path: Path) -> None:
    measure, rules = measured(Example({"p": WAYS[way]("420000000001")}), tmp_path)
    assert measure.value == 1
    assert measure.frame["grantee_account_id"].tolist() == ["420000000001"]
    assert "unknown_account" in rules


@pytest.mark.parametrize("way", WAYS)
def test_an_approved_account_is_listed_and_not_counted(way: str, tmp_path: Path) -> None:
    measure, rules = measured(Example({"p": WAYS[way]("310000000001")}), tmp_path)
    assert measure.value == 0
    assert measure.frame[["name", "register_status"]].values.tolist() == [["Mailwise", "valid"]]
    assert "unknown_account" not in rules


@pytest.mark.parametrize("way", WAYS)
def test_an_account_whose_approval_ended_is_counted_and_found(way: str, tmp_path: Path) -> None:
    measure, rules = measured(Example({"p": WAYS[way]("310000000002")}), tmp_path)
    assert measure.value == 1
    assert measure.frame["register_status"].tolist() == ["expired"]
    assert measure.reason == "1 outside accounts can send: 0 approved, 1 expired, 0 not registered."
    assert rules & {"unknown_account", "expired_approval"}


@pytest.mark.parametrize("way", WAYS)
def test_an_account_of_the_organization_is_no_outside_account(way: str, tmp_path: Path) -> None:
    measure, rules = measured(Example({"p": WAYS[way]("210000000002")}), tmp_path)
    assert measure.value == 0
    assert measure.frame.empty
    assert "unknown_account" not in rules


def test_an_account_named_in_two_ways_is_one_account(tmp_path: Path) -> None:
    policies = {"p": WAYS["principal"]("420000000001"), "q": WAYS["aws:SourceAccount"]("420000000001")}
    measure, _ = measured(Example(policies), tmp_path)
    assert measure.value == 1
    assert measure.frame[["identities", "grants"]].values.tolist() == [[1, 1]]


def test_an_account_that_a_deny_keeps_out_is_neither(tmp_path: Path) -> None:
    policies = {"p": WAYS["aws:PrincipalAccount"]("420000000001"), "q": deny("420000000001")}
    measure, rules = measured(Example(policies), tmp_path)
    assert measure.value == 0
    assert "unknown_account" not in rules


def test_another_organization_has_a_rule_of_its_own(tmp_path: Path) -> None:
    _, rules = measured(Example({"p": held("aws:PrincipalOrgID", "o-another00001")}), tmp_path)
    assert "foreign_organization" in rules
    assert "unknown_account" not in rules


def test_a_service_says_for_whose_resources_it_acts(tmp_path: Path) -> None:
    policies = {account: WAYS["aws:SourceAccount"](account) for account in ("210000000001", "420000000001")}
    why = Example(policies).analysis(tmp_path).grants.set_index("policy_name")["why"]
    assert why["210000000001"] == "AWS service for sources we know"
    assert why["420000000001"] == "AWS service for resources of 420000000001"
