"""One identity that cannot be judged costs itself alone, wherever it is asked about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from estate import SHOP, STRANGER, VENDOR, Estate, policy

from sesreport.analysis import Analysis
from sesreport.findings.findings import found
from sesreport.governance.explanations import of_identity
from sesreport.governance.monitor import evaluation
from sesreport.governance.monitor import judge as watch
from sesreport.governance.monitor.attached import Attached
from sesreport.governance.monitor.event import Change
from sesreport.governance.monitor.known import Known
from sesreport.governance.monitor.message import FunctionPlace
from sesreport.policy import Organization, engine
from sesreport.snapshot.events import EventKind

BAD, GOOD = "bad.example.com", "good.example.com"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that fails for one identity."""
    right = engine._decide

    def fails(question: engine.Question) -> engine.DecidedExposure:
        if question.identity_arn.endswith(BAD):
            raise KeyError("888888888888")
        return right(question)

    monkeypatch.setattr(engine, "_decide", fails)


@pytest.fixture
def analysis(failing: None, tmp_path: Path) -> Analysis:
    estate = Estate().identity(BAD, {"p": policy(VENDOR)}).identity(GOOD, {"p": policy(STRANGER)})
    return estate.analysis(tmp_path)


def test_the_frames_name_it_and_keep_the_others(analysis: Analysis) -> None:
    exposures = analysis.exposures.set_index("identity")
    assert exposures["needs_review"].to_dict() == {BAD: True, GOOD: False}
    assert exposures.loc[GOOD, "exposure"] == "external"
    assert "could not be judged (KeyError" in " ".join(exposures.loc[BAD, "reasons"])
    grants = analysis.grants.set_index("identity")
    assert grants["scope"].to_dict() == {BAD: "needs review", GOOD: "external"}


def test_it_is_a_finding(analysis: Analysis) -> None:
    bad = found(analysis)[found(analysis)["rule"] == "needs_review"]
    assert bad["identity"].tolist() == [BAD]
    assert "KeyError" in bad["evidence"].iloc[0]
    assert not found(analysis)[
        (found(analysis)["identity"] == BAD) & (found(analysis)["rule"] == "open_to_anyone")
    ].size


def test_a_row_that_cannot_be_made_costs_its_identity_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from sesreport.analysis import grants as module

    right = module._row

    def fails(identity: Any, *rest: Any) -> dict[str, Any]:
        if identity.arn.endswith(BAD):
            raise ZeroDivisionError("here")
        return right(identity, *rest)

    monkeypatch.setattr(module, "_row", fails)
    made = Estate().identity(BAD, {"p": policy(VENDOR)}).identity(GOOD, {"p": policy(STRANGER)}).analysis(tmp_path)
    assert made.grants.set_index("identity")["scope"].to_dict() == {BAD: "needs review", GOOD: "external"}


def test_an_arn_that_is_none_needs_review(tmp_path: Path) -> None:
    estate = Estate().identity(GOOD, {"p": policy(STRANGER)}).identity(BAD, {"p": policy(VENDOR)})
    estate.rows["identities"][-1]["arn"] = "no arn"
    assert estate.analysis(tmp_path).exposures.set_index("identity")["needs_review"].to_dict() == {
        GOOD: False,
        BAD: True,
    }


def test_explain_says_so(failing: None, tmp_path: Path) -> None:
    from sesreport.settings.config import Config

    estate = Estate().identity(BAD, {"p": policy(VENDOR)})
    path = estate.analysis(tmp_path).snapshot.path
    (said,) = of_identity(BAD, Config(), snapshot=path)
    assert "needs review: these policies cannot be judged; they count as open to anybody" in str(said)
    assert said.fails("high")


@pytest.fixture
def known() -> Known:
    return Known(Organization("o-exampleorg1", {SHOP}), (), date(2026, 11, 1))


def test_the_config_rule_says_so(failing: None, known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {BAD: {"p": "{}"}, GOOD: {}}
    monkeypatch.setattr(evaluation, "own_client", lambda *_, **__: None)
    monkeypatch.setattr(evaluation, "identity_names", lambda _: list(texts))
    monkeypatch.setattr(evaluation, "attached", lambda _, name: Attached(texts[name]))
    place = FunctionPlace("aws", "eu-west-1", SHOP)
    found = {one.identity: one for one in evaluation.evaluate(place, known, "vendor", (), lambda: True)}
    assert found[GOOD].compliance == "COMPLIANT"
    assert found[BAD].compliance == "NON_COMPLIANT" and found[BAD].annotation.startswith("Not judged: ")


def test_the_watch_tells_of_a_change_that_it_cannot_judge(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch._Case, "judge", lambda _: 1 / 0)
    nobody: Any = None
    at = datetime(2026, 11, 3, tzinfo=UTC)
    change = Change("e1", "DeleteEmailIdentityPolicy", EventKind.DELETES_POLICY, at, SHOP, "eu-west-1", BAD, SHOP, "p",
                    None, None, None, None)  # fmt: skip
    arn = f"arn:aws:ses:eu-west-1:{SHOP}:identity/{BAD}"
    told = watch.judge(change, Attached({}), watch.EarlierText(None, "nothing"), known, arn, nobody)
    assert told.outcome.value == "cannot be judged" and "ZeroDivisionError" in told.words
