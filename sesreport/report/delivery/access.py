"""AWS access of a destination: a profile or role of its own, apart from the one that reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

from sesreport.core.errors import DeliveryError
from sesreport.core.redaction import redacted
from sesreport.report.delivery.registry import DestinationSettings


class AwsSettings(DestinationSettings):
    """Keys of a destination that is reached through AWS."""

    profile: str | None = None
    """AWS profile to use; without it the one of the run."""
    role_arn: Annotated[str, Field(pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]+$")] | None = None
    """Role to assume for this destination alone."""
    external_id: Annotated[str | None, Field(repr=False)] = None
    """Passed to AssumeRole when the role requires one."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] | None = None
    """AWS Region; without it the SDK's own."""

    def client(self, service: str, profile: str | None, *, attempts: int) -> Any:
        """A client of the destination's own profile or role. Raises CredentialsError."""
        from sesreport.aws.clients import client_in_role

        return client_in_role(
            service,
            region=self.region,
            profile=self.profile or profile,
            role_arn=self.role_arn,
            external_id=self.external_id,
            attempts=attempts,
        )


@contextmanager
def told(advice: str) -> Iterator[None]:
    """Turns what the SDK raises into one DeliveryError with advice."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise DeliveryError(f"{redacted(' '.join(str(error).split()))}: {advice}") from error
