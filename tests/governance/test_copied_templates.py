"""Copies of the shipped templates: all of them, no file of the user's replaced, and the settings' budget filled in."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest

import sesreport as ses
from sesreport.cli.main import main
from sesreport.core import resources
from sesreport.core.errors import ConfigError, WriteError
from sesreport.governance.templates import _with_default
from sesreport.settings.config import Config
from tests.governance.monitor.test_templates import Loader, yaml

SHIPPED = resources.shipped("templates")


def with_budget(amount: str, currency: str) -> Config:
    return Config.model_validate({"costs": {"budget": {"amount": Decimal(amount), "currency": currency}}})


def test_every_template_is_copied_as_it_is(tmp_path: Path) -> None:
    copied = ses.templates(to=tmp_path / "out")
    names = {one.path.relative_to(tmp_path / "out") for one in copied}
    assert {Path("aws/budget.yaml"), Path("schedules/sesreport.cron"), Path("email/summary.html.j2")} <= names
    assert all(one.written for one in copied)
    assert all((SHIPPED / name).read_bytes() == (tmp_path / "out" / name).read_bytes() for name in names)


def test_caches_are_not_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an installed wheel, where shipped files are beside the package."""
    shipped = tmp_path / "sesreport" / "_shipped" / "templates"
    for name in ("schedules/dag.py", "schedules/__pycache__/dag.pyc", ".DS_Store"):
        (shipped / name).parent.mkdir(parents=True, exist_ok=True)
        (shipped / name).write_text(name)
    monkeypatch.setattr(resources, "PACKAGE", tmp_path / "sesreport")
    (copied,) = ses.templates(to=tmp_path / "out")
    assert copied.path == tmp_path / "out" / "schedules" / "dag.py"


def test_what_is_there_already_stays_as_it_is(tmp_path: Path) -> None:
    first = ses.templates(to=tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    before = {one.path: one.path.stat().st_mtime_ns for one in first}
    assert not any(one.written for one in ses.templates(to=tmp_path))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_file_that_differs_stops_all_before_anything_is_written(tmp_path: Path) -> None:
    changed = tmp_path / "schedules" / "sesreport.cron"
    changed.parent.mkdir()
    changed.write_text("mine")
    with pytest.raises(ConfigError, match=r"sesreport\.cron: is there and is not the template; nothing was written"):
        ses.templates(to=tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [changed]
    assert changed.read_text() == "mine"


def test_a_link_to_nowhere_is_a_file_that_differs(tmp_path: Path) -> None:
    (tmp_path / "aws").mkdir()
    link = tmp_path / "aws" / "scp.yaml"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"scp\.yaml: is there"):
        ses.templates(to=tmp_path)
    assert link.is_symlink()


def test_with_force_only_what_differs_is_written(tmp_path: Path) -> None:
    changed = ses.templates(to=tmp_path)[0].path
    whole = changed.read_bytes()
    changed.write_text("mine")
    assert [one.path for one in ses.templates(to=tmp_path, force=True) if one.written] == [changed]
    assert changed.read_bytes() == whole


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="the folder cannot be made"):
        ses.templates(to=tmp_path / "file" / "out")


@pytest.mark.parametrize(("amount", "number"), [("2200", 2200), ("2200.50", 2200.5), ("1E+3", 1000)])
def test_the_settings_budget_becomes_the_template_s_defaults(amount: str, number: float, tmp_path: Path) -> None:
    ses.templates(with_budget(amount, "EUR"), to=tmp_path)
    template = yaml.load((tmp_path / "aws" / "budget.yaml").read_text(encoding="utf-8"), Loader)
    shipped = yaml.load((SHIPPED / "aws" / "budget.yaml").read_text(encoding="utf-8"), Loader)
    parameters = template["Parameters"]
    assert (parameters["MonthlyLimit"]["Default"], parameters["Currency"]["Default"]) == (number, "EUR")
    shipped["Parameters"]["MonthlyLimit"]["Default"] = number
    shipped["Parameters"]["Currency"]["Default"] = "EUR"
    assert template == shipped


def test_a_parameter_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(LookupError, match="no parameter MonthlyLimit"):
        _with_default("Parameters:\n  Limit:\n    Type: Number\n", "MonthlyLimit", "1")


def test_the_command_says_what_it_wrote_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sesreport.toml").write_text('[costs.budget]\namount = 2200\ncurrency = "USD"\n')

    def ended_with(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["sesreport", "templates", "--to", "out", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    assert ended_with() == 0
    assert "written    out/aws/budget.yaml\n" in capsys.readouterr().out
    assert "    Default: 2200\n" in (tmp_path / "out" / "aws" / "budget.yaml").read_text()
    (tmp_path / "sesreport.toml").write_text("")
    assert ended_with() == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert ended_with("--force") == 0
    told = capsys.readouterr().out
    assert "written    out/aws/budget.yaml\n" in told and "unchanged  out/aws/scp.yaml\n" in told
