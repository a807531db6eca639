"""Statements without effect, and principals that are no more."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.grants import covers
from sesreport.analysis.judged import Judged
from sesreport.analysis.judged_identities import JudgedIdentity
from sesreport.findings.registry import Example, allow, at_grants, at_statements, deny, of_policies, rule
from sesreport.policy import SENDING_ACTIONS, Effect, Statement


@rule(
    id="SES031",
    title="A deleted user or role is still granted",
    severity="low",
    why="The id names nobody; what the grant was for is not known to anyone who reads it.",
    recommendation="Remove the statement, or name the principal that took over.",
    fires=Example({"p": allow("AROAEXAMPLEEXAMPLE123")}),
    clean=Example({"p": allow("210000000002")}),
)
@of_policies
def dangling_principal(judged: Judged) -> pd.DataFrame:
    """Principals that show as a unique id: AWS does so after the user or role was deleted."""
    grants = judged.grants
    return at_grants(grants[(grants["grantee_kind"] == "deleted") & (grants["effect"] == "Allow")])


@rule(
    id="SES032",
    title="A statement can never apply",
    severity="low",
    why="It grants nothing, and hides from a reader who can really send.",
    recommendation="Remove it, or correct its resource, principal or conditions.",
    fires=Example({"p": allow("210000000002", Condition={"StringEquals": {"aws:PrincipalAccount": "210000000003"}})}),
    clean=Example({"p": allow("210000000002")}),
)
@of_policies
def dead_statement(judged: Judged) -> pd.DataFrame:
    """Allow statements that let in nobody, today or later."""
    grants = judged.grants
    dead = (grants["scope"] == "none") & grants["can_send"] & (grants["grantee_kind"] != "deleted")
    return at_grants(grants[dead & (grants["effect"] == "Allow")])


@rule(
    id="SES033",
    title="A Deny protects nothing",
    severity="low",
    why="Somebody believes that it keeps senders out; without it the same people can send.",
    recommendation="Remove it, or correct it so that it denies what was meant.",
    fires=Example({"p": allow("210000000002"), "q": deny("420000000001")}),
    clean=Example(
        {
            "p": allow("*"),
            "q": deny("*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}),
        }
    ),
)
@of_policies
def idle_deny(judged: Judged) -> pd.DataFrame:
    """Denies of sending whose removal does not change who can send."""
    return at_statements(judged, _idle)


def _idle(identity: JudgedIdentity, statement: Statement) -> str | None:
    if statement.effect is Effect.ALLOW or not covers(statement, SENDING_ACTIONS):
        return None
    return "the same can send without it" if identity.without(statement) == identity.summary else None
