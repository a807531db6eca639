"""What findings need of each month, worked out elsewhere before it is asked for."""

from __future__ import annotations

from sesreport.analysis.anomalies import ANOMALIES
from sesreport.analysis.elsewhere import Step
from sesreport.analysis.exposures import EXPOSURES
from sesreport.analysis.grants import GRANTS
from sesreport.analysis.registry import Analysis
from sesreport.analysis.remembered import begin_elsewhere
from sesreport.analysis.reviews import ANSWERABLE, answerable
from sesreport.findings.findings import FOUND, found
from sesreport.findings.fixes import FIXES
from sesreport.findings.moments import FOUND_AT, MOMENTS, moments


def begin_findings(analysis: Analysis) -> None:
    """Begins with the analysis itself, which takes longest; then all earlier ones, oldest first."""
    for each in (analysis, *analysis.chain[:-1]):
        begin_elsewhere(
            each,
            Step(answerable, [ANSWERABLE.name, GRANTS.name]),
            Step(moments, [MOMENTS.name, FOUND_AT.name]),
            Step(found, [FOUND.name, EXPOSURES.name, ANOMALIES.name]),
            *([Step(_fixes, [FIXES.name])] if each is analysis else []),
        )


def _fixes(analysis: Analysis) -> None:
    analysis.frame(FIXES.name)
