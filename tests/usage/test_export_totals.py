"""Totals of cost exports: to the last digit those of the lines, in every format, by any grouping, and by plain SQL."""

from __future__ import annotations

import itertools
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_shared import examples
from written_exports import FORMATS, Line, data_export, rows_of, write

from sesreport.usage.cost_exports import read_cost_exports
from sesreport.usage.cost_frames import CHARGES

KEYS = list(CHARGES.keys)
NONE = "(none)"
COSTS = st.decimals(min_value=-(10**9), max_value=10**9, places=10) | st.decimals(min_value=-9, max_value=9, places=2)
SOME_LINES = st.lists(
    st.builds(
        Line,
        account=st.sampled_from(["210000000001", "210000000002"]),
        region=st.sampled_from(["eu-west-2", "us-east-1", None]),
        usage_type=st.sampled_from(["EUW2-Recipients", "Message", None]),
        kind=st.sampled_from(["Usage", "Tax", "Credit"]),
        cost=COSTS,
        quantity=st.integers(0, 10**12),
        currency=st.sampled_from(["USD", "EUR"]),
        service=st.sampled_from(["AmazonSES", "AmazonSES", "AmazonEC2"]),
    ),
    min_size=1,
    max_size=12,
)


def in_chunks(lines: Sequence[Line], cuts: Sequence[int]) -> list[list[Line]]:
    """The lines with ids of their own, cut at these places (modulo how many there are)."""
    numbered = [replace(line, id=f"line{number}") for number, line in enumerate(lines)]
    places = sorted({0, len(lines), *(cut % len(lines) for cut in cuts)})
    return [numbered[first:last] for first, last in itertools.pairwise(places)]


def expected(lines: Sequence[Line]) -> dict[tuple[str, ...], Decimal]:
    """Costs by the keys of charges, added up by Python."""
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.service == "AmazonSES":
            sums[line.period, line.account, line.region or NONE, line.usage_type or NONE, line.kind, line.currency] += (
                line.cost
            )
    return dict(sums)


@examples(6)
@given(
    lines=SOME_LINES,
    cuts=st.lists(st.integers(0, 99), max_size=2),
    name=st.sampled_from(sorted(FORMATS)),
    ending=st.sampled_from([".snappy.parquet", ".csv.gz"]),
    named=st.booleans(),
)
def test_totals_are_those_of_the_lines(lines: list[Line], cuts: list[int], name: str, ending: str, named: bool) -> None:
    chunks = in_chunks(lines, cuts)
    with tempfile.TemporaryDirectory() as folder:
        if named:
            data_export(Path(folder, "export"), chunks, make=FORMATS[name], ending=ending)
        else:
            for number, chunk in enumerate(chunks):
                write(Path(folder, f"{number}x{ending}"), rows_of(chunk, FORMATS[name]))
        charges = read_cost_exports([folder]).charges
    sums = expected(lines)
    assert dict(zip(charges[KEYS].itertuples(index=False, name=None), charges["billed_cost"], strict=True)) == sums
    for many in range(1, len(KEYS)):
        for some in itertools.islice(itertools.combinations(KEYS, many), 3):
            grouped = charges.groupby(list(some))["billed_cost"].sum()
            assert grouped.sum() == sum(sums.values()) or not sums


@pytest.mark.parametrize("doubles", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_totals_are_those_of_plain_sql(tmp_path: Path, name: str, doubles: bool) -> None:
    lines = [
        Line(account=f"2100000000{number % 7:02d}", kind=("Usage", "Tax", "Credit")[number % 3], id=f"line{number}",
             cost=Decimal(number * 7919 % 100_003) / 10**7, service=("AmazonSES", "AmazonEC2")[number % 5 > 2])
        for number in range(3000)
    ]  # fmt: skip
    path = write(tmp_path / "export.parquet", rows_of(lines, FORMATS[name]), doubles=doubles)
    row = rows_of(lines[:1], FORMATS[name])[0]
    cost, account, service = (
        next(f'"{column}"' for column in row if column.replace("_", "").replace("/", "").lower() in names)
        for names in (
            ("lineitemunblendedcost", "billedcost"),
            ("lineitemusageaccountid", "subaccountid"),
            ("lineitemproductcode", "xservicecode"),
        )
    )
    by_sql = duckdb.sql(
        f"SELECT {account}, sum({cost}::DECIMAL(38, 10)) FROM '{path}' WHERE {service} = 'AmazonSES' GROUP BY ALL"
    ).fetchall()
    charges = read_cost_exports([path]).charges
    ours: pd.Series = charges.groupby("sub_account_id")["billed_cost"].sum()
    assert ours.to_dict() == dict(by_sql)
