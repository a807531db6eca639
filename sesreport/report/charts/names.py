"""What a row of a chart is called."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sesreport.core.period import Period
from sesreport.report.charts.text import shortened

LABEL = 30
"""Characters a row label may have."""

EXPOSURES = {
    "public": "Anyone",
    "external": "Outside, not approved",
    "vendor": "Outside, approved",
    "organization": "Other own accounts",
    "service": "AWS services",
    "own": "Own account only",
    "none": "Nobody by policy",
}
"""Exposure classes in words, widest first."""
ENVIRONMENTS = ("prod", "staging", "dev", "sandbox")


def account_labels(ids: pd.Series, accounts: pd.DataFrame | None) -> pd.Series:
    """The account's name where it is known (and only one account has it), else its id."""
    names: dict[str, str] = {}
    if accounts is not None and not accounts.empty:
        named = accounts.dropna(subset=["name"])
        named = named[~named["name"].duplicated(keep=False)]
        names = dict(zip(named["account_id"], named["name"], strict=True))
    return ids.map(lambda text: shortened(names.get(text, text), LABEL))


def sentence_list(items: list[str], most: int = 5) -> str:
    """``a, b and c``; ``a, b, c and 4 more`` when there are more than ``most``."""
    if len(items) > most:
        return f"{', '.join(items[: most - 1])} and {len(items) - most + 1} more"
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def month_labels(periods: Sequence[str]) -> list[str]:
    """``Oct`` for each ``YYYY-MM``, with the year under the first and under each January."""
    return [
        Period.of(p).name[:3] + (f"\n{p[:4]}" if i == 0 or p.endswith("-01") else "") for i, p in enumerate(periods)
    ]
