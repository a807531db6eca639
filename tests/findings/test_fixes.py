"""A fix ends the findings that the register does not approve; the others stay, with the reason."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pandas as pd
import pytest

from sesreport.analysis import remembered
from sesreport.findings import kept_fixes
from sesreport.findings.examples import Example, allow, deny
from sesreport.findings.findings import found
from sesreport.findings.kept_fixes import question_sha256
from sesreport.findings.registry import rules
from sesreport.policy import Organization
from sesreport.policy.approved import Approved, ApprovedSender
from sesreport.policy.fixes import DELETE, NONE, REPLACE, Fix
from sesreport.settings.config import Config

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


def test_a_fix_is_worked_out_once_for_the_same_policies_and_approvals(tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "WORTH", 0)
    example = Example({"p": allow("*"), "q": allow(UNKNOWN)})
    first = example.analysis(tmp_path / "first")
    first.config = Config.model_validate({"paths": {"cache": str(tmp_path / "cache")}})
    expected = first.fixes
    asked = []
    monkeypatch.setattr(
        kept_fixes,
        "fixes_of",
        lambda arn, texts, *_, **__: asked.append(arn) or {name: Fix(DELETE) for name in texts}.items(),
    )
    for file in (tmp_path / "cache" / "months").iterdir():
        file.unlink()
    later = example.analysis(tmp_path / "later", now=first.snapshot.started_at + timedelta(days=3))
    later.config = first.config
    pd.testing.assert_frame_equal(later.fixes, expected)
    assert not asked
    (file,) = (tmp_path / "cache" / "fixes").iterdir()
    file.write_bytes(file.read_bytes().replace(b"goes", b"stay"))
    again = example.analysis(tmp_path / "again", now=first.snapshot.started_at + timedelta(days=4))
    again.config = first.config
    assert len(again.fixes)
    assert asked


ARN = "arn:aws:ses:eu-west-1:210000000001:identity/example.com"
NOON = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", '
NOON += '"Condition": {"DateLessThan": {"aws:CurrentTime": "2026-10-01T00:00:00Z"}}}]}'


def text(principal):
    return json.dumps(allow(principal))


def asked(**changed):
    usual = {
        "identity_arn": ARN, "policies": {"p": text(VENDOR), "q": text(UNKNOWN)}, "under_a_domain": False,
        "approved": Approved(Organization("o-examplecorp1", ["210000000001"]), (ApprovedSender(VENDOR, ("a@b.c",)),)),
        "today": date(2026, 11, 3),
    }  # fmt: skip
    return question_sha256(**{**usual, **changed})


def approved(**changed):
    usual = {"account": VENDOR, "from_patterns": ("a@b.c",)}
    return Approved(Organization("o-examplecorp1", ["210000000001"]), (ApprovedSender(**{**usual, **changed}),))


@pytest.mark.parametrize(
    "changed",
    [
        {"identity_arn": ARN.replace("example", "sample")},
        {"policies": {"p": text(VENDOR), "q": text("*")}},
        {"policies": {"q": text(UNKNOWN), "p": text(VENDOR)}},
        {"under_a_domain": True},
        {"approved": approved(from_patterns=())},
        {"approved": approved(last_day=date(2027, 1, 1))},
        {"approved": Approved(Organization("o-examplecorp1", ["210000000001", UNKNOWN]), approved().senders)},
        {"approved": Approved(Organization("o-examplecorp2", ["210000000001"]), approved().senders)},
        {"approved": Approved(approved().organization, approved().senders, frozenset({UNKNOWN}))},
    ],
)
def test_whatever_an_answer_depends_on_makes_another_question(changed):
    assert asked(**changed) != asked()


def test_the_day_counts_where_a_policy_or_an_approval_has_a_time():
    other = {"today": date(2026, 11, 4)}
    assert asked(**other) == asked()
    timed = {"policies": {"p": text(VENDOR), "q": NOON}}
    assert asked(**timed, **other) != asked(**timed)
    ending = {"approved": approved(last_day=date(2027, 1, 1))}
    assert asked(**ending, **other) != asked(**ending)


def test_an_approval_of_an_account_that_no_policy_names_makes_no_other_question():
    more = (*approved().senders, ApprovedSender("999999999999"))
    assert asked(approved=Approved(approved().organization, more)) == asked()
