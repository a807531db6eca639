"""Everybody who can sign a request, one of each kind that the policies tell apart.

Facts about callers are from the IAM User Guide: "Principal" (who is named how), "IAM identifiers" (ARNs,
unique ids), "AWS global condition context keys" (which caller has which key).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Set
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from sesreport.policy import forms, patterns
from sesreport.policy.automata import Budget, Edge, Grammar, Groups, Text, explore, literal_then
from sesreport.policy.evaluator import Caller, CallerKind, Request, condition_holds
from sesreport.policy.model import Condition, Effect, PrincipalKind
from sesreport.policy.scene import ORGANIZATION_ID, Scene, digit_runs

Context = dict[str, tuple[str, ...]]

#: Kinds of accounts, beyond the named ones, that are told apart.
MAX_ACCOUNT_KINDS = 40

_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,124}")


class Standing(StrEnum):
    """How an account stands to the identity's owner."""

    OWN = "own"
    MEMBER = "organization"
    VENDOR = "vendor"
    NAMED = "external"  # none of these, but the policies name it
    STRANGER = "public"
    SERVICE = "service"


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


def account_groups(scene: Scene, own: str, *others: str) -> Groups:
    """What can tell accounts apart beyond being named: the key ``own``, and account ids inside others."""
    groups: dict[tuple[Text, ...], None] = {}
    for texts in scene.groups(own):
        if any(len(t.pattern) != 1 or not isinstance(t.pattern[0], str) for t in texts):
            groups[texts] = None
    names = tuple(scene.uses) if scene.has_variables else others  # a variable may put an id into any value
    for name in names:
        if name == own or name in scene.given_up:
            continue
        for use in scene.uses.get(name, ()):
            for value in use.condition.values:
                for part in value.split(":"):  # without wildcards it is an account id, and named, or none
                    runs = digit_runs(patterns.parse(part, wildcards=True, variables=False)) if _wild(part) else ()
                    for run in runs:
                        if len(run) != 1 or not isinstance(run[0], str) or len(run[0]) != 12:
                            groups[(Text(run),)] = None
    return tuple(groups)


def _wild(value: str) -> bool:
    return "*" in value or "?" in value


def accounts(scene: Scene, groups: Groups, among: Collection[str] | None = None) -> list[tuple[str, Standing]]:
    """The owner's account, every named one, and of all others one of each kind that ``groups`` tell apart.

    ``among`` leaves out all but these, which must be the owner's or named.
    """
    own = scene.identity.account
    members, vendors = scene.organization.accounts, scene.register
    found = [(own, Standing.OWN)] if among is None or own in among else []
    for account in sorted(set(scene.named if among is None else among) - {own}):
        standing = Standing.MEMBER if account in members else Standing.NAMED
        found.append((account, Standing.VENDOR if standing is Standing.NAMED and account in vendors else standing))
    if among is not None:
        return found
    known = {own, *scene.named}
    found += _each_kind((a for a in scene.organization.in_order if a not in known), groups, Standing.MEMBER)
    rest = [a for a in vendors if a not in known and a not in members]
    found += _each_kind(sorted(rest) if groups else [min(rest)] if rest else [], groups, Standing.VENDOR)
    found += [(account, Standing.STRANGER) for account in _strangers(scene, known, groups)]
    return found


def _each_kind(candidates: Iterable[str], groups: Groups, standing: Standing) -> Iterator[tuple[str, Standing]]:
    seen: set[int] = set()
    for account in candidates:
        kind = forms.accepts(groups, account) if groups else 0
        if kind not in seen:
            seen.add(kind)
            yield account, standing
            if not groups:
                return


def _strangers(scene: Scene, known: set[str], groups: Groups) -> list[str]:
    if len(groups) > MAX_ACCOUNT_KINDS:
        raise Budget(f"more than {MAX_ACCOUNT_KINDS} patterns tell accounts apart")
    if not groups:
        return [stranger(scene)]
    taken = known | scene.organization.accounts | scene.register
    found = []
    for one in explore((groups,), forms.ACCOUNT.grammar, most=MAX_ACCOUNT_KINDS):
        if one.texts[0] not in taken:
            found.append(one.texts[0])
            continue
        alike = tuple(sorted(a for a in taken if len(a) == 12 and forms.accepts(groups, a) == one.accepted[0]))
        others = explore((groups, (forms.literal_group(*alike),)), _ACCOUNT_TWICE)
        found += [other.texts[0] for other in others if other.accepted == (one.accepted[0], 0)]
    return found


_ACCOUNT_TWICE = Grammar(
    tuple(tuple(edge._replace(reads=0b11) for edge in state) for state in forms.ACCOUNT.grammar.edges),
    forms.ACCOUNT.grammar.final,
)


def _unlikely_accounts() -> Iterator[str]:
    number = 690_000_000_000
    while True:
        yield f"{number:012d}"
        number += 70_707_070_7
        number %= 1_000_000_000_000


#: Partitions of AWS (AWS General Reference, "Amazon Resource Names").
PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f")


def partitions(scene: Scene, name: str) -> tuple[str, ...]:
    """Partitions of the ARNs a key can have: the identity's, and others that principals or the key's values name.

    Whether a caller of another partition can call at all is not verified; it counts by its account.
    """
    own = scene.identity.partition
    found = {own: None}
    texts = [principal.value for principal in scene.principals]
    texts += [value for use in scene.uses.get(name, ()) for value in use.condition.values]
    for text in texts:
        one = text[4:].partition(":")[0] if text.startswith("arn:") else own
        if one == own or _glob(one, own):
            continue
        found |= dict.fromkeys([one] if _PARTITION.match(one) else [p for p in PARTITIONS if _glob(one, p)])
    return tuple(found)


_PARTITION = re.compile(r"aws[a-z-]*\Z")


def _glob(value: str, text: str) -> bool:
    return patterns.matches(patterns.parse(value, wildcards=True, variables=False), text)


class Membership(NamedTuple):
    """An organization an account may be in (None: none), a path inside it, and whether nobody names it.

    ``joins``: it is ours, of an account that is not listed as a member: one that joins later, or is not known.
    """

    organization: str | None
    path: str | None
    common: bool
    joins: bool = False


def memberships(scene: Scene, standing: Standing, id_key: str, path_key: str) -> tuple[Membership, ...]:
    """Where in which organization an account of that standing may be."""
    ids, paths = scene.groups(id_key), scene.groups(path_key)
    ours = scene.organization.id
    if standing in (Standing.OWN, Standing.MEMBER):
        if ours is None:
            return (Membership(None, None, True),)
        if not any(paths):
            return (Membership(ours, f"{ours}/r-zq77/ou-zq77-zqzqzqzq/", True),)
        return tuple(Membership(ours, path, True) for path in _paths_in(ours, paths))
    nowhere = Membership(None, None, True)
    named = scene.named_orgs if id_key == "aws:principalorgid" else _named_in(scene, id_key, path_key)
    named = named - {ours or ""}
    asked = scene.uses.get(id_key) or scene.uses.get(path_key)
    if not named and not asked:
        return (nowhere,)
    foreign = _foreign(ids, paths, tuple(sorted(named)), ours)
    if ours is None or not asked or scene.organization.lists_members(scene.identity.account):
        return (nowhere, *foreign)
    return (nowhere, *foreign, *_joined(ours, paths))


def joiners(scene: Scene, id_key: str, path_key: str) -> tuple[str | None, tuple[Membership, ...]]:
    """An account of the organization that is not listed, for policies that ask for the organization; None: none does.

    Members may join later. Where none are listed, every account may be one (:func:`memberships`).
    """
    ours = scene.organization.id
    if ours is None or not (scene.uses.get(id_key) or scene.uses.get(path_key)):
        return None, ()
    return stranger(scene), _joined(ours, scene.groups(path_key))


def stranger(scene: Scene) -> str:
    """An account that nobody knows or names."""
    own, members = scene.identity.account, scene.organization.accounts
    for account in _unlikely_accounts():
        if account not in members and account not in scene.register and account not in scene.named and account != own:
            return account
    raise AssertionError


def _joined(ours: str, paths: Groups) -> tuple[Membership, ...]:
    within = _paths_in(ours, paths) if any(paths) else (f"{ours}/r-zq77/ou-zq77-zqzqzqzq/",)
    return tuple(Membership(ours, path, False, joins=True) for path in within)


def _named_in(scene: Scene, *names: str) -> set[str]:
    values = (v for name in names for use in scene.uses.get(name, ()) for v in use.condition.values)
    return {one for one in (value.split("/")[0] for value in values) if ORGANIZATION_ID.match(one)}


@lru_cache(1024)
def _paths_in(organization: str, paths: Groups) -> tuple[str, ...]:
    return tuple(found.texts[0] for found in explore((paths,), forms.org_path(organization)))


@lru_cache(1024)
def _foreign(ids: Groups, paths: Groups, named: tuple[str, ...], ours: str | None) -> tuple[Membership, ...]:
    groups = (*ids, *(forms.literal_group(one) for one in (*named, *([ours] if ours else ()))))
    if any(paths):
        found = [(one.texts[1], one.texts[0]) for one in explore((paths, groups), forms.org_path(None))]
    else:
        found = [(one, f"{one}/r-zq77/ou-zq77-zqzqzqzq/") for one in forms.members(forms.ORGANIZATION, groups)]
    return tuple(Membership(one, path, one not in named) for one, path in found if one != ours)


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
    yield caller, _context(caller, role, "AssumedRole", "AROAZQZQZQZQZQZQZQZQZ:zq"), True


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
        yield root, _context(root, iam + "root", "Account", account), True
    for name, path in _users(scene, iam, rest_of(arns, iam + "user/")) if kinds & _USERS else ():
        arn = f"{iam}user/{path}"
        caller = Caller(CallerKind.USER, arn, account)
        for unique, common in _unique_ids(scene, "user", account, name):
            yield caller, {**_context(caller, arn, "User", unique), "aws:username": (name,)}, common
    roles = _role_sessions(scene, account, partition, rest_of(arns, iam + "role/")) if kinds & _ROLES else ()
    for role, session, unique, common in roles:
        arn = f"{iam}role/{role}"
        for provider in _providers(scene, account, partition):
            signed = f"{sts}assumed-role/{role.rpartition('/')[2]}/{session}"
            caller = Caller(CallerKind.ROLE_SESSION, signed, account, arn, provider)
            context = _context(caller, arn, "AssumedRole", unique)
            if provider is not None:
                context["aws:federatedprovider"] = (provider,)
            yield caller, context, common
    if not kinds & _FEDERATED:
        return
    for name in _federated_users(scene, account, sts, rest_of(arns, sts + "federated-user/")):
        arn = f"{sts}federated-user/{name}"
        caller = Caller(CallerKind.FEDERATED_USER, arn, account)
        yield caller, _context(caller, arn, "FederatedUser", f"{account}:{name}"), True


def _context(caller: Caller, arn: str, kind: str, unique: str) -> Context:
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


def _unique_ids(scene: Scene, kind: str, account: str, name: str) -> Iterator[tuple[str, bool]]:
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
