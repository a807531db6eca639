"""Workbook, page, deck, e-mail, terminal and notebooks of one pack say the same as results.json and as each other.

Every number of every output is taken out of the real file by another program, and must be one that the pack's results
and frames give in that sentence, row or mark. That a changed number is noticed, wherever it is, is proved by changing
each in what was read.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agreement import charts, tables
from agreement.extraction import Bars, Plot, Said, Table, Text, drawn, everything, links, plots
from agreement.facts import PLACE, RECOUNTED, Facts
from agreement.sayings import NUMBER_WORDS, digits, due, sayings, unexplained

from sesreport.report import charts as figures

OUTPUTS = ("workbook", "deck", "page", "mail", "terminal", "notebooks", "copies")


@pytest.fixture(scope="session")
def pack(made: Path) -> Path:
    return made / "out" / "2026-10"


@pytest.fixture(scope="session")
def facts(pack: Path) -> Facts:
    return Facts(pack)


@pytest.fixture(scope="session")
def said(made: Path, pack: Path) -> list[Said]:
    return everything(pack, (made / "stdout.txt").read_text())


@pytest.fixture(scope="session")
def texts(said: list[Said]) -> list[Text]:
    return [each for each in said if isinstance(each, Text)]


@pytest.fixture(scope="session")
def shown(said: list[Said]) -> list[Table]:
    return [each for each in said if isinstance(each, Table)]


@pytest.fixture(scope="session")
def bars(said: list[Said]) -> list[Bars]:
    return [each for each in said if isinstance(each, Bars)]


@pytest.fixture(scope="session")
def known(facts: Facts) -> list[str]:
    return sayings(facts)


@pytest.fixture(scope="session")
def marks(facts: Facts) -> list[charts.Drawn]:
    return charts.drawn(facts)


def kind(output: str) -> str:
    """Which of OUTPUTS it is of."""
    if output in OUTPUTS:
        return output
    if output.startswith("mail"):
        return "mail"
    return "copies" if output.startswith("copy") else "notebooks"


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_number_in_a_text_is_one_that_the_pack_knows(output: str, texts: list[Text], known: list[str]) -> None:
    of_output = [text for text in texts if kind(text.output) == output]
    assert of_output
    wrong = [(text.where, numbers, text.text) for text in of_output if (numbers := unexplained(text, known))]
    assert wrong == []


def test_no_two_slides_have_the_same_title(texts: list[Text]) -> None:
    titles = titles_of(texts)
    assert len(set(titles)) == len(titles) > 10


def titles_of(texts: list[Text]) -> list[str]:
    return [text.text for text in texts if text.is_title]


@pytest.mark.parametrize("output", [output for output in OUTPUTS if output != "terminal"])
def test_every_row_of_a_table_is_one_that_the_pack_knows(output: str, shown: list[Table], facts: Facts) -> None:
    of_output = [table for table in shown if kind(table.output) == output]
    assert of_output
    assert [(table.where, wrong) for table in of_output if (wrong := complaints(table, shown, facts))] == []


def complaints(table: Table, shown: list[Table], facts: Facts) -> list[str]:
    """What is wrong with a table; rows that stand in the page are held against those that its script draws."""
    whole = next((each for each in shown if each.where == f"{table.where}, whole"), None)
    return tables.standing_rows(table, whole) if table.output == "page" and whole else tables.wrong(table, facts)


def test_every_chart_of_the_deck_draws_what_the_pack_knows(bars: list[Bars], marks: list[charts.Drawn]) -> None:
    assert len(bars) >= 8
    assert [each for each in bars if charts.wrong(each, marks)] == []
    assert [each for each in bars if each.embedded != each.series] == []


def test_every_chart_of_the_page_is_drawn_from_results_and_frames(pack: Path, facts: Facts) -> None:
    pages = drawn(pack)
    whole = [at for at in pages if not at.startswith(("card-", "spark-"))]
    found = {
        name: next((at for at in whole if at.endswith(f"-{name.replace('_', '-')}-title")), None)
        for name in figures.CHARTS
    }
    for name, at in found.items():
        if at is None or name == "kpis":  # small multiples are of the notebooks
            continue
        figure = figures.draw(name, facts.results, facts.frames, scope="")
        again = figures.figure_svg(figure, prefix=at.removesuffix("-title"), titles=False)
        assert re.findall(r"<text[^>]*>([^<]*)", again) == pages[at], name
    assert sum(at is not None for at in found.values()) >= 12


def test_every_chart_of_the_workbook_reads_the_rows_of_its_kpi(pack: Path, shown: list[Table]) -> None:
    trends = next(table for table in shown if table.output == "workbook" and table.where == "Trends")
    read = [plot for plot in plots(pack) if not plot.title.startswith("Cost of sending by month")]
    assert len(read) > 15
    assert [plot.title for plot in read if not _reads_its_own(plot, trends)] == []


def test_the_chart_of_costs_reads_the_months_of_the_organization(pack: Path, shown: list[Table], facts: Facts) -> None:
    costs = next(table for table in shown if table.output == "workbook" and table.where == "Cost")
    (plot,) = [plot for plot in plots(pack) if plot.title == "Cost of sending by month, USD"]
    assert plot.cells[0] == "'Cost'!$F$6:$F$18"
    assert costs.header[5] == "Cost"
    assert [row[5] for row in costs.rows[:13]] == pytest.approx(facts.cost_by_month)


def _reads_its_own(plot: Plot, trends: Table) -> bool:
    rows = [tuple(map(int, re.findall(r"\$(\d+)", cells))) for cells in plot.cells]
    return all(
        {row[0] for row in trends.rows[first - 6 : last - 5]} == {plot.title} and last - first == 12
        for first, last in rows
    )


# Each KPI, read out of each output by itself.


def test_each_kpi_is_the_same_in_every_output(pack: Path, said: list[Said]) -> None:
    kpis = json.loads((pack / "results.json").read_text())["kpis"]
    found = {name: list(read(said)) for name, read in SCORECARDS.items()}
    for name, rows in found.items():
        assert len(rows) >= (len(kpis) if name not in PARTLY else 4), name
    by_label = {kpi["label"]: kpi for kpi in kpis}
    assert [(n, row) for n, rows in found.items() for row in rows if disagrees(row, by_label[row["kpi"]])] == []


Shown = dict[str, Any]
PARTLY = ("mail in html", "mail in plain text", "tiles", "tiles of page one", "cover")
"""Outputs that show the board's own numbers, or those that miss their target."""


def _rows(said: list[Said], output: str, where: str, **columns: str) -> Iterator[Shown]:
    for table in said:
        here = isinstance(table, Table) and table.output == output and re.fullmatch(where, table.where)
        if isinstance(table, Table) and here and set(columns.values()) <= set(table.header):
            for row in table.rows:
                told = dict(zip(table.header, row, strict=True))
                yield {"kpi": row[0], **{name: told[header] for name, header in columns.items()}}


def _scores_of_the_page(said: list[Said]) -> Iterator[Shown]:
    for row in _rows(said, "page", "scorecard", value="Actual", target="Target", status="Status", change="Change"):
        label = next((text for text in _labels(said) if row["kpi"].startswith(text)), row["kpi"])
        yield {**row, "kpi": label, "value": re.split(r" (?=[\d,.]+ of |over )", row["value"])[0]}


def _labels(said: list[Said]) -> list[str]:
    return sorted((row["kpi"] for row in _rows(said, "workbook", "Scorecard", value="Actual")), key=len, reverse=True)


def _told(said: list[Said], output: str, pattern: str) -> Iterator[Shown]:
    labels = "|".join(map(re.escape, _labels(said)))
    for text in said:
        if isinstance(text, Text) and text.output == output:
            for match in re.finditer(pattern.replace("LABEL", f"(?P<kpi>{labels})"), text.text):
                yield match.groupdict()


NUMBER = r"(?P<value>(?:at least )?(?:USD )?[−\d][\d,.]*(?: %| days)?|not known)"
STATUS = r"(?P<status>[■▲●○] [a-z ]+?|no target)"
AIM = r"(?P<target>(?:target )?[^;]+); (?P<change>.*?)(?: since[^)]*)?"


def _mail(said: list[Said]) -> Iterator[Shown]:
    labels = _labels(said)
    for table in said:
        if isinstance(table, Table) and table.output == "mail":
            for told, value, status in table.rows:
                label = next(text for text in labels if told.startswith(text))
                target, change = told.removeprefix(label).strip().split("; ")
                yield {"kpi": label, "value": value, "status": status, "target": target,
                       "change": change.removesuffix(" since the month before")}  # fmt: skip


def _cover(said: list[Said]) -> Iterator[Shown]:
    labels = _labels(said)
    for table in said:
        if isinstance(table, Table) and (table.output, table.where) == ("workbook", "Cover"):
            for item, detail in table.rows:
                if item in labels:
                    status, value, target = re.fullmatch(r"(.*): (.*) \((.*)\)", detail).groups()  # type: ignore[union-attr]
                    yield {"kpi": item, "status": status, "value": value, "target": target}


SCORECARDS: dict[str, Callable[[list[Said]], Iterator[Shown]]] = {
    "scorecard sheet": lambda said: _rows(
        said, "workbook", "Scorecard", value="Actual", target="Target", status="Status", change="Change", prior="Prior"
    ),
    "definitions sheet": lambda said: _rows(said, "workbook", "Definitions", target="Target"),
    "cover": _cover,
    "deck": lambda said: _rows(said, "deck", ".*", value="Actual", target="Target", status="Status", change="Change"),
    "tiles": lambda said: _told(said, "deck", rf"^{NUMBER} LABEL(?: .*)?$"),
    "tiles of page one": lambda said: _told(said, "deck", rf"^[■▲●○] {NUMBER} LABEL$"),
    "page": _scores_of_the_page,
    "notebook": lambda said: _rows(
        said, "00_executive_summary", ".*", value="Actual", target="Target", status="Status", change="Change"
    ),
    "terminal": lambda said: _told(said, "terminal", rf"{STATUS} LABEL: {NUMBER}"),
    "mail in html": _mail,
    "mail in plain text": lambda said: _told(
        said, "mail in plain text", rf"- LABEL: {NUMBER}, {STATUS} \({AIM}\)"
    ),
}  # fmt: skip
"""What each output shows of each KPI: ``kpi`` (its label), ``value``, ``target``, ``status``, ``change``, ``prior``."""


def disagrees(row: Shown, kpi: dict[str, Any]) -> list[str]:
    """What an output shows of a KPI otherwise than results.json has it."""
    wrong = []
    if "value" in row:
        wrong += [] if _same(row["value"], kpi["value"], kpi) else ["value"]
    if "prior" in row:
        wrong += [] if _same(row["prior"], kpi["prior"], kpi) else ["prior"]
    if "target" in row:
        given = None if row["target"] in (None, "no target") else row["target"]
        wrong += [] if _same(given, kpi["target"], kpi) else ["target"]
    if "status" in row:
        word = "no target" if kpi["target"] is None and kpi["value"] is not None else kpi["status"]
        wrong += [] if row["status"].split(" ", 1)[-1] == word or row["status"] == word else ["status"]
    if "change" in row:
        wrong += [] if _same_change(row["change"], kpi) else ["change"]
    return wrong


def _same(shown: Any, value: float | None, kpi: dict[str, Any]) -> bool:
    """Whether it is the value, as far as it is written out."""
    if shown is None or shown == "not known":
        return value is None
    if value is None:
        return False
    if isinstance(shown, int | float):
        return float(shown) == pytest.approx(value, abs=1e-12)
    written = re.search(r"[−-]?[\d,]+(\.\d+)?", shown)
    assert written is not None, shown
    places = len(written[0].partition(".")[2])
    number = float(written[0].replace(",", "").replace("−", "-"))
    scale = 100 if kpi["unit"] in ("share", "rate") else 1
    return f"{number:.{places}f}" == f"{value * scale:.{places}f}"


def _same_change(shown: Any, kpi: dict[str, Any]) -> bool:
    change = kpi["change"]
    if shown is None or isinstance(shown, int | float):
        return _same(shown, change, kpi)
    if change is None:
        return shown == ("no earlier value" if kpi["prior"] is None else "not comparable")
    digits_of = {"share": 1, "rate": 2, "days": 1}.get(kpi["unit"], 0)
    if shown == "no change":
        return round(abs(change) * (100 if digits_of and kpi["unit"] != "days" else 1), digits_of) == 0
    return (shown[0] == "+") == (change > 0) and _same(shown.lstrip("+−"), abs(change), kpi)


@pytest.mark.parametrize("kpi_id", RECOUNTED)
def test_a_kpi_is_what_its_evidence_and_other_outputs_count(kpi_id: str, facts: Facts) -> None:
    kpi = facts.kpi(kpi_id)
    if kpi.value is not None:
        assert RECOUNTED[kpi_id](facts, facts[kpi.frame]) == pytest.approx(kpi.value, abs=1e-9)


def test_every_kpi_is_counted_again(facts: Facts) -> None:
    assert {kpi.id for kpi in facts.results.kpis} == set(RECOUNTED)


# Titles, links, decisions.


def test_a_title_counts_the_marks_that_its_chart_highlights(bars: list[Bars]) -> None:
    counted = {}
    for pattern, count in TITLES.items():
        for each in bars:
            if match := re.match(pattern, digits(each.title)):
                on_slide = [other for other in bars if other.title == each.title]
                counted[pattern] = (float(match[1].replace(",", "")), count(on_slide))
    assert len(counted) == len(TITLES)
    assert {pattern: pair for pattern, pair in counted.items() if pair[0] != pair[1]} == {}


TITLES: dict[str, Callable[[list[Bars]], float]] = {
    r"Anyone can send from (\d+)": lambda slide: charts.highlighted(slide[0])[0][1],
    r"(\d+) unknown accounts? can": lambda slide: len(charts.highlighted(slide[0])),
    r"(\d+) grants? (?:is|are) past": lambda slide: charts.highlighted(slide[0])[0][1],
    r"(\d+) accounts? (?:is|are) over": lambda slide: len({m[0] for s in slide for m in charts.highlighted(s)}),
    r"Sending cost USD ([\d,]+)": lambda slide: round(charts.alone(slide[0])),
    r"Sending cost .*; USD (\d+) avoidable": lambda slide: round(sum(v or 0 for v in slide[1].series["Avoidable"])),
    r".* spends USD ([\d,]+) of": lambda slide: round(charts.alone(slide[0])),
    r"(\d+) findings? (?:is|are) open": lambda slide: sum(sum(v or 0 for v in s) for s in slide[0].series.values()),
}
"""What a title counts, and the marks that stand for it."""


def test_a_title_counts_the_rows_that_its_table_highlights(texts: list[Text], shown: list[Table], facts: Facts) -> None:
    titles = {text.where.split(",")[0]: digits(text.text) for text in texts if text.is_title}
    rows = {table.where.split(",")[0]: table for table in shown if table.output == "deck"}
    unread = next(slide for slide, title in titles.items() if title.startswith("We read"))
    assert sum(row[3] == "not read" for row in rows[unread].rows) == int(
        re.findall(r"; (\d+) could", titles[unread])[0]
    )
    asked = next(slide for slide, title in titles.items() if title.endswith("decisions requested"))
    assert len(rows[asked].rows) == len(facts.results.decisions)
    assert len(facts.asks) == int(titles[asked].split()[0])
    scores = [slide for slide, title in titles.items() if "controls on target" in title and slide != "slide 1"]
    statuses = [row[4].split(" ", 1)[-1] for slide in scores for row in rows[slide].rows]
    for number, status in re.findall(r"(\d+) (?:of \d+ controls )?(on target|off target|to watch)", titles[scores[0]]):
        assert statuses.count(status.removeprefix("to ")) == int(number)


def test_the_decisions_are_the_worst_asks_of_the_frame(facts: Facts) -> None:
    results = facts.results
    assert 0 < len(results.decisions) == min(5, len(facts.ask_lines))
    for each, rows in zip(results.decisions, facts.ask_lines, strict=False):
        first = rows.iloc[0]
        assert (each.rule, each.fingerprint, each.asks) == (first["rule"], first["fingerprint"], len(rows))
        assert (each.since, each.outcome) == (f"{rows['opened_at'].min():%Y-%m-%d}", first["outcome"])
        assert (each.due, each.effect) == (f"{first['due']:%Y-%m-%d}", first["effect"])
        if len(rows) == 1:
            assert each.decision == first["ask"]
    assert results.more_asks == len(facts.asks) - sum(each.asks for each in results.decisions)


def test_every_ask_rests_on_open_findings(facts: Facts) -> None:
    found = facts.open_findings[["rule", *PLACE, "identity"]].drop_duplicates()
    behind = facts.asks.merge(found, on=["rule", *PLACE, "identity"])
    assert len(behind) == len(facts.asks)


ASKED = {
    "page": "page", "mail": "mail", "mail in plain text": "mail in plain text", "terminal": "terminal",
    "deck": "deck", "workbook": "workbook", "notebook": "00_executive_summary",
}  # fmt: skip
"""Outputs that show what is asked, by the name under which they are read."""


@pytest.mark.parametrize("output", ASKED)
def test_every_output_shows_the_same_asks(output: str, said: list[Said], facts: Facts) -> None:
    cells = [
        text
        for each in said
        if each.output == ASKED[output] and isinstance(each, Text | Table)
        for text in ([each.text] if isinstance(each, Text) else [str(cell) for row in each.rows for cell in row])
    ]
    told = " | ".join(" ".join(text.split()) for text in cells)
    for each, rows in zip(facts.results.decisions, facts.ask_lines, strict=False):
        assert each.decision in told
        assert due(rows) in told
    assert facts.more_asks(len(facts.results.decisions)) in told


KEYS = {
    "Grants": (["Account id", "Region", "Identity", "Policy", "Statement", "Grantee"],
               ["account_id", "region", "identity", "policy_name", "statement", "grantee"]),
    "Reviews": (["Account id", "Region", "Identity", "Policy", "Statement", "Grantee"],
                ["account_id", "region", "identity", "policy_name", "statement", "grantee"]),
    "Exposure": (["Account id", "Region", "Identity"], ["account_id", "region", "identity"]),
    "Ownership": (["Account id", "Region", "Identity"], ["account_id", "region", "identity"]),
    "Trust register": (["Account id"], ["grantee_account_id"]),
    "Sending & reputation": (["Account id"], ["account_id"]),
    "Sending places": (["Account id", "Region"], ["account_id", "region"]),
    "Cost": (["Group"], ["account_id"]),
    "Waste": (["Account id", "Region", "What", "Subject"], ["account_id", "region", "kind", "subject"]),
    "Remediation": (["Fingerprint", "Episode"], ["fingerprint", "episode"]),
    "Data quality": (["Account id", "Region"], ["account_id", "region"]),
}  # fmt: skip
"""By which columns the rows of a sheet are those of a KPI's frame."""


@pytest.mark.parametrize("kpi_id", RECOUNTED)
def test_the_scorecard_leads_to_the_rows_behind_a_kpi(
    kpi_id: str, pack: Path, facts: Facts, shown: list[Table]
) -> None:
    kpi, frame = facts.kpi(kpi_id), facts[facts.kpi(kpi_id).frame]
    sheet = links(pack)[kpi.label]
    table = next(each for each in shown if (each.output, each.where) == ("workbook", sheet))
    headers, columns = KEYS[sheet]
    if kpi_id == "wildcard_policies":  # one row of its frame is a policy
        headers, columns = headers[:4], columns[:4]
    at, behind = [table.header.index(name) for name in headers], table.header.index("Behind KPI")
    found = {tuple(str(row[i]) for i in at) for row in table.rows if kpi.label in str(row[behind]).split("; ")}
    wanted = {tuple(map(str, row)) for row in frame[columns].itertuples(index=False, name=None)}
    assert found == wanted


# A changed number is noticed, wherever it is.


def changed(text: str) -> Iterator[str]:
    """The text with each of its numbers changed, one at a time."""
    for match in re.finditer(r"\d+", text):
        yield f"{text[: match.start()]}{int(match[0]) + 1}{text[match.end() :]}"


def reworded(title: str) -> Iterator[str]:
    """A title with each of its number words changed."""
    for match in re.finditer(r"\b[a-z]+\b", title, re.IGNORECASE):
        if match[0].lower() in NUMBER_WORDS[2:]:
            other = NUMBER_WORDS[NUMBER_WORDS.index(match[0].lower()) - 1]
            yield f"{title[: match.start()]}{other}{title[match.end() :]}"


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_changed_number_in_a_text_is_noticed(output: str, texts: list[Text], known: list[str]) -> None:
    distinct = {(text.text, text.is_title): text for text in texts if kind(text.output) == output}
    silent = [
        other
        for text in distinct.values()
        for other in (*changed(text.text), *(reworded(text.text) if text.is_title else ()))
        if not unexplained(dataclasses.replace(text, text=other), known)
        and other not in titles_of(texts)  # two slides of the same title
    ]
    assert silent == []


@pytest.mark.parametrize("output", [output for output in OUTPUTS if output != "terminal"])
def test_a_changed_number_in_a_table_is_noticed(output: str, shown: list[Table], facts: Facts) -> None:
    """In the first and the last row that has one, in every column of every table."""
    silent = [
        (table.where, column, other)
        for table in shown
        for column in range(len(table.header))
        for other in _with_another(table, column)
        if kind(table.output) == output and not complaints(dataclasses.replace(table, rows=other), shown, facts)
    ]
    assert silent == []


def _with_another(table: Table, column: int) -> Iterator[tuple[tuple[Any, ...], ...]]:
    having = [at for at, row in enumerate(table.rows) if column < len(row) and _has_a_number(row[column])]
    for at in sorted({having[0], having[-1]}) if having else ():
        row = list(table.rows[at])
        row[column] = _another(row[column])
        yield (*table.rows[:at], tuple(row), *table.rows[at + 1 :])


def _has_a_number(cell: Any) -> bool:
    return cell is not None and re.search(r"\d", str(cell)) is not None


def _another(value: Any) -> Any:
    if isinstance(value, int | float):
        return value * 1.001 + 1
    if isinstance(value, str):
        return next(changed(value))
    return value.replace(year=value.year - 1)


def test_a_changed_mark_in_a_chart_is_noticed(bars: list[Bars], marks: list[charts.Drawn]) -> None:
    for each in bars:
        for name, values in each.series.items():
            for at, value in enumerate(values):
                other = (*values[:at], (value or 0) + 1, *values[at + 1 :])
                assert charts.wrong(dataclasses.replace(each, series={**each.series, name: other}), marks)


@pytest.mark.parametrize("name", SCORECARDS)
def test_a_changed_value_target_or_change_of_a_kpi_is_noticed(name: str, pack: Path, said: list[Said]) -> None:
    by_label = {kpi["label"]: kpi for kpi in json.loads((pack / "results.json").read_text())["kpis"]}
    for row in SCORECARDS[name](said):
        assert disagrees(row, by_label[row["kpi"]]) == []
        for part in ("value", "target", "prior", "change"):
            if re.search(r"\d", str(row.get(part))):
                other = {**row, part: _another(row[part])}
                assert disagrees(other, by_label[row["kpi"]]) == [part], other
        if "status" in row:
            assert "status" in disagrees({**row, "status": "▲ on watch"}, by_label[row["kpi"]])
