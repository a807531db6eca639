"""Which approval fits a grant, whom the approvals trust where, and what becomes of an approval."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from estate import FORMER, NOVEMBER, STRANGER, VENDOR, Estate, policy
from hypothesis import given
from hypothesis import strategies as st

from sesreport.analysis import Analysis
from sesreport.analysis.accounts import ACCOUNTS
from sesreport.analysis.approvals import REASONS, Approvals
from sesreport.analysis.judged_identities import trusted_accounts
from sesreport.findings.examples import Example, allow
from sesreport.kpis.registry import kpis
from sesreport.policy import addresses_within
from sesreport.settings.config import OrganizationSettings
from sesreport.settings.register import register_from_rows

SHOP = "shop.example.com"
OCTOBER = datetime(2026, 10, 3, 6, tzinfo=UTC)
NOBODY = ACCOUNTS.empty().assign(in_organization=pd.Series(dtype="boolean"))
"""Accounts of no organization."""


def approval(**fields: Any) -> dict[str, Any]:
    return {"account_id": VENDOR, "name": "Mailwise", "ticket": "SEC-1", "status": "valid", **fields}


def matched(*rows: dict[str, Any], patterns: tuple[str, ...] = (), account: str = VENDOR) -> tuple[str, str | None]:
    found = Approvals(register_from_rows(rows)).match(account, SHOP, patterns)
    return found.reason, found.approval and found.approval.id


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "approved"),
        ({"status": "expiring", "identities": ["*.example.com"]}, "approved"),
        ({"ticket": " "}, "no ticket"),
        ({"ticket": None, "from_patterns": ["a@*"]}, "wider From"),
        ({"identities": ["news.example.com"]}, "wrong identity"),
        ({"status": "expired"}, "expired"),
        ({"status": "expired", "identities": ["news.example.com"]}, "expired"),
    ],
)
def test_an_approval_fits_or_lacks_something(fields: dict[str, Any], reason: str) -> None:
    assert matched(approval(approval_id="one", **fields)) == (reason, "one")


def test_an_account_without_an_approval_is_unregistered() -> None:
    assert matched(approval(), account=STRANGER) == ("unregistered", None)


def test_the_approval_that_fits_best_is_taken_and_of_equal_ones_that_which_ends_last() -> None:
    soon, late = (datetime(2027, month, 1, tzinfo=UTC) for month in (1, 6))
    best = [approval(approval_id="soon", expires_at=soon), approval(approval_id="late", expires_at=late)]
    worse = [approval(approval_id="free", ticket=None), approval(approval_id="old", status="expired")]
    assert matched(*worse, *best) == ("approved", "late")
    assert matched(*best, *worse, approval(approval_id="open")) == ("approved", "open")


ROWS = st.builds(
    approval,
    status=st.sampled_from(["valid", "expiring", "expired"]),
    ticket=st.sampled_from(["SEC-1", None]),
    identities=st.lists(st.sampled_from([SHOP, "*.example.com", "news.example.com"]), max_size=2, unique=True),
    from_patterns=st.lists(st.sampled_from(["*@shop.example.com", "a@*", "*"]), max_size=2, unique=True),
    expires_at=st.sampled_from([None, NOVEMBER, OCTOBER]),
)
REGISTERS = st.lists(ROWS, max_size=4).map(
    lambda rows: [{**row, "approval_id": f"A{number}"} for number, row in enumerate(rows)]
)
PATTERNS = st.sampled_from([(), ("a@shop.example.com",), ("*@shop.example.com",), ("b*",)])


@given(REGISTERS, PATTERNS, st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, Any]], patterns: tuple[str, ...], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    assert matched(*rows, patterns=patterns) == matched(*shuffled, patterns=patterns)
    assert standing(rows) == standing(shuffled)


def standing(rows: list[dict[str, Any]]) -> str | None:
    return Approvals(register_from_rows(rows)).standing(VENDOR, SHOP)


def trusted(rows: list[dict[str, Any]]) -> bool:
    """Whether the engine is told that the account is approved on the identity."""
    whom = trusted_accounts(NOBODY, register_from_rows(rows), None, OrganizationSettings(), date(2026, 11, 1))
    return VENDOR in whom.on(SHOP).register


@given(REGISTERS, ROWS, PATTERNS)
def test_an_ended_approval_makes_no_grant_approved(
    rows: list[dict[str, Any]], ended: dict[str, Any], patterns: tuple[str, ...]
) -> None:
    more = [*rows, {**ended, "status": "expired", "approval_id": "ended"}]
    before, after = matched(*rows, patterns=patterns)[0], matched(*more, patterns=patterns)[0]
    assert REASONS.index(after) >= min(REASONS.index(before), REASONS.index("expired"))
    assert trusted(rows) or not trusted(more)


@given(REGISTERS, PATTERNS, st.data())
def test_taking_an_approval_out_fits_no_grant_better(
    rows: list[dict[str, Any]], patterns: tuple[str, ...], data: st.DataObject
) -> None:
    fewer = data.draw(st.sampled_from([rows, *([*rows[:at], *rows[at + 1 :]] for at in range(len(rows)))]))
    before, after = matched(*rows, patterns=patterns)[0], matched(*fewer, patterns=patterns)[0]
    assert REASONS.index(after) >= REASONS.index(before)


@given(REGISTERS)
def test_the_engine_trusts_by_the_same_rule_as_the_frame(rows: list[dict[str, Any]]) -> None:
    assert trusted(rows) == (standing(rows) in ("valid", "expiring"))


@pytest.mark.parametrize(
    ("asked", "approved", "within"),
    [
        ((), ("*",), True),
        ((), (), True),
        ((), ("*@shop.example.com",), False),  # its subdomains are the domain's, too
        ((), ("*@shop.example.com", "*@*.shop.example.com"), True),
        ((), ("*@*",), True),
        ((), ("?*@*",), True),
        (("*@shop.example.com",), ("*@shop.example.com",), True),
        (("*@SHOP.example.com",), ("*@shop.example.com",), True),
        (("*@*.shop.example.com",), ("*@shop.example.com",), False),
        (("news*@shop.example.com",), ("n*@*",), True),
        (("n*@*",), ("news*@shop.example.com",), False),
        (("a@shop.example.com", "b@shop.example.com"), ("a@*", "b@*"), True),
        (("a@shop.example.com", "c@shop.example.com"), ("a@*", "b@*"), False),
        (("?@shop.example.com",), ("*@shop.example.com",), True),
        (("*@shop.example.com",), ("?*@shop.example.com",), True),
        (("*@shop.example.com",), ("??*@shop.example.com",), False),
        (("${aws:username}@shop.example.com",), ("*@shop.example.com",), True),
        (("${aws:username}@shop.example.com",), ("a*@shop.example.com",), False),
        (("x@other.example.org",), ("a@*",), True),  # no address of the identity
    ],
)
def test_from_addresses_are_within_by_all_they_match(
    asked: tuple[str, ...], approved: tuple[str, ...], within: bool
) -> None:
    assert addresses_within(SHOP, asked, approved) is within


def test_an_address_sends_as_itself() -> None:
    assert addresses_within("a@shop.example.com", (), ("a@*",))
    assert not addresses_within("b@shop.example.com", ("*",), ("a@*",))


def test_what_takes_too_much_work_is_wider() -> None:
    hard = "".join("*" + letter for letter in "abcdefghijklmnop" * 12)
    assert not addresses_within(SHOP, (f"?{hard}*",), (f"?*{hard}?*", f"{hard}??*"))


def two_places(*rows: dict[str, Any]) -> Estate:
    """A vendor on two identities, and its register."""
    estate = Estate().identity("shop.example.com", {"p": policy(VENDOR)})
    estate.identity("news.example.com", {"p": policy(VENDOR)})
    estate.register = list(rows)
    return estate


HERE_ENDED = (
    approval(approval_id="news", identities=["news.example.com"]),
    approval(approval_id="shop", identities=[SHOP], status="expired"),
)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return two_places(*HERE_ENDED).analysis(tmp_path_factory.mktemp("ended"))


def test_an_approval_that_ended_is_not_made_up_for_by_one_elsewhere(ended: Analysis) -> None:
    by_name = ended.grants.set_index("identity")
    assert by_name.loc[SHOP, ["scope", "register_status", "registered"]].tolist() == ["external", "expired", False]
    assert by_name.loc["news.example.com", ["scope", "register_status"]].tolist() == ["vendor", "valid"]
    assert ended.exposures.set_index("identity")["exposure"].to_dict() == {
        SHOP: "external", "news.example.com": "vendor",
    }  # fmt: skip


def test_an_account_is_unknown_where_its_approval_ended(ended: Analysis) -> None:
    (unknown,) = [each for each in kpis() if each.id == "unknown_accounts"]
    measured = unknown.measure(ended)
    row = measured.frame.iloc[0]
    assert (row["register_status"], row["unknown"], row["identities"]) == ("expired", True, 2)
    assert set(ended.findings.loc[ended.findings["rule"] == "expired_approval", "identity"]) == {SHOP}


def test_a_grant_is_attested_by_the_approval_that_it_is_matched_with(tmp_path: Path) -> None:
    rows = [
        approval(approval_id="news", identities=["news.example.com"], approved_at=datetime(2026, 10, 1, tzinfo=UTC)),
        approval(approval_id="shop", identities=[SHOP], approved_at=datetime(2025, 10, 1, tzinfo=UTC)),
    ]
    (attested,) = [each for each in kpis() if each.id == "attested_grants"]
    frame = attested.measure(two_places(*rows).analysis(tmp_path)).frame
    assert frame.set_index("identity")["attested"].to_dict() == {SHOP: False, "news.example.com": True}


def test_an_approval_is_used_or_its_grant_is_gone(tmp_path: Path) -> None:
    rows = [
        approval(approval_id="any", expires_at=NOVEMBER + timedelta(days=400)),
        approval(approval_id="promo", identities=["promo.example.com"]),
        approval(approval_id="over", account_id=FORMER, status="expired"),
    ]
    frame = two_places(*rows).analysis(tmp_path).approvals.set_index("approval_id")
    assert frame["grants"].to_dict() == {"any": 2, "promo": 0, "over": 0}
    assert frame.loc["any", "used_on"] == ["news.example.com", "shop.example.com"]
    assert frame["gone"].to_dict() == {"any": False, "promo": True, "over": False}


def test_whether_a_grant_is_gone_is_not_known_where_policies_were_not_read(tmp_path: Path) -> None:
    estate = two_places(approval(approval_id="promo", identities=["promo.example.com"]))
    frame = estate.identity("promo.example.com", read=False).analysis(tmp_path).approvals
    assert frame["gone"].isna().tolist() == [True]


def test_an_account_let_in_by_a_condition_is_not_gone(tmp_path: Path) -> None:
    held = policy("*", Condition={"StringEquals": {"aws:PrincipalAccount": VENDOR}})
    estate = Estate().identity("example.com", {"p": held})
    estate.register = [approval(approval_id="one")]
    assert estate.analysis(tmp_path).approvals["gone"].tolist() == [False]


def test_a_vendor_that_its_documentation_names_is_told_and_not_trusted(tmp_path: Path) -> None:
    datadog = "464622532012"
    held = policy("*", Condition={"StringEquals": {"aws:PrincipalAccount": datadog}})
    estate = Estate().identity("a.example.com", {"p": policy(datadog)}).identity("b.example.com", {"p": held})
    analysis = estate.analysis(tmp_path)
    told = analysis.grants.set_index("identity").loc["a.example.com"]
    assert told["why"] == "account of Datadog by its documentation; not registered"
    assert (told["scope"], told["registered"], told["approval"]) == ("external", False, "unregistered")
    evidence = analysis.findings.query("rule == 'unknown_account' and identity == 'b.example.com'")["evidence"].iloc[0]
    assert evidence.endswith(
        "its conditions let in 464622532012 (account of Datadog by its documentation; not registered)"
    )


def test_ours_services_wildcards_and_denies_need_no_approval(tmp_path: Path) -> None:
    deny = policy(STRANGER, effect="Deny")
    named = {"p": policy("*"), "q": policy({"Service": "sns.amazonaws.com"}), "r": policy("210000000001"), "s": deny}
    assert Estate().identity("example.com", named).analysis(tmp_path).grants["approval"].isna().all()


def test_a_renewal_as_a_second_row_leaves_the_months_before_as_they_were_judged(tmp_path: Path) -> None:
    """October's snapshot lies in the first approval, November's in the renewal; there was none in between."""
    first = {"approved_at": datetime(2026, 1, 1, tzinfo=UTC), "expires_at": datetime(2026, 10, 10, tzinfo=UTC)}
    again = {"approved_at": datetime(2026, 10, 20, tzinfo=UTC), "expires_at": None}

    def month(now: datetime, folder: str, previous: Analysis | None, *statuses: str) -> Analysis:
        estate = Estate(now).identity("example.com", {"p": policy(VENDOR)})
        estate.register = [
            approval(status=status, **dates) for status, dates in zip(statuses, (first, again), strict=False)
        ]
        return estate.analysis(tmp_path / folder, previous=previous)

    october = month(OCTOBER, "october", None, "expiring", "expired")
    alone = month(OCTOBER, "alone", None, "expiring")
    assert october.grants["scope"].tolist() == alone.grants["scope"].tolist() == ["vendor"]
    november = month(NOVEMBER, "november", october, "expired", "valid")
    assert november.grants["scope"].tolist() == ["vendor"]
    lives = november.lives
    gap = lives[lives["rule"] == "expired_approval"].iloc[0]
    assert (gap["opened_at"], gap["resolved_at"]) == (first["expires_at"], again["approved_at"])


def found(analysis: Analysis, rule: str) -> dict[str, str]:
    """Evidence by identity."""
    rows = analysis.findings[analysis.findings["rule"] == rule]
    return dict(zip(rows["identity"], rows["evidence"], strict=True))


def test_more_from_addresses_than_approved_are_found_and_told(tmp_path: Path) -> None:
    limited = policy(VENDOR, Condition={"StringLike": {"ses:FromAddress": ["a@*", "b@*"]}})
    estate = Estate().identity("wide.example.com", {"p": policy(VENDOR)}).identity("two.example.com", {"p": limited})
    estate.identity("fits.example.com", {"p": policy(VENDOR, Condition={"StringLike": {"ses:FromAddress": "a@*"}})})
    estate.register = [approval(approval_id="one", from_patterns=["a@*"])]
    assert found(estate.analysis(tmp_path), "beyond_approval") == {
        "wide.example.com": "p, statement 1: allows From any address; approval one is for a@* only",
        "two.example.com": "p, statement 1: allows From a@*, b@*; approval one is for a@* only",
    }


def test_owners_who_have_left_are_found_wherever_they_answer(tmp_path: Path) -> None:
    estate = Estate().identity("tagged.example.com", tags={"owner": "r.osei"})
    estate.identity("untagged.example.com").identity(
        "granted.example.com", {"p": policy(VENDOR)}, tags={"owner": "crm"}
    )
    estate.register = [approval(approval_id="one", owner="t.lindqvist")]
    analysis = estate.analysis(tmp_path)
    assert found(analysis, "owner_gone") == {}
    again = estate.analysis(tmp_path / "again")
    again.owners = frozenset({"crm"})
    assert found(again, "owner_gone") == {
        "tagged.example.com": "owner r.osei of the identity is not in the directory",
        "untagged.example.com": "owner platform of the account is not in the directory",
        "granted.example.com": "p, statement 1: owner t.lindqvist of approval one is not in the directory",
    }


def test_an_approval_for_other_identities_trusts_nobody_here(tmp_path):
    """Its account counts as one that nobody approved, and the finding says what it is approved for."""
    example = Example({"p": allow("310000000001")}, approved_identities=["other.com"])
    analysis = example.analysis(tmp_path)
    (grant,) = analysis.grants.to_dict("records")
    assert (grant["scope"], grant["registered"]) == ("external", False)
    assert grant["why"] == "outside account that is approved for other identities alone"
    assert "beyond_approval" in set(analysis.findings["rule"])
    assert analysis.exposures["exposure"].tolist() == ["external"]
