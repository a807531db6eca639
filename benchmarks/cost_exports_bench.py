"""How long cost exports take to read, beside the best SQL by hand over the same files, and how much memory.

An export of CUR 2.0 is written (Parquet, a manifest, 1 % of the rows of SES); then each way reads it in a process of
its own, in turns (Linux). ``python benchmarks/cost_exports_bench.py 20`` for 20 million rows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))

MOST = 1.2
"""The ratio to stay below."""
ROWS = """
    SELECT
        'line' || i AS identity_line_item_id,
        '2026-10-01T00:00:00Z/2026-10-01T01:00:00Z' AS identity_time_interval,
        'Anniversary' AS bill_bill_type,
        '900000000001' AS bill_payer_account_id,
        TIMESTAMP '2026-10-01' AS bill_billing_period_start_date,
        lpad((hash(i, 1) % if(ses, 60, 300))::VARCHAR, 12, '1') AS line_item_usage_account_id,
        if(hash(i, 2) % 50 = 0, 'Tax', if(hash(i, 2) % 77 = 0, 'Credit', 'Usage')) AS line_item_line_item_type,
        if(ses, 'AmazonSES', ['AmazonEC2', 'AmazonS3', 'AWSLambda', 'AmazonRDS'][1 + (hash(i, 3) % 4)::INTEGER])
            AS line_item_product_code,
        if(ses, 'EUW2-Recipients-', 'EUW2-Usage-') || hash(i, 4) % if(ses, 8, 400) AS line_item_usage_type,
        ['us-east-1', 'eu-west-1', 'eu-west-2'][1 + (hash(i, 5) % 3)::INTEGER] AS product_region_code,
        (hash(i, 6) % 100000) / 1e7 AS line_item_unblended_cost,
        (hash(i, 6) % 100000) / 1.1e7 AS line_item_net_unblended_cost,
        (hash(i, 7) % 100000) / 1e7 AS pricing_public_on_demand_cost,
        (hash(i, 8) % 1000) / 10.0::DOUBLE AS line_item_usage_amount,
        'USD' AS line_item_currency_code,
        'Count' AS pricing_unit,
        '$0.0001 per thing ' || hash(i, 4) % if(ses, 8, 400) AS line_item_line_item_description,
        'arn:aws:service:eu-west-2:' || hash(i, 9) AS line_item_resource_id
    FROM (SELECT i, hash(i, 0) % 100 = 0 AS ses FROM range({first}, {last}) AS numbers(i))
"""
BY_HAND = """
    SELECT strftime(bill_billing_period_start_date, '%Y-%m') AS period, line_item_usage_account_id, product_region_code,
        line_item_usage_type, line_item_line_item_type, line_item_currency_code,
        sum(line_item_unblended_cost::DECIMAL(38, 10)), sum(line_item_net_unblended_cost::DECIMAL(38, 10)),
        sum(pricing_public_on_demand_cost::DECIMAL(38, 10)), sum(line_item_usage_amount::DECIMAL(38, 10)),
        min(pricing_unit), mode(line_item_line_item_description)
    FROM read_parquet($files) WHERE line_item_product_code = 'AmazonSES' GROUP BY ALL
"""


def write(root: Path, rows: int, chunks: int) -> None:
    """An export as AWS Data Exports delivers it."""
    month = "BILLING_PERIOD=2026-10"
    data, metadata = root / "data" / month, root / "metadata" / month
    data.mkdir(parents=True)
    metadata.mkdir(parents=True)
    names = [f"cur-{number:05d}.snappy.parquet" for number in range(chunks)]
    for number, name in enumerate(names):
        chunk = ROWS.format(first=number * rows // chunks, last=(number + 1) * rows // chunks)
        duckdb.execute(f"COPY ({chunk}) TO '{data / name}' (COMPRESSION snappy)")
    listed = [f"s3://bucket/{root.name}/data/{month}/{name}" for name in names]
    (metadata / "cur-Manifest.json").write_text(json.dumps({"executionId": "one", "dataFiles": listed}))


def by_hand(root: Path) -> Decimal:
    files = [str(file) for file in sorted(root.glob("data/*/*.parquet"))]
    frame = duckdb.execute(BY_HAND, {"files": files}).to_arrow_table()
    return sum(frame.column(6).to_pylist(), Decimal(0))


def ours(root: Path) -> Decimal:
    from sesreport.usage.cost_exports import read_cost_exports

    read = read_cost_exports([root])
    assert read.gaps.empty
    total: Decimal = read.charges["billed_cost"].sum()
    return total


def measured(way: str, root: Path) -> dict[str, str]:
    """Seconds, megabytes at most and the total of one way, from a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--way", way, "--root", str(root)], capture_output=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def run(way: str, root: Path) -> None:
    import sesreport.usage.cost_exports  # noqa: F401 - importing is not what is measured

    read = {"by hand": by_hand, "sesreport": ours}[way]
    started = time.perf_counter()
    total = read(root)
    seconds = time.perf_counter() - started
    status = Path("/proc/self/status").read_text()  # getrusage would tell the peak of the process that started this one
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "total": str(total)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("millions", type=float, nargs="?", default=20)
    parser.add_argument("--chunks", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--way", choices=["by hand", "sesreport"])
    parser.add_argument("--root", type=Path)
    given = parser.parse_args()
    if given.way:
        run(given.way, given.root)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "cur")
        write(root, int(given.millions * 1e6), given.chunks)
        size = sum(file.stat().st_size for file in root.rglob("*.parquet")) / 1e6
        print(f"{given.millions:g} million rows, {size:,.0f} MB in {given.chunks} files")
        seconds: dict[str, list[float]] = {"by hand": [], "sesreport": []}
        for pair in range(given.pairs):
            found = {way: measured(way, root) for way in (list(seconds) if pair % 2 else list(reversed(seconds)))}
            assert found["by hand"]["total"] == found["sesreport"]["total"], found
            for way, one in found.items():
                seconds[way].append(float(one["seconds"]))
            print(", ".join(f"{w}: {float(f['seconds']):.2f} s, {float(f['peak']):.0f} MB" for w, f in found.items()))
        ratios = [a / b for a, b in zip(seconds["sesreport"], seconds["by hand"], strict=True)]
        print(f"ratio: {statistics.median(ratios):.2f} (at most {MOST})")


if __name__ == "__main__":
    main()
