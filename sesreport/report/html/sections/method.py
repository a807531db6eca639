"""How the numbers are made, and from which evidence."""

from __future__ import annotations

from sesreport.report.charts.names import EXPOSURES
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, section

_CLASSES = {
    "public": "a policy lets everyone act, with no condition that narrows it",
    "external": "an account outside the organization without a valid approval in the register",
    "vendor": "an account outside the organization with a valid approval in the register",
    "organization": "another account of the organization",
    "service": "an AWS service acting for someone",
    "own": "the identity's own account",
    "none": "no policy, or none that allows anything",
}


@section(100, "method", "Method, definitions and hashes")
def method(pack: Pack) -> SectionContent:
    results = pack.results
    evidence = {
        "Snapshot": results.snapshot.id,
        "Snapshot sha256": results.snapshot.sha256,
        "Collected": f"{results.snapshot.started_at} to {results.snapshot.finished_at}",
        "Configuration sha256": results.configuration_sha256,
        "Register sha256": results.register_sha256,
        "Compared with": results.compared_with or "no earlier snapshot",
        "Organization": f"{results.organization_name} ({results.organization_id})",
        "Period": f"{results.period_name} ({results.period})",
        "sesreport": results.snapshot.tool_version,
        "Results format": results.format,
    }
    return SectionContent(
        heading="Every number is computed once, from one snapshot, and can be traced",
        so_what="Formula and frame stand beside each KPI; the frames are in the pack's data folder as Parquet.",
        partial="method.html.j2",
        data={
            "kpis": results.kpis,
            "evidence": {name: value or "not known" for name, value in evidence.items()},
            "classes": {EXPOSURES[name]: meaning for name, meaning in _CLASSES.items()},
        },
    )
