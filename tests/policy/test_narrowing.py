"""A narrowed policy allows nothing new, and keeps everything approved; what cannot be proved is not offered."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_shared import TIMES, examples

from sesreport.policy import Organization, decide, read_policies
from sesreport.policy.approved import Approved, ApprovedSender
from sesreport.policy.evaluator import Caller, CallerKind, Request
from sesreport.policy.fixes import applied, fixes_of
from sesreport.policy.narrowing import NotNarrowedError, narrowed
from sesreport.policy.rewriting import APPROVED_ACTIONS
from tests.policy.approvals import approved
from tests.policy.build import DOMAIN, MEMBER, OUTSIDER, OWN, VENDOR, allow, deny, policy
from tests.policy.universe import TooManyError, requests
from tests.policy.vocabulary import documents, settings

TODAY = date(2026, 11, 24)
FEW = 200
"""Requests that are all asked of each example; of those after them, every thirteenth."""
NEWS = ApprovedSender(VENDOR, ("news@example.com",), date(2027, 6, 30))
ANY = ApprovedSender(VENDOR)
COGNITO = "cognito-idp.amazonaws.com"
OURS = Organization("o-a1b2c3d4e5", {OWN, MEMBER})


def fixed(*statements, senders=(NEWS,), organization=OURS, refused=frozenset(), more=None):
    """The statements that take the place of a policy's, None where it is deleted."""
    policies = {"p": json.dumps(policy(*statements)), **(more or {})}
    made = narrowed(DOMAIN, policies, "p", Approved(organization, tuple(senders), refused), today=TODAY)
    return None if made.text is None else json.loads(made.text)["Statement"]


def why_not(*statements, **how) -> str:
    with pytest.raises(NotNarrowedError) as error:
        fixed(*statements, **how)
    return str(error.value)


def test_an_unknown_account_leaves_the_policy_empty_and_it_goes():
    assert fixed(allow({"AWS": OUTSIDER})) is None


def test_everybody_becomes_the_organization_and_the_approved_account_with_its_limits():
    organization, vendor = fixed(allow("*", Action="ses:SendEmail"))
    assert organization == allow("*", {"StringEquals": {"aws:PrincipalOrgID": OURS.id}}, Action="ses:SendEmail")
    assert vendor["Principal"] == {"AWS": VENDOR}
    assert vendor["Condition"] == {
        "StringLike": {"ses:FromAddress": "news@example.com"},
        "DateLessThan": {"aws:CurrentTime": "2027-07-01T00:00:00Z"},
    }


def test_an_approved_account_gets_the_addresses_and_the_end_of_its_approval():
    (vendor,) = fixed(allow({"AWS": VENDOR}, Action="ses:SendEmail"))
    assert vendor["Condition"]["StringLike"] == {"ses:FromAddress": "news@example.com"}


def test_two_approvals_become_two_statements():
    early = ApprovedSender(VENDOR, ("jobs@example.com",), date(2026, 12, 31))
    assert len(fixed(allow({"AWS": VENDOR}), senders=(NEWS, early))) == 2


def test_an_address_that_both_allow_stays():
    condition = {"StringLike": {"ses:FromAddress": ["news@example.com", "ceo@example.com"]}}
    (vendor,) = fixed(allow({"AWS": VENDOR}, condition))
    assert vendor["Condition"]["StringLike"] == {"ses:FromAddress": "news@example.com"}


def test_an_earlier_end_stays():
    condition = {
        "StringEquals": {"ses:FromAddress": "news@example.com"},
        "DateLessThan": {"aws:CurrentTime": "2026-12-31T00:00:00Z"},
    }
    assert why_not(allow({"AWS": VENDOR}, condition)) == "it lets in nobody beyond what is approved"


def _end_of(written) -> object:
    """The end that a grant of the vendor has when it is fixed; its own stays where nothing is fixed."""
    condition = {"StringEquals": {"ses:FromAddress": "news@example.com"}, "DateLessThan": {"aws:CurrentTime": written}}
    try:
        (vendor,) = fixed(allow({"AWS": VENDOR}, condition, Action="ses:SendEmail"))
    except NotNarrowedError as error:
        assert str(error) == "it lets in nobody beyond what is approved"
        return written
    return vendor["Condition"]["DateLessThan"]["aws:CurrentTime"]


@pytest.mark.parametrize(
    ("written", "stays"),
    [
        ("1798761600", True),  # 2027-01-01 in seconds since 1970
        (1798761600, True),
        ("1893456000", False),  # 2030-01-01
        ("2027-07-01T05:00:00+09:00", True),  # 30 June in UTC
        ("2027-06-30T20:00:00-09:00", False),  # 1 July in UTC
        ("2027-07", True),
        (["2026-12-31T00:00:00Z", "2027-01-31T00:00:00Z"], True),
        (["2026-12-31T00:00:00Z", "2030-01-01T00:00:00Z"], False),
    ],
)
def test_the_earlier_end_stays_however_it_is_written(written, stays: bool):
    assert _end_of(written) == (written if stays else "2027-07-01T00:00:00Z")


def test_an_end_in_milliseconds_is_not_understood_and_nothing_is_offered():
    condition = {"DateLessThan": {"aws:CurrentTime": "1767225600000"}}
    assert "could not be proved" in why_not(allow({"AWS": VENDOR}, condition, Action="ses:SendEmail"))


def test_managing_the_identity_is_approved_for_nobody_else():
    vendor, member = sorted(
        fixed(allow({"AWS": [VENDOR, MEMBER]}, Action="ses:*"), senders=[ANY]), key=lambda one: str(one["Principal"])
    )[::-1]
    assert vendor["Action"] == member["Action"] == list(APPROVED_ACTIONS)


def test_the_own_account_keeps_what_it_may_do():
    kept, vendor = fixed(allow({"AWS": [OWN, VENDOR]}, Action="ses:*"), senders=[ANY])
    assert (kept["Principal"], kept["Action"]) == ({"AWS": OWN}, "ses:*")
    assert vendor["Action"] == list(APPROVED_ACTIONS)


def test_a_service_is_held_to_the_organization_or_to_the_own_account():
    statement = allow({"Service": "cognito-idp.amazonaws.com"})
    (ours,) = fixed(statement)
    assert ours["Condition"] == {"StringEquals": {"aws:SourceOrgID": OURS.id}}
    (own,) = fixed(statement, organization=Organization(None))
    assert own["Condition"] == {"StringEquals": {"aws:SourceAccount": OWN}}


def test_an_account_of_the_organization_that_may_not_send_goes():
    assert fixed(allow({"AWS": MEMBER}), refused=frozenset({MEMBER})) is None


def test_a_deny_is_never_touched():
    guard = deny("*", {"StringNotEquals": {"aws:PrincipalOrgID": OURS.id}})
    assert fixed(allow({"AWS": MEMBER}, Action="ses:*"), guard)[-1] == guard


def test_a_wildcard_that_a_deny_elsewhere_holds_to_the_organization_stays():
    guard = json.dumps(policy(deny("*", {"StringNotEquals": {"aws:PrincipalOrgID": OURS.id}})))
    assert "nobody beyond" in why_not(allow("*", Action="ses:SendEmail"), more={"guard": guard})


def test_another_organization_goes():
    foreign = allow("*", {"StringEquals": {"aws:PrincipalOrgID": "o-zzzzzzzzzz"}})
    assert fixed(foreign, senders=()) is None
    (vendor,) = fixed(foreign, senders=[ANY])  # it may be a member there
    assert vendor["Principal"] == {"AWS": VENDOR}


def test_a_policy_that_cannot_be_read_is_left_to_people():
    with pytest.raises(NotNarrowedError, match="cannot be read in full"):
        narrowed(DOMAIN, {"p": "{"}, "p", Approved(OURS), today=TODAY)


def test_beside_a_policy_that_cannot_be_read_nothing_is_proved():
    assert "policy 'q', which cannot be read" in why_not(allow({"AWS": OUTSIDER}), more={"q": "{"})


def test_a_service_that_another_policy_names_keeps_what_everybody_had_for_our_resources():
    guarded = allow({"Service": COGNITO}, {"StringEquals": {"aws:SourceAccount": OWN}})
    made = fixed(allow("*", Action="ses:SendEmail"), senders=(), more={"q": json.dumps(policy(guarded))})
    services = [one for one in made if "Service" in one["Principal"]]
    assert [one["Condition"] for one in services] == [{"StringEquals": {"aws:SourceOrgID": OURS.id}}]


def test_what_a_policy_lets_in_that_may_be_narrowed_later_is_no_reason_to_drop_it():
    """Both fixes together would otherwise keep nobody whom each alone leaves to the other."""
    policies = {
        "named": json.dumps(policy(allow({"Service": COGNITO}, Action="ses:SendEmail"))),
        "open": json.dumps(policy(allow("*", Action="ses:SendEmail"))),
    }
    for order in (policies, dict(reversed(policies.items()))):
        fixes = dict(fixes_of(DOMAIN, order, Approved(OURS), today=TODAY, under_a_domain=False))
        after = read_policies(applied(order, fixes))
        for account in (OWN, MEMBER):
            caller = Caller(CallerKind.SERVICE, COGNITO)
            source = {
                "aws:sourceaccount": (account,),
                "aws:sourceorgid": (OURS.id,),
                "aws:principalisawsservice": ("true",),
            }
            request = Request(caller, "ses:SendEmail", DOMAIN, {**source, "ses:fromaddress": ("a@example.com",)})
            assert decide(after, request).allowed, (list(order), account)


def test_a_result_that_ses_would_not_take_is_not_offered():
    many = [f"{100000000000 + number}" for number in range(300)]
    senders = [ApprovedSender(account, (f"news{account}@example.com",)) for account in many]
    assert "characters" in why_not(allow({"AWS": [*many, OUTSIDER]}), senders=senders)


def test_more_than_a_few_approvals_of_one_account_are_not_taken_apart():
    senders = [ApprovedSender(VENDOR, (f"a{number}@example.com",), date(2027, 1, number)) for number in range(1, 7)]
    assert "join them in the register" in why_not(allow({"AWS": VENDOR}), senders=senders)


def test_sids_stay_apart():
    sids = [one.get("Sid") for one in fixed(allow({"AWS": [MEMBER, VENDOR]}, Sid="Mail", Action="ses:*"))]
    assert sids == ["Mail", "Mail2"]


senders = st.lists(
    st.builds(
        ApprovedSender,
        st.just(VENDOR),
        st.sampled_from([(), ("*@example.com",), ("admin@example.com",), ("a*@example.com", "news@example.com")]),
        st.sampled_from([None, date(2026, 12, 31), date(2027, 6, 30)]),
    ),
    max_size=2,
    unique=True,
)


@examples(80)
@given(settings, documents(1), senders)
def test_a_fix_allows_nothing_new_and_keeps_what_is_approved(setting, source, approvals):
    organization = Organization(setting.org, setting.members)
    policies = {"p": json.dumps(source)}
    try:
        made = narrowed(setting.identity, policies, "p", Approved(organization, tuple(approvals)), today=TODAY)
    except NotNarrowedError:
        return
    before = read_policies(policies)
    after = read_policies({} if made.text is None else {"p": made.text})
    named = {p.value for one in before for s in one.statements for p in s.principals if p.kind == "service"}
    try:
        for number, (request, who, _) in enumerate(requests(setting, (*before, *after), TODAY.isoformat())):
            if number > FEW * TIMES and number % 13:
                continue  # every one in the long run
            was, now = decide(before, request).allowed, decide(after, request).allowed
            assert was or not now, request
            if was and approved(setting, approvals, request, who, named):
                assert now, request
    except TooManyError:
        return
