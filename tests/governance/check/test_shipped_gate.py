"""The shipped workflow, job and hook: they can be read, and their commands run as they are against a plan."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from governance.check.plan_files import OPEN, OWN, OWN_ONLY, REGION, change, plan, written

import sesreport as ses
from sesreport.cli.main import main

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "templates" / "gate"


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(FOLDER / "github-actions.yml")["jobs"]["check"]["steps"]
    return found


def commands(name: str) -> list[str]:
    """The lines that a file runs."""
    if name == "github":
        return [step["run"] for step in steps() if "run" in step]
    job = read(FOLDER / "gitlab-ci.yml")["sesreport"]
    return [*job["before_script"], *job["script"], *job["after_script"]]


def ended(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Runs ``sesreport …`` of a line, with its variables filled in."""
    filled = line.replace("${AWS_ACCOUNT_ID}", OWN).replace("${AWS_REGION}", REGION)
    words = shlex.split(re.sub(r"\s(>|\|\|).*", "", filled))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


@pytest.mark.parametrize("name", ["github", "gitlab"])
@pytest.mark.parametrize(("text", "code"), [(OPEN, 1), (OWN_ONLY, 0)])
def test_the_commands_run_as_they_are(
    name: str, text: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [line for line in commands(name) if line.startswith("sesreport ")]
    assert len(made) == 2
    written(tmp_path, plan(change(text)))
    assert [ended(line, tmp_path, monkeypatch) for line in made] == [code, code]


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_the_plan_that_is_judged_is_the_one_that_is_made(name: str) -> None:
    made = commands(name)
    order = [
        next(number for number, line in enumerate(made) if start in line)
        for start in (
            "terraform init",
            "terraform plan",
            "terraform show -json plan.out > plan.json",
            "sesreport check plan.json",
        )
    ]
    assert order == sorted(order)


def test_the_workflow_shows_its_findings_and_holds_no_secret() -> None:
    text = (FOLDER / "github-actions.yml").read_text(encoding="utf-8")
    assert "secrets." not in text and "pull_request_target" not in text
    (upload,) = [step for step in steps() if "upload-sarif" in step.get("uses", "")]
    judged = next(step["run"] for step in steps() if "--format sarif" in step.get("run", ""))
    assert judged.endswith(f"> {upload['with']['sarif_file']}") and upload["if"].startswith("always()")
    wrapper = next(step["with"] for step in steps() if "setup-terraform" in step.get("uses", ""))
    assert wrapper["terraform_wrapper"] == "false"


def test_plans_are_no_artifacts() -> None:
    assert read(FOLDER / "gitlab-ci.yml")["sesreport"]["artifacts"]["paths"] == ["sesreport.sarif"]


@pytest.mark.parametrize(
    ("path", "judged"),
    [
        ("mail/identity-policy.json", True),
        ("ses-policies.json", True),
        ("cdk.out/Mail.template.json", True),
        ("plan.json", True),
        ("package.json", False),
        ("iam-policy.json", False),
    ],
)
def test_the_hook_takes_the_files_it_is_for(path: str, judged: bool) -> None:
    (hook,) = read(ROOT / ".pre-commit-hooks.yaml")
    assert bool(re.search(hook["files"], path)) is judged


def test_the_hook_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pre-commit runs it: the entry, its arguments, then the names of files."""
    (hook,) = read(ROOT / ".pre-commit-hooks.yaml")
    assert hook["language"] == "python" and hook["id"] == "sesreport-check"
    written(tmp_path, OPEN, "identity-policy.json")
    assert ended(f"{hook['entry']} identity-policy.json", tmp_path, monkeypatch) == 1
    (repo,) = read(FOLDER / "pre-commit-config.yaml")["repos"]
    assert [each["id"] for each in repo["hooks"]] == [hook["id"]]


def test_they_are_copied_out_with_the_other_templates(tmp_path: Path) -> None:
    names = {one.path.relative_to(tmp_path).as_posix() for one in ses.templates(to=tmp_path)}
    assert {f"gate/{path.name}" for path in FOLDER.iterdir()} <= names
