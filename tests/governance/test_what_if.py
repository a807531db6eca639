"""What would change: the same as if the policies had been collected so, and nothing is hidden that edits cannot do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from analysis.estate import DEV, EU, FORMER, ORGANIZATION, SHOP, STRANGER, US, VENDOR, Estate, policy, statement
from pandas.testing import assert_frame_equal

import sesreport as ses
from sesreport import Analysis, WhatIf
from sesreport.analysis.judged import judged
from sesreport.core.errors import ConfigError, NoFrameError
from sesreport.findings.examples import Example
from sesreport.findings.examples import allow as allowing
from sesreport.kpis.earlier import measured_kpis
from sesreport.kpis.registry import kpis

ROLE = f"arn:aws:iam::{STRANGER}:role/mailer"


NO_SERVICE = {"Bool": {"aws:PrincipalIsAWSService": "false"}}


def document(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*names: str, **elements: Any) -> dict[str, Any]:
    return statement({"AWS": list(names)}, **elements)


@pytest.fixture
def estate() -> Estate:
    return (
        Estate()
        .identity("a.example.com", {"one": document(allow(STRANGER), allow(VENDOR)), "two": policy(STRANGER)})
        .identity("b.example.com", {"one": policy(VENDOR)}, region=US)
        .identity("c.example.com", {"one": document(allow(DEV))}, account=DEV)
        .identity("bare.example.com")
    )


@pytest.fixture
def analysis(estate: Estate, tmp_path: Path) -> Analysis:
    return estate.analysis(tmp_path)


def counts(what: WhatIf, name: str) -> dict[str, int]:
    return what.changes(name)["change"].value_counts().to_dict()


def key(identity: str, name: str, number: int, grantee: str, region: str = EU) -> tuple[Any, ...]:
    return (SHOP, region, identity, name, number, grantee)


def test_it_equals_a_snapshot_collected_with_those_policies(analysis: Analysis, tmp_path: Path) -> None:
    what = ses.what_if(analysis, [STRANGER])
    collected = (
        Estate()
        .identity("a.example.com", {"one": document(allow(VENDOR))})
        .identity("b.example.com", {"one": policy(VENDOR)}, region=US)
        .identity("c.example.com", {"one": document(allow(DEV))}, account=DEV)
        .identity("bare.example.com")
        .analysis(tmp_path / "real")
    )
    for name in ("exposures", "grants", "identities", "coverage", "findings"):
        assert_frame_equal(what.after.frame(name), collected.frame(name))
    assert [m.value for _, m in measured_kpis(what.after, kpis())] == [
        m.value for _, m in measured_kpis(collected, kpis())
    ]


def test_rows_that_are_gone_are_told_and_no_number_of_a_statement_moves(analysis: Analysis) -> None:
    what = ses.what_if(analysis, [STRANGER])
    assert counts(what, "grants") == {"gone": 2}
    assert set(what.changes("grants")["grantee"]) == {STRANGER}
    assert counts(what, "exposures") == {"changed": 1}
    row = what.changes("exposures").iloc[0]
    assert (row["identity"], row["exposure_before"], row["exposure_after"]) == ("a.example.com", "external", "vendor")
    assert (row["policies_before"], row["policies_after"]) == (2, 1)
    findings = what.changes("findings").set_index("change")
    assert set(findings.loc[["changed"], "rule_before"]) == {"no_ticket"}  # it counts the policies
    assert "new" not in findings.index


def test_policies_that_differ_are_told_with_both_texts(analysis: Analysis) -> None:
    what = ses.what_if(analysis, [STRANGER])
    told = what.policies.set_index("policy_name")
    assert told["edit"].to_dict() == {"one": "edited", "two": "deleted"}
    assert STRANGER in told.loc["one", "before"] and STRANGER not in told.loc["one", "after"]
    assert pd.isna(told.loc["two", "after"])


def test_only_what_was_edited_is_judged_again(analysis: Analysis) -> None:
    what = ses.what_if(analysis, [STRANGER])
    before, after = judged(what.before).by_identity, judged(what.after).by_identity
    assert [place[2] for place in after if after[place] is not before[place]] == ["a.example.com"]


def test_the_snapshot_itself_stays_and_the_imagined_one_is_named_so(analysis: Analysis, tmp_path: Path) -> None:
    files = sorted(tmp_path.rglob("*"))
    before = analysis.grants.copy()
    what = ses.what_if(analysis, [STRANGER])
    assert what.kpis is not None
    assert_frame_equal(ses.load(analysis.snapshot.path).policies, analysis.snapshot.policies)
    assert_frame_equal(analysis.grants, before)
    assert what.after.snapshot.id == f"{analysis.snapshot.id}-what-if"
    assert what.after.snapshot.sha256 != analysis.snapshot.sha256
    assert sorted(tmp_path.rglob("*")) == files


def test_a_snapshot_is_analyzed_with_the_register_given(estate: Estate, tmp_path: Path) -> None:
    snapshot = ses.load(estate.write(tmp_path))
    nobody = estate.analysis(tmp_path / "other").register.iloc[:0]
    what = ses.what_if(snapshot, [VENDOR], register=nobody)
    assert set(what.changes("exposures")["exposure_before"]) == {"external"}


def test_a_grant_is_revoked_by_its_row_or_its_key(analysis: Analysis) -> None:
    grants = analysis.grants
    rows = grants[grants["policy_name"].eq("two")]
    for given in ([rows.iloc[0]], rows, [key("a.example.com", "two", 1, STRANGER)], rows.to_dict("records")):
        what = ses.what_if(analysis, given)
        assert what.policies["policy_name"].tolist() == ["two"]
        assert what.not_revoked == (f"{STRANGER}: still let in at a.example.com ({SHOP}, {EU}) by 'one', statement 1",)


def test_a_principal_is_revoked_alone(tmp_path: Path) -> None:
    analysis = Estate().identity("a.example.com", {"p": policy({"AWS": [ROLE, VENDOR]})}).analysis(tmp_path)
    what = ses.what_if(analysis, [ROLE])
    assert what.changes("grants")["grantee"].tolist() == [ROLE]
    assert what.not_revoked == ()


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (policy("*"), "still let in at x.example.com"),
        (policy("*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), "still let in at x.example.com"),
        (policy("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-foreignorg1"}}), "still let in at x"),
        (policy("*", Condition={"StringLike": {"aws:PrincipalAccount": "42*"}}), "still let in at x.example.com"),
        (policy({"Service": "ses.amazonaws.com"}), "still let in at x.example.com"),
        (policy({"AWS": f"arn:aws:iam::{STRANGER}:*"}), "may still be let in at x.example.com"),
        ("{", "may still be let in at x.example.com"),
    ],
)
def test_what_edits_cannot_revoke_is_told(document: Any, told: str, tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com", {"p": policy(STRANGER)}).identity("x.example.com", {"wide": document})
    what = ses.what_if(estate.analysis(tmp_path), [STRANGER])
    assert told in " ".join(what.not_revoked)
    assert what.policies["identity"].tolist() == ["a.example.com"]


@pytest.mark.parametrize(
    "document",
    [
        policy("*", Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}),
        policy(VENDOR),
        document(statement("*", Condition=NO_SERVICE), statement({"AWS": STRANGER}, effect="Deny")),
        policy("*", Condition={**NO_SERVICE, "StringNotEquals": {"aws:PrincipalAccount": STRANGER}}),
    ],
)
def test_who_is_kept_out_is_not_told_to_be_let_in(document: Any, tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com", {"p": policy(STRANGER)}).identity("x.example.com", {"p": document})
    assert ses.what_if(estate.analysis(tmp_path), [STRANGER]).not_revoked == ()


def test_where_nobody_could_look_nothing_counts_as_revoked(tmp_path: Path) -> None:
    estate = (
        Estate().identity("a.example.com", {"p": policy(STRANGER)}).identity("b.example.com", read=False, region=US)
    )
    told = ses.what_if(estate.analysis(tmp_path), [STRANGER]).not_revoked
    assert told == (
        f"b.example.com ({SHOP}, {US}): its policies could not be read, so who is let in there is not known",
        "1 of 2 places (account × Region) could not be read whole, so who is let in there is not known",
    )


def test_an_address_that_loses_its_last_policy_is_told(tmp_path: Path) -> None:
    estate = Estate().identity("x@example.com", {"p": policy(STRANGER)}).identity("example.com", {"p": policy(VENDOR)})
    what = ses.what_if(estate.analysis(tmp_path), [STRANGER])
    assert what.notes == (
        f"x@example.com ({SHOP}, {EU}) would have no policy left: those of example.com would decide for it.",
    )


def test_a_policy_is_replaced_added_and_deleted(analysis: Analysis) -> None:
    open_to_all = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ses:*", "Resource": "*"}}'
    wanted = {"a.example.com": {"two": None}, "bare.example.com": {"new": open_to_all}}
    what = ses.what_if(analysis, replace=wanted)
    assert what.policies["edit"].tolist() == ["deleted", "added"]
    exposed = what.changes("exposures").set_index("identity")
    assert exposed.loc["bare.example.com", "exposure_after"] == "public"
    assert "1 identity more exposed" in what.sentence
    assert "new" in counts(what, "findings")


def test_replaced_texts_are_revoked_from_as_well(analysis: Analysis) -> None:
    text = json.dumps(document(allow(STRANGER, VENDOR)))
    what = ses.what_if(analysis, [STRANGER], {"b.example.com": {"one": text}})
    assert STRANGER not in " ".join(what.policies["after"].dropna())


def test_an_identity_of_several_places_is_named_by_its_arn(tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com", {"p": policy(STRANGER)})
    analysis = estate.identity("a.example.com", {"p": policy(STRANGER)}, region=US).analysis(tmp_path)
    arns = analysis.identities["arn"].tolist()
    with pytest.raises(ConfigError) as error:
        ses.what_if(analysis, replace={"a.example.com": {"p": None}})
    assert all(arn in str(error.value) for arn in arns)
    assert len(ses.what_if(analysis, replace={arns[0]: {"p": None}}).policies) == 1


@pytest.mark.parametrize(
    ("revoke", "replace", "told"),
    [
        (["420000000009"], {}, f"no account 420000000009 in snapshot 20261103T060000Z; did you mean '{STRANGER}'?"),
        (["4200-0000"], {}, "its id has 12 digits"),
        (["*"], {}, "name the grants"),
        ([ROLE], {}, "is named by no policy"),
        ([(SHOP, EU)], {}, "has 2 values: it takes account_id, region"),
        ([key("a.example.com", "two", 9, STRANGER)], {}, "no grant"),
        ([{"account_id": SHOP}], {}, "has no region"),
        ([], {"a.exmple.com": {"one": None}}, "did you mean 'a.example.com'?"),
        ([], {"a.example.com": {"twoo": None}}, "no policy 'twoo' to delete; did you mean 'two'?"),
        ([], {"a.example.com": {"two": {}}}, "not a text or None"),
        ([], {"a.example.com": "{}"}, "no policies by name"),
        ([key("a.example.com", "two", 1, STRANGER)], {"a.example.com": {"two": None}}, "is replaced"),
    ],
)
def test_what_is_not_there_is_one_clear_error(
    revoke: list[Any], replace: dict[str, Any], told: str, analysis: Analysis
) -> None:
    with pytest.raises(ConfigError) as error:
        ses.what_if(analysis, revoke, replace)
    assert told in str(error.value)


def test_a_deny_and_an_unread_identity_cannot_be_asked_for(tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com", {"p": policy(STRANGER, effect="Deny")})
    analysis = estate.identity("b.example.com", read=False).analysis(tmp_path)
    with pytest.raises(ConfigError, match="is a Deny"):
        ses.what_if(analysis, [key("a.example.com", "p", 1, STRANGER)])
    with pytest.raises(ConfigError, match="could not be read"):
        ses.what_if(analysis, replace={"b.example.com": {"p": "{}"}})


def test_a_known_account_that_no_policy_names_changes_nothing(analysis: Analysis) -> None:
    what = ses.what_if(analysis, [FORMER])
    assert what.policies.empty and what.changed_kpis.empty
    assert what.sentence == f"Nothing would change with {FORMER} (Brightside) revoked: no policy can be edited for it."


def test_the_example_is_the_unapproved_account_that_most_identities_name(analysis: Analysis, tmp_path: Path) -> None:
    what = ses.what_if(analysis, example=True)
    assert f"With {STRANGER} revoked" in what.sentence
    assert what.notes[0].startswith("An example")
    nobody = ses.what_if(Estate().identity("a.example.com").analysis(tmp_path / "none"), example=True)
    assert nobody.lines[1] == "No policy lets in an outside account by name."


def test_kpis_are_those_of_a_whole_measurement_and_none_tells_what_happened(analysis: Analysis) -> None:
    what = ses.what_if(analysis, [STRANGER])
    told = what.kpis.set_index("id")
    whole = {d.id: m.value for d, m in measured_kpis(what.after, kpis()) if not d.by_lives}
    assert {name: None if pd.isna(value) else value for name, value in told["after"].items()} == whole
    assert told.loc["unregistered_grants", "change"] == -2
    assert "mean_time_to_remediate" not in told.index


def test_a_frame_that_does_not_exist_is_an_error(analysis: Analysis) -> None:
    with pytest.raises(NoFrameError, match="exposures"):
        ses.what_if(analysis, [STRANGER]).changes("exposure")


def test_hostile_names_are_visible_and_inert(tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com", {"<script>\u202e": policy(STRANGER, Sid="x"), "w": policy("*")})
    what = ses.what_if(estate.analysis(tmp_path), [key("a.example.com", "<script>\u202e", 1, STRANGER)])
    assert "<script>" not in what._repr_html_()
    assert "\u202e" not in what._repr_html_() + repr(what)


def test_what_happened_before_the_snapshot_stays(tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com", {"p": policy(STRANGER), "q": policy(VENDOR)})
    estate.change("2026-10-20T10:00", "CreateEmailIdentityPolicy", "q", policy(VENDOR), identity="a.example.com")
    what = ses.what_if(estate.analysis(tmp_path), [STRANGER])
    left = what.after.findings.set_index("fingerprint")[["first_seen", "opened_at"]]
    assert_frame_equal(left, what.before.findings.set_index("fingerprint")[["first_seen", "opened_at"]].loc[left.index])


@pytest.mark.parametrize("asked", ["Send", "", "arn", None, 1.5, True, pd.NA, b"420000000001", object()])
def test_what_is_no_principal_of_a_policy_cannot_be_revoked(asked, tmp_path):
    analysis = Example({"p": allowing("420000000001")}).analysis(tmp_path)
    with pytest.raises(ConfigError, match="what_if"):
        ses.what_if(analysis, revoke=[asked])


@pytest.mark.parametrize("revoke", [None, 1.5, b"420000000001"])
def test_revoke_is_a_list_and_a_name_alone_is_one(revoke, tmp_path):
    analysis = Example({"p": allowing("420000000001")}).analysis(tmp_path)
    with pytest.raises(ConfigError, match="give a list of accounts, principals or grants"):
        ses.what_if(analysis, revoke=revoke)
    several = [ses.what_if(analysis, revoke=each) for each in ("420000000001", 420000000001, analysis.grants.iloc[0])]
    assert [what.policies["edit"].tolist() for what in several] == [["deleted"]] * 3


ARN = f"arn:aws:ses:{EU}:{SHOP}:identity/example.com"
BAD = {
    "is no Unicode text": {"example.com": {"p": "\ud800"}},
    "has 5,000 bytes; SES takes 4,096": {"example.com": {"p": " " * 5000}},
    "up to 64 letters, digits, '-' and '_'": {"example.com": {"p" * 65: "{}"}},
    "'' is no name of a policy": {"example.com": {"": "{}"}},
    "1 is no name of a policy": {"example.com": {1: "{}"}},
    "'a/b' is no name of a policy": {"example.com": {"a/b": "{}"}},
    "is not JSON": {"example.com": {"p": "{not json"}},
    "'p' of example.com is not JSON": {"example.com": {"p": "[" * 3000}},
    "is no JSON object, and SES would not take it": {"example.com": {"p": "null"}},
    "did you mean 'example.com'": {"EXAMPLE.com ": {"p": None}},
    f"did you mean '{ARN}'": {ARN.upper(): {"p": None}},
    "is replaced twice": {"example.com": {"p": None}, ARN: {"p": "{}"}},
    "would have 21 policies; SES takes 20": {"example.com": {f"n{number}": "{}" for number in range(20)}},
    "replace is list": [("example.com", {"p": None})],
    "replace is str": "example.com",
}


@pytest.mark.parametrize("told", BAD)
def test_a_policy_that_ses_would_not_take_is_not_imagined(told, tmp_path):
    analysis = Example({"p": allowing("420000000001")}).analysis(tmp_path)
    with pytest.raises(ConfigError, match=r"^what_if: ") as error:
        ses.what_if(analysis, replace=BAD[told])
    assert told in str(error.value) and "\n" not in str(error.value)


def test_a_new_policy_that_cannot_be_read_in_full_is_told_and_counts_as_risk(tmp_path):
    analysis = Example({"p": allowing("420000000001")}).analysis(tmp_path)
    what = ses.what_if(analysis, replace={"example.com": {"p": '{"Version": "2012-10-17", "Statement": [{}]}'}})
    assert any("cannot be read in full" in note and "counts as risk" in note for note in what.notes)
    assert what.after.exposures["needs_review"].tolist() == [True]
