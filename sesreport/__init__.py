"""Who can send e-mail as us, who does, what it costs, and is it getting better.

>>> import sesreport as ses
>>> snapshot = ses.load("data/snapshots/20261101T060000Z")
>>> analysis = ses.analyze(snapshot)
>>> analysis.grants, analysis.exposures, analysis.findings  # pandas DataFrames

Everything the command line does is a function here: :func:`collect`, :func:`load`, :func:`analyze`, :func:`score`,
:func:`report`, :func:`open_pack`, :func:`deliver`. Names are loaded when first used, so that importing costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sesreport.analysis import Analysis, analyze
    from sesreport.closing import evidence_of
    from sesreport.collection.run import collect
    from sesreport.config import Config, load_config
    from sesreport.delivery import deliver
    from sesreport.history.store import History
    from sesreport.open import open_pack
    from sesreport.pack.build import report
    from sesreport.period import Period
    from sesreport.register import read_register
    from sesreport.results import Results
    from sesreport.scorecard import score
    from sesreport.store import Snapshot, load, snapshots

_WHERE = {
    "Analysis": "analysis",
    "Config": "config",
    "History": "history.store",
    "Period": "period",
    "Results": "results",
    "Snapshot": "store",
    "analyze": "analysis",
    "collect": "collection.run",
    "deliver": "delivery",
    "evidence_of": "closing",
    "load": "store",
    "load_config": "config",
    "open_pack": "open",
    "read_register": "register",
    "report": "pack.build",
    "score": "scorecard",
    "snapshots": "store",
}

__all__ = [
    "Analysis",
    "Config",
    "History",
    "Period",
    "Results",
    "Snapshot",
    "analyze",
    "collect",
    "deliver",
    "evidence_of",
    "load",
    "load_config",
    "open_pack",
    "read_register",
    "report",
    "score",
    "snapshots",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'sesreport' has no attribute {name!r}")
    value = getattr(import_module(f"sesreport.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
