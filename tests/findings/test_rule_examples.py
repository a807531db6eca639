"""Every rule fires on its example, and not on the clean one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sesreport.findings.registry import rules


@pytest.mark.parametrize("slug", list(rules()))
def test_a_rule_fires_on_its_example(slug: str, tmp_path: Path) -> None:
    rule = rules()[slug]
    places = rule.places(rule.fires.analysis(tmp_path))
    assert len(places) >= 1
    assert places["evidence"].notna().all()


@pytest.mark.parametrize("slug", list(rules()))
def test_a_rule_is_silent_on_its_clean_example(slug: str, tmp_path: Path) -> None:
    rule = rules()[slug]
    assert rule.places(rule.clean.analysis(tmp_path)).empty


@pytest.mark.parametrize("slug", list(rules()))
def test_a_rule_says_why_and_what_to_do(slug: str) -> None:
    rule = rules()[slug]
    assert rule.title and rule.why.endswith(".") and rule.recommendation.endswith(".")
    assert rule.severity in ("critical", "high", "medium", "low")
    assert bool(rule.ask) or rule.severity in ("medium", "low"), "the board is asked about what is high"
    assert not rule.ask or any(place in rule.ask for place in ("{identities}", "{places}")), "an ask names a thing"
