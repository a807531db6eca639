"""What a missing day means: zero where it was read, else not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from small_organizations import extended, gap, metric

from sesreport.analysis import Analysis
from sesreport.analysis.sending_series import sending_series
from sesreport.findings.examples import OWN, REGION, Example

ORDINARY = tuple(500.0 + day * 37 % 80 for day in range(150))


def sent(analysis: Analysis) -> dict[str, float]:
    series = sending_series(analysis)
    return dict(zip(series.days.strftime("%m-%d"), series["sent"][0], strict=True)) if len(series.places) else {}


def test_a_day_without_a_point_is_zero_where_the_place_was_read(tmp_path: Path) -> None:
    made = sent(Example(sent=(5.0, 0.0, 7.0)).analysis(tmp_path))
    assert made == {"10-29": 5.0, "10-30": 0.0, "10-31": 7.0}


def test_days_before_the_first_message_are_not_known(tmp_path: Path) -> None:
    made = sent(Example(sent=(0.0, 0.0, 7.0)).analysis(tmp_path))
    assert made == {"10-31": 7.0}


def test_a_day_without_a_point_is_not_known_where_the_place_was_not_read_whole(tmp_path: Path) -> None:
    base = Example(sent=(5.0, 0.0, 7.0))
    made = sent(_unread(base, tmp_path))
    assert np.isnan(made["10-30"])


def test_a_place_that_was_not_read_is_not_silent(tmp_path: Path) -> None:
    stopped = (*ORDINARY[:-10], *[0.0] * 10)
    assert len(Example(sent=stopped).analysis(tmp_path / "read").anomalies) == 1
    assert _unread(Example(sent=stopped), tmp_path / "unread").anomalies.empty


def _unread(example: Example, folder: Path) -> Analysis:
    """The example with its metrics denied after the first of them."""
    made = example.analysis(folder)
    coverage = made.snapshot.coverage
    coverage.loc[coverage["dataset"] == "metrics", "status"] = "denied"
    return made


def test_bounces_nobody_listed_are_zero_for_two_weeks_and_unknown_before(tmp_path: Path) -> None:
    series = sending_series(Example(sent=ORDINARY).analysis(tmp_path))
    bounces = series["bounces"][0]
    assert (bounces[-14:] == 0).all()
    assert np.isnan(bounces[:-14]).all()


def test_no_account_that_sent_makes_empty_frames(tmp_path: Path) -> None:
    analysis = Example().analysis(tmp_path)
    assert analysis.anomalies.empty
    assert analysis.forecasts.empty


def test_rates_of_aws_alone_make_no_series(tmp_path: Path) -> None:
    analysis = extended(tmp_path, Example(), metrics=[metric("Reputation.BounceRate", "2026-10-31", 0.01)])
    assert len(sending_series(analysis).places) == 0


def test_the_abused_sandbox_of_the_demonstration_is_found_in_every_way(demo_analysis: Analysis) -> None:
    found = demo_analysis.anomalies
    sandbox = found[(found["account_id"] == "210000000017") & found["in_period"]].set_index("kind")
    assert set(sandbox.index) == {"volume spike", "sudden bounce rate", "sudden complaint rate"}
    assert sandbox.loc["volume spike", "severity"] == "critical"
    assert (sandbox["first_day"] == pd.Timestamp("2026-10-15", tz="UTC")).all()
    assert (sandbox["last_day"] == pd.Timestamp("2026-10-16", tz="UTC")).all()


def test_findings_fire_on_what_went_wrong_in_the_demonstration_and_on_nothing_else(demo_analysis: Analysis) -> None:
    findings = demo_analysis.findings
    ours = findings[findings["rule"].isin(["volume_spike", "silent_sender", "sudden_rate"])]
    found: set[tuple[Any, ...]] = set(ours[["rule", "account_id", "region"]].itertuples(index=False, name=None))
    assert found == {
        ("volume_spike", "210000000017", "us-east-1"),
        ("sudden_rate", "210000000017", "us-east-1"),
        ("sudden_rate", "210000000008", "eu-west-1"),
    }


def test_the_demonstration_s_earlier_episodes_are_found_too(demo_analysis: Analysis) -> None:
    found = demo_analysis.anomalies
    grave = found[found["severity"].isin(["critical", "high"]) & ~found["in_period"]]
    assert set(grave["account_id"]) == {"210000000010", "210000000013"}


def test_a_forecast_stands_for_every_place_and_line(demo_analysis: Analysis) -> None:
    made = demo_analysis.forecasts
    assert (made.groupby(["account_id", "region"]).size() == 5).all()
    assert len(made.groupby(["account_id", "region"])) == len(sending_series(demo_analysis).places)
    for row in made.dropna(subset=["crosses_at"]).itertuples():
        assert row.earliest_at <= row.crosses_at


def test_a_place_that_was_not_read_whole_keeps_what_is_known_of_it(tmp_path: Path) -> None:
    analysis = extended(
        tmp_path, Example(sent=ORDINARY), coverage=[gap("210000000002", REGION, "metrics")],
        metrics=[metric("Send", "2026-10-31", 9.0, account="210000000002")],
    )  # fmt: skip
    series = sending_series(analysis)
    values = dict(zip(series.places["account_id"], series["sent"], strict=True))
    assert values["210000000002"][-1] == 9.0
    assert np.isfinite(values[OWN]).all()
