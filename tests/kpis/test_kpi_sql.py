"""Every KPI and its breakdowns, computed a second time in plain SQL from the files of the pack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from estate import STRANGER, Estate, policy
from plain_sql import GROUPS, ROWS, PackSql
from random_estates import random_estate
from tests_shared import TIMES

from sesreport.analysis import Analysis
from sesreport.kpis.registry import kpis
from sesreport.kpis.results import NOT_MEASURABLE, Results
from sesreport.kpis.scorecard import Scorecard, score
from sesreport.report.build import write_data
from sesreport.report.contents import Pack

NAMES = ("demo", *(f"random {seed}" for seed in range(2 * TIMES)))
IT_TAKES_TWO = ("findings_opened", "findings_resolved")
"""Not known from one snapshot alone."""
MAY_HAVE_NO_ROWS = (
    "median_time_to_remediate",
    "mean_time_to_remediate", "billed_cost", "cost_per_thousand_delivered", "avoidable_cost", "cost_with_owner",
    "budget_used", "reviews_overdue", "share_answered_keep", "oldest_unreviewed_grant",
)  # fmt: skip
"""Of a month in which nothing was resolved, of costs that nobody told, and of grants that nobody has to answer for."""
KEYS = ["kpi", "dimension", "group"]


@dataclass(frozen=True)
class Made:
    """A pack's numbers, as the package has them and as SQL finds them in its files."""

    results: Results
    frame: pd.DataFrame
    sql: PackSql

    def values(self, dimension: str) -> dict[tuple[str, str], float | None]:
        """Value by KPI and group; None where it is not known."""
        rows = self.frame[self.frame["dimension"] == dimension]
        values = (None if pd.isna(value) else float(value) for value in rows["value"])
        return dict(zip(zip(rows["kpi"], rows["group"], strict=True), values, strict=True))


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    return {}


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.random) for name in NAMES])
def made(
    request: pytest.FixtureRequest, packs: dict[str, Made], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Made]:
    name = request.param
    if name not in packs:
        folder = tmp_path_factory.mktemp("pack")
        if name == "demo":
            analysis, card = (request.getfixturevalue(each) for each in ("demo_analysis", "demo_card"))
        else:
            analysis = random_estate(int(name.split()[1])).analysis(folder / "snapshots")
            card = score(analysis)
        packs[name] = _made(analysis, card, folder)
    yield packs[name]


@pytest.fixture(scope="module")
def two_months(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A small organization in which one open policy is closed and another opened from one month to the next."""
    folder = tmp_path_factory.mktemp("two")
    before = Estate(datetime(2026, 10, 2, 6, tzinfo=UTC)).identity(policies={"old": policy("*")})
    now = Estate().identity(policies={"new": policy(STRANGER)})
    analysis = now.analysis(folder / "now", previous=before.analysis(folder / "before"))
    return _made(analysis, score(analysis), folder)


def _made(analysis: Analysis, card: Scorecard, folder: Path) -> Made:
    frames = {**analysis.frames, **card.frames}
    write_data(Pack(card.results, frames), folder)
    budget = analysis.config.costs.budget
    sql = PackSql(folder, analysis.period.start, analysis.period.end, None if budget is None else budget.amount)
    return Made(card.results, frames["kpi_breakdown"], sql)


def test_every_kpi_has_its_sql() -> None:
    assert {definition.id for definition in kpis()} == set(ROWS)


def test_every_kpi_is_what_sql_computes(made: Made) -> None:
    found = {kpi.id: kpi.value for kpi in made.results.kpis if kpi.id not in IT_TAKES_TWO}
    assert found == {name: _near(made.sql.value(name)) for name in found}


def test_what_came_and_went_is_what_sql_computes(two_months: Made) -> None:
    found = {kpi.id: kpi.value for kpi in two_months.results.kpis if kpi.id in IT_TAKES_TWO}
    assert found == {name: two_months.sql.value(name) for name in IT_TAKES_TWO}
    assert sum(found.values()) > 0
    for name in IT_TAKES_TWO:
        groups = {key[1]: value for key, value in two_months.values("account").items() if key[0] == name}
        expected = two_months.sql.groups(name, "account")
        assert {group: groups[group] for group in expected} == expected


def test_every_kpi_is_broken_down(made: Made) -> None:
    without = {name for name in MAY_HAVE_NO_ROWS if made.results.kpi(name).value is None}
    for dimension in GROUPS:
        assert {kpi for kpi, _ in made.values(dimension)} - without == set(ROWS) - without - {*IT_TAKES_TWO}


@pytest.mark.parametrize("dimension", GROUPS)
def test_every_group_is_what_sql_computes(made: Made, dimension: str) -> None:
    """Of groups with anything in them, and of which something was read; of the others there is nothing to compute."""
    rows = made.frame[(made.frame["dimension"] == dimension) & (made.frame["kpi"] != "coverage")]
    read = rows[rows["places_read"] > 0].set_index(["kpi", "group"])["value"]
    expected = {
        (kpi, group): _near(value)
        for kpi in rows["kpi"].unique()
        for group, value in made.sql.groups(kpi, dimension).items()
        if (kpi, group) in read.index
    }
    found = {key: None if pd.isna(read[key]) else float(read[key]) for key in expected}
    assert found == expected


@pytest.mark.parametrize("dimension", ["account", "environment", "ou"])
def test_every_group_says_what_it_rests_on(made: Made, dimension: str) -> None:
    rows = made.frame[made.frame["dimension"] == dimension]
    for kpi in rows["kpi"].unique():
        of = rows[(rows["kpi"] == kpi) & (rows["places_expected"] > 0)]
        found = {row["group"]: (row["places_read"], row["places_expected"]) for row in of.to_dict("records")}
        assert found == made.sql.read_places(kpi, dimension)


def test_the_overall_row_is_the_scorecard_s(made: Made) -> None:
    assert made.values("overall") == {(kpi.id, "overall"): kpi.value for kpi in made.results.kpis}


def test_what_was_not_read_is_not_known(made: Made) -> None:
    """Where a KPI rests on what is read there; the bill tells what an account costs that nobody could read."""
    anywhere = [definition.id for definition in kpis() if not definition.datasets]
    unread = made.frame[(made.frame["places_read"] == 0) & ~made.frame["kpi"].isin(anywhere)]
    assert unread["value"].isna().all()
    assert (unread["status"] == NOT_MEASURABLE).all()
    assert unread.loc[unread["dimension"] != "overall", "reason"].notna().all()


@pytest.mark.parametrize("dimension", GROUPS)
def test_the_groups_of_a_dimension_add_up_to_the_whole(made: Made, dimension: str) -> None:
    """What is counted or summed; distinct accounts may be of several groups."""
    frame = made.frame
    summed = frame[(frame["dimension"] == dimension) & frame["numerator"].notna()]
    sums = summed.groupby("kpi")["numerator"].sum()
    for kpi in made.results.kpis:
        if kpi.unit in ("count", "share") and kpi.id in sums and kpi.id not in ("unknown_accounts", "quota_use"):
            if kpi.id == "accounts_under_review" and dimension == "owner":
                continue
            whole = kpi.value if kpi.id == "budget_used" else kpi.numerator
            assert sums[kpi.id] == pytest.approx(whole or 0), kpi.id


def _near(value: float | None) -> object:
    return None if value is None else pytest.approx(float(value), rel=1e-9, abs=1e-12)
