"""How long the workbook and the deck take, beside openpyxl writing the same cells with nothing around them.

    python benchmarks/workbook_bench.py [--rows 100000]

Prints seconds (best of --repeat), the ratio to a plain openpyxl write_only dump of the same cells, size and peak
memory. Figures to beat: a pack's workbook in 2 s, its deck in 0.5 s, 100,000 × 20 cells in 15 s and 450 MB.
"""

from __future__ import annotations

# ruff: noqa: E402  the checkout comes first on the path
import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests" / "report")]

from sesreport.report.contents import Pack
from sesreport.report.deck import write_deck
from sesreport.report.workbook import write_workbook
from sesreport.report.workbook.description import SheetColumn, SheetContent
from sesreport.report.workbook.writer import Page, Properties, write


def export_frame(rows: int) -> pd.DataFrame:
    """The hard case: 6 almost unique texts of 60 characters, 11 numbers, a time, a flag, a category."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {f"text_{i}": [f"{n:08x}" * 7 + f"{i:04d}" for n in rng.integers(0, 2**32, rows)] for i in range(6)}
    )
    for i in range(11):
        frame[f"number_{i}"] = rng.random(rows) * 1e6 if i % 2 else rng.integers(0, 10**9, rows)
    frame["at"] = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 2**24, rows), unit="s")
    frame["flag"] = rng.random(rows) > 0.5
    frame["category"] = rng.choice(["prod", "staging", "dev"], rows)
    return frame


def export(frame: pd.DataFrame, path: Path) -> None:
    """One sheet of the workbook's own writer: table, styles, widths, inert text."""
    kinds = {"t": "text", "n": "real", "a": "at", "f": "flag", "c": "text"}
    columns = [SheetColumn(name, name.replace("_", " "), kinds[name[0]]) for name in frame.columns]
    about = Properties("Export", "Benchmark", "none", "sesreport", "none", "1F3864", datetime(2026, 11, 1, tzinfo=UTC))
    write([Page("Export", "evidence", SheetContent("", "", columns, frame))], path, about)


def dump_frame(frame: pd.DataFrame, path: Path) -> None:
    """The floor: the same values, no style, no table, no check."""
    plain = frame.assign(at=frame["at"].dt.tz_localize(None)).astype("object")
    dump([("Export", plain.itertuples(index=False, name=None))], path)


def dump_workbook(source: Path, path: Path) -> Callable[[], None]:
    """The floor of a pack's workbook: its cells, read once, written plainly."""
    cells = [
        (sheet.title, [tuple(row) for row in sheet.iter_rows(values_only=True)])
        for sheet in openpyxl.load_workbook(source, read_only=True).worksheets
    ]
    return lambda: dump(cells, path)


def dump(sheets: Any, path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    for title, rows in sheets:
        sheet: Any = book.create_sheet(title)
        for row in rows:
            sheet.append(["'" + v if isinstance(v, str) and v.startswith("=") else v for v in row])
    book.save(path)


def best(work: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def alone(name: str, rows: int, path: Path, results: Any) -> None:
    """One export in a process of its own, for its peak memory."""
    frame = export_frame(rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = best(lambda: (export if name == "export" else dump_frame)(frame, path), 1)
    results.put((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, before))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    from workbook.sample_pack import sample_pack

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pack = sample_pack()
        workbook, deck = folder / "pack.xlsx", folder / "pack.pptx"
        for name, each in (("small pack", pack), ("large pack", repeated(pack, 25))):
            write_workbook(each, workbook)
            floor = best(dump_workbook(workbook, folder / "floor.xlsx"), options.repeat)
            writers = (
                ("workbook", workbook, partial(write_workbook, each, workbook)),
                ("deck", deck, partial(write_deck, each, deck)),
            )
            for kind, path, work in writers:
                seconds = best(work, options.repeat)
                print(
                    f"{name} {kind:9} {seconds:6.2f} s  {seconds / floor:5.2f} × plain dump ({floor:.2f} s)  "
                    f"{size(path)}"
                )
        context = multiprocessing.get_context("spawn")
        measured = {}
        for each in ("floor", "export"):
            queue = context.Queue()
            process = context.Process(target=alone, args=(each, options.rows, folder / f"{each}.xlsx", queue))
            process.start()
            measured[each] = queue.get()
            process.join()
        (floor, _, _), (seconds, peak, before) = measured["floor"], measured["export"]
        print(
            f"{options.rows:,} × 20 export  {seconds:6.2f} s  {seconds / floor:5.2f} × plain dump ({floor:.2f} s)  "
            f"{size(folder / 'export.xlsx')}, peak {peak:.0f} MB of which {before:.0f} MB are the data"
        )


def repeated(pack: Pack, times: int) -> Pack:
    """A pack with many times the rows: about 17,000 at 25 times."""
    return Pack(pack.results, {name: pd.concat([frame] * times) for name, frame in pack.frames.items()}, pack.branding)


def size(path: Path) -> str:
    return f"{path.stat().st_size / 1024:,.0f} KB"


if __name__ == "__main__":
    main()
