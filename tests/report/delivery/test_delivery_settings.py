"""``[delivery]``: every mistake is one clear line, and what it may do is printed apart from what collection may do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sesreport.collect.permissions import caller_policy, member_policy
from sesreport.core.errors import ConfigError, SesReportError
from sesreport.report.delivery.registry import chosen_destinations, delivery_policy, destinations, kinds
from sesreport.settings.config import Config, load_config

EMAIL = 'from = "reports@example.com"\nto = ["a@example.com"]\nprofile = "delivery"\n'


def config(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "sesreport.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[delivery.fax]]\n", r"delivery: no destination 'fax'; known are email, folder, s3"),
        ("[[delivery.emial]]\n", r"no destination 'emial'; did you mean 'email'\?"),
        (
            "[[delivery.folder]]\npath = '/x'\npat = '/x'\n",
            r"delivery\.folder\.0: unknown key 'pat'; did you mean 'path'\?",
        ),
        ("[[delivery.folder]]\npath = 'relative'\n", r"path: must be an absolute path, not 'relative'"),
        ("[[delivery.s3]]\nurl = 'https://packs'\n", r"delivery\.s3\.0: url: "),
        ("[[delivery.s3]]\nurl = 's3://packs'\nrole_arn = 'role'\n", r"role_arn: "),
        ("[[delivery.email]]\nto = ['a@example.com']\nprofile = 'p'\n", r"from: field required"),
        (f"[[delivery.email]]\n{EMAIL}form = 'x'\n", r"unknown key 'form'; did you mean 'from'\?"),
        (f"[[delivery.email]]\n{EMAIL}attach = ['exe']\n", r"attach\.0: "),
        (f"[[delivery.email]]\n{EMAIL}link = 'javascript:alert(1)'\n", r"link: "),
        (f"[[delivery.email]]\n{EMAIL}link = 'http://example.com'\n", r"link: "),
        (f'[[delivery.email]]\n{EMAIL}from_name = "x\\r\\nBcc: evil@example.net"\n', r"from_name: .*one line"),
        (
            "[[delivery.email]]\nfrom = 'reports@example.com'\nto = ['a@example.com']\n",
            r"delivery\.email\.0: needs a role_arn or profile of its own",
        ),
        ("[delivery]\nfolder = '/x'\n", r"delivery\.folder: "),
    ],
)
def test_a_mistake_names_its_place_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as error:
        chosen_destinations(config(tmp_path, text).delivery)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com\n",
        "a b@example.com",
        "a@example",
        "a@-x.com",
        "a,b@example.com",
        "",
    ],
)
def test_what_is_no_address_is_an_error(address: str) -> None:
    for key in ("from", "to"):
        keys: dict[str, Any] = {"from": "r@example.com", "to": ["a@example.com"], "profile": "p"}
        keys[key] = address if key == "from" else [address]
        with pytest.raises(ConfigError, match=rf"{key}"):
            chosen_destinations({"email": [keys]})


def test_nothing_is_delivered_by_default() -> None:
    assert Config().delivery == {}
    assert destinations(Config()) == []


def test_what_tells_of_the_pack_comes_after_what_holds_it() -> None:
    email = {"from": "r@example.com", "to": ["a@example.com"], "profile": "p"}
    found = destinations(Config(delivery={"email": [email], "s3": [{"url": "s3://packs"}]}))
    assert [one.name for one in found] == ["s3://packs", "e-mail to a@example.com"]


def test_where_packs_go_does_not_change_what_they_say() -> None:
    assert Config(delivery={"folder": [{"path": "/x"}]}).sha256 == Config().sha256
    assert Config(kpis={"coverage": {"target": 0.5}}).sha256 != Config().sha256


def test_collection_stays_read_only_whatever_is_delivered() -> None:
    email = {"from": "r@example.com", "to": ["a@example.com"], "role_arn": "arn:aws:iam::210000000001:role/Send"}
    key = "arn:aws:kms:eu-west-1:210000000001:key/1"
    configured = Config(delivery={"email": [email], "s3": [{"url": "s3://packs/ses", "kms_key": key}] * 2})
    actions = [a for s in delivery_policy(configured)["Statement"] for a in s["Action"]]
    assert sorted(actions) == [
        "kms:Decrypt", "kms:GenerateDataKey", "s3:GetObject", "s3:ListBucket", "s3:PutObject",
        "ses:GetEmailIdentity", "ses:SendEmail", "ses:SendRawEmail",
    ]  # fmt: skip
    for policy in (member_policy(), caller_policy(configured)):
        assert not re.search(r"Send(Raw)?Email|Put|kms:|s3:", str(policy))


def test_the_printed_policy_is_no_wider_than_the_destination() -> None:
    email = {"from": "r@example.com", "to": ["a@example.com"], "profile": "p"}
    statements = {
        s["Sid"]: s
        for s in delivery_policy(Config(delivery={"s3": [{"url": "s3://packs/ses/"}], "email": [email]}))["Statement"]
    }
    assert statements["PutPacks"]["Resource"] == "arn:aws:s3:::packs/ses/*"
    assert statements["SeePackBucket"]["Resource"] == "arn:aws:s3:::packs"
    assert statements["SendSummary"]["Condition"] == {"StringEquals": {"ses:FromAddress": "r@example.com"}}


def test_without_a_destination_there_is_no_policy() -> None:
    with pytest.raises(ConfigError, match="names no destination that needs AWS"):
        delivery_policy(Config(delivery={"folder": [{"path": "/x"}]}))


def test_a_profile_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    (one,) = destinations(Config(delivery={"s3": [{"url": "s3://packs", "profile": "nobody"}]}))
    with pytest.raises(SesReportError, match="no AWS profile 'nobody'"):
        one.check()


@pytest.mark.parametrize("name", sorted(kinds()))
def test_every_kind_says_what_its_keys_mean(name: str) -> None:
    from sesreport.cli.docs import options

    rows = [line for line in options().splitlines() if f"[[delivery.{name}]]" in line]
    assert len(rows) == len(kinds()[name].settings.model_fields)
    assert not [row for row in rows if row.endswith("|  |")]
