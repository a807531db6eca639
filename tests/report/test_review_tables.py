"""The quarterly review in charts, on the page and in notebooks: the worst first, whatever outsiders are called."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from sesreport.analysis.grant_facts import grantee_words
from sesreport.analysis.reviews import REVIEWS, STANDINGS, worst_first
from sesreport.report import charts, tables
from sesreport.report.html.sections.outside import _reviewed
from sesreport.settings.attestations import FRAME as ATTESTATIONS

KEPT, REVOKED, NEVER = REVIEWS.samples


def reviews(*rows: dict[str, Any]) -> pd.DataFrame:
    return REVIEWS.from_rows(rows)


def drawn(frame: pd.DataFrame) -> Figure:
    return charts.CHARTS["review_standings"].draw(frame)


def test_the_worst_standing_is_first_and_then_the_widest_scope() -> None:
    rows = [
        {**NEVER, "standing": standing, "scope": scope, "grantee": f"{standing} {scope}"}
        for standing in STANDINGS for scope in ("vendor", "public")
    ]  # fmt: skip
    random.Random(1).shuffle(rows)
    found = worst_first(reviews(*rows))
    assert found["standing"].tolist() == [standing for standing in STANDINGS for _ in range(2)]
    assert found["scope"].tolist() == ["public", "vendor"] * len(STANDINGS)
    assert list(found) == list(REVIEWS.all_columns)


def test_of_equal_ones_what_changed_comes_before_what_did_not() -> None:
    found = worst_first(reviews({**KEPT, "changed": None}, {**KEPT, "grantee": "z", "changed": "actions: + ses:*"}))
    assert found["grantee"].tolist() == ["z", KEPT["grantee"]]


@pytest.mark.parametrize(
    ("standings", "message"),
    [
        (["overdue", "revoke overdue", "attested"],
         "2 of 3 outside grants are overdue, 1 of them after a reviewer asked for a change"),
        (["overdue", "attested"], "1 of 2 outside grants is overdue"),
        (["due", "to revoke"], "None of 2 outside grants is overdue"),
        (["attested"], "None of 1 outside grant is overdue"),
    ],
)  # fmt: skip
def test_the_chart_says_how_many_are_overdue(standings: list[str], message: str) -> None:
    rows = [{**NEVER, "standing": name, "grantee": str(number)} for number, name in enumerate(standings)]
    figure: Any = drawn(reviews(*rows))
    assert figure.message == message


def test_the_chart_has_a_bar_a_shape_and_a_count_for_each_standing() -> None:
    rows = [
        {**NEVER, "standing": name, "grantee": f"{name} {number}"}
        for many, name in enumerate(STANDINGS, 1) for number in range(many)
    ]  # fmt: skip
    figure = drawn(reviews(*rows))
    (axes,) = figure.axes
    assert [patch.get_width() for patch in axes.patches] == [1, 2, 3, 4, 5, 6, 7]
    assert [text.get_text() for text in axes.texts] == ["1", "2", "3", "4", "5", "6", "7"]
    assert [label.get_text()[0] for label in axes.get_yticklabels()] == ["■"] * 3 + ["▲"] * 3 + ["●"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (KEPT, "Mailwise, account 310000000001"),
        (
            {**KEPT, "grantee": "arn:aws:iam::310000000001:role/sender", "grantee_name": None},
            "account 310000000001 (arn:aws:iam::310000000001:role/sender)",
        ),
        ({**NEVER, "grantee": "*", "scope": "public"}, "anyone (*)"),
        ({**NEVER, "grantee": "*", "scope": "external"}, "whoever meets its conditions (*)"),
        (NEVER, "not known: the policy cannot be read"),
    ],
)
def test_a_grantee_is_told_in_words(row: dict[str, Any], told: str) -> None:
    frame = reviews(row)
    assert grantee_words({"grantee_account_id": None, "grantee_name": None, **row}) == told
    assert tables.reviews(frame)["Who may send"].tolist() == [told]
    on_the_page = _reviewed(frame)
    assert on_the_page is not None and on_the_page["who"].tolist() == [told]


def test_a_table_says_what_was_answered_and_until_when_it_is_to_be_done() -> None:
    shown = tables.reviews(reviews(KEPT, REVOKED, NEVER))
    assert shown.index.tolist() == ["revoke overdue", "due", "attested"]
    assert shown["Last answer"].tolist() == ["revoke, 2026-Q4", "none", "keep, 2026-Q4"]
    assert shown["By"].tolist() == ["Ada", "nobody", "Ada"]
    assert shown["Due"].tolist() == ["2026-11-11", "", ""]


def test_what_changed_is_told_whole_and_with_how_much_more_there_is() -> None:
    long = "actions: + " + ", ".join(f"ses:Send{number}" for number in range(30))
    rows = [{**KEPT, "grantee": f"3100000000{number:02}", "changed": long} for number in range(3)]
    first, more = tables.changed_lines(reviews(*rows, REVOKED), 1)
    assert first.endswith(long)
    assert more == "2 more"
    assert tables.changed_lines(reviews(REVOKED), 1) == ["Nothing."]


def test_answers_are_counted_by_quarter_and_reviewer() -> None:
    later = {**ATTESTATIONS.samples[0], "attestation_id": "later", "quarter": "2027-Q1",
             "answered_at": datetime(2027, 1, 9, tzinfo=UTC)}  # fmt: skip
    shown = tables.answers(ATTESTATIONS.from_rows([*ATTESTATIONS.samples, later]))
    assert list(shown.reset_index().itertuples(index=False, name=None)) == [
        ("2027-Q1", "Ada", 1, 0, 0), ("2026-Q4", "Ada", 1, 0, 1), ("2026-Q4", "Grace", 0, 1, 0),
    ]  # fmt: skip
    assert tables.answers(ATTESTATIONS.empty()).index.tolist() == ["No reviewer has answered."]
