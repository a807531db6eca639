"""The folder that `sesreport templates --watch` writes: it runs alone, and nothing of the user's is replaced by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sesreport.cli.main import main
from sesreport.core.errors import ConfigError, WriteError
from sesreport.findings.examples import Example, allow
from sesreport.governance import watch_folder
from sesreport.governance.monitor.known import whom_we_know
from sesreport.governance.monitor.packed import PACKED, PackedError, read_packed
from sesreport.governance.monitor.settings import MonitorSettings
from sesreport.governance.watch_folder import HASHES, ZIP, packed_settings, write_watch
from sesreport.settings.config import Config
from tests.governance.monitor import test_package as package
from tests.governance.monitor.cloudtrail import (
    CONTEXT,
    IDENTITY,
    MEMBER,
    OUTSIDER,
    OWN,
    VENDOR,
    Account,
    event,
    policy,
    put,
)
from tests.governance.monitor.cloudtrail import allow as allows
from tests.governance.monitor.test_config_rule import Config as ConfigService
from tests.governance.monitor.test_config_rule import config, invocation  # noqa: F401 (a fixture)

REGISTER = f"account_id,name,identities,from_patterns,expires_at\n{VENDOR},Mailwise,{IDENTITY},news@{IDENTITY},\n"
CREATED = event(
    "CreateEmailIdentityPolicy", {"emailIdentity": IDENTITY, "policyName": "agency", "policy": policy(allows())}
)
SENT = event("SendEmail", {"destination": "HIDDEN_DUE_TO_SECURITY_REASONS"}, managementEvent=False, readOnly=True)


def settings(folder: Path, **more: Any) -> Config:
    (folder / "register.csv").write_text(REGISTER)
    return Config.model_validate(
        {
            "paths": {"register": str(folder / "register.csv"), "snapshots": str(folder / "snapshots")},
            "organization": {"id": "o-a1b2c3d4e5", "accounts": [OWN, MEMBER]},
            **more,
        }
    )


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(code: Path, folder: Path, module: str, record: dict[str, Any]) -> dict[str, Any]:
    """A handler in a Python that has the code and what Lambda brings, and no other package."""
    runtime = folder / "runtime"
    if not runtime.exists():
        package.packed(runtime, *package.RUNTIME)
    start = f"import sys; sys.path += [{str(code)!r}, {str(runtime)!r}]\n{package.RUN}"
    arguments = [f"sesreport.governance.monitor.{module}", json.dumps(record), CONTEXT.invoked_function_arn]
    command = [sys.executable, "-I", "-S", "-B", "-c", start, *arguments]
    ended = subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    loaded = {name for name in answer["loaded"] if not name.startswith("_")}
    assert loaded <= {"sesreport", *package.RUNTIME}
    return dict(answer["result"])


@pytest.mark.parametrize("unzipped", [False, True])
def test_the_watch_runs_from_the_folder_alone_and_offers_the_fix(
    account: Account, tmp_path: Path, unzipped: bool
) -> None:
    folder = tmp_path / "watch"
    write_watch(settings(tmp_path), folder)
    if unzipped:
        with zipfile.ZipFile(folder / ZIP) as archive:
            archive.extractall(tmp_path / "task")
        folder = tmp_path / "task"
    account.identity(agency=policy(allows()))
    assert run(folder, tmp_path, "watch", CREATED)["reach"] == "public"
    (heard,) = account.heard()
    assert "Fix: the narrowest policy" in heard["Message"] and f"news@{IDENTITY}" in heard["Message"]
    assert "o-a1b2c3d4e5" in heard["Message"] and "To be known" not in heard["Message"]
    approved = put(policy(allows(VENDOR)))
    assert run(folder, tmp_path, "watch", approved)["reach"] == "vendor"
    assert run(folder, tmp_path, "watch", SENT)["outcome"] == "not watched"


def test_the_rule_runs_from_the_folder_alone(
    account: Account,
    config: ConfigService,  # noqa: F811 (a fixture)
    tmp_path: Path,
) -> None:
    write_watch(settings(tmp_path), tmp_path / "watch")
    account.identity(agency=policy(allows(OUTSIDER)))
    account.identity("news.example.com")
    result = run(tmp_path / "watch", tmp_path, "config_rule", invocation())
    assert result == {"COMPLIANT": 1, "NON_COMPLIANT": 1, "NOT_APPLICABLE": 0}
    assert "Fix: delete policy agency" in config.said()[IDENTITY][1]


def test_a_register_elsewhere_asks_for_a_library_and_approves_nobody_without_it(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_watch(settings(tmp_path), tmp_path / "watch")
    monkeypatch.setenv("SESREPORT_WATCH_REGISTER", str(tmp_path / "register.csv"))
    account.identity(agency=policy(allows(VENDOR)))
    assert run(tmp_path / "watch", tmp_path, "watch", put(policy(allows(VENDOR))))["reach"] == "external"
    message = account.heard()[0]["Message"]
    assert "the register cannot be used (No module named 'pydantic')" in message
    assert "Fix: none is offered." in message


def test_the_same_facts_make_the_same_bytes(tmp_path: Path) -> None:
    write_watch(settings(tmp_path), tmp_path / "a")
    write_watch(settings(tmp_path), tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_what_is_packed_is_read_again_as_it_was(tmp_path: Path) -> None:
    packed = write_watch(settings(tmp_path), tmp_path / "watch")
    assert read_packed(tmp_path / "watch" / PACKED) == packed
    assert packed.organization.accounts == {OWN, MEMBER}


def test_the_snapshot_names_the_organization_and_who_may_not_send(tmp_path: Path) -> None:
    example = Example({"p": allow("*")})
    analysis = example.analysis(tmp_path / "snapshots")
    packed = packed_settings(settings(tmp_path, organization={}))
    assert packed.snapshot == analysis.snapshot.id
    assert packed.organization.id == analysis.organization_id
    ours = set(analysis.accounts.loc[analysis.accounts["in_organization"], "account_id"])
    assert packed.organization.accounts == ours and OWN not in ours
    prod = set(analysis.accounts.loc[analysis.accounts["environment"].eq("prod").fillna(value=False), "account_id"])
    assert packed.members.production == prod


def test_without_a_register_none_is_packed_and_one_that_is_named_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert packed_settings(Config()).approvals is None
    named = settings(tmp_path)
    (tmp_path / "register.csv").unlink()
    with pytest.raises(ConfigError, match="there is no such register"):
        packed_settings(named)


def test_a_bad_register_is_not_packed(tmp_path: Path) -> None:
    bad = settings(tmp_path)
    (tmp_path / "register.csv").write_text("account_id,name\n42,Mailwise\n")
    with pytest.raises(ConfigError, match="row 2: account_id"):
        write_watch(bad, tmp_path / "watch")
    assert not (tmp_path / "watch").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(ConfigError, match="was not made by this command"):
            write_watch(settings(tmp_path), mine, force=force)
    assert content(mine) == {"notes.txt": b"mine"}


@pytest.mark.parametrize("name", ["policy-watch.yaml", "notes.txt", "sesreport/mine.py"])
def test_what_was_changed_or_added_is_not_lost_unless_that_is_wished(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "watch"
    write_watch(settings(tmp_path), folder)
    made = content(folder)
    (folder / name).write_text("mine")
    with pytest.raises(ConfigError, match="was changed or added"):
        write_watch(settings(tmp_path), folder)
    assert (folder / name).read_text() == "mine"
    write_watch(settings(tmp_path), folder, force=True)
    assert content(folder) == made


def test_a_folder_that_was_run_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "watch"
    write_watch(settings(tmp_path), folder)
    (folder / "sesreport" / "__pycache__").mkdir()
    (folder / "sesreport" / "__pycache__" / "x.pyc").write_bytes(b"")
    write_watch(settings(tmp_path), folder)
    assert "sesreport/__pycache__/x.pyc" not in content(folder)


def test_a_write_that_fails_leaves_the_earlier_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "watch"
    write_watch(settings(tmp_path), folder)
    made = content(folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(watch_folder.Path, "write_bytes", full)
    with pytest.raises(WriteError, match="No space left"):
        write_watch(settings(tmp_path), folder)
    assert content(folder) == made


def test_spoiled_settings_approve_nobody_and_offer_nothing(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_watch(settings(tmp_path), tmp_path / "watch")
    path = tmp_path / "watch" / PACKED
    path.write_text(path.read_text().replace('"key"', '"kee"'))
    with pytest.raises(PackedError, match="pack the functions again"):
        read_packed(path)
    monkeypatch.setattr("sesreport.governance.monitor.known.beside_the_code", lambda: path)
    known = whom_we_know(MonitorSettings(), today=date(2026, 11, 24))
    assert known.register_unusable and known.entries == ()
    assert any("what was packed cannot be used" in note for note in known.notes)


def test_the_variables_come_before_what_was_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_watch(settings(tmp_path), tmp_path / "watch")
    monkeypatch.setattr("sesreport.governance.monitor.known.beside_the_code", lambda: tmp_path / "watch" / PACKED)
    known = whom_we_know(MonitorSettings(organization_id="o-zzzzzzzzzz", accounts=OUTSIDER), today=date(2026, 11, 24))
    assert known.organization.id == "o-zzzzzzzzzz" and known.organization.accounts == {OUTSIDER}
    assert known.approved(IDENTITY) == {VENDOR: "Mailwise"}


def test_no_template_for_aws_is_forgotten(tmp_path: Path) -> None:
    write_watch(settings(tmp_path), tmp_path / "watch")
    said = (tmp_path / "watch" / "README.md").read_text()
    top = {name.partition("/")[0] for name in content(tmp_path / "watch")} - {"README.md", "sesreport"}
    assert {HASHES, ZIP, PACKED} < top and [name for name in top if f"`{name}`" not in said] == []


def test_the_command_says_whom_the_functions_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    settings(tmp_path)
    (tmp_path / "sesreport.toml").write_text(
        f'[organization]\nid = "o-a1b2c3d4e5"\naccounts = ["{OWN}"]\n[paths]\nregister = "register.csv"\n'
    )
    monkeypatch.setattr(sys, "argv", ["sesreport", "templates", "--watch", "watch"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    told = capsys.readouterr().out
    assert "watch: both functions, which know o-a1b2c3d4e5, 1 accounts, 1 approvals" in told
