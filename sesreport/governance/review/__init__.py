"""The quarterly review: the rows of a reviewer's workbook, and the answers that come back in one.

``rows`` makes what is asked (the package ``report`` writes the workbook), ``reading`` reads the answers, ``checks``
says what is wrong with them, ``approvals`` turns them into a register, ``imports`` does all of it.
"""

from sesreport.governance.review.imports import Imported, review_import

__all__ = ["Imported", "review_import"]
