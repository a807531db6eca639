"""Action titles: by rule, at most 90 characters, neutral when data are missing or flat."""

from __future__ import annotations

from typing import Any

import pytest
from money_sample import money_kpis
from workbook.sample_pack import sample_pack

from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH, Basis, Findings, Kpi
from sesreport.report.deck import titles
from sesreport.report.deck.description import TITLE_LIMIT

READ = Basis(10, 10)


def kpi(kpi_id: str = "unknown_accounts", **fields: Any) -> Kpi:
    return Kpi(**{**sample_pack().results.kpi(kpi_id).__dict__, "coverage": READ, **fields})


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"value": 9, "change": 2}, "Nine unknown accounts can send as us, two more than in September"),
        ({"value": 1, "change": -1}, "One unknown account can send as us, one fewer than in September"),
        ({"value": 14, "change": 0}, "14 unknown accounts can send as us, as many as in September"),
        ({"value": 3, "change": None}, "Three unknown accounts can send as us"),
        ({"value": 3, "change": 1, "series": ()}, "Three unknown accounts can send as us, one more than before"),
        ({"value": 0, "change": -2}, "Every outside account that can send as us has a valid approval"),
        ({"value": None, "change": None}, "Which outside accounts can send as us is not known this month"),
    ],
)  # fmt: skip
def test_unknown_accounts(fields: dict[str, Any], title: str) -> None:
    assert titles.unknown_accounts(kpi(**fields)) == title


@pytest.mark.parametrize(
    ("value", "title"),
    [
        (4, "Anyone can send from four identities"),
        (1, "Anyone can send from one identity"),
        (0, "No identity that was read lets anyone send"),
        (None, "Whether anyone can send as us is not known this month"),
    ],
)
def test_public_identities(value: float | None, title: str) -> None:
    assert titles.public_identities(kpi("public_identities", value=value, change=None)) == title


@pytest.mark.parametrize(
    ("value", "title"),
    [
        (1, "One grant is past its approval"),
        (6, "Six grants are past their approval"),
        (0, "Every registered grant is within its approval"),
        (None, "Whether approvals are in date is not known this month"),
    ],
)
def test_expired_grants(value: float | None, title: str) -> None:
    assert titles.expired_grants(kpi("expired_grants", value=value, change=None)) == title


@pytest.mark.parametrize(
    ("value", "target", "title"),
    [
        (0.9, 0.95, "90.0 % of identities have an owner, 5.0 points short of target"),
        (0.96, 0.95, "96.0 % of identities have an owner: target met"),
        (0.96, None, "96.0 % of identities have an owner"),
        (None, 0.95, "Identities with a tagged owner: not known this month"),
    ],
)
def test_a_share_against_its_target(value: float | None, target: float | None, title: str) -> None:
    given = kpi("owned_identities", value=value, target=target)
    assert titles.against_target(given, "of identities have an owner") == title


@pytest.mark.parametrize(
    ("value", "prior", "driver", "title"),
    [
        (2_466_000, 2_326_000, "", "Sending grew 6.0 % to 2.5 million messages"),
        (2_466_000, 2_326_000, "retail", "Sending grew 6.0 % to 2.5 million messages, most of it in retail"),
        (2_466_000, 2_326_000, "r" * 80, "Sending grew 6.0 % to 2.5 million messages"),
        (900, 1_000, "", "Sending fell 10.0 % to 900 messages"),
        (1_001, 1_000, "retail", "Sending was flat at 1.0 thousand messages"),
        (5_000, None, "", "5.0 thousand messages were sent"),
        (None, 5_000, "", "How much was sent is not known this month"),
    ],
)
def test_volume(value: float | None, prior: float | None, driver: str, title: str) -> None:
    assert titles.volume(kpi("sent_volume", value=value, prior=prior), driver) == title


@pytest.mark.parametrize(
    ("statuses", "title"),
    [
        ([ON_TARGET] * 4, "All four controls are on target"),
        ([ON_TARGET, OFF_TARGET, WATCH], "One of three controls on target: one off target, one to watch"),
        ([OFF_TARGET, NOT_MEASURABLE], "None of two controls on target: one off target, one not measurable"),
        ([NOT_MEASURABLE] * 3, "No control could be measured this month"),
        ([], "No control could be measured this month"),
    ],
)
def test_scorecard(statuses: list[str], title: str) -> None:
    assert titles.scorecard(tuple(kpi(status=status) for status in statuses)) == title


@pytest.mark.parametrize(
    ("counts", "older", "read", "title"),
    [
        ((53, 1), 40, READ, "53 findings are open, one of them critical; 40 older than 30 days"),
        ((2, 0), 0, READ, "Two findings are open, none of them critical"),
        ((1, 1), None, READ, "One finding is open, and it is critical"),
        ((0, 0), None, READ, "No finding is open"),
        ((0, 0), None, Basis(3, 25), "No finding is open in what could be read: 3 of 25 places"),
        ((2, 0), 0, Basis(3, 25), "Two findings are open, none of them critical (read: 3 of 25 places)"),
        ((2, 0), 0, Basis(0, 25), "Two findings are open, and there may be more: no place could be read whole"),
        ((0, 0), None, Basis(0, 10), "Which findings are open is not known: nothing was read"),
    ],
)
def test_findings(counts: tuple[int, int], older: int | None, read: Basis, title: str) -> None:
    given = Findings(open=counts[0], excepted=0, by_severity={"critical": counts[1]}, by_rule={})
    assert titles.findings(given, older, read) == title


@pytest.mark.parametrize(
    ("over", "title"),
    [
        (2, "Two accounts are over a line at which AWS reviews sending"),
        (1, "One account is over a line at which AWS reviews sending"),
        (0, "No account is over AWS's review lines; bounce rate 1.87 % and complaint rate 0.05 %"),
        (None, "Bounce rate 1.87 % and complaint rate 0.05 % in the organization"),
    ],
)
def test_reputation(over: int | None, title: str) -> None:
    assert titles.reputation(over, kpi("bounce_rate"), kpi("complaint_rate")) == title


def test_reputation_without_any_figure() -> None:
    assert titles.reputation(None, kpi("bounce_rate", value=None), None) == (
        "Bounce and complaint rates are not known this month"
    )


@pytest.mark.parametrize(
    ("added", "removed", "compared", "title"),
    [
        (9, 4, "September 2026", "Nine grants added, four removed since September 2026"),
        (1, 0, "September 2026", "One grant added, none removed since September 2026"),
        (0, 0, "September 2026", "No grant was added or removed since September 2026"),
        (0, 0, "", "What changed is not known: there is no earlier snapshot"),
    ],
)
def test_changes(added: int, removed: int, compared: str, title: str) -> None:
    assert titles.changes(added, removed, compared, READ) == title


def test_no_change_is_told_with_what_it_rests_on() -> None:
    told = "No grant was added or removed since September 2026 in what could be read: 3 of 25 places"
    assert titles.changes(0, 0, "September 2026", Basis(3, 25)) == told


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"value": 9, "change": None}, "Nine unknown accounts can send as us (read: 3 of 25 places)"),
        ({"value": 0}, "Every outside account that can send as us has a valid approval (read: 3 of 25 places)"),
    ],
)
def test_a_title_says_what_it_rests_on_where_that_is_little(fields: dict[str, Any], title: str) -> None:
    assert titles.unknown_accounts(kpi(**fields, coverage=Basis(3, 25))) == title


@pytest.mark.parametrize(
    ("count", "read", "title"),
    [
        (0, READ, "No decision is requested"),
        (0, Basis(3, 25), "No decision is requested in what could be read: 3 of 25 places"),
        (0, Basis(0, 25), "Which decisions are needed is not known: nothing could be read"),
        (2, Basis(3, 25), "Two decisions requested"),
    ],
)
def test_decisions(count: int, read: Basis, title: str) -> None:
    assert titles.decisions(count, read) == title


@pytest.mark.parametrize(
    ("places", "title"),
    [
        (Basis(59, 64), "We read 59 of 64 places; five could not be assessed"),
        (Basis(64, 64), "All 64 places were read"),
        (Basis(0, 64), "We read none of 64 places: who can send as us is not known"),
        (Basis(0, 0), "Nothing was read: no number in this pack can be relied on"),
    ],
)
def test_coverage(places: Basis, title: str) -> None:
    assert titles.coverage(places) == title


def test_a_title_too_long_is_shortened_as_a_last_resort() -> None:
    assert titles.limited("x" * 91, "y" * 90) == "y" * 90
    assert titles.limited("x" * 91) == "x" * 89 + "…"
    assert len(titles.limited("x" * 91)) == TITLE_LIMIT


def test_a_title_cannot_be_broken_by_what_outsiders_wrote() -> None:
    assert titles.limited("a\nb\u202ec\x07") == "a b⟨U+202E⟩c⟨U+0007⟩"


@pytest.mark.parametrize(
    ("cost", "roughly", "budget", "avoidable", "title"),
    [
        (2715.0, "", 2600.0, 118.84, "Sending cost USD 2,715, USD 115 over budget; USD 119 avoidable"),
        (2715.0, "", 2800.0, 118.84, "Sending cost USD 2,715, USD 85 under budget; USD 119 avoidable"),
        (2715.0, "about ", None, 118.84, "Sending cost about USD 2,715; USD 119 avoidable"),
        (2715.0, "", 2715.0, None, "Sending cost USD 2,715"),
        (2715.0, "", None, 0.0, "Sending cost USD 2,715; nothing avoidable was found (read: 60 of 64 places)"),
        (None, "", None, None, "What sending cost is not known this month"),
    ],
)
def test_a_title_of_costs_has_the_cost_the_budget_and_the_waste(
    cost: float | None, roughly: str, budget: float | None, avoidable: float | None, title: str
) -> None:
    billed, _, wasted, _ = money_kpis(cost, avoidable=avoidable, budget=budget)
    assert titles.cost(billed, roughly, budget, wasted) == title


def test_a_title_of_costs_fits_also_with_an_owner_s_long_name() -> None:
    assert titles.showback("shop", "USD 10.00", "USD 20.00", "") == "shop spends USD 10.00 of USD 20.00"
    assert len(titles.showback("W" * 200, "USD 10.00", "USD 20.00", "USD 1.00")) <= TITLE_LIMIT


def test_costs_in_two_currencies_are_named_and_not_added() -> None:
    assert titles.currencies(["USD", "EUR"]) == "Sending cost is charged in USD and EUR, which are not added"
