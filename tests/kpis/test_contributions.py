"""What contributions add up to, and what cannot be judged does to a status."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from estate import DEV, EU, SHOP, STRANGER, THIRD, US, Estate, policy

from sesreport.kpis.contributions import COUNT, DISTINCT, HIGHEST, LOWEST, RATIO, SUM, contributions
from sesreport.kpis.registry import measured
from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH
from sesreport.kpis.scorecard import Scorecard, score

MONTH = "2026-10"
NA = pd.NA


def value(reduction: str, *rows: tuple[object, object, object]) -> tuple[float | None, float | None, float | None, int]:
    """Value, numerator, denominator and unknown of rows of numerator, denominator and what is counted."""
    frame = pd.DataFrame(rows, columns=["numerator", "denominator", "counted"]).assign(account_id="210000000001")
    numbers = {name: frame[name].astype("Float64") for name in ("numerator", "denominator")}
    found = measured(contributions(frame, reduction, MONTH, **numbers), frame)
    return found.value, found.numerator, found.denominator, found.unknown


@pytest.mark.parametrize(
    ("reduction", "rows", "expected"),
    [
        (COUNT, [], (0, 0, 0, 0)),
        (COUNT, [(1, 1, NA), (0, 1, NA), (NA, 1, NA)], (1, 1, 3, 1)),
        (COUNT, [(NA, 1, NA)], (None, 0, 1, 1)),
        (DISTINCT, [(1, 1, "a"), (1, 1, "a"), (0, 1, "b"), (NA, 1, NA)], (1, 1, 2, 1)),
        (DISTINCT, [(0, NA, NA)], (0, 0, 0, 0)),
        (SUM, [], (None, None, None, 0)),
        (SUM, [(3, NA, NA), (NA, NA, NA)], (3, None, None, 0)),
        (RATIO, [(1, 2, NA), (3, 3, NA), (NA, 5, NA), (5, NA, NA)], (0.8, 4, 5, 1)),
        (RATIO, [(0, 0, NA)], (None, 0, 0, 0)),
        (RATIO, [], (None, None, None, 0)),
        (HIGHEST, [(1, 4, NA), (3, 5, NA), (9, 0, NA), (NA, 1, NA)], (0.6, 3, 5, 0)),
        (HIGHEST, [(0.02, NA, NA), (0.01, NA, NA)], (0.02, None, None, 0)),
        (LOWEST, [(0.02, NA, NA), (-0.01, NA, NA)], (-0.01, None, None, 0)),
    ],
)
def test_rows_add_up(reduction: str, rows: list[tuple[object, object, object]], expected: tuple[object, ...]) -> None:
    assert value(reduction, *rows) == expected


def test_earlier_months_are_reduced_from_the_same_rows() -> None:
    frame = pd.DataFrame({"account_id": ["1", "1", "2"], "period": ["2026-09", "2026-10", "2026-10"]})
    found = measured(contributions(frame, COUNT, MONTH), frame)
    assert (found.value, dict(found.history)) == (2, {"2026-09": 1})


def test_a_reduction_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'mean' is none of count"):
        contributions(pd.DataFrame({"account_id": []}), "mean", MONTH)


def _status(card: Scorecard, kpi: str, dimension: str, group: str) -> tuple[object, str]:
    rows = card.frames["kpi_breakdown"].set_index(["kpi", "dimension", "group"])
    row = rows.loc[(kpi, dimension, group)]
    return None if pd.isna(row["value"]) else row["value"], row["status"]


def test_what_cannot_be_judged_lets_nothing_be_on_target(tmp_path: Path) -> None:
    estate = (
        Estate().identity("a.example.com", {"p": "{"}).identity("b.example.com").identity("c.example.com", account=DEV)
    )
    card = score(estate.analysis(tmp_path))
    kpi = card.results.kpi("public_identities")
    assert (kpi.value, kpi.status) == (0, WATCH)
    assert "1 could not be judged" in kpi.reason
    assert _status(card, "public_identities", "account", SHOP) == (0, WATCH)
    assert _status(card, "public_identities", "account", DEV) == (0, ON_TARGET)


def test_a_group_read_in_part_counts_what_was_found_and_one_unread_nothing(tmp_path: Path) -> None:
    estate = Estate().identity(policies={"p": policy("*")}).gap(SHOP, US, "everything").gap(THIRD, EU, "everything")
    estate.identity(policies={"p": policy(STRANGER)}, account=DEV)
    card = score(estate.analysis(tmp_path))
    assert _status(card, "public_identities", "account", SHOP) == (1, OFF_TARGET)
    assert _status(card, "public_identities", "account", DEV) == (0, ON_TARGET)
    assert _status(card, "public_identities", "account", THIRD) == (None, NOT_MEASURABLE)
    assert _status(card, "public_identities", "environment", "prod") == (1, OFF_TARGET)
    assert _status(card, "coverage", "account", THIRD) == (0, OFF_TARGET)


def test_the_owner_is_the_identity_s_else_the_account_s(tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com", {"p": policy("*")}, tags={"owner": "crm"})
    estate.identity("b.example.com", {"p": policy("*")}).days("Send", {"2026-10-02": 5.0})
    card = score(estate.analysis(tmp_path))
    assert _status(card, "public_identities", "owner", "crm")[0] == 1
    assert _status(card, "public_identities", "owner", "(no owner)")[0] == 1
    assert _status(card, "public_identities", "owner", "platform")[0] == 0
    assert _status(card, "sent_volume", "owner", "platform")[0] == 5


def test_a_group_has_the_value_of_the_month_before(tmp_path: Path) -> None:
    before = Estate().identity(policies={"p": policy("*")}).analysis(tmp_path / "a")
    before.period = before.period.shift(-1)
    now = Estate().identity().days("Send", {"2026-09-02": 7.0, "2026-10-02": 5.0})
    card = score(now.analysis(tmp_path / "b", previous=before))
    rows = card.frames["kpi_breakdown"].set_index(["kpi", "dimension", "group"])["prior"]
    assert rows["public_identities", "account", SHOP] == rows["public_identities", "overall", "overall"] == 1
    assert rows["sent_volume", "environment", "prod"] == rows["sent_volume", "overall", "overall"] == 7
