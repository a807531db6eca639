"""Rows are compared by key; what is unknown equals what is unknown, and no value equals it."""

from __future__ import annotations

from typing import Any

from sesreport.core.schema import Frame, text, texts
from sesreport.governance.frame_changes import frame_changes

FRAME = Frame("f", "A frame.", keys={"k": text("Key.")}, columns={"a": text("A."), "b": texts("B.")}, unique=False)


def changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = frame_changes(FRAME, FRAME.from_rows(before), FRAME.from_rows(after))
    return found.astype(object).where(found.notna(), None).to_dict("records")


def test_gone_new_and_changed_rows_in_the_order_of_the_frame() -> None:
    before = [{"k": "x", "a": "1"}, {"k": "y", "a": "2"}, {"k": "same", "a": "3"}]
    after = [{"k": "new", "a": "4"}, {"k": "same", "a": "3"}, {"k": "y", "a": "5"}]
    assert changes(before, after) == [
        {"change": "gone", "k": "x", "a_before": "1", "a_after": None},
        {"change": "changed", "k": "y", "a_before": "2", "a_after": "5"},
        {"change": "new", "k": "new", "a_before": None, "a_after": "4"},
    ]


def test_unknown_values_are_equal_and_lists_are_compared_by_value() -> None:
    assert changes([{"k": "x", "b": ["p", "q"]}], [{"k": "x", "b": ["p", "q"]}]) == []
    assert changes([{"k": "x"}], [{"k": "x"}]) == []
    assert [row["change"] for row in changes([{"k": "x"}], [{"k": "x", "b": []}])] == ["changed"]


def test_rows_with_one_key_are_told_apart() -> None:
    twice = [{"k": "x", "a": "1"}, {"k": "x", "a": "2"}]
    assert changes(twice, twice[:1]) == [{"change": "gone", "k": "x", "a_before": "2", "a_after": None}]


def test_nothing_differs_between_frames_without_rows() -> None:
    assert changes([], []) == []
