"""Whole organizations over HTTP: the demonstration's endpoint, and one that others started and filled."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pandas as pd
import pytest
import yaml
from botocore import xform_name
from tests_shared import ended_with

from sesreport.analysis.basis import place_basis
from sesreport.cli.doctor import doctor
from sesreport.cli.main import STOPPED
from sesreport.collect.lane import Lane
from sesreport.collect.operation import Operation
from sesreport.collect.permissions import caller_policy, member_policy
from sesreport.collect.run import collect
from sesreport.core.errors import ConfigError, CredentialsError
from sesreport.core.resources import shipped
from sesreport.demo import reference_day
from sesreport.demo.snapshot import demo_clock, demo_config
from sesreport.settings.config import Config
from sesreport.snapshot.store import Snapshot, load, snapshots

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
MANY = 121
FILL = f"""
import boto3, json
ses = boto3.client("sesv2", region_name="eu-west-1")
for number in range({MANY}):
    ses.create_email_identity(EmailIdentity=f"d{{number}}.example.com")
ses.create_email_identity_policy(EmailIdentity="d120.example.com", PolicyName="open", Policy=json.dumps(
    {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": "*", "Action": "ses:SendEmail",
     "Resource": "arn:aws:ses:eu-west-1:123456789012:identity/d120.example.com"}}]}}))
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A plain moto server in a process of its own."""
    port = free_port()
    code = f"from moto.server import main; main(['-p', '{port}'])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        url = f"http://127.0.0.1:{port}"
        for name, value in {
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield url
        server.terminate()


def test_more_than_two_pages_of_identities_of_an_endpoint_we_did_not_start(
    moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesreport.collect.datasets.identities.PAGE", 50)
    subprocess.run([sys.executable, "-c", FILL], check=True, timeout=120)
    config = Config.model_validate(
        {
            "organization": {"regions": ["eu-west-1"]},
            "collect": {"pace": 0, "max_attempts": 1},
            "paths": {"snapshots": str(tmp_path)},
        }
    )
    snapshot = load(collect(config, clock=lambda: NOW, single_account=True))
    assert set(snapshot.identities["identity"]) == {f"d{number}.example.com" for number in range(MANY)}
    assert snapshot.policies["identity"].tolist() == ["d120.example.com"]
    missing = snapshot.coverage[~snapshot.coverage["status"].isin(["ok", "skipped"])]
    assert {"sending_accounts", "dedicated_ips", "recommendations", "changes"} <= set(missing["dataset"])
    assert missing["reason"].notna().all()


def test_every_account_and_region_of_the_demonstration_has_a_row(demo: Snapshot) -> None:
    coverage = demo.coverage
    assert coverage.loc[coverage["status"] != "ok", "reason"].notna().all()
    assert set(coverage["account_id"]) == set(demo.accounts["account_id"])
    assert place_basis(coverage, ("identities", "policies")).read == 100
    assert place_basis(coverage, ("identities", "policies")).expected == 105


def test_the_demonstration_s_budget_on_ses_is_read(demo: Snapshot) -> None:
    (row,) = demo.budgets.to_dict("records")
    assert (row["account_id"], row["budget_name"], row["amount"], row["currency"]) == (
        "210000000001", "amazon-ses", 2500, "USD",
    )  # fmt: skip
    month = demo.costs[demo.costs["charge_period_start"] == "2026-11-01"]
    assert float(row["actual_spend"]) == pytest.approx(month["billed_cost"].sum(), abs=0.001)


def test_a_denied_account_a_disabled_region_and_a_suspended_account_are_said(demo: Snapshot) -> None:
    whole = demo.coverage[demo.coverage["dataset"] == "everything"]
    denied = whole[whole["status"] == "denied"]
    assert set(denied["account_id"]) == {"210000000012"}
    assert denied["reason"].str.startswith("AssumeRole: AccessDenied").all()
    assert "me-south-1" in set(whole.loc[whole["status"] == "region_disabled", "region"])
    assert whole.loc[whole["status"] == "skipped", "account_id"].tolist() == ["210000000019"]


def clock() -> datetime:
    return demo_clock(reference_day())


def limited(config: Config, *accounts: str) -> Config:
    chosen = config.organization.model_copy(update={"accounts_include": list(accounts)})
    return config.model_copy(update={"organization": chosen})


def test_the_number_of_workers_does_not_change_a_frame(demo_aws: None, tmp_path: Path) -> None:
    found = []
    for workers in (1, 16):
        config = limited(demo_config(snapshots=tmp_path), "210000000003", "210000000012")
        config = config.model_copy(update={"collect": config.collect.model_copy(update={"workers": workers})})
        found.append(load(collect(config, clock=clock)))
    for name, frame in found[0].frames.items():
        other = getattr(found[1], name)
        if name == "coverage":
            frame, other = frame.drop(columns=["seconds", "retries"]), other.drop(columns=["seconds", "retries"])
        pd.testing.assert_frame_equal(frame, other)


def test_accounts_can_be_left_out_and_are_counted_as_not_read(demo_aws: None, tmp_path: Path) -> None:
    snapshot = load(collect(limited(demo_config(snapshots=tmp_path), "210000000001"), clock=clock))
    assert set(snapshot.identities["account_id"]) == {"210000000001"}
    basis = place_basis(snapshot.coverage, ("identities", "policies"))
    assert (basis.read, basis.expected) == (5, 105)


def test_an_account_left_out_that_there_is_not_is_told(demo_aws: None, tmp_path: Path) -> None:
    config = demo_config(snapshots=tmp_path)
    unknown = config.organization.model_copy(update={"accounts_exclude": ["999999999999"]})
    with pytest.raises(ConfigError, match="999999999999 is not an account of the organization"):
        collect(config.model_copy(update={"organization": unknown}), clock=clock)


def test_the_calls_made_are_exactly_the_permissions_printed(
    demo_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: set[tuple[str, str]] = set()
    call = Lane.call

    def recorded(self: Lane, operation: Operation, /, **parameters: object) -> object:
        made.add((operation.service, operation.name))
        return call(self, operation, **parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(Lane, "call", recorded)
    config = demo_config(snapshots=tmp_path)
    collect(limited(config, "210000000001"), clock=clock)
    actions = {_action(service, operation) for service, operation in made}
    printed = {action for statement in caller_policy(config)["Statement"] for action in statement["Action"]}
    assert printed - {"sts:AssumeRole"} == actions
    assert all(action.split(":")[1].startswith(("Get", "List", "Describe", "Lookup", "View")) for action in actions)


def test_the_caller_may_read_its_own_account_as_well() -> None:
    """It is read with the caller's own credentials, without a role."""
    statements = {statement["Sid"]: statement for statement in caller_policy(Config())["Statement"]}
    assert statements.keys() == {"ReadOrganization", "ReadSes", "EnterAccounts"}
    assert [statements["ReadSes"]] == member_policy()["Statement"]


def _action(service: str, operation: str) -> str:
    client = boto3.client(service, region_name="us-east-1")
    names = {xform_name(name): name for name in client.meta.service_model.operation_names}
    prefix = {"sesv2": "ses"}.get(service, service)
    action = f"{prefix}:{names[operation]}"
    return {"budgets:DescribeBudgets": "budgets:ViewBudget"}.get(action, action)


def test_the_role_template_grants_what_is_printed() -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, suffix, node: str(node.value))
    template = yaml.load((shipped("templates/aws") / "read-role.yaml").read_text(), Loader)
    policy = template["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]
    assert policy["Statement"][0]["Action"] == member_policy()["Statement"][0]["Action"]
    assert template["Parameters"]["RoleName"]["Default"] == Config().organization.role_name


def test_doctor_says_what_is_missing_and_where(demo_aws: None) -> None:
    config = limited(demo_config(), "210000000004", "210000000011", "210000000012")
    checks = {check.what: check for check in doctor(config, clock=clock)}
    assert checks["credentials"].ok
    assert "create the role SesReportReadOnly there" in checks["account 210000000012"].said
    missing = [what for what, check in checks.items() if not check.ok]
    assert "account 210000000012" in missing
    assert any("210000000011" in what and what.endswith("changes") for what in missing)
    assert checks["account 210000000004"].ok


def test_who_may_not_list_accounts_is_told_what_to_use(
    demo_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = boto3.client("sts").assume_role(
        RoleArn="arn:aws:iam::210000000004:role/SesReportReadOnly", RoleSessionName="test"
    )["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", role["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", role["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", role["SessionToken"])
    with pytest.raises(CredentialsError, match=r"may not list the organization's accounts .* --single-account"):
        collect(demo_config(snapshots=tmp_path), clock=clock)
    assert snapshots(tmp_path) == []


def test_an_interrupted_collection_leaves_no_snapshot(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sesreport", "collect", "--demo"]
    # A test run started in the background ignores SIGINT, and so would its children.
    heeding = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, **heeding) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "lanes: 0 of" in line:
                break
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert said.splitlines()[-1] == "sesreport: " + STOPPED
    assert "Traceback" not in said
    assert snapshots(tmp_path / "data" / "demo-snapshots") == []


def test_wrong_profile_names_the_ones_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config").write_text("[profile audit]\nregion = eu-west-1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    assert ended_with(monkeypatch, "collect", "--profile", "audti") == 2
    told = capsys.readouterr()
    assert told.err == "sesreport: no AWS profile 'audti'; the profiles are: audit\n"
    assert told.out == ""
