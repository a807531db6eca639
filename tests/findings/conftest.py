"""The small organizations of the analysis tests serve here as well."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "analysis"))

from sesreport.findings.registry import RULES

FEW = (
    "open_to_anyone",
    "unknown_account",
    "expired_approval",
    "non_production_on_production",
    "no_owner",
    "foreign_feedback_topic",
)
"""Rules on policies, and on other data of an identity; none for which the sending must be worked out."""


@pytest.fixture
def few_rules(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What becomes of findings is the same whatever found them, so that a few rules do; not with ``all_rules``."""
    if "all_rules" not in request.fixturenames:
        monkeypatch.setattr(RULES, "_items", {slug: RULES[slug] for slug in FEW})


@pytest.fixture
def all_rules() -> None:
    """For a test of something that holds for the findings of every rule."""
