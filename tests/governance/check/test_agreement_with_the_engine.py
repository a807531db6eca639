"""Random policies: the gate says of an identity what the engine says, and never more than is proved."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from governance.check.plan_files import ARN, OWN, TODAY, V2, change, checked, plan
from hypothesis import given
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.findings.examples import Example
from sesreport.policy import CLASSES, Exposure, Organization, analyze, headline, narrower_or_equal
from tests.policy.hostile import cases_of

NOBODY = Organization(None)
BATCH = 25
"""Identities of one plan."""


def texts(seed: int, domain: str = "example.com") -> dict[str, str]:
    """Policies of one identity that are easy to read wrongly."""
    case = cases_of(seed, 1)[0]
    arn = ARN.replace("example.com", domain)
    made = [text.replace(case.identity, arn).replace(case.name, domain) for text in case.policies.values()]
    return {f"p{number}": text for number, text in enumerate(made)}


def decided(arn: str, policies: dict[str, str]) -> Exposure:
    return analyze(arn, policies, organization=NOBODY, register={}, today=TODAY)


def changes(policies: dict[str, str], domain: str = "example.com") -> list[dict[str, object]]:
    return [
        change({"email_identity": domain, "policy_name": name, "policy": text}, address=f'{V2}.p["{domain} {name}"]')
        for name, text in policies.items()
    ]


@pytest.mark.random
@examples(3)
@given(seed=st.integers(0, 10_000))
def test_the_verdict_is_that_of_the_engine(seed: int) -> None:
    given_to = {f"d{number}.example": texts(BATCH * seed + number, f"d{number}.example") for number in range(BATCH)}
    made = [one for domain, named in given_to.items() for one in changes(named, domain)]
    with TemporaryDirectory() as folder:
        file = checked(Path(folder), plan(*made))
    by_arn = defaultdict(list)  # a text may name its identity in another account
    for verdict in file.verdicts:
        assert verdict.planned.identity is not None
        by_arn[verdict.planned.identity.arn].append(verdict)
    for arn, verdicts in by_arn.items():
        judged = {verdict.planned.policy_name: verdict.planned.text or "" for verdict in verdicts}
        named = {name: given_to[verdicts[0].planned.identity_name][name] for name in judged}
        assert {verdict.says for verdict in verdicts} == {headline(decided(arn, judged))}
        if "Deny" not in str(named):
            assert CLASSES.index(decided(arn, judged).exposure) >= CLASSES.index(decided(arn, named).exposure)


@pytest.mark.random
@examples(4)
@given(old=st.integers(0, 10_000), new=st.integers(0, 10_000))
def test_only_what_is_proved_is_left_out(old: int, new: int) -> None:
    before, after = texts(old), texts(new)
    with TemporaryDirectory() as folder:
        snapshot = Example(policies=before).analysis(Path(folder) / "live").snapshot
        file = checked(Path(folder), plan(*changes(after)), against=snapshot)
    planned = {verdict.planned.policy_name: verdict.planned.text or "" for verdict in file.verdicts}
    whom = Organization("o-exampleorg1", {OWN, "210000000002", "210000000003"})
    stands = {**before, **planned}
    proved = narrower_or_equal(stands, before, identity_arn=ARN, organization=whom, today=TODAY)
    assert {bool(verdict.left_out) for verdict in file.verdicts} == {bool(proved)}
    assert not any(verdict.findings for verdict in file.verdicts if verdict.left_out)
