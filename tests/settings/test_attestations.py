"""The file of attestations: it only grows, and a damaged one is told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sesreport.core.errors import ConfigError
from sesreport.settings.attestations import (
    FRAME,
    added,
    attestations_of,
    facts_sha256,
    read_attestations,
    write_attestations,
)
from sesreport.settings.config import Config, Paths


def answer(**fields: Any) -> dict[str, Any]:
    return {
        "quarter": "2026-Q4", "account_id": "210000000001", "region": "eu-west-1", "identity": "example.com",
        "policy_name": "p", "statement": 1, "grantee": "310000000001", "facts": "{}",
        "facts_sha256": facts_sha256("{}"), "answer": "keep", "reviewer": "Ada",
        "due": datetime(2026, 11, 11, tzinfo=UTC) if fields.get("answer", "keep") != "keep" else None,
        "answered_at": datetime(2026, 10, 12, tzinfo=UTC), "file_sha256": "a", "snapshot": "s", **fields,
    }  # fmt: skip


def said(frame: Any) -> list[str]:
    return frame["answer"].tolist()


def test_no_file_is_no_answer(tmp_path: Path) -> None:
    assert read_attestations(tmp_path / "none.parquet").empty


def test_answers_come_back_as_they_were_written(tmp_path: Path) -> None:
    frame = added(FRAME.empty(), [answer(), answer(identity="b.example.com", answer="revoke", comment="=1+1")])
    write_attestations(tmp_path / "deep" / "a.parquet", frame)
    read = read_attestations(tmp_path / "deep" / "a.parquet")
    assert read.to_dict("records")[1]["comment"] == "=1+1"
    assert said(read) == ["keep", "revoke"]


def test_the_same_answer_is_not_written_twice() -> None:
    once = added(FRAME.empty(), [answer()])
    again = answer(answered_at=datetime(2026, 11, 1, tzinfo=UTC), snapshot="later")
    assert added(once, [again]).equals(once)
    assert added(once, [answer(file_sha256="saved again")]).equals(once)


def test_a_change_of_mind_is_a_new_row_and_an_older_file_does_not_change_it_back() -> None:
    frame = added(FRAME.empty(), [answer()])
    frame = added(frame, [answer(answer="revoke", file_sha256="b")])
    assert said(added(frame, [answer()])) == ["keep", "revoke"]
    assert said(added(frame, [answer(file_sha256="c")])) == ["keep", "revoke", "keep"]


def test_only_answers_up_to_the_day_count(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_attestations(path, added(FRAME.empty(), [answer()]))
    config = Config(paths=Paths(attestations=str(path)))
    counts = [len(attestations_of(config, date(2026, 10, day))) for day in (11, 12)]
    assert counts == [0, 1]


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    link, path = tmp_path / "a.parquet", tmp_path / "kept" / "a.parquet"
    write_attestations(path, FRAME.empty())
    link.symlink_to(path)
    write_attestations(link, added(FRAME.empty(), [answer()]))
    assert link.is_symlink()
    assert said(read_attestations(path)) == ["keep"]


def test_columns_of_a_later_version_are_told_and_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_attestations(path, added(FRAME.empty(), [answer()]))
    table = pq.read_table(path)
    pq.write_table(table.append_column("signature", table["reviewer"]), path)
    with pytest.raises(ConfigError, match="has a column 'signature', so it was written by a later version"):
        read_attestations(path)


def _written_as(path: Path, metadata: dict[bytes, bytes] | None) -> None:
    write_attestations(path, added(FRAME.empty(), [answer()]))
    pq.write_table(pq.read_table(path).replace_schema_metadata(metadata), path)


def test_the_file_names_its_format_and_one_without_it_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_attestations(path, FRAME.empty())
    assert pq.read_schema(path).metadata[b"format"] == b"sesreport-attestations/1"
    _written_as(path, None)
    assert said(read_attestations(path)) == ["keep"]


@pytest.mark.parametrize(
    ("name", "told"),
    [(b"sesreport-attestations/2", "made by a newer sesreport than this one .* update sesreport"),
     (b"sesreport-snapshot/1", "not one of ours"), (b"\xff\n", "not one of ours")],
)  # fmt: skip
def test_a_file_of_another_format_is_one_clear_line(tmp_path: Path, name: bytes, told: str) -> None:
    path = tmp_path / "a.parquet"
    _written_as(path, {b"format": name})
    with pytest.raises(ConfigError, match=rf"a\.parquet: format .*{told}") as error:
        read_attestations(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damage", ["cut", "text", "column", "facts", "answer", "account_id", "due"])
def test_a_damaged_file_is_told_and_stays_as_it_is(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.parquet"
    frame = added(FRAME.empty(), [answer()])
    write_attestations(path, frame)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "text":
        path.write_text("quarter,answer\n")
    elif damage == "column":
        pq.write_table(pq.read_table(path).drop_columns(["due"]), path)
    else:
        bad = frame.assign(**{damage: frame["answered_at"] if damage == "due" else "x"})
        pq.write_table(pq.read_table(path).from_pandas(bad, preserve_index=False), path)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"a\.parquet.*restore") as told:
        read_attestations(path)
    assert "\n" not in str(told.value)
    assert path.read_bytes() == before
