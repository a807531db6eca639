"""What explain says of a policy file, what it assumes, and how it ends."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from analysis.estate import SHOP, Estate

from sesreport.cli.main import cli
from sesreport.core.errors import ConfigError
from sesreport.findings.examples import OWN, VENDOR, Example, allow
from sesreport.governance.explanations import Explained, of_identity, of_policy
from sesreport.settings.config import Config

ARN = f"arn:aws:ses:eu-west-1:{OWN}:identity/example.com"
TODAY = date(2026, 11, 24)
ORGANIZATION = {"id": "o-exampleorg1", "accounts": [OWN, "210000000002"]}
MEMBERS = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}
NOBODY = "nobody send"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a register."""
    monkeypatch.chdir(tmp_path)


def explained(folder: Path, policy: Any, **settings: Any) -> Explained:
    file = folder / "p.json"
    file.write_text(policy if isinstance(policy, str) else json.dumps(policy))
    return of_policy(file, ARN, Config.model_validate(settings), today=TODAY)


def ends(folder: Path, policy: str, *options: str) -> int:
    (folder / "p.json").write_text(policy)
    asked = ["explain", "--policy", str(folder / "p.json"), "--identity", ARN, *options]
    return int(cli.main(asked, standalone_mode=False))


@pytest.mark.parametrize("text", ["", "[", '{"Statement": []}', '{"Statement": {"Effect": "Allow"}}', '"x"', "null"])
def test_an_unreadable_policy_is_never_called_safe(text: str, tmp_path: Path) -> None:
    said = explained(tmp_path, text)
    assert str(said).splitlines()[1].startswith("needs review: part of these policies cannot be read")
    assert NOBODY not in str(said)
    assert said.fails("high")


def test_it_says_whose_organization_and_register_it_assumed(tmp_path: Path) -> None:
    alone = str(explained(tmp_path, allow("*", Condition=MEMBERS)))
    assert "no organization is known: every other account counts as an outside one" in alone
    assert "there is no register at" in alone
    assert alone.splitlines()[1].startswith("external:")


def test_a_register_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.csv: there is no such register; correct paths\.register"):
        explained(tmp_path, allow("*"), paths={"register": str(tmp_path / "gone.csv")})


def test_a_policy_file_that_is_no_text_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_bytes(b'{\n"Sid": "M\xfcller"}')
    with pytest.raises(ConfigError, match=r"p\.json, line 2, column 10: is not UTF-8 text"):
        of_policy(tmp_path / "p.json", ARN, Config(), today=TODAY)


def test_the_settings_name_the_organization(tmp_path: Path) -> None:
    said = explained(tmp_path, allow("*", Condition=MEMBERS), organization=ORGANIZATION)
    assert "organization: Accounts of the organization can send." in str(said)
    assert "the organization is o-exampleorg1, with 2 known accounts" in str(said)
    assert not said.fails("high")


def test_a_snapshot_names_the_organization_and_the_addresses_beside(tmp_path: Path) -> None:
    beside = {"news@example.com": {"own": allow(OWN)}}
    snapshot = Example(beside=beside).analysis(tmp_path / "snapshots").snapshot
    only = {"StringEquals": {"ses:FromAddress": "news@example.com"}}
    (tmp_path / "p.json").write_text(json.dumps(allow("420000000001", Condition=only)))
    said = of_policy(tmp_path / "p.json", ARN, Config(), today=TODAY, snapshot=snapshot.path)
    assert "none: These policies let nobody send." in str(said)
    assert "the organization is o-exampleorg1" in str(said) and snapshot.id in str(said)
    assert "the exposure would be external" in str(said)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({}, "cognito-idp.amazonaws.com: not guarded. A resource of any account"),
        ({"StringEquals": {"aws:SourceAccount": OWN}}, "guarded. It acts for resources of the own account"),
        ({"StringEquals": {"aws:SourceAccount": VENDOR}}, f"of these outside: {VENDOR}"),
    ],
)
def test_services_are_called_guarded_or_not(condition: dict[str, Any], told: str, tmp_path: Path) -> None:
    policy = allow({"Service": "cognito-idp.amazonaws.com"}, Condition=condition)
    assert told in str(explained(tmp_path, policy))


def test_own_only_domains_are_told_without_contradiction(tmp_path: Path) -> None:
    said = str(explained(tmp_path, allow(OWN)))
    assert "own: any address at example.com" in said and "not any address" not in said


def test_bulk_sending_alone_is_not_called_nobody(tmp_path: Path) -> None:
    said = explained(tmp_path, allow("*", "ses:SendBulkEmail"))
    assert NOBODY not in str(said)
    assert "anybody with an AWS account holds ses:SendBulkEmail" in str(said)
    assert said.fails("high")


@pytest.mark.parametrize(
    "policy",
    [
        allow("*"),
        allow("420000000001", Condition={"StringLike": {"aws:PrincipalArn": "*:role/mail*"}}),
        allow("*", Condition={"StringEquals": {"aws:PrincipalTag/team": "mail"}}),
        allow("*", Condition={"StringLike": {"aws:SourceVpc": "vpc-*"}}),
        allow("420000000001", Condition={"StringEquals": {"ses:FromAddress": "a*b@example.com"}}),
        allow({"Service": "cognito-idp.amazonaws.com"}, Condition={"StringLike": {"aws:SourceAccount": "2*"}}),
        allow("*", Condition=MEMBERS),
    ],
)
def test_proofs_show_nothing_made_up(policy: Any, tmp_path: Path) -> None:
    said = str(explained(tmp_path, policy, organization={"id": "o-exampleorg1"}))
    for made_up in ("zq", "zzz", "690000000000", "77777", "z.amazonaws.com", "${*}"):
        assert made_up not in said


def test_it_says_what_made_a_request_match(tmp_path: Path) -> None:
    said = explained(tmp_path, allow("420000000001", Condition={"StringLike": {"aws:PrincipalArn": "*:role/mail*"}}))
    assert "for a request that meets StringLike aws:PrincipalArn *:role/mail*" in str(said)


@pytest.mark.parametrize(
    ("policy", "options", "code"),
    [
        (json.dumps(allow("*")), ("--fail-on", "critical"), 1),
        (json.dumps(allow("*")), (), 0),
        (json.dumps(allow(OWN)), ("--fail-on", "low"), 0),
        ("{", ("--fail-on", "high"), 1),
        ("{", ("--fail-on", "critical"), 0),
    ],
)
def test_fail_on_stops_a_pipeline(policy: str, options: tuple[str, ...], code: int, tmp_path: Path) -> None:
    assert ends(tmp_path, policy, *options) == code


def test_where_a_name_could_not_be_read_is_told_and_fails(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "snapshots"
    Estate().identity("example.com", {}).identity("example.com", region="us-east-1", read=False).write(folder)
    config = Config().based_at(tmp_path)
    (explained,) = of_identity("example.com", config)
    assert f"its policies in {SHOP} us-east-1 could not be read" in str(explained)
    assert explained.fails("critical")
