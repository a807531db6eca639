"""From looks to lives, against a model that walks them one by one."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.findings.episodes import FOUND, GONE, NOT_OBSERVED, OPEN, RESOLVED, UNREAD, episodes

START = pd.Timestamp("2026-01-01", tz="UTC")
NOW = START + pd.Timedelta(days=365)
Look = tuple[str, bool]
"""What was seen, and whether at the moment of a change."""


def day(number: float) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


def sightings(looks: list[Look], fingerprint: str = "f", *, lasting: float = 0.25) -> pd.DataFrame:
    """One look every ten days; that of a snapshot lasts a quarter of a day."""
    return pd.DataFrame(
        [
            {
                "fingerprint": fingerprint,
                "order": number,
                "since": day(10 * number),
                "until": day(10 * number + (0 if exact else lasting)),
                "exact": exact,
                "basis": "event" if exact else "snapshot",
                "principal": f"p{number}" if exact else pd.NA,
                "period": day(10 * number).strftime("%Y-%m"),
                "state": state,
                "reason": "denied" if state == UNREAD else pd.NA,
            }
            for number, (state, exact) in enumerate(looks)
        ]
    ).astype({"principal": "string", "reason": "string", "basis": "string", "state": "string"})


def model(looks: list[Look]) -> list[dict[str, Any]]:
    """Every life, told by walking the looks once."""
    out: list[dict[str, Any]] = []
    current: dict[str, Any] | None = None
    absent: int | None = None
    present: int | None = None
    blank = False
    for number, (state, exact) in enumerate(looks):
        end = day(10 * number + (0 if exact else 0.25))
        if state == UNREAD:
            blank = True
            continue
        if state == FOUND and current is None:
            sharp = exact and not blank and absent is not None
            after = None if absent is None else day(10 * absent)
            current = {
                "after": day(10 * number) if sharp else after,
                "by": end,
                "exact": sharp,
                "seen": [number],
                "resolved": None,
            }
            out.append(current)
        elif state == FOUND and current is not None:
            current["seen"].append(number)
        elif state == GONE and current is not None:
            sharp = exact and not blank
            assert present is not None
            current["resolved"] = (day(10 * number) if sharp else day(10 * present), end, sharp)
            current = None
        absent, present = (number, present) if state == GONE else (absent, number)
        blank = False
    return out


def test_what_was_there_at_the_first_look_was_opened_nobody_knows_when() -> None:
    life = episodes(sightings([(FOUND, False)]), now=NOW).iloc[0]
    assert pd.isna(life["opened_after"]) and pd.isna(life["opened_at"]) and pd.isna(life["opened_in"])
    assert life["status"] == OPEN and pd.isna(life["days_high"]) and life["days"] == life["days_low"]


def test_between_two_snapshots_it_lasted_at_least_and_at_most() -> None:
    life = episodes(sightings([(GONE, False), (FOUND, False), (FOUND, False), (GONE, False)]), now=NOW).iloc[0]
    assert (life["days_low"], life["days_high"], life["days"]) == (20 - 10.25, 30.25, 30.25)
    assert life["status"] == RESOLVED and life["opened_basis"] == life["resolved_basis"] == "interval"


def test_a_change_is_the_moment_itself_and_says_who_made_it() -> None:
    life = episodes(sightings([(GONE, False), (FOUND, True), (FOUND, False), (GONE, True)]), now=NOW).iloc[0]
    assert life["opened_at"] == day(10) and life["resolved_at"] == day(30) and life["days"] == 20
    assert (life["opened_principal"], life["resolved_principal"]) == ("p1", "p3")


def test_a_change_after_a_blank_is_no_exact_moment() -> None:
    life = episodes(sightings([(GONE, False), (UNREAD, True), (FOUND, True)]), now=NOW).iloc[0]
    assert pd.isna(life["opened_at"]) and (life["opened_after"], life["opened_by"]) == (day(0), day(20))


def test_what_was_not_read_is_neither_resolved_nor_forgotten() -> None:
    life = episodes(sightings([(GONE, False), (FOUND, False), (UNREAD, False)]), now=NOW).iloc[0]
    assert life["status"] == NOT_OBSERVED and life["reason"] == "denied" and pd.isna(life["resolved_by"])
    assert life["last_seen"] == day(10)


def test_what_comes_back_is_a_life_of_its_own_and_a_blank_within_is_not_an_end() -> None:
    states = [FOUND, GONE, FOUND, UNREAD, FOUND]
    lives = episodes(sightings([(state, False) for state in states]), now=NOW)
    assert lives["episode"].tolist() == [1, 2]
    assert lives["status"].tolist() == [RESOLVED, OPEN]


@examples(40)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from([FOUND, GONE, UNREAD]), st.booleans()), min_size=1, max_size=9),
        min_size=1,
        max_size=4,
    )
)
def test_every_life_is_that_of_the_model(histories: list[list[Look]]) -> None:
    looked = pd.concat([sightings(looks, f"f{n}") for n, looks in enumerate(histories)], ignore_index=True)
    made = episodes(looked.sample(frac=1, random_state=1), now=NOW)
    for number, looks in enumerate(histories):
        lives = made[made["fingerprint"] == f"f{number}"].to_dict("records")
        expected = model(looks)
        assert len(lives) == len(expected)
        for life, wanted in zip(lives, expected, strict=True):
            assert (life["first_seen"], life["last_seen"]) == (
                day(10 * wanted["seen"][0]),
                day(10 * wanted["seen"][-1]),
            )
            assert life["opened_by"] == wanted["by"]
            assert (None if pd.isna(life["opened_after"]) else life["opened_after"]) == wanted["after"]
            assert (not pd.isna(life["opened_at"])) is wanted["exact"]
            if wanted["resolved"] is None:
                assert pd.isna(life["resolved_by"])
                assert life["status"] == (NOT_OBSERVED if looks[-1][0] == UNREAD else OPEN)
            else:
                assert (life["resolved_after"], life["resolved_by"]) == wanted["resolved"][:2]
                assert (not pd.isna(life["resolved_at"])) is wanted["resolved"][2]
                assert life["status"] == RESOLVED
            assert pd.isna(life["days_high"]) or 0 <= life["days_low"] <= life["days_high"] + 0.25
