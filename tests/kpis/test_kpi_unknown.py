"""What is not known is never zero and never on target."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from estate import DEV, EU, OCTOBER, SHOP, STRANGER, THIRD, US, VENDOR, Estate, policy

from sesreport.analysis import Analysis
from sesreport.core.errors import ConfigError
from sesreport.core.period import Period
from sesreport.findings.findings import found
from sesreport.kpis.registry import kpis
from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH, Basis, Coverage, Kpi, standing
from sesreport.kpis.scorecard import Scorecard, check_kpi_names, coverage_of, judge, score
from sesreport.settings.config import Budget, Config, Costs, KpiSetting, Review

IDS = [definition.id for definition in kpis()]


def measured(estate: Estate, name: str, folder: Path, config: Config | None = None) -> Kpi:
    (kpi,) = judge(estate.analysis(folder, config), name)
    return kpi


def everything(analysis: Analysis) -> dict[str, Kpi]:
    return {kpi.id: kpi for kpi in judge(analysis, *IDS)}


def evidence(estate: Estate, name: str, folder: Path) -> pd.DataFrame:
    """The frame behind a KPI."""
    (definition,) = [each for each in kpis() if each.id == name]
    return definition.measure(estate.analysis(folder)).frame


def covered(estate: Estate, folder: Path) -> Coverage:
    return coverage_of(estate.analysis(folder))


def rated(value: float | None, target: float, folder: Path, **setting: float) -> Kpi:
    """The bounce rate where AWS says ``value``."""
    estate = Estate().place()
    if value is not None:
        estate.days("Reputation.BounceRate", {"2026-10-02": value})
    config = Config(kpis={"bounce_rate": KpiSetting(target=target, **setting)})
    return measured(estate, "bounce_rate", folder, config)


@pytest.fixture(scope="module")
def unread(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kpi]:
    """Every place was expected, and none read."""
    estate = Estate()
    for account in (SHOP, DEV, THIRD):
        estate.gap(account, EU, "everything")
    return everything(estate.analysis(tmp_path_factory.mktemp("unread")))


@pytest.fixture(scope="module")
def unasked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kpi]:
    """All accounts are suspended, so no place was expected."""
    estate = Estate()
    for account in (SHOP, DEV, THIRD):
        estate.gap(account, "global", "everything", "skipped")
    return everything(estate.analysis(tmp_path_factory.mktemp("unasked")))


@pytest.fixture(scope="module")
def whole_and_partial(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Kpi], dict[str, Kpi]]:
    """Three of three places read, everything in them as it should be; then three of four."""
    limit = {"StringEquals": {"ses:FromAddress": "news@example.com"}}
    estate = Estate().identity(policies={"p": policy(VENDOR, Condition=limit)}, tags={"owner": "shop"})
    estate.register[0]["approved_at"] = datetime(2026, 9, 1, tzinfo=UTC)
    estate.place(DEV, EU).place(THIRD, EU).days("Send", {"2026-10-02": 5.0}).quota(100.0)
    for metric in ("Delivery", "Bounce", "Complaint"):
        estate.days(metric, {"2026-10-02": 5.0 if metric == "Delivery" else 0.0})
    estate.days("Reputation.BounceRate", {"2026-10-02": 0.0}).days("Reputation.ComplaintRate", {"2026-10-02": 0.0})
    estate.change("2026-10-02T00:00", "PutIdentityPolicy", "p", policy("*"))
    estate.change("2026-10-03T00:00", "DeleteIdentityPolicy", "p")
    folder = tmp_path_factory.mktemp("places")
    previous = _before(folder / "before")
    costs = Costs(budget=Budget(amount=Decimal(10), currency="USD"))
    config = Config(costs=costs, review=Review(first="2026-Q4"))
    whole = everything(estate.analysis(folder / "whole", config, previous=previous))
    estate.gap(THIRD, US, "everything")
    return whole, everything(estate.analysis(folder / "partial", config, previous=previous))


@pytest.mark.parametrize("name", IDS)
def test_nothing_read_is_not_measurable(name: str, unread: dict[str, Kpi]) -> None:
    kpi = unread[name]
    if name == "coverage":  # that nothing was read is known
        assert (kpi.value, kpi.numerator, kpi.denominator, kpi.status) == (0, 0, 3, OFF_TARGET)
    else:
        assert (kpi.value, kpi.status) == (None, NOT_MEASURABLE)


@pytest.mark.parametrize("name", IDS)
def test_nothing_expected_is_not_measurable(name: str, unasked: dict[str, Kpi]) -> None:
    assert unasked[name].status == NOT_MEASURABLE


@pytest.mark.parametrize(
    ("dataset", "status"), [("everything", "denied"), ("regions", "error"), ("regions", "ok"), ("accounts", "ok")]
)
def test_an_account_whose_regions_are_not_known_is_expected_and_not_read(
    dataset: str, status: str, tmp_path: Path
) -> None:
    """A list of Regions without a row, as the estate's are, tells nothing."""
    analysis = Estate().place(SHOP).gap(DEV, "global", dataset, status).analysis(tmp_path)
    (kpi,) = judge(analysis, "coverage")
    assert coverage_of(analysis).accounts == Basis(1, 2)
    assert kpi.coverage == coverage_of(analysis).places == Basis(1, 2)


def test_an_account_that_listed_no_region_is_expected_though_all_seem_disabled(tmp_path: Path) -> None:
    estate = Estate().place(SHOP).gap(DEV, "global", "regions", "ok").gap(DEV, EU, "everything", "region_disabled")
    assert covered(estate, tmp_path).accounts == Basis(1, 2)


def test_an_account_whose_regions_are_all_disabled_or_without_ses_is_not_expected(tmp_path: Path) -> None:
    estate = Estate().place(SHOP).gap(DEV, EU, "everything", "region_disabled")
    estate.gap(DEV, US, "everything", "not_offered")
    assert covered(estate, tmp_path).accounts == Basis(1, 1)


def test_accounts_nobody_tried_to_read_are_told_on_page_one_by_how_they_count(tmp_path: Path) -> None:
    estate = Estate().place(SHOP).gap(DEV, "global", "everything", "skipped").gap(THIRD, EU, "everything", "skipped")
    assert covered(estate, tmp_path).statement == (
        "Based on 1 of 2 accounts and 1 of 2 places (account × Region). 1 account is suspended or closing and not "
        "counted. 1 account is left out by the configuration and counts as not read."
    )


def test_without_a_register_page_one_tells_why_every_outside_account_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    estate = Estate().place(SHOP)
    assert "register" not in covered(estate, tmp_path / "with").statement
    estate.register = []
    results = score(estate.analysis(tmp_path / "without")).results
    why = " There is no register of approved accounts, so every outside account counts as unknown."
    assert results.coverage.statement.endswith(why)
    assert results.verdict[-1] == results.coverage.statement
    Path("data").mkdir()
    Path("data/register.csv").write_text("account_id,name\n")
    assert " The register lists no account, so" in covered(estate, tmp_path / "empty").statement


def test_a_group_whose_regions_are_not_known_says_why_it_has_no_value(tmp_path: Path) -> None:
    card = score(Estate().place(SHOP).gap(DEV, "global", "regions", "error").analysis(tmp_path))
    groups = card.frames["kpi_breakdown"].query("kpi == 'public_identities' and dimension == 'account'")
    row = groups.set_index("group").loc[DEV]
    assert pd.isna(row["value"])
    assert (row["places_read"], row["places_expected"], row["reason"]) == (0, 1, "Not read: 1 error.")


def test_a_dataset_whose_region_is_said_to_be_off_is_a_gap(tmp_path: Path) -> None:
    gaps = covered(Estate().place(SHOP).gap(SHOP, EU, "policies", "region_disabled"), tmp_path).gaps
    assert [(gap.dataset, gap.status) for gap in gaps] == [("policies", "region_disabled")]


def test_a_region_that_is_not_enabled_is_no_gap(tmp_path: Path) -> None:
    assert covered(Estate().place(SHOP).gap(SHOP, US, "everything", "region_disabled"), tmp_path).gaps == ()


def test_what_was_found_where_no_place_was_read_whole_is_told_and_no_value(tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com", {"p": policy("*")}).identity("b.example.com", read=False)
    kpi = measured(estate, "public_identities", tmp_path)
    assert (kpi.value, kpi.numerator, kpi.denominator) == (None, 1, None)
    assert kpi.reason == "No place it rests on could be read whole. 1 of 2 identities; 1 more need review."


def test_an_identity_that_shows_no_policy_beside_one_that_was_not_read_has_none(tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com").identity("b.example.com", read=False)
    exposures = estate.analysis(tmp_path).exposures.set_index("identity")
    assert exposures.loc["a.example.com", "exposure"] == "none"
    assert pd.isna(exposures.loc["b.example.com", "exposure"])


@pytest.mark.parametrize("dataset", ["policies", "everything"])
def test_an_identity_that_shows_no_policy_where_none_was_read_is_not_known(dataset: str, tmp_path: Path) -> None:
    analysis = Estate().identity().gap(SHOP, EU, dataset).analysis(tmp_path)
    assert analysis.exposures["exposure"].isna().all() and analysis.exposures["policies"].isna().all()
    assert "unread_policies" in set(found(analysis)["rule"])


def test_a_policy_in_a_place_that_was_not_read_whole_is_judged_all_the_same(tmp_path: Path) -> None:
    analysis = Estate().identity(policies={"p": policy("*")}).gap(SHOP, EU, "policies").analysis(tmp_path)
    assert analysis.exposures["exposure"].tolist() == ["public"]


@pytest.mark.parametrize("name", IDS)
def test_below_the_minimum_coverage_nothing_is_on_target(
    name: str, whole_and_partial: tuple[dict[str, Kpi], dict[str, Kpi]]
) -> None:
    whole, partial = (found[name] for found in whole_and_partial)
    assert partial.value == whole.value or name == "coverage"
    if whole.target is None:
        assert {whole.status, partial.status} == {NOT_MEASURABLE}
        return
    if whole.at_least:  # more than half last longer than the target, wherever else nothing was read
        assert {whole.status, partial.status} == {OFF_TARGET}
        return
    assert whole.status == ON_TARGET
    assert partial.status in (WATCH, OFF_TARGET) and (partial.status == WATCH or name == "coverage")


def test_zero_attempts_give_no_rate_of_our_own(tmp_path: Path) -> None:
    estate = Estate().days("Send", {"2026-10-02": 0.0}).days("Reputation.BounceRate", {"2026-10-02": 0.01})
    assert evidence(estate, "bounce_rate", tmp_path)["own_rate"].isna().all()


def test_bounces_that_nobody_published_are_not_zero(tmp_path: Path) -> None:
    estate = Estate().days("Send", {"2026-10-02": 5000.0}).days("Reputation.BounceRate", {"2026-10-02": 0.01})
    frame = evidence(estate, "bounce_rate", tmp_path)
    assert frame["bounces"].isna().all() and frame["own_rate"].isna().all()


@pytest.mark.parametrize(
    ("value", "status"), [(0.019, ON_TARGET), (0.02, WATCH), (0.049, WATCH), (0.05, OFF_TARGET), (None, NOT_MEASURABLE)]
)
def test_a_rate_at_awss_line_has_reached_it(value: float | None, status: str, tmp_path: Path) -> None:
    assert rated(value, 0.02, tmp_path, watch=0.05).status == status


def test_a_count_at_its_target_is_on_target(tmp_path: Path) -> None:
    config = Config(kpis={"unknown_accounts": KpiSetting(target=1)})
    assert measured(
        Estate().identity(policies={"p": policy(STRANGER)}), "unknown_accounts", tmp_path, config
    ).status == (ON_TARGET)


def test_the_settings_replace_target_watch_and_owner(tmp_path: Path) -> None:
    config = Config(kpis={"unknown_accounts": KpiSetting(target=0, watch=1, owner="the board")})
    kpi = measured(Estate().identity(policies={"p": policy(STRANGER)}), "unknown_accounts", tmp_path, config)
    assert (kpi.target, kpi.watch, kpi.owner, kpi.status) == (0, 1, "the board", WATCH)


def test_a_target_alone_leaves_no_room_to_watch(tmp_path: Path) -> None:
    kpi = rated(0.03, 0.02, tmp_path)
    assert (kpi.watch, kpi.status) == (0.02, OFF_TARGET)


def test_an_unknown_kpi_in_the_settings_is_named_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigError, match="did you mean 'bounce_rate'"):
        check_kpi_names({"bounce_rates": KpiSetting()})


def test_a_figure_without_a_target_is_not_among_the_controls(tmp_path: Path) -> None:
    results = score(Estate().days("Send", {"2026-10-02": 5.0}).analysis(tmp_path)).results
    shown = [kpi.id for kpi in results.kpis if kpi.target is None]
    assert "sent_volume" in shown
    assert sum(standing(results.kpis).values()) == len(results.kpis) - len(shown)


def test_a_month_that_is_not_known_is_a_gap_in_the_series(tmp_path: Path) -> None:
    kpi = measured(
        Estate().days("Reputation.BounceRate", {"2026-08-02": 0.01, "2026-10-02": 0.03}), "bounce_rate", tmp_path
    )
    assert [p.period for p in kpi.series] == [str(p) for p in OCTOBER.back(13)]
    assert [p.value for p in kpi.series[-3:]] == [0.01, None, 0.03]
    assert all(p.value is None for p in kpi.series[:-3])
    assert kpi.prior is None and kpi.change is None


def _before(folder: Path) -> Analysis:
    estate = Estate(datetime(2026, 10, 3, 6, tzinfo=UTC))
    return estate.identity(policies={"p": policy(STRANGER), "q": policy("430000000001")}).analysis(folder)


def test_the_prior_value_comes_from_the_earlier_snapshot(tmp_path: Path) -> None:
    now = Estate().identity(policies={"p": policy(STRANGER)}).analysis(tmp_path / "now", previous=_before(tmp_path))
    (kpi,) = judge(now, "unknown_accounts")
    assert (kpi.value, kpi.prior, kpi.change, kpi.series[-2].value) == (1, 2, -1, 2)


def test_a_month_of_which_too_little_was_read_is_a_gap_and_no_dip(tmp_path: Path) -> None:
    earlier = Estate(datetime(2026, 10, 3, 6, tzinfo=UTC)).identity(policies={"p": policy(STRANGER)})
    earlier.gap(DEV, EU, "everything")
    now = Estate().identity(policies={"p": policy(STRANGER)}).place(DEV)
    analysis = now.analysis(tmp_path / "now", previous=earlier.analysis(tmp_path / "before"))
    (kpi,) = judge(analysis, "unknown_accounts")
    assert [point.value for point in kpi.series[-2:]] == [None, 1]
    assert kpi.prior is None


def test_an_older_snapshot_fills_its_own_month_only(tmp_path: Path) -> None:
    now = Estate(datetime(2026, 12, 3, 6, tzinfo=UTC)).identity().analysis(tmp_path / "now", previous=_before(tmp_path))
    (kpi,) = judge(now, "unknown_accounts")
    assert [p.value for p in kpi.series[-3:]] == [2, None, 0]
    assert kpi.prior is None


def test_policies_that_cannot_be_judged_are_in_the_reason_of_the_open_ones(tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com", {"p": "{"}).identity("b.example.com", read=False)
    wildcards, public = judge(estate.analysis(tmp_path), "wildcard_policies", "public_identities")
    assert "1 policy cannot be read in full" in wildcards.reason
    assert "2 more need review" in public.reason


def test_a_place_that_sends_without_a_known_quota_is_told(tmp_path: Path) -> None:
    estate = Estate().quota(1000.0).days("Send", {"2026-10-02": 10.0})
    estate.quota(None, account=DEV).days("Send", {"2026-10-02": 10.0}, account=DEV)
    kpi = measured(estate, "quota_use", tmp_path)
    assert kpi.value == 0.01 and "1 more sends without a known quota" in kpi.reason
    assert len(evidence(estate, "quota_use", tmp_path / "again")) == 2


def test_a_quota_of_zero_is_no_number_to_divide_by(tmp_path: Path) -> None:
    estate = Estate().quota(0.0).days("Send", {"2026-10-02": 10.0})
    results = score(estate.analysis(tmp_path)).results
    assert results.kpi("quota_use").status == NOT_MEASURABLE
    json.loads(results.to_json())


def test_messages_sent_are_the_sum_of_the_rows_behind_them(tmp_path: Path) -> None:
    """Also with an account that has no name, and one of whose Regions was not read."""
    estate = Estate().account("210000000004", None, None)
    estate.days("Send", {"2026-10-02": 10.0}).days("Send", {"2026-10-02": 7.0}, account=THIRD)
    estate.days("Send", {"2026-10-02": 5.0, "2026-09-02": 50.0}, account="210000000004").gap(THIRD, US, "metrics")
    kpi = measured(estate, "sent_volume", tmp_path)
    assert (kpi.value, kpi.prior) == (22, 50)
    assert evidence(estate, "sent_volume", tmp_path / "again")["sent"].sum() == 22


def test_sends_that_nobody_published_are_not_zero(tmp_path: Path) -> None:
    estate = Estate().days("Reputation.BounceRate", {"2026-10-02": 0.01})
    assert measured(estate, "sent_volume", tmp_path).value is None


def test_a_month_that_cloudwatch_holds_in_part_is_not_known(tmp_path: Path) -> None:
    """455 days before 3 November 2026 is 5 August 2025: that month is not whole."""
    estate = Estate().days("Send", {"2025-08-20": 1.0, "2025-10-20": 3.0, "2026-10-20": 5.0})
    analysis = estate.analysis(tmp_path, Config(collect=Config().collect.model_copy(update={"metric_days": 370})))
    (kpi,) = judge(analysis, "sent_volume")
    assert kpi.series[0].period == "2025-10" and kpi.series[0].value is None
    assert kpi.series[-1].value == 5


def test_evidence_frames_hold_nullable_types_alone(demo_card: Scorecard) -> None:
    frames = demo_card.frames
    assert set(frames) == {*(f"kpi_{name}" for name in IDS), "kpi_breakdown"}
    for name, frame in frames.items():
        for column in frame:
            assert isinstance(frame[column].dtype, pd.api.extensions.ExtensionDtype), (name, column)


def test_a_collection_of_fewer_places_is_not_compared_with_the_month_before(tmp_path: Path) -> None:
    before = (
        Estate(datetime(2026, 10, 3, 6, tzinfo=UTC))
        .identity("a.example.com")
        .identity("b.example.com", {"p": policy("*")}, region=US)
    )
    earlier = before.analysis(tmp_path / "before", period=Period(2026, 9))
    results = score(Estate().identity("a.example.com").analysis(tmp_path / "now", previous=earlier)).results
    kpi = results.kpi("public_identities")
    assert (kpi.value, kpi.prior, kpi.change) == (0, 1, None)
    assert (
        "1 places that were looked at for September 2026 were not part of this collection" in results.coverage.statement
    )
