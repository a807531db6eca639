"""Which of the lines at which AWS acts has been reached, in one place for every output.

AWS's own rates decide, the highest of the month in each place (account × Region). Rates counted from messages are an
indicator: AWS judges a representative volume that it does not publish (SES Developer Guide, "Sending review process
FAQs").
"""

from __future__ import annotations

import pandas as pd

from sesreport.settings.reference import BOUNCE_PAUSE, BOUNCE_REVIEW, COMPLAINT_PAUSE, COMPLAINT_REVIEW

LINES = {"bounce_rate": (BOUNCE_REVIEW, BOUNCE_PAUSE), "complaint_rate": (COMPLAINT_REVIEW, COMPLAINT_PAUSE)}
"""Review and pause line of each of AWS's rates."""
BELOW, REVIEW, PAUSE = "below", "review", "pause"


def reached(rates: pd.Series, rate: str) -> pd.Series:
    """The line reached by values of a rate (a key of LINES): PAUSE, REVIEW or BELOW; NA where the value is."""
    values = rates.astype("Float64")
    review, pause = LINES[rate]
    found = pd.Series(BELOW, index=values.index, dtype="string")
    found = found.mask((values >= review).fillna(value=False), REVIEW)
    return found.mask((values >= pause).fillna(value=False), PAUSE).mask(values.isna())


def over(rates: pd.Series, rate: str) -> pd.Series:
    """Whether a line has been reached, by value; NA where that is not known."""
    lines = reached(rates, rate)
    return lines.ne(BELOW).astype("boolean").mask(lines.isna())


def accounts_over(places: pd.DataFrame) -> list[str] | None:
    """The accounts with a place that has reached a line, by id; None where no rate is known."""
    each = [over(places[rate], rate) for rate in LINES]
    if all(flags.isna().all() for flags in each):
        return None
    return sorted({account for flags in each for account in places.loc[flags.fillna(value=False), "account_id"]})


def told(places: pd.DataFrame) -> pd.Series:
    """The lines that a place has reached, in words, the pause lines first; ``none``, or NA where a rate is unknown."""
    lines = {rate: reached(places[rate], rate) for rate in LINES}
    words = pd.Series("", index=places.index, dtype="string")
    for line, limit in ((PAUSE, 1), (REVIEW, 0)):
        for rate, found in lines.items():
            named = f"; {rate.removesuffix('_rate')} {line} line ({LINES[rate][limit] * 100:g} %)"
            words = words + found.eq(line).fillna(value=False).map({True: named, False: ""}).astype("string")
    unknown = pd.DataFrame(lines).isna().any(axis=1)
    return words.str.removeprefix("; ").replace("", "none").mask(words.eq("") & unknown)
