"""What the files of a fix say, and that hostile names stay text in each of them."""

from __future__ import annotations

import csv
import json
import re
import shlex
import subprocess

import pytest

from sesreport.core.errors import ConfigError
from sesreport.findings.examples import Example, allow
from sesreport.findings.findings import found
from sesreport.governance.fix import export_terraform, proposals, write_fixes
from sesreport.governance.fix.proposal import FORMATS, FixedFinding, Proposal, chosen

HOSTILE = "a'; rm -rf ~ $(touch x) `y` ${z} %{if true} | [l](http://e.example) \u202e\n=cmd"


def proposal(**fields) -> Proposal:
    usual = {
        "account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com", "policy_name": "agency",
        "fix": "replace", "reason": "", "changes": ("statement 1: 420000000001 goes",), "before": '{"a": 1}',
        "after": '{"a": 2}', "owner": "shop",
        "findings": (FixedFinding("f" * 32, "SES002", "high", "Unknown", "agency, statement 1", resolved=True),),
    }  # fmt: skip
    return Proposal(**{**usual, **fields})


def files(fix: Proposal) -> dict[str, str]:
    return {name: text for write in FORMATS.values() for name, text in write(fix).items()}


def commands(script: str) -> list[list[str]]:
    """The words of each command of a script, as a shell reads them."""
    return [shlex.split(line) for line in script.splitlines() if line.startswith("aws ")]


def test_a_narrowed_policy_is_put_and_put_back():
    written = files(proposal())
    (put,), (back,) = commands(written["apply.sh"]), commands(written["roll_back.sh"])
    assert put[:3] == ["aws", "sesv2", "update-email-identity-policy"]
    assert put[-1] == "file://policy.json"
    assert back[-1] == "file://before.json"
    assert json.loads(written["policy.json"]) == {"a": 2}
    assert written["before.json"] == '{"a": 1}'


def test_a_deleted_policy_is_put_back_from_the_saved_text():
    written = files(proposal(fix="delete", after=None))
    (gone,), (back,) = commands(written["apply.sh"]), commands(written["roll_back.sh"])
    assert gone[2] == "delete-email-identity-policy"
    assert back[2] == "create-email-identity-policy"
    assert back[-1] == "file://before.json"
    assert not [name for name in written if name.startswith("terraform/")]


def test_terraform_imports_either_generation():
    written = files(proposal())
    assert 'id = "shop.example.com|agency"' in written["terraform/sesv2/main.tf"]
    assert "aws_ses_identity_policy" in written["terraform/ses/main.tf"]
    assert "${path.module}/../../policy.json" in written["terraform/ses/main.tf"]


def test_hostile_names_are_one_word_of_a_command():
    written = files(proposal(identity=HOSTILE, policy_name=HOSTILE))
    for script in ("apply.sh", "roll_back.sh"):
        assert subprocess.run(["sh", "-n"], input=written[script], text=True, check=False).returncode == 0
        assert f"--policy-name={HOSTILE}" in shlex.split(written[script], comments=True)


def test_hostile_names_begin_no_template_of_terraform():
    text = files(proposal(policy_name=HOSTILE))["terraform/sesv2/main.tf"]
    assert re.findall(r"(?<!\$)\$\{[^}]*\}", text) == ["${path.module}"]
    assert "%%{if" in text


def test_hostile_names_are_no_markup_of_a_ticket():
    text = files(proposal(owner=HOSTILE, changes=(HOSTILE,)))["ticket.md"]
    assert "[l](" not in text
    assert "\u202e" not in text


def test_names_of_folders_are_plain_and_no_two_are_alike():
    made = [proposal(policy_name=name).name for name in ("A b", "a b", "a-b", HOSTILE, "..", "x" * 200)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[a-z0-9._-]{1,80}", name) and not name.startswith(".") for name in made)


def test_the_list_names_every_fix_and_why_there_is_none(tmp_path):
    folder = write_fixes([proposal(), proposal(fix="not offered", reason="=1+1", policy_name="x")], tmp_path / "fixes")
    rows = list(csv.DictReader((folder / "fixes.csv").open(encoding="utf-8")))
    assert [row["fix"] for row in rows] == ["replace", "not offered"]
    assert rows[1]["reason"] == "'=1+1"
    assert (folder / rows[0]["folder"] / "apply.sh").exists()
    assert rows[1]["folder"] == ""


def test_fingerprints_choose_their_fix():
    one, other = proposal(), proposal(policy_name="x", findings=())
    assert chosen([one, other], ["ffffffff"]) == [one]
    with pytest.raises(ConfigError, match="no finding"):
        chosen([one], ["0123456789"])
    with pytest.raises(ConfigError, match="at least 6"):
        chosen([one], ["fff"])


def test_the_exported_estate_ends_the_findings(tmp_path):
    analysis = Example({"open": allow("*"), "unknown": allow("420000000001"), "ours": allow("210000000002")}).analysis(
        tmp_path / "s"
    )
    folder = export_terraform(analysis, proposals(analysis.fixes, found(analysis)), tmp_path / "estate")
    (module,) = [path for path in folder.iterdir() if path.is_dir()]
    main = (module / "main.tf").read_text(encoding="utf-8")
    names = dict(re.findall(r'policy_name    = "([^"]+)"\n\s+policy +=\s*file\("\$\{path.module\}/([^"]+)"\)', main))
    after = {name: (module / path).read_text(encoding="utf-8") for name, path in names.items()}
    assert "unknown" not in after
    again = Example({name: json.loads(text) for name, text in after.items()}).analysis(tmp_path / "after")
    left = set(found(again)["rule"])
    assert not left & {"open_to_anyone", "unknown_account", "expired_approval"}


def test_two_names_that_read_alike_are_two_resources():
    names = [proposal(identity=name).terraform_name for name in ("shop-eu.example.com", "shop.eu.example.com")]
    assert len(set(names)) == len(names)


def test_a_fix_stops_where_the_policy_is_no_longer_as_it_was_read(tmp_path):
    """With a stand-in for the AWS CLI that answers with another policy, and notes what it is asked."""
    for name, text in files(proposal()).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    aws = tmp_path / "bin" / "aws"
    aws.parent.mkdir()
    aws.write_text(
        '#!/bin/sh\necho "$@" >> calls\ncase "$2" in get-caller-identity) echo 210000000001;; get-*) cat live;; esac\n'
    )
    aws.chmod(0o755)
    run = ["env", f"PATH={aws.parent}:/usr/bin:/bin", "sh", "apply.sh"]
    (tmp_path / "live").write_text("{}")
    assert subprocess.run(run, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    assert "update-email-identity-policy" not in (tmp_path / "calls").read_text()
    (tmp_path / "live").write_text((tmp_path / "before.json").read_text())
    assert subprocess.run(run, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    assert "update-email-identity-policy" in (tmp_path / "calls").read_text()


def test_policies_that_go_have_a_script_beside_the_exported_estate(tmp_path):
    analysis = Example({"unknown": allow("420000000001")}).analysis(tmp_path / "s")
    folder = export_terraform(analysis, proposals(analysis.fixes, found(analysis)), tmp_path / "estate")
    (module,) = [path for path in folder.iterdir() if path.is_dir()]
    (script,) = [line for line in (module / "delete.sh").read_text().splitlines() if line.startswith("sh ")]
    assert "delete-email-identity-policy" in (module / script.split()[1]).read_text()
