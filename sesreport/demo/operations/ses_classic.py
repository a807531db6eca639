"""SES API v1: the same identities and policies as v2 has, for tools that still ask this way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sesreport.demo.calls import AwsError, Call, operation
from sesreport.demo.identities import DemoIdentity
from sesreport.demo.operations.ses_identities import dkim, mail_from
from sesreport.demo.paging import page

_STATUSES = {
    "SUCCESS": "Success",
    "PENDING": "Pending",
    "FAILED": "Failed",
    "TEMPORARY_FAILURE": "TemporaryFailure",
    "NOT_STARTED": "NotStarted",
}
_KINDS = {"EmailAddress": "EMAIL_ADDRESS", "Domain": "DOMAIN"}


@operation("ses", "ListIdentities")
def list_identities(call: Call) -> dict[str, Any]:
    wanted = _KINDS.get(call.params.get("IdentityType", ""))
    identities = call.world.identities_in(call.account_id, call.region)
    names = [entry.identity for entry in identities if wanted in {None, entry.identity_type}]
    size = min(int(call.params.get("MaxItems") or 1000), 1000)
    of = f"ListIdentities {call.account_id} {call.region} {wanted}"
    found, token = page(names, size, call.params.get("NextToken"), of=of, invalid="InvalidParameterValue")
    return {"Identities": found} | ({"NextToken": token} if token else {})


@operation("ses", "ListIdentityPolicies")
def list_identity_policies(call: Call) -> dict[str, Any]:
    return {"PolicyNames": list(_documents(call))}


@operation("ses", "GetIdentityPolicies")
def get_identity_policies(call: Call) -> dict[str, Any]:
    """At most 20 names a call; unknown names are left out."""
    names = call.params["PolicyNames"]
    if len(names) > 20:
        raise AwsError("InvalidParameterValue", "Too many policy names, at most 20 are allowed.")
    return {"Policies": {name: text for name, text in _documents(call).items() if name in names}}


@operation("ses", "GetIdentityVerificationAttributes")
def get_identity_verification_attributes(call: Call) -> dict[str, Any]:
    found = {entry.identity: {"VerificationStatus": _STATUSES[entry.verification]} for entry in _asked(call)}
    return {"VerificationAttributes": found}


@operation("ses", "GetIdentityDkimAttributes")
def get_identity_dkim_attributes(call: Call) -> dict[str, Any]:
    found = {}
    for entry in _asked(call):
        known = dkim(entry)
        found[entry.identity] = {
            "DkimEnabled": known["SigningEnabled"],
            "DkimVerificationStatus": _STATUSES[known["Status"]],
            "DkimTokens": known.get("Tokens", []),
        }
    return {"DkimAttributes": found}


@operation("ses", "GetIdentityMailFromDomainAttributes")
def get_identity_mail_from_domain_attributes(call: Call) -> dict[str, Any]:
    """Only identities with a MAIL FROM domain."""
    found = {}
    for entry in _asked(call):
        if known := mail_from(entry):
            found[entry.identity] = {
                "MailFromDomain": known["MailFromDomain"],
                "MailFromDomainStatus": _STATUSES[known["MailFromDomainStatus"]],
                "BehaviorOnMXFailure": "UseDefaultValue",
            }
    return {"MailFromDomainAttributes": found}


@operation("ses", "GetIdentityNotificationAttributes")
def get_identity_notification_attributes(call: Call) -> dict[str, Any]:
    """Topics are absent where none is set."""
    found = {}
    for entry in _asked(call):
        topics = {"BounceTopic": entry.bounce_topic, "ComplaintTopic": entry.bounce_topic}
        found[entry.identity] = {
            **{name: topic for name, topic in topics.items() if topic},
            "ForwardingEnabled": not entry.bounce_topic,
            "HeadersInBounceNotificationsEnabled": False,
            "HeadersInComplaintNotificationsEnabled": False,
            "HeadersInDeliveryNotificationsEnabled": False,
        }
    return {"NotificationAttributes": found}


@operation("ses", "GetAccountSendingEnabled")
def get_account_sending_enabled(call: Call) -> dict[str, Any]:
    return {"Enabled": True}


def _asked(call: Call) -> Iterator[DemoIdentity]:
    """The identities a call names, unknown ones left out; at most 100, as in AWS."""
    asked = call.params["Identities"]
    if len(asked) > 100:
        raise AwsError("InvalidParameterValue", "Too many identities, at most 100 are allowed.")
    for entry in call.world.identities_in(call.account_id, call.region):
        if entry.identity in asked:
            yield entry


def _documents(call: Call) -> dict[str, str]:
    for entry in call.world.identities_in(call.account_id, call.region):
        if entry.identity == call.params["Identity"]:
            return entry.documents(call.world.today)
    raise AwsError("InvalidParameterValue", f"Identity {call.params['Identity']} does not exist.")
