"""What could and could not be read, as rows."""

from __future__ import annotations

from sesreport.core.schema import Frame, account_id, count, real, text

OK, DENIED, THROTTLED, ERROR = "ok", "denied", "throttled", "error"
NOT_OFFERED, REGION_DISABLED, SKIPPED = "not_offered", "region_disabled", "skipped"
STATUSES = (OK, DENIED, THROTTLED, ERROR, NOT_OFFERED, REGION_DISABLED, SKIPPED)
GLOBAL = "global"
"""The Region of what has none."""
EVERYTHING = "everything"
"""The dataset of a row that speaks of a whole account × Region: nothing in it was read."""

COVERAGE = Frame(
    "coverage",
    "One row per account, Region and dataset: what was read, and why not where not.",
    keys={
        "account_id": account_id("Account that was, or should have been, read."),
        "region": text("Region, or 'global'."),
        "dataset": text("What was read; 'everything' speaks of the whole account × Region."),
    },
    columns={
        "status": text("ok, denied, throttled, error, not_offered, region_disabled or skipped.", required=True),
        "reason": text("In one line; NA when all is well."),
        "calls": count("API calls made, retries not counted.", required=True),
        "retries": count("Attempts beyond the first of each call.", required=True),
        "throttles": count("Attempts that the service refused for their number."),
        "rows": count("Rows read.", required=True),
        "seconds": real("Time spent, waiting included.", required=True, minimum=0),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "dataset": "identities", "status": "ok", "calls": 9,
         "retries": 0, "throttles": 0, "rows": 8, "seconds": 1.9},
        {"account_id": "210000000014", "region": "eu-west-1", "dataset": "everything", "status": "denied",
         "reason": "sts:AssumeRole: AccessDenied", "calls": 1, "retries": 0, "rows": 0, "seconds": 0.1},
        {"account_id": "210000000002", "region": "me-south-1", "dataset": "everything", "status": "region_disabled",
         "reason": "opt-in Region is not enabled in this account", "calls": 0, "retries": 0, "rows": 0, "seconds": 0.0},
    ),
)  # fmt: skip
