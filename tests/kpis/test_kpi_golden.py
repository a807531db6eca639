"""One case per KPI, counted by hand. A KPI without one fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from estate import DEV, EU, FORMER, ORGANIZATION, SHOP, STRANGER, THIRD, US, VENDOR, Estate, policy, statement

from sesreport.kpis import kpis
from sesreport.scorecard import score


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
    now = Estate().identity("a.example.com", read=False).identity("b.example.com")
    return Golden(now, 5, 5, None, 5, _before())


def _owned() -> Golden:
    """Two of three whose tags were read; a blank owner is none, an unread identity is not in it."""
    estate = (
        Estate()
        .identity("a.example.com", tags={"owner": "shop"})
        .identity("b.example.com", tags={"team": "crm"})
        .identity("c.example.com", tags={"owner": "  "})
        .identity("d.example.com", read=False)
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


GOLDEN = {
    "wildcard_policies": _wildcards,
    "unknown_accounts": _unknown,
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
    card = score(golden.estate.analysis(tmp_path / "now", previous=previous))
    found = card.results.kpi(name)
    assert found.value == pytest.approx(golden.value)
    assert (found.numerator, found.denominator) == (golden.numerator, golden.denominator)
    assert len(card.frames[found.frame]) == golden.rows


@pytest.mark.parametrize("definition", kpis(), ids=lambda d: d.id)
def test_a_kpi_says_what_it_means(definition: object) -> None:
    texts = ("label", "question", "definition", "formula", "source", "owner")
    assert all(getattr(definition, name).strip() for name in texts)
    assert definition.unit in ("count", "share", "rate", "days", "messages")  # type: ignore[attr-defined]
    assert definition.direction in ("lower", "higher", "none")  # type: ignore[attr-defined]
    assert (definition.target is None) == (definition.direction == "none")  # type: ignore[attr-defined]


def test_the_value_is_the_numerator_over_the_denominator(demo_analysis: object) -> None:
    for kpi in score(demo_analysis).results.kpis:  # type: ignore[arg-type]
        if kpi.unit in ("share", "days") and kpi.numerator is not None:
            assert kpi.value == pytest.approx(kpi.numerator / (kpi.denominator or 1)), kpi.id
        elif kpi.unit == "count":
            assert kpi.value == kpi.numerator, kpi.id
