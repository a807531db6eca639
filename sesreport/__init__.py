"""Who can send e-mail as us, who does, what it costs, and is it getting better.

>>> import sesreport as ses
>>> snapshot = ses.load("data/snapshots/20261101T060000Z")
>>> analysis = ses.analyze(snapshot)
>>> analysis.grants, analysis.exposures, analysis.findings  # pandas DataFrames

Everything the command line does is a function here: :func:`collect`, :func:`load`, :func:`analyze`, :func:`score`,
:func:`report`, :func:`open_pack`, :func:`deliver`, :func:`review_export`, :func:`review_import`, :func:`templates`,
:func:`check`. :func:`what_if` judges what nobody has changed yet. Names are loaded when first used, so that importing
costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sesreport.core.version import __version__

if TYPE_CHECKING:
    from sesreport.analysis import Analysis, analyze
    from sesreport.collect.closing import evidence_of
    from sesreport.collect.run import collect
    from sesreport.core.period import Period
    from sesreport.demo.open import open_analysis, open_pack
    from sesreport.findings.history import History
    from sesreport.governance.check import check
    from sesreport.governance.review import review_import
    from sesreport.governance.templates import templates
    from sesreport.governance.what_if import WhatIf, what_if
    from sesreport.kpis.results import Results
    from sesreport.kpis.scorecard import score
    from sesreport.report import charts, tables
    from sesreport.report.build import report
    from sesreport.report.delivery import deliver
    from sesreport.report.review import review_export
    from sesreport.settings.config import Config, load_config
    from sesreport.settings.register import read_register
    from sesreport.snapshot.store import Snapshot, load, snapshots

_MODULES = {"charts": "report.charts", "tables": "report.tables"}
_WHERE = {
    "Analysis": "analysis",
    "Config": "settings.config",
    "History": "findings.history",
    "Period": "core.period",
    "Results": "kpis.results",
    "Snapshot": "snapshot.store",
    "WhatIf": "governance.what_if",
    "analyze": "analysis",
    "check": "governance.check",
    "collect": "collect.run",
    "deliver": "report.delivery",
    "evidence_of": "collect.closing",
    "load": "snapshot.store",
    "load_config": "settings.config",
    "open_analysis": "demo.open",
    "open_pack": "demo.open",
    "read_register": "settings.register",
    "report": "report.build",
    "review_export": "report.review",
    "review_import": "governance.review",
    "score": "kpis.scorecard",
    "snapshots": "snapshot.store",
    "templates": "governance.templates",
    "what_if": "governance.what_if",
}

__all__ = [
    "Analysis",
    "Config",
    "History",
    "Period",
    "Results",
    "Snapshot",
    "WhatIf",
    "__version__",
    "analyze",
    "charts",
    "check",
    "collect",
    "deliver",
    "evidence_of",
    "load",
    "load_config",
    "open_analysis",
    "open_pack",
    "read_register",
    "report",
    "review_export",
    "review_import",
    "score",
    "snapshots",
    "tables",
    "templates",
    "what_if",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"sesreport.{_MODULES[name]}")
    if name not in _WHERE:
        raise AttributeError(f"module 'sesreport' has no attribute {name!r}")
    value = getattr(import_module(f"sesreport.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
