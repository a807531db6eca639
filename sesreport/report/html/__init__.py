"""The HTML report: :func:`write_html`; and a reader's copy of an executed notebook: ``notebook.notebook_html``."""

from __future__ import annotations

from sesreport.report.html.page import render_html, write_html

__all__ = ["render_html", "write_html"]
