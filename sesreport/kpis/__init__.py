"""The KPIs of the scorecard, by subject."""

from sesreport.kpis.registry import Definition, Measure, kpi, kpis

__all__ = ["Definition", "Measure", "kpi", "kpis"]
