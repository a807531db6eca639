"""Where a made pack goes: a folder, a bucket, a summary by e-mail; nowhere unless ``[delivery]`` names one."""

from sesreport.report.delivery.handover import DeliveryOutcome, check, deliver

__all__ = ["DeliveryOutcome", "check", "deliver"]
