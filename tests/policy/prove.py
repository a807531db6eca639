"""Compare every public way to a verdict with the engine, and the engine with the referee, on hostile cases.

    python -m tests.policy.prove --count 200000 --referee 20000

Prints what was compared and every kind of difference with a few examples; exits with 1 when there is any.
``--only NUMBER`` makes one neighbourhood of the same seed again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sesreport.analysis import analyze as analyze_snapshot
from sesreport.governance.monitor.attached import Attached
from sesreport.governance.monitor.earlier import UNKNOWN, EarlierText
from sesreport.governance.monitor.evaluation import COMPLIANT, NON_COMPLIANT, evaluate
from sesreport.governance.monitor.event import read_event
from sesreport.governance.monitor.judge import judge
from sesreport.governance.monitor.known import Known
from sesreport.governance.monitor.message import FunctionPlace
from sesreport.policy import (
    CLASSES,
    Caller,
    CallerKind,
    Exposure,
    Organization,
    Policy,
    Request,
    analyze,
    analyze_models,
    decide,
    explain_policies,
    read_policies,
)
from sesreport.policy.cache import ExposureCache
from sesreport.policy.evaluator import names_resource
from sesreport.policy.explain import MEANINGS
from sesreport.settings.config import Config
from sesreport.settings.plain_approvals import PlainApproval
from sesreport.settings.register import register_from_rows
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import load, write_snapshot
from tests.policy.hostile import Case, cases_of
from tests.policy.universe import NotCoveredError, TooManyError, impossible, resource_fits, verdict

TODAY = date(2026, 11, 24)
WIDEST = "vendor"
#: Identities in one snapshot.
PACK = 2_000
#: Of so many rounds of all settings, one goes this way: these ways ask the engine more than once.
EVERY = {"analyze without cache": 8, "analyze of objects": 16, "pack": 4, "watch": 10, "config rule": 10, "explain": 10}
#: Requests that the referee is asked about one case at most.
MOST = 3_000

_SETS = ("external_accounts", "external_orgs", "services", "service_accounts")
FACTS = ("exposure", "public", *_SETS, "guarded", "any_from_address", "from_patterns", "limited_by", "needs_review")

#: Kinds of difference, the worst first.
FALSE_SAFE, FALSE_ALARM, OTHER, CRASH = "false safe", "false alarm", "other difference", "crash"


def facts_of(exposure: Exposure) -> dict[str, Any]:
    """What an exposure claims, comparable."""
    return {name: getattr(exposure, name) for name in FACTS}


def difference(truth: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    """How a verdict differs from the right one; None when it does not."""
    if truth == found:
        return None
    if _is_narrower(found, truth):
        return FALSE_SAFE
    return FALSE_ALARM if _is_narrower(truth, found) else OTHER


def _is_narrower(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether ``one`` hides something that ``other`` tells."""
    if CLASSES.index(one["exposure"]) < CLASSES.index(other["exposure"]):
        return True
    if any(one.get(flag, False) < other.get(flag, False) for flag in ("public", "any_from_address", "needs_review")):
        return True
    if any(other[name] - one[name] and "*" not in one[name] for name in _SETS):
        return True
    return other["guarded"] is False and one["guarded"] is not False and not one["public"]


class Tally:
    """What was compared, and how it differed."""

    def __init__(self, examples: int) -> None:
        self.examples = examples
        self.compared: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.bad: Counter[tuple[str, str]] = Counter()
        self.shown: dict[tuple[str, str], list[str]] = {}

    def note(self, way: str, kind: str | None, case: Case, words: Callable[[], str]) -> None:
        """One comparison by one way."""
        self.compared[way] += 1
        if kind is not None:
            self.bad[way, kind] += 1
            shown = self.shown.setdefault((way, kind), [])
            if len(shown) < self.examples:
                shown.append(f"{way}, {kind}: {case.label}\n    {words()}\n    {json.dumps(dict(case.policies))}")

    def compare(self, way: str, case: Case, truth: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """The verdict of one way with the right one."""

        def words() -> str:
            return "; ".join(
                f"{name} {found[name]!r} instead of {truth[name]!r}" for name in truth if found[name] != truth[name]
            )

        self.note(way, difference(truth, found), case, words)

    @contextmanager
    def counting(self, way: str, case: Case) -> Iterator[None]:
        """Count what is raised as a crash."""
        try:
            yield
        except Exception as fault:  # noqa: BLE001 - a crash is one of the results
            error = repr(fault)[:300]
            self.note(way, CRASH, case, lambda: error)

    def lines(self) -> Iterator[str]:
        """All of it in words."""
        for way, count in self.compared.items():
            found = {kind: count for (where, kind), count in self.bad.items() if where == way}
            told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(found.items())) or "no difference"
            yield f"{way:24}{count:>10,} compared: {told}"
        for why, count in self.skipped.items():
            yield f"{'referee not asked':24}{count:>10,} cases: {why}"
        for shown in self.shown.values():
            yield from ("", *shown)


class Proof:
    """Asks every way about cases. One cache serves all of them, as long as this object lives."""

    def __init__(self, tally: Tally, *, referee: int, folder: Path, pack: int = PACK) -> None:
        self.tally = tally
        self.referee = referee
        self.folder = folder
        self.pack = pack
        self.cache = ExposureCache()
        self.packs: dict[tuple[str | None, int, bool], list[tuple[list[Case], list[dict[str, Any]]]]] = {}

    def ask(self, cases: list[Case], number: int) -> None:
        """Every way about one neighbourhood, the dearer ways about one in some."""
        ways = {way for way, every in EVERY.items() if number // 8 % every == 0}
        truths = []
        for case in cases:
            with self.tally.counting("engine", case):
                truth = _engine(case, case.organization, case.takers)
                self._engine_itself(case, truth)
                truths.append((case, truth))
        for case, truth in truths:
            facts = facts_of(truth)
            with self.tally.counting("analyze", case):
                self.tally.compare("analyze", case, facts, facts_of(analyze(**_asked(case), cache=self.cache)))
            if "analyze without cache" in ways:
                with self.tally.counting("analyze without cache", case):
                    self.tally.compare("analyze without cache", case, facts, facts_of(analyze(**_asked(case))))
            if "analyze of objects" in ways and not truth.errors:
                with self.tally.counting("analyze of objects", case):
                    objects = {name: json.loads(text) for name, text in case.policies.items()}
                    found = analyze(**{**_asked(case), "policies": objects})
                    self.tally.compare("analyze of objects", case, facts, facts_of(found))
            if "watch" in ways:
                with self.tally.counting("watch", case):
                    self._watch(case, number)
            if "explain" in ways:
                with self.tally.counting("explain", case):
                    self._explain(case, truth)
        if len(truths) == len(cases):
            if "config rule" in ways:
                with self.tally.counting("config rule", cases[0]):
                    self._config_rule(truths)
            if "pack" in ways:
                self._into_pack(cases, [facts_of(truth) for _, truth in truths])

    def _engine_itself(self, case: Case, truth: Exposure) -> None:
        """Errors are told, every class is proved by a request that is allowed and possible, the referee agrees."""
        if case.broken:
            kind = None if truth.needs_review else FALSE_SAFE
            self.tally.note("unreadable texts", kind, case, lambda: "was read without an error")
        failed = [said for said in truth.undecided if "failed a check of its own" in said]
        self.tally.note("self-checks", CRASH if failed else None, case, lambda: "; ".join(failed))
        policies, setting = read_policies(case.policies), case.setting()
        self._resources(case, policies)
        proofs = [witness.request for witness in truth.witnesses]
        if not truth.undecided:
            shown = [witness.exposure for witness in truth.witnesses]
            told = max(shown, key=CLASSES.index, default="none")
            self.tally.note(
                "proofs",
                None if told == truth.exposure else OTHER,
                case,
                lambda: f"{truth.exposure}, but the widest that is proved is {told}",
            )
        for request in [] if truth.undecided else proofs:
            why = impossible(setting, request, TODAY.isoformat())
            if not decide(policies, request).allowed:
                why = "the referee does not allow it"
            self.tally.note("proofs", why and FALSE_ALARM, case, lambda why=why, one=request: f"{why}: {one}")
        if self.referee <= 0:
            return
        if truth.undecided:
            self.tally.skipped["the engine says that it does not decide them"] += 1
            return
        try:
            right = verdict(setting, policies, TODAY.isoformat(), proofs=proofs, most=MOST).facts
        except NotCoveredError:
            self.tally.skipped["a key without candidates in the universe"] += 1
        except TooManyError:
            self.tally.skipped[f"more than {MOST:,} requests"] += 1
        else:
            self.referee -= 1
            self.tally.compare("referee", case, right, {name: getattr(truth, name) for name in right})

    def _resources(self, case: Case, policies: tuple[Policy, ...]) -> None:
        """The Resource elements, which engine and referee read alike, read once more by other means."""
        request = Request(Caller(CallerKind.ROOT, ""), "", case.identity, {})
        for statement in (one for policy in policies for one in policy.statements):
            if not any("${" in value for value in statement.resources):
                right = any(resource_fits(value, case.identity) for value in statement.resources)
                kind = None if names_resource(statement, request) == (right != statement.not_resource) else OTHER
                self.tally.note("resources", kind, case, lambda one=statement: str(one.resources))

    def _watch(self, case: Case, number: int) -> None:
        """A policy was put: the watch reads this identity alone, so no other takes precedence."""
        name = sorted(case.policies)[number % len(case.policies)]
        change = read_event(_put(case, name))
        near = {arn.partition(":identity/")[2]: policies for arn, policies in case.near.items()}
        found = judge(
            change,
            Attached(dict(case.policies)),
            EarlierText(True, "the identity without this policy", None) if number % 2 else UNKNOWN,
            _known(case),
            change.arn(case.identity.split(":")[1]),
            lambda other: Attached(near[other]) if other in near else Attached(None, "gone", gone=True),
        )
        truth = _engine(case, case.organization, ())
        if found.exposure is None:
            self.tally.note("watch", FALSE_SAFE, case, lambda: f"no exposure: {found.words}")
        else:
            self.tally.compare("watch", case, facts_of(truth), facts_of(found.exposure))

    def _explain(self, case: Case, truth: Exposure) -> None:
        found = explain_policies(**_asked(case))
        self.tally.compare("explain", case, facts_of(truth), facts_of(found.exposure))
        text, html = str(found), found._repr_html_()
        if truth.exposure != "none":
            kind = FALSE_SAFE if MEANINGS["none"] in text or MEANINGS["none"] in html else None
            self.tally.note("explain in words", kind, case, lambda: text)

    def _config_rule(self, truths: list[tuple[Case, Exposure]]) -> None:
        """The rule about one account and Region, with SES answered from memory."""
        first = truths[0][0]
        partition, region, account = first.identity.split(":")[1], first.region, first.account
        with patch("sesreport.governance.monitor.evaluation.own_client", return_value=_Ses(_attached(first))):
            found = list(evaluate(FunctionPlace(partition, region, account), _known(first), WIDEST, (), lambda: True))
        compliance = {one.identity: one for one in found}
        for case, truth in truths:
            one = compliance[case.name]
            bad = CLASSES.index(truth.exposure) > CLASSES.index(WIDEST) or truth.guarded is False
            bad |= truth.needs_review or bool(truth.bulk_beyond)
            kind = None
            if bad and one.compliance != NON_COMPLIANT:
                kind = FALSE_SAFE
            elif not bad and one.compliance != COMPLIANT and not _is_stricter(one.annotation):
                kind = FALSE_ALARM
            self.tally.note("config rule", kind, case, lambda one=one, truth=truth: f"{one} for {truth}")

    def _into_pack(self, cases: list[Case], facts: list[dict[str, Any]]) -> None:
        first = cases[0]
        key = (first.organization.id, len(first.register), bool(first.organization.accounts))
        waiting = self.packs.setdefault(key, [])
        waiting.append((cases, facts))
        if sum(1 + len(one[0].near) for one, _ in waiting) >= self.pack:
            self._pack(self.packs.pop(key))

    def finish(self) -> None:
        """Make packs of what is left over."""
        for waiting in self.packs.values():
            self._pack(waiting)
        self.packs.clear()

    def _pack(self, neighbourhoods: list[tuple[list[Case], list[dict[str, Any]]]]) -> None:
        """One snapshot of all these identities, analysed; its frame against the engine."""
        first = neighbourhoods[0][0][0]
        with self.tally.counting("pack", first), tempfile.TemporaryDirectory(dir=self.folder) as folder:
            members = first.organization.accounts - {first.account}
            listed = (
                {cases[0].account for cases, _ in neighbourhoods}
                if first.account in first.organization.accounts
                else set()
            )
            rows = _rows([cases[0] for cases, _ in neighbourhoods], first.organization, members, listed)
            now = datetime(TODAY.year, TODAY.month, TODAY.day, 6, tzinfo=UTC)
            path = write_snapshot(
                Path(folder),
                {name: frame.from_rows(rows.get(name, [])) for name, frame in frames().items()},
                started_at=now,
                finished_at=now,
                about={},
            )
            register = [
                {"account_id": account, "name": name, "identities": [], "status": "valid"}
                for account, name in first.register.items()
            ]
            analysis = analyze_snapshot(load(path), Config(), register=register_from_rows(register))
            found: dict[tuple[str, str, str], dict[str, Any]] = {}
            for row in analysis.exposures.to_dict("records"):
                found[row["account_id"], row["region"], row["identity"]] = row
            organization = Organization(first.organization.id, members | listed)
            for cases, facts in neighbourhoods:
                for case, truth in zip(cases, facts, strict=True):
                    if listed:  # in a pack all accounts that own identities are members
                        truth = facts_of(_engine(case, organization, case.takers))
                    row = found[case.account, case.region, case.name]
                    self.tally.compare("pack", case, truth, _facts_of_row(row))


def _is_stricter(annotation: str) -> bool:
    """Whether the rule objects to something that is no part of an exposure."""
    return annotation.startswith(("managed from outside", "Not judged: ")) or ": by ses:SendBulkEmail" in annotation


def _engine(case: Case, organization: Organization, takers: tuple[str, ...]) -> Exposure:
    return analyze_models(
        case.identity,
        read_policies(case.policies),
        organization=organization,
        register=case.register,
        today=TODAY,
        own_identities=takers,
    )


def _asked(case: Case) -> dict[str, Any]:
    return {
        "identity_arn": case.identity,
        "policies": case.policies,
        "organization": case.organization,
        "register": case.register,
        "today": TODAY,
        "identities": case.near,
    }


def _known(case: Case) -> Known:
    entries = tuple(PlainApproval(account, name) for account, name in case.register.items())
    return Known(case.organization, entries, TODAY)


def _attached(case: Case) -> dict[str, Mapping[str, str]]:
    """Every identity of the neighbourhood with its policies."""
    return {arn.partition(":identity/")[2]: texts for arn, texts in {case.identity: case.policies, **case.near}.items()}


def _put(case: Case, policy: str) -> dict[str, Any]:
    request = {"identity": case.name, "policyName": policy, "policy": case.policies[policy]}
    return {
        "detail": {
            "eventSource": "ses.amazonaws.com",
            "eventName": "PutIdentityPolicy",
            "eventID": "11111111-2222-3333-4444-555555555555",
            "eventTime": f"{TODAY.isoformat()}T06:00:00Z",
            "recipientAccountId": case.account,
            "awsRegion": case.region,
            "requestParameters": request,
        }
    }


class _Ses:
    """Two operations of Amazon SES (API v2) for one account and Region."""

    def __init__(self, attached: Mapping[str, Mapping[str, str]]) -> None:
        self.attached = attached

    def list_email_identities(self, **_: Any) -> dict[str, Any]:
        return {"EmailIdentities": [{"IdentityName": name, "VerificationStatus": "SUCCESS"} for name in self.attached]}

    def get_email_identity(self, *, EmailIdentity: str) -> dict[str, Any]:  # noqa: N803 - as botocore has it
        policies = dict(self.attached[EmailIdentity])
        return {"Policies": policies, "VerificationStatus": "SUCCESS", "VerifiedForSendingStatus": True}


def _rows(
    firsts: list[Case], organization: Organization, members: frozenset[str], listed: set[str]
) -> dict[str, list[dict[str, Any]]]:
    identities, policies, coverage = [], [], []
    for case in firsts:
        place = {"account_id": case.account, "region": case.region}
        coverage += [
            {**place, "dataset": name, "status": "ok", "calls": 1, "retries": 0, "rows": 1, "seconds": 0.1}
            for name in ("identities", "policies", "sending_accounts")
        ]
        for arn, texts in {case.identity: case.policies, **case.near}.items():
            name = arn.partition(":identity/")[2]
            kind = "EMAIL_ADDRESS" if "@" in name else "DOMAIN"
            identities.append(
                {**place, "identity": name, "arn": arn, "identity_type": kind, "verification_status": "SUCCESS",
                 "tags": "{}", "policies": len(texts)}
            )  # fmt: skip
            policies += [
                {**place, "identity": name, "policy_name": policy, "document": text,
                 "sha256": hashlib.sha256(text.encode()).hexdigest()}
                for policy, text in texts.items()
            ]  # fmt: skip
    accounts = [(case.account, case.account in listed) for case in firsts]
    accounts += [(member, True) for member in sorted(members)]
    return {
        "accounts": [
            {"account_id": account, "name": account, "status": "ACTIVE", "tags": "{}",
             "organization_id": organization.id, "management_account": False, "in_organization": inside}
            for account, inside in accounts
        ],
        "identities": identities,
        "policies": policies,
        "coverage": coverage,
    }  # fmt: skip


def _facts_of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row of the frame ``exposures`` claims; a value that is not known is the narrowest."""
    found = {name: frozenset(row[name]) for name in _SETS}
    guarded = row["guarded"]
    return {
        **found,
        "exposure": row["exposure"] if isinstance(row["exposure"], str) else "none",
        **{
            name: row[name] is True or str(row[name]) == "True"
            for name in ("public", "any_from_address", "needs_review")
        },
        "guarded": str(guarded) == "True" if str(guarded) in ("True", "False") else None,
        "from_patterns": tuple(row["from_patterns"]),
        "limited_by": tuple(row["limited_by"]),
    }


def run(*, count: int, referee: int, seed: int, first: int = 0, pack: int = PACK, examples: int = 3) -> Tally:
    """Ask about ``count`` cases or a few more."""
    tally = Tally(examples)
    with tempfile.TemporaryDirectory() as folder:
        proof = Proof(tally, referee=referee, folder=Path(folder), pack=pack)
        asked, number, begun = 0, first, time.monotonic()
        while asked < count:
            cases = cases_of(seed, number)
            if cases:
                proof.ask(cases, number)
            if (asked + len(cases)) // 10_000 > asked // 10_000:
                print(f"{asked + len(cases):,} cases, {time.monotonic() - begun:,.0f} s", file=sys.stderr, flush=True)
            asked += len(cases)
            number += 1
        proof.finish()
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200_000, help="cases")
    parser.add_argument("--referee", type=int, default=20_000, help="cases the referee is asked about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=3, help="shown of each kind of difference")
    parser.add_argument("--only", type=int, help="number of one neighbourhood")
    options = parser.parse_args()
    if options.only is not None:
        for case in cases_of(options.seed, options.only):
            print(case)
        tally = run(count=1, referee=100, seed=options.seed, first=options.only, pack=1, examples=options.examples)
    else:
        tally = run(count=options.count, referee=options.referee, seed=options.seed, examples=options.examples)
    print("\n".join(tally.lines()))
    return 1 if tally.bad else 0


if __name__ == "__main__":
    sys.exit(main())
