"""The lives of findings of small organizations, by snapshots, change events and the register."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from estate import DEV, EU, FORMER, SHOP, STRANGER, US, VENDOR, Estate, policy, statement

from sesreport.analysis import Analysis
from sesreport.findings.registry import rules

pytestmark = pytest.mark.usefixtures("few_rules")
JULY, AUGUST, SEPTEMBER, OCTOBER, NOVEMBER = (datetime(2026, month, 3, 6, tzinfo=UTC) for month in range(7, 12))
NOBODY: dict[str, Any] = {}
OPEN = {"p": policy(STRANGER)}


ANALYZED: dict[str, Analysis] = {}
"""By all that was written of the organization so far: many tests begin with the same months."""


def chain(folder: Path, *estates: Estate) -> Analysis:
    """Analyses of one organization, each compared with the one before; the last is returned."""
    made: Analysis | None = None
    written = repr(list(rules()))
    for number, estate in enumerate(estates):
        written += repr(vars(estate))
        if written not in ANALYZED:
            ANALYZED[written] = estate.analysis(folder / str(number), previous=made)
        made = ANALYZED[written]
    assert made is not None
    return made


def at(now: datetime, policies: dict[str, Any] | None = None, **identity: Any) -> Estate:
    return Estate(now).identity(policies=policies, tags={"owner": "shop", "ticket": "T-1"}, **identity)


def of(analysis: Analysis, rule: str = "unknown_account") -> pd.DataFrame:
    return analysis.lives[analysis.lives["rule"] == rule].sort_values("episode").reset_index(drop=True)


def only(analysis: Analysis, rule: str = "unknown_account") -> pd.Series:
    (row,) = [row for _, row in of(analysis, rule).iterrows()]
    return row


def test_an_organization_without_findings_has_no_lives(all_rules: None, tmp_path: Path) -> None:
    assert chain(tmp_path, at(OCTOBER), at(NOVEMBER)).lives.empty


def test_between_two_snapshots_without_an_event_there_is_an_interval(tmp_path: Path) -> None:
    life = only(chain(tmp_path, at(SEPTEMBER), at(OCTOBER, OPEN), at(NOVEMBER)))
    assert (life["opened_after"], life["opened_by"], life["opened_basis"]) == (SEPTEMBER, OCTOBER, "interval")
    assert (life["resolved_after"], life["resolved_by"], life["resolved_basis"]) == (OCTOBER, NOVEMBER, "interval")
    assert (life["opened_in"], life["resolved_in"], life["days_low"], life["days"]) == ("2026-09", "2026-10", 0, 61)


def test_an_event_tells_the_moment_and_who(tmp_path: Path) -> None:
    opened = at(OCTOBER, OPEN).change("2026-09-10T12:00", "CreateEmailIdentityPolicy", "p", OPEN["p"])
    closed = at(NOVEMBER).change("2026-10-10T12:00", "DeleteEmailIdentityPolicy", "p")
    life = only(chain(tmp_path, at(SEPTEMBER), opened, closed))
    assert (life["opened_basis"], life["resolved_basis"], life["days"]) == ("event", "event", 30)
    assert life["opened_principal"] == life["resolved_principal"] == "arn:aws:iam::210000000001:role/deploy"
    assert (life["opened_in"], life["resolved_in"]) == ("2026-09", "2026-10")


@pytest.mark.parametrize("key", ["aws:CurrentTime", "aws:\\u0043urrentTime", "AWS:currenttime"])
def test_a_policy_that_ends_by_itself_is_judged_by_the_day_of_the_moment(key: str, tmp_path: Path) -> None:
    text = json.dumps(policy(STRANGER, Condition={"DateLessThan": {"KEY": "2026-10-20T00:00:00Z"}})).replace("KEY", key)
    now = at(NOVEMBER).change("2026-10-10T00:00", "PutIdentityPolicy", "p")
    now.rows["changes"][-1]["policy"] = text
    now.change("2026-10-12T00:00", "DeleteIdentityPolicy", "p")
    life = only(chain(tmp_path, at(OCTOBER), now))
    assert (life["status"], life["days"], life["first_seen"]) == ("resolved", 2, pd.Timestamp("2026-10-10", tz="UTC"))


def test_what_came_and_went_between_two_snapshots_is_known_from_events(tmp_path: Path) -> None:
    now = at(NOVEMBER).change("2026-10-10T00:00", "PutIdentityPolicy", "p", OPEN["p"])
    now.change("2026-10-12T00:00", "DeleteIdentityPolicy", "p")
    life = only(chain(tmp_path, at(OCTOBER), now))
    assert (life["status"], life["days"], life["first_seen"]) == ("resolved", 2, pd.Timestamp("2026-10-10", tz="UTC"))


def test_a_verified_address_without_policies_takes_nothing_from_its_domain(tmp_path: Path) -> None:
    only_boss = policy(STRANGER, Condition={"StringEquals": {"ses:FromAddress": "boss@example.com"}})
    opened = at(OCTOBER, {"p": only_boss}).change("2026-09-10T12:00", "CreateEmailIdentityPolicy", "p", only_boss)
    boss = opened.identity("boss@example.com", tags={"owner": "shop", "ticket": "T-1"})
    assert only(chain(tmp_path, at(SEPTEMBER), boss))["opened_basis"] == "event"


def test_an_event_for_another_policy_is_not_the_opening(tmp_path: Path) -> None:
    now = at(NOVEMBER, OPEN).change("2026-10-10T00:00", "PutIdentityPolicy", "q", policy(VENDOR))
    assert only(chain(tmp_path, at(OCTOBER), now))["opened_basis"] == "interval"


def test_a_change_that_failed_changed_nothing(tmp_path: Path) -> None:
    now = at(NOVEMBER, OPEN).change("2026-10-10T00:00", "PutIdentityPolicy", "p", OPEN["p"], error="AccessDenied")
    assert only(chain(tmp_path, at(OCTOBER), now))["opened_basis"] == "interval"


def test_a_text_cloudtrail_hides_is_what_the_snapshot_shows_when_it_came_last(tmp_path: Path) -> None:
    now = at(NOVEMBER, OPEN).change("2026-10-10T00:00", "PutIdentityPolicy", "p", None)
    assert only(chain(tmp_path, at(OCTOBER), now))["opened_at"] == pd.Timestamp("2026-10-10", tz="UTC")


def test_between_two_hidden_texts_nobody_knows_which_opened_it(tmp_path: Path) -> None:
    now = at(NOVEMBER, OPEN).change("2026-10-10T00:00", "PutIdentityPolicy", "p", None)
    now.change("2026-10-20T00:00", "PutIdentityPolicy", "p", OPEN["p"])
    life = only(chain(tmp_path, at(OCTOBER), now))
    assert pd.isna(life["opened_at"]) and life["opened_after"] == OCTOBER
    assert life["opened_by"] == pd.Timestamp("2026-10-20", tz="UTC")


def test_events_that_were_not_read_give_no_moment(tmp_path: Path) -> None:
    now = at(NOVEMBER, OPEN).change("2026-10-10T00:00", "PutIdentityPolicy", "p", OPEN["p"]).gap(SHOP, EU, "changes")
    assert only(chain(tmp_path, at(OCTOBER), now))["opened_basis"] == "interval"


def test_a_deleted_identity_ends_all_it_had(tmp_path: Path) -> None:
    gone = Estate(NOVEMBER).place().change("2026-10-20T00:00", "DeleteEmailIdentity", None)
    lives = chain(tmp_path, at(SEPTEMBER), at(OCTOBER, OPEN | {"q": policy("*")}), gone).lives
    assert set(lives["status"]) == {"resolved"} and lives["resolved_at"].eq(pd.Timestamp("2026-10-20", tz="UTC")).all()


def test_before_the_first_snapshot_a_put_is_the_latest_it_can_have_opened(tmp_path: Path) -> None:
    """PutIdentityPolicy replaces as well as adds."""
    put = at(NOVEMBER, OPEN).change("2026-10-10T00:00", "PutIdentityPolicy", "p", OPEN["p"])
    life = only(chain(tmp_path / "put", put))
    assert pd.isna(life["opened_at"]) and life["opened_by"] == pd.Timestamp("2026-10-10", tz="UTC")
    new = at(NOVEMBER, OPEN).change("2026-10-10T00:00", "CreateEmailIdentityPolicy", "p", OPEN["p"])
    assert only(chain(tmp_path / "new", new))["opened_at"] == pd.Timestamp("2026-10-10", tz="UTC")


def test_a_policy_replaced_by_another_with_the_same_finding_is_one_life(tmp_path: Path) -> None:
    now = at(NOVEMBER, {"renamed": policy(STRANGER)})
    now.change("2026-10-10T00:00", "PutIdentityPolicy", "renamed", OPEN["p"])
    now.change("2026-10-10T00:01", "DeleteIdentityPolicy", "p")
    life = only(chain(tmp_path, at(SEPTEMBER), at(OCTOBER, OPEN), now))
    assert (life["status"], life["reopened"], life["opened_by"]) == ("open", 0, OCTOBER)


def test_a_finding_that_comes_back_is_a_new_episode(tmp_path: Path) -> None:
    lives = of(chain(tmp_path, at(AUGUST, OPEN), at(SEPTEMBER), at(OCTOBER, OPEN), at(NOVEMBER, OPEN)))
    assert lives["status"].tolist() == ["resolved", "open"]
    assert lives["reopened"].tolist() == [0, 1]
    assert pd.isna(lives["opened_in"][0]) and lives["opened_in"][1] == "2026-09"


@pytest.mark.parametrize(
    ("account", "region", "dataset", "says"),
    [
        (SHOP, EU, "everything", "everything: denied"),
        (SHOP, EU, "policies", "policies: denied"),
        (SHOP, EU, "identities", "identities: denied"),
        (SHOP, "global", "everything", "everything: denied"),
    ],
)
def test_a_place_that_was_not_read_keeps_its_findings(
    account: str, region: str, dataset: str, says: str, tmp_path: Path
) -> None:
    now = Estate(NOVEMBER).gap(account, region, dataset)
    life = only(chain(tmp_path, at(SEPTEMBER), at(OCTOBER, OPEN), now))
    assert life["status"] == "not observed" and life["reason"].startswith(says)
    assert pd.isna(life["resolved_by"]) and life["last_seen"] == OCTOBER


def test_an_account_that_left_was_not_read(tmp_path: Path) -> None:
    now = Estate(NOVEMBER).place(DEV)
    now.rows["accounts"] = [row for row in now.rows["accounts"] if row["account_id"] != SHOP]
    life = only(chain(tmp_path, at(OCTOBER, OPEN), now))
    assert (life["status"], life["reason"]) == ("not observed", "the account has left the organization")


def test_a_region_left_out_of_the_collection_was_not_read(tmp_path: Path) -> None:
    life = only(chain(tmp_path, at(OCTOBER, OPEN, region=US), at(NOVEMBER)))
    assert life["status"] == "not observed" and "not part of the collection" in life["reason"]


def test_an_identity_read_beside_one_that_was_not_is_known(tmp_path: Path) -> None:
    """GetEmailIdentity failed for the other: the place has a gap, this identity has none."""
    before = at(OCTOBER, OPEN).identity("other.example.net", OPEN)
    now = at(NOVEMBER).identity("other.example.net", read=False)
    lives = of(chain(tmp_path, before, now)).set_index("identity")["status"]
    assert lives.to_dict() == {"example.com": "resolved", "other.example.net": "not observed"}


def test_a_domain_is_not_known_while_an_address_under_it_is_not(tmp_path: Path) -> None:
    """An address with policies of its own takes precedence over its domain."""
    now = at(NOVEMBER).identity("ceo@mail.example.com", read=False)
    assert only(chain(tmp_path, at(OCTOBER, OPEN), now))["status"] == "not observed"


def test_other_rules_rest_on_other_datasets(all_rules: None, tmp_path: Path) -> None:
    before = at(OCTOBER).quota(100.0, enforcement_status="PROBATION")
    unread = at(NOVEMBER).gap(SHOP, EU, "sending_accounts")
    assert only(chain(tmp_path / "a", before, unread), "enforcement")["status"] == "not observed"
    healthy = at(NOVEMBER).quota(100.0).gap(SHOP, EU, "policies")
    assert only(chain(tmp_path / "b", before, healthy), "enforcement")["status"] == "resolved"


def test_tags_of_accounts_that_were_not_read_resolve_nothing(tmp_path: Path) -> None:
    granted = {"p": policy(DEV)}
    now = at(NOVEMBER, granted).gap(SHOP, "global", "account_tags")
    for row in now.rows["accounts"]:
        row["tags"] = None
    life = only(chain(tmp_path, at(OCTOBER, granted), now), "non_production_on_production")
    assert life["status"] == "not observed" and life["reason"].startswith("account_tags")


def test_topics_that_were_not_read_resolve_nothing(tmp_path: Path) -> None:
    before = at(OCTOBER)
    before.rows["identities"][0]["bounce_topic"] = f"arn:aws:sns:eu-west-1:{STRANGER}:feedback"
    now = at(NOVEMBER).gap(SHOP, EU, "notification_topics")
    assert only(chain(tmp_path, before, now), "foreign_feedback_topic")["status"] == "not observed"


def registered(estate: Estate, **dates: datetime) -> Estate:
    for row in estate.register:
        if row["account_id"] == FORMER:
            row.update(dates)
    return estate


def test_an_approval_that_ends_opens_the_finding_on_its_day(tmp_path: Path) -> None:
    end, granted = datetime(2026, 10, 16, tzinfo=UTC), {"p": policy(FORMER)}
    before = registered(at(OCTOBER, granted), expires_at=end)
    before.register[1]["status"] = "expiring"
    life = only(chain(tmp_path, before, registered(at(NOVEMBER, granted), expires_at=end)), "expired_approval")
    assert (life["opened_at"], life["opened_basis"], life["opened_in"]) == (end, "register", "2026-10")


def test_an_approval_that_ended_before_all_memory_is_the_earliest_it_can_have_opened(tmp_path: Path) -> None:
    end = datetime(2026, 2, 1, tzinfo=UTC)
    life = only(chain(tmp_path, registered(at(NOVEMBER, {"p": policy(FORMER)}), expires_at=end)), "expired_approval")
    assert pd.isna(life["opened_at"]) and (life["opened_after"], life["opened_by"]) == (end, NOVEMBER)


def test_a_grant_made_after_the_approval_ended_was_opened_by_the_grant(tmp_path: Path) -> None:
    end, granted = datetime(2026, 10, 10, tzinfo=UTC), {"p": policy(FORMER)}
    now = at(NOVEMBER, granted).change("2026-10-20T00:00", "PutIdentityPolicy", "p", granted["p"])
    before = registered(at(OCTOBER), expires_at=end)
    life = only(chain(tmp_path, before, registered(now, expires_at=end)), "expired_approval")
    assert (life["opened_at"], life["opened_basis"]) == (pd.Timestamp("2026-10-20", tz="UTC"), "event")


def test_the_history_reaches_back_to_the_first_snapshot(tmp_path: Path) -> None:
    months = [datetime(2025, 7, 3, tzinfo=UTC), datetime(2025, 8, 3, tzinfo=UTC), OCTOBER, NOVEMBER]
    life = only(chain(tmp_path, at(months[0]), *(at(month, OPEN) for month in months[1:])))
    assert (life["opened_after"], life["opened_by"]) == (months[0], months[1])


def test_a_log_older_than_cloudtrails_memory_is_not_whole(tmp_path: Path) -> None:
    """Between snapshots 120 days apart a Put may have replaced what the forgotten days had."""
    now = at(NOVEMBER, OPEN).change("2026-10-10T00:00", "PutIdentityPolicy", "p", OPEN["p"])
    life = only(chain(tmp_path, at(JULY), now))
    assert pd.isna(life["opened_at"])
    assert (life["opened_after"], life["opened_by"]) == (JULY, pd.Timestamp("2026-10-10", tz="UTC"))


def test_findings_show_since_when(tmp_path: Path) -> None:
    made = chain(tmp_path, at(OCTOBER), at(NOVEMBER, OPEN)).findings.set_index("rule").loc["unknown_account"]
    assert made["first_seen"] == NOVEMBER and pd.isna(made["opened_at"])


TWO = [statement({"AWS": [VENDOR, STRANGER]}), statement("*")]
SAME = {
    "another name": ({"p": {"Statement": TWO}}, {"q": {"Statement": TWO}}),
    "another order of statements": ({"p": {"Statement": TWO}}, {"p": {"Statement": TWO[::-1]}}),
    "another order of principals": (
        {"p": {"Statement": TWO}},
        {"p": {"Statement": [statement({"AWS": [STRANGER, VENDOR]}), TWO[1]]}},
    ),
    "another order of keys and another layout": (
        {"p": json.dumps({"Version": "2012-10-17", "Statement": TWO})},
        {"p": json.dumps({"Statement": [dict(reversed(s.items())) for s in TWO], "Version": "2012-10-17"}, indent=3)},
    ),
    "an account by its root": (
        {"p": policy(STRANGER)},
        {"p": policy({"AWS": f"arn:aws:iam::{STRANGER}:root"})},
    ),
    "statements on their own": (
        {"p": {"Statement": TWO}},
        {"p": {"Statement": TWO[:1]}, "q": {"Statement": TWO[1:]}},
    ),
    "an idle Deny for two, the other way round": (
        {"p": policy({"AWS": [STRANGER, FORMER]}, effect="Deny")},
        {"p": policy({"AWS": [FORMER, STRANGER]}, effect="Deny")},
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_written_otherwise_it_is_the_same_finding(case: str, all_rules: None, tmp_path: Path) -> None:
    one, other = (
        {
            name: document if isinstance(document, str) else {"Version": "2012-10-17", **document}
            for name, document in policies.items()
        }
        for policies in SAME[case]
    )
    lives = chain(tmp_path, at(OCTOBER, one), at(NOVEMBER, other)).lives
    assert len(lives) and set(lives["status"]) == {"open"} and lives["last_seen"].eq(NOVEMBER).all()
    assert lives["first_seen"].eq(OCTOBER).all()


def test_what_a_rule_finds_of_the_month_alone_began_in_it_also_at_the_first_snapshot(
    all_rules: None, tmp_path: Path
) -> None:
    now = at(NOVEMBER).change("2026-10-20T12:00", "PutAccountDetails", None, identity=None)
    life = only(chain(tmp_path, now), "production_access")
    assert (life["age"], life["opened_in"]) == ("new this month", "2026-10")
    assert life["opened_after"] == pd.Timestamp("2026-10-01", tz="UTC")


def test_what_was_there_at_the_first_snapshot_is_of_unknown_age(tmp_path: Path) -> None:
    assert only(chain(tmp_path, at(NOVEMBER, OPEN)))["age"] == "since before the first snapshot"
