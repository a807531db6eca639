"""The GitHub Actions workflow by its structure; the Airflow DAG by running it against the names Airflow gives it."""

from __future__ import annotations

import re
import runpy
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import jinja2
import pytest
import yaml
from schedule_files import FOLDER, monthly

from sesreport.core.period import Period
from sesreport.report.notebooks import notebooks, parameters_of


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((FOLDER / "github-actions.yml").read_text())
    return found


@pytest.fixture(scope="module")
def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    (job,) = workflow["jobs"].values()
    found: list[dict[str, Any]] = job["steps"]
    return found


def place(steps: list[dict[str, Any]], what: str) -> int:
    (found,) = [i for i, step in enumerate(steps) if step.get("uses", "").startswith(what)]
    return found


def test_the_workflow_starts_on_the_1st_at_an_odd_minute(workflow: dict[Any, Any]) -> None:
    (schedule,) = workflow[True]["schedule"]  # YAML 1.1 reads the key 'on' as true
    minute, hour, day, month, weekday = schedule["cron"].split()
    assert (day, month, weekday) == ("1", "*", "*")
    assert int(minute) % 2 == 1
    assert 1 <= int(hour) <= 23
    assert "60 days" in (FOLDER / "github-actions.yml").read_text()


def test_the_workflow_may_ask_for_a_token_and_read_and_no_more(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    assert "secrets." not in (FOLDER / "github-actions.yml").read_text()
    (job,) = workflow["jobs"].values()
    assert job["timeout-minutes"] < 360
    assert workflow["concurrency"]["cancel-in-progress"] is False


def test_the_workflow_makes_the_month_between_credentials_and_upload(
    workflow: dict[Any, Any], steps: list[dict[str, Any]]
) -> None:
    ours = [i for i, step in enumerate(steps) if "sesreport run" in step.get("run", "")]
    assert len(ours) == 1
    (command,) = re.findall(r"sesreport run [^|\n]*", steps[ours[0]]["run"])
    assert monthly(command)
    credentials, upload = place(steps, "aws-actions/configure-aws-credentials"), place(steps, "actions/upload-artifact")
    assert place(steps, "actions/checkout") < credentials < ours[0] < upload
    assert steps[credentials]["with"].keys() >= {"role-to-assume", "aws-region"}
    (job,) = workflow["jobs"].values()
    lasts = steps[credentials]["with"]["role-duration-seconds"]
    assert lasts >= job["timeout-minutes"] * 60  # the last try has them, too
    assert steps[upload]["if"] == "${{ !cancelled() }}"  # exit codes 1, 3 and 5 leave a pack, too
    assert steps[upload]["with"]["path"] == "out/"


def test_the_workflow_installs_what_was_locked(steps: list[dict[str, Any]]) -> None:
    (install,) = [step["run"] for step in steps if "pip install" in step.get("run", "")]
    assert "--require-hashes -r requirements/run.lock" in install
    assert "--no-deps --no-build-isolation ." in install


def test_nothing_from_outside_is_pasted_into_a_shell(steps: list[dict[str, Any]]) -> None:
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []
    assert [step["uses"] for step in steps if not re.search(r"@v\d+$", step.get("uses", "@v1"))] == []


OPERATOR = {"task_id", "execution_timeout", "retries", "retry_delay", "owner", "pool", "queue"}


@dataclass
class Task:
    """What an operator was given; only names Airflow's operators have."""

    given: dict[str, Any]
    after: list[Task] = field(default_factory=list)

    def __rshift__(self, other: Task) -> Task:
        self.after.append(other)
        return other


@dataclass
class Dag:
    given: dict[str, Any]
    tasks: list[Task] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def executed(monkeypatch: pytest.MonkeyPatch) -> Dag:
    """The DAG the file makes, with Airflow's modules stood in for by ones that know their parameters' names."""
    made: list[Dag] = []

    def dag(**given: Any) -> Dag:
        known = {
            "dag_id",
            "description",
            "schedule",
            "start_date",
            "catchup",
            "max_active_runs",
            "default_args",
            "tags",
        }
        assert given.keys() <= known
        assert given["default_args"].keys() <= OPERATOR
        made.append(Dag(given))
        return made[-1]

    def operator(*names: str) -> Any:
        def make(**given: Any) -> Task:
            assert given.keys() <= OPERATOR | set(names)
            made[-1].tasks.append(Task(given))
            return made[-1].tasks[-1]

        return make

    bash = operator("bash_command", "env", "append_env", "output_encoding", "skip_on_exit_code", "cwd")
    papermill = operator("input_nb", "output_nb", "parameters", "kernel_name", "language_name", "kernel_conn_id")
    contents = {"sdk": {"DAG": dag}, "providers.standard.operators.bash": {"BashOperator": bash},
                "providers.papermill.operators.papermill": {"PapermillOperator": papermill}}  # fmt: skip
    for path, names in contents.items():
        for end in range(len(path.split(".")) + 1):
            name = ".".join(["airflow", *path.split(".")[:end]])
            monkeypatch.setitem(sys.modules, name, sys.modules.get(name) or ModuleType(name))
        for key, value in names.items():
            setattr(sys.modules[f"airflow.{path}"], key, value)
    monkeypatch.setenv("SESREPORT_HOME", "/shared/sesreport")
    runpy.run_path(str(FOLDER / "airflow_dag.py"))
    (found,) = made
    return found


def rendered(text: str, started: datetime) -> str:
    context = {"dag_run": SimpleNamespace(start_date=started), "macros": SimpleNamespace(timedelta=timedelta)}
    return jinja2.Template(text, undefined=jinja2.StrictUndefined).render(context)


def test_the_dag_makes_the_month_first_and_then_runs_every_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    run, *others = executed(monkeypatch).tasks
    assert monthly(run.given["bash_command"].rpartition(" && ")[2])
    assert run.given["cwd"] == "/shared/sesreport"
    assert run.after == others
    assert [task.given["input_nb"] for task in others] == [str(path) for path in notebooks()]
    assert len({task.given["task_id"] for task in others}) == len(others)


def test_the_dag_gives_notebooks_only_parameters_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    for path, task in zip(notebooks(), executed(monkeypatch).tasks[1:], strict=True):
        assert task.given["parameters"].keys() <= parameters_of(path).keys()


@pytest.mark.parametrize("day", [datetime(2026, 11, 1, 6, 17, tzinfo=UTC), datetime(2027, 1, 31, 23, tzinfo=UTC)])
def test_the_dag_s_notebooks_read_the_pack_that_was_just_made(monkeypatch: pytest.MonkeyPatch, day: datetime) -> None:
    last_month = Period.parse("last-month", today=day.date())
    for task in executed(monkeypatch).tasks[1:]:
        assert rendered(task.given["parameters"]["pack"], day) == f"/shared/sesreport/out/{last_month}"
        assert f"/{last_month}/" in rendered(task.given["output_nb"], day)


def test_the_dag_makes_the_folder_that_notebooks_are_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    day = datetime(2026, 11, 1, 6, 17, tzinfo=UTC)
    run, *others = executed(monkeypatch).tasks
    made, _, _ = rendered(run.given["bash_command"], day).partition(" && ")
    assert made == "mkdir -p airflow/2026-10"
    written = {str(PurePosixPath(rendered(task.given["output_nb"], day)).parent) for task in others}
    assert written == {f"{run.given['cwd']}/airflow/2026-10"}


def test_the_dag_tries_every_task_three_times_half_an_hour_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    given = executed(monkeypatch).given["default_args"]
    assert (given["retries"], given["retry_delay"]) == (2, timedelta(minutes=30))


def test_the_dag_starts_once_a_month_and_never_for_a_past_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given = executed(monkeypatch).given
    assert given["schedule"].split()[2:] == ["1", "*", "*"]
    assert given["start_date"].utcoffset() == timedelta(0)
    assert (given["catchup"], given["max_active_runs"]) == (False, 1)
