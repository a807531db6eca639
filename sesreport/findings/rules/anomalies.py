"""Sending that is not like the account's own past."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import GRAVE
from sesreport.findings.registry import EVIDENCE, Example, rule

_ORDINARY = tuple(900.0 + 60 * (day * 5 % 7) for day in range(140))
"""Twenty weeks of an ordinary sender."""
_BOUNCES = tuple(9.0 + day % 3 for day in range(140))
SILENT_DAYS = 92
"""Days after which a silence is no news: either it was meant, or it was asked about."""


@rule(
    id="SES062",
    title="The account suddenly sent far more than it ever does",
    severity="high",
    why="So does whoever holds a stolen key, and AWS pauses an account that is abused.",
    recommendation="Ask the owner; if nobody meant it, disable the credentials used and pause sending in the account.",
    ask="Stop sending from {places}; rotate the keys used",
    incident=True,
    passing=True,
    fires=Example(sent=(*_ORDINARY[:-3], 15_000.0, 14_000.0, 910.0)),
    clean=Example(sent=_ORDINARY),
    datasets=("metrics",),
)
def volume_spike(analysis: Analysis) -> pd.DataFrame:
    """Spikes of the month or after it that are at least twice the expected volume."""
    return _places(_grave(analysis, "volume spike"))


@rule(
    id="SES063",
    title="A regular sender fell silent",
    severity="medium",
    why="Mail somebody waits for is not sent, or an identity and its permissions are left behind unwatched.",
    recommendation="Ask the owner whether it was meant; if so, remove the identities and their policies.",
    fires=Example(sent=(*_ORDINARY[:-6], 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)),
    clean=Example(sent=(*_ORDINARY[:-8], 0.0, 0.0, *_ORDINARY[-6:])),
    datasets=("metrics",),
)
def silent_sender(analysis: Analysis) -> pd.DataFrame:
    """Senders that are silent up to the last day read, and have been for no more than three months."""
    anomalies = analysis.anomalies
    news = anomalies["first_day"] >= pd.Timestamp(analysis.period.end) - pd.Timedelta(days=SILENT_DAYS)
    return _places(anomalies[(anomalies["kind"] == "silent sender") & anomalies["ongoing"] & news])


@rule(
    id="SES064",
    title="Bounces or complaints suddenly reached AWS's lines",
    severity="high",
    why="AWS reviews an account at 5 % bounces or 0.1 % complaints, and may pause its sending at 10 % or 0.5 %.",
    recommendation="Stop the mailing, find where its addresses came from, and clean the list.",
    ask="Stop the mailings of {places} that bounce or are complained of",
    incident=True,
    passing=True,
    fires=Example(sent=_ORDINARY, bounces=(*_BOUNCES[:-2], 95.0, 11.0)),
    clean=Example(sent=_ORDINARY, bounces=(*_BOUNCES[:-2], 19.0, 11.0)),
    datasets=("metrics",),
)
def sudden_rate(analysis: Analysis) -> pd.DataFrame:
    """Episodes of the month or after it whose rate is beyond a line for certain, not by chance."""
    return _places(_grave(analysis, "sudden bounce rate", "sudden complaint rate"))


def _grave(analysis: Analysis, *kinds: str) -> pd.DataFrame:
    found = analysis.anomalies
    return found[found["kind"].isin(kinds) & found["in_period"] & found["severity"].isin(GRAVE)]


def _places(anomalies: pd.DataFrame) -> pd.DataFrame:
    unknown = pd.array([pd.NA] * len(anomalies), dtype="string")
    return anomalies.assign(
        identity="(whole account)",
        policy_name=unknown,
        grantee=unknown,
        evidence=anomalies["words"].str.removesuffix("."),
    )[EVIDENCE]
