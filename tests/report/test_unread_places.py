"""What could not be read is told as not known in every output, and first."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from pptx import Presentation
from unread_snapshots import every, with_note, without_places, without_policies

from sesreport.analysis import Analysis, analyze
from sesreport.cli.exit_codes import code_of_pack
from sesreport.cli.lines import tell_pack
from sesreport.core.period import Period
from sesreport.demo.snapshot import demo_config
from sesreport.kpis import words
from sesreport.kpis.registry import kpis
from sesreport.kpis.results import NOT_MEASURABLE, Results
from sesreport.kpis.scorecard import coverage_of, judge, score
from sesreport.report import build, tables
from sesreport.report.build import Made
from sesreport.report.contents import Pack
from sesreport.report.deck.slides.changes import changes as changes_slide
from sesreport.report.delivery.message import message
from sesreport.report.delivery.parcel import open_parcel
from sesreport.report.html.sections.changes import heading as section_heading
from sesreport.report.workbook.sheets.changes import changes as changes_sheet
from sesreport.snapshot.store import Snapshot, load, write_snapshot
from tests.analysis.estate import EU, SHOP, Estate, policy

SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
ALL = ("xlsx", "html", "pptx")
QUIET = "210000000001"
"""An account of the demonstration with one identity, no policy and no finding."""
SAFE = (
    r"finding is open(?! in what)",
    r"findings are open(?! in what| is not known)",
    r"none this period(?! in what)",
    r"no decision is requested(?! in what)",
    r"control is off target(?! in what)",
    r"within its approval(?! \(read)",
    r"has a valid approval(?! in what| \(read)",
    r"open to everyone(?! in what)",
    r"everything was read",
    r"read in all",
    r"it is for noting",
)
"""What nobody may say where not all was read, in small letters."""


@dataclass(frozen=True)
class Written:
    """A pack on disk, its outputs as text."""

    made: Made
    snapshot: Snapshot
    output: Path

    @property
    def results(self) -> Results:
        return Results.read(self.made.path / "results.json")

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        return dict(self.made.pack.frames)

    @cached_property
    def workbook(self) -> dict[str, str]:
        """The text of every sheet."""
        book = openpyxl.load_workbook(self.made.path / "ses-governance-2026-10.xlsx", read_only=True)
        told = {
            sheet.title: "\n".join(str(v) for row in sheet.iter_rows(values_only=True) for v in row if v is not None)
            for sheet in book
        }
        book.close()
        return told

    @cached_property
    def page(self) -> str:
        """The words of the report, charts as their alternative text."""
        text = (self.made.path / "ses-governance-2026-10.html").read_text(encoding="utf-8")
        text = re.sub(r"<(style|script)[^>]*>.*?</\1>", " ", text, flags=re.DOTALL)
        text = re.sub(r"<svg.*?</svg>", lambda found: " ".join(re.findall(r"<desc[^>]*>(.*?)</desc>", found[0])), text,
                      flags=re.DOTALL)  # fmt: skip
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())

    @cached_property
    def slides(self) -> list[str]:
        """The words of every slide."""
        deck = Presentation(str(self.made.path / "ses-governance-2026-10.pptx"))
        return ["\n".join(_words(shape) for shape in slide.shapes) for slide in deck.slides]

    @cached_property
    def mail(self) -> Any:
        parcel = open_parcel(self.output, OCTOBER, now=datetime(2026, 11, 4, tzinfo=UTC))
        return message(parcel, sender="a@example.com", from_name="SES", to=["b@example.com"])

    def section(self, title: str) -> str:
        """The report's words from a section's title to the end."""
        return self.page[self.page.rindex(f"{title} :") :]


def _words(shape: Any) -> str:
    if shape.has_text_frame:
        return str(shape.text_frame.text)
    if getattr(shape, "has_table", False) and shape.has_table:
        return " | ".join(cell.text for row in shape.table.rows for cell in row.cells)
    if getattr(shape, "has_chart", False) and shape.has_chart:
        return " | ".join(str(category) for plot in shape.chart.plots for category in plot.categories)
    return ""


Writer = Callable[..., Written]


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    """Makes a pack of a snapshot, with the documents of these endings."""

    def write(make: Callable[[Path], Snapshot], *endings: str) -> Written:
        folder = tmp_path_factory.mktemp("unread")
        snapshot = make(folder / "snapshots")
        config = demo_config(snapshots=folder / "snapshots", output=folder / "out")
        wanted = {ending: writer for ending, writer in build.outputs().items() if ending in endings}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(build, "outputs", lambda: wanted)
            return Written(build.report(config, OCTOBER, snapshot=snapshot, only=[]), snapshot, folder / "out")

    return write


@pytest.fixture(scope="module")
def nothing(demo: Snapshot, write: Writer) -> Written:
    """No place was read."""
    return write(lambda folder: without_places(demo, folder), *ALL)


@pytest.fixture(scope="module")
def listed(demo: Snapshot, write: Writer) -> Written:
    """Identities were listed everywhere, and no policy was read; their counts stand against their coverage."""
    return write(lambda folder: without_policies(demo, folder, counts=True), "xlsx", "pptx")


@pytest.fixture(scope="module")
def little(demo: Snapshot, write: Writer) -> Written:
    """One account of twenty was read, and all is well in it."""
    return write(lambda folder: without_places(demo, folder, lambda places: places["account_id"].ne(QUIET)), *ALL)


@pytest.fixture(scope="module")
def september(demo: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The demonstration as it was found a month before."""
    return analyze(_a_month_before(demo, tmp_path_factory.mktemp("september")), demo_config(), period=SEPTEMBER)


@pytest.fixture(scope="module")
def blind(demo: Snapshot, september: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The pack of a month in which no place was read, after one in which nearly all were."""
    return _pack(without_places(demo, tmp_path_factory.mktemp("blind")), september)


def _pack(snapshot: Snapshot, before: Analysis | None = None) -> Pack:
    analysis = analyze(snapshot, demo_config(), period=OCTOBER, previous=before)
    card = score(analysis)
    return Pack(card.results, {**analysis.frames, **card.frames})


def _a_month_before(demo: Snapshot, folder: Path) -> Snapshot:
    at = demo.started_at - timedelta(days=31)
    about = {name: demo.manifest[name] for name in ("datasets_skipped", "mode", "metric_days")}
    return load(write_snapshot(folder, demo.frames, started_at=at, finished_at=at, about=about))


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[Written], str]]:
    def told(written: Written) -> str:
        tell_pack(written.made)
        return capsys.readouterr().out

    yield told


# Numbers

OF_NO_PLACE = {definition.id for definition in kpis() if not definition.datasets}
"""The coverage, and what the bill tells, which comes from a cost export."""


def test_every_kpi_but_the_coverage_has_no_number_when_nothing_was_read(nothing: Written) -> None:
    known = {
        kpi.id
        for kpi in nothing.results.kpis
        if (kpi.value, kpi.numerator, kpi.denominator, kpi.change, kpi.status) != (None,) * 4 + (NOT_MEASURABLE,)
    }
    assert known == OF_NO_PLACE - {"share_answered_keep"}  # which nobody has answered yet


def test_what_was_open_a_month_before_is_told_beside_a_number_that_is_not_known(blind: Pack) -> None:
    kpi = blind.results.kpi("findings_open")
    assert (kpi.value, kpi.denominator, kpi.change, kpi.status) == (None, None, None, NOT_MEASURABLE)
    assert kpi.numerator and kpi.prior and "could not be looked at this time" in kpi.reason


def test_the_coverage_is_known_when_nothing_was_read(nothing: Written) -> None:
    kpi = nothing.results.kpi("coverage")
    assert (kpi.value, kpi.numerator, kpi.denominator) == (0, 0, 105)


def test_the_last_month_of_a_series_is_not_known_when_nothing_was_read(nothing: Written) -> None:
    last = {kpi.id: kpi.series[-1].value for kpi in nothing.results.kpis if kpi.id not in OF_NO_PLACE}
    assert set(last.values()) == {None}


def test_open_findings_are_null_and_not_zero_when_nothing_was_read(nothing: Written) -> None:
    findings = nothing.results.findings
    assert (findings.open, findings.excepted, set(findings.by_severity.values())) == (None, None, {None})


def test_no_group_has_a_value_when_nothing_was_read(nothing: Written) -> None:
    whole = nothing.frames["kpi_breakdown"]
    groups = whole[~whole["kpi"].isin(list(OF_NO_PLACE))]
    assert groups["value"].isna().all() and groups["denominator"].isna().all()
    assert set(groups["dimension"]) == {"overall", "account", "environment", "ou", "owner"}


def test_a_group_none_of_whose_places_was_read_has_no_value(little: Written) -> None:
    groups = little.frames["kpi_breakdown"].query("kpi == 'public_identities' and dimension == 'account'")
    values = groups.set_index("group")["value"]
    assert values[QUIET] == 0
    assert values.drop(QUIET).isna().all()


def test_an_identity_whose_policies_were_not_read_is_not_one_without_policies(listed: Written) -> None:
    exposures = listed.frames["exposures"]
    assert len(exposures) == 71
    assert exposures["exposure"].isna().all() and not exposures["policies"].eq(0).any()
    assert exposures["needs_review"].all()


def test_a_value_that_rests_on_too_little_is_not_compared_with_the_month_before(
    little: Written, september: Analysis
) -> None:
    analysis = analyze(little.snapshot, demo_config(), period=OCTOBER, previous=september)
    (kpi,) = judge(analysis, "public_identities")
    assert (kpi.value, kpi.prior, kpi.change) == (0, 3, None)
    assert words.change(kpi) == "not comparable"


# Findings and changes


def test_a_finding_whose_place_was_not_read_is_not_resolved(blind: Pack) -> None:
    lives = blind.frames["lives"]
    of_policies = lives[lives["rule"].isin(["open_to_anyone", "unknown_account"]) & lives["resolved_by"].isna()]
    assert len(of_policies) == 10
    assert set(of_policies["status"]) == {"not observed"}


def test_findings_that_need_no_place_are_no_count_of_all(blind: Pack) -> None:
    """Days of sending that the month before showed are still out of the ordinary."""
    results = blind.results
    assert results.findings.open == 5
    assert words.open_findings(results.findings, results.coverage) == (
        "5 findings are known to be open, and there may be more"
    )


def test_no_change_is_told_of_places_that_were_not_read(blind: Pack) -> None:
    assert blind.frames["changes_since"].empty
    told = "What changed since September 2026 is not known: nothing could be read"
    assert section_heading(blind.results, blind.frames["changes_since"]) == told
    slide = changes_slide(blind)
    assert slide is not None and slide.title == told
    assert changes_sheet(blind).subtitle == "Compared with September 2026: not known, nothing could be read"


def test_the_numbers_of_a_month_of_which_nothing_was_read_are_a_gap_later(tmp_path: Path) -> None:
    begun = datetime(2026, 10, 3, 6, tzinfo=UTC)
    unread = Estate(begun).gap(SHOP, EU, "everything").analysis(tmp_path / "unread")
    read = Estate(begun).identity().analysis(tmp_path / "read")
    for before, priors in ((unread, [None] * 2), (read, [0, 1])):
        now = (
            Estate().identity(policies={"p": policy("*")}).analysis(tmp_path / before.snapshot.sha256, previous=before)
        )
        assert [kpi.prior for kpi in judge(now, "public_identities", "findings_open")] == priors


# The verdict comes first


def test_the_headline_says_that_nothing_was_read(nothing: Written) -> None:
    assert nothing.results.headline == "Nothing could be read, so who can send as us is not known"


def test_the_first_sentence_says_that_nothing_was_read(nothing: Written) -> None:
    assert nothing.results.verdict[0] == (
        "Nothing could be read (0 of 105 places, account × Region), so who can send as us is not known."
    )


def test_the_verdict_leads_with_the_share_that_was_read(little: Written) -> None:
    results = little.results
    assert results.headline.startswith("Only 4.8 % could be read; ")
    assert len(results.headline) <= 90
    assert results.verdict == (
        "Only 4.8 % could be read, 5 of 105 places (account × Region), so who can send from the others is not known.",
        "Which outside permissions were added is not known: there is no earlier report.",
        "Sending cost USD 2,715 in October 2026, +6.2 % on September 2026; nothing avoidable was found in what could "
        "be read: 5 of 105 places.",
        "Whether we are safer than in July 2026 is not known: only 4.8 % could be read.",
        "How fast findings are closed is not known.",
        "0 findings are open in what could be read: 5 of 105 places; no critical or high.",
        results.coverage.statement,
    )


def test_where_enough_was_read_the_verdict_still_says_of_how_much(demo_pack: Pack) -> None:
    results = demo_pack.results
    assert results.page_one.safer[-1].startswith(
        f"{results.findings.open} findings are open in what could be read: 100 of 105 places; 3 critical"
    )
    assert "1 account is suspended or closing and not counted." in results.verdict[-1]


def test_listed_identities_are_told_as_not_read(listed: Written) -> None:
    results = listed.results
    assert results.verdict[0].startswith("No place could be read whole (0 of 105 places")
    assert results.page_one.safer[-1].startswith("79 findings are known to be open, and there may be more")
    assert results.kpi("public_identities").reason.endswith("0 of 71 identities; 71 more need review.")


# Outputs


@pytest.mark.parametrize("name", ["nothing", "little"])
def test_no_output_says_that_all_is_well_without_what_it_rests_on(
    name: str, request: pytest.FixtureRequest, terminal: Callable[[Written], str]
) -> None:
    written: Written = request.getfixturevalue(name)
    mail = written.mail.get_body(("plain",)).get_content()
    outputs = {"page": written.page, "mail": mail, "terminal": terminal(written), **written.workbook}
    outputs |= {f"slide {number}": slide for number, slide in enumerate(written.slides, 1)}
    found = {
        (output, match[0])
        for output, text in outputs.items()
        for phrase in SAFE
        for match in re.finditer(phrase, " ".join(text.lower().split()))
    }
    assert found == set()


def test_no_output_counts_nothing_of_nothing(nothing: Written) -> None:
    outputs = {"page": nothing.page, **nothing.workbook, **dict(enumerate(nothing.slides))}
    assert [name for name, text in outputs.items() if re.search(r"\b0 of 0\b|\b0 open\b", text)] == []


def test_the_page_leads_with_what_was_not_read(nothing: Written) -> None:
    first = nothing.section("Verdict")[:600]
    assert nothing.results.headline in first
    assert nothing.results.verdict[0] in first
    assert "Asked of you Not known: nothing could be read." in first


def test_the_page_says_in_how_much_no_decision_is_asked(little: Written) -> None:
    assert "Asked of you None this period in what could be read: 5 of 105 places." in little.page


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("Exposure", "No identity is open to everyone in what could be read: 5 of 105 places"),
        ("Outside accounts and register", "has a valid approval in what could be read: 5 of 105 places"),
        ("Ownership", "the target of 95.0 % is met in what could be read: 5 of 105 places"),
        ("Findings", "No finding is open in what could be read: 5 of 105 places"),
    ],
)
def test_good_news_of_the_page_says_what_it_rests_on(section: str, told: str, little: Written) -> None:
    assert told in little.section(section)[:400]


def test_an_empty_table_of_the_page_does_not_say_that_everything_was_read(little: Written) -> None:
    assert "everything was read" not in little.page
    assert "identities and policies: read in 5 of 105 places (account × Region)" in little.page


def test_the_cover_leads_with_what_was_not_read(nothing: Written) -> None:
    cover = nothing.workbook["Cover"].split("\n")
    assert cover[1] == nothing.results.headline
    assert any(nothing.results.verdict[0] in line for line in cover)
    assert "Not known: nothing could be read." in cover


def test_the_scorecard_sheet_has_no_number_for_what_was_not_read(nothing: Written) -> None:
    book = openpyxl.load_workbook(nothing.made.path / "ses-governance-2026-10.xlsx", read_only=True)
    rows = [row for row in book["Scorecard"].iter_rows(values_only=True) if row[0] == "Identities open to anyone"]
    assert [row[1:3] for row in rows] == [("○ not measurable", None)]
    book.close()


@pytest.mark.parametrize("sheet", ["Exposure", "Grants", "Ownership", "Findings", "Remediation", "Trust register"])
def test_a_sheet_says_in_how_many_places_its_rows_were_read(sheet: str, little: Written) -> None:
    assert "Read in 5 of 105 places (account × Region); not read: denied 100." in little.workbook[sheet]


@pytest.mark.parametrize(
    "sheet", ["Exposure", "Grants", "Ownership", "Sending & reputation", "Anomalies & forecasts", "Remediation"]
)
def test_a_sheet_without_a_place_read_counts_nothing(sheet: str, nothing: Written) -> None:
    assert re.search(r"not known: .*could be read", nothing.workbook[sheet].split("\n")[1], re.IGNORECASE)


def test_the_exposure_sheet_counts_what_was_not_read_as_not_known(listed: Written) -> None:
    told = "71 identities by widest exposure: 71 not known in what could be read: 0 of 105 places"
    assert told in listed.workbook["Exposure"]


def test_the_findings_sheet_does_not_count_when_nothing_was_read(nothing: Written) -> None:
    assert "How many findings are open is not known: nothing could be read" in nothing.workbook["Findings"]


def test_the_first_slide_leads_with_what_was_not_read(nothing: Written) -> None:
    first = nothing.slides[0]
    assert first.startswith(nothing.results.headline)
    assert nothing.results.verdict[0] in first


def test_the_decisions_slide_does_not_say_that_none_is_needed(nothing: Written, little: Written) -> None:
    assert any(s.startswith("Which decisions are needed is not known: nothing could be read") for s in nothing.slides)
    assert any(s.startswith("No decision is requested in what could be read: 5 of 105 places") for s in little.slides)


def test_the_exposure_slide_shows_listed_identities_as_not_known(listed: Written) -> None:
    slide = next(s for s in listed.slides if s.startswith("Whether anyone can send as us is not known"))
    assert "Not known" in slide and "of 71 the policies were not read" in slide
    assert "Nobody by policy" not in slide and "No policy" not in slide


def test_titles_of_good_news_say_what_they_rest_on(little: Written) -> None:
    titles = [slide.split("\n")[0] for slide in little.slides]
    assert "No identity that was read lets anyone send (read: 5 of 105 places)" in titles
    assert "Every outside account that can send as us has a valid approval (read: 5 of 105 places)" in titles
    assert "No finding is open in what could be read: 5 of 105 places" in titles


def test_the_email_leads_with_what_was_not_read(nothing: Written) -> None:
    assert nothing.mail["Subject"] == f"Example Corp, October 2026: {nothing.results.headline}"
    for kind in ("plain", "html"):
        body = " ".join(nothing.mail.get_body((kind,)).get_content().split())
        assert body.index(nothing.results.verdict[0]) < body.index("Asked of you")
        assert "Not known: nothing could be read." in body
        assert nothing.results.coverage.statement in body


def test_the_terminal_leads_with_what_was_not_read(nothing: Written, terminal: Callable[[Written], str]) -> None:
    lines = terminal(nothing).split("\n")
    assert lines[0].startswith(nothing.results.headline)
    assert "How many findings are open is not known: nothing could be read" in lines
    assert "Decisions asked: Not known: nothing could be read." in lines


def test_the_terminal_says_in_how_much_nothing_is_open(little: Written, terminal: Callable[[Written], str]) -> None:
    told = "0 findings are open in what could be read: 5 of 105 places (0 critical, 0 high, 0 medium, 0 low)"
    assert told in terminal(little).split("\n")


def test_the_table_of_decisions_says_in_how_much_none_is_asked(little: Written) -> None:
    told = tables.decisions(little.results)["Decision"].tolist()
    assert told == ["None this period in what could be read: 5 of 105 places."]


def test_a_pack_for_which_no_place_was_read_ends_with_3(nothing: Written, little: Written) -> None:
    assert code_of_pack(nothing.made, nothing.snapshot, None, strict=False) == 3
    assert code_of_pack(little.made, little.snapshot, None, strict=False) == 0


def test_a_snapshot_that_was_read_whole_stays_as_it_is(demo: Snapshot, tmp_path: Path) -> None:
    none = without_places(demo, tmp_path, lambda places: ~every(places))
    assert none.coverage["status"].value_counts().to_dict() == demo.coverage["status"].value_counts().to_dict()


def test_identities_that_vanished_while_collecting_are_named_on_page_one(demo: Snapshot, tmp_path: Path) -> None:
    note = "vanished while collecting (1): gone.example.com"
    noted = with_note(demo, tmp_path, "210000000004", "eu-west-1", note)
    assert f"210000000004 eu-west-1: {note}." in coverage_of(analyze(noted, demo_config())).statement
