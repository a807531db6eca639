"""The report in a real browser with the network off."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import html_example
import pytest
from conftest import Opened

from sesreport.core.text import FORMULA_STARTS
from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.html import write_html

Visit = Callable[..., Opened]
FINDINGS = "#t-findings"


def violations(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [f"{v['id']}: {node['html'][:160]}" for v in found for node in v["nodes"]]


def tight(markup: str) -> str:
    return re.sub(r">\s+<", "><", markup.strip())


def column(opened: Opened, label: str, table: str = FINDINGS) -> list[str]:
    heads = [text.strip() for text in opened.page.locator(f"{table} thead th").all_inner_texts()]
    place = heads.index(label) + 1
    return [text.strip() for text in opened.page.locator(f"{table} tbody td:nth-child({place})").all_inner_texts()]


def test_it_asks_for_nothing_and_complains_of_nothing(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.open_tables()
    assert [url for url in opened.requests if not url.startswith("file:")] == []
    assert len(opened.requests) == 1
    assert opened.complaints == []


def test_it_breaks_no_accessibility_rule(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.open_tables()
    # Three rows of each table speak for the others; the rules take seconds for thousands of cells.
    opened.page.evaluate("document.querySelectorAll('.data tbody tr:nth-child(n + 4)').forEach((row) => row.remove())")
    assert violations(opened.page) == []


def test_it_breaks_no_accessibility_rule_in_the_dark(visit: Visit, report: Path) -> None:
    opened = visit(report, color_scheme="dark", fragment="#t-findings?Severity=critical")
    assert violations(opened.page) == []


def test_a_pack_without_any_row_breaks_no_rule_either(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    write_html(html_example.empty_pack(), path)
    opened = visit(path)
    opened.page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true })")
    assert violations(opened.page) == []
    assert opened.complaints == []
    assert "not known" in opened.page.locator("#scorecard").inner_text()


def test_the_page_never_scrolls_sideways(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.open_tables()
    for width in (320, 768, 1280):
        opened.page.set_viewport_size({"width": width, "height": 800})
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_numbers_on_the_page_are_those_of_the_results(visit: Visit, report: Path, pack: Pack) -> None:
    opened = visit(report)
    for kpi in pack.results.kpis:
        row = opened.page.locator(f'tr[data-kpi="{kpi.id}"]')
        assert row.locator(".actual").inner_text().split("\n")[0] == words.value_of(kpi)
        assert words.target(kpi) in row.inner_text()
        assert words.change(kpi) in " ".join(row.inner_text().split())
    shown = opened.page.locator(".cards [data-kpi]").evaluate_all(
        "list => list.map((e) => [e.dataset.kpi, e.innerText])"
    )
    assert shown == [[k.id, words.value_of(k)] for k in pack.results.kpis if k.headline]


def test_hostile_text_is_shown_and_does_nothing(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.open_tables(FINDINGS)
    evidence = column(opened, "Evidence")
    opened.page.locator(f"{FINDINGS} .next").click()
    evidence += column(opened, "Evidence")
    assert opened.page.evaluate("window.pwned") is None
    assert "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>" in evidence
    assert "invoice⟨U+202E⟩fdp.exe" in evidence
    assert "{{ 7*7 }}${7*7}$x^2$" in evidence
    assert opened.page.locator("main img, main iframe, main script:not([type])").count() == 0


def test_rows_drawn_by_the_script_are_the_rows_that_stood_there(visit: Visit, report: Path) -> None:
    without, with_script = visit(report, java_script_enabled=False), visit(report)
    with_script.open_tables()
    cells = "main details.data"
    for i in range(without.page.locator(cells).count()):
        body = f"{cells} >> nth={i} >> tbody"
        if without.page.locator(body).count():
            stood, drawn = (tight(opened.page.locator(body).inner_html()) for opened in (without, with_script))
            assert stood == drawn


def test_without_a_script_the_first_rows_stand_and_say_so(visit: Visit, report: Path) -> None:
    opened = visit(report, java_script_enabled=False)
    opened.page.locator(f"{FINDINGS} summary").click()
    assert opened.page.locator(f"{FINDINGS} tbody tr").count() == 50
    assert "The first 50 of 83 rows" in opened.page.locator(FINDINGS).inner_text()
    assert not opened.page.locator(f"{FINDINGS} .controls").is_visible()


def test_paging_reaches_every_row_once(visit: Visit, report: Path, pack: Pack) -> None:
    opened = visit(report)
    opened.open_tables(FINDINGS)
    first = column(opened, "Fingerprint")
    opened.page.locator(f"{FINDINGS} .next").click()
    seen = first + column(opened, "Fingerprint")
    assert sorted(seen) == sorted(pack.frames["findings"]["fingerprint"].str[:12])
    assert opened.page.locator(f"{FINDINGS} .next").is_disabled()
    assert "Page 2 of 2" in opened.page.locator(f"{FINDINGS} .pager").inner_text()


def test_search_keeps_the_rows_that_hold_every_word(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.open_tables(FINDINGS)
    opened.page.locator(f"{FINDINGS} input").fill("REGISTER crm-prod")
    rows = opened.page.locator(f"{FINDINGS} tbody tr").all_inner_texts()
    assert rows
    assert all("register" in row.lower() and "crm-prod" in row.lower() for row in rows)
    assert opened.page.locator(f"{FINDINGS} .count").inner_text() == f"{len(rows)} of 83 rows"


def test_a_facet_keeps_the_rows_with_that_value(visit: Visit, report: Path, pack: Pack) -> None:
    opened = visit(report)
    opened.open_tables(FINDINGS)
    opened.page.locator(FINDINGS).get_by_label("Severity").select_option("critical")
    assert set(column(opened, "Severity")) == {"critical"}
    assert len(column(opened, "Severity")) == int((pack.frames["findings"]["severity"] == "critical").sum())


def test_severity_sorts_by_weight_and_says_which_way(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.open_tables(FINDINGS)
    head = opened.page.locator(f"{FINDINGS} thead th").first
    assert head.get_attribute("aria-sort") == "none"
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(opened, "Severity")[0] == "critical"
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(opened, "Severity")[0] == "low"


def test_numbers_sort_as_numbers_and_unknown_ones_last(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.open_tables("#t-month")
    opened.page.locator("#t-month thead button", has_text="Sent").click()
    shown = column(opened, "Sent", "#t-month")
    assert shown[-1] == "not known"
    numbers = [int(text.replace(",", "")) for text in shown[:-1]]
    assert numbers == sorted(numbers)


def test_the_csv_holds_the_selection_and_no_formula(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.open_tables(FINDINGS)
    opened.page.locator(f"{FINDINGS} input").fill("Anyone may send")
    with opened.page.expect_download() as download:
        opened.page.locator(f"{FINDINGS} .csv").click()
    assert download.value.suggested_filename == "findings.csv"
    text = Path(download.value.path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(column(opened, "Severity"))
    assert {row["Finding"] for row in rows} == {"Anyone may send"}
    values = [value for row in rows for value in row.values()]
    assert not [value for value in values if value.startswith(FORMULA_STARTS)]
    assert {"'" + html_example.HOSTILE[kind] for kind in ("formula", "wide")} <= set(values)


def test_the_csv_keeps_ids_whole_and_numbers_plain(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.open_tables("#t-month")
    with opened.page.expect_download() as download:
        opened.page.locator("#t-month .csv").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"), newline="")))
    by_account = {row["Account id"]: row["Sent"] for row in rows}
    assert "000000000042" in by_account
    assert by_account["000000000042"].isdigit()
    assert "" in by_account.values()  # not known is empty, not 0


def test_a_link_opens_a_table_at_a_selection(visit: Visit, report: Path) -> None:
    opened = visit(report, fragment="#t-findings?Severity=critical&search=parsed")
    assert opened.page.locator(FINDINGS).get_attribute("open") is not None
    assert set(column(opened, "Severity")) == {"critical"}
    assert set(column(opened, "Finding")) == {"Policy cannot be parsed"}


def test_keys_alone_reach_the_report_and_its_tables(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.className") == "skip"
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.id") == "main"
    opened.page.locator(f"{FINDINGS} summary").focus()
    opened.page.keyboard.press("Enter")
    assert opened.page.locator(f"{FINDINGS} .controls").is_visible()


def test_paper_gets_the_message_and_not_the_controls(visit: Visit, report: Path) -> None:
    opened = visit(report)
    opened.page.locator("#t-gaps summary").click()
    opened.page.emulate_media(media="print", color_scheme="dark")
    assert opened.page.locator("nav.contents").is_hidden()
    assert opened.page.locator("#t-gaps .controls").is_hidden()
    assert opened.page.locator("#t-gaps table").is_visible()
    assert opened.page.locator(FINDINGS).is_hidden()
    assert opened.page.locator("#verdict h2").is_visible()
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert opened.page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 27, 27)"
    assert opened.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_motion_is_reduced_for_who_asks(visit: Visit, report: Path) -> None:
    script = "getComputedStyle(document.documentElement).scrollBehavior"
    assert visit(report).page.evaluate(script) == "smooth"
    assert visit(report, reduced_motion="reduce").page.evaluate(script) == "auto"


def test_charts_turn_light_on_dark(visit: Visit, report: Path) -> None:
    script = "getComputedStyle(document.querySelector('#exposure svg')).fill"
    assert visit(report).page.evaluate(script) == "rgb(27, 27, 27)"
    assert visit(report, color_scheme="dark").page.evaluate(script) == "rgb(236, 239, 243)"


def test_five_thousand_findings_can_be_searched_and_sorted(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    write_html(html_example.example_pack(5000), path)
    assert path.stat().st_size < 1_000_000
    opened = visit(path)
    opened.open_tables(FINDINGS)
    assert opened.page.locator(f"{FINDINGS} tbody tr").count() == 50
    opened.page.locator(f"{FINDINGS} thead button", has_text="Opened").click()
    assert column(opened, "Opened")[0] == "2026-04-03"
    opened.page.locator(f"{FINDINGS} input").fill("nothing has this")
    assert opened.page.locator(f"{FINDINGS} .count").inner_text() == "0 of 5,000 rows"
