"""What the charts draw, and what they say when there is nothing to draw."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace
from typing import Any

import matplotlib
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sesreport.core.period import Period
from sesreport.kpis.results import Basis, Kpi, Point
from sesreport.report import charts
from sesreport.report.charts.coverage_map import coverage_states

A, B, C = "000000000042", "111122223333", "210987654321"


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def bars(figure: Figure) -> list[float]:
    return [patch.get_width() for patch in figure.axes[0].patches]


def strings(*values: str | None) -> pd.Series:
    return pd.Series(list(values), dtype="string")


def monthly(**sent: int | None) -> pd.DataFrame:
    rows = [
        {"period": name[1:].replace("_", "-"), "account_id": A, "environment": "prod", "sent": value, "complete": True}
        for name, value in sent.items()
    ]
    return pd.DataFrame(rows).astype({"sent": "Int64", "complete": "boolean"})


def grants(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "account_id": A, "region": "eu-west-1", "identity": "example.com", "grantee": f"arn:aws:iam::{B}:root",
        "effect": "Allow", "grantee_account_id": B, "grantee_name": None, "scope": "external", "can_send": True,
        "registered": False, "register_status": None,
    }  # fmt: skip
    frame = pd.DataFrame([{**base, **row} for row in rows])
    return frame.astype({"can_send": "boolean", "registered": "boolean", "grantee_name": "string",
                         "register_status": "string", "grantee_account_id": "string", "effect": "string"})  # fmt: skip


def kpi(*series: float | None, target: float | None = 0.0) -> Kpi:
    points = tuple(Point(str(p), v) for p, v in zip(Period(2026, 10).back(len(series)), series, strict=True))
    return Kpi("x", "Label", "", "", "", "", "count", "lower", series[-1], None, None, target, None, "off target", "",
               None, None, points, "", True, Basis(1, 1), "kpi_x")  # fmt: skip


@pytest.mark.parametrize("name", [name for name, chart in charts.CHARTS.items() if chart.frames])
def test_a_chart_of_an_empty_frame_says_so_and_why(name: str) -> None:
    figure: Any = charts.CHARTS[name].draw(pd.DataFrame(), reason="nobody could read it")
    assert "No data\nnobody could read it" in texts(figure)
    assert figure.alt == f"{charts.CHARTS[name].title}: no data. nobody could read it"


@pytest.mark.parametrize("name", charts.CHARTS)
def test_every_chart_is_documented_and_reachable_by_name(name: str) -> None:
    assert getattr(charts, name) is charts.CHARTS[name].draw
    assert (charts.CHARTS[name].draw.__doc__ or "").strip()


def test_two_charts_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="two charts named 'changes'"):
        charts.chart("changes", "Another", "frame")(lambda frame, *, ax=None, scope="": Figure())


def test_a_month_nobody_read_is_a_gap_with_a_word_not_a_zero() -> None:
    figure = charts.CHARTS["monthly_volume"].draw(monthly(p2026_08=1000, p2026_09=None, p2026_10=3000))
    drawn = texts(figure)
    assert drawn.count("not known") == 11
    assert "1 k" in drawn
    assert "3 k" in drawn
    assert "0" not in drawn


def test_a_month_partly_read_is_a_lower_bound() -> None:
    frame = monthly(p2026_09=1000, p2026_10=3000).assign(complete=pd.array([True, pd.NA], dtype="boolean"))
    assert "≥3 k" in texts(charts.CHARTS["monthly_volume"].draw(frame))


def test_growth_is_only_told_between_months_read_whole() -> None:
    whole: Any = charts.CHARTS["monthly_volume"].draw(monthly(p2026_09=1000, p2026_10=1500))
    gap: Any = charts.CHARTS["monthly_volume"].draw(monthly(p2026_08=1000, p2026_09=None, p2026_10=1500))
    assert whole.message == "1.5 k messages sent in October 2026, 50.0 % more than the month before"
    assert gap.message == "1.5 k messages sent in October 2026"


def drawn_lines(figure: Figure) -> list[Any]:
    """The lines that stand on a figure itself."""
    return figure.findobj(Line2D)


def test_a_sparkline_breaks_at_an_unknown_month() -> None:
    figure = charts.sparkline(kpi(4.0, None, 3.0, 5.0))
    line = max(drawn_lines(figure), key=lambda found: len(found.get_ydata()))
    heights = list(line.get_ydata())
    assert heights[0] == 4.0
    assert math.isnan(heights[1])
    assert heights[2:] == [3.0, 5.0]


def test_a_sparkline_draws_the_target_and_says_first_and_last() -> None:
    figure: Any = charts.sparkline(kpi(None, 4.0, 3.0, target=2.0))
    assert any(list(line.get_ydata()) == [2.0, 2.0] for line in drawn_lines(figure))
    assert figure.alt == "2 of 3 months known: from 4 in 2026-09 to 3 in 2026-10; target ≤ 2."


@pytest.mark.parametrize(("name", "lines"), [("bounce_rate", (0.05, 0.10)), ("complaint_rate", (0.001, 0.005))])
def test_rates_stand_against_the_lines_of_aws(name: str, lines: tuple[float, float]) -> None:
    frame = pd.DataFrame({"account_id": strings(A, B), "region": strings("eu-west-1", "eu-west-1"),
                          name: pd.array([lines[0] * 1.2, None], dtype="Float64")})  # fmt: skip
    figure: Any = charts.CHARTS[name].draw(frame)
    assert {line.get_xdata()[0] for line in figure.axes[0].lines} >= set(lines)
    assert figure.message.startswith("1 place at or above AWS's")
    assert "1 not known" in figure.subtitle


def test_rates_aws_never_gave_are_no_data_not_good_news() -> None:
    frame = pd.DataFrame({"account_id": strings(A), "region": strings("eu-west-1"),
                          "bounce_rate": pd.array([None], dtype="Float64")})  # fmt: skip
    assert any(
        text.startswith("No data\nAWS gave no bounce rate") for text in texts(charts.CHARTS["bounce_rate"].draw(frame))
    )


def outside(*rows: tuple[str, str | None, int, bool | None]) -> pd.DataFrame:
    """The evidence of the KPI unknown_accounts: account, standing in the register, identities, unknown."""
    frame = pd.DataFrame(rows, columns=["grantee_account_id", "register_status", "identities", "unknown"])
    names = pd.array([None] * len(rows), dtype="string")
    return frame.assign(name=names).astype({"register_status": "string", "unknown": "boolean"})


def test_outside_accounts_come_with_their_standing_and_those_without_an_approval_first() -> None:
    accounts = outside((A, "valid", 9, False), (B, "expired", 1, True), (C, None, 2, True))
    figure: Any = charts.CHARTS["outside_accounts"].draw(grants({}), accounts)
    assert figure.message == "3 outside accounts can send as us; 1 is not registered, 1 expired"
    assert [text for text in texts(figure) if "  " in text] == [
        "2  ■ not registered", "1  ▲ expired", "9  ● approved",
    ]  # fmt: skip


def test_an_account_not_known_to_be_approved_is_not_drawn_as_approved() -> None:
    figure: Any = charts.CHARTS["outside_accounts"].draw(grants({}), outside((A, None, 1, None)))
    assert "1  ■ not registered" in texts(figure)


def test_outsiders_without_an_account_are_told_beside_the_accounts() -> None:
    unnamed = grants({"grantee_account_id": None, "grantee": "*"})
    figure: Any = charts.CHARTS["outside_accounts"].draw(unnamed, outside((A, None, 1, True)))
    assert figure.subtitle.endswith("outsiders without a named account can send as 1 identity")


def test_no_outside_account_is_said_in_words() -> None:
    figure: Any = charts.CHARTS["outside_accounts"].draw(grants({"scope": "own"}), outside())
    assert figure.message == "No account outside the organization can send as it"


def test_an_exposure_that_is_not_known_is_drawn_as_such() -> None:
    frame = pd.DataFrame(
        {"exposure": strings("public", None), "needs_review": pd.array([False, None], dtype="boolean")}
    )
    figure: Any = charts.CHARTS["exposure_by_class"].draw(frame)
    assert "Not known 1" in figure.alt
    assert "1, 1 to review" in texts(figure)


def test_excepted_findings_are_not_drawn_as_open() -> None:
    frame = pd.DataFrame({"rule": ["R1", "R2"], "title": strings("One", None), "severity": ["high", "low"],
                          "status": ["open", "excepted"]})  # fmt: skip
    figure: Any = charts.CHARTS["findings_by_rule"].draw(frame)
    assert figure.message == "1 finding open; 1 high, led by “One”"
    assert bars(figure) == [1]


def test_a_blank_owner_is_no_owner() -> None:
    frame = pd.DataFrame({"account_id": strings(A, A, A), "owner": strings("team", " ", None)})
    figure: Any = charts.CHARTS["ownership"].draw(frame)
    assert figure.message == "2 of 3 identities without an owner, in 1 account"


def covered(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Coverage of these datasets, and of the identities where no row says otherwise."""
    told = {(account, region, dataset): status for account, region, dataset, status in rows}
    for account, region, dataset, _ in rows:
        if dataset != "everything":
            told.setdefault((account, region, "identities"), "ok")
            told.setdefault((account, region, "policies"), "ok")
    made = [(*place, status, 1) for place, status in told.items()]
    return pd.DataFrame(made, columns=["account_id", "region", "dataset", "status", "rows"])


def test_a_place_is_drawn_as_the_coverage_counts_it() -> None:
    states = coverage_states(
        covered((A, "r1", "policies", "denied"), (A, "r2", "everything", "region_disabled"),
                (B, "r1", "everything", "denied"), (C, "r1", "metrics", "denied"), (C, "r2", "metrics", "ok"),
                (C, "global", "regions", "ok"))
    )  # fmt: skip
    assert states.loc[A].to_dict() == {"r1": "not read", "r2": "not offered or off"}
    assert states.loc[B].to_dict() == {"r1": "not read", "r2": "not tried"}
    assert states.loc[C].to_dict() == {"r1": "partly read", "r2": "read"}


def test_the_coverage_chart_counts_the_places_it_marks() -> None:
    frame = covered((A, "r1", "policies", "denied"), (B, "r1", "metrics", "denied"), (C, "r1", "metrics", "ok"))
    figure: Any = charts.CHARTS["coverage"].draw(frame)
    assert figure.message == "1 of 3 places could not be read, 1 more only in part"
    assert {"× not read 1", "/ partly read 1", "read 1"} <= set(texts(figure))


def test_a_dataset_that_says_its_region_is_off_in_a_region_that_is_on_was_not_read() -> None:
    states = coverage_states(covered((A, "r1", "policies", "region_disabled"), (B, "r1", "metrics", "region_disabled")))
    assert states["r1"].to_dict() == {A: "not read", B: "partly read"}


def test_a_chart_draws_on_given_axes_and_leaves_the_analysts_settings_alone() -> None:
    before = dict(matplotlib.rcParams)
    mine = Figure()
    left, right = mine.subplots(1, 2)
    frame = pd.DataFrame({"account_id": strings(A), "owner": strings(None)})
    assert charts.CHARTS["ownership"].draw(frame, ax=left) is mine
    charts.CHARTS["outside_accounts"].draw(grants({}), outside((B, None, 1, True)), ax=right)
    assert "without an owner" in left.get_title(loc="left")
    assert "Without an owner" in mine.alt  # type: ignore[attr-defined]
    assert "outside account" in mine.alt  # type: ignore[attr-defined]
    assert dict(matplotlib.rcParams) == before


def test_a_figure_shows_itself_in_a_notebook_with_its_alternative_text() -> None:
    figure: Any = charts.CHARTS["outside_accounts"].draw(grants({}), outside((B, None, 1, True)))
    data, metadata = figure._repr_mimebundle_()
    assert data["image/png"].startswith("iVBOR")
    assert metadata["image/png"]["alt"] == figure.alt != ""


def test_the_reason_for_no_data_comes_from_coverage() -> None:
    rows = [(place, dataset, "denied" if (place, dataset) == (B, "metrics") else "ok", 1)
            for place in (A, B) for dataset in ("metrics", "identities", "policies")]  # fmt: skip
    coverage = pd.DataFrame(rows, columns=["account_id", "dataset", "status", "rows"]).assign(region="r1")
    frames = {"coverage": coverage, "daily": pd.DataFrame(), "grants": pd.DataFrame()}
    assert charts.why_empty("daily", frames) == "metrics: read in 1 of 2 places (account × Region)"
    assert charts.why_empty("grants", frames) == "everything was read and there is nothing in the frame grants"
    assert charts.why_empty("register", {}) == "the frame register is not part of this pack"


def test_what_nobody_could_open_or_resolve_is_not_drawn_as_none() -> None:
    opened = dataclasses.replace(kpi(None, 4.0, 0.0), id="findings_opened")
    resolved = dataclasses.replace(kpi(None, 1.0, 7.0), id="findings_resolved")
    results: Any = SimpleNamespace(kpis=(opened, resolved), period="2026-10")
    figure: Any = charts.CHARTS["findings_flow"].draw(results)
    assert figure.message == "Findings in October 2026: 7 resolved, 0 opened"
    drawn = texts(figure)
    assert drawn[-3:] == ["0", "7", "?"]  # a mean that nobody knows is not one of none
    assert drawn.count("?") == 11 * 3 + 2
    assert "–" not in drawn
    assert "2026-08 not known opened, not known resolved; 2026-09 4 opened, 1 resolved" in figure.alt
