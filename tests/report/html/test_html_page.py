"""The report as a file: the same bytes, whole or not at all, strict, small."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from pathlib import Path

import html_example
import pandas as pd
import pytest

from sesreport.core.errors import ConfigError, WriteError
from sesreport.core.resources import shipped
from sesreport.report.charts import CHARTS
from sesreport.report.contents import Branding, Pack
from sesreport.report.html import page, render_html, write_html
from sesreport.report.html.section import SECTIONS
from sesreport.report.html.table import TableColumn, table


def text_of(report: Path) -> str:
    return report.read_text("utf-8")


def test_the_policy_allows_its_own_style_and_script_and_nothing_else(report: Path) -> None:
    text = text_of(report)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    assert policy[1].startswith("default-src &#39;none&#39;") or policy[1].startswith("default-src 'none'")
    assert "unsafe" not in policy[1]
    for tag in ("style", "script"):
        inline = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inline
        assert base64.b64encode(hashlib.sha256(inline[1].encode()).digest()).decode() in policy[1]


def test_nothing_in_it_needs_a_looser_policy(report: Path) -> None:
    text = text_of(report)
    assert not re.search(r"<[^>]+\s(style|on\w+)=", text)
    assert not re.search(r"(src|href)=\"(?!#)", text)


def test_the_script_is_small() -> None:
    assert (shipped("templates/report") / "report.js").stat().st_size < 8_000


def test_every_section_has_a_message_a_link_and_its_heading(report: Path) -> None:
    text = text_of(report)
    order = sorted(SECTIONS.values(), key=lambda section: section.order)
    assert re.findall(r'<section id="([^"]+)"', text) == [section.id for section in order]
    for section in order:
        assert f'<a href="#{section.id}">{section.title}</a>' in text
        assert re.search(rf'<h2 id="h-{section.id}">.*?</span></span>[^<]+</h2>', text)


def test_ids_are_unique(report: Path) -> None:
    ids = re.findall(r'\sid="([^"]+)"', text_of(report))
    assert len(ids) == len(set(ids))


def test_every_chart_of_a_frame_stands_in_the_report(report: Path) -> None:
    text = text_of(report)
    wanted = [name for name, chart in CHARTS.items() if chart.frames]
    assert wanted
    assert all(re.search(rf'id="[a-z]+-{name.replace("_", "-")}-title"', text) for name in wanted)


def test_an_absent_frame_is_said_not_hidden(pack: Pack) -> None:
    text = render_html(dataclasses.replace(pack, frames={}))
    assert "No rows: the frame findings is not part of this pack" in text
    assert text.count("No data") >= 8


def test_a_pack_without_rows_does_not_look_like_success() -> None:
    text = render_html(html_example.empty_pack())
    assert "Exposure is not known. Nothing was read." in text
    assert "Which findings are open is not known: nothing could be read" in text
    assert "No finding is open" not in text


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack, path = html_example.empty_pack(), tmp_path / "report.html"
    path.write_text("earlier", "utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WriteError, match=r"report\.html could not be written: No space left on device"):
        write_html(pack, path)
    assert path.read_text("utf-8") == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="could not be written: No such file or directory"):
        write_html(html_example.empty_pack(), tmp_path / "absent" / "report.html")


def test_an_accent_that_is_no_color_is_refused(pack: Pack) -> None:
    with pytest.raises(ConfigError, match="not a color: write #RRGGBB"):
        render_html(dataclasses.replace(pack, branding=Branding(accent="red;}</style>")))


@pytest.mark.parametrize(("accent", "ink"), [("#1F3864", "#ffffff"), ("#FFD100", "#000000")])
def test_the_title_can_be_read_on_any_accent(accent: str, ink: str) -> None:
    text = render_html(dataclasses.replace(html_example.empty_pack(), branding=Branding(accent=accent)))
    assert f"--accent:{accent};--on-accent:{ink}" in text


def test_rows_beyond_the_budget_are_left_out_and_counted(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "ROW_BYTES", 20_000)
    text = render_html(pack)
    held = [json.loads(raw)["rows"] for raw in re.findall(r'application/json">(.*?)</script>', text)]
    assert "of 83 rows to stay small" in text
    assert max(held) < 83
    assert min(held) >= 3  # small tables stay whole
    assert sum(len(raw) for raw in re.findall(r'application/json">(.*?)</script>', text)) < 45_000


def test_table_data_cannot_end_its_script_element(report: Path) -> None:
    blocks = re.findall(r'<script type="application/json">(.*?)</script>', text_of(report))
    assert blocks
    for block in blocks:
        assert not set("<>&") & set(block)
        assert json.loads(block)["columns"]


def cells(series: pd.Series, **options: object) -> tuple[object, ...]:
    made = table("t", "T", {"f": series.to_frame("c")}, "f", [TableColumn("c", "C", **options)])  # type: ignore[arg-type]
    return made.cells[0]


def test_a_long_text_is_cut_and_says_how_much() -> None:
    assert cells(pd.Series(["A" * 40_000])) == ("A" * 300 + "… (39,700 more characters)",)


def test_unknown_is_neither_zero_nor_empty() -> None:
    assert cells(pd.Series([pd.NA, 0], dtype="Int64"), kind="integer") == (None, 0)
    assert cells(pd.Series([pd.NA, True], dtype="boolean")) == (None, "yes")
    assert cells(pd.Series([None, "2026-10-01"], dtype="datetime64[us, UTC]"), kind="date") == (None, "2026-10-01")


def test_a_rate_is_written_in_percent_with_its_decimals() -> None:
    assert cells(pd.Series([0.00125, None], dtype="Float64"), kind="percent", decimals=3) == (0.125, None)


def test_lists_are_written_with_commas(pack: Pack) -> None:
    made = table("t", "T", pack.frames, "grants", [TableColumn("actions", "Actions")])
    assert made.cells[0][0] == "ses:SendEmail, ses:SendRawEmail"
