"""Everybody who can sign a request, one of each kind that the policies tell apart.

Facts about callers are from the IAM User Guide: "Principal" (who is named how), "IAM identifiers" (ARNs,
unique ids), "AWS global condition context keys" (which caller has which key).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from functools import lru_cache
from typing import NamedTuple

from sesreport.policy import forms, patterns
from sesreport.policy.accounts import Standing, account_groups, accounts, joiners, memberships, partitions
from sesreport.policy.automata import Edge, Grammar, Groups, Text, explore, literal_then
from sesreport.policy.evaluator import Caller, CallerKind, Request, condition_holds
from sesreport.policy.model import Condition, Effect, PrincipalKind
from sesreport.policy.scene import Scene

Context = dict[str, tuple[str, ...]]


_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,124}")


class Who(NamedTuple):
    """A caller with the context only the caller decides.

    ``common`` tells whether a stranger of this kind is anybody (no fixed organization or unique id); for a
    service call, ``account``, ``source`` and ``joins`` are those of the resource it calls for. ``joins``: the account
    is not listed as a member, and counts as one that joins later or is not known.
    """

    caller: Caller
    context: Context
    standing: Standing
    account: str | None = None
    organization: str | None = None
    common: bool = True
    source: Standing | None = None
    joins: bool = False


def _let_in(scene: Scene) -> dict[str, set[PrincipalKind]] | None:
    """The accounts whose callers some Allow names, and how it names them; None: any account's may be."""
    found: dict[str, set[PrincipalKind]] = {}
    for statement, _ in scene.statements:
        if statement.effect is Effect.ALLOW:
            if statement.not_principal:
                return None
            for principal in statement.principals:
                if principal.account is not None:
                    found.setdefault(principal.account, set()).add(principal.kind)
                elif principal.kind in (PrincipalKind.ANYONE, PrincipalKind.WEB_IDENTITY):
                    return None
    return found


def may_meet(scene: Scene, account: str, account_key: str, arn_key: str) -> bool:
    """Whether the conditions that some Allow sets on an account, or on the ARN it is in, can hold for an account.

    ``arn_key``'s ARNs may also be in no account. Where a condition cannot be judged by the account alone, it can.
    """
    request = Request(Caller(CallerKind.ROOT, ""), "", "", {account_key: (account,)})
    return any(
        all(
            condition.name in scene.given_up
            or _account_meets(condition, request, account, account_key, arn_key, variables=statement.variables)
            for condition in statement.conditions
        )
        for statement, _ in scene.statements
        if statement.effect is Effect.ALLOW
    )


def _account_meets(
    condition: Condition, request: Request, account: str, account_key: str, arn_key: str, *, variables: bool
) -> bool:
    if condition.name not in (account_key, arn_key) or condition.base == "Null":
        return True
    if variables and any("${" in value for value in condition.values):
        return True
    if condition.name == account_key:
        return condition_holds(condition, request, False)
    if condition.if_exists or condition.qualifier == "ForAllValues" or condition.base not in ("ArnLike", "ArnEquals"):
        return True
    whose = [fields[4] for value in condition.values if len(fields := patterns.arn_fields(value, variables=False)) == 6]
    return any(patterns.matches(one, account) or patterns.matches(one, "") for one in whose)


def people(scene: Scene) -> list[Who]:
    """Every kind of caller that belongs to an account and that some Allow may let in."""
    let_in = _let_in(scene)
    groups = account_groups(scene, "aws:principalaccount", "aws:principalarn", "aws:userid")
    in_detail = _accounts_in_detail(scene)
    orgs = {
        standing: memberships(scene, standing, "aws:principalorgid", "aws:principalorgpaths")
        for standing in (Standing.OWN, Standing.STRANGER)
    }
    found: list[Who] = []
    everybody = [
        (account, standing, orgs[Standing.OWN if standing in (Standing.OWN, Standing.MEMBER) else Standing.STRANGER])
        for account, standing in accounts(scene, groups, let_in)
    ]
    joiner, ours = joiners(scene, "aws:principalorgid", "aws:principalorgpaths")
    if joiner is not None and let_in is None:
        everybody.append((joiner, Standing.MEMBER, ours))
    for account, standing, places in everybody:
        if not may_meet(scene, account, "aws:principalaccount", "aws:principalarn"):
            continue
        if in_detail is None or account in in_detail:
            callers = _in_account(scene, account, _EVERY_KIND if let_in is None else let_in[account])
        else:
            callers = _anybody_in(scene, account)
        for caller, context, common in callers:
            context["aws:principalaccount"] = (account,)
            context["aws:principalisawsservice"] = ("false",)
            for place in places:
                whole = context
                if place.organization is not None and place.path is not None:
                    whole = {
                        **context,
                        "aws:principalorgid": (place.organization,),
                        "aws:principalorgpaths": (place.path,),
                    }
                stands = Standing.MEMBER if place.joins else standing
                shared = common and place.common
                found.append(Who(caller, whole, stands, account, place.organization, shared, joins=place.joins))
    return found


#: Keys that tell apart the callers of one account.
_REVEALING = frozenset(
    f"aws:{name}" for name in ("principalarn", "principaltype", "userid", "username", "federatedprovider")
)


def _accounts_in_detail(scene: Scene) -> set[str] | None:
    """Accounts whose callers differ for the policies; None: those of every account do."""
    if not _REVEALING.isdisjoint(scene.uses) or any(name.startswith("aws:principaltag/") for name in scene.uses):
        return None
    if scene.has_not_principal:
        return None
    if any(p.kind is PrincipalKind.WEB_IDENTITY for p in scene.principals):
        return None
    return {p.account for p in scene.principals if p.account and p.kind is not PrincipalKind.ACCOUNT}


def _anybody_in(scene: Scene, account: str) -> Iterator[tuple[Caller, Context, bool]]:
    """One caller for all of an account."""
    role = f"arn:{scene.identity.partition}:iam::{account}:role/zq"
    signed = f"arn:{scene.identity.partition}:sts::{account}:assumed-role/zq/zq"
    caller = Caller(CallerKind.ROLE_SESSION, signed, account, role)
    yield caller, _context(role, "AssumedRole", "AROAZQZQZQZQZQZQZQZQZ:zq"), True


_EVERY_KIND = frozenset({PrincipalKind.ACCOUNT})
_USERS = frozenset({PrincipalKind.ACCOUNT, PrincipalKind.USER})
_ROLES = frozenset({PrincipalKind.ACCOUNT, PrincipalKind.ROLE, PrincipalKind.ROLE_SESSION, PrincipalKind.PROVIDER})
_FEDERATED = frozenset({PrincipalKind.ACCOUNT, PrincipalKind.FEDERATED_USER})


def _in_account(scene: Scene, account: str, kinds: Set[PrincipalKind]) -> Iterator[tuple[Caller, Context, bool]]:
    """The callers of an account that principals of some kinds can name."""
    for partition in partitions(scene, "aws:principalarn"):
        yield from _in_partition(scene, account, partition, kinds)


def _in_partition(
    scene: Scene, account: str, partition: str, kinds: Set[PrincipalKind]
) -> Iterator[tuple[Caller, Context, bool]]:
    iam, sts = f"arn:{partition}:iam::{account}:", f"arn:{partition}:sts::{account}:"
    arns = scene.groups("aws:principalarn", {"aws:principalaccount": account})
    if PrincipalKind.ACCOUNT in kinds:
        root = Caller(CallerKind.ROOT, iam + "root", account)
        yield root, _context(iam + "root", "Account", account), True
    for name, path in _users(scene, iam, rest_of(arns, iam + "user/")) if kinds & _USERS else ():
        arn = f"{iam}user/{path}"
        caller = Caller(CallerKind.USER, arn, account)
        for unique, common in _unique_ids(scene, account):
            yield caller, {**_context(arn, "User", unique), "aws:username": (name,)}, common
    roles = _role_sessions(scene, account, partition, rest_of(arns, iam + "role/")) if kinds & _ROLES else ()
    for role, session, unique, common in roles:
        arn = f"{iam}role/{role}"
        for provider in _providers(scene, account, partition):
            signed = f"{sts}assumed-role/{role.rpartition('/')[2]}/{session}"
            caller = Caller(CallerKind.ROLE_SESSION, signed, account, arn, provider)
            context = _context(arn, "AssumedRole", unique)
            if provider is not None:
                context["aws:federatedprovider"] = (provider,)
            yield caller, context, common
    if not kinds & _FEDERATED:
        return
    for name in _federated_users(scene, account, sts, rest_of(arns, sts + "federated-user/")):
        arn = f"{sts}federated-user/{name}"
        caller = Caller(CallerKind.FEDERATED_USER, arn, account)
        yield caller, _context(arn, "FederatedUser", f"{account}:{name}"), True


def _context(arn: str, kind: str, unique: str) -> Context:
    return {"aws:principalarn": (arn,), "aws:principaltype": (kind,), "aws:userid": (unique,)}


@lru_cache(8192)
def rest_of(groups: Groups, head: str) -> Groups:
    """What the groups ask of the text after ``head``."""
    return tuple(tuple(Text(rest, text.fold) for text in group for rest in _after(text, head)) for group in groups)


def _after(text: Text, head: str) -> tuple[patterns.Pattern, ...]:
    if not text.fielded:
        if text.fold:
            return patterns.remainders(patterns.lowered(text.pattern), head.lower())
        return patterns.remainders(text.pattern, head)
    fields, parts = patterns.fields(text.pattern), head.split(":", 5)
    if all(patterns.matches(field, part) for field, part in zip(fields[:5], parts[:5], strict=True)):
        return patterns.remainders(fields[5], parts[5])
    return ()


def _listed(scene: Scene, kind: PrincipalKind, head: str) -> tuple[str, ...]:
    """What follows ``head`` in the ARNs of principals of a kind."""
    named = {p.value for p in scene.principals if p.kind is kind and p.value.startswith(head)}
    return tuple(sorted(value[len(head) :] for value in named))


def _users(scene: Scene, iam: str, arns: Groups) -> list[tuple[str, str]]:
    listed = _listed(scene, PrincipalKind.USER, iam + "user/")
    return list(_paths_and_names((*arns, *(forms.literal_group(one) for one in listed)), _user_names(scene)))


def _user_names(scene: Scene) -> Groups:
    """What conditions ask of user names, and the names that variables make matter."""
    return (*scene.groups("aws:username"), *(forms.literal_group(one) for one in scene.extra_names))


@lru_cache(4096)
def _paths_and_names(arns: Groups, names: Groups) -> tuple[tuple[str, str], ...]:
    if not any(arns):
        return tuple((name, name) for name in forms.members(forms.NAMES, names))
    if not any(names):
        return tuple((path.rpartition("/")[2], path) for path in forms.members(forms.PATHS, arns))
    return tuple((one.texts[1], one.texts[0]) for one in explore((arns, names), forms.PATH_AND_NAME))


def _role_sessions(scene: Scene, account: str, partition: str, arns: Groups) -> Iterator[tuple[str, str, str, bool]]:
    """Role (path and name), session name, unique id, and whether the unique id is anybody's."""
    listed = _listed(scene, PrincipalKind.ROLE, f"arn:{partition}:iam::{account}:role/")
    signed = _listed(scene, PrincipalKind.ROLE_SESSION, f"arn:{partition}:sts::{account}:assumed-role/")
    sessions = [one.split("/") for one in signed]
    groups = (*arns, *(forms.literal_group(one) for one in listed))
    names = tuple(forms.literal_group(name) for name in sorted({name for name, _ in sessions}))
    for name, role in _paths_and_names(groups, names):
        wanted = [session for listed_name, session in sessions if listed_name == name]
        for session, unique, common in _sessions(scene, account, tuple(sorted(wanted))):
            yield role, session, unique, common


def _sessions(scene: Scene, account: str, wanted: tuple[str, ...]) -> Iterator[tuple[str, str, bool]]:
    listed = tuple(forms.literal_group(one) for one in wanted)
    if not scene.uses.get("aws:userid"):
        for session in forms.members(forms.NAMES, listed):
            yield session, f"AROAZQZQZQZQZQZQZQZQZ:{session}", True
        return
    ids, pinned = _pinned_ids(scene, account)
    start = literal_then("AROA", forms.runs(forms.UPPER, 13), [])
    last = len(start.edges) - 1
    edges = list(start.edges)
    edges[last] = (*edges[last], Edge(frozenset(":"), last + 1))
    edges += [(Edge(forms.NAME, last + 2, 0b11),), (Edge(forms.NAME, last + 2, 0b11),)]
    for one in explore(((*ids, pinned), listed), Grammar(tuple(edges), frozenset({last + 2}))):
        yield one.texts[1], one.texts[0], not one.accepted[0] >> len(ids) & 1


def _unique_ids(scene: Scene, account: str) -> Iterator[tuple[str, bool]]:
    if not scene.uses.get("aws:userid"):
        yield "AIDAZQZQZQZQZQZQZQZQZ", True
        return
    ids, pinned = _pinned_ids(scene, account)
    grammar = literal_then("AIDA", forms.runs(forms.UPPER, 13), [17])
    for one in explore(((*ids, pinned),), Grammar(grammar.edges, frozenset({len(grammar.edges) - 1}))):
        yield one.texts[0], not one.accepted[0] >> len(ids) & 1


def _pinned_ids(scene: Scene, account: str) -> tuple[Groups, tuple[Text, ...]]:
    ids = scene.groups("aws:userid", {"aws:principalaccount": account})
    values = " ".join(v for use in scene.uses["aws:userid"] for v in use.condition.values)
    fixed = sorted(set(_UNIQUE_ID.findall(values.upper())))
    pinned = [Text((one,)) for one in fixed] + [Text((one + ":", patterns.MANY)) for one in fixed]
    return ids, tuple(pinned)


def _federated_users(scene: Scene, account: str, sts: str, arns: Groups) -> tuple[str, ...]:
    listed = _listed(scene, PrincipalKind.FEDERATED_USER, sts + "federated-user/")
    ids = scene.groups("aws:userid", {"aws:principalaccount": account})
    groups = (*arns, *rest_of(ids, account + ":"), *(forms.literal_group(one) for one in listed))
    return forms.members(forms.NAMES, groups)


def _providers(scene: Scene, account: str, partition: str) -> tuple[str | None, ...]:
    """No federated sign-in, and every provider the policies can tell apart."""
    listed = {
        p.value
        for p in scene.principals
        if p.kind is PrincipalKind.WEB_IDENTITY or (p.kind is PrincipalKind.PROVIDER and p.account == account)
    }
    if not scene.uses.get("aws:federatedprovider"):
        return (None, *sorted(listed))
    groups = scene.groups("aws:federatedprovider", {"aws:principalaccount": account})
    literal = tuple(forms.literal_group(one) for one in sorted(listed))
    hosts = forms.members(forms.HOST, (*groups, *literal))
    arns: list[str] = []
    for kind in ("saml-provider/", "oidc-provider/"):
        head = f"arn:{partition}:iam::{account}:{kind}"
        rests = forms.members(forms.FREE, rest_of((*groups, *literal), head))
        arns += [head + rest for rest in rests if " " not in rest]
    return (None, *hosts, *arns)
