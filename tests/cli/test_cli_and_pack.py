"""The command line and the pack it makes."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from html import unescape
from pathlib import Path

import nbformat
import pytest
from openpyxl import load_workbook
from pptx import Presentation
from tests_shared import UMASK, ended_with

import sesreport as ses
from sesreport.analysis import Analysis
from sesreport.cli import docs
from sesreport.cli.main import cli
from sesreport.core.errors import ConfigError, SnapshotError
from sesreport.core.period import Period
from sesreport.demo.snapshot import demo_config
from sesreport.kpis import words
from sesreport.kpis.results import Results
from sesreport.policy import LIMITS
from sesreport.report import build, compute
from sesreport.report.contents import Pack
from sesreport.report.delivery.message import message
from sesreport.report.delivery.parcel import open_parcel
from sesreport.report.notebooks import check_parameters, execute, notebooks, parameters_of, run_notebooks
from sesreport.snapshot.store import Snapshot, snapshots

ROOT = Path(__file__).parents[2]
OCTOBER = Period(2026, 10)


@pytest.fixture
def pack(made: Path) -> Path:
    return made / "out" / "2026-10"


@pytest.fixture
def results(pack: Path) -> Results:
    return Results.read(pack / "results.json")


def test_every_file_of_the_pack_is_there_and_sealed(pack: Path) -> None:
    manifest = json.loads((pack / "manifest.json").read_text())
    assert manifest["status"] == "complete"
    assert {f"ses-governance-2026-10.{ending}" for ending in ("xlsx", "html", "pptx")} <= manifest["files"].keys()
    for name, entry in manifest["files"].items():
        assert hashlib.sha256((pack / name).read_bytes()).hexdigest() == entry["sha256"]
    assert set(manifest["notebooks"]) == {path.stem for path in notebooks()}
    assert manifest["inputs"]["snapshot"]["sha256"] == Results.read(pack / "results.json").snapshot.sha256


def test_the_umask_holds_for_all_of_the_pack(pack: Path) -> None:
    modes = {path: path.stat().st_mode & 0o777 for path in (pack, *pack.rglob("*"))}
    assert {path for path, mode in modes.items() if mode != (0o777 if path.is_dir() else 0o666) & ~UMASK} == set()


def test_a_second_run_makes_the_same_documents_byte_for_byte(
    pack: Path, demo: Snapshot, demo_answered: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, which has other hashes of texts and another time zone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(compute, "analyze", lambda *_, **__: demo_answered)
    again = build.report(demo_config(), OCTOBER, snapshot=demo, only=[]).path
    names = ["results.json", *(f"ses-governance-2026-10.{e}" for e in ("xlsx", "html", "pptx"))]
    names += [p.relative_to(pack).as_posix() for p in (pack / "data").glob("*.parquet")]
    assert [n for n in names if (pack / n).read_bytes() != (again / n).read_bytes()] == []


def test_a_second_run_makes_the_same_notebook_byte_for_byte(pack: Path, tmp_path: Path) -> None:
    again = tmp_path / "another" / "2026-10"
    shutil.copytree(pack / "data", again / "data")
    shutil.copy(pack / "results.json", again)
    (again / "notebooks").mkdir()
    (source,) = [path for path in notebooks() if path.stem == "30_ownership"]
    done = execute(source, again / "notebooks" / source.name, {"period": "2026-10", "pack": ".."})
    assert done.path.read_bytes() == (pack / "notebooks" / source.name).read_bytes()


def test_results_come_back_as_they_were_written(pack: Path, results: Results) -> None:
    text = (pack / "results.json").read_text()
    assert results.to_json() == text
    assert "NaN" not in text


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kpis": 1}'])
def test_what_are_no_results_is_one_clear_error(text: str) -> None:
    with pytest.raises(SnapshotError, match=r"results\.json is not a pack's results"):
        Results.from_json(text)


def test_the_workbook_says_what_results_say(pack: Path, results: Results) -> None:
    sheet = load_workbook(pack / "ses-governance-2026-10.xlsx")["Scorecard"]
    rows = {row[0]: row for row in sheet.iter_rows(min_row=6, values_only=True)}
    for kpi in results.kpis:
        assert rows[kpi.label][1] == words.judgement(kpi)
        assert rows[kpi.label][2] == (None if kpi.value is None else pytest.approx(kpi.value))


def test_the_deck_says_what_results_say(pack: Path, results: Results) -> None:
    deck = Presentation(str(pack / "ses-governance-2026-10.pptx"))
    tables = [s.table for slide in deck.slides for s in slide.shapes if s.has_table]
    scorecards = [t for t in tables if [t.cell(0, i).text_frame.text for i in (0, 1)] == ["KPI", "Actual"]]
    shown = {row.cells[0].text_frame.text: row.cells[1].text_frame.text for t in scorecards for row in t.rows}
    for kpi in results.kpis:
        assert shown[kpi.label] == words.value_of(kpi)


def test_the_page_says_what_results_say_and_calls_nobody(pack: Path, results: Results) -> None:
    page = (pack / "ses-governance-2026-10.html").read_text()
    for kpi in results.kpis:
        assert words.value_of(kpi) in page
    assert re.search(r"""(src|href)\s*=\s*["']?https?:""", page) is None


@cache  # reading a workbook takes a second
def cover_of_the_workbook(made: Path) -> tuple[str, str]:
    book = load_workbook(made / "out/2026-10/ses-governance-2026-10.xlsx", read_only=True)
    sheets = [str([value for row in sheet.iter_rows(values_only=True) for value in row]) for sheet in book]
    return sheets[0], "".join(sheets)


def first_section_of_the_page(made: Path) -> tuple[str, str]:
    page = unescape((made / "out/2026-10/ses-governance-2026-10.html").read_text())
    return page[: page.index("</section>")], page


def first_slide(made: Path) -> tuple[str, str]:
    deck = Presentation(str(made / "out/2026-10/ses-governance-2026-10.pptx"))
    slides = [[shape.text_frame.text for shape in one.shapes if shape.has_text_frame] for one in deck.slides]
    notes = [one.notes_slide.notes_text_frame.text for one in deck.slides]
    return str(slides[0]), str([slides, notes])


def executive_summary(made: Path) -> tuple[str, str]:
    shown = [
        str([cell.get("outputs") for cell in nbformat.read(path, as_version=4).cells])
        for path in sorted((made / "out/2026-10/notebooks").glob("*.ipynb"))
    ]
    return shown[0], "".join(shown)


def mail(made: Path, part: str) -> tuple[str, str]:
    parcel = open_parcel(made / "out", OCTOBER, now=datetime(2026, 11, 3, tzinfo=UTC))
    body = message(parcel, sender="a@example.com", from_name="", to=["b@example.com"]).get_body((part,))
    assert body is not None
    said = " ".join(unescape(body.get_content()).split())
    return said[: said.index("Scorecard")], said


def terminal(made: Path) -> tuple[str, str]:
    told = (made / "stdout.txt").read_text()
    return "".join(told.splitlines(keepends=True)[:2]), told


every_output = pytest.mark.parametrize(
    "output",
    [
        cover_of_the_workbook, first_section_of_the_page, first_slide, executive_summary,
        partial(mail, part="html"), partial(mail, part="plain"), terminal,
    ],
    ids=["workbook", "html", "deck", "notebook", "mail in html", "mail in plain text", "terminal"],
)  # fmt: skip


@every_output
def test_page_one_states_what_it_rests_on(
    made: Path, results: Results, output: Callable[[Path], tuple[str, str]]
) -> None:
    assert results.coverage.statement in output(made)[0]


@every_output
def test_page_one_states_once_what_is_not_covered(made: Path, output: Callable[[Path], tuple[str, str]]) -> None:
    page_one, everything = output(made)
    assert LIMITS in page_one
    assert everything.count(LIMITS) == 1


def test_readme_states_what_is_not_covered() -> None:
    assert LIMITS in " ".join((ROOT / "README.md").read_text().split())


def test_results_from_before_limits_were_stated_have_the_same_limits(results: Results) -> None:
    content = json.loads(results.to_json())
    assert content.pop("limits") == LIMITS
    assert Results.from_json(json.dumps(content)) == results


def test_every_frame_a_kpi_rests_on_is_in_the_pack(pack: Path, results: Results) -> None:
    for kpi in results.kpis:
        assert (pack / "data" / f"{kpi.frame}.parquet").is_file()


def test_a_pack_opens_for_an_analyst(pack: Path) -> None:
    opened = ses.open_pack(str(pack))
    assert len(opened.frames["grants"]) > 40
    assert opened.results.kpi("coverage").value == pytest.approx(100 / 105)
    with pytest.raises(SnapshotError, match="is not a pack"):
        ses.open_pack(str(pack / "data"))


def opening(path: Path) -> tuple[str, list[str]]:
    """The cell in which a notebook opens its pack, and the parameters it does so with."""
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    wanted = ("pack:", "snapshot:", "period:", "config:")
    opened = "\n".join(line for line in cells[1].source.splitlines() if not line.startswith("from sesreport import"))
    return opened, [line for line in cells[0].source.splitlines() if line.startswith(wanted)]


def test_opened_in_jupyter_a_notebook_shows_the_demonstration(
    tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of ``run --demo`` in a folder above; months before the last were not collected there, for speed."""
    monkeypatch.setattr("sesreport.demo.snapshot.HISTORY", 0)
    (made / "notebooks").mkdir(exist_ok=True)
    monkeypatch.chdir(made / "notebooks")
    opened = ses.open_pack()
    assert opened.about.startswith("Demonstration data: Example Corp, October 2026")
    assert opened.results == Results.read(made / "out" / "2026-10" / "results.json")


def test_all_notebooks_open_the_same_way() -> None:
    of_the_pack = [path for path in notebooks() if path.stem != "70_what_if"]  # it opens the analysis behind the pack
    assert {str(opening(path)) for path in of_the_pack} == {str(opening(notebooks()[0]))}


def test_a_notebook_takes_parameters(pack: Path, tmp_path: Path) -> None:
    source = next(path for path in notebooks() if path.stem == "10_exposure")
    done = execute(source, tmp_path / "out.ipynb", {"pack": str(pack), "scopes": ["vendor"], "environments": ["prod"]})
    assert done.error is None


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_notebook_is_thin_and_clean(path: Path) -> None:
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert cells[0].metadata.get("tags") == ["parameters"]
    assert all(re.match(r"\w+: [\w\[\]]+ = .+  # .+", line) for line in cells[0].source.splitlines())
    assert not any(c.outputs or c.execution_count for c in cells)
    source = "\n".join(c.source for c in cells)
    assert re.search(r"^\s*(def |class |import boto3|except\s*:)", source, re.MULTILINE) is None
    assert len(source.splitlines()) <= 60
    assert {"pack", "snapshot", "period", "config"} <= parameters_of(path).keys()


def test_a_misspelt_parameter_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="has no parameter 'periud'; did you mean 'period'"):
        check_parameters(notebooks()[0], {"periud": "2026-10"})


def failing(folder: Path) -> Path:
    path = folder / "50_failing.ipynb"
    parameters = nbformat.v4.new_code_cell('period: str = ""  # month', metadata={"tags": ["parameters"]})
    cells = [parameters, nbformat.v4.new_code_cell("1 + 1"), nbformat.v4.new_code_cell("1 / 0")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


def test_a_failing_notebook_leaves_the_others_and_what_ran_of_it(pack: Path, tmp_path: Path) -> None:
    good = [path for path in notebooks() if path.stem == "60_remediation"]
    done = run_notebooks([failing(tmp_path), *good], tmp_path / "out", {"pack": str(pack)})
    assert [one.error is None for one in done] == [False, True]
    assert done[0].error == "ZeroDivisionError: division by zero (cell 3)"
    ran = [cell for cell in nbformat.read(done[0].path, as_version=4).cells if cell.get("outputs")]
    assert [cell.source for cell in ran] == ["1 + 1", "1 / 0"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["report", "--demo", "--period", "2999-01"], 2, "is not closed yet"),
        (["report", "--demo", "--period", "October"], 2, "is not a month"),
        (["report", "--demo", "--period", "2020-01"], 2, "no snapshot for 2020-01"),
        (["report", "--demo", "--period", "2026-10", "-p", "periud=x"], 2, "no notebook has a parameter 'periud'"),
        (["run", "--demo", "-p", "topn=3"], 2, "no notebook has a parameter 'topn'; did you mean 'top_n'?"),
        (["run", "--demo", "--period", "2999-01"], 2, "is not closed yet"),
        (["run", "--demo", "-p", "top_n"], 2, "is not NAME=VALUE"),
        (["report", "--config", "bad.toml"], 2, "bad.toml: unknown key 'organisation'"),
        (["report", "--config", "kpi.toml"], 2, "kpis: no KPI 'owned'"),
        (["report", "--demo", "--period", "2026-10", "--snapshot", "nothing"], 4, "there is no manifest.json"),
        (["report", "--demo", "--period", "2026-10", "--output", "a-file/out"], 4, "Not a directory"),
        (["collect", "--today", "2026-11-03"], 2, "goes with --demo"),
        (["explain", "nobody.example.com", "--demo"], 2, "no identity 'nobody.example.com'"),
        (["explain", "--policy", "policy.json", "--identity", "arn:x"], 2, "not the ARN of an SES identity"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_a_mistake_is_one_line_and_the_right_exit_code(
    arguments: list[str],
    code: int,
    says: str,
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo-snapshots").symlink_to(made / "data" / "demo-snapshots")
    (tmp_path / "bad.toml").write_text("[organisation]\n")
    (tmp_path / "kpi.toml").write_text("[kpis.owned]\ntarget = 1\n")
    (tmp_path / "policy.json").write_text("{}")
    (tmp_path / "a-file").write_text("")
    ended = ended_with(monkeypatch, *arguments)
    said = capsys.readouterr().err
    assert ended == code, said
    assert says in said
    assert not (tmp_path / "out").exists()
    assert len(snapshots(tmp_path / "data" / "demo-snapshots")) == 1  # nothing was collected first


def test_gaps_and_findings_set_the_exit_code_when_asked(
    made: Path, demo_pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo-snapshots").symlink_to(made / "data" / "demo-snapshots")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(build, "notebooks", list)  # exit codes rest on the numbers alone
    monkeypatch.setattr(build, "outputs", dict)
    monkeypatch.setattr(build, "new_pack", lambda *_, **__: demo_pack)
    report = ["report", "--demo", "--period", "2026-10"]
    assert cli.main([*report, "--strict"], standalone_mode=False) == 3
    assert cli.main([*report, "--fail-on", "critical"], standalone_mode=False) == 1


def test_a_corrupt_snapshot_leaves_the_earlier_pack(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(made / "data", tmp_path / "data")
    (tmp_path / "out" / "2026-10").mkdir(parents=True)
    (tmp_path / "out" / "2026-10" / "manifest.json").write_text("earlier")
    (path,) = snapshots(tmp_path / "data" / "demo-snapshots")
    (path / "identities.parquet").write_bytes(b"PAR1")
    monkeypatch.chdir(tmp_path)
    assert ended_with(monkeypatch, "report", "--demo", "--period", "2026-10") == 4
    assert "identities.parquet was changed after it was written" in capsys.readouterr().err
    assert (tmp_path / "out" / "2026-10" / "manifest.json").read_text() == "earlier"


def test_explain_tells_witness_and_protection(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(made)
    assert ended_with(monkeypatch, "explain", "example.net", "--demo") == 0
    told = capsys.readouterr().out
    assert "organization: Accounts of the organization can send." in told
    assert "without it the exposure would be public" in told


def test_explain_judges_a_policy_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.json").write_text(
        '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ses:*", "Resource": "*"}}'
    )
    arn = "arn:aws:ses:eu-west-1:210000000001:identity/example.com"
    assert ended_with(monkeypatch, "explain", "--policy", "p.json", "--identity", arn) == 0
    assert "public: Anybody with an AWS account can send." in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_has_help_and_stands_in_readme(name: str) -> None:
    assert (cli.commands[name].help or "").strip()
    assert f"`sesreport {name}`" in (ROOT / "README.md").read_text()


def test_help_loads_neither_pandas_nor_boto3() -> None:
    code = "import sys; sys.argv = ['sesreport', '--help']\n"
    code += "from sesreport.cli.main import main\ntry: main()\nexcept SystemExit: pass\n"
    code += "assert not {'pandas', 'boto3', 'papermill', 'pyarrow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize("name", docs.PARTS)
def test_generated_documentation_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text() == docs.rendered(name), "run 'make docs'"
