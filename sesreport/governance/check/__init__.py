"""The gate: judges the identity policies of a plan, a template or a policy file before anything is applied.

May import what ``governance`` may. A new kind of file is a file in ``formats/``, a new way to print a file in
``outputs/``.
"""

from sesreport.governance.check.judge import Checked, Verdict, check

__all__ = ["Checked", "Verdict", "check"]
