"""The summary by e-mail, through SES itself: not a read, so never by the role that reads."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from botocore.exceptions import ClientError
from pydantic import AfterValidator, Field, model_validator

from sesreport.core.errors import DeliveryError, WriteError
from sesreport.report.delivery.access import AwsSettings, told
from sesreport.report.delivery.message import message
from sesreport.report.delivery.parcel import Parcel
from sesreport.report.delivery.registry import Destination, destination

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
Address = Annotated[str, Field(pattern=rf"^[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(\.{_LABEL})+$")]
"""An address that SES takes (ASCII; other domains in Punycode) and that fits in a header as it is."""


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of printable text")
    return value


Line = Annotated[str, AfterValidator(_one_line)]


class EmailSettings(AwsSettings):
    """``[[delivery.email]]``."""

    sender: Annotated[Address, Field(alias="from")]
    """Address the mail comes from, of an identity that is verified in the Region."""
    from_name: Line = ""
    """Name shown before it."""
    to: Annotated[list[Address], Field(min_length=1, max_length=50)]
    """Addresses it goes to; SES takes 50 a message."""
    link: Annotated[Line, Field(pattern=r"^(https://\S+)?$")] = ""
    """Where readers find the pack, https only; ``{period}`` is replaced by the month."""
    attach: tuple[Literal["xlsx", "html", "pptx"], ...] = ()
    """Documents to attach; none by default, because the pack says who can send as you."""
    configuration_set: Line = ""
    """SES configuration set to send with."""

    @model_validator(mode="after")
    def _apart_from_the_reader(self) -> EmailSettings:
        if not (self.profile or self.role_arn):
            raise ValueError("needs a role_arn or profile of its own: the role that reads must not be able to send")
        return self


def _permissions(settings: EmailSettings) -> list[dict[str, Any]]:
    return [
        {"Sid": "SeeSender", "Action": ["ses:GetEmailIdentity"], "Resource": "*"},
        {
            "Sid": "SendSummary",
            # The Service Authorization Reference does not say which of the two a raw message of the v2 API is.
            "Action": ["ses:SendEmail", "ses:SendRawEmail"],
            "Resource": "*",
            "Condition": {"StringEquals": {"ses:FromAddress": settings.sender}},
        },
    ]


@destination(EmailSettings, permissions=_permissions)
def email(settings: EmailSettings, profile: str | None) -> Destination:
    """Sends the summary to those who have no receipt for this pack; the receipt is kept beside the pack."""
    where = settings.region or "the SDK's Region"
    advice = "look at the role or profile, and at the policy 'sesreport permissions --delivery' prints"

    def check() -> None:
        with told(advice):
            _check_sender(settings.client("sesv2", profile, attempts=5), settings.sender, where)

    def send(parcel: Parcel) -> str:
        to = settings.to if parcel.again else parcel.receipts.missing(parcel.sha256, settings.to)
        if not to:
            return "was sent this pack before; nothing was sent (--again sends it once more)"
        parcel.receipts.check()
        raw = message(
            parcel,
            sender=settings.sender,
            from_name=settings.from_name,
            to=to,
            link=settings.link,
            attach=settings.attach,
        ).as_bytes()
        options = {"ConfigurationSetName": settings.configuration_set} if settings.configuration_set else {}
        with told(advice):
            # One attempt: an answer that was lost on the way must not send a second mail.
            answer = settings.client("sesv2", profile, attempts=1).send_email(
                FromEmailAddress=settings.sender,
                Destination={"ToAddresses": to},
                Content={"Raw": {"Data": raw}},
                **options,
            )
        try:
            parcel.receipts.add(parcel.sha256, to, message_id=answer["MessageId"], at=parcel.now)
        except WriteError as error:
            said = f"sent to {', '.join(to)}, but no receipt could be kept, so it would be sent again: {error}"
            raise DeliveryError(said) from error
        before = len(settings.to) - len(to)
        return f"sent to {', '.join(to)}" + (f"; {before} had it before" if before else "")

    def deliver(parcel: Parcel) -> str:
        with parcel.receipts.held():
            return send(parcel)

    return Destination(f"e-mail to {', '.join(settings.to)}", check, deliver)


def _check_sender(client: Any, sender: str, where: str) -> None:
    """The address, its domain or a parent of that must be a verified identity (SES Developer Guide)."""
    domain = sender.partition("@")[2]
    labels = domain.split(".")
    for identity in [sender, *(".".join(labels[i:]) for i in range(len(labels) - 1))]:
        try:
            if client.get_email_identity(EmailIdentity=identity).get("VerifiedForSendingStatus"):
                return
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
    raise DeliveryError(f"no verified identity in {where} lets {sender} send: verify the address or its domain there")
