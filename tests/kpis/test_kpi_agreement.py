"""Numbers that several outputs give agree where places were not read, or an identity is in two Regions."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from estate import DEV, EU, SHOP, STRANGER, US, Estate, policy

from sesreport.kpis import words
from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH, standing
from sesreport.kpis.scorecard import score

SEPTEMBER = datetime(2026, 10, 3, 6, tzinfo=UTC)


def test_open_findings_are_those_seen_and_those_nobody_could_look_at(tmp_path: Path) -> None:
    before = Estate(SEPTEMBER).identity("a.example.com", {"p": policy(STRANGER)}).place(DEV)
    now = Estate().identity("a.example.com", read=False).place(DEV)
    results = score(now.analysis(tmp_path / "b", previous=before.analysis(tmp_path / "a"))).results
    found, kpi = results.findings, results.kpi("findings_open")
    assert found.not_observed > 0
    assert kpi.value == (found.open or 0) + found.not_observed
    told = words.open_findings(found, results.coverage)
    assert told.endswith(f", and {found.not_observed} more were when last looked at")


def test_an_identity_in_two_regions_is_two_places_an_account_can_send_from(tmp_path: Path) -> None:
    estate = Estate()
    for region in (EU, US):
        estate = estate.identity("a.example.com", {"p": policy(STRANGER)}, region=region)
    frame = score(estate.analysis(tmp_path)).frames["kpi_unknown_accounts"]
    assert frame.set_index("grantee_account_id").loc[STRANGER, ["identities", "grants"]].tolist() == [2, 2]


def test_a_place_counts_as_read_in_the_kpi_as_in_the_coverage(tmp_path: Path) -> None:
    estate = Estate().identity("a.example.com").gap(SHOP, EU, "metrics").gap(DEV, EU, "policies").place(DEV, US)
    card = score(estate.analysis(tmp_path))
    read = card.frames["kpi_coverage"].set_index(["account_id", "region"])["read"]
    assert read.to_dict() == {(SHOP, EU): True, (DEV, EU): False, (DEV, US): True}
    assert (card.results.coverage.places.read, card.results.coverage.places.expected) == (2, 3)


def test_controls_are_counted_by_status_without_figures_that_have_no_target(tmp_path: Path) -> None:
    kpis = score(Estate().identity("a.example.com").analysis(tmp_path)).results.kpis
    counts = standing(kpis)
    assert set(counts) == {ON_TARGET, WATCH, OFF_TARGET, NOT_MEASURABLE}
    assert sum(counts.values()) == sum(kpi.target is not None for kpi in kpis) < len(kpis)
