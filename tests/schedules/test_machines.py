"""cron and systemd: the command is ours, and the time is after the month's end in UTC."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import click
import pytest
from schedule_files import FOLDER, monthly, parsed

from sesreport.core.period import Period

RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(FOLDER / name)
    return parser


def cron_line() -> tuple[dict[str, str], str, str]:
    """Time fields, user and command of the only job."""
    lines = (FOLDER / "sesreport.cron").read_text().splitlines()
    (job,) = [line for line in lines if line and not re.match(r"#|[A-Z]+=", line)]
    *fields, user, command = job.split(None, 6)
    return dict(zip(RANGES, fields, strict=True)), user, command


def test_an_option_that_is_not_ours_is_noticed() -> None:
    with pytest.raises(click.NoSuchOption):
        parsed("/opt/bin/sesreport run --month last-month")


def test_cron_runs_the_month_once_a_month_and_never_twice_at_a_time() -> None:
    fields, user, command = cron_line()
    for name, value in fields.items():
        low, high = RANGES[name]
        assert value == "*" or low <= int(value) <= high
    assert (fields["day"], fields["month"], fields["weekday"]) == ("1", "*", "*")
    assert user == "sesreport"
    assert "%" not in command  # cron takes it for the end of a line
    start = re.fullmatch(r"cd \S+ && flock -n -E 75 \S+ sh -c '([^']*)'", command)  # the whole loop holds the lock
    assert start is not None
    (run,) = re.findall(r"/\S+/sesreport [^;]*", start[1])
    assert monthly(run)
    assert len(command) < 998  # what Debian's cron takes


def test_cron_s_local_time_is_after_the_month_in_every_time_zone() -> None:
    fields, _, _ = cron_line()
    for name in available_timezones():
        for month in range(1, 13):
            local = datetime(2027, month, 1, int(fields["hour"]), int(fields["minute"]), tzinfo=ZoneInfo(name))
            today = local.astimezone(UTC).date()
            assert Period.parse("last-month", today=today) == Period(2027, month).shift(-1), name


def test_systemd_runs_the_month_at_a_time_in_utc() -> None:
    service, timer = unit("sesreport.service"), unit("sesreport.timer")
    assert monthly(service["Service"]["ExecStart"])
    assert service["Service"]["Type"] == "oneshot"
    assert re.fullmatch(r"\*-\*-01 0[1-9]:[0-5][1-9]:00 UTC", timer["Timer"]["OnCalendar"])
    assert timer["Timer"]["Persistent"] == "true"


def test_systemd_tries_again_what_may_go_away_and_nothing_else() -> None:
    found = unit("sesreport.service")
    service = found["Service"]
    assert service["SuccessExitStatus"].split() == ["1", "3"]
    assert service["RestartPreventExitStatus"].split() == ["2", "130"]
    assert (service["Restart"], service["RestartSec"]) == ("on-failure", "30min")
    assert (found["Unit"]["StartLimitBurst"], found["Unit"]["StartLimitIntervalSec"]) == ("3", "1d")
    assert service["TimeoutStartSec"] == "6h"  # three times that, and two pauses, are less than the day of the limit
    assert service["User"] not in ("root", "0")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_knows_every_line_of_the_units(tmp_path: Path) -> None:
    for name in ("sesreport.service", "sesreport.timer"):
        text = (FOLDER / name).read_text()
        (tmp_path / name).write_text(text.replace("/opt/sesreport/bin/sesreport", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", *sorted(map(str, tmp_path.iterdir()))], capture_output=True, text=True, timeout=60
    )
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_reads_the_calendar_as_the_1st() -> None:
    calendar = unit("sesreport.timer")["Timer"]["OnCalendar"]
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--base-time", "2026-11-24 00:00:00 UTC", calendar],
        capture_output=True, text=True, timeout=60, env={"TZ": "UTC", "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    )  # fmt: skip
    assert "Next elapse: Tue 2026-12-01 06:17:00 UTC" in done.stdout, done.stderr


def test_every_command_the_guide_names_is_one() -> None:
    text = (FOLDER / "README.md").read_text()
    commands = re.findall(r"`(sesreport [^`\n]+)`", text)
    assert len(commands) > 5
    for command in commands:
        parsed(command)


def test_the_guide_tells_of_every_file() -> None:
    text = (FOLDER / "README.md").read_text()
    files = {path.name for path in FOLDER.iterdir()} - {"README.md", "Dockerfile.dockerignore"}
    assert [name for name in files if f"`{name}`" not in text] == []
