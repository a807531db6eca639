"""The e-mail as a reader sees it, on a desk and on a telephone, with text that was made to break it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from delivery_aws import OCTOBER

from sesreport.report.delivery.message import message
from sesreport.report.delivery.parcel import open_parcel

LONG = "a-team-whose-name-was-never-meant-to-be-read-on-a-telephone" * 2


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(offline=True, java_script_enabled=True)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def html(a_pack: Path) -> str:
    """The HTML part, some of its words as long as they come."""
    parcel = open_parcel(a_pack, OCTOBER, now=datetime(2026, 11, 3, tzinfo=UTC))
    decision = dataclasses.replace(parcel.results.decisions[0], owner=LONG, decision="<b>bold</b><script>1</script>")
    results = dataclasses.replace(parcel.results, decisions=(decision, *parcel.results.decisions[1:]))
    mail = message(
        dataclasses.replace(parcel, results=results, places=(f"s3://packs/{LONG}/2026-10/",)),
        sender="r@example.com", from_name="", to=["b@example.com"], link="https://example.com/{period}",
    )  # fmt: skip
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("width", [600, 360, 320])
def test_nothing_is_wider_than_the_screen(page: Any, html: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(html)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_asks_for_nothing_and_runs_nothing(page: Any, html: str) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.set_content(html)
    assert requests == []
    assert page.locator("script, img, iframe, form, link, style, b").count() == 0
    assert "<b>bold</b><script>1</script>" in page.inner_text("body")


def test_it_breaks_no_accessibility_rule(page: Any, html: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page.set_content(html)
    # A mail is shown inside a reader, which has the landmarks; these rules are for whole pages.
    rules = {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}
    found = axe.Axe().run(page, options={"rules": rules}).response["violations"]
    assert [f"{v['id']}: {node['html'][:160]}" for v in found for node in v["nodes"]] == []
