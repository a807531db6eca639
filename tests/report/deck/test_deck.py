"""What the deck says: numbers of the results, in charts that can be edited, with their method in the notes."""

from __future__ import annotations

import dataclasses
import io
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.util import Inches
from workbook.sample_pack import sample_pack

from sesreport.core.errors import ConfigError, WriteError
from sesreport.kpis import words
from sesreport.kpis.results import Kpi, LastAsks
from sesreport.report.contents import Branding, Pack
from sesreport.report.deck import write_deck
from sesreport.report.deck.description import TITLE_LIMIT

RESULTS = sample_pack().results


def titles(deck: Any) -> list[str]:
    return [slide.shapes.title.text_frame.text for slide in deck.slides]


def slide(deck: Any, start: str) -> Any:
    (found,) = [each for each in deck.slides if each.shapes.title.text_frame.text.startswith(start)]
    return found


def charts(one: Any) -> list[Any]:
    return [shape.chart for shape in one.shapes if shape.has_chart]


def told(deck: Any) -> str:
    return "\n".join(shape.text_frame.text for one in deck.slides for shape in one.shapes if shape.has_text_frame)


def test_titles_tell_the_story_in_order(deck: Any) -> None:
    assert titles(deck) == [
        "October: 3 of 11 controls on target; 3 decisions needed",
        "Anyone can send from four identities (read: 59 of 64 places)",
        "Nine unknown accounts can send as us, two more than in September (read: 59 of 64 places)",
        "Sending cost USD 2,715, USD 115 over budget; USD 119 avoidable",
        "retail-team@corp.example spends USD 1,350 of USD 2,518, of which USD 75.00 is avoidable",
        "72.9 % of identities have an owner, 22.1 points short of target (read: 59 of 64 places)",
        "Four accounts are over a line at which AWS reviews sending",
        "53 findings are open, one of them critical; 45 older than 30 days (read: 59 of 64 places)",
        "We read 59 of 64 places; five could not be assessed",
        "None of eleven controls on target: five off target, five to watch, one not measurable",
        "None of eleven controls on target: five off target, five to watch, one not measurable",
        "Five grants added, none removed since September 2026",
        "Six grants are past their approval, one more than in September (read: 59 of 64 places)",
        "Sending grew 6.0 % to 2.5 million messages, most of it in retail-dev",
        "Three decisions requested",
        "How the numbers are computed",
        "Evidence for 36 controls is in this pack",
    ]


def test_the_deck_has_at_most_twelve_slides_and_an_appendix(demo_pack: Pack, tmp_path: Path) -> None:
    write_deck(demo_pack, tmp_path / "pack.pptx")
    subtitles = [
        next(shape.text_frame.text for shape in each.shapes if shape.name == "Subtitle")
        for each in Presentation(str(tmp_path / "pack.pptx")).slides
    ]
    appendix = [text.startswith("Appendix · ") for text in subtitles]
    assert appendix == sorted(appendix) and 8 <= appendix.count(False) <= 12


def test_page_one_holds_its_limits_whole_whatever_else_is_on_it(any_deck: Any) -> None:
    paragraphs = [
        p.text for shape in any_deck.slides[0].shapes if shape.has_text_frame for p in shape.text_frame.paragraphs
    ]
    assert paragraphs.count(RESULTS.limits) == 1


def test_the_scorecard_table_says_what_results_say(deck: Any) -> None:
    pages = [each for each in deck.slides if each.shapes.title.text_frame.text.startswith("None of eleven")]
    tables = [shape.table for page in pages for shape in page.shapes if shape.has_table]
    rows = [[cell.text_frame.text for cell in row.cells] for table in tables for row in list(table.rows)[1:]]
    assert rows == [
        [k.label, words.value_of(k), words.target(k), words.change(k), words.judgement(k), k.owner]
        for k in RESULTS.kpis
    ]


@pytest.mark.parametrize(("start", "kpi_id"), [("72.9 %", "owned_identities"), ("Sending grew", "sent_volume")])
def test_a_trend_chart_holds_the_kpi_s_months(deck: Any, start: str, kpi_id: str) -> None:
    kpi = RESULTS.kpi(kpi_id)
    (chart,) = charts(slide(deck, start))
    plot = chart.plots[0]
    assert list(plot.series[0].values) == [point.value for point in kpi.series]
    months = [(year, month) for year, month in plot.categories.flattened_labels]
    assert months[0] == ("2025", "Oct")
    assert months[-1] == ("2026", "Oct")
    assert len(months) == len(kpi.series)


def test_the_target_is_a_dashed_line_of_its_own(deck: Any) -> None:
    (chart,) = charts(slide(deck, "72.9 %"))
    target = chart.plots[0].series[1]
    assert target.name == "Target"
    assert set(target.values) == {0.95}
    assert target.format.line.dash_style is not None


def test_reputation_charts_draw_aws_s_lines_over_the_columns(deck: Any) -> None:
    bounce, complaint = charts(slide(deck, "Four accounts"))
    assert [series.name for series in bounce.plots[0].series] == ["Bounces"]
    assert {series.name: set(series.values) for series in bounce.plots[1].series} == {"Review": {0.05}, "Pause": {0.1}}
    assert {series.name: set(series.values) for series in complaint.plots[1].series} == {
        "Review": {0.001},
        "Pause": {0.005},
    }


def test_findings_by_severity_and_age_add_up_to_the_results(deck: Any) -> None:
    (chart,) = charts(slide(deck, "53 findings"))
    plot = chart.plots[0]
    by_severity = [sum(values) for values in zip(*(series.values for series in plot.series), strict=True)]
    assert dict(zip([label.lower() for label in plot.categories], by_severity, strict=True)) == dict(
        RESULTS.findings.by_severity
    )


def test_every_chart_carries_its_workbook_without_formulas(any_deck: Any) -> None:
    for one in any_deck.slides:
        for chart in charts(one):
            book = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob))
            assert [c for row in book.active.iter_rows() for c in row if c.data_type == "f" or c.hyperlink] == []


def test_a_hostile_account_name_is_text_in_the_chart_and_its_workbook(tmp_path: Path) -> None:
    pack = sample_pack()
    accounts = pack.frames["accounts"].assign(name='=_x0041_HYPERLINK("http://x","y")')
    write_deck(Pack(pack.results, {**pack.frames, "accounts": accounts}), tmp_path / "pack.pptx")
    bounce, _ = charts(slide(Presentation(str(tmp_path / "pack.pptx")), "Four accounts"))
    book = openpyxl.load_workbook(io.BytesIO(bounce.part.chart_workbook.xlsx_part.blob))
    assert str(book.active["A2"].value).startswith("=_x0041_")
    assert book.active["A2"].data_type == "s"
    assert next(iter(bounce.plots[0].categories)).startswith("=_x005F_x0041_")


def test_notes_give_numerator_denominator_and_method(deck: Any) -> None:
    notes = slide(deck, "72.9 %").notes_slide.notes_text_frame.text
    assert "72.9 % = 51 / 70 (n/d)" in notes
    assert "Formula:" in notes
    assert RESULTS.snapshot.sha256 in notes


def test_every_slide_has_notes_subtitle_footer_and_page(any_deck: Any) -> None:
    for number, one in enumerate(any_deck.slides, 1):
        texts = {shape.name: shape.text_frame.text for shape in one.shapes if shape.has_text_frame}
        assert texts["Subtitle"]
        assert "snapshot 3f9c1dab12ab" in texts["Footer"]
        assert texts["Page"] == str(number)
        assert one.notes_slide.notes_text_frame.text


def test_every_chart_and_table_is_described(any_deck: Any) -> None:
    for one in any_deck.slides:
        for shape in one.shapes:
            if shape.has_chart or shape.has_table:
                assert len(shape._element.nvGraphicFramePr.cNvPr.get("descr")) > 20


def test_the_title_is_read_first_and_the_page_number_last(any_deck: Any) -> None:
    for one in any_deck.slides:
        names = [shape.name for shape in one.shapes]
        assert one.shapes[0] == one.shapes.title
        assert names[1] == "Subtitle"
        assert names[-1] == "Page"


def test_titles_keep_their_limit(any_deck: Any) -> None:
    assert all(0 < len(title) <= TITLE_LIMIT for title in titles(any_deck))


def test_what_was_not_read_is_never_a_success(tmp_path: Path) -> None:
    from workbook.sample_pack import empty_pack

    write_deck(empty_pack(), tmp_path / "pack.pptx")
    deck = Presentation(str(tmp_path / "pack.pptx"))
    assert not any(charts(one) for one in deck.slides)
    assert "Which findings are open is not known: nothing was read" in titles(deck)
    assert "Which outside accounts can send as us is not known this month" in titles(deck)


def test_a_template_s_layout_is_used_and_its_example_dropped(tmp_path: Path, template: Path) -> None:
    write_deck(sample_pack(Branding(deck_template=str(template))), tmp_path / "pack.pptx")
    deck = Presentation(str(tmp_path / "pack.pptx"))
    assert {one.slide_layout.name for one in deck.slides} == {"SESreport"}
    assert "Example slide" not in titles(deck)
    assert deck.slide_width == Inches(10)


def test_a_template_in_a_wide_typeface_gets_texts_in_the_one_they_were_measured_in(tmp_path: Path) -> None:
    house = Presentation()
    theme = house.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    theme._blob = theme.blob.replace(b'typeface="Calibri"', b'typeface="Verdana"')
    house.save(str(tmp_path / "house.pptx"))
    write_deck(sample_pack(Branding(deck_template=str(tmp_path / "house.pptx"))), tmp_path / "pack.pptx")
    runs = [
        run
        for one in Presentation(str(tmp_path / "pack.pptx")).slides
        for shape in one.shapes
        if shape.has_text_frame
        for paragraph in shape.text_frame.paragraphs
        for run in paragraph.runs
    ]
    assert {run.font.name for run in runs} == {"Arial"}


def test_a_template_without_a_slide_size_is_told_in_one_line(tmp_path: Path) -> None:
    house = Presentation()
    root = house.part._element
    root.remove(root.find(qn("p:sldSz")))
    house.save(str(tmp_path / "house.pptx"))
    with pytest.raises(ConfigError, match=r"deck_template .*house\.pptx does not say how large its slides are"):
        write_deck(sample_pack(Branding(deck_template=str(tmp_path / "house.pptx"))), tmp_path / "pack.pptx")


@pytest.mark.parametrize("content", [b"not a deck", None])
def test_a_template_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    house = tmp_path / "house.pptx"
    if content is not None:
        house.write_bytes(content)
    with pytest.raises(ConfigError, match=r"deck_template .*house\.pptx is not a \.pptx that can be opened") as caught:
        write_deck(sample_pack(Branding(deck_template=str(house))), tmp_path / "pack.pptx")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "pack.pptx").exists()


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "pack.pptx").mkdir()
    with pytest.raises(WriteError, match=r"pack\.pptx could not be written"):
        write_deck(sample_pack(), tmp_path / "pack.pptx")
    assert [each.name for each in tmp_path.iterdir()] == ["pack.pptx"]


def test_more_kpis_than_a_page_holds_go_on_the_next(tmp_path: Path) -> None:
    pack = sample_pack()
    many = tuple(_renamed(kpi, i) for i in range(2) for kpi in pack.results.kpis)
    results = type(pack.results)(**{**pack.results.__dict__, "kpis": many})
    write_deck(Pack(results, pack.frames), tmp_path / "pack.pptx")
    deck = Presentation(str(tmp_path / "pack.pptx"))
    pages = [title for title in titles(deck) if "controls" in title and "(" in title]
    assert [title[-8:] for title in pages] == [f"({page} of {len(pages)})" for page in range(1, len(pages) + 1)]
    assert len(pages) > 1


def _renamed(kpi: Kpi, number: int) -> Kpi:
    return kpi if number == 0 else Kpi(**{**kpi.__dict__, "id": f"{kpi.id}_{number}", "label": f"{kpi.label} {number}"})


def test_libreoffice_shows_every_slide_with_its_title(pdf: Path, deck: Any) -> None:
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True).stdout
    pages = text.split("\f")[:-1]
    assert len(pages) == len(deck.slides)
    for page, title in zip(pages, titles(deck), strict=True):
        assert title.split()[0] in page
        assert "snapshot 3f9c1dab12ab" in page


def test_page_one_tells_asks_whole_and_how_many_it_has_no_room_for(tmp_path: Path) -> None:
    pack = sample_pack()
    asked = tuple(dataclasses.replace(each, asks=2) for each in pack.results.decisions * 4)
    results = dataclasses.replace(pack.results, decisions=asked, more_asks=7)
    write_deck(Pack(results, pack.frames), tmp_path / "pack.pptx")
    first = Presentation(str(tmp_path / "pack.pptx")).slides[0]
    said = next(shape.text_frame.text for shape in first.shapes if shape.name == "Asked of you")
    _, *told, more = said.splitlines()
    assert 1 <= len(told) < 12
    assert told == [f"{number}. {words.ask(each)}" for number, each in enumerate(asked[: len(told)], 1)]
    assert more == f"+ {31 - 2 * len(told)} more asks"


def test_the_asks_of_the_month_before_are_a_slide_where_there_is_such_a_month(tmp_path: Path) -> None:
    pack = sample_pack()
    done = dataclasses.replace(pack.results.decisions[0], outcome="done", outcome_at="2026-10-14", since="2026-08-31")
    late = dataclasses.replace(pack.results.decisions[1], outcome="overdue", days_overdue=22, times_asked=3)
    last = LastAsks("September 2026", 9, {"done": 1, "overdue": 8}, (done, late), 7)
    results = dataclasses.replace(pack.results, last_asks=last)
    write_deck(Pack(results, pack.frames), tmp_path / "pack.pptx")
    asked = slide(Presentation(str(tmp_path / "pack.pptx")), "Asked in September 2026: 1 of 9 done, 8 overdue")
    shown = next(shape.table for shape in asked.shapes if shape.has_table)
    outcomes = [row.cells[3].text for row in shown.rows]
    assert outcomes == ["Outcome", "done on 2026-10-14", "due 2026-11-30, overdue by 22 days, asked 3 times"]
    assert any(s.has_text_frame and s.text_frame.text.startswith("+ 7 more asks") for s in asked.shapes)


def test_accounts_without_a_valid_approval_are_drawn_first_and_alone_in_red(deck: Any) -> None:
    (chart,) = charts(slide(deck, "Nine unknown accounts"))
    fills = [point.format.fill for point in (chart.plots[0].series[0].points[i] for i in range(9))]
    red = [fill.type is not None and str(fill.fore_color.rgb) == "A4262C" for fill in fills]
    unknown = int(sample_pack().frames["kpi_unknown_accounts"]["unknown"].sum())
    assert red == [True] * min(unknown, 9) + [False] * (9 - min(unknown, 9))


def test_notes_that_are_cut_say_so(tmp_path: Path) -> None:
    pack = sample_pack()
    long = tuple(dataclasses.replace(kpi, definition="word " * 2_000) for kpi in pack.results.kpis)
    write_deck(Pack(dataclasses.replace(pack.results, kpis=long), pack.frames), tmp_path / "pack.pptx")
    notes = Presentation(str(tmp_path / "pack.pptx")).slides[1].notes_slide.notes_text_frame.text
    assert len(notes) == 12_000
    assert notes.endswith("…")
