"""Where a made pack goes: a folder, a bucket, a summary by e-mail; nowhere unless ``[delivery]`` names one."""

from sesreport.report.delivery.handover import Outcome, check, deliver

__all__ = ["Outcome", "check", "deliver"]
