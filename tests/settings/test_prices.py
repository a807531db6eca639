"""Price tables: what the shipped one says, what each mistake in one is told, and what follows from any."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesreport.core.errors import ConfigError
from sesreport.core.resources import shipped
from sesreport.settings.config import Config, load_config
from sesreport.settings.prices import PLANS, Plan, Price, Prices, Tiers, prices, read_prices

SHIPPED = prices(Config())
TEXT = shipped("data/reference/prices.csv").read_text(encoding="utf-8")
Table = Callable[[str], Path]
money = st.decimals(0, 1000, places=4)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Writes a price table and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "own.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def tiers(fields: dict[str, object], prices: list[Decimal], widths: list[int]) -> Tiers:
    made, start = [], Decimal(0)
    for number, price in enumerate(prices):
        end = start + widths[number] if number < len(prices) - 1 else None
        made.append(Price.model_construct(**fields, tier_from=start, tier_to=end, price=price, per=Decimal(1000)))
        start = end or start
    return tuple(made)


@st.composite
def two_plans(draw: st.DrawFn) -> Prices:
    """A table with the plans NONE and PRO, each with up to three tiers."""
    made = {}
    for plan in ("NONE", "PRO"):
        given_prices = draw(st.lists(money, min_size=1, max_size=3))
        widths = draw(st.lists(st.integers(1, 10**7), min_size=3, max_size=3))
        made["outbound", plan, "us-east-1"] = tiers({}, given_prices, widths)
        made["plan_fee", plan, "us-east-1"] = tiers({}, [draw(money) * 1000], [])
    return Prices("USD", made, "")


def cost(table: Prices, plan: Plan, recipients: Decimal) -> Decimal:
    return table.plan_fee(plan) + table.outbound_price(plan, recipients)


@pytest.mark.parametrize(
    ("plan", "recipients", "price"),
    [
        ("NONE", 0, "0"),
        ("NONE", 1_000, "0.10"),
        ("ESSENTIALS", 10_000_000, "1600"),
        ("ESSENTIALS", 110_000_000, "15300"),  # 10 M at 0.16, 90 M at 0.14, 10 M at 0.11 a thousand
        ("PRO", 10_001_000, "2200.17"),
        ("ENTERPRISE", 1_000, "0.23"),
    ],
)
def test_each_recipient_costs_what_its_own_tier_says(plan: Plan, recipients: int, price: str) -> None:
    assert SHIPPED.outbound_price(plan, recipients) == Decimal(price)


def test_fees_of_plans() -> None:
    assert [SHIPPED.plan_fee(plan) for plan in PLANS] == [0, 0, 105, 500]


def test_prices_of_single_items() -> None:
    assert SHIPPED.price("dedicated_ip_standard", 2) == Decimal("49.90")
    assert SHIPPED.price("attachments", Decimal("0.5")) == Decimal("0.06")


def test_a_price_that_is_not_in_the_table_is_not_known(table: Table) -> None:
    kept = "".join(line for line in TEXT.splitlines(keepends=True) if not line.startswith("tenant"))
    assert read_prices(table(kept)).price("tenant", 1) is None
    assert SHIPPED.price("dedicated_ip_managed", 10_000_001) is None  # beyond the tiers that are known


def test_the_shipped_table_is_third_party() -> None:
    assert not SHIPPED.verified
    assert SHIPPED.currency == "USD"


def test_a_region_without_a_price_of_its_own_has_that_of_us_east_1(table: Table) -> None:
    own = read_prices(table(TEXT + "outbound,NONE,0,,0.20,1000,recipient,USD,eu-west-1,2026-07-22,contract,yes\n"))
    assert own.outbound_price("NONE", 1000, region="eu-west-1") == Decimal("0.20")
    assert own.outbound_price("NONE", 1000, region="eu-west-2") == Decimal("0.10")


def test_settings_name_a_table_of_their_own(table: Table, tmp_path: Path) -> None:
    table(TEXT.replace("outbound,NONE,0,,0.10", "outbound,NONE,0,,0.08"))
    (tmp_path / "sesreport.toml").write_text('[costs]\nprices = "own.csv"\n')
    assert prices(load_config(tmp_path / "sesreport.toml")).outbound_price("NONE", 1000) == Decimal("0.08")


def test_no_plan_that_is_always_dearer_has_a_break_even() -> None:
    assert SHIPPED.break_even("NONE", "ESSENTIALS") is None
    assert SHIPPED.break_even("ESSENTIALS", "PRO") is None
    assert SHIPPED.break_even("NONE", "NONE") is None


def test_what_a_plan_includes_moves_its_break_even() -> None:
    ips = 5 * Decimal("24.95")
    found = SHIPPED.break_even("NONE", "PRO", included=ips)
    assert found == (ips - 105) / (Decimal("0.12") / 1000)


@given(two_plans(), st.integers(0, 10**8), st.integers(0, 10**8))
def test_more_recipients_never_cost_less(table: Prices, one: int, other: int) -> None:
    few, many = sorted((one, other))
    assert table.outbound_price("PRO", few) <= table.outbound_price("PRO", many)


@given(two_plans())
def test_at_the_break_even_both_cost_the_same_and_the_cheaper_one_changes(table: Prices) -> None:
    def difference(recipients: Decimal) -> Decimal:
        return cost(table, "NONE", recipients) - cost(table, "PRO", recipients)

    def cheaper(points: Iterable[Decimal]) -> set[bool]:
        return {difference(at) < 0 for at in points if difference(at)}

    corners = {tier.tier_from for plan in ("NONE", "PRO") for tier in table.tiers["outbound", plan, "us-east-1"]}
    corners.add(Decimal(10**15))  # beyond every break-even of such prices
    found = table.break_even("NONE", "PRO")
    if found is None:
        assert len(cheaper(corners)) <= 1
    else:
        assert difference(found) == pytest.approx(0, abs=1e-9)
        [before] = cheaper({at for at in corners if at < found})
        assert (not before) in cheaper({at for at in corners if at > found})


@given(two_plans())
def test_a_break_even_has_no_direction(table: Prices) -> None:
    assert table.break_even("NONE", "PRO") == table.break_even("PRO", "NONE")


ROW = "outbound,NONE,0,,0.10,1000,recipient,"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (",tier_to,", ",upto,", r"row 1: 'upto' is no column of a price table"),
        ("tier_to,", "", r"row 1: column 'tier_to' is missing; add it"),
        (",per,", ",price,", r"row 1: 'price' is there twice"),
        (ROW, ROW.replace("0.10", "free"), r"row 2: price: .*, not 'free'"),
        (ROW, ROW.replace("0.10", '"0,10"'), r"row 2: price: .*, not '0,10'"),
        (ROW, ROW.replace("0.10", "NaN"), r"row 2: price: .*, not 'NaN'"),
        (ROW, ROW.replace("0.10", "-0.10"), r"row 2: price: .*, not '-0.10'"),
        (ROW, ROW.replace("0.10", ""), r"row 2: price: .*, not None"),
        (ROW, ROW.replace("NONE", "BASIC"), r"row 2: plan: .*'NONE', 'ESSENTIALS', 'PRO' or 'ENTERPRISE', not 'BASIC'"),
        (ROW, ROW.replace("NONE", ""), r"row 2: plan: name one of NONE, ESSENTIALS, PRO, ENTERPRISE"),
        (ROW, ROW.replace("outbound", "outbond"), r"row 2: item: 'outbond' .*did you mean 'outbound'"),
        (ROW, ROW.replace("1000,recipient", "1,1000 recipients"), r"row 2: unit: that of outbound is 'recipient'"),
        (ROW, ROW.replace("1000,", "0,"), r"row 2: per: .*greater than 0, not '0'"),
        (ROW, ROW.replace("NONE,0", "NONE,5"), r"row 2: tier_from: the first tier begins at 0, not 5"),
        (ROW, ROW.replace("0,,", "0,100,"), r"row 2: tier_to: leave it empty for the last tier of outbound"),
        ("attachments,,", "attachments,PRO,", r"row 16: plan: leave it empty for attachments"),
        ("ESSENTIALS,10000000,", "ESSENTIALS,9000000,", r"row 4: tier_from: 9000000 overlaps .* row 3, .* 10000000"),
        ("ESSENTIALS,10000000,", "ESSENTIALS,11000000,", r"row 4: tier_from: 11000000 leaves a gap behind .* row 3"),
        ("ESSENTIALS,10000000,1", "ESSENTIALS,10000000,0", r"row 4: tier_to: 0+ is not beyond tier_from, 10000000"),
        ("1000,recipient,USD", "1000,recipient,EUR", r"row 3: currency: USD, but EUR above; use one in a table"),
        ("USD,us-east-1", "USD,us-east1", r"row 2: region: .*, not 'us-east1'"),
        ("plan_fee,PRO", "plan_fee,ESSENTIALS", r"row 14: tier_from: 0 overlaps .* row 13, which ends at no number"),
        ("2026-07-21", "July", r"row 3: valid_from: .*YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_row_and_remedy(table: Table, old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError, match=rf"own\.csv, {says}"):
        read_prices(table(TEXT.replace(old, new, 1)))


def test_a_plan_without_a_price_is_told(table: Table) -> None:
    kept = "".join(line for line in TEXT.splitlines(keepends=True) if not line.startswith("plan_fee,PRO"))
    with pytest.raises(ConfigError, match=r"own\.csv: no price of plan_fee in plan PRO in us-east-1; add a row"):
        read_prices(table(kept))


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.csv: there is no such price table; correct costs\.prices"):
        read_prices(tmp_path / "none.csv")


@pytest.mark.parametrize("quantity", [-1, Decimal("-0.5")])
def test_a_negative_quantity_has_no_price(quantity: Decimal | int) -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        SHIPPED.outbound_price("NONE", quantity)
