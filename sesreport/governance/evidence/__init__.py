"""Evidence for auditors: what the pack shows for each control, as files that can be checked one by one.

May import what ``governance`` may. A new control is a row of ``data/reference/controls.csv``.
"""

from sesreport.governance.evidence.controls import Control, controls
from sesreport.governance.evidence.folder import fill, index

__all__ = ["Control", "controls", "fill", "index"]
