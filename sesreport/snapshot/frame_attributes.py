"""The collected frames as attributes."""

from __future__ import annotations

from sesreport.core.frames import FrameAttribute, Framed


class CollectedFrames(Framed):
    """What has the collected frames: a snapshot, and all that is made of one."""

    accounts = FrameAttribute()
    budgets = FrameAttribute()
    changes = FrameAttribute()
    costs = FrameAttribute()
    coverage = FrameAttribute()
    dedicated_ips = FrameAttribute()
    identities = FrameAttribute()
    metrics = FrameAttribute()
    policies = FrameAttribute()
    recommendations = FrameAttribute()
    sending = FrameAttribute()
    sending_accounts = FrameAttribute()
