"""What the doctor says of settings, folders, accounts and denials, with the exit code of each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sesreport.cli.doctor import check_settings, doctor, without_aws
from sesreport.cli.main import cli
from sesreport.collect import examination
from sesreport.collect.examination import Check, failed
from sesreport.collect.places import Regions
from sesreport.core.errors import ConfigError, OutageError
from sesreport.settings.config import Config
from tests.collect.double import OWN, REGION, Double, running

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
GONE, OTHER = "210000000008", "210000000009"
Examined = Callable[..., dict[str, Check]]


@pytest.fixture
def examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examined:
    """The doctor's checks of an organization of one active and one suspended account, by what was looked at."""

    def make(*, organization: dict[str, Any] | None = None, **sections: Any) -> dict[str, Check]:
        accounts = [
            {"Id": OWN, "Name": "own", "Status": "ACTIVE"},
            {"Id": GONE, "Name": "gone", "Status": "SUSPENDED"},
        ]
        double = Double({"ListAccountsForParent": (200, {"Accounts": accounts})})
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.chdir(tmp_path)
        with running(double) as url:
            for name, value in {
                "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_CONFIG_FILE": os.devnull, "AWS_DEFAULT_REGION": REGION,
            }.items():  # fmt: skip
                monkeypatch.setenv(name, value)
            told = {
                "organization": {"regions": [REGION], **(organization or {})},
                "collect": {"pace": 0, "max_attempts": 2, **sections.pop("collect", {})},
                **sections,
            }
            return {check.what: check for check in doctor(Config.model_validate(told), clock=lambda: NOW)}

    return make


def test_all_is_well_where_nothing_is_missing(examined: Examined, tmp_path: Path) -> None:
    checks = examined()
    assert [check for check in checks.values() if not check.ok] == []
    assert checks["snapshots folder"].said == "data/snapshots: can be written to"
    assert checks["output folder"].said == "out: can be written to"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["accounts_include", "accounts_exclude"])
def test_an_account_that_there_is_not_is_a_wrong_setting(option: str, examined: Examined) -> None:
    check = examined(organization={option: [OTHER]})[f"organization.{option}"]
    assert not check.ok
    assert check.exit_code == 2
    assert check.said.startswith(f"{OTHER} is not an account of the organization")


def test_an_included_account_that_is_not_active_is_named(examined: Examined) -> None:
    checks = examined(organization={"accounts_include": [OWN, GONE]})
    assert not checks[f"account {GONE}"].ok
    assert "the account is SUSPENDED" in checks[f"account {GONE}"].said
    assert checks[f"account {OWN}"].ok
    left_out = examined(organization={"accounts_include": [OWN, GONE], "accounts_exclude": [GONE]})
    assert f"account {GONE}" not in left_out


@pytest.mark.parametrize(("what", "option"), [("snapshots folder", "snapshots"), ("output folder", "output")])
def test_a_folder_that_cannot_be_written_to_is_told(what: str, option: str, examined: Examined, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check = examined(paths={option: str(tmp_path / "file")})[what]
    assert not check.ok
    assert check.exit_code == 4
    assert "cannot be written to" in check.said


def test_a_journal_that_cannot_be_understood_is_not_said_to_go_on(examined: Examined, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "snapshots" / ".collecting-1"
    folder.mkdir(parents=True)
    (folder / "collection.json").write_text("[]")
    check = examined()["unfinished collection"]
    assert check.ok
    assert "nothing goes on with it; remove the folder" in check.said
    assert "--resume" not in check.said
    (folder / "collection.json").write_text(
        json.dumps({"format": "sesreport-collection/1", "started_at": NOW.isoformat(), "based_on": None})
    )
    assert "--resume goes on with it" in examined()["unfinished collection"].said


def test_without_identities_nobody_can_be_judged(examined: Examined) -> None:
    check = examined(collect={"datasets_skip": ["costs", "identities"]})["settings"]
    assert not check.ok
    assert check.exit_code == 3
    assert "who can send is not known" in check.said


def test_a_dataset_that_there_is_not_is_a_wrong_setting(examined: Examined) -> None:
    checks = examined(collect={"datasets_skip": ["cost"]})
    assert not checks["collect.datasets_skip"].ok
    assert checks["collect.datasets_skip"].exit_code == 2
    assert "did you mean 'costs'" in checks["collect.datasets_skip"].said
    assert checks["credentials"].ok


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "a KPI": ("kpis", {"kpis": {"owned": {}}}),
    "a target": ("kpis", {"kpis": {"owned_identities": {"target": 90}}}),
    "a rule": ("findings", {"findings": {"severity": {"open": "low"}}}),
    "a dataset": ("collect.datasets_skip", {"collect": {"datasets_skip": ["cost"]}}),
    "a Region": ("organization.regions", {"organization": {"regions": ["eu-west-9"]}}),
    "a destination": ("delivery", {"delivery": {"fax": []}}),
    "a register": ("register", {"paths": {"register": "gone.csv"}}),
    "a deck template": ("deck template", {"report": {"deck_template": "gone.pptx"}}),
}
"""What the settings may name wrongly, with the check that tells it."""


@pytest.mark.parametrize("thing", WRONG)
def test_what_settings_name_wrongly_is_an_error_before_aws_is_asked(
    thing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    what, told = WRONG[thing]
    settings = Config.model_validate(told)
    with pytest.raises(ConfigError) as caught:
        check_settings(settings)
    looked = {check.what: check for check in without_aws(settings, NOW.date())}
    assert (looked[what].ok, looked[what].said, looked[what].exit_code) == (False, str(caught.value), 2)
    assert [check.what for check in looked.values() if not check.ok] == [what]


@pytest.mark.parametrize("command", [["run"], ["collect"], ["report", "--period", "2026-01"]])
def test_commands_look_at_what_the_settings_name_first(
    command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sesreport.toml").write_text("[report]\ndeck_template = 'gone.pptx'\n")
    with pytest.raises(ConfigError, match=rf"report\.deck_template gone\.pptx is not .*'{tmp_path}/gone\.pptx'"):
        cli.main(command, standalone_mode=False)


def test_an_exception_that_has_ended_is_named_and_is_no_error() -> None:
    ends = {"rule": "no_owner", "reason": "moves to shop"}
    told = [{**ends, "expires": date(2026, 10, 31)}, {**ends, "expires": NOW.date()}]
    settings = Config.model_validate({"findings": {"exceptions": told}})
    check_settings(settings)
    named = [check for check in without_aws(settings, NOW.date()) if check.what == "exceptions"]
    said = "findings.exceptions.0: the exception of no_owner ended on 2026-10-31, so its findings are open; "
    assert [(check.ok, check.said) for check in named] == [(True, f"{said}renew it or take it out")]


def test_a_run_tells_of_an_exception_that_has_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exception = "rule = 'no_owner'\nreason = 'moves'\nexpires = 2020-01-01\n"
    Path("sesreport.toml").write_text(f"[[findings.exceptions]]\n{exception}")
    with pytest.raises(ConfigError, match="no snapshot"):
        cli.main(["report", "--period", "2026-01"], standalone_mode=False)
    assert capsys.readouterr().err.startswith("sesreport: findings.exceptions.0: the exception of no_owner ended on")


def test_no_register_at_all_is_told_and_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    check_settings(Config())
    looked = {check.what: check for check in without_aws(Config(), NOW.date())}
    assert looked["register"].ok
    assert looked["register"].said == (
        "data/register.csv: There is no register of approved accounts, so every outside account counts as unknown."
    )


def test_what_cannot_be_read_of_cost_exports_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    for number in range(7):
        (tmp_path / f"gone{number}.csv").symlink_to(tmp_path / f"nowhere{number}")
    settings = Config.model_validate({"costs": {"exports": [str(tmp_path)]}})
    looked = {check.what: check for check in without_aws(settings, NOW.date())}
    assert looked["cost exports"].said.startswith(f"1 files; {tmp_path}/gone0.csv cannot be read (No such file or dir")
    assert looked["cost exports"].said.endswith("gone4.csv cannot be read (No such file or directory) and 2 more")


def test_accounts_are_looked_at_even_when_they_are_left_out(examined: Examined) -> None:
    assert examined(collect={"datasets_skip": ["accounts"]})["accounts"].said == "1 to read, 2 in all"


def test_an_outage_says_nothing_of_a_collection() -> None:
    told = "AWS has not answered for 60 seconds (no route): nothing was sealed, and --resume goes on with what was read"
    assert failed("AWS", OutageError(told)) == Check(
        "AWS", False, "AWS has not answered for 60 seconds (no route)", OutageError.exit_code
    )
    assert "--resume" not in failed("AWS", OutageError("silence; --resume goes on")).said


@pytest.mark.parametrize("wording", ["with an explicit deny in a {}", "because no {} allows the ses:GetAccount action"])
@pytest.mark.parametrize(
    ("policy", "advice"),
    [
        ("service control policy", "ask whoever keeps the SCPs"),
        ("resource control policy", "ask whoever keeps the RCPs"),
        ("permissions boundary", "widen the boundary"),
        ("session policy", "ask whoever issues the session"),
        ("VPC endpoint policy", "use another network"),
    ],
)
def test_a_denial_by_another_policy_says_who_can_lift_it(wording: str, policy: str, advice: str) -> None:
    reason = f"GetAccount: AccessDeniedException: not authorized {wording.format(policy)}"
    check = examination._dataset({"status": "denied", "dataset": "sending", "reason": reason}, "account 1")
    assert advice in check.said


def test_a_denial_by_the_roles_own_policy_says_to_add_the_action() -> None:
    reason = "GetAccount: AccessDeniedException: not authorized because no identity-based policy allows the action"
    check = examination._dataset({"status": "denied", "dataset": "sending", "reason": reason}, "account 1")
    assert "add the action to the policy" in check.said


def test_a_role_that_cannot_be_assumed_again_is_told_once() -> None:
    reason = "AssumeRole: AccessDenied: User is not authorized"
    rows = [
        {"region": region, "dataset": dataset, "status": "denied", "reason": reason}
        for region in ("eu-west-1", "us-east-1")
        for dataset in ("identities", "policies", "sending")
    ]
    places: list[Any] = [
        SimpleNamespace(region=region, unreachable=None, coverage=[row for row in rows if row["region"] == region])
        for region in ("eu-west-1", "us-east-1")
    ]
    (check,) = examination._account(Config(), Regions(OWN, enabled=["eu-west-1", "us-east-1"]), places)
    assert check.what == f"account {OWN}, eu-west-1, us-east-1"
    assert check.said.startswith(f"the role could not be assumed again: {reason}: ")
