"""Incidents that rules of findings tell, besides those that have lines of their own."""

from __future__ import annotations

from collections.abc import Iterator

from sesreport.analysis.registry import Analysis
from sesreport.findings.registry import rules
from sesreport.kpis.happenings import happening, place_name
from sesreport.kpis.results import OFF_TARGET, WATCH, Happening

TOLD = ("enforcement", "volume_spike", "sudden_rate")
"""Rules whose news other kinds tell with their numbers."""


@happening(order=30)
def other_incidents(analysis: Analysis) -> Iterator[Happening]:
    """Open findings of the other rules about something that happened, the most severe first."""
    incidents = [slug for slug, rule in rules().items() if rule.incident and slug not in TOLD]
    found = analysis.findings
    found = found[found["rule"].isin(incidents) & found["status"].eq("open")]
    for row in found.to_dict("records"):
        place = place_name(row["account_name"], row["account_id"], row["region"])
        status = OFF_TARGET if row["severity"] in ("critical", "high") else WATCH
        yield Happening(status, f"{place}: {_small(row['title'])} ({row['evidence']}).", row["title"], "findings")


def _small(title: str) -> str:
    return title[:1].lower() + title[1:]
