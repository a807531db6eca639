"""What rides on what is asked about: how far an identity is open, and the mail that is sent there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sesreport.analysis.joins import rows
from sesreport.analysis.registry import Analysis
from sesreport.analysis.stakes import BASIS, messages_by_place
from sesreport.core.vocabulary import IDENTITY, PLACE, IdentityKey, PlaceKey
from sesreport.findings.known_events import ACCOUNT

EXPOSURES = {
    "public": "anyone can send as it",
    "external": "outside accounts nobody approved can send as it",
    "": "who can send as it is not known",
    "vendor": "approved outside accounts can send as it",
    "organization": "other accounts of ours can send as it",
    "service": "AWS services can send as it",
    "own": "only its own account can send as it",
    "none": "its policies let nobody send as it",
}
"""What an exposure means, the most harm first; what is not known is no better than what is open to strangers."""


class Harm:
    """What rides on an identity or a whole account now."""

    def __init__(self, analysis: Analysis) -> None:
        sent = messages_by_place(analysis)
        self._messages: dict[PlaceKey, float | None] = {
            (account, region): sent for account, region, sent in rows(sent, (*PLACE, "messages"))
        }
        self._exposures: dict[IdentityKey, tuple[str | None, bool]] = {
            (account, region, identity): (exposure, bool(review))
            for account, region, identity, exposure, review in rows(
                analysis.exposures, (*IDENTITY, "exposure", "needs_review")
            )
        }
        self._worth: dict[IdentityKey, tuple[Decimal | None, str | None]] = {
            (account, region, identity): (value, currency)
            for account, region, identity, value, currency in rows(analysis.stakes, (*IDENTITY, "value", "currency"))
        }
        self._month = analysis.period.name

    def of(self, place: IdentityKey) -> dict[str, Any]:
        account, region, identity = place
        exposure, review = self._exposures.get(place, (None, True))
        messages = self._messages.get((account, region))
        value, currency = self._worth.get(place, (None, None))
        return {
            "exposure": exposure,
            "messages": messages,
            "value": value,
            "currency": None if value is None else currency,
            "reach": "; ".join(filter(None, [self._open_to(identity, exposure, review), self._rides(messages)])),
        }

    def _open_to(self, identity: str, exposure: str | None, review: bool) -> str:
        if identity == ACCOUNT:
            return ""
        told = EXPOSURES[exposure or ""]
        return f"{told}, and more may be: not all could be judged" if review and exposure else told

    def _rides(self, messages: float | None) -> str:
        if messages is None:
            return f"how many messages its {BASIS} sent in {self._month} is not known"
        return f"{messages:,.0f} messages of its {BASIS} in {self._month}"
