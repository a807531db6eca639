"""SES: identities with their policies, tags and statuses, and the configuration sets they use."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sesreport.demo.calls import AwsError, Call, operation
from sesreport.demo.identities import DemoIdentity
from sesreport.demo.paging import page


@operation("sesv2", "ListEmailIdentities")
def list_email_identities(call: Call) -> dict[str, Any]:
    identities = [
        {
            "IdentityType": identity.identity_type,
            "IdentityName": identity.identity,
            "SendingEnabled": identity.verification == "SUCCESS",
            "VerificationStatus": identity.verification,
        }
        for identity in call.world.identities_in(call.account_id, call.region)
    ]
    wanted = call.params.get("Filter", {})
    fields = {"IDENTITY_TYPE": "IdentityType", "VERIFICATION_STATUS": "VerificationStatus"}
    for key, value in wanted.items():
        if key == "NAME_CONTAINS":
            identities = [entry for entry in identities if value in str(entry["IdentityName"])]
        elif key in fields:
            identities = [entry for entry in identities if entry[fields[key]] == value]
        else:
            raise AwsError("BadRequestException", f"Invalid filter {key}")
    return _page(call, "EmailIdentities", identities)


@operation("sesv2", "GetEmailIdentity")
def get_email_identity(call: Call) -> dict[str, Any]:
    identity = _identity(call)
    today = call.world.today
    checked = datetime.combine(today - timedelta(days=1), time(3, 12), tzinfo=UTC)
    verified = identity.verification == "SUCCESS"
    info: dict[str, Any] = {"LastCheckedTimestamp": checked}
    if verified:
        info["LastSuccessTimestamp"] = checked
    elif identity.verification in {"FAILED", "TEMPORARY_FAILURE"}:
        info |= {"LastSuccessTimestamp": _verified_at(identity), "ErrorType": "TYPE_NOT_FOUND"}
    result: dict[str, Any] = {
        "IdentityType": identity.identity_type,
        "FeedbackForwardingStatus": not identity.bounce_topic,
        "VerifiedForSendingStatus": verified,
        "DkimAttributes": dkim(identity),
        "MailFromAttributes": mail_from(identity),
        "Policies": identity.documents(today),
        "Tags": [{"Key": key, "Value": value} for key, value in identity.tags(today).items()],
        "VerificationStatus": identity.verification,
        "VerificationInfo": info,
    }
    if identity.configuration_set:
        result["ConfigurationSetName"] = identity.configuration_set
    return {key: value for key, value in result.items() if value is not None}


@operation("sesv2", "GetEmailIdentityPolicies")
def get_email_identity_policies(call: Call) -> dict[str, Any]:
    return {"Policies": _identity(call).documents(call.world.today)}


@operation("sesv2", "ListConfigurationSets")
def list_configuration_sets(call: Call) -> dict[str, Any]:
    return _page(call, "ConfigurationSets", _configuration_sets(call))


@operation("sesv2", "GetConfigurationSet")
def get_configuration_set(call: Call) -> dict[str, Any]:
    name = _configuration_set(call)
    return {
        "ConfigurationSetName": name,
        "DeliveryOptions": {"TlsPolicy": "REQUIRE" if name == "billing-default" else "OPTIONAL"},
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SendingOptions": {"SendingEnabled": True},
        "SuppressionOptions": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        "Tags": [{"Key": "owner", "Value": call.world.accounts[call.account_id].tags.get("owner", "messaging")}],
    }


@operation("sesv2", "GetConfigurationSetEventDestinations")
def get_configuration_set_event_destinations(call: Call) -> dict[str, Any]:
    _configuration_set(call)
    bus = f"arn:aws:events:{call.region}:{call.account_id}:event-bus/default"
    return {
        "EventDestinations": [
            {
                "Name": "events",
                "Enabled": True,
                "MatchingEventTypes": ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT"],
                "EventBridgeDestination": {"EventBusArn": bus},
            }
        ]
    }


@operation("sesv2", "ListTagsForResource")
def list_tags_for_resource(call: Call) -> dict[str, Any]:
    arn = call.params["ResourceArn"]
    for identity in call.world.identities_in(call.account_id, call.region):
        if identity.arn == arn:
            return {"Tags": [{"Key": k, "Value": v} for k, v in identity.tags(call.world.today).items()]}
    raise AwsError("NotFoundException", f"Resource {arn} does not exist.", 404)


def _identity(call: Call) -> DemoIdentity:
    name = call.params["EmailIdentity"]
    for identity in call.world.identities_in(call.account_id, call.region):
        if identity.identity == name:
            return identity
    raise AwsError("NotFoundException", f"Email identity <{name}> does not exist.", 404)


def dkim(identity: DemoIdentity) -> dict[str, Any]:
    """``DkimAttributes`` of an identity."""
    if identity.dkim == "NOT_STARTED":
        return {"SigningEnabled": False, "Status": "NOT_STARTED", "SigningAttributesOrigin": "AWS_SES"}
    tokens = [f"{zlib.crc32(f'{identity.arn}{n}'.encode()):08x}demonstrationdkimtoken" for n in range(3)]
    return {
        "SigningEnabled": True,
        "Status": identity.dkim,
        "Tokens": tokens,
        "SigningHostedZone": "dkim.amazonses.com",
        "SigningAttributesOrigin": "AWS_SES",
        "NextSigningKeyLength": "RSA_2048_BIT",
        "CurrentSigningKeyLength": "RSA_2048_BIT",
        "LastKeyGenerationTimestamp": _verified_at(identity),
    }


def mail_from(identity: DemoIdentity) -> dict[str, Any] | None:
    """``MailFromAttributes`` of an identity, None where no MAIL FROM domain is set."""
    if not identity.mail_from:
        return None
    return {
        "MailFromDomain": f"bounce.{identity.domain}",
        "MailFromDomainStatus": identity.mail_from,
        "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
    }


def _verified_at(identity: DemoIdentity) -> datetime:
    return datetime.combine(identity.since, time(10, 4), tzinfo=UTC)


def _configuration_sets(call: Call) -> list[str]:
    identities = call.world.identities_in(call.account_id, call.region)
    return sorted({identity.configuration_set for identity in identities if identity.configuration_set})


def _configuration_set(call: Call) -> str:
    name: str = call.params["ConfigurationSetName"]
    if name not in _configuration_sets(call):
        raise AwsError("NotFoundException", f"Configuration set <{name}> does not exist.", 404)
    return name


def _page(call: Call, key: str, items: list[Any]) -> dict[str, Any]:
    size = int(call.params.get("PageSize", 100))
    if not 0 <= size <= 1000:
        raise AwsError("BadRequestException", "PageSize must be between 0 and 1000.")
    of = f"{call.operation} {call.account_id} {call.region}"
    found, token = page(items, size or 100, call.params.get("NextToken"), of=of)
    return {key: found} | ({"NextToken": token} if token else {})
