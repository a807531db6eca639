"""Conditions that promise a limit they do not keep, and grants without one."""

from __future__ import annotations

import re

import pandas as pd

from sesreport.analysis.grants import covers
from sesreport.analysis.judged import Judged
from sesreport.analysis.judged_identities import JudgedIdentity
from sesreport.core.vocabulary import IDENTITY
from sesreport.findings.registry import Example, allow, at_grants, at_statements, deny, of_policies, rule
from sesreport.policy import Condition, Effect, Statement
from sesreport.policy.keys import ValueSource, key

ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}
SENSITIVE = {
    "aws:principalorgid", "aws:principalaccount", "aws:sourceaccount", "aws:sourceorgid", "aws:sourcevpc",
    "aws:sourcevpce",
}  # fmt: skip
"""Keys for whose values AWS sees no use of wildcards (IAM User Guide, "AWS global condition context keys")."""


@rule(
    id="SES021",
    title="A condition looks like a limit and is none",
    severity="high",
    why="The policy reads as if it were limited; the condition is true for whoever wants it to be.",
    recommendation="Use a positive operator without IfExists or ForAllValues, with fixed values, on a key the caller "
    "cannot choose, such as aws:PrincipalOrgID.",
    ask="Replace conditions that limit nothing on {identities}",
    fires=Example({"p": allow("*", Condition={"StringEquals": {"aws:UserAgent": "our-tool"}})}),
    clean=Example({"p": allow("*", Condition=ORGANIZATION)}),
)
@of_policies
def condition_without_effect(judged: Judged) -> pd.DataFrame:
    """Spoofable or constant keys, vacuous ForAllValues and IfExists, wildcards in sensitive values."""
    grants = judged.grants
    unguarded = (grants["scope"] == "service") & ~grants["guarded"].fillna(value=True)
    wild = (grants["grantee_kind"] == "anyone") & grants["scope"].isin(["public", "external"])
    open_grants = grants[(wild | unguarded) & grants["can_send"]]
    weak = {
        (*place, policy.name, statement.index + 1): said
        for place, identity in judged.by_identity.items()
        for policy in identity.read()
        for statement in policy.statements
        if (said := _weak(statement))
    }
    where = zip(*(open_grants[c] for c in (*IDENTITY, "policy_name", "statement")), strict=True)
    reasons = pd.Series([weak.get(place) for place in where], index=open_grants.index, dtype="string")
    return at_grants(open_grants.assign(why=reasons)[reasons.notna()])


@rule(
    id="SES022",
    title="A grant to an outside account has no condition",
    severity="medium",
    why="An outside account may send anything, to anybody, as any address it can.",
    recommendation="Add a condition: ses:FromAddress for the addresses, ses:Recipients where mail goes to few.",
    fires=Example({"p": allow("310000000001")}),
    clean=Example({"p": allow("310000000001", Condition={"StringEquals": {"ses:FromAddress": "news@example.com"}})}),
)
@of_policies
def no_condition(judged: Judged) -> pd.DataFrame:
    """Vendors and unknown accounts let in without any condition."""
    grants = judged.grants
    outside = grants["grantee_account_id"].notna() & grants["scope"].isin(["vendor", "external"])
    return at_grants(grants[outside & grants["can_send"] & (grants["conditions"].list.len() == 0)])


@rule(
    id="SES023",
    title="A From limit that bulk sending may not honor",
    severity="low",
    why="SES does not list ses:FromAddress and ses:Recipients for the action ses:SendBulkEmail, so negated conditions "
    "on them may be true there.",
    recommendation="Name the sending actions instead of a wildcard.",
    fires=Example(
        {"p": allow("310000000001", "ses:Send*", Condition={"StringNotLike": {"ses:FromAddress": "ceo@example.com"}})}
    ),
    clean=Example({"p": allow("310000000001", Condition={"StringNotLike": {"ses:FromAddress": "ceo@example.com"}})}),
)
@of_policies
def bulk_beyond_limit(judged: Judged) -> pd.DataFrame:
    """Statements that cover ses:SendBulkEmail and are limited by ses keys through negation or ForAllValues alone."""
    return at_statements(judged, _bulk)


@rule(
    id="SES024",
    title="A Deny rests on a condition key SES does not document",
    severity="low",
    why="If SES does not fill the key in, the Deny never matches and what it should stop is open.",
    recommendation="Use a key that SES documents for identity policies, such as aws:PrincipalOrgID.",
    fires=Example(
        {
            "p": allow("*", Condition=ORGANIZATION),
            "q": deny("*", Condition={"StringEquals": {"aws:PrincipalAccount": "210000000002"}}),
        }
    ),
    clean=Example(
        {
            "p": allow("*", Condition=ORGANIZATION),
            "q": deny("*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}),
        }
    ),
)
@of_policies
def deny_on_undocumented_key(judged: Judged) -> pd.DataFrame:
    """Denies with a positive condition on an undocumented key."""
    return at_statements(judged, _undocumented)


def _weak(statement: Statement) -> str | None:
    if statement.effect is Effect.DENY:
        return None
    present = {c.name for c in statement.conditions if c.base == "Null" and set(c.values) == {"false"}}
    said = [reason for c in statement.conditions if (reason := _reason(c, present))]
    return "; ".join(said) or None


def _reason(condition: Condition, present: set[str]) -> str | None:
    """Why one condition limits nobody, or None."""
    if condition.name.startswith("ses:") or condition.base == "Null":
        return None
    source = key(condition.name).source
    name = condition.key
    if source in (ValueSource.CALLER, ValueSource.TAG):
        return f"the caller chooses {name}"
    if source is ValueSource.FIXED:
        return f"{name} is the same in every request"
    if condition.name == "aws:username":
        return f"any account can have a user of the name in {name}"
    if condition.name in present or source is ValueSource.TIME:
        return None
    if condition.qualifier == "ForAllValues":
        return f"ForAllValues on {name} is true when the key is missing"
    if condition.if_exists:
        return f"IfExists on {name} is true when the key is missing"
    if (
        condition.name in SENSITIVE
        and condition.base == "StringLike"
        and any(re.search(r"[*?]", v) for v in condition.values)
    ):
        return f"a wildcard in the value of {name}"
    return None


def _bulk(identity: JudgedIdentity, statement: Statement) -> str | None:
    limits = [c for c in statement.conditions if c.name in ("ses:fromaddress", "ses:recipients")]
    vacuous = [c for c in limits if c.qualifier == "ForAllValues" or c.if_exists or "Not" in c.base]
    if (
        statement.effect is Effect.DENY
        or not limits
        or vacuous != limits
        or not covers(statement, ("ses:SendBulkEmail",))
    ):
        return None
    return f"covers ses:SendBulkEmail; {', '.join(f'{c.operator} {c.key}' for c in limits)} may be true there"


def _undocumented(identity: JudgedIdentity, statement: Statement) -> str | None:
    if statement.effect is Effect.ALLOW:
        return None
    names = [
        c.key for c in statement.conditions if "Not" not in c.base and c.base != "Null" and not key(c.name).documented
    ]
    return f"Deny matches on {', '.join(names)}" if names else None
