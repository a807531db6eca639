"""AWS services that call directly: which service, and for a resource of which account.

Source: IAM User Guide, "AWS global condition context keys" (aws:SourceAccount, SourceArn, SourceOrgID and
PrincipalServiceName exist only when a service principal calls) and "The confused deputy problem".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sesreport.policy import forms
from sesreport.policy.automata import Groups, explore
from sesreport.policy.callers import Context, Standing, Who, account_groups, accounts, memberships
from sesreport.policy.evaluator import Caller, CallerKind
from sesreport.policy.model import PrincipalKind
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
        for context, account, standing in sources:
            found.append(
                Who(caller, {**always, **context}, Standing.SERVICE, account, None, not named, source=standing)
            )
    return found


def _names(scene: Scene) -> list[tuple[str, bool]]:
    """Service names to tell apart, and whether the policies name them."""
    listed = sorted({p.value for p in scene.principals if p.kind is PrincipalKind.SERVICE})
    groups = (
        *scene.groups("aws:principalservicename"),
        *scene.groups("aws:principalservicenameslist"),
        *(forms.literal_group(one) for one in listed),
    )
    literals = {text.pattern for group in groups for text in group}
    names = forms.members(forms.SERVICE, groups)
    return [(name, (name,) in literals) for name in names]


def _sources(scene: Scene) -> Iterator[tuple[Context, str, Standing]]:
    used = any(scene.uses.get(name) for name in _SOURCE_KEYS)
    if not used:
        # No condition looks at the source, so one source stands for all: a stranger's.
        account, standing = accounts(scene, ())[-1]
        yield {"aws:sourceaccount": (account,)}, account, standing
        return
    groups = account_groups(scene, "aws:sourceaccount", "aws:sourcearn", "ses:fromaddress")
    for account, standing in accounts(scene, groups):
        arns = _arns(scene.groups("aws:sourcearn", {"aws:sourceaccount": account}), scene.identity.partition, account)
        for place in memberships(scene, standing, "aws:sourceorgid", "aws:sourceorgpaths"):
            for arn in arns:
                context: Context = {"aws:sourceaccount": (account,), "aws:sourcearn": (arn,)}
                if place.organization is not None and place.path is not None:
                    context["aws:sourceorgid"] = (place.organization,)
                    context["aws:sourceorgpaths"] = (place.path,)
                yield context, account, standing


_SOURCE_KEYS = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")


@lru_cache(4096)
def _arns(groups: Groups, partition: str, account: str) -> tuple[str, ...]:
    if not any(groups):
        return (f"arn:{partition}:zq:zq:{account}:zq",)
    grammar = forms.source_arn(partition, account)
    return tuple(found.texts[0] for found in explore((groups,), grammar))
