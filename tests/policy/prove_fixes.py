"""Make the fixes of random organizations, and check what is promised of them: nothing new, and everything approved.

    python -m tests.policy.prove_fixes --count 5000 --referee 1000

An organization is one account with its identities and hostile policies, a register with random approvals, and accounts
that may not send. Each fix is checked alone and with all others of its identity: by the engine, against a policy that
refuses what is not approved and is written here apart from the fixes; and for a sample by the referee, request by
request. Prints what was offered, what was not and why, what was checked, and every broken promise with its texts;
exits with 1 when there is one. ``--only NUMBER`` makes one organization again.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from random import Random
from typing import Any

from sesreport.policy import decide, narrower_or_equal, read_policies
from sesreport.policy.approved import Approved, ApprovedSender
from sesreport.policy.fixes import NONE, Fix, applied, fixes_of
from sesreport.policy.rewriting import APPROVED_ACTIONS
from tests.policy.approvals import approved as is_approved
from tests.policy.hostile import MEMBER, OTHER_VENDOR, VENDOR, Case, cases_of
from tests.policy.universe import Constants, NotCoveredError, TooManyError, impossible, requests

TODAY = date(2026, 11, 24)
#: Requests that the referee is asked about one identity at most, of which every one is asked.
MOST = 4_000
#: Of so many neighbourhoods one has an account of the organization that may not send.
REFUSES = 5

Policies = Mapping[str, str]


def approvals_of(case: Case, number: int) -> Approved:
    """A random register for one identity."""
    random = Random(f"{case.label}/approvals")
    domain = case.name.rpartition("@")[2]
    senders = []
    for account in (VENDOR, OTHER_VENDOR) if case.register else ():
        for _ in range(random.choice((0, 1, 1, 2))):
            patterns = random.choice(
                ((), (f"*@{domain}",), (f"news@{domain}",), (f"n*@{domain}", f"a@{domain}"), (f"*@mail.{domain}",))
            )
            end = random.choice((None, None, date(2026, 12, 31), date(2027, 6, 30)))
            sender = ApprovedSender(account, patterns, end)
            if sender not in senders:
                senders.append(sender)
    refused = frozenset({MEMBER} if number % REFUSES == 0 else ())
    return Approved(case.organization, tuple(senders), refused)


class Tally:
    """What was made and checked."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.broken: list[str] = []

    def lines(self) -> Iterator[str]:
        """All of it in words."""
        yield from (f"{count:>9,} {what}" for what, count in self.counts.items())
        yield "not offered because"
        yield from (f"{count:>9,} {why}" for why, count in self.reasons.most_common())
        yield f"{len(self.broken):>9,} promises broken"
        yield from self.broken


def prove(number: int, seed: int, tally: Tally, *, referee: bool) -> None:
    """The fixes of one organization."""
    tally.counts["organizations"] += 1
    for case in cases_of(seed, number):
        approved = approvals_of(case, number)
        under = "@" in case.name and any("@" not in arn for arn in case.near)
        fixes = dict(fixes_of(case.identity, case.policies, approved, today=TODAY, under_a_domain=under))
        tally.counts["identities"] += 1
        for fix in fixes.values():
            tally.counts[f"policies, {'none offered' if fix.fix == NONE else f'{fix.fix} offered'}"] += 1
            if fix.reason:
                tally.reasons[re.sub(r"\(.*\)|'.*'|[0-9,]{5,}", "…", fix.reason)] += 1
        for what, after in _changed(case.policies, fixes):
            tally.counts[f"checked by the engine, {what}"] += 1
            for broken, known in _by_engine(case, approved, after):
                if known:
                    tally.broken.append(f"{case.label}, {what}: {broken}\n  {_texts(case, after, approved)}")
                else:
                    tally.counts[f"not decided by the engine, {what}, {broken}"] += 1
            if referee:
                _by_referee(case, approved, what, after, tally)


def _changed(policies: Policies, fixes: Mapping[str, Fix]) -> Iterator[tuple[str, dict[str, str]]]:
    """The identity's policies with each fix alone, and with all."""
    offered = [name for name, fix in fixes.items() if fix.fix != NONE]
    for name in offered if len(offered) > 1 else ():
        yield "one of several fixes alone", applied(policies, {n: fixes[n] if n == name else Fix(NONE) for n in fixes})
    if offered:
        yield "all fixes of an identity", applied(policies, fixes)


def _by_engine(case: Case, approved: Approved, after: Policies) -> Iterator[tuple[str, bool]]:
    """Promises that the engine does not confirm, and whether it has a request that breaks them."""
    how: dict[str, Any] = {"identity_arn": case.identity, "organization": approved.organization, "today": TODAY}
    refusing = json.dumps({"Version": "2012-10-17", "Statement": _refusals(case, approved)})
    kept = {**case.policies, "what nobody approved": refusing}
    for what, new, old in (("nothing new", after, case.policies), ("everything approved", kept, after)):
        compared = narrower_or_equal(new, old, **how)
        if not compared:
            yield f"{what} ({compared.words})" if compared.witness else what, compared.witness is not None


def _refusals(case: Case, approved: Approved) -> list[dict[str, Any]]:
    """Statements that refuse all that is not approved, one for each way of not being so."""
    ours, person, service = case.organization.id, *({"aws:PrincipalIsAWSService": flag} for flag in ("false", "true"))
    known = {"aws:PrincipalAccount": sorted({case.account, *(one.account for one in approved.senders)})}
    outsiders = {**known, "aws:PrincipalOrgID": ours} if ours else known
    made = [{"StringNotEquals": outsiders, "Bool": person}]
    made += [{"StringEquals": {"aws:PrincipalAccount": account}} for account in sorted(approved.refused)]
    named = sorted(_services(case))
    held = {"aws:SourceOrgID": ours} if ours else {"aws:SourceAccount": case.account}
    made += [{"StringNotEquals": held, "Bool": service}]
    made += [{"StringNotEquals": {"aws:PrincipalServiceName": named}, "Bool": service}] if named else []
    for account in sorted({one.account for one in approved.senders}):
        made += _beyond(account, approved.of(account))
    refused = [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": one} for one in made]
    if not named:
        refused.append({**refused[0], "Condition": {"Bool": service}})
    manages = {"StringNotEquals": {"aws:PrincipalAccount": case.account}, "Bool": person}
    alone = {"NotAction": list(APPROVED_ACTIONS), "Resource": "*", "Condition": manages}
    return [*refused, {"Effect": "Deny", "Principal": "*", **alone}]


def _beyond(account: str, approvals: tuple[ApprovedSender, ...]) -> list[dict[str, Any]]:
    """Refuses an account what none of its approvals allows: before each end, the addresses of those that last."""
    made = []
    ends = sorted({one.last_day for one in approvals if one.last_day})
    for after in (None, *ends):
        lasting = [one for one in approvals if after is None or one.last_day is None or one.last_day > after]
        condition: dict[str, Any] = {"StringEquals": {"aws:PrincipalAccount": account}}
        if after is not None:
            condition["DateGreaterThanEquals"] = {
                "aws:CurrentTime": f"{date.fromordinal(after.toordinal() + 1)}T00:00:00Z"
            }
        if any(not one.from_patterns for one in lasting):
            continue
        if lasting:
            allowed = sorted({pattern for one in lasting for pattern in one.from_patterns})
            condition["StringNotLike"] = {"ses:FromAddress": allowed}
        made.append(condition)
    return made


def _services(case: Case) -> set[str]:
    statements = [one for policy in read_policies(case.policies) for one in policy.statements]
    return {
        each.value for one in statements if not one.not_principal for each in one.principals if each.kind == "service"
    }


def _by_referee(case: Case, approved: Approved, what: str, after: Policies, tally: Tally) -> None:
    """Every request of the universe of both versions, asked of both."""
    setting = case.setting()
    before, now = read_policies(case.policies), read_policies(after)
    services = _services(case)
    asked = 0
    try:
        Constants((*before, *now), setting).check()
        for request, who, _ in requests(setting, (*before, *now), TODAY.isoformat(), MOST):
            asked += 1
            was, still = decide(before, request).allowed, decide(now, request).allowed
            if was == still or impossible(setting, request, TODAY.isoformat()):
                continue
            if still or is_approved(setting, approved.senders, request, who, services, approved.refused):
                told = "newly allowed" if still else "approved and lost"
                tally.broken.append(f"{case.label}, {what}: {told}: {request}\n  {_texts(case, after, approved)}")
                return
    except NotCoveredError:
        tally.counts["referee not asked: a key without candidates in the universe"] += 1
    except TooManyError:
        tally.counts[f"referee not asked: more than {MOST:,} requests"] += 1
    else:
        tally.counts["checked by the referee"] += 1
        tally.counts["requests asked by the referee"] += asked


def _texts(case: Case, after: Policies, approved: Approved) -> str:
    return f"{json.dumps(dict(case.policies))}\n  {json.dumps(dict(after))}\n  {approved}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5_000, help="organizations")
    parser.add_argument("--referee", type=int, default=1_000, help="organizations whose requests are all asked")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="number of one organization")
    options = parser.parse_args()
    tally = Tally()
    numbers = [options.only] if options.only is not None else range(options.count)
    every = max(len(numbers) // options.referee, 1) if options.referee else 0
    for at, number in enumerate(numbers):
        prove(number, options.seed, tally, referee=bool(every) and at % every == 0)
        if sys.stderr.isatty() and at % 100 == 0:
            print(f"{at:,} of {len(numbers):,}", end="\r", file=sys.stderr)
    print("\n".join(tally.lines()))
    return 1 if tally.broken else 0


if __name__ == "__main__":
    sys.exit(main())
