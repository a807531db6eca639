"""What SES costs by the price list: for estimates, and to compare pricing plans.

``data/reference/prices.csv``, or the table that ``[costs] prices`` names, has a row per item, pricing plan, Region and
tier. The price is that of ``per`` units. A tier runs from ``tier_from`` up to ``tier_to`` units a month (empty: without
end), and each unit costs what its own tier says. ``plan`` is empty for items whose price no plan changes. A Region
without a row of its own has the price of ``us-east-1``. ``verified`` is ``yes`` for what was read from AWS itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sesreport.core.days import read_day
from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.resources import shipped
from sesreport.settings.config import Config, Name, describe
from sesreport.settings.rows import Row, Unread, csv_rows, is_blank

Plan = Literal["NONE", "ESSENTIALS", "PRO", "ENTERPRISE"]
"""Pricing plans of SES, as GetAccount has them; NONE is à la carte."""
PLANS: tuple[Plan, ...] = get_args(Plan)
OUTBOUND, PLAN_FEE = "outbound", "plan_fee"
UNITS = {
    OUTBOUND: "recipient",
    PLAN_FEE: "month",
    "attachments": "GB",
    "inbound_message": "message",
    "inbound_chunk": "chunk of 256 KB",
    "dedicated_ip_standard": "IP-month",
    "dedicated_ip_managed": "recipient",
    "vdm_subscription": "month",
    "tenant": "tenant-month",
}
"""What may have a price, and its unit."""
REFERENCE_REGION = "us-east-1"

Amount = Annotated[Decimal, Field(ge=0, max_digits=28, decimal_places=10)]
_ZERO = Decimal(0)


class Price(BaseModel):
    """One row of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item: Annotated[str, Field(min_length=1)]
    plan: Plan | None
    tier_from: Amount
    tier_to: Amount | None
    price: Amount
    per: Annotated[Amount, Field(gt=0)]
    unit: Name
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    region: Annotated[str, Field(pattern="^[a-z]+(-[a-z]+)+-[0-9]+$")]
    valid_from: Annotated[date, BeforeValidator(read_day)]
    source: Name
    verified: Literal["yes", "no"]

    def within(self, quantity: Decimal) -> Decimal:
        """The price of those of ``quantity`` units that are in this tier."""
        end = quantity if self.tier_to is None else min(quantity, self.tier_to)
        return max(end - self.tier_from, _ZERO) * self.price / self.per


Tiers = tuple[Price, ...]


@dataclass(frozen=True)
class Prices:
    """A price table that was checked; all its amounts are in one currency."""

    currency: str
    tiers: Mapping[tuple[str, str | None, str], Tiers]
    """By item, plan and Region, each from 0 upwards without a gap."""
    sha256: str
    """Hash of the file."""

    @property
    def verified(self) -> bool:
        """Whether every price was read from AWS itself."""
        return all(row.verified == "yes" for tiers in self.tiers.values() for row in tiers)

    def price(self, item: str, quantity: Decimal | int, *, region: str = REFERENCE_REGION) -> Decimal | None:
        """The price of so many units of an item that no plan changes; None where the table does not have it.

        Raises ValueError for a negative quantity, KeyError for an item that is none of :data:`UNITS`.
        """
        UNITS[item]
        tiers = self._tiers(item, None, region)
        known = tiers and (tiers[-1].tier_to is None or quantity <= tiers[-1].tier_to)
        return _total(tiers, quantity) if known else None

    def outbound_price(self, plan: Plan, recipients: Decimal | int, *, region: str = REFERENCE_REGION) -> Decimal:
        """The price of a month's outbound mail in a plan, without its fee. Raises ValueError for a negative number."""
        return _total(self._tiers(OUTBOUND, plan, region), recipients)

    def plan_fee(self, plan: Plan, *, region: str = REFERENCE_REGION) -> Decimal:
        """The monthly fee of a plan for one account and Region."""
        return _total(self._tiers(PLAN_FEE, plan, region), 1)

    def break_even(
        self, plan_a: Plan, plan_b: Plan, *, included: Decimal | int = 0, region: str = REFERENCE_REGION
    ) -> Decimal | None:
        """Recipients a month at which the cheaper of two plans changes: there both cost the same.

        The lowest such number; None where one plan is never dearer than the other. ``included`` is what ``plan_b`` has
        in its price and ``plan_a`` pays for beside it each month, such as dedicated IPs.
        """

        def difference(recipients: Decimal) -> Decimal:
            a, b = (self.outbound_price(plan, recipients, region=region) for plan in (plan_a, plan_b))
            return a - b + fixed

        fixed = self.plan_fee(plan_a, region=region) + included - self.plan_fee(plan_b, region=region)
        starts = sorted({row.tier_from for plan in (plan_a, plan_b) for row in self._tiers(OUTBOUND, plan, region)})
        there = difference(starts[-1])
        if slope := difference(starts[-1] + 1) - there:  # behind the last tier's start it crosses 0 at there / slope
            starts.append(starts[-1] + 1 + 2 * abs(there / slope))
        return _sign_change([(start, difference(start)) for start in starts])

    def _tiers(self, item: str, plan: str | None, region: str) -> Tiers:
        return self.tiers.get((item, plan, region)) or self.tiers.get((item, plan, REFERENCE_REGION), ())


def prices(config: Config) -> Prices:
    """The table that the settings name, else the one shipped. Raises ConfigError as :func:`read_prices` does."""
    named = config.costs.prices
    return read_prices(Path(named) if named else shipped("data/reference/prices.csv"))


def read_prices(path: Path) -> Prices:
    """A price table (.csv).

    Raises ConfigError with file, row and remedy for a file that cannot be read, a missing or unknown column, a value
    that is none, tiers that overlap or leave a gap, several currencies, and a plan without its prices.
    """
    try:
        rows = list(_rows(path))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such price table; correct costs.prices, or take it out") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    groups: dict[tuple[str, str | None, str], list[tuple[int, Price]]] = {}
    for number, row in rows:
        groups.setdefault((row.item, row.plan, row.region), []).append((number, row))
        if row.currency != rows[0][1].currency:
            raise ConfigError(
                f"{path}, row {number}: currency: {row.currency}, but {rows[0][1].currency} above; use one in a table"
            )
    tiers = {key: _checked(path, group) for key, group in groups.items()}
    for item in (OUTBOUND, PLAN_FEE):
        for plan in PLANS:
            if (item, plan, REFERENCE_REGION) not in tiers:
                raise ConfigError(f"{path}: no price of {item} in plan {plan} in {REFERENCE_REGION}; add a row")
    return Prices(rows[0][1].currency, tiers, digest)


def _rows(path: Path) -> Iterator[tuple[int, Price]]:
    columns: list[str] | None = None
    for row in csv_rows(path):
        if columns is None:
            columns = _columns(path, row)
            continue
        if any(not is_blank(cell) for cell in row.cells[len(columns) :]):
            raise ConfigError(
                f"{path}, row {row.number}: has more values than the header has columns; look at its quotes"
            )
        values = dict(zip(columns, (_value(path, row, cell) for cell in row.cells), strict=False))
        try:
            price = Price.model_validate(values)
        except ValidationError as error:
            raise ConfigError(f"{path}, row {row.number}: {describe(error, Price)}") from error
        _check(path, row.number, price)
        yield row.number, price


def _columns(path: Path, row: Row) -> list[str]:
    known = list(Price.model_fields)
    names = [_value(path, row, cell) or "" for cell in row.cells]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name not in known or names.count(name) > 1:
            what = "is there twice" if name in known else f"is no column of a price table{suggestion(name, known)}"
            raise ConfigError(f"{path}, row {row.number}: {name!r:.80} {what}")
    for name in known:
        if name not in names:
            raise ConfigError(f"{path}, row {row.number}: column {name!r} is missing; add it")
    return names


def _value(path: Path, row: Row, cell: Any) -> str | None:
    if isinstance(cell, Unread):
        raise ConfigError(f"{path}, row {row.number}: a value {cell.why}")
    return None if is_blank(cell) else str(cell).strip()


def _check(path: Path, number: int, price: Price) -> None:
    """What the columns of a row must be to each other."""
    wrong = None
    if price.item not in UNITS:
        wrong = f"item: {price.item!r:.80} is none that has a price here{suggestion(price.item, list(UNITS))}"
    elif price.unit != UNITS[price.item]:
        wrong = f"unit: that of {price.item} is {UNITS[price.item]!r}, not {price.unit!r:.80}"
    elif (price.plan is not None) != (price.item in {OUTBOUND, PLAN_FEE}):
        wrong = (
            f"plan: name one of {', '.join(PLANS)}" if price.plan is None else f"plan: leave it empty for {price.item}"
        )
    elif price.tier_to is not None and price.tier_to <= price.tier_from:
        wrong = f"tier_to: {price.tier_to} is not beyond tier_from, {price.tier_from}; correct one"
    if wrong:
        raise ConfigError(f"{path}, row {number}: {wrong}")


def _checked(path: Path, rows: list[tuple[int, Price]]) -> Tiers:
    """Tiers in their order, from 0 on, each beginning where the one before ends."""
    rows = sorted(rows, key=lambda row: row[1].tier_from)
    number, first = rows[0]
    if first.tier_from:
        raise ConfigError(f"{path}, row {number}: tier_from: the first tier begins at 0, not {first.tier_from}")
    for (before, lower), (number, upper) in pairwise(rows):
        if lower.tier_to != upper.tier_from:
            gap = lower.tier_to is not None and lower.tier_to < upper.tier_from
            what = "leaves a gap behind" if gap else "overlaps"
            raise ConfigError(
                f"{path}, row {number}: tier_from: {upper.tier_from} {what} the tier of row {before}, "
                f"which ends at {lower.tier_to or 'no number'}; begin where it ends"
            )
    number, last = rows[-1]
    if last.item in {OUTBOUND, PLAN_FEE} and last.tier_to is not None:
        raise ConfigError(f"{path}, row {number}: tier_to: leave it empty for the last tier of {last.item}")
    return tuple(row for _, row in rows)


def _total(tiers: Tiers, quantity: Decimal | int) -> Decimal:
    if quantity < 0:
        raise ValueError(f"a quantity cannot be negative: {quantity}")
    return sum((tier.within(Decimal(quantity)) for tier in tiers), _ZERO)


def _sign_change(points: list[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Where a function given by the ends of its straight pieces changes its sign first."""
    before: tuple[Decimal, Decimal] | None = None
    zero: Decimal | None = None
    for at, value in points:
        if value == 0:
            zero = at if zero is None else zero
            continue
        if before is not None and (value > 0) != (before[1] > 0):
            start, height = before
            return zero if zero is not None else start + (at - start) * height / (height - value)
        before, zero = (at, value), None
    return None
