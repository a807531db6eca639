"""Grants, exposures, findings and changes: judged never too kindly."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sesreport.analysis import Analysis
from sesreport.findings.examples import OWN, REGION, Example, allow
from sesreport.settings.config import Config

ELSEWHERE = {"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}
COGNITO = {"Service": "cognito-idp.amazonaws.com"}


def only(frame: pd.DataFrame) -> pd.Series:
    assert len(frame) == 1
    return frame.iloc[0]


def test_every_shape_of_a_statement_is_read(tmp_path: Path) -> None:
    document = {"version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": ["420000000001"]},
                "Action": "SES:SENDEMAIL", "Resource": "*"}}  # fmt: skip
    document["Version"] = document.pop("version")
    made = Example({"p": document}).analysis(tmp_path)
    assert only(made.grants)["grantee_account_id"] == "420000000001"
    assert only(made.exposures)["exposure"] == "external"


def test_a_fingerprint_survives_reformatting_renaming_and_reordering(tmp_path: Path) -> None:
    one = {"Version": "2012-10-17", "Statement": [allow("420000000001")["Statement"][0], allow("*")["Statement"][0]]}
    other = {"Statement": list(reversed(one["Statement"])), "Version": "2012-10-17"}
    first = Example({"p": one}).analysis(tmp_path / "a").findings
    second = Example({"renamed": json.dumps(other, indent=4)}).analysis(tmp_path / "b").findings
    assert set(first["fingerprint"]) == set(second["fingerprint"])
    assert first["fingerprint"].is_unique


def configured(analysis: Analysis, **findings: Any) -> Analysis:
    config = Config.model_validate({"findings": findings})
    return dataclasses.replace(analysis, config=config)


def test_severity_comes_from_the_settings(tmp_path: Path) -> None:
    made = configured(Example({"p": allow("*")}).analysis(tmp_path), severity={"open_to_anyone": "low"})
    assert made.findings.set_index("rule").loc["open_to_anyone", "severity"] == "low"


@pytest.mark.parametrize(
    ("match", "expires", "status"),
    [
        ({}, "2026-11-01", "excepted"),  # the last day
        ({}, "2026-10-31", "open"),
        ({"identity": "example.com", "account_id": OWN, "region": REGION, "grantee": "*"}, "2027-01-01", "excepted"),
        ({"identity": "another.com"}, "2027-01-01", "open"),
    ],
)
def test_an_exception_holds_for_its_place_and_time_and_stays_counted(
    match: dict[str, str], expires: str, status: str, tmp_path: Path
) -> None:
    exception = {"rule": "open_to_anyone", "reason": "agreed", "expires": expires, **match}
    made = configured(Example({"p": allow("*")}).analysis(tmp_path), exceptions=[exception])
    assert made.findings.set_index("rule").loc["open_to_anyone", "status"] == status


def test_an_address_with_policies_of_its_own_is_not_its_domain_s(demo_analysis: Analysis) -> None:
    assert set(demo_analysis.exposures["exposure"].dropna()) >= {"none", "service", "organization", "vendor", "public"}


SITUATIONS = {
    "open_to_anyone": ("210000000008", "partners.example.com"),
    "expired_approval": ("210000000008", "promo.example.com"),
    "managed_from_outside": ("210000000008", "promo.example.com"),
    "unknown_account": ("210000000010", "points.example.net"),
    "foreign_organization": ("210000000006", "shop.example.org"),
    "placeholder_account": ("210000000006", "wholesale@example.com"),
    "service_without_source": ("210000000005", "login.example.net"),
    "non_production_on_production": ("210000000004", "example.com"),
    "inactive_account": ("210000000008", "promo.example.com"),
    "needs_review": ("210000000006", "returns.example.com"),
    "dangling_principal": ("210000000009", "support.example.com"),
    "condition_without_effect": ("210000000008", "offers.example.com"),
    "any_from_address": ("210000000010", "rewards.example.net"),
    "lonely_region": ("210000000015", "loja.example.net"),
    "enforcement": ("210000000008", "(whole account)"),
}


@pytest.mark.parametrize("rule", SITUATIONS)
def test_the_demonstration_s_situations_are_found(rule: str, demo_analysis: Analysis) -> None:
    findings = demo_analysis.findings
    places = set(zip(*(findings.loc[findings["rule"] == rule, c] for c in ("account_id", "identity")), strict=True))
    assert SITUATIONS[rule] in places


@pytest.mark.parametrize("identity", ["example.net", "no-reply@example.com", "auth.example.com"])
def test_what_a_deny_a_condition_or_a_guard_makes_safe_is_not_called_open(
    identity: str, demo_analysis: Analysis
) -> None:
    exposures = demo_analysis.exposures[demo_analysis.exposures["identity"] == identity]
    assert len(exposures)
    assert not exposures["public"].any()
    assert not exposures["needs_review"].any()
