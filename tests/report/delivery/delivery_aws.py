"""What deliveries are tested with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID

from sesreport.core.period import Period

OCTOBER = Period(2026, 10)
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/SesReportDelivery"


@dataclass
class Aws:
    """Clients that look at what was delivered."""

    url: str

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, region_name="eu-west-1")

    def verify(self, identity: str) -> None:
        """Makes a verified identity; moto leaves a new one unverified, as AWS does until DNS says so."""
        from moto.ses.models import ses_backends

        self.client("sesv2").create_email_identity(EmailIdentity=identity)
        ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].email_identities[identity].verified_for_sending_status = True

    @property
    def mails(self) -> list[Any]:
        from moto.ses.models import ses_backends

        return list(ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages)
