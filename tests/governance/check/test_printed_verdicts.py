"""The verdicts as text, JSON, SARIF and annotations, and the command that prints them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from governance.check.plan_files import (
    ARN,
    ASKED,
    OPEN,
    OUTSIDE,
    OWN,
    OWN_ONLY,
    REGION,
    TODAY,
    UNKNOWN,
    V2,
    change,
    checked,
    plan,
    policy,
    statement,
    written,
)
from governance.check.sarif_schema import SCHEMA

from sesreport.cli.main import main
from sesreport.core.errors import ConfigError
from sesreport.findings.examples import Example
from sesreport.findings.registry import rules
from sesreport.governance.check import Checked, check
from sesreport.governance.check.output import OUTPUTS, Told
from sesreport.governance.check.terraform_source import TerraformSource
from sesreport.settings.config import Config

LATER = {"email_identity": "example.com", "policy_name": "later"}
MIXED = plan(
    change(OPEN),
    change(OWN_ONLY, address=f'{V2}.own["a.b"]') | {"type": V2},
    change(LATER, unknown=UNKNOWN, address=f"{V2}.later"),
)


def told(file: Checked, *, errors: Any = (), fail_on: str = "high", width: int = 0) -> Told:
    return Told([file], list(errors), fail_on, width)


def sarif(file: Checked, **how: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(OUTPUTS["sarif"](told(file, **how)))
    return content


def results(file: Checked) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sarif(file)["runs"][0]["results"]
    return found


def fingerprints(file: Checked) -> list[str]:
    return sorted(result["partialFingerprints"]["sesreport/v1"] for result in results(file))


@pytest.mark.parametrize("content", [MIXED, plan(), plan(change(OWN_ONLY))])
def test_sarif_is_valid(content: Any, tmp_path: Path) -> None:
    jsonschema.validate(sarif(checked(tmp_path, content)), SCHEMA)


def test_sarif_of_every_rule_has_help(tmp_path: Path) -> None:
    """As far as rules fire on policies at all; those of an example each."""
    run = sarif(checked(tmp_path, MIXED))["runs"][0]
    known = {rule.id: rule for rule in rules().values()}
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["id"] == "SES000" or known[rule["id"]].recommendation in rule["help"]["markdown"]
    assert all(run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])


def test_sarif_names_files_that_were_not_read(tmp_path: Path) -> None:
    run = sarif(checked(tmp_path, MIXED), errors=[ConfigError("x.json: is empty")])["runs"][0]
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert (run["invocations"][0]["executionSuccessful"], notice["message"]["text"]) == (False, "x.json: is empty")


def test_fingerprints_stay_when_lines_move_and_policies_are_added(tmp_path: Path) -> None:
    before = fingerprints(checked(tmp_path, plan(change(OPEN))))
    written(tmp_path, f'\n\n\nresource "{V2}" "p" {{\n}}\n', "main.tf")
    other = change({**LATER, "policy": OUTSIDE}, address=f"{V2}.other")
    after = fingerprints(checked(tmp_path, plan(other, change(OPEN))))
    assert before and set(before) < set(after)


def test_what_cannot_be_decided_has_a_fingerprint_whatever_stands_beside_it(tmp_path: Path) -> None:
    later = change({"policy_name": "later"}, unknown=UNKNOWN, address=f"{V2}.later")
    (alone,) = fingerprints(checked(tmp_path, plan(later)))
    assert alone and alone in fingerprints(checked(tmp_path, plan(later, change(OPEN))))


def test_each_finding_has_a_fingerprint_of_its_own(tmp_path: Path) -> None:
    every = fingerprints(checked(tmp_path, plan(change(OPEN), change(OPEN, address=f"{V2}.q"))))
    assert len(set(every)) == len(every) > 2


def test_the_place_is_the_block_in_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, f'# first\nresource "{V2}" "p" {{\n}}\n', "main.tf")
    (tmp_path / "mod").mkdir()
    written(tmp_path / "mod", f'resource "{V2}" "p" {{\n}}\n', "ünï.tf")
    changes = [change(OPEN), change(OPEN, address=f'module.m["a"].{V2}.p')]
    file = checked(tmp_path, plan(*changes, modules={"m": {"source": "./mod", "module": {}}}))
    places = {(each["artifactLocation"]["uri"], each["region"]["startLine"]) for result in results(file)
              for each in [result["locations"][0]["physicalLocation"]]}  # fmt: skip
    assert places == {("main.tf", 2), ("mod/%C3%BCn%C3%AF.tf", 1)}


def test_without_its_source_the_place_is_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert results(checked(tmp_path, MIXED))[0]["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "plan.json", "uriBaseId": "%SRCROOT%"
    }  # fmt: skip


def test_annotations_are_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    address = f'{V2}.p["%0A::error,x: \n::y"]'
    lines = OUTPUTS["github"](told(checked(tmp_path, plan(change(OPEN) | {"address": address})))).splitlines()
    assert all(
        re.match(r"::(error|warning|notice) file=plan\.json,line=1,title=SES\d{3} [^:,]+::", line) for line in lines
    )
    assert "%250A::error,x: ⟨U+000A⟩::y" in lines[0]


def test_annotations_of_files_that_were_not_read(tmp_path: Path) -> None:
    lines = OUTPUTS["github"](told(checked(tmp_path, plan()), errors=[ConfigError("x: 100% bad")]))
    assert lines == "::error title=File not read::x: 100%25 bad\n"


def test_json_for_programs(tmp_path: Path) -> None:
    content = json.loads(OUTPUTS["json"](told(checked(tmp_path, MIXED))))
    assert {"format": 1, "fail_on": "high", "passed": False, "exit_code": 1}.items() <= content.items()
    first, second, third = content["files"][0]["policies"]
    assert {"address": f"{V2}.p", "action": "create", "identity": "example.com", "identity_arn": ARN,
            "policy_name": "p", "undecidable": False, "not_new": False}.items() <= first.items()  # fmt: skip
    assert {"rule_id", "severity", "title", "evidence", "why", "recommendation", "grantee", "fingerprint"} == {
        *first["findings"][0]
    }
    assert second["findings"] == [] and third["undecidable"]


def test_text_tells_the_worst_first_and_the_result_last(tmp_path: Path) -> None:
    lines = OUTPUTS["text"](told(checked(tmp_path, MIXED))).splitlines()
    heads = [line.split(" ")[0] for line in lines if line.startswith(("CRITICAL", "HIGH", "ok"))]
    assert heads == ["CRITICAL", "HIGH", "ok"]
    assert lines[-1].startswith("not passed (3 policies; findings: 1 critical, ") and "1 undecidable" in lines[-1]
    assert any(line.startswith("    -> Name the accounts") for line in lines)
    assert any(line.startswith("  Proof: Anybody with an AWS account can send") for line in lines)


def test_text_fits_a_terminal_and_stays_whole_in_a_log(tmp_path: Path) -> None:
    file = checked(tmp_path, MIXED)
    narrow, whole = (OUTPUTS["text"](told(file, width=width)) for width in (100, 0))
    assert max(map(len, narrow.splitlines())) <= 100 < max(map(len, whole.splitlines()))
    assert narrow.split() == whole.split()


def test_text_of_strangers_stays_on_its_line(tmp_path: Path) -> None:
    hidden = change(OPEN, address=f"{V2}.p") | {"address": f'{V2}.p["\n::stop-commands::x\x1b[2J"]'}
    lines = OUTPUTS["text"](told(checked(tmp_path, plan(hidden)))).splitlines()
    assert not any(line.startswith("::") or "\x1b" in line for line in lines)


# --- the command ---


def ended(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> int:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["sesreport", "check", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


PLACE = ("--account", OWN, "--region", REGION)


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        (plan(change(OPEN)), (), 1),
        (plan(change(OWN_ONLY)), (), 0),
        (plan(change(OPEN)), ("--fail-on", "critical"), 1),
        (plan(change(OUTSIDE)), ("--fail-on", "critical"), 0),
        (plan(), (), 0),
        ({"hello": 1}, (), 2),
        (plan(change(OPEN)), ("--account", "12"), 2),
        (plan(change(OPEN)), ("--identity", "example.com"), 2),
        (plan(change(OPEN)), ("--against", "nowhere"), 4),
    ],
)
def test_exit_codes(
    content: Any, options: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, content)
    assert ended(monkeypatch, tmp_path, "plan.json", *PLACE, *options) == code


def test_a_bad_file_beside_a_good_one_ends_with_2_and_says_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, plan(change(OPEN)))
    written(tmp_path, "", "empty.json")
    assert ended(monkeypatch, tmp_path, "empty.json", "plan.json", *PLACE, "--format", "sarif") == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["runs"][0]["results"] and err == "Error: empty.json: is empty\n"


def test_a_plan_without_policies_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, plan())
    assert ended(monkeypatch, tmp_path, "plan.json") == 0
    assert "plan.json: Terraform plan, no SES identity policy\n" in capsys.readouterr().out


def test_the_command_compares_with_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = Example(policies={"p": OPEN}).analysis(tmp_path / "live").snapshot.path
    written(tmp_path, plan(change(OPEN)))
    assert ended(monkeypatch, tmp_path, "plan.json", "--against", str(live)) == 0


def test_help_has_an_example(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended(monkeypatch, tmp_path, "--help")
    assert "terraform show -json plan.out | sesreport check -\n" in capsys.readouterr().out


def test_many_statements_of_one_policy_are_one_finding_each(tmp_path: Path) -> None:
    text = json.dumps({"Statement": [statement("*"), statement("*", Action="ses:SendRawEmail")]})
    (file,), _ = check([written(tmp_path, plan(change(text)))], Config(), today=TODAY, asked=ASKED)
    opened = [finding for _, finding in file.findings if finding.rule_id == "SES001"]
    assert len(opened) == 1 and "statement 1" in opened[0].evidence and "statement 2" in opened[0].evidence


def test_the_proof_is_of_the_policy_itself(tmp_path: Path) -> None:
    """Also where another policy of the identity lets in more."""
    other = {**LATER, "policy": policy("420000000001")}
    file = checked(tmp_path, plan(change(OPEN), change(other, address=f"{V2}.other")))
    assert all("later" in verdict.proof for verdict in file.verdicts if verdict.planned.policy_name == "later")
    assert "420000000001" in file.verdicts[1].proof


def test_source_files_that_changed_are_read_again(tmp_path: Path) -> None:
    """A second plan in one process is held against the files of its own time."""
    file = tmp_path / "main.tf"
    address, places = f"{V2}.p", []
    for before in ("", "\n\n"):
        file.write_text(f'{before}resource "{V2}" "p" {{\n  policy = var.p\n}}\n', encoding="utf-8")
        found = TerraformSource().block_of(address, tmp_path)
        places.append(found.line if found else None)
    assert places == [1, 3]
