"""Reference data shipped with the package: small, sourced, dated tables under ``data/reference/``."""

from __future__ import annotations

import csv
from functools import cache

from sesreport.core.resources import shipped

BOUNCE_REVIEW, BOUNCE_PAUSE = 0.05, 0.10
COMPLAINT_REVIEW, COMPLAINT_PAUSE = 0.001, 0.005
"""Shares of messages at which AWS reviews an account, and may pause its sending (Amazon SES Developer Guide, "Amazon
SES sending review process FAQs"). They are constants of the service, not settings."""


@cache
def reference_table(name: str) -> tuple[dict[str, str], ...]:
    """The rows of ``data/reference/<name>.csv``; lines that begin with ``#`` give its source and date."""
    with shipped(f"data/reference/{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(line for line in file if not line.startswith("#")))


def known_vendor(account_id: str) -> str | None:
    """Whose account it is, such as ``account of Datadog by its documentation``; None where we do not know.

    It tells who it may be, and never that somebody approved it.
    """
    vendor = _vendors().get(account_id)
    return f"account of {vendor} by its documentation" if vendor else None


@cache
def _vendors() -> dict[str, str]:
    return {row["account_id"]: row["vendor"] for row in reference_table("known_vendor_accounts")}


def opt_in_regions() -> frozenset[str]:
    """Regions that an account must enable before it can use them."""
    return frozenset(row["region"] for row in reference_table("regions") if row["opt_in"] == "true")
