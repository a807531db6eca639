"""The fix of a policy, or why there is none: the narrowest approved policy, offered where it is proved.

One answer for everybody who offers fixes: the pack, the command line and the watch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sesreport.policy.approved import Approved, services_named
from sesreport.policy.narrowing import NOTHING_BEYOND, NotNarrowedError, narrowed
from sesreport.policy.reader import read_policy

REPLACE, DELETE, NONE = FIXES_OFFERED = ("replace", "delete", "not offered")
FALLS_BACK = (
    "without a policy of its own the address would fall under the policies of its domain; narrow those first, and then "
    "delete this one by hand"
)
NON_PRODUCTION = ("staging", "dev", "sandbox")


@dataclass(frozen=True)
class Fix:
    """What may take the place of a policy."""

    fix: str
    """replace, delete or not offered."""
    reason: str | None = None
    """Why none is offered; None where one is."""
    changes: tuple[str, ...] = ()
    """What it changes, in words."""
    after: str | None = None
    """The policy that takes its place; None where none does."""


@dataclass(frozen=True)
class Members:
    """Accounts of the organization that may not send as every identity."""

    inactive: frozenset[str] = frozenset()
    """Suspended and closed ones."""
    trying: frozenset[str] = frozenset()
    """Those of an environment that is not production."""
    production: frozenset[str] = frozenset()

    def refused(self, account: str) -> frozenset[str]:
        """The accounts that may not send as the identities of one."""
        unwanted = self.inactive | self.trying if account in self.production else self.inactive
        return unwanted - {account}


def fixes_of(
    identity_arn: str, policies: Mapping[str, str], approved: Approved, *, today: date, under_a_domain: bool
) -> Iterator[tuple[str, Fix]]:
    """The fix of each of an identity's policies, by name.

    Each is proved with those before it in place. A fix only narrows, so that each may be applied alone, and all
    together in any order. ``under_a_domain`` says that an identity without policies of its own would fall under those
    of another. One policy whose fix cannot be made costs none of the others theirs.
    """
    current = dict(policies)
    services = services_named(read_policy(text, name) for name, text in policies.items())
    settled: list[str] = []
    for name in policies:
        fix = _fix(identity_arn, current, name, approved, today=today, settled=settled, services=services)
        if fix.fix == DELETE and len(current) == 1 and under_a_domain:
            fix = Fix(NONE, FALLS_BACK)
        if fix.fix == DELETE:
            del current[name]
        elif fix.after is not None:
            current[name] = fix.after
        if fix.fix != NONE or fix.reason == NOTHING_BEYOND:
            settled.append(name)
        yield name, fix


def applied(policies: Mapping[str, str], fixes: Mapping[str, Fix]) -> dict[str, str]:
    """An identity's policies with every fix of theirs applied."""
    left = {name: text for name, text in policies.items() if fixes[name].fix != DELETE}
    return {name: fixes[name].after or text for name, text in left.items()}


def _fix(identity_arn: str, policies: Mapping[str, str], name: str, approved: Approved, **how: Any) -> Fix:
    try:
        made = narrowed(identity_arn, policies, name, approved, **how)
    except NotNarrowedError as error:
        return Fix(NONE, str(error))
    except Exception as fault:  # noqa: BLE001 - one policy must not end the fixes of the others
        return Fix(NONE, f"none could be made ({type(fault).__name__}); rewrite it by hand")
    return Fix(DELETE if made.text is None else REPLACE, None, made.changes, made.text)
