"""``--against``: only what would be newly allowed counts, compared with the live policies of a snapshot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from governance.check.plan_files import (
    DENY,
    LATER,
    OPEN,
    OUTSIDE,
    OWN,
    OWN_ONLY,
    STRANGER,
    UNKNOWN,
    V2,
    VENDOR,
    change,
    checked,
    exit_code,
    fired,
    only,
    plan,
    policy,
    written,
)

from sesreport.findings.examples import Example
from sesreport.governance.check import Checked, check
from sesreport.governance.check.planned import Asked
from sesreport.settings.config import Config
from sesreport.snapshot.store import Snapshot


def live(folder: Path, **policies: str) -> Snapshot:
    """A snapshot in which example.com has these policies."""
    return Example(policies=policies).analysis(folder / "live").snapshot


def compared(folder: Path, *changes: Mapping[str, Any], **policies: str) -> Checked:
    return checked(folder, plan(*changes), against=live(folder, **policies))


def named(name: str, text: str) -> dict[str, str]:
    return {"email_identity": "example.com", "policy_name": name, "policy": text}


def test_what_is_live_already_passes(tmp_path: Path) -> None:
    file = compared(tmp_path, change(OPEN), p=OPEN)
    assert exit_code(file, fail_on="low") == 0 and only(file).left_out


def test_what_is_narrower_than_what_is_live_passes(tmp_path: Path) -> None:
    assert exit_code(compared(tmp_path, change(OUTSIDE, before=OPEN), p=OPEN)) == 0


def test_what_is_wider_fails_and_says_what_is_new(tmp_path: Path) -> None:
    file = compared(tmp_path, change(OPEN, before=OWN_ONLY), p=OWN_ONLY)
    assert "SES001" in fired(file) and " New: " in only(file).says


def test_a_removed_deny_fails_though_what_it_kept_out_is_in_no_file(tmp_path: Path) -> None:
    file = compared(tmp_path, change(None, before=named("deny", DENY)), deny=DENY, open=OPEN)
    assert only(file).planned.action == "delete" and "SES001" in fired(file) and exit_code(file) == 1


def test_a_removed_policy_of_a_place_that_nothing_says_fails(tmp_path: Path) -> None:
    removed = plan(change(None, before=named("deny", policy("*", Effect="Deny", Resource="*"))))
    file = checked(tmp_path, removed, asked=Asked(), against=live(tmp_path, deny=DENY, open=OPEN))
    assert only(file).undecidable and exit_code(file) == 1
    assert exit_code(checked(tmp_path, removed, asked=Asked())) == 0


def test_a_removed_policy_that_let_somebody_in_passes(tmp_path: Path) -> None:
    assert exit_code(compared(tmp_path, change(None, before=OPEN), p=OPEN, other=OUTSIDE)) == 0


def test_a_narrowed_deny_fails_though_what_it_kept_out_is_in_no_file(tmp_path: Path) -> None:
    less = policy("*", Effect="Deny", Condition={"StringEquals": {"ses:FromAddress": "a@example.com"}})
    file = compared(tmp_path, change(named("deny", less), before=named("deny", DENY)), deny=DENY, open=OPEN)
    assert "SES001" in fired(file)


def test_a_narrowed_deny_fails_beside_an_unchanged_policy_of_the_same_plan(tmp_path: Path) -> None:
    unchanged = change(named("open", OPEN), before=named("open", OPEN), actions=["no-op"], address=f"{V2}.open")
    file = compared(tmp_path, unchanged, change(None, before=named("deny", DENY)), deny=DENY, open=OPEN)
    assert "SES001" in fired(file)


def test_a_deny_that_moves_to_another_identity_is_removed_from_the_old_one(tmp_path: Path) -> None:
    moved = {**named("deny", DENY), "email_identity": "example.org"}
    file = compared(
        tmp_path, change(moved, before=named("deny", DENY), actions=["delete", "create"]), deny=DENY, open=OPEN
    )
    assert "SES001" in fired(file)


def test_a_deny_that_is_removed_by_another_file_keeps_nobody_out(tmp_path: Path) -> None:
    """Alone, either adds nothing: no policy lets anybody in yet, and the live Deny keeps out whom the new one names."""
    files = [
        written(tmp_path, plan(change(None, before=named("deny", DENY), address=f"{V2}.deny")), "a.json"),
        written(tmp_path, plan(change(named("open", OPEN))), "b.json"),
    ]
    snapshot = live(tmp_path, deny=DENY)
    alone = [check([file], Config(), today=date(2026, 11, 30), against=snapshot)[0][0] for file in files]
    assert [exit_code(file) for file in alone] == [0, 0]
    both, _ = check(files, Config(), today=date(2026, 11, 30), against=snapshot)
    assert exit_code(*both) == 1


def test_an_identity_that_is_not_in_the_snapshot_is_new(tmp_path: Path) -> None:
    made = {**named("p", policy(STRANGER, Resource="*")), "email_identity": "new.example.com"}
    assert "SES002" in fired(compared(tmp_path, change(made), p=OPEN))


def test_an_identity_whose_policies_were_not_read_counts_as_new(tmp_path: Path) -> None:
    snapshot = Example(policies={"p": OPEN}, identity_fields={"policies": 2}).analysis(tmp_path / "live").snapshot
    file = checked(tmp_path, plan(change(OPEN)), against=snapshot)
    assert "SES001" in fired(file) and "could not be read" in only(file).says


def test_what_cannot_be_decided_fails_whatever_is_live(tmp_path: Path) -> None:
    file = compared(tmp_path, change(LATER, unknown=UNKNOWN), p=OPEN)
    assert only(file).undecidable and exit_code(file) == 1


def test_the_organization_is_that_of_the_snapshot(tmp_path: Path) -> None:
    from sesreport.findings.examples import DEVELOPMENT

    assert "SES002" not in fired(compared(tmp_path, change(policy(DEVELOPMENT))))


def test_an_approval_that_ended_since_the_snapshot_has_ended(tmp_path: Path) -> None:
    header = "account_id,name,vendor,owner,justification,ticket,approved_by,approved_at,expires_at\n"
    written(tmp_path, f"{header}{VENDOR},V,V,o,j,T-1,a,2026-01-01,2026-11-15\n", "register.csv")
    config = Config.model_validate({"paths": {"register": str(tmp_path / "register.csv")}})
    file = checked(tmp_path, plan(change(policy(VENDOR))), config=config, against=live(tmp_path))
    assert "SES003" in fired(file)


@pytest.mark.parametrize("text", ["{", json.dumps({"Statement": [{"Effect": "Allow"}]})])
def test_a_live_policy_that_cannot_be_read_proves_nothing(text: str, tmp_path: Path) -> None:
    assert exit_code(compared(tmp_path, change(OUTSIDE), p=text, q=policy(OWN))) == 1
