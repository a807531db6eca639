"""AWS services that call directly: which service, and for a resource of which account.

Source: IAM User Guide, "AWS global condition context keys" (aws:SourceAccount, SourceArn, SourceOrgID and
PrincipalServiceName exist only when a service principal calls) and "The confused deputy problem".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sesreport.policy import forms, patterns
from sesreport.policy.accounts import Standing, account_groups, accounts, joiners, memberships, partitions, stranger
from sesreport.policy.automata import Groups, Text, explore
from sesreport.policy.callers import Context, Who, may_meet
from sesreport.policy.evaluator import Caller, CallerKind
from sesreport.policy.model import Effect, PrincipalKind
from sesreport.policy.patterns import MANY, ONE
from sesreport.policy.scene import Scene


def services(scene: Scene) -> list[Who]:
    """Every kind of direct service call."""
    sources = list(_sources(scene))
    found = []
    for name, named in _names(scene):
        caller = Caller(CallerKind.SERVICE, name)
        always: Context = {
            "aws:principalisawsservice": ("true",),
            "aws:principalservicename": (name,),
            "aws:principalservicenameslist": (name,),
        }
        found.append(Who(caller, always, Standing.SERVICE, common=not named))
        for context, account, standing, joins in sources:
            whole = {**always, **context}
            found.append(Who(caller, whole, Standing.SERVICE, account, None, not named, standing, joins))
    return found


def _names(scene: Scene) -> list[tuple[str, bool]]:
    """Service names to tell apart, and whether the policies name them."""
    listed = {p.value for p in scene.principals if p.kind is PrincipalKind.SERVICE}
    groups = (*scene.groups("aws:principalservicename"), *scene.groups("aws:principalservicenameslist"))
    for text in (text for group in groups for text in group):
        if len(text.pattern) == 1 and isinstance(text.pattern[0], str):
            name = text.pattern[0].lower() if text.fold else text.pattern[0]
            if forms.SERVICE.fits.match(name):
                listed.add(name)
    if not _any_let_in(scene):
        return [(name, True) for name in sorted(listed)]
    groups = (*groups, *(forms.literal_group(one) for one in sorted(listed)))
    return [(name, name in listed) for name in forms.members(forms.SERVICE, groups)]


def _any_let_in(scene: Scene) -> bool:
    """Whether some Allow may let in services that it does not name."""
    return any(
        statement.not_principal or any(p.kind is PrincipalKind.ANYONE for p in statement.principals)
        for statement, _ in scene.statements
        if statement.effect is Effect.ALLOW
    )


def _sources(scene: Scene) -> Iterator[tuple[Context, str, Standing, bool]]:
    used = any(scene.uses.get(name) for name in _SOURCE_KEYS)
    if not used:
        # No condition looks at the source, so one source stands for all: a stranger's.
        account = stranger(scene)
        yield {"aws:sourceaccount": (account,)}, account, Standing.STRANGER, False
        return
    groups = account_groups(scene, "aws:sourceaccount", "aws:sourcearn")
    everybody = [
        (account, standing, memberships(scene, standing, "aws:sourceorgid", "aws:sourceorgpaths"))
        for account, standing in accounts(scene, groups)
    ]
    joiner, ours = joiners(scene, "aws:sourceorgid", "aws:sourceorgpaths")
    if joiner is not None:
        everybody.append((joiner, Standing.MEMBER, ours))
    for account, standing, places in everybody:
        if not may_meet(scene, account, "aws:sourceaccount", "aws:sourcearn"):
            continue
        wanted = scene.groups("aws:sourcearn", {"aws:sourceaccount": account})
        arns = [arn for p in partitions(scene, "aws:sourcearn") for arn in _arns(wanted, p, account)]
        for place in places:
            for arn in arns:
                context: Context = {"aws:sourceaccount": (account,), "aws:sourcearn": (arn,)}
                if place.organization is not None and place.path is not None:
                    context["aws:sourceorgid"] = (place.organization,)
                    context["aws:sourceorgpaths"] = (place.path,)
                yield context, account, Standing.MEMBER if place.joins else standing, place.joins


_SOURCE_KEYS = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")


@lru_cache(4096)
def _arns(groups: Groups, partition: str, account: str) -> tuple[str, ...]:
    if not any(groups):
        return (f"arn:{partition}:zq:zq:{account}:zq",)
    # AWS writes these ARNs: colons inside the resource are looked at only when a policy has some there.
    deep = any(sum(p.count(":") for p in t.pattern if isinstance(p, str)) > 5 for g in groups for t in g)
    more = forms.written(groups) - forms.PRINTABLE
    simple = None if deep or more else _simple_arns(groups, partition, account)
    if simple is not None:
        return simple
    grammar = forms.source_arn(partition, account, deep, more)
    return tuple(found.texts[0] for found in explore((groups,), grammar))


def _simple_arns(groups: Groups, partition: str, account: str) -> tuple[str, ...] | None:
    """Without automata, where service and Region are literal or ``*`` (None: some pattern asks for more)."""
    head = f"arn:{partition}:"
    services, regions = {"zq"}, {"zq"}
    rests: dict[str, list[tuple[Text, ...]]] = {account: [], "": []}
    for group in groups:
        inside: dict[str, list[Text]] = {account: [], "": []}
        for text in group:
            if text.pattern == (head, MANY) or text.pattern == (MANY,):
                for texts in inside.values():
                    texts.append(Text((MANY,)))
                continue
            fields = patterns.fields(text.pattern)
            if text.fold or len(fields) != 6 or any(len(field) > 1 for field in fields[2:4]):
                return None
            if not fields[3]:
                regions.add("")  # as in the ARN of an S3 bucket
            for field, values in ((fields[2], services), (fields[3], regions)):
                if field and isinstance(field[0], str):
                    if set(field[0]) <= forms.LABEL:
                        values.add(field[0])
                elif field == (ONE,):
                    return None
            for one, texts in inside.items():
                if patterns.matches(fields[4], one):
                    texts.append(Text(fields[5]))
        for one, texts in inside.items():
            rests[one].append(tuple(texts))
    found = []
    for one, kept in rests.items():
        for rest in forms.members(forms.RESOURCE, tuple(kept)):
            found += [f"{head}{s}:{r}:{one}:{rest}" for s in sorted(services) for r in sorted(regions)]
    return tuple(found)
