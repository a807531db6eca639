"""Figures as inline SVG: small, the same bytes each time, strict, and readable aloud."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import Any

import pandas as pd
import pytest

from sesreport.report import charts

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = ["<script>x</script>", "$x^2$ ${y}", "nul\x00bell\x07", "a\u202eb", "]]>&amp;", "中文", "A" * 5000]
PROGRAM = """
import pandas as pd
from sesreport.report import charts
frame = pd.DataFrame({"exposure": ["public", "own"], "needs_review": [True, False]})
print(charts.figure_svg(charts.exposure_by_class(frame), prefix="p"))
"""


def figure(names: list[str]) -> Any:
    frame = pd.DataFrame(
        {"account_id": pd.Series(names, dtype="string"), "owner": pd.Series([None] * len(names), dtype="string")}
    )
    return charts.CHARTS["ownership"].draw(frame)


def exposure() -> Any:
    frame = pd.DataFrame({"exposure": ["public", "own"], "needs_review": [True, False]})
    return charts.CHARTS["exposure_by_class"].draw(frame)


def test_the_same_figure_is_the_same_text_in_another_process() -> None:
    other = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True,
                           env={"PYTHONHASHSEED": "77", "PATH": ""})  # fmt: skip
    assert charts.figure_svg(exposure(), prefix="p") == other.stdout.rstrip("\n")


def test_it_is_an_image_with_a_name_and_a_description() -> None:
    root = ET.fromstring(charts.figure_svg(exposure(), prefix="p"))
    assert root.get("role") == "img"
    named = {element.get("id"): element.text for element in root.iter() if element.tag in (f"{SVG}title", f"{SVG}desc")}
    assert [bool(named[part]) for part in root.get("aria-labelledby", "").split()] == [True, True]
    assert "Anyone 1" in str(named["p-desc"])


def test_ids_begin_with_the_prefix_and_every_reference_is_there() -> None:
    root = ET.fromstring(charts.figure_svg(exposure(), prefix="p"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(str(name).startswith("p-") for name in ids)
    values = " ".join(value for element in root.iter() for value in element.attrib.values())
    assert "url(#p-" in values  # the hatch
    assert all(f"url(#{name})" not in values or name in ids for name in ids)


def test_a_prefix_that_is_no_id_is_refused() -> None:
    with pytest.raises(ValueError, match="not a prefix"):
        charts.figure_svg(exposure(), prefix='"><script>')


def test_there_is_no_style_script_date_or_address_in_it() -> None:
    text = charts.figure_svg(exposure(), prefix="p")
    root = ET.fromstring(text)
    assert not [
        e for e in root.iter() if "style" in e.attrib or e.tag.endswith(("style", "script", "metadata", "image"))
    ]
    assert "xlink" not in text
    assert text.count("http") == 1  # the namespace


def test_colors_are_variables_a_dark_page_can_set() -> None:
    text = charts.figure_svg(exposure(), prefix="p")
    assert 'fill="var(--chart-worst,#7a0c18)"' in text
    assert 'fill="#1b1b1b"' not in text


def test_words_are_text_not_outlines() -> None:
    words = [element.text for element in ET.fromstring(charts.figure_svg(exposure(), prefix="p")).iter(f"{SVG}text")]
    assert "Outside, not approved" in words


def test_the_title_block_can_be_left_to_the_page() -> None:
    drawn = exposure()
    with_titles, without = (charts.figure_svg(drawn, prefix="p", titles=titles) for titles in (True, False))
    heights = [float(ET.fromstring(text).get("viewBox", "").split()[3]) for text in (with_titles, without)]
    assert heights[0] - heights[1] == pytest.approx(drawn.title_block * 72, abs=0.1)
    assert len([e for e in ET.fromstring(with_titles).iter(f"{SVG}text") if e.text == drawn.message]) == 1
    assert not [e for e in ET.fromstring(without).iter(f"{SVG}text") if e.text == drawn.message]


def test_writing_a_figure_leaves_it_as_it_was() -> None:
    drawn = exposure()
    before = (drawn.dpi, [text.get_visible() for text in drawn.texts])
    charts.figure_svg(drawn, prefix="p", titles=False)
    assert (drawn.dpi, [text.get_visible() for text in drawn.texts]) == before


@pytest.mark.filterwarnings("error")
def test_hostile_names_are_only_names() -> None:
    root = ET.fromstring(charts.figure_svg(figure(HOSTILE), prefix="p"))
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert {"<script>x</script>", "$x^2$ ${y}", "nul⟨U+0000⟩bell⟨U+0007⟩", "a⟨U+202E⟩b", "]]>&amp;", "中文"} <= set(
        words
    )


def test_a_chart_of_a_thousand_accounts_stays_small() -> None:
    names = [f"{n:012d}" for n in range(1000)]
    coverage = pd.DataFrame(
        [(n, f"region-{r}", "identities", "ok" if int(n) % 9 else "denied", 1) for n in names for r in range(17)],
        columns=["account_id", "region", "dataset", "status", "rows"],
    )
    rates = pd.DataFrame({"account_id": names, "region": "eu-west-1", "bounce_rate": [i / 9000 for i in range(1000)]})
    for drawn in (figure(names), charts.CHARTS["coverage"].draw(coverage), charts.CHARTS["bounce_rate"].draw(rates)):
        assert len(charts.figure_svg(drawn, prefix="p")) < 30_000
