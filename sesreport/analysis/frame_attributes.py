"""The collected and the derived frames as attributes."""

from __future__ import annotations

from sesreport.core.frames import FrameAttribute
from sesreport.snapshot.frame_attributes import CollectedFrames


class AnalyzedFrames(CollectedFrames):
    """What has the frames of an analysis as well: an analysis, and a pack."""

    actions = FrameAttribute()
    anomalies = FrameAttribute()
    approvals = FrameAttribute()
    budget_agreement = FrameAttribute()
    changes_since = FrameAttribute()
    cost_export_gaps = FrameAttribute()
    cost_export_months = FrameAttribute()
    daily = FrameAttribute()
    exposures = FrameAttribute()
    findings = FrameAttribute()
    fixes = FrameAttribute()
    forecasts = FrameAttribute()
    grants = FrameAttribute()
    lives = FrameAttribute()
    loss_range = FrameAttribute()
    monthly = FrameAttribute()
    remediation_times = FrameAttribute()
    reviews = FrameAttribute()
    runway = FrameAttribute()
    stakes = FrameAttribute()
    unit_costs = FrameAttribute()
    waste = FrameAttribute()
