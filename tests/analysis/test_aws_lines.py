"""Which of AWS's lines a place has reached: asked in one way by every output."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from estate import DEV, EU, SHOP, US, Estate

from sesreport.analysis.aws_lines import accounts_over, over, reached, told


def rates(*values: float | None) -> pd.Series:
    return pd.Series(pd.array(list(values), dtype="Float64"))


@pytest.mark.parametrize(
    ("rate", "values", "lines"),
    [
        ("bounce_rate", (0.0499, 0.05, 0.0999, 0.10), ["below", "review", "review", "pause"]),
        ("complaint_rate", (0.0009, 0.001, 0.0049, 0.005), ["below", "review", "review", "pause"]),
    ],
)
def test_a_line_is_reached_at_its_value(rate: str, values: tuple[float, ...], lines: list[str]) -> None:
    assert reached(rates(*values), rate).tolist() == lines


def test_a_rate_that_is_not_known_is_not_below_the_lines() -> None:
    assert reached(rates(None), "bounce_rate").isna().all()
    assert over(rates(None), "bounce_rate").isna().all()


def places(*rows: tuple[str, float | None, float | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["account_id", "bounce_rate", "complaint_rate"])
    return frame.astype({"account_id": "string", "bounce_rate": "Float64", "complaint_rate": "Float64"})


def test_an_account_is_over_a_line_when_one_of_its_places_is() -> None:
    assert accounts_over(places((SHOP, 0.01, None), (SHOP, 0.05, 0.0), (DEV, None, 0.001))) == sorted([SHOP, DEV])
    assert accounts_over(places((SHOP, 0.01, None))) == []
    assert accounts_over(places((SHOP, None, None))) is None


def test_the_lines_are_told_with_the_gravest_first() -> None:
    rows = places((SHOP, 0.06, 0.006), (SHOP, 0.0, 0.0), (SHOP, 0.0, None), (SHOP, 0.06, None))
    assert told(rows).tolist()[:2] == ["complaint pause line (0.5 %); bounce review line (5 %)", "none"]
    assert pd.isna(told(rows)[2])
    assert told(rows)[3] == "bounce review line (5 %)"


def test_a_rate_of_a_place_that_could_not_be_asked_for_its_status_is_not_lost(tmp_path: Path) -> None:
    estate = (
        Estate()
        .quota(1000.0, region=EU)
        .days("Reputation.BounceRate", {"2026-10-05": 0.02, "2026-10-06": 0.06}, region=US)
        .gap(SHOP, US, "sending_accounts")
    )
    analysis = estate.analysis(tmp_path)
    found = analysis.sending_accounts.set_index("region")
    assert found["bounce_line"].isna()[EU]
    assert found.loc[US, ["bounce_rate", "bounce_line"]].tolist() == [0.06, "review"]
    assert accounts_over(analysis.sending_accounts) == [SHOP]
