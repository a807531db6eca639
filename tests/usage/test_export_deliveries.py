"""Which files of cost exports count once, which not at all, and what a broken file costs."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from written_exports import OTHER, Line, cur, data_export, focus, focus_1_2, legacy_csv, legacy_parquet, rows_of, write

from sesreport.core.errors import ConfigError
from sesreport.usage.cost_exports import CostExports, read_cost_exports

DAY = 24 * 3600
NOW = 1_795_000_000


def read(*paths: Path) -> CostExports:
    return read_cost_exports(list(paths))


def costs(exports: CostExports) -> dict[str, Decimal]:
    return dict(exports.charges.groupby("billing_period")["billed_cost"].sum())


def problems(exports: CostExports) -> str:
    return "\n".join(exports.gaps["problem"])


def aged(folder: Path, days: float) -> None:
    """Makes files older."""
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (NOW - days * DAY, NOW - days * DAY))


def line(cost: str, number: int = 0, **more: str) -> Line:
    return Line(cost=cost, id=f"id{number}", **more)


def legacy(root: Path, assemblies: dict[str, list[Line]], period: str = "20261001-20261101") -> None:
    """A legacy report that keeps old deliveries; the last assembly is the current one."""
    for assembly, lines in assemblies.items():
        path = write(root / period / assembly / f"{root.name}-1.csv.gz", rows_of(lines, legacy_csv))
        manifest = json.dumps(
            {
                "assemblyId": assembly,
                "reportKeys": [f"prefix/{root.name}/{path.relative_to(root).as_posix()}"],
                "billingPeriod": {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"},
            }
        )
        (path.parent / f"{root.name}-Manifest.json").write_text(manifest)
        (root / period / f"{root.name}-Manifest.json").write_text(manifest)


# --- manifests


def test_a_manifest_names_the_files_that_count(tmp_path: Path) -> None:
    root = tmp_path / "cur2"
    data_export(root, [[line("1", 1)], [line("2", 2)]])
    write(root / "data/BILLING_PERIOD=2026-10/cur2-00009.snappy.parquet", rows_of([line("4", 4)]))
    (root / "data/BILLING_PERIOD=2026-10/cur2-00010.snappy.parquet").touch()
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 3}
    assert (found.months["files"].tolist(), found.gaps.empty) == ([2], True)


def test_of_kept_deliveries_the_newest_counts(tmp_path: Path) -> None:
    root = tmp_path / "cur2"
    for execution, cost in (("2026-11-02T01:00:00.000Z-aa", "2"), ("2026-10-09T01:00:00.000Z-bb", "1")):
        data_export(root, [[line(cost)]], execution=execution)
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 2}
    assert found.months["issued_at"].dt.strftime("%F").tolist() == ["2026-11-02"]
    assert found.gaps.empty


def test_of_kept_legacy_deliveries_the_newest_counts(tmp_path: Path) -> None:
    legacy(tmp_path / "report", {"20261009T010000Z": [line("1")], "20261102T010000Z": [line("2")]})
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 2}
    assert (found.months["format"].tolist(), found.gaps.empty) == (["CUR (legacy)"], True)


def test_legacy_parquet_is_where_its_manifest_says(tmp_path: Path) -> None:
    data = write(tmp_path / "report/report/year=2026/month=9/report-00001.snappy.parquet",
                 rows_of([line("1", period="2026-09")], legacy_parquet))  # fmt: skip
    write(data.with_name("report-00002.snappy.parquet"), rows_of([line("9", 9, period="2026-09")], legacy_parquet))
    manifest = tmp_path / "report/20260901-20261001/report-Manifest.json"
    manifest.parent.mkdir()
    keys = ["prefix/report/report/year=2026/month=9/report-00001.snappy.parquet"]
    manifest.write_text(json.dumps({"reportKeys": keys, "bucket": "b"}))
    assert costs(read(tmp_path)) == {"2026-09": 1}


@pytest.mark.parametrize("part", ["", "cur2", "cur2/data", "cur2/data/BILLING_PERIOD=2026-10"])
def test_any_folder_of_an_export_may_be_configured(tmp_path: Path, part: str) -> None:
    root = tmp_path / "cur2"
    data_export(root, [[line("1", 1)], [line("2", 2)]])
    data_export(root, [[line("5", period="2026-09")]], period="2026-09")
    write(root / "data/BILLING_PERIOD=2026-10/cur2-00009.snappy.parquet", rows_of([line("4", 4)]))
    found = read(tmp_path / part)
    assert costs(found)["2026-10"] == 3
    assert found.gaps.empty


def test_a_copied_export_may_have_another_name(tmp_path: Path) -> None:
    data_export(tmp_path / "cur2", [[line("1")]])
    (tmp_path / "cur2").rename(tmp_path / "copy")
    assert costs(read(tmp_path)) == {"2026-10": 1}


def test_a_manifest_beside_its_files_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", rows_of([line("1", 1)]))
    write(tmp_path / "b.csv", rows_of([line("2", 2)]))
    keys = ["s3://b/x/data/BILLING_PERIOD=2026-10/a.csv"]
    (tmp_path / "x-Manifest.json").write_text(json.dumps({"dataFiles": keys}))
    found = read(tmp_path)
    assert (costs(found), found.gaps.empty) == ({"2026-10": 1}, True)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "cannot be read"),
        ("[]", "is no JSON object"),
        ('{"dataFiles": []}', "names no data file"),
        ('{"dataFiles": [7]}', "names no data file"),
        (
            '{"dataFiles": ["s3://b/cur2/data/BILLING_PERIOD=2026-10/gone\\u202e.parquet"]}',
            "1 of 1 files .* are not there",
        ),
    ],
)
def test_a_month_is_not_guessed_when_its_manifest_is_wrong(tmp_path: Path, content: str, says: str) -> None:
    root = tmp_path / "cur2"
    data_export(root, [[line("1")]])
    data_export(root, [[line("5", period="2026-09")]], period="2026-09")
    (root / "metadata/BILLING_PERIOD=2026-10/cur2-Manifest.json").write_text(content)
    found = read(tmp_path)
    assert costs(found) == {"2026-09": 5}
    assert found.months["period"].tolist() == ["2026-09"]
    assert found.gaps["period"].tolist() == ["2026-10"]
    assert found.gaps["problem"].str.contains(says).all()
    assert "\u202e" not in problems(found)


# --- files that are broken


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def footless(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8] + b"\xff" * 4 + b"PAR1")


def foreign(path: Path) -> None:
    path.write_bytes(b"a,b\n1,2\n")


BROKEN = [
    (".snappy.parquet", nothing), (".snappy.parquet", cut), (".snappy.parquet", footless), (".csv.gz", nothing),
    (".csv.gz", cut), (".csv.gz", foreign), (".csv", foreign), (".csv", nothing),
]  # fmt: skip
"""Endings of files, and what breaks one."""


@pytest.mark.parametrize(("ending", "spoil"), BROKEN)
def test_a_broken_file_costs_its_month_alone(tmp_path: Path, ending: str, spoil: Callable[[Path], None]) -> None:
    root = tmp_path / "cur2"
    many = [line("1", number) for number in range(500)]
    _, second = data_export(root, [[line("1", 1000)], many], ending=ending)
    data_export(root, [[line("5", period="2026-09")]], period="2026-09", ending=ending)
    spoil(second)
    found = read(tmp_path)
    assert costs(found) == {"2026-09": 5}
    assert found.months["period"].tolist() == ["2026-09"]
    assert found.gaps[["period", "file"]].to_numpy().tolist() == [["2026-10", str(second)]]
    assert "\n" not in problems(found)


@pytest.mark.parametrize(("ending", "spoil"), [each for each in BROKEN if each[1] is not nothing])
def test_a_broken_file_in_a_folder_of_its_month_costs_that(
    tmp_path: Path, ending: str, spoil: Callable[[Path], None]
) -> None:
    for period in ("2026-09", "2026-10"):
        lines = [line("1", number, period=period) for number in range(300)]
        write(tmp_path / f"BILLING_PERIOD={period}/a{ending}", rows_of([line("1", 999, period=period)]))
        write(tmp_path / f"BILLING_PERIOD={period}/b{ending}", rows_of(lines))
    spoil(tmp_path / f"BILLING_PERIOD=2026-10/b{ending}")
    found = read(tmp_path)
    assert costs(found) == {"2026-09": 301}
    assert found.months["period"].tolist() == ["2026-09"]


@pytest.mark.parametrize("name", ["bill-2026-10.csv.gz", "bill-two.csv.gz"])
def test_a_broken_file_among_other_months_costs_its_own(tmp_path: Path, name: str) -> None:
    write(tmp_path / "one.csv.gz", rows_of([line("5", period="2026-09"), line("7", 1, period="2026-10")]))
    cut(write(tmp_path / name, rows_of([line("1", number) for number in range(500)])))
    found = read(tmp_path)
    assert costs(found) == {"2026-09": 5}
    assert found.gaps["period"].tolist() == ["2026-10"]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_the_rows_of_a_broken_file_tell_its_month_and_not_its_name(tmp_path: Path, ending: str) -> None:
    write(tmp_path / f"one{ending}", rows_of([line("1", 1), line("5", 2, period="2026-11")]))
    many = [line("1", number, description=f"{number * 7919 % 100_003} of it") for number in range(3, 5000)]
    path = write(tmp_path / f"made-2026-11-03{ending}", rows_of(many))
    break_amounts(path) if ending == ".parquet" else cut(path)
    found = read(tmp_path)
    assert costs(found) == {"2026-11": 5}
    assert found.months["period"].tolist() == ["2026-11"]
    assert "2026-10" in found.gaps["period"].tolist()


def break_amounts(path: Path) -> None:
    """Spoils a column of a Parquet file and leaves its others and its footer as they are."""
    column = next(
        part
        for part in map(pq.ParquetFile(path).metadata.row_group(0).column, range(99))
        if part.path_in_schema == "line_item_unblended_cost"
    )
    start = column.dictionary_page_offset or column.data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["bill-2026-11.csv", "bill.csv"])
def test_a_broken_file_of_several_months_costs_its_folder(tmp_path: Path, name: str) -> None:
    write(tmp_path / "one.csv", rows_of([line("1", 1), line("5", 2, period="2026-08")]))
    cut(write(tmp_path / name, rows_of([line("1", 3, period="2026-09"), *(line("1", n) for n in range(4, 20))])))
    found = read(tmp_path)
    assert (costs(found), found.months.empty) == ({}, True)
    assert "nothing of the files in" in problems(found)


@pytest.mark.parametrize(("name", "counted"), [("bill-2026-10.csv.gz", {"2026-11": 5}), ("bill.csv.gz", {})])
def test_the_name_of_a_broken_file_tells_its_month_where_no_row_does(
    tmp_path: Path, name: str, counted: dict[str, int]
) -> None:
    write(tmp_path / "one.csv", rows_of([line("1", 1), line("5", 2, period="2026-11")]))
    (tmp_path / name).write_bytes(gzip.compress(b"x" * 99)[:20])
    assert costs(read(tmp_path)) == counted


def test_a_broken_file_of_an_unknown_month_costs_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "x/one.parquet", rows_of([line("5")]))
    footless(write(tmp_path / "x/two.parquet", rows_of([line("1", 1)])))
    write(tmp_path / "y/three.parquet", rows_of([line("8", 3, period="2026-09")]))
    found = read(tmp_path)
    assert costs(found) == {"2026-09": 8}
    assert "nothing of the files in" in problems(found)


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".csv.gz"])
def test_empty_chunks_without_a_manifest_are_left_out(tmp_path: Path, ending: str) -> None:
    write(tmp_path / f"BILLING_PERIOD=2026-10/a{ending}", rows_of([line("5")]))
    empty = gzip.compress(b"") if ending == ".csv.gz" else b""
    (tmp_path / f"BILLING_PERIOD=2026-10/b{ending}").write_bytes(empty)
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 5}
    assert f"b{ending} is empty; it is left out" in problems(found)


def test_an_export_without_a_row_tells_no_cost(tmp_path: Path) -> None:
    write(tmp_path / "BILLING_PERIOD=2026-10/a.csv", [], columns=list(cur(Line(), 0)))
    found = read(tmp_path)
    assert found.months.empty
    assert "not a row in the export" in problems(found)


def test_a_file_without_needed_columns_names_them(tmp_path: Path) -> None:
    rows = rows_of([line("1")])
    for row in rows:
        del row["line_item_unblended_cost"], row["line_item_currency_code"]
    write(tmp_path / "BILLING_PERIOD=2026-10/a.parquet", rows)
    found = read(tmp_path)
    assert found.months.empty
    assert "lacks the columns line_item_currency_code, line_item_unblended_cost" in problems(found)


def zipped(path: Path, **contents: str | bytes) -> Path:
    """A ZIP archive of files by name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.csv", content)
    return path


@pytest.fixture
def report(tmp_path: Path) -> str:
    """A legacy report of October in CSV."""
    lines = [line(f"0.{number}", number) for number in range(1, 500)]
    return write(tmp_path / "plain" / "report.csv", rows_of(lines, legacy_csv)).read_text()


def test_a_zipped_report_is_read(tmp_path: Path, report: str) -> None:
    zipped(tmp_path / "zipped" / "report-1.csv.zip", report=report)
    found = read(tmp_path / "zipped")
    assert found.charges.equals(read(tmp_path / "plain").charges)
    assert found.gaps.empty
    assert found.months[["files", "rows"]].to_numpy().tolist() == [[1, 499]]


def test_a_zipped_report_at_a_url_is_read(tmp_path: Path, report: str, stored: fsspec.AbstractFileSystem) -> None:
    path = zipped(tmp_path / "report-1.csv.zip", report=report)
    stored.pipe_file("/stored/zipped/report-1.csv.zip", path.read_bytes())
    assert costs(read_cost_exports(["memory://stored/zipped"])) == costs(read(tmp_path / "plain"))


def cut_in_the_middle(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def encrypt(path: Path) -> None:
    """Says that the file in it is encrypted."""
    content = bytearray(path.read_bytes())
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(start) + flags] |= 1
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [cut_in_the_middle, change_a_byte, encrypt])
def test_a_broken_archive_costs_its_month_alone(tmp_path: Path, report: str, spoil: Callable[[Path], None]) -> None:
    write(tmp_path / "zipped" / "BILLING_PERIOD=2026-09" / "a.csv", rows_of([line("5", period="2026-09")]))
    spoil(zipped(tmp_path / "zipped" / "BILLING_PERIOD=2026-10" / "report-1.csv.zip", report=report))
    found = read(tmp_path / "zipped")
    assert costs(found) == {"2026-09": 5}
    assert "report-1.csv.zip cannot be read" in problems(found)


@pytest.mark.parametrize("names", ["", "ab"])
def test_an_archive_of_no_or_several_files_is_said(tmp_path: Path, names: str) -> None:
    zipped(tmp_path / "report-1.csv.zip", **dict.fromkeys(names, "a,b"))
    says = f"report-1.csv.zip is a ZIP archive of {len(names)} files, not of one; unpack it"
    assert says in problems(read(tmp_path))


def test_an_archive_in_an_archive_is_said(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", a="a,b").read_bytes()
    zipped(tmp_path / "outer" / "report-1.csv.zip", inner=inner)
    assert "has a ZIP archive in it, which is not read" in problems(read(tmp_path / "outer"))


def test_a_row_that_is_cut_is_not_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "BILLING_PERIOD=2026-10/a.csv", rows_of([line("1"), line("2", 1)]))
    path.write_text(path.read_text()[:-40])
    found = read(tmp_path)
    assert (costs(found), found.months.empty, len(found.gaps)) == ({}, True, 1)


def dangling(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to("/nonexistent/file")
    return path


@pytest.mark.parametrize(
    ("name", "counted", "lost"),
    [
        ("b.csv", {"2026-09": 5, "2026-10": 1}, None),
        ("bill-2026-10.csv", {"2026-09": 5}, "2026-10"),
        ("BILLING_PERIOD=2026-08/b.csv", {"2026-09": 5, "2026-10": 1}, "2026-08"),
    ],
)
def test_a_link_that_leads_nowhere_costs_the_month_it_is_tied_to(
    tmp_path: Path, name: str, counted: dict[str, int], lost: str | None
) -> None:
    write(tmp_path / "a.csv", rows_of([line("5", period="2026-09"), line("1", 1)]))
    path = dangling(tmp_path / name)
    write(path.with_name("c.csv"), rows_of([line("7", 2, period="2026-08")])) if lost == "2026-08" else None
    found = read(tmp_path)
    assert costs(found) == counted
    assert found.gaps["file"].tolist() == [str(path)]
    assert found.gaps["period"].fillna("").tolist() == [lost or ""]
    assert f"{path.name} cannot be read (No such file or directory)" in problems(found)


@pytest.mark.parametrize("which", ["data", "metadata"])
def test_a_link_of_an_export_with_manifests_that_leads_nowhere_costs_its_month(tmp_path: Path, which: str) -> None:
    root = tmp_path / "cur2"
    data_export(root, [[line("1")]])
    data_export(root, [[line("5", period="2026-09")]], period="2026-09")
    dangling(next((root / which / "BILLING_PERIOD=2026-10").iterdir()))
    found = read(tmp_path)
    assert costs(found) == {"2026-09": 5}
    assert found.gaps["period"].tolist() == ["2026-10"]


@pytest.mark.parametrize(
    ("folder", "counted", "lost"),
    [
        ("other", {"2026-09": 5, "2026-10": 1}, None),
        ("cur2/data/BILLING_PERIOD=2026-10", {"2026-09": 5}, "2026-10"),
        ("cur2/data/BILLING_PERIOD=2026-10/more", {"2026-09": 5}, "2026-10"),
        ("cur2/metadata", {}, None),
    ],
)
def test_a_folder_that_cannot_be_read_costs_the_month_it_is_tied_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, counted: dict[str, int], lost: str | None
) -> None:
    for period, cost in (("2026-09", "5"), ("2026-10", "1")):
        data_export(tmp_path / "cur2", [[line(cost, period=period)]], period=period)
    closed = tmp_path / folder
    closed.mkdir(exist_ok=True)
    refuse(monkeypatch, closed)
    found = read(tmp_path)
    assert costs(found) == counted
    gaps = found.gaps[found.gaps["file"] == str(closed)]
    assert gaps["period"].fillna("").tolist() == [lost or ""]
    assert f"the folder {closed.name} cannot be read (Permission denied)" in problems(found)


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("october", {"2026-09": 5, "2026-10": 1}),
        ("cur2/data/BILLING_PERIOD=2026-10/more", {"2026-09": 5}),
        ("cur2/metadata/BILLING_PERIOD=2026-08", {"2026-09": 5, "2026-10": 1}),
    ],
)
@pytest.mark.parametrize("target", ["/nonexistent/folder", "."])
def test_a_link_to_a_folder_that_is_gone_is_noted(
    tmp_path: Path, name: str, counted: dict[str, int], target: str
) -> None:
    for period, cost in (("2026-09", "5"), ("2026-10", "1")):
        data_export(tmp_path / "cur2", [[line(cost, period=period)]], period=period)
    path = tmp_path / name
    path.symlink_to(path if target == "." else target)  # to itself, or to nothing
    (tmp_path / "notes.txt").symlink_to("/nonexistent/notes.txt")
    found = read(tmp_path)
    assert costs(found) == counted
    assert found.gaps["file"].tolist() == [str(path)]
    assert f"the folder {path.name} cannot be read" in problems(found)


def test_manifests_beside_the_configured_data_that_cannot_be_read_are_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_export(tmp_path / "cur2", [[line("1")]])
    refuse(monkeypatch, tmp_path / "cur2/metadata")
    found = read(tmp_path / "cur2/data")
    assert (costs(found), found.gaps["file"].tolist()) == ({}, [str(tmp_path / "cur2/metadata")])


def test_a_configured_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path)


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[fsspec.AbstractFileSystem]:
    """Two months at ``memory://stored/cur2``."""
    data_export(tmp_path / "cur2", [[line("1")]])
    data_export(tmp_path / "cur2", [[line("2", period="2026-09")]], period="2026-09")
    storage = fsspec.filesystem("memory")
    for path in (tmp_path / "cur2").rglob("*.*"):
        storage.pipe_file(f"/stored/{path.relative_to(tmp_path).as_posix()}", path.read_bytes())
    yield storage
    storage.rm("/stored", recursive=True)


def refuse_at_url(monkeypatch: pytest.MonkeyPatch, closed: str, error: Exception) -> None:
    """Makes a folder one that cannot be listed."""
    listing = MemoryFileSystem.ls

    def refusing(storage: MemoryFileSystem, path: str, detail: bool = True, **options: Any) -> Any:
        if path == closed:
            raise error
        return listing(storage, path, detail=detail, **options)

    monkeypatch.setattr(MemoryFileSystem, "ls", refusing)


@pytest.mark.parametrize("error", [PermissionError("Access Denied"), RuntimeError("Access Denied")])
@pytest.mark.parametrize(
    ("url", "closed", "counted"),
    [
        ("cur2", "data/BILLING_PERIOD=2026-09", {"2026-10": 1}),
        ("cur2", "metadata/BILLING_PERIOD=2026-09", {"2026-10": 1}),
        ("cur2/data", "metadata", {}),
    ],
)
@pytest.mark.usefixtures("stored")
def test_a_folder_at_a_url_that_cannot_be_listed_costs_the_month_it_is_tied_to(
    monkeypatch: pytest.MonkeyPatch, error: Exception, url: str, closed: str, counted: dict[str, Decimal]
) -> None:
    refuse_at_url(monkeypatch, f"/stored/cur2/{closed}", error)
    found = read_cost_exports([f"memory://stored/{url}"])
    assert costs(found) == counted
    assert f"/stored/cur2/{closed}" in found.gaps["file"].tolist()
    assert "cannot be read (Access Denied), so" in problems(found)


@pytest.mark.usefixtures("stored")
def test_a_configured_url_that_cannot_be_listed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_at_url(monkeypatch, "/stored/cur2", PermissionError("Access Denied"))
    with pytest.raises(ConfigError, match="cannot be read: Access Denied"):
        read_cost_exports(["memory://stored/cur2"])


def test_a_single_file_at_a_url_is_read(stored: fsspec.AbstractFileSystem) -> None:
    (path,) = stored.glob("/stored/cur2/data/*2026-09/*.parquet")
    assert costs(read_cost_exports([f"memory:/{path}"])) == {"2026-09": 2}


def refuse(monkeypatch: pytest.MonkeyPatch, closed: Path) -> None:
    """Makes a folder one that cannot be read, also by an administrator."""
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)


# --- what would count twice


def test_files_and_folders_that_are_listed_twice_count_once(tmp_path: Path) -> None:
    data_export(tmp_path / "cur2", [[line("1")]])
    other = write(tmp_path / "cur2/other/x.csv", rows_of([line("2", period="2026-08")]))
    (tmp_path / "link").symlink_to(tmp_path / "cur2")
    found = read(other, tmp_path / "cur2/data", tmp_path / "cur2", tmp_path, tmp_path / "link", other)
    assert costs(found) == {"2026-08": 2, "2026-10": 1}
    assert len(found.months) == 2


def test_a_manifest_finds_files_that_a_link_led_to_first(tmp_path: Path) -> None:
    data, _ = data_export(tmp_path / "cur2", [[line("1", 1)], [line("2", 2)]])
    (tmp_path / "link").symlink_to(tmp_path / "cur2")
    assert costs(read(tmp_path / "link" / data.relative_to(tmp_path / "cur2"), tmp_path / "cur2")) == {"2026-10": 3}


def test_a_folder_that_is_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/october.csv", rows_of([line("1")]))
    write(tmp_path / "bills/09/september.csv", rows_of([line("5", 1, period="2026-09")]))
    (tmp_path / "bills/10").symlink_to(tmp_path / "elsewhere")
    found = read(tmp_path / "bills")
    assert (costs(found), found.gaps.empty) == ({"2026-09": 5, "2026-10": 1}, True)


def test_links_that_lead_back_or_twice_to_a_folder_count_it_once(tmp_path: Path) -> None:
    root = tmp_path / "all/cur2"
    data_export(root, [[line("1", 1)], [line("2", 2)]])
    write(tmp_path / "other.csv", rows_of([line("9", 9, period="2026-08")]))
    (tmp_path / "all/a").symlink_to(root / "data")
    (root / "b").symlink_to(root)
    (root / "c").symlink_to(tmp_path)
    found = read(tmp_path / "all")
    assert (costs(found), found.gaps.empty, len(found.months)) == ({"2026-10": 3}, True, 1)


def test_a_manifest_finds_files_that_a_link_of_another_export_led_to_first(tmp_path: Path) -> None:
    data_export(tmp_path / "cur2", [[line("1")]])
    (tmp_path / "links").mkdir()
    (tmp_path / "links/october").symlink_to(tmp_path / "cur2/data/BILLING_PERIOD=2026-10")
    found = read(tmp_path / "links", tmp_path / "cur2")
    assert (costs(found), found.gaps.empty) == ({"2026-10": 1}, True)


@pytest.mark.parametrize("make", [cur, focus])
def test_a_copy_of_a_file_counts_once(tmp_path: Path, make: Callable[[Line, int], dict[str, object]]) -> None:
    for name in ("a.parquet", "a (1).parquet"):
        write(tmp_path / name, rows_of([line("1"), line("2", 1)], make))
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 3}
    assert "has the same content as" in problems(found)


def test_a_line_item_in_two_files_counts_once_as_the_newer_has_it(tmp_path: Path) -> None:
    old = write(tmp_path / "b.parquet", rows_of([line("1", 1), line("2", 2), line("4", 3)]))
    new = write(tmp_path / "a.parquet", rows_of([line("1", 1), line("8", 2), line("16", 4)]))
    os.utime(old, (NOW - DAY, NOW - DAY))
    os.utime(new, (NOW, NOW))
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 1 + 8 + 4 + 16}
    assert found.gaps["rows"].tolist() == [2]
    assert "each is counted once, as in the newer" in problems(found)


def test_line_items_of_one_file_that_share_an_id_all_count(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", rows_of([line("1", 1), line("2", 1)]))
    write(tmp_path / "b.parquet", rows_of([line("4", 2)]))
    assert costs(read(tmp_path)) == {"2026-10": 7}


def test_of_two_exports_of_a_month_the_more_detailed_counts(tmp_path: Path) -> None:
    data_export(tmp_path / "a", [[line("1")]], make=focus_1_2)
    data_export(tmp_path / "b", [[line("1")]], make=cur)
    legacy(tmp_path / "c", {"x": [line("1.5")]})
    found = read(tmp_path)
    assert found.months["format"].tolist() == ["CUR 2.0"]
    assert costs(found) == {"2026-10": 1}
    assert found.gaps["period"].tolist() == ["2026-10", "2026-10"]
    assert "both bill the same" in problems(found)
    assert "it bills 1.5000000000 USD, not 1.0000000000 USD" in problems(found)


@pytest.mark.parametrize(
    ("accounts", "cost", "says"),
    [
        ("AB", "1", "both bill the same)"),
        ("AC", "1", "both bill the same sum, but not to the same accounts)"),
        (
            "CD",
            "1",
            "not to the same accounts, and no account is in both: half of the bill may be missing); export all",
        ),
        ("CD", "2", "USD, and no account is in both: half of the bill may be missing); export all accounts in one"),
    ],
)
def test_an_export_is_compared_by_sums_and_accounts(tmp_path: Path, accounts: str, cost: str, says: str) -> None:
    numbers = dict(zip("ABCD", ("010000000001", "210000000002", "210000000003", "210000000004"), strict=True))
    data_export(tmp_path / "a", [[line("1", n, account=numbers[name]) for n, name in enumerate("AB")]])
    others = [line(cost, n, account=numbers[name].lstrip("0")) for n, name in enumerate(accounts)]
    data_export(tmp_path / "b", [others], make=focus)
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 2}
    assert says in problems(found)


def test_an_export_that_has_stopped_does_not_count(tmp_path: Path) -> None:
    data_export(tmp_path / "a", [[line("2")]], make=focus)
    data_export(tmp_path / "b", [[line("1")]], make=cur)
    aged(tmp_path / "a", 0)
    aged(tmp_path / "b", 10)
    found = read(tmp_path)
    assert found.months["format"].tolist() == ["FOCUS 1.0"]


@pytest.mark.parametrize(
    ("period", "delivered", "partial"),
    [
        ("2026-10", datetime(2026, 10, 15, tzinfo=UTC), True),
        ("2026-10", datetime(2026, 10, 31, 23, 59, tzinfo=UTC), True),
        ("2026-10", datetime(2026, 11, 1, tzinfo=UTC), False),
        ("2026-12", datetime(2027, 1, 1, tzinfo=UTC), False),
        ("2026-10", datetime(1970, 1, 1, tzinfo=UTC), False),
    ],
)
def test_a_delivery_before_its_month_ended_counts_and_is_noted(
    tmp_path: Path, period: str, delivered: datetime, partial: bool
) -> None:
    path = write(tmp_path / "a.csv", rows_of([line("1", period=period)]))
    os.utime(path, (delivered.timestamp(), delivered.timestamp()))
    found = read(tmp_path)
    assert costs(found) == {period: 1}
    assert found.gaps["period"].tolist() == [period] * partial
    assert found.charges["is_partial"].tolist() == found.months["is_partial"].tolist() == [partial]
    assert (f"was delivered on {delivered:%Y-%m-%d}, before the month ended" in problems(found)) is partial


def test_a_manifest_tells_that_a_delivery_is_of_part_of_a_month(tmp_path: Path) -> None:
    data_export(tmp_path / "cur2", [[OTHER]], execution="2026-10-15T01:00:00.000Z-aa")
    found = read(tmp_path)
    assert found.months["ses_rows"].tolist() == [0]
    assert "2026-10 was delivered on 2026-10-15" in problems(found)


def test_a_whole_month_counts_before_a_more_detailed_part_of_it(tmp_path: Path) -> None:
    data_export(tmp_path / "a", [[line("1")]], execution="2026-10-31T01:00:00.000Z-aa")
    data_export(tmp_path / "b", [[line("2")]], execution="2026-11-01T01:00:00.000Z-aa", make=focus)
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 2}
    assert "before the month ended" not in problems(found)


def test_of_two_deliveries_without_a_manifest_the_newest_counts(tmp_path: Path) -> None:
    for name, cost, days in (("x", "1", 2), ("y", "2", 1)):
        write(tmp_path / f"BILLING_PERIOD=2026-10/{name}/a.parquet", rows_of([line(cost)]))
        aged(tmp_path / f"BILLING_PERIOD=2026-10/{name}", days)
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 2}
    assert "is also in" in problems(found)


def test_a_delivery_that_lacks_a_chunk_does_not_count(tmp_path: Path) -> None:
    for name, numbers, days in (("x", (1, 2, 3), 2), ("y", (1, 3), 1)):
        for number in numbers:
            write(tmp_path / f"BILLING_PERIOD=2026-10/{name}/c-{number:05d}.csv.gz", rows_of([line("1", number)]))
        aged(tmp_path / f"BILLING_PERIOD=2026-10/{name}", days)
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 3}
    assert "chunk 00002 is missing among 2 files" in problems(found)


def test_an_export_that_names_no_payer_is_not_added_to_another(tmp_path: Path) -> None:
    data_export(tmp_path / "a", [[line("2")]])
    data_export(tmp_path / "b", [[line("1", payer="")]], make=focus)
    found = read(tmp_path)
    assert (costs(found), len(found.gaps)) == ({"2026-10": 2}, 1)


def test_payers_with_names_count_beside_each_other_and_not_beside_one_without(tmp_path: Path) -> None:
    data_export(tmp_path / "a", [[line("2")]], make=focus)
    data_export(tmp_path / "b", [[line("4", payer="900000000002")]], make=focus)
    data_export(tmp_path / "c", [[line("100", payer="")]])
    found = read(tmp_path)
    assert (costs(found), len(found.gaps)) == ({"2026-10": 6}, 1)
    assert "it bills 100.0000000000 USD, not 6.0000000000 USD" in problems(found)
    assert "which count in its place" in problems(found)


def test_an_export_that_names_no_payer_counts_in_the_place_of_a_worse_one(tmp_path: Path) -> None:
    data_export(tmp_path / "a", [[line("2")]], make=focus)
    data_export(tmp_path / "b", [[line("3", payer="")]])
    found = read(tmp_path)
    assert (costs(found), len(found.gaps)) == ({"2026-10": 3}, 1)


def test_rows_without_a_payer_are_of_the_payer_of_their_export(tmp_path: Path) -> None:
    data_export(tmp_path / "a", [[line("1"), line("2", payer="")]])
    data_export(tmp_path / "b", [[line("4", payer="900000000002")]])
    found = read(tmp_path)
    assert (costs(found), found.gaps.empty) == ({"2026-10": 7}, True)


def test_a_payer_that_lost_a_zero_is_the_same_payer(tmp_path: Path) -> None:
    data_export(tmp_path / "a", [[line("1", payer="012345678901")]])
    data_export(tmp_path / "b", [[line("1", payer="12345678901")]], make=focus)
    found = read(tmp_path)
    assert (costs(found), len(found.gaps)) == ({"2026-10": 1}, 1)


def test_an_export_with_charges_counts_before_one_without(tmp_path: Path) -> None:
    data_export(tmp_path / "a", [[OTHER]])
    data_export(tmp_path / "b", [[line("1")]], make=focus)
    assert costs(read(tmp_path)) == {"2026-10": 1}


def test_rows_of_another_month_than_their_folder_do_not_count(tmp_path: Path) -> None:
    data_export(tmp_path / "cur2", [[line("1", 1), line("2", 2, period="2026-09")]])
    data_export(tmp_path / "cur2", [[line("4", 3, period="2026-09")]], period="2026-09")
    found = read(tmp_path)
    assert costs(found) == {"2026-09": 4, "2026-10": 1}
    assert found.gaps[["period", "rows"]].to_numpy().tolist() == [["2026-09", 1]]


def test_a_month_is_not_free_because_its_folder_holds_another(tmp_path: Path) -> None:
    data_export(tmp_path / "cur2", [[line("2", period="2026-09")]])
    found = read(tmp_path)
    assert found.months.empty
    assert "the first row is of 2026-09, not of 2026-10" in problems(found)


def test_rows_without_a_billing_period_are_said(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", rows_of([line("1"), line("2", 1, more={"bill_billing_period_start_date": "1 Oct"})]))
    found = read(tmp_path)
    assert costs(found) == {"2026-10": 1}
    assert "no billing period that can be read" in problems(found)
