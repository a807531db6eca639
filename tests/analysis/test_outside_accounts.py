"""An outside account that can send is found however the policy names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from estate import STRANGER, Estate, policy

from sesreport.analysis import Analysis
from sesreport.kpis.registry import Measure, kpis


def measure(analysis: Analysis) -> Measure:
    (definition,) = [each for each in kpis() if each.id == "unknown_accounts"]
    return definition.measure(analysis)


def held(key: str, value: str, operator: str = "StringEquals") -> dict[str, Any]:
    return policy("*", Condition={operator: {key: value}})


SNS = {"Service": "sns.amazonaws.com"}
WAYS: dict[str, Callable[[str], dict[str, Any]]] = {
    "principal": lambda account: policy(account),
    "role": lambda account: policy(f"arn:aws:iam::{account}:role/mailer"),
    "identity provider": lambda account: policy({"Federated": f"arn:aws:iam::{account}:saml-provider/x"}),
    "aws:PrincipalAccount": lambda account: held("aws:PrincipalAccount", account),
    "aws:PrincipalArn": lambda account: held("aws:PrincipalArn", f"arn:aws:iam::{account}:role/x", "ArnEquals"),
    "aws:SourceAccount": lambda account: policy(SNS, Condition={"StringEquals": {"aws:SourceAccount": account}}),
}
UNKNOWN, APPROVED, ENDED, OURS = "42", "31", "32", "21"
"""What the accounts of each kind begin with."""


def account(kind: str, way: str) -> str:
    return f"{kind}00000001{list(WAYS).index(way):02}"


def identity(kind: str, way: str) -> str:
    return f"{account(kind, way)}.example.com"


@dataclass(frozen=True)
class Judged:
    """An organization with an identity for each kind of account and each way to name it."""

    measure: Measure
    rules: dict[str, set[str]]
    """Of findings by identity."""

    def listed(self, kind: str, way: str) -> list[str | None]:
        frame = self.measure.frame
        here = frame[frame["grantee_account_id"] == account(kind, way)]
        return here["register_status"].astype(object).where(here["register_status"].notna(), None).tolist()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    estate = Estate()
    estate.register = [
        {"account_id": account(kind, way), "name": way, "identities": [], "status": status}
        for kind, status in ((APPROVED, "valid"), (ENDED, "expired"))
        for way in WAYS
    ]
    for way, named in WAYS.items():
        estate.account(account(OURS, way), way, "prod")
        for kind in (UNKNOWN, APPROVED, ENDED, OURS):
            estate.identity(identity(kind, way), {"p": named(account(kind, way))})
    analysis = estate.analysis(tmp_path_factory.mktemp("judged"))
    rules = {name: set(found["rule"]) for name, found in analysis.findings.groupby("identity")}
    return Judged(measure(analysis), rules)


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_account_is_listed_and_found(way: str, judged: Judged) -> None:
    assert judged.listed(UNKNOWN, way) == [None]
    assert "unknown_account" in judged.rules[identity(UNKNOWN, way)]


@pytest.mark.parametrize("way", WAYS)
def test_an_approved_account_is_listed_and_no_finding(way: str, judged: Judged) -> None:
    assert judged.listed(APPROVED, way) == ["valid"]
    assert "unknown_account" not in judged.rules[identity(APPROVED, way)]


@pytest.mark.parametrize("way", WAYS)
def test_an_account_whose_approval_ended_is_listed_and_found(way: str, judged: Judged) -> None:
    assert judged.listed(ENDED, way) == ["expired"]
    assert judged.rules[identity(ENDED, way)] & {"unknown_account", "expired_approval"}


@pytest.mark.parametrize("way", WAYS)
def test_an_account_of_the_organization_is_no_outside_account(way: str, judged: Judged) -> None:
    assert judged.listed(OURS, way) == []
    assert "unknown_account" not in judged.rules[identity(OURS, way)]


def test_what_is_unknown_or_ended_is_counted(judged: Judged) -> None:
    assert judged.measure.value == 2 * len(WAYS)
    assert judged.measure.reason == "18 outside accounts can send: 6 approved, 6 expired, 6 not registered."


def test_an_account_named_in_two_ways_is_one_account(tmp_path: Path) -> None:
    policies = {"p": WAYS["principal"](STRANGER), "q": WAYS["aws:SourceAccount"](STRANGER)}
    found = measure(Estate().identity(policies=policies).analysis(tmp_path))
    assert found.value == 1
    assert found.frame[["identities", "grants"]].values.tolist() == [[1, 1]]


def test_an_account_that_a_deny_keeps_out_is_neither(tmp_path: Path) -> None:
    policies = {"p": WAYS["aws:PrincipalAccount"](STRANGER), "q": policy(STRANGER, effect="Deny")}
    analysis = Estate().identity(policies=policies).analysis(tmp_path)
    assert measure(analysis).value == 0
    assert "unknown_account" not in set(analysis.findings["rule"])


def test_another_organization_has_a_rule_of_its_own(tmp_path: Path) -> None:
    analysis = Estate().identity(policies={"p": held("aws:PrincipalOrgID", "o-another00001")}).analysis(tmp_path)
    rules = set(analysis.findings["rule"])
    assert "foreign_organization" in rules
    assert "unknown_account" not in rules


def test_a_service_says_for_whose_resources_it_acts(tmp_path: Path) -> None:
    policies = {account: WAYS["aws:SourceAccount"](account) for account in ("210000000001", STRANGER)}
    why = Estate().identity(policies=policies).analysis(tmp_path).grants.set_index("policy_name")["why"]
    assert why["210000000001"] == "AWS service for sources we know"
    assert why[STRANGER] == f"AWS service for resources of {STRANGER}"
