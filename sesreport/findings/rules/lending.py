"""How an identity is set up to be lent to others."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import IDENTITY
from sesreport.findings.registry import Example, allow, at_identities, rule

TOPICS = ("bounce_topic", "complaint_topic", "delivery_topic")


@rule(
    id="SES041",
    title="A lent identity has a default configuration set",
    severity="medium",
    upkeep=True,
    why="SES does not allow a default configuration set on an identity that other accounts send with; their mail may "
    "fail (SES Developer Guide, Sending authorization overview).",
    recommendation="Remove the default configuration set, or the grant.",
    fires=Example({"p": allow("210000000002")}, identity_fields={"configuration_set": "default"}),
    clean=Example({"p": allow("210000000001")}, identity_fields={"configuration_set": "default"}),
)
def lent_with_configuration_set(analysis: Analysis) -> pd.DataFrame:
    """Identities with a default configuration set that another account can send as."""
    lent = analysis.exposures["exposure"].isin(["organization", "vendor", "external", "public"])
    places = analysis.exposures.loc[lent, IDENTITY]
    identities = joined(
        analysis.identities[analysis.identities["configuration_set"].notna()], places, how="inner", on=IDENTITY
    )
    return at_identities(identities, "default configuration set " + identities["configuration_set"])


@rule(
    id="SES042",
    title="Feedback goes to a topic of a foreign account",
    severity="medium",
    upkeep=True,
    why="Bounces and complaints carry the addresses of our customers, and the owner does not see them.",
    recommendation="Point the identity's notifications at a topic of our own.",
    fires=Example({}, identity_fields={"bounce_topic": "arn:aws:sns:eu-west-1:420000000001:feedback"}),
    clean=Example({}, identity_fields={"bounce_topic": "arn:aws:sns:eu-west-1:210000000002:feedback"}),
    datasets=("identities", "policies", "notification_topics"),
)
def foreign_feedback_topic(analysis: Analysis) -> pd.DataFrame:
    """SNS topics outside the organization and the own account."""
    accounts = analysis.accounts
    ours = set(accounts["account_id"])
    identities = analysis.identities
    parts = []
    for topic in TOPICS:
        owner = identities[topic].str.split(":").str[4]
        foreign = identities[owner.notna() & ~owner.isin(list(ours))]
        parts.append(at_identities(foreign, topic.replace("_", " ") + " " + foreign[topic]))
    return pd.concat(parts, ignore_index=True)


@rule(
    id="SES043",
    title="Policies without a ticket",
    severity="low",
    upkeep=True,
    why="Nothing says who asked for the permission, or when it may end.",
    recommendation="Tag the identity with the ticket of its policies.",
    fires=Example({"p": allow("210000000002")}, tags={"owner": "shop"}),
    clean=Example({"p": allow("210000000002")}),
)
def no_ticket(analysis: Analysis) -> pd.DataFrame:
    """Identities with policies and no ticket tag."""
    identities = analysis.identities
    bare = identities[identities["tags"].notna() & identities["ticket"].isna() & (identities["policies"] > 0)]
    return at_identities(bare, bare["policies"].astype("string") + " policies, no ticket tag")
