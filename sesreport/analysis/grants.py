"""One row per statement and principal of every identity policy."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.scopes import Who, any_address, from_patterns, scope_of
from sesreport.collection.datasets.identities import POLICIES
from sesreport.policy.model import Effect, Policy, Principal, PrincipalKind, Statement
from sesreport.policy.reader import read_policy
from sesreport.schema import Frame, account_id, flag, integer, text, texts

SENDING_ACTIONS = ("ses:SendEmail", "ses:SendRawEmail", "ses:SendTemplatedEmail", "ses:SendBulkTemplatedEmail")
"""Sending actions SES documents for identity policies (SES Developer Guide, Identity policy anatomy)."""
MANAGEMENT_ACTIONS = (
    "ses:CreateEmailIdentityPolicy", "ses:UpdateEmailIdentityPolicy", "ses:DeleteEmailIdentityPolicy",
    "ses:DeleteEmailIdentity", "ses:PutEmailIdentityConfigurationSetAttributes", "ses:PutEmailIdentityDkimAttributes",
    "ses:PutEmailIdentityDkimSigningAttributes", "ses:PutEmailIdentityFeedbackAttributes",
    "ses:PutEmailIdentityMailFromAttributes", "ses:GetEmailIdentity", "ses:GetEmailIdentityPolicies",
    "ses:TagResource", "ses:UntagResource",
)  # fmt: skip
"""Management actions of the same page that read or change the identity itself."""

GRANTS = Frame(
    "grants",
    "One row per statement seen from one principal; a statement that cannot be read is a row too.",
    keys={
        **POLICIES.keys,
        "statement": integer("Place in the document, from 1; 0 for a whole document.", required=True),
        "grantee": text("The principal as written (untrusted)."),
    },
    columns={
        "sid": text("The statement's Sid (untrusted)."),
        "effect": text("Allow or Deny; NA when the statement cannot be read."),
        "grantee_kind": text("anyone, account, user, role, role_session, service, … or unreadable.", required=True),
        "grantee_account_id": account_id("Account of the principal; NA for services and wildcards."),
        "grantee_name": text("Name by the register or the organization."),
        "scope": text("How far it lets in: none, own, service, organization, vendor, external, needs review, public; "
                      "NA for a Deny."),
        "actions": texts("Actions as written; prefixed '!' under NotAction.", required=True),
        "can_send": flag("Whether a sending action is among them; NA when the statement cannot be read."),
        "can_manage": flag("Whether an action that reads or changes the identity is among them."),
        "from_patterns": texts("From addresses it is limited to; NA when it limits none.",),
        "any_from_address": flag("Whether an arbitrary address of a domain may be used."),
        "conditions": texts("Conditions as written, one text each.", required=True),
        "register_status": text("valid, expiring, expired; own or organization for our accounts; NA when unknown."),
        "grantee_environment": text("Environment of a grantee in our organization."),
        "grantee_status": text("Status of a grantee account in our organization (ACTIVE, SUSPENDED …)."),
        "identity_environment": text("Environment of the identity's account."),
        "why": text("Why the scope is what it is.", required=True),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "agency",
         "statement": 1, "grantee": "310000000002", "effect": "Allow", "grantee_kind": "account", "scope": "external",
         "actions": ["ses:SendEmail"], "can_send": True, "conditions": [], "register_status": "expired",
         "why": "outside account without a valid approval"},
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "all",
         "statement": 1, "grantee": "*", "effect": "Allow", "grantee_kind": "anyone", "scope": "organization",
         "actions": ["ses:Send*"], "can_send": True, "conditions": ["StringEquals aws:PrincipalOrgID = o-examplecorp1"],
         "why": "wildcard held to the organization"},
        {"account_id": "210000000003", "region": "us-east-1", "identity": "example.org", "policy_name": "broken",
         "statement": 0, "grantee": "unreadable", "grantee_kind": "unreadable", "scope": "needs review",
         "actions": [], "conditions": [], "why": "policy 'broken' (line 1, column 2): not JSON"},
    ),
    unique=False,
)  # fmt: skip


@derived(GRANTS)
def grants(analysis: Analysis) -> pd.DataFrame:
    """Every policy is read once per distinct text; nothing is dropped."""
    accounts = analysis.accounts.set_index("account_id")
    members = frozenset(accounts.index[accounts["in_organization"]])
    status = dict(zip(analysis.register["account_id"], analysis.register["status"], strict=True))
    organization = analysis.organization_id
    read: dict[tuple[str, str], Policy] = {}
    rows: list[dict[str, Any]] = []
    identity_types = analysis.identities.set_index(["account_id", "region", "identity"])["identity_type"].to_dict()
    for policy in analysis.policies.to_dict("records"):
        key = (policy["policy_name"], policy["document"])
        if key not in read:
            read[key] = read_policy(policy["document"], policy["policy_name"])
        place = {name: policy[name] for name in POLICIES.keys}
        is_domain = identity_types.get((policy["account_id"], policy["region"], policy["identity"])) != "EMAIL_ADDRESS"
        who = Who(policy["account_id"], organization, members | {policy["account_id"]}, status)
        rows += [{**place, **row} for row in grant_rows(read[key], who, is_domain)]
    frame = GRANTS.from_rows(rows)
    names = accounts["name"].combine_first(analysis.register.set_index("account_id")["name"])
    grantee = frame["grantee_account_id"]
    return frame.assign(
        grantee_name=grantee.map(names).astype("string"),
        grantee_environment=grantee.map(accounts["environment"]).astype("string"),
        grantee_status=grantee.map(accounts["status"]).astype("string"),
        identity_environment=frame["account_id"].map(accounts["environment"]).astype("string"),
    )


def grant_rows(policy: Policy, who: Who, is_domain: bool) -> Iterator[dict[str, Any]]:
    for statement in policy.statements:
        for principal in statement.principals:
            yield _row(statement, principal, who, is_domain)
    for error in policy.errors:
        yield {
            "statement": 0,
            "grantee": "unreadable",
            "grantee_kind": "unreadable",
            "scope": "needs review",
            "actions": [],
            "conditions": [],
            "why": str(error),
        }


def _row(statement: Statement, principal: Principal, who: Who, is_domain: bool) -> dict[str, Any]:
    scope, why = (None, "refuses")
    if statement.effect is Effect.ALLOW:
        scope, why = scope_of(statement, principal, who)
    patterns = from_patterns(statement.conditions)
    anyone_else = statement.not_principal
    return {
        "statement": statement.index + 1,
        "sid": statement.sid,
        "effect": str(statement.effect),
        "grantee": f"anyone but {principal.value}" if anyone_else else principal.value,
        "grantee_kind": str(PrincipalKind.ANYONE if anyone_else else principal.kind),
        "grantee_account_id": None if anyone_else else principal.account,
        "scope": scope,
        "why": why,
        "actions": [f"!{a}" if statement.not_action else a for a in statement.actions],
        "can_send": _covers(statement, SENDING_ACTIONS),
        "can_manage": _covers(statement, MANAGEMENT_ACTIONS),
        "from_patterns": None if patterns is None else list(patterns),
        "any_from_address": is_domain and any_address(patterns),
        "conditions": [f"{c.operator} {c.key} = {', '.join(c.values)}" for c in statement.conditions],
        "register_status": _register_status(None if anyone_else else principal.account, who),
    }


def _register_status(account: str | None, who: Who) -> str | None:
    if account is None:
        return None
    if account == who.own:
        return "own"
    return "organization" if account in who.organization_accounts else who.register.get(account)


def _covers(statement: Statement, actions: tuple[str, ...]) -> bool:
    """Whether any of the actions is among the statement's; action names compare without case."""
    patterns = [pattern.lower().replace("[", "[[]") for pattern in statement.actions]
    named = [any(fnmatch.fnmatchcase(action.lower(), pattern) for pattern in patterns) for action in actions]
    return not all(named) if statement.not_action else any(named)
