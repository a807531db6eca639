"""The table of fixes: each open finding about a policy beside what ends it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sesreport.findings.examples import Example, allow
from sesreport.findings.findings import found
from sesreport.report import tables


def frames(example: Example, folder: Path) -> dict[str, pd.DataFrame]:
    analysis = example.analysis(folder)
    return {"findings": found(analysis), "fixes": analysis.fixes}


def test_a_finding_stands_beside_its_fix(tmp_path: Path) -> None:
    shown = tables.fixes(frames(Example({"agency\n": allow("420000000001")}), tmp_path)).reset_index()
    row = shown[shown["Finding"] == "An unknown outside account can send as this identity"].iloc[0]
    assert row["Fix"].startswith("delete policy agency")
    assert "\n" not in row["Policy"] and "\n" not in row["Fix"]


def test_what_has_no_fix_says_why(tmp_path: Path) -> None:
    shown = tables.fixes(frames(Example({"p": "{"}), tmp_path))
    assert shown["Fix"].str.startswith("not offered: the policy cannot be read in full").any()


def test_environments_choose_and_nothing_is_said_in_words(tmp_path: Path) -> None:
    here = frames(Example({"p": allow("420000000001")}), tmp_path)
    assert len(tables.fixes(here, ["prod"])) == len(tables.fixes(here))
    assert tables.fixes(here, ["dev"]).index.tolist() == ["No finding is open about a policy."]
