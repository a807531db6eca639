"""The journal of a collection after somebody or something damaged it: asked again, never answered wrongly."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sesreport.collect.journal import Answer, Journal, cut_off
from sesreport.core.errors import WriteError

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
BEGUN = {"started_at": AT.isoformat(), "scope": "organization", "account_id": "210000000001", "based_on": None}


def answer(number: int) -> Answer:
    return Answer({"Number": number, "When": AT}, AT)


def left(folder: Path, files: int = 3) -> Path:
    """The folder of a collection that was cut off after one answer of each of some threads."""
    journal = Journal.begin(folder, BEGUN)
    for number in range(files):
        writer = threading.Thread(target=journal.record, args=(f"place{number}", "call", answer(number)))
        writer.start()
        writer.join()
    journal.close(remove=False)
    return journal.folder


def again(folder: Path) -> Journal:
    (journal,) = Journal.unfinished(folder)
    return journal


def known(journal: Journal, count: int = 3) -> list[Answer | None]:
    return [journal.known(f"place{number}", "call") for number in range(count)]


def test_what_was_written_is_known_again(tmp_path: Path) -> None:
    left(tmp_path)
    journal = again(tmp_path)
    assert known(journal) == [answer(0), answer(1), answer(2)]
    assert journal.begun == BEGUN
    assert journal.answers == 3


def test_answers_are_their_owner_s_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = left(tmp_path)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.jsonl")} == {0o600}


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_lost_file_costs_its_own_answers_alone(lost: int, tmp_path: Path) -> None:
    (left(tmp_path) / f"{lost}.jsonl").unlink()
    journal = again(tmp_path)
    assert known(journal) == [None if number == lost else answer(number) for number in range(3)]


def test_a_collection_that_goes_on_writes_into_no_file_that_is_there(tmp_path: Path) -> None:
    folder = left(tmp_path)
    (folder / "0.jsonl").unlink()
    before = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    journal = again(tmp_path)
    journal.record("place0", "call", answer(7))
    journal.close(remove=False)
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert known(again(tmp_path)) == [answer(7), answer(1), answer(2)]


def test_the_answer_written_last_counts(tmp_path: Path) -> None:
    folder = left(tmp_path)
    (folder / "0.jsonl").unlink()
    journal = again(tmp_path)
    journal.record("place2", "call", answer(9))
    journal.close(remove=False)
    assert again(tmp_path).known("place2", "call") == answer(9)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"x" * 500),
        lambda path: path.write_bytes(b"\xff" * 500),
        lambda path: path.write_bytes((path.parent / "1.jsonl").read_bytes()),
        lambda path: path.write_bytes(path.read_bytes().replace(AT.isoformat().encode(), b"2026-03-04T05:06:00+XX:00")),
        lambda path: path.write_bytes(path.read_bytes().replace(b'"call"', b'"kall"')),
    ],
)
def test_a_line_that_no_longer_holds_the_answer_is_asked_again(damage, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = left(tmp_path)
    journal = again(tmp_path)
    damage(folder / "0.jsonl")
    assert known(journal) == [None, answer(1), answer(2)]
    assert len(journal.of_place("place0")) == 0


@pytest.mark.parametrize(
    "line",
    [
        "123", "[]", "null", "{}", '{"place": "place0"', "\udcff", "[" * 100_000,
        '{"place": [], "call": "call", "at": "2026-03-04T05:06:00+00:00", "answer": {}}',
        '{"place": "place0", "call": "call", "at": 1, "answer": {}}',
        '{"place": "place0", "call": "call", "at": "2026-03-04T05:06:00", "answer": {}}',
        '{"place": "place0", "call": "call", "at": "2026-03-04T05:06:00+00:00", "answer": 5}',
    ],
    ids=lambda line: line[:70],
)  # fmt: skip
def test_a_line_that_is_no_answer_is_passed_over(line: str, tmp_path: Path) -> None:
    path = left(tmp_path) / "0.jsonl"
    path.write_bytes(line.encode(errors="surrogateescape") + b"\n" + path.read_bytes())
    assert known(again(tmp_path)) == [answer(0), answer(1), answer(2)]


@pytest.mark.parametrize("name", ["0 (conflicted copy).jsonl", "copy.jsonl", "-1.jsonl", "².jsonl", ".jsonl"])
def test_a_file_of_another_name_is_ignored(name: str, tmp_path: Path) -> None:
    folder = left(tmp_path)
    (folder / name).write_bytes((folder / "0.jsonl").read_bytes().replace(b'"Number":0', b'"Number":8'))
    assert known(again(tmp_path)) == [answer(0), answer(1), answer(2)]
    assert [each.answers for each in cut_off(tmp_path)] == [3]


def test_a_folder_of_the_name_of_a_file_is_ignored(tmp_path: Path) -> None:
    folder = left(tmp_path)
    (folder / "3.jsonl").mkdir()
    journal = again(tmp_path)
    journal.record("place3", "call", answer(3))
    assert known(journal, 4) == [answer(number) for number in range(4)]
    journal.close(remove=False)
    assert [each.answers for each in cut_off(tmp_path)] == [4]


@pytest.mark.parametrize(
    "about",
    [
        "[]", "5", "", "{", "{}", "\udcff", "[" * 100_000,
        json.dumps({"format": "sesreport-collection/1", **BEGUN, "started_at": "junk"}),
        json.dumps({"format": "sesreport-collection/1", **BEGUN, "started_at": 5}),
        json.dumps({"format": "sesreport-collection/1", **BEGUN, "started_at": "2026-03-04T05:06:00"}),
        json.dumps({"format": "sesreport-collection/1", **BEGUN, "based_on": []}),
        json.dumps({"format": "sesreport-collection/1", "started_at": AT.isoformat()}),
        json.dumps({"format": "sesreport-collection/2", **BEGUN}),
    ],
    ids=lambda text: text[:70],
)  # fmt: skip
def test_a_journal_that_cannot_be_understood_is_passed_over_and_named(
    about: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, fine = left(tmp_path), left(tmp_path)
    (folder / "collection.json").write_bytes(about.encode(errors="surrogateescape"))
    assert again(tmp_path).folder == fine
    assert f"{folder} cannot be understood and is not gone on with" in caplog.text
    (told,) = [each for each in cut_off(tmp_path) if each.folder == folder]
    assert not told.understood
    assert "was cut off after 3 answers" in str(told)
    assert " ti UTC" not in str(told)
    told.is_of(date(2026, 3, 1))


def test_one_that_was_cut_off_is_told_in_one_line(tmp_path: Path) -> None:
    folder = left(tmp_path)
    (told,) = cut_off(tmp_path)
    assert told.understood
    assert str(told) == (
        f"{folder}: a collection begun 2026-03-04 05:06 UTC by account 210000000001 (organization) "
        "was cut off after 3 answers"
    )
    (folder / "collection.json").write_text("{}")
    (told,) = cut_off(tmp_path)
    assert str(told) == (
        f"{folder}: a collection begun at an unknown time by account unknown (of unknown scope) "
        "was cut off after 3 answers"
    )


def test_all_that_were_cut_off_are_yielded_newest_first(tmp_path: Path) -> None:
    folders = [left(tmp_path) for _ in range(3)]
    for age, folder in enumerate(folders):
        os.utime(folder / "collection.json", (1_000 - age, 1_000 - age))
    assert [journal.folder for journal in Journal.unfinished(tmp_path)] == folders


def test_a_folder_that_cannot_be_written_to_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(WriteError, match=r"taken: .*make the folder writable.*paths\.snapshots") as raised:
        Journal.begin(tmp_path / "taken", BEGUN)
    assert "--resume" not in str(raised.value)
