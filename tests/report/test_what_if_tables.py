"""What a reader sees of a what-if: texts, a picture, and a sentence where nothing would change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from analysis.estate import EU, SHOP, STRANGER, VENDOR, Estate, policy

import sesreport as ses
from sesreport import WhatIf, charts, tables


@pytest.fixture
def what(tmp_path: Path) -> WhatIf:
    estate = Estate().identity("a.example.com", {"p": policy({"AWS": [STRANGER, VENDOR]})})
    return ses.what_if(estate.identity("b.example.com", {"q": policy("*")}).analysis(tmp_path), [STRANGER])


@pytest.fixture
def nothing(tmp_path: Path) -> WhatIf:
    return ses.what_if(Estate().identity("a.example.com").analysis(tmp_path), [VENDOR])


def test_exposures_before_and_after_stand_side_by_side(what: WhatIf) -> None:
    assert tables.exposure_changes(what.changes("exposures")).reset_index().to_dict("records") == [
        {
            "Identity": "a.example.com",
            "Account": SHOP,
            "Region": EU,
            "Exposure before": "external",
            "Exposure after": "vendor",
            "Outside accounts before": f"{VENDOR}, {STRANGER}",
            "Outside accounts after": VENDOR,
        }
    ]


def test_grants_findings_and_kpis_are_texts(what: WhatIf) -> None:
    grants = tables.grant_changes(what.changes("grants"))
    assert grants.loc[STRANGER, ["What", "Policy", "Lets in before", "Lets in after"]].tolist() == [
        "gone", "p, statement 1", "external", "",
    ]  # fmt: skip
    findings = tables.finding_changes(what.changes("findings"))
    assert findings["What"].unique().tolist() == ["gone"]
    assert findings["Severity"].iloc[0] == "high"
    kpis = tables.kpi_changes(what.changed_kpis)
    assert kpis.loc["Grants to unregistered accounts"].tolist() == ["1", "0", "−1"]


def test_what_is_not_revoked_is_a_line_each_and_the_rest_is_counted(what: WhatIf) -> None:
    assert tables.not_revoked_lines(what.not_revoked, 20) == list(what.not_revoked)
    assert tables.not_revoked_lines(["a", "b", "c\u202e"], 1) == ["a", "2 more"]
    assert tables.not_revoked_lines([], 1) == ["Nothing: all that was asked for can be revoked so."]


def test_where_nothing_would_change_a_sentence_says_so(nothing: WhatIf) -> None:
    made = [
        tables.exposure_changes(nothing.changes("exposures")),
        tables.grant_changes(nothing.changes("grants")),
        tables.finding_changes(nothing.changes("findings")),
        tables.kpi_changes(nothing.changed_kpis),
    ]
    assert [len(table) for table in made] == [1] * 4
    assert all(str(table.index[0]).endswith(".") for table in made)


def test_the_picture_tells_both_numbers(what: WhatIf, nothing: WhatIf) -> None:
    drawn: Any = charts.exposure_what_if(what.classes)
    assert drawn.message == "1 instead of 2 identities open to outsiders without an approval"
    assert "Outside, not approved 1, then 0" in drawn.alt
    same: Any = charts.exposure_what_if(nothing.classes)
    assert same.message == "0 identities open to outsiders without an approval, as before"


def test_identities_that_are_not_known_are_in_the_picture(tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com", {"p": policy(STRANGER)}).identity("b.example.com", read=False)
    classes = ses.what_if(estate.analysis(tmp_path), [STRANGER]).classes
    assert classes.set_index("exposure").loc["not known"].tolist() == [1, 1]
    assert not pd.isna(classes["before"]).any()
