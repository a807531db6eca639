"""One row per statement and principal of every identity policy."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import pandas as pd

from sesreport.analysis.approvals import IN_DATE, WRONG_IDENTITY, Approvals, Match
from sesreport.analysis.judged_identities import JudgedIdentity
from sesreport.core.schema import Frame, account_id, flag, integer, text, texts
from sesreport.core.vocabulary import IdentityKey
from sesreport.policy import SENDING_ACTIONS, Effect, Grant, Principal, PrincipalKind, Statement
from sesreport.settings.reference import known_vendor
from sesreport.snapshot.frames.identities import POLICIES

MANAGEMENT_ACTIONS = (
    "ses:CreateEmailIdentityPolicy", "ses:UpdateEmailIdentityPolicy", "ses:DeleteEmailIdentityPolicy",
    "ses:DeleteEmailIdentity", "ses:PutEmailIdentityConfigurationSetAttributes", "ses:PutEmailIdentityDkimAttributes",
    "ses:PutEmailIdentityDkimSigningAttributes", "ses:PutEmailIdentityFeedbackAttributes",
    "ses:PutEmailIdentityMailFromAttributes", "ses:GetEmailIdentity", "ses:GetEmailIdentityPolicies",
    "ses:TagResource", "ses:UntagResource",
)  # fmt: skip
"""Management actions that read or change the identity itself (SES Developer Guide, Identity policy anatomy)."""

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
        "register_status": text("valid, expiring, expired; own or organization for our accounts; NA when unknown. Of "
                                "several approvals the best for the identity; where none is for it, the best."),
        "registered": flag("Whether the register approves the grantee today.", required=True),
        "approval_id": text("The approval that fits it best; NA where the register has none of the grantee."),
        "approval": text("How it fits: approved, no ticket, wider From (the grant allows more From addresses), wrong "
                         "identity, expired (or not begun), unregistered; NA for a Deny, our accounts, AWS services "
                         "and wildcards."),
        "grantee_environment": text("Environment of a grantee in our organization."),
        "grantee_status": text("Status of a grantee account in our organization (ACTIVE, SUSPENDED …)."),
        "identity_environment": text("Environment of the identity's account."),
        "external_accounts": texts("Outside accounts that its conditions let in; NA when it lets in none."),
        "external_orgs": texts("Foreign organizations it lets in; NA when it lets in none."),
        "guarded": flag("Whether the AWS services it lets in act only for sources we know; NA when it lets in none."),
        "service_accounts": texts("Outside accounts its services may act for; NA when there are none."),
        "why": text("Why the scope is what it is.", required=True),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "agency",
         "statement": 1, "grantee": "310000000002", "effect": "Allow", "grantee_kind": "account", "scope": "external",
         "actions": ["ses:SendEmail"], "can_send": True, "conditions": [], "register_status": "expired",
         "registered": False, "approval_id": "A-7c2f90be13", "approval": "expired",
         "why": "outside account without a valid approval"},
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "all",
         "statement": 1, "grantee": "*", "effect": "Allow", "grantee_kind": "anyone", "scope": "organization",
         "actions": ["ses:Send*"], "can_send": True, "conditions": ["StringEquals aws:PrincipalOrgID = o-examplecorp1"],
         "registered": False,
         "why": "wildcard held to the organization"},
        {"account_id": "210000000003", "region": "us-east-1", "identity": "example.org", "policy_name": "broken",
         "statement": 0, "grantee": "unreadable", "grantee_kind": "unreadable", "scope": "needs review",
         "actions": [], "conditions": [], "registered": False, "why": "policy 'broken' (line 1, column 2): not JSON"},
    ),
    unique=False,
)  # fmt: skip


REASONS = {
    "none": "lets in nobody: its conditions, its resource or a Deny keep everybody out",
    "own": "own account",
    "organization": "accounts of the organization",
    "vendor": "approved in the register",
    "external": "outside account without a valid approval",
    "public": "anybody with an AWS account",
    "needs review": "lets in everybody whom its conditions do not keep out",
}


def grants(
    by_identity: Mapping[IdentityKey, JudgedIdentity], accounts: pd.DataFrame, register: pd.DataFrame
) -> pd.DataFrame:
    """Nothing is dropped: Denies, unreadable documents and statements that let in nobody are rows too."""
    accounts = accounts.set_index("account_id")
    approvals = Approvals(register)
    rows = []
    for (account, region, name), identity in by_identity.items():
        for told in identity.once(_told):
            row = dict(told)
            grantee = row.get("grantee_account_id")
            standing = _standing(grantee, account, name, identity, approvals)
            found = _match(row, standing, name, approvals)
            elsewhere = found is not None and found.reason == WRONG_IDENTITY
            if row["scope"] == "external" and elsewhere:
                row["why"] = "outside account that is approved for other identities alone"
            elif row["scope"] == "external" and standing in (None, "expired"):
                row["why"] = _why_outside(row["why"], grantee, standing)
            rows.append(
                {
                    "account_id": account,
                    "region": region,
                    "identity": name,
                    **row,
                    "register_status": standing,
                    "registered": standing in IN_DATE and not elsewhere,
                    "approval_id": found.approval.id if found and found.approval else None,
                    "approval": found.reason if found else None,
                }
            )
    frame = GRANTS.from_rows(rows)
    grantees = frame["grantee_account_id"]
    registered = {account: each[0].name for account, each in approvals.by_account.items()}
    names = {each.id: each.name for of in approvals.by_account.values() for each in of}
    named = grantees.map(accounts["name"]).astype("string")
    named = named.fillna(frame["approval_id"].map(names).astype("string"))
    return frame.assign(
        grantee_name=named.fillna(grantees.map(registered).astype("string")),
        grantee_environment=grantees.map(accounts["environment"]).astype("string"),
        grantee_status=grantees.map(accounts["status"]).astype("string"),
        identity_environment=frame["account_id"].map(accounts["environment"]).astype("string"),
    )


def _standing(grantee: str | None, own: str, name: str, identity: JudgedIdentity, approvals: Approvals) -> str | None:
    if grantee is None:
        return None
    if grantee == own:
        return "own"
    return "organization" if grantee in identity.trusted.organization.accounts else approvals.standing(grantee, name)


def _match(row: Mapping[str, Any], standing: str | None, name: str, approvals: Approvals) -> Match | None:
    """The approval of a grant to an outside account; one that lets only manage is asked for any From address."""
    grantee = row.get("grantee_account_id")
    if grantee is None or standing in ("own", "organization") or row.get("effect") != str(Effect.ALLOW):
        return None
    return approvals.match(grantee, name, row["from_patterns"] or ())


def _why_outside(why: str, grantee: str | None, standing: str | None) -> str:
    """The reason of a grant to an outside account, by what is known of the account."""
    if standing == "expired":
        return "outside account whose approval has expired"
    vendor = known_vendor(grantee) if grantee else None
    return why.replace(REASONS["external"], f"{vendor}; not registered") if vendor else why


def _told(identity: JudgedIdentity) -> list[dict[str, Any]]:
    """The rows of one identity; whatever goes wrong with them costs this identity alone."""
    try:
        return list(_rows(identity))
    except Exception as fault:  # noqa: BLE001 - one policy must never end the analysis of the others
        return [
            _unjudged(name, f"could not be told apart ({type(fault).__name__}: {fault})") for name in identity.policies
        ]


def _unjudged(policy_name: str, why: str) -> dict[str, Any]:
    return {
        "policy_name": policy_name,
        "statement": 0,
        "grantee": "unreadable",
        "grantee_kind": "unreadable",
        "scope": "needs review",
        "actions": [],
        "conditions": [],
        "why": why,
    }


def _rows(identity: JudgedIdentity) -> Iterator[dict[str, Any]]:
    judged = {
        (g.policy, g.statement, g.grantee_kind, g.grantee.removeprefix("everybody but ")): g
        for g in identity.exposure.grants
    }
    for policy in identity.read():
        for statement in policy.statements:
            for principal in statement.principals:
                grant = judged.get((statement.policy, statement.index, str(principal.kind), principal.value))
                yield _row(identity, statement, principal, grant)
        yield from (_unjudged(policy.name, str(error)) for error in policy.errors)


def _row(identity: JudgedIdentity, statement: Statement, principal: Principal, grant: Grant | None) -> dict[str, Any]:
    scope, why = _scope(identity, statement, principal, grant)
    patterns = grant.from_patterns if grant else ()
    everyone = statement.not_principal
    return {
        "policy_name": statement.policy,
        "statement": statement.index + 1,
        "sid": statement.sid,
        "effect": str(statement.effect),
        "grantee": f"everybody but {principal.value}" if everyone else principal.value,
        "grantee_kind": str(PrincipalKind.ANYONE if everyone else principal.kind),
        "grantee_account_id": None if everyone else principal.account,
        "scope": scope,
        "why": why,
        "actions": [f"!{a}" if statement.not_action else a for a in statement.actions],
        "can_send": covers(statement, SENDING_ACTIONS),
        "can_manage": covers(statement, MANAGEMENT_ACTIONS),
        "from_patterns": list(patterns) or None,
        "any_from_address": "@" not in identity.arn and (not patterns or any(map(_any_local_part, patterns))),
        "conditions": [f"{c.operator} {c.key} = {', '.join(c.values)}" for c in statement.conditions],
        "external_accounts": (sorted(grant.external_accounts) if grant else None) or None,
        "external_orgs": (sorted(grant.external_orgs) if grant else None) or None,
        "guarded": grant.guarded if grant else None,
        "service_accounts": (sorted(grant.service_accounts) if grant else None) or None,
    }


def _scope(
    identity: JudgedIdentity, statement: Statement, principal: Principal, grant: Grant | None
) -> tuple[str | None, str]:
    """How far the statement lets the principal in, and why: by this statement and principal alone."""
    if statement.effect is Effect.DENY:
        return None, "refuses"
    if not covers(statement, SENDING_ACTIONS):
        scope = _who(identity, principal, statement)
        return scope, f"management only: {REASONS.get(scope, scope)}"
    if not identity.exposure.judged:
        return "needs review", REASONS["needs review"]
    scope = grant.exposure if grant else "none"
    if grant is not None and scope == "service":
        if not grant.guarded:
            return scope, "AWS service on anybody's behalf"
        outside = ", ".join(sorted(grant.service_accounts))
        return scope, f"AWS service for resources of {outside}" if outside else "AWS service for sources we know"
    if scope == "none" and principal.kind is PrincipalKind.DELETED:
        return scope, "lets in nobody: the principal was deleted"
    if grant is not None and scope == "external" and principal.account is None:
        return scope, _outsiders(grant)
    return scope, REASONS[scope]


def _any_local_part(pattern: str) -> bool:
    """Whether a glob holds no part before the @: ``*``, ``**@example.com``, ``*example.com``."""
    local = pattern.partition("@")[0]
    return local.startswith(("*", "?*")) and not (local.strip("*?") if "@" in pattern else "")


def _outsiders(grant: Grant) -> str:
    """Whom a wildcard lets in that is held to outsiders."""
    if grant.external_orgs:
        return f"members of another organization ({', '.join(sorted(grant.external_orgs))})"
    return "unknown accounts from a fixed network" if grant.limited_by else "outside accounts that its conditions name"


def _who(identity: JudgedIdentity, principal: Principal, statement: Statement) -> str:
    """Scope of a statement that lets nobody send; the engine decides sending only, so wildcards are not judged."""
    if principal.kind is PrincipalKind.SERVICE:
        return "service"
    if principal.account is None or statement.not_principal:
        return "none" if principal.kind is PrincipalKind.DELETED else "needs review"
    if principal.account == identity.arn.split(":")[4]:
        return "own"
    if principal.account in identity.trusted.organization.accounts:
        return "organization"
    return "vendor" if principal.account in identity.trusted.register else "external"


def covers(statement: Statement, actions: tuple[str, ...]) -> bool:
    """Whether any of the actions is among the statement's; action names compare without case."""
    named = _named(statement.actions, actions)
    return not all(named) if statement.not_action else any(named)


@lru_cache(maxsize=1000)
def _named(written: tuple[str, ...], actions: tuple[str, ...]) -> tuple[bool, ...]:
    """Whether each of the actions is among the written ones, which are the same few in most policies."""
    patterns = [pattern.lower().replace("[", "[[]") for pattern in written]
    return tuple(any(fnmatch.fnmatchcase(action.lower(), pattern) for pattern in patterns) for action in actions)
