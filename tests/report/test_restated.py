"""Months whose cost an earlier pack told otherwise."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path

from sesreport.kpis.results import Kpi, Point, Results
from sesreport.report.contents import Pack
from sesreport.report.restated import restated_costs


def told(pack: Pack, period: str, costs: dict[str, float], *, currency: str = "USD", organization: str = "") -> Results:
    """Results of a period that tell what months cost."""
    results = pack.results
    cost = results.find_kpi("billed_cost") or results.kpis[0]
    series = tuple(Point(month, value) for month, value in costs.items())
    changed: Kpi = dataclasses.replace(
        cost, id="billed_cost", unit="money", currency=currency, value=costs.get(period), series=series
    )
    others = tuple(kpi for kpi in results.kpis if kpi.id != "billed_cost")
    return dataclasses.replace(
        results, period=period, kpis=(changed, *others), organization_id=organization or results.organization_id
    )


def kept(results: Results, output: Path) -> None:
    folder = output / results.period
    folder.mkdir()
    (folder / "results.json").write_text(results.to_json(), encoding="utf-8")


def differences(results: Results, output: Path) -> dict[str, tuple[str, Decimal]]:
    found = restated_costs(results, output)
    return {row["period"]: (row["told_in"], row["difference"]) for row in found.to_dict("records")}


def test_a_month_that_the_month_before_told_otherwise_is_restated(demo_pack: Pack, tmp_path: Path) -> None:
    kept(told(demo_pack, "2026-09", {"2026-08": 90.0, "2026-09": 100.0}), tmp_path)
    now = told(demo_pack, "2026-10", {"2026-08": 90.0, "2026-09": 103.5, "2026-10": 110.0})
    assert differences(now, tmp_path) == {"2026-09": ("2026-09", Decimal("3.5"))}


def test_the_pack_that_is_replaced_comes_first(demo_pack: Pack, tmp_path: Path) -> None:
    kept(told(demo_pack, "2026-09", {"2026-09": 100.0}), tmp_path)
    kept(told(demo_pack, "2026-10", {"2026-09": 101.0, "2026-10": 110.0}), tmp_path)
    now = told(demo_pack, "2026-10", {"2026-09": 103.5, "2026-10": 108.0})
    assert differences(now, tmp_path) == {
        "2026-09": ("2026-10", Decimal("2.5")), "2026-10": ("2026-10", Decimal(-2))
    }  # fmt: skip


def test_made_again_from_the_same_a_pack_tells_the_same(demo_pack: Pack, tmp_path: Path) -> None:
    kept(told(demo_pack, "2026-09", {"2026-09": 100.0}), tmp_path)
    now = told(demo_pack, "2026-10", {"2026-09": 103.5, "2026-10": 110.0})
    first = differences(now, tmp_path)
    kept(now, tmp_path)
    assert differences(now, tmp_path) == first != {}


def test_packs_in_another_currency_or_of_others_or_broken_tell_nothing(demo_pack: Pack, tmp_path: Path) -> None:
    now = told(demo_pack, "2026-10", {"2026-09": 103.5, "2026-10": 110.0})
    assert differences(now, tmp_path) == {}
    kept(told(demo_pack, "2026-09", {"2026-09": 100.0}, currency="EUR"), tmp_path)
    assert differences(now, tmp_path) == {}
    kept(told(demo_pack, "2026-10", {"2026-09": 100.0}, organization="o-another"), tmp_path)
    assert differences(now, tmp_path) == {}
    (tmp_path / "2026-10" / "results.json").write_text("{")
    assert differences(now, tmp_path) == {}
