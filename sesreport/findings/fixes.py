"""For each policy with a finding: the narrowest policy that the register approves, proved by the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from sesreport.analysis.approvals import Approval, Approvals
from sesreport.analysis.joins import rows
from sesreport.analysis.judged import Judged, judged
from sesreport.analysis.judged_identities import (
    IdentityPolicies,
    JudgedIdentity,
    identity_policies,
    judge,
    trusted_accounts,
)
from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.remembered import remembered_frame
from sesreport.core.schema import Frame, text, texts
from sesreport.core.vocabulary import IDENTITY, IdentityKey
from sesreport.findings.findings import find_in_policies, found
from sesreport.findings.kept_fixes import KeptFixes
from sesreport.policy import within
from sesreport.policy.approved import Approved, ApprovedSender
from sesreport.policy.fixes import NON_PRODUCTION, NONE, Members, applied
from sesreport.settings.plain_approvals import covers
from sesreport.snapshot.frames.identities import POLICIES

FIXES = Frame(
    "fixes",
    "One row per policy that has a finding: the narrowest policy that lets in what is approved. It is proved to allow "
    "nothing that is not allowed now, and to keep everything approved; else it is not offered. Nothing is narrowed by "
    "mail that was seen: mail over SMTP would be missed.",
    keys=POLICIES.keys,
    columns={
        "fix": text("replace, delete or not offered.", required=True),
        "reason": text("Why none is offered; NA where one is."),
        "changes": texts("What it changes, in words; NA where none is offered."),
        "before": text("The policy as it is (untrusted).", required=True),
        "after": text("The policy that takes its place; NA where none does."),
        "resolves": texts("Fingerprints of the findings that it ends, with the identity's other fixes; NA for none."),
        "remains": texts("Fingerprints of the findings of this policy that stay; NA for none."),
        "owner": text("Who answers for the identity, or for its account."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "agency",
         "fix": "delete", "changes": ["statement 1: 420000000001 goes: it is not approved"], "before": "{}",
         "resolves": ["1f77c2a4b8d93e02"], "owner": "shop"},
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "all",
         "fix": "replace", "changes": ["statement 1: everybody goes; whom the organization and the register approve "
         "stays"], "before": "{}", "after": "{}", "resolves": ["5d1c0a9be2f04417"], "owner": "shop"},
        {"account_id": "210000000003", "region": "us-east-1", "identity": "example.org", "policy_name": "broken",
         "fix": "not offered", "reason": "the policy cannot be read in full (not JSON); rewrite it by hand",
         "before": "{", "remains": ["93a0be1172cc5d60"]},
    ),
)  # fmt: skip


@derived(FIXES)
def fixes(analysis: Analysis) -> pd.DataFrame:
    """Policies with an open or an accepted finding; the worst findings come first, as in the frame ``findings``."""
    return remembered_frame(analysis, FIXES, lambda: _fixes(analysis))


def _fixes(analysis: Analysis) -> pd.DataFrame:
    here = found(analysis)
    here = here[here["policy_name"].notna()]
    named = set(rows(here, (*IDENTITY, "policy_name")))
    by_identity = judged(analysis).by_identity
    members = members_of(analysis)
    approvals = Approvals(analysis.register)
    domains = _domains(analysis)
    kept = KeptFixes(analysis)
    made: list[dict[str, Any]] = []
    fixed: dict[IdentityKey, dict[str, str]] = {}
    for key in rows(here.drop_duplicates(IDENTITY), IDENTITY):
        place: IdentityKey = (key[0], key[1], key[2])
        identity = by_identity.get(place)
        if identity is None:
            continue
        approved = _approved(identity, place[2], approvals, members.refused(place[0]))
        under = any(within(place[2], domain) for domain in domains.get(place[:2], ()))
        policies = identity.policies
        offered = kept.fixes_of(identity.arn, policies, approved, under_a_domain=under)
        for name, fix in offered.items():  # a finding names one of several policies that share its cause
            if fix.fix != NONE or (*place, name) in named:
                row = {**dict(zip(IDENTITY, place, strict=True)), "policy_name": name, "before": policies[name]}
                said = {"reason": fix.reason, "changes": list(fix.changes) or None, "after": fix.after}
                made.append({**row, "fix": fix.fix, **said})
        fixed[place] = applied(policies, offered)
    kept.keep()
    return FIXES.from_rows(list(_with_findings(made, here, _found_after(analysis, fixed))))


def _approved(identity: JudgedIdentity, name: str, approvals: Approvals, refused: frozenset[str]) -> Approved:
    """Whom the organization and the register let send as an identity."""
    senders = [
        ApprovedSender(one.account_id, one.from_patterns, _last_day(one))
        for account in sorted(approvals.by_account)
        for one in approvals.by_account[account]
        if one.in_date and covers(one.identities, name)
    ]
    return Approved(identity.trusted.organization, tuple(senders), refused - {sender.account for sender in senders})


def _domains(analysis: Analysis) -> dict[tuple[str, str], list[str]]:
    """The domain identities of each place: an address without policies of its own falls under theirs."""
    out: dict[tuple[str, str], list[str]] = defaultdict(list)
    for account, region, identity in rows(analysis.identities, IDENTITY):
        if "@" not in identity:
            out[account, region].append(identity)
    return out


def _last_day(approval: Approval) -> date | None:
    if approval.ends == float("inf"):
        return None
    return (datetime.fromtimestamp(approval.ends, UTC) - timedelta(days=1)).date()


def members_of(analysis: Analysis) -> Members:
    """Accounts of the organization that may not send as every identity."""
    accounts = analysis.accounts

    def where(chosen: pd.Series) -> frozenset[str]:
        return frozenset(accounts.loc[chosen.fillna(value=False), "account_id"])

    status, environment = accounts["status"], accounts["environment"]
    return Members(
        inactive=where(status.notna() & status.ne("ACTIVE")),
        trying=where(environment.isin(NON_PRODUCTION)),
        production=where(environment.eq("prod")),
    )


def _found_after(analysis: Analysis, fixed: Mapping[IdentityKey, Mapping[str, str]]) -> set[str]:
    """Fingerprints of what the rules about policies find with every fix applied."""
    identities = analysis.identities
    asked = identity_policies(identities, analysis.snapshot.policies)
    after = {place: IdentityPolicies(asked[place].arn, named, asked[place].near) for place, named in fixed.items()}
    whom = trusted_accounts(
        analysis.accounts, analysis.register, analysis.organization_id, analysis.config.organization, analysis.today
    )
    of_fixed = pd.MultiIndex.from_frame(identities[IDENTITY]).isin(list(after))
    then = Judged(
        judge(after, whom, analysis.cache), identities[of_fixed], analysis.accounts, analysis.register, analysis.today
    )
    return set(find_in_policies(then, analysis.config.findings)["fingerprint"])


def _with_findings(made: list[dict[str, Any]], here: pd.DataFrame, after: set[str]) -> Iterator[dict[str, Any]]:
    """The fixes with the findings that each ends, or leaves."""
    of: dict[tuple[str, ...], list[tuple[str, str | None]]] = defaultdict(list)
    for *key, fingerprint, owner in rows(here, (*IDENTITY, "policy_name", "fingerprint", "owner")):
        of[tuple(key)].append((fingerprint, owner))
    for row in made:
        about = of[tuple(row[name] for name in (*IDENTITY, "policy_name"))]
        ends = [fingerprint for fingerprint, _ in about if fingerprint not in after and row["fix"] != NONE]
        stays = [fingerprint for fingerprint, _ in about if fingerprint not in ends]
        owner = next((owner for _, owner in about if owner), None)
        yield {**row, "resolves": ends or None, "remains": stays or None, "owner": owner}
