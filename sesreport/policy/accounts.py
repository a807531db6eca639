"""Accounts, one of each kind that the policies tell apart, and the organizations they are in.

Sources: AWS Organizations API Reference (ids and paths); AWS General Reference, "Amazon Resource Names" (partitions).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from sesreport.policy import forms, patterns
from sesreport.policy.automata import Budget, Grammar, Groups, Text, explore
from sesreport.policy.scene import ORGANIZATION_ID, Scene, digit_runs

#: Kinds of accounts, beyond the named ones, that are told apart.
MAX_ACCOUNT_KINDS = 40


class Standing(StrEnum):
    """How an account stands to the identity's owner."""

    OWN = "own"
    MEMBER = "organization"
    VENDOR = "vendor"
    NAMED = "external"  # none of these, but the policies name it
    STRANGER = "public"
    SERVICE = "service"


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
