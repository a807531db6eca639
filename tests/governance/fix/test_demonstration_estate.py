"""The demonstration with its exported Terraform applied: what can be fixed is gone, and nothing else has changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sesreport.analysis import Analysis, analyze
from sesreport.analysis.joins import rows
from sesreport.core.vocabulary import IDENTITY
from sesreport.findings.findings import found
from sesreport.governance.fix import export_terraform, proposals
from sesreport.policy import CLASSES
from sesreport.policy.fixes import NONE
from sesreport.snapshot.imagined import ImaginedSnapshot, PolicyKey

STRING = r'("(?:[^"\\]|\\.)*")'
RESOURCE = re.compile(
    rf"email_identity = {STRING}\n\s+policy_name    = {STRING}\n\s+policy         = file\({STRING}\)", re.MULTILINE
)


def estate(folder: Path) -> dict[PolicyKey, str]:
    """The policies that Terraform would leave behind, as its files say."""
    found_here = {}
    for module in (path for path in folder.iterdir() if path.is_dir()):
        account, _, region = module.name.partition("-")
        for identity, name, file in RESOURCE.findall((module / "main.tf").read_text(encoding="utf-8")):
            path = module / json.loads(file).removeprefix("${path.module}/")
            key = (account, region, json.loads(identity), json.loads(name))
            found_here[key] = path.read_bytes().decode("utf-8", "surrogatepass")
    return found_here


@pytest.fixture(scope="module")
def applied(demo_analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The demonstration's snapshot with the estate in place of its policies."""
    known = proposals(demo_analysis.fixes, found(demo_analysis))
    folder = export_terraform(demo_analysis, known, tmp_path_factory.mktemp("terraform") / "estate")
    there = estate(folder)
    before = {key[:4]: key[4] for key in rows(demo_analysis.snapshot.policies, (*IDENTITY, "policy_name", "document"))}
    assert set(there) <= set(before)
    changed = {key: there.get(key) for key, text in before.items() if there.get(key) != text}
    assert changed
    return analyze(
        ImaginedSnapshot(demo_analysis.snapshot, changed), demo_analysis.config, register=demo_analysis.register,
        attestations=demo_analysis.attestations, previous=demo_analysis.previous,
    )  # fmt: skip


def test_every_finding_with_a_fix_is_gone(demo_analysis: Analysis, applied: Analysis) -> None:
    ends = {fingerprint for each in demo_analysis.fixes["resolves"].dropna() for fingerprint in each}
    assert len(ends) > 10
    assert not ends & set(found(applied)["fingerprint"])


def test_nothing_new_is_found(demo_analysis: Analysis, applied: Analysis) -> None:
    before = found(demo_analysis)
    after = found(applied)
    new = after[~after["fingerprint"].isin(before["fingerprint"])]
    assert new[["rule", "identity", "policy_name", "evidence"]].to_dict("records") == []


def test_what_no_fix_ends_is_still_found(demo_analysis: Analysis, applied: Analysis) -> None:
    """A finding goes because its cause does, and not because it was no longer looked at."""
    stays = {fingerprint for each in demo_analysis.fixes["remains"].dropna() for fingerprint in each}
    left = set(found(applied)["fingerprint"])
    not_offered = demo_analysis.fixes[demo_analysis.fixes["fix"] == NONE]
    assert {one for each in not_offered["remains"].dropna() for one in each} <= left
    assert stays <= left


def test_nobody_who_is_approved_is_let_in_less(demo_analysis: Analysis, applied: Analysis) -> None:
    """Identities that only the organization and approved accounts can send as are as they were, or narrower."""
    before = demo_analysis.exposures.set_index(IDENTITY)["exposure"]
    after = applied.exposures.set_index(IDENTITY)["exposure"]
    assert list(before.index) == list(after.index)
    assert all(CLASSES.index(now) <= CLASSES.index(then) for then, now in zip(before, after, strict=True))
    vendors = demo_analysis.grants.query("approval == 'approved'")
    kept = applied.grants.query("approval == 'approved'")
    key = [*IDENTITY, "grantee"]
    assert len(vendors)
    assert set(map(tuple, vendors[key].to_numpy())) <= set(map(tuple, kept[key].to_numpy()))
