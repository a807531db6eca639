"""When quotas and AWS's lines will be reached."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.sending_series import sending_series
from sesreport.analysis.trends import forecasts as foresee
from sesreport.core.schema import Frame, account_id, at, real, text

FORECASTS = Frame(
    "forecasts",
    "One row per account × Region that sent and threshold: where a robust line leads in 91 days, with a 90 % interval.",
    keys={
        "account_id": account_id("The sending account."),
        "region": text("The Region."),
        "metric": text("sent (messages a day, of the busiest weekday), bounce_rate, complaint_rate."),
        "line": text("quota; or AWS's review or pause line."),
    },
    columns={
        "threshold": real("The quota or line; NA when there is none or it is not known.", minimum=0),
        "state": text("already above, crosses, may cross, no crossing, too little data, unlimited, not known.",
                      required=True),
        "current": real("Now: the busiest of the last seven days, or the latest rate.", minimum=0),
        "forecast": real("Expected in 91 days; NA with too little data.", minimum=0),
        "low": real("Lower end of its interval.", minimum=0),
        "high": real("Upper end.", minimum=0),
        "crosses_at": at("Day on which the expected value reaches the threshold; NA when not within 91 days."),
        "earliest_at": at("Day on which the upper end does."),
        "latest_at": at("Day on which the lower end does; NA when later than 91 days."),
        "slope": real("Change of the expected value a day, now."),
        "basis": text("What the series is.", required=True),
        "words": text("The answer in one sentence.", required=True),
    },
    samples=(
        {"account_id": "210000000007", "region": "us-east-1", "metric": "sent", "line": "quota", "threshold": 18000.0,
         "state": "crosses", "current": 17020.0, "forecast": 18911.0, "low": 17103.0, "high": 20630.0,
         "crosses_at": datetime(2026, 12, 11, tzinfo=UTC), "earliest_at": datetime(2026, 11, 5, tzinfo=UTC),
         "slope": 21.0, "basis": "messages of the busiest weekday", "words": "Expected to reach its quota."},
        {"account_id": "210000000007", "region": "us-east-1", "metric": "bounce_rate", "line": "review",
         "threshold": 0.05, "state": "no crossing", "current": 0.0091, "forecast": 0.0089, "low": 0.0071,
         "high": 0.0109, "slope": -0.000002, "basis": "AWS's own rate", "words": "No crossing in 91 days."},
        {"account_id": "210000000009", "region": "us-east-1", "metric": "sent", "line": "quota", "state": "unlimited",
         "current": 12.0, "basis": "messages of the busiest weekday", "words": "No quota to reach."},
    ),
)  # fmt: skip


@derived(FORECASTS)
def forecasts(analysis: Analysis) -> pd.DataFrame:
    """Every place with a series, most urgent answers first."""
    return foresee(
        sending_series(analysis), analysis.sending_accounts, minimum_sends=analysis.config.report.minimum_sends
    )
