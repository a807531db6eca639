"""The image and the stack that runs it: as far as they can be looked at without Docker and AWS."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from schedule_files import FOLDER, ROOT, CloudFormation, monthly

from sesreport.collect.permissions import caller_policy
from sesreport.settings.config import Config

TEMPLATE = FOLDER / "fargate-schedule.yaml"


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (FOLDER / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def copied() -> list[str]:
    """What the image takes from the checkout."""
    found = [value.split() for name, value in instructions() if name == "COPY" and not value.startswith("--from")]
    return [source for *sources, _ in found for source in sources]


def test_the_image_runs_the_month_without_a_shell_and_not_as_root() -> None:
    last = dict(instructions())  # the last of each kind is the one that counts
    assert monthly(json.loads(last["ENTRYPOINT"]) + json.loads(last["CMD"]))
    user, _, group = last["USER"].partition(":")
    assert int(user) >= 1000 and int(group) >= 1000
    assert f"--uid {user} " in " ".join(value for name, value in instructions() if name == "RUN")


def test_the_image_installs_hashed_wheels_and_has_no_compiler() -> None:
    runs = [value for name, value in instructions() if name == "RUN"]
    (locked,) = [run for run in runs if "-r requirements/run.lock" in run]
    assert "--require-hashes" in locked
    assert "--only-binary :all:" in locked
    assert not re.search(r"apt|gcc|build-essential|curl|wget", " ".join(runs))
    assert all("--no-deps --no-build-isolation" in run for run in runs if run.endswith(" ."))


def test_docker_is_sent_what_the_image_takes_and_no_more() -> None:
    lines = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert lines[1] == "**"
    assert [line[1:] for line in lines if line.startswith("!")] == copied()
    for source in copied():
        assert (ROOT / source).exists()


def test_what_the_image_takes_is_enough_to_build_the_package(tmp_path: Path) -> None:
    for source in copied():
        target = tmp_path / "src" / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, target)
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        cwd=tmp_path / "src", capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "dist").iterdir()
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    names = zipfile.ZipFile(wheel).namelist()
    for inside in shipped["force-include"].values():
        assert [name for name in names if name.startswith(f"{inside}/")]


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(), CloudFormation)
    return found


def properties(template: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def statements(template: dict[str, Any]) -> list[dict[str, Any]]:
    """Every identity policy's statements."""
    found = []
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"]["Policies"]:
                found += policy["PolicyDocument"]["Statement"]
        elif resource["Type"] == "AWS::IAM::RolePolicy":
            found += resource["Properties"]["PolicyDocument"]["Statement"]
    return found


def actions(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return action if isinstance(action, list) else [action]


def test_cfn_lint_finds_nothing() -> None:
    lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([str(lint), str(TEMPLATE)], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_task_makes_the_month_from_the_image_s_settings(template: dict[str, Any]) -> None:
    (container,) = properties(template, "TaskDefinition")["ContainerDefinitions"]
    assert monthly(["sesreport", *container["Command"]])
    assert container["User"] == dict(instructions())["USER"]
    (mount,) = container["MountPoints"]
    assert mount["ContainerPath"] == dict(instructions())["WORKDIR"]


def test_the_task_role_reads_what_collection_reads_and_no_more(template: dict[str, Any]) -> None:
    found = {
        s["Sid"]: s for p in properties(template, "TaskRole")["Policies"] for s in p["PolicyDocument"]["Statement"]
    }
    for wanted in caller_policy(Config())["Statement"]:
        assert actions(found[wanted["Sid"]]) == wanted["Action"]
    assert found.keys() == {"ReadOrganization", "ReadSes", "EnterAccounts"}
    assert found["EnterAccounts"]["Condition"] == {"StringEquals": {"aws:ResourceOrgID": {"Ref": "OrganizationId"}}}


def test_no_role_may_do_everything_anywhere(template: dict[str, Any]) -> None:
    everywhere = {a for s in statements(template) if s["Resource"] == "*" for a in actions(s)}
    reads = {a for s in caller_policy(Config())["Statement"] for a in s["Action"]}
    assert everywhere - reads == {"ecr:GetAuthorizationToken"}
    assert [a for s in statements(template) for a in actions(s) if "*" in a] == []


def test_nothing_but_delivery_s_own_role_may_send(template: dict[str, Any]) -> None:
    assert [a for s in statements(template) for a in actions(s) if a.startswith("ses:Send")] == []
    assert template["Resources"]["TaskDelivery"]["Condition"] == "HasDelivery"


def test_the_bucket_is_optional_encrypted_versioned_and_private(template: dict[str, Any]) -> None:
    bucket = template["Resources"]["PackBucket"]
    assert bucket["Condition"] == "HasBucket"
    assert bucket["DeletionPolicy"] == "Retain"
    (rule,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}


def test_the_schedule_is_the_1st_in_utc(template: dict[str, Any]) -> None:
    schedule = properties(template, "MonthlySchedule")
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    fields = re.fullmatch(r"cron\((.*)\)", template["Parameters"]["Schedule"]["Default"])
    assert fields is not None
    assert fields[1].split()[2:] == ["1", "*", "?", "*"]
