"""Fixes as files: each proved policy as JSON, AWS CLI commands, Terraform and the text of a ticket.

May import what ``governance`` may. A new form of a fix is a file in ``formats/``. Nothing here calls AWS.
"""

from sesreport.governance.fix.estate import export_terraform
from sesreport.governance.fix.folder import write_fixes
from sesreport.governance.fix.proposal import Proposal, proposals

__all__ = ["Proposal", "export_terraform", "proposals", "write_fixes"]
