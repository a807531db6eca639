"""Which of the rates at which AWS acts a month's own rate is over, in words."""

from __future__ import annotations

import pandas as pd

from sesreport.reference import BOUNCE_PAUSE, BOUNCE_REVIEW, COMPLAINT_PAUSE, COMPLAINT_REVIEW

JUDGED_FROM = 1_000
"""Messages a month below which an own rate says nothing."""
LINES = (
    "complaint review line (0.1 %)",
    "bounce review line (5 %)",
    "complaint pause line (0.5 %)",
    "bounce pause line (10 %)",
)
"""AWS's lines, the one that is told first last."""


def crossed(rows: pd.DataFrame) -> pd.Series:
    """Per row of ``sent``, ``bounce_rate``, ``complaint_rate``: which line it is over, in words."""
    sent, bounce, complaint = (
        pd.to_numeric(rows[name], errors="coerce").astype("Float64")
        for name in ("sent", "bounce_rate", "complaint_rate")
    )
    told = pd.Series("below both review lines", index=rows.index, dtype="object")
    told[(bounce.isna() | complaint.isna()).to_numpy("bool")] = "not known"
    over = (
        complaint >= COMPLAINT_REVIEW,
        bounce >= BOUNCE_REVIEW,
        complaint >= COMPLAINT_PAUSE,
        bounce >= BOUNCE_PAUSE,
    )
    for line, words in zip(over, LINES, strict=True):
        told[line.fillna(value=False).to_numpy("bool")] = words
    told[(sent < JUDGED_FROM).fillna(value=False).to_numpy("bool")] = f"not judged: fewer than {JUDGED_FROM:,} sent"
    told[sent.isna().to_numpy("bool")] = "not known"
    return told
