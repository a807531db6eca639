"""One case per KPI, counted by hand. A KPI without one fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from estate import DEV, EU, FORMER, ORGANIZATION, SHOP, STRANGER, THIRD, US, VENDOR, Estate, policy, statement

from sesreport.kpis.registry import kpis
from sesreport.report.contents import Pack
from sesreport.settings.config import Budget, Config, Costs, Review


@dataclass(frozen=True)
class Golden:
    """A hand-made organization and what a person with pencil and paper gets from it."""

    estate: Estate
    value: float
    numerator: float | None
    denominator: float | None
    rows: int
    """Of the frame behind it."""
    before: Estate | None = None
    """The organization a month earlier."""
    config: Config | None = None


def _wildcards() -> Golden:
    """Open: a bare wildcard, everybody but one, one in the second statement. Held: a Deny, an organization."""
    outside = {"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    inside = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    two = {"Version": "2012-10-17", "Statement": [statement({"AWS": SHOP}), statement({"AWS": "*"})]}
    but = {"Version": "2012-10-17", "Statement": [statement(None, NotPrincipal={"AWS": STRANGER})]}
    del but["Statement"][0]["Principal"]
    denied = {
        "Version": "2012-10-17",
        "Statement": [statement("*"), statement("*", effect="Deny", Condition=outside)],
    }
    estate = (
        Estate()
        .identity("a.example.com", {"bare": policy("*"), "named": policy(VENDOR)})
        .identity("b.example.com", {"two": two})
        .identity("c.example.com", {"but": but})
        .identity("d.example.com", {"denied": denied})
        .identity("e.example.com", {"organization": policy("*", Condition=inside)})
        .identity("f.example.com", {"management": policy("*", "ses:GetEmailIdentity")})
    )
    return Golden(estate, 3, 3, 7, 5)


def _unknown() -> Golden:
    """Unknown: one stranger on two identities, one former vendor. Known: vendor, own, organization."""
    denied = policy("430000000001", effect="Deny")
    estate = (
        Estate()
        .identity("a.example.com", {"p": policy(STRANGER), "q": policy(VENDOR), "r": policy(DEV)})
        .identity("b.example.com", {"p": policy([SHOP, STRANGER] and {"AWS": [SHOP, STRANGER]}), "q": denied})
        .identity("c.example.com", {"p": policy(f"arn:aws:iam::{FORMER}:role/mailer")})
        .identity("d.example.com", {"p": policy("440000000001", "ses:GetEmailIdentity")})
    )
    return Golden(estate, 2, 2, 3, 3)


def _remediated() -> Golden:
    """Ended in October: three findings after 6 days (b), two after 2 (c). Ended in September: a. Open: d."""
    estate = (
        Estate()
        .identity("b.example.com", {"p": policy(VENDOR)})
        .identity("c.example.com")
        .identity("d.example.com", {"p": policy("*")})
        .change("2026-09-10T00:00", "CreateEmailIdentityPolicy", "p", policy("*"), identity="a.example.com")
        .change("2026-09-20T00:00", "DeleteIdentityPolicy", "p", identity="a.example.com")
        .change("2026-09-29T00:00", "CreateEmailIdentityPolicy", "p", policy(STRANGER), identity="b.example.com")
        .change("2026-10-05T00:00", "PutIdentityPolicy", "p", policy(VENDOR), identity="b.example.com")
        .change("2026-10-07T12:00", "CreateEmailIdentityPolicy", "p", policy("*"), identity="c.example.com")
        .change("2026-10-09T12:00", "DeleteEmailIdentityPolicy", "p", identity="c.example.com")
        .change("2026-10-20T00:00", "PutIdentityPolicy", "p", policy("*"), identity="d.example.com")
    )
    return Golden(estate, 22 / 5, 22.0, 5, 5)


def _median() -> Golden:
    """Ended: two findings after 2 days (2 of 11 at risk), three after 6 (of 9), two after 10 (of 6): 9/11 · 6/9 · 4/6.

    At 10 days 36 % are left, before it 55 %. The four open ones of longer are at risk all along; five were there at
    the only look.
    """
    return replace(_remediated(), value=10.0, numerator=None, denominator=16, rows=16)


TAGS = {"owner": "shop", "ticket": "T-1"}


def _before() -> Estate:
    """A month earlier: a stranger on one identity (three findings), no owner and no ticket on another (one)."""
    estate = Estate(datetime(2026, 10, 3, 6, tzinfo=UTC))
    return estate.identity("a.example.com", {"p": policy(STRANGER)}, tags=TAGS).identity("b.example.com")


def _opened() -> Golden:
    """Open to anyone: two findings. What was there before was not opened, and what was resolved is not open."""
    now = Estate().identity("a.example.com", tags=TAGS).identity("b.example.com", {"p": policy("*")}, tags=TAGS)
    return Golden(now, 2, 2, None, 2, _before())


def _resolved() -> Golden:
    """The stranger's three; the missing owner is still missing."""
    now = Estate().identity("a.example.com", tags=TAGS).identity("b.example.com")
    return Golden(now, 3, 3, None, 3, _before())


def _open() -> Golden:
    """The missing owner, seen; and the stranger's three on the identity that was not read, beside its being unread."""
    now = Estate().identity("a.example.com", read=False).identity("b.example.com").place(DEV)
    return Golden(now, 5, 5, None, 5, _before())


def _owned() -> Golden:
    """Two of three whose tags were read; a blank owner is none, an unread identity is not in it."""
    estate = (
        Estate()
        .identity("a.example.com", tags={"owner": "shop"})
        .identity("b.example.com", tags={"team": "crm"})
        .identity("c.example.com", tags={"owner": "  "})
        .identity("d.example.com", read=False)
        .place(DEV)
    )
    return Golden(estate, 2 / 3, 2, 3, 3)


def _public() -> Golden:
    """Two open to anyone; one that cannot be parsed and one unread stand beside them in the frame."""
    estate = (
        Estate()
        .identity("a.example.com", {"p": policy("*")})
        .identity("b.example.com", {"p": policy("*")}, region=US)
        .identity("c.example.com", {"p": "{"})
        .identity("d.example.com", read=False)
        .identity("e.example.com", {"p": policy(STRANGER)})
    )
    return Golden(estate, 2, 2, 5, 4)


def _expired() -> Golden:
    """Two grants to the former vendor; one that its condition makes void, and a Deny, are none."""
    never = {"StringEquals": {"aws:PrincipalAccount": VENDOR}}
    estate = (
        Estate()
        .identity("a.example.com", {"p": policy(FORMER), "q": policy(VENDOR)})
        .identity("b.example.com", {"p": policy(FORMER), "q": policy("450000000001")})
        .identity("c.example.com", {"p": policy(FORMER, Condition=never), "q": policy(FORMER, effect="Deny")})
    )
    return Golden(estate, 2, 2, 4, 2)


def _services() -> Golden:
    """Cognito for anybody; for our own account; a wildcard is open to anyone, not to services alone."""
    service = {"Service": "cognito-idp.amazonaws.com"}
    guarded = {"StringEquals": {"aws:SourceAccount": SHOP}}
    estate = (
        Estate()
        .identity("a.example.com", {"p": policy(service)})
        .identity("b.example.com", {"p": policy(service, Condition=guarded)})
        .identity("c.example.com", {"p": policy("*")})
        .identity("d.example.com", {"p": policy(STRANGER)})
    )
    return Golden(estate, 1, 1, 4, 1)


def _unregistered() -> Golden:
    """Two grants to strangers; the vendors' (one expired) and our own accounts' are others."""
    estate = (
        Estate()
        .identity("a.example.com", {"p": policy(STRANGER), "q": policy(VENDOR), "r": policy(DEV)})
        .identity("b.example.com", {"p": policy({"AWS": [SHOP, STRANGER]}), "q": policy(FORMER)})
    )
    return Golden(estate, 2, 2, 4, 2)


def _attested() -> Golden:
    """Quarter to the end of October: from 1 August on. Attested: 1 August and 31 October, not 31 July, not November."""
    days = {VENDOR: "2026-08-01", "310000000003": "2026-10-31", "310000000004": "2026-07-31",
            "310000000005": "2026-11-01", "310000000006": None}  # fmt: skip
    estate = Estate().identity("a.example.com", {f"p{i}": policy(vendor) for i, vendor in enumerate(days)})
    estate.identity("b.example.com", {"p": policy(STRANGER), "q": policy(DEV), "r": policy(FORMER)})
    at = {vendor: day and datetime.fromisoformat(f"{day}T00:00+00:00") for vendor, day in days.items()}
    estate.register = [
        {"account_id": vendor, "name": vendor, "identities": [], "status": "valid", "approved_at": moment}
        for vendor, moment in at.items()
    ]
    estate.register.append({"account_id": FORMER, "name": "Brightside", "identities": [], "status": "expired",
                            "approved_at": at[VENDOR]})  # fmt: skip
    return Golden(estate, 2 / 7, 2, 7, 7)


def _kept() -> Golden:
    """A vendor approved long ago, one of whose grants a reviewer kept on 12 October."""
    estate = Estate().identity("a.example.com", {"p": policy(VENDOR)}).identity("b.example.com", {"p": policy(VENDOR)})
    return Golden(estate.answered("keep", "2026-10-12", "a.example.com"), 0.5, 1, 2, 2)


def _overdue() -> Golden:
    """Kept for Q2, so Q3 is not answered for; the other was kept in October."""
    estate = Estate().identity("a.example.com", {"p": policy(VENDOR)}).identity("b.example.com", {"p": policy(VENDOR)})
    estate.answered("keep", "2026-05-12", "a.example.com").answered("keep", "2026-10-12", "b.example.com")
    return Golden(estate, 1, 1, 2, 1)


def _kept_share() -> Golden:
    """Two of three answers since August; the change of mind counts, and the answer of July does not."""
    names = ("a.example.com", "b.example.com", "c.example.com", "d.example.com")
    estate = Estate()
    for name in names:
        estate.identity(name, {"p": policy(VENDOR)})
    for name, day in zip(names, ("2026-10-12", "2026-08-01", "2026-10-12", "2026-07-31"), strict=True):
        estate.answered("keep", day, name)
    return Golden(estate.answered("revoke", "2026-10-13", names[0]), 2 / 3, 2, 3, 3)


def _never_reviewed() -> Golden:
    """On 3 October both were there; one was kept since. Those of November are new."""
    before = Estate(datetime(2026, 10, 3, 6, tzinfo=UTC)).identity("a.example.com", {"p": policy(VENDOR)})
    before.identity("b.example.com", {"p": policy(VENDOR)})
    now = Estate().identity("a.example.com", {"p": policy(VENDOR)}).identity("b.example.com", {"p": policy(VENDOR)})
    now.identity("c.example.com", {"p": policy(STRANGER)})
    return Golden(now.answered("keep", "2026-10-12", "a.example.com"), 28.75, None, None, 2, before)


def _environments() -> Golden:
    """Development on production; one grantee's environment is not known; production and a dev identity are fine."""
    nowhere = "210000000007"
    estate = (
        Estate()
        .account(nowhere, "nowhere", None)
        .identity("a.example.com", {"p": policy(DEV), "q": policy(THIRD), "r": policy(nowhere)})
        .identity("b.example.com", {"p": policy(SHOP), "q": policy(nowhere)}, account=DEV)
    )
    return Golden(estate, 1, 1, 5, 2)


def _unconditional() -> Golden:
    """The vendor's and the service's bare grants; our own account's is not beyond the organization."""
    limit = {"StringEquals": {"ses:FromAddress": "news@a.example.com"}}
    estate = Estate().identity(
        "a.example.com",
        {"p": policy(VENDOR), "q": policy({"Service": "cognito-idp.amazonaws.com"}), "r": policy(DEV),
         "s": policy(STRANGER, Condition=limit)},
    )  # fmt: skip
    return Golden(estate, 2, 2, 3, 2)


def _any_address() -> Golden:
    """A limit to one address limits, one that leaves out a few does not; an address identity is its own limit."""
    one = {"StringEquals": {"ses:FromAddress": "news@a.example.com"}}
    few = {"StringNotEquals": {"ses:FromAddress": "ceo@a.example.com"}}
    estate = (
        Estate()
        .identity("a.example.com", {"p": policy(VENDOR, Condition=one), "q": policy(STRANGER, Condition=few)})
        .identity("news@b.example.com", {"p": policy(STRANGER)})
    )
    return Golden(estate, 1, 1, 3, 1)


def _bounce_margin() -> Golden:
    """5 % - 1.7 %."""
    return Golden(_bounces().estate, 0.033, None, None, 2)


def _complaint_margin() -> Golden:
    """0.1 % - 0.12 %: crossed."""
    estate = Estate().days("Reputation.ComplaintRate", {"2026-10-02": 0.0012, "2026-10-20": 0.0002})
    return Golden(estate, -0.0002, None, None, 1)


def _own_bounces() -> Golden:
    """(30 + 1) / (2,000 + 50); the place that published no bounces is in neither sum."""
    estate = (
        Estate()
        .days("Send", {"2026-10-02": 1_000.0, "2026-10-20": 1_000.0, "2026-09-01": 7.0})
        .days("Bounce", {"2026-10-02": 30.0})
        .days("Send", {"2026-10-02": 50.0}, account=THIRD, region=US)
        .days("Bounce", {"2026-10-02": 1.0}, account=THIRD, region=US)
        .days("Send", {"2026-10-02": 500.0}, account=DEV)
    )
    return Golden(estate, 31 / 2_050, 31, 2_050, 2)


def _own_complaints() -> Golden:
    estate = Estate().days("Send", {"2026-10-02": 4_000.0}).days("Complaint", {"2026-10-02": 3.0, "2026-11-01": 9.0})
    return Golden(estate, 3 / 4_000, 3, 4_000, 1)


def _reviewed() -> Golden:
    """One account paused in one Region and under review in another is one; AWS does not say of a third."""
    estate = (
        Estate()
        .quota(1.0, enforcement_status="SHUTDOWN")
        .quota(1.0, region=US, enforcement_status="PROBATION")
        .quota(1.0, account=DEV)
        .quota(1.0, account=THIRD, enforcement_status=None)
    )
    return Golden(estate, 1, 1, 3, 3)


def _delivered() -> Golden:
    """990 + 5; September is another month."""
    estate = (
        Estate()
        .days("Send", {"2026-10-01": 1_000.0})
        .days("Delivery", {"2026-09-30": 700.0, "2026-10-01": 990.0})
        .days("Delivery", {"2026-10-15": 5.0}, account=THIRD, region=US)
    )
    return Golden(estate, 995.0, None, None, 2)


def _bounces() -> Golden:
    estate = (
        Estate()
        .days("Reputation.BounceRate", {"2026-09-30": 0.09, "2026-10-02": 0.011, "2026-10-20": 0.013})
        .days("Reputation.BounceRate", {"2026-10-31": 0.017, "2026-11-01": 0.2}, account=THIRD, region=US)
        .days("Send", {"2026-10-02": 1000.0, "2026-10-20": 1000.0})
        .days("Bounce", {"2026-10-02": 30.0})
    )
    return Golden(estate, 0.017, None, None, 2)


def _complaints() -> Golden:
    estate = (
        Estate()
        .days("Reputation.ComplaintRate", {"2026-10-02": 0.0004, "2026-10-20": 0.0002})
        .days("Reputation.ComplaintRate", {"2026-10-31": 0.0003}, account=DEV)
    )
    return Golden(estate, 0.0004, None, None, 2)


def _quota() -> Golden:
    """4,500 of 5,000 is the most; an unlimited place is never used up."""
    estate = (
        Estate()
        .quota(50_000.0)
        .days("Send", {"2026-10-03": 20_000.0, "2026-09-03": 49_000.0})
        .quota(5_000.0, account=THIRD)
        .days("Send", {"2026-10-04": 4_500.0, "2026-10-05": 100.0}, account=THIRD)
        .quota(-1.0, account=DEV)
        .days("Send", {"2026-10-04": 9_000_000.0}, account=DEV)
    )
    return Golden(estate, 0.9, 4_500.0, 5_000.0, 2)


def _sent() -> Golden:
    """1,000 + 250 + 40; September and November are other months."""
    estate = (
        Estate()
        .days("Send", {"2026-09-30": 700.0, "2026-10-01": 1_000.0, "2026-10-31": 250.0, "2026-11-01": 9.0})
        .days("Send", {"2026-10-15": 40.0}, account=THIRD, region=US)
    )
    return Golden(estate, 1_290.0, None, None, 2)


def _coverage() -> Golden:
    """Three of four places; the disabled Region is none, the suspended account cannot be expected."""
    estate = (
        Estate()
        .identity("a.example.com")
        .place(SHOP, US)
        .place(DEV, EU)
        .gap(THIRD, EU, "policies", "throttled")
        .gap(DEV, US, "everything", "region_disabled")
        .gap("210000000009", "global", "everything", "skipped")
    )
    return Golden(estate, 0.75, 3, 4, 4)


def _billed() -> Golden:
    """60,000 + 20,000 messages at 0.10 a thousand; two places."""
    estate = Estate().days("Send", {"2026-10-03": 60_000.0}).days("Send", {"2026-10-04": 20_000.0}, account=DEV)
    return Golden(estate, 8.0, None, None, 2)


def _per_thousand() -> Golden:
    """6 for 50,000 delivered; the other account cannot be read any more and is left out, with its 2."""
    estate = Estate().days("Send", {"2026-10-03": 60_000.0}).days("Delivery", {"2026-10-03": 50_000.0})
    estate.days("Send", {"2026-10-04": 20_000.0}, account=DEV).gap(DEV, EU, "metrics")
    return Golden(estate, 0.12, 6_000.0, 50_000.0, 2)


def _avoidable() -> Golden:
    """100 bounces and 20 rejects of 60,000 messages that cost 6."""
    estate = Estate().days("Send", {"2026-10-03": 60_000.0}).days("Bounce", {"2026-10-03": 100.0})
    return Golden(estate.days("Reject", {"2026-10-03": 20.0}), 0.012, None, None, 1)


def _cost_owned() -> Golden:
    """6 of 8: the account DEV has no owner."""
    golden = _billed()
    golden.estate.rows["accounts"][1]["tags"] = "{}"
    return Golden(golden.estate, 0.75, 6.0, 8.0, 2)


def _budget() -> Golden:
    """8 of 10."""
    golden = _billed()
    costs = Costs(budget=Budget(amount=Decimal(10), currency="USD"))
    return Golden(golden.estate, 0.8, 8.0, 10.0, 2, config=Config(costs=costs))


GOLDEN = {
    "billed_cost": _billed,
    "cost_per_thousand_delivered": _per_thousand,
    "avoidable_cost": _avoidable,
    "cost_with_owner": _cost_owned,
    "budget_used": _budget,
    "unguarded_services": _services,
    "unregistered_grants": _unregistered,
    "attested_grants": _attested,
    "reviews_overdue": _overdue,
    "share_answered_keep": _kept_share,
    "oldest_unreviewed_grant": _never_reviewed,
    "nonproduction_on_production": _environments,
    "unconditional_grants": _unconditional,
    "any_address_grants": _any_address,
    "bounce_margin": _bounce_margin,
    "complaint_margin": _complaint_margin,
    "own_bounce_rate": _own_bounces,
    "own_complaint_rate": _own_complaints,
    "accounts_under_review": _reviewed,
    "delivered_volume": _delivered,
    "wildcard_policies": _wildcards,
    "unknown_accounts": _unknown,
    "median_time_to_remediate": _median,
    "mean_time_to_remediate": _remediated,
    "findings_opened": _opened,
    "findings_resolved": _resolved,
    "findings_open": _open,
    "owned_identities": _owned,
    "public_identities": _public,
    "expired_grants": _expired,
    "bounce_rate": _bounces,
    "complaint_rate": _complaints,
    "quota_use": _quota,
    "sent_volume": _sent,
    "coverage": _coverage,
}


@pytest.mark.parametrize("name", [definition.id for definition in kpis()])
def test_a_kpi_is_what_a_person_counts(name: str, tmp_path: Path) -> None:
    assert name in GOLDEN, f"give {name} a case counted by hand"
    golden = GOLDEN[name]()
    previous = golden.before.analysis(tmp_path / "before") if golden.before else None
    (definition,) = [each for each in kpis() if each.id == name]
    found = definition.measure(golden.estate.analysis(tmp_path / "now", golden.config, previous=previous))
    assert found.value == pytest.approx(golden.value)
    assert (found.numerator, found.denominator) == (golden.numerator, golden.denominator)
    assert len(found.frame) == golden.rows


def test_a_grant_is_attested_by_an_answer_too(tmp_path: Path) -> None:
    golden = _kept()
    (definition,) = [each for each in kpis() if each.id == "attested_grants"]
    found = definition.measure(golden.estate.analysis(tmp_path))
    assert (found.value, found.numerator, found.denominator) == (golden.value, golden.numerator, golden.denominator)


REVIEWS = ("reviews_overdue", "share_answered_keep", "oldest_unreviewed_grant", "attested_grants")


def _of_reviews(folder: Path, estate: Estate, first: str = "", before: Estate | None = None) -> list[float | None]:
    """The values of :data:`REVIEWS`, as they are rounded."""
    config = Config(review=Review(first=first))
    previous = before.analysis(folder / "before", config) if before else None
    analysis = estate.analysis(folder / "now", config, previous=previous)
    found = {each.id: each.measure(analysis).value for each in kpis() if each.id in REVIEWS}
    return [found[name] for name in REVIEWS]


@pytest.mark.parametrize(
    ("first", "overdue"), [("", None), ("2027-Q1", None), ("2026-Q4", 0), ("2026-Q3", 0), ("2026-Q2", 0)]
)
def test_where_nothing_was_ever_answered_only_what_has_begun_is_measured(
    first: str, overdue: int | None, tmp_path: Path
) -> None:
    """The grant was first seen 28.75 days before the month's end, in the running quarter: nobody is late with it."""
    before, now = (
        Estate(moment).identity("a.example.com", {"p": policy(VENDOR)})
        for moment in (datetime(2026, 10, 3, 6, tzinfo=UTC), datetime(2026, 11, 3, 6, tzinfo=UTC))
    )
    assert _of_reviews(tmp_path, now, first, before) == [overdue, None, 28.75, 0]


def test_what_the_settings_ask_for_and_nobody_answered_is_overdue(tmp_path: Path) -> None:
    before, now = (
        Estate(moment).identity("a.example.com", {"p": policy(VENDOR)})
        for moment in (datetime(2026, 9, 3, tzinfo=UTC), datetime(2026, 11, 3, 6, tzinfo=UTC))
    )
    assert _of_reviews(tmp_path, now, "2026-Q3", before) == [1, None, 59, 0]


def test_without_a_grant_to_answer_for_nothing_is_overdue_or_old(tmp_path: Path) -> None:
    assert _of_reviews(tmp_path, Estate().identity("a.example.com"), "2026-Q3") == [0, None, None, None]


@pytest.mark.parametrize("definition", kpis(), ids=lambda d: d.id)
def test_a_kpi_says_what_it_means(definition: object) -> None:
    texts = ("label", "question", "definition", "formula", "source", "owner")
    assert all(getattr(definition, name).strip() for name in texts)
    assert definition.unit in ("count", "share", "rate", "days", "messages", "money")  # type: ignore[attr-defined]
    assert definition.direction in ("lower", "higher", "none")  # type: ignore[attr-defined]
    assert (definition.target is None) == (definition.direction == "none")  # type: ignore[attr-defined]


def test_the_value_is_the_numerator_over_the_denominator(demo_pack: Pack) -> None:
    for kpi in demo_pack.results.kpis:
        if kpi.unit in ("share", "days") and kpi.numerator is not None:
            assert kpi.value == pytest.approx(kpi.numerator / (kpi.denominator or 1)), kpi.id
        elif kpi.unit == "count":
            assert kpi.value == kpi.numerator, kpi.id
