"""What is to be revoked, as it was asked for; and who of it is still let in by policies that edits leave."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from sesreport.analysis import Analysis
from sesreport.analysis.basis import POLICY_DATASETS, place_basis
from sesreport.analysis.grants import GRANTS
from sesreport.analysis.joins import rows
from sesreport.analysis.judged import judged
from sesreport.analysis.judged_identities import JudgedIdentity
from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.vocabulary import IDENTITY, IdentityKey
from sesreport.policy import narrower_or_equal
from sesreport.policy.edits import Revocation, account_of
from sesreport.snapshot.imagined import PolicyKey

GRANT = tuple(GRANTS.keys)
"""What names a grant: account_id, region, identity, policy_name, statement, grantee."""
Revoked = str | int | Sequence[Any] | Mapping[str, Any] | pd.Series
"""An account (12 digits), the ARN of a principal, or a grant: a row of the frame ``grants`` or its key."""


class GrantKey(NamedTuple):
    """The key of a row of the frame ``grants``."""

    account_id: str
    region: str
    identity: str
    policy_name: str
    statement: int
    grantee: str

    @property
    def place(self) -> IdentityKey:
        return self.account_id, self.region, self.identity


@dataclass(frozen=True)
class Revocations:
    """What is to be revoked."""

    accounts: frozenset[str]
    principals: frozenset[str]
    grants: frozenset[GrantKey]

    @property
    def asked(self) -> bool:
        """Whether an account or principal is to be revoked wherever it is."""
        return bool(self.accounts or self.principals)

    def of(self, key: PolicyKey) -> Revocation:
        """What of it concerns one policy."""
        here = frozenset((grant.statement, grant.grantee) for grant in self.grants if grant[:4] == key)
        return Revocation(self.accounts, self.principals, here)

    def words(self, analysis: Analysis) -> list[str]:
        names = account_names(analysis)
        told = [f"{account} ({names[account]}) revoked" if account in names else f"{account} revoked"
                for account in sorted(self.accounts)]  # fmt: skip
        told += [f"{principal} revoked" for principal in sorted(self.principals)]
        return told + [
            f"the grant to {grant.grantee} in {grant.policy_name!r}, statement {grant.statement}, of {grant.identity} "
            "revoked"
            for grant in sorted(self.grants)
        ]


def account_names(analysis: Analysis) -> dict[str, str]:
    """Names of accounts, by the organization and the register."""
    both = pd.concat([analysis.register[["account_id", "name"]], analysis.accounts[["account_id", "name"]]])
    return {account: name for account, name in rows(both, ("account_id", "name")) if name}


def widest_account(analysis: Analysis) -> tuple[list[str], str]:
    """The outside account that can send as most identities, unapproved ones first, and why it; none where none can."""
    sending = judged(analysis).sending
    outside = sending[sending["scope"].isin(["external", "vendor"]) & sending["grantee_account_id"].notna()]
    places = outside.drop_duplicates([*IDENTITY, "grantee_account_id"])
    ranked = (
        places.assign(approved=places["scope"].eq("vendor"))
        .groupby("grantee_account_id")["approved"]
        .agg(["all", "size"])
        .sort_index()
        .sort_values(["all", "size"], ascending=[True, False], kind="stable")
    )
    if ranked.empty:
        return [], "No policy lets in an outside account by name."
    approved, many = bool(ranked["all"].iloc[0]), int(ranked["size"].iloc[0])
    kind = "outside accounts, which are all approved," if approved else "outside accounts without an approval"
    return [str(ranked.index[0])], (
        f"An example: of the {kind} it is named by the policies of most identities ({many:,})."
    )


def asked_for(revoke: Any) -> list[Any]:
    """What is to be revoked, one by one; a name alone is one. Raises ConfigError for what names nothing."""
    if isinstance(revoke, pd.DataFrame):
        return revoke.to_dict("records")
    if isinstance(revoke, str | int | pd.Series):
        return [revoke]
    if not isinstance(revoke, Iterable) or isinstance(revoke, bytes):
        raise ConfigError(f"what_if: revoke is {revoke!r:.40}; give a list of accounts, principals or grants")
    return list(revoke)


def revocations(analysis: Analysis, asked: Sequence[Revoked], replaced: Mapping[PolicyKey, str | None]) -> Revocations:
    """Raises ConfigError for what the snapshot does not have."""
    accounts, principals, grants = set(), set(), set()
    for each in asked:
        if isinstance(each, float | bool | bytes) or not isinstance(each, str | int | Sequence | Mapping | pd.Series):
            raise ConfigError(f"what_if: revoke has {each!r}; name an account, a principal or a grant")
        if not isinstance(each, str | int):
            grant = _grant(analysis, each)
            if grant[:4] in replaced:
                raise ConfigError(
                    f"what_if: {policy_words(grant[:4])} is replaced: its grants cannot be revoked as well"
                )
            grants.add(grant)
            continue
        text = f"{each:012d}" if isinstance(each, int) else each.strip()  # a number has lost its zeros in front
        account = account_of(text)
        if account is not None:
            _check_account(analysis, account)
            accounts.add(account)
        else:
            _check_principal(analysis, text)
            principals.add(text)
    return Revocations(frozenset(accounts), frozenset(principals), frozenset(grants))


def _check_account(analysis: Analysis, account: str) -> None:
    grants = analysis.grants
    known = {*analysis.accounts["account_id"], *analysis.register["account_id"], *grants["grantee_account_id"].dropna()}
    for name in ("external_accounts", "service_accounts"):
        known |= {each for listed in grants[name].dropna() for each in listed}
    if account not in known and not analysis.snapshot.policies["document"].str.contains(account, regex=False).any():
        raise ConfigError(f"what_if: no account {account} in snapshot {analysis.snapshot.id}{near(account, known)}")


def _check_principal(analysis: Analysis, principal: str) -> None:
    if re.fullmatch("[0-9 -]+", principal):
        raise ConfigError(f"what_if: {principal!r} is no account: its id has 12 digits")
    named = {str(each) for each in analysis.grants["grantee"]} - {"*", "unreadable"}
    texts = analysis.snapshot.policies["document"]
    written = texts.str.contains(json.dumps(principal), regex=False).any()  # as a whole value, and no part of one
    if principal == "*" or (principal not in named and not written):
        what = "is everybody: name the grants to revoke" if principal == "*" else "is named by no policy"
        raise ConfigError(f"what_if: the principal {principal!r} {what}{near(principal, named)}")


def near(name: str, known: Iterable[str]) -> str:
    """A near name; of many that are not near nothing is said."""
    names = list(known)
    same = [each for each in names if each.casefold() == name.strip().casefold()]
    found = suggestion(name, names)
    return f"; did you mean {same[0]!r}?" if same else found if found.startswith("; did") else ""


def _grant(analysis: Analysis, given: Sequence[Any] | Mapping[str, Any] | pd.Series) -> GrantKey:
    """The key of a grant that is there. Raises ConfigError."""
    if isinstance(given, Mapping | pd.Series):
        missing = [name for name in GRANT if name not in given]
        if missing:
            raise ConfigError(f"what_if: a grant to revoke has no {missing[0]}: it takes {', '.join(GRANT)}")
        values = [given[name] for name in GRANT]
    else:
        values = list(given)
    if len(values) != len(GRANT):
        raise ConfigError(f"what_if: the key of a grant has {len(values)} values: it takes {', '.join(GRANT)}")
    try:
        account, region, identity, policy, grantee = (str(values[place]) for place in (0, 1, 2, 3, 5))
        key = GrantKey(account, region, identity, policy, int(values[4]), grantee)
    except (TypeError, ValueError):
        raise ConfigError(f"what_if: {values[4]!r} is no number of a statement") from None
    grants = analysis.grants
    here = grants[(grants[list(GRANT)] == pd.Series(key, index=list(GRANT))).all(axis=1)]
    if here.empty:
        there = [" / ".join(map(str, row)) for row in rows(grants[grants["identity"].eq(key.identity)], GRANT)]
        raise ConfigError(
            f"what_if: no grant {' / '.join(map(str, key))} in snapshot {analysis.snapshot.id}"
            f"{near(' / '.join(map(str, key)), there)}"
        )
    if here["effect"].eq("Deny").any():
        raise ConfigError(
            f"what_if: {policy_words(key[:4])}, statement {key.statement}, is a Deny: without it more could send"
        )
    return key


def still_let_in(after: Analysis, targets: Revocations) -> list[str]:
    """Who of the revoked is still let in, by the engine's answer."""
    grants = after.grants
    allows = grants[grants["effect"].ne("Deny").fillna(True)]
    told = _unread(after) if targets.asked else []
    for account in sorted(targets.accounts):
        told += _let_in(after, account, _everything_of(account), allows[_may_let_in(allows, account, after)])
    for principal in sorted(targets.principals):
        account = principal.split(":")[4] if principal.count(":") >= 5 else principal
        may = _may_let_in(allows, account, after) | allows["grantee"].eq(principal)
        told += _let_in(after, principal, [_denied({"AWS": principal})], allows[may])
    for grant in sorted(targets.grants):
        here = allows[(allows[IDENTITY] == pd.Series(grant.place, index=IDENTITY)).all(axis=1)]
        again = here[here["grantee"].eq(grant.grantee) & here["scope"].ne("none")]
        told += [
            f"{grant.grantee}: still let in at {place_words(grant.place)} by {policy!r}, statement {number}"
            for policy, number in rows(again, ("policy_name", "statement"))
        ]
    return told


def _unread(analysis: Analysis) -> list[str]:
    """Where nobody could look, so that nobody knows who is let in."""
    basis, read = place_basis(analysis.coverage, POLICY_DATASETS), judged(analysis).by_identity
    unread = [place_words(place) for place in rows(analysis.identities, IDENTITY) if place not in read]
    told = [f"{place}: its policies could not be read, so who is let in there is not known" for place in unread]
    if not basis.whole:
        missing = f"{basis.expected - basis.read:,} of {basis.expected:,} places (account × Region)"
        told.append(f"{missing} could not be read whole, so who is let in there is not known")
    return told


def _may_let_in(allows: pd.DataFrame, account: str, analysis: Analysis) -> pd.Series:
    """Grants that may let an account in: those that name it, and those that the engine does not keep to others."""
    members = analysis.accounts.loc[analysis.accounts["in_organization"], "account_id"]
    wide = ["public", "needs review", "external", "vendor"]
    ours = ["organization", "own"] if account in set(members) | set(allows["account_id"]) else []
    on_behalf = [account in (listed or ()) for (listed,) in rows(allows, ["service_accounts"])]
    services = allows["guarded"].eq(False).fillna(False) | pd.Series(on_behalf, index=allows.index, dtype=bool)
    unnamed = allows["grantee_account_id"].isna() & (allows["scope"].isin([*wide, *ours]) | services)
    return allows["grantee_account_id"].eq(account).fillna(False) | unnamed


def _let_in(analysis: Analysis, whom: str, deny: Sequence[Mapping[str, Any]], grants: pd.DataFrame) -> list[str]:
    """Where somebody is still let in: what is allowed, and would not be if ``deny`` were there as well."""
    by_identity, told = judged(analysis).by_identity, []
    for place in dict.fromkeys(rows(grants, IDENTITY)):
        identity = by_identity[place]
        told += [f"{whom}: {why}" for why in _why(identity, deny, place_words(place))]
    return told


def _why(identity: JudgedIdentity, deny: Sequence[Mapping[str, Any]], place: str) -> list[str]:
    readable = {policy.name: identity.policies[policy.name] for policy in identity.read() if not policy.errors}
    unread = [policy.name for policy in identity.read() if policy.errors]
    told = [f"may still be let in at {place} by {name!r}, which cannot be read in full" for name in unread]
    found = narrower_or_equal(
        readable,
        {**readable, _unused(readable): json.dumps({"Version": "2012-10-17", "Statement": list(deny)})},
        identity_arn=identity.arn,
        organization=identity.trusted.organization,
        register=identity.trusted.register,
        today=identity.trusted.today,
    )
    if found.statement is not None:
        told.append(f"still let in at {place} by {found.statement.label}: {found.words}")
    elif not found:
        told.append(f"may still be let in at {place}: {'; '.join(found.undecided)}")
    return told


def _unused(policies: Iterable[str]) -> str:
    name = "revoked"
    while name in policies:
        name += "-"
    return name


def _denied(principal: Any, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    found = {"Effect": "Deny", "Principal": principal, "Action": "*", "Resource": "*"}
    return found if condition is None else {**found, "Condition": condition}


def _everything_of(account: str) -> list[dict[str, Any]]:
    """Denies for an account's callers, and for services on its behalf."""
    return [
        _denied({"AWS": account}),
        _denied("*", {"StringEquals": {"aws:SourceAccount": account}}),
        _denied("*", {"ArnLike": {"aws:SourceArn": f"arn:*:*:*:{account}:*"}}),
    ]


def place_words(place: IdentityKey) -> str:
    """An identity, with its account and Region."""
    return f"{place[2]} ({place[0]}, {place[1]})"


def policy_words(key: PolicyKey) -> str:
    """A policy and its identity."""
    return f"policy {key[3]!r} of {place_words(key[:3])}"
