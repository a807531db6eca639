"""Terraform plans: each kind of change, and policies of which a part is known after apply only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from governance.check.plan_files import (
    ARN,
    ASKED,
    DENY,
    DOCUMENT,
    LATER,
    OPEN,
    OUTSIDE,
    OWN,
    OWN_ONLY,
    READS_DOCUMENT,
    REGION,
    STRANGER,
    TODAY,
    UNKNOWN,
    V1,
    V2,
    change,
    checked,
    configured,
    document,
    exit_code,
    fired,
    only,
    own,
    plan,
    policy,
    sends,
    statement,
    template,
    written,
)  # fmt: skip

from sesreport.core.errors import ConfigError
from sesreport.governance.check import check
from sesreport.governance.check.planned import Asked
from sesreport.settings.config import Config


@pytest.mark.parametrize(
    ("actions", "before", "after", "action", "fires"),
    [
        (["create"], None, OPEN, "create", True),
        (["update"], OWN_ONLY, OPEN, "update", True),
        (["update"], OPEN, OWN_ONLY, "update", False),
        (["delete", "create"], OWN_ONLY, OPEN, "replace", True),
        (["create", "delete"], OWN_ONLY, OPEN, "replace", True),
        (["delete"], OPEN, None, "delete", False),
        (["no-op"], OPEN, OPEN, "unchanged", True),
        (["forget"], OPEN, None, "unchanged", True),
        (["levitate"], None, OPEN, "update", True),
        ("create", None, OPEN, "update", True),
    ],
)
def test_each_kind_of_action(
    actions: Any, before: str | None, after: str | None, action: str, fires: bool, tmp_path: Path
) -> None:
    file = checked(tmp_path, plan(change(after, actions=actions, before=before)))
    assert only(file).planned.action == action
    assert ("SES001" in fired(file)) is fires
    assert exit_code(file) == int(fires)


def test_what_is_created_while_the_old_is_forgotten_is_judged_with_it(tmp_path: Path) -> None:
    """AWS keeps what Terraform forgets."""
    renamed = {"email_identity": "example.com", "policy_name": "q", "policy": OUTSIDE}
    file = checked(tmp_path, plan(change(renamed, actions=["create", "forget"], before=OPEN)))
    assert [verdict.planned.policy_name for verdict in file.verdicts] == ["q", "p"]
    assert {"SES001", "SES002"} <= fired(file)


def test_a_replaced_policy_leaves_its_old_place(tmp_path: Path) -> None:
    moved = {"email_identity": "example.org", "policy_name": "q", "policy": OWN_ONLY}
    file = checked(tmp_path, plan(change(moved, actions=["delete", "create"], before=OPEN)))
    now, old = file.verdicts
    assert (now.planned.identity_name, now.planned.action) == ("example.org", "replace")
    assert (old.planned.identity_name, old.planned.policy_name, old.planned.action) == ("example.com", "p", "delete")


def test_imported_and_moved_policies_are_judged(tmp_path: Path) -> None:
    taken = change(OPEN, actions=["no-op"], before=OPEN, previous_address=f"{V2}.old")
    taken["change"]["importing"] = {"id": "example.com|p"}
    assert fired(checked(tmp_path, plan(taken))) >= {"SES001"}


def test_drift_is_a_note_and_no_verdict(tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change(OWN_ONLY), resource_drift=[change(OPEN, before=OWN_ONLY)]))
    assert f"{V2}.p was changed outside Terraform since the last run" in file.planned.notes
    assert exit_code(file) == 0


def test_a_deferred_policy_cannot_be_decided(tmp_path: Path) -> None:
    file = checked(tmp_path, plan(complete=False, deferred_changes=[{"reason": "x", "resource_change": change(OPEN)}]))
    assert only(file).undecidable and exit_code(file) == 1
    assert "the plan is not complete: what it defers is not in it" in file.planned.notes


def test_a_policy_that_only_planned_values_hold_is_judged(tmp_path: Path) -> None:
    """As in a plan that only refreshes."""
    held = {"address": f"{V2}.p", "mode": "managed", "type": V2, "values": change(OPEN)["change"]["after"]}
    values = {"root_module": {"child_modules": [{"resources": [held]}]}}
    file = checked(tmp_path, plan(planned_values=values))
    assert only(file).planned.action == "unchanged" and "SES001" in fired(file)


def test_resources_of_v1_are_judged(tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change(OPEN, address=f"{V1}.p")))
    assert only(file).planned.identity_name == "example.com" and "SES001" in fired(file)


def test_a_type_of_policy_that_is_not_known_cannot_be_decided(tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change({"policy": OPEN}, address="awscc_ses_identity_policy.p")))
    assert "SES000" in fired(file) and exit_code(file) == 1


@pytest.mark.parametrize("key", ["a", "a.b", 'q"uote', "]", "ü ☂", "a].b[", ""])
def test_modules_and_keys_of_any_kind(key: str, tmp_path: Path) -> None:
    index = json.dumps(key, ensure_ascii=False)
    address = f"module.m[{index}].{V2}.p[{index}]"
    changed = change(LATER, address=f"{V2}.p", unknown=UNKNOWN) | {"address": address}
    read = document(sends("*"), address=f"module.m[{index}].data.{DOCUMENT}.d")
    inner = {"resources": [READS_DOCUMENT]}
    file = checked(tmp_path, plan(changed, read, modules={"m": {"module": inner}}))
    assert only(file).planned.address == address and "SES001" in fired(file)


def test_several_instances_have_a_verdict_each(tmp_path: Path) -> None:
    values = [{"email_identity": "example.com", "policy_name": f"p{n}", "policy": text} for n, text in
              enumerate((OWN_ONLY, OUTSIDE))]  # fmt: skip
    file = checked(tmp_path, plan(*(change(one, address=f"{V2}.p[{n}]") for n, one in enumerate(values))))
    assert [len(verdict.findings) > 0 for verdict in file.verdicts] == [False, True]


# --- policy documents ---


def test_a_document_gets_its_identity_for_an_unknown_resource(tmp_path: Path) -> None:
    file = checked(
        tmp_path, plan(change(LATER, unknown=UNKNOWN), document(sends(STRANGER)), resources=[READS_DOCUMENT])
    )
    assert json.loads(only(file).planned.text or "")["Statement"][0]["Resource"] == [ARN]
    assert "SES002" in fired(file) and STRANGER in only(file).proof


def test_a_document_may_be_handed_to_a_module_as_a_variable(tmp_path: Path) -> None:
    inner = {"resources": [configured("var.policy")]}
    call = {
        "module": inner,
        "expressions": {"policy": {"references": [f"data.{DOCUMENT}.d.json", f"data.{DOCUMENT}.d"]}},
    }
    changed = change(LATER, address=f"module.m.{V2}.p", unknown=UNKNOWN)
    file = checked(tmp_path, plan(changed, document(sends("*")), modules={"m": call}))
    assert "SES001" in fired(file)


def documents_of(keys: str, *, policies: str) -> dict[str, Any]:
    """A document and a policy for each key; the document ``b`` lets in anybody."""
    docs = [document(sends("*" if key == "b" else OWN), address=f'data.{DOCUMENT}.d["{key}"]') for key in keys]
    made = [change({**LATER, "policy_name": key}, address=f'{V2}.p["{key}"]', unknown=UNKNOWN) for key in policies]
    return plan(*docs, *made, resources=[configured(f"data.{DOCUMENT}.d", "each.key")])


def test_documents_of_a_for_each_belong_to_the_same_key(tmp_path: Path) -> None:
    file = checked(tmp_path, documents_of("ab", policies="ab"))
    assert [bool(verdict.findings) for verdict in file.verdicts] == [False, True]


def test_which_document_it_is_cannot_be_told_by_other_keys(tmp_path: Path) -> None:
    """``d[each.key]`` and ``d[other[each.key]]`` have the same references in a plan."""
    verdict = only(checked(tmp_path, documents_of("ab", policies="a")))
    assert verdict.undecidable and "same keys" in verdict.findings[0].recommendation


def test_a_document_chosen_by_a_value_cannot_be_told(tmp_path: Path) -> None:
    content = documents_of("ab", policies="ab")
    content["configuration"]["root_module"]["resources"] = [configured(f"data.{DOCUMENT}.d", "each.value")]
    assert all(verdict.undecidable for verdict in checked(tmp_path, content).verdicts)


def test_a_document_with_a_written_index(tmp_path: Path) -> None:
    content = documents_of("ab", policies="a")
    named = f'data.{DOCUMENT}.d["b"]'
    content["configuration"]["root_module"]["resources"] = [configured(f"{named}.json", named, f"data.{DOCUMENT}.d")]
    assert "SES001" in fired(checked(tmp_path, content))


@pytest.mark.parametrize(
    ("made", "fires"),
    [
        ({"source_policy_documents": [OPEN]}, True),
        ({"override_policy_documents": [policy("*", Sid="s")]}, True),
        ({"override_policy_documents": [policy(OWN, Sid="s")]}, False),
        ({"source_json": policy("*", Sid="s")}, False),
    ],
)
def test_documents_that_a_document_takes_in(made: dict[str, Any], fires: bool, tmp_path: Path) -> None:
    """A statement takes the place of one with its sid in a source, and gives it up to one of an override."""
    read = document(sends(OWN, sid="s"), **made)
    file = checked(tmp_path, plan(change(LATER, unknown=UNKNOWN), read, resources=[READS_DOCUMENT]))
    assert ("SES001" in fired(file)) is fires and not only(file).undecidable


def test_a_variable_of_a_document_is_one_of_the_policy(tmp_path: Path) -> None:
    """A condition that compares a key with itself always holds."""
    same = {"test": "StringEquals", "variable": "aws:PrincipalArn", "values": ["&{aws:PrincipalArn}"]}
    read = document(sends("*", condition=[same]))
    file = checked(tmp_path, plan(change(LATER, unknown=UNKNOWN), read, resources=[READS_DOCUMENT]))
    assert json.loads(only(file).planned.text or "")["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:PrincipalArn": ["${aws:PrincipalArn}"]}
    }
    assert exit_code(file) == 1


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (document(sends("*"), unknown={"statement": True}), "statements"),
        (document(sends("*"), unknown={"statement": [{}, {}]}), "statements"),
        (document(sends("*"), unknown={"statement": [True]}), "statement"),
        (document(sends("*"), unknown={"statement": [{"principals": [{"identifiers": [True]}]}]}), "principals"),
        (document(sends("*"), unknown={"statement": [{"actions": [True]}]}), "actions"),
        (document(sends("*"), unknown={"statement": [{"effect": True}]}), "effect"),
        (document(sends("*"), unknown={"statement": [{"condition": [{"values": [True]}]}]}), "condition"),
        (document(sends("*"), unknown={"statement": [{"not_resources": [True]}]}), "not_resources"),
        (document(sends("*"), unknown={"source_policy_documents": [True]}), "source_policy_documents"),
        (document({"actions": ["ses:*"], "principals": [{"type": "AWS", "identifiers": [None]}]}), "principals"),
        (document(sends("*"), source_json="{"), "takes in"),
        (document(sends("*"), source_json='{"Statement": [1]}'), "takes in"),
    ],
)
def test_a_document_with_anything_else_unknown_cannot_be_decided(read: Any, what: str, tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change(LATER, unknown=UNKNOWN), read, resources=[READS_DOCUMENT]))
    assert only(file).undecidable and what in only(file).findings[0].evidence
    assert exit_code(file) == 1


@pytest.mark.parametrize(
    "references",
    [
        (),
        ("aws_sesv2_email_identity.x.arn",),
        (f"data.{DOCUMENT}.d.json", "var.more"),
        (f"data.{DOCUMENT}.d.json", f"data.{DOCUMENT}.e.json"),
        ("var.policy",),
        (f"data.{DOCUMENT}.elsewhere.json",),
    ],
)
def test_a_text_of_other_parts_cannot_be_decided(references: tuple[str, ...], tmp_path: Path) -> None:
    made = plan(change(LATER, unknown=UNKNOWN), document(sends(OWN)), resources=[configured(*references)])
    verdict = only(checked(tmp_path, made))
    assert verdict.undecidable and verdict.findings[0].severity == "high" and verdict.findings[0].recommendation


def test_how_a_text_of_jsonencode_is_made_decidable(tmp_path: Path) -> None:
    made = plan(change(LATER, unknown=UNKNOWN), resources=[configured("aws_sesv2_email_identity.x.arn")])
    finding = only(checked(tmp_path, made)).findings[0]
    assert "because of aws_sesv2_email_identity.x.arn" in finding.evidence
    assert "data.aws_iam_policy_document" in finding.recommendation


@pytest.mark.parametrize(
    ("source", "decided"),
    [
        ("policy = data.aws_iam_policy_document.d.json", True),
        ("policy = data.aws_iam_policy_document.d.minified_json # as it is", True),
        ('policy = replace(data.aws_iam_policy_document.d.json, "210000000001", "*")', False),
        ("/* policy = data.aws_iam_policy_document.d.json\n */ policy = jsonencode(local.x)", False),
    ],
)
def test_a_document_that_is_changed_on_its_way_is_not_the_policy(source: str, decided: bool, tmp_path: Path) -> None:
    """A plan has the same references for both; the .tf file beside it tells."""
    written(tmp_path, f'resource "{V2}" "p" {{\n  {source}\n}}\n', "main.tf")
    made = plan(change(LATER, unknown=UNKNOWN), document(sends(OWN)), resources=[READS_DOCUMENT])
    assert only(checked(tmp_path, made)).undecidable is not decided


def test_an_override_file_may_change_the_document(tmp_path: Path) -> None:
    written(tmp_path, f'resource "{V2}" "p" {{\n  policy = data.{DOCUMENT}.d.json\n}}\n', "main.tf")
    written(tmp_path, f'resource "{V2}" "p" {{\n  policy = upper(data.{DOCUMENT}.d.json)\n}}\n', "x_override.tf")
    made = plan(change(LATER, unknown=UNKNOWN), document(sends(OWN)), resources=[READS_DOCUMENT])
    assert only(checked(tmp_path, made)).undecidable


# --- odd values ---


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", "{", '{"statement": []}', OPEN.replace("Effect", "effect"),
             OPEN.replace('"Principal"', '"Principal": {"AWS": "210000000001"}, "Principal"'),
             OPEN.replace('"*"', '{"aws": "*"}'), '{"Statement": [{"Effect": "Allow"}]}']
)  # fmt: skip
def test_a_text_that_is_no_policy_is_no_pass(text: str, tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change(text)))
    assert exit_code(file) == 1 and "SES012" in fired(file)


@pytest.mark.parametrize("value", [None, 1, True, ["x"], {"Statement": []}])
def test_a_policy_of_another_type_cannot_be_decided(value: Any, tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change({**LATER, "policy": value})))
    assert only(file).undecidable and exit_code(file) == 1


@pytest.mark.parametrize("unknown", [True, {"policy": True}, {"email_identity": True, "policy": True}])
def test_values_after_apply_are_not_taken_from_elsewhere(unknown: Any, tmp_path: Path) -> None:
    after = None if unknown is True else change(OWN_ONLY)["change"]["after"]
    changed = change(after, actions=["update"], before=OWN_ONLY, unknown=unknown)
    assert any(verdict.undecidable for verdict in checked(tmp_path, plan(changed)).verdicts)


@pytest.mark.parametrize(
    "resource",
    [ARN.upper().replace("ARN:AWS:SES", "arn:aws:ses"), ARN.replace(OWN, ""), ARN.replace(OWN, STRANGER),
     ARN.replace(REGION, "us-east-1"), ARN.replace("example", "EXAMPLE"), ARN.replace(":aws:", ":aws-cn:"),
     [ARN.replace(REGION, "us-east-1")], ARN.replace(":ses:", ":s*:").replace(OWN, STRANGER)],
)  # fmt: skip
def test_a_resource_that_is_written_otherwise_still_means_the_identity(resource: Any, tmp_path: Path) -> None:
    asked = Asked(OWN, REGION)
    arn = {"arn": ARN, "email_identity": "example.com"}
    identity = change(arn, before=arn, actions=["no-op"], address="aws_sesv2_email_identity.i")
    file = checked(tmp_path, plan(identity, change(policy("*", Resource=resource))), asked=asked)
    assert "SES001" in fired(file)


def test_a_deny_that_is_written_otherwise_keeps_nobody_out(tmp_path: Path) -> None:
    both = {"Statement": [statement("*"), statement("*", Effect="Deny", Resource=ARN.replace(REGION, "us-east-1"))]}
    assert "SES001" in fired(checked(tmp_path, plan(change(json.dumps(both)))))


def test_two_resources_with_the_same_policy_are_both_judged(tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change(OWN_ONLY), change(OUTSIDE, address=f"{V1}.q")))
    assert [bool(verdict.findings) for verdict in file.verdicts] == [False, True]


def test_a_sensitive_text_is_judged_and_not_shown(tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change(OUTSIDE, sensitive={"policy": True})))
    said = str(only(file).findings) + only(file).proof + only(file).says
    assert "SES002" in fired(file) and STRANGER not in said


def test_all_sensitive_is_sensitive(tmp_path: Path) -> None:
    assert STRANGER not in str(only(checked(tmp_path, plan(change(OUTSIDE, sensitive=True)))).findings)


# --- whose identity it is ---


def provider(**expressions: Any) -> dict[str, Any]:
    return {"aws": {"expressions": {name: {"constant_value": value} for name, value in expressions.items()}}}


WITHOUT_PLACE = change(policy("*", Resource="*"))


@pytest.mark.parametrize(
    ("made", "asked", "arn"),
    [
        (plan(change(OPEN)), Asked(), ARN),
        (plan(WITHOUT_PLACE), Asked(OWN, REGION), ARN),
        (plan(WITHOUT_PLACE, providers=provider(region="us-east-1"), resources=[{"address": f"{V2}.p",
         "provider_config_key": "aws"}]), Asked(OWN, REGION), ARN.replace(REGION, "us-east-1")),
        (plan(WITHOUT_PLACE, providers=provider(allowed_account_ids=[STRANGER]), resources=[{"address": f"{V2}.p",
         "provider_config_key": "aws"}]), Asked(OWN, REGION), ARN.replace(OWN, STRANGER)),
        (plan(WITHOUT_PLACE, providers={"aws": {"expressions": {"region": {"references": ["var.r"]}, "assume_role": [
            {"role_arn": {"constant_value": f"arn:aws:iam::{STRANGER}:role/deploy"}}]}}}, variables={"r": {"value":
         "us-east-1"}}, resources=[{"address": f"{V2}.p", "provider_config_key": "aws"}]), Asked(OWN, REGION),
         ARN.replace(OWN, STRANGER).replace(REGION, "us-east-1")),
    ],
)  # fmt: skip
def test_account_and_region_by_what_can_be_trusted_first(made: Any, asked: Asked, arn: str, tmp_path: Path) -> None:
    identity = only(checked(tmp_path, made, asked=asked)).planned.identity
    assert identity is not None and identity.arn == arn


@pytest.mark.parametrize("asked", [Asked(), Asked(account=OWN), Asked(region=REGION)])
def test_a_place_that_nothing_says_is_asked_for(asked: Asked, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"does not say the (account|region) of example\.com; give --(account|region)"
    ):
        checked(tmp_path, plan(WITHOUT_PLACE), asked=asked)


def test_an_account_that_one_statement_names_is_no_proof(tmp_path: Path) -> None:
    """Otherwise the outside account would be taken for the identity's own."""
    theirs = statement(STRANGER, Effect="Deny", Resource=ARN.replace(OWN, STRANGER), Action="ses:SendBulkEmail")
    both = json.dumps({"Statement": [statement(STRANGER, Resource="*"), theirs]})
    with pytest.raises(ConfigError, match="give --account"):
        checked(tmp_path, plan(change(both)), asked=Asked(region=REGION))
    assert "SES002" in fired(checked(tmp_path, plan(change(both))))


def test_an_identity_of_another_provider_is_no_proof_of_an_account(tmp_path: Path) -> None:
    theirs = {"arn": f"arn:aws:ses:{REGION}:{STRANGER}:identity/vendor.example", "email_identity": "vendor.example"}
    identity = change(theirs, before=theirs, actions=["no-op"], address="aws_sesv2_email_identity.v")
    keys = [
        {"address": "aws_sesv2_email_identity.v", "provider_config_key": "aws.vendor"},
        {"address": f"{V2}.p", "provider_config_key": "aws"},
    ]
    file = checked(tmp_path, plan(identity, change(policy(STRANGER, Resource="*")), resources=keys))
    assert "SES002" in fired(file)


def test_a_second_identity_makes_no_member_of_the_organization(tmp_path: Path) -> None:
    named = {"email_identity": f"arn:aws:ses:{REGION}:{STRANGER}:identity/example.com", "policy_name": "q",
             "policy": policy(OWN)}  # fmt: skip
    config = Config.model_validate({"organization": {"id": "o-exampleorg1"}})
    file = checked(tmp_path, plan(change(OUTSIDE), change(named, address=f"{V2}.q")), config=config)
    assert "SES002" in {finding.rule_id for finding in file.verdicts[0].findings}


def test_the_organization_of_the_settings_counts(tmp_path: Path) -> None:
    config = Config.model_validate({"organization": {"id": "o-exampleorg1", "accounts": [OWN, STRANGER]}})
    assert exit_code(checked(tmp_path, plan(change(OUTSIDE)), config=config)) == 0


def test_the_register_counts(tmp_path: Path) -> None:
    header = "account_id,name,vendor,owner,justification,ticket,approved_by,approved_at,expires_at\n"
    written(tmp_path, f"{header}{STRANGER},V,V,o,j,T-1,a,2026-01-01,2027-01-01\n", "register.csv")
    config = Config.model_validate({"paths": {"register": str(tmp_path / "register.csv")}})
    assert "SES002" not in fired(checked(tmp_path, plan(change(OUTSIDE)), config=config))
    written(tmp_path, f"{header}{STRANGER},V,V,o,j,T-1,a,2026-01-01,2026-11-29\n", "register.csv")
    assert "SES003" in fired(checked(tmp_path, plan(change(OUTSIDE)), config=config))


# --- policies in resources of other types ---


def test_a_stack_s_template_is_judged(tmp_path: Path) -> None:
    body = json.dumps(template(Own=own({"Identity": "example.com", "PolicyDocument": json.loads(OPEN)})))
    file = checked(tmp_path, plan(change({"template_body": body}, address="aws_cloudformation_stack.s")))
    assert "SES001" in fired(file) and only(file).planned.address == "aws_cloudformation_stack.s: Own"


def test_a_stack_s_template_in_yaml_cannot_be_decided(tmp_path: Path) -> None:
    body = "Resources:\n  P:\n    Type: Custom::AWS\n    Properties: {Create: '{action: putIdentityPolicy}'}"
    assert only(
        checked(tmp_path, plan(change({"template_body": body}, address="aws_cloudformation_stack.s")))
    ).undecidable


def test_a_stack_whose_template_is_elsewhere_is_a_note(tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change({"template_url": "https://x"}, address="aws_cloudformation_stack.s")))
    assert file.planned.notes == (
        "aws_cloudformation_stack.s: its template is not in the plan; check the template as well",
    )


@pytest.mark.parametrize("held", [OPEN, json.loads(OPEN), {"deep": [json.dumps({"Policy": OPEN})]}])
def test_a_policy_in_a_resource_of_another_type_is_judged(held: Any, tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change({"input": held}, address="aws_lambda_invocation.put")))
    assert "SES001" in fired(file)


def test_a_policy_elsewhere_that_names_no_identity_cannot_be_decided(tmp_path: Path) -> None:
    made = change({"input": policy("*", Resource="*")}, address="aws_lambda_invocation.put")
    assert only(checked(tmp_path, plan(made))).undecidable


@pytest.mark.parametrize(
    "made",
    [
        change({"policy": json.dumps({"Statement": [{"Effect": "Allow", "Action": "ses:*", "Resource": "*"}]})},
               address="aws_iam_policy.p"),
        change({"policy": policy({"Service": "ses.amazonaws.com"}, Action="s3:PutObject", Resource="arn:aws:s3:::b/*")},
               address="aws_s3_bucket_policy.p"),
        change({"policy": policy("*", Resource="*")}, address="aws_vpc_endpoint.e"),
        change({"policy": policy("*", Action="kms:*", Resource="*"), "tags": {"for": "ses"}}, address="aws_kms_key.k"),
        change({"title": "Bank Statement of ses policy"}, address="aws_sns_topic.t"),
    ],
)  # fmt: skip
def test_policies_of_other_services_are_none_of_ours(made: Any, tmp_path: Path) -> None:
    file = checked(tmp_path, plan(made))
    assert file.verdicts == () and exit_code(file) == 0


def test_a_provisioner_that_puts_a_policy_cannot_be_decided(tmp_path: Path) -> None:
    command = {"constant_value": "aws sesv2 create-email-identity-policy --policy file://p.json"}
    runs = {
        "address": "terraform_data.t",
        "provisioners": [{"type": "local-exec", "expressions": {"command": command}}],
    }
    assert only(checked(tmp_path, plan(resources=[runs]))).undecidable


@pytest.mark.parametrize("mode", ["managed", "MANAGED", None, "later"])
def test_a_resource_of_any_mode_but_data_is_judged(mode: str | None, tmp_path: Path) -> None:
    assert "SES001" in fired(checked(tmp_path, plan(change(OPEN) | {"mode": mode})))


def test_a_plan_without_policies_passes(tmp_path: Path) -> None:
    file = checked(tmp_path, plan(change({"bucket": "b"}, address="aws_s3_bucket.b")))
    assert file.verdicts == () and exit_code(file) == 0


def test_files_count_together(tmp_path: Path) -> None:
    """A Deny in one file keeps out what another lets in."""
    files = [
        written(tmp_path, plan(change({**LATER, "policy_name": "deny", "policy": DENY}, address=f"{V2}.d")), "a.json"),
        written(tmp_path, plan(change(OPEN)), "b.json"),
    ]
    both, _ = check(files, Config(), today=TODAY, asked=ASKED)
    alone, _ = check(files[1:], Config(), today=TODAY, asked=ASKED)
    assert "SES001" not in fired(both[1]) and "SES001" in fired(alone[0])


@pytest.mark.parametrize(
    "text",
    [
        policy({"AWS": ["*", OWN]}),
        policy("*", Condition={"StringLike": {"aws:PrincipalArn": "*"}}),
        policy("*", Condition={"StringEqualsIfExists": {"aws:SourceAccount": OWN}}),
        policy("*", Condition={"StringNotEquals": {"aws:PrincipalAccount": OWN}}),
        policy("*", Condition={"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}),
        policy("*", Resource="arn:*"),
        policy("*", Resource="arn:aws:ses:*:*:identity/*"),
        policy("*", Resource=["arn:aws:s3:::bucket", ARN]),
        policy(f"ARN:AWS:iam::{STRANGER}:root"),
        OPEN.replace("Allow", "\\u0041llow"),
        "\ufeff" + OPEN,
        OPEN + "\x00",
        OPEN.replace("Principal", "PRINCIPAL"),
        policy("*").replace('"Action"', '"NotAction"'),
    ],
)
def test_no_way_of_writing_it_passes(text: str, tmp_path: Path) -> None:
    assert exit_code(checked(tmp_path, plan(change(text)))) == 1
