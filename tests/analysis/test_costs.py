"""What sending costs: by the most trusted source, exactly, and never across currencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from estate import DEV, EU, OCTOBER, SHOP, THIRD, US, Estate
from hypothesis import given
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.analysis import Analysis
from sesreport.analysis.loss_range import simulate
from sesreport.analysis.unit_costs import sum_by
from sesreport.core.period import Period
from sesreport.kpis.scorecard import judge
from sesreport.settings.config import Budget, Config, Costs, Loss, Stakes
from sesreport.usage.cost_exports import CostExports
from sesreport.usage.cost_frames import CHARGES, GAPS, MONTHS
from sesreport.usage.settings_exports import SettingsExports

CHARGE = {
    "billing_period": "2026-10", "sub_account_id": SHOP, "region_id": EU, "usage_type": "EU-Recipients",
    "charge_category": "Usage", "billing_currency": "USD", "billed_cost": Decimal(10),
    "consumed_quantity": Decimal(100_000),
}  # fmt: skip


class Exports(SettingsExports):
    """Charges as if they had been read."""

    def __init__(self, charges: Iterable[Mapping[str, Any]]) -> None:
        rows = [{**CHARGE, **charge} for charge in charges]
        made = CostExports(CHARGES.from_rows(rows), MONTHS.empty(), GAPS.empty())
        super().__init__(())
        self.__dict__["read"] = made


def analyzed(folder: Path, *charges: Mapping[str, Any], estate: Estate | None = None, **settings: Any) -> Analysis:
    made = (estate or Estate().place()).analysis(folder, Config(**settings))
    made.cost_exports = Exports(charges)
    return made


def cost_explorer(estate: Estate, *, account: str = SHOP, cost: float = 7.0, basis: str = "billed") -> Estate:
    start, end = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    estate.rows["costs"].append(
        {"account_id": account, "region": EU, "usage_type": "EU-Recipients", "charge_period_start": start,
         "charge_period_end": end, "billed_cost": cost, "billing_currency": "USD", "cost_basis": basis}
    )  # fmt: skip
    return estate


def mail(estate: Estate, sent: float, *, account: str = SHOP, region: str = EU, **other: float) -> Estate:
    for metric, value in {"Send": sent, **other}.items():
        estate.days(metric, {"2026-10-10": value}, account=account, region=region)
    return estate


def by_account(analysis: Analysis) -> dict[str, tuple[Decimal, str]]:
    found = sum_by(analysis.costs, ["sub_account_id"])
    return {row["sub_account_id"]: (row["billed_cost"], row["cost_basis"]) for row in found.to_dict("records")}


def kpi(analysis: Analysis, name: str) -> Any:
    return judge(analysis, name)[0]


def test_each_account_s_month_has_the_most_trusted_source(tmp_path: Path) -> None:
    estate = cost_explorer(cost_explorer(Estate(), cost=99.0), account=DEV)
    for account in (SHOP, DEV, THIRD):
        mail(estate, 50_000, account=account)
    assert by_account(analyzed(tmp_path, {}, estate=estate)) == {
        SHOP: (Decimal(10), "export"),
        DEV: (Decimal(7), "cost_explorer"),
        THIRD: (Decimal(5), "estimated"),
    }


def test_an_export_of_part_of_a_month_comes_after_cost_explorer(tmp_path: Path) -> None:
    estate = mail(mail(cost_explorer(Estate()), 50_000, account=DEV), 50_000)
    partial = [{"is_partial": True}, {"is_partial": True, "sub_account_id": DEV}]
    assert by_account(analyzed(tmp_path, *partial, estate=estate)) == {
        SHOP: (Decimal(7), "cost_explorer"),
        DEV: (Decimal(10), "export"),
    }


def test_an_account_that_two_payers_exports_charge_has_both(tmp_path: Path) -> None:
    charges = [{}, {"is_partial": True, "usage_type": "EU-Message"}]
    assert by_account(analyzed(tmp_path, *charges, estate=cost_explorer(Estate()))) == {SHOP: (Decimal(20), "export")}


def test_what_cost_explorer_still_estimates_is_not_taken_for_the_bill(tmp_path: Path) -> None:
    assert by_account(analyzed(tmp_path, estate=cost_explorer(Estate(), basis="estimated"))) == {}


def test_a_sum_of_two_bases_says_so(tmp_path: Path) -> None:
    analysis = analyzed(tmp_path, {}, estate=mail(Estate(), 20_000, account=THIRD))
    whole = analysis.unit_costs.set_index("dimension").loc["organization"]
    assert (whole["billed_cost"], whole["cost_basis"]) == (Decimal(12), "estimated + export")
    assert "USD 2.00 of it is estimated" in kpi(analysis, "billed_cost").reason


def test_currencies_are_not_added(tmp_path: Path) -> None:
    analysis = analyzed(tmp_path, {}, {"billing_currency": "EUR", "billed_cost": Decimal(3)})
    found = kpi(analysis, "billed_cost")
    assert found.value is None
    assert found.reason == "In several currencies, which are not added: EUR 3.00 and USD 10.00."
    whole = analysis.unit_costs[analysis.unit_costs["dimension"].eq("organization")]
    assert dict(zip(whole["billing_currency"], whole["billed_cost"], strict=True)) == {
        "EUR": Decimal(3), "USD": Decimal(10)
    }  # fmt: skip


def test_taxes_fees_credits_and_refunds_stand_apart_and_add_up(tmp_path: Path) -> None:
    parts = {"Usage": 10, "Purchase": 4, "Tax": 3, "Credit": -2, "Discount": -1, "Adjustment": 1, "Refund": -5}
    charges = [{"charge_category": name, "billed_cost": Decimal(amount)} for name, amount in parts.items()]
    row = analyzed(tmp_path, *charges).unit_costs.set_index("dimension").loc["organization"]
    shown = {name: row[name] for name in ("usage_cost", "fees", "taxes", "credits", "refunds")}
    assert shown == {"usage_cost": 10, "fees": 4, "taxes": 3, "credits": -2, "refunds": -5}
    assert row["billed_cost"] == sum(shown.values())


def test_an_account_of_no_owner_is_a_line_of_its_own(tmp_path: Path) -> None:
    estate = Estate().place()
    estate.rows["accounts"][2]["tags"] = "{}"
    found = analyzed(tmp_path, {}, {"sub_account_id": THIRD, "billed_cost": Decimal(30)}, estate=estate)
    owners = found.unit_costs[found.unit_costs["dimension"].eq("owner")]
    assert dict(zip(owners["group"], owners["billed_cost"], strict=True)) == {
        "platform": Decimal(10), "(no owner)": Decimal(30)
    }  # fmt: skip
    assert kpi(found, "cost_with_owner").value == pytest.approx(0.25)


def test_a_thousand_messages(tmp_path: Path) -> None:
    analysis = analyzed(tmp_path, {}, estate=mail(Estate(), 99_000, Delivery=80_000))
    row = analysis.unit_costs.set_index("dimension").loc["account"]
    assert row["cost_per_thousand_recipients"] == Decimal("0.1")
    assert row["cost_per_thousand_delivered"] == Decimal("0.125")
    assert kpi(analysis, "cost_per_thousand_delivered").value == pytest.approx(0.125)


def test_the_kpi_and_the_frame_tell_the_same_of_every_month(tmp_path: Path) -> None:
    """Of an account without mail, one with it, and one that nobody could read."""
    estate = Estate().gap(THIRD, EU, "metrics").place(DEV)
    for month in ("2026-09", "2026-10"):
        estate.days("Send", {f"{month}-10": 900.0}).days("Delivery", {f"{month}-10": 800.0})
    charges = [
        {"sub_account_id": account, "billing_period": month, "billed_cost": Decimal(cost)}
        for account, cost in ((SHOP, 10), (DEV, 4), (THIRD, 100))
        for month in ("2026-09", "2026-10")
    ]
    analysis = analyzed(tmp_path, *charges, estate=estate)
    whole = analysis.unit_costs[analysis.unit_costs["dimension"].eq("organization")].set_index("period")
    told = whole["cost_per_thousand_delivered"].astype(float).to_dict()
    assert told == {"2026-09": 17.5, "2026-10": 17.5}
    known = {point.period: point.value for point in kpi(analysis, "cost_per_thousand_delivered").series if point.value}
    assert known == told


def test_without_any_source_nothing_is_zero(tmp_path: Path) -> None:
    found = kpi(analyzed(tmp_path), "billed_cost")
    assert found.value is None
    assert found.reason.startswith("Costs are not known")


def test_an_amount_that_could_not_be_read_is_told_and_never_zero(tmp_path: Path) -> None:
    costs = Costs(budget=Budget(amount=Decimal(50), currency="USD"))
    charges = ({}, {"sub_account_id": DEV, "billed_cost": None}, {"billing_period": "2026-09", "billed_cost": None})
    analysis = analyzed(tmp_path, *charges, estate=mail(Estate(), 100, Delivery=80), costs=costs)
    for name in ("billed_cost", "budget_used", "cost_per_thousand_delivered"):
        found = kpi(analysis, name)
        assert found.value is None
        assert found.reason == "At least USD 10.00: the amount of 1 charge could not be read."
        assert [point.value for point in found.series] == [None] * 13
    groups = analysis.unit_costs[analysis.unit_costs["dimension"].eq("account")].set_index(["period", "group"])
    assert groups.loc[("2026-10", DEV), ["billed_cost", "usage_cost", "taxes"]].isna().all()
    assert groups["unreadable"].to_dict() == {("2026-09", SHOP): 1, ("2026-10", SHOP): 0, ("2026-10", DEV): 1}


@pytest.mark.parametrize("partial", [False, True])
def test_a_whole_month_that_was_read_without_a_charge_cost_nothing(tmp_path: Path, partial: bool) -> None:
    analysis = analyzed(tmp_path)
    month = {
        "period": "2026-10",
        "format": "CUR 2.0",
        "export": "e",
        "files": 1,
        "rows": 9,
        "ses_rows": 0,
        "is_partial": partial,
        "sha256": "0",
    }
    read = CostExports(CHARGES.empty(), MONTHS.from_rows([month]), GAPS.empty())
    analysis.cost_exports.__dict__["read"] = read
    found = kpi(analysis, "billed_cost")
    known = (0.0, "The cost export of 2026-10 has no charge of SES.")
    assert ((found.value, found.reason) == known) is not partial
    assert (found.value is None) is partial


def test_an_estimate_in_another_currency_leaves_the_bill_known(tmp_path: Path) -> None:
    estate = mail(Estate(), 20_000, account=THIRD)
    found = kpi(analyzed(tmp_path, {"billing_currency": "EUR"}, estate=estate), "billed_cost")
    assert (found.value, found.currency) == (10, "EUR")
    assert found.reason.endswith("An estimate of USD 2.00 is not in it.")


def test_waste_in_another_currency_than_the_bill_is_told(tmp_path: Path) -> None:
    estate = mail(Estate(), 100_000).quota(50_000, pricing_plan="ESSENTIALS")
    analysis = analyzed(tmp_path, {"billing_currency": "EUR"}, estate=estate)
    found = kpi(analysis, "avoidable_cost")
    assert (found.value, found.currency) == (6, "USD")


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 2, 0)])
def test_a_closed_account_is_waste_in_each_of_its_currencies(tmp_path: Path, order: tuple[int, ...]) -> None:
    estate = Estate().place(THIRD)
    estate.rows["accounts"][2]["status"] = "SUSPENDED"
    charges = [
        {"sub_account_id": THIRD, "usage_type": name, "billing_currency": currency, "billed_cost": Decimal(cost)}
        for name, currency, cost in (("a", "USD", 100), ("b", "EUR", 101), ("c", "USD", 100))
    ]
    found = analyzed(tmp_path, *(charges[number] for number in order), estate=estate)
    assert set(zip(found.waste["billing_currency"], found.waste["amount"], strict=True)) == {("USD", 200), ("EUR", 101)}
    assert kpi(found, "avoidable_cost").value is None


def test_what_is_not_on_the_bill_is_no_waste(tmp_path: Path) -> None:
    estate = Estate().place()
    estate.rows["dedicated_ips"].append({"account_id": SHOP, "region": EU, "ip": "198.51.100.1"})
    assert waste(analyzed(tmp_path, {}, estate=estate)) == {}
    assert waste(analyzed(tmp_path / "b", estate=estate)) == {"idle dedicated IPs": Decimal("24.95")}


def test_no_waste_is_more_than_was_charged(tmp_path: Path) -> None:
    charge = {"consumed_quantity": Decimal(1_000)}
    assert waste(analyzed(tmp_path, charge, estate=mail(Estate(), 1_000, Bounce=90_000))) == {
        "bounces paid for": Decimal(10)
    }  # fmt: skip
    estate = mail(Estate(), 1_000_000).quota(50_000, pricing_plan="ENTERPRISE")
    small = {"billed_cost": Decimal(3), "consumed_quantity": Decimal(1_000_000)}
    assert waste(analyzed(tmp_path / "b", small, estate=estate)) == {"price plan": Decimal(3)}


@pytest.mark.parametrize(("before", "now"), [(-10, 10), (-10, -20), (0, 5)])
def test_no_change_is_told_against_a_month_that_cost_nothing_or_less(tmp_path: Path, before: int, now: int) -> None:
    charges = [{"billing_period": "2026-09", "billed_cost": Decimal(before)}, {"billed_cost": Decimal(now)}]
    assert "%" not in kpi(analyzed(tmp_path, *charges), "billed_cost").reason


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("9", "The cost is 11.1 % higher than in September 2026. It consists of usage USD 10.00. "),
        ("12.5", "The cost is 20.0 % lower than in September 2026. It consists of usage USD 10.00. "),
        ("10.001", "The cost is that of September 2026. It consists of usage USD 10.00. "),
    ],
)
def test_the_cost_is_told_in_sentences(tmp_path: Path, before: str, told: str) -> None:
    charges = [{"billing_period": "2026-09", "billed_cost": Decimal(before)}, {}]
    found = kpi(analyzed(tmp_path, *charges), "billed_cost")
    assert found.reason == f"{told}The amounts come from the cost export."


def test_the_budget_is_told_in_sentences(tmp_path: Path) -> None:
    charges = [{"billing_period": str(Period(2026, 10).shift(-back)), "billed_cost": Decimal(10)} for back in range(13)]
    budget = {"amount": Decimal(20), "currency": "USD"}
    found = kpi(analyzed(tmp_path, *charges, costs={"budget": budget}), "budget_used")
    assert found.reason == (
        "USD 10.00 of the budget of USD 20.00 is used. November 2026 is expected to cost about USD 10.00, and in four "
        "of five cases between USD 10.00 and USD 10.00."
    )


def test_a_quotient_beyond_all_amounts_is_not_known(tmp_path: Path) -> None:
    charge = {"billed_cost": Decimal(10) ** 17, "consumed_quantity": Decimal("1e-10")}
    assert analyzed(tmp_path, charge).unit_costs["cost_per_thousand_recipients"].isna().all()


@pytest.mark.parametrize(
    ("budget", "value", "status"),
    [(Decimal(20), 0.5, "on target"), (Decimal(8), 1.25, "off target"), (None, None, "not measurable")],
)
def test_the_budget(tmp_path: Path, budget: Decimal | None, value: float | None, status: str) -> None:
    settings = {} if budget is None else {"costs": Costs(budget=Budget(amount=budget, currency="USD"))}
    found = kpi(analyzed(tmp_path, {}, **settings), "budget_used")
    assert (found.value, found.status) == (value, status)


def test_a_budget_in_another_currency_is_not_compared(tmp_path: Path) -> None:
    budget = Costs(budget=Budget(amount=Decimal(8), currency="EUR"))
    found = kpi(analyzed(tmp_path, {}, costs=budget), "budget_used")
    assert (found.value, found.reason) == (None, "The budget is in EUR, the costs are in USD.")


AMOUNTS = st.decimals(-(10**6), 10**6, places=10)
CHARGED = st.fixed_dictionaries(
    {
        "sub_account_id": st.sampled_from([SHOP, DEV, THIRD, "999999999999"]),
        "region_id": st.sampled_from([EU, US, "(none)"]),
        "usage_type": st.sampled_from(["EU-Recipients", "EU-DIP-Hours", "Essentials-Outbound-Email", "(none)"]),
        "charge_category": st.sampled_from(["Usage", "Purchase", "Tax", "Credit", "Refund"]),
        "billed_cost": AMOUNTS,
    }
)
KEYS = ("sub_account_id", "region_id", "usage_type", "charge_category")


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analyzed(tmp_path_factory.mktemp("blank"))


@given(st.lists(CHARGED, min_size=1, max_size=12, unique_by=lambda charge: tuple(charge[key] for key in KEYS)))
@examples(10)
def test_every_grouping_adds_up_to_the_last_digit(blank: Analysis, charges: list[dict[str, Any]]) -> None:
    blank.cost_exports = Exports(charges)
    for name in ("costs", "unit_costs"):  # what is made of the charges; the rest of the organization stays
        blank._made.pop(name, None)
    expected = sum((charge["billed_cost"] for charge in charges), Decimal(0))
    sums = blank.unit_costs.groupby("dimension")["billed_cost"].sum()
    assert {name: Decimal(value) for name, value in sums.items()} == dict.fromkeys(sums.index, expected)
    for key in KEYS:
        assert Decimal(sum_by(blank.costs, [key])["billed_cost"].sum()) == expected


def waste(analysis: Analysis) -> dict[str, Decimal]:
    assert not analysis.waste.duplicated(["account_id", "region", "kind", "subject"]).any()
    return dict(zip(analysis.waste["kind"], analysis.waste["amount"], strict=True))


def test_bounces_are_wasted_at_the_price_that_was_paid(tmp_path: Path) -> None:
    estate = mail(Estate(), 100_000, Bounce=2_000, Reject=500)
    assert waste(analyzed(tmp_path, {}, estate=estate)) == {"bounces paid for": Decimal("0.25")}


def test_waste_is_before_credits_discounts_refunds_and_taxes(tmp_path: Path) -> None:
    others = [
        {"charge_category": category, "billed_cost": Decimal(cost)}
        for category, cost in (("Credit", -9), ("Discount", -1), ("Refund", -3), ("Tax", 2))
    ]
    estate = mail(Estate(), 100_000, Bounce=1_000)
    assert waste(analyzed(tmp_path, {}, *others, estate=estate)) == {"bounces paid for": Decimal("0.1")}


def test_a_plan_that_costs_more_than_another_is_waste(tmp_path: Path) -> None:
    estate = mail(Estate(), 100_000).quota(50_000, pricing_plan="ESSENTIALS")
    (row,) = analyzed(tmp_path, {}, estate=estate).waste.to_dict("records")
    assert (row["kind"], row["subject"], row["amount"]) == ("price plan", "Essentials", Decimal(6))
    assert row["cost_basis"] == "estimated"
    assert "2026-12-01" in row["action"]


@pytest.mark.parametrize(("sent", "wasted"), [(0, True), (49_899, True), (49_900, False)])
def test_dedicated_addresses_below_a_tenth_of_break_even_are_idle(tmp_path: Path, sent: int, wasted: bool) -> None:
    estate = Estate().place()
    for number in range(2):
        estate.rows["dedicated_ips"].append({"account_id": SHOP, "region": EU, "ip": f"198.51.100.{number}"})
    if sent:
        mail(estate, sent)
    charge = {"usage_type": "EU-DIP-Hours", "billed_cost": Decimal("49.9")}
    assert ("idle dedicated IPs" in waste(analyzed(tmp_path, charge, estate=estate))) is wasted


def test_of_a_place_that_was_not_read_nobody_says_that_it_is_idle(tmp_path: Path) -> None:
    estate = Estate().identity().gap(SHOP, EU, "metrics")
    charges = [{"usage_type": name, "billed_cost": Decimal(9)} for name in ("EU-DIP-Hours", "Recipients-VirtDelivMgr")]
    assert waste(analyzed(tmp_path, *charges, estate=estate)) == {}


@pytest.mark.parametrize(("sent", "wasted"), [(999, True), (1000, False)])
def test_the_deliverability_manager_of_a_small_sender_is_waste(tmp_path: Path, sent: int, wasted: bool) -> None:
    charge = {"usage_type": "EU-Recipients-VirtDelivMgr", "billed_cost": Decimal(2)}
    found = waste(analyzed(tmp_path, charge, estate=mail(Estate(), sent)))
    assert ("deliverability manager unused" in found) is wasted


def test_the_plan_of_a_sandbox_is_waste_once(tmp_path: Path) -> None:
    estate = mail(Estate(), 100).quota(200, pricing_plan="PRO", production_access=False)
    fee = {"usage_type": "EU-Pro-Plan-Hours", "charge_category": "Purchase", "billed_cost": Decimal(105)}
    assert waste(analyzed(tmp_path, fee, estate=estate)) == {"plan in a sandbox": Decimal(105)}


def test_all_of_a_closed_account_is_waste_once(tmp_path: Path) -> None:
    estate = mail(Estate(), 100_000, account=THIRD, Bounce=5_000)
    estate.rows["accounts"][2]["status"] = "SUSPENDED"
    charges = [{"sub_account_id": THIRD}, {"sub_account_id": THIRD, "charge_category": "Tax"}]
    found = analyzed(tmp_path, *charges, estate=estate)
    assert waste(found) == {"closed account still charged": Decimal(10)}


def test_tenants_and_identities_without_mail(tmp_path: Path) -> None:
    estate = Estate().identity("example.com").identity("example.org")
    charge = {"usage_type": "EU-Tenant-Count", "billed_cost": Decimal("0.5"), "consumed_quantity": Decimal(100)}
    assert waste(analyzed(tmp_path, charge, estate=estate)) == {
        "tenants without mail": Decimal("0.5"), "identities without mail": Decimal(0)
    }  # fmt: skip


def test_what_rides_on_an_exposed_identity(tmp_path: Path) -> None:
    estate = mail(Estate().identity(policies={"p": {"Version": "2012-10-17", "Statement": [OPEN]}}), 40_000)
    estate.identity("example.org")
    settings = Stakes(value_per_thousand=Decimal("5.5"), currency="EUR")
    (row,) = analyzed(tmp_path, estate=estate, stakes=settings).stakes.to_dict("records")
    assert (row["identity"], row["exposure"], row["messages"], row["shared_by"]) == ("example.com", "public", 40_000, 2)
    assert (row["value"], row["currency"]) == (Decimal(220), "EUR")


OPEN = {"Effect": "Allow", "Principal": "*", "Action": "ses:SendEmail", "Resource": "*"}


def test_the_mail_of_a_place_that_was_not_read_is_not_known(tmp_path: Path) -> None:
    estate = Estate().identity(policies={"p": {"Version": "2012-10-17", "Statement": [OPEN]}})
    (row,) = analyzed(tmp_path, estate=estate.gap(SHOP, EU, "metrics")).stakes.to_dict("records")
    assert pd.isna(row["messages"])


@given(sent=st.integers(1, 10**7), bounces=st.integers(0, 10**6))
@examples(40)
def test_the_runway_ends_where_the_line_is_reached(blank: Analysis, sent: int, bounces: int) -> None:
    day = pd.Timestamp("2026-10-10", tz="UTC")
    row = {"account_id": SHOP, "region": EU, "at": day, "sent": float(sent), "bounces": float(bounces)}
    blank._made.clear()
    blank._made["daily"] = pd.DataFrame([{**row, "complaints": float("nan"), "delivered": 0.0, "rejects": 0.0}]).astype(
        {"account_id": "string", "region": "string", **dict.fromkeys(["sent", "bounces", "complaints"], "Float64")}
    )
    (found,) = blank.runway.to_dict("records")
    for name, percent in (("bounces_to_review", 5), ("bounces_to_pause", 10)):
        more = int(found[name])
        assert (bounces + more) * 100 >= percent * sent
        assert (bounces + more - 1) * 100 < percent * sent
    assert pd.isna(found["complaints_to_review"])


def test_a_month_before_the_first_whole_one_is_not_in_the_frame(tmp_path: Path) -> None:
    found = analyzed(tmp_path, {}, {"billing_period": "2026-11"}, {"billing_period": "2025-09"})
    assert set(found.costs["period"]) == {str(OCTOBER)}


LOSS = Loss(incidents_per_year=(0.1, 2), loss_per_incident=(10_000, 400_000))


def test_a_year_s_loss_is_simulated_from_the_settings_alone(tmp_path: Path) -> None:
    estate = Estate().identity(policies={"p": {"Version": "2012-10-17", "Statement": [OPEN]}})
    settings = Stakes(currency="EUR", loss=LOSS)
    one, other = (analyzed(tmp_path / name, estate=estate, stakes=settings).loss_range for name in "ab")
    pd.testing.assert_frame_equal(one, other)
    found = one.set_index("measure")
    assert 0.3 < found.loc["chance of any loss", "share"] < 0.5
    amounts = [
        found.loc[name, "amount"] for name in ("median", "75th percentile", "90th percentile", "99th percentile")
    ]
    assert amounts == sorted(amounts) and amounts[0] < amounts[-1]
    assert found["assumptions"].unique().tolist() == [
        "0.1 to 2 incidents a year, EUR 10,000 to EUR 400,000 each (nine of ten cases)"
    ]


@pytest.mark.parametrize("policies", [{}, {"p": {"Version": "2012-10-17", "Statement": [OPEN]}}])
def test_without_ranges_or_exposed_identities_no_loss_is_told(tmp_path: Path, policies: dict[str, Any]) -> None:
    settings = Stakes(loss=None if policies else LOSS)
    assert analyzed(tmp_path, estate=Estate().identity(policies=policies), stakes=settings).loss_range.empty


def test_twice_the_losses_cost_twice_as_much() -> None:
    double = Loss(incidents_per_year=(0.1, 2), loss_per_incident=(20_000, 800_000))
    assert simulate(double).mean() == pytest.approx(2 * simulate(LOSS).mean())
