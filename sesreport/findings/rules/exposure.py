"""Policies that let in more than they should."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.approvals import NO_TICKET, WIDER_FROM, WRONG_IDENTITY
from sesreport.analysis.joins import joined, rows
from sesreport.analysis.judged import Judged
from sesreport.core.vocabulary import IDENTITY
from sesreport.findings.registry import Example, allow, at_grants, at_identities, deny, of_policies, rule
from sesreport.settings.reference import known_vendor


@rule(
    id="SES001",
    title="Anyone can send as this identity",
    severity="critical",
    why="Any AWS account, ours or not, can send mail that our domain signs and our reputation answers for.",
    recommendation="Name the accounts that need it, or add StringEquals aws:PrincipalOrgID with the organization's id.",
    ask="Close {identities} to everyone but the accounts that need it",
    fires=Example({"p": allow("*")}),
    clean=Example(
        {"p": allow("*"), "q": deny("*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}})}
    ),
)
@of_policies
def open_to_anyone(judged: Judged) -> pd.DataFrame:
    """Grants behind a public exposure."""
    public = judged.exposures[judged.exposures["exposure"] == "public"]
    keys = ["account_id", "region", "identity"]
    grants = judged.sending
    return at_grants(joined(grants[grants["scope"] == "public"], public[keys], how="inner", on=keys))


@rule(
    id="SES002",
    title="An unknown outside account can send as this identity",
    severity="high",
    why="Nobody has approved this account; nobody notices when it changes hands.",
    recommendation="Remove the grant, or enter the account in the register with an owner, a reason and an end.",
    ask="Approve or remove {accounts} on {identities}",
    fires=Example({"p": allow("420000000001")}),
    clean=Example({"p": allow("310000000001")}),
)
@of_policies
def unknown_account(judged: Judged) -> pd.DataFrame:
    """Outside accounts that the register does not know: principals, those a condition names or a service acts for."""
    grants = judged.sending
    named = grants["grantee_account_id"].notna() & (grants["scope"] == "external")
    principals = at_grants(grants[named & grants["register_status"].isna()])
    others = grants[grants["grantee_account_id"].isna()]
    parts = [
        _accounts_in(judged, others, "external_accounts", "its conditions let in"),
        _accounts_in(judged, others, "service_accounts", "an AWS service may send for"),
    ]
    return pd.concat([principals, *parts], ignore_index=True)


def _accounts_in(judged: Judged, grants: pd.DataFrame, column: str, how: str) -> pd.DataFrame:
    """Grants whose ``column`` lists accounts that nobody approved for the identity, and these as evidence."""
    some = grants[grants[column].notna()]
    unknown = [
        sorted(set(accounts) - judged.by_identity[place].trusted.register.keys())
        for place, accounts in zip(rows(some, IDENTITY), some[column], strict=True)
    ]
    why = pd.Series(
        [f"{how} {', '.join(map(_told, one))}" if one else pd.NA for one in unknown], index=some.index, dtype="string"
    )
    return at_grants(some.assign(why=why)[why.notna()])


def _told(account: str) -> str:
    """An account nobody approved, with whose it is known to be."""
    vendor = known_vendor(account)
    return f"{account} ({vendor}; not registered)" if vendor else account


@rule(
    id="SES003",
    title="A vendor's approval ended, its permission did not",
    severity="high",
    why="The contract is over, and the vendor's account can still send as us.",
    recommendation="Remove the grant, or renew the approval in the register.",
    ask="Renew or end the expired approval of {accounts} on {identities}",
    fires=Example({"p": allow("310000000002")}),
    clean=Example({"p": allow("310000000001")}),
)
@of_policies
def expired_approval(judged: Judged) -> pd.DataFrame:
    """Grants to accounts with an expired register entry."""
    grants = judged.sending
    return at_grants(grants[(grants["register_status"] == "expired") & grants["grantee_account_id"].notna()])


@rule(
    id="SES004",
    title="Another organization can send as this identity",
    severity="high",
    why="Every account of that organization, today's and tomorrow's, can send as us.",
    recommendation="Name the accounts that need it, and register them.",
    ask="End grants to other organizations on {identities}",
    fires=Example({"p": allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-another00001"}})}),
    clean=Example({"p": allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}})}),
)
@of_policies
def foreign_organization(judged: Judged) -> pd.DataFrame:
    """Grants through which members of a foreign organization can send."""
    grants = judged.sending
    foreign = grants["grantee_account_id"].isna() & grants["external_orgs"].notna()
    return at_grants(grants[(grants["scope"] == "external") & foreign])


@rule(
    id="SES005",
    title="A vendor can send beyond what was approved",
    severity="medium",
    why="The register approves the vendor for other identities, or fewer From addresses, than this.",
    recommendation="Remove or limit the grant, or have the approval widened.",
    fires=Example({"p": allow("310000000001")}, approved_identities=["news.example.com"]),
    clean=Example({"p": allow("310000000001")}, approved_identities=["*example.com"]),
)
@of_policies
def beyond_approval(judged: Judged) -> pd.DataFrame:
    """Approved accounts on an identity, or with From addresses, that no approval of theirs covers."""
    grants = judged.sending
    wider = grants[grants["registered"] & grants["approval"].eq(WIDER_FROM).fillna(value=False)]
    return pd.concat(
        [
            at_grants(grants[grants["approval"].eq(WRONG_IDENTITY).fillna(value=False)]),
            at_grants(
                wider.assign(why=[_beyond(judged, *row) for row in rows(wider, ("approval_id", "from_patterns"))])
            ),
        ],
        ignore_index=True,
    )


def _beyond(judged: Judged, approval: str, patterns: list[str] | None) -> str:
    """Which From addresses a grant allows, and which its approval does."""
    limits = judged.register.set_index("approval_id")["from_patterns"][approval]
    allowed = ", ".join(patterns) if patterns is not None and len(patterns) else "any address"
    return f"allows From {allowed}; approval {approval} is for {', '.join(limits)} only"


@rule(
    id="SES014",
    title="A vendor is approved without a ticket",
    severity="low",
    why="Nobody can look up why it was approved, and under which contract.",
    recommendation="Enter the change or contract record in the register.",
    fires=Example({"p": allow("310000000001")}, approved_under=None),
    clean=Example({"p": allow("310000000001")}),
)
@of_policies
def approved_without_ticket(judged: Judged) -> pd.DataFrame:
    """Grants within an approval that names no ticket."""
    grants = judged.sending
    found = grants[grants["registered"] & grants["approval"].eq(NO_TICKET).fillna(value=False)]
    return at_grants(found.assign(why="approval " + found["approval_id"] + " has no ticket"))


@rule(
    id="SES006",
    title="An AWS service may send on anybody's behalf",
    severity="high",
    why="Without aws:SourceAccount or aws:SourceArn a stranger's resource can make the service send as us "
    "(confused deputy).",
    recommendation="Add StringEquals aws:SourceAccount with our account and ArnLike aws:SourceArn with the resource.",
    ask="Tie AWS services to our own resources on {identities}",
    fires=Example({"p": allow({"Service": "cognito-idp.amazonaws.com"})}),
    clean=Example(
        {
            "p": allow(
                {"Service": "cognito-idp.amazonaws.com"},
                Condition={"StringEquals": {"aws:SourceAccount": "210000000001"}},
            )
        }
    ),
)
@of_policies
def service_without_source(judged: Judged) -> pd.DataFrame:
    """Service principals without a source condition."""
    grants = judged.sending
    return at_grants(grants[(grants["scope"] == "service") & ~grants["guarded"].fillna(value=True)])


@rule(
    id="SES007",
    title="A development or sandbox account can send as production",
    severity="high",
    why="Accounts where anything may be tried can send real mail to real customers as us.",
    recommendation="Give non-production its own identity, such as a sub-domain, and remove the grant.",
    ask="Take non-production accounts off {identities}",
    fires=Example({"p": allow("210000000002")}),
    clean=Example({"p": allow("210000000001")}),
    datasets=("identities", "policies", "account_tags"),
)
@of_policies
def non_production_on_production(judged: Judged) -> pd.DataFrame:
    """Non-production accounts of the organization on identities of production accounts."""
    grants = judged.sending
    outside = grants["grantee_account_id"] != grants["account_id"]
    mismatch = (grants["identity_environment"] == "prod") & grants["grantee_environment"].isin(
        ["staging", "dev", "sandbox"]
    )
    return at_grants(grants[outside & mismatch])


@rule(
    id="SES008",
    title="A suspended or closed account is still granted",
    severity="medium",
    why="A reopened account comes back with its permission; a closed one's id says nothing to a reader.",
    recommendation="Remove the grant.",
    fires=Example({"p": allow("210000000003")}),
    clean=Example({"p": allow("210000000002")}),
)
@of_policies
def inactive_account(judged: Judged) -> pd.DataFrame:
    """Grantees in the organization that are not ACTIVE."""
    grants = judged.sending
    return at_grants(grants[grants["grantee_status"].notna() & (grants["grantee_status"] != "ACTIVE")])


@rule(
    id="SES009",
    title="Any address may be used where one would do",
    severity="medium",
    why="The grantee can write as the chief executive or as accounts payable.",
    recommendation="Add StringEquals ses:FromAddress with the addresses it needs.",
    fires=Example({"p": allow("310000000001")}),
    clean=Example({"p": allow("310000000001", Condition={"StringEquals": {"ses:FromAddress": "news@example.com"}})}),
)
@of_policies
def any_from_address(judged: Judged) -> pd.DataFrame:
    """Outside grantees on a domain without a limit on the From address."""
    grants = judged.sending
    outside = grants["scope"].isin(["vendor", "external", "public"])
    return at_grants(grants[outside & grants["any_from_address"].fillna(False)])


@rule(
    id="SES010",
    title="The identity can be managed from outside its account",
    severity="high",
    why="Whoever may change the policies can let in anybody. AWS documents management grants for the own account only.",
    recommendation="Limit the actions to sending.",
    ask="Stop outside accounts from managing {identities}",
    fires=Example({"p": allow("310000000001", "ses:UpdateEmailIdentityPolicy")}),
    clean=Example({"p": allow("210000000001", "ses:UpdateEmailIdentityPolicy")}),
)
@of_policies
def managed_from_outside(judged: Judged) -> pd.DataFrame:
    """Allow of management actions beyond the own account."""
    grants = judged.grants
    wide = ~grants["scope"].isin(["none", "own", "service"])
    return at_grants(grants[(grants["effect"] == "Allow") & grants["can_manage"].fillna(False) & wide])


@rule(
    id="SES012",
    title="The policy cannot be judged",
    severity="high",
    why="What cannot be read is not known to be safe.",
    recommendation="Rewrite the statement in documented terms; see the evidence for the place.",
    ask="Rewrite policies nobody can judge on {identities}",
    fires=Example({"p": "{"}),
    clean=Example({"p": allow("210000000002")}),
)
@of_policies
def needs_review(judged: Judged) -> pd.DataFrame:
    """Unreadable documents and statements, and identities that the engine could not decide."""
    grants = judged.grants
    unreadable = at_grants(grants[grants["grantee_kind"] == "unreadable"])
    undecided = {
        place: "; ".join(v.exposure.undecided) for place, v in judged.by_identity.items() if v.exposure.undecided
    }
    identities = judged.identities
    key = pd.Series(
        list(zip(*(identities[c] for c in ("account_id", "region", "identity")), strict=True)), dtype=object
    )
    open_to_doubt = identities[key.isin(list(undecided)).to_numpy()]
    evidence = pd.Series([undecided[k] for k in key if k in undecided], index=open_to_doubt.index, dtype="string")
    return pd.concat([unreadable, at_identities(open_to_doubt, evidence)], ignore_index=True)


@rule(
    id="SES013",
    title="The policies could not be read",
    severity="high",
    why="Who can send as this identity is not known.",
    recommendation="Allow ses:GetEmailIdentity to the reading role and collect again.",
    ask="Give the reading role access to {identities}",
    fires=Example(identity_fields={"policies": None, "tags": None}),
    clean=Example(),
)
@of_policies
def unread_policies(judged: Judged) -> pd.DataFrame:
    """Identities whose policies are not known."""
    exposures = judged.exposures
    return at_identities(exposures[exposures["exposure"].isna()], "GetEmailIdentity did not answer for it")
