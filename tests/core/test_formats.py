"""Stored formats: the files of every release open, a newer format is named, and what is damaged is one clear line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sesreport.collect.journal import Journal, cut_off
from sesreport.core.errors import DeliveryError, SesReportError, SnapshotError
from sesreport.core.files import sha256_of
from sesreport.core.formats import FormatError, read_format
from sesreport.core.period import Period
from sesreport.kpis.results import Results
from sesreport.report import build
from sesreport.report.delivery.parcel import open_parcel
from sesreport.report.delivery.receipts import Receipts
from sesreport.report.notebooks import Executed
from sesreport.report.stored import read_stored
from sesreport.settings.config import Config
from sesreport.snapshot.store import load, snapshots

RELEASES = sorted((Path(__file__).parents[1] / "data" / "formats").iterdir())
"""What each release wrote: snapshots and a collection that was cut off, a pack (without documents and with few frames),
receipts."""
NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
MONTH = Period(2026, 10)


@pytest.fixture(params=RELEASES, ids=lambda folder: folder.name)
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of what a release wrote."""
    return Path(shutil.copytree(request.param, tmp_path / "stored"))


def snapshot_of(stored: Path) -> Path:
    return snapshots(stored / "snapshots")[0]


def pack_of(stored: Path) -> Path:
    return stored / "packs" / "2026-10"


def test_the_snapshot_of_a_release_opens(stored: Path) -> None:
    snapshot = load(snapshot_of(stored))
    assert snapshot.started_at == NOW
    assert {name: len(frame) for name, frame in snapshot.frames.items() if name in snapshot.manifest["files"]} == {
        name: entry["rows"] for name, entry in snapshot.manifest["files"].items()
    }
    assert snapshot.identities["identity"].tolist() == ["shop.example.com", "billing@example.com", "example.org"]


def test_the_pack_of_a_release_opens_and_can_be_delivered(stored: Path) -> None:
    parcel = open_parcel(stored / "packs", MONTH, now=NOW)
    assert parcel.results.kpi("owned_identities").value == 0.5
    assert parcel.receipts.missing("ab" * 32, ["board@example.com", "else@example.com"]) == ["else@example.com"]


def test_the_frames_of_a_release_s_pack_are_there(stored: Path) -> None:
    pack = read_stored(pack_of(stored))
    assert pack.results.findings.open == len(pack.frames["findings"])


def test_a_collection_begun_by_a_release_goes_on(stored: Path) -> None:
    (journal,) = Journal.unfinished(stored / "snapshots")
    assert journal.begun["speaks_for"] == "2026-10"
    assert len(journal.of_place("210000000001/eu-west-1")) == 1
    assert journal.answers == 2
    journal.close(remove=False)


RECEIPTS = "packs/2026-10.receipts.json"
OPENED: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "snapshot": ("snapshots/20261101T060000Z/manifest.json", lambda stored: load(snapshot_of(stored))),
    "pack": ("packs/2026-10/manifest.json", lambda stored: open_parcel(stored / "packs", MONTH, now=NOW)),
    "opened pack": ("packs/2026-10/manifest.json", lambda stored: read_stored(pack_of(stored))),
    "results": ("packs/2026-10/results.json", lambda stored: Results.read(pack_of(stored) / "results.json")),
    "receipts": (RECEIPTS, lambda stored: Receipts(stored / RECEIPTS).check()),
}  # fmt: skip


@pytest.fixture(params=OPENED)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def said(kind: str, stored: Path) -> str:
    """The one line that opening ends with."""
    with pytest.raises(SesReportError) as caught:
        OPENED[kind][1](stored)
    assert isinstance(caught.value, DeliveryError if kind == "receipts" else SnapshotError)
    line = str(caught.value)
    assert "\n" not in line
    assert str(stored) in line
    return line


def change(kind: str, stored: Path, edit: Callable[[str], str]) -> None:
    file = stored / OPENED[kind][0]
    file.write_text(edit(file.read_text()))


def test_keys_of_a_later_release_are_ignored(kind: str, stored: Path) -> None:
    change(kind, stored, lambda text: json.dumps({**json.loads(text), "new": {"key": [1]}}))
    OPENED[kind][1](stored)


@pytest.mark.parametrize("rest", ["", '"kpis": 5, "files": 5, "sent": 5', '"a": 1, "a": 2'])
def test_a_newer_format_is_named_before_all_else(kind: str, rest: str, stored: Path) -> None:
    name = json.loads((stored / OPENED[kind][0]).read_text())["format"].partition("/")[0]
    change(kind, stored, lambda _: "{" + f'"format": "{name}/2"' + (f", {rest}" if rest else "") + "}")
    line = said(kind, stored)
    assert f"format '{name}/2', not '{name}/1'" in line
    assert "update sesreport" in line


@pytest.mark.parametrize("other", ['"another/1"', '"sesreport-policy/7"', "7", "[]", '"' + "x" * 1000 + '"'])
def test_another_format_is_not_called_newer(kind: str, other: str, stored: Path) -> None:
    change(kind, stored, lambda text: json.dumps({**json.loads(text), "format": json.loads(other)}))
    line = said(kind, stored)
    assert "not one of ours" in line
    assert "update" not in line
    assert len(line) < 500


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "5", "[]", "null", "{}", '{"format": null}', "\ufeff{}", "[" * 100_000, '{"format":' * 100_000,
        '{"format": NaN}', '{"format": ' + "9" * 5000 + "}",
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_none_of_its_kind_is_one_line(kind: str, text: str, stored: Path) -> None:
    change(kind, stored, lambda _: text)
    said(kind, stored)


def test_bytes_that_are_no_text_are_one_line(kind: str, stored: Path) -> None:
    (stored / OPENED[kind][0]).write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in said(kind, stored)


def test_a_key_that_is_there_twice_is_refused(kind: str, stored: Path) -> None:
    change(kind, stored, lambda text: text.replace("{", '{"period": "2026-10", "period": "2026-09",', 1))
    assert "key 'period' is twice" in said(kind, stored)


def test_what_is_nested_deeply_is_refused_also_under_an_unknown_key(kind: str, stored: Path) -> None:
    change(kind, stored, lambda text: text.replace("{", '{"new": ' + "[" * 400 + "]" * 400 + ",", 1))
    assert "nested too deeply" in said(kind, stored)


def wrong(text: str, *where: str | int, value: Any = None) -> str:
    """The JSON text with another value at one place; without one, nothing is there."""
    content = json.loads(text)
    inner = content
    for part in where[:-1]:
        inner = inner[part]
    if value is None:
        del inner[where[-1]]
    else:
        inner[where[-1]] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("kind", "where", "value"),
    [
        ("snapshot", ("files", "accounts", "rows"), -1),
        ("snapshot", ("files", "accounts", "rows"), True),
        ("snapshot", ("files", "accounts", "rows"), "3"),
        ("snapshot", ("files", "accounts", "sha256"), "abc"),
        ("snapshot", ("files", "accounts"), None),
        ("snapshot", ("files", "../accounts"), {"sha256": "0" * 64, "rows": 1}),
        ("snapshot", ("files",), []),
        ("snapshot", ("tool",), {}),
        ("snapshot", ("started_at",), "2026-11-01T06:00:00"),
        ("snapshot", ("finished_at",), 5),
        ("snapshot", ("caller",), "210000000001"),
        ("snapshot", ("metric_days",), "many"),
        ("pack", ("status",), None),
        ("pack", ("files", "results.json"), None),
        ("pack", ("files", "results.json", "bytes"), "46"),
        ("pack", ("files", "data/findings.parquet", "sha256"), None),
        ("pack", ("period",), 2026),
        ("results", ("kpis", 0, "value"), "0"),
        ("results", ("kpis", 0, "status"), "fine"),
        ("results", ("kpis", 0, "series", 0, "value"), []),
        ("results", ("kpis", 0, "label"), None),
        ("results", ("kpis",), {}),
        ("results", ("findings", "open"), 1.5),
        ("results", ("findings", "by_severity", "critical"), None),
        ("results", ("coverage", "places", "read"), "all"),
        ("results", ("snapshot", "sha256"), 5),
        ("results", ("verdict",), "none"),
        ("receipts", ("sent", 0, "to"), None),
        ("receipts", ("sent", 0, "pack_sha256"), 5),
        ("receipts", ("sent",), {}),
    ],
)  # fmt: skip
def test_a_wrong_or_missing_value_is_named(kind: str, where: tuple[str | int, ...], value: Any, stored: Path) -> None:
    change(kind, stored, lambda text: wrong(text, *where, value=value))
    told = said(kind, stored)
    assert str(where[-1] if value is not None else where[0]) in told


def test_a_row_count_that_differs_from_the_file_is_refused(stored: Path) -> None:
    change("snapshot", stored, lambda text: wrong(text, "files", "policies", "rows", value=4))
    assert "policies.parquet has 3 rows, and manifest.json says 4" in said("snapshot", stored)


def test_a_file_that_is_no_parquet_is_refused_also_with_the_right_hash(stored: Path) -> None:
    file = snapshot_of(stored) / "costs.parquet"
    file.write_text("no parquet")
    change("snapshot", stored, lambda text: wrong(text, "files", "costs", "sha256", value=sha256_of(file)))
    assert "costs.parquet cannot be read" in said("snapshot", stored)


def test_a_frame_that_is_there_and_not_in_the_manifest_is_no_empty_frame(stored: Path) -> None:
    change("snapshot", stored, lambda text: wrong(text, "files", "changes"))
    assert "changes.parquet is not in its manifest" in said("snapshot", stored)


@pytest.mark.parametrize("frame", ["accounts", "identities", "policies", "coverage"])
def test_no_snapshot_is_without_what_it_is_about(frame: str, stored: Path) -> None:
    (snapshot_of(stored) / f"{frame}.parquet").unlink()
    change("snapshot", stored, lambda text: wrong(text, "files", frame))
    assert f"{frame} is not among them" in said("snapshot", stored)


def test_a_pack_of_another_month_is_not_delivered(stored: Path) -> None:
    change("pack", stored, lambda text: wrong(text, "period", value="2026-09"))
    assert "is of 2026-09" in said("pack", stored)


@pytest.mark.parametrize("name", ["results.json", "data/findings.parquet"])
def test_a_pack_that_was_changed_is_not_opened(name: str, stored: Path) -> None:
    file = pack_of(stored) / name
    file.write_bytes(file.read_bytes().replace(b"e", b"f", 1))
    assert f"{name} was changed" in said("opened pack", stored)


def test_a_pack_with_a_failed_notebook_replaces_none_of_a_newer_release(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = read_stored(pack_of(stored))
    monkeypatch.setattr(build, "new_pack", lambda *_, **__: pack)
    monkeypatch.setattr(build, "keep_pack", lambda *_, **__: None)
    change("pack", stored, lambda text: text.replace("sesreport-pack/1", "sesreport-pack/2"))
    failed = Executed("exposure", stored / "none.ipynb", "", 0.0, "ValueError: no (cell 1)", 1)
    monkeypatch.setattr(build, "run_notebooks", lambda *_, **__: [failed])
    monkeypatch.setattr(build, "outputs", dict)
    paths = {"snapshots": str(stored / "snapshots"), "output": str(stored / "packs")}
    made = build.report(Config.model_validate({"paths": paths}), MONTH, only=[])
    assert made.path.name == "2026-10-failed"
    assert "sesreport-pack/2" in (pack_of(stored) / "manifest.json").read_text()


def test_a_pack_in_the_making_has_no_manifest_and_opens(stored: Path) -> None:
    (pack_of(stored) / "manifest.json").unlink()
    assert read_stored(pack_of(stored)).frames.keys()


def test_results_without_what_later_packs_say_are_completed(stored: Path) -> None:
    file = pack_of(stored) / "results.json"
    whole = Results.read(file)
    content = json.loads(file.read_text())
    del content["limits"], content["coverage"]["nothing"], content["coverage"]["minimum"]
    del content["findings"]["coverage"]
    assert Results.from_json(json.dumps(content)) == whole


def test_unknown_keys_of_results_are_ignored_at_every_depth(stored: Path) -> None:
    text = (pack_of(stored) / "results.json").read_text()

    def more(value: Any) -> Any:
        if isinstance(value, dict):
            counts = {} if all(isinstance(each, int) for each in value.values()) else {"newer": "x"}
            return {**{name: more(each) for name, each in value.items()}, **counts}
        return [more(each) for each in value] if isinstance(value, list) else value

    assert Results.from_json(json.dumps(more(json.loads(text)))) == Results.from_json(text)


def test_a_count_in_results_comes_back_as_a_count(stored: Path) -> None:
    results = Results.read(pack_of(stored) / "results.json")
    assert type(results.kpi("findings_open").value) is int
    assert Results.from_json(results.to_json()) == results


def test_a_collection_begun_by_a_newer_release_says_what_to_do(stored: Path, caplog: pytest.LogCaptureFixture) -> None:
    (about,) = (stored / "snapshots").glob(".collecting-*/collection.json")
    about.write_text(about.read_text().replace("sesreport-collection/1", "sesreport-collection/2"))
    assert list(Journal.unfinished(stored / "snapshots")) == []
    assert "update sesreport" in caplog.text
    (told,) = cut_off(stored / "snapshots")
    assert "update sesreport" in told.fault


def test_the_metadata_alone_of_a_frame_are_read_for_its_rows(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a frame was read")

    monkeypatch.setattr(pq, "read_table", refuse)
    load(snapshot_of(stored))


@pytest.mark.parametrize("text", ['{"format": "x/1", "a": {"b": 1, "b": 1}}', '{"a": 1, "a": 2, "format": "x/1"}'])
def test_a_double_key_is_found_at_every_depth(text: str) -> None:
    with pytest.raises(FormatError, match="is twice in one object"):
        read_format(text, "x/1")
