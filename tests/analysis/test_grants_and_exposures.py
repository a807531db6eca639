"""Who can send as an identity, from the hand-made organization."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from estate import (
    DEV,
    EU,
    FORMER,
    NOVEMBER,
    ORGANIZATION,
    SHOP,
    STRANGER,
    US,
    VENDOR,
    Estate,
    policy,
    statement,
)  # fmt: skip

from sesreport.analysis import Analysis
from sesreport.governance.explanations import of_identity
from sesreport.settings.config import Config

OUTSIDE = {"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
COGNITO = {"Service": "cognito-idp.amazonaws.com"}


def of(policies: dict[str, Any], folder: Path, name: str = "example.com") -> Analysis:
    return Estate().identity(name, policies).analysis(folder)


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


GRANTEES: list[tuple[Any, dict[str, Any], str, str | None]] = [
    (SHOP, {}, "own", "own"),
    (f"arn:aws:iam::{SHOP}:role/mailer", {}, "own", "own"),
    (DEV, {}, "organization", "organization"),
    (f"arn:aws:iam::{DEV}:root", {}, "organization", "organization"),
    (VENDOR, {}, "vendor", "valid"),
    (FORMER, {}, "external", "expired"),
    (STRANGER, {}, "external", None),
    (f"arn:aws:iam::{STRANGER}:role/mailer", {}, "external", None),
    ("*", {}, "public", None),
    ({"AWS": "*"}, {}, "public", None),
    ("*", {"Condition": {"StringEquals": {"aws:UserAgent": "ours"}}}, "public", None),
    ("*", {"Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}}, "organization", None),
    ("*", {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-another00001"}}}, "external", None),
    (COGNITO, {}, "service", None),
    (STRANGER, {"Resource": "arn:aws:ses:eu-west-1:210000000001:identity/example.net"}, "none", None),
]
"""Principal and other elements of a statement, how far it reaches, and the standing of who is let in."""


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """An identity for each grantee."""
    estate = Estate()
    for number, (principal, elements, _, _) in enumerate(GRANTEES):
        estate.identity(f"{number}.example.com", {"p": policy(principal, **elements)})
    return estate.analysis(tmp_path_factory.mktemp("placed"))


def at(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one identity."""
    return frame[frame["identity"] == name]


@pytest.mark.parametrize("number", range(len(GRANTEES)))
def test_a_grantee_is_placed(number: int, placed: Analysis) -> None:
    _, _, scope, standing = GRANTEES[number]
    name = f"{number}.example.com"
    (_, grant), (_, found) = *at(placed.grants, name).iterrows(), *at(placed.exposures, name).iterrows()
    assert grant["scope"] == found["exposure"] == scope
    assert (None if pd.isna(grant["register_status"]) else grant["register_status"]) == standing
    assert bool(grant["registered"]) == (standing == "valid")
    assert not found["needs_review"]


def test_a_deny_makes_a_wildcard_safe_and_is_a_row_itself(tmp_path: Path) -> None:
    analysis = of({"p": document(statement("*"), statement("*", effect="Deny", Condition=OUTSIDE))}, tmp_path)
    assert analysis.exposures["exposure"].tolist() == ["organization"]
    assert analysis.grants["effect"].tolist() == ["Allow", "Deny"]
    assert analysis.grants["scope"].isna().tolist() == [False, True]


def test_everybody_but_one_is_everybody(tmp_path: Path) -> None:
    open_statement = {k: v for k, v in statement("*").items() if k != "Principal"} | {"NotPrincipal": {"AWS": STRANGER}}
    analysis = of({"p": document(open_statement)}, tmp_path)
    assert analysis.exposures["public"].all()
    grant = analysis.grants.iloc[0]
    assert (grant["grantee"], grant["grantee_kind"]) == (f"everybody but {STRANGER}", "anyone")
    assert pd.isna(grant["grantee_account_id"])


def test_two_service_grants_of_one_identity_are_judged_apart(tmp_path: Path) -> None:
    guarded = {"StringEquals": {"aws:SourceAccount": SHOP}}
    pinpoint = {"Service": "pinpoint.amazonaws.com"}
    analysis = of({"a": policy(COGNITO, Condition=guarded), "b": policy(pinpoint)}, tmp_path)
    why = dict(zip(analysis.grants["policy_name"], analysis.grants["why"], strict=True))
    assert why == {"a": "AWS service for sources we know", "b": "AWS service on anybody's behalf"}
    found = analysis.findings[analysis.findings["rule"] == "service_without_source"]
    assert found["policy_name"].tolist() == ["b"]


UNREADABLE = [
    "{",
    "",
    "[]",
    "null",
    '{"Statement": 7}',
    '{"Statement": []}',
    '{"Statement": {"Effect": "ALLOW"}}',
    '{"Statement": [{"Effect": "Allow"}]}',
    "[" * 3000,
    "\x00",
    '{"a":1,"a":2}',
]


@pytest.fixture(scope="module")
def unreadable(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """An identity for each text, with a good policy beside it."""
    estate = Estate()
    for number, text in enumerate(UNREADABLE):
        estate.identity(f"{number}.example.com", {"p": text, "q": policy(SHOP)})
    return estate.analysis(tmp_path_factory.mktemp("unreadable"))


@pytest.mark.parametrize("number", range(len(UNREADABLE)))
def test_a_policy_that_cannot_be_read_needs_review(number: int, unreadable: Analysis) -> None:
    name = f"{number}.example.com"
    assert at(unreadable.exposures, name)["needs_review"].tolist() == [True]
    assert (at(unreadable.grants, name)["scope"] == "needs review").any()
    assert "needs_review" in set(at(unreadable.findings, name)["rule"])


def test_policies_that_were_not_read_are_not_none(tmp_path: Path) -> None:
    analysis = Estate().identity(read=False).analysis(tmp_path)
    found = analysis.exposures.iloc[0]
    assert pd.isna(found["exposure"]) and pd.isna(found["public"]) and found["needs_review"]
    assert "unread_policies" in set(analysis.findings["rule"])


def test_an_identity_without_policies_lets_in_nobody(tmp_path: Path) -> None:
    assert of({}, tmp_path).exposures["exposure"].tolist() == ["none"]


def test_an_address_with_its_own_policy_is_not_reached_through_its_domain(tmp_path: Path) -> None:
    """SES Developer Guide: the policy of the most specific identity counts."""
    sender = {"StringEquals": {"ses:FromAddress": "boss@example.com"}}
    estate = Estate().identity("example.com", {"p": policy(STRANGER, Condition=sender)})
    estate.identity("boss@example.com", {"p": policy(SHOP)})
    exposures = estate.analysis(tmp_path).exposures.set_index("identity")["exposure"]
    assert exposures.to_dict() == {"example.com": "none", "boss@example.com": "own"}
    alone = Estate().identity("example.com", {"p": policy(STRANGER, Condition=sender)}).analysis(tmp_path / "alone")
    assert alone.exposures["exposure"].tolist() == ["external"]


PATTERNS: list[tuple[str | list[str], bool]] = [
    ("*", True), ("*@example.com", True), ("**@example.com", True), ("*example.com", True),
    ("?*@example.com", True), (["news@example.com", "*"], True),
    ("news@example.com", False), ("news-*@example.com", False),
]  # fmt: skip


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The domain in a Region for each pattern."""
    estate = Estate()
    for number, (pattern, _) in enumerate(PATTERNS):
        limit = {"StringLike": {"ses:FromAddress": pattern}}
        estate.identity("example.com", {"p": policy(STRANGER, Condition=limit)}, region=f"eu-west-{number}")
    return estate.analysis(tmp_path_factory.mktemp("limited"))


@pytest.mark.parametrize("number", range(len(PATTERNS)))
def test_a_pattern_that_holds_nobody_is_no_limit(number: int, limited: Analysis) -> None:
    anyone = PATTERNS[number][1]
    grants, findings = (f[f["region"] == f"eu-west-{number}"] for f in (limited.grants, limited.findings))
    assert grants["any_from_address"].tolist() == [anyone]
    assert ("any_from_address" in set(findings["rule"])) is anyone


HOSTILE = [
    "=cmd|' /C calc'!A0.example.com", 'quo"te.example.com', "'single'.example.com", "\u202egnp.example.com",
    "new\nline.example.com", "<script>alert(1)</script>.example.com", "tab\t.example.com", "%2e%2e/..",
    "\u0000.example.com", "bücher.example", "a" * 300,
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """An identity of each name, with a policy, a statement, an owner and a change of that name."""
    estate = Estate()
    for name in HOSTILE:
        principal = f"arn:aws:iam::{STRANGER}:role/{name}"
        estate.identity(name, {name: policy(principal, Sid=name)}, tags={"owner": name})
        estate.change("2026-10-02T00:00", "PutIdentityPolicy", name, policy(STRANGER), identity=name)
    return estate.analysis(tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_text(name: str, hostile: Analysis) -> None:
    (_, found) = next(at(hostile.exposures, name).iterrows())
    assert found["exposure"] == "external" or found["needs_review"]
    assert len(at(hostile.lives, name))
    assert at(hostile.identities, name)["owner"].tolist() == [name]


def test_hostile_names_are_in_every_frame_as_they_are(hostile: Analysis) -> None:
    assert all(set(frame["identity"]) >= set(HOSTILE) for frame in (hostile.grants, hostile.findings, hostile.changes))
    assert set(hostile.frames) >= {"grants", "findings", "lives", "changes_since"}


def test_a_lone_surrogate_in_a_policy_is_stored_as_the_escape_it_came_from(tmp_path: Path) -> None:
    text = '{"Version":"2012-10-17","Statement":{"Sid":"\\ud800","Effect":"Allow","Principal":{"AWS":"%s"},'
    text += '"Action":"ses:SendEmail","Resource":"*","Condition":{"StringLike":{"ses:FromAddress":["\\udfff*","*"]}}}}'
    analysis = of({"p": text % STRANGER}, tmp_path)
    assert analysis.exposures["exposure"].tolist() == ["external"] or analysis.exposures["needs_review"].all()
    assert len(analysis.frames["grants"]) == 1 and len(analysis.findings)


def test_every_frame_of_an_empty_organization_is_there(tmp_path: Path) -> None:
    frames = Estate().analysis(tmp_path).frames
    assert len(frames["accounts"]) == 3
    assert all(isinstance(frame, pd.DataFrame) for frame in frames.values())


def test_an_exposure_is_explained_for_each_place_of_the_name(tmp_path: Path) -> None:
    estate = Estate().identity("example.com", {"p": policy(STRANGER)}, region=EU)
    path = estate.identity("example.com", {"p": policy("*")}, region=US).write(tmp_path)
    said = [str(each) for each in of_identity("example.com", Config(), snapshot=path)]
    assert len(said) == 2 and "public" in said[1] and STRANGER in said[0]
    assert NOVEMBER.year == 2026


def test_a_reason_is_that_of_its_own_statement(tmp_path: Path) -> None:
    """Another statement lets in a foreign organization; that is no reason of the one beside it."""
    foreign = statement("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-another00001"}})
    named = statement("*", Condition={"StringEquals": {"aws:PrincipalAccount": STRANGER}})
    network = statement("*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.7"}})
    grants = of({"p": document(foreign, named, network)}, tmp_path).grants.set_index("statement")
    assert grants.loc[1, "why"] == "members of another organization (o-another00001)"
    assert grants.loc[2, "why"] == "outside accounts that its conditions name"
    assert grants.loc[3, "why"] == "unknown accounts from a fixed network"
    assert grants["external_orgs"].notna().to_dict() == {1: True, 2: False, 3: False}
    assert grants.loc[2, "external_accounts"] == [STRANGER]


def test_each_service_statement_has_a_guard_of_its_own(tmp_path: Path) -> None:
    guarded = statement(COGNITO, Condition={"StringEquals": {"aws:SourceAccount": SHOP}})
    grants = of({"p": document(guarded, statement(COGNITO))}, tmp_path).grants.set_index("statement")
    assert grants["guarded"].to_dict() == {1: True, 2: False}


@pytest.mark.parametrize("verification", ["PENDING", "FAILED", None])
def test_an_address_that_is_not_verified_takes_nothing_from_its_domain(
    verification: str | None, tmp_path: Path
) -> None:
    sender = {"StringEquals": {"ses:FromAddress": "boss@example.com"}}
    estate = Estate().identity("example.com", {"p": policy(STRANGER, Condition=sender)})
    estate.identity("boss@example.com", {"p": policy(SHOP)}, verification=verification)
    assert estate.analysis(tmp_path).exposures.set_index("identity").loc["example.com", "exposure"] == "external"


def test_the_settings_name_the_organization_where_aws_was_not_asked(tmp_path: Path) -> None:
    estate = Estate().identity("example.com", {"p": policy(STRANGER)})
    for row in estate.rows["accounts"]:
        row["organization_id"] = None
    config = Config.model_validate({"organization": {"id": ORGANIZATION, "accounts": [STRANGER]}})
    assert estate.analysis(tmp_path, config=config).exposures["exposure"].tolist() == ["organization"]
