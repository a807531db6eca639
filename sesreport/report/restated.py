"""Months whose cost an earlier pack told otherwise: bills change for weeks, and credits come later still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sesreport.core.errors import SchemaError, SesReportError
from sesreport.core.money import amount
from sesreport.core.period import Period
from sesreport.core.schema import Frame, Row, money, text
from sesreport.kpis.results import Results

COST = "billed_cost"
RESTATED = Frame(
    "restated_costs",
    "One row per month whose cost an earlier pack in the output folder told otherwise; bills change for about two "
    "weeks, and credits and refunds come later still.",
    keys={"period": text("The month, YYYY-MM.")},
    columns={
        "told_in": text("The earlier pack, the newest that tells the month.", required=True),
        "then": money("What it told.", required=True),
        "now": money("What the month is known to cost now.", required=True),
        "difference": money("now - then.", required=True),
        "currency": text("ISO 4217 code.", required=True),
    },
    samples=(
        {"period": "2026-09", "told_in": "2026-09", "then": Decimal("2410.2"), "now": Decimal("2556.82"),
         "difference": Decimal("146.62"), "currency": "USD"},
        {"period": "2026-08", "told_in": "2026-09", "then": Decimal("2534.54"), "now": Decimal("2531.44"),
         "difference": Decimal("-3.1"), "currency": "USD"},
        {"period": "2026-07", "told_in": "2026-09", "then": Decimal(2382), "now": Decimal(2380),
         "difference": Decimal(-2), "currency": "USD"},
    ),
)  # fmt: skip
_CENT = Decimal("0.01")


def restated_costs(results: Results, output: Path) -> pd.DataFrame:
    """Compared with the pack of the same month that is there already; where it tells no other, with the month before's.

    Packs that cannot be read, of another organization or in another currency tell nothing.
    """
    now = results.find_kpi(COST)
    if now is None or not now.currency:
        return RESTATED.empty()
    known = {point.period: point.value for point in now.series if point.value is not None}
    rows = {}
    for pack, period, then in _earlier(results, output, now.currency):
        try:
            before, after = amount(float(then)), amount(float(known.get(period, then)))
        except InvalidOperation:  # no amount of money
            continue
        if period not in rows and abs(after - before) >= _CENT:
            rows[period] = {
                "period": period, "told_in": pack, "then": before, "now": after, "difference": after - before,
                "currency": now.currency,
            }  # fmt: skip
    return RESTATED.from_rows({**_told_before(results, output, known), **rows}.values())


def _told_before(results: Results, output: Path, known: Mapping[str, float]) -> dict[str, Row]:
    """What the pack that is replaced tells of restated months, where they cost the same now: made again it tells it."""
    try:
        frame = RESTATED.from_arrow(pq.read_table(output / results.period / "data" / f"{RESTATED.name}.parquet"))
    except (OSError, pa.ArrowException, SchemaError, KeyError):
        return {}
    rows = frame.to_dict("records")
    return {
        str(row["period"]): {str(name): value for name, value in row.items()}
        for row in rows
        if row["period"] in known and abs(float(row["now"]) - known[row["period"]]) < float(_CENT)
    }


def _earlier(results: Results, output: Path, currency: str) -> Iterator[tuple[str, str, float]]:
    """Pack, month and cost of what earlier packs told, the newest pack first."""
    period = Period.of(results.period)
    for pack in (str(period), str(period.shift(-1))):
        try:
            found = Results.read(output / pack / "results.json")
        except SesReportError:
            continue
        cost = found.find_kpi(COST)
        if found.organization_id != results.organization_id or cost is None or cost.currency != currency:
            continue
        yield from ((pack, point.period, point.value) for point in reversed(cost.series) if point.value is not None)
