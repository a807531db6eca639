"""What is said of a change: an outcome, the proof, and how grave it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sesreport.governance.monitor.offers import Offer
from sesreport.policy import Exposure, Request

_SEVERITIES = {
    "none": "HIGH",
    "own": "LOW",
    "service": "LOW",
    "organization": "LOW",
    "vendor": "MEDIUM",
    "external": "HIGH",
    "public": "CRITICAL",
}


class Outcome(StrEnum):
    """What is said of a change."""

    NEW = "newly allows"
    NOTHING = "allows nothing new"
    UNKNOWN = "cannot be judged"
    CONFIRM = "needs confirmation"


@dataclass(frozen=True)
class Judgement:
    """A change, judged.

    ``words`` proves a new permission with a request, or says why there is no judgement. ``reach`` is the widest class
    of exposure that the change may newly let in (``none``: not known, or nobody). ``since`` says what "newly" is
    measured against (empty where nothing is compared), and ``exposure`` is the identity as the change left it (None
    when not all of its policies are known).
    ``unguarded``: an AWS service may from now on send for anybody.
    ``label`` is the severity of a change that changes no policy; of a policy change it follows from the reach.
    ``request`` is the one that is let in (None where there is none), and ``offers`` are fixes of what is attached now.
    """

    outcome: Outcome
    words: str
    since: str = ""
    reach: str = "none"
    exposure: Exposure | None = None
    unguarded: bool = False
    label: str = ""
    notes: tuple[str, ...] = ()
    request: Request | None = None
    offers: tuple[Offer, ...] = ()

    @property
    def severity(self) -> str:
        """Security Hub's label; at least HIGH where not all policies are known and understood."""
        if self.outcome is Outcome.NOTHING:
            return "INFORMATIONAL"
        if self.label:
            return self.label
        label = _SEVERITIES[self.reach]
        doubtful = self.exposure is None or self.exposure.needs_review
        return "HIGH" if label != "CRITICAL" and (doubtful or self.unguarded) else label
