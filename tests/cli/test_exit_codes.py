"""What ends a command: one line on standard error, and the exit code a scheduler can rely on."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import pandas as pd
import pytest
from tests_shared import ended_with

from sesreport.cli import main as cli
from sesreport.cli.exit_codes import has_gaps
from sesreport.cli.lines import line
from sesreport.collect import run as collection
from sesreport.core.errors import (
    CollectError,
    ConfigError,
    CredentialsError,
    NotebookError,
    SchemaError,
    SesReportError,
    SnapshotError,
    WriteError,
)
from sesreport.snapshot import store


def ended(
    raised: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    """Exit code and standard error of a command that raises."""

    def fail(**_: object) -> int:
        raise raised

    monkeypatch.setattr(cli.cli, "main", fail)
    monkeypatch.setattr(sys, "argv", ["sesreport", "report", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert isinstance(end.value.code, int)
    return end.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SesReportError("no"), 4),
        (ConfigError("no"), 2),
        (CredentialsError("no"), 2),
        (CollectError("no"), 4),
        (SnapshotError("no"), 4),
        (SchemaError("no"), 4),
        (NotebookError("no"), 4),
        (WriteError("no"), 4),
        (KeyboardInterrupt(), 130),
        (click.exceptions.Abort(), 130),
        (OSError(28, "No space left on device", "out"), 4),
        (ZeroDivisionError("division by zero"), 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_every_end_is_one_line_and_never_the_code_of_open_findings(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found, said = ended(error, monkeypatch, capsys)
    assert found == code
    assert said.startswith("sesreport: ")
    assert said.count("\n") == 1


def test_debug_shows_the_traceback_and_ends_alike(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found, said = ended(ConfigError("what, where"), monkeypatch, capsys, "--debug")
    assert found == 2
    assert "Traceback" in said
    assert said.endswith("sesreport: what, where\n")


def test_a_message_of_many_lines_is_told_in_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(ConfigError("one\ntwo"), monkeypatch, capsys)[1] == "sesreport: one two\n"


def test_a_line_is_one_line_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    line(Path("out/a\n\x1b[2Jb\u202e"))
    assert capsys.readouterr().out == "out/a⟨U+000A⟩⟨U+001B⟩[2Jb⟨U+202E⟩\n"


def test_a_name_that_the_terminal_cannot_show_ends_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    monkeypatch.setattr(cli.cli, "main", lambda **_: line("株 ⟨U+202E⟩"))
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    assert written.getvalue() == b"\\u682a \\u27e8U+202E\\u27e9\n"


@pytest.mark.parametrize(
    ("dataset", "status", "gap"),
    [
        ("everything", "region_disabled", False),
        ("policies", "region_disabled", True),
        ("everything", "not_offered", True),
        ("policies", "ok", False),
        ("costs", "skipped", False),
        ("everything", "skipped", True),
        ("costs", "denied", True),
    ],
)
def test_a_region_that_is_not_enabled_and_a_dataset_left_out_are_no_gaps(dataset: str, status: str, gap: bool) -> None:
    coverage = pd.DataFrame({"dataset": [dataset], "status": [status]})
    assert has_gaps(SimpleNamespace(coverage=coverage)) is gap  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [[], ["--strict"]])
@pytest.mark.parametrize(("unread", "code"), [((), 0), (("identities",), 3), (("identities", "policies"), 3)])
def test_a_collection_that_read_no_place_is_incomplete(
    options: list[str], unread: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = [
        ("210000000001", "global", "regions", "ok"),
        ("210000000001", "global", "costs", "skipped"),
        ("210000000001", "eu-west-1", "sending", "ok"),
        *(
            ("210000000001", "eu-west-1", name, "denied" if name in unread else "ok")
            for name in ("identities", "policies")
        ),
    ]
    coverage = pd.DataFrame(rows, columns=["account_id", "region", "dataset", "status"]).assign(rows=1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(collection, "collect", lambda *_, **__: tmp_path)
    monkeypatch.setattr(store, "load", lambda _: SimpleNamespace(coverage=coverage))
    assert cli.cli.main(["collect", *options], standalone_mode=False) == code


Collecting = Callable[..., tuple[int | str | None, str]]


@pytest.fixture
def collecting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Collecting:
    """Exit code and standard error of ``sesreport collect`` with these variables and no others of the SDK."""

    def ended(**variables: str) -> tuple[int | str | None, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sesreport.aws.sign_in.PAUSE", 0.01)
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            **variables,
        }.items():
            monkeypatch.setenv(name, value)
        code = ended_with(monkeypatch, "collect")
        return code, capsys.readouterr().err

    return ended


def test_without_credentials_the_line_says_how_to_get_some(collecting: Collecting, tmp_path: Path) -> None:
    code, said = collecting()
    assert code == 2
    assert said.startswith("sesreport: no AWS credentials: ")
    assert "aws sso login" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_endpoint_that_is_down_is_not_blamed_on_the_credentials(collecting: Collecting) -> None:
    code, said = collecting(
        AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="secret"
    )
    assert code == 4
    assert said.startswith("sesreport: AWS cannot be reached: ")
    assert "http://127.0.0.1:9" in said
    assert said.count("\n") == 1
