"""Files that cannot be judged: one line that says what, where and what to do, and none of them is a pass."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from governance.check.plan_files import (
    ARN,
    ASKED,
    OPEN,
    OWN_ONLY,
    STRANGER,
    TODAY,
    change,
    checked,
    fired,
    only,
    own,
    plan,
    policy,
    statement,
    template,
    written,
)

from sesreport.core.errors import ConfigError
from sesreport.governance.check import check, read
from sesreport.governance.check.planned import Asked
from sesreport.policy import read_identity
from sesreport.settings.config import Config

NESTED = '{"Resources": ' + '{"a": ' * 50_000 + "1" + "}" * 50_001


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (plan() | {"format_version": "2.0"}, r"is a plan of format version '2\.0'; this release reads 1\.x"),
        (plan() | {"errored": True}, "is the plan of a run that failed"),
        (plan() | {"resource_changes": {}}, "its resource_changes are no list of objects"),
        (plan() | {"resource_changes": [1]}, "its resource_changes are no list of objects"),
        ({"version": 4, "terraform_version": "1.11.4", "serial": 1}, "looks like a Terraform state"),
        ({"format_version": "1.0", "terraform_version": "1.11.4", "values": {}}, "looks like a Terraform state"),
        ('{"@level":"info","@message":"x"}\n{"@level":"info"}\n', "looks like the log of `terraform plan -json`"),
        ("Terraform will perform the following actions:\n", "looks like what `terraform plan` prints"),
        ("Resources:\n  P:\n    Type: Custom::AWS\n", "looks like YAML"),
        ({"hello": "world"}, "is JSON, but none of: CloudFormation template"),
        ([1], "is JSON, but none of"),
        ("3", "is JSON, but none of"),
        ("", "is empty"),
        (" \n", "is empty"),
        ('{"Statement": [], "Statement": []}', "has the key 'Statement' twice in one object"),
        (NESTED, "is nested too deeply to be read"),
        ('{"a": ' + "1" * 5000 + "}", "cannot be read as JSON"),
    ],
)
def test_each_is_one_line(content: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says) as told:
        checked(tmp_path, content)
    assert str(tmp_path / "plan.json") in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"PK\x03\x04\x00\x00", "is a binary plan; check what `terraform show -json plan.json` prints"),
        (b"\xff\xfe", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\x80\x81\x82", "is neither JSON nor text"),
        (b"\x00", "is empty"),
    ],
)
def test_bytes_that_are_no_text(raw: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(raw)
    _, (error,) = check([tmp_path / "plan.json"], Config(), today=TODAY)
    assert says in str(error)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_read(encoding: str, tmp_path: Path) -> None:
    """PowerShell writes UTF-16 with a mark."""
    (tmp_path / "plan.json").write_bytes(json.dumps(plan(change(OPEN))).encode(encoding))
    (file,), errors = check([tmp_path / "plan.json"], Config(), today=TODAY, asked=ASKED)
    assert not errors and "SES001" in fired(file)


def test_a_folder_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    _, errors = check([tmp_path, tmp_path / "none.json"], Config(), today=TODAY)
    assert [str(error).partition(": ")[2] for error in errors] == [
        "cannot be read (Is a directory)", "cannot be read (No such file or directory)"
    ]  # fmt: skip


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "LARGEST", 2**20)
    written(tmp_path, " " * (2**20 + 1))
    _, (error,) = check([tmp_path / "plan.json"], Config(), today=TODAY)
    assert str(error).endswith("is larger than 1 MiB, so it was not read")


def test_good_files_beside_a_bad_one_are_judged(tmp_path: Path) -> None:
    good, bad = written(tmp_path, plan(change(OPEN)), "good.json"), written(tmp_path, "{", "bad.json")
    (file,), (error,) = check([bad, good], Config(), today=TODAY, asked=ASKED)
    assert "SES001" in fired(file)
    assert "bad.json, line 1, column 2: is not JSON" in str(error)


def test_the_standard_input_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(plan(change(OPEN))).encode())))
    (file,), _ = check([Path("-")], Config(), today=TODAY, asked=ASKED)
    assert "SES001" in fired(file)


def values_in(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value."""
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path, *(deep for key, value in inside for deep in values_in(value, (*path, key)))]


def spoiled(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(content))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    "content",
    [plan(change(OPEN), planned_values={"root_module": {"resources": []}}),
     template(P=own({"Identity": "example.com", "PolicyDocument": json.loads(OPEN)}))],
)  # fmt: skip
def test_a_value_of_another_type_anywhere_is_an_error_or_is_judged(content: Any, tmp_path: Path) -> None:
    """Whatever the value, the reader ends with a verdict or with one line."""
    random = Random(7)
    places = [path for path in values_in(content) if path]
    for path in places:
        value = random.choice([None, 1, "x", [], {}, [None], {"a": None}, True])
        written(tmp_path, spoiled(content, path, value))
        try:
            read.read_planned(tmp_path / "plan.json", ASKED)
        except ConfigError as error:
            assert "\n" not in str(error)


# --- policy files ---


@pytest.mark.parametrize(
    ("content", "asked", "fires"),
    [
        (OPEN, Asked(), "SES001"),
        (policy("*", Resource="*"), Asked(identity=read_identity(ARN)), "SES001"),
        (policy("*", Resource=ARN.replace("210000000001", "")), Asked(account="210000000001"), "SES001"),
        (
            policy(STRANGER, Resource=ARN.replace("210000000001", STRANGER)),
            Asked(identity=read_identity(ARN)),
            "SES002",
        ),
        (json.dumps({"Statement": statement("*")}), Asked(), "SES001"),
        ('{"Statement": []}', Asked(identity=read_identity(ARN)), "SES012"),
    ],
)
def test_a_policy_file(content: str, asked: Asked, fires: str, tmp_path: Path) -> None:
    assert fires in fired(checked(tmp_path, content, asked=asked))


def test_a_harmless_policy_file_passes(tmp_path: Path) -> None:
    assert only(checked(tmp_path, OWN_ONLY, asked=Asked())).findings == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (policy("*", Resource="*"), "names no identity as its resource; say whose policy it is with --identity ARN"),
        (json.dumps({"Statement": [statement("*"), statement("*", Resource="*")]}), "that in every statement"),
        (policy("*", Resource=[ARN, ARN.replace("example.com", "example.org")]), "does not name one identity"),
        (policy("*", Resource=ARN.replace("210000000001", "")), "give --account"),
    ],
)
def test_a_policy_file_that_does_not_say_whose_it_is(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says):
        checked(tmp_path, content, asked=Asked())
