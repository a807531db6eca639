"""Updates of a register beside each other: each holds what answers asked for in those before it, and no more."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from governance.review.conftest import Review, estate, only

from sesreport.cli import given
from sesreport.cli.main import cli
from sesreport.core.quarter import Quarter
from sesreport.governance.review.updates import new_update, newest_update
from sesreport.report.review import review_export
from sesreport.settings.approvals import Entry, read_entries

JANUARY = date(2027, 1, 12)


def next_quarter(review: Review) -> Review:
    """The review of the quarter after, of the same register and grants."""
    estate(datetime(2027, 1, 10, 6, tzinfo=UTC)).write(review.folder / "snapshots")
    (exported,) = review_export(review.config, quarter="2027-Q1", output=review.folder / "next")
    return Review(review.folder, review.config, exported)


def entries(path: Path | None) -> dict[str, list[Entry]]:
    assert path is not None
    made: dict[str, list[Entry]] = {}
    for entry in read_entries(path):
        made.setdefault(entry.name, []).append(entry)
    return made


def edited(review: Review, old: str, new: str) -> None:
    path = review.folder / "register.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_an_update_of_the_next_quarter_holds_what_the_last_one_changed(review: Review) -> None:
    first = review.import_(review.answered(only("mailwise", "old"), mailwise="revoke"))
    assert first.pending is None
    later = next_quarter(review)
    found = later.import_(later.answered(only("agency"), "next.xlsx"), today=JANUARY)
    assert found.problems == ()
    assert (found.pending, found.register) == (first.register, review.folder / "register-2027-Q1-2.csv")
    now = entries(found.register)
    assert [each.expires_at for each in now["Mailwise"]] == [date(2026, 12, 4)]
    assert [each.expires_at for each in now["420000000001"]] == [date(2027, 6, 30)]
    assert len(now["Brightside"]) == 2
    assert found.diff is not None
    assert found.diff.read_text().startswith("--- register.csv\n+++ register-2027-Q1-2.csv\n")


def test_an_update_that_was_taken_over_is_not_pending(review: Review) -> None:
    first = review.import_(review.answered(only("mailwise", "old"), mailwise="revoke"))
    assert first.register is not None
    (review.folder / "register.csv").write_bytes(first.register.read_bytes())
    assert review.import_(review.answered(only("agency"), "second.xlsx")).pending is None


def test_what_was_taken_out_of_the_register_since_does_not_come_back(review: Review) -> None:
    review.import_(review.answered(only("old")))
    edited(review, "310000000002,Brightside,marketing,MKT-1,2025-01-01,2026-12-01\n", "")
    found = review.import_(review.answered(only("mailwise"), "second.xlsx", mailwise="revoke"))
    assert set(entries(found.register)) == {"Mailwise", "420000000001"}
    assert found.left_out == ("A-27c6fb1459",)


def test_what_was_entered_by_hand_into_an_update_is_told_when_it_is_left_out(review: Review) -> None:
    first = review.import_(review.answered(only("old")))
    assert first.left_out == () and first.register is not None
    columns = first.register.read_text().splitlines()[0].count(",")
    with first.register.open("a") as file:
        file.write(f"310000000077,By hand{',' * (columns - 2)},HAND-1\n")
    found = review.import_(review.answered(only("agency"), "second.xlsx"))
    assert found.left_out == ("HAND-1",)
    assert "By hand" not in entries(found.register)


def test_what_was_renewed_in_the_register_since_stays_renewed(review: Review) -> None:
    review.import_(review.answered(only("old")))
    edited(review, "2026-01-01,2027-03-31", "2026-01-01,2028-03-31")
    found = review.import_(review.answered(only("agency"), "second.xlsx"))
    assert [each.expires_at for each in entries(found.register)["Mailwise"]] == [date(2028, 3, 31)]


def test_the_command_says_which_update_is_pending_and_what_to_do(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    review.import_(review.answered(only("old")))
    settings = review.folder / "sesreport.toml"
    settings.write_text(
        '[paths]\nregister = "register.csv"\nsnapshots = "snapshots"\nattestations = "attestations.parquet"\n'
    )
    monkeypatch.setattr(given, "now", lambda: datetime(2026, 11, 5, tzinfo=UTC))
    second = review.answered(only("agency"), "second.xlsx")
    done = CliRunner().invoke(cli, ["review", "import", "--config", str(settings), str(second)])
    assert done.exit_code == 0, done.output
    first, now = review.folder / "register-2026-Q4.csv", review.folder / "register-2026-Q4-2.csv"
    assert done.stderr == (
        f"sesreport: {first} is not taken over yet; {now} holds its changes as well, so take that one over\n"
    )


@pytest.mark.parametrize(
    ("names", "newest", "new"),
    [
        ((), None, "register-2027-Q1"),
        (("register-2026-Q4.csv",), "register-2026-Q4.csv", "register-2027-Q1-2"),
        (("register-2027-Q1.csv", "register-2026-Q4-2.csv"), "register-2026-Q4-2.csv", "register-2027-Q1-3"),
        (("register-2026-Q4-10.csv", "register-2026-Q4-9.csv"), "register-2026-Q4-10.csv", "register-2027-Q1-11"),
        (("register-2026-Q4-fixes.csv",), None, "register-2027-Q1-2"),
        (("register-2026-Q4.diff", "register-old.csv", "register-2026-Q9.csv"), None, "register-2027-Q1-2"),
    ],
)
def test_numbers_tell_the_order_of_updates(names: tuple[str, ...], newest: Any, new: str, tmp_path: Path) -> None:
    register = tmp_path / "register.csv"
    for name in ("register.csv", *names):
        (tmp_path / name).touch()
    assert (found := newest_update(register)) == (None if newest is None else tmp_path / newest), found
    assert new_update(register, Quarter.parse("2027-Q1")) == tmp_path / new
