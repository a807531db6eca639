"""Waits between attempts, as short as tests need them; what is waited for is the same."""

from __future__ import annotations

from typing import Any

QUICK: dict[str, Any] = {
    "sesreport.collect.lane.pause_before": lambda attempt, fault: 0.02,
    "sesreport.collect.outage.EVERY": 0.2,
    "sesreport.aws.sign_in.PAUSE": 0.02,
    "botocore.retries.standard.ExponentialBackoff.delay_amount": lambda self, context: 0.02,
}
