"""A real browser, without a network, for the pages this project writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import html_example
import pytest

from sesreport.report.contents import Pack
from sesreport.report.html import write_html


@dataclass
class Opened:
    """A page in the browser and everything it asked for or complained about."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open_tables(self, which: str = "details") -> None:
        self.page.evaluate(f"document.querySelectorAll('{which}').forEach((box) => {{ box.open = true }})")
        self.page.wait_for_function(f"!document.querySelector('{which}[open] .controls[hidden]')")


@pytest.fixture(scope="session")
def pack() -> Pack:
    return html_example.example_pack()


@pytest.fixture(scope="session")
def report(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_html(pack, path)
    return path


@pytest.fixture(scope="session")
def windows(browser: Any) -> Callable[..., Any]:
    """Browser contexts by their options, each made once: a context costs more than a page."""
    made: dict[str, Any] = {}

    def context(**options: Any) -> Any:
        name = repr(sorted(options.items()))
        if name not in made:
            made[name] = browser.new_context(offline=True, **options)
        return made[name]

    return context


@pytest.fixture
def visit(windows: Callable[..., Any]) -> Iterator[Callable[..., Opened]]:
    """Open a file in a new page: ``visit(path, width=320, color_scheme="dark", fragment="#t-findings")``."""
    pages = []

    def open_file(path: Path, *, width: int = 1280, fragment: str = "", **options: Any) -> Opened:
        opened = Opened(windows(viewport={"width": width, "height": 800}, **options).new_page())
        pages.append(opened.page)
        opened.page.set_default_timeout(10_000)
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.goto(path.as_uri() + fragment)
        return opened

    yield open_file
    for page in pages:
        page.close()
