"""Five hundred policies with known verdicts: none reported too low or too high, all with witnesses."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import pytest

from sesreport.policy import CLASSES, Organization, analyze, decide, read_policies

TODAY = date(2026, 11, 24)
PACKED = Path(__file__).with_name("cases.jsonl.gz").read_bytes()
CASES = [json.loads(line) for line in gzip.decompress(PACKED).splitlines()]
FACTS = (
    "exposure",
    "public",
    "external_accounts",
    "any_from_address",
    "guarded",
    "services",
    "service_accounts",
    "external_orgs",
    "limited_by",
)


def asked(case):
    organization = Organization(case["organization"]["id"], case["organization"]["accounts"])
    return {"organization": organization, "register": case["register"], "today": TODAY}


def facts(exposure):
    found = {name: getattr(exposure, name) for name in FACTS}
    return {name: sorted(v) if isinstance(v, frozenset | tuple) else v for name, v in found.items()}


@pytest.mark.parametrize("start", range(0, len(CASES), 50))
def test_verdicts_are_right(start):
    for case in CASES[start : start + 50]:
        exposure = analyze(case["identity"], case["policies"], **asked(case))
        expected = {name: case["verdict"][name] for name in FACTS}
        assert facts(exposure) == expected
        assert bool(exposure.errors) == case["verdict"]["error"]
        assert not exposure.undecided


@pytest.mark.parametrize("start", range(0, len(CASES), 100))
def test_every_class_has_a_witness_that_the_referee_allows(start):
    for case in CASES[start : start + 100 : 2]:
        policies = read_policies(case["policies"])
        exposure = analyze(case["identity"], case["policies"], **asked(case))
        shown = [witness.exposure for witness in exposure.witnesses]
        assert max(shown, key=CLASSES.index, default="none") == exposure.exposure
        assert bool(exposure.services) == ("service" in shown)
        for witness in exposure.witnesses:
            decision = decide(policies, witness.request)
            assert decision.allowed and decision.statement == witness.statement
