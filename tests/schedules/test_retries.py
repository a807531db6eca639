"""The shell loops of cron, GitHub Actions and Fargate, run with a ``sesreport`` that ends as it is told."""

from __future__ import annotations

import fcntl
import re
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from schedule_files import FOLDER, CloudFormation, monthly

HALF_AN_HOUR = 1800

SESREPORT = """#!/bin/sh
cd {records}
echo "$*" >> runs
exit "$(sed -n "$(wc -l < runs)p" codes)"
"""
"""Notes its arguments; the n-th run ends with the n-th code."""

SLEEP = """#!/bin/sh
echo "$*" >> {records}/pauses
"""

ENDLESS_SESREPORT = """#!/bin/sh
trap '/bin/sleep 0.3; echo whole > {records}/written; exit 130' TERM
echo "$*" >> {records}/runs
while :; do /bin/sleep 0.05; done
"""
"""Ends when it is interrupted, and first writes what it has begun."""

ENDLESS_SLEEP = """#!/bin/sh
echo "$*" >> {records}/pauses
exec /bin/sleep 60
"""


@dataclass(frozen=True)
class Machine:
    """Where a schedule's command runs, with stubs of the programs it calls."""

    folder: Path
    argv: list[str]
    """The command as its scheduler starts it."""
    path: str
    """Where its scheduler looks for programs."""

    def stub(self, name: str, text: str) -> None:
        program = self.folder / "bin" / name
        program.write_text(text.format(records=shlex.quote(str(self.folder))))
        program.chmod(0o755)

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.argv,
            cwd=self.folder,
            env={"PATH": f"{self.folder}/bin:{self.path}"},
            stderr=subprocess.PIPE,
            text=True,
        )

    def ends(self, *codes: int) -> int:
        """The job's own exit code, when sesreport's runs end with ``codes``."""
        self.stub("sesreport", SESREPORT)
        self.stub("sleep", SLEEP)
        (self.folder / "codes").write_text("".join(f"{code}\n" for code in codes))
        job = self.start()
        _, said = job.communicate(timeout=20)
        assert said == ""
        return job.returncode

    def noted(self, what: str) -> list[str]:
        found = self.folder / what
        return found.read_text().splitlines() if found.exists() else []

    @property
    def runs(self) -> list[str]:
        return self.noted("runs")

    @property
    def pauses(self) -> list[int]:
        """Seconds between tries."""
        return [seconds for seconds in map(int, self.noted("pauses")) if seconds]


def cron(folder: Path) -> Machine:
    text = (FOLDER / "sesreport.cron").read_text()
    variables = dict(re.findall(r"^([A-Z]+)=(.*)$", text, re.MULTILINE))
    command = text.splitlines()[-1].split(None, 6)[6]
    command = command.replace("/opt/sesreport/bin", f"{folder}/bin").replace("/srv/sesreport", str(folder))
    return Machine(folder, [variables["SHELL"], "-c", command], variables["PATH"])


def github(folder: Path) -> Machine:
    (job,) = yaml.safe_load((FOLDER / "github-actions.yml").read_text())["jobs"].values()
    (step,) = [step["run"] for step in job["steps"] if "sesreport run" in step.get("run", "")]
    script = folder / "step.sh"
    script.write_text(step)
    return Machine(folder, ["bash", "-e", str(script)], "/usr/bin:/bin")  # as the runner does where no shell is named


def fargate(folder: Path) -> Machine:
    template = yaml.load((FOLDER / "fargate-schedule.yaml").read_text(), CloudFormation)
    (container,) = template["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    return Machine(folder, container["EntryPoint"] + container["Command"], "/usr/bin:/bin")


@pytest.fixture(
    params=[
        pytest.param(cron, marks=pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not installed")),
        pytest.param(github, marks=pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")),
        fargate,
    ],
    ids=lambda make: make.__name__,
)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    found: Machine = request.param(tmp_path)
    return found


@pytest.mark.parametrize(
    "codes",
    [(0,), (4, 0), (5, 0), (4, 4, 0), (4, 5, 0), (5, 5, 5), (4, 4, 4), (4, 2), (5, 4, 1), (4, 130)],
    ids=lambda codes: ",".join(map(str, codes)),
)
def test_what_may_go_away_is_tried_three_times_half_an_hour_apart(machine: Machine, codes: tuple[int, ...]) -> None:
    assert machine.ends(*codes, 0) == codes[-1]
    assert len(machine.runs) == len(codes)
    assert machine.pauses == [HALF_AN_HOUR] * (len(codes) - 1)


@pytest.mark.parametrize("code", [1, 2, 3, 6, 45, 75, 126, 130, 137])
def test_what_stays_is_not_tried_again(machine: Machine, code: int) -> None:
    assert machine.ends(code, 0, 0) == code
    assert (len(machine.runs), machine.pauses) == (1, [])


def test_every_try_makes_the_month_and_goes_on_with_what_was_read(machine: Machine) -> None:
    machine.ends(4, 4, 4)
    assert len(set(machine.runs)) == 1
    assert monthly(["sesreport", *shlex.split(machine.runs[0])])


@pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not installed")
def test_cron_runs_nothing_and_waits_for_nothing_while_another_run_is_at_work(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    machine = cron(tmp_path)
    with (tmp_path / ".run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert machine.ends(0) == 75
    assert (machine.runs, machine.pauses) == ([], [])
    assert machine.ends(0) == 0


@pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not installed")
def test_cron_lets_nobody_in_between_two_tries(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    machine = cron(tmp_path)
    held = 'flock -n -E 75 {records}/.run.lock true; echo "$?" >> {records}/pauses\n'
    machine.stub("sesreport", SESREPORT)
    machine.stub("sleep", f"#!/bin/sh\n{held}")
    (tmp_path / "codes").write_text("4\n0\n")
    job = machine.start()
    job.communicate(timeout=20)
    assert job.returncode == 0
    assert machine.noted("pauses") == ["75"]


@pytest.mark.parametrize("while_it", ["runs", "pauses"])
def test_a_stopped_fargate_task_ends_sesreport_and_tries_no_more(tmp_path: Path, while_it: str) -> None:
    (tmp_path / "bin").mkdir()
    machine = fargate(tmp_path)
    (tmp_path / "codes").write_text("4\n")
    machine.stub("sesreport", ENDLESS_SESREPORT if while_it == "runs" else SESREPORT)
    machine.stub("sleep", ENDLESS_SLEEP)
    job = machine.start()
    until = time.monotonic() + 20
    while not machine.noted(while_it):
        assert time.monotonic() < until
        time.sleep(0.02)
    job.terminate()
    assert job.wait(timeout=20) == 130
    assert machine.noted("written") == (["whole"] if while_it == "runs" else [])
    job.communicate(timeout=20)  # waits for whatever was started to end
    assert len(machine.runs) == 1
