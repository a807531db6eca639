"""Policies whose effect rests on something that AWS does not document, or documents in two ways."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.grants import covers
from sesreport.analysis.joins import rows
from sesreport.analysis.judged import Judged
from sesreport.analysis.judged_identities import JudgedIdentity
from sesreport.core.vocabulary import IDENTITY
from sesreport.findings.registry import Example, allow, at_identities, at_statements, deny, of_policies, rule
from sesreport.policy import BULK, SENDING_ACTIONS, Effect, Statement
from sesreport.policy.patterns import parse, resource_matches

_ELSEWHERE = "arn:aws-cn:iam::210000000002:role/mailer"
_ONLY_NEWS = {"StringEquals": {"ses:FromAddress": "news@example.com"}}


@rule(
    id="SES025",
    title="Bulk sending is granted to outsiders by an action AWS does not list",
    severity="high",
    why="ses:SendBulkEmail is a sending action of its own. AWS does not list it for identity policies, so whether SES "
    "lets them send by it alone is not known.",
    recommendation="Remove ses:SendBulkEmail from the statement, or limit its principal.",
    ask="Take ses:SendBulkEmail from outsiders on {identities}",
    fires=Example({"p": allow("*", "ses:SendBulkEmail")}),
    clean=Example({"p": allow("210000000002", "ses:SendBulkEmail")}),
)
@of_policies
def bulk_sending(judged: Judged) -> pd.DataFrame:
    """Statements with ses:SendBulkEmail where it reaches further than the documented sending actions do."""
    return at_statements(judged, _bulk_sending)


def _bulk_sending(identity: JudgedIdentity, statement: Statement) -> str | None:
    if statement.effect is Effect.DENY or not covers(statement, BULK):
        return None
    for grant in identity.exposure.bulk_beyond:
        if (grant.policy, grant.statement) == (statement.policy, statement.index):
            who = "anybody with an AWS account" if grant.exposure == "public" else "an account nobody approved"
            return f"{who} holds ses:SendBulkEmail and none of the sending actions that AWS lists"
    return None


@rule(
    id="SES026",
    title="A protection rests on how a wildcard is read",
    severity="low",
    why="The resource matches this identity only if its * reaches across the parts of the ARN. IAM documents that for "
    "a * that ends a part; if SES reads it otherwise, the statement protects nothing.",
    recommendation="Name the identity's whole ARN as the resource.",
    fires=Example({"p": allow("420000000001"), "q": deny("*", Resource="arn:aws:ses:*")}),
    clean=Example({"p": allow("420000000001"), "q": deny("*", Resource="arn:aws:ses:*:*:identity/*")}),
)
@of_policies
def wildcard_across_parts(judged: Judged) -> pd.DataFrame:
    """Denies, and NotResource of an Allow, that match the identity only by a wildcard across colons."""
    return at_statements(judged, _across_parts)


def _across_parts(identity: JudgedIdentity, statement: Statement) -> str | None:
    if (statement.effect is Effect.ALLOW) != statement.not_resource or not covers(statement, SENDING_ACTIONS):
        return None
    patterns = [parse(value, wildcards=True, variables=statement.variables) for value in statement.resources]
    if not any(resource_matches(one, identity.arn) for one in patterns):
        return None
    if any(resource_matches(one, identity.arn, crossing=False) for one in patterns):
        return None
    element = "NotResource" if statement.not_resource else "Resource"
    return f"{element} {', '.join(statement.resources)} matches only if * reaches across the parts of an ARN"


@rule(
    id="SES027",
    title="A user or role of another AWS partition is granted",
    severity="low",
    why="Whether a caller of another partition can send at all is not verified; the grant counts by its account.",
    recommendation="Remove the grant, or name the principal in the identity's own partition.",
    fires=Example({"p": allow(_ELSEWHERE)}),
    clean=Example({"p": allow("arn:aws:iam::210000000002:role/mailer")}),
)
@of_policies
def other_partition(judged: Judged) -> pd.DataFrame:
    """Allow statements for principals whose ARN is in another partition than the identity's."""
    return at_statements(judged, _elsewhere)


def _elsewhere(identity: JudgedIdentity, statement: Statement) -> str | None:
    if statement.effect is Effect.DENY or statement.not_principal or not covers(statement, (*SENDING_ACTIONS, *BULK)):
        return None
    if not _about(identity, statement):
        return None
    arns = [principal.value for principal in statement.principals if principal.value.startswith("arn:")]
    other = [arn for arn in arns if arn.split(":")[1] != identity.arn.split(":")[1]]
    return f"{', '.join(other)}: of another partition than the identity" if other else None


def _about(identity: JudgedIdentity, statement: Statement) -> bool:
    """Whether a statement's resource is this identity, whatever its variables are."""
    patterns = [parse(value, wildcards=True, variables=statement.variables) for value in statement.resources]
    return any(resource_matches(one, identity.arn) for one in patterns) != statement.not_resource


@rule(
    id="SES028",
    title="A Deny on a From address can be spelled around",
    severity="low",
    why="The condition compares with case, and the domain of an address may be written in capitals.",
    recommendation="Use StringEqualsIgnoreCase, or allow the few addresses that may be used.",
    fires=Example({"p": allow("310000000001"), "q": deny("*", Condition=_ONLY_NEWS)}),
    clean=Example(
        {
            "p": allow("310000000001"),
            "q": deny("*", Condition={"StringEqualsIgnoreCase": {"ses:FromAddress": "news@example.com"}}),
        }
    ),
)
@of_policies
def deny_by_spelling(judged: Judged) -> pd.DataFrame:
    """Denies of sending that match a From address exactly, with a domain in their value."""
    return at_statements(judged, _by_spelling)


def _by_spelling(identity: JudgedIdentity, statement: Statement) -> str | None:
    if statement.effect is Effect.ALLOW or not covers(statement, SENDING_ACTIONS):
        return None
    if identity.exposure.exposure == "none" or not _about(identity, statement):
        return None
    values = [
        value
        for condition in statement.conditions
        if condition.name == "ses:fromaddress" and condition.base in ("StringEquals", "StringLike")
        for value in condition.values
        if "@" in value and value.rpartition("@")[2].strip("*?")
    ]
    return f"does not match {', '.join(values)} in other letter case" if values else None


@rule(
    id="SES029",
    title="Only the precedence of address identities keeps senders out",
    severity="medium",
    why="AWS documents that an address's policies come before its domain's; a report to AWS disputes it where mail is "
    "sent with the domain's ARN (awsdocs/amazon-ses-developer-guide#13).",
    recommendation="Limit the domain's own policies as well.",
    fires=Example(
        {"p": allow("420000000001", Condition=_ONLY_NEWS)}, beside={"news@example.com": {"own": deny("*", "ses:*")}}
    ),
    clean=Example({"p": allow("420000000001")}, beside={"news@example.com": {"own": deny("*", "ses:*")}}),
)
@of_policies
def precedence_alone(judged: Judged) -> pd.DataFrame:
    """Domains that would be more exposed if the policies of their address identities did not come first."""
    wider = {
        place: identity.exposure.without_precedence.words
        for place, identity in judged.by_identity.items()
        if identity.exposure.without_precedence.wider_than(identity.exposure)
    }
    identities = judged.identities
    places = list(rows(identities, IDENTITY))
    chosen = identities[pd.Series([place in wider for place in places], index=identities.index, dtype=bool)]
    said = [f"without that rule the exposure would be {wider[place]}" for place in places if place in wider]
    return at_identities(chosen, pd.Series(said, index=chosen.index, dtype="string"))
