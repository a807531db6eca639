"""A fix ends the findings that the register does not approve; the others stay, with the reason."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from sesreport.findings.examples import Example, allow, deny
from sesreport.findings.findings import found
from sesreport.findings.registry import rules
from sesreport.policy.fixes import DELETE, NONE, REPLACE

UNKNOWN, VENDOR = "420000000001", "310000000001"
NEVER_OFFERED = {"needs_review"}
"""Rules about texts that nobody can read."""
OF_THE_REGISTER = {"any_from_address", "no_condition", "beyond_approval"}
"""Rules about what an approval may allow: a fix goes as far as the approval does."""


def fixed(example: Example, folder) -> tuple[pd.DataFrame, dict[str, str]]:
    """The frame and the rules of its findings by fingerprint."""
    analysis = example.analysis(folder)
    findings = found(analysis)
    return analysis.fixes, dict(zip(findings["fingerprint"], findings["rule"], strict=True))


def test_an_unknown_account_alone_is_a_policy_to_delete(tmp_path):
    fixes, rule_of = fixed(Example({"p": allow(UNKNOWN)}), tmp_path)
    (row,) = fixes.to_dict("records")
    assert row["fix"] == DELETE
    assert "unknown_account" in {rule_of[one] for one in row["resolves"]}
    assert pd.isna(row["after"])


def test_everybody_is_narrowed_to_the_organization_and_the_approved(tmp_path):
    fixes, rule_of = fixed(Example({"p": allow("*")}), tmp_path)
    (row,) = fixes.to_dict("records")
    assert row["fix"] == REPLACE
    assert "open_to_anyone" in {rule_of[one] for one in row["resolves"]}
    assert json.loads(row["before"])["Statement"][0]["Principal"] == "*"
    assert VENDOR in row["after"]


def test_two_policies_that_share_a_cause_are_both_fixed(tmp_path):
    fixes, rule_of = fixed(Example({"p": allow("*"), "q": allow("*", "ses:SendEmail")}), tmp_path)
    assert set(fixes["policy_name"]) == {"p", "q"}
    ended = {rule_of[one] for ends in fixes["resolves"].dropna() for one in ends}
    assert "open_to_anyone" in ended


def test_what_cannot_be_read_is_left_to_people_with_the_reason(tmp_path):
    fixes, _ = fixed(Example({"p": "{"}), tmp_path)
    (row,) = fixes.to_dict("records")
    assert row["fix"] == NONE
    assert "cannot be read in full" in row["reason"]


def test_a_policy_without_a_finding_has_no_fix(tmp_path):
    guard = deny("*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}})
    fixes, _ = fixed(Example({"p": allow("210000000001"), "q": guard}), tmp_path)
    assert fixes[fixes["fix"] != NONE].empty


@pytest.mark.parametrize("name", sorted(name for name, rule in rules().items() if rule.fires.policies))
def test_the_example_of_every_rule_is_fixed_or_says_why_not(name, tmp_path):
    """No finding about who can send is left without a fix or a reason."""
    fixes, rule_of = fixed(rules()[name].fires, tmp_path)
    ends = {rule_of[one] for each in fixes["resolves"].dropna() for one in each}
    stays = {rule_of[one] for each in fixes["remains"].dropna() for one in each}
    assert fixes.loc[fixes["fix"].eq(NONE), "reason"].notna().all()
    if name in ("open_to_anyone", "unknown_account", "expired_approval", "foreign_organization", "inactive_account",
                "service_without_source", "non_production_on_production", "managed_from_outside"):  # fmt: skip
        assert name in ends
        assert name not in stays


def test_an_address_is_not_left_to_the_policies_of_its_domain(tmp_path):
    """Without a policy of its own the domain's would decide, and let in whom it kept out."""
    address = {"news@example.com": {"own": allow(UNKNOWN, Resource="*")}}
    example = Example({"p": allow(UNKNOWN)}, beside=address)
    fixes, _ = fixed(example, tmp_path)
    (row,) = fixes[fixes["identity"] == "news@example.com"].to_dict("records")
    assert row["fix"] == NONE
    assert "policies of its domain" in row["reason"]
