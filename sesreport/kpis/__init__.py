"""The KPIs of the scorecard, by subject."""

from sesreport.kpis.contributions import Contributions, contributions
from sesreport.kpis.registry import Definition, Measure, kpi, kpis, measured

__all__ = ["Contributions", "Definition", "Measure", "contributions", "kpi", "kpis", "measured"]
