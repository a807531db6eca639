"""Fixtures shared by all tests: the demonstration organization, collected once for all workers."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import settings
from tests_shared import EXTRA, examples, once, run, shared, without

from sesreport.analysis import Analysis, analyze
from sesreport.collect.run import collect
from sesreport.demo import Endpoint, reference_day, serve
from sesreport.demo.answers import REVIEWS, answers
from sesreport.demo.snapshot import ANSWERS, demo_clock, demo_config
from sesreport.kpis.scorecard import Scorecard, score
from sesreport.report.contents import Pack
from sesreport.report.stored import read_stored
from sesreport.settings.attestations import FRAME as ATTESTATIONS
from sesreport.settings.attestations import added, write_attestations
from sesreport.snapshot.store import Snapshot, load, snapshots

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


gc.disable()  # until all tests are collected: what is imported stays

settings.register_profile("suite", examples(50))
settings.load_profile("suite")


FIRST = (
    "report/test_agreement.py",  # makes the pack of the demonstration, for which others wait
    "collect/test_survival.py",
    "findings/test_lives.py",
    "report/html/test_html_in_a_browser.py",
    "report/test_unread_places.py",
    "kpis/test_kpi_sql.py",
    "findings/test_history.py",
    "kpis/test_kpi_unknown.py",
    "cli/test_cli_and_pack.py",
    "findings/test_lives_against_the_truth.py",
    "kpis/test_kpi_cases.py",
    "collect/test_collect_organizations.py",
    "demo/test_open.py",
    "policy/test_hostile.py",
    "report/deck/test_deck.py",
    "report/workbook/test_workbook.py",
    "snapshot/test_storage.py",
    "report/html/test_html_page.py",
    "demo/test_demo_process.py",
    "report/test_closed_months.py",
    "report/test_hostile_names.py",
    "collect/test_outage.py",
)
"""The files that take longest: with one of them left at the end, one worker would have nothing to do."""


def pytest_configure(config: pytest.Config) -> None:
    """Has workers take whole files, whose tests share what is made for them, in the order in which they are here.

    And has all tests run far from Greenwich: what depends on the machine's time zone differs from what is expected.
    """
    if getattr(config.option, "dist", "no") == "load":  # what -n alone means
        config.option.dist = "loadfile"
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False
    os.environ["TZ"] = "Asia/Tokyo"
    if hasattr(time, "tzset"):
        time.tzset()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {Path(__file__).parent / name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


def pytest_collection_finish() -> None:
    """Leaves out of every garbage collection what all tests share: modules, clients' models, the tests themselves."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True)
def no_session_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """A default session keeps the credentials that it found first, and is not that of the tests before."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def own_log() -> Iterator[Callable[[], None]]:
    """To be called before a log is started: takes pytest's own handlers away. Loggers are put back afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("sesreport")
    before = root.handlers[:], root.level, ours.level
    yield root.handlers.clear
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """The demonstration's AWS, as of the day it was written for."""
    with serve(today=reference_day()) as running:
        yield running


@pytest.fixture
def demo_aws(endpoint: Endpoint) -> Iterator[None]:
    """Leads the SDK there for one test."""
    with endpoint.activate():
        yield


@pytest.fixture(scope="session")
def demo_folder(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of snapshots with the demonstration organization as of the day it was written for."""
    folder = shared(tmp_path_factory, worker_id) / "demo-snapshots"

    def make() -> None:
        day = reference_day()
        with endpoint.activate():
            collect(demo_config(snapshots=folder), clock=lambda: demo_clock(day))

    return once(folder, make)


@pytest.fixture(scope="session")
def demo(demo_folder: Path) -> Snapshot:
    return load(snapshots(demo_folder)[0])


@pytest.fixture(scope="session")
def demo_analysis(demo: Snapshot) -> Analysis:
    return analyze(demo, demo_config())


@pytest.fixture(scope="session")
def demo_card(demo_analysis: Analysis) -> Scorecard:
    """Its KPIs, and the frames behind them."""
    return score(demo_analysis)


@pytest.fixture(scope="session")
def demo_answered(demo_analysis: Analysis) -> Analysis:
    """The same with the answers of reviewers, all of them about what its one snapshot shows but the newest grant."""
    given, asked = ATTESTATIONS.empty(), demo_analysis.reviews.query("policy_name != 'pilot'")
    for review in REVIEWS:
        rows = answers(asked, review, reference_day(), demo_analysis.snapshot, 30)
        given = added(given, rows)
    return replace(demo_analysis, attestations=given)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real one; playwright starts once in a process."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no browser at {CHROMIUM}: install Debian's package chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def made(demo_folder: Path, demo_answered: Analysis, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder in which the demonstration's pack was made once, by the command line; ``stdout.txt`` is what it said.

    A pack calls no AWS, the demonstration's neither, and so it is made without the extra that serves it. It has the
    answers of :func:`demo_answered`.
    """
    folder = shared(tmp_path_factory, worker_id) / "demo-pack"

    def make() -> None:
        shutil.copytree(demo_folder, folder / "data" / "demo-snapshots", ignore=shutil.ignore_patterns("done"))
        write_attestations(folder / "data" / "demo-snapshots" / ANSWERS, demo_answered.attestations)
        env = {"PYTHONHASHSEED": "1", "TZ": "UTC", **without(folder / "blocked", *EXTRA)}
        done = run("report", "--demo", "--period", "2026-10", cwd=folder, env=env)
        assert done.returncode == 0, done.stderr
        (folder / "stdout.txt").write_text(done.stdout)

    return once(folder, make)


@pytest.fixture(scope="session")
def demo_pack(made: Path) -> Pack:
    """Numbers and frames of that pack; no test changes them."""
    return read_stored(made / "out" / "2026-10")
