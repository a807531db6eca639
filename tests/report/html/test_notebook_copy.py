"""The reader's copy of an executed notebook."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from conftest import Opened

from sesreport.core.errors import NotebookError
from sesreport.report import charts
from sesreport.report.html.notebook import clean, notebook_html

HOSTILE = "<script>window.pwned=1</script><img src=x onerror=window.pwned=1> \u202eevil $x$"


def code(source: str, *outputs: Any, tags: tuple[str, ...] = ()) -> Any:
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def shown(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> Any:
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata or {})


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    """The page's elements with their attributes, as a browser's parser sees them."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, {n: v or "" for n, v in attrs}))  # type: ignore[method-assign]
    parser.feed(html)
    return found


@pytest.fixture(scope="module")
def executed() -> Any:
    frame = pd.DataFrame({"identity": ["example.com", HOSTILE], "grants": [3, 0]})
    figure: Any = charts.CHARTS["exposure_by_class"].draw(
        pd.DataFrame({"exposure": ["public"], "needs_review": [False]})
    )
    data, metadata = figure._repr_mimebundle_()
    node = nbformat.v4.new_notebook()
    node.cells = [
        nbformat.v4.new_markdown_cell("# Exposure *today*\n\nText & more <script>window.pwned=1</script>\n\n> quoted"),
        code("period = 'secret default'", tags=("parameters",)),
        code("period = 'injected'", tags=("injected-parameters",)),
        code("import hidden_source", nbformat.v4.new_output("stream", name="stdout", text=f"said \x1b[31m{HOSTILE}")),
        code("frame", shown({"text/html": frame.to_html(), "text/plain": "plain"})),
        code("figure", shown(data, metadata)),
        code("widget", shown({"application/javascript": "window.pwned=1", "text/plain": "fallback"})),
        code("1/0", nbformat.v4.new_output("error", ename="ZeroDivisionError", evalue=HOSTILE, traceback=["t"])),
    ]
    return node


@pytest.fixture(scope="module")
def copy(executed: Any) -> str:
    return notebook_html(executed)


def test_it_says_and_shows_what_the_notebook_does(copy: str) -> None:
    assert "<title>Exposure today</title>" in copy
    assert "<em>today</em>" in copy
    assert "<blockquote>" in copy
    assert "example.com" in copy


def test_it_has_no_code_and_no_parameters(copy: str) -> None:
    assert not re.search("hidden_source|secret default|injected|1/0", copy)


def test_figures_keep_their_alternative_text(copy: str) -> None:
    [picture] = [attributes for tag, attributes in elements(copy) if tag == "img"]
    assert picture["alt"].startswith("1 of 1 identity can be used by an outsider without an approval. By class: Anyone")
    assert picture["src"].startswith("data:image/png;base64,iVBOR")


def test_a_failed_step_says_so(copy: str) -> None:
    assert "This step failed: ZeroDivisionError." in copy


def test_there_is_no_script_and_no_address(copy: str) -> None:
    found = elements(copy)
    assert not {"script", "iframe", "object", "link", "base"} & {tag for tag, _ in found}
    assert not [name for _, attributes in found for name in attributes if name.startswith("on") or name == "style"]
    values = [value for _, attributes in found for value in attributes.values()]
    assert not [value for value in values if re.search("https?:", value)]
    assert "default-src 'none'" in copy


def test_the_same_notebook_is_the_same_text_from_a_file(executed: Any, copy: str, tmp_path: Path) -> None:
    path = tmp_path / "executed.ipynb"
    nbformat.write(executed, path)
    assert notebook_html(path) == copy


def test_table_headers_have_a_scope_and_none_is_blank() -> None:
    html = clean(pd.DataFrame({"a": [1]}, index=["row"]).to_html())
    assert '<th scope="col">a</th>' in html
    assert '<th scope="row">row</th>' in html
    assert not re.search(r"<th[^>]*>\s*</th>", html)
    assert "style" not in html


def test_a_picture_of_someone_else_gets_no_silent_hole() -> None:
    png = base64.b64encode(b"png").decode()
    node = nbformat.v4.new_notebook(cells=[code("x", shown({"image/png": png}))])
    assert 'alt="Chart without a description"' in notebook_html(node)


@pytest.mark.parametrize("text", ["not json", json.dumps({"a": 1})])
def test_a_file_that_is_no_notebook_is_one_clear_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(text, "utf-8")
    with pytest.raises(NotebookError, match=r"x\.ipynb is not a notebook"):
        notebook_html(path)


def test_a_missing_notebook_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="could not be read: No such file or directory"):
        notebook_html(tmp_path / "absent.ipynb")


def test_the_report_does_not_import_nbconvert() -> None:
    program = (
        "import sys, sesreport.report.html, sesreport.report.html.notebook; "
        "print('nbconvert' in sys.modules, 'nbformat' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_in_a_browser_it_is_inert_and_accessible(visit: Callable[..., Opened], copy: str, tmp_path: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    path = tmp_path / "copy.html"
    path.write_text(copy, "utf-8")
    opened = visit(path, width=320)
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []
    assert opened.page.evaluate("window.pwned") is None
    assert opened.complaints == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 320
    assert "⟨U+202E⟩evil" in opened.page.locator("table").first.inner_text()
    assert [v["id"] for v in axe.Axe().run(opened.page).response["violations"]] == []
